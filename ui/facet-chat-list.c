/* facet-chat-list.c: which messages are on the screen, and where.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The height of a message that was never near the screen is estimated; as messages
 * come near, they are measured.  The list therefore counts pixels from a floating origin: when
 * something above the screen turns out higher than it was thought to be, the adjustment's lower end
 * moves and its value stays, so that neither what is read nor a scrolling gesture in progress
 * jumps.  (GtkListView of GTK 4.8 moves the value instead, and keeps at least 200 rows.)
 *
 * Giving widgets to messages queues resizes, which GTK does not allow while it allocates.  So the
 * layout is made before: once a frame when something has changed, and at once when the person
 * scrolls; size_allocate only puts the rows where the layout says.  The keyboard is in
 * facet-chat-list-input.c. */
#define G_LOG_DOMAIN "facet-chat-list"

#include "config.h"

#include <math.h>

#include "facet-chat-list-private.h"
#include "facet-message-answer.h"
#include "facet-message-person.h"

#define OVERSCAN   240 /* pixels above and below the screen that have widgets, too */
#define MAX_PASSES 5
#define MAX_SPARE  8

/* Of rows, as many as FACET_N_ROW_KINDS. */
enum {
  KIND_PERSON,
  KIND_ANSWER,
};

enum {
  PROP_PINNED = 1,
  PROP_HADJUSTMENT,
  PROP_VADJUSTMENT,
  PROP_HSCROLL_POLICY,
  PROP_VSCROLL_POLICY,
};

