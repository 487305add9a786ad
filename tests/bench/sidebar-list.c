/* sidebar-list.c: the list of conversations with very many of them: how soon it is there, and its
 * frames while it is scrolled.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 *   xvfb-run -a -s '-screen 0 1280x800x24 -nolisten tcp' dbus-run-session -- \
 *     sidebar-list [CONVERSATIONS [SECONDS]]                                      (10000, 5)
 *
 * Draws with GTK's software renderer.  A tenth of the conversations is in twenty folders, one in a
 * hundred is pinned, the others are spread over three years.  Not a test: the machine decides.
 * (2 cores, EPYC, with a load of 14: listed with 13 ms of work, shown with 207, most of it the 200
 * rows that GtkListView of GTK 4.8 makes at least; work per frame, median and most: scrolling
 * slowly 1.9 and 3 ms, fast 3.6 and 6, jumping anywhere 0.1 and 36, where all of these rows
 * change.) */
#define G_LOG_DOMAIN "sidebar-list"

#include "config.h"

#include <stdlib.h>
#include <time.h>

#include "facet-sidebar.h"
#include "frame-times.h"
#include "ui-fixture.h"

#define N_FOLDERS 20
#define YEARS_US  ((gint64)3 * 365 * 24 * G_TIME_SPAN_HOUR)

typedef struct {
  UiFixture      base;
  GtkWidget     *window;
  FacetSidebar  *sidebar;
  GtkAdjustment *adjustment;
  FrameTimes    *times;
  GRand         *rand;
} Bench;

/* As in frame-times.h: what passes, and what of it the main thread works. */
typedef struct {
  gint64 began, work_began;
} Watch;

static gint64
get_work (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static Watch
watch_begin (void)
{
  return (Watch){g_get_monotonic_time (), get_work ()};
}

static void
watch_report (const Watch *watch, const char *what)
{
  g_print ("%-34s %7.1f ms, %.1f at work\n", what,
           (double)(g_get_monotonic_time () - watch->began) / 1000,
           (double)(get_work () - watch->work_began) / 1000);
}

static void
wheel_down (gpointer data, guint frame)
{
  GtkAdjustment *adjustment = ((Bench *)data)->adjustment;

  gtk_adjustment_set_value (adjustment, gtk_adjustment_get_value (adjustment) + 40);
}

static void
fling_down (gpointer data, guint frame)
{
  GtkAdjustment *adjustment = ((Bench *)data)->adjustment;

  gtk_adjustment_set_value (adjustment, gtk_adjustment_get_value (adjustment) + 400);
}

static void
jump (gpointer data, guint frame)
{
  Bench *bench = data;

  if (frame % 4 == 0)
    gtk_adjustment_set_value (bench->adjustment,
                              g_rand_double_range (bench->rand, 0,
                                                   gtk_adjustment_get_upper (bench->adjustment)));
}

static void
fill (Bench *bench, guint n)
{
  g_autofree UiConversation *rows = g_new (UiConversation, n);
  gint64                     now = g_get_real_time ();

  for (guint i = 0; i < n; i++)
    rows[i] = (UiConversation){"A conversation about something or other",
                               now - (gint64)(YEARS_US / n) * i, i % 100 == 7};
  ui_fixture_set_up (&bench->base, rows, n);
  for (guint i = 0; i < N_FOLDERS; i++) {
    g_autofree char *name = g_strdup_printf ("Folder %u", i + 1);
    FacetFolder     *folder = facet_library_add_folder (bench->base.library, name);

    for (guint k = 0; k < n / 10 / N_FOLDERS; k++) {
      g_autoptr (FacetConversation) last =
          g_list_model_get_item (G_LIST_MODEL (bench->base.library), n - 1);

      facet_library_put_in_folder (bench->base.library, last, folder);
    }
  }
}

static void
show (Bench *bench)
{
  Watch      watch = watch_begin ();
  GtkWidget *scroller;

  ui_fixture_reopen (&bench->base);
  watch_report (&watch, "library opened and listed");
  bench->sidebar = facet_sidebar_new ();
  bench->window = gtk_window_new ();
  gtk_window_set_default_size (GTK_WINDOW (bench->window), 280, 720);
  gtk_window_set_child (GTK_WINDOW (bench->window), GTK_WIDGET (bench->sidebar));
  gtk_window_present (GTK_WINDOW (bench->window));
  gtk_test_widget_wait_for_draw (bench->window);
  watch = watch_begin ();
  facet_sidebar_set_library (bench->sidebar, bench->base.library);
  gtk_test_widget_wait_for_draw (bench->window);
  watch_report (&watch, "list shown");
  scroller =
      gtk_widget_get_ancestor (ui_find (GTK_WIDGET (bench->sidebar), GTK_TYPE_LIST_VIEW, NULL),
                               GTK_TYPE_SCROLLED_WINDOW);
  bench->adjustment = gtk_scrolled_window_get_vadjustment (GTK_SCROLLED_WINDOW (scroller));
}

/* What an answer in an old conversation does to the list. */
static void
move_one (Bench *bench)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (bench->base.library));
  Watch watch;
  g_autoptr (FacetConversation) last =
      g_list_model_get_item (G_LIST_MODEL (bench->base.library), n - 1);

  watch = watch_begin ();
  facet_conversation_set_pinned (last, TRUE);
  watch_report (&watch, "the last one moves to the top");
}

int
main (int argc, char **argv)
{
  guint  n = argc > 1 ? (guint)atoi (argv[1]) : 10000;
  double seconds = argc > 2 ? atof (argv[2]) : 5;
  Bench  bench = {0};

  g_setenv ("GSK_RENDERER", "cairo", TRUE);
  g_setenv ("GDK_BACKEND", "x11", FALSE);
  g_setenv ("GTK_A11Y", "none", FALSE);
  ui_test_init (&argc, &argv);
  bench.rand = g_rand_new_with_seed (1);
  fill (&bench, n);
  g_print ("%u conversations, %d folders\n", n, N_FOLDERS);
  show (&bench);
  bench.times = frame_times_new (bench.window);
  frame_times_print_head ();
  frame_times_measure (bench.times, "scrolling slowly", seconds, wheel_down, &bench);
  frame_times_measure (bench.times, "scrolling fast", seconds, fling_down, &bench);
  frame_times_measure (bench.times, "jumping anywhere", seconds, jump, &bench);
  move_one (&bench);

  frame_times_free (bench.times);
  gtk_window_destroy (GTK_WINDOW (bench.window));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  ui_fixture_tear_down (&bench.base);
  g_rand_free (bench.rand);
  return 0;
}
