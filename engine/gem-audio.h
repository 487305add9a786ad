/* gem-audio.h: the audio encoder: from sound to soft tokens.  Internal to the engine.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Arithmetic: docs/model/gemma4-audio.md §3–§5: two convolutions, then conformer layers (arXiv
 * 2005.08100) that look only backwards.  V valid frames of GEM_MEL_BANDS features, n = ⌈⌈V/2⌉/2⌉
 * steps, D hidden, hd head size, H the decoder's hidden size.  Engine thread only. */
#pragma once

#include "gem-clipped-linear.h"
#include "gem-mel.h"
#include "gem-soft.h"
#include "gem-trace.h"

G_BEGIN_DECLS

typedef struct {
  KrnMat     pre_layer_norm;  /* [1, D] */
  KrnClipped ffw_layer_1;     /* [4·D, D] */
  KrnClipped ffw_layer_2;     /* [D, 4·D] */
  KrnMat     post_layer_norm; /* [1, D] */
} GemAudioFeedForward;

typedef struct {
  GemAudioFeedForward feed_forward1, feed_forward2;

  KrnMat     norm_pre_attn, norm_post_attn; /* [1, D] */
  KrnClipped q_proj, k_proj, v_proj, post;  /* [D, D] */
  KrnMat     relative_k_proj;               /* [D, D] */
  KrnMat     relative;                      /* [reach, D] F32: the distances through it; computed */
  KrnMat     per_dim_scale;                 /* [1, hd] */

  KrnMat     pre_layer_norm; /* [1, D]: of the convolution */
  KrnClipped linear_start;   /* [2·D, D] */
  KrnMat     depthwise;      /* [D, taps] */
  KrnMat     conv_norm;      /* [1, D] */
  KrnClipped linear_end;     /* [D, D] */

  KrnMat norm_out; /* [1, D] */
  KrnMat q_scale;  /* [1, hd] F32: computed, not in the file */
} GemAudioLayer;

typedef struct {
  KrnMat        conv[2];      /* [C0, 9], [C1, C0·9] */
  KrnMat        conv_norm[2]; /* [1, C] */
  KrnMat        input_proj;   /* [D, GEM_MEL_BANDS / 4 · C1] */
  GemAudioLayer layers[GEM_MAX_LAYERS];
  KrnMat        output_proj;      /* [output_proj_dims, D] */
  KrnMat        output_proj_bias; /* [1, output_proj_dims] */
  KrnMat        projection;       /* embed_audio.embedding_projection [H, output_proj_dims] */

  KrnMat distances; /* [reach, D] F32: the sinusoids of 0 … reach − 1; computed */
  KrnMat bias;      /* output_proj_bias in F32 */
} GemAudioWeights;

/* Clears @weights and lists its tensors (GemWeightSlot) with their names below "model.". */
GArray  *gem_audio_weights_init (GemAudioWeights *weights,
                                 const GemConfig *config) G_GNUC_WARN_UNUSED_RESULT;
/* What is computed from the tensors, once these are bound. */
gboolean gem_audio_weights_bind_constants (GemAudioWeights      *weights,
                                           const GemAudioConfig *config,
                                           GemBackend           *backend,
                                           GError              **error);

/* Soft tokens of @n_frames valid frames. */
guint gem_audio_count_soft_tokens (guint n_frames);

/* Encodes @features (@n_frames, GEM_MEL_BANDS), at least one frame, all of them valid: rows of the
 * decoder's width.  @key: as in gem_soft_new ().  @trace may be NULL: "subsample",
 * "audio_layer.i.out", "audio_out" are left in it.  Errors and @progress as gem_vision_encode ().
 */
GemSoft *gem_audio_encode (GemModel     *model,
                           const float  *features,
                           guint         n_frames,
                           const char   *key,
                           GemTrace     *trace,
                           GemEncodeFunc progress,
                           gpointer      user_data,
                           GError      **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
