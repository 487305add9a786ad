/* gem-vision.c: the vision encoder, written like its equations.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * § are those of docs/model/gemma4-vision.md.  What concerns one row only is computed for a block
 * of rows at a time, so that the wide values of the MLP stay small and near; only the residual
 * stream and one layer's queries, keys and values exist for the whole picture.  Scratch memory is
 * taken for one picture and given back.  Engine thread only. */
#define G_LOG_DOMAIN "gem"

#include "gem-vision.h"

#include "gem-encoder.h"
#include "gem-mat.h"

#include <math.h>

/* One picture on its way through the encoder. */
typedef struct {
  const KrnOps           *k;
  KrnDevice              *device;
  const GemVisionConfig  *config;
  const GemVisionWeights *weights;
  const GemImage         *image;
  GemTrace               *trace;
  guint                   n; /* patches */
  guint                   n_soft;
  guint                   block; /* rows at a time */

  KrnBuffer *buffer;    /* holds all that follows */
  KrnMat     pixels;    /* bytes, as many as the picture has */
  KrnMat     ids;       /* (block, 1) I32 */
  KrnMat     patches;   /* (block, GEM_IMAGE_PATCH_LENGTH) */
  KrnMat     h;         /* (n, d)          the residual stream */
  KrnMat     q, key, v; /* (n, heads·hd)  q becomes the attention's output */
  KrnMat     cs;        /* (n, hd)         cosines and sines */
  KrnMat     a, z, y;   /* (block, d)      normalised input, within bounds; output */
  KrnMat     g, u;      /* (block, I) */
  KrnMat     pooled;    /* (n_soft, d) */
  KrnMat     soft;      /* (n_soft, H) */
} Run;

/* ---- weights --------------------------------------------------------------------------------- */

static void
add_layer_slots (GArray *slots, GemVisionLayer *l, int layer, const GemVisionConfig *c)
{
  const int d = c->hidden_size, wide = c->num_attention_heads * c->head_dim;
  const struct {
    const char *name;
    KrnMat     *norm;
    int         n;
  } norms[] = {
      {"input_layernorm", &l->input_layernorm, d},
      {"self_attn.q_norm", &l->q_norm, c->head_dim},
      {"self_attn.k_norm", &l->k_norm, c->head_dim},
      {"post_attention_layernorm", &l->post_attention_layernorm, d},
      {"pre_feedforward_layernorm", &l->pre_feedforward_layernorm, d},
      {"post_feedforward_layernorm", &l->post_feedforward_layernorm, d},
  };
  const struct {
    const char *name;
    KrnClipped *linear;
    int         out, in;
  } linears[] = {
      {"self_attn.q_proj", &l->q_proj, wide, d},
      {"self_attn.k_proj", &l->k_proj, wide, d},
      {"self_attn.v_proj", &l->v_proj, wide, d},
      {"self_attn.o_proj", &l->o_proj, d, wide},
      {"mlp.gate_proj", &l->gate_proj, c->intermediate_size, d},
      {"mlp.up_proj", &l->up_proj, c->intermediate_size, d},
      {"mlp.down_proj", &l->down_proj, d, c->intermediate_size},
  };
  char name[96];

  for (gsize i = 0; i < G_N_ELEMENTS (norms); i++) {
    g_snprintf (name, sizeof name, "vision_tower.encoder.layers.%d.%s.weight", layer,
                norms[i].name);
    gem_weight_slots_add_mat (slots, name, GEM_SLOT_NORM, 1, norms[i].n, norms[i].norm);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (linears); i++) {
    g_snprintf (name, sizeof name, "vision_tower.encoder.layers.%d.%s", layer, linears[i].name);
    gem_clipped_linear_add_slots (linears[i].linear, slots, name, linears[i].out, linears[i].in);
  }
}

