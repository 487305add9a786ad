/* lanes.h: sixteen whole-number sums, one for each row of a quantised tile.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A quad is 4 columns: 16 rows × 4 weights in 64 bytes, against 4 activations that all rows share.  Weights come as the tile
 * has them, q + 128 or q + 8; what lanes_start () is given, the sum of the block's activations, takes the offset out.  Every
 * instruction set arrives at the same whole numbers. */
#pragma once

#include "kernels/cpu/isa/simd.h"

#define TILE_SCALE_BYTES 32
#define QUAD_BYTES       64

#if VW == 16

typedef __m512i Lanes;
typedef __m512i Quad;

/* Eight-bit weights. */
ALWAYS_INLINE Quad
quad_load (const uint8_t *p)
{
  return _mm512_loadu_si512 (p);
}

/* Four-bit weights: two quads in 64 bytes, low nibbles first. */
ALWAYS_INLINE Quad
quad_low (const uint8_t *p)
{
  return _mm512_and_si512 (_mm512_loadu_si512 (p), _mm512_set1_epi8 (15));
}

ALWAYS_INLINE Quad
quad_high (const uint8_t *p)
{
  return _mm512_and_si512 (_mm512_srli_epi16 (_mm512_loadu_si512 (p), 4), _mm512_set1_epi8 (15));
}

ALWAYS_INLINE Lanes
lanes_start (int32_t sum, int offset)
{
  return _mm512_set1_epi32 (-offset * sum);
}

/* bits is 8 or 4: how large a weight can be. */
ALWAYS_INLINE Lanes
lanes_dot (Lanes s, Quad w, int32_t activations, int bits)
{
  return _mm512_dpbusd_epi32 (s, w, _mm512_set1_epi32 (activations));
}

#elif VW == 8

typedef struct {
  __m256i v[2];
} Lanes, Quad;

/* Without the offset: the multiplication below wants signed weights. */
ALWAYS_INLINE Quad
quad_load (const uint8_t *p)
{
  const __m256i offset = _mm256_set1_epi8 ((char) 0x80);
  Quad          w;

  for (int i = 0; i < 2; i++)
    w.v[i] = _mm256_xor_si256 (_mm256_loadu_si256 ((const __m256i *) (p + 32 * i)), offset);
  return w;
}

ALWAYS_INLINE Quad
quad_low (const uint8_t *p)
{
  Quad w;

  for (int i = 0; i < 2; i++)
    w.v[i] = _mm256_and_si256 (_mm256_loadu_si256 ((const __m256i *) (p + 32 * i)),
                               _mm256_set1_epi8 (15));
  return w;
}

ALWAYS_INLINE Quad
quad_high (const uint8_t *p)
{
  Quad w;

  for (int i = 0; i < 2; i++)
    w.v[i] = _mm256_and_si256 (
        _mm256_srli_epi16 (_mm256_loadu_si256 ((const __m256i *) (p + 32 * i)), 4),
        _mm256_set1_epi8 (15));
  return w;
}

ALWAYS_INLINE Lanes
lanes_start (int32_t sum, int offset)
{
  __m256i x = _mm256_set1_epi32 (offset == 8 ? -8 * sum : 0);

  return (Lanes){{x, x}};
}

/* vpmaddubsw wants unsigned times signed and saturates at 16 bits: |w| · (±a) is at most 2 · 128 · 127. */
ALWAYS_INLINE Lanes
lanes_dot (Lanes s, Quad w, int32_t activations, int bits)
{
  const __m256i one = _mm256_set1_epi16 (1);
  __m256i       a = _mm256_set1_epi32 (activations);

  for (int i = 0; i < 2; i++) {
    __m256i pairs = bits == 8 ? _mm256_maddubs_epi16 (_mm256_abs_epi8 (w.v[i]), _mm256_sign_epi8 (a, w.v[i]))
                              : _mm256_maddubs_epi16 (w.v[i], a);

    s.v[i] = _mm256_add_epi32 (s.v[i], _mm256_madd_epi16 (pairs, one));
  }
  return s;
}

#else

typedef struct {
  int32_t v[16];
} Lanes;

typedef struct {
  int16_t v[64];
} Quad;

ALWAYS_INLINE Quad
quad_load (const uint8_t *p)
{
  Quad w;

  for (int i = 0; i < 64; i++)
    w.v[i] = p[i];
  return w;
}

ALWAYS_INLINE Quad
quad_low (const uint8_t *p)
{
  Quad w;

  for (int i = 0; i < 64; i++)
    w.v[i] = p[i] & 15;
  return w;
}

ALWAYS_INLINE Quad
quad_high (const uint8_t *p)
{
  Quad w;

  for (int i = 0; i < 64; i++)
    w.v[i] = p[i] >> 4;
  return w;
}

ALWAYS_INLINE Lanes
lanes_start (int32_t sum, int offset)
{
  Lanes s;

  for (int i = 0; i < 16; i++)
    s.v[i] = -offset * sum;
  return s;
}

ALWAYS_INLINE Lanes
lanes_dot (Lanes s, Quad w, int32_t activations, int bits)
{
  int8_t a[4];

  memcpy (a, &activations, sizeof a);
  for (int i = 0; i < 16; i++)
    s.v[i] += w.v[4 * i] * a[0] + w.v[4 * i + 1] * a[1] + w.v[4 * i + 2] * a[2] + w.v[4 * i + 3] * a[3];
  return s;
}

#endif

/* The scales of a tile, and sums as floats: vector i of 16 / VW. */
ALWAYS_INLINE vf
tile_scales (const uint8_t *tile, int i)
{
#if VW == 16
  return _mm512_cvtph_ps (_mm256_loadu_si256 ((const __m256i *) tile));
#elif VW == 8
  return _mm256_cvtph_ps (_mm_loadu_si128 ((const __m128i *) (tile + 16 * i)));
#else
  float    s[VW];
  uint16_t bits[VW];

  memcpy (bits, tile + 2 * VW * i, sizeof bits);
  for (int j = 0; j < VW; j++)
    s[j] = krn_float_from_f16 (bits[j]);
  return vf_load (s);
#endif
}

ALWAYS_INLINE vf
lanes_float (Lanes s, int i)
{
#if VW == 16
  return _mm512_cvtepi32_ps (s);
#elif VW == 8
  return _mm256_cvtepi32_ps (s.v[i]);
#else
  vi part;

  memcpy (&part, s.v + VW * i, sizeof part);
  return __builtin_convertvector (part, vf);
#endif
}
