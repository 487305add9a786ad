/* facet-store-tree.c: whole conversations out of the store, and into it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The *_run function and the readers run on the thread that owns the connection, the rest on the
 * main thread.  Every column of conversations and messages is read and written here, but
 * conversations.deleted_at: what lies in the trash is not exported. */
#define G_LOG_DOMAIN "facet-store"

#include "facet-store-private.h"
#include "facet-tree.h"

/* Reading */

static char *
dup_column (sqlite3_stmt *statement, int column)
{
  const char *text = (const char *)sqlite3_column_text (statement, column);

  return text != NULL ? g_utf8_make_valid (text, -1) : NULL;
}

static gboolean
read_conversation (FacetDb *db, FacetTree *tree, gint64 id, gint64 *head, GError **error)
{
  FacetConversationRow *row = tree->conversation;
  sqlite3_stmt         *statement =
      facet_db_statement (db,
                          "SELECT c.title, c.title_is_own, c.created, c.updated, c.pinned,"
                          "  c.archived, c.thinking, c.draft, c.head_id, f.name"
                          " FROM conversations c LEFT JOIN folders f ON f.id = c.folder_id"
                          " WHERE c.id = ?1 AND c.deleted_at IS NULL",
                          error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, id);
  if (!facet_db_next (db, statement, error))
    return FALSE;
  row->id = id;
  row->title = dup_column (statement, 0);
  row->title_is_own = sqlite3_column_int (statement, 1) != 0;
  row->created = sqlite3_column_int64 (statement, 2);
  row->updated = sqlite3_column_int64 (statement, 3);
  row->pinned = sqlite3_column_int (statement, 4) != 0;
  tree->conversation->archived = sqlite3_column_int (statement, 5) != 0;
  row->thinking = sqlite3_column_int (statement, 6) != 0;
  row->draft = dup_column (statement, 7);
  *head = sqlite3_column_int64 (statement, 8);
  tree->folder = dup_column (statement, 9);
  sqlite3_reset (statement);
  return TRUE;
}

static gboolean
read_messages (FacetDb *db, FacetTree *tree, gint64 id, GError **error)
{
  GError       *failure = NULL;
  sqlite3_stmt *statement =
      facet_db_statement (db,
                          "SELECT " FACET_MESSAGE_COLUMNS ", m.deleted_at"
                          " FROM messages m WHERE m.conversation_id = ?1 ORDER BY m.id",
                          error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, id);
  while (facet_db_next (db, statement, &failure)) {
    gint64 deleted = sqlite3_column_int64 (statement, FACET_N_MESSAGE_COLUMNS);

    g_ptr_array_add (tree->messages, facet_message_row_read (statement));
    g_array_append_val (tree->deleted, deleted);
  }
  if (failure != NULL) {
    g_propagate_error (error, failure);
    return FALSE;
  }
  return facet_attachments_read (db, id, tree->messages, error);
}

/* 0 for what is in another conversation. */
static gint64
number_of (GHashTable *numbers, gint64 id)
{
  return GPOINTER_TO_INT (g_hash_table_lookup (numbers, &id));
}

static void
number (FacetTree *tree, gint64 head)
{
  g_autoptr (GHashTable) numbers = g_hash_table_new (g_int64_hash, g_int64_equal);
  g_autofree gint64 *ids = g_new (gint64, MAX (1, tree->messages->len));

  for (guint i = 0; i < tree->messages->len; i++) {
    ids[i] = ((FacetMessageRow *)tree->messages->pdata[i])->id;
    g_hash_table_insert (numbers, &ids[i], GINT_TO_POINTER (i + 1));
  }
  for (guint i = 0; i < tree->messages->len; i++) {
    FacetMessageRow *row = tree->messages->pdata[i];

    row->id = i + 1;
    row->parent_id = number_of (numbers, row->parent_id);
  }
  tree->conversation->head_id = number_of (numbers, head);
}

FacetTree *
facet_tree_read (FacetDb *db, gint64 id, GError **error)
{
  g_autoptr (FacetTree) tree = facet_tree_new ();
  gint64     head;
  GPtrArray *draft_media;

  if (!read_conversation (db, tree, id, &head, error) || !read_messages (db, tree, id, error))
    return NULL;
  draft_media = facet_draft_attachments_read (db, id, error);
  if (draft_media == NULL)
    return NULL;
  g_ptr_array_unref (tree->draft_media);
  tree->draft_media = draft_media;
  number (tree, head);
  return g_steal_pointer (&tree);
}

GArray *
facet_tree_list_all (FacetDb *db, GError **error)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  GError       *failure = NULL;
  sqlite3_stmt *statement =
      facet_db_statement (db,
                          "SELECT id FROM conversations WHERE deleted_at IS NULL"
                          " ORDER BY archived, pinned DESC, updated DESC, id DESC",
                          error);

  if (statement == NULL)
    return NULL;
  while (facet_db_next (db, statement, &failure)) {
    gint64 id = sqlite3_column_int64 (statement, 0);

    g_array_append_val (ids, id);
  }
  if (failure != NULL) {
    g_propagate_error (error, failure);
    return NULL;
  }
  return g_steal_pointer (&ids);
}

typedef struct {
  FacetStoreOp       op;
  gint64             id;
  FacetTree         *tree;
  FacetStoreTreeFunc func;
  gpointer           user_data;
} ReadOp;

static gboolean
read_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  ReadOp *read = (ReadOp *)op;
  GError *failure = NULL;

  read->tree = facet_tree_read (db, read->id, &failure);
  if (failure != NULL)
    g_propagate_error (error, failure);
  return failure == NULL;
}

static void
read_reply (FacetStoreOp *op)
{
  ReadOp *read = (ReadOp *)op;

  read->func (g_steal_pointer (&read->tree), op->error, read->user_data);
}

