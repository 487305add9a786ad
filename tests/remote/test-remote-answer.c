/* test-remote-answer.c: what servers send as an answer, in every form that they have for it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/facet-remote-answer.h"
#include "app/facet-remote-models.h"

#include <string.h>

typedef struct {
  GString   *text; /* "T:thought" and "A:answer", "C:name{…}" */
  FacetUsage usage;
} Heard;

static void
heard_cb (FacetEvent *event, gpointer user_data)
{
  Heard *heard = user_data;

  switch (event->kind) {
  case FACET_EVENT_THOUGHT:
    g_string_append_printf (heard->text, "T:%s|", event->text);
    break;
  case FACET_EVENT_ANSWER:
    g_string_append_printf (heard->text, "A:%s|", event->text);
    break;
  case FACET_EVENT_TOOL_CALL:
    g_string_append_printf (heard->text, "C:%s%s|", event->text, event->json);
    break;
  case FACET_EVENT_USAGE:
    heard->usage = event->usage;
    break;
  default:
    g_assert_not_reached ();
  }
  facet_event_free (event);
}

/* What @chunks, which end with NULL, become; @error as of the one that failed. */
static char *
hear (const char *const *chunks, gboolean tools, FacetUsage *usage, GError **error)
{
  Heard heard = {.text = g_string_new (NULL)};
  g_autoptr (FacetRemoteAnswer) answer = facet_remote_answer_new (7, tools, heard_cb, &heard);
  GError *problem = NULL;

  facet_remote_answer_set_asked (answer, g_get_monotonic_time (), 8192);
  for (guint i = 0; chunks[i] != NULL && problem == NULL; i++)
    if (!facet_remote_answer_take (answer, chunks[i], strlen (chunks[i]), &problem))
      break;
  if (problem == NULL)
    facet_remote_answer_finish (answer, &problem);
  else
    facet_remote_answer_stop (answer);
  if (usage != NULL)
    *usage = heard.usage;
  if (error != NULL)
    *error = problem;
  else
    g_assert_no_error (problem);
  return g_string_free (heard.text, FALSE);
}

#define assert_heard(tools, wanted, ...)                                                           \
  G_STMT_START                                                                                     \
  {                                                                                                \
    const char *const chunks_[] = {__VA_ARGS__, NULL};                                             \
    g_autofree char  *got_ = hear (chunks_, tools, NULL, NULL);                                    \
                                                                                                   \
    g_assert_cmpstr (got_, ==, wanted);                                                            \
  }                                                                                                \
  G_STMT_END

#define DELTA(inner)  "{\"choices\": [{\"index\": 0, \"delta\": {" inner "}}]}"
#define CONTENT(text) DELTA ("\"content\": \"" text "\"")
#define END(reason)   "{\"choices\": [{\"delta\": {}, \"finish_reason\": \"" reason "\"}]}"

static void
test_thoughts (void)
{
  assert_heard (FALSE, "T:2 and 2.|A:It is 4.|", DELTA ("\"role\": \"assistant\""),
                DELTA ("\"reasoning\": \"2 and\""), DELTA ("\"reasoning\": \" 2.\""),
                CONTENT ("It is"), CONTENT (" 4."), END ("stop"), "[DONE]");
  assert_heard (FALSE, "T:Hm.|A:Yes.|", DELTA ("\"reasoning_content\": \"Hm.\""),
                DELTA ("\"content\": \"Yes.\", \"reasoning_content\": null"), END ("stop"));
  /* Both names at once say it once. */
  assert_heard (FALSE, "T:Hm.|A:Yes.|",
                DELTA ("\"reasoning_content\": \"Hm.\", \"reasoning\": \"Hm.\""), CONTENT ("Yes."),
                END ("stop"));
  /* Between Gemma's tags, wherever they are cut. */
  assert_heard (FALSE, "T:Hm.|A:Yes.|", CONTENT ("<|chan"), CONTENT ("nel>tho"),
                CONTENT ("ught\\nHm.\\n<chan"), CONTENT ("nel|>Yes."), END ("stop"));
  assert_heard (FALSE, "A: <b>no tag</b>|", CONTENT (" <"), CONTENT ("b>no tag</b>"), END ("stop"));
}

