/* drag-source.c: a window whose only use is that a file can be dragged out of it, for drop.sh.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 *   drag-source FILE…
 *
 * What is dragged are all of the files, as a file manager offers them. */
#include <gtk/gtk.h>

static GdkContentProvider *
prepare_cb (GtkDragSource *source, double x, double y, GSList *files)
{
  return gdk_content_provider_new_typed (GDK_TYPE_FILE_LIST, files);
}

static void
activate_cb (GtkApplication *application, GSList *files)
{
  GtkWidget     *window = gtk_application_window_new (application);
  GtkWidget     *label = gtk_label_new ("Drag me");
  GtkDragSource *source = gtk_drag_source_new ();

  g_signal_connect (source, "prepare", G_CALLBACK (prepare_cb), files);
  gtk_widget_add_controller (label, GTK_EVENT_CONTROLLER (source));
  gtk_window_set_child (GTK_WINDOW (window), label);
  gtk_window_set_title (GTK_WINDOW (window), "Drag source");
  gtk_window_set_default_size (GTK_WINDOW (window), 240, 200);
  gtk_window_present (GTK_WINDOW (window));
}

int
main (int argc, char **argv)
{
  g_autoptr (GtkApplication) application = gtk_application_new (NULL, G_APPLICATION_NON_UNIQUE);
  GSList *files = NULL;
  int     status;

  for (int i = 1; i < argc; i++)
    files = g_slist_append (files, g_file_new_for_commandline_arg (argv[i]));
  g_signal_connect (application, "activate", G_CALLBACK (activate_cb), files);
  status = g_application_run (G_APPLICATION (application), 1, argv);
  g_slist_free_full (files, g_object_unref);
  return status;
}
