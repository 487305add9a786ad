/* facet-turn-model.h: a message as the list shows it: its text read into blocks, its heights, what
 * is unfolded.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  One for each message of the conversation that is shown; it outlives the message's
 * widget.  A message is read when it first comes near the screen.  While an answer streams, what
 * arrives is only noted; the text is read by facet_turn_model_update (), once a frame. */
#pragma once

#include "facet-flow.h"
#include "facet-message.h"

G_BEGIN_DECLS

#define FACET_TYPE_TURN_MODEL (facet_turn_model_get_type ())
G_DECLARE_FINAL_TYPE (FacetTurnModel, facet_turn_model, FACET, TURN_MODEL, GObject)

typedef enum {
  FACET_THOUGHT_FOLDED,
  FACET_THOUGHT_BOX,      /* the last lines, following the end */
  FACET_THOUGHT_EXPANDED, /* all of it */
} FacetThoughtView;

/* Signals: ::dirty: update () has something to do; ::changed: something other than the text is
 * different. */
FacetTurnModel *facet_turn_model_new (FacetMessage *message) G_GNUC_WARN_UNUSED_RESULT;

FacetMessage *facet_turn_model_get_message (FacetTurnModel *self);
/* What the person wrote, or the answer. */
FacetFlow    *facet_turn_model_get_body (FacetTurnModel *self);
FacetFlow    *facet_turn_model_get_trace (FacetTurnModel *self);
gboolean      facet_turn_model_has_thought (FacetTurnModel *self);

/* Reads the text if that was not done yet. */
void     facet_turn_model_load (FacetTurnModel *self);
/* Reads what was added.  TRUE: blocks have changed. */
gboolean facet_turn_model_update (FacetTurnModel *self);
gboolean facet_turn_model_is_dirty (FacetTurnModel *self);

/* Unfolds by itself while the model thinks, and folds when the answer begins, unless the reader
 * chose otherwise. */
FacetThoughtView facet_turn_model_get_thought_view (FacetTurnModel *self);
void             facet_turn_model_set_thought_view (FacetTurnModel *self, FacetThoughtView view);
/* While it is held, under the reader's pointer or focus, it does not fold by itself. */
void             facet_turn_model_hold_thought (FacetTurnModel *self, gboolean held);
/* A long message of the person is shown in part until it is unfolded. */
gboolean         facet_turn_model_get_clipped (FacetTurnModel *self);
void             facet_turn_model_unclip (FacetTurnModel *self);

/* The height of the whole row, for the list; measured: not an estimate. */
double facet_turn_model_get_height (FacetTurnModel *self, int text_width);
void   facet_turn_model_set_height (FacetTurnModel *self, int text_width, double height);

G_END_DECLS
