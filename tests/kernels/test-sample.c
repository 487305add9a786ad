/* test-sample.c: the choice of the next token: golden distributions, the rules of krn.h one by one,
 * and draws.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/kernels/krn-test.h"

static const KrnSampling plain = {.temperature = 1.0f, .top_p = 1.0f, .repetition_penalty = 1.0f};

/* ---- golden data
 * ---------------------------------------------------------------------------------------- */

/* A safetensors file: eight bytes of length, a header in JSON, then the tensors. */
typedef struct {
  char   *data;
  char   *tensors; /* within data */
  json_t *header;
} TensorFile;

static char *
golden_path (const char *name)
{
  return g_build_filename (g_getenv ("FACET_SOURCE_ROOT"), "tests", "golden", "preproc", name,
                           NULL);
}

static void
tensor_file_open (TensorFile *f, const char *name)
{
  g_autofree char *path = golden_path (name);
  g_autoptr (GError) error = NULL;
  guint64 header_length;

  g_file_get_contents (path, &f->data, NULL, &error);
  g_assert_no_error (error);
  memcpy (&header_length, f->data, 8);
  f->header = json_loadb (f->data + 8, header_length, 0, NULL);
  g_assert_nonnull (f->header);
  f->tensors = f->data + 8 + header_length;
}

/* (transfer full) */
static float *
tensor_file_get (const TensorFile *f, const char *name, int *n)
{
  json_t *tensor = json_object_get (f->header, name);
  json_t *offsets = json_object_get (tensor, "data_offsets");

  g_assert_nonnull (tensor);
  *n = (int)json_integer_value (json_array_get (json_object_get (tensor, "shape"), 0));
  return g_memdup2 (f->tensors + json_integer_value (json_array_get (offsets, 0)),
                    (gsize)*n * sizeof (float));
}

static void
tensor_file_close (TensorFile *f)
{
  g_free (f->data);
  json_decref (f->header);
}

static int
compare_floats (const void *a, const void *b)
{
  float x = *(const float *)a, y = *(const float *)b;

  return (x > y) - (x < y);
}

/* Draws once; the distribution it was drawn from, g_free () it. */
static float *
draw (KrnTest *t, const float *logits, int n, const KrnSampling *s, int *id)
{
  TestMat x = krn_test_zeros (t, 1, n, 0), p = krn_test_zeros (t, 1, n, 0);
  TestMat ids = krn_test_ids (t, 1, (int32_t[]){-1});
  float  *probs = g_new (float, n);
  int32_t chosen;

  t->k->write (t->dev, x.mat.buf, 0, logits, (size_t)n * 4);
  t->k->sample (t->dev, ids.mat, x.mat, p.mat, s);
  krn_test_sync (t);
  t->k->read (t->dev, ids.mat.buf, 0, &chosen, 4);
  t->k->read (t->dev, p.mat.buf, 0, probs, (size_t)n * 4);
  g_assert_cmpint (chosen, >=, 0);
  g_assert_cmpint (chosen, <, n);
  g_assert_cmpfloat (probs[chosen], >, 0.0f);
  if (id)
    *id = chosen;
  return probs;
}

/* Which of several equal values top-p drops depends on the reference's sort: there only the sorted
 * ones are compared. */
static bool
has_ties (const char *kind)
{
  return g_str_equal (kind, "ties32") || g_str_equal (kind, "flat7");
}

static void
test_golden (KrnTest *t)
{
  g_autofree char *path = golden_path ("sampling.json");
  json_t          *cases = json_load_file (path, 0, NULL), *c;
  TensorFile       f;
  size_t           i;

  g_assert_nonnull (cases);
  tensor_file_open (&f, "sampling.safetensors");
  json_array_foreach (cases, i, c)
  {
    const char       *kind = json_string_value (json_object_get (c, "logits"));
    json_t           *params = json_object_get (c, "params");
    g_autofree char  *name = g_strconcat ("logits.", kind, NULL);
    g_autofree float *probs = NULL, *logits = NULL, *expected = NULL;
    KrnSampling       s = plain;
    int               n, m;

    s.temperature = (float)json_number_value (json_object_get (params, "temperature"));
    s.top_k = (int)json_integer_value (json_object_get (params, "top_k"));
    s.top_p = (float)json_number_value (json_object_get (params, "top_p"));
    s.min_p = (float)json_number_value (json_object_get (params, "min_p"));
    logits = tensor_file_get (&f, name, &n);
    expected = tensor_file_get (&f, json_string_value (json_object_get (c, "tensor")), &m);
    g_assert_cmpint (n, ==, m);
    probs = draw (t, logits, n, &s, NULL);
    if (has_ties (kind)) {
      qsort (expected, (size_t)n, sizeof *expected, compare_floats);
      qsort (probs, (size_t)n, sizeof *probs, compare_floats);
    }
    for (int j = 0; j < n; j++)
      if (!(fabsf (probs[j] - expected[j]) <= 1e-6f))
        g_error ("%s, case %zu: entry %d is %g instead of %g", kind, i, j, probs[j], expected[j]);
  }
  g_assert_cmpuint (i, ==, 72);
  tensor_file_close (&f);
  json_decref (cases);
}

