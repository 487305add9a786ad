/* test-clip.c: where a clip is cut, its waveform, and the meter's scale.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-clip"

#include "app/facet-clip-file.h"
#include "app/facet-sound-level.h"

#include <math.h>

#define N FACET_CLIP_CUT_SAMPLES

static gint16 *
noise (gsize n)
{
  gint16 *samples = g_new (gint16, n);

  for (gsize i = 0; i < n; i++)
    samples[i] = (gint16)g_test_rand_int_range (-8000, 8000);
  return samples;
}

static void
hush (gint16 *samples, gsize begin, gsize end, int amplitude)
{
  for (gsize i = begin; i < end; i++)
    samples[i] = (gint16)(samples[i] % (amplitude + 1));
}

static void
test_cut_in_a_pause (void)
{
  for (gsize begin = 1000; begin < N - 6000; begin += 7777) {
    g_autofree gint16 *samples = noise (N);
    gsize              cut;

    hush (samples, begin, begin + 4800, 20);
    cut = facet_clip_find_cut (samples, N);
    g_assert_cmpuint (cut, >=, begin + 1600);
    g_assert_cmpuint (cut, <=, begin + 3200);
  }
}

/* The quieter of two, however short the time between. */
static void
test_cut_in_the_quieter_pause (void)
{
  g_autofree gint16 *samples = noise (N);
  gsize              cut;

  hush (samples, 20000, 26000, 5);
  hush (samples, 60000, 66000, 300);
  cut = facet_clip_find_cut (samples, N);
  g_assert_cmpuint (cut, >, 20000);
  g_assert_cmpuint (cut, <, 26000);
}

static void
test_cut_of_nothing (void)
{
  g_autofree gint16 *samples = g_new0 (gint16, N);

  /* Equally quiet everywhere: as late as can be. */
  g_assert_cmpuint (facet_clip_find_cut (samples, N), ==, N - 1600);
  g_assert_cmpuint (facet_clip_find_cut (samples, 3200), ==, 1600);
  g_assert_cmpuint (facet_clip_find_cut (samples, 3199), ==, 3199);
  g_assert_cmpuint (facet_clip_find_cut (NULL, 0), ==, 0);
}

static void
test_cut_in_full_scale (void)
{
  g_autofree gint16 *samples = g_new (gint16, N);
  gsize              cut;

  for (gsize i = 0; i < N; i++)
    samples[i] = i % 2 ? G_MAXINT16 : G_MININT16;
  cut = facet_clip_find_cut (samples, N);
  g_assert_cmpuint (cut, >, 0);
  g_assert_cmpuint (cut, <=, N);
}

static void
test_peaks (void)
{
  g_autoptr (GArray) peaks = g_array_new (FALSE, TRUE, sizeof (float));
  gint16 samples[2000] = {[0] = 100, [799] = -16384, [800] = 200, [1999] = G_MININT16};

  for (gsize at = 0; at < 2000; at += 50)
    facet_clip_add_peaks (peaks, at, samples + at, 50);
  g_assert_cmpuint (peaks->len, ==, 3);
  g_assert_cmpfloat (g_array_index (peaks, float, 0), ==, 0.5);
  g_assert_cmpfloat (g_array_index (peaks, float, 1), ==, 200.0f / 32768);
  g_assert_cmpfloat (g_array_index (peaks, float, 2), ==, 1);
}

static void
test_names (void)
{
  static const char *const bad[] = {"recording-1234567890123456-000000000000",
                                    "recording-1234567890123456-00000000000.wav",
                                    "recording-1234567890123456-000000000000.wave",
                                    "recording-1234567890123456-000000000000.",
                                    "recording-123456789012345-6000000000000.wav",
                                    "Recording-1234567890123456-000000000000.wav",
                                    "recording--123456789012345-000000000000.wav",
                                    "",
                                    "recording-1234567890123456-00000000000-.part",
                                    "x.wav",
                                    "recording-1234567890123456-000000000000.wav~",
                                    "recording-1234567890123456+000000000000.wav"};
  gint64                   recording;
  guint64                  begin;

  g_assert_cmpstr (facet_clip_file_parse_name ("recording-1234567890123456-000000480000.part",
                                               &recording, &begin),
                   ==, "part");
  g_assert_cmpint (recording, ==, 1234567890123456);
  g_assert_cmpuint (begin, ==, 480000);
  g_assert_cmpstr (facet_clip_file_parse_name ("recording-0000000000000001-999999999999.wav",
                                               &recording, &begin),
                   ==, "wav");
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_null (facet_clip_file_parse_name (bad[i], &recording, &begin));
}

static void
test_level (void)
{
  FacetSoundLevel level = {0};
  float           sine[16000];
  float           quiet[16000];
  double          peak;

  g_assert_cmpfloat (facet_sound_level_scale (0), ==, 0);
  g_assert_cmpfloat (facet_sound_level_scale (0.001), <, 1e-9);
  g_assert_cmpfloat_with_epsilon (facet_sound_level_scale (0.0316227766), 0.5, 1e-9);
  g_assert_cmpfloat (facet_sound_level_scale (1), ==, 1);
  g_assert_cmpfloat (facet_sound_level_scale (3), ==, 1);

  g_assert_cmpfloat (facet_sound_level_take (&level, &peak), ==, 0);
  g_assert_cmpfloat (peak, ==, 0);
  for (guint i = 0; i < 16000; i++) {
    sine[i] = 0.1f * (float)sin (2 * G_PI * 440 * i / 16000);
    quiet[i] = 0.0009f * (float)sin (2 * G_PI * 440 * i / 16000);
  }
  facet_sound_level_add (&level, sine, 16000);
  g_assert_false (facet_sound_level_is_silent (&level));
  /* −20 dB the peak, 3 dB less the RMS. */
  g_assert_cmpfloat_with_epsilon (facet_sound_level_take (&level, &peak), 1 - 23.0103 / 60, 1e-3);
  g_assert_cmpfloat_with_epsilon (peak, 1 - 20.0 / 60, 1e-3);

  facet_sound_level_add (&level, quiet, 15999);
  g_assert_false (facet_sound_level_is_silent (&level));
  facet_sound_level_add (&level, quiet, 1);
  g_assert_true (facet_sound_level_is_silent (&level));
  facet_sound_level_add (&level, sine + 1, 1); /* loud enough to end it */
  g_assert_false (facet_sound_level_is_silent (&level));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/clip/cut-in-a-pause", test_cut_in_a_pause);
  g_test_add_func ("/clip/cut-in-the-quieter-pause", test_cut_in_the_quieter_pause);
  g_test_add_func ("/clip/cut-of-nothing", test_cut_of_nothing);
  g_test_add_func ("/clip/cut-in-full-scale", test_cut_in_full_scale);
  g_test_add_func ("/clip/peaks", test_peaks);
  g_test_add_func ("/clip/names", test_names);
  g_test_add_func ("/clip/level", test_level);
  return g_test_run ();
}
