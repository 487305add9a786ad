/* facet-store-db.c: SQLite, in Facet's terms.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Runs on whichever thread owns the connection; knows neither threads nor conversations.
 *
 * The file is in WAL mode: readers and the writer do not wait for each other, and a killed process
 * leaves at most a log that the next opening replays.  Without a durable commit the log reaches the
 * disk when the kernel likes: a kill loses nothing, a power cut perhaps the last moments. */
#define G_LOG_DOMAIN "facet-store"

#include "config.h"

#include "facet-store-db.h"

#include "facet-search-tokenizer.h"
#include "facet-store-backup.h"
#include "facet-store-newest.h"
#include "facet-store-schema.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define BUSY_TIMEOUT_MS    5000
#define CANCEL_CHECK_STEPS 500 /* instructions of SQLite's machine: far less than a millisecond */

struct _FacetDb {
  sqlite3    *db;
  char       *path;
  GHashTable *statements; /* const char *sql, by address → sqlite3_stmt * */
  FacetTimes *times;      /* NULL: nobody has asked */
  gboolean    durable;    /* the open transaction is */
  int         version;    /* of the schema, as opened or upgraded */
};

G_DEFINE_QUARK (facet_store_error_quark, facet_store_error)

gboolean
facet_db_fail (FacetDb *self, int code, GError **error)
{
  /* What was rolled back is no longer SQLite's last error. */
  const char      *detail = self->db != NULL && sqlite3_errcode (self->db) != SQLITE_OK
                                ? sqlite3_errmsg (self->db)
                                : sqlite3_errstr (code);
  g_autofree char *name = g_filename_display_name (self->path);

  switch (code & 0xff) {
  case SQLITE_FULL:
    g_set_error (error, FACET_STORE_ERROR, FACET_STORE_ERROR_NO_SPACE,
                 _ ("The disk is full: “%s” could not be written.  Free some space and try again."),
                 name);
    break;
  case SQLITE_READONLY:
  case SQLITE_PERM:
    g_set_error (error, FACET_STORE_ERROR, FACET_STORE_ERROR_READ_ONLY,
                 _ ("“%s” cannot be written.  Allow writing to the file and its folder and try "
                    "again."),
                 name);
    break;
  case SQLITE_CANTOPEN:
    g_set_error (error, FACET_STORE_ERROR, FACET_STORE_ERROR_READ_ONLY,
                 _ ("“%s” cannot be opened.  Check that the file and its folder can be read and "
                    "written, and that the disk is not full."),
                 name);
    break;
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    g_set_error (error, FACET_STORE_ERROR, FACET_STORE_ERROR_FAILED,
                 _ ("Another program is writing to “%s”.  Close it and try again."), name);
    break;
  case SQLITE_INTERRUPT:
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, detail);
    break;
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
    g_set_error (error, FACET_STORE_ERROR, FACET_STORE_ERROR_DAMAGED, _ ("“%s” is damaged (%s)."),
                 name, detail);
    break;
  default:
    g_set_error (error, FACET_STORE_ERROR, FACET_STORE_ERROR_FAILED,
                 _ ("“%s” could not be used: %s."), name, detail);
  }
  return FALSE;
}

static void
statement_free (gpointer statement)
{
  sqlite3_finalize (statement);
}

static FacetDb *
db_new (const char *path)
{
  FacetDb *self = g_new0 (FacetDb, 1);

  self->path = g_strdup (path);
  self->statements = g_hash_table_new_full (NULL, NULL, NULL, statement_free);
  return self;
}

void
facet_db_close (FacetDb *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->statements);
  facet_times_free (self->times);
  sqlite3_close (self->db);
  g_free (self->path);
  g_free (self);
}

const char *
facet_db_get_path (FacetDb *self)
{
  return self->path;
}

