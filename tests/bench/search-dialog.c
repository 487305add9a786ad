/* search-dialog.c: from a key to what is found standing on the screen, in a library of 100,000
 * messages.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 *   xvfb-run -a -s '-screen 0 1280x800x24 -nolisten tcp' dbus-run-session -- \
 *     search-dialog FOLDER-OF-THE-SOURCE [MESSAGES]                              (100000)
 *
 * Types some queries letter by letter, the next when the one before was answered.  A time is what
 * passes between the text of the entry and the end of the frame in which its answer is drawn, by
 * GTK's software renderer: waiting for the next frame, the search, waiting for a frame again, the
 * first eight rows.  At 60 frames a second the two waits are 25 ms of it in the middle.  What the
 * processor worked for it, all threads, is shown beside it.  Not a test: the machine decides.  (2
 * cores, EPYC, with a load of 14: work of a key in the middle 18 to 104 ms, most of it for the
 * rows.) */
#define G_LOG_DOMAIN "search-dialog"

#include "config.h"

#include <stdlib.h>
#include <time.h>

#include "facet-search-dialog.h"
#include "search-library.h"
#include "ui-fixture.h"

typedef struct {
  UiFixture          base;
  GtkWidget         *window;
  FacetSearchDialog *dialog;
  GtkEditable       *entry;
  gboolean           answered, drawn;
  GArray            *passed, *worked; /* of double, ms */
} Bench;

static void
answered_cb (Bench *bench)
{
  bench->answered = TRUE;
}

static void
after_paint_cb (Bench *bench)
{
  bench->drawn = bench->answered;
}

static void
type (Bench *bench, const char *text)
{
  gint64  began = g_get_monotonic_time ();
  clock_t work_began = clock ();
  double  passed, worked;

  bench->answered = bench->drawn = FALSE;
  gtk_editable_set_text (bench->entry, text);
  while (!bench->drawn)
    g_main_context_iteration (NULL, TRUE);
  passed = (double)(g_get_monotonic_time () - began) / 1000;
  worked = (double)(clock () - work_began) * 1000 / CLOCKS_PER_SEC;
  g_array_append_val (bench->passed, passed);
  g_array_append_val (bench->worked, worked);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  double first = *(const double *)a, second = *(const double *)b;

  return first < second ? -1 : first > second;
}

static void
print_times (GArray *times)
{
  g_array_sort (times, compare);
  g_print ("  %8.1f %8.1f", g_array_index (times, double, times->len / 2),
           g_array_index (times, double, times->len - 1));
  g_array_set_size (times, 0);
}

/* Every beginning of @text. */
static void
type_slowly (Bench *bench, const char *text)
{
  for (const char *p = g_utf8_next_char (text);; p = g_utf8_next_char (p)) {
    g_autofree char *beginning = g_strndup (text, (gsize)(p - text));

    type (bench, beginning);
    /* The other rows come in the frames after; who types is not faster than they are. */
    ui_run_for (200);
    if (*p == '\0')
      break;
  }
  g_print ("%-34s", text);
  print_times (bench->passed);
  print_times (bench->worked);
  g_print ("\n");
}

int
main (int argc, char **argv)
{
  static const char *const queries[] = {"the licensee",
                                        "interfaces",
                                        "\"free software\"",
                                        "xylophone",
                                        "C++",
                                        "\xe6\x9c\xba\xe5\x99\xa8\xe5\xad\xa6"};
  const char              *source = argc > 1 ? argv[1] : ".";
  guint                    n = argc > 2 ? (guint)atoi (argv[2]) : 100000;
  Bench                    bench = {.passed = g_array_new (FALSE, FALSE, sizeof (double)),
                                    .worked = g_array_new (FALSE, FALSE, sizeof (double))};

  g_setenv ("GSK_RENDERER", "cairo", TRUE);
  g_setenv ("GDK_BACKEND", "x11", FALSE);
  g_setenv ("GTK_A11Y", "none", FALSE);
  ui_test_init (&argc, &argv);
  ui_fixture_set_up (&bench.base, NULL, 0);
  search_library_write (bench.base.folder, source, n);
  ui_fixture_reopen (&bench.base);
  bench.window = gtk_window_new ();
  gtk_window_set_default_size (GTK_WINDOW (bench.window), 1000, 640);
  gtk_window_present (GTK_WINDOW (bench.window));
  gtk_test_widget_wait_for_draw (bench.window);
  bench.dialog = facet_search_dialog_new (GTK_WINDOW (bench.window), bench.base.library);
  bench.entry = GTK_EDITABLE (ui_find (GTK_WIDGET (bench.dialog), GTK_TYPE_SEARCH_ENTRY, NULL));
  gtk_window_present (GTK_WINDOW (bench.dialog));
  gtk_test_widget_wait_for_draw (GTK_WIDGET (bench.dialog));
  g_signal_connect_swapped (facet_search_dialog_get_search (bench.dialog), "answered",
                            G_CALLBACK (answered_cb), &bench);
  g_signal_connect_swapped (gtk_widget_get_frame_clock (GTK_WIDGET (bench.dialog)), "after-paint",
                            G_CALLBACK (after_paint_cb), &bench);

  g_print ("%u messages\n%-34s  %17s  %17s\n%-34s  %8s %8s  %8s %8s\n", n, "", "passed, ms",
           "worked, ms", "", "median", "worst", "median", "worst");
  for (guint i = 0; i < G_N_ELEMENTS (queries); i++)
    type_slowly (&bench, queries[i]);

  gtk_window_destroy (GTK_WINDOW (bench.dialog));
  gtk_window_destroy (GTK_WINDOW (bench.window));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  ui_fixture_tear_down (&bench.base);
  g_array_unref (bench.passed);
  g_array_unref (bench.worked);
  return 0;
}
