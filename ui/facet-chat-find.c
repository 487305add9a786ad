/* facet-chat-find.c: goes through the messages with a query.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Places are those of the text as it is shown, so a message has to be read (as
 * Markdown) before it can be looked through: some tenth of a millisecond for each, which is done in
 * slices.  The places themselves are kept by the flows (facet-flow-marks.h). */
#define G_LOG_DOMAIN "facet-chat-find"

#include "config.h"

#include "facet-chat-find.h"
#include "facet-chat-list-private.h"
#include "facet-flow-marks.h"

#define FIRST_SLICE_US 6000
#define SLICE_US       4000

/* A place in the conversation; in reading order by turn, part, block and byte. */
typedef struct {
  guint turn, part, block;
  gsize byte;
} Place;

struct _FacetChatFind {
  GObject           parent_instance;
  FacetChatList    *list;
  FacetSearchQuery *query; /* NULL: nothing is looked for */
  Place             from;  /* where the search begins */
  guint             idle;  /* looks through what is left; 0: it is complete */

  /* The place that the reader is at. */
  FacetTurnModel *turn; /* borrowed, one of the list's; NULL: none */
  guint           part;
  guint           index; /* of the flow's marks */
};

G_DEFINE_FINAL_TYPE (FacetChatFind, facet_chat_find, G_TYPE_OBJECT)

enum {
  CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static const guint parts[] = {FACET_ROW_TRACE, FACET_ROW_BODY};

static void
changed (FacetChatFind *self)
{
  g_signal_emit (self, signals[CHANGED], 0);
}

static FacetTurnModel *
get_turn (FacetChatFind *self, guint index)
{
  return g_ptr_array_index (self->list->turns, index);
}

static FacetFlow *
get_flow (FacetTurnModel *turn, guint part)
{
  return part == FACET_ROW_TRACE ? facet_turn_model_get_trace (turn)
                                 : facet_turn_model_get_body (turn);
}

/* How many there are; 0 also when the message was not looked through. */
static guint
count_marks (FacetTurnModel *turn, guint part)
{
  FacetFlowMarks *marks = facet_flow_get_marks (get_flow (turn, part));

  return marks != NULL ? facet_flow_marks_get_n (marks) : 0;
}

/* Where the reader is */

static void
set_current (FacetChatFind *self, FacetTurnModel *turn, guint part, guint index)
{
  FacetFlow *old = self->turn != NULL ? get_flow (self->turn, self->part) : NULL;

  if (old != NULL && facet_flow_get_marks (old) != NULL) {
    facet_flow_marks_set_current (facet_flow_get_marks (old), G_MAXUINT);
    facet_flow_marked (old);
  }
  self->turn = turn;
  self->part = part;
  self->index = index;
  if (turn != NULL) {
    facet_flow_marks_set_current (facet_flow_get_marks (get_flow (turn, part)), index);
    facet_flow_marked (get_flow (turn, part));
  }
}

static void
go_to (FacetChatFind *self, FacetTurnModel *turn, guint part, guint index)
{
  FacetTextRange range;
  guint          block;

  set_current (self, turn, part, index);
  facet_flow_marks_get (facet_flow_get_marks (get_flow (turn, part)), index, &block, &range);
  facet_chat_list_show_place (self->list, turn, part, block, range.start);
}

/* What is at the top of the screen. */
static Place
get_reading_place (FacetChatFind *self)
{
  FacetChatList  *list = self->list;
  Place           place = {0};
  FacetTurnModel *turn;
  GtkWidget      *row;
  double          top;
  FacetRowAnchor  anchor;

  turn = facet_chat_list_find_turn (list, list->view, &top, &place.turn);
  row = turn != NULL ? facet_chat_list_get_row (list, facet_turn_model_get_message (turn)) : NULL;
  if (row == NULL)
    return place;
  facet_message_row_get_anchor (FACET_MESSAGE_ROW (row), list->view - top, &anchor);
  place.part = anchor.part;
  place.block = anchor.block;
  return place;
}

static gboolean
is_before (const Place *a, const Place *b)
{
  if (a->turn != b->turn)
    return a->turn < b->turn;
  if (a->part != b->part)
    return a->part < b->part;
  if (a->block != b->block)
    return a->block < b->block;
  return a->byte < b->byte;
}

static Place
get_place (FacetTurnModel *turn, guint turn_index, guint part, guint index)
{
  Place          place = {.turn = turn_index, .part = part};
  FacetTextRange range;

  facet_flow_marks_get (facet_flow_get_marks (get_flow (turn, part)), index, &place.block, &range);
  place.byte = range.start;
  return place;
}

/* The first mark of turn @index at or after where the search begins; or, @last, its last mark. */
static gboolean
choose_in (FacetChatFind *self, guint index, gboolean last)
{
  FacetTurnModel *turn = get_turn (self, index);

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    guint part = parts[last ? G_N_ELEMENTS (parts) - 1 - i : i];
    guint n = count_marks (turn, part);

    if (last && n > 0) {
      go_to (self, turn, part, n - 1);
      return TRUE;
    }
    for (guint j = 0; j < n; j++) {
      Place place = get_place (turn, index, part, j);

      if (is_before (&place, &self->from))
        continue;
      go_to (self, turn, part, j);
      return TRUE;
    }
  }
  return FALSE;
}

