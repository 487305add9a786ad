/* gem-audio.c: the audio encoder, written like its equations.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * § are those of docs/model/gemma4-audio.md.  Only valid frames are computed: what the reference
 * does beyond them is masked and has no influence.  Scratch memory is taken for one clip and given
 * back.  Engine thread only. */
#define G_LOG_DOMAIN "gem"

#include "gem-audio.h"

#include "gem-encoder.h"
#include "gem-mat.h"

#include <math.h>

/* Where the softmax's input is scaled so that e becomes 2: ln (1 + e) / ln 2 on the keys. */
#define KEY_SCALE      (1.3132616875182228 / G_LN2)
#define LAYER_NORM_EPS 1e-6f

/* One clip on its way through the encoder. */
typedef struct {
  const KrnOps          *k;
  KrnDevice             *device;
  const GemAudioConfig  *config;
  const GemAudioWeights *weights;
  GemTrace              *trace;
  guint                  n_frames, n; /* frames; steps */

  KrnBuffer *buffer;    /* holds all that follows */
  KrnMat     features;  /* (n_frames·bands, 1) */
  KrnMat     conv[2];   /* (⌈n_frames/2⌉·bands/2, C0), (n·bands/4, C1) */
  KrnMat     x;         /* (n, D)    the residual stream */
  KrnMat     a, z, y;   /* (n, D)    normalised input, within bounds; output */
  KrnMat     wide;      /* (n, 4·D) */
  KrnMat     q, key, v; /* (n, D)    q becomes the attention's output */
  KrnMat     out;       /* (n, output_proj_dims) */
  KrnMat     soft;      /* (n, H) */
} Run;

guint
gem_audio_count_soft_tokens (guint n_frames)
{
  return ((n_frames + 1) / 2 + 1) / 2;
}

/* ---- the equations --------------------------------------------------------------------------- */

/* Two convolutions, each halving times and bands, with a norm over the channels; then all bands and
 * channels of a time, channel fastest, through a linear layer   (§3). */
static void
subsample (Run *r)
{
  const GemAudioWeights *w = r->weights;
  gint32                 bands = GEM_MEL_BANDS;
  KrnMat                 flat = r->conv[1], x = r->features;

  for (int i = 0; i < 2; i++, bands /= 2) {
    r->k->conv_2d (r->device, r->conv[i], x, w->conv[i], bands);
    r->k->layer_norm_relu (r->device, r->conv[i], r->conv[i], w->conv_norm[i], LAYER_NORM_EPS);
    x = r->conv[i];
  }
  flat.rows = (gint32)r->n;
  flat.cols = bands * r->config->subsampling_conv_channels[1];
  r->k->linear (r->device, r->x, flat, w->input_proj); /* (n, D) */
}

/* x = x + ½ · rms_w (silu (rms_w (x; pre)·W1ᵀ)·W2ᵀ; post) */
static void
feed_forward (Run *r, const GemAudioFeedForward *f)
{
  const float eps = r->config->rms_norm_eps;

  r->k->norm_clipped (r->device, &r->wide, 1, r->a, r->z, r->x, f->pre_layer_norm, eps,
                      &f->ffw_layer_1); /* (n, 4·D) */
  r->k->silu (r->device, r->wide, r->wide);
  r->k->clipped_add (r->device, r->x, r->y, r->wide, r->wide, &f->ffw_layer_2, f->post_layer_norm,
                     eps, r->config->residual_weight); /* (n, D) */
}

/* a = rms_w (x; norm_pre_attn),  q = a·Wqᵀ,  k = a·Wkᵀ,  v = a·Wvᵀ,  r_δ = e_δ·Wrᵀ
 * x = x + rms_w (attend (q, k, v, r)·Wpᵀ; norm_post_attn)   (§4.1) */
static void
attention (Run *r, const GemAudioLayer *l)
{
  const GemAudioConfig *c = r->config;
  gint32                head_dim = c->hidden_size / c->num_attention_heads;

  r->k->norm_clipped (r->device, (KrnMat[]){r->q, r->key, r->v}, 3, r->a, r->z, r->x,
                      l->norm_pre_attn, c->rms_norm_eps,
                      (KrnClipped[]){l->q_proj, l->k_proj, l->v_proj}); /* (n, D) */
  r->k->attention_band (r->device, r->q, r->q, r->key, r->v, l->relative, l->q_scale,
                        (float)KEY_SCALE, head_dim, c->attention_logit_cap);
  r->k->clipped_add (r->device, r->x, r->y, r->q, r->q, &l->post, l->norm_post_attn,
                     c->rms_norm_eps, 1);
}

/* z = glu (rms_w (x; pre)·Wsᵀ),  y_t = Σ_k w_k ⊙ z_{t−K+1+k}
 * x = x + silu (rms_w (y; conv_norm))·Weᵀ */
static void
light_convolution (Run *r, const GemAudioLayer *l)
{
  const float eps = r->config->rms_norm_eps;
  KrnMat      wide = r->wide;

  wide.cols = 2 * r->config->hidden_size;
  r->k->norm_clipped (r->device, &wide, 1, r->a, r->z, r->x, l->pre_layer_norm, eps,
                      &l->linear_start); /* (n, 2·D) */
  r->k->glu (r->device, r->z, wide);     /* (n, D) */
  r->k->conv_causal (r->device, r->y, r->z, l->depthwise);
  r->k->rms_norm (r->device, r->y, r->y, l->conv_norm, eps);
  r->k->silu (r->device, r->y, r->y);
  r->k->clipped (r->device, r->z, r->y, r->y, &l->linear_end);
  r->k->add_scaled (r->device, r->x, r->z, 1);
}

