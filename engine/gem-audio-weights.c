/* gem-audio-weights.c: the audio encoder's tensors, and what is computed from them once.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Loading: whichever thread binds the encoder. */
#define G_LOG_DOMAIN "gem"

#include "gem-audio.h"

#include <math.h>
#include <string.h>

/* ---- which there are ------------------------------------------------------------------------- */

typedef struct {
  const char *name;
  KrnMat     *mat;
  GemSlotKind kind;
  int         rows, cols;
} Plain;

typedef struct {
  const char *name;
  KrnClipped *linear;
  int         out, in;
} Linear;

static void
add_slots (GArray       *slots,
           const char   *prefix,
           const Plain  *plain,
           gsize         n_plain,
           const Linear *linears,
           gsize         n_linears)
{
  char name[96];

  for (gsize i = 0; i < n_plain; i++) {
    g_snprintf (name, sizeof name, "%s%s", prefix, plain[i].name);
    gem_weight_slots_add_mat (slots, name, plain[i].kind, plain[i].rows, plain[i].cols,
                              plain[i].mat);
  }
  for (gsize i = 0; i < n_linears; i++) {
    g_snprintf (name, sizeof name, "%s%s", prefix, linears[i].name);
    gem_clipped_linear_add_slots (linears[i].linear, slots, name, linears[i].out, linears[i].in);
  }
}

static void
add_feed_forward (GArray *slots, int layer, const char *which, GemAudioFeedForward *f, int d)
{
  const Plain plain[] = {
      {"pre_layer_norm.weight", &f->pre_layer_norm, GEM_SLOT_NORM, 1, d},
      {"post_layer_norm.weight", &f->post_layer_norm, GEM_SLOT_NORM, 1, d},
  };
  const Linear linears[] = {
      {"ffw_layer_1", &f->ffw_layer_1, 4 * d, d},
      {"ffw_layer_2", &f->ffw_layer_2, d, 4 * d},
  };
  char prefix[64];

  g_snprintf (prefix, sizeof prefix, "audio_tower.layers.%d.%s.", layer, which);
  add_slots (slots, prefix, plain, G_N_ELEMENTS (plain), linears, G_N_ELEMENTS (linears));
}

static void
add_layer (GArray *slots, int layer, GemAudioLayer *l, const GemAudioConfig *c)
{
  const int   d = c->hidden_size, hd = d / c->num_attention_heads;
  const Plain plain[] = {
      {"norm_pre_attn.weight", &l->norm_pre_attn, GEM_SLOT_NORM, 1, d},
      {"self_attn.per_dim_scale", &l->per_dim_scale, GEM_SLOT_NORM, 1, hd},
      {"self_attn.relative_k_proj.weight", &l->relative_k_proj, GEM_SLOT_STORED, d, d},
      {"norm_post_attn.weight", &l->norm_post_attn, GEM_SLOT_NORM, 1, d},
      {"lconv1d.pre_layer_norm.weight", &l->pre_layer_norm, GEM_SLOT_NORM, 1, d},
      {"lconv1d.depthwise_conv1d.weight", &l->depthwise, GEM_SLOT_STORED, d, c->conv_kernel_size},
      {"lconv1d.conv_norm.weight", &l->conv_norm, GEM_SLOT_NORM, 1, d},
      {"norm_out.weight", &l->norm_out, GEM_SLOT_NORM, 1, d},
  };
  const Linear linears[] = {
      {"self_attn.q_proj", &l->q_proj, d, d},
      {"self_attn.k_proj", &l->k_proj, d, d},
      {"self_attn.v_proj", &l->v_proj, d, d},
      {"self_attn.post", &l->post, d, d},
      {"lconv1d.linear_start", &l->linear_start, 2 * d, d},
      {"lconv1d.linear_end", &l->linear_end, d, d},
  };
  char prefix[64];

  g_snprintf (prefix, sizeof prefix, "audio_tower.layers.%d.", layer);
  add_feed_forward (slots, layer, "feed_forward1", &l->feed_forward1, d);
  add_slots (slots, prefix, plain, G_N_ELEMENTS (plain), linears, G_N_ELEMENTS (linears));
  add_feed_forward (slots, layer, "feed_forward2", &l->feed_forward2, d);
}

GArray *
gem_audio_weights_init (GemAudioWeights *self, const GemConfig *config)
{
  const GemAudioConfig *c = &config->audio;
  const int             d = c->hidden_size, c0 = c->subsampling_conv_channels[0];
  const int             c1 = c->subsampling_conv_channels[1], out = c->output_proj_dims;
  const Plain           front[] = {
                {"layer0.conv.weight", &self->conv[0], GEM_SLOT_STORED, c0, 9},
                {"layer0.norm.weight", &self->conv_norm[0], GEM_SLOT_NORM, 1, c0},
                {"layer1.conv.weight", &self->conv[1], GEM_SLOT_STORED, c1, c0 * 9},
                {"layer1.norm.weight", &self->conv_norm[1], GEM_SLOT_NORM, 1, c1},
                {"input_proj_linear.weight", &self->input_proj, GEM_SLOT_STORED, d, GEM_MEL_BANDS / 4 * c1},
  };
  const Plain back[] = {
      {"audio_tower.output_proj.weight", &self->output_proj, GEM_SLOT_STORED, out, d},
      {"audio_tower.output_proj.bias", &self->output_proj_bias, GEM_SLOT_NORM, 1, out},
      {"embed_audio.embedding_projection.weight", &self->projection, GEM_SLOT_STORED,
       config->text.hidden_size, out},
  };
  GArray *slots = g_array_new (FALSE, FALSE, sizeof (GemWeightSlot));

  *self = (GemAudioWeights){0};
  add_slots (slots, "audio_tower.subsample_conv_projection.", front, G_N_ELEMENTS (front), NULL, 0);
  for (int i = 0; i < c->num_hidden_layers; i++)
    add_layer (slots, i, &self->layers[i], c);
  add_slots (slots, "", back, G_N_ELEMENTS (back), NULL, 0);
  return slots;
}

