/* facet-checks-group.h: what was checked of the computer, with what was found and what helps.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  A row for each maker of GPUs and for the processor, which unfolds into its checks;
 * unfolded from the start where something fails.
 *
 * Signal: check-again. */
#pragma once

#include "facet-compat.h"
#include "facet-hardware.h"

G_BEGIN_DECLS

#define FACET_TYPE_CHECKS_GROUP (facet_checks_group_get_type ())
G_DECLARE_FINAL_TYPE (FacetChecksGroup,
                      facet_checks_group,
                      FACET,
                      CHECKS_GROUP,
                      AdwPreferencesGroup)

/* @hardware: of FacetHardware; NULL: it is looked for. */
void facet_checks_group_set_hardware (FacetChecksGroup *self, const GPtrArray *hardware);

G_END_DECLS
