/* rows.h: steps that go along rows: norms, heads, gates, tables, angles.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A row that is normalised belongs to a block, everything else to groups of GPU_LANES lanes.  Element i of a row belongs to thread
 * i mod (size of the block), so that memory is read together and every block of 32 elements lies in one group.
 * Device code. */
#pragma once

#include "kernels/krn.h"
#include "kernels/gpu/turn.h"

static __device__ __forceinline__ float
gpu_weight (GpuVector v, int i)
{
  if (v.p == NULL)
    return 1.0f;
  return v.bf16 ? gpu_widen (((const gpu_bf16 *)v.p)[i]) : ((const float *)v.p)[i];
}

/* ½x (1 + tanh u) is x / (1 + e^−2u) without the loss of digits where the tangent is near −1, and quicker. */
static __device__ __forceinline__ float
gpu_gelu (float x)
{
  float u = fmaf (x * x * 0.044715f, x, x) * 0.7978845608028654f;

#if defined(__CUDA_ARCH__)
  return __fdividef (x, 1.0f + expf (-2.0f * u)); /* 2 units in the last place */
#else
  return x / (1.0f + expf (-2.0f * u));
#endif
}

/* Not a number stays so. */
static __device__ __forceinline__ float
gpu_within (float x, float low, float high)
{
  return x < low ? low : x > high ? high : x;
}

/* The sum over a block, for all its threads.  @shared: 17 floats or more that nobody else uses. */
static __device__ __forceinline__ float
gpu_block_sum (float v, float *shared)
{
  float sum = 0.0f;

  v = gpu_lanes_sum (v);
  __syncthreads ();
  if (threadIdx.x % GPU_LANES == 0)
    shared[threadIdx.x / GPU_LANES] = v;
  __syncthreads ();
  for (int i = 0; i < (int)(blockDim.x / GPU_LANES); i++)
    sum += shared[i];
  return sum;
}

/* Element @i of row @row made ready; all lanes of a group have neighbours in one block of 32. */
static __device__ __forceinline__ void
gpu_make_ready (const GpuReady *r, int row, int i, float v)
{
  size_t at = (size_t)row * (size_t)r->cols + (size_t)i;

  if (r->scales != NULL) {
    uint32_t most = gpu_bits_from_float (v) & 0x7fffffffu;
    float    scale;

#pragma unroll
    for (int m = GPU_LANES / 2; m > 0; m >>= 1)
      most = max (most, gpu_shfl_xor (most, m));
    /* What is not finite has larger bits than all that is: it spoils its block, and shows. */
    scale = most < 0x7f800000u ? gpu_float_from_bits (most) / 127.0f : gpu_float_from_bits (0x7fc00000u);
    ((int8_t *)r->data)[at] = (int8_t)(scale > 0.0f ? __float2int_rn (v / scale) : scale == 0.0f ? 0 : 1);
    if (i % 32 == 0)
      r->scales[at / 32] = scale;
    return;
  }
  for (int p = 0; p < r->n_planes; p++) {
    gpu_bf16 part = gpu_narrow (v);

    ((gpu_bf16 *)r->data)[(size_t)p * (size_t)r->rows * (size_t)r->cols + at] = part;
    v -= gpu_widen (part);
  }
}

/* Adds the residual of @row for good; the sum of the squares of what this lane wrote. */
static __device__ float
gpu_add_residual (const GpuResidual *r, int row, int lane, int size, float *shared)
{
  const float *y = r->y + (size_t)row * (size_t)r->y_stride;
  float       *h = r->h + (size_t)row * (size_t)r->h_stride;
  float        squares = 0.0f, k;

  for (int i = lane; i < r->cols; i += size)
    squares += y[i] * y[i];
  k = 1.0f / sqrtf (gpu_block_sum (squares, shared) / (float)r->cols + r->eps);
  squares = 0.0f;
  for (int i = lane; i < r->cols; i += size) {
    float v = (h[i] + y[i] * k * gpu_weight (r->norm, i) * r->share) * r->scalar;

    if (r->y_copy != NULL)
      r->y_copy[i] = y[i];
    h[i] = v;
    squares += v * v;
  }
  return squares;
}

