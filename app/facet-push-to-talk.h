/* facet-push-to-talk.h: what the microphone's button and key mean: one state machine, no sound.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Hold, speak, release: it is sent.  A tap, shorter than FACET_TALK_TAP_US, records hands-free
 * until the next press.  Escape throws away.  Pure: time is passed in, commands come out, and
 * whoever calls carries them out in the order of FacetTalkCommand.  Every input is legal in every
 * state.
 *
 *          ARM          OPENED         PRESS            TICK         RELEASE         STORED
 *    OFF ──────▶ OPENING ──────▶ READY ──────▶ PRESSED ──────▶ HELD ──────▶ TAIL ──────────▶ READY
 *                                                 │ RELEASE (tap)             ▲ PRESS
 *                                                 └──────────▶ HANDS_FREE ────┘
 *
 * PRESS also records from OFF and OPENING: the microphone opens for it.  DISARM never ends a
 * recording; it closes the microphone as soon as there is none.  A key that repeats sends REPEAT,
 * or PRESS again without a RELEASE between: both are nothing.  Who can't see the release any more
 * (the window lost the focus) says RELEASE itself. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define FACET_TALK_TAP_US (250 * G_TIME_SPAN_MILLISECOND)

typedef enum {
  FACET_TALK_OFF,        /* the microphone is closed */
  FACET_TALK_OPENING,    /* asked to open */
  FACET_TALK_READY,      /* open: the pre-roll runs */
  FACET_TALK_PRESSED,    /* recording; a tap or a hold, not known yet */
  FACET_TALK_HELD,       /* recording until the release */
  FACET_TALK_HANDS_FREE, /* recording until the next press */
  FACET_TALK_TAIL,       /* released: the last word rings out, and the recording is stored */
  FACET_TALK_N_STATES,
} FacetTalkState;

typedef enum {
  FACET_TALK_ARM,    /* the composer got the focus */
  FACET_TALK_DISARM, /* and lost it */
  FACET_TALK_OPENED, /* the microphone answers OPEN */
  FACET_TALK_PRESS,  /* button or key */
  FACET_TALK_RELEASE,
  FACET_TALK_REPEAT,
  FACET_TALK_ESCAPE,
  FACET_TALK_TICK,   /* time has passed */
  FACET_TALK_STORED, /* the recording that was stopped is on disk */
  FACET_TALK_LOST,   /* the microphone is gone, or would not open */
  FACET_TALK_BROKEN, /* the recording can't be written further */
  FACET_TALK_N_INPUTS,
} FacetTalkInput;

/* Of the recording that is running, or was last: it ends with exactly one of SEND, DISCARD and KEEP
 * before another one is STARTed. */
typedef enum {
  FACET_TALK_SEND = 1 << 0,    /* as soon as it is stored */
  FACET_TALK_DISCARD = 1 << 1, /* nothing of it stays */
  FACET_TALK_KEEP = 1 << 2,    /* it ended by itself: it is kept, and the person decides */
  FACET_TALK_STOP = 1 << 3,    /* ends after the tail */
  FACET_TALK_OPEN = 1 << 4,    /* the microphone */
  FACET_TALK_START = 1 << 5,   /* a recording, from the pre-roll on */
  FACET_TALK_CLOSE = 1 << 6,   /* the microphone */
} FacetTalkCommand;

/* {0} is OFF. */
typedef struct {
  FacetTalkState state;
  gboolean       armed;  /* the microphone stays open between recordings */
  gboolean       opened; /* it answered */
  gboolean       down;   /* button or key */
  gint64         pressed_at;
} FacetPushToTalk;

/* @now: µs on a clock that does not go backwards.  Returns the commands to carry out. */
FacetTalkCommand facet_push_to_talk_input (FacetPushToTalk *self,
                                           FacetTalkInput   input,
                                           gint64           now) G_GNUC_WARN_UNUSED_RESULT;

/* PRESSED, HELD or HANDS_FREE. */
gboolean facet_talk_state_is_recording (FacetTalkState state);

G_END_DECLS
