/* facet-store-start.c: what happens to the file: upgraded, checked, set aside, restored, backed up.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The *_run functions run on a worker's thread, the *_reply functions on the main thread, which
 * leads from one step to the next:
 *
 *   prepare (upgrade, interrupted answers) ──▶ reads may go ahead ──▶ check ──▶ writes, upkeep
 *        └────────────── damaged ─────────────────────────────────────┘
 *                           │ the writer refuses; the readers let go of the file
 *                           ▼
 *                      set aside ──no backup──▶ a new file is begun
 *                           └──▶ offered ──the person decides──▶ restored, or begun
 *
 * Nothing is written before the check has passed, so nothing new goes aside with a damaged file. */
#define G_LOG_DOMAIN "facet-store"

#include "config.h"

#include "facet-store-private.h"
#include "facet-store-schema.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#define DAY_S            (24 * 60 * 60)
#define BACKUP_LOOK_S    (60 * 60)
#define BACKUP_NOT_EMPTY "SELECT 1 FROM conversations LIMIT 1"

typedef struct {
  FacetStoreOp      op;
  FacetStore       *store;
  FacetStoreWorker *worker;            /* the one it runs on */
  gboolean          damaged, readable; /* what was found */
  gboolean          restore;
  char             *damage, *warning;
  gint64            offer;
  FacetStoreFunc    func;
  gpointer          user_data;
} FileOp;

static void
file_op_free (FacetStoreOp *op)
{
  FileOp *file = (FileOp *)op;

  g_free (file->damage);
  g_free (file->warning);
  g_free (file);
}

static FileOp *
file_op_new (FacetStore       *self,
             FacetStoreWorker *worker,
             gboolean (*run) (FacetStoreOp *, FacetDb *, GError **),
             void (*reply) (FacetStoreOp *))
{
  FileOp *file = g_new0 (FileOp, 1);

  file->op.run = run;
  file->op.reply = reply;
  file->op.free = file_op_free;
  file->store = self;
  file->worker = worker;
  return file;
}

static void
set_warning (FacetStore *self, const char *warning)
{
  g_free (self->warning);
  self->warning = g_strdup (warning);
}

/* Sentences */

static gint64
find_offer (const char *path)
{
  g_autoptr (GPtrArray) backups = facet_backup_list (path);

  return backups->len > 0 ? ((FacetBackup *)g_ptr_array_index (backups, 0))->when : 0;
}

static char *
offer_sentence (const char *what, gint64 when)
{
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_local (when);
  g_autofree char *moment = g_date_time_format (date, "%x, %R");

  /* Translators: two sentences about what happened; the date and time of a backup. */
  return g_strdup_printf (_ ("%s  There is a backup of %s: you can restore it, or begin empty."),
                          what, moment);
}

static GError *
refusal_new (void)
{
  return g_error_new_literal (FACET_STORE_ERROR, FACET_STORE_ERROR_UNDECIDED,
                              _ ("This was not saved: choose first whether the backup of your "
                                 "conversations is to be restored."));
}

/* Setting aside */

/* Of a file that nobody has open.  *@db NULL without an error: there is something to choose. */
static gboolean
replace_damaged (const char *path,
                 const char *damage,
                 FacetDb   **db,
                 char      **warning,
                 gint64     *offer,
                 GError    **error)
{
  g_autofree char *aside = facet_db_set_aside (path, error);
  g_autofree char *what = NULL;

  *db = NULL;
  if (aside == NULL)
    return FALSE;
  *offer = find_offer (path);
  what = g_strdup_printf (_ ("%s  It was set aside as “%s” and is otherwise as it was."), damage,
                          aside);
  if (*offer != 0) {
    *warning = offer_sentence (what, *offer);
    return TRUE;
  }
  *warning = g_strdup_printf (_ ("%s  There is no backup; your conversations begin anew."), what);
  *db = facet_db_open (path, error);
  return *db != NULL;
}

/* Whether a file that cannot be written can be read as it is. */
static gboolean
can_be_read (const char *path)
{
  FacetDb *db = facet_db_open_reader (path, NULL);
  gboolean ok = db != NULL && facet_db_get_version (db) == FACET_SCHEMA_VERSION;

  facet_db_close (db);
  return ok;
}

