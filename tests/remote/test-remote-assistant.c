/* test-remote-assistant.c: turns at a server that answers, refuses, breaks off, lies, or says
 * nothing.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/facet-remote-answer.h"
#include "chat-server.h"
#include "endless-server.h"
#include "tests/app/test-wait.h"

#include <string.h>

#define DELTA(inner)  "{\"choices\": [{\"index\": 0, \"delta\": {" inner "}}]}"
#define CONTENT(text) DELTA ("\"content\": \"" text "\"")
#define STOP          "{\"choices\": [{\"delta\": {}, \"finish_reason\": \"stop\"}]}"
#define KEY           "sk-very-secret"

static const char *const yes[] = {CONTENT ("Yes."), STOP, NULL};

static void
assert_says (const char *sentence, const char *words)
{
  g_assert_nonnull (sentence);
  if (strstr (sentence, words) == NULL)
    g_error ("“%s” does not say “%s”", sentence, words);
  /* Whatever is said of a server, its key is not. */
  g_assert_null (strstr (sentence, KEY));
}

static void
test_answer (void)
{
  static const char *const lines[] =
      {DELTA ("\"role\": \"assistant\", \"content\": \"\""),
       DELTA ("\"reasoning\": \"Hm.\""),
       CONTENT ("Ye"),
       CONTENT ("s."),
       STOP,
       "{\"choices\": [], \"usage\": {\"prompt_tokens\": 11, \"completion_tokens\": 3}}",
       NULL};
  g_autoptr (ChatServer) server = chat_server_new ();
  g_autoptr (FacetAssistant) assistant =
      chat_assistant_new (chat_server_get_address (server), KEY, 0);
  g_autoptr (FacetRequest) request = chat_request_new ();
  g_autofree char *place = facet_assistant_dup_place (assistant);
  g_autofree char *key = NULL, *name = NULL, *device = NULL;
  g_auto (ChatTurn) turn = {0};
  json_t *body;

  request->thinking = TRUE;
  chat_server_add_stream (server, lines);
  g_assert_cmpint (facet_assistant_get_state (assistant), ==, FACET_ASSISTANT_READY);
  g_assert_cmpstr (place, ==, "Test");
  chat_turn_run (&turn, assistant, request);
  g_assert_null (turn.error);
  g_assert_cmpint (turn.end, ==, FACET_EVENT_DONE);
  g_assert_false (turn.stopped || turn.cut_off);
  g_assert_cmpstr (turn.thought->str, ==, "Hm.");
  g_assert_cmpstr (turn.answer->str, ==, "Yes.");
  g_assert_cmpuint (turn.usage.prompt_tokens, ==, 11);
  g_assert_cmpuint (turn.usage.answer_tokens, ==, 3);
  g_assert_cmpuint (turn.usage.context_size, ==, 8192);
  g_assert_cmpfloat (turn.usage.first_token_s, >, 0);

  key = chat_server_dup_key (server);
  g_assert_cmpstr (key, ==, "Bearer " KEY);
  body = chat_server_dup_body (server, 0);
  g_assert_cmpstr (json_string_value (json_object_get (body, "model")), ==, "tiny");
  g_assert_true (json_is_true (
      json_object_get (json_object_get (body, "chat_template_kwargs"), "enable_thinking")));
  json_decref (body);
  name = facet_assistant_dup_name (assistant);
  device = facet_assistant_dup_device (assistant);
  g_assert_cmpstr (name, ==, "tiny");
  g_assert_true (g_str_has_prefix (device, "vLLM, 127.0.0.1:"));
  g_assert_cmpuint (facet_assistant_get_context_size (assistant), ==, 8192);
}

static void
count_cb (int n_tokens, gpointer user_data)
{
  *(int *)user_data = n_tokens;
}

/* Nothing that is being typed goes anywhere. */
static void
test_counting (void)
{
  g_autoptr (ChatServer) server = chat_server_new ();
  g_autoptr (FacetAssistant) assistant =
      chat_assistant_new (chat_server_get_address (server), KEY, 0);
  int n = 0;

  facet_assistant_count_tokens (assistant, "private words", count_cb, &n);
  wait_until (n != 0);
  g_assert_cmpint (n, ==, -1);
  g_assert_cmpuint (chat_server_count (server), ==, 0);
}