/* An answer about Gemma's tags is not cut at them. */
static void
test_talk_about_tags (void)
{
  assert_heard (FALSE, "A:A turn ends with <turn|>, a thought with <channel|>.|",
                CONTENT ("A turn ends with <turn|>, "), CONTENT ("a thought with <channel|>."),
                END ("stop"));
  assert_heard (FALSE, "T:Hm.|A:<|channel> opens it.|", DELTA ("\"reasoning\": \"Hm.\""),
                CONTENT ("<|channel> opens it."), END ("stop"));
  assert_heard (FALSE, "A:<|chan|", CONTENT ("<|chan"), END ("stop"));
}

static void
test_calls (void)
{
  assert_heard (TRUE, "A:Let me see.|C:get_time{\"zone\": \"UTC\"}|C:roll{}|",
                CONTENT ("Let me see."),
                DELTA ("\"tool_calls\": [{\"index\": 0, \"id\": \"a\", \"type\": \"function\","
                       " \"function\": {\"name\": \"get_time\", \"arguments\": \"\"}}]"),
                DELTA ("\"tool_calls\": [{\"index\": 0, \"function\": {\"arguments\": \"{\\\"zone"
                       "\\\": \"}}]"),
                DELTA ("\"tool_calls\": [{\"index\": 1, \"id\": \"b\", \"function\": {\"name\":"
                       " \"roll\"}}, {\"index\": 0, \"function\": {\"arguments\":"
                       " \"\\\"UTC\\\"}\"}}]"),
                END ("tool_calls"), "[DONE]");
  /* Without an index, whole, and with arguments that are no string. */
  assert_heard (TRUE, "C:a{\"x\":1}|C:b{}|",
                DELTA ("\"tool_calls\": [{\"function\": {\"name\": \"a\", \"arguments\": {\"x\":"
                       " 1}}}, {\"function\": {\"name\": \"b\", \"arguments\": \"{}\"}}]"),
                END ("stop"));
  /* In the text, from a server that has no parser for it. */
  assert_heard (TRUE, "A:Let me see.|C:get_time{\"zone\": \"UTC\"}|", CONTENT ("Let me see."),
                CONTENT ("<|tool_call>call:get_time{zone:<|"),
                CONTENT ("\\\"|>UTC<|\\\"|>}<tool_call|>"), END ("stop"));
}

/* A call that was broken off is not carried out. */
static void
test_half_a_call (void)
{
  const char *const chunks[] = {DELTA ("\"tool_calls\": [{\"index\": 0, \"function\": {\"name\":"
                                       " \"delete\", \"arguments\": \"{\\\"all\\\": \"}}]"),
                                NULL};
  g_autoptr (GError) error = NULL;
  g_autofree char *got = hear (chunks, TRUE, NULL, &error);

  g_assert_cmpstr (got, ==, "");
  g_assert_error (error, FACET_REMOTE_ERROR, FACET_REMOTE_ERROR_BROKEN_OFF);
}

static void
test_whole (void)
{
  assert_heard (FALSE, "T:Hm.|A:Yes.|",
                "{\"choices\": [{\"message\": {\"role\": \"assistant\", \"content\": \"Yes.\","
                " \"reasoning\": \"Hm.\"}, \"finish_reason\": \"stop\"}]}");
  assert_heard (FALSE, "A:One. Two.|",
                "{\"choices\": [{\"message\": {\"content\": [{\"type\": \"text\", \"text\":"
                " \"One. \"}, {\"type\": \"text\", \"text\": \"Two.\"}, 7]}, \"finish_reason\":"
                " \"stop\"}]}");
  assert_heard (FALSE, "A:a\357\277\275b|", CONTENT ("a\\u0000b"), END ("stop"));
}

