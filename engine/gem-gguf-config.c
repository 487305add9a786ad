/* gem-gguf-config.c: GGUF keys, and shapes of tensors where there is no key, as a config.json.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A key that is missing is left out, and gem-config.c then takes what the published family has, or
 * says that it is missing.  Nothing here is bounded: that is done there. */
#define G_LOG_DOMAIN "gem"

#include "gem-gguf-config.h"
#include "gem-config.h"

#include <jansson.h>
#include <string.h>

#define PREFIX "gemma4."

/* A factor of a pair's frequency that is meant to stop it from turning. */
#define NEVER_TURNS 1e20f

static gboolean
unsupported (const GemGguf *file, const char *what, GError **error)
{
  g_set_error (error, GEM_ERROR, GEM_ERROR_UNSUPPORTED, "“%s” %s.  Facet runs Gemma 4 E2B and E4B.",
               gem_gguf_get_name (file), what);
  return FALSE;
}

static gboolean
invalid (const GemGguf *file, const char *key, GError **error)
{
  g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL,
               "“%s” is damaged: its key “%s” makes no sense.  Download the model again or choose "
               "another file.",
               gem_gguf_get_name (file), key);
  return FALSE;
}

/* ---- taking over ---- */

typedef struct {
  const char *theirs, *ours;
} Key;

static void
put_integer (json_t *object, const char *ours, const GemGguf *file, const char *theirs)
{
  gint64 value;

  if (gem_gguf_get_integer (file, theirs, &value))
    json_object_set_new (object, ours, json_integer (value));
}

static void
put_number (json_t *object, const char *ours, const GemGguf *file, const char *theirs)
{
  double value;

  if (gem_gguf_get_number (file, theirs, &value))
    json_object_set_new (object, ours, json_real (value)); /* not a number: left out */
}

static void
put_integers (json_t *object, const GemGguf *file, const Key *keys, gsize n)
{
  for (gsize i = 0; i < n; i++)
    put_integer (object, keys[i].ours, file, keys[i].theirs);
}

/* A dimension of a tensor, counted as in a checkpoint; nothing if there is no such tensor. */
static void
put_dimension (json_t *object, const char *ours, const GemGguf *file, const char *tensor, int dim)
{
  const GemTensor *t = gem_gguf_find (file, tensor);

  if (t != NULL && dim < t->n_dims)
    json_object_set_new (object, ours, json_integer (t->shape[dim]));
}

/* A number for all layers, or one for each.  FALSE: neither, or not as many as layers. */
static gboolean
read_per_layer (const GemGguf *file, const char *key, gint64 *values, int n_layers)
{
  GemGgufArray array;
  gint64       value;

  if (gem_gguf_get_integer (file, key, &value)) {
    for (int i = 0; i < n_layers; i++)
      values[i] = value;
    return TRUE;
  }
  if (!gem_gguf_get_array (file, key, &array) || array.n != (guint64)n_layers)
    return FALSE;
  for (int i = 0; i < n_layers; i++)
    if (!gem_gguf_array_next_integer (&array, &values[i]))
      return FALSE;
  return TRUE;
}

/* ---- the decoder ---- */

/* Sliding or not, for every layer; or the number of layers after which a full one comes. */
static gboolean
put_layer_types (json_t *text, const GemGguf *file, int n_layers, gboolean *sliding, GError **error)
{
  static const char key[] = PREFIX "attention.sliding_window_pattern";
  json_t           *types = json_array ();
  gint64            values[GEM_MAX_LAYERS], period;
  gboolean          ok = read_per_layer (file, key, values, n_layers);

  for (int i = 0; ok && i < n_layers; i++) {
    sliding[i] = gem_gguf_get_integer (file, key, &period) && period > 0 ? (i + 1) % period != 0
                                                                         : values[i] != 0;
    json_array_append_new (types,
                           json_string (sliding[i] ? "sliding_attention" : "full_attention"));
  }
  json_object_set_new (text, "layer_types", types);
  return ok || invalid (file, key, error);
}

/* The one number that all layers of a type have; 0: there is no such layer, −1: they differ. */
static gint64
common (const gint64 *values, const gboolean *sliding, gboolean type, int n_layers)
{
  gint64 value = 0;

  for (int i = 0; i < n_layers; i++) {
    if (sliding[i] != type)
      continue;
    if (value != 0 && value != values[i])
      return -1;
    value = values[i];
  }
  return value;
}

