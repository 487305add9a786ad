/* test-recorder.c: recordings of a microphone that says exactly what the test knows.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The fake source has the clock, so that nothing depends on how fast the machine is.  Samples are
 * multiples of 1/32768 and therefore the same in the file. */
#define G_LOG_DOMAIN "test-recorder"

#include "app/facet-recorder.h"
#include "engine/gem-wav.h"
#include "fake-sound-source.h"
#include "test-folder.h"

#include <errno.h>
#include <malloc.h>
#include <math.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RATE FACET_SOUND_RATE

/* The disk: full once so many bytes were written.  Stands before the C library's. */
static int bytes_left = G_MAXINT; /* atomic */

ssize_t pwrite (int fd, const void *data, size_t n, off_t offset);

ssize_t
pwrite (int fd, const void *data, size_t n, off_t offset)
{
  int left = g_atomic_int_get (&bytes_left);

  /* The header that is written last takes no new room. */
  if (offset > 0 && left < G_MAXINT) {
    if (left == 0) {
      errno = ENOSPC;
      return -1;
    }
    n = MIN (n, (size_t)left);
    g_atomic_int_add (&bytes_left, -(int)n);
  }
  return (ssize_t)syscall (SYS_pwrite64, fd, data, n, offset);
}

typedef struct {
  char            *folder;
  FakeSoundSource *source;
  FacetRecorder   *recorder;
  GArray          *said;   /* of float: everything pushed */
  GPtrArray       *clips;  /* of FacetClip, since the last start */
  GArray          *ends;   /* of int */
  guint            n_seen; /* of them */
} Fixture;

static void
clip_cb (FacetRecorder *recorder, FacetClip *clip, Fixture *f)
{
  g_ptr_array_add (f->clips, facet_clip_ref (clip));
}

static void
finished_cb (FacetRecorder *recorder, int end, Fixture *f)
{
  g_array_append_val (f->ends, end);
}

static void
fixture_init (Fixture *f, guint rate)
{
  *f = (Fixture){.folder = test_folder_new ()};
  f->source = fake_sound_source_new (rate);
  f->recorder = facet_recorder_new (FACET_SOUND_SOURCE (f->source), f->folder);
  f->said = g_array_new (FALSE, FALSE, sizeof (float));
  f->clips = g_ptr_array_new_with_free_func ((GDestroyNotify)facet_clip_unref);
  f->ends = g_array_new (FALSE, FALSE, sizeof (int));
  g_signal_connect (f->recorder, "clip", G_CALLBACK (clip_cb), f);
  g_signal_connect (f->recorder, "finished", G_CALLBACK (finished_cb), f);
}

static void
fixture_clear (Fixture *f)
{
  g_assert_finalize_object (f->recorder);
  g_assert_finalize_object (f->source);
  g_array_unref (f->said);
  g_ptr_array_unref (f->clips);
  g_array_unref (f->ends);
  test_folder_remove (f->folder);
  g_free (f->folder);
}

#define wait_until(condition)                                                                      \
  while (!(condition))                                                                             \
  g_main_context_iteration (NULL, TRUE)

static void
push (Fixture *f, const float *samples, gsize n)
{
  g_array_append_vals (f->said, samples, (guint)n);
  fake_sound_source_push (f->source, samples, n);
}

/* Noise: no two stretches are alike. */
static void
say (Fixture *f, double seconds, int amplitude)
{
  gsize             n = (gsize)(seconds * RATE + 0.5);
  g_autofree float *samples = g_new (float, n);

  for (gsize i = 0; i < n; i++)
    samples[i] = (float)g_test_rand_int_range (-amplitude, amplitude + 1) / 32768;
  push (f, samples, n);
}

static float *
read_clip (const FacetClip *clip, gsize *n)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *data = NULL;
  gsize            length;
  float           *samples;

  g_file_get_contents (clip->path, &data, &length, &error);
  g_assert_no_error (error);
  samples = gem_wav_parse (data, length, clip->path, n, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (*n, ==, clip->n_samples);
  return samples;
}

