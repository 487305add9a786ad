/* facet-decoder.c: filesrc → decodebin → chain → appsink, and what may go wrong with it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The callbacks of decodebin run on GStreamer's threads and share with the puller what the lock
 * guards.  Of decodebin's freedom little is left: streams of the other kind are not decoded, and no
 * element is plugged that is not a demuxer, parser or decoder, that needs a device, or that would
 * fetch what the file names (HLS, DASH, SDP are files, too). */
#define G_LOG_DOMAIN "facet-decoder"

#include "config.h"

#include "facet-decoder.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <gst/app/gstappsink.h>
#include <gst/pbutils/pbutils.h>

#include <errno.h>
#include <string.h>

#define PATIENCE_MS 20000
#define WAIT_MS     50
/* In so many looks, one after another, nothing may run. */
#define DEAD_LOOKS 4

/* GstAutoplugSelectResult, which has no public header. */
enum {
  AUTOPLUG_TRY = 0,
  AUTOPLUG_SKIP = 2,
};

struct _FacetDecoder {
  char           *name;
  FacetStreamKind kind;
  guint           patience_ms;
  GstElement     *pipeline;
  GstElement     *sink;  /* the appsink; the pipeline's */
  GstPad         *entry; /* of the chain */
  GstBus         *bus;
  gboolean        playing, stalled;
  GError         *failure;     /* the first on the bus; GStreamer's own */
  char           *orientation; /* NULL: none said */
  GMutex          lock;
  GstCaps        *stream_caps;  /* NULL: no stream yet */
  char           *media_type;   /* NULL: not known yet */
  char           *missing;      /* what no decoder is installed for, in words; NULL: nothing */
  gboolean        no_more_pads; /* all streams are known */
  gboolean        has_other;    /* a stream of the other kind */
  gboolean        too_large;    /* a stream whose frames are too large */
  guint           n_moves;      /* pieces that came out of the file */
};

/* What a pull has seen of the pipeline while it waits. */
typedef struct {
  guint  n_moves, n_dead;
  gint64 moved; /* monotonic µs: when something moved */
} Watch;

static gboolean
initialise (GError **error)
{
  g_autoptr (GError) failure = NULL;

  if (gst_init_check (NULL, NULL, &failure)) {
    gst_pb_utils_init ();
    return TRUE;
  }
  g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_FAILED,
               _ ("GStreamer, which reads sound and video, could not start: %s"), failure->message);
  return FALSE;
}

/* What decodebin asks */

/* @pad is decodebin's own, which stands for the one that it asks about. */
static gboolean
is_demuxer (GstPad *pad)
{
  g_autoptr (GstPad) target =
      GST_IS_GHOST_PAD (pad) ? gst_ghost_pad_get_target (GST_GHOST_PAD (pad)) : g_object_ref (pad);
  g_autoptr (GstElement) parent = target != NULL ? gst_pad_get_parent_element (target) : NULL;
  GstElementFactory *factory = parent != NULL ? gst_element_get_factory (parent) : NULL;

  return factory != NULL &&
         gst_element_factory_list_is_type (factory, GST_ELEMENT_FACTORY_TYPE_DEMUXER);
}

/* What the file or a parser says before a decoder takes memory for it. */
static gboolean
is_too_large (GstCaps *caps)
{
  GstStructure *structure = gst_caps_get_structure (caps, 0);
  int           width = 0, height = 0;

  return gst_structure_get_int (structure, "width", &width) &&
         gst_structure_get_int (structure, "height", &height) && width > 0 && height > 0 &&
         (guint64)width * (guint64)height > FACET_DECODER_MAX_PIXELS;
}

/* Whether to decode @caps further.  A container may be called video/… as well: only what comes out
 * of a demuxer is a stream. */
