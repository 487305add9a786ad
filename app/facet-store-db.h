/* facet-store-db.h: one connection to facet.db: opening, statements, transactions, errors in words.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to the store.  A FacetDb belongs to one thread at a time. */
#pragma once

#include <gio/gio.h>
#include <sqlite3.h>

G_BEGIN_DECLS

#define FACET_STORE_ERROR (facet_store_error_quark ())

typedef enum {
  FACET_STORE_ERROR_FAILED,
  FACET_STORE_ERROR_NO_SPACE,
  FACET_STORE_ERROR_READ_ONLY,
  FACET_STORE_ERROR_NOT_OURS,  /* a newer Facet's, or another program's: left untouched */
  FACET_STORE_ERROR_DAMAGED,   /* to be set aside */
  FACET_STORE_ERROR_UNDECIDED, /* nobody has said yet what is to take a damaged file's place */
  FACET_STORE_ERROR_CLOSED,
} FacetStoreError;

GQuark facet_store_error_quark (void);

typedef struct _FacetDb    FacetDb;
typedef struct _FacetTimes FacetTimes;

/* Opens the file or creates it; it is to be upgraded before anything else is done. */
FacetDb    *facet_db_open (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Brings an older schema up to date, in one transaction, after a backup was made
 * (facet-store-backup.h). */
gboolean    facet_db_upgrade (FacetDb *self, GError **error);
/* An empty one in memory: nothing is written to @path, whose folder has the media. */
FacetDb    *facet_db_open_in_memory (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A connection that cannot write, beside one that does or where nothing can. */
FacetDb    *facet_db_open_reader (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void        facet_db_close (FacetDb *self);
const char *facet_db_get_path (FacetDb *self);
/* Of the schema. */
int         facet_db_get_version (FacetDb *self);

/* PRAGMA quick_check; DAMAGED says what it found. */
gboolean facet_db_check (FacetDb *self, GError **error);
/* Writes all of it to the file @path, which is empty or not there. */
gboolean facet_db_copy_to (FacetDb *self, const char *path, GError **error);
/* Renames the file and its -wal and -shm to "facet.db.damaged-DATE".  (transfer full): the new
 * name. */
char    *facet_db_set_aside (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The statement of @sql, a string literal: prepared the first time, reset and without bindings
 * every time.  NULL on error. */
sqlite3_stmt *facet_db_statement (FacetDb *self, const char *sql, GError **error);
/* Steps a statement that gives no rows, and resets it. */
gboolean      facet_db_run (FacetDb *self, sqlite3_stmt *statement, GError **error);
/* The next row; FALSE at the end, with the statement reset, or on an error. */
gboolean      facet_db_next (FacetDb *self, sqlite3_stmt *statement, GError **error);
gboolean      facet_db_exec (FacetDb *self, const char *sql, GError **error);
gint64        facet_db_last_id (FacetDb *self);
/* Conversations to come have ids above @base, in a file that has none. */
gboolean      facet_db_begin_ids (FacetDb *self, gint64 base, GError **error);

/* When messages were written (facet-store-newest.h), as far as this connection has read; it owns
 * it. */
FacetTimes *facet_db_get_times (FacetDb *self);

/* From now on statements end with G_IO_ERROR_CANCELLED once @cancellable is cancelled; NULL: none
 * does.  Borrowed. */
void facet_db_set_cancellable (FacetDb *self, GCancellable *cancellable);

/* @durable: the commit is on the disk, not only with the kernel, when commit returns. */
gboolean facet_db_begin (FacetDb *self, gboolean durable, GError **error);
gboolean facet_db_commit (FacetDb *self, GError **error);
void     facet_db_rollback (FacetDb *self);

/* Returns FALSE, with SQLite's last error as a sentence. */
gboolean facet_db_fail (FacetDb *self, int code, GError **error);

G_END_DECLS
