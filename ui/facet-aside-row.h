/* facet-aside-row.h: one conversation that was put aside: its title, when, and the way back.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.
 *
 * Signals: ::restore, ::delete. */
#pragma once

#include "facet-compat.h"
#include "facet-conversation.h"

G_BEGIN_DECLS

#define FACET_TYPE_ASIDE_ROW (facet_aside_row_get_type ())
G_DECLARE_FINAL_TYPE (FacetAsideRow, facet_aside_row, FACET, ASIDE_ROW, GtkWidget)

FacetAsideRow     *facet_aside_row_new (void) G_GNUC_WARN_UNUSED_RESULT;
/* NULL: none. */
FacetConversation *facet_aside_row_get_conversation (FacetAsideRow *self);
void facet_aside_row_set_conversation (FacetAsideRow *self, FacetConversation *conversation);

/* How long one that was deleted at @deleted_at stays, in words; times in µs.  (transfer full) */
char *facet_aside_dup_days_left (gint64 deleted_at, gint64 now) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
