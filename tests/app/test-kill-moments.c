/* test-kill-moments.c: killed at random moments of real work, nothing older than 250 ms is lost.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The child (this program, with arguments) lives as kill-life.h says and is killed; the next start
 * is looked at, and so is the file: every fact that the child said 250 ms before, what was there
 * from earlier lives, and that what was asked of the assistant is there whenever it was.  Every
 * tenth life each has a full disk and a read-only one (a tmpfs: only root may mount it), every
 * fifth begins with a file of an older version.
 *
 * Time in which the machine gave the child no processor does not count: a thread of the child
 * beats, and by how much its beats came late in the last half second is added to the 250 ms.
 *
 * FACET_KILL_MOMENTS says how many; the seed that the test prints first draws them. */
#define G_LOG_DOMAIN "test-kill-moments"

#include "app/facet-library.h"
#include "app/facet-search-tokenizer.h"
#include "app/facet-store-backup.h"
#include "app/facet-store-schema.h"
#include "fake-assistant.h"
#include "kill-life.h"
#include "tests/test-brief.h"
#include "test-folder.h"
#include "test-wait.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <gio/gio.h>

#include <glib/gstdio.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define N_MOMENTS  40
#define N_BRIEF    10
#define LAG_US     (250 * 1000)
#define DISK       "64m"
#define LEFT_BYTES (300 * 1024) /* on a full disk */
#define N_OLD      3000         /* messages of an older version */

typedef enum {
  USUAL,
  OLDER,
  FULL,
  READ_ONLY,
} Kind;

typedef struct {
  gint64 when;
  char  *value;
} Said;

typedef struct {
  char       *disk, *folder;
  gboolean    mounted;
  GHashTable *facts; /* key → GPtrArray of Said */
  int         next;  /* question */
  guint       n_lives, n_gone_on;
  gint64      starved_us; /* the most that was added */
  gint64      worst_us;   /* how old the oldest fact was that was not kept */
} World;

static char *self_path;

/* Facts */

static void
said_free (gpointer data)
{
  g_free (((Said *)data)->value);
  g_free (data);
}

static void
learn (World *world, gint64 when, const char *key, const char *value)
{
  GPtrArray *all = g_hash_table_lookup (world->facts, key);
  Said      *said = g_new (Said, 1);

  if (all == NULL) {
    all = g_ptr_array_new_with_free_func (said_free);
    g_hash_table_insert (world->facts, g_strdup (key), all);
  }
  *said = (Said){when, g_strdup (value)};
  g_ptr_array_add (all, said);
}

static void
learn_all (World *world, const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  /* The last one may be half of one. */
  for (guint i = 0; lines[i] != NULL && lines[i + 1] != NULL; i++) {
    g_auto (GStrv) words = g_strsplit (lines[i], " ", 3);

    g_assert_cmpuint (g_strv_length (words), ==, 3);
    learn (world, g_ascii_strtoll (words[0], NULL, 10), words[1], words[2]);
  }
}

static gboolean
is_about (const char *key, char what, const char *property)
{
  return key[0] == what && g_str_has_suffix (key, property);
}

static gboolean
may_be_gone (World *world, const char *key)
{
  g_autofree char *gone = NULL;
  g_autofree char *owner = NULL;
  GPtrArray       *of;

  if (key[0] == 'm') {
    owner = g_strdup_printf ("%.*s.of", (int)strcspn (key, "."), key);
    of = g_hash_table_lookup (world->facts, owner);
    if (of == NULL)
      return FALSE;
    gone = g_strdup_printf ("c%s.gone", ((Said *)of->pdata[0])->value);
  } else
    gone = g_strdup_printf ("%.*s.gone", (int)strcspn (key, "."), key);
  return g_hash_table_contains (world->facts, gone);
}

/* The disk */

static sqlite3 *
open_raw (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  sqlite3         *db;

  g_assert_cmpint (sqlite3_open (path, &db), ==, SQLITE_OK);
  g_assert_cmpint (facet_search_tokenizer_register (db), ==, SQLITE_OK);
  return db;
}

