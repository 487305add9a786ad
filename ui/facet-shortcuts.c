/* facet-shortcuts.c: reads the one list of keys.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-shortcuts"

#include "config.h"

#include "facet-shortcuts.h"

const char *const facet_shortcuts_groups[] = {"conversations", "searching", "writing", "answers",
                                              "picture",       "general",   NULL};

GtkBuilder *
facet_shortcuts_new_builder (void)
{
  return gtk_builder_new_from_resource ("/org/facet/Facet/gtk/help-overlay.ui");
}

static void
collect (GtkWidget *root, GPtrArray *found)
{
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL;
       child = gtk_widget_get_next_sibling (child)) {
    if (GTK_IS_SHORTCUTS_SHORTCUT (child))
      g_ptr_array_add (found, child);
    else
      collect (child, found);
  }
}

GPtrArray *
facet_shortcuts_list (GtkWidget *group)
{
  GPtrArray *found = g_ptr_array_new ();

  collect (group, found);
  return found;
}

gboolean
facet_shortcuts_is_talk (GtkWidget *shortcut)
{
  return g_strcmp0 (gtk_buildable_get_buildable_id (GTK_BUILDABLE (shortcut)), "talk") == 0;
}

/* The window has a copy of each for its search, which has the same title and no id. */
static void
talk_key_changed_cb (GSettings *settings, const char *key, GtkWidget *overlay)
{
  g_autofree char *accelerator = g_settings_get_string (settings, "talk-key");
  g_autofree char *title = NULL;
  g_autoptr (GPtrArray) shortcuts = facet_shortcuts_list (overlay);

  for (guint i = 0; i < shortcuts->len && title == NULL; i++)
    if (facet_shortcuts_is_talk (shortcuts->pdata[i]))
      g_object_get (shortcuts->pdata[i], "title", &title, NULL);
  for (guint i = 0; i < shortcuts->len; i++) {
    g_autofree char *its = NULL;

    g_object_get (shortcuts->pdata[i], "title", &its, NULL);
    if (g_strcmp0 (its, title) == 0)
      g_object_set (shortcuts->pdata[i], "accelerator", accelerator, NULL);
  }
}

void
facet_shortcuts_follow_talk_key (GtkWidget *overlay, GSettings *settings)
{
  g_return_if_fail (GTK_IS_WIDGET (overlay));

  g_signal_connect_object (settings, "changed::talk-key", G_CALLBACK (talk_key_changed_cb), overlay,
                           0);
  talk_key_changed_cb (settings, "talk-key", overlay);
}
