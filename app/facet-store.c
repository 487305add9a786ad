/* facet-store.c: the store's two threads, their queues, and how it opens and closes.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The main thread queues operations and gets them back through one FacetEventSource.  Each thread
 * owns its connection. What the operations say in SQL is in facet-store-rows.c.
 *
 * The first operation of the writer checks the file.  Until it has come back, reads go to the
 * writer, too: nobody may read a file that is about to be set aside, and afterwards the reader
 * opens the one that is then there. */
#define G_LOG_DOMAIN "facet-store"

#include "config.h"

#include "facet-event-source.h"
#include "facet-media-folder.h"
#include "facet-private-folder.h"
#include "facet-store-private.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include <errno.h>

typedef struct {
  GThread          *thread;
  GAsyncQueue      *ops;     /* of FacetStoreOp */
  FacetEventSource *results; /* of FacetStoreOp */
  FacetDb          *db;      /* the thread's own, once it runs */
  char             *path;
  gboolean          writes;
} Worker;

struct _FacetStore {
  gatomicrefcount     ref_count;
  char               *path;
  char               *media_folder, *recordings_folder;
  char               *warning;
  FacetEventSource   *results;
  Worker             *writer;
  Worker             *reader;         /* NULL: private, what is in memory has one connection */
  FacetPrivateFolder *private_folder; /* NULL: not private, or closed */
  guint               n_owed;         /* operations that have not come back */
  gboolean            is_private;
  gboolean            checked;
  gboolean            closed;
};

/* Ends a worker's thread; never run. */
static FacetStoreOp quit_op;

static void
op_free (gpointer data)
{
  FacetStoreOp *op = data;

  if (op == &quit_op)
    return;
  g_clear_error (&op->error);
  op->free (op);
}

/* The reader's connection is opened when it is first needed. */
static void
worker_run (Worker *worker, FacetStoreOp *op)
{
  if (worker->db == NULL) {
    worker->db = worker->writes ? facet_db_open (worker->path, &op->error)
                                : facet_db_open_reader (worker->path, &op->error);
    if (worker->db == NULL)
      return;
  }
  if (!op->run (op, worker->db, &op->error) && worker->writes && worker->db != NULL)
    facet_db_rollback (worker->db);
}

/* The damaged file, which nobody has open, goes aside and a new one is begun.  Says so in @warning.
 */
static FacetDb *
replace_damaged (const char *path, const GError *damage, char **warning, GError **error)
{
  g_autofree char *aside = facet_db_set_aside (path, error);
  FacetDb         *db;

  if (aside == NULL)
    return NULL;
  db = facet_db_open (path, error);
  if (db != NULL)
    *warning = g_strdup_printf (_ ("%s  It was set aside as “%s” and is otherwise as it was; your "
                                   "conversations begin anew."),
                                damage->message, aside);
  return db;
}

static gpointer
worker_thread (gpointer user_data)
{
  Worker       *worker = user_data;
  FacetStoreOp *op;

  while ((op = g_async_queue_pop (worker->ops)) != &quit_op) {
    worker_run (worker, op);
    facet_event_source_push (worker->results, op);
  }
  g_clear_pointer (&worker->db, facet_db_close);
  return NULL;
}

static Worker *
worker_new (const char       *name,
            const char       *path,
            FacetDb          *db,
            gboolean          writes,
            FacetEventSource *results)
{
  Worker *worker = g_new0 (Worker, 1);

  worker->ops = g_async_queue_new_full (op_free);
  worker->results = facet_event_source_ref (results);
  worker->path = g_strdup (path);
  worker->db = db;
  worker->writes = writes;
  worker->thread = g_thread_new (name, worker_thread, worker);
  return worker;
}

/* Waits for what is queued. */
static void
worker_stop (Worker *worker)
{
  g_async_queue_push (worker->ops, &quit_op);
  g_thread_join (worker->thread);
  g_async_queue_unref (worker->ops);
  facet_event_source_unref (worker->results);
  g_free (worker->path);
  g_free (worker);
}

static void
result_cb (gpointer item, gpointer user_data)
{
  g_autoptr (FacetStore) self = facet_store_ref (user_data);
  FacetStoreOp *op = item;

  self->n_owed--;
  op->reply (op);
  op_free (op);
}

static void
push (FacetStore *self, Worker *worker, FacetStoreOp *op)
{
  if (self->closed) {
    g_set_error_literal (&op->error, FACET_STORE_ERROR, FACET_STORE_ERROR_CLOSED,
                         _ ("Facet is closing; this was not saved."));
    op->reply (op);
    op_free (op);
    return;
  }
  self->n_owed++;
  g_async_queue_push (worker->ops, op);
}

void
facet_store_push_write (FacetStore *self, FacetStoreOp *op)
{
  push (self, self->writer, op);
}

void
facet_store_push_read (FacetStore *self, FacetStoreOp *op)
{
  push (self, self->checked && self->reader != NULL ? self->reader : self->writer, op);
}

/* The first operation */

typedef struct {
  FacetStoreOp op;
  FacetStore  *store;
  Worker      *worker; /* used on its own thread */
  char        *warning;
} CheckOp;

static gboolean
mark_interrupted (FacetDb *db, GError **error)
{
  return facet_db_begin (db, FALSE, error) &&
         facet_db_exec (db, "UPDATE messages SET state = 5 WHERE state IN (1, 2)", error) &&
         facet_db_commit (db, error);
}

