/* flash.cu: attention of many rows on the matrix units.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A block computes a tile of rows against all keys that they see, or against a part of these where tiles are too few to
 * occupy the device (a pass of 512 rows is 64 tiles of a head of 512 dims); parts are joined by a second launch. */
#include "kernels/gpu/device.h"
#include "kernels/gpu/flash-tile.h"

#define FLASH_MOST_PARTS 16
/* A block's way in and out, and its part in joining, in tiles of keys. */
#define FLASH_PART_COST  2

template <int HD, int WARPS>
__global__ void
GPU_BOUNDS (WARPS * FLASH_LANES, FlashShape<HD, WARPS>::BLOCKS)
flash_kernel (const GpuFlash a)
{
#if GPU_MMA
  flash_tile<HD, WARPS> (&a);
#endif
}

/* One row of one head: o = Σ 2^(m_p − m)·o_p / Σ 2^(m_p − m)·l_p over its parts. */
__global__ void
flash_join (const GpuFlash a, int head_dim)
{
  int    n_rows = a.n_rows * a.group, row = (int)blockIdx.x % n_rows, kv_head = (int)blockIdx.x / n_rows;
  float *o = a.o + (size_t)(row / a.group) * a.o_stride + (kv_head * a.group + row % a.group) * head_dim;
  float  most = -INFINITY, total = 0.0f;

  for (int p = 0; p < a.n_parts; p++)
    most = fmaxf (most, a.weights[2 * ((size_t)(p * a.n_kv_heads + kv_head) * n_rows + row)]);
  for (int p = 0; p < a.n_parts; p++) {
    const float *weight = a.weights + 2 * ((size_t)(p * a.n_kv_heads + kv_head) * n_rows + row);
    total += gpu_exp2 (weight[0] - most) * weight[1];
  }
  for (int i = (int)threadIdx.x; i < head_dim; i += (int)blockDim.x) {
    float sum = 0.0f;
    for (int p = 0; p < a.n_parts; p++) {
      size_t at = (size_t)(p * a.n_kv_heads + kv_head) * n_rows + row;
      sum += gpu_exp2 (a.weights[2 * at] - most) * a.parts[at * head_dim + i];
    }
    o[i] = sum / total;
  }
}

/* to (rows, cols) = from, rounded, eight numbers a thread. */
__global__ void
flash_narrow (gpu_bf16 *to, const float *from, int rows, int cols, int stride)
{
  long i = (long)blockIdx.x * blockDim.x + threadIdx.x;
  int  row = (int)(i / (cols / 8)), col = (int)(i % (cols / 8)) * 8;

  if (row >= rows)
    return;
  const gpu_u128 *in = (const gpu_u128 *)(from + (size_t)row * stride + col);
  gpu_u128        x0 = in[0], x1 = in[1], y;
  y.w[0] = gpu_narrow_2 (gpu_float_from_bits (x0.w[0]), gpu_float_from_bits (x0.w[1]));
  y.w[1] = gpu_narrow_2 (gpu_float_from_bits (x0.w[2]), gpu_float_from_bits (x0.w[3]));
  y.w[2] = gpu_narrow_2 (gpu_float_from_bits (x1.w[0]), gpu_float_from_bits (x1.w[1]));
  y.w[3] = gpu_narrow_2 (gpu_float_from_bits (x1.w[2]), gpu_float_from_bits (x1.w[3]));
  *(gpu_u128 *)(to + (size_t)row * cols + col) = y;
}

/* ---- the host's part ---- */

static bool
flash_aligned (KrnMat m)
{
  size_t stride = (size_t)gpu_stride (m) * (m.type == KRN_BF16 ? 2 : 4);
  return (((uintptr_t)gpu_at (m) | stride) & 15) == 0;
}

/* Into how many parts the keys are cut: as few rounds of blocks over the device, each as short as possible. */
static int
flash_parts (const KrnDevice *dev, const GpuFlash *a, int head_dim, int blocks, int blocks_at_once, int key_tiles, size_t room)
{
  size_t size = (size_t)a->n_rows * a->group * a->n_kv_heads * (head_dim + 2) * sizeof (float);
  long   slots = (long)dev->properties.multiProcessorCount * blocks_at_once, least = 0;
  int    best = 1;

  for (int n = 1; n <= FLASH_MOST_PARTS && n <= key_tiles && (n == 1 || n * size <= room); n++) {
    long cost = (long)gpu_div_up ((long)blocks * n, slots) * (gpu_div_up (key_tiles, n) + (n > 1 ? FLASH_PART_COST : 0));
    if (n == 1 || cost < least) {
      best = n;
      least = cost;
    }
  }
  return best;
}

/* @arena: what of the arena is free, @room bytes. */
template <int HD, int WARPS>
static void
flash_launch (KrnDevice *dev, GpuFlash *a, unsigned char *arena, size_t room)
{
  typedef FlashShape<HD, WARPS> F;
  void (*kernel) (const GpuFlash) = flash_kernel<HD, WARPS>;
  int  blocks = gpu_div_up ((long)a->n_rows * a->group, F::ROWS) * a->n_kv_heads;
  long keys = (long)a->last + 1 + (long)a->moves * (a->n_rows - 1), most = (long)a->window + F::ROWS / a->group;

  a->n_parts = flash_parts (dev, a, HD, blocks, F::BLOCKS, gpu_div_up (keys < most ? keys : most, F::KEYS), room);
  a->weights = (float *)arena;
  a->parts = a->weights + (size_t)a->n_parts * a->n_kv_heads * a->n_rows * a->group * 2;
  gpu_check (dev, GPU (FuncSetAttribute) ((const void *)kernel, GPU (FuncAttributeMaxDynamicSharedMemorySize), F::BYTES), "shared memory for attention");
  gpu_run (dev, kernel, blocks * a->n_parts, WARPS * gpu_mma_lanes (&dev->properties), F::BYTES, *a);
  if (a->n_parts > 1)
    gpu_run (dev, flash_join, a->n_rows * a->group * a->n_kv_heads, HD < 128 ? HD : 128, 0, *a, HD);
}

