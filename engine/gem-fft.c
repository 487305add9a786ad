/* gem-fft.c: the real transform of 512 numbers, as a complex one of 256.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Even samples become real parts and odd ones imaginary parts; 256 = 4⁴ is transformed in four
 * steps of radix 4, each of which also sorts (Stockham's form), so that the inner loop runs over
 * neighbours and no bits are reversed.  Owns the table of roots, made by the first call. */
#define G_LOG_DOMAIN "gem"

#include "gem-fft.h"

#include <math.h>
#include <pthread.h>

#define HALF    (GEM_FFT_SIZE / 2)
#define QUARTER (HALF / 4)

G_STATIC_ASSERT (HALF == 4 * 4 * 4 * 4);

typedef struct {
  double re[HALF], im[HALF];
} Complex;

/* re[k] + i·im[k] = exp (−2πi·k/512) */
typedef struct {
  double re[GEM_FFT_SIZE], im[GEM_FFT_SIZE];
} Roots;

static Roots roots; /* made once */

static void
make_roots (void)
{
  for (int k = 0; k < GEM_FFT_SIZE; k++) {
    roots.re[k] = cos (2.0 * G_PI * k / GEM_FFT_SIZE);
    roots.im[k] = -sin (2.0 * G_PI * k / GEM_FFT_SIZE);
  }
}

static const Roots *
get_roots (void)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;

  pthread_once (&once, make_roots);
  return &roots;
}

/* One step: @stride transforms of length HALF / @stride lie interleaved in @x, and four times as
 * many of a quarter of the length in @y. */
static void
radix4 (const Roots *w, const Complex *restrict x, Complex *restrict y, int stride)
{
  for (int p = 0; p < QUARTER / stride; p++) {
    const int    k = GEM_FFT_SIZE / HALF * stride * p; /* the first root is exp (−2πi·k/512) */
    const double w1r = w->re[k], w1i = w->im[k];
    const double w2r = w->re[2 * k], w2i = w->im[2 * k];
    const double w3r = w->re[3 * k], w3i = w->im[3 * k];

    for (int q = 0; q < stride; q++) {
      const int    i = stride * p + q, o = i + 3 * stride * p;
      const double ar = x->re[i], br = x->re[i + QUARTER];
      const double cr = x->re[i + 2 * QUARTER], dr = x->re[i + 3 * QUARTER];
      const double ai = x->im[i], bi = x->im[i + QUARTER];
      const double ci = x->im[i + 2 * QUARTER], di = x->im[i + 3 * QUARTER];
      /* a ± c, b + d and −i·(b − d) */
      const double sr = ar + cr, si = ai + ci, tr = ar - cr, ti = ai - ci;
      const double ur = br + dr, ui = bi + di, vr = bi - di, vi = dr - br;

      y->re[o] = sr + ur;
      y->im[o] = si + ui;
      y->re[o + stride] = w1r * (tr + vr) - w1i * (ti + vi);
      y->im[o + stride] = w1r * (ti + vi) + w1i * (tr + vr);
      y->re[o + 2 * stride] = w2r * (sr - ur) - w2i * (si - ui);
      y->im[o + 2 * stride] = w2r * (si - ui) + w2i * (sr - ur);
      y->re[o + 3 * stride] = w3r * (tr - vr) - w3i * (ti - vi);
      y->im[o + 3 * stride] = w3r * (ti - vi) + w3i * (tr - vr);
    }
  }
}

void
gem_fft_real (const double x[GEM_FFT_SIZE], double re[GEM_FFT_BINS], double im[GEM_FFT_BINS])
{
  const Roots *w = get_roots ();
  Complex      z, y;

  for (int n = 0; n < HALF; n++) {
    z.re[n] = x[2 * n];
    z.im[n] = x[2 * n + 1];
  }
  radix4 (w, &z, &y, 1);
  radix4 (w, &y, &z, 4);
  radix4 (w, &z, &y, 16);
  radix4 (w, &y, &z, 64);

  /* With m = −k: the even samples' transform is E = (z[k] + z[m]*) / 2, the odd ones'
   * O = (z[k] − z[m]*) / 2i, and the frame's E + exp (−2πi·k/512)·O. */
  for (int k = 1; k < HALF; k++) {
    const int    m = HALF - k;
    const double e_re = 0.5 * (z.re[k] + z.re[m]), e_im = 0.5 * (z.im[k] - z.im[m]);
    const double o_re = 0.5 * (z.im[k] + z.im[m]), o_im = 0.5 * (z.re[m] - z.re[k]);

    re[k] = e_re + w->re[k] * o_re - w->im[k] * o_im;
    im[k] = e_im + w->re[k] * o_im + w->im[k] * o_re;
  }
  re[0] = z.re[0] + z.im[0];
  re[HALF] = z.re[0] - z.im[0];
  im[0] = im[HALF] = 0.0;
}