static void
test_retries (void)
{
  static const char *const later[] = {"Retry-After", "1", NULL};
  g_autoptr (ChatServer) server = chat_server_new ();
  g_autoptr (FacetAssistant) assistant =
      chat_assistant_new (chat_server_get_address (server), NULL, 0);
  g_autoptr (FacetRequest) request = chat_request_new ();
  g_auto (ChatTurn) turn = {0};
  gint64 began = g_get_monotonic_time ();

  chat_server_add_with (server, 429, later, "text/plain", "Slow down.");
  chat_server_add (server, 503, "application/json", "{\"error\": \"loading\"}");
  chat_server_add_raw (server, "", TEST_END_RESET);
  chat_server_add_stream (server, yes);
  chat_turn_run (&turn, assistant, request);
  g_assert_null (turn.error);
  g_assert_cmpstr (turn.answer->str, ==, "Yes.");
  g_assert_cmpuint (turn.n_waits, ==, 3);
  g_assert_cmpuint (chat_server_count (server), ==, 4);
  g_assert_cmpint (g_get_monotonic_time () - began, >=, G_USEC_PER_SEC); /* as it was told */
}

static void
test_gives_up (void)
{
  g_autoptr (ChatServer) server = chat_server_new ();
  g_autoptr (FacetAssistant) assistant =
      chat_assistant_new (chat_server_get_address (server), NULL, 0);
  g_autoptr (FacetRequest) request = chat_request_new ();
  g_auto (ChatTurn) turn = {0};

  chat_server_add (server, 503, "application/json", "{\"error\": {\"message\": \"All busy.\"}}");
  chat_turn_run (&turn, assistant, request);
  assert_says (turn.error, "All busy.");
  g_assert_cmpuint (chat_server_count (server), ==, 1 + FACET_REMOTE_RETRIES);
}

static void
test_much_later (void)
{
  static const char *const tomorrow[] = {"Retry-After", "86400", NULL};
  g_autoptr (ChatServer) server = chat_server_new ();
  g_autoptr (FacetAssistant) assistant =
      chat_assistant_new (chat_server_get_address (server), NULL, 0);
  g_autoptr (FacetRequest) request = chat_request_new ();
  g_auto (ChatTurn) turn = {0};

  chat_server_add_with (server, 429, tomorrow, "text/plain", "Come back tomorrow.");
  chat_turn_run (&turn, assistant, request);
  assert_says (turn.error, "Come back tomorrow.");
  g_assert_cmpuint (chat_server_count (server), ==, 1);
}

static void
assert_refused (guint status, const char *body, const char *words)
{
  g_autoptr (ChatServer) server = chat_server_new ();
  g_autoptr (FacetAssistant) assistant =
      chat_assistant_new (chat_server_get_address (server), KEY, 0);
  g_autoptr (FacetRequest) request = chat_request_new ();
  g_auto (ChatTurn) turn = {0};

  chat_server_add (server, status, "text/plain", body);
  chat_turn_run (&turn, assistant, request);
  g_assert_cmpint (turn.end, ==, FACET_EVENT_ERROR);
  assert_says (turn.error, words);
  g_assert_cmpuint (strlen (turn.error), <, 4 * FACET_REMOTE_MAX_WORDS);
}

static void
test_refusals (void)
{
  g_autofree char *page = g_strnfill (3 << 20, 'x');

  assert_refused (401, "{\"error\": {\"message\": \"Wrong key.\"}}", "Wrong key.");
  assert_refused (403, "", "HTTP 403");
  assert_refused (404, "{\"error\": {\"message\": \"No model tiny.\"}}", "No model tiny.");
  assert_refused (400, "{\"message\": \"Bad\\u0007 question.\"}", "Bad question.");
  assert_refused (400, page, "xxx…");
}

