/* facet-resampler.c: the polyphase filter, its table, and the window of input that it lies over.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * With 16000 / rate = L / M in lowest terms, the fractional part of an output's moment takes L
 * values, and the table has a row of taps for each.  For odd rates with more than MAX_PHASES of
 * them the two nearest rows are interpolated, which is right to 1e-6. */
#define G_LOG_DOMAIN "facet-resampler"

#include "facet-resampler.h"

#include <math.h>
#include <string.h>

#define CROSSINGS  64 /* of the sinc on each side */
#define BETA       9.0
#define CUTOFF     0.953 /* the middle of the slope from 0.906 to 1 of the lower Nyquist rate */
#define MAX_PHASES 1024

struct _FacetResampler {
  guint   num, den; /* 16000 / rate = num / den; an output advances den / num samples of input */
  guint   half;     /* taps on each side of a moment */
  guint   n_phases; /* rows; one more follows, for interpolating */
  float  *table;    /* [n_phases + 1][2 half] */
  float  *window;   /* the input that the next output may still need, from `at` − half + 1 on */
  gsize   n_window;
  gsize   room;
  guint   phase; /* the next output's moment: at + phase / num */
  guint64 n_in;  /* pushed in all */
  guint64 n_out; /* appended in all */
};

static guint
gcd (guint a, guint b)
{
  while (b != 0) {
    guint rest = a % b;

    a = b;
    b = rest;
  }
  return a;
}

/* The modified Bessel function of order 0. */
static double
bessel_i0 (double x)
{
  double sum = 1;
  double term = 1;

  for (int k = 1; k < 100 && term > sum * 1e-17; k++) {
    term *= (x / (2 * k)) * (x / (2 * k));
    sum += term;
  }
  return sum;
}

/* @t: samples of input from the moment; @cutoff: of the input's Nyquist rate; zero beyond @half. */
static double
kernel (double t, double cutoff, double half)
{
  double x = t / half;
  double a = G_PI * cutoff * t;

  if (fabs (x) >= 1)
    return 0;
  return cutoff * (fabs (a) < 1e-12 ? 1 : sin (a) / a) * bessel_i0 (BETA * sqrt (1 - x * x)) /
         bessel_i0 (BETA);
}

/* Row p is for moments p / n_phases after a sample; its tap j weighs the sample j − half + 1 after
 * it. Each row adds up to 1, so that a constant stays what it is. */
static void
fill_table (FacetResampler *self, double cutoff, double half)
{
  guint              n_taps = 2 * self->half;
  g_autofree double *row = g_new (double, n_taps);

  self->table = g_new (float, (gsize)(self->n_phases + 1) * n_taps);
  for (guint p = 0; p <= self->n_phases; p++) {
    double sum = 0;

    for (guint j = 0; j < n_taps; j++) {
      double t = (double)p / self->n_phases - ((double)j - self->half + 1);

      row[j] = kernel (t, cutoff, half);
      sum += row[j];
    }
    for (guint j = 0; j < n_taps; j++)
      self->table[(gsize)p * n_taps + j] = (float)(row[j] / sum);
  }
}

FacetResampler *
facet_resampler_new (guint rate)
{
  FacetResampler *self = g_new0 (FacetResampler, 1);
  guint           common = gcd (FACET_SOUND_RATE, rate);
  double          lower = MIN (1.0, (double)FACET_SOUND_RATE / rate);
  double          half = CROSSINGS / lower;

  g_assert (rate >= FACET_RESAMPLER_MIN_RATE && rate <= FACET_RESAMPLER_MAX_RATE);
  self->num = FACET_SOUND_RATE / common;
  self->den = rate / common;
  if (self->num == self->den)
    return self;
  self->half = (guint)ceil (half);
  self->n_phases = MIN (self->num, MAX_PHASES);
  fill_table (self, CUTOFF * lower, half);
  /* Before the first sample there is silence. */
  self->n_window = self->half - 1;
  self->room = 4 * self->half;
  self->window = g_new0 (float, self->room);
  return self;
}

void
facet_resampler_free (FacetResampler *self)
{
  g_free (self->table);
  g_free (self->window);
  g_free (self);
}

static float
dot (const float *taps, const float *samples, guint n)
{
  float sum[4] = {0};

  for (guint i = 0; i + 4 <= n; i += 4)
    for (guint k = 0; k < 4; k++)
      sum[k] += taps[i + k] * samples[i + k];
  for (guint i = n & ~3u; i < n; i++)
    sum[0] += taps[i] * samples[i];
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* @samples: those under the taps. */
static float
output (FacetResampler *self, const float *samples)
{
  guint        n_taps = 2 * self->half;
  double       row = (double)self->phase * self->n_phases / self->num;
  guint        p = (guint)row;
  float        mix = (float)(row - p);
  const float *taps = self->table + (gsize)p * n_taps;
  float        value = dot (taps, samples, n_taps);

  if (self->n_phases < self->num)
    value += mix * (dot (taps + n_taps, samples, n_taps) - value);
  return value;
}

static void
append_input (FacetResampler *self, const float *samples, gsize n)
{
  if (self->n_window + n > self->room) {
    self->room = 2 * (self->n_window + n);
    self->window = g_renew (float, self->window, self->room);
  }
  if (samples != NULL)
    memcpy (self->window + self->n_window, samples, n * sizeof *samples);
  else
    memset (self->window + self->n_window, 0, n * sizeof *self->window);
  self->n_window += n;
}

/* At most up to output @end. */
static void
run (FacetResampler *self, guint64 end, GArray *out)
{
  gsize at = 0; /* the first sample under the taps */

  while (at + 2 * self->half <= self->n_window && self->n_out < end) {
    float value = output (self, self->window + at);

    g_array_append_val (out, value);
    self->n_out++;
    self->phase += self->den;
    at += self->phase / self->num;
    self->phase %= self->num;
  }
  self->n_window -= at;
  memmove (self->window, self->window + at, self->n_window * sizeof *self->window);
}

void
facet_resampler_push (FacetResampler *self, const float *samples, gsize n_samples, GArray *out)
{
  self->n_in += n_samples;
  if (self->num == self->den) {
    g_array_append_vals (out, samples, (guint)n_samples);
    self->n_out += n_samples;
    return;
  }
  append_input (self, samples, n_samples);
  run (self, G_MAXUINT64, out);
}

void
facet_resampler_flush (FacetResampler *self, GArray *out)
{
  guint64 end = (self->n_in * self->num + self->den - 1) / self->den;

  if (self->num == self->den)
    return;
  append_input (self, NULL, 2 * self->half);
  run (self, end, out);
}
