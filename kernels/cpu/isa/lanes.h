/* lanes.h: sixteen whole-number sums, one for each row of a quantised tile.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A quad is 4 columns: 16 rows × 4 weights in 64 bytes, against 4 activations that all rows share.
 * Weights come as the tile has them, q + 128 or q + 8; the correction, −8 times the sum of the
 * block's activations, takes the offset out, at the start or at the end of the 8 quads of a block.
 * Every instruction set arrives at the same whole numbers.  bits is 8 or 4: how large a weight can
 * be. */
#pragma once

#include "kernels/cpu/isa/simd.h"
#include "kernels/krn-quant.h"

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
lanes_start (const int32_t *correction, int bits)
{
  __m512i x = _mm512_set1_epi32 (*correction);

  return bits == 8 ? _mm512_slli_epi32 (x, 4) : x;
}

ALWAYS_INLINE Lanes
lanes_dot (Lanes s, Quad w, int32_t activations, int bits, int n_rows)
{
  return _mm512_dpbusd_epi32 (s, w, _mm512_set1_epi32 (activations));
}

ALWAYS_INLINE Lanes
lanes_finish (Lanes s, const int32_t *correction, int bits)
{
  return s;
}

#elif VW == 8

typedef struct {
  __m256i v[2];
} Lanes, Quad;

/* Without the offset: the multiplication below wants signed weights. */
ALWAYS_INLINE Quad
quad_load (const uint8_t *p)
{
  const __m256i offset = _mm256_set1_epi8 ((char)0x80);
  Quad          w;

  for (int i = 0; i < 2; i++)
    w.v[i] = _mm256_xor_si256 (_mm256_loadu_si256 ((const __m256i *)(p + 32 * i)), offset);
  return w;
}

ALWAYS_INLINE Quad
quad_low (const uint8_t *p)
{
  Quad w;

  for (int i = 0; i < 2; i++)
    w.v[i] = _mm256_and_si256 (_mm256_loadu_si256 ((const __m256i *)(p + 32 * i)),
                               _mm256_set1_epi8 (15));
  return w;
}

ALWAYS_INLINE Quad
quad_high (const uint8_t *p)
{
  Quad w;

  for (int i = 0; i < 2; i++)
    w.v[i] =
        _mm256_and_si256 (_mm256_srli_epi16 (_mm256_loadu_si256 ((const __m256i *)(p + 32 * i)), 4),
                          _mm256_set1_epi8 (15));
  return w;
}

ALWAYS_INLINE Lanes
lanes_start (const int32_t *correction, int bits)
{
  return (Lanes){{_mm256_setzero_si256 (), _mm256_setzero_si256 ()}};
}

/* vpmaddubsw multiplies unsigned by signed and saturates at 16 bits.  Eight-bit weights, which are
 * never −128, go in as |a| · ±w, where |a| serves two vectors of weights, or, with several rows of
 * activations, as |w| · ±a, where |w| serves all rows: at most 2 · 127 · 127.  Four-bit weights
 * make at most 2 · 15 · 127, so that all 8 quads of a block fit 16-bit sums. */
ALWAYS_INLINE Lanes
lanes_dot (Lanes s, Quad w, int32_t activations, int bits, int n_rows)
{
  const __m256i one = _mm256_set1_epi16 (1);
  __m256i       a = _mm256_set1_epi32 (activations);

  for (int i = 0; i < 2; i++) {
    if (bits == 8) {
      __m256i pairs =
          n_rows == 1
              ? _mm256_maddubs_epi16 (_mm256_abs_epi8 (a), _mm256_sign_epi8 (w.v[i], a))
              : _mm256_maddubs_epi16 (_mm256_abs_epi8 (w.v[i]), _mm256_sign_epi8 (a, w.v[i]));

      s.v[i] = _mm256_add_epi32 (s.v[i], _mm256_madd_epi16 (pairs, one));
    } else {
      s.v[i] = _mm256_add_epi16 (s.v[i], _mm256_maddubs_epi16 (w.v[i], a));
    }
  }
  return s;
}

ALWAYS_INLINE Lanes
lanes_finish (Lanes s, const int32_t *correction, int bits)
{
  const __m256i one = _mm256_set1_epi16 (1);

  for (int i = 0; i < 2 && bits == 4; i++)
    s.v[i] = _mm256_add_epi32 (_mm256_madd_epi16 (s.v[i], one), _mm256_set1_epi32 (*correction));
  return s;
}

#else

/* Whole numbers of this size are exact in floats, which every machine multiplies fast. */
typedef struct {
  vf v[KRN_TILE_ROWS / VW];
} Lanes;

typedef struct {
  vf v[4][KRN_TILE_ROWS / VW]; /* by column */
} Quad;

/* The four bytes of every row, one column to a vector; first shifted, then masked. */
ALWAYS_INLINE Quad
quad_spread (const uint8_t *p, int shift, int mask)
{
  Quad w;

  for (int i = 0; i < KRN_TILE_ROWS / VW; i++) {
    vi x;

    memcpy (&x, p + 4 * VW * i, sizeof x);
    for (int c = 0; c < 4; c++) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
      int byte = 8 * c;
#else
      int byte = 24 - 8 * c;
#endif
      w.v[c][i] = __builtin_convertvector((x >> (byte + shift)) & mask, vf);
    }
  }
  return w;
}

ALWAYS_INLINE Quad
quad_load (const uint8_t *p)
{
  return quad_spread (p, 0, 255);
}

ALWAYS_INLINE Quad
quad_low (const uint8_t *p)
{
  return quad_spread (p, 0, 15);
}

ALWAYS_INLINE Quad
quad_high (const uint8_t *p)
{
  return quad_spread (p, 4, 15);
}

ALWAYS_INLINE Lanes
lanes_start (const int32_t *correction, int bits)
{
  vf    x = vf_set1 ((float)(*correction * (bits == 8 ? 16 : 1)));
  Lanes s;

  for (int i = 0; i < KRN_TILE_ROWS / VW; i++)
    s.v[i] = x;
  return s;
}

ALWAYS_INLINE Lanes
lanes_dot (Lanes s, Quad w, int32_t activations, int bits, int n_rows)
{
  int8_t a[4];

  memcpy (a, &activations, sizeof a);
  for (int c = 0; c < 4; c++)
    for (int i = 0; i < KRN_TILE_ROWS / VW; i++)
      s.v[i] = vf_fma (w.v[c][i], vf_set1 (a[c]), s.v[i]);
  return s;
}

ALWAYS_INLINE Lanes
lanes_finish (Lanes s, const int32_t *correction, int bits)
{
  return s;
}

#endif

/* The scales of a tile, and sums as floats: vector i of 16 / VW. */
ALWAYS_INLINE vf
tile_scales (const uint8_t *tile, int i)
{
#if VW == 16
  return _mm512_cvtph_ps (_mm256_loadu_si256 ((const __m256i *)tile));
#elif VW == 8
  return _mm256_cvtph_ps (_mm_loadu_si128 ((const __m128i *)(tile + 16 * i)));
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
  return s.v[i];
#endif
}