/* Whoever refuses the list of models with the key's fault is asked nothing. */
static void
test_key_refused_early (void)
{
  g_autoptr (ChatServer) server = chat_server_new ();
  g_autoptr (FacetAssistant) assistant =
      chat_assistant_new (chat_server_get_address (server), KEY, 0);
  g_autoptr (FacetRequest) request = chat_request_new ();
  g_auto (ChatTurn) turn = {0};
  g_auto (ChatTurn) other = {0};

  chat_server_set_models (server, 401, "{\"error\": \"No key.\"}");
  chat_turn_run (&turn, assistant, request);
  assert_says (turn.error, "No key.");
  g_assert_cmpuint (chat_server_count (server), ==, 0);

  chat_server_set_models (server, 200, "{\"data\": []}");
  chat_turn_run (&other, assistant, request);
  assert_says (other.error, "names no model");
}

/* What a server does not take is left out, and not sent again. */
static void
test_forms (void)
{
  g_autoptr (ChatServer) server = chat_server_new ();
  g_autoptr (FacetAssistant) assistant =
      chat_assistant_new (chat_server_get_address (server), NULL, 0);
  g_autoptr (FacetRequest) request = chat_request_new ();
  g_auto (ChatTurn) turn = {0};
  g_auto (ChatTurn) other = {0};
  json_t *body;

  chat_server_add (server, 400, "application/json",
                   "{\"error\": {\"message\": \"Unknown field: chat_template_kwargs\"}}");
  chat_server_add (server, 422, "application/json", "{\"detail\": \"Something is wrong.\"}");
  chat_server_add_stream (server, yes);
  chat_turn_run (&turn, assistant, request);
  g_assert_null (turn.error);
  g_assert_cmpuint (chat_server_count (server), ==, 3);
  chat_turn_run (&other, assistant, request);
  g_assert_null (other.error);
  g_assert_cmpuint (chat_server_count (server), ==, 4);
  body = chat_server_dup_body (server, 0);
  g_assert_nonnull (json_object_get (body, "chat_template_kwargs"));
  g_assert_nonnull (json_object_get (body, "stream_options"));
  json_decref (body);
  body = chat_server_dup_body (server, 3);
  g_assert_null (json_object_get (body, "chat_template_kwargs"));
  g_assert_null (json_object_get (body, "stream_options"));
  json_decref (body);
}

/* What it says is not about a form: it is asked a few times, and its first words are shown. */
static void
test_not_a_form (void)
{
  g_autoptr (ChatServer) server = chat_server_new ();
  g_autoptr (FacetAssistant) assistant =
      chat_assistant_new (chat_server_get_address (server), NULL, 0);
  g_autoptr (FacetRequest) request = chat_request_new ();
  g_auto (ChatTurn) turn = {0};
  g_auto (ChatTurn) other = {0};
  json_t *body;

  chat_server_add (server, 400, "text/plain", "I do not like it.");
  chat_server_add (server, 400, "text/plain", "Nor this.");
  chat_server_add (server, 400, "text/plain", "Nor this.");
  chat_server_add_stream (server, yes);
  chat_turn_run (&turn, assistant, request);
  assert_says (turn.error, "I do not like it.");
  g_assert_cmpuint (chat_server_count (server), <=, 3);
  chat_turn_run (&other, assistant, request);
  body = chat_server_dup_body (server, chat_server_count (server) - 1);
  g_assert_nonnull (json_object_get (body, "stream_options")); /* nothing was learned from it */
  json_decref (body);
}

static void
assert_breaks_off (const char *bytes, TestEnd end, guint idle_ms, const char *words)
{
  g_autoptr (ChatServer) server = chat_server_new ();
  g_autoptr (FacetAssistant) assistant =
      chat_assistant_new (chat_server_get_address (server), NULL, idle_ms);
  g_autoptr (FacetRequest) request = chat_request_new ();
  g_auto (ChatTurn) turn = {0};

  chat_server_add_raw (server, bytes, end);
  chat_turn_run (&turn, assistant, request);
  g_assert_cmpint (turn.end, ==, FACET_EVENT_ERROR);
  assert_says (turn.error, words);
  g_assert_cmpstr (turn.answer->str, ==, "One, tw"); /* what came so far is kept */
  g_assert_cmpuint (chat_server_count (server), ==, 1);
}

