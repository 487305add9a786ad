/* rows.c: norms, activations and conversions of one row.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "kernels/cpu/isa/inner.h"

/* Σ x², in two sums for speed and accuracy. */
static float
sum_of_squares (const float *x, int n)
{
  vf  a = vf_set1 (0.0f), b = a;
  int i = 0;

  for (; i + 2 * VW <= n; i += 2 * VW) {
    vf p = vf_load (x + i), q = vf_load (x + i + VW);

    a = vf_fma (p, p, a);
    b = vf_fma (q, q, b);
  }
  for (; i < n; i += VW) {
    vf p = i + VW <= n ? vf_load (x + i) : vf_load_n (x + i, n - i);

    a = vf_fma (p, p, a);
  }
  return vf_sum (a + b);
}

ALWAYS_INLINE vf
load_vector (KrnVector w, int i, int n)
{
  return w.bf16 ? vf_load_bf16_n ((const uint16_t *)w.data + i, n)
                : vf_load_n ((const float *)w.data + i, n);
}

void
ISA (rms) (float *y, const float *x, KrnVector w, int n, float eps, float s)
{
  float mean = sum_of_squares (x, n) * s * s / (float)n;
  vf    factor = vf_set1 (s / sqrtf (mean + eps));

  for (int i = 0; i < n; i += VW) {
    int part = n - i < VW ? n - i : VW;
    vf  v = vf_load_n (x + i, part) * factor;

    if (w.data)
      v = v * load_vector (w, i, part);
    vf_store_n (y + i, v, part);
  }
}

void
ISA (add_rms) (float *h, const float *y, KrnVector w, int n, float eps, float scalar)
{
  vf factor = vf_set1 (1.0f / sqrtf (sum_of_squares (y, n) / (float)n + eps));
  vf s = vf_set1 (scalar);

  for (int i = 0; i < n; i += VW) {
    int part = n - i < VW ? n - i : VW;
    vf  v = vf_load_n (y + i, part) * factor * load_vector (w, i, part);

    vf_store_n (h + i, (vf_load_n (h + i, part) + v) * s, part);
  }
}

void
ISA (add_scale) (float *p, const float *c, int n, float s)
{
  vf factor = vf_set1 (s);

  for (int i = 0; i < n; i += VW) {
    int part = n - i < VW ? n - i : VW;

    vf_store_n (p + i, (vf_load_n (p + i, part) + vf_load_n (c + i, part)) * factor, part);
  }
}

void
ISA (gelu_mul) (float *g, const float *u, int n)
{
  for (int i = 0; i < n; i += VW) {
    int part = n - i < VW ? n - i : VW;

    vf_store_n (g + i, vf_gelu (vf_load_n (g + i, part)) * vf_load_n (u + i, part), part);
  }
}

void
ISA (softcap) (float *x, int n, float cap)
{
  vf up = vf_set1 (cap), down = vf_set1 (1.0f / cap);

  for (int i = 0; i < n; i += VW) {
    int part = n - i < VW ? n - i : VW;

    vf_store_n (x + i, vf_tanh (vf_load_n (x + i, part) * down) * up, part);
  }
}

void
ISA (widen) (float *y, const uint16_t *x, int n, float s)
{
  vf factor = vf_set1 (s);

  for (int i = 0; i < n; i += VW) {
    int part = n - i < VW ? n - i : VW;

    vf_store_n (y + i, vf_load_bf16_n (x + i, part) * factor, part);
  }
}

void
ISA (scale) (float *y, const float *x, int n, float s)
{
  vf factor = vf_set1 (s);

  for (int i = 0; i < n; i += VW) {
    int part = n - i < VW ? n - i : VW;

    vf_store_n (y + i, vf_load_n (x + i, part) * factor, part);
  }
}

void
ISA (narrow) (uint16_t *y, const float *x, int n)
{
  for (int i = 0; i < n; i++)
    y[i] = krn_bf16_from_float (x[i]);
}

