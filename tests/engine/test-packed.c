/* test-packed.c: checkpoints that compressed-tensors packed, against the same numbers laid out
 * plainly.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "golden-model.h"
#include "model-numbers.h"
#include "write-packed.h"
#include "write-safetensors.h"

#include <string.h>

/* Of the tiny model: 5 layers with 9 matrices and 4 with 7, and the projection of the per-layer
 * inputs. */
#define N_MATRICES (5 * 9 + 4 * 7 + 1)

/* Quantised matrices are multiplied with activations of 8 bits: how far that, and weights of 8
 * bits, move the logits of the tiny model itself. */
static double
distance_of_8_bits (void)
{
  gsize     n;
  GemModel *bf16 = golden_model (GEM_WEIGHTS_BF16, 2), *q8 = golden_model (GEM_WEIGHTS_Q8, 2);
  g_autofree float *wanted = some_logits (bf16, &n), *got = some_logits (q8, &n);

  gem_model_unref (bf16);
  gem_model_unref (q8);
  return rel_l2 (wanted, got, n);
}

typedef struct {
  char     *folder, *twin;
  GemModel *packed, *plain;
} Pair;

static void
pair_init (Pair *pair, const PackedSpec *spec, GemWeights weights, GemWeights twin_weights)
{
  pair->folder = make_folder ();
  pair->twin = make_folder ();
  write_packed (pair->folder, pair->twin, spec);
  pair->packed = model_at (pair->folder, weights, FALSE, 2);
  pair->plain = model_at (pair->twin, twin_weights, FALSE, 2);
}

static void
pair_clear (Pair *pair)
{
  gem_model_unref (pair->packed);
  gem_model_unref (pair->plain);
  remove_folder (pair->folder);
  remove_folder (pair->twin);
}

/* Four bits stay four bits, whatever is asked for, and are the very numbers of the file. */
static void
test_w4a16 (void)
{
  const GemWeights weights[] = {GEM_WEIGHTS_BF16, GEM_WEIGHTS_Q4};
  const double     limit = distance_of_8_bits ();

  for (gsize i = 0; i < G_N_ELEMENTS (weights); i++) {
    Pair              pair;
    gsize             n;
    double            apart;
    g_autofree float *got = NULL, *wanted = NULL;

    pair_init (&pair, &(PackedSpec){.fp8 = FALSE}, weights[i], GEM_WEIGHTS_BF16);
    g_assert_cmpuint (count_views (pair.packed, KRN_Q4), ==, N_MATRICES);
    g_assert_cmpuint (count_views (pair.packed, KRN_Q8), ==, weights[i] == GEM_WEIGHTS_Q4);
    if (weights[i] == GEM_WEIGHTS_BF16)
      assert_same_numbers (pair.packed, pair.plain);
    got = some_logits (pair.packed, &n);
    wanted = some_logits (pair.plain, &n);
    apart = rel_l2 (wanted, got, n);
    g_test_message ("logits of W4A16 and of the same numbers in F32: relative L2 %.2e; of q8 and "
                    "bf16: %.2e",
                    apart, limit);
    g_assert_cmpfloat (apart, <, limit);
    g_assert_cmpfloat (apart, >, 0);
    pair_clear (&pair);
  }
}

/* A matrix whose scales are too small for F16 is rounded to BF16; the others are not. */
static void
test_w4a16_small_scales (void)
{
  Pair              pair;
  const KrnMat     *up;
  g_autofree float *got = NULL, *wanted = NULL;

  pair_init (&pair, &(PackedSpec){.small = TRUE}, GEM_WEIGHTS_BF16, GEM_WEIGHTS_BF16);
  g_assert_cmpuint (count_views (pair.packed, KRN_Q4), ==, N_MATRICES - 1);
  up = &gem_model_get_text_weights (pair.packed)->layers[0].mlp.up;
  g_assert_cmpint (up->type, ==, KRN_BF16);
  got = view_numbers (pair.packed, up);
  wanted = view_numbers (pair.plain, &gem_model_get_text_weights (pair.plain)->layers[0].mlp.up);
  for (gsize i = 0; i < (gsize)up->rows * (gsize)up->cols; i++)
    g_assert_cmpfloat (ABS (got[i] - wanted[i]), <=, ABS (wanted[i]) / 256);
  pair_clear (&pair);
}

/* Rounded to BF16 the numbers are those of the twin, and so is everything that follows. */
static void
test_fp8 (void)
{
  const PackedSpec specs[] = {{.fp8 = TRUE}, {.fp8 = TRUE, .per_tensor = TRUE}};
  const GemWeights weights[] = {GEM_WEIGHTS_BF16, GEM_WEIGHTS_Q8};

  for (gsize i = 0; i < G_N_ELEMENTS (specs); i++)
    for (gsize k = 0; k < G_N_ELEMENTS (weights); k++) {
      Pair pair;

      pair_init (&pair, &specs[i], weights[k], weights[k]);
      assert_same_numbers (pair.packed, pair.plain);
      assert_same_logits (pair.packed, pair.plain);
      pair_clear (&pair);
    }
}

