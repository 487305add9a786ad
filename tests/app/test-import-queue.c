/* test-import-queue.c: what is added to a draft: its order, cancelling, sentences, limits, and a
 * conversation that goes meanwhile.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-import-queue"

#include "config.h"

#include <math.h>
#include <string.h>

#include "facet-import-queue.h"
#include "facet-store.h"
#include "fake-assistant.h"
#include "media-files.h"
#include "test-folder.h"

#define WAIT_SECONDS 20

typedef struct {
  char              *folder;
  FacetStore        *store;
  FakeAssistant     *fake;
  FacetConversation *conversation;
  FacetImportQueue  *queue;
  GListModel        *draft;
  guint              n_failed;
} Fixture;

static void
failed_cb (FacetImportQueue *queue, const char *sentence, Fixture *f)
{
  f->n_failed++;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->folder = test_folder_new ();
  f->store = facet_store_open (f->folder, &error);
  g_assert_no_error (error);
  f->fake = fake_assistant_new ();
  f->conversation = facet_conversation_new (f->store, FACET_ASSISTANT (f->fake));
  f->queue = facet_import_queue_get (f->conversation);
  g_assert_true (facet_import_queue_get (f->conversation) == f->queue);
  f->draft = G_LIST_MODEL (facet_conversation_get_draft_media (f->conversation));
  g_signal_connect (f->queue, "failed", G_CALLBACK (failed_cb), f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->conversation);
  facet_store_close (f->store);
  g_object_unref (f->fake);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  test_folder_remove (f->folder);
  g_free (f->folder);
}

static void
wait_quiet (Fixture *f)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_SECONDS * G_USEC_PER_SEC;

  while (g_list_model_get_n_items (G_LIST_MODEL (f->queue)) > 0) {
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (1000);
  }
}

/* Files */

static double
tone (double t, guint channel)
{
  return 0.5 * sin (2 * G_PI * 440 * t);
}

static GFile *
make_sound (Fixture *f, const char *name, double seconds)
{
  g_autofree char *path = g_build_filename (f->folder, name, NULL);
  g_autoptr (GByteArray) wav = make_wav (WAV_S16, 16000, 1, seconds, FALSE, tone);

  write_file (path, wav);
  return g_file_new_for_path (path);
}

static GFile *
make_picture (Fixture *f, const char *name, int side)
{
  g_autofree char *path = g_build_filename (f->folder, name, NULL);
  g_autoptr (GdkPixbuf) pixbuf = gdk_pixbuf_new (GDK_COLORSPACE_RGB, FALSE, 8, side, side);

  gdk_pixbuf_fill (pixbuf, 0x4080c0ff);
  g_assert_true (gdk_pixbuf_save (pixbuf, path, "png", NULL, NULL));
  return g_file_new_for_path (path);
}

/* Takes @file. */
static void
add (Fixture *f, GFile *file)
{
  facet_import_queue_add_file (f->queue, file, NULL);
  g_object_unref (file);
}

static void
assert_draft (Fixture *f, const char *const *names)
{
  g_assert_cmpuint (g_list_model_get_n_items (f->draft), ==, g_strv_length ((char **)names));
  for (guint i = 0; names[i] != NULL; i++) {
    g_autoptr (FacetMedia) media = g_list_model_get_item (f->draft, i);

    g_assert_cmpstr (facet_media_get_name (media), ==, names[i]);
  }
}

/* Tests */

/* The first takes far longer than the others. */
static void
test_order (Fixture *f, gconstpointer data)
{
  add (f, make_sound (f, "long.wav", 120));
  for (guint i = 0; i < 4; i++) {
    g_autofree char *name = g_strdup_printf ("%u.png", i);

    add (f, make_picture (f, name, 4 + (int)i));
  }
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->queue)), ==, 5);
  wait_quiet (f);
  assert_draft (f, (const char *const[]){"long.wav", "0.png", "1.png", "2.png", "3.png", NULL});
  g_assert_cmpuint (f->n_failed, ==, 0);
}

static void
test_cancel (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetImport) first = NULL;
  g_autoptr (GDir) dir = NULL;
  guint n_files = 0;

  add (f, make_sound (f, "long.wav", 120));
  add (f, make_picture (f, "0.png", 4));
  first = g_list_model_get_item (G_LIST_MODEL (f->queue), 0);
  g_assert_cmpstr (facet_import_get_name (first), ==, "long.wav");
  facet_import_queue_cancel (f->queue, first);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->queue)), ==, 1);
  wait_quiet (f);
  assert_draft (f, (const char *const[]){"0.png", NULL});
  g_assert_cmpuint (f->n_failed, ==, 0);
  g_assert_null (facet_import_queue_get_error (f->queue));
  /* Twice does nothing. */
  facet_import_queue_cancel (f->queue, first);

  dir = g_dir_open (facet_conversation_get_media_folder (f->conversation), 0, NULL);
  g_assert_nonnull (dir);
  for (const char *name; (name = g_dir_read_name (dir)) != NULL;)
    n_files += strlen (name) == 64;
  g_assert_cmpuint (n_files, <=, 2); /* a sound that had ended already may lie there for a day */
}

