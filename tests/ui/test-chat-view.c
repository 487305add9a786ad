/* test-chat-view.c: a conversation as it is read: streaming, scrolling, selecting, acting on
 * messages.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-chat-view"

#include "config.h"

#include <string.h>

#include "facet-announcer.h"
#include "facet-block-column.h"
#include "facet-chat-list.h"
#include "facet-chat-view.h"
#include "facet-code-block.h"
#include "facet-message-answer.h"
#include "facet-message-face.h"
#include "facet-message-person.h"
#include "facet-message-status.h"
#include "facet-table-block.h"
#include "facet-text-block.h"
#include "facet-thought-panel.h"
#include "ui-fixture.h"

typedef struct {
  UiFixture          base;
  FacetConversation *conversation;
  GtkWidget         *window;
  FacetChatView     *view;
  FacetChatList     *list;
  GtkAdjustment     *adjustment;
  GString           *toasts; /* all that were shown, "+" after those with undo */
  FacetMessage      *edited;
} Fixture;

static void
toast_cb (FacetChatView *view, const char *text, gboolean undo, Fixture *f)
{
  g_string_append_printf (f->toasts, "%s%s;", text, undo ? "+" : "");
}

static void
edit_cb (FacetChatView *view, FacetMessage *message, Fixture *f)
{
  f->edited = message;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  ui_fixture_set_up (&f->base, NULL, 0);
  f->conversation = facet_library_new_conversation (f->base.library);
  f->toasts = g_string_new (NULL);
  f->window = adw_window_new ();
  gtk_window_set_default_size (GTK_WINDOW (f->window), 800, 600);
  f->view = facet_chat_view_new ();
  f->list = FACET_CHAT_LIST (ui_find (GTK_WIDGET (f->view), FACET_TYPE_CHAT_LIST, NULL));
  f->adjustment = gtk_scrolled_window_get_vadjustment (
      GTK_SCROLLED_WINDOW (ui_find (GTK_WIDGET (f->view), GTK_TYPE_SCROLLED_WINDOW, NULL)));
  g_signal_connect (f->view, "toast", G_CALLBACK (toast_cb), f);
  g_signal_connect (f->view, "edit-requested", G_CALLBACK (edit_cb), f);
  adw_window_set_content (ADW_WINDOW (f->window), GTK_WIDGET (f->view));
  facet_chat_view_set_conversation (f->view, f->conversation);
  gtk_window_present (GTK_WINDOW (f->window));
  gtk_test_widget_wait_for_draw (f->window);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_object_add_weak_pointer (G_OBJECT (f->view), (gpointer *)&f->view);
  gtk_window_destroy (GTK_WINDOW (f->window));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (f->view);
  g_string_free (f->toasts, TRUE);
  g_object_unref (f->conversation);
  ui_fixture_tear_down (&f->base);
}

/* A few frames, so that everything has its place. */
static void
settle (Fixture *f)
{
  for (int i = 0; i < 4; i++) {
    gtk_widget_queue_draw (f->window);
    gtk_test_widget_wait_for_draw (f->window);
  }
}

static FacetMessage *
get_message (Fixture *f, int index)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (f->conversation));
  g_autoptr (FacetMessage) message =
      g_list_model_get_item (G_LIST_MODEL (f->conversation), index < 0 ? n + index : (guint)index);

  g_assert_nonnull (message);
  return message; /* the conversation has it */
}

static GtkWidget *
get_row (Fixture *f, int index)
{
  return facet_chat_list_get_row (f->list, get_message (f, index));
}

static FacetBlockColumn *
get_body (Fixture *f, int index)
{
  GtkWidget *row = get_row (f, index);

  g_assert_nonnull (row);
  for (GtkWidget *child = gtk_widget_get_first_child (row); child != NULL;
       child = gtk_widget_get_next_sibling (child)) {
    if (FACET_IS_BLOCK_COLUMN (child))
      return FACET_BLOCK_COLUMN (child);
  }
  g_assert_not_reached ();
}

static FacetThoughtPanel *
get_thought (Fixture *f, int index)
{
  return FACET_THOUGHT_PANEL (ui_find (get_row (f, index), FACET_TYPE_THOUGHT_PANEL, NULL));
}

static const char *
get_face (Fixture *f, int index)
{
  GtkWidget *face = ui_find (get_row (f, index), FACET_TYPE_MESSAGE_FACE, NULL);

  return gtk_widget_get_visible (face) ? facet_message_face_get_text (FACET_MESSAGE_FACE (face))
                                       : NULL;
}

/* One turn, answered at once. */
static void
ask (Fixture *f, const char *question, const char *answer)
{
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, answer);
  facet_conversation_send (f->conversation, question);
  ui_wait_idle (f->conversation);
}

