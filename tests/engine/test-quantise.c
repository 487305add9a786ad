/* test-quantise.c: weights quantised at load, their cache file, and what happens when that is
 * damaged or impossible.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "gem-model.h"
#include "gem-safetensors.h"
#include "gem-synthetic.h"
#include "gem-weights.h"
#include "kernels/krn-quant.h"
#include "write-model.h"
#include "write-safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether the weights were made anew: the loader says so while it does it. */
static gboolean
note_quantising (double fraction, const char *what, gpointer user_data)
{
  if (strstr (what, "Quantising") != NULL)
    *(int *)user_data += 1;
  return TRUE;
}

static GemModel *
load (const char *folder, const char *cache_dir, GemWeights weights, gboolean *made)
{
  GemModelOptions options = {
      .backend = "cpu",
      .threads = 2,
      .weights = weights,
      .cache_dir = cache_dir,
  };
  int       n = 0;
  GemModel *model;
  g_autoptr (GError) error = NULL;

  model = gem_model_load (folder, &options, note_quantising, &n, &error);
  g_assert_no_error (error);
  *made = n > 0;
  return model;
}

static GBytes *
view_bytes (GemModel *model, const KrnMat *view)
{
  gsize   bytes = view->type == KRN_BF16 ? 2 * (gsize)view->rows * (gsize)view->cols
                                         : krn_quant_bytes (view->type, view->rows, view->cols);
  guint8 *data = g_malloc (bytes);

  gem_model_get_ops (model)->read (gem_model_get_krn_device (model), view->buf, view->offset, data,
                                   bytes);
  return g_bytes_new_take (data, bytes);
}

/* ---- what the quantised views say ---- */

/* Every number within half a step of its block's scale; a Q4 code may clip at the end that its sign
 * has not. */
static void
assert_close (GemModel *model, const KrnMat *view, KrnType type, const GemTensor *t)
{
  g_autoptr (GBytes) bytes = view_bytes (model, view);
  g_autofree float *row = g_new (float, view->cols);
  double            error = 0, norm = 0;

  g_assert_cmpint (view->type, ==, type);
  g_assert_cmpint (view->rows, ==, t->shape[0]);
  g_assert_cmpint (view->cols, ==, t->shape[1]);
  for (int r = 0; r < view->rows; r++) {
    krn_dequantise_row (type, row, g_bytes_get_data (bytes, NULL), view->rows, view->cols, r);
    for (int c = 0; c < view->cols; c++) {
      gsize i = (gsize)r * (gsize)view->cols + (gsize)c;
      float w = 0;

      if (t->dtype == GEM_DTYPE_F32)
        memcpy (&w, t->data + 4 * i, 4);
      else
        memcpy ((char *)&w + 2, t->data + 2 * i, 2);
      error += (double)(row[c] - w) * (row[c] - w);
      norm += (double)w * w;
    }
  }
  g_assert_cmpfloat (sqrt (error / norm), <, type == KRN_Q8 ? 0.01 : 0.12);
  g_assert_cmpfloat (sqrt (error / norm), >, type == KRN_Q8 ? 0.0005 : 0.01);
}

