/* facet-store.c: the store's two threads, their queues, and how it opens and closes.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The main thread queues operations and gets them back through one FacetEventSource.  Each thread
 * owns its connection. What the operations say in SQL is in facet-store-rows.c; what happens to the
 * file itself, checked, set aside, backed up, restored, in facet-store-start.c. */
#define G_LOG_DOMAIN "facet-store"

#include "config.h"

#include "facet-media-folder.h"
#include "facet-store-private.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include <errno.h>

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

static void
worker_run (FacetStoreWorker *worker, FacetStoreOp *op)
{
  if (!op->decides) {
    if (worker->refusal != NULL) {
      op->error = g_error_copy (worker->refusal);
      return;
    }
    if (worker->db == NULL) {
      worker->db = facet_db_open_reader (worker->path, &op->error);
      if (worker->db == NULL)
        return;
    }
  }
  if (!op->run (op, worker->db, &op->error) && worker->writes && worker->db != NULL)
    facet_db_rollback (worker->db);
}

static gpointer
worker_thread (gpointer user_data)
{
  FacetStoreWorker *worker = user_data;
  FacetStoreOp     *op;

  while ((op = g_async_queue_pop (worker->ops)) != &quit_op) {
    op->again = FALSE;
    worker_run (worker, op);
    if (op->again)
      g_async_queue_push (worker->ops, op);
    else
      facet_event_source_push (worker->results, op);
  }
  g_clear_pointer (&worker->db, facet_db_close);
  return NULL;
}

static FacetStoreWorker *
worker_new (const char       *name,
            const char       *path,
            FacetDb          *db,
            GError           *refusal,
            gboolean          writes,
            FacetEventSource *results)
{
  FacetStoreWorker *worker = g_new0 (FacetStoreWorker, 1);

  worker->ops = g_async_queue_new_full (op_free);
  worker->results = facet_event_source_ref (results);
  worker->path = g_strdup (path);
  worker->db = db;
  worker->refusal = refusal;
  worker->writes = writes;
  worker->thread = g_thread_new (name, worker_thread, worker);
  return worker;
}

/* Waits for what is queued. */
static void
worker_stop (FacetStoreWorker *worker)
{
  g_async_queue_push (worker->ops, &quit_op);
  g_thread_join (worker->thread);
  g_async_queue_unref (worker->ops);
  facet_event_source_unref (worker->results);
  g_clear_error (&worker->refusal);
  g_free (worker->path);
  g_free (worker);
}

static void
result_cb (gpointer item, gpointer user_data)
{
  g_autoptr (FacetStore) self = facet_store_ref (user_data);
  FacetStoreOp *op = item;

  if (op->owed)
    self->n_owed--;
  op->reply (op);
  op_free (op);
}

void
facet_store_push_to (FacetStore *self, FacetStoreWorker *worker, FacetStoreOp *op)
{
  if (self->closed) {
    g_set_error_literal (&op->error, FACET_STORE_ERROR, FACET_STORE_ERROR_CLOSED,
                         _ ("Facet is closing; this was not saved."));
    op->reply (op);
    op_free (op);
    return;
  }
  op->owed = worker != self->keeper;
  if (op->owed)
    self->n_owed++;
  g_async_queue_push (worker->ops, op);
}

void
facet_store_push_write (FacetStore *self, FacetStoreOp *op)
{
  facet_store_push_to (self, self->writer, op);
}

void
facet_store_push_read (FacetStore *self, FacetStoreOp *op)
{
  facet_store_push_to (self, self->readable && self->reader != NULL ? self->reader : self->writer,
                       op);
}

/* Opening and closing */

/* Takes @db and @refusal. */
static FacetStore *
store_new (const char *path, FacetDb *db, GError *refusal)
{
  g_autofree char *folder = g_path_get_dirname (path);
  FacetStore      *self = g_new0 (FacetStore, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->path = g_strdup (path);
  self->media_folder = facet_media_folder_of (folder);
  self->recordings_folder = g_build_filename (folder, "recordings", NULL);
  self->results = facet_event_source_new (NULL, 0, op_free, result_cb, self);
  self->writer = worker_new ("facet-writer", self->path, db, refusal, TRUE, self->results);
  return self;
}

FacetStore *
facet_store_open (const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, "facet.db", NULL);
  g_autofree char *warning = NULL;
  GError          *refusal = NULL;
  gint64           offer = 0;
  FacetStore      *self;
  FacetDb         *db;

  /* What people write is nobody else's to read. */
  if (g_mkdir_with_parents (folder, 0700) != 0) {
    g_set_error (error, FACET_STORE_ERROR, FACET_STORE_ERROR_READ_ONLY,
                 _ ("The folder “%s” for your conversations could not be made: %s."), folder,
                 g_strerror (errno));
    return NULL;
  }
  if (!facet_store_open_file (path, &db, &refusal, &warning, &offer, error))
    return NULL;
  self = store_new (path, db, refusal);
  self->warning = g_steal_pointer (&warning);
  self->offer = offer;
  self->reader = worker_new ("facet-reader", self->path, NULL, NULL, FALSE, self->results);
  self->keeper = worker_new ("facet-keeper", self->path, NULL, NULL, FALSE, self->results);
  self->readable = db == NULL && offer == 0; /* but not to be written */
  if (db != NULL)
    facet_store_begin (self);
  return self;
}

/* No file's ids come so far, and they survive a conversion to double. */
static gint64
next_private_ids (void)
{
  static gint n_stores;

  return ((gint64)1 << 52) + g_atomic_int_add (&n_stores, 1);
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
  if (!facet_db_begin_ids (db, next_private_ids (), error)) {
    facet_db_close (db);
    return NULL;
  }
  self = store_new (path, db, NULL);
  self->private_folder = g_steal_pointer (&folder);
  self->is_private = TRUE;
  self->readable = TRUE;
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
  g_atomic_int_set (&self->closing, TRUE);
  facet_store_flush (self);
  self->closed = TRUE;
  g_clear_handle_id (&self->backup_timer, g_source_remove);
  if (self->keeper != NULL)
    worker_stop (g_steal_pointer (&self->keeper));
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

gboolean
facet_store_wait (FacetStore *self)
{
  if (self->n_owed > 0)
    facet_event_source_wait (self->results);
  return self->n_owed > 0;
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
facet_store_get_path (FacetStore *self)
{
  return self->path;
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
