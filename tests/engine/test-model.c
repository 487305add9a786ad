/* test-model.c: checkpoint folders that load, with every tensor in its place, and folders that must
 * not.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fake-gpu.h"
#include "gem-model.h"
#include "gem-module.h"
#include "gem-safetensors.h"
#include "gem-weights.h"
#include "write-model.h"
#include "write-safetensors.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

static const GemModelOptions stored = {.backend = "cpu", .threads = 1};

static GemModel *
load (const char *folder, GError **error)
{
  return gem_model_load (folder, &stored, NULL, NULL, error);
}

static void
assert_refused (const char *folder, GemError code, const char *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GemModel) model = load (folder, &error);

  g_assert_null (model);
  g_assert_error (error, GEM_ERROR, (int)code);
  g_test_message ("%s", error->message);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  if (strstr (error->message, message) == NULL)
    g_error ("“%s” does not say “%s”", error->message, message);
}

/* ---- every tensor in its place ---- */

/* The view holds the numbers of the file's tensor, whatever their type there. */
static void
assert_view (GemModel *model, const KrnMat *view, const GemTensor *t)
{
  gsize              bytes = t->n_bytes;
  g_autofree guint8 *data = g_malloc (bytes);

  g_assert_nonnull (view->buf);
  g_assert_cmpint (view->type, ==, t->dtype == GEM_DTYPE_F32 ? KRN_F32 : KRN_BF16);
  g_assert_cmpint (view->stride, ==, 0);
  g_assert_cmpint (view->rows, ==, t->n_dims == 2 ? t->shape[0] : 1);
  g_assert_cmpint (view->cols, ==, t->shape[t->n_dims - 1]);
  gem_model_get_ops (model)->read (gem_model_get_krn_device (model), view->buf, view->offset, data,
                                   bytes);
  g_assert_cmpmem (data, bytes, t->data, bytes);
}

static float
first_number (const GemTensor *t)
{
  float value = 0;

  if (t->dtype == GEM_DTYPE_F32)
    memcpy (&value, t->data, 4);
  else
    memcpy ((char *)&value + 2, t->data, 2);
  return value;
}

static void
assert_layer (GemModel *model, const GemSafetensors *files, const char *prefix, int i)
{
  const GemTextConfig   *c = &gem_model_get_config (model)->text;
  const GemLayerWeights *l = &gem_model_get_text_weights (model)->layers[i];
  gboolean               own = i < c->first_shared;
  const struct {
    const char   *name;
    const KrnMat *view;
    gboolean      kv;
  } places[] = {
      {"input_layernorm.weight", &l->qkv.norm},
      {"self_attn.q_proj.weight", &l->qkv.wq},
      {"self_attn.k_proj.weight", &l->qkv.wk, TRUE},
      {"self_attn.v_proj.weight", &l->qkv.wv, TRUE},
      {"self_attn.q_norm.weight", &l->qkv.q_norm},
      {"self_attn.k_norm.weight", &l->qkv.k_norm, TRUE},
      {"self_attn.o_proj.weight", &l->o_proj},
      {"post_attention_layernorm.weight", &l->post_attention_norm},
      {"pre_feedforward_layernorm.weight", &l->mlp.norm},
      {"mlp.gate_proj.weight", &l->mlp.gate},
      {"mlp.up_proj.weight", &l->mlp.up},
      {"mlp.down_proj.weight", &l->mlp.down},
      {"post_feedforward_layernorm.weight", &l->mlp.post_norm},
      {"per_layer_input_gate.weight", &l->ple.gate},
      {"per_layer_projection.weight", &l->ple.proj},
      {"post_per_layer_input_norm.weight", &l->ple.post_norm},
  };
  g_autofree char *scalar = g_strdup_printf ("%slayers.%d.layer_scalar", prefix, i);

  for (gsize p = 0; p < G_N_ELEMENTS (places); p++) {
    g_autofree char *name = g_strdup_printf ("%slayers.%d.%s", prefix, i, places[p].name);

    if (places[p].kv && !own)
      g_assert_null (places[p].view->buf);
    else
      assert_view (model, places[p].view, gem_safetensors_find (files, name));
  }
  g_assert_cmpfloat (l->ple.scalar, ==, first_number (gem_safetensors_find (files, scalar)));
  g_assert_cmpfloat (l->qkv.eps, ==, c->rms_norm_eps);
  g_assert_cmpfloat (l->mlp.eps, ==, c->rms_norm_eps);
  g_assert_cmpfloat (l->ple.eps, ==, c->rms_norm_eps);
  g_assert_cmpint (l->qkv.head_dim, ==,
                   c->layer_types[i] == GEM_LAYER_FULL ? c->global_head_dim : c->head_dim);
}

