/* facet-model-chooser.c: asks for the folder of a model.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Does not look into the folder: the assistant does, and says what is wrong with it.
 */
#define G_LOG_DOMAIN "facet-model-chooser"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-model-chooser.h"

static void
response_cb (GtkNativeDialog *dialog, int response, GSettings *settings)
{
  if (response == GTK_RESPONSE_ACCEPT) {
    g_autoptr (GFile) folder = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
    g_autofree char *path = folder != NULL ? g_file_get_path (folder) : NULL;

    if (path != NULL)
      g_settings_set_string (settings, "model-folder", path);
  }
  g_object_unref (dialog);
}

void
facet_choose_model_folder (GtkWindow *parent, GSettings *settings)
{
  GtkFileChooserNative *dialog = gtk_file_chooser_native_new (_ ("Choose a Model Folder"), parent,
                                                              GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER,
                                                              _ ("_Choose"), _ ("_Cancel"));
  g_autofree char      *present = g_settings_get_string (settings, "model-folder");

  if (present[0] != '\0') {
    g_autoptr (GFile) folder = g_file_new_for_path (present);

    gtk_file_chooser_set_file (GTK_FILE_CHOOSER (dialog), folder, NULL);
  }
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  /* The handler owns the dialog. */
  g_signal_connect (dialog, "response", G_CALLBACK (response_cb), settings);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}
