/* facet-models-window.c: the rows of models, each in the group that it belongs to, and where
 * downloads come from.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-models-window"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-announcer.h"
#include "facet-model-chooser.h"
#include "facet-model-row.h"
#include "facet-models-window.h"

struct _FacetModelsWindow {
  AdwWindow parent_instance;

  FacetAnnouncer      *announcer;
  AdwPreferencesGroup *here;
  AdwPreferencesGroup *available;
  AdwPreferencesGroup *drafters;
  AdwActionRow        *folder_row;
  GtkButton           *demo_button;
  AdwEntryRow         *server_row;
  GtkEditable         *token_row;
  GtkLabel            *token_note;

  FacetModels *models;
  GSettings   *settings;
  GHashTable  *rows;   /* FacetModel → FacetModelRow, both borrowed */
  GHashTable  *states; /* FacetModel → its state and one, as it was */
};

G_DEFINE_FINAL_TYPE (FacetModelsWindow, facet_models_window, ADW_TYPE_WINDOW)

/* ---- the rows ---- */

static AdwPreferencesGroup *
group_of (FacetModelsWindow *self, FacetModel *model)
{
  if (facet_model_get_folder (model) != NULL)
    return self->here;
  return facet_model_is_drafter (model) ? self->drafters : self->available;
}

static void
place_row (FacetModelsWindow *self, FacetModel *model)
{
  GtkWidget           *row = g_hash_table_lookup (self->rows, model);
  AdwPreferencesGroup *group = group_of (self, model);

  if (row == NULL) {
    row = facet_model_row_new (self->models, model, self->settings);
    g_hash_table_insert (self->rows, model, row);
  } else if (gtk_widget_get_ancestor (row, ADW_TYPE_PREFERENCES_GROUP) == GTK_WIDGET (group)) {
    return;
  } else {
    g_object_ref (row);
    adw_preferences_group_remove (ADW_PREFERENCES_GROUP (
                                      gtk_widget_get_ancestor (row, ADW_TYPE_PREFERENCES_GROUP)),
                                  row);
    adw_preferences_group_add (group, row);
    g_object_unref (row);
    return;
  }
  adw_preferences_group_add (group, row);
}

static gboolean
is_gone (gpointer model, gpointer row, gpointer data)
{
  FacetModelsWindow *self = data;
  GtkWidget         *group = gtk_widget_get_ancestor (row, ADW_TYPE_PREFERENCES_GROUP);

  if (facet_models_find (self->models, facet_model_get_repository (model)) == model)
    return FALSE;
  adw_preferences_group_remove (ADW_PREFERENCES_GROUP (group), row);
  g_hash_table_remove (self->states, model);
  return TRUE;
}

/* How it ended, for those who do not see the bar. */
static void
announce (FacetModelsWindow *self, FacetModel *model)
{
  FacetModelState  state = facet_model_get_state (model);
  gpointer         before = g_hash_table_lookup (self->states, model);
  g_autofree char *text = NULL;

  g_hash_table_insert (self->states, model, GINT_TO_POINTER (state + 1));
  if (before == NULL || GPOINTER_TO_INT (before) == (int)state + 1)
    return;
  if (state == FACET_MODEL_HERE && facet_model_get_message (model)[0] == '\0')
    /* Translators: %s is a model. */
    text = g_strdup_printf (_ ("%s is downloaded"), facet_model_get_name (model));
  else if (state == FACET_MODEL_HERE || state == FACET_MODEL_FAILED || state == FACET_MODEL_PAUSED)
    text = g_strdup_printf (_ ("%s: %s"), facet_model_get_name (model),
                            facet_model_get_message (model));
  if (text != NULL)
    facet_announcer_say (self->announcer, text);
}

static void
models_changed_cb (FacetModelsWindow *self)
{
  guint    n = g_list_model_get_n_items (G_LIST_MODEL (self->models));
  gboolean any_drafter = FALSE;

  g_hash_table_foreach_remove (self->rows, is_gone, self);
  for (guint i = 0; i < n; i++) {
    g_autoptr (FacetModel) model = g_list_model_get_item (G_LIST_MODEL (self->models), i);

    place_row (self, model);
    announce (self, model);
    any_drafter |= group_of (self, model) == self->drafters;
  }
  gtk_widget_set_visible (GTK_WIDGET (self->drafters), any_drafter);
}

/* A folder that is none of the list's. */
static void
folder_changed_cb (FacetModelsWindow *self)
{
  g_autofree char *folder = g_settings_get_string (self->settings, "model-folder");
  g_autofree char *escaped = g_markup_escape_text (folder, -1);
  gboolean         listed = folder[0] == '\0';

  gtk_button_set_label (self->demo_button, listed ? _ ("In Use") : _ ("Use"));
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->models)); i++) {
    g_autoptr (FacetModel) model = g_list_model_get_item (G_LIST_MODEL (self->models), i);

    listed |= g_strcmp0 (facet_model_get_folder (model), folder) == 0;
  }
  adw_action_row_set_subtitle (self->folder_row,
                               listed
                                   ? _ ("One that has a model as Hugging Face lays it out; it is "
                                        "used where it is")
                                   : escaped);
}

