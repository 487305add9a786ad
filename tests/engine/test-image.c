/* test-image.c: pictures to the vision encoder's pixels, patches and positions: the reference's
 * pixels bit for bit, a plain resampler in doubles, and pictures that nobody should send.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * gem-cli's path is the argument. */
#define G_LOG_DOMAIN "test"

#include "gem-error.h"
#include "gem-image-ppm.h"
#include "gem-safetensors.h"
#include "golden-lines.h"
#include "read-png.h"
#include "write-safetensors.h"

#include <math.h>
#include <sys/wait.h>

static const char *program;

/* ---- against the reference ---- */

static GemImage *
image_of (const guint8 *data, guint32 width, guint32 height, guint budget)
{
  GemPixels pixels = {data, (gsize)width * height * 3, width, height, (gsize)width * 3};
  g_autoptr (GError) error = NULL;
  GemImage *image = gem_image_new (&pixels, budget, &error);

  g_assert_no_error (error);
  return image;
}

static gsize
n_bytes_of (const GemImage *image)
{
  return (gsize)image->size.width * image->size.height * 3;
}

static void
test_goldens (void)
{
  g_autofree char *json_path = golden_path ("preproc/resize.json");
  g_autofree char *tensors_path = golden_path ("preproc/resize.safetensors");
  g_autoptr (GemSafetensors) tensors = gem_safetensors_open (tensors_path, NULL);
  json_t *cases = json_load_file (json_path, 0, NULL), *c;
  size_t  i;

  g_assert_nonnull (tensors);
  g_assert_cmpuint (json_array_size (cases), ==, gem_safetensors_get_n_tensors (tensors));
  json_array_foreach (cases, i, c)
  {
    g_autofree char   *name = g_strdup_printf ("resized_%zu", i);
    g_autofree char   *file = g_build_filename ("preproc", golden_string (c, "file"), NULL);
    g_autofree char   *path = golden_path (file);
    const GemTensor   *wanted = gem_safetensors_find (tensors, name);
    guint32            width, height;
    g_autofree guint8 *data = read_png (path, &width, &height);
    g_autoptr (GemImage) image =
        image_of (data, width, height,
                  (guint)json_integer_value (json_object_get (c, "max_soft_tokens")));

    g_assert_cmpint (image->size.width, ==,
                     json_integer_value (json_object_get (c, "target_width")));
    g_assert_cmpint (image->size.height, ==,
                     json_integer_value (json_object_get (c, "target_height")));
    g_assert_cmpmem (image->pixels, n_bytes_of (image), wanted->data, wanted->n_bytes);
  }
  json_decref (cases);
}

/* ---- against a plain resampler ---- */

static double
bicubic (double t)
{
  t = fabs (t);
  return t < 1.0   ? 1.5 * t * t * t - 2.5 * t * t + 1.0
         : t < 2.0 ? -0.5 * t * t * t + 2.5 * t * t - 4.0 * t + 2.0
                   : 0.0;
}

/* One value of one axis: every input with its weight; values are @step bytes apart. */
static guint8
plain_value (const guint8 *values, gsize step, guint n_in, guint n_out, guint i)
{
  double scale = (double)n_in / n_out, stretch = MAX (scale, 1.0), centre = (i + 0.5) * scale;
  double sum = 0.0, norm = 0.0;
  int    from = MAX ((int)floor (centre - 2.0 * stretch + 0.5), 0),
      to = MIN ((int)floor (centre + 2.0 * stretch + 0.5), (int)n_in);

  for (int j = from; j < to; j++) {
    double weight = bicubic ((j + 0.5 - centre) / stretch);

    sum += weight * values[(gsize)j * step];
    norm += weight;
  }
  return (guint8)CLAMP (floor (sum / norm + 0.5), 0.0, 255.0);
}

/* (h_out, w_out, 3) (transfer full) */
static guint8 *
plain_resample (const guint8 *in, gsize rowstride, guint w, guint h, guint w_out, guint h_out)
{
  gsize              row = (gsize)w_out * 3;
  g_autofree guint8 *between = g_malloc (row * h);
  guint8            *out = g_malloc (row * h_out);

  for (guint y = 0; y < h; y++)
    for (guint i = 0; i < row; i++)
      between[y * row + i] = plain_value (in + y * rowstride + i % 3, 3, w, w_out, i / 3);
  for (guint y = 0; y < h_out; y++)
    for (guint i = 0; i < row; i++)
      out[y * row + i] = plain_value (between + i, row, h, h_out, y);
  return out;
}

