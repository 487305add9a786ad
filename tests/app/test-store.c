/* test-store.c: the file itself: made, brought up to date, refused, set aside, recovered.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Looks at the file with SQLite, not through the store. */
#define G_LOG_DOMAIN "test-store"

#include "app/facet-library.h"
#include "app/facet-store-backup.h"
#include "app/facet-store-schema.h"
#include "app/facet-store.h"
#include "fake-assistant.h"
#include "test-folder.h"

#include <glib/gstdio.h>

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file as version 1 left it, with one conversation of a question and an answer that still ran. */
static const char version_1_content[] =
    "INSERT INTO conversations (id, title, created, updated, pinned, thinking, draft, head_id)"
    "  VALUES (7, 'Old one', 1000, 2000, 1, 1, 'half a thought', 12);"
    "INSERT INTO messages (id, conversation_id, parent_id, role, state, text, created)"
    "  VALUES (11, 7, NULL, 0, 0, 'Where is the Café?', 1000);"
    "INSERT INTO messages (id, conversation_id, parent_id, role, state, text, thinking, created)"
    "  VALUES (12, 7, 11, 1, 2, 'Round the', 'They ask for a place.', 1001);";

static sqlite3 *
open_raw (const char *folder)
{
  sqlite3 *db = test_folder_open_db (folder);

  return db;
}

static void
exec_raw (sqlite3 *db, const char *sql)
{
  char *message = NULL;

  sqlite3_exec (db, sql, NULL, NULL, &message);
  g_assert_cmpstr (message, ==, NULL);
}

/* The only value that @sql gives, as text; NULL: none. */
static char *
query (const char *folder, const char *sql)
{
  sqlite3      *db = open_raw (folder);
  sqlite3_stmt *statement = NULL;
  char         *value = NULL;

  g_assert_cmpint (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL), ==, SQLITE_OK);
  if (sqlite3_step (statement) == SQLITE_ROW)
    value = g_strdup ((const char *)sqlite3_column_text (statement, 0));
  sqlite3_finalize (statement);
  sqlite3_close (db);
  return value;
}

#define assert_query(folder, sql, expected)                                                        \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autofree char *value_ = query (folder, sql);                                                 \
    g_assert_cmpstr (value_, ==, expected);                                                        \
  }                                                                                                \
  G_STMT_END

static FacetLibrary *
open_library (const char *folder, GError **error)
{
  g_autoptr (FakeAssistant) fake = fake_assistant_new ();
  FacetLibrary *library = facet_library_new (folder, FACET_ASSISTANT (fake), error);

  while (library != NULL && !facet_library_get_loaded (library))
    g_main_context_iteration (NULL, TRUE);
  return library;
}

static void
close_library (FacetLibrary *library)
{
  facet_library_close (library);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (library);
}

static void
test_create (void)
{
  g_autofree char *folder = test_folder_new ();
  g_autofree char *inner = g_build_filename (folder, "a", "b", NULL);
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  FacetLibrary *library = open_library (inner, &error);
  struct stat   info;

  g_assert_no_error (error);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (library)), ==, 0);
  g_assert_cmpstr (facet_library_get_warning (library), ==, NULL);
  close_library (library);

  g_assert_cmpint (g_stat (inner, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0700);
  path = g_build_filename (inner, "facet.db", NULL);
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);
  assert_query (inner, "PRAGMA user_version", G_STRINGIFY (FACET_SCHEMA_VERSION));
  assert_query (inner, "PRAGMA journal_mode", "wal");
  assert_query (inner, "SELECT count (*) FROM conversations", "0");
  test_folder_remove (folder);
}

static void
make_version_1 (const char *folder)
{
  sqlite3 *db = open_raw (folder);

  g_assert_cmpint (facet_schema_upgrade (db, 0, 1), ==, SQLITE_OK);
  exec_raw (db, version_1_content);
  sqlite3_close (db);
}

