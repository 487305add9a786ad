/* gem-gguf-names.c: what GGUF files of Gemma 4 call the tensors, as tables.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "gem"

#include "gem-gguf-names.h"

#include <string.h>

typedef struct {
  const char *ours, *theirs;
} Name;

static const Name decoder[] = {
    {"embed_tokens.weight", "token_embd.weight"},
    {"embed_tokens_per_layer.weight", "per_layer_token_embd.weight"},
    {"per_layer_model_projection.weight", "per_layer_model_proj.weight"},
    {"per_layer_projection_norm.weight", "per_layer_proj_norm.weight"},
    {"norm.weight", "output_norm.weight"},
};

static const Name decoder_layer[] = {
    {"input_layernorm.weight", "attn_norm.weight"},
    {"self_attn.q_proj.weight", "attn_q.weight"},
    {"self_attn.k_proj.weight", "attn_k.weight"},
    {"self_attn.v_proj.weight", "attn_v.weight"},
    {"self_attn.q_norm.weight", "attn_q_norm.weight"},
    {"self_attn.k_norm.weight", "attn_k_norm.weight"},
    {"self_attn.o_proj.weight", "attn_output.weight"},
    {"post_attention_layernorm.weight", "post_attention_norm.weight"},
    {"pre_feedforward_layernorm.weight", "ffn_norm.weight"},
    {"mlp.gate_proj.weight", "ffn_gate.weight"},
    {"mlp.up_proj.weight", "ffn_up.weight"},
    {"mlp.down_proj.weight", "ffn_down.weight"},
    {"post_feedforward_layernorm.weight", "post_ffw_norm.weight"},
    {"per_layer_input_gate.weight", "inp_gate.weight"},
    {"per_layer_projection.weight", "proj.weight"},
    {"post_per_layer_input_norm.weight", "post_norm.weight"},
    {"layer_scalar", "layer_output_scale.weight"},
};

static const Name whole[] = {
    {"lm_head.weight", "output.weight"},
};

static const Name encoders[] = {
    {"vision_tower.patch_embedder.input_proj.weight", "v.patch_embd.weight"},
    {"vision_tower.patch_embedder.position_embedding_table", "v.position_embd.weight"},
    {"embed_vision.embedding_projection.weight", "mm.input_projection.weight"},
    {"audio_tower.subsample_conv_projection.layer0.conv.weight", "a.conv1d.0.weight"},
    {"audio_tower.subsample_conv_projection.layer0.norm.weight", "a.conv1d.0.norm.weight"},
    {"audio_tower.subsample_conv_projection.layer1.conv.weight", "a.conv1d.1.weight"},
    {"audio_tower.subsample_conv_projection.layer1.norm.weight", "a.conv1d.1.norm.weight"},
    {"audio_tower.subsample_conv_projection.input_proj_linear.weight", "a.input_projection.weight"},
    {"audio_tower.output_proj.weight", "a.pre_encode.out.weight"},
    {"audio_tower.output_proj.bias", "a.pre_encode.out.bias"},
    {"embed_audio.embedding_projection.weight", "mm.a.input_projection.weight"},
};

static const Name vision_layer[] = {
    {"input_layernorm.weight", "ln1.weight"},
    {"self_attn.q_norm.weight", "attn_q_norm.weight"},
    {"self_attn.k_norm.weight", "attn_k_norm.weight"},
    {"post_attention_layernorm.weight", "attn_post_norm.weight"},
    {"pre_feedforward_layernorm.weight", "ln2.weight"},
    {"post_feedforward_layernorm.weight", "ffn_post_norm.weight"},
};

/* Layers with bounds: "X.linear.weight" and "X.input_min" become "Y.weight" and "Y.input_min". */
static const Name vision_linears[] = {
    {"self_attn.q_proj", "attn_q"}, {"self_attn.k_proj", "attn_k"},
    {"self_attn.v_proj", "attn_v"}, {"self_attn.o_proj", "attn_out"},
    {"mlp.gate_proj", "ffn_gate"},  {"mlp.up_proj", "ffn_up"},
    {"mlp.down_proj", "ffn_down"},
};

