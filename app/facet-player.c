/* facet-player.c: plays the sound of attachments, one at a time.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The player (main thread) gives orders on a queue; the worker thread, which alone touches
 * GStreamer's playbin, carries them out and reports to the main context.  Both hold the link
 * between them; the worker knows the player by a weak reference only.  An order to play begins
 * another serial number, and reports of an earlier one are not heard. */
#define G_LOG_DOMAIN "facet-player"

#include "config.h"

#include <glib/gi18n.h>
#include <gst/gst.h>

#include "facet-player.h"

#define TICK_US (G_USEC_PER_SEC / 10)

typedef enum {
  ORDER_PLAY, /* the file, from a position */
  ORDER_PAUSE,
  ORDER_RESUME,
  ORDER_SEEK,
  ORDER_STOP,
  ORDER_QUIT,
} OrderKind;

typedef struct {
  OrderKind kind;
  guint     serial;
  char     *path, *name;
  double    seconds;
} Order;

typedef struct {
  gatomicrefcount ref_count;
  GAsyncQueue    *orders, *reports;
  GMainContext   *context; /* the player's */
  GWeakRef        player;
  char           *sink;
} Link;

typedef enum {
  REPORT_POSITION,
  REPORT_ENDED,
  REPORT_FAILED,
} ReportKind;

typedef struct {
  ReportKind kind;
  guint      serial;
  double     seconds;
  char      *sentence;
} Report;

struct _FacetPlayer {
  GObject parent_instance;

  Link       *link;
  gboolean    started; /* the thread runs */
  FacetMedia *media;
  gboolean    playing;
  double      position;
  guint       serial;
};

enum {
  CHANGED,
  FAILED,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (FacetPlayer, facet_player, G_TYPE_OBJECT)

/* The link */

static void
order_free (Order *order)
{
  g_free (order->path);
  g_free (order->name);
  g_free (order);
}

static void
report_free (Report *report)
{
  g_free (report->sentence);
  g_free (report);
}

static Link *
link_new (FacetPlayer *player)
{
  Link *link = g_new0 (Link, 1);

  g_atomic_ref_count_init (&link->ref_count);
  link->orders = g_async_queue_new_full ((GDestroyNotify)order_free);
  link->reports = g_async_queue_new_full ((GDestroyNotify)report_free);
  link->context = g_main_context_ref_thread_default ();
  g_weak_ref_init (&link->player, player);
  return link;
}

static Link *
link_ref (Link *link)
{
  g_atomic_ref_count_inc (&link->ref_count);
  return link;
}

static void
link_unref (Link *link)
{
  if (!g_atomic_ref_count_dec (&link->ref_count))
    return;
  g_async_queue_unref (link->orders);
  g_async_queue_unref (link->reports);
  g_main_context_unref (link->context);
  g_weak_ref_clear (&link->player);
  g_free (link->sink);
  g_free (link);
}

/* The worker */

typedef struct {
  Link       *link;
  GstElement *playbin; /* NULL: nothing is loaded */
  char       *name;
  guint       serial;
  gboolean    playing;
  gboolean    began;   /* something of it was played */
  double      pending; /* seconds to go to once it can; < 0: nowhere */
} Worker;

static gboolean reports_cb (gpointer data);

/* Takes @sentence. */
static void
report (Worker *worker, ReportKind kind, double seconds, char *sentence)
{
  Report  *r = g_new0 (Report, 1);
  GSource *source = g_idle_source_new ();

  r->kind = kind;
  r->serial = worker->serial;
  r->seconds = seconds;
  r->sentence = sentence;
  g_async_queue_push (worker->link->reports, r);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, reports_cb, link_ref (worker->link), (GDestroyNotify)link_unref);
  g_source_attach (source, worker->link->context);
  g_source_unref (source);
}

static void
unload (Worker *worker)
{
  if (worker->playbin != NULL) {
    gst_element_set_state (worker->playbin, GST_STATE_NULL);
    gst_clear_object (&worker->playbin);
  }
  g_clear_pointer (&worker->name, g_free);
  worker->playing = FALSE;
  worker->began = FALSE;
  worker->pending = -1;
}

/* Takes @sentence. */
static void
fail (Worker *worker, char *sentence)
{
  report (worker, REPORT_FAILED, 0, sentence);
  unload (worker);
}

/* FALSE: it has failed. */
static gboolean
make_playbin (Worker *worker)
{
  g_autoptr (GError) error = NULL;
  GstElement *sink = NULL;

  if (gst_init_check (NULL, NULL, &error))
    worker->playbin = gst_element_factory_make ("playbin", NULL);
  if (worker->playbin == NULL) {
    fail (worker, g_strdup (_ ("Sounds cannot be played: GStreamer's base plugins are not "
                               "installed. Install them and try again.")));
    return FALSE;
  }
  gst_object_ref_sink (worker->playbin);
  gst_util_set_object_arg (G_OBJECT (worker->playbin), "flags", "audio+soft-volume");
  if (worker->link->sink != NULL)
    sink = gst_parse_bin_from_description (worker->link->sink, TRUE, NULL);
  if (sink != NULL)
    g_object_set (worker->playbin, "audio-sink", sink, NULL);
  return TRUE;
}

