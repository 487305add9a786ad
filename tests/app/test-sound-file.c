/* test-sound-file.c: sound files of every make, good and bad, to samples at 16 kHz.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-sound-file"

#include "app/facet-decoder.h"
#include "app/facet-sound-file.h"
#include "media-files.h"
#include "test-folder.h"

#include <gst/gst.h>

#include <math.h>
#include <string.h>
#include <unistd.h>

typedef TestFolder Fixture;

static FacetSound *
load (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  FacetSound *sound = facet_sound_load (f->path, "talk.xyz", NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (sound);
  return sound;
}

static void
assert_refused (Fixture *f, FacetMediaError code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (facet_sound_load (f->path, "talk.xyz", NULL, &error));
  g_assert_error (error, FACET_MEDIA_ERROR, (int)code);
  g_assert_nonnull (strstr (error->message, "“talk.xyz”"));
  g_assert_true (g_str_has_suffix (error->message, "."));
}

/* Half of full scale, 440 Hz, the same in every channel. */
static double
tone (double t, guint channel)
{
  return 0.5 * sin (2 * G_PI * 440 * t);
}

static double
silence (double t, guint channel)
{
  return 0;
}

static double
too_loud (double t, guint channel)
{
  return 3 * tone (t, channel);
}

/* Speech for two seconds, a pause of a quarter, and so on. */
static double
with_pauses (double t, guint channel)
{
  return fmod (t, 2.25) < 2 ? tone (t, channel) : 0;
}

/* How much of 440 Hz there is, and how much of all. */
static void
measure (const FacetSound *sound, double *amplitude, double *rms)
{
  double re = 0, im = 0, sum = 0;
  gsize  from = sound->n_samples / 10, to = sound->n_samples * 9 / 10;

  for (gsize i = from; i < to; i++) {
    double phase = 2 * G_PI * 440 * (double)i / FACET_SOUND_RATE;

    re += sound->samples[i] * cos (phase);
    im += sound->samples[i] * sin (phase);
    sum += (double)sound->samples[i] * sound->samples[i];
  }
  *amplitude = 2 * sqrt (re * re + im * im) / (double)(to - from);
  *rms = sqrt (sum / (double)(to - from));
}

/* A tone of 440 Hz and nothing else, of so many seconds. */
static void
assert_tone (const FacetSound *sound, double seconds, double slack, double lowest)
{
  double amplitude, rms;

  g_assert_cmpfloat (fabs ((double)sound->n_samples / FACET_SOUND_RATE - seconds), <=, slack);
  measure (sound, &amplitude, &rms);
  g_assert_cmpfloat (amplitude, >, lowest);
  g_assert_cmpfloat (amplitude, <, 0.52);
  g_assert_cmpfloat (fabs (rms - amplitude / sqrt (2)), <, 0.01);
}

static void
test_wav (Fixture *f, gconstpointer data)
{
  static const guint rates[] = {8000, 11025, 16000, 44100, 48000, 96000, 192000};
  static const guint channels[] = {1, 2, 6};

  for (guint i = 0; i < G_N_ELEMENTS (rates) * G_N_ELEMENTS (channels); i++) {
    guint rate = rates[i / G_N_ELEMENTS (channels)];
    guint n_channels = channels[i % G_N_ELEMENTS (channels)];
    g_autoptr (GByteArray) wav = make_wav (i % 4, rate, n_channels, 0.5, FALSE, tone);
    g_autoptr (FacetSound) sound = NULL;

    write_file (f->path, wav);
    sound = load (f);
    assert_tone (sound, 0.5, 0.002, 0.48);
    g_assert_cmpuint (sound->rate, ==, rate);
    g_assert_cmpuint (sound->n_channels, ==, n_channels);
    g_assert_cmpstr (sound->media_type, ==, "audio/x-wav");
    g_assert_cmpstr (sound->note, ==, NULL);
    g_assert_cmpuint (sound->n_clips, ==, 1);
  }
}

/* At 16 kHz mono nothing is resampled: every sample is the file's. */
static void
test_exact (Fixture *f, gconstpointer data)
{
  g_autoptr (GByteArray) wav = make_wav (WAV_S16, 16000, 1, 0.25, FALSE, tone);
  g_autoptr (FacetSound) sound = NULL;

  write_file (f->path, wav);
  sound = load (f);
  g_assert_cmpuint (sound->n_samples, ==, 4000);
  for (guint i = 0; i < 4000; i++)
    g_assert_cmpfloat (sound->samples[i], ==,
                       (float)lrint (tone (i / 16000.0, 0) * 32767) / 32768.0f);
  /* The picture of it: half of full scale everywhere. */
  for (guint i = 0; i < FACET_SOUND_N_PEAKS; i++)
    g_assert_cmpint (ABS ((int)sound->peaks[i] - 127), <=, 3);
}