static void
assert_frequencies (GemModel *model, const KrnMat *view, int head_dim, int turning, double theta)
{
  g_autofree float *f = g_new (float, head_dim / 2);

  g_assert_cmpint (view->type, ==, KRN_F32);
  g_assert_cmpint (view->cols, ==, head_dim / 2);
  gem_model_get_ops (model)->read (gem_model_get_krn_device (model), view->buf, view->offset, f,
                                   sizeof *f * (gsize)(head_dim / 2));
  for (int i = 0; i < head_dim / 2; i++)
    g_assert_cmpfloat_with_epsilon (f[i], i < turning ? pow (theta, -2.0 * i / head_dim) : 0, 1e-7);
}

static void
assert_bound (GemModel *model, const char *folder, const char *prefix)
{
  const GemTextConfig  *c = &gem_model_get_config (model)->text;
  const GemTextWeights *w = gem_model_get_text_weights (model);
  g_autoptr (GemSafetensors) files = gem_safetensors_open_folder (folder, NULL);
  const struct {
    const char   *name;
    const KrnMat *view;
  } places[] = {
      {"embed_tokens.weight", &w->embed_tokens},
      {"embed_tokens_per_layer.weight", &w->embed_per_layer},
      {"per_layer_model_projection.weight", &w->per_layer_projection},
      {"per_layer_projection_norm.weight", &w->per_layer_norm},
      {"norm.weight", &w->norm},
  };

  for (gsize p = 0; p < G_N_ELEMENTS (places); p++) {
    g_autofree char *name = g_strconcat (prefix, places[p].name, NULL);

    assert_view (model, places[p].view, gem_safetensors_find (files, name));
  }
  if (c->tie_word_embeddings)
    g_assert_cmpmem (&w->head, sizeof w->head, &w->embed_tokens, sizeof w->embed_tokens);
  else
    assert_view (model, &w->head, gem_safetensors_find (files, "lm_head.weight"));
  for (int i = 0; i < c->num_hidden_layers; i++)
    assert_layer (model, files, prefix, i);
  assert_frequencies (model, &w->rope_sliding, c->head_dim, c->head_dim / 2, 1e4);
  assert_frequencies (model, &w->rope_full, c->global_head_dim, c->global_head_dim / 8, 1e6);
}

static void
test_tiny (void)
{
  g_autofree char *folder = source_path ("tests/golden/tiny-model");
  g_autoptr (GError) error = NULL;
  g_autoptr (GemModel) model = load (folder, &error);
  g_autoptr (GemModel) again = NULL;

  g_assert_no_error (error);
  again = gem_model_ref (model);
  g_assert_true (again == model);
  assert_bound (model, folder, "model.language_model.");
  g_assert_cmpstr (gem_model_get_name (model), ==, "tiny-model");
  g_assert_cmpstr (gem_model_get_folder (model), ==, folder);
  g_assert_null (gem_model_get_warnings (model)[0]);
  g_assert_cmpint (gem_model_get_template (model), ==, GEM_TEMPLATE_E2B);
  g_assert_nonnull (gem_model_get_tokenizer (model));
  g_assert_true (g_str_has_prefix (gem_model_get_device_name (model), "CPU, "));
  g_assert_nonnull (strstr (gem_model_get_device_name (model), "1 thread"));
  g_assert_true (gem_model_is_stop (model, 1));
  g_assert_true (gem_model_is_stop (model, 50));
  g_assert_true (gem_model_is_stop (model, 106));
  g_assert_false (gem_model_is_stop (model, 107));
  g_assert_cmpuint (gem_model_get_table_bytes (model), ==, 4096 * 9 * 32 * 2);
  g_assert_cmpuint (gem_model_get_weight_bytes (model), >, gem_model_get_table_bytes (model));
}

