/* facet-store-attachments.c: what is attached to messages, in the table and in the media folder.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The *_run function and the two called by facet-store-rows.c run on a store thread.
 *
 * The sweep runs on the writer, in its turn: a message is stored before it or after it, and what it
 * refers to is younger than a day then. */
#define G_LOG_DOMAIN "facet-store"

#include "facet-store-private.h"
#include "facet-media-folder.h"
#include "facet-private-folder.h"

/* Rows */

#define COLUMNS "position, kind, name, media_type, content_hash, size, soft_tokens, details"

/* @owner: a message, or the conversation of a draft. */
static gboolean
write_one (FacetDb    *db,
           const char *insert,
           gint64      owner,
           guint       position,
           FacetMedia *media,
           GError    **error)
{
  g_autofree char *details = facet_media_dup_details (media);
  sqlite3_stmt    *statement = facet_db_statement (db, insert, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, owner);
  sqlite3_bind_int (statement, 2, (int)position);
  sqlite3_bind_text (statement, 3, facet_media_kind_to_text (facet_media_get_kind (media)), -1,
                     SQLITE_STATIC);
  sqlite3_bind_text (statement, 4, facet_media_get_name (media), -1, SQLITE_STATIC);
  sqlite3_bind_text (statement, 5, facet_media_get_media_type (media), -1, SQLITE_STATIC);
  sqlite3_bind_text (statement, 6, facet_media_get_content_hash (media), -1, SQLITE_STATIC);
  sqlite3_bind_int64 (statement, 7, (gint64)facet_media_get_size (media));
  sqlite3_bind_int64 (statement, 8, facet_media_get_n_tokens (media));
  sqlite3_bind_text (statement, 9, details, -1, SQLITE_STATIC);
  if (!facet_db_run (db, statement, error))
    return FALSE;
  facet_media_folder_settle (facet_media_get_content_hash (media));
  return TRUE;
}

gboolean
facet_attachments_write (FacetDb *db, gint64 message, GPtrArray *attachments, GError **error)
{
  for (guint i = 0; attachments != NULL && i < attachments->len; i++)
    if (!write_one (db,
                    "INSERT INTO attachments (message_id, " COLUMNS ")"
                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                    message, i, g_ptr_array_index (attachments, i), error))
      return FALSE;
  return TRUE;
}

gboolean
facet_draft_attachments_write (FacetDb   *db,
                               gint64     conversation,
                               GPtrArray *attachments,
                               GError   **error)
{
  sqlite3_stmt *statement =
      facet_db_statement (db, "DELETE FROM draft_attachments WHERE conversation_id = ?1", error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, conversation);
  if (!facet_db_run (db, statement, error))
    return FALSE;
  for (guint i = 0; i < attachments->len; i++)
    if (!write_one (db,
                    "INSERT INTO draft_attachments (conversation_id, " COLUMNS ")"
                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                    conversation, i, g_ptr_array_index (attachments, i), error))
      return FALSE;
  return TRUE;
}

static const char *
column (sqlite3_stmt *statement, int index)
{
  const char *text = (const char *)sqlite3_column_text (statement, index);

  return text != NULL && g_utf8_validate (text, -1, NULL) ? text : "";
}

/* NULL: of a kind that this Facet does not know. */
static FacetMedia *
read_one (sqlite3_stmt *statement, const char *folder)
{
  FacetMediaInfo info = {.folder = folder};

  if (!facet_media_kind_from_text (column (statement, 1), &info.kind))
    return NULL;
  info.name = column (statement, 2);
  info.media_type = column (statement, 3);
  info.content_hash = column (statement, 4);
  info.size = (guint64)MAX (sqlite3_column_int64 (statement, 5), 0);
  info.n_sound_tokens = (guint)CLAMP (sqlite3_column_int64 (statement, 6), 0, G_MAXINT);
  return facet_media_new_stored (&info, column (statement, 7));
}

static char *
dup_folder (FacetDb *db)
{
  g_autofree char *data_folder = g_path_get_dirname (facet_db_get_path (db));

  return facet_media_folder_of (data_folder);
}

/* Takes @media. */
static void
attach (FacetMessageRow *row, FacetMedia *media)
{
  if (row->attachments == NULL)
    row->attachments = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (row->attachments, media);
}

gboolean
facet_attachments_read (FacetDb *db, gint64 conversation, GPtrArray *rows, GError **error)
{
  g_autofree char *folder = dup_folder (db);
  g_autoptr (GHashTable) by_id = g_hash_table_new (g_int64_hash, g_int64_equal);
  GError       *failure = NULL;
  sqlite3_stmt *statement =
      facet_db_statement (db,
                          "SELECT a.message_id, a.kind, a.name, a.media_type, a.content_hash,"
                          "  a.size, a.soft_tokens, a.details"
                          " FROM messages m JOIN attachments a ON a.message_id = m.id"
                          " WHERE m.conversation_id = ?1 ORDER BY a.message_id, a.position, a.id",
                          error);

  if (statement == NULL)
    return FALSE;
  for (guint i = 0; i < rows->len; i++) {
    FacetMessageRow *row = g_ptr_array_index (rows, i);

    g_hash_table_insert (by_id, &row->id, row);
  }
  sqlite3_bind_int64 (statement, 1, conversation);
  while (facet_db_next (db, statement, &failure)) {
    gint64           id = sqlite3_column_int64 (statement, 0);
    FacetMessageRow *row = g_hash_table_lookup (by_id, &id);
    FacetMedia      *media = row != NULL ? read_one (statement, folder) : NULL;

    if (media != NULL)
      attach (row, media);
  }
  if (failure != NULL)
    g_propagate_error (error, failure);
  return failure == NULL;
}

