/* facet-benchmark.c: runs gem-cli bench, listens to how far it is, and reads its figures.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Its figures are checked before they are shown. */
#define G_LOG_DOMAIN "facet-benchmark"

#include "config.h"

#include "facet-benchmark.h"

#include "facet-local-assistant.h"

#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#define MAX_OUTPUT_BYTES (1 << 20)
#define MAX_LINE_BYTES   4096

typedef struct {
  GSubprocess           *process;
  GInputStream          *out;
  GDataInputStream      *err;
  GString               *output;
  char                   buffer[4096];
  char                  *complaint; /* the last line that is no progress */
  FacetBenchmarkProgress progress;
  gpointer               progress_data;
  gulong                 cancel_handler;
  guint                  open; /* what has not ended: both pipes and the process */
} Run;

void
facet_benchmark_free (FacetBenchmark *self)
{
  g_free (self->device);
  g_free (self->weights);
  g_free (self->cache);
  g_free (self);
}

/* Figures */

static double
get_number (const json_t *object, const char *key)
{
  double number = json_number_value (json_object_get (object, key));

  return isfinite (number) && number > 0 ? number : 0;
}

static char *
get_text (const json_t *object, const char *key)
{
  const char *text = json_string_value (json_object_get (object, key));

  return g_utf8_make_valid (text != NULL ? text : "", -1);
}

static gboolean
is_complete (const FacetBenchmark *self)
{
  return self->device[0] != '\0' && self->read_rate > 0 && self->write_rate > 0 &&
         self->limit_tflops > 0 && self->limit_gbs > 0;
}

FacetBenchmark *
facet_benchmark_parse (const char *json, GError **error)
{
  json_t *root = json_loads (json, 0, NULL);
  json_t *limits = json_object_get (root, "limits");
  json_t *reading = json_array_get (json_object_get (root, "prefill"), 0);
  json_t *writing = json_array_get (json_object_get (root, "decode"), 0);
  g_autoptr (FacetBenchmark) self = g_new0 (FacetBenchmark, 1);

  self->device = get_text (root, "device");
  self->weights = get_text (root, "weights");
  self->cache = get_text (root, "kv");
  self->load_s = get_number (root, "load_s");
  self->memory = (guint64)MIN (get_number (json_object_get (root, "memory"), "device_bytes"), 1e15);
  self->read_tokens = (guint)MIN (get_number (reading, "tokens"), 1e9);
  self->read_rate = get_number (reading, "tok_s");
  self->read_tflops = get_number (reading, "tflops");
  self->limit_tflops = get_number (limits, "matmul_tflops");
  self->write_context = (guint)MIN (get_number (writing, "context"), 1e9);
  self->write_rate = get_number (writing, "tok_s");
  self->limit_gbs = get_number (writing, "read_gbs");
  self->write_gbs = get_number (writing, "bandwidth_fraction") * self->limit_gbs;
  json_decref (root);
  if (is_complete (self))
    return g_steal_pointer (&self);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                       _ ("gem-cli wrote something else than figures.  Install Facet again."));
  return NULL;
}

/* In words */

char *
facet_benchmark_dup_reading (const FacetBenchmark *self)
{
  return g_strdup_printf (
      /* Translators: of reading a prompt; the last two numbers are thousand billions of operations
       * a second, what was done and what the machine can. */
      _ ("%.1f tokens a second: %.0f %% of the machine’s arithmetic (%.2f of %.2f TFLOP/s)"),
      self->read_rate, 100 * self->read_tflops / self->limit_tflops, self->read_tflops,
      self->limit_tflops);
}

char *
facet_benchmark_dup_writing (const FacetBenchmark *self)
{
  return g_strdup_printf (
      /* Translators: of writing an answer; the last two numbers are what was read from memory and
       * what the machine can read. */
      _ ("%.1f tokens a second: %.0f %% of the machine’s memory speed (%.1f of %.1f GB/s)"),
      self->write_rate, 100 * self->write_gbs / self->limit_gbs, self->write_gbs, self->limit_gbs);
}

char *
facet_benchmark_dup_loading (const FacetBenchmark *self)
{
  g_autofree char *memory = g_format_size (self->memory);

  /* Translators: how long a model took to load, and how much memory it took. */
  return g_strdup_printf (_ ("%.1f seconds, %s of memory"), self->load_s, memory);
}

