/* facet-capture.c: the capture thread: orders, sound, levels.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Everything below "The thread" runs on it.  What a recording is made of is in facet-recording.c;
 * here is when it begins and ends.  Samples after resampling are counted from the begin of the
 * stream ("indices"); the resampler keeps time, so that position and index differ by a factor. */
#define G_LOG_DOMAIN "facet-capture"

#include "facet-capture.h"

#include "facet-recording.h"
#include "facet-sound-level.h"

#include <math.h>

#define BLOCK    4096 /* samples of the ring */
#define POLL_US  (20 * G_TIME_SPAN_MILLISECOND)
#define LEVEL_US (40 * G_TIME_SPAN_MILLISECOND)
#define PRE_ROLL ((guint64)(FACET_CAPTURE_PRE_ROLL_S * FACET_SOUND_RATE))
#define TAIL     ((guint64)(FACET_CAPTURE_TAIL_S * FACET_SOUND_RATE))
#define HISTORY_SAMPLES                                                                            \
  (2 * FACET_SOUND_RATE) /* the pre-roll, and what came while an order waited */

typedef enum {
  ORDER_BEGIN_STREAM,
  ORDER_END_STREAM,
  ORDER_START,
  ORDER_STOP,
  ORDER_DISCARD,
  ORDER_QUIT,
} OrderKind;

typedef struct {
  OrderKind kind;
  guint     recording;
  guint     rate;
  guint64   position;
  char     *folder; /* of a recording that starts */
} Order;

static void
order_free (gpointer data)
{
  g_free (((Order *)data)->folder);
  g_free (data);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Order, order_free)

struct _FacetCapture {
  GThread          *thread;
  GAsyncQueue      *orders;
  FacetEventSource *reports;
  FacetSoundRing   *ring;
  int               level_seen; /* atomic */

  /* The thread's own. */
  FacetResampler *resampler; /* NULL: no stream */
  GArray         *out;       /* of float: what the resampler just said */
  guint           rate;
  guint64         base;  /* position of index 0 */
  guint64         n_out; /* the next index */
  guint64         taken; /* up to here samples are in a recording, or were thrown away */
  float           history[HISTORY_SAMPLES]; /* index i at i modulo its size */
  FacetSoundLevel level;
  gint64          last_level, last_arrival;

  FacetRecording *recording; /* the last one started */
  gboolean        running;   /* it takes what comes */
  guint64         end;       /* index; G_MAXUINT64: not stopped yet */
  guint64         n_lost;    /* of the ring, when the clip began */
};

void
facet_capture_report_free (gpointer data)
{
  FacetCaptureReport *self = data;

  g_clear_pointer (&self->clip, facet_clip_unref);
  g_clear_error (&self->error);
  g_free (self);
}

/* The thread */

static void
report (FacetCapture *self, FacetCaptureReportKind kind, FacetClip *clip, GError *error)
{
  FacetCaptureReport *item = g_new0 (FacetCaptureReport, 1);

  item->kind = kind;
  item->recording = facet_recording_get_id (self->recording);
  item->clip = clip;
  item->error = error;
  facet_event_source_push (self->reports, item);
}

/* A clip of the recording is on disk. */
static void
clip_cb (FacetClip *clip, gpointer user_data)
{
  FacetCapture *self = user_data;
  guint64       n_lost = facet_sound_ring_get_lost (self->ring);

  clip->n_lost = n_lost - self->n_lost;
  self->n_lost = n_lost;
  report (self, FACET_CAPTURE_CLIP, clip, NULL);
}

/* @error: taken; why it ended by itself. */
static void
end_recording (FacetCapture *self, GError *error)
{
  GError *problem = error;

  self->running = FALSE;
  self->taken = MIN (self->n_out, self->end);
  facet_recording_end (self->recording, problem == NULL ? &problem : NULL);
  report (self, FACET_CAPTURE_STORED, NULL, problem);
}

/* @index: of the first of @samples.  Takes what lies before the end. */
static void
record (FacetCapture *self, guint64 index, const float *samples, gsize n_samples)
{
  GError *error = NULL;
  gsize   n = n_samples;

  if (self->end < index + n)
    n = self->end > index ? (gsize)(self->end - index) : 0;
  if (!facet_recording_append (self->recording, samples, n, &error))
    end_recording (self, error);
  else if (index + n_samples >= self->end)
    end_recording (self, NULL);
}

