/* facet-server-steps.h: the steps of a test of a server's connection, with what each found.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Empty and hidden until a test begins. */
#pragma once

#include "facet-compat.h"
#include "facet-server-test.h"

G_BEGIN_DECLS

#define FACET_TYPE_SERVER_STEPS (facet_server_steps_get_type ())
G_DECLARE_FINAL_TYPE (FacetServerSteps,
                      facet_server_steps,
                      FACET,
                      SERVER_STEPS,
                      AdwPreferencesGroup)

/* All of them, as not begun. */
void facet_server_steps_begin (FacetServerSteps *self);
void facet_server_steps_set (FacetServerSteps *self,
                             FacetServerStep   step,
                             FacetStepState    state,
                             const char       *words);

G_END_DECLS