static char *
make_text (guint n_words, guint paragraph)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n_words; i++)
    g_string_append_printf (text, "word%u%s", i, (i + 1) % paragraph == 0 ? ".\n\n" : " ");
  return g_string_free (text, FALSE);
}

static double
get_end (Fixture *f)
{
  return gtk_adjustment_get_upper (f->adjustment) - gtk_adjustment_get_page_size (f->adjustment);
}

static gboolean
is_at_end (Fixture *f)
{
  return gtk_adjustment_get_value (f->adjustment) >= get_end (f) - 1;
}

static void
scroll_by (Fixture *f, double pixels)
{
  gtk_adjustment_set_value (f->adjustment, gtk_adjustment_get_value (f->adjustment) + pixels);
}

/* What is seen at the top of the list: the first block that begins there or below. */
static GtkWidget *
find_at_top (Fixture *f, double *y)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (f->conversation));

  for (guint i = 0; i < n; i++) {
    FacetBlockColumn *body;

    if (get_row (f, (int)i) == NULL)
      continue;
    body = get_body (f, (int)i);
    for (guint j = 0; j < facet_flow_get_n_blocks (facet_block_column_get_flow (body)); j++) {
      GtkWidget *block = facet_block_column_get_view (body, j);
      double     x;

      if (block != NULL &&
          gtk_widget_translate_coordinates (block, GTK_WIDGET (f->list), 0, 0, &x, y) && *y >= 0)
        return block;
    }
  }
  g_assert_not_reached ();
}

/* --- showing -------------------------------------------------------------------------------------
 */

static void
test_messages (Fixture *f, gconstpointer data)
{
  FacetBlockColumn *body;

  g_assert_true (facet_chat_view_get_empty (f->view));
  ask (f, "A *question*.", "An **answer**\n\n- of\n- parts");
  settle (f);

  g_assert_false (facet_chat_view_get_empty (f->view));
  g_assert_true (FACET_IS_MESSAGE_PERSON (get_row (f, 0)));
  g_assert_true (FACET_IS_MESSAGE_ANSWER (get_row (f, 1)));
  gtk_test_accessible_assert_property (get_row (f, 0), GTK_ACCESSIBLE_PROPERTY_LABEL, "You");
  gtk_test_accessible_assert_property (get_row (f, 1), GTK_ACCESSIBLE_PROPERTY_LABEL, "Facet");
  gtk_test_accessible_assert_role (GTK_ACCESSIBLE (f->list), GTK_ACCESSIBLE_ROLE_LIST);

  /* The person's text is shown as it was written, the answer as it is meant. */
  body = get_body (f, 0);
  g_assert_cmpuint (facet_block_column_get_n_views (body), ==, 1);
  gtk_test_accessible_assert_property (facet_block_column_get_view (body, 0),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "A *question*.");
  body = get_body (f, 1);
  g_assert_cmpuint (facet_block_column_get_n_views (body), ==, 3);
  gtk_test_accessible_assert_property (facet_block_column_get_view (body, 0),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "An answer");
  gtk_test_accessible_assert_property (facet_block_column_get_view (body, 2),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "\xe2\x80\xa2 parts");
}

static void
test_streaming (Fixture *f, gconstpointer data)
{
  g_autofree char *answer = make_text (120, 20);
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
    row = get_row (f, -1);
    if (row == NULL)
      continue;
    flow = facet_block_column_get_flow (get_body (f, -1));
    g_assert_cmpuint (facet_flow_get_n_blocks (flow), >=, seen);
    seen = facet_flow_get_n_blocks (flow);
  }
  settle (f);
  flow = facet_block_column_get_flow (get_body (f, -1));
  g_assert_cmpuint (facet_flow_get_n_blocks (flow), ==, blocks->len);
  for (guint i = 0; i < blocks->len; i++)
    g_assert_true (
        facet_block_equal (facet_flow_get_block (flow, i), g_ptr_array_index (blocks, i)));
}

static void
test_long_answer_has_few_widgets (Fixture *f, gconstpointer data)
{
  g_autofree char *answer = make_text (14000, 30);

  g_assert_cmpuint (strlen (answer), >, 100000);
  ask (f, "Much", answer);
  settle (f);
  g_assert_true (is_at_end (f));
  g_assert_cmpuint (facet_flow_get_n_blocks (facet_block_column_get_flow (get_body (f, 1))), >,
                    400);
  g_assert_cmpuint (facet_block_column_get_n_views (get_body (f, 1)), <, 40);
  scroll_by (f, -10000);
  settle (f);
  g_assert_cmpuint (facet_block_column_get_n_views (get_body (f, 1)), <, 40);
}

