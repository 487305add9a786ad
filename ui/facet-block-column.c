/* facet-block-column.c: lays out a flow with as few widgets as the screen needs.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Views that scroll away are kept and bound to other blocks of their kind.  What is
 * measured goes back into the flow, so that it is known when the view is gone. */
#define G_LOG_DOMAIN "facet-block-column"

#include "config.h"

#include <math.h>

#include "facet-block-column-private.h"
#include "facet-text-block.h"
#include "facet-text-layout.h"

#define MAX_SPARE 24 /* views of a kind that are kept for later */

G_DEFINE_FINAL_TYPE (FacetBlockColumn, facet_block_column, GTK_TYPE_WIDGET)

enum {
  CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

FacetFlow *
facet_block_column_get_flow (FacetBlockColumn *self)
{
  return self->flow;
}

guint
facet_block_column_get_n_views (FacetBlockColumn *self)
{
  return self->views->len;
}

GtkWidget *
facet_block_column_get_view (FacetBlockColumn *self, guint index)
{
  if (index < self->first || index >= self->first + self->views->len)
    return NULL;
  return g_ptr_array_index (self->views, index - self->first);
}

/* Views */

/* A widget's accessible role is for life, so headings and rules are kinds of their own. */
static guint
view_kind (const FacetBlock *block)
{
  switch (block->kind) {
  case FACET_BLOCK_HEADING:
    return 1;
  case FACET_BLOCK_RULE:
    return 2;
  case FACET_BLOCK_CODE:
    return 3;
  case FACET_BLOCK_TABLE_ROW:
    return 4;
  default:
    return 0;
  }
}

static void
height_changed_cb (FacetBlockColumn *self)
{
  g_signal_emit (self, signals[CHANGED], 0);
}

static FacetBlockView *
take_view (FacetBlockColumn *self, const FacetBlock *block)
{
  GPtrArray *spare = self->spare[view_kind (block)];
  GtkWidget *view;

  if (spare->len > 0) {
    view = g_ptr_array_steal_index (spare, spare->len - 1);
    gtk_widget_set_child_visible (view, TRUE);
    gtk_accessible_reset_state (GTK_ACCESSIBLE (view), GTK_ACCESSIBLE_STATE_HIDDEN);
    return FACET_BLOCK_VIEW (view);
  }
  if (block->kind == FACET_BLOCK_HEADING)
    view =
        g_object_new (FACET_TYPE_TEXT_BLOCK, "accessible-role", GTK_ACCESSIBLE_ROLE_HEADING, NULL);
  else if (block->kind == FACET_BLOCK_RULE)
    view = g_object_new (FACET_TYPE_TEXT_BLOCK, "accessible-role", GTK_ACCESSIBLE_ROLE_SEPARATOR,
                         NULL);
  else
    view = g_object_new (facet_block_view_type_for (block), NULL);
  g_signal_connect_object (view, "height-changed", G_CALLBACK (height_changed_cb), self,
                           G_CONNECT_SWAPPED);
  gtk_widget_set_parent (view, GTK_WIDGET (self));
  return FACET_BLOCK_VIEW (view);
}

static void
put_view_away (FacetBlockColumn *self, FacetBlockView *view)
{
  GPtrArray *spare = self->spare[view_kind (facet_block_view_get_block (view))];

  if (spare->len >= MAX_SPARE) {
    gtk_widget_unparent (GTK_WIDGET (view));
    return;
  }
  gtk_widget_set_child_visible (GTK_WIDGET (view), FALSE);
  gtk_accessible_update_state (GTK_ACCESSIBLE (view), GTK_ACCESSIBLE_STATE_HIDDEN, TRUE, -1);
  g_ptr_array_add (spare, view);
}

static void
put_all_away (FacetBlockColumn *self)
{
  for (guint i = 0; i < self->views->len; i++)
    put_view_away (self, g_ptr_array_index (self->views, i));
  g_ptr_array_set_size (self->views, 0);
  self->first = 0;
}

/* The view that shows block @index already, taken out of @old; NULL: none. */
static FacetBlockView *
reuse_view (FacetBlockColumn *self, GPtrArray *old, guint old_first, guint index)
{
  FacetBlockView *view;

  if (index < old_first || index >= old_first + old->len)
    return NULL;
  view = g_ptr_array_index (old, index - old_first);
  if (view == NULL || view_kind (facet_block_view_get_block (view)) !=
                          view_kind (facet_flow_get_block (self->flow, index)))
    return NULL;
  g_ptr_array_index (old, index - old_first) = NULL;
  return view;
}

/* Layout */

static FacetFlowMetrics
get_metrics (FacetBlockColumn *self)
{
  PangoContext     *context = gtk_widget_get_pango_context (GTK_WIDGET (self));
  PangoFontMetrics *metrics = pango_context_get_metrics (context, NULL, NULL);
  double            size = facet_text_font_size (GTK_WIDGET (self));
  FacetFlowMetrics  result;

  result.char_width = (double)pango_font_metrics_get_approximate_char_width (metrics) / PANGO_SCALE;
  result.line_height = round (size * 1.45);
  result.code_line_height = round (size * 0.9 * 1.4);
  pango_font_metrics_unref (metrics);
  return result;
}

int
facet_block_column_layout (FacetBlockColumn *self,
                           int               text_width,
                           int               max_width,
                           double            top,
                           double            bottom)
{
  g_autoptr (GPtrArray) old = NULL;
  FacetFlowMetrics metrics;
  guint            old_first = self->first;
  GtkWidget       *previous = NULL;
  guint            index;
  double           y;

  if (self->flow == NULL)
    return 0;
  metrics = get_metrics (self);
  self->text_width = text_width;
  self->max_width = max_width;
  self->top = top;
  self->bottom = bottom;
  self->serial = facet_flow_get_serial (self->flow);
  facet_flow_set_width (self->flow, text_width, &metrics);

  old = self->views;
  self->views = g_ptr_array_new ();
  if (bottom > top && facet_flow_find (self->flow, top, &index, &y)) {
    self->first = index;
    for (; index < facet_flow_get_n_shown (self->flow) && y < bottom; index++) {
      FacetBlockView *view = reuse_view (self, old, old_first, index);
      int             width, height;

      if (view == NULL) {
        view = take_view (self, facet_flow_get_block (self->flow, index));
        /* In reading order, for those who hear it. */
        gtk_widget_insert_after (GTK_WIDGET (view), GTK_WIDGET (self), previous);
      }
      previous = GTK_WIDGET (view);
      g_ptr_array_add (self->views, view);
      facet_block_view_bind (view, self->flow, index);
      width = facet_block_view_get_width (view, text_width, max_width);
      height = facet_block_view_get_height (view, width);
      facet_flow_set_block_height (self->flow, index, height);
      y += height;
    }
  }
  for (guint i = 0; i < old->len; i++) {
    FacetBlockView *view = g_ptr_array_index (old, i);

    if (view != NULL)
      put_view_away (self, view);
  }
  gtk_widget_queue_allocate (GTK_WIDGET (self));
  return (int)ceil (facet_flow_get_height (self->flow));
}

void
facet_block_column_set_offset (FacetBlockColumn *self, double offset)
{
  if (self->offset == offset)
    return;
  self->offset = offset;
  gtk_widget_set_overflow (GTK_WIDGET (self),
                           offset != 0 ? GTK_OVERFLOW_HIDDEN : GTK_OVERFLOW_VISIBLE);
  gtk_widget_queue_allocate (GTK_WIDGET (self));
}

static void
facet_block_column_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  FacetBlockColumn *self = FACET_BLOCK_COLUMN (widget);
  gboolean          rtl = gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL;
  double            y;

