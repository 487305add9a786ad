/* gemm.cu: products of many rows on the matrix units.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * y (rows, n) = x (rows, k)·wᵀ, w (n, k): a block computes 128 × 128 of y from tiles of 128 × 64 that are copied ahead into shared
 * memory, three deep.  x comes as planes of bf16 whose sum it is: the loop over k simply goes on with the next plane.  With a gate,
 * 64 columns of each of the two weights share a block, so that gelu (gate) ⊙ up is made of registers.
 *
 * Numbers (H100, bf16): 128 · 128 · 64 · 2 = 2.1 MFLOP for 32 KB read from L2: 64 FLOP a byte, so that 5.5 TB/s of L2 feed
 * 350 TFLOP/s with every tile read once; two blocks on a processor hide each other's waiting. */
#include "kernels/gpu/device.h"

#include "kernels/gpu/gemm-put.h"
#include "kernels/gpu/gpu-mma.h"

#define GPU_GEMM_ROWS    128
#define GPU_GEMM_COLS    128
#define GPU_GEMM_STAGES  3 /* tiles on their way; 2 where shared memory is small */
#define GPU_GEMM_THREADS 256
#define GPU_GEMM_TILE    (GPU_GEMM_ROWS * GPU_TILE_K) /* numbers of one tile */
#define GPU_GEMM_SHARED(stages) ((stages) * 2 * GPU_GEMM_TILE * 2)

/* Copies rows [first, first + 128) and numbers [k, k + 64) of a matrix into a tile; what is outside is 0.  Of the weights with a gate
 * the first 64 rows are the gate's. */
static __device__ __forceinline__ void
gpu_gemm_copy (gpu_bf16 *tile, const gpu_bf16 *m, const gpu_bf16 *second, int first, int n_rows, int stride, int k, int n_k)
{
#pragma unroll
  for (int i = 0; i < GPU_GEMM_TILE / 8 / GPU_GEMM_THREADS; i++) {
    int             piece = i * GPU_GEMM_THREADS + (int)threadIdx.x, row = piece / (GPU_TILE_K / 8), kk = piece % (GPU_TILE_K / 8) * 8;
    const gpu_bf16 *from = m;
    int             r = first + row;

    if (second != NULL && row >= GPU_GEMM_COLS / 2) {
      from = second;
      r -= GPU_GEMM_COLS / 2;
    }
    bool there = r < n_rows && k + kk < n_k && (second == NULL || r < first + GPU_GEMM_COLS / 2);
    gpu_copy_ahead (tile + gpu_tile (row, kk), there ? from + (size_t)r * (size_t)stride + (size_t)(k + kk) : m, there);
  }
}

/* One tile's worth of products; a warp (or wave) has WM × WN accumulators of 16 × 16. */
#if GPU_MMA
#define GPU_GEMM_UNITS  (GPU_GEMM_THREADS / GPU_MMA_LANES)
#define GPU_GEMM_UNITS_M 2
#define GPU_GEMM_UNITS_N (GPU_GEMM_UNITS / GPU_GEMM_UNITS_M)
#define GPU_GEMM_WM (GPU_GEMM_ROWS / 16 / GPU_GEMM_UNITS_M)
#define GPU_GEMM_WN (GPU_GEMM_COLS / 16 / GPU_GEMM_UNITS_N)

/* The first column of accumulator @j: with a gate, the first half of a unit's are the gate's. */
template <bool GATED>
static __device__ __forceinline__ int
gpu_gemm_col (int unit_n, int j)
{
  if (GATED)
    return j / (GPU_GEMM_WN / 2) * (GPU_GEMM_COLS / 2) + (unit_n * (GPU_GEMM_WN / 2) + j % (GPU_GEMM_WN / 2)) * 16;
  return (unit_n * GPU_GEMM_WN + j) * 16;
}