/* @failure: why the file could not be opened. */
static gboolean
open_otherwise (const char   *path,
                const GError *failure,
                FacetDb     **db,
                GError      **refusal,
                char        **warning,
                gint64       *offer,
                GError      **error)
{
  if (g_error_matches (failure, FACET_STORE_ERROR, FACET_STORE_ERROR_DAMAGED)) {
    if (!replace_damaged (path, failure->message, db, warning, offer, error))
      return FALSE;
    if (*db == NULL)
      *refusal = refusal_new ();
    return TRUE;
  }
  if (g_error_matches (failure, FACET_STORE_ERROR, FACET_STORE_ERROR_READ_ONLY) &&
      can_be_read (path)) {
    *refusal = g_error_copy (failure);
    *warning = g_strdup_printf (_ ("%s  Until then your conversations can be read, and nothing "
                                   "new is kept."),
                                failure->message);
    return TRUE;
  }
  g_propagate_error (error, g_error_copy (failure));
  return FALSE;
}

gboolean
facet_store_open_file (const char *path,
                       FacetDb   **db,
                       GError    **refusal,
                       char      **warning,
                       gint64     *offer,
                       GError    **error)
{
  g_autoptr (GError) failure = NULL;

  *db = NULL;
  if (!g_file_test (path, G_FILE_TEST_EXISTS) && (*offer = find_offer (path)) != 0) {
    g_autofree char *what = g_strdup_printf (_ ("“%s” is missing."), path);

    *warning = offer_sentence (what, *offer);
    *refusal = refusal_new ();
    return TRUE;
  }
  *db = facet_db_open (path, &failure);
  return *db != NULL || open_otherwise (path, failure, db, refusal, warning, offer, error);
}

static gboolean
aside_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  FileOp *file = (FileOp *)op;

  g_clear_pointer (&file->worker->db, facet_db_close);
  if (!replace_damaged (file->worker->path, file->damage, &file->worker->db, &file->warning,
                        &file->offer, error))
    return FALSE;
  if (file->worker->db != NULL)
    g_clear_error (&file->worker->refusal);
  return TRUE;
}

static void
aside_reply (FacetStoreOp *op)
{
  FileOp     *file = (FileOp *)op;
  FacetStore *self = file->store;

  set_warning (self, op->error != NULL ? op->error->message : file->warning);
  self->offer = file->offer;
  if (op->error == NULL && file->offer == 0)
    facet_store_begin (self);
  if (self->changed != NULL)
    self->changed (NULL, self->changed_data);
}

static gboolean
let_go_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  g_clear_pointer (&((FileOp *)op)->worker->db, facet_db_close);
  return TRUE;
}

static void
let_go_reply (FacetStoreOp *op)
{
  FileOp *let_go = (FileOp *)op;
  FileOp *aside = file_op_new (let_go->store, let_go->store->writer, aside_run, aside_reply);

  aside->op.decides = TRUE;
  aside->damage = g_steal_pointer (&let_go->damage);
  facet_store_push_to (let_go->store, aside->worker, &aside->op);
}

/* The writer refuses already. */
static void
set_aside (FacetStore *self, const char *damage)
{
  FileOp *let_go = file_op_new (self, self->reader, let_go_run, let_go_reply);

  self->readable = FALSE;
  let_go->op.decides = TRUE;
  let_go->damage = g_strdup (damage);
  facet_store_push_to (self, let_go->worker, &let_go->op);
}

/* Preparing and checking */

static gboolean
mark_interrupted (FacetDb *db, GError **error)
{
  return facet_db_begin (db, FALSE, error) &&
         facet_db_exec (db, "UPDATE messages SET state = 5 WHERE state IN (1, 2)", error) &&
         facet_abandon_imports (db, error) &&
         facet_db_commit (db, error);
}

/* From here on nothing may be written, and @file says why. */
static void
refuse (FileOp *file, const GError *failure)
{
  file->damaged = g_error_matches (failure, FACET_STORE_ERROR, FACET_STORE_ERROR_DAMAGED);
  g_clear_error (&file->worker->refusal);
  file->worker->refusal = file->damaged ? refusal_new () : g_error_copy (failure);
}

/* A file that cannot be brought up to date can be neither read nor written; one where answers
 * cannot be marked, because the disk is full, can be read. */
