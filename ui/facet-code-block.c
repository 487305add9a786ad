/* facet-code-block.c: the frame around code: language, Copy, sideways scrolling.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Draws only the lines that are on the screen and a few around them.  A block that
 * goes on where another was cut has no header. */
#define G_LOG_DOMAIN "facet-code-block"

#include "config.h"

#include <glib/gi18n.h>
#include <math.h>

#include "facet-code-block.h"
#include "facet-code-text.h"
#include "facet-text-layout.h"

#define PADDING     12
#define RADIUS      12
#define LINE_MARGIN 24 /* lines drawn above and below what is seen */
#define COPIED_MS   1500

struct _FacetCodeBlock {
  FacetBlockView parent_instance;

  GtkWidget     *header;
  GtkLabel      *language;
  GtkWidget     *copy;
  GtkImage      *copy_icon;
  GtkLabel      *copy_label;
  GtkWidget     *scrollbar;
  GtkAdjustment *adjustment;

  FacetCodeText *code;
  GtkAllocation  content;
  int            header_height; /* 0: none */
  double         top, bottom;   /* of the content, that is seen */
  guint          first, last;   /* lines that were drawn */
  guint          copied_source;
};

G_DEFINE_FINAL_TYPE (FacetCodeBlock, facet_code_block, FACET_TYPE_BLOCK_VIEW)

const char *
facet_code_block_get_language_name (FacetCodeBlock *self)
{
  return facet_code_text_get_language_name (self->code);
}

/* Copying */

static void
show_copied (FacetCodeBlock *self, gboolean copied)
{
  gtk_label_set_label (self->copy_label, copied ? _ ("Copied") : _ ("Copy"));
  gtk_image_set_from_icon_name (self->copy_icon,
                                copied ? "object-select-symbolic" : "edit-copy-symbolic");
}

static gboolean
copied_timeout_cb (gpointer data)
{
  FacetCodeBlock *self = data;

  self->copied_source = 0;
  show_copied (self, FALSE);
  return G_SOURCE_REMOVE;
}

static void
copy_cb (FacetCodeBlock *self)
{
  FacetBlockView  *view = FACET_BLOCK_VIEW (self);
  g_autofree char *code =
      facet_flow_dup_code (facet_block_view_get_flow (view), facet_block_view_get_index (view));

  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), code);
  g_clear_handle_id (&self->copied_source, g_source_remove);
  show_copied (self, TRUE);
  self->copied_source = g_timeout_add (COPIED_MS, copied_timeout_cb, self);
}

/* Content */

static void
facet_code_block_bind (FacetBlockView *view, gboolean grew)
{
  FacetCodeBlock *self = FACET_CODE_BLOCK (view);
  FacetBlock     *block = facet_block_view_get_block (view);

  facet_code_text_set_block (self->code, block, grew);
  if (block == NULL || grew)
    return;
  gtk_label_set_label (self->language, facet_code_text_get_language_name (self->code));
  gtk_widget_set_child_visible (self->header, !block->continued);
  if (self->copied_source != 0) {
    g_clear_handle_id (&self->copied_source, g_source_remove);
    show_copied (self, FALSE);
  }
  gtk_adjustment_set_value (self->adjustment, 0);
  self->top = self->bottom = 0;
}

static void
facet_code_block_speak (FacetBlockView *view)
{
  gtk_accessible_update_property (GTK_ACCESSIBLE (view), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  facet_block_view_get_block (view)->text, -1);
}

static gboolean
ends_here (FacetBlockView *view)
{
  return facet_flow_is_last_code (facet_block_view_get_flow (view),
                                  facet_block_view_get_index (view));
}

static void
facet_code_block_restyle (FacetBlockView *view)
{
  facet_code_text_restyle (FACET_CODE_BLOCK (view)->code);
}

static int
facet_code_block_get_wanted_width (FacetBlockView *view)
{
  return facet_code_text_get_width (FACET_CODE_BLOCK (view)->code) + 2 * PADDING;
}

static int
facet_code_block_get_content_height (FacetBlockView *view, int width)
{
  FacetCodeBlock *self = FACET_CODE_BLOCK (view);
  FacetBlock     *block = facet_block_view_get_block (view);
  int             lines =
      (int)facet_code_text_get_n_lines (self->code) * facet_code_text_get_line_height (self->code);

  self->header_height = 0;
  if (!block->continued)
    gtk_widget_measure (self->header, GTK_ORIENTATION_VERTICAL, -1, NULL, &self->header_height,
                        NULL, NULL);
  return self->header_height + lines + (ends_here (view) ? PADDING : 0);
}

