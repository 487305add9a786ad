/* test-linear.c: matrix products, norms and the element-wise operations against double precision.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "tests/kernels/krn-test.h"

static const KrnType types[] = {KRN_F32, KRN_BF16, KRN_Q8, KRN_Q4};

static void
check_linear (KrnTest *t, KrnType type, int n, int out, int in, double tolerance)
{
  TestMat x = krn_test_random (t, KRN_F32, n, in, 3, 1.0);
  TestMat w = krn_test_random (t, type, out, in, type == KRN_BF16 ? 6 : 0, 0.1);
  TestMat y = krn_test_zeros (t, n, out, 5);

  t->k->linear (t->dev, y.mat, x.mat, w.mat);
  krn_test_close (t, y.mat, krn_test_product (t, x.v, n, w), tolerance);
}

/* Every number of rows up to some groups, where remainders differ. */
static void
test_linear_rows (KrnTest *t)
{
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    for (int n = 1; n <= 30; n++)
      check_linear (t, types[i], n, 37, 96, krn_test_tolerance (types[i]));
}

/* Shapes that no vector length divides. */
static void
test_linear_odd (KrnTest *t)
{
  static const int shapes[][3] = {
      {1, 1, 1},    {1, 3, 7},    {2, 5, 33},    {5, 67, 129},
      {13, 33, 31}, {17, 1, 100}, {24, 130, 17}, {40, 64, 255},
  };

  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++) {
    check_linear (t, KRN_F32, shapes[i][0], shapes[i][1], shapes[i][2], 2e-6);
    check_linear (t, KRN_BF16, shapes[i][0], shapes[i][1], shapes[i][2], 2e-6);
  }
}

/* Longer than one slice of a panel, and more rows than the small limits. */
static void
test_linear_large (KrnTest *t)
{
  for (guint i = 0; i < G_N_ELEMENTS (types); i++) {
    check_linear (t, types[i], 1, 70, 4160, krn_test_tolerance (types[i]));
    check_linear (t, types[i], 50, 70, 4160, krn_test_tolerance (types[i]));
    check_linear (t, types[i], 3, 1000, 64, krn_test_tolerance (types[i]));
  }
}

static void
test_linear_fast (KrnTest *t)
{
  for (int n = 1; n <= 30; n++)
    check_linear (t, KRN_BF16, n, 61, 97, 4e-3);
  check_linear (t, KRN_BF16, 50, 70, 4160, 4e-3);
  check_linear (t, KRN_F32, 50, 70, 160, 2e-6);
}

/* An infinite or missing activation shows in its own row and in no other. */
static void
test_linear_nan (KrnTest *t)
{
  for (guint i = 0; i < G_N_ELEMENTS (types); i++) {
    TestMat x = krn_test_random (t, KRN_F32, 20, 64, 0, 1.0);
    TestMat w = krn_test_random (t, types[i], 16, 64, 0, 1.0);
    TestMat y = krn_test_zeros (t, 20, 16, 0);
    float   bad[] = {NAN, INFINITY};
    double *expected = krn_test_product (t, x.v, 20, w);

    t->k->write (t->dev, x.mat.buf, (3 * 64 + 40) * 4, &bad[0], 4);
    t->k->write (t->dev, x.mat.buf, (19 * 64 + 1) * 4, &bad[1], 4);
    t->k->linear (t->dev, y.mat, x.mat, w.mat);
    for (int c = 0; c < 16; c++) {
      g_assert_false (isfinite (krn_test_get (t, y.mat, 3, c)));
      g_assert_false (isfinite (krn_test_get (t, y.mat, 19, c)));
    }
    krn_test_close (t, krn_test_rows (y.mat, 4, 15), expected + 4 * 16,
                    krn_test_tolerance (types[i]));
  }
}