static __device__ __forceinline__ void
gpu_one_row (const GpuRows *r, int row, int lane, int size, float *shared)
{
  const float *x = r->x + (size_t)row * (size_t)r->x_stride;
  float       *y = r->y != NULL ? r->y + (size_t)row * (size_t)r->y_stride : NULL;
  float        squares = 0.0f, k = 1.0f;

  if (r->residual.h != NULL)
    squares = gpu_add_residual (&r->residual, row, lane, size, shared);
  else if (r->normalise)
    for (int i = lane; i < r->cols; i += size)
      squares += x[i] * x[i];
  if (r->normalise)
    k = 1.0f / sqrtf (gpu_block_sum (squares, shared) / (float)r->cols + r->eps);
  if (y == NULL && r->ready.data == NULL)
    return;
  for (int i = lane; i < r->cols; i += size) {
    float v = x[i] * k * gpu_weight (r->norm, i);

    if (r->low < r->high)
      v = gpu_within (v, r->low, r->high);
    if (y != NULL)
      y[i] = v;
    if (r->ready.data != NULL)
      gpu_make_ready (&r->ready, row, i, v);
  }
}

static __device__ __noinline__ void
gpu_step_rows (const GpuRows *r, const GpuTurn *turn, float *shared)
{
  gpu_turn_wait (turn);
  for (int row = turn->block; row < r->rows; row += turn->n_blocks)
    gpu_one_row (r, row, (int)threadIdx.x, (int)blockDim.x, shared);
}

/* ---- heads ------------------------------------------------------------------------------------------ */

static __device__ __forceinline__ const GpuSpan *
gpu_span_of (const GpuSpan *spans, int n_spans, int row)
{
  int i = 0;

  while (i + 1 < n_spans && row >= spans[i].row + spans[i].n_rows)
    i++;
  return spans + i;
}

static __device__ __forceinline__ void
gpu_store_key (void *cache, int type, size_t at, float v)
{
  if (type == KRN_BF16)
    ((gpu_bf16 *)cache)[at] = gpu_narrow (v);
  else
    ((float *)cache)[at] = v;
}

#define GPU_HEAD_OWN 8 /* pairs of a head that a lane has: heads of up to 512 */

static __device__ __forceinline__ void
gpu_put_in_head (const GpuHeads *hs, float *x, void *cache, size_t at, int i, float v)
{
  if (cache != NULL)
    gpu_store_key (cache, hs->kv_type, at + (size_t)i, v);
  else
    x[i] = v;
}

/* One head of one row, by 32 lanes; lane i has the pairs (i, i + hd/2), (i + 32, …) and, of an odd head, the last number. */
static __device__ __forceinline__ void
gpu_one_head (const GpuHeads *hs, const GpuHeadsPart *part, const GpuSpan *spans, int row, int head, int lane)
{
  int          hd = hs->head_dim, half = hd / 2;
  float       *x = part->x + (size_t)row * (size_t)part->stride + (size_t)head * (size_t)hd;
  const float *cs = hs->cs + (size_t)row * (size_t)hs->cs_stride;
  float        a[GPU_HEAD_OWN], b[GPU_HEAD_OWN], c[GPU_HEAD_OWN], s[GPU_HEAD_OWN], last = 0.0f, squares = 0.0f, k = 1.0f;
  void        *cache = NULL;
  size_t       at = 0;

#pragma unroll
  for (int j = 0; j < GPU_HEAD_OWN; j++) {
    int  i = lane + j * GPU_LANES;
    bool there = i < half;

    a[j] = there ? x[i] : 0.0f;
    b[j] = there ? x[i + half] : 0.0f;
    c[j] = there && part->turn ? cs[i] : 1.0f;
    s[j] = there && part->turn ? cs[i + half] : 0.0f;
  }
  if (hd % 2 != 0 && lane == 0)
    last = x[hd - 1];
  if (part->store) {
    const GpuSpan *span = gpu_span_of (spans, hs->n_spans, row);

    cache = part->store == 1 ? span->k : span->v;
    at = (size_t)((span->position + row - span->row) % span->slots) * (size_t)(part->store == 1 ? span->k_stride : span->v_stride) + (size_t)head * (size_t)hd;
  }
  if (part->normalise) {
    squares = last * last;
#pragma unroll
    for (int j = 0; j < GPU_HEAD_OWN; j++)
      squares += a[j] * a[j] + b[j] * b[j];
    k = 1.0f / sqrtf (gpu_lanes_sum (squares) / (float)hd + hs->eps);
  }
#pragma unroll
  for (int j = 0; j < GPU_HEAD_OWN; j++) {
    int i = lane + j * GPU_LANES;

    if (i < half) {
      float u = a[j] * k * gpu_weight (part->norm, i), v = b[j] * k * gpu_weight (part->norm, i + half);

      a[j] = u * c[j] - v * s[j];
      b[j] = v * c[j] + u * s[j];
    }
  }
#pragma unroll
  for (int j = 0; j < GPU_HEAD_OWN; j++) {
    int i = lane + j * GPU_LANES;

    if (i < half) {
      gpu_put_in_head (hs, x, cache, at, i, a[j]);
      gpu_put_in_head (hs, x, cache, at, i + half, b[j]);
    }
  }
  if (hd % 2 != 0 && lane == 0)
    gpu_put_in_head (hs, x, cache, at, hd - 1, last * k * gpu_weight (part->norm, hd - 1));
}

