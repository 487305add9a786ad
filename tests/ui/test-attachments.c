/* test-attachments.c: pictures and sounds in the composer: added, removed, looked at more closely,
 * refused, pasted, and sent.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-attachments"

#include "config.h"

#include "facet-announcer.h"
#include "facet-attachment-bar.h"
#include "facet-attachment-chip.h"
#include "facet-attachment-words.h"
#include "facet-composer.h"
#include "facet-import-queue.h"
#include "facet-media-viewer.h"
#include "facet-thumbnail.h"
#include "ui-media.h"

typedef struct {
  UiFixture          base;
  FacetConversation *conversation;
  FacetImportQueue  *queue;
  GListModel        *media;
  GtkWidget         *window;
  FacetComposer     *composer;
  GtkWidget         *view;
  GtkWidget         *send;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  ui_fixture_set_up (&f->base, NULL, 0);
  f->conversation = facet_library_new_conversation (f->base.library);
  f->queue = facet_import_queue_get (f->conversation);
  f->media = G_LIST_MODEL (facet_conversation_get_draft_media (f->conversation));
  f->composer = facet_composer_new ();
  f->window = adw_window_new ();
  gtk_window_set_default_size (GTK_WINDOW (f->window), 480, 400);
  gtk_widget_set_valign (GTK_WIDGET (f->composer), GTK_ALIGN_END);
  adw_window_set_content (ADW_WINDOW (f->window), GTK_WIDGET (f->composer));
  facet_composer_set_conversation (f->composer, f->conversation);
  f->view = ui_find (GTK_WIDGET (f->composer), GTK_TYPE_TEXT_VIEW, NULL);
  f->send = ui_find (GTK_WIDGET (f->composer), GTK_TYPE_BUTTON, "Send");
  gtk_window_present (GTK_WINDOW (f->window));
  gtk_test_widget_wait_for_draw (f->window);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_object_add_weak_pointer (G_OBJECT (f->composer), (gpointer *)&f->composer);
  gtk_window_destroy (GTK_WINDOW (f->window));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (f->composer);
  g_object_unref (f->conversation);
  ui_fixture_tear_down (&f->base);
}

/* Files */

static GFile *
make_text (Fixture *f, const char *name)
{
  g_autofree char *path = g_build_filename (f->base.folder, name, NULL);

  g_assert_true (g_file_set_contents (path, "words and nothing else\n", -1, NULL));
  return g_file_new_for_path (path);
}

static void
add (Fixture *f, GFile *file)
{
  ui_media_add (f->conversation, file);
}

static void
wait_quiet (Fixture *f)
{
  ui_media_wait (f->conversation);
}

static FacetAttachmentChip *
nth_chip (Fixture *f, guint n)
{
  GtkWidget *chip = ui_find (GTK_WIDGET (f->composer), FACET_TYPE_ATTACHMENT_CHIP, NULL);

  while (chip != NULL && n-- > 0)
    chip = gtk_widget_get_next_sibling (chip);
  return chip != NULL ? FACET_ATTACHMENT_CHIP (chip) : NULL;
}

static void
assert_chip (Fixture *f, guint n, const char *name)
{
  FacetAttachmentChip *chip = nth_chip (f, n);

  g_assert_nonnull (chip);
  g_assert_nonnull (facet_attachment_chip_get_media (chip));
  g_assert_cmpstr (facet_media_get_name (facet_attachment_chip_get_media (chip)), ==, name);
  g_assert_nonnull (ui_find (GTK_WIDGET (chip), GTK_TYPE_LABEL, name));
}

static void
assert_says (Fixture *f, const char *text)
{
  g_assert_nonnull (ui_find (GTK_WIDGET (f->composer), GTK_TYPE_LABEL, text));
}

static void
click (GtkWidget *root, GType type, const char *text)
{
  GtkWidget *button = ui_find (root, type, text);

  g_assert_nonnull (button);
  g_signal_emit_by_name (button, "clicked");
}

/* Tests */