template <bool GATED>
static __device__ __forceinline__ void
gpu_gemm_multiply (gpu_mma_acc acc[GPU_GEMM_WM][GPU_GEMM_WN], const gpu_bf16 *a_tile, const gpu_bf16 *b_tile, int unit_m, int unit_n)
{
#pragma unroll
  for (int k = 0; k < GPU_TILE_K; k += 16) {
    gpu_mma_operand a[GPU_GEMM_WM], b[GPU_GEMM_WN];

#pragma unroll
    for (int i = 0; i < GPU_GEMM_WM; i++)
      gpu_mma_load_a (&a[i], a_tile, (unit_m * GPU_GEMM_WM + i) * 16, k);
#pragma unroll
    for (int j = 0; j < GPU_GEMM_WN; j++)
      gpu_mma_load_b (&b[j], b_tile, gpu_gemm_col<GATED> (unit_n, j), k);
#pragma unroll
    for (int i = 0; i < GPU_GEMM_WM; i++)
#pragma unroll
      for (int j = 0; j < GPU_GEMM_WN; j++)
        gpu_mma (&acc[i][j], &a[i], &b[j]);
  }
}

template <bool GATED>
static __device__ __forceinline__ void
gpu_gemm_finish (const GpuGemm *g, gpu_mma_acc acc[GPU_GEMM_WM][GPU_GEMM_WN], int row0, int col0, int unit_m, int unit_n)
{
  const int HALF = GATED ? GPU_GEMM_WN / 2 : GPU_GEMM_WN;

#pragma unroll
  for (int i = 0; i < GPU_GEMM_WM; i++)
#pragma unroll
    for (int j = 0; j < HALF; j++)
#pragma unroll
      for (int e = 0; e < GPU_MMA_ACC; e += 2) {
        int row = row0 + (unit_m * GPU_GEMM_WM + i) * 16 + gpu_mma_row (e), col = col0 + gpu_gemm_col<GATED> (unit_n, j) + gpu_mma_col (e);

        if (GATED)
          gpu_gemm_put_gated (g, row, col, acc[i][j].v + e, acc[i][j + GPU_GEMM_WN - HALF].v + e);
        else
          gpu_gemm_put (g, row, col, acc[i][j].v[e], acc[i][j].v[e + 1]);
      }
}
#else
/* Without matrix units: a thread has every other pair of a row's columns. */
#define GPU_GEMM_OWN (GPU_GEMM_ROWS * GPU_GEMM_COLS / GPU_GEMM_THREADS)

static __device__ __forceinline__ int
gpu_gemm_own_col (int j)
{
  return (j / 2 * 2 + (int)threadIdx.x % 2) * 2 + j % 2;
}

static __device__ __forceinline__ void
gpu_gemm_multiply_plain (float acc[GPU_GEMM_OWN], const gpu_bf16 *a_tile, const gpu_bf16 *b_tile)
{
  int row = (int)threadIdx.x / 2;

  for (int k = 0; k < GPU_TILE_K; k++) {
    float x = gpu_widen (a_tile[gpu_tile (row, k)]);

#pragma unroll
    for (int j = 0; j < GPU_GEMM_OWN; j++)
      acc[j] += x * gpu_widen (b_tile[gpu_tile (gpu_gemm_own_col (j), k)]);
  }
}
#endif

