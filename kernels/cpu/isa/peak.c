/* peak.c: loops that do nothing but read, or nothing but multiply: what the machine can do at best.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What *sink holds goes into the work, and what comes out goes there, so that the compiler can
 * leave nothing out. The chains of sums are independent and there are enough of them to hide the
 * latency of one instruction. */
#include "kernels/cpu/isa/inner.h"

#define CHAINS 12

/* Four streams a quarter of a megabyte apart: one alone does not reach the memory's bandwidth. */
float
ISA (peak_read) (const float *x, size_t n)
{
  const size_t apart = 65536;
  vf           a = vf_set1 (0.0f), b = a, c = a, d = a;

  for (; n >= 4 * apart; n -= 4 * apart, x += 4 * apart)
    for (size_t i = 0; i < apart; i += VW) {
      a = a + vf_load (x + i);
      b = b + vf_load (x + apart + i);
      c = c + vf_load (x + 2 * apart + i);
      d = d + vf_load (x + 3 * apart + i);
    }
  return vf_sum ((a + b) + (c + d));
}

double
ISA (peak_f32) (long rounds, float *sink)
{
  vf sum[CHAINS], factor = vf_set1 (*sink + 0.999f), term = vf_set1 (0.1f);
  vf total = vf_set1 (0.0f);

  for (int i = 0; i < CHAINS; i++)
    sum[i] = vf_set1 ((float)i);
  for (long r = 0; r < rounds; r++)
    UNROLL (12)
  for (int i = 0; i < CHAINS; i++)
    sum[i] = vf_fma (sum[i], factor, term);
  for (int i = 0; i < CHAINS; i++)
    total = total + sum[i];
  *sink = vf_sum (total) * 0.0f;
  return 2.0 * CHAINS * VW;
}

double
ISA (peak_bf16) (long rounds, float *sink)
{
#if defined(__AVX512BF16__)
  const __m512bh one = (__m512bh)_mm512_set1_epi32 (0x3f803f80);
  __m512         sum[CHAINS], total = _mm512_setzero_ps ();

  for (int i = 0; i < CHAINS; i++)
    sum[i] = _mm512_set1_ps (*sink + (float)i);
  for (long r = 0; r < rounds; r++)
    UNROLL (12)
  for (int i = 0; i < CHAINS; i++)
    sum[i] = _mm512_dpbf16_ps (sum[i], one, one);
  for (int i = 0; i < CHAINS; i++)
    total = total + sum[i];
  *sink = _mm512_reduce_add_ps (total) * 0.0f;
  return 2.0 * CHAINS * 32;
#else
  return 0.0;
#endif
}

double
ISA (peak_int8) (long rounds, float *sink)
{
#if defined(__AVX512VNNI__)
  const __m512i one = _mm512_set1_epi32 (0x01010101);
  __m512i       sum[CHAINS], total = _mm512_setzero_si512 ();

  for (int i = 0; i < CHAINS; i++)
    sum[i] = _mm512_set1_epi32 ((int)*sink + i);
  for (long r = 0; r < rounds; r++)
    UNROLL (12)
  for (int i = 0; i < CHAINS; i++)
    sum[i] = _mm512_dpbusd_epi32 (sum[i], one, one);
  for (int i = 0; i < CHAINS; i++)
    total = _mm512_add_epi32 (total, sum[i]);
  *sink = (float)_mm512_reduce_add_epi32 (total) * 0.0f;
  return 2.0 * CHAINS * 64;
#else
  return 0.0;
#endif
}
