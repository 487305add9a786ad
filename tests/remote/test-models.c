/* test-models.c: models on this computer, found and verified; and which of the catalogue fit.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "facet-byte-ranges.h"
#include "facet-model-catalogue.h"
#include "facet-model-folder.h"
#include "fake-hub.h"
#include "test-folder.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define COMMIT "0123456789abcdef0123456789abcdef01234567"

static void
write_file (const char *path, const char *bytes)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr (GError) error = NULL;

  g_mkdir_with_parents (folder, 0700);
  g_file_set_contents (path, bytes, -1, &error);
  g_assert_no_error (error);
}

/* ---- the Hugging Face cache ---- */

/* As huggingface_hub lays it out: a file of the snapshot is a link to its blob. */
static void
add_cached (const char *cache, const char *name, const char *hash, const char *bytes)
{
  g_autofree char *blob = g_build_filename (cache, "models--some--model", "blobs", hash, NULL);
  g_autofree char *folder =
      g_build_filename (cache, "models--some--model", "snapshots", COMMIT, NULL);
  g_autofree char *link = g_build_filename (folder, name, NULL);
  g_autofree char *target = g_build_filename ("..", "..", "blobs", hash, NULL);

  if (bytes != NULL)
    write_file (blob, bytes);
  g_mkdir_with_parents (folder, 0700);
  g_assert_cmpint (symlink (target, link), ==, 0);
}

static char *
make_cache (void)
{
  char            *cache = test_folder_new ();
  g_autofree char *ref = g_build_filename (cache, "models--some--model", "refs", "main", NULL);

  write_file (ref, COMMIT);
  /* SHA-1 of "blob 2\0{}", and SHA-256 of "weights" */
  add_cached (cache, "config.json", "9e26dfeeb6e641a33dae4961196235bdb965b21b", "{}");
  add_cached (cache, "tokenizer.json", "9e26dfeeb6e641a33dae4961196235bdb965b21b", "{}");
  return cache;
}

static char **
verify (const FacetModelFolder *folder)
{
  FacetDownloadProgress progress;
  g_autoptr (GError) error = NULL;
  char **damaged;

  facet_download_progress_init (&progress);
  facet_model_folder_verify (folder, &progress, &damaged, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (progress.total, >, 0);
  facet_download_progress_clear (&progress);
  return damaged;
}

static void
test_cache (void)
{
  g_autofree char *cache = make_cache (), *models = test_folder_new (), *blob = NULL;
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, "weights", -1);
  g_autoptr (GPtrArray) list = NULL;
  g_autoptr (FacetModelFolder) folder = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) fine = NULL;
  g_auto (GStrv) damaged = NULL;

  /* The weights are still coming: a link that leads nowhere yet. */
  g_assert_null (facet_model_folder_find (models, cache, "some/model"));
  add_cached (cache, "model.safetensors", sum, NULL);
  g_assert_null (facet_model_folder_find (models, cache, "some/model"));

  blob = g_build_filename (cache, "models--some--model", "blobs", sum, NULL);
  write_file (blob, "weights");
  list = facet_model_folders_list (models, cache);
  g_assert_cmpuint (list->len, ==, 1);
  folder = facet_model_folder_find (models, cache, "some/model");
  g_assert_nonnull (folder);
  g_assert_cmpint (folder->origin, ==, FACET_MODEL_HUB_CACHE);
  g_assert_cmpuint (folder->size, ==, 2 + 2 + 7);
  g_assert_true (g_str_has_suffix (folder->folder, "/snapshots/" COMMIT));

  fine = verify (folder);
  g_assert_cmpuint (g_strv_length (fine), ==, 0);
  write_file (blob, "Weights");
  damaged = verify (folder);
  g_assert_cmpuint (g_strv_length (damaged), ==, 1);
  g_assert_cmpstr (damaged[0], ==, "model.safetensors");

  /* It is not ours to remove. */
  g_assert_false (facet_model_folder_remove (folder, &error));
  g_assert_true (g_file_test (blob, G_FILE_TEST_EXISTS));
  test_folder_remove (cache);
  test_folder_remove (models);
}

