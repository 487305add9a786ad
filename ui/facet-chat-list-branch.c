/* facet-chat-list-branch.c: what the reader sees while one version of a message takes the place of
 * another.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The buttons that were pressed stay where they are, under the pointer and with the
 * keyboard: so the foot of the message keeps its place on the screen, however long the other
 * version is. */
#define G_LOG_DOMAIN "facet-chat-list"

#include "config.h"

#include "facet-chat-list-private.h"

/* Whether turn @index is still the one that the conversation has there.  @n counts its messages. */
static gboolean
is_same (FacetChatList *self, guint index, guint *n)
{
  g_autoptr (FacetMessage) message = NULL;

  do {
    g_clear_object (&message);
    message = g_list_model_get_item (G_LIST_MODEL (self->conversation), (*n)++);
  } while (message != NULL && !facet_chat_list_shows (message));
  return message == facet_turn_model_get_message (g_ptr_array_index (self->turns, index));
}

void
facet_chat_list_note_stand (FacetChatList *self, FacetChatStand *stand)
{
  GtkWidget      *row;
  FacetTurnModel *turn;
  double          height;
  guint           n = 0;

  *stand = (FacetChatStand){0};
  while (stand->index < self->turns->len && is_same (self, stand->index, &n))
    stand->index++;
  if (stand->index == self->turns->len || self->width == 0)
    return;
  turn = g_ptr_array_index (self->turns, stand->index);
  row = g_hash_table_lookup (self->rows, turn);
  facet_chat_list_get_turn_place (self, turn, &stand->top, &height);
  stand->top -= self->view;
  stand->bottom = stand->top + height;
  stand->id = facet_message_get_id (facet_turn_model_get_message (turn));
  stand->had_focus = row != NULL && gtk_widget_get_focus_child (GTK_WIDGET (self)) == row;
}

void
facet_chat_list_take_stand (FacetChatList *self, const FacetChatStand *stand)
{
  FacetTurnModel  *turn;
  FacetMessageRow *row;

  if (stand->id == 0 || stand->index >= self->turns->len)
    return;
  turn = g_ptr_array_index (self->turns, stand->index);
  row = facet_chat_list_ensure_row (self, turn);
  facet_message_row_layout (row, self->width, 0, self->page);
  self->anchor_turn = turn;
  self->fallback = self->view;
  if (stand->bottom > 0 && stand->bottom <= self->page)
    self->anchor = (FacetRowAnchor){.part = FACET_ROW_BOTTOM, .dy = -stand->bottom};
  else
    self->anchor = (FacetRowAnchor){.part = FACET_ROW_TOP, .dy = -MAX (stand->top, 0)};
  if (stand->had_focus)
    facet_message_row_focus_versions (row, facet_message_get_id (
                                               facet_turn_model_get_message (turn)) < stand->id);
}
