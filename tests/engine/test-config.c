/* test-config.c: config.json of real folders, the published shapes, and files that are wrong in
 * every key.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "gem-config.h"

#include <jansson.h>
#include <string.h>

static char *
read_file (const char *folder, const char *file, gsize *length)
{
  g_autofree char *path = g_build_filename (g_getenv ("FACET_SOURCE_ROOT"), folder, file, NULL);
  g_autoptr (GError) error = NULL;
  char *text;

  g_file_get_contents (path, &text, length, &error);
  g_assert_no_error (error);
  return text;
}

static void
read_folder (GemConfig *config, const char *folder)
{
  gsize            config_length, generation_length;
  g_autofree char *text = read_file (folder, "config.json", &config_length);
  g_autofree char *generation = read_file (folder, "generation_config.json", &generation_length);
  g_autoptr (GError) error = NULL;

  g_assert_true (gem_config_parse (config, text, config_length, generation, generation_length,
                                   folder, &error));
  g_assert_no_error (error);
}

/* ---- real folders ---- */

/* "ssFs…" */
static char *
layer_letters (const GemTextConfig *t)
{
  GString *letters = g_string_new (NULL);

  for (int i = 0; i < t->num_hidden_layers; i++)
    g_string_append_c (letters, t->layer_types[i] == GEM_LAYER_FULL ? 'F' : 's');
  return g_string_free (letters, FALSE);
}

static void
test_tiny (void)
{
  GemConfig            c;
  const GemTextConfig *t = &c.text;
  g_autofree char     *letters = NULL;
  /* where each layer's keys and values come from: the fixture's own description */
  static const int     source[] = {0, 1, 2, 3, 4, 3, 3, 3, 4};

  read_folder (&c, "tests/golden/tiny-model");
  letters = layer_letters (t);
  g_assert_cmpstr (letters, ==, "ssFsFsssF");
  g_assert_cmpint (t->hidden_size, ==, 128);
  g_assert_cmpint (t->intermediate_size, ==, 256);
  g_assert_cmpint (t->num_attention_heads, ==, 4);
  g_assert_cmpint (t->num_key_value_heads, ==, 1);
  g_assert_cmpint (t->num_global_key_value_heads, ==, 1);
  g_assert_cmpint (t->head_dim, ==, 32);
  g_assert_cmpint (t->global_head_dim, ==, 64);
  g_assert_cmpint (t->sliding_window, ==, 16);
  g_assert_cmpint (t->first_shared, ==, 5);
  g_assert_cmpint (t->hidden_size_per_layer_input, ==, 32);
  g_assert_cmpint (t->vocab_size, ==, 4096);
  g_assert_cmpfloat (t->final_logit_softcapping, ==, 30);
  g_assert_true (t->tie_word_embeddings);
  for (int i = 0; i < t->num_hidden_layers; i++) {
    g_assert_cmpint (gem_text_config_kv_source (t, i), ==, source[i]);
    g_assert_cmpint (gem_text_config_mlp_width (t, i), ==, i < 5 ? 256 : 512);
    g_assert_cmpint (gem_text_config_head_dim (t, i), ==, letters[i] == 'F' ? 64 : 32);
    g_assert_cmpint (gem_text_config_n_kv_heads (t, i), ==, 1);
  }
  g_assert_cmpint (c.image_token_id, ==, 4091);
  g_assert_cmpint (c.video_token_id, ==, 4095);
  g_assert_true (c.has_vision && c.has_audio);
  g_assert_cmpint (c.vision.hidden_size, ==, 96);
  g_assert_cmpint (c.vision.position_embedding_size, ==, 1024);
  g_assert_cmpint (c.audio.hidden_size, ==, 64);
  g_assert_cmpint (c.audio.subsampling_conv_channels[1], ==, 16);
  g_assert_cmpint (c.n_stop_ids, ==, 3);
  g_assert_cmpint (c.stop_ids[2], ==, 50);
  g_assert_true (c.do_sample);
}