static gboolean
check_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  CheckOp *check = (CheckOp *)op;
  g_autoptr (GError) damage = NULL;

  if (facet_db_check (db, &damage) && mark_interrupted (db, &damage))
    return TRUE;
  if (!g_error_matches (damage, FACET_STORE_ERROR, FACET_STORE_ERROR_DAMAGED)) {
    g_propagate_error (error, g_steal_pointer (&damage));
    return FALSE;
  }
  g_clear_pointer (&check->worker->db, facet_db_close);
  check->worker->db = replace_damaged (check->worker->path, damage, &check->warning, error);
  return check->worker->db != NULL;
}

static void
check_reply (FacetStoreOp *op)
{
  CheckOp *check = (CheckOp *)op;

  check->store->checked = TRUE;
  if (check->warning != NULL) {
    g_free (check->store->warning);
    check->store->warning = g_steal_pointer (&check->warning);
  } else if (op->error != NULL) {
    g_free (check->store->warning);
    check->store->warning = g_strdup (op->error->message);
  }
}

static void
check_free (FacetStoreOp *op)
{
  CheckOp *check = (CheckOp *)op;

  g_free (check->warning);
  g_free (check);
}

static void
push_check (FacetStore *self)
{
  CheckOp *check = g_new0 (CheckOp, 1);

  check->op.run = check_run;
  check->op.reply = check_reply;
  check->op.free = check_free;
  check->store = self;
  check->worker = self->writer;
  facet_store_push_write (self, &check->op);
}

/* Opening and closing */

static FacetDb *
open_or_replace (const char *path, char **warning, GError **error)
{
  g_autoptr (GError) failure = NULL;
  FacetDb *db = facet_db_open (path, &failure);

  if (db != NULL)
    return db;
  if (g_error_matches (failure, FACET_STORE_ERROR, FACET_STORE_ERROR_DAMAGED))
    return replace_damaged (path, failure, warning, error);
  g_propagate_error (error, g_steal_pointer (&failure));
  return NULL;
}

/* Takes @db. */
static FacetStore *
store_new (const char *folder, FacetDb *db)
{
  FacetStore *self = g_new0 (FacetStore, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->path = g_strdup (facet_db_get_path (db));
  self->media_folder = facet_media_folder_of (folder);
  self->recordings_folder = g_build_filename (folder, "recordings", NULL);
  self->results = facet_event_source_new (NULL, 0, op_free, result_cb, self);
  self->writer = worker_new ("facet-writer", self->path, db, TRUE, self->results);
  return self;
}

FacetStore *
facet_store_open (const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, "facet.db", NULL);
  g_autofree char *warning = NULL;
  FacetStore      *self;
  FacetDb         *db;

  /* What people write is nobody else's to read. */
  if (g_mkdir_with_parents (folder, 0700) != 0) {
    g_set_error (error, FACET_STORE_ERROR, FACET_STORE_ERROR_READ_ONLY,
                 _ ("The folder “%s” for your conversations could not be made: %s."), folder,
                 g_strerror (errno));
    return NULL;
  }
  db = open_or_replace (path, &warning, error);
  if (db == NULL)
    return NULL;

  self = store_new (folder, db);
  self->warning = g_steal_pointer (&warning);
  self->reader = worker_new ("facet-reader", self->path, NULL, FALSE, self->results);
  push_check (self);
  facet_store_push_expiry (self);
  facet_store_push_sweep (self);
  return self;
}

/* No file's ids come so far, and they survive a conversion to double. */
static gboolean
begin_ids (FacetDb *db, GError **error)
{
  static gint      n_stores;
  g_autofree char *sql = g_strdup_printf ("INSERT INTO sqlite_sequence (name, seq) VALUES "
                                          "('conversations', %" G_GINT64_FORMAT ")",
                                          ((gint64)1 << 52) + g_atomic_int_add (&n_stores, 1));

  return facet_db_exec (db, sql, error);
}

FacetStore *
facet_store_open_private (GError **error)
{
  g_autoptr (FacetPrivateFolder) folder = facet_private_folder_new (error);
  g_autofree char *path = NULL;
  FacetStore      *self;
  FacetDb         *db;

  if (folder == NULL)
    return NULL;
  path = g_build_filename (facet_private_folder_get_path (folder), "facet.db", NULL);
  db = facet_db_open_in_memory (path, error);
  if (db == NULL)
    return NULL;
  if (!begin_ids (db, error)) {
    facet_db_close (db);
    return NULL;
  }
  self = store_new (facet_private_folder_get_path (folder), db);
  self->private_folder = g_steal_pointer (&folder);
  self->is_private = TRUE;
  self->checked = TRUE;
  return self;
}

gboolean
facet_store_is_private (FacetStore *self)
{
  return self->is_private;
}

void
facet_store_close (FacetStore *self)
{
  if (self->closed)
    return;
  facet_store_flush (self);
  self->closed = TRUE;
  if (self->reader != NULL)
    worker_stop (g_steal_pointer (&self->reader));
  worker_stop (g_steal_pointer (&self->writer));
  facet_event_source_drain (self->results);
  facet_event_source_stop (self->results);
  g_clear_pointer (&self->private_folder, facet_private_folder_free);
}

FacetStore *
facet_store_ref (FacetStore *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
facet_store_unref (FacetStore *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_atomic_ref_count_init (&self->ref_count); /* closing answers, and answers take references */
  facet_store_close (self);
  facet_event_source_unref (self->results);
  g_free (self->path);
  g_free (self->media_folder);
  g_free (self->recordings_folder);
  g_free (self->warning);
  g_free (self);
}

void
facet_store_flush (FacetStore *self)
{
  while (self->n_owed > 0)
    facet_event_source_wait (self->results);
}

const char *
facet_store_get_warning (FacetStore *self)
{
  return self->warning;
}

const char *
facet_store_get_media_folder (FacetStore *self)
{
  return self->media_folder;
}

const char *
facet_store_get_recordings_folder (FacetStore *self)
{
  return self->recordings_folder;
}
