/* gpu.h: one dialect for nvcc (CUDA), hipcc (HIP) and, with GPU_EMU, a C++ compiler.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The only file that names a vendor, besides gpu-mma.h (matrix instructions).  Kernels are written in C with
 * __global__, __device__ and template parameters for types and tiles, and with these words:
 *
 *   GPU (Malloc)            cudaMalloc, hipMalloc: run-time calls by their common name
 *   GPU_LAUNCH (…)          kernel<<<grid, block, shared, stream>>> (…)
 *   GPU_LAUNCH_TOGETHER (…) the same, with all blocks on the device at once (grid barriers).  Both report through
 *                           GPU (GetLastError) ()
 *   GPU_SHARED (T, name)    the block's dynamic shared memory, the only kind that is used
 *   GPU_BOUNDS (t, b)       a kernel's threads in a block, and how many blocks a processor should have registers for
 *   GPU_LANES               lanes that reduce and shuffle together: 32 on every device.  A wave of 64 is two
 *                           such groups, which is right as long as no lane waits for another group's
 *   gpu_shfl, gpu_shfl_xor  within those lanes
 *
 * bf16 and fp8 are plain storage types of 16 and 8 bits, so that they have the same bits everywhere. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define GPU_LANES 32

#if defined(GPU_EMU)
#include "kernels/gpu/gpu-emu.h"
#elif defined(__HIP_PLATFORM_AMD__) || defined(__HIP__) || defined(__HIPCC__) || defined(GPU_HIP_SHIM)
#define GPU_HIP 1
#if !defined(__CUDACC__)
#define __grid_constant__
#endif
#include <hip/hip_runtime.h>
#define GPU(name)                   hip##name
/* Where HIP's name is not CUDA's after the first syllable. */
#define hipDeviceProp               hipDeviceProp_t
#define hipHostAlloc(p, n, flags)   hipHostMalloc ((void **)(p), n, flags)
#define hipFreeHost(p)              hipHostFree (p)
#define hipHostAllocDefault         hipHostMallocDefault
#define hipHostAllocMapped          hipHostMallocMapped
#define hipErrorMemoryAllocation    hipErrorOutOfMemory
#if !defined(GPU_HIP_SHIM)
#define sharedMemPerBlockOptin      sharedMemPerBlock /* nothing to opt in to */
#endif
#define GPU_BOUNDS(threads, ...)    __launch_bounds__ (threads) /* the second number would be one of waves */
#define GPU_LAUNCH(k, g, b, s, st, ...) hipLaunchKernelGGL (k, dim3 (g), dim3 (b), s, st, __VA_ARGS__)
#define GPU_SHARED(T, name)         extern __shared__ __align__ (16) unsigned char gpu_shared_bytes[]; T *name = (T *)gpu_shared_bytes
template <class T> static __device__ __forceinline__ T gpu_shfl_xor (T v, int mask) { return __shfl_xor (v, mask, GPU_LANES); }
template <class T> static __device__ __forceinline__ T gpu_shfl (T v, int lane) { return __shfl (v, lane, GPU_LANES); }
#if defined(GPU_HIP_SHIM)
#define gpu_sync_lanes() __syncwarp ()
#else
static __device__ __forceinline__ void
gpu_sync_lanes (void) /* lanes go together, but the compiler has to know that others wrote */
{
  __builtin_amdgcn_fence (__ATOMIC_RELEASE, "wavefront");
  __builtin_amdgcn_wave_barrier ();
  __builtin_amdgcn_fence (__ATOMIC_ACQUIRE, "wavefront");
}
#endif
#else
#define GPU_CUDA 1
#include <cuda_runtime.h>
#define GPU(name)                   cuda##name
#define GPU_BOUNDS(threads, ...)    __launch_bounds__ (threads, __VA_ARGS__)
#define GPU_LAUNCH(k, g, b, s, st, ...) k<<<g, b, s, st>>> (__VA_ARGS__)
#define GPU_SHARED(T, name)         extern __shared__ __align__ (16) unsigned char gpu_shared_bytes[]; T *name = (T *)gpu_shared_bytes
template <class T> static __device__ __forceinline__ T gpu_shfl_xor (T v, int mask) { return __shfl_xor_sync (0xffffffffu, v, mask, GPU_LANES); }
template <class T> static __device__ __forceinline__ T gpu_shfl (T v, int lane) { return __shfl_sync (0xffffffffu, v, lane, GPU_LANES); }
#define gpu_sync_lanes() __syncwarp ()
#endif

#if !defined(GPU_EMU)
/* Arguments become the kernel's parameters here, as in an ordinary call: the types of the second list are not deduced from it. */
template <class T> struct gpu_same { typedef T type; };
template <class... P>
static inline GPU (Error_t)
gpu_launch_together (void (*kernel) (P...), dim3 grid, dim3 block, size_t shared, GPU (Stream_t) stream, typename gpu_same<P>::type... values)
{
  void *args[] = {(void *)&values..., NULL};
  return GPU (LaunchCooperativeKernel) ((const void *)kernel, grid, block, args, (unsigned)shared, stream);
}
#define GPU_LAUNCH_TOGETHER(k, g, b, s, st, ...) ((void)gpu_launch_together (k, dim3 (g), dim3 (b), s, st, __VA_ARGS__))
#endif

