/* test-generation.c: flags that are set at an exact moment of a turn.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Runs the engine thread's part on the test's own thread, so that a callback stands between two
 * steps of it. */
#define G_LOG_DOMAIN "test-generation"

#include "app/facet-generation.h"

#include <string.h>

typedef struct {
  GemModel        *model;
  GemSession      *session;
  FacetPerception *perception;
  FacetJob        *job;
  GString         *thought, *answer;
  FacetUsage       usage;
  guint            n_ends;
  gboolean         stopped, cut_off;
  char            *error;
  /* When to do what. */
  gboolean         answer_now_when_reading, cancel_when_reading;
  guint            answer_now_at_thought, cancel_at_thought; /* bytes */
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autofree char *folder = facet_find_demo_model ();
  g_autoptr (GError) error = NULL;
  GemModelOptions options = {.backend = "cpu", .threads = 2};

  f->model = gem_model_load (folder, &options, NULL, NULL, &error);
  g_assert_no_error (error);
  f->session = gem_session_new (f->model, 2048, &error);
  g_assert_no_error (error);
  f->perception = facet_perception_new (f->model, 2048);
  f->thought = g_string_new (NULL);
  f->answer = g_string_new (NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_string_free (f->thought, TRUE);
  g_string_free (f->answer, TRUE);
  g_free (f->error);
  facet_perception_free (f->perception);
  gem_session_free (f->session);
  gem_model_unref (f->model);
}

static void
emit_cb (FacetEvent *event, gpointer user_data)
{
  Fixture *f = user_data;

  g_assert_cmpuint (f->n_ends, ==, 0);
  switch (event->kind) {
  case FACET_EVENT_PROGRESS:
    if (f->answer_now_when_reading)
      g_atomic_int_set (&f->job->answer_now, TRUE);
    if (f->cancel_when_reading)
      g_atomic_int_set (&f->job->cancelled, TRUE);
    break;
  case FACET_EVENT_THOUGHT:
    g_string_append (f->thought, event->text);
    if (f->answer_now_at_thought > 0 && f->thought->len >= f->answer_now_at_thought)
      g_atomic_int_set (&f->job->answer_now, TRUE);
    if (f->cancel_at_thought > 0 && f->thought->len >= f->cancel_at_thought)
      g_atomic_int_set (&f->job->cancelled, TRUE);
    break;
  case FACET_EVENT_ANSWER:
    g_string_append (f->answer, event->text);
    break;
  case FACET_EVENT_USAGE:
    f->usage = event->usage;
    break;
  case FACET_EVENT_DONE:
    f->n_ends++;
    f->stopped = event->stopped;
    f->cut_off = event->cut_off;
    break;
  case FACET_EVENT_ERROR:
    f->n_ends++;
    f->error = g_strdup (event->error->message);
    break;
  default:
    g_assert_not_reached ();
  }
  facet_event_free (event);
}

/* A few turns, so that there is something to read, and a sum that the model thinks about. */
static void
run (Fixture *f)
{
  g_autoptr (FacetRequest) request = facet_request_new ();
  g_autoptr (FacetJob) job = NULL;

  request->thinking = TRUE;
  for (guint i = 0; i < 4; i++) {
    facet_request_add (request, FACET_ROLE_USER, "What is 17 - 13?");
    facet_request_add (request, FACET_ROLE_ASSISTANT, "17 - 13 = 4.");
  }
  facet_request_add (request, FACET_ROLE_USER, "Can you work out 67 + 61?");
  job = facet_job_new (1, request);
  f->job = job;
  facet_generation_run (f->model, f->session, f->perception, NULL, job, emit_cb, f);
  f->job = NULL;
  g_assert_null (f->error);
  g_assert_cmpuint (f->n_ends, ==, 1);
  g_test_message ("thought: %s; answer: %s", f->thought->str, f->answer->str);
}

/* What the others are compared with. */
static void
test_plain (Fixture *f, gconstpointer data)
{
  run (f);
  g_assert_true (g_str_has_prefix (f->thought->str, "67 + 61. Ones: 7 + 1 = 8."));
  g_assert_nonnull (strstr (f->answer->str, "128"));
  g_assert_false (f->stopped || f->cut_off);
}

/* The prompt asks for a thought already; it is skipped all the same. */
static void
test_answer_now_reading (Fixture *f, gconstpointer data)
{
  f->answer_now_when_reading = TRUE;
  run (f);
  g_assert_cmpstr (f->thought->str, ==, "");
  g_assert_cmpuint (f->answer->len, >, 0);
  g_assert_cmpuint (f->usage.thinking_tokens, ==, 0);
  g_assert_false (f->stopped);
}

/* Not one token of the thought comes after the one at which it was asked for. */
static void
test_answer_now_thinking (Fixture *f, gconstpointer data)
{
  f->answer_now_at_thought = 12;
  run (f);
  g_assert_true (g_str_has_prefix (f->thought->str, "67 + 61. One"));
  g_assert_null (strstr (f->thought->str, "Tens"));
  g_assert_cmpuint (f->answer->len, >, 0);
  g_assert_false (f->stopped);
}

static void
test_cancel_reading (Fixture *f, gconstpointer data)
{
  f->cancel_when_reading = TRUE;
  run (f);
  g_assert_true (f->stopped);
  g_assert_cmpuint (f->thought->len + f->answer->len, ==, 0);
}

static void
test_cancel_thinking (Fixture *f, gconstpointer data)
{
  f->cancel_at_thought = 12;
  run (f);
  g_assert_true (f->stopped);
  g_assert_false (f->cut_off);
  g_assert_true (g_str_has_prefix (f->thought->str, "67 + 61. One"));
  g_assert_null (strstr (f->thought->str, "Tens"));
  g_assert_cmpuint (f->answer->len, ==, 0);
  g_assert_cmpuint (f->usage.thinking_tokens, >, 0);
}

#define add(path, func) g_test_add ("/generation/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("plain", test_plain);
  add ("answer-now-reading", test_answer_now_reading);
  add ("answer-now-thinking", test_answer_now_thinking);
  add ("cancel-reading", test_cancel_reading);
  add ("cancel-thinking", test_cancel_thinking);
  return g_test_run ();
}
