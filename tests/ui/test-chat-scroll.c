/* test-chat-scroll.c: the reader's place in a conversation: following the end, staying where it is,
 * scrolling and jumping through what was never measured.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-chat-scroll"

#include "config.h"

#include "facet-block-view.h"
#include "ui-fixture.h"

/* What is seen at the top of the list: the first block that begins there or below. */
static GtkWidget *
find_at_top (UiChat *f, double *y)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (f->conversation));

  for (guint i = 0; i < n; i++) {
    FacetBlockColumn *body;

    if (ui_chat_get_row (f, (int)i) == NULL)
      continue;
    body = ui_chat_get_body (f, (int)i);
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

static void
test_follows_the_end (UiChat *f, gconstpointer data)
{
  g_autofree char *answer = ui_make_text (600, 20);

  fake_assistant_set_speed (f->base.fake, 2000);
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, answer);
  facet_conversation_send (f->conversation, "Go");
  while (facet_conversation_get_busy (f->conversation)) {
    ui_chat_settle (f);
    g_assert_true (ui_chat_is_at_end (f));
    g_assert_false (facet_chat_view_get_unpinned (f->view));
  }
  ui_chat_settle (f);
  g_assert_true (ui_chat_is_at_end (f));
  g_assert_cmpfloat (ui_chat_get_end (f), >, 500);
}

static void
test_never_fights_the_reader (UiChat *f, gconstpointer data)
{
  g_autofree char *first = ui_make_text (600, 20);
  g_autofree char *second = ui_make_text (400, 20);
  GtkWidget       *overlay = gtk_widget_get_ancestor (GTK_WIDGET (f->list), GTK_TYPE_OVERLAY);
  GtkWidget       *latest = ui_find (overlay, GTK_TYPE_REVEALER, NULL);
  GtkWidget       *block;
  double           value, y, again;

  ui_chat_ask (f, "First", first);
  fake_assistant_set_speed (f->base.fake, 800);
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, second);
  facet_conversation_send (f->conversation, "Second");
  ui_chat_settle (f);
  g_assert_false (gtk_revealer_get_reveal_child (GTK_REVEALER (latest)));

  /* The smallest scroll upwards is enough. */
  ui_chat_scroll_by (f, -3);
  g_assert_true (facet_chat_view_get_unpinned (f->view));
  ui_chat_scroll_by (f, -300);
  ui_chat_settle (f);
  g_assert_true (gtk_revealer_get_reveal_child (GTK_REVEALER (latest)));
  value = gtk_adjustment_get_value (f->adjustment);
  block = find_at_top (f, &y);
  while (facet_conversation_get_busy (f->conversation)) {
    ui_chat_settle (f);
    g_assert_true (find_at_top (f, &again) == block);
    g_assert_cmpfloat (again, ==, y);
    g_assert_cmpfloat (gtk_adjustment_get_value (f->adjustment), ==, value);
  }
  g_assert_false (ui_chat_is_at_end (f));

  /* Down, but not to the end: still the reader's. */
  ui_chat_scroll_by (f, 50);
  g_assert_true (facet_chat_view_get_unpinned (f->view));
  gtk_adjustment_set_value (f->adjustment, ui_chat_get_end (f));
  g_assert_false (facet_chat_view_get_unpinned (f->view));
  ui_chat_settle (f);
  g_assert_false (gtk_revealer_get_reveal_child (GTK_REVEALER (latest)));
}

static void
test_latest (UiChat *f, gconstpointer data)
{
  g_autofree char *answer = ui_make_text (600, 20);

  ui_chat_ask (f, "First", answer);
  ui_chat_settle (f);
  ui_chat_scroll_by (f, -1000);
  ui_chat_settle (f);
  g_assert_true (facet_chat_view_get_unpinned (f->view));
  gtk_widget_activate_action (GTK_WIDGET (f->view), "chat.latest", NULL);
  ui_chat_settle (f);
  g_assert_false (facet_chat_view_get_unpinned (f->view));
  g_assert_true (ui_chat_is_at_end (f));

  /* Who sends wants to see the answer. */
  ui_chat_scroll_by (f, -1000);
  g_assert_true (facet_chat_view_get_unpinned (f->view));
  ui_chat_ask (f, "Second", "Short");
  ui_chat_settle (f);
  g_assert_false (facet_chat_view_get_unpinned (f->view));
  g_assert_true (ui_chat_is_at_end (f));
}

