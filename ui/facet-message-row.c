/* facet-message-row.c: what both kinds of messages have in common: columns, actions, who speaks.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Holds a reference on its turn; the conversation is the list's. */
#define G_LOG_DOMAIN "facet-message-row"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-block-view.h"
#include "facet-message-actions.h"
#include "facet-message-row.h"

#define TEXT_WIDTH   720
#define CODE_WIDTH   960
#define MARGIN       24
#define SMALL_MARGIN 12
#define SMALL_WINDOW 500

typedef struct {
  FacetTurnModel    *turn;
  FacetConversation *conversation; /* borrowed: the list has it as long as its rows */
  int                height;       /* as it is laid out */
} FacetMessageRowPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (FacetMessageRow, facet_message_row, GTK_TYPE_WIDGET)

enum {
  CHANGED,
  EDIT_REQUESTED,
  TOAST,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

#define PRIVATE(self) ((FacetMessageRowPrivate *)facet_message_row_get_instance_private (self))

FacetTurnModel *
facet_message_row_get_turn (FacetMessageRow *self)
{
  return PRIVATE (self)->turn;
}

FacetMessage *
facet_message_row_get_message (FacetMessageRow *self)
{
  FacetTurnModel *turn = PRIVATE (self)->turn;

  return turn != NULL ? facet_turn_model_get_message (turn) : NULL;
}

FacetConversation *
facet_message_row_get_conversation (FacetMessageRow *self)
{
  return PRIVATE (self)->conversation;
}

void
facet_message_row_changed (FacetMessageRow *self)
{
  g_signal_emit (self, signals[CHANGED], 0);
}

/* Binding */

void
facet_message_row_update_actions (FacetMessageRow *self)
{
  FacetMessageRowPrivate *priv = PRIVATE (self);
  GtkWidget              *widget = GTK_WIDGET (self);
  FacetMessage           *message = facet_message_row_get_message (self);
  gboolean                idle, answer, running;
  guint                   version, n_versions;

  if (message == NULL)
    return;
  facet_conversation_get_versions (priv->conversation, message, &version, &n_versions);
  idle = !facet_conversation_get_busy (priv->conversation);
  answer = facet_message_get_role (message) == FACET_ROLE_ASSISTANT;
  running = facet_message_is_running (message);
  gtk_widget_action_set_enabled (widget, "message.copy", *facet_message_get_text (message) != '\0');
  gtk_widget_action_set_enabled (widget, "message.edit", !answer && idle);
  gtk_widget_action_set_enabled (widget, "message.regenerate", answer && idle);
  gtk_widget_action_set_enabled (widget, "message.delete",
                                 !running && facet_message_get_id (message) != 0);
  gtk_widget_action_set_enabled (widget, "message.try-again", answer && idle);
  gtk_widget_action_set_enabled (widget, "message.drop-oldest", answer && idle);
  gtk_widget_action_set_enabled (widget, "message.keep", answer && idle);
  gtk_widget_action_set_enabled (widget, "message.previous-version", version > 0 && idle);
  gtk_widget_action_set_enabled (widget, "message.next-version", version + 1 < n_versions && idle);
  gtk_widget_action_set_enabled (widget, "message.begin-conversation",
                                 !running && facet_message_get_id (message) != 0 &&
                                     !facet_conversation_is_private (priv->conversation));
  gtk_widget_action_set_enabled (widget, "answer-now",
                                 facet_message_get_phase (message) == FACET_PHASE_THINKING);
}

static void
rebind (FacetMessageRow *self)
{
  FACET_MESSAGE_ROW_GET_CLASS (self)->bind (self);
  facet_message_row_update_actions (self);
  facet_message_row_changed (self);
}

void
facet_message_row_bind (FacetMessageRow   *self,
                        FacetTurnModel    *turn,
                        FacetConversation *conversation)
{
  FacetMessageRowPrivate *priv = PRIVATE (self);

  if (priv->turn != NULL)
    g_signal_handlers_disconnect_by_func (priv->turn, rebind, self);
  g_set_object (&priv->turn, turn);
  priv->conversation = conversation;
  if (turn != NULL) {
    gboolean answer =
        facet_message_get_role (facet_turn_model_get_message (turn)) == FACET_ROLE_ASSISTANT;

    facet_turn_model_load (turn);
    g_signal_connect_object (turn, "changed", G_CALLBACK (rebind), self, G_CONNECT_SWAPPED);
    /* Translators: who speaks, for screen readers: "You" wrote it, or "Facet" answered */
    gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                    answer ? _ ("Facet") : _ ("You"), -1);
  }
  FACET_MESSAGE_ROW_GET_CLASS (self)->bind (self);
  facet_message_row_update_actions (self);
}

/* Layout */