static void
test_many_messages_have_few_widgets (Fixture *f, gconstpointer data)
{
  for (int i = 0; i < 100; i++) {
    g_autofree char *question = g_strdup_printf ("Question %d", i);

    ask (f, question, "Answer\n\nof two paragraphs");
  }
  settle (f);
  g_assert_true (is_at_end (f));
  g_assert_cmpuint (facet_chat_list_get_n_rows (f->list), <, 25);
  gtk_adjustment_set_value (f->adjustment, gtk_adjustment_get_lower (f->adjustment));
  settle (f);
  g_assert_cmpuint (facet_chat_list_get_n_rows (f->list), <, 25);
  g_assert_nonnull (get_row (f, 0));
  g_assert_null (get_row (f, -1));
}

static void
test_narrow (Fixture *f, gconstpointer data)
{
  gtk_window_set_default_size (GTK_WINDOW (f->window), 360, 500);
  ask (f, "A question that is longer than the narrow window can show in one line of text",
       "# Heading\n\nText that wraps in a narrow window, for certain.\n\n```c\nint a_long_line = "
       "1; /* "
       "that does not fit into the window at all */\n```\n\n| a | b | c |\n|---|---|---|\n| "
       "something | something else | more |\n");
  settle (f);
  settle (f);
  g_assert_cmpint (gtk_widget_get_width (GTK_WIDGET (f->list)), <=, 360);
  for (guint i = 0; i < facet_block_column_get_n_views (get_body (f, 1)); i++)
    g_assert_cmpint (gtk_widget_get_width (facet_block_column_get_view (get_body (f, 1), i)), <=,
                     360 - 24);
  ui_picture (f->window, "chat-narrow");
}

/* Larger text is laid out again, at once and everywhere. */
static void
test_larger_text (Fixture *f, gconstpointer data)
{
  GtkSettings *settings = gtk_settings_get_default ();
  int          before[4], dpi;

  ask (f, "Go",
       "Text that wraps at last, when it is large enough for this window to be too small.\n\n"
       "| a | b |\n|---|---|\n| one | two |\n\n```\ncode\n```");
  settle (f);
  g_assert_cmpuint (facet_block_column_get_n_views (get_body (f, 1)), ==, 4);
  for (guint i = 0; i < 4; i++)
    before[i] = gtk_widget_get_height (facet_block_column_get_view (get_body (f, 1), i));
  g_object_get (settings, "gtk-xft-dpi", &dpi, NULL);
  g_object_set (settings, "gtk-xft-dpi", 192 * 1024, NULL);
  settle (f);
  settle (f);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpint (gtk_widget_get_height (facet_block_column_get_view (get_body (f, 1), i)), >,
                     before[i] * 1.2);
  g_object_set (settings, "gtk-xft-dpi", dpi, NULL);
  settle (f);
  settle (f);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpint (gtk_widget_get_height (facet_block_column_get_view (get_body (f, 1), i)), ==,
                     before[i]);
}

/* --- the reader's place --------------------------------------------------------------------------
 */

static void
test_follows_the_end (Fixture *f, gconstpointer data)
{
  g_autofree char *answer = make_text (600, 20);

  fake_assistant_set_speed (f->base.fake, 2000);
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, answer);
  facet_conversation_send (f->conversation, "Go");
  while (facet_conversation_get_busy (f->conversation)) {
    settle (f);
    g_assert_true (is_at_end (f));
    g_assert_false (facet_chat_view_get_unpinned (f->view));
  }
  settle (f);
  g_assert_true (is_at_end (f));
  g_assert_cmpfloat (get_end (f), >, 500);
}

static void
test_never_fights_the_reader (Fixture *f, gconstpointer data)
{
  g_autofree char *first = make_text (600, 20);
  g_autofree char *second = make_text (400, 20);
  GtkWidget       *latest = ui_find (GTK_WIDGET (f->view), GTK_TYPE_REVEALER, NULL);
  GtkWidget       *block;
  double           value, y, again;

  ask (f, "First", first);
  fake_assistant_set_speed (f->base.fake, 800);
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, second);
  facet_conversation_send (f->conversation, "Second");
  settle (f);
  g_assert_false (gtk_revealer_get_reveal_child (GTK_REVEALER (latest)));

  /* The smallest scroll upwards is enough. */
  scroll_by (f, -3);
  g_assert_true (facet_chat_view_get_unpinned (f->view));
  scroll_by (f, -300);
  settle (f);
  g_assert_true (gtk_revealer_get_reveal_child (GTK_REVEALER (latest)));
  value = gtk_adjustment_get_value (f->adjustment);
  block = find_at_top (f, &y);
  while (facet_conversation_get_busy (f->conversation)) {
    settle (f);
    g_assert_true (find_at_top (f, &again) == block);
    g_assert_cmpfloat (again, ==, y);
    g_assert_cmpfloat (gtk_adjustment_get_value (f->adjustment), ==, value);
  }
  g_assert_false (is_at_end (f));

  /* Down, but not to the end: still the reader's. */
  scroll_by (f, 50);
  g_assert_true (facet_chat_view_get_unpinned (f->view));
  gtk_adjustment_set_value (f->adjustment, get_end (f));
  g_assert_false (facet_chat_view_get_unpinned (f->view));
  settle (f);
  g_assert_false (gtk_revealer_get_reveal_child (GTK_REVEALER (latest)));
}