static void
test_add (Fixture *f, gconstpointer data)
{
  GtkWidget *running;

  g_assert_false (gtk_widget_get_sensitive (f->send));
  add (f, ui_media_make_picture (f->base.folder, "photo.png", 800, 600));
  add (f, ui_media_make_sound (f->base.folder, "memo.wav", 4.2));
  add (f, ui_media_make_picture (f->base.folder, "second.png", 300, 500));

  /* While they are added. */
  running = GTK_WIDGET (nth_chip (f, 0));
  g_assert_nonnull (running);
  g_assert_nonnull (facet_attachment_chip_get_import (FACET_ATTACHMENT_CHIP (running)));
  g_assert_nonnull (ui_find (running, GTK_TYPE_LABEL, "Adding…"));
  g_assert_false (gtk_widget_get_sensitive (f->send));
  g_assert_cmpstr (gtk_widget_get_tooltip_text (f->send), ==, "Wait until everything is added");
  g_assert_false (facet_composer_send (f->composer, "Too early"));

  wait_quiet (f);
  g_assert_true (GTK_WIDGET (nth_chip (f, 0)) == running); /* the same widget */
  g_assert_true (gtk_widget_get_sensitive (f->send));
  assert_chip (f, 0, "photo.png");
  assert_chip (f, 1, "memo.wav");
  assert_chip (f, 2, "second.png");
  g_assert_null (nth_chip (f, 3));
  ui_media_picture (f->window, "composer-480");
}

static void
test_words (Fixture *f, gconstpointer data)
{
  g_autofree char *expected = NULL;
  g_autofree char *total = NULL;
  guint            picture, sound;

  add (f, ui_media_make_picture (f->base.folder, "photo.png", 800, 600));
  add (f, ui_media_make_sound (f->base.folder, "memo.wav", 4.2));
  wait_quiet (f);
  picture = facet_media_get_n_tokens (facet_attachment_chip_get_media (nth_chip (f, 0)));
  sound = facet_media_get_n_tokens (facet_attachment_chip_get_media (nth_chip (f, 1)));
  g_assert_cmpuint (picture, >, 200);
  g_assert_cmpuint (sound, ==, 105);
  expected = g_strdup_printf ("1 picture (%u tokens), 4.2 s of sound (105 tokens)", picture);
  assert_says (f, expected);
  g_assert_cmpstr (facet_announcer_get_text (FACET_ANNOUNCER (
                       ui_find (GTK_WIDGET (f->composer), FACET_TYPE_ANNOUNCER, NULL))),
                   ==, expected);
  /* The line beside Send counts all of it. */
  total = g_strdup_printf ("%u tokens", picture + sound);
  assert_says (f, total);
}

static void
test_remove (Fixture *f, gconstpointer data)
{
  add (f, ui_media_make_picture (f->base.folder, "one.png", 60, 40));
  add (f, ui_media_make_picture (f->base.folder, "two.png", 60, 40));
  wait_quiet (f);
  gtk_test_accessible_assert_property (ui_find (GTK_WIDGET (nth_chip (f, 0)), GTK_TYPE_BUTTON,
                                                "Remove"),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "Remove one.png");
  click (GTK_WIDGET (nth_chip (f, 0)), GTK_TYPE_BUTTON, "Remove");
  assert_chip (f, 0, "two.png");
  g_assert_null (nth_chip (f, 1));
  g_assert_cmpuint (g_list_model_get_n_items (f->media), ==, 1);
  click (GTK_WIDGET (nth_chip (f, 0)), GTK_TYPE_BUTTON, "Remove");
  g_assert_null (nth_chip (f, 0));
  g_assert_false (gtk_widget_get_sensitive (f->send));
  g_assert_true (gtk_widget_has_focus (f->view));

  /* What is still being added goes at once, and nothing comes of it. */
  add (f, ui_media_make_picture (f->base.folder, "large.png", 1200, 900));
  click (GTK_WIDGET (nth_chip (f, 0)), GTK_TYPE_BUTTON, "Remove");
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->queue)), ==, 0);
  g_assert_null (nth_chip (f, 0));
  add (f, ui_media_make_picture (f->base.folder, "last.png", 60, 40));
  wait_quiet (f);
  assert_chip (f, 0, "last.png");
  g_assert_null (nth_chip (f, 1));
}

