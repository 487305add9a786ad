/* flash-tile.h: attention of one tile of rows on the matrix units.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Internal to flash.cu.  The rows of a tile are (token, query head) pairs, token by token, of all query heads that share a K/V
 * head: each tile of keys is loaded once for all of them.  The online softmax is that of arXiv 2205.14135.
 *
 * Sums decide the shape.  32 rows are a team's: a lane can hold 32 × 128 sums of o, so heads of up to 128 dims are a team of one
 * warp, 256 of two, 512 of four, each with its own dims of o.  In the products with the keys the members of a team take
 * different keys, and tell each other the rows' maxima and the weights (as bf16) through shared memory.  32 rows a warp, not 16,
 * since every operand that is loaded for the keys' or values' side is then used twice, and shared memory would be the limit.
 *
 * Keys and values come as one stream of chunks through a ring in shared memory, STAGES − 1 of which are under way:
 *
 *   K, dims [0, K_DIMS) of KEYS keys;  K, the next dims; …;  V, V_KEYS keys;  V, the next keys; …;  then the next KEYS keys
 *
 * with one barrier a chunk, after which what the last chunk occupied is loaded anew.
 *
 * What a warp executes for 32 rows and KEYS keys (HD 64; 128; 256; 512), of which tiles at the edge and new maxima take more:
 *   matrix instructions (m16n8k16)  128; 128; 256; 512
 *   operands loaded (ldmatrix.x4)    40;  48; 104; 208: 0.31 to 0.41 per matrix instruction, where 16 rows a warp would take
 *                                   0.56 and more.  An SM loads one in 4 cycles
 *   2^x per lane                     64;  32;  32;  32
 *   instructions in all, sm_90      830; 750; 1200; 2900, about: 6.5; 5.9; 4.7; 5.7 per matrix instruction */
#pragma once

#include "kernels/gpu/gpu-mma.h"

typedef struct {
  const float    *q; /* (n_rows, n_kv_heads·group·hd) */
  float          *o;
  const gpu_bf16 *k, *v; /* (slots, n_kv_heads·hd) */
  int32_t         q_stride, o_stride, k_stride, v_stride;
  int32_t         n_rows, group, n_kv_heads, slots;
  int32_t         last, moves; /* the last key that the first row sees; 1: each further row sees one more, 0: the same */
  int32_t         window;      /* how many keys a row sees at most */
  float           scale;       /* of scores that 2 is raised to */
  int32_t         n_parts;     /* of the keys */
  float          *parts;   /* (n_parts, n_kv_heads, n_rows·group, hd): not yet divided by their sums.  Unused for one part */
  float          *weights; /* (n_parts, n_kv_heads, n_rows·group, 2): maximum and sum */
} GpuFlash;

/* A "warp" is a unit of gpu-mma.h: 64 lanes on CDNA.  The host, which compiles for no processor, asks gpu_mma_lanes (). */
#if GPU_MMA
#define FLASH_LANES GPU_MMA_LANES
#else
#define FLASH_LANES GPU_LANES
#endif

template <int HD, int WARPS> struct FlashShape {
  static constexpr int THREADS = WARPS * FLASH_LANES; /* device code only */
  static constexpr int TEAM = HD > 128 ? HD / 128 : 1;
  static constexpr int DIMS = HD / TEAM; /* of a member's o */
  static constexpr int ROWS = WARPS / TEAM * 32;
  static constexpr int KEYS = HD == 512 ? 128 : HD == 128 ? 32 : 64;
  static constexpr int COLS = KEYS / TEAM; /* keys whose scores a member computes */
  static constexpr int CHUNK = HD <= 128 ? 4096 : 8192;
  static constexpr int K_DIMS = CHUNK / KEYS, N_K = HD / K_DIMS;
  static constexpr int V_KEYS = CHUNK / HD, N_V = KEYS / V_KEYS;
  /* As many as leave room for two blocks on a large processor, or for one on a small one (99 KB), with 4 warps. */
  static constexpr int STAGES = WARPS == 8 ? 5 : HD > 128 ? 3 : 4;
  static constexpr int P_NUMBERS = TEAM > 1 ? ROWS * KEYS : 0;
  static constexpr int STATS = TEAM > 1 ? ROWS * TEAM : 0;
  static constexpr int BYTES = 2 * (ROWS * HD + STAGES * CHUNK + P_NUMBERS) + 4 * STATS;
  /* Blocks on one processor at a time, which registers have to allow. */
  static constexpr int BLOCKS = WARPS == 8 ? 1 : 2;
};

