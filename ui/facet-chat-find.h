/* facet-chat-find.h: the places of a query in the messages of a list, and the one the reader is at.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Messages are looked through in idle moments, from the one on the screen on; what is
 * near is found at once.  Answers that are being written are followed. */
#pragma once

#include "app/facet-search-query.h"
#include "facet-chat-list.h"

G_BEGIN_DECLS

#define FACET_TYPE_CHAT_FIND (facet_chat_find_get_type ())
G_DECLARE_FINAL_TYPE (FacetChatFind, facet_chat_find, FACET, CHAT_FIND, GObject)

/* Signal ::changed: a number is another.  @list is borrowed and lives longer. */
FacetChatFind *facet_chat_find_new (FacetChatList *list) G_GNUC_WARN_UNUSED_RESULT;

/* Marks the places of @query, and takes the reader to the nearest: from @from on (one of the
 * conversation's messages; @in_thought: from its thought on), or from where the reader is (NULL).
 * @query NULL: nothing is marked. */
void facet_chat_find_set_query (FacetChatFind    *self,
                                FacetSearchQuery *query,
                                FacetMessage     *from,
                                gboolean          in_thought);
/* Goes to the next place (@step 1) or the one before (−1); beyond the last is the first. */
void facet_chat_find_move (FacetChatFind *self, int step);

/* How many places there are; so far, while it is not complete. */
guint    facet_chat_find_get_n (FacetChatFind *self);
gboolean facet_chat_find_get_complete (FacetChatFind *self);
/* Where the reader is among them, from 1; 0: at none. */
guint    facet_chat_find_get_position (FacetChatFind *self);

G_END_DECLS