static void
test_demo (void)
{
  g_autofree char *folder = source_path ("data/demo");
  g_autoptr (GError) error = NULL;
  g_autoptr (GemModel) model = load (folder, &error);

  g_assert_no_error (error);
  assert_bound (model, folder, "model.language_model.");
  g_assert_cmpstr (gem_model_get_name (model), ==, "Demonstration model");
}

/* ---- forms of folders ---- */

static void
check_form (const ModelSpec *spec)
{
  char *folder = make_folder ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GemModel) model = NULL;

  write_model (folder, spec);
  model = load (folder, &error);
  g_assert_no_error (error);
  assert_bound (model, folder, spec->prefix);
  remove_folder (folder);
}

static void
test_e2b (void)
{
  check_form (&model_spec_e2b);
}

static void
test_e4b (void)
{
  check_form (&model_spec_e4b);
}

static void
test_forms (void)
{
  ModelSpec form;

  form = model_spec_e2b;
  form.shared_kv = FALSE;
  check_form (&form);
  form.prefix = "language_model.model.";
  check_form (&form);
  form.prefix = "model.";
  check_form (&form);
  form.two_files = TRUE;
  check_form (&form);
  form.untied = TRUE;
  check_form (&form);
  form.dtype = "F32";
  check_form (&form);
}

/* The format does not promise that a tensor begins at a multiple of its element's size. */
static void
test_unaligned (void)
{
  for (guint pad = 1; pad < 4; pad++) {
    ModelSpec form = pad % 2 != 0 ? model_spec_e2b : model_spec_e4b;

    form.pad = pad;
    check_form (&form);
    form.dtype = "F32";
    check_form (&form);
  }
}

/* ---- faults ---- */

static const char *const tensor_names[] = {
    "embed_tokens.weight",
    "embed_tokens_per_layer.weight",
    "per_layer_model_projection.weight",
    "per_layer_projection_norm.weight",
    "norm.weight",
    "layers.0.input_layernorm.weight",
    "layers.0.self_attn.q_proj.weight",
    "layers.0.self_attn.k_proj.weight",
    "layers.3.self_attn.v_proj.weight",
    "layers.4.self_attn.q_norm.weight",
    "layers.4.self_attn.k_norm.weight",
    "layers.6.self_attn.o_proj.weight",
    "layers.6.mlp.gate_proj.weight",
    "layers.5.mlp.up_proj.weight",
    "layers.5.mlp.down_proj.weight",
    "layers.5.per_layer_input_gate.weight",
    "layers.5.per_layer_projection.weight",
    "layers.5.layer_scalar",
};

/* One tensor after the other is missing, too wide, of another type. */
static void
test_faults (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (tensor_names); i++) {
    const char *name = tensor_names[i];
    ModelSpec   missing = model_spec_e2b, wide = model_spec_e2b, odd = model_spec_e2b;
    char       *folder = make_folder ();

    missing.skip = wide.widen = odd.odd_dtype = name;
    write_model (folder, &missing);
    assert_refused (folder, GEM_ERROR_INVALID_MODEL, name);
    write_model (folder, &wide);
    assert_refused (folder, GEM_ERROR_INVALID_MODEL, name);
    write_model (folder, &odd);
    assert_refused (folder, GEM_ERROR_UNSUPPORTED, "I16");
    remove_folder (folder);
  }
}

