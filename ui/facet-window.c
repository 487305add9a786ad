/* facet-window.c: one window: the list of conversations, a conversation, the composer.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-window"

#include "config.h"

#include "facet-window.h"

struct _FacetWindow {
  AdwApplicationWindow parent_instance;
};

G_DEFINE_FINAL_TYPE (FacetWindow, facet_window, ADW_TYPE_APPLICATION_WINDOW)

static void
facet_window_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), FACET_TYPE_WINDOW);
  G_OBJECT_CLASS (facet_window_parent_class)->dispose (object);
}

static void
facet_window_class_init (FacetWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_window_dispose;
  gtk_widget_class_set_template_from_resource (widget_class, "/org/facet/Facet/facet-window.ui");
}

static void
facet_window_init (FacetWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

FacetWindow *
facet_window_new (GtkApplication *application)
{
  return g_object_new (FACET_TYPE_WINDOW, "application", application, NULL);
}
