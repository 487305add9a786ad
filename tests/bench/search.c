/* search.c: from a key to what is found, in a library of 100,000 messages.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 *   search-bench FOLDER-OF-THE-SOURCE [MESSAGES [ROUNDS]]                 (100000, 20)
 *
 * The messages are passages of this program's own licence and documentation, so that words come as
 * often as in prose; of every thousand one is in Chinese.  The last fifth was imported: it is older
 * than all others, and half of it is Chinese.  A time is what passes on the main thread between the
 * text being set and the hits being there, with the reading thread, the titles, the names of
 * attachments and the snippets in between.  The bar is 50 ms.  What all threads have worked in the
 * meantime is printed, too: on a machine that does other things it says more. */
#define G_LOG_DOMAIN "search-bench"

#include "config.h"

#include "app/facet-search.h"
#include "fake-assistant.h"
#include "test-folder.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BAR_MS           50.0
#define PER_CONVERSATION 20
#define CHINESE                                                                                    \
  "\xe6\x88\x91\xe4\xbb\xac\xe5\xad\xa6\xe4\xb9\xa0\xe6\x9c\xba\xe5\x99\xa8\xe5\xad\xa6\xe4\xb9"   \
  "\xa0\xe7\x9a\x84\xe6\x96\xb9\xe6\xb3\x95"

/* Text */

static GPtrArray *
read_words (const char *source)
{
  static const char *const files[] = {"LICENSE",
                                      "ARCHITECTURE.md",
                                      "HACKING.md",
                                      "README.md",
                                      "docs/model/gemma4-text.md",
                                      "docs/model/gemma4-vision.md",
                                      "docs/model/gemma4-audio.md",
                                      "docs/inspect.md"};
  GPtrArray               *words = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *path = g_build_filename (source, files[i], NULL);
    g_autofree char *text = NULL;
    g_auto (GStrv) parts = NULL;

    if (!g_file_get_contents (path, &text, NULL, NULL))
      continue;
    parts = g_strsplit_set (text, " \n", -1);
    for (guint j = 0; parts[j] != NULL; j++) {
      if (*parts[j] != '\0')
        g_ptr_array_add (words, g_strdup (parts[j]));
    }
  }
  if (words->len < 1000)
    g_error ("%s is not the folder of the source", source);
  return words;
}

/* A passage of @n words; a tenth of them are others, for a vocabulary that grows with the text. */
static char *
make_text (GPtrArray *words, GRand *rand, guint n)
{
  guint    at = (guint)g_rand_int_range (rand, 0, (int)(words->len - n));
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n; i++) {
    if (g_rand_int_range (rand, 0, 20) == 0)
      g_string_append_printf (text, "%c%x%c ", g_rand_int_range (rand, 'a', 'z' + 1),
                              g_rand_int_range (rand, 0, 1 << 16),
                              g_rand_int_range (rand, 'a', 'z' + 1));
    g_string_append_printf (text, "%s ", (const char *)g_ptr_array_index (words, at + i));
  }
  return g_string_free (text, FALSE);
}

/* Sentences of no sense, in which some characters are much more frequent than others. */
static char *
make_chinese (GRand *rand, guint n)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n; i++) {
    double at = g_rand_double (rand);

    g_string_append_unichar (text, 0x4e00 + (gunichar)(1500 * at * at * at));
    if (g_rand_int_range (rand, 0, 12) == 0)
      g_string_append_unichar (text, g_rand_boolean (rand) ? 0xff0c : 0x3002);
  }
  return g_string_free (text, FALSE);
}

/* The library */

static FacetLibrary *
open_library (const char *folder, FakeAssistant *fake)
{
  g_autoptr (GError) error = NULL;
  FacetLibrary *library = facet_library_new (folder, FACET_ASSISTANT (fake), &error);

  if (library == NULL)
    g_error ("%s", error->message);
  while (!facet_library_get_loaded (library))
    g_main_context_iteration (NULL, TRUE);
  return library;
}

static void
close_library (FacetLibrary *library)
{
  facet_library_close (library);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_object_unref (library);
}

static void
run (sqlite3 *db, const char *sql)
{
  if (sqlite3_exec (db, sql, NULL, NULL, NULL) != SQLITE_OK)
    g_error ("%s: %s", sql, sqlite3_errmsg (db));
}