static void
read_free (FacetStoreOp *op)
{
  facet_tree_free (((ReadOp *)op)->tree);
  g_free (op);
}

void
facet_store_read_tree (FacetStore *self, gint64 id, FacetStoreTreeFunc func, gpointer user_data)
{
  ReadOp *op = g_new0 (ReadOp, 1);

  op->op.run = read_run;
  op->op.reply = read_reply;
  op->op.free = read_free;
  op->id = id;
  op->func = func;
  op->user_data = user_data;
  facet_store_push_read (self, &op->op);
}

/* Writing */

typedef struct {
  FacetStoreOp       op;
  GPtrArray         *trees; /* of FacetTree */
  FacetTreeMediaFunc commit_media;
  gpointer           media_data;
  FacetProgress     *progress; /* NULL: nobody looks */
  guint              begin;
  gint64             next_folder; /* an id that nobody else gives */
  GCancellable      *cancellable;
  FacetStoreFunc     func;
  gpointer           user_data;
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
write_conversation (AddOp *add, FacetDb *db, FacetTree *tree, GError **error)
{
  FacetConversationRow *row = tree->conversation;
  sqlite3_stmt         *statement;

  row->folder = 0;
  if (tree->folder != NULL && (row->folder = find_folder (add, db, tree->folder, error)) == 0)
    return FALSE;
  statement = facet_db_statement (db,
                                  "INSERT INTO conversations (title, title_is_own, created,"
                                  "  updated, pinned, archived, thinking, draft, folder_id)"
                                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, nullif (?9, 0))",
                                  error);
  if (statement == NULL)
    return FALSE;
  sqlite3_bind_text (statement, 1, row->title != NULL ? row->title : "", -1, SQLITE_STATIC);
  sqlite3_bind_int (statement, 2, row->title_is_own);
  sqlite3_bind_int64 (statement, 3, row->created);
  sqlite3_bind_int64 (statement, 4, row->updated);
  sqlite3_bind_int (statement, 5, row->pinned);
  sqlite3_bind_int (statement, 6, tree->conversation->archived);
  sqlite3_bind_int (statement, 7, row->thinking);
  sqlite3_bind_text (statement, 8, row->draft != NULL ? row->draft : "", -1, SQLITE_STATIC);
  sqlite3_bind_int64 (statement, 9, row->folder);
  if (!facet_db_run (db, statement, error))
    return FALSE;
  tree->conversation->id = facet_db_last_id (db);
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

/* Numbers become ids, in the rows, too. */
static gboolean
write_messages (FacetDb *db, FacetTree *tree, GCancellable *cancellable, GError **error)
{
  for (guint i = 0; i < tree->messages->len; i++) {
    FacetMessageRow *row = tree->messages->pdata[i];
    gint64           deleted = g_array_index (tree->deleted, gint64, i);

    if (g_cancellable_set_error_if_cancelled (cancellable, error))
      return FALSE;
    if (row->parent_id != 0) /* it comes before, so it has its id */
      row->parent_id = facet_tree_get (tree, row->parent_id)->id;
    if (!facet_message_row_add (db, tree->conversation->id, row, error) ||
        !facet_attachments_write (db, row->id, row->attachments, error) ||
        (deleted != 0 && !set_deleted (db, row->id, deleted, error)))
      return FALSE;
  }
  if (tree->conversation->head_id != 0)
    tree->conversation->head_id = facet_tree_get (tree, tree->conversation->head_id)->id;
  return TRUE;
}

static gboolean
write_tree (AddOp *add, FacetDb *db, FacetTree *tree, GError **error)
{
  gint64 id;

  if (!write_conversation (add, db, tree, error) ||
      !write_messages (db, tree, add->cancellable, error))
    return FALSE;
  id = tree->conversation->id;
  return (tree->conversation->head_id == 0 ||
          facet_head_write (db, id, tree->conversation->head_id, error)) &&
         facet_draft_attachments_write (db, id, tree->draft_media, error);
}

static gboolean
add_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  AddOp *add = (AddOp *)op;

  if (!facet_db_begin (db, TRUE, error))
    return FALSE;
  for (guint i = 0; i < add->trees->len; i++) {
    guint step = (guint)((guint64)(FACET_TREE_PROGRESS - add->begin) * i / add->trees->len);

    facet_progress_set (add->progress, add->begin + step, FACET_TREE_PROGRESS);
    if (!write_tree (add, db, add->trees->pdata[i], error))
      return FALSE;
  }
  /* Last, so that whatever failed before has left no file; files without rows harm nobody, rows
   * without files would. */
  return (add->commit_media == NULL || add->commit_media (add->media_data, error)) &&
         facet_db_commit (db, error);
}

static void
add_reply (FacetStoreOp *op)
{
  AddOp *add = (AddOp *)op;

  add->func (op->error, add->user_data);
}

static void
add_free (FacetStoreOp *op)
{
  AddOp *add = (AddOp *)op;

  g_ptr_array_unref (add->trees);
  g_clear_pointer (&add->progress, facet_progress_unref);
  g_clear_object (&add->cancellable);
  g_free (add);
}

void
facet_store_add_trees (FacetStore        *self,
                       GPtrArray         *trees,
                       FacetTreeMediaFunc commit_media,
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
  op->trees = g_ptr_array_ref (trees);
  op->commit_media = commit_media;
  op->media_data = media_data;
  op->progress = progress != NULL ? facet_progress_ref (progress) : NULL;
  op->begin = begin;
  op->next_folder = first_folder;
  g_set_object (&op->cancellable, cancellable);
  op->func = func;
  op->user_data = user_data;
  facet_store_push_write (self, &op->op);
}