/* The value that @sql gives for the number in @key; NULL: no row.  (transfer full) */
static char *
look_up (sqlite3 *db, const char *sql, const char *key)
{
  sqlite3_stmt *statement;
  char         *value = NULL;

  g_assert_cmpint (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL), ==, SQLITE_OK);
  if (key != NULL)
    sqlite3_bind_int64 (statement, 1, g_ascii_strtoll (key + 1, NULL, 10));
  if (sqlite3_step (statement) == SQLITE_ROW)
    value = g_strdup ((const char *)sqlite3_column_text (statement, 0));
  sqlite3_finalize (statement);
  return value;
}

static void
assert_value (sqlite3 *db, const char *sql, const char *expected)
{
  g_autofree char *value = look_up (db, sql, NULL);

  g_assert_cmpstr (value, ==, expected);
}

/* How a key is looked up. */
static const struct {
  char        what;
  const char *property, *sql;
} lookups[] = {
    {'c', ".title", "SELECT title FROM conversations WHERE id = ?1"},
    {'c', ".draft", "SELECT draft FROM conversations WHERE id = ?1"},
    {'c', ".trash", "SELECT deleted_at IS NOT NULL FROM conversations WHERE id = ?1"},
    {'c', ".gone", "SELECT count (*) = 0 FROM conversations WHERE id = ?1"},
    {'m', ".question", "SELECT text FROM messages WHERE id = ?1"},
    {'m', ".answer", "SELECT text FROM messages WHERE id = ?1"},
    {'m', ".out", "SELECT deleted_at IS NOT NULL FROM messages WHERE id = ?1"},
};

static gboolean
means (const char *key, const char *said, const char *found)
{
  if (is_about (key, 'm', ".question")) {
    g_autofree char *question = kill_life_dup_question (atoi (said));

    return g_str_equal (question, found);
  }
  if (is_about (key, 'm', ".answer")) {
    const char *length = strchr (said, ' ');

    return strlen (found) >= (gsize)g_ascii_strtoull (length + 1, NULL, 10);
  }
  return g_str_equal (said, found);
}

/* An answer is the beginning of the whole one. */
static void
assert_is_beginning (const char *text)
{
  int number;

  if (sscanf (text, "Answer %d:", &number) == 1 && strchr (text, ':') != NULL) {
    g_autofree char *whole = kill_life_dup_answer (number);

    g_assert_true (g_str_has_prefix (whole, text));
  } else
    g_assert_true (g_str_has_prefix (text, "Answer ") || g_str_has_prefix ("Answer ", text));
}

/* What the disk has for @key must have been said last before @until, or after. */
static void
check_fact (World      *world,
            sqlite3    *db,
            const char *key,
            GPtrArray  *all,
            const char *sql,
            gint64      until)
{
  g_autofree char *found = look_up (db, sql, key);
  gboolean         at_once = is_about (key, 'm', ".question") || is_about (key, 'm', ".answer");
  guint            first = 0;
  gboolean         due = at_once;

  for (guint i = 0; i < all->len; i++)
    if (((Said *)all->pdata[i])->when <= until) {
      first = i;
      due = TRUE;
    }
  if (found == NULL && (may_be_gone (world, key) || !due))
    return;
  if (found != NULL && is_about (key, 'm', ".answer"))
    assert_is_beginning (found);
  for (guint i = first; found != NULL && i < all->len; i++)
    if (means (key, ((Said *)all->pdata[i])->value, found))
      return;
  if (due) {
    g_test_message ("%s: “%s” is on the disk, “%s” was said last in time", key, found,
                    ((Said *)all->pdata[first])->value);
    g_test_fail ();
  }
}

static void
check_facts (World *world, sqlite3 *db, gint64 until)
{
  GHashTableIter iter;
  gpointer       key, all;

  g_hash_table_iter_init (&iter, world->facts);
  while (g_hash_table_iter_next (&iter, &key, &all))
    for (gsize i = 0; i < G_N_ELEMENTS (lookups); i++)
      if (is_about (key, lookups[i].what, lookups[i].property) && ((char *)key)[1] != '0')
        check_fact (world, db, key, all, lookups[i].sql, until);
}

