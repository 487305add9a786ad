/* facet-generation.h: one turn, computed.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to app/.  Engine thread. */
#pragma once

#include "engine/gem-session.h"

#include "facet-engine-thread.h"
#include "facet-perception.h"
#include "facet-states.h"

G_BEGIN_DECLS

/* Takes @event. */
typedef void (*FacetEmitFunc) (FacetEvent *event, gpointer user_data);

/* Answers @job (@states NULL: nothing is kept of it): emits its events, the one that ends it included.  Looks at the job's flags while it
 * runs; the caller has cleared the session's cancel flag. */
void facet_generation_run (GemModel        *model,
                           GemSession      *session,
                           FacetPerception *perception,
                           FacetStates     *states,
                           FacetJob        *job,
                           FacetEmitFunc    emit,
                           gpointer         user_data);

G_END_DECLS
