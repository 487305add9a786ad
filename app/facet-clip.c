/* facet-clip.c: the clip, its waveform, and where a long one is cut.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "facet-clip"

#include "facet-clip.h"

#define PAUSE (FACET_SOUND_RATE / 5)

G_DEFINE_BOXED_TYPE (FacetClip, facet_clip, facet_clip_ref, facet_clip_unref)

FacetClip *
facet_clip_new (char *path, gint64 recording, guint64 begin, gsize n_samples, GArray *peaks)
{
  FacetClip *self = g_new0 (FacetClip, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->path = path;
  self->recording = recording;
  self->begin = begin;
  self->n_samples = n_samples;
  self->peaks = g_array_steal (peaks, &self->n_peaks);
  g_array_unref (peaks);
  return self;
}

FacetClip *
facet_clip_ref (FacetClip *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
facet_clip_unref (FacetClip *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->path);
  g_free (self->peaks);
  g_free (self);
}

double
facet_clip_get_seconds (const FacetClip *self)
{
  return (double)self->n_samples / FACET_SOUND_RATE;
}

void
facet_clip_add_peaks (GArray *peaks, gsize length, const gint16 *samples, gsize n_samples)
{
  for (gsize i = 0; i < n_samples; i++) {
    gsize  at = (length + i) / FACET_CLIP_PEAK_SAMPLES;
    float  amplitude = (float)ABS ((int)samples[i]) / 32768;
    float *peak;

    if (at >= peaks->len)
      g_array_set_size (peaks, (guint)at + 1);
    peak = &g_array_index (peaks, float, at);
    *peak = MAX (*peak, amplitude);
  }
}

/* The energy of a window slides along; integers, so that equally quiet is equal. */
gsize
facet_clip_find_cut (const gint16 *samples, gsize n_samples)
{
  gint64 energy = 0;
  gint64 least = G_MAXINT64;
  gsize  cut = n_samples;

  for (gsize i = 0; i < n_samples; i++) {
    energy += (gint64)samples[i] * samples[i];
    if (i >= PAUSE)
      energy -= (gint64)samples[i - PAUSE] * samples[i - PAUSE];
    if (i + 1 >= PAUSE && energy <= least) {
      least = energy;
      cut = i + 1 - PAUSE / 2;
    }
  }
  return cut;
}
