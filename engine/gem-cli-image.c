/* gem-cli-image.c: gem-cli inspect image: one picture in, what the model is given of it out.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Writes the pixels and the positions of the patches, for which no weights are needed: the options
 * that name a model are checked, but it is not loaded.  One thread. */
#define G_LOG_DOMAIN "gem"

#include "gem-cli.h"

#include "gem-file.h"
#include "gem-image-ppm.h"
#include "gem-tensor-file.h"

#define DEFAULT_BUDGET 280

typedef struct {
  GemCliModel model;
  char       *out, **paths;
  int         budget;
  gboolean    layers;
} Options;

static void
options_clear (Options *o)
{
  gem_cli_model_clear (&o->model);
  g_free (o->out);
  g_strfreev (o->paths);
}

static gboolean
check_options (const Options *o, GError **error)
{
  GemModelOptions model;

  if (o->layers)
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_UNSUPPORTED,
                         "--layers is not supported for images by this build yet.");
  else if (o->paths == NULL || o->paths[1] != NULL)
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                         "One picture, FILE.ppm, is needed.");
  else if (o->budget < 0)
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                         "--budget takes 70, 140, 280, 560 or 1120.");
  else if (o->out == NULL)
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "--out FILE is missing.");
  else
    return gem_cli_model_resolve (&o->model, &model, error);
  return FALSE;
}

static gboolean
parse_options (Options *o, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = {
      {"budget", 0, 0, G_OPTION_ARG_INT, &o->budget,
       "Soft tokens at most: 70, 140, 280 (default), 560 or 1120", "N"},
      {"out", 0, 0, G_OPTION_ARG_FILENAME, &o->out, "The tensor file to write", "FILE"},
      {"layers", 0, 0, G_OPTION_ARG_NONE, &o->layers, "Not supported by this build yet", NULL},
      {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->paths, NULL, "FILE.ppm"},
      {NULL},
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_summary (context,
                                "Writes “resized_u8” and “position_ids” of a picture (PPM, P6).  "
                                "They "
                                "need no model: the\nfolder that --model names is not read.");
  g_option_context_add_main_entries (context, entries, NULL);
  gem_cli_model_add_options (&o->model, context);
  return gem_cli_parse (context, argc, argv, error) && check_options (o, error);
}

/* ---- the command ---- */

static GemImage *
read_image (const char *path, guint budget, GError **error)
{
  g_autofree char *data = NULL, *name = g_filename_display_name (path);
  GemPixels        pixels;
  gsize            length;

  if (!g_file_test (path, G_FILE_TEST_EXISTS)) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "%s does not exist.", name);
    return NULL;
  }
  if (!gem_file_read (path, GEM_IMAGE_PPM_MAX_BYTES, &data, &length, error) ||
      !gem_image_ppm_parse (data, length, name, &pixels, error))
    return NULL;
  return gem_image_new (&pixels, budget, error);
}

static gboolean
write_image (const GemImage *image, const char *path, GError **error)
{
  g_autoptr (GemTensorFile) file = gem_tensor_file_new ();
  gsize              n = image->size.n_patches;
  g_autofree gint32 *positions = g_new (gint32, 2 * n);

  gem_image_positions (image, 0, image->size.n_patches, positions);
  gem_tensor_file_add (file, "position_ids", GEM_DTYPE_I32, positions, 2, n, (gsize)2);
  gem_tensor_file_add (file, "resized_u8", GEM_DTYPE_U8, image->pixels, 3,
                       (gsize)image->size.height, (gsize)image->size.width, (gsize)3);
  return gem_tensor_file_write (file, path, error);
}

static int
run (const Options *o, GError **error)
{
  g_autoptr (GemImage) image = read_image (o->paths[0], (guint)o->budget, error);

  if (image == NULL)
    return GEM_CLI_USAGE;
  return write_image (image, o->out, error) ? GEM_CLI_OK : GEM_CLI_SOME_ERRORS;
}

int
gem_cli_image (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  Options o = {.budget = DEFAULT_BUDGET};
  int     status = GEM_CLI_USAGE;

  if (parse_options (&o, argc, argv, &error))
    status = run (&o, &error);
  options_clear (&o);
  return gem_cli_finish (status, error);
}
