/* matvec.h: weights times one row.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Bound by reading the weights, once.  A block asks for its first weights before it waits for the step before, keeps them in
 * registers, makes its own copy of the row (adding a residual and normalising it: cheaper than a step of its own), and then
 * always has several loads under way.
 *
 * F32 row and bf16 weights are multiplied in F32.  In front of quantised weights the row is rounded to 8 bits with one scale for
 * 32, as on the CPU: the sums of 32 are the same whole numbers.  Device code. */
#pragma once

#include "kernels/gpu/rows.h"

#define GPU_STEP_FLOATS  (GPU_STEP_SHARED / 4)
#define GPU_MATVEC_ROW   12288 /* the longest row that is kept in shared memory */
#define GPU_MATVEC_NORM  4096  /* the longest that is normalised on the way */
#define GPU_MATVEC_SUMS  1280  /* partial sums of a round */
#define GPU_MATVEC_SLICE 512   /* numbers of a weight row that 32 lanes read at once */
#define GPU_MATVEC_AHEAD 4     /* slices under way */

/* ---- the row ------------------------------------------------------------------------------------------ */

/* Element @k of the row as matvec_bf16 reads it: first the lower, then the upper halves of all groups of 8, so that lanes that read
 * 16 bytes each of neighbouring groups use all banks. */
static __device__ __forceinline__ int
gpu_split_at (int k, int cols)
{
  return (k & 4 ? cols / 2 : 0) + (k >> 3) * 4 + (k & 3);
}

#define GPU_ROW_OWN (GPU_MATVEC_NORM / GPU_STEP_THREADS) /* numbers of a row that is normalised, a thread */

/* This thread's part of the weights of both norms, asked for before anything else is known. */
typedef struct { float residual[GPU_ROW_OWN], norm[GPU_ROW_OWN]; } GpuRowNorms;

static __device__ __forceinline__ void
gpu_ask_norms (const GpuMatvec *m, GpuRowNorms *norms)
{
#pragma unroll
  for (int i = 0; i < GPU_ROW_OWN; i++) {
    int k = (int)threadIdx.x + i * GPU_STEP_THREADS;

    norms->residual[i] = m->residual.h != NULL && k < m->cols ? gpu_weight (m->residual.norm, k) : 0.0f;
    norms->norm[i] = m->normalise && k < m->cols ? gpu_weight (m->norm, k) : 1.0f;
  }
}

/* The row as it is.  Several loads are under way before the first is stored. */
template <bool SPLIT>
static __device__ __forceinline__ void
gpu_copy_row (const GpuMatvec *m, float *to)
{
  for (int base = (int)threadIdx.x; base < m->cols; base += 8 * GPU_STEP_THREADS) {
    float v[8];
#pragma unroll
    for (int i = 0; i < 8; i++) {
      int k = base + i * GPU_STEP_THREADS;
      v[i] = k < m->cols ? m->x[k] : 0.0f;
    }
#pragma unroll
    for (int i = 0; i < 8; i++) {
      int k = base + i * GPU_STEP_THREADS;
      if (k < m->cols)
        to[SPLIT ? gpu_split_at (k, m->cols) : k] = v[i];
    }
  }
  __syncthreads ();
}