static void
test_demo (void)
{
  GemConfig        c;
  g_autofree char *letters = NULL;

  read_folder (&c, "data/demo");
  letters = layer_letters (&c.text);
  g_assert_cmpstr (letters, ==, "ssFsFsF");
  g_assert_cmpint (c.text.hidden_size, ==, 256);
  g_assert_cmpint (gem_text_config_kv_source (&c.text, 5), ==, 3);
  g_assert_cmpint (gem_text_config_kv_source (&c.text, 6), ==, 4);
  g_assert_cmpint (gem_text_config_mlp_width (&c.text, 4), ==, 448);
  g_assert_cmpint (gem_text_config_mlp_width (&c.text, 5), ==, 896);
  g_assert_false (c.do_sample);
  /* what sampling gets when somebody turns it on */
  g_assert_cmpfloat (c.temperature, ==, 1);
  g_assert_cmpfloat (c.top_p, ==, 0.95);
  g_assert_cmpint (c.top_k, ==, 64);
}

/* The published file says exactly what we believe the published shape to be. */
static void
test_e2b (void)
{
  GemConfig        file, published;
  g_autofree char *letters = NULL;

  memset (&published, 0, sizeof published);
  read_folder (&file, "tests/golden/e2b");
  g_assert_true (gem_config_init_published (&published, "e2b"));
  letters = layer_letters (&file.text);
  g_assert_cmpstr (letters, ==, "ssssFssssFssssFssssFssssFssssFssssF");
#define SAME(field)        g_assert_cmpint (file.field, ==, published.field)
#define SAME_NUMBER(field) g_assert_cmpfloat (file.field, ==, published.field)
  SAME (text.num_hidden_layers);
  SAME (text.hidden_size);
  SAME (text.intermediate_size);
  SAME (text.use_double_wide_mlp);
  SAME (text.num_attention_heads);
  SAME (text.num_key_value_heads);
  SAME (text.num_global_key_value_heads);
  SAME (text.head_dim);
  SAME (text.global_head_dim);
  SAME (text.sliding_window);
  SAME (text.num_kv_shared_layers);
  SAME (text.first_shared);
  SAME (text.hidden_size_per_layer_input);
  SAME (text.vocab_size);
  SAME (text.vocab_size_per_layer_input);
  SAME (text.max_position_embeddings);
  SAME_NUMBER (text.rms_norm_eps);
  SAME_NUMBER (text.rope_theta_sliding);
  SAME_NUMBER (text.rope_theta_full);
  SAME_NUMBER (text.partial_rotary_factor_full);
  SAME_NUMBER (text.final_logit_softcapping);
  SAME (text.pad_token_id);
  SAME (text.bos_token_id);
  SAME (text.tie_word_embeddings);
  SAME (has_vision);
  SAME (has_audio);
  SAME (vision.num_hidden_layers);
  SAME (vision.hidden_size);
  SAME (vision.intermediate_size);
  SAME (vision.num_attention_heads);
  SAME (vision.head_dim);
  SAME (vision.pooling_kernel_size);
  SAME (vision.position_embedding_size);
  SAME_NUMBER (vision.rms_norm_eps);
  SAME_NUMBER (vision.rope_theta);
  SAME (audio.num_hidden_layers);
  SAME (audio.hidden_size);
  SAME (audio.num_attention_heads);
  SAME (audio.output_proj_dims);
  SAME (audio.conv_kernel_size);
  SAME (audio.subsampling_conv_channels[0]);
  SAME (audio.subsampling_conv_channels[1]);
  SAME (audio.reach);
  SAME (audio.n_distances);
  SAME_NUMBER (audio.attention_logit_cap);
  SAME_NUMBER (audio.residual_weight);
  SAME_NUMBER (audio.rms_norm_eps);
  SAME (image_token_id);
  SAME (audio_token_id);
  SAME (video_token_id);
  SAME (boi_token_id);
  SAME (eoi_token_id);
  SAME (boa_token_id);
  SAME (eoa_token_id);
  SAME (n_stop_ids);
  SAME (do_sample);
  SAME_NUMBER (temperature);
  SAME_NUMBER (top_p);
  SAME (top_k);
#undef SAME
#undef SAME_NUMBER
  for (int i = 0; i < 3; i++)
    g_assert_cmpint (file.stop_ids[i], ==, published.stop_ids[i]);
  for (int i = 0; i < 35; i++) {
    g_assert_cmpint (published.text.layer_types[i], ==, file.text.layer_types[i]);
    if (i >= 15)
      g_assert_cmpint (gem_text_config_kv_source (&file.text, i), ==, letters[i] == 'F' ? 14 : 13);
  }
}

