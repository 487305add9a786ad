/* test-sound-portaudio.c: a spoken sentence through a virtual microphone, PortAudio and the
 * recorder; what the audio callback does; a microphone that goes away.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The program runs itself under tests/tools/virtual-mic.sh, which starts a PulseAudio of its own.
 * Where that does not start the test says that it skips. */
#define G_LOG_DOMAIN "test-sound-portaudio"

#include "app/facet-recorder.h"
#include "app/facet-sound-portaudio.h"
#include "engine/gem-wav.h"
#include "find-sound.h"
#include "test-folder.h"

#include <gio/gio.h>
#include <glib/gstdio.h>

#include <dlfcn.h>
#include <portaudio.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>

#define RATE      FACET_SOUND_RATE
#define NO_DAEMON 125 /* what virtual-mic.sh says then */
#ifdef __SANITIZE_THREAD__
#define THREADS_ARE_WATCHED TRUE
#else
#define THREADS_ARE_WATCHED FALSE
#endif

/* What the callback's thread does while it is in the callback.  These stand before the C library's
 * and GLib's own; a sanitizer has its own there. */

static _Thread_local int in_callback;
static _Atomic (int)     n_callbacks, n_allocations, n_locks;

static PaStreamCallback *real_callback;
static gboolean          is_picky; /* the device takes 44.1 kHz in stereo, and nothing else */

static int
counting_callback (const void                     *input,
                   void                           *output,
                   unsigned long                   n,
                   const PaStreamCallbackTimeInfo *time,
                   PaStreamCallbackFlags           flags,
                   void                           *user_data)
{
  int result;

  in_callback = 1;
  result = real_callback (input, output, n, time, flags, user_data);
  in_callback = 0;
  n_callbacks++;
  return result;
}