#define HALF "data: " CONTENT ("One, ") "\n\ndata: " CONTENT ("tw") "\n\n"

static void
test_breaks_off (void)
{
  assert_breaks_off (HALF, TEST_END_CLOSE, 0, "in the middle of the answer");
  assert_breaks_off (HALF, TEST_END_RESET, 0, "broke off");
  assert_breaks_off (HALF "data: {\"choi", TEST_END_CLOSE, 0, "not an answer");
  assert_breaks_off (HALF, TEST_END_HANG, 200, "has said nothing");
  assert_breaks_off (HALF "data: {\"error\": {\"message\": \"Out of memory.\"}}\n\n",
                     TEST_END_CLOSE, 0, "Out of memory.");
  assert_breaks_off (HALF "data: \x01\x02 \xff rubbish\n\n", TEST_END_CLOSE, 0, "not an answer");
}

/* And is gone on with. */
static void
test_going_on (void)
{
  static const char *const rest[] = {CONTENT ("o, three."), STOP, NULL};
  g_autoptr (ChatServer) server = chat_server_new ();
  g_autoptr (FacetAssistant) assistant =
      chat_assistant_new (chat_server_get_address (server), NULL, 0);
  g_autoptr (FacetRequest) request = chat_request_new ();
  g_auto (ChatTurn) turn = {0};
  json_t *body;

  facet_request_add (request, FACET_ROLE_ASSISTANT, "One, tw");
  chat_server_add_stream (server, rest);
  chat_turn_run (&turn, assistant, request);
  g_assert_cmpstr (turn.answer->str, ==, "o, three.");
  body = chat_server_dup_body (server, 0);
  g_assert_true (json_is_true (json_object_get (body, "continue_final_message")));
  json_decref (body);
}

static void
assert_garbage (const char *bytes, const char *words)
{
  g_autoptr (ChatServer) server = chat_server_new ();
  g_autoptr (FacetAssistant) assistant =
      chat_assistant_new (chat_server_get_address (server), NULL, 0);
  g_autoptr (FacetRequest) request = chat_request_new ();
  g_auto (ChatTurn) turn = {0};

  chat_server_add_raw (server, bytes, TEST_END_CLOSE);
  chat_turn_run (&turn, assistant, request);
  assert_says (turn.error, words);
  g_assert_cmpuint (turn.answer->len, ==, 0);
}

static void
test_garbage (void)
{
  g_autoptr (ChatServer) server = chat_server_new ();
  g_autoptr (FacetAssistant) assistant =
      chat_assistant_new (chat_server_get_address (server), NULL, 0);
  g_autoptr (FacetRequest) request = chat_request_new ();
  g_auto (ChatTurn) turn = {0};

  assert_garbage ("data: not JSON\n\n", "not an answer");
  assert_garbage ("data: [1]\n\n", "not an answer");
  assert_garbage ("\x89PNG\r\n\x1a\n\r\n", "without an answer");
  chat_server_add (server, 200, "text/html", "<html><body>Log in to the network</body></html>");
  chat_turn_run (&turn, assistant, request);
  assert_says (turn.error, "not an answer");
}

static gsize
get_resident (void)
{
  g_autofree char *text = NULL;
  gulong           pages = 0;

  if (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL))
    sscanf (text, "%*u %lu", &pages);
  return pages * 4096;
}

/* A line, or an answer, that never ends: bounded memory, and a sentence. */
static void
assert_bounded (const char *head, const char *piece, const char *words)
{
  g_autoptr (EndlessServer) server = endless_server_new (head, piece);
  g_autoptr (FacetAssistant) assistant =
      chat_assistant_new (endless_server_get_address (server), NULL, 0);
  g_autoptr (FacetRequest) request = chat_request_new ();
  g_auto (ChatTurn) turn = {0};
  gsize before = get_resident ();

  chat_turn_run (&turn, assistant, request);
  assert_says (turn.error, words);
  /* It was broken off long before a gigabyte, */
  wait_until (endless_server_has_ended (server));
  g_assert_cmpuint (endless_server_get_sent (server), <, (guint64)64 << 20);
  /* and nothing grew as a gigabyte does: 16 MiB of text, twice, and what the allocator keeps. */
  if (g_getenv ("FACET_TEST_BRIEF") == NULL)
    g_assert_cmpuint (get_resident (), <, before + ((gsize)160 << 20));
}

