/* test-import-store.c: an import while other things are saved, and one that does not come to its
 * end: all of it is there, or nothing.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The child (this program, with a library's folder and a file as arguments) imports the file and
 * says so whenever it is further. */
#define G_LOG_DOMAIN "test-import-store"

#include "app/facet-import-conversations.h"
#include "test-folder.h"
#include "test-library.h"
#include "test-wait.h"
#include "tests/test-brief.h"

#include <gio/gio.h>

#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Of what is imported: conversations, and in the last one messages. */
#define N_SHORT 40
#define N_LONG  8000
#define STORING 0.2 /* of the progress: the file was read */

typedef struct {
  TestLibrary    base;
  char          *in; /* a folder for files */
  GFile         *file;
  FacetProgress *progress;
  GCancellable  *cancellable;
  GAsyncResult  *result;
} Fixture;

/* Messages of words that stand nowhere else, in lines of one conversation each, and one long one.
 */
static GFile *
write_file (const char *folder)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *path = g_build_filename (folder, "many.jsonl", NULL);

  for (guint i = 0; i <= N_SHORT; i++) {
    g_string_append (text, "{\"messages\":[");
    for (guint j = 0; j < (i == N_SHORT ? N_LONG : 10); j++)
      g_string_append_printf (text, "%s{\"role\":\"%s\",\"content\":\"imported heron %u %u %x\"}",
                              j > 0 ? "," : "", j % 2 == 0 ? "user" : "assistant", i, j,
                              g_str_hash (text->str + text->len / 2));
    g_string_append (text, "]}\n");
  }
  g_assert_true (g_file_set_contents (path, text->str, (gssize)text->len, NULL));
  return g_file_new_for_path (path);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  test_library_set_up (&f->base);
  f->in = test_folder_new ();
  f->file = write_file (f->in);
  f->progress = facet_progress_new ();
  f->cancellable = g_cancellable_new ();
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->result);
  g_clear_object (&f->file);
  g_clear_object (&f->cancellable);
  facet_progress_unref (f->progress);
  test_library_tear_down (&f->base);
  test_folder_remove (f->in);
  g_free (f->in);
}

static void
done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  ((Fixture *)user_data)->result = g_object_ref (result);
}

static gint64
query (const char *folder, const char *sql)
{
  sqlite3      *db = test_folder_open_db (folder);
  sqlite3_stmt *statement = NULL;
  gint64        value;

  g_assert_cmpint (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_step (statement), ==, SQLITE_ROW);
  value = sqlite3_column_int64 (statement, 0);
  sqlite3_finalize (statement);
  sqlite3_close (db);
  return value;
}

#define HIDDEN "SELECT count (*) FROM conversations WHERE deleted_at < 0"

/* Begins it, and waits until some of it is stored. */
static void
begin (Fixture *f)
{
  wait_until (facet_library_get_loaded (f->base.library));
  facet_import_conversations_async (f->base.library, f->file, f->progress, f->cancellable, done_cb,
                                    f);
  wait_until (facet_progress_get (f->progress) > STORING && query (f->base.folder, HIDDEN) > 0);
  g_assert_null (f->result);
}

static void
assert_nothing (Fixture *f)
{
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->base.library)), ==, 0);
  wait_until (query (f->base.folder, "SELECT count (*) FROM conversations") == 0);
  g_assert_cmpint (query (f->base.folder, "SELECT count (*) FROM messages"), ==, 0);
  g_assert_cmpint (query (f->base.folder,
                          "SELECT count (*) FROM message_fts WHERE message_fts MATCH 'heron'"),
                   ==, 0);
}

static void
assert_all (Fixture *f, guint n_others)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (FacetImportResult) result = facet_import_conversations_finish (f->result, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (result->ids->len, ==, N_SHORT + 1);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->base.library)), ==,
                    N_SHORT + 1 + n_others);
  g_assert_cmpint (query (f->base.folder, HIDDEN), ==, 0);
  g_assert_cmpint (query (f->base.folder,
                          "SELECT count (*) FROM message_fts WHERE message_fts MATCH 'heron'"),
                   ==, 10 * N_SHORT + N_LONG);
}

/* A whole turn is saved while the import goes on, of which nothing is shown before all of it is. */
static void
test_others (Fixture *f, gconstpointer data)
{
  begin (f);
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, "Yes.");
  facet_conversation_send (f->base.conversation, "Is this saved?");
  wait_until (!facet_conversation_get_busy (f->base.conversation));
  g_assert_null (f->result); /* the import takes many times as long */
  g_assert_cmpstr (f->base.failure, ==, NULL);
  g_assert_cmpint (query (f->base.folder, HIDDEN), >, 0);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->base.library)), ==, 1);
  wait_until (f->result != NULL);
  assert_all (f, 1);
}

