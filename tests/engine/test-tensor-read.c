/* test-tensor-read.c: the numbers of blocks of every form, against what the packages that define
 * the forms make of the same bytes (tests/golden/forms).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "gem-safetensors.h"
#include "gem-tensor.h"
#include "golden-model.h"
#include "kernels/krn-quant.h"

#include <math.h>
#include <string.h>

typedef struct {
  const char *name;
  GemDtype    dtype;
  KrnType     blocks; /* what holds them exactly */
} Form;

static const Form forms[] = {
    {"f16", GEM_DTYPE_F16, KRN_BF16},       {"f8_e4m3", GEM_DTYPE_F8_E4M3, KRN_BF16},
    {"packed4", GEM_DTYPE_PACKED4, KRN_Q4}, {"q4_0", GEM_DTYPE_Q4_0, KRN_Q4},
    {"q8_0", GEM_DTYPE_Q8_0, KRN_Q8},       {"q4_k", GEM_DTYPE_Q4_K, KRN_BF16},
    {"q6_k", GEM_DTYPE_Q6_K, KRN_BF16},
};

typedef struct {
  GemSafetensors  *files;
  GemTensor        raw, scales;
  const GemTensor *values;
  gsize            rows, cols;
} Fixture;

static const GemTensor *
part (const Fixture *f, const Form *form, const char *what)
{
  g_autofree char *name = g_strdup_printf ("%s.%s", form->name, what);

  return gem_safetensors_find (f->files, name);
}

static void
fixture_init (Fixture *f, const Form *form)
{
  g_autofree char *path = golden_path ("forms/blocks.safetensors");
  g_autoptr (GError) error = NULL;
  const GemTensor *scales;

  f->files = gem_safetensors_open (path, &error);
  g_assert_no_error (error);
  f->raw = *part (f, form, "raw");
  f->values = part (f, form, "values");
  f->rows = (gsize)f->values->shape[0];
  f->cols = (gsize)f->values->shape[1];
  f->raw.dtype = form->dtype;
  f->raw.shape[1] = f->values->shape[1];
  g_assert_cmpuint (f->raw.n_bytes, ==,
                    f->rows * f->cols / gem_dtype_get_block (form->dtype) *
                        gem_dtype_get_size (form->dtype));
  scales = part (f, form, "scales");
  if (scales != NULL) {
    f->scales = *scales;
    f->scales.dtype = GEM_DTYPE_BF16;
    f->raw.scales = &f->scales;
  }
  g_assert_true (gem_tensor_has_numbers (&f->raw));
}

static float
value (const Fixture *f, gsize row, gsize column)
{
  float x;

  memcpy (&x, f->values->data + 4 * (row * f->cols + column), sizeof x);
  return x;
}

/* The same number; there is more than one way to write “not a number”. */
static void
assert_same (float got, float wanted)
{
  if (isnan (wanted))
    g_assert_true (isnan (got));
  else
    g_assert_cmpfloat (got, ==, wanted);
}

static void
test_numbers (gconstpointer data)
{
  Fixture           f = {.files = NULL};
  g_autofree float *all = NULL, *last = NULL;

  fixture_init (&f, data);
  all = g_new (float, f.rows *f.cols);
  last = g_new (float, f.cols);
  gem_tensor_read (&f.raw, 0, f.rows, all);
  gem_tensor_read (&f.raw, f.rows - 1, 1, last);
  for (gsize r = 0; r < f.rows; r++)
    for (gsize c = 0; c < f.cols; c++)
      assert_same (all[r * f.cols + c], value (&f, r, c));
  for (gsize c = 0; c < f.cols; c++)
    assert_same (last[c], value (&f, f.rows - 1, c));
  gem_safetensors_free (f.files);
}

/* The nearest of the BF16 numbers: none of the two beside it is nearer. */
static void
test_bf16 (gconstpointer data)
{
  Fixture             f = {.files = NULL};
  g_autofree guint16 *numbers = NULL;

  fixture_init (&f, data);
  numbers = g_new (guint16, f.rows * f.cols);
  gem_tensor_read_bf16 (&f.raw, 0, f.rows, numbers);
  for (gsize r = 0; r < f.rows; r++)
    for (gsize c = 0; c < f.cols; c++) {
      float wanted = value (&f, r, c), near[3];

      for (int i = 0; i < 3; i++) {
        guint32 bits = (guint32)(numbers[r * f.cols + c] + i - 1) << 16;

        memcpy (&near[i], &bits, sizeof bits);
      }
      if (isnan (wanted)) {
        g_assert_true (isnan (near[1]));
        continue;
      }
      g_assert_cmpfloat (fabsf (near[1] - wanted), <=, fabsf (near[2] - wanted));
      if (near[1] != 0)
        g_assert_cmpfloat (fabsf (near[1] - wanted), <=, fabsf (near[0] - wanted));
    }
  gem_safetensors_free (f.files);
}

