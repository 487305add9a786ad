/* facet-name-dialog.c: asks for the title of a conversation, or the name of a folder.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-name-dialog"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-name-dialog.h"

#define MAX_TITLE_LENGTH 200

/* What the name is for; freed with the dialog. */
typedef struct {
  FacetLibrary      *library;
  FacetConversation *conversation;
  FacetFolder       *folder;
} Subject;

static void
subject_free (gpointer data)
{
  Subject *subject = data;

  g_clear_object (&subject->library);
  g_clear_object (&subject->conversation);
  g_clear_object (&subject->folder);
  g_free (subject);
}

static Subject *
subject_new (FacetLibrary *library, FacetConversation *conversation, FacetFolder *folder)
{
  Subject *subject = g_new0 (Subject, 1);

  g_set_object (&subject->library, library);
  g_set_object (&subject->conversation, conversation);
  g_set_object (&subject->folder, folder);
  return subject;
}

static void
give_name (Subject *subject, const char *name)
{
  if (subject->folder != NULL) {
    facet_library_rename_folder (subject->library, subject->folder, name);
  } else if (subject->library != NULL) {
    FacetFolder *folder = facet_library_add_folder (subject->library, name);

    if (folder != NULL && subject->conversation != NULL)
      facet_library_put_in_folder (subject->library, subject->conversation, folder);
  } else {
    facet_conversation_set_title (subject->conversation, name);
  }
}

static void
entry_changed_cb (GtkEditable *entry, AdwMessageDialog *dialog)
{
  g_autofree char *name = g_strstrip (g_strdup (gtk_editable_get_text (entry)));

  adw_message_dialog_set_response_enabled (dialog, "accept", name[0] != '\0');
}

static void
named_cb (AdwMessageDialog *dialog, const char *response, Subject *subject)
{
  GtkEditable     *entry = GTK_EDITABLE (adw_message_dialog_get_extra_child (dialog));
  g_autofree char *name = g_strstrip (g_strdup (gtk_editable_get_text (entry)));

  if (g_str_equal (response, "accept") && name[0] != '\0')
    give_name (subject, name);
}

/* Takes @subject. */
static void
ask (GtkWindow  *parent,
     const char *heading,
     const char *accept,
     const char *label,
     const char *name,
     int         max_length,
     Subject    *subject)
{
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (parent, heading, NULL));
  GtkWidget        *entry = gtk_entry_new ();

  gtk_entry_set_max_length (GTK_ENTRY (entry), max_length);
  gtk_entry_set_activates_default (GTK_ENTRY (entry), TRUE);
  gtk_editable_set_text (GTK_EDITABLE (entry), name);
  gtk_accessible_update_property (GTK_ACCESSIBLE (entry), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);

  adw_message_dialog_set_extra_child (dialog, entry);
  adw_message_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "accept", accept, NULL);
  adw_message_dialog_set_response_appearance (dialog, "accept", ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response (dialog, "accept");
  adw_message_dialog_set_close_response (dialog, "cancel");
  g_signal_connect_object (entry, "changed", G_CALLBACK (entry_changed_cb), dialog, 0);
  g_signal_connect (dialog, "response", G_CALLBACK (named_cb), subject);
  g_object_set_data_full (G_OBJECT (dialog), "subject", subject, subject_free);
  entry_changed_cb (GTK_EDITABLE (entry), dialog);

  gtk_window_present (GTK_WINDOW (dialog));
  gtk_widget_grab_focus (entry);
}

void
facet_rename_conversation (GtkWindow *parent, FacetConversation *conversation)
{
  g_return_if_fail (FACET_IS_CONVERSATION (conversation));

  ask (parent, _ ("Rename Conversation"), _ ("_Rename"), _ ("Title"),
       facet_conversation_get_title (conversation), MAX_TITLE_LENGTH,
       subject_new (NULL, conversation, NULL));
}

void
facet_rename_folder (GtkWindow *parent, FacetLibrary *library, FacetFolder *folder)
{
  ask (parent, _ ("Rename Folder"), _ ("_Rename"), _ ("Name"), facet_folder_get_name (folder),
       FACET_FOLDER_NAME_MAX, subject_new (library, NULL, folder));
}

void
facet_make_folder (GtkWindow *parent, FacetLibrary *library, FacetConversation *conversation)
{
  ask (parent, _ ("New Folder"), _ ("_Create"), _ ("Name"), "", FACET_FOLDER_NAME_MAX,
       subject_new (library, conversation, NULL));
}

static void
delete_cb (AdwMessageDialog *dialog, const char *response, Subject *subject)
{
  if (g_str_equal (response, "delete"))
    facet_library_delete_folder (subject->library, subject->folder);
}

static guint
count_conversations (FacetLibrary *library, FacetFolder *folder)
{
  guint n = 0;

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (library)); i++) {
    gboolean pinned;
    gint64   id, updated;

    facet_library_get_key (library, i, &pinned, &id, &updated);
    n += id == facet_folder_get_id (folder);
  }
  return n;
}

void
facet_delete_folder (GtkWindow *parent, FacetLibrary *library, FacetFolder *folder)
{
  guint             n = count_conversations (library, folder);
  Subject          *subject;
  AdwMessageDialog *dialog;

  if (n == 0) {
    facet_library_delete_folder (library, folder);
    return;
  }
  dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (parent, NULL, NULL));
  /* Translators: the name of a folder. */
  adw_message_dialog_format_heading (dialog, _ ("Delete “%s”?"), facet_folder_get_name (folder));
  adw_message_dialog_format_body (dialog,
                                  ngettext ("The conversation in it stays, in no folder.",
                                            "The %u conversations in it stay, in no folder.", n),
                                  n);
  adw_message_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "delete", _ ("_Delete Folder"),
                                    NULL);
  adw_message_dialog_set_response_appearance (dialog, "delete", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_close_response (dialog, "cancel");
  subject = subject_new (library, NULL, folder);
  g_signal_connect (dialog, "response", G_CALLBACK (delete_cb), subject);
  g_object_set_data_full (G_OBJECT (dialog), "subject", subject, subject_free);
  gtk_window_present (GTK_WINDOW (dialog));
}
