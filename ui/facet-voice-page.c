/* facet-voice-page.c: the microphone and the key to talk.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-voice-page"

#include "config.h"

#include "facet-microphone-group.h"
#include "facet-voice-page.h"

struct _FacetVoicePage {
  AdwPreferencesPage parent_instance;

  FacetMicrophoneGroup *microphone;
};

G_DEFINE_FINAL_TYPE (FacetVoicePage, facet_voice_page, ADW_TYPE_PREFERENCES_PAGE)

static void
facet_voice_page_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), FACET_TYPE_VOICE_PAGE);
  G_OBJECT_CLASS (facet_voice_page_parent_class)->dispose (object);
}

static void
facet_voice_page_class_init (FacetVoicePageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_voice_page_dispose;
  g_type_ensure (FACET_TYPE_MICROPHONE_GROUP);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-voice-page.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetVoicePage, microphone);
}

static void
facet_voice_page_init (FacetVoicePage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
facet_voice_page_new (const FacetPreferencesParts *parts)
{
  FacetVoicePage *self = g_object_new (FACET_TYPE_VOICE_PAGE, NULL);

  facet_microphone_group_set_up (self->microphone, parts->recorder, parts->settings);
  return GTK_WIDGET (self);
}