static void
play (Worker *worker, const Order *order)
{
  g_autofree char *uri = g_filename_to_uri (order->path, NULL, NULL);

  unload (worker);
  worker->serial = order->serial;
  if (!make_playbin (worker))
    return;
  worker->name = g_strdup (order->name);
  worker->playing = TRUE;
  worker->pending = order->seconds > 0 ? order->seconds : -1;
  g_object_set (worker->playbin, "uri", uri, NULL);
  gst_element_set_state (worker->playbin, GST_STATE_PLAYING);
}

static void
carry_out (Worker *worker, const Order *order)
{
  if (order->kind == ORDER_PLAY) {
    play (worker, order);
    return;
  }
  if (worker->playbin == NULL)
    return;
  switch (order->kind) {
  case ORDER_PAUSE:
  case ORDER_RESUME:
    worker->playing = order->kind == ORDER_RESUME;
    gst_element_set_state (worker->playbin, worker->playing ? GST_STATE_PLAYING : GST_STATE_PAUSED);
    break;
  case ORDER_SEEK:
    worker->pending = order->seconds;
    break;
  default:
    unload (worker);
    break;
  }
}

/* A position can be gone to once the file is known. */
static void
seek (Worker *worker)
{
  GstState state;

  if (worker->pending < 0 ||
      gst_element_get_state (worker->playbin, &state, NULL, 0) != GST_STATE_CHANGE_SUCCESS ||
      state < GST_STATE_PAUSED)
    return;
  gst_element_seek_simple (worker->playbin, GST_FORMAT_TIME,
                           GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE,
                           (gint64)(worker->pending * GST_SECOND));
  worker->pending = -1;
}

/* What a sink complains about is not the file's fault.  The automatic one only warns when it has
 * found no output, and then plays to nobody; a warning later on is of no interest. */
static void
take_error (Worker *worker, GstMessage *message)
{
  g_autoptr (GError) error = NULL;
  gboolean of_sink = GST_IS_ELEMENT (GST_MESSAGE_SRC (message)) &&
                     GST_OBJECT_FLAG_IS_SET (GST_MESSAGE_SRC (message), GST_ELEMENT_FLAG_SINK);

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, NULL);
  else
    gst_message_parse_warning (message, &error, NULL);
  g_debug ("GStreamer: %s", error->message);
  if (of_sink && (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR || !worker->began))
    fail (worker, g_strdup (_ ("There is no sound output. Connect one, or look at the computer's "
                               "sound settings.")));
  else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    fail (worker, g_strdup_printf (_ ("“%s” cannot be played. Its file may be damaged, or a "
                                      "GStreamer plugin may be missing."),
                                   worker->name));
}

/* FALSE: nothing is loaded any more. */
static gboolean
look_at_bus (Worker *worker)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (worker->playbin);
  GstMessage *message;

  while (worker->playbin != NULL && (message = gst_bus_pop (bus)) != NULL) {
    switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_EOS:
      report (worker, REPORT_ENDED, 0, NULL);
      unload (worker);
      break;
    case GST_MESSAGE_ERROR:
    case GST_MESSAGE_WARNING:
      take_error (worker, message);
      break;
    default:
      break;
    }
    gst_message_unref (message);
  }
  return worker->playbin != NULL;
}

static void
tell_position (Worker *worker)
{
  gint64 position;

  if (worker->pending < 0 &&
      gst_element_query_position (worker->playbin, GST_FORMAT_TIME, &position)) {
    worker->began = worker->began || position > 0;
    report (worker, REPORT_POSITION, (double)position / GST_SECOND, NULL);
  }
}

static gpointer
run (gpointer data)
{
  Worker   worker = {.link = data, .pending = -1};
  gboolean quit = FALSE;

  while (!quit) {
    gboolean waits = worker.playing || worker.pending >= 0;
    Order   *order = waits ? g_async_queue_timeout_pop (worker.link->orders, TICK_US)
                           : g_async_queue_pop (worker.link->orders);

    if (order != NULL) {
      quit = order->kind == ORDER_QUIT;
      carry_out (&worker, order);
      order_free (order);
    }
    if (worker.playbin == NULL || !look_at_bus (&worker))
      continue;
    seek (&worker);
    tell_position (&worker);
  }
  unload (&worker);
  link_unref (worker.link);
  return NULL;
}

/* The player */

static void
hear (FacetPlayer *self, const Report *r)
{
  g_autoptr (FacetMedia) media = NULL;

  if (r->serial != self->serial || self->media == NULL)
    return;
  media = g_object_ref (self->media);
  if (r->kind == REPORT_POSITION) {
    self->position = r->seconds;
  } else {
    self->playing = FALSE;
    self->position = 0;
    g_clear_object (&self->media);
  }
  if (r->kind == REPORT_FAILED)
    g_signal_emit (self, signals[FAILED], 0, media, r->sentence);
  g_signal_emit (self, signals[CHANGED], 0);
}

