/* test-need.c: what a model is said to need is what it takes.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fake-gpu.h"
#include "gem-need.h"
#include "gem-session-private.h"

#include <math.h>
#include <string.h>

static char *demo;

static GemModel *
load (const char *backend, GemWeights weights, GemCacheType cache)
{
  GemModelOptions options = {.backend = backend, .weights = weights, .cache = cache, .threads = 1};
  g_autoptr (GError) error = NULL;
  GemModel *model = gem_model_load (demo, &options, NULL, NULL, &error);

  g_assert_no_error (error);
  return model;
}

/* Every weight and every cache, as they are loaded. */
static void
test_demo (void)
{
  for (int weights = GEM_WEIGHTS_BF16; weights <= GEM_WEIGHTS_Q4; weights++)
    for (int cache = GEM_CACHE_F32; cache <= GEM_CACHE_BF16; cache++) {
      GemModelOptions options = {.weights = (GemWeights)weights};
      g_autoptr (GemModel) model = load ("cpu", (GemWeights)weights, (GemCacheType)cache);
      g_autoptr (GError) error = NULL;
      GemSessionOptions session = {.n_ctx = 4096, .chunk = 512};
      GemNeed           need;
      GemConfig         config;

      g_assert_true (gem_need_count_at (demo, &options, &need, &config, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (need.weights + need.tables, ==, gem_model_get_weight_bytes (model));
      g_assert_cmpuint (need.tables, ==, gem_model_get_table_bytes (model));
      g_assert_cmpuint (gem_need_count_session (&config.text, (GemCacheType)cache, 4096, FALSE), ==,
                        gem_session_bytes (model, &session));
    }
}

/* Half the cache for half the bits; what is rounded computes nearly the same. */
static void
test_rounded_cache (void)
{
  static const gint32 ids[] = {2, 10, 11, 12, 13, 14, 15, 16};
  g_autoptr (GemModel) exact = load ("cpu", GEM_WEIGHTS_BF16, GEM_CACHE_F32);
  g_autoptr (GemModel) rounded = load ("cpu", GEM_WEIGHTS_BF16, GEM_CACHE_BF16);
  g_autoptr (GemSession) a = gem_session_new (exact, 256, NULL);
  g_autoptr (GemSession) b = gem_session_new (rounded, 256, NULL);
  const float *x, *y;
  gsize        n = (gsize)gem_model_get_config (exact)->text.vocab_size;
  double       difference = 0, size = 0;

  g_assert_true (gem_session_sync (a, ids, G_N_ELEMENTS (ids), NULL, NULL, NULL, NULL));
  g_assert_true (gem_session_sync (b, ids, G_N_ELEMENTS (ids), NULL, NULL, NULL, NULL));
  x = gem_session_get_logits (a);
  y = gem_session_get_logits (b);
  for (gsize i = 0; i < n; i++) {
    difference += (double)(x[i] - y[i]) * (double)(x[i] - y[i]);
    size += (double)x[i] * (double)x[i];
  }
  g_test_message ("relative difference %g", sqrt (difference / size));
  g_assert_cmpfloat (difference, >, 0); /* it was rounded */
  g_assert_cmpfloat (difference, <, 1e-4 * size);
}

static void
test_longest (void)
{
  GemModelOptions options = {.weights = GEM_WEIGHTS_BF16};
  GemNeed         need;
  GemConfig       config;
  guint           most, fits;
  guint64         for_4096;

  g_assert_true (gem_need_count_at (demo, &options, &need, &config, NULL));
  most = (guint)config.text.max_position_embeddings;
  for_4096 = gem_need_count_session (&config.text, GEM_CACHE_F32, 4096, FALSE);
  fits = gem_need_longest_context (&config.text, GEM_CACHE_F32, FALSE, for_4096);
  g_assert_cmpuint (fits, >=, 4096);
  g_assert_cmpuint (gem_need_count_session (&config.text, GEM_CACHE_F32, fits, FALSE), ==,
                    for_4096);
  g_assert_cmpuint (gem_need_longest_context (&config.text, GEM_CACHE_F32, FALSE, for_4096 - 1), <,
                    4096);
  g_assert_cmpuint (gem_need_longest_context (&config.text, GEM_CACHE_F32, FALSE, 1000), ==, 0);
  g_assert_cmpuint (gem_need_longest_context (&config.text, GEM_CACHE_F32, FALSE, G_MAXUINT64), ==,
                    most);
  g_assert_cmpuint (gem_need_longest_context (&config.text, GEM_CACHE_BF16, FALSE, for_4096), >,
                    fits);
}

/* What was said before loading is what a GPU of just that size bears: the longest context that is
 * promised can be had, and one that is longer is refused with the one that can. */
static void
test_promise_is_kept (void)
{
  GemModelOptions options = {.weights = GEM_WEIGHTS_BF16,
                             .without_vision = TRUE,
                             .without_audio = TRUE};
  FakeGpu         gpu = {.names = {"Small GPU"}};
  GemNeed         need;
  GemConfig       config;
  guint           longest;
  g_autoptr (GemModel) model = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GemSession) session = NULL;
  GemSession *longer;
  guint64 slack = 4 << 20; /* of what a backend takes for itself, and rounding to whole pieces */

  g_assert_true (gem_need_count_at (demo, &options, &need, &config, &error));
  gpu.memory = gem_need_get_total (&need) +
               gem_need_count_session (&config.text, GEM_CACHE_F32, 16384, FALSE) + slack;
  longest = gem_need_longest_context (&config.text, GEM_CACHE_F32, FALSE,
                                      gpu.memory - slack - gem_need_get_total (&need));
  g_assert_cmpuint (longest, >=, 16384);
  fake_gpu_plug_in (&gpu);
  options.backend = "cuda";
  options.memory_share = 1;
  model = gem_model_load (demo, &options, NULL, NULL, &error);
  g_assert_no_error (error);
  session = gem_session_new (model, longest, &error);
  g_assert_no_error (error);
  g_clear_pointer (&session, gem_session_free);
  longer = gem_session_new (model, 4 * longest, &error);
  g_assert_null (longer);
  g_assert_error (error, GEM_ERROR, GEM_ERROR_NO_MEMORY);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "Choose a context of at most"));
  g_clear_pointer (&model, gem_model_unref);
  fake_gpu_take_out ();
  g_assert_cmpuint (fake_gpu_get_used (), ==, 0);
}

static void
test_faults (void)
{
  GemModelOptions options = {.weights = GEM_WEIGHTS_BF16};
  GemNeed         need;
  GemConfig       config;
  g_autoptr (GError) error = NULL;

  g_assert_false (gem_need_count_at ("/nonexistent", &options, &need, &config, &error));
  g_assert_nonnull (error);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  demo = g_build_filename (g_getenv ("FACET_SOURCE_ROOT"), "data", "demo", NULL);
  g_test_add_func ("/need/demo", test_demo);
  g_test_add_func ("/need/rounded-cache", test_rounded_cache);
  g_test_add_func ("/need/longest", test_longest);
  g_test_add_func ("/need/promise-is-kept", test_promise_is_kept);
  g_test_add_func ("/need/faults", test_faults);
  status = g_test_run ();
  g_free (demo);
  return status;
}
