/* test-search-query.c: typed text to an expression and to places, whatever is typed.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-search-query"

#include "app/facet-search-query.h"
#include "app/facet-search-snippet.h"
#include "app/facet-search-tokenizer.h"

#include <sqlite3.h>
#include <string.h>

/* The places in @text, as "[…]" around each. */
static char *
mark (const FacetSearchQuery *query, const char *text, gboolean inside)
{
  g_autoptr (GArray) ranges = g_array_new (FALSE, FALSE, sizeof (FacetTextRange));
  GString *marked = g_string_new (NULL);
  gsize    at = 0;

  facet_search_query_find (query, text, strlen (text), inside, ranges);
  for (guint i = 0; i < ranges->len; i++) {
    FacetTextRange range = g_array_index (ranges, FacetTextRange, i);

    g_assert_cmpuint (range.start, >=, at);
    g_assert_cmpuint (range.end, >, range.start);
    g_string_append_len (marked, text + at, (gssize)(range.start - at));
    g_string_append_printf (marked, "[%.*s]", (int)(range.end - range.start), text + range.start);
    at = range.end;
  }
  g_string_append (marked, text + at);
  return g_string_free (marked, FALSE);
}

static void
assert_marked (const char *typed, const char *text, const char *expected)
{
  g_autoptr (FacetSearchQuery) query = facet_search_query_new (typed);
  g_autofree char *marked = mark (query, text, FALSE);

  g_assert_cmpstr (marked, ==, expected);
}

static void
assert_literal (const char *typed, const char *text, const char *expected)
{
  g_autoptr (FacetSearchQuery) query = facet_search_query_new_literal (typed);
  g_autofree char *marked = mark (query, text, FALSE);

  g_assert_cmpstr (marked, ==, expected);
}

static void
assert_match (const char *typed, const char *match)
{
  g_autoptr (FacetSearchQuery) query = facet_search_query_new (typed);

  g_assert_cmpstr (facet_search_query_get_match (query), ==, match);
}

static void
test_expression (void)
{
  assert_match ("", NULL);
  assert_match (" \t\n", NULL);
  assert_match ("tri", "\"tri\" *");
  assert_match ("Trip to", "\"trip\" AND \"to\" *");
  /* Finished with a space. */
  assert_match ("trip ", "\"trip\"");
  assert_match ("trip t", "\"trip\" AND \"t\" *");
  assert_match ("\"trip to\" lisbon", "\"trip to\" AND \"lisbon\" *");
  assert_match ("\xe2\x80\x9ctrip to\xe2\x80\x9d", "\"trip to\"");
  /* A quotation that is still being typed. */
  assert_match ("\"trip to lis", "\"trip to lis\" *");
  assert_match ("e-mail", "\"e mail\" *");
  assert_match ("don't", "\"don t\" *");
  assert_match ("M\xc3\xbcller", "\"muller\" *");
  assert_match ("C++", "\"c\" AND \"++\"");
  assert_match ("a=1 ", "\"a 1\" AND \"=\"");
  assert_match ("-->", "\"--\" AND \"->\"");
  /* Korean has spaces, and particles at the end of words. */
  assert_match ("\xec\xbb\xb4\xed\x93\xa8\xed\x84\xb0 a ",
                "\"\xec\xbb\xb4\xed\x93\xa8\xed\x84\xb0\" * AND \"a\"");
  /* Chinese has none; one character begins many pairs. */
  assert_match ("\xe6\x9c\xba\xe5\x99\xa8", "\"\xe6\x9c\xba\xe5\x99\xa8\"");
  assert_match ("\xe6\x9c\xba", "\"\xe6\x9c\xba\" *");
  assert_match ("gpu \xe6\x9c\xba", "\"gpu\" AND \"\xe6\x9c\xba\" *");
  assert_match ("\"\xe6\x9c\xba \xe5\x99\xa8\xe4\xba\xba\"",
                "\"\xe6\x9c\xba\" * AND \"\xe5\x99\xa8\xe4\xba\xba\"");
  assert_match ("\xf0\x9f\xa6\x84", "\"\xf0\x9f\xa6\x84\"");
  assert_match ("...", "\"..\" AND \"..\"");
  assert_match ("\"", "\"\"\"\"");
}

