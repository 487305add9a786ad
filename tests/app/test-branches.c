/* test-branches.c: versions of messages: counted, shown, deleted, found again; and the tree of ids.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-branches"

#include "app/facet-message-tree.h"
#include "test-library.h"
#include "test-wait.h"

/* The tree */

static FacetMessageTree *
make_tree (const FacetMessageLink *links, guint n)
{
  FacetMessageTree *tree = facet_message_tree_new ();

  for (guint i = 0; i < n; i++)
    facet_message_tree_add (tree, &links[i]);
  return tree;
}

static void
assert_versions (FacetMessageTree *tree, gint64 parent, gint64 id, guint index, guint count)
{
  guint found_index, found_count;

  facet_message_tree_get_versions (tree, parent, id, &found_index, &found_count);
  g_assert_cmpuint (found_index, ==, index);
  g_assert_cmpuint (found_count, ==, count);
}

static void
test_tree (void)
{
  /* 1 ─ 2 ─ 3 ─ 6    1 ─ 4    1 ─ 5 (deleted) ─ 7 */
  static const FacetMessageLink links[] = {{1, 0, FALSE}, {2, 1, FALSE}, {3, 2, FALSE},
                                           {4, 1, FALSE}, {5, 1, TRUE},  {6, 3, FALSE},
                                           {7, 5, FALSE}};
  g_autoptr (FacetMessageTree) tree = make_tree (links, G_N_ELEMENTS (links));

  assert_versions (tree, 0, 1, 0, 1);
  assert_versions (tree, 1, 2, 0, 2);
  assert_versions (tree, 1, 4, 1, 2);
  assert_versions (tree, 1, 0, 2, 3); /* that which is being written */
  assert_versions (tree, 99, 100, 0, 1);
  g_assert_cmpint (facet_message_tree_get_version (tree, 1, 1), ==, 4);
  g_assert_cmpint (facet_message_tree_get_version (tree, 1, 2), ==, 0);
  facet_message_tree_set_deleted (tree, 5, FALSE);
  g_assert_cmpint (facet_message_tree_get_version (tree, 1, 2), ==, 5);
  g_assert_cmpint (facet_message_tree_find_newest (tree, 2), ==, 6);
  g_assert_cmpint (facet_message_tree_find_newest (tree, 4), ==, 4);
  g_assert_cmpint (facet_message_tree_find_newest (tree, 1), ==, 7);
  g_assert_cmpint (facet_message_tree_find_newest (tree, 8), ==, 0);
  g_assert_true (facet_message_tree_leads_to (tree, 2, 6));
  g_assert_true (facet_message_tree_leads_to (tree, 6, 6));
  g_assert_false (facet_message_tree_leads_to (tree, 4, 6));
  g_assert_false (facet_message_tree_leads_to (tree, 6, 2));
}

/* What no program of ours writes: circles, parents that are not there, negative numbers. */
static void
test_hostile_tree (void)
{
  static const FacetMessageLink links[] = {{1, 2, FALSE},  {2, 1, FALSE}, {3, 3, FALSE},
                                           {-1, 0, FALSE}, {4, -5, TRUE}, {9, 8, FALSE},
                                           {9, 1, FALSE}};
  g_autoptr (FacetMessageTree) tree = make_tree (links, G_N_ELEMENTS (links));

  g_assert_false (facet_message_tree_has (tree, 1));
  g_assert_true (facet_message_tree_has (tree, 2));
  g_assert_false (facet_message_tree_has (tree, 3));
  g_assert_false (facet_message_tree_has (tree, 8));
  g_assert_cmpint (facet_message_tree_find_newest (tree, 2), ==, 2);
  g_assert_cmpint (facet_message_tree_find_newest (tree, 1), ==, 0);
  g_assert_true (facet_message_tree_leads_to (tree, 8, 9));
  g_assert_false (facet_message_tree_leads_to (tree, 2, 9));
}

/* Conversations */

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

static void
wait_idle (TestLibrary *f)
{
  wait_until (!facet_conversation_get_busy (f->conversation));
}

static void
send_and_wait (TestLibrary *f, const char *text)
{
  facet_conversation_send (f->conversation, text);
  wait_idle (f);
}

/* Borrowed: the list keeps it. */
static FacetMessage *
message_at (TestLibrary *f, guint position)
{
  g_autoptr (FacetMessage) message =
      g_list_model_get_item (G_LIST_MODEL (f->conversation), position);

  g_assert_nonnull (message);
  return message;
}