GPtrArray *
facet_draft_attachments_read (FacetDb *db, gint64 conversation, GError **error)
{
  g_autofree char *folder = dup_folder (db);
  g_autoptr (GPtrArray) media = g_ptr_array_new_with_free_func (g_object_unref);
  GError       *failure = NULL;
  sqlite3_stmt *statement = facet_db_statement (db,
                                                "SELECT " COLUMNS " FROM draft_attachments"
                                                " WHERE conversation_id = ?1 ORDER BY position",
                                                error);

  if (statement == NULL)
    return NULL;
  sqlite3_bind_int64 (statement, 1, conversation);
  while (facet_db_next (db, statement, &failure)) {
    FacetMedia *one = read_one (statement, folder);

    if (one != NULL)
      g_ptr_array_add (media, one);
  }
  if (failure != NULL) {
    g_propagate_error (error, failure);
    return NULL;
  }
  return g_steal_pointer (&media);
}

/* Sweeping */

typedef struct {
  FacetStoreOp op;
  guint        n_deleted;
} SweepOp;

/* A database that was set aside still refers to its files. */
static gboolean
has_set_aside (const char *data_folder)
{
  g_autoptr (GDir) dir = g_dir_open (data_folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (name, "facet.db.damaged-"))
      return TRUE;
  return dir == NULL;
}

/* Whether anything refers to the file. */
static gboolean
is_referenced (FacetDb *db, const char *hash, gboolean *referenced, GError **error)
{
  GError       *failure = NULL;
  sqlite3_stmt *statement =
      facet_db_statement (db,
                          "SELECT 1 WHERE EXISTS (SELECT 1 FROM attachments WHERE content_hash = "
                          "?1)"
                          " OR EXISTS (SELECT 1 FROM draft_attachments WHERE content_hash = ?1)",
                          error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_text (statement, 1, hash, -1, SQLITE_STATIC);
  *referenced = facet_db_next (db, statement, &failure);
  sqlite3_reset (statement);
  if (failure != NULL)
    g_propagate_error (error, failure);
  return failure == NULL;
}

gboolean
facet_attachments_collect (FacetDb *db, GHashTable *hashes, GError **error)
{
  g_autofree char *data_folder = g_path_get_dirname (facet_db_get_path (db));
  g_autofree char *folder = facet_media_folder_of (data_folder);
  GHashTableIter   iter;
  gpointer         hash;

  if (has_set_aside (data_folder))
    return TRUE;
  g_hash_table_iter_init (&iter, hashes);
  while (g_hash_table_iter_next (&iter, &hash, NULL)) {
    gboolean referenced = TRUE;

    if (!is_referenced (db, hash, &referenced, error))
      return FALSE;
    if (!referenced && facet_media_is_content_hash (hash))
      facet_media_folder_discard (folder, hash);
  }
  return TRUE;
}

static gboolean
sweep_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  g_autofree char *data_folder = g_path_get_dirname (facet_db_get_path (db));
  g_autofree char *folder = facet_media_folder_of (data_folder);
  g_autoptr (GHashTable) referenced = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GError       *failure = NULL;
  sqlite3_stmt *statement;

  facet_private_folder_sweep ();
  if (!g_file_test (folder, G_FILE_TEST_IS_DIR) || has_set_aside (data_folder))
    return TRUE;
  statement = facet_db_statement (db,
                                  "SELECT content_hash FROM attachments"
                                  " UNION SELECT content_hash FROM draft_attachments",
                                  error);
  if (statement == NULL)
    return FALSE;
  while (facet_db_next (db, statement, &failure))
    g_hash_table_add (referenced, g_strdup (column (statement, 0)));
  if (failure != NULL) {
    g_propagate_error (error, failure);
    return FALSE;
  }
  ((SweepOp *)op)->n_deleted =
      facet_media_folder_sweep (folder, referenced, g_get_real_time () / G_USEC_PER_SEC);
  return TRUE;
}

static void
sweep_reply (FacetStoreOp *op)
{
  if (op->error != NULL)
    g_message ("%s", op->error->message);
  else
    g_debug ("%u files that nothing refers to were deleted", ((SweepOp *)op)->n_deleted);
}

static void
sweep_free (FacetStoreOp *op)
{
  g_free (op);
}

void
facet_store_push_sweep (FacetStore *self)
{
  SweepOp *op = g_new0 (SweepOp, 1);

  op->op.run = sweep_run;
  op->op.reply = sweep_reply;
  op->op.free = sweep_free;
  facet_store_push_write (self, &op->op);
}
