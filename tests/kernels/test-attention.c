/* test-attention.c: rotary positions, the way into the cache and attention, against double
 * precision.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A sequence is fed in pieces through rope_store and attention, as a session does it; the reference
 * keeps every key and value of the sequence and knows nothing of rings. */
#include <math.h>
#include <string.h>

#include "tests/kernels/krn-test.h"

#define MAX_SPANS 4

typedef struct {
  int     heads, kv_heads, head_dim, window, slots;
  KrnType cache;
} Shape;

/* One sequence with its whole past. */
typedef struct {
  TestMat k, v;          /* the caches */
  int     length;        /* positions so far */
  double *keys, *values; /* (length, kv_heads · hd) */
} Sequence;

static void
sequence_init (KrnTest *t, Sequence *s, const Shape *shape, int most)
{
  int width = shape->kv_heads * shape->head_dim;

  memset (s, 0, sizeof *s);
  s->k = krn_test_random (t, shape->cache, shape->slots, width, 0, 1.0);
  s->v = krn_test_random (t, shape->cache, shape->slots, width, 0, 1.0);
  s->keys = krn_test_doubles (t, (size_t)most * width);
  s->values = krn_test_doubles (t, (size_t)most * width);
}

static void
rotate (double *x, const double *cos_sin, int hd)
{
  for (int i = 0; i < hd / 2; i++) {
    double a = x[i], b = x[i + hd / 2], c = cos_sin[i], s = cos_sin[hd / 2 + i];

    x[i] = a * c - b * s;
    x[i + hd / 2] = b * c + a * s;
  }
}

static void
reference_attention (double         *o,
                     const double   *q,
                     const Sequence *s,
                     const Shape    *shape,
                     int             position,
                     float           scale)
{
  int                hd = shape->head_dim, width = shape->kv_heads * hd;
  int                first = shape->window > 0 ? MAX (0, position - shape->window + 1) : 0;
  g_autofree double *score = g_new (double, position + 1);

  for (int h = 0; h < shape->heads; h++) {
    int    kv = h / (shape->heads / shape->kv_heads);
    double most = -INFINITY, total = 0.0;

    for (int j = first; j <= position; j++) {
      score[j] = 0.0;
      for (int i = 0; i < hd; i++)
        score[j] += q[h * hd + i] * s->keys[(size_t)j * width + kv * hd + i];
      score[j] *= scale;
      most = MAX (most, score[j]);
    }
    memset (o + h * hd, 0, hd * sizeof *o);
    for (int j = first; j <= position; j++) {
      double p = exp (score[j] - most);

      total += p;
      for (int i = 0; i < hd; i++)
        o[h * hd + i] += p * s->values[(size_t)j * width + kv * hd + i];
    }
    for (int i = 0; i < hd; i++)
      o[h * hd + i] /= total;
  }
}

/* The next n[s] positions of each sequence in one call. */
static void
step (KrnTest     *t,
      const Shape *shape,
      Sequence    *sequences,
      int          n_sequences,
      const int   *n,
      TestMat      freq)
{
  const float scale = 0.3f;
  int         hd = shape->head_dim, width = shape->kv_heads * hd, q_width = shape->heads * hd;
  KrnSpan     spans[MAX_SPANS];
  int         rows = 0;
  TestMat     q, k, v, cs, o;
  double     *e, *ecs;

  for (int s = 0; s < n_sequences; s++) {
    spans[s] = (KrnSpan){{sequences[s].k.mat, sequences[s].v.mat}, rows, n[s], sequences[s].length};
    rows += n[s];
  }
  q = krn_test_random (t, KRN_F32, rows, q_width, 2, 1.0);
  k = krn_test_random (t, KRN_F32, rows, width, 0, 1.0);
  v = krn_test_random (t, shape->cache, rows, width, 0, 1.0);
  cs = krn_test_zeros (t, rows, hd, 0);
  o = krn_test_zeros (t, rows, q_width, 6);
  e = krn_test_doubles (t, (size_t)rows * q_width);
  ecs = krn_test_doubles (t, (size_t)rows * hd);

  /* Values go into the cache as they are: F32 copies of what the cache can hold. */
  if (shape->cache == KRN_BF16) {
    TestMat wide = krn_test_zeros (t, rows, width, 0);

    for (int i = 0; i < rows * width; i++) {
      float x = (float)v.v[i];

      t->k->write (t->dev, wide.mat.buf, (size_t)i * 4, &x, 4);
    }
    wide.v = v.v;
    v = wide;
  }

  t->k->rope_angles (t->dev, cs.mat, spans, n_sequences, freq.mat);
  for (int s = 0; s < n_sequences; s++)
    for (int i = 0; i < n[s]; i++)
      for (int j = 0; j < hd / 2; j++) {
        float angle = (float)(spans[s].position + i) * (float)freq.v[j];

        ecs[(spans[s].row + i) * hd + j] = cos (angle);
        ecs[(spans[s].row + i) * hd + hd / 2 + j] = sin (angle);
      }
  krn_test_close (t, cs.mat, ecs, 1e-7);

  t->k->rope_store (t->dev, q.mat, k.mat, v.mat, cs.mat, spans, n_sequences, hd);
  for (int r = 0; r < rows; r++) {
    for (int h = 0; h < shape->heads; h++)
      rotate (q.v + r * q_width + h * hd, ecs + r * hd, hd);
    for (int h = 0; h < shape->kv_heads; h++)
      rotate (k.v + r * width + h * hd, ecs + r * hd, hd);
  }
  krn_test_close (t, q.mat, q.v, 1e-6);
  for (int s = 0; s < n_sequences; s++)
    for (int i = 0; i < n[s]; i++) {
      int position = sequences[s].length++;
      int slot = position % shape->slots;

      /* What the cache holds is what attention must use. */
      for (int c = 0; c < width; c++) {
        sequences[s].keys[(size_t)position * width + c] =
            krn_test_get (t, sequences[s].k.mat, slot, c);
        sequences[s].values[(size_t)position * width + c] = v.v[(spans[s].row + i) * width + c];
      }
      for (int c = 0; c < width; c++) {
        double expected = k.v[(spans[s].row + i) * width + c];
        double most = shape->cache == KRN_BF16 ? 0x1p-8 * fabs (expected) + 1e-6 : 1e-6;

        g_assert_cmpfloat_with_epsilon (sequences[s].keys[(size_t)position * width + c], expected,
                                        most);
      }
    }

  t->k->attention (t->dev, o.mat, q.mat, spans, n_sequences, shape->heads, shape->kv_heads, hd,
                   shape->window, scale);
  for (int s = 0; s < n_sequences; s++)
    for (int i = 0; i < n[s]; i++) {
      int r = spans[s].row + i;

      reference_attention (e + (size_t)r * q_width, q.v + (size_t)r * q_width, &sequences[s], shape,
                           spans[s].position + i, scale);
    }
  krn_test_close (t, o.mat, e, 3e-6);
}

