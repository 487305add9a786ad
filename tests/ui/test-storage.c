/* test-storage.c: the window when a backup is offered, and the preferences of space.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-storage"

#include "config.h"

#include "facet-banner.h"
#include "facet-composer.h"
#include "facet-preferences.h"
#include "facet-settings.h"
#include "facet-storage-group.h"
#include "facet-window.h"
#include "test-folder.h"
#include "test-wait.h"
#include "ui-fixture.h"

#include <glib/gstdio.h>

#include <string.h>

static FacetApplication *application;
static char             *cache;

typedef struct {
  UiFixture    base;
  GtkWidget   *window;
  FacetBanner *banner;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  static const UiConversation one[] = {{"Kept", 1000000, FALSE}};

  ui_fixture_set_up (&f->base, one, 1);
  f->window = GTK_WIDGET (facet_window_new (application));
  gtk_window_set_default_size (GTK_WINDOW (f->window), 1000, 640);
  facet_window_set_library (FACET_WINDOW (f->window), f->base.library);
  f->banner = FACET_BANNER (ui_find (f->window, FACET_TYPE_BANNER, NULL));
  gtk_window_present (GTK_WINDOW (f->window));
  gtk_test_widget_wait_for_draw (f->window);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_object_add_weak_pointer (G_OBJECT (f->window), (gpointer *)&f->window);
  gtk_window_destroy (GTK_WINDOW (f->window));
  wait_until (f->window == NULL);
  ui_fixture_tear_down (&f->base);
}

static guint
n_items (gpointer model)
{
  return g_list_model_get_n_items (G_LIST_MODEL (model));
}

/* The file goes between two sessions, and its backup is there. */
static void
lose_database (Fixture *f)
{
  g_autofree char *path = g_build_filename (f->base.folder, "facet.db", NULL);
  g_autofree char *backups = g_build_filename (f->base.folder, "backups", NULL);
  FacetLibrary    *library = g_object_ref (f->base.library);

  wait_until (g_file_test (backups, G_FILE_TEST_IS_DIR));
  facet_window_set_library (FACET_WINDOW (f->window), NULL);
  g_object_unref (library);
  facet_library_close (f->base.library);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_clear_object (&f->base.library);
  g_assert_cmpint (g_unlink (path), ==, 0);
  f->base.library = facet_library_new (f->base.folder, FACET_ASSISTANT (f->base.fake), NULL);
  g_assert_nonnull (f->base.library);
  facet_window_set_library (FACET_WINDOW (f->window), f->base.library);
  wait_until (facet_library_get_loaded (f->base.library));
}

static void
click (GtkWidget *root, const char *text)
{
  GtkWidget *button = ui_find (root, GTK_TYPE_BUTTON, text);

  g_assert_nonnull (button);
  g_signal_emit_by_name (button, "clicked");
}

static void
test_restore (Fixture *f, gconstpointer data)
{
  lose_database (f);
  g_assert_nonnull (strstr (facet_banner_get_text (f->banner), "There is a backup of"));
  ui_run_for (400);
  ui_picture (f->window, "storage-offer");
  gtk_window_set_default_size (GTK_WINDOW (f->window), 360, 640);
  ui_run_for (400);
  ui_picture (f->window, "storage-offer-narrow");
  g_assert_cmpuint (n_items (f->base.library), ==, 0);
  g_assert_true (gtk_widget_activate_action (f->window, "win.restore-backup", NULL));
  wait_until (n_items (f->base.library) == 1);
  wait_until (facet_banner_get_text (f->banner) == NULL);
}

static void
test_begin_empty (Fixture *f, gconstpointer data)
{
  lose_database (f);
  g_assert_true (gtk_widget_activate_action (f->window, "win.begin-empty", NULL));
  wait_until (facet_banner_get_text (f->banner) == NULL);
  g_assert_cmpuint (n_items (f->base.library), ==, 0);
  g_assert_nonnull (facet_window_get_conversation (FACET_WINDOW (f->window)));
}

/* The row of @title, once it is measured. */
static GtkWidget *
find_row (GtkWidget *preferences, const char *title)
{
  return gtk_widget_get_ancestor (ui_find (preferences, GTK_TYPE_LABEL, title),
                                  ADW_TYPE_ACTION_ROW);
}

static GtkWidget *
open_preferences (Fixture *f)
{
  GtkWidget *preferences =
      GTK_WIDGET (facet_preferences_new (facet_settings_get_default (), NULL, f->base.library));

  gtk_window_set_transient_for (GTK_WINDOW (preferences), GTK_WINDOW (f->window));
  adw_preferences_window_set_visible_page_name (ADW_PREFERENCES_WINDOW (preferences), "privacy");
  gtk_window_present (GTK_WINDOW (preferences));
  return preferences;
}

