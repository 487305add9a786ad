/* test-private.c: a private conversation leaves nothing on the disk.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The disk is the data folder, looked through for a word; what lies in memory is gone in the end.
 */
#define G_LOG_DOMAIN "test-private"

#include "app/facet-media-import.h"
#include "test-folder.h"
#include "test-library.h"
#include "test-wait.h"

#include <glib/gstdio.h>

#define WORD "Quetzalcoatlus"

typedef struct {
  TestLibrary base;
  FacetConversation *private;
  FacetMedia *media;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  test_library_set_up (&f->base);
  f->private = facet_library_new_private_conversation (f->base.library, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->media);
  g_clear_object (&f->private);
  test_library_tear_down (&f->base);
}

static guint
n_items (gpointer model)
{
  return g_list_model_get_n_items (G_LIST_MODEL (model));
}

static void
send (FacetConversation *conversation, const char *text)
{
  facet_conversation_send (conversation, text);
  wait_until (!facet_conversation_get_busy (conversation));
}

static void
imported_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  FacetMedia **media = user_data;
  g_autoptr (GError) error = NULL;

  *media = facet_media_import_finish (result, &error);
  g_assert_no_error (error);
}

static FacetMedia *
import (FacetConversation *conversation)
{
  g_autofree char *folder = test_folder_new ();
  g_autofree char *path = g_build_filename (folder, "to-add", NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GdkPixbuf) pixbuf = gdk_pixbuf_new (GDK_COLORSPACE_RGB, FALSE, 8, 70, 30);
  FacetMedia *media = NULL;

  gdk_pixbuf_fill (pixbuf, 0x996633ff);
  g_assert_true (gdk_pixbuf_save (pixbuf, path, "png", NULL, NULL));
  facet_media_import_file_async (facet_conversation_get_media_folder (conversation), file,
                                 WORD ".png", NULL, imported_cb, &media);
  wait_until (media != NULL);
  test_folder_remove (folder);
  return media;
}

/* Answers of its store may still be on their way, and hold it. */
static void
forget (Fixture *f)
{
  gpointer left = f->private;

  g_object_add_weak_pointer (G_OBJECT (f->private), &left);
  g_clear_object (&f->private);
  wait_until (left == NULL);
}

static void
test_nothing_on_disk (Fixture *f, gconstpointer data)
{
  g_autofree char *private_folder =
      g_path_get_dirname (facet_conversation_get_media_folder (f->private));
  g_autoptr (FacetMessage) question = NULL;
  g_autoptr (FacetMessage) answer = NULL;

  g_assert_true (facet_conversation_is_private (f->private));
  g_assert_false (facet_conversation_is_private (f->base.conversation));
  send (f->base.conversation, "Seen by all");

  f->media = import (f->private);
  g_list_store_append (facet_conversation_get_draft_media (f->private), f->media);
  facet_conversation_set_draft (f->private, "A draft about the " WORD);
  facet_conversation_set_title (f->private, WORD);
  send (f->private, "What is a " WORD "?");
  question = g_list_model_get_item (G_LIST_MODEL (f->private), 0);
  facet_conversation_edit_and_resend (f->private, question, "And how large was the " WORD "?");
  wait_until (!facet_conversation_get_busy (f->private));
  answer = g_list_model_get_item (G_LIST_MODEL (f->private), 1);
  facet_conversation_regenerate (f->private, answer);
  wait_until (!facet_conversation_get_busy (f->private));
  g_clear_object (&answer);
  answer = g_list_model_get_item (G_LIST_MODEL (f->private), 1);
  facet_conversation_delete_message (f->private, answer);
  facet_conversation_undo_delete (f->private);
  facet_conversation_set_draft (f->private, "Later, about the " WORD);

  /* It works as any other, under an id of its own, in no list. */
  g_assert_cmpuint (n_items (f->private), ==, 2);
  g_assert_cmpint (facet_conversation_get_id (f->private), >, (gint64)1 << 52);
  g_assert_cmpuint (n_items (f->base.library), ==, 1);
  g_assert_null (facet_library_find (f->base.library, facet_conversation_get_id (f->private)));
  g_assert_true (g_str_has_prefix (facet_media_get_path (f->media), private_folder));
  g_assert_true (g_file_test (facet_media_get_path (f->media), G_FILE_TEST_EXISTS));

  /* While it is open, and afterwards. */
  g_assert_false (test_folder_contains (f->base.folder, WORD));
  g_assert_false (test_folder_contains (f->base.folder, facet_media_get_content_hash (f->media)));
  g_clear_object (&question);
  g_clear_object (&answer);
  forget (f);
  g_assert_false (g_file_test (private_folder, G_FILE_TEST_EXISTS));
  test_library_reopen (&f->base);
  g_assert_cmpuint (n_items (f->base.library), ==, 1);
  g_assert_false (test_folder_contains (f->base.folder, WORD));
}

/* The library closes while it answers. */
static void
test_close (Fixture *f, gconstpointer data)
{
  g_autofree char *private_folder =
      g_path_get_dirname (facet_conversation_get_media_folder (f->private));
  gint64 id;

  send (f->private, "First");
  id = facet_conversation_get_id (f->private);
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_hang (f->base.fake);
  facet_conversation_send (f->private, WORD);
  g_assert_true (facet_conversation_get_busy (f->private));
  facet_library_close (f->base.library);
  g_assert_false (facet_conversation_get_busy (f->private));
  g_assert_true (facet_conversation_is_private (f->private));
  g_assert_false (g_file_test (private_folder, G_FILE_TEST_EXISTS));
  g_clear_object (&f->private);
  test_library_close (&f->base);
  test_library_open (&f->base);
  f->base.conversation = facet_library_new_conversation (f->base.library);

  /* Two that come after another have nothing in common, not even the id. */
  f->private = facet_library_new_private_conversation (f->base.library, NULL);
  send (f->private, "Second");
  g_assert_cmpint (facet_conversation_get_id (f->private), !=, id);
}

/* What a killed process left goes, what a living one holds stays. */
static void
test_left_behind (Fixture *f, gconstpointer data)
{
  g_autofree char *alive = g_path_get_dirname (facet_conversation_get_media_folder (f->private));
  g_autofree char *base = g_path_get_dirname (alive);
  g_autofree char *dead = g_build_filename (base, "facet-private-XXXXXX", NULL);
  g_autofree char *below = NULL;
  g_autofree char *file = NULL;
  g_autofree char *folder = NULL;
  g_autoptr (FacetLibrary) other = NULL;

  g_assert_nonnull (g_mkdtemp (dead));
  below = g_build_filename (dead, "media", NULL);
  file = g_build_filename (below, "secret", NULL);
  g_assert_cmpint (g_mkdir (below, 0700), ==, 0);
  g_assert_true (g_file_set_contents (file, WORD, -1, NULL));
  f->media = import (f->private);

  /* The sweep runs when a store opens. */
  folder = test_folder_new ();
  other = facet_library_new (folder, NULL, NULL);
  wait_until (!g_file_test (dead, G_FILE_TEST_EXISTS));
  facet_library_close (other);
  test_folder_remove (folder);
  g_assert_true (g_file_test (facet_media_get_path (f->media), G_FILE_TEST_EXISTS));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/private/nothing-on-disk", Fixture, NULL, set_up, test_nothing_on_disk, tear_down);
  g_test_add ("/private/close", Fixture, NULL, set_up, test_close, tear_down);
  g_test_add ("/private/left-behind", Fixture, NULL, set_up, test_left_behind, tear_down);
  return g_test_run ();
}
