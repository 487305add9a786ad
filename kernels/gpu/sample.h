/* sample.h: steps that choose the next token.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Order: penalty and suppression on the raw logits, temperature, top-k, top-p, min-p, softmax, draw.  The definition and the
 * draw are those of kernels/cpu/sample.c.  All that is left out is a tail of the order "largest first, of equals the first id", so
 * that what stays can be told by its last entry.
 *
 * **Weights are whole numbers**, e^(x − most) in units of 2^−44, rounded: the largest entry weighs 2^44, half a million of them
 * less than 2^63.  Sums do not depend on the order in which blocks and lanes come, and what differs from one device to another
 * is nothing.  An entry more than 31.2 below the largest weighs nothing: no draw of a token, with 53 bits of chance, would take it
 * more often than once in 10^13 times.
 *
 * A step is one phase; the host appends those that the options need (sample.cu):
 *
 *   CONDITION             all blocks: x as it is compared, and the largest of every group of 128 entries
 *   GATHER, CHOOSE        a small top-k: the k-th largest group is a bound for the k-th largest entry, so that little more than k
 *                         entries are gathered; one block compares each of them with each
 *   COUNT × 0, 3 or 6     else: radix selection of the k-th largest, and of where the weight of p is reached, over the whole row.
 *   TALLY, DRAW           What then is left is weighed, chunk by chunk; one block draws
 *   SPREAD                the distribution, where it is asked for
 *
 * Should GATHER find too many (equal logits by the hundred), CHOOSE does what COUNT, TALLY and DRAW do, with one block.
 *
 * Device code, all threads of all blocks.  A chunk of the row is four entries for every thread of a block. */
#pragma once

#include "kernels/gpu/turn.h"

#define GPU_SAMPLE_CHUNK  2048
#define GPU_SAMPLE_CHUNKS 256
#define GPU_SAMPLE_MOST   (GPU_SAMPLE_CHUNK * GPU_SAMPLE_CHUNKS) /* the largest vocabulary */
#define GPU_SAMPLE_WAVES  (GPU_STEP_THREADS / GPU_LANES)
#define GPU_SAMPLE_PER    (GPU_SAMPLE_CHUNK / GPU_STEP_THREADS)
#define GPU_SAMPLE_FEW    512  /* candidates that are compared each with each: that is 20 µs, and 1 for a hundred */
#define GPU_SAMPLE_SMALL  256  /* the largest top-k that is expected to leave so few */
#define GPU_SAMPLE_RADIX  2048 /* 11, 11 and 10 bits */
#define GPU_SAMPLE_STAGES 6    /* three digits for top-k, three for top-p */
#define GPU_SAMPLE_SLOTS  1024 /* of width 1/32, from the largest entry down to those that weigh nothing */

typedef enum {
  GPU_SAMPLE_CONDITION,
  GPU_SAMPLE_GATHER,
  GPU_SAMPLE_CHOOSE,
  GPU_SAMPLE_TALLY,
  GPU_SAMPLE_DRAW,
  GPU_SAMPLE_SPREAD,
  GPU_SAMPLE_COUNT, /* + stage: the last */
} GpuSamplePhase;

typedef unsigned long long gpu_units;

#define GPU_SAMPLE_OUT (~(gpu_units)0) /* no sum is so large */

/* Where selection stands: the digits that are known, and what is still to be reached within them. */
typedef struct {
  uint32_t  key;
  gpu_units rest;
} GpuSampleCut;

/* What phases leave to each other.  On the device, one for all rows. */
typedef struct {
  float        group_most[GPU_SAMPLE_CHUNKS * GPU_SAMPLE_WAVES];
  unsigned     n_found; /* GATHER */
  float        x[GPU_SAMPLE_FEW];
  int32_t      id[GPU_SAMPLE_FEW];
  gpu_units    bins[GPU_SAMPLE_STAGES][GPU_SAMPLE_RADIX]; /* COUNT */
  GpuSampleCut cut[GPU_SAMPLE_STAGES];
  gpu_units    above[GPU_SAMPLE_CHUNKS], equal[GPU_SAMPLE_CHUNKS]; /* TALLY: weight above the cut, entries at the cut */
  uint32_t     last_key; /* SPREAD: the last that stays, and the total; total 0: last_id alone */
  int32_t      last_id;
  gpu_units    total;
} GpuSampleMemory;