static void
test_sentences (Fixture *f, gconstpointer data)
{
  g_auto (GStrv) lines = NULL;
  const char *error;

  for (guint i = 0; i < 5; i++) {
    g_autofree char *name = g_strdup_printf ("%u.txt", i);
    g_autofree char *path = g_build_filename (f->folder, name, NULL);

    g_assert_true (g_file_set_contents (path, "words\n", -1, NULL));
    add (f, g_file_new_for_path (path));
  }
  wait_quiet (f);
  g_assert_cmpuint (f->n_failed, ==, 5);
  /* Three of them, whichever failed first, and how many more. */
  error = facet_import_queue_get_error (f->queue);
  lines = g_strsplit (error, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 4);
  for (guint i = 0; i < 3; i++)
    g_assert_true (g_str_has_suffix (lines[i], ".txt” is no picture, sound or video that can be "
                                               "read here."));
  g_assert_cmpstr (lines[3], ==, "2 more could not be added.");
  /* What is added next begins anew. */
  add (f, make_picture (f, "good.png", 4));
  g_assert_null (facet_import_queue_get_error (f->queue));
  wait_quiet (f);
  assert_draft (f, (const char *const[]){"good.png", NULL});

  add (f, g_file_new_for_uri ("http://example.org/a%20b.png"));
  g_assert_nonnull (
      strstr (facet_import_queue_get_error (f->queue), "“a b.png” is not on this computer."));
  facet_import_queue_dismiss (f->queue);
  g_assert_null (facet_import_queue_get_error (f->queue));
}

static GdkPixbuf *
make_pixels (gpointer data)
{
  GdkPixbuf *pixbuf = gdk_pixbuf_new (GDK_COLORSPACE_RGB, TRUE, 8, 30, 20);

  g_assert_true (g_thread_self () != data); /* not in the main thread */
  gdk_pixbuf_fill (pixbuf, 0x80ff4080);
  return pixbuf;
}

static GdkPixbuf *
make_nothing (gpointer data)
{
  return NULL;
}

static void
test_pixels (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetMedia) media = NULL;
  guint width, height;

  facet_import_queue_add_pixels (f->queue, "Pasted.png", make_pixels, g_thread_self (), NULL);
  facet_import_queue_add_pixels (f->queue, "Broken.png", make_nothing, NULL, NULL);
  wait_quiet (f);
  assert_draft (f, (const char *const[]){"Pasted.png", NULL});
  media = g_list_model_get_item (f->draft, 0);
  facet_media_get_dimensions (media, &width, &height);
  g_assert_cmpuint (width, ==, 30);
  g_assert_cmpuint (height, ==, 20);
  g_assert_cmpstr (facet_import_queue_get_error (f->queue), ==,
                   "“Broken.png” could not be read. Save it as a file and add that.");
}

static void
test_limit (Fixture *f, gconstpointer data)
{
  g_autoptr (GFile) file = make_picture (f, "same.png", 8);

  for (guint i = 0; i < FACET_IMPORT_MAX_ATTACHMENTS + 1; i++)
    facet_import_queue_add_file (f->queue, file, NULL);
  g_assert_cmpuint (f->n_failed, ==, 1);
  wait_quiet (f);
  g_assert_cmpuint (g_list_model_get_n_items (f->draft), ==, FACET_IMPORT_MAX_ATTACHMENTS);
}

/* Who answers takes no pictures and no sound: that is said before anything is sent. */
static void
test_text_only (Fixture *f, gconstpointer data)
{
  fake_assistant_set_text_only (f->fake, TRUE);
  add (f, make_picture (f, "photo.png", 4));
  wait_quiet (f);
  assert_draft (f, (const char *const[]){NULL});
  g_assert_nonnull (
      strstr (facet_import_queue_get_error (f->queue),
              "cannot look at pictures. Choose another model to talk about “photo.png”."));
  facet_import_queue_dismiss (f->queue);
  add (f, make_sound (f, "talk.wav", 1));
  wait_quiet (f);
  assert_draft (f, (const char *const[]){NULL});
  g_assert_nonnull (strstr (facet_import_queue_get_error (f->queue), "cannot listen"));

  fake_assistant_set_text_only (f->fake, FALSE);
  add (f, make_picture (f, "photo.png", 4));
  wait_quiet (f);
  assert_draft (f, (const char *const[]){"photo.png", NULL});
}

/* Nothing is left of it, and what was running ends by itself. */
static void
test_conversation_goes (Fixture *f, gconstpointer data)
{
  gpointer queue = f->queue;

  g_object_add_weak_pointer (queue, &queue);
  add (f, make_sound (f, "long.wav", 120));
  add (f, make_picture (f, "0.png", 4));
  add (f, make_picture (f, "1.png", 4));
  g_clear_object (&f->conversation);
  while (queue != NULL)
    g_main_context_iteration (NULL, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add ("/import-queue/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("order", test_order);
  ADD ("cancel", test_cancel);
  ADD ("sentences", test_sentences);
  ADD ("pixels", test_pixels);
  ADD ("limit", test_limit);
  ADD ("text-only", test_text_only);
  ADD ("conversation-goes", test_conversation_goes);
  return g_test_run ();
}
