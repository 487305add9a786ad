/* test-backup.c: backups: made once a day, a few kept, offered when the file is damaged or gone.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-backup"

#include "app/facet-store-backup.h"
#include "app/facet-store.h"
#include "test-folder.h"
#include "test-library.h"
#include "test-wait.h"

#include <glib/gstdio.h>

#include <string.h>
#include <sys/stat.h>

typedef struct {
  TestLibrary base;
  char       *path;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  test_library_set_up (&f->base);
  f->path = g_build_filename (f->base.folder, "facet.db", NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  test_library_tear_down (&f->base);
  g_free (f->path);
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

static GPtrArray *
wait_for_backups (Fixture *f, guint n)
{
  GPtrArray *backups = facet_backup_list (f->path);

  wait_until (backups->len == n ||
              (g_ptr_array_unref (backups), backups = facet_backup_list (f->path))->len == n);
  return backups;
}

/* A conversation, and a backup that knows it. */
static void
keep_one (Fixture *f)
{
  g_autoptr (GPtrArray) backups = NULL;

  send (f->base.conversation, "In the backup");
  test_library_reopen (&f->base);
  backups = wait_for_backups (f, 1);
}

/* While the library is closed: sound at the front, so that only the check sees it. */
static void
damage (Fixture *f)
{
  g_autofree char *content = NULL;
  gsize            length;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (f->path, &content, &length, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (length, >, 32768);
  memset (content + 8192, 0x5a, length - 8192);
  g_file_set_contents (f->path, content, (gssize)length, &error);
  g_assert_no_error (error);
}

static void
test_once_a_day (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) backups = facet_backup_list (f->path);
  g_autofree char *folder = facet_backup_folder_of (f->path);
  g_autofree char *other = g_build_filename (folder, "notes.txt", NULL);
  struct stat      info;

  g_assert_cmpuint (backups->len, ==, 0); /* of nothing there is none */
  g_ptr_array_unref (backups);
  keep_one (f);
  backups = wait_for_backups (f, 1);
  g_assert_cmpint (g_stat (((FacetBackup *)backups->pdata[0])->path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);
  g_assert_cmpint (g_stat (folder, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0700);

  test_library_reopen (&f->base);
  test_library_close (&f->base);
  g_ptr_array_unref (backups);
  backups = wait_for_backups (f, 1);

  /* Six days later, each time: the newest stay, and what is not ours. */
  g_assert_true (g_file_set_contents (other, "mine", -1, NULL));
  for (int day = 6; day > 0; day--) {
    g_autofree char *old = g_strdup_printf ("%s/facet-v3-202501%02d-101010.db", folder, day);

    g_assert_true (g_file_set_contents (old, "", 0, NULL));
  }
  g_assert_cmpint (g_unlink (((FacetBackup *)backups->pdata[0])->path), ==, 0);
  g_ptr_array_unref (backups);
  test_library_open (&f->base);
  backups = wait_for_backups (f, FACET_BACKUPS_KEPT);
  g_assert_true (g_str_has_suffix (((FacetBackup *)backups->pdata[1])->path, "20250106-101010.db"));
  g_assert_true (g_str_has_suffix (((FacetBackup *)backups->pdata[4])->path, "20250103-101010.db"));
  g_assert_true (g_file_test (other, G_FILE_TEST_EXISTS));
}

static void
wait_for_offer (Fixture *f)
{
  wait_until (facet_library_get_offer (f->base.library) != 0);
  g_assert_nonnull (facet_library_get_warning (f->base.library));
  g_assert_cmpuint (n_items (f->base.library), ==, 0);
}

static void
decide (Fixture *f, gboolean restore)
{
  facet_library_decide (f->base.library, restore);
  wait_until (facet_library_get_offer (f->base.library) == 0);
  g_assert_cmpstr (facet_library_get_warning (f->base.library), ==, NULL);
}

/* Nothing is saved until it is decided, and nothing that was typed is lost; then all is as it was
 * when the backup was made. */
static void
test_restore (Fixture *f, gconstpointer data)
{
  keep_one (f);
  g_clear_object (&f->base.conversation);
  test_library_close (&f->base);
  damage (f);
  test_library_open (&f->base);
  wait_for_offer (f);
  f->base.conversation = facet_library_new_conversation (f->base.library);
  send (f->base.conversation, "Typed too early");
  g_assert_cmpuint (n_items (f->base.library), ==, 0);
  g_assert_cmpstr (facet_conversation_get_draft (f->base.conversation), ==, "Typed too early");
  test_library_close (&f->base);

  /* Undecided it is offered again. */
  test_library_open (&f->base);
  wait_for_offer (f);
  f->base.conversation = facet_library_new_conversation (f->base.library);
  send (f->base.conversation, "Typed too early");
  decide (f, TRUE);
  wait_until (n_items (f->base.library) == 1);
  send (f->base.conversation, facet_conversation_get_draft (f->base.conversation));
  g_assert_cmpuint (n_items (f->base.library), ==, 2);
  test_library_reopen (&f->base);
  g_assert_cmpuint (n_items (f->base.library), ==, 2);
}

/* The damaged file is kept, the backup too, and ids do not come again. */
static void
test_begin_empty (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) backups = NULL;
  gint64 id;

  keep_one (f);
  id = facet_conversation_get_id (f->base.conversation);
  test_library_close (&f->base);
  damage (f);
  test_library_open (&f->base);
  wait_for_offer (f);
  decide (f, FALSE);
  f->base.conversation = facet_library_new_conversation (f->base.library);
  send (f->base.conversation, "New");
  g_assert_cmpuint (n_items (f->base.library), ==, 1);
  g_assert_cmpint (facet_conversation_get_id (f->base.conversation), >, id + 1000);
  backups = wait_for_backups (f, 1);
  test_library_reopen (&f->base);
  g_assert_cmpint (facet_library_get_offer (f->base.library), ==, 0);
  g_assert_cmpuint (n_items (f->base.library), ==, 1);
}

static void
test_missing (Fixture *f, gconstpointer data)
{
  keep_one (f);
  test_library_close (&f->base);
  g_assert_cmpint (g_unlink (f->path), ==, 0);
  test_library_open (&f->base);
  wait_for_offer (f);
  g_assert_nonnull (strstr (facet_library_get_warning (f->base.library), "missing"));
  decide (f, TRUE);
  wait_until (n_items (f->base.library) == 1);
  f->base.conversation = g_list_model_get_item (G_LIST_MODEL (f->base.library), 0);
  g_assert_cmpstr (facet_conversation_get_title (f->base.conversation), ==, "In the backup");
}

/* A backup that is damaged itself: the next older one. */
static void
test_damaged_backup (Fixture *f, gconstpointer data)
{
  g_autofree char *newer = NULL;
  g_autofree char *folder = facet_backup_folder_of (f->path);
  char             garbage[4096] = "SQLite format 3";

  keep_one (f);
  test_library_close (&f->base);
  newer = g_strdup_printf ("%s/facet-v3-20990101-000000.db", folder);
  g_assert_true (g_file_set_contents (newer, garbage, sizeof garbage, NULL));
  g_assert_cmpint (g_unlink (f->path), ==, 0);
  test_library_open (&f->base);
  wait_for_offer (f);
  decide (f, TRUE);
  wait_until (n_items (f->base.library) == 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/backup/once-a-day", Fixture, NULL, set_up, test_once_a_day, tear_down);
  g_test_add ("/backup/restore", Fixture, NULL, set_up, test_restore, tear_down);
  g_test_add ("/backup/begin-empty", Fixture, NULL, set_up, test_begin_empty, tear_down);
  g_test_add ("/backup/missing", Fixture, NULL, set_up, test_missing, tear_down);
  g_test_add ("/backup/damaged-backup", Fixture, NULL, set_up, test_damaged_backup, tear_down);
  return g_test_run ();
}
