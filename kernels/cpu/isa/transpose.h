/* transpose.h: VW vectors of VW 32-bit elements, turned over in registers.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The elements are floats or pairs of BF16; only bits move. */
#pragma once

#include "kernels/cpu/isa/simd.h"

#if VW == 16

ALWAYS_INLINE vf
unpack_low_pairs (vf a, vf b)
{
  return _mm512_castpd_ps (_mm512_unpacklo_pd (_mm512_castps_pd (a), _mm512_castps_pd (b)));
}

ALWAYS_INLINE vf
unpack_high_pairs (vf a, vf b)
{
  return _mm512_castpd_ps (_mm512_unpackhi_pd (_mm512_castps_pd (a), _mm512_castps_pd (b)));
}

ALWAYS_INLINE void
transpose (vf v[VW])
{
  vf a[VW], b[VW];

  UNROLL (8)
  for (int i = 0; i < VW; i += 2) {
    a[i] = _mm512_unpacklo_ps (v[i], v[i + 1]);
    a[i + 1] = _mm512_unpackhi_ps (v[i], v[i + 1]);
  }
  /* Afterwards lane l of b[4g + j] is column 4l + j of rows 4g … 4g + 3. */
  UNROLL (4)
  for (int i = 0; i < VW; i += 4) {
    b[i] = unpack_low_pairs (a[i], a[i + 2]);
    b[i + 1] = unpack_high_pairs (a[i], a[i + 2]);
    b[i + 2] = unpack_low_pairs (a[i + 1], a[i + 3]);
    b[i + 3] = unpack_high_pairs (a[i + 1], a[i + 3]);
  }
  UNROLL (4)
  for (int j = 0; j < 4; j++) {
    vf p = _mm512_shuffle_f32x4 (b[j], b[4 + j], 0x44),
       q = _mm512_shuffle_f32x4 (b[j], b[4 + j], 0xee);
    vf r = _mm512_shuffle_f32x4 (b[8 + j], b[12 + j], 0x44),
       s = _mm512_shuffle_f32x4 (b[8 + j], b[12 + j], 0xee);

    v[j] = _mm512_shuffle_f32x4 (p, r, 0x88);
    v[4 + j] = _mm512_shuffle_f32x4 (p, r, 0xdd);
    v[8 + j] = _mm512_shuffle_f32x4 (q, s, 0x88);
    v[12 + j] = _mm512_shuffle_f32x4 (q, s, 0xdd);
  }
}

#elif VW == 8

ALWAYS_INLINE void
transpose (vf v[VW])
{
  vf a[VW], b[VW];

  UNROLL (4)
  for (int i = 0; i < VW; i += 2) {
    a[i] = _mm256_unpacklo_ps (v[i], v[i + 1]);
    a[i + 1] = _mm256_unpackhi_ps (v[i], v[i + 1]);
  }
  UNROLL (2)
  for (int i = 0; i < VW; i += 4) {
    b[i] = _mm256_shuffle_ps (a[i], a[i + 2], 0x44);
    b[i + 1] = _mm256_shuffle_ps (a[i], a[i + 2], 0xee);
    b[i + 2] = _mm256_shuffle_ps (a[i + 1], a[i + 3], 0x44);
    b[i + 3] = _mm256_shuffle_ps (a[i + 1], a[i + 3], 0xee);
  }
  UNROLL (4)
  for (int j = 0; j < 4; j++) {
    v[j] = _mm256_permute2f128_ps (b[j], b[4 + j], 0x20);
    v[4 + j] = _mm256_permute2f128_ps (b[j], b[4 + j], 0x31);
  }
}

#else

ALWAYS_INLINE void
transpose (vf v[VW])
{
  vf a = __builtin_shufflevector (v[0], v[1], 0, 4, 1, 5),
     b = __builtin_shufflevector (v[0], v[1], 2, 6, 3, 7);
  vf c = __builtin_shufflevector (v[2], v[3], 0, 4, 1, 5),
     d = __builtin_shufflevector (v[2], v[3], 2, 6, 3, 7);

  v[0] = __builtin_shufflevector (a, c, 0, 1, 4, 5);
  v[1] = __builtin_shufflevector (a, c, 2, 3, 6, 7);
  v[2] = __builtin_shufflevector (b, d, 0, 1, 4, 5);
  v[3] = __builtin_shufflevector (b, d, 2, 3, 6, 7);
}

#endif
