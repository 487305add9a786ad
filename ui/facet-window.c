/* facet-window.c: one window: the list of conversations, a conversation, the composer.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Joins the parts: which conversation is shown, which page, what the header and the
 * banner say.  What menus and keys do is in facet-window-actions.c, widths and sizes are in
 * facet-window-layout.c. */
#define G_LOG_DOMAIN "facet-window"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-model-badge.h"
#include "facet-player.h"
#include "facet-settings.h"
#include "facet-shortcuts.h"
#include "facet-window-private.h"

enum {
  PROP_LIBRARY = 1,
  PROP_CONVERSATION,
  PROP_PINNED, /* private: the state of win.pinned */
  PROP_SIDEBAR_VISIBLE,
  PROP_STORAGE_ERROR, /* private: follows the application's */
  PROP_MODELS,        /* private: likewise */
  PROP_PLACE,         /* private: the state of win.place */
  N_PROPS,
};
static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (FacetWindow, facet_window, ADW_TYPE_APPLICATION_WINDOW)

/* What is shown */

void
facet_window_show_page (FacetWindow *self)
{
  gboolean empty = facet_chat_view_get_empty (self->chat);
  gboolean writes = self->storage_error == NULL && !self->is_first_run;

  if (self->storage_error != NULL)
    gtk_stack_set_visible_child_name (self->pages, "storage");
  else if (self->is_first_run)
    gtk_stack_set_visible_child_name (self->pages, "first-run");
  else
    gtk_stack_set_visible_child_name (self->pages, empty ? "welcome" : "chat");
  gtk_widget_set_visible (GTK_WIDGET (self->composer), writes);
  g_object_set (self->drop_zone, "enabled", writes, NULL);
  facet_window_update_search_actions (self);
  facet_window_update_assistant (self);
}

static void
update_title (FacetWindow *self)
{
  const char *title =
      self->conversation != NULL ? facet_conversation_get_title (self->conversation) : "";
  gboolean private =
      self->conversation != NULL && facet_conversation_is_private (self->conversation);
  const char *shown = title[0] != '\0' ? title : _ ("New conversation");

  if (private && title[0] == '\0')
    shown = _ ("Private conversation");
  gtk_widget_set_visible (self->private_icon, private);
  if (private)
    gtk_widget_add_css_class (GTK_WIDGET (self->composer), "private");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->composer), "private");
  gtk_label_set_label (self->title_label, shown);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->title_button),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, shown, -1);
  gtk_window_set_title (GTK_WINDOW (self), title[0] != '\0' ? title : _ ("Facet"));
}

static void
conversation_changed_cb (FacetWindow *self)
{
  /* The new conversation has become one of the list: the next new one is another. */
  if (self->fresh != NULL && facet_conversation_get_id (self->fresh) != 0)
    g_clear_object (&self->fresh);
  update_title (self);
  facet_window_update_actions (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PINNED]);
}

static void
failed_cb (FacetWindow *self, const char *sentence)
{
  g_free (self->failure);
  self->failure = g_strdup (sentence);
  facet_window_update_assistant (self);
}

FacetConversation *
facet_window_get_conversation (FacetWindow *self)
{
  g_return_val_if_fail (FACET_IS_WINDOW (self), NULL);

  return self->conversation;
}

static void assistant_changed_cb (FacetWindow *self);

static void
show_conversation (FacetWindow *self, FacetConversation *conversation)
{
  if (!g_set_object (&self->conversation, conversation))
    return;
  /* What plays would go on with nothing in sight to stop it. */
  facet_player_stop (facet_player_get_default ());
  if (self->library != NULL && facet_library_get_assistant (self->library) != NULL)
    facet_assistant_leave (facet_library_get_assistant (self->library));
  g_clear_pointer (&self->failure, g_free);
  if (conversation != NULL)
    facet_conversation_open (conversation);
  g_signal_group_set_target (self->conversation_signals, conversation);
  facet_composer_set_conversation (self->composer, conversation);
  assistant_changed_cb (self);
  facet_chat_view_set_conversation (self->chat, conversation);
  facet_sidebar_set_conversation (self->sidebar, conversation);
  facet_window_drop_empty_private (self);
  conversation_changed_cb (self);
  facet_window_show_page (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_CONVERSATION]);
}

