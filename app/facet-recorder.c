/* facet-recorder.c: the state machine's commands carried out: source, capture, signals.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  A recording's fate ("verdict") is decided here by its number and announced when the
 * capture thread says that it is stored; meanwhile the next one may already run. */
#define G_LOG_DOMAIN "facet-recorder"

#include "config.h"

#include "facet-recorder.h"

#include "facet-capture.h"

#define RING_SAMPLES (1 << 19) /* 10.9 s at 48 kHz: so long the disk may hang */
#define TICK_MS      10

struct _FacetRecorder {
  GObject           parent_instance;
  FacetSoundSource *source;
  FacetSoundRing   *ring;
  FacetCapture     *capture;
  char             *folder; /* of recordings that begin */
  FacetEventSource *reports;
  FacetPushToTalk   talk;
  guint             recording;  /* the number of the last one; 0: none yet */
  guint             with_clips; /* the last one that a clip came of */
  GHashTable       *verdicts;   /* number → FacetRecordingEnd, of those that are not announced */
  guint             tick;       /* GSource; 0: none */
  char             *device, *error;
  double            level, peak, elapsed;
  gboolean          silent;
};

G_DEFINE_FINAL_TYPE (FacetRecorder, facet_recorder, G_TYPE_OBJECT)

enum {
  PROP_STATE = 1,
  PROP_LEVEL,
  PROP_PEAK,
  PROP_ELAPSED,
  PROP_SILENT,
  PROP_DEVICE,
  PROP_ERROR,
  N_PROPS,
};

static GParamSpec *props[N_PROPS];

enum {
  CLIP,
  FINISHED,
  DEVICES_CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

/* Properties */

static void
set_double (FacetRecorder *self, double *field, double value, guint prop)
{
  if (*field == value)
    return;
  *field = value;
  g_object_notify_by_pspec (G_OBJECT (self), props[prop]);
}

static void
set_silent (FacetRecorder *self, gboolean silent)
{
  if (self->silent == silent)
    return;
  self->silent = silent;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SILENT]);
}

static void
set_error (FacetRecorder *self, const GError *error)
{
  const char *message = error != NULL ? error->message : NULL;

  if (g_strcmp0 (self->error, message) == 0)
    return;
  g_free (self->error);
  self->error = g_strdup (message);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ERROR]);
}

static void
forget_level (FacetRecorder *self)
{
  set_double (self, &self->level, 0, PROP_LEVEL);
  set_double (self, &self->peak, 0, PROP_PEAK);
  set_silent (self, FALSE);
}

/* Commands */

static void
decide (FacetRecorder *self, FacetRecordingEnd end)
{
  g_hash_table_insert (self->verdicts, GUINT_TO_POINTER (self->recording), GINT_TO_POINTER (end));
}

static void
open_source (FacetRecorder *self)
{
  set_error (self, NULL);
  facet_sound_source_open (self->source, self->device, self->ring);
}

static void
close_source (FacetRecorder *self)
{
  facet_sound_source_close (self->source);
  facet_capture_end_stream (self->capture, facet_sound_ring_get_written (self->ring));
  forget_level (self);
}

static void
carry_out (FacetRecorder *self, FacetTalkCommand commands)
{
  guint64 position = facet_sound_ring_get_written (self->ring);

  if (commands & FACET_TALK_SEND)
    decide (self, FACET_RECORDING_SENT);
  if (commands & FACET_TALK_KEEP)
    decide (self, FACET_RECORDING_KEPT);
  if (commands & FACET_TALK_DISCARD) {
    decide (self, FACET_RECORDING_DISCARDED);
    facet_capture_discard (self->capture, self->recording, position);
  }
  if (commands & FACET_TALK_STOP)
    facet_capture_stop (self->capture, self->recording, position);
  if (commands & FACET_TALK_OPEN)
    open_source (self);
  if (commands & FACET_TALK_START) {
    set_error (self, NULL);
    set_double (self, &self->elapsed, 0, PROP_ELAPSED);
    facet_capture_start (self->capture, self->folder, ++self->recording, position);
  }
  if (commands & FACET_TALK_CLOSE)
    close_source (self);
}

