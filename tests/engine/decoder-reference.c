/* decoder-reference.c: the equations of Gemma 4's text decoder, one loop each.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "decoder-reference.h"

#include <math.h>
#include <string.h>

typedef struct {
  GemSafetensors      *files;
  const GemTextConfig *c;
  int                  n;                                /* tokens */
  double *keys[GEM_MAX_LAYERS], *values[GEM_MAX_LAYERS]; /* (n, kv·hd) of layers with their own */
} Reference;

/* A tensor as doubles.  (transfer full) */
static double *tensor (Reference *r, const char *format, ...) G_GNUC_PRINTF (2, 3);

static double *
tensor (Reference *r, const char *format, ...)
{
  g_autofree char *name = NULL, *full = NULL;
  const GemTensor *t;
  const guint16   *bf16;
  double          *x;
  va_list          args;

  va_start (args, format);
  name = g_strdup_vprintf (format, args);
  va_end (args);
  full = g_strconcat ("model.language_model.", name, NULL);
  t = gem_safetensors_find (r->files, full);
  g_assert_nonnull (t);
  g_assert_cmpint (t->dtype, ==, GEM_DTYPE_BF16);
  bf16 = (const guint16 *)(gconstpointer)t->data;
  x = g_new (double, t->n_bytes / 2);
  for (gsize i = 0; i < t->n_bytes / 2; i++) {
    guint32 bits = (guint32)bf16[i] << 16;
    float   f;

    memcpy (&f, &bits, sizeof f);
    x[i] = f;
  }
  return x;
}

/* y = x · (mean (x²) + eps)^−½ · w; w NULL: no weight. */
static void
rms (double *y, const double *x, const double *w, int n, double eps)
{
  double sum = 0.0, factor;

  for (int i = 0; i < n; i++)
    sum += x[i] * x[i];
  factor = 1.0 / sqrt (sum / n + eps);
  for (int i = 0; i < n; i++)
    y[i] = x[i] * factor * (w != NULL ? w[i] : 1.0);
}

/* y (n_rows, out) = x (n_rows, in) · wᵀ */
static double *
linear (const double *x, const double *w, int n_rows, int in, int out)
{
  double *y = g_new (double, (gsize)n_rows *(gsize)out);

  for (int r = 0; r < n_rows; r++)
    for (int o = 0; o < out; o++) {
      double sum = 0.0;

      for (int i = 0; i < in; i++)
        sum += x[r * in + i] * w[(gsize)o * (gsize)in + (gsize)i];
      y[r * out + o] = sum;
    }
  return y;
}

static double
gelu (double x)
{
  return 0.5 * x * (1.0 + tanh (sqrt (2.0 / G_PI) * (x + 0.044715 * x * x * x)));
}

/* Pairs (i, i + hd/2) turn by position · f_i. */
static void
rope (const GemTextConfig *c, gboolean full, double *x, int position, int hd)
{
  int    turning = full ? (int)(c->partial_rotary_factor_full * hd) / 2 : hd / 2;
  double theta = full ? c->rope_theta_full : c->rope_theta_sliding;

  for (int i = 0; i < turning; i++) {
    double angle = position * pow (theta, -2.0 * i / hd);
    double a = x[i], b = x[i + hd / 2];

    x[i] = a * cos (angle) - b * sin (angle);
    x[i + hd / 2] = b * cos (angle) + a * sin (angle);
  }
}

/* Every head of every row: norm, then rotation where @turn. */
static void
finish_heads (Reference    *r,
              double       *x,
              const double *w,
              int           n_heads,
              int           hd,
              gboolean      full,
              gboolean      turn)
{
  for (int t = 0; t < r->n; t++)
    for (int head = 0; head < n_heads; head++) {
      double *h = x + (t * n_heads + head) * hd;

      rms (h, h, w, hd, r->c->rms_norm_eps);
      if (turn)
        rope (r->c, full, h, t, hd);
    }
}

/* One query over the keys that it sees. */
static void
attend (double       *o,
        const double *q,
        const double *keys,
        const double *values,
        int           position,
        int           first,
        int           stride,
        int           hd)
{
  g_autofree double *p = g_new (double, position + 1);
  double             largest = -INFINITY, sum = 0.0;

  for (int j = first; j <= position; j++) {
    p[j] = 0.0;
    for (int i = 0; i < hd; i++)
      p[j] += q[i] * keys[j * stride + i];
    largest = MAX (largest, p[j]);
  }
  for (int j = first; j <= position; j++)
    sum += p[j] = exp (p[j] - largest);
  for (int i = 0; i < hd; i++) {
    o[i] = 0.0;
    for (int j = first; j <= position; j++)
      o[i] += p[j] / sum * values[j * stride + i];
  }
}

