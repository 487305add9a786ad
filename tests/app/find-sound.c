/* find-sound.c: correlates, first with some samples and then with all.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "find-sound.h"

#include <math.h>

#define SOME 16 /* of so many samples one: enough to find the place */

static double
correlate (const float *a, gsize n_a, const float *b, gsize n_b, gsize lag, gsize step)
{
  double ab = 0;
  double aa = 0;
  double bb = 0;

  for (gsize i = 0; i < n_a && lag + i < n_b; i += step) {
    ab += (double)a[i] * b[lag + i];
    aa += (double)a[i] * a[i];
    bb += (double)b[lag + i] * b[lag + i];
  }
  return ab / sqrt (aa * bb + 1e-12);
}

double
find_sound (const float *want, gsize n_want, const float *got, gsize n_got, gsize *at)
{
  double best = 0;

  *at = 0;
  for (gsize lag = 0; lag + n_want / 2 < n_got; lag++) {
    double r = correlate (want, n_want, got, n_got, lag, SOME);

    if (r > best) {
      best = r;
      *at = lag;
    }
  }
  return correlate (want, n_want, got, n_got, *at, 1);
}
