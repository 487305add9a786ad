/* sample.c: chooses the next token.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Order: penalty and suppression on the raw logits, temperature, top-k, top-p, min-p, softmax,
 * draw.  The vocabulary has a quarter of a million entries and a few dozen survive, so nothing is
 * sorted.  One pass leaves the maximum of every block of entries; the k-th largest maximum is a
 * lower bound for the k-th largest entry, so that few blocks need a closer look.  What is left is a
 * list of candidates (or the whole row, without top-k) in which thresholds are found by radix
 * selection.
 *
 * A logit that is not a number counts as −inf.  With nothing finite to choose from, or with +inf
 * among the logits, the first of the largest is chosen.  The working memory is the device's arena.
 */
#include "kernels/cpu/device.h"

#include <math.h>
#include <string.h>

/* A temperature below this is greedy: dividing by it could overflow. */
#define COLD       1e-6f
#define RADIX_BITS 11
#define RADIX_SIZE (1 << RADIX_BITS)

typedef struct {
  KrnDevice *dev;
  float     *row; /* the logits */
  int        n_row, n_blocks;
  float      most;
  float     *block; /* (n_blocks): maxima, later sums of weights */

  /* The candidates: entries id[0], id[1], … of the row in ascending order, or the row itself when
   * id is NULL. */
  float   *x;
  int32_t *id;
  int      n;
  float   *w; /* (n): e^(x − most), 0 for what is out */
  double   total;
} Draw;

/* ---- random numbers ---- */

/* Uniform in [0, 1) from (seed, step, row): Philox 4×32 with ten rounds, a counter-based generator,
 * so that a draw depends on nothing that was drawn before. */
static double
uniform (uint64_t seed, uint64_t step, uint32_t row)
{
  uint32_t c[4] = {(uint32_t)step, (uint32_t)(step >> 32), row, 0};
  uint32_t k[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};

  for (int round = 0; round < 10; round++) {
    uint64_t p = (uint64_t)c[0] * 0xD2511F53u, q = (uint64_t)c[2] * 0xCD9E8D57u;

    c[0] = (uint32_t)(q >> 32) ^ c[1] ^ k[0];
    c[1] = (uint32_t)q;
    c[2] = (uint32_t)(p >> 32) ^ c[3] ^ k[1];
    c[3] = (uint32_t)p;
    k[0] += 0x9E3779B9u;
    k[1] += 0xBB67AE85u;
  }
  return (double)(((uint64_t)c[0] << 32 | c[1]) >> 11) * 0x1p-53;
}

/* ---- selection ---- */

