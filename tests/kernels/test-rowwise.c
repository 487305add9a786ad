/* test-rowwise.c: the operations that take every row on its own, against double precision.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "tests/kernels/krn-test.h"

/* One element, less than a vector, odd, and enough for all members. */
static const int shapes[][2] = {
    {1, 1}, {1, 3}, {3, 7}, {2, 16}, {5, 33}, {1, 130}, {70, 301}, {1, 40000}, {3, 20000},
};

static double
sigmoid (double x)
{
  return 1.0 / (1.0 + exp (-x));
}

static void
put (KrnTest *t, TestMat *m, int col, float x)
{
  t->k->write (t->dev, m->mat.buf, (size_t)col * sizeof x, &x, sizeof x);
  m->v[col] = x;
}

static void
check_clamp (KrnTest *t, int n, int cols)
{
  TestMat x = krn_test_random (t, KRN_F32, n, cols, 3, 4.0), y = krn_test_zeros (t, n, cols, 1);
  double *e = krn_test_doubles (t, (size_t)n * cols);

  for (int i = 0; i < n * cols; i++)
    e[i] = CLAMP (x.v[i], (double)-1.5f, (double)2.25f);
  t->k->clamp (t->dev, y.mat, x.mat, -1.5f, 2.25f);
  krn_test_close (t, y.mat, e, 0.0);
  krn_test_close (t, x.mat, x.v, 0.0);
  t->k->clamp (t->dev, x.mat, x.mat, -1.5f, 2.25f);
  krn_test_close (t, x.mat, e, 0.0);
}

static void
test_clamp (KrnTest *t)
{
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    check_clamp (t, shapes[i][0], shapes[i][1]);
}

/* Infinities have a bound, NaN has none: a broken encoder must not look like a working one. */
static void
test_clamp_special (KrnTest *t)
{
  enum {
    N = 19
  };
  TestMat x = krn_test_zeros (t, 1, N, 0);

  put (t, &x, 0, INFINITY);
  put (t, &x, 5, -INFINITY);
  put (t, &x, 9, NAN);
  put (t, &x, N - 1, NAN);
  t->k->clamp (t->dev, x.mat, x.mat, -2.0f, 3.0f);
  g_assert_cmpfloat (krn_test_get (t, x.mat, 0, 0), ==, 3.0f);
  g_assert_cmpfloat (krn_test_get (t, x.mat, 0, 5), ==, -2.0f);
  g_assert_cmpfloat (krn_test_get (t, x.mat, 0, 6), ==, 0.0f);
  g_assert_true (isnan (krn_test_get (t, x.mat, 0, 9)));
  g_assert_true (isnan (krn_test_get (t, x.mat, 0, N - 1)));
}

static void
test_add_scaled (KrnTest *t)
{
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++) {
    int     n = shapes[i][0], cols = shapes[i][1];
    TestMat x = krn_test_random (t, KRN_F32, n, cols, 2, 2.0);
    TestMat y = krn_test_random (t, KRN_F32, n, cols, 5, 2.0);
    TestMat row = krn_test_random (t, KRN_F32, 1, cols, 0, 2.0);

    t->k->add_scaled (t->dev, y.mat, x.mat, 0.5f);
    for (int j = 0; j < n * cols; j++)
      y.v[j] += 0.5 * x.v[j];
    krn_test_close (t, y.mat, y.v, 2e-7);
    t->k->add_scaled (t->dev, y.mat, row.mat, -3.0f);
    for (int j = 0; j < n * cols; j++)
      y.v[j] -= 3.0 * row.v[j % cols];
    krn_test_close (t, y.mat, y.v, 3e-7);
  }
}

static void
test_gelu_mul (KrnTest *t)
{
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++) {
    int     n = shapes[i][0], cols = shapes[i][1];
    TestMat g = krn_test_random (t, KRN_F32, n, cols, 2, 6.0);
    TestMat u = krn_test_random (t, KRN_F32, n, cols, 0, 2.0);

    t->k->gelu_mul (t->dev, g.mat, u.mat);
    for (int j = 0; j < n * cols; j++)
      g.v[j] = krn_test_gelu (g.v[j]) * u.v[j];
    krn_test_close (t, g.mat, g.v, 1e-6);
  }
}

static void
test_silu (KrnTest *t)
{
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++) {
    int     n = shapes[i][0], cols = shapes[i][1];
    TestMat x = krn_test_random (t, KRN_F32, n, cols, 2, 30.0);
    TestMat y = krn_test_zeros (t, n, cols, 0);
    double *e = krn_test_doubles (t, (size_t)n * cols);

    for (int j = 0; j < n * cols; j++)
      e[j] = x.v[j] * sigmoid (x.v[j]);
    t->k->silu (t->dev, y.mat, x.mat);
    krn_test_close (t, y.mat, e, 1e-6);
    t->k->silu (t->dev, x.mat, x.mat);
    krn_test_close (t, x.mat, e, 1e-6);
  }
}

/* So far out that e^−x overflows. */
static void
test_gates_far (KrnTest *t)
{
  TestMat x = krn_test_zeros (t, 1, 4, 0), y = krn_test_zeros (t, 1, 2, 0);

  put (t, &x, 0, 7.0f);
  put (t, &x, 1, 7.0f);
  put (t, &x, 2, -1000.0f);
  put (t, &x, 3, 1000.0f);
  t->k->glu (t->dev, y.mat, x.mat);
  g_assert_cmpfloat_with_epsilon (krn_test_get (t, y.mat, 0, 0), 0.0, 1e-30);
  g_assert_cmpfloat (krn_test_get (t, y.mat, 0, 1), ==, 7.0f);
  t->k->silu (t->dev, x.mat, x.mat);
  g_assert_cmpfloat_with_epsilon (krn_test_get (t, x.mat, 0, 2), 0.0, 1e-30);
  g_assert_cmpfloat (krn_test_get (t, x.mat, 0, 3), ==, 1000.0f);
}

