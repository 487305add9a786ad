/* facet-block-view.c: what all views of blocks have in common: nests, gap, selection.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Knows no kind of content. */
#define G_LOG_DOMAIN "facet-block-view"

#include "config.h"

#include <glib/gi18n.h>
#include <math.h>

#include "facet-block-view.h"
#include "facet-code-block.h"
#include "facet-flow-marks.h"
#include "facet-table-block.h"
#include "facet-text-block.h"
#include "facet-text-layout.h"

#define QUOTE_INDENT 18
#define LIST_INDENT  26
#define BAR_WIDTH    3
#define MARKER_GAP   8
#define CHECK_SIZE   13

typedef struct {
  FacetFlow     *flow;
  guint          index;
  FacetBlock    *block;        /* what was bound, kept while the flow moves on */
  gsize          bound_length; /* of the block when it was bound */
  gboolean       spoken;       /* assistive technology knows the text */
  int            gap;
  guint          shared; /* nests that go on from the block above */
  gboolean       last;   /* nothing below goes on with the same table or code */
  GtkAllocation  content;
  FacetTextStyle style;
} FacetBlockViewPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (FacetBlockView, facet_block_view, GTK_TYPE_WIDGET)

enum {
  HEIGHT_CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

#define PRIVATE(self) ((FacetBlockViewPrivate *)facet_block_view_get_instance_private (self))

GType
facet_block_view_type_for (const FacetBlock *block)
{
  switch (block->kind) {
  case FACET_BLOCK_CODE:
    return FACET_TYPE_CODE_BLOCK;
  case FACET_BLOCK_TABLE_ROW:
    return FACET_TYPE_TABLE_BLOCK;
  default:
    return FACET_TYPE_TEXT_BLOCK;
  }
}

static int
nest_indent (const FacetNest *nest)
{
  return nest->kind == FACET_NEST_QUOTE ? QUOTE_INDENT : LIST_INDENT;
}

int
facet_block_view_get_indent (const FacetBlock *block)
{
  int indent = 0;

  for (guint i = 0; i < block->n_nests; i++)
    indent += nest_indent (&block->nests[i]);
  return indent;
}

FacetFlow *
facet_block_view_get_flow (FacetBlockView *self)
{
  return PRIVATE (self)->flow;
}

guint
facet_block_view_get_index (FacetBlockView *self)
{
  return PRIVATE (self)->index;
}

FacetBlock *
facet_block_view_get_block (FacetBlockView *self)
{
  return PRIVATE (self)->block;
}

gboolean
facet_block_view_get_selected (FacetBlockView *self, gsize *start, gsize *end)
{
  FacetBlockViewPrivate *priv = PRIVATE (self);

  return priv->flow != NULL && facet_flow_get_selected_bytes (priv->flow, priv->index, start, end);
}

void
facet_block_view_get_marks (FacetBlockView *self, FacetTextMarks *marks)
{
  FacetBlockViewPrivate *priv = PRIVATE (self);
  FacetFlowMarks        *all = priv->flow != NULL ? facet_flow_get_marks (priv->flow) : NULL;

  *marks = (FacetTextMarks){0};
  if (all != NULL)
    facet_flow_marks_get_of_block (all, priv->index, priv->block, marks);
}

void
facet_block_view_bind (FacetBlockView *self, FacetFlow *flow, guint index)
{
  FacetBlockViewPrivate *priv = PRIVATE (self);
  FacetBlock            *block = flow != NULL ? facet_flow_get_block (flow, index) : NULL;
  gboolean               same = block != NULL && block == priv->block;

  priv->index = index;
  if (priv->flow != flow) {
    g_clear_pointer (&priv->flow, facet_flow_unref);
    priv->flow = flow != NULL ? facet_flow_ref (flow) : NULL;
  }
  if (!same) {
    g_clear_pointer (&priv->block, facet_block_unref);
    priv->block = block != NULL ? facet_block_ref (block) : NULL;
  }
  if (flow != NULL) {
    int      gap = facet_flow_get_gap (flow, index);
    guint    shared = facet_flow_get_shared_nests (flow, index);
    gboolean last = facet_flow_is_last_row (flow, index) && facet_flow_is_last_code (flow, index);

    if (gap != priv->gap || shared != priv->shared || last != priv->last)
      gtk_widget_queue_draw (GTK_WIDGET (self));
    if (gap != priv->gap)
      gtk_widget_queue_allocate (GTK_WIDGET (self));
    priv->gap = gap;
    priv->shared = shared;
    priv->last = last;
  }
  if (!same || block->length != priv->bound_length) {
    FACET_BLOCK_VIEW_GET_CLASS (self)->bind (self, same);
    priv->spoken = FALSE;
    gtk_widget_queue_allocate (GTK_WIDGET (self));
    gtk_widget_queue_draw (GTK_WIDGET (self));
  }
  priv->bound_length = block != NULL ? block->length : 0;
  if (!priv->spoken && flow != NULL && !facet_flow_is_unfinished (flow, index)) {
    FACET_BLOCK_VIEW_GET_CLASS (self)->speak (self);
    priv->spoken = TRUE;
  }
}

int
facet_block_view_get_width (FacetBlockView *self, int text_width, int max_width)
{
  FacetBlockViewClass *klass = FACET_BLOCK_VIEW_GET_CLASS (self);

  if (klass->get_wanted_width == NULL)
    return text_width;
  return CLAMP (klass->get_wanted_width (self) +
                    facet_block_view_get_indent (PRIVATE (self)->block),
                text_width, MAX (max_width, text_width));
}

int
facet_block_view_get_height (FacetBlockView *self, int width)
{
  FacetBlockViewPrivate *priv = PRIVATE (self);
  int                    content = MAX (width - facet_block_view_get_indent (priv->block), 1);

  return priv->gap + FACET_BLOCK_VIEW_GET_CLASS (self)->get_content_height (self, content);
}

void
facet_block_view_height_changed (FacetBlockView *self)
{
  g_signal_emit (self, signals[HEIGHT_CHANGED], 0);
}

void
facet_block_view_set_visible_range (FacetBlockView *self, double top, double bottom)
{
  FacetBlockViewPrivate *priv = PRIVATE (self);
  FacetBlockViewClass   *klass = FACET_BLOCK_VIEW_GET_CLASS (self);

  if (klass->set_visible_range != NULL)
    klass->set_visible_range (self, top - priv->gap, bottom - priv->gap);
}

gsize
facet_block_view_get_byte (FacetBlockView *self, double x, double y)
{
  FacetBlockViewPrivate *priv = PRIVATE (self);

  if (y < priv->content.y)
    return 0;
  if (y >= priv->content.y + priv->content.height)
    return priv->block->length;
  return FACET_BLOCK_VIEW_GET_CLASS (self)->get_byte (self, x - priv->content.x,
                                                      y - priv->content.y);
}

guint
facet_block_view_get_link (FacetBlockView *self, double x, double y)
{
  FacetBlockViewPrivate *priv = PRIVATE (self);
  FacetBlockViewClass   *klass = FACET_BLOCK_VIEW_GET_CLASS (self);

  return klass->get_link != NULL ? klass->get_link (self, x - priv->content.x, y - priv->content.y)
                                 : 0;
}

gboolean
facet_block_view_is_over_content (FacetBlockView *self, double x, double y)
{
  const GtkAllocation *content = &PRIVATE (self)->content;

  return gdk_rectangle_contains_point (content, (int)x, (int)y);
}

void
facet_block_view_get_caret (FacetBlockView *self, gsize byte, GdkRectangle *rectangle)
{
  FacetBlockViewPrivate *priv = PRIVATE (self);

  FACET_BLOCK_VIEW_GET_CLASS (self)->get_caret (self, byte, rectangle);
  rectangle->x += priv->content.x;
  rectangle->y += priv->content.y;
}

char *
facet_block_view_dup_spoken_text (FacetBlockView *self)
{
  const FacetBlock *block = PRIVATE (self)->block;
  const FacetNest  *nest = block->n_nests > 0 ? &block->nests[block->n_nests - 1] : NULL;

  if (nest == NULL || !nest->first)
    return g_strdup (block->text);
  switch (nest->kind) {
  case FACET_NEST_NUMBER:
    return g_strdup_printf ("%u. %s", nest->number, block->text);
  case FACET_NEST_TASK:
    /* Translators: an item of a list of things to do, read aloud */
    return g_strdup_printf (_ ("Not done: %s"), block->text);
  case FACET_NEST_TASK_DONE:
    return g_strdup_printf (_ ("Done: %s"), block->text);
  default:
    return g_strdup_printf ("\xe2\x80\xa2 %s", block->text);
  }
}

/* Style */

const FacetTextColors *
facet_block_view_get_colors (FacetBlockView *self)
{
  FacetBlockViewPrivate *priv = PRIVATE (self);

  if (priv->style.font == NULL)
    facet_text_style_update (&priv->style, GTK_WIDGET (self));
  return &priv->style.colors;
}

int
facet_block_view_get_content_width (FacetBlockView *self)
{
  return PRIVATE (self)->content.width;
}

static void
restyle (FacetBlockView *self)
{
  if (PRIVATE (self)->block == NULL)
    return;
  FACET_BLOCK_VIEW_GET_CLASS (self)->restyle (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
  facet_block_view_height_changed (self);
}

/* Most changes of style, as under the pointer, leave text as it is. */
static void
facet_block_view_css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  FacetBlockView *self = FACET_BLOCK_VIEW (widget);

  GTK_WIDGET_CLASS (facet_block_view_parent_class)->css_changed (widget, change);
  if (facet_text_style_update (&PRIVATE (self)->style, widget))
    restyle (self);
}

static void
facet_block_view_system_setting_changed (GtkWidget *widget, GtkSystemSetting setting)
{
  GTK_WIDGET_CLASS (facet_block_view_parent_class)->system_setting_changed (widget, setting);
  facet_text_style_update (&PRIVATE (FACET_BLOCK_VIEW (widget))->style, widget);
  restyle (FACET_BLOCK_VIEW (widget));
}

static void
facet_block_view_direction_changed (GtkWidget *widget, GtkTextDirection previous)
{
  GTK_WIDGET_CLASS (facet_block_view_parent_class)->direction_changed (widget, previous);
  restyle (FACET_BLOCK_VIEW (widget));
}

/* Nests */

static void
draw_bar (FacetBlockView        *self,
          GtkSnapshot           *snapshot,
          float                  x,
          gboolean               goes_on,
          const FacetTextColors *colors)
{
  FacetBlockViewPrivate *priv = PRIVATE (self);
  float                  top = goes_on ? 0 : (float)priv->gap;
  float                  height = (float)gtk_widget_get_height (GTK_WIDGET (self));

  gtk_snapshot_append_color (snapshot, &colors->rule,
                             &GRAPHENE_RECT_INIT (x, top, BAR_WIDTH, height - top));
}

/* A box, with its tick when the task is done. */
static void
draw_check (FacetBlockView        *self,
            GtkSnapshot           *snapshot,
            float                  x,
            gboolean               done,
            const FacetTextColors *colors)
{
  FacetBlockViewPrivate *priv = PRIVATE (self);
  float                  line = roundf ((float)facet_text_font_size (GTK_WIDGET (self)) * 1.45f);
  float                  y = (float)priv->content.y + floorf ((line - CHECK_SIZE) / 2);
  GskRoundedRect         box;
  cairo_t               *cr;

  gsk_rounded_rect_init_from_rect (&box, &GRAPHENE_RECT_INIT (x, y, CHECK_SIZE, CHECK_SIZE), 3);
  if (!done) {
    GdkRGBA edge = colors->text;

    edge.alpha *= 0.5f;
    gtk_snapshot_append_border (snapshot, &box, (float[]){1.5, 1.5, 1.5, 1.5},
                                (GdkRGBA[]){edge, edge, edge, edge});
    return;
  }
  gtk_snapshot_push_rounded_clip (snapshot, &box);
  gtk_snapshot_append_color (snapshot, &colors->link, &box.bounds);
  gtk_snapshot_pop (snapshot);
  cr = gtk_snapshot_append_cairo (snapshot, &box.bounds);
  cairo_set_source_rgb (cr, 1, 1, 1);
  cairo_set_line_width (cr, 2);
  cairo_move_to (cr, x + 3, y + 6.5);
  cairo_line_to (cr, x + 5.5, y + 9.5);
  cairo_line_to (cr, x + 10, y + 3.5);
  cairo_stroke (cr);
  cairo_destroy (cr);
}

static void
draw_label (FacetBlockView        *self,
            GtkSnapshot           *snapshot,
            float                  right,
            const char            *text,
            const FacetTextColors *colors)
{
  FacetBlockViewPrivate *priv = PRIVATE (self);
  g_autoptr (FacetBlock) block = facet_block_new (FACET_BLOCK_TEXT, text, strlen (text));
  FacetTextLayout layout;
  int             width;

  facet_text_layout_init (&layout, GTK_WIDGET (self), block, 0, block->length, 1, FALSE, colors);
  pango_layout_get_pixel_size (layout.layout, &width, NULL);
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot,
                          &GRAPHENE_POINT_INIT (right - (float)width, (float)priv->content.y));
  gtk_snapshot_append_layout (snapshot, layout.layout, &colors->text);
  gtk_snapshot_restore (snapshot);
  facet_text_layout_clear (&layout);
}

