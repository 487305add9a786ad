/* gem-cost.c: counts operations from the shape of a model.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Follows gem-decoder.c, gem-vision.c and gem-audio.c: what is added there is counted here.  Any
 * thread. */
#define G_LOG_DOMAIN "gem"

#include "gem-cost.h"

#include "gem-audio.h"
#include "gem-image.h"

/* Two operations for each weight that a row meets. */
static double
matrix_flops (double n_rows, double n_in, double n_out)
{
  return 2.0 * n_rows * n_in * n_out;
}

/* How many keys the queries [first, n) see together. */
static double
visible_keys (guint first, guint n, guint window)
{
  double sum = 0.0;

  for (guint i = first; i < n; i++)
    sum += window > 0 ? MIN (i + 1, window) : i + 1;
  return sum;
}

static double
key_value_flops (const GemTextConfig *c, int layer, double n_rows)
{
  gint32 width = gem_text_config_n_kv_heads (c, layer) * gem_text_config_head_dim (c, layer);

  return 2.0 * matrix_flops (n_rows, c->hidden_size, width);
}

/* Rows [first, n) through one layer, without its keys and values. */
static double
layer_flops (const GemTextConfig *c, int layer, guint first, guint n)
{
  double rows = n - first;
  double heads = (double)c->num_attention_heads * gem_text_config_head_dim (c, layer);
  guint  window = c->layer_types[layer] == GEM_LAYER_SLIDING ? (guint)c->sliding_window : 0;
  double projections = 2.0 * matrix_flops (rows, c->hidden_size, heads);
  double attention = 4.0 * heads * visible_keys (first, n, window);
  double mlp = 3.0 * matrix_flops (rows, c->hidden_size, gem_text_config_mlp_width (c, layer));
  double per_layer = 3.0 * matrix_flops (rows, c->hidden_size, c->hidden_size_per_layer_input);

  return projections + attention + mlp +
         per_layer; /* per_layer: its input's projection, gate and output */
}

double
gem_cost_prefill_flops (const GemTextConfig *c, guint n_tokens, gboolean shortcut)
{
  double flops = matrix_flops (1, c->hidden_size, c->vocab_size);

  for (int l = 0; l < c->num_hidden_layers; l++) {
    guint first = shortcut && l >= c->first_shared - 1 ? n_tokens - 1 : 0;

    flops += layer_flops (c, l, first, n_tokens);
    if (l < c->first_shared)
      flops += key_value_flops (c, l, n_tokens);
  }
  return flops;
}

double
gem_cost_vision_flops (const GemConfig *config, guint n_patches)
{
  const GemVisionConfig *c = &config->vision;
  double                 n = n_patches, wide = (double)c->num_attention_heads * c->head_dim;
  double                 layer = 4 * matrix_flops (n, c->hidden_size, wide) +
                 3 * matrix_flops (n, c->hidden_size, c->intermediate_size) + 4 * n * n * wide;

  return matrix_flops (n, GEM_IMAGE_PATCH_LENGTH, c->hidden_size) + c->num_hidden_layers * layer +
         matrix_flops (n / 9, c->hidden_size, config->text.hidden_size);
}

double
gem_cost_audio_flops (const GemConfig *config, guint n_frames)
{
  const GemAudioConfig *c = &config->audio;
  double n = gem_audio_count_soft_tokens (n_frames), half = (n_frames + 1) / 2, d = c->hidden_size;
  double c0 = c->subsampling_conv_channels[0], c1 = c->subsampling_conv_channels[1];
  double bands = GEM_MEL_BANDS;
  double front = matrix_flops (half * bands / 2, 9, c0) + matrix_flops (n * bands / 4, 9 * c0, c1) +
                 matrix_flops (n, bands / 4 * c1, d);
  /* two feed-forwards, four projections, the convolution's two; the band of keys and distances */
  double layer = matrix_flops (n, d, 16 * d) + matrix_flops (n, d, 4 * d) +
                 matrix_flops (n, d, 3 * d) + 6 * n * c->reach * d + matrix_flops (c->reach, d, d) +
                 matrix_flops (n, c->conv_kernel_size, d);

  return front + c->num_hidden_layers * layer + matrix_flops (n, d, c->output_proj_dims) +
         matrix_flops (n, c->output_proj_dims, config->text.hidden_size);
}
