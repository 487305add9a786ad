/* facet-store-tree.c: whole conversations out of the store.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The *_run function and the readers run on the thread that owns the connection, the rest on the
 * main thread.  Every column of conversations and messages is read here, and written in
 * facet-store-add.c, but conversations.deleted_at: what lies in the trash is not exported. */
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
