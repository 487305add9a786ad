/* facet-announcer.c: says something to those who use a screen reader.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  GTK has had gtk_accessible_announce () since 4.14.  Before, a widget of role alert
 * that comes into view is read out, as toasts are; this one takes no room. */
#define G_LOG_DOMAIN "facet-announcer"

#include "config.h"

#include "facet-announcer.h"

struct _FacetAnnouncer {
  GtkWidget parent_instance;
  char     *text;
};

G_DEFINE_FINAL_TYPE (FacetAnnouncer, facet_announcer, GTK_TYPE_WIDGET)

void
facet_announcer_say (FacetAnnouncer *self, const char *text)
{
  g_free (self->text);
  self->text = g_strdup (text);
#if GTK_CHECK_VERSION(4, 14, 0)
  G_GNUC_BEGIN_IGNORE_DEPRECATIONS
  gtk_accessible_announce (GTK_ACCESSIBLE (self), text,
                           GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_MEDIUM);
  G_GNUC_END_IGNORE_DEPRECATIONS
#else
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
  gtk_widget_set_visible (GTK_WIDGET (self), TRUE);
#endif
}

const char *
facet_announcer_get_text (FacetAnnouncer *self)
{
  return self->text != NULL ? self->text : "";
}

static void
facet_announcer_finalize (GObject *object)
{
  g_free (FACET_ANNOUNCER (object)->text);
  G_OBJECT_CLASS (facet_announcer_parent_class)->finalize (object);
}

static void
facet_announcer_class_init (FacetAnnouncerClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = facet_announcer_finalize;
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_ALERT);
}

static void
facet_announcer_init (FacetAnnouncer *self)
{
  gtk_widget_set_can_target (GTK_WIDGET (self), FALSE);
}
