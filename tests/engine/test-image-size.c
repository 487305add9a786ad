/* test-image-size.c: target sizes of pictures, against the reference's.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test"

#include "gem-error.h"
#include "gem-image-size.h"
#include "golden-lines.h"

static guint
get (const json_t *c, const char *name)
{
  const json_t *value = json_object_get (c, name);

  g_assert_true (json_is_integer (value));
  return (guint)json_integer_value (value);
}

static void
test_goldens (void)
{
  g_autofree char *path = golden_path ("preproc/sizes.json");
  json_t          *cases = json_load_file (path, 0, NULL);
  size_t           i;
  json_t          *c;

  g_assert_cmpuint (json_array_size (cases), ==, 240);
  json_array_foreach (cases, i, c)
  {
    GemImageSize size;

    g_assert_true (gem_image_size (get (c, "width"), get (c, "height"), get (c, "max_soft_tokens"),
                                   &size, NULL));
    g_assert_cmpuint (size.width, ==, get (c, "target_width"));
    g_assert_cmpuint (size.height, ==, get (c, "target_height"));
    g_assert_cmpuint (size.n_patches, ==, get (c, "patches"));
    g_assert_cmpuint (size.n_soft_tokens, ==, get (c, "soft_tokens"));
  }
  json_decref (cases);
}

/* Whatever a file claims to be, the budget holds. */
static void
test_extremes (void)
{
  static const guint32 sides[] = {1, 2, 47, 48, 49, 1000, 65535, G_MAXINT32, G_MAXUINT32};
  static const guint   budgets[] = {70, 140, 280, 560, 1120};

  for (guint w = 0; w < G_N_ELEMENTS (sides); w++)
    for (guint h = 0; h < G_N_ELEMENTS (sides); h++)
      for (guint b = 0; b < G_N_ELEMENTS (budgets); b++) {
        GemImageSize size;

        g_assert_true (gem_image_size (sides[w], sides[h], budgets[b], &size, NULL));
        g_assert_cmpuint (size.n_soft_tokens, >, 0);
        g_assert_cmpuint (size.n_soft_tokens, <=, budgets[b]);
        g_assert_cmpuint (size.width * size.height, ==, size.n_patches * 256);
        g_assert_cmpuint (size.width % GEM_IMAGE_BLOCK + size.height % GEM_IMAGE_BLOCK, ==, 0);
      }
}

static void
test_errors (void)
{
  static const guint bad[][3] = {{0, 10, 280}, {10, 0, 280}, {10, 10, 0}, {10, 10, 281}};

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    GError      *error = NULL;
    GemImageSize size;

    g_assert_false (gem_image_size (bad[i][0], bad[i][1], bad[i][2], &size, &error));
    g_assert_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT);
    g_clear_error (&error);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/image-size/goldens", test_goldens);
  g_test_add_func ("/image-size/extremes", test_extremes);
  g_test_add_func ("/image-size/errors", test_errors);
  return g_test_run ();
}
