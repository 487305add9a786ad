/* gem-drafter.c: the drafter's forward pass, written like its equations, and a round of guessing
 * and checking.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * § are those of docs/model/gemma4-mtp.md.  Owns its weights, its scratch memory and nothing of the
 * session's, whose caches it only reads.  The output head is kept in the order of its centroids, so
 * that the tokens of one are neighbours.  Engine thread only. */
#define G_LOG_DOMAIN "gem"

#include "gem-drafter.h"

#include "gem-checkpoint.h"
#include "gem-file.h"
#include "gem-mat.h"
#include "gem-session-private.h"

#include <math.h>
#include <string.h>

#define MAX_CONFIG_BYTES (4 * 1024 * 1024)

typedef struct {
  KrnQkvWeights qkv; /* norm, wq, q_norm */
  KrnMat        o_proj, post_attention_norm;
  KrnMlpWeights mlp;
  float         scalar;
} Layer;

struct _GemDrafter {
  GemModel        *model; /* owned */
  GemDrafterConfig config;
  GemCheckpoint    checkpoint;
  GemBackend      *backend;   /* the model's, borrowed */
  guint16         *head_data; /* (V, D) in the order of the centroids */
  gint32          *order;     /* V: which token a row of the head is */
  const KrnOps    *k;
  KrnDevice       *device;

  KrnMat pre, post;    /* [D, 2·H], [H, D] */
  KrnMat head;         /* [V, D] */
  KrnMat centroids;    /* [C, D] */
  KrnMat norm;         /* [1, D] */
  KrnMat embed_tokens; /* [V, D], as stored */
  KrnMat rope_sliding, rope_full;
  Layer  layers[GEM_MAX_LAYERS];
  int    source_sliding, source_full; /* the model's layers whose keys and values are read */

  KrnBuffer *buffer;  /* holds all that follows */
  KrnMat     id;      /* (1, 1) I32 */
  KrnMat     in;      /* (1, 2·H)  a token's embedding, then a state */
  KrnMat     x, a, y; /* (1, D) */
  KrnMat     q, o;    /* (1, heads·hd) */
  KrnMat     g;       /* (1, I) */
  KrnMat     cs;      /* (1, hd) */
  KrnMat     scores;  /* (1, C) */
  KrnMat     logits;  /* (1, V / C · top_k) */
  float     *host_scores, *host_logits;
  guint     *best; /* top_k centroids */
};

/* ---- loading --------------------------------------------------------------------------------- */

static void
add_layer_slots (GArray *slots, Layer *l, int layer, const GemTextConfig *c)
{
  const int d = c->hidden_size, hd = gem_text_config_head_dim (c, layer);
  const int wide = c->num_attention_heads * hd;
  const struct {
    const char *name;
    GemSlotKind kind;
    int         rows, cols;
    KrnMat     *mat;
  } tensors[] = {
      {"input_layernorm", GEM_SLOT_NORM, 1, d, &l->qkv.norm},
      {"self_attn.q_proj", GEM_SLOT_STORED, wide, d, &l->qkv.wq},
      {"self_attn.q_norm", GEM_SLOT_NORM, 1, hd, &l->qkv.q_norm},
      {"self_attn.o_proj", GEM_SLOT_STORED, d, wide, &l->o_proj},
      {"post_attention_layernorm", GEM_SLOT_NORM, 1, d, &l->post_attention_norm},
      {"pre_feedforward_layernorm", GEM_SLOT_NORM, 1, d, &l->mlp.norm},
      {"mlp.gate_proj", GEM_SLOT_STORED, c->intermediate_size, d, &l->mlp.gate},
      {"mlp.up_proj", GEM_SLOT_STORED, c->intermediate_size, d, &l->mlp.up},
      {"mlp.down_proj", GEM_SLOT_STORED, d, c->intermediate_size, &l->mlp.down},
      {"post_feedforward_layernorm", GEM_SLOT_NORM, 1, d, &l->mlp.post_norm},
  };
  char name[96];

  l->qkv.head_dim = hd;
  l->qkv.eps = l->mlp.eps = c->rms_norm_eps;
  for (gsize i = 0; i < G_N_ELEMENTS (tensors); i++) {
    g_snprintf (name, sizeof name, "model.layers.%d.%s.weight", layer, tensors[i].name);
    gem_weight_slots_add_mat (slots, name, tensors[i].kind, tensors[i].rows, tensors[i].cols,
                              tensors[i].mat);
  }
  g_snprintf (name, sizeof name, "model.layers.%d.layer_scalar", layer);
  gem_weight_slots_add_scalar (slots, name, &l->scalar);
}

