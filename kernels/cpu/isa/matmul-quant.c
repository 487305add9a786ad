/* matmul-quant.c: quantised weights against activations quantised on the way in.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Within a block of 32 columns everything is whole numbers: unsigned weights (q + 128 or q + 8) times signed
 * activations, summed exactly in 32 bits.  The sum starts at minus the offset times the sum of the activations, which
 * takes the offset out again.  Only then come the two scales, in F32. */
#include <math.h>

#include "kernels/cpu/isa/inner.h"
#include "kernels/cpu/isa/lanes.h"
#include "kernels/cpu/isa/panel.h"

#define VECTORS (KRN_TILE_ROWS / VW) /* of the rows of a tile */
/* Below this the reciprocal of a scale overflows; such activations count as 0. */
#define TINY    1e-30f

/* One block of 32 columns of row i of m.  With an infinite or missing activation the scale is not a number, and so is
 * every product over the block. */
static void
quantise_block (KrnQuantRows dst, const float *x, int m, int i, int block)
{
  int8_t q[KRN_TILE_COLS];
  vf     v[KRN_TILE_COLS / VW];
  vf     largest = vf_set1 (0.0f), total = vf_set1 (0.0f), factor;
  size_t at = (size_t) block * (size_t) m + (size_t) i;
  float  most, scale, sum;

  for (int c = 0; c < KRN_TILE_COLS / VW; c++) {
    v[c] = vf_load (x + c * VW);
    largest = vf_max (vf_abs (v[c]), largest);
  }
  most = vf_hmax (largest);
  factor = vf_set1 (most > TINY ? 127.0f / most : 0.0f);
  scale = most > TINY ? most / 127.0f : 0.0f;
  for (int c = 0; c < KRN_TILE_COLS / VW; c++) {
    v[c] = vf_round (v[c] * factor); /* infinite · 0 is not a number either */
    total = total + v[c];
  }
  sum = vf_sum (total);
  if (isnan (sum)) {
    scale = sum;
    sum = 0.0f;
    for (int c = 0; c < KRN_TILE_COLS / VW; c++)
      v[c] = vf_set1 (0.0f);
  }
  for (int c = 0; c < KRN_TILE_COLS / VW; c++)
    vf_store_int8 (q + c * VW, v[c]);
  dst.scale[at] = scale;
  dst.correction[at] = -8 * (int32_t) sum;
  for (int c = 0; c < KRN_TILE_COLS; c += 4)
    memcpy (dst.q + ((size_t) (block * KRN_TILE_COLS + c) * (size_t) m + 4 * (size_t) i), q + c, 4);
}

void
ISA (quantise_rows) (KrnQuantRows dst, const float *x, size_t x_stride, int m, int begin, int end)
{
  for (int k = begin; k < end; k += KRN_TILE_COLS)
    for (int i = 0; i < m; i++)
      quantise_block (dst, x + (size_t) i * x_stride + (size_t) k, m, i, k / KRN_TILE_COLS);
}

ALWAYS_INLINE int32_t
load_quad (const int8_t *p)
{
  int32_t quad;

  memcpy (&quad, p, sizeof quad);
  return quad;
}

/* sum[t][i] = the whole-number products of one block: M activation rows, T tiles.  M, T and bits are constants where this is
 * inlined. */
ALWAYS_INLINE void
block_dot (const int M, const int T, const int bits, Lanes sum[QUANT_T][QUANT_M], const uint8_t *const tile[QUANT_T], const int8_t *q, const int32_t *correction)
{
  UNROLL (12)
  for (int i = 0; i < M; i++)
    UNROLL (2)
    for (int t = 0; t < T; t++)
      sum[t][i] = lanes_start (&correction[i], bits);

  UNROLL (8)
  for (int g = 0; g < KRN_TILE_COLS / 4; g++) {
    Quad w[QUANT_T];

    UNROLL (2)
    for (int t = 0; t < T; t++) {
      const uint8_t *data = tile[t] + TILE_SCALE_BYTES + (bits == 8 ? g : g / 2) * QUAD_BYTES;

      w[t] = bits == 8 ? quad_load (data) : g % 2 == 0 ? quad_low (data) : quad_high (data);
    }
    UNROLL (12)
    for (int i = 0; i < M; i++) {
      int32_t a = load_quad (q + 4 * (g * M + i));

      UNROLL (2)
      for (int t = 0; t < T; t++)
        sum[t][i] = lanes_dot (sum[t][i], w[t], a, bits);
    }
  }

  UNROLL (12)
  for (int i = 0; i < M; i++)
    UNROLL (2)
    for (int t = 0; t < T; t++)
      sum[t][i] = lanes_finish (sum[t][i], &correction[i], bits);
}