static void
facet_code_block_allocate_content (FacetBlockView *view, const GtkAllocation *content)
{
  FacetCodeBlock *self = FACET_CODE_BLOCK (view);
  int             upper = facet_code_text_get_width (self->code) + 2 * PADDING;
  int             bar;

  self->content = *content;
  if (gtk_widget_get_child_visible (self->header)) {
    int minimum;

    gtk_widget_measure (self->header, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
    gtk_widget_size_allocate (self->header,
                              &(GtkAllocation){content->x, content->y,
                                               MAX (minimum, content->width), self->header_height},
                              -1);
  }
  gtk_adjustment_configure (self->adjustment, gtk_adjustment_get_value (self->adjustment), 0, upper,
                            content->width / 10, content->width * 9 / 10, content->width);
  gtk_widget_measure (self->scrollbar, GTK_ORIENTATION_VERTICAL, -1, &bar, NULL, NULL, NULL);
  gtk_widget_set_child_visible (self->scrollbar, upper > content->width && content->height > bar);
  gtk_widget_size_allocate (self->scrollbar,
                            &(GtkAllocation){content->x,
                                             content->y + MAX (content->height - bar, 0),
                                             content->width, bar},
                            -1);
}

static void
draw_frame (FacetCodeBlock *self, GtkSnapshot *snapshot, const FacetTextColors *colors)
{
  FacetBlockView *view = FACET_BLOCK_VIEW (self);
  GskRoundedRect  frame;
  GdkRGBA         background, edge = colors->rule;
  float           top = facet_block_view_get_block (view)->continued ? 0 : RADIUS;
  float           bottom = ends_here (view) ? RADIUS : 0;

  if (!gtk_style_context_lookup_color (gtk_widget_get_style_context (GTK_WIDGET (self)),
                                       "view_bg_color", &background))
    background = (GdkRGBA){0};
  edge.alpha *= 0.7f;
  gsk_rounded_rect_init (&frame,
                         &GRAPHENE_RECT_INIT (0, 0, (float)self->content.width,
                                              (float)self->content.height),
                         &GRAPHENE_SIZE_INIT (top, top), &GRAPHENE_SIZE_INIT (top, top),
                         &GRAPHENE_SIZE_INIT (bottom, bottom),
                         &GRAPHENE_SIZE_INIT (bottom, bottom));
  gtk_snapshot_push_rounded_clip (snapshot, &frame);
  gtk_snapshot_append_color (snapshot, &background, &frame.bounds);
  gtk_snapshot_pop (snapshot);
  gtk_snapshot_append_border (snapshot, &frame,
                              (float[]){top > 0 ? 1 : 0, 1, bottom > 0 ? 1 : 0, 1},
                              (GdkRGBA[]){edge, edge, edge, edge});
}

/* The lines to draw for what is seen; all when that is not known yet. */
static void
lines_to_draw (FacetCodeBlock *self, guint *first, guint *last)
{
  double line = facet_code_text_get_line_height (self->code);
  guint  n = facet_code_text_get_n_lines (self->code);

  *first = 0;
  *last = MIN (n, LINE_MARGIN * 4);
  if (self->bottom <= self->top)
    return;
  *first = (guint)CLAMP (floor ((self->top - self->header_height) / line), 0, n);
  *last = (guint)CLAMP (ceil ((self->bottom - self->header_height) / line), 0, n);
}

static void
facet_code_block_draw_content (FacetBlockView *view, GtkSnapshot *snapshot)
{
  FacetCodeBlock        *self = FACET_CODE_BLOCK (view);
  const FacetTextColors *colors = facet_block_view_get_colors (view);
  gsize                  start = 0, end = 0;
  FacetTextMarks         marks;
  guint                  first, last;

  draw_frame (self, snapshot, colors);
  facet_block_view_get_selected (view, &start, &end);
  lines_to_draw (self, &first, &last);
  self->first = first > LINE_MARGIN ? first - LINE_MARGIN : 0;
  self->last = MIN (last + LINE_MARGIN, facet_code_text_get_n_lines (self->code));

  gtk_snapshot_push_clip (snapshot, &GRAPHENE_RECT_INIT (1, 0, (float)self->content.width - 2,
                                                         (float)self->content.height));
  gtk_snapshot_translate (snapshot,
                          &GRAPHENE_POINT_INIT ((float)(PADDING - round (gtk_adjustment_get_value (
                                                                      self->adjustment))),
                                                (float)self->header_height));
  facet_block_view_get_marks (view, &marks);
  facet_code_text_draw (self->code, snapshot, self->first, self->last, &marks, start, end, colors);
  gtk_snapshot_pop (snapshot);
}

static void
facet_code_block_set_visible_range (FacetBlockView *view, double top, double bottom)
{
  FacetCodeBlock *self = FACET_CODE_BLOCK (view);
  guint           first, last;

  self->top = top;
  self->bottom = bottom;
  lines_to_draw (self, &first, &last);
  if (first < self->first || last > self->last)
    gtk_widget_queue_draw (GTK_WIDGET (self));
}

/* Places */

static gsize
facet_code_block_get_byte (FacetBlockView *view, double x, double y)
{
  FacetCodeBlock *self = FACET_CODE_BLOCK (view);

  return facet_code_text_get_byte (self->code,
                                   x - PADDING + gtk_adjustment_get_value (self->adjustment),
                                   y - self->header_height);
}

static void
facet_code_block_get_caret (FacetBlockView *view, gsize byte, GdkRectangle *rectangle)
{
  FacetCodeBlock *self = FACET_CODE_BLOCK (view);

  facet_code_text_get_caret (self->code, byte, rectangle);
  /* The caret is brought into view sideways, too. */
  gtk_adjustment_clamp_page (self->adjustment, rectangle->x, rectangle->x + 2 * PADDING);
  rectangle->x += PADDING - (int)round (gtk_adjustment_get_value (self->adjustment));
  rectangle->y += self->header_height;
}

static void
scrolled_cb (FacetCodeBlock *self)
{
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static gboolean
scroll_cb (FacetCodeBlock *self, double dx, double dy, GtkEventControllerScroll *controller)
{
  GdkModifierType modifiers =
      gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (controller));
  double before = gtk_adjustment_get_value (self->adjustment);
  double step = gtk_adjustment_get_step_increment (self->adjustment);

  if ((modifiers & GDK_SHIFT_MASK) && dx == 0)
    dx = dy;
  else if (fabs (dy) > fabs (dx))
    return FALSE;
  gtk_adjustment_set_value (self->adjustment, before + dx * step);
  return gtk_adjustment_get_value (self->adjustment) != before;
}

/* Widget */

static void
facet_code_block_dispose (GObject *object)
{
  FacetCodeBlock *self = FACET_CODE_BLOCK (object);

  g_clear_handle_id (&self->copied_source, g_source_remove);
  g_clear_pointer (&self->header, gtk_widget_unparent);
  g_clear_pointer (&self->scrollbar, gtk_widget_unparent);
  G_OBJECT_CLASS (facet_code_block_parent_class)->dispose (object);
}

static void
facet_code_block_finalize (GObject *object)
{
  facet_code_text_free (FACET_CODE_BLOCK (object)->code);
  G_OBJECT_CLASS (facet_code_block_parent_class)->finalize (object);
}

static void
facet_code_block_class_init (FacetCodeBlockClass *klass)
{
  FacetBlockViewClass *view_class = FACET_BLOCK_VIEW_CLASS (klass);
  GtkWidgetClass      *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_code_block_dispose;
  G_OBJECT_CLASS (klass)->finalize = facet_code_block_finalize;
  view_class->bind = facet_code_block_bind;
  view_class->speak = facet_code_block_speak;
  view_class->restyle = facet_code_block_restyle;
  view_class->get_wanted_width = facet_code_block_get_wanted_width;
  view_class->get_content_height = facet_code_block_get_content_height;
  view_class->allocate_content = facet_code_block_allocate_content;
  view_class->draw_content = facet_code_block_draw_content;
  view_class->set_visible_range = facet_code_block_set_visible_range;
  view_class->get_byte = facet_code_block_get_byte;
  view_class->get_caret = facet_code_block_get_caret;

  gtk_widget_class_set_css_name (widget_class, "code-block");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-code-block.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetCodeBlock, header);
  gtk_widget_class_bind_template_child (widget_class, FacetCodeBlock, language);
  gtk_widget_class_bind_template_child (widget_class, FacetCodeBlock, copy);
  gtk_widget_class_bind_template_child (widget_class, FacetCodeBlock, copy_icon);
  gtk_widget_class_bind_template_child (widget_class, FacetCodeBlock, copy_label);
  gtk_widget_class_bind_template_child (widget_class, FacetCodeBlock, scrollbar);
  gtk_widget_class_bind_template_child (widget_class, FacetCodeBlock, adjustment);
  gtk_widget_class_bind_template_callback (widget_class, copy_cb);
  gtk_widget_class_bind_template_callback (widget_class, scrolled_cb);
}

static void
facet_code_block_init (FacetCodeBlock *self)
{
  GtkEventController *scroll;

  self->code = facet_code_text_new (GTK_WIDGET (self));
  gtk_widget_init_template (GTK_WIDGET (self));
  scroll = gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_BOTH_AXES);
  g_signal_connect_swapped (scroll, "scroll", G_CALLBACK (scroll_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), scroll);
  /* The highlighting has its own light and dark. */
  g_signal_connect_object (adw_style_manager_get_default (), "notify::dark",
                           G_CALLBACK (facet_code_block_restyle), self, G_CONNECT_SWAPPED);
}
