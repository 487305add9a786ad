/* test-attachments.c: pictures and sounds on messages: sent, stored, read again, swept.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-attachments"

#include "app/facet-media-import.h"
#include "media-files.h"
#include "test-folder.h"
#include "test-library.h"
#include "test-wait.h"

#include <glib/gstdio.h>
#include <sqlite3.h>

#include <string.h>
#include <utime.h>

typedef struct {
  TestLibrary base;
  guint       n_notified;
  FacetMedia *imported;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  test_library_set_up (&f->base);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  test_library_tear_down (&f->base);
}

static FacetMessage *
message_at (Fixture *f, guint position)
{
  FacetMessage *message = g_list_model_get_item (G_LIST_MODEL (f->base.conversation), position);

  g_assert_nonnull (message);
  g_object_unref (message);
  return message;
}

static FacetMedia *
media_at (Fixture *f, guint position, guint index)
{
  GPtrArray *attachments = facet_message_get_attachments (message_at (f, position));

  g_assert_cmpuint (index, <, attachments->len);
  return g_ptr_array_index (attachments, index);
}

static void
imported_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *f = user_data;
  g_autoptr (GError) error = NULL;

  f->imported = facet_media_import_finish (result, &error);
  g_assert_no_error (error);
}

/* (transfer full): a file of a picture of @width, or of a second of silence if that is 0. */
static FacetMedia *
import (Fixture *f, int width, const char *name)
{
  g_autofree char *path = g_build_filename (f->base.folder, "to-add", NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);

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
  f->imported = NULL;
  facet_media_import_file_async (facet_conversation_get_media_folder (f->base.conversation), file,
                                 name, NULL, imported_cb, f);
  wait_until (f->imported != NULL);
  return f->imported;
}

static void
attach (Fixture *f, FacetMedia *media)
{
  g_list_store_append (facet_conversation_get_draft_media (f->base.conversation), media);
}

static guint
n_draft_media (Fixture *f)
{
  return g_list_model_get_n_items (
      G_LIST_MODEL (facet_conversation_get_draft_media (f->base.conversation)));
}

static void
wait_idle (Fixture *f)
{
  wait_until (!facet_conversation_get_busy (f->base.conversation));
}

/* A picture with much detail and a sound, and a question. */
static void
send_two (Fixture *f, const char *text)
{
  g_autoptr (FacetMedia) picture = import (f, 90, "photo.png");
  g_autoptr (FacetMedia) fine = facet_media_with_detail (picture, 560);
  g_autoptr (FacetMedia) sound = import (f, 0, "talk.wav");

  attach (f, fine);
  attach (f, sound);
  facet_conversation_send (f->base.conversation, text);
  g_assert_true (facet_conversation_get_busy (f->base.conversation));
  wait_idle (f);
}

static void
exec_raw (Fixture *f, const char *sql)
{
  sqlite3 *db = test_folder_open_db (f->base.folder);
  char    *message = NULL;

  sqlite3_exec (db, sql, NULL, NULL, &message);
  g_assert_cmpstr (message, ==, NULL);
  sqlite3_close (db);
}

static gint64
query_number (Fixture *f, const char *sql)
{
  sqlite3      *db = test_folder_open_db (f->base.folder);
  sqlite3_stmt *statement;
  gint64        number;

  g_assert_cmpint (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_step (statement), ==, SQLITE_ROW);
  number = sqlite3_column_int64 (statement, 0);
  sqlite3_finalize (statement);
  sqlite3_close (db);
  return number;
}

/* What was sent, on the message at @position. */
static void
assert_two (Fixture *f, guint position, gboolean missing)
{
  FacetMedia *picture = media_at (f, position, 0), *sound = media_at (f, position, 1);
  guint       width, height;

  g_assert_cmpuint (facet_message_get_attachments (message_at (f, position))->len, ==, 2);
  g_assert_cmpint (facet_media_get_kind (picture), ==, FACET_MEDIA_IMAGE);
  g_assert_cmpstr (facet_media_get_name (picture), ==, "photo.png");
  g_assert_cmpstr (facet_media_get_media_type (picture), ==, "image/png");
  g_assert_cmpuint (facet_media_get_detail (picture), ==, 560);
  facet_media_get_dimensions (picture, &width, &height);
  g_assert_cmpuint (width, ==, 90);
  g_assert_cmpuint (height, ==, 30);
  g_assert_cmpuint (facet_media_get_n_tokens (picture), >, 500);
  g_assert_true (facet_media_is_missing (picture) == missing);

  g_assert_cmpint (facet_media_get_kind (sound), ==, FACET_MEDIA_AUDIO);
  g_assert_cmpuint (facet_media_get_n_tokens (sound), ==, 25);
  g_assert_cmpfloat (facet_media_get_seconds (sound), ==, 1);
  g_assert_cmpstr (facet_media_get_note (sound), ==, "It is silent.");
  g_assert_nonnull (facet_media_get_peaks (sound));
}

