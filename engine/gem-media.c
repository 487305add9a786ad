/* gem-media.c: pictures and sound, through their front ends and encoders.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Engine thread. */
#define G_LOG_DOMAIN "gem"

#include "gem-media.h"

#include "gem-audio.h"
#include "gem-vision.h"

guint
gem_media_count_sound_tokens (gsize n_samples)
{
  return gem_audio_count_soft_tokens (gem_mel_count_valid_frames (n_samples));
}

GemSoft *
gem_media_encode_picture (GemModel        *model,
                          const GemPixels *pixels,
                          guint            max_soft_tokens,
                          const char      *key,
                          GemEncodeFunc    progress,
                          gpointer         user_data,
                          GError         **error)
{
  g_autoptr (GemImage) image = gem_image_new (pixels, max_soft_tokens, error);

  return image != NULL ? gem_vision_encode (model, image, key, NULL, progress, user_data, error)
                       : NULL;
}

GemSoft *
gem_media_encode_sound (GemModel     *model,
                        const float  *samples,
                        gsize         n_samples,
                        const char   *key,
                        GemEncodeFunc progress,
                        gpointer      user_data,
                        GError      **error)
{
  guint              n_frames = gem_mel_count_frames (n_samples);
  guint              n_valid = gem_mel_count_valid_frames (n_samples);
  g_autofree float  *features = NULL;
  g_autofree guint8 *mask = NULL;

  if (n_valid == 0) {
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                         "This recording is too short to be heard.");
    return NULL;
  }
  features = g_new (float, (gsize)n_frames *GEM_MEL_BANDS);
  mask = g_new (guint8, n_frames);
  gem_mel_compute (samples, n_samples, features, mask);
  return gem_audio_encode (model, features, n_valid, key, NULL, progress, user_data, error);
}