#if GPU_MMA

/* What a block is about. */
typedef struct {
  int first_row, n_rows; /* of (token, head) pairs; n_rows: all there are */
  int kv_head, part;
  int begin, end;          /* keys */
  int least_last, most_last; /* the last keys that its first and last tokens see */
} FlashBlock;

/* The chunks of a block: which one is loaded next, and which stage of the ring is read next. */
typedef struct {
  gpu_bf16 *ring;
  int       key, slot, chunk, stage;
  int       reading;
} FlashStream;

/* A warp's place and its sums. */
template <class F> struct FlashWarp {
  int         row, member; /* the first of 32 rows within the tile; which of the team */
  gpu_mma_acc o[2][F::DIMS / 16], s[2][F::COLS / 16];
  float       most[2][GPU_MMA_ROWS], sum[2][GPU_MMA_ROWS]; /* sum: of this lane's columns only */
};

/* ---- what a block reads ---- */

static __device__ __forceinline__ int
flash_last (const GpuFlash *a, int row)
{
  int token = row / a->group;
  return a->last + a->moves * (token < a->n_rows ? token : a->n_rows - 1);
}

/* The longest tiles are the first: those of the last rows. */
template <class F>
static __device__ __forceinline__ FlashBlock
flash_block (const GpuFlash *a)
{
  FlashBlock b;
  int        index = (int)blockIdx.x, n_tiles = (int)gridDim.x / (a->n_kv_heads * a->n_parts), begin, step;

  b.part = index % a->n_parts;
  b.kv_head = index / a->n_parts % a->n_kv_heads;
  b.first_row = (n_tiles - 1 - index / a->n_parts / a->n_kv_heads) * F::ROWS;
  b.n_rows = a->n_rows * a->group;
  b.least_last = flash_last (a, b.first_row);
  b.most_last = flash_last (a, b.first_row + F::ROWS - 1);
  begin = b.least_last - a->window + 1 > 0 ? b.least_last - a->window + 1 : 0;
  step = ((b.most_last - begin) / F::KEYS + a->n_parts) / a->n_parts * F::KEYS;
  b.begin = begin + b.part * step;
  b.end = b.begin + step <= b.most_last ? b.begin + step : b.most_last + 1;
  return b;
}

/* The tile's rows of q, rounded, as HD / 64 tiles beside each other. */
template <class F, int HD>
static __device__ __forceinline__ void
flash_load_q (const GpuFlash *a, const FlashBlock *b, gpu_bf16 *to)
{
#pragma unroll 4
  for (int i = (int)threadIdx.x; i < F::ROWS * HD / 8; i += F::THREADS) {
    int      row = i / (HD / 8), dim = i % (HD / 8) * 8, at = b->first_row + row, token = at / a->group;
    gpu_u128 x = {{0, 0, 0, 0}};
    if (at < b->n_rows) {
      const float    *from = a->q + (size_t)token * a->q_stride + (b->kv_head * a->group + at % a->group) * HD + dim;
      const gpu_u128 *in = (const gpu_u128 *)from;
      gpu_u128        x0 = in[0], x1 = in[1];
#pragma unroll
      for (int j = 0; j < 4; j++)
        x.w[j] = gpu_narrow_2 (gpu_float_from_bits (j < 2 ? x0.w[2 * j] : x1.w[2 * j - 4]),
                               gpu_float_from_bits (j < 2 ? x0.w[2 * j + 1] : x1.w[2 * j - 3]));
    }
    *(gpu_u128 *)(to + dim / GPU_TILE_K * (F::ROWS * GPU_TILE_K) + gpu_tile (row, dim % GPU_TILE_K)) = x;
  }
}