static void
assert_quantised (GemModel *model, const char *folder, const char *prefix, KrnType type)
{
  const GemTextWeights *w = gem_model_get_text_weights (model);
  int                   last = gem_model_get_config (model)->text.num_hidden_layers - 1;
  g_autoptr (GemSafetensors) files = gem_safetensors_open_folder (folder, NULL);
  g_autofree char *last_up = g_strdup_printf ("layers.%d.mlp.up_proj.weight", last);
  g_autofree char *last_o = g_strdup_printf ("layers.%d.self_attn.o_proj.weight", last);
  const struct {
    const char   *name;
    const KrnMat *view;
    KrnType       type;
  } places[] = {
      {"embed_tokens.weight", &w->head, KRN_Q8},
      {"per_layer_model_projection.weight", &w->per_layer_projection, KRN_Q8},
      {"layers.0.self_attn.q_proj.weight", &w->layers[0].qkv.wq, type},
      {"layers.0.self_attn.k_proj.weight", &w->layers[0].qkv.wk, KRN_Q8},
      {"layers.1.self_attn.v_proj.weight", &w->layers[1].qkv.wv, KRN_Q8},
      {"layers.1.mlp.gate_proj.weight", &w->layers[1].mlp.gate, type},
      {"layers.1.mlp.down_proj.weight", &w->layers[1].mlp.down, type},
      {"layers.0.per_layer_input_gate.weight", &w->layers[0].ple.gate, KRN_Q8},
      {"layers.0.per_layer_projection.weight", &w->layers[0].ple.proj, KRN_Q8},
      {last_up, &w->layers[last].mlp.up, type},
      {last_o, &w->layers[last].o_proj, type},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (places); i++) {
    g_autofree char *name = g_strconcat (prefix, places[i].name, NULL);

    assert_close (model, places[i].view, places[i].type, gem_safetensors_find (files, name));
  }
  g_assert_true (w->embed_tokens.type == KRN_BF16 || w->embed_tokens.type == KRN_F32);
  g_assert_true (w->embed_tokens.buf != w->head.buf);
  g_assert_cmpint (w->embed_per_layer.type, ==, w->embed_tokens.type);
  g_assert_cmpint (w->norm.type, ==, w->embed_tokens.type);
  g_assert_cmpint (w->layers[0].qkv.q_norm.type, ==, w->embed_tokens.type);
  g_assert_cmpuint (gem_model_get_table_bytes (model), >, 0);
}

static void
test_types (void)
{
  const GemWeights types[] = {GEM_WEIGHTS_Q8, GEM_WEIGHTS_Q4};
  g_autofree char *tiny = source_path ("tests/golden/tiny-model");

  for (gsize i = 0; i < G_N_ELEMENTS (types); i++) {
    gboolean made;
    KrnType  type = types[i] == GEM_WEIGHTS_Q8 ? KRN_Q8 : KRN_Q4;
    g_autoptr (GemModel) model = load (tiny, NULL, types[i], &made);

    g_assert_true (made);
    assert_quantised (model, tiny, "model.language_model.", type);
    g_assert_null (gem_model_get_warnings (model)[0]);
  }
}

/* F32 and unaligned sources give the very bytes that the aligned BF16 gives. */
static void
test_sources (void)
{
  const struct {
    const char *dtype;
    guint       pad;
  } forms[] = {{"BF16", 0}, {"BF16", 1}, {"F32", 0}, {"F32", 3}};
  g_autoptr (GBytes) expected = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (forms); i++) {
    ModelSpec spec = model_spec_e4b;
    char     *folder = make_folder ();
    gboolean  made;
    g_autoptr (GemModel) model = NULL;
    g_autoptr (GBytes) bytes = NULL;

    spec.dtype = forms[i].dtype;
    spec.pad = forms[i].pad;
    write_model (folder, &spec);
    model = load (folder, NULL, GEM_WEIGHTS_Q4, &made);
    assert_quantised (model, folder, spec.prefix, KRN_Q4);
    bytes = view_bytes (model, &gem_model_get_text_weights (model)->layers[2].mlp.down);
    if (expected == NULL)
      expected = g_bytes_ref (bytes);
    g_assert_true (g_bytes_equal (bytes, expected));
    remove_folder (folder);
  }
}

/* A matrix whose rows do not divide into blocks of 32 stays as it is, and the others do not. */
static void
test_odd_width (void)
{
  ModelSpec spec = model_spec_e2b;
  char     *folder = make_folder ();
  gboolean  made;
  g_autoptr (GemModel) model = NULL;
  const GemTextWeights *w;

  spec.hidden = 72;
  write_model (folder, &spec);
  model = load (folder, NULL, GEM_WEIGHTS_Q4, &made);
  w = gem_model_get_text_weights (model);
  g_assert_cmpint (w->layers[0].mlp.gate.type, ==, KRN_BF16); /* (96, 72) */
  g_assert_cmpint (w->layers[0].mlp.down.type, ==, KRN_Q4);   /* (72, 96) */
  g_assert_cmpint (w->head.type, ==, KRN_BF16);
  g_assert_true (w->head.buf == w->embed_tokens.buf);
  remove_folder (folder);
}