/* The waveform is that of the samples. */
static void
check_peaks (const FacetClip *clip, const float *samples, gsize n)
{
  g_assert_cmpuint (clip->n_peaks, ==, (n + 799) / 800);
  for (gsize i = 0; i + 1 < clip->n_peaks; i++) { /* a cut may fall into the last */
    float peak = 0;

    for (gsize k = 0; k < 800; k++)
      peak = MAX (peak, fabsf (samples[i * 800 + k]));
    g_assert_cmpfloat (clip->peaks[i], ==, peak);
  }
}

/* The clips are samples @begin … @end − 1 of @want, each of them once. */
static void
check_clips (Fixture *f, const float *want, gsize begin, gsize end)
{
  gsize at = begin;

  for (guint i = 0; i < f->clips->len; i++) {
    const FacetClip  *clip = g_ptr_array_index (f->clips, i);
    gsize             n;
    g_autofree float *samples = read_clip (clip, &n);

    g_assert_cmpuint (n, <=, FACET_CLIP_MAX_SAMPLES);
    g_assert_cmpuint (at + n, <=, end);
    g_assert_cmpuint (clip->begin, ==, at - begin);
    g_assert_cmpmem (samples, n * sizeof *samples, want + at, n * sizeof *want);
    check_peaks (clip, samples, n);
    at += n;
  }
  g_assert_cmpuint (at, ==, end);
}

static void
check_said (Fixture *f, double begin, double end)
{
  check_clips (f, (const float *)(gpointer)f->said->data, (gsize)(begin * RATE + 0.5),
               (gsize)(end * RATE + 0.5));
}

static void
wait_for_end (Fixture *f, FacetRecordingEnd end)
{
  wait_until (f->ends->len > f->n_seen);
  g_assert_cmpint (g_array_index (f->ends, int, f->n_seen), ==, end);
  f->n_seen++;
}