/* Looking through */

static void
look_through (FacetChatFind *self, FacetTurnModel *turn)
{
  facet_turn_model_load (turn);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    FacetFlow      *flow = get_flow (turn, parts[i]);
    FacetFlowMarks *marks = facet_flow_marks_new (self->query);

    facet_flow_marks_update (marks, flow);
    facet_flow_set_marks (flow, marks);
  }
}

static gboolean
is_looked_through (FacetTurnModel *turn)
{
  return facet_flow_get_marks (facet_turn_model_get_body (turn)) != NULL;
}

/* From where the search begins to the end, then back to the beginning; the first place that is met
 * is where the reader goes.  TRUE: there is more to do. */
static gboolean
go_on (FacetChatFind *self, gint64 time)
{
  gint64 end = g_get_monotonic_time () + time;
  guint  n = self->list->turns->len;
  guint  first = MIN (self->from.turn, n);

  for (guint i = 0; i < n; i++) {
    gboolean        after = first + i < n;
    guint           index = after ? first + i : n - 1 - i;
    FacetTurnModel *turn = get_turn (self, index);

    if (!is_looked_through (turn)) {
      if (g_get_monotonic_time () > end)
        return TRUE;
      look_through (self, turn);
    }
    if (self->turn == NULL)
      choose_in (self, index, !after);
  }
  /* All are before the beginning, in its own message. */
  if (self->turn == NULL && first < n)
    choose_in (self, first, TRUE);
  return FALSE;
}

static gboolean
idle_cb (gpointer data)
{
  FacetChatFind *self = data;
  gboolean       more = go_on (self, SLICE_US);

  if (!more)
    self->idle = 0;
  changed (self);
  return more;
}

static void
begin (FacetChatFind *self)
{
  if (go_on (self, FIRST_SLICE_US) && self->idle == 0)
    self->idle = g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, idle_cb, self, NULL);
  changed (self);
}

static void
clear_marks (FacetChatFind *self)
{
  set_current (self, NULL, 0, 0);
  g_clear_handle_id (&self->idle, g_source_remove);
  for (guint i = 0; i < self->list->turns->len; i++) {
    for (guint j = 0; j < G_N_ELEMENTS (parts); j++) {
      FacetFlow *flow = get_flow (get_turn (self, i), parts[j]);

      if (facet_flow_get_marks (flow) != NULL)
        facet_flow_set_marks (flow, NULL);
    }
  }
}

void
facet_chat_find_set_query (FacetChatFind    *self,
                           FacetSearchQuery *query,
                           FacetMessage     *from,
                           gboolean          in_thought)
{
  FacetTurnModel *turn;
  guint           index;

  g_return_if_fail (FACET_IS_CHAT_FIND (self));

  /* One letter more: from the place on that had the others. */
  if (self->turn != NULL && g_ptr_array_find (self->list->turns, self->turn, &index))
    self->from = get_place (self->turn, index, self->part, self->index);
  else
    self->from = get_reading_place (self);
  turn = from != NULL ? g_hash_table_lookup (self->list->by_message, from) : NULL;
  if (turn != NULL && g_ptr_array_find (self->list->turns, turn, &index))
    self->from = (Place){.turn = index, .part = in_thought ? FACET_ROW_TRACE : FACET_ROW_BODY};

  clear_marks (self);
  g_clear_pointer (&self->query, facet_search_query_unref);
  if (query != NULL && !facet_search_query_is_empty (query))
    self->query = facet_search_query_ref (query);
  /* Also when nothing is found in it, as with the name of what is attached. */
  if (turn != NULL)
    facet_chat_list_show_place (self->list, turn, FACET_ROW_TOP, 0, 0);
  if (self->query != NULL)
    begin (self);
  else
    changed (self);
}

