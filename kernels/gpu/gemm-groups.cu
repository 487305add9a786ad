/* gemm-groups.cu: products of many rows by groups of four warps (compute capability 9.0).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What gemm.cu computes, with the one instruction that reaches this processor's matrix rate: wgmma (PTX ISA, "Asynchronous warpgroup
 * level matrix instructions") multiplies 64 × 16 by 16 × 128 where they lie in shared memory, while the threads fetch what comes next.
 * Two groups of four warps share 128 rows of x and GPU_GROUPS_COLS or twice as many columns of y.  Tiles are those of gpu-mma.h: lines
 * of 128 bytes whose 16-byte pieces are exchanged by line, which is the instruction's 128-byte swizzle.
 *
 * Numbers (H100): 128 × 256 × 64 are 4.2 MFLOP for 48 KB out of L2, 87 FLOP a byte: 480 TFLOP/s at the 5.5 TB/s that L2 gives.  With two
 * tiles on their way there are 1.1 µs between asking and using at the full rate. */
#include "kernels/gpu/device.h"

#if defined(GPU_CUDA)

#include "kernels/gpu/gpu-mma.h"
#include "kernels/gpu/rows.h"

#define GPU_GROUPS_ROWS    128
#define GPU_GROUPS_COLS    128 /* of one instruction */
#define GPU_GROUPS_THREADS 256
#define GPU_GROUPS_TILE    (128 * GPU_TILE_K) /* numbers */
#define GPU_GROUPS_SUMS    64  /* of a thread, of one instruction */

/* How many tiles there is room for, and its bytes, with the start moved to where a swizzle begins. */
#define GPU_GROUPS_STAGES(n)  ((n) == 2 ? 4 : 6)
#define GPU_GROUPS_ALIGN      1024
#define GPU_GROUPS_SHARED(n)  (GPU_GROUPS_STAGES (n) * (1 + (n)) * GPU_GROUPS_TILE * 2 + GPU_GROUPS_ALIGN)

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define GPU_GROUPS 1
#endif

#if GPU_GROUPS
/* A matrix in shared memory: its start, 1024 bytes from 8 lines to the next 8, 128-byte swizzle (PTX ISA, "Matrix descriptor format"). */
static __device__ __forceinline__ uint64_t
groups_matrix (const gpu_bf16 *tile)
{
  uint32_t at = (uint32_t)__cvta_generic_to_shared (tile);

  return (uint64_t)(at >> 4 & 0x3fff) | (uint64_t)1 << 16 | (uint64_t)(1024 >> 4) << 32 | (uint64_t)1 << 62;
}

/* d += a (64, 16)·bᵀ (128, 16). */
static __device__ __forceinline__ void
groups_mma (float d[GPU_GROUPS_SUMS], uint64_t a, uint64_t b)
{
  asm volatile (
      "{.reg .pred add; setp.eq.u32 add, 0, 0; wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, "
      "%8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, "
      "%24, %25, %26, %27, %28, %29, %30, %31, "
      "%32, %33, %34, %35, %36, %37, %38, %39, "
      "%40, %41, %42, %43, %44, %45, %46, %47, "
      "%48, %49, %50, %51, %52, %53, %54, %55, "
      "%56, %57, %58, %59, %60, %61, %62, %63}, "
      "%64, %65, add, 1, 1, 0, 0;}"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]), "+f"(d[7]),
    "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]), "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]),
    "+f"(d[16]), "+f"(d[17]), "+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]),
    "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]), "+f"(d[30]), "+f"(d[31]),
    "+f"(d[32]), "+f"(d[33]), "+f"(d[34]), "+f"(d[35]), "+f"(d[36]), "+f"(d[37]), "+f"(d[38]), "+f"(d[39]),
    "+f"(d[40]), "+f"(d[41]), "+f"(d[42]), "+f"(d[43]), "+f"(d[44]), "+f"(d[45]), "+f"(d[46]), "+f"(d[47]),
    "+f"(d[48]), "+f"(d[49]), "+f"(d[50]), "+f"(d[51]), "+f"(d[52]), "+f"(d[53]), "+f"(d[54]), "+f"(d[55]),
    "+f"(d[56]), "+f"(d[57]), "+f"(d[58]), "+f"(d[59]), "+f"(d[60]), "+f"(d[61]), "+f"(d[62]), "+f"(d[63])
      : "l"(a), "l"(b));
}