static __device__ __noinline__ void
gpu_step_heads (const GpuHeads *hs, const GpuSpan *spans, const GpuTurn *turn)
{
  int per_row = 0, lane = (int)(threadIdx.x % GPU_LANES);

  for (int i = 0; i < hs->n_parts; i++)
    per_row += hs->part[i].n_heads;
  gpu_turn_wait (turn);
  for (int item = gpu_turn_group (turn); item < hs->rows * per_row; item += gpu_turn_n_groups (turn)) {
    int row = item / per_row, head = item % per_row, i = 0;

    while (head >= hs->part[i].n_heads)
      head -= hs->part[i++].n_heads;
    gpu_one_head (hs, &hs->part[i], spans, row, head, lane);
  }
}

/* ---- element by element ------------------------------------------------------------------------------ */

#define GPU_PIECE 256 /* columns that 32 lanes take at once */

static __device__ __noinline__ void
gpu_step_ple (const GpuPle *e, const GpuTurn *turn)
{
  int lane = (int)(threadIdx.x % GPU_LANES);

  gpu_turn_wait (turn);
  for (int item = gpu_turn_group (turn); item < e->rows * e->groups; item += gpu_turn_n_groups (turn)) {
    float *p = e->p + (size_t)(item / e->groups) * (size_t)e->p_stride + (size_t)(item % e->groups) * (size_t)e->width;
    float *c = e->c + (size_t)(item / e->groups) * (size_t)e->c_stride + (size_t)(item % e->groups) * (size_t)e->width;
    float  squares = 0.0f, k;

    for (int i = lane; i < e->width; i += GPU_LANES)
      squares += c[i] * e->scale * (c[i] * e->scale);
    k = 1.0f / sqrtf (gpu_lanes_sum (squares) / (float)e->width + e->eps);
    for (int i = lane; i < e->width; i += GPU_LANES) {
      float v = c[i] * e->scale * k * gpu_weight (e->norm, i);

      c[i] = v;
      p[i] = (p[i] + v) * 0.70710678118654752f;
    }
  }
}

static __device__ __noinline__ void
gpu_step_copy (const GpuCopy *c, const GpuTurn *turn)
{
  int pieces = (c->cols + GPU_PIECE - 1) / GPU_PIECE;

  gpu_turn_wait (turn);
  for (int item = gpu_turn_group (turn); item < c->rows * pieces; item += gpu_turn_n_groups (turn)) {
    int          begin = item % pieces * GPU_PIECE, end = min (begin + GPU_PIECE, c->cols);
    const float *x = c->x + (size_t)(item / pieces) * (size_t)c->x_stride;
    float       *y = c->y + (size_t)(item / pieces) * (size_t)c->y_stride;

    for (int i = begin + (int)(threadIdx.x % GPU_LANES); i < end; i += GPU_LANES)
      y[i] = c->cap > 0.0f ? c->cap * tanhf (x[i] / c->cap) : x[i];
  }
}

