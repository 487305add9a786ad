/* test-trash.c: conversations in the trash: listed, restored, deleted for good, in time or at once.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-trash"

#include "app/facet-media-import.h"
#include "app/facet-store.h"
#include "test-folder.h"
#include "test-library.h"
#include "test-wait.h"

#include <sqlite3.h>

#define WORD "Quetzalcoatlus"

static void
set_up (TestLibrary *f, gconstpointer data)
{
  test_library_set_up (f);
}

static void
tear_down (TestLibrary *f, gconstpointer data)
{
  test_library_tear_down (f);
}

static guint
n_items (gpointer model)
{
  return g_list_model_get_n_items (G_LIST_MODEL (model));
}

static FacetConversation *
first_in_trash (TestLibrary *f)
{
  g_autoptr (FacetConversation) conversation =
      g_list_model_get_item (facet_library_get_trash (f->library), 0);

  g_assert_nonnull (conversation);
  return conversation;
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

/* (transfer full): a picture in the media folder. */
static FacetMedia *
import (TestLibrary *f)
{
  g_autofree char *path = g_build_filename (f->folder, "to-add", NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GdkPixbuf) pixbuf = gdk_pixbuf_new (GDK_COLORSPACE_RGB, FALSE, 8, 70, 30);
  FacetMedia *media = NULL;

  gdk_pixbuf_fill (pixbuf, 0x336699ff);
  g_assert_true (gdk_pixbuf_save (pixbuf, path, "png", NULL, NULL));
  facet_media_import_file_async (facet_conversation_get_media_folder (f->conversation), file,
                                 "photo.png", NULL, imported_cb, &media);
  wait_until (media != NULL);
  return media;
}

static void
attach_and_send (FacetConversation *conversation, FacetMedia *media, const char *text)
{
  g_list_store_append (facet_conversation_get_draft_media (conversation), media);
  send (conversation, text);
}

static gboolean
is_on_disk (FacetMedia *media)
{
  return g_file_test (facet_media_get_path (media), G_FILE_TEST_EXISTS);
}

static void
exec_raw (TestLibrary *f, const char *sql)
{
  sqlite3 *db = test_folder_open_db (f->folder);
  char    *message = NULL;

  sqlite3_exec (db, sql, NULL, NULL, &message);
  g_assert_cmpstr (message, ==, NULL);
  sqlite3_close (db);
}

static int
count (TestLibrary *f, const char *sql)
{
  sqlite3      *db = test_folder_open_db (f->folder);
  sqlite3_stmt *statement;
  int           n;

  g_assert_cmpint (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_step (statement), ==, SQLITE_ROW);
  n = sqlite3_column_int (statement, 0);
  sqlite3_finalize (statement);
  sqlite3_close (db);
  return n;
}

/* Deleted, seen by the next start too, restored from there. */
static void
test_restore (TestLibrary *f, gconstpointer data)
{
  g_autoptr (FacetConversation) other = facet_library_new_conversation (f->library);
  gint64 id;

  send (f->conversation, "One");
  send (other, "Two");
  id = facet_conversation_get_id (other);
  g_assert_cmpint (facet_conversation_get_deleted_at (other), ==, 0);
  facet_library_delete (f->library, other);
  g_assert_true (first_in_trash (f) == other);
  g_assert_cmpint (facet_conversation_get_deleted_at (other), >, 0);
  facet_library_undo_delete (f->library);
  g_assert_cmpuint (n_items (facet_library_get_trash (f->library)), ==, 0);
  g_assert_cmpint (facet_conversation_get_deleted_at (other), ==, 0);
  facet_library_delete (f->library, other);
  g_clear_object (&other);

  test_library_reopen (f);
  g_assert_cmpuint (n_items (f->library), ==, 1);
  wait_until (n_items (facet_library_get_trash (f->library)) == 1);
  g_assert_cmpint (facet_conversation_get_id (first_in_trash (f)), ==, id);
  g_assert_cmpint (facet_conversation_get_deleted_at (first_in_trash (f)), >, 0);
  facet_library_undo_delete (f->library); /* nothing was deleted since the start */
  g_assert_cmpuint (n_items (f->library), ==, 1);
  facet_library_restore (f->library, first_in_trash (f));
  g_assert_cmpuint (n_items (f->library), ==, 2);
  g_assert_cmpuint (n_items (facet_library_get_trash (f->library)), ==, 0);

  test_library_reopen (f);
  g_assert_cmpuint (n_items (f->library), ==, 2);
  g_assert_cmpuint (n_items (f->conversation), ==, 2);
}

/* The trash of earlier sessions is still being read while the person goes on. */
static void
test_while_it_is_read (TestLibrary *f, gconstpointer data)
{
  GListModel        *trash;
  FacetConversation *doomed;

  send (f->conversation, "One");
  facet_library_delete (f->library, f->conversation);
  test_library_close (f);
  test_library_open (f);
  f->conversation = facet_library_new_conversation (f->library);
  send (f->conversation, "Two");
  doomed = facet_library_new_conversation (f->library);
  send (doomed, "Three");
  facet_library_delete (f->library, f->conversation);
  facet_library_delete (f->library, doomed);
  trash = facet_library_get_trash (f->library);
  facet_library_restore (f->library, f->conversation);
  facet_library_delete_for_good (f->library, doomed);
  g_assert_true (first_in_trash (f) == doomed); /* until that is on disk */
  wait_until (n_items (trash) == 1 && first_in_trash (f) != doomed);
  g_assert_cmpuint (n_items (f->library), ==, 1);
  g_assert_cmpstr (facet_conversation_get_title (first_in_trash (f)), ==, "One");
  g_object_unref (doomed);
}