static void
test_words (void)
{
  assert_marked ("cat", "The cat, a cathedral, a bobcat. CAT",
                 "The [cat], a [cat]hedral, a bobcat. [CAT]");
  assert_marked ("cat ", "The cat, a cathedral", "The [cat], a cathedral");
  assert_marked ("the cat", "Cat the other cats", "[Cat] [the] other [cat]s");
  assert_marked ("\"the cat\"", "the  **cat** is the\ncat, the other cat",
                 "[the  **cat]** is [the\ncat], the other cat");
  assert_marked ("muller", "M\xc3\xbcller, Mu\xcc\x88ller, MULLER",
                 "[M\xc3\xbcller], [Mu\xcc\x88ller], [MULLER]");
  assert_marked ("m\xc3\xbcller", "Muller", "[Muller]");
  assert_marked ("don't", "don't do that", "[don't] do that");
  assert_marked ("C++ ", "C, C++ and c++11", "C, [C++] and [c++]11");
  assert_marked ("\xce\xbb\xce\xbf\xce\xb3\xce\xbf\xcf\x83",
                 "\xce\x9b\xce\x9f\xce\x93\xce\x9f\xce\xa3",
                 "[\xce\x9b\xce\x9f\xce\x93\xce\x9f\xce\xa3]");
  assert_marked ("\xe6\x9c\xba\xe5\x99\xa8", "\xe4\xba\xba\xe6\x9c\xba\xe5\x99\xa8\xe4\xba\xba",
                 "\xe4\xba\xba[\xe6\x9c\xba\xe5\x99\xa8]\xe4\xba\xba");
  assert_marked ("\xf0\x9f\xa6\x84", "a\xf0\x9f\xa6\x84\xf0\x9f\xa6\x84",
                 "a[\xf0\x9f\xa6\x84][\xf0\x9f\xa6\x84]");
  /* A word that stands between characters without spaces is one. */
  assert_marked ("gpu ", "\xe7\x94\xa8gpu\xe8\xae\xa1 gpus", "\xe7\x94\xa8[gpu]\xe8\xae\xa1 gpus");
  assert_marked ("...", "Well... yes", "Well[...] yes");
  /* Not what is left of an inequality. */
  assert_marked ("=", "a \xe2\x89\xa0 b = c", "a \xe2\x89\xa0 b [=] c");
}

static void
test_literal (void)
{
  assert_literal ("cat", "The cat, a bobcat", "The [cat], a bob[cat]");
  assert_literal ("a  CAT", "The cat, a\ncat, a cat", "The cat, [a\ncat], [a cat]");
  assert_literal ("\"quoted\" AND", "\"Quoted\" and not", "[\"Quoted\" and] not");
  assert_literal (".*", "a.*b", "a[.*]b");
  assert_literal ("aa", "aaaaa", "[aa][aa]a");
  assert_literal (" ", "a b", "a b");
}

static void
test_inside (void)
{
  g_autoptr (FacetSearchQuery) query = facet_search_query_new ("2041 jpg");
  const char      *text = "IMG_20419.JPG";
  g_autofree char *marked = mark (query, text, TRUE);

  g_assert_cmpstr (marked, ==, "IMG_[2041]9.[JPG]");
  g_assert_true (facet_search_query_matches (query, &text, 1, TRUE));
  g_assert_false (facet_search_query_matches (query, &text, 1, FALSE));
}

/* All words, in any of the texts. */
static void
test_matches (void)
{
  g_autoptr (FacetSearchQuery) query = facet_search_query_new ("lisbon \xe6\x9c\xba\xe5\x99\xa8");
  const char *both[] = {"To Lisbon", "\xe4\xba\xba\xe6\x9c\xba\xe5\x99\xa8"};
  const char *one[] = {"To Lisbon", NULL};
  const char *invalid[] = {"\xff\xfe", "\xe6"};

  g_assert_true (facet_search_query_matches (query, both, 2, FALSE));
  g_assert_true (facet_search_query_may_match (query, both, 2));
  g_assert_false (facet_search_query_matches (query, one, 2, FALSE));
  g_assert_false (facet_search_query_may_match (query, one, 2));
  g_assert_false (facet_search_query_may_match (query, invalid, 2));
}

/* Whatever is typed, SQLite takes the expression, and finding comes to an end. */
static void
check_hostile (sqlite3 *db, const char *typed)
{
  g_autoptr (FacetSearchQuery) query = facet_search_query_new (typed);
  g_autoptr (FacetSearchQuery) literal = facet_search_query_new_literal (typed);
  g_autoptr (GArray) ranges = NULL;
  g_autofree char *valid = g_utf8_make_valid (typed, (gssize)strnlen (typed, 10000));
  g_autofree char *marked = mark (query, valid, FALSE);
  g_autofree char *marked_literal = mark (literal, valid, FALSE);
  g_autofree char *snippet = facet_search_snippet_new (query, valid, FALSE, &ranges);
  sqlite3_stmt    *statement;

  g_assert_true (g_utf8_validate (snippet, -1, NULL));
  if (facet_search_query_get_match (query) == NULL)
    return;
  g_assert_cmpint (sqlite3_prepare_v2 (db, "SELECT * FROM t WHERE t MATCH ?", -1, &statement, NULL),
                   ==, SQLITE_OK);
  sqlite3_bind_text (statement, 1, facet_search_query_get_match (query), -1, SQLITE_STATIC);
  g_assert_cmpint (sqlite3_step (statement), !=, SQLITE_ERROR);
  g_assert_cmpstr (sqlite3_errmsg (db), !=, "");
  sqlite3_finalize (statement);
}