static guint
count_files (Fixture *f)
{
  g_autoptr (GDir) dir = g_dir_open (f->folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static void
test_hold (void)
{
  Fixture f;

  fixture_init (&f, RATE);
  facet_recorder_arm (f.recorder);
  g_assert_true (fake_sound_source_get_open (f.source));
  g_assert_cmpint (facet_recorder_get_state (f.recorder), ==, FACET_TALK_READY);
  say (&f, 1.3, 8000);
  facet_recorder_press (f.recorder);
  say (&f, 2.1, 8000);
  facet_recorder_press (f.recorder); /* the key repeats */
  facet_recorder_repeat (f.recorder);
  facet_recorder_release (f.recorder);
  g_assert_cmpint (facet_recorder_get_state (f.recorder), ==, FACET_TALK_TAIL);
  say (&f, 1.7, 8000);
  wait_for_end (&f, FACET_RECORDING_SENT);
  g_assert_cmpint (facet_recorder_get_state (f.recorder), ==, FACET_TALK_READY);
  check_said (&f, 1.3 - 0.5, 1.3 + 2.1 + 0.3);
  g_assert_cmpuint (f.clips->len, ==, 1);
  g_assert_cmpuint (count_files (&f), ==, 1);
  facet_recorder_disarm (f.recorder);
  g_assert_false (fake_sound_source_get_open (f.source));
  fixture_clear (&f);
}

/* Another folder counts for the next recording, not for the one that runs. */
static void
test_folder (void)
{
  g_autofree char *other = test_folder_new ();
  Fixture          f;

  fixture_init (&f, RATE);
  facet_recorder_arm (f.recorder);
  facet_recorder_press (f.recorder);
  facet_recorder_set_folder (f.recorder, other);
  say (&f, 2, 8000);
  facet_recorder_release (f.recorder);
  say (&f, 1, 8000);
  wait_for_end (&f, FACET_RECORDING_SENT);
  facet_recorder_press (f.recorder);
  say (&f, 2, 8000);
  facet_recorder_release (f.recorder);
  say (&f, 1, 8000);
  wait_for_end (&f, FACET_RECORDING_SENT);
  for (guint i = 0; i < 2; i++) {
    const FacetClip *clip = g_ptr_array_index (f.clips, i);
    g_autofree char *folder = g_path_get_dirname (clip->path);

    g_assert_cmpstr (folder, ==, i == 0 ? f.folder : other);
  }
  facet_recorder_disarm (f.recorder);
  fixture_clear (&f);
  test_folder_remove (other);
}

/* The microphone is slow to open, and the person does not wait. */
static void
test_press_at_once (void)
{
  Fixture f;

  fixture_init (&f, RATE);
  fake_sound_source_wait (f.source);
  facet_recorder_press (f.recorder);
  fake_sound_source_answer (f.source);
  say (&f, 0.4, 8000);
  facet_recorder_release (f.recorder);
  say (&f, 1, 8000);
  wait_for_end (&f, FACET_RECORDING_SENT);
  check_said (&f, 0, 0.7);
  g_assert_false (fake_sound_source_get_open (f.source)); /* nobody armed it */

  /* So slow that it is over before. */
  g_ptr_array_set_size (f.clips, 0);
  facet_recorder_press (f.recorder);
  fake_sound_source_pass (f.source, 1);
  facet_recorder_release (f.recorder);
  wait_for_end (&f, FACET_RECORDING_EMPTY);
  g_assert_cmpuint (f.clips->len, ==, 0);
  fixture_clear (&f);
}

static void
test_tap (void)
{
  Fixture f;

  fixture_init (&f, RATE);
  facet_recorder_arm (f.recorder);
  say (&f, 0.2, 8000); /* less than a pre-roll */
  facet_recorder_press (f.recorder);
  say (&f, 0.1, 8000);
  facet_recorder_release (f.recorder);
  g_assert_cmpint (facet_recorder_get_state (f.recorder), ==, FACET_TALK_HANDS_FREE);
  facet_recorder_disarm (f.recorder); /* the person looks elsewhere */
  say (&f, 3, 8000);
  wait_until (facet_recorder_get_elapsed (f.recorder) > 3);
  facet_recorder_press (f.recorder);
  say (&f, 0.5, 8000);
  facet_recorder_release (f.recorder);
  wait_for_end (&f, FACET_RECORDING_SENT);
  check_said (&f, 0, 3.6);
  g_assert_cmpint (facet_recorder_get_state (f.recorder), ==, FACET_TALK_OFF);
  fixture_clear (&f);
}

/* Held long enough without another event: the timer sees it. */
static void
test_hold_is_shown (void)
{
  Fixture f;

  fixture_init (&f, RATE);
  facet_recorder_arm (f.recorder);
  facet_recorder_press (f.recorder);
  g_assert_cmpint (facet_recorder_get_state (f.recorder), ==, FACET_TALK_PRESSED);
  fake_sound_source_pass (f.source, 0.25);
  wait_until (facet_recorder_get_state (f.recorder) == FACET_TALK_HELD);
  fixture_clear (&f);
}

/* Any rate: what is in the file is the slice of the whole stream, resampled. */
static void
test_other_rates (void)
{
  static const guint rates[] = {8000, 44100, 48000, 192000};

  for (guint r = 0; r < G_N_ELEMENTS (rates); r++) {
    guint   rate = rates[r];
    Fixture f;
    g_autoptr (FacetResampler) resampler = facet_resampler_new (rate);
    g_autoptr (GArray) want = g_array_new (FALSE, FALSE, sizeof (float));

    fixture_init (&f, rate);
    facet_recorder_arm (f.recorder);
    say (&f, 1.0 * rate / RATE, 8000);
    facet_recorder_press (f.recorder);
    say (&f, 1.5 * rate / RATE, 8000);
    facet_recorder_release (f.recorder);
    say (&f, 1.0 * rate / RATE, 8000);
    wait_for_end (&f, FACET_RECORDING_SENT);
    facet_resampler_push (resampler, (const float *)(gpointer)f.said->data, f.said->len, want);
    for (guint i = 0; i < want->len; i++) {
      float *sample = &g_array_index (want, float, i);

      *sample = (float)lrintf (*sample * 32768) / 32768;
    }
    check_clips (&f, (const float *)(gpointer)want->data, RATE / 2, RATE * 5 / 2 + RATE * 3 / 10);
    fixture_clear (&f);
  }
}

/* Above 30 s: cut in the pauses, and nothing lost or doubled. */
static void
test_long (void)
{
  Fixture f;

  fixture_init (&f, RATE);
  facet_recorder_arm (f.recorder);
  facet_recorder_press (f.recorder);
  say (&f, 0.1, 8000);
  facet_recorder_release (f.recorder);
  say (&f, 26.9, 8000);
  say (&f, 0.6, 40); /* 27.0 … 27.6 */
  say (&f, 25.4, 8000);
  say (&f, 0.6, 40);    /* 53.0 … 53.6 */
  say (&f, 36.4, 8000); /* no pause at all */
  facet_recorder_press (f.recorder);
  say (&f, 1, 8000);
  wait_for_end (&f, FACET_RECORDING_SENT);
  check_said (&f, 0, 90.3);
  g_assert_cmpuint (f.clips->len, ==, 4);
  for (guint i = 1; i <= 2; i++) {
    FacetClip *clip = g_ptr_array_index (f.clips, i);
    double     cut = (double)clip->begin / RATE;
    double     pause = i == 1 ? 27 : 53;

    g_assert_cmpfloat (cut, >, pause);
    g_assert_cmpfloat (cut, <, pause + 0.6);
  }
  g_assert_cmpuint (count_files (&f), ==, 4);
  fixture_clear (&f);
}

/* Exactly 30 s are one clip, and a sample more is two. */
static void
test_limit (void)
{
  for (int more = 0; more < 2; more++) {
    Fixture f;

    fixture_init (&f, RATE);
    facet_recorder_press (f.recorder);
    say (&f, 29.7 + (double)more / RATE, 8000);
    facet_recorder_release (f.recorder);
    say (&f, 0.3, 8000);
    wait_for_end (&f, FACET_RECORDING_SENT);
    check_said (&f, 0, 30 + (double)more / RATE);
    g_assert_cmpuint (f.clips->len, ==, 1 + more);
    fixture_clear (&f);
  }
}

static void
test_cancel (void)
{
  Fixture f;

  fixture_init (&f, RATE);
  facet_recorder_arm (f.recorder);
  say (&f, 1, 8000);
  facet_recorder_press (f.recorder);
  say (&f, 35, 8000); /* a clip is stored already */
  wait_until (f.clips->len > 0);
  facet_recorder_cancel (f.recorder);
  wait_for_end (&f, FACET_RECORDING_DISCARDED);
  g_assert_cmpuint (count_files (&f), ==, 0);
  facet_recorder_release (f.recorder);

  /* What was thrown away does not come back in the next pre-roll. */
  g_ptr_array_set_size (f.clips, 0);
  say (&f, 0.2, 8000);
  facet_recorder_press (f.recorder);
  say (&f, 1, 8000);
  facet_recorder_release (f.recorder);
  say (&f, 1, 8000);
  wait_for_end (&f, FACET_RECORDING_SENT);
  check_said (&f, 36, 37.5);

  /* In the tail. */
  facet_recorder_press (f.recorder);
  say (&f, 1, 8000);
  facet_recorder_release (f.recorder);
  facet_recorder_cancel (f.recorder);
  wait_for_end (&f, FACET_RECORDING_DISCARDED);
  g_assert_cmpuint (count_files (&f), ==, 1);

  /* Three times, before anything was reported. */
  for (int i = 0; i < 3; i++) {
    facet_recorder_press (f.recorder);
    say (&f, 0.5, 8000);
    facet_recorder_cancel (f.recorder);
    facet_recorder_release (f.recorder);
  }
  g_ptr_array_set_size (f.clips, 0);
  facet_recorder_press (f.recorder);
  say (&f, 1, 8000);
  facet_recorder_release (f.recorder);
  say (&f, 0.3, 8000);
  for (int i = 0; i < 3; i++)
    wait_for_end (&f, FACET_RECORDING_DISCARDED);
  wait_for_end (&f, FACET_RECORDING_SENT);
  check_said (&f, 40.7, 42);
  g_assert_cmpuint (count_files (&f), ==, 2);
  fixture_clear (&f);
}

/* Pressed again while the last word rings out: two recordings that meet. */
static void
test_press_in_the_tail (void)
{
  Fixture f;

  fixture_init (&f, RATE);
  facet_recorder_arm (f.recorder);
  say (&f, 1, 8000);
  facet_recorder_press (f.recorder);
  say (&f, 1, 8000);
  facet_recorder_release (f.recorder);
  say (&f, 0.1, 8000);
  facet_recorder_press (f.recorder);
  say (&f, 1, 8000);
  facet_recorder_release (f.recorder);
  say (&f, 1, 8000);
  wait_for_end (&f, FACET_RECORDING_SENT);
  wait_for_end (&f, FACET_RECORDING_SENT);
  g_assert_cmpuint (f.clips->len, ==, 2);
  g_ptr_array_remove_index (f.clips, 1);
  check_said (&f, 0.5, 2.1);
  fixture_clear (&f);
}

static void
test_lost (void)
{
  Fixture f;

  fixture_init (&f, RATE);
  facet_recorder_arm (f.recorder);
  say (&f, 1, 8000);
  facet_recorder_press (f.recorder);
  say (&f, 2, 8000);
  fake_sound_source_lose (f.source);
  g_assert_cmpint (facet_recorder_get_state (f.recorder), ==, FACET_TALK_OFF);
  wait_for_end (&f, FACET_RECORDING_KEPT);
  check_said (&f, 0.5, 3);
  g_assert_cmpstr (facet_recorder_get_error (f.recorder), ==, "The headset was unplugged.");

  /* It opens again, and the error goes. */
  facet_recorder_release (f.recorder);
  facet_recorder_press (f.recorder);
  g_assert_null (facet_recorder_get_error (f.recorder));
  g_ptr_array_set_size (f.clips, 0);
  say (&f, 1, 8000);
  facet_recorder_release (f.recorder);
  say (&f, 0.3, 8000);
  wait_for_end (&f, FACET_RECORDING_SENT);
  check_said (&f, 3, 4.3);

  /* In the tail: the person wanted it sent. */
  g_ptr_array_set_size (f.clips, 0);
  facet_recorder_press (f.recorder);
  say (&f, 1, 8000);
  facet_recorder_release (f.recorder);
  say (&f, 0.1, 8000);
  fake_sound_source_lose (f.source);
  wait_for_end (&f, FACET_RECORDING_SENT);
  check_said (&f, 4.3, 5.4);

  /* While nothing is recorded. */
  facet_recorder_arm (f.recorder);
  fake_sound_source_lose (f.source);
  g_assert_cmpint (facet_recorder_get_state (f.recorder), ==, FACET_TALK_OFF);
  g_assert_nonnull (facet_recorder_get_error (f.recorder));
  fixture_clear (&f);
}

static void
test_silence (void)
{
  Fixture f;

  fixture_init (&f, RATE);
  facet_recorder_arm (f.recorder);
  say (&f, 0.5, 8000);
  wait_until (facet_recorder_get_level (f.recorder) > 0);
  g_assert_false (facet_recorder_get_silent (f.recorder));
  say (&f, 1, 20); /* −64 dB */
  wait_until (facet_recorder_get_silent (f.recorder));
  wait_until (facet_recorder_get_level (f.recorder) < 0.01);
  say (&f, 0.1, 8000);
  wait_until (!facet_recorder_get_silent (f.recorder));
  wait_until (facet_recorder_get_silent (f.recorder)); /* and then nothing at all */
  facet_recorder_disarm (f.recorder);
  g_assert_false (facet_recorder_get_silent (f.recorder));
  fixture_clear (&f);
}

static void
test_level (void)
{
  Fixture           f;
  g_autofree float *sine = g_new (float, RATE);

  for (int i = 0; i < RATE; i++)
    sine[i] = (float)sin (2 * G_PI * 440 * i / RATE);
  fixture_init (&f, RATE);
  facet_recorder_arm (f.recorder);
  for (int i = 0; i < 1000 && facet_recorder_get_level (f.recorder) < 0.9; i++) {
    push (&f, sine, RATE);
    g_main_context_iteration (NULL, TRUE);
  }
  g_assert_cmpfloat_with_epsilon (facet_recorder_get_level (f.recorder), 1 - 3.01 / 60, 0.005);
  g_assert_cmpfloat_with_epsilon (facet_recorder_get_peak (f.recorder), 1, 0.001);
  fixture_clear (&f);
}

/* What a broken driver says does not spread. */
static void
test_nonsense (void)
{
  Fixture     f;
  const float bad[] = {NAN, INFINITY, -INFINITY, 3, -3, 0.5f};

  fixture_init (&f, RATE);
  facet_recorder_press (f.recorder);
  say (&f, 1, 8000);
  push (&f, bad, G_N_ELEMENTS (bad));
  facet_recorder_release (f.recorder);
  say (&f, 0.3, 8000);
  wait_for_end (&f, FACET_RECORDING_SENT);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    float *sample = &g_array_index (f.said, float, RATE + i);

    *sample = isfinite (*sample) ? CLAMP (*sample, -1, 32767.0f / 32768) : 0;
  }
  check_clips (&f, (const float *)(gpointer)f.said->data, 0, f.said->len);
  fixture_clear (&f);
}

/* The disk is full: in the first clip, in the second, at the cut, and from the start. */
static void
test_disk_full (void)
{
  static const struct {
    int    room, pause; /* s */
    guint  n_clips;
    double kept; /* s, at least */
  } cases[] = {{2, 20, 1, 2}, {33, 29, 2, 32}, {31, 26, 1, 30}, {0, 20, 0, 0}};

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    gsize   n_samples = 0;
    Fixture f;

    fixture_init (&f, RATE);
    facet_recorder_arm (f.recorder);
    g_atomic_int_set (&bytes_left, cases[i].room * RATE * 2 + 1); /* in mid-sample */
    facet_recorder_press (f.recorder);
    say (&f, cases[i].pause, 8000);
    say (&f, 0.6, 40);
    say (&f, 40, 8000);
    wait_for_end (&f, cases[i].n_clips > 0 ? FACET_RECORDING_KEPT : FACET_RECORDING_EMPTY);
    g_assert_nonnull (strstr (facet_recorder_get_error (f.recorder), "full"));
    g_assert_cmpint (facet_recorder_get_state (f.recorder), ==, FACET_TALK_READY);
    g_atomic_int_set (&bytes_left, G_MAXINT);
    g_assert_cmpuint (f.clips->len, ==, cases[i].n_clips);
    for (guint c = 0; c < f.clips->len; c++)
      n_samples += ((FacetClip *)g_ptr_array_index (f.clips, c))->n_samples;
    g_assert_cmpfloat ((double)n_samples / RATE, >=, cases[i].kept);
    check_said (&f, 0, (double)n_samples / RATE);
    g_assert_cmpuint (count_files (&f), ==, cases[i].n_clips);
    fixture_clear (&f);
  }
}

