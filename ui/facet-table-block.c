/* facet-table-block.c: a row of a table: cells beside each other, a hairline above.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  One layout a cell.  Where a table that is too wide has been scrolled to is kept in
 * the flow, for all of its rows. */
#define G_LOG_DOMAIN "facet-table-block"

#include "config.h"

#include <math.h>

#include "facet-table-block.h"
#include "facet-text-layout.h"

#define PADDING_X      12
#define PADDING_Y      6
#define MIN_CELLS      3
#define MAX_WORD_CELLS 18 /* longer words are broken before the table scrolls */
#define SCROLL_STEP    60
#define BAR_HEIGHT     3

struct _FacetTableBlock {
  FacetBlockView  parent_instance;
  guint           n_cells;
  FacetTextLayout cells[FACET_TABLE_MAX_COLUMNS];
  int             widths[FACET_TABLE_MAX_COLUMNS];
  int             total; /* of the widths */
  int             width; /* for which they are; 0: none */
  int             height;
};

G_DEFINE_FINAL_TYPE (FacetTableBlock, facet_table_block, FACET_TYPE_BLOCK_VIEW)

int
facet_table_block_get_widths (const FacetTable *table, int width, double cell_width, int *widths)
{
  double minimum[FACET_TABLE_MAX_COLUMNS], natural[FACET_TABLE_MAX_COLUMNS];
  double sum_minimum = 0, sum_natural = 0, share = 0;
  int    total = 0;

  for (guint i = 0; i < table->n_columns; i++) {
    guint least = CLAMP ((guint)table->words[i], MIN_CELLS, MAX_WORD_CELLS);
    /* Bold headers are wider than their characters count. */
    guint most = MAX (least, table->widths[i] + 1u);

    minimum[i] = least * cell_width + 2 * PADDING_X;
    natural[i] = most * cell_width + 2 * PADDING_X;
    sum_minimum += minimum[i];
    sum_natural += natural[i];
  }
  if (sum_natural <= width)
    share = 1;
  else if (sum_minimum < width)
    share = (width - sum_minimum) / (sum_natural - sum_minimum);
  for (guint i = 0; i < table->n_columns; i++) {
    widths[i] = (int)floor (minimum[i] + share * (natural[i] - minimum[i]));
    total += widths[i];
  }
  return total;
}

/* What a character takes, with room for digits, capitals and bold. */
static double
get_cell_width (FacetTableBlock *self)
{
  PangoContext     *context = gtk_widget_get_pango_context (GTK_WIDGET (self));
  PangoFontMetrics *metrics = pango_context_get_metrics (context, NULL, NULL);
  int               letter = pango_font_metrics_get_approximate_char_width (metrics);
  int               digit = pango_font_metrics_get_approximate_digit_width (metrics);

  pango_font_metrics_unref (metrics);
  return 1.12 * MAX (letter, digit) / PANGO_SCALE;
}

static void
forget_layouts (FacetTableBlock *self)
{
  for (guint i = 0; i < self->n_cells; i++)
    facet_text_layout_clear (&self->cells[i]);
  self->n_cells = 0;
  self->width = 0;
}

static void
ensure_layouts (FacetTableBlock *self)
{
  static const PangoAlignment alignments[] = {PANGO_ALIGN_LEFT, PANGO_ALIGN_CENTER,
                                              PANGO_ALIGN_RIGHT};
  FacetBlock                 *block = facet_block_view_get_block (FACET_BLOCK_VIEW (self));
  gsize                       start, end;

  if (self->n_cells > 0)
    return;
  while (self->n_cells < block->table->n_columns &&
         facet_block_get_cell (block, self->n_cells, &start, &end)) {
    FacetTextLayout *cell = &self->cells[self->n_cells];

    facet_text_layout_init (cell, GTK_WIDGET (self), block, start, end, 1,
                            (block->row & FACET_ROW_HEADER) != 0,
                            facet_block_view_get_colors (FACET_BLOCK_VIEW (self)));
    pango_layout_set_alignment (cell->layout, alignments[block->table->align[self->n_cells]]);
    self->n_cells++;
  }
}

static void
facet_table_block_bind (FacetBlockView *view, gboolean grew)
{
  forget_layouts (FACET_TABLE_BLOCK (view));
}

