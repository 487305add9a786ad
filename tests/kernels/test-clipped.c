/* test-clipped.c: the encoders' linear layers with bounds, and heads on the grid, against double
 * precision.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "tests/kernels/krn-test.h"

typedef struct {
  int rows, in, out;
  int extra; /* elements after every row */
} Shape;

/* A row, few, as many as fit no tile, several tiles; widths that the fast paths take and others. */
static const Shape shapes[] = {{1, 64, 32, 0},   {5, 33, 7, 3},     {16, 96, 40, 0},
                               {17, 64, 72, 4},  {130, 72, 136, 0}, {200, 264, 64, 8},
                               {300, 192, 96, 0}};

#define IS_LARGE(s) ((s)->rows * (s)->in > 20000)

/* Bounds that some values reach. */
static KrnClipped
bounded (TestMat w, double in, double out)
{
  return (KrnClipped){w.mat, (float)-in, (float)(0.9 * in), (float)(-0.8 * out), (float)out};
}

static double
within (double x, float low, float high)
{
  return CLAMP (x, (double)low, (double)high);
}

/* clip (x; w).  (transfer none) */
static double *
reference_clipped (KrnTest *t, const double *x, int rows, TestMat w, const KrnClipped *c)
{
  int     in = w.mat.cols, out = w.mat.rows;
  double *z = krn_test_doubles (t, (size_t)rows * in), *y;

  for (int i = 0; i < rows * in; i++)
    z[i] = within (x[i], c->in_low, c->in_high);
  y = krn_test_product (t, z, rows, w);
  for (int i = 0; i < rows * out; i++)
    y[i] = within (y[i], c->out_low, c->out_high);
  return y;
}

static double *
reference_rms (KrnTest *t, const double *x, int rows, int cols, const double *w)
{
  double *y = krn_test_doubles (t, (size_t)rows * cols);

  krn_test_rms (y, x, rows, cols, cols, w, 1e-6);
  return y;
}

/* ---- y = clip (x) ---- */

static void
check_clipped (KrnTest *t, const Shape *s, KrnType type)
{
  TestMat    x = krn_test_random (t, KRN_F32, s->rows, s->in, s->extra, 2.0);
  TestMat    w = krn_test_random (t, type, s->out, s->in, 0, 1.0);
  TestMat    z = krn_test_zeros (t, s->rows, s->in, s->extra);
  TestMat    y = krn_test_zeros (t, s->rows, s->out, s->extra);
  KrnClipped c = bounded (w, 1.5, sqrt (s->in));
  double    *e = reference_clipped (t, x.v, s->rows, w, &c);

  t->k->clipped (t->dev, y.mat, z.mat, x.mat, &c);
  krn_test_close (t, y.mat, e, 2e-6);
  t->k->clipped (t->dev, y.mat, x.mat, x.mat, &c);
  krn_test_close (t, y.mat, e, 2e-6);
}

static void
test_clipped (KrnTest *t)
{
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    if (!t->emulated || !IS_LARGE (&shapes[i])) {
      check_clipped (t, &shapes[i], KRN_BF16);
      check_clipped (t, &shapes[i], KRN_F32);
    }
}

/* An upper bound that is the lower one leaves nothing else. */
static void
test_one_value (KrnTest *t)
{
  TestMat    x = krn_test_random (t, KRN_F32, 40, 64, 0, 2.0);
  TestMat    w = krn_test_random (t, KRN_BF16, 32, 64, 0, 1.0), y = krn_test_zeros (t, 40, 32, 0);
  KrnClipped c = {w.mat, 0.5f, 0.5f, -100.0f, 100.0f};
  double    *e = reference_clipped (t, x.v, 40, w, &c);

  t->k->clipped (t->dev, y.mat, x.mat, x.mat, &c);
  krn_test_close (t, y.mat, e, 2e-6);
}

/* ---- y_i = clip (rms (x)) ---- */

/* @alike: the inputs have the same bounds, so that they can be made ready together. */
static void
check_norm_clipped (KrnTest *t, const Shape *s, int n, bool alike)
{
  TestMat    x = krn_test_random (t, KRN_F32, s->rows, s->in, s->extra, 3.0);
  TestMat    norm = krn_test_random (t, KRN_F32, 1, s->in, 0, 1.5);
  TestMat    a = krn_test_zeros (t, s->rows, s->in, 0), z = krn_test_zeros (t, s->rows, s->in, 0);
  TestMat    w[3], y[3];
  KrnMat     outputs[3];
  KrnClipped c[3];
  double    *e = reference_rms (t, x.v, s->rows, s->in, norm.v);

  for (int i = 0; i < n; i++) {
    w[i] = krn_test_random (t, KRN_BF16, s->out + 8 * i, s->in, 0, 1.0);
    y[i] = krn_test_zeros (t, s->rows, s->out + 8 * i, s->extra);
    outputs[i] = y[i].mat;
    c[i] = bounded (w[i], alike ? 1.0 : 0.5 + i, sqrt (s->in));
  }
  t->k->norm_clipped (t->dev, outputs, n, a.mat, z.mat, x.mat, norm.mat, 1e-6f, c);
  for (int i = 0; i < n; i++)
    krn_test_close (t, y[i].mat, reference_clipped (t, e, s->rows, w[i], &c[i]), 3e-6);
}

