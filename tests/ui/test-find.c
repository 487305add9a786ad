/* test-find.c: finding in a conversation: marks, numbers, going on, folded thoughts, streaming.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-find"

#include "config.h"

#include <string.h>

#include "facet-announcer.h"
#include "facet-find-bar.h"
#include "facet-flow-marks.h"
#include "facet-message-row.h"
#include "facet-thought-panel.h"
#include "ui-fixture.h"

typedef struct {
  UiChat        chat;
  FacetFindBar *bar;
  GtkWidget    *entry;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  ui_chat_set_up (&f->chat, data);
  f->bar = FACET_FIND_BAR (ui_find (f->chat.window, FACET_TYPE_FIND_BAR, NULL));
  f->entry = ui_find (GTK_WIDGET (f->bar), GTK_TYPE_SEARCH_ENTRY, NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  ui_chat_tear_down (&f->chat, data);
}

static void
type (Fixture *f, const char *text)
{
  gtk_editable_set_text (GTK_EDITABLE (f->entry), text);
}

static const char *expected_words;

static gboolean
says_expected (gpointer bar)
{
  return strcmp (facet_find_bar_get_words (bar), expected_words) == 0;
}

static void
assert_words (Fixture *f, const char *words)
{
  expected_words = words;
  /* What is far away is looked through later. */
  if (strstr (facet_find_bar_get_words (f->bar), "\xe2\x80\xa6") != NULL)
    ui_wait (says_expected, f->bar);
  g_assert_cmpstr (facet_find_bar_get_words (f->bar), ==, words);
}

/* How many marks the body, or the trace, of a message has, and whether one of them is current. */
static guint
count_marks (Fixture *f, int index, gboolean trace, gboolean *current)
{
  FacetTurnModel *turn =
      facet_message_row_get_turn (FACET_MESSAGE_ROW (ui_chat_get_row (&f->chat, index)));
  FacetFlow *flow = trace ? facet_turn_model_get_trace (turn) : facet_turn_model_get_body (turn);
  FacetFlowMarks *marks = facet_flow_get_marks (flow);
  guint           n = 0;

  if (current != NULL)
    *current = FALSE;
  for (guint i = 0; marks != NULL && i < facet_flow_get_n_blocks (flow); i++) {
    FacetTextMarks of_block;

    facet_flow_marks_get_of_block (marks, i, facet_flow_get_block (flow, i), &of_block);
    n += of_block.n;
    if (current != NULL && of_block.current < of_block.n)
      *current = TRUE;
  }
  return n;
}

/* The current mark of message @index is on the screen. */
static gboolean
current_is_seen (Fixture *f, int index)
{
  GtkWidget      *row = ui_chat_get_row (&f->chat, index);
  FacetTurnModel *turn;
  FacetFlow      *flow;
  int             height = gtk_widget_get_height (GTK_WIDGET (f->chat.list));

  if (row == NULL)
    return FALSE;
  turn = facet_message_row_get_turn (FACET_MESSAGE_ROW (row));
  flow = facet_turn_model_get_body (turn);
  for (guint i = 0; facet_flow_get_marks (flow) != NULL && i < facet_flow_get_n_blocks (flow);
       i++) {
    FacetTextMarks marks;
    GdkRectangle   caret;
    double         x, y;

    facet_flow_marks_get_of_block (facet_flow_get_marks (flow), i, facet_flow_get_block (flow, i),
                                   &marks);
    if (marks.current >= marks.n ||
        !facet_message_row_get_caret (FACET_MESSAGE_ROW (row), FACET_ROW_BODY, i,
                                      marks.ranges[marks.current].start, &caret))
      continue;
    gtk_widget_translate_coordinates (row, GTK_WIDGET (f->chat.list), caret.x, caret.y, &x, &y);
    return y >= 0 && y + caret.height <= height;
  }
  return FALSE;
}

static void
test_marks (Fixture *f, gconstpointer data)
{
  gboolean current;

  ui_chat_ask (&f->chat, "Which cat is it?",
               "A **Cat** is a c\xc3\xa4t.\n\n```c\nint cat;\nint bobcat = cat;\n```\n\n"
               "| Animal | Legs |\n|---|---|\n| Cat | 4 |\n\n- one cat\n- `cat` too\n");
  ui_chat_settle (&f->chat);
  facet_chat_view_find (f->chat.view);
  g_assert_true (gtk_widget_is_ancestor (gtk_root_get_focus (GTK_ROOT (f->chat.window)), f->entry));
  g_assert_cmpstr (facet_find_bar_get_words (f->bar), ==, "");
  type (f, "cat");
  assert_words (f, "1 of 9");
  g_assert_cmpuint (count_marks (f, 0, FALSE, &current), ==, 1);
  g_assert_true (current);
  g_assert_cmpuint (count_marks (f, 1, FALSE, &current), ==, 8);
  g_assert_false (current);
  ui_chat_settle (&f->chat);
  ui_picture (f->chat.window, "find");

  g_signal_emit_by_name (f->entry, "activate");
  assert_words (f, "2 of 9");
  g_assert_true (ui_press (f->entry, GDK_KEY_Return, GDK_SHIFT_MASK));
  g_assert_true (ui_press (f->entry, GDK_KEY_Return, GDK_SHIFT_MASK));
  assert_words (f, "9 of 9");
  facet_chat_view_find_next (f->chat.view, 1);
  assert_words (f, "1 of 9");

  type (f, "catx");
  assert_words (f, "Not found");
  g_assert_true (gtk_widget_has_css_class (f->entry, "error"));
  facet_chat_view_find_next (f->chat.view, 1);
  type (f, "");
  assert_words (f, "");
  g_assert_cmpuint (count_marks (f, 1, FALSE, NULL), ==, 0);
}

