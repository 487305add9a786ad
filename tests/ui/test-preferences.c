/* test-preferences.c: the window of the preferences: its pages, its width, its words for who does
 * not see it, and that nothing of it stays.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "facet-application.h"
#include "facet-hardware-page.h"
#include "facet-preferences.h"
#include "facet-settings.h"
#include "facet-shortcuts.h"
#include "test-folder.h"
#include "ui-fixture.h"

static const char *const names[] = {"model",   "hardware", "generation", "voice",
                                    "servers", "privacy",  "shortcuts"};

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

static AdwActionRow *
find_row (GtkWidget *root, const char *title)
{
  GtkWidget *label = ui_find (root, GTK_TYPE_LABEL, title);

  g_assert_nonnull (label);
  return ADW_ACTION_ROW (gtk_widget_get_ancestor (label, ADW_TYPE_ACTION_ROW));
}

static gboolean
has_looked (gpointer page)
{
  return gtk_widget_get_mapped (page) &&
         !facet_hardware_page_is_looking (FACET_HARDWARE_PAGE (page));
}

/* The list's first item that has @words in it. */
static guint
find_item (AdwComboRow *row, const char *words)
{
  GListModel *list = adw_combo_row_get_model (row);

  for (guint i = 0; i < g_list_model_get_n_items (list); i++) {
    g_autoptr (GtkStringObject) item = g_list_model_get_item (list, i);

    if (strstr (gtk_string_object_get_string (item), words) != NULL)
      return i;
  }
  g_error ("there is no “%s”", words);
}

/* What a context costs is told, the longest can be had, and both ways the setting is what is shown.
 */
static void
test_context (void)
{
  GSettings       *settings = facet_settings_get_default ();
  GtkWidget       *preferences = open_page ("hardware");
  GtkWidget       *page = find_page (preferences, "hardware");
  AdwComboRow     *context = ADW_COMBO_ROW (find_row (page, "Context length"));
  AdwComboRow     *cache = ADW_COMBO_ROW (find_row (page, "Keys and values"));
  g_autofree char *before = NULL;

  gtk_window_present (GTK_WINDOW (preferences));
  ui_wait (has_looked, page);
  g_assert_nonnull (
      strstr (adw_action_row_get_subtitle (find_row (page, "Longest context")), "tokens fit: "));
  adw_combo_row_set_selected (context, find_item (context, "4096 tokens, "));
  g_assert_cmpuint (g_settings_get_uint (settings, "context-size"), ==, 4096);
  ui_wait (has_looked, page);
  before = g_strdup (adw_action_row_get_subtitle (ADW_ACTION_ROW (context)));
  g_assert_true (g_str_has_prefix (before, "4096 tokens, "));

  adw_combo_row_set_selected (cache, 1);
  g_assert_cmpint (g_settings_get_enum (settings, "cache-type"), ==, 1);
  ui_wait (has_looked, page);
  g_assert_cmpstr (adw_action_row_get_subtitle (ADW_ACTION_ROW (context)), !=,
                   before); /* cheaper */
  g_settings_set_string (settings, "cache-type", "f32");
  g_assert_cmpuint (adw_combo_row_get_selected (cache), ==, 0);

  g_settings_set_uint (settings, "context-size", 5000);
  ui_wait (has_looked, page);
  g_assert_true (g_str_has_prefix (adw_action_row_get_subtitle (ADW_ACTION_ROW (context)), "5000"));
  g_signal_emit_by_name (ui_find (page, GTK_TYPE_BUTTON, "Use It"), "clicked");
  g_assert_cmpuint (g_settings_get_uint (settings, "context-size"), >,
                    100000);                     /* the model's own */
  gtk_window_destroy (GTK_WINDOW (preferences)); /* while it looks */
  g_settings_reset (settings, "context-size");
  g_settings_reset (settings, "cache-type");
}

