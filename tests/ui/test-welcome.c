/* test-welcome.c: the page of a conversation that has not begun: what it offers with which model,
 * and what its examples do.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-welcome"

#include "config.h"

#include <string.h>

#include "facet-welcome.h"
#include "facet-window.h"
#include "ui-media.h"

static FacetApplication *application;

typedef struct {
  UiFixture  base;
  GtkWidget *window;
  GtkWidget *welcome;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  ui_fixture_set_up (&f->base, NULL, 0);
  fake_assistant_set_demo (f->base.fake, TRUE);
  f->window = GTK_WIDGET (facet_window_new (application));
  gtk_window_set_default_size (GTK_WINDOW (f->window), 1000, 720);
  facet_window_set_library (FACET_WINDOW (f->window), f->base.library);
  f->welcome = ui_find (f->window, FACET_TYPE_WELCOME, NULL);
  gtk_window_present (GTK_WINDOW (f->window));
  gtk_test_widget_wait_for_draw (f->window);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  gtk_window_destroy (GTK_WINDOW (f->window));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  ui_fixture_tear_down (&f->base);
}

static FacetConversation *
shown (Fixture *f)
{
  return facet_window_get_conversation (FACET_WINDOW (f->window));
}

/* The row of the page that says @title; NULL: it is not offered. */
static GtkWidget *
find_row (Fixture *f, const char *title)
{
  GtkWidget *label = ui_find (f->welcome, GTK_TYPE_LABEL, title);
  GtkWidget *row = label != NULL ? gtk_widget_get_ancestor (label, ADW_TYPE_ACTION_ROW) : NULL;

  return row != NULL && gtk_widget_get_mapped (row) ? row : NULL;
}

static void
activate (Fixture *f, const char *title)
{
  GtkWidget *row = find_row (f, title);

  g_assert_nonnull (row);
  g_assert_true (gtk_widget_get_focusable (row));
  g_signal_emit_by_name (row, "activate"); /* as Return on it does */
}

#define PICTURE "What do you see?"
#define SPEECH  "“We had water with cheese for dinner.”"
#define SUM     "What is 47 + 38?"
#define MODEL   "Get Gemma 4 E2B"

/* Asked for again until the sidebar has made room. */
static gboolean
is_phone_wide (gpointer data)
{
  Fixture *f = data;

  gtk_window_set_default_size (GTK_WINDOW (f->window), 360, 640);
  return gtk_widget_get_width (f->window) <= 360;
}

static void
test_demo (Fixture *f, gconstpointer data)
{
  GtkWidget *tag = ui_find (f->welcome, GTK_TYPE_LABEL, "Demonstration model");

  g_assert_true (gtk_widget_get_mapped (tag));
  g_assert_nonnull (find_row (f, PICTURE));
  g_assert_nonnull (find_row (f, SPEECH));
  g_assert_nonnull (find_row (f, SUM));
  g_assert_nonnull (find_row (f, MODEL));
  gtk_test_accessible_assert_property (gtk_widget_get_parent (find_row (f, SUM)),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "Examples");
  ui_picture (f->window, "welcome-wide");
  ui_wait (is_phone_wide, f);
  g_assert_nonnull (find_row (f, PICTURE));
  gtk_test_widget_wait_for_draw (f->window);
  ui_picture (f->window, "welcome-narrow");
}

/* Another model is offered what it can do, and is not said to be small. */
static void
test_other_models (Fixture *f, gconstpointer data)
{
  fake_assistant_set_demo (f->base.fake, FALSE);
  gtk_test_widget_wait_for_draw (f->window);
  g_assert_false (
      gtk_widget_get_mapped (ui_find (f->welcome, GTK_TYPE_LABEL, "Demonstration model")));
  g_assert_nonnull (find_row (f, PICTURE));
  g_assert_nonnull (find_row (f, SPEECH));
  g_assert_nonnull (find_row (f, SUM));
  g_assert_null (find_row (f, MODEL));

  fake_assistant_set_text_only (f->base.fake, TRUE);
  gtk_test_widget_wait_for_draw (f->window);
  g_assert_null (find_row (f, PICTURE));
  g_assert_null (find_row (f, SPEECH));
  g_assert_nonnull (find_row (f, SUM));
}

