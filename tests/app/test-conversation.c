/* test-conversation.c: everything that a person can do to a conversation, with an assistant that
 * plays a script.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-conversation"

#include "test-folder.h"
#include "test-library.h"
#include "test-wait.h"

#include <sqlite3.h>

typedef struct {
  TestLibrary base;
  GString    *appended; /* what ::appended said, of the messages watched */
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->appended = g_string_new (NULL);
  test_library_set_up (&f->base);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  test_library_tear_down (&f->base);
  g_string_free (f->appended, TRUE);
}

static void
wait_idle (Fixture *f)
{
  wait_until (!facet_conversation_get_busy (f->base.conversation));
}

static guint
n_messages (Fixture *f)
{
  return g_list_model_get_n_items (G_LIST_MODEL (f->base.conversation));
}

/* Borrowed: the list keeps it. */
static FacetMessage *
message_at (Fixture *f, guint position)
{
  FacetMessage *message = g_list_model_get_item (G_LIST_MODEL (f->base.conversation), position);

  g_assert_nonnull (message);
  g_object_unref (message);
  return message;
}

#define assert_message(f, position, state_, text_)                                                 \
  G_STMT_START                                                                                     \
  {                                                                                                \
    FacetMessage *message_ = message_at (f, position);                                             \
    g_assert_cmpint (facet_message_get_state (message_), ==, state_);                              \
    g_assert_cmpstr (facet_message_get_text (message_), ==, text_);                                \
  }                                                                                                \
  G_STMT_END

static void
send_and_wait (Fixture *f, const char *text)
{
  facet_conversation_send (f->base.conversation, text);
  g_assert_true (facet_conversation_get_busy (f->base.conversation));
  wait_idle (f);
}

static gint64
query_number (Fixture *f, const char *sql)
{
  sqlite3      *db = test_folder_open_db (f->base.folder);
  sqlite3_stmt *statement;
  gint64        number;

  g_assert_cmpint (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_step (statement), ==, SQLITE_ROW);
  number = sqlite3_column_int64 (statement, 0);
  sqlite3_finalize (statement);
  sqlite3_close (db);
  return number;
}

