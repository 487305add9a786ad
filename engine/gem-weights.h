/* gem-weights.h: tensors bound to device views: which ones there are, and the text decoder's.
 * Internal to the engine.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Filled by gem-model.c from the checkpoint (or with random numbers), read by gem-decoder.c.  H
 * hidden, P per-layer width, V vocabulary, L layers, I MLP width, hd head size. */
#pragma once

#include "gem-backend.h"
#include "gem-config.h"
#include "gem-model.h"

G_BEGIN_DECLS

typedef struct {
  KrnQkvWeights qkv; /* norm [1, H]; wq [heads·hd, H]; wk, wv [kv·hd, H] absent in shared layers;
                        q_norm, k_norm [1, hd] */
  KrnMat        o_proj;              /* [H, heads·hd] */
  KrnMat        post_attention_norm; /* [1, H] */
  KrnMlpWeights
      mlp; /* pre_feedforward_layernorm, gate, up [I, H], down [H, I], post_feedforward_layernorm */
  KrnPleWeights ple; /* per_layer_input_gate [P, H], per_layer_projection [H, P],
                        post_per_layer_input_norm, layer_scalar */
} GemLayerWeights;

typedef struct {
  KrnMat embed_tokens;            /* [V, H], as stored: input rows */
  KrnMat head;                    /* [V, H]: the same tensor, perhaps quantised */
  KrnMat embed_per_layer;         /* [V, L·P], as stored, on the host */
  KrnMat per_layer_projection;    /* per_layer_model_projection [L·P, H] */
  KrnMat per_layer_norm;          /* per_layer_projection_norm [1, P] */
  KrnMat norm;                    /* [1, H] */
  KrnMat rope_sliding, rope_full; /* inverse frequencies [1, hd/2], F32 */
  KrnType
      kv_type; /* how sessions keep keys and values: KRN_F32, or KRN_BF16 if loaded with `fast` */
  GemLayerWeights layers[GEM_MAX_LAYERS];
} GemTextWeights;

typedef enum {
  GEM_SLOT_NORM,   /* (1, n), as stored */
  GEM_SLOT_LINEAR, /* (out, in), quantised when asked for */
  GEM_SLOT_FINE,   /* the same, never below 8 bits: small, and much depends on it */
  GEM_SLOT_SCALAR, /* one number, kept on the host */
  GEM_SLOT_EMBED,  /* gathered rows: stored type */
  GEM_SLOT_HEAD,   /* the same tensor as EMBED when tied; never below 8 bits */
  GEM_SLOT_TABLE,  /* gathered rows, kept on the host */
  GEM_SLOT_STORED, /* as stored, never quantised; a tensor of more dimensions as its first one by
                      the product of the others */
  GEM_SLOT_STACK,  /* the same, as the product of all dimensions but the last by that one */
} GemSlotKind;

/* One tensor that the model needs, and where its view belongs. */
typedef struct {
  char        name[96]; /* without the checkpoint's prefix; "lm_head.weight" has none */
  GemSlotKind kind;
  int         rows, cols; /* a norm: (1, n) */
  KrnMat     *mat;        /* NULL for a scalar */
  float      *scalar;
} GemWeightSlot;

/* Appends a slot.  @rows and @cols are not looked at for a scalar. */
void gem_weight_slots_add_mat (GArray     *slots,
                               const char *name,
                               GemSlotKind kind,
                               int         rows,
                               int         cols,
                               KrnMat     *mat);
void gem_weight_slots_add_scalar (GArray *slots, const char *name, float *scalar);

/* Whether its tensor is multiplied with: what may be kept in blocks. */
gboolean gem_weight_slot_is_matrix (const GemWeightSlot *self);
/* The type in which a slot's tensor is kept, at the most. */
KrnType gem_weight_slot_get_type (const GemWeightSlot *self, GemWeights weights);

/* Clears @weights, sets the numbers that are not tensors (eps, head sizes) and lists the tensors
 * (GemWeightSlot) that remain to be filled, in the order in which they are used.  Keys and values
 * of sharing layers are not among them. */
GArray *gem_text_weights_init (GemTextWeights      *weights,
                               const GemTextConfig *config) G_GNUC_WARN_UNUSED_RESULT;
/* f_i, i < head_dim/2, of the layers of @type; those that do not turn are 0. */
void    gem_text_config_rope_frequencies (const GemTextConfig *config, GemLayerType type, float *f);
/* Computes them for both types and stores them on @backend. */
gboolean gem_text_weights_bind_rope (GemTextWeights      *weights,
                                     const GemTextConfig *config,
                                     GemBackend          *backend,
                                     GError             **error);

/* Defined in gem-model.c; for the other files of the engine. */
struct _GemModel;
const GemTextWeights *gem_model_get_text_weights (struct _GemModel *self);
const KrnOps         *gem_model_get_ops (struct _GemModel *self);
KrnDevice            *gem_model_get_krn_device (struct _GemModel *self);
/* Rows that a pass should have, to keep the device busy. */
guint                 gem_model_get_pass_rows (struct _GemModel *self);
GemBackend           *gem_model_get_backend (struct _GemModel *self);

G_END_DECLS