typedef struct {
  gpu_units    waves[GPU_SAMPLE_WAVES];
  float        most[GPU_SAMPLE_WAVES];
  GpuSampleCut cut;
  gpu_units    target;
  int          found, chunk;
  unsigned     at;
  union {
    uint32_t seen[GPU_SAMPLE_CHUNK / 32];
    uint32_t slots[GPU_SAMPLE_SLOTS];
    struct {
      uint32_t low[GPU_SAMPLE_RADIX], high[GPU_SAMPLE_RADIX]; /* two halves: the device adds no 64 bits at once here */
    } bins;
    struct {
      float     x[GPU_SAMPLE_FEW];
      int32_t   id[GPU_SAMPLE_FEW];
      gpu_units w[GPU_SAMPLE_FEW], before[GPU_SAMPLE_FEW];
    } few;
  } u;
} GpuSampleShared;

static_assert (sizeof (GpuSampleShared) <= GPU_STEP_SHARED, "shared memory of a step");

/* Whether few candidates are expected: GATHER and CHOOSE, not COUNT, TALLY and DRAW. */
static __host__ __device__ __forceinline__ bool
gpu_sample_is_small (const GpuSample *s)
{
  return s->temperature != 0.0f && s->top_k > 0 && s->top_k <= GPU_SAMPLE_SMALL;
}

/* The stages of selection, by top-k and top-p, that the options need. */
static __host__ __device__ __forceinline__ bool
gpu_sample_has_stage (const GpuSample *s, int stage)
{
  return s->temperature != 0.0f && (stage < 3 ? s->top_k > 0 : s->top_p < 1.0f);
}

/* What every function below needs. */
typedef struct {
  const GpuSample *s;
  GpuSampleMemory *m;
  GpuSampleShared *sh;
  int              block, n_blocks, n_chunks;
  float            most; /* of the row; once it is known */
} GpuChoice;

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

/* Uniform in [0, 1) from (seed, number, row): Philox 4×32 with ten rounds. */
static __device__ double
gpu_sample_uniform (const GpuSample *s)
{
  uint32_t c[4] = {(uint32_t)s->number, (uint32_t)(s->number >> 32), (uint32_t)s->row, 0};
  uint32_t k[2] = {(uint32_t)s->seed, (uint32_t)(s->seed >> 32)};

  for (int round = 0; round < 10; round++) {
    uint64_t p = (uint64_t)c[0] * 0xD2511F53u, q = (uint64_t)c[2] * 0xCD9E8D57u;

    c[0] = (uint32_t)(q >> 32) ^ c[1] ^ k[0];
    c[1] = (uint32_t)q;
    c[2] = (uint32_t)(p >> 32) ^ c[3] ^ k[1];
    c[3] = (uint32_t)p;
    k[0] += 0x9E3779B9u;
    k[1] += 0xBB67AE85u;
  }
  return (double)(((uint64_t)c[0] << 32 | c[1]) >> 11) * 1.1102230246251565e-16; /* 2^−53 */
}

/* e^(x − most), by the polynomial of the CPU backend, so that the same entries weigh the same. */
static __device__ __forceinline__ float
gpu_sample_exp (float x, float most)
{
  float y = x - most, n = rintf (y * 1.44269504f), r, p;

  if (!(y >= -87.33654f))
    return 0.0f;
  r = fmaf (n, 2.12194440e-4f, fmaf (n, -0.693359375f, y));
  p = fmaf (1.9875691e-4f, r, 1.3981999e-3f);
  p = fmaf (p, r, 8.3334519e-3f);
  p = fmaf (p, r, 4.1665796e-2f);
  p = fmaf (p, r, 1.6666665e-1f);
  p = fmaf (p, r, 0.5f);
  p = fmaf (p, r * r, r) + 1.0f;
  return p * gpu_float_from_bits ((uint32_t)((int)n + 127) << 23);
}

static __device__ __forceinline__ gpu_units
gpu_sample_units (float e)
{
  return (gpu_units)(e * 17592186044416.0f + 0.5f); /* 2^44 */
}

/* Larger floats have larger keys. */
static __device__ __forceinline__ uint32_t
gpu_sample_key (float x)
{
  uint32_t bits = gpu_bits_from_float (x);

  return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}

static __device__ __forceinline__ float
gpu_sample_value (uint32_t key)
{
  return gpu_float_from_bits ((key & 0x80000000u) != 0 ? key & 0x7fffffffu : ~key);
}

/* The least whole number that is not below p · total, and at least 0. */
static __device__ __forceinline__ gpu_units
gpu_sample_part (float p, gpu_units total)
{
  double part = ceil ((double)p * (double)total);

  return part > 0.0 ? (gpu_units)part : 0;
}

/* A whole number below total, to draw with. */
static __device__ __forceinline__ gpu_units
gpu_sample_target (const GpuSample *s, gpu_units total)
{
  gpu_units target = (gpu_units)(gpu_sample_uniform (s) * (double)total);

  return target < total ? target : total - 1;
}