/* ---- the rules, against a reference that sorts
 * --------------------------------------------------------- */

typedef struct {
  double x;
  int    id;
} Entry;

/* Largest first, of equals the first. */
static int
compare_entries (const void *a, const void *b)
{
  const Entry *x = a, *y = b;

  return x->x != y->x ? (x->x < y->x) - (x->x > y->x) : x->id - y->id;
}

static void
reference (double *probs, const float *logits, int n, const KrnSampling *s)
{
  g_autofree Entry *e = g_new (Entry, n);
  int               kept = n;
  double            total = 0.0, before = 0.0;

  for (int i = 0; i < n; i++)
    e[i] = (Entry){isnan (logits[i]) ? -INFINITY : logits[i], i};
  for (int i = 0; i < s->n_recent; i++) {
    bool seen = s->recent[i] < 0 || s->recent[i] >= n;

    for (int j = 0; j < i; j++)
      seen = seen || s->recent[j] == s->recent[i];
    if (!seen) {
      double *x = &e[s->recent[i]].x;

      *x = (float)(*x > 0.0 ? *x / s->repetition_penalty : *x * s->repetition_penalty);
    }
  }
  for (int i = 0; i < s->n_suppress; i++)
    e[s->suppress[i]].x = -INFINITY;
  for (int i = 0; i < n; i++)
    e[i].x = (float)e[i].x / s->temperature;
  qsort (e, (size_t)n, sizeof *e, compare_entries);

  if (s->top_k > 0 && s->top_k < n)
    for (kept = s->top_k; kept < n && e[kept].x == e[s->top_k - 1].x; kept++)
      continue;
  for (int i = 0; i < kept; i++)
    total += exp (e[i].x - e[0].x);
  for (int i = 0; i < kept && s->top_p < 1.0f; i++) {
    if (i > 0 && before >= s->top_p * total) {
      kept = i;
      break;
    }
    before += exp (e[i].x - e[0].x);
  }
  while (kept > 1 && exp (e[kept - 1].x - e[0].x) < s->min_p)
    kept--;
  total = 0.0;
  for (int i = 0; i < kept; i++)
    total += exp (e[i].x - e[0].x);
  for (int i = 0; i < n; i++)
    probs[e[i].id] = i < kept ? exp (e[i].x - e[0].x) / total : 0.0;
}

static void
check_against_reference (KrnTest *t, const float *logits, int n, const KrnSampling *s)
{
  double           *expected = krn_test_doubles (t, (size_t)n);
  g_autofree float *probs = draw (t, logits, n, s, NULL);

  reference (expected, logits, n, s);
  for (int i = 0; i < n; i++)
    if (!(fabs (probs[i] - expected[i]) <= 1e-6))
      g_error ("n %d, k %d, p %g, min-p %g: entry %d is %g instead of %g", n, s->top_k, s->top_p,
               s->min_p, i, probs[i], expected[i]);
}

/* Sizes around the blocks that the implementation looks at, smooth and with many ties. */
static void
test_rules (KrnTest *t)
{
  static const int   sizes[] = {1, 2, 63, 64, 65, 100, 1000, 20001};
  static const int   ks[] = {0, 1, 2, 40, 300, 1 << 20};
  static const float ps[] = {1.0f, 0.9f, 0.3f, 0.0f};
  static const float mins[] = {0.0f, 0.07f, 1.0f};

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (int coarse = 0; coarse < 2; coarse++) {
      g_autofree float *x = g_new (float, sizes[i]);

      for (int j = 0; j < sizes[i]; j++) {
        x[j] = (float)g_rand_double_range (t->rand, -8.0, 8.0);
        if (coarse)
          x[j] = roundf (x[j] * 0.5f);
      }
      for (guint k = 0; k < G_N_ELEMENTS (ks); k++)
        for (guint p = 0; p < G_N_ELEMENTS (ps); p++)
          for (guint m = 0; m < G_N_ELEMENTS (mins); m++) {
            KrnSampling s = plain;

            s.temperature = coarse ? 1.0f : 0.8f;
            s.top_k = ks[k];
            s.top_p = ps[p];
            s.min_p = mins[m];
            if (!t->emulated || sizes[i] <= 1000 || (k + p + m) % 4 == 0)
              check_against_reference (t, x, sizes[i], &s);
          }
    }
}

