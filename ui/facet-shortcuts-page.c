/* facet-shortcuts-page.c: the keys of the shortcuts window, as rows that a search finds.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Read from the shortcuts window's own description, so that there is one list. */
#define G_LOG_DOMAIN "facet-shortcuts-page"

#include "config.h"

#include "facet-shortcuts-page.h"

struct _FacetShortcutsPage {
  AdwPreferencesPage parent_instance;
};

G_DEFINE_FINAL_TYPE (FacetShortcutsPage, facet_shortcuts_page, ADW_TYPE_PREFERENCES_PAGE)

/* Adds what is a @type below @root, but not below another one, in the order of the widgets. */
static void
collect (GtkWidget *root, GType type, GPtrArray *found)
{
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL;
       child = gtk_widget_get_next_sibling (child)) {
    if (G_TYPE_CHECK_INSTANCE_TYPE (child, type))
      g_ptr_array_add (found, child);
    else
      collect (child, type, found);
  }
}

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

static GtkWidget *
make_row (GtkWidget *shortcut)
{
  GtkWidget       *row = adw_action_row_new ();
  g_autofree char *title = NULL, *accelerator = NULL;

  g_object_get (shortcut, "title", &title, "accelerator", &accelerator, NULL);
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), make_keys (accelerator));
  return row;
}

static void
add_group (FacetShortcutsPage *self, GtkWidget *group)
{
  GtkWidget       *rows = adw_preferences_group_new ();
  g_autofree char *title = NULL;
  g_autoptr (GPtrArray) shortcuts = g_ptr_array_new ();

  g_object_get (group, "title", &title, NULL);
  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (rows), title);
  collect (group, GTK_TYPE_SHORTCUTS_SHORTCUT, shortcuts);
  for (guint i = 0; i < shortcuts->len; i++)
    adw_preferences_group_add (ADW_PREFERENCES_GROUP (rows), make_row (shortcuts->pdata[i]));
  adw_preferences_page_add (ADW_PREFERENCES_PAGE (self), ADW_PREFERENCES_GROUP (rows));
}

static void
fill (FacetShortcutsPage *self)
{
  g_autoptr (GtkBuilder) builder =
      gtk_builder_new_from_resource ("/org/facet/Facet/gtk/help-overlay.ui");
  GtkWidget *window = GTK_WIDGET (gtk_builder_get_object (builder, "help_overlay"));
  g_autoptr (GPtrArray) groups = g_ptr_array_new ();

  collect (window, GTK_TYPE_SHORTCUTS_GROUP, groups);
  for (guint i = 0; i < groups->len; i++)
    add_group (self, groups->pdata[i]);
  gtk_window_destroy (GTK_WINDOW (window));
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

  fill (self);
  return GTK_WIDGET (self);
}