static gboolean
prepare_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  FileOp *file = (FileOp *)op;
  g_autoptr (GError) failure = NULL;
  gboolean upgraded = facet_db_upgrade (db, &failure);

  file->readable = upgraded;
  if (upgraded && mark_interrupted (db, &failure))
    return TRUE;
  if (!upgraded || g_error_matches (failure, FACET_STORE_ERROR, FACET_STORE_ERROR_DAMAGED))
    refuse (file, failure);
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static gboolean
check_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  g_autoptr (GError) failure = NULL;

  if (facet_db_check (db, &failure))
    return TRUE;
  if (g_error_matches (failure, FACET_STORE_ERROR, FACET_STORE_ERROR_DAMAGED))
    refuse ((FileOp *)op, failure);
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static void push_backup (FacetStore *self);

static gboolean
backup_timer_cb (gpointer user_data)
{
  push_backup (user_data);
  return G_SOURCE_CONTINUE;
}

static void
check_reply (FacetStoreOp *op)
{
  FileOp     *file = (FileOp *)op;
  FacetStore *self = file->store;

  if (op->error != NULL) {
    if (file->damaged)
      set_aside (self, op->error->message);
    else
      set_warning (self, op->error->message);
    return;
  }
  if (self->closing)
    return;
  facet_store_push_abandoned (self);
  facet_store_push_expiry (self);
  facet_store_push_sweep (self);
  push_backup (self);
  if (self->backup_timer == 0)
    self->backup_timer = g_timeout_add_seconds (BACKUP_LOOK_S, backup_timer_cb, self);
}

static void
prepare_reply (FacetStoreOp *op)
{
  FileOp     *file = (FileOp *)op;
  FacetStore *self = file->store;

  if (file->damaged) {
    set_aside (self, op->error->message);
    return;
  }
  if (op->error != NULL)
    set_warning (self, op->error->message);
  if (!file->readable)
    return;
  self->readable = TRUE;
  file = file_op_new (self, self->writer, check_run, check_reply);
  facet_store_push_to (self, file->worker, &file->op);
}

void
facet_store_begin (FacetStore *self)
{
  FileOp *file = file_op_new (self, self->writer, prepare_run, prepare_reply);

  facet_store_push_to (self, file->worker, &file->op);
}

/* Deciding */

/* What is restored must be sound, or the next older one is tried. */
static gboolean
restore_one (FileOp *file, const FacetBackup *backup, GError **error)
{
  FacetStoreWorker *worker = file->worker;

  if (!facet_backup_restore (backup, worker->path, error))
    return FALSE;
  worker->db = facet_db_open (worker->path, error);
  if (worker->db != NULL && facet_db_check (worker->db, error))
    return TRUE;
  g_clear_pointer (&worker->db, facet_db_close);
  g_unlink (worker->path);
  return FALSE;
}

static gboolean
restore_newest (FileOp *file, GError **error)
{
  g_autoptr (GPtrArray) backups = facet_backup_list (file->worker->path);

  for (guint i = 0; i < backups->len; i++) {
    g_autoptr (GError) failure = NULL;

    if (restore_one (file, g_ptr_array_index (backups, i), &failure))
      return TRUE;
    if (!g_error_matches (failure, FACET_STORE_ERROR, FACET_STORE_ERROR_DAMAGED) ||
        i + 1 == backups->len) {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  }
  g_set_error_literal (error, FACET_STORE_ERROR, FACET_STORE_ERROR_FAILED,
                       _ ("The backup is no longer there."));
  return FALSE;
}

/* Ids go on above those that a window may still show. */
static gboolean
begin_empty (FileOp *file, GError **error)
{
  FacetStoreWorker *worker = file->worker;

  worker->db = facet_db_open (worker->path, error);
  if (worker->db != NULL && facet_db_upgrade (worker->db, error) &&
      facet_db_begin_ids (worker->db, g_get_real_time () / G_USEC_PER_SEC, error))
    return TRUE;
  g_clear_pointer (&worker->db, facet_db_close);
  return FALSE;
}

static gboolean
decide_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  FileOp *file = (FileOp *)op;

  if (db != NULL) /* it was decided before */
    return TRUE;
  if (file->restore ? !restore_newest (file, error) : !begin_empty (file, error))
    return FALSE;
  g_clear_error (&file->worker->refusal);
  return TRUE;
}

static void
decide_reply (FacetStoreOp *op)
{
  FileOp     *file = (FileOp *)op;
  FacetStore *self = file->store;

  if (op->error == NULL && self->offer != 0) {
    self->offer = 0;
    set_warning (self, NULL);
    facet_store_begin (self);
  }
  if (file->func != NULL)
    file->func (op->error, file->user_data);
}

