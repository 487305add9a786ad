/* gem-config.c: config.json and generation_config.json, read and bounded.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owns nothing: fills a plain GemConfig.  Pure functions, any thread.  A key that the file leaves
 * out gets the value that the published model family defaults to; a key that changes the arithmetic
 * in a way that this engine does not compute (experts, other activations, scaled RoPE, …) is
 * refused by name, because running it anyway would give plausible nonsense.  Does not look at
 * tensors: gem-checkpoint.c compares them with what is here. */
#define G_LOG_DOMAIN "gem"

#include "gem-config.h"
#include "gem-packed.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#define MAX_CONFIG_BYTES (4 * 1024 * 1024)
#define MAX_WIDTH        (1 << 16) /* hidden sizes */
#define MAX_WIDE         (1 << 20) /* heads · head size, MLP width, layers · per-layer width */
#define MAX_VOCAB        (1 << 22)
#define MAX_HEADS        1024
#define MAX_HEAD_DIM     4096

#define REQUIRED G_MININT /* as a default: the key has to be there */

/* One JSON object while it is read, and where it stands, for messages. */
typedef struct {
  const json_t *object;
  const char   *name;    /* the model's */
  const char   *section; /* "text_config." or "" */
} Section;

static gboolean
invalid_key (const Section *s, const char *key, const char *expected, GError **error)
{
  g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL,
               "The configuration of “%s” is damaged: %s%s should be %s.", s->name, s->section, key,
               expected);
  return FALSE;
}

static gboolean
unsupported (const Section *s, const char *what, GError **error)
{
  g_autofree char *valid = g_utf8_make_valid (what, -1); /* it may hold a word of the file, cut */

  g_set_error (error, GEM_ERROR, GEM_ERROR_UNSUPPORTED, "“%s” %s.  Facet runs Gemma 4 E2B and E4B.",
               s->name, valid);
  return FALSE;
}

/* NULL for a key that is missing or null: the files use both for "not set". */
static const json_t *
lookup (const Section *s, const char *key)
{
  const json_t *value = json_object_get (s->object, key);

  return json_is_null (value) ? NULL : value;
}

static gboolean
read_int (const Section *s,
          const char    *key,
          int            min,
          int            max,
          int            fallback,
          int           *out,
          GError       **error)
{
  const json_t    *value = lookup (s, key);
  g_autofree char *expected = NULL;

  if (value == NULL && fallback != REQUIRED) {
    *out = fallback;
    return TRUE;
  }
  if (json_is_integer (value)) {
    json_int_t number = json_integer_value (value);

    if (number >= min && number <= max) {
      *out = (int)number;
      return TRUE;
    }
  }
  expected = g_strdup_printf ("a whole number from %d to %d", min, max);
  return invalid_key (s, key, expected, error);
}

/* min < value <= max */
static gboolean
read_number (const Section *s,
             const char    *key,
             double         min,
             double         max,
             double         fallback,
             double        *out,
             GError       **error)
{
  const json_t    *value = lookup (s, key);
  g_autofree char *expected = NULL;

  if (value == NULL) {
    *out = fallback;
    return TRUE;
  }
  if (json_is_number (value)) {
    double number = json_number_value (value);

    if (number > min && number <= max) {
      *out = number;
      return TRUE;
    }
  }
  expected = g_strdup_printf ("a number above %g, up to %g", min, max);
  return invalid_key (s, key, expected, error);
}

static gboolean
read_bool (const Section *s, const char *key, gboolean fallback, gboolean *out, GError **error)
{
  const json_t *value = lookup (s, key);

  if (value != NULL && !json_is_boolean (value))
    return invalid_key (s, key, "true or false", error);
  *out = value != NULL ? json_is_true (value) : fallback;
  return TRUE;
}

static gboolean
read_section (const Section *s, const char *key, const char *section, Section *out, GError **error)
{
  const json_t *value = lookup (s, key);

  if (value != NULL && !json_is_object (value))
    return invalid_key (s, key, "an object", error);
  *out = (Section){.object = value, .name = s->name, .section = section};
  return TRUE;
}

/* ---- which model is it ---- */

