/* test-search-index.c: what the full-text index has of a text is what a query asks it for.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-search-index"

#include "app/facet-search-query.h"
#include "app/facet-search-tokenizer.h"

#include <sqlite3.h>
#include <string.h>

typedef struct {
  sqlite3 *db;
} Fixture;

static void
exec (sqlite3 *db, const char *sql)
{
  g_assert_cmpint (sqlite3_exec (db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
}

/* As message_fts is: the text lies elsewhere, and is read again when it is taken out. */
static void
set_up (Fixture *f, gconstpointer data)
{
  g_assert_cmpint (sqlite3_open (":memory:", &f->db), ==, SQLITE_OK);
  g_assert_cmpint (facet_search_tokenizer_register (f->db), ==, SQLITE_OK);
  exec (f->db,
        "CREATE TABLE texts (id INTEGER PRIMARY KEY, text TEXT);"
        "CREATE VIRTUAL TABLE found USING fts5 (text, content = 'texts', content_rowid = 'id',"
        "  tokenize = 'facet', prefix = '2 3');"
        "CREATE VIRTUAL TABLE tokens USING fts5vocab (found, row);");
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  exec (f->db, "INSERT INTO found (found, rank) VALUES ('integrity-check', 1)");
  g_assert_cmpint (sqlite3_close (f->db), ==, SQLITE_OK);
}

static void
change (Fixture *f, const char *sql, const char *text, gsize length)
{
  sqlite3_stmt *statement;

  g_assert_cmpint (sqlite3_prepare_v2 (f->db, sql, -1, &statement, NULL), ==, SQLITE_OK);
  sqlite3_bind_text (statement, 1, text, (int)length, SQLITE_STATIC);
  g_assert_cmpint (sqlite3_step (statement), ==, SQLITE_DONE);
  sqlite3_finalize (statement);
}

/* In place of what was there. */
static void
put (Fixture *f, const char *text, gsize length)
{
  exec (f->db, "INSERT INTO found (found, rowid, text) SELECT 'delete', id, text FROM texts");
  change (f, "INSERT OR REPLACE INTO texts VALUES (1, ?1)", text, length);
  exec (f->db, "INSERT INTO found (rowid, text) SELECT id, text FROM texts");
}

static gboolean
is_indexed (Fixture *f, const char *match)
{
  sqlite3_stmt *statement;
  int           code;

  g_assert_cmpint (sqlite3_prepare_v2 (f->db, "SELECT 1 FROM found WHERE found MATCH ?1", -1,
                                       &statement, NULL),
                   ==, SQLITE_OK);
  sqlite3_bind_text (statement, 1, match, -1, SQLITE_STATIC);
  code = sqlite3_step (statement);
  g_assert_true (code == SQLITE_ROW || code == SQLITE_DONE);
  sqlite3_finalize (statement);
  return code == SQLITE_ROW;
}

/* All tokens, in the order of their bytes. */
static char *
list_tokens (Fixture *f)
{
  GString      *tokens = g_string_new (NULL);
  sqlite3_stmt *statement;

  g_assert_cmpint (sqlite3_prepare_v2 (f->db, "SELECT term FROM tokens", -1, &statement, NULL), ==,
                   SQLITE_OK);
  while (sqlite3_step (statement) == SQLITE_ROW)
    g_string_append_printf (tokens, "%s%s", tokens->len > 0 ? "|" : "",
                            (const char *)sqlite3_column_text (statement, 0));
  sqlite3_finalize (statement);
  return g_string_free (tokens, FALSE);
}

static void
assert_tokens (Fixture *f, const char *text, const char *expected)
{
  g_autofree char *tokens = NULL;

  put (f, text, strlen (text));
  tokens = list_tokens (f);
  g_assert_cmpstr (tokens, ==, expected);
}

static void
test_tokens (Fixture *f, gconstpointer data)
{
  assert_tokens (f, "", "");
  assert_tokens (f, "Free software", "free|software");
  assert_tokens (f, "Free, software.", ",|.|free|software");
  assert_tokens (f, "Well...", ".|..|well");
  assert_tokens (f, "C++ (c++)", "(|)|+|+)|++|c");
  assert_tokens (f, "M\xc3\xbcller Mu\xcc\x88ller", "muller");
  /* 机器人: its pairs, and its last. */
  assert_tokens (f, "\xe6\x9c\xba\xe5\x99\xa8\xe4\xba\xba",
                 "\xe4\xba\xba|\xe5\x99\xa8\xe4\xba\xba|\xe6\x9c\xba\xe5\x99\xa8");
  assert_tokens (f, "\xe6\x9c\xba Python3\xe5\x99\xa8", "python3|\xe5\x99\xa8|\xe6\x9c\xba");
  /* Each sign once, also where it is not in ASCII. */
  assert_tokens (f, "\xf0\x9f\xa6\x84 a \xf0\x9f\xa6\x84\xe3\x80\x82",
                 "a|\xe3\x80\x82|\xf0\x9f\xa6\x84|\xf0\x9f\xa6\x84\xe3\x80\x82");
  assert_tokens (f,
                 "a\xff\xfe"
                 "b\xe6",
                 "a|b");
}

