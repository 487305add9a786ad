/* test-folder.h: a folder that a test may fill, and its removal.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <sqlite3.h>

G_BEGIN_DECLS

/* (transfer full), in the folder for temporary files. */
char *test_folder_new (void) G_GNUC_WARN_UNUSED_RESULT;
void  test_folder_remove (const char *folder);

/* facet.db in @folder, with all that its tables need, for what nothing else can write or say. Waits
 * where others write. */
sqlite3 *test_folder_open_db (const char *folder) G_GNUC_WARN_UNUSED_RESULT;

/* Whether the bytes of @word stand in any file in @folder or below it, or in a file's name. */
gboolean test_folder_contains (const char *folder, const char *word);

/* A folder as a fixture, for tests of one file in it. */
typedef struct {
  char *folder;
  char *path; /* of a file that is not there yet, named as the store names media */
} TestFolder;

void test_folder_set_up (TestFolder *f, gconstpointer data);
void test_folder_tear_down (TestFolder *f, gconstpointer data);

G_END_DECLS
