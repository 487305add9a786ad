/* facet-chat-view.c: the list of messages, the way back to its end, and what is said aloud.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The list does the work; see facet-chat-list.c.  To screen readers the view says
 * that an answer has begun and then, once, what it is: never token by token. */
#define G_LOG_DOMAIN "facet-chat-view"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-announcer.h"
#include "facet-chat-list.h"
#include "facet-chat-view.h"
#include "facet-code-text.h"
#include "facet-find-bar.h"
#include "facet-flow.h"

#define MAX_SPOKEN 4000 /* bytes of an answer that are read out by themselves */

struct _FacetChatView {
  GtkWidget parent_instance;

  GtkWidget      *root;
  FacetFindBar   *find_bar;
  GtkWidget      *overlay;
  GtkWidget      *scroller;
  FacetChatList  *list;
  GtkRevealer    *latest;
  GtkWidget      *latest_button;
  FacetAnnouncer *announcer;

  FacetConversation *conversation;
  FacetMessage      *running; /* the answer that is coming, NULL: none */
  FacetPhase         said;    /* the last phase that was announced */
  gboolean           empty;
  guint              warm_up;
  guint              warm_up_step;
};

enum {
  PROP_CONVERSATION = 1,
  PROP_UNPINNED,
  PROP_EMPTY,
  N_PROPS,
};

static GParamSpec *props[N_PROPS];

enum {
  EDIT_REQUESTED,
  TOAST,
  FIND_CLOSED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (FacetChatView, facet_chat_view, GTK_TYPE_WIDGET)

/* The end */

gboolean
facet_chat_view_get_unpinned (FacetChatView *self)
{
  g_return_val_if_fail (FACET_IS_CHAT_VIEW (self), FALSE);
  return !facet_chat_list_get_pinned (self->list);
}

void
facet_chat_view_scroll_to_latest (FacetChatView *self)
{
  g_return_if_fail (FACET_IS_CHAT_VIEW (self));
  facet_chat_list_pin (self->list);
}

static void
pinned_cb (FacetChatView *self)
{
  gboolean pinned = facet_chat_list_get_pinned (self->list);

  /* A hidden button must not keep the focus. */
  if (pinned && gtk_widget_has_focus (self->latest_button))
    gtk_widget_child_focus (GTK_WIDGET (self->list), GTK_DIR_TAB_FORWARD);
  if (!pinned)
    gtk_widget_set_visible (GTK_WIDGET (self->latest), TRUE);
  gtk_revealer_set_reveal_child (self->latest, !pinned);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_UNPINNED]);
}

static void
revealed_cb (FacetChatView *self)
{
  if (!gtk_revealer_get_reveal_child (self->latest) &&
      !gtk_revealer_get_child_revealed (self->latest))
    gtk_widget_set_visible (GTK_WIDGET (self->latest), FALSE);
}

/* What is said aloud */

static FacetMessage *
dup_last_answer (FacetChatView *self)
{
  guint n =
      self->conversation != NULL ? g_list_model_get_n_items (G_LIST_MODEL (self->conversation)) : 0;

  for (guint i = n; i > 0; i--) {
    g_autoptr (FacetMessage) message =
        g_list_model_get_item (G_LIST_MODEL (self->conversation), i - 1);

    if (facet_message_get_role (message) == FACET_ROLE_ASSISTANT)
      return g_steal_pointer (&message);
  }
  return NULL;
}

static void
say_answer (FacetChatView *self, FacetMessage *message)
{
  g_autoptr (GPtrArray) blocks = facet_markdown_parse (facet_message_get_text (message), -1);
  g_autoptr (FacetFlow) flow = facet_flow_new (FACET_FLOW_ANSWER);
  g_autofree char *text = NULL;

  facet_flow_splice (flow, 0, 0, (FacetBlock **)blocks->pdata, blocks->len);
  text = facet_flow_dup_text (flow, MAX_SPOKEN);
  facet_announcer_say (self->announcer, text);
}

static void
say_outcome (FacetChatView *self, FacetMessage *message)
{
  switch (facet_message_get_state (message)) {
  case FACET_MESSAGE_FAILED:
    facet_announcer_say (self->announcer, facet_message_get_error (message) != NULL
                                              ? facet_message_get_error (message)
                                              : _ ("No answer came"));
    break;
  case FACET_MESSAGE_STOPPED:
    facet_announcer_say (self->announcer, _ ("Stopped"));
    break;
  case FACET_MESSAGE_TOO_LONG:
    facet_announcer_say (self->announcer, _ ("This conversation no longer fits"));
    break;
  default:
    say_answer (self, message);
    break;
  }
}

static void
phase_cb (FacetChatView *self)
{
  FacetPhase phase = facet_message_get_phase (self->running);

  if (phase == self->said)
    return;
  self->said = phase;
  if (phase == FACET_PHASE_THINKING)
    facet_announcer_say (self->announcer, _ ("Facet is thinking"));
  else if (phase == FACET_PHASE_ANSWERING)
    facet_announcer_say (self->announcer, _ ("Facet is answering"));
}