static void
test_migrate (void)
{
  g_autofree char *folder = test_folder_new ();
  g_autofree char *path = g_build_filename (folder, "facet.db", NULL);
  g_autoptr (GPtrArray) backups = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (FacetConversation) conversation = NULL;
  g_autoptr (FacetMessage) question = NULL;
  g_autoptr (FacetMessage) answer = NULL;
  FacetLibrary *library;

  make_version_1 (folder);
  library = open_library (folder, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (library)), ==, 1);
  conversation = g_list_model_get_item (G_LIST_MODEL (library), 0);
  g_assert_cmpstr (facet_conversation_get_title (conversation), ==, "Old one");
  g_assert_cmpstr (facet_conversation_get_draft (conversation), ==, "half a thought");
  g_assert_true (facet_conversation_get_pinned (conversation));
  g_assert_true (facet_conversation_get_thinking (conversation));
  g_assert_cmpint (facet_conversation_get_updated (conversation), ==, 2000);

  g_assert_false (facet_conversation_get_loaded (conversation));
  facet_conversation_open (conversation);
  while (!facet_conversation_get_loaded (conversation))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (conversation)), ==, 2);
  question = g_list_model_get_item (G_LIST_MODEL (conversation), 0);
  answer = g_list_model_get_item (G_LIST_MODEL (conversation), 1);
  g_assert_cmpstr (facet_message_get_text (question), ==, "Where is the Café?");
  g_assert_cmpint (facet_message_get_role (answer), ==, FACET_ROLE_ASSISTANT);
  g_assert_cmpstr (facet_message_get_text (answer), ==, "Round the");
  g_assert_cmpstr (facet_message_get_thinking (answer), ==, "They ask for a place.");
  g_assert_cmpint (facet_message_get_state (answer), ==, FACET_MESSAGE_INTERRUPTED);
  g_clear_object (&conversation);
  close_library (library);

  /* The index holds what was there before it, and the answer once it was at rest. */
  assert_query (folder, "SELECT rowid FROM message_fts WHERE message_fts MATCH 'cafe'", "11");
  assert_query (folder, "SELECT rowid FROM message_fts WHERE message_fts MATCH 'thinking:place'",
                "12");
  assert_query (folder, "PRAGMA foreign_key_check (messages)", NULL);
  /* The copy is the file as it was. */
  backups = facet_backup_list (path);
  g_assert_cmpuint (backups->len, ==, 1);
  g_assert_cmpint (((FacetBackup *)backups->pdata[0])->version, ==, 1);
  g_assert_cmpint (g_rename (((FacetBackup *)backups->pdata[0])->path, path), ==, 0);
  assert_query (folder, "PRAGMA user_version", "1");
  assert_query (folder, "SELECT state FROM messages WHERE id = 12", "2");
  test_folder_remove (folder);
}

/* From before a conversation had a place: it is answered here, and nothing was agreed to. */
static void
test_migrate_places (void)
{
  g_autofree char *folder = test_folder_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (FacetConversation) conversation = NULL;
  FacetLibrary *library;
  sqlite3      *db = open_raw (folder);

  g_assert_cmpint (facet_schema_upgrade (db, 0, 5), ==, SQLITE_OK);
  exec_raw (db, version_1_content);
  sqlite3_close (db);
  library = open_library (folder, &error);
  g_assert_no_error (error);
  conversation = g_list_model_get_item (G_LIST_MODEL (library), 0);
  g_assert_cmpstr (facet_conversation_get_server (conversation), ==, "");
  g_assert_true (facet_conversation_needs_consent (conversation, "one"));
  facet_conversation_set_server (conversation, "one");
  g_clear_object (&conversation);
  close_library (library);
  assert_query (folder, "SELECT server FROM conversations WHERE id = 7", "one");
  assert_query (folder, "SELECT servers_agreed FROM conversations WHERE id = 7", "one");
  assert_query (folder, "SELECT title FROM conversations WHERE id = 7", "Old one");
  test_folder_remove (folder);
}