static void
test_endless (void)
{
  g_autofree char *noise = g_strnfill (65536, 'x');
  g_autofree char *event = g_strdup_printf ("data: " CONTENT ("%s") "\n\n", noise);

  assert_bounded ("data: ", noise, "longer than 4 MiB");
  assert_bounded ("", event, "does not end");
}

/* Stop works whatever the server does. */
static void
assert_stops (const char *head, const char *piece, gboolean hears)
{
  g_autoptr (EndlessServer) server = endless_server_new (head, piece);
  g_autoptr (FacetAssistant) assistant =
      chat_assistant_new (endless_server_get_address (server), NULL, 0);
  g_autoptr (FacetRequest) request = chat_request_new ();
  g_auto (ChatTurn) turn = {0};

  chat_turn_start (&turn, assistant, request);
  if (hears)
    wait_until (turn.answer->len > 0);
  else
    wait_until (endless_server_get_sent (server) > 0 || endless_server_was_asked (server));
  facet_assistant_cancel (assistant, turn.number);
  facet_assistant_cancel (assistant, turn.number);
  chat_turn_wait (&turn);
  g_assert_cmpint (turn.end, ==, FACET_EVENT_DONE);
  g_assert_true (turn.stopped);
  /* And the connection is let go, so that the server stops computing. */
  wait_until (endless_server_has_ended (server));
}

static void
test_stop (void)
{
  assert_stops (NULL, NULL, FALSE); /* says nothing at all */
  assert_stops ("", NULL, FALSE);   /* a head, and nothing more */
  assert_stops ("data: " CONTENT ("So") "\n\n", NULL, TRUE);
  assert_stops ("", "data: " CONTENT ("So") "\n\n", TRUE);
  assert_stops ("", ": I am still here\n\n", FALSE);
}

static void
test_silence (void)
{
  g_autoptr (EndlessServer) server = endless_server_new (NULL, NULL);
  g_autoptr (FacetAssistant) assistant =
      chat_assistant_new (endless_server_get_address (server), NULL, 150);
  g_autoptr (FacetRequest) request = chat_request_new ();
  g_auto (ChatTurn) turn = {0};

  chat_turn_run (&turn, assistant, request);
  assert_says (turn.error, "has said nothing");
}

static void
test_nobody_there (void)
{
  g_autofree char *address = NULL;
  g_autoptr (FacetAssistant) assistant = NULL;
  g_autoptr (FacetRequest) request = chat_request_new ();
  g_auto (ChatTurn) turn = {0};

  {
    g_autoptr (ChatServer) server = chat_server_new (); /* a port that was free a moment ago */

    address = g_strdup (chat_server_get_address (server));
  }
  assistant = chat_assistant_new (address, NULL, 0);
  chat_turn_run (&turn, assistant, request);
  assert_says (turn.error, "no server runs there");
}

static void
test_dispose (void)
{
  g_autoptr (EndlessServer) server = endless_server_new ("data: " CONTENT ("So") "\n\n", NULL);
  FacetAssistant *assistant = chat_assistant_new (endless_server_get_address (server), NULL, 0);
  g_autoptr (FacetRequest) request = chat_request_new ();
  g_auto (ChatTurn) turn = {0};

  chat_turn_start (&turn, assistant, request);
  wait_until (turn.answer->len > 0);
  g_object_run_dispose (G_OBJECT (assistant));
  g_assert_cmpuint (turn.n_ends, ==, 1);
  g_assert_true (turn.stopped);
  g_object_unref (assistant);
}

