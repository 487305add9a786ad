/* facet-store.h: what is kept: conversations and messages in facet.db.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to app/.  Main thread.  Every call only queues: one thread owns the writing connection
 * and works in the order of the calls; another one reads, so that opening a conversation does not
 * wait for a slow disk.  Answers come back on the main context, in order.  A callback is called
 * exactly once, also when the store is closed first; after closing, at once with
 * FACET_STORE_ERROR_CLOSED. */
#pragma once

#include "facet-conversation.h"
#include "facet-message-tree.h"
#include "facet-search-query.h"
#include "facet-storage.h"
#include "facet-store-db.h"

G_BEGIN_DECLS

/* A conversation as listed. */
typedef struct {
  gint64   id; /* 0: not yet stored */
  char    *title;
  gboolean title_is_own; /* given by the person */
  gint64   created, updated;
  gboolean pinned, thinking;
  char    *draft;
  gint64   head_id;    /* the last message of what is shown; 0: none */
  gint64   deleted_at; /* when it came into the trash; 0: it is not there */
  gboolean archived;
  gint64   folder;         /* 0: none */
  char    *server;         /* the id of the one that answers; NULL or "": this computer */
  char    *servers_agreed; /* ids between spaces; NULL or "": none */
} FacetConversationRow;

FacetConversationRow *facet_conversation_row_new (void) G_GNUC_WARN_UNUSED_RESULT;
void                  facet_conversation_row_free (FacetConversationRow *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetConversationRow, facet_conversation_row_free)

typedef struct {
  gint64 id;
  char  *name;
} FacetFolderRow;

void facet_folder_row_free (FacetFolderRow *self);

/* A message, whole. */
typedef struct {
  gint64            id, parent_id; /* 0: not yet stored; none */
  FacetRole         role;
  FacetMessageState state;
  char             *text, *thinking; /* never NULL */
  char             *error, *model, *tool_calls, *tool_call_id, *tool_name;
  gint64            created;
  gboolean          cut_off;
  FacetUsage        usage;
  FacetOverflow     overflow;
  GPtrArray        *attachments; /* of FacetMedia; NULL: none */
} FacetMessageRow;

FacetMessageRow *facet_message_row_new (FacetMessage *message) G_GNUC_WARN_UNUSED_RESULT;
FacetMessage *facet_message_row_to_message (const FacetMessageRow *self) G_GNUC_WARN_UNUSED_RESULT;
void          facet_message_row_free (FacetMessageRow *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetMessageRow, facet_message_row_free)

/* @error NULL: it is done.  Everything is borrowed. */
typedef void (*FacetStoreFunc) (const GError *error, gpointer user_data);
/* @rows of FacetConversationRow, FacetMessageRow, FacetFolderRow or FacetMedia. */
typedef void (*FacetStoreRowsFunc) (GPtrArray *rows, const GError *error, gpointer user_data);
/* @links of FacetMessageLink, by id. */
typedef void (*FacetStoreLinksFunc) (GArray *links, const GError *error, gpointer user_data);
/* The rows given to facet_store_begin_turn (), with their ids.  @user may be NULL. */
typedef void (*FacetStoreTurnFunc) (const FacetConversationRow *conversation,
                                    const FacetMessageRow      *user,
                                    const FacetMessageRow      *answer,
                                    const GError               *error,
                                    gpointer                    user_data);
/* @value NULL: none. */
typedef void (*FacetStoreValueFunc) (const char *value, const GError *error, gpointer user_data);

/* Opens @folder/facet.db, making both when missing; blocks for as long as that takes.  Then, on
 * other threads: an older schema is brought up to date, and answers that a killed process left
 * running become INTERRUPTED, before anything else is done; the file is checked, before anything is
 * written; what has lain in the trash long enough is deleted, files of media/ that are older than a
 * day and attached to nothing are, and once a day a backup is made.
 *
 * A file that cannot be written is read, and the warning says so.
 *
 * A damaged file is set aside, now or when the check finds it.  If there is a backup, or the file
 * is missing and there is one, nobody but the person decides what takes its place: see
 * facet_store_get_offer ().  Otherwise a new one is begun. */
