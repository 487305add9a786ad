/* gpu-mma-amd.h: the matrix units of AMD behind the words of gpu-mma.h, which includes this.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Three instructions compute D (16 × 16) = A (16 × 16) · B (16 × 16) + C.  Which lane l holds what of them, i being a row
 * of A, C and D, j a column of B, C and D, k what is summed over, e the number of a lane's element:
 *
 *                        lanes  A, and B with j for i                                C and D
 *   MFMA (CDNA 2, 3)     64     i = l mod 16, k = 4·(l div 16) + e, e < 4             i = 4·(l div 16) + e, j = l mod 16, e < 4
 *   WMMA (RDNA 3)        32     i = l mod 16, k = e, e < 16: both halves hold all      i = 2·e + l div 16,   j = l mod 16, e < 8
 *   WMMA (RDNA 4)        32     i = l mod 16, k = 4·(l div 16) + e mod 4 + 8·(e div 4)  i = 8·(l div 16) + e, j = l mod 16, e < 8
 *
 * Sources: "AMD Instinct MI200" and "MI300 Instruction Set Architecture", chapter Matrix Arithmetic Instructions; "RDNA3" and
 * "RDNA4 Instruction Set Architecture", chapter 7.9 Wave Matrix Multiply Accumulate; all entries of the three tables compared with
 * what AMD's Matrix Instruction Calculator says for v_mfma_f32_16x16x16_bf16(_1k) and v_wmma_f32_16x16x16_bf16.
 *
 * Three liberties make one picture of them.  The factors change places, so that a lane's sums lie in one row of the product and a
 * sum over k of the next product finds them where it wants them.  A product does not mind in which order k is
 * counted as long as both factors agree, so that a lane may always read numbers that lie together.  And on RDNA 3 the
 * rows of b are dealt out in another order, so that sums that lie together stay with one lane.  Then, for all three,
 *
 *   sum e of lane l is of row l mod 16 and column GPU_MMA_ACC·(l div 16) + e. */
#pragma once

#include "kernels/gpu/gpu.h"

#if defined(__gfx90a__) || defined(__gfx940__) || defined(__gfx941__) || defined(__gfx942__) || defined(__gfx950__) || (defined(GPU_EMU) && GPU_EMU_WAVE == 64)
#define GPU_MMA_MFMA 1
#elif defined(__gfx1100__) || defined(__gfx1101__) || defined(__gfx1102__) || defined(__gfx1103__) || defined(__gfx1150__) || defined(__gfx1151__) || \
    defined(__gfx1152__) || defined(__gfx1153__) || (defined(GPU_EMU) && defined(GPU_EMU_WMMA) && GPU_EMU_WMMA != 12)
#define GPU_MMA_WMMA 11
#elif defined(__gfx1200__) || defined(__gfx1201__) || (defined(GPU_EMU) && defined(GPU_EMU_WMMA) && GPU_EMU_WMMA == 12)
#define GPU_MMA_WMMA 12
#endif

#if defined(GPU_MMA_MFMA) || defined(GPU_MMA_WMMA)
#define GPU_MMA 1

#if defined(GPU_MMA_MFMA)
#define GPU_MMA_LANES 64
#define GPU_MMA_ACC 4
#define GPU_MMA_EACH 4 /* numbers of an operand that a lane holds */
#elif GPU_MMA_WMMA == 11
#define GPU_MMA_LANES 32
#define GPU_MMA_ACC 8
#define GPU_MMA_EACH 16
#else
#define GPU_MMA_LANES 32
#define GPU_MMA_ACC 8
#define GPU_MMA_EACH 8
#endif

typedef struct __align__ (8) { uint32_t r[GPU_MMA_EACH / 2]; } gpu_mma_operand;
typedef struct { float v[GPU_MMA_ACC]; } gpu_mma_acc;

static __device__ __forceinline__ int
gpu_mma_lane (void)
{
  return (int)(threadIdx.x % GPU_MMA_LANES);
}

/* ---- the instructions: d = a · b + d ---- */

#if defined(GPU_EMU)
typedef struct { const uint32_t *a, *b; } gpu_emu_factors;

static inline float
gpu_emu_number (const uint32_t *words, int e)
{
  return e % 2 != 0 ? gpu_widen_hi (words[e / 2]) : gpu_widen_lo (words[e / 2]);
}