static gboolean tick_cb (gpointer user_data);

static void
feed (FacetRecorder *self, FacetTalkInput input)
{
  FacetTalkState before = self->talk.state;
  gint64         now = facet_sound_source_get_time (self->source);

  carry_out (self, facet_push_to_talk_input (&self->talk, input, now));
  /* Only a press that may be a tap waits for time to pass. */
  if (self->talk.state == FACET_TALK_PRESSED && self->tick == 0)
    self->tick = g_timeout_add (TICK_MS, tick_cb, self);
  if (self->talk.state != before)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
}

static gboolean
tick_cb (gpointer user_data)
{
  g_autoptr (FacetRecorder) self = g_object_ref (user_data);

  feed (self, FACET_TALK_TICK);
  if (self->talk.state == FACET_TALK_PRESSED)
    return G_SOURCE_CONTINUE;
  self->tick = 0;
  return G_SOURCE_REMOVE;
}

/* What the capture thread reports */

/* FALSE: not decided yet. */
static gboolean
get_verdict (FacetRecorder *self, guint recording, FacetRecordingEnd *verdict)
{
  gpointer value;

  if (!g_hash_table_lookup_extended (self->verdicts, GUINT_TO_POINTER (recording), NULL, &value))
    return FALSE;
  *verdict = (FacetRecordingEnd)GPOINTER_TO_INT (value);
  return TRUE;
}

static void
announce (FacetRecorder *self, guint recording, FacetRecordingEnd end)
{
  g_hash_table_remove (self->verdicts, GUINT_TO_POINTER (recording));
  if (end != FACET_RECORDING_DISCARDED && self->with_clips != recording)
    end = FACET_RECORDING_EMPTY;
  g_signal_emit (self, signals[FINISHED], 0, end);
}

static void
take_level (FacetRecorder *self, const FacetCaptureReport *report)
{
  facet_capture_acknowledge (self->capture);
  if (!self->talk.opened)
    return; /* of a microphone that was closed since */
  set_double (self, &self->level, report->level, PROP_LEVEL);
  set_double (self, &self->peak, report->peak, PROP_PEAK);
  set_silent (self, report->silent);
  if (facet_talk_state_is_recording (self->talk.state))
    set_double (self, &self->elapsed, report->seconds, PROP_ELAPSED);
}

static void
take_clip (FacetRecorder *self, const FacetCaptureReport *report)
{
  FacetRecordingEnd verdict;

  if (get_verdict (self, report->recording, &verdict) && verdict == FACET_RECORDING_DISCARDED)
    return;
  self->with_clips = report->recording;
  g_signal_emit (self, signals[CLIP], 0, report->clip);
}

static void
take_stored (FacetRecorder *self, const FacetCaptureReport *report)
{
  FacetRecordingEnd verdict;

  if (report->error != NULL)
    set_error (self, report->error);
  if (!get_verdict (self, report->recording, &verdict)) {
    feed (self, report->error != NULL ? FACET_TALK_BROKEN : FACET_TALK_STORED);
    if (!get_verdict (self, report->recording, &verdict))
      return;
  }
  if (verdict == FACET_RECORDING_DISCARDED)
    return; /* announced when the files are gone */
  announce (self, report->recording, report->error != NULL ? FACET_RECORDING_KEPT : verdict);
}

static void
report_cb (gpointer item, gpointer user_data)
{
  g_autoptr (FacetRecorder) self = g_object_ref (user_data);
  FacetCaptureReport *report = item;

  switch (report->kind) {
  case FACET_CAPTURE_LEVEL:
    take_level (self, report);
    break;
  case FACET_CAPTURE_CLIP:
    take_clip (self, report);
    break;
  case FACET_CAPTURE_STORED:
    take_stored (self, report);
    break;
  case FACET_CAPTURE_DISCARDED:
    announce (self, report->recording, FACET_RECORDING_DISCARDED);
    break;
  }
  facet_capture_report_free (report);
}

