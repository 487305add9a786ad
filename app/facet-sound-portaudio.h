/* facet-sound-portaudio.h: the computer's microphones, through PortAudio.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A FacetSoundSource.  Main thread.  PortAudio, which may take seconds, is called on a thread of
 * its own, started by the first call that needs it.  At most one object at a time may be in use.
 *
 * ::opened comes with the first sound, not with the stream: a Bluetooth headset takes up to 3 s.
 * A device that was open counts as lost when its stream ends or says nothing for 2 s.  A sound
 * server that hangs keeps neither the main thread waiting nor the program from ending. */
#pragma once

#include "facet-sound-source.h"

G_BEGIN_DECLS

#define FACET_TYPE_SOUND_PORTAUDIO (facet_sound_portaudio_get_type ())
G_DECLARE_FINAL_TYPE (FacetSoundPortaudio, facet_sound_portaudio, FACET, SOUND_PORTAUDIO, GObject)

/* @device_folder: where something changes when a device comes or goes; NULL: /dev/snd. */
FacetSoundSource *facet_sound_portaudio_new (const char *device_folder) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