PaError
Pa_OpenStream (PaStream                **stream,
               const PaStreamParameters *input,
               const PaStreamParameters *output,
               double                    rate,
               unsigned long             n_frames,
               PaStreamFlags             flags,
               PaStreamCallback         *callback,
               void                     *user_data)
{
  __typeof__ (&Pa_OpenStream) next =
      (__typeof__ (&Pa_OpenStream))dlsym (RTLD_NEXT, "Pa_OpenStream");

  real_callback = callback;
  if (is_picky && rate != 44100)
    return paInvalidSampleRate;
  if (is_picky && input->channelCount != 2)
    return paInvalidChannelCount;
  return next (stream, input, output, rate, n_frames, flags, counting_callback, user_data);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNTS FALSE
#else
#define COUNTS TRUE

extern void *__libc_malloc (size_t n);
extern void *__libc_calloc (size_t n, size_t size);
extern void *__libc_realloc (void *data, size_t n);
extern void  __libc_free (void *data);

void *
malloc (size_t n)
{
  n_allocations += in_callback;
  return __libc_malloc (n);
}

void *
calloc (size_t n, size_t size)
{
  n_allocations += in_callback;
  return __libc_calloc (n, size);
}

void *
realloc (void *data, size_t n)
{
  n_allocations += in_callback;
  return __libc_realloc (data, n);
}

void
free (void *data)
{
  n_allocations += in_callback;
  __libc_free (data);
}

#define NEXT(function)                                                                             \
  ({                                                                                               \
    static __typeof__ (&function) next_;                                                           \
    if (next_ == NULL)                                                                             \
      next_ = (__typeof__ (&function))dlsym (RTLD_NEXT, #function);                                \
    next_;                                                                                         \
  })

int
pthread_mutex_lock (pthread_mutex_t *mutex)
{
  n_locks += in_callback;
  return NEXT (pthread_mutex_lock) (mutex);
}

int
pthread_cond_signal (pthread_cond_t *cond)
{
  n_locks += in_callback;
  return NEXT (pthread_cond_signal) (cond);
}

void
g_mutex_lock (GMutex *mutex)
{
  n_locks += in_callback;
  NEXT (g_mutex_lock) (mutex);
}

void
g_async_queue_push (GAsyncQueue *queue, gpointer data)
{
  n_locks += in_callback;
  NEXT (g_async_queue_push) (queue, data);
}
#endif

/* The counters count. */
static void
test_counters (void)
{
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  GMutex          lock;
  void *volatile data;

  if (!COUNTS) {
    g_test_skip ("the sanitizer has these functions");
    return;
  }
  g_mutex_init (&lock);
  in_callback = 1;
  data = g_malloc (10);
  g_free (data);
  pthread_mutex_lock (&mutex);
  g_mutex_lock (&lock);
  in_callback = 0;
  g_mutex_unlock (&lock);
  pthread_mutex_unlock (&mutex);
  g_mutex_clear (&lock);
  g_assert_cmpint (n_allocations, ==, 2);
  g_assert_cmpint (n_locks, ==, 2);
  n_allocations = n_locks = 0;
}

/* Recording */

typedef struct {
  char             *folder;
  FacetSoundSource *source;
  FacetRecorder    *recorder;
  FacetClip        *clip;
  int               end; /* −1: not yet */
  guint             n_changes;
} Fixture;

#define wait_until(condition)                                                                      \
  while (!(condition))                                                                             \
  g_main_context_iteration (NULL, TRUE)

static void
clip_cb (FacetRecorder *recorder, FacetClip *clip, Fixture *f)
{
  g_assert_null (f->clip);
  f->clip = facet_clip_ref (clip);
}

static void
finished_cb (FacetRecorder *recorder, int end, Fixture *f)
{
  f->end = end;
}

static void
changed_cb (FacetRecorder *recorder, Fixture *f)
{
  f->n_changes++;
}

static void
fixture_init (Fixture *f)
{
  *f = (Fixture){.folder = test_folder_new (), .end = -1};
  f->source = facet_sound_portaudio_new (f->folder);
  f->recorder = facet_recorder_new (f->source, f->folder);
  g_signal_connect (f->recorder, "clip", G_CALLBACK (clip_cb), f);
  g_signal_connect (f->recorder, "finished", G_CALLBACK (finished_cb), f);
  g_signal_connect (f->recorder, "devices-changed", G_CALLBACK (changed_cb), f);
}

static void
fixture_clear (Fixture *f)
{
  g_assert_finalize_object (f->recorder);
  g_assert_finalize_object (f->source);
  g_clear_pointer (&f->clip, facet_clip_unref);
  test_folder_remove (f->folder);
  g_free (f->folder);
}

#define spawn(...)                                                                                 \
  g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, NULL,   \
                    __VA_ARGS__)

static void
exited_cb (GObject *process, GAsyncResult *result, gpointer exited)
{
  g_autoptr (GError) error = NULL;

  g_subprocess_wait_check_finish (G_SUBPROCESS (process), result, &error);
  g_assert_no_error (error);
  *(gboolean *)exited = TRUE;
}

/* Waits with the main loop running. */
static void
wait_for (GSubprocess *process)
{
  gboolean exited = FALSE;

  g_assert_nonnull (process);
  g_subprocess_wait_check_async (process, NULL, exited_cb, &exited);
  wait_until (exited);
  g_object_unref (process);
}

static char *
virtual_mic (void)
{
  return g_build_filename (g_getenv ("FACET_SOURCE_ROOT"), "tests", "tools", "virtual-mic.sh",
                           NULL);
}

static float *
read_file (const char *path, gsize *n)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *data = NULL;
  gsize            length;
  float           *samples;

  g_file_get_contents (path, &data, &length, &error);
  g_assert_no_error (error);
  samples = gem_wav_parse (data, length, path, n, &error);
  g_assert_no_error (error);
  return samples;
}