static TestMat
frequencies (KrnTest *t, int hd)
{
  TestMat freq = krn_test_zeros (t, 1, hd / 2, 0);

  /* The upper half does not turn, as in full-attention layers. */
  for (int i = 0; i < hd / 4; i++) {
    float f = (float)pow (10000.0, -2.0 * i / hd);

    freq.v[i] = f;
    t->k->write (t->dev, freq.mat.buf, (size_t)i * 4, &f, 4);
  }
  return freq;
}

static void
feed (KrnTest *t, const Shape *shape, const int *pieces, int n_pieces)
{
  TestMat  freq = frequencies (t, shape->head_dim);
  Sequence s;
  int      most = 0;

  for (int i = 0; i < n_pieces; i++)
    most += pieces[i];
  sequence_init (t, &s, shape, most);
  for (int i = 0; i < n_pieces; i++)
    step (t, shape, &s, 1, &pieces[i], freq);
}

static void
test_full (KrnTest *t)
{
  static const int pieces[] = {1, 1, 2, 3, 40, 1, 100, 5, 1, 150, 1, 1};
  int              n = t->emulated ? 6 : G_N_ELEMENTS (pieces);

  feed (t, &(Shape){8, 1, 64, 0, 400, KRN_F32}, pieces, n);
  feed (t, &(Shape){8, 1, 64, 0, 400, KRN_BF16}, pieces, n);
  feed (t, &(Shape){6, 2, 32, 0, 400, KRN_F32}, pieces, n);
  feed (t, &(Shape){5, 5, 48, 0, 400, KRN_BF16}, pieces, n);
  feed (t, &(Shape){12, 1, 20, 0, 400, KRN_F32}, pieces, n);
}

/* The ring turns over several times; the last piece fills it to the brim. */
static void
test_sliding (KrnTest *t)
{
  static const int pieces[] = {1, 3, 30, 1, 34, 34, 1, 1, 1, 17, 33, 1};

  feed (t, &(Shape){8, 1, 64, 31, 64, KRN_F32}, pieces, G_N_ELEMENTS (pieces));
  feed (t, &(Shape){4, 2, 36, 31, 64, KRN_BF16}, pieces, G_N_ELEMENTS (pieces));
  feed (t, &(Shape){4, 1, 64, 1, 40, KRN_F32}, pieces, G_N_ELEMENTS (pieces));
}

static void
test_spans (KrnTest *t)
{
  static const Shape shapes[] = {
      {8, 1, 64, 0, 200, KRN_F32},
      {8, 1, 64, 20, 60, KRN_F32},
      {8, 2, 32, 20, 60, KRN_BF16},
  };
  static const int steps[][MAX_SPANS] = {{5, 1, 30, 2},
                                         {1, 1, 1, 1},
                                         {3, 40, 1, 20},
                                         {1, 1, 1, 1},
                                         {16, 16, 16, 16}};

  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++) {
    TestMat  freq = frequencies (t, shapes[i].head_dim);
    Sequence s[MAX_SPANS];

    for (int j = 0; j < MAX_SPANS; j++)
      sequence_init (t, &s[j], &shapes[i], 200);
    for (guint j = 0; j < G_N_ELEMENTS (steps); j++)
      step (t, &shapes[i], s, MAX_SPANS, steps[j], freq);
  }
}

