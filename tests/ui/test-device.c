/* test-device.c: choosing what computes.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The GPUs are those of a module that the tests of the engine have, too. */
#define G_LOG_DOMAIN "test-device"

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "facet-device-row.h"
#include "facet-device.h"
#include "facet-preferences.h"
#include "facet-settings.h"
#include "fake-gpu.h"
#include "test-folder.h"
#include "ui-fixture.h"

typedef struct {
  GSettings      *settings;
  char           *modules, *pci;
  GtkWidget      *preferences;
  FacetDeviceRow *row;
} Fixture;

static gboolean
has_looked (gpointer row)
{
  return !facet_device_row_is_looking (row);
}

static void
open_preferences (Fixture *f)
{
  f->preferences = GTK_WIDGET (facet_preferences_new (f->settings, NULL, NULL));
  f->row = FACET_DEVICE_ROW (ui_find (f->preferences, FACET_TYPE_DEVICE_ROW, NULL));
}

static void
close_preferences (Fixture *f)
{
  g_object_add_weak_pointer (G_OBJECT (f->row), (gpointer *)&f->row);
  gtk_window_destroy (GTK_WINDOW (f->preferences));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (f->row);
}

/* @module: "libkrn-cuda.so", NULL: there is none. */
static void
set_up (Fixture *f, gconstpointer module)
{
  f->settings = facet_settings_get_default ();
  f->modules = test_folder_new ();
  f->pci = fake_pci_new ("0x1002", "0x030000");
  if (module != NULL) {
    g_autofree char *link = g_build_filename (f->modules, "libkrn-cuda.so", NULL);
    g_autofree char *file = g_build_filename (g_getenv ("FACET_FAKE_MODULES"), module, NULL);

    g_assert_true (g_file_test (file, G_FILE_TEST_EXISTS));
    g_assert_cmpint (symlink (file, link), ==, 0);
  }
  g_setenv ("FACET_MODULE_PATH", f->modules, TRUE);
  open_preferences (f);
}

static void
tear_down (Fixture *f, gconstpointer module)
{
  close_preferences (f);
  g_settings_reset (f->settings, "device");
  g_settings_reset (f->settings, "gpu-memory-share");
  fake_pci_free (f->pci);
  test_folder_remove (f->modules);
  g_free (f->modules);
}

static FacetDevice *
get (Fixture *f, guint i)
{
  GListModel *list = adw_combo_row_get_model (ADW_COMBO_ROW (f->row));
  g_autoptr (FacetDevice) device = g_list_model_get_item (list, i);

  g_assert_nonnull (device);
  return device;
}

static guint
count (Fixture *f)
{
  return g_list_model_get_n_items (adw_combo_row_get_model (ADW_COMBO_ROW (f->row)));
}

static void
assert_summary (Fixture *f, const char *summary)
{
  g_assert_cmpstr (adw_action_row_get_subtitle (ADW_ACTION_ROW (f->row)), ==, summary);
}

static void
assert_setting (Fixture *f, const char *choice)
{
  g_autofree char *setting = g_settings_get_string (f->settings, "device");

  g_assert_cmpstr (setting, ==, choice);
}

static void
choose (Fixture *f, guint i)
{
  adw_combo_row_set_selected (ADW_COMBO_ROW (f->row), i);
}

static void
test_choose (Fixture *f, gconstpointer data)
{
  /* Nothing waits for the drivers. */
  g_assert_true (facet_device_row_is_looking (f->row));
  assert_summary (f, "Automatic");
  g_assert_cmpuint (count (f), ==, 2);
  g_assert_cmpstr (facet_device_get_name (get (f, 1)), ==, "Looking for devices…");
  g_assert_false (facet_device_is_usable (get (f, 1)));

  ui_wait (has_looked, f->row);
  g_assert_cmpuint (count (f), ==, 5);
  g_assert_cmpstr (facet_device_get_name (get (f, 1)), ==, "NVIDIA GeForce RTX 3060");
  g_assert_cmpstr (facet_device_get_name (get (f, 2)), ==, "NVIDIA H100 80GB HBM3");
  g_assert_cmpstr (facet_device_get_name (get (f, 3)), ==, "AMD GPU");
  g_assert_nonnull (strstr (facet_device_get_detail (get (f, 3)), "is not installed."));
  assert_summary (f, "Automatic");

  choose (f, 2);
  assert_setting (f, "NVIDIA H100 80GB HBM3");
  assert_summary (f, "NVIDIA H100 80GB HBM3");
  g_assert_cmpuint (count (f), ==, 5); /* the list stayed */
  choose (f, 3);                       /* no hand can */
  assert_setting (f, "NVIDIA H100 80GB HBM3");
  choose (f, 4);
  assert_setting (f, "cpu");
  choose (f, 0);
  assert_setting (f, "auto");

  /* From outside, and by hand. */
  g_settings_set_string (f->settings, "device", "h100");
  ui_wait (has_looked, f->row);
  assert_summary (f, "NVIDIA H100 80GB HBM3");
  assert_setting (f, "h100");
}