/* A snapshot whose index names a file that is not there is not whole. */
static void
test_shards (void)
{
  g_autofree char *folder = test_folder_new ();
  g_autofree char *config = g_build_filename (folder, "config.json", NULL);
  g_autofree char *tokenizer = g_build_filename (folder, "tokenizer.json", NULL);
  g_autofree char *index = g_build_filename (folder, "model.safetensors.index.json", NULL);
  g_autofree char *one = g_build_filename (folder, "model-1.safetensors", NULL);
  g_autofree char *two = g_build_filename (folder, "model-2.safetensors", NULL);

  write_file (config, "{}");
  write_file (tokenizer, "{}");
  g_assert_false (facet_model_folder_is_whole (folder));
  write_file (index,
              "{\"weight_map\": {\"a\": \"model-1.safetensors\", \"b\": \"model-2.safetensors\"}}");
  write_file (one, "x");
  g_assert_false (facet_model_folder_is_whole (folder));
  write_file (two, "x");
  g_assert_true (facet_model_folder_is_whole (folder));
  write_file (index, "{\"weight_map\": {\"a\": \"../config.json\"}}");
  g_assert_false (facet_model_folder_is_whole (folder));
  write_file (index, "{\"weight_map\": [1, 2");
  g_assert_false (facet_model_folder_is_whole (folder));
  test_folder_remove (folder);
}

/* ---- Facet's own ---- */

static void
test_own (void)
{
  g_autoptr (FakeHub) hub = fake_hub_new ();
  g_autofree char *models = test_folder_new (), *weights = NULL;
  g_autoptr (FacetModelFolder) folder = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) fine = NULL;
  g_auto (GStrv) damaged = NULL;
  g_auto (GStrv) mended = NULL;
  FacetDownloadJob      job = {.address = fake_hub_get_address (hub),
                               .token = "",
                               .repository = "test/model",
                               .models = models};
  FacetDownloadProgress progress;

  facet_download_progress_init (&progress);
  fake_hub_add (hub, "config.json", "{}", 2, FALSE);
  fake_hub_add (hub, "tokenizer.json", "[]", 2, FALSE);
  fake_hub_add_random (hub, "model.safetensors", 30000, 1, 30000);
  g_assert_true (facet_download_job_run (&job, &progress, NULL, &error));

  folder = facet_model_folder_find (models, "/nonexistent", "test/model");
  g_assert_nonnull (folder);
  g_assert_cmpint (folder->origin, ==, FACET_MODEL_OWN);
  fine = verify (folder);
  g_assert_cmpuint (g_strv_length (fine), ==, 0);

  /* Of the same size, so that only reading it tells. */
  weights = g_build_filename (folder->folder, "model.safetensors", NULL);
  {
    g_autofree char *zeros = g_malloc0 (30000);

    g_assert_true (g_file_set_contents (weights, zeros, 30000, NULL));
  }
  damaged = verify (folder);
  g_assert_cmpuint (g_strv_length (damaged), ==, 1);
  g_array_unref (fake_hub_take_asked (hub));

  /* Mended, by this file alone; meanwhile there is no such model. */
  g_assert_true (
      facet_download_reopen (models, "test/model", (const char *const *)damaged, &error));
  g_assert_null (facet_model_folder_find (models, "/nonexistent", "test/model"));
  g_assert_true (facet_download_job_run (&job, &progress, NULL, &error));
  mended = verify (folder);
  g_assert_cmpuint (g_strv_length (mended), ==, 0);
  g_assert_cmpuint (test_server_count (fake_hub_get_hub (hub), "/test/model/resolve"), ==, 4);

  g_assert_true (facet_model_folder_remove (folder, &error));
  g_assert_null (facet_model_folder_find (models, "/nonexistent", "test/model"));
  g_assert_false (g_file_test (folder->folder, G_FILE_TEST_EXISTS));
  facet_download_progress_clear (&progress);
  test_folder_remove (models);
}

/* ---- the catalogue ---- */

static const guint64 GB = 1000 * 1000 * 1000;

static FacetFitting
fit (const char *id, const char *gpu, guint64 gpu_gb, guint64 ram_gb, const char *weights)
{
  FacetMachine     machine = {.gpu = (char *)gpu, .gpu_memory = gpu_gb * GB, .memory = ram_gb * GB};
  FacetFitting     fitting = facet_catalogue_fit (facet_catalogue_find (id), &machine, weights, 0);
  g_autofree char *text = facet_fitting_dup_text (&fitting, &machine);

  g_test_message ("%s: %s", id, text);
  g_assert_true (gpu == NULL ||
                 (fitting.fit != FACET_FIT_GPU && fitting.fit != FACET_FIT_GPU_LESS) ||
                 strstr (text, gpu) != NULL);
  return fitting;
}