static void
closed_cb (FacetChatView *view, guint *n)
{
  (*n)++;
}

static void
test_close (Fixture *f, gconstpointer data)
{
  guint n = 0;

  g_signal_connect (f->chat.view, "find-closed", G_CALLBACK (closed_cb), &n);
  ui_chat_ask (&f->chat, "One", "Two, one");
  ui_chat_settle (&f->chat);
  g_assert_false (facet_chat_view_close_find (f->chat.view));
  facet_chat_view_find (f->chat.view);
  type (f, "one");
  assert_words (f, "1 of 2");
  g_signal_emit_by_name (f->entry, "stop-search");
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpuint (count_marks (f, 1, FALSE, NULL), ==, 0);
  /* What was looked for is there again, to be typed over. */
  facet_chat_view_find_next (f->chat.view, 1);
  assert_words (f, "1 of 2");
  /* Another conversation is another search. */
  facet_chat_view_set_conversation (f->chat.view, NULL);
  g_assert_cmpuint (n, ==, 2);
  g_assert_false (facet_chat_view_close_find (f->chat.view));
}

/* The reader is taken to messages that have no widgets, and to lines of long ones. */
static void
test_far (Fixture *f, gconstpointer data)
{
  g_autofree char *long_text = ui_make_text (1500, 40);

  for (guint i = 0; i < 30; i++) {
    g_autofree char *question = g_strdup_printf ("Question %u?", i);
    g_autofree char *answer =
        g_strdup_printf ("%s\n\nneedle%u\n\n%s", long_text, i, i % 3 == 0 ? long_text : "");

    ui_chat_ask (&f->chat, question, answer);
  }
  ui_chat_settle (&f->chat);
  facet_chat_view_find (f->chat.view);
  type (f, "needle3\xc2\xa0");
  type (f, "needle3");
  assert_words (f, "1 of 1");
  ui_chat_wait_frames (&f->chat, 12);
  g_assert_true (current_is_seen (f, 7));

  type (f, "needle");
  assert_words (f, "4 of 30");
  g_assert_true (current_is_seen (f, 7));
  for (guint i = 0; i < 10; i++)
    facet_chat_view_find_next (f->chat.view, 1);
  assert_words (f, "14 of 30");
  ui_chat_wait_frames (&f->chat, 12);
  g_assert_true (current_is_seen (f, 27));
  /* Around the end. */
  for (guint i = 0; i < 20; i++)
    facet_chat_view_find_next (f->chat.view, -1);
  assert_words (f, "24 of 30");
  ui_chat_wait_frames (&f->chat, 12);
  g_assert_true (current_is_seen (f, 47));
  g_assert_true (facet_chat_view_get_unpinned (f->chat.view));
}

static FacetThoughtView
get_thought_view (Fixture *f, int index)
{
  return facet_turn_model_get_thought_view (
      facet_message_row_get_turn (FACET_MESSAGE_ROW (ui_chat_get_row (&f->chat, index))));
}

static void
test_thought (Fixture *f, gconstpointer data)
{
  gboolean current;

  fake_assistant_begin_turn (f->chat.base.fake);
  fake_assistant_add_thought (f->chat.base.fake, "The zebra is meant.\n\nOr the other zebra.");
  fake_assistant_add_answer (f->chat.base.fake, "It is a horse.");
  facet_conversation_set_thinking (f->chat.conversation, TRUE);
  facet_conversation_send (f->chat.conversation, "What is it?");
  ui_wait_idle (f->chat.conversation);
  ui_chat_settle (&f->chat);
  g_assert_cmpint (get_thought_view (f, 1), ==, FACET_THOUGHT_FOLDED);

  facet_chat_view_find (f->chat.view);
  type (f, "horse");
  assert_words (f, "1 of 1");
  g_assert_cmpint (get_thought_view (f, 1), ==, FACET_THOUGHT_FOLDED);
  type (f, "zebra");
  assert_words (f, "1 of 2");
  g_assert_cmpint (get_thought_view (f, 1), ==, FACET_THOUGHT_EXPANDED);
  g_assert_cmpuint (count_marks (f, 1, TRUE, &current), ==, 2);
  g_assert_true (current);
  ui_run_for (300);
  ui_chat_settle (&f->chat);
  ui_picture (f->chat.window, "find-thought");
}

