/* test-search-dialog.c: searching everything, with the keyboard, and opening what was found.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-search-dialog"

#include "config.h"

#include <sqlite3.h>
#include <string.h>

#include "facet-announcer.h"
#include "facet-composer.h"
#include "facet-find-bar.h"
#include "facet-search-dialog.h"
#include "facet-search-row.h"
#include "facet-version-pager.h"
#include "facet-window.h"
#include "test-folder.h"
#include "ui-fixture.h"

#define NARROW 360
#define WIDE   1600

static FacetApplication *application;

typedef struct {
  UiFixture          base;
  GtkWidget         *window;
  FacetSearchDialog *dialog;
  GtkWidget         *entry;
  GtkSelectionModel *selection;
} Fixture;

static const char content[] =
    "INSERT INTO conversations (id, title, created, updated, head_id) VALUES"
    "  (1, 'Trip to Lisbon', 1, 1700000000000000, 12), (2, 'Stand-up', 1, 1690000000000000, 22),"
    "  (3, 'Old plans', 1, 1600000000000000, 31);"
    "UPDATE conversations SET archived = 1 WHERE id = 3;"
    "INSERT INTO messages (id, conversation_id, parent_id, role, state, text, thinking, created) "
    "VALUES"
    "  (11, 1, NULL, 0, 0, 'Which of these two squares is older, and is it near the river in "
    "Lisbon "
    "or up on the hill with the castle that we saw in the morning?', '', 1700000000000000),"
    "  (12, 1, 11, 1, 0, 'The **left** one. The tiles carry the mark of a workshop in Lisbon.',"
    "   'The person asks about Lisbon and shows two squares.', 1700000001000000),"
    "  (13, 1, 11, 1, 0, 'Another version: the aardvark.', '', 1700000002000000),"
    "  (21, 2, NULL, 0, 0, 'Who goes to Lisbon next week?', '', 1690000000000000),"
    "  (22, 2, 21, 1, 0, 'Nobody yet.', '', 1690000001000000),"
    "  (31, 3, NULL, 0, 0, 'Lisbon, one day', '', 1600000000000000);"
    "INSERT INTO attachments (message_id, position, kind, name, content_hash) VALUES"
    "  (21, 0, 'image', 'Lisbon-Rossio-2041.JPG', 'x');";

static void
write_rows (Fixture *f)
{
  sqlite3 *db = test_folder_open_db (f->base.folder);

  sqlite3_exec (db, content, NULL, NULL, NULL);
  g_assert_cmpstr (sqlite3_errmsg (db), ==, "not an error");
  sqlite3_close (db);
}

static void
open_dialog (Fixture *f)
{
  GListModel *toplevels = gtk_window_get_toplevels ();

  g_assert_true (gtk_widget_activate_action (f->window, "win.search", NULL));
  f->dialog = NULL;
  for (guint i = 0; i < g_list_model_get_n_items (toplevels); i++) {
    g_autoptr (GObject) window = g_list_model_get_item (toplevels, i);

    if (FACET_IS_SEARCH_DIALOG (window))
      f->dialog = FACET_SEARCH_DIALOG (window);
  }
  g_assert_nonnull (f->dialog);
  g_object_add_weak_pointer (G_OBJECT (f->dialog), (gpointer *)&f->dialog);
  f->entry = ui_find (GTK_WIDGET (f->dialog), GTK_TYPE_SEARCH_ENTRY, NULL);
  f->selection = gtk_list_view_get_model (
      GTK_LIST_VIEW (ui_find (GTK_WIDGET (f->dialog), GTK_TYPE_LIST_VIEW, NULL)));
  gtk_test_widget_wait_for_draw (GTK_WIDGET (f->dialog));
}

typedef struct {
  GtkWidget *window;
  int        width;
} Width;

/* Again and again: the sidebar has to fold first. */
static gboolean
has_width (gpointer data)
{
  Width *wanted = data;

  gtk_window_set_default_size (GTK_WINDOW (wanted->window), wanted->width, 640);
  return gtk_widget_get_width (wanted->window) <= wanted->width;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  Width wanted = {.width = data != NULL ? GPOINTER_TO_INT (data) : 1000};

  ui_fixture_set_up (&f->base, NULL, 0);
  write_rows (f);
  ui_fixture_reopen (&f->base);
  wanted.window = f->window = GTK_WIDGET (facet_window_new (application));
  gtk_window_set_default_size (GTK_WINDOW (f->window), wanted.width, 640);
  facet_window_set_library (FACET_WINDOW (f->window), f->base.library);
  gtk_window_present (GTK_WINDOW (f->window));
  gtk_test_widget_wait_for_draw (f->window);
  ui_wait (has_width, &wanted);
  open_dialog (f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  if (f->dialog != NULL)
    gtk_window_destroy (GTK_WINDOW (f->dialog));
  g_object_add_weak_pointer (G_OBJECT (f->window), (gpointer *)&f->window);
  gtk_window_destroy (GTK_WINDOW (f->window));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (f->dialog);
  g_assert_null (f->window);
  ui_fixture_tear_down (&f->base);
}

static const char *wanted_text;

/* It is what was searched for last, and there is an answer. */
static gboolean
is_answered (gpointer dialog)
{
  FacetSearch *search = facet_search_dialog_get_search (dialog);
  g_autoptr (FacetSearchQuery) query = facet_search_query_new (wanted_text);

  return !facet_search_get_searching (search) &&
         g_strcmp0 (facet_search_query_get_match (query),
                    facet_search_query_get_match (facet_search_get_query (search))) == 0;
}

static void
type (Fixture *f, const char *text)
{
  wanted_text = text;
  gtk_editable_set_text (GTK_EDITABLE (f->entry), text);
  ui_wait (is_answered, f->dialog);
}

static const char *
get_page (Fixture *f)
{
  return gtk_stack_get_visible_child_name (
      GTK_STACK (ui_find (GTK_WIDGET (f->dialog), GTK_TYPE_STACK, NULL)));
}

static guint
selected (Fixture *f)
{
  return gtk_single_selection_get_selected (GTK_SINGLE_SELECTION (f->selection));
}

static void
test_states (Fixture *f, gconstpointer data)
{
  g_assert_true (gtk_widget_is_ancestor (gtk_root_get_focus (GTK_ROOT (f->dialog)), f->entry));
  g_assert_cmpstr (get_page (f), ==, "hint");
  ui_picture (GTK_WIDGET (f->dialog), "search-hint");
  type (f, "lisbon");
  g_assert_cmpstr (get_page (f), ==, "results");
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->selection)), ==, 6);
  g_assert_nonnull (ui_find (GTK_WIDGET (f->dialog), GTK_TYPE_LABEL, "6 found"));
  g_assert_nonnull (ui_find (GTK_WIDGET (f->dialog), GTK_TYPE_LABEL, "Trip to Lisbon"));
  g_assert_nonnull (ui_find (GTK_WIDGET (f->dialog), GTK_TYPE_LABEL, "Archived"));
  ui_picture (GTK_WIDGET (f->dialog), "search");
  type (f, "lisbon xyzzy");
  g_assert_cmpstr (get_page (f), ==, "none");
  ui_picture (GTK_WIDGET (f->dialog), "search-none");
  type (f, "  ");
  g_assert_cmpstr (get_page (f), ==, "hint");
}