static __device__ __forceinline__ void
groups_fence (void)
{
  asm volatile ("wgmma.fence.sync.aligned;" ::: "memory");
}

static __device__ __forceinline__ void
groups_commit (void)
{
  asm volatile ("wgmma.commit_group.sync.aligned;" ::: "memory");
}

template <int N>
static __device__ __forceinline__ void
groups_wait (void)
{
  asm volatile ("wgmma.wait_group.sync.aligned %0;" ::"n"(N) : "memory");
}

/* What threads wrote into shared memory is seen by the matrix units. */
static __device__ __forceinline__ void
groups_publish (void)
{
  asm volatile ("fence.proxy.async.shared::cta;" ::: "memory");
}

/* 128 rows of a matrix from @first on, numbers [k, k + 64); what is outside is 0. */
static __device__ __forceinline__ void
groups_copy (gpu_bf16 *tile, const gpu_bf16 *m, int first, int n_rows, int stride, int k, int n_k)
{
#pragma unroll
  for (int i = 0; i < GPU_GROUPS_TILE / 8 / GPU_GROUPS_THREADS; i++) {
    int  piece = i * GPU_GROUPS_THREADS + (int)threadIdx.x, row = piece / (GPU_TILE_K / 8), kk = piece % (GPU_TILE_K / 8) * 8;
    bool there = first + row < n_rows && k + kk < n_k;

    gpu_copy_ahead (tile + gpu_tile (row, kk), there ? m + (size_t)(first + row) * (size_t)stride + (size_t)(k + kk) : m, there);
  }
}

/* Everything that the @t-th step multiplies: x, then N tiles of weights: neighbours, or with a gate one of each. */
template <int N, bool GATED>
static __device__ __forceinline__ void
groups_copy_step (gpu_bf16 *to, const GpuGemm *g, int row0, int col0, int t, int k_tiles)
{
  int             k = t % k_tiles * GPU_TILE_K;
  const gpu_bf16 *x = (const gpu_bf16 *)g->x.data + (size_t)(t / k_tiles) * (size_t)g->x.rows * (size_t)g->x.cols;

  groups_copy (to, x, row0, g->rows, g->x.cols, k, g->x.cols);
#pragma unroll
  for (int j = 0; j < N; j++)
    groups_copy (to + (1 + j) * GPU_GROUPS_TILE, (const gpu_bf16 *)g->w[GATED ? j : 0], col0 + (GATED ? 0 : j * GPU_GROUPS_COLS), g->n, g->w_stride, k,
                 g->x.cols);
}

template <int N>
static __device__ __forceinline__ void
groups_multiply (float sum[N][GPU_GROUPS_SUMS], const gpu_bf16 *tiles, int group)
{
  uint64_t a = groups_matrix (tiles + group * 64 * GPU_TILE_K), b = groups_matrix (tiles + GPU_GROUPS_TILE);

  groups_fence ();
#pragma unroll
  for (int k = 0; k < GPU_TILE_K / 16; k++)
#pragma unroll
    for (int j = 0; j < N; j++)
      groups_mma (sum[j], a + (uint64_t)(k * 2), b + (uint64_t)(k * 2 + j * (GPU_GROUPS_TILE * 2 >> 4)));
  groups_commit ();
}

static __device__ __forceinline__ float
groups_within (GpuBounds b, float v)
{
  return gpu_within (v, b.low, b.high);
}

/* Two neighbours, made ready: in planes, each what the one before left. */
static __device__ __forceinline__ void
groups_put_ready (gpu_bf16 *to, size_t plane, int n_planes, float a, float b)
{
  uint32_t both = gpu_narrow_2 (a, b);

  *(uint32_t *)(void *)to = both;
  for (int p = 1; p < n_planes; p++) {
    a -= gpu_float_from_bits (both << 16);
    b -= gpu_float_from_bits (both & 0xffff0000u);
    both = gpu_narrow_2 (a, b);
    *(uint32_t *)(void *)(to + (size_t)p * plane) = both;
  }
}

/* Sum 4i + 2h + e of lane l of warp w of a group: row 16w + l / 4 + 8h, column 8i + 2 (l mod 4) + e.  All that has to be known of a row is
 * known before its columns: what the threads do here, the matrix units wait for. */