/* Channels that belong to no speaker. */
static void
test_no_speakers (Fixture *f, gconstpointer data)
{
  g_autoptr (GByteArray) wav = make_wav (WAV_S16, 16000, 4, 0.5, TRUE, tone);
  g_autoptr (FacetSound) sound = NULL;

  write_file (f->path, wav);
  sound = load (f);
  g_assert_cmpuint (sound->n_channels, ==, 4);
  assert_tone (sound, 0.5, 0.002, 0.48);
}

static void
test_compressed (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetSound) sound = NULL;
  g_autofree char *pipeline =
      g_strdup_printf ("audiotestsrc num-buffers=48 samplesperbuffer=1000 freq=440 volume=0.5 ! "
                       "audio/x-raw,rate=48000,channels=2 ! audioconvert ! %s ! "
                       "filesink location=OUT",
                       (const char *)data);

  if (!make_by_gstreamer (pipeline, f->path))
    return;
  sound = load (f);
  /* Encoders add and lose some at both ends. */
  assert_tone (sound, 1, 0.1, 0.4);
  g_assert_cmpuint (sound->rate, ==, 48000);
  g_assert_cmpuint (sound->n_channels, ==, 2);
}

static void
test_levels (Fixture *f, gconstpointer data)
{
  g_autoptr (GByteArray) quiet = make_wav (WAV_S16, 16000, 1, 0.5, FALSE, silence);
  g_autoptr (GByteArray) loud = make_wav (WAV_S16, 16000, 1, 0.5, FALSE, too_loud);
  FacetSound *sound;

  write_file (f->path, quiet);
  sound = load (f);
  g_assert_cmpstr (sound->note, ==, "It is silent.");
  facet_sound_unref (sound);

  write_file (f->path, loud);
  sound = load (f);
  g_assert_cmpstr (sound->note, ==, "It was recorded too loud: parts of it are distorted.");
  facet_sound_unref (sound);
}

/* Numbers that are none. */
static void
test_not_finite (Fixture *f, gconstpointer data)
{
  static const guint32 odd[] = {0x7fc00000, 0x7f800000, 0xff800000}; /* NaN, ∞, −∞ */
  g_autoptr (GByteArray) wav = make_wav (WAV_F32, 16000, 1, 0.1, FALSE, tone);
  g_autoptr (FacetSound) sound = NULL;

  for (guint i = 0; i < 3; i++) {
    guint32 bits = GUINT32_TO_LE (odd[i]);

    memcpy (wav->data + 44 + 400 * (i + 1), &bits, 4);
  }
  write_file (f->path, wav);
  sound = load (f);
  for (guint i = 0; i < sound->n_samples; i++)
    g_assert_true (isfinite (sound->samples[i]));
}

static void
test_clips (Fixture *f, gconstpointer data)
{
  g_autoptr (GByteArray) wav = make_wav (WAV_S16, 8000, 1, 70, FALSE, with_pauses);
  g_autoptr (FacetSound) sound = NULL;
  gsize sum = 0;

  write_file (f->path, wav);
  sound = load (f);
  g_assert_cmpuint (sound->n_clips, ==, 3);
  g_assert_cmpstr (sound->note, ==, "It is read in 3 parts of up to 30 s.");
  for (guint i = 0; i < sound->n_clips; i++) {
    gsize        n;
    const float *clip = facet_sound_get_clip (sound, i, &n);
    double       end;

    g_assert_true (clip == sound->samples + sum);
    g_assert_cmpuint (n, <=, 30 * FACET_SOUND_RATE);
    sum += n;
    end = (double)sum / FACET_SOUND_RATE;
    if (i + 1 < sound->n_clips) /* in a pause */
      g_assert_cmpfloat (fmod (end, 2.25), >, 2);
  }
  g_assert_cmpuint (sum, ==, sound->n_samples);
}

static void
test_too_long (Fixture *f, gconstpointer data)
{
  g_autoptr (GByteArray) wav = make_wav (WAV_U8, 4000, 1, 301, FALSE, silence);
  guint32 bytes_per_second = GUINT32_TO_LE (8000), n_bytes = GUINT32_TO_LE (8000 * 36000);

  write_file (f->path, wav);
  assert_refused (f, FACET_MEDIA_ERROR_TOO_LARGE);
  /* Ten hours, of which all but a second is a hole in the file. */
  g_byte_array_set_size (wav, 8044);
  memcpy (wav->data + 24, &bytes_per_second, 4);
  memcpy (wav->data + 28, &bytes_per_second, 4);
  memcpy (wav->data + 40, &n_bytes, 4);
  write_file (f->path, wav);
  g_assert_cmpint (truncate (f->path, 8000 * 36000 + 44), ==, 0);
  assert_refused (f, FACET_MEDIA_ERROR_TOO_LARGE);
}