/* Puts the row into @to, by all threads.  @split: in the order above.  @sums: 17 floats. */
template <bool SPLIT>
static __device__ __forceinline__ void
gpu_take_row (const GpuMatvec *m, const GpuTurn *turn, const GpuRowNorms *norms, float *to, float *sums)
{
  const GpuResidual *r = &m->residual;
  int                t = (int)threadIdx.x, cols = m->cols;
  float              v[GPU_ROW_OWN], y[GPU_ROW_OWN], scale = 1.0f;

  if (r->h == NULL && !m->normalise) {
    gpu_copy_row<SPLIT> (m, to);
    return;
  }
#pragma unroll
  for (int i = 0; i < GPU_ROW_OWN; i++) {
    int k = t + i * GPU_STEP_THREADS;
    v[i] = k < cols ? m->x[k] : 0.0f;
    y[i] = r->h != NULL && k < cols ? r->y[k] : 0.0f;
  }
  if (r->h != NULL) {
    float squares = 0.0f, k;
#pragma unroll
    for (int i = 0; i < GPU_ROW_OWN; i++)
      squares += y[i] * y[i];
    k = 1.0f / sqrtf (gpu_block_sum (squares, sums) / (float)cols + r->eps);
#pragma unroll
    for (int i = 0; i < GPU_ROW_OWN; i++)
      v[i] = (v[i] + y[i] * k * norms->residual[i]) * r->scalar;
  }
  if (m->normalise) {
    float squares = 0.0f;
#pragma unroll
    for (int i = 0; i < GPU_ROW_OWN; i++)
      squares += v[i] * v[i];
    scale = 1.0f / sqrtf (gpu_block_sum (squares, sums) / (float)cols + m->eps);
  }
#pragma unroll
  for (int i = 0; i < GPU_ROW_OWN; i++) {
    int k = t + i * GPU_STEP_THREADS;
    if (k < cols) {
      float x = v[i] * scale * norms->norm[i];
      to[SPLIT ? gpu_split_at (k, cols) : k] = x;
      if (m->x_out != NULL && turn->block == 0)
        m->x_out[k] = x;
    }
  }
  __syncthreads ();
}

/* What becomes of a sum, and where it goes. */
static __device__ __forceinline__ void
gpu_put_sum (const GpuMatvec *m, int part, int row, int token, float v, float up)
{
  if (m->epilogue == GPU_GELU_MUL)
    v = gpu_gelu (v) * up;
  else if (m->epilogue == GPU_GELU_BY)
    v = gpu_gelu (v) * m->by[(size_t)token * (size_t)m->by_stride + (size_t)row];
  if (m->cap > 0.0f)
    v = m->cap * tanhf (v / m->cap);
  m->part[part].y[(size_t)token * (size_t)m->part[part].y_stride + (size_t)row] = v;
}

/* Rows of all parts, one after the other: which part row *row is in, and which row it is there. */
static __device__ __forceinline__ int
gpu_part_of (const GpuMatvec *m, int *row)
{
  int part = 0;

  while (part + 1 < m->n_parts && *row >= m->part[part].rows)
    *row -= m->part[part++].rows;
  return part;
}

/* ---- bf16 --------------------------------------------------------------------------------------------- */

typedef struct { gpu_u128 w[2]; } GpuSlice;

/* A block's rows, cut into units of one slice of one row each. */
typedef struct {
  int first, n_rows; /* with a gate, pairs of rows */
  int slices, width; /* of a row; numbers of a slice */
  int n_units;
} GpuShare;

static __device__ __forceinline__ GpuShare
gpu_share_of (const GpuMatvec *m, int first, int n_rows)
{
  GpuShare s;

  s.first = first;
  s.n_rows = n_rows;
  s.width = m->cols < GPU_MATVEC_SLICE ? 256 : GPU_MATVEC_SLICE;
  s.slices = (m->cols + s.width - 1) / s.width;
  s.n_units = n_rows * s.slices * (m->epilogue == GPU_GELU_MUL ? 2 : 1);
  return s;
}

static __device__ __forceinline__ const gpu_bf16 *
gpu_unit_row (const GpuMatvec *m, const GpuShare *s, int unit)
{
  int row = unit / s->slices, part = 0;

  if (m->epilogue == GPU_GELU_MUL) {
    part = row >= s->n_rows;
    row = s->first + row - (part ? s->n_rows : 0);
  } else {
    row += s->first;
    part = gpu_part_of (m, &row);
  }
  return (const gpu_bf16 *)m->part[part].w + (size_t)row * (size_t)m->part[part].stride;
}

