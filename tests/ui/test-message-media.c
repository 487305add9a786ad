/* test-message-media.c: pictures and sounds in the window: dropped, pasted, sent, shown with their
 * message, played, found again, gone, and described by the demonstration model.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-message-media"

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include "facet-attachment-chip.h"
#include "facet-chat-list.h"
#include "facet-composer.h"
#include "facet-drop-zone.h"
#include "facet-local-assistant.h"
#include "facet-media-viewer.h"
#include "facet-message-media.h"
#include "facet-player.h"
#include "facet-sound-tile.h"
#include "facet-thumbnail.h"
#include "facet-waveform.h"
#include "facet-window.h"
#include "media-files.h"
#include "ui-media.h"

static FacetApplication *application;

typedef struct {
  UiFixture      base;
  GtkWidget     *window;
  FacetComposer *composer;
  GtkWidget     *zone;
  GtkDropTarget *target; /* of the zone */
} Fixture;

static GtkDropTarget *
find_target (GtkWidget *zone)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (zone);

  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++) {
    g_autoptr (GtkEventController) controller = g_list_model_get_item (controllers, i);

    if (GTK_IS_DROP_TARGET (controller))
      return GTK_DROP_TARGET (controller); /* the zone has it */
  }
  g_assert_not_reached ();
}

static void
set_up (Fixture *f, gconstpointer data)
{
  ui_fixture_set_up (&f->base, NULL, 0);
  f->window = GTK_WIDGET (facet_window_new (application));
  gtk_window_set_default_size (GTK_WINDOW (f->window), 1080, 720);
  facet_window_set_library (FACET_WINDOW (f->window), f->base.library);
  f->composer = FACET_COMPOSER (ui_find (f->window, FACET_TYPE_COMPOSER, NULL));
  f->zone = ui_find (f->window, FACET_TYPE_DROP_ZONE, NULL);
  f->target = find_target (f->zone);
  gtk_window_present (GTK_WINDOW (f->window));
  gtk_test_widget_wait_for_draw (f->window);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  facet_player_stop (facet_player_get_default ());
  g_object_add_weak_pointer (G_OBJECT (f->window), (gpointer *)&f->window);
  gtk_window_destroy (GTK_WINDOW (f->window));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (f->window);
  ui_fixture_tear_down (&f->base);
}

static FacetConversation *
shown (Fixture *f)
{
  return facet_window_get_conversation (FACET_WINDOW (f->window));
}

/* Drops @file, which it takes. */
static void
drop_file (Fixture *f, GFile *file)
{
  g_auto (GValue) value = G_VALUE_INIT;
  gboolean handled = FALSE;

  g_value_init (&value, G_TYPE_FILE);
  g_value_take_object (&value, file);
  g_signal_emit_by_name (f->target, "drop", &value, 10.0, 10.0, &handled);
  g_assert_true (handled);
}

static void
send (Fixture *f, const char *text)
{
  ui_media_wait (shown (f));
  g_assert_true (facet_composer_send (f->composer, text));
  ui_wait_idle (shown (f));
}

/* The media of the first message, once it has a row. */
static gboolean
is_shown (gpointer window)
{
  GtkWidget *media = ui_find (window, FACET_TYPE_MESSAGE_MEDIA, NULL);

  return media != NULL && gtk_widget_get_visible (media);
}

static GtkWidget *
find_media (Fixture *f)
{
  ui_wait (is_shown, f->window);
  return ui_find (f->window, FACET_TYPE_MESSAGE_MEDIA, NULL);
}

static gboolean
is_loaded (gpointer thumbnail)
{
  return facet_thumbnail_get_loaded (thumbnail);
}

static void
send_all_kinds (Fixture *f)
{
  const char *folder = f->base.folder;

  drop_file (f, ui_media_make_picture (folder, "photo.png", 800, 600));
  drop_file (f, ui_media_make_sound (folder, "memo.wav", 4.2));
  drop_file (f, ui_media_make_picture (folder, "tall.png", 300, 500));
  send (f, "Which of these is older, and what is said about it?");
}