/* The first column of the first row of @sql, as a number. */
static gboolean
read_number (FacetDb *self, const char *sql, int *number, GError **error)
{
  sqlite3_stmt *statement = NULL;
  int           code = sqlite3_prepare_v2 (self->db, sql, -1, &statement, NULL);

  if (code == SQLITE_OK)
    code = sqlite3_step (statement);
  if (code == SQLITE_ROW)
    *number = sqlite3_column_int (statement, 0);
  sqlite3_finalize (statement);
  return code == SQLITE_ROW || facet_db_fail (self, code, error);
}

/* Which version the file is of; refuses what is not Facet's or is from the future. */
static gboolean
identify (FacetDb *self, GError **error)
{
  g_autofree char *name = g_filename_display_name (self->path);
  int              application = 0, n_tables = 0;

  if (!read_number (self, "PRAGMA user_version", &self->version, error) ||
      !read_number (self, "PRAGMA application_id", &application, error) ||
      !read_number (self, "SELECT count (*) FROM sqlite_schema", &n_tables, error))
    return FALSE;
  if (application != FACET_SCHEMA_APPLICATION_ID && (n_tables > 0 || self->version != 0)) {
    g_set_error (error, FACET_STORE_ERROR, FACET_STORE_ERROR_NOT_OURS,
                 _ ("“%s” is the database of another program.  Move it away or choose another "
                    "folder."),
                 name);
    return FALSE;
  }
  if (self->version > FACET_SCHEMA_VERSION) {
    g_set_error (error, FACET_STORE_ERROR, FACET_STORE_ERROR_NOT_OURS,
                 _ ("“%s” was written by a newer version of Facet (%d; this one knows up to %d).  "
                    "Nothing was changed.  Install the newer version, or move the file away."),
                 name, self->version, FACET_SCHEMA_VERSION);
    return FALSE;
  }
  return TRUE;
}

/* What people write is nobody else's to read, whatever the umask says.  SQLite gives the log the
 * same mode. */
static void
make_private (const char *path)
{
  int fd = g_open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_EXCL, 0600);

  if (fd >= 0)
    close (fd);
}