static gboolean
autoplug_continue_cb (GstElement *bin, GstPad *pad, GstCaps *caps, FacetDecoder *self)
{
  const char *type = gst_structure_get_name (gst_caps_get_structure (caps, 0));
  gboolean    sound = g_str_has_prefix (type, "audio/");
  gboolean    picture = g_str_has_prefix (type, "video/") || g_str_has_prefix (type, "image/");
  gboolean    too_large = self->kind == FACET_STREAM_VIDEO && is_too_large (caps);

  g_mutex_lock (&self->lock);
  if (self->media_type == NULL)
    self->media_type = g_strdup (type);
  self->too_large = self->too_large || too_large;
  g_mutex_unlock (&self->lock);
  if (too_large)
    return FALSE;
  if (!is_demuxer (pad))
    return TRUE;
  if (g_str_has_prefix (type, "text/") || g_str_has_prefix (type, "subpicture/"))
    return FALSE;
  if (self->kind == FACET_STREAM_SOUND ? !picture : !sound)
    return TRUE;
  g_mutex_lock (&self->lock);
  self->has_other = TRUE;
  g_mutex_unlock (&self->lock);
  return FALSE;
}

static int
autoplug_select_cb (GstElement        *bin,
                    GstPad            *pad,
                    GstCaps           *caps,
                    GstElementFactory *factory,
                    FacetDecoder      *self)
{
  static const char *const never[] = {"Network", "Adaptive", "Hardware", "Source", "Sink"};
  const char *class = gst_element_factory_get_metadata (factory, GST_ELEMENT_METADATA_KLASS);

  if (!gst_element_factory_list_is_type (factory, GST_ELEMENT_FACTORY_TYPE_DECODABLE))
    return AUTOPLUG_SKIP;
  for (guint i = 0; i < G_N_ELEMENTS (never); i++)
    if (strstr (class, never[i]) != NULL)
      return AUTOPLUG_SKIP;
  return AUTOPLUG_TRY;
}

static void
pad_added_cb (GstElement *bin, GstPad *pad, FacetDecoder *self)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  const char *type;

  if (caps == NULL)
    caps = gst_pad_query_caps (pad, NULL);
  type =
      gst_caps_get_size (caps) > 0 ? gst_structure_get_name (gst_caps_get_structure (caps, 0)) : "";
  if (strcmp (type, self->kind == FACET_STREAM_SOUND ? "audio/x-raw" : "video/x-raw") != 0 ||
      gst_pad_is_linked (self->entry) || gst_pad_link (pad, self->entry) != GST_PAD_LINK_OK)
    return;
  g_mutex_lock (&self->lock);
  gst_caps_replace (&self->stream_caps, caps);
  g_mutex_unlock (&self->lock);
}

static void
no_more_pads_cb (GstElement *bin, FacetDecoder *self)
{
  g_mutex_lock (&self->lock);
  self->no_more_pads = TRUE;
  g_mutex_unlock (&self->lock);
}

static GstPadProbeReturn
moved_cb (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  FacetDecoder *self = user_data;

  g_mutex_lock (&self->lock);
  self->n_moves++;
  g_mutex_unlock (&self->lock);
  return GST_PAD_PROBE_OK;
}

/* Making */

static gboolean
is_usable (const char *path, const char *name, GError **error)
{
  GStatBuf info;

  if (g_stat (path, &info) != 0) {
    gboolean missing = errno == ENOENT;

    g_set_error (error, FACET_MEDIA_ERROR,
                 missing ? FACET_MEDIA_ERROR_MISSING : FACET_MEDIA_ERROR_FAILED,
                 missing ? _ ("The file of “%s” is no longer there.  Add it again.")
                         : _ ("The file of “%s” cannot be opened."),
                 name);
    return FALSE;
  }
  if (!S_ISREG (info.st_mode)) {
    g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_UNSUPPORTED, _ ("“%s” is not a file."),
                 name);
    return FALSE;
  }
  if (info.st_size == 0) {
    g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_DAMAGED, _ ("“%s” is empty."), name);
    return FALSE;
  }
  return TRUE;
}

static gboolean
needs_element (GstElement *element, GError **error)
{
  if (element != NULL)
    return TRUE;
  g_set_error_literal (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_FAILED,
                       _ ("Parts of GStreamer are missing.  Install its base plugins."));
  return FALSE;
}

