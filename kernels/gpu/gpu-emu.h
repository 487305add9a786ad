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
#include <vector>

#ifndef GPU_EMU_WAVE
#define GPU_EMU_WAVE 32
#endif
#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __noinline__
#define __launch_bounds__(...)
#define GPU_BOUNDS(...)
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
struct Context;

/* What a barrier needs: how many have come, and how often all had. */
struct Barrier {
  int come, times;
};

struct Fiber {
  Context *context;
  char    *stack;
  void    *fake; /* the address sanitizer's */
  Block   *block;
  dim3     thread;
  int      linear;
  bool     done;
  Barrier *waits_for; /* until it is no longer at @times */
  int      times;
  /* What this thread shows the others of its group, by turns: when all have come to the barrier behind the
   * second showing, all have seen the first. */
  uint64_t shown[2];
  int      turn;
};

struct Block {
  dim3                 index;
  int                  n; /* threads */
  std::vector<Fiber>   fibers; /* at least as many */
  unsigned char       *shared;
  size_t               shared_size;
  Barrier              all;
  std::vector<Barrier> lanes, waves; /* of every group of 32 and 64 */
};

extern Fiber                *current;
extern std::function<void ()> body;
extern dim3                  grid, block_dim;
extern size_t                most_shared; /* bytes a block may ask for */

void launch (dim3 grid, dim3 block, size_t shared, bool together, std::function<void ()> f);
void wait_block (void);
void wait_unit (int lanes); /* 32 or 64 that lie together */
void yield (void);

static inline void
wait_lanes (void)
{
  wait_unit (32);
}

/* Every lane of the group puts @v in and gets what lane @from put in. */
template <class T>
static inline T
exchange (T v, int from)
{
  Fiber *self = current;
  int    turn = self->turn;
  T      r;
  static_assert (sizeof (T) <= sizeof (uint64_t), "too large to shuffle");

  memcpy (&self->shown[turn], &v, sizeof v);
  self->turn = !turn;
  wait_unit (32);
  memcpy (&r, &(self - self->linear % 32 + from)->shown[turn], sizeof r);
  return r;
}

/* What the lanes of a unit hold, for an instruction that they execute together: between the first call and the
 * second, of (lane) is what that lane passed. */
template <class T, int LANES>
struct Unit {
  const Fiber *first;
  int          turn;

  Unit (const T *mine)
  {
    Fiber *self = current;
    uint64_t at = (uint64_t)(uintptr_t)mine;

    turn = self->turn;
    self->shown[turn] = at;
    self->turn = !turn;
    first = self - self->linear % LANES;
    wait_unit (LANES);
  }
  const T &of (int lane) const { return *(const T *)(uintptr_t)first[lane].shown[turn]; }
  void done () const { wait_unit (LANES); }
};
} /* namespace gpu_emu */

#define threadIdx (gpu_emu::current->thread)
#define blockIdx  (gpu_emu::current->block->index)
#define blockDim  (gpu_emu::block_dim)
#define gridDim   (gpu_emu::grid)
#define __syncthreads gpu_emu::wait_block
#define gpu_sync_lanes gpu_emu::wait_lanes
#define __threadfence() ((void)0)
#define GPU_SHARED(T, name) T *name = (T *)gpu_emu::current->block->shared
#define GPU_LAUNCH(k, g, b, s, st, ...) gpu_emu::launch (g, b, s, false, [=] { k (__VA_ARGS__); })
#define GPU_LAUNCH_TOGETHER(k, g, b, s, st, ...) gpu_emu::launch (g, b, s, true, [=] { k (__VA_ARGS__); })

template <class T> static inline T gpu_shfl_xor (T v, int mask) { return gpu_emu::exchange (v, (gpu_emu::current->linear % 32) ^ mask); }
template <class T> static inline T gpu_shfl (T v, int lane) { return gpu_emu::exchange (v, lane % 32); }

template <class T> static inline T atomicAdd (T *p, T v) { T old = *p; *p = (T)(old + v); return old; }
template <class T> static inline T atomicMax (T *p, T v) { T old = *p; if (v > old) *p = v; return old; }
template <class T> static inline T atomicMin (T *p, T v) { T old = *p; if (v < old) *p = v; return old; }
template <class T> static inline T atomicOr (T *p, T v) { T old = *p; *p = old | v; return old; }
struct __align__ (16) float4 {
  float x, y, z, w;
};

static inline float rsqrtf (float x) { return 1.0f / sqrtf (x); }
#define __expf expf /* glibc has the name for itself */
static inline float __fdividef (float a, float b) { return a / b; }
static inline int __float2int_rn (float x) { return (int)nearbyintf (x); }
template <class T> static inline T min (T a, T b) { return a < b ? a : b; }
template <class T> static inline T max (T a, T b) { return a > b ? a : b; }
static inline int __popc (unsigned x) { return __builtin_popcount (x); }

/* ---- the run-time calls, on the host's memory ----
 *
 * Done when they return; a stream or an event is only a name.  "Device memory" is the host's, filled with a pattern
 * so that nothing relies on zeros, and limited as if it were a device's. */

#define GPU(name) gpuEmu##name