/* The two zeros are equal, so that the first ones stay, whatever their sign. */
static void
test_zeros (KrnTest *t)
{
  static const float ps[] = {0.1f, 0.3f, 0.5f, 0.7f, 0.9f};
  float              x[100];

  for (int i = 0; i < 100; i++)
    x[i] = i % 3 == 2 ? -9.0f : i % 2 ? -0.0f : 0.0f;
  for (guint p = 0; p < G_N_ELEMENTS (ps); p++)
    for (int k = 0; k <= 80; k += 40) {
      KrnSampling s = plain;

      s.top_k = k;
      s.top_p = ps[p];
      check_against_reference (t, x, 100, &s);
    }
}

static void
test_penalty (KrnTest *t)
{
  static const int32_t recent[] = {3, 5, 3, 3, 40, -1, 99999, 5, 70}, suppress[] = {0, 41, 64};
  float                x[100];
  KrnSampling          s = plain;

  for (int i = 0; i < 100; i++)
    x[i] = (float)g_rand_double_range (t->rand, -4.0, 4.0);
  s.recent = recent;
  s.n_recent = G_N_ELEMENTS (recent);
  s.suppress = suppress;
  s.n_suppress = G_N_ELEMENTS (suppress);
  for (int i = 0; i < 3; i++) {
    s.repetition_penalty = (float[]){1.0f, 1.3f, 0.5f}[i];
    s.top_k = (int[]){0, 20, 1}[i];
    check_against_reference (t, x, 100, &s);
  }
}

static void
test_greedy (KrnTest *t)
{
  float             x[300];
  KrnSampling       s = plain;
  g_autofree float *probs = NULL;
  int               id;

  for (int i = 0; i < 300; i++)
    x[i] = (float)(i % 7);
  s.temperature = 0.0f;
  s.top_k = 64;
  probs = draw (t, x, 300, &s, &id);
  g_assert_cmpint (id, ==, 6);
  for (int i = 0; i < 300; i++)
    g_assert_cmpfloat (probs[i], ==, i == 6 ? 1.0f : 0.0f);

  s.temperature = NAN;
  g_free (g_steal_pointer (&probs));
  probs = draw (t, x, 300, &s, &id);
  g_assert_cmpint (id, ==, 6);
  s.temperature = 0.0f;

  x[299] = 6.5f;
  g_free (g_steal_pointer (&probs));
  probs = draw (t, x, 300, &s, &id);
  g_assert_cmpint (id, ==, 299);
  s.suppress = (int32_t[]){299};
  s.n_suppress = 1;
  g_free (g_steal_pointer (&probs));
  probs = draw (t, x, 300, &s, &id);
  g_assert_cmpint (id, ==, 6);
}

/* Nothing that a broken model can produce may crash or choose an entry outside the vocabulary. */
static void
test_broken_logits (KrnTest *t)
{
  float x[200];

  for (int kind = 0; kind < 5; kind++)
    for (int mode = 0; mode < 4; mode++) {
      KrnSampling       s = plain;
      g_autofree float *probs = NULL;
      int               id;

      s.temperature = mode == 0 ? 0.0f : mode == 3 ? 1e-30f : 1.0f;
      s.top_k = mode == 2 ? 5 : 0;
      s.top_p = mode == 2 ? 0.9f : 1.0f;
      for (int i = 0; i < 200; i++)
        x[i] = kind == 0 ? NAN : kind == 1 ? -INFINITY : kind == 2 ? INFINITY : (float)(i % 11);
      if (kind == 3)
        x[17] = NAN;
      if (kind == 4)
        x[100] = INFINITY;
      probs = draw (t, x, 200, &s, &id);
      if (kind == 3) {
        g_assert_cmpint (id, !=, 17);
        g_assert_cmpfloat (probs[17], ==, 0.0f);
      }
      if (kind == 4)
        g_assert_cmpint (id, ==, 100);
    }
}

/* ---- draws
 * ---------------------------------------------------------------------------------------------- */