static void
exec_raw (Fixture *f, const char *sql)
{
  sqlite3 *db = test_folder_open_db (f->base.folder);

  g_assert_cmpint (sqlite3_exec (db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (db);
}

/* Asking and answering */

static void
appended_cb (FacetMessage *message, int kind, const char *delta, Fixture *f)
{
  g_string_append_printf (f->appended, "%s%s", kind == FACET_TEXT_THINKING ? "~" : "", delta);
}

/* At the moment that the assistant is asked, both messages are on disk. */
static void
phase_cb (FacetMessage *answer, GParamSpec *pspec, Fixture *f)
{
  if (facet_message_get_phase (answer) != FACET_PHASE_READING)
    return;
  g_assert_cmpint (query_number (f, "SELECT count (*) FROM messages WHERE role = 0"), ==, 1);
  g_assert_cmpint (query_number (f, "SELECT state FROM messages WHERE role = 1"), ==, 1);
  g_string_append (f->appended, "[read]");
}

static void
test_send (Fixture *f, gconstpointer data)
{
  const char   *question = "  What is 2 + 2,\nand why do so many people ask?";
  FacetMessage *answer;

  fake_assistant_set_speed (f->base.fake, 2000);
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_reading (f->base.fake, 0.05);
  fake_assistant_add_thought (f->base.fake, "Two and two.");
  fake_assistant_add_answer (f->base.fake, "It is **4**.");
  facet_conversation_set_thinking (f->base.conversation, TRUE);
  facet_conversation_set_draft (f->base.conversation, question);
  g_assert_cmpint (facet_conversation_get_id (f->base.conversation), ==, 0);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->base.library)), ==, 0);

  facet_conversation_send (f->base.conversation, question);
  g_assert_true (facet_conversation_get_busy (f->base.conversation));
  g_assert_cmpstr (facet_conversation_get_draft (f->base.conversation), ==, "");
  g_assert_cmpuint (n_messages (f), ==, 2);
  answer = message_at (f, 1);
  g_assert_true (facet_message_is_running (answer));
  g_assert_cmpint (facet_message_get_phase (answer), ==, FACET_PHASE_WAITING);
  g_signal_connect (answer, "appended", G_CALLBACK (appended_cb), f);
  g_signal_connect (answer, "notify::phase", G_CALLBACK (phase_cb), f);
  /* A second one does nothing while this runs. */
  facet_conversation_send (f->base.conversation, "Hello?");
  wait_idle (f);

  g_assert_cmpuint (n_messages (f), ==, 2);
  assert_message (f, 0, FACET_MESSAGE_COMPLETE, question);
  assert_message (f, 1, FACET_MESSAGE_COMPLETE, "It is **4**.");
  g_assert_cmpstr (facet_message_get_thinking (answer), ==, "Two and two.");
  g_assert_true (g_str_has_prefix (f->appended->str, "[read]~Two"));
  g_assert_cmpint (facet_message_get_phase (answer), ==, FACET_PHASE_NONE);
  g_assert_cmpuint (facet_message_get_usage (answer)->answer_tokens, ==, 3);
  g_assert_cmpuint (facet_message_get_usage (answer)->thinking_tokens, ==, 3);
  g_assert_cmpfloat (facet_message_get_usage (answer)->first_token_s, >, 0.04);
  g_assert_cmpstr (facet_message_get_model (answer), ==, "Fake model");
  g_assert_cmpstr (facet_conversation_get_title (f->base.conversation), ==, "What is 2 + 2, and…");
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->base.library)), ==, 1);
  g_assert_true (fake_assistant_get_last_request (f->base.fake)->thinking);

  test_library_reopen (&f->base);
  g_assert_true (facet_conversation_get_thinking (f->base.conversation));
  g_assert_cmpuint (n_messages (f), ==, 2);
  assert_message (f, 0, FACET_MESSAGE_COMPLETE, question);
  assert_message (f, 1, FACET_MESSAGE_COMPLETE, "It is **4**.");
  answer = message_at (f, 1);
  g_assert_cmpstr (facet_message_get_thinking (answer), ==, "Two and two.");
  g_assert_cmpuint (facet_message_get_usage (answer)->answer_tokens, ==, 3);
  g_assert_cmpint (facet_message_get_parent_id (answer), ==,
                   facet_message_get_id (message_at (f, 0)));
}

static void
test_blank (Fixture *f, gconstpointer data)
{
  facet_conversation_send (f->base.conversation, "");
  facet_conversation_send (f->base.conversation, " \n\t ");
  g_assert_false (facet_conversation_get_busy (f->base.conversation));
  g_assert_cmpuint (n_messages (f), ==, 0);
}

/* Bytes that are no text become text, and the title stays short. */
static void
test_invalid_text (Fixture *f, gconstpointer data)
{
  send_and_wait (f, "caf\xe9 "
                    "averyveryverylongwordwithoutanyspaceinit_"
                    "averyveryverylongwordwithoutanyspaceinit");
  g_assert_true (
      g_str_has_prefix (facet_message_get_text (message_at (f, 0)), "caf\357\277\275 a"));
  g_assert_cmpint (g_utf8_strlen (facet_conversation_get_title (f->base.conversation), -1), ==, 60);
}

static void
test_second_turn (Fixture *f, gconstpointer data)
{
  FacetRequest        *request;
  FacetRequestMessage *message;

  send_and_wait (f, "One");
  facet_conversation_set_thinking (f->base.conversation, TRUE);
  send_and_wait (f, "Two");
  send_and_wait (f, "Three");
  g_assert_cmpuint (n_messages (f), ==, 6);
  request = fake_assistant_get_last_request (f->base.fake);
  g_assert_cmpuint (request->messages->len, ==, 5);
  g_assert_cmpint (request->conversation, ==, facet_conversation_get_id (f->base.conversation));
  message = g_ptr_array_index (request->messages, 1);
  g_assert_cmpint (message->role, ==, FACET_ROLE_ASSISTANT);
  g_assert_cmpstr (message->text, ==, "You said: One");
  g_assert_null (message->thinking);
  message = g_ptr_array_index (request->messages, 3);
  g_assert_cmpstr (message->thinking, ==, "You said: Two.");
  message = g_ptr_array_index (request->messages, 4);
  g_assert_cmpint (message->role, ==, FACET_ROLE_USER);
  g_assert_cmpstr (message->text, ==, "Three");
}

