/* facet-sound-portaudio.c: the thread that calls PortAudio, and the watch over the open stream.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The main thread pushes jobs, the thread pushes answers.  An answer carries the number of the
 * opening that it is about, so that one to a stream that was closed since is dropped.  Devices are
 * looked for again whenever one may have come or gone and no stream is open. */
#define G_LOG_DOMAIN "facet-sound-portaudio"

#include "config.h"

#include "facet-sound-portaudio.h"

#include "facet-event-source.h"
#include "facet-sound-stream.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>

#define WATCH_US   (200 * G_TIME_SPAN_MILLISECOND)
#define OPENING_US (5 * G_TIME_SPAN_MILLISECOND)
#define LOST_US    (2 * G_TIME_SPAN_SECOND) /* without sound */
#define FIRST_US   (5 * G_TIME_SPAN_SECOND) /* until the first sound */
#define QUIT_US    (2 * G_TIME_SPAN_SECOND)
#define ANSWER_S   8   /* from opening to an answer, whatever it is */
#define SETTLE_MS  500 /* a device that is plugged in makes several changes */

typedef enum {
  JOB_OPEN,
  JOB_CLOSE,
  JOB_REFRESH,
  JOB_QUIT,
} JobKind;

typedef struct {
  JobKind         kind;
  guint           opening;
  char           *device;
  FacetSoundRing *ring;
} Job;

typedef enum {
  ANSWER_OPENED,
  ANSWER_LOST,
  ANSWER_DEVICES,
} AnswerKind;

typedef struct {
  AnswerKind kind;
  guint      opening;
  guint      rate;
  guint64    begin;
  GError    *error;
  GPtrArray *devices;
} Answer;

/* What the thread owns, and its queues. */
typedef struct {
  GAsyncQueue      *jobs;
  GAsyncQueue      *done;
  FacetEventSource *answers;
  FacetSoundStream *stream; /* NULL: closed */
  guint             opening;
  gboolean          announced; /* the first sound has come */
  guint             n_blocks;  /* as last seen */
  gint64            heard;     /* when it grew */
  gboolean          running;   /* PortAudio is started */
  gboolean          stale;     /* devices may have come or gone since */
} Worker;

struct _FacetSoundPortaudio {
  GObject           parent_instance;
  GThread          *thread; /* NULL: not needed yet */
  GAsyncQueue      *jobs;
  GAsyncQueue      *done; /* one item when the thread has ended */
  FacetEventSource *answers;
  GPtrArray        *devices;
  guint             opening;    /* the number of the last one */
  gboolean          open;       /* asked for, and neither closed nor lost since */
  guint             unanswered; /* GSource; 0: none */
  GFileMonitor     *monitor;
  guint             settle; /* GSource; 0: none */
};

