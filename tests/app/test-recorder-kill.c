/* test-recorder-kill.c: a process that records is killed; what it recorded is found again.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The child records a sound that is known sample by sample, with pauses to cut in, faster than real
 * time, and says how much of it the recorder has shown as recorded. */
#define G_LOG_DOMAIN "test-recorder-kill"

#include "app/facet-clip-file.h"
#include "app/facet-recorder.h"
#include "engine/gem-wav.h"
#include "fake-sound-source.h"
#include "test-folder.h"

#include <gio/gio.h>
#include <glib/gstdio.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RATE    FACET_SOUND_RATE
#define N_KILLS 16

/* Sample @i of the sound, as in the file: noise, and silence for half a second in three. */
static gint16
sample (guint64 i)
{
  guint64 x = (i + 1) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);

  if (i / (RATE / 2) % 6 == 5)
    return 0;
  return (gint16)(x >> 48) / 4;
}

/* The child */

static void
elapsed_cb (FacetRecorder *recorder, GParamSpec *pspec, gpointer user_data)
{
  char line[64];
  int  n = g_snprintf (line, sizeof line, "%" G_GUINT64_FORMAT "\n",
                       (guint64)(facet_recorder_get_elapsed (recorder) * RATE + 0.5));

  if (write (STDOUT_FILENO, line, (gsize)n) != n)
    _exit (1);
}

static void
record_for_ever (const char *folder)
{
  FakeSoundSource *source = fake_sound_source_new (RATE);
  FacetRecorder   *recorder = facet_recorder_new (FACET_SOUND_SOURCE (source), folder);
  guint64          at = 0;

  g_signal_connect (recorder, "notify::elapsed", G_CALLBACK (elapsed_cb), NULL);
  facet_recorder_press (recorder);
  for (;;) {
    float block[8000];

    for (guint i = 0; i < G_N_ELEMENTS (block); i++)
      block[i] = (float)sample (at++) / 32768;
    fake_sound_source_push (source, block, G_N_ELEMENTS (block));
    g_main_context_iteration (NULL, FALSE);
  }
}

/* The parent */

static char *self_path;

/* How much the child said it had recorded, when it was killed some time after it said @want. */
static guint64
die (const char *folder, guint64 want)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process =
      g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, self_path, folder, NULL);
  g_autoptr (GDataInputStream) pipe = NULL;
  guint64 said = 0;

  g_assert_no_error (error);
  pipe = g_data_input_stream_new (g_subprocess_get_stdout_pipe (process));
  for (;;) {
    g_autofree char *line = g_data_input_stream_read_line (pipe, NULL, NULL, &error);

    g_assert_no_error (error);
    if (line == NULL)
      break;
    said = g_ascii_strtoull (line, NULL, 10);
    if (said < want)
      continue;
    g_usleep ((gulong)g_test_rand_int_range (0, 60000)); /* it works in bursts */
    g_subprocess_send_signal (process, SIGKILL);
  }
  g_subprocess_wait (process, NULL, NULL);
  g_assert_true (g_subprocess_get_if_signaled (process));
  return said;
}

static GPtrArray *
recover (const char *folder)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *clips = facet_recorder_recover (folder, &error);

  g_assert_no_error (error);
  return clips;
}

