/* test-window.c: a window as a whole: its pages and states, its actions, its width, the
 * preferences.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-window"

#include "config.h"

#include <string.h>

#include "facet-banner.h"
#include "facet-chat-view.h"
#include "facet-clip-file.h"
#include "facet-composer.h"
#include "facet-model-badge.h"
#include "facet-preferences.h"
#include "facet-settings.h"
#include "facet-sidebar.h"
#include "facet-welcome.h"
#include "facet-window.h"
#include "test-folder.h"
#include "ui-fixture.h"

static FacetApplication *application;

typedef struct {
  UiFixture      base;
  GtkWidget     *window;
  AdwFlap       *flap;
  GtkStack      *pages;
  FacetComposer *composer;
} Fixture;

/* The stack of pages is the one that has the chat view. */
static GtkStack *
find_pages (GtkWidget *window)
{
  GtkWidget *chat = ui_find (window, FACET_TYPE_CHAT_VIEW, NULL);

  return GTK_STACK (gtk_widget_get_ancestor (chat, GTK_TYPE_STACK));
}

static void
set_up (Fixture *f, gconstpointer data)
{
  ui_fixture_set_up (&f->base, NULL, 0);
  f->window = GTK_WIDGET (facet_window_new (application));
  gtk_window_set_default_size (GTK_WINDOW (f->window), 1000, 640);
  facet_window_set_library (FACET_WINDOW (f->window), f->base.library);
  f->flap = ADW_FLAP (ui_find (f->window, ADW_TYPE_FLAP, NULL));
  f->pages = find_pages (f->window);
  f->composer = FACET_COMPOSER (ui_find (f->window, FACET_TYPE_COMPOSER, NULL));
  gtk_window_present (GTK_WINDOW (f->window));
  gtk_test_widget_wait_for_draw (f->window);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_object_add_weak_pointer (G_OBJECT (f->window), (gpointer *)&f->window);
  gtk_window_destroy (GTK_WINDOW (f->window));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (f->window);
  g_settings_reset (facet_settings_get_default (), "sidebar-visible");
  ui_fixture_tear_down (&f->base);
}

static FacetConversation *
shown (Fixture *f)
{
  return facet_window_get_conversation (FACET_WINDOW (f->window));
}

static void
act (Fixture *f, const char *action)
{
  g_assert_true (gtk_widget_activate_action (f->window, action, NULL));
}

static void
send (Fixture *f, const char *text)
{
  g_assert_true (facet_composer_send (f->composer, text));
  ui_wait_idle (shown (f));
}

static void
assert_page (Fixture *f, const char *name)
{
  g_assert_cmpstr (gtk_stack_get_visible_child_name (f->pages), ==, name);
}

static GtkWidget *
find_toast_button (Fixture *f)
{
  return ui_find (f->window, GTK_TYPE_BUTTON, "Undo");
}

static void
test_first_words (Fixture *f, gconstpointer data)
{
  GtkWidget *title = ui_find (f->window, GTK_TYPE_LABEL, "New conversation");
  GtkWidget *row;

  assert_page (f, "welcome");
  g_assert_nonnull (title);
  g_assert_true (gtk_widget_has_focus (ui_find (f->window, GTK_TYPE_TEXT_VIEW, NULL)));
  ui_picture (f->window, "window-welcome");

  row = gtk_widget_get_ancestor (ui_find (f->window, GTK_TYPE_LABEL, "What is 47 + 38?"),
                                 ADW_TYPE_ACTION_ROW);
  adw_action_row_activate (ADW_ACTION_ROW (row));
  ui_wait_idle (shown (f));
  assert_page (f, "chat");
  g_assert_true (facet_conversation_get_thinking (shown (f)));
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (shown (f))), ==, 2);
  g_assert_cmpstr (gtk_label_get_label (GTK_LABEL (title)), ==, "What is 47 + 38?");
  g_assert_cmpstr (gtk_window_get_title (GTK_WINDOW (f->window)), ==, "What is 47 + 38?");
  gtk_test_accessible_assert_property (gtk_widget_get_ancestor (title, GTK_TYPE_BUTTON),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "What is 47 + 38?");
  ui_picture (f->window, "window-chat");
}