static __device__ __forceinline__ GpuSlice
gpu_load_slice (const GpuMatvec *m, const GpuShare *s, int unit, int lane)
{
  GpuSlice slice = {{{{0, 0, 0, 0}}, {{0, 0, 0, 0}}}};

  if (unit < s->n_units) {
    const gpu_bf16 *w = gpu_unit_row (m, s, unit);
    int             k = unit % s->slices * s->width + lane * 8;

    if (k < m->cols)
      slice.w[0] = gpu_load_stream (w + k);
    if (s->width > 256 && k + 256 < m->cols)
      slice.w[1] = gpu_load_stream (w + k + 256);
  }
  return slice;
}

static __device__ __forceinline__ float
gpu_dot_8 (gpu_u128 w, float4 lo, float4 hi, float sum)
{
  sum += gpu_widen_lo (w.w[0]) * lo.x;
  sum += gpu_widen_hi (w.w[0]) * lo.y;
  sum += gpu_widen_lo (w.w[1]) * lo.z;
  sum += gpu_widen_hi (w.w[1]) * lo.w;
  sum += gpu_widen_lo (w.w[2]) * hi.x;
  sum += gpu_widen_hi (w.w[2]) * hi.y;
  sum += gpu_widen_lo (w.w[3]) * hi.z;
  sum += gpu_widen_hi (w.w[3]) * hi.w;
  return sum;
}

/* SHARED: the row lies in shared memory, split; else it is read where it is. */
template <bool SHARED>
static __device__ __forceinline__ float
gpu_dot_slice (const GpuMatvec *m, const GpuShare *s, int unit, int lane, GpuSlice slice, const float *x)
{
  float sum = 0.0f;

#pragma unroll
  for (int i = 0; i < 2; i++) {
    int k = unit % s->slices * s->width + i * 256 + lane * 8;

    if ((i == 1 && s->width == 256) || k >= m->cols)
      continue;
    if (SHARED)
      sum = gpu_dot_8 (slice.w[i], *(const float4 *)(x + (k >> 1)), *(const float4 *)(x + m->cols / 2 + (k >> 1)), sum);
    else
      sum = gpu_dot_8 (slice.w[i], *(const float4 *)(m->x + k), *(const float4 *)(m->x + k + 4), sum);
  }
  return gpu_lanes_sum (sum);
}

static __device__ __forceinline__ void
gpu_finish_rows (const GpuMatvec *m, const GpuShare *s, const float *sums)
{
  for (int i = (int)threadIdx.x; i < s->n_rows; i += GPU_STEP_THREADS) {
    float v = 0.0f, up = 0.0f;
    int   row = s->first + i, part = 0;

    for (int j = 0; j < s->slices; j++)
      v += sums[i * s->slices + j];
    if (m->epilogue == GPU_GELU_MUL) {
      for (int j = 0; j < s->slices; j++)
        up += sums[(s->n_rows + i) * s->slices + j];
    } else {
      part = gpu_part_of (m, &row);
    }
    gpu_put_sum (m, part, row, 0, v, up);
  }
}

