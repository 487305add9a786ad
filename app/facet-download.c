/* facet-download.c: a job in a thread, its speed, and how it stands in words.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "facet-download"

#include "config.h"

#include "facet-download.h"

#include <glib/gi18n-lib.h>

#define TICK_MS   250
#define N_SAMPLES 24 /* ticks that the speed is taken from */

struct _FacetDownload {
  GObject parent_instance;

  FacetDownloadJob      job; /* its texts are owned */
  char                **files;
  FacetKeyring         *keyring;
  gboolean              asks_keyring; /* and has no thread yet */
  FacetDownloadState    state;
  FacetDownloadProgress progress; /* shared with the thread */
  FacetDownloadProgress seen;     /* as of the last tick; its mutex is not used */
  GThread              *thread;
  GCancellable         *cancellable;
  GError               *error;
  guint                 tick;
  gint64                sample_times[N_SAMPLES]; /* a ring */
  guint64               sample_bytes[N_SAMPLES];
  guint                 n_samples;
};

enum {
  PROP_STATE = 1,
  N_PROPS,
};
static GParamSpec *props[N_PROPS];
static guint       progress_signal;

G_DEFINE_FINAL_TYPE (FacetDownload, facet_download, G_TYPE_OBJECT)

/* ---- how it goes ---- */

static void
look (FacetDownload *self)
{
  g_mutex_lock (&self->progress.mutex);
  self->seen.phase = self->progress.phase;
  self->seen.done = self->progress.done;
  self->seen.total = self->progress.total;
  self->seen.received = self->progress.received;
  g_strlcpy (self->seen.file, self->progress.file, sizeof self->seen.file);
  g_strlcpy (self->seen.trouble, self->progress.trouble, sizeof self->seen.trouble);
  g_mutex_unlock (&self->progress.mutex);
}

static gboolean
tick_cb (gpointer data)
{
  FacetDownload *self = data;

  look (self);
  self->sample_times[self->n_samples % N_SAMPLES] = g_get_monotonic_time ();
  self->sample_bytes[self->n_samples % N_SAMPLES] = self->seen.received;
  self->n_samples++;
  g_signal_emit (self, progress_signal, 0);
  return G_SOURCE_CONTINUE;
}

double
facet_download_get_speed (FacetDownload *self)
{
  guint  newest, oldest;
  double seconds;

  if (self->n_samples < 2 || self->state != FACET_DOWNLOAD_RUNNING)
    return 0;
  newest = (self->n_samples - 1) % N_SAMPLES;
  oldest = self->n_samples > N_SAMPLES ? self->n_samples % N_SAMPLES : 0;
  seconds = (double)(self->sample_times[newest] - self->sample_times[oldest]) / G_USEC_PER_SEC;
  return seconds > 0 ? (double)(self->sample_bytes[newest] - self->sample_bytes[oldest]) / seconds
                     : 0;
}

int
facet_download_get_remaining (FacetDownload *self)
{
  double speed = facet_download_get_speed (self);

  if (speed < 1 || self->seen.total == 0)
    return -1;
  return (int)MIN ((double)(self->seen.total - self->seen.done) / speed + 0.5, 359999);
}

double
facet_download_get_fraction (FacetDownload *self)
{
  return self->seen.total > 0 ? (double)self->seen.done / (double)self->seen.total : 0;
}

/* ---- in words ---- */

static char *
remaining_text (int seconds)
{
  if (seconds < 60)
    return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%d second left", "%d seconds left",
                                         (gulong)seconds),
                            seconds);
  if (seconds < 3600)
    return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%d minute left", "%d minutes left",
                                         (gulong)((seconds + 30) / 60)),
                            (seconds + 30) / 60);
  /* Translators: hours and minutes. */
  return g_strdup_printf (_ ("%d h %d min left"), seconds / 3600, seconds % 3600 / 60);
}

