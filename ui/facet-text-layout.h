/* facet-text-layout.h: a block's text laid out and drawn: what text blocks and tables' cells share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Bytes are counted in the block's text; a cell's layout covers a part of it. */
#pragma once

#include "app/facet-search-query.h"
#include "facet-compat.h"
#include "facet-markdown.h"

G_BEGIN_DECLS

/* Colours that CSS gives to the text of a widget. */
typedef struct {
  GdkRGBA text, link, rule, pill, selection;
  GdkRGBA mark, current; /* behind what was found, and behind the one that the reader is at */
} FacetTextColors;

/* What was found in a block. */
typedef struct {
  const FacetTextRange *ranges; /* in order */
  guint                 n;
  guint                 current; /* of them; @n: none */
} FacetTextMarks;

void facet_text_colors_init (FacetTextColors *self, GtkWidget *widget);

typedef struct {
  const FacetBlock *block; /* borrowed */
  PangoLayout      *layout;
  gsize             start, end; /* bytes of the block that it shows */
} FacetTextLayout;

/* @scale: of the widget's font; @bold: all of it. */
void facet_text_layout_init (FacetTextLayout       *self,
                             GtkWidget             *widget,
                             const FacetBlock      *block,
                             gsize                  start,
                             gsize                  end,
                             double                 scale,
                             gboolean               bold,
                             const FacetTextColors *colors);
void facet_text_layout_clear (FacetTextLayout *self);

/* Returns the height at @width. */
int   facet_text_layout_set_width (FacetTextLayout *self, int width);
/* Draws at the snapshot's origin; bytes [sel_start, sel_end) are selected, none when equal. */
void  facet_text_layout_draw (FacetTextLayout       *self,
                              GtkSnapshot           *snapshot,
                              const FacetTextColors *colors,
                              const FacetTextMarks  *marks,
                              gsize                  sel_start,
                              gsize                  sel_end);
/* A mark, in the snapshot's coordinates. */
void  facet_text_mark_draw (GtkSnapshot           *snapshot,
                            const graphene_rect_t *rect,
                            gboolean               current,
                            const FacetTextColors *colors);
/* The byte nearest to a place. */
gsize facet_text_layout_get_byte (FacetTextLayout *self, double x, double y);
/* The link at a place, as in FacetSpan; 0: none. */
guint facet_text_layout_get_link (FacetTextLayout *self, double x, double y);
/* Where the caret before @byte is. */
void  facet_text_layout_get_caret (FacetTextLayout *self, gsize byte, GdkRectangle *rectangle);

/* What a layout was made with. */
typedef struct {
  FacetTextColors       colors;
  PangoFontDescription *font; /* NULL: nothing was made yet */
} FacetTextStyle;

/* Takes what @widget has now; TRUE: that is different from before. */
gboolean facet_text_style_update (FacetTextStyle *self, GtkWidget *widget);
void     facet_text_style_clear (FacetTextStyle *self);

/* The widget's font size in pixels. */
double facet_text_font_size (GtkWidget *widget);

G_END_DECLS