template <bool SHARED>
static __device__ __noinline__ void
gpu_matvec_bf16 (const GpuMatvec *m, const GpuTurn *turn, float *shared)
{
  float   *sums = shared, *x = shared + GPU_MATVEC_SUMS;
  int      lane = (int)(threadIdx.x % GPU_LANES), group = (int)(threadIdx.x / GPU_LANES), step = GPU_STEP_THREADS / GPU_LANES;
  int      total = m->part[0].rows + (m->epilogue != GPU_GELU_MUL ? m->part[1].rows + m->part[2].rows : 0);
  int      per_block = (total + turn->n_blocks - 1) / turn->n_blocks, first = turn->block * per_block;
  int      mine = max (0, min (per_block, total - first));
  GpuShare one = gpu_share_of (m, 0, 1);
  int      round = max (1, GPU_MATVEC_SUMS / one.n_units);
  GpuShare s = gpu_share_of (m, first, min (mine, round));
  GpuSlice ahead[GPU_MATVEC_AHEAD];

#pragma unroll
  for (int i = 0; i < GPU_MATVEC_AHEAD; i++)
    ahead[i] = gpu_load_slice (m, &s, group + i * step, lane);
  {
    GpuRowNorms norms;

    gpu_ask_norms (m, &norms);
    gpu_turn_wait (turn);
    if (SHARED)
      gpu_take_row<true> (m, turn, &norms, x, sums);
  }
  for (int done = 0; done < mine; done += round) {
    for (int unit = group; unit < s.n_units; unit += GPU_MATVEC_AHEAD * step) {
#pragma unroll
      for (int i = 0; i < GPU_MATVEC_AHEAD; i++) {
        int u = unit + i * step;

        if (u < s.n_units) {
          float sum = gpu_dot_slice<SHARED> (m, &s, u, lane, ahead[i], x);

          ahead[i] = gpu_load_slice (m, &s, u + GPU_MATVEC_AHEAD * step, lane);
          if (lane == 0)
            sums[u] = sum;
        }
      }
    }
    GpuShare now = s;
    if (done + round < mine) {
      s = gpu_share_of (m, first + done + round, min (round, mine - done - round));
#pragma unroll
      for (int i = 0; i < GPU_MATVEC_AHEAD; i++)
        ahead[i] = gpu_load_slice (m, &s, group + i * step, lane);
    }
    __syncthreads ();
    gpu_finish_rows (m, &now, sums);
    __syncthreads ();
  }
}

/* ---- quantised ------------------------------------------------------------------------------------------ */

/* Eight groups of lanes share the tiles of 16 rows, each a part of their length; a block has two such teams. */
#define GPU_TEAM        8
#define GPU_TILES_AHEAD 6 /* a gate and what it gates share them */

/* What a lane reads of a tile (q8) or of half of one of two neighbouring tiles (q4): 4 rows, 4 or 8 columns. */
typedef struct {
  gpu_u128 w;
  gpu_u64  scales; /* F16, of the 4 rows */
} GpuTilePiece;

template <int TYPE>
static __device__ __forceinline__ GpuTilePiece
gpu_load_tile (const GpuMatvec *m, const GpuWeights *w, int tile_row, int kt, int lane)
{
  const int    bytes = TYPE == KRN_Q8 ? 544 : 288;
  int          tiles = m->cols / 32;
  GpuTilePiece p = {{{0, 0, 0, 0}}, {{0, 0}}};

  if (TYPE == KRN_Q4)
    kt = kt * 2 + lane / 16;
  if (kt < tiles && tile_row * 16 < w->rows) {
    const unsigned char *tile = (const unsigned char *)w->w + ((size_t)tile_row * (size_t)tiles + (size_t)kt) * (size_t)bytes;

    p.w = gpu_load_stream (tile + 32 + (TYPE == KRN_Q8 ? lane : lane % 16) * 16);
    p.scales = *(const gpu_u64 *)(tile + lane % 4 * 8);
  }
  return p;
}

/* Adds what the piece gives to the sums of its 4 rows. */
template <int TYPE>
static __device__ __forceinline__ void
gpu_add_tile (float acc[4], GpuTilePiece p, int kt, int lane, const uint32_t *x, const float *x_scales, int tiles)
{
  int  dot[4];
  bool there = true;

  if (TYPE == KRN_Q8) {
    uint32_t word = x[kt * 8 + lane / 4];

#pragma unroll
    for (int i = 0; i < 4; i++)
      dot[i] = gpu_dot4 (p.w.w[i] ^ 0x80808080u, word, 0);
  } else {
    kt = kt * 2 + lane / 16;
    there = kt < tiles;
    uint32_t lo = there ? x[kt * 8 + lane % 16 / 4 * 2] : 0, hi = there ? x[kt * 8 + lane % 16 / 4 * 2 + 1] : 0;
    int      less = gpu_dot4 (lo, 0xf8f8f8f8u, gpu_dot4 (hi, 0xf8f8f8f8u, 0));

#pragma unroll
    for (int i = 0; i < 4; i++)
      dot[i] = gpu_dot4 (p.w.w[i] & 0x0f0f0f0fu, lo, gpu_dot4 (p.w.w[i] >> 4 & 0x0f0f0f0fu, hi, less));
  }
  if (!there)
    return;
  float scale = x_scales[kt];
#pragma unroll
  for (int i = 0; i < 4; i++)
    acc[i] += (float)dot[i] * (gpu_widen_half ((uint16_t)(p.scales.w[i / 2] >> i % 2 * 16)) * scale);
}

