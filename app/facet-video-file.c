/* facet-video-file.c: decodes a file once through and keeps the frames that were asked for.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any thread; blocks.  How many frames a file has is known only when all were decoded, and which
 * ones are wanted only then: so a file is inspected when it is added, and read a second time for
 * its frames.  Only frames that are kept are converted to RGB. */
#define G_LOG_DOMAIN "facet-video-file"

#include "config.h"

#include "facet-video-file.h"
#include "facet-decoder.h"

#include <glib/gi18n-lib.h>
#include <gst/video/video.h>

#include <math.h>
#include <string.h>

typedef struct {
  FacetVideo   *video;
  FacetDecoder *decoder;
  const char   *name;
  guint         n_wanted; /* frames to keep */
  guint         n_of;     /* of so many; 0: until the end */
  guint         n_seen;
  gboolean      damaged;
} Pass;

static void
frame_free (gpointer data)
{
  FacetVideoFrame *frame = data;

  facet_picture_unref (frame->picture);
  g_free (frame);
}

void
facet_video_free (FacetVideo *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->frames);
  g_free (self->media_type);
  g_free (self->note);
  g_free (self);
}

guint
facet_video_get_index (guint n_frames, guint k)
{
  if (n_frames < FACET_VIDEO_N_FRAMES)
    return k;
  return (guint)((guint64)k * n_frames / FACET_VIDEO_N_FRAMES);
}

/* Frames */

/* How large a frame is made: square pixels, within the limits, never enlarged but for that. */
static void
choose_size (const GstVideoInfo *info, guint *width, guint *height)
{
  double w = GST_VIDEO_INFO_WIDTH (info), h = GST_VIDEO_INFO_HEIGHT (info);
  double scale;

  if (GST_VIDEO_INFO_PAR_N (info) > 0 && GST_VIDEO_INFO_PAR_D (info) > 0)
    w = w * GST_VIDEO_INFO_PAR_N (info) / GST_VIDEO_INFO_PAR_D (info);
  /* A film may stand upright. */
  scale = w >= h ? MIN (FACET_VIDEO_MAX_WIDTH / w, FACET_VIDEO_MAX_HEIGHT / h)
                 : MIN (FACET_VIDEO_MAX_HEIGHT / w, FACET_VIDEO_MAX_WIDTH / h);
  scale = MIN (scale, 1);
  *width = (guint)MAX (1, lround (w * scale));
  *height = (guint)MAX (1, lround (h * scale));
}

static void
copy_rows (GdkPixbuf *pixbuf, const GstVideoFrame *frame)
{
  guint8       *to = gdk_pixbuf_get_pixels (pixbuf);
  const guint8 *from = GST_VIDEO_FRAME_PLANE_DATA (frame, 0);
  gsize         n = (gsize)gdk_pixbuf_get_width (pixbuf) * 3;

  for (int y = 0; y < gdk_pixbuf_get_height (pixbuf); y++)
    memcpy (to + y * (gsize)gdk_pixbuf_get_rowstride (pixbuf),
            from + (gsize)y * GST_VIDEO_FRAME_PLANE_STRIDE (frame, 0), n);
}

/* NULL: it cannot be converted.  (transfer full) */
static GdkPixbuf *
convert (const GstVideoFrame *frame)
{
  GstVideoConverter *converter;
  GstVideoInfo       info;
  GstVideoFrame      out;
  GstBuffer         *buffer;
  GdkPixbuf         *pixbuf = NULL;
  guint              width, height;

  choose_size (&frame->info, &width, &height);
  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_RGB, width, height);
  /* The converter wants these to agree: it changes neither. */
  info.fps_n = frame->info.fps_n;
  info.fps_d = frame->info.fps_d;
  info.interlace_mode = frame->info.interlace_mode;
  converter = gst_video_converter_new ((GstVideoInfo *)&frame->info, &info, NULL);
  if (converter == NULL)
    return NULL;
  buffer = gst_buffer_new_allocate (NULL, info.size, NULL);
  if (buffer != NULL && gst_video_frame_map (&out, &info, buffer, GST_MAP_READWRITE)) {
    gst_video_converter_frame (converter, frame, &out);
    pixbuf = gdk_pixbuf_new (GDK_COLORSPACE_RGB, FALSE, 8, (int)width, (int)height);
    if (pixbuf != NULL)
      copy_rows (pixbuf, &out);
    gst_video_frame_unmap (&out);
  }
  gst_clear_buffer (&buffer);
  gst_video_converter_free (converter);
  return pixbuf;
}