static void
remember (FacetCapture *self, const float *samples, gsize n_samples)
{
  for (gsize i = 0; i < n_samples; i++)
    self->history[(self->n_out + i) % HISTORY_SAMPLES] = samples[i];
}

/* What the resampler said. */
static void
use_output (FacetCapture *self)
{
  const float *samples = (const float *)(gpointer)self->out->data;
  gsize        n = self->out->len;

  if (n == 0)
    return;
  facet_sound_level_add (&self->level, samples, n);
  remember (self, samples, n);
  self->n_out += n;
  if (self->running)
    record (self, self->n_out - n, samples, n);
  g_array_set_size (self->out, 0);
}

/* Takes what the ring has before @position. */
static void
drain_to (FacetCapture *self, guint64 position)
{
  float   block[BLOCK];
  guint64 at;

  if (self->resampler == NULL)
    return;
  while ((at = facet_sound_ring_get_read (self->ring)) < position) {
    gsize n = facet_sound_ring_read (self->ring, block, (gsize)MIN (BLOCK, position - at));

    if (n == 0)
      return;
    /* A driver's nonsense must not spread over the filter's length. */
    for (gsize i = 0; i < n; i++)
      block[i] = isfinite (block[i]) ? CLAMP (block[i], -8.0f, 8.0f) : 0;
    self->last_arrival = g_get_monotonic_time ();
    facet_resampler_push (self->resampler, block, n, self->out);
    use_output (self);
  }
}

static guint64
to_index (FacetCapture *self, guint64 position)
{
  if (self->resampler == NULL || position <= self->base)
    return 0;
  return (position - self->base) * FACET_SOUND_RATE / self->rate;
}

/* From the history, as far as that goes back. */
static void
record_pre_roll (FacetCapture *self, guint64 start)
{
  guint64 begin = start > PRE_ROLL ? start - PRE_ROLL : 0;

  if (self->n_out > HISTORY_SAMPLES)
    begin = MAX (begin, self->n_out - HISTORY_SAMPLES);
  begin = MAX (begin, self->taken);
  while (begin < self->n_out && self->running) {
    gsize at = (gsize)(begin % HISTORY_SAMPLES);
    gsize n = (gsize)MIN (self->n_out - begin, HISTORY_SAMPLES - at);

    record (self, begin, self->history + at, n);
    begin += n;
  }
}

static void
start_recording (FacetCapture *self, const Order *order)
{
  if (self->running)
    end_recording (self, NULL);
  g_clear_pointer (&self->recording, facet_recording_free);
  self->recording = facet_recording_new (order->folder, order->recording, clip_cb, self);
  self->running = TRUE;
  self->end = G_MAXUINT64;
  self->n_lost = facet_sound_ring_get_lost (self->ring);
  if (self->resampler != NULL)
    record_pre_roll (self, to_index (self, order->position));
}

static gboolean
is_last (FacetCapture *self, const Order *order)
{
  return self->recording != NULL && facet_recording_get_id (self->recording) == order->recording;
}

static void
stop_recording (FacetCapture *self, const Order *order)
{
  if (!self->running || !is_last (self, order))
    return;
  if (self->resampler == NULL)
    end_recording (self, NULL); /* nothing ever came */
  else
    self->end = MAX (to_index (self, order->position) + TAIL, self->n_out);
}

static void
discard_recording (FacetCapture *self, const Order *order)
{
  if (!is_last (self, order))
    return;
  if (self->running)
    self->taken = self->n_out;
  self->running = FALSE;
  facet_recording_discard (self->recording);
  report (self, FACET_CAPTURE_DISCARDED, NULL, NULL);
}

static void
end_stream (FacetCapture *self)
{
  if (self->resampler != NULL) {
    facet_resampler_flush (self->resampler, self->out);
    use_output (self);
  }
  if (self->running)
    end_recording (self, NULL);
  g_clear_pointer (&self->resampler, facet_resampler_free);
}

static void
begin_stream (FacetCapture *self, const Order *order)
{
  g_clear_pointer (&self->resampler, facet_resampler_free);
  self->resampler = facet_resampler_new (order->rate);
  self->rate = order->rate;
  self->base = order->position;
  self->n_out = self->taken = 0;
  self->level = (FacetSoundLevel){0};
  self->last_arrival = g_get_monotonic_time ();
  facet_sound_ring_skip_to (self->ring, order->position);
}