/* The T row tiles lie `step` row tiles apart, for the same reason as in matvec.c; only the last may have missing rows. */
ALWAYS_INLINE void
tiles_dot (const int M, const int T, const int bits, float *y, size_t y_stride, KrnQuantRows x, const uint8_t *tiles, int step, int rows, int cols)
{
  const size_t   tile_bytes = TILE_SCALE_BYTES + (bits == 8 ? 512 : 256);
  int            n_blocks = cols / KRN_TILE_COLS;
  const uint8_t *tile[QUANT_T];
  vf             total[QUANT_T][QUANT_M][VECTORS];

  UNROLL (2)
  for (int t = 0; t < T; t++) {
    tile[t] = tiles + (size_t) (t * step) * (size_t) n_blocks * tile_bytes;
    UNROLL (12)
    for (int i = 0; i < M; i++)
      UNROLL (4)
      for (int v = 0; v < VECTORS; v++)
        total[t][i][v] = vf_set1 (0.0f);
  }

  for (int b = 0; b < n_blocks; b++) {
    Lanes sum[QUANT_T][QUANT_M];

    block_dot (M, T, bits, sum, tile, x.q, x.correction);
    UNROLL (2)
    for (int t = 0; t < T; t++) {
      UNROLL (4)
      for (int v = 0; v < VECTORS; v++) {
        vf s = tile_scales (tile[t], v);

        UNROLL (12)
        for (int i = 0; i < M; i++)
          total[t][i][v] = vf_fma (lanes_float (sum[t][i], v), s * vf_set1 (x.scale[i]), total[t][i][v]);
      }
      tile[t] += tile_bytes;
    }
    x.q += KRN_TILE_COLS * M;
    x.scale += M;
    x.correction += M;
  }

  for (int i = 0; i < M; i++)
    for (int t = 0; t < T; t++)
      for (int v = 0; v < VECTORS; v++) {
        int row = t * step * KRN_TILE_ROWS + v * VW;
        int part = rows - row < VW ? rows - row : VW;

        if (part > 0)
          vf_store_n (y + (size_t) i * y_stride + (size_t) row, total[t][i][v], part);
      }
}

ALWAYS_INLINE void
choose_rows (const int T, const int bits, float *y, size_t y_stride, KrnQuantRows x, int m, const uint8_t *tiles, int step, int rows, int cols)
{
#define ROWS(M)                                                                                    \
  case M:                                                                                          \
    tiles_dot (M, T, bits, y, y_stride, x, tiles, step, rows, cols);                               \
    break
  switch (m) {
    ROWS (1);
    ROWS (2);
    ROWS (3);
    ROWS (4);
#if QUANT_M > 4
    ROWS (5);
    ROWS (6);
#endif
  }
#undef ROWS
}

ALWAYS_INLINE void
all_tiles (const int bits, float *y, size_t y_stride, KrnQuantRows x, int m, const uint8_t *tiles, int rows, int cols)
{
  const size_t tile_row = (size_t) (cols / KRN_TILE_COLS) * (TILE_SCALE_BYTES + (bits == 8 ? 512 : 256));
  int          n_tiles = (rows + KRN_TILE_ROWS - 1) / KRN_TILE_ROWS;
  int          step = n_tiles / QUANT_T;

  for (int t = 0; t < n_tiles; t++, y += KRN_TILE_ROWS, rows -= KRN_TILE_ROWS, tiles += tile_row) {
    if (t < step)
      choose_rows (QUANT_T, bits, y, y_stride, x, m, tiles, step, rows, cols);
    else if (t >= step * QUANT_T)
      choose_rows (1, bits, y, y_stride, x, m, tiles, 1, rows, cols);
  }
}

void
ISA (quant_dot) (float *y, size_t y_stride, KrnQuantRows x, int m, KrnType type, const void *tiles, int rows, int cols)
{
  if (type == KRN_Q8)
    all_tiles (8, y, y_stride, x, m, tiles, rows, cols);
  else
    all_tiles (4, y, y_stride, x, m, tiles, rows, cols);
}