static void
test_new_conversation (Fixture *f, gconstpointer data)
{
  FacetConversation *first;
  GtkTextView       *view = GTK_TEXT_VIEW (ui_find (f->window, GTK_TYPE_TEXT_VIEW, NULL));
  GtkTextBuffer     *buffer = gtk_text_view_get_buffer (view);
  g_autofree char   *text = NULL;

  send (f, "First");
  first = shown (f);
  act (f, "win.new-conversation");
  g_assert_true (shown (f) != first);
  assert_page (f, "welcome");

  /* What was begun in the new one is still there after a look at another. */
  gtk_text_buffer_set_text (buffer, "Begun", -1);
  act (f, "win.previous");
  g_assert_true (shown (f) == first);
  assert_page (f, "chat");
  act (f, "win.new-conversation");
  g_object_get (buffer, "text", &text, NULL);
  g_assert_cmpstr (text, ==, "Begun");
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->base.library)), ==, 1);

  /* A second time it is the same. */
  first = shown (f);
  act (f, "win.new-conversation");
  g_assert_true (shown (f) == first);
}

static void
test_delete (Fixture *f, gconstpointer data)
{
  GListModel *list = G_LIST_MODEL (f->base.library);

  act (f, "win.delete"); /* disabled: the new one is not in the list */
  g_assert_null (find_toast_button (f));
  send (f, "First");
  act (f, "win.new-conversation");
  send (f, "Second");

  act (f, "win.delete");
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 1);
  g_assert_cmpstr (facet_conversation_get_title (shown (f)), ==, "First");
  g_assert_nonnull (ui_find (f->window, GTK_TYPE_LABEL, "“Second” deleted"));
  g_signal_emit_by_name (find_toast_button (f), "clicked");
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 2);

  act (f, "win.delete");
  act (f, "win.delete");
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 0);
  assert_page (f, "welcome");
}

static void
test_rename_and_pin (Fixture *f, gconstpointer data)
{
  GtkWindow *dialog = NULL;
  GtkWidget *entry;
  GList     *windows;

  send (f, "First");
  act (f, "win.rename");
  windows = gtk_window_list_toplevels ();
  for (GList *l = windows; l != NULL; l = l->next)
    if (ADW_IS_MESSAGE_DIALOG (l->data))
      dialog = l->data;
  g_list_free (windows);
  g_assert_nonnull (dialog);
  entry = ui_find (GTK_WIDGET (dialog), GTK_TYPE_ENTRY, NULL);
  gtk_test_accessible_assert_property (entry, GTK_ACCESSIBLE_PROPERTY_LABEL, "Title");
  gtk_editable_set_text (GTK_EDITABLE (entry), "   ");
  g_assert_false (adw_message_dialog_get_response_enabled (ADW_MESSAGE_DIALOG (dialog), "accept"));
  gtk_editable_set_text (GTK_EDITABLE (entry), "  Sums ");
  adw_message_dialog_response (ADW_MESSAGE_DIALOG (dialog), "accept");
  g_assert_cmpstr (facet_conversation_get_title (shown (f)), ==, "Sums");
  gtk_window_destroy (dialog);

  act (f, "win.pinned");
  g_assert_true (facet_conversation_get_pinned (shown (f)));
  g_assert_nonnull (ui_find (f->window, GTK_TYPE_LABEL, "Pinned"));
}

static gboolean
is_mapped (gpointer widget)
{
  return gtk_widget_get_mapped (widget);
}

static gboolean
is_not_mapped (gpointer widget)
{
  return !gtk_widget_get_mapped (widget);
}