/* The shown texts, one after another. */
static char *
describe (TestLibrary *f)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (f->conversation)); i++)
    g_string_append_printf (text, "%s%s", i > 0 ? " | " : "",
                            facet_message_get_text (message_at (f, i)));
  return g_string_free (text, FALSE);
}

static gboolean
shows (TestLibrary *f, const char *texts)
{
  g_autofree char *shown = describe (f);

  return g_str_equal (shown, texts);
}

static void
assert_shows (TestLibrary *f, const char *texts)
{
  g_autofree char *shown = describe (f);

  g_assert_cmpstr (shown, ==, texts);
}

static void
assert_version (TestLibrary *f, guint position, guint index, guint count)
{
  guint found_index, found_count;

  facet_conversation_get_versions (f->conversation, message_at (f, position), &found_index,
                                   &found_count);
  g_assert_cmpuint (found_index, ==, index);
  g_assert_cmpuint (found_count, ==, count);
}

/* One, then its answer three times, and Two after the second of them. */
static void
make_branches (TestLibrary *f)
{
  static const char *const answers[] = {"a", "b", "c"};

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++) {
    fake_assistant_begin_turn (f->fake);
    fake_assistant_add_answer (f->fake, answers[i]);
    if (i == 0)
      send_and_wait (f, "One");
    else
      facet_conversation_regenerate (f->conversation, message_at (f, 1));
    wait_idle (f);
    if (i == 1)
      send_and_wait (f, "Two");
  }
  assert_shows (f, "One | c");
}

static void
test_show_version (TestLibrary *f, gconstpointer data)
{
  g_autoptr (FacetMessage) question = NULL;

  make_branches (f);
  assert_version (f, 0, 0, 1);
  assert_version (f, 1, 2, 3);
  question = g_object_ref (message_at (f, 0));

  facet_conversation_show_version (f->conversation, message_at (f, 1), 1);
  wait_until (!shows (f, "One | c"));
  assert_shows (f, "One | b | Two | You said: Two");
  assert_version (f, 1, 1, 3);
  assert_version (f, 2, 0, 1);
  g_assert_true (question == message_at (f, 0));

  /* The branch that is shown is kept. */
  test_library_reopen (f);
  assert_shows (f, "One | b | Two | You said: Two");
  assert_version (f, 1, 1, 3);

  /* What does not exist changes nothing; and what is written next belongs to the branch. */
  facet_conversation_show_version (f->conversation, message_at (f, 1), 3);
  facet_conversation_show_version (f->conversation, message_at (f, 1), 1);
  facet_conversation_show_version (f->conversation, message_at (f, 1), 0);
  send_and_wait (f, "Three");
  assert_shows (f, "One | a | Three | You said: Three");
  facet_conversation_edit_and_resend (f->conversation, message_at (f, 2), "Four");
  assert_version (f, 2, 1, 2);
  assert_version (f, 3, 0, 1);
  wait_idle (f);
  assert_version (f, 2, 1, 2);
  assert_version (f, 3, 0, 1);
  assert_shows (f, "One | a | Four | You said: Four");
}

static void
test_busy (TestLibrary *f, gconstpointer data)
{
  make_branches (f);
  fake_assistant_begin_turn (f->fake);
  fake_assistant_add_hang (f->fake);
  facet_conversation_regenerate (f->conversation, message_at (f, 1));
  assert_version (f, 1, 3, 4);
  facet_conversation_show_version (f->conversation, message_at (f, 1), 0);
  wait_until (facet_message_get_id (message_at (f, 1)) != 0);
  assert_version (f, 1, 3, 4);
  facet_conversation_show_version (f->conversation, message_at (f, 1), 0);
  facet_conversation_stop (f->conversation);
  wait_idle (f);
  assert_shows (f, "One | ");
}

/* A deleted version is none; the one before it is shown, and undo comes back. */
static void
test_delete (TestLibrary *f, gconstpointer data)
{
  make_branches (f);
  facet_conversation_delete_message (f->conversation, message_at (f, 1));
  wait_until (shows (f, "One | b | Two | You said: Two"));
  assert_version (f, 1, 1, 2);
  facet_conversation_undo_delete (f->conversation);
  wait_until (shows (f, "One | c"));
  assert_version (f, 1, 2, 3);

  /* At once, before the other version is there. */
  facet_conversation_delete_message (f->conversation, message_at (f, 1));
  facet_conversation_undo_delete (f->conversation);
  wait_until (shows (f, "One | c"));

  test_library_reopen (f);
  assert_shows (f, "One | c");
  assert_version (f, 1, 2, 3);
  facet_conversation_delete_message (f->conversation, message_at (f, 1));
  test_library_reopen (f);
  assert_shows (f, "One | b | Two | You said: Two");
  assert_version (f, 1, 1, 2);
}

