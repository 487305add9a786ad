/* test-mel.c: the transform, the log-mel features and the WAV reader: against the reference, at the
 * edges, and with hostile files.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test"

#include "gem-mel.h"
#include "gem-wav.h"
#include "golden-model.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#define REL_LIMIT 1e-5
#define SILENCE   -6.9077554f /* ln 0.001 */

typedef struct {
  guint   n_frames;
  float  *features; /* (n_frames, 128) */
  guint8 *mask;
} Mel;

static Mel
mel_of (const float *samples, gsize n_samples)
{
  Mel mel = {.n_frames = gem_mel_count_frames (n_samples)};

  mel.features = g_malloc_n (mel.n_frames, GEM_MEL_BANDS * sizeof (float));
  mel.mask = g_new (guint8, mel.n_frames);
  for (guint i = 0; i < mel.n_frames; i++) { /* nothing may be left as it was */
    memset (mel.features + i * GEM_MEL_BANDS, 0xff, GEM_MEL_BANDS * sizeof (float));
    mel.mask[i] = 0xff;
  }
  gem_mel_compute (samples, n_samples, mel.features, mel.mask);
  return mel;
}

static void
mel_clear (Mel *mel)
{
  g_free (mel->features);
  g_free (mel->mask);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Mel, mel_clear)

static float *
noise (gsize n)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  float *samples = g_new (float, n);

  for (gsize i = 0; i < n; i++)
    samples[i] = (float)g_rand_double_range (rand, -1.0, 1.0);
  return samples;
}

/* The first @n_valid frames have mask 1 and finite features, the others 0 and 0. */
static void
assert_mask (const Mel *mel, guint n_valid)
{
  for (guint i = 0; i < mel->n_frames; i++) {
    g_assert_cmpuint (mel->mask[i], ==, i < n_valid);
    for (guint j = 0; j < GEM_MEL_BANDS; j++) {
      float value = mel->features[i * GEM_MEL_BANDS + j];

      g_assert_true (i < n_valid ? isfinite (value) && value >= SILENCE : value == 0.0f);
    }
  }
}

/* ---- the transform ---- */

/* The largest error against the sum that defines the transform, as a share of the frame's norm. */
static double
fft_error (const double x[GEM_FFT_SIZE])
{
  double      re[GEM_FFT_BINS], im[GEM_FFT_BINS], norm = 0.0, worst = 0.0;
  long double roots_re[GEM_FFT_SIZE], roots_im[GEM_FFT_SIZE];

  gem_fft_real (x, re, im);
  for (guint n = 0; n < GEM_FFT_SIZE; n++) {
    long double angle = -8.0L * atanl (1.0L) * n / GEM_FFT_SIZE;

    roots_re[n] = cosl (angle);
    roots_im[n] = sinl (angle);
    norm += x[n] * x[n];
  }
  for (guint k = 0; k < GEM_FFT_BINS; k++) {
    long double sum_re = 0.0L, sum_im = 0.0L;

    for (guint n = 0; n < GEM_FFT_SIZE; n++) {
      sum_re += x[n] * roots_re[k * n % GEM_FFT_SIZE];
      sum_im += x[n] * roots_im[k * n % GEM_FFT_SIZE];
    }
    worst = MAX (worst, hypot ((double)(re[k] - sum_re), (double)(im[k] - sum_im)));
  }
  return worst / sqrt (norm);
}

static void
test_fft (void)
{
  g_autofree float *random = noise (GEM_FFT_SIZE);
  double            x[GEM_FFT_SIZE], worst;

  for (guint n = 0; n < GEM_FFT_SIZE; n++)
    x[n] = random[n];
  worst = fft_error (x);
  for (guint at = 0; at < GEM_FFT_SIZE; at += 37) { /* impulses, and waves of every kind of bin */
    memset (x, 0, sizeof x);
    x[at] = 1.0;
    worst = MAX (worst, fft_error (x));
    for (guint n = 0; n < GEM_FFT_SIZE; n++)
      x[n] = cos (2.0 * G_PI * at * n / GEM_FFT_SIZE + 0.3);
    worst = MAX (worst, fft_error (x));
  }
  g_test_message ("largest error %.2e of the norm", worst);
  g_assert_cmpfloat (worst, <=, 1e-14);
}

/* ---- features ---- */