/* ---- number formats ------------------------------------------------------------------------------ */

typedef struct { uint16_t bits; } gpu_bf16;

/* Four, eight and sixteen bytes that are read or written at once. */
typedef struct __align__ (8) { uint32_t w[2]; } gpu_u64;
typedef struct __align__ (16) { uint32_t w[4]; } gpu_u128;

static __host__ __device__ __forceinline__ float
gpu_float_from_bits (uint32_t bits)
{
  union { uint32_t u; float f; } c;
  c.u = bits;
  return c.f;
}

static __host__ __device__ __forceinline__ uint32_t
gpu_bits_from_float (float f)
{
  union { uint32_t u; float f; } c;
  c.f = f;
  return c.u;
}

static __host__ __device__ __forceinline__ float gpu_widen (gpu_bf16 x) { return gpu_float_from_bits ((uint32_t)x.bits << 16); }
/* The two bf16 of a word, the lower first. */
static __host__ __device__ __forceinline__ float gpu_widen_lo (uint32_t w) { return gpu_float_from_bits (w << 16); }
static __host__ __device__ __forceinline__ float gpu_widen_hi (uint32_t w) { return gpu_float_from_bits (w & 0xffff0000u); }

/* To the nearest, ties to even; what is not a number stays so. */
static __host__ __device__ __forceinline__ gpu_bf16
gpu_narrow (float f)
{
  uint32_t u = gpu_bits_from_float (f);
  gpu_bf16 r;
  if ((u & 0x7fffffffu) > 0x7f800000u)
    r.bits = (uint16_t)(u >> 16 | 0x40u);
  else
    r.bits = (uint16_t)((u + 0x7fffu + (u >> 16 & 1u)) >> 16);
  return r;
}

/* IEEE half to float, for the scales of quantised blocks: all of them are finite. */
static __host__ __device__ __forceinline__ float
gpu_widen_half (uint16_t h)
{
  uint32_t sign = (uint32_t)(h & 0x8000u) << 16;
  /* 2^112 moves the exponent from its bias of 15 to 127, subnormal numbers included. */
  float    f = gpu_float_from_bits ((uint32_t)(h & 0x7fffu) << 13) * 5.192296858534828e33f;
  return gpu_float_from_bits (gpu_bits_from_float (f) | sign);
}

/* ---- lanes ----------------------------------------------------------------------------------------- */

static __device__ __forceinline__ float
gpu_lanes_sum (float v)
{
#pragma unroll
  for (int m = GPU_LANES / 2; m > 0; m >>= 1)
    v += gpu_shfl_xor (v, m);
  return v;
}

static __device__ __forceinline__ float
gpu_lanes_max (float v)
{
#pragma unroll
  for (int m = GPU_LANES / 2; m > 0; m >>= 1)
    v = fmaxf (v, gpu_shfl_xor (v, m));
  return v;
}

/* a·b + c of four signed bytes each. */
static __device__ __forceinline__ int
gpu_dot4 (uint32_t a, uint32_t b, int c)
{
#if defined(__CUDA_ARCH__)
  return __dp4a ((int)a, (int)b, c);
#elif defined(__gfx906__) || defined(__gfx908__) || defined(__gfx90a__) || defined(__gfx940__) || defined(__gfx942__) || defined(__gfx1030__) || \
    defined(__gfx1031__) || defined(__gfx1032__)
  return __builtin_amdgcn_sdot4 ((int)a, (int)b, c, false);
#elif defined(__gfx1100__) || defined(__gfx1101__) || defined(__gfx1102__) || defined(__gfx1103__) || defined(__gfx1200__) || defined(__gfx1201__)
  return __builtin_amdgcn_sudot4 (true, (int)a, true, (int)b, c, false);
#else
#pragma unroll
  for (int i = 0; i < 4; i++)
    c += (int)(int8_t)(a >> 8 * i) * (int)(int8_t)(b >> 8 * i);
  return c;
#endif
}

/* ---- memory ---------------------------------------------------------------------------------------- */

/* Weights: read once, so that they need not push anything else out of the near caches. */
static __device__ __forceinline__ gpu_u128
gpu_load_stream (const void *p)
{
  gpu_u128 r;
#if defined(__CUDA_ARCH__)
  asm volatile ("ld.global.nc.L1::no_allocate.v4.u32 {%0,%1,%2,%3}, [%4];" : "=r"(r.w[0]), "=r"(r.w[1]), "=r"(r.w[2]), "=r"(r.w[3]) : "l"(p));
#else
  r = *(const gpu_u128 *)p;
#endif
  return r;
}

static __device__ __forceinline__ uint32_t
gpu_load_stream32 (const void *p)
{
#if defined(__CUDA_ARCH__)
  uint32_t r;
  asm volatile ("ld.global.nc.L1::no_allocate.u32 %0, [%1];" : "=r"(r) : "l"(p));
  return r;
#else
  return *(const uint32_t *)p;
#endif
}

/* Activations that another block of the same launch wrote: not from this processor's own cache. */
template <class T>
static __device__ __forceinline__ T
gpu_load_shared_by_blocks (const T *p)
{
#if defined(__CUDA_ARCH__)
  return __ldcg (p);
#else
  return *p; /* on AMD what the fences of turn.h leave of that cache is up to date */
#endif
}
