/* test-sections.c: the headings of the list of conversations, and the changes that are told of it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-sections"

#include "config.h"

#include "facet-sections.h"
#include "ui-fixture.h"

#define DAY (24 * G_TIME_SPAN_HOUR)

/* 2026-11-24 15:00, a Tuesday, where the test runs. */
static gint64
afternoon (void)
{
  g_autoptr (GDateTime) time = g_date_time_new_local (2026, 11, 24, 15, 0, 0);

  return g_date_time_to_unix (time) * G_USEC_PER_SEC;
}

/* The list as text: headings in brackets. */
static char *
describe (FacetSections *sections)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (sections)); i++) {
    g_autoptr (GObject) item = g_list_model_get_item (G_LIST_MODEL (sections), i);

    if (text->len > 0)
      g_string_append_c (text, ' ');
    if (FACET_IS_SECTION (item))
      g_string_append_printf (text, "[%s]", facet_section_get_title (FACET_SECTION (item)));
    else
      g_string_append (text, facet_conversation_get_title (FACET_CONVERSATION (item)));
  }
  g_assert_null (g_list_model_get_item (G_LIST_MODEL (sections),
                                        g_list_model_get_n_items (G_LIST_MODEL (sections))));
  return g_string_free (text, FALSE);
}

/* What a GtkListView would have, knowing only what the signal said. */
static void
items_changed_cb (GListModel *model, guint position, guint removed, guint added, GPtrArray *mirror)
{
  if (removed > 0)
    g_ptr_array_remove_range (mirror, position, removed);
  for (guint i = 0; i < added; i++)
    g_ptr_array_insert (mirror, (int)(position + i), g_list_model_get_item (model, position + i));
}

static void
assert_mirrored (FacetSections *sections, GPtrArray *mirror)
{
  g_assert_cmpuint (mirror->len, ==, g_list_model_get_n_items (G_LIST_MODEL (sections)));
  for (guint i = 0; i < mirror->len; i++) {
    g_autoptr (GObject) item = g_list_model_get_item (G_LIST_MODEL (sections), i);

    g_assert_true (item == g_ptr_array_index (mirror, i));
  }
}