static void
test_untied_without_head (void)
{
  ModelSpec spec = model_spec_e2b;
  char     *folder = make_folder ();

  spec.untied = TRUE;
  spec.skip = "lm_head.weight";
  write_model (folder, &spec);
  assert_refused (folder, GEM_ERROR_INVALID_MODEL, "“lm_head.weight” is missing");
  remove_folder (folder);
}

/* A double-wide E2B whose configuration says otherwise, as an example of two files that do not
 * belong together. */
static void
test_other_config (void)
{
  ModelSpec        spec = model_spec_e2b;
  char            *folder = make_folder (), *other = make_folder ();
  g_autofree char *from = g_build_filename (other, "config.json", NULL);
  g_autofree char *to = g_build_filename (folder, "config.json", NULL);

  write_model (folder, &spec);
  spec.double_wide = FALSE;
  write_model (other, &spec);
  g_assert_cmpint (g_rename (from, to), ==, 0);
  assert_refused (folder, GEM_ERROR_INVALID_MODEL,
                  "layers.5.mlp.gate_proj.weight” has the shape [192, 64] where config.json says "
                  "[96, 64]");
  remove_folder (folder);
  remove_folder (other);
}

static void
test_missing_files (void)
{
  static const char *const files[] = {"config.json", "tokenizer.json", "model.safetensors"};

  for (gsize i = 0; i < G_N_ELEMENTS (files); i++) {
    char            *folder = make_folder ();
    g_autofree char *path = g_build_filename (folder, files[i], NULL);
    g_autofree char *sentence = g_strdup_printf ("has no %s", files[i]);

    write_model (folder, &model_spec_e2b);
    g_unlink (path);
    assert_refused (folder, GEM_ERROR_INVALID_MODEL, sentence);
    g_mkdir (path, 0700);
    assert_refused (folder, GEM_ERROR_INVALID_MODEL, "it is no file");
    g_rmdir (path);
    write_text (folder, files[i], "");
    assert_refused (folder, GEM_ERROR_INVALID_MODEL, files[i]);
    assert_refused (path, GEM_ERROR_INVALID_MODEL, "is a file, not a model folder");
    remove_folder (folder);
  }
}

static void
test_other_architectures (void)
{
  char *folder = make_folder ();

  write_model (folder, &model_spec_e2b);
  write_text (folder, "config.json", "{\"model_type\":\"llama\",\"hidden_size\":4096}");
  assert_refused (folder, GEM_ERROR_UNSUPPORTED,
                  "another architecture (llama).  Facet runs Gemma 4 E2B and E4B.");
  remove_folder (folder);
  folder = source_path ("tests/golden/tiny-model/assistant");
  assert_refused (folder, GEM_ERROR_UNSUPPORTED, "drafter");
  g_free (folder);
}

/* Every id of the tokenizer is a row of the embedding. */
static void
test_large_tokenizer (void)
{
  char            *folder = make_folder ();
  g_autofree char *path = g_build_filename (folder, "config.json", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GString) config = NULL;

  write_model (folder, &model_spec_e2b);
  g_file_get_contents (path, &text, NULL, NULL);
  config = g_string_new (text);
  g_string_replace (config, "\"vocab_size\":4096", "\"vocab_size\":4000", 0);
  write_text (folder, "config.json", config->str);
  assert_refused (folder, GEM_ERROR_INVALID_MODEL, "4096 tokens where config.json says 4000");
  remove_folder (folder);
}

/* ---- what a folder says about itself ---- */

static void
assert_name (const char *folder, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GemModel) model = load (folder, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (gem_model_get_name (model), ==, name);
}

