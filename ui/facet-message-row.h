/* facet-message-row.h: one message of the list: the base of the person's bubble and of the answer.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Only a FacetChatList makes rows and binds them to messages.  It lays them out in
 * two steps: facet_message_row_layout () with the part that will be seen, then
 * gtk_widget_size_allocate ().
 *
 * Carries the actions message.copy, message.edit, message.regenerate, message.delete,
 * message.try-again, message.drop-oldest, message.keep, message.expand, message.previous-version,
 * message.next-version, message.begin-conversation and answer-now. */
#pragma once

#include "facet-block-column.h"
#include "facet-compat.h"
#include "facet-conversation.h"
#include "facet-turn-model.h"

G_BEGIN_DECLS

#define FACET_TYPE_MESSAGE_ROW (facet_message_row_get_type ())
G_DECLARE_DERIVABLE_TYPE (FacetMessageRow, facet_message_row, FACET, MESSAGE_ROW, GtkWidget)

/* The columns that a width has room for. */
typedef struct {
  int text_x, text_width; /* of text, in the middle */
  int max_width; /* of code and tables, which begin with the text and may end further right */
} FacetRowColumns;

/* A place in a row that stays the same when what is above it gets another height. */
typedef struct {
  enum {
    FACET_ROW_TOP,
    FACET_ROW_TRACE,
    FACET_ROW_BODY,
    FACET_ROW_BOTTOM,
  } part;
  guint  block; /* of the trace or the body */
  double dy;    /* pixels below the block's upper edge, or that edge of the row */
} FacetRowAnchor;

struct _FacetMessageRowClass {
  GtkWidgetClass parent_class;

  /* The turn, or something about it other than its text, is different; the turn may be NULL. */
  void (*bind) (FacetMessageRow *self);
  int (*layout) (FacetMessageRow *self, const FacetRowColumns *columns, double top, double bottom);
  /* Where a part's blocks begin in the row as it is laid out; FALSE: it is not shown as a whole. */
  gboolean (*get_part_top) (FacetMessageRow *self, guint part, double *top);
  /* The FacetMessageActions. */
  GtkWidget *(*get_actions) (FacetMessageRow *self);
  /* What shows a part; NULL: the row has no such part. */
  FacetBlockColumn *(*get_column) (FacetMessageRow *self, guint part);
};

/* Signals: ::changed: lay it out again; ::edit-requested (FacetMessage *); ::toast (const char *,
 * gboolean undo). */
void               facet_message_row_bind (FacetMessageRow   *self,
                                           FacetTurnModel    *turn,
                                           FacetConversation *conversation);
FacetTurnModel    *facet_message_row_get_turn (FacetMessageRow *self);
FacetMessage      *facet_message_row_get_message (FacetMessageRow *self);
/* NULL: the row is not bound. */
FacetConversation *facet_message_row_get_conversation (FacetMessageRow *self);
/* Whether the conversation is busy has changed. */
void               facet_message_row_update_actions (FacetMessageRow *self);
/* See facet_version_pager_grab_focus (). */
void               facet_message_row_focus_versions (FacetMessageRow *self, gboolean back);

void     facet_message_row_get_columns (int width, FacetRowColumns *columns);
/* Returns the row's height. */
int      facet_message_row_layout (FacetMessageRow *self, int width, double top, double bottom);
/* Of a row that is laid out. */
void     facet_message_row_get_anchor (FacetMessageRow *self, double y, FacetRowAnchor *anchor);
double   facet_message_row_resolve_anchor (FacetMessageRow *self, const FacetRowAnchor *anchor);
/* Where byte @byte of block @block of @part is, in the row as it is laid out; FALSE: the part is
 * not shown, or that block has no widget yet.  Brings it into view sideways, too. */
gboolean facet_message_row_get_caret (FacetMessageRow *self,
                                      guint            part,
                                      guint            block,
                                      gsize            byte,
                                      GdkRectangle    *rectangle);
/* Whether all of @part is shown, in the row as it is laid out. */
gboolean facet_message_row_shows (FacetMessageRow *self, guint part);
/* For the subclasses. */
void     facet_message_row_changed (FacetMessageRow *self);
/* The natural height of @child at @width, and allocation. */
int      facet_message_row_measure_child (GtkWidget *child, int width);
void     facet_message_row_place_child (GtkWidget *child, int x, int y, int width, int height);

G_END_DECLS
