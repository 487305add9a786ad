/* attention.c: shares attention among the members of the pool.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A work item is one query row, one K/V head with all its query heads, and a part of the visible keys.  With
 * few rows the keys are cut so that every member has work; the parts, each with its own maximum m, sum l and unnormalised
 * o, are merged afterwards:  o = Σ e^(m_s − m)·o_s / Σ e^(m_s − m)·l_s. */
#include "kernels/cpu/device.h"

#include <math.h>
#include <string.h>

/* Not fewer keys in one part, except for the last. */
#define PART_KEYS      64
#define MAX_PARTS      256
#define ITEMS_A_MEMBER 2

typedef struct {
  KrnDevice     *dev;
  KrnMat         o, q;
  const KrnSpan *spans;
  int            n_rows; /* of all spans */
  int            n_heads, n_kv_heads, head_dim, window;
  float          scale;
  int            parts; /* per row */
} Attention;

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

/* Keys [begin, end) by position; the ring may wrap once. */
static void
attend_keys (const Attention *a, const KrnSpan *span, float *o, float *m, float *l, const float *q, int heads, int kv_head, int begin, int end)
{
  const KrnCache *cache = &span->cache;
  int             slots = cache->k.rows;

  while (begin < end) {
    int     slot = begin % slots;
    KrnKeys keys = {
      .k = cache_row (cache->k, slot, kv_head * a->head_dim),
      .v = cache_row (cache->v, slot, kv_head * a->head_dim),
      .k_stride = krn_stride (cache->k),
      .v_stride = krn_stride (cache->v),
      .bf16 = cache->k.type == KRN_BF16,
      .n_keys = min_int (end - begin, slots - slot),
    };

    a->dev->isa->attend (o, m, l, q, heads, &keys, a->head_dim, a->scale);
    begin += keys.n_keys;
  }
}

/* What one item leaves behind: o (heads, hd), m (heads), l (heads). */
static size_t
part_floats (const Attention *a)
{
  size_t heads = (size_t) (a->n_heads / a->n_kv_heads);

  return heads * (size_t) a->head_dim + 2 * heads;
}

static void
attention_item (const Attention *a, int r, int kv_head, int part, float *o)
{
  const KrnSpan *span = a->spans;
  int            heads = a->n_heads / a->n_kv_heads;
  float         *m = o + heads * a->head_dim, *l = m + heads;
  int            within = r, position, first, step, begin;
  const float   *q;

  for (; within >= span->n_rows; span++)
    within -= span->n_rows;
  position = span->position + within;
  first = a->window > 0 ? max_int (0, position - a->window + 1) : 0;
  step = (position - first) / a->parts + 1;
  begin = first + part * step;
  q = krn_row (a->q, span->row + within) + (size_t) (kv_head * heads) * (size_t) a->head_dim;

  memset (o, 0, (size_t) (heads * a->head_dim) * sizeof *o);
  for (int h = 0; h < heads; h++) {
    m[h] = -INFINITY;
    l[h] = 0.0f;
  }
  attend_keys (a, span, o, m, l, q, heads, kv_head, begin, min_int (begin + step, position + 1));
}

/* The parts of one row and K/V head, together and normalised. */
static void
merge (const Attention *a, int r, int kv_head, const float *parts)
{
  const KrnSpan *span = a->spans;
  int            heads = a->n_heads / a->n_kv_heads, hd = a->head_dim;
  int            within = r;
  float         *o;

  for (; within >= span->n_rows; span++)
    within -= span->n_rows;
  o = krn_row (a->o, span->row + within) + (size_t) (kv_head * heads) * (size_t) hd;

  for (int h = 0; h < heads; h++, o += hd) {
    const float *part = parts;
    float        most = -INFINITY, total = 0.0f;

    for (int s = 0; s < a->parts; s++, part += part_floats (a))
      most = fmaxf (most, part[heads * hd + h]);
    memset (o, 0, (size_t) hd * sizeof *o);
    part = parts;
    for (int s = 0; s < a->parts; s++, part += part_floats (a)) {
      float factor = expf (part[heads * hd + h] - most);

      total += factor * part[heads * hd + heads + h];
      for (int i = 0; i < hd && factor > 0.0f; i++)
        o[i] += factor * part[h * hd + i];
    }
    a->dev->isa->scale (o, o, hd, 1.0f / total);
  }
}

static void
attention_task (void *context, int member)
{
  const Attention *a = context;
  float           *parts = (float *) a->dev->arena;
  float           *own = (float *) krn_scratch (a->dev, member);

  for (;;) {
    unsigned item = krn_pool_claim (&a->dev->pool);
    int      part = (int) (item % (unsigned) a->parts);
    int      kv_head = (int) (item / (unsigned) a->parts % (unsigned) a->n_kv_heads);
    int      r = (int) (item / (unsigned) (a->parts * a->n_kv_heads));

    if (r >= a->n_rows)
      return;
    if (a->parts > 1) {
      attention_item (a, r, kv_head, part, parts + item * part_floats (a));
    } else {
      attention_item (a, r, kv_head, 0, own);
      merge (a, r, kv_head, own);
    }
  }
}

void
krn_cpu_attention (KrnDevice *dev, KrnMat o, KrnMat q, const KrnSpan *spans, int n_spans, int32_t n_heads, int32_t n_kv_heads, int32_t head_dim, int32_t window, float scale)
{
  Attention a = {
    .dev = dev,
    .o = o,
    .q = q,
    .spans = spans,
    .n_heads = n_heads,
    .n_kv_heads = n_kv_heads,
    .head_dim = head_dim,
    .window = window,
    .scale = scale,
  };
  int most_keys = 0;

  for (int s = 0; s < n_spans; s++) {
    int keys = spans[s].position + spans[s].n_rows;

    a.n_rows += spans[s].n_rows;
    most_keys = max_int (most_keys, window > 0 ? min_int (keys, window) : keys);
  }
  if (a.n_rows == 0)
    return;
  if (part_floats (&a) * sizeof (float) > KRN_SCRATCH_BYTES) {
    krn_device_fail (dev, "%d heads of %d are too many for the CPU backend.", n_heads, head_dim);
    return;
  }
  a.parts = ITEMS_A_MEMBER * dev->pool.n_threads / (a.n_rows * n_kv_heads);
  a.parts = min_int (min_int (a.parts, MAX_PARTS), (most_keys + PART_KEYS - 1) / PART_KEYS);
  while (a.parts > 1 && (size_t) (a.n_rows * n_kv_heads * a.parts) * part_floats (&a) * sizeof (float) > KRN_ARENA_BYTES)
    a.parts--;
  a.parts = max_int (a.parts, 1);

  krn_pool_run (&dev->pool, attention_task, &a);
  if (a.parts > 1)
    for (int r = 0; r < a.n_rows; r++)
      for (int kv_head = 0; kv_head < n_kv_heads; kv_head++)
        merge (&a,
               r,
               kv_head,
               (const float *) dev->arena + (size_t) ((r * n_kv_heads + kv_head) * a.parts) * part_floats (&a));
}
