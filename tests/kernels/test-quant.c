/* test-quant.c: quantised weights: sizes, error bounds, what is exact, what is broken.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "kernels/cpu/half.h"
#include "tests/kernels/krn-test.h"

static void
test_bytes (void)
{
  g_assert_cmpuint (krn_quant_bytes (KRN_Q8, 16, 32), ==, 544);
  g_assert_cmpuint (krn_quant_bytes (KRN_Q4, 16, 32), ==, 288);
  g_assert_cmpuint (krn_quant_bytes (KRN_Q8, 17, 64), ==, 4 * 544);
  g_assert_cmpuint (krn_quant_bytes (KRN_Q4, 1, 32), ==, 288);
  /* E2B's output head: 4.5 and 8.5 bits a weight. */
  g_assert_cmpuint (krn_quant_bytes (KRN_Q4, 262144, 1536), ==, (gsize)262144 * 1536 * 9 / 16);
  g_assert_cmpuint (krn_quant_bytes (KRN_Q8, G_MAXINT32, 1 << 20), ==,
                    ((gsize)G_MAXINT32 + 15) / 16 * 32768 * 544);

  g_assert_cmpuint (krn_quant_bytes (KRN_Q8, 16, 33), ==, 0);
  g_assert_cmpuint (krn_quant_bytes (KRN_Q8, 16, 16), ==, 0);
  g_assert_cmpuint (krn_quant_bytes (KRN_Q8, 0, 32), ==, 0);
  g_assert_cmpuint (krn_quant_bytes (KRN_Q8, 16, 0), ==, 0);
  g_assert_cmpuint (krn_quant_bytes (KRN_Q8, -16, 32), ==, 0);
  g_assert_cmpuint (krn_quant_bytes (KRN_Q8, 16, -32), ==, 0);
  g_assert_cmpuint (krn_quant_bytes (KRN_BF16, 16, 32), ==, 0);
}

/* A matrix of BF16 there and back.  (transfer full) */
static float *
round_trip (KrnType type, const uint16_t *src, int rows, int cols)
{
  int                  n_tiles = (rows + KRN_TILE_ROWS - 1) / KRN_TILE_ROWS;
  size_t               bytes = krn_quant_bytes (type, rows, cols);
  g_autofree uint8_t  *whole = g_malloc (bytes), *parts = g_malloc (bytes);
  g_autofree uint16_t *exact = g_memdup2 (src, (gsize)rows * (gsize)cols * 2);
  float               *w = g_new (float, (gsize)rows *cols);

  /* In one go and tile by tile, backwards; every byte is written, none beyond.  `exact` ends where
   * the rows end, so that the address sanitizer sees a read of a row that is not there. */
  memset (whole, 0xaa, bytes);
  memset (parts, 0x55, bytes);
  krn_quantise (type, whole, exact, rows, cols, 0, n_tiles);
  for (int t = n_tiles; t-- > 0;)
    krn_quantise (type, parts, exact, rows, cols, t, t + 1);
  g_assert_cmpmem (whole, bytes, parts, bytes);
  for (int r = 0; r < rows; r++)
    krn_dequantise_row (type, w + (size_t)r * (size_t)cols, whole, rows, cols, r);
  return w;
}

/* No weight is further off than half a step of its block, of a step that is the smallest which
 * reaches the largest weight. */
