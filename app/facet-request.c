/* facet-request.c: construction and destruction of what travels between the threads.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any thread.  A request is filled by its maker and immutable afterwards; an event has one owner at
 * a time. */
#define G_LOG_DOMAIN "facet-request"

#include "facet-request.h"

static void
request_message_free (FacetRequestMessage *message)
{
  g_free (message->text);
  g_free (message->thinking);
  g_free (message->tool_calls_json);
  g_free (message->tool_call_id);
  g_free (message->tool_name);
  g_clear_pointer (&message->attachments, g_ptr_array_unref);
  g_free (message);
}

FacetRequest *
facet_request_new (void)
{
  FacetRequest *self = g_new0 (FacetRequest, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->messages = g_ptr_array_new_with_free_func ((GDestroyNotify)request_message_free);
  self->temperature = -1;
  self->top_k = -1;
  self->top_p = -1;
  self->min_p = -1;
  self->repetition_penalty = -1;
  self->keep_state = TRUE;
  return self;
}

FacetRequest *
facet_request_ref (FacetRequest *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
facet_request_unref (FacetRequest *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_ptr_array_unref (self->messages);
  g_free (self->system_text);
  g_free (self->tools_json);
  g_free (self->store);
  g_free (self);
}

void
facet_request_set_sampling (FacetRequest *self, const FacetSampling *sampling)
{
  self->temperature = sampling->temperature;
  self->top_k = sampling->top_k;
  self->top_p = sampling->top_p;
  self->min_p = sampling->min_p;
  self->repetition_penalty = sampling->repetition_penalty;
  self->seed = sampling->seed;
  self->max_tokens = sampling->max_tokens;
}

FacetRequestMessage *
facet_request_add (FacetRequest *self, FacetRole role, const char *text)
{
  FacetRequestMessage *message = g_new0 (FacetRequestMessage, 1);

  message->role = role;
  message->text = g_strdup (text != NULL ? text : "");
  g_ptr_array_add (self->messages, message);
  return message;
}

FacetEvent *
facet_event_new (FacetEventKind kind, guint64 turn)
{
  FacetEvent *self = g_new0 (FacetEvent, 1);

  self->kind = kind;
  self->turn = turn;
  return self;
}

void
facet_event_free (FacetEvent *self)
{
  if (self == NULL)
    return;
  g_free (self->text);
  g_free (self->json);
  g_clear_error (&self->error);
  g_free (self);
}
