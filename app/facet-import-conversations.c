/* facet-import-conversations.c: an import from the file to the library.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Three steps: a thread of the task pool reads all of the file, its media going into a folder that
 * nobody looks into; the store's writer stores everything, hidden until all of it and the media are
 * in their place; the main thread lists the conversations.  The folder goes whatever happens.  One
 * that a killed process left goes with a later import. */
#define G_LOG_DOMAIN "facet-import"

#include "config.h"

#include "facet-conversation-private.h"
#include "facet-import-private.h"
#include "facet-media-folder.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include <errno.h>
#include <sys/stat.h>

#define STAGING_PREFIX  ".conversations-"
#define STAGING_SECONDS (24 * 60 * 60)

typedef struct {
  FacetLibrary  *library;
  GFile         *file;
  FacetProgress *progress;
  char          *name, *beside, *media_folder, *staging;
  FacetImport    import;
} Job;

void
facet_import_result_free (FacetImportResult *self)
{
  g_array_unref (self->ids);
  g_free (self);
}

char *
facet_import_result_dup_summary (const FacetImportResult *self)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *messages =
      g_strdup_printf (ngettext ("%u message", "%u messages", self->n_messages), self->n_messages);

  /* Translators: the second is "120 messages". */
  g_string_append_printf (text,
                          ngettext ("%u conversation with %s was imported.",
                                    "%u conversations with %s were imported.", self->ids->len),
                          self->ids->len, messages);
  if (self->n_missing > 0) {
    g_string_append (text, "  ");
    g_string_append_printf (text,
                            ngettext ("%u attachment is missing.", "%u attachments are missing.",
                                      self->n_missing),
                            self->n_missing);
  }
  if (self->n_converted > 0) {
    g_string_append (text, "  ");
    g_string_append_printf (text,
                            ngettext ("%u part was kept as text.", "%u parts were kept as text.",
                                      self->n_converted),
                            self->n_converted);
  }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* The staging folder: files only. */

static void
delete_staging (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *file = g_build_filename (path, name, NULL);

    g_unlink (file);
  }
  g_rmdir (path);
}

/* What other imports left that did not come to their end. */
static void
delete_old (const char *media_folder)
{
  g_autoptr (GDir) dir = g_dir_open (media_folder, 0, NULL);
  gint64      now = g_get_real_time () / G_USEC_PER_SEC;
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (media_folder, name, NULL);
    GStatBuf         info;

    if (g_str_has_prefix (name, STAGING_PREFIX) && g_lstat (path, &info) == 0 &&
        S_ISDIR (info.st_mode) && now - info.st_mtime > STAGING_SECONDS)
      delete_staging (path);
  }
}

/* Beside the media, so that a rename is enough. */
static gboolean
make_staging (Job *job, GError **error)
{
  g_autofree char *path = g_build_filename (job->media_folder, STAGING_PREFIX "XXXXXX", NULL);

  if (g_mkdir_with_parents (job->media_folder, 0700) != 0 || g_mkdtemp_full (path, 0700) == NULL) {
    g_set_error (error, FACET_IMPORT_ERROR, FACET_IMPORT_ERROR_FAILED,
                 _ ("The folder “%s” cannot be written to (%s)."), job->media_folder,
                 g_strerror (errno));
    return FALSE;
  }
  job->staging = g_steal_pointer (&path);
  return TRUE;
}

static void
job_free (gpointer data)
{
  Job *job = data;

  facet_import_clear (&job->import);
  if (job->staging != NULL)
    delete_staging (job->staging);
  g_clear_pointer (&job->progress, facet_progress_unref);
  g_object_unref (job->library);
  g_object_unref (job->file);
  g_free (job->name);
  g_free (job->beside);
  g_free (job->media_folder);
  g_free (job->staging);
  g_free (job);
}

/* The writer's thread */

static gboolean
move_media_cb (gpointer data, gboolean *done, GError **error)
{
  Job             *job = data;
  GHashTableIter   iter;
  gpointer         hash;
  g_autofree char *path = NULL;

  g_hash_table_iter_init (&iter, job->import.staged);
  *done = !g_hash_table_iter_next (&iter, &hash, NULL);
  if (*done)
    return TRUE;
  path = g_build_filename (job->staging, hash, NULL);
  if (!facet_media_folder_commit (job->media_folder, path, hash, error))
    return FALSE;
  g_hash_table_iter_remove (&iter);
  return TRUE;
}

/* The main thread again */