/* Larger floats have larger keys, and equal ones, the two zeros too, the same. */
static uint32_t
key_from_float (float x)
{
  uint32_t bits;

  x += 0.0f;
  memcpy (&bits, &x, sizeof bits);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

static float
float_from_key (uint32_t key)
{
  uint32_t bits = key & 0x80000000u ? key & 0x7fffffffu : ~key;
  float    x;

  memcpy (&x, &bits, sizeof x);
  return x;
}

/* The largest value v in x such that all entries >= v together weigh at least `limit`; the smallest
 * entry if there is none.  An entry weighs w, or 1 when w is NULL.  *above: what the entries > v
 * weigh.  Radix selection, highest bits first. */
static float
select_value (const float *x, const float *w, int n, double limit, double *above)
{
  static const int shifts[] = {21, 10, 0}, sizes[] = {RADIX_SIZE, RADIX_SIZE, 1 << 10};
  uint32_t         prefix = 0, known = 0;

  *above = 0.0;
  for (int pass = 0; pass < 3; pass++) {
    double   bins[RADIX_SIZE] = {0};
    uint32_t used[RADIX_SIZE / 32] = {0}; /* an entry may weigh nothing */
    int      shift = shifts[pass], bin = -1;
    uint32_t mask = (uint32_t)sizes[pass] - 1;

    for (int i = 0; i < n; i++) {
      uint32_t key = key_from_float (x[i]);
      uint32_t b = key >> shift & mask;

      if ((key & known) == prefix) {
        bins[b] += w ? w[i] : 1.0f;
        used[b / 32] |= 1u << b % 32;
      }
    }
    for (int b = sizes[pass] - 1; b >= 0; b--) {
      if (!(used[b / 32] >> b % 32 & 1))
        continue;
      if (bin >= 0)
        *above += bins[bin];
      bin = b;
      if (*above + bins[b] >= limit)
        break;
    }
    prefix |= (uint32_t)bin << shift;
    known |= mask << shift;
  }
  return float_from_key (prefix);
}

/* Appends the entries >= lowest of the blocks that have any to the candidates, and takes them as
 * the candidates. */
static void
collect (Draw *d, float lowest, float *x, int32_t *id)
{
  int n = 0;

  for (int b = 0; b < d->n_blocks; b++) {
    int begin = b * KRN_SAMPLE_BLOCK;
    int end = d->n_row - begin < KRN_SAMPLE_BLOCK ? d->n_row : begin + KRN_SAMPLE_BLOCK;

    if (d->block[b] < lowest)
      continue;
    for (int i = begin; i < end; i++)
      if (d->row[i] >= lowest) {
        x[n] = d->row[i];
        id[n++] = i;
      }
  }
  d->x = x;
  d->id = id;
  d->n = n;
}

/* Everything below the k-th largest is out; ties with it stay. */
static void
keep_top_k (Draw *d, int k, float *x, int32_t *id)
{
  double above;
  float  lowest = -INFINITY;
  int    n = 0;

  if (k <= d->n_blocks)
    lowest = select_value (d->block, NULL, d->n_blocks, k, &above);
  collect (d, lowest, x, id);
  lowest = select_value (x, NULL, d->n, k, &above);
  for (int i = 0; i < d->n; i++)
    if (x[i] >= lowest) {
      x[n] = x[i];
      id[n++] = id[i];
    }
  d->n = n;
}

/* A candidate stays iff those before it in descending order weigh less than p of all; the first
 * always stays, and of equals the first ones.  Returns the smallest value that stays. */
static float
keep_top_p (Draw *d, float p)
{
  double above, limit = (double)p * d->total;
  float  lowest = select_value (d->x, d->w, d->n, limit, &above);

  for (int i = 0; i < d->n; i++)
    if (d->x[i] == lowest) {
      if (above > 0.0 && above >= limit)
        d->x[i] = -INFINITY;
      above += d->w[i];
    }
  return lowest;
}

/* ---- one row ---- */

/* Once per distinct id; `seen` is a bit for every entry. */
static void
penalise (float *x, int n, const KrnSampling *s, uint32_t *seen)
{
  memset (seen, 0, ((size_t)n + 31) / 32 * sizeof *seen);
  for (int i = 0; i < s->n_recent; i++) {
    int id = s->recent[i];

    if (id < 0 || id >= n || seen[id / 32] >> id % 32 & 1)
      continue;
    seen[id / 32] |= 1u << id % 32;
    x[id] = x[id] > 0.0f ? x[id] / s->repetition_penalty : x[id] * s->repetition_penalty;
  }
}

/* The first of the largest entries. */
static int
find_most (const Draw *d)
{
  for (int b = 0; b < d->n_blocks; b++) {
    int i = b * KRN_SAMPLE_BLOCK;

    if (d->block[b] != d->most)
      continue;
    while (d->row[i] != d->most)
      i++;
    return i;
  }
  return 0;
}

/* The candidate at the target-th part of the total weight.  Never one that weighs nothing. */
static int
find_weight (const Draw *d, double target)
{
  double sum = 0.0;
  int    b = 0, last = 0;

  /* From the first block whose end lies beyond the target; rounding may leave the target behind all
   * of them. */
  while ((b + 1) * KRN_SAMPLE_BLOCK < d->n && sum + d->block[b] <= target)
    sum += d->block[b++];
  for (int i = b * KRN_SAMPLE_BLOCK; i < d->n; i++) {
    if (d->w[i] == 0.0f)
      continue;
    last = i;
    sum += d->w[i];
    if (sum > target)
      return i;
  }
  for (int i = d->n - 1; last == 0 && i > 0; i--)
    if (d->w[i] > 0.0f)
      last = i;
  return last;
}

static void
write_probabilities (const Draw *d, float *probs)
{
  memset (probs, 0, (size_t)d->n_row * sizeof *probs);
  for (int i = 0; i < d->n; i++)
    probs[d->id ? d->id[i] : i] = (float)(d->w[i] / d->total);
}

static int
choose_most (const Draw *d, float *probs)
{
  int id = find_most (d);

  if (probs) {
    memset (probs, 0, (size_t)d->n_row * sizeof *probs);
    probs[id] = 1.0f;
  }
  return id;
}

static int
sample_row (KrnDevice *dev, float *logits, int n, float *probs, const KrnSampling *s, uint32_t row)
{
  const KrnIsa *isa = dev->isa;
  bool          cold = !(s->temperature >= COLD); /* also when it is not a number */
  Draw          d = {.dev = dev, .row = logits, .n_row = n, .x = logits, .n = n};
  float        *memory = (float *)dev->arena;
  float         lowest = -INFINITY;
  int           chosen;

  d.n_blocks = (n + KRN_SAMPLE_BLOCK - 1) / KRN_SAMPLE_BLOCK;
  d.block = memory;
  d.w = d.block + d.n_blocks;

  if (s->repetition_penalty != 1.0f && s->n_recent > 0)
    penalise (logits, n, s, (uint32_t *)(void *)memory);
  for (int i = 0; i < s->n_suppress; i++)
    if (s->suppress[i] >= 0 && s->suppress[i] < n)
      logits[s->suppress[i]] = -INFINITY;
  isa->condition (logits, n, cold ? 1.0f : s->temperature, d.block);
  d.most = isa->max (d.block, d.n_blocks);
  if (cold || !isfinite (d.most))
    return choose_most (&d, probs);

  if (s->top_k > 0 && s->top_k < n)
    keep_top_k (&d, s->top_k, d.w + n, (int32_t *)(void *)(d.w + 2 * (size_t)n));
  if (s->top_p < 1.0f) {
    d.total = isa->weigh (d.w, d.x, d.n, d.most, lowest, 0.0f, d.block);
    lowest = keep_top_p (&d, s->top_p);
  }
  d.total = isa->weigh (d.w, d.x, d.n, d.most, lowest, fminf (s->min_p, 1.0f), d.block);

  chosen = find_weight (&d, uniform (s->seed, s->step, row) * d.total);
  if (probs)
    write_probabilities (&d, probs);
  return d.id ? d.id[chosen] : chosen;
}

void
krn_cpu_sample (KrnDevice         *dev,
                KrnMat             ids,
                KrnMat             logits,
                KrnMat             probs,
                const KrnSampling *sampling)
{
  /* Weights, candidates and their ids, and one figure a block. */
  if ((size_t)logits.cols * 4 * sizeof (float) > KRN_ARENA_BYTES) {
    krn_device_fail (dev, "A vocabulary of %d is too large for the CPU backend.", logits.cols);
    return;
  }
  for (int r = 0; r < logits.rows && logits.cols > 0; r++) {
    int32_t *id = (int32_t *)(void *)(ids.buf->data + ids.offset) + (size_t)r * krn_stride (ids);

    *id = sample_row (dev, krn_row (logits, r), logits.cols, probs.buf ? krn_row (probs, r) : NULL,
                      sampling, (uint32_t)r);
  }
}
