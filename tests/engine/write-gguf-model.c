/* write-gguf-model.c: the tiny model as GGUF, with its projector and a twin.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The names are made by replacing parts of the checkpoint's, the blocks by the simplest quantisers:
 * both are written down once more, so that a slip in the engine does not cancel itself out.  Scales
 * are powers of two, so that the numbers of Q8_0 and Q4_0 are BF16 numbers and the twin is exact.
 */
#include "write-gguf.h"

#include "gem-safetensors.h"
#include "golden-model.h"
#include "write-model.h"
#include "write-safetensors.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#define DECODER "model.language_model."

typedef struct {
  const GgufSpec    *spec;
  GgufWriter        *model, *projector;
  SafetensorsWriter *twin;
} Writer;

/* ---- names ---- */

static const struct {
  const char *ours, *theirs;
} renamings[] = {
    {"model.language_model.layers.", "blk."},
    {"model.language_model.", ""},
    {"model.vision_tower.encoder.layers.", "v.blk."},
    {"model.vision_tower.patch_embedder.", "v."},
    {"model.audio_tower.layers.", "a.blk."},
    {"model.audio_tower.", "a."},
    {"model.embed_vision.embedding_projection", "mm.input_projection"},
    {"model.embed_audio.embedding_projection", "mm.a.input_projection"},
    {".linear.weight", ".weight"},
    /* the decoder */
    {"embed_tokens_per_layer", "per_layer_token_embd"},
    {"embed_tokens", "token_embd"},
    {"per_layer_model_projection", "per_layer_model_proj"},
    {"per_layer_projection_norm", "per_layer_proj_norm"},
    {"post_per_layer_input_norm", "post_norm"},
    {"per_layer_input_gate", "inp_gate"},
    {"per_layer_projection", "proj"},
    {"layer_scalar", "layer_output_scale.weight"},
    /* the audio encoder */
    {"subsample_conv_projection.layer", "conv1d."},
    {".conv.weight", ".weight"},
    {"subsample_conv_projection.input_proj_linear", "input_projection"},
    {"a.output_proj", "a.pre_encode.out"},
    {"feed_forward1.ffw_layer_1", "ffn_up"},
    {"feed_forward1.ffw_layer_2", "ffn_down"},
    {"feed_forward2.ffw_layer_1", "ffn_up_1"},
    {"feed_forward2.ffw_layer_2", "ffn_down_1"},
    {"feed_forward1.pre_layer_norm", "ffn_norm"},
    {"feed_forward1.post_layer_norm", "ffn_post_norm"},
    {"feed_forward2.pre_layer_norm", "ffn_norm_1"},
    {"feed_forward2.post_layer_norm", "ffn_post_norm_1"},
    {"lconv1d.conv_norm", "norm_conv"},
    {"lconv1d.pre_layer_norm", "conv_norm"},
    {"lconv1d.depthwise_conv1d", "conv_dw"},
    {"lconv1d.linear_start", "conv_pw1"},
    {"lconv1d.linear_end", "conv_pw2"},
    {"norm_pre_attn", "attn_pre_norm"},
    {"norm_post_attn", "attn_post_norm"},
    {"norm_out", "ln2"},
    {"self_attn.relative_k_proj", "attn_k_rel"},
    {"self_attn.post", "attn_out"},
    {"self_attn.per_dim_scale", "per_dim_scale.weight"},
    /* all of them */
    {"self_attn.q_proj", "attn_q"},
    {"self_attn.k_proj", "attn_k"},
    {"self_attn.v_proj", "attn_v"},
    {"self_attn.q_norm", "attn_q_norm"},
    {"self_attn.k_norm", "attn_k_norm"},
    {"mlp.gate_proj", "ffn_gate"},
    {"mlp.up_proj", "ffn_up"},
    {"mlp.down_proj", "ffn_down"},
    /* the vision encoder */
    {"position_embedding_table", "position_embd.weight"},
    {"v.input_proj", "v.patch_embd"},
};

/* What has one name in the checkpoint and two in GGUF files. */
static const struct {
  const char *ours, *decoder, *vision;
} two_names[] = {
    {"self_attn.o_proj", "attn_output", "attn_out"},
    {"post_attention_layernorm", "post_attention_norm", "attn_post_norm"},
    {"post_feedforward_layernorm", "post_ffw_norm", "ffn_post_norm"},
    {"pre_feedforward_layernorm", "ffn_norm", "ln2"},
    {"input_layernorm", "attn_norm", "ln1"},
};