/* How old what was said of answers and is not on the disk was at most. */
static void
measure (World *world, sqlite3 *db, gint64 killed_at)
{
  GHashTableIter iter;
  gpointer       key, data;

  g_hash_table_iter_init (&iter, world->facts);
  while (g_hash_table_iter_next (&iter, &key, &data)) {
    GPtrArray       *all = data;
    g_autofree char *found = NULL;

    if (!is_about (key, 'm', ".answer") || may_be_gone (world, key))
      continue;
    found = look_up (db, "SELECT text FROM messages WHERE id = ?1", key);
    for (guint i = 0; found != NULL && i < all->len; i++)
      if (!means (key, ((Said *)all->pdata[i])->value, found)) {
        world->worst_us = MAX (world->worst_us, killed_at - ((Said *)all->pdata[i])->when);
        break;
      }
  }
}

/* What is on the disk now is what the next life begins with. */
static void
remember (World *world, sqlite3 *db)
{
  static const char *const all[] = {
      "SELECT 'c' || id || '.title', title FROM conversations",
      "SELECT 'c' || id || '.draft', draft FROM conversations",
      "SELECT 'c' || id || '.trash', deleted_at IS NOT NULL FROM conversations",
      "SELECT 'm' || id || '.of', conversation_id FROM messages",
      "SELECT 'm' || id || '.question', substr (text, 10) FROM messages"
      " WHERE text LIKE 'question-%'",
      "SELECT 'm' || id || '.answer', '0 ' || length (text) FROM messages WHERE role = 1",
      "SELECT 'm' || id || '.out', deleted_at IS NOT NULL FROM messages",
  };

  g_hash_table_remove_all (world->facts);
  for (gsize i = 0; i < G_N_ELEMENTS (all); i++) {
    sqlite3_stmt *statement;

    g_assert_cmpint (sqlite3_prepare_v2 (db, all[i], -1, &statement, NULL), ==, SQLITE_OK);
    while (sqlite3_step (statement) == SQLITE_ROW)
      learn (world, 0, (const char *)sqlite3_column_text (statement, 0),
             (const char *)sqlite3_column_text (statement, 1));
    sqlite3_finalize (statement);
  }
}

static void
check_attachments (World *world, sqlite3 *db)
{
  sqlite3_stmt *statement;

  g_assert_cmpint (sqlite3_prepare_v2 (db,
                                       "SELECT content_hash FROM attachments"
                                       " UNION SELECT content_hash FROM draft_attachments",
                                       -1, &statement, NULL),
                   ==, SQLITE_OK);
  while (sqlite3_step (statement) == SQLITE_ROW) {
    g_autofree char *path =
        g_build_filename (world->folder, "media", (const char *)sqlite3_column_text (statement, 0),
                          NULL);

    g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  }
  sqlite3_finalize (statement);
}

static void
check_backups (World *world)
{
  g_autofree char *path = g_build_filename (world->folder, "facet.db", NULL);
  g_autoptr (GPtrArray) backups = facet_backup_list (path);

  for (guint i = 0; i < backups->len; i++) {
    sqlite3 *db = open_raw ("/", ((FacetBackup *)backups->pdata[i])->path);

    assert_value (db, "PRAGMA quick_check", "ok");
    sqlite3_close (db);
  }
}

static gint64
first_refusal (World *world)
{
  GPtrArray *all = g_hash_table_lookup (world->facts, "refused");

  return all != NULL ? ((Said *)all->pdata[0])->when : G_MAXINT64;
}

