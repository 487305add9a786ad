/* facet-window-search.c: finding in the conversation, and in everything.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  What was found is shown where it was said: its conversation is opened, read if need
 * be, and the find bar marks what was looked for. */
#define G_LOG_DOMAIN "facet-window"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-search-dialog.h"
#include "facet-window-private.h"

/* Where to go once the conversation is read. */
typedef struct {
  FacetWindow *window; /* weak */
  gint64       message;
  gboolean     in_thought;
  char        *text;
} Goal; /* a g_rc_box */

static void
goal_clear (gpointer data)
{
  Goal *goal = data;

  g_clear_weak_pointer (&goal->window);
  g_free (goal->text);
}

static void
goal_unref (gpointer goal, GClosure *closure)
{
  g_rc_box_release_full (goal, goal_clear);
}

/* (transfer full), NULL: it is not among those that are shown. */
static FacetMessage *
find_message (FacetConversation *conversation, gint64 id)
{
  GListModel *messages = G_LIST_MODEL (conversation);

  for (guint i = 0; i < g_list_model_get_n_items (messages); i++) {
    g_autoptr (FacetMessage) message = g_list_model_get_item (messages, i);

    if (facet_message_get_id (message) == id)
      return g_steal_pointer (&message);
  }
  return NULL;
}

/* Meanwhile the person may have gone elsewhere. */
static gboolean
is_shown (const Goal *goal, FacetConversation *conversation)
{
  return goal->window != NULL && goal->window->conversation == conversation;
}

/* FALSE: the message is on a branch that is not shown. */
static gboolean
show (const Goal *goal)
{
  FacetWindow *self = goal->window;
  g_autoptr (FacetMessage) message = find_message (self->conversation, goal->message);

  if (message != NULL)
    facet_chat_view_show_found (self->chat, goal->text, message, goal->in_thought);
  return message != NULL;
}

/* Another branch is there, or something was said meanwhile. */
static void
changed_cb (FacetConversation *conversation, guint position, guint removed, guint added, Goal *goal)
{
  if (is_shown (goal, conversation))
    show (goal);
  g_signal_handlers_disconnect_by_func (conversation, changed_cb, goal);
}

static void
reach (Goal *goal)
{
  FacetWindow       *self = goal->window;
  FacetConversation *conversation = self->conversation;

  if (show (goal))
    return;
  if (facet_conversation_get_busy (conversation)) {
    facet_window_say (self,
                      _ ("This is in another version of the conversation, which can be shown when "
                         "the answer is complete."),
                      NULL, NULL);
    return;
  }
  g_signal_connect_data (conversation, "items-changed", G_CALLBACK (changed_cb),
                         g_rc_box_acquire (goal), goal_unref, 0);
  facet_conversation_show_message (conversation, goal->message);
}

static void
loaded_cb (FacetConversation *conversation, GParamSpec *pspec, Goal *goal)
{
  if (is_shown (goal, conversation))
    reach (goal);
  g_signal_handlers_disconnect_by_func (conversation, loaded_cb, goal);
}

static void
open_hit_cb (FacetWindow *self, FacetSearchHit *hit, const char *text)
{
  const FacetSearchFinding *finding = facet_search_hit_get (hit);
  g_autoptr (FacetConversation) conversation = NULL;
  Goal *goal;

  if (self->library == NULL)
    return;
  conversation = facet_library_find (self->library, finding->conversation);
  if (conversation == NULL) {
    facet_window_say (self, _ ("This conversation is not in the list."), NULL, NULL);
    return;
  }
  facet_window_open (self, conversation);
  facet_sidebar_reveal (self->sidebar);
  if (finding->message == 0) {
    gtk_widget_grab_focus (GTK_WIDGET (self->composer));
    return;
  }
  goal = g_rc_box_new0 (Goal);
  g_set_weak_pointer (&goal->window, self);
  goal->message = finding->message;
  goal->in_thought = finding->place == FACET_SEARCH_THINKING;
  goal->text = g_strdup (text);
  if (facet_conversation_get_loaded (conversation)) {
    reach (goal);
    goal_unref (goal, NULL);
  } else {
    g_signal_connect_data (conversation, "notify::loaded", G_CALLBACK (loaded_cb), goal, goal_unref,
                           0);
  }
}

static void
search (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetWindow       *self = FACET_WINDOW (widget);
  FacetSearchDialog *dialog = facet_search_dialog_new (GTK_WINDOW (self), self->library);

  g_signal_connect_object (dialog, "open", G_CALLBACK (open_hit_cb), self, G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
find (GtkWidget *widget, const char *name, GVariant *parameter)
{
  facet_chat_view_find (FACET_WINDOW (widget)->chat);
}

static void
find_next (GtkWidget *widget, const char *name, GVariant *parameter)
{
  facet_chat_view_find_next (FACET_WINDOW (widget)->chat, 1);
}

static void
find_previous (GtkWidget *widget, const char *name, GVariant *parameter)
{
  facet_chat_view_find_next (FACET_WINDOW (widget)->chat, -1);
}

void
facet_window_install_search_actions (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "win.search", NULL, search);
  gtk_widget_class_install_action (widget_class, "win.find", NULL, find);
  gtk_widget_class_install_action (widget_class, "win.find-next", NULL, find_next);
  gtk_widget_class_install_action (widget_class, "win.find-previous", NULL, find_previous);
}

void
facet_window_update_search_actions (FacetWindow *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  gboolean   has_any = self->conversation != NULL && !facet_chat_view_get_empty (self->chat);

  gtk_widget_action_set_enabled (widget, "win.search", self->library != NULL);
  gtk_widget_action_set_enabled (widget, "win.find", has_any);
  gtk_widget_action_set_enabled (widget, "win.find-next", has_any);
  gtk_widget_action_set_enabled (widget, "win.find-previous", has_any);
}