  if (self->menu != NULL)
    gtk_popover_present (GTK_POPOVER (self->menu));
  if (self->flow == NULL || self->views->len == 0)
    return;
  y = facet_flow_get_top (self->flow, self->first) - self->offset;
  for (guint i = 0; i < self->views->len; i++) {
    FacetBlockView *view = g_ptr_array_index (self->views, i);
    int    block_width = facet_block_view_get_width (view, self->text_width, self->max_width);
    double block_height = facet_flow_get_block_height (self->flow, self->first + i);
    int    minimum;

    facet_block_view_set_visible_range (view, self->top - self->offset - y,
                                        self->bottom - self->offset - y);
    gtk_widget_measure (GTK_WIDGET (view), GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL,
                        NULL);
    gtk_widget_size_allocate (GTK_WIDGET (view),
                              &(GtkAllocation){rtl ? self->text_width - block_width : 0, (int)y,
                                               block_width, (int)block_height},
                              -1);
    y += block_height;
  }
}

/* The parent asks facet_block_column_layout (). */
static void
facet_block_column_measure (GtkWidget     *widget,
                            GtkOrientation orientation,
                            int            for_size,
                            int           *minimum,
                            int           *natural,
                            int           *minimum_baseline,
                            int           *natural_baseline)
{
  *minimum = *natural = 0;
}

/* Places */

/* The view at @y, or the nearest; NULL: there are none. */
static FacetBlockView *
view_near (FacetBlockColumn *self, double y, GtkAllocation *allocation)
{
  FacetBlockView *view = NULL;

  for (guint i = 0; i < self->views->len; i++) {
    view = g_ptr_array_index (self->views, i);
    gtk_widget_get_allocation (GTK_WIDGET (view), allocation);
    if (y < allocation->y + allocation->height)
      break;
  }
  return view;
}

FacetBlockView *
facet_block_column_pick_view (FacetBlockColumn *self, double x, double y)
{
  GtkAllocation   allocation;
  FacetBlockView *view = view_near (self, y, &allocation);

  if (view == NULL || !facet_block_view_is_over_content (view, x - allocation.x, y - allocation.y))
    return NULL;
  return view;
}

