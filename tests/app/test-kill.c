/* test-kill.c: a process that is killed in mid-answer loses nothing older than 250 ms.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The child (this program, with a folder as argument) asks a question and streams a long answer
 * into the store; for every piece it writes how much of the answer there is, and when.  The parent
 * kills it at a random moment and looks at what the next start finds. */
#define G_LOG_DOMAIN "test-kill"

#include "app/facet-library.h"
#include "fake-assistant.h"
#include "test-folder.h"

#include <gio/gio.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define N_KILLS  10
#define N_WORDS  4000
#define SPEED    1000
#define MAX_LAG  (250 * 1000)
#define QUESTION "What happens when you are killed?"

static char *
whole_answer (void)
{
  GString *text = g_string_new ("Word");

  for (int i = 0; i < N_WORDS; i++)
    g_string_append_printf (text, " w%04d", i);
  return g_string_free (text, FALSE);
}

/* The child */

/* Straight to the pipe: what the process still holds is lost with it. */
static void
say (gsize length)
{
  char line[64];
  int  n =
      g_snprintf (line, sizeof line, "%" G_GINT64_FORMAT " %zu\n", g_get_monotonic_time (), length);

  if (write (STDOUT_FILENO, line, (gsize)n) != n)
    _exit (1);
}

static void
appended_cb (FacetMessage *answer, int kind, const char *delta, gpointer user_data)
{
  say (strlen (facet_message_get_text (answer)));
}

static void
phase_cb (FacetMessage *answer, GParamSpec *pspec, gpointer user_data)
{
  if (facet_message_get_phase (answer) == FACET_PHASE_READING)
    say (0); /* the assistant was asked */
}

static void
stream_for_ever (const char *folder)
{
  g_autoptr (FakeAssistant) fake = fake_assistant_new ();
  g_autoptr (FacetLibrary) library = facet_library_new (folder, FACET_ASSISTANT (fake), NULL);
  g_autoptr (FacetConversation) conversation = facet_library_new_conversation (library);
  g_autoptr (FacetMessage) answer = NULL;
  g_autofree char *text = whole_answer ();

  fake_assistant_set_speed (fake, SPEED);
  fake_assistant_begin_turn (fake);
  fake_assistant_add_reading (fake, 0.02);
  fake_assistant_add_answer (fake, text);
  facet_conversation_send (conversation, QUESTION);
  answer = g_list_model_get_item (G_LIST_MODEL (conversation), 1);
  g_signal_connect (answer, "appended", G_CALLBACK (appended_cb), NULL);
  g_signal_connect (answer, "notify::phase", G_CALLBACK (phase_cb), NULL);
  for (;;)
    g_main_context_iteration (NULL, TRUE);
}

/* The parent */

static char *self_path;

typedef struct {
  gboolean asked;
  gsize    must; /* bytes that were there MAX_LAG before the kill */
  gsize    had;  /* bytes that were there at all */
  gint64   killed_at;
  GString *said;
} Death;

/* More of what the child says; FALSE: it is dead. */
static gboolean
hear (Death *death, GInputStream *pipe)
{
  char   buffer[65536];
  gssize n = g_input_stream_read (pipe, buffer, sizeof buffer, NULL, NULL);

  g_assert_cmpint (n, >=, 0);
  g_string_append_len (death->said, buffer, n);
  return n > 0;
}

static void
understand (Death *death)
{
  g_auto (GStrv) lines = g_strsplit (death->said->str, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++) {
    gint64 when;
    gsize  length;

    if (sscanf (lines[i], "%" G_GINT64_FORMAT " %zu", &when, &length) != 2)
      continue;
    death->asked = TRUE;
    death->had = MAX (death->had, length);
    if (when <= death->killed_at - MAX_LAG)
      death->must = MAX (death->must, length);
  }
}

