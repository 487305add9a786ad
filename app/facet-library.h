/* facet-library.h: all conversations: a GListModel of FacetConversation.
 *
 * Pinned ones come first, then those of each folder, then those in none; the latest first within
 * each.  A conversation is made when its item is first asked for.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Owns the store and the assistant that new conversations get. */
#pragma once

#include "facet-conversation.h"
#include "facet-folder.h"
#include "facet-servers.h"
#include "facet-storage.h"

G_BEGIN_DECLS

#define FACET_TYPE_LIBRARY (facet_library_get_type ())
G_DECLARE_FINAL_TYPE (FacetLibrary, facet_library, FACET, LIBRARY, GObject)

/* @data_dir: where facet.db lies ($XDG_DATA_HOME/facet by default, NULL); created when missing.  A
 * database that cannot be opened is an error with a sentence; a damaged one is set aside beside
 * itself and said in :warning.  Then, if there is a backup, :offer is when it was made (s since
 * 1970, else 0), and until facet_library_decide () nothing can be read or saved; if there is none,
 * a new database is begun.  Properties: assistant (FacetAssistant, writable: given to every
 * conversation that no server answers), loaded (boolean), warning (string or NULL), offer (int64).
 * Signal ::reset (boolean forgotten): all conversations are of a file that is no longer there;
 * whoever shows one begins another.  @forgotten: everything was deleted, what is being written
 * goes, too. */
FacetLibrary *facet_library_new (const char     *data_dir,
                                 FacetAssistant *assistant,
                                 GError        **error) G_GNUC_WARN_UNUSED_RESULT;

FacetAssistant *facet_library_get_assistant (FacetLibrary *self);
void            facet_library_set_assistant (FacetLibrary *self, FacetAssistant *assistant);
/* Those that conversations may be answered by instead (FacetConversation:server): a conversation
 * whose server is not among them is answered on this computer.  NULL: none, as at the start. */
FacetServers   *facet_library_get_servers (FacetLibrary *self);
void            facet_library_set_servers (FacetLibrary *self, FacetServers *servers);
/* Where new conversations are answered that are not private: a server's id, or "", this computer.
 */
void            facet_library_set_default_server (FacetLibrary *self, const char *id);
/* How the next answers of all conversations are drawn; @sampling is copied.  NULL: the model's own
 * defaults, as at the start. */
void            facet_library_set_sampling (FacetLibrary *self, const FacetSampling *sampling);
/* Whether the model gives titles to conversations that the person has not named (FALSE at the
 * start); only while no answer is being written. */
void            facet_library_set_naming (FacetLibrary *self, gboolean naming);
gboolean        facet_library_get_loaded (FacetLibrary *self);
const char     *facet_library_get_warning (FacetLibrary *self);

gint64 facet_library_get_offer (FacetLibrary *self);
/* The person's choice while there is an offer: the backup, or an empty beginning.  :offer becomes 0
 * when it is carried out; :warning says what went wrong otherwise. */
void   facet_library_decide (FacetLibrary *self, gboolean restore);

/* An empty conversation; listed and stored once its first message is sent.  (transfer full) */
FacetConversation *facet_library_new_conversation (FacetLibrary *self) G_GNUC_WARN_UNUSED_RESULT;
/* A conversation that is kept in memory only: never listed, found or written to disk, neither its
 * draft nor what is attached to it; it has an id all the same, once its first message is stored.
 * All of it goes when the last reference does, or at facet_library_close ().  (transfer full); an
 * error where the computer has no folder in memory. */
