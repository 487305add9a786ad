/* facet-turn.h: one question and its answer, from the first row on disk to the last.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to app/.  Main thread.  The messages are in the conversation's list already when a turn
 * begins. */
#pragma once

#include "facet-conversation-private.h"

G_BEGIN_DECLS

/* What a turn does to a conversation; owned by the turn. */
typedef struct {
  FacetMessage *user;        /* new, to be stored; NULL: the question is there already */
  FacetMessage *answer;      /* new (id 0) or to be answered again */
  gboolean      drop_oldest; /* leave out what does not fit */
  /* How to undo it when it cannot be saved: */
  gboolean      replaces; /* the new messages are in the list, next to each other */
  GPtrArray    *removed;  /* of FacetMessage: what was there in their place; NULL: nothing */
} FacetTurnPlan;

/* Saves @row and the plan's messages, then asks @assistant.  Takes @row and the contents of @plan.
 * The conversation hears of it through facet_conversation_turn_saved () or …_undone (), and finally
 * …_ended (). */
FacetTurn *facet_turn_begin (FacetConversation    *conversation,
                             FacetAssistant       *assistant,
                             FacetConversationRow *row,
                             FacetTurnPlan        *plan) G_GNUC_WARN_UNUSED_RESULT;
FacetTurn *facet_turn_ref (FacetTurn *self) G_GNUC_WARN_UNUSED_RESULT;
void       facet_turn_unref (FacetTurn *self);

FacetMessage *facet_turn_get_answer (FacetTurn *self);
/* Also at once after facet_turn_begin (), when the store was closed. */
gboolean      facet_turn_has_ended (FacetTurn *self);
void          facet_turn_stop (FacetTurn *self);
void          facet_turn_answer_now (FacetTurn *self);
/* Ends it here and now, as STOPPED, and saves that. */
void          facet_turn_abandon (FacetTurn *self);

/* What is shown up to @until (NULL: all of it), as it is asked; @until itself, if it is an answer
 * that says something, is to be gone on from.  (transfer full) */
FacetRequest *facet_conversation_make_request (FacetConversation *self,
                                               FacetMessage      *until) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
