/* test-connection.c: "Test connection" with servers that can everything, little, or nothing.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/facet-server-test.h"
#include "chat-server.h"
#include "tests/app/test-folder.h"
#include "tests/app/test-wait.h"

#include <string.h>

#define LIST "{\"data\": [{\"id\": \"tiny\", \"owned_by\": \"vllm\", \"max_model_len\": 8192}]}"

typedef struct {
  FacetStepState states[FACET_N_SERVER_STEPS];
  guint          n_reports[FACET_N_SERVER_STEPS]; /* besides RUNNING */
  char          *words[FACET_N_SERVER_STEPS];
  gboolean       done;
} Result;

static void
step_cb (FacetServerStep step, FacetStepState state, const char *words, gpointer user_data)
{
  Result *result = user_data;

  g_assert_false (result->done);
  g_assert_nonnull (facet_server_step_get_title (step));
  result->states[step] = state;
  if (state == FACET_STEP_RUNNING)
    return;
  g_assert_cmpuint (result->n_reports[step]++, ==, 0);
  g_free (result->words[step]);
  result->words[step] = g_strdup (words);
}

static void
done_cb (FacetServerTest *test, gpointer user_data)
{
  ((Result *)user_data)->done = TRUE;
}

static void
result_clear (Result *result)
{
  for (guint i = 0; i < FACET_N_SERVER_STEPS; i++)
    g_free (result->words[i]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Result, result_clear)

static FacetServerTest *
begin (Result *result, const char *address, const char *model, const char *certificate)
{
  const FacetServerInfo  info = {.address = address, .model = model, .certificate = certificate};
  const FacetRemoteTimes times = {.retry = 1};
  g_autoptr (FacetServer) server = facet_server_new (&info);

  *result = (Result){0};
  return facet_server_test_new (server, NULL, "sk-secret", &times, step_cb, done_cb, result);
}

/* "PPLF…": a letter for each step. */
static void
assert_states (const Result *result, const char *wanted)
{
  char got[FACET_N_SERVER_STEPS + 1] = {0};

  for (guint i = 0; i < FACET_N_SERVER_STEPS; i++) {
    got[i] = "RPLFS"[result->states[i]];
    if (got[i] != "RPLFS"[FACET_STEP_RUNNING])
      g_assert_cmpuint (result->n_reports[i], ==, 1);
  }
  if (strcmp (got, wanted) != 0) {
    for (guint i = 0; i < FACET_N_SERVER_STEPS; i++)
      g_test_message ("%u: %s", i, result->words[i]);
  }
  g_assert_cmpstr (got, ==, wanted);
}

static void
assert_words (const Result *result, FacetServerStep step, const char *words)
{
  if (strstr (result->words[step], words) == NULL)
    g_error ("“%s” does not say “%s”", result->words[step], words);
}

/* Answers as a model would that sees, hears and calls; or refuses what it is told to. */
typedef struct {
  gboolean blind, deaf, handless;
} Ability;

static void
answer (SoupServerMessage *message, const char *text)
{
  g_autofree char *body = g_strdup_printf ("data: {\"choices\": [{\"delta\": {\"content\": \"%s\"},"
                                           " \"finish_reason\": \"stop\"}]}\n\ndata: [DONE]\n\n",
                                           text);

  test_reply (message, 200, NULL, "text/event-stream", body, -1);
}

static void
refuse (SoupServerMessage *message, const char *text)
{
  g_autofree char *body = g_strdup_printf ("{\"error\": {\"message\": \"%s\"}}", text);

  test_reply (message, 400, NULL, "application/json", body, -1);
}

static void
chat_cb (SoupServerMessage *message, const TestRequest *request, gpointer user_data)
{
  const Ability *able = user_data;
  gboolean       sees = strstr (request->body, "image_url") != NULL;
  gboolean       hears =
      strstr (request->body, "audio_url") != NULL || strstr (request->body, "input_audio") != NULL;
  gboolean calls = strstr (request->body, "get_time") != NULL;

  if (sees && able->blind)
    refuse (message, "This is not a multimodal model.");
  else if (hears && able->deaf)
    refuse (message, "There is no audio encoder.");
  else if (calls && !able->handless)
    test_reply (message, 200, NULL, "application/json",
                "{\"choices\": [{\"message\": {\"tool_calls\": [{\"function\": {\"name\":"
                " \"get_time\", \"arguments\": \"{}\"}}]}, \"finish_reason\": \"tool_calls\"}]}",
                -1);
  else
    answer (message, sees ? "Red." : hears ? "A tone." : "Hello.");
}

static void
models_cb (SoupServerMessage *message, const TestRequest *request, gpointer user_data)
{
  test_reply (message, 200, NULL, "application/json", LIST, -1);
}

static void
test_with (const Ability *able, const char *states)
{
  g_autoptr (TestServer) server = test_server_new ();
  g_autofree char *address = g_strconcat (test_server_get_address (server), "/v1", NULL);
  g_autoptr (FacetServerTest) test = NULL;
  g_auto (Result) result = {0};

  test_server_handle (server, "/v1/models", models_cb, NULL);
  test_server_handle (server, "/v1/chat/completions", chat_cb, (gpointer)able);
  test = begin (&result, address, NULL, NULL);
  wait_until (result.done);
  assert_states (&result, states);
  assert_words (&result, FACET_SERVER_STEP_NAME, "127.0.0.1");
  assert_words (&result, FACET_SERVER_STEP_TLS, "stays on this computer");
  assert_words (&result, FACET_SERVER_STEP_STATUS, "200");
  assert_words (&result, FACET_SERVER_STEP_MODELS, "tiny");
  assert_words (&result, FACET_SERVER_STEP_STREAMING, "Hello.");
  assert_words (&result, FACET_SERVER_STEP_IMAGE, able->blind ? "multimodal" : "Red.");
  assert_words (&result, FACET_SERVER_STEP_AUDIO, able->deaf ? "audio encoder" : "A tone.");
  g_assert_cmpuint (facet_server_test_get_models (test)->len, ==, 1);
  g_assert_null (facet_server_test_get_fingerprint (test));
}

static void
test_able (void)
{
  test_with (&(Ability){0}, "PPPPPPPP");
}

static void
test_limited (void)
{
  test_with (&(Ability){TRUE, TRUE, TRUE}, "PPPPPLLL");
}

static void
assert_fails (guint           status,
              const char     *list,
              const char     *model,
              const char     *states,
              FacetServerStep step,
              const char     *words)
{
  g_autoptr (ChatServer) server = chat_server_new ();
  g_autoptr (FacetServerTest) test = NULL;
  g_auto (Result) result = {0};

  chat_server_set_models (server, status, list);
  test = begin (&result, chat_server_get_address (server), model, NULL);
  wait_until (result.done);
  assert_states (&result, states);
  assert_words (&result, step, words);
  g_assert_cmpint (facet_server_test_get_result (test), ==, FACET_STEP_FAILED);
  g_assert_cmpuint (chat_server_count (server), ==, 0);
}

static void
test_failures (void)
{
  assert_fails (401, "{\"error\": \"Wrong key.\"}", NULL, "PPFSSSSS", FACET_SERVER_STEP_STATUS,
                "Wrong key.");
  assert_fails (200, "{\"data\": []}", NULL, "PPPFSSSS", FACET_SERVER_STEP_MODELS, "names none");
  assert_fails (200, LIST, "huge", "PPPFSSSS", FACET_SERVER_STEP_MODELS, "but “tiny”");
  assert_fails (200, "<html>", NULL, "PPPFSSSS", FACET_SERVER_STEP_MODELS, "names none");
}

static void
test_nobody_there (void)
{
  g_autofree char *address = NULL;
  g_autoptr (FacetServerTest) test = NULL;
  g_autoptr (FacetServerTest) unknown = NULL;
  g_auto (Result) result = {0};
  g_auto (Result) other = {0};

  {
    g_autoptr (ChatServer) server = chat_server_new ();

    address = g_strdup (chat_server_get_address (server));
  }
  test = begin (&result, address, NULL, NULL);
  wait_until (result.done);
  assert_states (&result, "PSFSSSSS");
  assert_words (&result, FACET_SERVER_STEP_STATUS, "no server runs there");
  unknown = begin (&other, "http://nowhere.invalid/v1", NULL, NULL);
  wait_until (other.done);
  assert_states (&other, "FSSSSSSS");
}

static void
test_certificate (void)
{
  g_autoptr (TestServer) server = test_server_new_encrypted ();
  g_autofree char *address = g_strconcat (test_server_get_address (server), "/v1", NULL);
  g_autoptr (FacetServerTest) test = NULL;
  g_autoptr (FacetServerTest) trusting = NULL;
  g_auto (Result) result = {0};
  g_auto (Result) trusted = {0};
  static const Ability able = {0};

  if (!g_tls_backend_supports_tls (g_tls_backend_get_default ())) {
    g_test_skip ("glib-networking is not installed");
    return;
  }
  test_server_handle (server, "/v1/models", models_cb, NULL);
  test_server_handle (server, "/v1/chat/completions", chat_cb, (gpointer)&able);
  test = begin (&result, address, NULL, NULL);
  wait_until (result.done);
  assert_states (&result, "PFSSSSSS");
  assert_words (&result, FACET_SERVER_STEP_TLS, "vouches");
  g_assert_cmpstr (facet_server_test_get_fingerprint (test), ==, TEST_SERVER_FINGERPRINT);
  trusting = begin (&trusted, address, NULL, TEST_SERVER_FINGERPRINT);
  wait_until (trusted.done);
  assert_states (&trusted, "PPPPPPPP");
  assert_words (&trusted, FACET_SERVER_STEP_TLS, "that you trust");
}

/* It is ended wherever it is. */
static void
test_ended (void)
{
  g_autoptr (ChatServer) server = chat_server_new ();

  chat_server_add_raw (server, "", TEST_END_HANG);
  for (guint step = 0; step <= FACET_SERVER_STEP_STREAMING; step++) {
    g_auto (Result) result = {0};
    FacetServerTest *test = begin (&result, chat_server_get_address (server), NULL, NULL);

    wait_until (step == 0 || result.n_reports[step - 1] > 0);
    facet_server_test_free (test);
    while (g_main_context_iteration (NULL, FALSE))
      ;
    g_assert_false (result.done);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/connection/able", test_able);
  g_test_add_func ("/connection/limited", test_limited);
  g_test_add_func ("/connection/failures", test_failures);
  g_test_add_func ("/connection/nobody-there", test_nobody_there);
  g_test_add_func ("/connection/certificate", test_certificate);
  g_test_add_func ("/connection/ended", test_ended);
  return g_test_run ();
}
