/* exchange.c: how long a large import and an export of everything take, and how much memory.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 *   exchange [MEGABYTES]            (200)
 *
 * Writes a file as ChatGPT's exports are, of words drawn from 20,000, imports it into an empty
 * library, and exports all of it as JSON.  Prints the time of each, what the processor worked, and
 * the most memory that the process had until then.  While the import goes on something small is
 * saved ten times a second, as an answer is: the longest that one of these took is printed, too.
 * Not a test: the machine decides.  (2 cores, EPYC, busy: facet-cli took 79 s and 183 MB to import
 * 200 MB with 3,155 conversations and 96,000 messages, most of it for the index for searching; to
 * export them, 26 s as JSON, 16 s as Markdown, 25 s as HTML, each with 21 MB.) */
#define G_LOG_DOMAIN "exchange"

#include <gio/gio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "app/facet-conversation-private.h"
#include "app/facet-export.h"
#include "app/facet-import-conversations.h"
#include "test-folder.h"

#define N_WORDS 20000

static char words[N_WORDS][12];

static void
make_words (GRand *rand)
{
  for (guint i = 0; i < N_WORDS; i++) {
    guint n = (guint)g_rand_int_range (rand, 2, 11);

    for (guint c = 0; c < n; c++)
      words[i][c] = (char)g_rand_int_range (rand, 'a', 'z' + 1);
  }
}

static void
append_conversation (GString *out, GRand *rand)
{
  int n_messages = g_rand_int_range (rand, 2, 60);

  g_string_append (out, "{\"title\":\"C\",\"create_time\":1.7e9,\"mapping\":{");
  for (int i = 0; i < n_messages; i++) {
    int n_words = g_rand_int_range (rand, 20, 400);

    g_string_append_printf (out, "%s\"%d\":{\"parent\":", i > 0 ? "," : "", i);
    g_string_append_printf (out, i > 0 ? "\"%d\"" : "null", i - 1);
    g_string_append_printf (out,
                            ",\"message\":{\"author\":{\"role\":\"%s\"},\"create_time\":%d.5,"
                            "\"content\":{\"content_type\":\"text\",\"parts\":[\"",
                            i % 2 == 0 ? "user" : "assistant", 1700000000 + i);
    for (int n = 0; n < n_words; n++)
      g_string_append_printf (out, "%s ", words[g_rand_int_range (rand, 0, N_WORDS)]);
    g_string_append (out, "\"]},\"recipient\":\"all\"}}");
  }
  g_string_append_printf (out, "},\"current_node\":\"%d\"}", n_messages - 1);
}

static GFile *
write_file (const char *folder, gsize megabytes)
{
  g_autofree char *path = g_build_filename (folder, "conversations.json", NULL);
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  g_autoptr (GString) piece = g_string_new (NULL);
  FILE *file = fopen (path, "w");
  gsize size = 0;

  make_words (rand);
  while (size < megabytes * 1000000) {
    g_string_assign (piece, size == 0 ? "[" : ",\n");
    append_conversation (piece, rand);
    size += fwrite (piece->str, 1, piece->len, file);
  }
  fputs ("]\n", file);
  fclose (file);
  return g_file_new_for_path (path);
}

static void
done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **)user_data = g_object_ref (result);
}

static GAsyncResult *
wait_for (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return *result;
}

static void
print_line (const char *what, gint64 began)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  g_print ("%s: %.1f s (worked %.1f s since the start), at most %.0f MB\n", what,
           (double)(g_get_monotonic_time () - began) / G_USEC_PER_SEC,
           (double)clock () / CLOCKS_PER_SEC, (double)usage.ru_maxrss / 1000);
}

static FacetLibrary *
open_library (const char *folder)
{
  g_autoptr (GError) error = NULL;
  FacetLibrary *library = facet_library_new (folder, NULL, &error);

  if (library == NULL)
    g_error ("%s", error->message);
  while (!facet_library_get_loaded (library))
    g_main_context_iteration (NULL, TRUE);
  return library;
}

/* Saves, one after the other */

typedef struct {
  FacetStore *store;
  gint64      began; /* 0: none is on its way */
  GArray     *waits; /* gint64 each, µs */
} Saves;

static void
saved_cb (const GError *error, gpointer user_data)
{
  Saves *saves = user_data;
  gint64 wait = g_get_monotonic_time () - saves->began;

  g_assert_no_error (error);
  g_array_append_val (saves->waits, wait);
  saves->began = 0;
}

static gboolean
save_cb (gpointer user_data)
{
  Saves *saves = user_data;

  if (saves->began == 0) {
    saves->began = g_get_monotonic_time ();
    facet_store_set_value (saves->store, "bench", "saved", saved_cb, saves);
  }
  return G_SOURCE_CONTINUE;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  gint64 first = *(const gint64 *)a, second = *(const gint64 *)b;

  return first < second ? -1 : first > second;
}

static void
print_saves (Saves *saves)
{
  while (saves->began != 0)
    g_main_context_iteration (NULL, TRUE);
  g_array_sort (saves->waits, compare);
  g_print ("%u saves meanwhile: median %.1f ms, longest %.1f ms\n", saves->waits->len,
           (double)g_array_index (saves->waits, gint64, saves->waits->len / 2) / 1000,
           (double)g_array_index (saves->waits, gint64, saves->waits->len - 1) / 1000);
  g_array_unref (saves->waits);
}

int
main (int argc, char *argv[])
{
  gsize            megabytes = argc > 1 ? strtoul (argv[1], NULL, 10) : 200;
  g_autofree char *folder = test_folder_new ();
  g_autoptr (GFile) file = write_file (folder, megabytes);
  g_autoptr (FacetLibrary) library = open_library (folder);
  g_autoptr (GAsyncResult) imported = NULL;
  g_autoptr (GAsyncResult) exported = NULL;
  g_autoptr (FacetImportResult) import = NULL;
  g_autoptr (FacetExportResult) export = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *summary = NULL;
  gint64           began = g_get_monotonic_time ();
  Saves saves = {facet_library_get_store (library), 0, g_array_new (FALSE, FALSE, sizeof (gint64))};
  guint timer = g_timeout_add (100, save_cb, &saves);

  facet_import_conversations_async (library, file, NULL, NULL, done_cb, &imported);
  import = facet_import_conversations_finish (wait_for (&imported), &error);
  g_assert_no_error (error);
  summary = facet_import_result_dup_summary (import);
  g_print ("%s\n", summary);
  print_line ("import", began);
  g_source_remove (timer);
  print_saves (&saves);

  began = g_get_monotonic_time ();
  facet_export_async (library, &(FacetExportRequest){.format = FACET_EXPORT_JSON, .folder = folder},
                      NULL, NULL, done_cb, &exported);
  export = facet_export_finish (wait_for (&exported), &error);
  g_assert_no_error (error);
  print_line ("export of all as JSON", began);
  facet_library_close (library);
  test_folder_remove (folder);
  return 0;
}