FacetFlowPosition
facet_block_column_get_position (FacetBlockColumn *self, double x, double y)
{
  GtkAllocation   allocation;
  FacetBlockView *view = view_near (self, y, &allocation);

  if (view == NULL)
    return (FacetFlowPosition){0, 0};
  return (FacetFlowPosition){
      .block = facet_block_view_get_index (view),
      .byte = facet_block_view_get_byte (view, x - allocation.x, y - allocation.y),
  };
}

gboolean
facet_block_column_get_caret (FacetBlockColumn *self,
                              FacetFlowPosition position,
                              GdkRectangle     *rectangle)
{
  GtkWidget    *view = facet_block_column_get_view (self, position.block);
  GtkAllocation allocation;

  if (view == NULL)
    return FALSE;
  gtk_widget_get_allocation (view, &allocation);
  facet_block_view_get_caret (FACET_BLOCK_VIEW (view), position.byte, rectangle);
  rectangle->x += allocation.x;
  rectangle->y += allocation.y;
  return TRUE;
}

/* The flow */

static void
flow_cb (FacetFlow *flow, gpointer data)
{
  FacetBlockColumn *self = data;

  if (facet_flow_get_serial (flow) != self->serial) {
    g_signal_emit (self, signals[CHANGED], 0);
    return;
  }
  /* Only the selection, the marks, or how far a table was scrolled. */
  for (guint i = 0; i < self->views->len; i++)
    gtk_widget_queue_draw (g_ptr_array_index (self->views, i));
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
facet_block_column_set_flow (FacetBlockColumn *self, FacetFlow *flow)
{
  if (self->flow == flow)
    return;
  put_all_away (self);
  facet_block_column_dispose_input (self);
  if (self->flow != NULL) {
    facet_flow_set_listener (self->flow, NULL, NULL);
    g_clear_pointer (&self->flow, facet_flow_unref);
  }
  if (flow != NULL) {
    self->flow = facet_flow_ref (flow);
    facet_flow_set_listener (flow, flow_cb, self);
  }
  gtk_widget_queue_allocate (GTK_WIDGET (self));
}

/* Widget */

static void
facet_block_column_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  FacetBlockColumn *self = FACET_BLOCK_COLUMN (widget);
  FacetFlowPosition anchor, focus;
  GdkRectangle      caret;

  for (guint i = 0; i < self->views->len; i++)
    gtk_widget_snapshot_child (widget, g_ptr_array_index (self->views, i), snapshot);
  if (self->flow == NULL || !gtk_widget_has_visible_focus (widget))
    return;
  facet_flow_get_selection (self->flow, &anchor, &focus);
  if (facet_block_column_get_caret (self, focus, &caret)) {
    GdkRGBA color;

    gtk_style_context_get_color (gtk_widget_get_style_context (widget), &color);
    gtk_snapshot_append_color (snapshot, &color,
                               &GRAPHENE_RECT_INIT ((float)caret.x, (float)caret.y, 1,
                                                    (float)caret.height));
  }
}

static void
facet_block_column_dispose (GObject *object)
{
  FacetBlockColumn *self = FACET_BLOCK_COLUMN (object);
  GtkWidget        *child;

  facet_block_column_set_flow (self, NULL);
  facet_block_column_dispose_input (self);
  for (guint i = 0; i < FACET_N_VIEW_KINDS; i++)
    g_ptr_array_set_size (self->spare[i], 0);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (facet_block_column_parent_class)->dispose (object);
}

static void
facet_block_column_finalize (GObject *object)
{
  FacetBlockColumn *self = FACET_BLOCK_COLUMN (object);

  g_ptr_array_unref (self->views);
  for (guint i = 0; i < FACET_N_VIEW_KINDS; i++)
    g_ptr_array_unref (self->spare[i]);
  G_OBJECT_CLASS (facet_block_column_parent_class)->finalize (object);
}

static void
facet_block_column_class_init (FacetBlockColumnClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_block_column_dispose;
  G_OBJECT_CLASS (klass)->finalize = facet_block_column_finalize;
  widget_class->measure = facet_block_column_measure;
  widget_class->size_allocate = facet_block_column_size_allocate;
  widget_class->snapshot = facet_block_column_snapshot;
  facet_block_column_class_init_input (widget_class);

  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_css_name (widget_class, "block-column");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
facet_block_column_init (FacetBlockColumn *self)
{
  self->views = g_ptr_array_new ();
  for (guint i = 0; i < FACET_N_VIEW_KINDS; i++)
    self->spare[i] = g_ptr_array_new ();
  facet_block_column_init_input (self);
}

GtkWidget *
facet_block_column_new (void)
{
  return g_object_new (FACET_TYPE_BLOCK_COLUMN, NULL);
}
