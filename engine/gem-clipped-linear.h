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

typedef struct {
  KrnMat weight; /* (out, in) */
  float  input_min, input_max, output_min, output_max;
} GemClippedLinear;

/* Appends the slots of the layer @name: "@name.linear.weight", "@name.input_min", … */
void gem_clipped_linear_add_slots (GemClippedLinear *self,
                                   GArray           *slots,
                                   const char       *name,
                                   int               out,
                                   int               in);

/* y = clamp (clamp (x)·weightᵀ)
 * x (n, in), y (n, out); z (n, in) is scratch, and may be x. */
static inline void
gem_clipped_linear (const KrnOps           *k,
                    KrnDevice              *device,
                    KrnMat                  y,
                    KrnMat                  x,
                    KrnMat                  z,
                    const GemClippedLinear *l)
{
  k->clamp (device, z, x, l->input_min, l->input_max);
  k->linear (device, y, z, l->weight);
  k->clamp (device, y, y, l->output_min, l->output_max);
}

G_END_DECLS