template <int N>
static __device__ __forceinline__ void
groups_finish (const GpuGemm *g, float sum[N][GPU_GROUPS_SUMS], int row0, int col0)
{
  int row = row0 + (int)threadIdx.x / 32 * 16 + (int)threadIdx.x % 32 / 4, col = col0 + (int)threadIdx.x % 4 * 2;

#pragma unroll
  for (int h = 0; h < 2; h++) {
    float *y = g->y + (size_t)(row + 8 * h) * (size_t)g->y_stride + col;

    if (row + 8 * h >= g->rows)
      continue;
#pragma unroll
    for (int j = 0; j < N; j++)
#pragma unroll
      for (int i = 0; i < GPU_GROUPS_COLS / 8; i++) {
        gpu_u64 both;

        both.w[0] = gpu_bits_from_float (groups_within (g->bounds, sum[j][4 * i + 2 * h]));
        both.w[1] = gpu_bits_from_float (groups_within (g->bounds, sum[j][4 * i + 2 * h + 1]));
        if (col + j * GPU_GROUPS_COLS + 8 * i < g->n)
          *(gpu_u64 *)(void *)(y + j * GPU_GROUPS_COLS + 8 * i) = both;
      }
  }
}

static __device__ __forceinline__ void
groups_finish_gated (const GpuGemm *g, float sum[2][GPU_GROUPS_SUMS], int row0, int col0)
{
  int    row = row0 + (int)threadIdx.x / 32 * 16 + (int)threadIdx.x % 32 / 4, col = col0 + (int)threadIdx.x % 4 * 2;
  size_t plane = (size_t)g->out.rows * (size_t)g->out.cols;

#pragma unroll
  for (int h = 0; h < 2; h++) {
    gpu_bf16 *out = (gpu_bf16 *)g->out.data + (size_t)(row + 8 * h) * (size_t)g->out.cols + (size_t)(g->out_first + col);

    if (row + 8 * h >= g->rows)
      continue;
#pragma unroll
    for (int i = 0; i < GPU_GROUPS_COLS / 8; i++) {
      float v[2];

#pragma unroll
      for (int e = 0; e < 2; e++) {
        float gate = groups_within (g->bounds, sum[0][4 * i + 2 * h + e]), up = groups_within (g->up_bounds, sum[1][4 * i + 2 * h + e]);

        v[e] = groups_within (g->out_bounds, gpu_gelu (gate) * up);
      }
      if (col + 8 * i < g->n)
        groups_put_ready (out + 8 * i, plane, g->out.n_planes, v[0], v[1]);
    }
  }
}
#endif

/* In step t the tile t is multiplied, tile t + STAGES − 2 is fetched to where tile t − 2 was: all groups have done with that, since
 * each waited for it before the barrier. */
template <int N, bool GATED>
__global__ void __launch_bounds__ (GPU_GROUPS_THREADS, 1)
gpu_gemm_groups_kernel (const __grid_constant__ GpuGemm g)
{
#if GPU_GROUPS
  GPU_SHARED (unsigned char, shared);
  const int STAGES = GPU_GROUPS_STAGES (N), STAGE = (1 + N) * GPU_GROUPS_TILE;
  gpu_bf16 *tiles = (gpu_bf16 *)(void *)(shared + (GPU_GROUPS_ALIGN - (uint32_t)__cvta_generic_to_shared (shared) % GPU_GROUPS_ALIGN) % GPU_GROUPS_ALIGN);
  int       k_tiles = (g.x.cols + GPU_TILE_K - 1) / GPU_TILE_K, n = g.x.n_planes * k_tiles, group = (int)threadIdx.x / 128;
  int       row0 = (int)blockIdx.x * GPU_GROUPS_ROWS, col0 = (int)blockIdx.y * (GATED ? 1 : N) * GPU_GROUPS_COLS;
  float     sum[N][GPU_GROUPS_SUMS] = {};

#pragma unroll
  for (int t = 0; t < STAGES - 2; t++) {
    if (t < n)
      groups_copy_step<N, GATED> (tiles + t * STAGE, &g, row0, col0, t, k_tiles);
    gpu_copy_commit ();
  }
  for (int t = 0; t < n; t++) {
    gpu_copy_wait<STAGES - 3> ();
    groups_publish ();
    __syncthreads ();
    groups_multiply<N> (sum, tiles + t % STAGES * STAGE, group);
    if (t + STAGES - 2 < n)
      groups_copy_step<N, GATED> (tiles + (t + STAGES - 2) % STAGES * STAGE, &g, row0, col0, t + STAGES - 2, k_tiles);
    gpu_copy_commit ();
    groups_wait<1> ();
  }
  groups_wait<0> ();
  if (GATED)
    groups_finish_gated (&g, sum, row0, col0);
  else
    groups_finish<N> (&g, sum, row0, col0);
#endif
}