typedef enum {
  NOISE,
  CHECKS, /* black and white: the kernel overshoots as far as it can */
  SMOOTH,
  N_KINDS,
} Kind;

/* Rows with padding that would be seen in the result. */
static guint8 *
make_picture (Kind kind, guint width, guint height, gsize rowstride)
{
  GRand  *rand = g_rand_new_with_seed (width * 31 + height);
  guint8 *data = g_malloc (rowstride * height);

  memset (data, 0xaa, rowstride * height);
  for (guint y = 0; y < height; y++)
    for (guint i = 0; i < width * 3; i++)
      data[y * rowstride + i] = (guint8)(kind == NOISE    ? g_rand_int (rand) % 256
                                         : kind == CHECKS ? (i / 9 + y / 3) % 2 * 255
                                                          : (i + 2 * y) % 256 / 2 + 64);
  g_rand_free (rand);
  return data;
}

/* The same rounding but for coefficients of 16 bits: one level, seldom. */
static void
check_plain (Kind kind, guint width, guint height, guint budget)
{
  gsize              rowstride = (gsize)width * 3 + 5, n_different = 0;
  g_autofree guint8 *data = make_picture (kind, width, height, rowstride), *wanted = NULL;
  GemPixels          pixels = {data, rowstride * height - 5, width, height, rowstride};
  g_autoptr (GError) error = NULL;
  g_autoptr (GemImage) image = gem_image_new (&pixels, budget, &error);

  g_assert_no_error (error);
  wanted = plain_resample (data, rowstride, width, height, image->size.width, image->size.height);
  for (gsize i = 0; i < n_bytes_of (image); i++) {
    int d = ABS (image->pixels[i] - wanted[i]);

    g_assert_cmpint (d, <=, 2);
    n_different += d > 0;
  }
  g_test_message ("%u × %u, kind %d: %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " bytes differ",
                  width, height, kind, n_different, n_bytes_of (image));
  g_assert_cmpuint (n_different * 100, <=, n_bytes_of (image));
}

static void
test_plain (void)
{
  static const guint sizes[][3] = {{1, 1, 70},      {2, 3, 70},      {33, 20, 140},  {48, 48, 70},
                                   {900, 3, 280},   {3, 900, 70},    {1, 10000, 70}, {10000, 1, 70},
                                   {384, 384, 70},  {385, 383, 70},  {1001, 50, 70}, {50, 1001, 70},
                                   {640, 480, 280}, {1500, 1100, 70}};

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (int kind = 0; kind < N_KINDS; kind++)
      check_plain ((Kind)kind, sizes[i][0], sizes[i][1], sizes[i][2]);
}

/* One colour stays what it is at any size. */
static void
test_flat (void)
{
  static const guint sizes[][2] = {{1, 1}, {7, 5}, {500, 400}, {65535, 1}, {1, 65535}};

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (guint level = 0; level < 256; level += 51) {
      gsize              n = (gsize)sizes[i][0] * sizes[i][1] * 3;
      g_autofree guint8 *data = g_malloc (n);
      g_autoptr (GemImage) image = NULL;

      memset (data, (int)level, n);
      image = image_of (data, sizes[i][0], sizes[i][1], 140);
      for (gsize b = 0; b < n_bytes_of (image); b++)
        g_assert_cmpuint (image->pixels[b], ==, level);
    }
}

static void
test_same_size (void)
{
  g_autofree guint8 *data = make_picture (NOISE, 528, 528, 528 * 3);
  g_autoptr (GemImage) image = image_of (data, 528, 528, 140);

  g_assert_cmpmem (image->pixels, n_bytes_of (image), data, 528 * 528 * 3);
}

/* ---- patches ---- */

static void
test_patches (void)
{
  g_autofree guint8 *data = make_picture (NOISE, 60, 40, 180);
  g_autoptr (GemImage) image = image_of (data, 60, 40, 70);
  guint              n = image->size.n_patches, columns = image->size.width / 16;
  g_autofree gint32 *positions = g_new (gint32, 2 * n);
  gint32             some_positions[6];

  g_assert_cmpuint (image->n_patches_x, ==, columns);
  g_assert_cmpuint (image->n_patches_x * image->n_patches_y, ==, n);
  gem_image_positions (image, 0, n, positions);
  for (guint p = 0; p < n; p++) {
    guint px = p % columns, py = p / columns;

    g_assert_cmpint (positions[2 * p], ==, (gint32)px);
    g_assert_cmpint (positions[2 * p + 1], ==, (gint32)py);
  }

  gem_image_positions (image, n - 3, 3, some_positions);
  g_assert_cmpmem (some_positions, sizeof some_positions, positions + 2 * (n - 3),
                   sizeof some_positions);
}

