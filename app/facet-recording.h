/* facet-recording.h: one recording, of any length, as clips of at most 30 s.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to app/.  On the capture thread; blocks on the disk. */
#pragma once

#include "facet-clip.h"

G_BEGIN_DECLS

typedef struct _FacetRecording FacetRecording;

/* @clip (transfer full) is stored; its file still belongs to the recording. */
typedef void (*FacetRecordingFunc) (FacetClip *clip, gpointer user_data);

/* Nothing is written before the first sample. */
FacetRecording *facet_recording_new (const char        *folder,
                                     guint              id,
                                     FacetRecordingFunc func,
                                     gpointer           user_data) G_GNUC_WARN_UNUSED_RESULT;
/* Leaves the files as they are. */
void            facet_recording_free (FacetRecording *self);

guint  facet_recording_get_id (FacetRecording *self);
double facet_recording_get_seconds (FacetRecording *self);

/* Full scale is ±1; beyond it is clipped.  When a clip is full it is cut at the quietest moment of
 * its last 5 s and the next one begins there.  After an error nothing can be appended. */
gboolean facet_recording_append (FacetRecording *self,
                                 const float    *samples,
                                 gsize           n_samples,
                                 GError        **error);
/* Stores the last clip.  Also after an error: all that reached the disk. */
gboolean facet_recording_end (FacetRecording *self, GError **error);
/* Deletes all its clips, stored ones too.  Ended or not. */
void     facet_recording_discard (FacetRecording *self);

G_END_DECLS
