/* test-storage.c: how much space things take, freeing some, deleting everything.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Deleted means that a planted word is in no file of the data and cache folders. */
#define G_LOG_DOMAIN "test-storage"

#include "app/facet-media-import.h"
#include "media-files.h"
#include "test-folder.h"
#include "test-library.h"
#include "test-wait.h"

#include <glib/gstdio.h>
#include <sqlite3.h>

#include <string.h>

#define WORD "Quetzalcoatlus"

static char *cache;

typedef struct {
  TestLibrary       base;
  FacetStorageSizes sizes;
  gboolean          answered;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_assert_cmpint (g_mkdir_with_parents (cache, 0700), ==, 0);
  test_library_set_up (&f->base);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  test_library_tear_down (&f->base);
  test_folder_remove (cache);
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
write_to (const char *folder, const char *name, gsize length)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);
  g_autofree char *content = g_strnfill (length, 'x');

  memcpy (content, WORD, MIN (length, strlen (WORD)));
  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, content, (gssize)length, NULL));
}

static void
imported_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  FacetMedia **media = user_data;
  g_autoptr (GError) error = NULL;

  *media = facet_media_import_finish (result, &error);
  g_assert_no_error (error);
}

/* (transfer full): a picture of @width, or a second of silence if that is 0. */
static FacetMedia *
import (Fixture *f, int width)
{
  g_autofree char *folder = test_folder_new ();
  g_autofree char *path = g_build_filename (folder, "to-add", NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  FacetMedia *media = NULL;

  if (width > 0) {
    g_autoptr (GdkPixbuf) pixbuf = gdk_pixbuf_new (GDK_COLORSPACE_RGB, FALSE, 8, width, 30);

    gdk_pixbuf_fill (pixbuf, 0x336699ff);
    g_assert_true (gdk_pixbuf_save (pixbuf, path, "png", NULL, NULL));
  } else {
    g_autoptr (GByteArray) wav = make_wav (WAV_S16, 16000, 1, 0, FALSE, NULL);
    const guint32 n_bytes = GUINT32_TO_LE (32000);

    memcpy (wav->data + 40, &n_bytes, 4);
    g_byte_array_set_size (wav, 44 + 32000);
    memset (wav->data + 44, 0, 32000);
    write_file (path, wav);
  }
  facet_media_import_file_async (facet_conversation_get_media_folder (f->base.conversation), file,
                                 WORD, NULL, imported_cb, &media);
  wait_until (media != NULL);
  test_folder_remove (folder);
  return media;
}

static void
attach (FacetConversation *conversation, FacetMedia *media)
{
  g_list_store_append (facet_conversation_get_draft_media (conversation), media);
}

static void
measured_cb (const FacetStorageSizes *sizes, const GError *error, gpointer user_data)
{
  Fixture *f = user_data;

  g_assert_no_error (error);
  f->sizes = *sizes;
  f->answered = TRUE;
}

static guint64
size_of (Fixture *f, FacetStorageKind kind)
{
  f->answered = FALSE;
  facet_library_measure (f->base.library, measured_cb, f);
  wait_until (f->answered);
  return f->sizes.bytes[kind];
}

static void
done_cb (const GError *error, gpointer user_data)
{
  Fixture *f = user_data;

  g_assert_no_error (error);
  f->answered = TRUE;
}

static void
free_space (Fixture *f, FacetStorageKind kind)
{
  f->answered = FALSE;
  facet_library_free_space (f->base.library, kind, done_cb, f);
  wait_until (f->answered);
}

/* A library that has something of every kind. */
static void
fill (Fixture *f)
{
  g_autoptr (FacetMedia) picture = import (f, 90);
  g_autoptr (FacetMedia) sound = import (f, 0);
  g_autoptr (FacetConversation) gone = facet_library_new_conversation (f->base.library);

  attach (f->base.conversation, picture);
  send (f->base.conversation, "What is a " WORD "?");
  attach (f->base.conversation, sound);
  facet_conversation_set_draft (f->base.conversation, "The draft of a " WORD);
  send (gone, "A " WORD " in the trash");
  facet_library_delete (f->base.library, gone);
  g_clear_object (&gone);
  test_library_reopen (&f->base);
  write_to (f->base.folder,
            "media/1111111111111111111111111111111111111111111111111111111111111111", 1001);
  write_to (f->base.folder, "recordings/half.wav", 1002);
  write_to (f->base.folder, "facet.db.damaged-2026-01-01", 1003);
  write_to (f->base.folder, "facet.db.damaged-2026-01-01-wal", 1);
  write_to (cache, "0123-q4.krnq", 1004);
  write_to (cache, "0123-q8.krnq.part", 10);
  write_to (cache, "states/5", 1005);
  wait_until (size_of (f, FACET_STORAGE_BACKUPS) > 0);
}

static void
test_measure (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetMedia) picture = NULL;
  g_autoptr (FacetMessage) message = NULL;
  g_autoptr (FacetMedia) sound = NULL;

  fill (f);
  message = g_list_model_get_item (G_LIST_MODEL (f->base.conversation), 0);
  picture = g_object_ref (facet_message_get_attachments (message)->pdata[0]);
  sound = import (f, 0);
  g_assert_cmpuint (size_of (f, FACET_STORAGE_MESSAGES), >, 4096);
  g_assert_cmpuint (f->sizes.bytes[FACET_STORAGE_PICTURES], ==, facet_media_get_size (picture));
  g_assert_cmpuint (f->sizes.bytes[FACET_STORAGE_SOUND], ==, facet_media_get_size (sound));
  g_assert_cmpuint (f->sizes.bytes[FACET_STORAGE_VIDEO], ==, 0);
  g_assert_cmpuint (f->sizes.bytes[FACET_STORAGE_UNUSED], ==, 1001);
  g_assert_cmpuint (f->sizes.bytes[FACET_STORAGE_RECORDINGS], ==, 1002);
  g_assert_cmpuint (f->sizes.bytes[FACET_STORAGE_DAMAGED], ==, 1004);
  g_assert_cmpuint (f->sizes.bytes[FACET_STORAGE_WEIGHTS], ==, 1004);
  g_assert_cmpuint (f->sizes.bytes[FACET_STORAGE_CACHE], ==, 1005);
}

