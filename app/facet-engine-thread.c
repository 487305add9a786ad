/* facet-engine-thread.c: loads the model, then answers one job after another.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Everything below "The thread" runs on the engine thread, which alone touches the model and its
 * session.  The main thread pushes jobs and sets flags; the lock guards who runs now, so that a
 * cancel never hits the wrong turn. */
#define G_LOG_DOMAIN "facet-engine"

#include "config.h"

#include "facet-engine-thread.h"

#include "engine/gem-session.h"
#include "facet-generation.h"
#include "facet-states-folder.h"

#include <glib/gi18n-lib.h>

/* The longest that the program's end waits for a state to be written. */
#define LAST_SECONDS 1.0

struct _FacetEngine {
  GThread          *thread;
  GAsyncQueue      *jobs; /* of FacetJob */
  FacetEventSource *reports;
  int               quit; /* atomic */

  GMutex      lock;
  FacetJob   *running; /* under lock; borrowed */
  GemSession *session; /* made by the thread; under lock for cancelling */

  /* Copied; the thread's own. */
  char      *folder, *backend, *device, *cache_dir;
  double     memory_share;
  GemWeights weights;
  gboolean   weights_known;
  char      *weights_name;
  GemCacheType cache;
  int        n_threads;
  gboolean   without_vision, without_audio;
  guint      context_size;

  GemModel        *model;
  FacetPerception *perception;
  FacetStates     *states; /* the thread's, once it runs */
  GError          *load_error;
};

/* Ends the thread; never run. */
static FacetJob quit_job;

FacetJob *
facet_job_new (guint64 turn, FacetRequest *request)
{
  FacetJob *self = g_new0 (FacetJob, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->turn = turn;
  self->request = facet_request_ref (request);
  self->asked = g_get_monotonic_time ();
  return self;
}

FacetJob *
facet_job_ref (FacetJob *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
facet_job_unref (FacetJob *self)
{
  if (self == &quit_job || !g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->request, facet_request_unref);
  g_free (self->store);
  g_free (self);
}

void
facet_report_free (gpointer data)
{
  FacetReport *self = data;

  g_free (self->name);
  g_free (self->device);
  g_free (self->warning);
  g_clear_pointer (&self->tokenizer, gem_tokenizer_unref);
  g_clear_error (&self->error);
  facet_event_free (self->event);
  g_free (self);
}

/* The thread */

static FacetReport *
report_new (FacetReportKind kind)
{
  FacetReport *report = g_new0 (FacetReport, 1);

  report->kind = kind;
  return report;
}

static void
emit_event (FacetEvent *event, gpointer user_data)
{
  FacetEngine *self = user_data;
  FacetReport *report = report_new (FACET_REPORT_EVENT);

  report->event = event;
  facet_event_source_push (self->reports, report);
}

static gboolean
load_progress_cb (double fraction, const char *what, gpointer user_data)
{
  FacetEngine *self = user_data;
  FacetReport *report = report_new (FACET_REPORT_LOADING);

  report->progress = fraction;
  facet_event_source_push (self->reports, report);
  return !g_atomic_int_get (&self->quit);
}

static gboolean
check_options (FacetEngine *self, GError **error)
{
  if (self->folder == NULL) {
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL,
                         _ ("The demonstration model is not where Facet was installed.  Install it "
                            "again, "
                            "or choose a model folder."));
    return FALSE;
  }
  if (!self->weights_known) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                 _ ("“%s” is not a kind of weights.  Choose bf16, q8 or q4."), self->weights_name);
    return FALSE;
  }
  return TRUE;
}

static gboolean
make_session (FacetEngine *self, GError **error)
{
  guint       most = (guint)gem_model_get_config (self->model)->text.max_position_embeddings;
  guint       size = self->context_size > 0 ? self->context_size : FACET_DEFAULT_CONTEXT;
  GemSession *session = gem_session_new (self->model, MIN (size, most), error);

  g_mutex_lock (&self->lock);
  self->session = session;
  g_mutex_unlock (&self->lock);
  return session != NULL;
}

