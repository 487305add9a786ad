/* facet-window-organise.c: archive, copies, and conversations that are kept in memory only.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  A private conversation lives as long as the window in which it was begun, and no
 * longer than the person wants. */
#define G_LOG_DOMAIN "facet-window"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-settings.h"
#include "facet-window-private.h"

FacetConversation *
facet_window_find_conversation (FacetWindow *self, gint64 id)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->private)); i++) {
    g_autoptr (FacetConversation) conversation =
        g_list_model_get_item (G_LIST_MODEL (self->private), i);

    if (facet_conversation_get_id (conversation) == id)
      return g_steal_pointer (&conversation);
  }
  return self->library != NULL ? facet_library_find (self->library, id) : NULL;
}

void
facet_window_leave (FacetWindow *self, FacetConversation *conversation)
{
  g_autoptr (FacetConversation) other = NULL;

  if (conversation != self->conversation)
    return;
  other = facet_sidebar_find_neighbour (self->sidebar, 1);
  if (other == NULL)
    other = facet_sidebar_find_neighbour (self->sidebar, -1);
  if (other != NULL)
    facet_window_open (self, other);
  else
    facet_window_begin_conversation (self);
}

/* The archive */

static void
undo_archive (gpointer window)
{
  FacetWindow *self = window;

  if (self->archived != NULL && self->library != NULL)
    facet_library_set_archived (self->library, self->archived, FALSE);
  g_clear_object (&self->archived);
}

static void
archive (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetWindow *self = FACET_WINDOW (widget);
  g_autoptr (FacetConversation) conversation =
      facet_window_find_conversation (self, g_variant_get_int64 (parameter));
  g_autofree char *text = NULL;

  if (conversation == NULL || facet_conversation_is_private (conversation))
    return;
  facet_window_leave (self, conversation);
  facet_library_set_archived (self->library, conversation, TRUE);
  g_set_object (&self->archived, conversation);
  /* Translators: the title of a conversation. */
  text = g_strdup_printf (_ ("“%s” archived"), facet_conversation_get_title (conversation));
  facet_window_say (self, text, G_CALLBACK (undo_archive), self);
}

/* Copies */

static void
copied_cb (FacetConversation *copy, gpointer user_data)
{
  g_autoptr (FacetWindow) self = user_data;

  /* The window may have been closed meanwhile. */
  if (copy == NULL || self->library == NULL)
    return;
  facet_window_open (self, copy);
  facet_sidebar_reveal (self->sidebar);
  gtk_widget_grab_focus (GTK_WIDGET (self->composer));
}

static void
duplicate (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetWindow *self = FACET_WINDOW (widget);
  g_autoptr (FacetConversation) conversation =
      facet_window_find_conversation (self, g_variant_get_int64 (parameter));

  if (conversation != NULL && !facet_conversation_is_private (conversation))
    facet_library_copy (self->library, conversation, NULL, copied_cb, g_object_ref (self));
}

static void
begin_from (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetWindow *self = FACET_WINDOW (widget);
  GListModel  *messages = G_LIST_MODEL (self->conversation);

  if (self->conversation == NULL || facet_conversation_is_private (self->conversation))
    return;
  for (guint i = 0; i < g_list_model_get_n_items (messages); i++) {
    g_autoptr (FacetMessage) message = g_list_model_get_item (messages, i);

    if (facet_message_get_id (message) == g_variant_get_int64 (parameter)) {
      facet_library_copy (self->library, self->conversation, message, copied_cb,
                          g_object_ref (self));
      return;
    }
  }
}

/* Private conversations */

static void
new_private (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetWindow *self = FACET_WINDOW (widget);
  g_autoptr (GError) error = NULL;
  g_autoptr (FacetConversation) conversation =
      facet_library_new_private_conversation (self->library, &error);

  if (conversation == NULL) {
    facet_window_say (self, error->message, NULL, NULL);
    return;
  }
  facet_conversation_set_thinking (conversation,
                                   g_settings_get_boolean (facet_settings_get_default (),
                                                           "think-by-default"));
  g_list_store_insert (self->private, 0, conversation);
  facet_window_open (self, conversation);
  facet_sidebar_reveal (self->sidebar);
  gtk_widget_grab_focus (GTK_WIDGET (self->composer));
}

/* A running answer would keep its conversation until its end. */
void
facet_window_forget_all_private (FacetWindow *self)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->private)); i++) {
    g_autoptr (FacetConversation) conversation =
        g_list_model_get_item (G_LIST_MODEL (self->private), i);

    facet_conversation_stop (conversation);
  }
  g_list_store_remove_all (self->private);
}

static gboolean
is_empty (FacetConversation *conversation)
{
  GListModel *media = G_LIST_MODEL (facet_conversation_get_draft_media (conversation));

  return g_list_model_get_n_items (G_LIST_MODEL (conversation)) == 0 &&
         *facet_conversation_get_draft (conversation) == '\0' &&
         g_list_model_get_n_items (media) == 0;
}

void
facet_window_drop_empty_private (FacetWindow *self)
{
  for (guint i = g_list_model_get_n_items (G_LIST_MODEL (self->private)); i-- > 0;) {
    g_autoptr (FacetConversation) conversation =
        g_list_model_get_item (G_LIST_MODEL (self->private), i);

    if (conversation != self->conversation && is_empty (conversation))
      g_list_store_remove (self->private, i);
  }
}

void
facet_window_forget_private (FacetWindow *self, FacetConversation *conversation)
{
  guint place;

  facet_conversation_stop (conversation);
  facet_window_leave (self, conversation);
  if (g_list_store_find (self->private, conversation, &place))
    g_list_store_remove (self->private, place);
  facet_window_say (self, _ ("The private conversation is gone"), NULL, NULL);
}

void
facet_window_install_organise_actions (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "win.archive-conversation", "x", archive);
  gtk_widget_class_install_action (widget_class, "win.duplicate-conversation", "x", duplicate);
  gtk_widget_class_install_action (widget_class, "win.begin-conversation-from", "x", begin_from);
  gtk_widget_class_install_action (widget_class, "win.new-private-conversation", NULL, new_private);
}