static void
test_e4b (void)
{
  GemConfig c;

  g_assert_true (gem_config_init_published (&c, "e4b"));
  g_assert_cmpint (c.text.num_hidden_layers, ==, 42);
  g_assert_cmpint (c.text.first_shared, ==, 24);
  g_assert_cmpint (gem_text_config_kv_source (&c.text, 40), ==, 22);
  g_assert_cmpint (gem_text_config_kv_source (&c.text, 41), ==, 23);
  g_assert_cmpint (gem_text_config_mlp_width (&c.text, 41), ==, 10240);
  g_assert_cmpint (gem_text_config_n_kv_heads (&c.text, 5), ==, 2);
  g_assert_false (gem_config_init_published (&c, "e3b"));
  g_assert_false (gem_config_init_published (&c, NULL));
}

/* ---- one key changed ---- */

/* The tiny model's config.json with @value (JSON) at @path ("text_config.hidden_size"); "absent"
 * removes the key. */
static char *
changed_config (const char *path, const char *value)
{
  gsize            length;
  g_autofree char *text = read_file ("tests/golden/tiny-model", "config.json", &length);
  g_auto (GStrv) keys = g_strsplit (path, ".", -1);
  json_t *root = json_loadb (text, length, 0, NULL), *object = root;
  char   *dump, *result;
  guint   last = g_strv_length (keys) - 1;

  for (guint i = 0; i < last; i++)
    object = json_object_get (object, keys[i]);
  g_assert_nonnull (object);
  if (g_str_equal (value, "absent"))
    json_object_del (object, keys[last]);
  else
    json_object_set_new (object, keys[last], json_loads (value, JSON_DECODE_ANY, NULL));
  dump = json_dumps (root, 0);
  result = g_strdup (dump);
  free (dump);
  json_decref (root);
  return result;
}

static gboolean
parse_changed (GemConfig *config, const char *path, const char *value, GError **error)
{
  g_autofree char *text = changed_config (path, value);

  return gem_config_parse (config, text, strlen (text), NULL, 0, "Tiny", error);
}

typedef struct {
  const char *path, *value;
  int         code;    /* GemError */
  const char *message; /* a part of it */
} Wrong;

