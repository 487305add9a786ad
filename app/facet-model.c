/* facet-model.c: a model's states, and what a person can do in each.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "facet-models"

#include "config.h"

#include "facet-models-private.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>

#define MARKER  ".wanted"
#define TICK_MS 250

struct _FacetModel {
  GObject parent_instance;

  const FacetCatalogueModel *known; /* NULL: it is not in the catalogue */
  char                      *repository, *name;
  FacetModels               *models; /* not owned: it owns this */
  FacetModelState            state;
  FacetModelFolder          *here;
  FacetDownload             *download;
  gboolean                   use; /* once it is here */
  char                      *fit, *message;
  gboolean                   fits;

  /* verifying */
  FacetDownloadProgress progress;
  GCancellable         *verifying; /* NULL: it is not */
  char                **damaged;   /* of the last time */
  guint                 tick;
};

static guint changed_signal;

G_DEFINE_FINAL_TYPE (FacetModel, facet_model, G_TYPE_OBJECT)

static void
say (FacetModel *self, char *message)
{
  g_free (self->message);
  self->message = message;
  g_signal_emit (self, changed_signal, 0);
}

/* ---- the marker ---- */

static char *
marker_path (const char *models, const char *repository)
{
  g_autofree char *hidden = facet_download_dup_hidden_folder (models, repository);

  return g_build_filename (hidden, MARKER, NULL);
}

gboolean
facet_model_marker_read (const char *models, const char *repository, gboolean *use)
{
  g_autofree char *path = marker_path (models, repository), *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return FALSE;
  *use = strcmp (text, "use\n") == 0;
  return TRUE;
}

/* If it cannot be written, the download does not go on by itself, and that is all. */
static void
write_marker (FacetModel *self, gboolean wanted)
{
  const char      *models = facet_models_get_folder (self->models);
  g_autofree char *path = marker_path (models, self->repository);
  g_autofree char *folder = g_path_get_dirname (path);

  if (!wanted) {
    g_unlink (path);
    return;
  }
  g_mkdir_with_parents (folder, 0755);
  g_file_set_contents (path, self->use ? "use\n" : "\n", -1, NULL);
}

/* ---- downloading ---- */

static void
download_progress_cb (FacetModel *self)
{
  say (self, facet_download_dup_text (self->download));
}

static void
arrived (FacetModel *self)
{
  g_clear_pointer (&self->here, facet_model_folder_free);
  self->here =
      facet_model_folder_find (facet_models_get_folder (self->models), "", self->repository);
  self->state = self->here != NULL ? FACET_MODEL_HERE : FACET_MODEL_AVAILABLE;
  g_clear_pointer (&self->damaged, g_strfreev);
  say (self,
       g_strdup (self->here != NULL ? ""
                                    : _ ("What was downloaded is no model that Facet can read.")));
  if (self->here != NULL)
    g_signal_emit_by_name (self->models, "arrived", self, self->use);
}

static void
download_state_cb (FacetModel *self)
{
  switch (facet_download_get_state (self->download)) {
  case FACET_DOWNLOAD_RUNNING:
    self->state = FACET_MODEL_DOWNLOADING;
    break;
  case FACET_DOWNLOAD_PAUSED:
    self->state = FACET_MODEL_PAUSED;
    break;
  case FACET_DOWNLOAD_FAILED:
    self->state = FACET_MODEL_FAILED;
    break;
  case FACET_DOWNLOAD_DONE:
    arrived (self);
    return;
  }
  say (self, facet_download_dup_text (self->download));
}

static void
drop_download (FacetModel *self)
{
  if (self->download == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->download, self);
  g_clear_object (&self->download);
}

/* A new one each time, so that it comes from the address that is set now. */
static void
make_download (FacetModel *self)
{
  g_autofree char *address = facet_models_dup_address (self->models);
  FacetDownloadJob job = {.address = address,
                          .repository = self->repository,
                          .name = self->known != NULL ? self->known->name : NULL,
                          .files = self->known != NULL ? self->known->files : NULL,
                          .models = facet_models_get_folder (self->models)};

  drop_download (self);
  self->download = facet_download_new (&job, facet_models_get_keyring (self->models));
  g_signal_connect_swapped (self->download, "progress", G_CALLBACK (download_progress_cb), self);
  g_signal_connect_swapped (self->download, "notify::state", G_CALLBACK (download_state_cb), self);
}

/* Hides a damaged one, so that its wrong files come again.  FALSE: it was said why not. */
static gboolean
reopen (FacetModel *self)
{
  g_autoptr (GError) error = NULL;

  if (facet_download_reopen (facet_models_get_folder (self->models), self->repository,
                             (const char *const *)self->damaged, &error)) {
    g_clear_pointer (&self->here, facet_model_folder_free);
    g_clear_pointer (&self->damaged, g_strfreev);
    return TRUE;
  }
  say (self, g_strdup (error->message));
  return FALSE;
}

