/* test-video-file.c: frames of video files, good and bad.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-video-file"

#include "app/facet-sound-file.h"
#include "app/facet-video-file.h"
#include "media-files.h"
#include "test-folder.h"

#include <gst/gst.h>

#include <math.h>
#include <string.h>

typedef TestFolder Fixture;

static FacetVideo *
inspect (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  FacetVideo *video = facet_video_inspect (f->path, "film.xyz", NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (video);
  g_assert_cmpuint (video->frames->len, ==, 1);
  return video;
}

static FacetVideo *
load (Fixture *f, guint n_frames)
{
  g_autoptr (GError) error = NULL;
  FacetVideo *video = facet_video_load (f->path, "film.xyz", n_frames, NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (video);
  return video;
}

static void
assert_refused (Fixture *f, FacetMediaError code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (facet_video_inspect (f->path, "film.xyz", NULL, &error));
  g_assert_error (error, FACET_MEDIA_ERROR, (int)code);
  g_assert_nonnull (strstr (error->message, "“film.xyz”"));
  g_assert_true (g_str_has_suffix (error->message, "."));
}

/* Frame @i is grey of brightness 2·i: GStreamer's own test picture would not tell its number. */
static gboolean
write_raw (Fixture    *f,
           guint       n_frames,
           int         width,
           int         height,
           const char *properties,
           const char *rest)
{
  g_autofree char *raw = g_build_filename (f->folder, "raw", NULL);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autofree char *pipeline = NULL;

  g_byte_array_set_size (bytes, n_frames * (guint)(width * height));
  for (guint i = 0; i < n_frames; i++)
    memset (bytes->data + i * (guint)(width * height), (int)(2 * i), (gsize)(width * height));
  write_file (raw, bytes);
  pipeline = g_strdup_printf ("filesrc location=%s ! rawvideoparse format=gray8 width=%d height=%d "
                              "%s ! videoconvert ! %s ! filesink location=OUT",
                              raw, width, height, properties, rest);
  return make_by_gstreamer (pipeline, f->path);
}

static int
brightness (const FacetVideoFrame *frame)
{
  const FacetPicture *p = frame->picture;

  return p->pixels[(p->height / 2) * p->rowstride + p->width / 2 * 3 + 1];
}

/* The frames that are wanted and no others, each with its time. */
static void
assert_frames (const FacetVideo *video, guint n_frames, double fps)
{
  guint n = MIN (n_frames, 32);

  g_assert_cmpuint (video->n_frames, ==, n_frames);
  g_assert_cmpfloat_with_epsilon (video->fps, fps, 0.01);
  g_assert_cmpuint (video->frames->len, ==, n);
  for (guint k = 0; k < n; k++) {
    FacetVideoFrame *frame = g_ptr_array_index (video->frames, k);
    guint            index = n_frames < 32 ? k : k * n_frames / 32;

    g_assert_cmpuint (frame->index, ==, index);
    g_assert_cmpfloat_with_epsilon (frame->seconds, index / fps, 0.001);
    g_assert_cmpint (ABS (brightness (frame) - 2 * (int)index), <=, 1);
    g_assert_cmpuint (frame->picture->width, ==, video->width);
    g_assert_cmpuint (frame->picture->height, ==, video->height);
  }
}

/* Lossless, so that every frame is known by its brightness. */
static void
test_sampling (Fixture *f, gconstpointer data)
{
  static const guint counts[] = {1, 2, 31, 32, 33, 100, 120};

  for (guint i = 0; i < G_N_ELEMENTS (counts); i++) {
    g_autoptr (FacetVideo) seen = NULL;
    g_autoptr (FacetVideo) video = NULL;

    if (!write_raw (f, counts[i], 64, 48, "framerate=25/1",
                    "video/x-raw,format=I420,colorimetry=(string)1:4:0:0 ! avenc_ffv1 ! "
                    "matroskamux"))
      return;
    seen = inspect (f);
    g_assert_cmpuint (seen->n_frames, ==, counts[i]);
    g_assert_cmpuint (seen->width, ==, 64);
    g_assert_cmpuint (seen->height, ==, 48);
    g_assert_cmpfloat_with_epsilon (seen->seconds, counts[i] / 25.0, 0.001);
    g_assert_cmpstr (seen->media_type, ==, "video/x-matroska");
    if (counts[i] <= 32)
      g_assert_cmpstr (seen->note, ==, NULL);
    else
      g_assert_true (g_str_has_prefix (seen->note, "32 of its "));
    video = load (f, seen->n_frames);
    assert_frames (video, counts[i], 25);
  }
}

