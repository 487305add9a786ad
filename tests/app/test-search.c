/* test-search.c: what is found in everything that is kept, and what is not.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The messages are written straight into the tables: nothing else can say when they were said. */
#define G_LOG_DOMAIN "test-search"

#include "app/facet-search.h"
#include "test-folder.h"
#include "test-library.h"
#include "test-wait.h"

#include <sqlite3.h>
#include <string.h>

typedef struct {
  TestLibrary  base;
  FacetSearch *search;
  guint        n_answers;
} Fixture;

static const char content[] =
    "INSERT INTO conversations (id, title, created, updated, head_id) VALUES"
    "  (1, 'Trip to Lisbon', 1, 10, 12), (2, 'Stand-up', 1, 20, 22), (4, 'Old plans', 1, 40, 41),"
    "  (5, '\xe6\x9c\xba\xe5\x99\xa8\xe5\xad\xa6\xe4\xb9\xa0', 1, 50, 51);"
    "INSERT INTO conversations (id, title, created, updated, deleted_at) VALUES (3, 'Lisbon, "
    "thrown away', 1, 30, 5);"
    "UPDATE conversations SET archived = 1 WHERE id = 4;"
    "INSERT INTO messages (id, conversation_id, parent_id, role, state, text, thinking, created) "
    "VALUES"
    "  (11, 1, NULL, 0, 0, 'Where does M\xc3\xbcller live in **Lisbon**?', '', 100),"
    "  (12, 1, 11, 1, 0, 'Near the river.', 'The zebra asks about Lisbon''s quarters.', 101),"
    "  (13, 1, 11, 1, 0, 'Near the cathedral, an earlier version.', '', 102),"
    "  (21, 2, NULL, 0, 0, 'Read the minutes', '', 200),"
    "  (22, 2, 21, 1, 0, 'They went to lisbonne. C++ was discussed.', '', 201),"
    "  (31, 3, NULL, 0, 0, 'Lisbon in the trash', '', 300),"
    "  (41, 4, NULL, 0, 0, 'The archive knows of Lisbon too', '', 400),"
    "  (51, 5, NULL, 0, 0, "
    "'\xe6\x88\x91\xe5\x96\x9c\xe6\xac\xa2\xe6\x9c\xba\xe5\x99\xa8\xe5\xad\xa6\xe4\xb9\xa0 "
    "\xf0\x9f\xa6\x84', '', 500);"
    "INSERT INTO messages (id, conversation_id, role, state, text, created, deleted_at) VALUES"
    "  (23, 2, 0, 0, 'Lisbon, taken out', 202, 9);"
    "INSERT INTO messages (id, conversation_id, role, state, text, created) VALUES"
    "  (24, 2, 2, 0, 'Lisbon, said by the system', 203);"
    "INSERT INTO attachments (message_id, position, kind, name, content_hash) VALUES"
    "  (21, 0, 'image', 'IMG_2041-Rossio.JPG', 'x'), (31, 0, 'image', 'IMG_2041-trash.JPG', 'y');";

static void
answered_cb (Fixture *f)
{
  f->n_answers++;
}

static void
write_rows (const char *folder, const char *sql)
{
  sqlite3 *db = test_folder_open_db (folder);

  sqlite3_exec (db, sql, NULL, NULL, NULL);
  g_assert_cmpstr (sqlite3_errmsg (db), ==, "not an error");
  sqlite3_close (db);
}

static void
open_search (Fixture *f)
{
  test_library_open (&f->base);
  f->search = facet_search_new (f->base.library);
  g_signal_connect_swapped (f->search, "answered", G_CALLBACK (answered_cb), f);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->base.folder = test_folder_new ();
  test_library_open (&f->base);
  test_library_close (&f->base);
  write_rows (f->base.folder, content);
  open_search (f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_assert_finalize_object (f->search);
  test_library_tear_down (&f->base);
}

/* What is found, one a line: place, message or conversation, and the snippet with its places. */
static char *
find (Fixture *f, const char *typed)
{
  GString *found = g_string_new (NULL);
  guint    before = f->n_answers;

  facet_search_set_text (f->search, typed);
  wait_until (f->n_answers > before && !facet_search_get_searching (f->search));
  g_assert_cmpstr (facet_search_get_error (f->search), ==, NULL);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (f->search)); i++) {
    g_autoptr (FacetSearchHit) hit = g_list_model_get_item (G_LIST_MODEL (f->search), i);
    const FacetSearchFinding *finding = facet_search_hit_get (hit);
    const char               *text = finding->snippet != NULL ? finding->snippet : finding->title;
    GArray *ranges = finding->snippet != NULL ? finding->ranges : finding->title_ranges;
    gsize   at = 0;

    g_string_append_printf (found, "%s%s%c%" G_GINT64_FORMAT " ", found->len > 0 ? "\n" : "",
                            finding->archived ? "archived " : "", "CMTA"[finding->place],
                            finding -> message != 0 ? finding -> message : finding -> conversation);
    for (guint j = 0; j < ranges->len; j++) {
      FacetTextRange range = g_array_index (ranges, FacetTextRange, j);

      g_string_append_printf (found, "%.*s[%.*s]", (int)(range.start - at), text + at,
                              (int)(range.end - range.start), text + range.start);
      at = range.end;
    }
    g_string_append (found, text + at);
  }
  return g_string_free (found, FALSE);
}

