/* facet-sound-ring.h: samples on their way from the audio callback to the thread that keeps them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One producer, one consumer, each on a thread of its own; no lock, no allocation after _new ().  A
 * sample has a position, its number since the ring was made, which never wraps: whoever wants to
 * name a moment of the sound takes facet_sound_ring_get_written ().
 * Both sides hold a reference. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _FacetSoundRing FacetSoundRing;

/* Room for at least @min_capacity samples (at most 2^28). */
FacetSoundRing *facet_sound_ring_new (gsize min_capacity) G_GNUC_WARN_UNUSED_RESULT;
FacetSoundRing *facet_sound_ring_ref (FacetSoundRing *self) G_GNUC_WARN_UNUSED_RESULT;
void            facet_sound_ring_unref (FacetSoundRing *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetSoundRing, facet_sound_ring_unref)

/* Producer: what finds no room is dropped and counted as lost; it has no position.  Returns how
 * many were kept. */
gsize facet_sound_ring_write (FacetSoundRing *self, const float *samples, gsize n_samples);

/* Consumer: takes at most @n_samples; returns how many. */
gsize   facet_sound_ring_read (FacetSoundRing *self, float *samples, gsize n_samples);
/* Consumer: forgets everything before @position, as far as it was written. */
void    facet_sound_ring_skip_to (FacetSoundRing *self, guint64 position);
/* Consumer: the position of the sample that the next read begins with. */
guint64 facet_sound_ring_get_read (FacetSoundRing *self);

/* Any thread. */
guint64 facet_sound_ring_get_written (FacetSoundRing *self);
guint64 facet_sound_ring_get_lost (FacetSoundRing *self);

G_END_DECLS