static gboolean
put_heads (json_t *text, const GemGguf *file, int n_layers, const gboolean *sliding, GError **error)
{
  static const char key[] = PREFIX "attention.head_count_kv";
  gint64            values[GEM_MAX_LAYERS], of_sliding, of_full;

  if (!read_per_layer (file, key, values, n_layers))
    return invalid (file, key, error);
  of_sliding = common (values, sliding, TRUE, n_layers);
  of_full = common (values, sliding, FALSE, n_layers);
  if (of_sliding < 0 || of_full < 0)
    return unsupported (file, "has other heads in every layer", error);
  json_object_set_new (text, "num_key_value_heads",
                       json_integer (of_sliding > 0 ? of_sliding : of_full));
  if (of_full > 0)
    json_object_set_new (text, "num_global_key_value_heads", json_integer (of_full));
  return TRUE;
}

/* One width, or twice as much in the layers that share keys and values. */
static gboolean
put_widths (json_t *text, const GemGguf *file, int n_layers, GError **error)
{
  static const char key[] = PREFIX "feed_forward_length";
  gint64            widths[GEM_MAX_LAYERS], n_shared = 0;
  gboolean          wide;

  if (!read_per_layer (file, key, widths, n_layers))
    return invalid (file, key, error);
  gem_gguf_get_integer (file, PREFIX "attention.shared_kv_layers", &n_shared);
  wide = widths[n_layers - 1] != widths[0];
  for (int i = 0; i < n_layers; i++)
    if (widths[i] != (wide && i >= n_layers - n_shared ? 2 * widths[0] : widths[0]))
      return unsupported (file, "has another width in every layer", error);
  json_object_set_new (text, "intermediate_size", json_integer (widths[0]));
  json_object_set_new (text, "use_double_wide_mlp", json_boolean (wide));
  return TRUE;
}

/* rope_freqs.weight divides the frequencies of the full layers: 1 for the pairs that turn, which
 * come first, and a huge number for the others. */
static gboolean
put_partial_rotation (json_t *full, const GemGguf *file, GError **error)
{
  const GemTensor  *t = gem_gguf_find (file, "rope_freqs.weight");
  g_autofree float *factors = NULL;
  gsize             n, turning = 0;

  if (t == NULL) /* every pair turns */
    return json_object_set_new (full, "partial_rotary_factor", json_real (1)) == 0;
  n = (gsize)t->shape[t->n_dims - 1];
  if (t->n_dims != 1 || n > GEM_MAX_POSITIONS || !gem_tensor_has_numbers (t))
    return invalid (file, t->name, error);
  factors = g_new (float, n);
  gem_tensor_read (t, 0, 1, factors);
  while (turning < n && factors[turning] == 1)
    turning++;
  for (gsize i = turning; i < n; i++)
    if (!(factors[i] >= NEVER_TURNS))
      return unsupported (file, "scales the positions of its full layers", error);
  json_object_set_new (full, "partial_rotary_factor", json_real ((double)turning / (double)n));
  return TRUE;
}

static gboolean
put_rope (json_t *text, const GemGguf *file, GError **error)
{
  json_t *sliding = json_object (), *full = json_object ();

  put_number (sliding, "rope_theta", file, PREFIX "rope.freq_base_swa");
  put_number (full, "rope_theta", file, PREFIX "rope.freq_base");
  json_object_set_new (full, "rope_type", json_string ("proportional"));
  json_object_set_new (text, "rope_parameters",
                       json_pack ("{s:o,s:o}", "sliding_attention", sliding, "full_attention",
                                  full));
  if (gem_gguf_has (file, PREFIX "rope.scaling.type"))
    return unsupported (file, "scales positions", error);
  return put_partial_rotation (full, file, error);
}