/* Ten minutes cost no more memory than one. */
static void
test_memory (void)
{
  Fixture           f;
  g_autofree float *minute = g_new0 (float, 60 * RATE);
  struct mallinfo2  before;
  struct mallinfo2  after;

  fixture_init (&f, RATE);
  facet_recorder_press (f.recorder);
  fake_sound_source_push (f.source, minute, 60 * RATE);
  wait_until (f.clips->len > 0);
  before = mallinfo2 ();
  for (int i = 0; i < 9; i++)
    fake_sound_source_push (f.source, minute, 60 * RATE);
  wait_until (facet_recorder_get_elapsed (f.recorder) >= 600);
  after = mallinfo2 ();
  g_test_message ("%zd bytes more for nine minutes", after.uordblks - before.uordblks);
  /* This test itself keeps the clips, with 600 peaks each. */
  g_assert_cmpint ((gint64)after.uordblks - (gint64)before.uordblks, <, 20 * 8192);
  facet_recorder_cancel (f.recorder);
  wait_for_end (&f, FACET_RECORDING_DISCARDED);
  fixture_clear (&f);
}

static void
test_devices (void)
{
  Fixture    f;
  GPtrArray *devices;

  fixture_init (&f, RATE);
  facet_recorder_refresh_devices (f.recorder);
  devices = facet_recorder_get_devices (f.recorder);
  g_assert_cmpuint (devices->len, ==, 2);
  facet_recorder_arm (f.recorder);
  g_assert_null (fake_sound_source_get_device (f.source));
  g_object_set (f.recorder, "device", "two", NULL);
  g_assert_cmpstr (fake_sound_source_get_device (f.source), ==, "two");
  g_assert_cmpuint (fake_sound_source_get_n_opened (f.source), ==, 2);
  g_assert_cmpint (facet_recorder_get_state (f.recorder), ==, FACET_TALK_READY);

  /* Not in the middle of a recording. */
  facet_recorder_press (f.recorder);
  facet_recorder_set_device (f.recorder, "one");
  say (&f, 1, 8000);
  facet_recorder_release (f.recorder);
  say (&f, 0.3, 8000);
  wait_for_end (&f, FACET_RECORDING_SENT);
  check_said (&f, 0, 1.3);
  g_assert_cmpuint (fake_sound_source_get_n_opened (f.source), ==, 2);
  facet_recorder_disarm (f.recorder);
  facet_recorder_arm (f.recorder);
  g_assert_cmpstr (fake_sound_source_get_device (f.source), ==, "one");
  fixture_clear (&f);
}

