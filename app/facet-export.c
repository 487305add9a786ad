/* facet-export.c: which conversations, one after the other, in one view of the database.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The public functions belong to the main thread, export_thread () and what it calls to a thread of
 * the task pool.  The store's own reader stays free for whoever opens a conversation meanwhile. */
#define G_LOG_DOMAIN "facet-export"

#include "config.h"

#include "facet-conversation-private.h"
#include "facet-export-private.h"
#include "facet-export.h"

#include <glib/gi18n-lib.h>

#include <string.h>

static const struct {
  const char     *text, *ending;
  FacetExportFunc write;
} formats[] = {
    [FACET_EXPORT_MARKDOWN] = {"md", ".md", facet_export_markdown},
    [FACET_EXPORT_JSON] = {"json", ".json", facet_export_json},
    [FACET_EXPORT_HTML] = {"html", ".html", facet_export_html},
};

G_STATIC_ASSERT (G_N_ELEMENTS (formats) == FACET_EXPORT_N_FORMATS);

typedef struct {
  FacetExportFormat format;
  GArray           *ids;      /* NULL: all */
  gboolean          document; /* one, not a folder */
  char             *folder, *name, *database;
  FacetStore *private; /* what a private conversation is in; NULL: it is in @database */
  FacetTree     *tree; /* the private conversation */
  FacetProgress *progress;
} Job;

static void
job_free (gpointer data)
{
  Job *job = data;

  g_clear_pointer (&job->ids, g_array_unref);
  g_clear_pointer (&job->progress, facet_progress_unref);
  g_clear_pointer (&job->private, facet_store_unref);
  facet_tree_free (job->tree);
  g_free (job->folder);
  g_free (job->name);
  g_free (job->database);
  g_free (job);
}

void
facet_export_result_free (FacetExportResult *self)
{
  g_free (self->path);
  g_free (self);
}

const char *
facet_export_format_to_text (FacetExportFormat format)
{
  return formats[format].text;
}

gboolean
facet_export_format_from_text (const char *text, FacetExportFormat *format)
{
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    if (g_strcmp0 (text, formats[i].text) == 0) {
      *format = i;
      return TRUE;
    }
  return FALSE;
}

const char *
facet_export_get_speaker (const FacetMessageRow *row)
{
  switch (row->role) {
  case FACET_ROLE_USER:
    return _ ("You");
  case FACET_ROLE_SYSTEM:
    return _ ("Instructions");
  case FACET_ROLE_TOOL:
    return row->tool_name != NULL ? row->tool_name : _ ("Tool");
  case FACET_ROLE_ASSISTANT:
    break;
  }
  return row->model != NULL && *row->model != '\0' ? row->model : "Facet";
}

const char *
facet_export_get_remark (const FacetMessageRow *row)
{
  switch (row->state) {
  case FACET_MESSAGE_STOPPED:
    return _ ("Stopped.");
  case FACET_MESSAGE_FAILED:
    return row->error != NULL && *row->error != '\0' ? row->error : _ ("Failed.");
  case FACET_MESSAGE_PENDING:
  case FACET_MESSAGE_STREAMING:
  case FACET_MESSAGE_INTERRUPTED:
    return _ ("Interrupted.");
  case FACET_MESSAGE_TOO_LONG:
    return _ ("The conversation was too long to be answered.");
  case FACET_MESSAGE_COMPLETE:
    break;
  }
  return row->cut_off ? _ ("Cut off.") : NULL;
}

/* The thread */

/* (transfer full), NULL: @error. */
static FacetTree *
take_tree (Job *job, FacetDb *db, gint64 id, GError **error)
{
  GError    *failure = NULL;
  FacetTree *tree = db != NULL ? facet_tree_read (db, id, &failure) : g_steal_pointer (&job->tree);

  if (failure != NULL)
    g_propagate_error (error, failure);
  else if (tree == NULL)
    g_set_error (error, FACET_STORE_ERROR, FACET_STORE_ERROR_FAILED,
                 _ ("There is no conversation %" G_GINT64_FORMAT "."), id);
  return tree;
}

