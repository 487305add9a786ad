/* gem-weights.c: which tensors the text decoder has, by name, shape and place.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One table says it all; gem-checkpoint.c fills the places from a file and gem-synthetic.c with
 * random numbers. The rotary frequencies are not in the file; they are computed
 * here.  Owns nothing; loading thread. */
#define G_LOG_DOMAIN "gem"

#include "gem-weights.h"

#include <math.h>
#include <string.h>

/* Sizes by name; resolved for each layer. */
typedef enum {
  ONE,
  HIDDEN,
  HEADS,    /* num_attention_heads · head size */
  KV_HEADS, /* key/value heads · head size */
  HEAD_DIM,
  MLP,     /* the layer's own width */
  PLE,     /* hidden_size_per_layer_input */
  ALL_PLE, /* layers · PLE */
  VOCABULARY,
  PLE_VOCABULARY,
} Dim;

typedef struct {
  const char *name;
  GemSlotKind kind;
  Dim         rows, cols;
  gsize       place;  /* offset of a KrnMat (of a float for a scalar) */
  gboolean    own_kv; /* only in layers that have their own keys and values */
} Binding;

#define MODEL(field) offsetof (GemTextWeights, field)
#define LAYER(field) offsetof (GemLayerWeights, field)

static const Binding model_bindings[] = {
    {"embed_tokens.weight", GEM_SLOT_EMBED, VOCABULARY, HIDDEN, MODEL (embed_tokens)},
    {"embed_tokens_per_layer.weight", GEM_SLOT_TABLE, PLE_VOCABULARY, ALL_PLE,
     MODEL (embed_per_layer)},
    {"per_layer_model_projection.weight", GEM_SLOT_FINE, ALL_PLE, HIDDEN,
     MODEL (per_layer_projection)},
    {"per_layer_projection_norm.weight", GEM_SLOT_NORM, ONE, PLE, MODEL (per_layer_norm)},
};

static const Binding layer_bindings[] = {
    {"input_layernorm.weight", GEM_SLOT_NORM, ONE, HIDDEN, LAYER (qkv.norm)},
    {"self_attn.q_proj.weight", GEM_SLOT_LINEAR, HEADS, HIDDEN, LAYER (qkv.wq)},
    {"self_attn.k_proj.weight", GEM_SLOT_FINE, KV_HEADS, HIDDEN, LAYER (qkv.wk), TRUE},
    {"self_attn.v_proj.weight", GEM_SLOT_FINE, KV_HEADS, HIDDEN, LAYER (qkv.wv), TRUE},
    {"self_attn.q_norm.weight", GEM_SLOT_NORM, ONE, HEAD_DIM, LAYER (qkv.q_norm)},
    {"self_attn.k_norm.weight", GEM_SLOT_NORM, ONE, HEAD_DIM, LAYER (qkv.k_norm), TRUE},
    {"self_attn.o_proj.weight", GEM_SLOT_LINEAR, HIDDEN, HEADS, LAYER (o_proj)},
    {"post_attention_layernorm.weight", GEM_SLOT_NORM, ONE, HIDDEN, LAYER (post_attention_norm)},
    {"pre_feedforward_layernorm.weight", GEM_SLOT_NORM, ONE, HIDDEN, LAYER (mlp.norm)},
    {"mlp.gate_proj.weight", GEM_SLOT_LINEAR, MLP, HIDDEN, LAYER (mlp.gate)},
    {"mlp.up_proj.weight", GEM_SLOT_LINEAR, MLP, HIDDEN, LAYER (mlp.up)},
    {"mlp.down_proj.weight", GEM_SLOT_LINEAR, HIDDEN, MLP, LAYER (mlp.down)},
    {"post_feedforward_layernorm.weight", GEM_SLOT_NORM, ONE, HIDDEN, LAYER (mlp.post_norm)},
    {"per_layer_input_gate.weight", GEM_SLOT_FINE, PLE, HIDDEN, LAYER (ple.gate)},
    {"per_layer_projection.weight", GEM_SLOT_FINE, HIDDEN, PLE, LAYER (ple.proj)},
    {"post_per_layer_input_norm.weight", GEM_SLOT_NORM, ONE, HIDDEN, LAYER (ple.post_norm)},
    {"layer_scalar", GEM_SLOT_SCALAR, ONE, ONE, LAYER (ple.scalar)},
};

static const Binding end_bindings[] = {
    {"norm.weight", GEM_SLOT_NORM, ONE, HIDDEN, MODEL (norm)},
};

/* @layer is looked at only by the sizes of a layer. */
static int
resolve (Dim dim, const GemTextConfig *c, int layer)
{
  switch (dim) {
  case ONE:
    return 1;
  case HIDDEN:
    return c->hidden_size;
  case HEADS:
    return c->num_attention_heads * gem_text_config_head_dim (c, layer);
  case KV_HEADS:
    return gem_text_config_n_kv_heads (c, layer) * gem_text_config_head_dim (c, layer);
  case HEAD_DIM:
    return gem_text_config_head_dim (c, layer);
  case MLP:
    return gem_text_config_mlp_width (c, layer);
  case PLE:
    return c->hidden_size_per_layer_input;
  case ALL_PLE:
    return c->num_hidden_layers * c->hidden_size_per_layer_input;
  case VOCABULARY:
    return c->vocab_size;
  case PLE_VOCABULARY:
    return c->vocab_size_per_layer_input;
  }
  g_assert_not_reached ();
}

