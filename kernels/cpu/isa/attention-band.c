/* attention-band.c: attention of one row to the few keys before it, with a score for the distance.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "kernels/cpu/isa/inner.h"

/* q ⊙ scale · (k_scale·k + r) */
static float
score_key (const float *q,
           const float *scale,
           const float *k,
           const float *r,
           float        k_scale,
           int          hd)
{
  vf sum = vf_set1 (0.0f), factor = vf_set1 (k_scale);

  for (int i = 0; i < hd; i += VW) {
    int part = hd - i < VW ? hd - i : VW;
    vf  key = vf_fma (vf_load_n (k + i, part), factor, vf_load_n (r + i, part));

    sum = vf_fma (vf_load_n (q + i, part) * vf_load_n (scale + i, part), key, sum);
  }
  return vf_sum (sum);
}

/* Scores become cap · tanh (s / cap), and these weights e^(s − max); their sum.  s has room for
 * whole vectors. */
static float
soften (float *s, int n, float cap)
{
  float most;
  vf    total = vf_set1 (0.0f);

  ISA (softcap) (s, n, cap);
  most = ISA (max) (s, n);
  for (int i = n; i % VW != 0; i++)
    s[i] = -INFINITY;
  for (int i = 0; i < n; i += VW) {
    vf e = vf_exp (vf_load (s + i) - most);

    vf_store (s + i, e);
    total = total + e;
  }
  return vf_sum (total);
}

void
ISA (attend_band) (float *o, const float *q, const KrnBand *b, int hd)
{
  float s[KRN_MAX_REACH + VW];
  vf    factor;

  for (int j = 0; j < b->n_keys; j++)
    s[j] = score_key (q, b->q_scale, b->k + (size_t)j * b->k_stride,
                      b->r + (size_t)(b->n_keys - 1 - j) * b->r_stride, b->k_scale, hd);
  factor = vf_set1 (1.0f / soften (s, b->n_keys, b->cap));
  for (int i = 0; i < hd; i += VW) {
    int part = hd - i < VW ? hd - i : VW;
    vf  sum = vf_set1 (0.0f);

    for (int j = 0; j < b->n_keys; j++)
      sum = vf_fma (vf_set1 (s[j]), vf_load_n (b->v + (size_t)j * b->v_stride + i, part), sum);
    vf_store_n (o + i, sum * factor, part);
  }
}