static void
test_tool_calls (Fixture *f, gconstpointer data)
{
  FacetMessage *answer;

  facet_conversation_set_tools (f->base.conversation, "[{\"type\": \"function\"}]");
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_tool_call (f->base.fake, "get_time", "{\"place\": \"Sydney\"}");
  fake_assistant_add_tool_call (f->base.fake, "ping", "{}");
  send_and_wait (f, "How late is it?");
  g_assert_cmpstr (fake_assistant_get_last_request (f->base.fake)->tools_json, ==,
                   "[{\"type\": \"function\"}]");
  facet_conversation_set_tools (f->base.conversation, NULL);
  test_library_reopen (&f->base);
  answer = message_at (f, 1);
  g_assert_cmpint (facet_message_get_state (answer), ==, FACET_MESSAGE_COMPLETE);
  g_assert_nonnull (strstr (facet_message_get_tool_calls (answer), "\"get_time\""));
  g_assert_nonnull (
      strstr (facet_message_get_tool_calls (answer), "{\\\"place\\\": \\\"Sydney\\\"}"));
  send_and_wait (f, "And now?");
  g_assert_nonnull (
      ((FacetRequestMessage *)
           g_ptr_array_index (fake_assistant_get_last_request (f->base.fake)->messages, 1))
          ->tool_calls_json);
}

/* Stopping */

static void
begin_long_answer (Fixture *f, double speed)
{
  g_autoptr (GString) text = g_string_new ("Word");

  for (int i = 0; i < 2000; i++)
    g_string_append_printf (text, " w%04d", i);
  fake_assistant_set_speed (f->base.fake, speed);
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_thought (f->base.fake, text->str);
  fake_assistant_add_answer (f->base.fake, text->str);
}

static void
test_stop (Fixture *f, gconstpointer data)
{
  g_autofree char *text = NULL;

  begin_long_answer (f, 500);
  facet_conversation_send (f->base.conversation, "Go on and on");
  wait_until (strlen (facet_message_get_text (message_at (f, 1))) > 100);
  g_assert_cmpint (facet_message_get_state (message_at (f, 1)), ==, FACET_MESSAGE_STREAMING);
  facet_conversation_stop (f->base.conversation);
  wait_idle (f);
  text = g_strdup (facet_message_get_text (message_at (f, 1)));
  g_assert_cmpint (facet_message_get_state (message_at (f, 1)), ==, FACET_MESSAGE_STOPPED);
  g_assert_cmpuint (fake_assistant_get_n_cancelled (f->base.fake), ==, 1);
  test_library_reopen (&f->base);
  assert_message (f, 1, FACET_MESSAGE_STOPPED, text);
}

/* Before the first row is on disk, so before anyone was asked. */
static void
test_stop_at_once (Fixture *f, gconstpointer data)
{
  facet_conversation_send (f->base.conversation, "Never mind");
  facet_conversation_stop (f->base.conversation);
  wait_idle (f);
  assert_message (f, 1, FACET_MESSAGE_STOPPED, "");
  g_assert_cmpuint (fake_assistant_get_n_started (f->base.fake), ==, 0);
}

static void
test_stop_while_loading (Fixture *f, gconstpointer data)
{
  fake_assistant_set_loading (f->base.fake, 0.5);
  facet_conversation_send (f->base.conversation, "Hello");
  wait_until (fake_assistant_get_n_started (f->base.fake) == 1);
  g_assert_cmpint (facet_message_get_phase (message_at (f, 1)), ==, FACET_PHASE_WAITING);
  facet_conversation_stop (f->base.conversation);
  wait_idle (f);
  assert_message (f, 1, FACET_MESSAGE_STOPPED, "");
}