/* Finite, and chance decides. */
static __device__ __forceinline__ bool
gpu_sample_chance (const GpuChoice *o)
{
  return o->s->temperature != 0.0f && o->most - o->most == 0.0f;
}

static __device__ __forceinline__ float
gpu_sample_x (const GpuChoice *o, int i)
{
  return gpu_load_shared_by_blocks (o->s->logits + i);
}

/* ---- a block together -------------------------------------------------------------------------------------------- */

static __device__ __forceinline__ gpu_units
gpu_sample_lanes_sum (gpu_units v)
{
#pragma unroll
  for (int m = GPU_LANES / 2; m > 0; m >>= 1)
    v += gpu_shfl_xor (v, m);
  return v;
}

/* The sum over the threads before this one; the sum over all. */
static __device__ gpu_units
gpu_sample_scan (const GpuChoice *o, gpu_units v, gpu_units *total)
{
  int       lane = (int)(threadIdx.x % GPU_LANES), wave = (int)(threadIdx.x / GPU_LANES);
  gpu_units sum = v, before = 0, all = 0;

#pragma unroll
  for (int d = 1; d < GPU_LANES; d <<= 1) {
    gpu_units other = gpu_shfl (sum, lane >= d ? lane - d : lane);

    sum += lane >= d ? other : 0;
  }
  __syncthreads ();
  if (lane == GPU_LANES - 1)
    o->sh->waves[wave] = sum;
  __syncthreads ();
#pragma unroll
  for (int i = 0; i < GPU_SAMPLE_WAVES; i++) {
    before += i < wave ? o->sh->waves[i] : 0;
    all += o->sh->waves[i];
  }
  *total = all;
  return before + sum - v;
}

/* The largest entry of the row. */
static __device__ float
gpu_sample_most (const GpuChoice *o)
{
  float most = -INFINITY;

  for (int i = (int)threadIdx.x; i < o->n_chunks * GPU_SAMPLE_WAVES; i += GPU_STEP_THREADS)
    most = fmaxf (most, gpu_load_shared_by_blocks (o->m->group_most + i));
  most = gpu_lanes_max (most);
  __syncthreads ();
  if (threadIdx.x % GPU_LANES == 0)
    o->sh->most[threadIdx.x / GPU_LANES] = most;
  __syncthreads ();
#pragma unroll
  for (int i = 0; i < GPU_SAMPLE_WAVES; i++)
    most = fmaxf (most, o->sh->most[i]);
  return most;
}

/* ---- the row as it is compared ------------------------------------------------------------------------------------ */

/* Penalty, once per distinct id, and suppression, of the ids in [begin, end). */
static __device__ void
gpu_sample_adjust (const GpuChoice *o, int begin, int end)
{
  const GpuSample *s = o->s;

  if (threadIdx.x < GPU_SAMPLE_CHUNK / 32)
    o->sh->u.seen[threadIdx.x] = 0;
  __syncthreads ();
  for (int i = (int)threadIdx.x; i < s->n_recent; i += GPU_STEP_THREADS) {
    int id = s->recent[i];

    if (id >= begin && id < end) {
      uint32_t bit = 1u << (id - begin) % 32;
      float    x = gpu_sample_x (o, id);

      if ((atomicOr (&o->sh->u.seen[(id - begin) / 32], bit) & bit) == 0)
        s->logits[id] = x > 0.0f ? x / s->penalty : x * s->penalty;
    }
  }
  __syncthreads ();
  for (int i = (int)threadIdx.x; i < s->n_suppress; i += GPU_STEP_THREADS)
    if (s->suppress[i] >= begin && s->suppress[i] < end)
      s->logits[s->suppress[i]] = -INFINITY;
  __syncthreads ();
}

static __device__ void
gpu_sample_condition (const GpuChoice *o)
{
  const GpuSample *s = o->s;

  for (int chunk = o->block; chunk < o->n_chunks; chunk += o->n_blocks) {
    int   begin = chunk * GPU_SAMPLE_CHUNK, end = s->n - begin < GPU_SAMPLE_CHUNK ? s->n : begin + GPU_SAMPLE_CHUNK;
    float most = -INFINITY;

    if (s->n_recent > 0 || s->n_suppress > 0)
      gpu_sample_adjust (o, begin, end);
#pragma unroll
    for (int j = 0; j < GPU_SAMPLE_PER; j++) {
      int   i = begin + j * GPU_STEP_THREADS + (int)threadIdx.x;
      float x = i < end ? gpu_sample_x (o, i) : -INFINITY;

      if (s->temperature != 0.0f && s->temperature != 1.0f)
        x = x / s->temperature;
      x = x == x ? x + 0.0f : -INFINITY; /* of the two zeros the one: equal numbers have equal keys */
      if (i < end)
        s->logits[i] = x;
      most = fmaxf (most, x);
    }
    most = gpu_lanes_max (most);
    if (threadIdx.x % GPU_LANES == 0)
      o->m->group_most[chunk * GPU_SAMPLE_WAVES + threadIdx.x / GPU_LANES] = most;
  }
  if (o->block == 0 && threadIdx.x == 0)
    o->m->n_found = 0;
}

