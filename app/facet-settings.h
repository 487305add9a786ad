/* facet-settings.h: the preferences, as the window and the terminal use them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#pragma once

#include <gio/gio.h>
#include "facet-local-assistant.h"

G_BEGIN_DECLS

/* The process's settings, from the installed schema or, when Facet runs from its build folder, from
 * there. NULL (transfer none): neither was found; the program cannot run. */
GSettings *facet_settings_get_default (void);

/* How many bytes the kept states of conversations may take; 0: none are kept. */
guint64 facet_settings_get_state_limit (GSettings *settings);

/* How answers are made: the seed, how long they may become, and how words are drawn, which is the
 * model's own way unless the person has another one. */
FacetSampling facet_settings_get_sampling (GSettings *settings);

/* The assistant that the preferences ask for; it begins to load at once.  (transfer full) */
FacetAssistant *facet_settings_make_assistant (GSettings *settings) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