/* Every state of the assistant has a face, on the empty page and in a conversation. */
static void
test_assistant_states (Fixture *f, gconstpointer data)
{
  GtkWidget   *welcome = ui_find (f->window, FACET_TYPE_WELCOME, NULL);
  GtkWidget   *bar = ui_find (welcome, GTK_TYPE_PROGRESS_BAR, NULL);
  FacetBanner *banner = FACET_BANNER (ui_find (f->window, FACET_TYPE_BANNER, NULL));
  GtkWidget   *tag = ui_find (welcome, GTK_TYPE_LABEL, "Demonstration model");
  const char  *failure = "The model folder has no tokenizer.json. Choose another folder.";

  g_assert_false (gtk_widget_get_mapped (tag));
  fake_assistant_set_demo (f->base.fake, TRUE);
  ui_wait (is_mapped, tag);

  fake_assistant_set_loading (f->base.fake, 0.25);
  ui_wait (is_mapped, bar);
  g_assert_nonnull (ui_find (welcome, GTK_TYPE_LABEL, "Loading the demonstration model, 25 %"));
  fake_assistant_set_demo (f->base.fake, FALSE);
  g_assert_nonnull (ui_find (welcome, GTK_TYPE_LABEL, "Loading Fake model, 25 %"));
  ui_picture (f->window, "window-loading");

  fake_assistant_set_failed (f->base.fake, failure);
  ui_wait (is_not_mapped, bar);
  g_assert_nonnull (ui_find (welcome, GTK_TYPE_LABEL, failure));
  g_assert_null (facet_banner_get_text (banner));
  ui_picture (f->window, "window-failed");

  fake_assistant_set_ready (f->base.fake);
  send (f, "Hello");
  fake_assistant_set_failed (f->base.fake, failure);
  g_assert_cmpstr (facet_banner_get_text (banner), ==, failure);
  /* Where the way out is: another device or a shorter context, or another model. */
  g_assert_nonnull (ui_find (GTK_WIDGET (banner), GTK_TYPE_BUTTON, "Hardware…"));
  g_assert_nonnull (ui_find (GTK_WIDGET (banner), GTK_TYPE_BUTTON, "Use the Demonstration Model"));
  fake_assistant_set_ready (f->base.fake);
  g_assert_null (facet_banner_get_text (banner));
}

static gboolean
is_slid_open (gpointer revealer)
{
  return gtk_revealer_get_child_revealed (revealer);
}

/* The header's button that says where words go. */
static GtkWidget *
find_place (GtkWidget *window)
{
  GtkWidget *label = ui_find (window, GTK_TYPE_LABEL, "On this computer");

  return gtk_widget_get_ancestor (label, GTK_TYPE_MENU_BUTTON);
}

/* What the model warns of stands under the header, where words are read and where they are written,
 * until it is closed. */