/* Words and files are gone from the folder, what others use is not. */
static void
test_for_good (TestLibrary *f, gconstpointer data)
{
  g_autoptr (FacetConversation) doomed = facet_library_new_conversation (f->library);
  g_autoptr (FacetMedia) media = import (f);

  send (f->conversation, "Kept");
  attach_and_send (doomed, media, "What is a " WORD "?");
  facet_conversation_set_title (doomed, WORD);
  facet_conversation_set_draft (doomed, "And the " WORD "?");
  g_assert_true (is_on_disk (media));

  /* Not while it is not in the trash. */
  facet_library_delete_for_good (f->library, doomed);
  facet_library_empty_trash (f->library);
  g_assert_cmpuint (n_items (f->library), ==, 2);

  facet_library_delete (f->library, doomed);
  facet_library_delete_for_good (f->library, doomed);
  wait_until (n_items (facet_library_get_trash (f->library)) == 0);
  facet_library_undo_delete (f->library);
  g_assert_cmpuint (n_items (f->library), ==, 1);
  g_assert_false (is_on_disk (media));
  g_clear_object (&doomed);
  test_library_reopen (f);
  g_assert_cmpuint (n_items (f->library), ==, 1);
  g_assert_cmpuint (n_items (f->conversation), ==, 2);
  test_library_close (f);
  g_assert_false (test_folder_contains (f->folder, WORD));
  g_assert_false (test_folder_contains (f->folder, "quetzalcoatlus")); /* the index folds case */
  test_library_open (f);
}

static void
test_shared_file (TestLibrary *f, gconstpointer data)
{
  g_autoptr (FacetConversation) doomed = facet_library_new_conversation (f->library);
  g_autoptr (FacetMedia) media = import (f);
  g_autoptr (FacetMedia) again = NULL;

  attach_and_send (f->conversation, media, "Kept");
  attach_and_send (doomed, media, "Not kept");
  facet_library_delete (f->library, doomed);
  facet_library_empty_trash (f->library);
  wait_until (n_items (facet_library_get_trash (f->library)) == 0);
  g_assert_true (is_on_disk (media));

  /* Just added, and nobody could write it down yet. */
  again = import (f);
  facet_library_delete (f->library, f->conversation);
  facet_library_empty_trash (f->library);
  wait_until (n_items (facet_library_get_trash (f->library)) == 0);
  g_assert_true (is_on_disk (again));
}

static void
test_expires (TestLibrary *f, gconstpointer data)
{
  g_autoptr (FacetConversation) old = facet_library_new_conversation (f->library);
  g_autoptr (FacetConversation) young = facet_library_new_conversation (f->library);
  g_autoptr (FacetMedia) media = import (f);
  g_autofree char *backups = g_build_filename (f->folder, "backups", NULL);

  send (f->conversation, "Question");
  send (f->conversation, "Secret " WORD);
  send (f->conversation, "Later");
  send (old, "Old");
  attach_and_send (young, media, "Young");
  for (guint i = 0; i < 2; i++) { /* the second question and its answer */
    g_autoptr (FacetMessage) message = g_list_model_get_item (G_LIST_MODEL (f->conversation), 2);

    facet_conversation_delete_message (f->conversation, message);
  }
  facet_library_delete (f->library, old);
  facet_library_delete (f->library, young);
  g_clear_object (&old);
  g_clear_object (&young);
  test_library_close (f);
  g_assert_true (test_folder_contains (f->folder, WORD));
  exec_raw (f, "UPDATE messages SET deleted_at = deleted_at - 31 * 86400000000"
               " WHERE deleted_at IS NOT NULL;"
               "UPDATE conversations SET deleted_at = deleted_at - 31 * 86400000000"
               " WHERE deleted_at IS NOT NULL AND title = 'Old';"
               "UPDATE conversations SET deleted_at = deleted_at - 29 * 86400000000"
               " WHERE deleted_at IS NOT NULL AND title = 'Young'");
  test_library_open (f);
  wait_until (n_items (facet_library_get_trash (f->library)) == 1);
  g_assert_cmpstr (facet_conversation_get_title (first_in_trash (f)), ==, "Young");
  wait_until (count (f, "SELECT count (*) FROM conversations WHERE deleted_at IS NOT NULL") == 1);
  wait_until (count (f, "SELECT count (*) FROM messages"
                        " WHERE deleted_at IS NOT NULL AND text <> ''") == 0);
  g_assert_true (is_on_disk (media));
  test_library_reopen (f);
  g_assert_cmpuint (n_items (f->conversation), ==, 4);
  test_library_close (f);
  test_folder_remove (backups); /* they go in their turn */
  g_assert_false (test_folder_contains (f->folder, WORD));
  test_library_open (f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/trash/restore", TestLibrary, NULL, set_up, test_restore, tear_down);
  g_test_add ("/trash/while-it-is-read", TestLibrary, NULL, set_up, test_while_it_is_read,
              tear_down);
  g_test_add ("/trash/for-good", TestLibrary, NULL, set_up, test_for_good, tear_down);
  g_test_add ("/trash/shared-file", TestLibrary, NULL, set_up, test_shared_file, tear_down);
  g_test_add ("/trash/expires", TestLibrary, NULL, set_up, test_expires, tear_down);
  return g_test_run ();
}