static inline void
gpu_amd_mma (float *d, const uint32_t *a, const uint32_t *b)
{
  gpu_emu_factors mine = {a, b};
  int             l = gpu_emu::current->linear % GPU_MMA_LANES;

  gpu_emu::Unit<gpu_emu_factors, GPU_MMA_LANES> all (&mine);
  for (int e = 0; e < GPU_MMA_ACC; e++) {
    int j = l % 16;
#if defined(GPU_MMA_MFMA)
    int i = 4 * (l / 16) + e;
#elif GPU_MMA_WMMA == 11
    int i = 2 * e + l / 16;
#else
    int i = 8 * (l / 16) + e;
#endif
    for (int k = 0; k < 16; k++) {
#if defined(GPU_MMA_MFMA)
      int half = k / 4, at = k % 4;
#elif GPU_MMA_WMMA == 11
      int half = 0, at = k;
      if (all.of (i).a[k / 2] != all.of (i + 16).a[k / 2] || all.of (j).b[k / 2] != all.of (j + 16).b[k / 2])
        abort (); /* both halves have to hold the same */
#else
      int half = k / 4 % 2, at = k % 4 + k / 8 * 4;
#endif
      d[e] += gpu_emu_number (all.of (i + 16 * half).a, at) * gpu_emu_number (all.of (j + 16 * half).b, at);
    }
  }
  all.done ();
}
#else
typedef short gpu_amd_factor __attribute__ ((ext_vector_type (GPU_MMA_EACH)));
typedef float gpu_amd_sums __attribute__ ((ext_vector_type (GPU_MMA_ACC)));

static __device__ __forceinline__ void
gpu_amd_mma (float *d, const uint32_t *a, const uint32_t *b)
{
  union { uint32_t w[GPU_MMA_EACH / 2]; gpu_amd_factor v; } x, y;
  gpu_amd_sums sums;

#pragma unroll
  for (int i = 0; i < GPU_MMA_EACH / 2; i++) {
    x.w[i] = a[i];
    y.w[i] = b[i];
  }
#pragma unroll
  for (int i = 0; i < GPU_MMA_ACC; i++)
    sums[i] = d[i];
#if defined(GPU_MMA_MFMA)
  sums = __builtin_amdgcn_mfma_f32_16x16x16bf16_1k (x.v, y.v, sums, 0, 0, 0);
#elif GPU_MMA_WMMA == 11
  sums = __builtin_amdgcn_wmma_f32_16x16x16_bf16_w32 (x.v, y.v, sums);
#else
  sums = __builtin_amdgcn_wmma_f32_16x16x16_bf16_w32_gfx12 (x.v, y.v, sums);
#endif
#pragma unroll
  for (int i = 0; i < GPU_MMA_ACC; i++)
    d[i] = sums[i];
}
#endif

/* ---- the words of gpu-mma.h ---- */

/* The first number along k that a lane holds; all that it holds lie together from there. */
static __device__ __forceinline__ int
gpu_mma_first_k (void)
{
  return GPU_MMA_EACH == 16 ? 0 : gpu_mma_lane () / 16 * GPU_MMA_EACH;
}

/* Which row of b a lane brings. */
static __device__ __forceinline__ int
gpu_mma_b_row (void)
{
  int i = gpu_mma_lane () % 16;
#if defined(GPU_MMA_WMMA) && GPU_MMA_WMMA == 11
  i = i % 2 * 8 + i / 2;
#endif
  return i;
}

static __device__ __forceinline__ void
gpu_mma_load_line (gpu_mma_operand *o, const gpu_bf16 *tile, int row, int k)
{
#if GPU_MMA_EACH == 4
  gpu_u64 w = *(const gpu_u64 *)(tile + gpu_tile (row, k));
  o->r[0] = w.w[0];
  o->r[1] = w.w[1];
#else
#pragma unroll
  for (int i = 0; i < GPU_MMA_EACH / 8; i++) {
    gpu_u128 w = *(const gpu_u128 *)(tile + gpu_tile (row, k + 8 * i));
#pragma unroll
    for (int j = 0; j < 4; j++)
      o->r[4 * i + j] = w.w[j];
  }
#endif
}

