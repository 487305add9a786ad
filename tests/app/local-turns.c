/* local-turns.c: what the tests of the assistant in this process share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-local-assistant"

#include "local-turns.h"

#include "endless-model.h"
#include "test-folder.h"
#include "test-wait.h"

void
outcome_cancel (Outcome *o)
{
  if (o->cancelled_at != 0)
    return;
  o->cancelled_at = g_get_monotonic_time ();
  facet_assistant_cancel (o->assistant, o->turn);
}

static void
event_cb (const FacetEvent *event, gpointer user_data)
{
  Outcome *o = user_data;

  o->text_after_end |= o->ended;
  o->n_events++;
  g_assert_cmpuint (event->turn, ==, o->turn);
  switch (event->kind) {
  case FACET_EVENT_PROGRESS:
    g_assert_cmpint (event->phase, ==, FACET_PHASE_READING);
    g_assert_cmpfloat (event->progress, >=, o->reading);
    o->reading = event->progress;
    o->n_reading++;
    if (o->cancel_when_reading)
      outcome_cancel (o);
    break;
  case FACET_EVENT_THOUGHT:
    g_assert_true (g_utf8_validate (event->text, -1, NULL));
    g_assert_cmpuint (o->answer->len, ==, 0);
    g_string_append (o->thought, event->text);
    if (o->answer_now_at_thought > 0 && o->thought->len >= o->answer_now_at_thought)
      facet_assistant_answer_now (o->assistant, o->turn);
    if (o->cancel_at_thought > 0 && o->thought->len >= o->cancel_at_thought)
      outcome_cancel (o);
    break;
  case FACET_EVENT_ANSWER:
    g_assert_true (g_utf8_validate (event->text, -1, NULL));
    g_string_append (o->answer, event->text);
    break;
  case FACET_EVENT_TOOL_CALL:
    g_string_append_printf (o->calls, "%s%s;", event->text, event->json);
    break;
  case FACET_EVENT_USAGE:
    o->usage = event->usage;
    o->n_usage++;
    if (o->cancel_at_usage)
      outcome_cancel (o);
    break;
  case FACET_EVENT_TOO_LONG:
    o->too_long = o->ended = TRUE;
    o->overflow = event->overflow;
    break;
  case FACET_EVENT_DONE:
    o->ended = TRUE;
    o->stopped = event->stopped;
    o->cut_off = event->cut_off;
    break;
  case FACET_EVENT_ERROR:
    o->ended = TRUE;
    o->error = g_strdup (event->error->message);
    break;
  }
  if (o->ended)
    o->ended_at = g_get_monotonic_time ();
}

void
outcome_init (Outcome *o)
{
  *o = (Outcome){.thought = g_string_new (NULL),
                 .answer = g_string_new (NULL),
                 .calls = g_string_new (NULL)};
}

void
outcome_clear (Outcome *o)
{
  g_assert_true (o->ended);
  g_assert_false (o->text_after_end);
  g_string_free (o->thought, TRUE);
  g_string_free (o->answer, TRUE);
  g_string_free (o->calls, TRUE);
  g_free (o->error);
}

void
outcome_start (Outcome *o, FacetAssistant *assistant, FacetRequest *request)
{
  o->assistant = assistant;
  o->turn = facet_assistant_start (assistant, request, event_cb, o);
  g_assert_cmpuint (o->turn, >, 0);
}

void
outcome_run (Outcome *o, FacetAssistant *assistant, FacetRequest *request)
{
  outcome_start (o, assistant, request);
  wait_at_most (TIMEOUT_S, o->ended);
}

FacetRequest *
local_request_new (gboolean thinking, const char *question)
{
  FacetRequest *request = facet_request_new ();

  request->thinking = thinking;
  facet_request_add (request, FACET_ROLE_USER, question);
  return request;
}

FacetAssistant *
local_assistant_new (guint context_size)
{
  FacetLocalOptions options = {.threads = 2, .context_size = context_size};

  return facet_local_assistant_new (&options);
}

static char *endless_folder;

/* It writes until its context is full, or it goes round in circles. */
FacetAssistant *
local_endless_new (guint context_size)
{
  FacetLocalOptions options = {.model_folder = endless_folder,
                               .threads = 2,
                               .context_size = context_size};

  return facet_local_assistant_new (&options);
}

void
local_wait_ready (FacetAssistant *assistant)
{
  wait_at_most (TIMEOUT_S, facet_assistant_get_state (assistant) != FACET_ASSISTANT_LOADING);
  if (facet_assistant_get_state (assistant) == FACET_ASSISTANT_FAILED)
    g_test_message ("%s", facet_assistant_dup_error (assistant));
  g_assert_cmpint (facet_assistant_get_state (assistant), ==, FACET_ASSISTANT_READY);
}

/* One for all tests that do not end it. */
static FacetAssistant *shared;

FacetAssistant *
local_shared_assistant (void)
{
  if (shared == NULL) {
    shared = local_assistant_new (0);
    local_wait_ready (shared);
  }
  return shared;
}

/* @n exchanges, each @words words long, and a last question. */
FacetRequest *
local_long_request_new (guint n, guint words)
{
  FacetRequest *request = facet_request_new ();
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < words; i++)
    g_string_append (text, "music ");
  for (guint i = 0; i < n; i++) {
    facet_request_add (request, FACET_ROLE_USER, text->str);
    facet_request_add (request, FACET_ROLE_ASSISTANT, "That is a lot of music.");
  }
  facet_request_add (request, FACET_ROLE_USER, "What is 17 - 13?");
  return request;
}

void
local_set_up (void)
{
  endless_folder = endless_model_new ();
}

void
local_tear_down (void)
{
  g_clear_object (&shared);
  test_folder_remove (endless_folder);
  g_clear_pointer (&endless_folder, g_free);
}
