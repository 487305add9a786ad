/* search.c: from a key to what is found, in a library of 100,000 messages.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 *   search-bench FOLDER-OF-THE-SOURCE [MESSAGES [ROUNDS]]                 (100000, 20)
 *
 * What is in it says search-library.h.  A time is what passes on the main thread between the text
 * being set and the hits being there, with the reading thread, the titles, the names of attachments
 * and the snippets in between.  The bar is 50 ms.  What all threads have worked in the
 * meantime is printed, too: on a machine that does other things it says more. */
#define G_LOG_DOMAIN "search-bench"

#include "config.h"

#include "app/facet-search.h"
#include "fake-assistant.h"
#include "search-library.h"
#include "test-folder.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <time.h>

#define BAR_MS 50.0

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
  search_library_write (folder, source, n);
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