void
facet_store_decide (FacetStore *self, gboolean restore, FacetStoreFunc func, gpointer user_data)
{
  FileOp *file = file_op_new (self, self->writer, decide_run, decide_reply);

  file->op.decides = TRUE;
  file->restore = restore;
  file->func = func;
  file->user_data = user_data;
  facet_store_push_to (self, file->worker, &file->op);
}

gint64
facet_store_get_offer (FacetStore *self)
{
  return self->offer;
}

void
facet_store_set_changed_func (FacetStore *self, FacetStoreFunc func, gpointer user_data)
{
  self->changed = func;
  self->changed_data = user_data;
}

/* Deleting everything: as a damaged file, but nothing is kept */

static gboolean
wipe_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  FileOp           *file = (FileOp *)op;
  FacetStoreWorker *worker = file->worker;
  g_autofree char  *folder = g_path_get_dirname (worker->path);
  g_autoptr (GError) failure = NULL;
  gboolean removed;

  g_clear_pointer (&worker->db, facet_db_close);
  g_clear_error (&worker->refusal);
  removed = facet_storage_remove_everything (folder, error);
  if (begin_empty (file, &failure))
    return removed;
  worker->refusal = g_error_copy (failure);
  if (removed)
    g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static void
wipe_reply (FacetStoreOp *op)
{
  FileOp     *file = (FileOp *)op;
  FacetStore *self = file->store;

  self->offer = 0;
  set_warning (self, op->error != NULL ? op->error->message : NULL);
  facet_store_begin (self);
  if (file->func != NULL)
    file->func (op->error, file->user_data);
}

/* @op let go of the file: on to the next who has it open. */
static void
wipe_let_go_reply (FacetStoreOp *op)
{
  FileOp     *done = (FileOp *)op;
  FacetStore *self = done->store;
  FileOp     *next = done->worker == self->keeper
                         ? file_op_new (self, self->reader, let_go_run, wipe_let_go_reply)
                         : file_op_new (self, self->writer, wipe_run, wipe_reply);

  next->op.decides = TRUE;
  next->func = done->func;
  next->user_data = done->user_data;
  facet_store_push_to (self, next->worker, &next->op);
}

void
facet_store_delete_everything (FacetStore *self, FacetStoreFunc func, gpointer user_data)
{
  FileOp *file = file_op_new (self, self->keeper, let_go_run, wipe_let_go_reply);

  self->readable = FALSE;
  file->op.decides = TRUE;
  file->func = func;
  file->user_data = user_data;
  facet_store_push_to (self, file->worker, &file->op);
}

/* Backing up */

/* When the last backup was made before @now; a clock that was wrong made some after it. */
static gint64
find_last (const char *path, gint64 now)
{
  g_autoptr (GPtrArray) backups = facet_backup_list (path);

  for (guint i = 0; i < backups->len; i++) {
    const FacetBackup *backup = g_ptr_array_index (backups, i);

    if (backup->when <= now)
      return backup->when;
  }
  return 0;
}

/* Nothing is backed up while there is nothing: it would push out what there was. */
static gboolean
backup_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  FileOp *file = (FileOp *)op;
  gint64  now = g_get_real_time () / G_USEC_PER_SEC;
  GError *failure = NULL;

  if (now - find_last (file->worker->path, now) >= DAY_S) {
    sqlite3_stmt *statement = facet_db_statement (db, BACKUP_NOT_EMPTY, error);
    gboolean      something;

    if (statement == NULL)
      return FALSE;
    something = facet_db_next (db, statement, &failure);
    sqlite3_reset (statement);
    if (failure == NULL && something)
      facet_backup_make (db, FACET_SCHEMA_VERSION, &failure);
  }
  /* Hours lie between two of these: the file is not held open for so long. */
  g_clear_pointer (&file->worker->db, facet_db_close);
  if (failure != NULL)
    g_propagate_error (error, failure);
  return failure == NULL;
}

static void
backup_reply (FacetStoreOp *op)
{
  if (op->error != NULL)
    g_message ("%s", op->error->message);
}

static void
push_backup (FacetStore *self)
{
  FileOp *file = file_op_new (self, self->keeper, backup_run, backup_reply);

  facet_store_push_to (self, file->worker, &file->op);
}