static sqlite3_stmt *
prepare (sqlite3 *db, const char *sql)
{
  sqlite3_stmt *statement;

  if (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL) != SQLITE_OK)
    g_error ("%s: %s", sql, sqlite3_errmsg (db));
  return statement;
}

static void
step (sqlite3_stmt *statement)
{
  if (sqlite3_step (statement) != SQLITE_DONE)
    g_error ("%s", sqlite3_errmsg (sqlite3_db_handle (statement)));
  sqlite3_reset (statement);
}

/* Of @n, message @i. */
static void
write_message (sqlite3_stmt *insert, GPtrArray *words, GRand *rand, guint i, guint n)
{
  gboolean         person = i % 2 == 0, imported = i >= n - n / 5;
  g_autofree char *thinking = i % 4 == 1 ? make_text (words, rand, 60) : g_strdup ("");
  g_autofree char *text = NULL;

  if (i % 1000 == 7)
    text = g_strdup (CHINESE);
  else if (imported && i % 4 < 2)
    text = make_chinese (rand, (guint)g_rand_int_range (rand, 5, person ? 40 : 220));
  else
    text = make_text (words, rand, (guint)g_rand_int_range (rand, 5, person ? 40 : 220));
  sqlite3_bind_int (insert, 1, (int)i + 1);
  sqlite3_bind_int (insert, 2, (int)(i / PER_CONVERSATION) + 1);
  sqlite3_bind_int (insert, 3, person ? FACET_ROLE_USER : FACET_ROLE_ASSISTANT);
  sqlite3_bind_text (insert, 4, text, -1, SQLITE_STATIC);
  sqlite3_bind_text (insert, 5, thinking, -1, SQLITE_STATIC);
  sqlite3_bind_int (insert, 6, imported ? (int)i : (int)(n + i));
  step (insert);
}

static void
write_library (const char *folder, const char *source, guint n)
{
  g_autoptr (GPtrArray) words = read_words (source);
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  sqlite3      *db = test_folder_open_db (folder);
  sqlite3_stmt *conversation, *message, *attachment;

  run (db, "BEGIN");
  conversation =
      prepare (db,
               "INSERT INTO conversations (id, title, created, updated) VALUES (?1, ?2, ?1, ?1)");
  message = prepare (db, "INSERT INTO messages (id, conversation_id, role, state, text, thinking, "
                         "created) VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6)");
  attachment = prepare (db, "INSERT INTO attachments (message_id, kind, name, content_hash)"
                            " VALUES (?1, 'image', 'IMG_' || ?1 || '.jpg', ?1)");
  for (guint i = 0; i < n; i++) {
    if (i % PER_CONVERSATION == 0) {
      g_autofree char *title = make_text (words, rand, 5);

      sqlite3_bind_int (conversation, 1, (int)(i / PER_CONVERSATION) + 1);
      sqlite3_bind_text (conversation, 2, title, -1, SQLITE_STATIC);
      step (conversation);
    }
    write_message (message, words, rand, i, n);
    if (i % 10 == 0) {
      sqlite3_bind_int (attachment, 1, (int)i + 1);
      step (attachment);
    }
  }
  sqlite3_finalize (conversation);
  sqlite3_finalize (message);
  sqlite3_finalize (attachment);
  run (db, "COMMIT");
  sqlite3_close (db);
}

static double
megabytes (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "facet.db", NULL);
  GStatBuf         info = {0};

  g_stat (path, &info);
  return (double)info.st_size / 1000000;
}

/* Times */

typedef struct {
  GArray *times; /* of double, ms */
  clock_t worked;
} Times;

static double
search (FacetSearch *search, const char *text)
{
  gint64 began = g_get_monotonic_time ();

  facet_search_set_text (search, text);
  while (facet_search_get_searching (search))
    g_main_context_iteration (NULL, TRUE);
  return (double)(g_get_monotonic_time () - began) / 1000;
}

static void
add_time (Times *self, FacetSearch *search_, const char *text)
{
  clock_t before = clock ();
  double  time = search (search_, text);

  self->worked += clock () - before;
  g_array_append_val (self->times, time);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  double first = *(const double *)a, second = *(const double *)b;

  return first < second ? -1 : first > second;
}