static void
check_file (World *world, gint64 until, gint64 killed_at)
{
  sqlite3 *db = open_raw (world->folder, "facet.db");

  assert_value (db, "PRAGMA user_version", G_STRINGIFY (FACET_SCHEMA_VERSION));
  assert_value (db, "PRAGMA integrity_check", "ok");
  assert_value (db, "PRAGMA foreign_key_check", NULL);
  g_assert_cmpint (sqlite3_exec (db,
                                 "INSERT INTO message_fts (message_fts, rank)"
                                 " VALUES ('integrity-check', 1)",
                                 NULL, NULL, NULL),
                   ==, SQLITE_OK);
  if (killed_at != 0) {
    check_facts (world, db, until);
    if (first_refusal (world) == G_MAXINT64)
      measure (world, db, killed_at);
  }
  check_attachments (world, db);
  sqlite3_close (db);
  check_backups (world);
}

/* The next start */

static void
go_on (World *world, FacetConversation *conversation, FacetMessage *answer, FakeAssistant *fake)
{
  g_autofree char *begun = NULL;
  g_autofree char *whole = NULL;
  int              number;

  /* The number is whole if something is behind it. */
  if (sscanf (facet_message_get_text (answer), "Answer %d: w", &number) != 1 ||
      strchr (facet_message_get_text (answer), 'w') ==
          strrchr (facet_message_get_text (answer), 'w'))
    return;
  whole = kill_life_dup_answer (number);
  begun = g_strchomp (g_strdup (facet_message_get_text (answer)));
  fake_assistant_begin_turn (fake);
  fake_assistant_add_answer (fake, whole + strlen (begun));
  facet_conversation_try_again (conversation, answer);
  wait_until (!facet_conversation_get_busy (conversation));
  g_assert_cmpstr (facet_message_get_text (answer), ==, whole);
  world->n_gone_on++;
}

/* Nothing runs, and what was interrupted can be gone on with. */
static void
look_at (World *world, FacetConversation *conversation, FakeAssistant *fake)
{
  g_autoptr (FacetMessage) interrupted = NULL;

  facet_conversation_open (conversation);
  wait_until (facet_conversation_get_loaded (conversation));
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (conversation)); i++) {
    g_autoptr (FacetMessage) message = g_list_model_get_item (G_LIST_MODEL (conversation), i);

    g_assert_false (facet_message_is_running (message));
    if (facet_message_get_state (message) == FACET_MESSAGE_INTERRUPTED)
      g_set_object (&interrupted, message);
  }
  if (interrupted != NULL)
    go_on (world, conversation, interrupted, fake);
}

static void
start_again (World *world, gboolean go_on_too)
{
  g_autoptr (FakeAssistant) fake = fake_assistant_new ();
  g_autoptr (GError) error = NULL;
  FacetLibrary *library = facet_library_new (world->folder, FACET_ASSISTANT (fake), &error);

  fake_assistant_set_speed (fake, 0);
  g_assert_no_error (error);
  wait_until (facet_library_get_loaded (library));
  for (guint i = 0; go_on_too && i < g_list_model_get_n_items (G_LIST_MODEL (library)); i++) {
    g_autoptr (FacetConversation) conversation = g_list_model_get_item (G_LIST_MODEL (library), i);

    look_at (world, conversation, fake);
  }
  g_assert_cmpint (facet_library_get_offer (library), ==, 0);
  g_assert_cmpstr (facet_library_get_warning (library), ==, NULL);
  facet_library_close (library);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (library);
}

/* Living and dying */

static gboolean
hear (GString *said, GInputStream *pipe)
{
  char   buffer[65536];
  gssize n = g_input_stream_read (pipe, buffer, sizeof buffer, NULL, NULL);

  g_assert_cmpint (n, >=, 0);
  g_string_append_len (said, buffer, n);
  return n > 0;
}

