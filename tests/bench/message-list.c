/* message-list.c: frame times of the message list: a long conversation, a very long answer,
 * streaming.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 *   xvfb-run -a -s '-screen 0 1280x800x24 -nolisten tcp' dbus-run-session -- \
 *     message-list [MESSAGES [CHARACTERS [SECONDS]]]            (2000, 100000, 5)
 *
 * Draws with GTK's software renderer.  A frame's time is what passes between the frame clock's
 * before-paint and after-paint: reading what has arrived, layout, drawing, and handing the picture
 * to the display.  The time that the processor worked for it is shown beside it: on a machine that
 * is busy otherwise, the difference is waiting.  Prints a line for each thing that is done while
 * the answer streams 200 tokens a second; the bar is 16 ms.  Not a test: the machine decides.
 * (2 busy cores, Zen 3: 2,000 messages shown after 90 ms; work per frame, median and most:
 * following the end 1.7 and 5 ms, scrolling fast 4.5 and 9, jumping anywhere 1.7 and 13.) */
#define G_LOG_DOMAIN "message-list"

#include "config.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <time.h>

#include "facet-chat-view.h"
#include "test-folder.h"
#include "ui-fixture.h"

#define TOKENS_PER_SECOND 200
#define BAR_MS            16.0

typedef struct {
  GtkWidget         *window;
  FacetChatView     *view;
  GtkAdjustment     *adjustment;
  FakeAssistant     *fake;
  FacetLibrary      *library;
  FacetConversation *conversation;
  GArray            *frames; /* of double, ms */
  GArray            *work;   /* the same, of the processor */
  double             began, work_began;
  GRand             *rand;
  guint              n_frames;
} Bench;

/* --- text
 * -----------------------------------------------------------------------------------------------
 */

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

/* --- the conversation on disk
 * --------------------------------------------------------------------------- */

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
  g_autofree char *path = g_build_filename (folder, "facet.db", NULL);
  sqlite3         *db;
  sqlite3_stmt    *insert;

  if (sqlite3_open (path, &db) != SQLITE_OK)
    g_error ("%s cannot be opened", path);
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

/* --- frames
 * --------------------------------------------------------------------------------------------- */