static void
facet_table_block_speak (FacetBlockView *view)
{
  g_autofree char *spoken =
      g_strdelimit (g_strdup (facet_block_view_get_block (view)->text), "\t\n", ' ');

  gtk_accessible_update_property (GTK_ACCESSIBLE (view), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
}

static int
facet_table_block_get_wanted_width (FacetBlockView *view)
{
  FacetTableBlock *self = FACET_TABLE_BLOCK (view);
  int              widths[FACET_TABLE_MAX_COLUMNS];

  return facet_table_block_get_widths (facet_block_view_get_block (view)->table, G_MAXINT,
                                       get_cell_width (self), widths);
}

static void
facet_table_block_restyle (FacetBlockView *view)
{
  forget_layouts (FACET_TABLE_BLOCK (view));
}

static int
facet_table_block_get_content_height (FacetBlockView *view, int width)
{
  FacetTableBlock *self = FACET_TABLE_BLOCK (view);
  FacetBlock      *block = facet_block_view_get_block (view);
  int              height = 0;

  if (self->width == width)
    return self->height;
  ensure_layouts (self);
  self->total =
      facet_table_block_get_widths (block->table, width, get_cell_width (self), self->widths);
  for (guint i = 0; i < self->n_cells; i++)
    height = MAX (height,
                  facet_text_layout_set_width (&self->cells[i], self->widths[i] - 2 * PADDING_X));
  self->width = width;
  self->height = height + 2 * PADDING_Y + 1;
  return self->height;
}

/* Scrolling */

static double
get_offset (FacetTableBlock *self)
{
  FacetBlockView *view = FACET_BLOCK_VIEW (self);
  double          offset = facet_flow_get_table_offset (facet_block_view_get_flow (view),
                                                        facet_block_view_get_index (view));

  return CLAMP (offset, 0, MAX (self->total - self->width, 0));
}

static gboolean
set_offset (FacetTableBlock *self, double offset)
{
  FacetBlockView *view = FACET_BLOCK_VIEW (self);
  double          before = get_offset (self);

  offset = CLAMP (offset, 0, MAX (self->total - self->width, 0));
  if (offset == before)
    return FALSE;
  facet_flow_set_table_offset (facet_block_view_get_flow (view), facet_block_view_get_index (view),
                               offset);
  return TRUE;
}

static gboolean
scroll_cb (FacetTableBlock *self, double dx, double dy, GtkEventControllerScroll *controller)
{
  GdkModifierType modifiers =
      gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (controller));

  if ((modifiers & GDK_SHIFT_MASK) && dx == 0)
    dx = dy;
  else if (fabs (dy) > fabs (dx))
    return FALSE;
  return set_offset (self, get_offset (self) + dx * SCROLL_STEP);
}

/* Drawing */

/* Where cell @index begins, in the content. */
static float
get_cell_x (FacetTableBlock *self, guint index)
{
  gboolean rtl = gtk_widget_get_direction (GTK_WIDGET (self)) == GTK_TEXT_DIR_RTL;
  int      x = 0;

  for (guint i = 0; i < index; i++)
    x += self->widths[i];
  if (rtl)
    return (float)(MIN (self->total, self->width) - x - self->widths[index] + get_offset (self));
  return (float)(x - get_offset (self));
}

static void
draw_scroll_bar (FacetTableBlock *self, GtkSnapshot *snapshot)
{
  float          visible = (float)self->width / (float)self->total;
  float          length = MAX (visible * (float)self->width, 24);
  float          range = (float)(self->total - self->width);
  float          x = (float)get_offset (self) / range * ((float)self->width - length);
  GskRoundedRect bar;

  gsk_rounded_rect_init_from_rect (&bar,
                                   &GRAPHENE_RECT_INIT (x, (float)(self->height - BAR_HEIGHT),
                                                        length, BAR_HEIGHT),
                                   BAR_HEIGHT / 2.0f);
  gtk_snapshot_push_rounded_clip (snapshot, &bar);
  gtk_snapshot_append_color (snapshot, &facet_block_view_get_colors (FACET_BLOCK_VIEW (self))->rule,
                             &bar.bounds);
  gtk_snapshot_pop (snapshot);
}