/* "Answer now": the thought stays, and the question is put once more without thinking. */
static void
test_answer_now (void)
{
  g_autoptr (ChatServer) server = chat_server_new ();
  g_autoptr (FacetAssistant) assistant =
      chat_assistant_new (chat_server_get_address (server), NULL, 0);
  g_autoptr (FacetRequest) request = chat_request_new ();
  g_auto (ChatTurn) turn = {0};
  json_t *body;

  request->thinking = TRUE;
  chat_server_add_raw (server, "data: " DELTA ("\"reasoning\": \"Hm, hm.\"") "\n\n", TEST_END_HANG);
  chat_server_add_stream (server, yes);
  chat_turn_start (&turn, assistant, request);
  wait_until (turn.thought->len > 0);
  facet_assistant_answer_now (assistant, turn.number);
  chat_turn_wait (&turn);
  g_assert_null (turn.error);
  g_assert_cmpstr (turn.thought->str, ==, "Hm, hm.");
  g_assert_cmpstr (turn.answer->str, ==, "Yes.");
  body = chat_server_dup_body (server, 1);
  g_assert_true (json_is_false (
      json_object_get (json_object_get (body, "chat_template_kwargs"), "enable_thinking")));
  json_decref (body);
}

/* Too long: the person chooses, and then as much is left out as is needed. */
static void
test_too_long (void)
{
  static const char refusal[] =
      "{\"error\": {\"message\": \"This model's maximum context length is 8192 tokens. However,"
      " you requested 10000 tokens.\"}}";
  g_autoptr (ChatServer) server = chat_server_new ();
  g_autoptr (FacetAssistant) assistant =
      chat_assistant_new (chat_server_get_address (server), NULL, 0);
  g_autoptr (FacetRequest) request = facet_request_new ();
  g_autofree char *words = g_strnfill (1000, 'w');
  g_auto (ChatTurn) turn = {0};
  g_auto (ChatTurn) shorter = {0};
  json_t *body;

  for (guint i = 0; i < 4; i++) {
    facet_request_add (request, FACET_ROLE_USER, words);
    facet_request_add (request, FACET_ROLE_ASSISTANT, words);
  }
  facet_request_add (request, FACET_ROLE_USER, "So?");
  chat_server_add (server, 400, "application/json", refusal);
  chat_server_add (server, 400, "application/json", refusal);
  chat_server_add_stream (server, yes);
  chat_turn_run (&turn, assistant, request);
  g_assert_cmpint (turn.end, ==, FACET_EVENT_TOO_LONG);
  g_assert_cmpuint (turn.overflow.needed, ==, 10000);
  g_assert_cmpuint (turn.overflow.available, ==, 8192);
  g_assert_cmpuint (turn.overflow.n_messages, ==, 2);

  request->drop_oldest = TRUE;
  chat_turn_run (&shorter, assistant, request);
  g_assert_null (shorter.error);
  g_assert_cmpstr (shorter.answer->str, ==, "Yes.");
  body = chat_server_dup_body (server, 2);
  g_assert_cmpuint (json_array_size (json_object_get (body, "messages")), ==, 7);
  json_decref (body);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/remote-assistant/answer", test_answer);
  g_test_add_func ("/remote-assistant/counting", test_counting);
  g_test_add_func ("/remote-assistant/retries", test_retries);
  g_test_add_func ("/remote-assistant/gives-up", test_gives_up);
  g_test_add_func ("/remote-assistant/much-later", test_much_later);
  g_test_add_func ("/remote-assistant/refusals", test_refusals);
  g_test_add_func ("/remote-assistant/key-refused-early", test_key_refused_early);
  g_test_add_func ("/remote-assistant/forms", test_forms);
  g_test_add_func ("/remote-assistant/not-a-form", test_not_a_form);
  g_test_add_func ("/remote-assistant/breaks-off", test_breaks_off);
  g_test_add_func ("/remote-assistant/going-on", test_going_on);
  g_test_add_func ("/remote-assistant/garbage", test_garbage);
  g_test_add_func ("/remote-assistant/endless", test_endless);
  g_test_add_func ("/remote-assistant/stop", test_stop);
  g_test_add_func ("/remote-assistant/silence", test_silence);
  g_test_add_func ("/remote-assistant/nobody-there", test_nobody_there);
  g_test_add_func ("/remote-assistant/dispose", test_dispose);
  g_test_add_func ("/remote-assistant/answer-now", test_answer_now);
  g_test_add_func ("/remote-assistant/too-long", test_too_long);
  return g_test_run ();
}