/* ---- refusals ---- */

static void
test_refusals (void)
{
  static const guint8 data[300];
  const struct {
    GemPixels   pixels;
    guint       budget;
    const char *says;
  } cases[] = {
      {{data, 300, 0, 10, 30}, 280, "empty"},
      {{data, 300, 10, 0, 30}, 280, "empty"},
      {{data, 300, 0, 0, 0}, 280, "empty"},
      {{data, 300, 10, 10, 30}, 0, "budget"},
      {{data, 300, 10, 10, 30}, 281, "budget"},
      {{data, 300, 10, 10, 30}, G_MAXUINT, "budget"},
      {{data, 299, 10, 10, 30}, 280, "incomplete"},
      {{data, 300, 10, 11, 30}, 280, "incomplete"},
      {{data, 300, 10, 10, 29}, 280, "incomplete"},
      {{data, 300, 10, 10, 0}, 280, "incomplete"},
      {{data, 300, 10, 10, 31}, 280, "incomplete"},
      {{data, 300, 10, 10, G_MAXSIZE}, 280, "incomplete"},
      {{data, 300, 101, 1, 303}, 280, "incomplete"},
      {{data, 0, 1, 1, 3}, 280, "incomplete"},
      {{data, 300, 65536, 1, 65536 * 3}, 280, "too large"},
      {{data, 300, 1, 65536, 3}, 280, "too large"},
      {{data, 300, 65535, 2049, 65535 * 3}, 280, "too large"},
      {{data, G_MAXSIZE, G_MAXUINT32, G_MAXUINT32, 3}, 280, "too large"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (gem_image_new (&cases[i].pixels, cases[i].budget, &error));
    g_assert_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT);
    g_test_message ("%s", error->message);
    g_assert_nonnull (strstr (error->message, cases[i].says));
  }
}

static void
test_ppm (void)
{
  const char good[] = "P6 # a comment\n#another\n 2\t3\r\n255\nRGBrgbRGBrgbRGBrgb";
  gsize      length = sizeof good - 1;
  GemPixels  pixels;

  g_assert_true (gem_image_ppm_parse (good, length, "x", &pixels, NULL));
  g_assert_cmpuint (pixels.width, ==, 2);
  g_assert_cmpuint (pixels.height, ==, 3);
  g_assert_cmpuint (pixels.rowstride, ==, 6);
  g_assert_cmpmem (pixels.data, pixels.n_bytes, good + length - 18, 18);
  for (gsize n = 0; n < length; n++) { /* a copy without anything behind it, for ASan */
    g_autofree char *part = g_memdup2 (good, n);
    g_autoptr (GError) error = NULL;

    g_assert_false (gem_image_ppm_parse (part, n, "x", &pixels, &error));
    g_assert_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT);
  }
}

static void
test_ppm_refusals (void)
{
  static const struct {
    const char *text;
    GemError    code;
  } cases[] = {
      {"P5 1 1 255\nRGB", GEM_ERROR_INVALID_INPUT},
      {"P61 1 255\nRGB", GEM_ERROR_INVALID_INPUT},
      {"P6 -1 1 255\nRGB", GEM_ERROR_INVALID_INPUT},
      {"P6 1x1 255\nRGB", GEM_ERROR_INVALID_INPUT},
      {"P6 1 1 255RGB", GEM_ERROR_INVALID_INPUT},
      {"P6 4294967297 1 255\nRGB", GEM_ERROR_INVALID_INPUT},
      {"P6 99999999999999999999999 1 255\nRGB", GEM_ERROR_INVALID_INPUT},
      {"P6 2147483647 2147483647 255\nRGB", GEM_ERROR_INVALID_INPUT},
      {"P6 1 2 255\nRGBRG", GEM_ERROR_INVALID_INPUT},
      {"P6 1 1 65535\nRGBRGB", GEM_ERROR_UNSUPPORTED},
      {"P6 1 1 1\nRGB", GEM_ERROR_UNSUPPORTED},
      {"P6 1 1 0\nRGB", GEM_ERROR_UNSUPPORTED},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    GemPixels pixels;

    g_assert_false (
        gem_image_ppm_parse (cases[i].text, strlen (cases[i].text), "x.ppm", &pixels, &error));
    g_assert_error (error, GEM_ERROR, (int)cases[i].code);
    g_assert_true (g_str_has_prefix (error->message, "x.ppm "));
  }
}

/* ---- gem-cli inspect image ---- */

