/* facet-block-column.h: blocks one below the other, of which only those near the screen have
 * widgets.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The parent lays it out in two steps: facet_block_column_layout () with the part
 * that will be seen, which says how high all of it is, and then gtk_widget_size_allocate () with
 * that height.  Text can be selected across blocks, with the pointer and with the keyboard; Tab
 * goes from link to link. */
#pragma once

#include "facet-compat.h"
#include "facet-flow.h"

G_BEGIN_DECLS

#define FACET_TYPE_BLOCK_COLUMN (facet_block_column_get_type ())
G_DECLARE_FINAL_TYPE (FacetBlockColumn, facet_block_column, FACET, BLOCK_COLUMN, GtkWidget)

/* Signal ::changed: the blocks have changed: lay it out again. */
GtkWidget *facet_block_column_new (void) G_GNUC_WARN_UNUSED_RESULT;

FacetFlow *facet_block_column_get_flow (FacetBlockColumn *self);
/* NULL: nothing is shown. */
void       facet_block_column_set_flow (FacetBlockColumn *self, FacetFlow *flow);

/* Makes widgets for what lies in [@top, @bottom).  Text gets @text_width, code and tables up to
 * @max_width. Returns the height of all. */
int facet_block_column_layout (FacetBlockColumn *self,
                               int               text_width,
                               int               max_width,
                               double            top,
                               double            bottom);

/* The column's upper edge shows what is @offset below the first block's; it is clipped to its
 * allocation. */
void facet_block_column_set_offset (FacetBlockColumn *self, double offset);

/* For tests: how many blocks have widgets. */
guint      facet_block_column_get_n_views (FacetBlockColumn *self);
/* The widget of block @index, NULL: it has none now. */
GtkWidget *facet_block_column_get_view (FacetBlockColumn *self, guint index);

G_END_DECLS