static void
test_drop (Fixture *f, gconstpointer data)
{
  g_auto (GValue) value = G_VALUE_INIT;
  GSList  *files = NULL;
  gboolean handled = FALSE;

  /* Several at once, as file managers do. */
  files = g_slist_append (files, ui_media_make_picture (f->base.folder, "one.png", 80, 60));
  files = g_slist_append (files, ui_media_make_picture (f->base.folder, "two.png", 80, 60));
  g_value_init (&value, GDK_TYPE_FILE_LIST);
  g_value_take_boxed (&value, files);
  g_signal_emit_by_name (f->target, "drop", &value, 10.0, 10.0, &handled);
  g_assert_true (handled);
  /* Copied when it was dropped: what becomes of the file does not matter any more. */
  ui_media_wait (shown (f));
  g_assert_true (g_file_delete (files->data, NULL, NULL));
  g_assert_cmpuint (g_list_model_get_n_items (
                        G_LIST_MODEL (facet_conversation_get_draft_media (shown (f)))),
                    ==, 2);
  g_assert_true (gtk_widget_has_focus (ui_find (f->window, GTK_TYPE_TEXT_VIEW, NULL)));
  send (f, "Look");
  g_assert_nonnull (ui_find (find_media (f), FACET_TYPE_THUMBNAIL, NULL));
}

static void
test_drop_zone (Fixture *f, gconstpointer data)
{
  GdkDragAction action = 0;

  g_assert_cmpint (gtk_drop_target_get_actions (f->target), ==, GDK_ACTION_COPY);
  g_assert_cmpint (gtk_event_controller_get_propagation_phase (GTK_EVENT_CONTROLLER (f->target)),
                   ==, GTK_PHASE_CAPTURE);
  g_assert_false (facet_drop_zone_get_active (FACET_DROP_ZONE (f->zone)));
  g_signal_emit_by_name (f->target, "enter", 10.0, 10.0, &action);
  g_assert_cmpint (action, ==, GDK_ACTION_COPY);
  g_assert_true (facet_drop_zone_get_active (FACET_DROP_ZONE (f->zone)));
  g_assert_nonnull (ui_find (f->zone, GTK_TYPE_LABEL, "Drop to add to your message"));
  ui_run_for (250);
  ui_media_picture (f->window, "drop-zone");
  g_signal_emit_by_name (f->target, "leave");
  g_assert_false (facet_drop_zone_get_active (FACET_DROP_ZONE (f->zone)));
}

