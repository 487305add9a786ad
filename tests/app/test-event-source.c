/* test-event-source.c: order, one batch a frame, and an end while items wait.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-event-source"

#include "app/facet-event-source.h"

#define N_ITEMS 5000

typedef struct {
  FacetEventSource *source;
  int               n_items;
  int               next; /* the item that must come now */
  int               n_batches;
  gint64            last_batch;
  gint64            shortest_gap;
  int               stop_at;
} Fixture;

static int n_alive; /* items that were made and not freed */

static gpointer
item_new (int value)
{
  int *item = g_new (int, 1);

  *item = value;
  g_atomic_int_inc (&n_alive);
  return item;
}

static void
item_free (gpointer item)
{
  g_atomic_int_add (&n_alive, -1);
  g_free (item);
}

static void
item_cb (gpointer data, gpointer user_data)
{
  Fixture *f = user_data;
  GSource *source = (GSource *)f->source;
  gint64   now = g_source_get_time (source); /* the same for a whole batch */

  g_assert_cmpint (*(int *)data, ==, f->next);
  f->next++;
  if (now != f->last_batch) {
    if (f->last_batch > 0)
      f->shortest_gap = MIN (f->shortest_gap, now - f->last_batch);
    f->last_batch = now;
    f->n_batches++;
  }
  item_free (data);
  if (f->next == f->stop_at)
    facet_event_source_stop (f->source);
}

static gpointer
producer (gpointer user_data)
{
  Fixture *f = user_data;

  for (int i = 0; i < f->n_items; i++) {
    facet_event_source_push (f->source, item_new (i));
    if (i % 25 == 24)
      g_usleep (1000);
  }
  return NULL;
}

static void
fixture_init (Fixture *f, gint64 interval)
{
  *f = (Fixture){.shortest_gap = G_MAXINT64, .n_items = N_ITEMS, .stop_at = -1};
  f->source = facet_event_source_new (NULL, interval, item_free, item_cb, f);
}

static void
test_order_and_rate (void)
{
  Fixture  f;
  GThread *thread;
  gint64   began;
  gint64   took;

  fixture_init (&f, FACET_FRAME_US);
  began = g_get_monotonic_time ();
  thread = g_thread_new ("producer", producer, &f);
  while (f.next < N_ITEMS)
    g_main_context_iteration (NULL, TRUE);
  took = g_get_monotonic_time () - began;
  g_thread_join (thread);

  g_test_message ("%d items in %d batches, %.0f ms", N_ITEMS, f.n_batches, (double)took / 1000);
  g_assert_cmpint (f.shortest_gap, >=, FACET_FRAME_US);
  g_assert_cmpint (f.n_batches, <=, took / FACET_FRAME_US + 1);
  g_assert_cmpint (f.n_batches, >, 1);
  facet_event_source_stop (f.source);
  facet_event_source_unref (f.source);
  g_assert_cmpint (g_atomic_int_get (&n_alive), ==, 0);
}

/* The first item after a pause does not wait for a frame. */
static void
test_first_is_prompt (void)
{
  Fixture f;
  gint64  began;

  fixture_init (&f, 10 * G_USEC_PER_SEC);
  began = g_get_monotonic_time ();
  facet_event_source_push (f.source, item_new (0));
  while (f.next < 1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (g_get_monotonic_time () - began, <, 5 * G_USEC_PER_SEC);

  /* The next one would, unless it is asked for. */
  facet_event_source_push (f.source, item_new (1));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpint (f.next, ==, 1);
  facet_event_source_drain (f.source);
  g_assert_cmpint (f.next, ==, 2);
  facet_event_source_stop (f.source);
  facet_event_source_unref (f.source);
}

static void
test_stop_from_within (void)
{
  Fixture f;

  fixture_init (&f, 0);
  f.stop_at = 3;
  for (int i = 0; i < 10; i++)
    facet_event_source_push (f.source, item_new (i));
  for (int i = 0; i < 10; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpint (f.next, ==, 3);
  facet_event_source_drain (f.source);
  g_assert_cmpint (f.next, ==, 3);
  facet_event_source_unref (f.source);
  g_assert_cmpint (g_atomic_int_get (&n_alive), ==, 0);
}

/* The owner goes away while the other thread still pushes. */
static void
test_stop_while_pushing (void)
{
  for (int round = 0; round < 20; round++) {
    Fixture  f;
    GThread *thread;

    fixture_init (&f, 0);
    f.n_items = 500;
    thread = g_thread_new ("producer", producer, &f);
    while (f.next < 10 * round)
      g_main_context_iteration (NULL, TRUE);
    facet_event_source_stop (f.source);
    g_thread_join (thread);
    g_assert_cmpint (f.next, <=, f.n_items);
    facet_event_source_unref (f.source);
    g_assert_cmpint (g_atomic_int_get (&n_alive), ==, 0);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/event-source/order-and-rate", test_order_and_rate);
  g_test_add_func ("/event-source/first-is-prompt", test_first_is_prompt);
  g_test_add_func ("/event-source/stop-from-within", test_stop_from_within);
  g_test_add_func ("/event-source/stop-while-pushing", test_stop_while_pushing);
  return g_test_run ();
}
