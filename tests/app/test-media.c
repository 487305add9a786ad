/* test-media.c: adding files and pixels, and the folder in which they are kept.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-media"

#include "app/facet-media-folder.h"
#include "app/facet-media-import.h"
#include "media-files.h"
#include "test-folder.h"

#include <glib/gstdio.h>

#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

typedef struct {
  char         *folder; /* for all */
  char         *media;  /* media/ in it; not made */
  char         *path;   /* of a file to add */
  GAsyncResult *result;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->folder = test_folder_new ();
  f->media = facet_media_folder_of (f->folder);
  f->path = g_build_filename (f->folder, "photo.txt", NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  test_folder_remove (f->folder);
  g_free (f->folder);
  g_free (f->media);
  g_free (f->path);
}

static void
ready_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *f = user_data;

  f->result = g_object_ref (result);
}

static FacetMedia *
wait_result (Fixture *f, GError **error)
{
  FacetMedia *media;

  while (f->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  media = facet_media_import_finish (f->result, error);
  g_clear_object (&f->result);
  return media;
}

static FacetMedia *
import (Fixture *f, const char *path, const char *name, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);

  facet_media_import_file_async (f->media, file, name, NULL, ready_cb, f);
  return wait_result (f, error);
}

static FacetMedia *
import_well (Fixture *f, const char *name)
{
  g_autoptr (GError) error = NULL;
  FacetMedia *media = import (f, f->path, name, &error);

  g_assert_no_error (error);
  return media;
}