static int
run_cli (const char *line, const char *folder, char **err)
{
  g_autoptr (GString) command = g_string_new (line);
  g_auto (GStrv) words = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  g_string_replace (command, "$D", folder, 0);
  g_string_prepend (command, "gem-cli inspect image ");
  words = g_strsplit (command->str, " ", -1);
  g_free (words[0]);
  words[0] = g_strdup (program);
  g_spawn_sync (NULL, words, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, err, &status,
                &error);
  g_assert_no_error (error);
  g_assert_true (WIFEXITED (status));
  return WEXITSTATUS (status);
}

static void
test_command (void)
{
  g_autofree char *folder = make_folder (), *err = NULL;
  g_autofree char *out = g_build_filename (folder, "out", NULL);
  g_autoptr (GemSafetensors) file = NULL;
  g_autoptr (GemImage) image = image_of ((const guint8 *)"RGBrgbRGBrgb", 2, 2, 140);
  g_autofree gint32 *positions = g_new (gint32, 2 * image->size.n_patches);
  const GemTensor   *pixels, *ids;

  write_text (folder, "a.ppm", "P6 2 2 255 RGBrgbRGBrgb");
  g_assert_cmpint (run_cli ("--budget 140 --out $D/out $D/a.ppm", folder, &err), ==, 0);
  g_assert_cmpstr (err, ==, "");
  file = gem_safetensors_open (out, NULL);
  g_assert_nonnull (file);
  pixels = gem_safetensors_find (file, "resized_u8");
  ids = gem_safetensors_find (file, "position_ids");
  gem_image_positions (image, 0, image->size.n_patches, positions);
  g_assert_cmpint (pixels->shape[0], ==, image->size.height);
  g_assert_cmpint (pixels->shape[1], ==, image->size.width);
  g_assert_cmpmem (pixels->data, pixels->n_bytes, image->pixels, n_bytes_of (image));
  g_assert_cmpint (ids->dtype, ==, GEM_DTYPE_I32);
  g_assert_cmpint (ids->shape[1], ==, 2);
  g_assert_cmpmem (ids->data, ids->n_bytes, positions, 8 * image->size.n_patches);
  remove_folder (g_steal_pointer (&folder));
}

static void
test_command_refusals (void)
{
  static const struct {
    const char *line;
    int         status;
    const char *says;
  } cases[] = {
      {"$D/a.ppm", 2, "--out"},
      {"--out $D/x", 2, "FILE.ppm"},
      {"--out $D/x $D/a.ppm $D/a.ppm", 2, "FILE.ppm"},
      {"--out $D/x $D/none.ppm", 2, "none.ppm does not exist"},
      {"--out $D/x $D", 2, "it is no file"},
      {"--out $D/x $D/short.ppm", 2, "ends early"},
      {"--out $D/x $D/empty.ppm", 2, "empty"},
      {"--out $D/x --budget 100 $D/a.ppm", 2, "budget"},
      {"--out $D/x --budget -70 $D/a.ppm", 2, "--budget"},
      {"--out $D/x --weights q2 $D/a.ppm", 2, "q2"},
      {"--out $D/x --layers $D/a.ppm", 2, "--layers"},
      {"--out $D/no/x $D/a.ppm", 1, "no/x"},
  };
  g_autofree char *folder = make_folder ();

  write_text (folder, "a.ppm", "P6 1 1 255\nRGB");
  write_text (folder, "short.ppm", "P6 2 1 255\nRGB");
  write_text (folder, "empty.ppm", "P6 0 1 255\n");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *err = NULL;
    int              status = run_cli (cases[i].line, folder, &err);

    g_test_message ("%s: %d, %s", cases[i].line, status, err);
    g_assert_cmpint (status, ==, cases[i].status);
    g_assert_nonnull (strstr (err, cases[i].says));
  }
  remove_folder (g_steal_pointer (&folder));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 2);
  program = argv[1];
  g_test_add_func ("/image/goldens", test_goldens);
  g_test_add_func ("/image/plain", test_plain);
  g_test_add_func ("/image/flat", test_flat);
  g_test_add_func ("/image/same-size", test_same_size);
  g_test_add_func ("/image/patches", test_patches);
  g_test_add_func ("/image/refusals", test_refusals);
  g_test_add_func ("/image/ppm", test_ppm);
  g_test_add_func ("/image/ppm/refusals", test_ppm_refusals);
  g_test_add_func ("/image/command", test_command);
  g_test_add_func ("/image/command/refusals", test_command_refusals);
  return g_test_run ();
}
