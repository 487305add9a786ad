/* gem-media.h: pictures and sound for a model: from pixels and samples to soft tokens.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Engine thread only, except the counts.
 *
 *   g_autoptr (GemSoft) soft = gem_media_encode_picture (model, &pixels, 280, key, NULL, NULL,
 * &error); … gem_prompt_tokenize () with soft->n tokens for the picture … g_autoptr (GArray) spans
 * = gem_soft_place (ids, n_ids, config, images, NULL, NULL, &error); gem_session_sync (session,
 * ids, n_ids, spans, NULL, NULL, &error);
 *
 * A video is its frames, as pictures.  Encoding takes as long as reading hundreds of tokens: keep
 * what comes out in a GemSoftCache. */
#pragma once

#include "gem-image.h"
#include "gem-mel.h"
#include "gem-model.h"
#include "gem-soft.h"

G_BEGIN_DECLS

#define GEM_MEDIA_BUDGET       280 /* soft tokens of a picture, at most, unless chosen otherwise */
#define GEM_MEDIA_FRAME_BUDGET 70  /* of a frame of a video */
#define GEM_MEDIA_MAX_FRAMES   32  /* of a video */

/* Soft tokens of a clip of @n_samples at GEM_MEL_RATE; 0: it is too short to be heard. */
guint gem_media_count_sound_tokens (gsize n_samples);

/* Errors of both: those of gem_image_new () for pictures; GEM_ERROR_UNSUPPORTED: the model has no
 * such encoder; GEM_ERROR_INVALID_INPUT: a picture longer than the model has positions for, or a
 * clip that is too short; GEM_ERROR_NO_MEMORY, GEM_ERROR_DEVICE; GEM_ERROR_CANCELLED when @progress
 * (which may be NULL) said so.  @key as in gem_soft_new (). */
GemSoft *gem_media_encode_picture (GemModel        *model,
                                   const GemPixels *pixels,
                                   guint            max_soft_tokens,
                                   const char      *key,
                                   GemEncodeFunc    progress,
                                   gpointer         user_data,
                                   GError         **error) G_GNUC_WARN_UNUSED_RESULT;
/* Of more than GEM_MEL_MAX_SAMPLES the rest is left out. */
GemSoft *gem_media_encode_sound (GemModel     *model,
                                 const float  *samples,
                                 gsize         n_samples,
                                 const char   *key,
                                 GemEncodeFunc progress,
                                 gpointer      user_data,
                                 GError      **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- keeping what was encoded -----------------------------------------------------------------
 */

typedef struct _GemSoftCache GemSoftCache;

/* Keeps soft tokens of one model by key, those used last, in at most @max_bytes. */
GemSoftCache *gem_soft_cache_new (gsize max_bytes) G_GNUC_WARN_UNUSED_RESULT;
void          gem_soft_cache_free (GemSoftCache *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GemSoftCache, gem_soft_cache_free)
/* A reference, or NULL. */
GemSoft *gem_soft_cache_lookup (GemSoftCache *self, const char *key);
/* What alone is larger than the cache, or has no key, is not kept. */
void     gem_soft_cache_insert (GemSoftCache *self, GemSoft *soft);

G_END_DECLS