static void
test_detail (Fixture *f, gconstpointer data)
{
  GtkWidget    *chip, *normal, *small_print;
  guint         before;
  FacetMedia   *media;
  FacetRequest *request;

  add (f, ui_media_make_picture (f->base.folder, "page.png", 900, 1200));
  wait_quiet (f);
  chip = GTK_WIDGET (nth_chip (f, 0));
  before = facet_media_get_n_tokens (facet_attachment_chip_get_media (nth_chip (f, 0)));
  normal =
      gtk_widget_get_ancestor (ui_find (chip, GTK_TYPE_LABEL, "Normal"), GTK_TYPE_CHECK_BUTTON);
  small_print = gtk_widget_get_ancestor (ui_find (chip, GTK_TYPE_LABEL, "Small print"),
                                         GTK_TYPE_CHECK_BUTTON);
  g_assert_true (gtk_check_button_get_active (GTK_CHECK_BUTTON (normal)));
  gtk_test_accessible_assert_property (small_print, GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                       "For receipts, pages, tables and screenshots");
  gtk_check_button_set_active (GTK_CHECK_BUTTON (small_print), TRUE);

  g_assert_true (GTK_WIDGET (nth_chip (f, 0)) == chip); /* its popover stays open */
  media = facet_attachment_chip_get_media (nth_chip (f, 0));
  g_assert_cmpuint (facet_media_get_detail (media), ==, 1120);
  g_assert_cmpuint (facet_media_get_n_tokens (media), >, 3 * before);

  facet_composer_send (f->composer, "Read it");
  ui_wait_idle (f->conversation);
  request = fake_assistant_get_last_request (f->base.fake);
  g_assert_nonnull (request);
  g_assert_cmpuint (request->messages->len, >, 0);
  g_assert_null (nth_chip (f, 0));
  {
    g_autoptr (FacetMessage) message = g_list_model_get_item (G_LIST_MODEL (f->conversation), 0);
    GPtrArray *attachments = facet_message_get_attachments (message);

    g_assert_cmpuint (attachments->len, ==, 1);
    g_assert_cmpuint (facet_media_get_detail (g_ptr_array_index (attachments, 0)), ==, 1120);
  }
}

static void
test_refused (Fixture *f, gconstpointer data)
{
  const char *sentence = "“notes.txt” is no picture, sound or video that can be read here.";

  add (f, make_text (f, "notes.txt"));
  add (f, ui_media_make_picture (f->base.folder, "good.png", 60, 40));
  wait_quiet (f);
  assert_chip (f, 0, "good.png");
  assert_says (f, sentence);
  g_assert_cmpstr (facet_import_queue_get_error (f->queue), ==, sentence);
  ui_run_for (300); /* the strip has slid open */
  ui_media_picture (f->window, "composer-refused");
  click (GTK_WIDGET (f->composer), GTK_TYPE_BUTTON, "Dismiss");
  g_assert_null (facet_import_queue_get_error (f->queue));

  /* Not on this computer. */
  add (f, g_file_new_for_uri ("https://example.org/far.png"));
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->queue)), ==, 0);
  g_assert_cmpstr (facet_import_queue_get_error (f->queue), ==,
                   "“far.png” is not on this computer. Save it as a file here and add that.");
}

static void
test_media_alone (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetMessage) message = NULL;

  add (f, ui_media_make_sound (f->base.folder, "memo.wav", 1));
  wait_quiet (f);
  g_assert_true (ui_press (f->view, GDK_KEY_Return, 0));
  ui_wait_idle (f->conversation);
  message = g_list_model_get_item (G_LIST_MODEL (f->conversation), 0);
  g_assert_cmpstr (facet_message_get_text (message), ==, "");
  g_assert_cmpuint (facet_message_get_attachments (message)->len, ==, 1);
  g_assert_null (nth_chip (f, 0));

  /* Editing it hides what is attached to the next one, and what is attached to it is kept. */
  add (f, ui_media_make_picture (f->base.folder, "next.png", 60, 40));
  wait_quiet (f);
  facet_composer_edit (f->composer, message);
  g_assert_false (gtk_widget_is_visible (GTK_WIDGET (nth_chip (f, 0))));
  assert_says (f, "Editing an earlier message; what is attached stays");
  g_assert_true (gtk_widget_get_sensitive (f->send));
  facet_composer_cancel_edit (f->composer);
  g_assert_true (gtk_widget_is_visible (GTK_WIDGET (nth_chip (f, 0))));
}

static gboolean
has_media (gpointer model)
{
  return g_list_model_get_n_items (model) > 0;
}

