/* test-talk.c: push-to-talk in a window, with a microphone that says exactly what the test knows.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The fake source has the clock of the state machine: nothing depends on how fast the machine is.
 */
#define G_LOG_DOMAIN "test-talk"

#include "config.h"

#include <string.h>

#include "facet-microphone-group.h"
#include "facet-settings.h"
#include "facet-take.h"
#include "facet-talk.h"
#include "fake-sound-source.h"
#include "ui-fixture.h"

#define RATE FACET_SOUND_RATE

typedef struct {
  UiFixture          base;
  FacetConversation *conversation;
  FakeSoundSource   *source;
  FacetRecorder     *recorder;
  char              *folder; /* of recordings */
  GtkWidget         *window;
  FacetComposer     *composer;
  GtkWidget         *button;
  FacetTalkBar      *bar;
  FacetTalk         *talk;
  GArray            *heard; /* of float: everything the microphone heard */
  GString           *said;  /* what the person was told, a sentence a line */
} Fixture;

static void
say_cb (FacetTalk *talk, const char *sentence, Fixture *f)
{
  g_test_message ("%s", sentence);
  g_string_append_printf (f->said, "%s\n", sentence);
}

static gboolean
is_ready (gpointer recorder)
{
  return facet_recorder_get_state (recorder) == FACET_TALK_READY;
}

static void
open_window (Fixture *f)
{
  f->composer = facet_composer_new ();
  f->window = gtk_window_new ();
  gtk_window_set_default_size (GTK_WINDOW (f->window), 600, 300);
  gtk_widget_set_valign (GTK_WIDGET (f->composer), GTK_ALIGN_END);
  gtk_window_set_child (GTK_WINDOW (f->window), GTK_WIDGET (f->composer));
  facet_composer_set_conversation (f->composer, f->conversation);
  f->button = GTK_WIDGET (facet_composer_get_talk_button (f->composer));
  f->bar = facet_composer_get_talk_bar (f->composer);
  f->talk = facet_talk_new (GTK_WINDOW (f->window), f->composer, facet_settings_get_default ());
  g_signal_connect (f->talk, "say", G_CALLBACK (say_cb), f);
  facet_talk_set_recorder (f->talk, f->recorder);
  gtk_window_present (GTK_WINDOW (f->window));
  gtk_widget_grab_focus (GTK_WIDGET (f->composer));
  ui_wait (is_ready, f->recorder);
}

static void
close_window (Fixture *f)
{
  facet_talk_close (f->talk);
  g_assert_finalize_object (f->talk);
  g_object_add_weak_pointer (G_OBJECT (f->composer), (gpointer *)&f->composer);
  gtk_window_destroy (GTK_WINDOW (f->window));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (f->composer);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  ui_fixture_set_up (&f->base, NULL, 0);
  f->conversation = facet_library_new_conversation (f->base.library);
  f->folder = g_build_filename (f->base.folder, "recordings", NULL);
  f->source = fake_sound_source_new (RATE);
  f->recorder = facet_recorder_new (FACET_SOUND_SOURCE (f->source), f->folder);
  f->heard = g_array_new (FALSE, FALSE, sizeof (float));
  f->said = g_string_new (NULL);
  open_window (f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  close_window (f);
  g_assert_finalize_object (f->recorder);
  g_assert_finalize_object (f->source);
  g_array_unref (f->heard);
  g_string_free (f->said, TRUE);
  g_free (f->folder);
  g_object_unref (f->conversation);
  ui_fixture_tear_down (&f->base);
}

/* The microphone */

/* Noise: no two stretches are alike; samples are multiples of 1/32768 and the same in the file. */
static void
speak (Fixture *f, double seconds, int amplitude)
{
  gsize             n = (gsize)(seconds * RATE + 0.5);
  g_autofree float *samples = g_new (float, n);

  for (gsize i = 0; i < n; i++)
    samples[i] = (float)g_test_rand_int_range (-amplitude, amplitude + 1) / 32768;
  g_array_append_vals (f->heard, samples, (guint)n);
  fake_sound_source_push (f->source, samples, n);
}

/* @media is what was heard from @begin on for @seconds, each sample of it. */
static void
assert_heard (Fixture *f, FacetMedia *media, double begin, double seconds)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (FacetSound) sound = NULL;
  gsize n = (gsize)(seconds * RATE + 0.5);

  g_assert_cmpint (facet_media_get_kind (media), ==, FACET_MEDIA_AUDIO);
  g_assert_cmpfloat_with_epsilon (facet_media_get_seconds (media), seconds, 1e-4);
  sound = facet_media_load_sound (media, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (sound->n_samples, ==, n);
  g_assert_cmpmem (sound->samples, n * sizeof (float),
                   (const float *)(gpointer)f->heard->data + (gsize)(begin * RATE + 0.5),
                   n * sizeof (float));
}

/* The person */

#define TALK_KEY GDK_KEY_space, GDK_CONTROL_MASK

static void
release_key (GtkWidget *widget, guint keyval, GdkModifierType modifiers)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (widget);

  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++) {
    g_autoptr (GtkEventController) controller = g_list_model_get_item (controllers, i);

    if (GTK_IS_EVENT_CONTROLLER_KEY (controller))
      g_signal_emit_by_name (controller, "key-released", keyval, 0, modifiers);
  }
}

