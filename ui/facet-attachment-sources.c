/* facet-attachment-sources.c: where attachments come from: files that are chosen, the clipboard,
 * what is dropped.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-attachment-sources"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-attachment-sources.h"
#include "facet-import-queue.h"

/* Of the window that owns a dialog. */
#define DIALOG_KEY "facet-attachment-chooser"

/* Values */

/* In a thread: a texture never changes. */
static GdkPixbuf *
dup_pixels (gpointer data)
{
  return gdk_pixbuf_get_from_texture (data);
}

static void
add_texture (FacetConversation *conversation, GdkTexture *texture)
{
  facet_import_queue_add_pixels (facet_import_queue_get (conversation), _ ("Pasted picture.png"),
                                 dup_pixels, g_object_ref (texture), g_object_unref);
}

static void
add_files (FacetConversation *conversation, GSList *files)
{
  for (; files != NULL; files = files->next)
    facet_import_queue_add_file (facet_import_queue_get (conversation), files->data, NULL);
}

GdkContentFormats *
facet_attachments_dup_formats (void)
{
  GdkContentFormatsBuilder *builder = gdk_content_formats_builder_new ();

  gdk_content_formats_builder_add_gtype (builder, GDK_TYPE_FILE_LIST);
  gdk_content_formats_builder_add_gtype (builder, G_TYPE_FILE);
  gdk_content_formats_builder_add_gtype (builder, GDK_TYPE_TEXTURE);
  return gdk_content_formats_builder_free_to_formats (builder);
}

gboolean
facet_attachments_add_value (FacetConversation *conversation, const GValue *value)
{
  g_return_val_if_fail (FACET_IS_CONVERSATION (conversation), FALSE);
  g_return_val_if_fail (G_IS_VALUE (value), FALSE);

  if (G_VALUE_HOLDS (value, GDK_TYPE_FILE_LIST)) {
    GSList *files = g_value_get_boxed (value);

    add_files (conversation, files);
    return files != NULL;
  }
  if (!G_VALUE_HOLDS_OBJECT (value) || g_value_get_object (value) == NULL)
    return FALSE;
  if (G_VALUE_HOLDS (value, G_TYPE_FILE)) {
    facet_import_queue_add_file (facet_import_queue_get (conversation), g_value_get_object (value),
                                 NULL);
    return TRUE;
  }
  if (G_VALUE_HOLDS (value, GDK_TYPE_TEXTURE)) {
    add_texture (conversation, g_value_get_object (value));
    return TRUE;
  }
  return FALSE;
}

/* The clipboard */

static void
pasted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (FacetConversation) conversation = user_data;
  g_autoptr (GError) error = NULL;
  const GValue *value = gdk_clipboard_read_value_finish (GDK_CLIPBOARD (source), result, &error);

  if (value == NULL || !facet_attachments_add_value (conversation, value)) {
    g_debug ("The clipboard was not read: %s", error != NULL ? error->message : "nothing in it");
    facet_import_queue_fail (facet_import_queue_get (conversation),
                             _ ("What was copied could not be read. Copy it again, or save it as a "
                                "file and add that."));
  }
}

/* G_TYPE_INVALID: nothing for us.  What a program offers in bytes counts as what it can be made
 * into. */
static GType
find_type (GdkClipboard *clipboard)
{
  GdkContentFormats *formats = gdk_content_formats_ref (gdk_clipboard_get_formats (clipboard));
  GType              type = G_TYPE_INVALID;

  formats = gdk_content_formats_union_deserialize_gtypes (formats);
  if (gdk_content_formats_contain_gtype (formats, GDK_TYPE_FILE_LIST))
    type = GDK_TYPE_FILE_LIST; /* file managers offer the paths as text, too */
  else if (gdk_content_formats_contain_gtype (formats, G_TYPE_FILE))
    type = G_TYPE_FILE;
  else if (!gdk_content_formats_contain_gtype (formats, G_TYPE_STRING) &&
           gdk_content_formats_contain_gtype (formats, GDK_TYPE_TEXTURE))
    type = GDK_TYPE_TEXTURE;
  gdk_content_formats_unref (formats);
  return type;
}

gboolean
facet_attachments_can_paste (GdkClipboard *clipboard)
{
  return find_type (clipboard) != G_TYPE_INVALID;
}

void
facet_attachments_paste (GdkClipboard *clipboard, FacetConversation *conversation)
{
  GType type = find_type (clipboard);

  g_return_if_fail (FACET_IS_CONVERSATION (conversation));

  if (type != G_TYPE_INVALID)
    gdk_clipboard_read_value_async (clipboard, type, G_PRIORITY_DEFAULT, NULL, pasted_cb,
                                    g_object_ref (conversation));
}

/* Files that are chosen */

static void
response_cb (GtkNativeDialog *dialog, int response, FacetConversation *conversation)
{
  if (response == GTK_RESPONSE_ACCEPT) {
    g_autoptr (GListModel) files = gtk_file_chooser_get_files (GTK_FILE_CHOOSER (dialog));

    for (guint i = 0; i < g_list_model_get_n_items (files); i++) {
      g_autoptr (GFile) file = g_list_model_get_item (files, i);

      facet_import_queue_add_file (facet_import_queue_get (conversation), file, NULL);
    }
  }
  g_object_set_data (G_OBJECT (gtk_native_dialog_get_transient_for (dialog)), DIALOG_KEY, NULL);
}

/* Takes @filter. */
static void
add_filter (GtkFileChooser *chooser, GtkFileFilter *filter, const char *name)
{
  gtk_file_filter_set_name (filter, name);
  gtk_file_chooser_add_filter (chooser, filter);
  g_object_unref (filter);
}

static void
add_filters (GtkFileChooser *chooser, FacetChoose what)
{
  GtkFileFilter *filter = gtk_file_filter_new ();

  if (what == FACET_CHOOSE_PICTURES) {
    gtk_file_filter_add_pixbuf_formats (filter);
    add_filter (chooser, filter, _ ("Pictures"));
  } else {
    gtk_file_filter_add_mime_type (filter, "audio/*");
    gtk_file_filter_add_mime_type (filter, "video/*");
    gtk_file_filter_add_mime_type (filter, "application/ogg");
    add_filter (chooser, filter, _ ("Sounds and videos"));
  }
  filter = gtk_file_filter_new ();
  gtk_file_filter_add_pattern (filter, "*");
  add_filter (chooser, filter, _ ("All files"));
}

static void
free_dialog (gpointer dialog)
{
  gtk_native_dialog_destroy (dialog);
  g_object_unref (dialog);
}

void
facet_attachments_choose (GtkWindow *parent, FacetConversation *conversation, FacetChoose what)
{
  GtkFileChooserNative *dialog;

  g_return_if_fail (GTK_IS_WINDOW (parent));
  g_return_if_fail (FACET_IS_CONVERSATION (conversation));

  dialog = gtk_file_chooser_native_new (what == FACET_CHOOSE_PICTURES ? _ ("Add Pictures")
                                                                      : _ ("Add Sounds or Videos"),
                                        parent, GTK_FILE_CHOOSER_ACTION_OPEN, _ ("_Add"), NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  gtk_file_chooser_set_select_multiple (GTK_FILE_CHOOSER (dialog), TRUE);
  add_filters (GTK_FILE_CHOOSER (dialog), what);
  g_signal_connect_object (dialog, "response", G_CALLBACK (response_cb), conversation, 0);
  /* The window owns it: it goes with the answer, or with the window. */
  g_object_set_data_full (G_OBJECT (parent), DIALOG_KEY, dialog, free_dialog);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}
