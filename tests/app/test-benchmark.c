/* test-benchmark.c: the figures of gem-cli, and every way in which it gives none.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Once with the real program and the demonstration model; else with scripts in its place. */
#include "config.h"

#include "facet-benchmark.h"
#include "facet-settings.h"
#include "test-folder.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#define TIMEOUT_S 60

static const char figures[] =
    "{\"device\": \"CPU, Test, 4 threads, avx2\", \"weights\": \"q8\", \"kv\": \"bf16\","
    " \"load_s\": 1.5, \"memory\": {\"device_bytes\": 2000000000},"
    " \"limits\": {\"matmul_tflops\": 2.0, \"read_gbs\": 60.0},"
    " \"prefill\": [{\"tokens\": 512, \"tok_s\": 400.0, \"tflops\": 1.0}],"
    " \"decode\": [{\"context\": 1024, \"tok_s\": 20.0, \"read_gbs\": 50.0,"
    " \"bandwidth_fraction\": 0.8}]}";

typedef struct {
  char           *folder;
  GCancellable   *cancellable;
  FacetBenchmark *result;
  GError         *error;
  gboolean        done;
  guint           n_progress;
  double          fraction;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  *f = (Fixture){.folder = test_folder_new (), .cancellable = g_cancellable_new ()};
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_unsetenv ("FACET_GEM_CLI");
  g_clear_pointer (&f->result, facet_benchmark_free);
  g_clear_error (&f->error);
  g_object_unref (f->cancellable);
  test_folder_remove (f->folder);
  g_free (f->folder);
}

/* In the place of gem-cli. */
static void
use_script (Fixture *f, const char *commands)
{
  g_autofree char *path = g_build_filename (f->folder, "gem-cli", NULL);
  g_autofree char *text = g_strconcat ("#!/bin/sh\n", commands, "\n", NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_cmpint (chmod (path, 0700), ==, 0);
  g_setenv ("FACET_GEM_CLI", path, TRUE);
}

static void
progress_cb (double fraction, const char *what, gpointer user_data)
{
  Fixture *f = user_data;

  g_assert_false (f->done);
  g_assert_cmpfloat (fraction, >=, f->fraction);
  g_assert_cmpfloat (fraction, <=, 1);
  g_assert_cmpstr (what, !=, "");
  f->fraction = fraction;
  f->n_progress++;
}

static void
done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *f = user_data;

  f->result = facet_benchmark_run_finish (result, &f->error);
  f->done = TRUE;
}

static gboolean
late_cb (gpointer data)
{
  g_error ("nothing came in %d s", TIMEOUT_S);
  return G_SOURCE_REMOVE;
}

static void
start (Fixture *f)
{
  facet_benchmark_run_async (facet_settings_get_default (), f->cancellable, progress_cb, f, done_cb,
                             f);
}

static void
wait_done (Fixture *f)
{
  guint late = g_timeout_add_seconds (TIMEOUT_S, late_cb, NULL);

  while (!f->done)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (late);
}

static void
test_real (Fixture *f, gconstpointer data)
{
  g_autofree char *text = NULL;

  start (f);
  wait_done (f);
  g_assert_no_error (f->error);
  g_assert_cmpfloat (f->result->read_rate, >, 0);
  g_assert_cmpfloat (f->result->write_rate, >, 0);
  g_assert_cmpstr (f->result->weights, ==, "bf16");
  g_assert_cmpstr (f->result->cache, ==, "f32");
  g_assert_cmpuint (f->n_progress, ==, 3);
  text = facet_benchmark_dup_text (f->result);
  g_test_message ("%s", text);
  g_assert_nonnull (strstr (text, f->result->device));
}

