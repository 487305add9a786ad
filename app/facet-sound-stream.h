/* facet-sound-stream.h: PortAudio's calls: devices, one open stream, its callback.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to facet-sound-portaudio.c, on its thread; everything blocks.  PortAudio knows only the
 * devices that were there when it was started: to see others it must be started again, which closes
 * nothing only if nothing is open. */
#pragma once

#include "facet-sound-source.h"

G_BEGIN_DECLS

/* Starts PortAudio; again after a stop. */
gboolean   facet_sound_stream_init (GError **error);
void       facet_sound_stream_quit (void);
/* (transfer full), of FacetSoundDevice: what can record. */
GPtrArray *facet_sound_stream_list (void) G_GNUC_WARN_UNUSED_RESULT;

typedef struct _FacetSoundStream FacetSoundStream;

/* @device: an id, NULL: the default.  At 16 kHz if the device takes it, else at its own rate.
 * Writes into @ring from now on, on PortAudio's thread. */
FacetSoundStream *facet_sound_stream_open (const char     *device,
                                           FacetSoundRing *ring,
                                           GError        **error) G_GNUC_WARN_UNUSED_RESULT;
/* A device that hangs may keep this waiting. */
void              facet_sound_stream_close (FacetSoundStream *self);

guint    facet_sound_stream_get_rate (FacetSoundStream *self);
guint64  facet_sound_stream_get_begin (FacetSoundStream *self); /* position of its first sample */
/* How often sound has come. */
guint    facet_sound_stream_get_n_blocks (FacetSoundStream *self);
/* FALSE: PortAudio has ended it. */
gboolean facet_sound_stream_is_active (FacetSoundStream *self);
/* FACET_SOUND_ERROR_LOST, as a sentence. */
GError  *facet_sound_stream_lost_error (FacetSoundStream *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