/* Each of them frees its own kind and nothing else. */
static void
test_free (Fixture *f, gconstpointer data)
{
  static const FacetStorageKind in_order[] = {FACET_STORAGE_DAMAGED, FACET_STORAGE_UNUSED,
                                              FACET_STORAGE_BACKUPS, FACET_STORAGE_WEIGHTS,
                                              FACET_STORAGE_CACHE};

  fill (f);
  for (gsize i = 0; i < G_N_ELEMENTS (in_order); i++) {
    FacetStorageSizes before;

    g_assert_cmpuint (size_of (f, in_order[i]), >, 0);
    before = f->sizes;
    free_space (f, in_order[i]);
    size_of (f, in_order[i]);
    before.bytes[in_order[i]] = 0;
    for (guint kind = FACET_STORAGE_PICTURES; kind < FACET_STORAGE_N_KINDS; kind++)
      g_assert_cmpuint (f->sizes.bytes[kind], ==, before.bytes[kind]);
  }
  g_assert_false (facet_storage_kind_can_be_freed (FACET_STORAGE_MESSAGES));
  g_assert_false (facet_storage_kind_can_be_freed (FACET_STORAGE_RECORDINGS));
}

/* A file that was just added is not free. */
static void
test_free_spares (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetMedia) media = import (f, 50);

  g_assert_cmpuint (size_of (f, FACET_STORAGE_UNUSED), >, 0);
  free_space (f, FACET_STORAGE_UNUSED);
  g_assert_true (g_file_test (facet_media_get_path (media), G_FILE_TEST_EXISTS));
}

static void
reset_cb (FacetLibrary *library, gboolean forgotten, guint *n_resets)
{
  g_assert_true (forgotten);
  (*n_resets)++;
}