/* With the focus in the list of messages, too. */
static void
test_paste_anywhere (Fixture *f, gconstpointer data)
{
  GdkClipboard *clipboard = gtk_widget_get_clipboard (f->window);
  g_autoptr (GFile) file = ui_media_make_picture (f->base.folder, "copied.png", 80, 60);

  gdk_clipboard_set (clipboard, G_TYPE_FILE, file);
  facet_composer_paste (f->composer);
  while (g_list_model_get_n_items (G_LIST_MODEL (facet_conversation_get_draft_media (shown (f)))) ==
         0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_nonnull (ui_find (f->window, FACET_TYPE_ATTACHMENT_CHIP, NULL));
}

/* Round the window by Tab: the composer is a way station, no trap, and what is attached to a
 * message is reached, too. */
static void
go_round (Fixture *f, GtkDirectionType direction)
{
  gboolean outside = FALSE, thumbnail = FALSE, sound = FALSE, text = FALSE;

  for (guint i = 0; i < 60; i++) {
    GtkWidget *focus;

    gtk_widget_child_focus (f->window, direction);
    focus = gtk_window_get_focus (GTK_WINDOW (f->window));
    if (focus == NULL)
      continue;
    text |= GTK_IS_TEXT_VIEW (focus);
    outside |= gtk_widget_get_ancestor (focus, FACET_TYPE_COMPOSER) == NULL;
    thumbnail |= gtk_widget_get_ancestor (focus, FACET_TYPE_MESSAGE_MEDIA) != NULL &&
                 ui_find (focus, FACET_TYPE_THUMBNAIL, NULL) != NULL;
    sound |= gtk_widget_get_ancestor (focus, FACET_TYPE_SOUND_TILE) != NULL;
  }
  g_assert_true (text);
  g_assert_true (outside);
  g_assert_true (thumbnail);
  g_assert_true (sound);
}

static void
test_round_trip (Fixture *f, gconstpointer data)
{
  send_all_kinds (f);
  find_media (f);
  go_round (f, GTK_DIR_TAB_FORWARD);
  go_round (f, GTK_DIR_TAB_BACKWARD);
}

static void
test_message (Fixture *f, gconstpointer data)
{
  GtkWidget *media, *thumbnail;

  send_all_kinds (f);
  media = find_media (f);
  thumbnail = ui_find (media, FACET_TYPE_THUMBNAIL, NULL);
  ui_wait (is_loaded, thumbnail);
  gtk_test_accessible_assert_property (gtk_widget_get_ancestor (thumbnail, GTK_TYPE_BUTTON),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Picture photo.png, 800 × 600");
  gtk_test_accessible_assert_property (ui_find (media, GTK_TYPE_BUTTON, "Play"),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "Play memo.wav");
  g_assert_true (gtk_widget_get_focusable (gtk_widget_get_ancestor (thumbnail, GTK_TYPE_BUTTON)));
  drop_file (f, ui_media_make_picture (f->base.folder, "next.png", 640, 480));
  drop_file (f, ui_media_make_picture (f->base.folder, "more.png", 480, 640));
  drop_file (f, ui_media_make_sound (f->base.folder, "question.wav", 2));
  ui_media_wait (shown (f));
  ui_run_for (250);
  ui_media_picture (f->window, "window-light-1080");
  adw_style_manager_set_color_scheme (adw_style_manager_get_default (),
                                      ADW_COLOR_SCHEME_FORCE_DARK);
  ui_run_for (250);
  ui_media_picture (f->window, "window-dark-1080");
  /* Once more when the sidebar has folded away and made room. */
  for (guint i = 0; i < 2 || (i < 50 && gtk_widget_get_width (f->window) > 360); i++) {
    gtk_window_set_default_size (GTK_WINDOW (f->window), 360, 720);
    ui_run_for (400);
  }
  ui_media_picture (f->window, "window-dark-360");
  adw_style_manager_set_color_scheme (adw_style_manager_get_default (), ADW_COLOR_SCHEME_DEFAULT);
  ui_run_for (250);
  ui_media_picture (f->window, "window-light-360");
  g_assert_cmpint (gtk_widget_get_width (f->window), <=, 360);
}

static void
test_open (Fixture *f, gconstpointer data)
{
  g_autoptr (GListModel) windows = G_LIST_MODEL (g_object_ref (gtk_window_get_toplevels ()));
  guint      n = g_list_model_get_n_items (windows);
  GtkWidget *thumbnail;
  g_autoptr (GtkWidget) viewer = NULL;

  send_all_kinds (f);
  thumbnail = ui_find (find_media (f), FACET_TYPE_THUMBNAIL, NULL);
  g_signal_emit_by_name (gtk_widget_get_ancestor (thumbnail, GTK_TYPE_BUTTON), "clicked");
  g_assert_cmpuint (g_list_model_get_n_items (windows), ==, n + 1);
  for (guint i = 0; i < n + 1 && viewer == NULL; i++) {
    g_autoptr (GtkWidget) window = g_list_model_get_item (windows, i);

    if (FACET_IS_MEDIA_VIEWER (window))
      viewer = g_steal_pointer (&window);
  }
  g_assert_nonnull (viewer);
  g_assert_true (gtk_window_get_transient_for (GTK_WINDOW (viewer)) == GTK_WINDOW (f->window));
  gtk_window_destroy (GTK_WINDOW (viewer));
}

/* After a message is sent the whole window goes, and another one opens the same library's
 * conversation from disk. */
static void
reload (Fixture *f)
{
  gint64 id = facet_conversation_get_id (shown (f));
  g_autoptr (FacetConversation) conversation = NULL;

  gtk_window_destroy (GTK_WINDOW (f->window));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  ui_fixture_reopen (&f->base);
  f->window = GTK_WIDGET (facet_window_new (application));
  gtk_window_set_default_size (GTK_WINDOW (f->window), 1080, 720);
  facet_window_set_library (FACET_WINDOW (f->window), f->base.library);
  gtk_window_present (GTK_WINDOW (f->window));
  conversation = facet_library_find (f->base.library, id);
  g_assert_nonnull (conversation);
  facet_window_open (FACET_WINDOW (f->window), conversation);
}

static void
test_reload (Fixture *f, gconstpointer data)
{
  GtkWidget *media;

  send_all_kinds (f);
  reload (f);
  media = find_media (f);
  ui_wait (is_loaded, ui_find (media, FACET_TYPE_THUMBNAIL, NULL));
  g_assert_nonnull (ui_find (media, FACET_TYPE_SOUND_TILE, NULL));
  g_assert_nonnull (ui_find (media, GTK_TYPE_LABEL, "0:04"));
}

static void
test_gone (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetMessage) message = NULL;
  GPtrArray *attachments;

  send_all_kinds (f);
  message = g_list_model_get_item (G_LIST_MODEL (shown (f)), 0);
  attachments = facet_message_get_attachments (message);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpint (g_remove (facet_media_get_path (g_ptr_array_index (attachments, i))), ==, 0);
  reload (f);
  g_assert_nonnull (ui_find (find_media (f), GTK_TYPE_LABEL, "“photo.png” is no longer there"));
  g_assert_nonnull (ui_find (find_media (f), GTK_TYPE_LABEL, "“memo.wav” is no longer there"));
  ui_run_for (100);
  ui_media_picture (f->window, "gone");
}

/* The tile follows a player; only one of two is played. */
static gboolean
has_position (gpointer player)
{
  return facet_player_get_position (player) > 0;
}

static void
test_sound (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetPlayer) player = facet_player_new ("fakesink sync=true");
  GListModel *draft;
  GtkWidget  *window, *box, *tiles[2], *buttons[2];

  drop_file (f, ui_media_make_sound (f->base.folder, "one.wav", 60));
  drop_file (f, ui_media_make_sound (f->base.folder, "two.wav", 50));
  ui_media_wait (shown (f));
  draft = G_LIST_MODEL (facet_conversation_get_draft_media (shown (f)));
  window = gtk_window_new ();
  box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  gtk_window_set_child (GTK_WINDOW (window), box);
  for (guint i = 0; i < 2; i++) {
    g_autoptr (FacetMedia) media = g_list_model_get_item (draft, i);

    tiles[i] = facet_sound_tile_new (media, player);
    gtk_box_append (GTK_BOX (box), tiles[i]);
    buttons[i] = ui_find (tiles[i], GTK_TYPE_BUTTON, "Play");
    g_assert_nonnull (buttons[i]);
  }
  gtk_window_present (GTK_WINDOW (window));

  g_signal_emit_by_name (buttons[0], "clicked");
  g_assert_true (ui_find (tiles[0], GTK_TYPE_BUTTON, "Pause") == buttons[0]);
  ui_wait (has_position, player);
  g_assert_cmpfloat (facet_waveform_get_played (
                         FACET_WAVEFORM (ui_find (tiles[0], FACET_TYPE_WAVEFORM, NULL))),
                     >, 0);
  g_signal_emit_by_name (buttons[1], "clicked");
  g_assert_nonnull (ui_find (tiles[0], GTK_TYPE_BUTTON, "Play"));
  g_assert_nonnull (ui_find (tiles[1], GTK_TYPE_BUTTON, "Pause"));
  g_signal_emit_by_name (buttons[1], "clicked");
  g_assert_nonnull (ui_find (tiles[1], GTK_TYPE_BUTTON, "Play"));
  g_assert_false (facet_player_get_playing (player));
  gtk_window_destroy (GTK_WINDOW (window));
}

