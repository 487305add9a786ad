/* facet-store-add.c: whole conversations into the store, a little at a time.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The *_run functions run on the writer's thread, the others on the main thread.
 *
 * An import may be as large as all that is kept, and indexing every word of it takes a minute:
 * other saves cannot wait for it.  So it is written in transactions that end as soon as something
 * else waits.  Until the last of them its conversations are hidden: conversations.deleted_at is
 * IMPORTING, which is no time, and neither lists nor searches nor the trash show them.  The last
 * one puts the media in their place and shows all of them at once, so that there is never half an
 * import.
 *
 * What does not come to its end is ABANDONED and deleted as it was written, a little at a time.
 * That is also what is found hidden when the file is opened and nobody imports any more: whoever
 * does holds a lock on the folder of the file, which ends with the process however that ends. */
#define G_LOG_DOMAIN "facet-store"

#include "config.h"

#include "facet-store-private.h"
#include "facet-tree.h"

#include <glib/gi18n-lib.h>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#define IMPORTING "-1"
#define ABANDONED "-2"

/* Of one transaction: at least, although others wait; and at most. */
#define SHORTEST_US (10 * 1000)
#define LONGEST_US  (100 * 1000)

/* Parts */

/* Whether a transaction that began at @began goes on. */
static gboolean
goes_on (FacetStore *self, gint64 began)
{
  gint64 passed = g_get_monotonic_time () - began;

  return passed < SHORTEST_US ||
         (passed < LONGEST_US && g_async_queue_length (self->writer->ops) <= 0);
}

static sqlite3_stmt *
prepare (FacetDb *db, const char *sql, gint64 id, GError **error)
{
  sqlite3_stmt *statement = facet_db_statement (db, sql, error);

  if (statement != NULL)
    sqlite3_bind_int64 (statement, 1, id);
  return statement;
}

/* How many rows @sql, which has ?1 for @id, has changed; -1: @error. */
static int
change (FacetDb *db, const char *sql, gint64 id, GError **error)
{
  sqlite3_stmt *statement = prepare (db, sql, id, error);

  if (statement == NULL || !facet_db_run (db, statement, error))
    return -1;
  return sqlite3_changes (sqlite3_db_handle (statement));
}

/* The folder in which @db lies, open and locked; -1: not. */
static int
lock_folder (FacetDb *db, int how)
{
  g_autofree char *folder = g_path_get_dirname (facet_db_get_path (db));
  int              fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd >= 0 && flock (fd, how) != 0) {
    close (fd);
    fd = -1;
  }
  return fd;
}

/* Adding */

typedef struct {
  FacetStoreOp       op;
  FacetStore        *store;
  GPtrArray         *trees; /* of FacetTree */
  FacetTreeMediaFunc move_media;
  gpointer           media_data;
  FacetProgress     *progress; /* NULL: nobody looks */
  guint              begin;
  gint64             next_folder; /* an id that nobody else gives */
  GCancellable      *cancellable;
  FacetStoreFunc     func;
  gpointer           user_data;
  int                lock;
  guint              tree, message; /* that come next */
  gboolean           media_there;
} AddOp;

/* The one of that name, or a new one.  0: @error. */
static gint64
find_folder (AddOp *add, FacetDb *db, const char *name, GError **error)
{
  GError       *failure = NULL;
  gint64        id = 0;
  sqlite3_stmt *statement =
      facet_db_statement (db, "SELECT id FROM folders WHERE name = ?1 ORDER BY id", error);

  if (statement == NULL)
    return 0;
  sqlite3_bind_text (statement, 1, name, -1, SQLITE_STATIC);
  if (facet_db_next (db, statement, &failure)) {
    id = sqlite3_column_int64 (statement, 0);
    sqlite3_reset (statement);
    return id;
  }
  if (failure != NULL) {
    g_propagate_error (error, failure);
    return 0;
  }
  statement = facet_db_statement (db,
                                  "INSERT INTO folders (id, name, position, created)"
                                  " SELECT max (?3, ifnull (max (id), 0) + 1), ?1,"
                                  "   ifnull (max (position), -1) + 1, ?2 FROM folders",
                                  error);
  if (statement == NULL)
    return 0;
  sqlite3_bind_text (statement, 1, name, -1, SQLITE_STATIC);
  sqlite3_bind_int64 (statement, 2, g_get_real_time ());
  sqlite3_bind_int64 (statement, 3, add->next_folder++);
  return facet_db_run (db, statement, error) ? facet_db_last_id (db) : 0;
}