/* The layer whose keys are read: the last with its own and the same type. */
static int
source_of (const GemTextConfig *c, int layer)
{
  int own = c->num_hidden_layers - c->num_kv_shared_layers, source = layer;

  if (layer >= own)
    for (source = own - 1; c->layer_types[source] != c->layer_types[layer]; source--)
      g_assert_cmpint (source, >, 0);
  return source;
}

/* x = x + rms_w (y) */
static void
add_normed (Reference *r, double *x, const double *y, const double *w)
{
  int                H = r->c->hidden_size;
  g_autofree double *normed = g_new (double, H);

  for (int t = 0; t < r->n; t++) {
    rms (normed, y + t * H, w, H, r->c->rms_norm_eps);
    for (int i = 0; i < H; i++)
      x[t * H + i] += normed[i];
  }
}

static double *
normed_rows (Reference *r, const double *x, const double *w)
{
  int     H = r->c->hidden_size;
  double *y = g_new (double, r->n *H);

  for (int t = 0; t < r->n; t++)
    rms (y + t * H, x + t * H, w, H, r->c->rms_norm_eps);
  return y;
}

static void
attention (Reference *r, int l, double *x)
{
  const GemTextConfig *c = r->c;
  gboolean             full = c->layer_types[l] == GEM_LAYER_FULL;
  int                  hd = full ? c->global_head_dim : c->head_dim, heads = c->num_attention_heads;
  int kv = full ? c->num_global_key_value_heads : c->num_key_value_heads, source = source_of (c, l);
  g_autofree double *w_in = tensor (r, "layers.%d.input_layernorm.weight", l);
  g_autofree double *w_q = tensor (r, "layers.%d.self_attn.q_proj.weight", l);
  g_autofree double *w_qn = tensor (r, "layers.%d.self_attn.q_norm.weight", l);
  g_autofree double *w_o = tensor (r, "layers.%d.self_attn.o_proj.weight", l);
  g_autofree double *w_post = tensor (r, "layers.%d.post_attention_layernorm.weight", l);
  g_autofree double *a = normed_rows (r, x, w_in);
  g_autofree double *q = linear (a, w_q, r->n, c->hidden_size, heads * hd);
  g_autofree double *o = g_new (double, r->n *heads *hd), *y = NULL;

  finish_heads (r, q, w_qn, heads, hd, full, TRUE);
  if (source == l) {
    g_autofree double *w_k = tensor (r, "layers.%d.self_attn.k_proj.weight", l);
    g_autofree double *w_v = tensor (r, "layers.%d.self_attn.v_proj.weight", l);
    g_autofree double *w_kn = tensor (r, "layers.%d.self_attn.k_norm.weight", l);

    r->keys[l] = linear (a, w_k, r->n, c->hidden_size, kv * hd);
    r->values[l] = linear (a, w_v, r->n, c->hidden_size, kv * hd);
    finish_heads (r, r->keys[l], w_kn, kv, hd, full, TRUE);
    finish_heads (r, r->values[l], NULL, kv, hd, full, FALSE);
  }
  for (int t = 0; t < r->n; t++)
    for (int head = 0; head < heads; head++) {
      int at = head / (heads / kv) * hd, first = full ? 0 : MAX (0, t + 1 - c->sliding_window);

      attend (o + (t * heads + head) * hd, q + (t * heads + head) * hd, r->keys[source] + at,
              r->values[source] + at, t, first, kv * hd, hd);
    }
  y = linear (o, w_o, r->n, heads * hd, c->hidden_size);
  add_normed (r, x, y, w_post);
}

static void
mlp (Reference *r, int l, double *x)
{
  const GemTextConfig *c = r->c;
  gboolean wide = c->use_double_wide_mlp && l >= c->num_hidden_layers - c->num_kv_shared_layers;
  int      I = c->intermediate_size * (wide ? 2 : 1);
  g_autofree double *w_in = tensor (r, "layers.%d.pre_feedforward_layernorm.weight", l);
  g_autofree double *w_gate = tensor (r, "layers.%d.mlp.gate_proj.weight", l);
  g_autofree double *w_up = tensor (r, "layers.%d.mlp.up_proj.weight", l);
  g_autofree double *w_down = tensor (r, "layers.%d.mlp.down_proj.weight", l);
  g_autofree double *w_post = tensor (r, "layers.%d.post_feedforward_layernorm.weight", l);
  g_autofree double *f = normed_rows (r, x, w_in);
  g_autofree double *g = linear (f, w_gate, r->n, c->hidden_size, I);
  g_autofree double *u = linear (f, w_up, r->n, c->hidden_size, I), *y = NULL;

  for (int i = 0; i < r->n * I; i++)
    g[i] = gelu (g[i]) * u[i];
  y = linear (g, w_down, r->n, I, c->hidden_size);
  add_normed (r, x, y, w_post);
}

