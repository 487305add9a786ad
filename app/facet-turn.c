/* facet-turn.c: a turn's life: save, ask, take in what comes, save while it comes, save the end.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Moves the answer from state to state and hears from the store and the assistant,
 * both of which may answer after the conversation has moved on: whoever may still call holds a
 * reference.
 *
 *   begin ──saved──▶ ask the assistant ──events──▶ end ──▶ durable save
 *     └──not saved──▶ undone, nothing was computed */
#define G_LOG_DOMAIN "facet-turn"

#include "config.h"

#include "facet-turn.h"

#include <glib/gi18n-lib.h>
#include <jansson.h>

/* With the time a save takes, an answer on disk is never more than 250 ms behind. */
#define SAVE_INTERVAL_MS 100

struct _FacetTurn {
  FacetConversation *conversation; /* a reference, until the turn is freed */
  FacetAssistant    *assistant;
  FacetTurnPlan      plan;
  guint64            number; /* at the assistant; 0: not asked */
  json_t            *tool_calls;
  guint              save_timer;
  gboolean           saving; /* a save is on its way; the next one waits for it */
  gboolean           dirty;  /* there is something that it does not have */
  gboolean           save_failed;
  gboolean           stop_wanted, answer_wanted;
  gboolean           ended;
};

FacetTurn *
facet_turn_ref (FacetTurn *self)
{
  return g_rc_box_acquire (self);
}

static void
turn_clear (gpointer data)
{
  FacetTurn *self = data;

  g_clear_handle_id (&self->save_timer, g_source_remove);
  g_clear_object (&self->plan.user);
  g_clear_object (&self->plan.answer);
  g_clear_pointer (&self->plan.removed, g_ptr_array_unref);
  g_clear_pointer (&self->tool_calls, json_decref);
  g_clear_object (&self->assistant);
  g_clear_object (&self->conversation);
}

void
facet_turn_unref (FacetTurn *self)
{
  g_rc_box_release_full (self, turn_clear);
}

FacetMessage *
facet_turn_get_answer (FacetTurn *self)
{
  return self->plan.answer;
}

gboolean
facet_turn_has_ended (FacetTurn *self)
{
  return self->ended;
}

/* Saving */

static void save (FacetTurn *self, gboolean durable);

static gboolean
save_timer_cb (gpointer user_data)
{
  FacetTurn *self = user_data;

  self->save_timer = 0;
  if (!self->saving)
    save (self, FALSE);
  return G_SOURCE_REMOVE;
}

static void
saved_cb (const GError *error, gpointer user_data)
{
  FacetTurn *self = user_data;

  self->saving = FALSE;
  /* Said once: the answer goes on in memory, and the next save may succeed. */
  if (error != NULL && !self->save_failed) {
    self->save_failed = TRUE;
    facet_conversation_fail (self->conversation, error->message);
  }
  if (self->dirty && !self->ended && self->save_timer == 0)
    self->save_timer = g_timeout_add (SAVE_INTERVAL_MS, save_timer_cb, self);
  facet_turn_unref (self);
}

static void
save (FacetTurn *self, gboolean durable)
{
  self->saving = TRUE;
  self->dirty = FALSE;
  facet_store_save_message (facet_conversation_get_store (self->conversation),
                            facet_message_row_new (self->plan.answer), durable, saved_cb,
                            facet_turn_ref (self));
}

static void
changed (FacetTurn *self)
{
  self->dirty = TRUE;
  if (self->save_timer == 0 && !self->saving)
    self->save_timer = g_timeout_add (SAVE_INTERVAL_MS, save_timer_cb, self);
}

/* Ending */

static void
end (FacetTurn *self, FacetMessageState state)
{
  FacetMessage *answer = self->plan.answer;

  self->ended = TRUE;
  g_clear_handle_id (&self->save_timer, g_source_remove);
  facet_message_set_phase (answer, FACET_PHASE_NONE, 0);
  facet_message_set_state (answer, state);
  save (self, TRUE);
  facet_conversation_turn_ended (self->conversation, self);
}

void
facet_turn_abandon (FacetTurn *self)
{
  if (self->ended)
    return;
  if (self->number != 0)
    facet_assistant_cancel (self->assistant, self->number);
  /* The assistant may have answered the cancelling at once. */
  if (!self->ended && facet_message_get_id (self->plan.answer) != 0)
    end (self, FACET_MESSAGE_STOPPED);
}

