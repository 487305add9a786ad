/* test-chat-view.c: a conversation as it is read: what is shown, states, the thought, hostile
 * text.  The reader's place in it is test-chat-scroll.c, acting on it test-chat-actions.c.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-chat-view"

#include "config.h"

#include <string.h>

#include "facet-announcer.h"
#include "facet-message-answer.h"
#include "facet-message-face.h"
#include "facet-message-person.h"
#include "facet-message-status.h"
#include "facet-table-block.h"
#include "facet-thought-panel.h"
#include "facet-tool-cards.h"
#include "tests/test-brief.h"
#include "ui-fixture.h"

static FacetThoughtPanel *
get_thought (UiChat *f, int index)
{
  return FACET_THOUGHT_PANEL (ui_find (ui_chat_get_row (f, index), FACET_TYPE_THOUGHT_PANEL, NULL));
}

static const char *
get_face (UiChat *f, int index)
{
  GtkWidget *face = ui_find (ui_chat_get_row (f, index), FACET_TYPE_MESSAGE_FACE, NULL);

  return gtk_widget_get_visible (face) ? facet_message_face_get_text (FACET_MESSAGE_FACE (face))
                                       : NULL;
}

/* Showing */

static void
test_messages (UiChat *f, gconstpointer data)
{
  FacetBlockColumn *body;

  g_assert_true (facet_chat_view_get_empty (f->view));
  ui_chat_ask (f, "A *question*.", "An **answer**\n\n- of\n- parts");
  ui_chat_settle (f);

  g_assert_false (facet_chat_view_get_empty (f->view));
  g_assert_true (FACET_IS_MESSAGE_PERSON (ui_chat_get_row (f, 0)));
  g_assert_true (FACET_IS_MESSAGE_ANSWER (ui_chat_get_row (f, 1)));
  gtk_test_accessible_assert_property (ui_chat_get_row (f, 0), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "You");
  gtk_test_accessible_assert_property (ui_chat_get_row (f, 1), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Facet");
  gtk_test_accessible_assert_role (GTK_ACCESSIBLE (f->list), GTK_ACCESSIBLE_ROLE_LIST);

  /* The person's text is shown as it was written, the answer as it is meant. */
  body = ui_chat_get_body (f, 0);
  g_assert_cmpuint (facet_block_column_get_n_views (body), ==, 1);
  gtk_test_accessible_assert_property (facet_block_column_get_view (body, 0),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "A *question*.");
  body = ui_chat_get_body (f, 1);
  g_assert_cmpuint (facet_block_column_get_n_views (body), ==, 3);
  gtk_test_accessible_assert_property (facet_block_column_get_view (body, 0),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "An answer");
  gtk_test_accessible_assert_property (facet_block_column_get_view (body, 2),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "\xe2\x80\xa2 parts");
}

/* The tools that it asks for, as cards behind what it says; and again when it is read from disk. */
static void
test_tool_cards (UiChat *f, gconstpointer data)
{
  GtkWidget *cards, *card, *value;

  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, "I look it up.");
  fake_assistant_add_tool_call (f->base.fake, "get_weather",
                                "{\"place\": \"<b>Oslo</b> & around\", \"days\": 3}");
  fake_assistant_add_tool_call (f->base.fake, "ping", "{}");
  facet_conversation_send (f->conversation, "How will it be?");
  ui_wait_idle (f->conversation);
  ui_chat_ask (f, "Thanks", "You are welcome.");
  ui_chat_settle (f);

  cards = ui_find (ui_chat_get_row (f, 1), FACET_TYPE_TOOL_CARDS, NULL);
  g_assert_true (gtk_widget_get_visible (cards));
  card = gtk_widget_get_first_child (cards);
  gtk_test_accessible_assert_role (card, GTK_ACCESSIBLE_ROLE_GROUP);
  gtk_test_accessible_assert_property (card, GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Wants to use the tool get_weather");
  g_assert_nonnull (ui_find (card, GTK_TYPE_LABEL, "get_weather"));
  value = ui_find (card, GTK_TYPE_LABEL, "<b>Oslo</b> & around");
  g_assert_nonnull (value);
  g_assert_true (gtk_label_get_selectable (GTK_LABEL (value)));
  gtk_test_accessible_assert_relation (value, GTK_ACCESSIBLE_RELATION_LABELLED_BY,
                                       ui_find (card, GTK_TYPE_LABEL, "place"), NULL);
  g_assert_nonnull (ui_find (card, GTK_TYPE_LABEL, "3"));
  card = gtk_widget_get_next_sibling (card);
  g_assert_nonnull (ui_find (card, GTK_TYPE_LABEL, "ping"));
  g_assert_false (GTK_IS_BOX (gtk_widget_get_next_sibling (card)));
  g_assert_cmpint (gtk_widget_get_height (cards), >, 0);
  ui_picture (f->window, "tool-cards");

  cards = ui_find (ui_chat_get_row (f, 3), FACET_TYPE_TOOL_CARDS, NULL);
  g_assert_false (gtk_widget_get_visible (cards));
}

/* However long names and values are, a card has room in the narrowest window. */
static void
test_tool_card_narrow (UiChat *f, gconstpointer data)
{
  g_autofree char *name = g_strnfill (64, 'n'), *key = g_strnfill (64, 'k');
  g_autofree char *value = g_strnfill (3000, 'v');
  g_autofree char *arguments = g_strdup_printf ("{\"%s\": \"%s\", \"n\": 1}", key, value);
  GtkWidget       *cards;
  int              minimum, height;

  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_tool_call (f->base.fake, name, arguments);
  facet_conversation_send (f->conversation, "Go");
  ui_wait_idle (f->conversation);
  ui_chat_settle (f);
  cards = ui_find (ui_chat_get_row (f, 1), FACET_TYPE_TOOL_CARDS, NULL);
  gtk_widget_measure (cards, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
  g_assert_cmpint (minimum, <=, 320);
  gtk_widget_measure (cards, GTK_ORIENTATION_VERTICAL, 320, NULL, &height, NULL, NULL);
  g_assert_cmpint (height, >, 1000); /* all of the value is there */
}

/* An answer that is nothing but a call is no empty answer. */
static void
test_tool_card_alone (UiChat *f, gconstpointer data)
{
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_tool_call (f->base.fake, "ping", "{}");
  facet_conversation_send (f->conversation, "Ping");
  ui_wait_idle (f->conversation);
  ui_chat_settle (f);
  g_assert_nonnull (ui_find (ui_chat_get_row (f, 1), GTK_TYPE_LABEL, "ping"));
  g_assert_null (get_face (f, 1));
}

static void
test_streaming (UiChat *f, gconstpointer data)
{
  g_autofree char *answer = ui_make_text (120, 20);
  g_autoptr (GPtrArray) blocks = facet_markdown_parse (answer, -1);
  FacetFlow *flow;
  guint      seen = 0;

  fake_assistant_set_speed (f->base.fake, 400);
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, answer);
  facet_conversation_send (f->conversation, "Go");
  while (facet_conversation_get_busy (f->conversation)) {
    GtkWidget *row;

    gtk_widget_queue_draw (f->window);
    gtk_test_widget_wait_for_draw (f->window);
    row = ui_chat_get_row (f, -1);
    if (row == NULL)
      continue;
    flow = facet_block_column_get_flow (ui_chat_get_body (f, -1));
    g_assert_cmpuint (facet_flow_get_n_blocks (flow), >=, seen);
    seen = facet_flow_get_n_blocks (flow);
  }
  ui_chat_settle (f);
  flow = facet_block_column_get_flow (ui_chat_get_body (f, -1));
  g_assert_cmpuint (facet_flow_get_n_blocks (flow), ==, blocks->len);
  for (guint i = 0; i < blocks->len; i++)
    g_assert_true (
        facet_block_equal (facet_flow_get_block (flow, i), g_ptr_array_index (blocks, i)));
}

static void
test_long_answer_has_few_widgets (UiChat *f, gconstpointer data)
{
  g_autofree char *answer = ui_make_text (14000, 30);

  g_assert_cmpuint (strlen (answer), >, 100000);
  ui_chat_ask (f, "Much", answer);
  ui_chat_settle (f);
  g_assert_true (ui_chat_is_at_end (f));
  g_assert_cmpuint (facet_flow_get_n_blocks (facet_block_column_get_flow (ui_chat_get_body (f, 1))),
                    >, 400);
  g_assert_cmpuint (facet_block_column_get_n_views (ui_chat_get_body (f, 1)), <, 40);
  ui_chat_scroll_by (f, -10000);
  ui_chat_settle (f);
  g_assert_cmpuint (facet_block_column_get_n_views (ui_chat_get_body (f, 1)), <, 40);
}

static void
test_many_messages_have_few_widgets (UiChat *f, gconstpointer data)
{
  for (int i = 0; i < 100; i++) {
    g_autofree char *question = g_strdup_printf ("Question %d", i);

    ui_chat_ask (f, question, "Answer\n\nof two paragraphs");
  }
  ui_chat_settle (f);
  g_assert_true (ui_chat_is_at_end (f));
  g_assert_cmpuint (facet_chat_list_get_n_rows (f->list), <, 25);
  gtk_adjustment_set_value (f->adjustment, gtk_adjustment_get_lower (f->adjustment));
  ui_chat_settle (f);
  g_assert_cmpuint (facet_chat_list_get_n_rows (f->list), <, 25);
  g_assert_nonnull (ui_chat_get_row (f, 0));
  g_assert_null (ui_chat_get_row (f, -1));
}

static void
test_narrow (UiChat *f, gconstpointer data)
{
  gtk_window_set_default_size (GTK_WINDOW (f->window), 360, 500);
  ui_chat_ask (f, "A question that is longer than the narrow window can show in one line of text",
               "# Heading\n\nText that wraps in a narrow window, for certain.\n\n```c\nint "
               "a_long_line = "
               "1; /* "
               "that does not fit into the window at all */\n```\n\n| a | b | c "
               "|\n|---|---|---|\n| "
               "something | something else | more |\n");
  ui_chat_settle (f);
  ui_chat_settle (f);
  g_assert_cmpint (gtk_widget_get_width (GTK_WIDGET (f->list)), <=, 360);
  for (guint i = 0; i < facet_block_column_get_n_views (ui_chat_get_body (f, 1)); i++)
    g_assert_cmpint (gtk_widget_get_width (
                         facet_block_column_get_view (ui_chat_get_body (f, 1), i)),
                     <=, 360 - 24);
  ui_picture (f->window, "chat-narrow");
}

/* Larger text is laid out again, at once and everywhere. */
static void
test_larger_text (UiChat *f, gconstpointer data)
{
  GtkSettings *settings = gtk_settings_get_default ();
  int          before[4], dpi;

  ui_chat_ask (f, "Go",
               "Text that wraps at last, when it is large enough for this window to be too "
               "small.\n\n"
               "| a | b |\n|---|---|\n| one | two |\n\n```\ncode\n```");
  ui_chat_settle (f);
  g_assert_cmpuint (facet_block_column_get_n_views (ui_chat_get_body (f, 1)), ==, 4);
  for (guint i = 0; i < 4; i++)
    before[i] = gtk_widget_get_height (facet_block_column_get_view (ui_chat_get_body (f, 1), i));
  g_object_get (settings, "gtk-xft-dpi", &dpi, NULL);
  g_object_set (settings, "gtk-xft-dpi", 192 * 1024, NULL);
  ui_chat_settle (f);
  ui_chat_settle (f);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpint (gtk_widget_get_height (
                         facet_block_column_get_view (ui_chat_get_body (f, 1), i)),
                     >, before[i] * 1.2);
  g_object_set (settings, "gtk-xft-dpi", dpi, NULL);
  ui_chat_settle (f);
  ui_chat_settle (f);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpint (gtk_widget_get_height (
                         facet_block_column_get_view (ui_chat_get_body (f, 1), i)),
                     ==, before[i]);
}

static void
test_table_widths (void)
{
  FacetTable table = {.n_columns = 2, .words = {4, 6}, .widths = {10, 100}};
  int        widths[FACET_TABLE_MAX_COLUMNS];
  int        total;

  /* All fits; something has to wrap; it has to scroll. */
  total = facet_table_block_get_widths (&table, 2000, 10, widths);
  g_assert_cmpint (total, ==, widths[0] + widths[1]);
  g_assert_cmpint (widths[1], >, 1000);
  total = facet_table_block_get_widths (&table, 500, 10, widths);
  g_assert_cmpint (total, <=, 500);
  g_assert_cmpint (total, >, 490);
  g_assert_cmpint (widths[0], >, 4 * 10);
  total = facet_table_block_get_widths (&table, 60, 10, widths);
  g_assert_cmpint (total, >, 60);
}

/* States */

static void
test_failed (UiChat *f, gconstpointer data)
{
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_error (f->base.fake, "The model ran out of memory.");
  facet_conversation_send (f->conversation, "Fail");
  ui_wait_idle (f->conversation);
  ui_chat_settle (f);
  g_assert_cmpstr (get_face (f, 1), ==, "The model ran out of memory.");
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, "Now it works");
  g_signal_emit_by_name (ui_find (ui_chat_get_row (f, 1), GTK_TYPE_BUTTON, "Try Again"), "clicked");
  ui_wait_idle (f->conversation);
  ui_chat_settle (f);
  g_assert_null (get_face (f, 1));
  g_assert_cmpstr (facet_message_get_text (ui_chat_get_message (f, 1)), ==, "Now it works");
  g_assert_cmpuint (facet_block_column_get_n_views (ui_chat_get_body (f, 1)), ==, 1);
}

