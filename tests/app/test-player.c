/* test-player.c: playing, pausing, going to a place, the end, one at a time, and what cannot be
 * played.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-player"

#include "config.h"

#include <glib/gstdio.h>
#include <math.h>

#include "facet-media-import.h"
#include "facet-player.h"
#include "media-files.h"
#include "test-folder.h"

#define WAIT_SECONDS 20

typedef struct {
  char        *folder;
  FacetPlayer *player;
  FacetMedia  *media;
  GString     *failures;
} Fixture;

typedef gboolean (*Condition) (Fixture *f);

static void
wait_for (Fixture *f, Condition condition)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_SECONDS * G_USEC_PER_SEC;

  while (!condition (f)) {
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (1000);
  }
}

static double
tone (double t, guint channel)
{
  return 0.5 * sin (2 * G_PI * 440 * t);
}

static void
imported_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  FacetMedia **media = user_data;
  g_autoptr (GError) error = NULL;

  *media = facet_media_import_finish (result, &error);
  g_assert_no_error (error);
}

static FacetMedia *
make_media (Fixture *f, const char *name, double seconds)
{
  g_autofree char *path = g_build_filename (f->folder, name, NULL);
  g_autofree char *folder = g_build_filename (f->folder, "media", NULL);
  g_autoptr (GByteArray) wav = make_wav (WAV_S16, 16000, 1, seconds, FALSE, tone);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  FacetMedia *media = NULL;

  write_file (path, wav);
  facet_media_import_file_async (folder, file, NULL, NULL, imported_cb, &media);
  while (media == NULL)
    g_main_context_iteration (NULL, TRUE);
  return media;
}

static void
failed_cb (FacetPlayer *player, FacetMedia *media, const char *sentence, Fixture *f)
{
  g_string_append (f->failures, sentence);
}

static void
set_up (Fixture *f, gconstpointer sink)
{
  f->folder = test_folder_new ();
  f->failures = g_string_new (NULL);
  f->player = facet_player_new (sink);
  g_signal_connect (f->player, "failed", G_CALLBACK (failed_cb), f);
  f->media = make_media (f, "tone.wav", 1.5);
}

static void
tear_down (Fixture *f, gconstpointer sink)
{
  g_assert_finalize_object (f->player);
  g_object_unref (f->media);
  g_string_free (f->failures, TRUE);
  test_folder_remove (f->folder);
  g_free (f->folder);
}

static gboolean
is_under_way (Fixture *f)
{
  return facet_player_get_position (f->player) > 0.05;
}

static gboolean
is_over (Fixture *f)
{
  return facet_player_get_media (f->player) == NULL;
}

static void
test_to_the_end (Fixture *f, gconstpointer sink)
{
  g_assert_null (facet_player_get_media (f->player));
  facet_player_play (f->player, f->media);
  g_assert_true (facet_player_get_playing (f->player));
  g_assert_true (facet_player_get_media (f->player) == f->media);
  wait_for (f, is_under_way);
  wait_for (f, is_over);
  g_assert_false (facet_player_get_playing (f->player));
  g_assert_cmpfloat (facet_player_get_position (f->player), ==, 0);
  g_assert_cmpstr (f->failures->str, ==, "");

  /* And again. */
  facet_player_play (f->player, f->media);
  wait_for (f, is_under_way);
  facet_player_stop (f->player);
  g_assert_true (is_over (f));
}

static gboolean
is_behind_one_second (Fixture *f)
{
  return facet_player_get_position (f->player) > 1.0;
}

static void
test_pause (Fixture *f, gconstpointer sink)
{
  g_autoptr (FacetMedia) long_one = make_media (f, "long.wav", 60);
  gint64 end;
  double position;

  facet_player_play (f->player, long_one);
  wait_for (f, is_under_way);
  facet_player_pause (f->player);
  g_assert_false (facet_player_get_playing (f->player));
  g_assert_true (facet_player_get_media (f->player) == long_one);

  /* What was on its way has come; then it stands still. */
  end = g_get_monotonic_time () + G_USEC_PER_SEC / 4;
  while (g_get_monotonic_time () < end)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (1000);
  position = facet_player_get_position (f->player);
  end = g_get_monotonic_time () + G_USEC_PER_SEC / 4;
  while (g_get_monotonic_time () < end)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (1000);
  g_assert_cmpfloat (facet_player_get_position (f->player), ==, position);

  /* Another place, and on from there. */
  facet_player_seek (f->player, 40);
  g_assert_cmpfloat (facet_player_get_position (f->player), ==, 40);
  facet_player_play (f->player, long_one);
  wait_for (f, is_behind_one_second);
  facet_player_seek (f->player, 59.5);
  wait_for (f, is_over);
  g_assert_cmpstr (f->failures->str, ==, "");
}

static void
test_one_at_a_time (Fixture *f, gconstpointer sink)
{
  g_autoptr (FacetMedia) other = make_media (f, "other.wav", 60);

  facet_player_play (f->player, other);
  wait_for (f, is_under_way);
  facet_player_play (f->player, f->media);
  g_assert_true (facet_player_get_media (f->player) == f->media);
  g_assert_cmpfloat (facet_player_get_position (f->player), ==, 0);
  wait_for (f, is_under_way);
  wait_for (f, is_over); /* the short one's end: the other has been given up */
  g_assert_cmpstr (f->failures->str, ==, "");
}

static gboolean
has_failed (Fixture *f)
{
  return f->failures->len > 0;
}

static void
test_gone (Fixture *f, gconstpointer sink)
{
  g_assert_cmpint (g_remove (facet_media_get_path (f->media)), ==, 0);
  facet_player_play (f->player, f->media);
  wait_for (f, has_failed);
  g_assert_cmpstr (f->failures->str, ==,
                   "“tone.wav” cannot be played. Its file may be damaged, or a GStreamer plugin "
                   "may be missing.");
  g_assert_true (is_over (f));
}

static void
test_no_output (Fixture *f, gconstpointer sink)
{
  facet_player_play (f->player, f->media);
  wait_for (f, has_failed);
  g_assert_cmpstr (f->failures->str, ==,
                   "There is no sound output. Connect one, or look at the computer's sound "
                   "settings.");
  g_assert_true (is_over (f));
  g_assert_false (facet_player_get_playing (f->player));
}

/* It goes away in the middle of a sound, and nothing is heard of it. */
static void
test_quit (Fixture *f, gconstpointer sink)
{
  facet_player_play (f->player, f->media);
  wait_for (f, is_under_way);
}

int
main (int argc, char **argv)
{
  const char *quiet = "fakesink sync=true", *none = "alsasink device=there-is-none";

  g_test_init (&argc, &argv, NULL);
#define ADD(path, func, sink) g_test_add ("/player/" path, Fixture, sink, set_up, func, tear_down)
  ADD ("to-the-end", test_to_the_end, quiet);
  ADD ("pause", test_pause, quiet);
  ADD ("one-at-a-time", test_one_at_a_time, quiet);
  ADD ("gone", test_gone, quiet);
  ADD ("no-output", test_no_output, none);
  ADD ("quit", test_quit, quiet);
  return g_test_run ();
}