/* Returns what the child said; the time of its death. */
static GString *
live_and_die (World *world, double after_s, gint64 *killed_at)
{
  g_autofree char *seed = g_strdup_printf ("%d", g_test_rand_int () & G_MAXINT);
  g_autofree char *first = g_strdup_printf ("%d", world->next);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process =
      g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, self_path, "--live", world->folder,
                        seed, first, NULL);
  GString      *said = g_string_new (NULL);
  GInputStream *pipe;
  gint64        end, now;

  g_assert_no_error (error);
  pipe = g_subprocess_get_stdout_pipe (process);
  g_assert_true (hear (said, pipe)); /* it begins */
  end = g_get_monotonic_time () + (gint64)(after_s * G_USEC_PER_SEC);
  while ((now = g_get_monotonic_time ()) < end)
    g_usleep ((gulong)(end - now)); /* the pipe holds what it says meanwhile */
  *killed_at = g_get_monotonic_time ();
  g_subprocess_send_signal (process, SIGKILL);
  while (hear (said, pipe))
    ;
  g_assert_true (g_subprocess_wait (process, NULL, &error));
  g_assert_true (g_subprocess_get_if_signaled (process));
  g_assert_cmpint (g_subprocess_get_term_sig (process), ==, SIGKILL); /* and of nothing else */
  world->next += 1000;
  return said;
}

/* Kinds of disks and files */

static void
mount_again (World *world, unsigned long flags)
{
  g_assert_cmpint (mount ("tmpfs", world->disk, "tmpfs", MS_REMOUNT | flags, "size=" DISK), ==, 0);
}

static void
fill_disk (World *world, gboolean full)
{
  g_autofree char *ballast = g_build_filename (world->disk, "ballast", NULL);
  struct statvfs   info;
  int              fd;

  g_unlink (ballast);
  if (!full)
    return;
  g_assert_cmpint (statvfs (world->disk, &info), ==, 0);
  fd = g_open (ballast, O_WRONLY | O_CREAT, 0600);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (posix_fallocate (fd, 0, (off_t)(info.f_bavail * info.f_bsize) - LEFT_BYTES), ==,
                   0);
  close (fd);
}

