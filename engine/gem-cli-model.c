/* gem-cli-model.c: what the commands of gem-cli share: naming and loading a model, reading ids,
 * signals.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Prints only in gem_cli_fail () and for a model's warnings.  One thread, except the signal
 * handler. */
#define G_LOG_DOMAIN "gem"

#include "gem-cli.h"

#include "gem-file.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define MAX_FILE (64u << 20)

static gint interrupted; /* atomic; set by the signal handler */

/* ---- options ---- */

void
gem_cli_model_add_options (GemCliModel *self, GOptionContext *context)
{
  const GOptionEntry entries[] = {
      {"model", 0, 0, G_OPTION_ARG_FILENAME, &self->folder, "A folder with a checkpoint, or a .gguf file", "PATH"},
      {"backend", 0, 0, G_OPTION_ARG_STRING, &self->backend, "cpu (default), cuda, hip or auto",
       "NAME"},
      {"device", 0, 0, G_OPTION_ARG_STRING, &self->device,
       "cpu, cuda:1, a part of a device's name, auto, or its number in the backend", "NAME"},
      {"gpu-memory", 0, 0, G_OPTION_ARG_DOUBLE, &self->memory_share,
       "The part of a GPU's memory that may be used (0.9)", "SHARE"},
      {"weights", 0, 0, G_OPTION_ARG_STRING, &self->weights, "bf16 (default), q8 or q4", "TYPE"},
      {"cache", 0, 0, G_OPTION_ARG_STRING, &self->cache,
       "Keys and values: f32 (default; bf16 with --fast) or bf16", "TYPE"},
      {"threads", 0, 0, G_OPTION_ARG_INT, &self->threads, "Threads; default one per core", "N"},
      {"fast", 0, 0, G_OPTION_ARG_NONE, &self->fast, "bf16 activations with bf16 weights", NULL},
      {NULL},
  };

  g_option_context_add_main_entries (context, entries, NULL);
}

void
gem_cli_model_clear (GemCliModel *self)
{
  g_free (self->folder);
  g_free (self->backend);
  g_free (self->device);
  g_free (self->weights);
  g_free (self->cache);
}

static gboolean
parse_weights (const char *name, GemWeights *weights)
{
  static const char *const names[] =
      {[GEM_WEIGHTS_BF16] = "bf16", [GEM_WEIGHTS_Q8] = "q8", [GEM_WEIGHTS_Q4] = "q4"};

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_strcmp0 (name, names[i]) == 0) {
      *weights = (GemWeights)i;
      return TRUE;
    }
  return FALSE;
}

static gboolean
parse_cache (const char *name, GemCacheType *cache)
{
  *cache = g_str_equal (name, "bf16") ? GEM_CACHE_BF16 : GEM_CACHE_F32;
  return *cache == GEM_CACHE_BF16 || g_str_equal (name, "f32");
}

/* Comparisons are made with the CPU, so that it computes unless another device is named. */
static const char *
choose_backend (const GemCliModel *self)
{
  if (self->backend != NULL)
    return self->backend;
  if (self->device == NULL || self->device[strspn (self->device, "0123456789")] == '\0')
    return "cpu";
  return "auto";
}

gboolean
gem_cli_model_resolve (const GemCliModel *self, GemModelOptions *options, GError **error)
{
  *options = (GemModelOptions){.backend = choose_backend (self),
                               .device = self->device,
                               .memory_share = self->memory_share,
                               .threads = self->threads,
                               .fast = self->fast};
  if (self->weights != NULL && !parse_weights (self->weights, &options->weights)) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                 "--weights %s is not supported by this build; choose bf16, q8 or q4.",
                 self->weights);
    return FALSE;
  }
  if (self->cache != NULL && !parse_cache (self->cache, &options->cache)) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                 "--cache %s is not supported by this build; choose f32 or bf16.", self->cache);
    return FALSE;
  }
  if (self->threads < 0) {
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                         "--threads takes numbers from 0 on.");
    return FALSE;
  }
  if (!(self->memory_share >= 0 && self->memory_share <= 1)) {
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                         "--gpu-memory is above 0 and at most 1.");
    return FALSE;
  }
  return TRUE;
}

static gboolean
go_on_cb (double fraction, const char *what, gpointer user_data)
{
  return !g_atomic_int_get (&interrupted);
}

GemModel *
gem_cli_model_load (const GemCliModel *self, GError **error)
{
  g_autofree char *cache = g_build_filename (g_get_user_cache_dir (), "facet", NULL);
  GemModelOptions  options;
  GemModel        *model;

  if (self->folder == NULL) {
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "--model PATH is missing.");
    return NULL;
  }
  if (!gem_cli_model_resolve (self, &options, error))
    return NULL;
  options.cache_dir = cache;
  model = gem_model_load (self->folder, &options, go_on_cb, NULL, error);
  for (guint i = 0; model != NULL && gem_model_get_warnings (model)[i] != NULL; i++)
    fprintf (stderr, "gem-cli: %s\n", gem_model_get_warnings (model)[i]);
  return model;
}

gboolean
gem_cli_parse (GOptionContext *context, int argc, char **argv, GError **error)
{
  if (!g_option_context_parse (context, &argc, &argv, error))
    return FALSE;
  if (argc > 1) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "“%s” is one argument too many.",
                 argv[1]);
    return FALSE;
  }
  return TRUE;
}

int
gem_cli_fail (int status, const char *message)
{
  fprintf (stderr, "gem-cli: %s\n", message);
  return status;
}

int
gem_cli_finish (int status, const GError *error)
{
  if (error == NULL)
    return status;
  if (g_error_matches (error, GEM_ERROR, GEM_ERROR_CANCELLED))
    status = GEM_CLI_INTERRUPTED;
  return gem_cli_fail (status, error->message);
}

/* ---- files ---- */

gboolean
gem_cli_read (const char *path, char **text, gsize *length, GError **error)
{
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return gem_file_read (path, MAX_FILE, text, length, error);
  g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "%s does not exist.", path);
  return FALSE;
}

static gboolean
append_ids (GArray *ids, const json_t *array)
{
  for (gsize i = 0; i < json_array_size (array); i++) {
    const json_t *value = json_array_get (array, i);
    json_int_t    number = json_integer_value (value);
    gint32        id = (gint32)number;

    if (!json_is_integer (value) || id != number)
      return FALSE;
    g_array_append_val (ids, id);
  }
  return json_is_array (array);
}

GArray *
gem_cli_read_ids (const char *path, GError **error)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autofree char *text = NULL;
  gsize            length;
  json_t          *root;
  gboolean         good;

  if (path == NULL) {
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "--ids FILE is missing.");
    return NULL;
  }
  if (!gem_cli_read (path, &text, &length, error))
    return NULL;
  root = json_loadb (text, length, 0, NULL);
  good = append_ids (ids, root);
  json_decref (root);
  if (!good) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "%s is not a JSON array of token ids.",
                 path);
    return NULL;
  }
  return g_steal_pointer (&ids);
}

/* ---- signals ---- */

static void
interrupt_cb (int number)
{
  g_atomic_int_set (&interrupted, TRUE);
}

gint *
gem_cli_catch_signals (void)
{
  struct sigaction action = {.sa_handler = interrupt_cb, .sa_flags = (int)SA_RESETHAND};

  sigaction (SIGINT, &action, NULL);
  sigaction (SIGTERM, &action, NULL);
  return &interrupted;
}