/* As the file's tag says that the camera was held. */
static GdkPixbuf *
turn (GdkPixbuf *pixbuf, const char *orientation)
{
  static const struct {
    const char       *name;
    GdkPixbufRotation rotation;
    gboolean          flip;
  } turns[] = {
      {"rotate-90", GDK_PIXBUF_ROTATE_CLOCKWISE, FALSE},
      {"rotate-180", GDK_PIXBUF_ROTATE_UPSIDEDOWN, FALSE},
      {"rotate-270", GDK_PIXBUF_ROTATE_COUNTERCLOCKWISE, FALSE},
      {"flip-rotate-0", GDK_PIXBUF_ROTATE_NONE, TRUE},
      {"flip-rotate-90", GDK_PIXBUF_ROTATE_CLOCKWISE, TRUE},
      {"flip-rotate-180", GDK_PIXBUF_ROTATE_UPSIDEDOWN, TRUE},
      {"flip-rotate-270", GDK_PIXBUF_ROTATE_COUNTERCLOCKWISE, TRUE},
  };

  for (guint i = 0; i < G_N_ELEMENTS (turns); i++) {
    g_autoptr (GdkPixbuf) given = NULL;
    g_autoptr (GdkPixbuf) flipped = NULL;

    if (g_strcmp0 (orientation, turns[i].name) != 0)
      continue;
    given = pixbuf;
    flipped = turns[i].flip ? gdk_pixbuf_flip (given, TRUE) : g_object_ref (given);
    return gdk_pixbuf_rotate_simple (flipped, turns[i].rotation);
  }
  return pixbuf;
}

static gboolean
keep_frame (Pass *pass, GstSample *sample)
{
  FacetVideoFrame *kept;
  GstVideoInfo     info;
  GstVideoFrame    frame;
  GdkPixbuf       *pixbuf;

  if (!gst_video_info_from_caps (&info, gst_sample_get_caps (sample)) ||
      !gst_video_frame_map (&frame, &info, gst_sample_get_buffer (sample), GST_MAP_READ))
    return FALSE;
  pixbuf = convert (&frame);
  gst_video_frame_unmap (&frame);
  if (pixbuf == NULL)
    return FALSE;
  kept = g_new0 (FacetVideoFrame, 1);
  kept->picture =
      facet_picture_new_take (turn (pixbuf, facet_decoder_get_orientation (pass->decoder)),
                              facet_decoder_get_media_type (pass->decoder));
  kept->index = pass->n_seen;
  g_ptr_array_add (pass->video->frames, kept);
  return TRUE;
}

/* Decoding */

static void
fail_too_long (Pass *pass, GError **error)
{
  g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_TOO_LARGE,
               _ ("“%s” is longer than %d minutes, the most that is read of a video.  Cut it and "
                  "add a part of it."),
               pass->name, FACET_VIDEO_MAX_SECONDS / 60);
}

static gboolean
is_too_long (Pass *pass, GstSample *sample)
{
  const gint64 most = (FACET_VIDEO_MAX_SECONDS + 1) * (gint64)GST_SECOND;
  GstBuffer   *buffer = gst_sample_get_buffer (sample);
  GstClockTime at = gst_segment_to_stream_time (gst_sample_get_segment (sample), GST_FORMAT_TIME,
                                                GST_BUFFER_PTS (buffer));

  return (pass->n_seen == 0 && facet_decoder_get_duration (pass->decoder) > most) ||
         (GST_CLOCK_TIME_IS_VALID (at) && at > (GstClockTime)most) ||
         pass->n_seen >= FACET_VIDEO_MAX_FRAMES;
}

static gboolean
is_wanted (Pass *pass)
{
  guint n = pass->video->frames->len;

  return n < pass->n_wanted && pass->n_seen == facet_video_get_index (pass->n_of, n);
}

