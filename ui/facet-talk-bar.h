/* facet-talk-bar.h: what the composer becomes while someone speaks: time, level, what to do next.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  An overlay on the text field that takes no room until there is a recording.  It
 * shows a recorder and orders nothing.
 *
 * Properties: active (boolean, notify, read only), device (string, the state of the action
 * talk.device; "": the system's default).  Signals: ::discard (), ::device-chosen (const char *id,
 * NULL: the default). */
#pragma once

#include "facet-announcer.h"
#include "facet-recorder.h"

G_BEGIN_DECLS

#define FACET_TYPE_TALK_BAR (facet_talk_bar_get_type ())
G_DECLARE_FINAL_TYPE (FacetTalkBar, facet_talk_bar, FACET, TALK_BAR, GtkWidget)

/* Its recording is shown from now on; NULL: none. */
void            facet_talk_bar_set_recorder (FacetTalkBar *self, FacetRecorder *recorder);
gboolean        facet_talk_bar_get_active (FacetTalkBar *self);
/* For what is said of recordings, also when none is shown. */
FacetAnnouncer *facet_talk_bar_get_announcer (FacetTalkBar *self);

G_END_DECLS