GArray *
gem_vision_weights_init (GemVisionWeights *self, const GemConfig *config)
{
  const GemVisionConfig *c = &config->vision;
  GArray                *slots = g_array_new (FALSE, FALSE, sizeof (GemWeightSlot));

  *self = (GemVisionWeights){0};
  gem_weight_slots_add_mat (slots, "vision_tower.patch_embedder.input_proj.weight", GEM_SLOT_STORED,
                            c->hidden_size, GEM_IMAGE_PATCH_LENGTH, &self->input_proj);
  gem_weight_slots_add_mat (slots, "vision_tower.patch_embedder.position_embedding_table",
                            GEM_SLOT_STACK, 2 * c->position_embedding_size, c->hidden_size,
                            &self->position_table);
  for (int i = 0; i < c->num_hidden_layers; i++)
    add_layer_slots (slots, &self->layers[i], i, c);
  gem_weight_slots_add_mat (slots, "embed_vision.embedding_projection.weight", GEM_SLOT_STORED,
                            config->text.hidden_size, c->hidden_size, &self->projection);
  return slots;
}

/* f_i = theta^(−2i / (hd/2)), i < hd/4; the same for both halves of a head. */
gboolean
gem_vision_weights_bind_rope (GemVisionWeights      *self,
                              const GemVisionConfig *c,
                              GemBackend            *backend,
                              GError               **error)
{
  int               n = c->head_dim / 4;
  g_autofree float *f = g_new (float, n);

  for (int i = 0; i < n; i++)
    f[i] = (float)pow (c->rope_theta, -2.0 * i / (c->head_dim / 2));
  self->rope = (KrnMat){.type = KRN_F32, .rows = 1, .cols = n};
  self->rope.buf = gem_backend_store (backend, f, sizeof *f * (gsize)n,
                                      "the vision encoder's rotary frequencies", error);
  return self->rope.buf != NULL;
}

/* ---- the equations --------------------------------------------------------------------------- */

/* z = table[first + index], added to y; @index is the column or the line of every patch. */
static void
add_positions (Run *r, KrnMat y, gint32 *index, gint32 first)
{
  KrnMat ids = gem_mat_rows (r->ids, 0, (guint)y.rows);
  KrnMat z = gem_mat_rows (r->z, 0, (guint)y.rows);

  for (gint32 i = 0; i < y.rows; i++)
    index[i] += first;
  r->k->write (r->device, ids.buf, ids.offset, index, (gsize)y.rows * sizeof *index);
  r->k->embed (r->device, z, ids, r->weights->position_table, 1); /* (rows, d) */
  r->k->add_scaled (r->device, y, z, 1);
}

/* h = (2·pixels − 1)·Wpᵀ + table[x] + table[positions + y]   (§2) */
static void
embed_patches (Run *r)
{
  g_autofree gint32 *x = g_new (gint32, r->block), *y = g_new (gint32, r->block);

  r->k->write (r->device, r->pixels.buf, r->pixels.offset, r->image->pixels,
               (gsize)r->image->size.width * r->image->size.height * 3);
  for (guint row = 0; row < r->n; row += r->block) {
    guint  n = MIN (r->block, r->n - row);
    KrnMat p = gem_mat_rows (r->patches, 0, n), h = gem_mat_rows (r->h, row, n);

    r->k->grid_patches (r->device, p, r->pixels.buf, r->pixels.offset, (gint32)row,
                        (gint32)r->image->n_patches_x, GEM_IMAGE_PATCH);
    for (guint i = 0; i < n; i++) {
      x[i] = (gint32)((row + i) % r->image->n_patches_x);
      y[i] = (gint32)((row + i) / r->image->n_patches_x);
    }
    r->k->linear (r->device, h, p, r->weights->input_proj); /* (n, d) */
    add_positions (r, h, x, 0);
    add_positions (r, h, y, r->config->position_embedding_size);
  }
}

/* a = rms_w (h; input_layernorm)
 * q = turn (rms_w (a·Wqᵀ; q_norm)),  k = turn (rms_w (a·Wkᵀ; k_norm)),  v = rms (a·Wvᵀ),  per head
 */
static void
project_qkv (Run *r, const GemVisionLayer *l, guint row, guint n)
{
  const float eps = r->config->rms_norm_eps;
  KrnMat      a = gem_mat_rows (r->a, 0, n), z = gem_mat_rows (r->z, 0, n);
  KrnMat      q = gem_mat_rows (r->q, row, n), k = gem_mat_rows (r->key, row, n);
  KrnMat      v = gem_mat_rows (r->v, row, n);

  r->k->norm_clipped (r->device, (KrnMat[]){q, k, v}, 3, a, z, gem_mat_rows (r->h, row, n),
                      l->input_layernorm, eps,
                      (KrnClipped[]){l->q_proj, l->k_proj, l->v_proj}); /* (n, heads·hd) */
  r->k->grid_heads (r->device, q, k, v, gem_mat_rows (r->cs, row, n), l->q_norm, l->k_norm,
                    r->config->head_dim, eps);
}

