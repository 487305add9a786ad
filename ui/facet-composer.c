/* facet-composer.c: where the person writes: a growing text field with attachments above it, Think,
 * and Send that becomes Stop.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The text field holds one of two things: the conversation's draft, which is saved
 * a moment after every change, or, while an earlier message is edited, that message's new wording,
 * which is not. */
#define G_LOG_DOMAIN "facet-composer"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-attachment-bar.h"
#include "facet-attachment-sources.h"
#include "facet-composer.h"
#include "facet-token-hint.h"

#define MAX_LINES      10
#define DRAFT_DELAY_MS 50

struct _FacetComposer {
  GtkWidget parent_instance;

  GtkWidget          *card;
  GtkRevealer        *edit_revealer;
  GtkLabel           *edit_label;
  FacetAttachmentBar *attachments;
  GtkScrolledWindow  *scroller;
  GtkTextView        *text_view;
  GtkTextBuffer      *buffer;
  GtkWidget          *placeholder;
  GtkWidget          *think;
  FacetTokenHint     *hint;
  GtkWidget          *send;
  FacetTalkButton    *talk_button;
  FacetTalkBar       *talk_bar;

  FacetConversation *conversation;
  GBindingGroup     *bindings;
  GSignalGroup      *signals;

  FacetMessage *editing;
  char         *last_sent; /* comes back if it could not be saved */
  gboolean      filling;   /* the program changes the text, not the person */
  guint         draft_source;
};

enum {
  PROP_CONVERSATION = 1,
  PROP_EDITING,
  N_PROPS,
};
static GParamSpec *props[N_PROPS];

enum {
  SENT,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (FacetComposer, facet_composer, GTK_TYPE_WIDGET)

/* The text */

static char *
dup_text (FacetComposer *self)
{
  GtkTextIter start, end;

  gtk_text_buffer_get_bounds (self->buffer, &start, &end);
  return gtk_text_buffer_get_text (self->buffer, &start, &end, FALSE);
}

/* TRUE also for white space only: that cannot be sent. */
static gboolean
is_blank (FacetComposer *self)
{
  GtkTextIter iter;

  gtk_text_buffer_get_start_iter (self->buffer, &iter);
  do {
    gunichar c = gtk_text_iter_get_char (&iter);

    if (c != 0 && !g_unichar_isspace (c))
      return FALSE;
  } while (gtk_text_iter_forward_char (&iter));
  return TRUE;
}

static gboolean
is_empty (FacetComposer *self)
{
  return gtk_text_buffer_get_char_count (self->buffer) == 0;
}

static gboolean
is_busy (FacetComposer *self)
{
  return self->conversation != NULL && facet_conversation_get_busy (self->conversation);
}

static void
focus_text (FacetComposer *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self->text_view));
}

/* Puts @text there, with the cursor behind it; undo does not go back beyond it. */
static void
fill (FacetComposer *self, const char *text)
{
  GtkTextIter end;

  self->filling = TRUE;
  gtk_text_buffer_begin_irreversible_action (self->buffer);
  gtk_text_buffer_set_text (self->buffer, text, -1);
  gtk_text_buffer_end_irreversible_action (self->buffer);
  gtk_text_buffer_get_end_iter (self->buffer, &end);
  gtk_text_buffer_place_cursor (self->buffer, &end);
  self->filling = FALSE;
}

void
facet_composer_count_again (FacetComposer *self)
{
  g_return_if_fail (FACET_IS_COMPOSER (self));

  facet_token_hint_count_again (self->hint);
}

/* The draft */

void
facet_composer_save_draft (FacetComposer *self)
{
  g_autofree char *text = NULL;

  g_return_if_fail (FACET_IS_COMPOSER (self));

  if (self->draft_source == 0)
    return;
  g_clear_handle_id (&self->draft_source, g_source_remove);
  text = dup_text (self);
  facet_conversation_set_draft (self->conversation, text);
}

static gboolean
draft_cb (gpointer data)
{
  facet_composer_save_draft (data);
  return G_SOURCE_REMOVE;
}

static void
save_draft_later (FacetComposer *self)
{
  if (self->conversation != NULL && self->editing == NULL && self->draft_source == 0)
    self->draft_source = g_timeout_add (DRAFT_DELAY_MS, draft_cb, self);
}

