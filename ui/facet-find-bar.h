/* facet-find-bar.h: finding in the conversation that is shown: what is looked for, "3 of 17", on
 * and back.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Hidden until it is opened. */
#pragma once

#include "facet-chat-list.h"
#include "facet-compat.h"

G_BEGIN_DECLS

#define FACET_TYPE_FIND_BAR (facet_find_bar_get_type ())
G_DECLARE_FINAL_TYPE (FacetFindBar, facet_find_bar, FACET, FIND_BAR, GtkWidget)

/* Signal ::closed: it is closed, and the focus that it had is nobody's. */

/* The list that it looks through; once. */
void     facet_find_bar_set_list (FacetFindBar *self, FacetChatList *list);
/* Opens it with the focus in its entry, whose text is selected. */
void     facet_find_bar_open (FacetFindBar *self);
/* Opens it with @text, of which the words are looked for wherever they are, at @message or at its
 * thought. */
void     facet_find_bar_open_at (FacetFindBar *self,
                                 const char   *text,
                                 FacetMessage *message,
                                 gboolean      in_thought);
/* FALSE: it was not open. */
gboolean facet_find_bar_close (FacetFindBar *self);
/* As FacetChatFind's; opens it first if need be. */
void     facet_find_bar_move (FacetFindBar *self, int step);

/* "3 of 17", for tests. */
const char *facet_find_bar_get_words (FacetFindBar *self);

G_END_DECLS