static void
test_free (Fixture *f, gconstpointer data)
{
  g_autofree char *weights = g_build_filename (cache, "0123-q4.krnq", NULL);
  g_autofree char *content = g_strnfill (5000, 'x');
  GtkWidget       *preferences;
  GtkWidget       *row;

  g_assert_cmpint (g_mkdir_with_parents (cache, 0700), ==, 0);
  g_assert_true (g_file_set_contents (weights, content, 5000, NULL));
  preferences = open_preferences (f);
  row = find_row (preferences, "Prepared models");
  wait_until (gtk_widget_get_visible (row));
  g_assert_true (gtk_widget_get_visible (find_row (preferences, "Conversations")));
  g_assert_false (gtk_widget_get_visible (find_row (preferences, "Videos")));
  g_assert_nonnull (ui_find (row, GTK_TYPE_LABEL, "5.0\u00a0kB"));
  gtk_test_accessible_assert_property (GTK_ACCESSIBLE (ui_find (row, GTK_TYPE_BUTTON, "Free")),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "Free: Prepared models");
  g_assert_null (ui_find (find_row (preferences, "Conversations"), GTK_TYPE_BUTTON, "Free"));
  click (row, "Free");
  wait_until (!gtk_widget_get_visible (row));
  g_assert_false (g_file_test (weights, G_FILE_TEST_EXISTS));
  gtk_window_destroy (GTK_WINDOW (preferences));
}

static GtkWidget *
find_dialog (void)
{
  GListModel *all = gtk_window_get_toplevels ();

  for (guint i = 0; i < g_list_model_get_n_items (all); i++) {
    g_autoptr (GtkWidget) window = g_list_model_get_item (all, i);

    if (ADW_IS_MESSAGE_DIALOG (window))
      return window;
  }
  return NULL;
}

static void
test_everything (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetConversation) kept = g_list_model_get_item (G_LIST_MODEL (f->base.library), 0);
  GtkWidget *preferences;

  facet_window_open (FACET_WINDOW (f->window), kept);
  preferences = open_preferences (f);
  wait_until (gtk_widget_get_mapped (preferences));
  click (preferences, "Delete Everything…");
  wait_until (find_dialog () != NULL);
  ui_run_for (300);
  ui_picture (find_dialog (), "storage-everything");
  click (find_dialog (), "_Cancel");
  wait_until (find_dialog () == NULL);
  g_assert_cmpuint (n_items (f->base.library), ==, 1);

  click (preferences, "Delete Everything…");
  wait_until (find_dialog () != NULL);
  click (find_dialog (), "_Delete Everything");
  wait_until (n_items (f->base.library) == 0);
  wait_until (facet_window_get_conversation (FACET_WINDOW (f->window)) != kept);
  g_assert_cmpint (facet_conversation_get_id (
                       facet_window_get_conversation (FACET_WINDOW (f->window))),
                   ==, 0);
  gtk_window_destroy (GTK_WINDOW (preferences));
}

/* For the eye. */
static void
test_pictures (Fixture *f, gconstpointer data)
{
  static const struct {
    const char *name;
    int         width;
    gboolean    dark;
  } views[] = {
      {"storage-wide", 600, FALSE},
      {"storage-narrow", 360, FALSE},
      {"storage-dark", 600, TRUE},
  };
  g_autofree char *backups = g_build_filename (f->base.folder, "backups", NULL);

  wait_until (g_file_test (backups, G_FILE_TEST_IS_DIR));
  for (gsize i = 0; i < G_N_ELEMENTS (views); i++) {
    GtkWidget *window = gtk_window_new ();
    GtkWidget *page = adw_preferences_page_new ();
    GtkWidget *group = g_object_new (FACET_TYPE_STORAGE_GROUP, NULL);

    adw_style_manager_set_color_scheme (adw_style_manager_get_default (),
                                        views[i].dark ? ADW_COLOR_SCHEME_FORCE_DARK
                                                      : ADW_COLOR_SCHEME_FORCE_LIGHT);
    facet_storage_group_set_up (FACET_STORAGE_GROUP (group), f->base.library);
    adw_preferences_page_add (ADW_PREFERENCES_PAGE (page), ADW_PREFERENCES_GROUP (group));
    gtk_window_set_child (GTK_WINDOW (window), page);
    gtk_window_set_default_size (GTK_WINDOW (window), views[i].width, 420);
    gtk_window_present (GTK_WINDOW (window));
    wait_until (gtk_widget_get_visible (find_row (group, "Backups")));
    g_assert_cmpint (gtk_widget_get_width (window), <=, views[i].width);
    ui_run_for (200);
    ui_picture (window, views[i].name);
    gtk_window_destroy (GTK_WINDOW (window));
  }
  adw_style_manager_set_color_scheme (adw_style_manager_get_default (), ADW_COLOR_SCHEME_DEFAULT);
}

int
main (int argc, char **argv)
{
  g_autofree char *folder = test_folder_new ();
  int              status;

  cache = g_build_filename (folder, "facet", NULL);
  g_setenv ("XDG_CACHE_HOME", folder, TRUE);
  ui_test_init (&argc, &argv);
  application = facet_application_new (G_APPLICATION_NON_UNIQUE);
  g_assert_true (g_application_register (G_APPLICATION (application), NULL, NULL));
  g_test_add ("/storage/restore", Fixture, NULL, set_up, test_restore, tear_down);
  g_test_add ("/storage/begin-empty", Fixture, NULL, set_up, test_begin_empty, tear_down);
  g_test_add ("/storage/free", Fixture, NULL, set_up, test_free, tear_down);
  g_test_add ("/storage/everything", Fixture, NULL, set_up, test_everything, tear_down);
  g_test_add ("/storage/pictures", Fixture, NULL, set_up, test_pictures, tear_down);
  status = g_test_run ();
  g_object_unref (application);
  test_folder_remove (folder);
  g_free (cache);
  return status;
}