/* ---- the cache ---- */

/* The one file in a folder; NULL if there is none.  (transfer full) */
static char *
only_file (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_autofree char *name = dir != NULL ? g_strdup (g_dir_read_name (dir)) : NULL;

  if (name == NULL)
    return NULL;
  g_assert_null (g_dir_read_name (dir));
  return g_build_filename (folder, name, NULL);
}

typedef struct {
  char *folder, *cache;
} Place;

static Place
place_new (void)
{
  Place place = {.folder = make_folder ()};

  write_model (place.folder, &model_spec_e2b);
  place.cache = g_build_filename (place.folder, "cache", "facet", NULL);
  return place;
}

static void
place_clear (Place *place)
{
  g_free (place->cache);
  remove_folder (place->folder);
}

static GBytes *
down_bytes (GemModel *model)
{
  return view_bytes (model, &gem_model_get_text_weights (model)->layers[6].mlp.down);
}

static void
test_cache (void)
{
  Place    place = place_new ();
  gboolean made;
  g_autoptr (GBytes) first = NULL;

  for (int i = 0; i < 3; i++) {
    g_autoptr (GemModel) model = load (place.folder, place.cache, GEM_WEIGHTS_Q8, &made);
    g_autoptr (GBytes) bytes = down_bytes (model);
    g_autofree char *file = only_file (place.cache);

    g_assert_cmpint (made, ==, i == 0);
    g_assert_true (g_str_has_suffix (file, "-q8.krnq"));
    g_assert_null (gem_model_get_warnings (model)[0]);
    assert_quantised (model, place.folder, "model.language_model.", KRN_Q8);
    if (first == NULL)
      first = g_bytes_ref (bytes);
    g_assert_true (g_bytes_equal (bytes, first));
  }
  place_clear (&place);
}

/* Both types of one model side by side; a changed model gets files of its own. */
static void
test_cache_keys (void)
{
  Place    place = place_new ();
  gboolean made;
  g_autoptr (GDir) dir = NULL;
  int n = 0;

  gem_model_unref (load (place.folder, place.cache, GEM_WEIGHTS_Q8, &made));
  g_assert_true (made);
  gem_model_unref (load (place.folder, place.cache, GEM_WEIGHTS_Q4, &made));
  g_assert_true (made);
  gem_model_unref (load (place.folder, place.cache, GEM_WEIGHTS_Q8, &made));
  g_assert_false (made);
  write_model (place.folder, &model_spec_e4b);
  gem_model_unref (load (place.folder, place.cache, GEM_WEIGHTS_Q8, &made));
  g_assert_true (made);
  dir = g_dir_open (place.cache, 0, NULL);
  while (g_dir_read_name (dir) != NULL)
    n++;
  g_assert_cmpint (n, ==, 3);
  place_clear (&place);
}

typedef void (*Damage) (const char *path, GByteArray *bytes);

static void
damage_byte (const char *path, GByteArray *bytes, guint at)
{
  bytes->data[at] ^= 0x40;
  g_file_set_contents (path, (const char *)bytes->data, bytes->len, NULL);
  bytes->data[at] ^= 0x40;
}

static void
damage_magic (const char *path, GByteArray *bytes)
{
  damage_byte (path, bytes, 0);
}

static void
damage_version (const char *path, GByteArray *bytes)
{
  damage_byte (path, bytes, 8);
}

static void
damage_size (const char *path, GByteArray *bytes)
{
  damage_byte (path, bytes, 17);
}

static void
damage_key (const char *path, GByteArray *bytes)
{
  damage_byte (path, bytes, 30);
}