/* Instead of what is there: a conversation of many messages, as version 1 left it. */
static void
make_older (World *world)
{
  static const char *const content[] = {
      "INSERT INTO conversations (id, title, created, updated, head_id)"
      "  VALUES (7, 'Old', 1000, 2000, " G_STRINGIFY (N_OLD) ")",
      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " G_STRINGIFY (
          N_OLD) ")"
                 "INSERT INTO messages (id, conversation_id, parent_id, role, state, text, created)"
                 "  SELECT i, 7, nullif (i - 1, 0), 0, 0,"
                 "    'Old message ' || i || printf (' with words %d %d', i, i * 7919 % 104729), i "
                 "FROM n",
  };
  sqlite3 *db;

  test_folder_remove (world->folder);
  g_assert_cmpint (g_mkdir (world->folder, 0700), ==, 0);
  db = open_raw (world->folder, "facet.db");
  g_assert_cmpint (facet_schema_upgrade (db, 0, 1), ==, SQLITE_OK);
  for (gsize i = 0; i < G_N_ELEMENTS (content); i++)
    g_assert_cmpint (sqlite3_exec (db, content[i], NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (db);
  g_hash_table_remove_all (world->facts);
}

static void
check_older (World *world)
{
  sqlite3 *db = open_raw (world->folder, "facet.db");

  assert_value (db,
                "SELECT count (*) FROM messages WHERE id <= " G_STRINGIFY (
                    N_OLD) " AND text LIKE 'Old message ' || id || ' %'",
                G_STRINGIFY (N_OLD));
  assert_value (db, "SELECT count (*) FROM message_fts WHERE message_fts MATCH '\"old message\"'",
                G_STRINGIFY (N_OLD));
  sqlite3_close (db);
}

/* One life */

/* How much too late beats came shortly before. */
static gint64
get_starved (World *world, gint64 killed_at)
{
  GPtrArray *beats = g_hash_table_lookup (world->facts, "beat");
  gint64     last = killed_at;
  gint64     starved = 0;

  for (guint i = beats != NULL ? beats->len : 0; i > 0 && last > killed_at - 2 * LAG_US; i--) {
    gint64 when = ((Said *)beats->pdata[i - 1])->when;

    starved += MAX (last - when - KILL_LIFE_BEAT_US, 0);
    last = when;
  }
  return starved;
}

static void
live_once (World *world, Kind kind)
{
  double   longest = kind == OLDER ? 0.25 : 1.0;
  GString *said;
  gint64   killed_at, until, starved;
  sqlite3 *db;

  if (kind == OLDER)
    make_older (world);
  if (kind == FULL)
    fill_disk (world, TRUE);
  if (kind == READ_ONLY)
    mount_again (world, MS_RDONLY);
  said = live_and_die (world, g_test_rand_double_range (0, longest), &killed_at);
  learn_all (world, said->str);
  g_string_free (said, TRUE);
  if (kind == READ_ONLY)
    mount_again (world, 0);
  if (kind == FULL)
    fill_disk (world, FALSE);

  starved = get_starved (world, killed_at);
  world->starved_us = MAX (world->starved_us, starved);
  until = MIN (killed_at, first_refusal (world)) - LAG_US - starved;
  start_again (world, FALSE);
  check_file (world, until, killed_at);
  start_again (world, kind != OLDER);
  check_file (world, 0, 0);
  if (kind == OLDER)
    check_older (world);
  db = open_raw (world->folder, "facet.db");
  remember (world, db);
  sqlite3_close (db);
  world->n_lives++;
}

static void
world_begin (World *world)
{
  g_autoptr (GdkPixbuf) pixbuf = gdk_pixbuf_new (GDK_COLORSPACE_RGB, FALSE, 8, 40, 30);
  g_autofree char *picture = NULL;

  *world = (World){.disk = test_folder_new (), .next = 1000};
  world->mounted = mount ("tmpfs", world->disk, "tmpfs", 0, "size=" DISK) == 0;
  world->folder = g_build_filename (world->disk, "facet", NULL);
  world->facts =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
  picture = g_strconcat (world->folder, ".png", NULL);
  gdk_pixbuf_fill (pixbuf, 0x336699ff);
  g_assert_true (gdk_pixbuf_save (pixbuf, picture, "png", NULL, NULL));
}

static void
world_end (World *world)
{
  test_folder_remove (world->disk);
  if (world->mounted) {
    umount2 (world->disk, MNT_DETACH);
    g_rmdir (world->disk);
  }
  g_hash_table_unref (world->facts);
  g_free (world->folder);
  g_free (world->disk);
}

static guint
n_moments (void)
{
  const char *said = g_getenv ("FACET_KILL_MOMENTS");

  return said != NULL ? (guint)atoi (said) : test_brief (N_MOMENTS, N_BRIEF, "moments");
}

static void
test_moments (gconstpointer data)
{
  const Kind *kinds = data;
  guint       n = n_moments ();
  guint       n_of[4] = {0};
  World       world;

  world_begin (&world);
  for (guint i = 0; i < n; i++) {
    Kind kind = kinds[i % 10];

    if (!world.mounted && (kind == FULL || kind == READ_ONLY))
      kind = USUAL;
    live_once (&world, kind);
    n_of[kind]++;
  }
  g_test_message ("Killed at %u moments: %u usual, %u with an older file, %u with a full disk, %u "
                  "with a read-only one%s; %u interrupted answers were gone on with; what was "
                  "missing of one was %.0f ms old at most, and for %.0f ms the child was not let "
                  "work",
                  world.n_lives, n_of[USUAL], n_of[OLDER], n_of[FULL], n_of[READ_ONLY],
                  world.mounted ? "" : " (only root can make those disks)", world.n_gone_on,
                  (double)world.worst_us / 1000, (double)world.starved_us / 1000);
  world_end (&world);
}

int
main (int argc, char **argv)
{
  static const Kind kinds[10] = {USUAL, USUAL, FULL,  USUAL, READ_ONLY,
                                 USUAL, USUAL, OLDER, OLDER, USUAL};

  if (argc == 5 && g_str_equal (argv[1], "--live"))
    kill_life_live (argv[2], (guint32)atoi (argv[3]), atoi (argv[4]));
  self_path = g_file_read_link ("/proc/self/exe", NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/kill/moments", kinds, test_moments);
  return g_test_run ();
}
