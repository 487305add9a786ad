/* simd.h: one vector of floats, as wide as the instruction set that this file is compiled for.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Every file of this folder is compiled once per instruction set and names only what is below, so
 * that an algorithm is written once.  Without an instruction set flag the vector is four floats in
 * the compiler's own vector extension, which any machine has; another set is added by one more
 * branch here.
 *
 * The `_n` forms touch only the first n elements of memory, 0 <= n <= VW; the rest of a loaded
 * vector is 0. */
#pragma once

#include <stdint.h>
#include <string.h>

#include "kernels/cpu/half.h"

#define ALWAYS_INLINE static inline __attribute__ ((always_inline))
#define UNROLL_(n)    _Pragma (#n)
#define UNROLL(n)     UNROLL_ (GCC unroll n)

#if defined(__AVX512F__)

#include <immintrin.h>
#define VW 16
typedef __m512 vf;

ALWAYS_INLINE vf
vf_set1 (float x)
{
  return _mm512_set1_ps (x);
}

ALWAYS_INLINE vf
vf_load (const float *p)
{
  return _mm512_loadu_ps (p);
}

ALWAYS_INLINE void
vf_store (float *p, vf x)
{
  _mm512_storeu_ps (p, x);
}

ALWAYS_INLINE vf
vf_load_n (const float *p, int n)
{
  return _mm512_maskz_loadu_ps ((__mmask16)((1u << n) - 1), p);
}

ALWAYS_INLINE void
vf_store_n (float *p, vf x, int n)
{
  _mm512_mask_storeu_ps (p, (__mmask16)((1u << n) - 1), x);
}

ALWAYS_INLINE vf
vf_load_bf16 (const uint16_t *p)
{
  return _mm512_castsi512_ps (
      _mm512_slli_epi32 (_mm512_cvtepu16_epi32 (_mm256_loadu_si256 ((const __m256i *)p)), 16));
}

ALWAYS_INLINE vf
vf_load_bf16_n (const uint16_t *p, int n)
{
  __m256i x = _mm256_maskz_loadu_epi16 ((__mmask16)((1u << n) - 1), p);

  return _mm512_castsi512_ps (_mm512_slli_epi32 (_mm512_cvtepu16_epi32 (x), 16));
}

/* Of VW pairs of BF16, the first and the second of every pair. */
ALWAYS_INLINE vf
vf_bf16_even (vf a)
{
  return _mm512_castsi512_ps (_mm512_slli_epi32 (_mm512_castps_si512 (a), 16));
}

ALWAYS_INLINE vf
vf_bf16_odd (vf a)
{
  return _mm512_castsi512_ps (
      _mm512_and_si512 (_mm512_castps_si512 (a), _mm512_set1_epi32 ((int)0xffff0000)));
}

ALWAYS_INLINE vf
vf_fma (vf a, vf b, vf c)
{
  return _mm512_fmadd_ps (a, b, c);
}

/* The second operand if either is NaN. */
ALWAYS_INLINE vf
vf_max (vf a, vf b)
{
  return _mm512_max_ps (a, b);
}

ALWAYS_INLINE vf
vf_min (vf a, vf b)
{
  return _mm512_min_ps (a, b);
}

ALWAYS_INLINE vf
vf_abs (vf a)
{
  return _mm512_abs_ps (a);
}

