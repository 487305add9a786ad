/* test-composer.c: writing, sending, stopping, drafts, editing an earlier message, keys and words
 * for screen readers.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-composer"

#include "config.h"

#include "facet-composer.h"
#include "ui-fixture.h"

typedef struct {
  UiFixture          base;
  FacetConversation *conversation;
  GtkWidget         *window;
  FacetComposer     *composer;
  GtkWidget         *view; /* the text field */
  GtkTextBuffer     *buffer;
  GtkWidget         *send;
  GtkWidget         *think;
  guint              n_sent;
} Fixture;

static void
sent_cb (FacetComposer *composer, Fixture *f)
{
  f->n_sent++;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  ui_fixture_set_up (&f->base, NULL, 0);
  f->conversation = facet_library_new_conversation (f->base.library);
  f->composer = facet_composer_new ();
  f->window = gtk_window_new ();
  gtk_window_set_default_size (GTK_WINDOW (f->window), 480, 300);
  gtk_widget_set_valign (GTK_WIDGET (f->composer), GTK_ALIGN_END);
  gtk_window_set_child (GTK_WINDOW (f->window), GTK_WIDGET (f->composer));
  facet_composer_set_conversation (f->composer, f->conversation);
  g_signal_connect (f->composer, "sent", G_CALLBACK (sent_cb), f);

  f->view = ui_find (GTK_WIDGET (f->composer), GTK_TYPE_TEXT_VIEW, NULL);
  f->buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (f->view));
  f->send = ui_find (GTK_WIDGET (f->composer), GTK_TYPE_BUTTON, "Send");
  f->think = ui_find (GTK_WIDGET (f->composer), GTK_TYPE_TOGGLE_BUTTON, "Off");
  gtk_window_present (GTK_WINDOW (f->window));
  gtk_test_widget_wait_for_draw (f->window);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_object_add_weak_pointer (G_OBJECT (f->composer), (gpointer *)&f->composer);
  gtk_window_destroy (GTK_WINDOW (f->window));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (f->composer);
  g_object_unref (f->conversation);
  ui_fixture_tear_down (&f->base);
}

static void
type (Fixture *f, const char *text)
{
  gtk_text_buffer_insert_at_cursor (f->buffer, text, -1);
}

static void
assert_text (Fixture *f, const char *expected)
{
  g_autofree char *text = NULL;

  g_object_get (f->buffer, "text", &text, NULL);
  g_assert_cmpstr (text, ==, expected);
}

static FacetMessage *
nth_message (Fixture *f, guint n)
{
  return g_list_model_get_item (G_LIST_MODEL (f->conversation), n);
}

static void
assert_message (Fixture *f, guint n, const char *expected)
{
  g_autoptr (FacetMessage) message = nth_message (f, n);

  g_assert_nonnull (message);
  g_assert_cmpstr (facet_message_get_text (message), ==, expected);
}

static void
send (Fixture *f, const char *text)
{
  type (f, text);
  g_assert_true (ui_press (f->view, GDK_KEY_Return, 0));
  ui_wait_idle (f->conversation);
}

static void
test_return_sends (Fixture *f, gconstpointer data)
{
  g_assert_false (gtk_widget_get_sensitive (f->send));
  type (f, "  \n ");
  g_assert_false (gtk_widget_get_sensitive (f->send));
  g_assert_true (ui_press (f->view, GDK_KEY_Return, 0));
  assert_text (f, "  \n ");
  g_assert_cmpuint (f->n_sent, ==, 0);

  gtk_text_buffer_set_text (f->buffer, "", -1);
  send (f, "Hello");
  g_assert_cmpuint (f->n_sent, ==, 1);
  assert_text (f, "");
  assert_message (f, 0, "Hello");
  assert_message (f, 1, "You said: Hello");

  /* Ctrl+Return and the keypad do, too; a line break is left to the text field. */
  type (f, "Again");
  ui_press (f->view, GDK_KEY_Return, GDK_SHIFT_MASK);
  assert_text (f, "Again\n");
  g_assert_true (ui_press (f->view, GDK_KEY_Return, GDK_CONTROL_MASK));
  ui_wait_idle (f->conversation);
  assert_message (f, 2, "Again");
  type (f, "Keypad");
  g_assert_true (ui_press (f->view, GDK_KEY_KP_Enter, 0));
  ui_wait_idle (f->conversation);
  assert_message (f, 4, "Keypad");
  type (f, "Button");
  g_signal_emit_by_name (f->send, "clicked");
  ui_wait_idle (f->conversation);
  assert_message (f, 6, "Button");
}

