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
 * "Matrix Fragments for mma.m16n8k16"); on AMD MFMA (CDNA) or WMMA (RDNA 3 and later): gpu-mma-amd.h.
 *
 * GPU_MMA_LANES is 64 on CDNA and 32 elsewhere, while shuffles and gpu_sync_lanes () are about GPU_LANES, 32 everywhere.  So a
 * kernel with products counts its threads in units: unit threadIdx.x / GPU_MMA_LANES of blockDim.x / GPU_MMA_LANES, all of whose lanes
 * come to every product and every gpu_mma_ function together; what lanes of a unit tell each other through shared memory wants
 * gpu_mma_sync () in between.  The host compiles for no processor: it learns the number of lanes from gpu_mma_lanes () and
 * launches so many threads for each unit.
 *
 * Operands lie in shared memory in rows of GPU_TILE_K numbers (128 bytes), whose pieces of 16 bytes are stored in another
 * order in every row, so that 8 rows are read without two lanes on one bank: gpu_tile (). */
#pragma once

#include <string.h>

#include "kernels/gpu/gpu.h"

#define GPU_TILE_K 64

/* Where number @k of row @row lies.  @k a multiple of 8: the start of 16 bytes that lie together. */
static __device__ __forceinline__ int
gpu_tile (int row, int k)
{
  return row * GPU_TILE_K + (((k >> 3) ^ (row & 7)) << 3) + (k & 7);
}

/* ---- what surrounds products ---- */

