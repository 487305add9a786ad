/* facet-hardware-private.h: what the checks share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to app/. */
#pragma once

#include "engine/gem-device.h"
#include "facet-hardware.h"

G_BEGIN_DECLS

/* Adds a check and returns whether the next ones make sense.  Takes @result and @cure. */
gboolean facet_hardware_add (FacetHardware  *self,
                             const char     *title,
                             FacetCheckState state,
                             char           *result,
                             char           *cure);
/* @have bytes in all, and @need for the model. */
void     facet_hardware_add_memory (FacetHardware *self, char *result, guint64 have, guint64 need);

/* Below the machine's root: whether it is there; its text, "" when it cannot be read. */
gboolean facet_machine_has (const FacetMachineView *view, const char *path);
char    *facet_machine_dup_text (const FacetMachineView *view, const char *path);

void facet_hardware_check_nvidia (FacetHardware *self, const FacetMachineView *view);
void facet_hardware_check_amd (FacetHardware *self, const FacetMachineView *view);

G_END_DECLS
