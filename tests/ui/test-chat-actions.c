/* test-chat-actions.c: acting on a conversation: on messages, selecting text, the keyboard, code.
 * Reading it is test-chat-view.c.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-chat-actions"

#include "config.h"

#include <string.h>

#include "facet-code-block.h"
#include "ui-fixture.h"

/* Messages */

static char *
read_clipboard (UiChat *f)
{
  GdkContentProvider *content = gdk_clipboard_get_content (gtk_widget_get_clipboard (f->window));
  GValue              value = G_VALUE_INIT;
  char               *text;

  g_value_init (&value, G_TYPE_STRING);
  g_assert_nonnull (content);
  g_assert_true (gdk_content_provider_get_value (content, &value, NULL));
  text = g_value_dup_string (&value);
  g_value_unset (&value);
  return text;
}

static void
test_copy (UiChat *f, gconstpointer data)
{
  g_autofree char *answer = NULL;
  g_autofree char *question = NULL;
  g_autofree char *last = NULL;

  g_assert_false (facet_chat_view_copy_last_answer (f->view));
  ui_chat_ask (f, "The question", "The **answer**");
  ui_chat_settle (f);
  ui_chat_act (f, 1, "message.copy");
  answer = read_clipboard (f);
  g_assert_cmpstr (answer, ==, "The **answer**");
  ui_chat_act (f, 0, "message.copy");
  question = read_clipboard (f);
  g_assert_cmpstr (question, ==, "The question");
  g_assert_true (facet_chat_view_copy_last_answer (f->view));
  last = read_clipboard (f);
  g_assert_cmpstr (last, ==, "The **answer**");
  g_assert_cmpstr (f->toasts->str, ==, "Copied;Copied;Copied the last answer;");
}

static void
test_edit (UiChat *f, gconstpointer data)
{
  ui_chat_ask (f, "First", "One");
  ui_chat_settle (f);
  ui_chat_act (f, 0, "message.edit");
  g_assert_true (f->edited == ui_chat_get_message (f, 0));
}

static void
test_regenerate (UiChat *f, gconstpointer data)
{
  ui_chat_ask (f, "First", "One");
  ui_chat_settle (f);
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, "Two");
  ui_chat_act (f, 1, "message.regenerate");
  ui_wait_idle (f->conversation);
  ui_chat_settle (f);
  g_assert_cmpstr (facet_message_get_text (ui_chat_get_message (f, 1)), ==, "Two");
  gtk_test_accessible_assert_property (facet_block_column_get_view (ui_chat_get_body (f, 1), 0),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "Two");
}

static void
test_delete (UiChat *f, gconstpointer data)
{
  FacetMessage *second;

  ui_chat_ask (f, "First", "One");
  ui_chat_ask (f, "Second", "Two");
  ui_chat_settle (f);
  second = ui_chat_get_message (f, 2);
  ui_chat_act (f, 1, "message.delete");
  ui_chat_settle (f);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->conversation)), ==, 3);
  g_assert_cmpstr (f->toasts->str, ==, "Message deleted+;");
  g_assert_true (ui_chat_get_message (f, 1) == second);
  facet_conversation_undo_delete (f->conversation);
  ui_chat_settle (f);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->conversation)), ==, 4);
  g_assert_nonnull (ui_chat_get_row (f, 1));
}

static void
test_buttons (UiChat *f, gconstpointer data)
{
  GtkWidget *person, *answer;

  ui_chat_ask (f, "First", "One");
  ui_chat_settle (f);
  person = ui_chat_get_row (f, 0);
  answer = ui_chat_get_row (f, 1);
  g_assert_true (gtk_widget_get_visible (ui_find (person, GTK_TYPE_BUTTON, "Edit")));
  g_assert_false (gtk_widget_get_visible (ui_find (person, GTK_TYPE_BUTTON, "Answer again")));
  g_assert_false (gtk_widget_get_visible (ui_find (answer, GTK_TYPE_BUTTON, "Edit")));
  g_assert_true (gtk_widget_get_visible (ui_find (answer, GTK_TYPE_BUTTON, "Answer again")));
  gtk_test_accessible_assert_property (ui_find (answer, GTK_TYPE_BUTTON, "Delete"),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "Delete message");

  /* Not while an answer is running: they would change what it is based on. */
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_hang (f->base.fake);
  facet_conversation_send (f->conversation, "Second");
  ui_chat_settle (f);
  g_assert_false (gtk_widget_is_sensitive (ui_find (answer, GTK_TYPE_BUTTON, "Answer again")));
  g_assert_true (gtk_widget_is_sensitive (ui_find (answer, GTK_TYPE_BUTTON, "Copy")));
  facet_conversation_stop (f->conversation);
  ui_wait_idle (f->conversation);
  g_assert_true (gtk_widget_is_sensitive (ui_find (answer, GTK_TYPE_BUTTON, "Answer again")));
}