static void
assert_asked (Fixture *f, const char *typed, gboolean expected)
{
  g_autoptr (FacetSearchQuery) query = facet_search_query_new (typed);

  g_test_message ("%s", facet_search_query_get_match (query));
  g_assert_cmpint (is_indexed (f, facet_search_query_get_match (query)), ==, expected);
}

static void
test_asked (Fixture *f, gconstpointer data)
{
  static const char text[] = "Free, software: a=1, C++ -> \xe6\x9c\xba\xe5\x99\xa8\xe4\xba\xba,"
                             " \xe4\xba\xba\xe6\x9c\xba Caf\xc3\xa9 \xf0\x9f\xa6\x84";

  put (f, text, strlen (text));
  assert_asked (f, "\"free software\"", TRUE);
  assert_asked (f, "a=1 ", TRUE);
  assert_asked (f, "C++", TRUE);
  assert_asked (f, "C+++", TRUE); /* the text says the rest */
  assert_asked (f, "=>", FALSE);
  assert_asked (f, "->", TRUE);
  assert_asked (f, "cafe", TRUE);
  assert_asked (f, "\xf0\x9f\xa6\x84", TRUE);
  assert_asked (f, "\xf0\x9f\xa6\x84 \xe4\xba\xba", TRUE);
  assert_asked (f, "\xe6\x9c\xba", TRUE);
  assert_asked (f, "\xe6\x9c\xba\xe5\x99\xa8", TRUE);
  assert_asked (f, "\xe6\x9c\xba\xe5\x99\xa8\xe4\xba\xba", TRUE);
  assert_asked (f, "\xe4\xba\xba\xe6\x9c\xba", TRUE);
  /* Pairs that are all there, but not beside each other. */
  assert_asked (f, "\xe4\xba\xba\xe6\x9c\xba\xe5\x99\xa8", FALSE);
  assert_asked (f, "\xe5\x99\xa8\xe6\x9c\xba", FALSE);
}

/* Characters of every kind, so that they come together often. */
static void
append_random (GString *text, GRand *rand, guint n)
{
  static const gunichar chars[] = {'a',    'B',    'c',    ' ',    ' ',    '+',     '=',    '"',
                                   '.',    '1',    0xe9,   0xfc,   0x3a3,  0x3c2,   0x410,  0x93f,
                                   0x939,  0x94d,  0xe01,  0xe34,  0x673a, 0x5668,  0x4eba, 0x30fc,
                                   0x30b3, 0x3099, 0x3002, 0xd55c, 0x200d, 0x1f984, 0xfe0f, 0x2260};

  for (guint i = 0; i < n; i++)
    g_string_append_unichar (text, chars[g_rand_int_range (rand, 0, G_N_ELEMENTS (chars))]);
}

/* What stands between two spaces of @text: not the middle of a word, which the index does not know.
 */
static char *
dup_part (const char *text, GRand *rand)
{
  g_auto (GStrv) parts = g_strsplit (text, " ", -1);

  return g_strdup (parts[g_rand_int_range (rand, 0, (int)g_strv_length (parts))]);
}

/* What is found by reading is found by the index; and where the index is exact, what it finds is
 * there. */
static void
test_agrees (Fixture *f, gconstpointer data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (11);
  guint n_found = 0, n_exact = 0;

  for (guint i = 0; i < 3000; i++) {
    g_autoptr (GString) text = g_string_new (NULL);
    g_autoptr (GString) other = g_string_new (NULL);
    g_autofree char *typed = NULL;
    g_autoptr (FacetSearchQuery) query = NULL;
    const char *match, *texts[1];
    gboolean    there, indexed;

    append_random (text, rand, 60);
    append_random (other, rand, 10);
    put (f, text->str, text->len);
    typed = dup_part (i % 4 == 0 ? other->str : text->str, rand);
    query = facet_search_query_new (typed);
    match = facet_search_query_get_match (query);
    if (match == NULL) {
      g_assert_true (facet_search_query_is_empty (query));
      continue;
    }
    texts[0] = text->str;
    there = facet_search_query_matches (query, texts, 1, FALSE);
    indexed = is_indexed (f, match);
    if (facet_search_query_is_exact (query) ? indexed != there : there && !indexed)
      g_error ("%s in %s, %s: read %d, indexed %d", g_strescape (typed, NULL),
               g_strescape (text->str, NULL), g_strescape (match, NULL), there, indexed);
    n_found += there;
    n_exact += facet_search_query_is_exact (query);
  }
  g_assert_cmpuint (n_found, >, 1000);
  g_assert_cmpuint (n_exact, >, 100);
}

/* Whatever bytes there are, they go in and come out again. */
static void
test_hostile (Fixture *f, gconstpointer data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);

  for (guint i = 0; i < 2000; i++) {
    char  bytes[64];
    guint n = (guint)g_rand_int_range (rand, 0, sizeof bytes);

    for (guint j = 0; j < n; j++)
      bytes[j] = (char)(g_rand_boolean (rand) ? g_rand_int_range (rand, 0, 256)
                                              : g_rand_int_range (rand, ' ', 128));
    put (f, bytes, n);
  }
  put (f, "", 0);
  {
    g_autofree char *tokens = list_tokens (f);

    g_assert_cmpstr (tokens, ==, "");
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/search-index/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("tokens", test_tokens);
  ADD ("asked", test_asked);
  ADD ("agrees", test_agrees);
  ADD ("hostile", test_hostile);
#undef ADD
  return g_test_run ();
}
