/* facet-sound-stream.c: one PortAudio stream.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The callback runs on a thread of PortAudio that must never wait: it mixes to one channel and
 * writes into the ring, and nothing else.  It allocates nothing, takes no lock, logs nothing
 * (tests/app/test-sound-portaudio.c counts). */
#define G_LOG_DOMAIN "facet-sound-stream"

#include "config.h"

#include "facet-sound-stream.h"

#include "facet-resampler.h"

#include <alsa/asoundlib.h>
#include <glib/gi18n-lib.h>
#include <portaudio.h>

#include <dlfcn.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#define MAX_CHANNELS 64
#define MIX_FRAMES   256
#define GENTLE_US    (500 * G_TIME_SPAN_MILLISECOND)

struct _FacetSoundStream {
  PaStream       *stream;
  FacetSoundRing *ring;
  char           *name;
  guint           rate;
  int             n_channels;
  guint64         begin;
  _Atomic (guint) n_blocks;
  atomic_bool     ending; /* the callback ends the stream */
};

/* The callback */

/* The first two channels' mean: an interface with many has its microphones there. */
static void
write_mixed (FacetSoundStream *self, const float *frames, gsize n_frames)
{
  float mono[MIX_FRAMES];
  int   n = self->n_channels;

  while (n_frames > 0) {
    gsize block = MIN (n_frames, MIX_FRAMES);

    for (gsize i = 0; i < block; i++)
      mono[i] = 0.5f * (frames[i * n] + frames[i * n + 1]);
    facet_sound_ring_write (self->ring, mono, block);
    frames += block * n;
    n_frames -= block;
  }
}

static int
stream_cb (const void                     *input,
           void                           *output,
           unsigned long                   n_frames,
           const PaStreamCallbackTimeInfo *time,
           PaStreamCallbackFlags           flags,
           void                           *user_data)
{
  FacetSoundStream *self = user_data;

  if (input == NULL)
    return paContinue;
  if (self->n_channels == 1)
    facet_sound_ring_write (self->ring, input, n_frames);
  else
    write_mixed (self, input, n_frames);
  atomic_fetch_add_explicit (&self->n_blocks, 1, memory_order_release);
  return atomic_load_explicit (&self->ending, memory_order_relaxed) ? paComplete : paContinue;
}

/* Devices */

/* Before main (): later another thread may be reading the environment.  PortAudio asks JACK for
 * devices, too, whose library would start a sound server. */
__attribute__ ((constructor)) static void
start_no_jack_server (void)
{
  g_setenv ("JACK_NO_START_SERVER", "1", FALSE);
}

/* ALSA and JACK tell their troubles with every device that is not there on stderr. */

static void
ignore_alsa_error (const char *file,
                   int         line,
                   const char *function,
                   int         code,
                   const char *format,
                   ...)
{
}

static void
ignore_jack_message (const char *message)
{
}

/* PortAudio brings JACK's library along, or not. */
static void
be_quiet (void)
{
  static const char *const names[] = {"jack_set_error_function", "jack_set_info_function"};

  snd_lib_error_set_handler (ignore_alsa_error);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    void (*set) (void (*func) (const char *)) =
        (void (*) (void (*) (const char *)))dlsym (RTLD_DEFAULT, names[i]);

    if (set != NULL)
      set (ignore_jack_message);
  }
}

gboolean
facet_sound_stream_init (GError **error)
{
  PaError result;

  be_quiet ();
  result = Pa_Initialize ();
  if (result == paNoError)
    return TRUE;
  g_set_error (error, FACET_SOUND_ERROR, FACET_SOUND_ERROR_OPEN,
               _ ("The sound system could not be started: %s.  Check the sound settings of the "
                  "computer and try again."),
               Pa_GetErrorText (result));
  return FALSE;
}

void
facet_sound_stream_quit (void)
{
  Pa_Terminate ();
}

/* An index means another device the next time; the two names together stay. */
static char *
make_id (const PaDeviceInfo *info)
{
  const PaHostApiInfo *host = Pa_GetHostApiInfo (info->hostApi);
  g_autofree char     *id = g_strdup_printf ("%s: %s", host != NULL ? host->name : "", info->name);

  return g_utf8_make_valid (id, -1);
}

GPtrArray *
facet_sound_stream_list (void)
{
  GPtrArray    *devices = g_ptr_array_new_with_free_func ((GDestroyNotify)facet_sound_device_free);
  PaDeviceIndex usual = Pa_GetDefaultInputDevice ();

  for (PaDeviceIndex i = 0; i < Pa_GetDeviceCount (); i++) {
    const PaDeviceInfo *info = Pa_GetDeviceInfo (i);
    g_autofree char    *id = NULL;
    g_autofree char    *name = NULL;

    if (info == NULL || info->maxInputChannels < 1)
      continue;
    id = make_id (info);
    name = g_utf8_make_valid (info->name, -1);
    g_ptr_array_add (devices, facet_sound_device_new (id, name, i == usual));
  }
  return devices;
}

/* Of an id. */
static const char *
display_name (const char *id)
{
  const char *name = strstr (id, ": ");

  return name != NULL ? name + 2 : id;
}

