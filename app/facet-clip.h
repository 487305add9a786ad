/* facet-clip.h: a recorded clip: a file of at most 30 s, and what a row shows of it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * 16 kHz, mono, 16 bits.  Immutable; any thread. */
#pragma once

#include "facet-resampler.h"

#include <glib-object.h>

G_BEGIN_DECLS

#define FACET_CLIP_MAX_SAMPLES  (30 * FACET_SOUND_RATE)
#define FACET_CLIP_PEAK_SAMPLES (FACET_SOUND_RATE / 20) /* one peak of the waveform */
#define FACET_CLIP_CUT_SAMPLES  (5 * FACET_SOUND_RATE)  /* where a cut is looked for */

#define FACET_TYPE_CLIP (facet_clip_get_type ())

typedef struct {
  gatomicrefcount ref_count;
  char           *path;      /* absolute if the folder was */
  gint64          recording; /* when it began, µs since 1970: clips of one recording agree */
  guint64         begin;     /* its first sample's number in the recording */
  gsize           n_samples;
  guint64         n_lost; /* samples that the computer was too busy to take, somewhere in it */
  float          *peaks;  /* 0…1, the largest amplitude of every 50 ms */
  gsize           n_peaks;
} FacetClip;

GType      facet_clip_get_type (void);
/* Takes @path and @peaks. */
FacetClip *facet_clip_new (char   *path,
                           gint64  recording,
                           guint64 begin,
                           gsize   n_samples,
                           GArray *peaks) G_GNUC_WARN_UNUSED_RESULT;
FacetClip *facet_clip_ref (FacetClip *self) G_GNUC_WARN_UNUSED_RESULT;
void       facet_clip_unref (FacetClip *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetClip, facet_clip_unref)
double facet_clip_get_seconds (const FacetClip *self);

/* Adds @samples to the peaks of a clip that has @length samples so far. */
void facet_clip_add_peaks (GArray *peaks, gsize length, const gint16 *samples, gsize n_samples);

/* Where to cut: the middle of the quietest 200 ms, the last of them if several are equally quiet.
 * Pure. Returns the number of samples before the cut, 1 ≤ … ≤ @n_samples; all of them if there are
 * fewer than 200 ms. */
gsize facet_clip_find_cut (const gint16 *samples, gsize n_samples);

G_END_DECLS