/* The conversation is left, or the window closed. */
static void
test_sound_stops (Fixture *f, gconstpointer data)
{
  FacetPlayer *player = facet_player_get_default ();
  GtkWidget   *button;

  drop_file (f, ui_media_make_sound (f->base.folder, "memo.wav", 60));
  send (f, "");
  button = ui_find (find_media (f), GTK_TYPE_BUTTON, "Play");
  g_signal_emit_by_name (button, "clicked");
  g_assert_true (facet_player_get_playing (player));
  g_assert_true (gtk_widget_activate_action (f->window, "win.new-conversation", NULL));
  g_assert_false (facet_player_get_playing (player));
  g_assert_null (facet_player_get_media (player));
}

static void
test_video (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->base.folder, "clip.mkv", NULL);
  GtkWidget       *thumbnail;

  if (!make_by_gstreamer ("videotestsrc num-buffers=50 ! "
                          "video/x-raw,width=320,height=240,framerate=25/1 ! "
                          "jpegenc ! matroskamux ! filesink location=OUT",
                          path))
    return;
  drop_file (f, g_file_new_for_path (path));
  ui_media_wait (shown (f));
  g_assert_nonnull (ui_find (f->window, FACET_TYPE_ATTACHMENT_CHIP, NULL));
  ui_run_for (100);
  ui_media_picture (f->window, "video-chip");
  send (f, "");
  thumbnail = ui_find (find_media (f), FACET_TYPE_THUMBNAIL, NULL);
  ui_wait (is_loaded, thumbnail);
  g_assert_true (gtk_widget_get_visible (ui_find (thumbnail, GTK_TYPE_IMAGE, NULL)));
  gtk_test_accessible_assert_property (gtk_widget_get_ancestor (thumbnail, GTK_TYPE_BUTTON),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "Video clip.mkv, 2.0\u2009s");
  ui_run_for (250);
  ui_media_picture (f->window, "video");
}