#define assert_found(f, typed, expected)                                                           \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autofree char *found_ = find (f, typed);                                                     \
    g_assert_cmpstr (found_, ==, expected);                                                        \
  }                                                                                                \
  G_STMT_END

/* Titles first, then the newest; what was taken out, thrown away or is not shown is not found. */
static void
test_order (Fixture *f, gconstpointer data)
{
  gboolean more;

  assert_found (f, "lisbon",
                "C1 Trip to [Lisbon]\n"
                "T12 The zebra asks about [Lisbon]'s quarters.\n"
                "M11 Where does M\xc3\xbcller live in [Lisbon]?\n"
                "archived M41 The archive knows of [Lisbon] too\n"
                "M22 They went to [lisbon]ne. C++ was discussed.");
  g_assert_cmpuint (facet_search_get_n_found (f->search, &more), ==, 4);
  g_assert_false (more);
}

static void
test_words (Fixture *f, gconstpointer data)
{
  assert_found (f, "lisbon ",
                "C1 Trip to [Lisbon]\n"
                "T12 The zebra asks about [Lisbon]'s quarters.\n"
                "M11 Where does M\xc3\xbcller live in [Lisbon]?\n"
                "archived M41 The archive knows of [Lisbon] too");
  assert_found (f, "muller", "M11 Where does [M\xc3\xbcller] live in Lisbon?");
  assert_found (f, "lisbon where", "M11 [Where] does M\xc3\xbcller live in [Lisbon]?");
  assert_found (f, "\"live in\"", "M11 Where does M\xc3\xbcller [live in] Lisbon?");
  assert_found (f, "\"in live\"", "");
  assert_found (f, "z", "T12 The [z]ebra asks about Lisbon's quarters.");
  assert_found (f, "lisbon z", "T12 The [z]ebra asks about [Lisbon]'s quarters.");
  assert_found (f, "c++", "M22 They went to lisbonne. [C++] was discussed.");
  assert_found (f, "c+++", "");
  /* Another version of an answer, which is not shown. */
  assert_found (f, "cathedral", "M13 Near the [cathedral], an earlier version.");
  assert_found (f, "xyzzy", "");
  assert_found (f, "", "");
}

static void
test_other_scripts (Fixture *f, gconstpointer data)
{
  assert_found (f, "\xe6\x9c\xba\xe5\x99\xa8",
                "C5 [\xe6\x9c\xba\xe5\x99\xa8]\xe5\xad\xa6\xe4\xb9\xa0\n"
                "M51 "
                "\xe6\x88\x91\xe5\x96\x9c\xe6\xac\xa2[\xe6\x9c\xba\xe5\x99\xa8]"
                "\xe5\xad\xa6\xe4\xb9\xa0 \xf0\x9f\xa6\x84");
  assert_found (f, "\xf0\x9f\xa6\x84 \xe4\xb9\xa0",
                "M51 "
                "\xe6\x88\x91\xe5\x96\x9c\xe6\xac\xa2\xe6\x9c\xba\xe5\x99\xa8\xe5\xad\xa6["
                "\xe4\xb9\xa0] [\xf0\x9f\xa6\x84]");
}

static void
test_names (Fixture *f, gconstpointer data)
{
  assert_found (f, "2041", "A21 IMG_[2041]-Rossio.JPG");
  assert_found (f, "rossio.jpg", "A21 IMG_2041-[Rossio.JPG]");
  assert_found (f, "ssio", "A21 IMG_2041-Ro[ssio].JPG");
  assert_found (f, "plan", "archived C4 Old [plan]s");
}

/* What was imported is stored last and was written first; a clock that was wrong is not believed.
 */
static void
test_times (Fixture *f, gconstpointer data)
{
  gint64 before = G_MAXINT64, now;

  g_assert_finalize_object (f->search);
  test_library_close (&f->base);
  write_rows (f->base.folder,
              "WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 299)"
              " INSERT INTO conversations (id, created, updated) SELECT i, 1, 1 FROM n;"
              "WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 299)"
              " INSERT INTO messages (id, conversation_id, role, state, text, created)"
              " SELECT i, i, 0, 0, 'A heron', i * 77 % 199 FROM n;"
              "UPDATE messages SET created = 8000000000000000 WHERE id = 150");
  open_search (f);
  now = g_get_real_time ();
  assert_found (f, "cathedral", "M13 Near the [cathedral], an earlier version.");
  facet_search_set_text (f->search, "heron");
  wait_until (!facet_search_get_searching (f->search));
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->search)), ==, 60);
  for (guint i = 0; i < 60; i++) {
    g_autoptr (FacetSearchHit) hit = g_list_model_get_item (G_LIST_MODEL (f->search), i);
    const FacetSearchFinding *finding = facet_search_hit_get (hit);

    if (i == 0) {
      g_assert_cmpint (finding->message, ==, 150);
      g_assert_cmpint (finding->when, >=, now);
      g_assert_cmpint (finding->when, <=, g_get_real_time ());
    } else {
      g_assert_cmpint (finding->when, ==, finding->message * 77 % 199);
    }
    g_assert_cmpint (finding->when, <=, before);
    before = finding->when;
  }
  /* Nothing that is not shown is newer: 200 messages at 199 times, but for the one of tomorrow. */
  g_assert_cmpint (before, ==, 199 - 59);

  /* What is stored while the library is open has its time, too. */
  write_rows (f->base.folder,
              "INSERT INTO messages (id, conversation_id, role, state, text, created)"
              " VALUES (300, 100, 0, 0, 'An old heron', -5),"
              "  (301, 101, 0, 0, 'A new heron', 7000000)");
  {
    g_autofree char *found = find (f, "\"new heron\"");
    g_autofree char *first = find (f, "heron");

    g_assert_cmpstr (found, ==, "M301 A [new heron]");
    g_assert_nonnull (strstr (first, "\nM301 A new [heron]\n"));
    g_assert_null (strstr (first, "M300"));
  }
}