/* The draft has come from disk, or was written in another window: never over what is here. */
static void
draft_changed_cb (FacetComposer *self)
{
  const char *draft = facet_conversation_get_draft (self->conversation);

  if (self->editing == NULL && self->draft_source == 0 && is_empty (self) && draft[0] != '\0')
    fill (self, draft);
}

/* How it looks */

/* What is attached to the message that would be sent. */
static gboolean
has_media (FacetComposer *self)
{
  if (self->editing != NULL)
    return facet_message_get_attachments (self->editing)->len > 0;
  return facet_attachment_bar_get_n_media (self->attachments) > 0;
}

/* What is being added would be left behind. */
static gboolean
must_wait (FacetComposer *self)
{
  return self->editing == NULL && facet_attachment_bar_is_running (self->attachments);
}

static gboolean
can_send (FacetComposer *self)
{
  return self->conversation != NULL && !must_wait (self) && (!is_blank (self) || has_media (self));
}

static void
update_send (FacetComposer *self)
{
  gboolean    busy = is_busy (self);
  const char *tooltip =
      must_wait (self) ? _ ("Wait until everything is added") : _ ("Send (Return)");

  gtk_button_set_icon_name (GTK_BUTTON (self->send),
                            busy ? "media-playback-stop-symbolic" : "facet-send-symbolic");
  gtk_widget_set_tooltip_text (self->send, busy ? _ ("Stop (Esc)") : tooltip);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->send), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  busy ? _ ("Stop") : _ ("Send"), -1);
  gtk_widget_set_sensitive (self->send, busy || can_send (self));
}

static void
attachments_changed_cb (FacetComposer *self)
{
  facet_token_hint_set_attached (self->hint,
                                 self->editing == NULL
                                     ? facet_attachment_bar_get_n_tokens (self->attachments)
                                     : 0);
  update_send (self);
}

static void
update_placeholder (FacetComposer *self, gboolean preedit)
{
  gtk_widget_set_visible (self->placeholder, !preedit && is_empty (self));
}

static void
preedit_changed_cb (FacetComposer *self, const char *preedit)
{
  update_placeholder (self, preedit != NULL && preedit[0] != '\0');
}

static void
buffer_changed_cb (FacetComposer *self)
{
  update_placeholder (self, FALSE);
  update_send (self);
  if (!self->filling)
    save_draft_later (self);
}

/* The state in words: a pressed button alone says little to who cannot see it. */
static void
think_toggled_cb (FacetComposer *self)
{
  gboolean    on = gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (self->think));
  const char *words =
      on ? _ ("On: the model thinks before it answers") : _ ("Off: the model answers at once");
  g_autofree char *tooltip = g_strdup_printf ("%s (Ctrl+T)", words);

  gtk_widget_set_tooltip_text (self->think, tooltip);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->think), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  words, -1);
}

/* As many lines of the present font as it may grow to, measured as the text field will: each line
 * is a paragraph of its own. */
static void
update_height (FacetComposer *self)
{
  GtkTextIter  iter;
  GdkRectangle line;

  gtk_text_buffer_get_start_iter (self->buffer, &iter);
  gtk_text_view_get_iter_location (self->text_view, &iter, &line);
  gtk_scrolled_window_set_max_content_height (self->scroller,
                                              MAX_LINES * line.height +
                                                  gtk_text_view_get_top_margin (self->text_view) +
                                                  gtk_text_view_get_bottom_margin (
                                                      self->text_view));
}

/* Sending */

static void
set_editing (FacetComposer *self, FacetMessage *message)
{
  if (!g_set_object (&self->editing, message))
    return;
  if (message != NULL)
    gtk_label_set_label (self->edit_label, facet_message_get_attachments (message)->len > 0
                                               ? _ ("Editing an earlier message; what is attached "
                                                    "stays")
                                               : _ ("Editing an earlier message"));
  gtk_revealer_set_reveal_child (self->edit_revealer, message != NULL);
  facet_attachment_bar_set_chips_visible (self->attachments, message == NULL);
  attachments_changed_cb (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_EDITING]);
}

