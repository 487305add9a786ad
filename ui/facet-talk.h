/* facet-talk.h: push-to-talk in a window: focus, button, key and Escape on one side, a recorder on
 * the other, and what becomes of a recording.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The process has one recorder; a window may record when no other does.  The
 * microphone is open while the composer of the active window has the focus.  Released, a recording
 * is sent with what the composer holds; when it cannot be sent now, or ended by itself, it becomes
 * part of the draft.
 *
 * Property: recorder (FacetRecorder, nullable: nothing can be recorded yet).
 * Signal ::say (const char *sentence): the person has to know. */
#pragma once

#include "facet-composer.h"
#include "facet-recorder.h"

G_BEGIN_DECLS

#define FACET_TYPE_TALK (facet_talk_get_type ())
G_DECLARE_FINAL_TYPE (FacetTalk, facet_talk, FACET, TALK, GObject)

/* @composer lies in @window, which keeps what is returned and closes it before they go. */
FacetTalk *facet_talk_new (GtkWindow     *window,
                           FacetComposer *composer,
                           GSettings     *settings) G_GNUC_WARN_UNUSED_RESULT;
void       facet_talk_set_recorder (FacetTalk *self, FacetRecorder *recorder);
/* Ends what is being recorded: it is stored, and found again at the next start. */
void       facet_talk_close (FacetTalk *self);

/* A recording is shown instead of the text. */
gboolean facet_talk_get_active (FacetTalk *self);
/* Puts recordings of an earlier process, of FacetClip, into the draft. */
void     facet_talk_add_clips (FacetTalk *self, GPtrArray *clips);

G_END_DECLS