static void
test_names (void)
{
  static const char *const useless[] = {
      "",
      "[]",
      "{\"name\":7}",
      "{\"name\":\"\"}",
      "{\"name\":\"two\\nlines\"}",
      "{\"name\":\"\xff\"}",
  };
  char            *folder = make_folder ();
  g_autofree char *base = g_path_get_basename (folder);
  g_autofree char *snapshots =
      g_build_filename (folder, "models--google--gemma-4-E2B-it", "snapshots", NULL);
  g_autofree char *snapshot = g_build_filename (snapshots, "0123abcd", NULL);
  g_autofree char *nested = g_strdup_printf ("{\"name\":\"%0200d\"}", 7);

  write_model (folder, &model_spec_e2b);
  assert_name (folder, base);
  for (gsize i = 0; i < G_N_ELEMENTS (useless); i++) {
    write_text (folder, "facet.json", useless[i]);
    assert_name (folder, base);
  }
  write_text (folder, "facet.json", nested);
  assert_name (folder, base);
  write_text (folder, "facet.json", "{\"name\":\"Små modell\"}");
  assert_name (folder, "Små modell");

  g_assert_cmpint (g_mkdir_with_parents (snapshot, 0700), ==, 0);
  write_model (snapshot, &model_spec_e2b);
  assert_name (snapshot, "gemma-4-E2B-it");
  remove_folder (folder);
}

static void
test_template (void)
{
  char *folder = make_folder ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GemModel) model = NULL;

  write_model (folder, &model_spec_e2b);
  write_text (folder, "chat_template.jinja", "{{ messages }}");
  model = load (folder, &error);
  g_assert_no_error (error);
  g_assert_cmpint (gem_model_get_template (model), ==, GEM_TEMPLATE_E2B);
  g_assert_nonnull (gem_model_get_warnings (model)[0]);
  g_assert_nonnull (strstr (gem_model_get_warnings (model)[0], "chat template"));
  g_assert_null (gem_model_get_warnings (model)[1]);
  remove_folder (folder);
}

/* ---- out of memory, cancelled ---- */

static KrnOps limited;
static int    n_left; /* allocations until one fails */
static int    n_live; /* buffers that have not been freed */

static KrnBuffer *
limited_alloc (KrnDevice *dev, size_t bytes)
{
  KrnBuffer *buffer = n_left-- == 0 ? NULL : krn_cpu_ops ()->alloc (dev, bytes);

  n_live += buffer != NULL;
  return buffer;
}

static KrnBuffer *
limited_wrap (KrnDevice *dev, const void *memory, size_t bytes, bool host)
{
  KrnBuffer *buffer = n_left-- == 0 ? NULL : krn_cpu_ops ()->wrap (dev, memory, bytes, host);

  n_live += buffer != NULL;
  return buffer;
}

static void
limited_free (KrnDevice *dev, KrnBuffer *buffer)
{
  n_live -= buffer != NULL;
  krn_cpu_ops ()->free (dev, buffer);
}

static KrnDevice *
limited_open (const KrnOptions *options, char *err, size_t err_len)
{
  if (n_left-- != 0)
    return krn_cpu_ops ()->open (options, err, err_len);
  g_strlcpy (err, "there is no memory for the device", err_len);
  return NULL;
}

static int
limited_sync (KrnDevice *dev, char *err, size_t err_len)
{
  if (n_left-- != 0)
    return krn_cpu_ops ()->sync (dev, err, err_len);
  g_strlcpy (err, "the upload failed", err_len);
  return -1;
}

/* Loads with the n-th call failing, for every n until none fails; gives back that n. */
static int
fail_every_call (const GemModelOptions *options, const char *folder)
{
  for (int n = 0;; n++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GemModel) model = NULL;

    n_left = n;
    model = gem_model_load (folder, options, NULL, NULL, &error);
    if (model != NULL) {
      g_assert_no_error (error);
      g_assert_cmpint (n_live, >, 0);
      return n;
    }
    g_assert_nonnull (error);
    g_assert_true (g_error_matches (error, GEM_ERROR, GEM_ERROR_NO_MEMORY) ||
                   g_error_matches (error, GEM_ERROR, GEM_ERROR_DEVICE));
    g_assert_cmpint (n_live, ==, 0);
    if (n == 1)
      g_test_message ("%s", error->message);
  }
}

