/* test-decoder.c: the text decoder on shapes other than the golden one, against an independent one
 * in double precision.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Each shape becomes a checkpoint with random weights in a temporary folder and goes the whole way
 * through loading.  Also here: what a prompt costs, and the tensor file. */
#include "decoder-reference.h"
#include "gem-cost.h"
#include "gem-session-private.h"
#include "gem-tensor-file.h"
#include "golden-model.h"
#include "write-safetensors.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#define N_TOKENS 40

typedef struct {
  const char *name;
  const char *layers; /* s: sliding, F: full; after | without keys and values of their own */
  int         heads, kv, global_kv; /* global_kv 0: null in the file */
  int         head_dim, global_head_dim, window;
  gboolean    double_wide;
} Shape;

static const Shape shapes[] = {
    {"e4b-like", "sssF|sF", 4, 2, 0, 32, 64, 16, FALSE},
    {"unlike-heads", "sFsF|sF", 4, 2, 1, 32, 64, 16, TRUE},
    {"last-own-slides", "sFs|sF", 4, 1, 0, 32, 32, 8, TRUE},
    {"nothing-shared", "sFsF", 2, 2, 0, 32, 64, 16, FALSE},
    {"two-own", "sF|sFss", 4, 1, 0, 64, 32, 1, FALSE},
    {"only-full", "F|F", 2, 1, 0, 32, 64, 16, FALSE},
};

/* ---- a checkpoint of a shape ---- */

static json_t *
layer_types (const Shape *shape, int *n_shared)
{
  json_t     *types = json_array ();
  const char *bar = strchr (shape->layers, '|');

  for (const char *c = shape->layers; *c != '\0'; c++)
    if (*c != '|')
      json_array_append_new (types,
                             json_string (*c == 's' ? "sliding_attention" : "full_attention"));
  *n_shared = bar != NULL ? (int)strlen (bar + 1) : 0;
  return types;
}

/* The small model's configuration with the shape's numbers. */
static char *
config_of (const Shape *shape)
{
  g_autofree char *path = golden_path ("tiny-model/config.json");
  json_t *root = json_load_file (path, 0, NULL), *text = json_object_get (root, "text_config");
  int     n_shared;
  json_t *types = layer_types (shape, &n_shared);
  char   *json;

  json_object_set_new (text, "num_hidden_layers",
                       json_integer ((json_int_t)json_array_size (types)));
  json_object_set_new (text, "layer_types", types);
  json_object_set_new (text, "num_kv_shared_layers", json_integer (n_shared));
  json_object_set_new (text, "hidden_size", json_integer (64));
  json_object_set_new (text, "intermediate_size", json_integer (96));
  json_object_set_new (text, "num_attention_heads", json_integer (shape->heads));
  json_object_set_new (text, "num_key_value_heads", json_integer (shape->kv));
  json_object_set_new (text, "num_global_key_value_heads",
                       shape->global_kv > 0 ? json_integer (shape->global_kv) : json_null ());
  json_object_set_new (text, "head_dim", json_integer (shape->head_dim));
  json_object_set_new (text, "global_head_dim", json_integer (shape->global_head_dim));
  json_object_set_new (text, "sliding_window", json_integer (shape->window));
  json_object_set_new (text, "use_double_wide_mlp", json_boolean (shape->double_wide));
  json = json_dumps (root, 0);
  json_decref (root);
  return json;
}

/* What keeps a random network alive: linear maps that preserve length, norms near 1, keys of
 * length 1. */
static double
draw (const GemWeightSlot *slot, GRand *rand)
{
  double u = g_rand_double_range (rand, -1.0, 1.0);

  switch (slot->kind) {
  case GEM_SLOT_NORM:
    return (1.0 + 0.2 * u) *
           (strstr (slot->name, "k_norm") != NULL ? 1.0 / sqrt (slot->cols) : 1.0);
  case GEM_SLOT_SCALAR:
    return 0.75 + 0.25 * u;
  case GEM_SLOT_TABLE:
    return 0.3 * u;
  case GEM_SLOT_LINEAR:
  case GEM_SLOT_EMBED:
  case GEM_SLOT_HEAD:
  default:
    return u * sqrt (3.0 / slot->cols);
  }
}

static guint16 *
random_tensor (const GemWeightSlot *slot, GRand *rand)
{
  gsize    n = (gsize)slot->rows * (gsize)slot->cols;
  guint16 *data = g_new (guint16, n);

  for (gsize i = 0; i < n; i++) {
    float   value = (float)draw (slot, rand);
    guint32 bits;

    memcpy (&bits, &value, sizeof bits);
    data[i] = (guint16)(bits >> 16);
  }
  return data;
}