static void
test_show_message (TestLibrary *f, gconstpointer data)
{
  gint64 hidden, id;

  make_branches (f);
  facet_conversation_show_version (f->conversation, message_at (f, 1), 1);
  wait_until (shows (f, "One | b | Two | You said: Two"));
  hidden = facet_message_get_id (message_at (f, 2));
  id = facet_message_get_id (message_at (f, 0));
  facet_conversation_show_message (f->conversation, id);
  facet_conversation_show_message (f->conversation, 12345);
  facet_conversation_show_version (f->conversation, message_at (f, 1), 0);
  wait_until (shows (f, "One | a"));
  facet_conversation_show_message (f->conversation, hidden);
  wait_until (shows (f, "One | b | Two | You said: Two"));

  /* Of one that was not opened yet. */
  facet_conversation_show_version (f->conversation, message_at (f, 1), 0);
  wait_until (shows (f, "One | a"));
  test_library_close (f);
  test_library_open (f);
  f->conversation = g_list_model_get_item (G_LIST_MODEL (f->library), 0);
  facet_conversation_show_message (f->conversation, hidden);
  wait_until (shows (f, "One | b | Two | You said: Two"));
}

static void
copied_cb (FacetConversation *copy, gpointer user_data)
{
  TestLibrary *f = user_data;

  g_assert_nonnull (copy);
  g_set_object (&f->conversation, copy);
  facet_conversation_open (copy);
}

static void
copy (TestLibrary *f, FacetMessage *until)
{
  g_autoptr (FacetConversation) original = g_object_ref (f->conversation);

  facet_library_copy (f->library, original, until, copied_cb, f);
  wait_until (f->conversation != original && facet_conversation_get_loaded (f->conversation));
}

/* All branches; nothing that is done to one of them is seen in the other. */
static void
test_copy (TestLibrary *f, gconstpointer data)
{
  g_autoptr (FacetConversation) original = NULL;

  make_branches (f);
  facet_conversation_set_draft (f->conversation, "A draft");
  original = g_object_ref (f->conversation);
  wait_until (facet_conversation_get_id (original) != 0);
  facet_conversation_set_pinned (original, TRUE); /* stores the draft, too */
  copy (f, NULL);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->library)), ==, 2);
  g_assert_cmpstr (facet_conversation_get_title (f->conversation), ==, "One (copy)");
  g_assert_cmpstr (facet_conversation_get_draft (f->conversation), ==, "A draft");
  g_assert_false (facet_conversation_get_pinned (f->conversation));
  assert_shows (f, "One | c");
  assert_version (f, 1, 2, 3);
  facet_conversation_show_version (f->conversation, message_at (f, 1), 1);
  wait_until (shows (f, "One | b | Two | You said: Two"));
  facet_conversation_delete_message (f->conversation, message_at (f, 1));
  g_set_object (&f->conversation, original);
  assert_shows (f, "One | c");
  assert_version (f, 1, 2, 3);
}

static void
test_copy_until (TestLibrary *f, gconstpointer data)
{
  g_autoptr (FacetMessage) until = NULL;

  make_branches (f);
  facet_conversation_show_version (f->conversation, message_at (f, 1), 1);
  wait_until (shows (f, "One | b | Two | You said: Two"));
  until = g_object_ref (message_at (f, 2));
  copy (f, until);
  assert_shows (f, "One | b | Two");
  assert_version (f, 1, 0, 1);
  send_and_wait (f, "Three");
  test_library_reopen (f);
  assert_shows (f, "One | b | Two | Three | You said: Three");
  /* What was deleted on the way keeps its place, and says nothing. */
  facet_conversation_delete_message (f->conversation, message_at (f, 1));
  g_set_object (&until, message_at (f, 2));
  copy (f, until);
  assert_shows (f, "One | Two | Three");
}

#define add(path, func) g_test_add ("/branches/" path, TestLibrary, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/branches/tree", test_tree);
  g_test_add_func ("/branches/hostile-tree", test_hostile_tree);
  add ("show-version", test_show_version);
  add ("busy", test_busy);
  add ("delete", test_delete);
  add ("copy", test_copy);
  add ("copy-until", test_copy_until);
  add ("show-message", test_show_message);
  return g_test_run ();
}