static GemSafetensors *
open_reference (void)
{
  g_autofree char *path = golden_path ("preproc/mel.safetensors");
  g_autoptr (GError) error = NULL;
  GemSafetensors *file = gem_safetensors_open (path, &error);

  g_assert_no_error (error);
  return file;
}

static void
test_constants (void)
{
  g_autoptr (GemSafetensors) file = open_reference ();
  gsize        n;
  const float *window = golden_floats (file, "window", &n), *filters;
  guint        n_weights = 0;

  g_assert_cmpuint (n, ==, GEM_MEL_FRAME);
  for (guint i = 0; i < GEM_MEL_FRAME; i++)
    g_assert_cmpfloat (fabs (gem_mel_window (i) - window[i]), <=, 1e-7);
  filters = golden_floats (file, "mel_filters", &n);
  g_assert_cmpuint (n, ==, GEM_FFT_BINS * GEM_MEL_BANDS);
  for (guint k = 0; k < GEM_FFT_BINS; k++)
    for (guint j = 0; j < GEM_MEL_BANDS; j++) {
      double weight = gem_mel_filter (k, j);
      float  reference = filters[k * GEM_MEL_BANDS + j];

      g_assert_cmpfloat (fabs (weight - reference), <=, 1e-6);
      g_assert_cmpint (weight > 0.0, ==, reference > 1e-9f);
      n_weights += weight > 0.0;
    }
  /* The reference has 506: its 1e-14 at 8000 Hz, where the last band ends, is rounding. */
  g_assert_cmpuint (n_weights, ==, 505);
}

static float *
read_wav (const char *name, gsize *n_samples)
{
  g_autofree char *relative = g_build_filename ("preproc", name, NULL);
  g_autofree char *path = golden_path (relative), *data = NULL;
  g_autoptr (GError) error = NULL;
  gsize  length;
  float *samples;

  g_file_get_contents (path, &data, &length, &error);
  g_assert_no_error (error);
  samples = gem_wav_parse (data, length, name, n_samples, &error);
  g_assert_no_error (error);
  return samples;
}

static guint
member (const json_t *object, const char *name)
{
  g_assert_true (json_is_integer (json_object_get (object, name)));
  return (guint)json_integer_value (json_object_get (object, name));
}

static void
check_golden (GemSafetensors *file, guint index, const json_t *c)
{
  g_autofree char  *features = g_strdup_printf ("features_%u", index);
  g_autofree char  *mask = g_strdup_printf ("mask_%u", index);
  const GemTensor  *reference_mask = gem_safetensors_find (file, mask);
  gsize             n_samples, n;
  const float      *reference = golden_floats (file, features, &n);
  g_autofree float *samples =
      read_wav (json_string_value (json_object_get (c, "file")), &n_samples);
  g_auto (Mel) mel = mel_of (samples, n_samples);
  double rel;

  g_assert_cmpuint (n_samples, ==, member (c, "samples"));
  g_assert_cmpuint (mel.n_frames, ==, member (c, "frames"));
  g_assert_cmpuint (n, ==, mel.n_frames * GEM_MEL_BANDS);
  g_assert_cmpuint (gem_mel_count_valid_frames (n_samples), ==, member (c, "valid"));
  assert_mask (&mel, member (c, "valid"));
  g_assert_cmpmem (mel.mask, mel.n_frames, reference_mask->data, reference_mask->n_bytes);
  rel = rel_l2 (reference, mel.features, n);
  g_test_message ("%s: relative L2 %.2e", features, rel);
  g_assert_cmpfloat (rel, <=, REL_LIMIT);
}

static void
test_goldens (void)
{
  g_autoptr (GemSafetensors) file = open_reference ();
  g_autofree char *path = golden_path ("preproc/mel.json");
  json_t          *cases = json_load_file (path, 0, NULL), *c;
  guint            n_compared = 0;
  size_t           i;

  json_array_foreach (cases, i, c)
  {
    if (json_object_get (c, "file") != NULL) {
      check_golden (file, (guint)i, c);
      n_compared++;
    } else { /* 31 s */
      g_assert_cmpuint (gem_mel_count_frames (31 * GEM_MEL_RATE), ==, member (c, "frames"));
    }
  }
  g_assert_cmpuint (n_compared, ==, 4);
  json_decref (cases);
}

