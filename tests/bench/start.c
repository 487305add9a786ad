/* start.c: how long it takes from the start until conversations can be used.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 *   start [CONVERSATIONS [MESSAGES [RUNS]]]                       (10000, 2000, 11)
 *
 * Makes a database of so many conversations with four messages each, and one with MESSAGES, which
 * is the latest.  Then opens it RUNS times, as the window does after its first frame, and prints
 * medians and the most: until the library is there (the main thread is not blocked for longer),
 * until the conversations are listed, until the long one is open, and until the check has passed,
 * so that something new is on the disk.  What the processor worked for it is shown beside it: on a
 * machine that is busy otherwise, the difference is waiting.  The bar is 400 ms for the first
 * three.  Not a test: the machine decides.  (2 cores, Zen 5: there after 1 ms, listed after 121,
 * the long one open after 158, something saved after 255.) */
#define G_LOG_DOMAIN "start"

#include "app/facet-library.h"
#include "app/facet-store-schema.h"
#include "fake-assistant.h"
#include "test-folder.h"

#include <glib/gprintf.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <time.h>

#define BAR_MS 400.0

enum {
  THERE,
  LISTED,
  OPEN,
  SAVED,
  N_TIMES,
};

static void
exec (sqlite3 *db, const char *sql)
{
  char *message = NULL;

  if (sqlite3_exec (db, sql, NULL, NULL, &message) != SQLITE_OK)
    g_error ("%s", message);
}

/* 800 characters a message, no two alike. */
static void
make_database (const char *folder, int n_conversations, int n_messages)
{
  static const char text[] = "(SELECT group_concat (abs ((i * 7919 + n.k * 104729) % 99991)"
                             " || ' words ') FROM (WITH RECURSIVE n (k) AS (SELECT 1 UNION ALL"
                             " SELECT k + 1 FROM n WHERE k < 60) SELECT k FROM n) n)";
  g_autofree char  *path = g_build_filename (folder, "facet.db", NULL);
  g_autofree char  *many = NULL;
  g_autofree char  *longest = NULL;
  sqlite3          *db = NULL;

  sqlite3_open (path, &db);
  if (facet_schema_upgrade (db, 0, FACET_SCHEMA_VERSION) != SQLITE_OK)
    g_error ("%s", sqlite3_errmsg (db));
  many = g_strdup_printf ("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i "
                          "< %d)"
                          "INSERT INTO conversations (id, title, created, updated, head_id)"
                          "  SELECT i, 'Conversation ' || i, i, i, 4 * i FROM n;"
                          "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i "
                          "< 4 * %d)"
                          "INSERT INTO messages (id, conversation_id, parent_id, role, state, "
                          "text, created)"
                          "  SELECT i, (i + 3) / 4, CASE i %% 4 WHEN 1 THEN NULL ELSE i - 1 END, "
                          "(i + 1) %% 2, 3,"
                          "    %s, i FROM n;",
                          n_conversations, n_conversations, text);
  longest = g_strdup_printf ("INSERT INTO conversations (id, title, created, updated, head_id)"
                             "  VALUES (%d, 'The long one', 1, 1000000000, %d);"
                             "WITH RECURSIVE n (i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n "
                             "WHERE i < %d)"
                             "INSERT INTO messages (id, conversation_id, parent_id, role, state, "
                             "text, created)"
                             "  SELECT i, %d, nullif (i - 1, %d), (i + 1) %% 2, 3, %s, i FROM n;",
                             n_conversations + 1, 4 * n_conversations + n_messages,
                             4 * n_conversations + 1, 4 * n_conversations + n_messages,
                             n_conversations + 1, 4 * n_conversations, text);
  exec (db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; BEGIN");
  exec (db, many);
  exec (db, longest);
  exec (db, "COMMIT");
  sqlite3_close (db);
}

/* Since the last "restart", what passed and what the processor worked, in ms. */
static void
take_time (gboolean restart, double *passed, double *work)
{
  static gint64  began;
  static clock_t work_began;

  if (restart) {
    began = g_get_monotonic_time ();
    work_began = clock ();
    return;
  }
  *passed = (double)(g_get_monotonic_time () - began) / 1000;
  *work = (double)(clock () - work_began) * 1000 / CLOCKS_PER_SEC;
}

static void
start (const char *folder, double *passed, double *work)
{
  g_autoptr (FakeAssistant) fake = fake_assistant_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (FacetConversation) conversation = NULL;
  FacetLibrary *library;

  fake_assistant_set_speed (fake, 0);
  take_time (TRUE, NULL, NULL);
  library = facet_library_new (folder, FACET_ASSISTANT (fake), &error);
  if (library == NULL)
    g_error ("%s", error->message);
  take_time (FALSE, &passed[THERE], &work[THERE]);
  while (!facet_library_get_loaded (library))
    g_main_context_iteration (NULL, TRUE);
  take_time (FALSE, &passed[LISTED], &work[LISTED]);
  conversation = g_list_model_get_item (G_LIST_MODEL (library), 0);
  facet_conversation_open (conversation);
  while (!facet_conversation_get_loaded (conversation))
    g_main_context_iteration (NULL, TRUE);
  take_time (FALSE, &passed[OPEN], &work[OPEN]);
  facet_conversation_send (conversation, "Is this kept?");
  while (facet_conversation_get_busy (conversation))
    g_main_context_iteration (NULL, TRUE);
  take_time (FALSE, &passed[SAVED], &work[SAVED]);
  g_clear_object (&conversation);
  facet_library_close (library);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_object_unref (library);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  double difference = *(const double *)a - *(const double *)b;

  return difference < 0 ? -1 : difference > 0;
}

/* Sorts. */
static double
median (double *values, int n)
{
  qsort (values, (gsize)n, sizeof *values, compare);
  return values[n / 2];
}

int
main (int argc, char **argv)
{
  static const char *const names[] = {"library there", "conversations listed", "long one open",
                                      "checked, and something new saved"};
  int                      n_conversations = argc > 1 ? atoi (argv[1]) : 10000;
  int                      n_messages = argc > 2 ? atoi (argv[2]) : 2000;
  int                      n_runs = argc > 3 ? MAX (atoi (argv[3]), 1) : 11;
  g_autofree char         *folder = test_folder_new ();
  g_autofree double       *passed = g_new0 (double, (gsize)n_runs *N_TIMES);
  g_autofree double       *work = g_new0 (double, (gsize)n_runs *N_TIMES);

  make_database (folder, n_conversations, n_messages);
  g_printf ("%d conversations of 4 messages, one of %d; %d starts\n", n_conversations, n_messages,
            n_runs);
  for (int i = 0; i < n_runs; i++) {
    double one_passed[N_TIMES], one_work[N_TIMES];

    start (folder, one_passed, one_work);
    for (int k = 0; k < N_TIMES; k++) {
      passed[k * n_runs + i] = one_passed[k];
      work[k * n_runs + i] = one_work[k];
    }
  }
  for (int k = 0; k < N_TIMES; k++) {
    double usual = median (passed + k * n_runs, n_runs);

    g_printf ("%-34s median %6.1f ms, most %6.1f ms; work of all threads %6.1f ms%s\n", names[k],
              usual, passed[k * n_runs + n_runs - 1], median (work + k * n_runs, n_runs),
              k < SAVED && usual > BAR_MS ? "  ABOVE THE BAR" : "");
  }
  test_folder_remove (folder);
  return 0;
}