static void
test_paste (Fixture *f, gconstpointer data)
{
  GdkClipboard *clipboard = gtk_widget_get_clipboard (GTK_WIDGET (f->composer));
  g_autoptr (GdkPixbuf) pixbuf = ui_media_make_pixels (120, 80);
  g_autoptr (GdkTexture) texture = gdk_texture_new_for_pixbuf (pixbuf);
  g_autoptr (GdkPixbuf) without_alpha = gdk_pixbuf_new (GDK_COLORSPACE_RGB, FALSE, 8, 33, 21);
  g_autoptr (GdkTexture) opaque = gdk_texture_new_for_pixbuf (without_alpha);
  g_autoptr (GFile) file = ui_media_make_picture (f->base.folder, "copied.png", 60, 40);
  g_autofree char *text = NULL;
  guint            width, height;

  gdk_pixbuf_fill (without_alpha, 0x336699ff);
  for (guint i = 0; i < 2; i++) {
    gdk_clipboard_set_texture (clipboard, i == 0 ? texture : opaque);
    g_signal_emit_by_name (f->view, "paste-clipboard");
    ui_wait (has_media, f->media);
    assert_chip (f, 0, "Pasted picture.png");
    facet_media_get_dimensions (facet_attachment_chip_get_media (nth_chip (f, 0)), &width, &height);
    g_assert_cmpuint (width, ==, i == 0 ? 120 : 33);
    g_assert_cmpuint (height, ==, i == 0 ? 80 : 21);
    click (GTK_WIDGET (nth_chip (f, 0)), GTK_TYPE_BUTTON, "Remove");
  }

  gdk_clipboard_set (clipboard, G_TYPE_FILE, file);
  facet_composer_paste (f->composer);
  ui_wait (has_media, f->media);
  assert_chip (f, 0, "copied.png");

  gdk_clipboard_set_text (clipboard, "Only words");
  g_signal_emit_by_name (f->view, "paste-clipboard");
  while (text == NULL || text[0] == '\0') {
    g_free (text);
    g_main_context_iteration (NULL, TRUE);
    g_object_get (gtk_text_view_get_buffer (GTK_TEXT_VIEW (f->view)), "text", &text, NULL);
  }
  g_assert_cmpstr (text, ==, "Only words");
  g_assert_cmpuint (g_list_model_get_n_items (f->media), ==, 1);
}

static void
test_many (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < FACET_IMPORT_MAX_ATTACHMENTS + 2; i++) {
    g_autofree char *name = g_strdup_printf ("picture %u.png", i);

    add (f, ui_media_make_picture (f->base.folder, name, 8 + (int)i, 8));
  }
  wait_quiet (f);
  g_assert_cmpuint (g_list_model_get_n_items (f->media), ==, FACET_IMPORT_MAX_ATTACHMENTS);
  for (guint i = 0; i < FACET_IMPORT_MAX_ATTACHMENTS; i++) {
    g_autofree char *name = g_strdup_printf ("picture %u.png", i);

    assert_chip (f, i, name); /* in the order of adding */
  }
  g_assert_nonnull (strstr (facet_import_queue_get_error (f->queue),
                            "“picture 51.png” was left out: a message takes at most 50 files."));
  ui_media_picture (f->window, "composer-many");
}

/* An import belongs to the conversation to which it was added. */
static void
test_other_conversation (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetConversation) other = facet_library_new_conversation (f->base.library);

  add (f, ui_media_make_picture (f->base.folder, "here.png", 60, 40));
  facet_composer_set_conversation (f->composer, other);
  g_assert_null (nth_chip (f, 0));
  wait_quiet (f);
  g_assert_null (nth_chip (f, 0));
  facet_composer_set_conversation (f->composer, f->conversation);
  assert_chip (f, 0, "here.png");
}

static gboolean
shows_picture (gpointer viewer)
{
  GtkWidget *picture = ui_find (viewer, GTK_TYPE_PICTURE, NULL);

  return gtk_picture_get_paintable (GTK_PICTURE (picture)) != NULL;
}

static GtkWidget *
find_viewer (void)
{
  g_autoptr (GListModel) windows = G_LIST_MODEL (g_object_ref (gtk_window_get_toplevels ()));

  for (guint i = 0; i < g_list_model_get_n_items (windows); i++) {
    g_autoptr (GtkWidget) window = g_list_model_get_item (windows, i);

    if (FACET_IS_MEDIA_VIEWER (window))
      return window;
  }
  return NULL;
}