/* A spoken sentence at 16 kHz. */
static char *
speak (const char *folder)
{
  char            *path = g_build_filename (folder, "spoken.wav", NULL);
  g_autofree char *raw = g_build_filename (folder, "espeak.wav", NULL);

  wait_for (spawn ("espeak-ng", "-w", raw, "The quick brown fox jumps over the lazy dog.", NULL));
  wait_for (spawn ("sox", raw, "-r", "16000", "-b", "16", path, NULL));
  return path;
}

static void
record_speech (void)
{
  Fixture          f;
  g_autofree char *script = virtual_mic ();
  g_autofree char *spoken = NULL;
  double           elapsed;
  gsize            n_want;
  gsize            n_got;
  gsize            at = 0;
  double           r;

  fixture_init (&f);
  spoken = speak (f.folder);
  facet_recorder_arm (f.recorder);
  wait_until (facet_recorder_get_state (f.recorder) == FACET_TALK_READY);
  facet_recorder_press (f.recorder);
  wait_until (facet_recorder_get_state (f.recorder) == FACET_TALK_HELD);
  wait_for (spawn (script, "play", spoken, NULL));
  g_assert_cmpint (facet_recorder_get_state (f.recorder), ==, FACET_TALK_HELD);
  elapsed = facet_recorder_get_elapsed (f.recorder);
  wait_until (facet_recorder_get_elapsed (f.recorder) > elapsed + 0.3); /* on its way */
  facet_recorder_release (f.recorder);
  wait_until (f.end >= 0);
  g_assert_cmpint (f.end, ==, FACET_RECORDING_SENT);
  g_assert_null (facet_recorder_get_error (f.recorder));
  {
    g_autofree float *want = read_file (spoken, &n_want);
    g_autofree float *got = read_file (f.clip->path, &n_got);

    r = find_sound (want, n_want, got, n_got, &at);
    g_test_message ("%.2f s recorded, of %.2f s spoken, from %.2f s on: correlation %.4f; %d "
                    "callbacks, %d allocations, %d locks; %" G_GUINT64_FORMAT " samples lost",
                    (double)n_got / RATE, (double)n_want / RATE, (double)at / RATE, r, n_callbacks,
                    n_allocations, n_locks, f.clip->n_lost);
    g_assert_cmpuint (at + n_want, <=, n_got + RATE / 10);
  }
  g_assert_cmpfloat (r, >=, 0.9);
  g_assert_cmpuint (f.clip->n_lost, ==, 0);
  g_assert_cmpint (n_callbacks, >, 10);
  g_assert_cmpint (n_allocations, ==, 0);
  g_assert_cmpint (n_locks, ==, 0);
  fixture_clear (&f);
}

static void
test_speech (void)
{
  record_speech ();
}

/* Resampled and mixed. */
static void
test_picky_device (void)
{
  is_picky = TRUE;
  record_speech ();
  is_picky = FALSE;
}

static void
test_devices (void)
{
  Fixture          f;
  GPtrArray       *devices;
  guint            n_default = 0;
  g_autofree char *plugged = NULL;
  char            *id = NULL;

  fixture_init (&f);
  facet_recorder_refresh_devices (f.recorder);
  wait_until (f.n_changes > 0);
  devices = facet_recorder_get_devices (f.recorder);
  g_assert_cmpuint (devices->len, >, 0);
  for (guint i = 0; i < devices->len; i++) {
    FacetSoundDevice *device = g_ptr_array_index (devices, i);

    g_test_message ("%s (%s)%s", device->name, device->id, device->is_default ? ", default" : "");
    n_default += device->is_default;
    if (device->is_default)
      id = g_strdup (device->id);
  }
  g_assert_cmpuint (n_default, ==, 1);

  /* One by its id, and one that is not there. */
  facet_recorder_set_device (f.recorder, id);
  facet_recorder_arm (f.recorder);
  wait_until (facet_recorder_get_state (f.recorder) == FACET_TALK_READY);
  facet_recorder_set_device (f.recorder, "ALSA: Headset of last year");
  wait_until (facet_recorder_get_state (f.recorder) == FACET_TALK_OFF);
  g_assert_nonnull (strstr (facet_recorder_get_error (f.recorder), "Headset of last year"));
  facet_recorder_set_device (f.recorder, NULL);
  facet_recorder_arm (f.recorder);
  wait_until (facet_recorder_get_state (f.recorder) == FACET_TALK_READY);
  g_assert_null (facet_recorder_get_error (f.recorder));
  facet_recorder_disarm (f.recorder);

  /* Opened and closed faster than it can be. */
  for (int i = 0; i < 3; i++) {
    facet_recorder_arm (f.recorder);
    facet_recorder_disarm (f.recorder);
  }
  facet_recorder_arm (f.recorder);
  wait_until (facet_recorder_get_state (f.recorder) == FACET_TALK_READY);
  facet_recorder_disarm (f.recorder);

  /* Something is plugged in. */
  f.n_changes = 0;
  plugged = g_build_filename (f.folder, "pcmC1D0c", NULL);
  g_file_set_contents (plugged, "", 0, NULL);
  wait_until (f.n_changes > 0);
  g_free (id);
  fixture_clear (&f);
}