static __device__ __noinline__ void
gpu_step_gelu (const GpuGelu *g, const GpuTurn *turn)
{
  int pieces = (g->cols + GPU_PIECE - 1) / GPU_PIECE;

  gpu_turn_wait (turn);
  for (int item = gpu_turn_group (turn); item < g->rows * pieces; item += gpu_turn_n_groups (turn)) {
    int          row = item / pieces, begin = item % pieces * GPU_PIECE, end = min (begin + GPU_PIECE, g->cols);
    const float *x = g->x + (size_t)row * (size_t)g->x_stride, *u = g->u + (size_t)row * (size_t)g->u_stride;
    float       *y = g->y + (size_t)row * (size_t)g->y_stride;

    for (int i = begin + (int)(threadIdx.x % GPU_LANES); i < end; i += GPU_LANES) {
      float v = gpu_gelu (x[i]) * u[i];

      y[i] = v;
      if (g->ready.data != NULL)
        gpu_make_ready (&g->ready, row, i, v);
    }
  }
}

/* One number of a quantised matrix, as krn-quant.h lays it out. */
static __device__ __forceinline__ float
gpu_dequantise (const void *w, int type, int cols, int row, int col)
{
  int                  tile_bytes = type == KRN_Q8 ? 544 : 288, r = row % 16, c = col % 32;
  const unsigned char *tile = (const unsigned char *)w + ((size_t)(row / 16) * (size_t)(cols / 32) + (size_t)(col / 32)) * (size_t)tile_bytes;
  float                scale = gpu_widen_half (((const uint16_t *)tile)[r]);

  if (type == KRN_Q8)
    return scale * (float)((int)tile[32 + c / 4 * 64 + r * 4 + c % 4] - 128);
  return scale * (float)((int)(tile[32 + c / 8 * 64 + r * 4 + c % 4] >> (c & 4) & 15) - 8);
}

static __device__ __forceinline__ float
gpu_number (const void *w, int type, int cols, int stride, int row, int col)
{
  if (type == KRN_BF16)
    return gpu_widen (((const gpu_bf16 *)w)[(size_t)row * (size_t)stride + (size_t)col]);
  if (type == KRN_F32)
    return ((const float *)w)[(size_t)row * (size_t)stride + (size_t)col];
  return gpu_dequantise (w, type, cols, row, col);
}

static __device__ __noinline__ void
gpu_step_gather (const GpuGather *g, const GpuTurn *turn)
{
  int pieces = (g->cols + GPU_PIECE - 1) / GPU_PIECE;

  gpu_turn_wait (turn);
  for (int item = gpu_turn_group (turn); item < g->rows * pieces; item += gpu_turn_n_groups (turn)) {
    int    row = item / pieces, begin = item % pieces * GPU_PIECE, end = min (begin + GPU_PIECE, g->cols);
    int    id = g->ids != NULL ? g->ids[row] : row;
    float *y = g->y + (size_t)row * (size_t)g->y_stride;

    for (int i = begin + (int)(threadIdx.x % GPU_LANES); i < end; i += GPU_LANES)
      y[i] = g->scale * gpu_number (g->table, g->type, g->table_cols, g->stride, id, i);
  }
}

static __device__ __noinline__ void
gpu_step_angles (const GpuAngles *a, const GpuSpan *spans, const GpuTurn *turn)
{
  int half = a->head_dim / 2;

  gpu_turn_wait (turn);
  for (int row = gpu_turn_group (turn); row < a->rows; row += gpu_turn_n_groups (turn)) {
    const GpuSpan *span = gpu_span_of (spans, a->n_spans, row);
    float          p = (float)(span->position + row - span->row);
    float         *cs = a->cs + (size_t)row * (size_t)a->cs_stride;

    for (int i = (int)(threadIdx.x % GPU_LANES); i < half; i += GPU_LANES) {
      float angle = p * a->freq[i];

      cs[i] = cosf (angle);
      cs[i + half] = sinf (angle);
    }
  }
}
