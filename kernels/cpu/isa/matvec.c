/* matvec.c: a few activation rows against weights that are read where they lie.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The shape of decoding: every weight is used once or a few times, so that reading it is the cost.
 * A tile is R weight rows by M activation rows of dot products along the columns; a weight vector
 * is widened once for M rows, and activations are loaded once for R rows.
 *
 * The R rows are not neighbours but lie a quarter of the block apart.  A processor prefetches a
 * handful of streams, each within its page, and one stream alone, or several in the same few pages,
 * gets only a part of the memory's bandwidth. */
#include "kernels/cpu/isa/inner.h"
#include "kernels/cpu/isa/panel.h"

ALWAYS_INLINE vf
load_weights (const void *w, size_t i, bool bf16)
{
  return bf16 ? vf_load_bf16 ((const uint16_t *)w + i) : vf_load ((const float *)w + i);
}

ALWAYS_INLINE vf
load_weights_n (const void *w, size_t i, bool bf16, int n)
{
  return bf16 ? vf_load_bf16_n ((const uint16_t *)w + i, n) : vf_load_n ((const float *)w + i, n);
}

/* From the row-th weight row on. */
ALWAYS_INLINE KrnWeights
skip_rows (KrnWeights w, int row, const bool bf16)
{
  size_t bytes = w.stride * (bf16 ? sizeof (uint16_t) : sizeof (float));

  w.p = (const char *)w.p + (size_t)row * bytes;
  return w;
}

/* y[i, r·step] for r < R, i < M, from the weight rows r·step.  R <= DOT_R, M <= DOT_M and bf16 are
 * constants where this is inlined. */
ALWAYS_INLINE void
dot_tile (const int R, const int M, const bool bf16, KrnOut y, KrnIn x, KrnWeights w, int step)
{
  size_t apart = (size_t)step * w.stride;
  vf     sum[DOT_R][DOT_M];
  int    k = 0;

  UNROLL (4)
  for (int r = 0; r < R; r++) {
    UNROLL (6)
    for (int i = 0; i < M; i++)
      sum[r][i] = vf_set1 (0.0f);
  }

  for (; k + VW <= w.cols; k += VW) {
    vf v[DOT_R];

    UNROLL (4)
    for (int r = 0; r < R; r++)
      v[r] = load_weights (w.p, (size_t)r * apart + (size_t)k, bf16);
    UNROLL (6)
    for (int i = 0; i < M; i++) {
      vf a = vf_load (x.p + (size_t)i * x.stride + k);

      UNROLL (4)
      for (int r = 0; r < R; r++)
        sum[r][i] = vf_fma (v[r], a, sum[r][i]);
    }
  }
  if (k < w.cols) {
    int part = w.cols - k;

    UNROLL (4)
    for (int r = 0; r < R; r++) {
      vf v = load_weights_n (w.p, (size_t)r * apart + (size_t)k, bf16, part);

      UNROLL (6)
      for (int i = 0; i < M; i++)
        sum[r][i] = vf_fma (v, vf_load_n (x.p + (size_t)i * x.stride + k, part), sum[r][i]);
    }
  }

  UNROLL (6)
  for (int i = 0; i < M; i++) {
    UNROLL (4)
    for (int r = 0; r < R; r++)
      y.p[(size_t)i * y.stride + (size_t)(r * step)] = vf_sum (sum[r][i]);
  }
}

/* M activation rows against n weight rows, each `step` after the one before: R at once, which is
 * less than DOT_R if that needs too many registers. */
ALWAYS_INLINE void
dot_rows (const int  R,
          const int  M,
          const bool bf16,
          KrnOut     y,
          KrnIn      x,
          KrnWeights w,
          int        step,
          int        n)
{
  int r = 0;

  for (; r + R <= n; r += R, y.p += R * step, w = skip_rows (w, R * step, bf16))
    dot_tile (R, M, bf16, y, x, w, step);
  for (; r < n; r++, y.p += step, w = skip_rows (w, step, bf16))
    dot_tile (1, M, bf16, y, x, w, step);
}

ALWAYS_INLINE void
dot_group (const bool bf16, KrnOut y, KrnIn x, KrnWeights w, int step, int n)
{
#define ROWS(R, M)                                                                                 \
  case M:                                                                                          \
    dot_rows (R, M, bf16, y, x, w, step, n);                                                       \
    break
  switch (x.n) {
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

/* All activation rows, in groups of about the same size. */
ALWAYS_INLINE void
dot_groups (const bool bf16, KrnOut y, KrnIn x, KrnWeights w, int step, int n)
{
  int n_groups = (x.n + DOT_M - 1) / DOT_M;
  int m = (x.n + n_groups - 1) / n_groups;

  for (int i = 0; i < x.n; i += m) {
    KrnOut to = {y.p + (size_t)i * y.stride, y.stride};
    KrnIn  from = {x.p + (size_t)i * x.stride, x.stride, x.n - i < m ? x.n - i : m};

    dot_group (bf16, to, from, w, step, n);
  }
}

/* DOT_R weight rows outside, activations inside: weights are read from memory once. */
ALWAYS_INLINE void
dot_all (const bool bf16, KrnOut y, KrnIn x, KrnWeights w)
{
  int step = w.rows / DOT_R;

  for (int r = 0; r < step; r++) {
    KrnOut to = {y.p + r, y.stride};

    dot_groups (bf16, to, x, skip_rows (w, r, bf16), step, DOT_R);
  }
  y.p += step * DOT_R;
  dot_groups (bf16, y, x, skip_rows (w, step * DOT_R, bf16), 1, w.rows - step * DOT_R);
}

void
ISA (dot) (KrnOut y, KrnIn x, KrnWeights w)
{
  if (w.bf16)
    dot_all (true, y, x, w);
  else
    dot_all (false, y, x, w);
}
