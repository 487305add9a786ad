/* test-talk-model.c: a sentence spoken into a microphone while the button is held comes back as its
 * words: PortAudio, the window, the store and the demonstration model in one piece.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Runs itself again under tests/tools/virtual-mic.sh.  The sentence is played once the microphone
 * is open and the button held; what was stored of it is found again by correlation. */
#define G_LOG_DOMAIN "test-talk-model"

#include "config.h"

#include <sys/wait.h>

#include "demo-sample.h"
#include "facet-local-assistant.h"
#include "facet-settings.h"
#include "facet-sound-portaudio.h"
#include "facet-talk.h"
#include "find-sound.h"
#include "test-folder.h"
#include "test-wait.h"
#include "ui-fixture.h"

#define RATE         FACET_SOUND_RATE
#define NO_DAEMON    125 /* of virtual-mic.sh */
#define WAIT_SECONDS 60  /* a model loads and computes */

static char *
source_path (const char *folder, const char *subfolder, const char *name)
{
  return g_build_filename (g_getenv ("FACET_SOURCE_ROOT"), folder, subfolder, name, NULL);
}

static void
exited_cb (GObject *process, GAsyncResult *result, gpointer exited)
{
  g_autoptr (GError) error = NULL;

  g_subprocess_wait_check_finish (G_SUBPROCESS (process), result, &error);
  g_assert_no_error (error);
  *(gboolean *)exited = TRUE;
}

/* Into the microphone; returns when all of it was said. */
static void
play (const char *path)
{
  g_autofree char *script = source_path ("tests", "tools", "virtual-mic.sh");
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = NULL;
  gboolean exited = FALSE;

  process =
      g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE, &error, script, "play", path, NULL);
  g_assert_no_error (error);
  g_subprocess_wait_check_async (process, NULL, exited_cb, &exited);
  wait_at_most (WAIT_SECONDS, exited);
}

static FacetMessage *
last_message (FacetConversation *conversation)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (conversation));
  g_autoptr (FacetMessage) message =
      n > 0 ? g_list_model_get_item (G_LIST_MODEL (conversation), n - 1) : NULL;

  return message; /* the conversation has it */
}

static void
release_key (GtkWidget *widget, guint keyval)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (widget);

  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++) {
    g_autoptr (GtkEventController) controller = g_list_model_get_item (controllers, i);

    if (GTK_IS_EVENT_CONTROLLER_KEY (controller))
      g_signal_emit_by_name (controller, "key-released", keyval, 0, 0);
  }
}

static void
check_stored (FacetMessage *message, const char *spoken)
{
  GPtrArray *media = facet_message_get_attachments (message);
  g_autoptr (GError) error = NULL;
  g_autoptr (FacetSound) want = NULL;
  g_autoptr (FacetSound) got = NULL;
  gsize  at;
  double r;

  g_assert_cmpuint (media->len, ==, 1);
  want = facet_sound_load (spoken, NULL, NULL, &error);
  g_assert_no_error (error);
  got = facet_media_load_sound (g_ptr_array_index (media, 0), NULL, &error);
  g_assert_no_error (error);
  r = find_sound (want->samples, want->n_samples, got->samples, got->n_samples, &at);
  g_test_message ("%.2f s stored, of %.2f s spoken: correlation %.4f",
                  (double)got->n_samples / RATE, (double)want->n_samples / RATE, r);
  g_assert_cmpfloat (r, >=, 0.9);
}

static void
test_sentence (void)
{
  g_autofree char *folder = test_folder_new ();
  g_autofree char *demo = source_path ("data", "demo", NULL);
  g_autofree char *recordings = g_build_filename (folder, "recordings", NULL);
  FacetLocalOptions options = {.model_folder = demo, .weights = "bf16"};
  g_autoptr (GError) error = NULL;
  FacetAssistant    *assistant = facet_local_assistant_new (&options);
  FacetLibrary      *library = facet_library_new (folder, assistant, &error);
  FacetConversation *conversation;
  FacetSoundSource  *source = facet_sound_portaudio_new (folder);
  FacetRecorder     *recorder = facet_recorder_new (source, recordings);
  GtkWidget         *window = gtk_window_new ();
  FacetComposer     *composer = facet_composer_new ();
  GtkWidget         *button = GTK_WIDGET (facet_composer_get_talk_button (composer));
  FacetTalk         *talk;
  DemoSample         spoken;
  double             elapsed;

  g_assert_no_error (error);
  demo_sample_find (&spoken, "audio", "sentence");
  conversation = facet_library_new_conversation (library);
  gtk_window_set_child (GTK_WINDOW (window), GTK_WIDGET (composer));
  facet_composer_set_conversation (composer, conversation);
  talk = facet_talk_new (GTK_WINDOW (window), composer, facet_settings_get_default ());
  facet_talk_set_recorder (talk, recorder);
  wait_at_most (WAIT_SECONDS, facet_assistant_get_state (assistant) == FACET_ASSISTANT_READY);
  g_assert_cmpint (facet_recorder_get_state (recorder), ==, FACET_TALK_OFF); /* no focus yet */
  gtk_window_present (GTK_WINDOW (window));
  gtk_widget_grab_focus (GTK_WIDGET (composer));
  wait_at_most (WAIT_SECONDS, facet_recorder_get_state (recorder) == FACET_TALK_READY);

  g_assert_true (ui_press (button, GDK_KEY_space, 0));
  wait_at_most (WAIT_SECONDS, facet_recorder_get_state (recorder) == FACET_TALK_HELD);
  play (spoken.path);
  elapsed = facet_recorder_get_elapsed (recorder);
  wait_at_most (WAIT_SECONDS,
                facet_recorder_get_elapsed (recorder) > elapsed + 0.3); /* it is on its way */
  release_key (button, GDK_KEY_space);
  wait_at_most (WAIT_SECONDS,
                last_message (conversation) != NULL && !facet_conversation_get_busy (conversation));
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (conversation)), ==, 2);
  g_assert_cmpint (facet_message_get_state (last_message (conversation)), ==,
                   FACET_MESSAGE_COMPLETE);
  g_assert_cmpstr (facet_message_get_text (last_message (conversation)), ==,
                   spoken.answer);
  {
    g_autoptr (FacetMessage) asked = g_list_model_get_item (G_LIST_MODEL (conversation), 0);

    check_stored (asked, spoken.path);
  }

  facet_talk_close (talk);
  g_object_unref (talk);
  gtk_window_destroy (GTK_WINDOW (window));
  g_object_unref (conversation);
  facet_library_close (library);
  g_object_unref (library);
  g_object_unref (assistant);
  g_object_unref (recorder);
  g_object_unref (source);
  demo_sample_clear (&spoken);
  test_folder_remove (folder);
}

/* Under virtual-mic.sh */
static int
run_below (const char *self)
{
  g_autofree char *script = source_path ("tests", "tools", "virtual-mic.sh");
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
main (int argc, char *argv[])
{
  if (g_getenv ("VIRTUAL_MIC_DIR") == NULL) {
    g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);

    return run_below (self);
  }
  ui_test_init (&argc, &argv);
  g_test_add_func ("/talk-model/sentence", test_sentence);
  return g_test_run ();
}
