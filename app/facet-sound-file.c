/* facet-sound-file.c: decodes a file to samples, looks at them, and cuts them into clips.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any thread; blocks. */
#define G_LOG_DOMAIN "facet-sound-file"

#include "config.h"

#include "facet-sound-file.h"
#include "facet-decoder.h"

#include <glib/gi18n-lib.h>
#include <gst/audio/audio.h>

#include <math.h>

#define MIN_SAMPLES 161
#define MAX_SAMPLES ((gsize)FACET_SOUND_MAX_SECONDS * FACET_SOUND_RATE)
#define MAX_CLIP    ((gsize)FACET_SOUND_CLIP_SECONDS * FACET_SOUND_RATE)
/* Where a cut is looked for, and of what length quiet is measured. */
#define CUT_RANGE ((gsize)5 * FACET_SOUND_RATE)
#define CUT_STEP  ((gsize)FACET_SOUND_RATE / 20)

/* One channel of all: the mixing matrices are GStreamer's.  Dither would be noise that is not in
 * the file. */
static const char chain[] =
    "audioconvert dithering=none ! audioresample quality=8 ! audio/x-raw,format=" GST_AUDIO_NE (
        F32) ",rate=16000,channels=1,layout=interleaved";

FacetSound *
facet_sound_ref (FacetSound *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
facet_sound_unref (FacetSound *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_array_unref (self->owner);
  g_array_unref (self->ends);
  g_free (self->media_type);
  g_free (self->note);
  g_free (self);
}

const float *
facet_sound_get_clip (const FacetSound *self, guint index, gsize *n_samples)
{
  gsize begin = index > 0 ? g_array_index (self->ends, gsize, index - 1) : 0;

  g_return_val_if_fail (index < self->n_clips, NULL);
  *n_samples = g_array_index (self->ends, gsize, index) - begin;
  return self->samples + begin;
}

/* Cutting */

static double
energy (const float *samples, gsize n)
{
  double sum = 0;

  for (gsize i = 0; i < n; i++)
    sum += (double)samples[i] * samples[i];
  return sum;
}

/* The middle of the quietest twentieth of a second before @end; the latest of equals. */
static gsize
find_cut (const float *samples, gsize end)
{
  gsize  best = end;
  double least = G_MAXDOUBLE;

  for (gsize at = end - CUT_RANGE; at + CUT_STEP <= end; at += CUT_STEP) {
    double e = energy (samples + at, CUT_STEP);

    if (e <= least) {
      least = e;
      best = at + CUT_STEP / 2;
    }
  }
  return best;
}

static void
cut (FacetSound *self)
{
  gsize begin = 0, end;

  self->ends = g_array_new (FALSE, FALSE, sizeof (gsize));
  do {
    end = self->n_samples - begin > MAX_CLIP ? find_cut (self->samples, begin + MAX_CLIP)
                                             : self->n_samples;
    g_array_append_val (self->ends, end);
    begin = end;
  } while (end < self->n_samples);
  self->n_clips = self->ends->len;
}

/* Looking */

static void
add_sentence (FacetSound *self, const char *sentence)
{
  char *all =
      self->note != NULL ? g_strconcat (self->note, "  ", sentence, NULL) : g_strdup (sentence);

  g_free (self->note);
  self->note = all;
}

/* Quieter than the last bit of 16 is silence; a thousandth of the samples at the limit is
 * distortion that one hears. */
static void
look (FacetSound *self)
{
  float peak = 0;
  gsize n_clipped = 0;

  for (gsize i = 0; i < self->n_samples; i++) {
    float  value = fabsf (self->samples[i]);
    guint8 level = (guint8)(MIN (value, 1.0f) * 255.0f + 0.5f);
    gsize  place = i * FACET_SOUND_N_PEAKS / self->n_samples;

    peak = MAX (peak, value);
    n_clipped += value >= 0.999f;
    self->peaks[place] = MAX (self->peaks[place], level);
  }
  if (peak < 1.0f / 32768)
    add_sentence (self, _ ("It is silent."));
  else if (n_clipped > 10 && n_clipped > self->n_samples / 1000)
    add_sentence (self, _ ("It was recorded too loud: parts of it are distorted."));
  if (self->n_clips > 1) {
    g_autofree char *sentence =
        g_strdup_printf (_ ("It is read in %u parts of up to 30 s."), self->n_clips);

    add_sentence (self, sentence);
  }
}

/* Loading */

static void
fail_too_long (const char *name, GError **error)
{
  g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_TOO_LARGE,
               _ ("“%s” is longer than %d minutes, the most that is read of a sound.  Cut it and "
                  "add "
                  "a part of it."),
               name, FACET_SOUND_MAX_SECONDS / 60);
}

