/* facet-text-layout.c: from a block's spans to a PangoLayout, and from there to the screen.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Labels would do this too, but each of theirs is laid out three times to be measured once, and a
 * selection could not go from one to the next.  Main thread. */
#define G_LOG_DOMAIN "facet-text-layout"

#include "config.h"

#include <math.h>
#include <string.h>

#include "facet-text-layout.h"

#define LINE_HEIGHT         1.45 /* of the font's size */
#define HEADING_LINE_HEIGHT 1.3
#define CODE_SCALE          0.9
#define PILL_PADDING        2
#define PILL_RADIUS         4
#define MARK_RADIUS         3

static void
lookup (GtkStyleContext *style, const char *name, double alpha, GdkRGBA *color)
{
  if (!gtk_style_context_lookup_color (style, name, color))
    gtk_style_context_get_color (style, color);
  color->alpha *= (float)alpha;
}

void
facet_text_colors_init (FacetTextColors *self, GtkWidget *widget)
{
  GtkStyleContext *style = gtk_widget_get_style_context (widget);

  gtk_style_context_get_color (style, &self->text);
  lookup (style, "accent_color", 1, &self->link);
  lookup (style, "accent_bg_color", 0.35, &self->selection);
  self->rule = self->text;
  self->rule.alpha *= 0.2f;
  self->pill = self->text;
  self->pill.alpha *= 0.09f;
  /* Through these, light text and dark text can both be read. */
  lookup (style, "yellow_3", 0.45, &self->mark);
  lookup (style, "orange_3", 0.6, &self->current);
}

gboolean
facet_text_style_update (FacetTextStyle *self, GtkWidget *widget)
{
  PangoContext               *context = gtk_widget_get_pango_context (widget);
  const PangoFontDescription *font = pango_context_get_font_description (context);
  FacetTextColors             colors;
  gboolean                    same;

  facet_text_colors_init (&colors, widget);
  same = self->font != NULL && pango_font_description_equal (self->font, font) &&
         memcmp (&colors, &self->colors, sizeof colors) == 0;
  self->colors = colors;
  if (!same) {
    g_clear_pointer (&self->font, pango_font_description_free);
    self->font = pango_font_description_copy (font);
  }
  return !same;
}

void
facet_text_style_clear (FacetTextStyle *self)
{
  g_clear_pointer (&self->font, pango_font_description_free);
}

double
facet_text_font_size (GtkWidget *widget)
{
  PangoContext               *context = gtk_widget_get_pango_context (widget);
  const PangoFontDescription *font = pango_context_get_font_description (context);
  double                      size = (double)pango_font_description_get_size (font) / PANGO_SCALE;

  if (!pango_font_description_get_size_is_absolute (font))
    size *= pango_cairo_context_get_resolution (context) / 72;
  return size;
}

/* Attributes */

static void
add_attribute (PangoAttrList *list, PangoAttribute *attribute, gsize start, gsize end)
{
  attribute->start_index = (guint)start;
  attribute->end_index = (guint)end;
  pango_attr_list_insert (list, attribute);
}

static PangoAttribute *
foreground (const GdkRGBA *color)
{
  return pango_attr_foreground_new ((guint16)(color->red * G_MAXUINT16),
                                    (guint16)(color->green * G_MAXUINT16),
                                    (guint16)(color->blue * G_MAXUINT16));
}

static void
add_span (PangoAttrList         *list,
          const FacetSpan       *span,
          gsize                  start,
          gsize                  end,
          const FacetTextColors *colors)
{
  if (span->flags & FACET_SPAN_EMPHASIS)
    add_attribute (list, pango_attr_style_new (PANGO_STYLE_ITALIC), start, end);
  if (span->flags & FACET_SPAN_STRONG)
    add_attribute (list, pango_attr_weight_new (PANGO_WEIGHT_BOLD), start, end);
  if (span->flags & FACET_SPAN_STRIKE)
    add_attribute (list, pango_attr_strikethrough_new (TRUE), start, end);
  if (span->flags & FACET_SPAN_CODE) {
    add_attribute (list, pango_attr_family_new ("monospace"), start, end);
    add_attribute (list, pango_attr_scale_new (CODE_SCALE), start, end);
  }
  if (span->link != 0) {
    add_attribute (list, foreground (&colors->link), start, end);
    add_attribute (list, pango_attr_underline_new (PANGO_UNDERLINE_SINGLE), start, end);
  }
}