static GArray *
list_slots (GemDrafter *self)
{
  const GemTextConfig *c = &self->config.text;
  const int            d = c->hidden_size, hidden = self->config.backbone_hidden_size;
  GArray              *slots = g_array_new (FALSE, FALSE, sizeof (GemWeightSlot));

  gem_weight_slots_add_mat (slots, "pre_projection.weight", GEM_SLOT_STORED, d, 2 * hidden,
                            &self->pre);
  gem_weight_slots_add_mat (slots, "post_projection.weight", GEM_SLOT_STORED, hidden, d,
                            &self->post);
  gem_weight_slots_add_mat (slots, "masked_embedding.centroids.weight", GEM_SLOT_STORED,
                            self->config.num_centroids, d, &self->centroids);
  gem_weight_slots_add_mat (slots, "model.norm.weight", GEM_SLOT_NORM, 1, d, &self->norm);
  gem_weight_slots_add_mat (slots, "model.embed_tokens.weight", GEM_SLOT_TABLE, c->vocab_size, d,
                            &self->embed_tokens);
  for (int i = 0; i < c->num_hidden_layers; i++)
    add_layer_slots (slots, &self->layers[i], i, c);
  return slots;
}

static gboolean
load_config (GemDrafter *self, const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, "config.json", NULL);
  g_autofree char *name = g_path_get_basename (folder), *text = NULL;
  gsize            length;

  return gem_file_read (path, MAX_CONFIG_BYTES, &text, &length, error) &&
         gem_config_parse_drafter (&self->config, text, length, name, error);
}

/* The last layer of the model that has keys and values of its own and is of this type. */
static int
find_source (const GemTextConfig *c, GemLayerType type)
{
  int layer = c->first_shared - 1;

  while (layer >= 0 && c->layer_types[layer] != type)
    layer--;
  return layer;
}

static gboolean
check_fits (GemDrafter *self, const char *folder, GError **error)
{
  const GemTextConfig *m = &gem_model_get_config (self->model)->text, *d = &self->config.text;

  self->source_sliding = find_source (m, GEM_LAYER_SLIDING);
  self->source_full = find_source (m, GEM_LAYER_FULL);
  if (self->config.backbone_hidden_size == m->hidden_size && d->vocab_size == m->vocab_size &&
      d->head_dim == m->head_dim && d->global_head_dim == m->global_head_dim &&
      d->num_key_value_heads == m->num_key_value_heads &&
      d->num_global_key_value_heads == m->num_global_key_value_heads && self->source_sliding >= 0 &&
      self->source_full >= 0)
    return TRUE;
  g_set_error (error, GEM_ERROR, GEM_ERROR_UNSUPPORTED,
               "The drafter in “%s” was made for another model than “%s”.", folder,
               gem_model_get_name (self->model));
  return FALSE;
}

/* The order of the head's rows: a permutation of the vocabulary. */
static gboolean
read_order (GemDrafter *self, GError **error)
{
  const GemTensor   *t = gem_source_find (self->checkpoint.source, GEM_SOURCE_WHOLE,
                                          "masked_embedding.token_ordering", NULL);
  gsize              n = (gsize)self->config.text.vocab_size;
  g_autofree guint8 *seen = g_new0 (guint8, n);
  gboolean           good =
      t != NULL && t->dtype == GEM_DTYPE_I64 && t->n_dims == 1 && t->shape[0] == (gint64)n;

  self->order = g_new (gint32, n);
  for (gsize i = 0; good && i < n; i++) {
    gint64 id;

    memcpy (&id, t->data + 8 * i, sizeof id);
    good = id >= 0 && id < (gint64)n && !seen[id];
    if (good) {
      seen[id] = 1;
      self->order[i] = (gint32)id;
    }
  }
  if (!good)
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL,
                         "The drafter's “masked_embedding.token_ordering” is not an order of its "
                         "vocabulary.  Download the drafter again.");
  return good;
}