/* White space at the end is of no use to anybody; at the beginning it may be code's. */
gboolean
facet_composer_send (FacetComposer *self, const char *text)
{
  g_autofree char *trimmed = g_strchomp (g_strdup (text));

  g_return_val_if_fail (FACET_IS_COMPOSER (self), FALSE);

  if (self->conversation == NULL || is_busy (self) || must_wait (self) ||
      (trimmed[0] == '\0' && !has_media (self)))
    return FALSE;

  g_free (self->last_sent);
  self->last_sent = g_strdup (trimmed);
  facet_conversation_send (self->conversation, trimmed);
  g_signal_emit (self, signals[SENT], 0);
  return TRUE;
}

/* What is in the field goes where it belongs; the field shows the draft, or nothing. */
static void
send_field (FacetComposer *self)
{
  g_autofree char *text = dup_text (self);
  g_autoptr (FacetMessage) editing = NULL;

  if (is_busy (self)) {
    facet_token_hint_notify (self->hint, _ ("Still answering. What you write is kept."));
    return;
  }
  if (must_wait (self))
    facet_token_hint_notify (self->hint, _ ("Wait until everything is added."));
  if (!can_send (self))
    return;

  if (self->editing != NULL) {
    editing = g_object_ref (self->editing);
    set_editing (self, NULL);
    fill (self, facet_conversation_get_draft (self->conversation));
    g_free (self->last_sent);
    self->last_sent = g_strdup (g_strchomp (text));
    facet_conversation_edit_and_resend (self->conversation, editing, text);
    g_signal_emit (self, signals[SENT], 0);
    return;
  }

  g_clear_handle_id (&self->draft_source, g_source_remove);
  fill (self, "");
  facet_conversation_set_draft (self->conversation, "");
  facet_composer_send (self, text);
}

gboolean
facet_composer_send_draft (FacetComposer *self)
{
  g_autofree char *text = NULL;

  g_return_val_if_fail (FACET_IS_COMPOSER (self), FALSE);

  if (self->conversation == NULL || is_busy (self) || self->editing != NULL)
    return FALSE;
  text = g_strchomp (dup_text (self));
  g_clear_handle_id (&self->draft_source, g_source_remove);
  fill (self, "");
  g_free (self->last_sent);
  self->last_sent = g_strdup (text);
  facet_conversation_send (self->conversation, text);
  g_signal_emit (self, signals[SENT], 0);
  return TRUE;
}

static void
send_clicked_cb (FacetComposer *self)
{
  if (is_busy (self))
    facet_conversation_stop (self->conversation);
  else
    send_field (self);
  focus_text (self);
}

/* Nothing was computed, because it could not be kept: the words come back to the field. */
static void
failed_cb (FacetComposer *self)
{
  if (self->last_sent != NULL && is_empty (self)) {
    fill (self, self->last_sent);
    save_draft_later (self);
  }
  g_clear_pointer (&self->last_sent, g_free);
}

/* Editing an earlier message */

FacetMessage *
facet_composer_get_editing (FacetComposer *self)
{
  g_return_val_if_fail (FACET_IS_COMPOSER (self), NULL);

  return self->editing;
}

void
facet_composer_edit (FacetComposer *self, FacetMessage *message)
{
  g_return_if_fail (FACET_IS_COMPOSER (self));
  g_return_if_fail (FACET_IS_MESSAGE (message));

  if (self->conversation == NULL)
    return;
  facet_composer_save_draft (self);
  set_editing (self, message);
  fill (self, facet_message_get_text (message));
  gtk_widget_grab_focus (GTK_WIDGET (self->text_view));
}

gboolean
facet_composer_edit_last (FacetComposer *self)
{
  g_return_val_if_fail (FACET_IS_COMPOSER (self), FALSE);

  if (self->conversation == NULL || is_busy (self))
    return FALSE;
  for (guint i = g_list_model_get_n_items (G_LIST_MODEL (self->conversation)); i-- > 0;) {
    g_autoptr (FacetMessage) message = g_list_model_get_item (G_LIST_MODEL (self->conversation), i);

    if (facet_message_get_role (message) == FACET_ROLE_USER) {
      facet_composer_edit (self, message);
      return TRUE;
    }
  }
  return FALSE;
}

