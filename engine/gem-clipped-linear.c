/* gem-clipped-linear.c: the tensors of a linear layer with bounds.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Loading thread. */
#define G_LOG_DOMAIN "gem"

#include "gem-clipped-linear.h"

void
gem_clipped_linear_add_slots (GemClippedLinear *self,
                              GArray           *slots,
                              const char       *name,
                              int               out,
                              int               in)
{
  const struct {
    const char *suffix;
    float      *bound;
  } bounds[] = {
      {"input_min", &self->input_min},
      {"input_max", &self->input_max},
      {"output_min", &self->output_min},
      {"output_max", &self->output_max},
  };
  char full[96];

  g_snprintf (full, sizeof full, "%s.linear.weight", name);
  gem_weight_slots_add_mat (slots, full, GEM_SLOT_STORED, out, in, &self->weight);
  for (gsize i = 0; i < G_N_ELEMENTS (bounds); i++) {
    g_snprintf (full, sizeof full, "%s.%s", name, bounds[i].suffix);
    gem_weight_slots_add_scalar (slots, full, bounds[i].bound);
  }
}
