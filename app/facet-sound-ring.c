/* facet-sound-ring.c: a ring of floats between two threads, C11 atomics only.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `written` is stored only by the producer, `read` only by the consumer, and each publishes with
 * release what the other takes with acquire: that the samples are there, and that their room is
 * free again.  The two lie in cache lines of their own. */
#define G_LOG_DOMAIN "facet-sound-ring"

#include "facet-sound-ring.h"

#include <stdatomic.h>
#include <string.h>

#define MAX_CAPACITY ((gsize)1 << 28)
#define CACHE_LINE   64

struct _FacetSoundRing {
  gatomicrefcount ref_count;
  float          *samples;
  gsize           mask; /* the capacity, a power of two, less one */
  _Alignas(CACHE_LINE) _Atomic (guint64) written;
  _Atomic (guint64) lost;
  _Alignas(CACHE_LINE) _Atomic (guint64) read;
};

FacetSoundRing *
facet_sound_ring_new (gsize min_capacity)
{
  FacetSoundRing *self = g_aligned_alloc0 (1, sizeof *self, CACHE_LINE);
  gsize           capacity = 1;

  g_assert (min_capacity > 0 && min_capacity <= MAX_CAPACITY);
  while (capacity < min_capacity)
    capacity *= 2;
  g_atomic_ref_count_init (&self->ref_count);
  self->samples = g_new0 (float, capacity);
  self->mask = capacity - 1;
  return self;
}

FacetSoundRing *
facet_sound_ring_ref (FacetSoundRing *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
facet_sound_ring_unref (FacetSoundRing *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->samples);
  g_aligned_free (self);
}

gsize
facet_sound_ring_write (FacetSoundRing *self, const float *samples, gsize n_samples)
{
  guint64 written = atomic_load_explicit (&self->written, memory_order_relaxed);
  guint64 read = atomic_load_explicit (&self->read, memory_order_acquire);
  gsize   room = self->mask + 1 - (gsize)(written - read);
  gsize   n = MIN (n_samples, room);
  gsize   at = (gsize)written & self->mask;
  gsize   first = MIN (n, self->mask + 1 - at);

  memcpy (self->samples + at, samples, first * sizeof *samples);
  memcpy (self->samples, samples + first, (n - first) * sizeof *samples);
  atomic_store_explicit (&self->written, written + n, memory_order_release);
  if (n < n_samples)
    atomic_fetch_add_explicit (&self->lost, n_samples - n, memory_order_relaxed);
  return n;
}

gsize
facet_sound_ring_read (FacetSoundRing *self, float *samples, gsize n_samples)
{
  guint64 read = atomic_load_explicit (&self->read, memory_order_relaxed);
  guint64 written = atomic_load_explicit (&self->written, memory_order_acquire);
  gsize   n = (gsize)MIN ((guint64)n_samples, written - read);
  gsize   at = (gsize)read & self->mask;
  gsize   first = MIN (n, self->mask + 1 - at);

  memcpy (samples, self->samples + at, first * sizeof *samples);
  memcpy (samples + first, self->samples, (n - first) * sizeof *samples);
  atomic_store_explicit (&self->read, read + n, memory_order_release);
  return n;
}

void
facet_sound_ring_skip_to (FacetSoundRing *self, guint64 position)
{
  guint64 read = atomic_load_explicit (&self->read, memory_order_relaxed);
  guint64 written = atomic_load_explicit (&self->written, memory_order_acquire);

  atomic_store_explicit (&self->read, CLAMP (position, read, written), memory_order_release);
}

guint64
facet_sound_ring_get_read (FacetSoundRing *self)
{
  return atomic_load_explicit (&self->read, memory_order_acquire);
}

guint64
facet_sound_ring_get_written (FacetSoundRing *self)
{
  return atomic_load_explicit (&self->written, memory_order_acquire);
}

guint64
facet_sound_ring_get_lost (FacetSoundRing *self)
{
  return atomic_load_explicit (&self->lost, memory_order_relaxed);
}