static void
test_keys (Fixture *f, gconstpointer data)
{
  type (f, "lisbon");
  g_assert_cmpuint (selected (f), ==, 0);
  g_assert_true (ui_press (GTK_WIDGET (f->dialog), GDK_KEY_Down, 0));
  g_assert_cmpuint (selected (f), ==, 1);
  g_assert_true (ui_press (GTK_WIDGET (f->dialog), GDK_KEY_Page_Down, 0));
  g_assert_cmpuint (selected (f), ==, 5);
  g_assert_true (ui_press (GTK_WIDGET (f->dialog), GDK_KEY_Down, 0));
  g_assert_cmpuint (selected (f), ==, 5);
  g_assert_true (ui_press (GTK_WIDGET (f->dialog), GDK_KEY_Up, 0));
  g_assert_cmpuint (selected (f), ==, 4);
  /* A cursor in the entry still moves. */
  g_assert_false (ui_press (GTK_WIDGET (f->dialog), GDK_KEY_Left, 0));
  g_signal_emit_by_name (f->entry, "stop-search");
  g_assert_null (f->dialog);
}

static const char *bar_words;

static gboolean
bar_says (gpointer window)
{
  GtkWidget *bar = ui_find (window, FACET_TYPE_FIND_BAR, NULL);

  return strcmp (facet_find_bar_get_words (FACET_FIND_BAR (bar)), bar_words) == 0;
}

/* Return opens the conversation, which is read from the disk, at the message. */
static void
test_open (Fixture *f, gconstpointer data)
{
  FacetConversation *conversation;

  type (f, "goes lisbon");
  g_signal_emit_by_name (f->entry, "activate");
  g_assert_null (f->dialog);
  conversation = facet_window_get_conversation (FACET_WINDOW (f->window));
  g_assert_cmpint (facet_conversation_get_id (conversation), ==, 2);
  bar_words = "1 of 2";
  ui_wait (bar_says, f->window);
  g_assert_true (gtk_widget_is_ancestor (gtk_root_get_focus (GTK_ROOT (f->window)),
                                         ui_find (f->window, FACET_TYPE_FIND_BAR, NULL)));
  ui_run_for (400); /* until the pages have changed */
  ui_picture (f->window, "search-opened");
  /* Esc leads back to the composer. */
  g_signal_emit_by_name (ui_find (ui_find (f->window, FACET_TYPE_FIND_BAR, NULL),
                                  GTK_TYPE_SEARCH_ENTRY, NULL),
                         "stop-search");
  g_assert_true (gtk_widget_is_ancestor (gtk_root_get_focus (GTK_ROOT (f->window)),
                                         ui_find (f->window, FACET_TYPE_COMPOSER, NULL)));
}

