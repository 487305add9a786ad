/* test-organise.c: what a window does to whole conversations: archive, copies, private ones.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-organise"

#include "config.h"

#include "facet-composer.h"
#include "facet-settings.h"
#include "facet-sidebar-row.h"
#include "facet-window.h"
#include "ui-fixture.h"

static FacetApplication *application;

typedef struct {
  UiFixture      base;
  GtkWidget     *window;
  FacetComposer *composer;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  ui_fixture_set_up (&f->base, NULL, 0);
  f->window = GTK_WIDGET (facet_window_new (application));
  gtk_window_set_default_size (GTK_WINDOW (f->window), data != NULL ? 360 : 1000, 640);
  facet_window_set_library (FACET_WINDOW (f->window), f->base.library);
  f->composer = FACET_COMPOSER (ui_find (f->window, FACET_TYPE_COMPOSER, NULL));
  gtk_window_present (GTK_WINDOW (f->window));
  gtk_test_widget_wait_for_draw (f->window);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_object_add_weak_pointer (G_OBJECT (f->window), (gpointer *)&f->window);
  gtk_window_destroy (GTK_WINDOW (f->window));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (f->window);
  ui_fixture_tear_down (&f->base);
}

static FacetConversation *
shown (Fixture *f)
{
  return facet_window_get_conversation (FACET_WINDOW (f->window));
}

static void
send (Fixture *f, const char *text)
{
  g_assert_true (facet_composer_send (f->composer, text));
  ui_wait_idle (shown (f));
}

static void
act (Fixture *f, const char *action)
{
  g_assert_true (gtk_widget_activate_action (f->window, action, NULL));
}

static void
act_on (Fixture *f, const char *action, gint64 id)
{
  g_assert_true (gtk_widget_activate_action (f->window, action, "x", id));
}

static guint
n_listed (Fixture *f)
{
  return g_list_model_get_n_items (G_LIST_MODEL (f->base.library));
}

static void
settle (Fixture *f)
{
  gtk_test_widget_wait_for_draw (f->window);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* A toast has its button once it is laid out. */
static gboolean
offers_undo (gpointer data)
{
  return ui_find (((Fixture *)data)->window, GTK_TYPE_BUTTON, "Undo") != NULL;
}

static void
test_archive (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetConversation) first = NULL;

  send (f, "First");
  first = g_object_ref (shown (f));
  act (f, "win.new-conversation");
  send (f, "Second");
  act_on (f, "win.archive-conversation", facet_conversation_get_id (shown (f)));
  g_assert_true (shown (f) == first);
  g_assert_cmpuint (n_listed (f), ==, 1);
  ui_wait (offers_undo, f);
  g_signal_emit_by_name (ui_find (f->window, GTK_TYPE_BUTTON, "Undo"), "clicked");
  g_assert_cmpuint (n_listed (f), ==, 2);
  act_on (f, "win.archive-conversation", 4711);
  g_assert_cmpuint (n_listed (f), ==, 2);
}

static gboolean
shows_copy (gpointer data)
{
  FacetConversation *conversation = shown (data);

  return g_str_has_suffix (facet_conversation_get_title (conversation), "(copy)") &&
         facet_conversation_get_loaded (conversation);
}

static void
test_copies (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetConversation) original = NULL;
  g_autoptr (FacetMessage) answer = NULL;

  send (f, "First");
  send (f, "Second");
  original = g_object_ref (shown (f));
  act_on (f, "win.duplicate-conversation", facet_conversation_get_id (original));
  ui_wait (shows_copy, f);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (shown (f))), ==, 4);

  facet_window_open (FACET_WINDOW (f->window), original);
  answer = g_list_model_get_item (G_LIST_MODEL (original), 1);
  act_on (f, "win.begin-conversation-from", facet_message_get_id (answer));
  ui_wait (shows_copy, f);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (shown (f))), ==, 2);
  g_assert_cmpuint (n_listed (f), ==, 3);
}

static gboolean
is_shown (Fixture *f, const char *text)
{
  GtkWidget *label = ui_find (f->window, GTK_TYPE_LABEL, text);

  return label != NULL && gtk_widget_get_mapped (label);
}

static void
test_private (Fixture *f, gconstpointer data)
{
  static const char  line[] = "Private: kept in memory only, gone when the window closes";
  FacetConversation *secret;

  g_assert_false (is_shown (f, line));
  act (f, "win.new-private-conversation");
  settle (f);
  secret = shown (f);
  g_assert_true (facet_conversation_is_private (secret));
  g_assert_true (is_shown (f, line));
  g_assert_true (gtk_widget_has_css_class (GTK_WIDGET (f->composer), "private"));
  if (data == NULL) { /* the list beside the conversation */
    g_assert_true (is_shown (f, "Private"));
    g_assert_true (is_shown (f, "Private conversation"));
  }

  send (f, "A secret");
  settle (f);
  ui_picture (f->window, data != NULL ? "window-private-narrow" : "window-private");
  g_assert_cmpuint (n_listed (f), ==, 0);
  act (f, "win.new-conversation");
  g_assert_false (is_shown (f, line));
  send (f, "Not a secret");
  g_assert_cmpuint (n_listed (f), ==, 1);

  /* It is still there as long as the window, unless the person says otherwise. */
  facet_window_open (FACET_WINDOW (f->window), secret);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (secret)), ==, 2);
  g_object_add_weak_pointer (G_OBJECT (secret), (gpointer *)&secret);
  act (f, "win.delete");
  settle (f);
  g_assert_null (secret);
  g_assert_cmpuint (g_list_model_get_n_items (facet_library_get_trash (f->base.library)), ==, 0);

  /* One in which nothing was said leaves no trace. */
  act (f, "win.new-private-conversation");
  secret = shown (f);
  g_object_add_weak_pointer (G_OBJECT (secret), (gpointer *)&secret);
  act (f, "win.new-conversation");
  settle (f);
  g_assert_null (secret);
}

#define add(path, data, func) g_test_add (path, Fixture, data, set_up, func, tear_down)

int
main (int argc, char *argv[])
{
  int status;

  ui_test_init (&argc, &argv);
  application = facet_application_new (G_APPLICATION_NON_UNIQUE);
  g_assert_true (g_application_register (G_APPLICATION (application), NULL, NULL));
  add ("/organise/archive", NULL, test_archive);
  add ("/organise/copies", NULL, test_copies);
  add ("/organise/private", NULL, test_private);
  add ("/organise/private-narrow", "narrow", test_private);
  status = g_test_run ();
  g_object_unref (application);
  return status;
}