/* A migration that cannot be finished changes nothing. */
static void
test_migration_fails (void)
{
  g_autofree char *folder = test_folder_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (FacetConversation) conversation = NULL;
  FacetLibrary *library;
  sqlite3      *db;

  make_version_1 (folder);
  db = open_raw (folder);
  exec_raw (db, "CREATE TABLE message_fts_config (unexpected)"); /* in the way of the index */
  sqlite3_close (db);
  library = open_library (folder, &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (facet_library_get_warning (library), folder));
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (library)), ==, 0);
  conversation = facet_library_new_conversation (library);
  facet_conversation_send (conversation, "Not lost");
  while (facet_conversation_get_busy (conversation))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (facet_conversation_get_draft (conversation), ==, "Not lost");
  g_clear_object (&conversation);
  close_library (library);
  assert_query (folder, "PRAGMA user_version", "1");
  assert_query (folder, "SELECT count (*) FROM sqlite_schema WHERE name = 'attachments'", "0");
  assert_query (folder, "SELECT text FROM messages WHERE id = 11", "Where is the Café?");
  test_folder_remove (folder);
}

static void
test_newer (void)
{
  g_autofree char *folder = test_folder_new ();
  g_autofree char *path = g_build_filename (folder, "facet.db", NULL);
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autoptr (GError) error = NULL;
  gsize    length_before, length_after;
  sqlite3 *db = open_raw (folder);

  g_assert_cmpint (facet_schema_upgrade (db, 0, FACET_SCHEMA_VERSION), ==, SQLITE_OK);
  exec_raw (db, "PRAGMA user_version = 99; CREATE TABLE from_the_future (x);");
  sqlite3_close (db);
  g_file_get_contents (path, &before, &length_before, NULL);

  g_assert_null (open_library (folder, &error));
  g_assert_error (error, FACET_STORE_ERROR, FACET_STORE_ERROR_NOT_OURS);
  g_assert_nonnull (strstr (error->message, "newer version of Facet"));
  g_file_get_contents (path, &after, &length_after, NULL);
  g_assert_cmpmem (before, length_before, after, length_after);
  test_folder_remove (folder);
}

static void
test_foreign (void)
{
  g_autofree char *folder = test_folder_new ();
  g_autoptr (GError) error = NULL;
  sqlite3 *db = open_raw (folder);

  exec_raw (db, "CREATE TABLE bookmarks (url)");
  sqlite3_close (db);
  g_assert_null (open_library (folder, &error));
  g_assert_error (error, FACET_STORE_ERROR, FACET_STORE_ERROR_NOT_OURS);
  assert_query (folder, "SELECT count (*) FROM sqlite_schema", "1");
  test_folder_remove (folder);
}

/* The name that a set-aside file has, or NULL. */
static char *
find_set_aside (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL) {
    if (g_str_has_prefix (name, "facet.db.damaged-") && !g_str_has_suffix (name, "-wal") &&
        !g_str_has_suffix (name, "-shm"))
      return g_build_filename (folder, name, NULL);
  }
  return NULL;
}

static void
assert_begins_anew (const char *folder, const char *expected_content, gsize length)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (FacetConversation) conversation = NULL;
  g_autofree char *aside = NULL;
  g_autofree char *content = NULL;
  gsize            content_length;
  FacetLibrary    *library = open_library (folder, &error);

  g_assert_no_error (error);
  while (facet_library_get_warning (library) == NULL ||
         strstr (facet_library_get_warning (library), "set aside") == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (facet_library_get_offer (library), ==, 0);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (library)), ==, 0);
  aside = find_set_aside (folder);
  g_assert_nonnull (aside);
  g_assert_nonnull (strstr (facet_library_get_warning (library), aside));
  g_file_get_contents (aside, &content, &content_length, NULL);
  g_assert_cmpmem (content, content_length, expected_content, length);

  /* The new file works. */
  conversation = facet_library_new_conversation (library);
  facet_conversation_send (conversation, "Hello");
  while (facet_conversation_get_busy (conversation))
    g_main_context_iteration (NULL, TRUE);
  g_clear_object (&conversation);
  close_library (library);
  assert_query (folder, "SELECT text FROM messages WHERE role = 0", "Hello");
}