static void
test_usage (void)
{
  const char *const chunks[] =
      {CONTENT ("Yes."), END ("length"),
       "{\"choices\": [], \"usage\": {\"prompt_tokens\": 20, \"completion_tokens\": 7,"
       " \"prompt_tokens_details\": {\"cached_tokens\": 16},"
       " \"completion_tokens_details\": {\"reasoning_tokens\": 3}}}",
       "[DONE]", NULL};
  FacetUsage       usage;
  g_autofree char *got = hear (chunks, FALSE, &usage, NULL);

  g_assert_cmpuint (usage.prompt_tokens, ==, 20);
  g_assert_cmpuint (usage.reused_tokens, ==, 16);
  g_assert_cmpuint (usage.thinking_tokens, ==, 3);
  g_assert_cmpuint (usage.answer_tokens, ==, 4);
  g_assert_cmpuint (usage.context_used, ==, 27);
  g_assert_cmpuint (usage.context_size, ==, 8192);
}

static void
assert_fails (const char *chunk, FacetRemoteError code, const char *words)
{
  const char *const chunks[] = {CONTENT ("So far. "), chunk, NULL};
  g_autoptr (GError) error = NULL;
  g_autofree char *got = hear (chunks, FALSE, NULL, &error);

  g_assert_error (error, FACET_REMOTE_ERROR, (int)code);
  if (strstr (error->message, words) == NULL)
    g_error ("“%s” does not say “%s”", error->message, words);
  g_assert_cmpstr (got, ==, "A:So far. |");
}

static void
test_errors (void)
{
  g_autofree char *deep = g_strnfill (100000, '[');

  assert_fails ("{\"error\": {\"message\": \"out of\\nmemory\", \"code\": 500}}",
                FACET_REMOTE_ERROR_REFUSED, "out of memory");
  assert_fails ("{\"error\": \"boom\"}", FACET_REMOTE_ERROR_REFUSED, "boom");
  assert_fails ("{\"error\": 7}", FACET_REMOTE_ERROR_REFUSED, "says nothing");
  assert_fails ("<html>", FACET_REMOTE_ERROR_GARBAGE, "<html>");
  assert_fails ("[1, 2]", FACET_REMOTE_ERROR_GARBAGE, "not an answer");
  assert_fails ("{\"choices\": [", FACET_REMOTE_ERROR_GARBAGE, "not an answer");
  assert_fails (deep, FACET_REMOTE_ERROR_GARBAGE, "not an answer");
  assert_fails (END ("content_filter"), FACET_REMOTE_ERROR_REFUSED, "filter");
  assert_fails ("{\"choices\": 3, \"usage\": \"much\"}", FACET_REMOTE_ERROR_BROKEN_OFF, "kept");
  assert_fails ("{\"choices\": [{\"delta\": [1], \"finish_reason\": null}]}",
                FACET_REMOTE_ERROR_BROKEN_OFF, "kept");
}

/* Neither text nor calls without end. */
static void
test_bounds (void)
{
  g_autofree char *word = g_strnfill (1 << 20, 'x');
  g_autofree char *chunk = g_strdup_printf (CONTENT ("%s"), word);
  g_autoptr (GString) calls = g_string_new ("{\"choices\": [{\"delta\": {\"tool_calls\": [");
  g_autoptr (GPtrArray) chunks = g_ptr_array_new ();
  g_autoptr (GError) error = NULL, too_many = NULL;
  g_autofree char *got = NULL, *none = NULL;

  for (guint i = 0; i < 17; i++)
    g_ptr_array_add (chunks, chunk);
  g_ptr_array_add (chunks, NULL);
  got = hear ((const char *const *)chunks->pdata, FALSE, NULL, &error);
  g_assert_error (error, FACET_REMOTE_ERROR, FACET_REMOTE_ERROR_GARBAGE);
  g_assert_cmpuint (strlen (got), <=, FACET_REMOTE_MAX_TEXT + 100);

  for (guint i = 0; i <= FACET_REMOTE_MAX_CALLS; i++)
    g_string_append_printf (calls, "%s{\"index\": %u, \"function\": {\"name\": \"f\"}}",
                            i > 0 ? "," : "", i);
  g_string_append (calls, "]}}]}");
  none = hear ((const char *const[]){calls->str, NULL}, FALSE, NULL, &too_many);
  g_assert_error (too_many, FACET_REMOTE_ERROR, FACET_REMOTE_ERROR_GARBAGE);
  g_assert_cmpstr (none, ==, "");
}

