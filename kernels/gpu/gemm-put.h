/* gemm-put.h: what becomes of the sums of a product of many rows.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Device code. */
#pragma once

#include "kernels/gpu/gpu-mma.h"
#include "kernels/gpu/rows.h"
#include "kernels/gpu/step.h"

static __device__ __forceinline__ float
gpu_gemm_bound (GpuBounds b, float v)
{
  return b.low < b.high ? gpu_within (v, b.low, b.high) : v;
}

/* Two neighbours of a row, from an even column on. */
static __device__ __forceinline__ void
gpu_gemm_store (const GpuGemm *g, int row, int col, float a, float b)
{
  float *y = g->y + (size_t)row * (size_t)g->y_stride + (size_t)col;

  if (g->pairs && col + 1 < g->n) {
    gpu_u64 both;

    both.w[0] = gpu_bits_from_float (a);
    both.w[1] = gpu_bits_from_float (b);
    *(gpu_u64 *)(void *)y = both;
    return;
  }
  y[0] = a;
  if (col + 1 < g->n)
    y[1] = b;
}

static __device__ __forceinline__ void
gpu_gemm_store_ready (const GpuGemm *g, int row, int col, float a, float b)
{
  for (int p = 0; p < g->out.n_planes; p++) {
    uint32_t  both = gpu_narrow_2 (a, b);
    gpu_bf16 *to = (gpu_bf16 *)g->out.data + ((size_t)p * (size_t)g->out.rows + (size_t)row) * (size_t)g->out.cols + (size_t)(g->out_first + col);

    if (g->out.cols % 2 == 0 && col + 1 < g->n) {
      *(uint32_t *)(void *)to = both;
    } else {
      to[0].bits = (uint16_t)both;
      if (col + 1 < g->n)
        to[1].bits = (uint16_t)(both >> 16);
    }
    a -= gpu_float_from_bits (both << 16);
    b -= gpu_float_from_bits (both & 0xffff0000u);
  }
}

static __device__ __forceinline__ void
gpu_gemm_put (const GpuGemm *g, int row, int col, float a, float b)
{
  if (row < g->rows && col < g->n)
    gpu_gemm_store (g, row, col, gpu_gemm_bound (g->bounds, a), gpu_gemm_bound (g->bounds, b));
}

static __device__ __forceinline__ float
gpu_gemm_gate (const GpuGemm *g, float gate, float up)
{
  return gpu_gemm_bound (g->out_bounds, gpu_gelu (gpu_gemm_bound (g->bounds, gate)) * gpu_gemm_bound (g->up_bounds, up));
}

static __device__ __forceinline__ void
gpu_gemm_put_gated (const GpuGemm *g, int row, int col, const float gate[2], const float up[2])
{
  float a, b;

  if (row >= g->rows || col >= g->n)
    return;
  a = gpu_gemm_gate (g, gate[0], up[0]);
  b = gpu_gemm_gate (g, gate[1], up[1]);
  if (g->y != NULL)
    gpu_gemm_store (g, row, col, a, b);
  if (g->out.data != NULL)
    gpu_gemm_store_ready (g, row, col, a, b);
}
