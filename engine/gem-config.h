/* gem-config.h: the shape of a model, read from config.json and generation_config.json and checked.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Plain data, immutable after reading.  Every number is bounded before use, so that products of two of them
 * fit in 64 bits and a lying file cannot make anyone allocate without limit. */
#pragma once

#include "gem-error.h"

G_BEGIN_DECLS

#define GEM_MAX_LAYERS     128
#define GEM_MAX_STOP_IDS   8
#define GEM_MAX_POSITIONS  (1 << 20)

typedef enum {
  GEM_LAYER_SLIDING,
  GEM_LAYER_FULL,
} GemLayerType;

/* text_config; names as in the file. */
typedef struct {
  int           num_hidden_layers;
  int           hidden_size;
  int           intermediate_size; /* of layers below first_shared */
  gboolean      use_double_wide_mlp; /* shared layers: 2 × intermediate_size */
  int           num_attention_heads;
  int           num_key_value_heads;        /* sliding layers */
  int           num_global_key_value_heads; /* full layers */
  int           head_dim;        /* sliding */
  int           global_head_dim; /* full */
  GemLayerType  layer_types[GEM_MAX_LAYERS];
  int           sliding_window;
  int           num_kv_shared_layers;
  int           first_shared;   /* num_hidden_layers − num_kv_shared_layers */
  int           hidden_size_per_layer_input;
  int           vocab_size;
  int           vocab_size_per_layer_input;
  int           max_position_embeddings;
  float         rms_norm_eps;
  double        rope_theta_sliding, rope_theta_full;
  double        partial_rotary_factor_full;
  float         final_logit_softcapping; /* 0: none */
  int           pad_token_id, bos_token_id;
  gboolean      tie_word_embeddings; /* the output head is embed_tokens */
} GemTextConfig;

/* vision_config. */
typedef struct {
  int    num_hidden_layers;
  int    hidden_size;
  int    intermediate_size;
  int    num_attention_heads;     /* head_dim of each; as many for keys and values */
  int    head_dim;                /* a multiple of 4: half of it turns with x, half with y */
  int    pooling_kernel_size;     /* a soft token is the mean of a square of so many patches a side */
  int    position_embedding_size; /* columns, and lines, that a picture may have */
  float  rms_norm_eps;
  double rope_theta;
} GemVisionConfig;

/* audio_config. */
typedef struct {
  int   num_hidden_layers;
  int   hidden_size;
  int   num_attention_heads;
  int   output_proj_dims;
  int   conv_kernel_size;
  int   subsampling_conv_channels[2];
  int   reach;             /* a step attends to itself and the reach − 1 steps before it */
  int   n_distances;       /* rows of the relative positions, from 0 on */
  float attention_logit_cap;
  float residual_weight;
  float rms_norm_eps;
} GemAudioConfig;

typedef struct {
  GemTextConfig   text;
  gboolean        has_vision, has_audio;
  GemVisionConfig vision; /* if has_vision */
  GemAudioConfig  audio;  /* if has_audio */
  int           image_token_id, audio_token_id, video_token_id; /* −1: none */
  int           boi_token_id, eoi_token_id, boa_token_id, eoa_token_id;
  /* generation_config.json (or config.json) */
  int           stop_ids[GEM_MAX_STOP_IDS];
  int           n_stop_ids;
  gboolean      do_sample;
  double        temperature, top_p;
  int           top_k;
} GemConfig;

/* A drafter's config.json: a small decoder that reads the keys and values of the model it was made
 * for. */
typedef struct {
  GemTextConfig text; /* no per-layer inputs, no keys and values of its own */
  int           backbone_hidden_size; /* of that model */
  int           num_centroids;
  int           centroid_intermediate_top_k;
} GemDrafterConfig;

/* @config_json and @generation_json: the files' texts; the second may be NULL.  @name goes into messages.  Another
 * architecture gets GEM_ERROR_UNSUPPORTED with a sentence that says which it is and what Facet runs. */
gboolean gem_config_parse (GemConfig *self, const char *config_json, gsize config_length, const char *generation_json, gsize generation_length, const char *name, GError **error);
/* The same for a drafter. */
gboolean gem_config_parse_drafter (GemDrafterConfig *self, const char *config_json, gsize config_length, const char *name, GError **error);
/* The published shapes "e2b" and "e4b". */
gboolean gem_config_init_published (GemConfig *self, const char *shape);

/* The layer whose keys and values layer @layer reads: itself, or the last own layer of the same type. */
int gem_text_config_kv_source (const GemTextConfig *self, int layer);
int gem_text_config_head_dim (const GemTextConfig *self, int layer);
int gem_text_config_n_kv_heads (const GemTextConfig *self, int layer);
int gem_text_config_mlp_width (const GemTextConfig *self, int layer);

G_END_DECLS