/* @slot, less than twice @slots, in the ring. */
static __device__ __forceinline__ unsigned
flash_wrap (int slot, int slots)
{
  return (unsigned)(slot >= slots ? slot - slots : slot);
}

/* Rows from the ring of a cache, N of NDIMS numbers, the first in @slot; zeros from row @there on.  What is there lies within one
 * turn of the ring, so that one step back is enough.  @stride: bytes. */
template <class F, int N, int NDIMS>
static __device__ __forceinline__ void
flash_load (gpu_bf16 *to, const gpu_bf16 *from, unsigned stride, int slot, int slots, int there)
{
  /* A thread's pieces are below each other. */
  constexpr int        step = F::THREADS / (NDIMS / 8);
  int                  first = (int)threadIdx.x / (NDIMS / 8), dim = (int)threadIdx.x % (NDIMS / 8) * 8;
  const unsigned char *column = (const unsigned char *)(from + dim);
  gpu_bf16            *tile = to + dim / GPU_TILE_K * (N * GPU_TILE_K);

#pragma unroll
  for (int i = 0; i < N / step; i++) {
    int row = first + i * step;
    gpu_copy_ahead (tile + gpu_tile (row, dim % GPU_TILE_K), (const gpu_bf16 *)(column + (size_t)flash_wrap (slot + row, slots) * stride), row < there);
  }
}

/* Asks for the next chunk, if there is one. */
template <class F, int HD>
static __device__ __forceinline__ void
flash_ahead (const GpuFlash *a, const FlashBlock *b, FlashStream *next)
{
  gpu_bf16 *to = next->ring + next->stage * F::CHUNK;
  int       col = b->kv_head * HD, there = b->end - next->key;

  if (there > 0) {
    if (next->chunk < F::N_K) {
      flash_load<F, F::KEYS, F::K_DIMS> (to, a->k + col + next->chunk * F::K_DIMS, 2u * (unsigned)a->k_stride, next->slot, a->slots, there);
    } else {
      int key = (next->chunk - F::N_K) * F::V_KEYS;
      flash_load<F, F::V_KEYS, HD> (to, a->v + col, 2u * (unsigned)a->v_stride, (int)flash_wrap (next->slot + key, a->slots), a->slots, there - key);
    }
    if (++next->chunk == F::N_K + F::N_V) {
      next->chunk = 0;
      next->key += F::KEYS;
      next->slot = (int)flash_wrap (next->slot + F::KEYS, a->slots);
    }
    next->stage = next->stage + 1 == F::STAGES ? 0 : next->stage + 1;
  }
  gpu_copy_commit ();
}

/* The chunk that is next in turn, once it is there.  Each time, flash_ahead () has to follow. */
template <class F>
static __device__ __forceinline__ const gpu_bf16 *
flash_next (FlashStream *stream)
{
  const gpu_bf16 *chunk = stream->ring + stream->reading * F::CHUNK;

  gpu_copy_wait<F::STAGES - 2> ();
  __syncthreads (); /* all see it, and nobody needs the one before */
  stream->reading = stream->reading + 1 == F::STAGES ? 0 : stream->reading + 1;
  return chunk;
}

/* ---- products ---- */

/* Both ask for the next chunk when the first matrix instructions are on their way, so that the unit has work meanwhile. */

