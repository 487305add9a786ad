/* facet-application.c: the process: windows, application-wide actions, the library and its
 * assistant.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-application"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-application.h"
#include "facet-window.h"

struct _FacetApplication {
  AdwApplication parent_instance;
};

G_DEFINE_FINAL_TYPE (FacetApplication, facet_application, ADW_TYPE_APPLICATION)

static void
facet_application_activate (GApplication *application)
{
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (application));

  if (window == NULL)
    window = GTK_WINDOW (facet_window_new (GTK_APPLICATION (application)));
  gtk_window_present (window);
}

static void
facet_application_class_init (FacetApplicationClass *klass)
{
  G_APPLICATION_CLASS (klass)->activate = facet_application_activate;
}

static void
facet_application_init (FacetApplication *self)
{
}

FacetApplication *
facet_application_new (void)
{
  return g_object_new (FACET_TYPE_APPLICATION, "application-id", FACET_APP_ID, "resource-base-path",
                       "/org/facet/Facet", NULL);
}