static void
test_glu (KrnTest *t)
{
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++) {
    int     n = shapes[i][0], cols = shapes[i][1];
    TestMat x = krn_test_random (t, KRN_F32, n, 2 * cols, 3, 8.0);
    TestMat y = krn_test_zeros (t, n, cols, 1);
    KrnMat  left = x.mat;
    double *e = krn_test_doubles (t, (size_t)n * cols);

    for (int r = 0; r < n; r++)
      for (int c = 0; c < cols; c++)
        e[r * cols + c] = x.v[2 * r * cols + c] * sigmoid (x.v[(2 * r + 1) * cols + c]);
    t->k->glu (t->dev, y.mat, x.mat);
    krn_test_close (t, y.mat, e, 1e-6);
    left.cols = cols;
    t->k->glu (t->dev, left, x.mat);
    for (int r = 0; r < n; r++)
      for (int c = 0; c < cols; c++) {
        g_assert_cmpfloat (krn_test_get (t, left, r, c), ==, krn_test_get (t, y.mat, r, c));
        g_assert_cmpfloat (krn_test_get (t, x.mat, r, cols + c), ==,
                           (float)x.v[(2 * r + 1) * cols + c]);
      }
  }
}

static void
reference_layer_norm_relu (double *y, const double *x, const double *w, int n, double eps)
{
  double mean = 0.0, variance = 0.0;

  for (int i = 0; i < n; i++)
    mean += x[i] / n;
  for (int i = 0; i < n; i++)
    variance += (x[i] - mean) * (x[i] - mean) / n;
  for (int i = 0; i < n; i++)
    y[i] = MAX (0.0, (x[i] - mean) / sqrt (variance + eps) * w[i]);
}

static void
check_layer_norm_relu (KrnTest *t, KrnType type, int n, int cols)
{
  TestMat x = krn_test_random (t, KRN_F32, n, cols, 3, 2.0), y = krn_test_zeros (t, n, cols, 2);
  TestMat w = krn_test_random (t, type, 1, cols, 0, 2.0);
  double *e = krn_test_doubles (t, (size_t)n * cols);

  for (int r = 0; r < n; r++)
    reference_layer_norm_relu (e + r * cols, x.v + r * cols, w.v, cols, 1e-6);
  t->k->layer_norm_relu (t->dev, y.mat, x.mat, w.mat, 1e-6f);
  krn_test_close (t, y.mat, e, 1e-6);
  t->k->layer_norm_relu (t->dev, x.mat, x.mat, w.mat, 1e-6f);
  krn_test_close (t, x.mat, e, 1e-6);
}

static void
test_layer_norm_relu (KrnTest *t)
{
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++) {
    check_layer_norm_relu (t, KRN_F32, shapes[i][0], shapes[i][1]);
    check_layer_norm_relu (t, KRN_BF16, shapes[i][0], shapes[i][1]);
  }
}

/* A mean of hundreds of standard deviations: E x² − (E x)² would have few digits left. */
static void
test_layer_norm_far (KrnTest *t)
{
  enum {
    N = 37
  };
  TestMat x = krn_test_zeros (t, 1, N, 0), w = krn_test_random (t, KRN_F32, 1, N, 0, 1.0);
  double *e = krn_test_doubles (t, N);

  for (int i = 0; i < N; i++)
    put (t, &x, i, 100.0f + (float)g_rand_double (t->rand));
  reference_layer_norm_relu (e, x.v, w.v, N, 1e-6);
  t->k->layer_norm_relu (t->dev, x.mat, x.mat, w.mat, 1e-6f);
  /* The mean itself is rounded, to about 2^−16. */
  krn_test_close (t, x.mat, e, 1e-4);
}

static void
test_empty (KrnTest *t)
{
  TestMat x = krn_test_random (t, KRN_F32, 1, 10, 0, 3.0);
  TestMat y = krn_test_random (t, KRN_F32, 1, 5, 0, 3.0);
  KrnMat  no_x = krn_test_rows (x.mat, 0, 0), no_y = krn_test_rows (y.mat, 0, 0);

  for (int i = 0; i < 2; i++) {
    t->k->clamp (t->dev, no_y, no_y, 4.0f, 5.0f);
    t->k->add_scaled (t->dev, no_y, no_y, 1.0f);
    t->k->gelu_mul (t->dev, no_y, no_y);
    t->k->silu (t->dev, no_y, no_y);
    t->k->glu (t->dev, no_y, no_x);
    t->k->layer_norm_relu (t->dev, no_y, no_y, y.mat, 1.0f);
    /* Rows without columns. */
    no_x.rows = no_y.rows = 1;
    no_x.cols = no_y.cols = 0;
  }
  krn_test_close (t, x.mat, x.v, 0.0);
  krn_test_close (t, y.mat, y.v, 0.0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  krn_test_add ("clamp", test_clamp);
  krn_test_add_once ("clamp/special", test_clamp_special);
  krn_test_add ("add-scaled", test_add_scaled);
  krn_test_add ("gelu-mul", test_gelu_mul);
  krn_test_add ("silu", test_silu);
  krn_test_add ("glu", test_glu);
  krn_test_add_once ("gates/far", test_gates_far);
  krn_test_add ("layer-norm-relu", test_layer_norm_relu);
  krn_test_add_once ("layer-norm-relu/far", test_layer_norm_far);
  krn_test_add_once ("rowwise/empty", test_empty);
  return g_test_run ();
}