gboolean
facet_composer_cancel_edit (FacetComposer *self)
{
  g_return_val_if_fail (FACET_IS_COMPOSER (self), FALSE);

  if (self->editing == NULL)
    return FALSE;
  set_editing (self, NULL);
  fill (self, facet_conversation_get_draft (self->conversation));
  gtk_widget_grab_focus (GTK_WIDGET (self->text_view));
  return TRUE;
}

static void
cancel_edit_clicked_cb (FacetComposer *self)
{
  facet_composer_cancel_edit (self);
}

/* A message that is gone cannot be edited any more; what was written instead becomes the draft. */
static void
items_changed_cb (FacetComposer *self)
{
  GListModel *messages = G_LIST_MODEL (self->conversation);

  if (self->editing == NULL)
    return;
  for (guint i = 0; i < g_list_model_get_n_items (messages); i++) {
    g_autoptr (FacetMessage) message = g_list_model_get_item (messages, i);

    if (message == self->editing)
      return;
  }
  set_editing (self, NULL);
  save_draft_later (self);
}

/* Attachments */

/* What is added while an earlier message is edited would go into another one. */
static gboolean
can_add (FacetComposer *self)
{
  if (self->conversation == NULL)
    return FALSE;
  if (self->editing != NULL)
    facet_token_hint_notify (self->hint, _ ("End the edit first, then add it."));
  return self->editing == NULL;
}

gboolean
facet_composer_add (FacetComposer *self, const GValue *value)
{
  g_return_val_if_fail (FACET_IS_COMPOSER (self), FALSE);

  return can_add (self) && facet_attachments_add_value (self->conversation, value);
}

static void
paste_cb (FacetComposer *self, GtkTextView *text_view)
{
  GdkClipboard *clipboard = gtk_widget_get_clipboard (GTK_WIDGET (self));

  if (facet_attachments_can_paste (clipboard)) {
    g_signal_stop_emission_by_name (text_view, "paste-clipboard");
    if (can_add (self))
      facet_attachments_paste (clipboard, self->conversation);
  }
}

void
facet_composer_paste (FacetComposer *self)
{
  g_return_if_fail (FACET_IS_COMPOSER (self));

  focus_text (self);
  g_signal_emit_by_name (self->text_view, "paste-clipboard");
}

static void
choose (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetComposer *self = FACET_COMPOSER (widget);

  if (can_add (self))
    facet_attachments_choose (GTK_WINDOW (gtk_widget_get_root (widget)), self->conversation,
                              g_str_has_suffix (name, "picture") ? FACET_CHOOSE_PICTURES
                                                                 : FACET_CHOOSE_SOUNDS_AND_VIDEOS);
}

/* Keys */

/* An input method may need Return to choose a candidate: it is asked first. */
static gboolean
return_pressed (FacetComposer *self, GtkEventController *controller, GdkModifierType modifiers)
{
  GdkEvent *event = gtk_event_controller_get_current_event (controller);

  if ((modifiers & GDK_CONTROL_MASK) == 0 && event != NULL &&
      gtk_text_view_im_context_filter_keypress (self->text_view, event))
    return GDK_EVENT_STOP;
  gtk_text_view_reset_im_context (self->text_view);
  send_field (self);
  return GDK_EVENT_STOP;
}

static gboolean
key_pressed_cb (GtkEventController *controller,
                guint               keyval,
                guint               keycode,
                GdkModifierType     state,
                FacetComposer      *self)
{
  GdkModifierType modifiers = state & gtk_accelerator_get_default_mod_mask ();

  switch (keyval) {
  case GDK_KEY_Return:
  case GDK_KEY_KP_Enter:
  case GDK_KEY_ISO_Enter:
    if (modifiers == 0 || (modifiers & GDK_CONTROL_MASK) != 0)
      return return_pressed (self, controller, modifiers);
    return GDK_EVENT_PROPAGATE; /* Shift+Return breaks the line */
  case GDK_KEY_Up:
  case GDK_KEY_KP_Up:
    if (modifiers == 0 && self->editing == NULL && is_empty (self) &&
        gtk_widget_get_visible (self->placeholder) && facet_composer_edit_last (self))
      return GDK_EVENT_STOP;
    return GDK_EVENT_PROPAGATE;
  default:
    return GDK_EVENT_PROPAGATE;
  }
}

