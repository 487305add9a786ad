/* facet-level-meter.h: how loud the microphone was in the last seconds, drawn from its level.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Looks at the recorder once a frame, and only while it is in sight. */
#pragma once

#include "facet-compat.h"
#include "facet-recorder.h"

G_BEGIN_DECLS

#define FACET_TYPE_LEVEL_METER (facet_level_meter_get_type ())
G_DECLARE_FINAL_TYPE (FacetLevelMeter, facet_level_meter, FACET, LEVEL_METER, GtkWidget)

/* NULL: nothing is measured; what was, is forgotten. */
void facet_level_meter_set_recorder (FacetLevelMeter *self, FacetRecorder *recorder);

G_END_DECLS
