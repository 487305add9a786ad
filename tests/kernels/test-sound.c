/* test-sound.c: what the encoder of sound needs, against double precision: convolutions and
 * attention to the last few times.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "tests/kernels/krn-test.h"

/* ---- convolution in two dimensions ---- */

typedef struct {
  int height, width, channels, out;
} Grid;

/* One output point and one output channel, from the definition: a padded picture. */
static double
reference_conv (const Grid *g, TestMat x, TestMat w, int line, int column, int out)
{
  double sum = 0.0;

  for (int c = 0; c < g->channels; c++)
    for (int a = 0; a < 3; a++)
      for (int b = 0; b < 3; b++) {
        int i = 2 * line - 1 + a, j = 2 * column - 1 + b;

        if (i >= 0 && i < g->height && j >= 0 && j < g->width)
          sum += w.v[((out * g->channels + c) * 3 + a) * 3 + b] *
                 x.v[(i * g->width + j) * g->channels + c];
      }
  return sum;
}

static void
check_conv (KrnTest *t, KrnType type, const Grid *g)
{
  int     lines = (g->height + 1) / 2, columns = (g->width + 1) / 2, n = lines * columns;
  TestMat x = krn_test_random (t, KRN_F32, g->height * g->width, g->channels, 2, 1.0);
  TestMat w = krn_test_random (t, type, g->out, g->channels * 9, 0, 0.5);
  TestMat y = krn_test_zeros (t, n, g->out, 3);
  double *e = krn_test_doubles (t, (size_t)n * g->out);

  for (int r = 0; r < n; r++)
    for (int out = 0; out < g->out; out++)
      e[r * g->out + out] = reference_conv (g, x, w, r / columns, r % columns, out);
  t->k->conv_2d (t->dev, y.mat, x.mat, w.mat, g->width);
  krn_test_close (t, y.mat, e, krn_test_tolerance (type));
}

static void
test_conv (KrnTest *t)
{
  static const Grid grids[] = {
      {1, 1, 1, 1}, {1, 128, 1, 16}, {7, 1, 3, 2},      {2, 2, 2, 5},      {5, 4, 1, 7},
      {4, 5, 3, 8}, {9, 16, 8, 33},  {50, 128, 1, 128}, {25, 64, 128, 32},
  };

  for (guint i = 0; i < G_N_ELEMENTS (grids); i++) {
    check_conv (t, KRN_F32, &grids[i]);
    check_conv (t, KRN_BF16, &grids[i]);
  }
}

/* More output points than are taken at a time. */
static void
test_conv_long (KrnTest *t)
{
  check_conv (t, KRN_BF16, &(Grid){83, 128, 2, 3});
}

/* Lines behind the last valid one that are set to 0 change no valid output. */
static void
test_conv_mask (KrnTest *t)
{
  enum {
    WIDTH = 6,
    C = 2,
    OUT = 4
  };
  TestMat x = krn_test_random (t, KRN_F32, 9 * WIDTH, C, 0, 1.0);
  TestMat w = krn_test_random (t, KRN_F32, OUT, C * 9, 0, 1.0);
  float   zeros[WIDTH * C] = {0};

  for (int valid = 8; valid > 0; valid--) {
    int     n = (valid + 1) / 2 * (WIDTH / 2);
    TestMat whole = krn_test_zeros (t, 5 * (WIDTH / 2), OUT, 0);
    TestMat part = krn_test_zeros (t, n, OUT, 0);

    t->k->write (t->dev, x.mat.buf, (size_t)valid * sizeof zeros, zeros, sizeof zeros);
    t->k->conv_2d (t->dev, whole.mat, x.mat, w.mat, WIDTH);
    t->k->conv_2d (t->dev, part.mat, krn_test_rows (x.mat, 0, valid * WIDTH), w.mat, WIDTH);
    for (int r = 0; r < n; r++)
      for (int c = 0; c < OUT; c++)
        g_assert_cmpfloat_with_epsilon (krn_test_get (t, part.mat, r, c),
                                        krn_test_get (t, whole.mat, r, c), 1e-6);
  }
}

/* ---- filters along time ---- */

static void
check_causal (KrnTest *t, KrnType type, int n, int cols, int taps)
{
  TestMat x = krn_test_random (t, KRN_F32, n, cols, 3, 1.0), y = krn_test_zeros (t, n, cols, 2);
  TestMat w = krn_test_random (t, type, cols, taps, 0, 1.0);
  double *e = krn_test_doubles (t, (size_t)n * cols);

  for (int i = 0; i < n; i++)
    for (int c = 0; c < cols; c++)
      for (int k = 0; k < taps; k++)
        if (i - taps + 1 + k >= 0)
          e[i * cols + c] += w.v[c * taps + k] * x.v[(i - taps + 1 + k) * cols + c];
  t->k->conv_causal (t->dev, y.mat, x.mat, w.mat);
  krn_test_close (t, y.mat, e, 3e-7);
}

static void
test_causal (KrnTest *t)
{
  static const int shapes[][3] = {{1, 1, 1}, {1, 9, 5}, {3, 16, 5},  {4, 17, 5},
                                  {5, 3, 5}, {2, 8, 1}, {30, 33, 3}, {75, 1024, 5}};

  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++) {
    check_causal (t, KRN_F32, shapes[i][0], shapes[i][1], shapes[i][2]);
    check_causal (t, KRN_BF16, shapes[i][0], shapes[i][1], shapes[i][2]);
  }
}

