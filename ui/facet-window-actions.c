/* facet-window-actions.c: what the menus and keys of a window do.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-window"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-model-chooser.h"
#include "facet-name-dialog.h"
#include "facet-settings.h"
#include "facet-window-private.h"

#define TOAST_SECONDS 6
#define TOAST_CHARS   32 /* of a line: what a window of 360 px has room for */

/* What is said at the foot of the window */

static void
undo_clicked_cb (AdwToast *toast, GObject *subject)
{
  void (*undo) (gpointer) = g_object_get_data (G_OBJECT (toast), "undo");

  undo (subject);
}

static void
undo_dismissed_cb (AdwToast *toast, FacetWindow *self)
{
  if (self->undo_toast == toast)
    self->undo_toast = NULL;
}

static void
add_undo (FacetWindow *self, AdwToast *toast, GCallback undo, GObject *subject)
{
  /* Only the latest deletion can be taken back, so only its toast may offer it. */
  if (self->undo_toast != NULL)
    adw_toast_dismiss (self->undo_toast);
  self->undo_toast = toast;

  adw_toast_set_button_label (toast, _ ("Undo"));
  g_object_set_data (G_OBJECT (toast), "undo", undo);
  g_signal_connect_object (toast, "button-clicked", G_CALLBACK (undo_clicked_cb), subject, 0);
  g_signal_connect_object (toast, "dismissed", G_CALLBACK (undo_dismissed_cb), self, 0);
}

/* A toast's own title is one line, which a narrow window cuts. */
void
facet_window_wrap_toast (AdwToast *toast, const char *text, int n_chars)
{
  GtkWidget *title = gtk_label_new (text);

  gtk_label_set_wrap (GTK_LABEL (title), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (title), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_max_width_chars (GTK_LABEL (title), n_chars);
  gtk_label_set_xalign (GTK_LABEL (title), 0);
  gtk_widget_add_css_class (title, "heading");
  adw_toast_set_custom_title (toast, title);
}

void
facet_window_say (FacetWindow *self, const char *text, GCallback undo, gpointer subject)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);
  AdwToast        *toast = adw_toast_new (escaped);

  adw_toast_set_timeout (toast, TOAST_SECONDS);
  if (undo != NULL)
    add_undo (self, toast, undo, G_OBJECT (subject));
  else
    facet_window_wrap_toast (toast, text, TOAST_CHARS);
  adw_toast_overlay_add_toast (self->toasts, toast);
}

/* Conversations */

void
facet_window_begin_conversation (FacetWindow *self)
{
  if (self->library == NULL)
    return;
  if (self->fresh == NULL)
    self->fresh = facet_library_new_conversation (self->library);
  if (self->fresh != self->conversation) {
    facet_conversation_set_thinking (self->fresh,
                                     g_settings_get_boolean (facet_settings_get_default (),
                                                             "think-by-default"));
    facet_window_open (self, self->fresh);
  }
  gtk_widget_grab_focus (self->is_first_run ? GTK_WIDGET (self->first_run)
                                            : GTK_WIDGET (self->composer));
}

void
facet_window_rename (FacetWindow *self, FacetConversation *conversation)
{
  facet_rename_conversation (GTK_WINDOW (self), conversation);
}

void
facet_window_delete (FacetWindow *self, FacetConversation *conversation)
{
  g_autofree char *text = NULL;

  if (facet_conversation_is_private (conversation)) {
    g_autoptr (FacetConversation) keep = g_object_ref (conversation);

    facet_window_forget_private (self, conversation);
    return;
  }
  facet_window_leave (self, conversation);
  facet_library_delete (self->library, conversation);

  /* Translators: the title of a conversation. */
  text = g_strdup_printf (_ ("“%s” deleted"), facet_conversation_get_title (conversation));
  facet_window_say (self, text, G_CALLBACK (facet_library_undo_delete), self->library);
}

static void
new_conversation (GtkWidget *widget, const char *name, GVariant *parameter)
{
  facet_window_begin_conversation (FACET_WINDOW (widget));
}

static void
rename_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetWindow *self = FACET_WINDOW (widget);

  facet_window_rename (self, self->conversation);
}

static void
delete_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetWindow *self = FACET_WINDOW (widget);

  facet_window_delete (self, self->conversation);
}

