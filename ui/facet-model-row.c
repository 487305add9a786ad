/* facet-model-row.c: shows a model, and does what its buttons say.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-model-row"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-model-row.h"

struct _FacetModelRow {
  AdwPreferencesRow parent_instance;

  GtkLabel       *name;
  GtkLabel       *detail;
  GtkWidget      *fit_box;
  GtkImage       *fit_icon;
  GtkLabel       *fit;
  GtkProgressBar *progress;
  GtkLabel       *message;
  GtkButton      *button;
  GtkMenuButton  *menu;

  FacetModels *models;
  FacetModel  *model;
  GSettings   *settings;
};

G_DEFINE_FINAL_TYPE (FacetModelRow, facet_model_row, ADW_TYPE_PREFERENCES_ROW)

/* ---- the licence, and downloading ---- */

typedef struct {
  FacetModels *models;
  FacetModel  *model;
  gboolean     use;
} Wish;

static void
wish_free (gpointer data, GClosure *closure)
{
  Wish *wish = data;

  g_object_unref (wish->models);
  g_object_unref (wish->model);
  g_free (wish);
}

static void
licence_response_cb (AdwMessageDialog *dialog, const char *response, Wish *wish)
{
  g_autoptr (GError) error = NULL;

  if (!g_str_equal (response, "accept"))
    return;
  /* If it cannot be remembered, it will be asked again; the download will say what is wrong with
   * the folder. */
  if (!facet_models_accept_licence (wish->models, &error))
    g_warning ("%s", error->message);
  facet_model_download (wish->model, wish->use);
}

void
facet_download_model (GtkWindow *parent, FacetModels *models, FacetModel *model, gboolean use)
{
  AdwMessageDialog *dialog;
  g_autofree char  *link = NULL, *body = NULL, *summary = NULL;
  Wish             *wish;

  if (!facet_model_is_in_catalogue (model) || facet_models_is_licence_accepted (models)) {
    facet_model_download (model, use);
    return;
  }
  wish = g_new0 (Wish, 1);
  *wish = (Wish){g_object_ref (models), g_object_ref (model), use};
  summary = g_markup_escape_text (facet_catalogue_get_licence_summary (), -1);
  link = g_markup_printf_escaped ("<a href=\"%s\">%s</a>", FACET_CATALOGUE_LICENCE_URL,
                                  _ ("Read the licence"));
  body = g_strdup_printf ("%s\n\n%s", summary, link);
  dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (parent, _ ("Licence of Gemma 4"), NULL));
  adw_message_dialog_set_body_use_markup (dialog, TRUE);
  adw_message_dialog_set_body (dialog, body);
  adw_message_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "accept",
                                    _ ("_Accept and Download"), NULL);
  adw_message_dialog_set_response_appearance (dialog, "accept", ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response (dialog, "accept");
  adw_message_dialog_set_close_response (dialog, "cancel");
  g_signal_connect_data (dialog, "response", G_CALLBACK (licence_response_cb), wish, wish_free, 0);
  gtk_window_present (GTK_WINDOW (dialog));
}

/* ---- what is shown ---- */

static gboolean
is_used (FacetModelRow *self)
{
  g_autofree char *folder = g_settings_get_string (self->settings, "model-folder");

  return g_strcmp0 (folder, facet_model_get_folder (self->model)) == 0;
}

/* What the button does now, and for whom it is named. */
static void
update_button (FacetModelRow *self)
{
  FacetModelState  state = facet_model_get_state (self->model);
  const char      *label = NULL;
  gboolean         used = is_used (self);
  g_autofree char *whole = NULL;

  switch (state) {
  case FACET_MODEL_AVAILABLE:
    label = _ ("Download");
    break;
  case FACET_MODEL_DOWNLOADING:
    label = _ ("Pause");
    break;
  case FACET_MODEL_PAUSED:
    label = _ ("Resume");
    break;
  case FACET_MODEL_FAILED:
    label = _ ("Try Again");
    break;
  case FACET_MODEL_HERE:
  case FACET_MODEL_VERIFYING:
    label = facet_model_is_damaged (self->model) && !facet_model_is_in_hub_cache (self->model)
                ? _ ("Mend")
            : used ? _ ("In Use")
                   : _ ("Use");
    break;
  }
  gtk_button_set_label (self->button, label);
  /* Translators: what a button does, and the model to which: "Download: Gemma 4 E2B". */
  whole = g_strdup_printf (_ ("%s: %s"), label, facet_model_get_name (self->model));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  whole, -1);
  gtk_widget_set_sensitive (GTK_WIDGET (self->button),
                            state != FACET_MODEL_VERIFYING &&
                                (!used || facet_model_is_damaged (self->model)));
  /* A drafter answers nobody by itself. */
  gtk_widget_set_visible (GTK_WIDGET (self->button),
                          state != FACET_MODEL_HERE || !facet_model_is_drafter (self->model));
}

