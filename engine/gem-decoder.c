/* gem-decoder.c: the text decoder, written like its equations.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Symbols as in the header; § are those of docs/model/gemma4-text.md.  One function per group of
 * equations, in the order in which they are evaluated; the shape of what a line computes stands at
 * the right.  Nothing here allocates, logs
 * or asks which backend computes; tap () is a test of a pointer unless a trace is being taken.
 * Which tokens to evaluate, and what of them to keep, is gem-session.c's business.  Engine thread
 * only. */
#define G_LOG_DOMAIN "gem"

#include "gem-decoder.h"

#include <math.h>

/* Queries and keys are normalised, and the weights of those norms carry the scale. */
#define ATTENTION_SCALE 1.0f

/* The rows that a pass still computes. */
typedef struct {
  guint                 n;
  KrnMat                h;                   /* (n, H) */
  KrnMat                p;                   /* (n, L·P) */
  KrnMat                cs_sliding, cs_full; /* (n, hd) */
  KrnSpan              *spans;
  const GemDecoderSpan *sources; /* whose caches the spans use */
  guint                 n_spans;
} Pass;

static const KrnMat absent;

/* ---- views ----------------------------------------------------------------------------------- */

/* The first @n columns; every row stays where it is. */
static KrnMat
first_columns (KrnMat mat, gint32 n)
{
  mat.stride = mat.stride != 0 ? mat.stride : mat.cols;
  mat.cols = n;
  return mat;
}

static KrnMat
columns (KrnMat mat, gint32 column, gint32 n)
{
  mat.offset += (gsize)column * sizeof (float);
  return first_columns (mat, n);
}

/* The same memory as a dense (@n_rows, @n_cols), for scratch whose width depends on the layer. */
static KrnMat
dense (KrnMat mat, guint n_rows, gint32 n_cols)
{
  mat.rows = (gint32)n_rows;
  mat.cols = n_cols;
  return mat;
}

/* The first rows of a weight, of any type: quantised tiles lie row by row too. */
static KrnMat
first_outputs (KrnMat weight, gint32 n)
{
  weight.rows = n;
  return weight;
}

static void
tap (GemDecoder *d, int layer, const char *name, KrnMat x, gint32 inner)
{
  gem_trace_tap (d->trace, layer, name, x, inner);
}

/* ---- input (§1, §2) -------------------------------------------------------------------------- */

/* A media placeholder is embedded as padding in both tables; soft tokens, where there are any,
 * replace the row later.  @n_known: the rows of the table. */
static gint32
embedding_row (const GemConfig *c, gint32 id, int n_known)
{
  gboolean placeholder =
      id == c->image_token_id || id == c->audio_token_id || id == c->video_token_id;

  return placeholder || id >= n_known ? c->text.pad_token_id : id;
}

static void
upload_ids (GemDecoder *d, const gint32 *ids, guint n)
{
  const GemTextConfig *c = &d->config->text;

  for (guint i = 0; i < n; i++)
    d->host_ids[i] = embedding_row (d->config, ids[i], c->vocab_size);
  d->k->write (d->device, d->ids.buf, d->ids.offset, d->host_ids, n * sizeof (gint32));
  for (guint i = 0; i < n; i++)
    d->host_ids[i] = embedding_row (d->config, ids[i], c->vocab_size_per_layer_input);
  d->k->write (d->device, d->ids_per_layer.buf, d->ids_per_layer.offset, d->host_ids,
               n * sizeof (gint32));
}

/* h[row] = soft token: as the encoders made it, not scaled. */
static void
put_soft_tokens (GemDecoder *d, const GArray *soft, guint position, guint n)
{
  for (guint i = 0; i < soft->len; i++) {
    const GemSoftSpan *span = &g_array_index (soft, GemSoftSpan, i);
    guint              begin = MAX (span->position, position);
    guint              end = MIN (span->position + span->n, position + n);
    gsize              width = (gsize)d->h.cols;
    KrnMat             h;

    if (begin >= end)
      continue;
    h = gem_mat_rows (d->h, begin - position, end - begin);
    d->k->write (d->device, h.buf, h.offset,
                 span->soft->rows + (span->row + (begin - span->position)) * width,
                 (end - begin) * width * sizeof (float));
  }
}