static char *
rename_tensor (const char *name)
{
  gboolean decoder = g_str_has_prefix (name, DECODER);
  GString *text = g_string_new (name);

  if (g_str_equal (name, DECODER "norm.weight"))
    g_string_assign (text, "output_norm.weight");
  for (gsize i = 0; i < G_N_ELEMENTS (renamings); i++)
    g_string_replace (text, renamings[i].ours, renamings[i].theirs, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (two_names); i++)
    g_string_replace (text, two_names[i].ours, decoder ? two_names[i].decoder : two_names[i].vision,
                      0);
  return g_string_free (text, FALSE);
}

/* ---- numbers ---- */

static guint16
to_bf16 (float x)
{
  guint32 bits;

  memcpy (&bits, &x, sizeof bits);
  return (guint16)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static float
from_bf16 (guint16 x)
{
  guint32 bits = (guint32)x << 16;
  float   value;

  memcpy (&value, &bits, sizeof value);
  return value;
}

/* The nearest F16, and what it is. */
static guint16
to_f16 (float x, float *value)
{
  int    exponent, step;
  double units;

  frexp (x, &exponent);
  step = MAX (exponent - 11, -24);
  units = nearbyint (ldexp (fabs (x), -step));
  *value = (float)copysign (ldexp (units, step), x);
  if (units >= 2048) {
    units /= 2;
    step++;
  }
  return (guint16)((x < 0 ? 0x8000 : 0) |
                   (units < 1024 ? (int)units : (step + 25) << 10 | ((int)units - 1024)));
}

/* The power of two, as an exponent, with which codes up to @most reach @x. */
static int
exponent_for (float x, int most)
{
  int e = -24;

  while (e < 15 && ldexp (most, e) < x)
    e++;
  return e;
}

static float
largest (const float *w, int n)
{
  float most = 0;

  for (int i = 0; i < n; i++)
    most = MAX (most, fabsf (w[i]));
  return most;
}

static void
put_f16 (GByteArray *out, double x)
{
  float   ignored;
  guint16 bits = GUINT16_TO_LE (to_f16 ((float)x, &ignored));

  g_byte_array_append (out, (const guint8 *)&bits, 2);
}

static int
code (float x, double step, int low, int high)
{
  return CLAMP ((int)lrint (x / step), low, high);
}

/* In every block one code is ±127, so that quantising the twin finds the very same blocks. */
static void
quantise_q8_0 (GByteArray *out, const float *w, float *values)
{
  double step = ldexp (1, exponent_for (largest (w, 32), 127));
  int    most = 0;
  gint8  q[32];

  for (int i = 0; i < 32; i++) {
    q[i] = (gint8)code (w[i], step, -127, 127);
    most = fabsf (w[i]) > fabsf (w[most]) ? i : most;
  }
  q[most] = w[most] < 0 ? -127 : 127;
  put_f16 (out, step);
  g_byte_array_append (out, (const guint8 *)q, 32);
  for (int i = 0; i < 32; i++)
    values[i] = (float)(step * q[i]);
}

static void
quantise_q4_0 (GByteArray *out, const float *w, float *values)
{
  double step = ldexp (1, exponent_for (largest (w, 32), 7));
  guint8 packed[16];

  for (int i = 0; i < 32; i++) {
    int q = code (w[i], step, -8, 7);

    packed[i % 16] = (guint8)(i < 16 ? q + 8 : packed[i % 16] | (q + 8) << 4);
    values[i] = (float)(step * q);
  }
  put_f16 (out, step);
  g_byte_array_append (out, packed, sizeof packed);
}

/* Eight groups of 32: w = d · scale · q − dmin · minimum, q < 16, scale and minimum < 64. */
static void
quantise_q4_k (GByteArray *out, const float *w, float *values)
{
  int    scale[8], minimum[8];
  double d = ldexp (1, exponent_for (2 * largest (w, 256), 15 * 63));
  double d_minimum = ldexp (1, exponent_for (largest (w, 256), 63));
  guint8 scales[12] = {0}, packed[128] = {0};

  for (int g = 0; g < 8; g++) {
    float low = 0, high = 0;

    for (int i = 0; i < 32; i++) {
      low = MIN (low, w[32 * g + i]);
      high = MAX (high, w[32 * g + i]);
    }
    minimum[g] = CLAMP ((int)ceil (-low / d_minimum), 0, 63);
    scale[g] = CLAMP ((int)ceil ((high + minimum[g] * d_minimum) / 15 / d), 1, 63);
    for (int i = 0; i < 32; i++) {
      int q = code ((float)(w[32 * g + i] + d_minimum * minimum[g]), d * scale[g], 0, 15);

      packed[g / 2 * 32 + i] |= (guint8)(q << g % 2 * 4);
      values[32 * g + i] = (float)(d * scale[g] * q - d_minimum * minimum[g]);
    }
  }
  for (int g = 0; g < 4; g++) {
    scales[g] = (guint8)(scale[g] | scale[g + 4] >> 4 << 6);
    scales[g + 4] = (guint8)(minimum[g] | minimum[g + 4] >> 4 << 6);
    scales[g + 8] = (guint8)((scale[g + 4] & 15) | (minimum[g + 4] & 15) << 4);
  }
  put_f16 (out, d);
  put_f16 (out, d_minimum);
  g_byte_array_append (out, scales, sizeof scales);
  g_byte_array_append (out, packed, sizeof packed);
}

/* Sixteen groups of 16: w = d · scale · (q − 32), q < 64, scale of 8 bits. */
static void
quantise_q6_k (GByteArray *out, const float *w, float *values)
{
  double d = ldexp (1, exponent_for (largest (w, 256), 31 * 127));
  guint8 low[128] = {0}, high[64] = {0};
  gint8  scales[16];

  for (int i = 0; i < 256; i++) {
    int q, half = i / 128, quarter = i % 128 / 32, at = i % 32;

    if (i % 16 == 0)
      scales[i / 16] = (gint8)CLAMP ((int)ceil (largest (w + i, 16) / 31 / d), 1, 127);
    q = code (w[i], d * scales[i / 16], -32, 31);
    low[64 * half + 32 * (quarter % 2) + at] |= (guint8)(((q + 32) & 15) << quarter / 2 * 4);
    high[32 * half + at] |= (guint8)((q + 32) >> 4 << 2 * quarter);
    values[i] = (float)(d * scales[i / 16] * q);
  }
  g_byte_array_append (out, low, sizeof low);
  g_byte_array_append (out, high, sizeof high);
  g_byte_array_append (out, (const guint8 *)scales, sizeof scales);
  put_f16 (out, d);
}

static void
convert_f32 (GByteArray *out, const float *w, float *values)
{
  guint32 bits;

  memcpy (&bits, w, sizeof bits);
  bits = GUINT32_TO_LE (bits);
  g_byte_array_append (out, (const guint8 *)&bits, 4);
  *values = *w;
}

static void
convert_f16 (GByteArray *out, const float *w, float *values)
{
  guint16 bits = GUINT16_TO_LE (to_f16 (*w, values));

  g_byte_array_append (out, (const guint8 *)&bits, 2);
}

static void
convert_bf16 (GByteArray *out, const float *w, float *values)
{
  guint16 bits = GUINT16_TO_LE (to_bf16 (*w));

  g_byte_array_append (out, (const guint8 *)&bits, 2);
  *values = *w;
}

/* Converts @numbers in place to what they are then. */
static GByteArray *
convert (GgufType type, float *numbers, gsize n)
{
  static const struct {
    GgufType type;
    int      block;
    void (*convert) (GByteArray *, const float *, float *);
  } types[] = {
      {GGUF_F32, 1, convert_f32},      {GGUF_F16, 1, convert_f16},
      {GGUF_BF16, 1, convert_bf16},    {GGUF_Q4_0, 32, quantise_q4_0},
      {GGUF_Q8_0, 32, quantise_q8_0},  {GGUF_Q4_K, 256, quantise_q4_k},
      {GGUF_Q6_K, 256, quantise_q6_k},
  };
  GByteArray *out = g_byte_array_new ();

  for (gsize t = 0; t < G_N_ELEMENTS (types); t++)
    for (gsize i = 0; types[t].type == type && i < n; i += (gsize)types[t].block) {
      float block[256];

      memcpy (block, numbers + i, (gsize)types[t].block * sizeof *block);
      types[t].convert (out, block, numbers + i);
    }
  return out;
}

/* ---- tensors ---- */

/* As converters choose: what is small, and what convolves, is F32. */
static GgufType
choose_type (const Writer *w, const GemTensor *t, const char *name)
{
  GgufType type = w->spec->type;
  gint64   cols = t->n_dims > 0 ? t->shape[t->n_dims - 1] : 1;

  if (t->n_dims < 2 || strstr (name, "conv1d") != NULL || strstr (name, "conv_dw") != NULL ||
      strstr (name, "position_embd") != NULL || strstr (name, "patch_embd") != NULL)
    return GGUF_F32;
  if ((type == GGUF_Q4_K || type == GGUF_Q6_K) && cols % 256 != 0)
    type = GGUF_Q8_0;
  if ((type == GGUF_Q4_0 || type == GGUF_Q8_0) && cols % 32 != 0)
    type = GGUF_F16;
  return type;
}

/* Patches are [channel][line][column], and back. */
static float *
permute_patches (const float *w, gsize d, gboolean back)
{
  float *out = g_new (float, d * 768);

  for (gsize i = 0; i < d; i++)
    for (gsize p = 0; p < 256; p++)
      for (gsize c = 0; c < 3; c++) {
        gsize ours = i * 768 + p * 3 + c, theirs = i * 768 + c * 256 + p;

        out[back ? ours : theirs] = w[back ? theirs : ours];
      }
  return out;
}

static void
put_twin (Writer *w, const GemTensor *t, const float *numbers)
{
  gsize               n = t->n_bytes / 2;
  g_autofree guint16 *halves = g_new (guint16, n);

  for (gsize i = 0; i < n; i++)
    halves[i] = GUINT16_TO_LE (to_bf16 (numbers[i]));
  safetensors_writer_add_data (w->twin, t->name, "BF16", t->shape, t->n_dims, halves, t->n_bytes);
}

static void
put (Writer *w, const GemTensor *t)
{
  gsize             n = t->n_bytes / 2;
  gboolean          decoder = g_str_has_prefix (t->name, DECODER);
  g_autofree char  *name = rename_tensor (t->name);
  g_autofree float *numbers = g_new (float, n), *stored = NULL, *twin = NULL;
  gint64            shape[] = {t->shape[0], t->shape[1], t->shape[2], t->shape[3]};
  int               n_dims = t->n_dims;
  g_autoptr (GByteArray) bytes = NULL;
  GgufType type = choose_type (w, t, name);

  for (gsize i = 0; i < n; i++)
    numbers[i] = from_bf16 ((guint16)(t->data[2 * i] | t->data[2 * i + 1] << 8));
  if (n_dims == 0)
    shape[n_dims++] = 1;
  if (strstr (name, "patch_embd") != NULL) {
    stored = permute_patches (numbers, (gsize)shape[0], FALSE);
    shape[1] = 3;
    shape[2] = shape[3] = 16;
    n_dims = 4;
  } else
    stored = g_memdup2 (numbers, n * sizeof *numbers);
  if (strstr (name, "conv_dw") != NULL) {
    shape[1] = shape[2];
    n_dims = 2;
  }
  if (strstr (name, "per_dim_scale") != NULL)
    for (gsize i = 0; i < n; i++)
      stored[i] = (float)log1p (exp (stored[i]));
  bytes = convert (type, stored, n);
  if (strstr (name, "per_dim_scale") != NULL)
    twin = g_memdup2 (numbers, n * sizeof *numbers);
  else if (strstr (name, "patch_embd") != NULL)
    twin = permute_patches (stored, (gsize)shape[0], TRUE);
  else
    twin = g_memdup2 (stored, n * sizeof *stored);
  put_twin (w, t, twin);
  if (g_strcmp0 (w->spec->skip, name) != 0)
    gguf_writer_add_tensor (decoder ? w->model : w->projector, name, type, shape, n_dims,
                            bytes->data, bytes->len);
}

static void
put_rope (Writer *w)
{
  float  factors[32];
  gint64 n = G_N_ELEMENTS (factors);

  for (gint64 i = 0; i < n; i++)
    factors[i] = i < n / 4 ? w->spec->scaled_rope ? 8 : 1 : 1e30f;
  gguf_writer_add_tensor (w->model, "rope_freqs.weight", GGUF_F32, &n, 1, factors, sizeof factors);
}

/* ---- keys ---- */

static gboolean
is_skipped (const Writer *w, const char *key)
{
  return g_strcmp0 (w->spec->skip, key) == 0;
}

static void
put_u32 (Writer *w, GgufWriter *file, const char *key, guint32 value)
{
  if (!is_skipped (w, key))
    gguf_writer_add_u32 (file, key, value);
}

static void
put_model_keys (Writer *w)
{
  static const char *const layers = "ssFsFsssF";
  static const struct {
    const char *key;
    guint32     value;
  } numbers[] = {
      {"block_count", 9},
      {"context_length", 131072},
      {"embedding_length", 128},
      {"embedding_length_per_layer_input", 32},
      {"attention.head_count", 4},
      {"attention.head_count_kv", 1},
      {"attention.key_length", 64},
      {"attention.key_length_swa", 32},
      {"attention.sliding_window", 16},
      {"attention.shared_kv_layers", 4},
  };
  gboolean pattern[9];
  gint32   widths[9];

  gguf_writer_add_text (w->model, "general.architecture",
                        w->spec->architecture != NULL ? w->spec->architecture : "gemma4");
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++) {
    g_autofree char *key = g_strconcat ("gemma4.", numbers[i].key, NULL);

    put_u32 (w, w->model, key, numbers[i].value);
  }
  for (int i = 0; i < 9; i++) {
    pattern[i] = layers[i] == 's';
    widths[i] = i < 5 ? 256 : 512;
  }
  if (!is_skipped (w, "gemma4.attention.sliding_window_pattern"))
    gguf_writer_add_bools (w->model, "gemma4.attention.sliding_window_pattern", pattern, 9);
  if (!is_skipped (w, "gemma4.feed_forward_length"))
    gguf_writer_add_i32s (w->model, "gemma4.feed_forward_length", widths, 9);
  gguf_writer_add_f32 (w->model, "gemma4.attention.layer_norm_rms_epsilon", 1e-6f);
  gguf_writer_add_f32 (w->model, "gemma4.final_logit_softcapping", 30);
  gguf_writer_add_f32 (w->model, "gemma4.rope.freq_base", 1e6f);
  gguf_writer_add_f32 (w->model, "gemma4.rope.freq_base_swa", 1e4f);
  gguf_writer_add_f32 (w->model, "general.sampling.temp", 0.7f);
  if (w->spec->split)
    gguf_writer_add_u32 (w->model, "split.count", 2);
}