static void
test_too_short (Fixture *f, gconstpointer data)
{
  g_autoptr (GByteArray) none = make_wav (WAV_S16, 16000, 1, 0, FALSE, tone);
  g_autoptr (GByteArray) few = make_wav (WAV_S16, 16000, 1, 0.01, FALSE, tone);

  write_file (f->path, none);
  assert_refused (f, FACET_MEDIA_ERROR_DAMAGED);
  write_file (f->path, few);
  assert_refused (f, FACET_MEDIA_ERROR_DAMAGED);
}

/* A file that ends early is heard as far as it goes. */
static void
test_truncated (Fixture *f, gconstpointer data)
{
  g_autoptr (GByteArray) wav = make_wav (WAV_S16, 16000, 1, 4, FALSE, tone);
  g_autoptr (FacetSound) sound = NULL;

  for (guint n = 0; n < 48; n += 4) {
    g_autoptr (GByteArray) head = g_byte_array_new ();
    g_autoptr (GError) error = NULL;

    g_byte_array_append (head, wav->data, n);
    write_file (f->path, head);
    g_assert_null (facet_sound_load (f->path, "talk.xyz", NULL, &error));
    g_assert_true (error->domain == FACET_MEDIA_ERROR);
    g_assert_nonnull (strstr (error->message, "“talk.xyz”"));
  }
  g_byte_array_set_size (wav, 44 + 32000);
  write_file (f->path, wav);
  sound = load (f);
  assert_tone (sound, 1, 0.002, 0.48);
}

/* FLAC says at its beginning how long it is; so it is known that something is missing. */
static void
test_truncated_flac (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetSound) sound = NULL;
  g_autoptr (GByteArray) head = g_byte_array_new ();
  char *contents;
  gsize n_bytes;

  if (!make_by_gstreamer ("audiotestsrc num-buffers=192 samplesperbuffer=1000 freq=440 volume=0.5 "
                          "! audio/x-raw,rate=48000 ! flacenc ! filesink location=OUT",
                          f->path))
    return;
  g_file_get_contents (f->path, &contents, &n_bytes, NULL);
  g_byte_array_append (head, (const guint8 *)contents, (guint)n_bytes / 2);
  g_free (contents);
  write_file (f->path, head);
  sound = load (f);
  g_assert_cmpuint (sound->n_samples, <, 3 * FACET_SOUND_RATE);
  g_assert_true (g_str_has_prefix (sound->note, "The file is damaged: only the first "));
}

static void
test_corrupt (Fixture *f, gconstpointer data)
{
  g_autoptr (GByteArray) good = NULL;
  GRand *rand = g_rand_new_with_seed (11);
  char  *contents;
  gsize  n_bytes;

  if (make_by_gstreamer ("audiotestsrc num-buffers=10 ! audioconvert ! vorbisenc ! oggmux ! "
                         "filesink location=OUT",
                         f->path)) {
    g_file_get_contents (f->path, &contents, &n_bytes, NULL);
    good = g_byte_array_new_take ((guint8 *)contents, n_bytes);
  }
  for (guint i = 0; good != NULL && i < 30; i++) {
    g_autoptr (GByteArray) bytes = g_byte_array_new ();
    g_autoptr (GError) error = NULL;
    g_autoptr (FacetSound) sound = NULL;

    g_byte_array_append (bytes, good->data, good->len * (i % 3 + 1) / 3);
    for (guint k = 0; k < 10; k++)
      bytes->data[g_rand_int_range (rand, 0, (int)bytes->len)] =
          (guint8)g_rand_int_range (rand, 0, 256);
    write_file (f->path, bytes);
    sound = facet_sound_load (f->path, "talk.xyz", NULL, &error);
    g_assert_true ((sound != NULL) == (error == NULL));
    g_assert_true (error == NULL || error->domain == FACET_MEDIA_ERROR);
  }
  g_rand_free (rand);
}

static void
write_text (Fixture *f, const char *text)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (f->path, text, -1, &error);
  g_assert_no_error (error);
}