/* s += q·kᵀ over the chunk's dims.  @q: those dims. */
template <class F, int HD>
static __device__ __forceinline__ void
flash_scores (const GpuFlash *a, const FlashBlock *b, FlashStream *next, FlashWarp<F> *w, const gpu_bf16 *q)
{
  const gpu_bf16 *k = flash_next<F> (next);

#pragma unroll
  for (int d = 0; d < F::K_DIMS; d += 16) {
    const gpu_bf16 *q_tile = q + d / GPU_TILE_K * (F::ROWS * GPU_TILE_K), *k_tile = k + d / GPU_TILE_K * (F::KEYS * GPU_TILE_K);
    gpu_mma_operand x[2];
    gpu_mma_load_a (&x[0], q_tile, w->row, d % GPU_TILE_K);
    gpu_mma_load_a (&x[1], q_tile, w->row + 16, d % GPU_TILE_K);
#pragma unroll
    for (int n = 0; n < F::COLS / 16; n++) {
      gpu_mma_operand y;
      gpu_mma_load_b (&y, k_tile, w->member * F::COLS + 16 * n, d % GPU_TILE_K);
      gpu_mma (&w->s[0][n], &x[0], &y);
      gpu_mma (&w->s[1][n], &x[1], &y);
    }
    if (d == 0)
      flash_ahead<F, HD> (a, b, next);
  }
}

/* o += p·v over the chunk's keys, which begin with number @key of the tile. */
template <class F, int HD>
static __device__ __forceinline__ void
flash_values (const GpuFlash *a, const FlashBlock *b, FlashStream *next, FlashWarp<F> *w, const gpu_bf16 *p, int key)
{
  const gpu_bf16 *v = flash_next<F> (next);

#pragma unroll
  for (int i = 0; i < F::V_KEYS; i += 16) {
    gpu_mma_operand x[2];
#pragma unroll
    for (int m = 0; m < 2; m++)
      if constexpr (F::TEAM == 1)
        gpu_mma_acc_to_a (&x[m], &w->s[m][i / 16]);
      else
        gpu_mma_load_a (&x[m], p + (key + i) / GPU_TILE_K * (F::ROWS * GPU_TILE_K), w->row + 16 * m, (key + i) % GPU_TILE_K);
#pragma unroll
    for (int n = 0; n < F::DIMS / 16; n++) {
      const gpu_bf16 *v_tile = v + (w->member * (F::DIMS / GPU_TILE_K) + n / 4) * (F::V_KEYS * GPU_TILE_K);
      gpu_mma_operand y;
      gpu_mma_load_b_t (&y, v_tile, i, n % 4 * 16);
      gpu_mma (&w->o[0][n], &x[0], &y);
      gpu_mma (&w->o[1][n], &x[1], &y);
      if (i == 0 && n == 1)
        flash_ahead<F, HD> (a, b, next);
    }
  }
}

/* ---- softmax ---- */

/* Every row's number becomes the maximum, or the sum, of all members'.  At most once between two chunks. */
template <class F, bool SUM>
static __device__ __forceinline__ void
flash_agree (const FlashWarp<F> *w, float x[2][GPU_MMA_ROWS], float *stats)
{
#pragma unroll
  for (int m = 0; m < 2; m++)
#pragma unroll
    for (int i = 0; i < GPU_MMA_ROWS; i++) {
      x[m][i] = SUM ? gpu_mma_row_sum (x[m][i]) : gpu_mma_row_max (x[m][i]);
      if (F::TEAM > 1 && gpu_mma_col (0) == 0)
        stats[(w->row + 16 * m + gpu_mma_row (2 * i)) * F::TEAM + w->member] = x[m][i];
    }
  if (F::TEAM == 1)
    return;
  __syncthreads ();
#pragma unroll
  for (int m = 0; m < 2; m++)
#pragma unroll
    for (int i = 0; i < GPU_MMA_ROWS; i++) {
      const float *all = stats + (w->row + 16 * m + gpu_mma_row (2 * i)) * F::TEAM;
      x[m][i] = all[0];
#pragma unroll
      for (int t = 1; t < F::TEAM; t++)
        x[m][i] = SUM ? x[m][i] + all[t] : fmaxf (x[m][i], all[t]);
    }
}

/* What a row does not see counts for nothing.  @key: the tile's first. */
template <class F>
static __device__ __forceinline__ void
flash_mask (const GpuFlash *a, const FlashBlock *b, FlashWarp<F> *w, int key)
{
#pragma unroll
  for (int m = 0; m < 2; m++)
#pragma unroll
    for (int r = 0; r < GPU_MMA_ROWS; r++) {
      int back = flash_last (a, b->first_row + w->row + 16 * m + gpu_mma_row (2 * r)) - (key + w->member * F::COLS);
#pragma unroll
      for (int n = 0; n < F::COLS / 16; n++)
#pragma unroll
        for (int i = 0; i < GPU_MMA_ACC; i++)
          if (gpu_mma_row_of (i) == r && (unsigned)(back - 16 * n - gpu_mma_col (i)) >= (unsigned)a->window)
            w->s[m][n].v[i] = -INFINITY;
    }
}

