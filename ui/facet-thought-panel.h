/* facet-thought-panel.h: what the model thinks before it answers.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  While it thinks: "Thinking… 2.1 s" and the last lines, following the end.
 * Afterwards: "Thought for 3.2 s · 118 tokens", folded.  Part of an answer's row, which lays it out
 * as it is itself laid out. */
#pragma once

#include "facet-block-column.h"
#include "facet-compat.h"
#include "facet-turn-model.h"

G_BEGIN_DECLS

#define FACET_TYPE_THOUGHT_PANEL (facet_thought_panel_get_type ())
G_DECLARE_FINAL_TYPE (FacetThoughtPanel, facet_thought_panel, FACET, THOUGHT_PANEL, GtkWidget)

/* Signal ::changed: its height is another. */
void facet_thought_panel_bind (FacetThoughtPanel *self, FacetTurnModel *turn);
/* Returns its height. */
int  facet_thought_panel_layout (FacetThoughtPanel *self, int width, double top, double bottom);
/* Where the trace begins when all of it is shown. */
int  facet_thought_panel_get_body_top (FacetThoughtPanel *self);
FacetBlockColumn *facet_thought_panel_get_trace (FacetThoughtPanel *self);
/* "Thinking… 2.1 s", for tests. */
const char       *facet_thought_panel_get_title (FacetThoughtPanel *self);

G_END_DECLS
