/* facet-microphone-group.h: the preferences of talking: which microphone, whether it hears, which
 * key.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Bound to the settings microphone and talk-key. */
#pragma once

#include "facet-compat.h"
#include "facet-recorder.h"

G_BEGIN_DECLS

#define FACET_TYPE_MICROPHONE_GROUP (facet_microphone_group_get_type ())
G_DECLARE_FINAL_TYPE (FacetMicrophoneGroup,
                      facet_microphone_group,
                      FACET,
                      MICROPHONE_GROUP,
                      AdwPreferencesGroup)

/* Once, before it is shown.  @recorder NULL: there is none, only the key can be chosen. */
void facet_microphone_group_set_up (FacetMicrophoneGroup *self,
                                    FacetRecorder        *recorder,
                                    GSettings            *settings);

G_END_DECLS