static void
test_latest (Fixture *f, gconstpointer data)
{
  g_autofree char *answer = make_text (600, 20);

  ask (f, "First", answer);
  settle (f);
  scroll_by (f, -1000);
  settle (f);
  g_assert_true (facet_chat_view_get_unpinned (f->view));
  gtk_widget_activate_action (GTK_WIDGET (f->view), "chat.latest", NULL);
  settle (f);
  g_assert_false (facet_chat_view_get_unpinned (f->view));
  g_assert_true (is_at_end (f));

  /* Who sends wants to see the answer. */
  scroll_by (f, -1000);
  g_assert_true (facet_chat_view_get_unpinned (f->view));
  ask (f, "Second", "Short");
  settle (f);
  g_assert_false (facet_chat_view_get_unpinned (f->view));
  g_assert_true (is_at_end (f));
}

/* Scrolling up through what was never measured: every step moves what is seen by that step. */
static void
test_scrolling_does_not_jump (Fixture *f, gconstpointer data)
{
  int n_steps = 0;

  for (int i = 0; i < 12; i++) {
    g_autofree char *text = make_text (40 + 30 * (guint)(i % 5), 7 + (guint)i);
    g_autofree char *answer =
        g_strdup_printf ("## Part %d\n\n%s\n\n```py\nx = %d\n\ny = 1\n```\n\n| a | b "
                         "|\n|---|---|\n| "
                         "1 | some longer text in a cell that may have to wrap at some width |\n",
                         i, text, i);

    ask (f, "Go on", answer);
  }
  /* Another width, so that all but what is seen is estimated. */
  gtk_window_set_default_size (GTK_WINDOW (f->window), 620, 600);
  settle (f);
  settle (f);
  scroll_by (f, -10);
  settle (f);
  for (int i = 0; i < 200; i++) {
    double     before, after, x;
    GtkWidget *block = find_at_top (f, &before);

    if (gtk_adjustment_get_value (f->adjustment) < gtk_adjustment_get_lower (f->adjustment) + 40)
      break;
    n_steps++;
    scroll_by (f, -40);
    settle (f);
    g_assert_true (
        gtk_widget_translate_coordinates (block, GTK_WIDGET (f->list), 0, 0, &x, &after));
    g_assert_cmpfloat (ABS (after - before - 40), <=, 1);
  }
  g_assert_cmpint (n_steps, >, 40);
}

static void
test_resizing_keeps_the_place (Fixture *f, gconstpointer data)
{
  g_autofree char *answer = make_text (2000, 25);
  double           y;
  GtkWidget       *block;
  guint            index, again;

  ask (f, "Go", answer);
  settle (f);
  scroll_by (f, -2500);
  settle (f);
  block = find_at_top (f, &y);
  index = facet_block_view_get_index (FACET_BLOCK_VIEW (block));
  gtk_window_set_default_size (GTK_WINDOW (f->window), 450, 600);
  settle (f);
  settle (f);
  block = find_at_top (f, &y);
  again = facet_block_view_get_index (FACET_BLOCK_VIEW (block));
  g_assert_cmpint (ABS ((int)again - (int)index), <=, 1);
}

/* --- acting on messages --------------------------------------------------------------------------
 */

static char *
read_clipboard (Fixture *f)
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
act (Fixture *f, int index, const char *action)
{
  g_assert_true (gtk_widget_activate_action (get_row (f, index), action, NULL));
}

static void
test_copy (Fixture *f, gconstpointer data)
{
  g_autofree char *answer = NULL;
  g_autofree char *question = NULL;
  g_autofree char *last = NULL;

  g_assert_false (facet_chat_view_copy_last_answer (f->view));
  ask (f, "The question", "The **answer**");
  settle (f);
  act (f, 1, "message.copy");
  answer = read_clipboard (f);
  g_assert_cmpstr (answer, ==, "The **answer**");
  act (f, 0, "message.copy");
  question = read_clipboard (f);
  g_assert_cmpstr (question, ==, "The question");
  g_assert_true (facet_chat_view_copy_last_answer (f->view));
  last = read_clipboard (f);
  g_assert_cmpstr (last, ==, "The **answer**");
  g_assert_cmpstr (f->toasts->str, ==, "Copied;Copied;Copied the last answer;");
}

static void
test_edit (Fixture *f, gconstpointer data)
{
  ask (f, "First", "One");
  settle (f);
  act (f, 0, "message.edit");
  g_assert_true (f->edited == get_message (f, 0));
}