static void
test_not_a_sound (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GByteArray) wav = make_wav (WAV_S16, 16000, 1, 0.25, FALSE, tone);
  g_autoptr (GError) error = NULL;

  assert_refused (f, FACET_MEDIA_ERROR_MISSING);
  write_text (f, "");
  assert_refused (f, FACET_MEDIA_ERROR_DAMAGED);
  write_text (f, "Dear diary, today nothing happened.\n");
  assert_refused (f, FACET_MEDIA_ERROR_UNSUPPORTED);
  write_file (f->path, wav);
  g_cancellable_cancel (cancellable);
  g_assert_null (facet_sound_load (f->path, "talk.xyz", cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* Files that only name others are not followed: nobody calls at the address. */
static gboolean
incoming_cb (GSocketService *service, GSocketConnection *connection, GObject *source, gpointer data)
{
  g_atomic_int_inc ((int *)data);
  return FALSE;
}

static void
test_no_network (Fixture *f, gconstpointer data)
{
  g_autoptr (GSocketService) service = g_threaded_socket_service_new (2);
  g_autoptr (GError) error = NULL;
  guint16 port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (service), NULL, &error);
  g_autofree char *hls =
      g_strdup_printf ("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n"
                       "http://127.0.0.1:%u/a.ts\n#EXT-X-ENDLIST\n",
                       port);
  g_autofree char *dash =
      g_strdup_printf ("<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011' "
                       "type='static' mediaPresentationDuration='PT5S'><Period><AdaptationSet "
                       "mimeType='audio/mp4'><Representation id='a' bandwidth='1'><BaseURL>"
                       "http://127.0.0.1:%u/a.mp4</BaseURL></Representation></AdaptationSet>"
                       "</Period></MPD>",
                       port);
  g_autofree char  *sdp = g_strdup_printf ("v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 "
                                            "0\r\na=control:rtsp://127.0.0.1:%u/\r\n"
                                            "m=audio 5004 RTP/AVP 0\r\nc=IN IP4 127.0.0.1\r\n",
                                           port);
  const char *const texts[] = {hls, dash, sdp};
  int               n_calls = 0;

  g_assert_no_error (error);
  g_signal_connect (service, "incoming", G_CALLBACK (incoming_cb), &n_calls);
  g_socket_service_start (service);
  for (guint i = 0; i < 3; i++) {
    write_text (f, texts[i]);
    assert_refused (f, FACET_MEDIA_ERROR_UNSUPPORTED);
    while (g_main_context_iteration (NULL, FALSE))
      ;
    g_assert_cmpint (g_atomic_int_get (&n_calls), ==, 0);
  }
  g_socket_service_stop (service);
  g_socket_listener_close (G_SOCKET_LISTENER (service));
}

static void
find_unknown (GstTypeFind *find, gpointer data)
{
  const guint8 *bytes = gst_type_find_peek (find, 0, 4);

  if (bytes != NULL && memcmp (bytes, "ODD!", 4) == 0)
    gst_type_find_suggest_empty_simple (find, GST_TYPE_FIND_MAXIMUM, "audio/x-odd");
}

/* The format is known, and nothing here decodes it: the sentence names it and the way out. */
static void
test_no_decoder (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  gst_init (NULL, NULL);
  gst_type_find_register (NULL, "odd-type", GST_RANK_PRIMARY, find_unknown, NULL, NULL, NULL, NULL);
  write_text (f, "ODD! sounds for which nobody has written a decoder.");
  g_assert_null (facet_sound_load (f->path, "talk.xyz", NULL, &error));
  g_assert_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "audio/x-odd"));
  g_assert_nonnull (strstr (error->message, "Install"));
}

/* A decoder that never gives anything back until it is let go. */

typedef struct {
  GstElement parent_instance;
  GstPad    *sink;
} Hanging;

typedef struct {
  GstElementClass parent_class;
} HangingClass;

static GType hanging_get_type (void);
G_DEFINE_TYPE (Hanging, hanging, GST_TYPE_ELEMENT)

static GMutex   hanging_lock;
static GCond    hanging_cond;
static gboolean hanging_let_go, hanging_in_chain;

static GstFlowReturn
hanging_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  gst_buffer_unref (buffer);
  g_mutex_lock (&hanging_lock);
  hanging_in_chain = TRUE;
  while (!hanging_let_go)
    g_cond_wait (&hanging_cond, &hanging_lock);
  hanging_in_chain = FALSE;
  g_cond_broadcast (&hanging_cond);
  g_mutex_unlock (&hanging_lock);
  return GST_FLOW_EOS;
}