/* Takes the tile's maxima into account: what is summed so far becomes relative to them.  @base: what is subtracted from scores. */
template <class F>
static __device__ __forceinline__ void
flash_rebase (FlashWarp<F> *w, float base[2][GPU_MMA_ROWS], const float most[2][GPU_MMA_ROWS], float scale)
{
  float factor[2][GPU_MMA_ROWS];
  bool  changed = false;

#pragma unroll
  for (int m = 0; m < 2; m++)
#pragma unroll
    for (int i = 0; i < GPU_MMA_ROWS; i++) {
      float now = fmaxf (w->most[m][i], most[m][i]);
      base[m][i] = now == -INFINITY ? 0.0f : now * scale; /* a row may have seen nothing yet */
      factor[m][i] = gpu_exp2 (w->most[m][i] * scale - base[m][i]);
      changed |= now != w->most[m][i];
      w->most[m][i] = now;
    }
  if (!gpu_lanes_any (changed)) /* as in most tiles of a long sequence */
    return;
#pragma unroll
  for (int m = 0; m < 2; m++) {
#pragma unroll
    for (int i = 0; i < GPU_MMA_ROWS; i++)
      w->sum[m][i] *= factor[m][i];
#pragma unroll
    for (int n = 0; n < F::DIMS / 16; n++)
#pragma unroll
      for (int i = 0; i < GPU_MMA_ACC; i++)
        w->o[m][n].v[i] *= factor[m][gpu_mma_row_of (i)];
  }
}

/* Scores become weights, for a team of several in @p too. */
template <class F>
static __device__ __forceinline__ void
flash_weigh (FlashWarp<F> *w, gpu_bf16 *p, float *stats, float scale)
{
  float most[2][GPU_MMA_ROWS], base[2][GPU_MMA_ROWS];

#pragma unroll
  for (int m = 0; m < 2; m++) {
#pragma unroll
    for (int i = 0; i < GPU_MMA_ROWS; i++)
      most[m][i] = -INFINITY;
#pragma unroll
    for (int n = 0; n < F::COLS / 16; n++)
#pragma unroll
      for (int i = 0; i < GPU_MMA_ACC; i++)
        most[m][gpu_mma_row_of (i)] = fmaxf (most[m][gpu_mma_row_of (i)], w->s[m][n].v[i]);
  }
  flash_agree<F, false> (w, most, stats);
  flash_rebase (w, base, most, scale);
#pragma unroll
  for (int m = 0; m < 2; m++)
#pragma unroll
    for (int n = 0; n < F::COLS / 16; n++)
#pragma unroll
      for (int i = 0; i < GPU_MMA_ACC; i += 2) {
        float *s = w->s[m][n].v + i;
        int    r = gpu_mma_row_of (i), col = w->member * F::COLS + 16 * n + gpu_mma_col (i);
        s[0] = gpu_exp2 (s[0] * scale - base[m][r]);
        s[1] = gpu_exp2 (s[1] * scale - base[m][r]);
        w->sum[m][r] += s[0] + s[1];
        if (F::TEAM > 1)
          *(uint32_t *)(p + col / GPU_TILE_K * (F::ROWS * GPU_TILE_K) + gpu_tile (w->row + 16 * m + gpu_mma_row (i), col % GPU_TILE_K)) =
              gpu_narrow_2 (s[0], s[1]);
      }
}

/* ---- the way out ---- */