static FacetImportResult *
make_result (const FacetImport *import)
{
  FacetImportResult *result = g_new0 (FacetImportResult, 1);

  result->ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (guint i = 0; i < import->trees->len; i++) {
    FacetTree *tree = import->trees->pdata[i];

    g_array_append_val (result->ids, tree->conversation->id);
  }
  result->n_messages = import->n_messages;
  result->n_missing = import->n_missing;
  result->n_converted = import->n_converted;
  return result;
}

static void
stored_cb (const GError *error, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Job *job = g_task_get_task_data (task);
  g_autoptr (GPtrArray) listed = NULL;
  FacetImportResult *imported;

  if (error != NULL) {
    g_task_return_error (task, g_error_copy (error));
    return;
  }
  imported = make_result (&job->import);
  listed = g_ptr_array_new_with_free_func ((GDestroyNotify)facet_conversation_row_free);
  for (guint i = 0; i < job->import.trees->len; i++) {
    FacetTree *tree = job->import.trees->pdata[i];

    facet_library_know_folder (job->library, tree->conversation->folder, tree->folder);
    g_ptr_array_add (listed, g_steal_pointer (&tree->conversation));
  }
  facet_library_add_stored (job->library, listed);
  g_task_return_pointer (task, imported, (GDestroyNotify)facet_import_result_free);
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Job    *job = g_task_get_task_data (task);
  GError *error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error)) {
    g_task_return_error (task, error);
    return;
  }
  facet_store_add_trees (facet_library_get_store (job->library), job->import.trees, move_media_cb,
                         job, job->progress, FACET_IMPORT_READ_PROGRESS,
                         facet_library_reserve_folders (job->library, job->import.trees->len),
                         g_task_get_cancellable (task), stored_cb, g_object_ref (task));
}

/* The thread */

static gboolean
read_file (Job *job, GCancellable *cancellable, GError **error)
{
  g_autoptr (GFileInputStream) stream = NULL;
  g_autoptr (GFileInfo) info = NULL;

  info = g_file_query_info (job->file,
                            G_FILE_ATTRIBUTE_STANDARD_TYPE "," G_FILE_ATTRIBUTE_STANDARD_SIZE,
                            G_FILE_QUERY_INFO_NONE, cancellable, error);
  if (info == NULL)
    return FALSE;
  /* Opening anything else than a file may wait for ever. */
  if (g_file_info_get_attribute_uint32 (info, G_FILE_ATTRIBUTE_STANDARD_TYPE) !=
      G_FILE_TYPE_REGULAR) {
    g_set_error (error, FACET_IMPORT_ERROR, FACET_IMPORT_ERROR_UNKNOWN, _ ("“%s” is not a file."),
                 job->name);
    return FALSE;
  }
  stream = g_file_read (job->file, cancellable, error);
  if (stream == NULL || !make_staging (job, error))
    return FALSE;
  job->import.staging = job->staging;
  job->import.cancellable = cancellable;
  return facet_import_read (&job->import, G_INPUT_STREAM (stream),
                            (gint64)
                                g_file_info_get_attribute_uint64 (info,
                                                                  G_FILE_ATTRIBUTE_STANDARD_SIZE),
                            job->progress, error);
}

static void
read_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Job    *job = data;
  GError *error = NULL;

  delete_old (job->media_folder);
  if (read_file (job, cancellable, &error)) {
    g_task_return_boolean (task, TRUE);
    return;
  }
  if (job->staging != NULL)
    delete_staging (job->staging);
  g_task_return_error (task, error);
}

static Job *
job_new (FacetLibrary *library, GFile *file, FacetProgress *progress)
{
  Job             *job = g_new0 (Job, 1);
  g_autofree char *base = g_file_get_basename (file);
  g_autofree char *path = g_file_get_path (file);

  job->library = g_object_ref (library);
  job->file = g_object_ref (file);
  job->progress = progress != NULL ? facet_progress_ref (progress) : NULL;
  job->name = g_filename_display_name (base != NULL ? base : "?");
  job->beside = path != NULL ? g_path_get_dirname (path) : NULL;
  job->media_folder = g_strdup (facet_store_get_media_folder (facet_library_get_store (library)));
  facet_import_init (&job->import, job->name, job->beside, NULL);
  job->import.kept = job->media_folder;
  return job;
}

void
facet_import_conversations_async (FacetLibrary       *library,
                                  GFile              *file,
                                  FacetProgress      *progress,
                                  GCancellable       *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer            user_data)
{
  GTask *task = g_task_new (library, cancellable, callback, user_data);
  Job   *job = job_new (library, file, progress);
  g_autoptr (GTask) reading = g_task_new (library, cancellable, read_cb, task);

  /* What is stored is told of. */
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, job, job_free);
  g_task_set_task_data (reading, job, NULL);
  g_task_run_in_thread (reading, read_thread);
}

FacetImportResult *
facet_import_conversations_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