/* docs/model/gemma4-audio.md §6; frames with the padding are one more at most. */
static void
test_counts (void)
{
  static const struct {
    gsize samples;
    guint valid;
  } cases[] = {{0, 0},         {1, 0},           {160, 0},       {161, 1},       {320, 1},
               {321, 2},       {1600, 9},        {8000, 49},     {16000, 99},    {16001, 100},
               {48000, 299},   {160000, 999},    {479841, 2999}, {479840, 2998}, {480000, 2999},
               {480001, 2999}, {G_MAXSIZE, 2999}};

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    guint n_frames = gem_mel_count_frames (cases[i].samples);

    g_assert_cmpuint (gem_mel_count_valid_frames (cases[i].samples), ==, cases[i].valid);
    g_assert_cmpuint (n_frames, >=, cases[i].valid);
    g_assert_cmpuint (n_frames, <=, cases[i].valid + 1);
  }
}

/* Every length around the edges of frames and of padding, in memory that is exactly as long. */
static void
test_short (void)
{
  for (gsize n = 0; n < 700; n += n % 32 == 2 ? 27 : 1) {
    g_autofree float *samples = n > 0 ? noise (n) : NULL;
    g_auto (Mel) mel = mel_of (samples, n);

    assert_mask (&mel, gem_mel_count_valid_frames (n));
  }
}

/* What lies behind 30 s changes nothing. */
static void
test_long (void)
{
  gsize             n = GEM_MEL_MAX_SAMPLES;
  g_autofree float *samples = noise (n + 5000);
  g_autofree float *exact = g_memdup2 (samples, n * sizeof (float));
  g_auto (Mel) longer = mel_of (samples, n + 5000);
  g_auto (Mel) whole = mel_of (exact, n);

  g_assert_cmpuint (whole.n_frames, ==, 2999);
  g_assert_cmpuint (longer.n_frames, ==, 2999);
  assert_mask (&whole, 2999);
  g_assert_cmpmem (longer.features, 2999 * GEM_MEL_BANDS * sizeof (float), whole.features,
                   2999 * GEM_MEL_BANDS * sizeof (float));
}

/* A frame alone is the frame of the clip. */
static void
test_stream (void)
{
  g_autofree float *samples = noise (4000);
  g_auto (Mel) mel = mel_of (samples, 4000);

  for (guint i = 1; i < gem_mel_count_valid_frames (4000); i++) {
    float features[GEM_MEL_BANDS];

    gem_mel_frame (samples + GEM_MEL_HOP * (i - 1), features);
    g_assert_cmpmem (features, sizeof features, mel.features + i * GEM_MEL_BANDS, sizeof features);
  }
}

static void
test_silence (void)
{
  g_autofree float *samples = g_new0 (float, 16000);
  g_auto (Mel) mel = mel_of (samples, 16000);

  for (guint i = 0; i < 99 * GEM_MEL_BANDS; i++)
    g_assert_cmpfloat (mel.features[i], ==, SILENCE);
}

/* NaN and infinity count as 0, and no loudness is too much. */
static void
test_not_finite (void)
{
  g_autofree float *bad = noise (3000), *zero = g_memdup2 (bad, 3000 * sizeof (float));
  g_autofree float *loud = g_new (float, 3000);

  for (guint i = 0; i < 3000; i++) {
    loud[i] = i % 3 == 0 ? G_MAXFLOAT : -G_MAXFLOAT;
    if (i % 5 == 0) {
      bad[i] = i % 2 == 0 ? NAN : (i % 3 == 0 ? INFINITY : -INFINITY);
      zero[i] = 0.0f;
    }
  }
  {
    g_auto (Mel) a = mel_of (bad, 3000);
    g_auto (Mel) b = mel_of (zero, 3000);
    g_auto (Mel) c = mel_of (loud, 3000);

    assert_mask (&a, 18);
    assert_mask (&c, 18);
    g_assert_cmpmem (a.features, a.n_frames * GEM_MEL_BANDS * sizeof (float), b.features,
                     b.n_frames * GEM_MEL_BANDS * sizeof (float));
  }
}

/* ---- the same tables for all threads ---- */

static gpointer
thread_cb (gpointer samples)
{
  float *features = g_new (float, GEM_MEL_BANDS);

  gem_mel_frame (samples, features);
  return features;
}