ALWAYS_INLINE vf
vf_round (vf a)
{
  return _mm512_roundscale_ps (a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

/* 2^n for whole n in −126…127. */
ALWAYS_INLINE vf
vf_exp2i (vf n)
{
  return _mm512_scalef_ps (_mm512_set1_ps (1.0f), n);
}

/* a < b ? x : y */
ALWAYS_INLINE vf
vf_if_less (vf a, vf b, vf x, vf y)
{
  return _mm512_mask_blend_ps (_mm512_cmp_ps_mask (a, b, _CMP_LT_OQ), y, x);
}

/* Whole numbers within ±127, as bytes. */
ALWAYS_INLINE void
vf_store_int8 (int8_t *p, vf a)
{
  _mm_storeu_si128 ((__m128i *)p, _mm512_cvtepi32_epi8 (_mm512_cvtps_epi32 (a)));
}

ALWAYS_INLINE float
vf_sum (vf a)
{
  return _mm512_reduce_add_ps (a);
}

ALWAYS_INLINE float
vf_hmax (vf a)
{
  return _mm512_reduce_max_ps (a);
}

#elif defined(__AVX2__)

#include <immintrin.h>
#define VW 8
typedef __m256 vf;

ALWAYS_INLINE vf
vf_set1 (float x)
{
  return _mm256_set1_ps (x);
}

ALWAYS_INLINE vf
vf_load (const float *p)
{
  return _mm256_loadu_ps (p);
}

ALWAYS_INLINE void
vf_store (float *p, vf x)
{
  _mm256_storeu_ps (p, x);
}

ALWAYS_INLINE __m256i
vf_mask_n (int n)
{
  return _mm256_cmpgt_epi32 (_mm256_set1_epi32 (n), _mm256_setr_epi32 (0, 1, 2, 3, 4, 5, 6, 7));
}

/* Masked stores are slow on many machines, and the common case is a whole vector. */
ALWAYS_INLINE vf
vf_load_n (const float *p, int n)
{
  return n == VW ? vf_load (p) : _mm256_maskload_ps (p, vf_mask_n (n));
}

ALWAYS_INLINE void
vf_store_n (float *p, vf x, int n)
{
  if (n == VW)
    vf_store (p, x);
  else
    _mm256_maskstore_ps (p, vf_mask_n (n), x);
}

ALWAYS_INLINE vf
vf_load_bf16 (const uint16_t *p)
{
  return _mm256_castsi256_ps (
      _mm256_slli_epi32 (_mm256_cvtepu16_epi32 (_mm_loadu_si128 ((const __m128i *)p)), 16));
}

ALWAYS_INLINE vf
vf_load_bf16_n (const uint16_t *p, int n)
{
  uint16_t part[8] = {0};

  if (n == VW)
    return vf_load_bf16 (p);
  memcpy (part, p, (size_t)n * sizeof *p);
  return vf_load_bf16 (part);
}

ALWAYS_INLINE vf
vf_bf16_even (vf a)
{
  return _mm256_castsi256_ps (_mm256_slli_epi32 (_mm256_castps_si256 (a), 16));
}

ALWAYS_INLINE vf
vf_bf16_odd (vf a)
{
  return _mm256_castsi256_ps (
      _mm256_and_si256 (_mm256_castps_si256 (a), _mm256_set1_epi32 ((int)0xffff0000)));
}

ALWAYS_INLINE vf
vf_fma (vf a, vf b, vf c)
{
  return _mm256_fmadd_ps (a, b, c);
}

ALWAYS_INLINE vf
vf_max (vf a, vf b)
{
  return _mm256_max_ps (a, b);
}

ALWAYS_INLINE vf
vf_min (vf a, vf b)
{
  return _mm256_min_ps (a, b);
}

ALWAYS_INLINE vf
vf_abs (vf a)
{
  return _mm256_andnot_ps (_mm256_set1_ps (-0.0f), a);
}

ALWAYS_INLINE vf
vf_round (vf a)
{
  return _mm256_round_ps (a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

ALWAYS_INLINE vf
vf_exp2i (vf n)
{
  __m256i e = _mm256_add_epi32 (_mm256_cvtps_epi32 (n), _mm256_set1_epi32 (127));

  return _mm256_castsi256_ps (_mm256_slli_epi32 (e, 23));
}

ALWAYS_INLINE vf
vf_if_less (vf a, vf b, vf x, vf y)
{
  return _mm256_blendv_ps (y, x, _mm256_cmp_ps (a, b, _CMP_LT_OQ));
}

ALWAYS_INLINE void
vf_store_int8 (int8_t *p, vf a)
{
  __m256i x = _mm256_cvtps_epi32 (a);
  __m128i y = _mm_packs_epi32 (_mm256_castsi256_si128 (x), _mm256_extracti128_si256 (x, 1));

  _mm_storel_epi64 ((__m128i *)p, _mm_packs_epi16 (y, y));
}

ALWAYS_INLINE float
vf_sum (vf a)
{
  __m128 s = _mm_add_ps (_mm256_castps256_ps128 (a), _mm256_extractf128_ps (a, 1));

  s = _mm_add_ps (s, _mm_movehl_ps (s, s));
  return _mm_cvtss_f32 (_mm_add_ss (s, _mm_movehdup_ps (s)));
}

ALWAYS_INLINE float
vf_hmax (vf a)
{
  __m128 s = _mm_max_ps (_mm256_castps256_ps128 (a), _mm256_extractf128_ps (a, 1));

  s = _mm_max_ps (s, _mm_movehl_ps (s, s));
  return _mm_cvtss_f32 (_mm_max_ss (s, _mm_movehdup_ps (s)));
}

#else

#define VW 4
typedef float    vf __attribute__ ((vector_size (16)));
typedef int32_t  vi __attribute__ ((vector_size (16)));
typedef uint16_t vh __attribute__ ((vector_size (16)));

ALWAYS_INLINE vf
vf_set1 (float x)
{
  return (vf){x, x, x, x};
}

ALWAYS_INLINE vf
vf_load (const float *p)
{
  vf x;

  memcpy (&x, p, sizeof x);
  return x;
}

ALWAYS_INLINE void
vf_store (float *p, vf x)
{
  memcpy (p, &x, sizeof x);
}

ALWAYS_INLINE vf
vf_load_n (const float *p, int n)
{
  vf x = {0};

  if (n == VW)
    return vf_load (p);
  memcpy (&x, p, (size_t)n * sizeof *p);
  return x;
}

ALWAYS_INLINE void
vf_store_n (float *p, vf x, int n)
{
  if (n == VW)
    vf_store (p, x);
  else
    memcpy (p, &x, (size_t)n * sizeof *p);
}

ALWAYS_INLINE vf
vf_load_bf16 (const uint16_t *p)
{
  const vh zero = {0};
  vh       x = zero;

  memcpy (&x, p, VW * sizeof *p);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  return (vf)__builtin_shufflevector (zero, x, 0, 8, 1, 9, 2, 10, 3, 11);
#else
  return (vf)__builtin_shufflevector (x, zero, 0, 8, 1, 9, 2, 10, 3, 11);
#endif
}

ALWAYS_INLINE vf
vf_load_bf16_n (const uint16_t *p, int n)
{
  uint16_t part[4] = {0};

  if (n == VW)
    return vf_load_bf16 (p);
  memcpy (part, p, (size_t)n * sizeof *p);
  return vf_load_bf16 (part);
}

ALWAYS_INLINE vf
vf_bf16_even (vf a)
{
  return (vf)((vi)a << 16);
}

ALWAYS_INLINE vf
vf_bf16_odd (vf a)
{
  return (vf)((vi)a & (int32_t)0xffff0000);
}

ALWAYS_INLINE vf
vf_fma (vf a, vf b, vf c)
{
  return a * b + c;
}

/* x where the bits of mask are set, else y. */
ALWAYS_INLINE vf
vf_blend (vi mask, vf x, vf y)
{
  return (vf)((mask & (vi)x) | (~mask & (vi)y));
}

ALWAYS_INLINE vf
vf_max (vf a, vf b)
{
  return vf_blend (a > b, a, b);
}

ALWAYS_INLINE vf
vf_min (vf a, vf b)
{
  return vf_blend (a < b, a, b);
}

ALWAYS_INLINE vf
vf_abs (vf a)
{
  return (vf)((vi)a & 0x7fffffff);
}

/* Adding 1.5 · 2^23 leaves no bit for a fraction; |a| < 2^22. */
ALWAYS_INLINE vf
vf_round (vf a)
{
  return (a + 12582912.0f) - 12582912.0f;
}

ALWAYS_INLINE vf
vf_exp2i (vf n)
{
  return (vf)((__builtin_convertvector(n, vi) + 127) << 23);
}

ALWAYS_INLINE vf
vf_if_less (vf a, vf b, vf x, vf y)
{
  return vf_blend (a < b, x, y);
}

ALWAYS_INLINE void
vf_store_int8 (int8_t *p, vf a)
{
  for (int i = 0; i < VW; i++)
    p[i] = (int8_t)a[i];
}

ALWAYS_INLINE float
vf_sum (vf a)
{
  return (a[0] + a[2]) + (a[1] + a[3]);
}

ALWAYS_INLINE float
vf_hmax (vf a)
{
  float x = a[0] > a[2] ? a[0] : a[2];
  float y = a[1] > a[3] ? a[1] : a[3];

  return x > y ? x : y;
}

#endif

/* VW times 32 bits, whatever they mean; p need not be aligned. */
ALWAYS_INLINE vf
vf_load_bits (const void *p)
{
  vf x;

  memcpy (&x, p, sizeof x);
  return x;
}

/* 1 <= n <= VW elements; the rest of the vector repeats the first. */
ALWAYS_INLINE vf
vf_load_first_n (const float *p, int n)
{
  float part[VW];

  for (int i = 0; i < VW; i++)
    part[i] = p[i < n ? i : 0];
  return vf_load (part);
}

/* e^x to about one unit in the last place; 0 below −87.3, clamped above 88. */
ALWAYS_INLINE vf
vf_exp (vf x)
{
  const vf lowest = vf_set1 (-87.33654f);
  vf       y = vf_min (vf_set1 (88.0f), vf_max (lowest, x));
  vf       n = vf_round (y * 1.44269504f);
  /* ln 2 in two parts, so that n · ln 2 is subtracted almost exactly: |r| <= ½ ln 2. */
  vf       r = vf_fma (n, vf_set1 (-0.693359375f), y);
  vf       p;

  r = vf_fma (n, vf_set1 (2.12194440e-4f), r);
  p = vf_set1 (1.9875691e-4f);
  p = vf_fma (p, r, vf_set1 (1.3981999e-3f));
  p = vf_fma (p, r, vf_set1 (8.3334519e-3f));
  p = vf_fma (p, r, vf_set1 (4.1665796e-2f));
  p = vf_fma (p, r, vf_set1 (1.6666665e-1f));
  p = vf_fma (p, r, vf_set1 (0.5f));
  p = vf_fma (p, r * r, r) + 1.0f;
  return vf_if_less (x, lowest, vf_set1 (0.0f), p * vf_exp2i (n));
}

/* tanh x.  Near 0 the quotient of exponentials would lose digits; there an odd polynomial serves.
 */
ALWAYS_INLINE vf
vf_tanh (vf x)
{
  const vf one = vf_set1 (1.0f);
  vf       a = vf_abs (x);
  vf       z = x * x;
  vf       big = one - 2.0f / (vf_exp (vf_min (vf_set1 (40.0f), a + a)) + 1.0f);
  vf       small;

  small = vf_set1 (-5.70498872745e-3f);
  small = vf_fma (small, z, vf_set1 (2.06390887954e-2f));
  small = vf_fma (small, z, vf_set1 (-5.37397155531e-2f));
  small = vf_fma (small, z, vf_set1 (1.33314422036e-1f));
  small = vf_fma (small, z, vf_set1 (-3.33332819422e-1f));
  small = vf_fma (small * z, x, x);
  big = vf_if_less (x, vf_set1 (0.0f), -big, big);
  return vf_if_less (a, vf_set1 (0.625f), small, big);
}

/* ½x (1 + tanh u) = x / (1 + e^(−2u)), u = √(2/π) (x + 0.044715 x³): no digits are lost on either
 * side. */
ALWAYS_INLINE vf
vf_gelu (vf x)
{
  vf u = vf_fma (x * x * 0.044715f, x, x) * 0.7978845608f;

  return x / (vf_exp (-2.0f * u) + 1.0f);
}
