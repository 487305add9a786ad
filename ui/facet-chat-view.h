/* facet-chat-view.h: a conversation as it is read: all of its messages, streaming, in a list that
 * stays where the reader is.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Follows the end while it is pinned there.  Scrolling up unpins at once; it is
 * pinned again at the very bottom, by the "latest" button, or when the person sends something.  A
 * conversation without messages shows nothing: the window lays its own page over it.
 *
 * Properties (notify): conversation (nullable), unpinned (boolean, read only), empty (boolean, read
 * only: no conversation, or one that is loaded and has no message).
 *
 * Signals:
 *   ::edit-requested (FacetMessage *)  the person wants to change this message: take its text into
 * the composer, then facet_conversation_edit_and_resend ().
 *   ::toast (const char *text, gboolean undo)  say this; with @undo, offer to take it back with
 *                                      facet_conversation_undo_delete ().
 *   ::find-closed                      the find bar is gone, which had the focus.
 *
 * Actions of the view: chat.latest, chat.copy-last, chat.answer-now.
 * Actions of each message: message.copy, message.edit, message.regenerate, message.delete,
 * message.try-again, message.drop-oldest, message.previous-version, message.next-version,
 * message.begin-conversation (which is win.begin-conversation-from of the window); answer-now. */
#pragma once

#include "facet-compat.h"
#include "facet-conversation.h"

G_BEGIN_DECLS

#define FACET_TYPE_CHAT_VIEW (facet_chat_view_get_type ())
G_DECLARE_FINAL_TYPE (FacetChatView, facet_chat_view, FACET, CHAT_VIEW, GtkWidget)

FacetChatView *facet_chat_view_new (void) G_GNUC_WARN_UNUSED_RESULT;

FacetConversation *facet_chat_view_get_conversation (FacetChatView *self);
void     facet_chat_view_set_conversation (FacetChatView *self, FacetConversation *conversation);
/* TRUE: the reader scrolled away from the end, which is no longer followed. */
gboolean facet_chat_view_get_unpinned (FacetChatView *self);
gboolean facet_chat_view_get_empty (FacetChatView *self);

/* Goes to the end and follows it. */
void     facet_chat_view_scroll_to_latest (FacetChatView *self);
/* Copies the last answer as Markdown and says so; FALSE: there is none. */
gboolean facet_chat_view_copy_last_answer (FacetChatView *self);

/* Opens the bar in which something is found in the conversation; another conversation closes it. */
void     facet_chat_view_find (FacetChatView *self);
/* To the next place (@step 1) or the one before (−1). */
void     facet_chat_view_find_next (FacetChatView *self, int step);
/* FALSE: it was not open. */
gboolean facet_chat_view_close_find (FacetChatView *self);
/* Opens it at @message, one of the conversation's, or at its thought, with the words of @text
 * marked. */
void     facet_chat_view_show_found (FacetChatView *self,
                                     const char    *text,
                                     FacetMessage  *message,
                                     gboolean       in_thought);

G_END_DECLS
