/* facet-chat-list-place.c: takes the reader to a place in a message that may have no widget yet.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Where a place is, is known when its block is laid out, for which it has to be near
 * the screen.  So the list goes there in steps, one a frame: first the block's upper edge, as the
 * heights are estimated; then the line itself.  A folded thought opens in the meantime. */
#define G_LOG_DOMAIN "facet-chat-list"

#include "config.h"

#include "facet-chat-list-private.h"

#define MAX_FRAMES 60 /* a thought that opens takes a fifth of a second */
#define MARGIN     30 /* pixels that are seen above and below the place */

static void
unfold (FacetTurnModel *turn, guint part, guint block)
{
  if (part == FACET_ROW_TRACE && facet_turn_model_get_thought_view (turn) != FACET_THOUGHT_EXPANDED)
    facet_turn_model_set_thought_view (turn, FACET_THOUGHT_EXPANDED);
  if (part == FACET_ROW_BODY && block >= facet_flow_get_n_shown (facet_turn_model_get_body (turn)))
    facet_turn_model_unclip (turn);
}

void
facet_chat_list_show_place (FacetChatList  *self,
                            FacetTurnModel *turn,
                            guint           part,
                            guint           block,
                            gsize           byte)
{
  self->goal_turn = turn;
  self->goal = (FacetRowAnchor){.part = part, .block = block};
  self->goal_byte = byte;
  self->goal_frames = 0;
  facet_turn_model_load (turn);
  unfold (turn, part, block);
  facet_chat_list_schedule_layout (self);
}

/* Holds the goal a third down the screen; @dy: of the line, below the block's upper edge. */
static void
hold_goal (FacetChatList *self, double dy)
{
  FacetRowAnchor anchor = self->goal;

  anchor.dy = dy - self->page / 3.0;
  facet_chat_list_hold (self, self->goal_turn, &anchor);
}

static gboolean
is_seen (FacetChatList *self, double y, double height)
{
  double end = self->height - self->page;
  double above = self->view > 0 ? MARGIN : 0;
  double below = self->view < end ? MARGIN : 0;

  return y >= self->view + above && y + height <= self->view + self->page - below;
}

/* TRUE: the goal is on the screen. */
static gboolean
approach (FacetChatList *self)
{
  FacetMessageRow *row = facet_chat_list_ensure_row (self, self->goal_turn);
  GdkRectangle     caret;
  double           top, height, dy;

  facet_chat_list_get_turn_place (self, self->goal_turn, &top, &height);
  if (self->goal.part == FACET_ROW_TOP) {
    if (is_seen (self, top, MIN (height, MARGIN)))
      return TRUE;
    hold_goal (self, 0);
    return FALSE;
  }
  if (!facet_message_row_shows (row, self->goal.part)) {
    /* It is new, or the thought is still opening. */
    facet_message_row_layout (row, self->width, 0, self->page);
    if (!facet_message_row_shows (row, self->goal.part))
      return FALSE;
  }
  if (!facet_message_row_get_caret (row, self->goal.part, self->goal.block, self->goal_byte,
                                    &caret)) {
    hold_goal (self, 0);
    return FALSE;
  }
  if (is_seen (self, top + caret.y, caret.height))
    return TRUE;
  dy = caret.y - facet_message_row_resolve_anchor (row, &self->goal);
  hold_goal (self, dy);
  return FALSE;
}

void
facet_chat_list_approach (FacetChatList *self)
{
  if (self->goal_turn == NULL || self->width == 0)
    return;
  if (approach (self) || ++self->goal_frames == MAX_FRAMES)
    self->goal_turn = NULL;
  else
    facet_chat_list_schedule_layout (self);
}