void
facet_window_open (FacetWindow *self, FacetConversation *conversation)
{
  g_return_if_fail (FACET_IS_WINDOW (self));
  g_return_if_fail (FACET_IS_CONVERSATION (conversation));

  if (facet_conversation_get_id (conversation) != 0) /* an old one was asked for */
    self->is_first_run = FALSE;
  show_conversation (self, conversation);
  if (self->narrow)
    adw_flap_set_reveal_flap (self->flap, FALSE);
}

/* The assistant, and what the person must know */

/* What the library and the model have to say, neither instead of the other; NULL: nothing. */
static char *
dup_warning (FacetWindow *self, FacetAssistant *assistant)
{
  const char      *kept = self->library != NULL ? facet_library_get_warning (self->library) : NULL;
  g_autofree char *model = assistant != NULL ? facet_assistant_dup_warning (assistant) : NULL;

  if (kept != NULL && model != NULL)
    return g_strconcat (kept, "\n", model, NULL);
  return kept != NULL ? g_strdup (kept) : g_steal_pointer (&model);
}

static void
update_banner (FacetWindow *self, FacetAssistant *assistant)
{
  g_autofree char *warning = NULL;
  const char      *page = gtk_stack_get_visible_child_name (self->pages);

  if (facet_window_offer_backup (self))
    return;
  if (self->failure != NULL) {
    facet_banner_set_buttons (self->banner, NULL, NULL, NULL, NULL);
    facet_banner_set_text (self->banner, self->failure);
    return;
  }
  if (assistant != NULL && facet_assistant_get_state (assistant) == FACET_ASSISTANT_FAILED &&
      g_strcmp0 (page, "chat") == 0) {
    warning = facet_assistant_dup_error (assistant);
    /* It may be the folder, the device, or a context that has no room. */
    facet_banner_set_buttons (
        self->banner, _ ("Hardware…"), "app.hardware",
        facet_assistant_is_demo (assistant) ? _ ("Choose Model Folder…")
                                            : _ ("Use the Demonstration Model"),
        facet_assistant_is_demo (assistant) ? "win.choose-model-folder" : "app.use-demo-model");
    facet_banner_set_text (self->banner, warning);
    return;
  }
  facet_banner_set_buttons (self->banner, NULL, NULL, NULL, NULL);
  warning = dup_warning (self, assistant);
  facet_banner_set_text (self->banner, warning);
}

void
facet_window_update_assistant (FacetWindow *self)
{
  FacetAssistant *assistant = facet_window_get_assistant (self);
  gboolean        demo = assistant != NULL && facet_assistant_is_demo (assistant) &&
                  facet_assistant_get_state (assistant) != FACET_ASSISTANT_FAILED;

  facet_window_update_place (self);
  /* The welcome page says it in its own words. */
  gtk_widget_set_visible (self->demo_line,
                          demo && g_strcmp0 (gtk_stack_get_visible_child_name (self->pages),
                                             "chat") == 0);
  update_banner (self, assistant);
}

static void
assistant_state_changed_cb (FacetWindow *self)
{
  facet_window_update_assistant (self);
  facet_composer_count_again (self->composer);
}

/* Another conversation, or the same at another place. */
static void
assistant_changed_cb (FacetWindow *self)
{
  FacetAssistant *assistant = facet_window_get_assistant (self);

  g_signal_group_set_target (self->assistant_signals, assistant);
  facet_welcome_set_assistant (self->welcome, assistant);
  facet_model_badge_set_assistant (self->menu_badge, assistant);
  assistant_state_changed_cb (self);
}