static __device__ void
gpu_sample_clear (const GpuChoice *o)
{
  for (int i = o->block * GPU_STEP_THREADS + (int)threadIdx.x; i < GPU_SAMPLE_STAGES * GPU_SAMPLE_RADIX; i += o->n_blocks * GPU_STEP_THREADS)
    (&o->m->bins[0][0])[i] = 0;
}

/* Nothing to draw from: the first of the largest. */
static __device__ void
gpu_sample_first (const GpuChoice *o)
{
  if (threadIdx.x == 0) {
    o->sh->chunk = GPU_SAMPLE_CHUNKS;
    o->sh->found = GPU_SAMPLE_MOST;
  }
  __syncthreads ();
  for (int i = (int)threadIdx.x; i < o->n_chunks * GPU_SAMPLE_WAVES; i += GPU_STEP_THREADS)
    if (gpu_load_shared_by_blocks (o->m->group_most + i) == o->most)
      atomicMin (&o->sh->chunk, i / GPU_SAMPLE_WAVES);
  __syncthreads ();
  for (int j = 0; j < GPU_SAMPLE_PER; j++) {
    int i = o->sh->chunk * GPU_SAMPLE_CHUNK + j * GPU_STEP_THREADS + (int)threadIdx.x;

    if (i < o->s->n && gpu_sample_x (o, i) == o->most)
      atomicMin (&o->sh->found, i);
  }
  __syncthreads ();
  if (threadIdx.x == 0) {
    *o->s->id = o->m->last_id = o->sh->found;
    o->m->total = 0;
  }
}

/* ---- a small top-k ------------------------------------------------------------------------------------------------ */

static __device__ __forceinline__ int
gpu_sample_slot (const GpuChoice *o, float x)
{
  float slot = (o->most - x) * 32.0f;

  return slot < (float)(GPU_SAMPLE_SLOTS - 1) ? (int)slot : GPU_SAMPLE_SLOTS - 1;
}

/* A slot in or above which k groups have their largest entries, and so at least k entries lie. */
static __device__ int
gpu_sample_bound (const GpuChoice *o)
{
  uint32_t *slots = o->sh->u.slots;
  gpu_units k = (gpu_units)o->s->top_k, before, total;

  slots[threadIdx.x] = slots[threadIdx.x + GPU_STEP_THREADS] = 0;
  if (threadIdx.x == 0)
    o->sh->found = GPU_SAMPLE_SLOTS - 1;
  __syncthreads ();
  for (int i = (int)threadIdx.x; i < o->n_chunks * GPU_SAMPLE_WAVES; i += GPU_STEP_THREADS) {
    int slot = gpu_sample_slot (o, gpu_load_shared_by_blocks (o->m->group_most + i));

    if (slot < GPU_SAMPLE_SLOTS - 1) /* the last one is full of what weighs nothing */
      atomicAdd (&slots[slot], 1u);
  }
  __syncthreads ();
  before = gpu_sample_scan (o, (gpu_units)(slots[2 * threadIdx.x] + slots[2 * threadIdx.x + 1]), &total);
  for (int j = 0; j < 2; j++) {
    uint32_t here = slots[2 * threadIdx.x + (unsigned)j];

    if (before < k && before + here >= k)
      o->sh->found = 2 * (int)threadIdx.x + j;
    before += here;
  }
  __syncthreads ();
  return o->sh->found;
}

static_assert (GPU_SAMPLE_SLOTS == 2 * GPU_STEP_THREADS, "two slots for every thread");