/* ---- the host's part ---- */

static bool
is_here (KrnDevice *dev)
{
  GPU (FuncAttributes) attributes;

  /* Machine code for this very processor: made from PTX, the kernel would be empty. */
  return dev->properties.major == 9 && dev->properties.minor == 0 &&
         GPU (FuncGetAttributes) (&attributes, (const void *)gpu_gemm_groups_kernel<1, false>) == GPU (Success) && attributes.binaryVersion == 90 &&
         attributes.numRegs > GPU_GROUPS_SUMS;
}

bool
gpu_gemm_groups_open (KrnDevice *dev)
{
  const void *kernels[] = {(const void *)gpu_gemm_groups_kernel<1, false>, (const void *)gpu_gemm_groups_kernel<2, false>, (const void *)gpu_gemm_groups_kernel<2, true>};

  dev->has_groups = is_here (dev);
  for (int i = 0; i < 3 && dev->has_groups; i++)
    if (!gpu_check (dev, GPU (FuncSetAttribute) (kernels[i], GPU (FuncAttributeMaxDynamicSharedMemorySize), GPU_GROUPS_SHARED (i > 0 ? 2 : 1)),
                    "shared memory for products"))
      return false;
  return true;
}

/* Rounds of blocks over the device, each as long as its tiles are wide. */
static int
cost (KrnDevice *dev, const GpuGemm *g, int n)
{
  int blocks = gpu_div_up (g->rows, GPU_GROUPS_ROWS) * gpu_div_up (g->n, n * GPU_GROUPS_COLS);

  return gpu_div_up (blocks, dev->properties.multiProcessorCount) * (n * 10 + (n == 1 ? 2 : 0));
}

static GpuBounds
or_none (GpuBounds b)
{
  const GpuBounds none = {-INFINITY, INFINITY};

  return b.low < b.high ? b : none;
}

/* Columns are written in pairs; a gated product is wanted ready and in no other form. */
static bool
fits (const GpuGemm *g)
{
  if (g->n % 2 != 0)
    return false;
  return g->epilogue == GPU_GELU_MUL ? g->y == NULL && g->out.data != NULL && g->out.cols % 2 == 0 && g->out_first % 2 == 0 : g->y != NULL && g->pairs;
}

bool
gpu_gemm_groups (KrnDevice *dev, const GpuGemm *gemm)
{
  GpuGemm bounded = *gemm, *g = &bounded;
  dim3    grid (gpu_div_up (g->rows, GPU_GROUPS_ROWS));

  if (!dev->has_groups || !fits (g))
    return false;
  g->bounds = or_none (g->bounds);
  g->up_bounds = or_none (g->up_bounds);
  g->out_bounds = or_none (g->out_bounds);
  if (g->epilogue == GPU_GELU_MUL) {
    grid.y = (unsigned)gpu_div_up (g->n, GPU_GROUPS_COLS);
    gpu_run (dev, (gpu_gemm_groups_kernel<2, true>), grid, GPU_GROUPS_THREADS, GPU_GROUPS_SHARED (2), *g);
  } else if (cost (dev, g, 1) < cost (dev, g, 2)) {
    grid.y = (unsigned)gpu_div_up (g->n, GPU_GROUPS_COLS);
    gpu_run (dev, (gpu_gemm_groups_kernel<1, false>), grid, GPU_GROUPS_THREADS, GPU_GROUPS_SHARED (1), *g);
  } else {
    grid.y = (unsigned)gpu_div_up (g->n, 2 * GPU_GROUPS_COLS);
    gpu_run (dev, (gpu_gemm_groups_kernel<2, false>), grid, GPU_GROUPS_THREADS, GPU_GROUPS_SHARED (2), *g);
  }
  return true;
}

#else

bool
gpu_gemm_groups_open (KrnDevice *dev)
{
  (void)dev;
  return true;
}

bool
gpu_gemm_groups (KrnDevice *dev, const GpuGemm *gemm)
{
  (void)dev;
  (void)gemm;
  return false;
}

#endif