/* What the settings say is what is measured. */
static void
test_settings (Fixture *f, gconstpointer data)
{
  GSettings *settings = facet_settings_get_default ();

  use_script (f, "echo \"gem-cli: $*\" >&2; exit 1");
  g_settings_set_string (settings, "weights", "q4");
  g_settings_set_string (settings, "cache-type", "bf16");
  g_settings_set_string (settings, "device", "cpu");
  g_settings_set_string (settings, "model-folder", "/models/a b");
  g_settings_set_int (settings, "threads", 3);
  start (f);
  wait_done (f);
  g_assert_nonnull (strstr (f->error->message, "bench --json --progress --model /models/a b "
                                               "--backend auto --device cpu --gpu-memory 0.9"));
  g_assert_nonnull (strstr (f->error->message, "--weights q4 --cache bf16 --threads 3"));
  g_settings_reset (settings, "weights");
  g_settings_reset (settings, "cache-type");
  g_settings_reset (settings, "device");
  g_settings_reset (settings, "model-folder");
  g_settings_reset (settings, "threads");
}

static void
test_words (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (FacetBenchmark) parsed = facet_benchmark_parse (figures, &error);
  g_autofree char *text = NULL;

  g_assert_no_error (error);
  text = facet_benchmark_dup_text (parsed);
  g_test_message ("%s", text);
  g_assert_nonnull (strstr (text,
                            "400.0 tokens a second: 50 % of the machine’s arithmetic (1.00 of "
                            "2.00 TFLOP/s)"));
  g_assert_nonnull (strstr (text, "20.0 tokens a second: 80 % of the machine’s memory speed (40.0 "
                                  "of 50.0 GB/s)"));
  g_assert_nonnull (strstr (text, "CPU, Test, 4 threads, avx2\n"));
}

static void
test_garbage (void)
{
  static const char *const texts[] = {
      "",
      "{",
      "[]",
      "{\"device\": 3, \"prefill\": {}, \"decode\": \"x\"}",
      "{\"device\": \"x\", \"limits\": {\"matmul_tflops\": -1}, \"prefill\": [{\"tok_s\": 1e999}]}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (facet_benchmark_parse (texts[i], &error));
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  }
}

static void
assert_fails (Fixture *f, const char *commands, const char *words)
{
  use_script (f, commands);
  f->done = FALSE;
  f->fraction = 0;
  start (f);
  wait_done (f);
  g_assert_null (f->result);
  g_assert_nonnull (f->error);
  g_test_message ("%s", f->error->message);
  g_assert_nonnull (strstr (f->error->message, words));
  g_clear_error (&f->error);
}

static void
test_faults (Fixture *f, gconstpointer data)
{
  assert_fails (f, "echo 'progress 0.1 Loading' >&2; echo 'gem-cli: There is no room.' >&2; exit 3",
                "There is no room.");
  assert_fails (f, "kill -KILL $$", "too little memory");
  assert_fails (f, "echo Hello", "something else than figures");
  assert_fails (f, "head -c 5000000 /dev/zero | tr '\\0' 'x'", "something else than figures");
  assert_fails (f, "echo 'progress nan x' >&2; echo 'progress' >&2; printf '\\377' >&2; exit 1",
                "\357\277\275");
}

static gboolean
cancel_cb (gpointer user_data)
{
  g_cancellable_cancel (((Fixture *)user_data)->cancellable);
  return G_SOURCE_REMOVE;
}

/* It ends at once, whatever the other one does. */
static void
test_cancel (Fixture *f, gconstpointer data)
{
  g_autofree char *pid_file = g_build_filename (f->folder, "pid", NULL);
  g_autofree char *commands =
      g_strdup_printf ("echo $$ > %s; echo 'progress 0.5 x' >&2; trap '' TERM INT; exec sleep 1000",
                       pid_file);
  g_autofree char *pid = NULL;

  use_script (f, commands);
  start (f);
  while (f->n_progress == 0)
    g_main_context_iteration (NULL, TRUE);
  g_idle_add (cancel_cb, f);
  wait_done (f);
  g_assert_error (f->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (g_file_get_contents (pid_file, &pid, NULL, NULL));
  g_assert_cmpint (kill ((pid_t)g_ascii_strtoll (pid, NULL, 10), 0), !=, 0);
}

#define add(path, func) g_test_add ("/benchmark/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("real", test_real);
  add ("settings", test_settings);
  g_test_add_func ("/benchmark/words", test_words);
  g_test_add_func ("/benchmark/garbage", test_garbage);
  add ("faults", test_faults);
  add ("cancel", test_cancel);
  return g_test_run ();
}