static void
tap_key (Fixture *f)
{
  g_assert_true (ui_press (f->window, TALK_KEY));
  release_key (f->window, TALK_KEY);
}

static gboolean
is_held (gpointer recorder)
{
  return facet_recorder_get_state (recorder) == FACET_TALK_HELD;
}

static void
assert_state (Fixture *f, FacetTalkState state)
{
  g_assert_cmpint (facet_recorder_get_state (f->recorder), ==, state);
}

static void
assert_words (Fixture *f, const char *words)
{
  g_assert_true (facet_talk_bar_get_active (f->bar));
  g_assert_nonnull (ui_find (GTK_WIDGET (f->bar), GTK_TYPE_LABEL, words));
}

static void
assert_announced (Fixture *f, const char *text)
{
  g_assert_cmpstr (facet_announcer_get_text (facet_talk_bar_get_announcer (f->bar)), ==, text);
}

static GListModel *
draft (Fixture *f)
{
  return G_LIST_MODEL (facet_conversation_get_draft_media (f->conversation));
}

static guint
count_files (Fixture *f)
{
  g_autoptr (GDir) dir = g_dir_open (f->folder, 0, NULL);
  guint n = 0;

  while (dir != NULL && g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static gboolean
has_no_files (gpointer f)
{
  return count_files (f) == 0;
}

static gboolean
has_message (gpointer conversation)
{
  return g_list_model_get_n_items (conversation) > 0;
}

static gboolean
has_draft (gpointer f)
{
  return g_list_model_get_n_items (draft (f)) > 0;
}

static gboolean
is_told (gpointer f)
{
  return ((Fixture *)f)->said->len > 0;
}

static gboolean
is_inactive (gpointer f)
{
  return !facet_talk_get_active (((Fixture *)f)->talk);
}

static FacetMessage *
nth_message (Fixture *f, guint n)
{
  g_autoptr (FacetMessage) message = g_list_model_get_item (G_LIST_MODEL (f->conversation), n);

  g_assert_nonnull (message);
  return message; /* the conversation has it */
}

/* The only sound of message @n. */
static FacetMedia *
sent_media (Fixture *f, guint n)
{
  GPtrArray *media = facet_message_get_attachments (nth_message (f, n));

  g_assert_cmpuint (media->len, ==, 1);
  return g_ptr_array_index (media, 0);
}

static void
wait_sent (Fixture *f)
{
  ui_wait (has_message, f->conversation);
  ui_wait_idle (f->conversation);
}

/* So much is recorded, with what was said before. */
static gboolean
shows_time (gpointer bar)
{
  return ui_find (bar, GTK_TYPE_LABEL, "0:02") != NULL;
}

/* Tests */

static void
test_hold (Fixture *f, gconstpointer data)
{
  speak (f, 1.3, 8000);
  g_assert_true (ui_press (f->button, GDK_KEY_space, 0));
  assert_announced (f, "Recording");
  gtk_test_accessible_assert_state (f->button, GTK_ACCESSIBLE_STATE_PRESSED,
                                    GTK_ACCESSIBLE_TRISTATE_TRUE);
  speak (f, 2, 8000);
  ui_wait (is_held, f->recorder);
  assert_words (f, "Release to send · Esc to discard");
  ui_wait (shows_time, f->bar);
  g_assert_true (ui_press (f->button, GDK_KEY_space, 0)); /* it repeats */
  release_key (f->button, GDK_KEY_space, 0);
  assert_state (f, FACET_TALK_TAIL);
  speak (f, 1, 8000);
  wait_sent (f);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->conversation)), ==, 2);
  assert_heard (f, sent_media (f, 0), 1.3 - 0.5, 0.5 + 2 + 0.3);
  g_assert_cmpstr (facet_message_get_text (nth_message (f, 0)), ==, "");
  assert_announced (f, "Sent");
  g_assert_false (facet_talk_bar_get_active (f->bar));
  g_assert_cmpuint (g_list_model_get_n_items (draft (f)), ==, 0);
  ui_wait (has_no_files, f); /* the message has it */
  g_assert_cmpuint (f->said->len, ==, 0);
}

