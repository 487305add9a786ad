/* attend.h: attention of few rows over a cache, as when a token is generated.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Bound by reading keys and values, once.  An item of work is one row, one head of keys and a part of them; a block
 * computes the up to 8 query heads that read this head together, chunk by chunk of keys with running maxima and sums (arXiv
 * 1805.02867, 2205.14135).  A second step joins the parts.  Device code. */
#pragma once

#include "kernels/gpu/rows.h"

#define GPU_ATTEND_HEADS 8   /* query heads at once */
#define GPU_ATTEND_KEYS  64  /* of a chunk */
#define GPU_ATTEND_WIDTH 512 /* the widest head */

static __device__ __forceinline__ float
gpu_key (const void *p, int type, size_t at)
{
  return type == KRN_BF16 ? gpu_widen (((const gpu_bf16 *)p)[at]) : ((const float *)p)[at];
}

/* Four numbers of a key or value.  @n: how many of them there are; 4 and @wide: they may be read at once. */
static __device__ __forceinline__ float4
gpu_four (const void *p, int type, size_t at, int wide, int n)
{
  float4 r;

  if (!wide) {
    r.x = gpu_key (p, type, at);
    r.y = n > 1 ? gpu_key (p, type, at + 1) : 0.0f;
    r.z = n > 2 ? gpu_key (p, type, at + 2) : 0.0f;
    r.w = n > 3 ? gpu_key (p, type, at + 3) : 0.0f;
    return r;
  }
  if (type == KRN_BF16) {
    gpu_u64 w = *(const gpu_u64 *)((const gpu_bf16 *)p + at);

    r.x = gpu_widen_lo (w.w[0]);
    r.y = gpu_widen_hi (w.w[0]);
    r.z = gpu_widen_lo (w.w[1]);
    r.w = gpu_widen_hi (w.w[1]);
    return r;
  }
  return *(const float4 *)((const float *)p + at);
}

/* One item's place. */
typedef struct {
  const GpuSpan *span;
  int            row, kv_head, first_head, n_heads; /* query heads */
  int            begin, end;                        /* key positions */
} GpuAttendItem;

static __device__ __forceinline__ GpuAttendItem
gpu_attend_item (const GpuAttend *a, const GpuSpan *spans, int item, int per_kv, int blocks_of_heads)
{
  GpuAttendItem it;
  int           part = item % a->n_parts, rest = item / a->n_parts, position, first, each;

  it.first_head = rest % blocks_of_heads * GPU_ATTEND_HEADS;
  rest /= blocks_of_heads;
  it.kv_head = rest % a->n_kv_heads;
  it.row = rest / a->n_kv_heads;
  it.n_heads = min (GPU_ATTEND_HEADS, per_kv - it.first_head);
  it.first_head += it.kv_head * per_kv;
  it.span = gpu_span_of (spans, a->n_spans, it.row);
  position = it.span->position + (a->all ? 0 : it.row - it.span->row);
  first = a->window > 0 ? max (0, position - a->window + 1) : 0;
  each = (position - first + a->n_parts) / a->n_parts;
  it.begin = first + part * each;
  it.end = min (position + 1, it.begin + each);
  return it;
}

/* scores[h][key] = scale · q_h·k of one chunk; 32 lanes take two keys at a time. */
static __device__ __forceinline__ void
gpu_score_chunk (const GpuAttend *a, const GpuAttendItem *it, const float *q, float *scores, int begin, int n)
{
  int lane = (int)(threadIdx.x % GPU_LANES), groups = (int)(blockDim.x / GPU_LANES), hd = a->head_dim, pitch = (hd + 3) / 4 * 4;

  for (int key = (int)(threadIdx.x / GPU_LANES) * 2; key < n; key += 2 * groups) {
    float  s[2][GPU_ATTEND_HEADS] = {{0}};
    size_t at[2];

#pragma unroll
    for (int j = 0; j < 2; j++)
      at[j] = (size_t)((begin + min (key + j, n - 1)) % it->span->slots) * (size_t)it->span->k_stride + (size_t)it->kv_head * (size_t)hd;
    float4 k0[GPU_ATTEND_WIDTH / 128], k1[GPU_ATTEND_WIDTH / 128];
#pragma unroll
    for (int c = 0; c < GPU_ATTEND_WIDTH / 128; c++) {
      int i = (c * GPU_LANES + lane) * 4;

      if (i < hd) {
        k0[c] = gpu_four (it->span->k, a->kv_type, at[0] + (size_t)i, a->wide, hd - i);
        k1[c] = gpu_four (it->span->k, a->kv_type, at[1] + (size_t)i, a->wide, hd - i);
      }
    }
#pragma unroll
    for (int c = 0; c < GPU_ATTEND_WIDTH / 128; c++) {
      int i = (c * GPU_LANES + lane) * 4;

      if (i >= hd)
        break;
#pragma unroll
      for (int h = 0; h < GPU_ATTEND_HEADS; h++) {
        float4 x = *(const float4 *)(q + h * pitch + i);

        s[0][h] += x.x * k0[c].x + x.y * k0[c].y + x.z * k0[c].z + x.w * k0[c].w;
        s[1][h] += x.x * k1[c].x + x.y * k1[c].y + x.z * k1[c].z + x.w * k1[c].w;
      }
    }
#pragma unroll
    for (int j = 0; j < 2; j++)
#pragma unroll
      for (int h = 0; h < GPU_ATTEND_HEADS; h++) {
        float v = gpu_lanes_sum (s[j][h]) * a->scale;

        if (lane == 0 && key + j < n)
          scores[h * GPU_ATTEND_KEYS + key + j] = v;
      }
  }
}