static void
copy_conversation (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetWindow     *self = FACET_WINDOW (widget);
  g_autofree char *text = facet_conversation_to_markdown (self->conversation);

  gdk_clipboard_set_text (gtk_widget_get_clipboard (widget), text);
  facet_window_say (self, _ ("Conversation copied"), NULL, NULL);
}

static void
import_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  facet_window_import (FACET_WINDOW (widget));
}

static void
export_shown (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetWindow *self = FACET_WINDOW (widget);

  facet_window_export_conversation (self, facet_conversation_get_id (self->conversation));
}

static void
export_conversation (GtkWidget *widget, const char *name, GVariant *parameter)
{
  facet_window_export_conversation (FACET_WINDOW (widget), g_variant_get_int64 (parameter));
}

static void
export_all (GtkWidget *widget, const char *name, GVariant *parameter)
{
  facet_window_export_all (FACET_WINDOW (widget));
}

static void
move (FacetWindow *self, int steps)
{
  g_autoptr (FacetConversation) other = facet_sidebar_find_neighbour (self->sidebar, steps);

  if (other == NULL)
    return;
  facet_window_open (self, other);
  facet_sidebar_reveal (self->sidebar);
}

static void
previous (GtkWidget *widget, const char *name, GVariant *parameter)
{
  move (FACET_WINDOW (widget), -1);
}

static void
next (GtkWidget *widget, const char *name, GVariant *parameter)
{
  move (FACET_WINDOW (widget), 1);
}

/* The answer */

static void
focus_composer (GtkWidget *widget, const char *name, GVariant *parameter)
{
  gtk_widget_grab_focus (GTK_WIDGET (FACET_WINDOW (widget)->composer));
}

static void
think (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetConversation *conversation = FACET_WINDOW (widget)->conversation;

  facet_conversation_set_thinking (conversation, !facet_conversation_get_thinking (conversation));
}

static void
stop (GtkWidget *widget, const char *name, GVariant *parameter)
{
  facet_conversation_stop (FACET_WINDOW (widget)->conversation);
}

static void
answer_now (GtkWidget *widget, const char *name, GVariant *parameter)
{
  facet_conversation_answer_now (FACET_WINDOW (widget)->conversation);
}

/* (transfer full), NULL: the conversation has no answer. */
static FacetMessage *
find_last_answer (FacetConversation *conversation)
{
  GListModel *messages = G_LIST_MODEL (conversation);

  for (guint i = g_list_model_get_n_items (messages); i-- > 0;) {
    g_autoptr (FacetMessage) message = g_list_model_get_item (messages, i);

    if (facet_message_get_role (message) == FACET_ROLE_ASSISTANT)
      return g_steal_pointer (&message);
  }
  return NULL;
}

static void
regenerate (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetWindow *self = FACET_WINDOW (widget);
  g_autoptr (FacetMessage) last = find_last_answer (self->conversation);

  if (last == NULL)
    return;
  facet_conversation_regenerate (self->conversation, last);
  facet_chat_view_scroll_to_latest (self->chat);
}

static void
copy_last (GtkWidget *widget, const char *name, GVariant *parameter)
{
  facet_chat_view_copy_last_answer (FACET_WINDOW (widget)->chat);
}

static void
choose_model_folder (GtkWidget *widget, const char *name, GVariant *parameter)
{
  facet_choose_model_folder (GTK_WINDOW (widget), facet_settings_get_default ());
}

static void
add_recordings (GtkWidget *widget, const char *name, GVariant *parameter)
{
  facet_window_add_recordings (FACET_WINDOW (widget));
}

static void
discard_recordings (GtkWidget *widget, const char *name, GVariant *parameter)
{
  facet_window_discard_recordings (FACET_WINDOW (widget));
}

/* Esc takes back the nearest thing: an edit, the find bar, the sidebar that lies over the
 * conversation, the answer that runs.  When there is none of these, the key belongs to others. */
static gboolean
escape_cb (GtkWidget *widget, GVariant *args, gpointer user_data)
{
  FacetWindow *self = FACET_WINDOW (widget);

  if (facet_composer_cancel_edit (self->composer))
    return TRUE;
  if (facet_chat_view_close_find (self->chat))
    return TRUE;
  if (self->narrow && adw_flap_get_reveal_flap (self->flap)) {
    adw_flap_set_reveal_flap (self->flap, FALSE);
    return TRUE;
  }
  if (self->conversation != NULL && facet_conversation_get_busy (self->conversation)) {
    facet_conversation_stop (self->conversation);
    return TRUE;
  }
  return FALSE;
}

