/* gem-cli-audio.c: gem-cli inspect audio: a clip of sound in, its log-mel features out.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The features are the same for every model of the family, so that the options that name one are
 * checked but no checkpoint is loaded.  One thread. */
#define G_LOG_DOMAIN "gem"

#include "gem-cli.h"

#include "gem-mel.h"
#include "gem-tensor-file.h"
#include "gem-wav.h"

#include <stdio.h>

typedef struct {
  GemCliModel model;
  char      **files;
  char       *out;
} Options;

static void
options_clear (Options *o)
{
  gem_cli_model_clear (&o->model);
  g_strfreev (o->files);
  g_free (o->out);
}

static gboolean
parse_options (Options *o, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = {
      {"out", 0, 0, G_OPTION_ARG_FILENAME, &o->out, "The tensor file to write", "FILE"},
      {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->files, NULL, "FILE.wav"},
      {NULL},
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  GemModelOptions options;

  g_option_context_set_summary (context,
                                "Writes “input_features” and “input_features_mask” of a WAV file "
                                "(16 kHz, mono, 16-bit PCM or\n32-bit float).  They need no model: "
                                "the folder that --model names is not read.");
  g_option_context_add_main_entries (context, entries, NULL);
  gem_cli_model_add_options (&o->model, context);
  if (!gem_cli_parse (context, argc, argv, error) ||
      !gem_cli_model_resolve (&o->model, &options, error))
    return FALSE;
  if (o->out == NULL)
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "--out FILE is missing.");
  else if (o->files == NULL || o->files[1] != NULL)
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "Give one WAV file.");
  else
    return TRUE;
  return FALSE;
}

/* The samples of @path.  (transfer full) */
static float *
read_clip (const char *path, gsize *n_samples, GError **error)
{
  g_autofree char *name = g_filename_display_name (path), *data = NULL;
  gsize            length;

  if (!gem_cli_read (path, &data, &length, error))
    return NULL;
  return gem_wav_parse (data, length, name, n_samples, error);
}

static gboolean
compute_and_write (const float *samples, gsize n_samples, const char *out, GError **error)
{
  gsize              n_frames = gem_mel_count_frames (n_samples);
  g_autofree float  *features = g_malloc_n (n_frames, GEM_MEL_BANDS * sizeof (float));
  g_autofree guint8 *mask = g_new (guint8, n_frames);
  g_autoptr (GemTensorFile) file = gem_tensor_file_new ();

  gem_mel_compute (samples, n_samples, features, mask);
  gem_tensor_file_add (file, "input_features", GEM_DTYPE_F32, features, 2, n_frames,
                       (gsize)GEM_MEL_BANDS);
  gem_tensor_file_add (file, "input_features_mask", GEM_DTYPE_U8, mask, 1, n_frames);
  return gem_tensor_file_write (file, out, error);
}

static int
run (const Options *o, GError **error)
{
  gsize             n_samples;
  g_autofree float *samples = read_clip (o->files[0], &n_samples, error);

  if (samples == NULL)
    return GEM_CLI_USAGE;
  if (n_samples > GEM_MEL_MAX_SAMPLES)
    fputs ("gem-cli: the clip is longer than 30 s; the rest is left out.\n", stderr);
  return compute_and_write (samples, n_samples, o->out, error) ? GEM_CLI_OK : GEM_CLI_SOME_ERRORS;
}

int
gem_cli_audio (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  Options o = {0};
  int     status = GEM_CLI_USAGE;

  if (parse_options (&o, argc, argv, &error))
    status = run (&o, &error);
  options_clear (&o);
  return gem_cli_finish (status, error);
}
