/* quant.c: quantised weights, made and read back; see krn-quant.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure functions on any thread; they belong to no device. */
#include "kernels/krn-quant.h"

#include "kernels/cpu/half.h"
#include "kernels/cpu/isa/isa.h"

#include <string.h>

#define SCALE_BYTES   (2 * KRN_TILE_ROWS)
#define Q8_TILE_BYTES (SCALE_BYTES + KRN_TILE_ROWS * KRN_TILE_COLS)
#define Q4_TILE_BYTES (SCALE_BYTES + KRN_TILE_ROWS * KRN_TILE_COLS / 2)

static size_t
tile_bytes (KrnType type)
{
  return type == KRN_Q8 ? Q8_TILE_BYTES : type == KRN_Q4 ? Q4_TILE_BYTES : 0;
}

size_t
krn_quant_bytes (KrnType type, int32_t rows, int32_t cols)
{
  size_t bytes, row_tiles;

  if (rows <= 0 || cols <= 0 || cols % KRN_TILE_COLS != 0)
    return 0;
  row_tiles = ((size_t)rows + KRN_TILE_ROWS - 1) / KRN_TILE_ROWS;
  if (__builtin_mul_overflow (row_tiles, (size_t)(cols / KRN_TILE_COLS), &bytes) ||
      __builtin_mul_overflow (bytes, tile_bytes (type), &bytes))
    return 0;
  return bytes;
}

void
krn_quantise (KrnType         type,
              void           *dst,
              const uint16_t *src,
              int32_t         rows,
              int32_t         cols,
              int32_t         tile_begin,
              int32_t         tile_end)
{
  char          ignored[1];
  const KrnIsa *isa = krn_isa_choose (ignored, sizeof ignored);
  int           n_blocks = cols / KRN_TILE_COLS;
  size_t        size = tile_bytes (type);
  uint8_t      *tile = (uint8_t *)dst + (size_t)tile_begin * (size_t)n_blocks * size;

  if (!isa)
    isa = &krn_c_table;
  for (int32_t t = tile_begin; t < tile_end; t++) {
    int32_t         row = t * KRN_TILE_ROWS;
    int             n = rows - row < KRN_TILE_ROWS ? rows - row : KRN_TILE_ROWS;
    const uint16_t *block = src + (size_t)row * (size_t)cols;

    for (int b = 0; b < n_blocks; b++, tile += size, block += KRN_TILE_COLS)
      isa->quantise_tile (type, tile, block, (size_t)cols, n);
  }
}

void
krn_pack_tile (KrnType        type,
               void          *tile,
               const uint16_t scales[KRN_TILE_ROWS],
               const int8_t   q[KRN_TILE_ROWS][KRN_TILE_COLS])
{
  uint8_t *data = (uint8_t *)tile + SCALE_BYTES;

  memcpy (tile, scales, SCALE_BYTES);
  for (int r = 0; r < KRN_TILE_ROWS; r++)
    for (int g = 0; g < (type == KRN_Q8 ? 8 : 4); g++)
      for (int c = 0; c < 4; c++) {
        const int8_t *code = type == KRN_Q8 ? &q[r][4 * g + c] : &q[r][8 * g + c];

        data[g * 64 + 4 * r + c] =
            (uint8_t)(type == KRN_Q8 ? code[0] + 128 : (code[0] + 8) | (code[4] + 8) << 4);
      }
}

void
krn_dequantise_row (KrnType     type,
                    float      *dst,
                    const void *src,
                    int32_t     rows,
                    int32_t     cols,
                    int32_t     row)
{
  int            n_blocks = cols / KRN_TILE_COLS;
  size_t         size = tile_bytes (type);
  int            r = row % KRN_TILE_ROWS;
  const uint8_t *tile =
      (const uint8_t *)src + (size_t)(row / KRN_TILE_ROWS) * (size_t)n_blocks * size;

  for (int b = 0; b < n_blocks; b++, tile += size, dst += KRN_TILE_COLS) {
    const uint8_t *data = tile + SCALE_BYTES + 4 * r;
    uint16_t       bits;
    float          scale;

    memcpy (&bits, tile + 2 * r, sizeof bits);
    scale = krn_float_from_f16 (bits);
    for (int c = 0; c < KRN_TILE_COLS; c++) {
      int q = type == KRN_Q8 ? data[(c / 4) * 64 + c % 4] - 128
                             : (data[(c / 8) * 64 + c % 4] >> (c % 8 / 4 * 4) & 15) - 8;

      dst[c] = scale * (float)q;
    }
  }
}