/* @p (n, L, P) */
static void
per_layer (Reference *r, int l, double *x, const double *p)
{
  const GemTextConfig *c = r->c;
  int                  P = c->hidden_size_per_layer_input, L = c->num_hidden_layers;
  g_autofree double   *w_gate = tensor (r, "layers.%d.per_layer_input_gate.weight", l);
  g_autofree double   *w_proj = tensor (r, "layers.%d.per_layer_projection.weight", l);
  g_autofree double   *w_post = tensor (r, "layers.%d.post_per_layer_input_norm.weight", l);
  g_autofree double   *scalar = tensor (r, "layers.%d.layer_scalar", l);
  g_autofree double   *g = linear (x, w_gate, r->n, c->hidden_size, P), *y = NULL;

  for (int t = 0; t < r->n; t++)
    for (int i = 0; i < P; i++)
      g[t * P + i] = gelu (g[t * P + i]) * p[(t * L + l) * P + i];
  y = linear (g, w_proj, r->n, P, c->hidden_size);
  add_normed (r, x, y, w_post);
  for (int i = 0; i < r->n * c->hidden_size; i++)
    x[i] *= scalar[0];
}

static double *
per_layer_inputs (Reference *r, const double *x, const gint32 *ids)
{
  const GemTextConfig *c = r->c;
  int                  P = c->hidden_size_per_layer_input, L = c->num_hidden_layers;
  g_autofree double   *table = tensor (r, "embed_tokens_per_layer.weight");
  g_autofree double   *w = tensor (r, "per_layer_model_projection.weight");
  g_autofree double   *w_norm = tensor (r, "per_layer_projection_norm.weight");
  double              *p = linear (x, w, r->n, c->hidden_size, L * P);

  for (int i = 0; i < r->n * L * P; i++)
    p[i] /= sqrt (c->hidden_size);
  for (int t = 0; t < r->n; t++)
    for (int l = 0; l < L; l++) {
      double *slice = p + (t * L + l) * P;

      rms (slice, slice, w_norm, P, c->rms_norm_eps);
      for (int i = 0; i < P; i++)
        slice[i] = (slice[i] +
                    table[((gsize)ids[t] * (gsize)L + (gsize)l) * (gsize)P + (gsize)i] * sqrt (P)) /
                   sqrt (2.0);
    }
  return p;
}

float *
reference_logits (GemSafetensors *files, const GemTextConfig *c, const gint32 *ids, int n)
{
  Reference          r = {.files = files, .c = c, .n = n};
  g_autofree double *embedding = tensor (&r, "embed_tokens.weight");
  g_autofree double *w_norm = tensor (&r, "norm.weight");
  g_autofree double *x = g_new (double, n * c->hidden_size), *p = NULL, *h = NULL, *z = NULL;
  float             *logits = g_new (float, (gsize)n *(gsize)c->vocab_size);

  for (int t = 0; t < n; t++)
    for (int i = 0; i < c->hidden_size; i++)
      x[t * c->hidden_size + i] = embedding[ids[t] * c->hidden_size + i] * sqrt (c->hidden_size);
  p = per_layer_inputs (&r, x, ids);
  for (int l = 0; l < c->num_hidden_layers; l++) {
    attention (&r, l, x);
    mlp (&r, l, x);
    per_layer (&r, l, x, p);
  }
  h = normed_rows (&r, x, w_norm);
  z = linear (h, embedding, n, c->hidden_size, c->vocab_size);
  for (int i = 0; i < n * c->vocab_size; i++)
    logits[i] = (float)(c->final_logit_softcapping > 0
                            ? c->final_logit_softcapping * tanh (z[i] / c->final_logit_softcapping)
                            : z[i]);
  for (int l = 0; l < c->num_hidden_layers; l++) {
    g_free (r.keys[l]);
    g_free (r.values[l]);
  }
  return logits;
}
