/* facet-flow.h: blocks one below the other, with what is known of their heights, and a selection.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The model under a FacetBlockColumn.  It outlives the widget, so that a message that is scrolled
 * away and back keeps its heights and its selection.  Heights that were never measured are
 * estimated from the text; the list keeps the reader's place while estimates become measures.  Pure
 * but for its thread: main. */
#pragma once

#include "facet-markdown.h"

G_BEGIN_DECLS

typedef enum {
  FACET_FLOW_ANSWER,
  FACET_FLOW_TRACE,
  FACET_FLOW_PERSON,
} FacetFlowStyle;

/* What estimates are made of, in pixels. */
typedef struct {
  double char_width, line_height, code_line_height;
} FacetFlowMetrics;

/* A place between two characters. */
typedef struct {
  guint block;
  gsize byte;
} FacetFlowPosition;

typedef struct _FacetFlow      FacetFlow;
typedef struct _FacetFlowMarks FacetFlowMarks; /* facet-flow-marks.h */

FacetFlow *facet_flow_new (FacetFlowStyle style) G_GNUC_WARN_UNUSED_RESULT;
FacetFlow *facet_flow_ref (FacetFlow *self);
void       facet_flow_unref (FacetFlow *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetFlow, facet_flow_unref)

FacetFlowStyle facet_flow_get_style (FacetFlow *self);

guint       facet_flow_get_n_blocks (FacetFlow *self);
FacetBlock *facet_flow_get_block (FacetFlow *self, guint index);
/* Takes out @removed blocks at @position and puts the @added ones there; blocks that stay the same
 * pointer in the same place keep their heights.  References are taken. */
void        facet_flow_splice (FacetFlow   *self,
                               guint        position,
                               guint        removed,
                               FacetBlock **added,
                               guint        n_added);
/* The block is the same but longer. */
void        facet_flow_touch (FacetFlow *self, guint index);
/* Grows with every change of the blocks. */
guint       facet_flow_get_serial (FacetFlow *self);

/* Another width, or other metrics, forgets the measures. */
void  facet_flow_set_width (FacetFlow *self, int width, const FacetFlowMetrics *metrics);
/* Blocks beyond the first @limit are not shown; 0: all are. */
void  facet_flow_set_limit (FacetFlow *self, guint limit);
guint facet_flow_get_n_shown (FacetFlow *self);

/* Pixels.  Each height includes the space above the block. */
double   facet_flow_get_height (FacetFlow *self);
double   facet_flow_get_block_height (FacetFlow *self, guint index);
gboolean facet_flow_is_measured (FacetFlow *self, guint index);
void     facet_flow_set_block_height (FacetFlow *self, guint index, double height);
/* The block at @y and its upper edge; FALSE: there are no blocks.  Above the first is the first,
 * below the last the last. */
gboolean facet_flow_find (FacetFlow *self, double y, guint *index, double *top);
double   facet_flow_get_top (FacetFlow *self, guint index);

/* The space above a block, and how many of its nests go on from the block before. */
int      facet_flow_get_gap (FacetFlow *self, guint index);
guint    facet_flow_get_shared_nests (FacetFlow *self, guint index);
/* TABLE_ROW: no row of the same table follows. */
gboolean facet_flow_is_last_row (FacetFlow *self, guint index);
/* TABLE_ROW: how far its table was scrolled sideways, in pixels. */
double   facet_flow_get_table_offset (FacetFlow *self, guint index);
void     facet_flow_set_table_offset (FacetFlow *self, guint index, double offset);
/* CODE: no block follows that continues this one. */
gboolean facet_flow_is_last_code (FacetFlow *self, guint index);
/* CODE: the text of the block and of those that continue it. */
char    *facet_flow_dup_code (FacetFlow *self, guint index);

/* The selection goes from the anchor to the focus. */
gboolean facet_flow_has_selection (FacetFlow *self);
void     facet_flow_get_selection (FacetFlow         *self,
                                   FacetFlowPosition *anchor,
                                   FacetFlowPosition *focus);
void     facet_flow_select (FacetFlow *self, FacetFlowPosition anchor, FacetFlowPosition focus);
void     facet_flow_select_all (FacetFlow *self);
/* The bytes of block @index that are selected; FALSE: none. */
gboolean facet_flow_get_selected_bytes (FacetFlow *self, guint index, gsize *start, gsize *end);
/* The selected text, markers of lists included.  (transfer full) */
char    *facet_flow_dup_selected_text (FacetFlow *self);
/* All of it. */
char    *facet_flow_dup_text (FacetFlow *self, gsize max_length);

/* What is marked in it, NULL: nothing.  Takes @marks. */
FacetFlowMarks *facet_flow_get_marks (FacetFlow *self);
void            facet_flow_set_marks (FacetFlow *self, FacetFlowMarks *marks);
/* The marks, or which one is current, have changed. */
void            facet_flow_marked (FacetFlow *self);

/* More is coming: the last block is not finished. */
void     facet_flow_set_open (FacetFlow *self, gboolean open);
gboolean facet_flow_is_unfinished (FacetFlow *self, guint index);

/* Called after a change of the blocks, the selection or the marks; one listener. */
typedef void (*FacetFlowFunc) (FacetFlow *flow, gpointer user_data);
void facet_flow_set_listener (FacetFlow *self, FacetFlowFunc func, gpointer user_data);

G_END_DECLS
