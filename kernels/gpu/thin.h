/* thin.h: weights times a few rows (2 to 16) at once, as when several sequences are generated together.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The weights are still read only once, as one factor of a matrix product with 16 rows of weights and 8 or 16 of x.  Both factors
 * are read from memory as they lie: since a sum does not mind the order of its terms, a lane takes 16 bytes that lie together and
 * calls them the numbers that the matrix unit expects of it, the same for both factors.  Eight groups of lanes share a tile of 16
 * weight rows, each a part of their length.  Rows of x are ready (GpuReady).  Device code. */
#pragma once

#include "kernels/gpu/gpu-mma.h"
#include "kernels/gpu/matvec.h"

#define GPU_THIN_TILES 2 /* of 8 rows of x */

#if GPU_MMA && GPU_MMA_LANES == 32 && !defined(GPU_EMU_WMMA) && !defined(GPU_HIP)
#define GPU_THIN_MMA 1

typedef struct { float c[GPU_THIN_TILES][4]; } GpuThinSums;

/* Numbers [32·kc, 32·kc + 32) of 16 rows of bf16 weights. */
typedef struct { gpu_u128 upper, lower; } GpuThinPiece;

static __device__ __forceinline__ GpuThinPiece
gpu_load_thin (const GpuWeights *w, int tile_row, int kc, int n_kc, int lane)
{
  GpuThinPiece    p = {{{0, 0, 0, 0}}, {{0, 0, 0, 0}}};
  const gpu_bf16 *base = (const gpu_bf16 *)w->w + (size_t)kc * 32 + (size_t)(lane % 4) * 8;
  int             r = tile_row * 16 + lane / 4;

  if (kc < n_kc && r < w->rows)
    p.upper = gpu_load_stream (base + (size_t)r * (size_t)w->stride);
  if (kc < n_kc && r + 8 < w->rows)
    p.lower = gpu_load_stream (base + (size_t)(r + 8) * (size_t)w->stride);
  return p;
}

static __device__ __forceinline__ void
gpu_add_thin (GpuThinSums *s, const GpuThinPiece *p, const GpuMatvec *m, int kc, int lane)
{
  uint32_t a0[4] = {p->upper.w[0], p->lower.w[0], p->upper.w[1], p->lower.w[1]};
  uint32_t a1[4] = {p->upper.w[2], p->lower.w[2], p->upper.w[3], p->lower.w[3]};

  for (int plane = 0; plane < m->ready.n_planes; plane++) {
    const gpu_bf16 *x = (const gpu_bf16 *)m->ready.data + (size_t)plane * (size_t)m->ready.rows * (size_t)m->cols;
#pragma unroll
    for (int j = 0; j < GPU_THIN_TILES; j++) {
      int token = min (j * 8 + lane / 4, m->rows - 1);

      if (j * 8 >= m->rows)
        break;
      gpu_u128 b = *(const gpu_u128 *)(x + (size_t)token * (size_t)m->cols + (size_t)kc * 32 + (size_t)(lane % 4) * 8);
      gpu_mma_8 (s->c[j], a0, b.w[0], b.w[1]);
      gpu_mma_8 (s->c[j], a1, b.w[2], b.w[3]);
    }
  }
}

/* One tile of 16 × 32 quantised weights as the matrix unit wants it. */
typedef struct {
  uint32_t a[4];
  uint16_t upper_scale, lower_scale;
} GpuThinTile;

static __device__ __forceinline__ GpuThinTile
gpu_load_thin_tile (const GpuMatvec *m, const GpuWeights *w, int tile_row, int kt, int lane)
{
  int                  bytes = m->type == KRN_Q8 ? 544 : 288, r = lane / 4, t = lane % 4;
  GpuThinTile          p = {{0, 0, 0, 0}, 0, 0};
  const unsigned char *tile = (const unsigned char *)w->w + ((size_t)tile_row * (size_t)(m->cols / 32) + (size_t)kt) * (size_t)bytes;

  if (kt >= m->cols / 32)
    return p;
  p.upper_scale = ((const uint16_t *)tile)[r];
  p.lower_scale = ((const uint16_t *)tile)[r + 8];
  p.a[0] = gpu_load_stream32 (tile + 32 + t * 64 + r * 4);
  p.a[1] = gpu_load_stream32 (tile + 32 + t * 64 + r * 4 + 32);
  if (m->type == KRN_Q8) {
    p.a[2] = gpu_load_stream32 (tile + 32 + (t + 4) * 64 + r * 4);
    p.a[3] = gpu_load_stream32 (tile + 32 + (t + 4) * 64 + r * 4 + 32);
  }
  return p;
}

