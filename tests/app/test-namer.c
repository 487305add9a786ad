/* test-namer.c: titles from the model: what is one, when it is asked for, and what that costs.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-namer"

#include "app/facet-local-assistant.h"
#include "app/facet-namer.h"
#include "test-folder.h"
#include "test-library.h"
#include "test-wait.h"

static void
test_titles (void)
{
  const struct {
    const char *answer, *title;
  } cases[] = {
      {"Trip to Lisbon", "Trip to Lisbon"},
      {" **Trip to Lisbon**\n", "Trip to Lisbon"},
      {"\"Trip to Lisbon\"", "Trip to Lisbon"},
      {"“Reise nach Lissabon”", "Reise nach Lissabon"},
      {"# Title: *Which is older?*", "Which is older?"},
      {"「リスボンへの旅」", "リスボンへの旅"},
      {"Trip to Lisbon.", NULL},
      {"I am a small model. I cannot do that", NULL},
      {"Here is a title:\nTrip to Lisbon", NULL},
      {"Sure, here is the title:", NULL},
      {"one two three four five six seven eight nine ten eleven", NULL},
      {"Averyveryveryverylongwordthatisnotatitleatallbutfillsthewholeline", NULL},
      {"", NULL},
      {"\"\"", NULL},
      {"<b>bold</b> title", NULL},
      {"Tab\tin it", NULL},
      {"\xff\xfe broken", "\357\277\275\357\277\275 broken"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *title = facet_title_of_answer (cases[i].answer);

    g_assert_cmpstr (title, ==, cases[i].title);
  }
}

static void
set_up (TestLibrary *f, gconstpointer data)
{
  test_library_set_up (f);
  facet_library_set_naming (f->library, TRUE);
}

static void
tear_down (TestLibrary *f, gconstpointer data)
{
  test_library_tear_down (f);
}

static void
script (TestLibrary *f, const char *answer)
{
  fake_assistant_begin_turn (f->fake);
  fake_assistant_add_answer (f->fake, answer);
}

static void
send (TestLibrary *f, const char *text)
{
  facet_conversation_send (f->conversation, text);
  wait_until (!facet_conversation_get_busy (f->conversation));
}

static void
settle (TestLibrary *f)
{
  wait_until (fake_assistant_get_n_running (f->fake) == 0);
}

static void
assert_title (TestLibrary *f, const char *title)
{
  g_assert_cmpstr (facet_conversation_get_title (f->conversation), ==, title);
}

static void
test_named (TestLibrary *f, gconstpointer data)
{
  const FacetRequest *request;

  script (f, "In spring.");
  script (f, "Trip to Lisbon");
  facet_conversation_set_thinking (f->conversation, TRUE);
  send (f, "When shall I go to Lisbon?");
  settle (f);
  assert_title (f, "Trip to Lisbon");
  /* The conversation as it is, and one question more. */
  request = fake_assistant_get_last_request (f->fake);
  g_assert_cmpuint (request->messages->len, ==, 3);
  g_assert_true (request->thinking);
  g_assert_true (request->answer_at_once);
  g_assert_cmpuint (request->max_tokens, ==, 16);
  g_assert_cmpfloat (request->temperature, ==, 0);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->conversation)), ==, 2);

  send (f, "And where?");
  settle (f);
  g_assert_cmpuint (fake_assistant_get_n_started (f->fake), ==, 3); /* not named again */
  test_library_reopen (f);
  assert_title (f, "Trip to Lisbon");
}

static void
test_not_a_title (TestLibrary *f, gconstpointer data)
{
  script (f, "In spring.");
  script (f, "I am a small model and cannot give a title.");
  send (f, "When shall I go?");
  settle (f);
  assert_title (f, "When shall I go?");
  g_assert_cmpuint (fake_assistant_get_n_started (f->fake), ==, 2);
  send (f, "And where?");
  settle (f);
  g_assert_cmpuint (fake_assistant_get_n_started (f->fake), ==, 3); /* nor asked again */
}