/* 18 rows are a whole row of tiles and one that is padded. */
static void
test_tiles (gconstpointer data)
{
  const Form        *form = data;
  Fixture            f = {.files = NULL};
  g_autofree guint8 *tiles = NULL;
  g_autofree float  *row = NULL;
  gsize              tile_row;

  fixture_init (&f, form);
  g_assert_cmpint (gem_tensor_get_block_type (&f.raw), ==, form->blocks);
  if (form->blocks != KRN_BF16) {
    tile_row = krn_quant_bytes (form->blocks, KRN_TILE_ROWS, (int)f.cols);
    tiles = g_malloc (2 * tile_row);
    row = g_new (float, f.cols);
    gem_tensor_read_tiles (&f.raw, 0, tiles);
    gem_tensor_read_tiles (&f.raw, KRN_TILE_ROWS, tiles + tile_row);
    for (gsize r = 0; r < f.rows; r++) {
      krn_dequantise_row (form->blocks, row, tiles, (int)f.rows, (int)f.cols, (int)r);
      for (gsize c = 0; c < f.cols; c++)
        g_assert_cmpfloat (row[c], ==, value (&f, r, c));
    }
    krn_dequantise_row (form->blocks, row, tiles, 2 * KRN_TILE_ROWS, (int)f.cols, (int)f.rows);
    for (gsize c = 0; c < f.cols; c++)
      g_assert_cmpfloat (row[c], ==, 0);
  }
  gem_safetensors_free (f.files);
}

/* ---- what the kernels' blocks cannot hold ---- */

static void
test_scales_beyond (void)
{
  /* 2^16, 2^−25, three halves of 2^−24, a bit too many, infinity, not a number; and what F16 has */
  static const struct {
    guint32  bits;
    gboolean fits;
  } cases[] = {
      {0x47800000, FALSE}, {0x33000000, FALSE}, {0x33c00000, FALSE}, {0x3f801000, FALSE},
      {0x7f800000, FALSE}, {0x7fc00000, FALSE}, {0x477fe000, TRUE},  {0x33800000, TRUE},
      {0x3f802000, TRUE},  {0xb8800000, TRUE},  {0, TRUE},           {0x80000000, TRUE},
  };
  guint8 codes[16] = {0};

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    guint32   bits = GUINT32_TO_LE (cases[i].bits);
    GemTensor scales = {.dtype = GEM_DTYPE_F32,
                        .n_dims = 2,
                        .shape = {1, 1},
                        .data = (const guint8 *)&bits,
                        .n_bytes = 4};
    GemTensor t = {.dtype = GEM_DTYPE_PACKED4,
                   .n_dims = 2,
                   .shape = {1, 32},
                   .data = codes,
                   .n_bytes = sizeof codes,
                   .scales = &scales};

    g_assert_cmpint (gem_tensor_get_block_type (&t), ==, cases[i].fits ? KRN_Q4 : KRN_BF16);
  }
}

static void
test_lowest_code (void)
{
  guint8    block[34] = {0, 0x3c, [33] = 0x80};
  GemTensor t = {.dtype = GEM_DTYPE_Q8_0,
                 .n_dims = 2,
                 .shape = {1, 32},
                 .data = block,
                 .n_bytes = sizeof block};
  float     numbers[32];

  g_assert_cmpint (gem_tensor_get_block_type (&t), ==, KRN_BF16);
  gem_tensor_read (&t, 0, 1, numbers);
  g_assert_cmpfloat (numbers[31], ==, -128);
  block[33] = 0x81;
  g_assert_cmpint (gem_tensor_get_block_type (&t), ==, KRN_Q8);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (forms); i++) {
    g_autofree char *numbers = g_strdup_printf ("/tensor-read/%s/numbers", forms[i].name);
    g_autofree char *bf16 = g_strdup_printf ("/tensor-read/%s/bf16", forms[i].name);
    g_autofree char *tiles = g_strdup_printf ("/tensor-read/%s/tiles", forms[i].name);

    g_test_add_data_func (numbers, &forms[i], test_numbers);
    g_test_add_data_func (bf16, &forms[i], test_bf16);
    g_test_add_data_func (tiles, &forms[i], test_tiles);
  }
  g_test_add_func ("/tensor-read/scales-beyond", test_scales_beyond);
  g_test_add_func ("/tensor-read/lowest-code", test_lowest_code);
  return g_test_run ();
}