/* A conversation of the archive. */
static void
test_open_archived (Fixture *f, gconstpointer data)
{
  FacetConversation *conversation;

  type (f, "day");
  g_signal_emit_by_name (f->entry, "activate");
  conversation = facet_window_get_conversation (FACET_WINDOW (f->window));
  g_assert_cmpint (facet_conversation_get_id (conversation), ==, 3);
  g_assert_true (facet_conversation_get_archived (conversation));
  bar_words = "1 of 1";
  ui_wait (bar_says, f->window);
}

/* On a branch that is not shown, first of a conversation that has to be read, then of one that is
 * there, where the branch has changed meanwhile. */
static void
test_open_branch (Fixture *f, gconstpointer data)
{
  type (f, "aardvark");
  g_signal_emit_by_name (f->entry, "activate");
  bar_words = "1 of 1";
  ui_wait (bar_says, f->window);
  open_dialog (f);
  type (f, "workshop");
  g_signal_emit_by_name (f->entry, "activate");
  ui_wait (bar_says, f->window);
  g_assert_nonnull (ui_find (f->window, FACET_TYPE_VERSION_PAGER, NULL));
  ui_picture (f->window, "search-other-branch");
}

/* A thought in a conversation that is open already, found by a word that is in no other. */
static void
test_open_thought (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 2; i++) {
    type (f, "shows");
    g_signal_emit_by_name (f->entry, "activate");
    bar_words = "1 of 1";
    ui_wait (bar_says, f->window);
    open_dialog (f);
  }
}

/* By its title: at its end, where one writes. */
static void
test_open_title (Fixture *f, gconstpointer data)
{
  type (f, "stand-up");
  g_signal_emit_by_name (f->entry, "activate");
  g_assert_cmpint (facet_conversation_get_id (
                       facet_window_get_conversation (FACET_WINDOW (f->window))),
                   ==, 2);
  g_assert_true (gtk_widget_is_ancestor (gtk_root_get_focus (GTK_ROOT (f->window)),
                                         ui_find (f->window, FACET_TYPE_COMPOSER, NULL)));
}

static gboolean
announced (gpointer announcer)
{
  return *facet_announcer_get_text (announcer) != '\0';
}

static void
test_accessible (Fixture *f, gconstpointer data)
{
  GtkWidget *announcer = ui_find (GTK_WIDGET (f->dialog), FACET_TYPE_ANNOUNCER, NULL);
  GtkWidget *row;

  type (f, "rossio");
  row = ui_find (GTK_WIDGET (f->dialog), FACET_TYPE_SEARCH_ROW, NULL);
  g_assert_nonnull (row);
  ui_wait (announced, announcer);
  g_assert_cmpstr (facet_announcer_get_text (FACET_ANNOUNCER (announcer)), ==, "1 found");
  gtk_test_accessible_assert_property (f->entry, GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Search everything");
}

/* In other widths and colours, for who looks at the pictures; narrow, nothing is cut off. */
static void
test_looks (Fixture *f, gconstpointer data)
{
  int              width = GPOINTER_TO_INT (data);
  g_autofree char *found = g_strdup_printf ("search-%d", width);
  g_autofree char *opened = g_strdup_printf ("find-%d", width);

  if (width != WIDE)
    adw_style_manager_set_color_scheme (adw_style_manager_get_default (),
                                        ADW_COLOR_SCHEME_FORCE_DARK);
  type (f, "lisbon river");
  type (f, "lisbon");
  g_assert_true (ui_press (GTK_WIDGET (f->dialog), GDK_KEY_Down, 0));
  ui_run_for (300);
  g_assert_cmpint (gtk_widget_get_width (GTK_WIDGET (f->dialog)), <, width);
  ui_picture (GTK_WIDGET (f->dialog), found);
  g_signal_emit_by_name (f->entry, "activate");
  bar_words = "3 of 3"; /* the answer, and not the thought before it */
  ui_wait (bar_says, f->window);
  ui_run_for (400);
  ui_picture (f->window, opened);
  adw_style_manager_set_color_scheme (adw_style_manager_get_default (), ADW_COLOR_SCHEME_DEFAULT);
}

int
main (int argc, char **argv)
{
  int result;

  ui_test_init (&argc, &argv);
  application = facet_application_new (G_APPLICATION_NON_UNIQUE);
  g_assert_true (g_application_register (G_APPLICATION (application), NULL, NULL));
#define ADD(name, func) g_test_add ("/search-dialog/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("states", test_states);
  ADD ("keys", test_keys);
  ADD ("open", test_open);
  ADD ("open-archived", test_open_archived);
  ADD ("open-branch", test_open_branch);
  ADD ("open-thought", test_open_thought);
  ADD ("open-title", test_open_title);
  ADD ("accessible", test_accessible);
  g_test_add ("/search-dialog/narrow", Fixture, GINT_TO_POINTER (NARROW), set_up, test_looks,
              tear_down);
  g_test_add ("/search-dialog/wide", Fixture, GINT_TO_POINTER (WIDE), set_up, test_looks,
              tear_down);
#undef ADD
  result = g_test_run ();
  g_object_unref (application);
  return result;
}