static gboolean
put_text (json_t *text, const GemGguf *file, GError **error)
{
  static const Key keys[] = {
      {PREFIX "block_count", "num_hidden_layers"},
      {PREFIX "embedding_length", "hidden_size"},
      {PREFIX "attention.head_count", "num_attention_heads"},
      {PREFIX "attention.key_length_swa", "head_dim"},
      {PREFIX "attention.key_length", "global_head_dim"},
      {PREFIX "attention.sliding_window", "sliding_window"},
      {PREFIX "attention.shared_kv_layers", "num_kv_shared_layers"},
      {PREFIX "embedding_length_per_layer_input", "hidden_size_per_layer_input"},
      {PREFIX "context_length", "max_position_embeddings"},
      {"tokenizer.ggml.padding_token_id", "pad_token_id"},
      {"tokenizer.ggml.bos_token_id", "bos_token_id"},
  };
  gboolean sliding[GEM_MAX_LAYERS];
  gint64   n_layers = 0, experts = 0;

  if (!gem_gguf_get_integer (file, PREFIX "block_count", &n_layers) || n_layers < 1 ||
      n_layers > GEM_MAX_LAYERS)
    return invalid (file, PREFIX "block_count", error);
  put_integers (text, file, keys, G_N_ELEMENTS (keys));
  put_number (text, "rms_norm_eps", file, PREFIX "attention.layer_norm_rms_epsilon");
  put_number (text, "final_logit_softcapping", file, PREFIX "final_logit_softcapping");
  put_dimension (text, "vocab_size", file, "token_embd.weight", 0);
  put_dimension (text, "vocab_size_per_layer_input", file, "per_layer_token_embd.weight", 0);
  if (gem_gguf_get_integer (file, PREFIX "expert_count", &experts) && experts > 0)
    json_object_set_new (text, "enable_moe_block", json_true ());
  return put_layer_types (text, file, (int)n_layers, sliding, error) &&
         put_heads (text, file, (int)n_layers, sliding, error) &&
         put_widths (text, file, (int)n_layers, error) && put_rope (text, file, error);
}

/* ---- the encoders ---- */

/* FALSE: it is of another kind than this. */
static gboolean
is_kind (const GemGguf *file, const char *key, const char *kind)
{
  GemJsonText text = GEM_JSON_NO_TEXT;

  return (gem_gguf_get_text (file, key, &text) ||
          gem_gguf_get_text (file, "clip.projector_type", &text)) &&
         gem_json_text_equal (text, kind);
}

static json_t *
make_vision (const GemGguf *file)
{
  static const Key keys[] = {
      {"clip.vision.block_count", "num_hidden_layers"},
      {"clip.vision.embedding_length", "hidden_size"},
      {"clip.vision.feed_forward_length", "intermediate_size"},
      {"clip.vision.attention.head_count", "num_attention_heads"},
      {"clip.vision.patch_size", "patch_size"},
      {"clip.vision.projector.scale_factor", "pooling_kernel_size"},
  };
  json_t *vision = json_object ();

  put_integers (vision, file, keys, G_N_ELEMENTS (keys));
  put_number (vision, "rms_norm_eps", file, "clip.vision.attention.layer_norm_epsilon");
  put_dimension (vision, "head_dim", file, "v.blk.0.attn_q_norm.weight", 0);
  put_dimension (vision, "position_embedding_size", file, "v.position_embd.weight", 1);
  json_object_set_new (vision, "standardize",
                       json_boolean (gem_gguf_find (file, "v.std_bias") != NULL ||
                                     gem_gguf_find (file, "v.std_scale") != NULL));
  return vision;
}

static json_t *
make_audio (const GemGguf *file)
{
  static const Key keys[] = {
      {"clip.audio.block_count", "num_hidden_layers"},
      {"clip.audio.embedding_length", "hidden_size"},
      {"clip.audio.attention.head_count", "num_attention_heads"},
  };
  static const char *const convolutions[] = {"a.conv1d.0.weight", "a.conv1d.1.weight"};
  json_t                  *audio = json_object (), *channels = json_array ();

  put_integers (audio, file, keys, G_N_ELEMENTS (keys));
  put_number (audio, "rms_norm_eps", file, "clip.audio.attention.layer_norm_epsilon");
  put_dimension (audio, "conv_kernel_size", file, "a.blk.0.conv_dw.weight", 1);
  put_dimension (audio, "output_proj_dims", file, "a.pre_encode.out.weight", 0);
  for (gsize i = 0; i < G_N_ELEMENTS (convolutions); i++) {
    const GemTensor *t = gem_gguf_find (file, convolutions[i]);

    json_array_append_new (channels, json_integer (t != NULL ? t->shape[0] : 0));
  }
  json_object_set_new (audio, "subsampling_conv_channels", channels);
  return audio;
}