static void
add_slot (GArray *slots, const Binding *b, const GemTextConfig *c, int layer, gpointer base)
{
  GemWeightSlot slot = {
      .kind = b->kind,
      .rows = resolve (b->rows, c, MAX (layer, 0)),
      .cols = resolve (b->cols, c, MAX (layer, 0)),
  };

  if (layer < 0)
    g_strlcpy (slot.name, b->name, sizeof slot.name);
  else
    g_snprintf (slot.name, sizeof slot.name, "layers.%d.%s", layer, b->name);
  if (b->kind == GEM_SLOT_SCALAR)
    slot.scalar = (float *)((char *)base + b->place);
  else
    slot.mat = (KrnMat *)((char *)base + b->place);
  g_array_append_val (slots, slot);
}

GArray *
gem_text_weights_init (GemTextWeights *self, const GemTextConfig *c)
{
  GArray       *slots = g_array_new (FALSE, FALSE, sizeof (GemWeightSlot));
  GemWeightSlot head = {
      .kind = GEM_SLOT_HEAD,
      .rows = c->vocab_size,
      .cols = c->hidden_size,
      .mat = &self->head,
  };

  memset (self, 0, sizeof *self);
  for (gsize i = 0; i < G_N_ELEMENTS (model_bindings); i++)
    add_slot (slots, &model_bindings[i], c, -1, self);
  for (int layer = 0; layer < c->num_hidden_layers; layer++) {
    GemLayerWeights *l = &self->layers[layer];

    l->qkv.head_dim = gem_text_config_head_dim (c, layer);
    l->qkv.eps = l->mlp.eps = l->ple.eps = c->rms_norm_eps;
    for (gsize i = 0; i < G_N_ELEMENTS (layer_bindings); i++)
      if (layer < c->first_shared || !layer_bindings[i].own_kv)
        add_slot (slots, &layer_bindings[i], c, layer, l);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (end_bindings); i++)
    add_slot (slots, &end_bindings[i], c, -1, self);
  g_strlcpy (head.name, c->tie_word_embeddings ? "embed_tokens.weight" : "lm_head.weight",
             sizeof head.name);
  g_array_append_val (slots, head);
  return slots;
}

void
gem_weight_slots_add_mat (GArray     *slots,
                          const char *name,
                          GemSlotKind kind,
                          int         rows,
                          int         cols,
                          KrnMat     *mat)
{
  GemWeightSlot slot = {.kind = kind, .rows = rows, .cols = cols, .mat = mat};

  g_strlcpy (slot.name, name, sizeof slot.name);
  g_array_append_val (slots, slot);
}

void
gem_weight_slots_add_scalar (GArray *slots, const char *name, float *scalar)
{
  GemWeightSlot slot = {.kind = GEM_SLOT_SCALAR, .rows = 1, .cols = 1, .scalar = scalar};

  g_strlcpy (slot.name, name, sizeof slot.name);
  g_array_append_val (slots, slot);
}

gboolean
gem_weight_slot_is_matrix (const GemWeightSlot *self)
{
  return self->kind == GEM_SLOT_LINEAR || self->kind == GEM_SLOT_FINE ||
         self->kind == GEM_SLOT_HEAD;
}

/* Norms and gathered tables stay as stored.  What every token's logits, keys, values and per-layer
 * inputs come from keeps 8 bits where the large matrices have 4: in a model of the published shape
 * a fiftieth more to read, and a quarter less error. */
KrnType
gem_weight_slot_get_type (const GemWeightSlot *self, GemWeights weights)
{
  gboolean fine = self->kind == GEM_SLOT_FINE || self->kind == GEM_SLOT_HEAD;

  if (weights == GEM_WEIGHTS_BF16 || !gem_weight_slot_is_matrix (self))
    return KRN_BF16;
  return fine || weights == GEM_WEIGHTS_Q8 ? KRN_Q8 : KRN_Q4;
}

/* The exponent's denominator is the whole head even where only a part of it turns; the pairs that
 * do not turn have frequency 0 and so pass unchanged. */
void
gem_text_config_rope_frequencies (const GemTextConfig *c, GemLayerType type, float *f)
{
  gboolean full = type == GEM_LAYER_FULL;
  int      head_dim = full ? c->global_head_dim : c->head_dim;
  double   theta = full ? c->rope_theta_full : c->rope_theta_sliding;
  double   part = full ? c->partial_rotary_factor_full : 1;
  int      turning = (int)(part * head_dim) / 2;

  for (int i = 0; i < head_dim / 2; i++)
    f[i] = i < turning ? (float)pow (theta, -2.0 * i / head_dim) : 0;
}

static gboolean
bind_rope (KrnMat              *view,
           const GemTextConfig *c,
           GemLayerType         type,
           GemBackend          *backend,
           GError             **error)
{
  int               n = (type == GEM_LAYER_FULL ? c->global_head_dim : c->head_dim) / 2;
  g_autofree float *f = g_new (float, n);

  gem_text_config_rope_frequencies (c, type, f);
  *view = (KrnMat){.type = KRN_F32, .rows = 1, .cols = n};
  view->buf = gem_backend_store (backend, f, sizeof *f * (gsize)n, "the rotary frequencies", error);
  return view->buf != NULL;
}

gboolean
gem_text_weights_bind_rope (GemTextWeights      *self,
                            const GemTextConfig *c,
                            GemBackend          *backend,
                            GError             **error)
{
  return bind_rope (&self->rope_sliding, c, GEM_LAYER_SLIDING, backend, error) &&
         bind_rope (&self->rope_full, c, GEM_LAYER_FULL, backend, error);
}
