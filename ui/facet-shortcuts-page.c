/* facet-shortcuts-page.c: the keys of the shortcuts window, as rows that a search finds.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Read from the shortcuts window's own description, so that there is one list. */
#define G_LOG_DOMAIN "facet-shortcuts-page"

#include "config.h"

#include "facet-shortcuts-page.h"
#include "facet-shortcuts.h"

struct _FacetShortcutsPage {
  AdwPreferencesPage parent_instance;
};

G_DEFINE_FINAL_TYPE (FacetShortcutsPage, facet_shortcuts_page, ADW_TYPE_PREFERENCES_PAGE)

/* Several that do the same stand below each other: beside, they would not fit a narrow window. */
static GtkWidget *
make_keys (const char *accelerators)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  g_auto (GStrv) each = g_strsplit (accelerators, " ", -1);

  gtk_widget_set_valign (box, GTK_ALIGN_CENTER);
  gtk_widget_set_margin_top (box, 6);
  gtk_widget_set_margin_bottom (box, 6);
  for (char **accelerator = each; *accelerator != NULL; accelerator++)
    gtk_box_append (GTK_BOX (box), gtk_shortcut_label_new (*accelerator));
  return box;
}

static void
show_keys (AdwActionRow *row, const char *accelerators)
{
  GtkWidget *before = g_object_get_data (G_OBJECT (row), "keys");
  GtkWidget *keys = make_keys (accelerators);

  if (before != NULL)
    adw_action_row_remove (row, before);
  adw_action_row_add_suffix (row, keys);
  g_object_set_data (G_OBJECT (row), "keys", keys);
}

static void
talk_key_changed_cb (GSettings *settings, const char *key, AdwActionRow *row)
{
  g_autofree char *accelerator = g_settings_get_string (settings, "talk-key");

  show_keys (row, accelerator);
}

static GtkWidget *
make_row (GtkWidget *shortcut, GSettings *settings)
{
  GtkWidget       *row = adw_action_row_new ();
  g_autofree char *title = NULL, *accelerators = NULL;

  g_object_get (shortcut, "title", &title, "accelerator", &accelerators, NULL);
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  if (facet_shortcuts_is_talk (shortcut)) {
    g_signal_connect_object (settings, "changed::talk-key", G_CALLBACK (talk_key_changed_cb), row,
                             0);
    talk_key_changed_cb (settings, "talk-key", ADW_ACTION_ROW (row));
  } else
    show_keys (ADW_ACTION_ROW (row), accelerators);
  return row;
}

static void
add_group (FacetShortcutsPage *self, GtkWidget *group, GSettings *settings)
{
  GtkWidget       *rows = adw_preferences_group_new ();
  g_autofree char *title = NULL;
  g_autoptr (GPtrArray) shortcuts = facet_shortcuts_list (group);

  g_object_get (group, "title", &title, NULL);
  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (rows), title);
  for (guint i = 0; i < shortcuts->len; i++)
    adw_preferences_group_add (ADW_PREFERENCES_GROUP (rows),
                               make_row (shortcuts->pdata[i], settings));
  adw_preferences_page_add (ADW_PREFERENCES_PAGE (self), ADW_PREFERENCES_GROUP (rows));
}

static void
fill (FacetShortcutsPage *self, GSettings *settings)
{
  g_autoptr (GtkBuilder) builder = facet_shortcuts_new_builder ();

  for (const char *const *id = facet_shortcuts_groups; *id != NULL; id++)
    add_group (self, GTK_WIDGET (gtk_builder_get_object (builder, *id)), settings);
  gtk_window_destroy (GTK_WINDOW (gtk_builder_get_object (builder, "help_overlay")));
}

static void
facet_shortcuts_page_class_init (FacetShortcutsPageClass *klass)
{
  gtk_widget_class_set_template_from_resource (GTK_WIDGET_CLASS (klass),
                                               "/org/facet/Facet/facet-shortcuts-page.ui");
}

static void
facet_shortcuts_page_init (FacetShortcutsPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
facet_shortcuts_page_new (const FacetPreferencesParts *parts)
{
  FacetShortcutsPage *self = g_object_new (FACET_TYPE_SHORTCUTS_PAGE, NULL);

  fill (self, parts->settings);
  return GTK_WIDGET (self);
}
