/* attention.c: shares attention among the members of the pool.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A work item is a block of query rows, one K/V head with all its query heads, and a part of the
 * visible keys.  A block is one row in decoding and a dozen in prefilling (attention-lanes.c). With
 * few blocks the keys are cut so that every member has work; the parts, each with its own maximum
 * m, sum l and unnormalised o, are merged afterwards: o = Σ e^(m_s − m)·o_s / Σ e^(m_s − m)·l_s. */
#include "kernels/cpu/attention.h"

#include <math.h>
#include <string.h>

/* Not fewer keys in one part, except for the last. */
#define PART_KEYS      64
#define MAX_PARTS      256
#define ITEMS_A_MEMBER 2

static int
min_int (int a, int b)
{
  return a < b ? a : b;
}

static int
max_int (int a, int b)
{
  return a > b ? a : b;
}

static const void *
cache_row (KrnMat m, int slot, int col)
{
  if (m.type == KRN_BF16)
    return krn_row_bf16 (m, slot) + col;
  return krn_row (m, slot) + col;
}

KrnKeys
krn_attention_keys (const KrnAttention *a, const KrnAttentionBlock *b, int begin, int most)
{
  const KrnCache *cache = &b->span->cache;
  int             slot = begin % cache->k.rows;

  return (KrnKeys){
      .k = cache_row (cache->k, slot, b->kv_head * a->head_dim),
      .v = cache_row (cache->v, slot, b->kv_head * a->head_dim),
      .k_stride = krn_stride (cache->k),
      .v_stride = krn_stride (cache->v),
      .bf16 = cache->k.type == KRN_BF16,
      .n_keys = min_int (min_int (b->end - begin, cache->k.rows - slot), most),
  };
}

/* ---- blocks ---- */

/* The index-th block: all K/V heads of the first rows, then of the next. */
static KrnAttentionBlock
find_block (const KrnAttention *a, unsigned index)
{
  KrnAttentionBlock b = {.span = a->spans, .kv_head = (int)(index % (unsigned)a->n_kv_heads)};
  int               at = (int)(index / (unsigned)a->n_kv_heads);

  for (;; b.span++) {
    int rows = krn_attention_lanes_rows (a, b.span);
    int n_blocks = (b.span->n_rows + rows - 1) / rows;

    if (at < n_blocks) {
      b.row = at * rows;
      b.n_rows = min_int (rows, b.span->n_rows - b.row);
      return b;
    }
    at -= n_blocks;
  }
}

/* The part-th part of the keys that any of the block's rows sees. */
static void
cut_keys (const KrnAttention *a, KrnAttentionBlock *b, int part)
{
  int position = b->span->position + b->row;
  int first = a->window > 0 ? max_int (0, position - a->window + 1) : 0;
  int end = a->all ? b->span->cache.k.rows : position + b->n_rows;
  int step = (end - first - 1) / a->parts + 1;

  b->begin = first + part * step;
  b->end = min_int (b->begin + step, end);
}

/* A block of one row. */
static void
attend_row (const KrnAttention *a, const KrnAttentionBlock *b, float *out)
{
  int         heads = krn_attention_group (a), hd = a->head_dim;
  KrnAttended to = {out, out + heads * hd, out + heads * (hd + 1)};
  KrnIn       q = {krn_row (a->q, b->span->row + b->row), (size_t)hd, heads};

  q.p += (size_t)(b->kv_head * heads) * (size_t)hd;
  memset (to.o, 0, (size_t)(heads * hd) * sizeof *to.o);
  for (int h = 0; h < heads; h++) {
    to.m[h] = -INFINITY;
    to.l[h] = 0.0f;
  }
  for (int j = b->begin; j < b->end;) {
    KrnKeys keys = krn_attention_keys (a, b, j, b->end - j);

    a->dev->isa->attend (to, q, &keys, hd, a->scale);
    j += keys.n_keys;
  }
}

static void
merge_head (const KrnAttention *a, const float *parts, size_t lane, size_t lanes, float *o)
{
  int   hd = a->head_dim;
  float most = -INFINITY, total = 0.0f;

  for (int s = 0; s < a->parts; s++)
    most = fmaxf (most, parts[(size_t)s * a->part_floats + lanes * (size_t)hd + lane]);
  memset (o, 0, (size_t)hd * sizeof *o);
  for (int s = 0; s < a->parts; s++, parts += a->part_floats) {
    float        factor = expf (parts[lanes * (size_t)hd + lane] - most);
    const float *part = parts + lane * (size_t)hd;

    if (factor == 0.0f)
      continue;
    total += factor * parts[lanes * (size_t)(hd + 1) + lane];
    for (int i = 0; i < hd; i++)
      o[i] += factor * part[i];
  }
  a->dev->isa->scale (o, o, hd, 1.0f / total);
}