/* Going on */

/* The next mark after the reader's, or before; turns without any are passed. */
void
facet_chat_find_move (FacetChatFind *self, int step)
{
  guint n = self->list->turns->len;
  guint at;

  g_return_if_fail (FACET_IS_CHAT_FIND (self));
  if (self->turn == NULL || !g_ptr_array_find (self->list->turns, self->turn, &at))
    return;
  /* In flows: two of every turn. */
  at = 2 * at + (self->part == FACET_ROW_BODY ? 1 : 0);
  if (step > 0 ? self->index + 1 < count_marks (self->turn, self->part) : self->index > 0) {
    go_to (self, self->turn, self->part, step > 0 ? self->index + 1 : self->index - 1);
    changed (self);
    return;
  }
  for (guint i = 1; i <= 2 * n; i++) {
    guint           flow = (step > 0 ? at + i : at + 2 * n - i) % (2 * n);
    FacetTurnModel *turn = get_turn (self, flow / 2);
    guint           count = count_marks (turn, parts[flow % 2]);

    if (count == 0)
      continue;
    go_to (self, turn, parts[flow % 2], step > 0 ? 0 : count - 1);
    changed (self);
    return;
  }
}

guint
facet_chat_find_get_n (FacetChatFind *self)
{
  guint n = 0;

  g_return_val_if_fail (FACET_IS_CHAT_FIND (self), 0);
  for (guint i = 0; i < self->list->turns->len; i++) {
    for (guint j = 0; j < G_N_ELEMENTS (parts); j++)
      n += count_marks (get_turn (self, i), parts[j]);
  }
  return n;
}

gboolean
facet_chat_find_get_complete (FacetChatFind *self)
{
  g_return_val_if_fail (FACET_IS_CHAT_FIND (self), TRUE);
  return self->idle == 0;
}

guint
facet_chat_find_get_position (FacetChatFind *self)
{
  guint n = 0;

  g_return_val_if_fail (FACET_IS_CHAT_FIND (self), 0);
  for (guint i = 0; self->turn != NULL && i < self->list->turns->len; i++) {
    for (guint j = 0; j < G_N_ELEMENTS (parts); j++) {
      if (get_turn (self, i) == self->turn && parts[j] == self->part)
        return n + self->index + 1;
      n += count_marks (get_turn (self, i), parts[j]);
    }
  }
  return 0;
}

/* The list */

/* What was written is looked through; the reader stays where it is. */
static void
turn_read_cb (FacetChatFind *self, FacetTurnModel *turn)
{
  if (self->query == NULL || !is_looked_through (turn))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    FacetFlow *flow = get_flow (turn, parts[i]);

    facet_flow_marks_update (facet_flow_get_marks (flow), flow);
    facet_flow_marked (flow);
  }
  /* An answer that began anew. */
  if (turn == self->turn && self->index >= count_marks (turn, self->part))
    set_current (self, NULL, 0, 0);
  if (self->turn == NULL)
    begin (self);
  else
    changed (self);
}

static void
turns_changed_cb (FacetChatFind *self)
{
  /* Whatever it was, the list has let go of it. */
  if (self->turn != NULL && !g_ptr_array_find (self->list->turns, self->turn, NULL))
    self->turn = NULL;
  if (self->query != NULL)
    begin (self);
}

static void
facet_chat_find_finalize (GObject *object)
{
  FacetChatFind *self = FACET_CHAT_FIND (object);

  g_clear_handle_id (&self->idle, g_source_remove);
  g_clear_pointer (&self->query, facet_search_query_unref);
  G_OBJECT_CLASS (facet_chat_find_parent_class)->finalize (object);
}

static void
facet_chat_find_class_init (FacetChatFindClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = facet_chat_find_finalize;
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

static void
facet_chat_find_init (FacetChatFind *self)
{
}

FacetChatFind *
facet_chat_find_new (FacetChatList *list)
{
  FacetChatFind *self = g_object_new (FACET_TYPE_CHAT_FIND, NULL);

  self->list = list;
  g_signal_connect_object (list, "turn-read", G_CALLBACK (turn_read_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (list, "turns-changed", G_CALLBACK (turns_changed_cb), self,
                           G_CONNECT_SWAPPED);
  return self;
}
