/* krn-quant.h: the block formats of quantised weights, and how to make and read them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Both formats cut a matrix (rows, cols) into tiles of 16 rows × 32 columns; cols is a multiple of 32,
 * rows are padded with zeros to a multiple of 16.  Tiles lie row-tile by row-tile: all tiles of rows
 * 0…15 from left to right, then those of rows 16…31.  Within a tile every row has one scale s in F16,
 * so that w = s · q:
 *
 *   Q8 tile, 544 bytes:  16 F16 scales, then 8 groups of 4 columns; a group is 16 rows × 4 bytes,
 *                        byte (g, r, c) = q + 128, q = round (w / s) in −127…127, s = max |w| / 127.
 *   Q4 tile, 288 bytes:  16 F16 scales, then 4 groups of 8 columns; a group is 16 rows × 4 bytes,
 *                        byte (g, r, c): low nibble column 8g + c, high nibble column 8g + 4 + c, c < 4;
 *                        nibble = q + 8, q = round (w / s) in −8…7 with |s| = max |w| / 7 or the
 *                        signed variant w_max / −8, whichever has the smaller squared error.
 *
 * The order suits a 16-lane dot-product instruction (4 unsigned weights × 4 signed activations per lane, one
 * row per lane): one activation quad is broadcast, and a whole column of scales is one load.
 */
#pragma once

#include "krn.h"

#define KRN_TILE_ROWS 16
#define KRN_TILE_COLS 32

/* Bytes of a quantised matrix; 0 if cols is not a multiple of 32 or the product overflows. */
size_t krn_quant_bytes (KrnType type, int32_t rows, int32_t cols);

/* Quantises row tiles [tile_begin, tile_end) of src, BF16 (rows, cols) row-major, into dst.  Thread safe for
 * disjoint tiles. */
void krn_quantise (KrnType type, void *dst, const uint16_t *src, int32_t rows, int32_t cols, int32_t tile_begin, int32_t tile_end);

/* Writes one tile of scales (F16) and codes that are there already: q in −127…127 or −8…7. */
void krn_pack_tile (KrnType type, void *tile, const uint16_t scales[KRN_TILE_ROWS], const int8_t q[KRN_TILE_ROWS][KRN_TILE_COLS]);

/* One row back to F32. */
void krn_dequantise_row (KrnType type, float *dst, const void *src, int32_t rows, int32_t cols, int32_t row);