/* The words are on disk, and the assistant has the request. */
static gboolean
is_asked (gpointer fake)
{
  return fake_assistant_get_n_started (fake) > 0;
}

static gboolean
is_stopped (gpointer conversation)
{
  return !facet_conversation_get_busy (conversation);
}

static void
test_stop (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetMessage) answer = NULL;

  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, "One two");
  fake_assistant_add_hang (f->base.fake);
  type (f, "Count");
  ui_press (f->view, GDK_KEY_Return, 0);
  ui_wait (is_asked, f->base.fake);
  gtk_test_accessible_assert_property (f->send, GTK_ACCESSIBLE_PROPERTY_LABEL, "Stop");
  g_assert_true (gtk_widget_get_sensitive (f->send));

  /* Typing goes on; Return keeps it. */
  type (f, "And then");
  g_assert_true (ui_press (f->view, GDK_KEY_Return, 0));
  assert_text (f, "And then");
  g_assert_cmpuint (f->n_sent, ==, 1);
  g_assert_nonnull (ui_find (GTK_WIDGET (f->composer), GTK_TYPE_LABEL,
                             "Still answering. What you write is kept."));
  ui_picture (f->window, "composer-busy");

  g_signal_emit_by_name (f->send, "clicked");
  ui_wait (is_stopped, f->conversation);
  g_assert_cmpuint (fake_assistant_get_n_cancelled (f->base.fake), ==, 1);
  answer = nth_message (f, 1);
  g_assert_cmpint (facet_message_get_state (answer), ==, FACET_MESSAGE_STOPPED);
  gtk_test_accessible_assert_property (f->send, GTK_ACCESSIBLE_PROPERTY_LABEL, "Send");
  assert_text (f, "And then");
}

static gboolean
has_draft (gpointer conversation)
{
  return facet_conversation_get_draft (conversation)[0] != '\0';
}

static void
test_drafts (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetConversation) other = facet_library_new_conversation (f->base.library);

  type (f, "Half a sent");
  ui_wait (has_draft, f->conversation);
  g_assert_cmpstr (facet_conversation_get_draft (f->conversation), ==, "Half a sent");
  /* Not a moment is lost when another conversation comes. */
  type (f, "ence");
  facet_composer_set_conversation (f->composer, other);
  g_assert_cmpstr (facet_conversation_get_draft (f->conversation), ==, "Half a sentence");
  assert_text (f, "");
  type (f, "Another");
  facet_composer_set_conversation (f->composer, f->conversation);
  assert_text (f, "Half a sentence");
  g_assert_cmpstr (facet_conversation_get_draft (other), ==, "Another");
  g_assert_false (gtk_text_buffer_get_can_undo (f->buffer));

  ui_press (f->view, GDK_KEY_Return, 0);
  g_assert_cmpstr (facet_conversation_get_draft (f->conversation), ==, "");
  ui_wait_idle (f->conversation);
}

static void
test_edit (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetMessage) first = NULL;

  ui_press (f->view, GDK_KEY_Up, 0); /* nothing to edit yet */
  g_assert_null (facet_composer_get_editing (f->composer));
  send (f, "First");
  send (f, "Second");
  first = nth_message (f, 0);

  type (f, "a draft");
  ui_press (f->view, GDK_KEY_Up, 0); /* the cursor's own key now */
  g_assert_null (facet_composer_get_editing (f->composer));
  facet_composer_edit (f->composer, first);
  assert_text (f, "First");
  g_assert_true (facet_composer_get_editing (f->composer) == first);
  g_assert_cmpstr (facet_conversation_get_draft (f->conversation), ==, "a draft");
  type (f, " again");
  ui_picture (f->window, "composer-edit");

  g_assert_true (facet_composer_cancel_edit (f->composer));
  g_assert_false (facet_composer_cancel_edit (f->composer));
  assert_text (f, "a draft");
  assert_message (f, 0, "First");

  facet_composer_edit (f->composer, first);
  type (f, ", please");
  g_assert_true (ui_press (f->view, GDK_KEY_Return, 0));
  g_assert_null (facet_composer_get_editing (f->composer));
  assert_text (f, "a draft");
  ui_wait_idle (f->conversation);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->conversation)), ==, 2);
  assert_message (f, 0, "First, please");
  assert_message (f, 1, "You said: First, please");

  gtk_text_buffer_set_text (f->buffer, "", -1);
  g_assert_true (ui_press (f->view, GDK_KEY_Up, 0));
  assert_text (f, "First, please");
}