static void
test_out_of_memory (void)
{
  const GemWeights types[] = {GEM_WEIGHTS_BF16, GEM_WEIGHTS_Q8, GEM_WEIGHTS_Q4};
  char            *folder = make_folder ();
  ModelSpec        spec = model_spec_e2b;

  spec.layers = "sFsF"; /* one layer of each sort */
  write_model (folder, &spec);
  limited = *krn_cpu_ops ();
  limited.alloc = limited_alloc;
  limited.wrap = limited_wrap;
  limited.free = limited_free;
  limited.open = limited_open;
  limited.sync = limited_sync;
  gem_module_replace ("cpu", &limited);
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++) {
    GemModelOptions options = stored;

    options.weights = types[i];
    /* 4 layers of 13 or 16 tensors at least */
    g_assert_cmpint (fail_every_call (&options, folder), >, 4 * 13);
    g_assert_cmpint (n_live, ==, 0);
  }
  gem_module_replace ("cpu", NULL);
  remove_folder (folder);
}

/* ---- GPUs ---- */

static GemModel *
load_on (const char *folder, const char *device, GemWeights weights, GError **error)
{
  const GemModelOptions options = {.device = device,
                                   .weights = weights,
                                   .threads = 1,
                                   .memory_share = 0.5};

  return gem_model_load (folder, &options, NULL, NULL, error);
}

/* "auto": on the GPU if there is room, else on the CPU with a sentence that says why and what can
 * be done; a device that was named is an error. */
static void
test_gpu_memory (void)
{
  FakeGpu   gpu = {.names = {"NVIDIA H100"}};
  char     *folder = make_folder ();
  guint64   needed;
  guint     n_on_cpu = 0;
  ModelSpec spec = model_spec_e2b;

  spec.layers = "sFsF";
  write_model (folder, &spec);
  fake_gpu_plug_in (&gpu);
  {
    g_autoptr (GemModel) model = load_on (folder, NULL, GEM_WEIGHTS_BF16, NULL);

    g_assert_nonnull (model);
    g_assert_true (g_str_has_prefix (gem_model_get_device_name (model), "CUDA, NVIDIA H100"));
    g_assert_true (gem_model_is_on_automatic_gpu (model));
    g_assert_null (gem_model_get_warnings (model)[0]);
    g_assert_cmpfloat (fake_gpu_get_share (), ==, 0.5f);
    needed = fake_gpu_get_used ();
  }
  for (guint64 memory = 1; memory <= needed; memory += needed / 7 - 1) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GemModel) model = NULL;

    gpu.memory = memory;
    model = load_on (folder, "auto", GEM_WEIGHTS_BF16, &error);
    g_assert_no_error (error);
    g_assert_true (g_str_has_prefix (gem_model_get_device_name (model), "CPU, "));
    g_assert_false (gem_model_is_on_automatic_gpu (model));
    g_assert_cmpuint (fake_gpu_get_used (), ==, 0);
    if (n_on_cpu++ == 0)
      g_test_message ("%s", gem_model_get_warnings (model)[0]);
    g_assert_true (g_str_has_prefix (gem_model_get_warnings (model)[0],
                                     "The CPU computes, because the model does not fit the GPU."));
    g_assert_nonnull (strstr (gem_model_get_warnings (model)[0], "CUDA, NVIDIA H100"));
    g_assert_nonnull (strstr (gem_model_get_warnings (model)[0], "smaller weights (q8 or q4)"));
    g_assert_nonnull (strstr (gem_model_get_warnings (model)[0], "50 %"));
    g_assert_null (gem_model_get_warnings (model)[1]);
    g_clear_pointer (&model, gem_model_unref);

    g_assert_null (load_on (folder, "h100", GEM_WEIGHTS_BF16, &error));
    g_assert_error (error, GEM_ERROR, GEM_ERROR_NO_MEMORY);
    g_assert_nonnull (strstr (error->message, "Choose smaller weights (q8 or q4), another device"));
    g_assert_cmpuint (fake_gpu_get_used (), ==, 0);
  }
  g_assert_cmpuint (n_on_cpu, >, 5);
  fake_gpu_take_out ();
  remove_folder (folder);
}