static void
signal_daemon (int signal_number)
{
  g_autofree char *path = g_build_filename (g_getenv ("VIRTUAL_MIC_DIR"), "pids", NULL);
  g_autofree char *pids = NULL;

  g_assert_true (g_file_get_contents (path, &pids, NULL, NULL));
  g_assert_cmpint (kill ((pid_t)g_ascii_strtoll (pids, NULL, 10), signal_number), ==, 0);
}

/* FALSE: the test is not for this build. */
static gboolean
may_cancel (void)
{
  if (THREADS_ARE_WATCHED)
    g_test_skip ("PortAudio cancels a thread here, which the thread sanitizer does not take");
  return !THREADS_ARE_WATCHED;
}

/* @signal_number: to the sound server, in mid-recording. */
static void
lose_microphone (Fixture *f, int signal_number)
{
  g_autofree float *got = NULL;
  gsize             n;

  fixture_init (f);
  facet_recorder_arm (f->recorder);
  wait_until (facet_recorder_get_state (f->recorder) == FACET_TALK_READY);
  facet_recorder_press (f->recorder);
  wait_until (facet_recorder_get_elapsed (f->recorder) > 1);
  signal_daemon (signal_number);
  wait_until (f->end >= 0);
  g_assert_cmpint (f->end, ==, FACET_RECORDING_KEPT);
  g_assert_cmpint (facet_recorder_get_state (f->recorder), ==, FACET_TALK_OFF);
  g_test_message ("%s", facet_recorder_get_error (f->recorder));
  g_assert_nonnull (facet_recorder_get_error (f->recorder));
  got = read_file (f->clip->path, &n);
  g_assert_cmpuint (n, >, RATE);
}

/* The sound server hangs; it opens again when that is over. */
static void
test_hangs (void)
{
  Fixture f;

  if (!may_cancel ())
    return;
  lose_microphone (&f, SIGSTOP);
  facet_recorder_release (f.recorder);
  facet_recorder_press (f.recorder);
  g_assert_null (facet_recorder_get_error (f.recorder));
  wait_until (facet_recorder_get_state (f.recorder) == FACET_TALK_OFF);
  g_test_message ("%s", facet_recorder_get_error (f.recorder));
  g_assert_nonnull (strstr (facet_recorder_get_error (f.recorder), "does not answer"));
  signal_daemon (SIGCONT);
  facet_recorder_arm (f.recorder);
  wait_until (facet_recorder_get_state (f.recorder) == FACET_TALK_READY);
  fixture_clear (&f);
}

/* The thread that calls PortAudio, and those it made, which inherit its name. */
static guint
count_threads (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  const char *name;
  guint       n = 0;

  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename ("/proc/self/task", name, "comm", NULL);
    g_autofree char *text = NULL;

    if (g_file_get_contents (path, &text, NULL, NULL))
      n += g_str_has_prefix (text, "facet-portaudio");
  }
  return n;
}