static gboolean
is_answered (gpointer data)
{
  FacetConversation *conversation = data;

  return g_list_model_get_n_items (G_LIST_MODEL (conversation)) == 2 &&
         !facet_conversation_get_busy (conversation);
}

/* Once, however often it was clicked while the picture was on its way; what was begun to be written
 * stays. */
static void
test_picture (Fixture *f, gconstpointer data)
{
  GtkTextView   *view = GTK_TEXT_VIEW (ui_find (f->window, GTK_TYPE_TEXT_VIEW, NULL));
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (view);
  g_autoptr (FacetMessage) question = NULL;
  g_autofree char *draft = NULL;
  GPtrArray       *media;

  gtk_text_buffer_set_text (buffer, "Begun", -1);
  activate (f, PICTURE);
  activate (f, PICTURE);
  ui_wait (is_answered, shown (f));
  question = g_list_model_get_item (G_LIST_MODEL (shown (f)), 0);
  g_assert_cmpstr (facet_message_get_text (question), ==, PICTURE);
  media = facet_message_get_attachments (question);
  g_assert_cmpuint (media->len, ==, 1);
  g_assert_cmpstr (facet_media_get_name (g_ptr_array_index (media, 0)), ==, "Drawing.png");
  g_object_get (buffer, "text", &draft, NULL);
  g_assert_cmpstr (draft, ==, "Begun");
  g_assert_cmpuint (fake_assistant_get_n_started (f->base.fake), ==, 1);
}

/* Who has turned to another conversation meanwhile is not interrupted there: the picture waits
 * where it was asked for. */
static void
test_picture_elsewhere (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetConversation) first = g_object_ref (shown (f));

  activate (f, SUM);
  ui_wait (is_answered, first);
  g_assert_true (facet_conversation_get_thinking (first));
  g_assert_true (gtk_widget_activate_action (f->window, "win.new-conversation", NULL));
  {
    g_autoptr (FacetConversation) second = g_object_ref (shown (f));

    g_assert_true (second != first);
    gtk_test_widget_wait_for_draw (f->window);
    activate (f, PICTURE);
    facet_window_open (FACET_WINDOW (f->window), first);
    ui_media_wait (second);
    g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (first)), ==, 2);
    g_assert_cmpuint (g_list_model_get_n_items (
                          G_LIST_MODEL (facet_conversation_get_draft_media (second))),
                      ==, 1);
    g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (second)), ==, 0);
  }
}

/* Nothing can be recorded in this window: it says why. */
static void
test_speech_impossible (Fixture *f, gconstpointer data)
{
  activate (f, SPEECH);
  gtk_test_widget_wait_for_draw (f->window);
  g_assert_nonnull (
      ui_find (f->window, GTK_TYPE_LABEL, "There is no conversation to talk in yet."));
}

static void
opened_cb (GSimpleAction *action, GVariant *parameter, guint *n)
{
  (*n)++;
}

static void
test_get_model (Fixture *f, gconstpointer data)
{
  g_autoptr (GAction) before = NULL;
  g_autoptr (GSimpleAction) models = g_simple_action_new ("models", NULL);
  guint n = 0;

  before = g_action_map_lookup_action (G_ACTION_MAP (application), "models");
  if (before != NULL)
    g_object_ref (before);
  g_signal_connect (models, "activate", G_CALLBACK (opened_cb), &n);
  g_action_map_add_action (G_ACTION_MAP (application), G_ACTION (models));
  activate (f, MODEL);
  g_assert_cmpuint (n, ==, 1);
  g_action_map_remove_action (G_ACTION_MAP (application), "models");
  if (before != NULL)
    g_action_map_add_action (G_ACTION_MAP (application), before);
}

int
main (int argc, char *argv[])
{
  int result;

  ui_test_init (&argc, &argv);
  application = facet_application_new (G_APPLICATION_NON_UNIQUE);
  g_assert_true (g_application_register (G_APPLICATION (application), NULL, NULL));
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/welcome/demo", test_demo);
  ADD ("/welcome/other-models", test_other_models);
  ADD ("/welcome/picture", test_picture);
  ADD ("/welcome/picture-elsewhere", test_picture_elsewhere);
  ADD ("/welcome/speech-impossible", test_speech_impossible);
  ADD ("/welcome/get-model", test_get_model);
  result = g_test_run ();
  g_object_unref (application);
  return result;
}
