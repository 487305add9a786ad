/* gem-cli-media.c: the pictures, clips and frames that a command of gem-cli is given.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Files of the simplest kinds: pictures as PPM, sound as WAV, the frames of a video as one tensor.
 * What a person drops into a window is decoded elsewhere.  One thread. */
#define G_LOG_DOMAIN "gem"

#include "gem-cli.h"

#include "gem-file.h"
#include "gem-image-ppm.h"
#include "gem-safetensors.h"
#include "gem-wav.h"

void
gem_cli_media_add_options (GemCliMedia *self, GOptionContext *context)
{
  const GOptionEntry entries[] = {
      {"image", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->images,
       "The next picture of the prompt (PPM, P6)", "FILE"},
      {"budget", 0, 0, G_OPTION_ARG_INT, &self->budget,
       "Soft tokens of each: 70, 140, 280 (default), 560 or 1120", "N"},
      {"audio", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->audio,
       "The next clip of the prompt (WAV, 16 kHz, mono)", "FILE"},
      {"frames", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->frames,
       "The next video: “frames_u8” [n, height, width, 3]", "FILE"},
      {NULL},
  };

  g_option_context_add_main_entries (context, entries, NULL);
}

void
gem_cli_media_clear (GemCliMedia *self)
{
  g_strfreev (self->images);
  g_strfreev (self->audio);
  g_strfreev (self->frames);
}

/* ---- files ----------------------------------------------------------------------------------- */

static gboolean
check_exists (const char *path, GError **error)
{
  g_autofree char *name = g_filename_display_name (path);

  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "%s does not exist.", name);
  return FALSE;
}

gboolean
gem_cli_read_picture (const char *path, char **data, GemPixels *pixels, GError **error)
{
  g_autofree char *name = g_filename_display_name (path);
  gsize            length;

  return check_exists (path, error) &&
         gem_file_read (path, GEM_IMAGE_PPM_MAX_BYTES, data, &length, error) &&
         gem_image_ppm_parse (*data, length, name, pixels, error);
}

float *
gem_cli_read_clip (const char *path, gsize *n_samples, GError **error)
{
  g_autofree char *name = g_filename_display_name (path), *data = NULL;
  gsize            length;

  if (!gem_cli_read (path, &data, &length, error))
    return NULL;
  return gem_wav_parse (data, length, name, n_samples, error);
}

/* ---- encoding -------------------------------------------------------------------------------- */

static gboolean
add_picture (GPtrArray *list, const char *path, guint budget, GemModel *model, GError **error)
{
  g_autofree char *data = NULL;
  GemPixels        pixels;
  GemSoft         *soft;

  if (!gem_cli_read_picture (path, &data, &pixels, error))
    return FALSE;
  soft = gem_media_encode_picture (model, &pixels, budget, NULL, NULL, NULL, error);
  if (soft != NULL)
    g_ptr_array_add (list, soft);
  return soft != NULL;
}

static gboolean
add_clip (GPtrArray *list, const char *path, GemModel *model, GError **error)
{
  gsize             n;
  g_autofree float *samples = gem_cli_read_clip (path, &n, error);
  GemSoft          *soft = NULL;

  if (samples != NULL)
    soft = gem_media_encode_sound (model, samples, n, NULL, NULL, NULL, error);
  if (soft != NULL)
    g_ptr_array_add (list, soft);
  return soft != NULL;
}

static gboolean
add_frames (GPtrArray *list, const char *path, GemModel *model, GError **error)
{
  g_autoptr (GemSafetensors) file =
      check_exists (path, error) ? gem_safetensors_open (path, error) : NULL;
  const GemTensor *t = file != NULL ? gem_safetensors_find (file, "frames_u8") : NULL;
  gsize            bytes;

  if (file == NULL)
    return FALSE;
  if (t == NULL || t->dtype != GEM_DTYPE_U8 || t->n_dims != 4 || t->shape[3] != 3 ||
      t->shape[1] > G_MAXINT32 || t->shape[2] > G_MAXINT32) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                 "%s holds no tensor “frames_u8” of the shape [n, height, width, 3].", path);
    return FALSE;
  }
  bytes = t->shape[0] > 0 ? t->n_bytes / (gsize)t->shape[0] : 0;
  for (gint64 i = 0; i < t->shape[0]; i++) {
    GemPixels pixels = {t->data + (gsize)i * bytes, bytes, (guint32)t->shape[2],
                        (guint32)t->shape[1], 3 * (gsize)t->shape[2]};
    GemSoft  *soft =
        gem_media_encode_picture (model, &pixels, GEM_MEDIA_FRAME_BUDGET, NULL, NULL, NULL, error);

    if (soft == NULL)
      return FALSE;
    g_ptr_array_add (list, soft);
  }
  return TRUE;
}

static GPtrArray *
new_list (char **paths)
{
  return paths != NULL ? g_ptr_array_new_with_free_func ((GDestroyNotify)gem_soft_unref) : NULL;
}

static void
free_list (GPtrArray *list)
{
  if (list != NULL)
    g_ptr_array_unref (list);
}

gboolean
gem_cli_media_load (const GemCliMedia *self,
                    GemModel          *model,
                    const GArray      *ids,
                    GArray           **spans,
                    GError           **error)
{
  guint      budget = self->budget != 0 ? (guint)self->budget : GEM_MEDIA_BUDGET;
  GPtrArray *images = new_list (self->images), *audio = new_list (self->audio);
  GPtrArray *frames = new_list (self->frames);
  gboolean   good = TRUE;

  *spans = NULL;
  for (guint i = 0; good && images != NULL && self->images[i] != NULL; i++)
    good = add_picture (images, self->images[i], budget, model, error);
  for (guint i = 0; good && audio != NULL && self->audio[i] != NULL; i++)
    good = add_clip (audio, self->audio[i], model, error);
  for (guint i = 0; good && frames != NULL && self->frames[i] != NULL; i++)
    good = add_frames (frames, self->frames[i], model, error);
  if (good && (images != NULL || audio != NULL || frames != NULL)) {
    *spans = gem_soft_place ((const gint32 *)ids->data, ids->len, gem_model_get_config (model),
                             images, audio, frames, error);
    good = *spans != NULL;
  }
  free_list (images);
  free_list (audio);
  free_list (frames);
  return good;
}