static json_t *
parse_object (const char *text, gsize length, const char *file, const char *name, GError **error)
{
  json_error_t     reason;
  g_autofree char *why = NULL, *valid = NULL;
  json_t          *root = NULL;

  if (length > MAX_CONFIG_BYTES)
    why = g_strdup_printf ("it is larger than %d MiB", MAX_CONFIG_BYTES >> 20);
  else {
    root = json_loadb (text, length, JSON_REJECT_DUPLICATES, &reason);
    if (root == NULL)
      why = g_strdup_printf ("line %d: %s", reason.line, reason.text);
    else if (!json_is_object (root))
      why = g_strdup ("it is no JSON object");
  }
  if (why == NULL)
    return root;
  json_decref (root);
  valid = g_utf8_make_valid (why, -1);
  g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL,
               "%s of “%s” cannot be read (%s).  Download the model again or choose another "
               "folder.",
               file, name, valid);
  return NULL;
}

/* The text decoder's object: text_config of a gemma4, the root of a text-only gemma4_text. */
static gboolean
find_text_section (const Section *root, Section *text, GError **error)
{
  const char      *type = json_string_value (lookup (root, "model_type"));
  g_autofree char *what = NULL;

  if (type == NULL)
    return invalid_key (root, "model_type", "the name of an architecture", error);
  if (g_str_equal (type, "gemma4_text")) {
    *text = *root;
    return TRUE;
  }
  if (g_str_equal (type, "gemma4_assistant"))
    return unsupported (root, "is a drafter, which only works beside the model it was made for",
                        error);
  if (!g_str_equal (type, "gemma4")) {
    what = g_strdup_printf ("is a model of another architecture (%.64s)", type);
    return unsupported (root, what, error);
  }
  if (!read_section (root, "text_config", "text_config.", text, error))
    return FALSE;
  if (text->object == NULL)
    return invalid_key (root, "text_config", "an object", error);
  return TRUE;
}

static gboolean
check_quantisation (const Section *root, const Section *holder, GError **error)
{
  const json_t    *config = lookup (holder, "quantization_config");
  g_autofree char *how = config != NULL ? gem_packed_find_unsupported (config) : NULL;
  g_autofree char *what = NULL;

  if (how == NULL)
    return TRUE;
  what = g_strdup_printf ("holds weights that are already quantised %s; choose the bf16 model, which "
                          "Facet quantises itself",
                          how);
  return unsupported (root, what, error);
}

/* Everything that would change the equations. */
static gboolean
check_supported (const Section *root, const Section *text, GError **error)
{
  gboolean    moe = FALSE, k_eq_v = FALSE, bias = FALSE;
  const char *activation = json_string_value (lookup (text, "hidden_activation"));

  if (!check_quantisation (root, root, error) || !check_quantisation (root, text, error) ||
      !read_bool (text, "enable_moe_block", FALSE, &moe, error) ||
      !read_bool (text, "attention_k_eq_v", FALSE, &k_eq_v, error) ||
      !read_bool (text, "attention_bias", FALSE, &bias, error))
    return FALSE;
  if (moe)
    return unsupported (root, "is a mixture of experts (like Gemma 4 26B-A4B)", error);
  if (k_eq_v)
    return unsupported (root, "shares keys with values (like Gemma 4 31B)", error);
  if (bias)
    return unsupported (root, "has attention biases", error);
  if (lookup (text, "use_bidirectional_attention") != NULL &&
      !json_is_false (lookup (text, "use_bidirectional_attention")))
    return unsupported (root, "attends in both directions (like the larger Gemma 4 models)", error);
  if (activation != NULL && !g_str_equal (activation, "gelu_pytorch_tanh"))
    return unsupported (root, "uses another activation than gelu_pytorch_tanh", error);
  return TRUE;
}

/* ---- the decoder ---- */