static PangoAttrList *
make_attributes (FacetTextLayout       *self,
                 double                 font_size,
                 double                 scale,
                 gboolean               bold,
                 const FacetTextColors *colors)
{
  PangoAttrList *list = pango_attr_list_new ();
  double         line = font_size * scale * (scale > 1.1 ? HEADING_LINE_HEIGHT : LINE_HEIGHT);

  /* Absolute, so that a word in another script or in code does not push lines apart. */
  pango_attr_list_insert (list,
                          pango_attr_line_height_new_absolute ((int)(round (line) * PANGO_SCALE)));
  pango_attr_list_insert (list, pango_attr_insert_hyphens_new (FALSE));
  if (scale != 1)
    pango_attr_list_insert (list, pango_attr_scale_new (scale));
  if (bold)
    pango_attr_list_insert (list, pango_attr_weight_new (PANGO_WEIGHT_BOLD));
  for (guint i = 0; i < self->block->n_spans; i++) {
    const FacetSpan *span = &self->block->spans[i];
    gsize            start = MAX (span->start, self->start);
    gsize            end = MIN (span->end, self->end);

    if (start < end)
      add_span (list, span, start - self->start, end - self->start, colors);
  }
  return list;
}

void
facet_text_layout_init (FacetTextLayout       *self,
                        GtkWidget             *widget,
                        const FacetBlock      *block,
                        gsize                  start,
                        gsize                  end,
                        double                 scale,
                        gboolean               bold,
                        const FacetTextColors *colors)
{
  g_autoptr (PangoAttrList) attributes = NULL;

  self->block = block;
  self->start = start;
  self->end = end;
  self->layout = gtk_widget_create_pango_layout (widget, NULL);
  pango_layout_set_text (self->layout, block->text + start, (int)(end - start));
  pango_layout_set_wrap (self->layout, PANGO_WRAP_WORD_CHAR);
  attributes = make_attributes (self, facet_text_font_size (widget), scale, bold, colors);
  pango_layout_set_attributes (self->layout, attributes);
}

void
facet_text_layout_clear (FacetTextLayout *self)
{
  g_clear_object (&self->layout);
  self->block = NULL;
}

int
facet_text_layout_set_width (FacetTextLayout *self, int width)
{
  int height;

  pango_layout_set_width (self->layout, MAX (width, 1) * PANGO_SCALE);
  pango_layout_get_pixel_size (self->layout, NULL, &height);
  return height;
}

/* Marks */

/* The current one has an edge, for those to whom two colours are one. */
void
facet_text_mark_draw (GtkSnapshot           *snapshot,
                      const graphene_rect_t *rect,
                      gboolean               current,
                      const FacetTextColors *colors)
{
  GskRoundedRect  rounded;
  graphene_rect_t area = *rect;

  graphene_rect_inset (&area, -1, 1);
  gsk_rounded_rect_init_from_rect (&rounded, &area, MARK_RADIUS);
  gtk_snapshot_push_rounded_clip (snapshot, &rounded);
  gtk_snapshot_append_color (snapshot, current ? &colors->current : &colors->mark, &area);
  gtk_snapshot_pop (snapshot);
  if (current)
    gtk_snapshot_append_border (snapshot, &rounded, (float[]){1, 1, 1, 1},
                                (GdkRGBA[]){colors->text, colors->text, colors->text,
                                            colors->text});
}

/* Drawing */

typedef void (*RectFunc) (GtkSnapshot           *snapshot,
                          const graphene_rect_t *rect,
                          const FacetTextColors *colors);

/* Calls @func for the rectangles that bytes [start, end) of the layout take. */
static void
foreach_rectangle (FacetTextLayout       *self,
                   GtkSnapshot           *snapshot,
                   gsize                  start,
                   gsize                  end,
                   RectFunc               func,
                   const FacetTextColors *colors)
{
  PangoLayoutIter *iter = pango_layout_get_iter (self->layout);

  do {
    PangoLayoutLine *line = pango_layout_iter_get_line_readonly (iter);
    g_autofree int  *ranges = NULL;
    int              n_ranges, y0, y1;

    if ((gsize)line->start_index >= end)
      break;
    if ((gsize)(line->start_index + line->length) <= start)
      continue;
    pango_layout_iter_get_line_yrange (iter, &y0, &y1);
    pango_layout_line_get_x_ranges (line, (int)MAX (start, (gsize)line->start_index),
                                    (int)MIN (end, (gsize)(line->start_index + line->length)),
                                    &ranges, &n_ranges);
    for (int i = 0; i < n_ranges; i++) {
      /* Ranges are counted from the layout's edge and include the line's own offset. */
      float x0 = (float)ranges[2 * i] / PANGO_SCALE;
      float x1 = (float)ranges[2 * i + 1] / PANGO_SCALE;

      func (snapshot,
            &GRAPHENE_RECT_INIT (x0, (float)y0 / PANGO_SCALE, x1 - x0,
                                 (float)(y1 - y0) / PANGO_SCALE),
            colors);
    }
  } while (pango_layout_iter_next_line (iter));
  pango_layout_iter_free (iter);
}