static void
test_not_wanted (TestLibrary *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  facet_conversation_set_title (f->conversation, "My own");
  send (f, "When?");
  settle (f);
  g_assert_cmpuint (fake_assistant_get_n_started (f->fake), ==, 1);
  g_set_object (&f->conversation, NULL);
  f->conversation = facet_library_new_private_conversation (f->library, &error);
  g_assert_no_error (error);
  send (f, "A secret");
  settle (f);
  g_assert_cmpuint (fake_assistant_get_n_started (f->fake), ==, 2);

  g_object_unref (f->conversation);
  facet_library_set_naming (f->library, FALSE);
  f->conversation = facet_library_new_conversation (f->library);
  send (f, "Off");
  settle (f);
  g_assert_cmpuint (fake_assistant_get_n_started (f->fake), ==, 3);
}

/* A person's question ends it at once; the next answer is another chance. */
static void
test_makes_room (TestLibrary *f, gconstpointer data)
{
  g_autoptr (FacetConversation) first = NULL;

  script (f, "In spring.");
  fake_assistant_begin_turn (f->fake);
  fake_assistant_add_hang (f->fake);
  send (f, "When shall I go to Lisbon?");
  wait_until (fake_assistant_get_n_started (f->fake) == 2);
  g_assert_cmpuint (fake_assistant_get_n_running (f->fake), ==, 1);

  /* In another conversation, too. */
  first = g_steal_pointer (&f->conversation);
  f->conversation = facet_library_new_conversation (f->library);
  script (f, "Four.");
  script (f, "Sums");
  facet_conversation_send (f->conversation, "2 and 2?");
  g_assert_cmpuint (fake_assistant_get_n_cancelled (f->fake), ==, 1);
  wait_until (!facet_conversation_get_busy (f->conversation));
  settle (f);
  assert_title (f, "Sums");
  g_assert_cmpstr (facet_conversation_get_title (first), ==, "When shall I go to Lisbon?");

  g_set_object (&f->conversation, first);
  script (f, "By train.");
  script (f, "Trip to Lisbon");
  send (f, "And how?");
  settle (f);
  assert_title (f, "Trip to Lisbon");
}

/* With a real model: what was read for the conversation is not read again, neither for the title
 * nor after it. */
static void
test_cache (gconstpointer data)
{
  gboolean          thinking = GPOINTER_TO_INT (data);
  FacetLocalOptions options = {.threads = 1};
  g_autoptr (FacetAssistant) assistant = facet_local_assistant_new (&options);
  g_autofree char *folder = test_folder_new ();
  g_autoptr (GError) error = NULL;
  FacetLibrary      *library = facet_library_new (folder, assistant, &error);
  FacetConversation *conversation;
  const FacetUsage  *usage;
  guint              before;

  g_assert_no_error (error);
  wait_until (facet_library_get_loaded (library) &&
              facet_assistant_get_state (assistant) == FACET_ASSISTANT_READY);
  facet_library_set_naming (library, TRUE);
  conversation = facet_library_new_conversation (library);
  facet_conversation_set_thinking (conversation, thinking);
  facet_conversation_send (conversation, "What is 47 + 38?");
  wait_at_most (60, !facet_conversation_get_busy (conversation));
  wait_at_most (60, conversation->naming_done);
  {
    g_autoptr (FacetMessage) answer = g_list_model_get_item (G_LIST_MODEL (conversation), 1);

    before = facet_message_get_usage (answer)->prompt_tokens;
  }
  facet_conversation_send (conversation, "And 3 more?");
  wait_at_most (60, !facet_conversation_get_busy (conversation));
  {
    g_autoptr (FacetMessage) answer = g_list_model_get_item (G_LIST_MODEL (conversation), 3);

    usage = facet_message_get_usage (answer);
    g_test_message ("%u of %u prompt tokens were there; the first prompt had %u; called “%s”",
                    usage->reused_tokens, usage->prompt_tokens, before,
                    facet_conversation_get_title (conversation));
    g_assert_cmpuint (usage->reused_tokens, >=, before);
  }
  g_object_unref (conversation);
  facet_library_close (library);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_object_unref (library);
  g_object_run_dispose (G_OBJECT (assistant));
  test_folder_remove (folder);
}

#define add(path, func) g_test_add ("/namer/" path, TestLibrary, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/namer/titles", test_titles);
  add ("named", test_named);
  add ("not-a-title", test_not_a_title);
  add ("not-wanted", test_not_wanted);
  add ("makes-room", test_makes_room);
  g_test_add_data_func ("/namer/cache", GINT_TO_POINTER (FALSE), test_cache);
  g_test_add_data_func ("/namer/cache-thinking", GINT_TO_POINTER (TRUE), test_cache);
  return g_test_run ();
}
