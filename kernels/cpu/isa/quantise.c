/* quantise.c: one tile of quantised weights from BF16.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The scale is rounded to F16 first and the weights are rounded against what is stored, so that no
 * error is added by the scale's own rounding. */
#include <float.h>
#include <math.h>

#include "kernels/cpu/isa/inner.h"

#define VECTORS (KRN_TILE_COLS / VW)

typedef struct {
  vf v[VECTORS];
} Row;

/* Not a number becomes 0 and infinity the largest finite value: a damaged weight damages only
 * itself. */
static Row
repair (Row w)
{
  float x[KRN_TILE_COLS];

  memcpy (x, w.v, sizeof x);
  for (int c = 0; c < KRN_TILE_COLS; c++)
    x[c] = isnan (x[c]) ? 0.0f : fminf (fmaxf (x[c], -FLT_MAX), FLT_MAX);
  memcpy (w.v, x, sizeof x);
  return w;
}

static Row
load_row (const uint16_t *src)
{
  vf  zero = vf_set1 (0.0f);
  Row w;

  for (int i = 0; i < VECTORS; i++) {
    w.v[i] = vf_load_bf16 (src + i * VW);
    zero = vf_fma (w.v[i], vf_set1 (0.0f), zero); /* infinite · 0 is not a number */
  }
  return vf_sum (zero) == 0.0f ? w : repair (w);
}

/* q = round (w / scale), kept within low…high; the squared error. */
static float
round_row (Row *q, const Row *w, uint16_t scale, float low, float high)
{
  float s = krn_float_from_f16 (scale);
  vf    inverse = vf_set1 (s != 0.0f ? 1.0f / s : 0.0f);
  vf    error = vf_set1 (0.0f);

  for (int i = 0; i < VECTORS; i++) {
    vf x = vf_min (vf_max (w->v[i] * inverse, vf_set1 (low)), vf_set1 (high));
    vf difference;

    q->v[i] = vf_round (x);
    difference = w->v[i] - q->v[i] * s;
    error = vf_fma (difference, difference, error);
  }
  return vf_sum (error);
}

/* The value of largest magnitude, with its sign. */
static float
find_most (const Row *w)
{
  vf    high = w->v[0], low = high;
  float most, least;

  for (int i = 1; i < VECTORS; i++) {
    high = vf_max (w->v[i], high);
    low = vf_min (w->v[i], low);
  }
  most = vf_hmax (high);
  least = -vf_hmax (-low);
  return most >= -least ? most : least;
}

/* A scale with which `most` is `levels` steps.  Tiny scales are coarse in F16: one that would cut
 * off the largest weight is taken a step larger. */
static uint16_t
choose_scale (float most, float levels)
{
  uint16_t scale = krn_f16_from_float (most / levels);

  if (fabsf (most) > (fabsf (levels) + 0.5f) * fabsf (krn_float_from_f16 (scale)) &&
      (scale & 0x7fff) < 0x7bff)
    scale++;
  return scale;
}

static uint16_t
quantise_q8 (uint8_t *data, const Row *w)
{
  uint16_t scale = choose_scale (fabsf (find_most (w)), 127.0f);
  int8_t   q[KRN_TILE_COLS];
  Row      row;

  round_row (&row, w, scale, -127.0f, 127.0f);
  for (int i = 0; i < VECTORS; i++)
    vf_store_int8 (q + i * VW, row.v[i]);
  for (int g = 0; g < KRN_TILE_COLS / 4; g++)
    for (int c = 0; c < 4; c++)
      data[g * 64 + c] = (uint8_t)(q[4 * g + c] + 128);
  return scale;
}

/* Two scales are tried: one that puts the largest magnitude at ±7, and one that puts it at −8. */
static uint16_t
quantise_q4 (uint8_t *data, const Row *w)
{
  float    most = find_most (w);
  uint16_t even = choose_scale (fabsf (most), 7.0f), wide = choose_scale (most, -8.0f);
  int8_t   q[KRN_TILE_COLS];
  Row      even_row, wide_row;
  float    even_error = round_row (&even_row, w, even, -8.0f, 7.0f);
  float    wide_error = round_row (&wide_row, w, wide, -8.0f, 7.0f);
  bool     is_wide = wide_error < even_error;

  for (int i = 0; i < VECTORS; i++)
    vf_store_int8 (q + i * VW, is_wide ? wide_row.v[i] : even_row.v[i]);
  for (int g = 0; g < KRN_TILE_COLS / 8; g++)
    for (int c = 0; c < 4; c++)
      data[g * 64 + c] = (uint8_t)((q[8 * g + c] + 8) | (q[8 * g + 4 + c] + 8) << 4);
  return is_wide ? wide : even;
}

void
ISA (quantise_tile) (KrnType type, uint8_t *tile, const uint16_t *src, size_t stride, int rows)
{
  for (int r = 0; r < KRN_TILE_ROWS; r++) {
    uint8_t *data = tile + 2 * KRN_TILE_ROWS + 4 * r;
    Row      w = {0};
    uint16_t scale;

    if (r < rows)
      w = load_row (src + (size_t)r * stride);
    scale = type == KRN_Q8 ? quantise_q8 (data, &w) : quantise_q4 (data, &w);
    memcpy (tile + 2 * r, &scale, sizeof scale);
  }
}
