/* test-blocks.c: the fused operations against their definitions in krn.h, in double precision.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "tests/kernels/krn-test.h"

static const KrnType types[] = {KRN_F32, KRN_BF16, KRN_Q8, KRN_Q4};
static const int     row_counts[] = {1, 2, 7, 12, 31, 150};

/* Two or three products follow each other; each adds its own rounding. */
static double
tolerance (KrnType type)
{
  return 3.0 * krn_test_tolerance (type);
}

static void
check_qkv (KrnTest *t, KrnType type, int n, bool with_q, bool with_kv)
{
  enum {
    H = 96,
    HD = 24,
    HEADS = 4,
    KV = 2
  };
  TestMat       x = krn_test_random (t, KRN_F32, n, H, 1, 2.0);
  TestMat       norm = krn_test_random (t, KRN_BF16, 1, H, 0, 3.0);
  TestMat       wq = krn_test_random (t, type, HEADS * HD, H, 0, 0.2);
  TestMat       wk = krn_test_random (t, type, KV * HD, H, 0, 0.2);
  TestMat       wv = krn_test_random (t, type, KV * HD, H, 0, 0.2);
  TestMat       q_norm = krn_test_random (t, KRN_BF16, 1, HD, 0, 1.0);
  TestMat       k_norm = krn_test_random (t, KRN_F32, 1, HD, 0, 0.2);
  TestMat       a = krn_test_zeros (t, n, H, 2);
  TestMat       q = krn_test_zeros (t, n, HEADS * HD, 4);
  TestMat       k = krn_test_zeros (t, n, KV * HD, 0);
  TestMat       v = krn_test_zeros (t, n, KV * HD, 6);
  KrnQkvWeights w = {norm.mat, wq.mat, wk.mat, wv.mat, q_norm.mat, k_norm.mat, HD, 1e-6f};
  double       *ea = krn_test_doubles (t, (size_t)n * H);
  double       *e;

  if (!with_kv)
    w.wk = w.wv = w.k_norm = krn_test_absent ();
  t->k->project_qkv (t->dev, with_q ? q.mat : krn_test_absent (), k.mat, v.mat, a.mat, x.mat, &w);

  krn_test_rms (ea, x.v, n, H, H, norm.v, 1e-6);
  krn_test_close (t, a.mat, ea, 1e-6);
  if (with_q) {
    e = krn_test_product (t, ea, n, wq);
    krn_test_rms (e, e, n, HEADS * HD, HD, q_norm.v, 1e-6);
    krn_test_close (t, q.mat, e, tolerance (type));
  }
  if (with_kv) {
    e = krn_test_product (t, ea, n, wk);
    krn_test_rms (e, e, n, KV * HD, HD, k_norm.v, 1e-6);
    krn_test_close (t, k.mat, e, tolerance (type));
    e = krn_test_product (t, ea, n, wv);
    krn_test_rms (e, e, n, KV * HD, HD, NULL, 1e-6);
    krn_test_close (t, v.mat, e, tolerance (type));
  }
}

static void
test_project_qkv (KrnTest *t)
{
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    for (guint j = 0; j < G_N_ELEMENTS (row_counts); j++) {
      check_qkv (t, types[i], row_counts[j], true, true);
      check_qkv (t, types[i], row_counts[j], true, false);
      check_qkv (t, types[i], row_counts[j], false, true);
    }
}

static void
check_project_add (KrnTest *t, KrnType type, int n)
{
  enum {
    IN = 160,
    H = 70
  };
  TestMat h = krn_test_random (t, KRN_F32, n, H, 3, 1.0);
  TestMat y = krn_test_zeros (t, n, H, 1);
  TestMat x = krn_test_random (t, KRN_F32, n, IN, 2, 1.0);
  TestMat w = krn_test_random (t, type, H, IN, 0, 0.3);
  TestMat norm = krn_test_random (t, KRN_BF16, 1, H, 0, 2.0);
  double *ey = krn_test_product (t, x.v, n, w);
  double *eh = krn_test_doubles (t, (size_t)n * H);

  t->k->project_add (t->dev, h.mat, y.mat, x.mat, w.mat, norm.mat, 1e-6f);
  krn_test_close (t, y.mat, ey, krn_test_tolerance (type));
  krn_test_rms (eh, ey, n, H, H, norm.v, 1e-6);
  for (int i = 0; i < n * H; i++)
    eh[i] += h.v[i];
  krn_test_close (t, h.mat, eh, tolerance (type));
}

static void
test_project_add (KrnTest *t)
{
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    for (guint j = 0; j < G_N_ELEMENTS (row_counts); j++)
      check_project_add (t, types[i], row_counts[j]);
}