static void
test_checks (void)
{
  GtkWidget *preferences = open_page ("hardware");
  GtkWidget *page = find_page (preferences, "hardware");
  GtkWidget *row;

  gtk_window_present (GTK_WINDOW (preferences));
  ui_wait (has_looked, page);
  row =
      gtk_widget_get_ancestor (ui_find (page, GTK_TYPE_LABEL, "Processor"), ADW_TYPE_EXPANDER_ROW);
  g_assert_nonnull (row);
  g_assert_nonnull (ui_find (row, GTK_TYPE_LABEL, "Memory"));
  g_assert_nonnull (ui_find (row, GTK_TYPE_LABEL, "Architecture"));
  g_assert_nonnull (ui_find (page, GTK_TYPE_LABEL, "NVIDIA GPU"));
  g_signal_emit_by_name (ui_find (page, GTK_TYPE_BUTTON, "Check again"), "clicked");
  g_assert_true (facet_hardware_page_is_looking (FACET_HARDWARE_PAGE (page)));
  ui_wait (has_looked, page);
  gtk_window_destroy (GTK_WINDOW (preferences));
}

/* In the place of gem-cli.  (transfer full) its folder */
static char *
use_script (const char *commands)
{
  char            *folder = test_folder_new ();
  g_autofree char *path = g_build_filename (folder, "gem-cli", NULL);
  g_autofree char *text = g_strconcat ("#!/bin/sh\n", commands, "\n", NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_cmpint (chmod (path, 0700), ==, 0);
  g_setenv ("FACET_GEM_CLI", path, TRUE);
  return folder;
}

static gboolean
can_measure (gpointer run)
{
  return g_strcmp0 (gtk_button_get_label (run), "Measure") == 0;
}

static gboolean
has_progress (gpointer bar)
{
  return gtk_progress_bar_get_fraction (bar) > 0.4;
}

static void
test_benchmark (void)
{
  char         *folder = use_script ("echo 'progress 0.5 Reading' >&2; exec sleep 100");
  GtkWidget    *preferences = open_page ("hardware");
  AdwActionRow *row = find_row (preferences, "Measure");
  GtkWidget    *run = ui_find (GTK_WIDGET (row), GTK_TYPE_BUTTON, "Measure");
  GtkWidget    *bar = ui_find (GTK_WIDGET (row), GTK_TYPE_PROGRESS_BAR, NULL);

  gtk_window_present (GTK_WINDOW (preferences));
  gtk_test_widget_wait_for_draw (preferences);
  g_signal_emit_by_name (run, "clicked");
  g_assert_cmpstr (gtk_button_get_label (GTK_BUTTON (run)), ==, "Stop");
  ui_wait (has_progress, bar);
  g_signal_emit_by_name (run, "clicked");
  ui_wait (can_measure, run);
  g_assert_cmpstr (adw_action_row_get_subtitle (row), ==, "Stopped");
  test_folder_remove (folder);
  g_free (folder);

  folder = use_script ("echo 'gem-cli: There is no room.' >&2; exit 1");
  g_signal_emit_by_name (run, "clicked");
  ui_wait (can_measure, run);
  g_assert_cmpstr (adw_action_row_get_subtitle (row), ==, "There is no room.");
  test_folder_remove (folder);
  g_free (folder);

  folder =
      use_script ("echo '{\"device\": \"CPU\", \"limits\": {\"matmul_tflops\": 2, \"read_gbs\": 6},"
                  " \"prefill\": [{\"tokens\": 512, \"tok_s\": 400, \"tflops\": 1}],"
                  " \"decode\": [{\"context\": 1024, \"tok_s\": 20, \"read_gbs\": 5,"
                  " \"bandwidth_fraction\": 0.8}]}'");
  g_signal_emit_by_name (run, "clicked");
  ui_wait (can_measure, run);
  g_assert_true (g_str_has_prefix (adw_action_row_get_subtitle (find_row (preferences, "Reading")),
                                   "400.0 tokens a second: 50 %"));
  g_assert_true (g_str_has_prefix (adw_action_row_get_subtitle (find_row (preferences, "Writing")),
                                   "20.0 tokens a second: 80 %"));
  gtk_window_destroy (GTK_WINDOW (preferences));
  g_unsetenv ("FACET_GEM_CLI");
  test_folder_remove (folder);
  g_free (folder);
}

/* Keys that widgets take themselves, where they have the focus; GTK's own; and the one to talk. */
static const char *const of_widgets[] =
    {"F2", "Delete",     "Return", "<Shift>Return", "<Control>Return",
     "Up", "<Control>v", "Escape", "plus",          "minus",
     "0",  "F10",        NULL};

/* @accelerators: of the list, with spaces; those that do nothing are not to be in it. */
static void
assert_works (const char *accelerators)
{
  GtkApplication *application = GTK_APPLICATION (g_application_get_default ());
  g_auto (GStrv) each = g_strsplit (accelerators, " ", -1);

  for (char **accelerator = each; *accelerator != NULL; accelerator++) {
    guint            keyval;
    GdkModifierType  modifiers;
    g_autofree char *name = NULL;
    g_auto (GStrv) actions = NULL;

    g_assert_true (gtk_accelerator_parse (*accelerator, &keyval, &modifiers));
    name = gtk_accelerator_name (keyval, modifiers);
    actions = gtk_application_get_actions_for_accel (application, name);
    if (actions[0] == NULL && !g_strv_contains (of_widgets, *accelerator) &&
        !g_str_equal (*accelerator, "<Control>question")) /* of GTK, while there is a window */
      g_error ("“%s” is in the list and does nothing", *accelerator);
  }
}

/* The list of keys is true, and nothing is missing in it. */
static void
test_shortcuts (void)
{
  GtkApplication *application = GTK_APPLICATION (g_application_get_default ());
  g_autoptr (GtkBuilder) builder = facet_shortcuts_new_builder ();
  GtkWidget *overlay = GTK_WIDGET (gtk_builder_get_object (builder, "help_overlay"));
  g_autoptr (GPtrArray) all = facet_shortcuts_list (overlay);
  g_auto (GStrv) actions = gtk_application_list_action_descriptions (application);
  g_autoptr (GString) listed = g_string_new (" ");
  guint n = 0;

  for (const char *const *id = facet_shortcuts_groups; *id != NULL; id++) {
    g_autoptr (GPtrArray) some =
        facet_shortcuts_list (GTK_WIDGET (gtk_builder_get_object (builder, *id)));

    for (guint i = 0; i < some->len; i++) {
      g_autofree char *accelerators = NULL;

      g_object_get (some->pdata[i], "accelerator", &accelerators, NULL);
      if (!facet_shortcuts_is_talk (some->pdata[i]))
        assert_works (accelerators);
      for (char **one = (char *[]){accelerators, NULL}; *one != NULL; one++)
        g_string_append_printf (listed, "%s ", *one);
    }
    n += some->len;
  }
  /* No group was left out; the window has each once more, for its search. */
  g_assert_cmpuint (2 * n, ==, all->len);
  for (char **action = actions; *action != NULL; action++) {
    g_auto (GStrv) accels = gtk_application_get_accels_for_action (application, *action);

    for (char **accel = accels; *accel != NULL; accel++) {
      g_autofree char *word = g_strdup_printf (" %s ", *accel);
      guint            keyval;
      GdkModifierType  modifiers;
      gboolean         found = FALSE;
      g_auto (GStrv) words = g_strsplit (listed->str, " ", -1);

      gtk_accelerator_parse (*accel, &keyval, &modifiers);
      for (char **w = words; *w != NULL; w++) {
        guint           its;
        GdkModifierType with;

        found |= gtk_accelerator_parse (*w, &its, &with) && its == keyval && with == modifiers;
      }
      if (!found)
        g_error ("%s has the key %s, which is not in the list", *action, *accel);
    }
  }
  gtk_window_destroy (GTK_WINDOW (overlay));
}

/* The key to talk is a setting: what is shown follows it. */
static void
test_talk_key (void)
{
  GSettings    *settings = facet_settings_get_default ();
  GtkWidget    *preferences = open_page ("shortcuts");
  AdwActionRow *row =
      find_row (find_page (preferences, "shortcuts"), "Hold to talk, tap to record hands-free");
  GtkWidget *keys = ui_find (GTK_WIDGET (row), GTK_TYPE_SHORTCUT_LABEL, NULL);

  g_assert_cmpstr (gtk_shortcut_label_get_accelerator (GTK_SHORTCUT_LABEL (keys)), ==,
                   "<Control>space");
  g_settings_set_string (settings, "talk-key", "F8");
  keys = ui_find (GTK_WIDGET (row), GTK_TYPE_SHORTCUT_LABEL, NULL);
  g_assert_cmpstr (gtk_shortcut_label_get_accelerator (GTK_SHORTCUT_LABEL (keys)), ==, "F8");
  g_settings_reset (settings, "talk-key");
  gtk_window_destroy (GTK_WINDOW (preferences));
}

/* What is written into the fields is in the settings, what is in the settings is in the fields. */
static void
test_generation (void)
{
  GSettings *settings = facet_settings_get_default ();
  GtkWidget *preferences = open_page ("generation");
  GtkWidget *page = find_page (preferences, "generation");
  GtkSwitch *defaults = GTK_SWITCH (
      ui_find (GTK_WIDGET (find_row (page, "Gemma’s own defaults")), GTK_TYPE_SWITCH, NULL));
  GtkWidget *temperature =
      ui_find (GTK_WIDGET (find_row (page, "Temperature")), GTK_TYPE_SPIN_BUTTON, NULL);
  GtkWidget *longest =
      ui_find (GTK_WIDGET (find_row (page, "Longest answer")), GTK_TYPE_SPIN_BUTTON, NULL);
  GtkWidget *seed = ui_find (GTK_WIDGET (find_row (page, "Seed")), GTK_TYPE_SPIN_BUTTON, NULL);

  g_assert_false (gtk_widget_is_sensitive (temperature));
  gtk_switch_set_active (defaults, FALSE);
  g_assert_true (g_settings_get_boolean (settings, "own-sampling"));
  g_assert_true (gtk_widget_is_sensitive (temperature));
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (temperature), 0.25);
  g_assert_cmpfloat (g_settings_get_double (settings, "temperature"), ==, 0.25);
  g_signal_emit_by_name (ui_find (page, GTK_TYPE_BUTTON, "Reset"), "clicked");
  g_assert_cmpfloat (gtk_spin_button_get_value (GTK_SPIN_BUTTON (temperature)), ==, 1.0);
  g_settings_reset (settings, "own-sampling");
  g_assert_true (gtk_switch_get_active (defaults));

  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (longest)), ==, "No limit");
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (longest), 640);
  g_assert_cmpuint (g_settings_get_uint (settings, "longest-answer"), ==, 640);
  gtk_editable_set_text (GTK_EDITABLE (longest), "No limit");
  gtk_spin_button_update (GTK_SPIN_BUTTON (longest));
  g_assert_cmpuint (g_settings_get_uint (settings, "longest-answer"), ==, 0);
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (seed)), ==, "Random");
  g_settings_set_uint (settings, "seed", 4294967295u);
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (seed)), ==, "4294967295");
  g_settings_reset (settings, "seed");
  gtk_window_destroy (GTK_WINDOW (preferences));
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
  g_test_add_func ("/preferences/context", test_context);
  g_test_add_func ("/preferences/checks", test_checks);
  g_test_add_func ("/preferences/benchmark", test_benchmark);
  g_test_add_func ("/preferences/generation", test_generation);
  g_test_add_func ("/preferences/shortcuts", test_shortcuts);
  g_test_add_func ("/preferences/talk-key", test_talk_key);
  g_test_add_func ("/preferences/pictures", test_pictures);
  result = g_test_run ();
  g_object_unref (application);
  return result;
}