typedef enum {
  gpuEmuSuccess = 0,
  gpuEmuErrorInvalidValue = 1,
  gpuEmuErrorMemoryAllocation = 2,
  gpuEmuErrorInvalidConfiguration = 9,
  gpuEmuErrorNoDevice = 100,
  gpuEmuErrorInvalidDevice = 101,
  gpuEmuErrorNotReady = 600,
} gpuEmuError_t;
typedef struct gpuEmuStream *gpuEmuStream_t;
typedef struct gpuEmuEvent { double at; /* ms */ } *gpuEmuEvent_t;
typedef void (*gpuEmuHostFn_t) (void *data);
typedef enum { gpuEmuMemcpyHostToHost, gpuEmuMemcpyHostToDevice, gpuEmuMemcpyDeviceToHost, gpuEmuMemcpyDeviceToDevice, gpuEmuMemcpyDefault } gpuEmuMemcpyKind;
typedef enum { gpuEmuFuncAttributeMaxDynamicSharedMemorySize = 8 } gpuEmuFuncAttribute;
enum { gpuEmuStreamDefault = 0, gpuEmuStreamNonBlocking = 1 };
enum { gpuEmuHostAllocDefault = 0, gpuEmuHostAllocPortable = 1, gpuEmuHostAllocMapped = 2 };
enum { gpuEmuEventDefault = 0, gpuEmuEventDisableTiming = 2 };

struct gpuEmuDeviceProp {
  char   name[256];
  size_t totalGlobalMem, sharedMemPerBlock, sharedMemPerBlockOptin, sharedMemPerMultiprocessor;
  int    major, minor, multiProcessorCount, warpSize, l2CacheSize, maxThreadsPerBlock, cooperativeLaunch, integrated;
};

gpuEmuError_t gpuEmuGetDeviceCount (int *n);
gpuEmuError_t gpuEmuGetDevice (int *device);
gpuEmuError_t gpuEmuSetDevice (int device);
gpuEmuError_t gpuEmuGetDeviceProperties (gpuEmuDeviceProp *properties, int device);
gpuEmuError_t gpuEmuDeviceSynchronize (void);
gpuEmuError_t gpuEmuMemGetInfo (size_t *free, size_t *total);
gpuEmuError_t gpuEmuGetLastError (void);
gpuEmuError_t gpuEmuPeekAtLastError (void);
const char   *gpuEmuGetErrorString (gpuEmuError_t error);
const char   *gpuEmuGetErrorName (gpuEmuError_t error);
gpuEmuError_t gpuEmuMallocBytes (void **p, size_t bytes);
gpuEmuError_t gpuEmuFree (void *p);
gpuEmuError_t gpuEmuHostAllocBytes (void **p, size_t bytes);
gpuEmuError_t gpuEmuFreeHost (void *p);
gpuEmuError_t gpuEmuMemcpy (void *to, const void *from, size_t bytes, gpuEmuMemcpyKind kind);
gpuEmuError_t gpuEmuMemcpyAsync (void *to, const void *from, size_t bytes, gpuEmuMemcpyKind kind, gpuEmuStream_t stream = NULL);
gpuEmuError_t gpuEmuMemset (void *to, int byte, size_t bytes);
gpuEmuError_t gpuEmuMemsetAsync (void *to, int byte, size_t bytes, gpuEmuStream_t stream = NULL);
gpuEmuError_t gpuEmuStreamCreateWithFlags (gpuEmuStream_t *stream, unsigned flags);
gpuEmuError_t gpuEmuStreamDestroy (gpuEmuStream_t stream);
gpuEmuError_t gpuEmuStreamSynchronize (gpuEmuStream_t stream);
gpuEmuError_t gpuEmuStreamQuery (gpuEmuStream_t stream);
gpuEmuError_t gpuEmuStreamWaitEvent (gpuEmuStream_t stream, gpuEmuEvent_t event, unsigned flags = 0);
gpuEmuError_t gpuEmuEventCreateWithFlags (gpuEmuEvent_t *event, unsigned flags);
gpuEmuError_t gpuEmuEventDestroy (gpuEmuEvent_t event);
gpuEmuError_t gpuEmuEventRecord (gpuEmuEvent_t event, gpuEmuStream_t stream = NULL);
gpuEmuError_t gpuEmuEventSynchronize (gpuEmuEvent_t event);
gpuEmuError_t gpuEmuEventQuery (gpuEmuEvent_t event);
gpuEmuError_t gpuEmuEventElapsedTime (float *ms, gpuEmuEvent_t from, gpuEmuEvent_t to);
gpuEmuError_t gpuEmuFuncSetAttribute (const void *kernel, gpuEmuFuncAttribute attribute, int value);
gpuEmuError_t gpuEmuLaunchHostFunc (gpuEmuStream_t stream, gpuEmuHostFn_t f, void *data);
gpuEmuError_t gpuEmuHostGetDevicePointer (void **device, void *host, unsigned flags);
gpuEmuError_t gpuEmuOccupancyMaxActiveBlocksPerMultiprocessor (int *n, const void *kernel, int threads, size_t shared);

template <class T> static inline gpuEmuError_t gpuEmuMalloc (T **p, size_t bytes) { return gpuEmuMallocBytes ((void **)p, bytes); }
template <class T> static inline gpuEmuError_t gpuEmuHostAlloc (T **p, size_t bytes, unsigned) { return gpuEmuHostAllocBytes ((void **)p, bytes); }
template <class T> static inline gpuEmuError_t gpuEmuMallocHost (T **p, size_t bytes) { return gpuEmuHostAllocBytes ((void **)p, bytes); }