/* An offset that would point outside. */
static void
damage_offset (const char *path, GByteArray *bytes)
{
  damage_byte (path, bytes, 64 + 112 + 6);
}

static void
damage_sum (const char *path, GByteArray *bytes)
{
  guint32 n;

  memcpy (&n, bytes->data + 12, sizeof n);
  damage_byte (path, bytes, 64 + 128 * GUINT32_FROM_LE (n) + 5);
}

static void
damage_cut (const char *path, GByteArray *bytes)
{
  g_file_set_contents (path, (const char *)bytes->data, bytes->len - 1, NULL);
}

static void
damage_head_only (const char *path, GByteArray *bytes)
{
  g_file_set_contents (path, (const char *)bytes->data, 4096, NULL);
}

static void
damage_empty (const char *path, GByteArray *bytes)
{
  g_file_set_contents (path, "", 0, NULL);
}

static void
damage_grow (const char *path, GByteArray *bytes)
{
  g_assert_cmpint (truncate (path, bytes->len + 4096), ==, 0);
}

static void
test_cache_damage (void)
{
  static const Damage damages[] = {
      damage_magic, damage_version, damage_size,      damage_key,   damage_offset,
      damage_sum,   damage_cut,     damage_head_only, damage_empty, damage_grow,
  };
  Place            place = place_new ();
  gboolean         made;
  g_autofree char *file = NULL, *text = NULL;
  gsize            length;
  g_autoptr (GByteArray) good = NULL;

  gem_model_unref (load (place.folder, place.cache, GEM_WEIGHTS_Q4, &made));
  file = only_file (place.cache);
  g_assert_true (g_file_get_contents (file, &text, &length, NULL));
  good = g_byte_array_new_take ((guint8 *)g_steal_pointer (&text), length);
  for (gsize i = 0; i < G_N_ELEMENTS (damages); i++) {
    g_autofree char *repaired = NULL, *again = NULL;
    g_autoptr (GemModel) model = NULL;

    damages[i](file, good);
    model = load (place.folder, place.cache, GEM_WEIGHTS_Q4, &made);
    g_assert_true (made);
    assert_quantised (model, place.folder, "model.language_model.", KRN_Q4);
    again = only_file (place.cache);
    g_assert_cmpstr (again, ==, file);
    g_assert_true (g_file_get_contents (file, &repaired, &length, NULL));
    g_assert_cmpmem (repaired, length, good->data, good->len);
  }
  place_clear (&place);
}

/* ---- where it cannot be written ---- */

static void
assert_goes_on (const Place *place, const char *cache, const char *reason)
{
  gboolean made;
  g_autoptr (GemModel) model = load (place->folder, cache, GEM_WEIGHTS_Q8, &made);
  const char *const *warnings = gem_model_get_warnings (model);

  g_assert_true (made);
  assert_quantised (model, place->folder, "model.language_model.", KRN_Q8);
  g_assert_nonnull (warnings[0]);
  g_test_message ("%s", warnings[0]);
  g_assert_nonnull (strstr (warnings[0], reason));
  g_assert_null (warnings[1]);
}

static void
test_cache_impossible (void)
{
  Place            place = place_new ();
  g_autofree char *below_file = g_build_filename (place.folder, "config.json", "cache", NULL);
  g_autofree char *key_file = NULL, *part = NULL;
  gboolean         made;

  assert_goes_on (&place, below_file, g_strerror (ENOTDIR));
  assert_goes_on (&place, "/proc/facet", g_strerror (ENOENT));

  /* A folder where the part or the file should be. */
  gem_model_unref (load (place.folder, place.cache, GEM_WEIGHTS_Q8, &made));
  key_file = only_file (place.cache);
  g_unlink (key_file);
  part = g_strconcat (key_file, ".part", NULL);
  g_mkdir (part, 0700);
  assert_goes_on (&place, place.cache, g_strerror (EISDIR));
  g_rmdir (part);
  g_mkdir (key_file, 0700);
  assert_goes_on (&place, place.cache, g_strerror (EISDIR));
  g_assert_false (g_file_test (part, G_FILE_TEST_EXISTS));
  place_clear (&place);
}