static void
forget_running (FacetChatView *self)
{
  if (self->running == NULL)
    return;
  g_signal_handlers_disconnect_by_func (self->running, phase_cb, self);
  g_clear_object (&self->running);
}

static void
busy_cb (FacetChatView *self)
{
  g_autoptr (FacetMessage) ended = self->running != NULL ? g_object_ref (self->running) : NULL;

  forget_running (self);
  if (facet_conversation_get_busy (self->conversation)) {
    self->said = FACET_PHASE_NONE;
    self->running = dup_last_answer (self);
    if (self->running != NULL)
      g_signal_connect_swapped (self->running, "notify::phase", G_CALLBACK (phase_cb), self);
  } else if (ended != NULL) {
    say_outcome (self, ended);
  }
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "chat.answer-now", self->running != NULL);
}

/* The conversation */

gboolean
facet_chat_view_get_empty (FacetChatView *self)
{
  g_return_val_if_fail (FACET_IS_CHAT_VIEW (self), TRUE);
  return self->empty;
}

static void
update_empty (FacetChatView *self)
{
  gboolean empty = self->conversation == NULL ||
                   (facet_conversation_get_loaded (self->conversation) &&
                    g_list_model_get_n_items (G_LIST_MODEL (self->conversation)) == 0);

  if (self->empty == empty)
    return;
  self->empty = empty;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_EMPTY]);
}

FacetConversation *
facet_chat_view_get_conversation (FacetChatView *self)
{
  g_return_val_if_fail (FACET_IS_CHAT_VIEW (self), NULL);
  return self->conversation;
}

void
facet_chat_view_set_conversation (FacetChatView *self, FacetConversation *conversation)
{
  g_return_if_fail (FACET_IS_CHAT_VIEW (self));
  g_return_if_fail (conversation == NULL || FACET_IS_CONVERSATION (conversation));

  if (self->conversation == conversation)
    return;
  forget_running (self);
  if (self->conversation != NULL) {
    g_signal_handlers_disconnect_by_func (self->conversation, update_empty, self);
    g_signal_handlers_disconnect_by_func (self->conversation, busy_cb, self);
  }
  facet_find_bar_close (self->find_bar);
  g_set_object (&self->conversation, conversation);
  facet_chat_list_set_conversation (self->list, conversation);
  if (conversation != NULL) {
    g_signal_connect_object (conversation, "items-changed", G_CALLBACK (update_empty), self,
                             G_CONNECT_SWAPPED);
    g_signal_connect_object (conversation, "notify::loaded", G_CALLBACK (update_empty), self,
                             G_CONNECT_SWAPPED);
    g_signal_connect_object (conversation, "notify::busy", G_CALLBACK (busy_cb), self,
                             G_CONNECT_SWAPPED);
    busy_cb (self);
  }
  update_empty (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_CONVERSATION]);
}

gboolean
facet_chat_view_copy_last_answer (FacetChatView *self)
{
  g_autoptr (FacetMessage) message = NULL;

  g_return_val_if_fail (FACET_IS_CHAT_VIEW (self), FALSE);
  message = dup_last_answer (self);
  if (message == NULL || *facet_message_get_text (message) == '\0')
    return FALSE;
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)),
                          facet_message_get_text (message));
  g_signal_emit (self, signals[TOAST], 0, _ ("Copied the last answer"), FALSE);
  return TRUE;
}

/* Finding */

void
facet_chat_view_find (FacetChatView *self)
{
  g_return_if_fail (FACET_IS_CHAT_VIEW (self));
  facet_find_bar_open (self->find_bar);
}

void
facet_chat_view_find_next (FacetChatView *self, int step)
{
  g_return_if_fail (FACET_IS_CHAT_VIEW (self));
  facet_find_bar_move (self->find_bar, step);
}

gboolean
facet_chat_view_close_find (FacetChatView *self)
{
  g_return_val_if_fail (FACET_IS_CHAT_VIEW (self), FALSE);
  return facet_find_bar_close (self->find_bar);
}

void
facet_chat_view_show_found (FacetChatView *self,
                            const char    *text,
                            FacetMessage  *message,
                            gboolean       in_thought)
{
  g_return_if_fail (FACET_IS_CHAT_VIEW (self));
  facet_find_bar_open_at (self->find_bar, text, message, in_thought);
}

static void
find_closed_cb (FacetChatView *self)
{
  g_signal_emit (self, signals[FIND_CLOSED], 0);
}

/* Signals and actions */

static void
edit_requested_cb (FacetChatView *self, FacetMessage *message)
{
  g_signal_emit (self, signals[EDIT_REQUESTED], 0, message);
}

static void
toast_cb (FacetChatView *self, const char *text, gboolean undo)
{
  g_signal_emit (self, signals[TOAST], 0, text, undo);
}

static void
latest_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  facet_chat_view_scroll_to_latest (FACET_CHAT_VIEW (widget));
}

static void
copy_last_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  facet_chat_view_copy_last_answer (FACET_CHAT_VIEW (widget));
}