void
facet_model_download (FacetModel *self, gboolean use)
{
  g_return_if_fail (FACET_IS_MODEL (self));

  if (self->state == FACET_MODEL_DOWNLOADING || self->state == FACET_MODEL_VERIFYING ||
      (self->state == FACET_MODEL_HERE && !facet_model_is_damaged (self)))
    return;
  if (self->state == FACET_MODEL_HERE && (self->here->origin != FACET_MODEL_OWN || !reopen (self)))
    return;
  self->use = use;
  write_marker (self, TRUE);
  make_download (self);
  facet_download_start (self->download);
}

void
facet_model_network_came (FacetModel *self)
{
  if (self->state == FACET_MODEL_FAILED &&
      g_error_matches (facet_download_get_error (self->download), FACET_HUB_ERROR,
                       FACET_HUB_ERROR_NETWORK))
    facet_model_download (self, self->use);
}

void
facet_model_pause (FacetModel *self)
{
  g_return_if_fail (FACET_IS_MODEL (self));

  if (self->state != FACET_MODEL_DOWNLOADING)
    return;
  write_marker (self, FALSE);
  facet_download_pause (self->download);
}

/* ---- verifying ---- */

typedef struct {
  FacetModelFolder folder;
  char           **damaged;
} Verification;

static void
verification_free (gpointer data)
{
  Verification *v = data;

  g_free (v->folder.repository);
  g_free (v->folder.folder);
  g_strfreev (v->damaged);
  g_free (v);
}