static double
milliseconds (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void
before_paint_cb (GdkFrameClock *clock, Bench *bench)
{
  bench->began = milliseconds (CLOCK_MONOTONIC);
  bench->work_began = milliseconds (CLOCK_THREAD_CPUTIME_ID);
}

static void
after_paint_cb (GdkFrameClock *clock, Bench *bench)
{
  double ms = milliseconds (CLOCK_MONOTONIC) - bench->began;
  double work = milliseconds (CLOCK_THREAD_CPUTIME_ID) - bench->work_began;

  g_array_append_val (bench->frames, ms);
  g_array_append_val (bench->work, work);
}

static int
compare_doubles (gconstpointer a, gconstpointer b)
{
  double x = *(const double *)a, y = *(const double *)b;

  return x < y ? -1 : x > y;
}

static void
print_times (GArray *times)
{
  guint over = 0;

  g_array_sort (times, compare_doubles);
  for (guint i = 0; i < times->len; i++)
    over += g_array_index (times, double, i) > BAR_MS;
  g_print ("  %5.1f %5.1f %5.1f %4u", g_array_index (times, double, times->len / 2),
           g_array_index (times, double, (guint)((times->len - 1) * 0.99)),
           g_array_index (times, double, times->len - 1), over);
  g_array_set_size (times, 0);
}

static void
report (Bench *bench, const char *what)
{
  g_print ("%-34s %5u", what, bench->frames->len);
  if (bench->frames->len > 0) {
    print_times (bench->frames);
    print_times (bench->work);
  }
  g_print ("\n");
}

typedef void (*StepFunc) (Bench *bench);

typedef struct {
  Bench   *bench;
  StepFunc func;
} Step;

static gboolean
step_cb (GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  Step *step = data;

  step->bench->n_frames++;
  if (step->func != NULL)
    step->func (step->bench);
  return G_SOURCE_CONTINUE;
}

/* Does @func before every frame for so long. */
static void
measure (Bench *bench, const char *what, double seconds, StepFunc func)
{
  Step   step = {bench, func};
  gint64 end = g_get_monotonic_time () + (gint64)(seconds * G_USEC_PER_SEC);
  guint  tick;

  g_array_set_size (bench->frames, 0);
  g_array_set_size (bench->work, 0);
  bench->n_frames = 0;
  tick = gtk_widget_add_tick_callback (bench->window, step_cb, &step, NULL);
  while (g_get_monotonic_time () < end)
    g_main_context_iteration (NULL, TRUE);
  gtk_widget_remove_tick_callback (bench->window, tick);
  report (bench, what);
}

static void
scroll_by (Bench *bench, double pixels)
{
  gtk_adjustment_set_value (bench->adjustment,
                            gtk_adjustment_get_value (bench->adjustment) + pixels);
}

static void
wheel_up (Bench *bench)
{
  scroll_by (bench, -40);
}

static void
fling_up (Bench *bench)
{
  scroll_by (bench, -300);
}

static void
jump (Bench *bench)
{
  double lower = gtk_adjustment_get_lower (bench->adjustment);

  if (bench->n_frames % 4 == 0)
    gtk_adjustment_set_value (bench->adjustment,
                              g_rand_double_range (bench->rand, lower,
                                                   gtk_adjustment_get_upper (bench->adjustment)));
}

/* --- the scene
 * ------------------------------------------------------------------------------------------ */

static gboolean
is_opened (gpointer conversation)
{
  return facet_conversation_get_loaded (conversation);
}

static void
show (Bench *bench)
{
  GdkFrameClock *clock;
  gint64         began;

  bench->window = gtk_window_new ();
  gtk_window_set_default_size (GTK_WINDOW (bench->window), 1280, 800);
  bench->view = facet_chat_view_new ();
  gtk_window_set_child (GTK_WINDOW (bench->window), GTK_WIDGET (bench->view));
  bench->adjustment = gtk_scrolled_window_get_vadjustment (
      GTK_SCROLLED_WINDOW (ui_find (bench->window, GTK_TYPE_SCROLLED_WINDOW, NULL)));
  gtk_window_present (GTK_WINDOW (bench->window));
  gtk_test_widget_wait_for_draw (bench->window);
  ui_run_for (300);

  clock = gtk_widget_get_frame_clock (bench->window);
  g_signal_connect (clock, "before-paint", G_CALLBACK (before_paint_cb), bench);
  g_signal_connect_after (clock, "after-paint", G_CALLBACK (after_paint_cb), bench);
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
  g_print ("%-34s %5s  %-22s  %-22s\n%-40s  median  p99   max  >16  median  p99   max  >16\n", "",
           "", "frame, ms", "of that at work, ms", "");
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
  g_array_set_size (bench->frames, 0);
  g_array_set_size (bench->work, 0);
  facet_conversation_send (bench->conversation, "Tell me everything.");
  ui_run_for (900);
  report (bench, "the long answer arrives at once");
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
  bench.frames = g_array_new (FALSE, FALSE, sizeof (double));
  bench.work = g_array_new (FALSE, FALSE, sizeof (double));
  bench.fake = fake_assistant_new ();
  close_library (open_library (folder, bench.fake));
  write_messages (folder, n, bench.rand);
  bench.library = open_library (folder, bench.fake);

  show (&bench);
  ask (&bench, length, seconds);
  measure (&bench, "streaming, following the end", seconds, NULL);
  measure (&bench, "streaming, scrolling up slowly", seconds, wheel_up);
  measure (&bench, "streaming, reading further up", seconds, NULL);
  measure (&bench, "streaming, scrolling up fast", seconds, fling_up);
  measure (&bench, "streaming, jumping anywhere", seconds, jump);
  facet_chat_view_scroll_to_latest (bench.view);
  ui_run_for (300);
  measure (&bench, "streaming, at the end again", seconds, NULL);

  facet_conversation_stop (bench.conversation);
  ui_wait_idle (bench.conversation);
  gtk_window_destroy (GTK_WINDOW (bench.window));
  g_object_unref (bench.conversation);
  close_library (bench.library);
  g_object_unref (bench.fake);
  test_folder_remove (folder);
  g_array_unref (bench.frames);
  g_array_unref (bench.work);
  g_rand_free (bench.rand);
  return 0;
}
