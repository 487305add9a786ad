/* rows-many.cu: norms, residuals and bounds of many rows, and rows made ready.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a step does with a block for a row (rows.h), here GPU_LANES lanes do with a row in registers: no barrier, sixteen bytes at a time, read once
 * and written once.  Numbers (H100): 2,394 rows of 768 with a residual are 26 MB, 9 µs of memory. */
#include "kernels/gpu/device.h"

#include "kernels/gpu/gpu-mma.h"
#include "kernels/gpu/rows.h"

#define THREADS 128
#define GROUPS  (THREADS / GPU_LANES)

typedef struct __align__ (16) {
  float v[4];
} Four;

static __device__ __forceinline__ Four
load (const float *p)
{
  return *(const Four *)(const void *)p;
}

static __device__ __forceinline__ void
store (float *p, Four x)
{
  *(Four *)(void *)p = x;
}

static __device__ __forceinline__ Four
weights (GpuVector w, int i)
{
  Four x = {{1.0f, 1.0f, 1.0f, 1.0f}};

  if (w.p == NULL)
    return x;
  if (!w.bf16)
    return load ((const float *)w.p + i);
  gpu_u64 pair = *(const gpu_u64 *)(const void *)((const gpu_bf16 *)w.p + i);
  for (int j = 0; j < 2; j++) {
    x.v[2 * j] = gpu_float_from_bits (pair.w[j] << 16);
    x.v[2 * j + 1] = gpu_float_from_bits (pair.w[j] & 0xffff0000u);
  }
  return x;
}

static __device__ __forceinline__ float
squares_of (Four x, float sum)
{
#pragma unroll
  for (int j = 0; j < 4; j++)
    sum = fmaf (x.v[j], x.v[j], sum);
  return sum;
}

static __device__ __forceinline__ void
make_ready (const GpuReady *r, int row, int i, Four x)
{
  for (int p = 0; p < r->n_planes; p++) {
    gpu_u64 both;

#pragma unroll
    for (int j = 0; j < 2; j++) {
      both.w[j] = gpu_narrow_2 (x.v[2 * j], x.v[2 * j + 1]);
      x.v[2 * j] -= gpu_float_from_bits (both.w[j] << 16);
      x.v[2 * j + 1] -= gpu_float_from_bits (both.w[j] & 0xffff0000u);
    }
    *(gpu_u64 *)(void *)((gpu_bf16 *)r->data + ((size_t)p * (size_t)r->rows + (size_t)row) * (size_t)r->cols + (size_t)i) = both;
  }
}

/* x = (h + share · rms (y; norm)) · scalar, also to h. */
template <int PIECES>
static __device__ __forceinline__ void
add_residual (Four x[PIECES], const GpuResidual *r, int row, int lane)
{
  const float *y = r->y + (size_t)row * (size_t)r->y_stride;
  float       *h = r->h + (size_t)row * (size_t)r->h_stride, squares = 0.0f, k;

#pragma unroll
  for (int p = 0; p < PIECES; p++) {
    int i = (p * GPU_LANES + lane) * 4;

    if (i < r->cols) {
      x[p] = load (y + i);
      squares = squares_of (x[p], squares);
    }
  }
  k = r->share / sqrtf (gpu_lanes_sum (squares) / (float)r->cols + r->eps);
#pragma unroll
  for (int p = 0; p < PIECES; p++) {
    int i = (p * GPU_LANES + lane) * 4;

    if (i < r->cols) {
      Four w = weights (r->norm, i), old = load (h + i);

      for (int j = 0; j < 4; j++)
        x[p].v[j] = (old.v[j] + x[p].v[j] * k * w.v[j]) * r->scalar;
      store (h + i, x[p]);
    }
  }
}

/* A lane has PIECES pieces of four neighbours. */
template <int PIECES>
__global__ void __launch_bounds__ (THREADS)
gpu_rows_many_kernel (const __grid_constant__ GpuRows r)
{
  int  row = (int)(blockIdx.x * GROUPS + threadIdx.x / GPU_LANES), lane = (int)(threadIdx.x % GPU_LANES);
  Four x[PIECES] = {};

  if (row >= r.rows)
    return;
  if (r.residual.h != NULL) {
    add_residual<PIECES> (x, &r.residual, row, lane);
  } else {
#pragma unroll
    for (int p = 0; p < PIECES; p++) {
      int i = (p * GPU_LANES + lane) * 4;

      if (i < r.cols)
        x[p] = load (r.x + (size_t)row * (size_t)r.x_stride + i);
    }
  }
  float squares = 0.0f, k = 1.0f;

  if (r.normalise) {
#pragma unroll
    for (int p = 0; p < PIECES; p++)
      squares = squares_of (x[p], squares);
    k = 1.0f / sqrtf (gpu_lanes_sum (squares) / (float)r.cols + r.eps);
  }
#pragma unroll
  for (int p = 0; p < PIECES; p++) {
    int i = (p * GPU_LANES + lane) * 4;

    if (i < r.cols) {
      Four w = weights (r.norm, i);

      for (int j = 0; j < 4; j++) {
        x[p].v[j] = x[p].v[j] * k * w.v[j];
        if (r.low < r.high)
          x[p].v[j] = gpu_within (x[p].v[j], r.low, r.high);
      }
      if (r.y != NULL)
        store (r.y + (size_t)row * (size_t)r.y_stride + i, x[p]);
      if (r.ready.data != NULL)
        make_ready (&r.ready, row, i, x[p]);
    }
  }
}

static bool
is_aligned (const float *p, int stride)
{
  return ((uintptr_t)p & 15) == 0 && stride % 4 == 0;
}

static bool
vector_is_aligned (GpuVector w)
{
  return ((uintptr_t)w.p & (w.bf16 ? 7 : 15)) == 0;
}

bool
gpu_rows_many (KrnDevice *dev, const GpuRows *r)
{
  const GpuResidual *s = &r->residual;

  if (r->cols % 4 != 0 || r->cols > 16 * GPU_LANES * 4 || !is_aligned (r->x, r->x_stride) || !is_aligned (r->y, r->y_stride) ||
      !vector_is_aligned (r->norm) || r->ready.scales != NULL || (r->ready.data != NULL && r->ready.cols % 4 != 0))
    return false;
  if (s->h != NULL && (s->y_copy != NULL || s->h != r->x || s->cols != r->cols || !is_aligned (s->h, s->h_stride) || !is_aligned (s->y, s->y_stride) ||
                       !vector_is_aligned (s->norm)))
    return false;
  if (r->cols <= 6 * GPU_LANES * 4)
    gpu_run (dev, gpu_rows_many_kernel<6>, gpu_div_up (r->rows, GROUPS), THREADS, 0, *r);
  else if (r->cols <= 12 * GPU_LANES * 4)
    gpu_run (dev, gpu_rows_many_kernel<12>, gpu_div_up (r->rows, GROUPS), THREADS, 0, *r);
  else
    gpu_run (dev, gpu_rows_many_kernel<16>, gpu_div_up (r->rows, GROUPS), THREADS, 0, *r);
  return true;
}