FacetStore *facet_store_open (const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A store in memory for one private conversation: nothing of it reaches a disk, and closing it
 * forgets all.  Its conversations have ids that no file's have. */
FacetStore *facet_store_open_private (GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean    facet_store_is_private (FacetStore *self);
/* Waits until everything queued is written, answers all that is owed, and lets go of the file.
 * Again: nothing. */
void        facet_store_close (FacetStore *self);
FacetStore *facet_store_ref (FacetStore *self) G_GNUC_WARN_UNUSED_RESULT;
/* The last one closes it, too. */
void        facet_store_unref (FacetStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetStore, facet_store_unref)
/* Blocks until everything queued so far is done and answered. */
void     facet_store_flush (FacetStore *self);
/* Blocks until something is answered.  FALSE: nothing more will be. */
gboolean facet_store_wait (FacetStore *self);

/* What was found and the person should know; NULL: nothing so far. */
const char *facet_store_get_warning (FacetStore *self);
/* When the backup was made that can be restored (s since 1970); 0: there is nothing to decide.
 * Until it is decided every operation fails with FACET_STORE_ERROR_UNDECIDED. */
gint64      facet_store_get_offer (FacetStore *self);
/* @restore: the newest backup that is sound takes the file's place; else an empty file does.  On an
 * error it is still undecided.  What was read before is not of this file. */
void        facet_store_decide (FacetStore    *self,
                                gboolean       restore,
                                FacetStoreFunc func,
                                gpointer       user_data);
/* Called when warning and offer have changed by themselves, and with them what the file contains;
 * its error is NULL.  One at a time. */
void facet_store_set_changed_func (FacetStore *self, FacetStoreFunc func, gpointer user_data);

/* facet.db itself, for a reader of one's own.  Borrowed. */
const char *facet_store_get_path (FacetStore *self);
/* Where files that are attached to messages are; it may not be there yet.  Borrowed. */
const char *facet_store_get_media_folder (FacetStore *self);
/* Where recordings are until they are attached.  Borrowed. */
const char *facet_store_get_recordings_folder (FacetStore *self);

/* Conversations that are not in the trash, those in the archive, too; the latest first. */
void facet_store_list (FacetStore *self, FacetStoreRowsFunc func, gpointer user_data);
/* Folders in order.  Saving writes the names and order of @rows, of FacetFolderRow, which it takes;
 * a folder whose id is not there yet is made.  The conversations of a deleted one stay. */
void facet_store_list_folders (FacetStore *self, FacetStoreRowsFunc func, gpointer user_data);
void facet_store_save_folders (FacetStore    *self,
                               GPtrArray     *rows,
                               FacetStoreFunc func,
                               gpointer       user_data);
void facet_store_delete_folder (FacetStore    *self,
                                gint64         id,
                                FacetStoreFunc func,
                                gpointer       user_data);
/* What is shown of one: the path from its head to the root, oldest first. */
void facet_store_load (FacetStore        *self,
                       gint64             conversation,
                       FacetStoreRowsFunc func,
                       gpointer           user_data);

/* All messages of one, of all branches, the deleted ones, too. */
void facet_store_load_links (FacetStore         *self,
                             gint64              conversation,
                             FacetStoreLinksFunc func,
                             gpointer            user_data);
/* One transaction: @head becomes the conversation's head, and what is shown then is read. */
void facet_store_show_branch (FacetStore        *self,
                              gint64             conversation,
                              gint64             head,
                              FacetStoreRowsFunc func,
                              gpointer           user_data);

/* One durable transaction: a copy of the conversation, with the messages up to @until (0: all of
 * every branch, and the draft); the one row is the copy's. */
void facet_store_copy_conversation (FacetStore        *self,
                                    gint64             id,
                                    gint64             until,
                                    const char        *title,
                                    FacetStoreRowsFunc func,
                                    gpointer           user_data);

/* One durable transaction: the conversation (inserted if its id is 0), the person's message (or
 * NULL), and the answer that is to come: inserted if its id is 0, else updated.  The answer's
 * parent is @user if there is one; what is attached to @user is stored with it.  The conversation's
 * head becomes the answer, unless that was there already.  Takes the rows. */
void facet_store_begin_turn (FacetStore           *self,
                             FacetConversationRow *conversation,
                             FacetMessageRow      *user,
                             FacetMessageRow      *answer,
                             FacetStoreTurnFunc    func,
                             gpointer              user_data);
/* Everything of a stored message but its place and what is attached to it.  Takes @row.  @durable:
 * at the end of an answer. */
void facet_store_save_message (FacetStore      *self,
                               FacetMessageRow *row,
                               gboolean         durable,
                               FacetStoreFunc   func,
                               gpointer         user_data);
/* Title, pinned, thinking, draft, archived, folder, servers and updated; not the head.  Takes @row.
 */
void facet_store_save_conversation (FacetStore           *self,
                                    FacetConversationRow *row,
                                    FacetStoreFunc        func,
                                    gpointer              user_data);
/* @when: µs since 1970; 0: back again. */
void facet_store_delete_message (FacetStore    *self,
                                 gint64         id,
                                 gint64         when,
                                 FacetStoreFunc func,
                                 gpointer       user_data);
void facet_store_delete_conversation (FacetStore    *self,
                                      gint64         id,
                                      gint64         when,
                                      FacetStoreFunc func,
                                      gpointer       user_data);

/* The trash (facet-store-trash.c): conversations with deleted_at.  Restoring one is
 * facet_store_delete_conversation () with 0. */

/* The latest first, without those whose time has come.  Answered in the order of the changes. */
void facet_store_list_trash (FacetStore *self, FacetStoreRowsFunc func, gpointer user_data);
/* For good: the conversation, if it is in the trash, its messages, and files that nothing else
 * refers to; its words are overwritten in the file.  Backups, which know it still, go in their
 * turn. */
void facet_store_purge_conversation (FacetStore    *self,
                                     gint64         id,
                                     FacetStoreFunc func,
                                     gpointer       user_data);
/* The same for all that came into the trash until @until (µs since 1970). */
void facet_store_empty_trash (FacetStore    *self,
                              gint64         until,
                              FacetStoreFunc func,
                              gpointer       user_data);

/* What is attached to the message that is being written in @conversation, of FacetMedia; 0: in the
 * one that has no message yet.  Replaces what was kept; @media is referenced. */
void facet_store_save_draft_media (FacetStore    *self,
                                   gint64         conversation,
                                   GPtrArray     *media,
                                   FacetStoreFunc func,
                                   gpointer       user_data);
void facet_store_load_draft_media (FacetStore        *self,
                                   gint64             conversation,
                                   FacetStoreRowsFunc func,
                                   gpointer           user_data);

/* How much space everything takes; beside all else. */
void facet_store_measure (FacetStore *self, FacetStorageFunc func, gpointer user_data);
/* @kind is one that can be freed.  A file that was added and is not written down yet stays. */
void facet_store_free_space (FacetStore      *self,
                             FacetStorageKind kind,
                             FacetStoreFunc   func,
                             gpointer         user_data);
/* Deletes the database, what was set aside, backups, attachments, recordings and caches, and begins
 * an empty database; after all that is queued.  On an error what could be deleted is. */
void facet_store_delete_everything (FacetStore *self, FacetStoreFunc func, gpointer user_data);

/* What was found for a query. */
typedef struct {
  GPtrArray *hits; /* of FacetSearchHit, those that are worth showing: best first, what is of one
                      conversation together */
  guint      n_messages, n_attachments; /* all that were found */
  gboolean   more;                      /* there are more messages than that */
} FacetSearchResult;

typedef void (*FacetStoreSearchFunc) (const FacetSearchResult *result,
                                      const GError            *error,
                                      gpointer                 user_data);

/* Looks for @query in titles, messages, thoughts and names of attachments, of what is not in the
 * trash.  Conversations that were found by their titles come first, then the newest.  When
 * @cancellable is cancelled it ends within about a millisecond, with G_IO_ERROR_CANCELLED. */
void facet_store_search (FacetStore          *self,
                         FacetSearchQuery    *query,
                         GCancellable        *cancellable,
                         FacetStoreSearchFunc func,
                         gpointer             user_data);

/* Small facts by name.  @value NULL removes. */
void facet_store_get_value (FacetStore         *self,
                            const char         *key,
                            FacetStoreValueFunc func,
                            gpointer            user_data);
void facet_store_set_value (FacetStore    *self,
                            const char    *key,
                            const char    *value,
                            FacetStoreFunc func,
                            gpointer       user_data);

G_END_DECLS