/* Runs in a process of its own, where no table has been made yet. */
static void
test_threads (void)
{
  g_autofree float *samples = noise (GEM_MEL_FRAME);
  GThread          *threads[8];
  float             expected[GEM_MEL_BANDS];

  if (!g_test_subprocess ()) {
    g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
    g_test_trap_assert_passed ();
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("mel", thread_cb, samples);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++) {
    g_autofree float *features = g_thread_join (threads[i]);

    gem_mel_frame (samples, expected);
    g_assert_cmpmem (features, sizeof expected, expected, sizeof expected);
  }
}

/* ---- WAV ---- */

typedef struct {
  guint   tag, channels, rate, bits;
  guint32 data_size; /* as promised */
  guint   fmt_size;  /* as promised; 40 is written in the extensible form */
  guint   block;     /* 0: what it must be */
} Header;

#define GOOD_PCM                                                                                   \
  {                                                                                                \
    1, 1, 16000, 16, 4, 16, 0                                                                      \
  }
#define GOOD_FLOAT                                                                                 \
  {                                                                                                \
    3, 1, 16000, 32, 4, 16, 0                                                                      \
  }

static void
put (GByteArray *bytes, guint32 value, guint n)
{
  for (guint i = 0; i < n; i++) {
    guint8 byte = (guint8)(value >> 8 * i);

    g_byte_array_append (bytes, &byte, 1);
  }
}

static void
put_text (GByteArray *bytes, const char *text)
{
  g_byte_array_append (bytes, (const guint8 *)text, (guint)strlen (text));
}

/* A file with this header, an odd chunk before the sound, and @n_data bytes of @data. */
static GByteArray *
wav (const Header *h, const void *data, guint n_data)
{
  static const guint8 guid[] = {0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71};
  GByteArray         *bytes = g_byte_array_new ();

  put_text (bytes, "RIFF....WAVEfmt ");
  put (bytes, h->fmt_size, 4);
  put (bytes, h->fmt_size == 40 ? 0xfffe : h->tag, 2);
  put (bytes, h->channels, 2);
  put (bytes, h->rate, 4);
  put (bytes, h->rate * h->channels * h->bits / 8, 4);
  put (bytes, h->block != 0 ? h->block : h->channels * h->bits / 8, 2);
  put (bytes, h->bits, 2);
  if (h->fmt_size == 40) {
    put (bytes, 22, 2);
    put (bytes, h->bits, 2);
    put (bytes, 4, 4);
    put (bytes, h->tag, 2);
    g_byte_array_append (bytes, guid, sizeof guid);
  }
  put_text (bytes, "LIST");
  put (bytes, 3, 4);
  put_text (bytes, "abc_data");
  put (bytes, h->data_size, 4);
  g_byte_array_append (bytes, data, n_data);
  return bytes;
}

/* Parses a copy that is exactly as long, so that a sanitizer sees a byte too many. */
static float *
parse (const GByteArray *bytes, guint length, gsize *n, GError **error)
{
  g_autofree guint8 *copy = g_memdup2 (bytes->data, length);

  return gem_wav_parse (copy, length, "a.wav", n, error);
}

static void
assert_parsed (const Header *h, const void *data, guint n_data, const float *expected, gsize n)
{
  g_autoptr (GByteArray) bytes = wav (h, data, n_data);
  g_autoptr (GError) error = NULL;
  gsize             n_samples;
  g_autofree float *samples = parse (bytes, bytes->len, &n_samples, &error);

  g_assert_no_error (error);
  g_assert_nonnull (samples);
  g_assert_cmpmem (samples, n_samples * sizeof (float), expected, n * sizeof (float));
}

static void
test_wav_forms (void)
{
  static const guint8 pcm[] = {0x00, 0x80, 0xff, 0x7f, 0x00}; /* a byte too many */
  static const guint8 real[] = {0x00, 0x00, 0x80, 0x3f};
  static const float  from_pcm[] = {-1.0f, 32767.0f / 32768.0f}, from_real[] = {1.0f};
  const Header        good_pcm = GOOD_PCM, good_float = GOOD_FLOAT;
  Header              h;

  assert_parsed (&good_pcm, pcm, 4, from_pcm, 2);
  assert_parsed (&good_float, real, 4, from_real, 1);
  h = good_pcm;
  h.fmt_size = 40;
  assert_parsed (&h, pcm, 5, from_pcm, 2);
  h = good_float;
  h.fmt_size = 40;
  assert_parsed (&h, real, 4, from_real, 1);
  h = good_pcm; /* a program that did not know the end */
  h.data_size = G_MAXUINT32;
  assert_parsed (&h, pcm, 5, from_pcm, 2);
  h.data_size = 0;
  assert_parsed (&h, pcm, 0, from_pcm, 0);
  h.data_size = 2; /* what follows is another chunk */
  assert_parsed (&h, pcm, 5, from_pcm, 1);
}