static void
test_answer_now (Fixture *f, gconstpointer data)
{
  g_autofree char *thinking = NULL;

  facet_conversation_set_thinking (f->base.conversation, TRUE);
  begin_long_answer (f, 500);
  facet_conversation_send (f->base.conversation, "Think hard");
  wait_until (strlen (facet_message_get_thinking (message_at (f, 1))) > 50);
  g_assert_cmpint (facet_message_get_phase (message_at (f, 1)), ==, FACET_PHASE_THINKING);
  g_assert_cmpfloat (facet_message_get_thinking_seconds (message_at (f, 1)), >, 0);
  fake_assistant_set_speed (f->base.fake, 0);
  facet_conversation_answer_now (f->base.conversation);
  thinking = g_strdup (facet_message_get_thinking (message_at (f, 1)));
  wait_idle (f);
  g_assert_cmpuint (fake_assistant_get_n_answer_now (f->base.fake), ==, 1);
  g_assert_cmpstr (facet_message_get_thinking (message_at (f, 1)), ==, thinking);
  g_assert_true (g_str_has_suffix (facet_message_get_text (message_at (f, 1)), "w1999"));
  g_assert_cmpint (facet_message_get_state (message_at (f, 1)), ==, FACET_MESSAGE_COMPLETE);
}

/* Trouble */

static void
test_failed_and_again (Fixture *f, gconstpointer data)
{
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_error (f->base.fake, "The device went away.  Choose another one.");
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, "Now it works.");
  send_and_wait (f, "Hello");
  assert_message (f, 1, FACET_MESSAGE_FAILED, "");
  g_assert_cmpstr (facet_message_get_error (message_at (f, 1)), ==,
                   "The device went away.  Choose another one.");
  test_library_reopen (&f->base);
  g_assert_nonnull (facet_message_get_error (message_at (f, 1)));

  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, "Now it works.");
  facet_conversation_try_again (f->base.conversation, message_at (f, 1));
  g_assert_cmpstr (facet_message_get_error (message_at (f, 1)), ==, NULL);
  wait_idle (f);
  g_assert_cmpuint (n_messages (f), ==, 2);
  assert_message (f, 1, FACET_MESSAGE_COMPLETE, "Now it works.");
  /* What is to be answered is the question alone. */
  g_assert_cmpuint (fake_assistant_get_last_request (f->base.fake)->messages->len, ==, 1);
}

/* A stopped answer is gone on with where it was. */
static void
test_go_on (Fixture *f, gconstpointer data)
{
  FacetRequestMessage *last;

  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, "The first half, ");
  fake_assistant_add_hang (f->base.fake);
  facet_conversation_send (f->base.conversation, "Tell me");
  wait_until (*facet_message_get_text (message_at (f, 1)) != '\0');
  facet_conversation_stop (f->base.conversation);
  wait_idle (f);

  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, " and the other.");
  facet_conversation_try_again (f->base.conversation, message_at (f, 1));
  wait_idle (f);
  assert_message (f, 1, FACET_MESSAGE_COMPLETE, "The first half, and the other.");
  g_assert_cmpuint (fake_assistant_get_last_request (f->base.fake)->messages->len, ==, 2);
  last = g_ptr_array_index (fake_assistant_get_last_request (f->base.fake)->messages, 1);
  g_assert_cmpint (last->role, ==, FACET_ROLE_ASSISTANT);
  g_assert_cmpstr (last->text, ==, "The first half,");
  test_library_reopen (&f->base);
  assert_message (f, 1, FACET_MESSAGE_COMPLETE, "The first half, and the other.");
}

static void
test_empty_answer (Fixture *f, gconstpointer data)
{
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_thought (f->base.fake, "Nothing to say");
  send_and_wait (f, "Hello");
  g_assert_cmpint (facet_message_get_state (message_at (f, 1)), ==, FACET_MESSAGE_FAILED);
  g_assert_nonnull (facet_message_get_error (message_at (f, 1)));
}

static void
test_cut_off (Fixture *f, gconstpointer data)
{
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, "And so on and");
  fake_assistant_add_cut_off (f->base.fake);
  send_and_wait (f, "Hello");
  test_library_reopen (&f->base);
  assert_message (f, 1, FACET_MESSAGE_COMPLETE, "And so on and");
  g_assert_true (facet_message_get_cut_off (message_at (f, 1)));
}