/* The only thing that is found for @typed ends with @snippet; "": nothing is found. */
static gboolean
shows (Fixture *f, const char *typed, const char *snippet)
{
  g_autofree char *found = find (f, typed);

  return *snippet != '\0' ? g_str_has_suffix (found, snippet) : *found == '\0';
}

/* What is written while the library is open is found, and no longer when it is taken out. */
static void
test_changes (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetConversation) conversation = facet_library_find (f->base.library, 1);

  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, "A pelican.");
  facet_conversation_open (conversation);
  wait_until (facet_conversation_get_loaded (conversation));
  facet_conversation_send (conversation, "What is that bird?");
  wait_until (!facet_conversation_get_busy (conversation));
  /* The reader does not wait for the writer. */
  wait_until (shows (f, "pelican", "A [pelican]."));
  facet_library_delete (f->base.library, conversation);
  g_clear_object (&conversation);
  wait_until (shows (f, "pelican", ""));
}

/* Each key starts a search; only the last is answered. */
static void
test_newest_wins (Fixture *f, gconstpointer data)
{
  static const char *const typed[] = {"l", "li", "lis", "x", "", "the", "zebra"};

  for (guint round = 0; round < 50; round++) {
    f->n_answers = 0;
    for (guint i = 0; i < G_N_ELEMENTS (typed); i++)
      facet_search_set_text (f->search, typed[i]);
    g_assert_true (facet_search_get_searching (f->search));
    wait_until (!facet_search_get_searching (f->search));
    g_assert_cmpuint (f->n_answers, ==, 2); /* nothing was typed, once */
    g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->search)), ==, 1);
  }
}

/* A search that would go on for a long time ends when another begins. */
static void
test_interrupt (Fixture *f, gconstpointer data)
{
  gint64 began, whole, cancelled;

  g_assert_finalize_object (f->search);
  test_library_close (&f->base);
  write_rows (f->base.folder,
              "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)"
              " INSERT INTO messages (conversation_id, role, state, text, created)"
              " SELECT 2, 0, 0, 'word' || i || ' and another one', i FROM n");
  open_search (f);

  began = g_get_monotonic_time ();
  facet_search_set_text (f->search, "\xe9\xb2\xb8");
  wait_until (!facet_search_get_searching (f->search));
  whole = g_get_monotonic_time () - began;
  began = g_get_monotonic_time ();
  for (guint i = 0; i < 50; i++) {
    facet_search_set_text (f->search, "\xe9\xb2\xb8");
    g_usleep (500);
  }
  facet_search_set_text (f->search, "zebra");
  wait_until (!facet_search_get_searching (f->search));
  cancelled = g_get_monotonic_time () - began;
  g_test_message ("One search: %.1f ms; 50 that were given up and one: %.1f ms",
                  (double)whole / 1000, (double)cancelled / 1000);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->search)), ==, 1);

  /* As many as are worth showing, and not from one conversation alone. */
  {
    g_autofree char *found = find (f, "another");
    gboolean         more;

    g_assert_cmpuint (facet_search_get_n_found (f->search, &more), ==, 500);
    g_assert_true (more);
    g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->search)), ==, 4);
  }
}

/* The library goes while a search runs. */
static void
test_close (Fixture *f, gconstpointer data)
{
  facet_search_set_text (f->search, "lisbon");
  facet_library_close (f->base.library);
  wait_until (!facet_search_get_searching (f->search));
  facet_search_set_text (f->search, "zebra");
  g_assert_false (facet_search_get_searching (f->search));
  g_assert_cmpstr (facet_search_get_error (f->search), !=, NULL);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->search)), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/search/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("order", test_order);
  ADD ("words", test_words);
  ADD ("other-scripts", test_other_scripts);
  ADD ("names", test_names);
  ADD ("times", test_times);
  ADD ("changes", test_changes);
  ADD ("newest-wins", test_newest_wins);
  ADD ("interrupt", test_interrupt);
  ADD ("close", test_close);
#undef ADD
  return g_test_run ();
}