static void
facet_table_block_draw_content (FacetBlockView *view, GtkSnapshot *snapshot)
{
  FacetTableBlock *self = FACET_TABLE_BLOCK (view);
  FacetBlock      *block = facet_block_view_get_block (view);
  FacetFlow       *flow = facet_block_view_get_flow (view);
  gsize            start = 0, end = 0;
  FacetTextMarks   marks;
  float            width;

  /* After a change of style it may be drawn before it is laid out again. */
  facet_table_block_get_content_height (view, facet_block_view_get_content_width (view));
  width = (float)MIN (self->total, self->width);
  facet_block_view_get_selected (view, &start, &end);
  facet_block_view_get_marks (view, &marks);
  gtk_snapshot_push_clip (snapshot, &GRAPHENE_RECT_INIT (0, 0, width, (float)self->height));
  for (guint i = 0; i < self->n_cells; i++) {
    gtk_snapshot_save (snapshot);
    gtk_snapshot_translate (snapshot,
                            &GRAPHENE_POINT_INIT (get_cell_x (self, i) + PADDING_X, PADDING_Y));
    facet_text_layout_draw (&self->cells[i], snapshot,
                            facet_block_view_get_colors (FACET_BLOCK_VIEW (self)), &marks, start,
                            end);
    gtk_snapshot_restore (snapshot);
  }
  if (!facet_flow_is_last_row (flow, facet_block_view_get_index (view))) {
    GdkRGBA line = facet_block_view_get_colors (FACET_BLOCK_VIEW (self))->rule;

    if (!(block->row & FACET_ROW_HEADER))
      line.alpha *= 0.6f;
    gtk_snapshot_append_color (snapshot, &line,
                               &GRAPHENE_RECT_INIT (0, (float)(self->height - 1), width, 1));
  } else if (self->total > self->width) {
    draw_scroll_bar (self, snapshot);
  }
  gtk_snapshot_pop (snapshot);
}

/* Places */

/* The cell at @x, or the nearest. */
static guint
find_cell (FacetTableBlock *self, double x)
{
  guint  nearest = 0;
  double distance = G_MAXDOUBLE;

  for (guint i = 0; i < self->n_cells; i++) {
    double left = get_cell_x (self, i);
    double d = x < left ? left - x : MAX (x - left - self->widths[i], 0);

    if (d < distance) {
      distance = d;
      nearest = i;
    }
  }
  return nearest;
}

static gsize
facet_table_block_get_byte (FacetBlockView *view, double x, double y)
{
  FacetTableBlock *self = FACET_TABLE_BLOCK (view);
  guint            cell;

  ensure_layouts (self);
  cell = find_cell (self, x);
  return facet_text_layout_get_byte (&self->cells[cell], x - get_cell_x (self, cell) - PADDING_X,
                                     y - PADDING_Y);
}

static guint
facet_table_block_get_link (FacetBlockView *view, double x, double y)
{
  FacetTableBlock *self = FACET_TABLE_BLOCK (view);
  guint            cell;

  ensure_layouts (self);
  cell = find_cell (self, x);
  return facet_text_layout_get_link (&self->cells[cell], x - get_cell_x (self, cell) - PADDING_X,
                                     y - PADDING_Y);
}

static void
facet_table_block_get_caret (FacetBlockView *view, gsize byte, GdkRectangle *rectangle)
{
  FacetTableBlock *self = FACET_TABLE_BLOCK (view);
  guint            cell = 0;
  float            x;

  ensure_layouts (self);
  while (cell + 1 < self->n_cells && byte > self->cells[cell].end)
    cell++;
  facet_text_layout_get_caret (&self->cells[cell], byte, rectangle);
  x = get_cell_x (self, cell) + PADDING_X;
  if (x + (float)rectangle->x < PADDING_X)
    set_offset (self, get_offset (self) + x + rectangle->x - PADDING_X);
  else if (x + (float)rectangle->x > (float)(self->width - PADDING_X))
    set_offset (self, get_offset (self) + x + rectangle->x - (self->width - PADDING_X));
  rectangle->x += (int)get_cell_x (self, cell) + PADDING_X;
  rectangle->y += PADDING_Y;
}

/* Widget */

static void
facet_table_block_finalize (GObject *object)
{
  forget_layouts (FACET_TABLE_BLOCK (object));
  G_OBJECT_CLASS (facet_table_block_parent_class)->finalize (object);
}

static void
facet_table_block_class_init (FacetTableBlockClass *klass)
{
  FacetBlockViewClass *view_class = FACET_BLOCK_VIEW_CLASS (klass);
  GtkWidgetClass      *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = facet_table_block_finalize;
  view_class->bind = facet_table_block_bind;
  view_class->speak = facet_table_block_speak;
  view_class->get_wanted_width = facet_table_block_get_wanted_width;
  view_class->restyle = facet_table_block_restyle;
  view_class->get_content_height = facet_table_block_get_content_height;
  view_class->draw_content = facet_table_block_draw_content;
  view_class->get_byte = facet_table_block_get_byte;
  view_class->get_link = facet_table_block_get_link;
  view_class->get_caret = facet_table_block_get_caret;
  gtk_widget_class_set_css_name (widget_class, "table-block");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_ROW);
}

static void
facet_table_block_init (FacetTableBlock *self)
{
  GtkEventController *scroll =
      gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_BOTH_AXES);

  g_signal_connect_swapped (scroll, "scroll", G_CALLBACK (scroll_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), scroll);
}