static void
test_warning (Fixture *f, gconstpointer data)
{
  GtkWidget   *banner = ui_find (f->window, FACET_TYPE_BANNER, NULL);
  GtkRevealer *revealer = GTK_REVEALER (ui_find (banner, GTK_TYPE_REVEALER, NULL));
  GtkWidget   *close = ui_find (banner, GTK_TYPE_BUTTON, "Close");
  GtkWidget   *badge = ui_find (f->window, FACET_TYPE_MODEL_BADGE, NULL);
  GtkImage    *mark = GTK_IMAGE (ui_find (badge, GTK_TYPE_IMAGE, NULL));
  GtkWidget   *place = find_place (f->window);
  GtkImage    *sign = GTK_IMAGE (ui_find (place, GTK_TYPE_IMAGE, NULL));
  const char  *warning = "The template is none of the known ones.";

  g_assert_false (gtk_revealer_get_reveal_child (revealer));
  fake_assistant_set_warning (f->base.fake, warning);
  g_assert_true (gtk_revealer_get_reveal_child (revealer));
  g_assert_nonnull (ui_find (banner, GTK_TYPE_LABEL, warning));
  gtk_test_accessible_assert_role (GTK_ACCESSIBLE (banner), GTK_ACCESSIBLE_ROLE_ALERT);
  gtk_test_accessible_assert_property (GTK_ACCESSIBLE (banner), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       warning);
  gtk_test_accessible_assert_property (GTK_ACCESSIBLE (close), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Close");
  send (f, "Hello");
  ui_wait (is_slid_open, revealer);
  g_assert_true (gtk_widget_get_mapped (close));
  ui_picture (f->window, "window-warning");

  /* Closed, it stays away until there is something else to say. */
  g_signal_emit_by_name (close, "clicked");
  send (f, "And?");
  fake_assistant_set_demo (f->base.fake, TRUE);
  fake_assistant_set_warning (f->base.fake, warning);
  g_assert_false (gtk_revealer_get_reveal_child (revealer));
  /* … but the model stays marked, and so does the header, which is there without a sidebar, too. */
  g_assert_cmpstr (gtk_image_get_icon_name (sign), ==, "dialog-warning-symbolic");
  g_assert_cmpstr (gtk_widget_get_tooltip_text (place), ==, warning);
  g_assert_cmpstr (gtk_image_get_icon_name (mark), ==, "dialog-warning-symbolic");
  g_assert_cmpstr (gtk_widget_get_tooltip_text (GTK_WIDGET (mark)), ==, warning);
  fake_assistant_set_warning (f->base.fake, "The tokenizer has no name.");
  g_assert_true (gtk_revealer_get_reveal_child (revealer));
  fake_assistant_set_warning (f->base.fake, NULL);
  g_assert_false (gtk_revealer_get_reveal_child (revealer));
  g_assert_cmpstr (gtk_image_get_icon_name (mark), ==, "computer-symbolic");
  g_assert_cmpstr (gtk_image_get_icon_name (sign), ==, "computer-symbolic");
}

/* What became of damaged conversations does not hide what the model warns of. */
static void
test_two_warnings (Fixture *f, gconstpointer data)
{
  FacetBanner     *banner = FACET_BANNER (ui_find (f->window, FACET_TYPE_BANNER, NULL));
  g_autofree char *folder = test_folder_new ();
  g_autofree char *path = g_build_filename (folder, "facet.db", NULL);
  g_autoptr (GError) error = NULL;
  FacetLibrary *library;

  fake_assistant_set_warning (f->base.fake, "The template is none of the known ones.");
  g_assert_true (
      g_file_set_contents (path, "This was a database, and is none any more.", -1, &error));
  library = facet_library_new (folder, FACET_ASSISTANT (f->base.fake), &error);
  g_assert_no_error (error);
  facet_window_set_library (FACET_WINDOW (f->window), library);
  g_assert_nonnull (strstr (facet_banner_get_text (banner), "It was set aside as"));
  g_assert_nonnull (strstr (facet_banner_get_text (banner), "The template is none of the known"));

  facet_window_set_library (FACET_WINDOW (f->window), f->base.library);
  g_assert_cmpstr (facet_banner_get_text (banner), ==, "The template is none of the known ones.");
  facet_library_close (library);
  g_object_unref (library);
  test_folder_remove (folder);
}

static void
test_another_assistant (Fixture *f, gconstpointer data)
{
  g_autoptr (FakeAssistant) other = fake_assistant_new ();
  FakeAssistant *first = f->base.fake;
  GtkWidget     *welcome = ui_find (f->window, FACET_TYPE_WELCOME, NULL);

  fake_assistant_set_failed (first, "It is gone.");
  g_assert_nonnull (ui_find (welcome, GTK_TYPE_LABEL, "It is gone."));
  facet_library_set_assistant (f->base.library, FACET_ASSISTANT (other));
  fake_assistant_set_loading (other, 0.5);
  g_assert_nonnull (ui_find (welcome, GTK_TYPE_LABEL, "Loading Fake model, 50 %"));
  facet_library_set_assistant (f->base.library, FACET_ASSISTANT (first));
}

static void
test_storage_error (Fixture *f, gconstpointer data)
{
  GtkWidget *window = GTK_WIDGET (facet_window_new (application));

  g_object_set (window, "storage-error", "The disk is full.", NULL);
  g_assert_cmpstr (gtk_stack_get_visible_child_name (find_pages (window)), ==, "storage");
  g_assert_nonnull (ui_find (window, GTK_TYPE_LABEL, "The disk is full."));
  g_assert_false (gtk_widget_get_visible (ui_find (window, FACET_TYPE_COMPOSER, NULL)));
  /* It could be opened after all. */
  g_object_set (window, "storage-error", NULL, NULL);
  facet_window_set_library (FACET_WINDOW (window), f->base.library);
  g_assert_cmpstr (gtk_stack_get_visible_child_name (find_pages (window)), ==, "welcome");
  g_assert_true (gtk_widget_get_visible (ui_find (window, FACET_TYPE_COMPOSER, NULL)));
  gtk_window_destroy (GTK_WINDOW (window));
}

static gboolean
is_unfolded (gpointer data)
{
  return !adw_flap_get_folded (((Fixture *)data)->flap);
}

/* Asks again and again, as a hand at the window's edge does: each step makes room for the next. */
static gboolean
is_phone_wide (gpointer data)
{
  Fixture *f = data;

  gtk_window_set_default_size (GTK_WINDOW (f->window), 360, 600);
  return gtk_widget_get_width (f->window) <= 360; /* less by the frame, if there is one */
}

static void
test_widths (Fixture *f, gconstpointer data)
{
  g_assert_false (adw_flap_get_folded (f->flap));
  g_assert_true (adw_flap_get_reveal_flap (f->flap));

  ui_wait (is_phone_wide, f);
  g_assert_true (adw_flap_get_folded (f->flap));
  g_assert_false (adw_flap_get_reveal_flap (f->flap));
  ui_picture (f->window, "window-narrow");

  /* Over the conversation for as long as it takes to choose one. */
  send (f, "First");
  act (f, "win.sidebar-visible");
  g_assert_true (adw_flap_get_reveal_flap (f->flap));
  g_assert_true (g_settings_get_boolean (facet_settings_get_default (), "sidebar-visible"));
  act (f, "win.new-conversation");
  g_assert_false (adw_flap_get_reveal_flap (f->flap));

  gtk_window_set_default_size (GTK_WINDOW (f->window), 1000, 600);
  ui_wait (is_unfolded, f);
  g_assert_true (adw_flap_get_reveal_flap (f->flap));
  act (f, "win.sidebar-visible");
  g_assert_false (adw_flap_get_reveal_flap (f->flap));
  g_assert_false (g_settings_get_boolean (facet_settings_get_default (), "sidebar-visible"));
}

static void
test_size_is_kept (Fixture *f, gconstpointer data)
{
  GSettings *settings = facet_settings_get_default ();
  GtkWidget *another;
  int        width, height;

  gtk_window_set_default_size (GTK_WINDOW (f->window), 900, 500);
  ui_run_for (100);
  another = GTK_WIDGET (facet_window_new (application));
  gtk_window_set_default_size (GTK_WINDOW (another), 777, 555);
  gtk_window_present (GTK_WINDOW (another));
  gtk_test_widget_wait_for_draw (another);
  gtk_window_close (GTK_WINDOW (another));
  g_assert_cmpint (g_settings_get_int (settings, "window-width"), ==, 777);
  g_assert_cmpint (g_settings_get_int (settings, "window-height"), ==, 555);

  another = GTK_WIDGET (facet_window_new (application));
  gtk_window_get_default_size (GTK_WINDOW (another), &width, &height);
  g_assert_cmpint (width, ==, 777);
  g_assert_cmpint (height, ==, 555);
  gtk_window_destroy (GTK_WINDOW (another));
  g_settings_reset (settings, "window-width");
  g_settings_reset (settings, "window-height");
}

static gboolean
is_asked (gpointer fake)
{
  return fake_assistant_get_n_started (fake) > 0;
}

static void
test_answer_actions (Fixture *f, gconstpointer data)
{
  g_autofree char *text = NULL;

  act (f, "win.think");
  g_assert_true (facet_conversation_get_thinking (shown (f)));

  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_hang (f->base.fake);
  facet_composer_send (f->composer, "Hello");
  ui_wait (is_asked, f->base.fake);
  act (f, "win.regenerate"); /* disabled: one answer at a time */
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (shown (f))), ==, 2);
  act (f, "win.answer-now");
  g_assert_cmpuint (fake_assistant_get_n_answer_now (f->base.fake), ==, 1);
  act (f, "win.stop");
  ui_wait_idle (shown (f));
  g_assert_cmpuint (fake_assistant_get_n_cancelled (f->base.fake), ==, 1);

  act (f, "win.regenerate");
  ui_wait_idle (shown (f));
  g_assert_cmpuint (fake_assistant_get_n_started (f->base.fake), ==, 2);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (shown (f))), ==, 2);
  act (f, "win.copy-last");
  act (f, "win.copy-conversation");
}