static void
test_key (Fixture *f, gconstpointer data)
{
  GtkWidget     *view = ui_find (GTK_WIDGET (f->composer), GTK_TYPE_TEXT_VIEW, NULL);
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (view));

  gtk_text_buffer_set_text (buffer, "Listen:", -1);
  speak (f, 1, 8000);
  g_assert_true (ui_press (f->window, TALK_KEY));
  g_assert_false (gtk_text_view_get_editable (GTK_TEXT_VIEW (view)));
  for (int i = 0; i < 5; i++) {
    speak (f, 0.2, 8000);
    g_assert_true (ui_press (f->window, GDK_KEY_space, i < 3 ? GDK_CONTROL_MASK : 0));
  }
  ui_wait (is_held, f->recorder);
  release_key (f->window, GDK_KEY_space, 0); /* Ctrl came up before */
  speak (f, 1, 8000);
  wait_sent (f);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->conversation)), ==, 2);
  assert_heard (f, sent_media (f, 0), 0.5, 0.5 + 1 + 0.3);
  g_assert_cmpstr (facet_message_get_text (nth_message (f, 0)), ==, "Listen:");
  g_assert_cmpint (gtk_text_buffer_get_char_count (buffer), ==, 0);
  g_assert_true (gtk_text_view_get_editable (GTK_TEXT_VIEW (view)));
  g_assert_true (gtk_widget_has_focus (view));

  /* Another key, or none. */
  g_settings_set_string (facet_settings_get_default (), "talk-key", "F8");
  g_assert_false (ui_press (f->window, TALK_KEY));
  g_assert_true (ui_press (f->window, GDK_KEY_F8, 0));
  g_assert_true (facet_talk_get_active (f->talk));
  g_assert_true (ui_press (f->window, GDK_KEY_Escape, 0));
  release_key (f->window, GDK_KEY_F8, 0);
  g_settings_set_string (facet_settings_get_default (), "talk-key", "");
  g_assert_false (ui_press (f->window, GDK_KEY_F8, 0));
  g_settings_reset (facet_settings_get_default (), "talk-key");
  ui_wait (has_no_files, f);
}

static void
test_tap (Fixture *f, gconstpointer data)
{
  speak (f, 1, 8000);
  tap_key (f);
  assert_state (f, FACET_TALK_HANDS_FREE);
  assert_words (f, "Tap to send · Esc to discard");
  speak (f, 3, 8000);
  g_signal_emit_by_name (f->button, "clicked"); /* as assistive technology does */
  assert_state (f, FACET_TALK_TAIL);
  assert_words (f, "Sending");
  speak (f, 1, 8000);
  wait_sent (f);
  assert_heard (f, sent_media (f, 0), 0.5, 0.5 + 3 + 0.3);

  /* Return ends it, too. */
  tap_key (f);
  speak (f, 1, 8000);
  g_assert_true (ui_press (f->window, GDK_KEY_Return, 0));
  assert_state (f, FACET_TALK_TAIL);
  speak (f, 1, 8000);
  ui_wait (is_inactive, f);
  ui_wait (has_no_files, f);
  ui_wait_idle (f->conversation);
  assert_heard (f, sent_media (f, 2), 4.5, 0.5 + 1 + 0.3);
}