gboolean
facet_composer_take_key (FacetComposer *self, GtkEventControllerKey *controller)
{
  g_return_val_if_fail (FACET_IS_COMPOSER (self), FALSE);

  if (gtk_widget_has_focus (GTK_WIDGET (self->text_view)))
    return FALSE; /* it has had this key already */
  gtk_widget_grab_focus (GTK_WIDGET (self->text_view));
  return gtk_event_controller_key_forward (controller, GTK_WIDGET (self->text_view));
}

FacetTalkButton *
facet_composer_get_talk_button (FacetComposer *self)
{
  g_return_val_if_fail (FACET_IS_COMPOSER (self), NULL);

  return self->talk_button;
}

FacetTalkBar *
facet_composer_get_talk_bar (FacetComposer *self)
{
  g_return_val_if_fail (FACET_IS_COMPOSER (self), NULL);

  return self->talk_bar;
}

/* The object */

FacetConversation *
facet_composer_get_conversation (FacetComposer *self)
{
  g_return_val_if_fail (FACET_IS_COMPOSER (self), NULL);

  return self->conversation;
}

void
facet_composer_set_conversation (FacetComposer *self, FacetConversation *conversation)
{
  g_return_if_fail (FACET_IS_COMPOSER (self));
  g_return_if_fail (conversation == NULL || FACET_IS_CONVERSATION (conversation));

  if (conversation == self->conversation)
    return;
  facet_composer_save_draft (self);
  set_editing (self, NULL);
  g_clear_pointer (&self->last_sent, g_free);

  g_set_object (&self->conversation, conversation);
  facet_token_hint_set_conversation (self->hint, conversation);
  facet_attachment_bar_set_conversation (self->attachments, conversation);
  g_binding_group_set_source (self->bindings, conversation);
  g_signal_group_set_target (self->signals, conversation);
  fill (self, conversation != NULL ? facet_conversation_get_draft (conversation) : "");
  gtk_widget_set_sensitive (self->card, conversation != NULL);
  update_send (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_CONVERSATION]);
}

static gboolean
facet_composer_grab_focus (GtkWidget *widget)
{
  return gtk_widget_grab_focus (GTK_WIDGET (FACET_COMPOSER (widget)->text_view));
}

/* Tab goes through what is in it and out again; without this, Shift+Tab from the first thing would
 * end in the text field, which grab_focus chooses. */
static gboolean
facet_composer_focus (GtkWidget *widget, GtkDirectionType direction)
{
  return gtk_widget_child_focus (FACET_COMPOSER (widget)->card, direction);
}

static void
facet_composer_root (GtkWidget *widget)
{
  FacetComposer *self = FACET_COMPOSER (widget);
  GtkSettings   *settings = NULL;

  GTK_WIDGET_CLASS (facet_composer_parent_class)->root (widget);
  settings = gtk_widget_get_settings (widget);
  for (const char *const *name =
           (const char *const[]){"notify::gtk-font-name", "notify::gtk-xft-dpi", NULL};
       *name != NULL; name++)
    g_signal_connect_object (settings, *name, G_CALLBACK (update_height), self, G_CONNECT_SWAPPED);
}

/* The font is known once styles are. */
static void
facet_composer_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (facet_composer_parent_class)->map (widget);
  update_height (FACET_COMPOSER (widget));
}

static void
facet_composer_unroot (GtkWidget *widget)
{
  FacetComposer *self = FACET_COMPOSER (widget);

  facet_composer_save_draft (self);
  g_signal_handlers_disconnect_by_func (gtk_widget_get_settings (widget), update_height, self);
  GTK_WIDGET_CLASS (facet_composer_parent_class)->unroot (widget);
}

