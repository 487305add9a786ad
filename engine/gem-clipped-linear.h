/* gem-clipped-linear.h: the encoders' linear layer, whose input and output are kept within bounds
 * that belong to it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Internal to the engine; engine thread.  The bounds are part of the trained function: the model
 * was trained to be quantised, with these ranges. */
#pragma once

#include "gem-weights.h"

G_BEGIN_DECLS

/* Appends the slots of the layer @name: "@name.linear.weight", "@name.input_min", … */
void gem_clipped_linear_add_slots (KrnClipped *self,
                                   GArray     *slots,
                                   const char *name,
                                   int         out,
                                   int         in);

G_END_DECLS
