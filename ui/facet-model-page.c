/* facet-model-page.c: which folder the model is read from.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The application hears of the setting and loads the model again. */
#define G_LOG_DOMAIN "facet-model-page"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-model-chooser.h"
#include "facet-model-page.h"

struct _FacetModelPage {
  AdwPreferencesPage parent_instance;

  AdwActionRow *folder_row;
  GtkWidget    *demo_button;
  GSettings    *settings;
};

G_DEFINE_FINAL_TYPE (FacetModelPage, facet_model_page, ADW_TYPE_PREFERENCES_PAGE)

static void
choose_clicked_cb (FacetModelPage *self)
{
  facet_choose_model_folder (GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), self->settings);
}

static void
folder_changed_cb (FacetModelPage *self)
{
  g_autofree char *folder = g_settings_get_string (self->settings, "model-folder");
  g_autofree char *escaped = g_markup_escape_text (folder, -1);

  adw_action_row_set_subtitle (self->folder_row,
                               folder[0] != '\0' ? escaped : _ ("Demonstration model"));
  gtk_widget_set_visible (self->demo_button, folder[0] != '\0');
}

static void
facet_model_page_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), FACET_TYPE_MODEL_PAGE);
  g_clear_object (&FACET_MODEL_PAGE (object)->settings);
  G_OBJECT_CLASS (facet_model_page_parent_class)->dispose (object);
}

static void
facet_model_page_class_init (FacetModelPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_model_page_dispose;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-model-page.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetModelPage, folder_row);
  gtk_widget_class_bind_template_child (widget_class, FacetModelPage, demo_button);
  gtk_widget_class_bind_template_callback (widget_class, choose_clicked_cb);
}

static void
facet_model_page_init (FacetModelPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
facet_model_page_new (const FacetPreferencesParts *parts)
{
  FacetModelPage *self = g_object_new (FACET_TYPE_MODEL_PAGE, NULL);

  self->settings = g_object_ref (parts->settings);
  g_signal_connect_object (parts->settings, "changed::model-folder", G_CALLBACK (folder_changed_cb),
                           self, G_CONNECT_SWAPPED);
  folder_changed_cb (self);
  return GTK_WIDGET (self);
}
