/* facet-sound-level.c: RMS, peak, silence.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "facet-sound-level"

#include "facet-sound-level.h"

#include "facet-resampler.h"

#include <math.h>

#define FLOOR 0.001f /* FACET_SOUND_FLOOR_DB as an amplitude */

void
facet_sound_level_add (FacetSoundLevel *self, const float *samples, gsize n_samples)
{
  for (gsize i = 0; i < n_samples; i++) {
    float a = fabsf (samples[i]);

    self->energy += (double)a * a;
    self->peak = MAX (self->peak, (double)a);
    self->n_quiet = a > FLOOR ? 0 : self->n_quiet + 1;
  }
  self->n_samples += n_samples;
}

double
facet_sound_level_take (FacetSoundLevel *self, double *peak)
{
  double rms = self->n_samples > 0 ? sqrt (self->energy / (double)self->n_samples) : 0;

  if (peak != NULL)
    *peak = facet_sound_level_scale (self->peak);
  self->energy = self->peak = 0;
  self->n_samples = 0;
  return facet_sound_level_scale (rms);
}

gboolean
facet_sound_level_is_silent (const FacetSoundLevel *self)
{
  return (double)self->n_quiet >= FACET_SOUND_SILENCE_S * FACET_SOUND_RATE;
}

double
facet_sound_level_scale (double amplitude)
{
  double db = 20 * log10 (MAX (amplitude, 1e-9));

  return CLAMP (1 - db / FACET_SOUND_FLOOR_DB, 0.0, 1.0);
}