static void
test_too_long (Fixture *f, gconstpointer data)
{
  send_and_wait (f, "One");
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_too_long (f->base.fake, 9000, 8192, 2);
  fake_assistant_add_answer (f->base.fake, "Never said");
  send_and_wait (f, "Two");
  assert_message (f, 3, FACET_MESSAGE_TOO_LONG, "");
  test_library_reopen (&f->base);
  assert_message (f, 3, FACET_MESSAGE_TOO_LONG, "");
  g_assert_cmpuint (facet_message_get_overflow (message_at (f, 3))->needed, ==, 9000);
  g_assert_cmpuint (facet_message_get_overflow (message_at (f, 3))->n_messages, ==, 2);

  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_too_long (f->base.fake, 9000, 8192, 2);
  fake_assistant_add_answer (f->base.fake, "It fits now.");
  facet_conversation_drop_oldest (f->base.conversation, message_at (f, 3));
  wait_idle (f);
  g_assert_true (fake_assistant_get_last_request (f->base.fake)->drop_oldest);
  assert_message (f, 3, FACET_MESSAGE_COMPLETE, "It fits now.");
  /* Nothing is taken out of the conversation itself. */
  g_assert_cmpuint (n_messages (f), ==, 4);
}

/* The store fails before anything is computed. */
static void
test_not_saved (Fixture *f, gconstpointer data)
{
  send_and_wait (f, "Saved");
  exec_raw (f, "CREATE TRIGGER sabotage BEFORE INSERT ON messages BEGIN"
               " SELECT raise (ABORT, 'the test does not want this'); END");
  send_and_wait (f, "Not saved");
  g_assert_nonnull (f->base.failure);
  g_assert_cmpuint (fake_assistant_get_n_started (f->base.fake), ==, 1);
  g_assert_cmpuint (n_messages (f), ==, 2);
  g_assert_cmpstr (facet_conversation_get_draft (f->base.conversation), ==, "Not saved");

  /* The same for an edited question: what was there is shown again. */
  g_clear_pointer (&f->base.failure, g_free);
  facet_conversation_edit_and_resend (f->base.conversation, message_at (f, 0), "Edited");
  g_assert_cmpstr (facet_message_get_text (message_at (f, 0)), ==, "Edited");
  wait_idle (f);
  g_assert_nonnull (f->base.failure);
  g_assert_cmpuint (n_messages (f), ==, 2);
  assert_message (f, 0, FACET_MESSAGE_COMPLETE, "Saved");
  assert_message (f, 1, FACET_MESSAGE_COMPLETE, "You said: Saved");

  exec_raw (f, "DROP TRIGGER sabotage");
  test_library_reopen (&f->base);
  g_assert_cmpstr (facet_conversation_get_draft (f->base.conversation), ==, "Edited");
  send_and_wait (f, "Saved again");
  g_assert_cmpuint (n_messages (f), ==, 4);
}

/* It fails in mid-answer: the answer goes on, the person hears of it once. */
static void
test_save_fails_later (Fixture *f, gconstpointer data)
{
  begin_long_answer (f, 1500);
  facet_conversation_send (f->base.conversation, "Hello");
  wait_until (*facet_message_get_text (message_at (f, 1)) != '\0');
  exec_raw (f, "CREATE TRIGGER sabotage BEFORE UPDATE ON messages BEGIN"
               " SELECT raise (ABORT, 'the test does not want this'); END");
  wait_until (f->base.failure != NULL);
  g_assert_true (facet_conversation_get_busy (f->base.conversation));
  exec_raw (f, "DROP TRIGGER sabotage");
  wait_idle (f);
  test_library_reopen (&f->base);
  g_assert_true (g_str_has_suffix (facet_message_get_text (message_at (f, 1)), "w1999"));
}

/* Versions */