/* FALSE: there were more samples than may be. */
static gboolean
take_samples (GArray *samples, GstSample *sample)
{
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  GstMapInfo map;
  gsize      n;

  if (buffer == NULL || !gst_buffer_map (buffer, &map, GST_MAP_READ))
    return TRUE;
  n = MIN (map.size / sizeof (float), MAX_SAMPLES + 1 - samples->len);
  g_array_append_vals (samples, map.data, (guint)n);
  gst_buffer_unmap (buffer, &map);
  return samples->len <= MAX_SAMPLES;
}

/* A file of unsteady bit rate only guesses its length: what is above the limit, but less than
 * twice, is decoded to see. */
static gboolean
says_too_long (gint64 duration)
{
  return duration > 2 * FACET_SOUND_MAX_SECONDS * (gint64)GST_SECOND;
}

/* What a file promises beyond this, in ns, is missing; less may be an encoder's padding. */
static gint64
missing_from (gsize n_samples)
{
  return (gint64)((1.02 * (double)n_samples / FACET_SOUND_RATE + 0.5) * GST_SECOND);
}

/* What could be read before a failure is kept, unless that is nothing. */
static gboolean
decode (FacetDecoder *decoder,
        const char   *name,
        GArray       *samples,
        GCancellable *cancellable,
        gboolean     *damaged,
        GError      **error)
{
  g_autoptr (GError) failure = NULL;
  gint64 promised = -1;

  for (;;) {
    g_autoptr (GstSample) sample = facet_decoder_pull (decoder, cancellable, &failure);

    if (sample == NULL)
      break;
    if (samples->len == 0)
      promised = facet_decoder_get_duration (decoder);
    if (says_too_long (promised) || !take_samples (samples, sample)) {
      fail_too_long (name, error);
      return FALSE;
    }
  }
  *damaged = failure != NULL || promised > missing_from (samples->len);
  if (failure != NULL && (failure->domain != FACET_MEDIA_ERROR || samples->len < MIN_SAMPLES)) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
  }
  if (samples->len >= MIN_SAMPLES)
    return TRUE;
  g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_DAMAGED,
               samples->len == 0 ? _ ("“%s” has no sound in it.")
                                 : _ ("“%s” is too short to hear anything in it."),
               name);
  return FALSE;
}

static void
describe_file (FacetSound *self, FacetDecoder *decoder)
{
  GstCaps      *caps = facet_decoder_get_stream_caps (decoder);
  GstStructure *structure = caps != NULL ? gst_caps_get_structure (caps, 0) : NULL;
  int           rate = 0, n_channels = 0;

  if (structure != NULL) {
    gst_structure_get_int (structure, "rate", &rate);
    gst_structure_get_int (structure, "channels", &n_channels);
  }
  self->rate = (guint)MAX (rate, 0);
  self->n_channels = (guint)MAX (n_channels, 0);
  self->media_type = g_strdup (facet_decoder_get_media_type (decoder));
}

/* Takes @samples. */
static FacetSound *
sound_new (GArray *samples, FacetDecoder *decoder, gboolean damaged)
{
  FacetSound *self = g_new0 (FacetSound, 1);
  float      *values = (float *)(void *)samples->data;

  g_atomic_ref_count_init (&self->ref_count);
  for (guint i = 0; i < samples->len; i++)
    if (!isfinite (values[i]))
      values[i] = 0;
  self->owner = samples;
  self->samples = values;
  self->n_samples = samples->len;
  describe_file (self, decoder);
  if (damaged) {
    g_autofree char *sentence =
        g_strdup_printf (_ ("The file is damaged: only the first %.1f s can be heard."),
                         (double)samples->len / FACET_SOUND_RATE);

    add_sentence (self, sentence);
  }
  cut (self);
  look (self);
  if (facet_decoder_has_other_stream (decoder))
    add_sentence (self, _ ("Only its sound is used."));
  return self;
}

FacetSound *
facet_sound_load (const char *path, const char *name, GCancellable *cancellable, GError **error)
{
  g_autoptr (FacetDecoder) decoder =
      facet_decoder_new (path, name, FACET_STREAM_SOUND, chain, error);
  g_autoptr (GArray) samples = NULL;
  gboolean damaged = FALSE;

  if (decoder == NULL)
    return NULL;
  samples = g_array_new (FALSE, FALSE, sizeof (float));
  if (!decode (decoder, name, samples, cancellable, &damaged, error))
    return NULL;
  return sound_new (g_steal_pointer (&samples), decoder, damaged);
}