static void facet_sound_portaudio_iface_init (FacetSoundSourceInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (FacetSoundPortaudio,
                               facet_sound_portaudio,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (FACET_TYPE_SOUND_SOURCE,
                                                      facet_sound_portaudio_iface_init))

static void
job_free (gpointer data)
{
  Job *self = data;

  g_free (self->device);
  g_clear_pointer (&self->ring, facet_sound_ring_unref);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Job, job_free)

static void
answer_free (gpointer data)
{
  Answer *self = data;

  g_clear_error (&self->error);
  g_clear_pointer (&self->devices, g_ptr_array_unref);
  g_free (self);
}

/* The thread */

static Answer *
answer_new (Worker *self, AnswerKind kind)
{
  Answer *answer = g_new0 (Answer, 1);

  answer->kind = kind;
  answer->opening = self->opening;
  return answer;
}

static gboolean
start (Worker *self, GError **error)
{
  if (!self->running)
    self->running = facet_sound_stream_init (error);
  return self->running;
}

/* Only when no stream is open. */
static void
look_again (Worker *self)
{
  Answer *answer = answer_new (self, ANSWER_DEVICES);

  if (self->running)
    facet_sound_stream_quit ();
  self->running = self->stale = FALSE;
  answer->devices = start (self, NULL)
                        ? facet_sound_stream_list ()
                        : g_ptr_array_new_with_free_func ((GDestroyNotify)facet_sound_device_free);
  facet_event_source_push (self->answers, answer);
}

static void
close_stream (Worker *self)
{
  g_clear_pointer (&self->stream, facet_sound_stream_close);
  if (self->stale)
    look_again (self);
}

/* Said before the stream is closed, which a dead device may delay.  @error: taken. */
static void
lose (Worker *self, GError *error)
{
  Answer *answer = answer_new (self, ANSWER_LOST);

  answer->error = error;
  facet_event_source_push (self->answers, answer);
  self->stale = TRUE;
  close_stream (self);
}

static void
open_stream (Worker *self, const Job *job)
{
  GError *error = NULL;

  close_stream (self);
  self->opening = job->opening;
  self->announced = FALSE;
  self->n_blocks = 0;
  if (start (self, &error)) {
    self->stream = facet_sound_stream_open (job->device, job->ring, &error);
    /* It may have been plugged in a moment ago. */
    if (g_error_matches (error, FACET_SOUND_ERROR, FACET_SOUND_ERROR_NO_DEVICE)) {
      look_again (self);
      g_clear_error (&error);
      if (start (self, &error))
        self->stream = facet_sound_stream_open (job->device, job->ring, &error);
    }
  }
  self->heard = g_get_monotonic_time ();
  if (error != NULL)
    lose (self, error);
}

static void
watch (Worker *self)
{
  gint64  now = g_get_monotonic_time ();
  guint   n_blocks = facet_sound_stream_get_n_blocks (self->stream);
  Answer *answer;

  if (n_blocks != self->n_blocks) {
    self->n_blocks = n_blocks;
    self->heard = now;
    if (self->announced)
      return;
    self->announced = TRUE;
    answer = answer_new (self, ANSWER_OPENED);
    answer->rate = facet_sound_stream_get_rate (self->stream);
    answer->begin = facet_sound_stream_get_begin (self->stream);
    facet_event_source_push (self->answers, answer);
  } else if (now - self->heard > (self->announced ? LOST_US : FIRST_US) ||
             !facet_sound_stream_is_active (self->stream))
    lose (self, facet_sound_stream_lost_error (self->stream));
}

static void
do_job (Worker *self, const Job *job)
{
  switch (job->kind) {
  case JOB_OPEN:
    open_stream (self, job);
    break;
  case JOB_CLOSE:
    close_stream (self);
    break;
  case JOB_REFRESH:
    self->stale = TRUE;
    if (self->stream == NULL)
      look_again (self);
    else {
      Answer *answer = answer_new (self, ANSWER_DEVICES);

      answer->devices = facet_sound_stream_list ();
      facet_event_source_push (self->answers, answer);
    }
    break;
  case JOB_QUIT:
    self->stale = FALSE;
    close_stream (self);
    break;
  }
}

static gpointer
portaudio_thread (gpointer user_data)
{
  Worker  *self = user_data;
  gboolean quit = FALSE;

  while (!quit) {
    g_autoptr (Job) job = NULL;

    if (self->stream == NULL)
      job = g_async_queue_pop (self->jobs);
    else
      job = g_async_queue_timeout_pop (self->jobs, self->announced ? WATCH_US : OPENING_US);
    if (job != NULL) {
      do_job (self, job);
      quit = job->kind == JOB_QUIT;
    } else
      watch (self);
  }
  if (self->running)
    facet_sound_stream_quit ();
  g_async_queue_push (self->done, self->done);
  g_async_queue_unref (self->jobs);
  g_async_queue_unref (self->done);
  facet_event_source_unref (self->answers);
  g_free (self);
  return NULL;
}

/* The main thread's side */

static void
push_job (FacetSoundPortaudio *self, JobKind kind, const char *device, FacetSoundRing *ring)
{
  Job *job = g_new0 (Job, 1);

  if (self->thread == NULL) {
    Worker *worker = g_new0 (Worker, 1);

    worker->jobs = g_async_queue_ref (self->jobs);
    worker->done = g_async_queue_ref (self->done);
    worker->answers = facet_event_source_ref (self->answers);
    self->thread = g_thread_new ("facet-portaudio", portaudio_thread, worker);
  }
  job->kind = kind;
  job->opening = self->opening;
  job->device = g_strdup (device);
  job->ring = ring != NULL ? facet_sound_ring_ref (ring) : NULL;
  g_async_queue_push (self->jobs, job);
}

static void
answer_cb (gpointer item, gpointer user_data)
{
  g_autoptr (FacetSoundPortaudio) self = g_object_ref (user_data);
  Answer  *answer = item;
  gboolean current = self->open && answer->opening == self->opening;

  if (current && answer->kind != ANSWER_DEVICES)
    g_clear_handle_id (&self->unanswered, g_source_remove);
  switch (answer->kind) {
  case ANSWER_OPENED:
    if (current)
      g_signal_emit_by_name (self, "opened", answer->rate, answer->begin);
    break;
  case ANSWER_LOST:
    if (current) {
      self->open = FALSE;
      g_signal_emit_by_name (self, "lost", answer->error);
    }
    break;
  case ANSWER_DEVICES:
    g_ptr_array_unref (self->devices);
    self->devices = g_steal_pointer (&answer->devices);
    g_signal_emit_by_name (self, "devices-changed");
    break;
  }
  answer_free (answer);
}

static void
portaudio_close (FacetSoundSource *source)
{
  FacetSoundPortaudio *self = FACET_SOUND_PORTAUDIO (source);

  if (!self->open)
    return;
  self->open = FALSE;
  g_clear_handle_id (&self->unanswered, g_source_remove);
  push_job (self, JOB_CLOSE, NULL, NULL);
}

/* The thread hangs in a call that never returns.  If it does all the same, it closes what it
 * opened. */
static gboolean
unanswered_cb (gpointer user_data)
{
  g_autoptr (FacetSoundPortaudio) self = g_object_ref (user_data);
  g_autoptr (GError) error =
      g_error_new_literal (FACET_SOUND_ERROR, FACET_SOUND_ERROR_OPEN,
                           _ ("The sound system does not answer.  Wait a moment and try again; if "
                              "that does not help, start the computer's sound server again."));

  self->unanswered = 0;
  portaudio_close (FACET_SOUND_SOURCE (self));
  g_signal_emit_by_name (self, "lost", error);
  return G_SOURCE_REMOVE;
}

static void
portaudio_open (FacetSoundSource *source, const char *device, FacetSoundRing *ring)
{
  FacetSoundPortaudio *self = FACET_SOUND_PORTAUDIO (source);

  self->opening++;
  self->open = TRUE;
  push_job (self, JOB_OPEN, device, ring);
  self->unanswered = g_timeout_add_seconds (ANSWER_S, unanswered_cb, self);
}

static void
portaudio_refresh (FacetSoundSource *source)
{
  push_job (FACET_SOUND_PORTAUDIO (source), JOB_REFRESH, NULL, NULL);
}

static GPtrArray *
portaudio_get_devices (FacetSoundSource *source)
{
  return FACET_SOUND_PORTAUDIO (source)->devices;
}

static void
facet_sound_portaudio_iface_init (FacetSoundSourceInterface *iface)
{
  iface->open = portaudio_open;
  iface->close = portaudio_close;
  iface->refresh = portaudio_refresh;
  iface->get_devices = portaudio_get_devices;
}

/* Hot-plug.  Before PortAudio was needed at all, nobody has seen a list that could be wrong. */

static gboolean
settled_cb (gpointer user_data)
{
  FacetSoundPortaudio *self = user_data;

  self->settle = 0;
  if (self->thread != NULL)
    push_job (self, JOB_REFRESH, NULL, NULL);
  return G_SOURCE_REMOVE;
}

static void
plugged_cb (GFileMonitor        *monitor,
            GFile               *file,
            GFile               *other,
            GFileMonitorEvent    event,
            FacetSoundPortaudio *self)
{
  if (event != G_FILE_MONITOR_EVENT_CREATED && event != G_FILE_MONITOR_EVENT_DELETED)
    return;
  g_clear_handle_id (&self->settle, g_source_remove);
  self->settle = g_timeout_add (SETTLE_MS, settled_cb, self);
}

static void
facet_sound_portaudio_dispose (GObject *object)
{
  FacetSoundPortaudio *self = FACET_SOUND_PORTAUDIO (object);

  g_clear_handle_id (&self->unanswered, g_source_remove);
  g_clear_handle_id (&self->settle, g_source_remove);
  g_clear_object (&self->monitor);
  if (self->thread != NULL) {
    push_job (self, JOB_QUIT, NULL, NULL);
    /* A sound server that hangs must not keep the program from ending: its thread is left behind,
     * with what it holds. */
    if (g_async_queue_timeout_pop (self->done, QUIT_US) != NULL)
      g_thread_join (self->thread);
    else
      g_thread_unref (self->thread);
    self->thread = NULL;
  }
  if (self->answers != NULL)
    facet_event_source_stop (self->answers);
  g_clear_pointer (&self->answers, facet_event_source_unref);
  g_clear_pointer (&self->jobs, g_async_queue_unref);
  g_clear_pointer (&self->done, g_async_queue_unref);
  g_clear_pointer (&self->devices, g_ptr_array_unref);
  G_OBJECT_CLASS (facet_sound_portaudio_parent_class)->dispose (object);
}

static void
facet_sound_portaudio_class_init (FacetSoundPortaudioClass *class)
{
  G_OBJECT_CLASS (class)->dispose = facet_sound_portaudio_dispose;
}

static void
facet_sound_portaudio_init (FacetSoundPortaudio *self)
{
  self->jobs = g_async_queue_new_full (job_free);
  self->done = g_async_queue_new ();
  self->answers = facet_event_source_new (NULL, 0, answer_free, answer_cb, self);
  self->devices = g_ptr_array_new_with_free_func ((GDestroyNotify)facet_sound_device_free);
}

FacetSoundSource *
facet_sound_portaudio_new (const char *device_folder)
{
  FacetSoundPortaudio *self = g_object_new (FACET_TYPE_SOUND_PORTAUDIO, NULL);
  g_autoptr (GFile) folder =
      g_file_new_for_path (device_folder != NULL ? device_folder : "/dev/snd");

  self->monitor = g_file_monitor_directory (folder, G_FILE_MONITOR_NONE, NULL, NULL);
  if (self->monitor != NULL)
    g_signal_connect (self->monitor, "changed", G_CALLBACK (plugged_cb), self);
  return FACET_SOUND_SOURCE (self);
}