static char *
transfer_text (FacetDownload *self)
{
  g_autofree char *done = g_format_size (self->seen.done);
  g_autofree char *total = g_format_size (self->seen.total);
  g_autofree char *speed = g_format_size ((guint64)facet_download_get_speed (self));
  int              seconds = facet_download_get_remaining (self);
  g_autofree char *left = seconds >= 0 ? remaining_text (seconds) : NULL;

  if (left == NULL)
    /* Translators: how much is downloaded, of how much. */
    return g_strdup_printf (_ ("%s of %s"), done, total);
  /* Translators: how much is downloaded, of how much, how fast, and how long it still takes. */
  return g_strdup_printf (_ ("%s of %s, %s/s, %s"), done, total, speed, left);
}

char *
facet_download_dup_text (FacetDownload *self)
{
  g_autofree char *done = g_format_size (self->seen.done);
  g_autofree char *total = g_format_size (self->seen.total);

  switch (self->state) {
  case FACET_DOWNLOAD_PAUSED:
    return self->seen.total > 0 ? g_strdup_printf (_ ("Paused, %s of %s are here"), done, total)
                                : g_strdup (_ ("Paused"));
  case FACET_DOWNLOAD_FAILED:
    return g_strdup (self->error->message);
  case FACET_DOWNLOAD_DONE:
    return g_strdup (_ ("Downloaded"));
  case FACET_DOWNLOAD_RUNNING:
    break;
  }
  switch (self->seen.phase) {
  case FACET_DOWNLOAD_LISTING:
    return g_strdup (_ ("Asking the server…"));
  case FACET_DOWNLOAD_WAITING:
    /* Translators: %s is a sentence about the network or a server. */
    return g_strdup_printf (_ ("Waiting to try again. %s"), self->seen.trouble);
  case FACET_DOWNLOAD_CHECKING:
    /* Translators: %s is a file. */
    return g_strdup_printf (_ ("Checking %s"), self->seen.file);
  case FACET_DOWNLOAD_TRANSFERRING:
  default:
    return transfer_text (self);
  }
}

/* ---- the thread ---- */

static void
set_state (FacetDownload *self, FacetDownloadState state)
{
  if (self->state == state)
    return;
  self->state = state;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
}

/* Takes over what the thread left.  Joins it. */
static void
settle (FacetDownload *self)
{
  GError *error;

  if (self->thread == NULL)
    return;
  error = g_thread_join (self->thread);
  self->thread = NULL;
  g_clear_handle_id (&self->tick, g_source_remove);
  g_clear_object (&self->cancellable);
  look (self);
  if (error == NULL) {
    set_state (self, FACET_DOWNLOAD_DONE);
  } else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
    g_error_free (error);
    set_state (self, FACET_DOWNLOAD_PAUSED);
  } else {
    g_clear_error (&self->error);
    self->error = error;
    set_state (self, FACET_DOWNLOAD_FAILED);
  }
}

static gboolean
ended_cb (gpointer data)
{
  settle (data);
  return G_SOURCE_REMOVE;
}

/* Returns its error, or NULL. */
static gpointer
download_thread (gpointer data)
{
  FacetDownload *self = data;
  GError        *error = NULL;

  facet_download_job_run (&self->job, &self->progress, self->cancellable, &error);
  g_idle_add_full (G_PRIORITY_DEFAULT, ended_cb, self, g_object_unref);
  return error;
}

static void
launch (FacetDownload *self)
{
  self->tick = g_timeout_add (TICK_MS, tick_cb, self);
  self->thread = g_thread_new ("facet-download", download_thread, g_object_ref (self));
}

/* Without a keyring, or with one that stays locked, it is tried without a token. */
static void
looked_up_cb (GObject *keyring, GAsyncResult *result, gpointer data)
{
  g_autoptr (FacetDownload) self = data;
  g_autoptr (GError) error = NULL;

  self->job.token = facet_keyring_lookup_finish (FACET_KEYRING (keyring), result, &error);
  self->asks_keyring = FALSE;
  if (error != NULL)
    g_debug ("No token: %s", error->message);
  if (g_cancellable_is_cancelled (self->cancellable)) {
    g_clear_object (&self->cancellable);
    set_state (self, FACET_DOWNLOAD_PAUSED);
  } else {
    launch (self);
  }
}

