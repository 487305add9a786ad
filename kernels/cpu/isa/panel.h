/* panel.h: the register tiles of the packed matrix product, per instruction set.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * PANEL_M × 2 vectors of sums, two vectors of weights and one broadcast activation fill the register file:
 * 12·2 + 3 of 32, 6·2 + 3 of 16, 4·2 + 3 of 16. */
#pragma once

#include "kernels/cpu/isa/simd.h"

#if VW == 16
#define PANEL_M 12
#elif VW == 8
#define PANEL_M 6
#else
#define PANEL_M 4
#endif
#define PANEL_N (2 * VW)

/* Activation rows that a quantised tile takes at once. */
#if VW == 16
#define QUANT_M 6
#elif VW == 8
#define QUANT_M 4
#else
#define QUANT_M 4
#endif