static void
test_conv_empty (KrnTest *t)
{
  TestMat x = krn_test_random (t, KRN_F32, 1, 4, 0, 1.0);
  TestMat w = krn_test_random (t, KRN_F32, 4, 36, 0, 1.0);
  KrnMat  none = krn_test_rows (x.mat, 0, 0), taps = w.mat;

  taps.cols = 5;
  taps.stride = 36;
  t->k->conv_2d (t->dev, none, none, w.mat, 8);
  t->k->conv_causal (t->dev, none, none, taps);
  krn_test_close (t, x.mat, x.v, 0.0);
}

/* ---- attention to the last few times ---- */

typedef struct {
  int n, heads, head_dim, reach, extra;
} Band;

static void
reference_band (double        *o,
                const Band    *b,
                const TestMat *m, /* q, k, v, rel, q_scale */
                int            at,
                double         k_scale,
                double         cap)
{
  int    width = b->heads * b->head_dim, row = at / width, head = at % width;
  double weight[KRN_MAX_REACH], total = 0.0;

  for (int d = 0; d < b->reach && d <= row; d++) {
    double content = 0.0, relative = 0.0;

    for (int i = 0; i < b->head_dim; i++) {
      double q = m[0].v[at + i] * m[4].v[i];

      content += q * k_scale * m[1].v[at - d * width + i];
      relative += q * m[3].v[d * width + head + i];
    }
    weight[d] = exp (cap * tanh ((content + relative) / cap));
    total += weight[d];
  }
  for (int d = 0; d < b->reach && d <= row; d++)
    for (int i = 0; i < b->head_dim; i++)
      o[at + i] += weight[d] / total * m[2].v[at - d * width + i];
}

static void
check_band (KrnTest *t, const Band *b, double size, float cap)
{
  int     width = b->heads * b->head_dim;
  TestMat m[] = {
      krn_test_random (t, KRN_F32, b->n, width, b->extra, size),
      krn_test_random (t, KRN_F32, b->n, width, 2 * b->extra, 1.0),
      krn_test_random (t, KRN_F32, b->n, width, 3 * b->extra, 1.0),
      krn_test_random (t, KRN_F32, b->reach, width, b->extra, 1.0),
      krn_test_random (t, KRN_F32, 1, b->head_dim, 0, 1.0),
  };
  TestMat o = krn_test_zeros (t, b->n, width, b->extra);
  double *e = krn_test_doubles (t, (size_t)b->n * width);

  for (int at = 0; at < b->n * width; at += b->head_dim)
    reference_band (e, b, m, at, 1.5, cap);
  t->k->attention_band (t->dev, o.mat, m[0].mat, m[1].mat, m[2].mat, m[3].mat, m[4].mat, 1.5f,
                        b->head_dim, cap);
  krn_test_close (t, o.mat, e, 3e-6);
  t->k->attention_band (t->dev, m[0].mat, m[0].mat, m[1].mat, m[2].mat, m[3].mat, m[4].mat, 1.5f,
                        b->head_dim, cap);
  krn_test_close (t, m[0].mat, e, 3e-6);
}

/* Fewer rows than the reach, as many, more; the reach of the real encoder, the least and the most.
 */
static void
test_band (KrnTest *t)
{
  static const Band bands[] = {
      {1, 1, 1, 1, 0},
      {1, 8, 128, 12, 0},
      {5, 2, 7, 12, 3},
      {12, 3, 16, 12, 0},
      {13, 2, 20, 13, 1},
      {40, 2, 33, 1, 0},
      {100, 1, 24, KRN_MAX_REACH, 2},
      {75, 8, 128, 12, 4},
  };

  for (guint i = 0; i < G_N_ELEMENTS (bands); i++)
    check_band (t, &bands[i], 1.0, 50.0f);
}

/* Scores far above the cap: it must count. */
static void
test_band_cap (KrnTest *t)
{
  check_band (t, &(Band){30, 2, 64, 12, 0}, 10.0, 5.0f);
}

static void
test_band_empty (KrnTest *t)
{
  TestMat x = krn_test_random (t, KRN_F32, 1, 4, 0, 1.0);
  KrnMat  none = krn_test_rows (x.mat, 0, 0);

  t->k->attention_band (t->dev, none, none, none, none, x.mat, x.mat, 1.0f, 4, 50.0f);
  krn_test_close (t, x.mat, x.v, 0.0);
}

static void
test_band_far (KrnTest *t)
{
  TestMat x = krn_test_random (t, KRN_F32, KRN_MAX_REACH + 1, 4, 0, 1.0);
  char    err[256];

  t->k->attention_band (t->dev, x.mat, x.mat, x.mat, x.mat, x.mat, x.mat, 1.0f, 4, 50.0f);
  g_assert_cmpint (t->k->sync (t->dev, err, sizeof err), ==, -1);
  g_assert_nonnull (strstr (err, "65 rows"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  krn_test_add ("conv", test_conv);
  krn_test_add_once ("conv/long", test_conv_long);
  krn_test_add_once ("conv/mask", test_conv_mask);
  krn_test_add ("conv/causal", test_causal);
  krn_test_add_once ("conv/empty", test_conv_empty);
  krn_test_add ("band", test_band);
  krn_test_add_once ("band/cap", test_band_cap);
  krn_test_add_once ("band/empty", test_band_empty);
  krn_test_add_once ("band/far", test_band_far);
  return g_test_run ();
}