void
facet_message_row_get_columns (int width, FacetRowColumns *columns)
{
  int margin = width < SMALL_WINDOW ? SMALL_MARGIN : MARGIN;

  columns->text_width = CLAMP (width - 2 * margin, 1, TEXT_WIDTH);
  columns->text_x = (width - columns->text_width) / 2;
  columns->max_width = CLAMP (width - columns->text_x - margin, columns->text_width, CODE_WIDTH);
}

int
facet_message_row_layout (FacetMessageRow *self, int width, double top, double bottom)
{
  FacetRowColumns columns;

  facet_message_row_get_columns (width, &columns);
  gtk_widget_queue_allocate (GTK_WIDGET (self));
  PRIVATE (self)->height = FACET_MESSAGE_ROW_GET_CLASS (self)->layout (self, &columns, top, bottom);
  return PRIVATE (self)->height;
}

/* The flow of @part, NULL when the row does not show all of it. */
static FacetFlow *
get_part (FacetMessageRow *self, guint part, double *top)
{
  FacetTurnModel *turn = PRIVATE (self)->turn;

  if (part == FACET_ROW_TOP || !FACET_MESSAGE_ROW_GET_CLASS (self)->get_part_top (self, part, top))
    return NULL;
  return part == FACET_ROW_TRACE ? facet_turn_model_get_trace (turn)
                                 : facet_turn_model_get_body (turn);
}

void
facet_message_row_get_anchor (FacetMessageRow *self, double y, FacetRowAnchor *anchor)
{
  static const guint parts[] = {FACET_ROW_BODY, FACET_ROW_TRACE};

  *anchor = (FacetRowAnchor){.part = FACET_ROW_TOP, .dy = y};
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    double     top, block_top;
    FacetFlow *flow = get_part (self, parts[i], &top);
    guint      block;

    if (flow == NULL || y < top || !facet_flow_find (flow, y - top, &block, &block_top))
      continue;
    *anchor = (FacetRowAnchor){.part = parts[i], .block = block, .dy = y - top - block_top};
    return;
  }
}

double
facet_message_row_resolve_anchor (FacetMessageRow *self, const FacetRowAnchor *anchor)
{
  double     top = 0;
  FacetFlow *flow;

  if (anchor->part == FACET_ROW_BOTTOM)
    return PRIVATE (self)->height + anchor->dy;
  flow = get_part (self, anchor->part, &top);
  if (flow == NULL)
    return anchor->part == FACET_ROW_TOP ? anchor->dy : 0;
  return top + facet_flow_get_top (flow, MIN (anchor->block, facet_flow_get_n_shown (flow))) +
         anchor->dy;
}

gboolean
facet_message_row_shows (FacetMessageRow *self, guint part)
{
  double top;

  return get_part (self, part, &top) != NULL;
}

gboolean
facet_message_row_get_caret (FacetMessageRow *self,
                             guint            part,
                             guint            block,
                             gsize            byte,
                             GdkRectangle    *rectangle)
{
  double            top = 0;
  FacetFlow        *flow = get_part (self, part, &top);
  FacetBlockColumn *column = FACET_MESSAGE_ROW_GET_CLASS (self)->get_column (self, part);
  GtkWidget        *view = column != NULL ? facet_block_column_get_view (column, block) : NULL;

  if (flow == NULL || view == NULL)
    return FALSE;
  facet_block_view_get_caret (FACET_BLOCK_VIEW (view), byte, rectangle);
  rectangle->y += (int)(top + facet_flow_get_top (flow, block));
  return TRUE;
}

int
facet_message_row_measure_child (GtkWidget *child, int width)
{
  int height;

  if (!gtk_widget_get_visible (child))
    return 0;
  gtk_widget_measure (child, GTK_ORIENTATION_VERTICAL, width, NULL, &height, NULL, NULL);
  return height;
}

void
facet_message_row_place_child (GtkWidget *child, int x, int y, int width, int height)
{
  int minimum;

  if (!gtk_widget_get_visible (child))
    return;
  gtk_widget_measure (child, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
  gtk_widget_size_allocate (child, &(GtkAllocation){x, y, MAX (width, minimum), height}, -1);
}

/* The list asks facet_message_row_layout (). */
static void
facet_message_row_measure (GtkWidget     *widget,
                           GtkOrientation orientation,
                           int            for_size,
                           int           *minimum,
                           int           *natural,
                           int           *minimum_baseline,
                           int           *natural_baseline)
{
  *minimum = *natural = 0;
}

/* Actions */

static void
toast (FacetMessageRow *self, const char *text, gboolean undo)
{
  g_signal_emit (self, signals[TOAST], 0, text, undo);
}

static void
copy_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetMessage *message = facet_message_row_get_message (FACET_MESSAGE_ROW (widget));

  gdk_clipboard_set_text (gtk_widget_get_clipboard (widget), facet_message_get_text (message));
  toast (FACET_MESSAGE_ROW (widget), _ ("Copied"), FALSE);
}