static gboolean
fail_gone (GError **error)
{
  g_set_error_literal (error, FACET_STORE_ERROR, FACET_STORE_ERROR_FAILED,
                       _ ("Nothing was imported: everything was deleted meanwhile."));
  return FALSE;
}

/* Whether what was written before is still there. */
static gboolean
is_there (AddOp *add, FacetDb *db, GError **error)
{
  FacetTree    *first = add->trees->pdata[0];
  GError       *failure = NULL;
  sqlite3_stmt *statement;
  gboolean      there;

  if (add->tree == 0 && add->message == 0)
    return TRUE;
  statement = prepare (db, "SELECT 1 FROM conversations WHERE id = ?1 AND deleted_at = " IMPORTING,
                       first->conversation->id, error);
  if (statement == NULL)
    return FALSE;
  there = facet_db_next (db, statement, &failure);
  sqlite3_reset (statement);
  if (failure != NULL)
    g_propagate_error (error, failure);
  return there || (failure == NULL && fail_gone (error));
}

/* Hidden, and in no folder yet. */
static gboolean
write_conversation (FacetDb *db, FacetConversationRow *row, GError **error)
{
  sqlite3_stmt *statement =
      facet_db_statement (db,
                          "INSERT INTO conversations (title, title_is_own, created, updated,"
                          "  pinned, archived, thinking, draft, deleted_at)"
                          " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, " IMPORTING ")",
                          error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_text (statement, 1, row->title != NULL ? row->title : "", -1, SQLITE_STATIC);
  sqlite3_bind_int (statement, 2, row->title_is_own);
  sqlite3_bind_int64 (statement, 3, row->created);
  sqlite3_bind_int64 (statement, 4, row->updated);
  sqlite3_bind_int (statement, 5, row->pinned);
  sqlite3_bind_int (statement, 6, row->archived);
  sqlite3_bind_int (statement, 7, row->thinking);
  sqlite3_bind_text (statement, 8, row->draft != NULL ? row->draft : "", -1, SQLITE_STATIC);
  if (!facet_db_run (db, statement, error))
    return FALSE;
  row->id = facet_db_last_id (db);
  return TRUE;
}

static gboolean
set_deleted (FacetDb *db, gint64 id, gint64 when, GError **error)
{
  sqlite3_stmt *statement =
      facet_db_statement (db, "UPDATE messages SET deleted_at = ?2 WHERE id = ?1", error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, id);
  sqlite3_bind_int64 (statement, 2, when);
  return facet_db_run (db, statement, error);
}

/* Message @index, whose number becomes an id, and that of its parent. */
static gboolean
write_message (FacetDb *db, FacetTree *tree, guint index, GError **error)
{
  FacetMessageRow *row = tree->messages->pdata[index];
  gint64           deleted = g_array_index (tree->deleted, gint64, index);

  if (row->parent_id != 0) /* it comes before, so it has its id */
    row->parent_id = facet_tree_get (tree, row->parent_id)->id;
  return facet_message_row_add (db, tree->conversation->id, row, error) &&
         facet_attachments_write (db, row->id, row->attachments, error) &&
         (deleted == 0 || set_deleted (db, row->id, deleted, error));
}

static gboolean
finish_conversation (FacetDb *db, FacetTree *tree, GError **error)
{
  FacetConversationRow *row = tree->conversation;

  if (row->head_id != 0) {
    row->head_id = facet_tree_get (tree, row->head_id)->id;
    if (!facet_head_write (db, row->id, row->head_id, error))
      return FALSE;
  }
  return facet_draft_attachments_write (db, row->id, tree->draft_media, error);
}

/* The next message, or what comes before the first and after the last. */
static gboolean
write_next (AddOp *add, FacetDb *db, GError **error)
{
  FacetTree *tree = add->trees->pdata[add->tree];

  if (g_cancellable_set_error_if_cancelled (add->cancellable, error) ||
      (add->message == 0 && !write_conversation (db, tree->conversation, error)))
    return FALSE;
  if (add->message < tree->messages->len)
    return write_message (db, tree, add->message++, error);
  add->message = 0;
  add->tree++;
  return finish_conversation (db, tree, error);
}

static void
tell_progress (AddOp *add)
{
  const FacetTree *tree = add->trees->pdata[add->tree];
  double           done = add->tree + (double)add->message / (tree->messages->len + 1);
  double           all = FACET_TREE_PROGRESS - add->begin;

  facet_progress_set (add->progress, add->begin + (guint)(all * done / add->trees->len),
                      FACET_TREE_PROGRESS);
}

/* As much as others allow. */
static gboolean
write_some (AddOp *add, FacetDb *db, GError **error)
{
  gint64 began = g_get_monotonic_time ();

  if (!facet_db_begin (db, FALSE, error))
    return FALSE;
  while (add->tree < add->trees->len && goes_on (add->store, began)) {
    tell_progress (add);
    if (!write_next (add, db, error))
      return FALSE;
  }
  return facet_db_commit (db, error);
}

static gboolean
show (AddOp *add, FacetDb *db, FacetTree *tree, GError **error)
{
  FacetConversationRow *row = tree->conversation;
  sqlite3_stmt         *statement;

  row->folder = 0;
  if (tree->folder != NULL && (row->folder = find_folder (add, db, tree->folder, error)) == 0)
    return FALSE;
  statement = prepare (db,
                       "UPDATE conversations SET deleted_at = NULL, folder_id = nullif (?2, 0)"
                       " WHERE id = ?1 AND deleted_at = " IMPORTING,
                       row->id, error);
  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 2, row->folder);
  if (!facet_db_run (db, statement, error))
    return FALSE;
  return sqlite3_changes (sqlite3_db_handle (statement)) == 1 || fail_gone (error);
}