static void
update_menu (FacetModelRow *self)
{
  FacetModelState state = facet_model_get_state (self->model);
  gboolean        here = state == FACET_MODEL_HERE;
  gboolean        begun = state == FACET_MODEL_PAUSED || state == FACET_MODEL_FAILED;

  gtk_widget_action_set_enabled (GTK_WIDGET (self), "model.verify", here);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "model.remove",
                                 begun || (here && !facet_model_is_in_hub_cache (self->model)));
  gtk_widget_set_visible (GTK_WIDGET (self->menu), state != FACET_MODEL_AVAILABLE);
}

static char *
dup_detail (FacetModelRow *self)
{
  g_autofree char *size = g_format_size (facet_model_get_size (self->model));
  const char      *detail = facet_model_get_detail (self->model);

  if (facet_model_is_in_hub_cache (self->model))
    return g_strdup_printf (_ ("%s, in the Hugging Face cache"), size);
  /* Translators: a size, and what a model is. */
  return detail[0] != '\0' ? g_strdup_printf (_ ("%s · %s"), size, detail) : g_strdup (size);
}

static void
set_text (GtkLabel *label, const char *text)
{
  gtk_label_set_label (label, text);
  gtk_widget_set_visible (GTK_WIDGET (label), text[0] != '\0');
}

static void
update (FacetModelRow *self)
{
  FacetModelState  state = facet_model_get_state (self->model);
  g_autofree char *detail = dup_detail (self);
  const char      *fit = facet_model_get_fit (self->model);
  gboolean         wrong = state == FACET_MODEL_FAILED || facet_model_is_damaged (self->model);

  set_text (self->detail, detail);
  set_text (self->fit, fit);
  gtk_widget_set_visible (self->fit_box, fit[0] != '\0');
  gtk_image_set_from_icon_name (self->fit_icon, facet_model_fits (self->model)
                                                    ? "emblem-ok-symbolic"
                                                    : "dialog-warning-symbolic");
  set_text (self->message, facet_model_get_message (self->model));
  if (wrong)
    gtk_widget_add_css_class (GTK_WIDGET (self->message), "error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->message), "error");
  gtk_progress_bar_set_fraction (self->progress, facet_model_get_fraction (self->model));
  gtk_widget_set_visible (GTK_WIDGET (self->progress), state == FACET_MODEL_DOWNLOADING ||
                                                           state == FACET_MODEL_VERIFYING ||
                                                           state == FACET_MODEL_PAUSED);
  update_button (self);
  update_menu (self);
}

/* ---- what is done ---- */

static GtkWindow *
get_window (FacetModelRow *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));

  return GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL;
}

static void
button_clicked_cb (FacetModelRow *self)
{
  FacetModelState state = facet_model_get_state (self->model);

  if (state == FACET_MODEL_DOWNLOADING)
    facet_model_pause (self->model);
  else if (state != FACET_MODEL_HERE)
    facet_download_model (get_window (self), self->models, self->model, FALSE);
  else if (facet_model_is_damaged (self->model) && !facet_model_is_in_hub_cache (self->model))
    facet_model_download (self->model, FALSE);
  else
    g_settings_set_string (self->settings, "model-folder", facet_model_get_folder (self->model));
}

static void
verify (GtkWidget *widget, const char *name, GVariant *parameter)
{
  facet_model_verify (FACET_MODEL_ROW (widget)->model);
}

