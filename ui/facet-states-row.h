/* facet-states-row.h: the preference of keeping what was computed on long conversations, and how
 * much space that takes.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread; the folder is measured in another one, whenever the row comes into sight. */
#pragma once

#include "facet-compat.h"

G_BEGIN_DECLS

#define FACET_TYPE_STATES_ROW (facet_states_row_get_type ())
G_DECLARE_FINAL_TYPE (FacetStatesRow, facet_states_row, FACET, STATES_ROW, AdwActionRow)

/* Once, before it is shown. */
void facet_states_row_set_up (FacetStatesRow *self, GSettings *settings);

G_END_DECLS