static gboolean
put_encoders (json_t *root, const GemGguf *file, GError **error)
{
  gboolean has_vision = FALSE, has_audio = FALSE;

  gem_gguf_get_boolean (file, "clip.has_vision_encoder", &has_vision);
  gem_gguf_get_boolean (file, "clip.has_audio_encoder", &has_audio);
  if ((has_vision && !is_kind (file, "clip.vision.projector_type", "gemma4v")) ||
      (has_audio && !is_kind (file, "clip.audio.projector_type", "gemma4a")))
    return unsupported (file, "is the projector of another model", error);
  if (has_vision)
    json_object_set_new (root, "vision_config", make_vision (file));
  if (has_audio)
    json_object_set_new (root, "audio_config", make_audio (file));
  return TRUE;
}

/* ---- tokens with a role ---- */

/* The ids of tokens by their texts; those that are not there are left out. */
static void
put_marks (json_t *object, const GemGguf *file, const Key *marks, gsize n)
{
  GemGgufArray tokens;
  GemJsonText  text;

  if (!gem_gguf_get_array (file, "tokenizer.ggml.tokens", &tokens))
    return;
  for (gint64 id = 0; gem_gguf_array_next_text (&tokens, &text); id++)
    for (gsize i = 0; text.length > 0 && text.data[0] == '<' && i < n; i++)
      if (gem_json_text_equal (text, marks[i].theirs))
        json_object_set_new (object, marks[i].ours, json_integer (id));
}

/* ---- all of it ---- */

char *
gem_gguf_dup_architecture (const GemGguf *file)
{
  GemJsonText text;

  return gem_gguf_get_text (file, "general.architecture", &text)
             ? g_strndup (text.data, text.length)
             : NULL;
}

char *
gem_gguf_dup_config (const GemGguf *file, const GemGguf *projector, GError **error)
{
  static const Key marks[] = {
      {"<|image|>", "image_token_id"}, {"<|audio|>", "audio_token_id"},
      {"<|video|>", "video_token_id"}, {"<|image>", "boi_token_id"},
      {"<image|>", "eoi_token_id"},    {"<|audio>", "boa_token_id"},
      {"<audio|>", "eoa_token_id"},
  };
  g_autofree char *architecture = gem_gguf_dup_architecture (file);
  json_t          *root = json_object (), *text = json_object ();
  gboolean         tied = gem_gguf_find (file, "output.weight") == NULL;
  char            *config = NULL;

  json_object_set_new (root, "text_config", text);
  if (g_strcmp0 (architecture, "gemma4") != 0) /* gem-config.c says what Facet runs */
    json_object_set_new (root, "model_type",
                         json_string (architecture != NULL ? architecture : "not named"));
  else {
    json_object_set_new (root, "model_type", json_string ("gemma4"));
    json_object_set_new (root, "tie_word_embeddings", json_boolean (tied));
    put_marks (root, file, marks, G_N_ELEMENTS (marks));
    if (!put_text (text, file, error) ||
        (projector != NULL && !put_encoders (root, projector, error))) {
      json_decref (root);
      return NULL;
    }
  }
  config = json_dumps (root, 0);
  json_decref (root);
  return config;
}

/* A turn ends with <turn|>, and where the answer of a tool is awaited; files name one or two of
 * these. */
char *
gem_gguf_dup_generation (const GemGguf *file)
{
  static const Key ends[] = {{"<eos>", "eos"}, {"<turn|>", "turn"}, {"<|tool_response>", "tool"}};
  static const char *const keys[] = {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"};
  json_t     *root = json_object (), *list = json_array (), *marks = json_object (), *id;
  const char *ignored;
  char       *config;

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    put_integer (marks, keys[i], file, keys[i]);
  put_marks (marks, file, ends, G_N_ELEMENTS (ends));
  json_object_foreach (marks, ignored, id) json_array_append (list, id);
  json_decref (marks);
  json_object_set_new (root, "eos_token_id", list);
  json_object_set_new (root, "do_sample", json_true ());
  put_number (root, "temperature", file, "general.sampling.temp");
  put_number (root, "top_p", file, "general.sampling.top_p");
  put_integer (root, "top_k", file, "general.sampling.top_k");
  config = json_dumps (root, 0);
  json_decref (root);
  return config;
}