/* Closing in mid-answer keeps what came; the window is gone at once. */
static void
test_close_in_mid_answer (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetConversation) conversation = NULL;
  GtkWidget     *window = GTK_WIDGET (facet_window_new (application));
  FacetComposer *composer = NULL;

  facet_window_set_library (FACET_WINDOW (window), f->base.library);
  composer = FACET_COMPOSER (ui_find (window, FACET_TYPE_COMPOSER, NULL));
  gtk_window_present (GTK_WINDOW (window));
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, "One two");
  fake_assistant_add_hang (f->base.fake);
  conversation = g_object_ref (facet_window_get_conversation (FACET_WINDOW (window)));
  facet_composer_send (composer, "Count");
  ui_wait (is_asked, f->base.fake);
  gtk_window_close (GTK_WINDOW (window));
  ui_run_for (50);
  g_assert_true (facet_conversation_get_busy (conversation)); /* others may look at it */
  facet_conversation_stop (conversation);
  ui_wait_idle (conversation);
}

static GPtrArray *
make_clips (Fixture *f, guint n)
{
  GPtrArray *clips = g_ptr_array_new_with_free_func ((GDestroyNotify)facet_clip_unref);

  for (guint i = 0; i < n; i++) {
    g_autofree char *name = g_strdup_printf ("clip-%u.wav", i);
    char            *path = g_build_filename (f->base.folder, name, NULL);
    GArray          *peaks = g_array_new (FALSE, FALSE, sizeof (float));
    g_autoptr (GBytes) samples = g_bytes_new_take (g_malloc0 (32000), 32000);
    guint8 header[FACET_CLIP_HEADER];
    g_autoptr (GByteArray) file = g_byte_array_new ();

    facet_clip_file_fill_header (header, 32000);
    g_byte_array_append (file, header, sizeof header);
    g_byte_array_append (file, g_bytes_get_data (samples, NULL), 32000);
    g_assert_true (g_file_set_contents (path, (const char *)file->data, file->len, NULL));
    g_ptr_array_add (clips, facet_clip_new (path, 1000000 + (i > 0), 0, 16000, peaks));
  }
  return clips;
}

