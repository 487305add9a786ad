/* message-list.c: frame times of the message list: a long conversation, a very long answer,
 * streaming.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 *   xvfb-run -a -s '-screen 0 1280x800x24 -nolisten tcp' dbus-run-session -- \
 *     message-list [MESSAGES [CHARACTERS [SECONDS]]]            (2000, 100000, 5)
 *
 * Draws with GTK's software renderer.  Prints a line for each thing that is done while
 * the answer streams 200 tokens a second; the bar is 16 ms.  Not a test: the machine decides.
 * (2 busy cores, Zen 3: 2,000 messages shown after 90 ms; work per frame, median and most:
 * following the end 1.7 and 5 ms, scrolling fast 4.5 and 9, jumping anywhere 1.7 and 13.) */
#define G_LOG_DOMAIN "message-list"

#include "config.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "facet-chat-view.h"
#include "frame-times.h"
#include "test-folder.h"
#include "ui-fixture.h"

#define TOKENS_PER_SECOND 200

typedef struct {
  GtkWidget         *window;
  FacetChatView     *view;
  GtkAdjustment     *adjustment;
  FakeAssistant     *fake;
  FacetLibrary      *library;
  FacetConversation *conversation;
  FrameTimes        *times;
  GRand             *rand;
} Bench;

/* Text */

static void
append_sentence (GString *text, GRand *rand)
{
  static const char *const words[] = {
      "the",     "facet",    "of",  "a",        "stone",  "cuts",   "light",  "into",
      "colours", "**bold**", "and", "where",    "each",   "answer", "begins", "`code()`",
      "there",   "is",       "one", "question", "*only*", "more",
  };
  int n = g_rand_int_range (rand, 6, 18);

  for (int i = 0; i < n; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? " " : "",
                            words[g_rand_int_range (rand, 0, G_N_ELEMENTS (words))]);
  g_string_append (text, ". ");
}

/* A part of an answer as models write them. */
static void
append_part (GString *text, GRand *rand)
{
  int kind = g_rand_int_range (rand, 0, 10);
  int n = g_rand_int_range (rand, 2, 6);

  if (kind == 0)
    g_string_append (text, "## A heading of some words\n");
  for (int i = 0; i < n; i++) {
    if (kind == 1)
      g_string_append_printf (text, "%d. ", i + 1);
    else if (kind == 2)
      g_string_append (text, i % 2 == 1 ? "  - " : "- ");
    else if (kind == 3 && i == 0)
      g_string_append (text, "```python\ndef f (x):\n    # what it does\n    return [x * 2 for y "
                             "in range (x)]\n```\n");
    else if (kind == 4 && i == 0)
      g_string_append (text, "| Name | Value |\n|:---|---:|\n| one | 1 |\n| two | 2 |\n| three | 3 "
                             "|\n\n");
    append_sentence (text, rand);
    if (kind == 1 || kind == 2)
      g_string_append_c (text, '\n');
  }
  g_string_append (text, "\n\n");
}

static char *
make_answer (GRand *rand, gsize length)
{
  GString *text = g_string_new (NULL);

  while (text->len < length)
    append_part (text, rand);
  return g_string_free (text, FALSE);
}

/* The conversation on disk */

static FacetLibrary *
open_library (const char *folder, FakeAssistant *fake)
{
  g_autoptr (GError) error = NULL;
  FacetLibrary *library = facet_library_new (folder, FACET_ASSISTANT (fake), &error);

  if (library == NULL)
    g_error ("%s", error->message);
  while (!facet_library_get_loaded (library))
    g_main_context_iteration (NULL, TRUE);
  return library;
}

static void
close_library (FacetLibrary *library)
{
  facet_library_close (library);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_object_unref (library);
}

static void
run (sqlite3 *db, const char *statement)
{
  if (sqlite3_exec (db, statement, NULL, NULL, NULL) != SQLITE_OK)
    g_error ("%s: %s", statement, sqlite3_errmsg (db));
}

static void
write_messages (const char *folder, guint n, GRand *rand)
{
  sqlite3      *db = test_folder_open_db (folder);
  sqlite3_stmt *insert;

  run (db, "BEGIN");
  run (db, "INSERT INTO conversations (id, title, created, updated) VALUES (1, 'Long', 1, 1)");
  sqlite3_prepare_v2 (db,
                      "INSERT INTO messages (id, conversation_id, parent_id, role, state, text, "
                      "created)"
                      " VALUES (?1, 1, NULLIF (?1 - 1, 0), ?2, 0, ?3, ?1)",
                      -1, &insert, NULL);
  for (guint i = 0; i < n; i++) {
    g_autofree char *text =
        make_answer (rand, i % 2 == 0 ? 40 : (gsize)g_rand_int_range (rand, 100, 1500));

    sqlite3_bind_int (insert, 1, (int)i + 1);
    sqlite3_bind_int (insert, 2, i % 2 == 0 ? FACET_ROLE_USER : FACET_ROLE_ASSISTANT);
    sqlite3_bind_text (insert, 3, text, -1, SQLITE_STATIC);
    if (sqlite3_step (insert) != SQLITE_DONE)
      g_error ("%s", sqlite3_errmsg (db));
    sqlite3_reset (insert);
  }
  sqlite3_finalize (insert);
  run (db, "UPDATE conversations SET head_id = (SELECT MAX (id) FROM messages)");
  run (db, "COMMIT");
  sqlite3_close (db);
}

