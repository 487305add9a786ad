/* half.h: the 16-bit floating-point formats, one value at a time.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * F16 holds the scales of quantised blocks, BF16 the weights of a checkpoint.  Pure functions. */
#pragma once

#include <stdint.h>
#include <string.h>

static inline float
krn_float_from_bits (uint32_t bits)
{
  float x;

  memcpy (&x, &bits, sizeof x);
  return x;
}

static inline uint32_t
krn_bits_from_float (float x)
{
  uint32_t bits;

  memcpy (&bits, &x, sizeof bits);
  return bits;
}

static inline float
krn_float_from_bf16 (uint16_t x)
{
  return krn_float_from_bits ((uint32_t)x << 16);
}

/* To nearest, ties to even; NaN stays NaN. */
static inline uint16_t
krn_bf16_from_float (float x)
{
  uint32_t bits = krn_bits_from_float (x);

  if ((bits & 0x7fffffffu) > 0x7f800000u)
    return (uint16_t)(bits >> 16 | 0x40);
  return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}

static inline float
krn_float_from_f16 (uint16_t x)
{
  uint32_t sign = (uint32_t)(x & 0x8000u) << 16;
  uint32_t exponent = x >> 10 & 0x1f;
  uint32_t fraction = x & 0x3ffu;
  float    magnitude;

  if (exponent == 0)
    magnitude = (float)fraction * 0x1p-24f;
  else if (exponent == 31)
    magnitude = krn_float_from_bits (0x7f800000u | fraction << 13);
  else
    magnitude = krn_float_from_bits ((exponent + 112) << 23 | fraction << 13);
  return krn_float_from_bits (krn_bits_from_float (magnitude) | sign);
}

/* To nearest, ties to even; beyond the range to the largest finite value.  x is not NaN. */
static inline uint16_t
krn_f16_from_float (float x)
{
  uint32_t bits = krn_bits_from_float (x);
  uint32_t sign = bits >> 16 & 0x8000u;
  float    magnitude = krn_float_from_bits (bits & 0x7fffffffu);

  if (magnitude >= 65504.0f)
    return (uint16_t)(sign | 0x7bffu);
  if (magnitude < 0x1p-14f) {
    /* Adding 0.5 puts the unit of a subnormal F16, 2^−24, at the last bit of the float. */
    return (uint16_t)(sign | (krn_bits_from_float (magnitude + 0.5f) - 0x3f000000u));
  }
  bits = krn_bits_from_float (magnitude);
  bits += 0xfffu + (bits >> 13 & 1);
  return (uint16_t)(sign | ((bits >> 13) - (112u << 10)));
}