/* Above 30 s: two clips of one message, in order. */
static void
test_long (Fixture *f, gconstpointer data)
{
  GPtrArray *media;
  double     first;

  tap_key (f);
  speak (f, 26, 8000);
  speak (f, 0.6, 40);
  speak (f, 10, 8000);
  tap_key (f);
  speak (f, 1, 8000);
  wait_sent (f);
  media = facet_message_get_attachments (nth_message (f, 0));
  g_assert_cmpuint (media->len, ==, 2);
  first = facet_media_get_seconds (g_ptr_array_index (media, 0));
  g_assert_cmpfloat (first, >, 26);
  g_assert_cmpfloat (first, <, 26.6);
  assert_heard (f, g_ptr_array_index (media, 0), 0, first);
  assert_heard (f, g_ptr_array_index (media, 1), first, 36.9 - first);
  ui_wait (has_no_files, f);
}

static gboolean
is_discarded (gpointer bar)
{
  return g_str_equal (facet_announcer_get_text (facet_talk_bar_get_announcer (bar)), "Discarded");
}

static void
test_escape (Fixture *f, gconstpointer data)
{
  g_assert_true (ui_press (f->window, TALK_KEY));
  speak (f, 2, 8000);
  g_assert_true (ui_press (f->window, GDK_KEY_Escape, 0));
  g_assert_false (facet_talk_bar_get_active (f->bar));
  release_key (f->window, TALK_KEY);
  speak (f, 1, 8000);
  ui_wait (is_discarded, f->bar);
  g_assert_true (has_no_files (f));

  tap_key (f);
  speak (f, 1, 8000);
  g_signal_emit_by_name (ui_find (GTK_WIDGET (f->bar), GTK_TYPE_BUTTON, "Discard the recording"),
                         "clicked");
  ui_wait (is_discarded, f->bar);
  g_assert_true (has_no_files (f));
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->conversation)), ==, 0);
  g_assert_cmpuint (g_list_model_get_n_items (draft (f)), ==, 0);
  g_assert_false (ui_press (f->window, GDK_KEY_Escape, 0)); /* the key is the window's again */
}

static gboolean
is_out_of_focus (gpointer window)
{
  return !gtk_window_is_active (window);
}

/* Who looks elsewhere while holding has let go, as far as can be seen; the recording is sent. */
static void
test_focus_lost (Fixture *f, gconstpointer data)
{
  GtkWidget *other = gtk_window_new ();

  speak (f, 1, 8000);
  g_assert_true (ui_press (f->window, TALK_KEY));
  speak (f, 1, 8000);
  ui_wait (is_held, f->recorder);
  gtk_window_present (GTK_WINDOW (other));
  ui_wait (is_out_of_focus, f->window);
  assert_state (f, FACET_TALK_TAIL);
  speak (f, 1, 8000);
  wait_sent (f);
  assert_heard (f, sent_media (f, 0), 0.5, 0.5 + 1 + 0.3);
  g_assert_false (fake_sound_source_get_open (f->source)); /* nobody would speak now */
  gtk_window_destroy (GTK_WINDOW (other));
}

static gboolean
is_asked (gpointer fake)
{
  return fake_assistant_get_n_started (fake) > 0;
}

static void
test_busy (Fixture *f, gconstpointer data)
{
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_hang (f->base.fake);
  tap_key (f);
  speak (f, 1, 8000);
  g_assert_true (facet_composer_send (f->composer, "Hello"));
  ui_wait (is_asked, f->base.fake);
  g_assert_true (gtk_widget_get_sensitive (f->button)); /* it is recording */
  g_signal_emit_by_name (f->button, "clicked");
  speak (f, 1, 8000);
  ui_wait (has_draft, f);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->conversation)), ==, 2);
  g_assert_nonnull (strstr (f->said->str, "could not be sent just now"));
  g_assert_cmpuint (count_files (f), ==, 1);

  g_string_truncate (f->said, 0);
  g_assert_false (gtk_widget_get_sensitive (f->button));
  g_assert_true (g_str_has_prefix (gtk_widget_get_tooltip_text (f->button), "An answer is being"));
  tap_key (f);
  assert_state (f, FACET_TALK_READY);
  g_assert_true (g_str_has_prefix (f->said->str, "An answer is being written."));
  facet_conversation_stop (f->conversation);
  ui_wait_idle (f->conversation);
  g_assert_true (gtk_widget_get_sensitive (f->button));

  /* The next message takes it along. */
  g_assert_true (facet_composer_send_draft (f->composer));
  ui_wait (has_no_files, f);
  ui_wait_idle (f->conversation);
  g_assert_nonnull (sent_media (f, 2));
}

