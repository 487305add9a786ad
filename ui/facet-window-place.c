/* facet-window-place.c: where the words of the shown conversation go: the header, and the menu that
 * changes it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  "win.place" is a property action: its state is the id of a server, or "" for this
 * computer. */
#define G_LOG_DOMAIN "facet-window"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-window-private.h"

FacetAssistant *
facet_window_get_assistant (FacetWindow *self)
{
  if (self->conversation != NULL)
    return facet_conversation_get_assistant (self->conversation);
  return self->library != NULL ? facet_library_get_assistant (self->library) : NULL;
}

/* The server that answers; NULL: this computer does. */
static FacetServer *
get_server (FacetWindow *self)
{
  FacetServers *servers = self->library != NULL ? facet_library_get_servers (self->library) : NULL;

  if (servers == NULL || self->conversation == NULL)
    return NULL;
  return facet_servers_find (servers, facet_conversation_get_server (self->conversation));
}

const char *
facet_window_get_place (FacetWindow *self)
{
  FacetServer *server = get_server (self);

  return server != NULL ? facet_server_get_id (server) : "";
}

/* The header */

void
facet_window_update_place (FacetWindow *self)
{
  FacetAssistant  *assistant = facet_window_get_assistant (self);
  gboolean         remote = get_server (self) != NULL;
  g_autofree char *place = assistant != NULL ? facet_assistant_dup_place (assistant) : NULL;
  /* What the model warns of, as when the CPU computes in a GPU's place, stays when its sentence was closed. */
  g_autofree char *warning =
      assistant != NULL && !remote ? facet_assistant_dup_warning (assistant) : NULL;
  /* Translators: the name of a server. */
  g_autofree char *spoken =
      remote ? g_strdup_printf (_ ("On the server “%s”"), place) : g_strdup (place);

  if (place != NULL)
    gtk_label_set_label (self->place_label, place);
  gtk_image_set_from_icon_name (self->place_icon,
                                warning != NULL ? "dialog-warning-symbolic"
                                : remote        ? "network-server-symbolic"
                                                : "computer-symbolic");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->place_button),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  spoken != NULL ? spoken : gtk_label_get_label (self->place_label),
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  warning != NULL ? warning : "", -1);
  /* In a narrow window there is only the sign. */
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->place_button),
                               warning != NULL ? warning
                               : remote        ? spoken
                                               : _ ("Where your words go, and which model answers"));
  g_object_notify (G_OBJECT (self), "place");
}

/* The menu */

/* What is underlined in a menu is a mnemonic; a server's name has none. */
static char *
escape_mnemonic (const char *name)
{
  g_auto (GStrv) parts = g_strsplit (name, "_", -1);

  return g_strjoinv ("__", parts);
}

static void
add_place (GMenu *menu, const char *label, const char *id)
{
  g_autoptr (GMenuItem) item = g_menu_item_new (label, NULL);

  g_menu_item_set_action_and_target (item, "win.place", "s", id);
  g_menu_append_item (menu, item);
}

void
facet_window_fill_places (FacetWindow *self)
{
  FacetServers *servers = self->library != NULL ? facet_library_get_servers (self->library) : NULL;
  guint         n = servers != NULL ? g_list_model_get_n_items (G_LIST_MODEL (servers)) : 0;

  g_menu_remove_all (self->places);
  if (n > 0)
    add_place (self->places, _ ("On This _Computer"), "");
  for (guint i = 0; i < n; i++) {
    g_autoptr (FacetServer) server = g_list_model_get_item (G_LIST_MODEL (servers), i);
    g_autofree char *label = escape_mnemonic (facet_server_get_name (server));

    add_place (self->places, label, facet_server_get_id (server));
  }
  facet_window_update_place (self);
}

/* Switching */

typedef struct {
  FacetConversation *conversation;
  char              *server;
} Switch;

static void
switch_free (gpointer data, GClosure *closure)
{
  Switch *to = data;

  g_object_unref (to->conversation);
  g_free (to->server);
  g_free (to);
}

static void
response_cb (AdwMessageDialog *dialog, const char *response, Switch *to)
{
  if (g_str_equal (response, "send"))
    facet_conversation_set_server (to->conversation, to->server);
}

static char *
dup_question (FacetConversation *conversation, FacetServer *server)
{
  g_autofree char *host = facet_server_dup_host (server);
  GString         *text = g_string_new (NULL);

  if (facet_conversation_is_private (conversation))
    g_string_append (text, _ ("This is a private conversation.  "));
  /* Translators: %s is the address of a server. */
  g_string_append_printf (text,
                          _ ("With your next message all of it goes to %s: what was written, and "
                             "what is attached.  What happens to it there is up to whoever runs "
                             "that server."),
                          host);
  if (facet_server_is_open (server))
    g_string_append (text, _ ("\n\nThe connection is not encrypted: whoever is between can read "
                              "it, too."));
  return g_string_free (text, FALSE);
}

static void
ask_for_consent (FacetWindow *self, FacetServer *server)
{
  g_autofree char  *question = dup_question (self->conversation, server);
  AdwMessageDialog *dialog =
      ADW_MESSAGE_DIALOG (adw_message_dialog_new (GTK_WINDOW (self), NULL, question));
  Switch *to = g_new0 (Switch, 1);

  to->conversation = g_object_ref (self->conversation);
  to->server = g_strdup (facet_server_get_id (server));
  /* Translators: the name of a server. */
  adw_message_dialog_format_heading (dialog, _ ("Send This Conversation to “%s”?"),
                                     facet_server_get_name (server));
  adw_message_dialog_add_responses (dialog, "keep", _ ("_Keep It Here"), "send", _ ("_Send It"),
                                    NULL);
  adw_message_dialog_set_default_response (dialog, "keep");
  adw_message_dialog_set_close_response (dialog, "keep");
  g_signal_connect_data (dialog, "response", G_CALLBACK (response_cb), to, switch_free, 0);
  gtk_window_present (GTK_WINDOW (dialog));
}

void
facet_window_set_place (FacetWindow *self, const char *id)
{
  FacetServers *servers = self->library != NULL ? facet_library_get_servers (self->library) : NULL;
  FacetServer  *server = servers != NULL ? facet_servers_find (servers, id) : NULL;

  if (self->conversation == NULL || (server == NULL && *id != '\0'))
    return;
  if (server != NULL && facet_conversation_needs_consent (self->conversation, id))
    ask_for_consent (self, server);
  else
    facet_conversation_set_server (self->conversation, id);
}

void
facet_window_watch_servers (FacetWindow *self)
{
  FacetServers *servers = self->library != NULL ? facet_library_get_servers (self->library) : NULL;

  g_signal_group_set_target (self->server_signals, servers);
  facet_window_fill_places (self);
}