static gboolean
show_all (AddOp *add, FacetDb *db, GError **error)
{
  if (!facet_db_begin (db, TRUE, error))
    return FALSE;
  for (guint i = 0; i < add->trees->len; i++) {
    if (!show (add, db, add->trees->pdata[i], error))
      return FALSE;
  }
  return facet_db_commit (db, error);
}

/* After all rows, so that whatever failed before has left no file; files without rows harm nobody,
 * rows that are shown without files would. */
static gboolean
move_some (AddOp *add, GError **error)
{
  gint64 began = g_get_monotonic_time ();

  while (!add->media_there && goes_on (add->store, began)) {
    if (g_cancellable_set_error_if_cancelled (add->cancellable, error) ||
        (add->move_media != NULL && !add->move_media (add->media_data, &add->media_there, error)))
      return FALSE;
    add->media_there |= add->move_media == NULL;
  }
  return TRUE;
}

/* A part of it: *@done when it was the last. */
static gboolean
add_some (AddOp *add, FacetDb *db, gboolean *done, GError **error)
{
  *done = add->media_there;
  if (add->tree < add->trees->len)
    return is_there (add, db, error) && write_some (add, db, error);
  return *done ? show_all (add, db, error) : move_some (add, error);
}

/* What was written so far; that this fails, when the disk is full, is found by the next start. */
static void
abandon (AddOp *add, FacetDb *db)
{
  gboolean done;

  facet_db_rollback (db);
  done = facet_db_begin (db, FALSE, NULL);
  for (guint i = 0; i < add->trees->len && done; i++) {
    FacetTree *tree = add->trees->pdata[i];

    done = tree->conversation->id == 0 || change (db,
                                                  "UPDATE conversations SET deleted_at = " ABANDONED
                                                  " WHERE id = ?1 AND deleted_at = " IMPORTING,
                                                  tree->conversation->id, NULL) >= 0;
  }
  if (!done || !facet_db_commit (db, NULL))
    facet_db_rollback (db);
}

static gboolean
add_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  AddOp   *add = (AddOp *)op;
  gboolean done;

  if (add->lock < 0)
    add->lock = lock_folder (db, LOCK_SH);
  if (add_some (add, db, &done, error)) {
    op->again = !done;
    return TRUE;
  }
  abandon (add, db);
  return FALSE;
}