/* What is clipped of the person's own long message is unfolded. */
static void
test_clipped (Fixture *f, gconstpointer data)
{
  GString        *text = g_string_new (NULL);
  FacetTurnModel *turn;

  for (guint i = 0; i < 60; i++)
    g_string_append_printf (text, "line %u\n", i);
  g_string_append (text, "needle");
  ui_chat_ask (&f->chat, text->str, "I see.");
  g_string_free (text, TRUE);
  ui_chat_settle (&f->chat);
  turn = facet_message_row_get_turn (FACET_MESSAGE_ROW (ui_chat_get_row (&f->chat, 0)));
  g_assert_true (facet_turn_model_get_clipped (turn));
  facet_chat_view_find (f->chat.view);
  type (f, "needle");
  assert_words (f, "1 of 1");
  g_assert_false (facet_turn_model_get_clipped (turn));
  ui_chat_wait_frames (&f->chat, 12);
  g_assert_true (current_is_seen (f, 0));
}

static gboolean
is_answering (gpointer conversation)
{
  g_autoptr (FacetMessage) last =
      g_list_model_get_item (G_LIST_MODEL (conversation),
                             g_list_model_get_n_items (G_LIST_MODEL (conversation)) - 1);

  return strstr (facet_message_get_text (last), "cat") != NULL;
}

static void
test_streaming (Fixture *f, gconstpointer data)
{
  ui_chat_ask (&f->chat, "The cat", "A cat.");
  ui_chat_settle (&f->chat);
  fake_assistant_set_speed (f->chat.base.fake, 400);
  fake_assistant_begin_turn (f->chat.base.fake);
  fake_assistant_add_answer (f->chat.base.fake, "One cat and more of it. ");
  fake_assistant_add_pause (f->chat.base.fake, 0.2);
  fake_assistant_add_answer (f->chat.base.fake, "Two cats.\n\nThree **cats**.\n\n```\ncat\n```\n");
  facet_chat_view_find (f->chat.view);
  type (f, "cat");
  assert_words (f, "1 of 2");
  facet_conversation_send (f->chat.conversation, "Again");
  ui_wait (is_answering, f->chat.conversation);
  ui_chat_settle (&f->chat);
  assert_words (f, "1 of 3");
  ui_wait_idle (f->chat.conversation);
  ui_chat_settle (&f->chat);
  assert_words (f, "1 of 6");
  /* A message that is taken out takes its places along. */
  facet_conversation_delete_message (f->chat.conversation, ui_chat_get_message (&f->chat, 0));
  ui_chat_settle (&f->chat);
  g_assert_nonnull (strstr (facet_find_bar_get_words (f->bar), "of 5"));
}

/* From a search of everything: words, at a message; also one in which nothing is marked. */
static void
test_show_found (Fixture *f, gconstpointer data)
{
  g_autofree char *long_text = ui_make_text (400, 40);

  for (guint i = 0; i < 12; i++)
    ui_chat_ask (&f->chat, "Where is the red house?", long_text);
  ui_chat_settle (&f->chat);
  facet_chat_view_show_found (f->chat.view, "house red", ui_chat_get_message (&f->chat, 6), FALSE);
  assert_words (f, "7 of 24");
  ui_chat_wait_frames (&f->chat, 12);
  g_assert_true (current_is_seen (f, 6));
  /* Closed and opened again it is the same search, until something is typed. */
  g_assert_true (facet_chat_view_close_find (f->chat.view));
  facet_chat_view_find (f->chat.view);
  g_assert_true (g_str_has_suffix (facet_find_bar_get_words (f->bar), "of 24"));
  type (f, "house re");
  assert_words (f, "Not found");
  facet_chat_view_show_found (f->chat.view, "photo.jpg", ui_chat_get_message (&f->chat, 2), FALSE);
  assert_words (f, "Not found");
  ui_chat_wait_frames (&f->chat, 12);
  g_assert_nonnull (ui_chat_get_row (&f->chat, 2));
}

static void
test_accessible (Fixture *f, gconstpointer data)
{
  FacetAnnouncer *announcer =
      FACET_ANNOUNCER (ui_find (GTK_WIDGET (f->bar), FACET_TYPE_ANNOUNCER, NULL));

  ui_chat_ask (&f->chat, "One", "Two, one");
  ui_chat_settle (&f->chat);
  facet_chat_view_find (f->chat.view);
  type (f, "one");
  g_assert_cmpstr (facet_announcer_get_text (announcer), ==, "1 of 2");
  type (f, "three");
  g_assert_cmpstr (facet_announcer_get_text (announcer), ==, "Not found");
  gtk_test_accessible_assert_role (f->bar, GTK_ACCESSIBLE_ROLE_SEARCH);
  gtk_test_accessible_assert_property (f->entry, GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Find in this conversation");
}

int
main (int argc, char **argv)
{
  ui_test_init (&argc, &argv);
#define ADD(name, func) g_test_add ("/find/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("marks", test_marks);
  ADD ("close", test_close);
  ADD ("far", test_far);
  ADD ("thought", test_thought);
  ADD ("clipped", test_clipped);
  ADD ("streaming", test_streaming);
  ADD ("show-found", test_show_found);
  ADD ("accessible", test_accessible);
#undef ADD
  return g_test_run ();
}