static void
test_norm_clipped (KrnTest *t)
{
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    if (!t->emulated || !IS_LARGE (&shapes[i])) {
      check_norm_clipped (t, &shapes[i], 1, true);
      check_norm_clipped (t, &shapes[i], 3, true);
      check_norm_clipped (t, &shapes[i], 3, false);
    }
}

/* ---- h + s · rms (clip (x)) ---- */

static void
check_clipped_add (KrnTest *t, const Shape *s, float factor)
{
  TestMat    h = krn_test_random (t, KRN_F32, s->rows, s->out, s->extra, 1.0);
  TestMat    x = krn_test_random (t, KRN_F32, s->rows, s->in, s->extra, 2.0);
  TestMat    w = krn_test_random (t, KRN_BF16, s->out, s->in, 0, 1.0);
  TestMat    norm = krn_test_random (t, KRN_F32, 1, s->out, 0, 1.5);
  TestMat    y = krn_test_zeros (t, s->rows, s->out, 0), n = krn_test_zeros (t, s->rows, s->out, 0);
  KrnClipped c = bounded (w, 1.5, sqrt (s->in));
  double    *e = reference_clipped (t, x.v, s->rows, w, &c);

  e = reference_rms (t, e, s->rows, s->out, norm.v);
  for (int i = 0; i < s->rows * s->out; i++)
    e[i] = h.v[i] + factor * e[i];
  t->k->clipped_add (t->dev, h.mat, y.mat, x.mat, x.mat, &c, norm.mat, 1e-6f, factor);
  /* What reads the sum first may be what adds it. */
  t->k->rms_norm (t->dev, n.mat, h.mat, norm.mat, 1e-6f);
  krn_test_close (t, h.mat, e, 3e-6);
  krn_test_close (t, n.mat, reference_rms (t, e, s->rows, s->out, norm.v), 5e-6);
}

static void
test_clipped_add (KrnTest *t)
{
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    if (!t->emulated || !IS_LARGE (&shapes[i])) {
      check_clipped_add (t, &shapes[i], 1.0f);
      check_clipped_add (t, &shapes[i], 0.5f);
    }
}

/* ---- the gated block ---- */

static void
check_mlp (KrnTest *t, const Shape *s, bool alike)
{
  int     wide = s->out + 24, n = s->rows * wide;
  TestMat h = krn_test_random (t, KRN_F32, s->rows, s->in, s->extra, 2.0);
  TestMat pre = krn_test_random (t, KRN_F32, 1, s->in, 0, 1.5);
  TestMat post = krn_test_random (t, KRN_F32, 1, s->in, 0, 1.5);
  TestMat gate = krn_test_random (t, KRN_BF16, wide, s->in, 0, 0.5);
  TestMat up = krn_test_random (t, KRN_BF16, wide, s->in, 0, 0.5);
  TestMat down = krn_test_random (t, KRN_BF16, s->in, wide, 0, 0.5);
  TestMat y = krn_test_zeros (t, s->rows, s->in, 0), a = krn_test_zeros (t, s->rows, s->in, 0);
  TestMat z = krn_test_zeros (t, s->rows, s->in, 0);
  TestMat g = krn_test_zeros (t, s->rows, wide, 0), u = krn_test_zeros (t, s->rows, wide, 0);
  KrnClippedMlp w = {
      .norm = pre.mat,
      .post_norm = post.mat,
      .gate = bounded (gate, 1.0, sqrt (s->in) * 0.4),
      .up = bounded (up, alike ? 1.0 : 0.7, sqrt (s->in) * 0.5),
      .down = bounded (down, 0.5, sqrt (wide) * 0.2),
      .eps = 1e-6f,
  };
  double *f = reference_rms (t, h.v, s->rows, s->in, pre.v);
  double *eg = reference_clipped (t, f, s->rows, gate, &w.gate);
  double *eu = reference_clipped (t, f, s->rows, up, &w.up), *e;

  for (int i = 0; i < n; i++)
    eg[i] = krn_test_gelu (eg[i]) * eu[i];
  e = reference_clipped (t, eg, s->rows, down, &w.down);
  e = reference_rms (t, e, s->rows, s->in, post.v);
  for (int i = 0; i < s->rows * s->in; i++)
    e[i] += h.v[i];
  t->k->clipped_mlp (t->dev, h.mat, y.mat, g.mat, u.mat, a.mat, z.mat, &w);
  krn_test_close (t, h.mat, e, 5e-6);
}