/* Root writes everywhere, and so becomes nobody for a moment. */
static void
test_cache_read_only (void)
{
  Place    place = place_new ();
  gboolean root = geteuid () == 0;

  g_assert_cmpint (g_mkdir_with_parents (place.cache, 0755), ==, 0);
  g_chmod (place.folder, 0755);
  g_chmod (place.cache, 0555);
  if (root) {
    g_autofree char *parent = g_path_get_dirname (place.cache);

    g_chmod (parent, 0755);
    g_assert_cmpint (seteuid (65534), ==, 0);
  }
  assert_goes_on (&place, place.cache, g_strerror (EACCES));
  if (root)
    g_assert_cmpint (seteuid (0), ==, 0);
  g_chmod (place.cache, 0755);
  place_clear (&place);
}

/* A limit on the size of files stands for a full disk. */
static void
test_cache_no_space (void)
{
  Place            place = place_new ();
  struct rlimit    before, little;
  g_autofree char *file = NULL;

  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &before), ==, 0);
  little = (struct rlimit){.rlim_cur = 20000, .rlim_max = before.rlim_max};
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &little), ==, 0);
  assert_goes_on (&place, place.cache, g_strerror (EFBIG));
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);
  file = only_file (place.cache);
  g_assert_null (file);
  place_clear (&place);
}

/* Another program is at work on the same file: no cache this time, no complaint, and its part is
 * left alone. */
static void
test_cache_busy (void)
{
  Place            place = place_new ();
  g_autofree char *file = NULL, *part = NULL, *left = NULL;
  gboolean         made;
  int              fd;

  gem_model_unref (load (place.folder, place.cache, GEM_WEIGHTS_Q8, &made));
  file = only_file (place.cache);
  g_unlink (file);
  part = g_strconcat (file, ".part", NULL);
  fd = g_open (part, O_RDWR | O_CREAT, 0600);
  g_assert_cmpint (flock (fd, LOCK_EX), ==, 0);
  g_assert_cmpint (write (fd, "busy", 4), ==, 4);
  for (int i = 0; i < 2; i++) {
    g_autoptr (GemModel) model = load (place.folder, place.cache, GEM_WEIGHTS_Q8, &made);

    g_assert_true (made);
    g_assert_null (gem_model_get_warnings (model)[0]);
  }
  left = only_file (place.cache);
  g_assert_cmpstr (left, ==, part);
  close (fd);

  /* It was killed: its part is taken over. */
  gem_model_unref (load (place.folder, place.cache, GEM_WEIGHTS_Q8, &made));
  g_clear_pointer (&left, g_free);
  left = only_file (place.cache);
  g_assert_cmpstr (left, ==, file);
  gem_model_unref (load (place.folder, place.cache, GEM_WEIGHTS_Q8, &made));
  g_assert_false (made);
  place_clear (&place);
}

static gboolean
cancel_after (double fraction, const char *what, gpointer user_data)
{
  int *left = user_data;

  return (*left)-- > 0;
}

/* At every call, until one load goes through; no run leaves anything in the cache but the last. */
static void
test_cancel (void)
{
  Place           place = place_new ();
  GemModelOptions options = {
      .backend = "cpu",
      .threads = 3,
      .weights = GEM_WEIGHTS_Q4,
      .cache_dir = place.cache,
  };

  for (int n = 0;; n++) {
    int left = n;
    g_autoptr (GError) error = NULL;
    g_autoptr (GemModel) model =
        gem_model_load (place.folder, &options, cancel_after, &left, &error);
    g_autofree char *file = only_file (place.cache);

    if (model != NULL) {
      g_assert_cmpint (n, >, 60); /* more calls than matrices */
      g_assert_nonnull (file);
      break;
    }
    g_assert_error (error, GEM_ERROR, GEM_ERROR_CANCELLED);
    /* The last call comes after the cache is complete. */
    if (file != NULL) {
      g_assert_true (g_str_has_suffix (file, ".krnq"));
      g_unlink (file);
    }
  }
  place_clear (&place);
}

