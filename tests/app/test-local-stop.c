/* test-local-stop.c: the assistant in this process can be stopped at any moment.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-local-stop"

#include "local-turns.h"
#include "test-wait.h"

/* For an endless assistant: so hot that it never goes round in circles, among so few that padding
 * is never one of them. */
static FacetRequest *
endless_request_new (void)
{
  FacetRequest *request = local_request_new (FALSE, "Tell me a story");

  request->temperature = 5;
  request->top_k = 6;
  request->seed = 7;
  return request;
}

static FacetRequest *
slow_request_new (void)
{
  FacetRequest *request = local_long_request_new (45, 150);

  request->temperature = 5;
  request->top_k = 6;
  request->seed = 1;
  request->thinking = TRUE;
  return request;
}

static void
assert_stopped_soon (Outcome *o)
{
  g_assert_null (o->error);
  g_assert_true (o->stopped);
  g_test_message ("stopped after %.1f ms", (double)(o->ended_at - o->cancelled_at) / 1000);
  g_assert_cmpint (o->ended_at - o->cancelled_at, <, 5 * G_USEC_PER_SEC);
}

static void
test_cancel_reading (void)
{
  g_autoptr (FacetAssistant) assistant = local_endless_new (0);
  g_autoptr (FacetRequest) request = slow_request_new ();
  g_autoptr (FacetRequest) sum = local_request_new (TRUE, "3 + 2 = ?");
  Outcome o, after;

  outcome_init (&o);
  o.cancel_when_reading = TRUE;
  outcome_run (&o, assistant, request);
  assert_stopped_soon (&o);
  g_assert_cmpuint (o.thought->len + o.answer->len, ==, 0);
  outcome_clear (&o);
  /* It is as good as before. */
  outcome_init (&after);
  sum->max_tokens = 60;
  outcome_run (&after, assistant, sum);
  g_assert_true (g_str_has_prefix (after.answer->str, "3 + 2 = 5."));
  outcome_clear (&after);
}

static void
test_cancel_generating (void)
{
  g_autoptr (FacetAssistant) assistant = local_endless_new (0);
  g_autoptr (FacetRequest) request = endless_request_new ();
  Outcome o;

  outcome_init (&o);
  o.cancel_at_usage = TRUE;
  outcome_run (&o, assistant, request);
  assert_stopped_soon (&o);
  g_assert_cmpuint (o.usage.thinking_tokens + o.usage.answer_tokens, >, 0);
  g_assert_cmpuint (o.usage.context_used, <, 8192);
  outcome_clear (&o);
}

/* Behind another one, before it had its turn; and a number that is none. */
static void
test_cancel_queued (void)
{
  g_autoptr (FacetRequest) endless = endless_request_new ();
  g_autoptr (FacetRequest) sum = local_request_new (TRUE, "3 + 2 = ?");
  g_autoptr (FacetAssistant) assistant = local_endless_new (0);
  Outcome first, second, third;

  outcome_init (&first);
  outcome_init (&second);
  outcome_init (&third);
  outcome_start (&first, assistant, endless);
  outcome_start (&second, assistant, sum);
  sum->max_tokens = 60;
  outcome_start (&third, assistant, sum);
  outcome_cancel (&second);
  facet_assistant_cancel (assistant, 1 << 20);
  g_assert_false (second.ended);
  wait_at_most (TIMEOUT_S, second.ended);
  g_assert_true (second.stopped);
  g_assert_false (first.ended);
  outcome_cancel (&first);
  wait_at_most (TIMEOUT_S, third.ended);
  g_assert_true (first.ended && first.stopped);
  g_assert_true (g_str_has_prefix (third.answer->str, "3 + 2 = 5."));
  outcome_clear (&first);
  outcome_clear (&second);
  outcome_clear (&third);
}