static __device__ void
gpu_sample_gather (const GpuChoice *o)
{
  int bound = gpu_sample_bound (o);

  for (int chunk = o->block; chunk < o->n_chunks; chunk += o->n_blocks) {
    float     x[GPU_SAMPLE_PER];
    int       first = chunk * GPU_SAMPLE_CHUNK + (int)threadIdx.x;
    gpu_units n = 0, before, total;

#pragma unroll
    for (int j = 0; j < GPU_SAMPLE_PER; j++) {
      int i = first + j * GPU_STEP_THREADS;

      x[j] = i < o->s->n ? gpu_sample_x (o, i) : -INFINITY;
      n += gpu_sample_slot (o, x[j]) <= bound && gpu_sample_units (gpu_sample_exp (x[j], o->most)) > 0;
    }
    before = gpu_sample_scan (o, n, &total);
    if (threadIdx.x == 0 && total > 0)
      o->sh->at = atomicAdd (&o->m->n_found, (unsigned)total);
    __syncthreads ();
#pragma unroll
    for (int j = 0; j < GPU_SAMPLE_PER && n > 0; j++) {
      unsigned at = o->sh->at + (unsigned)before;

      if (gpu_sample_slot (o, x[j]) > bound || gpu_sample_units (gpu_sample_exp (x[j], o->most)) == 0)
        continue;
      if (at < GPU_SAMPLE_FEW) {
        o->m->x[at] = x[j];
        o->m->id[at] = first + j * GPU_STEP_THREADS;
      }
      before++;
    }
  }
}

/* Every candidate's place in the order: the weight before it, or GPU_SAMPLE_OUT if k or more are larger. */
static __device__ void
gpu_sample_order (const GpuChoice *o, int n)
{
  for (int i = (int)(threadIdx.x / GPU_LANES); i < n; i += GPU_SAMPLE_WAVES) {
    float     x = o->sh->u.few.x[i];
    int       id = o->sh->u.few.id[i];
    gpu_units before = 0, larger = 0;

    for (int j = (int)(threadIdx.x % GPU_LANES); j < n; j += GPU_LANES) {
      float other = o->sh->u.few.x[j];

      larger += other > x;
      before += other > x || (other == x && o->sh->u.few.id[j] < id) ? o->sh->u.few.w[j] : 0;
    }
    before = gpu_sample_lanes_sum (before);
    larger = gpu_sample_lanes_sum (larger);
    if (threadIdx.x % GPU_LANES == 0)
      o->sh->u.few.before[i] = larger < (gpu_units)o->s->top_k ? before : GPU_SAMPLE_OUT;
  }
  __syncthreads ();
}

/* Of the candidates in the order of their ids, the one in which the target lies. */
static __device__ void
gpu_sample_pick (const GpuChoice *o, int n, gpu_units target)
{
  for (int i = (int)(threadIdx.x / GPU_LANES); i < n; i += GPU_SAMPLE_WAVES) {
    gpu_units w = o->sh->u.few.w[i], before = 0;

    for (int j = (int)(threadIdx.x % GPU_LANES); j < n; j += GPU_LANES)
      before += o->sh->u.few.id[j] < o->sh->u.few.id[i] ? o->sh->u.few.w[j] : 0;
    before = gpu_sample_lanes_sum (before);
    if (threadIdx.x % GPU_LANES == 0 && before <= target && target < before + w)
      *o->s->id = o->sh->u.few.id[i];
  }
}

static __device__ void
gpu_sample_choose_few (const GpuChoice *o, int n)
{
  int       i = (int)threadIdx.x;
  gpu_units w = 0, before = GPU_SAMPLE_OUT, total;
  float     x = i < n ? gpu_load_shared_by_blocks (o->m->x + i) : -INFINITY, e = gpu_sample_exp (x, o->most);

  if (i < n) {
    o->sh->u.few.x[i] = x;
    o->sh->u.few.id[i] = gpu_load_shared_by_blocks (o->m->id + i);
    o->sh->u.few.w[i] = gpu_sample_units (e);
  }
  __syncthreads ();
  gpu_sample_order (o, n);
  if (i < n)
    before = o->sh->u.few.before[i];
  if (before != GPU_SAMPLE_OUT)
    w = gpu_sample_units (e);
  gpu_sample_scan (o, w, &total);
  if (o->s->top_p < 1.0f && before > 0 && before >= gpu_sample_part (o->s->top_p, total))
    w = 0;
  if (e < o->s->min_p)
    w = 0;
  if (i < n)
    o->sh->u.few.w[i] = w;
  gpu_sample_scan (o, w, &total);
  gpu_sample_pick (o, n, gpu_sample_target (o->s, total));
  if (w > 0 && before + w == total) { /* the last that stays */
    o->m->last_key = gpu_sample_key (x);
    o->m->last_id = o->sh->u.few.id[i];
    o->m->total = total;
  }
}

/* ---- radix selection over the row --------------------------------------------------------------------------------- */

static __device__ __forceinline__ int
gpu_sample_shift (int stage)
{
  return stage % 3 == 0 ? 21 : stage % 3 == 1 ? 10 : 0;
}