/* ---- random weights ---- */

static void
test_synthetic (void)
{
  const GemWeights types[] = {GEM_WEIGHTS_BF16, GEM_WEIGHTS_Q8, GEM_WEIGHTS_Q4};
  GemConfig        config;
  g_autofree char *path = source_path ("tests/golden/tiny-model/config.json");
  g_autofree char *text = NULL;
  gsize            length;

  g_assert_true (g_file_get_contents (path, &text, &length, NULL));
  g_assert_true (gem_config_parse (&config, text, length, NULL, 0, "tiny", NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++) {
    g_autofree GemTextWeights *w = g_new (GemTextWeights, 1);
    g_autoptr (GError) error = NULL;
    GemSynthetic *synthetic = gem_synthetic_new ();
    GemBackend *backend = gem_backend_open ("cpu", NULL, &(KrnOptions){.threads = 1}, NULL, &error);
    KrnType     type = i == 0 ? KRN_BF16 : i == 1 ? KRN_Q8 : KRN_Q4;
    float      *row = g_new (float, 256);
    double      sum = 0, squares = 0;

    g_assert_no_error (error);
    g_assert_true (gem_synthetic_fill (synthetic, w, &config, backend, types[i], 3, &error));
    g_assert_no_error (error);
    g_assert_cmpint (w->layers[0].mlp.down.type, ==, type);
    g_assert_cmpint (w->head.type, ==, i == 0 ? KRN_BF16 : KRN_Q8);
    g_assert_cmpint (w->embed_tokens.type, ==, KRN_BF16);
    g_assert_null (w->layers[8].qkv.wk.buf);
    g_assert_cmpint (w->rope_full.cols, ==, 32);
    /* down is (128, 256): numbers of mean 0 and about 1/16 in size */
    for (int r = 0; r < 128; r++) {
      const KrnMat      *m = &w->layers[0].mlp.down;
      gsize              bytes = i == 0 ? 2 * 128 * 256 : krn_quant_bytes (type, 128, 256);
      g_autofree guint8 *data = g_malloc (bytes);

      gem_backend_get_ops (backend)->read (gem_backend_get_device (backend), m->buf, m->offset,
                                           data, bytes);
      if (i == 0)
        for (int c = 0; c < 256; c++) {
          row[c] = 0;
          memcpy ((char *)&row[c] + 2, data + 2 * (r * 256 + c), 2);
        }
      else
        krn_dequantise_row (type, row, data, 128, 256, r);
      for (int c = 0; c < 256; c++) {
        sum += row[c];
        squares += (double)row[c] * row[c];
      }
    }
    g_assert_cmpfloat (fabs (sum / 32768), <, 0.003);
    g_assert_cmpfloat (sqrt (squares / 32768), >, 0.5 / 16);
    g_assert_cmpfloat (sqrt (squares / 32768), <, 1.1 / 16);
    g_free (row);
    gem_backend_close (backend);
    gem_synthetic_free (synthetic);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/quantise/types", test_types);
  g_test_add_func ("/quantise/sources", test_sources);
  g_test_add_func ("/quantise/odd-width", test_odd_width);
  g_test_add_func ("/quantise/cache", test_cache);
  g_test_add_func ("/quantise/cache-keys", test_cache_keys);
  g_test_add_func ("/quantise/cache-damage", test_cache_damage);
  g_test_add_func ("/quantise/cache-impossible", test_cache_impossible);
  g_test_add_func ("/quantise/cache-read-only", test_cache_read_only);
  g_test_add_func ("/quantise/cache-no-space", test_cache_no_space);
  g_test_add_func ("/quantise/cache-busy", test_cache_busy);
  g_test_add_func ("/quantise/cancel", test_cancel);
  g_test_add_func ("/quantise/synthetic", test_synthetic);
  return g_test_run ();
}
