/* test-folders.c: where conversations are put: folders, the archive; and the order of the list.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-folders"

#include "test-library.h"
#include "test-wait.h"

static void
set_up (TestLibrary *f, gconstpointer data)
{
  static const char *const titles[] = {"a", "b", "c", "d"};

  test_library_set_up (f);
  for (guint i = 0; i < G_N_ELEMENTS (titles); i++) {
    if (i > 0) {
      g_object_unref (f->conversation);
      f->conversation = facet_library_new_conversation (f->library);
    }
    facet_conversation_send (f->conversation, titles[i]);
    wait_until (!facet_conversation_get_busy (f->conversation));
  }
}

static void
tear_down (TestLibrary *f, gconstpointer data)
{
  test_library_tear_down (f);
}

static char *
describe (GListModel *list)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < g_list_model_get_n_items (list); i++) {
    g_autoptr (GObject) item = g_list_model_get_item (list, i);

    if (i > 0)
      g_string_append_c (text, ' ');
    if (FACET_IS_FOLDER (item))
      g_string_append (text, facet_folder_get_name (FACET_FOLDER (item)));
    else
      g_string_append (text, facet_conversation_get_title (FACET_CONVERSATION (item)));
  }
  return g_string_free (text, FALSE);
}

#define assert_list(list, expected)                                                                \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autofree char *found_ = describe (G_LIST_MODEL (list));                                      \
    g_assert_cmpstr (found_, ==, expected);                                                        \
  }                                                                                                \
  G_STMT_END

/* Borrowed: the library keeps it. */
static FacetConversation *
find (TestLibrary *f, const char *title)
{
  GListModel *lists[] = {G_LIST_MODEL (f->library), facet_library_get_archive (f->library)};

  for (guint l = 0; l < G_N_ELEMENTS (lists); l++) {
    for (guint i = 0; i < g_list_model_get_n_items (lists[l]); i++) {
      g_autoptr (FacetConversation) conversation = g_list_model_get_item (lists[l], i);

      if (g_str_equal (facet_conversation_get_title (conversation), title))
        return conversation;
    }
  }
  g_assert_not_reached ();
}

static void
reopen (TestLibrary *f)
{
  test_library_close (f);
  test_library_open (f);
}

static FacetFolder *
nth_folder (TestLibrary *f, guint n)
{
  g_autoptr (FacetFolder) folder =
      g_list_model_get_item (facet_library_get_folders (f->library), n);

  g_assert_nonnull (folder);
  return folder;
}

static void
test_folders (TestLibrary *f, gconstpointer data)
{
  GListModel  *folders = facet_library_get_folders (f->library);
  FacetFolder *work, *home;

  assert_list (f->library, "d c b a");
  g_assert_null (facet_library_add_folder (f->library, " \n "));
  work = facet_library_add_folder (f->library, " Work\n");
  home = facet_library_add_folder (f->library, "Home");
  assert_list (folders, "Work Home");
  facet_library_put_in_folder (f->library, find (f, "a"), home);
  facet_library_put_in_folder (f->library, find (f, "b"), work);
  facet_library_put_in_folder (f->library, find (f, "c"), work);
  assert_list (f->library, "c b a d");

  facet_library_move_folder (f->library, home, 0);
  assert_list (folders, "Home Work");
  assert_list (f->library, "a c b d");
  facet_library_move_folder (f->library, home, 2);
  assert_list (folders, "Home Work");
  facet_library_rename_folder (f->library, home, "Zuhause");
  facet_library_rename_folder (f->library, home, "");
  facet_conversation_set_pinned (find (f, "b"), TRUE);
  assert_list (f->library, "b a c d");

  reopen (f);
  folders = facet_library_get_folders (f->library);
  assert_list (folders, "Zuhause Work");
  assert_list (f->library, "b a c d");
  facet_conversation_set_pinned (find (f, "b"), FALSE);
  assert_list (f->library, "a c b d");

  /* A deleted folder's conversations stay, also those in the archive and the trash. */
  facet_library_set_archived (f->library, find (f, "c"), TRUE);
  facet_library_delete (f->library, find (f, "b"));
  facet_library_delete_folder (f->library, nth_folder (f, 1));
  facet_library_undo_delete (f->library);
  facet_library_set_archived (f->library, find (f, "c"), FALSE);
  assert_list (f->library, "a d c b");
  reopen (f);
  assert_list (facet_library_get_folders (f->library), "Zuhause");
  assert_list (f->library, "a d c b");
  facet_library_put_in_folder (f->library, find (f, "a"), NULL);
  assert_list (f->library, "d c b a");
  g_assert_null (facet_library_get_warning (f->library));
}

static void
count_cb (GListModel *model, guint position, guint removed, guint added, GString *changes)
{
  g_string_append_printf (changes, "%u-%u+%u ", position, removed, added);
}

/* What is told adds up, also where the place stays the same. */
static void
test_told (TestLibrary *f, gconstpointer data)
{
  g_autoptr (GString) changes = g_string_new (NULL);
  FacetFolder *folder = facet_library_add_folder (f->library, "Folder");

  g_signal_connect (f->library, "items-changed", G_CALLBACK (count_cb), changes);
  facet_library_put_in_folder (f->library, find (f, "d"), folder);
  facet_library_put_in_folder (f->library, find (f, "a"), folder);
  facet_library_put_in_folder (f->library, find (f, "a"), folder);
  g_assert_cmpstr (changes->str, ==, "0-1+1 3-1+0 1-0+1 ");
  g_signal_handlers_disconnect_by_data (f->library, changes);
}

static void
test_archive (TestLibrary *f, gconstpointer data)
{
  GListModel        *archive = facet_library_get_archive (f->library);
  FacetConversation *b;

  facet_conversation_set_pinned (find (f, "a"), TRUE);
  facet_library_set_archived (f->library, find (f, "b"), TRUE);
  facet_library_set_archived (f->library, find (f, "a"), TRUE);
  assert_list (f->library, "d c");
  assert_list (archive, "b a");
  reopen (f);
  archive = facet_library_get_archive (f->library);
  assert_list (f->library, "d c");
  assert_list (archive, "b a");

  b = find (f, "b");
  {
    g_autoptr (FacetConversation) found =
        facet_library_find (f->library, facet_conversation_get_id (b));

    g_assert_true (found == b);
  }
  facet_library_set_archived (f->library, find (f, "a"), FALSE);
  assert_list (f->library, "a d c");

  /* Deleted in the archive, it comes back into it. */
  facet_library_delete (f->library, b);
  assert_list (archive, "");
  facet_library_undo_delete (f->library);
  assert_list (archive, "b");

  /* Who goes on with it wants it back. */
  facet_conversation_send (b, "And?");
  wait_until (!facet_conversation_get_busy (b));
  assert_list (f->library, "a b d c");
  assert_list (archive, "");
  reopen (f);
  assert_list (f->library, "a b d c");
}

#define add(path, func) g_test_add ("/folders/" path, TestLibrary, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("folders", test_folders);
  add ("told", test_told);
  add ("archive", test_archive);
  return g_test_run ();
}
