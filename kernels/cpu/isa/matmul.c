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
#include "kernels/cpu/isa/transpose.h"

/* VW columns of m <= VW rows into dst (columns, m).  Whole vectors are stored, each over the end of the one before, as long as
 * that does not pass `room` floats. */
static inline void
store_columns (float *dst, vf v[VW], int m, int columns, size_t room)
{
  transpose (v);
  for (int k = 0; k < columns; k++, dst += m, room -= (size_t) m) {
    if (room >= VW)
      vf_store (dst, v[k]);
    else
      vf_store_n (dst, v[k], m);
  }
}

void
ISA (pack_rows) (float *dst, const float *x, size_t x_stride, int m, int cols)
{
  for (int k = 0; k < cols; k += VW) {
    int part = cols - k < VW ? cols - k : VW;
    vf  v[VW];

    for (int i = 0; i < VW; i++)
      v[i] = i < m ? vf_load_n (x + (size_t) i * x_stride + k, part) : vf_set1 (0.0f);
    store_columns (dst, v, m, part, (size_t) (cols - k) * (size_t) m);
    dst += VW * m;
  }
}

/* VW rows of a panel, of which `rows` are there.  Two columns of BF16 are turned over as one element. */
static void
pack_half_bf16 (float *dst, const uint16_t *w, size_t w_stride, int rows, int cols)
{
  int k = 0;

  for (; k + 2 * VW <= cols; k += 2 * VW) {
    vf v[VW];

    for (int r = 0; r < VW; r++)
      v[r] = r < rows ? vf_load_bits (w + (size_t) r * w_stride + k) : vf_set1 (0.0f);
    transpose (v);
    for (int c = 0; c < VW; c++, dst += 2 * PANEL_N) {
      vf_store (dst, vf_bf16_even (v[c]));
      vf_store (dst + PANEL_N, vf_bf16_odd (v[c]));
    }
  }
  for (; k < cols; k++, dst += PANEL_N)
    for (int r = 0; r < VW; r++)
      dst[r] = r < rows ? krn_float_from_bf16 (w[(size_t) r * w_stride + (size_t) k]) : 0.0f;
}

static void
pack_half_f32 (float *dst, const float *w, size_t w_stride, int rows, int cols)
{
  for (int k = 0; k < cols; k += VW) {
    int part = cols - k < VW ? cols - k : VW;
    vf  v[VW];

    for (int r = 0; r < VW; r++)
      v[r] = r < rows ? vf_load_n (w + (size_t) r * w_stride + k, part) : vf_set1 (0.0f);
    transpose (v);
    for (int c = 0; c < part; c++, dst += PANEL_N)
      vf_store (dst, v[c]);
  }
}

void
ISA (pack_panel) (float *dst, const void *w, size_t w_stride, bool bf16, int rows, int cols)
{
  for (int half = 0; half < 2; half++) {
    size_t at = (size_t) (half * VW) * w_stride;
    int    part = rows - half * VW;

    if (bf16)
      pack_half_bf16 (dst + half * VW, (const uint16_t *) w + at, w_stride, part, cols);
    else
      pack_half_f32 (dst + half * VW, (const float *) w + at, w_stride, part, cols);
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

#if defined(__AVX512BF16__)

void
ISA (pack_rows_bf16) (uint16_t *dst, const float *x, size_t x_stride, int m, int cols)
{
  size_t pairs = (size_t) (cols + 1) / 2;

  for (int k = 0; k < cols; k += 2 * VW) {
    int low = cols - k < VW ? cols - k : VW, high = cols - k - low < VW ? cols - k - low : VW;
    int columns = (low + high + 1) / 2;
    vf  v[VW];

    for (int i = 0; i < VW; i++) {
      const float *row = x + (size_t) i * x_stride + k;

      if (i < m)
        v[i] = (vf) _mm512_cvtne2ps_pbh (high > 0 ? vf_load_n (row + VW, high) : vf_set1 (0.0f),
                                         vf_load_n (row, low));
      else
        v[i] = vf_set1 (0.0f);
    }
    /* A pair is as large as a float. */
    store_columns ((float *) (void *) dst, v, m, columns, (pairs - (size_t) k / 2) * (size_t) m);
    dst += 2 * VW * m;
  }
}

void
ISA (pack_panel_bf16) (uint16_t *dst, const uint16_t *w, size_t w_stride, int rows, int cols)
{
  for (int half = 0; half < 2; half++) {
    const uint16_t *from = w + (size_t) (half * VW) * w_stride;
    float          *to = (float *) (void *) dst + half * VW;

    for (int k = 0; k < cols; k += 2 * VW) {
      int part = cols - k < 2 * VW ? cols - k : 2 * VW;
      vf  v[VW];

      for (int r = 0; r < VW; r++) {
        const uint16_t *row = from + (size_t) r * w_stride + k;

        if (half * VW + r >= rows)
          v[r] = vf_set1 (0.0f);
        else
          v[r] = (vf) _mm512_maskz_loadu_epi16 ((__mmask32) ((1ull << part) - 1), row);
      }
      transpose (v);
      for (int c = 0; c < (part + 1) / 2; c++, to += PANEL_N)
        vf_store (to, v[c]);
    }
  }
}

ALWAYS_INLINE void
panel_tile_bf16 (const int M, float *y, size_t y_stride, const uint16_t *a, const uint16_t *b, int depth, int rows, bool add)
{
  vf  sum[PANEL_M][2];
  int low = rows < VW ? rows : VW, high = rows - low;

  UNROLL (12)
  for (int i = 0; i < M; i++) {
    sum[i][0] = vf_set1 (0.0f);
    sum[i][1] = vf_set1 (0.0f);
  }
  for (int k = 0; k < depth; k += 2, a += 2 * M, b += 2 * PANEL_N) {
    __m512bh b0 = (__m512bh) _mm512_loadu_si512 (b), b1 = (__m512bh) _mm512_loadu_si512 (b + 2 * VW);

    UNROLL (12)
    for (int i = 0; i < M; i++) {
      int32_t  pair;
      __m512bh v;

      memcpy (&pair, a + 2 * i, sizeof pair);
      v = (__m512bh) _mm512_set1_epi32 (pair);
      sum[i][0] = _mm512_dpbf16_ps (sum[i][0], v, b0);
      sum[i][1] = _mm512_dpbf16_ps (sum[i][1], v, b1);
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
ISA (panel_bf16) (float *y, size_t y_stride, const uint16_t *a, int m, const uint16_t *b, int depth, int rows, bool add)
{
#define TILE(M)                                                                                    \
  case M:                                                                                          \
    panel_tile_bf16 (M, y, y_stride, a, b, depth, rows, add);                                      \
    break
  switch (m) {
    TILE (1);
    TILE (2);
    TILE (3);
    TILE (4);
    TILE (5);
    TILE (6);
    TILE (7);
    TILE (8);
    TILE (9);
    TILE (10);
    TILE (11);
    TILE (12);
  }
#undef TILE
}

#endif