static gboolean
write_document (Job *job, FacetExportContext *context, FacetDb *db, gint64 id, GError **error)
{
  g_autoptr (FacetTree) tree = take_tree (job, db, id, error);

  if (tree == NULL)
    return FALSE;
  facet_export_files_begin (context->files, tree->conversation->title,
                            job->document ? job->name : NULL, formats[job->format].ending);
  return formats[job->format].write (context, tree, error) &&
         facet_export_files_end (context->files, error);
}

static gboolean
write_all (Job *job, FacetExportContext *context, FacetDb *db, GError **error)
{
  for (guint i = 0; i < job->ids->len; i++) {
    if (g_cancellable_set_error_if_cancelled (context->cancellable, error) ||
        !write_document (job, context, db, g_array_index (job->ids, gint64, i), error))
      return FALSE;
    facet_progress_set (job->progress, i + 1, job->ids->len);
  }
  return TRUE;
}

static char *
finish (Job *job, FacetExportFiles *files, GError **error)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *name = NULL;

  if (job->document)
    return facet_export_files_finish_document (files, error);
  name = job->name != NULL ? g_strdup (job->name) : g_date_time_format (now, "Facet %Y-%m-%d");
  return facet_export_files_finish_folder (files, name, error);
}

/* @db NULL: the tree is there. */
static FacetExportResult *
run (Job *job, FacetDb *db, GCancellable *cancellable, GError **error)
{
  g_autoptr (FacetExportFiles) files = NULL;
  FacetExportContext context = {.cancellable = cancellable};
  FacetExportResult *result;
  char              *path;

  /* All reads until the connection closes see the same moment. */
  if (db != NULL && !facet_db_exec (db, "BEGIN", error))
    return NULL;
  if (job->ids == NULL && (job->ids = facet_tree_list_all (db, error)) == NULL)
    return NULL;
  if (job->ids->len == 0) {
    g_set_error_literal (error, FACET_STORE_ERROR, FACET_STORE_ERROR_FAILED,
                         _ ("There are no conversations to export."));
    return NULL;
  }
  files = facet_export_files_new (job->folder, !job->document, error);
  if (files == NULL)
    return NULL;
  context.files = files;
  if (!write_all (job, &context, db, error))
    return NULL;
  path = finish (job, files, error);
  if (path == NULL)
    return NULL;
  result = g_new0 (FacetExportResult, 1);
  result->path = path;
  result->n_conversations = job->ids->len;
  result->n_missing = context.n_missing;
  return result;
}

static void
export_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Job               *job = data;
  GError            *error = NULL;
  FacetDb           *db = NULL;
  FacetExportResult *result = NULL;

  if (job->private != NULL || (db = facet_db_open_reader (job->database, &error)) != NULL)
    result = run (job, db, cancellable, &error);

  g_clear_pointer (&db, facet_db_close);
  if (result != NULL)
    g_task_return_pointer (task, result, (GDestroyNotify)facet_export_result_free);
  else
    g_task_return_error (task, error);
}

static void
tree_cb (FacetTree *tree, const GError *error, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  ((Job *)g_task_get_task_data (task))->tree = tree;
  if (error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else
    g_task_run_in_thread (task, export_thread);
}

void
facet_export_async (FacetLibrary             *library,
                    const FacetExportRequest *request,
                    FacetProgress            *progress,
                    GCancellable             *cancellable,
                    GAsyncReadyCallback       callback,
                    gpointer                  user_data)
{
  g_autoptr (GTask) task = g_task_new (library, cancellable, callback, user_data);
  Job *job = g_new0 (Job, 1);

  job->format = request->format;
  if (request->ids != NULL) {
    job->ids = g_array_new (FALSE, FALSE, sizeof (gint64));
    g_array_append_vals (job->ids, request->ids, request->n_ids);
  }
  job->document = request->ids != NULL && request->n_ids == 1;
  job->folder = g_strdup (request->folder);
  job->name = g_strdup (request->name);
  job->database = g_strdup (facet_store_get_path (facet_library_get_store (library)));
  job->progress = progress != NULL ? facet_progress_ref (progress) : NULL;
  /* What has its name already is told of. */
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, job, job_free);
  if (job->document)
    job->private = facet_library_ref_private_store (library, request->ids[0]);
  if (job->private != NULL)
    facet_store_read_tree (job->private, request->ids[0], tree_cb, g_steal_pointer (&task));
  else
    g_task_run_in_thread (task, export_thread);
}

FacetExportResult *
facet_export_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