static gboolean
says_half (gpointer data)
{
  return g_str_has_prefix (facet_message_get_text (ui_chat_get_message (data, 1)), "Half of it");
}

static void
test_stopped (UiChat *f, gconstpointer data)
{
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, "Half of it");
  fake_assistant_add_hang (f->base.fake);
  facet_conversation_send (f->conversation, "Go");
  ui_wait (says_half, f);
  facet_conversation_stop (f->conversation);
  ui_wait_idle (f->conversation);
  ui_chat_settle (f);
  g_assert_cmpstr (get_face (f, 1), ==, "Stopped");
  g_assert_nonnull (ui_find (ui_chat_get_row (f, 1), GTK_TYPE_BUTTON, "Go On"));
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, " and the rest");
  ui_chat_act (f, 1, "message.try-again");
  ui_wait_idle (f->conversation);
  ui_chat_settle (f);
  g_assert_null (get_face (f, 1));
  gtk_test_accessible_assert_property (facet_block_column_get_view (ui_chat_get_body (f, 1), 0),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "Half of it and the rest");
}

static void
test_too_long (UiChat *f, gconstpointer data)
{
  ui_chat_ask (f, "First", "One");
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_too_long (f->base.fake, 9300, 8192, 2);
  fake_assistant_add_answer (f->base.fake, "It fits now");
  facet_conversation_send (f->conversation, "Second");
  ui_wait_idle (f->conversation);
  ui_chat_settle (f);
  g_assert_true (g_str_has_prefix (get_face (f, 3), "It needs 9300 tokens; the model holds 8192."));
  g_assert_nonnull (
      ui_find (ui_chat_get_row (f, 3), GTK_TYPE_BUTTON, "Leave Out the Oldest 2 Messages"));
  ui_picture (f->window, "chat-too-long");
  ui_chat_act (f, 3, "message.drop-oldest");
  ui_wait_idle (f->conversation);
  ui_chat_settle (f);
  g_assert_true (fake_assistant_get_last_request (f->base.fake)->drop_oldest);
  g_assert_null (get_face (f, 3));

  /* Or nothing is left out, and nothing answered. */
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_too_long (f->base.fake, 9300, 8192, 2);
  facet_conversation_send (f->conversation, "Third");
  ui_wait_idle (f->conversation);
  ui_chat_settle (f);
  ui_chat_act (f, 5, "message.keep");
  ui_chat_settle (f);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->conversation)), ==, 5);
  g_assert_cmpstr (f->toasts->str, ==, "Nothing was left out+;");
}

