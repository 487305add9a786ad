/* facet-block-view.h: a widget that shows one block of text, code or a table's row.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Only a FacetBlockColumn makes them: it binds them to blocks, asks for their heights
 * and allocates them.  They are not measured by GTK: a block's height is a question of one layout
 * at a known width, and is asked with facet_block_view_get_height ().  The base class draws what a
 * block sits in: quotation bars, bullets, numbers.
 *
 * Coordinates of the virtual functions are the content's, below the gap and right of the nests. */
#pragma once

#include "facet-compat.h"
#include "facet-flow.h"
#include "facet-text-layout.h"

G_BEGIN_DECLS

#define FACET_TYPE_BLOCK_VIEW (facet_block_view_get_type ())
G_DECLARE_DERIVABLE_TYPE (FacetBlockView, facet_block_view, FACET, BLOCK_VIEW, GtkWidget)

struct _FacetBlockViewClass {
  GtkWidgetClass parent_class;

  /* The block, or what is around it, has changed; @grew: only more at the end of it. */
  void (*bind) (FacetBlockView *self, gboolean grew);
  /* Tells assistive technology; not for a block that is still being written. */
  void (*speak) (FacetBlockView *self);
  int (*get_content_height) (FacetBlockView *self, int width);
  /* Fonts, colours or the direction of text are different: what was made of them is forgotten. */
  void (*restyle) (FacetBlockView *self);
  /* Optional from here on. */
  /* How wide the content would like to be; it may get less. */
  int (*get_wanted_width) (FacetBlockView *self);
  void (*allocate_content) (FacetBlockView *self, const GtkAllocation *content);
  void (*draw_content) (FacetBlockView *self, GtkSnapshot *snapshot);
  /* Part of the content that is on the screen. */
  void (*set_visible_range) (FacetBlockView *self, double top, double bottom);
  gsize (*get_byte) (FacetBlockView *self, double x, double y);
  /* 0: none; else as in FacetSpan. */
  guint (*get_link) (FacetBlockView *self, double x, double y);
  void (*get_caret) (FacetBlockView *self, gsize byte, GdkRectangle *rectangle);
};

/* The view shows block @index of @flow, NULL: none. */
void        facet_block_view_bind (FacetBlockView *self, FacetFlow *flow, guint index);
FacetFlow  *facet_block_view_get_flow (FacetBlockView *self);
guint       facet_block_view_get_index (FacetBlockView *self);
FacetBlock *facet_block_view_get_block (FacetBlockView *self);

/* Code and tables may be wider than text: what they want of @text_width to @max_width. */
int  facet_block_view_get_width (FacetBlockView *self, int text_width, int max_width);
/* With its gap. */
int  facet_block_view_get_height (FacetBlockView *self, int width);
/* The height has changed for another reason than bind (), as when code has been laid out. */
void facet_block_view_height_changed (FacetBlockView *self);
/* In the view's coordinates. */
void facet_block_view_set_visible_range (FacetBlockView *self, double top, double bottom);

/* What the layout was made with, for the subclasses. */
const FacetTextColors *facet_block_view_get_colors (FacetBlockView *self);
int                    facet_block_view_get_content_width (FacetBlockView *self);

/* In the view's coordinates. */
gsize    facet_block_view_get_byte (FacetBlockView *self, double x, double y);
guint    facet_block_view_get_link (FacetBlockView *self, double x, double y);
void     facet_block_view_get_caret (FacetBlockView *self, gsize byte, GdkRectangle *rectangle);
gboolean facet_block_view_is_over_content (FacetBlockView *self, double x, double y);
/* Of this block; FALSE: nothing is selected. */
gboolean facet_block_view_get_selected (FacetBlockView *self, gsize *start, gsize *end);
/* Of this block; there may be none. */
void     facet_block_view_get_marks (FacetBlockView *self, FacetTextMarks *marks);

/* The kind of view that shows @block. */
GType facet_block_view_type_for (const FacetBlock *block);
/* The width that nests take from the block's. */
int   facet_block_view_get_indent (const FacetBlock *block);
/* The same mark wherever the answer is read: "Done: ", "3. ", for screen readers.  (transfer full)
 */
char *facet_block_view_dup_spoken_text (FacetBlockView *self);

G_END_DECLS