static void
verify_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Verification *v = data;
  GError       *error = NULL;

  if (facet_model_folder_verify (&v->folder, &FACET_MODEL (source)->progress, &v->damaged,
                                 cancellable, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static char *
verdict (FacetModel *self)
{
  g_autofree char *names = NULL;

  if (!facet_model_is_damaged (self))
    return g_strdup (_ ("Verified: every file is as it was published."));
  names = g_strjoinv (", ", self->damaged);
  if (self->here->origin == FACET_MODEL_HUB_CACHE)
    /* Translators: %s are names of files. */
    return g_strdup_printf (_ ("Damaged: %s. It belongs to the Hugging Face cache: remove it "
                               "there, "
                               "and download it again."),
                            names);
  /* Translators: %s are names of files. */
  return g_strdup_printf (_ ("Damaged: %s. Download it again to mend that."), names);
}

static void
verified_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  FacetModel   *self = FACET_MODEL (object);
  Verification *v = g_task_get_task_data (G_TASK (result));
  g_autoptr (GError) error = NULL;

  g_clear_handle_id (&self->tick, g_source_remove);
  g_clear_object (&self->verifying);
  self->state = FACET_MODEL_HERE;
  if (g_task_propagate_boolean (G_TASK (result), &error)) {
    g_strfreev (self->damaged);
    self->damaged = g_steal_pointer (&v->damaged);
    say (self, verdict (self));
  } else {
    say (self, g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
                   ? g_strdup ("")
                   : g_strdup (error->message));
  }
}

static gboolean
tick_cb (gpointer data)
{
  g_signal_emit (data, changed_signal, 0);
  return G_SOURCE_CONTINUE;
}

void
facet_model_verify (FacetModel *self)
{
  g_autoptr (GTask) task = NULL;
  Verification *v;

  g_return_if_fail (FACET_IS_MODEL (self));
  if (self->state != FACET_MODEL_HERE)
    return;
  v = g_new0 (Verification, 1);
  v->folder = (FacetModelFolder){.repository = g_strdup (self->repository),
                                 .folder = g_strdup (self->here->folder),
                                 .origin = self->here->origin};
  self->verifying = g_cancellable_new ();
  self->state = FACET_MODEL_VERIFYING;
  self->tick = g_timeout_add (TICK_MS, tick_cb, self);
  task = g_task_new (self, self->verifying, verified_cb, NULL);
  g_task_set_task_data (task, v, verification_free);
  g_task_run_in_thread (task, verify_thread);
  say (self, g_strdup (_ ("Reading all files…")));
}

/* ---- removing ---- */

gboolean
facet_model_remove (FacetModel *self, GError **error)
{
  gboolean fine;

  g_return_val_if_fail (FACET_IS_MODEL (self), FALSE);
  g_return_val_if_fail (self->state != FACET_MODEL_DOWNLOADING &&
                            self->state != FACET_MODEL_VERIFYING,
                        FALSE);

  drop_download (self);
  fine = self->here != NULL ? facet_model_folder_remove (self->here, error)
                            : facet_download_discard (facet_models_get_folder (self->models),
                                                      self->repository, error);
  if (!fine)
    return FALSE;
  g_clear_pointer (&self->here, facet_model_folder_free);
  g_clear_pointer (&self->damaged, g_strfreev);
  self->state = FACET_MODEL_AVAILABLE;
  say (self, g_strdup (""));
  return TRUE;
}

/* ---- what is found ---- */

static char *
begun_text (guint64 done, guint64 total)
{
  g_autofree char *done_text = g_format_size (done), *total_text = g_format_size (total);

  return g_strdup_printf (_ ("Paused, %s of %s are here"), done_text, total_text);
}

void
facet_model_take_finding (FacetModel *self, FacetModelFinding *finding)
{
  if (self->state == FACET_MODEL_DOWNLOADING || self->state == FACET_MODEL_VERIFYING ||
      (self->state == FACET_MODEL_FAILED && finding->here == NULL)) /* it still says why */
    return;
  g_clear_pointer (&self->here, facet_model_folder_free);
  self->here = g_steal_pointer (&finding->here);
  drop_download (self);
  if (self->here != NULL)
    self->state = FACET_MODEL_HERE;
  else
    self->state = finding->total > 0 ? FACET_MODEL_PAUSED : FACET_MODEL_AVAILABLE;
  if (self->state == FACET_MODEL_PAUSED) {
    make_download (self); /* knows how far it is */
    say (self, begun_text (finding->done, finding->total));
    if (finding->wanted)
      facet_model_download (self, finding->use);
  } else if (!facet_model_is_damaged (self)) {
    say (self, g_strdup (""));
  }
}

void
facet_model_set_fit (FacetModel *self, const FacetFitting *fitting, const FacetMachine *machine)
{
  g_free (self->fit);
  self->fit = facet_fitting_dup_text (fitting, machine);
  self->fits = fitting->fit != FACET_FIT_NOT;
  g_signal_emit (self, changed_signal, 0);
}

void
facet_model_stop (FacetModel *self)
{
  if (self->verifying != NULL)
    g_cancellable_cancel (self->verifying);
  if (self->download != NULL)
    facet_download_stop (self->download);
}

/* ---- what is known ---- */

const FacetCatalogueModel *
facet_model_get_known (FacetModel *self)
{
  return self->known;
}

const char *
facet_model_get_name (FacetModel *self)
{
  return self->name;
}

const char *
facet_model_get_detail (FacetModel *self)
{
  return self->known != NULL ? _ (self->known->detail) : "";
}

const char *
facet_model_get_repository (FacetModel *self)
{
  return self->repository;
}

guint64
facet_model_get_size (FacetModel *self)
{
  guint64 total = self->download != NULL ? facet_download_get_total (self->download) : 0;

  if (self->here != NULL)
    return self->here->size;
  return total > 0 ? total : self->known != NULL ? self->known->size : 0;
}

FacetModelState
facet_model_get_state (FacetModel *self)
{
  return self->state;
}

gboolean
facet_model_is_drafter (FacetModel *self)
{
  return self->known != NULL && self->known->form == FACET_MODEL_DRAFTER;
}

gboolean
facet_model_is_in_catalogue (FacetModel *self)
{
  return self->known != NULL;
}

const char *
facet_model_get_folder (FacetModel *self)
{
  return self->here != NULL ? self->here->folder : NULL;
}

gboolean
facet_model_is_in_hub_cache (FacetModel *self)
{
  return self->here != NULL && self->here->origin == FACET_MODEL_HUB_CACHE;
}

const char *
facet_model_get_fit (FacetModel *self)
{
  return self->fit != NULL ? self->fit : "";
}

gboolean
facet_model_fits (FacetModel *self)
{
  return self->fits;
}

const char *
facet_model_get_message (FacetModel *self)
{
  return self->message != NULL ? self->message : "";
}

double
facet_model_get_fraction (FacetModel *self)
{
  double fraction = 0;

  if (self->state == FACET_MODEL_VERIFYING) {
    g_mutex_lock (&self->progress.mutex);
    if (self->progress.total > 0)
      fraction = (double)self->progress.done / (double)self->progress.total;
    g_mutex_unlock (&self->progress.mutex);
  } else if (self->download != NULL) {
    fraction = facet_download_get_fraction (self->download);
  }
  return fraction;
}

gboolean
facet_model_is_damaged (FacetModel *self)
{
  return self->damaged != NULL && self->damaged[0] != NULL;
}

/* ---- the object ---- */

static void
facet_model_finalize (GObject *object)
{
  FacetModel *self = FACET_MODEL (object);

  drop_download (self);
  g_clear_handle_id (&self->tick, g_source_remove);
  g_clear_pointer (&self->here, facet_model_folder_free);
  g_strfreev (self->damaged);
  g_free (self->repository);
  g_free (self->name);
  g_free (self->fit);
  g_free (self->message);
  facet_download_progress_clear (&self->progress);
  G_OBJECT_CLASS (facet_model_parent_class)->finalize (object);
}

static void
facet_model_class_init (FacetModelClass *class)
{
  G_OBJECT_CLASS (class)->finalize = facet_model_finalize;
  changed_signal = g_signal_new ("changed", FACET_TYPE_MODEL, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 0);
}

static void
facet_model_init (FacetModel *self)
{
  facet_download_progress_init (&self->progress);
  self->fits = TRUE;
}

FacetModel *
facet_model_new (const FacetCatalogueModel *known, const char *repository, FacetModels *models)
{
  FacetModel *self = g_object_new (FACET_TYPE_MODEL, NULL);

  self->known = known;
  self->repository = g_strdup (repository);
  self->name = g_strdup (known != NULL ? known->name : repository);
  self->models = models;
  return self;
}