static gboolean
build (FacetDecoder *self, const char *path, const char *chain, GError **error)
{
  g_autofree char *all = g_strdup_printf ("%s ! appsink name=out max-buffers=4 sync=false", chain);
  GstElement      *source = gst_element_factory_make ("filesrc", NULL);
  GstElement      *decoder = gst_element_factory_make ("decodebin", NULL);
  GstElement      *rest = gst_parse_bin_from_description (all, TRUE, NULL);
  g_autoptr (GstPad) out = NULL;

  self->pipeline = gst_pipeline_new (NULL);
  self->bus = gst_element_get_bus (self->pipeline);
  for (guint i = 0; i < 3; i++) {
    GstElement *element = i == 0 ? source : i == 1 ? decoder : rest;

    if (element != NULL)
      gst_bin_add (GST_BIN (self->pipeline), element);
  }
  if (!needs_element (source, error) || !needs_element (decoder, error) ||
      !needs_element (rest, error))
    return FALSE;
  g_object_set (source, "location", path, NULL);
  gst_element_link (source, decoder);
  out = gst_element_get_static_pad (source, "src");
  gst_pad_add_probe (out, GST_PAD_PROBE_TYPE_BUFFER, moved_cb, self, NULL);
  self->entry = gst_element_get_static_pad (rest, "sink");
  self->sink = gst_bin_get_by_name (GST_BIN (rest), "out");
  g_signal_connect (decoder, "autoplug-continue", G_CALLBACK (autoplug_continue_cb), self);
  g_signal_connect (decoder, "autoplug-select", G_CALLBACK (autoplug_select_cb), self);
  g_signal_connect (decoder, "pad-added", G_CALLBACK (pad_added_cb), self);
  g_signal_connect (decoder, "no-more-pads", G_CALLBACK (no_more_pads_cb), self);
  return TRUE;
}

FacetDecoder *
facet_decoder_new (const char     *path,
                   const char     *name,
                   FacetStreamKind kind,
                   const char     *chain,
                   GError        **error)
{
  g_autoptr (FacetDecoder) self = NULL;

  if (!is_usable (path, name, error) || !initialise (error))
    return NULL;
  self = g_new0 (FacetDecoder, 1);
  g_mutex_init (&self->lock);
  self->name = g_strdup (name);
  self->kind = kind;
  self->patience_ms = PATIENCE_MS;
  if (!build (self, path, chain, error))
    return NULL;
  return g_steal_pointer (&self);
}

static gpointer
stop_and_free (gpointer data)
{
  FacetDecoder *self = data;

  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  g_clear_object (&self->sink);
  g_clear_object (&self->entry);
  g_clear_object (&self->bus);
  g_clear_object (&self->pipeline);
  gst_clear_caps (&self->stream_caps);
  g_free (self->media_type);
  g_free (self->missing);
  g_free (self->orientation);
  g_clear_error (&self->failure);
  g_free (self->name);
  g_mutex_clear (&self->lock);
  g_free (self);
  return NULL;
}

/* Stopping waits for the decoder's threads, and one that hangs is not waited for here. */
void
facet_decoder_free (FacetDecoder *self)
{
  if (self == NULL)
    return;
  if (self->stalled)
    g_thread_unref (g_thread_new ("facet-stalled", stop_and_free, self));
  else
    stop_and_free (self);
}

void
facet_decoder_set_patience (FacetDecoder *self, guint milliseconds)
{
  self->patience_ms = milliseconds;
}

/* Pulling */

static void
fail_without_stream (FacetDecoder *self, GError **error)
{
  g_autofree char *missing = NULL;
  gboolean         too_large;

  g_mutex_lock (&self->lock);
  missing = g_strdup (self->missing);
  too_large = self->too_large;
  g_mutex_unlock (&self->lock);
  if (too_large)
    g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_TOO_LARGE,
                 _ ("The frames of “%s” are larger than 33 million pixels, the most that is read "
                    "of "
                    "a video.  Make it smaller and add it again."),
                 self->name);
  else if (missing != NULL)
    g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_UNSUPPORTED,
                 _ ("“%s” cannot be read, because nothing is installed for “%s”.  Install the "
                    "GStreamer plugin for it and add it again."),
                 self->name, missing);
  else
    g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_UNSUPPORTED,
                 self->kind == FACET_STREAM_SOUND ? _ ("“%s” has no sound in it.")
                                                  : _ ("“%s” has no video in it."),
                 self->name);
}