static void
facet_composer_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  FacetComposer *self = FACET_COMPOSER (object);

  switch (id) {
  case PROP_CONVERSATION:
    g_value_set_object (value, self->conversation);
    break;
  case PROP_EDITING:
    g_value_set_object (value, self->editing);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
facet_composer_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  switch (id) {
  case PROP_CONVERSATION:
    facet_composer_set_conversation (FACET_COMPOSER (object), g_value_get_object (value));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
facet_composer_dispose (GObject *object)
{
  FacetComposer *self = FACET_COMPOSER (object);

  facet_composer_save_draft (self);
  g_clear_object (&self->bindings);
  g_clear_object (&self->signals);
  g_clear_object (&self->conversation);
  g_clear_object (&self->editing);
  g_clear_pointer (&self->last_sent, g_free);
  gtk_widget_dispose_template (GTK_WIDGET (self), FACET_TYPE_COMPOSER);
  G_OBJECT_CLASS (facet_composer_parent_class)->dispose (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  g_type_ensure (FACET_TYPE_TALK_BAR);
  g_type_ensure (FACET_TYPE_TALK_BUTTON);

  gtk_widget_class_set_template_from_resource (widget_class, "/org/facet/Facet/facet-composer.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetComposer, card);
  gtk_widget_class_bind_template_child (widget_class, FacetComposer, edit_revealer);
  gtk_widget_class_bind_template_child (widget_class, FacetComposer, edit_label);
  gtk_widget_class_bind_template_child (widget_class, FacetComposer, attachments);
  gtk_widget_class_bind_template_child (widget_class, FacetComposer, scroller);
  gtk_widget_class_bind_template_child (widget_class, FacetComposer, text_view);
  gtk_widget_class_bind_template_child (widget_class, FacetComposer, buffer);
  gtk_widget_class_bind_template_child (widget_class, FacetComposer, placeholder);
  gtk_widget_class_bind_template_child (widget_class, FacetComposer, think);
  gtk_widget_class_bind_template_child (widget_class, FacetComposer, hint);
  gtk_widget_class_bind_template_child (widget_class, FacetComposer, send);
  gtk_widget_class_bind_template_child (widget_class, FacetComposer, talk_button);
  gtk_widget_class_bind_template_child (widget_class, FacetComposer, talk_bar);
  gtk_widget_class_bind_template_callback (widget_class, attachments_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, buffer_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, cancel_edit_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, focus_text);
  gtk_widget_class_bind_template_callback (widget_class, key_pressed_cb);
  gtk_widget_class_bind_template_callback (widget_class, paste_cb);
  gtk_widget_class_bind_template_callback (widget_class, preedit_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, send_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, think_toggled_cb);
}

static void
facet_composer_class_init (FacetComposerClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = facet_composer_dispose;
  object_class->get_property = facet_composer_get_property;
  object_class->set_property = facet_composer_set_property;
  widget_class->focus = facet_composer_focus;
  widget_class->grab_focus = facet_composer_grab_focus;
  widget_class->map = facet_composer_map;
  widget_class->root = facet_composer_root;
  widget_class->unroot = facet_composer_unroot;

  props[PROP_CONVERSATION] =
      g_param_spec_object ("conversation", NULL, NULL, FACET_TYPE_CONVERSATION,
                           G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  props[PROP_EDITING] = g_param_spec_object ("editing", NULL, NULL, FACET_TYPE_MESSAGE,
                                             G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);

  signals[SENT] = g_signal_new ("sent", FACET_TYPE_COMPOSER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 0);

  bind_template (widget_class);
  gtk_widget_class_install_action (widget_class, "composer.add-picture", NULL, choose);
  gtk_widget_class_install_action (widget_class, "composer.add-sound-or-video", NULL, choose);
  gtk_widget_class_set_css_name (widget_class, "composer");
}

static void
facet_composer_init (FacetComposer *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  facet_token_hint_set_buffer (self->hint, self->buffer);

  self->bindings = g_binding_group_new ();
  g_binding_group_bind (self->bindings, "thinking", self->think, "active",
                        G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
  self->signals = g_signal_group_new (FACET_TYPE_CONVERSATION);
  g_signal_group_connect_swapped (self->signals, "notify::busy", G_CALLBACK (update_send), self);
  g_signal_group_connect_swapped (self->signals, "notify::draft", G_CALLBACK (draft_changed_cb),
                                  self);
  g_signal_group_connect_swapped (self->signals, "items-changed", G_CALLBACK (items_changed_cb),
                                  self);
  g_signal_group_connect_swapped (self->signals, "failed", G_CALLBACK (failed_cb), self);

  gtk_widget_set_sensitive (self->card, FALSE);
  think_toggled_cb (self);
  update_send (self);
}

FacetComposer *
facet_composer_new (void)
{
  return g_object_new (FACET_TYPE_COMPOSER, NULL);
}