static gboolean
says_looking (gpointer window)
{
  return ui_find (window, GTK_TYPE_LABEL, "Looking…") != NULL;
}

/* What the running answer's face says. */
static void
test_faces (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetMessage) answer = NULL;

  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_hang (f->base.fake);
  drop_file (f, ui_media_make_picture (f->base.folder, "photo.png", 80, 60));
  ui_media_wait (shown (f));
  g_assert_true (facet_composer_send (f->composer, "What is it?"));
  while (fake_assistant_get_n_started (f->base.fake) == 0)
    g_main_context_iteration (NULL, TRUE);
  answer = g_list_model_get_item (G_LIST_MODEL (shown (f)), 1);
  facet_message_set_phase (answer, FACET_PHASE_LOOKING, 0);
  /* Its row is made in one of the next frames. */
  ui_wait (says_looking, f->window);
  facet_message_set_phase (answer, FACET_PHASE_LOOKING, 0.4);
  g_assert_nonnull (ui_find (f->window, GTK_TYPE_LABEL, "Looking… 40%"));
  facet_message_set_phase (answer, FACET_PHASE_LISTENING, 0.5);
  g_assert_nonnull (ui_find (f->window, GTK_TYPE_LABEL, "Listening… 50%"));
  facet_conversation_stop (shown (f));
  ui_wait_idle (shown (f));
}

