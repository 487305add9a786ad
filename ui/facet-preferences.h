/* facet-preferences.h: the preferences, a page for each thing that one can want to change.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Every change takes effect at once; what concerns the model loads it again. */
#pragma once

#include "facet-compat.h"
#include "facet-library.h"
#include "facet-recorder.h"

G_BEGIN_DECLS

#define FACET_TYPE_PREFERENCES (facet_preferences_get_type ())
G_DECLARE_FINAL_TYPE (FacetPreferences, facet_preferences, FACET, PREFERENCES, AdwPreferencesWindow)

/* @recorder NULL: no microphone can be tried; @library NULL: nothing is said about space. */
FacetPreferences *facet_preferences_new (GSettings     *settings,
                                         FacetRecorder *recorder,
                                         FacetLibrary  *library) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