static gboolean
has_draft_media (gpointer conversation)
{
  return g_list_model_get_n_items (
             G_LIST_MODEL (facet_conversation_get_draft_media (conversation))) == 1;
}

/* What an earlier process recorded is offered, and nothing happens to it before. */
static void
test_recordings (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) one = make_clips (f, 1);
  g_autoptr (GPtrArray) three = NULL;
  FacetClip *clip = g_ptr_array_index (one, 0);

  facet_window_offer_recordings (FACET_WINDOW (f->window), one);
  g_assert_nonnull (ui_find (f->window, GTK_TYPE_LABEL, "A recording from before was found."));
  ui_picture (f->window, "window-recordings");
  act (f, "win.add-recordings");
  ui_wait (has_draft_media, shown (f));
  g_assert_true (g_file_test (clip->path, G_FILE_TEST_EXISTS)); /* until it is sent */

  three = make_clips (f, 3);
  facet_window_offer_recordings (FACET_WINDOW (f->window), three);
  g_assert_nonnull (ui_find (f->window, GTK_TYPE_LABEL, "2 recordings from before were found."));
  act (f, "win.discard-recordings");
  for (guint i = 0; i < three->len; i++)
    g_assert_false (
        g_file_test (((FacetClip *)g_ptr_array_index (three, i))->path, G_FILE_TEST_EXISTS));
  act (f, "win.discard-recordings"); /* nothing is left to */
}

