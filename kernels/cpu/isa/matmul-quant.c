/* matmul-quant.c: quantised weights against activations quantised on the way in.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Within a block of 32 columns everything is whole numbers: unsigned weights (q + 128 or q + 8)
 * times signed activations, summed exactly in 32 bits.  The sum starts at minus the offset times
 * the sum of the activations, which takes the offset out again.  Only then come the two scales, in
 * F32. */
#include <math.h>

#include "kernels/cpu/isa/inner.h"
#include "kernels/cpu/isa/lanes.h"
#include "kernels/cpu/isa/panel.h"

#define VECTORS (KRN_TILE_ROWS / VW) /* of the rows of a tile */
/* Below this the reciprocal of a scale overflows; such activations count as 0. */
#define TINY 1e-30f
/* With one or two streams: how many tiles before they are used memory is asked for them.  The
 * processor does so by itself only within a page, and with the multiplications in between not early
 * enough.  With more streams it is early enough, and asking for every line holds it up. */
#define AHEAD         4
#define STREAMS_AHEAD 2

/* One block of 32 columns of the i-th row.  With an infinite or missing activation the scale is not
 * a number, and so is every product over the block. */
static void
quantise_block (KrnQuantRows dst, int i, int block, const float *x)
{
  size_t at = (size_t)block * (size_t)dst.n + (size_t)i;
  int8_t q[KRN_TILE_COLS];
  vf     v[KRN_TILE_COLS / VW];
  vf     largest = vf_set1 (0.0f), total = vf_set1 (0.0f), factor;
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
  dst.correction[at] = -8 * (int32_t)sum;
  dst.q += (size_t)block * KRN_TILE_COLS * (size_t)dst.n + 4 * (size_t)i;
  for (int c = 0; c < KRN_TILE_COLS; c += 4, dst.q += 4 * dst.n)
    memcpy (dst.q, q + c, 4);
}

void
ISA (quantise_rows) (KrnQuantRows dst, KrnIn x, int begin, int end)
{
  for (int k = begin; k < end; k += KRN_TILE_COLS)
    for (int i = 0; i < dst.n; i++)
      quantise_block (dst, i, k / KRN_TILE_COLS, x.p + (size_t)i * x.stride + k);
}

ALWAYS_INLINE int32_t
load_quad (const int8_t *p)
{
  int32_t quad;

  memcpy (&quad, p, sizeof quad);
  return quad;
}

/* sum[t][i] = the whole-number products of one block: M activation rows, T tiles.  M, T and bits
 * are constants where this is inlined. */
ALWAYS_INLINE void
block_dot (const int            M,
           const int            T,
           const int            bits,
           Lanes                sum[QUANT_T][QUANT_M],
           const uint8_t *const tile[],
           KrnQuantRows         x)
{
  UNROLL (12)
  for (int i = 0; i < M; i++) {
    UNROLL (2)
    for (int t = 0; t < T; t++)
      sum[t][i] = lanes_start (&x.correction[i], bits);
  }

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
      int32_t a = load_quad (x.q + 4 * (g * M + i));

      UNROLL (2)
      for (int t = 0; t < T; t++)
        sum[t][i] = lanes_dot (sum[t][i], w[t], a, bits, M);
    }
  }

  UNROLL (12)
  for (int i = 0; i < M; i++) {
    UNROLL (2)
    for (int t = 0; t < T; t++)
      sum[t][i] = lanes_finish (sum[t][i], &x.correction[i], bits);
  }
}

/* total += the sums of one block of a tile, times both scales. */
ALWAYS_INLINE void
add_block (const int      M,
           vf             total[QUANT_M][VECTORS],
           const Lanes    sum[QUANT_M],
           const uint8_t *tile,
           const float   *scale)
{
  UNROLL (4)
  for (int v = 0; v < VECTORS; v++) {
    vf s = tile_scales (tile, v);

    UNROLL (12)
    for (int i = 0; i < M; i++)
      total[i][v] = vf_fma (lanes_float (sum[i], v), s * vf_set1 (scale[i]), total[i][v]);
  }
}

