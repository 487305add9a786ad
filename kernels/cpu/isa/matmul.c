/* matmul.c: many activation rows against packed panels of weights.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The shape of prefilling: every weight is used for hundreds of rows, so that multiplying is the
 * cost.  Weights are widened and transposed once into panels of PANEL_N rows, activations into
 * groups of PANEL_M rows, and a tile of PANEL_M × PANEL_N sums stays in registers while the columns
 * run by: per column two vector loads and PANEL_M broadcasts feed 2·PANEL_M multiply-adds. */
#include "kernels/cpu/isa/inner.h"
#include "kernels/cpu/isa/panel.h"
#include "kernels/cpu/isa/transpose.h"

/* ---- packing ---- */

/* VW columns of m <= VW rows into dst (columns, m).  Whole vectors are stored, each over the end of
 * the one before, as long as that does not pass `room` floats. */
static inline void
store_columns (float *dst, vf v[VW], int m, int columns, size_t room)
{
  transpose (v);
  for (int k = 0; k < columns; k++, dst += m, room -= (size_t)m) {
    if (room >= VW)
      vf_store (dst, v[k]);
    else
      vf_store_n (dst, v[k], m);
  }
}

void
ISA (pack_rows) (float *dst, KrnIn x, int cols)
{
  for (int k = 0; k < cols; k += VW) {
    int part = cols - k < VW ? cols - k : VW;
    vf  v[VW];

    for (int i = 0; i < VW; i++)
      v[i] = i < x.n ? vf_load_n (x.p + (size_t)i * x.stride + k, part) : vf_set1 (0.0f);
    store_columns (dst, v, x.n, part, (size_t)(cols - k) * (size_t)x.n);
    dst += VW * x.n;
  }
}

/* VW rows of a panel, of which `rows` are there.  Two columns of BF16 are turned over as one
 * element. */
static void
pack_half_bf16 (float *dst, const uint16_t *w, size_t stride, int rows, int cols)
{
  int k = 0;

  for (; k + 2 * VW <= cols; k += 2 * VW) {
    vf v[VW];

    for (int r = 0; r < VW; r++)
      v[r] = r < rows ? vf_load_bits (w + (size_t)r * stride + k) : vf_set1 (0.0f);
    transpose (v);
    for (int c = 0; c < VW; c++, dst += 2 * PANEL_N) {
      vf_store (dst, vf_bf16_even (v[c]));
      vf_store (dst + PANEL_N, vf_bf16_odd (v[c]));
    }
  }
  for (; k < cols; k++, dst += PANEL_N)
    for (int r = 0; r < VW; r++)
      dst[r] = r < rows ? krn_float_from_bf16 (w[(size_t)r * stride + (size_t)k]) : 0.0f;
}

static void
pack_half_f32 (float *dst, const float *w, size_t stride, int rows, int cols)
{
  for (int k = 0; k < cols; k += VW) {
    int part = cols - k < VW ? cols - k : VW;
    vf  v[VW];

    for (int r = 0; r < VW; r++)
      v[r] = r < rows ? vf_load_n (w + (size_t)r * stride + k, part) : vf_set1 (0.0f);
    transpose (v);
    for (int c = 0; c < part; c++, dst += PANEL_N)
      vf_store (dst, v[c]);
  }
}

void
ISA (pack_panel) (float *dst, KrnWeights w)
{
  for (int row = 0; row < PANEL_N; row += VW) {
    size_t at = (size_t)row * w.stride;

    if (w.bf16)
      pack_half_bf16 (dst + row, (const uint16_t *)w.p + at, w.stride, w.rows - row, w.cols);
    else
      pack_half_f32 (dst + row, (const float *)w.p + at, w.stride, w.rows - row, w.cols);
  }
}

/* ---- multiplying ---- */

/* The sums of M activation rows, to where they belong. */
ALWAYS_INLINE void
store_sums (const int M, KrnOut y, vf sum[PANEL_M][2], KrnTile tile)
{
  int low = tile.rows < VW ? tile.rows : VW, high = tile.rows - low;

  UNROLL (12)
  for (int i = 0; i < M; i++, y.p += y.stride) {
    if (tile.add) {
      sum[i][0] = sum[i][0] + vf_load_n (y.p, low);
      sum[i][1] = sum[i][1] + vf_load_n (y.p + low, high);
    }
    vf_store_n (y.p, sum[i][0], low);
    vf_store_n (y.p + low, sum[i][1], high);
  }
}

/* M <= PANEL_M is a constant where this is inlined. */
ALWAYS_INLINE void
panel_tile (const int M, KrnOut y, KrnPacked a, KrnPacked b, KrnTile tile)
{
  vf sum[PANEL_M][2];

  UNROLL (12)
  for (int i = 0; i < M; i++) {
    sum[i][0] = vf_set1 (0.0f);
    sum[i][1] = vf_set1 (0.0f);
  }
  for (int k = 0; k < tile.depth; k++, a.p += a.stride, b.p += b.stride) {
    vf b0 = vf_load (b.p), b1 = vf_load (b.p + VW);

    UNROLL (12)
    for (int i = 0; i < M; i++) {
      vf v = vf_set1 (a.p[i]);

      sum[i][0] = vf_fma (v, b0, sum[i][0]);
      sum[i][1] = vf_fma (v, b1, sum[i][1]);
    }
  }
  store_sums (M, y, sum, tile);
}