static void
test_cut_off (UiChat *f, gconstpointer data)
{
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, "As far as");
  fake_assistant_add_cut_off (f->base.fake);
  facet_conversation_send (f->conversation, "Go");
  ui_wait_idle (f->conversation);
  ui_chat_settle (f);
  g_assert_nonnull (get_face (f, 1));
  g_assert_nonnull (ui_find (ui_chat_get_row (f, 1), GTK_TYPE_BUTTON, "Go On"));
}

static gboolean
is_reading (gpointer data)
{
  const char *face = get_face (data, 1);

  return face != NULL && g_str_has_prefix (face, "Reading") &&
         facet_message_get_progress (ui_chat_get_message (data, 1)) > 0;
}

static void
test_waiting_and_reading (UiChat *f, gconstpointer data)
{
  GtkWidget *progress;

  fake_assistant_set_loading (f->base.fake, 0.5);
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_reading (f->base.fake, 60);
  facet_conversation_send (f->conversation, "Go");
  ui_chat_settle (f);
  g_assert_cmpstr (get_face (f, 1), ==, "Waiting for the model…");
  fake_assistant_set_ready (f->base.fake);
  ui_wait (is_reading, f);
  progress = ui_find (ui_chat_get_row (f, 1), GTK_TYPE_PROGRESS_BAR, NULL);
  g_assert_true (gtk_widget_get_visible (progress));
  g_assert_cmpfloat (gtk_progress_bar_get_fraction (GTK_PROGRESS_BAR (progress)), >, 0);
  facet_conversation_stop (f->conversation);
  ui_wait_idle (f->conversation);
  ui_chat_settle (f);
  g_assert_cmpstr (get_face (f, 1), ==, "Stopped");
  g_assert_false (gtk_widget_get_visible (progress));
}