static guint
count_files (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (dir != NULL && g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static void
assert_refused (Fixture *f, const char *path, FacetMediaError code, const char *words)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (import (f, path, NULL, &error));
  g_assert_error (error, FACET_MEDIA_ERROR, (int)code);
  g_assert_nonnull (strstr (error->message, words));
  g_assert_cmpuint (count_files (f->media), ==, 0);
}

static void
write_picture (const char *path, int width, int height, guint32 colour)
{
  g_autoptr (GdkPixbuf) pixbuf = gdk_pixbuf_new (GDK_COLORSPACE_RGB, FALSE, 8, width, height);
  g_autoptr (GError) error = NULL;

  gdk_pixbuf_fill (pixbuf, colour);
  gdk_pixbuf_save (pixbuf, path, "png", &error, NULL);
  g_assert_no_error (error);
}

static double
tone (double t, guint channel)
{
  return 0.5 * sin (2 * G_PI * 440 * t);
}

static void
write_sound (const char *path, double seconds)
{
  g_autoptr (GByteArray) wav = make_wav (WAV_S16, 16000, 1, seconds, FALSE, tone);

  write_file (path, wav);
}

static void
assert_same_files (const char *a, const char *b)
{
  g_autofree char *x = NULL, *y = NULL;
  gsize            n, m;

  g_assert_true (g_file_get_contents (a, &x, &n, NULL));
  g_assert_true (g_file_get_contents (b, &y, &m, NULL));
  g_assert_cmpmem (x, n, y, m);
}

/* By its content: the name says text. */
static void
test_picture (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetMedia) media = NULL;
  g_autoptr (FacetPicture) picture = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *hash = NULL;
  g_autofree char *contents = NULL;
  gsize            n_bytes;
  guint            width, height;
  struct stat      info;

  write_picture (f->path, 800, 400, 0x00ff00ff);
  media = import_well (f, NULL);
  g_assert_cmpint (facet_media_get_kind (media), ==, FACET_MEDIA_IMAGE);
  g_assert_cmpstr (facet_media_get_name (media), ==, "photo.txt");
  g_assert_cmpstr (facet_media_get_media_type (media), ==, "image/png");
  g_assert_cmpstr (facet_media_get_note (media), ==, NULL);
  facet_media_get_dimensions (media, &width, &height);
  g_assert_cmpuint (width, ==, 800);
  g_assert_cmpuint (height, ==, 400);

  g_file_get_contents (f->path, &contents, &n_bytes, NULL);
  hash = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (guchar *)contents, n_bytes);
  g_assert_cmpstr (facet_media_get_content_hash (media), ==, hash);
  g_assert_cmpuint (facet_media_get_size (media), ==, n_bytes);
  assert_same_files (f->path, facet_media_get_path (media));
  g_assert_cmpuint (count_files (f->media), ==, 1);
  g_assert_cmpint (g_stat (f->media, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0700);
  g_assert_cmpint (g_stat (facet_media_get_path (media), &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);

  g_assert_cmpint (gdk_pixbuf_get_width (facet_media_get_thumbnail (media)), ==, 256);
  g_assert_cmpint (gdk_pixbuf_get_height (facet_media_get_thumbnail (media)), ==, 128);
  /* The copy is ours: the file may go. */
  g_unlink (f->path);
  picture = facet_media_load_picture (media, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (picture->width, ==, 800);
}

static void
test_detail (Fixture *f, gconstpointer data)
{
  static const guint asked[] = {0, 70, 100, 140, 280, 560, 1120, 5000};
  static const guint got[] = {70, 70, 70, 140, 280, 560, 1120, 1120};
  g_autoptr (FacetMedia) media = NULL;
  guint last = 0;

  write_picture (f->path, 800, 400, 0x00ff00ff);
  media = import_well (f, NULL);
  g_assert_cmpuint (facet_media_get_detail (media), ==, 280);
  for (guint i = 0; i < G_N_ELEMENTS (asked); i++) {
    g_autoptr (FacetMedia) other = facet_media_with_detail (media, asked[i]);

    g_assert_cmpuint (facet_media_get_detail (other), ==, got[i]);
    g_assert_cmpuint (facet_media_get_n_tokens (other), <=, got[i]);
    g_assert_cmpuint (facet_media_get_n_tokens (other), >, got[i] * 3 / 4);
    g_assert_cmpuint (facet_media_get_n_tokens (other), >=, last);
    last = facet_media_get_n_tokens (other);
    g_assert_cmpstr (facet_media_get_content_hash (other), ==,
                     facet_media_get_content_hash (media));
    g_assert_true (facet_media_get_thumbnail (other) == facet_media_get_thumbnail (media));
  }
}

/* Formats that GStreamer's type finder takes for something else, or for nothing. */
static void
test_odd_pictures (Fixture *f, gconstpointer data)
{
  static const char xpm[] = "/* XPM */\nstatic char *x[] = {\n\"2 1 2 1\",\n\"a c #ff0000\",\n"
                            "\"b c #00ff00\",\n\"ab\"};\n";
  guint8            tga[18 + 600] = {0, 0, 2, [12] = 20, 0, 10, 0, 24, 0};

  for (guint i = 0; i < 2; i++) {
    g_autoptr (FacetMedia) media = NULL;

    g_assert_true (i == 0 ? g_file_set_contents (f->path, xpm, -1, NULL)
                          : g_file_set_contents (f->path, (char *)tga, sizeof tga, NULL));
    media = import_well (f, NULL);
    g_assert_cmpint (facet_media_get_kind (media), ==, FACET_MEDIA_IMAGE);
  }
}

static void
test_sound (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetMedia) media = NULL;
  g_autoptr (FacetSound) sound = NULL;
  g_autoptr (GError) error = NULL;

  write_sound (f->path, 10);
  media = import_well (f, "Recording");
  g_assert_cmpint (facet_media_get_kind (media), ==, FACET_MEDIA_AUDIO);
  g_assert_cmpstr (facet_media_get_name (media), ==, "Recording");
  g_assert_cmpfloat_with_epsilon (facet_media_get_seconds (media), 10, 1e-6);
  g_assert_cmpuint (facet_media_get_n_tokens (media), ==, 250);
  g_assert_nonnull (facet_media_get_peaks (media));
  g_assert_cmpint (ABS (facet_media_get_peaks (media)[20] - 127), <=, 2);
  sound = facet_media_load_sound (media, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (sound->n_samples, ==, 160000);
  g_assert_cmpuint (facet_media_count_sound_tokens (160), ==, 0);
  g_assert_cmpuint (facet_media_count_sound_tokens (161), ==, 1);
  g_assert_cmpuint (facet_media_count_sound_tokens (1600), ==, 3);
  g_assert_cmpuint (facet_media_count_sound_tokens (480000), ==, 750);
}

static void
test_video (Fixture *f, gconstpointer data)
{
  FacetMediaInfo info = {.kind = FACET_MEDIA_VIDEO, .folder = f->media, .name = "film"};
  g_autoptr (FacetMedia) media = NULL;
  g_autoptr (FacetMedia) stored = NULL;
  g_autoptr (FacetVideo) video = NULL;
  g_autoptr (GdkPixbuf) thumbnail = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *details = NULL;

  if (!make_by_gstreamer ("videotestsrc num-buffers=50 ! "
                          "video/x-raw,width=320,height=240,framerate=25/1 ! videoconvert ! "
                          "vp8enc ! webmmux ! filesink location=OUT",
                          f->path))
    return;
  media = import_well (f, "film.webm");
  g_assert_cmpint (facet_media_get_kind (media), ==, FACET_MEDIA_VIDEO);
  g_assert_cmpuint (facet_media_get_n_frames (media), ==, 50);
  g_assert_cmpfloat_with_epsilon (facet_media_get_fps (media), 25, 0.01);
  g_assert_cmpfloat_with_epsilon (facet_media_get_seconds (media), 2, 0.01);
  g_assert_cmpuint (facet_media_get_detail (media), ==, 70);
  g_assert_cmpuint (facet_media_get_n_tokens (media) % 32, ==, 0);
  g_assert_cmpuint (facet_media_get_n_tokens (media), <=, 32 * 70);
  g_assert_cmpuint (facet_media_get_n_tokens (media), >, 32 * 50);
  g_assert_cmpint (gdk_pixbuf_get_width (facet_media_get_thumbnail (media)), ==, 256);
  g_assert_cmpstr (facet_media_get_note (media), ==, "32 of its 50 frames are looked at.");

  details = facet_media_dup_details (media);
  info.content_hash = facet_media_get_content_hash (media);
  stored = facet_media_new_stored (&info, details);
  g_assert_cmpuint (facet_media_get_n_tokens (stored), ==, facet_media_get_n_tokens (media));
  video = facet_media_load_video (stored, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (video->frames->len, ==, 32);
  facet_media_load_thumbnail_async (stored, NULL, ready_cb, f);
  while (f->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  thumbnail = facet_media_load_thumbnail_finish (stored, f->result, &error);
  g_clear_object (&f->result);
  g_assert_no_error (error);
  g_assert_cmpint (gdk_pixbuf_get_height (thumbnail), ==, 192);
}

/* What one calls a video file, with a song in it. */
static void
test_song_in_container (Fixture *f, gconstpointer data)
{
  static const char *const kinds[] = {"avenc_aac ! mp4mux", "vorbisenc ! webmmux",
                                      "opusenc ! oggmux", "lamemp3enc"};

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autofree char *pipeline =
        g_strdup_printf ("audiotestsrc num-buffers=44 volume=0.3 ! audioconvert ! audioresample ! "
                         "%s ! filesink location=OUT",
                         kinds[i]);
    g_autoptr (FacetMedia) media = NULL;

    if (!make_by_gstreamer (pipeline, f->path))
      continue;
    media = import_well (f, NULL);
    g_assert_cmpint (facet_media_get_kind (media), ==, FACET_MEDIA_AUDIO);
    g_assert_cmpfloat_with_epsilon (facet_media_get_seconds (media), 1.02, 0.1);
    g_assert_cmpstr (facet_media_get_note (media), ==, NULL);
  }
}

static void
test_pixels (Fixture *f, gconstpointer data)
{
  guint8 rows[2 * 20] = {255, 0, 0, 255, 0, 0, 0, 0, [20] = 0, 255, 0, 255, 0, 0, 255, 255};
  g_autoptr (GBytes) pixels = g_bytes_new (rows, 28);
  g_autoptr (FacetMedia) media = NULL;
  g_autoptr (FacetPicture) picture = NULL;
  g_autoptr (GError) error = NULL;

  facet_media_import_pixels_async (f->media, "Pasted picture", pixels, 2, 2, 20, NULL, ready_cb, f);
  media = wait_result (f, &error);
  g_assert_no_error (error);
  g_assert_cmpint (facet_media_get_kind (media), ==, FACET_MEDIA_IMAGE);
  g_assert_cmpstr (facet_media_get_name (media), ==, "Pasted picture");
  picture = facet_media_load_picture (media, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (picture->width, ==, 2);
  g_assert_cmpmem (picture->pixels, 6, "\xff\0\0\xff\xff\xff", 6);
  g_assert_cmpmem (picture->pixels + picture->rowstride, 6, "\0\xff\0\0\0\xff", 6);
}

static void
test_twice (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetMedia) first = NULL;
  g_autoptr (FacetMedia) second = NULL;

  write_picture (f->path, 60, 40, 0x112233ff);
  first = import_well (f, "one.png");
  /* Damaged meanwhile; adding it again mends it. */
  g_assert_true (g_file_set_contents (facet_media_get_path (first), "x", 1, NULL));
  second = import_well (f, "two.png");
  g_assert_cmpstr (facet_media_get_path (first), ==, facet_media_get_path (second));
  g_assert_cmpstr (facet_media_get_name (second), ==, "two.png");
  g_assert_cmpuint (count_files (f->media), ==, 1);
  assert_same_files (f->path, facet_media_get_path (first));
}

static void
test_refused (Fixture *f, gconstpointer data)
{
  g_autofree char *fifo = g_build_filename (f->folder, "pipe.wav", NULL);
  g_autofree char *big = g_build_filename (f->folder, "big.bin", NULL);
  g_autofree char *nowhere = g_build_filename (f->folder, "gone.png", NULL);
  g_autoptr (GByteArray) wav = make_wav (WAV_S16, 16000, 1, 0, FALSE, tone);
  int fd;

  assert_refused (f, nowhere, FACET_MEDIA_ERROR_MISSING, "“gone.png” is no longer there.");
  assert_refused (f, f->folder, FACET_MEDIA_ERROR_UNSUPPORTED, "is a folder");
  /* Opening it would wait for someone who writes. */
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  assert_refused (f, fifo, FACET_MEDIA_ERROR_UNSUPPORTED, "“pipe.wav” is not a file.");
  fd = g_creat (big, 0600);
  g_assert_cmpint (ftruncate (fd, (off_t)FACET_MEDIA_MAX_BYTES + 1), ==, 0);
  close (fd);
  assert_refused (f, big, FACET_MEDIA_ERROR_TOO_LARGE, "“big.bin” is larger than 2 GB");

  g_assert_true (g_file_set_contents (f->path, "", 0, NULL));
  assert_refused (f, f->path, FACET_MEDIA_ERROR_DAMAGED, "“photo.txt” is empty.");
  g_assert_true (g_file_set_contents (f->path, "Dear diary, nothing happened.", -1, NULL));
  assert_refused (f, f->path, FACET_MEDIA_ERROR_UNSUPPORTED, "is no picture, sound or video");
  g_assert_true (g_file_set_contents (f->path, "%PDF-1.4\n%%EOF\n", -1, NULL));
  assert_refused (f, f->path, FACET_MEDIA_ERROR_UNSUPPORTED, "is no picture, sound or video");
  g_assert_true (g_file_set_contents (f->path, "\x89PNG\r\n\x1a\n", 8, NULL));
  assert_refused (f, f->path, FACET_MEDIA_ERROR_DAMAGED, "ends before the picture does");
  write_file (f->path, wav);
  assert_refused (f, f->path, FACET_MEDIA_ERROR_DAMAGED, "has no sound in it");
}

/* The kernel says that this one is empty, and gives bytes when it is read: as if someone had
 * written to it meanwhile. */
static void
test_changed (Fixture *f, gconstpointer data)
{
  if (!g_file_test ("/proc/version", G_FILE_TEST_IS_REGULAR)) {
    g_test_skip ("there is no /proc here");
    return;
  }
  assert_refused (f, "/proc/version", FACET_MEDIA_ERROR_FAILED,
                  "“version” changed while it was copied.");
}

static void
test_unwritable (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  write_picture (f->path, 60, 40, 0x112233ff);
  /* A file where the folder should be. */
  g_assert_true (g_file_set_contents (f->media, "x", 1, NULL));
  g_assert_null (import (f, f->path, NULL, &error));
  g_assert_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, f->media));
}

static void
test_cancel (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GFile) file = g_file_new_for_path (f->path);
  g_autoptr (GError) error = NULL;

  write_picture (f->path, 60, 40, 0x112233ff);
  g_cancellable_cancel (cancellable);
  facet_media_import_file_async (f->media, file, NULL, cancellable, ready_cb, f);
  g_assert_null (wait_result (f, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (count_files (f->media), ==, 0);

  /* At any moment: it is there and handed over, or it is neither. */
  for (guint i = 0; i < 20; i++) {
    g_autoptr (GCancellable) late = g_cancellable_new ();
    g_autoptr (FacetMedia) media = NULL;

    g_clear_error (&error);
    facet_media_import_file_async (f->media, file, NULL, late, ready_cb, f);
    g_usleep (i * 100);
    g_cancellable_cancel (late);
    media = wait_result (f, &error);
    g_assert_cmpuint (count_files (f->media), ==, media != NULL ? 1 : 0);
    g_assert_true (media != NULL || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
    if (media != NULL)
      g_unlink (facet_media_get_path (media));
  }
}

static void
test_thumbnail (Fixture *f, gconstpointer data)
{
  FacetMediaInfo info = {.kind = FACET_MEDIA_IMAGE, .folder = f->media, .name = "one.png"};
  g_autoptr (FacetMedia) media = NULL;
  g_autoptr (FacetMedia) stored = NULL;
  g_autoptr (GdkPixbuf) thumbnail = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *details = NULL;

  write_picture (f->path, 512, 60, 0x112233ff);
  media = import_well (f, NULL);
  details = facet_media_dup_details (media);
  info.content_hash = facet_media_get_content_hash (media);
  stored = facet_media_new_stored (&info, details);
  g_assert_null (facet_media_get_thumbnail (stored));
  facet_media_load_thumbnail_async (stored, NULL, ready_cb, f);
  while (f->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  thumbnail = facet_media_load_thumbnail_finish (stored, f->result, &error);
  g_clear_object (&f->result);
  g_assert_no_error (error);
  g_assert_cmpint (gdk_pixbuf_get_width (thumbnail), ==, 256);
  g_assert_cmpint (gdk_pixbuf_get_height (thumbnail), ==, 30);
}

/* The columns may say anything. */
static void
test_hostile_details (Fixture *f, gconstpointer data)
{
  static const char *const details[] = {
      "",
      "null",
      "[1]",
      "{\"width\":-3,\"height\":1e99,\"detail\":\"x\",\"peaks\":\"####\"}",
      "{\"width\":99999999999,\"height\":5,\"seconds\":-1,\"fps\":1e308,\"frames\":-1}",
      "{\"note\":17,\"peaks\":\"AAAA\",\"detail\":281}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (details) * 3; i++) {
    FacetMediaInfo info = {.kind = i % 3, .folder = f->media, .content_hash = "../../etc/passwd"};
    g_autoptr (FacetMedia) media = facet_media_new_stored (&info, details[i / 3]);
    g_autofree char *again = facet_media_dup_details (media);

    g_assert_true (facet_media_is_missing (media));
    g_assert_cmpuint (facet_media_get_n_tokens (media), ==, 0);
    g_assert_cmpfloat (facet_media_get_seconds (media), ==, 0);
    g_assert_null (facet_media_get_peaks (media));
    g_assert_null (facet_media_get_note (media));
  }
}

static void
make_old (Fixture *f, const char *name, gint64 age)
{
  g_autofree char *path = g_build_filename (f->media, name, NULL);
  struct utimbuf   times = {.modtime = (time_t)(g_get_real_time () / G_USEC_PER_SEC - age)};

  times.actime = times.modtime;
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    g_assert_true (g_file_set_contents (path, "x", 1, NULL));
  g_assert_cmpint (utime (path, &times), ==, 0);
}

static void
test_sweep (Fixture *f, gconstpointer data)
{
  static const char old_one[] = "00000000000000000000000000000000000000000000000000000000000000aa";
  static const char used[] = "00000000000000000000000000000000000000000000000000000000000000bb";
  static const char young[] = "00000000000000000000000000000000000000000000000000000000000000cc";
  g_autoptr (GHashTable) referenced = g_hash_table_new (g_str_hash, g_str_equal);
  gint64 now = g_get_real_time () / G_USEC_PER_SEC, day = FACET_MEDIA_KEPT_SECONDS;

  g_assert_cmpuint (facet_media_folder_sweep (f->media, referenced, now), ==, 0);
  g_mkdir (f->media, 0700);
  make_old (f, old_one, day + 60);
  make_old (f, used, day + 60);
  make_old (f, young, day - 60);
  make_old (f, ".import-abcdef", day + 60);
  make_old (f, ".import-ghijkl", 60);
  make_old (f, "holiday.wav", 10 * day);
  g_hash_table_add (referenced, (char *)used);
  g_assert_cmpuint (facet_media_folder_sweep (f->media, referenced, now), ==, 2);
  g_assert_cmpuint (count_files (f->media), ==, 4);
  g_assert_cmpuint (facet_media_folder_sweep (f->media, referenced, now + 120), ==, 1);
  g_assert_cmpuint (count_files (f->media), ==, 3);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/media/picture", test_picture);
  ADD ("/media/detail", test_detail);
  ADD ("/media/odd-pictures", test_odd_pictures);
  ADD ("/media/sound", test_sound);
  ADD ("/media/video", test_video);
  ADD ("/media/song-in-container", test_song_in_container);
  ADD ("/media/pixels", test_pixels);
  ADD ("/media/twice", test_twice);
  ADD ("/media/refused", test_refused);
  ADD ("/media/changed", test_changed);
  ADD ("/media/unwritable", test_unwritable);
  ADD ("/media/cancel", test_cancel);
  ADD ("/media/thumbnail", test_thumbnail);
  ADD ("/media/hostile-details", test_hostile_details);
  ADD ("/media/sweep", test_sweep);
  return g_test_run ();
}
