/* facet-export-dialog.c: asks for the format of an export, then for a folder.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  A folder and not a file: Markdown and JSON have media beside them, and in a sandbox
 * only what was chosen can be written to. */
#define G_LOG_DOMAIN "facet-export-dialog"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-export-dialog.h"

typedef struct {
  GtkWindow            *parent; /* weak */
  GtkCheckButton       *buttons[FACET_EXPORT_N_FORMATS];
  FacetExportFormat     format;
  FacetExportChosenFunc func;
  gpointer              user_data;
  GDestroyNotify        free_user_data;
} Question;

static void
question_free (gpointer data)
{
  Question *self = data;

  g_clear_weak_pointer (&self->parent);
  if (self->free_user_data != NULL)
    self->free_user_data (self->user_data);
  g_free (self);
}

static void
folder_cb (GtkNativeDialog *dialog, int response, Question *self)
{
  if (response == GTK_RESPONSE_ACCEPT && self->parent != NULL) {
    g_autoptr (GFile) folder = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
    g_autofree char *path = folder != NULL ? g_file_get_path (folder) : NULL;

    if (path != NULL)
      self->func (self->parent, self->format, path, self->user_data);
  }
  g_object_unref (dialog);
}

/* Takes @self. */
static void
choose_folder (Question *self)
{
  GtkFileChooserNative *dialog =
      gtk_file_chooser_native_new (_ ("Choose a Folder for the Export"), self->parent,
                                   GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, _ ("_Export"),
                                   _ ("_Cancel"));

  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  g_object_set_data_full (G_OBJECT (dialog), "question", self, question_free);
  /* The handler owns the dialog. */
  g_signal_connect (dialog, "response", G_CALLBACK (folder_cb), self);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

static void
response_cb (AdwMessageDialog *dialog, const char *response, Question *self)
{
  if (!g_str_equal (response, "choose") || self->parent == NULL)
    return;
  for (guint i = 0; i < FACET_EXPORT_N_FORMATS; i++)
    if (gtk_check_button_get_active (self->buttons[i]))
      self->format = i;
  choose_folder (g_object_steal_data (G_OBJECT (dialog), "question"));
}

static GtkWidget *
make_formats (Question *self)
{
  static const struct {
    const char *title, *subtitle;
  } formats[] = {
      [FACET_EXPORT_MARKDOWN] = {N_ ("Markdown"),
                                 N_ ("What is shown, as text with media beside it")},
      [FACET_EXPORT_JSON] = {N_ ("JSON"), N_ ("Everything, to be imported again")},
      [FACET_EXPORT_HTML] = {N_ ("Web Page"), N_ ("What is shown, in one file to read and print")},
  };
  GtkWidget *list = gtk_list_box_new ();

  gtk_list_box_set_selection_mode (GTK_LIST_BOX (list), GTK_SELECTION_NONE);
  gtk_widget_add_css_class (list, "boxed-list");
  for (guint i = 0; i < FACET_EXPORT_N_FORMATS; i++) {
    GtkWidget *row = adw_action_row_new ();
    GtkWidget *button = gtk_check_button_new ();

    adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _ (formats[i].title));
    adw_action_row_set_subtitle (ADW_ACTION_ROW (row), _ (formats[i].subtitle));
    gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
    gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                    _ (formats[i].title), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                    _ (formats[i].subtitle), -1);
    adw_action_row_add_prefix (ADW_ACTION_ROW (row), button);
    adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), button);
    gtk_list_box_append (GTK_LIST_BOX (list), row);
    self->buttons[i] = GTK_CHECK_BUTTON (button);
    if (i > 0)
      gtk_check_button_set_group (self->buttons[i], self->buttons[0]);
  }
  gtk_check_button_set_active (self->buttons[0], TRUE);
  return list;
}

void
facet_choose_export (GtkWindow            *parent,
                     const char           *heading,
                     FacetExportChosenFunc func,
                     gpointer              user_data,
                     GDestroyNotify        free_user_data)
{
  Question         *self = g_new0 (Question, 1);
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (parent, heading, NULL));

  g_set_weak_pointer (&self->parent, parent);
  self->func = func;
  self->user_data = user_data;
  self->free_user_data = free_user_data;
  adw_message_dialog_set_extra_child (dialog, make_formats (self));
  adw_message_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "choose",
                                    _ ("Choose _Folder…"), NULL);
  adw_message_dialog_set_response_appearance (dialog, "choose", ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response (dialog, "choose");
  adw_message_dialog_set_close_response (dialog, "cancel");
  g_object_set_data_full (G_OBJECT (dialog), "question", self, question_free);
  g_signal_connect (dialog, "response", G_CALLBACK (response_cb), self);
  gtk_window_present (GTK_WINDOW (dialog));
}
