/* gpu-mma.h: the matrix units, as one product of 16 × 16 × 16 with bf16 factors and F32 sums.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * GPU_MMA is 1 where the processor that is compiled for has such a unit, and then GPU_MMA_LANES lanes compute one
 * product together:
 *
 *   acc (16 × 16) += a (16 rows × 16 k) · b (16 rows × 16 k)ᵀ
 *
 * Which lane holds what is the unit's business: operands come from shared memory through the load functions, and a lane asks
 * for the row and column of each of its GPU_MMA_ACC sums.  On NVIDIA the unit is mma.sync m16n8k16 twice (PTX ISA,
 * "Matrix Fragments for mma.m16n8k16"); on AMD MFMA (CDNA) or WMMA (RDNA 3 and later).
 *
 * Operands lie in shared memory in rows of GPU_TILE_K numbers (128 bytes), whose pieces of 16 bytes are stored in another
 * order in every row, so that 8 rows are read without two lanes on one bank: gpu_tile (). */
#pragma once

#include "kernels/gpu/gpu.h"

#define GPU_TILE_K 64

/* Where number @k of row @row lies.  @k a multiple of 8: the start of 16 bytes that lie together. */
static __device__ __forceinline__ int
gpu_tile (int row, int k)
{
  return row * GPU_TILE_K + (((k >> 3) ^ (row & 7)) << 3) + (k & 7);
}

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
#define GPU_MMA 1
#define GPU_MMA_LANES 32
#define GPU_MMA_ACC 8

typedef struct { uint32_t r[4]; } gpu_mma_operand;

static __device__ __forceinline__ void
gpu_ldmatrix (uint32_t r[4], const gpu_bf16 *p)
{
  uint32_t at = (uint32_t)__cvta_generic_to_shared (p);
  asm volatile ("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];" : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(at));
}

static __device__ __forceinline__ void
gpu_ldmatrix_t (uint32_t r[4], const gpu_bf16 *p)
{
  uint32_t at = (uint32_t)__cvta_generic_to_shared (p);
  asm volatile ("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];" : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(at));
}

