/* test-picture.c: what the encoder of pictures needs, against double precision: attention without a
 * mask, positions in two dimensions, means of squares of patches.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "tests/kernels/krn-test.h"

/* ---- attention ---- */

typedef struct {
  int     n, m; /* rows of q, and of k and v */
  int     heads, kv_heads, head_dim;
  KrnType type;
  int     extra; /* elements after every row */
} Shape;

static void
reference_attention (double *o, TestMat q, TestMat k, TestMat v, const Shape *s, double scale)
{
  int                hd = s->head_dim, width = s->kv_heads * hd;
  g_autofree double *score = g_new (double, s->m);

  for (int i = 0; i < s->n * s->heads; i++, o += hd) {
    const double *query = q.v + (size_t)i * hd;
    int           at = i % s->heads / (s->heads / s->kv_heads) * hd;
    double        most = -INFINITY, total = 0.0;

    for (int j = 0; j < s->m; j++) {
      score[j] = 0.0;
      for (int c = 0; c < hd; c++)
        score[j] += scale * query[c] * k.v[(size_t)j * width + at + c];
      most = MAX (most, score[j]);
    }
    for (int j = 0; j < s->m; j++)
      total += score[j] = exp (score[j] - most);
    for (int j = 0; j < s->m; j++)
      for (int c = 0; c < hd; c++)
        o[c] += score[j] / total * v.v[(size_t)j * width + at + c];
  }
}

static void
check_attention (KrnTest *t, const Shape *s, double size)
{
  int     width = s->heads * s->head_dim, kv_width = s->kv_heads * s->head_dim;
  TestMat q = krn_test_random (t, KRN_F32, s->n, width, s->extra, size);
  TestMat k = krn_test_random (t, s->type, s->m, kv_width, 2 * s->extra, size);
  TestMat v = krn_test_random (t, s->type, s->m, kv_width, s->extra, 1.0);
  TestMat o = krn_test_zeros (t, s->n, width, s->extra);
  double *e = krn_test_doubles (t, (size_t)s->n * width);

  reference_attention (e, q, k, v, s, 0.5);
  t->k->attention_all (t->dev, o.mat, q.mat, k.mat, v.mat, s->heads, s->kv_heads, s->head_dim,
                       0.5f);
  krn_test_close (t, o.mat, e, 3e-6);
  t->k->attention_all (t->dev, q.mat, q.mat, k.mat, v.mat, s->heads, s->kv_heads, s->head_dim,
                       0.5f);
  krn_test_close (t, q.mat, e, 3e-6);
}

/* One row, a row less and more than what the paths and tiles take, the heads of the real encoder
 * and odd ones; parts of keys (few rows, many keys) and blocks (many rows). */
static void
test_attention (KrnTest *t)
{
  static const Shape shapes[] = {
      {1, 1, 1, 1, 1, KRN_F32, 0},        {1, 300, 12, 12, 64, KRN_F32, 0},
      {5, 1, 3, 3, 7, KRN_F32, 3},        {23, 97, 2, 2, 16, KRN_F32, 0},
      {24, 96, 2, 2, 16, KRN_F32, 1},     {65, 65, 3, 3, 64, KRN_F32, 0},
      {130, 95, 4, 2, 20, KRN_F32, 5},    {9, 193, 8, 2, 33, KRN_BF16, 2},
      {150, 150, 12, 12, 64, KRN_F32, 4}, {40, 500, 2, 1, 64, KRN_BF16, 0},
  };

  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    if (!t->emulated || shapes[i].n * shapes[i].heads < 400)
      check_attention (t, &shapes[i], 1.0);
}

/* A picture with the most patches of the default budget.  The reference takes some rows of it, the
 * last one among them. */
static void
test_attention_picture (KrnTest *t)
{
  enum {
    N = 2520,
    HEADS = 3,
    HD = 64,
    WIDTH = HEADS * HD
  };
  Shape   s = {1, N, HEADS, HEADS, HD, KRN_F32, 0};
  TestMat q = krn_test_random (t, KRN_F32, N, WIDTH, 0, 0.5);
  TestMat k = krn_test_random (t, KRN_F32, N, WIDTH, 0, 0.5);
  TestMat v = krn_test_random (t, KRN_F32, N, WIDTH, 0, 1.0);
  TestMat o = krn_test_zeros (t, N, WIDTH, 0);

  t->k->attention_all (t->dev, o.mat, q.mat, k.mat, v.mat, HEADS, HEADS, HD, 1.0f);
  for (int r = N % 61 - 1; r < N; r += 61) {
    TestMat row = {.v = q.v + (size_t)r * WIDTH};
    double *e = krn_test_doubles (t, WIDTH);

    reference_attention (e, row, k, v, &s, 1.0);
    krn_test_close (t, krn_test_rows (o.mat, r, 1), e, 3e-6);
  }
}