static void
conformer_layer (Run *r, const GemAudioLayer *l)
{
  feed_forward (r, &l->feed_forward1);
  attention (r, l);
  light_convolution (r, l);
  feed_forward (r, &l->feed_forward2);
  r->k->rms_norm (r->device, r->x, r->x, l->norm_out, r->config->rms_norm_eps);
}

/* out = x·Woᵀ + b,  soft = rms (out)·Wᵀ   (§5) */
static void
project (Run *r)
{
  const GemAudioWeights *w = r->weights;

  r->k->linear (r->device, r->out, r->x, w->output_proj);
  r->k->add_scaled (r->device, r->out, w->bias, 1);
  gem_trace_tap (r->trace, -1, "audio_out", r->out, 0);
  r->k->rms_norm (r->device, r->out, r->out, (KrnMat){0}, r->config->rms_norm_eps);
  r->k->linear (r->device, r->soft, r->out, w->projection); /* (n, H) */
}

/* FALSE: @progress said so. */
static gboolean
encode (Run *r, GemEncodeFunc progress, gpointer user_data)
{
  const int n_layers = r->config->num_hidden_layers;
  char      name[32];

  subsample (r);
  gem_trace_tap (r->trace, -1, "subsample", r->x, 0);
  for (int i = 0; i < n_layers; i++) {
    if (progress != NULL && !progress ((double)i / n_layers, user_data))
      return FALSE;
    conformer_layer (r, &r->weights->layers[i]);
    g_snprintf (name, sizeof name, "audio_layer.%d.out", i);
    gem_trace_tap (r->trace, -1, name, r->x, 0);
  }
  project (r);
  return TRUE;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static gsize
lay_out (Run *r, const GemAudioConfig *c, int hidden)
{
  const gint32 d = c->hidden_size;
  guint        half = (r->n_frames + 1) / 2;
  gsize        size = 0;

  r->features = gem_mat_take (&size, KRN_F32, r->n_frames * GEM_MEL_BANDS, 1);
  r->conv[0] =
      gem_mat_take (&size, KRN_F32, half * (GEM_MEL_BANDS / 2), c->subsampling_conv_channels[0]);
  r->conv[1] =
      gem_mat_take (&size, KRN_F32, r->n * (GEM_MEL_BANDS / 4), c->subsampling_conv_channels[1]);
  r->x = gem_mat_take (&size, KRN_F32, r->n, d);
  r->a = gem_mat_take (&size, KRN_F32, r->n, d);
  r->z = gem_mat_take (&size, KRN_F32, r->n, d);
  r->y = gem_mat_take (&size, KRN_F32, r->n, d);
  r->wide = gem_mat_take (&size, KRN_F32, r->n, 4 * d);
  r->q = gem_mat_take (&size, KRN_F32, r->n, d);
  r->key = gem_mat_take (&size, KRN_F32, r->n, d);
  r->v = gem_mat_take (&size, KRN_F32, r->n, d);
  r->out = gem_mat_take (&size, KRN_F32, r->n, c->output_proj_dims);
  r->soft = gem_mat_take (&size, KRN_F32, r->n, hidden);
  return size;
}

static gboolean
allocate (Run *r, int hidden, GError **error)
{
  gsize   bytes = lay_out (r, r->config, hidden);
  KrnMat *views[] = {&r->features, &r->conv[0], &r->conv[1], &r->x, &r->a,   &r->z,   &r->y,
                     &r->wide,     &r->q,       &r->key,     &r->v, &r->out, &r->soft};

  r->buffer = r->k->alloc (r->device, bytes);
  if (r->buffer == NULL) {
    g_autofree char *size = g_format_size (bytes);

    g_set_error (error, GEM_ERROR, GEM_ERROR_NO_MEMORY,
                 "There is no memory (%s) to listen to this recording.", size);
    return FALSE;
  }
  for (gsize i = 0; i < G_N_ELEMENTS (views); i++)
    views[i]->buf = r->buffer;
  return TRUE;
}

GemSoft *
gem_audio_encode (GemModel     *model,
                  const float  *features,
                  guint         n_frames,
                  const char   *key,
                  GemTrace     *trace,
                  GemEncodeFunc progress,
                  gpointer      user_data,
                  GError      **error)
{
  const GemConfig *config = gem_model_get_config (model);
  Run              r = {.k = gem_model_get_ops (model),
                        .device = gem_model_get_krn_device (model),
                        .config = &config->audio,
                        .weights = gem_model_get_audio_weights (model, error),
                        .trace = trace,
                        .n_frames = n_frames,
                        .n = gem_audio_count_soft_tokens (n_frames)};
  GemSoft         *soft = NULL;

  g_return_val_if_fail (n_frames > 0, NULL);
  if (r.weights == NULL || !allocate (&r, config->text.hidden_size, error))
    return NULL;
  r.k->write (r.device, r.features.buf, r.features.offset, features,
              (gsize)n_frames * GEM_MEL_BANDS * sizeof *features);
  if (encode (&r, progress, user_data))
    soft = gem_encoder_finish (r.k, r.device, r.soft, key, error);
  else
    gem_encoder_set_cancelled (error);
  r.k->free (r.device, r.buffer);
  return soft;
}