/* h = √H · E[id] */
static void
embed (GemDecoder *d, guint n)
{
  KrnMat h = gem_mat_rows (d->h, 0, n);
  float  scale = sqrtf ((float)d->config->text.hidden_size);

  d->k->embed (d->device, h, gem_mat_rows (d->ids, 0, n), d->weights->embed_tokens,
               scale); /* (n, H) */
  tap (d, -1, "embed", h, 0);
}

/* Of the first @n_layers layers, for rows [row, row + n):
 *   a = √P · EPL[id]
 *   c = rms_w (H^−½ · h·Wpmᵀ),  per layer
 *   p = (c + a) · 2^−½ */
static void
per_layer_inputs (GemDecoder *d, guint row, guint n, gint32 n_layers)
{
  const GemTextConfig  *c = &d->config->text;
  const GemTextWeights *w = d->weights;
  gint32                width = n_layers * c->hidden_size_per_layer_input;
  KrnMat                p = first_columns (gem_mat_rows (d->p, row, n), width);
  KrnMat                context = first_columns (gem_mat_rows (d->c, row, n), width);

  if (n == 0 || width == 0)
    return;
  d->k->embed (d->device, p, gem_mat_rows (d->ids_per_layer, row, n),
               first_columns (w->embed_per_layer, width),
               sqrtf ((float)c->hidden_size_per_layer_input)); /* (n, width) */
  tap (d, -1, "ple_lookup", p, c->hidden_size_per_layer_input);
  d->k->ple_inputs (d->device, p, context, gem_mat_rows (d->h, row, n),
                    first_outputs (w->per_layer_projection, width), w->per_layer_norm,
                    1.0f / sqrtf ((float)c->hidden_size), c->rms_norm_eps); /* (n, width) */
  tap (d, -1, "ple_projection_norm", context, c->hidden_size_per_layer_input);
  tap (d, -1, "ple_combined", p, c->hidden_size_per_layer_input);
}

/* cos and sin of every row's position, for both kinds of layers (§4.2). */
static void
rope_angles (GemDecoder *d, Pass *x)
{
  d->k->rope_angles (d->device, x->cs_sliding, x->spans, (int)x->n_spans, d->weights->rope_sliding);
  d->k->rope_angles (d->device, x->cs_full, x->spans, (int)x->n_spans, d->weights->rope_full);
}

/* ---- one layer (§3, §4) ---------------------------------------------------------------------- */

/* The shape of one layer's attention. */
typedef struct {
  gint32 head_dim, n_heads, n_kv_heads, window; /* window 0: everything before */
  KrnMat cs;
} AttentionShape;

static AttentionShape
attention_shape (const GemDecoder *d, const Pass *x, int layer)
{
  const GemTextConfig *c = &d->config->text;
  gboolean             sliding = c->layer_types[layer] == GEM_LAYER_SLIDING;

  return (AttentionShape){.head_dim = gem_text_config_head_dim (c, layer),
                          .n_heads = c->num_attention_heads,
                          .n_kv_heads = gem_text_config_n_kv_heads (c, layer),
                          .window = sliding ? c->sliding_window : 0,
                          .cs = sliding ? x->cs_sliding : x->cs_full};
}

/* Points the spans at the layer's keys and values (a shared layer's are its source's). */
static void
use_cache_of (Pass *x, int layer)
{
  for (guint i = 0; i < x->n_spans; i++)
    x->spans[i].cache = x->sources[i].cache->layers[layer];
}

/* a = rms_w (h; input_layernorm)
 * q = rope (rms_w (a·Wqᵀ)),  k = rope (rms_w (a·Wkᵀ)),  v = rms (a·Wvᵀ)
 * o = softmax (q·Kᵀ + mask)·V
 * h = h + rms_w (o·Woᵀ; post_attention_layernorm) */