/* q − 8 of the four nibbles at @shift, as signed bytes. */
static __device__ __forceinline__ uint32_t
gpu_signed_nibbles (uint32_t w, int shift)
{
  return (((w >> shift & 0x0f0f0f0fu) | 0x80808080u) - 0x08080808u) ^ 0x80808080u;
}

static __device__ __forceinline__ void
gpu_add_thin_tile (GpuThinSums *s, const GpuThinTile *p, const GpuMatvec *m, int kt, int lane)
{
  bool     q8 = m->type == KRN_Q8;
  int      t = lane % 4;
  uint32_t a[4];

  if (q8) {
#pragma unroll
    for (int i = 0; i < 4; i++)
      a[i] = p->a[i] ^ 0x80808080u;
  } else {
    a[0] = gpu_signed_nibbles (p->a[0], 0);
    a[1] = gpu_signed_nibbles (p->a[1], 0);
    a[2] = gpu_signed_nibbles (p->a[0], 4);
    a[3] = gpu_signed_nibbles (p->a[1], 4);
  }
  float upper = gpu_widen_half (p->upper_scale), lower = gpu_widen_half (p->lower_scale);
#pragma unroll
  for (int j = 0; j < GPU_THIN_TILES; j++) {
    if (j * 8 >= m->rows)
      break;
    int             dot[4] = {0, 0, 0, 0};
    size_t          row = (size_t)min (j * 8 + lane / 4, m->rows - 1);
    const uint32_t *x = (const uint32_t *)((const int8_t *)m->ready.data + row * (size_t)m->cols + (size_t)kt * 32);
    const float    *scales = m->ready.scales + kt;
    int             c0 = min (j * 8 + 2 * t, m->rows - 1), c1 = min (j * 8 + 2 * t + 1, m->rows - 1), per_row = m->cols / 32;

    if (q8)
      gpu_mma_8_int8 (dot, a, x[t], x[t + 4]);
    else
      gpu_mma_8_int8 (dot, a, x[2 * t], x[2 * t + 1]);
    s->c[j][0] += (float)dot[0] * (upper * scales[c0 * per_row]);
    s->c[j][1] += (float)dot[1] * (upper * scales[c1 * per_row]);
    s->c[j][2] += (float)dot[2] * (lower * scales[c0 * per_row]);
    s->c[j][3] += (float)dot[3] * (lower * scales[c1 * per_row]);
  }
}

/* This lane's sums to where its team adds them up: [member][row][token]. */
static __device__ __forceinline__ void
gpu_keep_thin (float *sums, const GpuThinSums *s, int lane)
{
#pragma unroll
  for (int j = 0; j < GPU_THIN_TILES; j++)
#pragma unroll
    for (int i = 0; i < 4; i++)
      sums[(lane / 4 + i / 2 * 8) * 16 + j * 8 + lane % 4 * 2 + i % 2] = s->c[j][i];
}

