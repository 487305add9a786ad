/* facet-store-trash.c: what lies in the trash, and deleting it for good.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The *_run functions run on the writer's thread, the others on the main thread.
 *
 * Deleted for good means that the words are no longer in facet.db: freed pages are overwritten
 * (secure_delete), the full-text index, which only marks what is gone, is merged into one segment
 * without it, and the log is folded in and emptied.
 *
 * A message that was taken out keeps its row, empty: the path to what was written after it leads
 * through it. */
#define G_LOG_DOMAIN "facet-store"

#include "facet-media-folder.h"
#include "facet-store-private.h"

#define DAY_US ((gint64)24 * 60 * 60 * G_USEC_PER_SEC)

/* Which conversations: ?1: one, or 0 for all; ?2: in the trash since then or longer. */
#define DOOMED                                                                                     \
  "SELECT id FROM conversations"                                                                   \
  " WHERE deleted_at > 0 AND (?1 = 0 OR id = ?1) AND deleted_at <= ?2"
/* Which messages: only ?2 counts. */
#define DOOMED_MESSAGES                                                                            \
  "SELECT id FROM messages WHERE deleted_at IS NOT NULL AND ?1 = 0 AND deleted_at <= ?2"

typedef struct {
  FacetStoreOp   op;
  gint64         conversation; /* 0: all */
  gint64         until;
  gboolean       messages; /* those that were taken out of conversations, too */
  FacetStoreFunc func;     /* NULL: nobody asks */
  gpointer       user_data;
} PurgeOp;

static sqlite3_stmt *
prepare (FacetDb *db, const PurgeOp *purge, const char *sql, GError **error)
{
  sqlite3_stmt *statement = facet_db_statement (db, sql, error);

  if (statement != NULL) {
    sqlite3_bind_int64 (statement, 1, purge->conversation);
    sqlite3_bind_int64 (statement, 2, purge->until);
  }
  return statement;
}

static gboolean
run (FacetDb *db, const PurgeOp *purge, const char *sql, int *n_changed, GError **error)
{
  sqlite3_stmt *statement = prepare (db, purge, sql, error);

  if (statement == NULL || !facet_db_run (db, statement, error))
    return FALSE;
  *n_changed += sqlite3_changes (sqlite3_db_handle (statement));
  return TRUE;
}

/* Adds to @hashes what @sql gives. */
static gboolean
collect (FacetDb *db, const PurgeOp *purge, const char *sql, GHashTable *hashes, GError **error)
{
  sqlite3_stmt *statement = prepare (db, purge, sql, error);
  GError       *failure = NULL;

  if (statement == NULL)
    return FALSE;
  while (facet_db_next (db, statement, &failure)) {
    const char *hash = (const char *)sqlite3_column_text (statement, 0);

    if (hash != NULL)
      g_hash_table_add (hashes, g_strdup (hash));
  }
  if (failure != NULL)
    g_propagate_error (error, failure);
  return failure == NULL;
}

static gboolean
purge_conversations (FacetDb       *db,
                     const PurgeOp *purge,
                     GHashTable    *hashes,
                     int           *n_changed,
                     GError       **error)
{
  return collect (db, purge,
                  "SELECT a.content_hash FROM messages m JOIN attachments a ON a.message_id = m.id"
                  " WHERE m.conversation_id IN (" DOOMED ")"
                  " UNION SELECT content_hash FROM draft_attachments"
                  " WHERE conversation_id IN (" DOOMED ")",
                  hashes, error) &&
         run (db, purge, "DELETE FROM conversations WHERE id IN (" DOOMED ")", n_changed, error);
}

static gboolean
purge_messages (FacetDb       *db,
                const PurgeOp *purge,
                GHashTable    *hashes,
                int           *n_changed,
                GError       **error)
{
  return collect (db, purge,
                  "SELECT content_hash FROM attachments WHERE message_id IN (" DOOMED_MESSAGES ")",
                  hashes, error) &&
         run (db, purge, "DELETE FROM attachments WHERE message_id IN (" DOOMED_MESSAGES ")",
              n_changed, error) &&
         run (db, purge,
              "UPDATE messages SET text = '', thinking = '', error = NULL, tool_calls = NULL"
              " WHERE id IN (" DOOMED_MESSAGES ")"
              " AND (text <> '' OR thinking <> '' OR error IS NOT NULL OR tool_calls IS NOT NULL)",
              n_changed, error);
}

/* Readers may hold the log for a moment: then the next checkpoint empties it. */
static gboolean
overwrite (FacetDb *db, GError **error)
{
  return facet_db_exec (db, "INSERT INTO message_fts (message_fts) VALUES ('optimize')", error) &&
         facet_db_exec (db, "PRAGMA wal_checkpoint (TRUNCATE)", error);
}

static gboolean
purge_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  PurgeOp *purge = (PurgeOp *)op;
  g_autoptr (GHashTable) hashes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  int n_changed = 0;

  if (!facet_db_begin (db, TRUE, error) ||
      !purge_conversations (db, purge, hashes, &n_changed, error) ||
      (purge->messages && !purge_messages (db, purge, hashes, &n_changed, error)) ||
      !facet_db_commit (db, error))
    return FALSE;
  return n_changed == 0 || (facet_attachments_collect (db, hashes, error) && overwrite (db, error));
}

static void
purge_reply (FacetStoreOp *op)
{
  PurgeOp *purge = (PurgeOp *)op;

  if (purge->func != NULL)
    purge->func (op->error, purge->user_data);
  else if (op->error != NULL)
    g_message ("%s", op->error->message);
}

static void
purge_free (FacetStoreOp *op)
{
  g_free (op);
}

static PurgeOp *
purge_new (gint64 conversation, gint64 until, FacetStoreFunc func, gpointer user_data)
{
  PurgeOp *purge = g_new0 (PurgeOp, 1);

  purge->op.run = purge_run;
  purge->op.reply = purge_reply;
  purge->op.free = purge_free;
  purge->conversation = conversation;
  purge->until = until;
  purge->func = func;
  purge->user_data = user_data;
  return purge;
}

void
facet_store_purge_conversation (FacetStore    *self,
                                gint64         id,
                                FacetStoreFunc func,
                                gpointer       user_data)
{
  g_return_if_fail (id > 0);
  facet_store_push_write (self, &purge_new (id, G_MAXINT64, func, user_data)->op);
}

void
facet_store_empty_trash (FacetStore *self, gint64 until, FacetStoreFunc func, gpointer user_data)
{
  facet_store_push_write (self, &purge_new (0, until, func, user_data)->op);
}

void
facet_store_push_expiry (FacetStore *self)
{
  PurgeOp *purge = purge_new (0, g_get_real_time () - FACET_TRASH_DAYS * DAY_US, NULL, NULL);

  purge->messages = TRUE;
  facet_store_push_write (self, &purge->op);
}

/* Listing */

static gboolean
list_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  return facet_conversations_read (db,
                                   "SELECT " FACET_CONVERSATION_COLUMNS " FROM conversations"
                                   " WHERE deleted_at > (CAST (strftime ('%s', 'now') AS INTEGER)"
                                   "  - " G_STRINGIFY (
                                       FACET_TRASH_DAYS) " * 86400) * 1000000"
                                                         " ORDER BY deleted_at DESC, id DESC",
                                   ((FacetRowsOp *)op)->rows, error);
}

void
facet_store_list_trash (FacetStore *self, FacetStoreRowsFunc func, gpointer user_data)
{
  FacetRowsOp *op =
      facet_rows_op_new (list_run, (GDestroyNotify)facet_conversation_row_free, func, user_data);

  facet_store_push_write (self, &op->op);
}