static void
test_answer_now (void)
{
  g_autoptr (FacetRequest) request = local_request_new (TRUE, "Can you work out 67 + 61?");
  Outcome o;

  outcome_init (&o);
  o.answer_now_at_thought = 12;
  outcome_run (&o, local_shared_assistant (), request);
  g_assert_null (o.error);
  g_test_message ("thought: %s; answer: %s", o.thought->str, o.answer->str);
  g_assert_cmpuint (o.thought->len, >=, 12);
  g_assert_cmpuint (o.answer->len, >, 0);
  g_assert_false (o.stopped);
  outcome_clear (&o);
}

/* Before anything was computed: while the turn waits behind another one. */
static void
test_answer_at_once (void)
{
  g_autoptr (FacetRequest) endless = endless_request_new ();
  g_autoptr (FacetRequest) request = local_request_new (TRUE, "Can you work out 67 + 61?");
  g_autoptr (FacetAssistant) assistant = local_endless_new (0);
  Outcome first, o;

  outcome_init (&first);
  outcome_init (&o);
  request->max_tokens = 60;
  outcome_start (&first, assistant, endless);
  outcome_start (&o, assistant, request);
  facet_assistant_answer_now (assistant, o.turn);
  outcome_cancel (&first);
  wait_at_most (TIMEOUT_S, first.ended && o.ended);
  g_assert_cmpstr (o.thought->str, ==, "");
  g_assert_cmpuint (o.answer->len, >, 0);
  outcome_clear (&first);
  outcome_clear (&o);
}

/* The end, at any moment: every turn ends exactly once. */
static void
dispose_with (Outcome *o, FacetAssistant *assistant)
{
  gint64 began = g_get_monotonic_time ();

  g_assert_finalize_object (assistant);
  g_assert_true (o->ended);
  g_assert_true (o->stopped);
  g_assert_cmpint (g_get_monotonic_time () - began, <, 5 * G_USEC_PER_SEC);
}

static void
test_dispose_loading (void)
{
  for (guint i = 0; i < 5; i++) {
    g_autoptr (FacetRequest) request = slow_request_new ();
    FacetAssistant *assistant = local_assistant_new (0);
    Outcome         o;

    outcome_init (&o);
    outcome_start (&o, assistant, request);
    g_usleep (i * 3000);
    dispose_with (&o, assistant);
    outcome_clear (&o);
  }
}

static void
test_dispose_reading (void)
{
  g_autoptr (FacetRequest) request = slow_request_new ();
  FacetAssistant *assistant = local_assistant_new (0);
  Outcome         o, queued;

  outcome_init (&o);
  outcome_init (&queued);
  outcome_start (&o, assistant, request);
  outcome_start (&queued, assistant, request);
  wait_at_most (TIMEOUT_S, o.n_reading > 0);
  dispose_with (&o, assistant);
  g_assert_true (queued.stopped);
  outcome_clear (&o);
  outcome_clear (&queued);
}

static void
test_dispose_generating (void)
{
  g_autoptr (FacetRequest) request = endless_request_new ();
  FacetAssistant *assistant = local_endless_new (0);
  Outcome         o;

  outcome_init (&o);
  outcome_start (&o, assistant, request);
  wait_at_most (TIMEOUT_S, o.n_usage > 0);
  dispose_with (&o, assistant);
  outcome_clear (&o);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/local-stop/cancel-reading", test_cancel_reading);
  g_test_add_func ("/local-stop/cancel-generating", test_cancel_generating);
  g_test_add_func ("/local-stop/cancel-queued", test_cancel_queued);
  g_test_add_func ("/local-stop/answer-now", test_answer_now);
  g_test_add_func ("/local-stop/answer-at-once", test_answer_at_once);
  g_test_add_func ("/local-stop/dispose-loading", test_dispose_loading);
  g_test_add_func ("/local-stop/dispose-reading", test_dispose_reading);
  g_test_add_func ("/local-stop/dispose-generating", test_dispose_generating);
  local_set_up ();
  status = g_test_run ();
  local_tear_down ();
  return status;
}
