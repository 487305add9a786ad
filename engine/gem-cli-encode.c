/* gem-cli-encode.c: gem-cli inspect image and inspect audio: one picture or clip in, every stage of
 * what the model makes of it out.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Without --model only the front ends run, which need no weights.  One thread. */
#define G_LOG_DOMAIN "gem"

#include "gem-cli.h"

#include "gem-audio.h"
#include "gem-tensor-file.h"
#include "gem-vision.h"

#include <stdio.h>

typedef struct {
  GemCliModel model;
  char       *out, **paths;
  int         budget;
  gboolean    layers;
} Options;

/* What is written: the file borrows from the others. */
typedef struct {
  GemTensorFile *file;
  GemModel      *model; /* NULL: front end only */
  GemTrace      *trace;
  GemSoft       *soft;
} Result;

static void
options_clear (Options *o)
{
  gem_cli_model_clear (&o->model);
  g_free (o->out);
  g_strfreev (o->paths);
}

static gboolean
check_options (const Options *o, const char *what, GError **error)
{
  GemModelOptions model;

  if (o->paths == NULL || o->paths[1] != NULL)
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "One %s is needed.", what);
  else if (o->budget < 0)
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                         "--budget takes 70, 140, 280, 560 or 1120.");
  else if (o->out == NULL)
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "--out FILE is missing.");
  else if (o->layers && o->model.folder == NULL)
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "--layers needs --model DIR.");
  else
    return gem_cli_model_resolve (&o->model, &model, error);
  return FALSE;
}