static void
check_bound (KrnTest *t, KrnType type, double scale)
{
  enum {
    R = 37,
    C = 96
  };
  uint16_t          src[R * C];
  g_autofree float *w = NULL;
  double            error = 0.0, norm = 0.0;

  for (int i = 0; i < R * C; i++)
    src[i] = krn_bf16_from_float (
        (float)(g_rand_double_range (t->rand, -1.0, 1.0) * g_rand_double (t->rand) * scale));
  w = round_trip (type, src, R, C);
  for (int b = 0; b < R * C; b += 32) {
    double most = 0.0, block_error = 0.0;

    for (int i = b; i < b + 32; i++)
      most = MAX (most, fabs (krn_float_from_bf16 (src[i])));
    for (int i = b; i < b + 32; i++) {
      double x = krn_float_from_bf16 (src[i]), difference = fabs (w[i] - x);

      if (type == KRN_Q8)
        g_assert_cmpfloat (difference, <=, (most / 127.0 + 6e-8) * 0.502);
      else
        g_assert_cmpfloat (difference, <=, (most / 7.0 + 6e-8) * 0.502 + most / 8.0 * 0.5);
      block_error += difference * difference;
      norm += x * x;
    }
    /* Q4 takes the better of two scales, so that the block as a whole is at least as good as with
     * ±7. */
    if (type == KRN_Q4)
      g_assert_cmpfloat (block_error, <=, 32.0 * pow ((most / 7.0 + 6e-8) * 0.502, 2.0));
    error += block_error;
  }
  g_test_message ("type %d, weights within %g: relative L2 error %g", type, scale,
                  sqrt (error / norm));
  if (scale > 1e-3)
    g_assert_cmpfloat (sqrt (error / norm), <=, type == KRN_Q8 ? 0.007 : 0.11);
}

static void
test_bound (KrnTest *t)
{
  static const double scales[] = {1e-5, 0.02, 1.0, 3000.0};

  for (guint i = 0; i < G_N_ELEMENTS (scales); i++) {
    check_bound (t, KRN_Q8, scales[i]);
    check_bound (t, KRN_Q4, scales[i]);
  }
}

/* Weights that are multiples of a scale that F16 holds come back as they were. */
static void
test_exact (KrnTest *t)
{
  enum {
    R = 16,
    C = 32
  };
  uint16_t src[R * C];

  for (int type = KRN_Q8; type <= KRN_Q4; type++)
    for (int sign = -1; sign <= 1; sign += 2) {
      g_autofree float *w = NULL;

      for (int i = 0; i < R * C; i++) {
        int q = type == KRN_Q8 ? i * 37 % 255 - 127 : i * 7 % 16 - 8;

        /* The largest magnitude is there in every block, −8 for Q4. */
        if (i % C == 0)
          q = type == KRN_Q8 ? 127 : -8;
        src[i] = krn_bf16_from_float ((float)(sign * q) * 0.25f);
      }
      w = round_trip (type, src, R, C);
      for (int i = 0; i < R * C; i++)
        g_assert_cmpfloat (w[i], ==, krn_float_from_bf16 (src[i]));
    }
}

static void
test_broken_weights (KrnTest *t)
{
  enum {
    R = 2,
    C = 64
  };
  uint16_t src[R * C];

  for (int type = KRN_Q8; type <= KRN_Q4; type++) {
    g_autofree float *zeros = NULL, *w = NULL;

    memset (src, 0, sizeof src);
    zeros = round_trip (type, src, R, C);
    for (int i = 0; i < R * C; i++)
      g_assert_cmpfloat (zeros[i], ==, 0.0f);

    for (int i = 0; i < R * C; i++)
      src[i] = krn_bf16_from_float (0.5f);
    src[3] = 0x7fc0;      /* not a number */
    src[40] = 0x7f80;     /* infinite */
    src[C + 1] = 0xff80;  /* minus infinite */
    src[C + 33] = 0x7f7f; /* the largest finite BF16 */
    w = round_trip (type, src, R, C);
    for (int i = 0; i < R * C; i++)
      g_assert_true (isfinite (w[i]));
    g_assert_cmpfloat (w[3], ==, 0.0f);
    g_assert_cmpfloat_with_epsilon (w[4], 0.5f, 1e-3f);
    g_assert_cmpfloat (w[40], >, 1e5f);
    g_assert_cmpfloat (w[C + 1], <, -1e5f);
  }
}