static gboolean
read_layer_types (const Section *s, GemTextConfig *self, GError **error)
{
  const json_t *types = lookup (s, "layer_types");

  if (!json_is_array (types) || json_array_size (types) != (size_t)self->num_hidden_layers)
    return invalid_key (s, "layer_types", "a list with one entry per layer", error);
  for (int i = 0; i < self->num_hidden_layers; i++) {
    const char *type = json_string_value (json_array_get (types, i));

    if (g_strcmp0 (type, "sliding_attention") == 0)
      self->layer_types[i] = GEM_LAYER_SLIDING;
    else if (g_strcmp0 (type, "full_attention") == 0)
      self->layer_types[i] = GEM_LAYER_FULL;
    else
      return invalid_key (s, "layer_types", "a list of “sliding_attention” and “full_attention”",
                          error);
  }
  for (int i = self->first_shared; i < self->num_hidden_layers; i++)
    if (gem_text_config_kv_source (self, i) < 0)
      return invalid_key (s, "num_kv_shared_layers",
                          "small enough that every sharing layer has a layer of its type to read",
                          error);
  return TRUE;
}

static gboolean
read_rope (const Section *s, GemTextConfig *self, GError **error)
{
  Section     all, sliding = {.object = NULL}, full = {.object = NULL};
  const char *type;

  if (!read_section (s, "rope_parameters", "text_config.rope_parameters.", &all, error))
    return FALSE;
  if (all.object != NULL &&
      (!read_section (&all, "sliding_attention", "rope_parameters.sliding_attention.", &sliding,
                      error) ||
       !read_section (&all, "full_attention", "rope_parameters.full_attention.", &full, error)))
    return FALSE;
  sliding.name = full.name = s->name;
  if (!read_number (&sliding, "rope_theta", 0, 1e12, 1e4, &self->rope_theta_sliding, error) ||
      !read_number (&full, "rope_theta", 0, 1e12, 1e6, &self->rope_theta_full, error) ||
      !read_number (&full, "partial_rotary_factor", 0, 1, 0.25, &self->partial_rotary_factor_full,
                    error))
    return FALSE;

  type = json_string_value (lookup (&sliding, "rope_type"));
  if (type != NULL && !g_str_equal (type, "default"))
    return unsupported (s, "scales the positions of its sliding layers", error);
  /* "default" cuts the head instead of the frequencies: the same only when all of it rotates. */
  type = json_string_value (lookup (&full, "rope_type"));
  if (type != NULL && !g_str_equal (type, "proportional") &&
      !(g_str_equal (type, "default") && self->partial_rotary_factor_full == 1))
    return unsupported (s, "scales the positions of its full layers", error);
  return TRUE;
}

/* The numbers that have to fit each other. */
static gboolean
check_text (const Section *s, const GemTextConfig *self, GError **error)
{
  if (self->head_dim % 2 != 0 || self->global_head_dim % 2 != 0)
    return invalid_key (s, "head_dim", "even, as RoPE turns pairs", error);
  if (self->num_attention_heads % self->num_key_value_heads != 0 ||
      self->num_attention_heads % self->num_global_key_value_heads != 0)
    return invalid_key (s, "num_attention_heads", "a multiple of num_key_value_heads", error);
  if (self->num_attention_heads * MAX (self->head_dim, self->global_head_dim) > MAX_WIDE)
    return invalid_key (s, "num_attention_heads", "smaller", error);
  if (self->num_hidden_layers * self->hidden_size_per_layer_input > MAX_WIDE)
    return invalid_key (s, "hidden_size_per_layer_input", "smaller", error);
  if (self->pad_token_id >= self->vocab_size_per_layer_input)
    return invalid_key (s, "pad_token_id", "inside the per-layer vocabulary", error);
  return TRUE;
}

