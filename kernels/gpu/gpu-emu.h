/* gpu-emu.h: runs the kernels on the CPU as plain C++, for tests on machines without a GPU.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One fiber per thread.  Barriers and shuffles really make threads wait for each other, so that a missing or
 * doubled barrier, a wrong index or a dependence on the width of a wave shows; real races do not, since only one
 * fiber runs at a time.  Blocks run one after another, or all at once where a launch asks for that.
 * GPU_EMU_WAVE (32 or 64) is the number of lanes that a wave has. */
#pragma once

#include <functional>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <vector>

#ifndef GPU_EMU_WAVE
#define GPU_EMU_WAVE 32
#endif
#define __global__ static
#define __device__
#define __host__
#define __forceinline__ inline
#define __noinline__
#define __launch_bounds__(...)
#define __align__(n) __attribute__ ((aligned (n)))
#define __restrict__ __restrict
#define __grid_constant__

struct dim3 {
  unsigned x, y, z;
  dim3 (unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x (x_), y (y_), z (z_) {}
};

namespace gpu_emu
{
struct Block;

struct Fiber {
  ucontext_t context;
  Block     *block;
  dim3       thread;
  int        linear;
  bool       done;
};

/* What a barrier needs: how many have come, and how often all had. */
struct Barrier {
  int come, times;
};

struct Block {
  dim3                     index;
  std::vector<Fiber>       fibers;
  std::vector<char>        stacks;
  std::vector<unsigned char> shared;
  Barrier                  all;
  std::vector<Barrier>     lanes; /* of every group of GPU_LANES */
  std::vector<uint64_t>    exchange;
};

extern ucontext_t            scheduler;
extern Fiber                *current;
extern std::function<void ()> body;
extern dim3                  grid, block_dim;

void launch (dim3 grid, dim3 block, size_t shared, bool together, std::function<void ()> f);
void wait_block (void);
void wait_lanes (void);
void yield (void);

/* Every lane of the group puts @v in and gets what lane @from put in. */
template <class T>
static T
exchange (T v, int from)
{
  Block *b = current->block;
  int    group = current->linear / 32 * 32;
  T      r;
  static_assert (sizeof (T) <= sizeof (uint64_t), "too large to shuffle");

  memcpy (&b->exchange[current->linear], &v, sizeof v);
  wait_lanes ();
  memcpy (&r, &b->exchange[group + from], sizeof r);
  wait_lanes ();
  return r;
}
} /* namespace gpu_emu */

#define threadIdx (gpu_emu::current->thread)
#define blockIdx  (gpu_emu::current->block->index)
#define blockDim  (gpu_emu::block_dim)
#define gridDim   (gpu_emu::grid)
#define __syncthreads gpu_emu::wait_block
#define gpu_sync_lanes gpu_emu::wait_lanes
#define __threadfence() ((void)0)
#define GPU_SHARED(T, name) T *name = (T *)gpu_emu::current->block->shared.data ()
#define GPU_LAUNCH(k, g, b, s, st, ...) gpu_emu::launch (g, b, s, false, [=] { k (__VA_ARGS__); })

template <class T> static inline T gpu_shfl_xor (T v, int mask) { return gpu_emu::exchange (v, (gpu_emu::current->linear % 32) ^ mask); }
template <class T> static inline T gpu_shfl (T v, int lane) { return gpu_emu::exchange (v, lane % 32); }

template <class T> static inline T atomicAdd (T *p, T v) { T old = *p; *p = (T)(old + v); return old; }
template <class T> static inline T atomicMax (T *p, T v) { T old = *p; if (v > old) *p = v; return old; }
template <class T> static inline T atomicMin (T *p, T v) { T old = *p; if (v < old) *p = v; return old; }
template <class T> static inline T atomicOr (T *p, T v) { T old = *p; *p = old | v; return old; }
static inline float rsqrtf (float x) { return 1.0f / sqrtf (x); }
static inline float __expf (float x) { return expf (x); }
static inline float __fdividef (float a, float b) { return a / b; }
static inline int __float2int_rn (float x) { return (int)nearbyintf (x); }
static inline int __popc (unsigned x) { return __builtin_popcount (x); }

/* ---- the run-time calls that device.cu uses, on the host's memory ---- */

typedef int   gpuEmuError_t;
typedef void *gpuEmuStream_t;
typedef void *gpuEmuEvent_t;
#define GPU(name) gpuEmu##name
enum { gpuEmuSuccess = 0, gpuEmuErrorMemoryAllocation = 2 };
enum { gpuEmuMemcpyHostToDevice = 1, gpuEmuMemcpyDeviceToHost, gpuEmuMemcpyDeviceToDevice };
enum { gpuEmuStreamNonBlocking = 1, gpuEmuHostAllocMapped = 2, gpuEmuHostAllocDefault = 0, gpuEmuEventDisableTiming = 2 };

struct gpuEmuDeviceProp {
  char   name[64];
  size_t totalGlobalMem;
  int    major, minor, multiProcessorCount, warpSize, l2CacheSize;
  size_t sharedMemPerBlockOptin;
};