static void
remove_now (FacetModelRow *self)
{
  g_autoptr (GError) error = NULL;

  /* The demonstration model takes over from one that goes. */
  if (facet_model_get_folder (self->model) != NULL && is_used (self))
    g_settings_reset (self->settings, "model-folder");
  if (!facet_model_remove (self->model, &error)) {
    gtk_label_set_label (self->message, error->message);
    gtk_widget_set_visible (GTK_WIDGET (self->message), TRUE);
  }
}

static void
remove_response_cb (AdwMessageDialog *dialog, const char *response, FacetModelRow *self)
{
  FacetModelState state = facet_model_get_state (self->model);

  if (g_str_equal (response, "remove") && state != FACET_MODEL_DOWNLOADING &&
      state != FACET_MODEL_VERIFYING)
    remove_now (self);
}

static void
ask_to_remove (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetModelRow   *self = FACET_MODEL_ROW (widget);
  g_autofree char *heading = g_strdup_printf (_ ("Remove %s?"), facet_model_get_name (self->model));
  AdwMessageDialog *dialog =
      ADW_MESSAGE_DIALOG (adw_message_dialog_new (get_window (self), heading, NULL));

  adw_message_dialog_set_body (dialog, _ ("Its files are deleted. It can be downloaded again."));
  adw_message_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "remove", _ ("_Remove"), NULL);
  adw_message_dialog_set_response_appearance (dialog, "remove", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_close_response (dialog, "cancel");
  g_signal_connect_object (dialog, "response", G_CALLBACK (remove_response_cb), self, 0);
  gtk_window_present (GTK_WINDOW (dialog));
}

/* ---- the object ---- */

FacetModel *
facet_model_row_get_model (FacetModelRow *self)
{
  g_return_val_if_fail (FACET_IS_MODEL_ROW (self), NULL);

  return self->model;
}

static void
facet_model_row_dispose (GObject *object)
{
  FacetModelRow *self = FACET_MODEL_ROW (object);

  gtk_widget_dispose_template (GTK_WIDGET (self), FACET_TYPE_MODEL_ROW);
  g_clear_object (&self->models);
  g_clear_object (&self->model);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (facet_model_row_parent_class)->dispose (object);
}

static void
facet_model_row_class_init (FacetModelRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_model_row_dispose;
  gtk_widget_class_set_template_from_resource (widget_class, "/org/facet/Facet/facet-model-row.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetModelRow, name);
  gtk_widget_class_bind_template_child (widget_class, FacetModelRow, detail);
  gtk_widget_class_bind_template_child (widget_class, FacetModelRow, fit_box);
  gtk_widget_class_bind_template_child (widget_class, FacetModelRow, fit_icon);
  gtk_widget_class_bind_template_child (widget_class, FacetModelRow, fit);
  gtk_widget_class_bind_template_child (widget_class, FacetModelRow, progress);
  gtk_widget_class_bind_template_child (widget_class, FacetModelRow, message);
  gtk_widget_class_bind_template_child (widget_class, FacetModelRow, button);
  gtk_widget_class_bind_template_child (widget_class, FacetModelRow, menu);
  gtk_widget_class_bind_template_callback (widget_class, button_clicked_cb);
  gtk_widget_class_install_action (widget_class, "model.verify", NULL, verify);
  gtk_widget_class_install_action (widget_class, "model.remove", NULL, ask_to_remove);
}

static void
facet_model_row_init (FacetModelRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
facet_model_row_new (FacetModels *models, FacetModel *model, GSettings *settings)
{
  FacetModelRow   *self = g_object_new (FACET_TYPE_MODEL_ROW, NULL);
  g_autofree char *more = NULL;

  self->models = g_object_ref (models);
  self->model = g_object_ref (model);
  self->settings = g_object_ref (settings);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self), facet_model_get_name (model));
  gtk_label_set_label (self->name, facet_model_get_name (model));
  /* Translators: the menu of a model. */
  more = g_strdup_printf (_ ("More: %s"), facet_model_get_name (model));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->menu), GTK_ACCESSIBLE_PROPERTY_LABEL, more,
                                  -1);
  g_signal_connect_object (model, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (settings, "changed::model-folder", G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED);
  update (self);
  return GTK_WIDGET (self);
}
