/* gem-clipped-linear.c: the tensors of a linear layer with bounds.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Loading thread. */
#define G_LOG_DOMAIN "gem"

#include "gem-clipped-linear.h"

void
gem_clipped_linear_add_slots (KrnClipped *self, GArray *slots, const char *name, int out, int in)
{
  const struct {
    const char *suffix;
    float      *bound;
  } bounds[] = {
      {"input_min", &self->in_low},
      {"input_max", &self->in_high},
      {"output_min", &self->out_low},
      {"output_max", &self->out_high},
  };
  char full[96];

  g_snprintf (full, sizeof full, "%s.linear.weight", name);
  gem_weight_slots_add_mat (slots, full, GEM_SLOT_STORED, out, in, &self->w);
  for (gsize i = 0; i < G_N_ELEMENTS (bounds); i++) {
    g_snprintf (full, sizeof full, "%s.%s", name, bounds[i].suffix);
    gem_weight_slots_add_scalar (slots, full, bounds[i].bound);
  }
}
