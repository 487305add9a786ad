/* test-versions.c: moving between the versions of messages in the chat view.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-versions"

#include "config.h"

#include "facet-version-pager.h"
#include "ui-fixture.h"

static void
answer_again (UiChat *f, int index, const char *answer)
{
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, answer);
  ui_chat_act (f, index, "message.regenerate");
  ui_wait_idle (f->conversation);
  ui_chat_settle (f);
}

static GtkWidget *
get_pager (UiChat *f, int index)
{
  GtkWidget *row = ui_chat_get_row (f, index);

  g_assert_nonnull (row);
  return ui_find (row, FACET_TYPE_VERSION_PAGER, NULL);
}

typedef struct {
  UiChat     *chat;
  int         index;
  const char *text;
} Wanted;

static gboolean
says (gpointer data)
{
  Wanted *wanted = data;

  return g_str_has_prefix (facet_message_get_text (
                               ui_chat_get_message (wanted->chat, wanted->index)),
                           wanted->text);
}

static void
go (UiChat *f, int index, const char *action, const char *text)
{
  Wanted wanted = {f, index, text};

  ui_chat_act (f, index, action);
  ui_wait (says, &wanted);
  ui_chat_settle (f);
}

static gboolean
can (GtkWidget *pager, const char *tooltip)
{
  return gtk_widget_get_sensitive (ui_find (pager, GTK_TYPE_BUTTON, tooltip));
}

static void
test_pager (UiChat *f, gconstpointer data)
{
  GtkWidget *pager;

  ui_chat_ask (f, "A question", "One");
  ui_chat_settle (f);
  g_assert_false (gtk_widget_get_visible (get_pager (f, 0)));
  g_assert_false (gtk_widget_get_visible (get_pager (f, 1)));

  answer_again (f, 1, "Two");
  answer_again (f, 1, "Three");
  pager = get_pager (f, 1);
  g_assert_true (gtk_widget_get_visible (pager));
  g_assert_nonnull (ui_find (pager, GTK_TYPE_LABEL, "3/3"));
  gtk_test_accessible_assert_property (pager, GTK_ACCESSIBLE_PROPERTY_LABEL, "Version 3 of 3");
  g_assert_true (can (pager, "Previous version"));
  g_assert_false (can (pager, "Next version"));

  go (f, 1, "message.previous-version", "Two");
  pager = get_pager (f, 1);
  gtk_test_accessible_assert_property (pager, GTK_ACCESSIBLE_PROPERTY_LABEL, "Version 2 of 3");
  g_assert_true (can (pager, "Next version"));
  ui_picture (f->window, "versions");
  go (f, 1, "message.previous-version", "One");
  g_assert_false (can (get_pager (f, 1), "Previous version"));
  go (f, 1, "message.next-version", "Two");

  /* A question, too; and what was answered to it. */
  facet_conversation_edit_and_resend (f->conversation, ui_chat_get_message (f, 0),
                                      "Another question");
  ui_wait_idle (f->conversation);
  ui_chat_settle (f);
  g_assert_nonnull (ui_find (get_pager (f, 0), GTK_TYPE_LABEL, "2/2"));
  g_assert_false (gtk_widget_get_visible (get_pager (f, 1)));
  go (f, 0, "message.previous-version", "A question");
  g_assert_nonnull (ui_find (get_pager (f, 1), GTK_TYPE_LABEL, "3/3"));
}

static double
get_foot (UiChat *f, int index)
{
  GtkWidget *pager = get_pager (f, index);
  double     x, y;

  g_assert_true (gtk_widget_translate_coordinates (pager, GTK_WIDGET (f->list), 0, 0, &x, &y));
  return y;
}

/* The buttons stay under the pointer and keep the keyboard, though the answers have other lengths
 * and other messages come after them. */
static void
test_stays (UiChat *f, gconstpointer data)
{
  g_autofree char *many = ui_make_text (900, 60);
  g_autofree char *longer = g_strconcat ("Long ", many, NULL);
  GtkWidget       *focus;
  double           foot;

  ui_chat_ask (f, "Before", many);
  ui_chat_ask (f, "A question", longer);
  ui_chat_ask (f, "After", many);
  ui_chat_settle (f);
  facet_conversation_regenerate (f->conversation, ui_chat_get_message (f, 3));
  ui_wait_idle (f->conversation);
  ui_chat_settle (f);
  g_assert_true (ui_chat_is_at_end (f));
  ui_chat_scroll_by (f, -12);
  ui_chat_settle (f);

  foot = get_foot (f, 3);
  gtk_widget_grab_focus (ui_find (get_pager (f, 3), GTK_TYPE_BUTTON, "Previous version"));
  go (f, 3, "message.previous-version", "Long");
  g_assert_cmpfloat (ABS (get_foot (f, 3) - foot), <=, 2);
  focus = gtk_root_get_focus (GTK_ROOT (f->window));
  g_assert_true (gtk_widget_is_ancestor (focus, get_pager (f, 3)));

  go (f, 3, "message.next-version", "You said");
  g_assert_cmpfloat (ABS (get_foot (f, 3) - foot), <=, 2);
  focus = gtk_root_get_focus (GTK_ROOT (f->window));
  g_assert_true (gtk_widget_is_ancestor (focus, get_pager (f, 3)));
}

/* Where all fits the screen, nothing offers to go to the end. */
static void
test_short (UiChat *f, gconstpointer data)
{
  ui_chat_ask (f, "A question", "One");
  ui_chat_settle (f);
  answer_again (f, 1, "Two");
  go (f, 1, "message.previous-version", "One");
  g_assert_false (facet_chat_view_get_unpinned (f->view));
}

#define add(path, func) g_test_add (path, UiChat, NULL, ui_chat_set_up, func, ui_chat_tear_down)

int
main (int argc, char *argv[])
{
  ui_test_init (&argc, &argv);
  add ("/versions/pager", test_pager);
  add ("/versions/stays", test_stays);
  add ("/versions/short", test_short);
  return g_test_run ();
}