static const Wrong wrongs[] = {
    {"model_type", "\"llama\"", GEM_ERROR_UNSUPPORTED, "another architecture (llama)"},
    {"model_type", "\"gemma3\"", GEM_ERROR_UNSUPPORTED, "another architecture (gemma3)"},
    {"model_type", "\"gemma4_assistant\"", GEM_ERROR_UNSUPPORTED, "drafter"},
    /* cut at 64 bytes, in the middle of a character */
    {"model_type", "\"aééééééééééééééééééééééééééééééééééééé\"", GEM_ERROR_UNSUPPORTED,
     "another architecture"},
    {"model_type", "7", GEM_ERROR_INVALID_MODEL, "model_type"},
    {"model_type", "absent", GEM_ERROR_INVALID_MODEL, "model_type"},
    {"text_config", "absent", GEM_ERROR_INVALID_MODEL, "text_config"},
    {"text_config", "[]", GEM_ERROR_INVALID_MODEL, "text_config"},
    {"quantization_config", "{\"bits\":4}", GEM_ERROR_UNSUPPORTED, "already quantised"},
    {"text_config.enable_moe_block", "true", GEM_ERROR_UNSUPPORTED, "mixture of experts"},
    {"text_config.enable_moe_block", "\"no\"", GEM_ERROR_INVALID_MODEL, "enable_moe_block"},
    {"text_config.attention_k_eq_v", "true", GEM_ERROR_UNSUPPORTED, "shares keys"},
    {"text_config.attention_bias", "true", GEM_ERROR_UNSUPPORTED, "biases"},
    {"text_config.use_bidirectional_attention", "\"vision\"", GEM_ERROR_UNSUPPORTED,
     "both directions"},
    {"text_config.hidden_activation", "\"silu\"", GEM_ERROR_UNSUPPORTED, "activation"},
    {"text_config.hidden_size_per_layer_input", "0", GEM_ERROR_UNSUPPORTED, "per-layer embeddings"},
    {"text_config.hidden_size_per_layer_input", "absent", GEM_ERROR_UNSUPPORTED,
     "per-layer embeddings"},
    {"text_config.num_hidden_layers", "0", GEM_ERROR_INVALID_MODEL, "from 1 to 128"},
    {"text_config.num_hidden_layers", "129", GEM_ERROR_INVALID_MODEL, "from 1 to 128"},
    {"text_config.num_hidden_layers", "8", GEM_ERROR_INVALID_MODEL, "layer_types"},
    {"text_config.num_hidden_layers", "9.0", GEM_ERROR_INVALID_MODEL, "num_hidden_layers"},
    {"text_config.hidden_size", "absent", GEM_ERROR_INVALID_MODEL, "hidden_size"},
    {"text_config.hidden_size", "-128", GEM_ERROR_INVALID_MODEL, "hidden_size"},
    {"text_config.hidden_size", "4294967424", GEM_ERROR_INVALID_MODEL, "hidden_size"},
    {"text_config.hidden_size", "\"128\"", GEM_ERROR_INVALID_MODEL, "hidden_size"},
    {"text_config.intermediate_size", "1048576", GEM_ERROR_INVALID_MODEL, "intermediate_size"},
    {"text_config.num_attention_heads", "0", GEM_ERROR_INVALID_MODEL, "num_attention_heads"},
    {"text_config.num_key_value_heads", "3", GEM_ERROR_INVALID_MODEL, "multiple"},
    {"text_config.num_global_key_value_heads", "3", GEM_ERROR_INVALID_MODEL, "multiple"},
    {"text_config.head_dim", "33", GEM_ERROR_INVALID_MODEL, "even"},
    {"text_config.global_head_dim", "1000000", GEM_ERROR_INVALID_MODEL, "global_head_dim"},
    {"text_config.sliding_window", "0", GEM_ERROR_INVALID_MODEL, "sliding_window"},
    {"text_config.num_kv_shared_layers", "9", GEM_ERROR_INVALID_MODEL, "from 0 to 8"},
    {"text_config.num_kv_shared_layers", "7", GEM_ERROR_INVALID_MODEL, "a layer of its type"},
    {"text_config.layer_types", "absent", GEM_ERROR_INVALID_MODEL, "layer_types"},
    {"text_config.layer_types", "[1,2,3,4,5,6,7,8,9]", GEM_ERROR_INVALID_MODEL, "layer_types"},
    {"text_config.vocab_size", "0", GEM_ERROR_INVALID_MODEL, "vocab_size"},
    {"text_config.vocab_size", "100000000", GEM_ERROR_INVALID_MODEL, "vocab_size"},
    {"text_config.vocab_size", "4000", GEM_ERROR_INVALID_MODEL, "_token_id"},
    {"text_config.pad_token_id", "4096", GEM_ERROR_INVALID_MODEL, "pad_token_id"},
    {"text_config.rms_norm_eps", "0", GEM_ERROR_INVALID_MODEL, "rms_norm_eps"},
    {"text_config.final_logit_softcapping", "-30", GEM_ERROR_INVALID_MODEL,
     "final_logit_softcapping"},
    {"text_config.rope_parameters", "[]", GEM_ERROR_INVALID_MODEL, "rope_parameters"},
    {"text_config.rope_parameters.full_attention", "3", GEM_ERROR_INVALID_MODEL, "full_attention"},
    {"text_config.rope_parameters.full_attention.rope_type", "\"yarn\"", GEM_ERROR_UNSUPPORTED,
     "full layers"},
    {"text_config.rope_parameters.full_attention.rope_type", "\"default\"", GEM_ERROR_UNSUPPORTED,
     "full layers"},
    {"text_config.rope_parameters.sliding_attention.rope_type", "\"linear\"", GEM_ERROR_UNSUPPORTED,
     "sliding layers"},
    {"text_config.rope_parameters.full_attention.rope_theta", "-1", GEM_ERROR_INVALID_MODEL,
     "rope_theta"},
    {"text_config.rope_parameters.full_attention.partial_rotary_factor", "1.5",
     GEM_ERROR_INVALID_MODEL, "partial_rotary_factor"},
    {"vision_config", "7", GEM_ERROR_INVALID_MODEL, "vision_config"},
    {"vision_config.use_clipped_linears", "false", GEM_ERROR_UNSUPPORTED, "vision encoder"},
    {"vision_config.standardize", "true", GEM_ERROR_UNSUPPORTED, "vision encoder"},
    {"vision_config.attention_bias", "true", GEM_ERROR_UNSUPPORTED, "vision encoder"},
    {"vision_config.num_key_value_heads", "1", GEM_ERROR_UNSUPPORTED, "vision encoder"},
    {"vision_config.patch_size", "14", GEM_ERROR_UNSUPPORTED, "vision encoder"},
    {"vision_config.pooling_kernel_size", "2", GEM_ERROR_UNSUPPORTED, "vision encoder"},
    {"vision_config.hidden_activation", "\"silu\"", GEM_ERROR_UNSUPPORTED, "activation"},
    {"vision_config.head_dim", "30", GEM_ERROR_INVALID_MODEL, "multiple of 4"},
    {"vision_config.num_hidden_layers", "129", GEM_ERROR_INVALID_MODEL, "num_hidden_layers"},
    {"vision_config.position_embedding_size", "-1", GEM_ERROR_INVALID_MODEL, "position_embedding"},
    {"vision_config.rope_parameters", "[]", GEM_ERROR_INVALID_MODEL, "rope_parameters"},
    {"vision_config.rope_parameters.rope_theta", "0", GEM_ERROR_INVALID_MODEL, "rope_theta"},
    {"audio_config", "\"none\"", GEM_ERROR_INVALID_MODEL, "audio_config"},
    {"audio_config.use_clipped_linears", "false", GEM_ERROR_UNSUPPORTED, "audio encoder"},
    {"audio_config.attention_context_right", "4", GEM_ERROR_UNSUPPORTED, "audio encoder"},
    {"audio_config.hidden_act", "\"gelu\"", GEM_ERROR_UNSUPPORTED, "activation"},
    {"audio_config.hidden_size", "63", GEM_ERROR_INVALID_MODEL, "hidden_size"},
    {"audio_config.num_attention_heads", "3", GEM_ERROR_INVALID_MODEL, "num_attention_heads"},
    {"audio_config.attention_context_left", "65", GEM_ERROR_INVALID_MODEL, "context_left"},
    {"audio_config.attention_context_left", "1", GEM_ERROR_INVALID_MODEL, "context_left"},
    {"audio_config.subsampling_conv_channels", "[128]", GEM_ERROR_INVALID_MODEL, "two numbers"},
    {"audio_config.subsampling_conv_channels", "[128, 0]", GEM_ERROR_INVALID_MODEL, "two numbers"},
    {"audio_config.conv_kernel_size", "65", GEM_ERROR_INVALID_MODEL, "conv_kernel_size"},
    {"image_token_id", "4096", GEM_ERROR_INVALID_MODEL, "image_token_id"},
    {"eos_token_id", "[]", 0, NULL},
    {"eos_token_id", "[1,2,3,4,5,6,7,8,9]", GEM_ERROR_INVALID_MODEL, "at most 8"},
    {"eos_token_id", "[\"1\"]", GEM_ERROR_INVALID_MODEL, "eos_token_id"},
    {"eos_token_id", "-1", GEM_ERROR_INVALID_MODEL, "eos_token_id"},
    {"eos_token_id", "99999999999", GEM_ERROR_INVALID_MODEL, "eos_token_id"},
};