/* One case for each number of activation rows up to PANEL_M. */
#define CASES_4(CASE)  CASE (1) CASE (2) CASE (3) CASE (4)
#define CASES_6(CASE)  CASES_4 (CASE) CASE (5) CASE (6)
#define CASES_9(CASE)  CASES_6 (CASE) CASE (7) CASE (8) CASE (9)
#define CASES_12(CASE) CASES_9 (CASE) CASE (10) CASE (11) CASE (12)
#if PANEL_M == 12
#define CASES CASES_12
#elif PANEL_M == 6
#define CASES CASES_6
#else
#define CASES CASES_4
#endif

void
ISA (panel) (KrnOut y, KrnPacked a, KrnPacked b, KrnTile tile)
{
#define PANEL_CASE(M)                                                                              \
  case M:                                                                                          \
    panel_tile (M, y, a, b, tile);                                                                 \
    break;
  switch (tile.m) {
    CASES (PANEL_CASE)
  }
}

/* ---- both sides in BF16 ---- */

#if defined(__AVX512BF16__)

/* Of 2·VW floats, `n` of which are there, pairs of BF16. */
static inline vf
load_pairs (const float *p, int n)
{
  int low = n < VW ? n : VW, high = n - low;

  return (vf)_mm512_cvtne2ps_pbh (high > 0 ? vf_load_n (p + VW, high) : vf_set1 (0.0f),
                                  vf_load_n (p, low));
}

void
ISA (pack_rows_bf16) (uint16_t *dst, KrnIn x, int cols)
{
  size_t pairs = (size_t)(cols + 1) / 2;

  for (int k = 0; k < cols; k += 2 * VW, pairs -= VW) {
    int    part = cols - k < 2 * VW ? cols - k : 2 * VW;
    float *to = (float *)(void *)dst; /* a pair is as large as a float */
    vf     v[VW];

    for (int i = 0; i < VW; i++)
      v[i] = i < x.n ? load_pairs (x.p + (size_t)i * x.stride + k, part) : vf_set1 (0.0f);
    store_columns (to, v, x.n, (part + 1) / 2, pairs * (size_t)x.n);
    dst += 2 * VW * x.n;
  }
}

void
ISA (pack_panel_bf16) (uint16_t *dst, KrnWeights w)
{
  for (int row = 0; row < PANEL_N; row += VW) {
    const uint16_t *from = (const uint16_t *)w.p + (size_t)row * w.stride;
    float          *to = (float *)(void *)dst + row;

    for (int k = 0; k < w.cols; k += 2 * VW) {
      int       part = w.cols - k < 2 * VW ? w.cols - k : 2 * VW;
      __mmask32 mask = (__mmask32)((1ull << part) - 1);
      vf        v[VW];

      for (int r = 0; r < VW; r++) {
        const uint16_t *p = from + (size_t)r * w.stride + k;

        v[r] = row + r < w.rows ? (vf)_mm512_maskz_loadu_epi16 (mask, p) : vf_set1 (0.0f);
      }
      transpose (v);
      for (int c = 0; c < (part + 1) / 2; c++, to += PANEL_N)
        vf_store (to, v[c]);
    }
  }
}

ALWAYS_INLINE void
panel_tile_bf16 (const int M, KrnOut y, const uint16_t *a, const uint16_t *b, KrnTile tile)
{
  vf sum[PANEL_M][2];

  UNROLL (12)
  for (int i = 0; i < M; i++) {
    sum[i][0] = vf_set1 (0.0f);
    sum[i][1] = vf_set1 (0.0f);
  }
  for (int k = 0; k < tile.depth; k += 2, a += 2 * M, b += 2 * PANEL_N) {
    __m512bh b0 = (__m512bh)_mm512_loadu_si512 (b);
    __m512bh b1 = (__m512bh)_mm512_loadu_si512 (b + 2 * VW);

    UNROLL (12)
    for (int i = 0; i < M; i++) {
      int32_t  pair;
      __m512bh v;

      memcpy (&pair, a + 2 * i, sizeof pair);
      v = (__m512bh)_mm512_set1_epi32 (pair);
      sum[i][0] = _mm512_dpbf16_ps (sum[i][0], v, b0);
      sum[i][1] = _mm512_dpbf16_ps (sum[i][1], v, b1);
    }
  }
  store_sums (M, y, sum, tile);
}

void
ISA (panel_bf16) (KrnOut y, const uint16_t *a, const uint16_t *b, KrnTile tile)
{
#define PANEL_CASE_BF16(M)                                                                         \
  case M:                                                                                          \
    panel_tile_bf16 (M, y, a, b, tile);                                                            \
    break;
  switch (tile.m) {
    CASES (PANEL_CASE_BF16)
  }
}

#endif