static void
test_regenerate (Fixture *f, gconstpointer data)
{
  ask (f, "First", "One");
  settle (f);
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, "Two");
  act (f, 1, "message.regenerate");
  ui_wait_idle (f->conversation);
  settle (f);
  g_assert_cmpstr (facet_message_get_text (get_message (f, 1)), ==, "Two");
  gtk_test_accessible_assert_property (facet_block_column_get_view (get_body (f, 1), 0),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "Two");
}

static void
test_delete (Fixture *f, gconstpointer data)
{
  FacetMessage *second;

  ask (f, "First", "One");
  ask (f, "Second", "Two");
  settle (f);
  second = get_message (f, 2);
  act (f, 1, "message.delete");
  settle (f);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->conversation)), ==, 3);
  g_assert_cmpstr (f->toasts->str, ==, "Message deleted+;");
  g_assert_true (get_message (f, 1) == second);
  facet_conversation_undo_delete (f->conversation);
  settle (f);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->conversation)), ==, 4);
  g_assert_nonnull (get_row (f, 1));
}

static void
test_buttons (Fixture *f, gconstpointer data)
{
  GtkWidget *person, *answer;

  ask (f, "First", "One");
  settle (f);
  person = get_row (f, 0);
  answer = get_row (f, 1);
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
  settle (f);
  g_assert_false (gtk_widget_is_sensitive (ui_find (answer, GTK_TYPE_BUTTON, "Answer again")));
  g_assert_true (gtk_widget_is_sensitive (ui_find (answer, GTK_TYPE_BUTTON, "Copy")));
  facet_conversation_stop (f->conversation);
  ui_wait_idle (f->conversation);
  g_assert_true (gtk_widget_is_sensitive (ui_find (answer, GTK_TYPE_BUTTON, "Answer again")));
}

/* --- states --------------------------------------------------------------------------------------
 */

static void
test_failed (Fixture *f, gconstpointer data)
{
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_error (f->base.fake, "The model ran out of memory.");
  facet_conversation_send (f->conversation, "Fail");
  ui_wait_idle (f->conversation);
  settle (f);
  g_assert_cmpstr (get_face (f, 1), ==, "The model ran out of memory.");
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, "Now it works");
  g_signal_emit_by_name (ui_find (get_row (f, 1), GTK_TYPE_BUTTON, "Try Again"), "clicked");
  ui_wait_idle (f->conversation);
  settle (f);
  g_assert_null (get_face (f, 1));
  g_assert_cmpstr (facet_message_get_text (get_message (f, 1)), ==, "Now it works");
  g_assert_cmpuint (facet_block_column_get_n_views (get_body (f, 1)), ==, 1);
}

static void
test_stopped (Fixture *f, gconstpointer data)
{
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, "Half of it");
  fake_assistant_add_hang (f->base.fake);
  facet_conversation_send (f->conversation, "Go");
  settle (f);
  ui_run_for (50);
  facet_conversation_stop (f->conversation);
  ui_wait_idle (f->conversation);
  settle (f);
  g_assert_cmpstr (get_face (f, 1), ==, "Stopped");
  g_assert_nonnull (ui_find (get_row (f, 1), GTK_TYPE_BUTTON, "Go On"));
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, " and the rest");
  act (f, 1, "message.try-again");
  ui_wait_idle (f->conversation);
  settle (f);
  g_assert_null (get_face (f, 1));
  gtk_test_accessible_assert_property (facet_block_column_get_view (get_body (f, 1), 0),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "Half of it and the rest");
}

static void
test_too_long (Fixture *f, gconstpointer data)
{
  ask (f, "First", "One");
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_too_long (f->base.fake, 9300, 8192, 2);
  fake_assistant_add_answer (f->base.fake, "It fits now");
  facet_conversation_send (f->conversation, "Second");
  ui_wait_idle (f->conversation);
  settle (f);
  g_assert_true (g_str_has_prefix (get_face (f, 3), "It needs 9300 tokens; the model holds 8192."));
  g_assert_nonnull (ui_find (get_row (f, 3), GTK_TYPE_BUTTON, "Leave Out the Oldest 2 Messages"));
  ui_picture (f->window, "chat-too-long");
  act (f, 3, "message.drop-oldest");
  ui_wait_idle (f->conversation);
  settle (f);
  g_assert_true (fake_assistant_get_last_request (f->base.fake)->drop_oldest);
  g_assert_null (get_face (f, 3));

  /* Or nothing is left out, and nothing answered. */
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_too_long (f->base.fake, 9300, 8192, 2);
  facet_conversation_send (f->conversation, "Third");
  ui_wait_idle (f->conversation);
  settle (f);
  act (f, 5, "message.keep");
  settle (f);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->conversation)), ==, 5);
  g_assert_cmpstr (f->toasts->str, ==, "Nothing was left out+;");
}