/* What is edited may go away under it. */
static void
test_edit_deleted (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetMessage) first = NULL;

  send (f, "First");
  first = nth_message (f, 0);
  facet_composer_edit (f->composer, first);
  type (f, " and more");
  facet_conversation_delete_message (f->conversation, first);
  g_assert_null (facet_composer_get_editing (f->composer));
  assert_text (f, "First and more");
}

static void
test_think (Fixture *f, gconstpointer data)
{
  gtk_test_accessible_assert_property (f->think, GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                       "Off: the model answers at once");
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (f->think), TRUE);
  g_assert_true (facet_conversation_get_thinking (f->conversation));
  gtk_test_accessible_assert_property (f->think, GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                       "On: the model thinks before it answers");
  gtk_test_accessible_assert_state (f->think, GTK_ACCESSIBLE_STATE_PRESSED,
                                    GTK_ACCESSIBLE_TRISTATE_TRUE);
  facet_conversation_set_thinking (f->conversation, FALSE);
  g_assert_false (gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (f->think)));

  gtk_test_accessible_assert_property (f->view, GTK_ACCESSIBLE_PROPERTY_LABEL, "Message");
  gtk_test_accessible_assert_role (f->send, GTK_ACCESSIBLE_ROLE_BUTTON);
}

static gboolean
is_counted (gpointer data)
{
  Fixture *f = data;

  return ui_find (GTK_WIDGET (f->composer), GTK_TYPE_LABEL, "3 tokens") != NULL;
}

static gboolean
is_uncounted (gpointer data)
{
  Fixture *f = data;

  return ui_find (GTK_WIDGET (f->composer), GTK_TYPE_LABEL, "3 tokens") == NULL;
}

static gboolean
is_too_much (gpointer data)
{
  Fixture *f = data;

  return ui_find (GTK_WIDGET (f->composer), GTK_TYPE_LABEL, "9000 tokens, the model holds 8192") !=
         NULL;
}

static void
test_count (Fixture *f, gconstpointer data)
{
  type (f, "one two three");
  ui_wait (is_counted, f);
  gtk_text_buffer_set_text (f->buffer, "", -1);
  ui_wait (is_uncounted, f);

  /* More than fits is said before it is sent. */
  for (guint i = 0; i < 9000; i++)
    type (f, " word");
  ui_wait (is_too_much, f);
}

static int
content_height (Fixture *f)
{
  ui_run_for (200);
  return gtk_widget_get_height (gtk_widget_get_parent (f->view));
}

static void
test_grows (Fixture *f, gconstpointer data)
{
  int five, six, ten, thirty;

  gtk_window_set_default_size (GTK_WINDOW (f->window), 480, 600);
  type (f, "1\n2\n3\n4\n5");
  five = content_height (f);
  type (f, "\n6");
  six = content_height (f);
  type (f, "\n7\n8\n9\n10");
  ten = content_height (f);
  for (guint i = 11; i <= 30; i++)
    type (f, "\nmore");
  thirty = content_height (f);
  ui_picture (f->window, "composer-tall");

  g_assert_cmpint (six, >, five);
  g_assert_cmpint (ten, ==, five + 5 * (six - five));
  g_assert_cmpint (thirty, ==, ten);
}

/* Without a library there is nowhere to keep words: none are taken. */
static void
test_without_conversation (Fixture *f, gconstpointer data)
{
  facet_composer_set_conversation (f->composer, NULL);
  g_assert_false (gtk_widget_is_sensitive (f->view));
  g_assert_false (facet_composer_send (f->composer, "Hello"));
  g_assert_false (facet_composer_edit_last (f->composer));
  facet_composer_set_conversation (f->composer, f->conversation);
  g_assert_true (gtk_widget_is_sensitive (f->view));
}

int
main (int argc, char *argv[])
{
  static const struct {
    const char *path;
    void (*test) (Fixture *f, gconstpointer data);
  } tests[] = {
      {"/composer/return-sends", test_return_sends},
      {"/composer/stop", test_stop},
      {"/composer/drafts", test_drafts},
      {"/composer/edit", test_edit},
      {"/composer/edit-deleted", test_edit_deleted},
      {"/composer/think", test_think},
      {"/composer/count", test_count},
      {"/composer/grows", test_grows},
      {"/composer/without-conversation", test_without_conversation},
  };

  ui_test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
  return g_test_run ();
}