/* The thought */

static gboolean
thinks_much (gpointer data)
{
  return strlen (facet_message_get_thinking (ui_chat_get_message (data, 1))) > 500;
}

static void
begin_thought (UiChat *f)
{
  g_autofree char *thought = ui_make_text (4000, 10);

  facet_conversation_set_thinking (f->conversation, TRUE);
  fake_assistant_set_speed (f->base.fake, 400);
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_thought (f->base.fake, thought);
  fake_assistant_add_answer (f->base.fake, "So it is");
  facet_conversation_send (f->conversation, "Think");
  ui_wait (thinks_much, f);
  ui_chat_settle (f);
}

static int
thought_height (UiChat *f)
{
  return gtk_widget_get_height (GTK_WIDGET (get_thought (f, 1)));
}

static gboolean
is_folded (gpointer data)
{
  return thought_height (data) < 40;
}

/* All of it, not only eight lines. */
static gboolean
is_unfolded (gpointer data)
{
  return thought_height (data) > 40 + 8 * 25;
}

static void
end_thought (UiChat *f)
{
  ui_chat_act (f, 1, "answer-now");
  ui_wait_idle (f->conversation);
}

/* Longer than a fold takes. */
static void
wait_for_no_fold (UiChat *f)
{
  ui_run_for (300);
  ui_chat_settle (f);
}