/* The marker of @nest, whose room begins at @x; right to left @x is its other edge. */
static void
draw_marker (FacetBlockView        *self,
             GtkSnapshot           *snapshot,
             const FacetNest       *nest,
             float                  x,
             guint                  depth,
             const FacetTextColors *colors)
{
  static const char *const bullets[] = {"\xe2\x80\xa2", "\xe2\x97\xa6", "\xe2\x96\xaa"};
  float                    right = x + LIST_INDENT - MARKER_GAP;
  g_autofree char         *number = NULL;

  switch (nest->kind) {
  case FACET_NEST_NUMBER:
    number = g_strdup_printf ("%u.", nest->number);
    draw_label (self, snapshot, right, number, colors);
    break;
  case FACET_NEST_TASK:
  case FACET_NEST_TASK_DONE:
    draw_check (self, snapshot, right - CHECK_SIZE, nest->kind == FACET_NEST_TASK_DONE, colors);
    break;
  default:
    draw_label (self, snapshot, right, bullets[MIN (depth, G_N_ELEMENTS (bullets) - 1)], colors);
    break;
  }
}

static void
draw_nests (FacetBlockView *self, GtkSnapshot *snapshot)
{
  FacetBlockViewPrivate *priv = PRIVATE (self);
  gboolean               rtl = gtk_widget_get_direction (GTK_WIDGET (self)) == GTK_TEXT_DIR_RTL;
  float                  width = (float)gtk_widget_get_width (GTK_WIDGET (self));
  float                  x = 0;
  guint                  lists = 0;
  const FacetTextColors *colors = facet_block_view_get_colors (self);

  for (guint i = 0; i < priv->block->n_nests; i++) {
    const FacetNest *nest = &priv->block->nests[i];
    float            indent = (float)nest_indent (nest);
    float            left = rtl ? width - x - indent : x;

    if (nest->kind == FACET_NEST_QUOTE)
      draw_bar (self, snapshot, rtl ? left + indent - BAR_WIDTH : left, i < priv->shared, colors);
    else if (nest->first)
      draw_marker (self, snapshot, nest, left, lists, colors);
    lists += nest->kind != FACET_NEST_QUOTE;
    x += indent;
  }
}