static GstStaticPadTemplate hanging_sink =
    GST_STATIC_PAD_TEMPLATE ("sink",
                             GST_PAD_SINK,
                             GST_PAD_ALWAYS,
                             GST_STATIC_CAPS ("audio/x-hang"));
static GstStaticPadTemplate hanging_source =
    GST_STATIC_PAD_TEMPLATE ("src",
                             GST_PAD_SRC,
                             GST_PAD_ALWAYS,
                             GST_STATIC_CAPS (
                                 "audio/"
                                 "x-raw,format=S16LE,rate=16000,channels=1,layout=interleaved"));

static void
hanging_class_init (HangingClass *class)
{
  GstElementClass *element = GST_ELEMENT_CLASS (class);

  gst_element_class_add_static_pad_template (element, &hanging_sink);
  gst_element_class_add_static_pad_template (element, &hanging_source);
  gst_element_class_set_static_metadata (element, "Hanging", "Codec/Decoder/Audio", "Hangs",
                                         "Facet");
}

static void
hanging_init (Hanging *self)
{
  self->sink = gst_pad_new_from_static_template (&hanging_sink, "sink");
  gst_pad_set_chain_function (self->sink, hanging_chain);
  gst_element_add_pad (GST_ELEMENT (self), self->sink);
  gst_element_add_pad (GST_ELEMENT (self),
                       gst_pad_new_from_static_template (&hanging_source, "src"));
}

static void
find_hanging (GstTypeFind *find, gpointer data)
{
  const guint8 *bytes = gst_type_find_peek (find, 0, 4);

  if (bytes != NULL && memcmp (bytes, "HANG", 4) == 0)
    gst_type_find_suggest_empty_simple (find, GST_TYPE_FIND_MAXIMUM, "audio/x-hang");
}

static void
test_stall (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (FacetDecoder) decoder = NULL;

  write_text (f, "HANG for ever, or at least for as long as nobody lets go of it.");
  decoder = facet_decoder_new (f->path, "talk.xyz", FACET_STREAM_SOUND, "identity", &error);
  g_assert_no_error (error);
  gst_type_find_register (NULL, "hanging-type", GST_RANK_PRIMARY, find_hanging, NULL, NULL, NULL,
                          NULL);
  gst_element_register (NULL, "hanging", GST_RANK_PRIMARY, hanging_get_type ());
  facet_decoder_set_patience (decoder, 2000);
  g_assert_null (facet_decoder_pull (decoder, NULL, &error));
  g_assert_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_DAMAGED);
  g_assert_nonnull (strstr (error->message, "got stuck"));
  /* Letting go of it does not wait for the thread that hangs. */
  g_clear_pointer (&decoder, facet_decoder_free);
  g_mutex_lock (&hanging_lock);
  g_assert_true (hanging_in_chain);
  hanging_let_go = TRUE;
  g_cond_broadcast (&hanging_cond);
  while (hanging_in_chain)
    g_cond_wait (&hanging_cond, &hanging_lock);
  g_mutex_unlock (&hanging_lock);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, data, func)                                                                      \
  g_test_add (path, Fixture, data, test_folder_set_up, func, test_folder_tear_down)
  ADD ("/sound-file/wav", NULL, test_wav);
  ADD ("/sound-file/exact", NULL, test_exact);
  ADD ("/sound-file/no-speakers", NULL, test_no_speakers);
  ADD ("/sound-file/vorbis", "vorbisenc quality=0.8 ! oggmux", test_compressed);
  ADD ("/sound-file/opus", "opusenc bitrate=128000 ! oggmux", test_compressed);
  ADD ("/sound-file/mp3", "lamemp3enc", test_compressed);
  ADD ("/sound-file/flac", "flacenc", test_compressed);
  ADD ("/sound-file/aac", "avenc_aac ! mp4mux", test_compressed);
  ADD ("/sound-file/levels", NULL, test_levels);
  ADD ("/sound-file/not-finite", NULL, test_not_finite);
  ADD ("/sound-file/clips", NULL, test_clips);
  ADD ("/sound-file/too-long", NULL, test_too_long);
  ADD ("/sound-file/too-short", NULL, test_too_short);
  ADD ("/sound-file/truncated", NULL, test_truncated);
  ADD ("/sound-file/truncated-flac", NULL, test_truncated_flac);
  ADD ("/sound-file/corrupt", NULL, test_corrupt);
  ADD ("/sound-file/not-a-sound", NULL, test_not_a_sound);
  ADD ("/sound-file/no-network", NULL, test_no_network);
  ADD ("/sound-file/no-decoder", NULL, test_no_decoder);
  ADD ("/sound-file/stall", NULL, test_stall);
  return g_test_run ();
}
