/* fuzz-wav.c: a hostile WAV file; what gets through fits into the file and has finite features.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "gem-mel.h"
#include "gem-wav.h"

#include <math.h>

#define MAX_SAMPLES 4800 /* more frames than these find nothing new */

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static float  features[MAX_SAMPLES / GEM_MEL_HOP * GEM_MEL_BANDS];
  static guint8 mask[MAX_SAMPLES / GEM_MEL_HOP];
  g_autoptr (GError) error = NULL;
  gsize             n = 0;
  g_autofree float *samples = gem_wav_parse (data, size, "fuzz", &n, &error);

  g_assert ((samples == NULL) == (error != NULL));
  if (samples == NULL) {
    g_assert (g_utf8_validate (error->message, -1, NULL));
    return 0;
  }
  g_assert (2 * n <= size);
  n = MIN (n, MAX_SAMPLES);
  g_assert (gem_mel_count_frames (n) <= G_N_ELEMENTS (mask));
  gem_mel_compute (samples, n, features, mask);
  for (guint i = 0; i < gem_mel_count_frames (n) * GEM_MEL_BANDS; i++)
    g_assert (isfinite (features[i]));
  return 0;
}