static void
write_weights (const char *folder, const GemTextConfig *config)
{
  GemTextWeights *weights = g_new0 (GemTextWeights, 1);
  g_autoptr (GArray) slots = gem_text_weights_init (weights, config);
  g_autoptr (GemTensorFile) file = gem_tensor_file_new ();
  g_autoptr (GPtrArray) owned = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (folder, "model.safetensors", NULL);
  GRand           *rand = g_rand_new_with_seed (1);

  for (guint i = 0; i < slots->len; i++) {
    const GemWeightSlot *slot = &g_array_index (slots, GemWeightSlot, i);
    g_autofree char     *name = g_strconcat ("model.language_model.", slot->name, NULL);

    if (slot->kind == GEM_SLOT_HEAD) /* tied: the same tensor as the embedding */
      continue;
    g_ptr_array_add (owned, random_tensor (slot, rand));
    if (slot->rows == 1)
      gem_tensor_file_add (file, name, GEM_DTYPE_BF16, owned->pdata[owned->len - 1], 1,
                           (gsize)slot->cols);
    else
      gem_tensor_file_add (file, name, GEM_DTYPE_BF16, owned->pdata[owned->len - 1], 2,
                           (gsize)slot->rows, (gsize)slot->cols);
  }
  gem_tensor_file_write (file, path, &error);
  g_assert_no_error (error);
  g_rand_free (rand);
  g_free (weights);
}

/* (transfer full): end it with remove_folder () */
static char *
write_checkpoint (const Shape *shape)
{
  char            *folder = make_folder ();
  g_autofree char *json = config_of (shape),
                  *tokenizer_path = golden_path ("tiny-model/tokenizer.json"), *tokenizer = NULL;
  g_autoptr (GError) error = NULL;
  GemConfig config;

  gem_config_parse (&config, json, strlen (json), NULL, 0, "config.json", &error);
  g_assert_no_error (error);
  write_text (folder, "config.json", json);
  write_weights (folder, &config.text);
  g_file_get_contents (tokenizer_path, &tokenizer, NULL, &error);
  g_assert_no_error (error);
  write_text (folder, "tokenizer.json", tokenizer);
  return folder;
}

/* ---- shapes ---- */

typedef struct {
  const float *reference;
  gsize        vocabulary;
  double       worst;
} Comparison;

static void
compare_cb (guint position, const float *norm, const float *logits, gpointer user_data)
{
  Comparison *c = user_data;

  c->worst =
      MAX (c->worst, rel_l2 (c->reference + position * c->vocabulary, logits, c->vocabulary));
}

/* Every row, all layers; then only the last row, short-cut, in chunks; then one more token, alone.
 */
static void
compare_with_reference (GemModel *model, const gint32 *ids, const float *reference)
{
  const guint        chunks[] = {0, 7, 1};
  g_autofree guint8 *wanted = g_malloc (N_TOKENS);
  Comparison         c = {.reference = reference,
                          .vocabulary = (gsize)gem_model_get_config (model)->text.vocab_size};

  memset (wanted, 1, N_TOKENS);
  for (guint i = 0; i < G_N_ELEMENTS (chunks); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GemSession) session = gem_session_new (model, N_TOKENS, &error);

    g_assert_no_error (error);
    gem_session_extend (session, ids, N_TOKENS, NULL, chunks[i], wanted, compare_cb, NULL, &c, &error);
    g_assert_no_error (error);

    gem_session_clear (session);
    gem_session_extend (session, ids, N_TOKENS - 1, NULL, chunks[i], NULL, NULL, NULL, NULL, &error);
    g_assert_no_error (error);
    compare_cb (N_TOKENS - 2, NULL, gem_session_get_logits (session), &c);
    gem_session_step (session, ids[N_TOKENS - 1], &error);
    g_assert_no_error (error);
    compare_cb (N_TOKENS - 1, NULL, gem_session_get_logits (session), &c);
  }
  g_test_message ("relative L2 of the worst row: %.2e", c.worst);
  g_assert_cmpfloat (c.worst, <=, 2e-5);
}