static void
test_gpu_fails (void)
{
  FakeGpu gpu = {.names = {"NVIDIA H100"}, .sync_error = "the upload failed"};
  char   *folder = make_folder ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GemModel) model = NULL;

  write_model (folder, &model_spec_e2b);
  fake_gpu_plug_in (&gpu);
  model = load_on (folder, NULL, GEM_WEIGHTS_BF16, &error);
  g_assert_no_error (error);
  g_test_message ("%s", gem_model_get_warnings (model)[0]);
  g_assert_true (g_str_has_prefix (gem_model_get_device_name (model), "CPU, "));
  g_assert_true (g_str_has_prefix (gem_model_get_warnings (model)[0],
                                   "The CPU computes, because the GPU failed."));
  g_assert_nonnull (strstr (gem_model_get_warnings (model)[0], "the upload failed"));

  g_assert_null (load_on (folder, "cuda:0", GEM_WEIGHTS_BF16, &error));
  g_assert_error (error, GEM_ERROR, GEM_ERROR_DEVICE);
  fake_gpu_take_out ();
  remove_folder (folder);
}

/* What is wrong with the folder is not blamed on the GPU. */
static void
test_gpu_damaged_folder (void)
{
  const FakeGpu gpu = {.names = {"NVIDIA H100"}};
  char         *folder = make_folder ();
  g_autoptr (GError) error = NULL;

  write_model (folder, &model_spec_e2b);
  write_text (folder, "model.safetensors", "nothing");
  fake_gpu_plug_in (&gpu);
  g_assert_null (load_on (folder, NULL, GEM_WEIGHTS_BF16, &error));
  g_assert_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL);
  fake_gpu_take_out ();
  remove_folder (folder);
}

typedef struct {
  int    n, calls;
  double last;
} Cancel;

static gboolean
cancel_after (double fraction, const char *what, gpointer user_data)
{
  Cancel *cancel = user_data;

  g_assert_cmpfloat (fraction, >=, cancel->last);
  g_assert_cmpfloat (fraction, <=, 1);
  g_assert_nonnull (what);
  cancel->last = fraction;
  return cancel->calls++ < cancel->n;
}

static void
test_cancel (void)
{
  char *folder = make_folder ();

  write_model (folder, &model_spec_e2b);
  for (int n = 0;; n++) {
    Cancel cancel = {.n = n};
    g_autoptr (GError) error = NULL;
    g_autoptr (GemModel) model = gem_model_load (folder, &stored, cancel_after, &cancel, &error);

    if (model != NULL) {
      g_assert_cmpfloat (cancel.last, ==, 1);
      g_assert_cmpint (n, >=, 3);
      break;
    }
    g_assert_error (error, GEM_ERROR, GEM_ERROR_CANCELLED);
    g_assert_cmpint (cancel.calls, ==, n + 1);
  }
  remove_folder (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/tiny", test_tiny);
  g_test_add_func ("/model/demo", test_demo);
  g_test_add_func ("/model/e2b", test_e2b);
  g_test_add_func ("/model/e4b", test_e4b);
  g_test_add_func ("/model/forms", test_forms);
  g_test_add_func ("/model/unaligned", test_unaligned);
  g_test_add_func ("/model/faults", test_faults);
  g_test_add_func ("/model/untied-without-head", test_untied_without_head);
  g_test_add_func ("/model/other-config", test_other_config);
  g_test_add_func ("/model/missing-files", test_missing_files);
  g_test_add_func ("/model/other-architectures", test_other_architectures);
  g_test_add_func ("/model/large-tokenizer", test_large_tokenizer);
  g_test_add_func ("/model/names", test_names);
  g_test_add_func ("/model/template", test_template);
  g_test_add_func ("/model/out-of-memory", test_out_of_memory);
  g_test_add_func ("/model/gpu-memory", test_gpu_memory);
  g_test_add_func ("/model/gpu-fails", test_gpu_fails);
  g_test_add_func ("/model/gpu-damaged-folder", test_gpu_damaged_folder);
  g_test_add_func ("/model/cancel", test_cancel);
  return g_test_run ();
}
