/* gem-weights.h: the text decoder's tensors, bound to device views.  Internal to the engine.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Filled by gem-model.c from the checkpoint (or with random numbers), read by gem-decoder.c.  H hidden, P per-layer
 * width, V vocabulary, L layers, I MLP width, hd head size. */
#pragma once

#include "gem-config.h"
#include "kernels/krn.h"

G_BEGIN_DECLS

typedef struct {
  KrnQkvWeights qkv;       /* norm [1, H]; wq [heads·hd, H]; wk, wv [kv·hd, H] absent in shared layers; q_norm, k_norm [1, hd] */
  KrnMat        o_proj;    /* [H, heads·hd] */
  KrnMat        post_attention_norm; /* [1, H] */
  KrnMlpWeights mlp;       /* pre_feedforward_layernorm, gate, up [I, H], down [H, I], post_feedforward_layernorm */
  KrnPleWeights ple;       /* per_layer_input_gate [P, H], per_layer_projection [H, P], post_per_layer_input_norm, layer_scalar */
} GemLayerWeights;

typedef struct {
  KrnMat embed_tokens;          /* [V, H], as stored: input rows */
  KrnMat head;                  /* [V, H]: the same tensor, perhaps quantised */
  KrnMat embed_per_layer;       /* [V, L·P], as stored, on the host */
  KrnMat per_layer_projection;  /* per_layer_model_projection [L·P, H] */
  KrnMat per_layer_norm;        /* per_layer_projection_norm [1, P] */
  KrnMat norm;                  /* [1, H] */
  KrnMat rope_sliding, rope_full; /* inverse frequencies [1, hd/2], F32 */
  GemLayerWeights layers[GEM_MAX_LAYERS];
} GemTextWeights;

/* Defined in gem-model.c; for the other files of the engine. */
struct _GemModel;
const GemTextWeights *gem_model_get_text_weights (struct _GemModel *self);
const KrnOps         *gem_model_get_ops (struct _GemModel *self);
KrnDevice            *gem_model_get_krn_device (struct _GemModel *self);

G_END_DECLS
