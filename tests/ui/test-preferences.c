/* test-preferences.c: the window of the preferences: its pages, its width, its words for who does
 * not see it, and that nothing of it stays.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <glib/gstdio.h>

#include "facet-application.h"
#include "facet-preferences.h"
#include "facet-settings.h"
#include "ui-fixture.h"

static const char *const names[] = {"model", "hardware", "generation",
                                    "voice", "privacy",  "shortcuts"};

static GtkWidget *
open_page (const char *name)
{
  GtkWidget *preferences =
      GTK_WIDGET (facet_preferences_new (facet_settings_get_default (), NULL, NULL));

  adw_preferences_window_set_visible_page_name (ADW_PREFERENCES_WINDOW (preferences), name);
  g_assert_cmpstr (adw_preferences_window_get_visible_page_name (
                       ADW_PREFERENCES_WINDOW (preferences)),
                   ==, name);
  return preferences;
}

/* Everything that is set up by hand has a label for who does not see it. */
static void
assert_labels (GtkWidget *widget)
{
  if (GTK_IS_SWITCH (widget) || GTK_IS_SPIN_BUTTON (widget) ||
      (GTK_IS_BUTTON (widget) && gtk_button_get_label (GTK_BUTTON (widget)) == NULL &&
       gtk_widget_get_tooltip_text (widget) == NULL &&
       GTK_IS_WIDGET (gtk_button_get_child (GTK_BUTTON (widget))) &&
       GTK_IS_IMAGE (gtk_button_get_child (GTK_BUTTON (widget)))))
    g_assert_true (
        gtk_test_accessible_has_property (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_LABEL));
  if (GTK_IS_SPIN_BUTTON (widget)) /* its own buttons say what they do by themselves */
    return;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    assert_labels (child);
}

static GtkWidget *
find_page (GtkWidget *preferences, const char *name)
{
  GtkWidget *page = ui_find (preferences, ADW_TYPE_PREFERENCES_PAGE, NULL);

  for (; page != NULL; page = gtk_widget_get_next_sibling (page))
    if (g_strcmp0 (adw_preferences_page_get_name (ADW_PREFERENCES_PAGE (page)), name) == 0)
      return page;
  return NULL;
}

/* The border that a window draws where there is no compositor is not of the 360. */
static void
assert_narrow (GtkWidget *preferences, const char *name)
{
  GtkWidget *page = find_page (preferences, name);
  int        minimum;

  g_assert_nonnull (page);
  gtk_widget_measure (page, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
  g_test_message ("%s: %d px", name, minimum);
  g_assert_cmpint (minimum, <=, 360);
  gtk_widget_measure (ui_find (preferences, ADW_TYPE_TOAST_OVERLAY, NULL),
                      GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
  g_assert_cmpint (minimum, <=, 360);
}

static void
test_pages (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    GtkWidget *preferences = open_page (names[i]);

    assert_labels (find_page (preferences, names[i]));
    assert_narrow (preferences, names[i]);
    gtk_window_destroy (GTK_WINDOW (preferences));
  }
}

static void
count_rows (GtkWidget *widget, GPtrArray *rows)
{
  if (ADW_IS_PREFERENCES_ROW (widget)) {
    GWeakRef *row = g_new (GWeakRef, 1);

    g_weak_ref_init (row, widget);
    g_ptr_array_add (rows, row);
  }
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    count_rows (child, rows);
}

/* libadwaita's search keeps the groups. */
static void
test_nothing_stays (void)
{
  GtkWidget *preferences = open_page ("hardware");
  g_autoptr (GPtrArray) rows = g_ptr_array_new ();

  gtk_window_present (GTK_WINDOW (preferences));
  gtk_test_widget_wait_for_draw (preferences);
  count_rows (preferences, rows);
  g_assert_cmpuint (rows->len, >, 40);
  gtk_window_destroy (GTK_WINDOW (preferences));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  for (guint i = 0; i < rows->len; i++) {
    g_autoptr (GObject) row = g_weak_ref_get (rows->pdata[i]);

    g_assert_null (row);
    g_weak_ref_clear (rows->pdata[i]);
    g_free (rows->pdata[i]);
  }
}

/* For the eye. */
static void
test_pictures (void)
{
  AdwStyleManager *style = adw_style_manager_get_default ();

  if (g_getenv ("FACET_TEST_PICTURES") == NULL) {
    g_test_skip ("FACET_TEST_PICTURES is not set");
    return;
  }
  for (guint i = 0; i < 3 * G_N_ELEMENTS (names); i++) {
    const char      *name = names[i / 3];
    gboolean         dark = i % 3 == 1, narrow = i % 3 == 2;
    g_autofree char *file = g_strdup_printf ("preferences-%s-%s", name,
                                             dark     ? "dark"
                                             : narrow ? "narrow"
                                                      : "light");
    GtkWidget       *preferences = open_page (name);

    adw_style_manager_set_color_scheme (style, dark ? ADW_COLOR_SCHEME_FORCE_DARK
                                                    : ADW_COLOR_SCHEME_FORCE_LIGHT);
    gtk_window_set_default_size (GTK_WINDOW (preferences), narrow ? 360 : 840, 720);
    gtk_window_present (GTK_WINDOW (preferences));
    gtk_test_widget_wait_for_draw (preferences);
    ui_run_for (600);
    ui_picture (preferences, file);
    gtk_window_destroy (GTK_WINDOW (preferences));
  }
  adw_style_manager_set_color_scheme (style, ADW_COLOR_SCHEME_DEFAULT);
}

int
main (int argc, char *argv[])
{
  FacetApplication *application;
  int               result;

  ui_test_init (&argc, &argv);
  application = facet_application_new (G_APPLICATION_NON_UNIQUE);
  g_assert_true (g_application_register (G_APPLICATION (application), NULL, NULL));
  g_test_add_func ("/preferences/pages", test_pages);
  g_test_add_func ("/preferences/nothing-stays", test_nothing_stays);
  g_test_add_func ("/preferences/pictures", test_pictures);
  result = g_test_run ();
  g_object_unref (application);
  return result;
}
