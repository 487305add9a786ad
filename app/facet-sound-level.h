/* facet-sound-level.h: how loud it is, as a meter shows it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure; whoever holds the struct.  {0} is a meter that has heard nothing. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define FACET_SOUND_FLOOR_DB  (-60.0) /* of full scale: 0 on the meter */
#define FACET_SOUND_SILENCE_S 1.0     /* so long below the floor is silence */

typedef struct {
  double energy; /* since the last take */
  double peak;
  gsize  n_samples;
  gsize  n_quiet; /* at the end, below the floor */
} FacetSoundLevel;

void     facet_sound_level_add (FacetSoundLevel *self, const float *samples, gsize n_samples);
/* RMS and peak since the last time, on the meter's scale; @peak may be NULL.  0 when nothing came.
 */
double   facet_sound_level_take (FacetSoundLevel *self, double *peak);
/* Nothing above the floor for FACET_SOUND_SILENCE_S of sound at 16 kHz. */
gboolean facet_sound_level_is_silent (const FacetSoundLevel *self);

/* Of an amplitude, 1 being full scale: 0 at the floor and below, 1 at full scale and above, linear
 * in dB between. */
double facet_sound_level_scale (double amplitude);

G_END_DECLS
