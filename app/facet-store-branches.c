/* facet-store-branches.c: the branches of a conversation in the store: all of its messages as a
 * tree, and which branch is shown.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The *_run functions run on a store thread, the others on the main thread. */
#define G_LOG_DOMAIN "facet-store"

#include "facet-store-private.h"

typedef struct {
  FacetStoreOp        op;
  gint64              conversation, head;
  GArray             *links; /* of FacetMessageLink */
  GPtrArray          *rows;  /* of FacetMessageRow */
  FacetStoreLinksFunc links_func;
  FacetStoreRowsFunc  rows_func;
  gpointer            user_data;
} BranchOp;

gboolean
facet_links_read (FacetDb *db, gint64 conversation, GArray *links, GError **error)
{
  GError       *failure = NULL;
  sqlite3_stmt *statement =
      facet_db_statement (db,
                          "SELECT id, parent_id, deleted_at IS NOT NULL FROM messages"
                          " WHERE conversation_id = ?1 ORDER BY id",
                          error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, conversation);
  while (facet_db_next (db, statement, &failure)) {
    FacetMessageLink link = {sqlite3_column_int64 (statement, 0),
                             sqlite3_column_int64 (statement, 1),
                             sqlite3_column_int (statement, 2) != 0};

    g_array_append_val (links, link);
  }
  if (failure != NULL)
    g_propagate_error (error, failure);
  return failure == NULL;
}

static gboolean
links_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  BranchOp *branch = (BranchOp *)op;

  return facet_links_read (db, branch->conversation, branch->links, error);
}

static gboolean
show_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  BranchOp *branch = (BranchOp *)op;

  return facet_db_begin (db, FALSE, error) &&
         facet_head_write (db, branch->conversation, branch->head, error) &&
         facet_path_read (db, branch->conversation, branch->rows, error) &&
         facet_db_commit (db, error);
}

static void
branch_reply (FacetStoreOp *op)
{
  BranchOp *branch = (BranchOp *)op;

  if (branch->links_func != NULL)
    branch->links_func (branch->links, op->error, branch->user_data);
  if (branch->rows_func != NULL)
    branch->rows_func (branch->rows, op->error, branch->user_data);
}

static void
branch_free (FacetStoreOp *op)
{
  BranchOp *branch = (BranchOp *)op;

  g_array_unref (branch->links);
  g_ptr_array_unref (branch->rows);
  g_free (branch);
}

static BranchOp *
branch_new (gboolean (*run) (FacetStoreOp *, FacetDb *, GError **),
            gint64   conversation,
            gpointer user_data)
{
  BranchOp *branch = g_new0 (BranchOp, 1);

  branch->op.run = run;
  branch->op.reply = branch_reply;
  branch->op.free = branch_free;
  branch->conversation = conversation;
  branch->links = g_array_new (FALSE, FALSE, sizeof (FacetMessageLink));
  branch->rows = g_ptr_array_new_with_free_func ((GDestroyNotify)facet_message_row_free);
  branch->user_data = user_data;
  return branch;
}

void
facet_store_load_links (FacetStore         *self,
                        gint64              conversation,
                        FacetStoreLinksFunc func,
                        gpointer            user_data)
{
  BranchOp *branch = branch_new (links_run, conversation, user_data);

  branch->links_func = func;
  facet_store_push_read (self, &branch->op);
}

void
facet_store_show_branch (FacetStore        *self,
                         gint64             conversation,
                         gint64             head,
                         FacetStoreRowsFunc func,
                         gpointer           user_data)
{
  BranchOp *branch = branch_new (show_run, conversation, user_data);

  branch->head = head;
  branch->rows_func = func;
  facet_store_push_write (self, &branch->op);
}
