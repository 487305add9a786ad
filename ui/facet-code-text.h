/* facet-code-text.h: the lines of a piece of code, highlighted, laid out only where they are seen.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  GtkSourceView's buffer, languages and schemes say how the code is coloured.  Its
 * widget is not used: to be as high as its text it has to lay out and draw all of it (measured: 12
 * ms for the first frame of 80 lines, 19 ms a frame while 300 lines were streamed), and it keeps a
 * selection of its own. */
#pragma once

#include "facet-compat.h"
#include "facet-markdown.h"
#include "facet-text-layout.h"

G_BEGIN_DECLS

typedef struct _FacetCodeText FacetCodeText;

/* @widget gives the font and is redrawn when the highlighting changes; borrowed. */
FacetCodeText *facet_code_text_new (GtkWidget *widget) G_GNUC_WARN_UNUSED_RESULT;
void           facet_code_text_free (FacetCodeText *self);

/* @block is borrowed until the next call; NULL: none.  @grew: it is the same, with more at its end.
 */
void facet_code_text_set_block (FacetCodeText *self, FacetBlock *block, gboolean grew);
/* Fonts or colours are different now. */
void facet_code_text_restyle (FacetCodeText *self);

/* The language's own name, "" for none.  (transfer none) */
const char *facet_code_text_get_language_name (FacetCodeText *self);
guint       facet_code_text_get_n_lines (FacetCodeText *self);
int         facet_code_text_get_line_height (FacetCodeText *self);
/* Of the longest line. */
int         facet_code_text_get_width (FacetCodeText *self);

/* Draws lines [first, last) with the first line of all at the snapshot's origin. */
void  facet_code_text_draw (FacetCodeText         *self,
                            GtkSnapshot           *snapshot,
                            guint                  first,
                            guint                  last,
                            const FacetTextMarks  *marks,
                            gsize                  sel_start,
                            gsize                  sel_end,
                            const FacetTextColors *colors);
gsize facet_code_text_get_byte (FacetCodeText *self, double x, double y);
void  facet_code_text_get_caret (FacetCodeText *self, gsize byte, GdkRectangle *rectangle);

/* Reads what is known of a common language, which takes some 15 ms, before code of it is shown.
 * FALSE: there is no such @step. */
gboolean facet_code_text_warm_up (guint step);

G_END_DECLS
