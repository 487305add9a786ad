/* model-numbers.c: what a loaded model holds and computes.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model-numbers.h"

#include "gem-session.h"
#include "golden-model.h"
#include "kernels/krn-quant.h"

#include <string.h>

#define N_TOKENS 40

static void
add (GPtrArray *views, const KrnMat *view)
{
  if (view->buf != NULL)
    g_ptr_array_add (views, (gpointer)view);
}

GPtrArray *
list_views (GemModel *model)
{
  const GemTextWeights *w = gem_model_get_text_weights (model);
  GPtrArray            *views = g_ptr_array_new ();

  add (views, &w->embed_tokens);
  add (views, &w->head);
  add (views, &w->embed_per_layer);
  add (views, &w->per_layer_projection);
  add (views, &w->per_layer_norm);
  add (views, &w->norm);
  for (int i = 0; i < gem_model_get_config (model)->text.num_hidden_layers; i++) {
    const GemLayerWeights *l = &w->layers[i];
    const KrnMat *const    of_layer[] = {
           &l->qkv.norm,   &l->qkv.wq,     &l->qkv.wk,        &l->qkv.wv,
           &l->qkv.q_norm, &l->qkv.k_norm, &l->o_proj,        &l->mlp.norm,
           &l->mlp.gate,   &l->mlp.up,     &l->mlp.down,      &l->mlp.post_norm,
           &l->ple.gate,   &l->ple.proj,   &l->ple.post_norm, &l->post_attention_norm,
    };

    for (gsize v = 0; v < G_N_ELEMENTS (of_layer); v++)
      add (views, of_layer[v]);
  }
  return views;
}

static gsize
view_bytes (const KrnMat *view)
{
  gsize n = (gsize)view->rows * (gsize)view->cols;

  return view->type == KRN_F32    ? 4 * n
         : view->type == KRN_BF16 ? 2 * n
                                  : krn_quant_bytes (view->type, view->rows, view->cols);
}

float *
view_numbers (GemModel *model, const KrnMat *view)
{
  gsize              n = (gsize)view->rows * (gsize)view->cols;
  g_autofree guint8 *bytes = g_malloc (view_bytes (view));
  float             *numbers = g_new0 (float, n);

  gem_model_get_ops (model)->read (gem_model_get_krn_device (model), view->buf, view->offset, bytes,
                                   view_bytes (view));
  if (view->type == KRN_F32)
    memcpy (numbers, bytes, 4 * n);
  else if (view->type == KRN_BF16)
    for (gsize i = 0; i < n; i++)
      memcpy ((char *)&numbers[i] + 2, bytes + 2 * i, 2);
  else
    for (int r = 0; r < view->rows; r++)
      krn_dequantise_row (view->type, numbers + (gsize)r * (gsize)view->cols, bytes, view->rows,
                          view->cols, r);
  return numbers;
}

void
assert_same_numbers (GemModel *got, GemModel *wanted)
{
  g_autoptr (GPtrArray) a = list_views (got);
  g_autoptr (GPtrArray) b = list_views (wanted);

  g_assert_cmpuint (a->len, ==, b->len);
  for (guint i = 0; i < a->len; i++) {
    const KrnMat     *x = g_ptr_array_index (a, i), *y = g_ptr_array_index (b, i);
    g_autofree float *p = view_numbers (got, x), *q = view_numbers (wanted, y);

    g_assert_cmpint (x->rows, ==, y->rows);
    g_assert_cmpint (x->cols, ==, y->cols);
    for (gsize k = 0; k < (gsize)x->rows * (gsize)x->cols; k++)
      g_assert_cmpfloat (p[k], ==, q[k]);
  }
  for (int i = 0; i < gem_model_get_config (got)->text.num_hidden_layers; i++)
    g_assert_cmpfloat (gem_model_get_text_weights (got)->layers[i].ple.scalar, ==,
                       gem_model_get_text_weights (wanted)->layers[i].ple.scalar);
}

guint
count_views (GemModel *model, KrnType type)
{
  g_autoptr (GPtrArray) views = list_views (model);
  guint n = 0;

  for (guint i = 0; i < views->len; i++)
    n += ((const KrnMat *)g_ptr_array_index (views, i))->type == type;
  return n;
}

float *
some_logits (GemModel *model, gsize *n)
{
  g_autofree gint32 *ids = random_tokens (model, 42, N_TOKENS);
  g_autoptr (GError) error = NULL;
  g_autoptr (GemSession) session = gem_session_new (model, N_TOKENS, &error);

  g_assert_no_error (error);
  gem_session_sync (session, ids, N_TOKENS, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  *n = (gsize)gem_model_get_config (model)->text.vocab_size;
  return g_memdup2 (gem_session_get_logits (session), *n * sizeof (float));
}

void
assert_same_logits (GemModel *got, GemModel *wanted)
{
  gsize             n, m;
  g_autofree float *a = some_logits (got, &n), *b = some_logits (wanted, &m);

  g_assert_cmpmem (a, n * sizeof *a, b, m * sizeof *b);
}
