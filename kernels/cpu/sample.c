/* sample.c: chooses the next token.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Order: penalty and suppression on the raw logits, temperature, top-k, top-p, min-p, softmax, draw.  The vocabulary has
 * a quarter of a million entries and a few dozen survive, so nothing is sorted: thresholds are found by radix
 * selection on the bits of the logits, over ever fewer candidates.
 *
 * A logit that is not a number counts as −inf.  The row of logits itself is the working memory: entries that are out become −inf,
 * and finally every entry its probability. */
#include "kernels/cpu/device.h"

#include <math.h>
#include <string.h>

#define RADIX_BITS 11
#define RADIX_SIZE (1 << RADIX_BITS)

/* Larger floats have larger keys. */
static uint32_t
key_from_float (float x)
{
  uint32_t bits;

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

/* Two words from (seed, step, row): Philox 4×32 with ten rounds, a counter-based generator, so that a draw depends on nothing that
 * was drawn before. */
static uint64_t
random_bits (uint64_t seed, uint64_t step, uint32_t row)
{
  uint32_t c[4] = {(uint32_t) step, (uint32_t) (step >> 32), row, 0};
  uint32_t k[2] = {(uint32_t) seed, (uint32_t) (seed >> 32)};

  for (int round = 0; round < 10; round++) {
    uint64_t p = (uint64_t) c[0] * 0xD2511F53u, q = (uint64_t) c[2] * 0xCD9E8D57u;

    c[0] = (uint32_t) (q >> 32) ^ c[1] ^ k[0];
    c[1] = (uint32_t) q;
    c[2] = (uint32_t) (p >> 32) ^ c[3] ^ k[1];
    c[3] = (uint32_t) p;
    k[0] += 0x9E3779B9u;
    k[1] += 0xBB67AE85u;
  }
  return (uint64_t) c[0] << 32 | c[1];
}

/* Once per distinct id: an id counts where it appears first. */
static void
penalise (float *x, int n, const KrnSampling *s)
{
  for (int i = 0; i < s->n_recent; i++) {
    int  id = s->recent[i];
    bool seen = id < 0 || id >= n;

    for (int j = 0; j < i && !seen; j++)
      seen = s->recent[j] == id;
    if (!seen)
      x[id] = x[id] > 0.0f ? x[id] / s->repetition_penalty : x[id] * s->repetition_penalty;
  }
}

/* The largest key such that the entries above it weigh less than `limit` and with it at least as much: by count when mass is
 * false, else by e^(x − most).  *above: the weight above.  Radix selection from the highest bits down. */
static uint32_t
select_key (const float *x, int n, bool mass, double limit, float most, double *above)
{
  static const int shifts[] = {21, 10, 0};
  uint32_t         prefix = 0, known = 0;

  *above = 0.0;
  for (int pass = 0; pass < 3; pass++) {
    double bins[RADIX_SIZE] = {0};
    int    bin = RADIX_SIZE - 1;
    int    shift = shifts[pass];
    int    size = pass == 2 ? 1 << 10 : RADIX_SIZE;

    for (int i = 0; i < n; i++) {
      uint32_t key = key_from_float (x[i]);

      if ((key & known) == prefix)
        bins[key >> shift & (uint32_t) (size - 1)] += mass ? exp ((double) x[i] - most) : 1.0;
    }
    for (bin = size - 1; bin > 0 && *above + bins[bin] < limit; bin--)
      *above += bins[bin];
    prefix |= (uint32_t) bin << shift;
    known |= (uint32_t) (size - 1) << shift;
  }
  return prefix;
}

/* Everything below the k-th largest is out; ties with it stay. */
static void
keep_top_k (float *x, int n, int k)
{
  double above;
  float  threshold = float_from_key (select_key (x, n, false, k, 0.0f, &above));

  for (int i = 0; i < n; i++)
    if (x[i] < threshold)
      x[i] = -INFINITY;
}

/* An entry stays iff the probability of those before it in descending order is below p; the first always stays. */
static void
keep_top_p (float *x, int n, float p, float most)
{
  double   total = 0.0, above, each;
  uint32_t key;
  float    threshold;

  for (int i = 0; i < n; i++)
    total += exp ((double) x[i] - most);
  key = select_key (x, n, true, p * total, most, &above);
  threshold = float_from_key (key);
  each = exp ((double) threshold - most);
  for (int i = 0; i < n; i++) {
    if (x[i] < threshold) {
      x[i] = -INFINITY;
    } else if (x[i] == threshold) {
      if (above > 0.0 && above >= p * total)
        x[i] = -INFINITY;
      above += each;
    }
  }
}

static int
argmax (const float *x, int n)
{
  int best = 0;

  for (int i = 1; i < n; i++)
    if (x[i] > x[best])
      best = i;
  return best;
}

static int
sample_row (float *x, int n, const KrnSampling *s, uint32_t row)
{
  double total = 0.0, target, sum = 0.0;
  float  most;
  int    best, last;

  for (int i = 0; i < n; i++)
    if (isnan (x[i]))
      x[i] = -INFINITY;
  if (s->repetition_penalty != 1.0f && s->n_recent > 0)
    penalise (x, n, s);
  for (int i = 0; i < s->n_suppress; i++)
    if (s->suppress[i] >= 0 && s->suppress[i] < n)
      x[s->suppress[i]] = -INFINITY;
  best = argmax (x, n);
  most = x[best];
  if (s->temperature <= 0.0f || !(most < INFINITY && most > -INFINITY)) {
    memset (x, 0, (size_t) n * sizeof *x);
    x[best] = 1.0f;
    return best;
  }

  for (int i = 0; i < n; i++)
    x[i] /= s->temperature;
  most = x[best];
  if (s->top_k > 0 && s->top_k < n)
    keep_top_k (x, n, s->top_k);
  if (s->top_p < 1.0f)
    keep_top_p (x, n, s->top_p, most);
  for (int i = 0; i < n; i++) {
    double e = exp ((double) x[i] - most);

    x[i] = e < s->min_p ? 0.0f : (float) e;
    total += x[i];
  }

  target = (double) (random_bits (s->seed, s->step, row) >> 11) * 0x1p-53 * total;
  last = best;
  for (int i = 0; i < n; i++) {
    if (x[i] > 0.0f && sum <= target)
      last = i;
    sum += x[i];
    x[i] = (float) (x[i] / total);
  }
  return last;
}

void
krn_cpu_sample (KrnDevice *dev, KrnMat ids, KrnMat logits, KrnMat probs, const KrnSampling *sampling)
{
  for (int r = 0; r < logits.rows; r++) {
    float   *x = krn_row (logits, r);
    int32_t *id = (int32_t *) (ids.buf->data + ids.offset) + (size_t) r * krn_stride (ids);

    *id = sample_row (x, logits.cols, sampling, (uint32_t) r);
    if (probs.buf)
      memcpy (krn_row (probs, r), x, (size_t) logits.cols * sizeof *x);
  }
}