static gboolean
is_warned (gpointer bar)
{
  GtkWidget *warning = ui_find (bar, GTK_TYPE_REVEALER, NULL);

  return gtk_revealer_get_reveal_child (GTK_REVEALER (warning));
}

static gboolean
is_not_warned (gpointer bar)
{
  return !is_warned (bar);
}

static void
test_silence (Fixture *f, gconstpointer data)
{
  tap_key (f);
  speak (f, 0.5, 8000);
  g_assert_false (is_warned (f->bar));
  speak (f, 1.2, 20); /* −64 dB */
  ui_wait (is_warned, f->bar);
  assert_announced (f, "Nothing is coming from the microphone");
  ui_picture (f->window, "talk-silence");
  speak (f, 0.2, 8000);
  ui_wait (is_not_warned, f->bar);
  ui_press (f->window, GDK_KEY_Escape, 0);
  ui_wait (is_discarded, f->bar);

  /* One that heard nothing at all begins again with another microphone. */
  tap_key (f);
  speak (f, 1.2, 0);
  ui_wait (is_warned, f->bar);
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (f->bar), "talk.device", "s", "two"));
  g_assert_cmpstr (fake_sound_source_get_device (f->source), ==, "two");
  assert_state (f, FACET_TALK_HANDS_FREE);
  speak (f, 1, 8000);
  tap_key (f);
  speak (f, 0.3, 8000);
  wait_sent (f);
  assert_heard (f, sent_media (f, 0), 3.1, 1.3);
}

static void
test_lost (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetMedia) media = NULL;

  speak (f, 1, 8000);
  tap_key (f);
  speak (f, 2, 8000);
  fake_sound_source_lose (f->source);
  ui_wait (has_draft, f);
  g_assert_cmpstr (f->said->str, ==,
                   "The headset was unplugged. What was recorded until then is attached.\n");
  media = g_list_model_get_item (draft (f), 0);
  assert_heard (f, media, 0.5, 2.5);
  g_assert_false (facet_talk_bar_get_active (f->bar));
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->conversation)), ==, 0);

  /* It stays until the person decides. */
  g_assert_cmpuint (count_files (f), ==, 1);
  g_list_store_remove_all (G_LIST_STORE (draft (f)));
  ui_wait (has_no_files, f);
}

/* The draft is kept with its conversation: then the recording's own file is not needed. */
static void
test_kept_draft (Fixture *f, gconstpointer data)
{
  tap_key (f);
  speak (f, 2, 8000);
  fake_sound_source_lose (f->source);
  ui_wait (has_draft, f);
  g_assert_cmpuint (count_files (f), ==, 1);
  facet_talk_close (f->talk);
  facet_composer_set_conversation (f->composer, NULL);
  g_clear_object (&f->conversation);
  ui_wait (has_no_files, f);
  f->conversation = facet_library_new_conversation (f->base.library);
}

static void
test_no_microphone (Fixture *f, gconstpointer data)
{
  fake_sound_source_wait (f->source);
  facet_recorder_set_device (f->recorder, "two");
  fake_sound_source_lose (f->source);
  assert_state (f, FACET_TALK_OFF);
  g_assert_cmpuint (f->said->len, ==, 0); /* nobody asked */
  g_assert_true (gtk_widget_get_sensitive (f->button));
  tap_key (f);
  fake_sound_source_lose (f->source);
  ui_wait (is_told, f);
  g_assert_cmpstr (f->said->str, ==, "The headset was unplugged.\n");
  g_assert_false (facet_talk_bar_get_active (f->bar));
  g_assert_cmpuint (g_list_model_get_n_items (draft (f)), ==, 0);
}

static gboolean
is_stored (gpointer f)
{
  g_autoptr (GPtrArray) clips = facet_recorder_recover (((Fixture *)f)->folder, NULL);

  return clips != NULL && clips->len == 1;
}

