/* session-file.c: how long keeping a conversation's keys and values takes, and what it spares.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 *   session-file FOLDER|e2b|e4b bf16|q8|q4 TOKENS…
 *
 * Prints for each number of tokens how large the file is, how long writing it takes, loading it
 * (from the page cache, and after the kernel was asked to forget it), and reading the tokens
 * instead.  Measures and asserts nothing. */
#include "gem-session-file.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <unistd.h>

#define REWIND     1124 /* as the app does, behind an answer of 100 tokens */
#define VOCABULARY 1000

static double
seconds_since (gint64 start)
{
  return (double)(g_get_monotonic_time () - start) / G_USEC_PER_SEC;
}

static GemModel *
open_model (const char *name, const char *weights)
{
  GemModelOptions options = {.backend = "cpu", .without_vision = TRUE, .without_audio = TRUE};
  g_autoptr (GError) error = NULL;
  GemModel *model;

  options.weights = g_str_equal (weights, "q4")   ? GEM_WEIGHTS_Q4
                    : g_str_equal (weights, "q8") ? GEM_WEIGHTS_Q8
                                                  : GEM_WEIGHTS_BF16;
  if (g_file_test (name, G_FILE_TEST_IS_DIR))
    model = gem_model_load (name, &options, NULL, NULL, &error);
  else
    model = gem_model_new_synthetic (name, &options, &error);
  if (model == NULL)
    g_error ("%s", error->message);
  return model;
}

static double
save (GemSession *session, const char *path)
{
  gint64 start = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GemSessionWriter) writer = gem_session_writer_new (session, REWIND, path, &error);
  gboolean done = FALSE;

  while (writer != NULL && !done && gem_session_writer_step (writer, &done, &error))
    ;
  if (!done)
    g_error ("%s", error->message);
  return seconds_since (start);
}

static double
load (GemSession *session, const char *path, const gint32 *ids, guint n)
{
  gint64 start = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;
  guint n_loaded;

  if (!gem_session_load (session, path, ids, n, NULL, &n_loaded, &error) || n_loaded == 0)
    g_error ("It was not loaded: %s", error != NULL ? error->message : "it knows too little");
  return seconds_since (start);
}

/* Its pages go when they are on the disk and nobody uses them. */
static void
forget_pages (const char *path)
{
  int fd = open (path, O_RDONLY);

  fsync (fd);
  posix_fadvise (fd, 0, 0, POSIX_FADV_DONTNEED);
  close (fd);
}

static void
measure (GemModel *model, guint n, const char *path)
{
  g_autofree gint32 *ids = g_new (gint32, n + 1);
  GRand             *rand = g_rand_new_with_seed (1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GemSession) session = gem_session_new (model, n + 1, &error);
  g_autoptr (GemSession) warm = gem_session_new (model, n + 1, &error);
  g_autoptr (GemSession) cold = gem_session_new (model, n + 1, &error);
  double prefill, saving, loading, loading_cold;
  gint64 start = g_get_monotonic_time ();

  for (guint i = 0; i <= n; i++)
    ids[i] = g_rand_int_range (rand, 5, VOCABULARY);
  g_rand_free (rand);
  if (session == NULL || warm == NULL || cold == NULL ||
      !gem_session_sync (session, ids, n, NULL, NULL, NULL, &error))
    g_error ("%s", error->message);
  prefill = seconds_since (start);
  saving = save (session, path);
  loading = load (warm, path, ids, n + 1);
  forget_pages (path);
  loading_cold = load (cold, path, ids, n + 1);
  g_print ("%6u tokens: %7.1f MB, saved in %.3f s, loaded in %.3f s (%.3f s from the disk), read "
           "in "
           "%.2f s (%.0f a second)\n",
           n, (double)gem_session_file_bytes (session, REWIND) / 1e6, saving, loading, loading_cold,
           prefill, n / prefill);
}

int
main (int argc, char **argv)
{
  g_autofree char *folder = g_dir_make_tmp ("facet-bench-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "state", NULL);
  GemModel        *model;

  if (argc < 4) {
    g_printerr ("usage: %s FOLDER|e2b|e4b bf16|q8|q4 TOKENS…\n", argv[0]);
    return 2;
  }
  model = open_model (argv[1], argv[2]);
  g_print ("%s, %s\n", gem_model_get_name (model), gem_model_get_device_name (model));
  for (int i = 3; i < argc; i++)
    measure (model, (guint)MAX (atoi (argv[i]), 1), path);
  gem_model_unref (model);
  g_unlink (path);
  g_rmdir (folder);
  return 0;
}
