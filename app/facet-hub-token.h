/* facet-hub-token.h: the access token for a hub, in the desktop's keyring.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * It belongs to one address: a mirror never gets the one of another hub.  No file of ours has it.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* $HF_TOKEN, or what the keyring has for @address (NULL or "": the usual hub).  NULL: there is
 * none, or no keyring.  May wait for the keyring: any thread that may. */
char *facet_hub_token_find (const char   *address,
                            GCancellable *cancellable) G_GNUC_WARN_UNUSED_RESULT;

/* Main thread.  @token NULL or "": forgets it. */
void     facet_hub_token_store_async (const char         *address,
                                      const char         *token,
                                      GCancellable       *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer            user_data);
gboolean facet_hub_token_store_finish (GAsyncResult *result, GError **error);

G_END_DECLS