static void
attention (GemDecoder *d, Pass *x, int layer)
{
  const GemLayerWeights *w = &d->weights->layers[layer];
  const AttentionShape   s = attention_shape (d, x, layer);
  gboolean               own = w->qkv.wk.buf != NULL;
  KrnMat                 a = gem_mat_rows (d->a, 0, x->n);
  KrnMat                 y = gem_mat_rows (d->y, 0, x->n);
  KrnMat                 q = dense (d->q, x->n, s.n_heads * s.head_dim);
  KrnMat                 o = dense (d->o, x->n, s.n_heads * s.head_dim);
  KrnMat                 k = own ? dense (d->key, x->n, s.n_kv_heads * s.head_dim) : absent;
  KrnMat                 v = own ? dense (d->value, x->n, s.n_kv_heads * s.head_dim) : absent;

  use_cache_of (x, layer);
  d->k->project_qkv (d->device, q, k, v, a, x->h, &w->qkv); /* (n, heads·hd), (n, kv·hd) twice */
  tap (d, layer, "q_norm", q, s.head_dim);
  if (own) {
    tap (d, layer, "k_norm", k, s.head_dim);
    tap (d, layer, "v_norm", v, s.head_dim);
  }
  d->k->rope_store (d->device, q, k, v, s.cs, x->spans, (int)x->n_spans, s.head_dim);
  d->k->attention (d->device, o, q, x->spans, (int)x->n_spans, s.n_heads, s.n_kv_heads, s.head_dim,
                   s.window, ATTENTION_SCALE); /* (n, heads·hd) */
  d->k->project_add (d->device, x->h, y, o, w->o_proj, w->post_attention_norm,
                     d->config->text.rms_norm_eps); /* (n, H) */
  tap (d, layer, "o_proj", y, 0);
}

/* f = rms_w (h; pre_feedforward_layernorm)
 * m = (gelu (f·Wgᵀ) ⊙ (f·Wuᵀ))·Wdᵀ
 * h = h + rms_w (m; post_feedforward_layernorm) */
static void
gated_mlp (GemDecoder *d, Pass *x, int layer)
{
  const GemLayerWeights *w = &d->weights->layers[layer];
  KrnMat                 f = gem_mat_rows (d->a, 0, x->n);
  KrnMat                 m = gem_mat_rows (d->y, 0, x->n);
  KrnMat g = dense (d->g, x->n, gem_text_config_mlp_width (&d->config->text, layer));

  d->k->gated_mlp (d->device, x->h, m, g, f, &w->mlp); /* (n, H) */
  tap (d, layer, "mlp", m, 0);
}

/* g = gelu (h·Wpgᵀ) ⊙ p[layer]                       h is read without a norm
 * h = (h + rms_w (g·Wppᵀ; post_per_layer_input_norm)) · layer_scalar */
static void
per_layer_block (GemDecoder *d, Pass *x, int layer)
{
  const GemLayerWeights *w = &d->weights->layers[layer];
  gint32                 width = d->config->text.hidden_size_per_layer_input;
  KrnMat                 y = gem_mat_rows (d->y, 0, x->n);
  KrnMat                 p = columns (x->p, layer * width, width);

  d->k->ple_block (d->device, x->h, y, gem_mat_rows (d->gate, 0, x->n), p, &w->ple); /* (n, H) */
  if (d->trace != NULL) {
    d->k->rms_norm (d->device, y, y, w->ple.post_norm, w->ple.eps);
    tap (d, layer, "ple", y, 0);
  }
  tap (d, layer, "out", x->h, 0);
}

static void
decoder_layer (GemDecoder *d, Pass *x, int layer)
{
  attention (d, x, layer);
  gated_mlp (d, x, layer);
  per_layer_block (d, x, layer);
}

/* ---- the pass -------------------------------------------------------------------------------- */

static Pass
pass_of (GemDecoder *d, guint n, const GemDecoderSpan *spans, guint n_spans)
{
  for (guint i = 0; i < n_spans; i++)
    d->spans[i] = (KrnSpan){.row = (gint32)spans[i].row,
                            .n_rows = (gint32)spans[i].n_rows,
                            .position = (gint32)spans[i].position};
  return (Pass){.n = n,
                .h = gem_mat_rows (d->h, 0, n),
                .p = gem_mat_rows (d->p, 0, n),
                .cs_sliding = gem_mat_rows (d->cs_sliding, 0, n),
                .cs_full = gem_mat_rows (d->cs_full, 0, n),
                .spans = d->spans,
                .sources = spans,
                .n_spans = n_spans};
}

