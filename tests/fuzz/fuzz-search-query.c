/* fuzz-search-query.c: what is typed into a search field, against any text.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The first line is typed, the rest is searched.  Places lie in the text, in order and without
 * overlap; the snippet is text; SQLite takes the expression, and the index any bytes. */
#include "app/facet-search-snippet.h"
#include "app/facet-search-tokenizer.h"

#include <sqlite3.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
check_places (const FacetSearchQuery *query, const char *text, gboolean inside)
{
  g_autoptr (GArray) ranges = g_array_new (FALSE, FALSE, sizeof (FacetTextRange));
  gsize at = 0, length = strlen (text);

  facet_search_query_find (query, text, length, inside, ranges);
  for (guint i = 0; i < ranges->len; i++) {
    FacetTextRange range = g_array_index (ranges, FacetTextRange, i);

    g_assert (range.start >= at && range.end > range.start && range.end <= length);
    g_assert (g_utf8_validate (text + range.start, (gssize)(range.end - range.start), NULL));
    at = range.end;
  }
  if (facet_search_query_matches (query, &text, 1, inside))
    g_assert (ranges->len > 0 && facet_search_query_may_match (query, &text, 1));
}

static sqlite3 *
open_index (void)
{
  sqlite3 *db = NULL;

  g_assert (sqlite3_open (":memory:", &db) == SQLITE_OK);
  g_assert (facet_search_tokenizer_register (db) == SQLITE_OK);
  g_assert (sqlite3_exec (db,
                          "CREATE VIRTUAL TABLE t USING fts5 (x, tokenize = 'facet',"
                          " prefix = '1 2 3')",
                          NULL, NULL, NULL) == SQLITE_OK);
  return db;
}

/* Whether @match finds anything. */
static gboolean
finds (sqlite3 *db, const char *match)
{
  sqlite3_stmt *statement;
  int           code;

  g_assert (sqlite3_prepare_v2 (db, "SELECT 1 FROM t WHERE t MATCH ?", -1, &statement, NULL) ==
            SQLITE_OK);
  sqlite3_bind_text (statement, 1, match, -1, SQLITE_STATIC);
  code = sqlite3_step (statement);
  g_assert (code == SQLITE_ROW || code == SQLITE_DONE);
  sqlite3_finalize (statement);
  return code == SQLITE_ROW;
}

/* The bytes, which need be no text, are indexed, asked for, and gone when they are deleted. */
static void
check_index (const char *match, const guint8 *bytes, gsize n)
{
  static sqlite3 *db;
  sqlite3_stmt   *statement;

  if (db == NULL)
    db = open_index ();
  g_assert (sqlite3_prepare_v2 (db, "INSERT INTO t VALUES (?)", -1, &statement, NULL) == SQLITE_OK);
  sqlite3_bind_text (statement, 1, (const char *)bytes, (int)n, SQLITE_STATIC);
  g_assert (sqlite3_step (statement) == SQLITE_DONE);
  sqlite3_finalize (statement);
  if (match != NULL)
    finds (db, match);
  g_assert (sqlite3_exec (db, "DELETE FROM t", NULL, NULL, NULL) == SQLITE_OK);
  g_assert (match == NULL || !finds (db, match));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *input = g_strndup ((const char *)data, size);
  char            *rest = strchr (input, '\n');
  const guint8    *bytes = memchr (data, '\n', size);
  g_autofree char *text = g_utf8_make_valid (rest != NULL ? rest + 1 : "", -1);
  g_autoptr (FacetSearchQuery) words = NULL;
  g_autoptr (FacetSearchQuery) literal = NULL;
  g_autoptr (GArray) ranges = NULL;
  g_autofree char *snippet = NULL;

  if (rest != NULL)
    *rest = '\0';
  words = facet_search_query_new (input);
  literal = facet_search_query_new_literal (input);
  check_places (words, text, FALSE);
  check_places (words, text, TRUE);
  check_places (literal, text, FALSE);
  if (bytes != NULL)
    check_index (facet_search_query_get_match (words), bytes + 1, (gsize)(data + size - bytes) - 1);
  snippet = facet_search_snippet_new (words, text, FALSE, &ranges);
  g_assert (g_utf8_validate (snippet, -1, NULL));
  return 0;
}