/* Every F16, and BF16 roundings that are easy to get wrong. */
static void
test_half (void)
{
  for (int i = 0; i < 0x7c00; i++) {
    float x = krn_float_from_f16 ((uint16_t)i);

    g_assert_cmpfloat (x, ==,
                       (float)ldexp (i < 0x400 ? i : 0x400 + (i & 0x3ff), MAX (i >> 10, 1) - 25));
    g_assert_cmpuint (krn_f16_from_float (x), ==, i);
    g_assert_cmpuint (krn_f16_from_float (-x), ==, i | 0x8000);
    if (i > 0) {
      float before = krn_float_from_f16 ((uint16_t)(i - 1)), middle = 0.5f * (before + x);

      g_assert_cmpuint (krn_f16_from_float (middle), ==, i & 1 ? i - 1 : i);
      g_assert_cmpuint (krn_f16_from_float (nextafterf (middle, x)), ==, i);
      g_assert_cmpuint (krn_f16_from_float (nextafterf (middle, 0.0f)), ==, i - 1);
    }
  }
  g_assert_cmpuint (krn_f16_from_float (1e30f), ==, 0x7bff);
  g_assert_true (isinf (krn_float_from_f16 (0x7c00)));
  g_assert_true (isnan (krn_float_from_f16 (0xfe01)));

  g_assert_cmpuint (krn_bf16_from_float (1.0f), ==, 0x3f80);
  g_assert_cmpuint (krn_bf16_from_float (krn_float_from_bits (0x3f808000)), ==, 0x3f80);
  g_assert_cmpuint (krn_bf16_from_float (krn_float_from_bits (0x3f818000)), ==, 0x3f82);
  g_assert_cmpuint (krn_bf16_from_float (krn_float_from_bits (0x3f808001)), ==, 0x3f81);
  g_assert_cmpuint (krn_bf16_from_float (krn_float_from_bits (0x7f7fffff)), ==, 0x7f80);
  g_assert_true (
      isnan (krn_float_from_bf16 (krn_bf16_from_float (krn_float_from_bits (0x7f800001)))));
}

/* Codes and scales that are given come back as they are. */
static void
test_pack (void)
{
  const struct {
    KrnType type;
    int     low, high;
  } types[] = {{KRN_Q8, -127, 127}, {KRN_Q4, -8, 7}};
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);

  for (gsize i = 0; i < G_N_ELEMENTS (types); i++) {
    size_t              bytes = krn_quant_bytes (types[i].type, KRN_TILE_ROWS, KRN_TILE_COLS);
    g_autofree uint8_t *tile = g_malloc (bytes + 1);
    uint16_t            scales[KRN_TILE_ROWS];
    int8_t              q[KRN_TILE_ROWS][KRN_TILE_COLS];
    float               w[KRN_TILE_COLS];

    for (int r = 0; r < KRN_TILE_ROWS; r++) {
      scales[r] = (uint16_t)g_rand_int_range (rand, 0, 0x7c00);
      for (int c = 0; c < KRN_TILE_COLS; c++)
        q[r][c] = (int8_t)g_rand_int_range (rand, types[i].low, types[i].high + 1);
    }
    tile[bytes] = 0xa5;
    krn_pack_tile (types[i].type, tile, scales, q);
    g_assert_cmpint (tile[bytes], ==, 0xa5);
    for (int r = 0; r < KRN_TILE_ROWS; r++) {
      krn_dequantise_row (types[i].type, w, tile, KRN_TILE_ROWS, KRN_TILE_COLS, r);
      for (int c = 0; c < KRN_TILE_COLS; c++)
        g_assert_cmpfloat (w[c], ==, krn_float_from_f16 (scales[r]) * (float)q[r][c]);
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/kernels/quant/bytes", test_bytes);
  g_test_add_func ("/kernels/quant/half", test_half);
  g_test_add_func ("/kernels/quant/pack", test_pack);
  krn_test_add_once ("quant/bound", test_bound);
  krn_test_add_once ("quant/exact", test_exact);
  krn_test_add_once ("quant/broken-weights", test_broken_weights);
  return g_test_run ();
}
