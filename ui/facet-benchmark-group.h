/* facet-benchmark-group.h: measures how fast the model is here, beside what the machine can.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread; measured in another process, which ends when the group goes out of sight. */
#pragma once

#include "facet-compat.h"

G_BEGIN_DECLS

#define FACET_TYPE_BENCHMARK_GROUP (facet_benchmark_group_get_type ())
G_DECLARE_FINAL_TYPE (FacetBenchmarkGroup,
                      facet_benchmark_group,
                      FACET,
                      BENCHMARK_GROUP,
                      AdwPreferencesGroup)

/* Once, before it is shown. */
void facet_benchmark_group_set_up (FacetBenchmarkGroup *self, GSettings *settings);

G_END_DECLS
