/* gem-vision.h: the vision encoder: from a picture to soft tokens.  Internal to the engine.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Arithmetic: docs/model/gemma4-vision.md §2, §3.  Np patches, d hidden, hd head size, I MLP width,
 * H the decoder's hidden size.  Frames of a video are pictures.  Engine thread only. */
#pragma once

#include "gem-clipped-linear.h"
#include "gem-image.h"
#include "gem-soft.h"
#include "gem-trace.h"

G_BEGIN_DECLS

typedef struct {
  KrnMat     input_layernorm;                                     /* [1, d] */
  KrnClipped q_proj, k_proj, v_proj;                              /* [heads·hd, d] */
  KrnMat     q_norm, k_norm;                                      /* [1, hd] */
  KrnClipped o_proj;                                              /* [d, heads·hd] */
  KrnMat     post_attention_layernorm, pre_feedforward_layernorm; /* [1, d] */
  KrnClipped gate_proj, up_proj;                                  /* [I, d] */
  KrnClipped down_proj;                                           /* [d, I] */
  KrnMat     post_feedforward_layernorm;                          /* [1, d] */
} GemVisionLayer;

typedef struct {
  KrnMat         input_proj;     /* [d, GEM_IMAGE_PATCH_LENGTH] */
  KrnMat         position_table; /* [2·positions, d]: those of x, then those of y */
  KrnMat         projection;     /* embed_vision.embedding_projection [H, d] */
  KrnMat         rope;           /* inverse frequencies [1, hd/4], F32 */
  GemVisionLayer layers[GEM_MAX_LAYERS];
} GemVisionWeights;

/* Clears @weights and lists its tensors (GemWeightSlot) with their names below "model.".  The
 * frequencies are not among them. */
GArray  *gem_vision_weights_init (GemVisionWeights *weights,
                                  const GemConfig  *config) G_GNUC_WARN_UNUSED_RESULT;
gboolean gem_vision_weights_bind_rope (GemVisionWeights      *weights,
                                       const GemVisionConfig *config,
                                       GemBackend            *backend,
                                       GError               **error);

/* Encodes @image: image->size.n_soft_tokens rows of the decoder's width.  @key: as in gem_soft_new
 * ().  @trace may be NULL: "patch_embed", "vision_layer.i.out", "vision_out" are left in it.
 * GEM_ERROR_INVALID_INPUT: the picture is wider or higher than the model has positions for;
 * GEM_ERROR_UNSUPPORTED: the model has no vision encoder; GEM_ERROR_NO_MEMORY; GEM_ERROR_DEVICE;
 * GEM_ERROR_CANCELLED. */
GemSoft *gem_vision_encode (GemModel       *model,
                            const GemImage *image,
                            const char     *key,
                            GemTrace       *trace,
                            GemEncodeFunc   progress,
                            gpointer        user_data,
                            GError        **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