/* What the source says */

static void
opened_cb (FacetSoundSource *source, guint rate, guint64 position, FacetRecorder *self)
{
  facet_capture_begin_stream (self->capture, rate, position);
  feed (self, FACET_TALK_OPENED);
}

static void
lost_cb (FacetSoundSource *source, const GError *error, FacetRecorder *self)
{
  set_error (self, error);
  facet_capture_end_stream (self->capture, facet_sound_ring_get_written (self->ring));
  forget_level (self);
  feed (self, FACET_TALK_LOST);
}

static void
devices_changed_cb (FacetSoundSource *source, FacetRecorder *self)
{
  g_signal_emit (self, signals[DEVICES_CHANGED], 0);
}

/* The object */

static void
facet_recorder_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  FacetRecorder *self = FACET_RECORDER (object);

  switch (id) {
  case PROP_STATE:
    g_value_set_int (value, self->talk.state);
    break;
  case PROP_LEVEL:
    g_value_set_double (value, self->level);
    break;
  case PROP_PEAK:
    g_value_set_double (value, self->peak);
    break;
  case PROP_ELAPSED:
    g_value_set_double (value, self->elapsed);
    break;
  case PROP_SILENT:
    g_value_set_boolean (value, self->silent);
    break;
  case PROP_DEVICE:
    g_value_set_string (value, self->device);
    break;
  case PROP_ERROR:
    g_value_set_string (value, self->error);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
facet_recorder_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_DEVICE)
    facet_recorder_set_device (FACET_RECORDER (object), g_value_get_string (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
facet_recorder_dispose (GObject *object)
{
  FacetRecorder *self = FACET_RECORDER (object);

  g_clear_handle_id (&self->tick, g_source_remove);
  if (self->source != NULL) {
    g_signal_handlers_disconnect_by_data (self->source, self);
    if (self->talk.state != FACET_TALK_OFF)
      facet_sound_source_close (self->source);
    g_clear_object (&self->source);
  }
  if (self->reports != NULL)
    facet_event_source_stop (self->reports);
  g_clear_pointer (&self->capture, facet_capture_free);
  g_clear_pointer (&self->reports, facet_event_source_unref);
  G_OBJECT_CLASS (facet_recorder_parent_class)->dispose (object);
}

static void
facet_recorder_finalize (GObject *object)
{
  FacetRecorder *self = FACET_RECORDER (object);

  g_clear_pointer (&self->ring, facet_sound_ring_unref);
  g_hash_table_unref (self->verdicts);
  g_free (self->folder);
  g_free (self->device);
  g_free (self->error);
  G_OBJECT_CLASS (facet_recorder_parent_class)->finalize (object);
}

static void
facet_recorder_class_init (FacetRecorderClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  GParamFlags   flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = facet_recorder_get_property;
  object_class->set_property = facet_recorder_set_property;
  object_class->dispose = facet_recorder_dispose;
  object_class->finalize = facet_recorder_finalize;

  props[PROP_STATE] = g_param_spec_int ("state", NULL, NULL, 0, FACET_TALK_N_STATES - 1, 0, flags);
  props[PROP_LEVEL] = g_param_spec_double ("level", NULL, NULL, 0, 1, 0, flags);
  props[PROP_PEAK] = g_param_spec_double ("peak", NULL, NULL, 0, 1, 0, flags);
  props[PROP_ELAPSED] = g_param_spec_double ("elapsed", NULL, NULL, 0, G_MAXDOUBLE, 0, flags);
  props[PROP_SILENT] = g_param_spec_boolean ("silent", NULL, NULL, FALSE, flags);
  props[PROP_DEVICE] = g_param_spec_string ("device", NULL, NULL, NULL, flags | G_PARAM_WRITABLE);
  props[PROP_ERROR] = g_param_spec_string ("error", NULL, NULL, NULL, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);

  signals[CLIP] = g_signal_new ("clip", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 1, FACET_TYPE_CLIP | G_SIGNAL_TYPE_STATIC_SCOPE);
  signals[FINISHED] = g_signal_new ("finished", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0,
                                    NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);
  signals[DEVICES_CHANGED] = g_signal_new ("devices-changed", G_TYPE_FROM_CLASS (class),
                                           G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
facet_recorder_init (FacetRecorder *self)
{
  self->verdicts = g_hash_table_new (NULL, NULL);
}

FacetRecorder *
facet_recorder_new (FacetSoundSource *source, const char *folder)
{
  FacetRecorder *self = g_object_new (FACET_TYPE_RECORDER, NULL);

  self->source = g_object_ref (source);
  self->folder = g_strdup (folder);
  self->ring = facet_sound_ring_new (RING_SAMPLES);
  self->reports =
      facet_event_source_new (NULL, FACET_FRAME_US, facet_capture_report_free, report_cb, self);
  self->capture = facet_capture_new (self->ring, self->reports);
  g_signal_connect (source, "opened", G_CALLBACK (opened_cb), self);
  g_signal_connect (source, "lost", G_CALLBACK (lost_cb), self);
  g_signal_connect (source, "devices-changed", G_CALLBACK (devices_changed_cb), self);
  return self;
}

void
facet_recorder_set_folder (FacetRecorder *self, const char *folder)
{
  g_return_if_fail (FACET_IS_RECORDER (self));
  g_free (self->folder);
  self->folder = g_strdup (folder);
}

void
facet_recorder_arm (FacetRecorder *self)
{
  feed (self, FACET_TALK_ARM);
}

void
facet_recorder_disarm (FacetRecorder *self)
{
  feed (self, FACET_TALK_DISARM);
}

void
facet_recorder_press (FacetRecorder *self)
{
  feed (self, FACET_TALK_PRESS);
}

void
facet_recorder_release (FacetRecorder *self)
{
  feed (self, FACET_TALK_RELEASE);
}

void
facet_recorder_repeat (FacetRecorder *self)
{
  feed (self, FACET_TALK_REPEAT);
}

void
facet_recorder_cancel (FacetRecorder *self)
{
  feed (self, FACET_TALK_ESCAPE);
}

FacetTalkState
facet_recorder_get_state (FacetRecorder *self)
{
  return self->talk.state;
}

double
facet_recorder_get_level (FacetRecorder *self)
{
  return self->level;
}

double
facet_recorder_get_peak (FacetRecorder *self)
{
  return self->peak;
}

double
facet_recorder_get_elapsed (FacetRecorder *self)
{
  return self->elapsed;
}

gboolean
facet_recorder_get_silent (FacetRecorder *self)
{
  return self->silent;
}

const char *
facet_recorder_get_error (FacetRecorder *self)
{
  return self->error;
}

const char *
facet_recorder_get_device (FacetRecorder *self)
{
  return self->device;
}

void
facet_recorder_set_device (FacetRecorder *self, const char *id)
{
  if (g_strcmp0 (self->device, id) == 0)
    return;
  g_free (self->device);
  self->device = g_strdup (id);
  if (self->talk.state == FACET_TALK_READY || self->talk.state == FACET_TALK_OPENING) {
    feed (self, FACET_TALK_DISARM);
    feed (self, FACET_TALK_ARM);
  }
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_DEVICE]);
}

GPtrArray *
facet_recorder_get_devices (FacetRecorder *self)
{
  return facet_sound_source_get_devices (self->source);
}

void
facet_recorder_refresh_devices (FacetRecorder *self)
{
  facet_sound_source_refresh (self->source);
}