void
facet_window_set_library (FacetWindow *self, FacetLibrary *library)
{
  g_return_if_fail (FACET_IS_WINDOW (self));
  g_return_if_fail (library == NULL || FACET_IS_LIBRARY (library));

  if (!g_set_object (&self->library, library))
    return;
  g_clear_object (&self->fresh);
  g_clear_object (&self->archived);
  show_conversation (self, NULL);
  facet_window_forget_all_private (self);
  g_signal_group_set_target (self->library_signals, library);
  facet_sidebar_set_library (self->sidebar, library);
  facet_window_update_actions (self);
  if (library != NULL) {
    facet_window_watch_servers (self);
    facet_window_begin_conversation (self);
  }
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LIBRARY]);
}

static void
set_storage_error (FacetWindow *self, const char *error)
{
  g_autofree char *escaped = error != NULL ? g_markup_escape_text (error, -1) : NULL;

  g_free (self->storage_error);
  self->storage_error = g_strdup (error);
  adw_status_page_set_description (self->storage_page, escaped);
  facet_window_show_page (self);
}

/* What the parts ask for */

static void
sent_cb (FacetWindow *self)
{
  g_clear_pointer (&self->failure, g_free);
  facet_window_update_assistant (self);
  facet_chat_view_scroll_to_latest (self->chat);
}

static void
example_chosen_cb (FacetWindow *self, int kind, const char *text)
{
  facet_window_begin_example (self, (FacetExample)kind, text);
}

static void
talk_says_cb (FacetWindow *self, const char *sentence)
{
  facet_window_drop_hint (self);
  facet_window_say (self, sentence, NULL, NULL);
}

static void
edit_requested_cb (FacetWindow *self, FacetMessage *message)
{
  facet_composer_edit (self->composer, message);
}

static void
chat_toast_cb (FacetWindow *self, const char *text, gboolean undo)
{
  facet_window_say (self, text, undo ? G_CALLBACK (facet_conversation_undo_delete) : NULL,
                    self->conversation);
}

static void
find_closed_cb (FacetWindow *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self->composer));
}

static void
dropped_cb (FacetWindow *self, const GValue *value)
{
  facet_composer_add (self->composer, value);
  gtk_widget_grab_focus (GTK_WIDGET (self->composer));
}

/* A letter that nothing else wanted is the beginning of a message, wherever the focus is. */
static gboolean
key_pressed_cb (GtkEventControllerKey *controller,
                guint                  keyval,
                guint                  keycode,
                GdkModifierType        state,
                FacetWindow           *self)
{
  gunichar c = gdk_keyval_to_unicode (keyval);

  if ((state & (GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SUPER_MASK)) != 0 || c == 0 ||
      !g_unichar_isgraph (c) || self->conversation == NULL ||
      !gtk_widget_get_mapped (GTK_WIDGET (self->composer)))
    return GDK_EVENT_PROPAGATE;
  return facet_composer_take_key (self->composer, controller);
}

static void
sidebar_revealed_cb (FacetWindow *self)
{
  facet_window_update_header (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SIDEBAR_VISIBLE]);
}

/* The object */

static void
facet_window_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  facet_window_arrange (FACET_WINDOW (widget), width);
  GTK_WIDGET_CLASS (facet_window_parent_class)->size_allocate (widget, width, height, baseline);
}

static gboolean
facet_window_close_request (GtkWindow *window)
{
  FacetWindow *self = FACET_WINDOW (window);

  facet_player_stop (facet_player_get_default ());
  facet_composer_save_draft (self->composer);
  facet_window_save_size (self);
  return GTK_WINDOW_CLASS (facet_window_parent_class)->close_request (window);
}