static void
test_regenerate (Fixture *f, gconstpointer data)
{
  gint64 first_answer;

  send_and_wait (f, "One");
  send_and_wait (f, "Two");
  first_answer = facet_message_get_id (message_at (f, 1));
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, "Another answer.");
  facet_conversation_regenerate (f->base.conversation, message_at (f, 1));
  wait_idle (f);
  g_assert_cmpuint (n_messages (f), ==, 2);
  assert_message (f, 1, FACET_MESSAGE_COMPLETE, "Another answer.");
  g_assert_cmpint (facet_message_get_parent_id (message_at (f, 1)), ==,
                   facet_message_get_id (message_at (f, 0)));
  g_assert_cmpint (facet_message_get_id (message_at (f, 1)), !=, first_answer);
  /* Everything is still there. */
  g_assert_cmpint (query_number (f, "SELECT count (*) FROM messages"), ==, 5);
  test_library_reopen (&f->base);
  g_assert_cmpuint (n_messages (f), ==, 2);
  assert_message (f, 1, FACET_MESSAGE_COMPLETE, "Another answer.");
}

static void
test_edit (Fixture *f, gconstpointer data)
{
  send_and_wait (f, "One");
  send_and_wait (f, "Two");
  facet_conversation_edit_and_resend (f->base.conversation, message_at (f, 2), "Zwei");
  wait_idle (f);
  g_assert_cmpuint (n_messages (f), ==, 4);
  assert_message (f, 2, FACET_MESSAGE_COMPLETE, "Zwei");
  assert_message (f, 3, FACET_MESSAGE_COMPLETE, "You said: Zwei");
  g_assert_cmpuint (fake_assistant_get_last_request (f->base.fake)->messages->len, ==, 3);
  g_assert_cmpstr (facet_conversation_get_title (f->base.conversation), ==, "One");
  facet_conversation_edit_and_resend (f->base.conversation, message_at (f, 0), "Eins");
  wait_idle (f);
  g_assert_cmpstr (facet_conversation_get_title (f->base.conversation), ==, "Eins");
  g_assert_cmpint (query_number (f, "SELECT count (*) FROM messages"), ==, 8);
  g_assert_cmpint (query_number (f, "SELECT count (*) FROM messages WHERE parent_id IS NULL"), ==,
                   2);
  test_library_reopen (&f->base);
  g_assert_cmpuint (n_messages (f), ==, 2);
  assert_message (f, 0, FACET_MESSAGE_COMPLETE, "Eins");
}

static gboolean
can_undo (Fixture *f)
{
  gboolean can;

  g_object_get (f->base.conversation, "can-undo", &can, NULL);
  return can;
}

static void
test_delete (Fixture *f, gconstpointer data)
{
  send_and_wait (f, "One");
  send_and_wait (f, "Two");
  send_and_wait (f, "Three");
  g_assert_false (can_undo (f));
  facet_conversation_delete_message (f->base.conversation, message_at (f, 1));
  facet_conversation_delete_message (f->base.conversation, message_at (f, 1)); /* "Two" */
  facet_conversation_delete_message (f->base.conversation, message_at (f, 3)); /* the last */
  g_assert_true (can_undo (f));
  g_assert_cmpuint (n_messages (f), ==, 3);

  test_library_reopen (&f->base);
  g_assert_cmpuint (n_messages (f), ==, 3);
  assert_message (f, 0, FACET_MESSAGE_COMPLETE, "One");
  assert_message (f, 1, FACET_MESSAGE_COMPLETE, "You said: Two");
  assert_message (f, 2, FACET_MESSAGE_COMPLETE, "Three");
  g_assert_false (can_undo (f));
  /* What comes next hangs on the path as it was, and the model does not read what is gone. */
  send_and_wait (f, "Four");
  g_assert_cmpuint (fake_assistant_get_last_request (f->base.fake)->messages->len, ==, 4);
  test_library_reopen (&f->base);
  g_assert_cmpuint (n_messages (f), ==, 5);
}

static void
test_undo_delete (Fixture *f, gconstpointer data)
{
  send_and_wait (f, "One");
  send_and_wait (f, "Two");
  facet_conversation_delete_message (f->base.conversation, message_at (f, 3));
  facet_conversation_delete_message (f->base.conversation, message_at (f, 1));
  facet_conversation_delete_message (f->base.conversation, message_at (f, 0));
  facet_conversation_undo_delete (f->base.conversation);
  assert_message (f, 0, FACET_MESSAGE_COMPLETE, "One");
  facet_conversation_undo_delete (f->base.conversation);
  assert_message (f, 1, FACET_MESSAGE_COMPLETE, "You said: One");
  g_assert_true (can_undo (f));
  facet_conversation_undo_delete (f->base.conversation);
  g_assert_false (can_undo (f));
  facet_conversation_undo_delete (f->base.conversation);
  g_assert_cmpuint (n_messages (f), ==, 4);
  test_library_reopen (&f->base);
  g_assert_cmpuint (n_messages (f), ==, 4);
  assert_message (f, 3, FACET_MESSAGE_COMPLETE, "You said: Two");
}

