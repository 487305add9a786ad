/* facet-flow-marks.h: the places of a query in the blocks of a flow.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  A flow owns its marks (facet_flow_set_marks ()), which keep to the blocks that they
 * were made of: what has changed has none until the next update, which looks at that alone. */
#pragma once

#include "app/facet-search-query.h"
#include "facet-flow.h"
#include "facet-text-layout.h"

G_BEGIN_DECLS

/* None yet. */
FacetFlowMarks *facet_flow_marks_new (FacetSearchQuery *query) G_GNUC_WARN_UNUSED_RESULT;
void            facet_flow_marks_free (FacetFlowMarks *self);

/* Looks at the blocks of @flow that are not those of the last update; returns how many marks there
 * are.  The current one stays where it is, as far as its block does. */
guint facet_flow_marks_update (FacetFlowMarks *self, FacetFlow *flow);
guint facet_flow_marks_get_n (FacetFlowMarks *self);
/* Mark @index, counted from the top. */
void  facet_flow_marks_get (FacetFlowMarks *self, guint index, guint *block, FacetTextRange *range);
/* Which one the reader is at; G_MAXUINT: none of these. */
void  facet_flow_marks_set_current (FacetFlowMarks *self, guint index);
/* Of block @index, which is @block now. */
void  facet_flow_marks_get_of_block (FacetFlowMarks   *self,
                                     guint             index,
                                     const FacetBlock *block,
                                     FacetTextMarks   *marks);

G_END_DECLS