enum {
  EDIT_REQUESTED,
  TOAST,
  TURN_READ,
  TURNS_CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE_WITH_CODE (FacetChatList,
                               facet_chat_list,
                               GTK_TYPE_WIDGET,
                               G_IMPLEMENT_INTERFACE (GTK_TYPE_SCROLLABLE, NULL))

static void
set_pinned (FacetChatList *self, gboolean pinned)
{
  if (self->pinned == pinned)
    return;
  self->pinned = pinned;
  g_object_notify (G_OBJECT (self), "pinned");
}

gboolean
facet_chat_list_get_pinned (FacetChatList *self)
{
  return self->pinned;
}

void
facet_chat_list_pin (FacetChatList *self)
{
  set_pinned (self, TRUE);
  facet_chat_list_schedule_layout (self);
}

void
facet_chat_list_hold (FacetChatList *self, FacetTurnModel *turn, const FacetRowAnchor *anchor)
{
  set_pinned (self, FALSE);
  self->anchor_turn = turn;
  self->anchor = *anchor;
  facet_chat_list_schedule_layout (self);
}

/* Rows */

static guint
kind_of (FacetTurnModel *turn)
{
  FacetRole role = facet_message_get_role (facet_turn_model_get_message (turn));

  return role == FACET_ROLE_ASSISTANT ? KIND_ANSWER : KIND_PERSON;
}

static void
edit_requested_cb (FacetChatList *self, FacetMessage *message)
{
  g_signal_emit (self, signals[EDIT_REQUESTED], 0, message);
}

static void
toast_cb (FacetChatList *self, const char *text, gboolean undo)
{
  g_signal_emit (self, signals[TOAST], 0, text, undo);
}

static FacetMessageRow *
make_row (FacetChatList *self, guint kind)
{
  FacetMessageRow *row =
      g_object_new (kind == KIND_ANSWER ? FACET_TYPE_MESSAGE_ANSWER : FACET_TYPE_MESSAGE_PERSON,
                    NULL);

  g_signal_connect_object (row, "changed", G_CALLBACK (facet_chat_list_schedule_layout), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (row, "edit-requested", G_CALLBACK (edit_requested_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (row, "toast", G_CALLBACK (toast_cb), self, G_CONNECT_SWAPPED);
  gtk_widget_set_parent (GTK_WIDGET (row), GTK_WIDGET (self));
  return row;
}

FacetMessageRow *
facet_chat_list_ensure_row (FacetChatList *self, FacetTurnModel *turn)
{
  FacetMessageRow *row = g_hash_table_lookup (self->rows, turn);
  guint            kind = kind_of (turn);

  if (row != NULL)
    return row;
  if (self->spare[kind]->len > 0) {
    row = g_ptr_array_steal_index (self->spare[kind], self->spare[kind]->len - 1);
    gtk_widget_set_child_visible (GTK_WIDGET (row), TRUE);
    gtk_accessible_reset_state (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_STATE_HIDDEN);
  } else {
    row = make_row (self, kind);
  }
  facet_message_row_bind (row, turn, self->conversation);
  g_hash_table_insert (self->rows, turn, row);
  return row;
}

static void
put_row_away (FacetChatList *self, FacetMessageRow *row, guint kind)
{
  facet_message_row_bind (row, NULL, NULL);
  if (self->spare[kind]->len >= MAX_SPARE) {
    gtk_widget_unparent (GTK_WIDGET (row));
    return;
  }
  gtk_widget_set_child_visible (GTK_WIDGET (row), FALSE);
  gtk_accessible_update_state (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_STATE_HIDDEN, TRUE, -1);
  g_ptr_array_add (self->spare[kind], row);
}

GtkWidget *
facet_chat_list_get_row (FacetChatList *self, FacetMessage *message)
{
  FacetTurnModel *turn = g_hash_table_lookup (self->by_message, message);

  return turn != NULL ? g_hash_table_lookup (self->rows, turn) : NULL;
}

guint
facet_chat_list_get_n_rows (FacetChatList *self)
{
  return g_hash_table_size (self->rows);
}

/* Layout */

static int
text_width (FacetChatList *self)
{
  FacetRowColumns columns;

  facet_message_row_get_columns (self->width, &columns);
  return columns.text_width;
}

FacetTurnModel *
facet_chat_list_find_turn (FacetChatList *self, double y, double *top, guint *index)
{
  int width = text_width (self);

  *top = FACET_CHAT_PADDING;
  for (*index = 0; *index < self->turns->len; (*index)++) {
    FacetTurnModel *turn = g_ptr_array_index (self->turns, *index);
    double          height = facet_turn_model_get_height (turn, width);

    if (y < *top + height || *index + 1 == self->turns->len)
      return turn;
    *top += height;
  }
  return NULL;
}

/* Remembers what is at @y as what has to stay there. */
static void
set_anchor (FacetChatList *self, double y)
{
  FacetMessageRow *row;
  double           top;
  guint            index;

  self->fallback = y;
  self->anchor_turn = facet_chat_list_find_turn (self, y, &top, &index);
  if (self->anchor_turn == NULL)
    return;
  row = g_hash_table_lookup (self->rows, self->anchor_turn);
  if (row == NULL) {
    /* So much of it that the line at the top is known before anything above it is measured. */
    row = facet_chat_list_ensure_row (self, self->anchor_turn);
    facet_message_row_layout (row, self->width, y - top, y - top + 1);
  }
  facet_message_row_get_anchor (row, y - top, &self->anchor);
}

static double
sum_heights (FacetChatList *self, FacetTurnModel *until, double *top)
{
  double height = FACET_CHAT_PADDING;
  int    width = text_width (self);

  for (guint i = 0; i < self->turns->len; i++) {
    FacetTurnModel *turn = g_ptr_array_index (self->turns, i);

    if (turn == until)
      *top = height;
    height += facet_turn_model_get_height (turn, width);
  }
  return height + FACET_CHAT_PADDING;
}

void
facet_chat_list_get_turn_place (FacetChatList  *self,
                                FacetTurnModel *turn,
                                double         *top,
                                double         *height)
{
  *top = 0;
  *height = facet_turn_model_get_height (turn, text_width (self));
  sum_heights (self, turn, top);
}

/* What is at the top of the screen, from the upper end. */
static double
find_view_top (FacetChatList *self)
{
  double           top = 0, view;
  FacetMessageRow *row = NULL;

  self->height = sum_heights (self, self->anchor_turn, &top);
  if (self->pinned)
    return MAX (self->height - self->page, 0);
  if (self->anchor_turn != NULL)
    row = g_hash_table_lookup (self->rows, self->anchor_turn);
  view = row != NULL ? top + facet_message_row_resolve_anchor (row, &self->anchor) : self->fallback;
  return CLAMP (view, 0, MAX (self->height - self->page, 0));
}

/* Gives widgets to the messages around the screen.  Returns whether a height turned out different.
 */
static gboolean
lay_out_rows (FacetChatList *self, double view, GHashTable *used)
{
  int      column = text_width (self);
  double   overscan = self->jumped ? 0 : OVERSCAN;
  double   from = view - overscan;
  double   to = view + self->page + overscan;
  gboolean changed = FALSE;
  double   top;
  guint    index;

  if (facet_chat_list_find_turn (self, from, &top, &index) == NULL)
    return FALSE;
  for (; index < self->turns->len && top < to; index++) {
    FacetTurnModel  *turn = g_ptr_array_index (self->turns, index);
    FacetMessageRow *row = facet_chat_list_ensure_row (self, turn);
    double           before = facet_turn_model_get_height (turn, column);
    double           height = facet_message_row_layout (row, self->width, from - top, to - top);

    g_hash_table_add (used, turn);
    facet_turn_model_set_height (turn, column, height);
    changed |= height != before;
    top += height;
  }
  return changed;
}

static gboolean
has_focus (FacetChatList *self, FacetMessageRow *row)
{
  return gtk_widget_get_focus_child (GTK_WIDGET (self)) == GTK_WIDGET (row);
}

/* Takes the widgets of messages that are far away, but for that which has the focus. */
static void
put_rows_away (FacetChatList *self, GHashTable *used)
{
  GHashTableIter iter;
  gpointer       turn, row;

  g_hash_table_iter_init (&iter, self->rows);
  while (g_hash_table_iter_next (&iter, &turn, &row)) {
    if (g_hash_table_contains (used, turn))
      continue;
    if (has_focus (self, row)) {
      facet_message_row_layout (row, self->width, 0, 0);
      continue;
    }
    put_row_away (self, row, kind_of (turn));
    g_hash_table_iter_remove (&iter);
  }
}

/* The children are in the order in which they are read, for those who hear them. */
static void
order_rows (FacetChatList *self)
{
  GtkWidget *previous = NULL;

  for (guint i = 0; i < self->turns->len; i++) {
    GtkWidget *row = g_hash_table_lookup (self->rows, g_ptr_array_index (self->turns, i));

    if (row == NULL)
      continue;
    if (gtk_widget_get_prev_sibling (row) != previous)
      gtk_widget_insert_after (row, GTK_WIDGET (self), previous);
    previous = row;
  }
}

static void
configure_adjustments (FacetChatList *self)
{
  GtkAdjustment *vertical = self->adjustment[GTK_ORIENTATION_VERTICAL];

  self->configuring = TRUE;
  if (self->pinned)
    self->value = self->view - self->origin;
  else
    self->origin = self->view - self->value;
  if (vertical != NULL)
    gtk_adjustment_configure (vertical, self->value, -self->origin,
                              MAX (self->height, self->page) - self->origin, self->page * 0.1,
                              self->page * 0.9, self->page);
  if (self->adjustment[GTK_ORIENTATION_HORIZONTAL] != NULL)
    gtk_adjustment_configure (self->adjustment[GTK_ORIENTATION_HORIZONTAL], 0, 0, self->width, 0, 0,
                              self->width);
  self->configuring = FALSE;
}

static void
lay_out (FacetChatList *self)
{
  g_autoptr (GHashTable) used = g_hash_table_new (NULL, NULL);

  self->width = gtk_widget_get_width (GTK_WIDGET (self));
  self->page = gtk_widget_get_height (GTK_WIDGET (self));
  if (self->width == 0)
    return;
  self->view = find_view_top (self);
  for (guint pass = 0; pass < MAX_PASSES; pass++) {
    double   before = self->view;
    gboolean changed;

    g_hash_table_remove_all (used);
    changed = lay_out_rows (self, self->view, used);
    self->view = find_view_top (self);
    if (!changed && self->view == before)
      break;
  }
  put_rows_away (self, used);
  order_rows (self);
  configure_adjustments (self);
  if (!self->pinned)
    set_anchor (self, self->view);
  gtk_widget_queue_allocate (GTK_WIDGET (self));
}

/* Once a frame, before GTK allocates: reads what has arrived. */
static gboolean
tick_cb (GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  FacetChatList *self = FACET_CHAT_LIST (widget);

  for (guint i = 0; i < self->turns->len; i++) {
    FacetTurnModel *turn = g_ptr_array_index (self->turns, i);

    if (facet_turn_model_is_dirty (turn) && facet_turn_model_update (turn))
      g_signal_emit (self, signals[TURN_READ], 0, turn);
  }
  /* Not before: what was read has asked for the layout, too. */
  self->tick = 0;
  lay_out (self);
  if (self->switched && self->view >= self->height - self->page - 1)
    set_pinned (self, TRUE);
  self->switched = FALSE;
  facet_chat_list_approach (self);
  if (self->jumped) {
    self->jumped = FALSE;
    facet_chat_list_schedule_layout (self);
  }
  return G_SOURCE_REMOVE;
}

void
facet_chat_list_schedule_layout (FacetChatList *self)
{
  if (self->tick == 0)
    self->tick = gtk_widget_add_tick_callback (GTK_WIDGET (self), tick_cb, NULL, NULL);
}

static void
facet_chat_list_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  FacetChatList *self = FACET_CHAT_LIST (widget);
  int            column = text_width (self);
  double         top = FACET_CHAT_PADDING - self->view;

  for (guint i = 0; i < self->turns->len; i++) {
    FacetTurnModel *turn = g_ptr_array_index (self->turns, i);
    GtkWidget      *row = g_hash_table_lookup (self->rows, turn);
    double          row_height = facet_turn_model_get_height (turn, column);
    int             minimum;

    if (row != NULL) {
      gtk_widget_measure (row, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
      gtk_widget_size_allocate (row,
                                &(GtkAllocation){0, (int)floor (top), self->width,
                                                 (int)ceil (row_height)},
                                -1);
    }
    top += row_height;
  }
  if (width != self->width || height != self->page)
    facet_chat_list_schedule_layout (self);
}

static void
facet_chat_list_measure (GtkWidget     *widget,
                         GtkOrientation orientation,
                         int            for_size,
                         int           *minimum,
                         int           *natural,
                         int           *minimum_baseline,
                         int           *natural_baseline)
{
  *minimum = 0;
  *natural = 0;
}

/* Scrolling */

/* Far enough that little of what was on the screen still is.  What is near the new place has time
 * until the next frame; the widgets it needs are those of the old place. */
static void
jump (FacetChatList *self)
{
  g_autoptr (GHashTable) none = g_hash_table_new (NULL, NULL);

  self->jumped = TRUE;
  put_rows_away (self, none);
  facet_chat_list_schedule_layout (self);
}

/* The person has scrolled. */
static void
value_changed_cb (FacetChatList *self)
{
  GtkAdjustment *vertical = self->adjustment[GTK_ORIENTATION_VERTICAL];
  double         value = gtk_adjustment_get_value (vertical);
  double   end = gtk_adjustment_get_upper (vertical) - gtk_adjustment_get_page_size (vertical);
  gboolean jumped;

  if (self->configuring || value == self->value)
    return;
  if (value < self->value)
    set_pinned (self, FALSE);
  else if (value >= end - 1)
    set_pinned (self, TRUE);
  jumped = fabs (value - self->value) > self->page;
  self->value = value;
  if (self->width == 0)
    return;
  if (jumped)
    jump (self);
  if (!self->pinned)
    set_anchor (self, value + self->origin);
  lay_out (self);
}

void
facet_chat_list_selection_began (FacetChatList *self, GtkWidget *widget)
{
  for (guint i = 0; i < self->turns->len; i++) {
    FacetTurnModel *turn = g_ptr_array_index (self->turns, i);
    FacetFlow      *flows[] = {facet_turn_model_get_body (turn), facet_turn_model_get_trace (turn)};

    for (guint j = 0; j < G_N_ELEMENTS (flows); j++) {
      if (facet_flow_has_selection (flows[j]))
        facet_flow_select (flows[j], (FacetFlowPosition){0}, (FacetFlowPosition){0});
    }
  }
}

/* The conversation */

gboolean
facet_chat_list_shows (FacetMessage *message)
{
  FacetRole role = facet_message_get_role (message);

  return role == FACET_ROLE_USER || role == FACET_ROLE_ASSISTANT;
}

static void
turn_changed_cb (FacetChatList *self, FacetTurnModel *turn)
{
  g_signal_emit (self, signals[TURN_READ], 0, turn);
  facet_chat_list_schedule_layout (self);
}

static FacetTurnModel *
make_turn (FacetChatList *self, FacetMessage *message)
{
  FacetTurnModel *turn = facet_turn_model_new (message);

  g_signal_connect_object (turn, "dirty", G_CALLBACK (facet_chat_list_schedule_layout), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (turn, "changed", G_CALLBACK (turn_changed_cb), self, G_CONNECT_SWAPPED);
  return turn;
}

/* The turns of the messages that there are now; those that were there stay. */
static void
refresh_turns (FacetChatList *self)
{
  g_autoptr (GPtrArray) old = self->turns;
  g_autoptr (GHashTable) old_by_message = self->by_message;
  guint n =
      self->conversation != NULL ? g_list_model_get_n_items (G_LIST_MODEL (self->conversation)) : 0;

  self->turns = g_ptr_array_new_with_free_func (g_object_unref);
  self->by_message = g_hash_table_new (NULL, NULL);
  for (guint i = 0; i < n; i++) {
    g_autoptr (FacetMessage) message = g_list_model_get_item (G_LIST_MODEL (self->conversation), i);
    FacetTurnModel *turn = g_hash_table_lookup (old_by_message, message);

    if (!facet_chat_list_shows (message))
      continue;
    turn = turn != NULL ? g_object_ref (turn) : make_turn (self, message);
    g_ptr_array_add (self->turns, turn);
    g_hash_table_insert (self->by_message, message, turn);
  }
  for (guint i = 0; i < old->len; i++) {
    FacetTurnModel  *turn = g_ptr_array_index (old, i);
    FacetMessageRow *row = g_hash_table_lookup (self->rows, turn);

    if (g_hash_table_lookup (self->by_message, facet_turn_model_get_message (turn)) == turn)
      continue;
    if (self->anchor_turn == turn)
      self->anchor_turn = NULL;
    if (self->goal_turn == turn)
      self->goal_turn = NULL;
    if (row != NULL) {
      g_hash_table_remove (self->rows, turn);
      put_row_away (self, row, kind_of (turn));
    }
  }
  facet_chat_list_schedule_layout (self);
  g_signal_emit (self, signals[TURNS_CHANGED], 0);
}

static void
items_changed_cb (FacetChatList *self, guint position, guint removed, guint added)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->conversation));
  g_autoptr (FacetMessage) last = NULL;
  FacetChatStand stand;

  facet_chat_list_note_stand (self, &stand);
  refresh_turns (self);
  if (added == 0 || position + added < n)
    return;
  last = g_list_model_get_item (G_LIST_MODEL (self->conversation), n - 1);
  /* Who sends wants to see the answer; who looks at another version, that one. */
  if (facet_message_is_running (last) || removed == 0) {
    facet_chat_list_pin (self);
  } else {
    set_pinned (self, FALSE);
    self->switched = TRUE;
    facet_chat_list_take_stand (self, &stand);
  }
}

static void
busy_cb (FacetChatList *self)
{
  GHashTableIter iter;
  gpointer       row;

  g_hash_table_iter_init (&iter, self->rows);
  while (g_hash_table_iter_next (&iter, NULL, &row))
    facet_message_row_update_actions (row);
}

FacetConversation *
facet_chat_list_get_conversation (FacetChatList *self)
{
  return self->conversation;
}

void
facet_chat_list_set_conversation (FacetChatList *self, FacetConversation *conversation)
{
  FacetConversation *old = self->conversation;

  if (old == conversation)
    return;
  if (old != NULL) {
    g_signal_handlers_disconnect_by_func (old, items_changed_cb, self);
    g_signal_handlers_disconnect_by_func (old, busy_cb, self);
  }
  self->conversation = NULL;
  refresh_turns (self);
  g_clear_object (&old);
  if (conversation != NULL) {
    self->conversation = g_object_ref (conversation);
    g_signal_connect_object (conversation, "items-changed", G_CALLBACK (items_changed_cb), self,
                             G_CONNECT_SWAPPED);
    g_signal_connect_object (conversation, "notify::busy", G_CALLBACK (busy_cb), self,
                             G_CONNECT_SWAPPED);
  }
  refresh_turns (self);
  self->origin = 0;
  facet_chat_list_pin (self);
}

/* Widget */

static void
set_adjustment (FacetChatList *self, GtkOrientation orientation, GtkAdjustment *adjustment)
{
  if (adjustment != NULL && self->adjustment[orientation] == adjustment)
    return;
  if (self->adjustment[orientation] != NULL) {
    g_signal_handlers_disconnect_by_func (self->adjustment[orientation], value_changed_cb, self);
    g_clear_object (&self->adjustment[orientation]);
  }
  if (adjustment == NULL)
    adjustment = gtk_adjustment_new (0, 0, 0, 0, 0, 0);
  self->adjustment[orientation] = g_object_ref_sink (adjustment);
  if (orientation == GTK_ORIENTATION_VERTICAL)
    g_signal_connect_swapped (adjustment, "value-changed", G_CALLBACK (value_changed_cb), self);
  facet_chat_list_schedule_layout (self);
}

static void
facet_chat_list_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  FacetChatList *self = FACET_CHAT_LIST (object);

  switch (id) {
  case PROP_PINNED:
    g_value_set_boolean (value, self->pinned);
    break;
  case PROP_HADJUSTMENT:
    g_value_set_object (value, self->adjustment[GTK_ORIENTATION_HORIZONTAL]);
    break;
  case PROP_VADJUSTMENT:
    g_value_set_object (value, self->adjustment[GTK_ORIENTATION_VERTICAL]);
    break;
  case PROP_HSCROLL_POLICY:
    g_value_set_enum (value, (int)self->scroll_policy[GTK_ORIENTATION_HORIZONTAL]);
    break;
  case PROP_VSCROLL_POLICY:
    g_value_set_enum (value, (int)self->scroll_policy[GTK_ORIENTATION_VERTICAL]);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
facet_chat_list_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  FacetChatList *self = FACET_CHAT_LIST (object);

  switch (id) {
  case PROP_HADJUSTMENT:
    set_adjustment (self, GTK_ORIENTATION_HORIZONTAL, g_value_get_object (value));
    break;
  case PROP_VADJUSTMENT:
    set_adjustment (self, GTK_ORIENTATION_VERTICAL, g_value_get_object (value));
    break;
  case PROP_HSCROLL_POLICY:
    self->scroll_policy[GTK_ORIENTATION_HORIZONTAL] = (guint)g_value_get_enum (value);
    break;
  case PROP_VSCROLL_POLICY:
    self->scroll_policy[GTK_ORIENTATION_VERTICAL] = (guint)g_value_get_enum (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
facet_chat_list_dispose (GObject *object)
{
  FacetChatList *self = FACET_CHAT_LIST (object);
  GtkWidget     *child;

  facet_chat_list_set_conversation (self, NULL);
  for (guint i = 0; i < 2; i++) {
    if (self->adjustment[i] != NULL)
      g_signal_handlers_disconnect_by_func (self->adjustment[i], value_changed_cb, self);
    g_clear_object (&self->adjustment[i]);
  }
  for (guint i = 0; i < FACET_N_ROW_KINDS; i++)
    g_ptr_array_set_size (self->spare[i], 0);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (facet_chat_list_parent_class)->dispose (object);
}

static void
facet_chat_list_finalize (GObject *object)
{
  FacetChatList *self = FACET_CHAT_LIST (object);

  g_ptr_array_unref (self->turns);
  g_hash_table_unref (self->by_message);
  g_hash_table_unref (self->rows);
  for (guint i = 0; i < FACET_N_ROW_KINDS; i++)
    g_ptr_array_unref (self->spare[i]);
  G_OBJECT_CLASS (facet_chat_list_parent_class)->finalize (object);
}

static void
facet_chat_list_class_init (FacetChatListClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = facet_chat_list_dispose;
  object_class->finalize = facet_chat_list_finalize;
  object_class->get_property = facet_chat_list_get_property;
  object_class->set_property = facet_chat_list_set_property;
  widget_class->measure = facet_chat_list_measure;
  widget_class->size_allocate = facet_chat_list_size_allocate;

  g_object_class_install_property (object_class, PROP_PINNED,
                                   g_param_spec_boolean ("pinned", NULL, NULL, FALSE,
                                                         G_PARAM_READABLE |
                                                             G_PARAM_STATIC_STRINGS));
  g_object_class_override_property (object_class, PROP_HADJUSTMENT, "hadjustment");
  g_object_class_override_property (object_class, PROP_VADJUSTMENT, "vadjustment");
  g_object_class_override_property (object_class, PROP_HSCROLL_POLICY, "hscroll-policy");
  g_object_class_override_property (object_class, PROP_VSCROLL_POLICY, "vscroll-policy");
  signals[EDIT_REQUESTED] =
      g_signal_new ("edit-requested", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                    NULL, G_TYPE_NONE, 1, FACET_TYPE_MESSAGE);
  signals[TOAST] = g_signal_new ("toast", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                 NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_BOOLEAN);

  signals[TURN_READ] = g_signal_new ("turn-read", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                     NULL, NULL, NULL, G_TYPE_NONE, 1, FACET_TYPE_TURN_MODEL);
  signals[TURNS_CHANGED] = g_signal_new ("turns-changed", G_TYPE_FROM_CLASS (klass),
                                         G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);

  facet_chat_list_class_init_input (widget_class);
  gtk_widget_class_set_css_name (widget_class, "chat-list");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_LIST);
}

static void
facet_chat_list_init (FacetChatList *self)
{
  self->turns = g_ptr_array_new_with_free_func (g_object_unref);
  self->by_message = g_hash_table_new (NULL, NULL);
  self->rows = g_hash_table_new (NULL, NULL);
  for (guint i = 0; i < FACET_N_ROW_KINDS; i++)
    self->spare[i] = g_ptr_array_new ();
  self->pinned = TRUE;
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
}

GtkWidget *
facet_chat_list_new (void)
{
  return g_object_new (FACET_TYPE_CHAT_LIST, NULL);
}
