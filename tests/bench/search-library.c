/* search-library.c: see search-library.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "search-library"

#include "search-library.h"

#include "app/facet-message.h"
#include "test-folder.h"

#include <sqlite3.h>

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

/* Tables */

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

void
search_library_write (const char *folder, const char *source, guint n)
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