/* One call with `rows` equal rows; the ids. */
static void
draw_rows (KrnTest *t, const float *logits, int n, int rows, const KrnSampling *s, int32_t *ids)
{
  TestMat x = krn_test_zeros (t, rows, n, 2), i = krn_test_ids (t, rows, ids);

  for (int r = 0; r < rows; r++)
    t->k->write (t->dev, x.mat.buf, (size_t)r * (size_t)(n + 2) * 4, logits, (size_t)n * 4);
  t->k->sample (t->dev, i.mat, x.mat, krn_test_absent (), s);
  t->k->read (t->dev, i.mat.buf, 0, ids, (size_t)rows * 4);
}

/* A draw is a function of (seed, step) and the row, and of nothing else. */
static void
test_deterministic (KrnTest *t)
{
  enum {
    N = 1000,
    ROWS = 8
  };
  float       x[N];
  int32_t     first[ROWS] = {0}, again[ROWS] = {0}, other[ROWS] = {0};
  KrnSampling s = plain;
  int         same_row = 0, same_step = 0, same_seed = 0;

  for (int i = 0; i < N; i++)
    x[i] = (float)g_rand_double_range (t->rand, 0.0, 1.0);
  s.seed = 7;
  s.step = 1;
  draw_rows (t, x, N, ROWS, &s, first);
  s.step = 2;
  draw_rows (t, x, N, ROWS, &s, other);
  for (int i = 0; i < ROWS; i++)
    same_step += first[i] == other[i];
  s.step = 1;
  draw_rows (t, x, N, ROWS, &s, again);
  for (int i = 0; i < ROWS; i++) {
    g_assert_cmpint (first[i], ==, again[i]);
    same_row += first[i] == first[0];
  }
  s.seed = 8;
  draw_rows (t, x, N, ROWS, &s, other);
  for (int i = 0; i < ROWS; i++)
    same_seed += first[i] == other[i];
  g_assert_cmpint (same_row, <, 4);
  g_assert_cmpint (same_step, <, 4);
  g_assert_cmpint (same_seed, <, 4);
}

/* χ² of many draws against the distribution that they claim to come from; the seeds are fixed, so
 * that the test is too. */
static void
check_statistics (KrnTest *t, KrnSampling s, const float *x, int n, int n_draws)
{
  g_autofree int   *count = g_new0 (int, n);
  g_autofree float *probs = draw (t, x, n, &s, NULL);
  int32_t           ids[50] = {0};
  double            chi = 0.0;
  int               freedom = -1;

  for (int d = 0; d < n_draws; d += 50) {
    s.step = (uint64_t)d;
    draw_rows (t, x, n, 50, &s, ids);
    for (int i = 0; i < 50; i++)
      count[ids[i]]++;
  }
  for (int i = 0; i < n; i++) {
    double expected = probs[i] * (double)n_draws;

    if (probs[i] == 0.0f) {
      g_assert_cmpint (count[i], ==, 0);
      continue;
    }
    chi += (count[i] - expected) * (count[i] - expected) / expected;
    freedom++;
  }
  /* Five standard deviations of a χ² distribution. */
  g_test_message ("chi squared %.1f, %d degrees of freedom", chi, freedom);
  g_assert_cmpfloat (chi, <, freedom + 5.0 * sqrt (2.0 * freedom));
  g_assert_cmpfloat (chi, >, freedom - 5.0 * sqrt (2.0 * freedom));
}

static void
test_statistics (KrnTest *t)
{
  float       x[150];
  KrnSampling s = plain;

  for (int i = 0; i < 150; i++)
    x[i] = (float)g_rand_double_range (t->rand, -1.5, 1.5);
  s.seed = 42;
  check_statistics (t, s, x, 150, 20000);
  s.top_k = 30;
  s.temperature = 0.7f;
  check_statistics (t, s, x, 150, 20000);
  s.top_p = 0.8f;
  s.min_p = 0.1f;
  check_statistics (t, s, x, 150, 20000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  krn_test_add_once ("sample/golden", test_golden);
  krn_test_add_once ("sample/rules", test_rules);
  krn_test_add_once ("sample/zeros", test_zeros);
  krn_test_add_once ("sample/penalty", test_penalty);
  krn_test_add_once ("sample/greedy", test_greedy);
  krn_test_add_once ("sample/broken-logits", test_broken_logits);
  krn_test_add_once ("sample/deterministic", test_deterministic);
  krn_test_add_long ("sample/statistics", test_statistics);
  return g_test_run ();
}
