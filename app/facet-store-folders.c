/* facet-store-folders.c: the folders of conversations in the store.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The *_run functions run on a store thread, the others on the main thread.  That a deleted
 * folder's conversations stay, in none, is the schema's doing. */
#define G_LOG_DOMAIN "facet-store"

#include "facet-folder.h"
#include "facet-store-private.h"

typedef struct {
  FacetStoreOp   op;
  GPtrArray     *rows; /* of FacetFolderRow, in order */
  gint64         id;
  FacetStoreFunc func;
  gpointer       user_data;
} FolderOp;

void
facet_folder_row_free (FacetFolderRow *self)
{
  g_free (self->name);
  g_free (self);
}

static gboolean
list_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  FacetRowsOp  *rows_op = (FacetRowsOp *)op;
  GError       *failure = NULL;
  sqlite3_stmt *statement =
      facet_db_statement (db, "SELECT id, name FROM folders ORDER BY position, id", error);

  if (statement == NULL)
    return FALSE;
  while (facet_db_next (db, statement, &failure)) {
    FacetFolderRow *row = g_new0 (FacetFolderRow, 1);
    const char     *name = (const char *)sqlite3_column_text (statement, 1);

    row->id = sqlite3_column_int64 (statement, 0);
    row->name = g_utf8_make_valid (name != NULL ? name : "", -1);
    g_ptr_array_add (rows_op->rows, row);
  }
  if (failure != NULL)
    g_propagate_error (error, failure);
  return failure == NULL;
}

void
facet_store_list_folders (FacetStore *self, FacetStoreRowsFunc func, gpointer user_data)
{
  FacetRowsOp *op =
      facet_rows_op_new (list_run, (GDestroyNotify)facet_folder_row_free, func, user_data);

  facet_store_push_read (self, &op->op);
}

static gboolean
write_folder (FacetDb *db, const FacetFolderRow *row, guint position, GError **error)
{
  sqlite3_stmt *statement =
      facet_db_statement (db,
                          "INSERT INTO folders (id, name, position, created)"
                          " VALUES (?1, ?2, ?3, ?4)"
                          " ON CONFLICT (id) DO UPDATE SET name = ?2, position = ?3",
                          error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, row->id);
  sqlite3_bind_text (statement, 2, row->name, -1, SQLITE_STATIC);
  sqlite3_bind_int64 (statement, 3, position);
  sqlite3_bind_int64 (statement, 4, g_get_real_time ());
  return facet_db_run (db, statement, error);
}

static gboolean
save_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  FolderOp *folder = (FolderOp *)op;

  if (!facet_db_begin (db, FALSE, error))
    return FALSE;
  for (guint i = 0; i < folder->rows->len; i++) {
    if (!write_folder (db, g_ptr_array_index (folder->rows, i), i, error))
      return FALSE;
  }
  return facet_db_commit (db, error);
}

static gboolean
delete_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  sqlite3_stmt *statement = facet_db_statement (db, "DELETE FROM folders WHERE id = ?1", error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, ((FolderOp *)op)->id);
  return facet_db_run (db, statement, error);
}

static void
folder_reply (FacetStoreOp *op)
{
  FolderOp *folder = (FolderOp *)op;

  folder->func (op->error, folder->user_data);
}

static void
folder_free (FacetStoreOp *op)
{
  FolderOp *folder = (FolderOp *)op;

  g_clear_pointer (&folder->rows, g_ptr_array_unref);
  g_free (folder);
}

static FolderOp *
folder_new (gboolean (*run) (FacetStoreOp *, FacetDb *, GError **),
            FacetStoreFunc func,
            gpointer       user_data)
{
  FolderOp *folder = g_new0 (FolderOp, 1);

  folder->op.run = run;
  folder->op.reply = folder_reply;
  folder->op.free = folder_free;
  folder->func = func;
  folder->user_data = user_data;
  return folder;
}

void
facet_store_save_folders (FacetStore    *self,
                          GPtrArray     *rows,
                          FacetStoreFunc func,
                          gpointer       user_data)
{
  FolderOp *folder = folder_new (save_run, func, user_data);

  folder->rows = rows;
  facet_store_push_write (self, &folder->op);
}

void
facet_store_delete_folder (FacetStore *self, gint64 id, FacetStoreFunc func, gpointer user_data)
{
  FolderOp *folder = folder_new (delete_run, func, user_data);

  folder->id = id;
  facet_store_push_write (self, &folder->op);
}