/* What was chosen and is gone is said, and not forgotten. */
static void
test_gone (Fixture *f, gconstpointer data)
{
  close_preferences (f);
  g_settings_set_string (f->settings, "device", "NVIDIA A2 & more");
  open_preferences (f);
  assert_summary (f, "NVIDIA A2 & more"); /* so far */
  ui_wait (has_looked, f->row);
  assert_summary (f, "NVIDIA A2 & more\nThere is no such device now.  Choose another one.");
  assert_setting (f, "NVIDIA A2 & more");
  g_assert_cmpuint (adw_combo_row_get_selected (ADW_COMBO_ROW (f->row)), ==, 5);
  choose (f, 1);
  assert_setting (f, "NVIDIA GeForce RTX 3060");
}

static gboolean
is_drawn (gpointer label)
{
  return gtk_widget_get_mapped (label);
}

/* As it is drawn: a device that cannot be used is dim, its sentence is there, and it cannot be
 * activated. */
static void
test_list (Fixture *f, gconstpointer data)
{
  GtkWidget *popover, *label, *usable;

  ui_wait (has_looked, f->row);
  adw_preferences_window_set_visible_page_name (ADW_PREFERENCES_WINDOW (f->preferences),
                                                "hardware");
  gtk_window_present (GTK_WINDOW (f->preferences));
  gtk_test_widget_wait_for_draw (f->preferences);
  ui_picture (f->preferences, "preferences-device");
  adw_action_row_activate (ADW_ACTION_ROW (f->row));
  popover = ui_find (GTK_WIDGET (f->row), GTK_TYPE_POPOVER, NULL);
  g_assert_nonnull (popover);
  label = ui_find (popover, GTK_TYPE_LABEL,
                   "Cannot be used: its module libkrn-hip.so is not installed.");
  g_assert_nonnull (label);
  ui_wait (is_drawn, label);
  g_assert_false (gtk_widget_is_sensitive (label));
  g_assert_false (gtk_widget_has_css_class (label, "dim-label"));
  usable = ui_find (popover, GTK_TYPE_LABEL, "NVIDIA H100 80GB HBM3");
  g_assert_true (gtk_widget_is_sensitive (usable));
  g_assert_nonnull (ui_find (popover, GTK_TYPE_LABEL, "CUDA, 85.9\u00a0GB of memory"));
  gtk_popover_popdown (GTK_POPOVER (popover));
}

static GtkWidget *
find_memory (Fixture *f)
{
  GtkWidget *label = ui_find (f->preferences, GTK_TYPE_LABEL, "GPU memory");

  return ui_find (gtk_widget_get_ancestor (label, ADW_TYPE_ACTION_ROW), GTK_TYPE_SPIN_BUTTON, NULL);
}

static void
test_memory (Fixture *f, gconstpointer data)
{
  GtkWidget *memory = find_memory (f);

  g_assert_false (gtk_widget_is_sensitive (memory));
  ui_wait (has_looked, f->row);
  g_assert_true (gtk_widget_is_sensitive (memory));
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (memory)), ==, "90 %");
  gtk_test_accessible_assert_property (memory, GTK_ACCESSIBLE_PROPERTY_LABEL, "GPU memory");
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (memory), 35);
  g_assert_cmpfloat (g_settings_get_double (f->settings, "gpu-memory-share"), ==, 0.35);
  /* As a person types it, with the sign or without. */
  gtk_editable_set_text (GTK_EDITABLE (memory), "60 %");
  gtk_spin_button_update (GTK_SPIN_BUTTON (memory));
  g_assert_cmpfloat (g_settings_get_double (f->settings, "gpu-memory-share"), ==, 0.6);
  gtk_editable_set_text (GTK_EDITABLE (memory), "200");
  gtk_spin_button_update (GTK_SPIN_BUTTON (memory));
  g_assert_cmpfloat (g_settings_get_double (f->settings, "gpu-memory-share"), ==, 1);
}

static void
test_no_gpu (Fixture *f, gconstpointer data)
{
  ui_wait (has_looked, f->row);
  g_assert_cmpuint (count (f), ==, 3); /* automatic, the one that cannot be used, the CPU */
  g_assert_cmpstr (facet_device_get_choice (get (f, 2)), ==, "cpu");
  g_assert_false (gtk_widget_is_sensitive (find_memory (f)));
}

int
main (int argc, char *argv[])
{
  static const struct {
    const char *path, *module;
    void (*test) (Fixture *f, gconstpointer data);
  } tests[] = {
      {"/device/choose", "fake-two.so", test_choose},
      {"/device/gone", "fake-two.so", test_gone},
      {"/device/list", "fake-two.so", test_list},
      {"/device/memory", "fake-two.so", test_memory},
      {"/device/no-gpu", NULL, test_no_gpu},
  };

  ui_test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, tests[i].module, set_up, tests[i].test, tear_down);
  return g_test_run ();
}