static void
test_cut_off (Fixture *f, gconstpointer data)
{
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, "As far as");
  fake_assistant_add_cut_off (f->base.fake);
  facet_conversation_send (f->conversation, "Go");
  ui_wait_idle (f->conversation);
  settle (f);
  g_assert_nonnull (get_face (f, 1));
  g_assert_nonnull (ui_find (get_row (f, 1), GTK_TYPE_BUTTON, "Go On"));
}

static gboolean
is_reading (gpointer data)
{
  const char *face = get_face (data, 1);

  return face != NULL && g_str_has_prefix (face, "Reading") &&
         facet_message_get_progress (get_message (data, 1)) > 0;
}

static void
test_waiting_and_reading (Fixture *f, gconstpointer data)
{
  GtkWidget *progress;

  fake_assistant_set_loading (f->base.fake, 0.5);
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_reading (f->base.fake, 60);
  facet_conversation_send (f->conversation, "Go");
  settle (f);
  g_assert_cmpstr (get_face (f, 1), ==, "Waiting for the model…");
  fake_assistant_set_ready (f->base.fake);
  ui_wait (is_reading, f);
  progress = ui_find (get_row (f, 1), GTK_TYPE_PROGRESS_BAR, NULL);
  g_assert_true (gtk_widget_get_visible (progress));
  g_assert_cmpfloat (gtk_progress_bar_get_fraction (GTK_PROGRESS_BAR (progress)), >, 0);
  facet_conversation_stop (f->conversation);
  ui_wait_idle (f->conversation);
  settle (f);
  g_assert_cmpstr (get_face (f, 1), ==, "Stopped");
  g_assert_false (gtk_widget_get_visible (progress));
}

/* --- the thought ---------------------------------------------------------------------------------
 */

static gboolean
thinks_much (gpointer data)
{
  return strlen (facet_message_get_thinking (get_message (data, 1))) > 500;
}

static void
begin_thought (Fixture *f)
{
  g_autofree char *thought = make_text (4000, 10);

  facet_conversation_set_thinking (f->conversation, TRUE);
  fake_assistant_set_speed (f->base.fake, 400);
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_thought (f->base.fake, thought);
  fake_assistant_add_answer (f->base.fake, "So it is");
  facet_conversation_send (f->conversation, "Think");
  ui_wait (thinks_much, f);
  settle (f);
}

static int
thought_height (Fixture *f)
{
  return gtk_widget_get_height (GTK_WIDGET (get_thought (f, 1)));
}

static void
end_thought (Fixture *f)
{
  act (f, 1, "answer-now");
  ui_wait_idle (f->conversation);
  ui_run_for (300); /* the fold */
  settle (f);
}

static void
test_thought (Fixture *f, gconstpointer data)
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
  g_assert_cmpuint (fake_assistant_get_n_answer_now (f->base.fake), ==, 1);
  g_assert_true (g_str_has_prefix (facet_thought_panel_get_title (panel), "Thought for "));
  g_assert_cmpint (thought_height (f), <, 40);

  /* Unfolded by hand it shows all of it. */
  g_signal_emit_by_name (ui_find (GTK_WIDGET (panel), GTK_TYPE_BUTTON, NULL), "clicked");
  ui_run_for (300);
  settle (f);
  g_assert_cmpint (thought_height (f), >, 40 + 8 * 25);
  g_signal_emit_by_name (ui_find (GTK_WIDGET (panel), GTK_TYPE_BUTTON, NULL), "clicked");
  ui_run_for (300);
  settle (f);
  g_assert_cmpint (thought_height (f), <, 40);
}

static void
test_thought_expanded (Fixture *f, gconstpointer data)
{
  begin_thought (f);
  g_signal_emit_by_name (ui_find (get_row (f, 1), GTK_TYPE_BUTTON, "Expand"), "clicked");
  ui_run_for (300);
  settle (f);
  g_assert_cmpint (thought_height (f), >, 40 + 8 * 25);
  /* Who has unfolded it reads it. */
  end_thought (f);
  g_assert_cmpint (thought_height (f), >, 40 + 8 * 25);
}

static void
test_thought_held (Fixture *f, gconstpointer data)
{
  GtkWidget *toggle;

  begin_thought (f);
  toggle = ui_find (GTK_WIDGET (get_thought (f, 1)), GTK_TYPE_BUTTON, NULL);
  gtk_widget_grab_focus (toggle);
  end_thought (f);
  g_assert_cmpint (thought_height (f), >, 100);
  gtk_window_set_focus (GTK_WINDOW (f->window), NULL);
  ui_run_for (300);
  settle (f);
  g_assert_cmpint (thought_height (f), <, 40);
}