void
ISA (rotate) (float *x, const float *cs, int n)
{
  int half = n / 2;

  for (int i = 0; i < half; i += VW) {
    int part = half - i < VW ? half - i : VW;
    vf  a = vf_load_n (x + i, part), b = vf_load_n (x + half + i, part);
    vf  c = vf_load_n (cs + i, part), s = vf_load_n (cs + half + i, part);

    vf_store_n (x + i, a * c - b * s, part);
    vf_store_n (x + half + i, vf_fma (b, c, a * s), part);
  }
}

/* NaN stays NaN. */
void
ISA (clamp) (float *y, const float *x, int n, float low, float high)
{
  vf a = vf_set1 (low), b = vf_set1 (high);

  for (int i = 0; i < n; i += VW) {
    int part = n - i < VW ? n - i : VW;

    vf_store_n (y + i, vf_min (b, vf_max (a, vf_load_n (x + i, part))), part);
  }
}

void
ISA (add_scaled) (float *y, const float *x, int n, float s)
{
  vf factor = vf_set1 (s);

  for (int i = 0; i < n; i += VW) {
    int part = n - i < VW ? n - i : VW;

    vf_store_n (y + i, vf_fma (vf_load_n (x + i, part), factor, vf_load_n (y + i, part)), part);
  }
}

void
ISA (silu) (float *y, const float *x, int n)
{
  for (int i = 0; i < n; i += VW) {
    int part = n - i < VW ? n - i : VW;
    vf  v = vf_load_n (x + i, part);

    vf_store_n (y + i, v / (vf_exp (-v) + 1.0f), part);
  }
}

void
ISA (glu) (float *y, const float *a, const float *b, int n)
{
  for (int i = 0; i < n; i += VW) {
    int part = n - i < VW ? n - i : VW;

    vf_store_n (y + i, vf_load_n (a + i, part) / (vf_exp (-vf_load_n (b + i, part)) + 1.0f), part);
  }
}

static float
sum_of (const float *x, int n)
{
  vf total = vf_set1 (0.0f);

  for (int i = 0; i < n; i += VW)
    total = total + vf_load_n (x + i, n - i < VW ? n - i : VW);
  return vf_sum (total);
}

/* The variance is taken of what is already centred, so that a large mean costs no digits. */
void
ISA (layer_norm_relu) (float *y, const float *x, KrnVector w, int n, float eps)
{
  vf mean = vf_set1 (sum_of (x, n) / (float)n), factor;

  for (int i = 0; i < n; i += VW) {
    int part = n - i < VW ? n - i : VW;

    vf_store_n (y + i, vf_load_n (x + i, part) - mean, part);
  }
  factor = vf_set1 (1.0f / sqrtf (sum_of_squares (y, n) / (float)n + eps));
  for (int i = 0; i < n; i += VW) {
    int part = n - i < VW ? n - i : VW;
    vf  v = vf_load_n (y + i, part) * factor * load_vector (w, i, part);

    vf_store_n (y + i, vf_max (vf_set1 (0.0f), v), part);
  }
}

void
ISA (filter) (float *y, KrnIn x, const float *taps, int n)
{
  for (int i = 0; i < n; i += VW) {
    int part = n - i < VW ? n - i : VW;
    vf  sum = vf_set1 (0.0f);

    for (int k = 0; k < x.n; k++)
      sum = vf_fma (vf_load_n (x.p + (size_t)k * x.stride + i, part),
                    vf_load_n (taps + (size_t)k * (size_t)n + i, part), sum);
    vf_store_n (y + i, sum, part);
  }
}

/* NaN counts as absent, unless there is nothing else. */
float
ISA (max) (const float *x, int n)
{
  vf m = vf_set1 (-INFINITY);

  for (int i = 0; i < n; i += VW)
    m = vf_max (i + VW <= n ? vf_load (x + i) : vf_load_first_n (x + i, n - i), m);
  return vf_hmax (m);
}