static void
test_viewer (Fixture *f, gconstpointer data)
{
  GtkWidget *viewer;

  add (f, ui_media_make_picture (f->base.folder, "photo.png", 800, 600));
  wait_quiet (f);
  click (GTK_WIDGET (nth_chip (f, 0)), GTK_TYPE_BUTTON, "Show large");
  viewer = find_viewer ();
  g_assert_nonnull (viewer);
  g_assert_true (gtk_window_get_modal (GTK_WINDOW (viewer)));
  ui_wait (shows_picture, viewer);
  gtk_test_widget_wait_for_draw (viewer);
  ui_media_picture (viewer, "viewer");
  g_assert_cmpfloat (facet_media_viewer_get_zoom (FACET_MEDIA_VIEWER (viewer)), ==, 0);
  g_assert_true (ui_press (viewer, GDK_KEY_plus, GDK_SHIFT_MASK));
  g_assert_cmpfloat (facet_media_viewer_get_zoom (FACET_MEDIA_VIEWER (viewer)), >, 0);
  g_assert_true (ui_press (viewer, GDK_KEY_minus, 0));
  g_assert_true (ui_press (viewer, GDK_KEY_0, 0));
  g_assert_cmpfloat (facet_media_viewer_get_zoom (FACET_MEDIA_VIEWER (viewer)), ==, 0);
  gtk_test_accessible_assert_property (ui_find (viewer, GTK_TYPE_PICTURE, NULL),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Picture photo.png, 800 × 600");
  g_assert_true (ui_press (viewer, GDK_KEY_Escape, 0));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (find_viewer ());
}

/* From the text field, what the focus meets in one direction, by the beginnings of tooltips. */
static void
assert_focus_order (Fixture *f, GtkDirectionType direction, const char *const *order)
{
  gtk_widget_grab_focus (f->view);
  for (guint i = 0; order[i] != NULL; i++) {
    GtkWidget *focus;

    g_assert_true (gtk_widget_child_focus (GTK_WIDGET (f->composer), direction));
    focus = gtk_window_get_focus (GTK_WINDOW (f->window));
    g_assert_nonnull (focus);
    /* A menu button's inner button has the focus. */
    while (gtk_widget_get_tooltip_text (focus) == NULL)
      focus = gtk_widget_get_parent (focus);
    g_assert_true (g_str_has_prefix (gtk_widget_get_tooltip_text (focus), order[i]));
  }
}

static void
test_keyboard (Fixture *f, gconstpointer data)
{
  add (f, ui_media_make_picture (f->base.folder, "photo.png", 80, 60));
  add (f, ui_media_make_sound (f->base.folder, "memo.wav", 1));
  wait_quiet (f);
  gtk_test_widget_wait_for_draw (f->window); /* the order is that of the places */
  assert_focus_order (f, GTK_DIR_TAB_BACKWARD,
                      (const char *const[]){"Remove", "Remove", "Detail", "Show large", NULL});
  assert_focus_order (f, GTK_DIR_TAB_FORWARD, (const char *const[]){"Add", "Off", NULL});
}

static void
test_popover (Fixture *f, gconstpointer data)
{
  GtkWidget *detail;

  add (f, ui_media_make_picture (f->base.folder, "photo.png", 800, 600));
  wait_quiet (f);
  detail = ui_find (GTK_WIDGET (nth_chip (f, 0)), GTK_TYPE_MENU_BUTTON, "Detail");
  gtk_test_accessible_assert_property (detail, GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Detail of photo.png, 266 tokens");
  gtk_menu_button_popup (GTK_MENU_BUTTON (detail));
  ui_run_for (300);
  ui_media_picture (f->window, "detail-window");
  ui_media_picture (GTK_WIDGET (gtk_menu_button_get_popover (GTK_MENU_BUTTON (detail))), "detail");
  gtk_menu_button_popdown (GTK_MENU_BUTTON (detail));
}

static void
test_narrow (Fixture *f, gconstpointer data)
{
  add (f, ui_media_make_picture (f->base.folder, "a name that is far too long for a chip.png", 800,
                                 600));
  add (f, ui_media_make_picture (f->base.folder, "second.png", 300, 500));
  add (f, ui_media_make_sound (f->base.folder, "memo.wav", 4.2));
  wait_quiet (f);
  gtk_window_set_default_size (GTK_WINDOW (f->window), 360, 400);
  gtk_test_widget_wait_for_draw (f->window);
  ui_run_for (100);
  g_assert_cmpint (gtk_widget_get_width (f->window), <=, 360);
  ui_media_picture (f->window, "composer-360");
}

int
main (int argc, char **argv)
{
  ui_test_init (&argc, &argv);
#define ADD(path, func) g_test_add ("/attachments/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("add", test_add);
  ADD ("words", test_words);
  ADD ("remove", test_remove);
  ADD ("detail", test_detail);
  ADD ("refused", test_refused);
  ADD ("media-alone", test_media_alone);
  ADD ("paste", test_paste);
  ADD ("many", test_many);
  ADD ("other-conversation", test_other_conversation);
  ADD ("viewer", test_viewer);
  ADD ("keyboard", test_keyboard);
  ADD ("popover", test_popover);
  ADD ("narrow", test_narrow);
  return g_test_run ();
}