static void
put_projector_keys (Writer *w)
{
  static const struct {
    const char *key;
    guint32     value;
  } numbers[] = {
      {"clip.vision.block_count", 3},           {"clip.vision.embedding_length", 96},
      {"clip.vision.feed_forward_length", 192}, {"clip.vision.attention.head_count", 3},
      {"clip.vision.patch_size", 16},           {"clip.audio.block_count", 3},
      {"clip.audio.embedding_length", 64},      {"clip.audio.attention.head_count", 2},
  };

  gguf_writer_add_text (w->projector, "general.architecture", "clip");
  gguf_writer_add_bool (w->projector, "clip.has_vision_encoder", TRUE);
  gguf_writer_add_bool (w->projector, "clip.has_audio_encoder", TRUE);
  gguf_writer_add_text (w->projector, "clip.vision.projector_type", "gemma4v");
  gguf_writer_add_text (w->projector, "clip.audio.projector_type", "gemma4a");
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    put_u32 (w, w->projector, numbers[i].key, numbers[i].value);
}

/* Control tokens are typed as llama.cpp's converter does it: some as user-defined. */
static gint32
token_type (const char *text)
{
  static const char *const visible[] = {"<|channel>",       "<channel|>",
                                        "<|tool_call>",     "<tool_call|>",
                                        "<|tool_response>", "<tool_response|>",
                                        "<|\"|>",           NULL};
  static const char *const control[] = {"<pad>",     "<eos>",     "<bos>",    "<unk>",
                                        "<mask>",    "<|tool>",   "<tool|>",  "<|think|>",
                                        "<|turn>",   "<turn|>",   "<|image>", "<|audio>",
                                        "<|image|>", "<|audio|>", "<image|>", "<audio|>",
                                        "<|video|>", NULL};

  if (g_strv_contains (visible, text))
    return 4;
  if (g_strv_contains (control, text))
    return 3;
  return strlen (text) == 6 && g_str_has_prefix (text, "<0x") ? 6 : 1;
}