/* Scores of hundreds, of one sign and the other: the running maximum must be followed. */
static void
test_large_scores (KrnTest *t)
{
  enum {
    HD = 64,
    N = 150
  };
  KrnSpan  span;
  Shape    shape = {2, 1, HD, 0, N, KRN_F32};
  Sequence s;

  sequence_init (t, &s, &shape, N);
  for (int j = 0; j < N; j++)
    for (int i = 0; i < HD; i++) {
      float k = (float)(j - N / 2);

      t->k->write (t->dev, s.k.mat.buf, ((size_t)j * HD + (size_t)i) * 4, &k, 4);
      s.keys[j * HD + i] = k;
      s.values[j * HD + i] = s.v.v[j * HD + i];
    }
  for (int n = 1; n <= 33; n += 32) {
    TestMat q = krn_test_random (t, KRN_F32, n, 2 * HD, 0, 1.0);
    TestMat o = krn_test_zeros (t, n, 2 * HD, 0);
    double *e = krn_test_doubles (t, (size_t)n * 2 * HD);

    span = (KrnSpan){{s.k.mat, s.v.mat}, 0, n, N - n};
    t->k->attention (t->dev, o.mat, q.mat, &span, 1, 2, 1, HD, 0, 1.0f);
    for (int i = 0; i < n; i++)
      reference_attention (e + i * 2 * HD, q.v + i * 2 * HD, &s, &shape, N - n + i, 1.0f);
    /* A score of several hundred has an F32 rounding error that the exponential turns into a
     * relative one. */
    krn_test_close (t, o.mat, e, 1e-4);
  }
}

/* Only q, as in a layer that shares another's cache, and only k and v, as at the end of the prefill
 * short-cut. */
static void
test_store_parts (KrnTest *t)
{
  enum {
    HD = 32,
    N = 3
  };
  TestMat freq = frequencies (t, HD);
  TestMat q = krn_test_random (t, KRN_F32, N, 2 * HD, 0, 1.0),
          k = krn_test_random (t, KRN_F32, N, HD, 0, 1.0);
  TestMat v = krn_test_random (t, KRN_F32, N, HD, 0, 1.0), cs = krn_test_zeros (t, N, HD, 0);
  TestMat ck = krn_test_random (t, KRN_F32, 8, HD, 0, 1.0),
          cv = krn_test_random (t, KRN_F32, 8, HD, 0, 1.0);
  KrnSpan span = {{ck.mat, cv.mat}, 0, N, 6};

  t->k->rope_angles (t->dev, cs.mat, &span, 1, freq.mat);
  t->k->rope_store (t->dev, q.mat, krn_test_absent (), krn_test_absent (), cs.mat, &span, 1, HD);
  krn_test_close (t, ck.mat, ck.v, 0.0);
  krn_test_close (t, cv.mat, cv.v, 0.0);
  g_assert_cmpfloat (krn_test_get (t, q.mat, 1, 0), !=, (float)q.v[2 * HD]);

  t->k->rope_store (t->dev, krn_test_absent (), k.mat, v.mat, cs.mat, &span, 1, HD);
  for (int i = 0; i < N; i++)
    for (int c = 0; c < HD; c++)
      g_assert_cmpfloat (krn_test_get (t, cv.mat, (6 + i) % 8, c), ==, (float)v.v[i * HD + c]);
  krn_test_close (t, krn_test_rows (ck.mat, 1, 5), ck.v + HD, 0.0);
}

/* The largest positions that a model of this family has. */
static void
test_far_positions (KrnTest *t)
{
  enum {
    HD = 16
  };
  TestMat freq = frequencies (t, HD), cs = krn_test_zeros (t, 4, HD, 0);
  double *e = krn_test_doubles (t, 4 * HD);
  KrnSpan span = {.n_rows = 4, .position = 131068};

  t->k->rope_angles (t->dev, cs.mat, &span, 1, freq.mat);
  for (int r = 0; r < 4; r++)
    for (int i = 0; i < HD / 2; i++) {
      float angle = (float)(span.position + r) * (float)freq.v[i];

      e[r * HD + i] = cos (angle);
      e[r * HD + HD / 2 + i] = sin (angle);
    }
  krn_test_close (t, cs.mat, e, 1e-7);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  krn_test_add ("attention/full", test_full);
  krn_test_add ("attention/sliding", test_sliding);
  krn_test_add ("attention/spans", test_spans);
  krn_test_add ("attention/large-scores", test_large_scores);
  krn_test_add ("rope/parts", test_store_parts);
  krn_test_add ("rope/far", test_far_positions);
  return g_test_run ();
}