static void
draw_selection (GtkSnapshot *snapshot, const graphene_rect_t *rect, const FacetTextColors *colors)
{
  gtk_snapshot_append_color (snapshot, &colors->selection, rect);
}

static void
draw_mark (GtkSnapshot *snapshot, const graphene_rect_t *rect, const FacetTextColors *colors)
{
  facet_text_mark_draw (snapshot, rect, FALSE, colors);
}

static void
draw_current (GtkSnapshot *snapshot, const graphene_rect_t *rect, const FacetTextColors *colors)
{
  facet_text_mark_draw (snapshot, rect, TRUE, colors);
}

static void
draw_pill (GtkSnapshot *snapshot, const graphene_rect_t *rect, const FacetTextColors *colors)
{
  graphene_rect_t pill = *rect;
  GskRoundedRect  rounded;
  float           inset = floorf (rect->size.height * 0.08f);

  graphene_rect_inset (&pill, -PILL_PADDING, inset);
  gsk_rounded_rect_init_from_rect (&rounded, &pill, PILL_RADIUS);
  gtk_snapshot_push_rounded_clip (snapshot, &rounded);
  gtk_snapshot_append_color (snapshot, &colors->pill, &pill);
  gtk_snapshot_pop (snapshot);
}

void
facet_text_layout_draw (FacetTextLayout       *self,
                        GtkSnapshot           *snapshot,
                        const FacetTextColors *colors,
                        const FacetTextMarks  *marks,
                        gsize                  sel_start,
                        gsize                  sel_end)
{
  gsize from = MAX (sel_start, self->start), to = MIN (sel_end, self->end);

  for (guint i = 0; i < self->block->n_spans; i++) {
    const FacetSpan *span = &self->block->spans[i];
    gsize            start = MAX (span->start, self->start), end = MIN (span->end, self->end);

    if ((span->flags & FACET_SPAN_CODE) && start < end)
      foreach_rectangle (self, snapshot, start - self->start, end - self->start, draw_pill, colors);
  }
  for (guint i = 0; i < marks->n; i++) {
    gsize start = MAX (marks->ranges[i].start, self->start);
    gsize end = MIN (marks->ranges[i].end, self->end);

    if (start < end)
      foreach_rectangle (self, snapshot, start - self->start, end - self->start,
                         i == marks->current ? draw_current : draw_mark, colors);
  }
  if (from < to)
    foreach_rectangle (self, snapshot, from - self->start, to - self->start, draw_selection,
                       colors);
  gtk_snapshot_append_layout (snapshot, self->layout, &colors->text);
}

/* Places */

gsize
facet_text_layout_get_byte (FacetTextLayout *self, double x, double y)
{
  const char *text = pango_layout_get_text (self->layout);
  int         index, trailing;

  pango_layout_xy_to_index (self->layout, (int)(x * PANGO_SCALE), (int)(y * PANGO_SCALE), &index,
                            &trailing);
  for (; trailing > 0; trailing--)
    index = (int)(g_utf8_next_char (text + index) - text);
  return MIN (self->start + (gsize)index, self->end);
}

guint
facet_text_layout_get_link (FacetTextLayout *self, double x, double y)
{
  int   index, trailing;
  gsize byte;

  if (self->block->links == NULL ||
      !pango_layout_xy_to_index (self->layout, (int)(x * PANGO_SCALE), (int)(y * PANGO_SCALE),
                                 &index, &trailing))
    return 0;
  byte = self->start + (gsize)index;
  for (guint i = 0; i < self->block->n_spans; i++) {
    if (byte >= self->block->spans[i].start && byte < self->block->spans[i].end)
      return self->block->spans[i].link;
  }
  return 0;
}

void
facet_text_layout_get_caret (FacetTextLayout *self, gsize byte, GdkRectangle *rectangle)
{
  PangoRectangle strong;

  pango_layout_get_cursor_pos (self->layout,
                               (int)(CLAMP (byte, self->start, self->end) - self->start), &strong,
                               NULL);
  *rectangle = (GdkRectangle){
      .x = PANGO_PIXELS (strong.x),
      .y = PANGO_PIXELS (strong.y),
      .width = 1,
      .height = PANGO_PIXELS (strong.height),
  };
}