/* Scrolling up through what was never measured: every step moves what is seen by that step. */
static void
test_scrolling_does_not_jump (UiChat *f, gconstpointer data)
{
  int n_steps = 0;

  for (int i = 0; i < 12; i++) {
    g_autofree char *text = ui_make_text (40 + 30 * (guint)(i % 5), 7 + (guint)i);
    g_autofree char *answer =
        g_strdup_printf ("## Part %d\n\n%s\n\n```py\nx = %d\n\ny = 1\n```\n\n| a | b "
                         "|\n|---|---|\n| "
                         "1 | some longer text in a cell that may have to wrap at some width |\n",
                         i, text, i);

    ui_chat_ask (f, "Go on", answer);
  }
  /* Another width, so that all but what is seen is estimated. */
  gtk_window_set_default_size (GTK_WINDOW (f->window), 620, 600);
  ui_chat_settle (f);
  ui_chat_settle (f);
  ui_chat_scroll_by (f, -10);
  ui_chat_settle (f);
  for (int i = 0; i < 200; i++) {
    double     before, after, x;
    GtkWidget *block = find_at_top (f, &before);

    if (gtk_adjustment_get_value (f->adjustment) < gtk_adjustment_get_lower (f->adjustment) + 40)
      break;
    n_steps++;
    ui_chat_scroll_by (f, -40);
    /* What moves in a later frame is seen in the next step. */
    ui_chat_wait_frames (f, 2);
    g_assert_true (
        gtk_widget_translate_coordinates (block, GTK_WIDGET (f->list), 0, 0, &x, &after));
    g_assert_cmpfloat (ABS (after - before - 40), <=, 1);
  }
  g_assert_cmpint (n_steps, >, 40);
}

static void
test_resizing_keeps_the_place (UiChat *f, gconstpointer data)
{
  g_autofree char *answer = ui_make_text (2000, 25);
  double           y;
  GtkWidget       *block;
  guint            index, again;

  ui_chat_ask (f, "Go", answer);
  ui_chat_settle (f);
  ui_chat_scroll_by (f, -2500);
  ui_chat_settle (f);
  block = find_at_top (f, &y);
  index = facet_block_view_get_index (FACET_BLOCK_VIEW (block));
  gtk_window_set_default_size (GTK_WINDOW (f->window), 450, 600);
  ui_chat_settle (f);
  ui_chat_settle (f);
  block = find_at_top (f, &y);
  again = facet_block_view_get_index (FACET_BLOCK_VIEW (block));
  g_assert_cmpint (ABS ((int)again - (int)index), <=, 1);
}

/* A frame after a jump has only what is on the screen; what is near comes later and moves nothing.
 */
static void
test_jumping (UiChat *f, gconstpointer data)
{
  guint n_near = 0;

  for (guint i = 0; i < 60; i++) {
    g_autofree char *answer = ui_make_text (20 + 40 * (i % 4), 9);

    ui_chat_ask (f, "Go on", answer);
  }
  /* Another width, so that all but what is seen is estimated. */
  gtk_window_set_default_size (GTK_WINDOW (f->window), 620, 600);
  ui_chat_settle (f);
  ui_chat_settle (f);
  for (int i = 1; i < 10; i++) {
    double     lower = gtk_adjustment_get_lower (f->adjustment);
    double     before, after, x;
    GtkWidget *block;
    guint      n_rows;

    gtk_adjustment_set_value (f->adjustment,
                              lower + (ui_chat_get_end (f) - lower) * (i * 3 % 10) / 10);
    ui_chat_wait_frames (f, 1);
    n_rows = facet_chat_list_get_n_rows (f->list);
    block = find_at_top (f, &before);
    ui_chat_settle (f);
    n_near += facet_chat_list_get_n_rows (f->list) - n_rows;
    g_assert_true (
        gtk_widget_translate_coordinates (block, GTK_WIDGET (f->list), 0, 0, &x, &after));
    g_assert_cmpfloat (after, ==, before);
  }
  g_assert_cmpuint (n_near, >, 9);
}

int
main (int argc, char **argv)
{
  ui_test_init (&argc, &argv);

#define ADD(path, func) g_test_add (path, UiChat, NULL, ui_chat_set_up, func, ui_chat_tear_down)
  ADD ("/chat-scroll/follows-the-end", test_follows_the_end);
  ADD ("/chat-scroll/never-fights-the-reader", test_never_fights_the_reader);
  ADD ("/chat-scroll/latest", test_latest);
  ADD ("/chat-scroll/does-not-jump", test_scrolling_does_not_jump);
  ADD ("/chat-scroll/resizing-keeps-the-place", test_resizing_keeps_the_place);
  ADD ("/chat-scroll/jumping", test_jumping);
  return g_test_run ();
}
