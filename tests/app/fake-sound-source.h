/* fake-sound-source.h: a microphone that hears what a test says, and a clock that it sets.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/facet-sound-source.h"

G_BEGIN_DECLS

#define FAKE_TYPE_SOUND_SOURCE (fake_sound_source_get_type ())
G_DECLARE_FINAL_TYPE (FakeSoundSource, fake_sound_source, FAKE, SOUND_SOURCE, GObject)

/* Opens at @rate at once, unless told to wait. */
FakeSoundSource *fake_sound_source_new (guint rate) G_GNUC_WARN_UNUSED_RESULT;
/* From now on open () only waits for fake_sound_source_answer (). */
void             fake_sound_source_wait (FakeSoundSource *self);
void             fake_sound_source_answer (FakeSoundSource *self);
/* The device is unplugged. */
void             fake_sound_source_lose (FakeSoundSource *self);
/* Waits while the ring is full; time passes by as much as the samples last. */
void             fake_sound_source_push (FakeSoundSource *self, const float *samples, gsize n);
void             fake_sound_source_pass (FakeSoundSource *self, double seconds);

gboolean    fake_sound_source_get_open (FakeSoundSource *self);
const char *fake_sound_source_get_device (FakeSoundSource *self); /* that was opened last */
guint       fake_sound_source_get_n_opened (FakeSoundSource *self);

G_END_DECLS
