/* quantise.c: one tile of quantised weights from BF16.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The scale is rounded to F16 first and the weights are rounded against what is stored, so that no error is
 * added by the scale's own rounding. */
#include <math.h>

#include "kernels/cpu/isa/inner.h"

/* Not a number becomes 0 and infinity the largest finite value: a damaged weight damages only itself. */
static float
finite_weight (uint16_t bits)
{
  float w = krn_float_from_bf16 (bits);

  if (isnan (w))
    return 0.0f;
  return fminf (fmaxf (w, -0x1.fep127f), 0x1.fep127f);
}

/* q = round (w / scale), kept within low…high; the squared error. */
static float
quantise_block (int8_t q[KRN_TILE_COLS], const float w[KRN_TILE_COLS], uint16_t scale, float low, float high)
{
  float s = krn_float_from_f16 (scale);
  float inverse = s != 0.0f ? 1.0f / s : 0.0f;
  float error = 0.0f;

  for (int c = 0; c < KRN_TILE_COLS; c++) {
    float v = fminf (fmaxf (rintf (w[c] * inverse), low), high);
    float difference = w[c] - v * s;

    q[c] = (int8_t) v;
    error += difference * difference;
  }
  return error;
}

static void
quantise_row (KrnType type, uint8_t *tile, int r, const float w[KRN_TILE_COLS])
{
  float    most = 0.0f; /* the weight of largest magnitude, with its sign */
  uint8_t *data = tile + 2 * KRN_TILE_ROWS + 4 * r;
  int8_t   q[KRN_TILE_COLS], other[KRN_TILE_COLS];
  uint16_t scale;

  for (int c = 0; c < KRN_TILE_COLS; c++)
    if (fabsf (w[c]) > fabsf (most))
      most = w[c];

  if (type == KRN_Q8) {
    scale = krn_f16_from_float (fabsf (most) / 127.0f);
    quantise_block (q, w, scale, -127.0f, 127.0f);
    for (int c = 0; c < KRN_TILE_COLS; c++)
      data[(c / 4) * 64 + c % 4] = (uint8_t) (q[c] + 128);
  } else {
    uint16_t even = krn_f16_from_float (fabsf (most) / 7.0f);
    uint16_t wide = krn_f16_from_float (most / -8.0f);
    float    even_error = quantise_block (q, w, even, -8.0f, 7.0f);
    float    wide_error = quantise_block (other, w, wide, -8.0f, 7.0f);
    int8_t  *best = wide_error < even_error ? other : q;

    scale = wide_error < even_error ? wide : even;
    for (int g = 0; g < 4; g++)
      for (int c = 0; c < 4; c++)
        data[g * 64 + c] = (uint8_t) ((best[8 * g + c] + 8) | (best[8 * g + 4 + c] + 8) << 4);
  }
  memcpy (tile + 2 * r, &scale, sizeof scale);
}

void
ISA (quantise_tile) (KrnType type, uint8_t *tile, const uint16_t *src, size_t stride, int rows)
{
  for (int r = 0; r < KRN_TILE_ROWS; r++) {
    float w[KRN_TILE_COLS] = {0};

    if (r < rows)
      for (int c = 0; c < KRN_TILE_COLS; c++)
        w[c] = finite_weight (src[(size_t) r * stride + (size_t) c]);
    quantise_row (type, tile, r, w);
  }
}