/* BF16: bf16 weights, of whole 32 columns; else quantised ones.  PAIR: a gate and what it gates. */
template <bool BF16, bool PAIR>
static __device__ __noinline__ void
gpu_thin (const GpuMatvec *m, const GpuTurn *turn, float *shared)
{
  const int AHEAD = PAIR ? 2 : 4;
  int       lane = (int)(threadIdx.x % GPU_LANES), group = (int)(threadIdx.x / GPU_LANES), team = group / GPU_TEAM, member = group % GPU_TEAM;
  int       n_kc = m->cols / 32, t0 = (m->part[0].rows + 15) / 16;
  int       t1 = PAIR ? 0 : (m->part[1].rows + 15) / 16, t2 = PAIR ? 0 : (m->part[2].rows + 15) / 16;
  int       total = t0 + t1 + t2, step = 2 * turn->n_blocks;

  gpu_turn_wait (turn);
  for (int base = 0; base < total; base += step) {
    int         item = base + team * turn->n_blocks + turn->block;
    int         part = item < t0 ? 0 : item < t0 + t1 ? 1 : 2;
    int         tile_row = item - (part > 0 ? t0 : 0) - (part > 1 ? t1 : 0);
    GpuThinSums acc[PAIR ? 2 : 1] = {};
    bool        here = item < total;

    for (int kc = member; here && kc < n_kc; kc += GPU_TEAM * AHEAD) {
      if (BF16) {
        GpuThinPiece p[AHEAD][PAIR ? 2 : 1];
#pragma unroll
        for (int i = 0; i < AHEAD; i++)
#pragma unroll
          for (int k = 0; k < (PAIR ? 2 : 1); k++)
            p[i][k] = gpu_load_thin (&m->part[PAIR ? k : part], tile_row, kc + i * GPU_TEAM, n_kc, lane);
#pragma unroll
        for (int i = 0; i < AHEAD; i++)
          if (kc + i * GPU_TEAM < n_kc)
#pragma unroll
            for (int k = 0; k < (PAIR ? 2 : 1); k++)
              gpu_add_thin (&acc[k], &p[i][k], m, kc + i * GPU_TEAM, lane);
      } else {
        GpuThinTile p[AHEAD][PAIR ? 2 : 1];
#pragma unroll
        for (int i = 0; i < AHEAD; i++)
#pragma unroll
          for (int k = 0; k < (PAIR ? 2 : 1); k++)
            p[i][k] = gpu_load_thin_tile (m, &m->part[PAIR ? k : part], tile_row, kc + i * GPU_TEAM, lane);
#pragma unroll
        for (int i = 0; i < AHEAD; i++)
          if (kc + i * GPU_TEAM < n_kc)
#pragma unroll
            for (int k = 0; k < (PAIR ? 2 : 1); k++)
              gpu_add_thin_tile (&acc[k], &p[i][k], m, kc + i * GPU_TEAM, lane);
      }
    }
#pragma unroll
    for (int k = 0; k < (PAIR ? 2 : 1); k++)
      gpu_keep_thin (shared + ((k * 2 + team) * GPU_TEAM + member) * 256, &acc[k], lane);
    __syncthreads ();
    if (here) {
      int   i = (int)(threadIdx.x % (GPU_TEAM * GPU_LANES)), row = i % 16, token = i / 16;
      float v = 0.0f, up = 0.0f;

      for (int j = 0; j < GPU_TEAM; j++) {
        v += shared[(team * GPU_TEAM + j) * 256 + row * 16 + token];
        if (PAIR)
          up += shared[((2 + team) * GPU_TEAM + j) * 256 + row * 16 + token];
      }
      if (token < m->rows && tile_row * 16 + row < m->part[part].rows)
        gpu_put_sum (m, part, tile_row * 16 + row, token, v, up);
    }
    __syncthreads ();
  }
}

static __device__ void
gpu_step_thin (const GpuMatvec *m, const GpuTurn *turn, float *shared)
{
  bool pair = m->epilogue == GPU_GELU_MUL, bf16 = m->type == KRN_BF16;

  if (bf16 && pair)
    gpu_thin<true, true> (m, turn, shared);
  else if (bf16)
    gpu_thin<true, false> (m, turn, shared);
  else if (pair)
    gpu_thin<false, true> (m, turn, shared);
  else
    gpu_thin<false, false> (m, turn, shared);
}

#else
#define GPU_THIN_MMA 0

/* Without such matrix units: an output is a group's, eight rows of x at a time; what is ready is read back. */
static __device__ __forceinline__ float
gpu_ready_number (const GpuReady *r, int row, int k)
{
  size_t at = (size_t)row * (size_t)r->cols + (size_t)k;
  float  v = 0.0f;

  if (r->scales != NULL)
    return (float)((const int8_t *)r->data)[at] * r->scales[at / 32];
  for (int p = r->n_planes - 1; p >= 0; p--)
    v += gpu_widen (((const gpu_bf16 *)r->data)[(size_t)p * (size_t)r->rows * (size_t)r->cols + at]);
  return v;
}

static __device__ void
gpu_step_thin (const GpuMatvec *m, const GpuTurn *turn, float *shared)
{
  bool pair = m->epilogue == GPU_GELU_MUL;
  int  lane = (int)(threadIdx.x % GPU_LANES), total = m->part[0].rows + (pair ? 0 : m->part[1].rows + m->part[2].rows);

  gpu_turn_wait (turn);
  for (int item = gpu_turn_group (turn); item < total; item += gpu_turn_n_groups (turn)) {
    int row = item, part = pair ? 0 : gpu_part_of (m, &row);

    for (int token = 0; token < m->rows; token++) {
      float v = 0.0f, up = 0.0f;

      for (int k = lane; k < m->cols; k += GPU_LANES) {
        float x = gpu_ready_number (&m->ready, token, k);

        v += x * gpu_number (m->part[part].w, m->type, m->cols, m->part[part].stride, row, k);
        if (pair)
          up += x * gpu_number (m->part[1].w, m->type, m->cols, m->part[1].stride, row, k);
      }
      v = gpu_lanes_sum (v);
      up = gpu_lanes_sum (up);
      if (lane == 0)
        gpu_put_sum (m, part, row, token, v, up);
    }
  }
}
#endif