/* The request has what the message has. */
static void
assert_asked (Fixture *f)
{
  FacetRequest        *request = fake_assistant_get_last_request (f->base.fake);
  FacetRequestMessage *message = g_ptr_array_index (request->messages, 0);

  g_assert_nonnull (message->attachments);
  g_assert_cmpuint (message->attachments->len, ==, 2);
  g_assert_true (g_ptr_array_index (message->attachments, 0) == media_at (f, 0, 0));
  g_assert_true (g_ptr_array_index (message->attachments, 1) == media_at (f, 0, 1));
  if (request->messages->len > 1)
    g_assert_null (((FacetRequestMessage *)request->messages->pdata[1])->attachments);
}

static void
test_send (Fixture *f, gconstpointer data)
{
  send_two (f, "Which is it?");
  g_assert_cmpuint (n_draft_media (f), ==, 0);
  assert_two (f, 0, FALSE);
  assert_asked (f);
  g_assert_cmpuint (facet_message_get_attachments (message_at (f, 1))->len, ==, 0);
  g_assert_cmpint (query_number (f, "SELECT count (*) FROM attachments WHERE message_id = 1"), ==,
                   2);
  g_assert_cmpint (query_number (f, "SELECT count (*) FROM attachments WHERE position = 0 AND"
                                    " kind = 'image' AND soft_tokens > 500"),
                   ==, 1);
  g_assert_cmpint (query_number (f, "SELECT count (*) FROM attachments WHERE position = 1 AND"
                                    " kind = 'audio' AND soft_tokens = 25 AND size = 32044"),
                   ==, 1);
}

static void
test_reopen (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetPicture) picture = NULL;
  g_autoptr (GError) error = NULL;

  send_two (f, "Which is it?");
  test_library_reopen (&f->base);
  assert_two (f, 0, FALSE);
  picture = facet_media_load_picture (media_at (f, 0, 0), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (picture->width, ==, 90);
  /* They go with every question that follows. */
  facet_conversation_send (f->base.conversation, "And now?");
  wait_idle (f);
  assert_asked (f);
  g_assert_cmpuint (facet_message_get_attachments (message_at (f, 2))->len, ==, 0);
}

/* Nothing was written, something was attached. */
static void
test_no_text (Fixture *f, gconstpointer data)
{
  facet_conversation_send (f->base.conversation, "  ");
  g_assert_false (facet_conversation_get_busy (f->base.conversation));
  send_two (f, "");
  assert_two (f, 0, FALSE);
  g_assert_cmpstr (facet_conversation_get_title (f->base.conversation), ==, "photo.png");
}

static void
test_versions (Fixture *f, gconstpointer data)
{
  send_two (f, "Which is it?");
  facet_conversation_regenerate (f->base.conversation, message_at (f, 1));
  wait_idle (f);
  assert_two (f, 0, FALSE);
  assert_asked (f);
  facet_conversation_edit_and_resend (f->base.conversation, message_at (f, 0), "What is it?");
  wait_idle (f);
  assert_two (f, 0, FALSE);
  assert_asked (f);
  g_assert_cmpint (query_number (f, "SELECT count (*) FROM attachments"), ==, 4);
  g_assert_cmpint (query_number (f, "SELECT count (DISTINCT content_hash) FROM attachments"), ==,
                   2);
  test_library_reopen (&f->base);
  g_assert_cmpstr (facet_message_get_text (message_at (f, 0)), ==, "What is it?");
  assert_two (f, 0, FALSE);
}

