/* facet-preferences.c: the window of the preferences; what is in it is in the pages' own files.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-preferences"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-generation-page.h"
#include "facet-hardware-page.h"
#include "facet-model-page.h"
#include "facet-preferences.h"
#include "facet-privacy-page.h"
#include "facet-servers-page.h"
#include "facet-shortcuts-page.h"
#include "facet-voice-page.h"

struct _FacetPreferences {
  AdwPreferencesWindow parent_instance;
};

G_DEFINE_FINAL_TYPE (FacetPreferences, facet_preferences, ADW_TYPE_PREFERENCES_WINDOW)

/* In their order. */
static const FacetPreferencesPageFunc pages[] = {
    facet_model_page_new, facet_hardware_page_new, facet_generation_page_new,
    facet_voice_page_new, facet_servers_page_new,  facet_privacy_page_new,
    facet_shortcuts_page_new,
};

/* The groups at or below @widget; of each a weak pointer. */
static void
watch_groups (GtkWidget *widget, GPtrArray *groups)
{
  if (ADW_IS_PREFERENCES_GROUP (widget)) {
    GWeakRef *group = g_new (GWeakRef, 1);

    g_weak_ref_init (group, widget);
    g_ptr_array_add (groups, group);
    return;
  }
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    watch_groups (child, groups);
}

static void
weak_ref_free (gpointer data)
{
  g_weak_ref_clear (data);
  g_free (data);
}

/* The search of libadwaita 1.2 keeps a reference on every group it has seen; without this the rows,
 * and what they hold, would be alive and listening after the window is gone. */
static void
facet_preferences_dispose (GObject *object)
{
  g_autoptr (GPtrArray) groups = g_ptr_array_new_with_free_func (weak_ref_free);

  watch_groups (GTK_WIDGET (object), groups);
  G_OBJECT_CLASS (facet_preferences_parent_class)->dispose (object);
  for (guint i = 0; i < groups->len; i++) {
    g_autoptr (GObject) group = g_weak_ref_get (groups->pdata[i]);

    if (group != NULL)
      g_object_run_dispose (group);
  }
}

static void
facet_preferences_class_init (FacetPreferencesClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = facet_preferences_dispose;
}

static void
facet_preferences_init (FacetPreferences *self)
{
}

FacetPreferences *
facet_preferences_new (GSettings *settings, FacetRecorder *recorder, FacetLibrary *library)
{
  FacetPreferencesParts parts = {settings, recorder, library};
  FacetPreferences     *self;

  g_return_val_if_fail (G_IS_SETTINGS (settings), NULL);

  self = g_object_new (FACET_TYPE_PREFERENCES, "title", _ ("Preferences"), "modal", TRUE,
                       "destroy-with-parent", TRUE, "search-enabled", TRUE, "default-width", 640,
                       "default-height", 640, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (pages); i++)
    adw_preferences_window_add (ADW_PREFERENCES_WINDOW (self),
                                ADW_PREFERENCES_PAGE (pages[i](&parts)));
  return self;
}