static void
test_formats (Fixture *f, gconstpointer data)
{
  g_autofree char *pipeline =
      g_strdup_printf ("videotestsrc num-buffers=40 ! "
                       "video/x-raw,width=160,height=120,framerate=20/1 ! videoconvert ! %s ! "
                       "filesink location=OUT",
                       (const char *)data);
  g_autoptr (FacetVideo) seen = NULL;
  g_autoptr (FacetVideo) video = NULL;

  if (!make_by_gstreamer (pipeline, f->path))
    return;
  seen = inspect (f);
  /* An encoder may hold back the last frames. */
  g_assert_cmpuint (seen->n_frames, >=, 38);
  g_assert_cmpuint (seen->n_frames, <=, 40);
  g_assert_cmpfloat_with_epsilon (seen->fps, 20, 0.5);
  video = load (f, seen->n_frames);
  g_assert_cmpuint (video->frames->len, ==, 32);
  g_assert_cmpuint (video->width, ==, 160);
  g_assert_cmpuint (video->height, ==, 120);
}

/* Large frames are made smaller, oblong pixels square; a shape is kept. */
static void
test_size (Fixture *f, gconstpointer data)
{
  static const struct {
    int         width, height;
    const char *properties;
    guint       expected_width, expected_height;
  } sizes[] = {
      {3840, 2160, "framerate=25/1", 1920, 1080},
      {1080, 3840, "framerate=25/1", 540, 1920},
      {320, 240, "framerate=25/1 pixel-aspect-ratio=2/1", 640, 240},
      {16, 16, "framerate=25/1", 16, 16},
  };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autoptr (FacetVideo) seen = NULL;

    if (!write_raw (f, 2, sizes[i].width, sizes[i].height, sizes[i].properties,
                    "video/x-raw,format=I420 ! avenc_ffv1 ! matroskamux"))
      return;
    seen = inspect (f);
    g_assert_cmpuint (seen->width, ==, sizes[i].expected_width);
    g_assert_cmpuint (seen->height, ==, sizes[i].expected_height);
  }
}

/* As a telephone writes it that was held upright: the matrix in the track's header turns it. */
static void
test_orientation (Fixture *f, gconstpointer data)
{
  const guint32 turned[9] = {0, GUINT32_TO_BE (0x10000),    0, GUINT32_TO_BE (0xffff0000u), 0,
                             0, GUINT32_TO_BE (144u << 16), 0, GUINT32_TO_BE (0x40000000u)};
  g_autoptr (GByteArray) bytes = NULL;
  g_autoptr (FacetVideo) seen = NULL;
  guint8 *header;
  char   *contents;
  gsize   n_bytes;

  if (!write_raw (f, 3, 176, 144, "framerate=25/1", "avenc_h263p ! qtmux"))
    return;
  g_assert_true (g_file_get_contents (f->path, &contents, &n_bytes, NULL));
  bytes = g_byte_array_new_take ((guint8 *)contents, n_bytes);
  header = memmem (bytes->data, bytes->len, "tkhd", 4);
  g_assert_nonnull (header);
  memcpy (header + 44, turned, sizeof turned);
  write_file (f->path, bytes);
  seen = inspect (f);
  g_assert_cmpuint (seen->width, ==, 144);
  g_assert_cmpuint (seen->height, >=, 176); /* the encoder has its own idea of pixels */
}

/* A header that promises 400 million pixels: refused before a decoder takes memory for them. */
static void
test_gigantic (Fixture *f, gconstpointer data)
{
  const guint32 side = GUINT32_TO_LE (20000);
  g_autoptr (GByteArray) bytes = NULL;
  guint8 *format;
  char   *contents;
  gsize   n_bytes;

  if (!write_raw (f, 3, 64, 48, "framerate=25/1", "avenc_mpeg4 ! avimux"))
    return;
  g_assert_true (g_file_get_contents (f->path, &contents, &n_bytes, NULL));
  bytes = g_byte_array_new_take ((guint8 *)contents, n_bytes);
  format = memmem (bytes->data, bytes->len, "strf", 4);
  g_assert_nonnull (format);
  memcpy (format + 12, &side, 4);
  memcpy (format + 16, &side, 4);
  write_file (f->path, bytes);
  assert_refused (f, FACET_MEDIA_ERROR_TOO_LARGE);
}