static void
report (const char *what, Times *self, FacetSearch *search)
{
  gboolean more = FALSE;
  guint    n = facet_search_get_n_found (search, &more);
  double   worst;

  g_array_sort (self->times, compare);
  worst = g_array_index (self->times, double, self->times->len - 1);
  g_print ("%-34s %6u%s  %8.1f %8.1f %8.1f%s\n", what, n, more ? "+" : " ",
           (double)self->worked * 1000 / CLOCKS_PER_SEC / self->times->len,
           g_array_index (self->times, double, self->times->len / 2), worst,
           worst > BAR_MS ? "  above" : "");
  g_array_set_size (self->times, 0);
  self->worked = 0;
}

static void
measure (FacetSearch *self, Times *times, const char *what, const char *text, guint rounds)
{
  for (guint i = 0; i < rounds; i++)
    add_time (times, self, text);
  report (what, times, self);
}

/* Every letter alone, once a round. */
static void
measure_letters (FacetSearch *self, Times *times, guint rounds)
{
  for (guint i = 0; i < rounds; i++) {
    for (char c = 'a'; c <= 'z'; c++)
      add_time (times, self, (char[]){c, '\0'});
  }
  report ("each letter from a to z", times, self);
}

int
main (int argc, char **argv)
{
  const char      *source = argc > 1 ? argv[1] : ".";
  guint            n = argc > 2 ? (guint)atoi (argv[2]) : 100000;
  guint            rounds = argc > 3 ? (guint)atoi (argv[3]) : 20;
  g_autofree char *folder = test_folder_new ();
  g_autoptr (FakeAssistant) fake = fake_assistant_new ();
  FacetLibrary *library;
  FacetSearch  *self;
  Times         times = {.times = g_array_new (FALSE, FALSE, sizeof (double))};

  close_library (open_library (folder, fake));
  write_library (folder, source, n);
  library = open_library (folder, fake);
  self = facet_search_new (library);

  g_print ("%u messages, %.0f MB\n%-34s %6s   %8s %8s %8s\n", n, megabytes (folder), "ms", "found",
           "worked", "median", "worst");
  measure (self, &times, "the first one (xylophone)", "xylophone", 1);
  measure (self, &times, "1 letter, common (t)", "t", rounds);
  measure (self, &times, "1 letter, rare (z)", "z", rounds);
  measure_letters (self, &times, rounds);
  measure (self, &times, "2 letters (th)", "th", rounds);
  measure (self, &times, "3 letters (pro)", "pro", rounds);
  measure (self, &times, "the beginning of many words (comp)", "comp", rounds);
  measure (self, &times, "a common word (the)", "the", rounds);
  measure (self, &times, "a rare word (interfaces)", "interfaces", rounds);
  measure (self, &times, "nothing has it (xylophone)", "xylophone", rounds);
  measure (self, &times, "two words (license model)", "license model", rounds);
  measure (self, &times, "two words and a letter", "you may t", rounds);
  measure (self, &times, "a word with a letter (licensee's)", "licensee's", rounds);
  measure (self, &times, "a phrase (\"free software\")", "\"free software\"", rounds);
  measure (self, &times, "the name of a file (img_99)", "img_99", rounds);
  measure (self, &times, "C++", "C++", rounds);
  measure (self, &times, "Chinese, two characters", "\xe6\x9c\xba\xe5\x99\xa8", rounds);
  measure (self, &times, "Chinese, two of the most frequent", "\xe4\xb8\x80\xe4\xb8\x81", rounds);
  measure (self, &times, "Chinese, one of the most frequent", "\xe4\xb8\x80", rounds);
  measure (self, &times, "Chinese, one character, rare", "\xe6\x9c\xba", rounds);
  measure (self, &times, "Chinese and a word (the)", "the \xe6\x9c\xba\xe5\x99\xa8", rounds);
  measure (self, &times, "signs, in many (->)", "->", rounds);
  measure (self, &times, "signs, nothing has them (;;;)", ";;;", rounds);
  measure (self, &times, "an emoji, nothing has it", "\xf0\x9f\xa6\x84", rounds);
  measure (self, &times, "Chinese, nothing has it", "\xe9\xb2\xb8\xe9\xb1\xbc", rounds);

  g_array_unref (times.times);
  g_object_unref (self);
  close_library (library);
  test_folder_remove (folder);
  return 0;
}