char *
facet_benchmark_dup_text (const FacetBenchmark *self)
{
  g_autofree char *reading = facet_benchmark_dup_reading (self);
  g_autofree char *writing = facet_benchmark_dup_writing (self);
  g_autofree char *loading = facet_benchmark_dup_loading (self);

  return g_strdup_printf ("Facet %s\n%s\n%s: %s, %s: %s\n%s: %s\n%s (%u): %s\n%s (%u): %s\n",
                          FACET_VERSION, self->device, _ ("Weights"), self->weights,
                          _ ("Keys and values"), self->cache, _ ("Loading"), loading, _ ("Reading"),
                          self->read_tokens, reading, _ ("Writing"), self->write_context, writing);
}

/* The process */

static char *
find_program (void)
{
  const char *const places[] = {g_getenv ("FACET_GEM_CLI"), FACET_BUILT_GEM_CLI,
                                FACET_BINDIR "/gem-cli"};

  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    if (places[i] != NULL && g_file_test (places[i], G_FILE_TEST_IS_EXECUTABLE))
      return g_strdup (places[i]);
  return g_find_program_in_path ("gem-cli");
}

static void
add_option (GPtrArray *arguments, const char *name, char *value)
{
  g_ptr_array_add (arguments, g_strdup (name));
  g_ptr_array_add (arguments, value);
}

/* (transfer full) */
static GPtrArray *
make_arguments (GSettings *settings, char *program)
{
  GPtrArray *arguments = g_ptr_array_new_with_free_func (g_free);
  char      *folder = g_settings_get_string (settings, "model-folder");
  char       share[G_ASCII_DTOSTR_BUF_SIZE];

  if (folder[0] == '\0') {
    g_free (folder);
    folder = facet_find_demo_model ();
  }
  g_ascii_dtostr (share, sizeof share, g_settings_get_double (settings, "gpu-memory-share"));
  g_ptr_array_add (arguments, program);
  g_ptr_array_add (arguments, g_strdup ("bench"));
  g_ptr_array_add (arguments, g_strdup ("--json"));
  g_ptr_array_add (arguments, g_strdup ("--progress"));
  add_option (arguments, "--model", folder != NULL ? folder : g_strdup (""));
  add_option (arguments, "--backend", g_strdup ("auto"));
  add_option (arguments, "--device", g_settings_get_string (settings, "device"));
  add_option (arguments, "--gpu-memory", g_strdup (share));
  add_option (arguments, "--weights", g_settings_get_string (settings, "weights"));
  add_option (arguments, "--cache", g_settings_get_string (settings, "cache-type"));
  add_option (arguments, "--threads",
              g_strdup_printf ("%d", g_settings_get_int (settings, "threads")));
  add_option (arguments, "--prefill", g_strdup ("512"));
  add_option (arguments, "--context", g_strdup ("1024"));
  add_option (arguments, "--tokens", g_strdup ("32"));
  g_ptr_array_add (arguments, NULL);
  return arguments;
}

static void
run_free (gpointer data)
{
  Run *run = data;

  g_clear_object (&run->process);
  g_clear_object (&run->err);
  g_string_free (run->output, TRUE);
  g_free (run->complaint);
  g_free (run);
}

static void
finish (GTask *task)
{
  Run            *run = g_task_get_task_data (task);
  GError         *error = NULL;
  FacetBenchmark *figures;

  g_cancellable_disconnect (g_task_get_cancellable (task), run->cancel_handler);
  run->cancel_handler = 0;
  if (g_task_return_error_if_cancelled (task))
    return;
  if (!g_subprocess_get_successful (run->process)) {
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_FAILED, "%s",
                             run->complaint != NULL ? run->complaint
                                                    : _ ("The measuring process ended by itself.  "
                                                         "There may be too little memory: choose "
                                                         "fewer bits for the weights."));
    return;
  }
  figures = facet_benchmark_parse (run->output->str, &error);
  if (figures != NULL)
    g_task_return_pointer (task, figures, (GDestroyNotify)facet_benchmark_free);
  else
    g_task_return_error (task, error);
}