static void
assert_list (FacetSections *sections, const char *expected)
{
  g_autofree char *text = describe (sections);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_headings (void)
{
  gint64               now = afternoon ();
  const UiConversation conversations[] = {
      {"a", now - 300 * DAY, TRUE},
      {"b", now - G_TIME_SPAN_HOUR, FALSE},
      {"c", now - 14 * G_TIME_SPAN_HOUR, FALSE},
      {"d", now - 16 * G_TIME_SPAN_HOUR, FALSE}, /* 23:00 */
      {"e", now - 5 * DAY, FALSE},
      {"f", now - 20 * DAY, FALSE},
      {"g", now - 40 * DAY, FALSE}, /* 15 October */
      {"h", now - 41 * DAY, FALSE},
      {"i", now - 400 * DAY, FALSE}, /* 20 October of the year before */
      {"j", 0, FALSE},
  };
  UiFixture f = {0};
  g_autoptr (FacetSections) sections = NULL;
  g_autoptr (FacetConversation) first = NULL;
  g_autofree char *text = NULL;

  ui_fixture_set_up (&f, conversations, G_N_ELEMENTS (conversations));
  sections = facet_sections_new (f.library, now);
  text = describe (sections);
  g_assert_cmpstr (text, ==,
                   "[Pinned] a [Today] b c [Yesterday] d [Previous 7 days] e [Previous 30 days] f "
                   "[October 2026] g h [October 2025] i [January 1970] j");

  first = g_list_model_get_item (G_LIST_MODEL (f.library), 0);
  g_assert_cmpuint (facet_sections_find (sections, first), ==, 1);
  g_clear_object (&first);
  first = g_list_model_get_item (G_LIST_MODEL (f.library), 3);
  g_assert_cmpuint (facet_sections_find (sections, first), ==, 6);
  g_clear_object (&first);
  first = facet_library_new_conversation (f.library);
  g_assert_cmpuint (facet_sections_find (sections, first), ==, G_MAXUINT);
  g_clear_object (&first);

  g_assert_finalize_object (g_steal_pointer (&sections));
  ui_fixture_tear_down (&f);
}

static void
test_next_day (void)
{
  gint64               now = afternoon ();
  const UiConversation conversations[] = {
      {"a", now, FALSE},
      {"b", now - DAY, FALSE},
  };
  UiFixture f = {0};
  g_autoptr (FacetSections) sections = NULL;
  g_autoptr (GPtrArray) mirror = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree char *text = NULL;

  ui_fixture_set_up (&f, conversations, G_N_ELEMENTS (conversations));
  sections = facet_sections_new (f.library, now);
  items_changed_cb (G_LIST_MODEL (sections), 0, 0, 4, mirror);
  g_signal_connect (sections, "items-changed", G_CALLBACK (items_changed_cb), mirror);

  facet_sections_set_now (sections, now + 10 * G_TIME_SPAN_HOUR);
  text = describe (sections);
  g_assert_cmpstr (text, ==, "[Yesterday] a [Previous 7 days] b");
  assert_mirrored (sections, mirror);

  g_clear_pointer (&mirror, g_ptr_array_unref);
  g_assert_finalize_object (g_steal_pointer (&sections));
  ui_fixture_tear_down (&f);
}

/* Sending in an old conversation brings it to the top: everything between keeps its row. */
static void
test_moves (void)
{
  gint64               now = g_get_real_time ();
  const UiConversation conversations[] = {
      {"a", now - 1, FALSE},
      {"b", now - 60 * DAY, FALSE},
      {"c", now - 61 * DAY, FALSE},
      {"d", now - 120 * DAY, FALSE},
  };
  UiFixture f = {0};
  g_autoptr (FacetSections) sections = NULL;
  g_autoptr (FacetConversation) old = NULL;
  g_autoptr (GPtrArray) mirror = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree char *before = NULL, *after = NULL;

  ui_fixture_set_up (&f, conversations, G_N_ELEMENTS (conversations));
  sections = facet_sections_new (f.library, now);
  items_changed_cb (G_LIST_MODEL (sections), 0, 0,
                    g_list_model_get_n_items (G_LIST_MODEL (sections)), mirror);
  g_signal_connect (sections, "items-changed", G_CALLBACK (items_changed_cb), mirror);
  before = describe (sections);
  g_assert_true (g_str_has_prefix (before, "[Today] a ["));

  old = g_list_model_get_item (G_LIST_MODEL (f.library), 3);
  facet_conversation_open (old);
  facet_conversation_send (old, "Are you there?");
  ui_wait_idle (old);
  after = describe (sections);
  g_assert_true (g_str_has_prefix (after, "[Today] d a ["));
  assert_mirrored (sections, mirror);
  g_assert_cmpuint (facet_sections_find (sections, old), ==, 1);

  /* A pin that does not change the order still changes the heading. */
  facet_conversation_set_pinned (old, TRUE);
  g_free (after);
  after = describe (sections);
  g_assert_true (g_str_has_prefix (after, "[Pinned] d [Today] a ["));
  assert_mirrored (sections, mirror);

  facet_library_delete (f.library, old);
  g_free (after);
  after = describe (sections);
  g_assert_true (g_str_has_prefix (after, "[Today] a ["));
  assert_mirrored (sections, mirror);
  facet_library_undo_delete (f.library);
  g_free (after);
  after = describe (sections);
  g_assert_true (g_str_has_prefix (after, "[Pinned] d [Today] a ["));
  assert_mirrored (sections, mirror);

  g_clear_object (&old);
  g_clear_pointer (&mirror, g_ptr_array_unref);
  g_assert_finalize_object (g_steal_pointer (&sections));
  ui_fixture_tear_down (&f);
}

/* A folder has its heading also when it is empty; folded, it keeps what is in it to itself. */
static void
test_folders (void)
{
  gint64               now = afternoon ();
  const UiConversation conversations[] = {
      {"a", now, TRUE},
      {"b", now - DAY, FALSE},
      {"c", now - 2 * DAY, FALSE},
  };
  UiFixture f = {0};
  g_autoptr (FacetSections) sections = NULL;
  g_autoptr (FacetConversation) c = NULL;
  g_autoptr (GPtrArray) mirror = g_ptr_array_new_with_free_func (g_object_unref);
  FacetFolder *work;

  ui_fixture_set_up (&f, conversations, G_N_ELEMENTS (conversations));
  sections = facet_sections_new (f.library, now);
  items_changed_cb (G_LIST_MODEL (sections), 0, 0,
                    g_list_model_get_n_items (G_LIST_MODEL (sections)), mirror);
  g_signal_connect (sections, "items-changed", G_CALLBACK (items_changed_cb), mirror);

  work = facet_library_add_folder (f.library, "Work");
  facet_library_add_folder (f.library, "Home");
  assert_list (sections, "[Pinned] a [Work] [Home] [Yesterday] b [Previous 7 days] c");
  c = g_list_model_get_item (G_LIST_MODEL (f.library), 2);
  facet_library_put_in_folder (f.library, c, work);
  assert_list (sections, "[Pinned] a [Work] c [Home] [Yesterday] b");
  assert_mirrored (sections, mirror);
  g_assert_cmpuint (facet_sections_find (sections, c), ==, 3);

  facet_sections_set_folded (sections, facet_folder_get_id (work), TRUE);
  assert_list (sections, "[Pinned] a [Work] [Home] [Yesterday] b");
  assert_mirrored (sections, mirror);
  g_assert_cmpuint (facet_sections_find (sections, c), ==, G_MAXUINT);
  facet_conversation_set_pinned (c, TRUE);
  assert_list (sections, "[Pinned] a c [Work] [Home] [Yesterday] b");
  facet_conversation_set_pinned (c, FALSE);
  facet_library_rename_folder (f.library, work, "Office");
  assert_list (sections, "[Pinned] a [Office] [Home] [Yesterday] b");
  facet_sections_set_folded (sections, facet_folder_get_id (work), FALSE);
  assert_list (sections, "[Pinned] a [Office] c [Home] [Yesterday] b");
  facet_library_delete_folder (f.library, work);
  assert_list (sections, "[Pinned] a [Home] [Yesterday] b [Previous 7 days] c");
  assert_mirrored (sections, mirror);

  g_clear_object (&c);
  g_clear_pointer (&mirror, g_ptr_array_unref);
  g_assert_finalize_object (g_steal_pointer (&sections));
  ui_fixture_tear_down (&f);
}

/* Moves of every kind, told one by one, always add up to the list. */
static void
test_random_moves (void)
{
  enum {
    N = 40,
    N_FOLDERS = 3,
    MOVES = 1000
  };

  gint64         now = g_get_real_time ();
  UiConversation conversations[N];
  UiFixture      f = {0};
  g_autoptr (FacetSections) sections = NULL;
  g_autoptr (GPtrArray) mirror = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < N; i++)
    conversations[i] = (UiConversation){"x", now - i * i * DAY / 8, i % 7 == 3};
  ui_fixture_set_up (&f, conversations, N);
  for (guint i = 0; i < N_FOLDERS; i++)
    facet_library_add_folder (f.library, "Folder");
  sections = facet_sections_new (f.library, now);
  items_changed_cb (G_LIST_MODEL (sections), 0, 0,
                    g_list_model_get_n_items (G_LIST_MODEL (sections)), mirror);
  g_signal_connect (sections, "items-changed", G_CALLBACK (items_changed_cb), mirror);

  for (guint i = 0; i < MOVES; i++) {
    guint n = g_list_model_get_n_items (G_LIST_MODEL (f.library));
    g_autoptr (FacetConversation) anything =
        g_list_model_get_item (G_LIST_MODEL (f.library), (guint)g_test_rand_int_range (0, (int)n));

    g_autoptr (FacetFolder) folder =
        g_list_model_get_item (facet_library_get_folders (f.library),
                               (guint)g_test_rand_int_range (0, N_FOLDERS + 1));
    gint64 id = folder != NULL ? facet_folder_get_id (folder) : 0;

    switch (g_test_rand_int_range (0, 7)) {
    case 3:
    case 4:
      facet_library_put_in_folder (f.library, anything, folder);
      break;
    case 5:
      facet_sections_set_folded (sections, id, !facet_sections_get_folded (sections, id));
      break;
    case 6:
      if (folder != NULL)
        facet_library_move_folder (f.library, folder, (guint)g_test_rand_int_range (0, N_FOLDERS));
      break;
    case 0:
      facet_conversation_set_pinned (anything, !facet_conversation_get_pinned (anything));
      break;
    case 1:
      if (n > 5)
        facet_library_delete (f.library, anything);
      break;
    default:
      facet_library_undo_delete (f.library);
      break;
    }
    assert_mirrored (sections, mirror);
  }

  g_clear_pointer (&mirror, g_ptr_array_unref);
  g_assert_finalize_object (g_steal_pointer (&sections));
  ui_fixture_tear_down (&f);
}

int
main (int argc, char *argv[])
{
  ui_test_init (&argc, &argv);
  g_test_add_func ("/sections/headings", test_headings);
  g_test_add_func ("/sections/next-day", test_next_day);
  g_test_add_func ("/sections/moves", test_moves);
  g_test_add_func ("/sections/folders", test_folders);
  g_test_add_func ("/sections/random-moves", test_random_moves);
  return g_test_run ();
}