gboolean
facet_db_copy_to (FacetDb *self, const char *path, GError **error)
{
  sqlite3_stmt *statement = facet_db_statement (self, "VACUUM INTO ?1", error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_text (statement, 1, path, -1, SQLITE_STATIC);
  return facet_db_run (self, statement, error);
}

static gboolean
open_connection (FacetDb *self, const char *path, int flags, GError **error)
{
  int code = sqlite3_open_v2 (path, &self->db, flags | SQLITE_OPEN_NOMUTEX, NULL);

  if (code != SQLITE_OK)
    return facet_db_fail (self, code, error);
  sqlite3_extended_result_codes (self->db, 1);
  sqlite3_busy_timeout (self->db, BUSY_TIMEOUT_MS);
  sqlite3_db_config (self->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  code = facet_search_tokenizer_register (self->db);
  return code == SQLITE_OK || facet_db_fail (self, code, error);
}

/* What holds for every connection that writes. */
static gboolean
set_up_writer (FacetDb *self, GError **error)
{
  /* What is deleted is overwritten, and nothing is sorted in files elsewhere. */
  return facet_db_exec (self, "PRAGMA foreign_keys = ON", error) &&
         facet_db_exec (self, "PRAGMA secure_delete = ON", error) &&
         facet_db_exec (self, "PRAGMA temp_store = MEMORY", error);
}

gboolean
facet_db_upgrade (FacetDb *self, GError **error)
{
  int code;

  if (self->version < FACET_SCHEMA_VERSION) {
    if (self->version > 0 && !facet_backup_make (self, self->version, error))
      return FALSE;
    code = facet_schema_upgrade (self->db, self->version, FACET_SCHEMA_VERSION);
    if (code != SQLITE_OK)
      return facet_db_fail (self, code, error);
    self->version = FACET_SCHEMA_VERSION;
  }
  return set_up_writer (self, error);
}

static gboolean
open_file (FacetDb *self, GError **error)
{
  make_private (self->path);
  if (!open_connection (self, self->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error))
    return FALSE;
  /* Until we know that the file is ours, closing it must not even fold its log into it. */
  sqlite3_db_config (self->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  if (!identify (self, error))
    return FALSE;
  if (sqlite3_db_readonly (self->db, "main") == 1)
    return facet_db_fail (self, SQLITE_READONLY, error);
  sqlite3_db_config (self->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
  return facet_db_exec (self, "PRAGMA journal_mode = WAL", error) &&
         facet_db_exec (self, "PRAGMA synchronous = NORMAL", error);
}

FacetDb *
facet_db_open (const char *path, GError **error)
{
  FacetDb *self = db_new (path);

  if (!open_file (self, error))
    g_clear_pointer (&self, facet_db_close);
  return self;
}

FacetDb *
facet_db_open_in_memory (const char *path, GError **error)
{
  FacetDb *self = db_new (path);

  if (!open_connection (self, ":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error) ||
      !facet_db_upgrade (self, error))
    g_clear_pointer (&self, facet_db_close);
  return self;
}

/* The log, if there is one, holds nothing. */
static gboolean
has_no_log (const char *path)
{
  g_autofree char *log = g_strconcat (path, "-wal", NULL);
  GStatBuf         info;

  return g_stat (log, &info) != 0 || info.st_size == 0;
}

/* Opening alone reads nothing. */
static gboolean
try_reading (FacetDb *self, const char *path, int flags, GError **error)
{
  if (!open_connection (self, path, flags | SQLITE_OPEN_READONLY, error))
    return FALSE;
  /* The log is the writer's to fold in, and to remove. */
  sqlite3_db_config (self->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  return identify (self, error);
}

/* Where nothing can be written, SQLite cannot make the files beside a log.  If there is no log,
 * nobody has the file open, and nobody can change it. */
FacetDb *
facet_db_open_reader (const char *path, GError **error)
{
  FacetDb         *self = db_new (path);
  g_autofree char *uri = NULL;
  g_autofree char *escaped = NULL;
  g_autoptr (GError) failure = NULL;

  if (try_reading (self, path, 0, &failure))
    return self;
  if (g_error_matches (failure, FACET_STORE_ERROR, FACET_STORE_ERROR_READ_ONLY) &&
      has_no_log (path)) {
    facet_db_close (self);
    self = db_new (path);
    escaped = g_uri_escape_string (path, "/", FALSE);
    uri = g_strdup_printf ("file:%s?immutable=1", escaped);
    g_clear_error (&failure);
    if (try_reading (self, uri, SQLITE_OPEN_URI, &failure))
      return self;
  }
  g_propagate_error (error, g_steal_pointer (&failure));
  facet_db_close (self);
  return NULL;
}

int
facet_db_get_version (FacetDb *self)
{
  return self->version;
}

gboolean
facet_db_check (FacetDb *self, GError **error)
{
  sqlite3_stmt    *statement = facet_db_statement (self, "PRAGMA quick_check (1)", error);
  g_autofree char *finding = NULL;

  if (statement == NULL || !facet_db_next (self, statement, error))
    return FALSE;
  finding = g_strdup ((const char *)sqlite3_column_text (statement, 0));
  sqlite3_reset (statement);
  if (g_strcmp0 (finding, "ok") == 0)
    return TRUE;
  g_set_error (error, FACET_STORE_ERROR, FACET_STORE_ERROR_DAMAGED, _ ("“%s” is damaged (%s)."),
               self->path, finding != NULL ? finding : "no answer");
  return FALSE;
}

char *
facet_db_set_aside (const char *path, GError **error)
{
  static const char *const suffixes[] = {"", "-wal", "-shm"};
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *date = g_date_time_format (now, "%Y-%m-%d");
  g_autofree char *target = g_strdup_printf ("%s.damaged-%s", path, date);

  for (int n = 2; g_file_test (target, G_FILE_TEST_EXISTS); n++) {
    g_free (target);
    target = g_strdup_printf ("%s.damaged-%s-%d", path, date, n);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (suffixes); i++) {
    g_autofree char *from = g_strconcat (path, suffixes[i], NULL);
    g_autofree char *to = g_strconcat (target, suffixes[i], NULL);

    if (g_rename (from, to) == 0 || errno == ENOENT)
      continue;
    g_set_error (error, FACET_STORE_ERROR, FACET_STORE_ERROR_FAILED,
                 _ ("The damaged “%s” could not be set aside: %s."), from, g_strerror (errno));
    return NULL;
  }
  return g_steal_pointer (&target);
}

sqlite3_stmt *
facet_db_statement (FacetDb *self, const char *sql, GError **error)
{
  sqlite3_stmt *statement = g_hash_table_lookup (self->statements, sql);
  int           code;

  if (statement != NULL) {
    sqlite3_reset (statement);
    sqlite3_clear_bindings (statement);
    return statement;
  }
  code = sqlite3_prepare_v3 (self->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
  if (code != SQLITE_OK) {
    facet_db_fail (self, code, error);
    return NULL;
  }
  g_hash_table_insert (self->statements, (gpointer)sql, statement);
  return statement;
}

gboolean
facet_db_next (FacetDb *self, sqlite3_stmt *statement, GError **error)
{
  int code = sqlite3_step (statement);

  if (code == SQLITE_ROW)
    return TRUE;
  if (code != SQLITE_DONE)
    facet_db_fail (self, code, error);
  sqlite3_reset (statement);
  return FALSE;
}

gboolean
facet_db_run (FacetDb *self, sqlite3_stmt *statement, GError **error)
{
  int code = sqlite3_step (statement);

  if (code != SQLITE_DONE && code != SQLITE_ROW)
    facet_db_fail (self, code, error);
  sqlite3_reset (statement);
  return code == SQLITE_DONE || code == SQLITE_ROW;
}

gboolean
facet_db_exec (FacetDb *self, const char *sql, GError **error)
{
  int code = sqlite3_exec (self->db, sql, NULL, NULL, NULL);

  return code == SQLITE_OK || facet_db_fail (self, code, error);
}

static int
is_cancelled (gpointer cancellable)
{
  return g_cancellable_is_cancelled (cancellable);
}

void
facet_db_set_cancellable (FacetDb *self, GCancellable *cancellable)
{
  sqlite3_progress_handler (self->db, CANCEL_CHECK_STEPS, cancellable != NULL ? is_cancelled : NULL,
                            cancellable);
}

FacetTimes *
facet_db_get_times (FacetDb *self)
{
  if (self->times == NULL)
    self->times = facet_times_new ();
  return self->times;
}

gint64
facet_db_last_id (FacetDb *self)
{
  return sqlite3_last_insert_rowid (self->db);
}

gboolean
facet_db_begin_ids (FacetDb *self, gint64 base, GError **error)
{
  sqlite3_stmt *statement =
      facet_db_statement (self,
                          "INSERT INTO sqlite_sequence (name, seq) VALUES ('conversations', ?1)",
                          error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, base);
  return facet_db_run (self, statement, error);
}

gboolean
facet_db_begin (FacetDb *self, gboolean durable, GError **error)
{
  self->durable = durable;
  if (durable && !facet_db_exec (self, "PRAGMA synchronous = FULL", error))
    return FALSE;
  return facet_db_exec (self, "BEGIN IMMEDIATE", error);
}

static void
end_transaction (FacetDb *self)
{
  if (self->durable)
    facet_db_exec (self, "PRAGMA synchronous = NORMAL", NULL);
  self->durable = FALSE;
}

gboolean
facet_db_commit (FacetDb *self, GError **error)
{
  if (!facet_db_exec (self, "COMMIT", error))
    return FALSE;
  end_transaction (self);
  return TRUE;
}

void
facet_db_rollback (FacetDb *self)
{
  if (!sqlite3_get_autocommit (self->db))
    facet_db_exec (self, "ROLLBACK", NULL);
  end_transaction (self);
}