static gboolean
reports_cb (gpointer data)
{
  Link *link = data;
  g_autoptr (FacetPlayer) self = g_weak_ref_get (&link->player);
  Report *r;

  while ((r = g_async_queue_try_pop (link->reports)) != NULL) {
    if (self != NULL)
      hear (self, r);
    report_free (r);
  }
  return G_SOURCE_REMOVE;
}

static void
give_order (FacetPlayer *self, OrderKind kind, double seconds)
{
  Order *order = g_new0 (Order, 1);

  order->kind = kind;
  order->serial = self->serial;
  order->seconds = seconds;
  if (kind == ORDER_PLAY) {
    order->path = g_strdup (facet_media_get_path (self->media));
    order->name = g_strdup (facet_media_get_name (self->media));
  }
  if (!self->started) {
    GThread *thread = g_thread_new ("player", run, link_ref (self->link));

    /* Nobody waits for it: it may hang in the sound server. */
    g_thread_unref (thread);
    self->started = TRUE;
  }
  g_async_queue_push (self->link->orders, order);
}

void
facet_player_play (FacetPlayer *self, FacetMedia *media)
{
  g_return_if_fail (FACET_IS_PLAYER (self));
  g_return_if_fail (FACET_IS_MEDIA (media));

  if (media == self->media) {
    if (!self->playing)
      give_order (self, ORDER_RESUME, 0);
  } else {
    g_set_object (&self->media, media);
    self->serial++;
    self->position = 0;
    give_order (self, ORDER_PLAY, 0);
  }
  self->playing = TRUE;
  g_signal_emit (self, signals[CHANGED], 0);
}

void
facet_player_pause (FacetPlayer *self)
{
  g_return_if_fail (FACET_IS_PLAYER (self));

  if (!self->playing)
    return;
  self->playing = FALSE;
  give_order (self, ORDER_PAUSE, 0);
  g_signal_emit (self, signals[CHANGED], 0);
}

void
facet_player_stop (FacetPlayer *self)
{
  g_return_if_fail (FACET_IS_PLAYER (self));

  if (self->media == NULL)
    return;
  self->playing = FALSE;
  self->position = 0;
  self->serial++;
  g_clear_object (&self->media);
  give_order (self, ORDER_STOP, 0);
  g_signal_emit (self, signals[CHANGED], 0);
}

void
facet_player_seek (FacetPlayer *self, double seconds)
{
  g_return_if_fail (FACET_IS_PLAYER (self));

  if (self->media == NULL)
    return;
  self->position = CLAMP (seconds, 0, facet_media_get_seconds (self->media));
  give_order (self, ORDER_SEEK, self->position);
  g_signal_emit (self, signals[CHANGED], 0);
}

FacetMedia *
facet_player_get_media (FacetPlayer *self)
{
  g_return_val_if_fail (FACET_IS_PLAYER (self), NULL);

  return self->media;
}

gboolean
facet_player_get_playing (FacetPlayer *self)
{
  g_return_val_if_fail (FACET_IS_PLAYER (self), FALSE);

  return self->playing;
}

double
facet_player_get_position (FacetPlayer *self)
{
  g_return_val_if_fail (FACET_IS_PLAYER (self), 0);

  return self->position;
}

static void
facet_player_dispose (GObject *object)
{
  FacetPlayer *self = FACET_PLAYER (object);

  if (self->started)
    give_order (self, ORDER_QUIT, 0);
  self->started = FALSE;
  g_clear_object (&self->media);
  G_OBJECT_CLASS (facet_player_parent_class)->dispose (object);
}

static void
facet_player_finalize (GObject *object)
{
  link_unref (FACET_PLAYER (object)->link);
  G_OBJECT_CLASS (facet_player_parent_class)->finalize (object);
}

static void
facet_player_class_init (FacetPlayerClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = facet_player_dispose;
  G_OBJECT_CLASS (klass)->finalize = facet_player_finalize;
  signals[CHANGED] = g_signal_new ("changed", FACET_TYPE_PLAYER, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 0);
  signals[FAILED] = g_signal_new ("failed", FACET_TYPE_PLAYER, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 2, FACET_TYPE_MEDIA, G_TYPE_STRING);
}

static void
facet_player_init (FacetPlayer *self)
{
  self->link = link_new (self);
}

FacetPlayer *
facet_player_new (const char *sink)
{
  FacetPlayer *self = g_object_new (FACET_TYPE_PLAYER, NULL);

  self->link->sink = g_strdup (sink);
  return self;
}

FacetPlayer *
facet_player_get_default (void)
{
  static FacetPlayer *player;

  if (player == NULL)
    player = facet_player_new (NULL);
  return player;
}