static const Name audio_layer[] = {
    {"feed_forward1.pre_layer_norm.weight", "ffn_norm.weight"},
    {"feed_forward1.post_layer_norm.weight", "ffn_post_norm.weight"},
    {"norm_pre_attn.weight", "attn_pre_norm.weight"},
    {"self_attn.per_dim_scale", "per_dim_scale.weight"},
    {"self_attn.relative_k_proj.weight", "attn_k_rel.weight"},
    {"norm_post_attn.weight", "attn_post_norm.weight"},
    {"lconv1d.pre_layer_norm.weight", "conv_norm.weight"},
    {"lconv1d.depthwise_conv1d.weight", "conv_dw.weight"},
    {"lconv1d.conv_norm.weight", "norm_conv.weight"},
    {"feed_forward2.pre_layer_norm.weight", "ffn_norm_1.weight"},
    {"feed_forward2.post_layer_norm.weight", "ffn_post_norm_1.weight"},
    {"norm_out.weight", "ln2.weight"},
};

static const Name audio_linears[] = {
    {"feed_forward1.ffw_layer_1", "ffn_up"},
    {"feed_forward1.ffw_layer_2", "ffn_down"},
    {"self_attn.q_proj", "attn_q"},
    {"self_attn.k_proj", "attn_k"},
    {"self_attn.v_proj", "attn_v"},
    {"self_attn.post", "attn_out"},
    {"lconv1d.linear_start", "conv_pw1"},
    {"lconv1d.linear_end", "conv_pw2"},
    {"feed_forward2.ffw_layer_1", "ffn_up_1"},
    {"feed_forward2.ffw_layer_2", "ffn_down_1"},
};

/* Numbered layers of one part. */
typedef struct {
  const char *ours, *theirs; /* in front of the number */
  const Name *names, *linears;
  gsize       n_names, n_linears;
} Layers;

static const Layers decoder_layers =
    {"layers.", "blk.", decoder_layer, NULL, G_N_ELEMENTS (decoder_layer), 0};
static const Layers vision_layers = {"vision_tower.encoder.layers.",
                                     "v.blk.",
                                     vision_layer,
                                     vision_linears,
                                     G_N_ELEMENTS (vision_layer),
                                     G_N_ELEMENTS (vision_linears)};
static const Layers audio_layers = {"audio_tower.layers.",
                                    "a.blk.",
                                    audio_layer,
                                    audio_linears,
                                    G_N_ELEMENTS (audio_layer),
                                    G_N_ELEMENTS (audio_linears)};

static const char *
look_up (const Name *names, gsize n, const char *name)
{
  for (gsize i = 0; i < n; i++)
    if (g_str_equal (names[i].ours, name))
      return names[i].theirs;
  return NULL;
}

/* @rest: behind the number. */
static char *
name_linear (const Layers *layers, const char *number, const char *rest)
{
  for (gsize i = 0; i < layers->n_linears; i++) {
    gsize length = strlen (layers->linears[i].ours);

    if (strncmp (rest, layers->linears[i].ours, length) != 0 || rest[length] != '.')
      continue;
    rest += length;
    if (g_str_equal (rest, ".linear.weight"))
      rest = ".weight";
    return g_strconcat (layers->theirs, number, ".", layers->linears[i].theirs, rest, NULL);
  }
  return NULL;
}

/* NULL: it is none of these layers'. */
static char *
name_in_layer (const Layers *layers, const char *name)
{
  g_autofree char *number = NULL;
  const char      *rest, *theirs;

  if (!g_str_has_prefix (name, layers->ours))
    return NULL;
  name += strlen (layers->ours);
  rest = strchr (name, '.');
  if (rest == NULL)
    return NULL;
  number = g_strndup (name, (gsize)(rest - name));
  theirs = look_up (layers->names, layers->n_names, rest + 1);
  if (theirs != NULL)
    return g_strconcat (layers->theirs, number, ".", theirs, NULL);
  return name_linear (layers, number, rest + 1);
}

static char *
name_in_encoders (const char *name)
{
  const char *theirs = look_up (encoders, G_N_ELEMENTS (encoders), name);
  char       *in_layer;

  if (theirs != NULL)
    return g_strdup (theirs);
  in_layer = name_in_layer (&vision_layers, name);
  return in_layer != NULL ? in_layer : name_in_layer (&audio_layers, name);
}

char *
gem_gguf_tensor_name (GemSourcePart part, const char *name)
{
  const char *theirs;

  switch (part) {
  case GEM_SOURCE_DECODER:
    theirs = look_up (decoder, G_N_ELEMENTS (decoder), name);
    return theirs != NULL ? g_strdup (theirs) : name_in_layer (&decoder_layers, name);
  case GEM_SOURCE_ENCODERS:
    return name_in_encoders (name);
  default:
    return g_strdup (look_up (whole, G_N_ELEMENTS (whole), name));
  }
}