/* Scores of hundreds: one key takes nearly all. */
static void
test_attention_sharp (KrnTest *t)
{
  enum {
    N = 100,
    HD = 64
  };
  Shape   s = {N, N, 1, 1, HD, KRN_F32, 0};
  TestMat q = krn_test_random (t, KRN_F32, N, HD, 0, 12.0);
  TestMat v = krn_test_random (t, KRN_F32, N, HD, 0, 1.0), o = krn_test_zeros (t, N, HD, 0);
  double *e = krn_test_doubles (t, N * HD);

  reference_attention (e, q, q, v, &s, 1.0);
  t->k->attention_all (t->dev, o.mat, q.mat, q.mat, v.mat, 1, 1, HD, 1.0f);
  /* The rounding of a score of thousands is what the exponential makes relative. */
  krn_test_close (t, o.mat, e, 1e-4);
}

static void
test_attention_no_rows (KrnTest *t)
{
  TestMat q = krn_test_random (t, KRN_F32, 1, 8, 0, 1.0);

  t->k->attention_all (t->dev, krn_test_rows (q.mat, 0, 0), krn_test_rows (q.mat, 0, 0), q.mat,
                       q.mat, 2, 2, 4, 1.0f);
  krn_test_close (t, q.mat, q.v, 0.0);
}

/* ---- patches ---- */

static void
check_patches (KrnTest *t, int width, int height, int edge, int first, int n)
{
  int                length = 3 * edge * edge, line = 3 * edge * width;
  gsize              size = (gsize)line * (gsize)(height * edge), offset = 12;
  g_autofree guint8 *bytes = g_malloc (size);
  KrnBuffer         *pixels = t->k->alloc (t->dev, offset + size);
  TestMat            y = krn_test_zeros (t, MAX (n, 1), length, 3);
  double            *e = krn_test_doubles (t, (size_t)MAX (n, 1) * length);

  for (gsize i = 0; i < size; i++)
    bytes[i] = (guint8)g_rand_int_range (t->rand, 0, 256);
  t->k->write (t->dev, pixels, offset, bytes, size);
  for (int i = 0; i < n * length; i++) {
    int patch = first + i / length, in = i % length;
    int row = patch / width * edge + in / (3 * edge),
        column = patch % width * 3 * edge + in % (3 * edge);

    e[i] = 2.0 * bytes[row * line + column] / 255.0 - 1.0;
  }
  t->k->grid_patches (t->dev, krn_test_rows (y.mat, 0, n), pixels, offset, first, width, edge);
  krn_test_close (t, y.mat, e, 2e-7);
  t->k->free (t->dev, pixels);
}

static void
test_patches (KrnTest *t)
{
  check_patches (t, 1, 1, 1, 0, 1);
  check_patches (t, 5, 4, 2, 0, 20);
  check_patches (t, 7, 6, 16, 0, 42);
  check_patches (t, 7, 6, 16, 9, 20);
  check_patches (t, 3, 3, 5, 4, 0);
}

/* ---- positions ---- */

static void
rotate_pairs (double *x, int position, const double *freq, int n)
{
  for (int i = 0; i < n; i++) {
    double angle = (float)position * (float)freq[i], a = x[i], b = x[i + n];

    x[i] = a * cos (angle) - b * sin (angle);
    x[i + n] = b * cos (angle) + a * sin (angle);
  }
}