/* The parts of one block, together and normalised. */
static void
merge (const KrnAttention *a, const KrnAttentionBlock *b, const float *parts)
{
  int heads = krn_attention_group (a);

  for (int r = 0; r < b->n_rows; r++) {
    float *o = krn_row (a->o, b->span->row + b->row + r) +
               (size_t)(b->kv_head * heads) * (size_t)a->head_dim;

    for (int h = 0; h < heads; h++)
      merge_head (a, parts, (size_t)(r * heads + h), (size_t)(b->n_rows * heads),
                  o + h * a->head_dim);
  }
}

/* ---- the task ---- */

static void
attention_task (void *context, KrnMember *m)
{
  const KrnAttention *a = context;
  unsigned            item;

  while (krn_pool_next (m, (unsigned)(a->n_blocks * a->parts), &item)) {
    KrnAttentionBlock b = find_block (a, item / (unsigned)a->parts);
    float            *out = (float *)krn_scratch (m);

    cut_keys (a, &b, (int)(item % (unsigned)a->parts));
    if (a->parts > 1)
      out = (float *)a->dev->arena + item * a->part_floats;
    if (krn_attention_lanes_rows (a, b.span) > 1)
      krn_attention_lanes (a, &b, m, out);
    else
      attend_row (a, &b, out);
    if (a->parts == 1)
      merge (a, &b, out);
  }
  if (a->parts == 1 || !krn_pool_barrier (m, NULL, NULL))
    return;
  while (krn_pool_next (m, (unsigned)a->n_blocks, &item)) {
    KrnAttentionBlock b = find_block (a, item);

    merge (a, &b, (const float *)a->dev->arena + item * (unsigned)a->parts * a->part_floats);
  }
}

/* How many blocks there are, what a part of the largest leaves behind, and into how many parts the
 * keys are cut. */
static void
plan (KrnAttention *a)
{
  int    most_keys = 0, most_rows = 0;
  size_t size;

  for (int s = 0; s < a->n_spans; s++) {
    const KrnSpan *span = &a->spans[s];
    int            rows = krn_attention_lanes_rows (a, span);
    int            keys = a->all ? span->cache.k.rows : span->position + span->n_rows;

    a->n_blocks += (span->n_rows + rows - 1) / rows * a->n_kv_heads;
    most_rows = max_int (most_rows, min_int (rows, span->n_rows));
    most_keys = max_int (most_keys, a->window > 0 ? min_int (keys, a->window + rows) : keys);
  }
  if (a->n_blocks == 0)
    return;
  a->part_floats = (size_t)(most_rows * krn_attention_group (a)) * (size_t)(a->head_dim + 2);
  size = (size_t)a->n_blocks * a->part_floats * sizeof (float);
  a->parts = ITEMS_A_MEMBER * a->dev->pool.n_threads / a->n_blocks;
  a->parts = min_int (min_int (a->parts, MAX_PARTS), (most_keys + PART_KEYS - 1) / PART_KEYS);
  a->parts = max_int (1, min_int (a->parts, (int)(KRN_ARENA_BYTES / size)));
}

static void
run (KrnAttention *a)
{
  plan (a);
  if (a->part_floats * sizeof (float) > KRN_SCRATCH_BYTES / 4) {
    krn_device_fail (a->dev, "%d heads of %d are too many for the CPU backend.", a->n_heads,
                     a->head_dim);
    return;
  }
  if (a->n_blocks > 0)
    krn_pool_run (&a->dev->pool, attention_task, a);
}

void
krn_cpu_attention (KrnDevice     *dev,
                   KrnMat         o,
                   KrnMat         q,
                   const KrnSpan *spans,
                   int            n_spans,
                   int32_t        n_heads,
                   int32_t        n_kv_heads,
                   int32_t        head_dim,
                   int32_t        window,
                   float          scale)
{
  KrnAttention a = {
      .dev = dev,
      .o = o,
      .q = q,
      .spans = spans,
      .n_spans = n_spans,
      .n_heads = n_heads,
      .n_kv_heads = n_kv_heads,
      .head_dim = head_dim,
      .window = window,
      .scale = scale,
  };

  run (&a);
}

void
krn_cpu_attention_all (KrnDevice *dev,
                       KrnMat     o,
                       KrnMat     q,
                       KrnMat     k,
                       KrnMat     v,
                       int32_t    n_heads,
                       int32_t    n_kv_heads,
                       int32_t    head_dim,
                       float      scale)
{
  KrnSpan      span = {.cache = {k, v}, .n_rows = q.rows};
  KrnAttention a = {
      .dev = dev,
      .o = o,
      .q = q,
      .spans = &span,
      .n_spans = 1,
      .n_heads = n_heads,
      .n_kv_heads = n_kv_heads,
      .head_dim = head_dim,
      .all = true,
      .scale = scale,
  };

  run (&a);
}