static gboolean
read_text (const Section *s, GemTextConfig *self, GError **error)
{
  double eps, cap;

  if (!read_int (s, "num_hidden_layers", 1, GEM_MAX_LAYERS, REQUIRED, &self->num_hidden_layers,
                 error) ||
      !read_int (s, "hidden_size", 1, MAX_WIDTH, REQUIRED, &self->hidden_size, error) ||
      !read_int (s, "intermediate_size", 1, MAX_WIDE / 2, REQUIRED, &self->intermediate_size,
                 error) ||
      !read_bool (s, "use_double_wide_mlp", FALSE, &self->use_double_wide_mlp, error) ||
      !read_int (s, "num_attention_heads", 1, MAX_HEADS, REQUIRED, &self->num_attention_heads,
                 error) ||
      !read_int (s, "num_key_value_heads", 1, MAX_HEADS, REQUIRED, &self->num_key_value_heads,
                 error) ||
      !read_int (s, "num_global_key_value_heads", 1, MAX_HEADS, self->num_key_value_heads,
                 &self->num_global_key_value_heads, error) ||
      !read_int (s, "head_dim", 2, MAX_HEAD_DIM, 256, &self->head_dim, error) ||
      !read_int (s, "global_head_dim", 2, MAX_HEAD_DIM, 512, &self->global_head_dim, error) ||
      !read_int (s, "sliding_window", 1, GEM_MAX_POSITIONS, 512, &self->sliding_window, error) ||
      !read_int (s, "num_kv_shared_layers", 0, self->num_hidden_layers - 1, 0,
                 &self->num_kv_shared_layers, error) ||
      !read_int (s, "hidden_size_per_layer_input", 0, MAX_WIDTH, 0,
                 &self->hidden_size_per_layer_input, error) ||
      !read_int (s, "vocab_size", 1, MAX_VOCAB, REQUIRED, &self->vocab_size, error) ||
      !read_int (s, "vocab_size_per_layer_input", 0, MAX_VOCAB, self->vocab_size,
                 &self->vocab_size_per_layer_input, error) ||
      !read_int (s, "max_position_embeddings", 1, GEM_MAX_POSITIONS, 131072,
                 &self->max_position_embeddings, error) ||
      !read_number (s, "rms_norm_eps", 0, 0.1, 1e-6, &eps, error) ||
      !read_number (s, "final_logit_softcapping", 0, 1e6, 0, &cap, error) ||
      !read_int (s, "pad_token_id", 0, self->vocab_size - 1, 0, &self->pad_token_id, error) ||
      !read_int (s, "bos_token_id", 0, self->vocab_size - 1, 2, &self->bos_token_id, error))
    return FALSE;
  if (self->hidden_size_per_layer_input == 0 || self->vocab_size_per_layer_input == 0)
    return unsupported (s, "has no per-layer embeddings (like the larger Gemma 4 models)", error);
  self->rms_norm_eps = (float)eps;
  self->final_logit_softcapping = (float)cap;
  self->first_shared = self->num_hidden_layers - self->num_kv_shared_layers;
  return read_layer_types (s, self, error) && read_rope (s, self, error) &&
         check_text (s, self, error);
}

/* ---- the encoders ---- */

static gboolean
check_activation (const Section *s, const char *key, const char *expected, GError **error)
{
  const char      *activation = json_string_value (lookup (s, key));
  g_autofree char *what = NULL;

  if (activation == NULL || g_str_equal (activation, expected))
    return TRUE;
  what = g_strdup_printf ("uses another activation than %s in an encoder", expected);
  return unsupported (s, what, error);
}

/* What would change the equations of an encoder. */
static gboolean
check_vision (const Section *s, const GemVisionConfig *self, GError **error)
{
  gboolean clipped, standardize, bias;
  int      n_kv_heads, patch;

  if (!check_activation (s, "hidden_activation", "gelu_pytorch_tanh", error) ||
      !read_bool (s, "use_clipped_linears", TRUE, &clipped, error) ||
      !read_bool (s, "standardize", FALSE, &standardize, error) ||
      !read_bool (s, "attention_bias", FALSE, &bias, error) ||
      !read_int (s, "num_key_value_heads", 1, MAX_HEADS, self->num_attention_heads, &n_kv_heads,
                 error) ||
      !read_int (s, "patch_size", 1, 1024, 16, &patch, error))
    return FALSE;
  if (!clipped || standardize || bias || n_kv_heads != self->num_attention_heads || patch != 16 ||
      self->pooling_kernel_size != 3)
    return unsupported (s, "has a vision encoder of another kind (like the larger Gemma 4 models)",
                        error);
  if (self->head_dim % 4 != 0)
    return invalid_key (s, "head_dim", "a multiple of 4", error);
  if (self->num_attention_heads * self->head_dim > MAX_WIDE)
    return invalid_key (s, "num_attention_heads", "smaller", error);
  return TRUE;
}