static void
add_reply (FacetStoreOp *op)
{
  AddOp *add = (AddOp *)op;

  if (op->error != NULL && !add->store->closed)
    facet_store_push_abandoned (add->store);
  add->func (op->error, add->user_data);
}

static void
add_free (FacetStoreOp *op)
{
  AddOp *add = (AddOp *)op;

  if (add->lock >= 0)
    close (add->lock);
  g_ptr_array_unref (add->trees);
  g_clear_pointer (&add->progress, facet_progress_unref);
  g_clear_object (&add->cancellable);
  g_free (add);
}

void
facet_store_add_trees (FacetStore        *self,
                       GPtrArray         *trees,
                       FacetTreeMediaFunc move_media,
                       gpointer           media_data,
                       FacetProgress     *progress,
                       guint              begin,
                       gint64             first_folder,
                       GCancellable      *cancellable,
                       FacetStoreFunc     func,
                       gpointer           user_data)
{
  AddOp *op = g_new0 (AddOp, 1);

  op->op.run = add_run;
  op->op.reply = add_reply;
  op->op.free = add_free;
  op->store = self;
  op->lock = -1;
  op->trees = g_ptr_array_ref (trees);
  op->move_media = move_media;
  op->media_data = media_data;
  op->progress = progress != NULL ? facet_progress_ref (progress) : NULL;
  op->begin = begin;
  op->next_folder = first_folder;
  g_set_object (&op->cancellable, cancellable);
  op->func = func;
  op->user_data = user_data;
  facet_store_push_write (self, &op->op);
}

/* Deleting what was abandoned */

gboolean
facet_abandon_imports (FacetDb *db, GError **error)
{
  int      lock = lock_folder (db, LOCK_EX | LOCK_NB);
  gboolean done = lock < 0 || facet_db_exec (db,
                                             "UPDATE conversations SET deleted_at = " ABANDONED
                                             " WHERE deleted_at = " IMPORTING,
                                             error);

  if (lock >= 0)
    close (lock);
  return done;
}

typedef struct {
  FacetStoreOp op;
  FacetStore  *store;
} SweepOp;

/* The last message of @conversation, or the conversation itself when it has none. */
static gboolean
delete_next (FacetDb *db, gint64 conversation, GError **error)
{
  int n = change (db,
                  "DELETE FROM messages WHERE id ="
                  " (SELECT max (id) FROM messages WHERE conversation_id = ?1)",
                  conversation, error);

  if (n == 0)
    n = change (db, "DELETE FROM conversations WHERE id = ?1", conversation, error);
  return n >= 0;
}

static gboolean
sweep_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  SweepOp *sweep = (SweepOp *)op;
  gint64   began = g_get_monotonic_time ();
  GError  *failure = NULL;

  if (!facet_db_begin (db, FALSE, error))
    return FALSE;
  do {
    gint64        id;
    sqlite3_stmt *statement =
        facet_db_statement (db,
                            "SELECT id FROM conversations WHERE deleted_at = " ABANDONED " LIMIT 1",
                            error);

    if (statement == NULL)
      return FALSE;
    op->again = facet_db_next (db, statement, &failure);
    id = op->again ? sqlite3_column_int64 (statement, 0) : 0;
    sqlite3_reset (statement);
    if (op->again && !delete_next (db, id, &failure))
      op->again = FALSE;
  } while (op->again && goes_on (sweep->store, began));
  if (failure != NULL) {
    g_propagate_error (error, failure);
    return FALSE;
  }
  op->again &= !g_atomic_int_get (&sweep->store->closing);
  return facet_db_commit (db, error);
}

static void
sweep_reply (FacetStoreOp *op)
{
  if (op->error != NULL)
    g_message ("%s", op->error->message);
}

static void
sweep_free (FacetStoreOp *op)
{
  g_free (op);
}

void
facet_store_push_abandoned (FacetStore *self)
{
  SweepOp *op = g_new0 (SweepOp, 1);

  op->op.run = sweep_run;
  op->op.reply = sweep_reply;
  op->op.free = sweep_free;
  op->store = self;
  facet_store_push_write (self, &op->op);
}