static void
assert_words (const char *body, const char *wanted)
{
  g_autofree char *words = facet_remote_words (body, strlen (body));

  g_assert_cmpstr (words, ==, wanted);
}

static void
test_words (void)
{
  g_autofree char *noise = g_strnfill (5000, 'n');
  g_autofree char *words = facet_remote_words (noise, strlen (noise));

  assert_words ("{\"error\": {\"message\": \"No\\u001b[31m such\\t model\"}}",
                "No [31m such model");
  assert_words ("{\"object\": \"error\", \"message\": \"No.\"}", "No.");
  assert_words ("{\"detail\": [{\"loc\": [\"body\"], \"msg\": \"extra fields\"}]}", "extra fields");
  assert_words ("[{\"error\": {\"message\": \"Quota.\"}}]", "Quota.");
  assert_words ("plain\r\n words ", "plain words");
  assert_words ("<html><head><TITLE>502 Bad\nGateway</TITLE></head>", "502 Bad Gateway");
  assert_words ("<html>", NULL);
  assert_words ("{\"error\": null}", NULL);
  assert_words ("", NULL);
  g_assert_cmpuint (g_utf8_strlen (words, -1), ==, FACET_REMOTE_MAX_WORDS + 1);
}

static void
assert_no_models (const char *body)
{
  g_assert_null (facet_remote_models_parse (body, strlen (body)));
}

static void
test_models (void)
{
  static const char body[] =
      "{\"data\": [{\"id\": \"a\", \"owned_by\": \"llamacpp\", \"meta\": {\"n_ctx\": 4096}},"
      " {\"id\": 3}, 5, {\"id\": \"b\", \"owned_by\": \"vllm\", \"max_model_len\": 131072},"
      " {\"id\": \"c\", \"max_model_len\": -2}]}";
  g_autoptr (GPtrArray) models = facet_remote_models_parse (body, strlen (body));

  g_assert_cmpuint (models->len, ==, 3);
  g_assert_cmpstr (facet_remote_models_find (models, "")->id, ==, "a");
  g_assert_cmpuint (facet_remote_models_find (models, "")->context_size, ==, 4096);
  g_assert_cmpint (facet_remote_models_find (models, "a")->kind, ==, FACET_SERVER_LLAMA_CPP);
  g_assert_cmpint (facet_remote_models_find (models, "b")->kind, ==, FACET_SERVER_VLLM);
  g_assert_cmpuint (facet_remote_models_find (models, "b")->context_size, ==, 131072);
  g_assert_cmpuint (facet_remote_models_find (models, "c")->context_size, ==, 0);
  g_assert_null (facet_remote_models_find (models, "d"));
  assert_no_models ("");
  assert_no_models ("[]");
  assert_no_models ("{\"data\": {}}");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/remote-answer/thoughts", test_thoughts);
  g_test_add_func ("/remote-answer/talk-about-tags", test_talk_about_tags);
  g_test_add_func ("/remote-answer/calls", test_calls);
  g_test_add_func ("/remote-answer/half-a-call", test_half_a_call);
  g_test_add_func ("/remote-answer/whole", test_whole);
  g_test_add_func ("/remote-answer/usage", test_usage);
  g_test_add_func ("/remote-answer/errors", test_errors);
  g_test_add_func ("/remote-answer/bounds", test_bounds);
  g_test_add_func ("/remote-answer/words", test_words);
  g_test_add_func ("/remote-answer/models", test_models);
  return g_test_run ();
}