static void
test_hostile (void)
{
  static const char *const typed[] = {
      "\"",
      "\"\"",
      "\"\"\"",
      "*",
      "a*",
      "NOT",
      "AND OR NOT",
      "NEAR(a b)",
      "text:a",
      "^a",
      "a + b",
      "-a",
      "(a",
      "a)",
      "{a b}",
      "{text} : a",
      "'; DROP TABLE messages; --",
      "%",
      "_",
      "\\",
      "\x01",
      "a\x01"
      "b",
      "\xff\xfe",
      "\xc3",
      "\xed\xa0\x80",
      "\xf4\x90\x80\x80",
      "\xe2\x80\xae"
      "abc",
      "\xef\xbb\xbf",
      "\xcc\x88",
      "\xcc\x88\xcc\x88 a",
      "a\xcc\x88",
      "\xe0\xa4\xb9\xe0\xa4\xbf\xe0\xa4\xa8\xe0\xa5\x8d\xe0\xa4\xa6\xe0\xa5\x80",
      "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb",
      "\xf0\x9e\xa4\x80",
      "\xf3\xa0\x80\x81",
      "\xee\x80\x80",
      "0",
      "\xc2\xa0",
      "a\xc2\xa0"
      "b",
      "\xc2\xab\xc2\xbb",
      "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d",
  };
  g_autoptr (GString) huge = g_string_new (NULL);
  g_autoptr (GString) words = g_string_new (NULL);
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  sqlite3 *db;

  g_assert_cmpint (sqlite3_open (":memory:", &db), ==, SQLITE_OK);
  g_assert_cmpint (facet_search_tokenizer_register (db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db,
                                 "CREATE VIRTUAL TABLE t USING fts5 (text, tokenize = 'facet');"
                                 "INSERT INTO t VALUES ('a b c')",
                                 NULL, NULL, NULL),
                   ==, SQLITE_OK);
  for (guint i = 0; i < G_N_ELEMENTS (typed); i++)
    check_hostile (db, typed[i]);

  while (huge->len < 1 << 20)
    g_string_append_c (huge, (char)g_rand_int_range (rand, 1, 256));
  check_hostile (db, huge->str);
  while (words->len < 1 << 20)
    g_string_append (words, "a \"b ");
  check_hostile (db, words->str);
  for (guint i = 0; i < 20000; i++) {
    char text[24] = {0};

    for (guint j = 0; j < sizeof text - 1; j++)
      text[j] = (char)g_rand_int_range (rand, 1, 256);
    check_hostile (db, text);
  }
  sqlite3_close (db);
}

static void
test_snippet (void)
{
  g_autoptr (FacetSearchQuery) query = facet_search_query_new ("needle");
  g_autoptr (GString) text = g_string_new ("# A heading\n\nIt **begins** here.\n");
  g_autoptr (GArray) ranges = NULL;
  g_autoptr (GArray) none = NULL;
  g_autofree char *snippet = NULL;
  g_autofree char *whole = NULL;
  FacetTextRange   range;

  whole = facet_search_snippet_new (query, text->str, FALSE, &none);
  g_assert_cmpstr (whole, ==, "A heading It begins here.");
  g_assert_cmpuint (none->len, ==, 0);

  for (guint i = 0; i < 1000; i++)
    g_string_append (text, "h\xc3\xa4y\n");
  g_string_append (text, "the `needle` and more");
  for (guint i = 0; i < 1000; i++)
    g_string_append (text, " hay");
  snippet = facet_search_snippet_new (query, text->str, FALSE, &ranges);
  g_assert_true (g_str_has_prefix (snippet, "\xe2\x80\xa6h\xc3\xa4y h\xc3\xa4y "));
  g_assert_true (g_str_has_suffix (snippet, " hay\xe2\x80\xa6"));
  g_assert_cmpuint (strlen (snippet), <, 260);
  g_assert_cmpuint (ranges->len, ==, 1);
  range = g_array_index (ranges, FacetTextRange, 0);
  g_assert_cmpuint (range.end - range.start, ==, 6);
  g_assert_cmpint (strncmp (snippet + range.start, "needle and more", 15), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/search-query/expression", test_expression);
  g_test_add_func ("/search-query/words", test_words);
  g_test_add_func ("/search-query/literal", test_literal);
  g_test_add_func ("/search-query/inside", test_inside);
  g_test_add_func ("/search-query/matches", test_matches);
  g_test_add_func ("/search-query/hostile", test_hostile);
  g_test_add_func ("/search-query/snippet", test_snippet);
  return g_test_run ();
}