/* A copy of the head whose rows are in that order. */
static gboolean
order_head (GemDrafter *self, GError **error)
{
  gsize bytes = (gsize)self->embed_tokens.cols * (self->embed_tokens.type == KRN_BF16 ? 2 : 4);
  gsize n = (gsize)self->embed_tokens.rows;
  const GemTensor *t =
      gem_source_find (self->checkpoint.source, GEM_SOURCE_WHOLE, "model.embed_tokens.weight", NULL);

  self->head_data = g_try_malloc (n * bytes);
  if (self->head_data == NULL) {
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_NO_MEMORY,
                         "There is no memory for the drafter.");
    return FALSE;
  }
  for (gsize i = 0; i < n; i++) {
    gpointer row = (char *)self->head_data + i * bytes;

    if (self->embed_tokens.type == KRN_BF16)
      gem_tensor_read_bf16 (t, (gsize)self->order[i], 1, row);
    else
      gem_tensor_read (t, (gsize)self->order[i], 1, row);
  }
  self->head = self->embed_tokens;
  self->head.offset = 0;
  self->head.buf = gem_backend_wrap (self->backend, self->head_data, n * bytes, FALSE,
                                     "the drafter's head", error);
  return self->head.buf != NULL;
}

static gboolean
bind_rope (GemDrafter *self, GemLayerType type, KrnMat *view, GError **error)
{
  const GemTextConfig *c = &self->config.text;
  int                  n = (type == GEM_LAYER_FULL ? c->global_head_dim : c->head_dim) / 2;
  g_autofree float    *f = g_new (float, n);

  gem_text_config_rope_frequencies (c, type, f);
  *view = (KrnMat){.type = KRN_F32, .rows = 1, .cols = n};
  view->buf = gem_backend_store (self->backend, f, sizeof *f * (gsize)n,
                                 "the drafter's rotary frequencies", error);
  return view->buf != NULL;
}

static gsize
lay_out (GemDrafter *self)
{
  const GemTextConfig *c = &self->config.text;
  const gint32         d = c->hidden_size, hd = MAX (c->head_dim, c->global_head_dim);
  gint32               group = c->vocab_size / self->config.num_centroids;
  gsize                size = 0;

  self->id = gem_mat_take (&size, KRN_I32, 1, 1);
  self->in = gem_mat_take (&size, KRN_F32, 1, 2 * self->config.backbone_hidden_size);
  self->x = gem_mat_take (&size, KRN_F32, 1, d);
  self->a = gem_mat_take (&size, KRN_F32, 1, d);
  self->y = gem_mat_take (&size, KRN_F32, 1, d);
  self->q = gem_mat_take (&size, KRN_F32, 1, c->num_attention_heads * hd);
  self->o = gem_mat_take (&size, KRN_F32, 1, c->num_attention_heads * hd);
  self->g = gem_mat_take (&size, KRN_F32, 1, c->intermediate_size);
  self->cs = gem_mat_take (&size, KRN_F32, 1, hd);
  self->scores = gem_mat_take (&size, KRN_F32, 1, self->config.num_centroids);
  self->logits = gem_mat_take (&size, KRN_F32, 1, group * self->config.centroid_intermediate_top_k);
  return size;
}

static gboolean
allocate (GemDrafter *self, GError **error)
{
  KrnMat *views[] = {&self->id, &self->in, &self->x,  &self->a,      &self->y,     &self->q,
                     &self->o,  &self->g,  &self->cs, &self->scores, &self->logits};

  self->buffer = self->k->alloc (self->device, lay_out (self));
  if (self->buffer == NULL) {
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_NO_MEMORY,
                         "There is no memory for the drafter.");
    return FALSE;
  }
  for (gsize i = 0; i < G_N_ELEMENTS (views); i++)
    views[i]->buf = self->buffer;
  self->host_scores = g_new (float, self->scores.cols);
  self->host_logits = g_new (float, self->logits.cols);
  self->best = g_new (guint, self->config.centroid_intermediate_top_k);
  return TRUE;
}