static bool
flash_dispatch (KrnDevice *dev, GpuFlash *a, int head_dim, unsigned char *arena, size_t room)
{
  /* Wide heads want large tiles, which small processors have no room for. */
  bool large = dev->properties.sharedMemPerBlockOptin >= (size_t)FlashShape<512, 8>::BYTES;

  switch (head_dim) {
  case 64: flash_launch<64, 4> (dev, a, arena, room); break;
  case 128: flash_launch<128, 4> (dev, a, arena, room); break;
  case 256: large ? flash_launch<256, 8> (dev, a, arena, room) : flash_launch<256, 4> (dev, a, arena, room); break;
  case 512: large ? flash_launch<512, 8> (dev, a, arena, room) : flash_launch<512, 4> (dev, a, arena, room); break;
  }
  return true;
}

/* Shared memory that the smallest tiles of such heads need; 0: there are none. */
static size_t
flash_bytes (int head_dim)
{
  switch (head_dim) {
  case 64: return FlashShape<64, 4>::BYTES;
  case 128: return FlashShape<128, 4>::BYTES;
  case 256: return FlashShape<256, 4>::BYTES;
  case 512: return FlashShape<512, 4>::BYTES;
  default: return 0;
  }
}

/* Rounds F32 keys and values into the arena.  Returns how many bytes that takes. */
static size_t
flash_narrow_kv (KrnDevice *dev, GpuFlash *a, KrnMat k, KrnMat v)
{
  size_t    numbers = (size_t)k.rows * k.cols;
  gpu_bf16 *to = (gpu_bf16 *)dev->arena;

  gpu_run (dev, flash_narrow, gpu_div_up ((long)(numbers / 8), 256), 256, 0, to, (const float *)gpu_f32 (k), k.rows, k.cols, gpu_stride (k));
  gpu_run (dev, flash_narrow, gpu_div_up ((long)(numbers / 8), 256), 256, 0, to + numbers, (const float *)gpu_f32 (v), v.rows, v.cols, gpu_stride (v));
  a->k = to;
  a->v = to + numbers;
  a->k_stride = a->v_stride = k.cols;
  return 2 * numbers * sizeof (gpu_bf16);
}

bool
gpu_flash (KrnDevice     *dev,
           KrnMat         o,
           KrnMat         q,
           KrnMat         k,
           KrnMat         v,
           const KrnSpan *span,
           int32_t        n_heads,
           int32_t        n_kv_heads,
           int32_t        head_dim,
           int32_t        window,
           float          scale)
{
  size_t   room = GPU_ARENA_BYTES / 2, used = 0, needs = flash_bytes (head_dim);
  GpuFlash a;

  if (span != NULL) {
    k = span->cache.k;
    v = span->cache.v;
  }
  if (!dev->fast || gpu_mma_lanes (&dev->properties) == 0 || needs == 0 || needs > dev->properties.sharedMemPerBlockOptin || !(scale > 0.0f))
    return false;
  if (q.type != KRN_F32 || o.type != KRN_F32 || k.type != v.type || (k.type != KRN_BF16 && (span != NULL || k.type != KRN_F32)))
    return false;
  if (!flash_aligned (q) || !flash_aligned (o) || !flash_aligned (k) || !flash_aligned (v))
    return false;
  if (k.type == KRN_F32 && 2 * sizeof (gpu_bf16) * (size_t)k.rows * k.cols > room)
    return false;

  memset (&a, 0, sizeof a);
  a.n_rows = span != NULL ? span->n_rows : q.rows;
  a.q = gpu_f32 (q) + (span != NULL ? (size_t)span->row * gpu_stride (q) : 0);
  a.o = gpu_f32 (o) + (span != NULL ? (size_t)span->row * gpu_stride (o) : 0);
  a.k = (const gpu_bf16 *)gpu_at (k);
  a.v = (const gpu_bf16 *)gpu_at (v);
  a.q_stride = gpu_stride (q);
  a.o_stride = gpu_stride (o);
  a.k_stride = gpu_stride (k);
  a.v_stride = gpu_stride (v);
  a.group = n_heads / n_kv_heads;
  a.n_kv_heads = n_kv_heads;
  a.slots = k.rows;
  a.last = span != NULL ? span->position : k.rows - 1;
  a.moves = span != NULL;
  a.window = span != NULL && window > 0 ? window : INT32_MAX;
  a.scale = scale * 1.44269504f; /* log₂ e */
  if (a.n_rows <= 0)
    return true;
  gpu_send (dev);
  if (k.type == KRN_F32)
    used = flash_narrow_kv (dev, &a, k, v);
  return flash_dispatch (dev, &a, head_dim, dev->arena + used, room - used);
}