/* They are the sound from its begin on; returns how much of it. */
static guint64
check_sound (GPtrArray *clips)
{
  guint64 at = 0;

  for (guint i = 0; i < clips->len; i++) {
    const FacetClip *clip = g_ptr_array_index (clips, i);
    g_autoptr (GError) error = NULL;
    g_autofree char  *data = NULL;
    g_autofree float *samples = NULL;
    gsize             length;
    gsize             n;

    g_assert_true (g_str_has_suffix (clip->path, ".wav"));
    g_file_get_contents (clip->path, &data, &length, &error);
    g_assert_no_error (error);
    samples = gem_wav_parse (data, length, clip->path, &n, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (n, ==, clip->n_samples);
    g_assert_cmpuint (n, <=, FACET_CLIP_MAX_SAMPLES);
    g_assert_cmpuint (clip->begin, ==, at);
    g_assert_cmpuint (clip->n_peaks, ==, (n + 799) / 800);
    for (gsize k = 0; k < n; k++)
      g_assert_cmpint ((int)(samples[k] * 32768), ==, sample (at + k));
    at += n;
  }
  return at;
}

static guint
count_files (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static void
test_kill (void)
{
  for (int i = 0; i < N_KILLS; i++) {
    g_autofree char *folder = test_folder_new ();
    /* Half of them near a cut. */
    double           seconds = i % 2 ? g_test_rand_double_range (29.5, 30.5) : i * 10.0;
    guint64          said = die (folder, (guint64)(seconds * RATE) + 1);
    guint64          found;
    g_autoptr (GPtrArray) clips = recover (folder);
    g_autoptr (GPtrArray) again = NULL;

    found = check_sound (clips);
    g_test_message ("%.2f s said, %.2f s found in %u clips", (double)said / RATE,
                    (double)found / RATE, clips->len);
    g_assert_cmpuint (found, >=, said);
    g_assert_cmpuint (count_files (folder), ==, clips->len);
    again = recover (folder); /* and they stay */
    g_assert_cmpuint (check_sound (again), ==, found);
    test_folder_remove (folder);
  }
}

/* What a kill may leave, made by hand */

static char *
clip_path (const char *folder, gint64 recording, guint64 begin, const char *ending)
{
  g_autofree char *name =
      g_strdup_printf ("recording-%016" G_GINT64_FORMAT "-%012" G_GUINT64_FORMAT ".%s", recording,
                       begin, ending);

  return g_build_filename (folder, name, NULL);
}

static void
write_clip (const char *folder, gint64 recording, guint64 begin, gsize n, const char *ending)
{
  g_autofree char *path = clip_path (folder, recording, begin, ending);
  g_autoptr (GByteArray) data = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  guint8 header[FACET_CLIP_HEADER];

  facet_clip_file_fill_header (header, g_str_equal (ending, "wav") ? (guint32)n * 2 : G_MAXUINT32);
  g_byte_array_append (data, header, sizeof header);
  for (gsize i = 0; i < n; i++) {
    gint16 value = sample (begin + i);

    g_byte_array_append (data, (const guint8 *)&value, sizeof value);
  }
  if (!g_str_equal (ending, "wav")) /* half a sample more */
    g_byte_array_append (data, (const guint8 *)"x", 1);
  g_file_set_contents (path, (const char *)data->data, data->len, &error);
  g_assert_no_error (error);
}

/* Both files hold what is behind the cut; and a third one that never appeared. */
static void
test_in_a_cut (void)
{
  g_autofree char *folder = test_folder_new ();
  g_autoptr (GPtrArray) clips = NULL;

  write_clip (folder, 77, 0, 3000, "wav");
  write_clip (folder, 77, 3000, 5000, "part");
  write_clip (folder, 77, 7000, 1000, "part");
  write_clip (folder, 77, 7500, 500, "new");
  clips = recover (folder);
  g_assert_cmpuint (clips->len, ==, 3);
  g_assert_cmpuint (check_sound (clips), ==, 8000);
  g_assert_cmpuint (count_files (folder), ==, 3);
  test_folder_remove (folder);
}

static void
test_strange_files (void)
{
  g_autofree char *folder = test_folder_new ();
  g_autofree char *none = g_build_filename (folder, "none", NULL);
  g_autofree char *other = g_build_filename (folder, "letter.part", NULL);
  g_autofree char *link = clip_path (folder, 5, 0, "part");
  g_autofree char *inner = clip_path (folder, 6, 0, "wav");
  g_autofree char *pipe = clip_path (folder, 7, 0, "part");
  g_autofree char *empty = clip_path (folder, 8, 0, "part");
  g_autofree char *header = clip_path (folder, 9, 0, "part");
  g_autofree char *text = NULL;
  g_autoptr (GPtrArray) clips = recover (none);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (clips->len, ==, 0);
  g_clear_pointer (&clips, g_ptr_array_unref);
  g_file_set_contents (other, "Dear", 4, NULL);
  g_assert_cmpint (symlink (other, link), ==, 0);
  g_mkdir (inner, 0700);
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  g_file_set_contents (empty, "", 0, NULL);
  g_file_set_contents (header, "RIFF0123WAVE", 12, NULL);
  write_clip (folder, 10, 0, 1000, "part");
  clips = recover (folder);
  g_assert_cmpuint (clips->len, ==, 1);
  g_assert_cmpuint (check_sound (clips), ==, 1000);
  g_file_get_contents (other, &text, NULL, NULL);
  g_assert_cmpstr (text, ==, "Dear");
  g_assert_false (g_file_test (empty, G_FILE_TEST_EXISTS));
  g_assert_cmpuint (count_files (folder), ==, 5);

  g_assert_null (facet_recorder_recover (other, &error)); /* no folder */
  g_assert_nonnull (error);
  test_folder_remove (folder);
}

/* Two recordings, oldest first; one that is being written is left alone with all its clips. */
static void
test_being_written (void)
{
  g_autofree char *folder = test_folder_new ();
  g_autoptr (GPtrArray) clips = NULL;
  g_autoptr (GError) error = NULL;
  gint16         few[100] = {0};
  FacetClipFile *file = facet_clip_file_new (folder, 20, 500, few, G_N_ELEMENTS (few), &error);

  g_assert_no_error (error);
  write_clip (folder, 20, 0, 500, "wav");
  write_clip (folder, 30, 0, 700, "part");
  write_clip (folder, 10, 0, 600, "wav");
  clips = recover (folder);
  g_assert_cmpuint (clips->len, ==, 2);
  g_assert_cmpint (((FacetClip *)g_ptr_array_index (clips, 0))->recording, ==, 10);
  g_assert_cmpint (((FacetClip *)g_ptr_array_index (clips, 1))->recording, ==, 30);
  facet_clip_file_discard (file);
  g_clear_pointer (&clips, g_ptr_array_unref);
  clips = recover (folder);
  g_assert_cmpuint (clips->len, ==, 3);
  test_folder_remove (folder);
}

int
main (int argc, char **argv)
{
  if (argc == 2 && argv[1][0] == '/')
    record_for_ever (argv[1]);
  self_path = g_file_read_link ("/proc/self/exe", NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/recorder-kill/kill", test_kill);
  g_test_add_func ("/recorder-kill/in-a-cut", test_in_a_cut);
  g_test_add_func ("/recorder-kill/strange-files", test_strange_files);
  g_test_add_func ("/recorder-kill/being-written", test_being_written);
  return g_test_run ();
}
