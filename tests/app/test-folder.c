/* test-folder.c: temporary folders of tests.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-folder"

#include "test-folder.h"

#include "app/facet-search-tokenizer.h"

#include <glib/gstdio.h>

#include <string.h>

char *
test_folder_new (void)
{
  g_autoptr (GError) error = NULL;
  char *folder = g_dir_make_tmp ("facet-test-XXXXXX", &error);

  g_assert_no_error (error);
  return folder;
}

void
test_folder_remove (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  if (dir == NULL)
    return;
  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);

    if (g_file_test (path, G_FILE_TEST_IS_DIR) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
      test_folder_remove (path);
    else
      g_unlink (path);
  }
  g_rmdir (folder);
}

sqlite3 *
test_folder_open_db (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "facet.db", NULL);
  sqlite3         *db = NULL;

  g_assert_cmpint (sqlite3_open (path, &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_busy_timeout (db, 10000), ==, SQLITE_OK);
  g_assert_cmpint (facet_search_tokenizer_register (db), ==, SQLITE_OK);
  return db;
}

static gboolean
file_contains (const char *path, const char *word)
{
  g_autofree char *bytes = NULL;
  gsize            length = 0;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &bytes, &length, &error);
  g_assert_no_error (error);
  return memmem (bytes, length, word, strlen (word)) != NULL;
}

gboolean
test_folder_contains (const char *folder, const char *word)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  const char *name;
  gboolean    found = FALSE;

  g_assert_no_error (error);
  while (!found && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);

    if (g_file_test (path, G_FILE_TEST_IS_DIR))
      found = test_folder_contains (path, word);
    else if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
      found = file_contains (path, word);
    found = found || strstr (name, word) != NULL;
    if (found)
      g_test_message ("“%s” is in %s", word, path);
  }
  return found;
}

void
test_folder_set_up (TestFolder *f, gconstpointer data)
{
  f->folder = test_folder_new ();
  f->path = g_build_filename (f->folder, "0123abcd", NULL);
}

void
test_folder_tear_down (TestFolder *f, gconstpointer data)
{
  test_folder_remove (f->folder);
  g_free (f->folder);
  g_free (f->path);
}