static void
put_tokenizer (Writer *w)
{
  g_autofree char *path = golden_path ("tiny-model/tokenizer.json");
  json_t          *root = json_load_file (path, 0, NULL), *model = json_object_get (root, "model");
  json_t          *vocabulary = json_object_get (model, "vocab"), *id, *pair;
  g_autoptr (GPtrArray) tokens = g_ptr_array_new ();
  g_autoptr (GPtrArray) merges = g_ptr_array_new_with_free_func (g_free);
  g_autofree gint32 *types = g_new (gint32, json_object_size (vocabulary));
  const char        *text;
  gsize              i;

  g_ptr_array_set_size (tokens, (int)json_object_size (vocabulary));
  json_object_foreach (vocabulary, text, id)
  {
    tokens->pdata[json_integer_value (id)] = (gpointer)text;
    types[json_integer_value (id)] = token_type (text);
  }
  json_array_foreach (json_object_get (model, "merges"), i, pair)
  {
    if (json_is_array (pair))
      g_ptr_array_add (merges,
                       g_strdup_printf ("%s %s", json_string_value (json_array_get (pair, 0)),
                                        json_string_value (json_array_get (pair, 1))));
    else
      g_ptr_array_add (merges, g_strdup (json_string_value (pair)));
  }
  gguf_writer_add_text (w->model, "tokenizer.ggml.model",
                        w->spec->tokenizer != NULL ? w->spec->tokenizer : "gemma4");
  if (!is_skipped (w, "tokenizer.ggml.tokens"))
    gguf_writer_add_texts (w->model, "tokenizer.ggml.tokens", tokens);
  gguf_writer_add_i32s (w->model, "tokenizer.ggml.token_type", types, tokens->len);
  if (!is_skipped (w, "tokenizer.ggml.merges"))
    gguf_writer_add_texts (w->model, "tokenizer.ggml.merges", merges);
  put_u32 (w, w->model, "tokenizer.ggml.bos_token_id", 2);
  put_u32 (w, w->model, "tokenizer.ggml.eos_token_id", 1);
  put_u32 (w, w->model, "tokenizer.ggml.unknown_token_id", 3);
  put_u32 (w, w->model, "tokenizer.ggml.padding_token_id", 0);
  json_decref (root);
}