static gboolean
read_vision (const Section *s, GemVisionConfig *self, GError **error)
{
  Section rope;
  double  eps;

  if (!read_int (s, "num_hidden_layers", 1, GEM_MAX_LAYERS, 16, &self->num_hidden_layers, error) ||
      !read_int (s, "hidden_size", 1, MAX_WIDTH, 768, &self->hidden_size, error) ||
      !read_int (s, "intermediate_size", 1, MAX_WIDE, 3072, &self->intermediate_size, error) ||
      !read_int (s, "num_attention_heads", 1, MAX_HEADS, 12, &self->num_attention_heads, error) ||
      !read_int (s, "head_dim", 4, MAX_HEAD_DIM, 64, &self->head_dim, error) ||
      !read_int (s, "pooling_kernel_size", 1, 16, 3, &self->pooling_kernel_size, error) ||
      !read_int (s, "position_embedding_size", 1, MAX_WIDTH, 10240, &self->position_embedding_size,
                 error) ||
      !read_number (s, "rms_norm_eps", 0, 0.1, 1e-6, &eps, error) ||
      !read_section (s, "rope_parameters", "vision_config.rope_parameters.", &rope, error) ||
      !read_number (&rope, "rope_theta", 0, 1e12, 100, &self->rope_theta, error))
    return FALSE;
  self->rms_norm_eps = (float)eps;
  return check_vision (s, self, error);
}

static gboolean
read_channels (const Section *s, GemAudioConfig *self, GError **error)
{
  const json_t *list = lookup (s, "subsampling_conv_channels");

  self->subsampling_conv_channels[0] = 128;
  self->subsampling_conv_channels[1] = 32;
  if (list == NULL)
    return TRUE;
  if (json_array_size (list) != 2)
    return invalid_key (s, "subsampling_conv_channels", "a list of two numbers", error);
  for (gsize i = 0; i < 2; i++) {
    const json_t *n = json_array_get (list, i);

    if (!json_is_integer (n) || json_integer_value (n) < 1 || json_integer_value (n) > 4096)
      return invalid_key (s, "subsampling_conv_channels", "two numbers from 1 to 4096", error);
    self->subsampling_conv_channels[i] = (int)json_integer_value (n);
  }
  return TRUE;
}

static gboolean
check_audio (const Section *s, const GemAudioConfig *self, int right, GError **error)
{
  gboolean clipped;

  if (!check_activation (s, "hidden_act", "silu", error) ||
      !read_bool (s, "use_clipped_linears", TRUE, &clipped, error))
    return FALSE;
  if (!clipped || right != 0)
    return unsupported (s, "has an audio encoder of another kind", error);
  if (self->hidden_size % 2 != 0 || self->hidden_size % self->num_attention_heads != 0)
    return invalid_key (s, "hidden_size", "even, and a multiple of num_attention_heads", error);
  return TRUE;
}

/* attention_context_left counts the step itself, and the reference's mask leaves the farthest one
 * out (docs/model/gemma4-audio.md §4.1): 13 distances, of which 12 are seen. */
static gboolean
read_audio (const Section *s, GemAudioConfig *self, GError **error)
{
  double eps, cap, residual;
  int    right;

  if (!read_int (s, "num_hidden_layers", 1, GEM_MAX_LAYERS, 12, &self->num_hidden_layers, error) ||
      !read_int (s, "hidden_size", 2, MAX_WIDTH, 1024, &self->hidden_size, error) ||
      !read_int (s, "num_attention_heads", 1, MAX_HEADS, 8, &self->num_attention_heads, error) ||
      !read_int (s, "output_proj_dims", 1, MAX_WIDTH, 1536, &self->output_proj_dims, error) ||
      !read_int (s, "conv_kernel_size", 1, 64, 5, &self->conv_kernel_size, error) ||
      !read_int (s, "attention_context_left", 2, 64, 13, &self->n_distances, error) ||
      !read_int (s, "attention_context_right", 0, 1 << 20, 0, &right, error) ||
      !read_number (s, "attention_logit_cap", 0, 1e6, 50, &cap, error) ||
      !read_number (s, "residual_weight", 0, 1e3, 0.5, &residual, error) ||
      !read_number (s, "rms_norm_eps", 0, 0.1, 1e-6, &eps, error) ||
      !read_channels (s, self, error))
    return FALSE;
  self->reach = self->n_distances - 1;
  self->attention_logit_cap = (float)cap;
  self->residual_weight = (float)residual;
  self->rms_norm_eps = (float)eps;
  return check_audio (s, self, right, error);
}

