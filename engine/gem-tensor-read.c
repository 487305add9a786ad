/* gem-tensor-read.c: the numbers of a tensor, in whatever form it is stored.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One function a form, each for a run of numbers that lies in one row and begins at a block; the
 * formulas are in gem-tensor.h.  Pure functions over checked bytes. */
#define G_LOG_DOMAIN "gem"

#include "gem-tensor.h"

#include "kernels/krn-quant.h"

#include <math.h>
#include <string.h>

#define GROUP 32  /* numbers with one scale of their own */
#define CHUNK 256 /* the largest block: what is converted at a time */

/* ---- elements ---- */

static guint16
read_u16 (const guint8 *p)
{
  return (guint16)(p[0] | p[1] << 8);
}

static float
float_from_bits (guint32 bits)
{
  float x;

  memcpy (&x, &bits, sizeof x);
  return x;
}

static float
read_f32 (const guint8 *p)
{
  return float_from_bits ((guint32)read_u16 (p) | (guint32)read_u16 (p + 2) << 16);
}

static float
read_bf16 (const guint8 *p)
{
  return float_from_bits ((guint32)read_u16 (p) << 16);
}

static float
float_from_f16 (guint16 x)
{
  guint32 sign = (guint32)(x & 0x8000) << 16, exponent = x >> 10 & 31, fraction = x & 0x3ff;
  float   magnitude;

  if (exponent == 0)
    magnitude = (float)fraction * 0x1p-24f;
  else
    magnitude = float_from_bits ((exponent == 31 ? 255 : exponent + 112) << 23 | fraction << 13);
  return sign != 0 ? -magnitude : magnitude;
}

static float
read_f16 (const guint8 *p)
{
  return float_from_f16 (read_u16 (p));
}

/* The F16 that is @x; FALSE if there is none. */
static gboolean
f16_from_float (float x, guint16 *out)
{
  guint32 bits, magnitude;

  memcpy (&bits, &x, sizeof bits);
  magnitude = bits & 0x7fffffff;
  if (magnitude < 0x38800000) { /* 2^−14: a multiple of 2^−24, or none */
    float units = float_from_bits (magnitude) * 0x1p24f;

    *out = (guint16)units;
    if ((float)*out != units)
      return FALSE;
  } else if (magnitude < 0x47800000 && (magnitude & 0x1fff) == 0) /* 2^16, and 10 bits */
    *out = (guint16)((magnitude - 0x38000000) >> 13);
  else
    return FALSE;
  *out |= (guint16)(bits >> 16 & 0x8000);
  return TRUE;
}

/* Four bits of exponent, three of fraction; no infinities, and one NaN of each sign. */
static float
float_from_f8_e4m3 (guint8 x)
{
  int   exponent = x >> 3 & 15, fraction = x & 7;
  float magnitude;

  if ((x & 0x7f) == 0x7f)
    magnitude = NAN;
  else if (exponent == 0)
    magnitude = (float)fraction * 0x1p-9f;
  else
    magnitude = float_from_bits ((guint32)(exponent + 120) << 23 | (guint32)fraction << 20);
  return x & 0x80 ? -magnitude : magnitude;
}