static void
check_gated_mlp (KrnTest *t, KrnType type, KrnType up_type, int n, int in, int width)
{
  TestMat       h = krn_test_random (t, KRN_F32, n, in, 3, 1.0);
  TestMat       m = krn_test_zeros (t, n, in, 1);
  TestMat       g = krn_test_zeros (t, n, width, 5);
  TestMat       f = krn_test_zeros (t, n, in, 0);
  TestMat       norm = krn_test_random (t, KRN_BF16, 1, in, 0, 2.0);
  TestMat       gate = krn_test_random (t, type, width, in, 0, 0.3);
  TestMat       up = krn_test_random (t, up_type, width, in, 0, 0.3);
  TestMat       down = krn_test_random (t, type, in, width, 0, 0.3);
  TestMat       post = krn_test_random (t, KRN_F32, 1, in, 0, 1.0);
  KrnMlpWeights w = {norm.mat, gate.mat, up.mat, down.mat, post.mat, 1e-6f};
  double        allowed = MAX (tolerance (type), tolerance (up_type));
  double       *ef = krn_test_doubles (t, (size_t)n * in);
  double       *eg, *eu, *em, *eh = krn_test_doubles (t, (size_t)n * in);

  t->k->gated_mlp (t->dev, h.mat, m.mat, g.mat, f.mat, &w);
  krn_test_rms (ef, h.v, n, in, in, norm.v, 1e-6);
  eg = krn_test_product (t, ef, n, gate);
  eu = krn_test_product (t, ef, n, up);
  for (int i = 0; i < n * width; i++)
    eg[i] = krn_test_gelu (eg[i]) * eu[i];
  em = krn_test_product (t, eg, n, down);
  krn_test_close (t, m.mat, em, allowed);
  krn_test_rms (eh, em, n, in, in, post.v, 1e-6);
  for (int i = 0; i < n * in; i++)
    eh[i] += h.v[i];
  krn_test_close (t, h.mat, eh, allowed);
}

static void
test_gated_mlp (KrnTest *t)
{
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    for (guint j = 0; j < G_N_ELEMENTS (row_counts); j++)
      check_gated_mlp (t, types[i], types[i], row_counts[j], 96, 224);
  check_gated_mlp (t, KRN_BF16, KRN_BF16, 3, 51, 77);
  check_gated_mlp (t, KRN_F32, KRN_F32, 40, 51, 77);
  check_gated_mlp (t, KRN_Q4, KRN_BF16, 2, 96, 160);
  check_gated_mlp (t, KRN_BF16, KRN_Q8, 1, 96, 160);
  check_gated_mlp (t, KRN_Q4, KRN_Q8, 20, 96, 160);
}

/* So narrow and tall that a work item is limited by the room for its results. */
static void
test_tall_mlp (KrnTest *t)
{
  int part = t->emulated ? 16 : 1;

  check_gated_mlp (t, KRN_Q4, KRN_Q4, 15, 32, 65536 / part);
  check_gated_mlp (t, KRN_BF16, KRN_BF16, 11, 32, 40000 / part);
}

static void
check_ple (KrnTest *t, KrnType type, int n)
{
  enum {
    H = 96,
    L = 3,
    P = 64
  };
  TestMat       x = krn_test_random (t, KRN_F32, n, H, 3, 1.0);
  TestMat       p = krn_test_random (t, KRN_F32, n, L * P, 2, 1.0);
  TestMat       c = krn_test_zeros (t, n, L * P, 0);
  TestMat       w = krn_test_random (t, type, L * P, H, 0, 0.2);
  TestMat       norm = krn_test_random (t, KRN_BF16, 1, P, 0, 2.0);
  TestMat       gate = krn_test_random (t, type, P, H, 0, 0.3);
  TestMat       proj = krn_test_random (t, type, H, P, 0, 0.3);
  TestMat       post = krn_test_random (t, KRN_BF16, 1, H, 0, 1.0);
  TestMat       g = krn_test_zeros (t, n, P, 1);
  TestMat       y = krn_test_zeros (t, n, H, 0);
  KrnPleWeights weights = {gate.mat, proj.mat, post.mat, 0.25f, 1e-6f};
  KrnMat        slice = p.mat;
  double       *ec = krn_test_product (t, x.v, n, w), *eg, *ey, *eh;

  t->k->ple_inputs (t->dev, p.mat, c.mat, x.mat, w.mat, norm.mat, 0.02f, 1e-6f);
  for (int i = 0; i < n * L * P; i++)
    ec[i] *= 0.02f;
  krn_test_rms (ec, ec, n, L * P, P, norm.v, 1e-6);
  krn_test_close (t, c.mat, ec, tolerance (type));
  for (int i = 0; i < n * L * P; i++)
    p.v[i] = (p.v[i] + ec[i]) * sqrt (0.5);
  krn_test_close (t, p.mat, p.v, tolerance (type));

  /* The second layer's slice of p. */
  slice.offset += P * sizeof (float);
  slice.stride = p.mat.stride ? p.mat.stride : p.mat.cols;
  slice.cols = P;
  t->k->ple_block (t->dev, x.mat, y.mat, g.mat, slice, &weights);
  eg = krn_test_product (t, x.v, n, gate);
  for (int i = 0; i < n; i++)
    for (int j = 0; j < P; j++)
      eg[i * P + j] = krn_test_gelu (eg[i * P + j]) * p.v[i * L * P + P + j];
  ey = krn_test_product (t, eg, n, proj);
  krn_test_close (t, y.mat, ey, tolerance (type));
  eh = krn_test_doubles (t, (size_t)n * H);
  krn_test_rms (eh, ey, n, H, H, post.v, 1e-6);
  for (int i = 0; i < n * H; i++)
    eh[i] = (eh[i] + x.v[i]) * 0.25;
  krn_test_close (t, x.mat, eh, tolerance (type));
}

static void
test_ple (KrnTest *t)
{
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    for (guint j = 0; j < G_N_ELEMENTS (row_counts); j++)
      check_ple (t, types[i], row_counts[j]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  krn_test_add ("project-qkv", test_project_qkv);
  krn_test_add ("project-add", test_project_add);
  krn_test_add ("gated-mlp", test_gated_mlp);
  krn_test_add_once ("tall-mlp", test_tall_mlp);
  krn_test_add ("ple", test_ple);
  return g_test_run ();
}
