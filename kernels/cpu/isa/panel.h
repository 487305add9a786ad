/* panel.h: how many rows the register tiles hold, per instruction set.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The sums, and what they are made of at the moment, fill the register file: 32 vectors with
 * AVX-512, otherwise 16. */
#pragma once

#include "kernels/cpu/isa/simd.h"

/* Packed product: PANEL_M activation rows × 2 vectors of weight rows.  From PANEL_MIN rows on it is
 * faster than dot products (measured, NOTES.md). */
#define PANEL_N (2 * VW)
#if VW == 16
#define PANEL_M   12
#define PANEL_MIN 32
#elif VW == 8
#define PANEL_M   6
#define PANEL_MIN 16
#else
#define PANEL_M   4
#define PANEL_MIN 8
#endif

/* Dot products along the columns: DOT_R weight rows × up to 2 activation rows, DOT_R_MANY × up to
 * DOT_M. */
#if VW == 16
#define DOT_R      4
#define DOT_R_MANY 4
#define DOT_M      6
#else
#define DOT_R      4
#define DOT_R_MANY 2
#define DOT_M      4
#endif

/* Quantised product: QUANT_M activation rows × QUANT_T tiles of 16 weight rows.  One activation row
 * goes through QUANT_STREAMS tiles in turn, so that memory is read in as many places. */
#if VW == 16
#define QUANT_M       6
#define QUANT_T       2
#define QUANT_STREAMS 2
#else
#define QUANT_M       4
#define QUANT_T       1
#define QUANT_STREAMS 4
#endif
