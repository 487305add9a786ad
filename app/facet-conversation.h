/* facet-conversation.h: a conversation: a GListModel of FacetMessage, kept on disk, answered by an
 * assistant.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  A message is on disk before anything is computed on it; an answer is saved while it
 * streams, at most 250 ms behind.  Messages of a conversation that was listed but never opened are
 * read by facet_conversation_open (). */
#pragma once

#include <gio/gio.h>
#include "facet-assistant.h"
#include "facet-message.h"

G_BEGIN_DECLS

typedef struct _FacetStore FacetStore;

#define FACET_TYPE_CONVERSATION (facet_conversation_get_type ())
G_DECLARE_FINAL_TYPE (FacetConversation, facet_conversation, FACET, CONVERSATION, GObject)

/* Properties (notify): id (int64, 0 until the first message is saved), title (string; "" until
 * there is one), thinking (boolean, writable), pinned (boolean, writable), updated (int64 µs), busy
 * (boolean: an answer is running), loaded (boolean), draft (string, writable, saved), can-undo
 * (boolean: a deleted message can come back), assistant (writable).
 * Signal ::failed (const char *sentence): the store could not save or read.  When a question could
 * not be saved, nothing was computed, and what the person typed and attached is the draft again. */
FacetConversation *facet_conversation_new (FacetStore     *store,
                                           FacetAssistant *assistant) G_GNUC_WARN_UNUSED_RESULT;

gint64      facet_conversation_get_id (FacetConversation *self);
const char *facet_conversation_get_title (FacetConversation *self);
void        facet_conversation_set_title (FacetConversation *self, const char *title);
gboolean    facet_conversation_get_thinking (FacetConversation *self);
void        facet_conversation_set_thinking (FacetConversation *self, gboolean thinking);
gboolean    facet_conversation_get_pinned (FacetConversation *self);
void        facet_conversation_set_pinned (FacetConversation *self, gboolean pinned);
gint64      facet_conversation_get_updated (FacetConversation *self);
/* It is kept in memory only, and forgotten with its last reference: see
 * facet_library_new_private_conversation (). */
gboolean    facet_conversation_is_private (FacetConversation *self);
/* In which folder it is, by id, 0: in none; and whether it was put into the archive.  Properties
 * "folder" and "archived"; changed by the library that has it. */
gint64      facet_conversation_get_folder (FacetConversation *self);
gboolean    facet_conversation_get_archived (FacetConversation *self);
/* Who answers from now on: a server, by its id, or "", this computer.  Property "server". */
const char *facet_conversation_get_server (FacetConversation *self);
void        facet_conversation_set_server (FacetConversation *self, const char *server);
/* Whether the person has to be asked before what is in it goes to @server: once for each, if there
 * is something in it, or it is private.  Setting the server is the agreement. */
gboolean    facet_conversation_needs_consent (FacetConversation *self, const char *server);
/* Days after which what was taken out is deleted for good, conversations and messages, when the
 * store opens. */
#define FACET_TRASH_DAYS 30
/* When it was moved to the trash, µs since 1970; 0: it is not there. */
gint64          facet_conversation_get_deleted_at (FacetConversation *self);
gboolean        facet_conversation_get_busy (FacetConversation *self);
gboolean        facet_conversation_get_loaded (FacetConversation *self);
const char     *facet_conversation_get_draft (FacetConversation *self);
void            facet_conversation_set_draft (FacetConversation *self, const char *draft);
/* What is attached to the message that is being written: of FacetMedia, to be added to and removed
 * from by whoever shows it; the same list as long as the conversation lives.  Kept as the draft's
 * text is.  Borrowed. */
GListStore     *facet_conversation_get_draft_media (FacetConversation *self);
/* Where facet-media-import.h is to put it; borrowed. */
const char     *facet_conversation_get_media_folder (FacetConversation *self);
/* Where facet-recorder.h is to put what is spoken in it; borrowed. */
const char     *facet_conversation_get_recordings_folder (FacetConversation *self);
FacetAssistant *facet_conversation_get_assistant (FacetConversation *self);
void facet_conversation_set_assistant (FacetConversation *self, FacetAssistant *assistant);

/* The tools that its answers may ask for from now on: what facet_tools_read () gave; NULL: none.
 * Not kept on disk; the calls are, with their answers. */
void facet_conversation_set_tools (FacetConversation *self, const char *tools_json);

/* Reads the messages from disk, off the main thread; notify::loaded when they are there.  Does
 * nothing the second time. */
void facet_conversation_open (FacetConversation *self);

/* Adds what the person wrote, with the draft's media, and the answer that is to come, saves both,
 * then asks the assistant.  Does nothing while busy, or for text of white space only without
 * media. */
void facet_conversation_send (FacetConversation *self, const char *text);
/* The running answer: stop it; or end its thought. */
void facet_conversation_stop (FacetConversation *self);
void facet_conversation_answer_now (FacetConversation *self);
/* Answers again; the earlier answer is kept on disk as a sibling (parent_id), and no longer shown.
 */
void facet_conversation_regenerate (FacetConversation *self, FacetMessage *answer);
/* Replaces the person's message and what followed by a new one with the same attachments, and
 * asks; the earlier branch is kept on disk. */
void facet_conversation_edit_and_resend (FacetConversation *self,
                                         FacetMessage      *message,
                                         const char        *text);
/* Asks again for an answer that was stopped, interrupted, cut off or failed: goes on after the text
 * that is there, or begins anew if there is none.  It stays the same message. */
void facet_conversation_try_again (FacetConversation *self, FacetMessage *answer);
/* The person's choice for a TOO_LONG answer: leave out the oldest messages this time. */
void facet_conversation_drop_oldest (FacetConversation *self, FacetMessage *answer);
/* Takes a message out, with undo. */
void facet_conversation_delete_message (FacetConversation *self, FacetMessage *message);
void facet_conversation_undo_delete (FacetConversation *self);

/* Messages with the same parent are versions of each other: an answer given again, a question
 * edited.  Which one of how many @message is, counted from 0, deleted ones left out. */
void facet_conversation_get_versions (FacetConversation *self,
                                      FacetMessage      *message,
                                      guint             *index,
                                      guint             *count);
/* Shows another version of @message, and what came last after it; the list changes when that was
 * read.  Does nothing while busy. */
void facet_conversation_show_version (FacetConversation *self, FacetMessage *message, guint index);
/* Makes the message of that id one of the list, on whichever branch it is; opens the conversation
 * if need be.  The list changes when that was read, and not at all if it is shown already, while
 * busy, or if there is none of that id. */
void facet_conversation_show_message (FacetConversation *self, gint64 id);

/* The whole conversation as Markdown.  (transfer full) */
char *facet_conversation_to_markdown (FacetConversation *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
