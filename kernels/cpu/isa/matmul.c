/* matmul.c: many activation rows against packed panels of weights.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The shape of prefilling: every weight is used for hundreds of rows, so that multiplying is the cost.  Weights are
 * widened and transposed once into panels of PANEL_N rows, activations into groups of PANEL_M rows, and a tile of
 * PANEL_M × PANEL_N sums stays in registers while the columns run by: per column two vector loads and PANEL_M broadcasts
 * feed 2·PANEL_M multiply-adds. */
#include "kernels/cpu/isa/inner.h"
#include "kernels/cpu/isa/panel.h"

void
ISA (pack_rows) (float *dst, const float *x, size_t x_stride, int m, int cols)
{
  for (int k = 0; k < cols; k++)
    for (int i = 0; i < m; i++)
      *dst++ = x[(size_t) i * x_stride + (size_t) k];
}

void
ISA (pack_panel) (float *dst, const void *w, size_t w_stride, bool bf16, int rows, int cols)
{
  if (rows < PANEL_N)
    memset (dst, 0, (size_t) cols * PANEL_N * sizeof *dst);
  for (int r = 0; r < rows; r++) {
    float *d = dst + r;

    if (bf16) {
      const uint16_t *row = (const uint16_t *) w + (size_t) r * w_stride;

      for (int k = 0; k < cols; k++, d += PANEL_N)
        *d = krn_float_from_bf16 (row[k]);
    } else {
      const float *row = (const float *) w + (size_t) r * w_stride;

      for (int k = 0; k < cols; k++, d += PANEL_N)
        *d = row[k];
    }
  }
}

/* M <= PANEL_M is a constant where this is inlined. */
ALWAYS_INLINE void
panel_tile (const int M, float *y, size_t y_stride, const float *a, size_t a_stride, const float *b, size_t b_stride, int depth, int rows, bool add)
{
  vf  sum[PANEL_M][2];
  int low = rows < VW ? rows : VW, high = rows - low;

  UNROLL (12)
  for (int i = 0; i < M; i++) {
    sum[i][0] = vf_set1 (0.0f);
    sum[i][1] = vf_set1 (0.0f);
  }
  for (int k = 0; k < depth; k++, a += a_stride, b += b_stride) {
    vf b0 = vf_load (b), b1 = vf_load (b + VW);

    UNROLL (12)
    for (int i = 0; i < M; i++) {
      vf v = vf_set1 (a[i]);

      sum[i][0] = vf_fma (v, b0, sum[i][0]);
      sum[i][1] = vf_fma (v, b1, sum[i][1]);
    }
  }
  UNROLL (12)
  for (int i = 0; i < M; i++, y += y_stride) {
    if (add) {
      sum[i][0] = sum[i][0] + vf_load_n (y, low);
      sum[i][1] = sum[i][1] + vf_load_n (y + low, high);
    }
    vf_store_n (y, sum[i][0], low);
    vf_store_n (y + low, sum[i][1], high);
  }
}

void
ISA (panel) (float *y, size_t y_stride, const float *a, size_t a_stride, int m, const float *b, size_t b_stride, int depth, int rows, bool add)
{
#define TILE(M)                                                                                    \
  case M:                                                                                          \
    panel_tile (M, y, y_stride, a, a_stride, b, b_stride, depth, rows, add);                       \
    break
  switch (m) {
    TILE (1);
    TILE (2);
    TILE (3);
    TILE (4);
#if PANEL_M > 4
    TILE (5);
    TILE (6);
#endif
#if PANEL_M > 6
    TILE (7);
    TILE (8);
    TILE (9);
    TILE (10);
    TILE (11);
    TILE (12);
#endif
  }
#undef TILE
}
