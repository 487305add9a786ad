/* test-states-row.c: the preference of keeping what was computed on long conversations: the space
 * it takes, and its switch, which the running assistant hears of.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "facet-preferences.h"
#include "facet-settings.h"
#include "facet-states-folder.h"
#include "facet-states-row.h"
#include "test-folder.h"
#include "ui-fixture.h"

#include <glib/gstdio.h>

#define KEPT (3 << 20)

static GtkWidget *
open_preferences (FacetStatesRow **row)
{
  GtkWidget *preferences = GTK_WIDGET (facet_preferences_new (facet_settings_get_default (), NULL, NULL));

  *row = FACET_STATES_ROW (ui_find (preferences, FACET_TYPE_STATES_ROW, NULL));
  adw_preferences_window_set_visible_page_name (ADW_PREFERENCES_WINDOW (preferences), "privacy");
  gtk_window_present (GTK_WINDOW (preferences));
  return preferences;
}

/* A file of KEPT bytes in the folder. */
static char *
keep_something (void)
{
  g_autofree char *folder = facet_states_folder_get_default ();
  g_autofree char *bytes = g_malloc0 (KEPT);
  char            *path = facet_states_folder_path (folder, "store", 1);

  g_mkdir_with_parents (folder, 0700);
  g_assert_true (g_file_set_contents (path, bytes, KEPT, NULL));
  return path;
}

static gboolean
says_size (gpointer row)
{
  return g_strstr_len (adw_action_row_get_subtitle (row), -1, "3.0\302\240MiB") != NULL &&
         g_strstr_len (adw_action_row_get_subtitle (row), -1, "2.0\302\240GiB") != NULL;
}

static gboolean
is_off (gpointer keep)
{
  return !gtk_switch_get_active (keep);
}

static void
test_row (void)
{
  GSettings       *settings = facet_settings_get_default ();
  g_autofree char *path = keep_something ();
  FacetStatesRow  *row;
  GtkWidget       *preferences = open_preferences (&row);
  GtkSwitch       *keep = GTK_SWITCH (ui_find (GTK_WIDGET (row), GTK_TYPE_SWITCH, NULL));

  g_assert_true (gtk_switch_get_active (keep));
  g_assert_cmpuint (facet_settings_get_state_limit (settings), ==, (guint64)2 << 30);
  ui_wait (says_size, row);
  adw_action_row_activate (ADW_ACTION_ROW (row)); /* as Return does, and a click */
  ui_wait (is_off, keep); /* it slides there first */
  g_assert_cmpuint (facet_settings_get_state_limit (settings), ==, 0);
  g_assert_true (g_str_has_prefix (adw_action_row_get_subtitle (ADW_ACTION_ROW (row)), "Off"));
  g_settings_set_boolean (settings, "keep-states", TRUE);
  g_assert_true (gtk_switch_get_active (keep));
  g_settings_set_uint (settings, "states-size", 0);
  g_assert_true (g_str_has_prefix (adw_action_row_get_subtitle (ADW_ACTION_ROW (row)), "Off"));

  g_settings_reset (settings, "states-size");
  g_object_add_weak_pointer (G_OBJECT (row), (gpointer *)&row);
  gtk_window_destroy (GTK_WINDOW (preferences)); /* while it may be measuring */
  while (row != NULL)
    g_main_context_iteration (NULL, TRUE);
  g_unlink (path);
}

static gboolean
is_gone (gpointer path)
{
  return !g_file_test (path, G_FILE_TEST_EXISTS);
}

/* An assistant that is made while nothing is to be kept deletes what there is. */
static void
test_off (void)
{
  GSettings       *settings = facet_settings_get_default ();
  g_autofree char *path = keep_something ();
  FacetAssistant  *assistant;

  g_settings_set_boolean (settings, "keep-states", FALSE);
  assistant = facet_settings_make_assistant (settings);
  ui_wait (is_gone, path);
  g_object_unref (assistant);
  g_settings_reset (settings, "keep-states");
}

/* For who looks at it: see ui_picture (). */
static void
test_pictures (void)
{
  g_autofree char *path = keep_something ();
  AdwStyleManager *style = adw_style_manager_get_default ();

  for (guint i = 0; i < 4; i++) {
    g_autofree char *name =
        g_strdup_printf ("states-row-%s-%s", i & 1 ? "dark" : "light", i & 2 ? "narrow" : "wide");
    FacetStatesRow *row;
    GtkWidget      *preferences = open_preferences (&row);

    adw_style_manager_set_color_scheme (style, i & 1 ? ADW_COLOR_SCHEME_FORCE_DARK
                                                     : ADW_COLOR_SCHEME_FORCE_LIGHT);
    gtk_window_set_default_size (GTK_WINDOW (preferences), i & 2 ? 360 : 640, 720);
    ui_wait (says_size, row);
    ui_picture (preferences, name);
    gtk_window_destroy (GTK_WINDOW (preferences));
  }
  adw_style_manager_set_color_scheme (style, ADW_COLOR_SCHEME_DEFAULT);
  g_unlink (path);
}

int
main (int argc, char **argv)
{
  g_autofree char *cache = test_folder_new ();
  int              status;

  g_setenv ("XDG_CACHE_HOME", cache, TRUE);
  ui_test_init (&argc, &argv);
  g_test_add_func ("/states-row/row", test_row);
  g_test_add_func ("/states-row/off", test_off);
  g_test_add_func ("/states-row/pictures", test_pictures);
  status = g_test_run ();
  test_folder_remove (cache);
  return status;
}
