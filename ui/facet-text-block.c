/* facet-text-block.c: a paragraph, a heading, a rule.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  One layout, made when the block is bound and again when the style changes. */
#define G_LOG_DOMAIN "facet-text-block"

#include "config.h"

#include "facet-text-block.h"
#include "facet-text-layout.h"

#define RULE_HEIGHT 13

struct _FacetTextBlock {
  FacetBlockView  parent_instance;
  FacetTextLayout text;   /* layout NULL: to be made */
  int             width;  /* for which :height is; 0: none */
  int             height; /* of the content */
};

G_DEFINE_FINAL_TYPE (FacetTextBlock, facet_text_block, FACET_TYPE_BLOCK_VIEW)

static void
forget_layout (FacetTextBlock *self)
{
  facet_text_layout_clear (&self->text);
  self->width = 0;
}

static double
heading_scale (const FacetBlock *block, FacetFlowStyle style)
{
  static const double scales[] = {1.55, 1.3, 1.15, 1.05, 1, 1};

  if (block->kind != FACET_BLOCK_HEADING || style == FACET_FLOW_TRACE)
    return 1;
  return scales[CLAMP (block->level, 1, G_N_ELEMENTS (scales)) - 1];
}

static void
ensure_layout (FacetTextBlock *self)
{
  FacetBlockView *view = FACET_BLOCK_VIEW (self);
  FacetBlock     *block = facet_block_view_get_block (view);
  double          scale;

  if (self->text.layout != NULL)
    return;
  scale = heading_scale (block, facet_flow_get_style (facet_block_view_get_flow (view)));
  facet_text_layout_init (&self->text, GTK_WIDGET (self), block, 0, block->length, scale,
                          block->kind == FACET_BLOCK_HEADING, facet_block_view_get_colors (view));
}

static void
facet_text_block_bind (FacetBlockView *view, gboolean grew)
{
  FacetTextBlock *self = FACET_TEXT_BLOCK (view);

  forget_layout (self);
}

static void
facet_text_block_speak (FacetBlockView *view)
{
  FacetBlock      *block = facet_block_view_get_block (view);
  g_autofree char *spoken = facet_block_view_dup_spoken_text (view);

  if (block->kind == FACET_BLOCK_RULE)
    return;
  gtk_accessible_update_property (GTK_ACCESSIBLE (view), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
  if (block->kind == FACET_BLOCK_HEADING)
    gtk_accessible_update_property (GTK_ACCESSIBLE (view), GTK_ACCESSIBLE_PROPERTY_LEVEL,
                                    (int)block->level, -1);
}

static void
facet_text_block_restyle (FacetBlockView *view)
{
  forget_layout (FACET_TEXT_BLOCK (view));
}

static int
facet_text_block_get_content_height (FacetBlockView *view, int width)
{
  FacetTextBlock *self = FACET_TEXT_BLOCK (view);

  if (facet_block_view_get_block (view)->kind == FACET_BLOCK_RULE)
    return RULE_HEIGHT;
  if (self->width == width)
    return self->height;
  ensure_layout (self);
  self->width = width;
  self->height = facet_text_layout_set_width (&self->text, width);
  return self->height;
}

static void
facet_text_block_draw_content (FacetBlockView *view, GtkSnapshot *snapshot)
{
  FacetTextBlock *self = FACET_TEXT_BLOCK (view);
  gsize           start = 0, end = 0;
  FacetTextMarks  marks;

  if (facet_block_view_get_block (view)->kind == FACET_BLOCK_RULE) {
    int width = gtk_widget_get_width (GTK_WIDGET (self));

    width -= facet_block_view_get_indent (facet_block_view_get_block (view));
    gtk_snapshot_append_color (snapshot, &facet_block_view_get_colors (view)->rule,
                               &GRAPHENE_RECT_INIT (0, RULE_HEIGHT / 2, (float)width, 1));
    return;
  }
  /* After a change of style it may be drawn before it is laid out again. */
  facet_text_block_get_content_height (view, facet_block_view_get_content_width (view));
  facet_block_view_get_selected (view, &start, &end);
  facet_block_view_get_marks (view, &marks);
  facet_text_layout_draw (&self->text, snapshot, facet_block_view_get_colors (view), &marks, start,
                          end);
}

static gsize
facet_text_block_get_byte (FacetBlockView *view, double x, double y)
{
  FacetTextBlock *self = FACET_TEXT_BLOCK (view);

  ensure_layout (self);
  return facet_text_layout_get_byte (&self->text, x, y);
}

static guint
facet_text_block_get_link (FacetBlockView *view, double x, double y)
{
  FacetTextBlock *self = FACET_TEXT_BLOCK (view);

  ensure_layout (self);
  return facet_text_layout_get_link (&self->text, x, y);
}

static void
facet_text_block_get_caret (FacetBlockView *view, gsize byte, GdkRectangle *rectangle)
{
  FacetTextBlock *self = FACET_TEXT_BLOCK (view);

  ensure_layout (self);
  facet_text_layout_get_caret (&self->text, byte, rectangle);
}

static void
facet_text_block_finalize (GObject *object)
{
  facet_text_layout_clear (&FACET_TEXT_BLOCK (object)->text);
  G_OBJECT_CLASS (facet_text_block_parent_class)->finalize (object);
}

static void
facet_text_block_class_init (FacetTextBlockClass *klass)
{
  FacetBlockViewClass *view_class = FACET_BLOCK_VIEW_CLASS (klass);
  GtkWidgetClass      *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = facet_text_block_finalize;
  view_class->bind = facet_text_block_bind;
  view_class->speak = facet_text_block_speak;
  view_class->restyle = facet_text_block_restyle;
  view_class->get_content_height = facet_text_block_get_content_height;
  view_class->draw_content = facet_text_block_draw_content;
  view_class->get_byte = facet_text_block_get_byte;
  view_class->get_link = facet_text_block_get_link;
  view_class->get_caret = facet_text_block_get_caret;
  gtk_widget_class_set_css_name (widget_class, "text-block");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_LABEL);
}

static void
facet_text_block_init (FacetTextBlock *self)
{
}
