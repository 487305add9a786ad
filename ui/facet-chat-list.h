/* facet-chat-list.h: the messages of a conversation, one below the other, as many as there are.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  A GtkScrollable of its own kind: only messages near the screen have widgets, and of
 * those only the blocks near the screen.  What is read keeps its place, whatever happens above and
 * below it: the list remembers which line is at the top of the screen, not how many pixels are
 * above it.  While it is pinned it remembers the end. */
#pragma once

#include "facet-compat.h"
#include "facet-conversation.h"

G_BEGIN_DECLS

#define FACET_TYPE_CHAT_LIST (facet_chat_list_get_type ())
G_DECLARE_FINAL_TYPE (FacetChatList, facet_chat_list, FACET, CHAT_LIST, GtkWidget)

/* Properties (notify): pinned (boolean, read only), and those of GtkScrollable.
 * Signals, from the messages: ::edit-requested (FacetMessage *), ::toast (const char *, gboolean
 * undo).  Of the list itself: ::turn-read (FacetTurnModel *): a message says more, or something
 * else;
 * ::turns-changed: other messages are shown. */
GtkWidget *facet_chat_list_new (void) G_GNUC_WARN_UNUSED_RESULT;

FacetConversation *facet_chat_list_get_conversation (FacetChatList *self);
void     facet_chat_list_set_conversation (FacetChatList *self, FacetConversation *conversation);
gboolean facet_chat_list_get_pinned (FacetChatList *self);
/* Goes to the end and stays there. */
void     facet_chat_list_pin (FacetChatList *self);
/* Scrolls as little as shows @rectangle of @widget, a descendant. */
void facet_chat_list_reveal (FacetChatList *self, GtkWidget *widget, const GdkRectangle *rectangle);
/* Clears the selection of every message but that which @widget is part of. */
void facet_chat_list_selection_began (FacetChatList *self, GtkWidget *widget);

/* The widget of a message, NULL: it has none now. */
GtkWidget *facet_chat_list_get_row (FacetChatList *self, FacetMessage *message);
/* For tests: how many messages have widgets. */
guint      facet_chat_list_get_n_rows (FacetChatList *self);

G_END_DECLS