static void
test_thought (UiChat *f, gconstpointer data)
{
  FacetThoughtPanel *panel;

  begin_thought (f);
  panel = get_thought (f, 1);
  g_assert_true (g_str_has_prefix (facet_thought_panel_get_title (panel), "Thinking… "));
  /* A header and at most eight lines. */
  g_assert_cmpint (thought_height (f), >, 100);
  g_assert_cmpint (thought_height (f), <, 40 + 8 * 25);
  g_assert_true (
      gtk_widget_get_visible (ui_find (GTK_WIDGET (panel), GTK_TYPE_BUTTON, "Answer Now")
                                  ?: ui_find (GTK_WIDGET (panel), GTK_TYPE_BUTTON, "End")));
  ui_picture (f->window, "chat-thinking");
  end_thought (f);
  ui_wait (is_folded, f);
  g_assert_cmpuint (fake_assistant_get_n_answer_now (f->base.fake), ==, 1);
  g_assert_true (g_str_has_prefix (facet_thought_panel_get_title (panel), "Thought for "));

  /* Unfolded by hand it shows all of it. */
  g_signal_emit_by_name (ui_find (GTK_WIDGET (panel), GTK_TYPE_BUTTON, NULL), "clicked");
  ui_wait (is_unfolded, f);
  g_signal_emit_by_name (ui_find (GTK_WIDGET (panel), GTK_TYPE_BUTTON, NULL), "clicked");
  ui_wait (is_folded, f);
}