static void
test_fit (void)
{
  /* 4.56 GB are read for a token, and 0.94 GB are the encoders (docs of the model): the rest is a
   * context. */
  FacetFitting e2b = fit ("gemma-4-e2b", "RTX 3060", 12, 16, "bf16");
  FacetFitting of_8 = fit ("gemma-4-e2b", "RTX 3060", 12, 16, "q8");
  FacetFitting of_4 = fit ("gemma-4-e2b-q4", "RTX 3060", 12, 16, "bf16");
  FacetFitting e4b = fit ("gemma-4-e4b", "RTX 3060", 12, 16, "bf16");

  g_assert_cmpint (e2b.fit, ==, FACET_FIT_GPU);
  g_assert_cmpuint (e2b.need, >, 5504 * (GB / 1000));
  g_assert_cmpuint (e2b.need, <, 6500 * (GB / 1000));
  g_assert_cmpuint (of_8.need, <, e2b.need - 2 * GB);
  g_assert_cmpuint (of_4.need, <, of_8.need); /* though its head has 16 bits */
  g_assert_cmpuint (e4b.need, >, 10 * GB);

  g_assert_cmpint (fit ("gemma-4-e2b", "small", 4, 16, "bf16").fit, ==, FACET_FIT_GPU_LESS);
  g_assert_cmpint (fit ("gemma-4-e2b", "tiny", 2, 16, "bf16").fit, ==, FACET_FIT_CPU);
  g_assert_cmpint (fit ("gemma-4-e4b", NULL, 0, 8, "bf16").fit, ==, FACET_FIT_CPU_LESS);
  g_assert_cmpint (fit ("gemma-4-e4b", NULL, 0, 4, "bf16").fit, ==, FACET_FIT_NOT);
  g_assert_cmpint (fit ("gemma-4-e2b", NULL, 0, 0, "bf16").fit, ==, FACET_FIT_NOT);
}

static void
test_catalogue (void)
{
  gsize                      n;
  const FacetCatalogueModel *models = facet_catalogue_get (&n);
  g_autofree char           *folder = test_folder_new ();
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (n, ==, 10);
  for (gsize i = 0; i < n; i++) {
    g_assert_true (facet_hub_is_repository (models[i].repository));
    g_assert_true (facet_catalogue_find (models[i].id) == &models[i]);
    g_assert_true (facet_catalogue_find (models[i].repository) == &models[i]);
    g_assert_cmpuint (models[i].size, >, 100 * 1000 * 1000);
  }
  g_assert_null (facet_catalogue_find ("gpt-2"));
  g_assert_false (facet_catalogue_is_licence_accepted (folder));
  g_assert_true (facet_catalogue_accept_licence (folder, &error));
  g_assert_true (facet_catalogue_is_licence_accepted (folder));
  test_folder_remove (folder);
}

/* ---- ranges ---- */

static void
test_ranges (void)
{
  g_autoptr (GArray) ranges = facet_byte_ranges_new ();
  g_autoptr (GArray) read = facet_byte_ranges_new ();
  g_autofree char *text = NULL;
  FacetByteRange   gap;

  g_assert_true (facet_byte_ranges_find_gap (ranges, 10, &gap));
  g_assert_cmpuint (gap.first, ==, 0);
  g_assert_cmpuint (gap.end, ==, 10);
  facet_byte_ranges_add (ranges, 20, 30);
  facet_byte_ranges_add (ranges, 0, 5);
  facet_byte_ranges_add (ranges, 40, 50);
  facet_byte_ranges_add (ranges, 5, 5);
  g_assert_cmpuint (ranges->len, ==, 3);
  facet_byte_ranges_add (ranges, 5, 10);  /* touches */
  facet_byte_ranges_add (ranges, 25, 45); /* spans */
  g_assert_cmpuint (ranges->len, ==, 2);
  g_assert_cmpuint (facet_byte_ranges_get_prefix (ranges), ==, 10);
  g_assert_cmpuint (facet_byte_ranges_get_total (ranges), ==, 40);
  text = facet_byte_ranges_to_text (ranges);
  g_assert_cmpstr (text, ==, "0-10 20-50");
  g_assert_true (facet_byte_ranges_from_text (read, text, 50));
  g_assert_cmpuint (facet_byte_ranges_get_total (read), ==, 40);
  g_assert_true (facet_byte_ranges_from_text (read, "", 50));
  g_assert_cmpuint (read->len, ==, 0);
  g_assert_false (facet_byte_ranges_from_text (read, text, 49));
  g_assert_false (facet_byte_ranges_from_text (read, "3-2", 50));
  g_assert_false (facet_byte_ranges_from_text (read, "-1-2", 50));
  g_assert_false (facet_byte_ranges_from_text (read, "1-99999999999999999999", 50));
  facet_byte_ranges_add (ranges, 10, 20);
  g_assert_false (facet_byte_ranges_find_gap (ranges, 50, &gap));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/models/cache", test_cache);
  g_test_add_func ("/models/shards", test_shards);
  g_test_add_func ("/models/own", test_own);
  g_test_add_func ("/models/fit", test_fit);
  g_test_add_func ("/models/catalogue", test_catalogue);
  g_test_add_func ("/models/ranges", test_ranges);
  return g_test_run ();
}