/* The rows of the message and of what is attached are written together or not at all. */
static void
test_not_saved (Fixture *f, gconstpointer data)
{
  exec_raw (f, "CREATE TRIGGER sabotage BEFORE INSERT ON attachments WHEN new.position = 1 BEGIN"
               " SELECT raise (ABORT, 'the test does not want this'); END");
  send_two (f, "Which is it?");
  g_assert_nonnull (f->base.failure);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->base.conversation)), ==, 0);
  g_assert_cmpuint (fake_assistant_get_n_started (f->base.fake), ==, 0);
  g_assert_cmpint (query_number (f, "SELECT count (*) FROM messages"), ==, 0);
  g_assert_cmpint (query_number (f, "SELECT count (*) FROM attachments"), ==, 0);
  /* All of it is there to be sent again. */
  g_assert_cmpstr (facet_conversation_get_draft (f->base.conversation), ==, "Which is it?");
  g_assert_cmpuint (n_draft_media (f), ==, 2);
  exec_raw (f, "DROP TRIGGER sabotage");
  facet_conversation_send (f->base.conversation, "Which is it?");
  wait_idle (f);
  assert_two (f, 0, FALSE);
  g_assert_cmpuint (n_draft_media (f), ==, 0);

  /* An edited question that is not saved stays what it was, and the draft gets only the words. */
  exec_raw (f, "CREATE TRIGGER sabotage BEFORE INSERT ON attachments BEGIN"
               " SELECT raise (ABORT, 'the test does not want this'); END");
  facet_conversation_edit_and_resend (f->base.conversation, message_at (f, 0), "Edited");
  wait_idle (f);
  assert_two (f, 0, FALSE);
  g_assert_cmpstr (facet_message_get_text (message_at (f, 0)), ==, "Which is it?");
  g_assert_cmpstr (facet_conversation_get_draft (f->base.conversation), ==, "Edited");
  g_assert_cmpuint (n_draft_media (f), ==, 0);
}

static void
test_missing_file (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  send_two (f, "Which is it?");
  g_unlink (facet_media_get_path (media_at (f, 0, 0)));
  test_library_reopen (&f->base);
  assert_two (f, 0, TRUE);
  g_assert_false (facet_media_is_missing (media_at (f, 0, 1)));
  g_assert_null (facet_media_load_picture (media_at (f, 0, 0), NULL, &error));
  g_assert_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_MISSING);
  g_assert_nonnull (strstr (error->message, "“photo.png” is no longer there"));
}

/* Rows that another Facet wrote, or nobody. */
static void
test_odd_rows (Fixture *f, gconstpointer data)
{
  send_two (f, "Which is it?");
  exec_raw (f, "INSERT INTO attachments (message_id, position, kind, content_hash)"
               " VALUES (1, 2, 'hologram', 'ff'), (1, 3, 'image', '../facet.db'),"
               " (1, 4, 'audio', X'ff00')");
  test_library_reopen (&f->base);
  g_assert_cmpuint (facet_message_get_attachments (message_at (f, 0))->len, ==, 4);
  g_assert_true (facet_media_is_missing (media_at (f, 0, 2)));
  g_assert_cmpuint (facet_media_get_n_tokens (media_at (f, 0, 2)), ==, 0);
  g_assert_true (facet_media_is_missing (media_at (f, 0, 3)));
}

static void
notified_cb (FacetMessage *message, GParamSpec *pspec, Fixture *f)
{
  f->n_notified++;
}

static void
test_message (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetMessage) message = facet_message_new (FACET_ROLE_USER, "Look");
  g_autoptr (FacetMedia) media = import (f, 60, "one.png");
  g_autoptr (GPtrArray) some = g_ptr_array_new ();
  g_autoptr (GPtrArray) got = NULL;

  g_signal_connect (message, "notify::attachments", G_CALLBACK (notified_cb), f);
  facet_message_set_attachments (message, NULL);
  facet_message_set_attachments (message, some);
  g_assert_cmpuint (f->n_notified, ==, 0);
  g_ptr_array_add (some, media);
  facet_message_set_attachments (message, some);
  g_assert_cmpuint (f->n_notified, ==, 1);
  g_ptr_array_set_size (some, 0);
  g_object_get (message, "attachments", &got, NULL);
  g_assert_cmpuint (got->len, ==, 1);
  facet_message_set_attachments (message, NULL);
  g_assert_cmpuint (facet_message_get_attachments (message)->len, ==, 0);
  /* Whoever has the earlier list keeps it. */
  g_assert_true (g_ptr_array_index (got, 0) == media);
}

static void
make_old (const char *path)
{
  struct utimbuf times = {.actime = 1000000000, .modtime = 1000000000};

  g_assert_cmpint (utime (path, &times), ==, 0);
}

/* What was attached and not yet sent is there at the next start, as often as there is one, and its
 * file is not swept. */