static void
facet_window_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  FacetWindow *self = FACET_WINDOW (object);

  switch (id) {
  case PROP_LIBRARY:
    g_value_set_object (value, self->library);
    break;
  case PROP_CONVERSATION:
    g_value_set_object (value, self->conversation);
    break;
  case PROP_PINNED:
    g_value_set_boolean (value, self->conversation != NULL &&
                                    facet_conversation_get_pinned (self->conversation));
    break;
  case PROP_PLACE:
    g_value_set_string (value, facet_window_get_place (self));
    break;
  case PROP_SIDEBAR_VISIBLE:
    /* Asked already while the template is built. */
    g_value_set_boolean (value, self->flap != NULL && adw_flap_get_reveal_flap (self->flap));
    break;
  case PROP_STORAGE_ERROR:
    g_value_set_string (value, self->storage_error);
    break;
  case PROP_MODELS:
    g_value_set_object (value, self->models);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
facet_window_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  FacetWindow *self = FACET_WINDOW (object);

  switch (id) {
  case PROP_LIBRARY:
    facet_window_set_library (self, g_value_get_object (value));
    break;
  case PROP_PINNED:
    if (self->conversation != NULL)
      facet_conversation_set_pinned (self->conversation, g_value_get_boolean (value));
    break;
  case PROP_PLACE:
    facet_window_set_place (self, g_value_get_string (value));
    break;
  case PROP_SIDEBAR_VISIBLE:
    facet_window_set_sidebar_visible (self, g_value_get_boolean (value));
    break;
  case PROP_STORAGE_ERROR:
    set_storage_error (self, g_value_get_string (value));
    break;
  case PROP_MODELS:
    facet_window_set_models (self, g_value_get_object (value));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
facet_window_dispose (GObject *object)
{
  FacetWindow *self = FACET_WINDOW (object);

  g_clear_weak_pointer (&self->hint);
  if (self->talk != NULL)
    facet_talk_close (self->talk);
  g_clear_object (&self->talk);
  g_clear_object (&self->library_signals);
  g_clear_object (&self->assistant_signals);
  g_clear_object (&self->conversation_signals);
  g_clear_object (&self->server_signals);
  if (self->models != NULL)
    g_signal_handlers_disconnect_by_data (self->models, self);
  g_clear_object (&self->models);
  gtk_widget_dispose_template (GTK_WIDGET (self), FACET_TYPE_WINDOW);
  g_clear_object (&self->fresh);
  g_clear_object (&self->archived);
  if (self->private != NULL)
    facet_window_forget_all_private (self);
  g_clear_object (&self->private);
  g_clear_object (&self->conversation);
  g_clear_object (&self->library);
  G_OBJECT_CLASS (facet_window_parent_class)->dispose (object);
}

static void
facet_window_finalize (GObject *object)
{
  FacetWindow *self = FACET_WINDOW (object);

  g_clear_pointer (&self->recordings, g_ptr_array_unref);
  g_free (self->failure);
  g_free (self->storage_error);
  G_OBJECT_CLASS (facet_window_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  const GParamFlags writable = readable | G_PARAM_WRITABLE | G_PARAM_EXPLICIT_NOTIFY;

  props[PROP_LIBRARY] = g_param_spec_object ("library", NULL, NULL, FACET_TYPE_LIBRARY, writable);
  props[PROP_CONVERSATION] =
      g_param_spec_object ("conversation", NULL, NULL, FACET_TYPE_CONVERSATION, readable);
  props[PROP_PINNED] = g_param_spec_boolean ("pinned", NULL, NULL, FALSE, writable);
  props[PROP_SIDEBAR_VISIBLE] =
      g_param_spec_boolean ("sidebar-visible", NULL, NULL, TRUE, writable);
  props[PROP_PLACE] = g_param_spec_string ("place", NULL, NULL, "", writable);
  props[PROP_STORAGE_ERROR] = g_param_spec_string ("storage-error", NULL, NULL, NULL, writable);
  props[PROP_MODELS] = g_param_spec_object ("models", NULL, NULL, FACET_TYPE_MODELS, writable);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  g_type_ensure (FACET_TYPE_BANNER);
  g_type_ensure (FACET_TYPE_CHAT_VIEW);
  g_type_ensure (FACET_TYPE_COMPOSER);
  g_type_ensure (FACET_TYPE_DOWNLOAD_LINE);
  g_type_ensure (FACET_TYPE_DROP_ZONE);
  g_type_ensure (FACET_TYPE_FIRST_RUN);
  g_type_ensure (FACET_TYPE_MODEL_BADGE);
  g_type_ensure (FACET_TYPE_SIDEBAR);
  g_type_ensure (FACET_TYPE_WELCOME);

  gtk_widget_class_set_template_from_resource (widget_class, "/org/facet/Facet/facet-window.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetWindow, toasts);
  gtk_widget_class_bind_template_child (widget_class, FacetWindow, flap);
  gtk_widget_class_bind_template_child (widget_class, FacetWindow, sidebar);
  gtk_widget_class_bind_template_child (widget_class, FacetWindow, header);
  gtk_widget_class_bind_template_child (widget_class, FacetWindow, new_button);
  gtk_widget_class_bind_template_child (widget_class, FacetWindow, title_button);
  gtk_widget_class_bind_template_child (widget_class, FacetWindow, title_label);
  gtk_widget_class_bind_template_child (widget_class, FacetWindow, private_icon);
  gtk_widget_class_bind_template_child (widget_class, FacetWindow, place_button);
  gtk_widget_class_bind_template_child (widget_class, FacetWindow, place_label);
  gtk_widget_class_bind_template_child (widget_class, FacetWindow, place_icon);
  gtk_widget_class_bind_template_child (widget_class, FacetWindow, places);
  gtk_widget_class_bind_template_child (widget_class, FacetWindow, menu_badge);
  gtk_widget_class_bind_template_child (widget_class, FacetWindow, banner);
  gtk_widget_class_bind_template_child (widget_class, FacetWindow, recordings_banner);
  gtk_widget_class_bind_template_child (widget_class, FacetWindow, download_line);
  gtk_widget_class_bind_template_child (widget_class, FacetWindow, pages);
  gtk_widget_class_bind_template_child (widget_class, FacetWindow, first_run);
  gtk_widget_class_bind_template_child (widget_class, FacetWindow, chat);
  gtk_widget_class_bind_template_child (widget_class, FacetWindow, welcome);
  gtk_widget_class_bind_template_child (widget_class, FacetWindow, storage_page);
  gtk_widget_class_bind_template_child (widget_class, FacetWindow, composer);
  gtk_widget_class_bind_template_child (widget_class, FacetWindow, demo_line);
  gtk_widget_class_bind_template_child (widget_class, FacetWindow, drop_zone);
  gtk_widget_class_bind_template_callback (widget_class, chat_toast_cb);
  gtk_widget_class_bind_template_callback (widget_class, dropped_cb);
  gtk_widget_class_bind_template_callback (widget_class, edit_requested_cb);
  gtk_widget_class_bind_template_callback (widget_class, example_chosen_cb);
  gtk_widget_class_bind_template_callback (widget_class, facet_window_delete);
  gtk_widget_class_bind_template_callback (widget_class, facet_window_first_run_chosen);
  gtk_widget_class_bind_template_callback (widget_class, facet_window_open);
  gtk_widget_class_bind_template_callback (widget_class, facet_window_rename);
  gtk_widget_class_bind_template_callback (widget_class, find_closed_cb);
  gtk_widget_class_bind_template_callback (widget_class, key_pressed_cb);
  gtk_widget_class_bind_template_callback (widget_class, sent_cb);
  gtk_widget_class_bind_template_callback (widget_class, facet_window_show_page);
}

static void
facet_window_class_init (FacetWindowClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  GtkWindowClass *window_class = GTK_WINDOW_CLASS (klass);

  object_class->dispose = facet_window_dispose;
  object_class->finalize = facet_window_finalize;
  object_class->get_property = facet_window_get_property;
  object_class->set_property = facet_window_set_property;
  widget_class->size_allocate = facet_window_size_allocate;
  window_class->close_request = facet_window_close_request;

  install_properties (object_class);
  bind_template (widget_class);
  facet_window_install_actions (widget_class);
}

static void
watch (FacetWindow *self)
{
  self->library_signals = g_signal_group_new (FACET_TYPE_LIBRARY);
  g_signal_group_connect_swapped (self->library_signals, "notify::assistant",
                                  G_CALLBACK (assistant_changed_cb), self);
  g_signal_group_connect_swapped (self->library_signals, "notify::warning",
                                  G_CALLBACK (facet_window_update_assistant), self);
  g_signal_group_connect_swapped (self->library_signals, "notify::offer",
                                  G_CALLBACK (facet_window_update_assistant), self);
  g_signal_group_connect_swapped (self->library_signals, "reset",
                                  G_CALLBACK (facet_window_library_reset), self);

  self->assistant_signals = g_signal_group_new (G_TYPE_OBJECT);
  g_signal_group_connect_swapped (self->assistant_signals, "notify::state",
                                  G_CALLBACK (assistant_state_changed_cb), self);
  g_signal_group_connect_swapped (self->assistant_signals, "notify",
                                  G_CALLBACK (facet_window_update_assistant), self);

  self->conversation_signals = g_signal_group_new (FACET_TYPE_CONVERSATION);
  g_signal_group_connect_swapped (self->conversation_signals, "notify",
                                  G_CALLBACK (conversation_changed_cb), self);
  g_signal_group_connect_swapped (self->conversation_signals, "notify::assistant",
                                  G_CALLBACK (assistant_changed_cb), self);
  g_signal_group_connect_swapped (self->conversation_signals, "items-changed",
                                  G_CALLBACK (facet_window_update_actions), self);
  g_signal_group_connect_swapped (self->conversation_signals, "failed", G_CALLBACK (failed_cb),
                                  self);
}

static void
watch_servers (FacetWindow *self)
{
  self->server_signals = g_signal_group_new (FACET_TYPE_SERVERS);
  g_signal_group_connect_swapped (self->server_signals, "items-changed",
                                  G_CALLBACK (facet_window_fill_places), self);
}

static void
facet_window_init (FacetWindow *self)
{
  self->private = g_list_store_new (FACET_TYPE_CONVERSATION);
  gtk_widget_init_template (GTK_WIDGET (self));
  facet_sidebar_set_private (self->sidebar, G_LIST_MODEL (self->private));
  watch (self);
  watch_servers (self);
  self->talk = facet_talk_new (GTK_WINDOW (self), self->composer, facet_settings_get_default ());
  g_signal_connect_object (self->talk, "say", G_CALLBACK (talk_says_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->flap, "notify::reveal-flap", G_CALLBACK (sidebar_revealed_cb),
                           self, G_CONNECT_SWAPPED);
  facet_window_restore_size (self);
  sidebar_revealed_cb (self);
  conversation_changed_cb (self);
  facet_window_show_page (self);
}

FacetWindow *
facet_window_new (FacetApplication *application)
{
  FacetWindow *self = g_object_new (FACET_TYPE_WINDOW, "application", application, NULL);

  /* GTK has made it while the application was set. */
  facet_shortcuts_follow_talk_key (
      GTK_WIDGET (gtk_application_window_get_help_overlay (GTK_APPLICATION_WINDOW (self))),
      facet_settings_get_default ());
  g_object_bind_property (application, "recorder", self->talk, "recorder", G_BINDING_SYNC_CREATE);
  g_object_bind_property (application, "library", self, "library", G_BINDING_SYNC_CREATE);
  g_object_bind_property (application, "models", self, "models", G_BINDING_SYNC_CREATE);
  g_object_bind_property (application, "storage-error", self, "storage-error",
                          G_BINDING_SYNC_CREATE);
  return self;
}