static void
test_no_motion (Fixture *f, gconstpointer data)
{
  GtkSettings *settings = gtk_settings_get_default ();

  g_object_set (settings, "gtk-enable-animations", FALSE, NULL);
  begin_thought (f);
  act (f, 1, "answer-now");
  ui_wait_idle (f->conversation);
  settle (f);
  g_assert_cmpint (thought_height (f), <, 40);
  g_object_set (settings, "gtk-enable-animations", TRUE, NULL);
}

/* --- selecting and code --------------------------------------------------------------------------
 */

static void
test_selection (Fixture *f, gconstpointer data)
{
  FacetBlockColumn *body;
  FacetFlow        *flow;
  g_autofree char  *some = NULL;
  g_autofree char  *all = NULL;
  g_autofree char  *copied = NULL;

  ask (f, "Go", "First paragraph\n\n1. one\n2. two\n\n> quoted **words**");
  settle (f);
  body = get_body (f, 1);
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
  gtk_widget_activate_action (GTK_WIDGET (get_body (f, 0)), "text.select-all", NULL);
  g_assert_false (facet_flow_has_selection (flow));
}

static void
test_caret (Fixture *f, gconstpointer data)
{
  FacetFlow        *flow;
  GtkWidget        *body;
  FacetFlowPosition anchor, focus;

  ask (f, "Go", "One two\n\nthree https://example.org/ four");
  settle (f);
  body = GTK_WIDGET (get_body (f, 1));
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
test_keyboard_reaches_everything (Fixture *f, gconstpointer data)
{
  gboolean reached_first = FALSE, reached_last = FALSE;
  double   x, y;

  for (int i = 0; i < 15; i++)
    ask (f, "Go", "Some answer\n\nwith paragraphs\n\nthat takes room\n\nin the list");
  settle (f);
  gtk_adjustment_set_value (f->adjustment, gtk_adjustment_get_lower (f->adjustment));
  settle (f);
  for (int i = 0; i < 400 && !reached_last; i++) {
    GtkWidget *focus;

    if (!gtk_widget_child_focus (GTK_WIDGET (f->list), GTK_DIR_TAB_FORWARD))
      break;
    focus = gtk_window_get_focus (GTK_WINDOW (f->window));
    reached_first |= get_row (f, 0) != NULL && gtk_widget_is_ancestor (focus, get_row (f, 0));
    reached_last |= get_row (f, -1) != NULL && gtk_widget_is_ancestor (focus, get_row (f, -1));
    if (i % 10 == 0)
      settle (f);
  }
  g_assert_true (reached_first);
  g_assert_true (reached_last);
  settle (f);
  g_assert_true (gtk_widget_translate_coordinates (gtk_window_get_focus (GTK_WINDOW (f->window)),
                                                   GTK_WIDGET (f->list), 0, 0, &x, &y));
  g_assert_cmpfloat (y, >=, 0);
  g_assert_cmpfloat (y, <, gtk_widget_get_height (GTK_WIDGET (f->list)));
}

static void
test_code (Fixture *f, gconstpointer data)
{
  FacetCodeBlock  *code;
  g_autofree char *copied = NULL;
  GtkWidget       *copy;

  ask (f, "Go",
       "Text\n\n```py\ndef f(x):\n    return x\n```\n\n```unheard-of\nx\n```\n\n```\ny\n```");
  settle (f);
  code = FACET_CODE_BLOCK (facet_block_column_get_view (get_body (f, 1), 1));
  g_assert_true (g_str_has_prefix (facet_code_block_get_language_name (code), "Python"));
  copy = ui_find (GTK_WIDGET (code), GTK_TYPE_BUTTON, "Copy");
  gtk_test_accessible_assert_property (copy, GTK_ACCESSIBLE_PROPERTY_LABEL, "Copy code");
  g_signal_emit_by_name (copy, "clicked");
  copied = read_clipboard (f);
  g_assert_cmpstr (copied, ==, "def f(x):\n    return x");
  code = FACET_CODE_BLOCK (facet_block_column_get_view (get_body (f, 1), 2));
  g_assert_cmpstr (facet_code_block_get_language_name (code), ==, "unheard-of");
  code = FACET_CODE_BLOCK (facet_block_column_get_view (get_body (f, 1), 3));
  g_assert_cmpstr (facet_code_block_get_language_name (code), ==, "");
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

/* --- words ---------------------------------------------------------------------------------------
 */

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
test_announcements (Fixture *f, gconstpointer data)
{
  FacetAnnouncer *announcer =
      FACET_ANNOUNCER (ui_find (GTK_WIDGET (f->view), FACET_TYPE_ANNOUNCER, NULL));
  g_autofree char *answer = make_text (60, 20);
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

/* --- hostile text --------------------------------------------------------------------------------
 */

static void
test_hostile (Fixture *f, gconstpointer data)
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
  gsize size = g_test_slow () ? 1 << 20 : 1 << 17;

  for (guint i = 0; i < G_N_ELEMENTS (patterns); i++) {
    g_autoptr (GString) text = g_string_new ("");
    double seconds;

    while (text->len < size)
      g_string_append (text, patterns[i]);
    g_test_timer_start ();
    ask (f, i == 5 ? "x" : text->str, text->str);
    settle (f);
    scroll_by (f, -200000);
    settle (f);
    gtk_window_set_default_size (GTK_WINDOW (f->window), i % 2 == 0 ? 400 : 800, 600);
    settle (f);
    seconds = g_test_timer_elapsed ();
    g_test_message ("pattern %u: %.2f s", i, seconds);
    g_assert_cmpfloat (seconds, <, 30);
  }
}

static void
test_long_message_of_the_person (Fixture *f, gconstpointer data)
{
  GString   *text = g_string_new (NULL);
  GtkWidget *expand;

  for (int i = 0; i < 200; i++)
    g_string_append_printf (text, "line %d\n", i);
  ask (f, text->str, "Yes");
  settle (f);
  g_assert_cmpuint (facet_flow_get_n_shown (facet_block_column_get_flow (get_body (f, 0))), <, 40);
  expand = ui_find (get_row (f, 0), GTK_TYPE_BUTTON, "Show All 200 Lines");
  g_assert_nonnull (expand);
  g_signal_emit_by_name (expand, "clicked");
  settle (f);
  g_assert_cmpuint (facet_flow_get_n_shown (facet_block_column_get_flow (get_body (f, 0))), ==,
                    200);
  g_assert_false (gtk_widget_get_visible (expand));
  g_string_free (text, TRUE);
}

static void
test_other_conversation (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetConversation) other = facet_library_new_conversation (f->base.library);

  ask (f, "First", "One");
  settle (f);
  facet_chat_view_set_conversation (f->view, other);
  settle (f);
  g_assert_true (facet_chat_view_get_empty (f->view));
  g_assert_cmpuint (facet_chat_list_get_n_rows (f->list), ==, 0);
  facet_chat_view_set_conversation (f->view, f->conversation);
  settle (f);
  g_assert_cmpuint (facet_chat_list_get_n_rows (f->list), ==, 2);
  facet_chat_view_set_conversation (f->view, NULL);
  settle (f);
  g_assert_true (facet_chat_view_get_empty (f->view));
}

int
main (int argc, char **argv)
{
  ui_test_init (&argc, &argv);

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/chat-view/messages", test_messages);
  ADD ("/chat-view/streaming", test_streaming);
  ADD ("/chat-view/few-widgets/long-answer", test_long_answer_has_few_widgets);
  ADD ("/chat-view/few-widgets/many-messages", test_many_messages_have_few_widgets);
  ADD ("/chat-view/narrow", test_narrow);
  ADD ("/chat-view/larger-text", test_larger_text);
  ADD ("/chat-view/other-conversation", test_other_conversation);
  ADD ("/chat-view/scroll/follows-the-end", test_follows_the_end);
  ADD ("/chat-view/scroll/never-fights-the-reader", test_never_fights_the_reader);
  ADD ("/chat-view/scroll/latest", test_latest);
  ADD ("/chat-view/scroll/does-not-jump", test_scrolling_does_not_jump);
  ADD ("/chat-view/scroll/resizing-keeps-the-place", test_resizing_keeps_the_place);
  ADD ("/chat-view/action/copy", test_copy);
  ADD ("/chat-view/action/edit", test_edit);
  ADD ("/chat-view/action/regenerate", test_regenerate);
  ADD ("/chat-view/action/delete", test_delete);
  ADD ("/chat-view/action/buttons", test_buttons);
  ADD ("/chat-view/state/failed", test_failed);
  ADD ("/chat-view/state/stopped", test_stopped);
  ADD ("/chat-view/state/too-long", test_too_long);
  ADD ("/chat-view/state/cut-off", test_cut_off);
  ADD ("/chat-view/state/waiting-and-reading", test_waiting_and_reading);
  ADD ("/chat-view/thought/folds", test_thought);
  ADD ("/chat-view/thought/expanded", test_thought_expanded);
  ADD ("/chat-view/thought/held", test_thought_held);
  ADD ("/chat-view/thought/no-motion", test_no_motion);
  ADD ("/chat-view/text/selection", test_selection);
  ADD ("/chat-view/text/caret", test_caret);
  ADD ("/chat-view/text/keyboard", test_keyboard_reaches_everything);
  ADD ("/chat-view/text/code", test_code);
  ADD ("/chat-view/text/long-message", test_long_message_of_the_person);
  ADD ("/chat-view/text/hostile", test_hostile);
  ADD ("/chat-view/announcements", test_announcements);
  g_test_add_func ("/chat-view/table-widths", test_table_widths);
  g_test_add_func ("/chat-view/status", test_status);
  return g_test_run ();
}