/* The program ends in mid-recording. */
static void
test_end_of_program (void)
{
  Fixture f;
  g_autoptr (GPtrArray) clips = NULL;
  g_autoptr (GError) error = NULL;

  fixture_init (&f, RATE);
  facet_recorder_press (f.recorder);
  say (&f, 3, 8000);
  g_assert_finalize_object (f.recorder);
  clips = facet_recorder_recover (f.folder, &error);
  g_assert_no_error (error);
  g_ptr_array_extend_and_steal (f.clips, g_steal_pointer (&clips));
  check_said (&f, 0, 3);
  f.recorder = facet_recorder_new (FACET_SOUND_SOURCE (f.source), f.folder);
  fixture_clear (&f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/recorder/hold", test_hold);
  g_test_add_func ("/recorder/folder", test_folder);
  g_test_add_func ("/recorder/press-at-once", test_press_at_once);
  g_test_add_func ("/recorder/tap", test_tap);
  g_test_add_func ("/recorder/hold-is-shown", test_hold_is_shown);
  g_test_add_func ("/recorder/other-rates", test_other_rates);
  g_test_add_func ("/recorder/long", test_long);
  g_test_add_func ("/recorder/limit", test_limit);
  g_test_add_func ("/recorder/cancel", test_cancel);
  g_test_add_func ("/recorder/press-in-the-tail", test_press_in_the_tail);
  g_test_add_func ("/recorder/lost", test_lost);
  g_test_add_func ("/recorder/silence", test_silence);
  g_test_add_func ("/recorder/level", test_level);
  g_test_add_func ("/recorder/nonsense", test_nonsense);
  g_test_add_func ("/recorder/disk-full", test_disk_full);
  g_test_add_func ("/recorder/memory", test_memory);
  g_test_add_func ("/recorder/devices", test_devices);
  g_test_add_func ("/recorder/end-of-program", test_end_of_program);
  return g_test_run ();
}
