/* test-sound-ring.c: order, the wrap, what is lost, and two threads.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-sound-ring"

#include "app/facet-sound-ring.h"

#define N_SAMPLES 4000000 /* exact in a float */

static void
test_order_and_wrap (void)
{
  g_autoptr (FacetSoundRing) ring = facet_sound_ring_new (100); /* 128 */
  float buffer[128];
  float next_in = 0;
  float next_out = 0;

  for (int round = 0; round < 1000; round++) {
    gsize n = 1 + (gsize)g_test_rand_int_range (0, 100);

    for (gsize i = 0; i < n; i++)
      buffer[i] = next_in++;
    g_assert_cmpuint (facet_sound_ring_write (ring, buffer, n), ==, n);
    g_assert_cmpuint (facet_sound_ring_get_written (ring), ==, (guint64)next_in);
    n = facet_sound_ring_read (ring, buffer, G_N_ELEMENTS (buffer));
    for (gsize i = 0; i < n; i++)
      g_assert_cmpfloat (buffer[i], ==, next_out++);
    g_assert_cmpfloat (next_in, ==, next_out);
  }
  g_assert_cmpuint (facet_sound_ring_read (ring, buffer, 1), ==, 0);
  g_assert_cmpuint (facet_sound_ring_get_lost (ring), ==, 0);
}

/* The newest is what is lost, and it has no position. */
static void
test_full (void)
{
  g_autoptr (FacetSoundRing) ring = facet_sound_ring_new (8);
  const float in[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  float       out[10];

  g_assert_cmpuint (facet_sound_ring_write (ring, in, 10), ==, 8);
  g_assert_cmpuint (facet_sound_ring_get_lost (ring), ==, 2);
  g_assert_cmpuint (facet_sound_ring_get_written (ring), ==, 8);
  g_assert_cmpuint (facet_sound_ring_write (ring, in, 1), ==, 0);
  g_assert_cmpuint (facet_sound_ring_get_lost (ring), ==, 3);
  g_assert_cmpuint (facet_sound_ring_read (ring, out, 3), ==, 3);
  g_assert_cmpfloat (out[2], ==, 2);
  g_assert_cmpuint (facet_sound_ring_write (ring, in, 3), ==, 3);
  g_assert_cmpuint (facet_sound_ring_read (ring, out, 10), ==, 8);
  g_assert_cmpfloat (out[4], ==, 7);
  g_assert_cmpfloat (out[5], ==, 0);
  g_assert_cmpfloat (out[7], ==, 2);
}

static void
test_skip (void)
{
  g_autoptr (FacetSoundRing) ring = facet_sound_ring_new (8);
  const float in[] = {0, 1, 2, 3, 4, 5};
  float       out;

  facet_sound_ring_write (ring, in, 6);
  facet_sound_ring_skip_to (ring, 4);
  g_assert_cmpuint (facet_sound_ring_get_read (ring), ==, 4);
  facet_sound_ring_skip_to (ring, 2); /* never back */
  g_assert_cmpuint (facet_sound_ring_read (ring, &out, 1), ==, 1);
  g_assert_cmpfloat (out, ==, 4);
  facet_sound_ring_skip_to (ring, 100); /* nor beyond what there is */
  g_assert_cmpuint (facet_sound_ring_get_read (ring), ==, 6);
}

/* Nothing is lost: what found no room is offered again. */
static gpointer
producer (gpointer user_data)
{
  FacetSoundRing *ring = user_data;
  float           block[480];
  gsize           sent = 0;

  while (sent < N_SAMPLES) {
    gsize n = MIN (G_N_ELEMENTS (block), N_SAMPLES - sent);

    for (gsize i = 0; i < n; i++)
      block[i] = (float)(sent + i);
    n = facet_sound_ring_write (ring, block, n);
    sent += n;
    if (n == 0)
      g_thread_yield ();
  }
  return NULL;
}

static void
test_two_threads (void)
{
  g_autoptr (FacetSoundRing) ring = facet_sound_ring_new (4096);
  GThread *thread = g_thread_new ("producer", producer, ring);
  float    block[333];
  gsize    received = 0;

  while (received < N_SAMPLES) {
    gsize n = facet_sound_ring_read (ring, block, G_N_ELEMENTS (block));

    for (gsize i = 0; i < n; i++)
      if (block[i] != (float)(received + i))
        g_error ("sample %zu is %g", received + i, (double)block[i]);
    received += n;
    if (n == 0)
      g_thread_yield ();
  }
  g_thread_join (thread);
  g_assert_cmpuint (facet_sound_ring_get_written (ring), ==, N_SAMPLES);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sound-ring/order-and-wrap", test_order_and_wrap);
  g_test_add_func ("/sound-ring/full", test_full);
  g_test_add_func ("/sound-ring/skip", test_skip);
  g_test_add_func ("/sound-ring/two-threads", test_two_threads);
  return g_test_run ();
}