/* Rows [row, row + n) of a pass with one span. */
static Pass
part_of (const Pass *x, guint row, guint n)
{
  Pass part = *x;

  part.n = n;
  part.h = gem_mat_rows (x->h, row, n);
  part.p = gem_mat_rows (x->p, row, n);
  part.cs_sliding = gem_mat_rows (x->cs_sliding, row, n);
  part.cs_full = gem_mat_rows (x->cs_full, row, n);
  part.spans->n_rows = (gint32)n;
  part.spans->position = (gint32)(x->sources->position + row);
  return part;
}

/* k = rope (rms_w (a·Wkᵀ)) and v = rms (a·Wvᵀ), stored; the layer's output is not wanted. */
static void
keys_and_values (GemDecoder *d, Pass *x, int layer)
{
  const AttentionShape s = attention_shape (d, x, layer);
  KrnMat               a = gem_mat_rows (d->a, 0, x->n);
  KrnMat               k = dense (d->key, x->n, s.n_kv_heads * s.head_dim);
  KrnMat               v = dense (d->value, x->n, s.n_kv_heads * s.head_dim);

  use_cache_of (x, layer);
  d->k->project_qkv (d->device, absent, k, v, a, x->h,
                     &d->weights->layers[layer].qkv); /* (n, kv·hd) twice */
  d->k->rope_store (d->device, absent, k, v, s.cs, x->spans, (int)x->n_spans, s.head_dim);
}

static gboolean
cancelled (const GemDecoderSpan *spans, guint n_spans)
{
  for (guint i = 0; i < n_spans; i++)
    if (g_atomic_int_get (spans[i].cancelled))
      return TRUE;
  return FALSE;
}

gboolean
gem_decoder_run (GemDecoder           *d,
                 const gint32         *ids,
                 guint                 n_rows,
                 const GemDecoderSpan *spans,
                 guint                 n_spans,
                 const GArray         *soft,
                 guint                 wanted)
{
  const GemTextConfig *c = &d->config->text;
  int                  last_own = c->first_shared - 1; /* no later layer stores keys or values */
  Pass                 x = pass_of (d, n_rows, spans, n_spans);

  g_return_val_if_fail (n_rows <= d->max_rows && wanted <= n_rows, FALSE);
  g_return_val_if_fail ((wanted == 0 && soft == NULL) || n_spans == 1, FALSE);

  upload_ids (d, ids, n_rows);
  embed (d, n_rows); /* h (n, H) */
  if (soft != NULL)
    put_soft_tokens (d, soft, spans->position, n_rows);
  per_layer_inputs (d, 0, wanted, last_own);                           /* p (wanted, last_own·P) */
  per_layer_inputs (d, wanted, n_rows - wanted, c->num_hidden_layers); /* p (n − wanted, L·P) */
  rope_angles (d, &x);                                                 /* cs (n, hd) */

  for (int l = 0; l < c->num_hidden_layers; l++) {
    if (cancelled (spans, n_spans))
      return FALSE;
    if (l == last_own && wanted > 0) {
      Pass before = part_of (&x, 0, wanted);

      keys_and_values (d, &before, l);
      if (wanted == n_rows)
        return TRUE;
      x = part_of (&x, wanted, n_rows - wanted);
    }
    decoder_layer (d, &x, l);
  }
  return TRUE;
}

/* y = rms_w (h; norm),  z = y·Eᵀ,  logits = cap · tanh (z / cap) */
void
gem_decoder_head (GemDecoder *d, guint row, KrnMat logits)
{
  const GemTextConfig *c = &d->config->text;
  guint                n = (guint)logits.rows;
  KrnMat               y = gem_mat_rows (d->y, 0, n);

  d->k->rms_norm (d->device, y, gem_mat_rows (d->h, row, n), d->weights->norm,
                  c->rms_norm_eps);                      /* (n, H) */
  d->k->linear (d->device, logits, y, d->weights->head); /* (n, V) */
  if (c->final_logit_softcapping > 0)
    d->k->softcap (d->device, logits, c->final_logit_softcapping);
}