template <bool GATED>
__global__ void __launch_bounds__ (GPU_GEMM_THREADS, 2)
gpu_gemm_kernel (const __grid_constant__ GpuGemm g, int stages)
{
  GPU_SHARED (gpu_bf16, shared);
  int       planes = g.x.n_planes, k_tiles = (g.x.cols + GPU_TILE_K - 1) / GPU_TILE_K, n = planes * k_tiles;
  int       row0 = (int)blockIdx.x * GPU_GEMM_ROWS, col0 = (int)blockIdx.y * (GATED ? GPU_GEMM_COLS / 2 : GPU_GEMM_COLS);
  gpu_bf16 *a_tiles = shared, *b_tiles = shared + stages * GPU_GEMM_TILE;
#if GPU_MMA
  int         unit = (int)threadIdx.x / GPU_MMA_LANES, unit_m = unit / GPU_GEMM_UNITS_N, unit_n = unit % GPU_GEMM_UNITS_N;
  gpu_mma_acc acc[GPU_GEMM_WM][GPU_GEMM_WN] = {};
#else
  float acc[GPU_GEMM_OWN] = {};
#endif

  for (int t = 0; t < n + stages - 1; t++) {
    if (t < n) {
      int             stage = t % stages, k = t % k_tiles * GPU_TILE_K;
      const gpu_bf16 *x = (const gpu_bf16 *)g.x.data + (size_t)(t / k_tiles) * (size_t)g.x.rows * (size_t)g.x.cols;

      gpu_gemm_copy (a_tiles + stage * GPU_GEMM_TILE, x, NULL, row0, g.rows, g.x.cols, k, g.x.cols);
      gpu_gemm_copy (b_tiles + stage * GPU_GEMM_TILE, (const gpu_bf16 *)g.w[0], GATED ? (const gpu_bf16 *)g.w[1] : NULL, col0, g.n, g.w_stride, k, g.x.cols);
    }
    gpu_copy_commit ();
    if (t < stages - 1)
      continue;
    int stage = (t - stages + 1) % stages;
    if (stages == GPU_GEMM_STAGES)
      gpu_copy_wait<GPU_GEMM_STAGES - 1> ();
    else
      gpu_copy_wait<1> ();
    __syncthreads ();
#if GPU_MMA
    gpu_gemm_multiply<GATED> (acc, a_tiles + stage * GPU_GEMM_TILE, b_tiles + stage * GPU_GEMM_TILE, unit_m, unit_n);
#else
    gpu_gemm_multiply_plain (acc, a_tiles + stage * GPU_GEMM_TILE, b_tiles + stage * GPU_GEMM_TILE);
#endif
    __syncthreads ();
  }
#if GPU_MMA
  gpu_gemm_finish<GATED> (&g, acc, row0, col0, unit_m, unit_n);
#else
  for (int j = 0; j < GPU_GEMM_OWN / (GATED ? 2 : 1); j += 2) {
    int row = row0 + (int)threadIdx.x / 2, col = col0 + gpu_gemm_own_col (j);

    if (GATED)
      gpu_gemm_put_gated (&g, row, col, acc + j, acc + j + GPU_GEMM_OWN / 2);
    else
      gpu_gemm_put (&g, row, col, acc[j], acc[j + 1]);
  }
#endif
}

static int
stages_of (KrnDevice *dev)
{
  return (size_t)dev->properties.sharedMemPerBlockOptin >= GPU_GEMM_SHARED (GPU_GEMM_STAGES) ? GPU_GEMM_STAGES : 2;
}

bool
gpu_gemm_open (KrnDevice *dev)
{
  int bytes = GPU_GEMM_SHARED (stages_of (dev));

  return gpu_check (dev, GPU (FuncSetAttribute) ((const void *)gpu_gemm_kernel<false>, GPU (FuncAttributeMaxDynamicSharedMemorySize), bytes),
                    "shared memory for products") &&
         gpu_check (dev, GPU (FuncSetAttribute) ((const void *)gpu_gemm_kernel<true>, GPU (FuncAttributeMaxDynamicSharedMemorySize), bytes),
                    "shared memory for products") &&
         gpu_gemm_groups_open (dev);
}

void
gpu_gemm (KrnDevice *dev, const GpuGemm *gemm)
{
  GpuGemm g = *gemm;
  dim3    grid (gpu_div_up (g.rows, GPU_GEMM_ROWS), gpu_div_up (g.n, g.epilogue == GPU_GELU_MUL ? GPU_GEMM_COLS / 2 : GPU_GEMM_COLS));
  int     stages = stages_of (dev);

  g.pairs = ((uintptr_t)g.y & 7) == 0 && g.y_stride % 2 == 0;
  if (gpu_gemm_groups (dev, &g))
    return;
  if (g.epilogue == GPU_GELU_MUL)
    gpu_run (dev, gpu_gemm_kernel<true>, grid, GPU_GEMM_THREADS, GPU_GEMM_SHARED (stages), g, stages);
  else
    gpu_run (dev, gpu_gemm_kernel<false>, grid, GPU_GEMM_THREADS, GPU_GEMM_SHARED (stages), g, stages);
}
