/* turn.h: a block's part in a step.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Every step function is called by all threads of all blocks, GPU_STEP_THREADS a block, with GPU_STEP_SHARED bytes of
 * dynamic shared memory, and has to call gpu_turn_wait () exactly once: before it, nothing may be read that an earlier step
 * writes (but weights may, and what they give may be kept in registers); after it, everything may.  Device code. */
#pragma once

#include "kernels/gpu/step.h"

#define GPU_STEP_THREADS 512
#define GPU_STEP_SHARED  (56 * 1024)

typedef struct {
  int       block, n_blocks;
  unsigned *barrier; /* NULL: the step is a launch of its own */
  unsigned  target;
} GpuTurn;

/* This block is done with the step before. */
static __device__ __forceinline__ void
gpu_turn_arrive (const GpuTurn *turn)
{
  __syncthreads ();
  if (threadIdx.x == 0) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 700
    asm volatile ("red.release.gpu.global.add.u32 [%0], 1;" ::"l"(turn->barrier) : "memory");
#else
    __threadfence ();
    atomicAdd (turn->barrier, 1u);
#endif
  }
}

static __device__ __forceinline__ void
gpu_turn_wait (const GpuTurn *turn)
{
  if (turn->barrier != NULL && threadIdx.x == 0) {
#if defined(__CUDA_ARCH__)
    unsigned now;
    do
      asm volatile ("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(now) : "l"(turn->barrier) : "memory");
    while ((int)(now - turn->target) < 0);
#elif defined(GPU_EMU)
    while ((int)(*turn->barrier - turn->target) < 0)
      gpu_emu::yield ();
#elif defined(__HIP__)
    while ((int)(__hip_atomic_load (turn->barrier, __ATOMIC_ACQUIRE, __HIP_MEMORY_SCOPE_AGENT) - turn->target) < 0)
      ;
    __threadfence ();
#endif
  }
  __syncthreads ();
}

/* Groups of GPU_LANES lanes over all blocks, which take pieces of work in turn. */
static __device__ __forceinline__ int
gpu_turn_group (const GpuTurn *turn)
{
  return turn->block * (int)(blockDim.x / GPU_LANES) + (int)(threadIdx.x / GPU_LANES);
}

static __device__ __forceinline__ int
gpu_turn_n_groups (const GpuTurn *turn)
{
  return turn->n_blocks * (int)(blockDim.x / GPU_LANES);
}
