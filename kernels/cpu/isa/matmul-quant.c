/* matmul-quant.c: quantised weights against activations quantised on the way in.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Within a block of 32 columns everything is whole numbers: unsigned weights (q + 128 or q + 8) times signed
 * activations, summed exactly in 32 bits.  The sum starts at minus the offset times the sum of the activations, which
 * takes the offset out again.  Only then come the two scales, in F32. */
#include <math.h>

#include "kernels/cpu/isa/inner.h"

/* A block with an infinite or missing activation has a scale that is not a number, and so has every sum over it. */
void
ISA (quantise_rows) (KrnQuantRows dst, const float *x, size_t x_stride, int m, int begin, int end)
{
  for (int k = begin; k < end; k += KRN_TILE_COLS) {
    for (int i = 0; i < m; i++) {
      const float *block = x + (size_t) i * x_stride + (size_t) k;
      int8_t      *q = dst.q + ((size_t) k * (size_t) m + 4 * (size_t) i);
      size_t       at = (size_t) (k / KRN_TILE_COLS) * (size_t) m + (size_t) i;
      float        most = 0.0f, inverse;
      bool         finite = true;
      int32_t      sum = 0;

      for (int c = 0; c < KRN_TILE_COLS; c++) {
        most = fmaxf (most, fabsf (block[c]));
        finite = finite && isfinite (block[c]);
      }
      inverse = finite && most > 0.0f ? 127.0f / most : 0.0f;
      for (int c = 0; c < KRN_TILE_COLS; c++) {
        int v = inverse > 0.0f ? (int) rintf (block[c] * inverse) : 0;

        q[(c / 4) * 4 * m + c % 4] = (int8_t) v;
        sum += v;
      }
      dst.scale[at] = finite ? most / 127.0f : NAN;
      dst.sum[at] = sum;
    }
  }
}

/* The 32 weights of row r, without the offset. */
static void
unpack (int8_t q[KRN_TILE_COLS], const uint8_t *tile, KrnType type, int r)
{
  const uint8_t *data = tile + 2 * KRN_TILE_ROWS + 4 * r;

  for (int c = 0; c < KRN_TILE_COLS; c++) {
    if (type == KRN_Q8)
      q[c] = (int8_t) (data[(c / 4) * 64 + c % 4] - 128);
    else
      q[c] = (int8_t) ((data[(c / 8) * 64 + c % 4] >> (c % 8 / 4 * 4) & 15) - 8);
  }
}

void
ISA (quant_dot) (float *y, size_t y_stride, KrnQuantRows x, int m, KrnType type, const void *tiles, int n_tiles, int rows, int cols)
{
  size_t tile_bytes = type == KRN_Q8 ? 544 : 288;
  int    n_blocks = cols / KRN_TILE_COLS;

  for (int r = 0; r < rows; r++) {
    const uint8_t *tile = (const uint8_t *) tiles + (size_t) (r / KRN_TILE_ROWS) * (size_t) n_blocks * tile_bytes;
    float          total[KRN_MAX_PANEL_M] = {0};

    for (int b = 0; b < n_blocks; b++, tile += tile_bytes) {
      int8_t   w[KRN_TILE_COLS];
      uint16_t scale;

      unpack (w, tile, type, r % KRN_TILE_ROWS);
      memcpy (&scale, tile + 2 * (r % KRN_TILE_ROWS), sizeof scale);
      for (int i = 0; i < m; i++) {
        const int8_t *q = x.q + ((size_t) b * KRN_TILE_COLS * (size_t) m + 4 * (size_t) i);
        int32_t       sum = 0;

        for (int c = 0; c < KRN_TILE_COLS; c++)
          sum += w[c] * q[(c / 4) * 4 * m + c % 4];
        total[i] += (float) sum * (krn_float_from_f16 (scale) * x.scale[b * m + i]);
      }
    }
    for (int i = 0; i < m; i++)
      y[(size_t) i * y_stride + (size_t) r] = total[i];
  }
}