/* To o, or to where a part of the keys is left with its maxima and sums. */
template <class F, int HD>
static __device__ __forceinline__ void
flash_store (const GpuFlash *a, const FlashBlock *b, FlashWarp<F> *w, float *stats)
{
  flash_agree<F, true> (w, w->sum, stats);
#pragma unroll
  for (int m = 0; m < 2; m++)
#pragma unroll
    for (int r = 0; r < GPU_MMA_ROWS; r++) {
      int    at = b->first_row + w->row + 16 * m + gpu_mma_row (2 * r), token = at / a->group;
      size_t row = (size_t)(b->part * a->n_kv_heads + b->kv_head) * b->n_rows + at;
      float *to = a->n_parts > 1 ? a->parts + row * HD : a->o + (size_t)token * a->o_stride + (b->kv_head * a->group + at % a->group) * HD;
      float  factor = a->n_parts > 1 ? 1.0f : 1.0f / w->sum[m][r];
      if (at >= b->n_rows)
        continue;
      if (a->n_parts > 1 && w->member == 0 && gpu_mma_col (0) == 0) {
        a->weights[2 * row] = w->most[m][r] * a->scale;
        a->weights[2 * row + 1] = w->sum[m][r];
      }
#pragma unroll
      for (int n = 0; n < F::DIMS / 16; n++)
#pragma unroll
        for (int i = 0; i < GPU_MMA_ACC; i += 2)
          if (gpu_mma_row_of (i) == r) {
            gpu_u64 two = {{gpu_bits_from_float (w->o[m][n].v[i] * factor), gpu_bits_from_float (w->o[m][n].v[i + 1] * factor)}};
            *(gpu_u64 *)(to + w->member * F::DIMS + 16 * n + gpu_mma_col (i)) = two;
          }
    }
}

template <class F>
static __device__ __forceinline__ void
flash_clear (gpu_mma_acc *acc, int n)
{
#pragma unroll
  for (int j = 0; j < n; j++)
#pragma unroll
    for (int i = 0; i < GPU_MMA_ACC; i++)
      acc[j].v[i] = 0.0f;
}

/* One tile of rows from beginning to end. */
template <int HD, int WARPS>
static __device__ __forceinline__ void
flash_tile (const GpuFlash *a)
{
  typedef FlashShape<HD, WARPS> F;
  GPU_SHARED (gpu_bf16, q);
  gpu_bf16    *ring = q + F::ROWS * HD, *p = ring + F::STAGES * F::CHUNK;
  float       *stats = (float *)(p + F::P_NUMBERS);
  FlashBlock   b = flash_block<F> (a);
  FlashStream  next = {ring, b.begin, b.begin % a->slots, 0, 0, 0};
  int          warp = (int)threadIdx.x / FLASH_LANES;
  FlashWarp<F> w;

  for (int i = 0; i < F::STAGES - 1; i++)
    flash_ahead<F, HD> (a, &b, &next);
  flash_load_q<F, HD> (a, &b, q);
  w.row = warp / F::TEAM * 32;
  w.member = warp % F::TEAM;
#pragma unroll
  for (int m = 0; m < 2; m++) {
    flash_clear<F> (w.o[m], F::DIMS / 16);
#pragma unroll
    for (int i = 0; i < GPU_MMA_ROWS; i++) {
      w.most[m][i] = -INFINITY;
      w.sum[m][i] = 0.0f;
    }
  }
  for (int key = b.begin; key < b.end; key += F::KEYS) {
    flash_clear<F> (w.s[0], F::COLS / 16);
    flash_clear<F> (w.s[1], F::COLS / 16);
#pragma unroll 1
    for (int c = 0; c < F::N_K; c++)
      flash_scores<F, HD> (a, &b, &next, &w, q + c * (F::K_DIMS * F::ROWS));
    if (key + F::KEYS - 1 > b.least_last || b.most_last - key >= a->window)
      flash_mask (a, &b, &w, key);
    flash_weigh (&w, p, stats, a->scale);
#pragma unroll 1
    for (int c = 0; c < F::N_V; c++)
      flash_values<F, HD> (a, &b, &next, &w, p, c * F::V_KEYS);
  }
  flash_store<F, HD> (a, &b, &w, stats);
}

#endif /* GPU_MMA */
