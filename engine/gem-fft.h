/* gem-fft.h: the discrete Fourier transform of one real frame.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One size only, the one that the audio front end needs.  Pure function; any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define GEM_FFT_SIZE 512
#define GEM_FFT_BINS (GEM_FFT_SIZE / 2 + 1) /* the others are their conjugates */

/* re[k] + i·im[k] = Σ_n x[n]·exp (−2πi·k·n/512), not scaled, with an error below 1e-14 of the
 * frame's Euclidean norm. */
void gem_fft_real (const double x[GEM_FFT_SIZE], double re[GEM_FFT_BINS], double im[GEM_FFT_BINS]);

G_END_DECLS