static void
test_preferences (void)
{
  GSettings   *settings = facet_settings_get_default ();
  GtkWidget   *preferences = GTK_WIDGET (facet_preferences_new (settings, NULL, NULL));
  AdwComboRow *weights, *context;
  GtkWidget   *threads, *sampling;
  const guint  odd = 5000;

  weights =
      ADW_COMBO_ROW (gtk_widget_get_ancestor (ui_find (preferences, GTK_TYPE_LABEL, "Weights"),
                                              ADW_TYPE_COMBO_ROW));
  context = ADW_COMBO_ROW (
      gtk_widget_get_ancestor (ui_find (preferences, GTK_TYPE_LABEL, "Context length"),
                               ADW_TYPE_COMBO_ROW));
  threads = ui_find (gtk_widget_get_ancestor (ui_find (preferences, GTK_TYPE_LABEL, "Threads"),
                                              ADW_TYPE_ACTION_ROW),
                     GTK_TYPE_SPIN_BUTTON, NULL);
  sampling = ui_find (gtk_widget_get_ancestor (ui_find (preferences, GTK_TYPE_LABEL,
                                                        "Gemma’s own defaults"),
                                               ADW_TYPE_ACTION_ROW),
                      GTK_TYPE_SWITCH, NULL);

  g_assert_cmpuint (adw_combo_row_get_selected (weights), ==, 0);
  adw_combo_row_set_selected (weights, 2);
  g_assert_cmpint (g_settings_get_enum (settings, "weights"), ==, 2);
  g_settings_set_string (settings, "weights", "q8");
  g_assert_cmpuint (adw_combo_row_get_selected (weights), ==, 1);

  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (threads)), ==, "Automatic");
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (threads), 1);
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (threads)), ==, "1");
  g_assert_cmpint (g_settings_get_int (settings, "threads"), ==, 1);
  gtk_editable_set_text (GTK_EDITABLE (threads), "Automatic");
  gtk_spin_button_update (GTK_SPIN_BUTTON (threads));
  g_assert_cmpint (g_settings_get_int (settings, "threads"), ==, 0);

  adw_combo_row_set_selected (context, 2);
  g_assert_cmpuint (g_settings_get_uint (settings, "context-size"), ==, 4096);

  g_assert_false (g_settings_get_boolean (settings, "own-sampling"));
  g_assert_true (gtk_switch_get_active (GTK_SWITCH (sampling)));
  gtk_switch_set_active (GTK_SWITCH (sampling), FALSE);
  g_assert_true (g_settings_get_boolean (settings, "own-sampling"));

  g_assert_nonnull (ui_find (preferences, GTK_TYPE_LABEL, "Demonstration model"));
  g_settings_set_string (settings, "model-folder", "/models/a & b");
  g_assert_null (ui_find (preferences, GTK_TYPE_LABEL, "Demonstration model"));
  g_assert_nonnull (ui_find (preferences, GTK_TYPE_LABEL, "/models/a &amp; b"));
  g_object_add_weak_pointer (G_OBJECT (context), (gpointer *)&context);
  gtk_window_destroy (GTK_WINDOW (preferences));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (context);

  /* A length that is not among the usual ones is shown and not changed. */
  g_settings_set_uint (settings, "context-size", odd);
  preferences = GTK_WIDGET (facet_preferences_new (settings, NULL, NULL));
  g_assert_nonnull (ui_find (preferences, GTK_TYPE_LABEL, "5000 tokens"));
  g_assert_cmpuint (g_settings_get_uint (settings, "context-size"), ==, odd);
  gtk_window_destroy (GTK_WINDOW (preferences));

  for (const char *const *key = (const char *const[]){"weights", "threads", "context-size",
                                                      "own-sampling", "model-folder", NULL};
       *key != NULL; key++)
    g_settings_reset (settings, *key);
}

int
main (int argc, char *argv[])
{
  static const struct {
    const char *path;
    void (*test) (Fixture *f, gconstpointer data);
  } tests[] = {
      {"/window/first-words", test_first_words},
      {"/window/new-conversation", test_new_conversation},
      {"/window/delete", test_delete},
      {"/window/rename-and-pin", test_rename_and_pin},
      {"/window/assistant-states", test_assistant_states},
      {"/window/warning", test_warning},
      {"/window/two-warnings", test_two_warnings},
      {"/window/another-assistant", test_another_assistant},
      {"/window/storage-error", test_storage_error},
      {"/window/widths", test_widths},
      {"/window/size-is-kept", test_size_is_kept},
      {"/window/answer-actions", test_answer_actions},
      {"/window/recordings", test_recordings},
      {"/window/close-in-mid-answer", test_close_in_mid_answer},
  };
  int result;

  ui_test_init (&argc, &argv);
  application = facet_application_new (G_APPLICATION_NON_UNIQUE);
  g_assert_true (g_application_register (G_APPLICATION (application), NULL, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
  g_test_add_func ("/window/preferences", test_preferences);
  result = g_test_run ();
  g_object_unref (application);
  return result;
}
