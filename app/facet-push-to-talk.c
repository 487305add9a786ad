/* facet-push-to-talk.c: the table of states and inputs.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * First what holds in every state (the focus, the key's position), then one row per state and
 * input; whatever has no row changes nothing. */
#define G_LOG_DOMAIN "facet-push-to-talk"

#include "facet-push-to-talk.h"

/* Where a row leads when it depends on more than state and input. */
enum {
  REST = FACET_TALK_N_STATES, /* READY or OPENING when armed, else OFF, closing */
  AFTER_RELEASE,              /* HANDS_FREE after a tap, else TAIL, stopping */
  SAME_OR_HELD,               /* HELD when it was longer than a tap */
};

typedef struct {
  FacetTalkState   state;
  FacetTalkInput   input;
  int              next;
  FacetTalkCommand commands;
} Row;

static const Row rows[] = {
    {FACET_TALK_OFF, FACET_TALK_ARM, FACET_TALK_OPENING, FACET_TALK_OPEN},
    {FACET_TALK_OFF, FACET_TALK_PRESS, FACET_TALK_PRESSED, FACET_TALK_OPEN | FACET_TALK_START},

    {FACET_TALK_OPENING, FACET_TALK_OPENED, FACET_TALK_READY, 0},
    {FACET_TALK_OPENING, FACET_TALK_PRESS, FACET_TALK_PRESSED, FACET_TALK_START},
    {FACET_TALK_OPENING, FACET_TALK_DISARM, FACET_TALK_OFF, FACET_TALK_CLOSE},
    {FACET_TALK_OPENING, FACET_TALK_LOST, FACET_TALK_OFF, 0},

    {FACET_TALK_READY, FACET_TALK_PRESS, FACET_TALK_PRESSED, FACET_TALK_START},
    {FACET_TALK_READY, FACET_TALK_DISARM, FACET_TALK_OFF, FACET_TALK_CLOSE},
    {FACET_TALK_READY, FACET_TALK_LOST, FACET_TALK_OFF, 0},

    {FACET_TALK_PRESSED, FACET_TALK_TICK, SAME_OR_HELD, 0},
    {FACET_TALK_PRESSED, FACET_TALK_RELEASE, AFTER_RELEASE, 0},
    {FACET_TALK_PRESSED, FACET_TALK_ESCAPE, REST, FACET_TALK_DISCARD},
    {FACET_TALK_PRESSED, FACET_TALK_LOST, FACET_TALK_OFF, FACET_TALK_KEEP},
    {FACET_TALK_PRESSED, FACET_TALK_BROKEN, REST, FACET_TALK_KEEP},

    {FACET_TALK_HELD, FACET_TALK_RELEASE, FACET_TALK_TAIL, FACET_TALK_STOP},
    {FACET_TALK_HELD, FACET_TALK_ESCAPE, REST, FACET_TALK_DISCARD},
    {FACET_TALK_HELD, FACET_TALK_LOST, FACET_TALK_OFF, FACET_TALK_KEEP},
    {FACET_TALK_HELD, FACET_TALK_BROKEN, REST, FACET_TALK_KEEP},

    {FACET_TALK_HANDS_FREE, FACET_TALK_PRESS, FACET_TALK_TAIL, FACET_TALK_STOP},
    {FACET_TALK_HANDS_FREE, FACET_TALK_ESCAPE, REST, FACET_TALK_DISCARD},
    {FACET_TALK_HANDS_FREE, FACET_TALK_LOST, FACET_TALK_OFF, FACET_TALK_KEEP},
    {FACET_TALK_HANDS_FREE, FACET_TALK_BROKEN, REST, FACET_TALK_KEEP},

    {FACET_TALK_TAIL, FACET_TALK_STORED, REST, FACET_TALK_SEND},
    {FACET_TALK_TAIL, FACET_TALK_PRESS, FACET_TALK_PRESSED, FACET_TALK_SEND | FACET_TALK_START},
    {FACET_TALK_TAIL, FACET_TALK_ESCAPE, REST, FACET_TALK_DISCARD},
    {FACET_TALK_TAIL, FACET_TALK_LOST, FACET_TALK_OFF, FACET_TALK_SEND},
    {FACET_TALK_TAIL, FACET_TALK_BROKEN, REST, FACET_TALK_KEEP},
};

static const Row *
find_row (FacetTalkState state, FacetTalkInput input)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].state == state && rows[i].input == input)
      return &rows[i];
  return NULL;
}

/* FALSE: the key only repeats. */
static gboolean
note_input (FacetPushToTalk *self, FacetTalkInput input, gint64 now)
{
  switch (input) {
  case FACET_TALK_ARM:
  case FACET_TALK_DISARM:
    self->armed = input == FACET_TALK_ARM;
    return TRUE;
  case FACET_TALK_OPENED:
    self->opened = self->state != FACET_TALK_OFF;
    return TRUE;
  case FACET_TALK_LOST:
    self->opened = FALSE;
    return TRUE;
  case FACET_TALK_PRESS:
    if (self->down)
      return FALSE;
    self->down = TRUE;
    self->pressed_at = now;
    return TRUE;
  case FACET_TALK_RELEASE:
    self->down = FALSE;
    return TRUE;
  default:
    return TRUE;
  }
}

static FacetTalkState
resolve (FacetPushToTalk *self, const Row *row, gint64 now, FacetTalkCommand *commands)
{
  gboolean tap = now - self->pressed_at < FACET_TALK_TAP_US;

  switch (row->next) {
  case REST:
    if (self->armed)
      return self->opened ? FACET_TALK_READY : FACET_TALK_OPENING;
    *commands |= FACET_TALK_CLOSE;
    return FACET_TALK_OFF;
  case AFTER_RELEASE:
    if (tap)
      return FACET_TALK_HANDS_FREE;
    *commands |= FACET_TALK_STOP;
    return FACET_TALK_TAIL;
  case SAME_OR_HELD:
    return tap ? row->state : FACET_TALK_HELD;
  default:
    return (FacetTalkState)row->next;
  }
}

FacetTalkCommand
facet_push_to_talk_input (FacetPushToTalk *self, FacetTalkInput input, gint64 now)
{
  const Row       *row;
  FacetTalkCommand commands;

  if (!note_input (self, input, now))
    return 0;
  row = find_row (self->state, input);
  if (row == NULL)
    return 0;
  commands = row->commands;
  self->state = resolve (self, row, now, &commands);
  if (commands & FACET_TALK_CLOSE)
    self->opened = FALSE;
  return commands;
}

gboolean
facet_talk_state_is_recording (FacetTalkState state)
{
  return state == FACET_TALK_PRESSED || state == FACET_TALK_HELD || state == FACET_TALK_HANDS_FREE;
}
