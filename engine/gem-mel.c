/* gem-mel.c: log-mel features of sound.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owns the window and the filter bank.  As in the reference, samples and window are float and
 * everything behind their product is double; only the result is float again.  It neither resamples
 * nor mixes channels.  Any thread. */
#define G_LOG_DOMAIN "gem"

#include "gem-mel.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#define MAX_HZ 8000.0
#define FLOOR  0.001 /* added before the logarithm */
#define PAD    128   /* the reference pads clips to a multiple of so many samples */

/* A band touches few bins: 505 of the 257 × 128 weights are not zero. */
#define MAX_WEIGHTS (2 * GEM_FFT_BINS)

typedef struct {
  guint first, n; /* bins */
  guint weights;  /* where its weights begin */
} Band;

typedef struct {
  float  window[GEM_MEL_FRAME];
  Band   bands[GEM_MEL_BANDS];
  double weights[MAX_WEIGHTS];
} Tables;

static Tables tables; /* made once */

/* ---- constants ---- */

/* Where the triangles' corners lie, in Hz: band j rises from corner j to j + 1 and falls to j + 2.
 * mel (f) = 2595·log10 (1 + f/700). */
static double
corner (guint n)
{
  double top = 2595.0 * log10 (1.0 + MAX_HZ / 700.0);
  double mel = top * n / (GEM_MEL_BANDS + 1);

  return 700.0 * (pow (10.0, mel / 2595.0) - 1.0);
}

float
gem_mel_window (guint n)
{
  return (float)(0.5 - 0.5 * cos (2.0 * G_PI * n / GEM_MEL_FRAME));
}

double
gem_mel_filter (guint bin, guint band)
{
  double hz = (double)bin * GEM_MEL_RATE / GEM_FFT_SIZE;
  double left = corner (band), middle = corner (band + 1), right = corner (band + 2);
  double weight = MIN ((hz - left) / (middle - left), (right - hz) / (right - middle));

  /* Where the last bin meets the last corner, rounding leaves some 1e-14 of what is zero. */
  return weight > 1e-9 ? weight : 0.0;
}

static void
make_tables (void)
{
  Tables *t = &tables;
  guint   n_weights = 0;

  for (guint n = 0; n < GEM_MEL_FRAME; n++)
    t->window[n] = gem_mel_window (n);
  for (guint j = 0; j < GEM_MEL_BANDS; j++) {
    Band *band = &t->bands[j];

    band->weights = n_weights;
    for (guint k = 0; k < GEM_FFT_BINS; k++) {
      double weight = gem_mel_filter (k, j);

      if (weight == 0.0)
        continue;
      if (band->n++ == 0)
        band->first = k;
      g_assert (n_weights < MAX_WEIGHTS); /* a bin lies in at most two triangles */
      t->weights[n_weights++] = weight;
    }
  }
}

static const Tables *
get_tables (void)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;

  pthread_once (&once, make_tables);
  return &tables;
}

/* ---- frames ---- */

guint
gem_mel_count_frames (gsize n_samples)
{
  gsize n = MIN (n_samples, GEM_MEL_MAX_SAMPLES);
  gsize padded = (n + PAD - 1) / PAD * PAD;

  /* A frame and the sample after it must lie in the padded clip and the 160 zeros before it. */
  return gem_mel_count_valid_frames (padded);
}

guint
gem_mel_count_valid_frames (gsize n_samples)
{
  gsize n = MIN (n_samples, GEM_MEL_MAX_SAMPLES);

  return n > GEM_MEL_HOP ? (guint)((n - GEM_MEL_HOP - 1) / GEM_MEL_HOP + 1) : 0;
}

void
gem_mel_frame (const float samples[GEM_MEL_FRAME], float features[GEM_MEL_BANDS])
{
  const Tables *t = get_tables ();
  double        x[GEM_FFT_SIZE] = {0}, re[GEM_FFT_BINS], im[GEM_FFT_BINS];

  for (guint n = 0; n < GEM_MEL_FRAME; n++)
    x[n] = isfinite (samples[n]) ? samples[n] * t->window[n] : 0.0f;
  gem_fft_real (x, re, im);
  for (guint k = 0; k < GEM_FFT_BINS; k++)
    re[k] = sqrt (re[k] * re[k] + im[k] * im[k]);

  for (guint j = 0; j < GEM_MEL_BANDS; j++) {
    const Band   *band = &t->bands[j];
    const double *weights = t->weights + band->weights, *magnitudes = re + band->first;
    double        sum = FLOOR;

    for (guint k = 0; k < band->n; k++)
      sum += weights[k] * magnitudes[k];
    features[j] = (float)log (sum);
  }
}

void
gem_mel_compute (const float *samples, gsize n_samples, float *features, guint8 *mask)
{
  guint n_frames = gem_mel_count_frames (n_samples);
  guint n_valid = gem_mel_count_valid_frames (n_samples);
  float first[GEM_MEL_FRAME] = {0};

  /* A valid frame lies wholly inside the clip, but for the zeros before the first. */
  for (guint i = 0; i < n_valid; i++) {
    const float *frame = first;

    if (i == 0)
      memcpy (first + GEM_MEL_HOP, samples, GEM_MEL_HOP * sizeof (float));
    else
      frame = samples + (i - 1) * GEM_MEL_HOP;
    gem_mel_frame (frame, features + i * GEM_MEL_BANDS);
    mask[i] = 1;
  }
  for (guint i = n_valid; i < n_frames; i++) {
    memset (features + i * GEM_MEL_BANDS, 0, GEM_MEL_BANDS * sizeof (float));
    mask[i] = 0;
  }
}
