/* rope.c: rotary positions, and the way of keys and values into the cache.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Angles are products in F32, as the reference has them; the sine and cosine of the rounded angle
 * are exact to the last place, whatever its size, because libm reduces the argument fully. */
#include "kernels/cpu/device.h"

#include <math.h>
#include <string.h>

typedef struct {
  KrnDevice     *dev;
  KrnMat         q, k, v, cs, freq;
  const KrnSpan *spans;
  int            n_spans;
  int            head_dim;
  int            n_rows; /* of all spans */
} Rope;

/* The span of the r-th row of all spans, and the row's place in it. */
static const KrnSpan *
find_row (const Rope *rope, int r, int *within)
{
  const KrnSpan *span = rope->spans;

  for (; r >= span->n_rows; span++)
    r -= span->n_rows;
  *within = r;
  return span;
}

static void
angle_row (const Rope *rope, int r, const float *freq)
{
  int            within;
  const KrnSpan *span = find_row (rope, r, &within);
  float         *cs = krn_row (rope->cs, span->row + within);
  float          position = (float)(span->position + within);
  int            half = rope->cs.cols / 2;

  for (int i = 0; i < half; i++) {
    if (freq[i] == 0.0f) {
      cs[i] = 1.0f;
      cs[half + i] = 0.0f;
    } else {
      sincosf (position * freq[i], &cs[half + i], &cs[i]);
    }
  }
}

static void
store (const Rope *rope, KrnMat cache, int slot, const float *x, int n)
{
  if (cache.type == KRN_BF16)
    rope->dev->isa->narrow ((uint16_t *)krn_row_bf16 (cache, slot), x, n);
  else
    memcpy (krn_row (cache, slot), x, (size_t)n * sizeof (float));
}

static void
store_row (const Rope *rope, int r)
{
  const KrnIsa  *isa = rope->dev->isa;
  int            within;
  const KrnSpan *span = find_row (rope, r, &within);
  int            row = span->row + within;
  const float   *cs = krn_row (rope->cs, row);

  if (rope->q.buf) {
    float *q = krn_row (rope->q, row);

    for (int i = 0; i < rope->q.cols; i += rope->head_dim)
      isa->rotate (q + i, cs, rope->head_dim);
  }
  if (rope->k.buf) {
    float *k = krn_row (rope->k, row);
    int    slot = (span->position + within) % span->cache.k.rows;

    for (int i = 0; i < rope->k.cols; i += rope->head_dim)
      isa->rotate (k + i, cs, rope->head_dim);
    store (rope, span->cache.k, slot, k, rope->k.cols);
    store (rope, span->cache.v, slot, krn_row (rope->v, row), rope->v.cols);
  }
}

static void
angles_task (void *context, KrnMember *m)
{
  Rope    *rope = context;
  unsigned r;

  while (krn_pool_next (m, (unsigned)rope->n_rows, &r))
    angle_row (rope, (int)r, krn_row (rope->freq, 0));
}

static void
store_task (void *context, KrnMember *m)
{
  Rope    *rope = context;
  unsigned r;

  while (krn_pool_next (m, (unsigned)rope->n_rows, &r))
    store_row (rope, (int)r);
}

static int
count_rows (const KrnSpan *spans, int n_spans)
{
  int n = 0;

  for (int s = 0; s < n_spans; s++)
    n += spans[s].n_rows;
  return n;
}

void
krn_cpu_rope_angles (KrnDevice *dev, KrnMat cs, const KrnSpan *spans, int n_spans, KrnMat freq)
{
  Rope rope = {
      .dev = dev,
      .cs = cs,
      .freq = freq,
      .spans = spans,
      .n_spans = n_spans,
      .n_rows = count_rows (spans, n_spans),
  };

  if (rope.n_rows == 1)
    angle_row (&rope, 0, krn_row (freq, 0));
  else if (rope.n_rows > 1)
    krn_pool_run (&dev->pool, angles_task, &rope);
}

void
krn_cpu_rope_store (KrnDevice     *dev,
                    KrnMat         q,
                    KrnMat         k,
                    KrnMat         v,
                    KrnMat         cs,
                    const KrnSpan *spans,
                    int            n_spans,
                    int32_t        head_dim)
{
  Rope rope = {
      .dev = dev,
      .q = q,
      .k = k,
      .v = v,
      .cs = cs,
      .spans = spans,
      .n_spans = n_spans,
      .head_dim = head_dim,
      .n_rows = count_rows (spans, n_spans),
  };

  if ((size_t)rope.n_rows * (size_t)(q.buf ? q.cols : k.cols) <= KRN_SMALL)
    for (int r = 0; r < rope.n_rows; r++)
      store_row (&rope, r);
  else
    krn_pool_run (&dev->pool, store_task, &rope);
}