/* The 16 rows of a tile from w on, and T − 1 more tiles, each `step` row tiles further, for the
 * same reason as in matvec.c; QUANT_T of them at once. */
ALWAYS_INLINE void
tiles_dot (const int       M,
           const int       T,
           const int       bits,
           KrnOut          y,
           KrnQuantRows    x,
           KrnQuantWeights w,
           int             step)
{
  const size_t   tile_bytes = TILE_SCALE_BYTES + (bits == 8 ? 512 : 256);
  const int      at_once = T < QUANT_T ? T : QUANT_T;
  int            n_blocks = w.cols / KRN_TILE_COLS;
  const uint8_t *tile[QUANT_STREAMS];
  vf             total[QUANT_STREAMS][QUANT_M][VECTORS];

  for (int t = 0; t < T; t++)
    tile[t] = (const uint8_t *)w.tiles + (size_t)(t * step) * (size_t)n_blocks * tile_bytes;
  for (int i = 0; i < T * M * VECTORS; i++)
    total[i / (M * VECTORS)][i / VECTORS % M][i % VECTORS] = vf_set1 (0.0f);

  for (int b = 0; b < n_blocks; b++) {
    for (int t = 0; t < T && T <= STREAMS_AHEAD; t++)
      for (size_t line = 0; line < tile_bytes; line += 64)
        __builtin_prefetch (tile[t] + AHEAD * tile_bytes + line);
    UNROLL (4)
    for (int first = 0; first < T; first += at_once) {
      Lanes sum[QUANT_T][QUANT_M];

      block_dot (M, at_once, bits, sum, tile + first, x);
      UNROLL (2)
      for (int t = 0; t < at_once; t++)
        add_block (M, total[first + t], sum[t], tile[first + t], x.scale);
    }
    for (int t = 0; t < T; t++)
      tile[t] += tile_bytes;
    x.q += KRN_TILE_COLS * M;
    x.scale += M;
    x.correction += M;
  }

  for (int i = 0; i < M; i++, y.p += y.stride)
    for (int t = 0; t < T; t++)
      for (int v = 0; v < VECTORS; v++) {
        int row = t * step * KRN_TILE_ROWS + v * VW;
        int part = w.rows - row < VW ? w.rows - row : VW;

        if (part > 0)
          vf_store_n (y.p + row, total[t][i][v], part);
      }
}

ALWAYS_INLINE void
choose_rows (const int T, const int bits, KrnOut y, KrnQuantRows x, KrnQuantWeights w, int step)
{
#define ROWS(M)                                                                                    \
  case M:                                                                                          \
    tiles_dot (M, T, bits, y, x, w, step);                                                         \
    break
  switch (x.n) {
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
all_tiles (const int bits, KrnOut y, KrnQuantRows x, KrnQuantWeights w)
{
  const size_t tile_bytes = TILE_SCALE_BYTES + (bits == 8 ? 512 : 256);
  size_t       tile_row = (size_t)(w.cols / KRN_TILE_COLS) * tile_bytes;
  int          n_tiles = (w.rows + KRN_TILE_ROWS - 1) / KRN_TILE_ROWS;
  int          streams = x.n == 1 ? QUANT_STREAMS : QUANT_T;
  int          step = n_tiles / streams;

  for (int t = 0; t < n_tiles; t++) {
    if (t < step && x.n == 1)
      tiles_dot (1, QUANT_STREAMS, bits, y, x, w, step);
    else if (t < step)
      choose_rows (QUANT_T, bits, y, x, w, step);
    else if (t >= step * streams)
      choose_rows (1, bits, y, x, w, 1);
    y.p += KRN_TILE_ROWS;
    w.rows -= KRN_TILE_ROWS;
    w.tiles = (const uint8_t *)w.tiles + tile_row;
  }
}

void
ISA (quant_dot) (KrnOut y, KrnQuantRows x, KrnQuantWeights w)
{
  if (w.type == KRN_Q8)
    all_tiles (8, y, x, w);
  else
    all_tiles (4, y, x, w);
}
