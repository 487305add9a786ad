/* matvec.c: a few activation rows against weights that are read where they lie.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The shape of decoding: every weight is used once or a few times, so that reading it is the cost.  A tile is
 * R weight rows by M activation rows of dot products along the columns; a weight vector is widened once for M
 * rows, and activations are loaded once for R rows.
 *
 * The R rows are not neighbours but lie a quarter of the block apart.  A processor prefetches a handful of streams, each within
 * its page, and one stream alone, or several in the same few pages, gets only a part of the memory's bandwidth. */
#include "kernels/cpu/isa/inner.h"
#include "kernels/cpu/isa/panel.h"

ALWAYS_INLINE vf
load_weights (const void *w, size_t i, bool bf16)
{
  return bf16 ? vf_load_bf16 ((const uint16_t *) w + i) : vf_load ((const float *) w + i);
}

ALWAYS_INLINE vf
load_weights_n (const void *w, size_t i, bool bf16, int n)
{
  return bf16 ? vf_load_bf16_n ((const uint16_t *) w + i, n)
              : vf_load_n ((const float *) w + i, n);
}

/* y[i·y_stride + r·step] for r < R, i < M; the weight rows lie step · w_stride apart.  R <= DOT_R, M <= DOT_M and bf16 are
 * constants where this is inlined. */
ALWAYS_INLINE void
dot_tile (const int R, const int M, const bool bf16, float *y, size_t y_stride, const float *x, size_t x_stride, const void *w, size_t w_stride, int step, int cols)
{
  size_t apart = (size_t) step * w_stride;
  vf     sum[DOT_R][DOT_M];
  int    k = 0;

  UNROLL (4)
  for (int r = 0; r < R; r++)
    UNROLL (6)
    for (int i = 0; i < M; i++)
      sum[r][i] = vf_set1 (0.0f);

  for (; k + VW <= cols; k += VW) {
    vf v[DOT_R];

    UNROLL (4)
    for (int r = 0; r < R; r++)
      v[r] = load_weights (w, (size_t) r * apart + (size_t) k, bf16);
    UNROLL (6)
    for (int i = 0; i < M; i++) {
      vf a = vf_load (x + (size_t) i * x_stride + k);

      UNROLL (4)
      for (int r = 0; r < R; r++)
        sum[r][i] = vf_fma (v[r], a, sum[r][i]);
    }
  }
  if (k < cols) {
    UNROLL (4)
    for (int r = 0; r < R; r++) {
      vf v = load_weights_n (w, (size_t) r * apart + (size_t) k, bf16, cols - k);

      UNROLL (6)
      for (int i = 0; i < M; i++)
        sum[r][i] = vf_fma (v, vf_load_n (x + (size_t) i * x_stride + k, cols - k), sum[r][i]);
    }
  }

  UNROLL (6)
  for (int i = 0; i < M; i++)
    UNROLL (4)
    for (int r = 0; r < R; r++)
      y[(size_t) i * y_stride + (size_t) r * (size_t) step] = vf_sum (sum[r][i]);
}

/* M activation rows against R weight rows `step` apart; fewer than DOT_R at once if that needs too many registers. */
ALWAYS_INLINE void
dot_rows (const int R, const int M, const bool bf16, float *y, size_t y_stride, const float *x, size_t x_stride, const void *w, size_t w_stride, int step, int rows, int cols)
{
  size_t      row_bytes = w_stride * (bf16 ? sizeof (uint16_t) : sizeof (float));
  const char *row = w;
  int         r = 0;

  for (; r + R <= rows; r += R, row += (size_t) (R * step) * row_bytes)
    dot_tile (R, M, bf16, y + r * step, y_stride, x, x_stride, row, w_stride, step, cols);
  for (; r < rows; r++, row += (size_t) step * row_bytes)
    dot_tile (1, M, bf16, y + r * step, y_stride, x, x_stride, row, w_stride, step, cols);
}

ALWAYS_INLINE void
dot_group (const bool bf16, float *y, size_t y_stride, const float *x, size_t x_stride, int m, const void *w, size_t w_stride, int step, int rows, int cols)
{
#define ROWS(R, M)                                                                                 \
  case M:                                                                                          \
    dot_rows (R, M, bf16, y, y_stride, x, x_stride, w, w_stride, step, rows, cols);                \
    break
  switch (m) {
    ROWS (DOT_R, 1);
    ROWS (DOT_R, 2);
    ROWS (DOT_R_MANY, 3);
    ROWS (DOT_R_MANY, 4);
#if DOT_M > 4
    ROWS (DOT_R_MANY, 5);
    ROWS (DOT_R_MANY, 6);
#endif
  }
#undef ROWS
}

/* DOT_R weight rows outside, groups of activations inside: weights are read from memory once. */
ALWAYS_INLINE void
dot_all (const bool bf16, float *y, size_t y_stride, const float *x, size_t x_stride, int n, const void *w, size_t w_stride, int rows, int cols)
{
  size_t row_bytes = w_stride * (bf16 ? sizeof (uint16_t) : sizeof (float));
  int    n_groups = (n + DOT_M - 1) / DOT_M;
  int    m = (n + n_groups - 1) / n_groups;
  int    step = rows / DOT_R;
  int    even = step * DOT_R;

  for (int r = 0; r < step; r++)
    for (int i = 0; i < n; i += m)
      dot_group (bf16,
                 y + (size_t) i * y_stride + r,
                 y_stride,
                 x + (size_t) i * x_stride,
                 x_stride,
                 n - i < m ? n - i : m,
                 (const char *) w + (size_t) r * row_bytes,
                 w_stride,
                 step,
                 DOT_R,
                 cols);
  for (int i = 0; i < n && even < rows; i += m)
    dot_group (bf16,
               y + (size_t) i * y_stride + even,
               y_stride,
               x + (size_t) i * x_stride,
               x_stride,
               n - i < m ? n - i : m,
               (const char *) w + (size_t) even * row_bytes,
               w_stride,
               1,
               rows - even,
               cols);
}

void
ISA (dot) (float *y, size_t y_stride, const float *x, size_t x_stride, int n, const void *w, size_t w_stride, bool bf16, int rows, int cols)
{
  if (bf16)
    dot_all (true, y, y_stride, x, x_stride, n, w, w_stride, rows, cols);
  else
    dot_all (false, y, y_stride, x, x_stride, n, w, w_stride, rows, cols);
}