static void
test_garbage (void)
{
  static const char garbage[] =
      "This is not a database at all, although it is long enough to be one: "
      "a hundred bytes are what the header of a database file takes up.";
  g_autofree char *folder = test_folder_new ();
  g_autofree char *path = g_build_filename (folder, "facet.db", NULL);

  g_file_set_contents (path, garbage, sizeof garbage, NULL);
  assert_begins_anew (folder, garbage, sizeof garbage);
  test_folder_remove (folder);
}

/* Sound at the front, so that it opens; broken further in, so that only the check sees it. */
static void
test_damaged_inside (void)
{
  g_autofree char *folder = test_folder_new ();
  g_autofree char *path = g_build_filename (folder, "facet.db", NULL);
  g_autofree char *content = NULL;
  gsize            length;
  sqlite3         *db = open_raw (folder);

  g_assert_cmpint (facet_schema_upgrade (db, 0, FACET_SCHEMA_VERSION), ==, SQLITE_OK);
  exec_raw (db, "PRAGMA journal_mode = WAL"); /* as Facet leaves it */
  exec_raw (db, version_1_content);
  exec_raw (db, "WITH RECURSIVE n (i) AS (SELECT 20 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
                "INSERT INTO messages (id, conversation_id, parent_id, role, state, text, created)"
                "  SELECT i, 7, 12, 0, 0, 'Message ' || i || ' with some words in it', i FROM n;");
  sqlite3_close (db);
  g_file_get_contents (path, &content, &length, NULL);
  g_assert_cmpuint (length, >, 100000);
  memset (content + length / 2, 0x5a, length / 4);
  g_file_set_contents (path, content, (gssize)length, NULL);
  assert_begins_anew (folder, content, length);
  test_folder_remove (folder);
}

/* Root may write anywhere: then as somebody else. */
static void
test_no_permission (void)
{
  g_autofree char *folder = test_folder_new ();
  g_autofree char *inner = g_build_filename (folder, "facet", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) unmade = NULL;
  gboolean root = geteuid () == 0;

  g_assert_cmpint (g_chmod (folder, 0555), ==, 0);
  if (root)
    g_assert_cmpint (seteuid (65534), ==, 0);
  g_assert_null (open_library (folder, &error));
  g_assert_null (open_library (inner, &unmade));
  if (root)
    g_assert_cmpint (seteuid (0), ==, 0);
  g_assert_cmpint (g_chmod (folder, 0755), ==, 0);
  g_assert_error (error, FACET_STORE_ERROR, FACET_STORE_ERROR_READ_ONLY);
  g_assert_nonnull (strstr (error->message, folder));
  g_assert_error (unmade, FACET_STORE_ERROR, FACET_STORE_ERROR_READ_ONLY);
  g_assert_nonnull (strstr (unmade->message, inner));
  test_folder_remove (folder);
}

static void
test_read_only_file (void)
{
  g_autofree char *folder = test_folder_new ();
  g_autofree char *path = g_build_filename (folder, "facet.db", NULL);
  g_autoptr (FacetConversation) listed = NULL;
  g_autoptr (FacetConversation) fresh = NULL;
  g_autoptr (GError) error = NULL;
  FacetLibrary *library = open_library (folder, NULL);
  gboolean      root = geteuid () == 0;

  fresh = facet_library_new_conversation (library);
  facet_conversation_send (fresh, "Read me");
  while (facet_conversation_get_busy (fresh))
    g_main_context_iteration (NULL, TRUE);
  g_clear_object (&fresh);
  close_library (library);
  g_assert_cmpint (g_chmod (path, 0444), ==, 0);
  g_assert_cmpint (g_chmod (folder, 0555), ==, 0);
  if (root)
    g_assert_cmpint (seteuid (65534), ==, 0);

  /* What is there can be read; what is typed is not lost. */
  library = open_library (folder, &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (facet_library_get_warning (library), path));
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (library)), ==, 1);
  listed = g_list_model_get_item (G_LIST_MODEL (library), 0);
  facet_conversation_open (listed);
  while (!facet_conversation_get_loaded (listed))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (listed)), ==, 2);
  facet_conversation_send (listed, "And this?");
  while (facet_conversation_get_busy (listed))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (listed)), ==, 2);
  g_assert_cmpstr (facet_conversation_get_draft (listed), ==, "And this?");
  g_clear_object (&listed);
  close_library (library);
  if (root)
    g_assert_cmpint (seteuid (0), ==, 0);
  g_assert_cmpint (g_chmod (folder, 0755), ==, 0);
  test_folder_remove (folder);
}