/* Group h: the chunk's weights of head h, e^(score − maximum), and how much what was added before shrinks. */
static __device__ __forceinline__ void
gpu_weigh_chunk (const float *scores, float *weights, float *most, float *sum, float *shrink, int n)
{
  int h = (int)(threadIdx.x / GPU_LANES), lane = (int)(threadIdx.x % GPU_LANES);

  if (h >= GPU_ATTEND_HEADS)
    return;
  float m = most[h], total = 0.0f;
  for (int i = lane; i < n; i += GPU_LANES)
    m = fmaxf (m, scores[h * GPU_ATTEND_KEYS + i]);
  m = gpu_lanes_max (m);
  for (int i = lane; i < n; i += GPU_LANES) {
    float p = expf (scores[h * GPU_ATTEND_KEYS + i] - m);

    weights[i * GPU_ATTEND_HEADS + h] = p;
    total += p;
  }
  total = gpu_lanes_sum (total);
  if (lane == 0) {
    shrink[h] = most[h] > -INFINITY ? expf (most[h] - m) : 0.0f;
    sum[h] = sum[h] * shrink[h] + total;
    most[h] = m;
  }
}

static __device__ __forceinline__ void
gpu_attend_one (const GpuAttend *a, const GpuAttendItem *it, int part, float *shared)
{
  float *q = shared, *scores = q + GPU_ATTEND_HEADS * GPU_ATTEND_WIDTH, *weights = scores + GPU_ATTEND_HEADS * GPU_ATTEND_KEYS;
  float *most = weights + GPU_ATTEND_HEADS * GPU_ATTEND_KEYS, *sum = most + GPU_ATTEND_HEADS, *shrink = sum + GPU_ATTEND_HEADS;
  float *pool = shrink + GPU_ATTEND_HEADS; /* (groups of keys, heads, hd), at most 32 KB */
  int    hd = a->head_dim, t = (int)threadIdx.x, quads = (hd + 3) / 4, pitch = quads * 4;
  /* A thread takes four neighbouring numbers of all values of its group of keys. */
  int    n_groups = min (8192 / (GPU_ATTEND_HEADS * pitch), (int)blockDim.x / quads), mine = t / quads, i0 = t % quads * 4;
  float  acc[GPU_ATTEND_HEADS][4] = {{0}};
  bool   adds = mine < n_groups;

  for (int i = t; i < GPU_ATTEND_HEADS * pitch; i += (int)blockDim.x)
    q[i] = i / pitch < it->n_heads && i % pitch < hd
               ? a->q[(size_t)it->row * (size_t)a->q_stride + (size_t)(it->first_head + i / pitch) * (size_t)hd + (size_t)(i % pitch)]
               : 0.0f;
  if (t < GPU_ATTEND_HEADS) {
    most[t] = -INFINITY;
    sum[t] = 0.0f;
  }
  for (int begin = it->begin; begin < it->end; begin += GPU_ATTEND_KEYS) {
    int n = min (GPU_ATTEND_KEYS, it->end - begin);

    __syncthreads ();
    gpu_score_chunk (a, it, q, scores, begin, n);
    __syncthreads ();
    gpu_weigh_chunk (scores, weights, most, sum, shrink, n);
    __syncthreads ();
    if (adds) {
#pragma unroll
      for (int h = 0; h < GPU_ATTEND_HEADS; h++)
#pragma unroll
        for (int i = 0; i < 4; i++)
          acc[h][i] *= shrink[h];
#pragma unroll 8
      for (int key = mine; key < n; key += n_groups) {
        size_t at = (size_t)((begin + key) % it->span->slots) * (size_t)it->span->v_stride + (size_t)it->kv_head * (size_t)hd + (size_t)i0;
        float4 v = gpu_four (it->span->v, a->kv_type, at, a->wide, hd - i0);

#pragma unroll
        for (int h = 0; h < GPU_ATTEND_HEADS; h++) {
          float w = weights[key * GPU_ATTEND_HEADS + h];

          acc[h][0] += w * v.x;
          acc[h][1] += w * v.y;
          acc[h][2] += w * v.z;
          acc[h][3] += w * v.w;
        }
      }
    }
  }
  if (adds)
#pragma unroll
    for (int h = 0; h < GPU_ATTEND_HEADS; h++)
#pragma unroll
      for (int i = 0; i < 4; i++)
        pool[(mine * GPU_ATTEND_HEADS + h) * pitch + i0 + i] = acc[h][i];
  __syncthreads ();
  for (int i = t; i < it->n_heads * hd; i += (int)blockDim.x) {
    int    head = it->first_head + i / hd;
    float  v = 0.0f;
    size_t at = ((size_t)it->row * (size_t)a->n_parts + (size_t)part) * (size_t)a->n_heads + (size_t)head;

    for (int g = 0; g < n_groups; g++)
      v += pool[(g * GPU_ATTEND_HEADS + i / hd) * pitch + i % hd];
    if (a->n_parts == 1) {
      a->o[(size_t)it->row * (size_t)a->o_stride + (size_t)head * (size_t)hd + (size_t)(i % hd)] = v / sum[i / hd];
      continue;
    }
    a->parts[at * (size_t)hd + (size_t)(i % hd)] = v;
    if (i % hd == 0) {
      a->weights[at * 2] = most[i / hd];
      a->weights[at * 2 + 1] = sum[i / hd];
    }
  }
  __syncthreads ();
}