static gboolean
is_closed (gpointer source)
{
  return !fake_sound_source_get_open (source);
}

/* Closed in mid-recording, and found again. */
static void
test_recovered (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) clips = NULL;
  g_autoptr (FacetMedia) media = NULL;

  speak (f, 1, 8000);
  tap_key (f);
  speak (f, 2, 8000);
  close_window (f);
  speak (f, 1, 8000);
  ui_wait (is_stored, f);
  ui_wait (is_closed, f->source);
  g_assert_cmpuint (g_list_model_get_n_items (draft (f)), ==, 0);

  clips = facet_recorder_recover (f->folder, NULL);
  open_window (f);
  facet_talk_add_clips (f->talk, clips);
  ui_wait (has_draft, f);
  media = g_list_model_get_item (draft (f), 0);
  assert_heard (f, media, 0.5, 0.5 + 2 + 0.3);

  /* The next recording is the new window's. */
  tap_key (f);
  speak (f, 1, 8000);
  tap_key (f);
  speak (f, 1, 8000);
  wait_sent (f);
  g_assert_cmpuint (facet_message_get_attachments (nth_message (f, 0))->len, ==, 2);
  ui_wait (has_no_files, f);
}

/* Two windows share the microphone: one at a time. */
static void
test_two_windows (Fixture *f, gconstpointer data)
{
  FacetComposer *composer = facet_composer_new ();
  GtkWidget     *window = gtk_window_new ();
  FacetTalk     *talk;

  gtk_window_set_child (GTK_WINDOW (window), GTK_WIDGET (composer));
  facet_composer_set_conversation (composer, f->conversation);
  talk = facet_talk_new (GTK_WINDOW (window), composer, facet_settings_get_default ());
  facet_talk_set_recorder (talk, f->recorder);
  g_signal_connect (talk, "say", G_CALLBACK (say_cb), f);
  tap_key (f);
  speak (f, 1, 8000);
  g_signal_emit_by_name (facet_composer_get_talk_button (composer), "clicked");
  g_assert_cmpstr (f->said->str, ==, "Another window is recording.\n");
  g_assert_false (facet_talk_get_active (talk));
  assert_state (f, FACET_TALK_HANDS_FREE);
  ui_press (f->window, GDK_KEY_Escape, 0);
  ui_wait (is_discarded, f->bar);
  ui_wait (is_inactive, f);
  facet_talk_close (talk);
  g_assert_finalize_object (talk);
  gtk_window_destroy (GTK_WINDOW (window));
}

static void
press_key (GtkWidget *key, guint keyval, GdkModifierType modifiers)
{
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (key), TRUE);
  g_assert_true (ui_press (key, keyval, modifiers));
}

static void
test_preferences (Fixture *f, gconstpointer data)
{
  GSettings            *settings = facet_settings_get_default ();
  FacetMicrophoneGroup *group = g_object_new (FACET_TYPE_MICROPHONE_GROUP, NULL);
  GtkWidget            *window = gtk_window_new ();
  GtkWidget            *row, *key, *try;
  g_autofree char      *chosen = NULL;

  facet_talk_close (f->talk);
  facet_microphone_group_set_up (group, f->recorder, settings);
  gtk_window_set_child (GTK_WINDOW (window), GTK_WIDGET (group));
  gtk_window_present (GTK_WINDOW (window));
  gtk_test_widget_wait_for_draw (window);

  row = ui_find (GTK_WIDGET (group), ADW_TYPE_COMBO_ROW, NULL);
  g_assert_cmpuint (g_list_model_get_n_items (adw_combo_row_get_model (ADW_COMBO_ROW (row))), ==,
                    3);
  adw_combo_row_set_selected (ADW_COMBO_ROW (row), 2);
  chosen = g_settings_get_string (settings, "microphone");
  g_assert_cmpstr (chosen, ==, "two");
  g_settings_set_string (settings, "microphone", "gone");
  g_assert_nonnull (ui_find (row, GTK_TYPE_LABEL, "gone (not connected)"));
  g_settings_reset (settings, "microphone");
  g_assert_cmpuint (adw_combo_row_get_selected (ADW_COMBO_ROW (row)), ==, 0);

  try = ui_find (GTK_WIDGET (group), GTK_TYPE_TOGGLE_BUTTON, "Listen");
  g_assert_false (fake_sound_source_get_open (f->source));
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (try), TRUE);
  g_assert_true (fake_sound_source_get_open (f->source));
  speak (f, 1, 8000);
  ui_picture (window, "talk-preferences");
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (try), FALSE);
  g_assert_false (fake_sound_source_get_open (f->source));

  key = ui_find (GTK_WIDGET (group), GTK_TYPE_TOGGLE_BUTTON, "Ctrl+Space");
  press_key (key, GDK_KEY_a, 0); /* a letter is for writing */
  press_key (key, GDK_KEY_Escape, 0);
  g_assert_cmpstr (gtk_button_get_label (GTK_BUTTON (key)), ==, "Ctrl+Space");
  press_key (key, GDK_KEY_F8, 0);
  g_assert_cmpstr (gtk_button_get_label (GTK_BUTTON (key)), ==, "F8");
  g_signal_emit_by_name (ui_find (GTK_WIDGET (group), GTK_TYPE_BUTTON, "Use Ctrl+Space again"),
                         "clicked");
  g_assert_cmpstr (gtk_button_get_label (GTK_BUTTON (key)), ==, "Ctrl+Space");
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (try), TRUE);
  gtk_window_destroy (GTK_WINDOW (window));
  g_assert_false (fake_sound_source_get_open (f->source));
}