static void
test_thought_expanded (UiChat *f, gconstpointer data)
{
  begin_thought (f);
  g_signal_emit_by_name (ui_find (ui_chat_get_row (f, 1), GTK_TYPE_BUTTON, "Expand"), "clicked");
  ui_wait (is_unfolded, f);
  /* Who has unfolded it reads it. */
  end_thought (f);
  wait_for_no_fold (f);
  g_assert_true (is_unfolded (f));
}

static void
test_thought_held (UiChat *f, gconstpointer data)
{
  GtkWidget *toggle;

  begin_thought (f);
  toggle = ui_find (GTK_WIDGET (get_thought (f, 1)), GTK_TYPE_BUTTON, NULL);
  gtk_widget_grab_focus (toggle);
  end_thought (f);
  wait_for_no_fold (f);
  g_assert_cmpint (thought_height (f), >, 100);
  gtk_window_set_focus (GTK_WINDOW (f->window), NULL);
  ui_wait (is_folded, f);
}

static void
test_no_motion (UiChat *f, gconstpointer data)
{
  GtkSettings *settings = gtk_settings_get_default ();

  g_object_set (settings, "gtk-enable-animations", FALSE, NULL);
  begin_thought (f);
  ui_chat_act (f, 1, "answer-now");
  ui_wait_idle (f->conversation);
  ui_chat_settle (f);
  g_assert_cmpint (thought_height (f), <, 40);
  g_object_set (settings, "gtk-enable-animations", TRUE, NULL);
}

/* Words */

static void
test_status (void)
{
  const FacetUsage usage = {
      .prompt_tokens = 300,
      .reused_tokens = 200,
      .thinking_tokens = 118,
      .answer_tokens = 40,
      .first_token_s = 0.12,
      .thinking_s = 3.2,
      .tokens_per_s = 142.3,
      .context_used = 458,
      .context_size = 8192,
  };
  g_autofree char *all = facet_status_dup_line (&usage, 3);
  g_autofree char *two = facet_status_dup_line (&usage, 2);
  g_autofree char *one = facet_status_dup_line (&usage, 1);
  g_autofree char *words = facet_status_dup_words (&usage, "Gemma 4 E2B");
  g_autofree char *thought = NULL;
  g_autoptr (FacetMessage) message = facet_message_new (FACET_ROLE_ASSISTANT, "");

  g_assert_cmpstr (all, ==, "0.12\u2009s · 142\u2009tok/s · 458/8192");
  g_assert_cmpstr (two, ==, "142\u2009tok/s · 458/8192");
  g_assert_cmpstr (one, ==, "142\u2009tok/s");
  g_assert_cmpstr (words, ==,
                   "Answered by Gemma 4 E2B\nFirst token after 0.12\u2009s\n158 tokens written, "
                   "142\u2009tok/s\n300 tokens read, 200 of them known from before\n458 of 8192 "
                   "tokens "
                   "of context used (6%)");
  facet_message_set_usage (message, &usage);
  thought = facet_status_dup_thought (message);
  g_assert_cmpstr (thought, ==, "Thought for 3.2\u2009s · 118 tokens");
}

static void
count_cb (GtkAccessible *accessible, guint *count)
{
  (*count)++;
}

static gboolean
says_that_it_answers (gpointer announcer)
{
  return g_strcmp0 (facet_announcer_get_text (announcer), "Facet is answering") == 0;
}

static void
test_announcements (UiChat *f, gconstpointer data)
{
  FacetAnnouncer *announcer =
      FACET_ANNOUNCER (ui_find (gtk_widget_get_ancestor (GTK_WIDGET (f->list), GTK_TYPE_OVERLAY),
                                FACET_TYPE_ANNOUNCER, NULL));
  g_autofree char *answer = ui_make_text (60, 20);
  guint            count = 0;

  g_signal_connect (announcer, "show", G_CALLBACK (count_cb), &count);
  fake_assistant_set_speed (f->base.fake, 400);
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, answer);
  facet_conversation_send (f->conversation, "Go");
  ui_wait (says_that_it_answers, announcer);
  ui_wait_idle (f->conversation);
  g_assert_true (g_str_has_prefix (facet_announcer_get_text (announcer), "word0 word1"));
  g_assert_cmpuint (count, <=, 2);
}

