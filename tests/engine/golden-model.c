/* golden-model.c: loads what tests/golden holds.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "golden-model.h"

#include <math.h>

static char *
source_path (const char *folder, const char *path)
{
  const char *root = g_getenv ("FACET_SOURCE_ROOT");

  g_assert_nonnull (root);
  return g_build_filename (root, folder, path, NULL);
}

char *
golden_path (const char *path)
{
  return source_path ("tests/golden", path);
}

char *
data_path (const char *path)
{
  return source_path ("data", path);
}

GemModel *
model_at (const char *folder, GemWeights weights, gboolean fast, int threads)
{
  GemModelOptions options = {.backend = "cpu",
                             .weights = weights,
                             .fast = fast,
                             .threads = threads};
  g_autoptr (GError) error = NULL;
  GemModel *model = gem_model_load (folder, &options, NULL, NULL, &error);

  g_assert_no_error (error);
  return model;
}

GemModel *
golden_model (GemWeights weights, int threads)
{
  g_autofree char *folder = golden_path ("tiny-model");

  return model_at (folder, weights, FALSE, threads);
}

GemSafetensors *
golden_open (const char *name)
{
  g_autofree char *file = g_strdup_printf ("golden/%s.safetensors", name);
  g_autofree char *path = golden_path (file);
  g_autoptr (GError) error = NULL;
  GemSafetensors *files = gem_safetensors_open (path, &error);

  g_assert_no_error (error);
  return files;
}

static const GemTensor *
find (GemSafetensors *file, const char *name, GemDtype dtype)
{
  const GemTensor *tensor = gem_safetensors_find (file, name);

  g_assert_nonnull (tensor);
  g_assert_cmpint (tensor->dtype, ==, dtype);
  g_assert_true (gem_tensor_is_aligned (tensor));
  return tensor;
}

const float *
golden_floats (GemSafetensors *file, const char *name, gsize *n)
{
  const GemTensor *tensor = find (file, name, GEM_DTYPE_F32);

  *n = tensor->n_bytes / sizeof (float);
  return (const float *)(gconstpointer)tensor->data;
}

const gint32 *
golden_ids (GemSafetensors *file, guint *n)
{
  const GemTensor *tensor = find (file, "input_ids", GEM_DTYPE_I32);

  *n = (guint)(tensor->n_bytes / sizeof (gint32));
  return (const gint32 *)(gconstpointer)tensor->data;
}

double
rel_l2 (const float *reference, const float *got, gsize n)
{
  double difference = 0.0, norm = 0.0;

  for (gsize i = 0; i < n; i++) {
    double d = (double)got[i] - reference[i];

    difference += d * d;
    norm += (double)reference[i] * reference[i];
  }
  return sqrt (difference / norm);
}

double
max_abs (const float *reference, const float *got, gsize n)
{
  double largest = 0.0;

  for (gsize i = 0; i < n; i++) {
    double d = fabs ((double)got[i] - reference[i]);

    if (!(d <= largest)) /* not a number is the largest of all */
      largest = d;
  }
  return largest;
}

gint32 *
random_tokens (GemModel *model, guint32 seed, guint n)
{
  const GemConfig *c = gem_model_get_config (model);
  GRand           *rand = g_rand_new_with_seed (seed);
  gint32          *ids = g_new (gint32, n);

  for (guint i = 0; i < n; i++)
    do
      ids[i] = g_rand_int_range (rand, 0, c->text.vocab_size);
    while (ids[i] == c->image_token_id || ids[i] == c->audio_token_id ||
           ids[i] == c->video_token_id);
  g_rand_free (rand);
  return ids;
}