static gboolean
lacks_stream (FacetDecoder *self)
{
  gboolean lacks;

  g_mutex_lock (&self->lock);
  lacks = self->no_more_pads && self->stream_caps == NULL;
  g_mutex_unlock (&self->lock);
  return lacks;
}

static void
fail_damaged (FacetDecoder *self, GError **error)
{
  g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_DAMAGED,
               _ ("“%s” is damaged and cannot be decoded.  Copy or download it again."),
               self->name);
}

/* GStreamer's error as a sentence of ours; its own words speak of pads and elements. */
static void
fail_with (FacetDecoder *self, const GError *failure, GError **error)
{
  gboolean no_type = g_error_matches (failure, GST_STREAM_ERROR, GST_STREAM_ERROR_TYPE_NOT_FOUND) ||
                     g_error_matches (failure, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE);
  gboolean no_codec =
      g_error_matches (failure, GST_STREAM_ERROR, GST_STREAM_ERROR_CODEC_NOT_FOUND) ||
      g_error_matches (failure, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN);

  g_debug ("%s: %s", self->name, failure->message);
  if (no_codec)
    fail_without_stream (self, error);
  else if (no_type)
    g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_UNSUPPORTED,
                 _ ("“%s” is not a sound or video file of a kind that can be read here."),
                 self->name);
  else
    fail_damaged (self, error);
}

static void
take_tags (FacetDecoder *self, GstMessage *message)
{
  g_autoptr (GstTagList) tags = NULL;
  char *orientation;

  gst_message_parse_tag (message, &tags);
  if (!gst_tag_list_get_string (tags, GST_TAG_IMAGE_ORIENTATION, &orientation))
    return;
  g_free (self->orientation);
  self->orientation = orientation;
}

/* GStreamer also finds out what a text or a PDF is, and that nothing is installed to play it. */
static gboolean
is_about_media (GstMessage *message)
{
  static const char *const kinds[] = {"audio/", "video/", "application/ogg", "application/mxf",
                                      "application/vnd.rn-realmedia"};
  const GstStructure      *structure = gst_message_get_structure (message);
  const GValue            *detail = gst_structure_get_value (structure, "detail");
  const GstCaps           *caps =
      detail != NULL && GST_VALUE_HOLDS_CAPS (detail) ? gst_value_get_caps (detail) : NULL;
  const char *kind = caps != NULL && gst_caps_get_size (caps) > 0
                         ? gst_structure_get_name (gst_caps_get_structure (caps, 0))
                         : "";

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_has_prefix (kind, kinds[i]))
      return TRUE;
  return FALSE;
}

static void
drain_bus (FacetDecoder *self)
{
  GstMessage *message;

  while ((message = gst_bus_pop_filtered (self->bus, GST_MESSAGE_ERROR | GST_MESSAGE_ELEMENT |
                                                         GST_MESSAGE_TAG)) != NULL) {
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_TAG)
      take_tags (self, message);
    else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR && self->failure == NULL)
      gst_message_parse_error (message, &self->failure, NULL);
    else if (gst_is_missing_plugin_message (message) && is_about_media (message)) {
      g_mutex_lock (&self->lock);
      g_free (self->missing);
      self->missing = gst_missing_plugin_message_get_description (message);
      g_mutex_unlock (&self->lock);
    }
    gst_message_unref (message);
  }
}

/* FALSE: the pipeline has failed. */
static gboolean
look_at_bus (FacetDecoder *self, GError **error)
{
  drain_bus (self);
  if (self->failure == NULL)
    return TRUE;
  /* A demuxer that finds nobody to give its streams to fails, too. */
  if (lacks_stream (self))
    fail_without_stream (self, error);
  else
    fail_with (self, self->failure, error);
  return FALSE;
}