static void
test_wav_refused (void)
{
  static const struct {
    Header   header;
    GemError code;
  } cases[] = {
      {{1, 2, 16000, 16, 4, 16, 0}, GEM_ERROR_UNSUPPORTED},   /* stereo */
      {{1, 1, 44100, 16, 4, 16, 0}, GEM_ERROR_UNSUPPORTED},   /* another rate */
      {{1, 1, 16000, 24, 4, 16, 0}, GEM_ERROR_UNSUPPORTED},   /* 24 bits */
      {{3, 1, 16000, 64, 4, 16, 0}, GEM_ERROR_UNSUPPORTED},   /* double */
      {{6, 1, 16000, 16, 4, 16, 0}, GEM_ERROR_UNSUPPORTED},   /* A-law */
      {{2, 1, 16000, 16, 4, 40, 0}, GEM_ERROR_UNSUPPORTED},   /* ADPCM, extensible */
      {{1, 0, 16000, 16, 4, 16, 2}, GEM_ERROR_UNSUPPORTED},   /* no channel */
      {{1, 1, 16000, 16, 4, 16, 4}, GEM_ERROR_INVALID_INPUT}, /* samples of 4 bytes */
      {{1, 1, 16000, 16, 4, 14, 0}, GEM_ERROR_INVALID_INPUT}, /* a format that is too short */
      {{1, 1, 16000, 16, 6, 16, 0}, GEM_ERROR_INVALID_INPUT}, /* more than there is */
      {{1, 1, 16000, 16, 0xfffffffe, 16, 0}, GEM_ERROR_INVALID_INPUT},
      {{1, 1, 16000, 16, 3, 16, 0}, GEM_ERROR_INVALID_INPUT},         /* half a sample */
      {{1, 1, 16000, 16, 4, 0xffffffff, 0}, GEM_ERROR_INVALID_INPUT}, /* a chunk without end */
      {{1, 1, 16000, 16, 4, 0, 0}, GEM_ERROR_INVALID_INPUT},
  };
  static const guint8 data[4] = {1, 2, 3, 4};

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GByteArray) bytes = wav (&cases[i].header, data, sizeof data);
    g_autoptr (GError) error = NULL;
    gsize n;

    g_assert_null (parse (bytes, bytes->len, &n, &error));
    g_assert_error (error, GEM_ERROR, (int)cases[i].code);
    g_assert_true (g_str_has_prefix (error->message, "a.wav "));
    g_assert_true (g_str_has_suffix (error->message, "."));
  }
}

/* Cut off anywhere: an error, and no byte behind the end is read. */
static void
test_wav_truncated (void)
{
  static const guint8 data[] = {1, 2, 3, 4};
  const Header        headers[] = {GOOD_PCM, {1, 1, 16000, 16, 4, 40, 0}};

  for (guint i = 0; i < G_N_ELEMENTS (headers); i++) {
    g_autoptr (GByteArray) bytes = wav (&headers[i], data, sizeof data);

    for (guint length = 0; length < bytes->len; length++) {
      g_autoptr (GError) error = NULL;
      gsize n;

      g_assert_null (parse (bytes, length, &n, &error));
      g_assert_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT);
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mel/fft", test_fft);
  g_test_add_func ("/mel/constants", test_constants);
  g_test_add_func ("/mel/goldens", test_goldens);
  g_test_add_func ("/mel/counts", test_counts);
  g_test_add_func ("/mel/short", test_short);
  g_test_add_func ("/mel/long", test_long);
  g_test_add_func ("/mel/stream", test_stream);
  g_test_add_func ("/mel/silence", test_silence);
  g_test_add_func ("/mel/not-finite", test_not_finite);
  g_test_add_func ("/mel/threads", test_threads);
  g_test_add_func ("/wav/forms", test_wav_forms);
  g_test_add_func ("/wav/refused", test_wav_refused);
  g_test_add_func ("/wav/truncated", test_wav_truncated);
  return g_test_run ();
}