/* What a stage counted makes the next digit known: the largest value so that all entries from it up weigh as much as is to be
 * reached, or, where all together do not, the smallest. */
static __device__ GpuSampleCut
gpu_sample_resolve (const GpuChoice *o, int stage)
{
  GpuSampleCut cut = {0, 0};
  int          top = GPU_SAMPLE_RADIX - 1 - (int)threadIdx.x * GPU_SAMPLE_PER;
  gpu_units    v[GPU_SAMPLE_PER], own = 0, before, total;

#pragma unroll
  for (int j = 0; j < GPU_SAMPLE_PER; j++)
    own += v[j] = gpu_load_shared_by_blocks (&o->m->bins[stage][top - j]);
  before = gpu_sample_scan (o, own, &total);
  if (stage % 3 > 0) {
    cut.key = gpu_load_shared_by_blocks (&o->m->cut[stage - 1].key);
    cut.rest = gpu_load_shared_by_blocks (&o->m->cut[stage - 1].rest);
  } else {
    cut.rest = stage == 0 ? (gpu_units)o->s->top_k : gpu_sample_part (o->s->top_p, total);
  }
  cut.rest = cut.rest < 1 ? 1 : cut.rest > total ? total : cut.rest;
#pragma unroll
  for (int j = 0; j < GPU_SAMPLE_PER; j++) {
    if (before < cut.rest && cut.rest <= before + v[j]) {
      o->sh->cut.key = cut.key | (uint32_t)(top - j) << gpu_sample_shift (stage);
      o->sh->cut.rest = cut.rest - before;
    }
    before += v[j];
  }
  __syncthreads ();
  cut = o->sh->cut;
  if (o->block == 0 && threadIdx.x == 0)
    o->m->cut[stage] = cut;
  return cut;
}

static_assert (GPU_SAMPLE_RADIX == GPU_SAMPLE_PER * GPU_STEP_THREADS, "so many bins for every thread");

static __device__ __forceinline__ void
gpu_sample_add_bin (const GpuChoice *o, uint32_t bin, gpu_units v)
{
  uint32_t low = (uint32_t)v, old = atomicAdd (&o->sh->u.bins.low[bin], low), high = (uint32_t)(v >> 32) + (old + low < old);

  if (high != 0)
    atomicAdd (&o->sh->u.bins.high[bin], high);
}

/* Counts, or for the stages of top-p weighs, the entries with the known digits, by the next one. */
static __device__ void
gpu_sample_count (const GpuChoice *o, int stage)
{
  uint32_t least = 0, known = 0;
  int      shift = gpu_sample_shift (stage), digit = stage % 3;

  if (digit > 0)
    known = gpu_sample_resolve (o, stage - 1).key;
  if (stage >= 3 && o->s->top_k > 0)
    least = digit == 0 ? gpu_sample_resolve (o, 2).key : gpu_load_shared_by_blocks (&o->m->cut[2].key);
  for (int i = (int)threadIdx.x; i < GPU_SAMPLE_RADIX; i += GPU_STEP_THREADS)
    o->sh->u.bins.low[i] = o->sh->u.bins.high[i] = 0;
  __syncthreads ();
  for (int chunk = o->block; chunk < o->n_chunks; chunk += o->n_blocks)
#pragma unroll
    for (int j = 0; j < GPU_SAMPLE_PER; j++) {
      int       i = chunk * GPU_SAMPLE_CHUNK + j * GPU_STEP_THREADS + (int)threadIdx.x;
      float     x = i < o->s->n ? gpu_sample_x (o, i) : -INFINITY;
      uint32_t  key = gpu_sample_key (x);
      gpu_units w = gpu_sample_units (gpu_sample_exp (x, o->most));
      bool      in = digit == 0 || (key ^ known) >> gpu_sample_shift (stage - 1) == 0;

      if (in && w > 0 && key >= least)
        gpu_sample_add_bin (o, key >> shift & (digit == 2 ? 1023u : 2047u), stage < 3 ? 1 : w);
    }
  __syncthreads ();
  for (int i = (int)threadIdx.x; i < GPU_SAMPLE_RADIX; i += GPU_STEP_THREADS) {
    gpu_units v = (gpu_units)o->sh->u.bins.high[i] << 32 | o->sh->u.bins.low[i];

    if (v > 0)
      atomicAdd (&o->m->bins[stage][i], v);
  }
}

/* The stage that ends selection; −1: all stay. */
static __device__ __forceinline__ int
gpu_sample_last_stage (const GpuSample *s)
{
  return gpu_sample_has_stage (s, 5) ? 5 : gpu_sample_has_stage (s, 2) ? 2 : -1;
}