static void
choose_clicked_cb (FacetModelsWindow *self)
{
  facet_choose_model_folder (GTK_WINDOW (self), self->settings);
}

/* ---- where from ---- */

static void
say (FacetModelsWindow *self, const char *text, gboolean wrong)
{
  gtk_label_set_label (self->token_note, text);
  if (wrong)
    gtk_widget_add_css_class (GTK_WIDGET (self->token_note), "error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->token_note), "error");
}

static void
server_applied_cb (FacetModelsWindow *self)
{
  const char *address = gtk_editable_get_text (GTK_EDITABLE (self->server_row));
  g_autoptr (GError) error = NULL;
  g_autoptr (FacetHub) hub = facet_hub_new (address, NULL, &error);

  if (hub == NULL) {
    say (self, error->message, TRUE);
    return;
  }
  /* Empty: the usual one. */
  g_settings_set_string (self->settings, "model-server", address);
  say (self, _ ("Downloads that begin now come from this server."), FALSE);
}

static void
stored_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (FacetModelsWindow) self = data;
  g_autoptr (GError) error = NULL;

  if (self->models == NULL) /* the window was closed meanwhile */
    return;
  if (facet_keyring_store_finish (FACET_KEYRING (source), result, &error)) {
    gtk_editable_set_text (self->token_row, "");
    say (self, _ ("The token is in the desktop’s keyring."), FALSE);
  } else {
    say (self, error->message, TRUE);
  }
}

static void
token_applied_cb (FacetModelsWindow *self)
{
  g_autofree char *address = facet_models_dup_address (self->models);
  /* Translators: in the list of the desktop's passwords; %s is an address. */
  g_autofree char *label = g_strdup_printf (_ ("Facet: access token for %s"), address);

  facet_keyring_store_async (facet_models_get_keyring (self->models), address, label,
                             gtk_editable_get_text (self->token_row), stored_cb,
                             g_object_ref (self));
}

/* ---- the object ---- */

static void
facet_models_window_dispose (GObject *object)
{
  FacetModelsWindow *self = FACET_MODELS_WINDOW (object);

  if (self->models != NULL)
    g_signal_handlers_disconnect_by_data (self->models, self);
  g_hash_table_remove_all (self->rows);
  gtk_widget_dispose_template (GTK_WIDGET (self), FACET_TYPE_MODELS_WINDOW);
  g_clear_object (&self->models);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (facet_models_window_parent_class)->dispose (object);
}

static void
facet_models_window_finalize (GObject *object)
{
  FacetModelsWindow *self = FACET_MODELS_WINDOW (object);

  g_hash_table_unref (self->rows);
  g_hash_table_unref (self->states);
  G_OBJECT_CLASS (facet_models_window_parent_class)->finalize (object);
}

static void
facet_models_window_class_init (FacetModelsWindowClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = facet_models_window_dispose;
  object_class->finalize = facet_models_window_finalize;
  g_type_ensure (FACET_TYPE_ANNOUNCER);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-models-window.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetModelsWindow, announcer);
  gtk_widget_class_bind_template_child (widget_class, FacetModelsWindow, here);
  gtk_widget_class_bind_template_child (widget_class, FacetModelsWindow, available);
  gtk_widget_class_bind_template_child (widget_class, FacetModelsWindow, drafters);
  gtk_widget_class_bind_template_child (widget_class, FacetModelsWindow, folder_row);
  gtk_widget_class_bind_template_child (widget_class, FacetModelsWindow, demo_button);
  gtk_widget_class_bind_template_child (widget_class, FacetModelsWindow, server_row);
  gtk_widget_class_bind_template_child (widget_class, FacetModelsWindow, token_row);
  gtk_widget_class_bind_template_child (widget_class, FacetModelsWindow, token_note);
  gtk_widget_class_bind_template_callback (widget_class, choose_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, server_applied_cb);
  gtk_widget_class_bind_template_callback (widget_class, token_applied_cb);
}

static void
facet_models_window_init (FacetModelsWindow *self)
{
  self->rows = g_hash_table_new (NULL, NULL);
  self->states = g_hash_table_new (NULL, NULL);
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
facet_models_window_new (FacetModels *models, GSettings *settings)
{
  FacetModelsWindow *self = g_object_new (FACET_TYPE_MODELS_WINDOW, NULL);
  g_autofree char   *address = NULL;

  self->models = g_object_ref (models);
  self->settings = g_object_ref (settings);
  address = facet_models_dup_address (models);
  gtk_editable_set_text (GTK_EDITABLE (self->server_row), address);
  gtk_widget_set_sensitive (GTK_WIDGET (self->token_row),
                            facet_models_get_keyring (models) != NULL);
  g_signal_connect_object (models, "changed", G_CALLBACK (models_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (models, "items-changed", G_CALLBACK (models_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (settings, "changed::model-folder", G_CALLBACK (folder_changed_cb), self,
                           G_CONNECT_SWAPPED);
  models_changed_cb (self);
  folder_changed_cb (self);
  facet_models_refresh (models); /* what came or went meanwhile */
  return GTK_WIDGET (self);
}
