/* test-layers.c: what an operation leaves to the next one to finish.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A device may keep a sum, heads that are not turned yet or attention in parts for the operation that follows.  Layers are
 * computed twice, once with a wait after every operation, which leaves nothing to be kept, and once without; both must give the same. */
#include <string.h>

#include "tests/kernels/krn-test.h"

enum {
  H = 128,
  WIDTH = 256,
  PLE = 64,
  HEADS = 8,
  HD = 64,
  LAYERS = 3, /* sliding, full, and sliding with the keys of the first */
  SLOTS = 600,
  WINDOW = 500,
  MAX_ROWS = 3
};

typedef struct {
  KrnQkvWeights qkv;
  KrnMat        o_proj, post;
  KrnMlpWeights mlp;
  KrnPleWeights ple;
} Layer;

/* One of the two computations. */
typedef struct {
  TestMat h, q, k, v, a, y, o, f, g, gate, p, cs;
  TestMat keys[MAX_ROWS][2], values[MAX_ROWS][2];
} Run;

static Layer
make_layer (KrnTest *t, KrnType type, bool own_keys)
{
  Layer  w = {0};
  KrnMat norm = krn_test_random (t, KRN_BF16, 1, H, 0, 1.0).mat;

  w.qkv = (KrnQkvWeights){norm, krn_test_random (t, type, HEADS * HD, H, 0, 0.2).mat, krn_test_absent (), krn_test_absent (),
                          krn_test_random (t, KRN_BF16, 1, HD, 0, 1.0).mat, krn_test_absent (), HD, 1e-6f};
  if (own_keys) {
    w.qkv.wk = krn_test_random (t, type, HD, H, 0, 0.2).mat;
    w.qkv.wv = krn_test_random (t, type, HD, H, 0, 0.2).mat;
    w.qkv.k_norm = krn_test_random (t, KRN_BF16, 1, HD, 0, 1.0).mat;
  }
  w.o_proj = krn_test_random (t, type, H, HEADS * HD, 0, 0.2).mat;
  w.post = krn_test_random (t, KRN_BF16, 1, H, 0, 1.0).mat;
  w.mlp = (KrnMlpWeights){norm, krn_test_random (t, type, WIDTH, H, 0, 0.2).mat, krn_test_random (t, type, WIDTH, H, 0, 0.2).mat,
                          krn_test_random (t, type, H, WIDTH, 0, 0.2).mat, w.post, 1e-6f};
  w.ple = (KrnPleWeights){.gate = krn_test_random (t, type, PLE, H, 0, 0.2).mat,
                          .proj = krn_test_random (t, type, H, PLE, 0, 0.2).mat,
                          .post_norm = w.post,
                          .eps = 1e-6f,
                          .scalar = 0.7f};
  return w;
}

/* The same numbers for both. */
static void
make_runs (KrnTest *t, Run runs[2], KrnType cache, int n)
{
  for (int i = 0; i < 2; i++) {
    Run *r = &runs[i];

    r->q = krn_test_zeros (t, n, HEADS * HD, 0);
    r->k = krn_test_zeros (t, n, HD, 0);
    r->v = krn_test_zeros (t, n, HD, 0);
    r->a = krn_test_zeros (t, n, H, 0);
    r->y = krn_test_zeros (t, n, H, 0);
    r->o = krn_test_zeros (t, n, HEADS * HD, 0);
    r->f = krn_test_zeros (t, n, H, 0);
    r->g = krn_test_zeros (t, n, WIDTH, 0);
    r->gate = krn_test_zeros (t, n, PLE, 0);
    r->cs = krn_test_zeros (t, n, HD, 0);
    r->h = krn_test_zeros (t, n, H, 0);
  }
  runs[0].p = runs[1].p = krn_test_random (t, KRN_F32, n, PLE, 0, 1.0);
  for (int s = 0; s < n; s++)
    for (int j = 0; j < 2; j++) {
      runs[0].keys[s][j] = krn_test_random (t, cache, SLOTS, HD, 0, 1.0);
      runs[0].values[s][j] = krn_test_random (t, cache, SLOTS, HD, 0, 1.0);
      runs[1].keys[s][j] = runs[0].keys[s][j];
      runs[1].values[s][j] = runs[0].values[s][j];
    }
}

static void
settle (KrnTest *t, bool wait)
{
  if (wait)
    krn_test_sync (t);
}

/* What the first computation stored does not help the second. */
static void
forget_keys (KrnTest *t, const Run *r, int n, const int *positions)
{
  static const unsigned char nothing[HD * sizeof (float)];

  for (int s = 0; s < n; s++)
    for (int j = 0; j < 2; j++) {
      const KrnMat mats[] = {r->keys[s][j].mat, r->values[s][j].mat};

      for (int i = 0; i < 2; i++) {
        size_t row = HD * (mats[i].type == KRN_BF16 ? 2 : 4);

        t->k->write (t->dev, mats[i].buf, mats[i].offset + (size_t)positions[s] * row, nothing, row);
      }
    }
}

