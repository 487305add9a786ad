/* test-resampler.c: tones of every rate keep amplitude, phase and purity; what 16 kHz can't hold
 * goes away; blocks of any size give the same samples.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-resampler"

#include "app/facet-resampler.h"

#include <math.h>

/* 47999 has 16000 phases, more than the table's rows. */
static const guint rates[] = {8000,  11025, 12000, 16000, 22050, 24000,  32000, 44100,
                              47999, 48000, 88200, 96000, 96001, 176400, 192000};

static GArray *
resample (guint rate, const float *in, gsize n_in, gsize block)
{
  g_autoptr (FacetResampler) resampler = facet_resampler_new (rate);
  GArray *out = g_array_new (FALSE, FALSE, sizeof (float));

  for (gsize at = 0; at < n_in; at += block)
    facet_resampler_push (resampler, in + at, MIN (block, n_in - at), out);
  facet_resampler_flush (resampler, out);
  return out;
}

static float *
tone (guint rate, double frequency, gsize n)
{
  float *in = g_new (float, n);

  for (gsize i = 0; i < n; i++)
    in[i] = (float)(0.5 * sin (2 * G_PI * frequency * (double)i / rate));
  return in;
}

/* What comes out against the tone that should: dB; and the amplitude of what comes out at all,
 * against the tone's.  Without the ends, where the filter lies over silence. */
static void
measure (guint rate, double frequency, double *snr, double *gain)
{
  gsize             n_in = rate / 4;
  g_autofree float *in = tone (rate, frequency, n_in);
  g_autoptr (GArray) out = resample (rate, in, n_in, 1000);
  double signal = 0;
  double noise = 0;
  double power = 0;
  guint  edge = 200;

  g_assert_cmpuint (out->len, ==, (n_in * FACET_SOUND_RATE + rate - 1) / rate);
  for (guint i = edge; i < out->len - edge; i++) {
    double want = 0.5 * sin (2 * G_PI * frequency * i / FACET_SOUND_RATE);
    double got = g_array_index (out, float, i);

    signal += want * want;
    noise += (got - want) * (got - want);
    power += got * got;
  }
  *snr = 10 * log10 (signal / (noise + 1e-30));
  *gain = 10 * log10 ((power + 1e-30) / (signal + 1e-30));
}

static void
test_pure (void)
{
  for (guint r = 0; r < G_N_ELEMENTS (rates); r++) {
    double nyquist = MIN (rates[r], FACET_SOUND_RATE) / 2.0;
    double worst = INFINITY;

    for (double part = 0.01; part < 0.9; part += 0.0987) {
      double snr;
      double gain;

      measure (rates[r], part * nyquist, &snr, &gain);
      worst = MIN (worst, snr);
      g_assert_cmpfloat (fabs (gain), <, 0.01);
    }
    g_test_message ("%u Hz: at least %.1f dB", rates[r], worst);
    g_assert_cmpfloat (worst, >, 80);
  }
}

/* Above 8 kHz there is nothing to hear, and it does not fold back. */
static void
test_nothing_folds_back (void)
{
  for (guint r = 0; r < G_N_ELEMENTS (rates); r++) {
    double worst = -INFINITY;

    if (rates[r] <= FACET_SOUND_RATE)
      continue;
    for (double f = 8010; f < rates[r] / 2.0; f *= 1.27) {
      gsize             n_in = rates[r] / 4;
      g_autofree float *in = tone (rates[r], f, n_in);
      g_autoptr (GArray) out = resample (rates[r], in, n_in, 4096);
      double power = 0;

      for (guint i = 200; i < out->len - 200; i++)
        power += (double)g_array_index (out, float, i) * g_array_index (out, float, i);
      worst = MAX (worst, 10 * log10 (power / (out->len - 400) / 0.125 + 1e-30));
    }
    g_test_message ("%u Hz: at most %.1f dB", rates[r], worst);
    g_assert_cmpfloat (worst, <, -85);
  }
}

static void
test_blocks (void)
{
  for (guint r = 0; r < G_N_ELEMENTS (rates); r++) {
    gsize             n_in = 5000;
    g_autofree float *in = g_new (float, n_in);
    g_autoptr (GArray) whole = NULL;

    for (gsize i = 0; i < n_in; i++)
      in[i] = (float)g_test_rand_double_range (-1, 1);
    whole = resample (rates[r], in, n_in, n_in);
    for (gsize block = 1; block < n_in; block = block * 3 + 1) {
      g_autoptr (GArray) out = resample (rates[r], in, n_in, block);

      g_assert_cmpmem (out->data, out->len * sizeof (float), whole->data,
                       whole->len * sizeof (float));
    }
  }
}

static void
test_16_khz_is_untouched (void)
{
  float in[100];
  g_autoptr (FacetResampler) resampler = facet_resampler_new (FACET_SOUND_RATE);
  g_autoptr (GArray) out = g_array_new (FALSE, FALSE, sizeof (float));

  for (guint i = 0; i < 100; i++)
    in[i] = (float)g_test_rand_double_range (-1, 1);
  facet_resampler_push (resampler, in, 100, out);
  g_assert_cmpmem (out->data, out->len * sizeof (float), in, sizeof in);
}

static void
test_nothing_in (void)
{
  for (guint r = 0; r < G_N_ELEMENTS (rates); r++) {
    float one = 0.5f;
    g_autoptr (GArray) none = resample (rates[r], NULL, 0, 1);
    g_autoptr (GArray) few = resample (rates[r], &one, 1, 1);

    g_assert_cmpuint (none->len, ==, 0);
    g_assert_cmpuint (few->len, ==, (FACET_SOUND_RATE + rates[r] - 1) / rates[r]);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/resampler/pure", test_pure);
  g_test_add_func ("/resampler/nothing-folds-back", test_nothing_folds_back);
  g_test_add_func ("/resampler/blocks", test_blocks);
  g_test_add_func ("/resampler/16-khz-is-untouched", test_16_khz_is_untouched);
  g_test_add_func ("/resampler/nothing-in", test_nothing_in);
  return g_test_run ();
}