static gboolean
has_running_task (GstElement *element)
{
  gboolean running = FALSE;

  GST_OBJECT_LOCK (element);
  for (GList *l = element->pads; l != NULL && !running; l = l->next)
    running = gst_pad_get_task_state (l->data) == GST_TASK_STARTED;
  GST_OBJECT_UNLOCK (element);
  return running;
}

/* A demuxer that fails while decodebin still tries it stops, and decodebin keeps the error to
 * itself: nothing in the pipeline runs any more, and no end comes. */
static gboolean
is_dead (FacetDecoder *self)
{
  GstIterator      *elements = gst_bin_iterate_recurse (GST_BIN (self->pipeline));
  GValue            item = G_VALUE_INIT;
  gboolean          running = FALSE;
  GstIteratorResult result;

  while (!running && (result = gst_iterator_next (elements, &item)) != GST_ITERATOR_DONE) {
    if (result == GST_ITERATOR_OK)
      running = has_running_task (g_value_get_object (&item));
    else /* it changes just now */
      running = TRUE;
    g_value_reset (&item);
  }
  g_value_unset (&item);
  gst_iterator_free (elements);
  return !running;
}

/* FALSE: there is no stream of the kind, or nothing moves any more. */
static gboolean
look_at_streams (FacetDecoder *self, Watch *watch, GError **error)
{
  gboolean moved;

  if (lacks_stream (self)) {
    fail_without_stream (self, error);
    return FALSE;
  }
  g_mutex_lock (&self->lock);
  moved = self->n_moves != watch->n_moves;
  watch->n_moves = self->n_moves;
  g_mutex_unlock (&self->lock);
  watch->n_dead = !moved && is_dead (self) ? watch->n_dead + 1 : 0;
  if (watch->n_dead >= DEAD_LOOKS) {
    fail_damaged (self, error);
    return FALSE;
  }
  if (moved)
    watch->moved = g_get_monotonic_time ();
  if (g_get_monotonic_time () - watch->moved < (gint64)self->patience_ms * 1000)
    return TRUE;
  self->stalled = TRUE;
  g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_DAMAGED,
               _ ("Decoding “%s” got stuck and was given up.  Convert it to another format and add "
                  "it again."),
               self->name);
  return FALSE;
}

GstSample *
facet_decoder_pull (FacetDecoder *self, GCancellable *cancellable, GError **error)
{
  GstAppSink *sink = GST_APP_SINK (self->sink);
  Watch       watch = {.moved = g_get_monotonic_time ()};

  if (!self->playing) {
    self->playing = TRUE;
    gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  }
  for (;;) {
    GstSample *sample;

    if (g_cancellable_set_error_if_cancelled (cancellable, error))
      return NULL;
    sample = gst_app_sink_try_pull_sample (sink, WAIT_MS * GST_MSECOND);
    if (sample != NULL)
      return sample;
    if (!look_at_bus (self, error) || gst_app_sink_is_eos (sink))
      return NULL;
    if (!look_at_streams (self, &watch, error))
      return NULL;
  }
}

gint64
facet_decoder_get_duration (FacetDecoder *self)
{
  gint64 duration;

  if (!gst_element_query_duration (self->pipeline, GST_FORMAT_TIME, &duration))
    return -1;
  return duration;
}

GstCaps *
facet_decoder_get_stream_caps (FacetDecoder *self)
{
  GstCaps *caps;

  g_mutex_lock (&self->lock);
  caps = self->stream_caps;
  g_mutex_unlock (&self->lock);
  return caps;
}

const char *
facet_decoder_get_media_type (FacetDecoder *self)
{
  const char *type;

  g_mutex_lock (&self->lock);
  type = self->media_type;
  g_mutex_unlock (&self->lock);
  return type;
}

gboolean
facet_decoder_has_other_stream (FacetDecoder *self)
{
  gboolean has;

  g_mutex_lock (&self->lock);
  has = self->has_other;
  g_mutex_unlock (&self->lock);
  return has;
}

const char *
facet_decoder_get_orientation (FacetDecoder *self)
{
  drain_bus (self);
  return self->orientation;
}