static void
test_wrong (gconstpointer data)
{
  const Wrong *wrong = data;
  GemConfig    config;
  g_autoptr (GError) error = NULL;
  gboolean ok = parse_changed (&config, wrong->path, wrong->value, &error);

  if (wrong->message == NULL) {
    g_assert_no_error (error);
    g_assert_true (ok);
    return;
  }
  g_assert_false (ok);
  g_assert_error (error, GEM_ERROR, wrong->code);
  g_test_message ("%s", error->message);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_nonnull (strstr (error->message, wrong->message));
  g_assert_nonnull (strstr (error->message, "“Tiny”"));
}

/* Keys that other exports leave out or write differently. */
static void
test_variants (void)
{
  GemConfig c;
  g_autoptr (GError) error = NULL;

  g_assert_true (parse_changed (&c, "text_config.num_global_key_value_heads", "2", &error));
  g_assert_cmpint (gem_text_config_n_kv_heads (&c.text, 2), ==, 2);
  g_assert_cmpint (gem_text_config_n_kv_heads (&c.text, 1), ==, 1);
  g_assert_true (parse_changed (&c, "text_config.final_logit_softcapping", "null", &error));
  g_assert_cmpfloat (c.text.final_logit_softcapping, ==, 0);
  g_assert_true (parse_changed (&c, "text_config.rope_parameters", "absent", &error));
  g_assert_cmpfloat (c.text.rope_theta_full, ==, 1e6);
  g_assert_true (parse_changed (&c, "vision_config", "null", &error));
  g_assert_false (c.has_vision);
  g_assert_true (parse_changed (&c, "eos_token_id", "106", &error));
  g_assert_cmpint (c.n_stop_ids, ==, 1);
  g_assert_cmpint (c.stop_ids[0], ==, 106);
  g_assert_true (parse_changed (&c, "eos_token_id", "absent", &error));
  g_assert_cmpint (c.stop_ids[0], ==, 1); /* text_config's */
  g_assert_true (parse_changed (&c, "tie_word_embeddings", "false", &error));
  g_assert_false (c.text.tie_word_embeddings);
  g_assert_true (parse_changed (&c, "text_config.num_kv_shared_layers", "0", &error));
  g_assert_cmpint (gem_text_config_mlp_width (&c.text, 8), ==, 256);
  g_assert_cmpint (gem_text_config_kv_source (&c.text, 8), ==, 8);
  g_assert_no_error (error);
}