/* Widget */

/* Any size will do: see the header. */
static void
facet_block_view_measure (GtkWidget     *widget,
                          GtkOrientation orientation,
                          int            for_size,
                          int           *minimum,
                          int           *natural,
                          int           *minimum_baseline,
                          int           *natural_baseline)
{
  *minimum = *natural = 0;
}

static void
facet_block_view_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  FacetBlockView        *self = FACET_BLOCK_VIEW (widget);
  FacetBlockViewPrivate *priv = PRIVATE (self);
  FacetBlockViewClass   *klass = FACET_BLOCK_VIEW_GET_CLASS (self);
  int      indent = priv->block != NULL ? facet_block_view_get_indent (priv->block) : 0;
  gboolean rtl = gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL;

  priv->content = (GtkAllocation){
      .x = rtl ? 0 : indent,
      .y = priv->gap,
      .width = MAX (width - indent, 1),
      .height = MAX (height - priv->gap, 0),
  };
  if (klass->allocate_content != NULL)
    klass->allocate_content (self, &priv->content);
}

static void
facet_block_view_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  FacetBlockView        *self = FACET_BLOCK_VIEW (widget);
  FacetBlockViewPrivate *priv = PRIVATE (self);

  if (priv->block == NULL)
    return;
  draw_nests (self, snapshot);
  if (FACET_BLOCK_VIEW_GET_CLASS (self)->draw_content != NULL) {
    gtk_snapshot_save (snapshot);
    gtk_snapshot_translate (snapshot,
                            &GRAPHENE_POINT_INIT ((float)priv->content.x, (float)priv->content.y));
    FACET_BLOCK_VIEW_GET_CLASS (self)->draw_content (self, snapshot);
    gtk_snapshot_restore (snapshot);
  }
  GTK_WIDGET_CLASS (facet_block_view_parent_class)->snapshot (widget, snapshot);
}

static void
facet_block_view_dispose (GObject *object)
{
  FacetBlockViewPrivate *priv = PRIVATE (FACET_BLOCK_VIEW (object));

  g_clear_pointer (&priv->flow, facet_flow_unref);
  g_clear_pointer (&priv->block, facet_block_unref);
  facet_text_style_clear (&priv->style);
  G_OBJECT_CLASS (facet_block_view_parent_class)->dispose (object);
}

static void
facet_block_view_class_init (FacetBlockViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_block_view_dispose;
  widget_class->measure = facet_block_view_measure;
  widget_class->size_allocate = facet_block_view_size_allocate;
  widget_class->snapshot = facet_block_view_snapshot;
  widget_class->css_changed = facet_block_view_css_changed;
  widget_class->system_setting_changed = facet_block_view_system_setting_changed;
  widget_class->direction_changed = facet_block_view_direction_changed;
  signals[HEIGHT_CHANGED] = g_signal_new ("height-changed", G_TYPE_FROM_CLASS (klass),
                                          G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
facet_block_view_init (FacetBlockView *self)
{
}