/* One of the three has ended; takes a reference on @task. */
static void
end_one (GTask *task)
{
  Run *run = g_task_get_task_data (task);

  if (--run->open == 0)
    finish (task);
  g_object_unref (task);
}

static void read_output (GTask *task);

static void
output_cb (GObject *stream, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Run   *run = g_task_get_task_data (task);
  gssize n = g_input_stream_read_finish (run->out, result, NULL);

  if (n <= 0) {
    end_one (task);
    return;
  }
  if (run->output->len + (gsize)n <= MAX_OUTPUT_BYTES)
    g_string_append_len (run->output, run->buffer, n);
  read_output (task);
}

static void
read_output (GTask *task)
{
  Run *run = g_task_get_task_data (task);

  g_input_stream_read_async (run->out, run->buffer, sizeof run->buffer, G_PRIORITY_DEFAULT, NULL,
                             output_cb, task);
}

/* "progress 0.25 Reading", or a complaint. */
static void
take_line (GTask *task, const char *line)
{
  Run   *run = g_task_get_task_data (task);
  char  *end = NULL;
  double fraction;

  if (!g_str_has_prefix (line, "progress ")) {
    const char *words = g_str_has_prefix (line, "gem-cli: ") ? line + strlen ("gem-cli: ") : line;

    if (words[0] != '\0' && strlen (words) < MAX_LINE_BYTES) {
      g_free (run->complaint);
      run->complaint = g_utf8_make_valid (words, -1);
    }
    return;
  }
  fraction = g_ascii_strtod (line + strlen ("progress "), &end);
  if (run->progress != NULL && isfinite (fraction) &&
      !g_cancellable_is_cancelled (g_task_get_cancellable (task)))
    run->progress (CLAMP (fraction, 0, 1), *end == ' ' ? end + 1 : end, run->progress_data);
}

static void
line_cb (GObject *stream, GAsyncResult *result, gpointer user_data)
{
  GTask           *task = user_data;
  Run             *run = g_task_get_task_data (task);
  g_autofree char *line = g_data_input_stream_read_line_finish (run->err, result, NULL, NULL);

  if (line == NULL) {
    end_one (task);
    return;
  }
  take_line (task, line);
  g_data_input_stream_read_line_async (run->err, G_PRIORITY_DEFAULT, NULL, line_cb, task);
}

static void
ended_cb (GObject *process, GAsyncResult *result, gpointer user_data)
{
  g_subprocess_wait_finish (G_SUBPROCESS (process), result, NULL);
  end_one (user_data);
}

static void
cancelled_cb (GCancellable *cancellable, GSubprocess *process)
{
  g_subprocess_force_exit (process);
}

void
facet_benchmark_run_async (GSettings             *settings,
                           GCancellable          *cancellable,
                           FacetBenchmarkProgress progress,
                           gpointer               progress_data,
                           GAsyncReadyCallback    callback,
                           gpointer               user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (GPtrArray) arguments = NULL;
  GError *error = NULL;
  char   *program = find_program ();
  Run    *run;

  g_task_set_source_tag (task, facet_benchmark_run_async);
  if (program == NULL) {
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                             _ ("gem-cli, which measures, is not where Facet was installed.  "
                                "Install Facet again."));
    return;
  }
  run = g_new0 (Run, 1);
  run->output = g_string_new (NULL);
  run->progress = progress;
  run->progress_data = progress_data;
  g_task_set_task_data (task, run, run_free);
  arguments = make_arguments (settings, program);
  run->process =
      g_subprocess_newv ((const char *const *)arguments->pdata,
                         G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);
  if (run->process == NULL) {
    g_task_return_error (task, error);
    return;
  }
  run->out = g_subprocess_get_stdout_pipe (run->process);
  run->err = g_data_input_stream_new (g_subprocess_get_stderr_pipe (run->process));
  run->open = 3;
  if (cancellable != NULL)
    run->cancel_handler = g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb),
                                                 g_object_ref (run->process), g_object_unref);
  g_object_ref (task);
  read_output (task);
  g_data_input_stream_read_line_async (run->err, G_PRIORITY_DEFAULT, NULL, line_cb,
                                       g_object_ref (task));
  g_subprocess_wait_async (run->process, NULL, ended_cb, g_object_ref (task));
}

FacetBenchmark *
facet_benchmark_run_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
