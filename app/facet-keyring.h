/* facet-keyring.h: keys of servers: in the desktop's keyring, and nowhere else.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread; nothing blocks.  A key belongs to an address, so that a server whose address was
 * changed is never sent the key of another.  Where there is no keyring, a key is kept in memory
 * until the program ends.  Keys are never logged and never written to a file. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What keeps them: libsecret, or a test's stand-in.  Each begins an operation on @data that ends
 * with a call of @callback; keys that are given away are freed with g_free (). */
typedef struct {
  void (*lookup) (gpointer            data,
                  const char         *address,
                  GAsyncReadyCallback callback,
                  gpointer            user_data);
  /* NULL without @error: there is none. */
  char *(*lookup_finish) (gpointer data, GAsyncResult *result, GError **error);
  void (*store) (gpointer            data,
                 const char         *address,
                 const char         *label,
                 const char         *key, /* NULL: takes it out */
                 GAsyncReadyCallback callback,
                 gpointer            user_data);
  /* @taken_out: @key was NULL. */
  gboolean (*store_finish) (gpointer      data,
                            gboolean      taken_out,
                            GAsyncResult *result,
                            GError      **error);
} FacetKeyringBackend;

#define FACET_TYPE_KEYRING (facet_keyring_get_type ())
G_DECLARE_FINAL_TYPE (FacetKeyring, facet_keyring, FACET, KEYRING, GObject)

/* The desktop's. */
FacetKeyring *facet_keyring_new (void) G_GNUC_WARN_UNUSED_RESULT;
/* @backend is static; @data lives as long as the keyring. */
FacetKeyring *facet_keyring_new_with (const FacetKeyringBackend *backend,
                                      gpointer                   data) G_GNUC_WARN_UNUSED_RESULT;

void     facet_keyring_lookup_async (FacetKeyring       *self,
                                     const char         *address,
                                     GAsyncReadyCallback callback,
                                     gpointer            user_data);
/* (transfer full) NULL: there is none, or, with @error, the keyring cannot be read. */
char    *facet_keyring_lookup_finish (FacetKeyring *self,
                                      GAsyncResult *result,
                                      GError      **error) G_GNUC_WARN_UNUSED_RESULT;
/* @label: what the desktop's own tool shows for it.  @key NULL or "": takes the key out. */
void     facet_keyring_store_async (FacetKeyring       *self,
                                    const char         *address,
                                    const char         *label,
                                    const char         *key,
                                    GAsyncReadyCallback callback,
                                    gpointer            user_data);
/* FALSE: it is kept only until the program ends, and @error says why, in a sentence. */
gboolean facet_keyring_store_finish (FacetKeyring *self, GAsyncResult *result, GError **error);

G_END_DECLS
