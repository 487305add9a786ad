/* sample.c: the passes over a whole vocabulary.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Each leaves one figure per block of KRN_SAMPLE_BLOCK entries, so that what comes after looks into
 * few blocks. */
#include <math.h>

#include "kernels/cpu/isa/inner.h"

void
ISA (condition) (float *x, int n, float temperature, float *block_max)
{
  const vf least = vf_set1 (-INFINITY);
  const vf divisor = vf_set1 (temperature);

  for (int begin = 0; begin < n; begin += KRN_SAMPLE_BLOCK) {
    int end = n - begin < KRN_SAMPLE_BLOCK ? n : begin + KRN_SAMPLE_BLOCK;
    vf  most = least;

    for (int i = begin; i < end; i += VW) {
      int part = end - i < VW ? end - i : VW;
      /* The second operand if the first is not a number. */
      vf  v = vf_max (vf_load_n (x + i, part), least);

      if (temperature != 1.0f)
        v = v / divisor;
      vf_store_n (x + i, v, part);
      /* Zeros that a short vector was filled up with must not count. */
      most = part == VW ? vf_max (v, most) : vf_max (vf_load_first_n (x + i, part), most);
    }
    *block_max++ = vf_hmax (most);
  }
}

double
ISA (weigh) (float       *w,
             const float *x,
             int          n,
             float        most,
             float        lowest,
             float        least,
             float       *block_sum)
{
  double total = 0.0;

  for (int begin = 0; begin < n; begin += KRN_SAMPLE_BLOCK) {
    int end = n - begin < KRN_SAMPLE_BLOCK ? n : begin + KRN_SAMPLE_BLOCK;
    vf  sum = vf_set1 (0.0f), zero = sum;

    for (int i = begin; i < end; i += VW) {
      int part = end - i < VW ? end - i : VW;
      vf  v = vf_load_n (x + i, part);
      vf  e = vf_exp (v - vf_set1 (most));

      e = vf_if_less (v, vf_set1 (lowest), zero, e);
      e = vf_if_less (e, vf_set1 (least), zero, e);
      vf_store_n (w + i, e, part);
      sum = sum + vf_load_n (w + i, part);
    }
    *block_sum = vf_sum (sum);
    total += *block_sum++;
  }
  return total;
}
