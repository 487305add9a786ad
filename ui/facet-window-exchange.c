/* facet-window-exchange.c: conversations into files and out of them, from a window.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  While it goes on, a toast says how far it is and can cancel it; at the end another
 * one says what came of it.  A window that closes cancels what it began. */
#define G_LOG_DOMAIN "facet-window"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-export-dialog.h"
#include "facet-import-conversations.h"
#include "facet-window-private.h"

#define TICK_MS       500
#define TOAST_SECONDS 15 /* what it says is longer than usual, and can be acted upon */
/* Of a line beside the button: what a window of 360 px has room for, and a wider one. */
#define NARROW_CHARS 14
#define WIDE_CHARS   36
#define WIDE_WINDOW  560

/* A job that goes on. */
typedef struct {
  FacetWindow   *window; /* weak */
  FacetLibrary  *library;
  GCancellable  *cancellable;
  FacetProgress *progress;
  AdwToast      *toast; /* NULL: it has not taken long yet */
  const char    *words; /* what goes on */
  guint          timer;
  /* An import's: */
  GListModel    *files; /* of GFile */
  guint          n_begun;
  GArray        *ids; /* gint64 */
  GString       *said;
  gboolean       failed;
} Job;

static void
show_toast (Job *job)
{
  job->toast = g_object_ref (adw_toast_new (""));
  adw_toast_set_timeout (job->toast, 0);
  adw_toast_set_button_label (job->toast, _ ("Cancel"));
  g_signal_connect_object (job->toast, "button-clicked", G_CALLBACK (g_cancellable_cancel),
                           job->cancellable, G_CONNECT_SWAPPED);
  adw_toast_overlay_add_toast (job->window->toasts, g_object_ref (job->toast));
}

static gboolean
tick_cb (gpointer user_data)
{
  Job             *job = user_data;
  g_autofree char *title =
      g_strdup_printf ("%s %d %%", job->words, (int)(facet_progress_get (job->progress) * 100));

  if (job->window == NULL)
    return G_SOURCE_CONTINUE;
  if (job->toast == NULL)
    show_toast (job);
  adw_toast_set_title (job->toast, title);
  return G_SOURCE_CONTINUE;
}

static Job *
job_new (FacetWindow *window, const char *words)
{
  Job *job = g_new0 (Job, 1);

  g_set_weak_pointer (&job->window, window);
  job->library = g_object_ref (window->library);
  job->cancellable = g_cancellable_new ();
  job->progress = facet_progress_new ();
  job->words = words;
  g_signal_connect_object (window, "destroy", G_CALLBACK (g_cancellable_cancel), job->cancellable,
                           G_CONNECT_SWAPPED);
  job->timer = g_timeout_add (TICK_MS, tick_cb, job);
  return job;
}

static void
job_free (Job *job)
{
  g_clear_handle_id (&job->timer, g_source_remove);
  if (job->window != NULL && job->toast != NULL)
    adw_toast_dismiss (job->toast);
  g_clear_weak_pointer (&job->window);
  g_clear_object (&job->toast);
  g_object_unref (job->library);
  g_object_unref (job->cancellable);
  facet_progress_unref (job->progress);
  g_clear_object (&job->files);
  g_clear_pointer (&job->ids, g_array_unref);
  if (job->said != NULL)
    g_string_free (job->said, TRUE);
  g_free (job);
}

/* Saying what came of it */

/* A sentence about a file and a place in it is too long for a toast. */
static void
complain (FacetWindow *self, const char *heading, const char *body)
{
  GtkWidget *dialog = adw_message_dialog_new (GTK_WINDOW (self), heading, body);

  adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "close", _ ("_Close"));
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
say_with_button (FacetWindow   *self,
                 const char    *text,
                 const char    *label,
                 GCallback      clicked,
                 gpointer       data,
                 GDestroyNotify free_data)
{
  AdwToast *toast = adw_toast_new ("");

  facet_window_wrap_toast (toast, text,
                           gtk_widget_get_width (GTK_WIDGET (self)) < WIDE_WINDOW ? NARROW_CHARS
                                                                                  : WIDE_CHARS);
  adw_toast_set_timeout (toast, TOAST_SECONDS);
  adw_toast_set_button_label (toast, label);
  g_object_set_data_full (G_OBJECT (toast), "subject", data, free_data);
  g_signal_connect_object (toast, "button-clicked", clicked, self, 0);
  adw_toast_overlay_add_toast (self->toasts, toast);
}

/* Exporting */

static void
show_folder_cb (AdwToast *toast, FacetWindow *self)
{
  gtk_show_uri (GTK_WINDOW (self), g_object_get_data (G_OBJECT (toast), "subject"),
                GDK_CURRENT_TIME);
}

static void
say_exported (FacetWindow *self, const FacetExportResult *result)
{
  g_autofree char *folder = g_path_get_dirname (result->path);
  g_autofree char *name = g_path_get_basename (result->path);
  g_autofree char *shown = g_filename_display_name (name);
  g_autofree char *uri = g_filename_to_uri (folder, NULL, NULL);
  g_autofree char *missing =
      g_strdup_printf (ngettext ("%u attachment is missing.", "%u attachments are missing.",
                                 result->n_missing),
                       result->n_missing);
  /* Translators: the name of a file or folder. */
  g_autofree char *text = g_strdup_printf (_ ("Exported as “%s”."), shown);
  g_autofree char *whole = g_strdup_printf (result->n_missing > 0 ? "%s  %s" : "%s", text, missing);

  say_with_button (self, whole, _ ("Open Folder"), G_CALLBACK (show_folder_cb),
                   g_steal_pointer (&uri), g_free);
}