/* Hostile text */

static void
test_hostile (UiChat *f, gconstpointer data)
{
  static const char *const patterns[] = {
      "*",
      "[",
      "> ",
      "- ",
      "a",
      "\n",
      "```\n",
      "| a ",
      "\xe2\x80\xae"
      "x ",
      "\xcc\x81",
      "x\n\n",
      "W\t",
  };
  gsize size = g_test_slow () ? 1 << 20 : test_brief (1 << 17, 1 << 15, "bytes of each text");

  for (guint i = 0; i < G_N_ELEMENTS (patterns); i++) {
    g_autoptr (GString) text = g_string_new ("");
    double seconds;

    while (text->len < size)
      g_string_append (text, patterns[i]);
    g_test_timer_start ();
    ui_chat_ask (f, i == 5 ? "x" : text->str, text->str);
    ui_chat_settle (f);
    ui_chat_scroll_by (f, -200000);
    ui_chat_settle (f);
    gtk_window_set_default_size (GTK_WINDOW (f->window), i % 2 == 0 ? 400 : 800, 600);
    ui_chat_settle (f);
    seconds = g_test_timer_elapsed ();
    g_test_message ("pattern %u: %.2f s", i, seconds);
  }
}

static void
test_other_conversation (UiChat *f, gconstpointer data)
{
  g_autoptr (FacetConversation) other = facet_library_new_conversation (f->base.library);

  ui_chat_ask (f, "First", "One");
  ui_chat_settle (f);
  facet_chat_view_set_conversation (f->view, other);
  ui_chat_settle (f);
  g_assert_true (facet_chat_view_get_empty (f->view));
  g_assert_cmpuint (facet_chat_list_get_n_rows (f->list), ==, 0);
  facet_chat_view_set_conversation (f->view, f->conversation);
  ui_chat_settle (f);
  g_assert_cmpuint (facet_chat_list_get_n_rows (f->list), ==, 2);
  facet_chat_view_set_conversation (f->view, NULL);
  ui_chat_settle (f);
  g_assert_true (facet_chat_view_get_empty (f->view));
}

int
main (int argc, char **argv)
{
  ui_test_init (&argc, &argv);

#define ADD(path, func) g_test_add (path, UiChat, NULL, ui_chat_set_up, func, ui_chat_tear_down)
  ADD ("/chat-view/messages", test_messages);
  ADD ("/chat-view/streaming", test_streaming);
  ADD ("/chat-view/few-widgets/long-answer", test_long_answer_has_few_widgets);
  ADD ("/chat-view/few-widgets/many-messages", test_many_messages_have_few_widgets);
  ADD ("/chat-view/narrow", test_narrow);
  ADD ("/chat-view/larger-text", test_larger_text);
  ADD ("/chat-view/other-conversation", test_other_conversation);
  ADD ("/chat-view/state/failed", test_failed);
  ADD ("/chat-view/state/stopped", test_stopped);
  ADD ("/chat-view/state/too-long", test_too_long);
  ADD ("/chat-view/state/cut-off", test_cut_off);
  ADD ("/chat-view/state/waiting-and-reading", test_waiting_and_reading);
  ADD ("/chat-view/thought/folds", test_thought);
  ADD ("/chat-view/thought/expanded", test_thought_expanded);
  ADD ("/chat-view/thought/held", test_thought_held);
  ADD ("/chat-view/thought/no-motion", test_no_motion);
  ADD ("/chat-view/text/hostile", test_hostile);
  ADD ("/chat-view/announcements", test_announcements);
  ADD ("/chat-view/tools/cards", test_tool_cards);
  ADD ("/chat-view/tools/narrow", test_tool_card_narrow);
  ADD ("/chat-view/tools/alone", test_tool_card_alone);
  g_test_add_func ("/chat-view/table-widths", test_table_widths);
  g_test_add_func ("/chat-view/status", test_status);
  return g_test_run ();
}