static __device__ void
gpu_sample_tally (const GpuChoice *o)
{
  int      stage = gpu_sample_last_stage (o->s);
  uint32_t cut = stage >= 0 ? gpu_sample_resolve (o, stage).key : 0;

  for (int chunk = o->block; chunk < o->n_chunks; chunk += o->n_blocks) {
    gpu_units above = 0, equal = 0, total;

#pragma unroll
    for (int j = 0; j < GPU_SAMPLE_PER; j++) {
      int       i = chunk * GPU_SAMPLE_CHUNK + j * GPU_STEP_THREADS + (int)threadIdx.x;
      float     x = i < o->s->n ? gpu_sample_x (o, i) : -INFINITY, e = gpu_sample_exp (x, o->most);
      uint32_t  key = gpu_sample_key (x);

      above += key > cut && e >= o->s->min_p ? gpu_sample_units (e) : 0;
      equal += key == cut;
    }
    gpu_sample_scan (o, above, &total);
    if (threadIdx.x == 0)
      o->m->above[chunk] = total;
    gpu_sample_scan (o, equal, &total);
    if (threadIdx.x == 0)
      o->m->equal[chunk] = total;
  }
}

/* What entry i weighs in the end: all are out that come after (key, last). */
static __device__ __forceinline__ gpu_units
gpu_sample_final (const GpuChoice *o, float x, int i, uint32_t key, int last)
{
  uint32_t own = gpu_sample_key (x);
  float    e = gpu_sample_exp (x, o->most);

  return (own > key || (own == key && i <= last)) && e >= o->s->min_p ? gpu_sample_units (e) : 0;
}

/* The entry of a chunk in which the target lies, in the order of ids.  An entry counts 1 if it is at the cut; or, with
 * @last >= 0, weighs what it does in the end. */
static __device__ int
gpu_sample_find (const GpuChoice *o, int chunk, gpu_units target, uint32_t cut, int last)
{
  int       first = chunk * GPU_SAMPLE_CHUNK + (int)threadIdx.x * GPU_SAMPLE_PER;
  gpu_units v[GPU_SAMPLE_PER], own = 0, before, total;

#pragma unroll
  for (int j = 0; j < GPU_SAMPLE_PER; j++) {
    float x = first + j < o->s->n ? gpu_sample_x (o, first + j) : -INFINITY;

    v[j] = last >= 0 ? gpu_sample_final (o, x, first + j, cut, last) : gpu_sample_key (x) == cut;
    own += v[j];
  }
  before = gpu_sample_scan (o, own, &total);
#pragma unroll
  for (int j = 0; j < GPU_SAMPLE_PER; j++) {
    if (before <= target && target < before + v[j])
      o->sh->found = first + j;
    before += v[j];
  }
  __syncthreads ();
  return o->sh->found;
}

/* The last of the entries at the cut that stays: so many as are needed to reach what is to be reached. */
static __device__ int
gpu_sample_last_equal (const GpuChoice *o, uint32_t cut, gpu_units stay)
{
  gpu_units here = (int)threadIdx.x < o->n_chunks ? gpu_load_shared_by_blocks (o->m->equal + threadIdx.x) : 0, total;
  gpu_units before = gpu_sample_scan (o, here, &total);

  stay = stay < total ? stay : total;
  if (before < stay && stay <= before + here) {
    o->sh->chunk = (int)threadIdx.x;
    o->sh->target = stay - 1 - before;
  }
  __syncthreads ();
  return gpu_sample_find (o, o->sh->chunk, o->sh->target, cut, -1);
}

static __device__ void
gpu_sample_draw (const GpuChoice *o)
{
  int       stage = gpu_sample_last_stage (o->s), last = GPU_SAMPLE_MOST, chunk = (int)threadIdx.x, id;
  uint32_t  cut = stage >= 0 ? gpu_load_shared_by_blocks (&o->m->cut[stage].key) : 0;
  gpu_units here = 0, stay = GPU_SAMPLE_MOST, before, total, target;
  float     e = gpu_sample_exp (gpu_sample_value (cut), o->most);

  if (stage == 5)
    stay = (gpu_load_shared_by_blocks (&o->m->cut[5].rest) - 1) / gpu_sample_units (e) + 1;
  if (stage >= 0)
    last = gpu_sample_last_equal (o, cut, stay);
  /* The chunks up to there have all their equals, that one some; which, last knows. */
  if (chunk < o->n_chunks)
    here = gpu_load_shared_by_blocks (o->m->above + chunk);
  if (stage >= 0 && e >= o->s->min_p) {
    gpu_units equal = chunk < o->n_chunks ? gpu_load_shared_by_blocks (o->m->equal + chunk) : 0;

    before = gpu_sample_scan (o, equal, &total);
    here += (before + equal <= stay ? equal : before < stay ? stay - before : 0) * gpu_sample_units (e);
  }
  before = gpu_sample_scan (o, here, &total);
  target = gpu_sample_target (o->s, total);
  if (before <= target && target < before + here) {
    o->sh->chunk = chunk;
    o->sh->target = target - before;
  }
  __syncthreads ();
  id = gpu_sample_find (o, o->sh->chunk, o->sh->target, cut, last);
  if (threadIdx.x == 0) {
    *o->s->id = id;
    o->m->last_key = cut;
    o->m->last_id = last;
    o->m->total = total;
  }
}