/* What was made once comes from the cache file, and is the same. */
static void
test_cache (void)
{
  char            *folder = make_folder (), *cache = make_folder ();
  GemModelOptions  options = {.backend = "cpu", .threads = 2, .cache_dir = cache};
  g_autofree char *name = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = NULL;
  GemModel *models[3];

  write_packed (folder, NULL, &(PackedSpec){.fp8 = TRUE});
  models[0] = model_at (folder, GEM_WEIGHTS_BF16, FALSE, 2);
  for (int i = 1; i < 3; i++) {
    models[i] = gem_model_load (folder, &options, NULL, NULL, &error);
    g_assert_no_error (error);
    assert_same_numbers (models[i], models[0]);
  }
  dir = g_dir_open (cache, 0, &error);
  g_assert_no_error (error);
  name = g_strdup (g_dir_read_name (dir));
  g_assert_true (g_str_has_suffix (name, "-bf16.krnq"));
  g_assert_null (g_dir_read_name (dir));
  for (int i = 0; i < 3; i++)
    gem_model_unref (models[i]);
  remove_folder (folder);
  remove_folder (cache);
}

/* ---- what is refused ---- */

#define SCHEME(text)                                                                               \
  "{\"quant_method\":\"compressed-tensors\",\"config_groups\":{\"group_0\":{\"weights\":{" text    \
  "}}}}"

static const struct {
  PackedSpec  spec;
  GemError    code;
  const char *says;
} faults[] = {
    {{.skip = "_scale"}, GEM_ERROR_INVALID_MODEL, "no scale for every 32 columns"},
    {{.skip = "_packed"}, GEM_ERROR_INVALID_MODEL, "down_proj.weight” is missing"},
    {{.wrong_scale = TRUE}, GEM_ERROR_INVALID_MODEL, "no scale for every 32 columns"},
    {{.wrong_shape = TRUE}, GEM_ERROR_INVALID_MODEL, "another shape than it says"},
    {{.extra = "_zero_point"}, GEM_ERROR_INVALID_MODEL, "zero points"},
    {{.extra = "_g_idx"}, GEM_ERROR_INVALID_MODEL, "order of its columns"},
    {{.fp8 = TRUE, .skip = "_scale"}, GEM_ERROR_INVALID_MODEL, "no scale for every row"},
    {{.fp8 = TRUE, .wrong_scale = TRUE}, GEM_ERROR_INVALID_MODEL, "no scale for every row"},
    {{.config = "{\"quant_method\":\"gptq\",\"bits\":4}"}, GEM_ERROR_UNSUPPORTED, "by “gptq”"},
    {{.config = "{\"bits\":4}"}, GEM_ERROR_UNSUPPORTED, "something unnamed"},
    {{.config =
          SCHEME ("\"num_bits\":4,\"type\":\"int\",\"strategy\":\"group\",\"group_size\":128")},
     GEM_ERROR_UNSUPPORTED,
     "another scheme"},
    {{.config = SCHEME ("\"num_bits\":4,\"type\":\"int\",\"strategy\":\"group\",\"group_size\":32,"
                        "\"symmetric\":false")},
     GEM_ERROR_UNSUPPORTED,
     "another scheme"},
    {{.config = SCHEME ("\"num_bits\":4,\"type\":\"int\",\"strategy\":\"group\",\"group_size\":32,"
                        "\"actorder\":\"group\"")},
     GEM_ERROR_UNSUPPORTED,
     "another scheme"},
    {{.config = SCHEME ("\"num_bits\":4,\"type\":\"float\",\"strategy\":\"tensor_group\"")},
     GEM_ERROR_UNSUPPORTED,
     "another scheme"},
    {{.config = SCHEME ("\"num_bits\":8,\"type\":\"float\",\"strategy\":\"block\"")},
     GEM_ERROR_UNSUPPORTED,
     "another scheme"},
};

static void
test_faults (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (faults); i++) {
    char *folder = make_folder ();
    g_autoptr (GError) error = NULL;
    GemModel *model;

    write_packed (folder, NULL, &faults[i].spec);
    model = gem_model_load (folder, &(GemModelOptions){.backend = "cpu"}, NULL, NULL, &error);
    g_assert_null (model);
    g_assert_error (error, GEM_ERROR, (int)faults[i].code);
    if (strstr (error->message, faults[i].says) == NULL)
      g_error ("“%s” does not say “%s”", error->message, faults[i].says);
    remove_folder (folder);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/packed/w4a16", test_w4a16);
  g_test_add_func ("/packed/w4a16-small-scales", test_w4a16_small_scales);
  g_test_add_func ("/packed/fp8", test_fp8);
  g_test_add_func ("/packed/cache", test_cache);
  g_test_add_func ("/packed/faults", test_faults);
  return g_test_run ();
}