static void
test_everything (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetConversation) fresh = NULL;
  g_autoptr (FacetConversation) begun = NULL;
  guint  n_resets = 0;
  gint64 id;

  fill (f);
  id = facet_conversation_get_id (f->base.conversation);
  facet_library_put_in_folder (f->base.library, f->base.conversation,
                               facet_library_add_folder (f->base.library, WORD));
  fresh = facet_library_new_conversation (f->base.library);
  facet_conversation_set_draft (fresh, "Not sent: " WORD);
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, WORD);
  fake_assistant_add_hang (f->base.fake);
  facet_conversation_send (f->base.conversation, WORD " again");
  wait_until (fake_assistant_get_n_running (f->base.fake) == 1);
  g_signal_connect (f->base.library, "reset", G_CALLBACK (reset_cb), &n_resets);
  g_assert_true (test_folder_contains (f->base.folder, WORD));
  g_assert_true (test_folder_contains (cache, WORD));

  f->answered = FALSE;
  facet_library_delete_everything (f->base.library, done_cb, f);
  facet_conversation_set_title (f->base.conversation, WORD); /* too late */
  wait_until (f->answered);
  g_assert_cmpuint (n_resets, ==, 1);
  g_assert_cmpuint (n_items (f->base.library), ==, 0);
  g_assert_cmpuint (n_items (facet_library_get_trash (f->base.library)), ==, 0);
  g_assert_cmpuint (n_items (facet_library_get_archive (f->base.library)), ==, 0);
  g_assert_cmpuint (n_items (facet_library_get_folders (f->base.library)), ==, 0);
  g_assert_false (facet_conversation_get_busy (f->base.conversation));
  g_assert_cmpstr (facet_conversation_get_draft (fresh), ==, "");
  g_assert_false (test_folder_contains (f->base.folder, WORD));
  g_assert_false (test_folder_contains (f->base.folder, "quetzalcoatlus"));
  g_assert_false (g_file_test (cache, G_FILE_TEST_EXISTS));

  /* What a window may still hold writes into nothing, and something new can be begun. */
  facet_conversation_set_draft (f->base.conversation, WORD);
  send (f->base.conversation, WORD);
  begun = facet_library_new_conversation (f->base.library);
  send (begun, "Anew");
  g_assert_cmpint (facet_conversation_get_id (begun), >, id + 1000);
  g_assert_cmpuint (n_items (f->base.library), ==, 1);
  g_clear_object (&fresh);
  g_clear_object (&begun);
  test_library_reopen (&f->base);
  g_assert_cmpuint (n_items (f->base.library), ==, 1);
  g_assert_cmpuint (n_items (f->base.conversation), ==, 2);
  g_assert_cmpint (facet_library_get_offer (f->base.library), ==, 0);
  g_assert_false (test_folder_contains (f->base.folder, WORD));
}

/* Right at the start, before the file was even checked; and while a damaged one lies aside and
 * nothing is decided. */
static void
test_everything_at_once (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->base.folder, "facet.db", NULL);

  fill (f);
  test_library_close (&f->base);
  g_assert_true (
      g_file_set_contents (path, WORD " is no database, and there is a backup of one", -1, NULL));
  test_library_open (&f->base);
  g_assert_cmpint (facet_library_get_offer (f->base.library), !=, 0);
  f->answered = FALSE;
  facet_library_delete_everything (f->base.library, done_cb, f);
  wait_until (f->answered);
  g_assert_cmpint (facet_library_get_offer (f->base.library), ==, 0);
  g_assert_cmpstr (facet_library_get_warning (f->base.library), ==, NULL);
  g_assert_false (test_folder_contains (f->base.folder, WORD));
  f->base.conversation = facet_library_new_conversation (f->base.library);
  send (f->base.conversation, "Anew");
  g_assert_cmpuint (n_items (f->base.library), ==, 1);
}

int
main (int argc, char **argv)
{
  g_autofree char *folder = test_folder_new ();
  int              status;

  cache = g_build_filename (folder, "facet", NULL);
  g_setenv ("XDG_CACHE_HOME", folder, TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/storage/measure", Fixture, NULL, set_up, test_measure, tear_down);
  g_test_add ("/storage/free", Fixture, NULL, set_up, test_free, tear_down);
  g_test_add ("/storage/free-spares", Fixture, NULL, set_up, test_free_spares, tear_down);
  g_test_add ("/storage/everything", Fixture, NULL, set_up, test_everything, tear_down);
  g_test_add ("/storage/everything-at-once", Fixture, NULL, set_up, test_everything_at_once,
              tear_down);
  status = g_test_run ();
  g_free (cache);
  test_folder_remove (folder);
  return status;
}