/* Scrolling */

static void
scroll_by (Bench *bench, double pixels)
{
  gtk_adjustment_set_value (bench->adjustment,
                            gtk_adjustment_get_value (bench->adjustment) + pixels);
}

static void
wheel_up (gpointer bench, guint frame)
{
  scroll_by (bench, -40);
}

static void
fling_up (gpointer bench, guint frame)
{
  scroll_by (bench, -300);
}

static void
jump (gpointer data, guint frame)
{
  Bench *bench = data;
  double lower = gtk_adjustment_get_lower (bench->adjustment);

  if (frame % 4 == 0)
    gtk_adjustment_set_value (bench->adjustment,
                              g_rand_double_range (bench->rand, lower,
                                                   gtk_adjustment_get_upper (bench->adjustment)));
}

/* The scene */

static gboolean
is_opened (gpointer conversation)
{
  return facet_conversation_get_loaded (conversation);
}

static void
show (Bench *bench)
{
  gint64 began;

  bench->window = gtk_window_new ();
  gtk_window_set_default_size (GTK_WINDOW (bench->window), 1280, 800);
  bench->view = facet_chat_view_new ();
  gtk_window_set_child (GTK_WINDOW (bench->window), GTK_WIDGET (bench->view));
  bench->adjustment = gtk_scrolled_window_get_vadjustment (
      GTK_SCROLLED_WINDOW (ui_find (bench->window, GTK_TYPE_SCROLLED_WINDOW, NULL)));
  gtk_window_present (GTK_WINDOW (bench->window));
  gtk_test_widget_wait_for_draw (bench->window);
  ui_run_for (300);

  bench->times = frame_times_new (bench->window);
  bench->conversation = facet_library_find (bench->library, 1);
  facet_conversation_open (bench->conversation);
  ui_wait (is_opened, bench->conversation);
  began = g_get_monotonic_time ();
  facet_chat_view_set_conversation (bench->view, bench->conversation);
  gtk_test_widget_wait_for_draw (bench->window);
  g_print ("%u messages shown after %.1f ms\n",
           g_list_model_get_n_items (G_LIST_MODEL (bench->conversation)),
           (double)(g_get_monotonic_time () - began) / 1000);
  ui_run_for (500);
  frame_times_print_head ();
}

/* The long answer at once, then more of it token by token. */
static void
ask (Bench *bench, gsize length, double seconds)
{
  g_autofree char *answer = make_answer (bench->rand, length);
  g_autofree char *more = make_answer (bench->rand, (gsize)(seconds * 10 * TOKENS_PER_SECOND * 8));

  fake_assistant_set_speed (bench->fake, 1e8);
  fake_assistant_begin_turn (bench->fake);
  fake_assistant_add_answer (bench->fake, answer);
  fake_assistant_add_pause (bench->fake, 1);
  fake_assistant_add_answer (bench->fake, more);
  frame_times_reset (bench->times);
  facet_conversation_send (bench->conversation, "Tell me everything.");
  ui_run_for (900);
  frame_times_report (bench->times, "the long answer arrives at once");
  fake_assistant_set_speed (bench->fake, TOKENS_PER_SECOND);
  ui_run_for (300);
}

int
main (int argc, char **argv)
{
  guint            n = argc > 1 ? (guint)atoi (argv[1]) : 2000;
  gsize            length = argc > 2 ? (gsize)atol (argv[2]) : 100000;
  double           seconds = argc > 3 ? atof (argv[3]) : 5;
  g_autofree char *folder = NULL;
  Bench            bench = {0};

  g_setenv ("GSK_RENDERER", "cairo", TRUE);
  g_setenv ("GDK_BACKEND", "x11", FALSE);
  g_setenv ("GTK_A11Y", "none", FALSE);
  ui_test_init (&argc, &argv);
  folder = test_folder_new ();
  bench.rand = g_rand_new_with_seed (1);
  bench.fake = fake_assistant_new ();
  close_library (open_library (folder, bench.fake));
  write_messages (folder, n, bench.rand);
  bench.library = open_library (folder, bench.fake);

  show (&bench);
  ask (&bench, length, seconds);
  frame_times_measure (bench.times, "streaming, following the end", seconds, NULL, &bench);
  frame_times_measure (bench.times, "streaming, scrolling up slowly", seconds, wheel_up, &bench);
  frame_times_measure (bench.times, "streaming, reading further up", seconds, NULL, &bench);
  frame_times_measure (bench.times, "streaming, scrolling up fast", seconds, fling_up, &bench);
  frame_times_measure (bench.times, "streaming, jumping anywhere", seconds, jump, &bench);
  facet_chat_view_scroll_to_latest (bench.view);
  ui_run_for (300);
  frame_times_measure (bench.times, "streaming, at the end again", seconds, NULL, &bench);

  facet_conversation_stop (bench.conversation);
  ui_wait_idle (bench.conversation);
  frame_times_free (bench.times);
  gtk_window_destroy (GTK_WINDOW (bench.window));
  g_object_unref (bench.conversation);
  close_library (bench.library);
  g_object_unref (bench.fake);
  test_folder_remove (folder);
  g_rand_free (bench.rand);
  return 0;
}