static gboolean
read_encoders (const Section *root, GemConfig *self, GError **error)
{
  Section vision, audio;

  if (!read_section (root, "vision_config", "vision_config.", &vision, error) ||
      !read_section (root, "audio_config", "audio_config.", &audio, error))
    return FALSE;
  self->has_vision = vision.object != NULL;
  self->has_audio = audio.object != NULL;
  return (!self->has_vision || read_vision (&vision, &self->vision, error)) &&
         (!self->has_audio || read_audio (&audio, &self->audio, error));
}

/* ---- token ids and defaults of generation ---- */

static gboolean
read_media_ids (const Section *s, GemConfig *self, GError **error)
{
  const struct {
    const char *key;
    int        *id;
  } ids[] = {
      {"image_token_id", &self->image_token_id}, {"audio_token_id", &self->audio_token_id},
      {"video_token_id", &self->video_token_id}, {"boi_token_id", &self->boi_token_id},
      {"eoi_token_id", &self->eoi_token_id},     {"boa_token_id", &self->boa_token_id},
      {"eoa_token_id", &self->eoa_token_id},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    if (!read_int (s, ids[i].key, 0, self->text.vocab_size - 1, -1, ids[i].id, error))
      return FALSE;
  return TRUE;
}

/* eos_token_id is one id or a list of them; leaves @self alone when the key is missing. */
static gboolean
read_stop_ids (const Section *s, GemConfig *self, GError **error)
{
  const json_t *value = lookup (s, "eos_token_id");
  gsize         n = json_is_array (value) ? json_array_size (value) : 1;

  if (value == NULL)
    return TRUE;
  if (n > GEM_MAX_STOP_IDS)
    return invalid_key (s, "eos_token_id", "a list of at most 8 token ids", error);
  for (gsize i = 0; i < n; i++) {
    const json_t *id = json_is_array (value) ? json_array_get (value, i) : value;

    if (!json_is_integer (id) || json_integer_value (id) < 0 ||
        json_integer_value (id) >= self->text.vocab_size)
      return invalid_key (s, "eos_token_id", "one or several ids of the vocabulary", error);
    self->stop_ids[i] = (int)json_integer_value (id);
  }
  self->n_stop_ids = (int)n;
  return TRUE;
}

/* Keys that are not set get the published model's values, so that turning sampling on for a
 * checkpoint that decodes greedily by default gives sensible text. */
static gboolean
read_generation (const Section *s, GemConfig *self, GError **error)
{
  return read_stop_ids (s, self, error) &&
         read_bool (s, "do_sample", s->object == NULL, &self->do_sample, error) &&
         read_number (s, "temperature", 0, 100, 1.0, &self->temperature, error) &&
         read_number (s, "top_p", 0, 1, 0.95, &self->top_p, error) &&
         read_int (s, "top_k", 0, MAX_VOCAB, 64, &self->top_k, error);
}

static gboolean
read_root (const Section *root, const Section *generation, GemConfig *self, GError **error)
{
  Section text;

  if (!find_text_section (root, &text, error) || !check_supported (root, &text, error) ||
      !read_text (&text, &self->text, error) ||
      !read_bool (&text, "tie_word_embeddings", TRUE, &self->text.tie_word_embeddings, error) ||
      !read_bool (root, "tie_word_embeddings", self->text.tie_word_embeddings,
                  &self->text.tie_word_embeddings, error) ||
      !read_encoders (root, self, error) || !read_media_ids (root, self, error))
    return FALSE;
  /* The most specific file wins: generation_config.json, else the root, else text_config. */
  return read_stop_ids (&text, self, error) && read_stop_ids (root, self, error) &&
         read_generation (generation, self, error);
}

gboolean
gem_config_parse (GemConfig  *self,
                  const char *config_json,
                  gsize       config_length,
                  const char *generation_json,
                  gsize       generation_length,
                  const char *name,
                  GError    **error)
{
  json_t  *root, *generation = NULL;
  gboolean ok = FALSE;

  memset (self, 0, sizeof *self);
  root = parse_object (config_json, config_length, "config.json", name, error);
  if (root == NULL)
    return FALSE;
  if (generation_json != NULL)
    generation =
        parse_object (generation_json, generation_length, "generation_config.json", name, error);
  if (generation_json == NULL || generation != NULL)
    ok = read_root (&(Section){.object = root, .name = name, .section = ""},
                    &(Section){.object = generation, .name = name, .section = "generation_config."},
                    self, error);
  json_decref (generation);
  json_decref (root);
  return ok;
}

/* ---- a drafter ---- */

static gboolean
read_drafter_text (const Section *s, GemTextConfig *self, GError **error)
{
  double eps;

  if (!read_int (s, "num_hidden_layers", 1, GEM_MAX_LAYERS, REQUIRED, &self->num_hidden_layers,
                 error) ||
      !read_int (s, "hidden_size", 1, MAX_WIDTH, REQUIRED, &self->hidden_size, error) ||
      !read_int (s, "intermediate_size", 1, MAX_WIDE, REQUIRED, &self->intermediate_size, error) ||
      !read_int (s, "num_attention_heads", 1, MAX_HEADS, REQUIRED, &self->num_attention_heads,
                 error) ||
      !read_int (s, "num_key_value_heads", 1, MAX_HEADS, REQUIRED, &self->num_key_value_heads,
                 error) ||
      !read_int (s, "num_global_key_value_heads", 1, MAX_HEADS, self->num_key_value_heads,
                 &self->num_global_key_value_heads, error) ||
      !read_int (s, "head_dim", 2, MAX_HEAD_DIM, 256, &self->head_dim, error) ||
      !read_int (s, "global_head_dim", 2, MAX_HEAD_DIM, 512, &self->global_head_dim, error) ||
      !read_int (s, "sliding_window", 1, GEM_MAX_POSITIONS, 512, &self->sliding_window, error) ||
      !read_int (s, "vocab_size", 1, MAX_VOCAB, REQUIRED, &self->vocab_size, error) ||
      !read_number (s, "rms_norm_eps", 0, 0.1, 1e-6, &eps, error))
    return FALSE;
  self->vocab_size_per_layer_input = self->vocab_size; /* not looked at */
  self->rms_norm_eps = (float)eps;
  self->first_shared = self->num_hidden_layers; /* no layer reads another one of the drafter */
  return read_layer_types (s, self, error) && read_rope (s, self, error) &&
         check_text (s, self, error);
}

static gboolean
read_drafter (const Section *root, GemDrafterConfig *self, GError **error)
{
  const char *type = json_string_value (lookup (root, "model_type"));
  gboolean    ordered;
  Section     text;

  if (g_strcmp0 (type, "gemma4_assistant") != 0)
    return unsupported (root, "is not a drafter", error);
  if (!read_section (root, "text_config", "text_config.", &text, error))
    return FALSE;
  if (text.object == NULL)
    return invalid_key (root, "text_config", "an object", error);
  if (!read_drafter_text (&text, &self->text, error) ||
      !read_int (root, "backbone_hidden_size", 1, MAX_WIDTH, REQUIRED, &self->backbone_hidden_size,
                 error) ||
      !read_bool (root, "use_ordered_embeddings", FALSE, &ordered, error) ||
      !read_int (root, "num_centroids", 1, self->text.vocab_size, 1, &self->num_centroids, error) ||
      !read_int (root, "centroid_intermediate_top_k", 1, self->num_centroids, 1,
                 &self->centroid_intermediate_top_k, error))
    return FALSE;
  if (!ordered)
    return unsupported (root, "is a drafter of a larger Gemma 4 model", error);
  if (self->text.vocab_size % self->num_centroids != 0)
    return invalid_key (root, "num_centroids", "a divisor of the vocabulary's size", error);
  return TRUE;
}

gboolean
gem_config_parse_drafter (GemDrafterConfig *self,
                          const char       *config_json,
                          gsize             config_length,
                          const char       *name,
                          GError          **error)
{
  json_t  *root = parse_object (config_json, config_length, "config.json", name, error);
  gboolean ok;

  memset (self, 0, sizeof *self);
  ok = root != NULL &&
       read_drafter (&(Section){.object = root, .name = name, .section = ""}, self, error);
  json_decref (root);
  return ok;
}

/* ---- the published shapes ---- */

gboolean
gem_config_init_published (GemConfig *self, const char *shape)
{
  gboolean       e2b = g_strcmp0 (shape, "e2b") == 0;
  GemTextConfig *t = &self->text;
  int            period = e2b ? 5 : 6; /* every fifth or sixth layer attends to everything */

  if (!e2b && g_strcmp0 (shape, "e4b") != 0)
    return FALSE;
  *self = (GemConfig){
      .text =
          {
              .num_hidden_layers = e2b ? 35 : 42,
              .hidden_size = e2b ? 1536 : 2560,
              .intermediate_size = e2b ? 6144 : 10240,
              .use_double_wide_mlp = e2b,
              .num_attention_heads = 8,
              .num_key_value_heads = e2b ? 1 : 2,
              .num_global_key_value_heads = e2b ? 1 : 2,
              .head_dim = 256,
              .global_head_dim = 512,
              .sliding_window = 512,
              .num_kv_shared_layers = e2b ? 20 : 18,
              .first_shared = e2b ? 15 : 24,
              .hidden_size_per_layer_input = 256,
              .vocab_size = 262144,
              .vocab_size_per_layer_input = 262144,
              .max_position_embeddings = 131072,
              .rms_norm_eps = 1e-6f,
              .rope_theta_sliding = 1e4,
              .rope_theta_full = 1e6,
              .partial_rotary_factor_full = 0.25,
              .final_logit_softcapping = 30.0f,
              .pad_token_id = 0,
              .bos_token_id = 2,
              .tie_word_embeddings = TRUE,
          },
      .has_vision = TRUE,
      .has_audio = TRUE,
      .vision =
          {
              .num_hidden_layers = 16,
              .hidden_size = 768,
              .intermediate_size = 3072,
              .num_attention_heads = 12,
              .head_dim = 64,
              .pooling_kernel_size = 3,
              .position_embedding_size = 10240,
              .rms_norm_eps = 1e-6f,
              .rope_theta = 100,
          },
      .audio =
          {
              .num_hidden_layers = 12,
              .hidden_size = 1024,
              .num_attention_heads = 8,
              .output_proj_dims = 1536,
              .conv_kernel_size = 5,
              .subsampling_conv_channels = {128, 32},
              .reach = 12,
              .n_distances = 13,
              .attention_logit_cap = 50,
              .residual_weight = 0.5f,
              .rms_norm_eps = 1e-6f,
          },
      .image_token_id = 258880,
      .audio_token_id = 258881,
      .video_token_id = 258884,
      .boi_token_id = 255999,
      .eoi_token_id = 258882,
      .boa_token_id = 256000,
      .eoa_token_id = 258883,
      .stop_ids = {1, 106, 50},
      .n_stop_ids = 3,
      .do_sample = TRUE,
      .temperature = 1.0,
      .top_p = 0.95,
      .top_k = 64,
  };
  for (int i = 0; i < t->num_hidden_layers; i++)
    t->layer_types[i] = (i + 1) % period == 0 ? GEM_LAYER_FULL : GEM_LAYER_SLIDING;
  return TRUE;
}

/* ---- what follows from the numbers ---- */

int
gem_text_config_kv_source (const GemTextConfig *self, int layer)
{
  if (layer < self->first_shared)
    return layer;
  for (int i = self->first_shared - 1; i >= 0; i--)
    if (self->layer_types[i] == self->layer_types[layer])
      return i;
  return -1;
}

int
gem_text_config_head_dim (const GemTextConfig *self, int layer)
{
  return self->layer_types[layer] == GEM_LAYER_FULL ? self->global_head_dim : self->head_dim;
}

int
gem_text_config_n_kv_heads (const GemTextConfig *self, int layer)
{
  return self->layer_types[layer] == GEM_LAYER_FULL ? self->num_global_key_value_heads
                                                    : self->num_key_value_heads;
}

int
gem_text_config_mlp_width (const GemTextConfig *self, int layer)
{
  gboolean wide = self->use_double_wide_mlp && layer >= self->first_shared;

  return wide ? 2 * self->intermediate_size : self->intermediate_size;
}