/* What could be seen before a failure is kept, unless that is nothing. */
static gboolean
run (Pass *pass, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) failure = NULL;

  while (pass->n_of == 0 || pass->video->frames->len < pass->n_wanted) {
    g_autoptr (GstSample) sample = facet_decoder_pull (pass->decoder, cancellable, &failure);

    if (sample == NULL)
      break;
    if (is_too_long (pass, sample)) {
      fail_too_long (pass, error);
      return FALSE;
    }
    if (is_wanted (pass) && !keep_frame (pass, sample)) {
      g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_UNSUPPORTED,
                   _ ("The frames of “%s” cannot be made into pictures here.  Convert it to "
                      "another "
                      "format and add it again."),
                   pass->name);
      return FALSE;
    }
    pass->n_seen++;
  }
  pass->damaged = failure != NULL;
  if (failure != NULL && (failure->domain != FACET_MEDIA_ERROR || pass->n_seen == 0)) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
  }
  if (pass->n_seen > 0)
    return TRUE;
  g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_DAMAGED, _ ("“%s” has no video in it."),
               pass->name);
  return FALSE;
}

/* As the stream says; else as the file's length says; else as is usual. */
static double
find_fps (Pass *pass)
{
  GstCaps      *caps = facet_decoder_get_stream_caps (pass->decoder);
  GstStructure *structure = caps != NULL ? gst_caps_get_structure (caps, 0) : NULL;
  gint64        duration = facet_decoder_get_duration (pass->decoder);
  int           n = 0, d = 1;

  if (structure != NULL && gst_structure_get_fraction (structure, "framerate", &n, &d) && n > 0 &&
      d > 0 && (double)n / d <= 1000)
    return (double)n / d;
  if (duration > 0)
    return pass->video->n_frames * (double)GST_SECOND / (double)duration;
  return FACET_VIDEO_FPS;
}

static char *
describe (Pass *pass)
{
  FacetVideo *video = pass->video;
  GString    *note = g_string_new (NULL);

  if (pass->damaged)
    g_string_append_printf (note, _ ("The file is damaged: only the first %.1f s can be seen.  "),
                            video->seconds);
  if (video->n_frames > FACET_VIDEO_N_FRAMES)
    g_string_append_printf (note, _ ("%u of its %u frames are looked at.  "), FACET_VIDEO_N_FRAMES,
                            video->n_frames);
  if (facet_decoder_has_other_stream (pass->decoder))
    g_string_append (note, _ ("Its sound is left out.  "));
  g_strchomp (note->str);
  if (*note->str != '\0')
    return g_string_free (note, FALSE);
  g_string_free (note, TRUE);
  return NULL;
}

/* What is known when the pass has ended. */
static void
fill_in (Pass *pass, guint n_frames)
{
  FacetVideo      *video = pass->video;
  FacetVideoFrame *first = g_ptr_array_index (video->frames, 0);

  video->n_frames = n_frames;
  video->fps = find_fps (pass);
  video->seconds = n_frames / video->fps;
  video->width = first->picture->width;
  video->height = first->picture->height;
  video->media_type = g_strdup (facet_decoder_get_media_type (pass->decoder));
  video->note = describe (pass);
  for (guint i = 0; i < video->frames->len; i++) {
    FacetVideoFrame *frame = g_ptr_array_index (video->frames, i);

    frame->seconds = frame->index / video->fps;
  }
}

static FacetVideo *
load (const char   *path,
      const char   *name,
      guint         n_frames,
      guint         n_wanted,
      GCancellable *cancellable,
      GError      **error)
{
  g_autoptr (FacetDecoder) decoder =
      facet_decoder_new (path, name, FACET_STREAM_VIDEO, "identity", error);
  g_autoptr (FacetVideo) video = NULL;
  Pass pass = {.decoder = decoder, .name = name, .n_wanted = n_wanted, .n_of = n_frames};

  if (decoder == NULL)
    return NULL;
  video = g_new0 (FacetVideo, 1);
  video->frames = g_ptr_array_new_with_free_func (frame_free);
  pass.video = video;
  if (!run (&pass, cancellable, error))
    return NULL;
  fill_in (&pass, n_frames > 0 ? n_frames : pass.n_seen);
  return g_steal_pointer (&video);
}

FacetVideo *
facet_video_inspect (const char *path, const char *name, GCancellable *cancellable, GError **error)
{
  return load (path, name, 0, 1, cancellable, error);
}

FacetVideo *
facet_video_load (const char   *path,
                  const char   *name,
                  guint         n_frames,
                  GCancellable *cancellable,
                  GError      **error)
{
  g_return_val_if_fail (n_frames > 0, NULL);
  return load (path, name, n_frames, MIN (n_frames, FACET_VIDEO_N_FRAMES), cancellable, error);
}