static void
test_markdown (Fixture *f, gconstpointer data)
{
  g_autofree char *markdown = NULL;

  facet_conversation_set_thinking (f->base.conversation, TRUE);
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_thought (f->base.fake, "One line\nand another");
  fake_assistant_add_answer (f->base.fake, "- a\n- b");
  send_and_wait (f, "List it");
  markdown = facet_conversation_to_markdown (f->base.conversation);
  g_assert_cmpstr (markdown, ==,
                   "# List it\n\n## You\n\nList it\n\n## Fake model\n\n"
                   "> One line\n> and another\n\n- a\n- b\n\n");
}

/* The library */

static void
send_new (Fixture *f, const char *text)
{
  g_clear_object (&f->base.conversation);
  f->base.conversation = facet_library_new_conversation (f->base.library);
  send_and_wait (f, text);
}

static void
assert_titles (Fixture *f, const char *expected)
{
  g_autoptr (GString) titles = g_string_new (NULL);
  guint n = g_list_model_get_n_items (G_LIST_MODEL (f->base.library));

  for (guint i = 0; i < n; i++) {
    g_autoptr (FacetConversation) item = g_list_model_get_item (G_LIST_MODEL (f->base.library), i);

    g_string_append_printf (titles, "%s%s", i > 0 ? " " : "", facet_conversation_get_title (item));
  }
  g_assert_cmpstr (titles->str, ==, expected);
}

static void
test_library_order (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetConversation) first = NULL;
  g_autoptr (FacetConversation) found = NULL;

  send_new (f, "A");
  first = g_object_ref (f->base.conversation);
  send_new (f, "B");
  send_new (f, "C");
  assert_titles (f, "C B A");
  facet_conversation_set_pinned (first, TRUE);
  assert_titles (f, "A C B");
  g_clear_object (&f->base.conversation);
  f->base.conversation = g_list_model_get_item (G_LIST_MODEL (f->base.library), 2);
  send_and_wait (f, "again");
  assert_titles (f, "A B C");
  facet_conversation_set_title (first, "Z");
  found = facet_library_find (f->base.library, facet_conversation_get_id (first));
  g_assert_true (found == first);
  g_clear_object (&first);
  g_clear_object (&found);
  test_library_reopen (&f->base);
  assert_titles (f, "Z B C");
}

static void
test_library_delete (Fixture *f, gconstpointer data)
{
  send_new (f, "A");
  send_new (f, "B");
  send_new (f, "C");
  g_clear_object (&f->base.conversation);
  f->base.conversation = g_list_model_get_item (G_LIST_MODEL (f->base.library), 1);
  begin_long_answer (f, 100);
  facet_conversation_send (f->base.conversation, "more");
  wait_until (*facet_message_get_text (message_at (f, 3)) != '\0');
  assert_titles (f, "B C A");
  facet_library_delete (f->base.library, f->base.conversation); /* while it is answered */
  assert_titles (f, "C A");
  wait_idle (f);
  assert_titles (f, "C A");
  facet_library_undo_delete (f->base.library);
  assert_titles (f, "B C A");
  facet_library_delete (f->base.library, f->base.conversation);
  test_library_reopen (&f->base);
  assert_titles (f, "C A");
  g_assert_cmpint (query_number (f, "SELECT count (*) FROM conversations"), ==, 3);
}