static void
test_draft (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetMedia) picture = import (f, 90, "photo.png");
  g_autoptr (FacetMedia) fine = facet_media_with_detail (picture, 1120);
  g_autoptr (FacetMedia) sound = import (f, 0, "talk.wav");

  attach (f, sound);
  attach (f, fine);
  make_old (facet_media_get_path (fine));
  for (guint i = 0; i < 2; i++) {
    test_library_close (&f->base);
    test_library_open (&f->base);
    f->base.conversation = facet_library_new_conversation (f->base.library);
    wait_until (n_draft_media (f) == 2);
  }
  g_assert_true (g_file_test (facet_media_get_path (fine), G_FILE_TEST_EXISTS));
  facet_conversation_send (f->base.conversation, "Which is it?");
  g_assert_cmpuint (n_draft_media (f), ==, 0);
  wait_idle (f);
  g_assert_cmpuint (facet_media_get_detail (media_at (f, 0, 1)), ==, 1120);
  g_assert_cmpstr (facet_media_get_name (media_at (f, 0, 0)), ==, "talk.wav");

  /* that of a conversation stays with it; the new one has none any more */
  attach (f, fine);
  test_library_reopen (&f->base);
  wait_until (n_draft_media (f) == 1);
  g_list_store_remove_all (facet_conversation_get_draft_media (f->base.conversation));
  test_library_close (&f->base);
  g_assert_cmpint (query_number (f, "SELECT count(*) FROM draft_attachments"), ==, 0);
  test_library_open (&f->base);
  f->base.conversation = facet_library_new_conversation (f->base.library);
}

/* What is attached while the first message is being saved belongs to the conversation. */
static void
test_draft_moves (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetMedia) picture = import (f, 90, "photo.png");

  facet_conversation_send (f->base.conversation, "Hello");
  g_assert_cmpint (facet_conversation_get_id (f->base.conversation), ==, 0);
  attach (f, picture);
  wait_idle (f);
  test_library_reopen (&f->base);
  wait_until (n_draft_media (f) == 1);
  g_assert_cmpint (query_number (f, "SELECT count(*) FROM draft_attachments"), ==, 1);
}

static void
test_sweep (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetMedia) unused = import (f, 70, "unused.png");
  g_autoptr (FacetMedia) young = import (f, 71, "young.png");
  g_autofree char *aside = g_build_filename (f->base.folder, "facet.db.damaged-2026-01-01", NULL);

  send_two (f, "Which is it?");
  make_old (facet_media_get_path (media_at (f, 0, 0)));
  make_old (facet_media_get_path (media_at (f, 0, 1)));
  make_old (facet_media_get_path (unused));

  /* A database that was set aside may refer to it. */
  g_assert_true (g_file_set_contents (aside, "x", 1, NULL));
  test_library_reopen (&f->base);
  test_library_close (&f->base);
  g_assert_true (g_file_test (facet_media_get_path (unused), G_FILE_TEST_EXISTS));

  g_unlink (aside);
  test_library_open (&f->base);
  f->base.conversation = g_list_model_get_item (G_LIST_MODEL (f->base.library), 0);
  wait_until (!g_file_test (facet_media_get_path (unused), G_FILE_TEST_EXISTS));
  test_library_reopen (&f->base);
  g_assert_true (g_file_test (facet_media_get_path (young), G_FILE_TEST_EXISTS));
  assert_two (f, 0, FALSE);
}

static void
test_markdown (Fixture *f, gconstpointer data)
{
  g_autofree char *markdown = NULL;

  send_two (f, "Which is it?");
  markdown = facet_conversation_to_markdown (f->base.conversation);
  g_assert_nonnull (
      strstr (markdown, "## You\n\n- photo.png\n- talk.wav\n\nWhich is it?\n\n## Fake model\n"));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/attachments/send", test_send);
  ADD ("/attachments/reopen", test_reopen);
  ADD ("/attachments/no-text", test_no_text);
  ADD ("/attachments/versions", test_versions);
  ADD ("/attachments/not-saved", test_not_saved);
  ADD ("/attachments/missing-file", test_missing_file);
  ADD ("/attachments/odd-rows", test_odd_rows);
  ADD ("/attachments/message", test_message);
  ADD ("/attachments/draft", test_draft);
  ADD ("/attachments/draft-moves", test_draft_moves);
  ADD ("/attachments/sweep", test_sweep);
  ADD ("/attachments/markdown", test_markdown);
  return g_test_run ();
}