FacetConversation *facet_library_new_private_conversation (FacetLibrary *self, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/* What the order looks at, without making the conversation; @folder 0: none. */
void               facet_library_get_key (FacetLibrary *self,
                                          guint         position,
                                          gboolean     *pinned,
                                          gint64       *folder,
                                          gint64       *updated);
gboolean           facet_library_get_position (FacetLibrary      *self,
                                               FacetConversation *conversation,
                                               guint             *position);
/* In the list or the archive.  (transfer full), NULL if there is none of that id. */
FacetConversation *facet_library_find (FacetLibrary *self, gint64 id) G_GNUC_WARN_UNUSED_RESULT;
/* @copy NULL: it could not be made, and ::failed of the original has said why.  Borrowed. */
typedef void (*FacetLibraryCopyFunc) (FacetConversation *copy, gpointer user_data);
/* A copy of a stored conversation that is not private: with all of its branches and its draft, or,
 * with @until, what leads to that message.  Files that are attached are shared.  It is in the list
 * when @func is called. */
void facet_library_copy (FacetLibrary        *self,
                         FacetConversation   *conversation,
                         FacetMessage        *until,
                         FacetLibraryCopyFunc func,
                         gpointer             user_data);
/* Moves it to the trash (kept on disk); undo brings the latest back. */
void facet_library_delete (FacetLibrary *self, FacetConversation *conversation);
void facet_library_undo_delete (FacetLibrary *self);

/* The folders, of FacetFolder, in order; borrowed, the same as long as the library lives. */
GListModel  *facet_library_get_folders (FacetLibrary *self);
/* A new one, the last.  Borrowed; NULL: there is nothing to see in @name, or :loaded is FALSE. */
FacetFolder *facet_library_add_folder (FacetLibrary *self, const char *name);
void facet_library_rename_folder (FacetLibrary *self, FacetFolder *folder, const char *name);
/* To @position among the folders. */
void facet_library_move_folder (FacetLibrary *self, FacetFolder *folder, guint position);
/* Its conversations stay, in no folder. */
void facet_library_delete_folder (FacetLibrary *self, FacetFolder *folder);
/* @folder NULL: into none. */
void facet_library_put_in_folder (FacetLibrary      *self,
                                  FacetConversation *conversation,
                                  FacetFolder       *folder);

/* The archive: a GListModel of FacetConversation, the latest first; borrowed, the same as long as
 * the library lives.  A conversation that is gone on with leaves it. */
GListModel *facet_library_get_archive (FacetLibrary *self);
void        facet_library_set_archived (FacetLibrary      *self,
                                        FacetConversation *conversation,
                                        gboolean           archived);

/* The trash: a GListModel of FacetConversation, the latest first; borrowed, and the same as long as
 * the library lives.  What came there in earlier sessions is read when this is first called.  After
 * 30 days the store deletes a conversation for good, at the start. */
GListModel *facet_library_get_trash (FacetLibrary *self);
/* A conversation of the trash: back into the list; or gone, with its messages and attachments.  One
 * that is gone leaves the trash when that is on disk; ::failed of the conversation says why not. */
void        facet_library_restore (FacetLibrary *self, FacetConversation *conversation);
void        facet_library_delete_for_good (FacetLibrary *self, FacetConversation *conversation);
/* All that is there now. */
void        facet_library_empty_trash (FacetLibrary *self);

/* How much space everything takes, measured on another thread; @func is called exactly once. */
void facet_library_measure (FacetLibrary *self, FacetStorageFunc func, gpointer user_data);
/* Frees what can be freed (facet_storage_kind_can_be_freed ()). */
void facet_library_free_space (FacetLibrary        *self,
                               FacetStorageKind     kind,
                               FacetStorageDoneFunc func,
                               gpointer             user_data);
/* Conversations, drafts, attachments, recordings, backups, set-aside databases and caches: all is
 * gone from the folders when @func is called.  What runs is stopped.  Private conversations, which
 * are in no folder, stay.  On an error what could be deleted is. */
void facet_library_delete_everything (FacetLibrary        *self,
                                      FacetStorageDoneFunc func,
                                      gpointer             user_data);

/* Stops what runs, writes everything and waits for it: at shutdown. */
void facet_library_close (FacetLibrary *self);

G_END_DECLS
