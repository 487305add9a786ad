/* facet-resampler.h: sound at any rate to 16 kHz, as it arrives.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A windowed sinc in polyphase form:
 *
 *   out[n] = Σ_k in[k] · h (n · rate / 16000 − k),   h (t) = c · sinc (c t) · kaiser (t)
 *
 * with the cutoff c a little below half the lower of the two rates: flat within 0.01 dB up to 0.9
 * of it, and 90 dB down from it on.  out[n] is the sound at the moment n / 16000 exactly, so
 * nothing is shifted; it can be said once 64 samples of the lower rate after it have come.  A
 * stream at 16 kHz passes untouched and at once.  One thread at a time. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define FACET_SOUND_RATE         16000 /* Hz, what comes out */
#define FACET_RESAMPLER_MIN_RATE 8000
#define FACET_RESAMPLER_MAX_RATE 192000

typedef struct _FacetResampler FacetResampler;

/* @rate: Hz, what goes in, within the two bounds. */
FacetResampler *facet_resampler_new (guint rate) G_GNUC_WARN_UNUSED_RESULT;
void            facet_resampler_free (FacetResampler *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetResampler, facet_resampler_free)

/* Appends to @out, an array of float, what can be said now. */
void facet_resampler_push (FacetResampler *self,
                           const float    *samples,
                           gsize           n_samples,
                           GArray         *out);
/* The end: silence follows, and the rest is appended, ⌈16000 · n_in / rate⌉ samples in all.
 * Nothing is pushed after it. */
void facet_resampler_flush (FacetResampler *self, GArray *out);

G_END_DECLS