/* ---- what follows from them ------------------------------------------------------------------ */

static gboolean
store_row (KrnMat      *mat,
           const float *values,
           int          rows,
           int          cols,
           GemBackend  *backend,
           const char  *what,
           GError     **error)
{
  *mat = (KrnMat){.type = KRN_F32, .rows = rows, .cols = cols};
  mat->buf =
      gem_backend_store (backend, values, sizeof *values * (gsize)rows * (gsize)cols, what, error);
  return mat->buf != NULL;
}

/* A bound vector's values on the host. */
static void
read_vector (KrnMat mat, GemBackend *backend, float *values)
{
  const KrnOps       *k = gem_backend_get_ops (backend);
  KrnDevice          *device = gem_backend_get_device (backend);
  gsize               n = (gsize)mat.cols;
  g_autofree guint16 *halves = NULL;

  if (mat.type == KRN_F32) {
    k->read (device, mat.buf, mat.offset, values, n * sizeof *values);
    return;
  }
  halves = g_new (guint16, n);
  k->read (device, mat.buf, mat.offset, halves, n * sizeof *halves);
  for (gsize i = 0; i < n; i++) {
    guint32 bits = (guint32)halves[i] << 16;

    memcpy (&values[i], &bits, sizeof bits);
  }
}

/* q_scale = hd^−½ / ln 2 · ln (1 + e^s),  s = per_dim_scale   (§4.1) */
static gboolean
bind_q_scale (GemAudioLayer *l, GemBackend *backend, GError **error)
{
  int               n = l->per_dim_scale.cols;
  g_autofree float *scale = g_new (float, n);

  read_vector (l->per_dim_scale, backend, scale);
  for (int i = 0; i < n; i++) {
    double s = scale[i], softplus = s > 30 ? s : log1p (exp (s));

    scale[i] = (float)(softplus / sqrt (n) / G_LN2);
  }
  return store_row (&l->q_scale, scale, 1, n, backend, "the audio encoder's scales", error);
}

/* e_δ = sin (δ·ω_i) for i < D/2, then cos (δ·ω_i);  ω_i = 10000^(−i / (D/2 − 1))   (§4.1) */
static gboolean
bind_distances (GemAudioWeights *self, const GemAudioConfig *c, GemBackend *backend, GError **error)
{
  int               half = c->hidden_size / 2;
  g_autofree float *e = g_new (float, c->reach * c->hidden_size);

  for (int delta = 0; delta < c->reach; delta++)
    for (int i = 0; i < half; i++) {
      double angle = delta * exp (-i * log (10000.0) / MAX (half - 1, 1));

      e[delta * c->hidden_size + i] = (float)sin (angle);
      e[delta * c->hidden_size + half + i] = (float)cos (angle);
    }
  return store_row (&self->distances, e, c->reach, c->hidden_size, backend,
                    "the audio encoder's positions", error);
}

/* r_δ = e_δ·Wrᵀ of every layer: the same for every sound   (§4.1) */
static gboolean
bind_relative (GemAudioWeights *self, const GemAudioConfig *c, GemBackend *backend, GError **error)
{
  const KrnOps     *k = gem_backend_get_ops (backend);
  g_autofree float *zeros = g_new0 (float, c->reach * c->hidden_size);

  for (int i = 0; i < c->num_hidden_layers; i++) {
    GemAudioLayer *l = &self->layers[i];

    if (!store_row (&l->relative, zeros, c->reach, c->hidden_size, backend,
                    "the audio encoder's positions", error))
      return FALSE;
    k->linear (gem_backend_get_device (backend), l->relative, self->distances, l->relative_k_proj);
  }
  return TRUE;
}

gboolean
gem_audio_weights_bind_constants (GemAudioWeights      *self,
                                  const GemAudioConfig *c,
                                  GemBackend           *backend,
                                  GError              **error)
{
  g_autofree float *bias = g_new (float, c->output_proj_dims);

  for (int i = 0; i < c->num_hidden_layers; i++)
    if (!bind_q_scale (&self->layers[i], backend, error))
      return FALSE;
  read_vector (self->output_proj_bias, backend, bias);
  return store_row (&self->bias, bias, 1, c->output_proj_dims, backend, "the audio encoder's bias",
                    error) &&
         bind_distances (self, c, backend, error) && bind_relative (self, c, backend, error);
}