GemDrafter *
gem_drafter_load (const char *folder, GemModel *model, GError **error)
{
  g_autoptr (GemDrafter) self = g_new0 (GemDrafter, 1);
  g_autoptr (GArray) slots = NULL;

  self->model = gem_model_ref (model);
  self->backend = gem_model_get_backend (model);
  self->k = gem_model_get_ops (model);
  self->device = gem_model_get_krn_device (model);
  if (!load_config (self, folder, error) || !check_fits (self, folder, error))
    return NULL;
  slots = list_slots (self);
  if (!gem_checkpoint_load_stored (&self->checkpoint, folder, slots, self->backend, error) ||
      !read_order (self, error) || !order_head (self, error) ||
      !bind_rope (self, GEM_LAYER_SLIDING, &self->rope_sliding, error) ||
      !bind_rope (self, GEM_LAYER_FULL, &self->rope_full, error) || !allocate (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

/* The device's views of what is freed here stay until the model goes, unused. */
void
gem_drafter_free (GemDrafter *self)
{
  if (self == NULL)
    return;
  self->k->free (self->device, self->buffer);
  gem_checkpoint_clear (&self->checkpoint);
  g_free (self->head_data);
  g_free (self->order);
  g_free (self->host_scores);
  g_free (self->host_logits);
  g_free (self->best);
  gem_model_unref (self->model);
  g_free (self);
}

/* ---- one guess ------------------------------------------------------------------------------- */

static KrnMat
columns (KrnMat mat, gint32 column, gint32 n)
{
  mat.stride = mat.cols;
  mat.offset += (gsize)column * sizeof (float);
  mat.cols = n;
  return mat;
}

/* x = [√H · E[id]; state]·Wpreᵀ   (§3) */
static void
project_input (GemDrafter *d, gint32 id)
{
  const GemTextWeights *w = gem_model_get_text_weights (d->model);
  gint32                hidden = d->config.backbone_hidden_size;

  d->k->write (d->device, d->id.buf, d->id.offset, &id, sizeof id);
  d->k->embed (d->device, columns (d->in, 0, hidden), d->id, w->embed_tokens,
               sqrtf ((float)hidden));           /* (1, H) */
  d->k->linear (d->device, d->x, d->in, d->pre); /* (1, D) */
}

/* The queries stand at @position, the token's place; the keys that they see are those before it. */
static void
attention (GemDrafter *d, const GemCache *cache, int layer, guint position)
{
  const GemTextConfig *c = &d->config.text;
  const Layer         *l = &d->layers[layer];
  gboolean             sliding = c->layer_types[layer] == GEM_LAYER_SLIDING;
  KrnSpan              at = {.n_rows = 1, .position = (gint32)position};
  KrnSpan              seen = {.cache = cache->layers[sliding ? d->source_sliding : d->source_full],
                               .n_rows = 1,
                               .position = (gint32)position - 1};
  KrnMat               q = d->q, o = d->o, cs = d->cs;

  q.cols = o.cols = c->num_attention_heads * l->qkv.head_dim;
  cs.cols = l->qkv.head_dim;
  d->k->project_qkv (d->device, q, (KrnMat){0}, (KrnMat){0}, d->a, d->x,
                     &l->qkv); /* (1, heads·hd) */
  d->k->rope_angles (d->device, cs, &at, 1, sliding ? d->rope_sliding : d->rope_full);
  d->k->rope_store (d->device, q, (KrnMat){0}, (KrnMat){0}, cs, &at, 1, l->qkv.head_dim);
  d->k->attention (d->device, o, q, &seen, 1, c->num_attention_heads,
                   gem_text_config_n_kv_heads (c, layer), l->qkv.head_dim,
                   sliding ? c->sliding_window + 1 : 0, 1);
  d->k->project_add (d->device, d->x, d->y, o, l->o_proj, l->post_attention_norm,
                     c->rms_norm_eps); /* (1, D) */
}

static void
decoder_layer (GemDrafter *d, const GemCache *cache, int layer, guint position)
{
  const Layer *l = &d->layers[layer];

  attention (d, cache, layer, position);
  d->k->gated_mlp (d->device, d->x, d->y, d->g, d->a, &l->mlp); /* (1, D) */
  d->k->add_scaled (d->device, d->x, d->x, l->scalar - 1);      /* x · layer_scalar */
}

/* The indices of the @n largest, in any order. */
static void
find_largest (const float *values, guint n_values, guint *best, guint n)
{
  guint filled = 0;

  for (guint i = 0; i < n_values; i++) {
    guint at = filled;

    if (filled == n && values[i] <= values[best[n - 1]])
      continue;
    filled = MIN (filled + 1, n);
    at = filled - 1;
    for (; at > 0 && values[best[at - 1]] < values[i]; at--)
      best[at] = best[at - 1];
    best[at] = i;
  }
}

/* The token with the largest y·E[v] among those of the best centroids   (§4) */
static gint32
choose_token (GemDrafter *d)
{
  guint  n = (guint)d->config.centroid_intermediate_top_k;
  guint  group = (guint)(d->config.text.vocab_size / d->config.num_centroids);
  float  most = -INFINITY;
  gint32 id = 0;

  d->k->linear (d->device, d->scores, d->y, d->centroids); /* (1, C) */
  d->k->read (d->device, d->scores.buf, d->scores.offset, d->host_scores,
              (gsize)d->scores.cols * sizeof (float));
  find_largest (d->host_scores, (guint)d->scores.cols, d->best, n);
  for (guint i = 0; i < n; i++)
    d->k->linear (d->device, columns (d->logits, (gint32)(i * group), (gint32)group), d->y,
                  gem_mat_rows (d->head, d->best[i] * group, group)); /* (1, group) */
  d->k->read (d->device, d->logits.buf, d->logits.offset, d->host_logits,
              (gsize)d->logits.cols * sizeof (float));
  for (guint i = 0; i < n * group; i++) {
    gint32 candidate = d->order[d->best[i / group] * group + i % group];
    float  logit = d->host_logits[i];

    if (logit > most || (logit == most && candidate < id)) {
      most = logit;
      id = candidate;
    }
  }
  return id;
}

/* y = rms_w (x; norm);  the next state is y·Wpostᵀ */
static gint32
guess (GemDrafter *d, const GemCache *cache, gint32 id, guint position)
{
  const gint32 hidden = d->config.backbone_hidden_size;

  project_input (d, id);
  for (int i = 0; i < d->config.text.num_hidden_layers; i++)
    decoder_layer (d, cache, i, position);
  d->k->rms_norm (d->device, d->y, d->x, d->norm, d->config.text.rms_norm_eps);
  d->k->linear (d->device, columns (d->in, hidden, hidden), d->y, d->post); /* (1, H) */
  return choose_token (d);
}

/* ---- a round (§5, §6) ------------------------------------------------------------------------ */

static void
draft (GemDrafter *d, GemSession *session, gint32 id, guint n, gboolean on_and_on, GemRound *round)
{
  const gint32 hidden = d->config.backbone_hidden_size;

  d->k->copy (d->device, columns (d->in, hidden, hidden), session->state);
  while (round->n_drafts < n) {
    id = guess (d, &session->cache, id, round->position);
    round->draft[round->n_drafts++] = id;
    if (!on_and_on && gem_model_is_stop (d->model, id))
      return;
  }
}

/* Draws after the token, and after every draft as long as it is what was drawn before it.  A draft
 * proposes one token with certainty, so that drawing from the model's own distribution and keeping
 * the draft if it is the one drawn is exact rejection sampling. */
static gboolean
verify (GemSession        *session,
        const GemSampling *sampling,
        const gint32      *ids,
        gboolean           all,
        GemRound          *round,
        GError           **error)
{
  guint base = round->position;

  for (guint i = 0; i <= round->n_drafts && (all || i <= round->accepted); i++) {
    gem_session_accept (session, base, ids, i);
    round->drawn[i] = gem_session_sample (session, sampling, error);
    if (round->drawn[i] < 0) {
      session->length = base;
      session->has_logits = FALSE;
      return FALSE;
    }
    round->n_drawn = i + 1;
    if (i == round->accepted && i < round->n_drafts && round->drawn[i] == round->draft[i])
      round->accepted++;
  }
  if (round->n_drawn != round->accepted + 1)
    gem_session_accept (session, base, ids, round->accepted);
  return gem_decoder_finish (&session->decoder, error);
}

gboolean
gem_session_speculate (GemSession        *session,
                       GemDrafter        *drafter,
                       const GemSampling *sampling,
                       gint32             id,
                       guint              n_drafts,
                       gboolean           on_and_on,
                       GemRound          *round,
                       GError           **error)
{
  gint32 ids[GEM_DRAFTS_MAX + 1] = {id};
  guint  room = session->options.n_ctx - session->length;

  *round = (GemRound){.position = session->length};
  g_return_val_if_fail (session->options.keep_state && session->has_logits, FALSE);
  n_drafts = MIN (n_drafts, GEM_DRAFTS_MAX);
  n_drafts = MIN (n_drafts, MAX (room, 1) - 1);
  n_drafts = MIN (n_drafts, MAX ((guint)session->decoder.logits.rows, 2) - 2);
  draft (drafter, session, id, n_drafts, on_and_on, round);
  memcpy (ids + 1, round->draft, round->n_drafts * sizeof (gint32));
  return gem_session_try (session, ids, round->n_drafts + 1, error) &&
         verify (session, sampling, ids, on_and_on, round, error);
}