static void
test_change_assistant (Fixture *f, gconstpointer data)
{
  g_autoptr (FakeAssistant) other = fake_assistant_new ();

  send_and_wait (f, "One");
  begin_long_answer (f, 500);
  facet_conversation_send (f->base.conversation, "Two");
  wait_until (*facet_message_get_text (message_at (f, 3)) != '\0');
  facet_library_set_assistant (f->base.library, FACET_ASSISTANT (other));
  /* The running answer stays with the one that was asked. */
  g_assert_true (facet_conversation_get_busy (f->base.conversation));
  facet_conversation_stop (f->base.conversation);
  wait_idle (f);
  g_assert_cmpuint (fake_assistant_get_n_cancelled (f->base.fake), ==, 1);
  send_and_wait (f, "Three");
  g_assert_cmpuint (fake_assistant_get_n_started (other), ==, 1);
  facet_library_set_assistant (f->base.library, FACET_ASSISTANT (f->base.fake));
}

/* The window closes in mid-answer. */
static void
test_close_while_busy (Fixture *f, gconstpointer data)
{
  g_autofree char *text = NULL;

  begin_long_answer (f, 500);
  facet_conversation_send (f->base.conversation, "Go on and on");
  wait_until (strlen (facet_message_get_text (message_at (f, 1))) > 100);
  text = g_strdup (facet_message_get_text (message_at (f, 1)));
  test_library_reopen (&f->base);
  assert_message (f, 1, FACET_MESSAGE_STOPPED, text);
}

static void
test_close_at_once (Fixture *f, gconstpointer data)
{
  facet_conversation_send (f->base.conversation, "Said in the last moment");
  test_library_reopen (&f->base);
  assert_message (f, 0, FACET_MESSAGE_COMPLETE, "Said in the last moment");
  assert_message (f, 1, FACET_MESSAGE_STOPPED, "");
}

/* What the library is told counts for the next answer of every conversation, listed or not. */
static void
test_sampling (Fixture *f, gconstpointer data)
{
  const FacetSampling own = {0.5, 20, 0.9, 0.05, 1.1, 77, 123};
  const FacetRequest *request;

  send_and_wait (f, "One");
  request = fake_assistant_get_last_request (f->base.fake);
  g_assert_cmpfloat (request->temperature, ==, -1);
  g_assert_cmpint (request->top_k, ==, -1);

  facet_library_set_sampling (f->base.library, &own);
  send_and_wait (f, "Two");
  request = fake_assistant_get_last_request (f->base.fake);
  g_assert_cmpfloat (request->temperature, ==, 0.5);
  g_assert_cmpint (request->top_k, ==, 20);
  g_assert_cmpfloat (request->top_p, ==, 0.9);
  g_assert_cmpfloat (request->min_p, ==, 0.05);
  g_assert_cmpfloat (request->repetition_penalty, ==, 1.1);
  g_assert_cmpuint (request->seed, ==, 77);
  g_assert_cmpuint (request->max_tokens, ==, 123);

  test_library_reopen (&f->base);
  facet_library_set_sampling (f->base.library, &own);
  facet_library_set_sampling (f->base.library, NULL);
  send_and_wait (f, "Three");
  g_assert_cmpfloat (fake_assistant_get_last_request (f->base.fake)->temperature, ==, -1);
}

#define add(path, func) g_test_add ("/conversation/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("send", test_send);
  add ("blank", test_blank);
  add ("invalid-text", test_invalid_text);
  add ("second-turn", test_second_turn);
  add ("tool-calls", test_tool_calls);
  add ("stop", test_stop);
  add ("stop-at-once", test_stop_at_once);
  add ("stop-while-loading", test_stop_while_loading);
  add ("answer-now", test_answer_now);
  add ("failed-and-again", test_failed_and_again);
  add ("go-on", test_go_on);
  add ("empty-answer", test_empty_answer);
  add ("cut-off", test_cut_off);
  add ("too-long", test_too_long);
  add ("not-saved", test_not_saved);
  add ("save-fails-later", test_save_fails_later);
  add ("regenerate", test_regenerate);
  add ("edit", test_edit);
  add ("delete", test_delete);
  add ("undo-delete", test_undo_delete);
  add ("markdown", test_markdown);
  add ("library-order", test_library_order);
  add ("library-delete", test_library_delete);
  add ("change-assistant", test_change_assistant);
  add ("sampling", test_sampling);
  add ("close-while-busy", test_close_while_busy);
  add ("close-at-once", test_close_at_once);
  return g_test_run ();
}