/* Rounds the row to 8 bits. */
static __device__ __forceinline__ void
gpu_round_row (const float *row, int cols, uint32_t *x, float *scales)
{
  GpuReady ready = {x, scales, 1, cols, 0};

  for (int base = (int)threadIdx.x; base < cols; base += 8 * GPU_STEP_THREADS) {
    float v[8];
#pragma unroll
    for (int i = 0; i < 8; i++)
      v[i] = base + i * GPU_STEP_THREADS < cols ? row[base + i * GPU_STEP_THREADS] : 0.0f;
#pragma unroll
    for (int i = 0; i < 8; i++)
      if (base + i * GPU_STEP_THREADS < cols) /* the same for all lanes: whole blocks of 32 */
        gpu_make_ready (&ready, 0, base + i * GPU_STEP_THREADS, v[i]);
  }
  __syncthreads ();
}

template <int TYPE, bool PAIR>
static __device__ __noinline__ void
gpu_matvec_tiles (const GpuMatvec *m, const GpuTurn *turn, float *shared)
{
  /* sums (2 teams, 2 of a pair, TEAM, 16); the row; the same rounded, which for a long row takes the place of nothing else. */
  float       *sums = shared, *row = shared + 2 * 2 * GPU_TEAM * 16;
  uint32_t    *x = (uint32_t *)(void *)(row + (m->cols <= GPU_MATVEC_NORM ? m->cols : 0));
  float       *x_scales = (float *)(void *)(x + m->cols / 4);
  const int    AHEAD = PAIR ? GPU_TILES_AHEAD / 2 : GPU_TILES_AHEAD, PARTS = PAIR ? 2 : 1;
  int          lane = (int)(threadIdx.x % GPU_LANES), group = (int)(threadIdx.x / GPU_LANES), team = group / GPU_TEAM, member = group % GPU_TEAM;
  int          tiles = m->cols / 32, kts = TYPE == KRN_Q8 ? tiles : (tiles + 1) / 2;
  int          t0 = (m->part[0].rows + 15) / 16, t1 = PAIR ? 0 : (m->part[1].rows + 15) / 16, t2 = PAIR ? 0 : (m->part[2].rows + 15) / 16;
  int          total = t0 + t1 + t2, step = 2 * turn->n_blocks;
  GpuTilePiece ahead[PARTS][AHEAD];

  for (int base = 0, start = 1; base < total || start; base += step, start = 0) {
    int   item = base + team * turn->n_blocks + turn->block;
    int   part = item < t0 ? 0 : item < t0 + t1 ? 1 : 2;
    int   tile_row = item - (part > 0 ? t0 : 0) - (part > 1 ? t1 : 0);
    float acc[PARTS][4] = {};
    bool  here = item < total;

    for (int kt = member; kt < kts || start; kt += GPU_TEAM * AHEAD) {
      if (here) {
#pragma unroll
        for (int i = 0; i < AHEAD; i++) {
          ahead[0][i] = gpu_load_tile<TYPE> (m, &m->part[part], tile_row, kt + i * GPU_TEAM, lane);
          if (PAIR)
            ahead[PARTS - 1][i] = gpu_load_tile<TYPE> (m, &m->part[1], tile_row, kt + i * GPU_TEAM, lane);
        }
      }
      if (start) {
        GpuRowNorms norms;

        gpu_ask_norms (m, &norms);
        gpu_turn_wait (turn);
        if (m->cols <= GPU_MATVEC_NORM) {
          gpu_take_row<false> (m, turn, &norms, row, sums);
          gpu_round_row (row, m->cols, x, x_scales);
        } else {
          gpu_round_row (m->x, m->cols, x, x_scales);
        }
        start = 0;
      }
      if (here) {
#pragma unroll
        for (int i = 0; i < AHEAD; i++)
          if (kt + i * GPU_TEAM < kts) {
            gpu_add_tile<TYPE> (acc[0], ahead[0][i], kt + i * GPU_TEAM, lane, x, x_scales, tiles);
            if (PAIR)
              gpu_add_tile<TYPE> (acc[PARTS - 1], ahead[PARTS - 1][i], kt + i * GPU_TEAM, lane, x, x_scales, tiles);
          }
      }
    }
#pragma unroll
    for (int p = 0; p < PARTS; p++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        float v = acc[p][i];

        v += gpu_shfl_xor (v, 4);
        v += gpu_shfl_xor (v, 8);
        v += gpu_shfl_xor (v, 16);
        if (lane < 4)
          sums[((team * 2 + p) * GPU_TEAM + member) * 16 + lane * 4 + i] = v;
      }
    }
    __syncthreads ();
    if (here && (int)(threadIdx.x % (GPU_TEAM * GPU_LANES)) < 16) {
      int   r = (int)(threadIdx.x % (GPU_TEAM * GPU_LANES));
      float v = 0.0f, up = 0.0f;

      for (int j = 0; j < GPU_TEAM; j++) {
        v += sums[(team * 2 * GPU_TEAM + j) * 16 + r];
        if (PAIR)
          up += sums[((team * 2 + 1) * GPU_TEAM + j) * 16 + r];
      }
      if (tile_row * 16 + r < m->part[part].rows)
        gpu_put_sum (m, part, tile_row * 16 + r, 0, v, up);
    }
    __syncthreads ();
  }
}

