/* limits.cu: what the GPU can do at best, measured now.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reading: every byte of a large array once, nothing else.  Matrix units: products of registers, nothing read. */
#include "kernels/gpu/device.h"

#include "kernels/gpu/gpu-mma.h"

#define GPU_READ_THREADS 512
#if defined(GPU_EMU) /* to see that it works */
#define GPU_READ_BYTES  ((size_t)1 << 20)
#define GPU_PEAK_ROUNDS 2
#define GPU_REPEATS     2
#else
#define GPU_READ_BYTES  ((size_t)1 << 30)
#define GPU_PEAK_ROUNDS 2000
#define GPU_REPEATS     9
#endif

__global__ void
gpu_read_kernel (const gpu_u128 *p, size_t n, uint32_t *out)
{
  size_t   step = (size_t)gridDim.x * blockDim.x, i = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
  uint32_t sum = 0;

  for (; i + 7 * step < n; i += 8 * step) {
    gpu_u128 v[8];
#pragma unroll
    for (int j = 0; j < 8; j++)
      v[j] = gpu_load_stream (p + i + (size_t)j * step);
#pragma unroll
    for (int j = 0; j < 8; j++)
      sum ^= v[j].w[0] ^ v[j].w[1] ^ v[j].w[2] ^ v[j].w[3];
  }
  for (; i < n; i += step) {
    gpu_u128 v = gpu_load_stream (p + i);
    sum ^= v.w[0] ^ v.w[1] ^ v.w[2] ^ v.w[3];
  }
  if (sum == 0x9e3779b9u) /* hardly ever, but it has to be computed */
    *out = sum;
}

__global__ void
gpu_peak_f32_kernel (float *out, float x)
{
  float a[16];

#pragma unroll
  for (int i = 0; i < 16; i++)
    a[i] = (float)threadIdx.x + (float)i;
  for (int r = 0; r < GPU_PEAK_ROUNDS; r++)
#pragma unroll
    for (int i = 0; i < 16; i++)
      a[i] = a[i] * x + 1.0f;
  float sum = 0.0f;
#pragma unroll
  for (int i = 0; i < 16; i++)
    sum += a[i];
  if (sum == 12345.678f)
    *out = sum;
}

__global__ void
gpu_peak_bf16_kernel (float *out, uint32_t seed)
{
#if GPU_MMA && defined(__CUDA_ARCH__)
  float    c[8][4] = {};
  uint32_t a[4], b[2];

  for (int i = 0; i < 4; i++)
    a[i] = seed * (threadIdx.x + 1u + (unsigned)i) & 0x3fff3fffu;
  b[0] = a[0] ^ 0x01010101u;
  b[1] = a[1] ^ 0x01010101u;
  for (int r = 0; r < GPU_PEAK_ROUNDS; r++)
#pragma unroll
    for (int i = 0; i < 8; i++)
      gpu_mma_8 (c[i], a, b[0], b[1]);
  float sum = 0.0f;
#pragma unroll
  for (int i = 0; i < 8; i++)
    sum += c[i][0] + c[i][1] + c[i][2] + c[i][3];
  if (sum == 12345.678f)
    *out = sum;
#endif
}

/* Seconds of the quickest of some runs of what @launch enqueues. */
template <class F>
static double
quickest (KrnDevice *dev, F launch)
{
  GPU (Event_t) begin, end;
  float best = 0.0f;

  if (GPU (EventCreateWithFlags) (&begin, 0) != GPU (Success) || GPU (EventCreateWithFlags) (&end, 0) != GPU (Success))
    return 0.0;
  for (int i = 0; i < GPU_REPEATS; i++) {
    float ms = 0.0f;

    gpu_check (dev, GPU (EventRecord) (begin, dev->stream), "measuring");
    launch ();
    gpu_check (dev, GPU (EventRecord) (end, dev->stream), "measuring");
    gpu_check (dev, GPU (EventSynchronize) (end), "measuring");
    gpu_check (dev, GPU (EventElapsedTime) (&ms, begin, end), "measuring");
    if (i > 0 && (best == 0.0f || ms < best))
      best = ms;
  }
  (void)GPU (EventDestroy) (begin);
  (void)GPU (EventDestroy) (end);
  return (double)best * 1e-3;
}

int
gpu_limits (KrnDevice *dev, KrnLimits *limits)
{
  size_t     bytes = GPU_READ_BYTES;
  int        blocks = dev->n_blocks * 4;
  KrnBuffer *buf;
  double     seconds;
  uint32_t  *out = (uint32_t *)(void *)(dev->arena + GPU_MANY_AT);

  gpu_send (dev);
  while ((buf = gpu_alloc (dev, bytes)) == NULL && bytes > GPU_READ_BYTES / 16)
    bytes /= 2;
  if (buf == NULL)
    return -1;
  *limits = (KrnLimits){0};
  seconds = quickest (dev, [&] { gpu_run (dev, gpu_read_kernel, blocks, GPU_READ_THREADS, 0, (const gpu_u128 *)(const void *)buf->data, bytes / 16, out); });
  limits->read_gbs = seconds > 0.0 ? (double)bytes / seconds / 1e9 : 0.0;
  seconds = quickest (dev, [&] { gpu_run (dev, gpu_peak_f32_kernel, blocks, 256, 0, (float *)(void *)out, 0.999f); });
  limits->f32_tflops = seconds > 0.0 ? 2.0 * 16 * GPU_PEAK_ROUNDS * 256.0 * blocks / seconds / 1e12 : 0.0;
#if defined(GPU_CUDA)
  if (dev->properties.major >= 8) {
    seconds = quickest (dev, [&] { gpu_run (dev, gpu_peak_bf16_kernel, blocks, 256, 0, (float *)(void *)out, 77u); });
    limits->bf16_tflops = seconds > 0.0 ? 2.0 * 16 * 8 * 16 * 8 * GPU_PEAK_ROUNDS * 8.0 * blocks / seconds / 1e12 : 0.0;
  }
#endif
  (void)GPU (StreamSynchronize) (dev->stream);
  (void)GPU (Free) (buf->data);
  dev->used -= buf->bytes;
  free (buf);
  return dev->failed ? -1 : 0;
}

double
gpu_read_rate (KrnDevice *dev, const KrnMat *mats, int n_mats)
{
  size_t    bytes = 0, mib = (size_t)1 << 20;
  uint32_t *out = (uint32_t *)(void *)(dev->arena + GPU_MANY_AT);
  double    seconds;

  gpu_send (dev);
  for (int i = 0; i < n_mats; i++)
    bytes += gpu_mat_bytes (mats[i]) / mib * mib;
  if (bytes == 0)
    return 0.0;
  seconds = quickest (dev, [&] {
    for (int i = 0; i < n_mats; i++)
      if (mats[i].buf->data != NULL && gpu_mat_bytes (mats[i]) >= mib)
        gpu_run (dev, gpu_read_kernel, dev->n_blocks * 4, GPU_READ_THREADS, 0, (const gpu_u128 *)(const void *)gpu_at (mats[i]),
                 gpu_mat_bytes (mats[i]) / mib * mib / 16, out);
  });
  return seconds > 0.0 ? (double)bytes / seconds / 1e9 : 0.0;
}
