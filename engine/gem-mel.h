/* gem-mel.h: from sound to log-mel features, what the audio encoder reads.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Samples are mono at 16 kHz, full scale ±1 (16-bit PCM divided by 32768).  A frame is 20 ms, a new
 * one begins every 10 ms, and each becomes 128 numbers (docs/model/gemma4-audio.md §2):
 *
 *   features[j] = ln (0.001 + Σ_k filter[k][j] · |DFT_512 (window · frame)[k]|)
 *
 * A clip is at most 30 s: of a longer one only the first 30 s are looked at, and whoever has more
 * cuts it into clips.  A sample that is NaN or infinite counts as 0, so that features are finite
 * whatever the samples are.
 *
 *   guint n_frames = gem_mel_count_frames (n_samples);
 *   g_autofree float *features = g_new (float, n_frames * GEM_MEL_BANDS);
 *   g_autofree guint8 *mask = g_new (guint8, n_frames);
 *   gem_mel_compute (samples, n_samples, features, mask);
 *
 * Frame i of a clip is made of the samples 160·(i − 1) … 160·(i + 1) − 1, with zeros before the
 * first, and of nothing else; a stream is therefore gem_mel_frame () every 160 samples.
 *
 * Pure functions (the tables are made by the first call, whichever thread it comes from); any
 * thread.  Nothing is allocated. */
#pragma once

#include "gem-fft.h"

G_BEGIN_DECLS

#define GEM_MEL_RATE        16000 /* Hz */
#define GEM_MEL_FRAME       320   /* samples */
#define GEM_MEL_HOP         160   /* samples */
#define GEM_MEL_BANDS       128
#define GEM_MEL_MAX_SAMPLES (30 * GEM_MEL_RATE)

/* Frames of a clip as the reference implementation counts them, at most 2999: it pads with zeros to
 * a multiple of 128 samples, so that the last frame may be padding. */
guint gem_mel_count_frames (gsize n_samples);
/* How many of them, from the first on, are sound and not padding: those whose samples and the one
 * after them are in the clip.  0 for fewer than 161 samples. */
guint gem_mel_count_valid_frames (gsize n_samples);

/* @features is (gem_mel_count_frames (), GEM_MEL_BANDS); @mask has as many entries, 1 for a valid
 * frame.  The features of the others are 0, as the reference's are.  @samples may be NULL if there
 * are none. */
void gem_mel_compute (const float *samples, gsize n_samples, float *features, guint8 *mask);

/* One frame. */
void gem_mel_frame (const float samples[GEM_MEL_FRAME], float features[GEM_MEL_BANDS]);

/* The constants: the periodic Hann window, @n < GEM_MEL_FRAME; and the weight of DFT bin @bin
 * (@bin · 31.25 Hz) < GEM_FFT_BINS in @band < GEM_MEL_BANDS, a triangle in Hz between points that
 * are equally far apart on the HTK mel scale. */
float  gem_mel_window (guint n);
double gem_mel_filter (guint bin, guint band);

G_END_DECLS