static void
carry_out (FacetCapture *self, const Order *order)
{
  drain_to (self, order->position);
  switch (order->kind) {
  case ORDER_BEGIN_STREAM:
    begin_stream (self, order);
    break;
  case ORDER_START:
    start_recording (self, order);
    break;
  case ORDER_STOP:
    stop_recording (self, order);
    break;
  case ORDER_DISCARD:
    discard_recording (self, order);
    break;
  case ORDER_END_STREAM:
  case ORDER_QUIT:
    end_stream (self);
    break;
  }
}

static void
report_level (FacetCapture *self)
{
  gint64              now = g_get_monotonic_time ();
  gboolean            nothing = now - self->last_arrival > FACET_SOUND_SILENCE_S * G_USEC_PER_SEC;
  FacetCaptureReport *item;

  if (now - self->last_level < LEVEL_US ||
      !g_atomic_int_compare_and_exchange (&self->level_seen, TRUE, FALSE))
    return;
  self->last_level = now;
  item = g_new0 (FacetCaptureReport, 1);
  item->kind = FACET_CAPTURE_LEVEL;
  item->level = facet_sound_level_take (&self->level, &item->peak);
  item->silent = nothing || facet_sound_level_is_silent (&self->level);
  if (self->running)
    item->seconds = facet_recording_get_seconds (self->recording);
  facet_event_source_push (self->reports, item);
}

/* The ring is read up to a moment before the queue was found empty, so that no order is late. */
static gpointer
capture_thread (gpointer user_data)
{
  FacetCapture *self = user_data;
  gboolean      quit = FALSE;

  while (!quit) {
    g_autoptr (Order) order = NULL;
    guint64 written;

    order = self->resampler != NULL ? g_async_queue_timeout_pop (self->orders, POLL_US)
                                    : g_async_queue_pop (self->orders);
    written = facet_sound_ring_get_written (self->ring);
    if (order == NULL)
      order = g_async_queue_try_pop (self->orders);
    if (order == NULL)
      drain_to (self, written);
    else {
      carry_out (self, order);
      quit = order->kind == ORDER_QUIT;
    }
    if (self->resampler != NULL)
      report_level (self);
  }
  return NULL;
}

/* The main thread's side */

FacetCapture *
facet_capture_new (FacetSoundRing *ring, FacetEventSource *reports)
{
  FacetCapture *self = g_new0 (FacetCapture, 1);

  self->ring = facet_sound_ring_ref (ring);
  self->reports = facet_event_source_ref (reports);
  self->orders = g_async_queue_new_full (order_free);
  self->out = g_array_new (FALSE, FALSE, sizeof (float));
  self->level_seen = TRUE;
  self->thread = g_thread_new ("facet-capture", capture_thread, self);
  return self;
}

static void
push_order (FacetCapture *self, const Order *order)
{
  g_async_queue_push (self->orders, g_memdup2 (order, sizeof *order));
}

static void
push (FacetCapture *self, OrderKind kind, guint recording, guint64 position)
{
  push_order (self, &(Order){.kind = kind, .recording = recording, .position = position});
}

void
facet_capture_free (FacetCapture *self)
{
  push (self, ORDER_QUIT, 0, facet_sound_ring_get_written (self->ring));
  g_thread_join (self->thread);
  g_clear_pointer (&self->recording, facet_recording_free);
  g_async_queue_unref (self->orders);
  facet_event_source_unref (self->reports);
  facet_sound_ring_unref (self->ring);
  g_array_unref (self->out);
  g_free (self);
}

void
facet_capture_begin_stream (FacetCapture *self, guint rate, guint64 position)
{
  push_order (self, &(Order){.kind = ORDER_BEGIN_STREAM, .rate = rate, .position = position});
}

void
facet_capture_end_stream (FacetCapture *self, guint64 position)
{
  push (self, ORDER_END_STREAM, 0, position);
}

void
facet_capture_start (FacetCapture *self, const char *folder, guint recording, guint64 position)
{
  push_order (self, &(Order){.kind = ORDER_START,
                             .recording = recording,
                             .position = position,
                             .folder = g_strdup (folder)});
}

void
facet_capture_stop (FacetCapture *self, guint recording, guint64 position)
{
  push (self, ORDER_STOP, recording, position);
}

void
facet_capture_discard (FacetCapture *self, guint recording, guint64 position)
{
  push (self, ORDER_DISCARD, recording, position);
}

void
facet_capture_acknowledge (FacetCapture *self)
{
  g_atomic_int_set (&self->level_seen, TRUE);
}