/* The program ends while the sound server hangs. */
static void
test_ends_while_it_hangs (void)
{
  Fixture f;

  if (!may_cancel ())
    return;
  fixture_init (&f);
  facet_recorder_arm (f.recorder);
  wait_until (facet_recorder_get_state (f.recorder) == FACET_TALK_READY);
  g_assert_cmpuint (count_threads (), >, 0);
  signal_daemon (SIGSTOP);
  facet_recorder_disarm (f.recorder);
  fixture_clear (&f); /* returns */
  signal_daemon (SIGCONT);
  while (count_threads () > 0) /* the next test wants PortAudio for itself */
    g_usleep (10000);
}

static void
test_gone (void)
{
  Fixture f;

  if (!may_cancel ())
    return;
  lose_microphone (&f, SIGKILL);
  fixture_clear (&f);
}

/* A computer without a microphone: a process of its own, since PortAudio looks at the environment.
 */

static int
press_without_microphone (void)
{
  g_autofree char *folder = test_folder_new ();
  g_autoptr (FacetSoundSource) source = facet_sound_portaudio_new (folder);
  g_autoptr (FacetRecorder) recorder = facet_recorder_new (source, folder);

  facet_recorder_press (recorder);
  wait_until (facet_recorder_get_error (recorder) != NULL);
  g_print ("%s", facet_recorder_get_error (recorder));
  test_folder_remove (folder);
  return facet_recorder_get_state (recorder) == FACET_TALK_OFF ? 0 : 1;
}

static void
test_no_microphone (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = test_folder_new ();
  g_autofree char *config = g_build_filename (folder, "asound.conf", NULL);
  g_autofree char *said = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autoptr (GSubprocess) process = NULL;

  /* A sound card that nobody has, and no other way to one. */
  g_file_set_contents (config, "pcm.nothing { type hw card 31 }\n", -1, NULL);
  g_subprocess_launcher_setenv (launcher, "ALSA_CONFIG_PATH", config, TRUE);
  g_subprocess_launcher_setenv (launcher, "JACK_DEFAULT_SERVER", "nobody", TRUE);
  process = g_subprocess_launcher_spawn (launcher, &error, self, "no-microphone", NULL);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &said, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (said, ==, "No microphone was found.  Connect one and try again.");
  g_assert_true (g_subprocess_get_successful (process));
  test_folder_remove (folder);
}

/* Under virtual-mic.sh */

static int
run_below (const char *self)
{
  g_autofree char *script = virtual_mic ();
  g_autoptr (GError) error = NULL;
  const char *argv[] = {script, "run", "--", self, "--tap", NULL};
  int         status = 0;

  if (!g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL, NULL,
                     NULL, &status, &error))
    g_error ("%s", error->message);
  if (WIFEXITED (status) && WEXITSTATUS (status) == NO_DAEMON) {
    g_print ("1..0 # SKIP PulseAudio does not start here\n");
    return 0;
  }
  return WIFEXITED (status) ? WEXITSTATUS (status) : 1;
}

int
main (int argc, char **argv)
{
  if (g_getenv ("VIRTUAL_MIC_DIR") == NULL) {
    g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);

    return run_below (self);
  }
  if (argc == 2 && g_str_equal (argv[1], "no-microphone"))
    return press_without_microphone ();
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sound-portaudio/counters", test_counters);
  g_test_add_func ("/sound-portaudio/speech", test_speech);
  g_test_add_func ("/sound-portaudio/picky-device", test_picky_device);
  g_test_add_func ("/sound-portaudio/devices", test_devices);
  g_test_add_func ("/sound-portaudio/no-microphone", test_no_microphone);
  g_test_add_func ("/sound-portaudio/hangs", test_hangs);
  g_test_add_func ("/sound-portaudio/ends-while-it-hangs", test_ends_while_it_hangs);
  g_test_add_func ("/sound-portaudio/gone", test_gone);
  return g_test_run ();
}