/* @answering: the time runs from when the assistant was asked; else from the start. */
static void
die (Death *death, const char *folder, gboolean answering, double after_s)
{
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  GInputStream *pipe;

  *death = (Death){.said = g_string_new (NULL)};
  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, self_path, folder, NULL);
  g_assert_no_error (error);
  pipe = g_subprocess_get_stdout_pipe (process);
  if (answering)
    g_assert_true (hear (death, pipe));
  g_usleep ((gulong)(after_s * G_USEC_PER_SEC));
  death->killed_at = g_get_monotonic_time ();
  g_subprocess_send_signal (process, SIGKILL);
  while (hear (death, pipe))
    ;
  g_assert_true (g_subprocess_wait (process, NULL, &error));
  g_assert_true (g_subprocess_get_if_signaled (process));
  understand (death);
}

/* When so much of the answer had been said; the kill's time if it never was. */
static gint64
when_said (const Death *death, gsize length)
{
  g_auto (GStrv) lines = g_strsplit (death->said->str, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++) {
    gint64 when;
    gsize  said;

    if (sscanf (lines[i], "%" G_GINT64_FORMAT " %zu", &when, &said) == 2 && said > length)
      return when;
  }
  return death->killed_at;
}

static void
check_next_start (const Death *death, const char *folder)
{
  g_autoptr (FakeAssistant) fake = fake_assistant_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (FacetLibrary) library = facet_library_new (folder, FACET_ASSISTANT (fake), &error);
  g_autoptr (FacetConversation) conversation = NULL;
  g_autoptr (FacetMessage) question = NULL;
  g_autoptr (FacetMessage) answer = NULL;
  g_autofree char *whole = whole_answer ();
  g_autofree char *rest = NULL;
  gsize            length;

  g_assert_no_error (error);
  while (!facet_library_get_loaded (library))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (facet_library_get_warning (library), ==, NULL);
  if (g_list_model_get_n_items (G_LIST_MODEL (library)) == 0) {
    g_assert_false (death->asked); /* on disk before it is computed upon */
    facet_library_close (library);
    return;
  }
  conversation = g_list_model_get_item (G_LIST_MODEL (library), 0);
  facet_conversation_open (conversation);
  while (!facet_conversation_get_loaded (conversation))
    g_main_context_iteration (NULL, TRUE);
  question = g_list_model_get_item (G_LIST_MODEL (conversation), 0);
  answer = g_list_model_get_item (G_LIST_MODEL (conversation), 1);
  g_assert_cmpstr (facet_message_get_text (question), ==, QUESTION);
  g_assert_cmpint (facet_message_get_state (answer), ==, FACET_MESSAGE_INTERRUPTED);
  length = strlen (facet_message_get_text (answer));
  if (death->had > 0)
    g_test_message ("%zu of %zu bytes; the first one missing was %.0f ms old", length, death->had,
                    (double)(death->killed_at - when_said (death, length)) / 1000);
  g_assert_cmpuint (length, >=, death->must);
  g_assert_true (g_str_has_prefix (whole, facet_message_get_text (answer)));

  /* And it can be gone on with. */
  rest = g_strdup (whole + length);
  fake_assistant_set_speed (fake, 0);
  fake_assistant_begin_turn (fake);
  fake_assistant_add_answer (fake, rest);
  facet_conversation_try_again (conversation, answer);
  while (facet_conversation_get_busy (conversation))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (facet_message_get_text (answer), ==, whole);
  facet_library_close (library);
}

static void
kill_once (gboolean answering, double after_s)
{
  g_autofree char *folder = test_folder_new ();
  Death            death;

  die (&death, folder, answering, after_s);
  check_next_start (&death, folder);
  g_string_free (death.said, TRUE);
  test_folder_remove (folder);
}

static void
test_in_mid_answer (void)
{
  for (int i = 0; i < N_KILLS; i++)
    kill_once (TRUE, g_test_rand_double_range (0.1, 0.9));
}

/* While it opens the store, writes the question, or asks. */
static void
test_at_the_start (void)
{
  for (int i = 0; i < N_KILLS; i++)
    kill_once (FALSE, g_test_rand_double_range (0, 0.08));
}

int
main (int argc, char **argv)
{
  if (argc == 2 && argv[1][0] == '/')
    stream_for_ever (argv[1]);
  self_path = g_file_read_link ("/proc/self/exe", NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/kill/in-mid-answer", test_in_mid_answer);
  g_test_add_func ("/kill/at-the-start", test_at_the_start);
  return g_test_run ();
}