/* --- text: selecting, the keyboard, code, unfolding
 * ---------------------------------------------------------------
 */

static void
test_selection (UiChat *f, gconstpointer data)
{
  FacetBlockColumn *body;
  FacetFlow        *flow;
  g_autofree char  *some = NULL;
  g_autofree char  *all = NULL;
  g_autofree char  *copied = NULL;

  ui_chat_ask (f, "Go", "First paragraph\n\n1. one\n2. two\n\n> quoted **words**");
  ui_chat_settle (f);
  body = ui_chat_get_body (f, 1);
  flow = facet_block_column_get_flow (body);
  facet_flow_select (flow, (FacetFlowPosition){2, 2}, (FacetFlowPosition){0, 6});
  some = facet_flow_dup_selected_text (flow);
  g_assert_cmpstr (some, ==, "paragraph\n\n1. one\n2. tw");

  g_assert_true (gtk_widget_grab_focus (GTK_WIDGET (body)));
  gtk_widget_activate_action (GTK_WIDGET (body), "text.select-all", NULL);
  gtk_widget_activate_action (GTK_WIDGET (body), "text.copy", NULL);
  copied = read_clipboard (f);
  all = g_strdup ("First paragraph\n\n1. one\n2. two\n\n> quoted words");
  g_assert_cmpstr (copied, ==, all);

  /* A selection elsewhere ends this one. */
  gtk_widget_activate_action (GTK_WIDGET (ui_chat_get_body (f, 0)), "text.select-all", NULL);
  g_assert_false (facet_flow_has_selection (flow));
}

static void
test_caret (UiChat *f, gconstpointer data)
{
  FacetFlow        *flow;
  GtkWidget        *body;
  FacetFlowPosition anchor, focus;

  ui_chat_ask (f, "Go", "One two\n\nthree https://example.org/ four");
  ui_chat_settle (f);
  body = GTK_WIDGET (ui_chat_get_body (f, 1));
  flow = facet_block_column_get_flow (FACET_BLOCK_COLUMN (body));
  gtk_widget_grab_focus (body);
  g_assert_true (ui_press (body, GDK_KEY_Home, GDK_CONTROL_MASK));
  g_assert_true (ui_press (body, GDK_KEY_Right, GDK_CONTROL_MASK | GDK_SHIFT_MASK));
  facet_flow_get_selection (flow, &anchor, &focus);
  g_assert_cmpuint (anchor.byte, ==, 0);
  g_assert_cmpuint (focus.byte, ==, 3);
  g_assert_true (ui_press (body, GDK_KEY_Down, 0));
  facet_flow_get_selection (flow, &anchor, &focus);
  g_assert_cmpuint (focus.block, ==, 1);
  g_assert_false (facet_flow_has_selection (flow));
  g_assert_true (ui_press (body, GDK_KEY_Up, 0));
  facet_flow_get_selection (flow, &anchor, &focus);
  g_assert_cmpuint (focus.block, ==, 0);

  /* Tab selects the link. */
  g_assert_true (gtk_widget_child_focus (body, GTK_DIR_TAB_FORWARD));
  facet_flow_get_selection (flow, &anchor, &focus);
  g_assert_cmpuint (focus.block, ==, 1);
  g_assert_cmpuint (anchor.byte, ==, 6);
  g_assert_cmpuint (focus.byte, ==, 6 + strlen ("https://example.org/"));
  g_assert_true (ui_press (body, GDK_KEY_Escape, 0));
  g_assert_false (facet_flow_has_selection (flow));
}