static __device__ __forceinline__ void
gpu_mma_8 (float c[4], const uint32_t a[4], uint32_t b0, uint32_t b1)
{
  asm volatile ("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/* c (16 × 8) += a (16 × 32) · b (8 × 32)ᵀ of signed bytes, in whole numbers. */
static __device__ __forceinline__ void
gpu_mma_8_int8 (int c[4], const uint32_t a[4], uint32_t b0, uint32_t b1)
{
  asm volatile ("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
                : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

#elif defined(GPU_EMU) && GPU_EMU_WAVE == 32
/* The same lanes hold the same numbers as on NVIDIA; every lane looks at what the others hold. */
#define GPU_MMA 1
#define GPU_MMA_LANES 32
#define GPU_MMA_ACC 8

typedef struct { uint32_t r[4]; } gpu_mma_operand;

static inline void
gpu_ldmatrix_any (uint32_t r[4], const gpu_bf16 *p, bool transposed)
{
  int lane = gpu_emu::current->linear % 32;
  for (int i = 0; i < 4; i++) {
    uint16_t half[2];
    for (int j = 0; j < 2; j++) {
      int row = transposed ? lane % 4 * 2 + j : lane / 4, col = transposed ? lane / 4 : lane % 4 * 2 + j;
      const gpu_bf16 *line = (const gpu_bf16 *)(uintptr_t)gpu_emu::exchange ((uint64_t)(uintptr_t)p, 8 * i + row);
      half[j] = line[col].bits;
    }
    r[i] = (uint32_t)half[0] | (uint32_t)half[1] << 16;
  }
}
static inline void gpu_ldmatrix (uint32_t r[4], const gpu_bf16 *p) { gpu_ldmatrix_any (r, p, false); }
static inline void gpu_ldmatrix_t (uint32_t r[4], const gpu_bf16 *p) { gpu_ldmatrix_any (r, p, true); }

static inline void
gpu_mma_8 (float c[4], const uint32_t a[4], uint32_t b0, uint32_t b1)
{
  int      lane = gpu_emu::current->linear % 32, g = lane / 4, t = lane % 4;
  uint32_t b[2] = {b0, b1};
  for (int i = 0; i < 4; i++) {
    float sum = c[i];
    for (int k2 = 0; k2 < 8; k2++) { /* pairs of k: 2·(k2 % 4) + 8·(k2 / 4) */
      uint32_t wa[4], wb = 0;
      for (int j = 0; j < 4; j++)
        wa[j] = gpu_emu::exchange (a[j], g * 4 + k2 % 4);
      for (int j = 0; j < 2; j++) {
        uint32_t w = gpu_emu::exchange (b[j], (2 * t + i % 2) * 4 + k2 % 4);
        if (j == k2 / 4)
          wb = w;
      }
      uint32_t w = wa[i / 2 + 2 * (k2 / 4)];
      sum += gpu_widen_lo (w) * gpu_widen_lo (wb) + gpu_widen_hi (w) * gpu_widen_hi (wb);
    }
    c[i] = sum;
  }
}

static inline void
gpu_mma_8_int8 (int c[4], const uint32_t a[4], uint32_t b0, uint32_t b1)
{
  int      lane = gpu_emu::current->linear % 32, g = lane / 4, t = lane % 4;
  uint32_t b[2] = {b0, b1};
  for (int i = 0; i < 4; i++)
    for (int k4 = 0; k4 < 8; k4++) { /* fours of k: 4·(k4 % 4) + 16·(k4 / 4) */
      uint32_t wa[4], wb[2];
      for (int j = 0; j < 4; j++)
        wa[j] = gpu_emu::exchange (a[j], g * 4 + k4 % 4);
      for (int j = 0; j < 2; j++)
        wb[j] = gpu_emu::exchange (b[j], (2 * t + i % 2) * 4 + k4 % 4);
      c[i] = gpu_dot4 (wa[i / 2 + 2 * (k4 / 4)], wb[k4 / 4], c[i]);
    }
}
#else
#define GPU_MMA 0
#endif

#if GPU_MMA && (defined(__CUDA_ARCH__) || defined(GPU_EMU))
typedef struct { float v[GPU_MMA_ACC]; } gpu_mma_acc;

/* Rows [row, row + 16), numbers [k, k + 16) of a tile. */
static __device__ __forceinline__ void
gpu_mma_load_a (gpu_mma_operand *a, const gpu_bf16 *tile, int row, int k)
{
  int lane = (int)(threadIdx.x % GPU_LANES);
  gpu_ldmatrix (a->r, tile + gpu_tile (row + lane % 16, k + lane / 16 * 8));
}

static __device__ __forceinline__ void
gpu_mma_load_b (gpu_mma_operand *b, const gpu_bf16 *tile, int row, int k)
{
  int lane = (int)(threadIdx.x % GPU_LANES);
  gpu_ldmatrix (b->r, tile + gpu_tile (row + lane % 8 + lane / 16 * 8, k + lane / 8 % 2 * 8));
}

static __device__ __forceinline__ void
gpu_mma (gpu_mma_acc *c, const gpu_mma_operand *a, const gpu_mma_operand *b)
{
  gpu_mma_8 (c->v, a->r, b->r[0], b->r[1]);
  gpu_mma_8 (c->v + 4, a->r, b->r[2], b->r[3]);
}

/* Of sum number @i of this lane. */
static __device__ __forceinline__ int
gpu_mma_row (int i)
{
  return (int)(threadIdx.x % GPU_LANES) / 4 + i / 2 % 2 * 8;
}

static __device__ __forceinline__ int
gpu_mma_col (int i)
{
  return (int)(threadIdx.x % GPU_LANES) % 4 * 2 + i % 2 + i / 4 * 8;
}
#endif

/* ---- from global to shared memory, without waiting ---- */

/* Sixteen bytes, or zeros if @there is false. */
static __device__ __forceinline__ void
gpu_copy_ahead (gpu_bf16 *to, const gpu_bf16 *from, bool there)
{
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  uint32_t at = (uint32_t)__cvta_generic_to_shared (to);
  int      bytes = there ? 16 : 0;
  asm volatile ("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(at), "l"(from), "r"(bytes));
#else
  gpu_u128 zero = {{0, 0, 0, 0}};
  *(gpu_u128 *)to = there ? *(const gpu_u128 *)from : zero;
#endif
}

static __device__ __forceinline__ void
gpu_copy_commit (void)
{
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  asm volatile ("cp.async.commit_group;");
#endif
}

/* Until at most N groups are under way. */
template <int N>
static __device__ __forceinline__ void
gpu_copy_wait (void)
{
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  asm volatile ("cp.async.wait_group %0;" ::"n"(N));
#endif
}