static void
test_text_only (void)
{
  gsize            length;
  g_autofree char *text = read_file ("tests/golden/tiny-model", "config.json", &length);
  json_t          *root = json_loadb (text, length, 0, NULL);
  char            *inner = json_dumps (json_object_get (root, "text_config"), 0);
  GemConfig        c;
  g_autoptr (GError) error = NULL;

  g_assert_true (gem_config_parse (&c, inner, strlen (inner), NULL, 0, "Text", &error));
  g_assert_no_error (error);
  g_assert_cmpint (c.text.hidden_size, ==, 128);
  g_assert_false (c.has_vision || c.has_audio);
  g_assert_cmpint (c.image_token_id, ==, -1);
  free (inner);
  json_decref (root);
}

static void
test_not_json (void)
{
  static const char *const texts[] = {
      "",
      "{",
      "[]",
      "null",
      "{\"a\":1,\"a\":2}",
      "{\"model_type\":\"gem\xc3\"}",
      "{} {}",
      "{\"x\":1e999}",
  };
  gsize            length;
  g_autofree char *good = read_file ("tests/golden/tiny-model", "config.json", &length);

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GError) error = NULL, generation_error = NULL;
    GemConfig c;

    g_assert_false (gem_config_parse (&c, texts[i], strlen (texts[i]), NULL, 0, "Bad", &error));
    g_assert_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL);
    g_assert_true (g_utf8_validate (error->message, -1, NULL));
    g_assert_false (
        gem_config_parse (&c, good, length, texts[i], strlen (texts[i]), "Bad", &generation_error));
    g_assert_error (generation_error, GEM_ERROR, GEM_ERROR_INVALID_MODEL);
    g_assert_nonnull (strstr (generation_error->message, "generation_config.json"));
  }
}

static void
test_generation (void)
{
  static const Wrong cases[] = {
      {NULL, "{\"temperature\":0}", GEM_ERROR_INVALID_MODEL, "temperature"},
      {NULL, "{\"top_p\":1.01}", GEM_ERROR_INVALID_MODEL, "top_p"},
      {NULL, "{\"top_k\":-1}", GEM_ERROR_INVALID_MODEL, "top_k"},
      {NULL, "{\"do_sample\":1}", GEM_ERROR_INVALID_MODEL, "do_sample"},
      {NULL, "{\"eos_token_id\":[4096]}", GEM_ERROR_INVALID_MODEL, "eos_token_id"},
  };
  gsize            length;
  g_autofree char *good = read_file ("tests/golden/tiny-model", "config.json", &length);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    GemConfig c;

    g_assert_false (gem_config_parse (&c, good, length, cases[i].value, strlen (cases[i].value),
                                      "Tiny", &error));
    g_assert_error (error, GEM_ERROR, cases[i].code);
    g_assert_nonnull (strstr (error->message, cases[i].message));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/config/tiny", test_tiny);
  g_test_add_func ("/config/demo", test_demo);
  g_test_add_func ("/config/e2b", test_e2b);
  g_test_add_func ("/config/e4b", test_e4b);
  for (gsize i = 0; i < G_N_ELEMENTS (wrongs); i++) {
    g_autofree char *path =
        g_strdup_printf ("/config/wrong/%s/%" G_GSIZE_FORMAT, wrongs[i].path, i);

    g_test_add_data_func (path, &wrongs[i], test_wrong);
  }
  g_test_add_func ("/config/variants", test_variants);
  g_test_add_func ("/config/text-only", test_text_only);
  g_test_add_func ("/config/not-json", test_not_json);
  g_test_add_func ("/config/generation", test_generation);
  return g_test_run ();
}
