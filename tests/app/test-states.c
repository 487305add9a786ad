/* test-states.c: a conversation that is opened again goes on without being read again; what is
 * kept of it is bounded, can be switched off, and goes with it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * With the demonstration model on the engine thread. */
#define G_LOG_DOMAIN "test-states"

#include "app/facet-library.h"
#include "app/facet-local-assistant.h"
#include "app/facet-states-folder.h"
#include "test-folder.h"
#include "test-wait.h"

#include <glib/gstdio.h>
#include <fcntl.h>
#include <sys/stat.h>

#define STORE "/a/store"
#define LIMIT ((guint64)1 << 30)
#define NEVER 3600000 /* ms */

typedef struct {
  FacetUsage usage;
  GString   *answer;
  gboolean   ended;
} Outcome;

static void
event_cb (const FacetEvent *event, gpointer user_data)
{
  Outcome *o = user_data;

  g_assert_cmpint (event->kind, !=, FACET_EVENT_ERROR);
  if (event->kind == FACET_EVENT_ANSWER)
    g_string_append (o->answer, event->text);
  else if (event->kind == FACET_EVENT_USAGE)
    o->usage = event->usage;
  else if (event->kind == FACET_EVENT_DONE)
    o->ended = TRUE;
}

static void
outcome_clear (Outcome *o)
{
  g_string_free (o->answer, TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Outcome, outcome_clear)

static FacetAssistant *
assistant_new (const char *weights, guint idle_ms, guint64 limit)
{
  FacetLocalOptions options = {.threads = 2,
                               .context_size = 4096,
                               .weights = weights,
                               .state_seconds = 1e-9,
                               .state_idle_ms = idle_ms};
  FacetAssistant   *assistant = facet_local_assistant_new (&options);

  if (limit != G_MAXUINT64)
    facet_local_assistant_set_state_limit (FACET_LOCAL_ASSISTANT (assistant), limit);
  return assistant;
}

static FacetRequest *
first_request (gint64 conversation)
{
  FacetRequest *request = facet_request_new ();
  g_autoptr (GString) text = g_string_new ("Write a haiku about rain. Think of these words:");

  for (guint i = 0; i < 60; i++)
    g_string_append_printf (text, " word %u,", i);
  facet_request_add (request, FACET_ROLE_USER, text->str);
  request->conversation = conversation;
  request->store = g_strdup (STORE);
  request->temperature = 0;
  request->max_tokens = 20;
  return request;
}

static FacetRequest *
second_request (gint64 conversation, const Outcome *first)
{
  FacetRequest *request = first_request (conversation);

  facet_request_add (request, FACET_ROLE_ASSISTANT, first->answer->str);
  facet_request_add (request, FACET_ROLE_USER, "And another one?");
  return request;
}

/* Takes @request. */
static void
ask (Outcome *o, FacetAssistant *assistant, FacetRequest *request)
{
  *o = (Outcome){.answer = g_string_new (NULL)};
  facet_assistant_start (assistant, request, event_cb, o);
  facet_request_unref (request);
  wait_at_most (300, o->ended);
}

static char *
path_of (gint64 conversation)
{
  g_autofree char *folder = facet_states_folder_get_default ();

  return facet_states_folder_path (folder, STORE, conversation);
}

static gboolean
is_kept (gint64 conversation)
{
  g_autofree char *path = path_of (conversation);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static guint64
bytes_kept (void)
{
  g_autofree char *folder = facet_states_folder_get_default ();

  return facet_states_folder_measure (folder);
}

/* Every case begins with nothing kept. */
static void
set_up (gpointer *nothing, gconstpointer data)
{
  g_autofree char *folder = facet_states_folder_get_default ();

  facet_states_folder_prune (folder, 0);
}

/* ---- going on ---- */

static void
assert_only_new_read (const Outcome *first, const Outcome *second)
{
  /* All that was in the session but, at most, the end of the turn, which the model did not write.
   */
  g_assert_cmpuint (second->usage.reused_tokens, >=, first->usage.prompt_tokens);
  g_assert_cmpuint (second->usage.prompt_tokens - second->usage.reused_tokens, <, 60);
}

/* The answer is the same as that of an assistant that was never away, and no less was reused. */
static void
check_reopened (guint idle_ms)
{
  g_autoptr (FacetAssistant) stays = assistant_new ("bf16", idle_ms, LIMIT);
  g_autoptr (FacetAssistant) fresh = NULL;
  g_auto (Outcome) first = {0}, second = {0}, again = {0};

  ask (&first, stays, first_request (7));
  g_assert_cmpuint (first.usage.reused_tokens, ==, 0);
  if (idle_ms == NEVER) {
    g_assert_false (is_kept (7));
    g_clear_object (&stays); /* the end of the program */
    g_assert_true (is_kept (7));
    stays = assistant_new ("bf16", idle_ms, G_MAXUINT64);
    ask (&second, stays, second_request (7, &first));
    g_assert_cmpuint (second.usage.reused_tokens, ==, 0); /* it was not told to keep any */
  } else {
    wait_until (is_kept (7));
    ask (&second, stays, second_request (7, &first));
    assert_only_new_read (&first, &second);
  }
  fresh = assistant_new ("bf16", NEVER, LIMIT);
  ask (&again, fresh, second_request (7, &first));
  assert_only_new_read (&first, &again);
  /* More, if the second turn is on disk by now. */
  g_assert_cmpuint (again.usage.reused_tokens, >=, second.usage.reused_tokens);
  g_assert_cmpstr (again.answer->str, ==, second.answer->str);
}

static void
test_reopened (gpointer *nothing, gconstpointer data)
{
  check_reopened (1);
}

static void
test_at_end (gpointer *nothing, gconstpointer data)
{
  check_reopened (NEVER);
}

/* Long before the time is up, because the person looks at something else. */
static void
test_left (gpointer *nothing, gconstpointer data)
{
  g_autoptr (FacetAssistant) assistant = assistant_new ("bf16", NEVER, LIMIT);
  g_auto (Outcome) first = {0};

  ask (&first, assistant, first_request (7));
  facet_assistant_leave (assistant);
  wait_until (is_kept (7));
}

/* Another conversation took the session's place meanwhile. */
static void
test_changing (gpointer *nothing, gconstpointer data)
{
  g_autoptr (FacetAssistant) assistant = assistant_new ("bf16", 1, LIMIT);
  g_auto (Outcome) first = {0}, other = {0}, second = {0};
  FacetRequest *request = first_request (8);

  g_free (((FacetRequestMessage *)request->messages->pdata[0])->text);
  ((FacetRequestMessage *)request->messages->pdata[0])->text = g_strdup ("Hello!");
  ask (&first, assistant, first_request (7));
  wait_until (is_kept (7));
  ask (&other, assistant, request);
  wait_until (is_kept (8));
  ask (&second, assistant, second_request (7, &first));
  assert_only_new_read (&first, &second);
}

/* ---- not used ---- */

static void
test_other_weights (gpointer *nothing, gconstpointer data)
{
  g_autoptr (FacetAssistant) assistant = assistant_new ("bf16", NEVER, LIMIT);
  g_auto (Outcome) first = {0}, second = {0};

  ask (&first, assistant, first_request (7));
  g_clear_object (&assistant);
  g_assert_true (is_kept (7));
  assistant = assistant_new ("q8", NEVER, LIMIT);
  ask (&second, assistant, second_request (7, &first));
  g_assert_cmpuint (second.usage.reused_tokens, ==, 0);
  g_assert_false (is_kept (7)); /* of no use to anyone */
}

static void
test_damaged (gpointer *nothing, gconstpointer data)
{
  g_autoptr (FacetAssistant) assistant = assistant_new ("bf16", NEVER, LIMIT);
  g_autofree char *path = path_of (7), *bytes = NULL;
  gsize            length;
  g_auto (Outcome) first = {0}, second = {0};

  ask (&first, assistant, first_request (7));
  g_clear_object (&assistant);
  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  bytes[length / 2] = (char)(bytes[length / 2] ^ 1);
  g_assert_true (g_file_set_contents (path, bytes, (gssize)length, NULL));
  assistant = assistant_new ("bf16", NEVER, LIMIT);
  ask (&second, assistant, second_request (7, &first));
  g_assert_cmpuint (second.usage.reused_tokens, ==, 0);
  g_assert_false (is_kept (7));
}

/* ---- not kept ---- */

static void
test_off (gpointer *nothing, gconstpointer data)
{
  g_autoptr (FacetAssistant) assistant = assistant_new ("bf16", NEVER, 0);
  g_auto (Outcome) first = {0}, second = {0};
  FacetRequest *private = first_request (9);

  ask (&first, assistant, first_request (7));
  g_clear_object (&assistant);
  g_assert_cmpuint (bytes_kept (), ==, 0);

  private->keep_state = FALSE;
  assistant = assistant_new ("bf16", NEVER, LIMIT);
  ask (&second, assistant, private);
  g_clear_object (&assistant);
  g_assert_cmpuint (bytes_kept (), ==, 0);
}

/* Switched off while it runs: what there is goes. */
static void
test_switched_off (gpointer *nothing, gconstpointer data)
{
  g_autoptr (FacetAssistant) assistant = assistant_new ("bf16", 1, LIMIT);
  g_auto (Outcome) first = {0};

  ask (&first, assistant, first_request (7));
  wait_until (is_kept (7));
  facet_local_assistant_set_state_limit (FACET_LOCAL_ASSISTANT (assistant), 0);
  wait_until (bytes_kept () == 0);
  g_clear_object (&assistant);
  g_assert_cmpuint (bytes_kept (), ==, 0);
}

/* ---- bounded ---- */

static void
test_bounded (gpointer *nothing, gconstpointer data)
{
  g_autoptr (FacetAssistant) assistant = assistant_new ("bf16", 1, LIMIT);
  g_autofree char *path = path_of (1), *folder = facet_states_folder_get_default ();
  guint64          one = 0;
  GStatBuf         st;

  for (gint64 conversation = 1; conversation <= 5; conversation++) {
    g_auto (Outcome) o = {0};

    ask (&o, assistant, first_request (conversation));
    wait_until (is_kept (conversation));
    if (conversation == 1) {
      one = bytes_kept ();
      facet_local_assistant_set_state_limit (FACET_LOCAL_ASSISTANT (assistant), 3 * one + one / 2);
      g_assert_cmpint (g_stat (folder, &st), ==, 0);
      g_assert_cmpuint (st.st_mode & 0777, ==, 0700);
    }
    if (conversation == 4) /* the fourth was one too many */
      wait_until (!is_kept (1));
    wait_until (bytes_kept () <= 3 * one + one / 2);
  }
  g_assert_true (is_kept (5) && is_kept (4) && is_kept (3));
  g_assert_false (is_kept (2));
}

/* The folder alone: what was used last stays. */
static void
test_least_recently_used (gpointer *nothing, gconstpointer data)
{
  g_autofree char *folder = test_folder_new ();
  char            *paths[4];

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    paths[i] = facet_states_folder_path (folder, STORE, (gint64)i + 1);
    g_assert_true (g_file_set_contents (paths[i], "0123456789", 10, NULL));
    g_assert_cmpint (utimensat (AT_FDCWD, paths[i],
                                (struct timespec[]){{1000 + i, 0}, {1000 + i, 0}}, 0),
                     ==, 0);
  }
  g_assert_false (facet_states_folder_has_room (folder, G_MAXUINT64));
  g_assert_false (facet_states_folder_has_room ("/nonexistent", 0));
  facet_states_folder_touch (paths[0]);
  facet_states_folder_prune (folder, 40);
  g_assert_cmpuint (facet_states_folder_measure (folder), ==, 40);
  facet_states_folder_prune (folder, 25);
  g_assert_true (g_file_test (paths[0], G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test (paths[1], G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test (paths[2], G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (paths[3], G_FILE_TEST_EXISTS));
  facet_states_folder_prune (folder, 0);
  g_assert_cmpuint (facet_states_folder_measure (folder), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    g_free (paths[i]);
  test_folder_remove (folder);
}

static void
test_half_written (gpointer *nothing, gconstpointer data)
{
  g_autofree char *path = path_of (7), *part = g_strconcat (path, ".1.part", NULL);
  g_autofree char *living = g_strconcat (path, ".2.part", NULL);
  g_autofree char *folder = facet_states_folder_get_default ();
  g_autoptr (FacetAssistant) assistant = NULL;

  g_mkdir_with_parents (folder, 0700);
  g_assert_true (g_file_set_contents (part, "half", 4, NULL));
  g_assert_true (g_file_set_contents (living, "half", 4, NULL));
  g_assert_cmpint (utimensat (AT_FDCWD, part, (struct timespec[]){{1000, 0}, {1000, 0}}, 0), ==, 0);
  assistant = assistant_new ("bf16", NEVER, LIMIT);
  wait_at_most (300, !g_file_test (part, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (living, G_FILE_TEST_EXISTS)); /* somebody may just be writing it */
}

/* ---- a real conversation ---- */

static gboolean
some_are_kept (void)
{
  return bytes_kept () > 0;
}

static void
test_deleted (gpointer *nothing, gconstpointer data)
{
  g_autofree char *folder = test_folder_new ();
  g_autoptr (FacetAssistant) assistant = assistant_new ("bf16", 1, LIMIT);
  g_autoptr (GError) error = NULL;
  FacetLibrary *library = facet_library_new (folder, assistant, &error);
  g_autoptr (FacetConversation) conversation = NULL;

  g_assert_no_error (error);
  wait_until (facet_library_get_loaded (library));
  conversation = facet_library_new_conversation (library);
  facet_conversation_send (conversation,
                           "Hello! Write me a long letter about rain, wind and the sea, "
                           "please, and one about the mountains.");
  wait_at_most (300, facet_conversation_get_busy (conversation));
  wait_at_most (300, !facet_conversation_get_busy (conversation));
  wait_until (some_are_kept ());
  facet_library_delete (library, conversation);
  wait_until (!some_are_kept ());
  facet_library_close (library);
  g_clear_object (&conversation);
  g_object_unref (library);
  g_clear_object (&assistant);
  g_assert_false (some_are_kept ());
  test_folder_remove (folder);
}

int
main (int argc, char **argv)
{
  g_autofree char *cache = test_folder_new ();
  int              status;

  g_setenv ("XDG_CACHE_HOME", cache, TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/states/reopened", gpointer, NULL, set_up, test_reopened, NULL);
  g_test_add ("/states/at-end", gpointer, NULL, set_up, test_at_end, NULL);
  g_test_add ("/states/left", gpointer, NULL, set_up, test_left, NULL);
  g_test_add ("/states/changing", gpointer, NULL, set_up, test_changing, NULL);
  g_test_add ("/states/other-weights", gpointer, NULL, set_up, test_other_weights, NULL);
  g_test_add ("/states/damaged", gpointer, NULL, set_up, test_damaged, NULL);
  g_test_add ("/states/off", gpointer, NULL, set_up, test_off, NULL);
  g_test_add ("/states/switched-off", gpointer, NULL, set_up, test_switched_off, NULL);
  g_test_add ("/states/bounded", gpointer, NULL, set_up, test_bounded, NULL);
  g_test_add ("/states/least-recently-used", gpointer, NULL, set_up, test_least_recently_used,
              NULL);
  g_test_add ("/states/half-written", gpointer, NULL, set_up, test_half_written, NULL);
  g_test_add ("/states/deleted", gpointer, NULL, set_up, test_deleted, NULL);
  status = g_test_run ();
  test_folder_remove (cache);
  return status;
}