/* Counting, tallying and drawing by this block alone. */
static __device__ void
gpu_sample_alone (const GpuChoice *o)
{
  GpuChoice alone = *o;

  alone.n_blocks = 1;
  gpu_sample_clear (&alone);
  for (int stage = 0; stage < GPU_SAMPLE_STAGES; stage++)
    if (gpu_sample_has_stage (o->s, stage)) {
      __syncthreads ();
      gpu_sample_count (&alone, stage);
    }
  __syncthreads ();
  gpu_sample_tally (&alone);
  __syncthreads ();
  gpu_sample_draw (&alone);
}

/* ---- the phases --------------------------------------------------------------------------------------------------- */

static __device__ void
gpu_sample_choose (const GpuChoice *o)
{
  unsigned n = gpu_load_shared_by_blocks (&o->m->n_found);

  if (n <= GPU_SAMPLE_FEW)
    gpu_sample_choose_few (o, (int)n);
  else
    gpu_sample_alone (o);
}

static __device__ void
gpu_sample_spread (const GpuChoice *o)
{
  gpu_units total = gpu_load_shared_by_blocks (&o->m->total);
  uint32_t  key = gpu_load_shared_by_blocks (&o->m->last_key);
  int       last = gpu_load_shared_by_blocks (&o->m->last_id);

  for (int i = o->block * GPU_STEP_THREADS + (int)threadIdx.x; i < o->s->n; i += o->n_blocks * GPU_STEP_THREADS)
    if (total == 0)
      o->s->probs[i] = i == last ? 1.0f : 0.0f;
    else
      o->s->probs[i] = (float)((double)gpu_sample_final (o, gpu_sample_x (o, i), i, key, last) / (double)total);
}

/* What one block does is done by the first. */
static __device__ void
gpu_sample_phase (const GpuChoice *o)
{
  bool first = o->block == 0, chance = gpu_sample_chance (o);

  if (o->s->phase == GPU_SAMPLE_SPREAD)
    gpu_sample_spread (o);
  else if ((o->s->phase == GPU_SAMPLE_CHOOSE || o->s->phase == GPU_SAMPLE_DRAW) && !chance && first)
    gpu_sample_first (o);
  else if (!chance)
    return;
  else if (o->s->phase >= GPU_SAMPLE_COUNT)
    gpu_sample_count (o, o->s->phase - GPU_SAMPLE_COUNT);
  else if (o->s->phase == GPU_SAMPLE_GATHER)
    gpu_sample_gather (o);
  else if (o->s->phase == GPU_SAMPLE_TALLY)
    gpu_sample_tally (o);
  else if (o->s->phase == GPU_SAMPLE_CHOOSE && first)
    gpu_sample_choose (o);
  else if (o->s->phase == GPU_SAMPLE_DRAW && first)
    gpu_sample_draw (o);
}

/* A function that is called, not a part of the loop over steps: there it would take registers from what is done for every layer. */
static __device__ __noinline__ void
gpu_sample_run (const GpuSample *s, int block, int n_blocks, GpuSampleShared *shared)
{
  GpuChoice o = {s, (GpuSampleMemory *)s->memory, shared, block, n_blocks, (s->n - 1) / GPU_SAMPLE_CHUNK + 1, 0.0f};

  if (s->phase == GPU_SAMPLE_CONDITION) {
    gpu_sample_condition (&o);
    if (!gpu_sample_is_small (s))
      gpu_sample_clear (&o);
    return;
  }
  o.most = gpu_sample_most (&o);
  gpu_sample_phase (&o);
}

static __device__ void
gpu_step_sample (const GpuSample *s, const GpuTurn *turn, unsigned char *shared)
{
  gpu_turn_wait (turn);
  gpu_sample_run (s, turn->block, turn->n_blocks, (GpuSampleShared *)(void *)shared);
}
