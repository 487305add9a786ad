/* facet-window-models.c: the first choice of a model, and what the window says of those that come.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "facet-window"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-model-chooser.h"
#include "facet-model-row.h"
#include "facet-settings.h"
#include "facet-window-private.h"

void
facet_window_show_first_run (FacetWindow *self)
{
  g_return_if_fail (FACET_IS_WINDOW (self));

  self->is_first_run = TRUE;
  facet_window_show_page (self);
  gtk_widget_grab_focus (GTK_WIDGET (self->first_run));
}

/* What is here already only has to be used. */
static void
begin_with (FacetWindow *self, FacetModel *model)
{
  if (facet_model_get_state (model) == FACET_MODEL_HERE)
    g_settings_set_string (facet_settings_get_default (), "model-folder",
                           facet_model_get_folder (model));
  else
    facet_download_model (GTK_WINDOW (self), self->models, model, TRUE);
}

/* Where servers are set up. */
static void
open_servers (FacetWindow *self)
{
  GApplication *application = g_application_get_default ();
  const char   *action =
      application != NULL && g_action_group_has_action (G_ACTION_GROUP (application), "servers")
            ? "app.servers"
            : "app.preferences";

  gtk_widget_activate_action (GTK_WIDGET (self), action, NULL);
}

void
facet_window_first_run_chosen (FacetWindow *self, FacetFirstRunChoice choice, FacetModel *model)
{
  self->is_first_run = FALSE;
  g_settings_set_boolean (facet_settings_get_default (), "welcomed", TRUE);
  facet_window_show_page (self);
  gtk_widget_grab_focus (GTK_WIDGET (self->composer));
  if (choice == FACET_FIRST_RUN_DOWNLOAD && model != NULL && self->models != NULL)
    begin_with (self, model);
  else if (choice == FACET_FIRST_RUN_FOLDER)
    facet_choose_model_folder (GTK_WINDOW (self), facet_settings_get_default ());
  else if (choice == FACET_FIRST_RUN_SERVER)
    open_servers (self);
}

static void
arrived_cb (FacetWindow *self, FacetModel *model, gboolean use)
{
  g_autofree char *text = NULL;

  if (use) /* Translators: %s is a model. */
    text = g_strdup_printf (_ ("%s is downloaded, and answers from now on"),
                            facet_model_get_name (model));
  else
    text = g_strdup_printf (_ ("%s is downloaded. It is used when you choose it in Models"),
                            facet_model_get_name (model));
  facet_window_say (self, text, NULL, NULL);
}

void
facet_window_set_models (FacetWindow *self, FacetModels *models)
{
  g_return_if_fail (FACET_IS_WINDOW (self));

  if (self->models != NULL)
    g_signal_handlers_disconnect_by_data (self->models, self);
  if (!g_set_object (&self->models, models))
    return;
  facet_first_run_set_models (self->first_run, models);
  facet_download_line_set_models (self->download_line, models);
  if (models != NULL)
    g_signal_connect_object (models, "arrived", G_CALLBACK (arrived_cb), self, G_CONNECT_SWAPPED);
}