static void
test_shape (gconstpointer data)
{
  const Shape     *shape = data;
  char            *folder = write_checkpoint (shape);
  g_autofree char *path = g_build_filename (folder, "model.safetensors", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GemSafetensors) files = gem_safetensors_open (path, &error);
  g_autoptr (GemModel) model = model_at (folder, GEM_WEIGHTS_BF16, FALSE, 2);
  g_autofree gint32 *ids = random_tokens (model, 7, N_TOKENS);
  g_autofree float  *reference =
      reference_logits (files, &gem_model_get_config (model)->text, ids, N_TOKENS);

  g_assert_no_error (error);
  compare_with_reference (model, ids, reference);
  remove_folder (folder);
}

/* ---- cost ---- */

/* The published shape's figures: 1.877e9 weights a token in all layers, 1.055 GFLOP where the
 * short-cut stops; what attention adds between the first and the second token is below a part in a
 * thousand. */
static void
test_cost (void)
{
  GemConfig config;
  double    all, cut, attention = 0.0;

  g_assert_true (gem_config_init_published (&config, "e2b"));
  all = gem_cost_prefill_flops (&config.text, 2, FALSE) -
        gem_cost_prefill_flops (&config.text, 1, FALSE);
  cut = gem_cost_prefill_flops (&config.text, 2, TRUE) -
        gem_cost_prefill_flops (&config.text, 1, TRUE);
  for (int l = 0; l < 35; l++) /* the second token sees two keys */
    attention += 4.0 * 8 * (config.text.layer_types[l] == GEM_LAYER_FULL ? 512 : 256) * 2;
  g_assert_cmpfloat_with_epsilon (all, 2.0 * (1863057408.0 + 8960.0 * 1536) + attention, 1.0);
  g_assert_cmpfloat_with_epsilon (cut / 1.055e9, 1.0, 1e-3);
}

/* ---- the tensor file ---- */

static void
test_tensor_file (void)
{
  char            *folder = make_folder ();
  g_autofree char *path = g_build_filename (folder, "a.safetensors", NULL),
                  *nowhere = g_build_filename (folder, "no", "b", NULL);
  const float  x[] = {1.5f, -2.0f, 0.25f, 3.0f, 4.0f, 5.0f};
  const guint8 bytes[] = {1, 2, 3};
  g_autoptr (GemTensorFile) file = gem_tensor_file_new ();
  g_autoptr (GemSafetensors) read = NULL;
  g_autoptr (GError) error = NULL;
  const GemTensor *tensor;

  gem_tensor_file_add (file, "bytes", GEM_DTYPE_U8, bytes, 1, (gsize)3);
  gem_tensor_file_add (file, "x", GEM_DTYPE_F32, x, 2, (gsize)2, (gsize)3);
  gem_tensor_file_write (file, path, &error);
  g_assert_no_error (error);
  read = gem_safetensors_open (path, &error);
  g_assert_no_error (error);
  tensor = gem_safetensors_find (read, "x");
  g_assert_nonnull (tensor);
  g_assert_cmpint (tensor->dtype, ==, GEM_DTYPE_F32);
  g_assert_cmpint (tensor->n_dims, ==, 2);
  g_assert_cmpint (tensor->shape[0], ==, 2);
  g_assert_cmpint (tensor->shape[1], ==, 3);
  g_assert_cmpmem (tensor->data, tensor->n_bytes, x, sizeof x);
  tensor = gem_safetensors_find (read, "bytes");
  g_assert_cmpmem (tensor->data, tensor->n_bytes, bytes, sizeof bytes);

  g_assert_false (gem_tensor_file_write (file, nowhere, &error));
  g_assert_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT);
  remove_folder (folder);
}

static void
test_full_disk (void)
{
  const float x[4096] = {0};
  g_autoptr (GemTensorFile) file = gem_tensor_file_new ();
  g_autoptr (GError) error = NULL;

  if (!g_file_test ("/dev/full", G_FILE_TEST_EXISTS)) {
    g_test_skip ("there is no /dev/full");
    return;
  }
  gem_tensor_file_add (file, "x", GEM_DTYPE_F32, x, 1, G_N_ELEMENTS (x));
  g_assert_false (gem_tensor_file_write (file, "/dev/full", &error));
  g_assert_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++) {
    g_autofree char *path = g_strconcat ("/decoder/", shapes[i].name, NULL);

    g_test_add_data_func (path, &shapes[i], test_shape);
  }
  g_test_add_func ("/cost/published-figures", test_cost);
  g_test_add_func ("/tensor-file/round-trip", test_tensor_file);
  g_test_add_func ("/tensor-file/full-disk", test_full_disk);
  return g_test_run ();
}