/* Weights that found room on the GPU may leave none for the context. */
static gboolean
load (FacetEngine *self, GError **error)
{
  GemModelOptions options = {.backend = self->backend,
                             .device = self->device,
                             .memory_share = self->memory_share,
                             .weights = self->weights,
                             .cache = self->cache,
                             .threads = self->n_threads,
                             .without_vision = self->without_vision,
                             .without_audio = self->without_audio,
                             .cache_dir = self->cache_dir};
  g_autoptr (GError) reason = NULL;

  if (!check_options (self, error))
    return FALSE;
  self->model = gem_model_load (self->folder, &options, load_progress_cb, self, error);
  if (self->model == NULL)
    return FALSE;
  if (!make_session (self, &reason)) {
    if (!gem_model_is_on_automatic_gpu (self->model) ||
        !g_error_matches (reason, GEM_ERROR, GEM_ERROR_NO_MEMORY)) {
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
    g_clear_pointer (&self->model, gem_model_unref);
    self->model =
        gem_model_load_on_cpu (self->folder, &options, reason, load_progress_cb, self, error);
    if (self->model == NULL || !make_session (self, error))
      return FALSE;
  }
  self->perception = facet_perception_new (self->model, gem_session_get_n_ctx (self->session));
  return TRUE;
}

static char *
join_warnings (GemModel *model)
{
  const char *const *warnings = gem_model_get_warnings (model);

  if (warnings == NULL || warnings[0] == NULL)
    return NULL;
  return g_strjoinv ("\n", (char **)warnings);
}

static void
report_loaded (FacetEngine *self)
{
  FacetReport *report;

  if (self->load_error != NULL) {
    report = report_new (FACET_REPORT_FAILED);
    report->error = g_error_copy (self->load_error);
  } else {
    report = report_new (FACET_REPORT_READY);
    report->name = g_strdup (gem_model_get_name (self->model));
    report->device = g_strdup (gem_model_get_device_name (self->model));
    report->warning = join_warnings (self->model);
    report->context_size = gem_session_get_n_ctx (self->session);
    report->sees = gem_model_get_config (self->model)->has_vision;
    report->hears = gem_model_get_config (self->model)->has_audio;
    report->tokenizer = gem_tokenizer_ref (gem_model_get_tokenizer (self->model));
  }
  facet_event_source_push (self->reports, report);
}

/* From here on the job is ours to end, unless it was cancelled before. */
static gboolean
begin_job (FacetEngine *self, FacetJob *job)
{
  gboolean begin;

  g_mutex_lock (&self->lock);
  begin = !g_atomic_int_get (&job->cancelled) && !g_atomic_int_get (&self->quit);
  if (begin) {
    job->begun = TRUE;
    self->running = job;
    if (self->session != NULL)
      gem_session_reset_cancel (self->session);
  }
  g_mutex_unlock (&self->lock);
  return begin;
}

static void
run_job (FacetEngine *self, FacetJob *job)
{
  if (!begin_job (self, job))
    return;
  facet_states_interrupt (self->states);
  if (self->session != NULL)
    facet_generation_run (self->model, self->session, self->perception, self->states, job,
                          emit_event, self);
  else {
    FacetEvent *event = facet_event_new (FACET_EVENT_ERROR, job->turn);

    event->error = g_error_copy (self->load_error);
    emit_event (event, self);
  }
  g_mutex_lock (&self->lock);
  self->running = NULL;
  g_mutex_unlock (&self->lock);
  if (self->session != NULL)
    facet_states_note_idle (self->states, self->session);
}

static void
do_job (FacetEngine *self, FacetJob *job)
{
  switch (job->kind) {
  case FACET_JOB_TURN:
    run_job (self, job);
    break;
  case FACET_JOB_LEAVE:
    facet_states_hurry (self->states);
    break;
  case FACET_JOB_FORGET:
    facet_states_forget (self->states, job->store, job->conversation);
    break;
  case FACET_JOB_LIMIT:
    facet_states_set_limit (self->states, job->limit);
    break;
  }
}

/* Waits for the next one; while there is none, states are written. */
static FacetJob *
next_job (FacetEngine *self)
{
  for (;;) {
    gint64    wait = facet_states_get_wait (self->states);
    FacetJob *job;

    if (wait < 0)
      return g_async_queue_pop (self->jobs);
    job = wait > 0 ? g_async_queue_timeout_pop (self->jobs, (guint64)wait)
                   : g_async_queue_try_pop (self->jobs);
    if (job != NULL)
      return job;
    facet_states_work (self->states, self->session);
  }
}

static gpointer
engine_thread (gpointer user_data)
{
  FacetEngine *self = user_data;
  FacetJob    *job;

  load (self, &self->load_error);
  report_loaded (self);
  while ((job = next_job (self)) != &quit_job) {
    do_job (self, job);
    facet_job_unref (job);
  }
  if (self->session != NULL)
    facet_states_finish (self->states, self->session, LAST_SECONDS);
  g_clear_pointer (&self->states, facet_states_free);
  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->session, gem_session_free);
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&self->perception, facet_perception_free);
  g_clear_pointer (&self->model, gem_model_unref);
  g_clear_error (&self->load_error);
  return NULL;
}