/* h = h + rms_w (o·Woᵀ; post_attention_layernorm) */
static void
add_attention (Run *r, const GemVisionLayer *l, guint row, guint n)
{
  KrnMat o = gem_mat_rows (r->q, row, n), y = gem_mat_rows (r->y, 0, n);

  r->k->clipped_add (r->device, gem_mat_rows (r->h, row, n), y, o, o, &l->o_proj,
                     l->post_attention_layernorm, r->config->rms_norm_eps, 1); /* (n, d) */
}

/* f = rms_w (h; pre_feedforward_layernorm)
 * h = h + rms_w ((gelu (f·Wgᵀ) ⊙ (f·Wuᵀ))·Wdᵀ; post_feedforward_layernorm) */
static void
add_mlp (Run *r, const GemVisionLayer *l, guint row, guint n)
{
  const KrnClippedMlp w = {
      .norm = l->pre_feedforward_layernorm,
      .gate = l->gate_proj, /* (I, d) */
      .up = l->up_proj,
      .down = l->down_proj, /* (d, I) */
      .post_norm = l->post_feedforward_layernorm,
      .eps = r->config->rms_norm_eps,
  };

  r->k->clipped_mlp (r->device, gem_mat_rows (r->h, row, n), gem_mat_rows (r->y, 0, n),
                     gem_mat_rows (r->g, 0, n), gem_mat_rows (r->u, 0, n),
                     gem_mat_rows (r->a, 0, n), gem_mat_rows (r->z, 0, n), &w);
}

static void
encoder_layer (Run *r, int layer)
{
  const GemVisionLayer  *l = &r->weights->layers[layer];
  const GemVisionConfig *c = r->config;

  for (guint row = 0; row < r->n; row += r->block)
    project_qkv (r, l, row, MIN (r->block, r->n - row));
  r->k->attention_all (r->device, r->q, r->q, r->key, r->v, c->num_attention_heads,
                       c->num_attention_heads, c->head_dim, 1); /* (n, heads·hd) */
  for (guint row = 0; row < r->n; row += r->block) {
    add_attention (r, l, row, MIN (r->block, r->n - row));
    add_mlp (r, l, row, MIN (r->block, r->n - row));
  }
}

/* pooled = √d · mean of 3 × 3 patches,  soft = rms (pooled)·Wᵀ   (§3) */
static void
pool_and_project (Run *r)
{
  const GemVisionConfig *c = r->config;

  r->k->grid_pool (r->device, r->pooled, r->h, (gint32)r->image->n_patches_x,
                   c->pooling_kernel_size, sqrtf ((float)c->hidden_size)); /* (n_soft, d) */
  gem_trace_tap (r->trace, -1, "vision_out", r->pooled, 0);
  r->k->rms_norm (r->device, r->pooled, r->pooled, (KrnMat){0}, c->rms_norm_eps);
  r->k->linear (r->device, r->soft, r->pooled, r->weights->projection); /* (n_soft, H) */
}