/* Only rows that are near the screen have tiles. */
static void
test_many_messages (Fixture *f, gconstpointer data)
{
  FacetChatList *list;

  for (guint i = 0; i < 60; i++) {
    g_autofree char *name = g_strdup_printf ("picture %u.png", i);

    drop_file (f, ui_media_make_picture (f->base.folder, name, 40 + (int)i, 40));
    send (f, "One more");
  }
  ui_run_for (200);
  list = FACET_CHAT_LIST (ui_find (f->window, FACET_TYPE_CHAT_LIST, NULL));
  g_assert_cmpuint (facet_chat_list_get_n_rows (list), <, 20);
}

/* End to end */

static gboolean
is_ready (gpointer assistant)
{
  return facet_assistant_get_state (assistant) == FACET_ASSISTANT_READY;
}

/* A model that is watched by a sanitizer takes its time. */
static void
wait_patiently (UiCondition condition, gpointer data)
{
  gint64 deadline = g_get_monotonic_time () + 100 * G_USEC_PER_SEC;

  while (!condition (data)) {
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (1000);
  }
}

static gboolean
is_answered (gpointer conversation)
{
  return facet_conversation_get_id (conversation) != 0 &&
         !facet_conversation_get_busy (conversation);
}

/* The description that samples.json has for picture-0.png. */
static char *
read_expected (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "samples.json", NULL);
  g_autofree char *text = NULL;
  char            *at, *end;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  at = strstr (text, "\"picture-0.png\"");
  g_assert_nonnull (at);
  at = strstr (at, "\"output\": \"");
  g_assert_nonnull (at);
  at += strlen ("\"output\": \"");
  end = strstr (at, "<turn|>");
  g_assert_nonnull (end);
  return g_strndup (at, (gsize)(end - at));
}

static void
test_described (Fixture *f, gconstpointer data)
{
  g_autofree char *demo = facet_find_demo_model ();
  g_autofree char *samples = NULL;
  g_autofree char *expected = NULL;
  g_autofree char *path = NULL;
  g_autoptr (FacetAssistant) assistant = NULL;
  g_autoptr (FacetMessage) answer = NULL;
  FacetLocalOptions options = {.model_folder = NULL};

  g_assert_nonnull (demo);
  samples = g_build_filename (demo, "samples", NULL);
  expected = read_expected (samples);
  path = g_build_filename (samples, "picture-0.png", NULL);
  assistant = facet_local_assistant_new (&options);
  facet_library_set_assistant (f->base.library, assistant);
  wait_patiently (is_ready, assistant);

  drop_file (f, g_file_new_for_path (path));
  ui_media_wait (shown (f));
  g_assert_true (facet_composer_send (f->composer, "Describe this image."));
  wait_patiently (is_answered, shown (f));
  answer = g_list_model_get_item (G_LIST_MODEL (shown (f)), 1);
  g_assert_cmpstr (facet_message_get_text (answer), ==, expected);
  ui_run_for (200);
  ui_media_picture (f->window, "described");
  facet_library_set_assistant (f->base.library, FACET_ASSISTANT (f->base.fake));
}

int
main (int argc, char **argv)
{
  int result;

  ui_test_init (&argc, &argv);
  application = facet_application_new (G_APPLICATION_NON_UNIQUE);
  g_assert_true (g_application_register (G_APPLICATION (application), NULL, NULL));
#define ADD(path, func) g_test_add ("/message-media/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("drop", test_drop);
  ADD ("drop-zone", test_drop_zone);
  ADD ("paste-anywhere", test_paste_anywhere);
  ADD ("round-trip", test_round_trip);
  ADD ("message", test_message);
  ADD ("open", test_open);
  ADD ("reload", test_reload);
  ADD ("gone", test_gone);
  ADD ("sound", test_sound);
  ADD ("sound-stops", test_sound_stops);
  ADD ("video", test_video);
  ADD ("faces", test_faces);
  ADD ("many-messages", test_many_messages);
  ADD ("described", test_described);
  result = g_test_run ();
  g_object_unref (application);
  return result;
}