static void
answer_now_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetChatView *self = FACET_CHAT_VIEW (widget);

  if (self->conversation != NULL)
    facet_conversation_answer_now (self->conversation);
}

/* Widget */

/* A language in each idle moment. */
static gboolean
warm_up_cb (gpointer data)
{
  FacetChatView *self = data;

  if (facet_code_text_warm_up (self->warm_up_step++))
    return G_SOURCE_CONTINUE;
  self->warm_up = 0;
  return G_SOURCE_REMOVE;
}

static void
facet_chat_view_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  FacetChatView *self = FACET_CHAT_VIEW (object);

  switch (id) {
  case PROP_CONVERSATION:
    g_value_set_object (value, self->conversation);
    break;
  case PROP_UNPINNED:
    g_value_set_boolean (value, facet_chat_view_get_unpinned (self));
    break;
  case PROP_EMPTY:
    g_value_set_boolean (value, self->empty);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
facet_chat_view_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  switch (id) {
  case PROP_CONVERSATION:
    facet_chat_view_set_conversation (FACET_CHAT_VIEW (object), g_value_get_object (value));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
facet_chat_view_dispose (GObject *object)
{
  FacetChatView *self = FACET_CHAT_VIEW (object);

  g_clear_handle_id (&self->warm_up, g_source_remove);
  if (self->list != NULL)
    facet_chat_view_set_conversation (self, NULL);
  self->list = NULL;
  g_clear_pointer (&self->root, gtk_widget_unparent);
  G_OBJECT_CLASS (facet_chat_view_parent_class)->dispose (object);
}

static void
facet_chat_view_class_init (FacetChatViewClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  GParamFlags     flags = G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->dispose = facet_chat_view_dispose;
  object_class->get_property = facet_chat_view_get_property;
  object_class->set_property = facet_chat_view_set_property;

  props[PROP_CONVERSATION] =
      g_param_spec_object ("conversation", NULL, NULL, FACET_TYPE_CONVERSATION,
                           G_PARAM_READWRITE | flags);
  props[PROP_UNPINNED] =
      g_param_spec_boolean ("unpinned", NULL, NULL, FALSE, G_PARAM_READABLE | flags);
  props[PROP_EMPTY] = g_param_spec_boolean ("empty", NULL, NULL, TRUE, G_PARAM_READABLE | flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
  signals[EDIT_REQUESTED] =
      g_signal_new ("edit-requested", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                    NULL, G_TYPE_NONE, 1, FACET_TYPE_MESSAGE);
  signals[TOAST] = g_signal_new ("toast", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                 NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_BOOLEAN);

  signals[FIND_CLOSED] = g_signal_new ("find-closed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                       0, NULL, NULL, NULL, G_TYPE_NONE, 0);

  gtk_widget_class_install_action (widget_class, "chat.latest", NULL, latest_action);
  gtk_widget_class_install_action (widget_class, "chat.copy-last", NULL, copy_last_action);
  gtk_widget_class_install_action (widget_class, "chat.answer-now", NULL, answer_now_action);

  g_type_ensure (FACET_TYPE_ANNOUNCER);
  g_type_ensure (FACET_TYPE_CHAT_LIST);
  g_type_ensure (FACET_TYPE_FIND_BAR);
  gtk_widget_class_set_css_name (widget_class, "chat-view");
  gtk_widget_class_set_template_from_resource (widget_class, "/org/facet/Facet/facet-chat-view.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetChatView, root);
  gtk_widget_class_bind_template_child (widget_class, FacetChatView, find_bar);
  gtk_widget_class_bind_template_child (widget_class, FacetChatView, overlay);
  gtk_widget_class_bind_template_child (widget_class, FacetChatView, scroller);
  gtk_widget_class_bind_template_child (widget_class, FacetChatView, list);
  gtk_widget_class_bind_template_child (widget_class, FacetChatView, latest);
  gtk_widget_class_bind_template_child (widget_class, FacetChatView, latest_button);
  gtk_widget_class_bind_template_child (widget_class, FacetChatView, announcer);
  gtk_widget_class_bind_template_callback (widget_class, pinned_cb);
  gtk_widget_class_bind_template_callback (widget_class, edit_requested_cb);
  gtk_widget_class_bind_template_callback (widget_class, toast_cb);
  gtk_widget_class_bind_template_callback (widget_class, find_closed_cb);
}

static void
facet_chat_view_init (FacetChatView *self)
{
  self->empty = TRUE;
  gtk_widget_init_template (GTK_WIDGET (self));
  facet_find_bar_set_list (self->find_bar, self->list);
  g_signal_connect_object (self->latest, "notify::child-revealed", G_CALLBACK (revealed_cb), self,
                           G_CONNECT_SWAPPED);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "chat.answer-now", FALSE);
  self->warm_up = g_idle_add_full (G_PRIORITY_LOW, warm_up_cb, self, NULL);
}

FacetChatView *
facet_chat_view_new (void)
{
  return g_object_new (FACET_TYPE_CHAT_VIEW, NULL);
}