/* FALSE: @progress said so. */
static gboolean
encode (Run *r, GemEncodeFunc progress, gpointer user_data)
{
  const GemVisionConfig *c = r->config;
  char                   name[32];

  embed_patches (r);
  gem_trace_tap (r->trace, -1, "patch_embed", r->h, 0);
  r->k->grid_angles (r->device, r->cs, r->weights->rope, (gint32)r->image->n_patches_x);
  for (int i = 0; i < c->num_hidden_layers; i++) {
    if (progress != NULL && !progress ((double)i / c->num_hidden_layers, user_data))
      return FALSE;
    encoder_layer (r, i);
    g_snprintf (name, sizeof name, "vision_layer.%d.out", i);
    gem_trace_tap (r->trace, -1, name, r->h, 0);
  }
  pool_and_project (r);
  return TRUE;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static gsize
lay_out (Run *r, const GemVisionConfig *c, guint n, guint n_soft, int hidden)
{
  const gint32 d = c->hidden_size, wide = c->num_attention_heads * c->head_dim;
  gsize        size = 0;

  r->pixels = gem_mat_take (&size, KRN_I32, n, GEM_IMAGE_PATCH_LENGTH / 4);
  r->ids = gem_mat_take (&size, KRN_I32, r->block, 1);
  r->patches = gem_mat_take (&size, KRN_F32, r->block, GEM_IMAGE_PATCH_LENGTH);
  r->h = gem_mat_take (&size, KRN_F32, n, d);
  r->q = gem_mat_take (&size, KRN_F32, n, wide);
  r->key = gem_mat_take (&size, KRN_F32, n, wide);
  r->v = gem_mat_take (&size, KRN_F32, n, wide);
  r->cs = gem_mat_take (&size, KRN_F32, n, c->head_dim);
  r->a = gem_mat_take (&size, KRN_F32, r->block, d);
  r->z = gem_mat_take (&size, KRN_F32, r->block, d);
  r->y = gem_mat_take (&size, KRN_F32, r->block, d);
  r->g = gem_mat_take (&size, KRN_F32, r->block, c->intermediate_size);
  r->u = gem_mat_take (&size, KRN_F32, r->block, c->intermediate_size);
  r->pooled = gem_mat_take (&size, KRN_F32, n_soft, d);
  r->soft = gem_mat_take (&size, KRN_F32, n_soft, hidden);
  return size;
}

static gboolean
allocate (Run *r, const GemConfig *config, GError **error)
{
  gsize   bytes = lay_out (r, r->config, r->n, r->n_soft, config->text.hidden_size);
  KrnMat *views[] = {&r->pixels, &r->ids, &r->patches, &r->h, &r->q, &r->key,    &r->v,   &r->cs,
                     &r->a,      &r->z,   &r->y,       &r->g, &r->u, &r->pooled, &r->soft};

  r->buffer = r->k->alloc (r->device, bytes);
  if (r->buffer == NULL) {
    g_autofree char *size = g_format_size (bytes);

    g_set_error (error, GEM_ERROR, GEM_ERROR_NO_MEMORY,
                 "There is no memory (%s) to look at this picture.  Choose less detail.", size);
    return FALSE;
  }
  for (gsize i = 0; i < G_N_ELEMENTS (views); i++)
    views[i]->buf = r->buffer;
  return TRUE;
}

/* Blocks of the same size, at most twice as many rows as a pass of the decoder, whose scratch
 * memory is wider. */
static guint
choose_block (guint n, guint pass_rows)
{
  guint n_blocks = (n + 2 * pass_rows - 1) / (2 * pass_rows);

  return (n + n_blocks - 1) / n_blocks;
}

static gboolean
check_image (const GemImage *image, const GemVisionConfig *c, GError **error)
{
  guint most = (guint)c->position_embedding_size;

  if (image->n_patches_x <= most && image->n_patches_y <= most)
    return TRUE;
  g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
               "This picture is too long and narrow for the model: it would be %u pixels long, and "
               "the model takes %u.  Choose less detail, or cut it.",
               MAX (image->size.width, image->size.height), most * GEM_IMAGE_PATCH);
  return FALSE;
}

GemSoft *
gem_vision_encode (GemModel       *model,
                   const GemImage *image,
                   const char     *key,
                   GemTrace       *trace,
                   GemEncodeFunc   progress,
                   gpointer        user_data,
                   GError        **error)
{
  const GemConfig *config = gem_model_get_config (model);
  Run              r = {.k = gem_model_get_ops (model),
                        .device = gem_model_get_krn_device (model),
                        .config = &config->vision,
                        .weights = gem_model_get_vision_weights (model, error),
                        .image = image,
                        .trace = trace,
                        .n = image->size.n_patches,
                        .n_soft = image->size.n_soft_tokens};
  GemSoft         *soft = NULL;

  r.block = choose_block (r.n, gem_model_get_pass_rows (model));
  if (r.weights == NULL || !check_image (image, r.config, error) || !allocate (&r, config, error))
    return NULL;
  if (encode (&r, progress, user_data))
    soft = gem_encoder_finish (r.k, r.device, r.soft, key, error);
  else
    gem_encoder_set_cancelled (error);
  r.k->free (r.device, r.buffer);
  return soft;
}