static __device__ __forceinline__ void
gpu_mma_load_a (gpu_mma_operand *a, const gpu_bf16 *tile, int row, int k)
{
  gpu_mma_load_line (a, tile, row + gpu_mma_lane () % 16, k + gpu_mma_first_k ());
}

static __device__ __forceinline__ void
gpu_mma_load_b (gpu_mma_operand *b, const gpu_bf16 *tile, int row, int k)
{
  gpu_mma_load_line (b, tile, row + gpu_mma_b_row (), k + gpu_mma_first_k ());
}

static __device__ __forceinline__ void
gpu_mma_load_b_t (gpu_mma_operand *b, const gpu_bf16 *tile, int k, int row)
{
  int r = row + gpu_mma_b_row (), first = k + gpu_mma_first_k ();

#pragma unroll
  for (int i = 0; i < GPU_MMA_EACH / 2; i++)
    b->r[i] = (uint32_t)tile[gpu_tile (first + 2 * i, r)].bits | (uint32_t)tile[gpu_tile (first + 2 * i + 1, r)].bits << 16;
}

static __device__ __forceinline__ void
gpu_mma (gpu_mma_acc *c, const gpu_mma_operand *a, const gpu_mma_operand *b)
{
  gpu_amd_mma (c->v, b->r, a->r);
}

static __device__ __forceinline__ int
gpu_mma_row (int i)
{
  (void)i;
  return gpu_mma_lane () % 16;
}

static __device__ __forceinline__ int
gpu_mma_col (int i)
{
  return gpu_mma_lane () / 16 * GPU_MMA_ACC + i;
}

#define GPU_MMA_ROWS 1

static __device__ __forceinline__ constexpr int
gpu_mma_row_of (int i)
{
  return 0 * i;
}

/* What lane l xor @mask of the same unit has; GPU_LANES would be too few. */
static __device__ __forceinline__ float
gpu_mma_shfl_xor (float v, int mask)
{
#if !defined(GPU_MMA_MFMA)
  return gpu_shfl_xor (v, mask);
#elif defined(GPU_EMU)
  gpu_emu::Unit<float, GPU_MMA_LANES> all (&v);
  float r = all.of (gpu_mma_lane () ^ mask);
  all.done ();
  return r;
#else
  return __shfl_xor (v, mask, GPU_MMA_LANES);
#endif
}

static __device__ __forceinline__ float
gpu_mma_row_max (float v)
{
#pragma unroll
  for (int m = 16; m < GPU_MMA_LANES; m *= 2)
    v = fmaxf (v, gpu_mma_shfl_xor (v, m));
  return v;
}

static __device__ __forceinline__ float
gpu_mma_row_sum (float v)
{
#pragma unroll
  for (int m = 16; m < GPU_MMA_LANES; m *= 2)
    v += gpu_mma_shfl_xor (v, m);
  return v;
}

static __device__ __forceinline__ bool
gpu_mma_any (bool v)
{
  float any = v ? 1.0f : 0.0f;
#pragma unroll
  for (int m = 1; m < GPU_MMA_LANES; m *= 2)
    any = fmaxf (any, gpu_mma_shfl_xor (any, m));
  return any > 0.0f;
}

static __device__ __forceinline__ void
gpu_mma_sync (void)
{
#if defined(GPU_EMU)
  gpu_emu::wait_unit (GPU_MMA_LANES);
#else
  gpu_sync_lanes ();
#endif
}

static __device__ __forceinline__ void
gpu_mma_acc_to_a (gpu_mma_operand *a, const gpu_mma_acc *c)
{
  uint32_t own[GPU_MMA_ACC / 2];

#pragma unroll
  for (int i = 0; i < GPU_MMA_ACC / 2; i++)
    own[i] = gpu_narrow_2 (c->v[2 * i], c->v[2 * i + 1]);
#if defined(GPU_MMA_WMMA) && GPU_MMA_WMMA == 11
  /* Both halves of the lanes want both halves of the row. */
  bool upper = gpu_mma_lane () >= 16;
#pragma unroll
  for (int i = 0; i < 4; i++) {
    uint32_t other = gpu_shfl_xor (own[i], 16);
    a->r[i] = upper ? other : own[i];
    a->r[4 + i] = upper ? own[i] : other;
  }
#else
#pragma unroll
  for (int i = 0; i < GPU_MMA_ACC / 2; i++)
    a->r[i] = own[i];
#endif
}
#endif