void
facet_download_start (FacetDownload *self)
{
  g_return_if_fail (FACET_IS_DOWNLOAD (self));

  if (self->thread != NULL || self->asks_keyring)
    return;
  self->n_samples = 0;
  self->cancellable = g_cancellable_new ();
  facet_download_progress_set_phase (&self->progress, FACET_DOWNLOAD_LISTING, NULL);
  look (self);
  if (self->job.token == NULL && self->keyring != NULL) {
    self->asks_keyring = TRUE;
    facet_keyring_lookup_async (self->keyring, self->job.address, looked_up_cb,
                                g_object_ref (self));
  } else {
    launch (self);
  }
  set_state (self, FACET_DOWNLOAD_RUNNING);
}

void
facet_download_pause (FacetDownload *self)
{
  g_return_if_fail (FACET_IS_DOWNLOAD (self));

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
}

void
facet_download_stop (FacetDownload *self)
{
  g_return_if_fail (FACET_IS_DOWNLOAD (self));

  facet_download_pause (self);
  settle (self);
}

/* ---- what is known ---- */

FacetDownloadState
facet_download_get_state (FacetDownload *self)
{
  g_return_val_if_fail (FACET_IS_DOWNLOAD (self), FACET_DOWNLOAD_FAILED);

  return self->state;
}

FacetDownloadPhase
facet_download_get_phase (FacetDownload *self)
{
  return self->seen.phase;
}

guint64
facet_download_get_done (FacetDownload *self)
{
  return self->seen.done;
}

guint64
facet_download_get_total (FacetDownload *self)
{
  return self->seen.total;
}

const char *
facet_download_get_file (FacetDownload *self)
{
  return self->seen.file;
}

const char *
facet_download_get_trouble (FacetDownload *self)
{
  return self->seen.trouble;
}

const GError *
facet_download_get_error (FacetDownload *self)
{
  return self->state == FACET_DOWNLOAD_FAILED ? self->error : NULL;
}

static void
facet_download_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_STATE)
    g_value_set_int (value, (int)FACET_DOWNLOAD (object)->state);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
facet_download_finalize (GObject *object)
{
  FacetDownload *self = FACET_DOWNLOAD (object);

  g_clear_error (&self->error);
  g_clear_object (&self->keyring);
  g_free ((char *)self->job.address);
  g_free ((char *)self->job.token);
  g_free ((char *)self->job.repository);
  g_free ((char *)self->job.name);
  g_free ((char *)self->job.models);
  g_strfreev (self->files);
  facet_download_progress_clear (&self->progress);
  G_OBJECT_CLASS (facet_download_parent_class)->finalize (object);
}

static void
facet_download_class_init (FacetDownloadClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);

  object_class->finalize = facet_download_finalize;
  object_class->get_property = facet_download_get_property;
  props[PROP_STATE] = g_param_spec_int ("state", NULL, NULL, 0, FACET_DOWNLOAD_DONE, 0,
                                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
  progress_signal = g_signal_new ("progress", FACET_TYPE_DOWNLOAD, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 0);
}

static void
facet_download_init (FacetDownload *self)
{
  facet_download_progress_init (&self->progress);
}

FacetDownload *
facet_download_new (const FacetDownloadJob *job, FacetKeyring *keyring)
{
  FacetDownload   *self = g_object_new (FACET_TYPE_DOWNLOAD, NULL);
  const char      *given = g_getenv ("HF_TOKEN");
  g_autofree char *folder = facet_download_dup_folder (job->models, job->repository);

  self->files = g_strdupv ((char **)job->files);
  self->keyring = keyring != NULL ? g_object_ref (keyring) : NULL;
  self->job = (FacetDownloadJob){.address = facet_hub_dup_address (job->address),
                                 .token = g_strdup (job->token != NULL ? job->token : given),
                                 .repository = g_strdup (job->repository),
                                 .name = g_strdup (job->name),
                                 .files = (const char *const *)self->files,
                                 .models = g_strdup (job->models),
                                 .tuning = job->tuning};
  if (g_file_test (folder, G_FILE_TEST_IS_DIR))
    self->state = FACET_DOWNLOAD_DONE;
  else
    facet_download_get_begun (job->models, job->repository, &self->progress.done,
                              &self->progress.total);
  look (self);
  return self;
}