static guint16
bf16_from_float (float x)
{
  guint32 bits;

  memcpy (&bits, &x, sizeof bits);
  if ((bits & 0x7fffffff) > 0x7f800000)
    return 0x7fc0; /* rounding could turn a NaN into an infinity */
  return (guint16)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* ---- scales beside the tensor ---- */

static float
read_scale (const GemTensor *scales, gsize i)
{
  switch (scales->dtype) {
  case GEM_DTYPE_BF16:
    return read_bf16 (scales->data + 2 * i);
  case GEM_DTYPE_F16:
    return read_f16 (scales->data + 2 * i);
  default:
    return read_f32 (scales->data + 4 * i);
  }
}

static gsize
columns (const GemTensor *self)
{
  return self->n_dims > 0 ? (gsize)self->shape[self->n_dims - 1] : 1;
}

static gsize
count_scales (const GemTensor *scales)
{
  return scales->n_bytes / gem_dtype_get_size (scales->dtype);
}

/* Of a row of F8: its own, or the one for all. */
static float
find_row_scale (const GemTensor *self, gsize row)
{
  return read_scale (self->scales, count_scales (self->scales) == 1 ? 0 : row);
}

/* ---- blocks ---- */

static void
read_q4_0 (const guint8 *block, float *numbers)
{
  float d = read_f16 (block);

  for (int i = 0; i < 16; i++) {
    numbers[i] = d * (float)((block[2 + i] & 15) - 8);
    numbers[16 + i] = d * (float)((block[2 + i] >> 4) - 8);
  }
}

static void
read_q8_0 (const guint8 *block, float *numbers)
{
  float d = read_f16 (block);

  for (int i = 0; i < 32; i++)
    numbers[i] = d * (float)(gint8)block[2 + i];
}

/* Eight scales and eight minima of 6 bits in 12 bytes: the first four of each in the low bits of
 * bytes 0…3 and 4…7; of the others, 4 bits in a nibble of bytes 8…11 and 2 in what is free above.
 */
static void
unpack_scales (const guint8 *p, int i, int *scale, int *minimum)
{
  if (i < 4) {
    *scale = p[i] & 63;
    *minimum = p[i + 4] & 63;
  } else {
    *scale = (p[i + 4] & 15) | p[i - 4] >> 6 << 4;
    *minimum = p[i + 4] >> 4 | p[i] >> 6 << 4;
  }
}

/* d, dmin, the scales, then 4 × 32 bytes, each with two groups: one in the low nibbles, the next in
 * the high ones. */
static void
read_q4_k (const guint8 *block, float *numbers)
{
  float         d = read_f16 (block), d_minimum = read_f16 (block + 2);
  const guint8 *codes = block + 16;

  for (int i = 0; i < 8; i++, numbers += 32) {
    int   scale, minimum;
    float step, base;

    unpack_scales (block + 4, i, &scale, &minimum);
    step = d * (float)scale;
    base = d_minimum * (float)minimum;
    for (int j = 0; j < 32; j++)
      numbers[j] = step * (float)(codes[i / 2 * 32 + j] >> i % 2 * 4 & 15) - base;
  }
}

/* 128 bytes with the low nibbles, 64 with the two bits above, 16 scales, d.  In each half of the
 * block, four groups of 32 share 64 and 32 of these bytes. */
static void
read_q6_k (const guint8 *block, float *numbers)
{
  float d = read_f16 (block + 208);

  for (int i = 0; i < 8; i++, numbers += 32) {
    const guint8 *low = block + i / 4 * 64 + i % 2 * 32, *high = block + 128 + i / 4 * 32;
    const guint8 *scales = block + 192 + 2 * i;

    for (int j = 0; j < 32; j++) {
      int q = (low[j] >> i % 4 / 2 * 4 & 15) | (high[j] >> i % 4 * 2 & 3) << 4;

      numbers[j] = d * (float)(gint8)scales[j / 16] * (float)(q - 32);
    }
  }
}

/* 16 bytes with the codes of a group. */
static void
read_packed4 (const guint8 *codes, float scale, float *numbers)
{
  for (int i = 0; i < GROUP; i++)
    numbers[i] = scale * (float)((codes[i / 2] >> i % 2 * 4 & 15) - 8);
}

/* ---- rows ---- */

gboolean
gem_tensor_has_numbers (const GemTensor *self)
{
  switch (self->dtype) {
  case GEM_DTYPE_F32:
  case GEM_DTYPE_BF16:
  case GEM_DTYPE_F16:
  case GEM_DTYPE_Q4_0:
  case GEM_DTYPE_Q8_0:
  case GEM_DTYPE_Q4_K:
  case GEM_DTYPE_Q6_K:
    return TRUE;
  case GEM_DTYPE_F8_E4M3:
  case GEM_DTYPE_PACKED4:
    return self->scales != NULL;
  default:
    return FALSE;
  }
}

/* @n numbers of @row from @column on, which begin with a block and end with one. */
static void
read_run (const GemTensor *self, gsize row, gsize column, gsize n, float *numbers)
{
  static void (*const read_block[]) (const guint8 *, float *) = {
      [GEM_DTYPE_Q4_0] = read_q4_0,
      [GEM_DTYPE_Q8_0] = read_q8_0,
      [GEM_DTYPE_Q4_K] = read_q4_k,
      [GEM_DTYPE_Q6_K] = read_q6_k,
  };
  gsize         first = row * columns (self) + column;
  gsize         size = gem_dtype_get_size (self->dtype), block = gem_dtype_get_block (self->dtype);
  const guint8 *p = self->data + first / block * size;
  float         scale;

  switch (self->dtype) {
  case GEM_DTYPE_F32:
    for (gsize i = 0; i < n; i++)
      numbers[i] = read_f32 (p + 4 * i);
    break;
  case GEM_DTYPE_BF16:
    for (gsize i = 0; i < n; i++)
      numbers[i] = read_bf16 (p + 2 * i);
    break;
  case GEM_DTYPE_F16:
    for (gsize i = 0; i < n; i++)
      numbers[i] = read_f16 (p + 2 * i);
    break;
  case GEM_DTYPE_F8_E4M3:
    scale = find_row_scale (self, row);
    for (gsize i = 0; i < n; i++)
      numbers[i] = scale * float_from_f8_e4m3 (p[i]);
    break;
  case GEM_DTYPE_PACKED4:
    for (gsize i = 0; i < n; i += GROUP, p += size)
      read_packed4 (p, read_scale (self->scales, (first + i) / GROUP), numbers + i);
    break;
  default:
    for (gsize i = 0; i < n; i += block, p += size)
      read_block[self->dtype](p, numbers + i);
    break;
  }
}

void
gem_tensor_read (const GemTensor *self, gsize row, gsize n_rows, float *numbers)
{
  gsize cols = columns (self);

  for (gsize r = 0; r < n_rows; r++)
    read_run (self, row + r, 0, cols, numbers + r * cols);
}

void
gem_tensor_read_bf16 (const GemTensor *self, gsize row, gsize n_rows, guint16 *numbers)
{
  gsize cols = columns (self);
  float part[CHUNK];

  if (self->dtype == GEM_DTYPE_BF16) {
    memcpy (numbers, self->data + 2 * row * cols, 2 * n_rows * cols);
    return;
  }
  for (gsize r = row; r < row + n_rows; r++)
    for (gsize column = 0; column < cols; column += CHUNK) {
      gsize n = MIN (CHUNK, cols - column);

      read_run (self, r, column, n, part);
      for (gsize i = 0; i < n; i++)
        *numbers++ = bf16_from_float (part[i]);
    }
}

/* ---- blocks of 32 with one scale, as they are ---- */

static gboolean
scales_are_f16 (const GemTensor *scales)
{
  gsize   n = count_scales (scales);
  guint16 ignored;

  for (gsize i = 0; i < n && scales->dtype != GEM_DTYPE_F16; i++)
    if (!f16_from_float (read_scale (scales, i), &ignored))
      return FALSE;
  return TRUE;
}

/* The kernels' codes are never −128, nor are those that GGUF's own quantiser makes. */
static gboolean
has_lowest_code (const GemTensor *self)
{
  for (gsize at = 0; at < self->n_bytes; at += 34)
    if (memchr (self->data + at + 2, 0x80, 32) != NULL)
      return TRUE;
  return FALSE;
}

KrnType
gem_tensor_get_block_type (const GemTensor *self)
{
  switch (self->dtype) {
  case GEM_DTYPE_Q4_0:
    return KRN_Q4;
  case GEM_DTYPE_Q8_0:
    return has_lowest_code (self) ? KRN_BF16 : KRN_Q8;
  case GEM_DTYPE_PACKED4:
    return scales_are_f16 (self->scales) ? KRN_Q4 : KRN_BF16;
  default:
    return KRN_BF16;
  }
}

/* The block that begins at @column of @row. */
static void
read_codes (const GemTensor *self, gsize row, gsize column, guint16 *scale, gint8 *codes)
{
  gsize         first = row * columns (self) + column;
  const guint8 *p = self->data + first / GROUP * gem_dtype_get_size (self->dtype);

  if (self->dtype == GEM_DTYPE_PACKED4) {
    gboolean ok = f16_from_float (read_scale (self->scales, first / GROUP), scale);

    g_assert (ok);
    for (int i = 0; i < GROUP; i++)
      codes[i] = (gint8)((p[i / 2] >> i % 2 * 4 & 15) - 8);
    return;
  }
  *scale = read_u16 (p);
  for (int i = 0; i < GROUP; i++)
    codes[i] = self->dtype == GEM_DTYPE_Q8_0 ? (gint8)p[2 + i]
                                             : (gint8)((p[2 + i % 16] >> i / 16 * 4 & 15) - 8);
}

void
gem_tensor_read_tiles (const GemTensor *self, gsize row, guint8 *tiles)
{
  KrnType type = self->dtype == GEM_DTYPE_Q8_0 ? KRN_Q8 : KRN_Q4;
  gsize   cols = columns (self), n_rows = self->n_dims > 1 ? (gsize)self->shape[0] : 1;
  gsize   size = krn_quant_bytes (type, KRN_TILE_ROWS, KRN_TILE_COLS);
  guint16 scales[KRN_TILE_ROWS];
  gint8   codes[KRN_TILE_ROWS][KRN_TILE_COLS];

  for (gsize column = 0; column < cols; column += KRN_TILE_COLS, tiles += size) {
    memset (scales, 0, sizeof scales);
    memset (codes, 0, sizeof codes);
    for (gsize r = 0; r < KRN_TILE_ROWS && row + r < n_rows; r++)
      read_codes (self, row + r, column, &scales[r], codes[r]);
    krn_pack_tile (type, tiles, scales, codes);
  }
}