/* Two floats as two bf16, the first in the lower half. */
static __device__ __forceinline__ uint32_t
gpu_narrow_2 (float lo, float hi)
{
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  uint32_t r;
  asm ("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(hi), "f"(lo));
  return r;
#else
  return (uint32_t)gpu_narrow (lo).bits | (uint32_t)gpu_narrow (hi).bits << 16;
#endif
}

/* 2^x, to 2 units in the last place; what is not a normal number becomes 0. */
static __device__ __forceinline__ float
gpu_exp2 (float x)
{
#if defined(__CUDA_ARCH__)
  float r;
  asm ("ex2.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x));
  return r;
#else
  return exp2f (x);
#endif
}

/* Whether @v is true for any of GPU_LANES lanes. */
static __device__ __forceinline__ bool
gpu_lanes_any (bool v)
{
#if defined(__CUDA_ARCH__)
  return __any_sync (0xffffffffu, v);
#else
  int any = v;
#pragma unroll
  for (int m = GPU_LANES / 2; m > 0; m >>= 1)
    any |= gpu_shfl_xor (any, m);
  return any != 0;
#endif
}

/* ---- the unit ---- */

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
  asm ("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/* c (16 × 8) += a (16 × 32) · b (8 × 32)ᵀ of signed bytes, in whole numbers. */
static __device__ __forceinline__ void
gpu_mma_8_int8 (int c[4], const uint32_t a[4], uint32_t b0, uint32_t b1)
{
  asm ("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
                : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

#elif defined(GPU_EMU) && GPU_EMU_WAVE == 32 && !defined(GPU_EMU_WMMA)
/* The same lanes hold the same numbers as on NVIDIA; every lane looks at what the others hold. */
#define GPU_MMA 1
#define GPU_MMA_LANES 32
#define GPU_MMA_ACC 8

typedef struct { uint32_t r[4]; } gpu_mma_operand;

static inline void
gpu_ldmatrix_any (uint32_t r[4], const gpu_bf16 *p, bool transposed)
{
  int lane = gpu_emu::current->linear % 32;

  gpu_emu::Unit<const gpu_bf16 *, 32> lines (&p);
  for (int i = 0; i < 4; i++) {
    uint16_t half[2];
    for (int j = 0; j < 2; j++) {
      int row = transposed ? lane % 4 * 2 + j : lane / 4, col = transposed ? lane / 4 : lane % 4 * 2 + j;
      half[j] = lines.of (8 * i + row)[col].bits;
    }
    r[i] = (uint32_t)half[0] | (uint32_t)half[1] << 16;
  }
  lines.done ();
}
static inline void gpu_ldmatrix (uint32_t r[4], const gpu_bf16 *p) { gpu_ldmatrix_any (r, p, false); }
static inline void gpu_ldmatrix_t (uint32_t r[4], const gpu_bf16 *p) { gpu_ldmatrix_any (r, p, true); }

/* The factors of one lane, where the others can see them. */
typedef struct { const uint32_t *a; uint32_t b[2]; } gpu_emu_factors;

static inline void
gpu_mma_8 (float c[4], const uint32_t a[4], uint32_t b0, uint32_t b1)
{
  int             lane = gpu_emu::current->linear % 32, g = lane / 4, t = lane % 4;
  gpu_emu_factors mine = {a, {b0, b1}};

  gpu_emu::Unit<gpu_emu_factors, 32> all (&mine);
  for (int i = 0; i < 4; i++)
    for (int k2 = 0; k2 < 8; k2++) { /* pairs of k: 2·(k2 % 4) + 8·(k2 / 4) */
      uint32_t wa = all.of (g * 4 + k2 % 4).a[i / 2 + 2 * (k2 / 4)];
      uint32_t wb = all.of ((2 * t + i % 2) * 4 + k2 % 4).b[k2 / 4];
      c[i] += gpu_widen_lo (wa) * gpu_widen_lo (wb) + gpu_widen_hi (wa) * gpu_widen_hi (wb);
    }
  all.done ();
}

static inline void
gpu_mma_8_int8 (int c[4], const uint32_t a[4], uint32_t b0, uint32_t b1)
{
  int             lane = gpu_emu::current->linear % 32, g = lane / 4, t = lane % 4;
  gpu_emu_factors mine = {a, {b0, b1}};

  gpu_emu::Unit<gpu_emu_factors, 32> all (&mine);
  for (int i = 0; i < 4; i++)
    for (int k4 = 0; k4 < 8; k4++) /* fours of k: 4·(k4 % 4) + 16·(k4 / 4) */
      c[i] = gpu_dot4 (all.of (g * 4 + k4 % 4).a[i / 2 + 2 * (k4 / 4)], all.of ((2 * t + i % 2) * 4 + k4 % 4).b[k4 / 4], c[i]);
  all.done ();
}
#else
#include "kernels/gpu/gpu-mma-amd.h"
#if !defined(GPU_MMA)
#define GPU_MMA 0
#endif
#endif

#if GPU_MMA && !defined(GPU_MMA_MFMA) && !defined(GPU_MMA_WMMA)
typedef struct { float v[GPU_MMA_ACC]; } gpu_mma_acc;

/* Rows [row, row + 16), numbers [k, k + 16) of a tile; @row a multiple of 8, so that what depends on the lane does not depend
 * on it, and the compiler keeps both apart. */
static __device__ __forceinline__ void
gpu_mma_load_a (gpu_mma_operand *a, const gpu_bf16 *tile, int row, int k)
{
  int lane = (int)(threadIdx.x % GPU_LANES);
  gpu_ldmatrix (a->r, tile + row * GPU_TILE_K + gpu_tile (lane % 16, k + lane / 16 * 8));
}

static __device__ __forceinline__ void
gpu_mma_load_b (gpu_mma_operand *b, const gpu_bf16 *tile, int row, int k)
{
  int lane = (int)(threadIdx.x % GPU_LANES);
  gpu_ldmatrix (b->r, tile + row * GPU_TILE_K + gpu_tile (lane % 8 + lane / 16 * 8, k + lane / 8 % 2 * 8));
}

/* The same of numbers [k, k + 16) of rows [row, row + 16) where k, a multiple of 8, goes down the tile and rows go along its lines. */
static __device__ __forceinline__ void
gpu_mma_load_b_t (gpu_mma_operand *b, const gpu_bf16 *tile, int k, int row)
{
  int lane = (int)(threadIdx.x % GPU_LANES);
  gpu_ldmatrix_t (b->r, tile + k * GPU_TILE_K + gpu_tile (lane % 16, row + lane / 16 * 8));
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

/* A lane has sums of this many rows; sum number @i is of row number gpu_mma_row_of (i) among them.  Sums 2j and 2j + 1 are
 * neighbours in one row. */
#define GPU_MMA_ROWS 2

static __device__ __forceinline__ constexpr int
gpu_mma_row_of (int i)
{
  return i / 2 % 2;
}

/* Over the lanes that have sums of the same row. */
static __device__ __forceinline__ float
gpu_mma_row_max (float v)
{
  v = fmaxf (v, gpu_shfl_xor (v, 1));
  return fmaxf (v, gpu_shfl_xor (v, 2));
}

static __device__ __forceinline__ float
gpu_mma_row_sum (float v)
{
  v += gpu_shfl_xor (v, 1);
  return v + gpu_shfl_xor (v, 2);
}

/* Whether @v is true for any lane of the unit. */
static __device__ __forceinline__ bool
gpu_mma_any (bool v)
{
  return gpu_lanes_any (v);
}

/* What one lane of the unit wrote to shared memory before, the others read after. */
static __device__ __forceinline__ void
gpu_mma_sync (void)
{
  gpu_sync_lanes ();
}

/* Sums as rows of the next product, rounded. */
static __device__ __forceinline__ void
gpu_mma_acc_to_a (gpu_mma_operand *a, const gpu_mma_acc *c)
{
#pragma unroll
  for (int i = 0; i < 4; i++)
    a->r[i] = gpu_narrow_2 (c->v[2 * i], c->v[2 * i + 1]);
}
#endif

/* Host: lanes of a unit of this device; 0: it has none that is used here. */
static inline int
gpu_mma_lanes (const GPU (DeviceProp) *properties)
{
#if defined(GPU_EMU)
  (void)properties;
  return GPU_MMA_LANES;
#elif defined(GPU_CUDA) || defined(GPU_HIP_SHIM)
  return properties->major >= 8 ? 32 : 0;
#else
  static const char *const waves_of_64[] = {"gfx90a", "gfx940", "gfx941", "gfx942", "gfx950"};
  const char *name = properties->gcnArchName;

  for (size_t i = 0; i < sizeof waves_of_64 / sizeof *waves_of_64; i++)
    if (strncmp (name, waves_of_64[i], 6) == 0)
      return 64;
  return strncmp (name, "gfx11", 5) == 0 || strncmp (name, "gfx12", 5) == 0 ? 32 : 0;
#endif
}

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
  gpu_u128 v;
  v.w[0] = v.w[1] = v.w[2] = v.w[3] = 0;
  if (there) /* word by word: else zeros would lie in memory, and clang would choose between two addresses */
    for (int i = 0; i < 4; i++)
      v.w[i] = ((const gpu_u128 *)from)->w[i];
  *(gpu_u128 *)to = v;
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