/* GtkButton's own gesture would make a second tap of every press. */
static guint
count_gestures (GtkWidget *widget)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (widget);
  guint n = 0;

  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++) {
    g_autoptr (GtkEventController) controller = g_list_model_get_item (controllers, i);

    n += GTK_IS_GESTURE_CLICK (controller) &&
         gtk_event_controller_get_propagation_phase (controller) != GTK_PHASE_NONE;
  }
  return n;
}

static void
test_words (Fixture *f, gconstpointer data)
{
  gtk_test_accessible_assert_property (f->button, GTK_ACCESSIBLE_PROPERTY_LABEL, "Talk");
  gtk_test_accessible_assert_role (f->button, GTK_ACCESSIBLE_ROLE_BUTTON);
  g_assert_cmpuint (count_gestures (f->button), ==, 1);
  gtk_test_accessible_assert_property (f->button, GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                       "Off: hold to talk, tap to record hands-free");
  gtk_test_accessible_assert_state (f->button, GTK_ACCESSIBLE_STATE_PRESSED,
                                    GTK_ACCESSIBLE_TRISTATE_FALSE);
  g_assert_cmpstr (gtk_widget_get_tooltip_text (f->button), ==,
                   "Hold to talk, tap to record hands-free (Ctrl+Space)");
  tap_key (f);
  gtk_test_accessible_assert_property (f->button, GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                       "On: recording");
  speak (f, 2, 8000);
  ui_picture (f->window, "talk-recording");
  ui_press (f->window, GDK_KEY_Escape, 0);
  ui_wait (is_discarded, f->bar);
  facet_composer_set_conversation (f->composer, NULL);
  g_assert_false (gtk_widget_is_sensitive (f->button));
  g_assert_cmpstr (gtk_widget_get_tooltip_text (f->button), ==,
                   "There is no conversation to talk in yet.");
  g_assert_false (fake_sound_source_get_open (f->source));
  g_assert_true (ui_press (f->window, TALK_KEY));
  assert_state (f, FACET_TALK_OFF);
}

int
main (int argc, char *argv[])
{
  static const struct {
    const char *path;
    void (*test) (Fixture *f, gconstpointer data);
  } tests[] = {
      {"/talk/hold", test_hold},
      {"/talk/key", test_key},
      {"/talk/tap", test_tap},
      {"/talk/long", test_long},
      {"/talk/escape", test_escape},
      {"/talk/focus-lost", test_focus_lost},
      {"/talk/busy", test_busy},
      {"/talk/silence", test_silence},
      {"/talk/lost", test_lost},
      {"/talk/kept-draft", test_kept_draft},
      {"/talk/no-microphone", test_no_microphone},
      {"/talk/recovered", test_recovered},
      {"/talk/two-windows", test_two_windows},
      {"/talk/preferences", test_preferences},
      {"/talk/words", test_words},
  };

  ui_test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
  return g_test_run ();
}