static void
failed_cb (FacetConversation *conversation, const char *sentence, char **place)
{
  g_free (*place);
  *place = g_strdup (sentence);
}

/* A full disk, as a limit on the size of files: nothing is computed, nothing that was typed is
 * lost. */
static void
test_full_disk (void)
{
  g_autofree char *folder = test_folder_new ();
  g_autofree char *failure = NULL;
  g_autofree char *long_text = g_strnfill (2 << 20, 'x');
  g_autoptr (FacetConversation) conversation = NULL;
  FacetLibrary  *library = open_library (folder, NULL);
  FakeAssistant *fake = FAKE_ASSISTANT (facet_library_get_assistant (library));
  struct rlimit  before, small;

  conversation = facet_library_new_conversation (library);
  g_signal_connect (conversation, "failed", G_CALLBACK (failed_cb), &failure);
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &before), ==, 0);
  small = before;
  small.rlim_cur = 512 << 10;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &small), ==, 0);
  facet_conversation_send (conversation, long_text);
  while (facet_conversation_get_busy (conversation))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);

  g_assert_nonnull (failure);
  g_assert_cmpuint (fake_assistant_get_n_started (fake), ==, 0);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (conversation)), ==, 0);
  g_assert_cmpstr (facet_conversation_get_draft (conversation), ==, long_text);

  /* With room again it works. */
  facet_conversation_send (conversation, facet_conversation_get_draft (conversation));
  while (facet_conversation_get_busy (conversation))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (fake_assistant_get_n_started (fake), ==, 1);
  g_clear_object (&conversation);
  close_library (library);
  assert_query (folder, "SELECT length (text) FROM messages WHERE role = 0", "2097152");
  test_folder_remove (folder);
}

/* The draft of a conversation that has no row yet. */
static void
test_new_draft (void)
{
  g_autofree char   *folder = test_folder_new ();
  FacetLibrary      *library = open_library (folder, NULL);
  FacetConversation *conversation = facet_library_new_conversation (library);

  facet_conversation_set_draft (conversation, "Not sent yet");
  facet_library_close (library);
  g_object_unref (conversation);
  close_library (library);

  library = open_library (folder, NULL);
  conversation = facet_library_new_conversation (library);
  while (*facet_conversation_get_draft (conversation) == '\0')
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (facet_conversation_get_draft (conversation), ==, "Not sent yet");
  facet_conversation_send (conversation, "Sent");
  while (facet_conversation_get_busy (conversation))
    g_main_context_iteration (NULL, TRUE);
  g_object_unref (conversation);
  close_library (library);
  assert_query (folder, "SELECT count (*) FROM meta WHERE key = 'new-draft'", "0");
  test_folder_remove (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/create", test_create);
  g_test_add_func ("/store/migrate", test_migrate);
  g_test_add_func ("/store/migrate-places", test_migrate_places);
  g_test_add_func ("/store/migration-fails", test_migration_fails);
  g_test_add_func ("/store/newer", test_newer);
  g_test_add_func ("/store/foreign", test_foreign);
  g_test_add_func ("/store/garbage", test_garbage);
  g_test_add_func ("/store/damaged-inside", test_damaged_inside);
  g_test_add_func ("/store/no-permission", test_no_permission);
  g_test_add_func ("/store/read-only-file", test_read_only_file);
  g_test_add_func ("/store/full-disk", test_full_disk);
  g_test_add_func ("/store/new-draft", test_new_draft);
  return g_test_run ();
}