/* Pasting is for the message, wherever the focus is.  A text field in which it is takes the key
 * itself. */
static gboolean
paste_cb (GtkWidget *widget, GVariant *args, gpointer user_data)
{
  FacetWindow *self = FACET_WINDOW (widget);

  if (self->conversation == NULL || !gtk_widget_get_mapped (GTK_WIDGET (self->composer)))
    return FALSE;
  facet_composer_paste (self->composer);
  return TRUE;
}

static void
restore_backup (GtkWidget *widget, const char *name, GVariant *parameter)
{
  facet_window_decide (FACET_WINDOW (widget), TRUE);
}

static void
begin_empty (GtkWidget *widget, const char *name, GVariant *parameter)
{
  facet_window_decide (FACET_WINDOW (widget), FALSE);
}

void
facet_window_install_actions (GtkWidgetClass *widget_class)
{
  static const struct {
    const char                 *name;
    GtkWidgetActionActivateFunc activate;
  } actions[] = {
      {"win.new-conversation", new_conversation},
      {"win.rename", rename_action},
      {"win.delete", delete_action},
      {"win.copy-conversation", copy_conversation},
      {"win.export", export_shown},
      {"win.export-all", export_all},
      {"win.import", import_action},
      {"win.previous", previous},
      {"win.next", next},
      {"win.focus-composer", focus_composer},
      {"win.think", think},
      {"win.stop", stop},
      {"win.answer-now", answer_now},
      {"win.regenerate", regenerate},
      {"win.copy-last", copy_last},
      {"win.choose-model-folder", choose_model_folder},
      {"win.add-recordings", add_recordings},
      {"win.discard-recordings", discard_recordings},
      {"win.restore-backup", restore_backup},
      {"win.begin-empty", begin_empty},
  };

  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    gtk_widget_class_install_action (widget_class, actions[i].name, NULL, actions[i].activate);
  gtk_widget_class_install_action (widget_class, "win.export-conversation", "x",
                                   export_conversation);
  facet_window_install_organise_actions (widget_class);
  facet_window_install_search_actions (widget_class);
  gtk_widget_class_install_property_action (widget_class, "win.pinned", "pinned");
  gtk_widget_class_install_property_action (widget_class, "win.place", "place");
  gtk_widget_class_install_property_action (widget_class, "win.sidebar-visible", "sidebar-visible");
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Escape, 0, escape_cb, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_v, GDK_CONTROL_MASK, paste_cb, NULL);
}

void
facet_window_update_actions (FacetWindow *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  gboolean   shown = self->conversation != NULL;
  gboolean   busy = shown && facet_conversation_get_busy (self->conversation);
  gboolean   listed = shown && facet_conversation_get_id (self->conversation) != 0;
  gboolean private = shown && facet_conversation_is_private (self->conversation);
  gboolean has_any = shown && g_list_model_get_n_items (G_LIST_MODEL (self->conversation)) > 0;

  gtk_widget_action_set_enabled (widget, "win.new-conversation", self->library != NULL);
  gtk_widget_action_set_enabled (widget, "win.previous", self->library != NULL);
  gtk_widget_action_set_enabled (widget, "win.next", self->library != NULL);
  gtk_widget_action_set_enabled (widget, "win.rename", listed);
  gtk_widget_action_set_enabled (widget, "win.pinned", listed && !private);
  gtk_widget_action_set_enabled (widget, "win.delete", listed || private);
  gtk_widget_action_set_enabled (widget, "win.new-private-conversation", self->library != NULL);
  gtk_widget_action_set_enabled (widget, "win.begin-conversation-from", listed && !private);
  gtk_widget_action_set_enabled (widget, "win.copy-conversation", has_any);
  gtk_widget_action_set_enabled (widget, "win.copy-last", has_any);
  gtk_widget_action_set_enabled (widget, "win.export", listed);
  gtk_widget_action_set_enabled (widget, "win.export-all", self->library != NULL);
  gtk_widget_action_set_enabled (widget, "win.import", self->library != NULL);
  gtk_widget_action_set_enabled (widget, "win.think", shown);
  gtk_widget_action_set_enabled (widget, "win.stop", busy);
  gtk_widget_action_set_enabled (widget, "win.answer-now", busy);
  gtk_widget_action_set_enabled (widget, "win.regenerate", has_any && !busy);
  facet_window_update_search_actions (self);
}