/* ---- all of it ---- */

static const char *
or_else (const char *name, const char *usual)
{
  return name != NULL ? name : usual;
}

void
write_gguf (const char *folder, const char *twin, const GgufSpec *spec)
{
  g_autofree char *path = golden_path ("tiny-model/model.safetensors");
  g_autoptr (GError) error = NULL;
  g_autoptr (GemSafetensors) files = gem_safetensors_open (path, &error);
  Writer      w = {spec, gguf_writer_new (), gguf_writer_new (), safetensors_writer_new ()};
  GByteArray *projector, *plain;

  g_assert_no_error (error);
  put_model_keys (&w);
  put_tokenizer (&w);
  put_projector_keys (&w);
  put_rope (&w);
  for (guint i = 0; i < gem_safetensors_get_n_tensors (files); i++)
    put (&w, gem_safetensors_get_nth (files, i));
  write_bytes (folder, or_else (spec->model_file, "model.gguf"), gguf_writer_finish (w.model));
  projector = gguf_writer_finish (w.projector);
  if (spec->no_projector)
    g_byte_array_unref (projector);
  else
    write_bytes (folder, or_else (spec->projector_file, "mmproj.gguf"), projector);
  plain = safetensors_writer_finish (w.twin);
  if (twin == NULL) {
    g_byte_array_unref (plain);
    return;
  }
  write_bytes (twin, "model.safetensors", plain);
  copy_file ("tests/golden/tiny-model/config.json", twin, "config.json");
  copy_file ("tests/golden/tiny-model/tokenizer.json", twin, "tokenizer.json");
}