static void
edit_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  g_signal_emit (widget, signals[EDIT_REQUESTED], 0,
                 facet_message_row_get_message (FACET_MESSAGE_ROW (widget)));
}

typedef void (*ConversationFunc) (FacetConversation *conversation, FacetMessage *message);

/* The row may be bound to another message, or be gone, when @func returns. */
static void
ask_conversation (GtkWidget *widget, ConversationFunc func)
{
  FacetMessageRow *self = FACET_MESSAGE_ROW (widget);
  g_autoptr (FacetMessage) message = g_object_ref (facet_message_row_get_message (self));
  g_autoptr (FacetConversation) conversation = g_object_ref (PRIVATE (self)->conversation);

  func (conversation, message);
}

static void
regenerate_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  ask_conversation (widget, facet_conversation_regenerate);
}

static void
delete_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  toast (FACET_MESSAGE_ROW (widget), _ ("Message deleted"), TRUE);
  ask_conversation (widget, facet_conversation_delete_message);
}

static void
try_again_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  ask_conversation (widget, facet_conversation_try_again);
}

static void
drop_oldest_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  ask_conversation (widget, facet_conversation_drop_oldest);
}

/* What does not fit is not answered, and nothing is left out. */
static void
keep_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  toast (FACET_MESSAGE_ROW (widget), _ ("Nothing was left out"), TRUE);
  ask_conversation (widget, facet_conversation_delete_message);
}

static void
show_version (FacetMessageRow *self, int steps)
{
  FacetConversation *conversation = PRIVATE (self)->conversation;
  FacetMessage      *message = facet_message_row_get_message (self);
  guint              version, n_versions;

  facet_conversation_get_versions (conversation, message, &version, &n_versions);
  facet_conversation_show_version (conversation, message, version + steps);
}

static void
previous_version_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  show_version (FACET_MESSAGE_ROW (widget), -1);
}

static void
next_version_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  show_version (FACET_MESSAGE_ROW (widget), 1);
}

static void
begin_conversation_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetMessage *message = facet_message_row_get_message (FACET_MESSAGE_ROW (widget));

  gtk_widget_activate_action (widget, "win.begin-conversation-from", "x",
                              facet_message_get_id (message));
}

void
facet_message_row_focus_versions (FacetMessageRow *self, gboolean back)
{
  GtkWidget *actions = FACET_MESSAGE_ROW_GET_CLASS (self)->get_actions (self);

  facet_message_actions_focus_versions (FACET_MESSAGE_ACTIONS (actions), back);
}

static void
answer_now_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  facet_conversation_answer_now (PRIVATE (FACET_MESSAGE_ROW (widget))->conversation);
}

static void
expand_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  facet_turn_model_unclip (facet_message_row_get_turn (FACET_MESSAGE_ROW (widget)));
}

/* Widget */

static void
facet_message_row_dispose (GObject *object)
{
  FacetMessageRowPrivate *priv = PRIVATE (FACET_MESSAGE_ROW (object));

  if (priv->turn != NULL)
    g_signal_handlers_disconnect_by_func (priv->turn, rebind, object);
  g_clear_object (&priv->turn);
  G_OBJECT_CLASS (facet_message_row_parent_class)->dispose (object);
}

static void
facet_message_row_class_init (FacetMessageRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_message_row_dispose;
  widget_class->measure = facet_message_row_measure;
  gtk_widget_class_set_css_name (widget_class, "message-row");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_LIST_ITEM);
  gtk_widget_class_install_action (widget_class, "message.copy", NULL, copy_action);
  gtk_widget_class_install_action (widget_class, "message.edit", NULL, edit_action);
  gtk_widget_class_install_action (widget_class, "message.regenerate", NULL, regenerate_action);
  gtk_widget_class_install_action (widget_class, "message.delete", NULL, delete_action);
  gtk_widget_class_install_action (widget_class, "message.try-again", NULL, try_again_action);
  gtk_widget_class_install_action (widget_class, "message.drop-oldest", NULL, drop_oldest_action);
  gtk_widget_class_install_action (widget_class, "message.keep", NULL, keep_action);
  gtk_widget_class_install_action (widget_class, "message.expand", NULL, expand_action);
  gtk_widget_class_install_action (widget_class, "message.previous-version", NULL,
                                   previous_version_action);
  gtk_widget_class_install_action (widget_class, "message.next-version", NULL, next_version_action);
  gtk_widget_class_install_action (widget_class, "message.begin-conversation", NULL,
                                   begin_conversation_action);
  gtk_widget_class_install_action (widget_class, "answer-now", NULL, answer_now_action);

  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
  signals[EDIT_REQUESTED] =
      g_signal_new ("edit-requested", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                    NULL, G_TYPE_NONE, 1, FACET_TYPE_MESSAGE);
  signals[TOAST] = g_signal_new ("toast", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                 NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_BOOLEAN);
}

static void
facet_message_row_init (FacetMessageRow *self)
{
}