static gboolean
parse_options (Options    *o,
               int         argc,
               char      **argv,
               const char *what,
               const char *summary,
               GError    **error)
{
  const GOptionEntry entries[] = {
      {"out", 0, 0, G_OPTION_ARG_FILENAME, &o->out, "The tensor file to write", "FILE"},
      {"layers", 0, 0, G_OPTION_ARG_NONE, &o->layers, "Write the output of every layer too", NULL},
      {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->paths, NULL, what},
      {NULL},
  };
  const GOptionEntry budget[] = {
      {"budget", 0, 0, G_OPTION_ARG_INT, &o->budget,
       "Soft tokens at most: 70, 140, 280 (default), 560 or 1120", "N"},
      {NULL},
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_summary (context, summary);
  g_option_context_add_main_entries (context, entries, NULL);
  if (o->budget != 0)
    g_option_context_add_main_entries (context, budget, NULL);
  gem_cli_model_add_options (&o->model, context);
  return gem_cli_parse (context, argc, argv, error) && check_options (o, what, error);
}

/* ---- what both do ---------------------------------------------------------------------------- */

static gboolean
result_init (Result *r, const Options *o, GError **error)
{
  *r = (Result){.file = gem_tensor_file_new ()};
  if (o->model.folder == NULL)
    return TRUE;
  r->model = gem_cli_model_load (&o->model, error);
  if (r->model != NULL)
    r->trace = gem_trace_new (gem_model_get_ops (r->model), gem_model_get_krn_device (r->model));
  return r->model != NULL;
}

static void
result_clear (Result *r)
{
  gem_tensor_file_free (r->file);
  gem_trace_free (r->trace);
  g_clear_pointer (&r->soft, gem_soft_unref);
  g_clear_pointer (&r->model, gem_model_unref);
}

/* The encoder's output @name from the trace, or all of it with --layers; and the soft tokens. */
static void
add_encoded (Result *r, const Options *o, const char *name)
{
  gsize        n;
  const float *values = gem_trace_lookup (r->trace, name, &n);

  if (o->layers)
    gem_trace_write (r->trace, r->file);
  else
    gem_tensor_file_add (r->file, name, GEM_DTYPE_F32, values, 2, (gsize)r->soft->n,
                         n / r->soft->n);
  gem_tensor_file_add (r->file, "soft_tokens", GEM_DTYPE_F32, r->soft->rows, 2, (gsize)r->soft->n,
                       (gsize)r->soft->width);
}

typedef int (*RunFunc) (const Options *o, Result *r, GError **error);

static int
run_command (Options *o, int argc, char **argv, const char *what, const char *summary, RunFunc run)
{
  g_autoptr (GError) error = NULL;
  Result r = {0};
  int    status = GEM_CLI_USAGE;

  if (parse_options (o, argc, argv, what, summary, &error)) {
    if (result_init (&r, o, &error))
      status = run (o, &r, &error);
    result_clear (&r);
  }
  options_clear (o);
  return gem_cli_finish (status, error);
}

/* ---- pictures -------------------------------------------------------------------------------- */

static int
run_image (const Options *o, Result *r, GError **error)
{
  g_autofree char *data = NULL;
  g_autoptr (GemImage) image = NULL;
  g_autofree gint32 *positions = NULL;
  GemPixels          pixels;

  if (!gem_cli_read_picture (o->paths[0], &data, &pixels, error))
    return GEM_CLI_USAGE;
  image = gem_image_new (&pixels, (guint)o->budget, error);
  if (image == NULL)
    return GEM_CLI_USAGE;
  positions = g_new (gint32, 2 * (gsize)image->size.n_patches);
  gem_image_positions (image, 0, image->size.n_patches, positions);
  gem_tensor_file_add (r->file, "position_ids", GEM_DTYPE_I32, positions, 2,
                       (gsize)image->size.n_patches, (gsize)2);
  gem_tensor_file_add (r->file, "resized_u8", GEM_DTYPE_U8, image->pixels, 3,
                       (gsize)image->size.height, (gsize)image->size.width, (gsize)3);
  if (r->model != NULL) {
    r->soft = gem_vision_encode (r->model, image, NULL, r->trace, NULL, NULL, error);
    if (r->soft == NULL)
      return GEM_CLI_SOME_ERRORS;
    add_encoded (r, o, "vision_out");
  }
  return gem_tensor_file_write (r->file, o->out, error) ? GEM_CLI_OK : GEM_CLI_SOME_ERRORS;
}

int
gem_cli_image (int argc, char **argv)
{
  Options o = {.budget = GEM_MEDIA_BUDGET};

  return run_command (&o, argc, argv, "FILE.ppm",
                      "Writes “resized_u8” and “position_ids” of a picture (PPM, P6), and with "
                      "--model “vision_out” and\n“soft_tokens”.",
                      run_image);
}

/* ---- sound ----------------------------------------------------------------------------------- */

/* Which of the steps that the reference computes belong to valid frames. */
static guint8 *
dup_step_mask (gsize n_frames, guint n_valid, gsize *n_steps)
{
  guint8 *mask;

  *n_steps = gem_audio_count_soft_tokens ((guint)n_frames);
  mask = g_new0 (guint8, MAX (*n_steps, 1));
  for (guint i = 0; i < gem_audio_count_soft_tokens (n_valid); i++)
    mask[i] = 1;
  return mask;
}

static int
run_audio (const Options *o, Result *r, GError **error)
{
  gsize              n_samples, n_frames, n_steps;
  g_autofree float  *samples = gem_cli_read_clip (o->paths[0], &n_samples, error);
  g_autofree float  *features = NULL;
  g_autofree guint8 *mask = NULL, *step_mask = NULL;
  guint              n_valid;

  if (samples == NULL)
    return GEM_CLI_USAGE;
  if (n_samples > GEM_MEL_MAX_SAMPLES)
    fputs ("gem-cli: the clip is longer than 30 s; the rest is left out.\n", stderr);
  n_frames = gem_mel_count_frames (n_samples);
  n_valid = gem_mel_count_valid_frames (n_samples);
  features = g_malloc_n (MAX (n_frames, 1), GEM_MEL_BANDS * sizeof (float));
  mask = g_new (guint8, MAX (n_frames, 1));
  step_mask = dup_step_mask (n_frames, n_valid, &n_steps);
  gem_mel_compute (samples, n_samples, features, mask);
  gem_tensor_file_add (r->file, "input_features", GEM_DTYPE_F32, features, 2, n_frames,
                       (gsize)GEM_MEL_BANDS);
  gem_tensor_file_add (r->file, "input_features_mask", GEM_DTYPE_U8, mask, 1, n_frames);
  if (r->model != NULL && n_valid > 0) {
    r->soft = gem_audio_encode (r->model, features, n_valid, NULL, r->trace, NULL, NULL, error);
    if (r->soft == NULL)
      return GEM_CLI_SOME_ERRORS;
    add_encoded (r, o, "audio_out");
    gem_tensor_file_add (r->file, "audio_mask", GEM_DTYPE_U8, step_mask, 1, n_steps);
  }
  return gem_tensor_file_write (r->file, o->out, error) ? GEM_CLI_OK : GEM_CLI_SOME_ERRORS;
}

int
gem_cli_audio (int argc, char **argv)
{
  Options o = {0};

  return run_command (&o, argc, argv, "FILE.wav",
                      "Writes “input_features” and “input_features_mask” of a WAV file (16 kHz, "
                      "mono, 16-bit PCM or\n32-bit float), and with --model “audio_out”, "
                      "“audio_mask” and “soft_tokens”, for valid frames.",
                      run_audio);
}