static PaDeviceIndex
find_device (const char *device, GError **error)
{
  if (device == NULL) {
    PaDeviceIndex usual = Pa_GetDefaultInputDevice ();

    if (usual == paNoDevice)
      g_set_error_literal (error, FACET_SOUND_ERROR, FACET_SOUND_ERROR_NO_DEVICE,
                           _ ("No microphone was found.  Connect one and try again."));
    return usual;
  }
  for (PaDeviceIndex i = 0; i < Pa_GetDeviceCount (); i++) {
    const PaDeviceInfo *info = Pa_GetDeviceInfo (i);
    g_autofree char    *id = info != NULL ? make_id (info) : NULL;

    if (g_strcmp0 (id, device) == 0 && info->maxInputChannels > 0)
      return i;
  }
  g_set_error (error, FACET_SOUND_ERROR, FACET_SOUND_ERROR_NO_DEVICE,
               _ ("The microphone “%s” is not there.  Connect it, or choose another one."),
               display_name (device));
  return paNoDevice;
}

/* The stream */

static PaError
try_open (FacetSoundStream *self, PaDeviceIndex index, const PaDeviceInfo *info, int n, double rate)
{
  PaStreamParameters parameters = {.device = index,
                                   .channelCount = n,
                                   .sampleFormat = paFloat32,
                                   .suggestedLatency =
                                       CLAMP (info->defaultHighInputLatency, 0.02, 0.1)};

  self->n_channels = n;
  self->rate = (guint)lrint (rate);
  return Pa_OpenStream (&self->stream, &parameters, NULL, rate, paFramesPerBufferUnspecified,
                        paNoFlag, stream_cb, self);
}

/* 16 kHz, else what the device likes best, else what most devices can; one channel, else more. */
static PaError
open_somehow (FacetSoundStream *self, PaDeviceIndex index, const PaDeviceInfo *info)
{
  const double rates[] = {FACET_SOUND_RATE, rint (info->defaultSampleRate), 48000, 44100};
  const int    channels[] = {1, 2, info->maxInputChannels};
  PaError      result = paInvalidSampleRate;

  for (guint r = 0; r < G_N_ELEMENTS (rates); r++) {
    if (rates[r] < FACET_RESAMPLER_MIN_RATE || rates[r] > FACET_RESAMPLER_MAX_RATE)
      continue;
    for (guint c = 0; c < G_N_ELEMENTS (channels); c++) {
      if (channels[c] > MIN (info->maxInputChannels, MAX_CHANNELS))
        continue;
      result = try_open (self, index, info, channels[c], rates[r]);
      /* Another form does not help against a device that is in use or gone. */
      if (result != paInvalidSampleRate && result != paInvalidChannelCount &&
          result != paUnanticipatedHostError)
        return result;
    }
  }
  return result;
}

static const char *
describe (PaError result)
{
  const PaHostErrorInfo *host = Pa_GetLastHostErrorInfo ();

  if (result == paUnanticipatedHostError && host != NULL && host->errorText != NULL &&
      *host->errorText != '\0')
    return host->errorText;
  return Pa_GetErrorText (result);
}

FacetSoundStream *
facet_sound_stream_open (const char *device, FacetSoundRing *ring, GError **error)
{
  PaDeviceIndex       index = find_device (device, error);
  const PaDeviceInfo *info = index != paNoDevice ? Pa_GetDeviceInfo (index) : NULL;
  FacetSoundStream   *self;
  PaError             result;

  if (info == NULL)
    return NULL;
  self = g_new0 (FacetSoundStream, 1);
  self->name = g_utf8_make_valid (info->name, -1);
  self->ring = facet_sound_ring_ref (ring);
  self->begin = facet_sound_ring_get_written (ring);
  result = open_somehow (self, index, info);
  if (result == paNoError)
    result = Pa_StartStream (self->stream);
  if (result == paNoError)
    return self;
  g_set_error (error, FACET_SOUND_ERROR, FACET_SOUND_ERROR_OPEN,
               _ ("The microphone “%s” could not be opened: %s.  Close other programs that use it, "
                  "or choose another one."),
               self->name, describe (result));
  facet_sound_stream_close (self);
  return NULL;
}

/* FALSE: the callback is not called any more, and its thread hangs somewhere. */
static gboolean
end_gently (FacetSoundStream *self)
{
  gint64 deadline = g_get_monotonic_time () + GENTLE_US;

  atomic_store_explicit (&self->ending, TRUE, memory_order_relaxed);
  while (Pa_IsStreamActive (self->stream) == 1 && g_get_monotonic_time () < deadline)
    Pa_Sleep (5);
  return Pa_IsStreamActive (self->stream) != 1;
}

/* A stop waits for the callback's thread; an abort cancels it wherever it is. */
void
facet_sound_stream_close (FacetSoundStream *self)
{
  if (self->stream != NULL) {
    if (end_gently (self))
      Pa_StopStream (self->stream);
    else
      Pa_AbortStream (self->stream);
    Pa_CloseStream (self->stream);
  }
  facet_sound_ring_unref (self->ring);
  g_free (self->name);
  g_free (self);
}

guint
facet_sound_stream_get_rate (FacetSoundStream *self)
{
  return self->rate;
}

guint64
facet_sound_stream_get_begin (FacetSoundStream *self)
{
  return self->begin;
}

guint
facet_sound_stream_get_n_blocks (FacetSoundStream *self)
{
  return atomic_load_explicit (&self->n_blocks, memory_order_acquire);
}

gboolean
facet_sound_stream_is_active (FacetSoundStream *self)
{
  return Pa_IsStreamActive (self->stream) == 1;
}

GError *
facet_sound_stream_lost_error (FacetSoundStream *self)
{
  return g_error_new (FACET_SOUND_ERROR, FACET_SOUND_ERROR_LOST,
                      _ ("Nothing comes from the microphone “%s” any more.  Check that it is "
                         "connected and switched on, or choose another one."),
                      self->name);
}