static void
test_rms_norm (KrnTest *t)
{
  static const int cols[] = {1, 7, 16, 33, 255, 1536};

  for (guint i = 0; i < G_N_ELEMENTS (cols); i++) {
    int     n = i % 2 ? 1 : 70;
    TestMat x = krn_test_random (t, KRN_F32, n, cols[i], 2, 3.0);
    TestMat y = krn_test_zeros (t, n, cols[i], 1);
    double *expected = krn_test_doubles (t, (size_t)n * cols[i]);

    for (int type = KRN_F32; type <= KRN_BF16; type++) {
      TestMat w = krn_test_random (t, type, 1, cols[i], 0, 20.0);

      t->k->rms_norm (t->dev, y.mat, x.mat, w.mat, 1e-6f);
      krn_test_rms (expected, x.v, n, cols[i], cols[i], w.v, 1e-6);
      krn_test_close (t, y.mat, expected, 1e-6);
    }
    t->k->rms_norm (t->dev, x.mat, x.mat, krn_test_absent (), 1e-6f);
    krn_test_rms (expected, x.v, n, cols[i], cols[i], NULL, 1e-6);
    krn_test_close (t, x.mat, expected, 1e-6);
  }
}

static void
test_embed (KrnTest *t)
{
  for (guint i = 0; i < G_N_ELEMENTS (types); i++) {
    int32_t ids[300];
    int     cols = types[i] == KRN_F32 ? 101 : 160;
    TestMat table = krn_test_random (t, types[i], 77, cols, 0, 1.0);
    TestMat y = krn_test_zeros (t, G_N_ELEMENTS (ids), cols, 4);
    TestMat index;
    double *expected = krn_test_doubles (t, G_N_ELEMENTS (ids) * (size_t)cols);

    for (guint j = 0; j < G_N_ELEMENTS (ids); j++) {
      ids[j] = j < 77 ? (int)j : g_rand_int_range (t->rand, 0, 77);
      for (int c = 0; c < cols; c++)
        expected[j * (guint)cols + (guint)c] = table.v[ids[j] * cols + c] * 39.25;
    }
    index = krn_test_ids (t, G_N_ELEMENTS (ids), ids);
    t->k->embed (t->dev, y.mat, index.mat, table.mat, 39.25f);
    krn_test_close (t, y.mat, expected, 1e-7);
    t->k->embed (t->dev, krn_test_rows (y.mat, 5, 1), krn_test_rows (index.mat, 5, 1), table.mat,
                 39.25f);
    krn_test_close (t, y.mat, expected, 1e-7);
  }
}

static void
test_copy (KrnTest *t)
{
  TestMat x = krn_test_random (t, KRN_F32, 7, 45, 3, 1.0);
  TestMat y = krn_test_zeros (t, 7, 45, 8);

  t->k->copy (t->dev, y.mat, x.mat);
  krn_test_close (t, y.mat, x.v, 0.0);
}

/* From far below the cap to far above it. */
static void
test_softcap (KrnTest *t)
{
  static const double scales[] = {1e-3, 1.0, 30.0, 1e4};

  for (guint i = 0; i < G_N_ELEMENTS (scales); i++) {
    TestMat x = krn_test_random (t, KRN_F32, 3, 9001, 7, scales[i]);
    double *expected = krn_test_doubles (t, 3 * 9001);

    for (int j = 0; j < 3 * 9001; j++)
      expected[j] = 30.0 * tanh (x.v[j] / 30.0);
    t->k->softcap (t->dev, x.mat, 30.0f);
    krn_test_close (t, x.mat, expected, 2e-7);
    for (int c = 0; c < 9001; c++) {
      double e = expected[c], got = krn_test_get (t, x.mat, 0, c);

      g_assert_cmpfloat_with_epsilon (got, e, 3e-7 * fabs (e));
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  krn_test_add ("linear/rows", test_linear_rows);
  krn_test_add ("linear/odd", test_linear_odd);
  krn_test_add ("linear/large", test_linear_large);
  krn_test_add_fast ("linear/fast", test_linear_fast);
  krn_test_add ("linear/nan", test_linear_nan);
  krn_test_add ("rms-norm", test_rms_norm);
  krn_test_add ("embed", test_embed);
  krn_test_add ("copy", test_copy);
  krn_test_add ("softcap", test_softcap);
  return g_test_run ();
}