void
facet_turn_stop (FacetTurn *self)
{
  self->stop_wanted = TRUE;
  if (self->number != 0 && !self->ended)
    facet_assistant_cancel (self->assistant, self->number);
}

void
facet_turn_answer_now (FacetTurn *self)
{
  self->answer_wanted = TRUE;
  if (self->number != 0 && !self->ended)
    facet_assistant_answer_now (self->assistant, self->number);
}

/* Hearing */

/* An answer of which nothing came says nothing to the model. */
static gboolean
says_something (FacetMessage *message)
{
  return facet_message_get_role (message) != FACET_ROLE_ASSISTANT ||
         *facet_message_get_text (message) != '\0' ||
         facet_message_get_tool_calls (message) != NULL;
}

static void
take_tool_call (FacetTurn *self, const FacetEvent *event)
{
  g_autofree char *id = NULL;
  char            *json;

  if (self->tool_calls == NULL)
    self->tool_calls = json_array ();
  id = g_strdup_printf ("call_%" G_GINT64_FORMAT "_%zu", facet_message_get_id (self->plan.answer),
                        json_array_size (self->tool_calls));
  json_array_append_new (self->tool_calls,
                         json_pack ("{s:s, s:s, s:{s:s, s:s}}", "id", id, "type", "function",
                                    "function", "name", event->text, "arguments",
                                    event->json != NULL ? event->json : "{}"));
  json = json_dumps (self->tool_calls, JSON_COMPACT);
  facet_message_set_tool_calls (self->plan.answer, json);
  free (json);
}

static void
take_text (FacetTurn *self, const FacetEvent *event)
{
  gboolean   thought = event->kind == FACET_EVENT_THOUGHT;
  FacetPhase phase = thought ? FACET_PHASE_THINKING : FACET_PHASE_ANSWERING;

  facet_message_set_state (self->plan.answer, FACET_MESSAGE_STREAMING);
  facet_message_set_phase (self->plan.answer, phase, 0);
  facet_message_append (self->plan.answer, thought ? FACET_TEXT_THINKING : FACET_TEXT_ANSWER,
                        event->text);
}

static void
take_done (FacetTurn *self, const FacetEvent *event)
{
  FacetMessage     *answer = self->plan.answer;
  FacetMessageState state = event->stopped ? FACET_MESSAGE_STOPPED : FACET_MESSAGE_COMPLETE;

  facet_message_set_cut_off (answer, event->cut_off);
  /* Nothing at all is not an answer. */
  if (!event->stopped && !event->cut_off && !says_something (answer)) {
    facet_message_set_error (answer, _ ("The model ended without an answer."));
    state = FACET_MESSAGE_FAILED;
  }
  end (self, state);
}

static gboolean
is_last_event (const FacetEvent *event)
{
  return event->kind == FACET_EVENT_TOO_LONG || event->kind == FACET_EVENT_DONE ||
         event->kind == FACET_EVENT_ERROR;
}

static void
take_event (FacetTurn *self, const FacetEvent *event)
{
  FacetMessage *answer = self->plan.answer;

  switch (event->kind) {
  case FACET_EVENT_PROGRESS:
    facet_message_set_phase (answer, event->phase, CLAMP (event->progress, 0, 1));
    break;
  case FACET_EVENT_THOUGHT:
  case FACET_EVENT_ANSWER:
    take_text (self, event);
    changed (self);
    break;
  case FACET_EVENT_TOOL_CALL:
    take_tool_call (self, event);
    changed (self);
    break;
  case FACET_EVENT_USAGE:
    facet_message_set_usage (answer, &event->usage);
    break;
  case FACET_EVENT_TOO_LONG:
    facet_message_set_overflow (answer, &event->overflow);
    end (self, FACET_MESSAGE_TOO_LONG);
    break;
  case FACET_EVENT_DONE:
    take_done (self, event);
    break;
  case FACET_EVENT_ERROR:
    facet_message_set_error (answer, event->error->message);
    end (self, FACET_MESSAGE_FAILED);
    break;
  }
}

static void
event_cb (const FacetEvent *event, gpointer user_data)
{
  FacetTurn *self = user_data;

  if (!self->ended)
    take_event (self, event);
  if (is_last_event (event))
    facet_turn_unref (self);
}

/* Asking */