static void
test_cancel (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  begin (f);
  g_cancellable_cancel (f->cancellable);
  wait_until (f->result != NULL);
  g_assert_null (facet_import_conversations_finish (f->result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_nothing (f);
}

static void
wiped_cb (const GError *error, gpointer user_data)
{
  g_assert_no_error (error);
  *(gboolean *)user_data = TRUE;
}

static void
test_everything_deleted (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gboolean wiped = FALSE;

  begin (f);
  facet_library_delete_everything (f->base.library, wiped_cb, &wiped);
  wait_until (f->result != NULL && wiped);
  g_assert_null (facet_import_conversations_finish (f->result, &error));
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  assert_nothing (f);
}

/* Another program that opens the library does not take what is being imported for a dead one's, and sees none of it, or all where the import
 * is over by then. */
static void
test_another_opens (Fixture *f, gconstpointer data)
{
  TestLibrary other = {.folder = f->base.folder};
  guint       n;

  begin (f);
  test_library_open (&other);
  n = g_list_model_get_n_items (G_LIST_MODEL (other.library));
  test_library_close (&other);
  g_test_message ("%u conversations were seen", n);
  g_assert_true (n == 0 || n == N_SHORT + 1);
  wait_until (f->result != NULL);
  assert_all (f, 0);
}

/* Killed */

static void
ignore_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(gboolean *)user_data = TRUE;
}

/* A byte for every hundredth. */
static int
import_and_say (const char *folder, const char *path)
{
  g_autoptr (FakeAssistant) fake = fake_assistant_new ();
  g_autoptr (FacetLibrary) library = facet_library_new (folder, FACET_ASSISTANT (fake), NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  FacetProgress *progress = facet_progress_new ();
  gboolean       done = FALSE;
  guint          said = 0;

  while (!facet_library_get_loaded (library))
    g_main_context_iteration (NULL, TRUE);
  facet_import_conversations_async (library, file, progress, NULL, ignore_cb, &done);
  while (!done) {
    for (; said < (guint)(100 * facet_progress_get (progress)); said++) {
      if (write (STDOUT_FILENO, ".", 1) != 1)
        return 1;
    }
    g_main_context_iteration (NULL, FALSE);
  }
  return write (STDOUT_FILENO, "!", 1) == 1 ? 0 : 1;
}

/* Kills a child when it is @hundredths far, or, 101, when it is done. */
static void
kill_at (Fixture *f, guint hundredths)
{
  g_autofree char *self_path = g_file_read_link ("/proc/self/exe", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = NULL;
  g_autofree char *said = g_malloc (101);
  gsize            n = 0;

  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, self_path, f->base.folder,
                              g_file_peek_path (f->file), NULL);
  g_assert_no_error (error);
  g_input_stream_read_all (g_subprocess_get_stdout_pipe (process), said, hundredths, &n, NULL,
                           &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, MIN (hundredths, 101));
  g_subprocess_send_signal (process, SIGKILL);
  g_assert_true (g_subprocess_wait (process, NULL, &error));
}

/* Kills a child as soon as some of what it imports is stored. */
static void
kill_in_the_middle (Fixture *f)
{
  g_autofree char *self_path = g_file_read_link ("/proc/self/exe", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = NULL;

  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE, &error, self_path, f->base.folder,
                              g_file_peek_path (f->file), NULL);
  g_assert_no_error (error);
  wait_until (query (f->base.folder, HIDDEN) > 0);
  g_subprocess_send_signal (process, SIGKILL);
  g_assert_true (g_subprocess_wait (process, NULL, &error));
}

static void
test_killed (Fixture *f, gconstpointer data)
{
  guint n_kills = test_brief (8, 3, "kills"), n_hidden = 0;

  test_library_close (&f->base);
  for (guint i = 0; i < n_kills; i++) {
    if (i == 0)
      kill_in_the_middle (f);
    else
      kill_at (f, (guint)g_test_rand_int_range (16, 100));
    n_hidden += query (f->base.folder, HIDDEN) > 0;
    test_library_open (&f->base);
    if (g_list_model_get_n_items (G_LIST_MODEL (f->base.library)) > 0) {
      /* It was just done. */
      g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->base.library)), ==, N_SHORT + 1);
      test_library_close (&f->base);
      test_folder_remove (f->base.folder);
      g_free (f->base.folder);
      f->base.folder = test_folder_new ();
      continue;
    }
    assert_nothing (f);
    test_library_close (&f->base);
  }
  g_test_message ("%u of %u were killed in the middle", n_hidden, n_kills);
  g_assert_cmpuint (n_hidden, >, 0);
  test_library_open (&f->base);
  facet_import_conversations_async (f->base.library, f->file, NULL, NULL, done_cb, f);
  wait_until (f->result != NULL);
  assert_all (f, 0);
}

int
main (int argc, char *argv[])
{
  if (argc == 3 && argv[1][0] == '/')
    return import_and_say (argv[1], argv[2]);
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/import-store/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("others", test_others);
  ADD ("cancel", test_cancel);
  ADD ("everything-deleted", test_everything_deleted);
  ADD ("another-opens", test_another_opens);
  ADD ("killed", test_killed);
#undef ADD
  return g_test_run ();
}
