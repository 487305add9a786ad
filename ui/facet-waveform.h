/* facet-waveform.h: how loud a sound is along its way, and how far it has been played.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  A drawing only: what it is in has a name for screen readers. */
#pragma once

#include "facet-compat.h"

G_BEGIN_DECLS

#define FACET_TYPE_WAVEFORM (facet_waveform_get_type ())
G_DECLARE_FINAL_TYPE (FacetWaveform, facet_waveform, FACET, WAVEFORM, GtkWidget)

GtkWidget *facet_waveform_new (void) G_GNUC_WARN_UNUSED_RESULT;
/* FACET_SOUND_N_PEAKS of them, copied; NULL: a flat line. */
void       facet_waveform_set_peaks (FacetWaveform *self, const guint8 *peaks);
/* How much of it is behind, 0 … 1. */
void       facet_waveform_set_played (FacetWaveform *self, double played);
double     facet_waveform_get_played (FacetWaveform *self);

G_END_DECLS
