/* facet-import-chatgpt-private.h: one message of ChatGPT's conversations.json.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "facet-import-private.h"

G_BEGIN_DECLS

/* Of a message's author; what is not known is a tool. */
FacetRole facet_chatgpt_get_role (const json_t *message);
/* *@row NULL: it says nothing.  Its time is 0 if it has none; (transfer full). */
gboolean  facet_chatgpt_read_message (FacetImport      *self,
                                      const json_t     *message,
                                      FacetMessageRow **row,
                                      GError          **error);

G_END_DECLS