/* The main thread's side */

static gboolean
parse_weights (const char *name, GemWeights *weights)
{
  static const char *const names[] =
      {[GEM_WEIGHTS_BF16] = "bf16", [GEM_WEIGHTS_Q8] = "q8", [GEM_WEIGHTS_Q4] = "q4"};

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (g_str_equal (name, names[i])) {
      *weights = (GemWeights)i;
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
is_given (const char *text)
{
  return text != NULL && *text != '\0';
}

static FacetStates *
make_states (const FacetLocalOptions *options)
{
  g_autofree char *folder = facet_states_folder_get_default ();

  return facet_states_new (folder, options->state_seconds, options->state_idle_ms);
}

FacetEngine *
facet_engine_new (const FacetLocalOptions *options, FacetEventSource *reports)
{
  FacetEngine *self = g_new0 (FacetEngine, 1);

  g_mutex_init (&self->lock);
  self->jobs = g_async_queue_new_full ((GDestroyNotify)facet_job_unref);
  self->reports = facet_event_source_ref (reports);
  self->folder = is_given (options->model_folder) ? g_strdup (options->model_folder)
                                                  : facet_find_demo_model ();
  self->backend = g_strdup (is_given (options->backend) ? options->backend : "auto");
  self->device = g_strdup (options->device);
  self->memory_share = options->memory_share;
  self->weights_name = g_strdup (is_given (options->weights) ? options->weights : "bf16");
  self->weights_known = parse_weights (self->weights_name, &self->weights);
  self->cache = g_strcmp0 (options->cache, "bf16") == 0 ? GEM_CACHE_BF16 : GEM_CACHE_F32;
  self->cache_dir = g_build_filename (g_get_user_cache_dir (), "facet", NULL);
  self->n_threads = options->threads;
  self->without_vision = options->without_vision;
  self->without_audio = options->without_audio;
  self->context_size = options->context_size;
  self->states = make_states (options);
  self->thread = g_thread_new ("facet-engine", engine_thread, self);
  return self;
}

void
facet_engine_free (FacetEngine *self)
{
  g_mutex_lock (&self->lock);
  g_atomic_int_set (&self->quit, TRUE);
  if (self->running != NULL) {
    g_atomic_int_set (&self->running->cancelled, TRUE);
    if (self->session != NULL)
      gem_session_cancel (self->session);
  }
  g_mutex_unlock (&self->lock);
  g_async_queue_push (self->jobs, &quit_job);
  g_thread_join (self->thread);
  g_async_queue_unref (self->jobs);
  facet_event_source_unref (self->reports);
  g_mutex_clear (&self->lock);
  g_free (self->folder);
  g_free (self->backend);
  g_free (self->device);
  g_free (self->weights_name);
  g_free (self->cache_dir);
  g_free (self);
}

void
facet_engine_push (FacetEngine *self, FacetJob *job)
{
  g_async_queue_push (self->jobs, facet_job_ref (job));
}

gboolean
facet_engine_cancel (FacetEngine *self, FacetJob *job)
{
  gboolean begun;

  g_mutex_lock (&self->lock);
  g_atomic_int_set (&job->cancelled, TRUE);
  begun = job->begun;
  if (self->running == job && self->session != NULL)
    gem_session_cancel (self->session);
  g_mutex_unlock (&self->lock);
  return begun;
}

static void
push_order (FacetEngine *self,
            FacetJobKind kind,
            const char  *store,
            gint64       conversation,
            guint64      limit)
{
  FacetJob *job = g_new0 (FacetJob, 1);

  g_atomic_ref_count_init (&job->ref_count);
  job->kind = kind;
  job->store = g_strdup (store);
  job->conversation = conversation;
  job->limit = limit;
  g_async_queue_push (self->jobs, job);
}

void
facet_engine_leave (FacetEngine *self)
{
  push_order (self, FACET_JOB_LEAVE, NULL, 0, 0);
}

void
facet_engine_forget_state (FacetEngine *self, const char *store, gint64 conversation)
{
  push_order (self, FACET_JOB_FORGET, store, conversation, 0);
}

void
facet_engine_set_state_limit (FacetEngine *self, guint64 bytes)
{
  push_order (self, FACET_JOB_LIMIT, NULL, 0, bytes);
}