static void
check_rotate (KrnTest *t, int width, int height, int heads, int hd)
{
  int     n = width * height, quarter = hd / 4;
  TestMat freq = krn_test_random (t, KRN_F32, 1, quarter, 0, 1.0);
  TestMat cs = krn_test_zeros (t, n, hd, 1);
  TestMat x = krn_test_random (t, KRN_F32, n, heads * hd, 3, 1.0);

  t->k->grid_angles (t->dev, cs.mat, freq.mat, width);
  t->k->grid_rotate (t->dev, x.mat, cs.mat, hd);
  for (int r = 0; r < n; r++) {
    /* Rotating the unit vectors gives the angles. */
    for (int half = 0; half < 2; half++) {
      double *e = cs.v + r * hd + half * hd / 2;

      for (int i = 0; i < quarter; i++)
        e[i] = 1.0;
      rotate_pairs (e, half ? r / width : r % width, freq.v, quarter);
    }
    for (int h = 0; h < heads; h++) {
      double *head = x.v + ((size_t)r * heads + h) * hd;

      rotate_pairs (head, r % width, freq.v, quarter);
      rotate_pairs (head + hd / 2, r / width, freq.v, quarter);
    }
  }
  krn_test_close (t, cs.mat, cs.v, 3e-7);
  krn_test_close (t, x.mat, x.v, 1e-6);
}

static void
test_rotate (KrnTest *t)
{
  check_rotate (t, 1, 1, 1, 4);
  check_rotate (t, 7, 1, 2, 12);
  check_rotate (t, 1, 9, 2, 16);
  check_rotate (t, 5, 3, 3, 64);
  check_rotate (t, 57, 42, 2, 64);
}

/* The x half does not know y, and the other way round. */
static void
test_rotate_halves (KrnTest *t)
{
  enum {
    WIDTH = 3,
    N = 12,
    HD = 8
  };
  TestMat freq = krn_test_random (t, KRN_F32, 1, HD / 4, 0, 1.0);
  TestMat cs = krn_test_zeros (t, N, HD, 0);

  t->k->grid_angles (t->dev, cs.mat, freq.mat, WIDTH);
  for (int r = WIDTH; r < N; r++)
    for (int i = 0; i < HD / 2; i++) {
      g_assert_cmpfloat (krn_test_get (t, cs.mat, r, i), ==,
                         krn_test_get (t, cs.mat, r % WIDTH, i));
      g_assert_cmpfloat (krn_test_get (t, cs.mat, r, HD / 2 + i), ==,
                         krn_test_get (t, cs.mat, r / WIDTH * WIDTH, HD / 2 + i));
    }
  g_assert_cmpfloat (krn_test_get (t, cs.mat, 1, 0), !=, krn_test_get (t, cs.mat, 2, 0));
}

/* ---- means ---- */

static void
check_pool (KrnTest *t, int width, int height, int k, int cols)
{
  int     across = width / k, n = across * (height / k);
  TestMat x = krn_test_random (t, KRN_F32, width * height, cols, 2, 1.0);
  TestMat y = krn_test_zeros (t, n, cols, 1);
  double *e = krn_test_doubles (t, (size_t)n * cols);

  for (int r = 0; r < width * height; r++)
    for (int c = 0; c < cols; c++)
      e[(r / width / k * across + r % width / k) * cols + c] +=
          27.5 * x.v[(size_t)r * cols + c] / (k * k);
  t->k->grid_pool (t->dev, y.mat, x.mat, width, k, 27.5f);
  krn_test_close (t, y.mat, e, 5e-7);
}

static void
test_pool (KrnTest *t)
{
  check_pool (t, 1, 1, 1, 1);
  check_pool (t, 5, 4, 1, 9);
  check_pool (t, 3, 3, 3, 17);
  check_pool (t, 6, 3, 3, 8);
  check_pool (t, 3, 12, 3, 33);
  check_pool (t, 4, 6, 2, 5);
  check_pool (t, 57, 42, 3, 96);
}

static void
test_grid_empty (KrnTest *t)
{
  TestMat x = krn_test_random (t, KRN_F32, 1, 4, 0, 1.0);
  KrnMat  none = krn_test_rows (x.mat, 0, 0);

  t->k->grid_angles (t->dev, none, x.mat, 3);
  t->k->grid_rotate (t->dev, none, none, 4);
  t->k->grid_pool (t->dev, none, none, 3, 3, 1.0f);
  krn_test_close (t, x.mat, x.v, 0.0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  krn_test_add ("attention-all", test_attention);
  krn_test_add_long ("attention-all/picture", test_attention_picture);
  krn_test_add_once ("attention-all/sharp", test_attention_sharp);
  krn_test_add_once ("attention-all/no-rows", test_attention_no_rows);
  krn_test_add ("grid/patches", test_patches);
  krn_test_add ("grid/rotate", test_rotate);
  krn_test_add_once ("grid/halves", test_rotate_halves);
  krn_test_add ("grid/pool", test_pool);
  krn_test_add_once ("grid/empty", test_grid_empty);
  return g_test_run ();
}
