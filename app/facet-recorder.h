/* facet-recorder.h: the microphone: push-to-talk, level, clips.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  What the button and the key mean is facet-push-to-talk.h; this carries it out.
 * Nothing here blocks: devices open on the source's thread, files are written on the recorder's.
 *
 *   arm when the composer gets the focus: the microphone opens, and its last half second is kept
 *   press, release, cancel as the person does
 *   ::clip for every stored clip, in order; a recording above 30 s has several
 *   ::finished once at the end, with what is to become of them
 *
 * Until ::finished the clips' files belong to the recorder, which deletes them if the person
 * cancels; from then on to whoever handles it.  Files that nobody moves away are found again by
 * facet_recorder_recover (). */
#pragma once

#include "facet-clip.h"
#include "facet-push-to-talk.h"
#include "facet-sound-source.h"

G_BEGIN_DECLS

typedef enum {
  FACET_RECORDING_SENT,      /* released: send it */
  FACET_RECORDING_KEPT,      /* it ended by itself, :error says why: show what there is */
  FACET_RECORDING_DISCARDED, /* cancelled: its files are gone */
  FACET_RECORDING_EMPTY,     /* no sample came: there is no clip */
} FacetRecordingEnd;

#define FACET_TYPE_RECORDER (facet_recorder_get_type ())
G_DECLARE_FINAL_TYPE (FacetRecorder, facet_recorder, FACET, RECORDER, GObject)

/* Properties: state (FacetTalkState as int), level and peak (0…1, −60…0 dB of full scale), elapsed
 * (seconds recorded), silent (boolean: the microphone is open, and for a second nothing came, or
 * nothing above −60 dB), device (string, nullable, writable), error (string, nullable: one
 * sentence, also when the microphone would not open for the focus alone; until the next recording
 * or opening).  Signals: ::clip (FacetClip), ::finished
 * (FacetRecordingEnd as int), ::devices-changed. */

/* Clips are stored in @folder, made when needed.  A recording that runs when the last reference
 * goes is stored, to be recovered. */
FacetRecorder *facet_recorder_new (FacetSoundSource *source,
                                   const char       *folder) G_GNUC_WARN_UNUSED_RESULT;

/* Of recordings that begin from now on. */
void facet_recorder_set_folder (FacetRecorder *self, const char *folder);
/* The composer got or lost the focus.  Neither ends a recording. */
void facet_recorder_arm (FacetRecorder *self);
void facet_recorder_disarm (FacetRecorder *self);
/* The button or the key. A press that is only the key's repeat may come as either of the two. */
void facet_recorder_press (FacetRecorder *self);
void facet_recorder_release (FacetRecorder *self);
void facet_recorder_repeat (FacetRecorder *self);
/* Escape: what is recorded, or still rings out, is thrown away. */
void facet_recorder_cancel (FacetRecorder *self);

FacetTalkState facet_recorder_get_state (FacetRecorder *self);
double         facet_recorder_get_level (FacetRecorder *self);
double         facet_recorder_get_peak (FacetRecorder *self);
double         facet_recorder_get_elapsed (FacetRecorder *self);
gboolean       facet_recorder_get_silent (FacetRecorder *self);
const char    *facet_recorder_get_error (FacetRecorder *self); /* NULL: none */

/* NULL: the system's default.  A recording that runs stays with the one it began with. */
const char *facet_recorder_get_device (FacetRecorder *self);
void        facet_recorder_set_device (FacetRecorder *self, const char *id);
/* Borrowed, of FacetSoundDevice, as last looked for. */
GPtrArray  *facet_recorder_get_devices (FacetRecorder *self);
/* Looks again, as when a menu of them opens; ::devices-changed follows. */
void        facet_recorder_refresh_devices (FacetRecorder *self);

/* Repairs what a killed process left in @folder, and lists all clips there, oldest first: (transfer
 * full), of FacetClip.  A recording that another process is writing is left alone.  An error is
 * about the folder; a file that can't be repaired is left out.  Blocks; any thread. */
GPtrArray *facet_recorder_recover (const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
