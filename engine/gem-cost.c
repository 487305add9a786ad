/* gem-cost.c: counts operations and bytes from the shape of a model.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Follows gem-decoder.c: what is added there is counted here.  Any thread. */
#define G_LOG_DOMAIN "gem"

#include "gem-cost.h"

#include "kernels/krn-quant.h"

/* ---- operations ---- */

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

/* ---- bytes ---- */

static guint64
mat_bytes (KrnMat m)
{
  if (m.buf == NULL)
    return 0;
  if (m.type == KRN_Q8 || m.type == KRN_Q4)
    return krn_quant_bytes (m.type, m.rows, m.cols);
  return (guint64)m.rows * (guint64)m.cols * (m.type == KRN_BF16 ? 2 : 4);
}

static guint64
layer_bytes (const GemLayerWeights *w)
{
  const KrnMat mats[] = {w->qkv.norm,      w->qkv.wq,     w->qkv.wk,   w->qkv.wv,
                         w->qkv.q_norm,    w->qkv.k_norm, w->o_proj,   w->post_attention_norm,
                         w->mlp.norm,      w->mlp.gate,   w->mlp.up,   w->mlp.down,
                         w->mlp.post_norm, w->ple.gate,   w->ple.proj, w->ple.post_norm};
  guint64      bytes = 0;

  for (guint i = 0; i < G_N_ELEMENTS (mats); i++)
    bytes += mat_bytes (mats[i]);
  return bytes;
}

guint64
gem_cost_step_weight_bytes (const GemTextConfig *c, const GemTextWeights *w)
{
  guint64 bytes = mat_bytes (w->per_layer_projection) + mat_bytes (w->per_layer_norm) +
                  mat_bytes (w->norm) + mat_bytes (w->head);

  for (int l = 0; l < c->num_hidden_layers; l++)
    bytes += layer_bytes (&w->layers[l]);
  return bytes;
}