static void
exported_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Job *job = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (FacetExportResult) exported = facet_export_finish (result, &error);

  if (job->window != NULL && exported != NULL)
    say_exported (job->window, exported);
  else if (job->window != NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    complain (job->window, _ ("Nothing Was Exported"), error->message);
  job_free (job);
}

void
facet_window_export_to (FacetWindow      *self,
                        FacetExportFormat format,
                        const char       *folder,
                        gint64            conversation)
{
  Job               *job = job_new (self, _ ("Exporting…"));
  FacetExportRequest request = {.format = format, .folder = folder};

  if (conversation != 0) {
    request.ids = &conversation;
    request.n_ids = 1;
  }
  facet_export_async (self->library, &request, job->progress, job->cancellable, exported_cb, job);
}

static void
chosen_cb (GtkWindow *parent, FacetExportFormat format, const char *folder, gpointer conversation)
{
  FacetWindow *self = FACET_WINDOW (parent);

  if (self->library != NULL)
    facet_window_export_to (self, format, folder, *(gint64 *)conversation);
}

static void
ask (FacetWindow *self, const char *heading, gint64 conversation)
{
  gint64 *id = g_new (gint64, 1);

  *id = conversation;
  facet_choose_export (GTK_WINDOW (self), heading, chosen_cb, id, g_free);
}

void
facet_window_export_conversation (FacetWindow *self, gint64 conversation)
{
  if (conversation != 0) /* else nothing was said in it */
    ask (self, _ ("Export Conversation"), conversation);
}

void
facet_window_export_all (FacetWindow *self)
{
  ask (self, _ ("Export All Conversations"), 0);
}

/* Importing */

static void
open_cb (AdwToast *toast, FacetWindow *self)
{
  const gint64 *id = g_object_get_data (G_OBJECT (toast), "subject");
  g_autoptr (FacetConversation) conversation =
      self->library != NULL ? facet_library_find (self->library, *id) : NULL;

  if (conversation == NULL)
    return;
  facet_window_open (self, conversation);
  facet_sidebar_reveal (self->sidebar);
}

static void
say_imported (Job *job)
{
  gint64 *id;

  if (job->failed)
    complain (job->window,
              job->ids->len > 0 ? _ ("Not Everything Was Imported") : _ ("Nothing Was Imported"),
              job->said->str);
  if (job->failed || job->ids->len == 0)
    return;
  id = g_new (gint64, 1);
  *id = g_array_index (job->ids, gint64, 0);
  say_with_button (job->window, job->said->str, _ ("Open"), G_CALLBACK (open_cb), id, g_free);
}

static void import_next (Job *job);

static void
imported_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Job *job = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (FacetImportResult) imported = facet_import_conversations_finish (result, &error);
  g_autofree char *said =
      imported != NULL ? facet_import_result_dup_summary (imported) : g_strdup (error->message);

  if (imported != NULL)
    g_array_append_vals (job->ids, imported->ids->data, imported->ids->len);
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
    if (job->said->len > 0)
      g_string_append (job->said, "\n\n");
    g_string_append (job->said, said);
    job->failed |= error != NULL;
  }
  import_next (job);
}

static void
import_next (Job *job)
{
  g_autoptr (GFile) file = g_list_model_get_item (job->files, job->n_begun++);

  if (file == NULL || g_cancellable_is_cancelled (job->cancellable)) {
    if (job->window != NULL)
      say_imported (job);
    job_free (job);
    return;
  }
  facet_progress_set (job->progress, 0, 0);
  facet_import_conversations_async (job->library, file, job->progress, job->cancellable,
                                    imported_cb, job);
}

void
facet_window_import_files (FacetWindow *self, GListModel *files)
{
  Job *job = job_new (self, _ ("Importing…"));

  job->files = g_object_ref (files);
  job->ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  job->said = g_string_new (NULL);
  import_next (job);
}

static void
files_cb (GtkNativeDialog *dialog, int response, FacetWindow *self)
{
  if (response == GTK_RESPONSE_ACCEPT && self->library != NULL) {
    g_autoptr (GListModel) files = gtk_file_chooser_get_files (GTK_FILE_CHOOSER (dialog));

    facet_window_import_files (self, files);
  }
  g_object_unref (dialog);
}

void
facet_window_import (FacetWindow *self)
{
  GtkFileChooserNative *dialog =
      gtk_file_chooser_native_new (_ ("Import Conversations"), GTK_WINDOW (self),
                                   GTK_FILE_CHOOSER_ACTION_OPEN, _ ("_Import"), _ ("_Cancel"));
  g_autoptr (GtkFileFilter) json = gtk_file_filter_new ();
  g_autoptr (GtkFileFilter) all = gtk_file_filter_new ();

  gtk_file_filter_set_name (json, _ ("Conversations (JSON)"));
  gtk_file_filter_add_suffix (json, "json");
  gtk_file_filter_add_suffix (json, "jsonl");
  gtk_file_filter_set_name (all, _ ("All files"));
  gtk_file_filter_add_pattern (all, "*");
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (dialog), json);
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (dialog), all);
  gtk_file_chooser_set_select_multiple (GTK_FILE_CHOOSER (dialog), TRUE);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  /* The handler owns the dialog, which goes with its window. */
  g_signal_connect_object (dialog, "response", G_CALLBACK (files_cb), self, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}
