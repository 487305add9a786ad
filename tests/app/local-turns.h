/* local-turns.h: what the tests of the assistant in this process share: turns and what they said.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#pragma once

#include "app/facet-local-assistant.h"

#define TIMEOUT_S 300 /* longer is a hang */

/* What one turn said. */
typedef struct {
  GString        *thought, *answer;
  GString        *calls; /* NAME{ARGUMENTS}; */
  FacetUsage      usage;
  FacetOverflow   overflow;
  gboolean        ended, stopped, cut_off, too_long;
  char           *error;
  guint           n_events, n_reading, n_usage;
  double          reading;        /* the last progress */
  gboolean        text_after_end; /* what must not be */
  FacetAssistant *assistant;
  guint64         turn;
  /* What to do when so much has come. */
  guint           cancel_at_thought, answer_now_at_thought;
  gboolean        cancel_when_reading, cancel_at_usage;
  gint64          cancelled_at, ended_at;
} Outcome;

void outcome_init (Outcome *o);
/* It has to have ended. */
void outcome_clear (Outcome *o);
void outcome_start (Outcome *o, FacetAssistant *assistant, FacetRequest *request);
/* The same, to its end. */
void outcome_run (Outcome *o, FacetAssistant *assistant, FacetRequest *request);

/* Once, however often it is asked for. */
void outcome_cancel (Outcome *o);

FacetRequest *local_request_new (gboolean thinking, const char *question);
/* @n turns of @words words before the question. */
FacetRequest *local_long_request_new (guint n, guint words);

/* Around all tests of a program. */
void            local_set_up (void);
void            local_tear_down (void);
FacetAssistant *local_assistant_new (guint context_size);
/* It writes until its context is full, or it goes round in circles. */
FacetAssistant *local_endless_new (guint context_size);
void            local_wait_ready (FacetAssistant *assistant);
/* One for all tests that do not end it; borrowed. */
FacetAssistant *local_shared_assistant (void);