/* The host sends only what fits: bf16 with rows and strides of whole 16 bytes, or quantised; at most GPU_MATVEC_NORM columns where the row
 * is normalised. */
static __device__ void
gpu_step_matvec (const GpuMatvec *m, const GpuTurn *turn, float *shared)
{
  bool pair = m->epilogue == GPU_GELU_MUL;

  if (m->type == KRN_Q8 && pair)
    gpu_matvec_tiles<KRN_Q8, true> (m, turn, shared);
  else if (m->type == KRN_Q8)
    gpu_matvec_tiles<KRN_Q8, false> (m, turn, shared);
  else if (m->type == KRN_Q4 && pair)
    gpu_matvec_tiles<KRN_Q4, true> (m, turn, shared);
  else if (m->type == KRN_Q4)
    gpu_matvec_tiles<KRN_Q4, false> (m, turn, shared);
  else if (m->cols <= GPU_MATVEC_ROW)
    gpu_matvec_bf16<true> (m, turn, shared);
  else
    gpu_matvec_bf16<false> (m, turn, shared);
}

/* ---- any shape -------------------------------------------------------------------------------------------- */

/* Rows of any type, length and place: 32 lanes to an output, eight rows of x at a time. */
static __device__ __noinline__ void
gpu_step_plain (const GpuMatvec *m, const GpuTurn *turn)
{
  const GpuWeights *w = &m->part[0];
  int               lane = (int)(threadIdx.x % GPU_LANES);

  gpu_turn_wait (turn);
  for (int row = gpu_turn_group (turn); row < w->rows; row += gpu_turn_n_groups (turn))
    for (int token = 0; token < m->rows; token += 8) {
      float acc[8] = {0, 0, 0, 0, 0, 0, 0, 0};

      for (int k = lane; k < m->cols; k += GPU_LANES) {
        float v = gpu_number (w->w, m->type, m->cols, w->stride, row, k);

#pragma unroll
        for (int i = 0; i < 8; i++)
          if (token + i < m->rows)
            acc[i] += v * m->x[(size_t)(token + i) * (size_t)m->x_stride + (size_t)k];
      }
#pragma unroll
      for (int i = 0; i < 8; i++) {
        float v = gpu_lanes_sum (acc[i]);

        if (lane == 0 && token + i < m->rows)
          gpu_put_sum (m, 0, row, token + i, v, 0.0f);
      }
    }
}
