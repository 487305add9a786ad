/* facet-block-column-private.h: what the column and its input share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "facet-block-column.h"
#include "facet-block-view.h"

G_BEGIN_DECLS

#define FACET_N_VIEW_KINDS 5

struct _FacetBlockColumn {
  GtkWidget parent_instance;

  FacetFlow *flow;
  GPtrArray *views; /* of FacetBlockView: the blocks [first, first + len), owned as children */
  guint      first;
  GPtrArray *spare[FACET_N_VIEW_KINDS];
  int        text_width, max_width;
  double     top, bottom; /* what is seen of it */
  double     offset;      /* of the first block above the upper edge */
  guint      serial;      /* of the flow, when it was laid out last */

  /* Input */
  gboolean          pressed; /* a drag may begin at :press */
  FacetFlowPosition press;
  double            drag_x, drag_y;
  guint             drag_source; /* goes on scrolling while the pointer is outside */
  int               goal_x; /* where the caret would go moving up and down; −1: where it is */
  GtkWidget        *menu;   /* NULL until it was needed */
  char             *menu_link;
};

/* The place nearest to a point of the column. */
FacetFlowPosition facet_block_column_get_position (FacetBlockColumn *self, double x, double y);
/* The view under the point, NULL: none. */
FacetBlockView   *facet_block_column_pick_view (FacetBlockColumn *self, double x, double y);
/* In the column's coordinates; FALSE: it is not near the screen. */
gboolean          facet_block_column_get_caret (FacetBlockColumn *self,
                                                FacetFlowPosition position,
                                                GdkRectangle     *rectangle);

void facet_block_column_init_input (FacetBlockColumn *self);
void facet_block_column_dispose_input (FacetBlockColumn *self);
void facet_block_column_class_init_input (GtkWidgetClass *widget_class);

G_END_DECLS