static void
test_with_sound (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetVideo) seen = NULL;
  g_autoptr (FacetSound) sound = NULL;
  g_autoptr (GError) error = NULL;

  if (!make_by_gstreamer ("videotestsrc num-buffers=25 ! "
                          "video/x-raw,width=176,height=144,framerate=25/1 ! "
                          "videoconvert ! avenc_h263p ! queue ! qtmux name=mux ! filesink "
                          "location=OUT "
                          "audiotestsrc num-buffers=44 volume=0.3 ! audioconvert ! avenc_aac ! "
                          "queue ! mux.",
                          f->path))
    return;
  seen = inspect (f);
  g_assert_cmpuint (seen->n_frames, ==, 25);
  g_assert_cmpstr (seen->note, ==, "Its sound is left out.");
  sound = facet_sound_load (f->path, "film.xyz", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (sound->note, ==, "Only its sound is used.");
}

static void
test_no_video (Fixture *f, gconstpointer data)
{
  if (!make_by_gstreamer ("audiotestsrc num-buffers=10 ! audioconvert ! avenc_aac ! mp4mux ! "
                          "filesink location=OUT",
                          f->path))
    return;
  assert_refused (f, FACET_MEDIA_ERROR_UNSUPPORTED);
}

static void
test_too_long (Fixture *f, gconstpointer data)
{
  /* 305 s: one frame in five seconds. */
  if (!write_raw (f, 61, 16, 16, "framerate=1/5",
                  "video/x-raw,format=I420 ! avenc_ffv1 ! matroskamux"))
    return;
  assert_refused (f, FACET_MEDIA_ERROR_TOO_LARGE);
}

/* Cut or changed anywhere: frames or a sentence. */
static void
test_damaged (Fixture *f, gconstpointer data)
{
  static const char *const kinds[] = {"avenc_h263p ! qtmux", "theoraenc ! oggmux",
                                      "vp8enc ! webmmux", "avenc_mpeg4 ! avimux"};
  GRand                   *rand = g_rand_new_with_seed (3);

  for (guint i = 0; i < G_N_ELEMENTS (kinds) * 6; i++) {
    g_autofree char *pipeline =
        g_strdup_printf ("videotestsrc num-buffers=20 ! video/x-raw,width=176,height=144 ! "
                         "videoconvert ! %s ! filesink location=OUT",
                         kinds[i / 6]);
    g_autoptr (GByteArray) bytes = NULL;
    g_autoptr (FacetVideo) video = NULL;
    g_autoptr (GError) error = NULL;
    char *contents;
    gsize n_bytes;

    if (!make_by_gstreamer (pipeline, f->path))
      continue;
    g_assert_true (g_file_get_contents (f->path, &contents, &n_bytes, NULL));
    bytes = g_byte_array_new_take ((guint8 *)contents, n_bytes);
    if (i % 2 == 0)
      g_byte_array_set_size (bytes, bytes->len * (i % 6 + 1) / 6);
    else
      for (guint k = 0; k < 30; k++)
        bytes->data[g_rand_int_range (rand, 0, (int)bytes->len)] =
            (guint8)g_rand_int_range (rand, 0, 256);
    write_file (f->path, bytes);
    video = facet_video_inspect (f->path, "film.xyz", NULL, &error);
    g_assert_true ((video != NULL) == (error == NULL));
    g_assert_true (error == NULL || (error->domain == FACET_MEDIA_ERROR &&
                                     strstr (error->message, "“film.xyz”") != NULL));
  }
  g_rand_free (rand);
}

static void
test_cancel (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  if (!write_raw (f, 3, 16, 16, "framerate=25/1",
                  "video/x-raw,format=I420 ! avenc_ffv1 ! matroskamux"))
    return;
  g_cancellable_cancel (cancellable);
  g_assert_null (facet_video_load (f->path, "film.xyz", 3, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, data, func)                                                                      \
  g_test_add (path, Fixture, data, test_folder_set_up, func, test_folder_tear_down)
  ADD ("/video-file/sampling", NULL, test_sampling);
  ADD ("/video-file/mov", "avenc_h263p ! qtmux", test_formats);
  ADD ("/video-file/webm", "vp8enc ! webmmux", test_formats);
  ADD ("/video-file/ogv", "theoraenc ! oggmux", test_formats);
  ADD ("/video-file/avi", "avenc_mpeg4 ! avimux", test_formats);
  ADD ("/video-file/size", NULL, test_size);
  ADD ("/video-file/orientation", NULL, test_orientation);
  ADD ("/video-file/gigantic", NULL, test_gigantic);
  ADD ("/video-file/with-sound", NULL, test_with_sound);
  ADD ("/video-file/no-video", NULL, test_no_video);
  ADD ("/video-file/too-long", NULL, test_too_long);
  ADD ("/video-file/damaged", NULL, test_damaged);
  ADD ("/video-file/cancel", NULL, test_cancel);
  return g_test_run ();
}