gboolean
gem_decoder_finish (GemDecoder *self, GError **error)
{
  char why[256] = "";

  if (self->k->sync (self->device, why, sizeof why) == 0)
    return TRUE;
  g_set_error (error, GEM_ERROR, GEM_ERROR_DEVICE, "The %s backend failed while computing: %s",
               self->k->name, why);
  return FALSE;
}

/* ---- scratch memory -------------------------------------------------------------------------- */

/* Gives every view its place; the same for measuring and for making. */
static gsize
lay_out (GemDecoder *d, const GemTextConfig *c, guint n)
{
  gsize  size = 0;
  gint32 hd = MAX (c->head_dim, c->global_head_dim);
  gint32 kv = 0, mlp = 0, per_layer = c->num_hidden_layers * c->hidden_size_per_layer_input;

  for (int l = 0; l < c->num_hidden_layers; l++) {
    kv = MAX (kv, gem_text_config_n_kv_heads (c, l) * gem_text_config_head_dim (c, l));
    mlp = MAX (mlp, gem_text_config_mlp_width (c, l));
  }
  d->ids = gem_mat_take (&size, KRN_I32, n, 1);
  d->ids_per_layer = gem_mat_take (&size, KRN_I32, n, 1);
  d->h = gem_mat_take (&size, KRN_F32, n, c->hidden_size);
  d->a = gem_mat_take (&size, KRN_F32, n, c->hidden_size);
  d->y = gem_mat_take (&size, KRN_F32, n, c->hidden_size);
  d->q = gem_mat_take (&size, KRN_F32, n, c->num_attention_heads * hd);
  d->o = gem_mat_take (&size, KRN_F32, n, c->num_attention_heads * hd);
  d->key = gem_mat_take (&size, KRN_F32, n, kv);
  d->value = gem_mat_take (&size, KRN_F32, n, kv);
  d->g = gem_mat_take (&size, KRN_F32, n, mlp);
  d->p = gem_mat_take (&size, KRN_F32, n, per_layer);
  d->c = gem_mat_take (&size, KRN_F32, n, per_layer);
  d->gate = gem_mat_take (&size, KRN_F32, n, c->hidden_size_per_layer_input);
  d->cs_sliding = gem_mat_take (&size, KRN_F32, n, c->head_dim);
  d->cs_full = gem_mat_take (&size, KRN_F32, n, c->global_head_dim);
  d->logits = gem_mat_take (&size, KRN_F32, MIN (n, GEM_DECODER_HEAD_ROWS), c->vocab_size);
  return size;
}

guint64
gem_decoder_bytes (const GemTextConfig *config, guint max_rows)
{
  GemDecoder measure;

  return lay_out (&measure, config, max_rows);
}

gboolean
gem_decoder_init (GemDecoder *self, GemModel *model, guint max_rows, GError **error)
{
  KrnMat *views[] =
      {&self->ids,  &self->ids_per_layer, &self->h,       &self->a,     &self->y, &self->q,
       &self->o,    &self->key,           &self->value,   &self->g,     &self->p, &self->c,
       &self->gate, &self->cs_sliding,    &self->cs_full, &self->logits};

  *self = (GemDecoder){.k = gem_model_get_ops (model),
                       .device = gem_model_get_krn_device (model),
                       .config = gem_model_get_config (model),
                       .weights = gem_model_get_text_weights (model),
                       .max_rows = max_rows};
  self->buffer = self->k->alloc (self->device, lay_out (self, &self->config->text, max_rows));
  if (self->buffer == NULL) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_NO_MEMORY,
                 "There is no memory to compute with %u tokens at a time.", max_rows);
    return FALSE;
  }
  for (guint i = 0; i < G_N_ELEMENTS (views); i++)
    views[i]->buf = self->buffer;
  self->spans = g_new0 (KrnSpan, max_rows);
  self->host_ids = g_new0 (gint32, max_rows);
  return TRUE;
}

void
gem_decoder_clear (GemDecoder *self)
{
  if (self->k != NULL)
    self->k->free (self->device, self->buffer);
  g_free (self->spans);
  g_free (self->host_ids);
  *self = (GemDecoder){0};
}