static __device__ __noinline__ void
gpu_step_attend (const GpuAttend *a, const GpuSpan *spans, const GpuTurn *turn, float *shared)
{
  int per_kv = a->n_heads / a->n_kv_heads, blocks_of_heads = (per_kv + GPU_ATTEND_HEADS - 1) / GPU_ATTEND_HEADS;

  gpu_turn_wait (turn);
  for (int item = turn->block; item < a->rows * a->n_kv_heads * blocks_of_heads * a->n_parts; item += turn->n_blocks) {
    GpuAttendItem it = gpu_attend_item (a, spans, item, per_kv, blocks_of_heads);

    gpu_attend_one (a, &it, item % a->n_parts, shared);
  }
}

/* o = Σ e^(most − m)·part / Σ e^(most − m)·sum over the parts.  A part without keys has sum 0 and most −∞. */
static __device__ __noinline__ void
gpu_step_join (const GpuAttend *a, const GpuTurn *turn)
{
  int hd = a->head_dim, lane = (int)(threadIdx.x % GPU_LANES), pieces = (hd + GPU_LANES - 1) / GPU_LANES;

  gpu_turn_wait (turn);
  for (int item = gpu_turn_group (turn); item < a->rows * a->n_heads * pieces; item += gpu_turn_n_groups (turn)) {
    int          i = item % pieces * GPU_LANES + lane, head = item / pieces % a->n_heads, row = item / pieces / a->n_heads;
    const float *w = a->weights + ((size_t)row * (size_t)a->n_parts * (size_t)a->n_heads + (size_t)head) * 2;
    const float *parts = a->parts + ((size_t)row * (size_t)a->n_parts * (size_t)a->n_heads + (size_t)head) * (size_t)hd;
    float        most = -INFINITY, sum = 0.0f, v = 0.0f;

    for (int p = lane; p < a->n_parts; p += GPU_LANES)
      most = fmaxf (most, w[(size_t)p * (size_t)a->n_heads * 2]);
    most = gpu_lanes_max (most);
#pragma unroll 8
    for (int p = 0; p < a->n_parts; p++) {
      float m = w[(size_t)p * (size_t)a->n_heads * 2], k = m > -INFINITY ? expf (m - most) : 0.0f;

      sum += k * w[(size_t)p * (size_t)a->n_heads * 2 + 1];
      if (i < hd)
        v += k * parts[(size_t)p * (size_t)a->n_heads * (size_t)hd + (size_t)i];
    }
    if (i < hd)
      a->o[(size_t)row * (size_t)a->o_stride + (size_t)head * (size_t)hd + (size_t)i] = v / sum;
  }
}