static void
test_mlp (KrnTest *t)
{
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    if (!t->emulated || !IS_LARGE (&shapes[i])) {
      check_mlp (t, &shapes[i], true);
      check_mlp (t, &shapes[i], false);
    }
}

/* Two blocks one after the other: what the first leaves to be added is there for the second. */
static void
test_chain (KrnTest *t)
{
  enum {
    ROWS = 40,
    D = 64
  };
  TestMat    h = krn_test_random (t, KRN_F32, ROWS, D, 0, 1.0);
  TestMat    norm = krn_test_random (t, KRN_F32, 1, D, 0, 1.5);
  TestMat    w = krn_test_random (t, KRN_BF16, D, D, 0, 1.0);
  TestMat    y = krn_test_zeros (t, ROWS, D, 0), a = krn_test_zeros (t, ROWS, D, 0);
  TestMat    q = krn_test_zeros (t, ROWS, D, 0);
  KrnClipped c = bounded (w, 1.0, 8.0);
  double    *e = h.v;

  for (int i = 0; i < 2; i++) {
    double *f = reference_rms (t, e, ROWS, D, norm.v);

    f = reference_clipped (t, f, ROWS, w, &c);
    f = reference_rms (t, reference_clipped (t, f, ROWS, w, &c), ROWS, D, norm.v);
    for (int j = 0; j < ROWS * D; j++)
      f[j] = e[j] + 0.5 * f[j];
    e = f;
  }
  for (int i = 0; i < 2; i++) {
    t->k->norm_clipped (t->dev, &q.mat, 1, a.mat, a.mat, h.mat, norm.mat, 1e-6f, &c);
    t->k->clipped_add (t->dev, h.mat, y.mat, q.mat, q.mat, &c, norm.mat, 1e-6f, 0.5f);
  }
  krn_test_close (t, h.mat, e, 1e-5);
}

/* ---- heads ---- */

static void
reference_heads (double        *x,
                 const TestMat *cs,
                 int            rows,
                 int            heads,
                 int            hd,
                 const double  *norm,
                 bool           turn)
{
  int part = hd / 4;

  for (int i = 0; i < rows * heads; i++, x += hd) {
    const double *angles = cs->v + (size_t)(i / heads) * hd;

    krn_test_rms (x, x, 1, hd, hd, norm, 1e-6);
    for (int p = 0; turn && p < 2 * part; p++) {
      int    at = p + p / part * part;
      double a = x[at], b = x[at + part];

      x[at] = a * angles[at] - b * angles[at + part];
      x[at + part] = b * angles[at] + a * angles[at + part];
    }
  }
}

static void
test_heads (KrnTest *t)
{
  static const int sizes[][4] = {{1, 1, 4, 0},
                                 {7, 3, 64, 0},
                                 {33, 2, 20, 5},
                                 {20, 12, 64, 0},
                                 {3, 1, 512, 4}};

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    int     n = sizes[i][0], heads = sizes[i][1], hd = sizes[i][2], width = heads * hd;
    TestMat x[3], cs = krn_test_random (t, KRN_F32, n, hd, sizes[i][3], 1.0);
    TestMat norm[2];

    for (int j = 0; j < 3; j++)
      x[j] = krn_test_random (t, KRN_F32, n, width, sizes[i][3], 2.0);
    for (int j = 0; j < 2; j++)
      norm[j] = krn_test_random (t, j ? KRN_F32 : KRN_BF16, 1, hd, 0, 1.5);
    t->k->grid_heads (t->dev, x[0].mat, x[1].mat, x[2].mat, cs.mat, norm[0].mat, norm[1].mat, hd,
                      1e-6f);
    for (int j = 0; j < 3; j++) {
      reference_heads (x[j].v, &cs, n, heads, hd, j < 2 ? norm[j].v : NULL, j < 2);
      krn_test_close (t, x[j].mat, x[j].v, 2e-6);
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  krn_test_add ("clipped", test_clipped);
  krn_test_add_once ("clipped/one-value", test_one_value);
  krn_test_add ("clipped/norm", test_norm_clipped);
  krn_test_add ("clipped/add", test_clipped_add);
  krn_test_add ("clipped/mlp", test_mlp);
  krn_test_add_once ("clipped/chain", test_chain);
  krn_test_add ("clipped/heads", test_heads);
  return g_test_run ();
}