/* Every control can be reached by Tab alone, also in messages that are off the screen. */
static void
test_keyboard_reaches_everything (UiChat *f, gconstpointer data)
{
  gboolean reached_first = FALSE, reached_last = FALSE;
  double   x, y;

  for (int i = 0; i < 15; i++)
    ui_chat_ask (f, "Go", "Some answer\n\nwith paragraphs\n\nthat takes room\n\nin the list");
  ui_chat_settle (f);
  gtk_adjustment_set_value (f->adjustment, gtk_adjustment_get_lower (f->adjustment));
  ui_chat_settle (f);
  for (int i = 0; i < 400 && !reached_last; i++) {
    GtkWidget *focus;

    if (!gtk_widget_child_focus (GTK_WIDGET (f->list), GTK_DIR_TAB_FORWARD))
      break;
    focus = gtk_window_get_focus (GTK_WINDOW (f->window));
    reached_first |=
        ui_chat_get_row (f, 0) != NULL && gtk_widget_is_ancestor (focus, ui_chat_get_row (f, 0));
    reached_last |=
        ui_chat_get_row (f, -1) != NULL && gtk_widget_is_ancestor (focus, ui_chat_get_row (f, -1));
    if (i % 10 == 0)
      ui_chat_settle (f);
  }
  g_assert_true (reached_first);
  g_assert_true (reached_last);
  ui_chat_settle (f);
  g_assert_true (gtk_widget_translate_coordinates (gtk_window_get_focus (GTK_WINDOW (f->window)),
                                                   GTK_WIDGET (f->list), 0, 0, &x, &y));
  g_assert_cmpfloat (y, >=, 0);
  g_assert_cmpfloat (y, <, gtk_widget_get_height (GTK_WIDGET (f->list)));
}

static void
test_code (UiChat *f, gconstpointer data)
{
  FacetCodeBlock  *code;
  g_autofree char *copied = NULL;
  GtkWidget       *copy;

  ui_chat_ask (f, "Go",
               "Text\n\n```py\ndef f(x):\n    return "
               "x\n```\n\n```unheard-of\nx\n```\n\n```\ny\n```");
  ui_chat_settle (f);
  code = FACET_CODE_BLOCK (facet_block_column_get_view (ui_chat_get_body (f, 1), 1));
  g_assert_true (g_str_has_prefix (facet_code_block_get_language_name (code), "Python"));
  copy = ui_find (GTK_WIDGET (code), GTK_TYPE_BUTTON, "Copy");
  gtk_test_accessible_assert_property (copy, GTK_ACCESSIBLE_PROPERTY_LABEL, "Copy code");
  g_signal_emit_by_name (copy, "clicked");
  copied = read_clipboard (f);
  g_assert_cmpstr (copied, ==, "def f(x):\n    return x");
  code = FACET_CODE_BLOCK (facet_block_column_get_view (ui_chat_get_body (f, 1), 2));
  g_assert_cmpstr (facet_code_block_get_language_name (code), ==, "unheard-of");
  code = FACET_CODE_BLOCK (facet_block_column_get_view (ui_chat_get_body (f, 1), 3));
  g_assert_cmpstr (facet_code_block_get_language_name (code), ==, "");
}

static void
test_long_message_of_the_person (UiChat *f, gconstpointer data)
{
  GString   *text = g_string_new (NULL);
  GtkWidget *expand;

  for (int i = 0; i < 200; i++)
    g_string_append_printf (text, "line %d\n", i);
  ui_chat_ask (f, text->str, "Yes");
  ui_chat_settle (f);
  g_assert_cmpuint (facet_flow_get_n_shown (facet_block_column_get_flow (ui_chat_get_body (f, 0))),
                    <, 40);
  expand = ui_find (ui_chat_get_row (f, 0), GTK_TYPE_BUTTON, "Show All 200 Lines");
  g_assert_nonnull (expand);
  g_signal_emit_by_name (expand, "clicked");
  ui_chat_settle (f);
  g_assert_cmpuint (facet_flow_get_n_shown (facet_block_column_get_flow (ui_chat_get_body (f, 0))),
                    ==, 200);
  g_assert_false (gtk_widget_get_visible (expand));
  g_string_free (text, TRUE);
}

int
main (int argc, char **argv)
{
  ui_test_init (&argc, &argv);

#define ADD(path, func) g_test_add (path, UiChat, NULL, ui_chat_set_up, func, ui_chat_tear_down)
  ADD ("/chat-actions/message/copy", test_copy);
  ADD ("/chat-actions/message/edit", test_edit);
  ADD ("/chat-actions/message/regenerate", test_regenerate);
  ADD ("/chat-actions/message/delete", test_delete);
  ADD ("/chat-actions/message/buttons", test_buttons);
  ADD ("/chat-actions/text/selection", test_selection);
  ADD ("/chat-actions/text/caret", test_caret);
  ADD ("/chat-actions/text/keyboard", test_keyboard_reaches_everything);
  ADD ("/chat-actions/text/code", test_code);
  ADD ("/chat-actions/text/long-message", test_long_message_of_the_person);
  return g_test_run ();
}