static void
compute (KrnTest *t, Run *r, const Layer *layers, int n_layers, int n, const int *positions, TestMat freq, bool wait)
{
  KrnSpan spans[MAX_ROWS];

  for (int s = 0; s < n; s++)
    spans[s] = (KrnSpan){{r->keys[s][0].mat, r->values[s][0].mat}, s, 1, positions[s]};
  t->k->rope_angles (t->dev, r->cs.mat, spans, n, freq.mat);
  for (int i = 0; i < n_layers; i++) {
    const Layer *w = &layers[i];
    bool         own = w->qkv.wk.buf != NULL;

    for (int s = 0; s < n; s++)
      spans[s].cache = (KrnCache){r->keys[s][i % 2].mat, r->values[s][i % 2].mat};
    settle (t, wait);
    t->k->project_qkv (t->dev, r->q.mat, own ? r->k.mat : krn_test_absent (), own ? r->v.mat : krn_test_absent (), r->a.mat, r->h.mat, &w->qkv);
    settle (t, wait);
    t->k->rope_store (t->dev, r->q.mat, own ? r->k.mat : krn_test_absent (), own ? r->v.mat : krn_test_absent (), r->cs.mat, spans, n, HD);
    settle (t, wait);
    t->k->attention (t->dev, r->o.mat, r->q.mat, spans, n, HEADS, 1, HD, i % 2 ? 0 : WINDOW, 0.4f);
    settle (t, wait);
    t->k->project_add (t->dev, r->h.mat, r->y.mat, r->o.mat, w->o_proj, w->post, 1e-6f);
    settle (t, wait);
    t->k->gated_mlp (t->dev, r->h.mat, r->y.mat, r->g.mat, r->f.mat, &w->mlp);
    settle (t, wait);
    t->k->ple_block (t->dev, r->h.mat, r->y.mat, r->gate.mat, r->p.mat, &w->ple);
  }
  krn_test_sync (t);
}

static void
compare (KrnTest *t, KrnMat a, KrnMat b, int rows, int cols, double tolerance)
{
  double *e = krn_test_doubles (t, (size_t)rows * (size_t)cols);

  for (int i = 0; i < rows; i++)
    for (int j = 0; j < cols; j++)
      e[i * cols + j] = (double)krn_test_get (t, b, i, j);
  krn_test_close (t, a, e, tolerance);
}

static void
check (KrnTest *t, KrnType type, KrnType cache, int n)
{
  static const int first[MAX_ROWS] = {3, 555, 40};
  Layer            layers[LAYERS];
  Run              runs[2];
  int              positions[MAX_ROWS];
  /* Where rows are rounded to eight bits, the last digit of a sum can decide about a whole step of that: one layer is enough. */
  bool             quantised = type == KRN_Q8 || type == KRN_Q4;
  double           allowed = quantised ? 3.0 * krn_test_tolerance (type) : 3e-6;
  TestMat          freq = krn_test_random (t, KRN_F32, 1, HD / 2, 0, 0.5);

  for (int i = 0; i < LAYERS; i++)
    layers[i] = make_layer (t, type, i != 2);
  make_runs (t, runs, cache, n);
  /* Tokens one after the other; the later ones look at the keys of the earlier. */
  for (int token = 0; token < 3; token++) {
    TestMat h = krn_test_random (t, KRN_F32, n, H, 0, 1.0);

    for (int s = 0; s < n; s++)
      positions[s] = (n == 1 ? first[1] : first[s]) + token;
    for (int i = 0; i < 2; i++) {
      forget_keys (t, &runs[i], n, positions);
      t->k->copy (t->dev, runs[i].h.mat, h.mat);
      compute (t, &runs[i], layers, quantised ? 1 : LAYERS, n, positions, freq, i == 0);
    }
    compare (t, runs[1].h.mat, runs[0].h.mat, n, H, allowed);
    compare (t, runs[1].y.mat, runs[0].y.mat, n, H, allowed);
    compare (t, runs[1].o.mat, runs[0].o.mat, n, HEADS * HD, allowed);
  }
}

static void
test_kept (KrnTest *t)
{
  check (t, KRN_BF16, KRN_BF16, 1);
  check (t, KRN_F32, KRN_F32, 1);
  check (t, KRN_BF16, KRN_F32, MAX_ROWS);
  check (t, KRN_Q8, KRN_BF16, 1);
  check (t, KRN_Q4, KRN_BF16, MAX_ROWS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  krn_test_add_once ("kept", test_kept);
  return g_test_run ();
}
