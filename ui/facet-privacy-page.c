/* facet-privacy-page.c: what is kept on this computer, and how it goes away.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-privacy-page"

#include "config.h"

#include "facet-privacy-page.h"
#include "facet-states-row.h"
#include "facet-storage-group.h"

struct _FacetPrivacyPage {
  AdwPreferencesPage parent_instance;

  FacetStatesRow    *states_row;
  FacetStorageGroup *storage;
};

G_DEFINE_FINAL_TYPE (FacetPrivacyPage, facet_privacy_page, ADW_TYPE_PREFERENCES_PAGE)

static void
facet_privacy_page_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), FACET_TYPE_PRIVACY_PAGE);
  G_OBJECT_CLASS (facet_privacy_page_parent_class)->dispose (object);
}

static void
facet_privacy_page_class_init (FacetPrivacyPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_privacy_page_dispose;
  g_type_ensure (FACET_TYPE_STATES_ROW);
  g_type_ensure (FACET_TYPE_STORAGE_GROUP);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-privacy-page.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetPrivacyPage, states_row);
  gtk_widget_class_bind_template_child (widget_class, FacetPrivacyPage, storage);
}

static void
facet_privacy_page_init (FacetPrivacyPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
facet_privacy_page_new (const FacetPreferencesParts *parts)
{
  FacetPrivacyPage *self = g_object_new (FACET_TYPE_PRIVACY_PAGE, NULL);

  facet_states_row_set_up (self->states_row, parts->settings);
  facet_storage_group_set_up (self->storage, parts->library);
  return GTK_WIDGET (self);
}