static void
add_to_request (FacetRequest *request, FacetMessage *message)
{
  FacetRequestMessage *item = facet_request_add (request, facet_message_get_role (message),
                                                 facet_message_get_text (message));

  if (*facet_message_get_thinking (message) != '\0')
    item->thinking = g_strdup (facet_message_get_thinking (message));
  item->tool_calls_json = g_strdup (facet_message_get_tool_calls (message));
  item->tool_call_id = g_strdup (facet_message_get_tool_call_id (message));
  item->tool_name = g_strdup (facet_message_get_tool_name (message));
  if (facet_message_get_attachments (message)->len > 0)
    item->attachments = g_ptr_array_ref (facet_message_get_attachments (message));
}

FacetRequest *
facet_conversation_make_request (FacetConversation *self, FacetMessage *until)
{
  FacetRequest *request = facet_request_new ();

  request->thinking = self->thinking;
  if (self->sampling != NULL)
    facet_request_set_sampling (request, self->sampling);
  request->tools_json = g_strdup (self->tools);
  request->conversation = self->id;
  request->store = g_strdup (facet_store_get_media_folder (facet_conversation_get_store (self)));
  request->keep_state = !facet_conversation_is_private (self);
  for (guint i = 0; i < self->messages->len; i++) {
    FacetMessage *message = g_ptr_array_index (self->messages, i);

    if (says_something (message))
      add_to_request (request, message);
    if (message == until)
      break;
  }
  return request;
}

static void
ask (FacetTurn *self)
{
  g_autoptr (FacetRequest) request =
      facet_conversation_make_request (self->conversation, self->plan.answer);
  g_autofree char *name = facet_assistant_dup_name (self->assistant);

  request->drop_oldest = self->plan.drop_oldest;
  if (request->messages->len == 0) { /* the question was deleted */
    facet_message_set_error (self->plan.answer, _ ("There is no question left to answer."));
    end (self, FACET_MESSAGE_FAILED);
    return;
  }
  facet_message_set_model (self->plan.answer, name);
  self->number = facet_assistant_start (self->assistant, request, event_cb, facet_turn_ref (self));
  if (self->answer_wanted)
    facet_assistant_answer_now (self->assistant, self->number);
}

/* The list may have changed around what the turn put into it. */
static void
put_back (FacetTurn *self)
{
  FacetTurnPlan *plan = &self->plan;
  FacetMessage  *first = plan->user != NULL ? plan->user : plan->answer;
  guint          n = plan->removed != NULL ? plan->removed->len : 0;
  guint          position;

  if (plan->replaces && g_ptr_array_find (self->conversation->messages, first, &position))
    facet_conversation_splice (self->conversation, position, plan->user != NULL ? 2 : 1,
                               n > 0 ? (FacetMessage **)plan->removed->pdata : NULL, n);
}

static void
begun_cb (const FacetConversationRow *conversation,
          const FacetMessageRow      *user,
          const FacetMessageRow      *answer,
          const GError               *error,
          gpointer                    user_data)
{
  FacetTurn     *self = user_data;
  FacetTurnPlan *plan = &self->plan;

  if (error != NULL) {
    self->ended = TRUE;
    put_back (self);
    facet_message_set_phase (plan->answer, FACET_PHASE_NONE, 0);
    if (!plan->replaces) {
      facet_message_set_error (plan->answer, error->message);
      facet_message_set_state (plan->answer, FACET_MESSAGE_FAILED);
    }
    facet_conversation_turn_undone (self->conversation, self, plan->user, plan->removed == NULL,
                                    error->message);
  } else {
    if (user != NULL) {
      facet_message_set_parent_id (plan->user, user->parent_id);
      facet_message_set_id (plan->user, user->id);
    }
    facet_message_set_parent_id (plan->answer, answer->parent_id);
    facet_message_set_id (plan->answer, answer->id);
    facet_conversation_turn_saved (self->conversation, self, conversation);
    if (self->stop_wanted)
      end (self, FACET_MESSAGE_STOPPED);
    else
      ask (self);
  }
  facet_turn_unref (self);
}

FacetTurn *
facet_turn_begin (FacetConversation    *conversation,
                  FacetAssistant       *assistant,
                  FacetConversationRow *row,
                  FacetTurnPlan        *plan)
{
  FacetTurn *self = g_rc_box_new0 (FacetTurn);

  self->conversation = g_object_ref (conversation);
  self->assistant = g_object_ref (assistant);
  self->plan = *plan;
  *plan = (FacetTurnPlan){0};
  facet_store_begin_turn (facet_conversation_get_store (conversation), row,
                          self->plan.user != NULL ? facet_message_row_new (self->plan.user) : NULL,
                          facet_message_row_new (self->plan.answer), begun_cb,
                          facet_turn_ref (self));
  return self;
}
