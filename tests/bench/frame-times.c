/* frame-times.c: how long the frames of a window take, while something is done in it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "frame-times"

#include "config.h"

#include <time.h>

#include "frame-times.h"

#define BAR_MS 16.0

struct _FrameTimes {
  GtkWidget *window;
  GArray    *frames; /* of double, ms */
  GArray    *work;   /* the same, of the processor */
  double     began, work_began;
  guint      n_frames;
  FrameFunc  func;
  gpointer   data;
};

static double
milliseconds (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void
before_paint_cb (GdkFrameClock *clock, FrameTimes *self)
{
  self->began = milliseconds (CLOCK_MONOTONIC);
  self->work_began = milliseconds (CLOCK_THREAD_CPUTIME_ID);
}

static void
after_paint_cb (GdkFrameClock *clock, FrameTimes *self)
{
  double ms = milliseconds (CLOCK_MONOTONIC) - self->began;
  double work = milliseconds (CLOCK_THREAD_CPUTIME_ID) - self->work_began;

  g_array_append_val (self->frames, ms);
  g_array_append_val (self->work, work);
}

static int
compare_doubles (gconstpointer a, gconstpointer b)
{
  double x = *(const double *)a, y = *(const double *)b;

  return x < y ? -1 : x > y;
}

static void
print_times (GArray *times)
{
  guint over = 0;

  g_array_sort (times, compare_doubles);
  for (guint i = 0; i < times->len; i++)
    over += g_array_index (times, double, i) > BAR_MS;
  g_print ("  %5.1f %5.1f %5.1f %4u", g_array_index (times, double, times->len / 2),
           g_array_index (times, double, (guint)((times->len - 1) * 0.99)),
           g_array_index (times, double, times->len - 1), over);
  g_array_set_size (times, 0);
}

void
frame_times_print_head (void)
{
  g_print ("%-34s %5s  %-22s  %-22s\n%-40s  median  p99   max  >16  median  p99   max  >16\n", "",
           "", "frame, ms", "of that at work, ms", "");
}

void
frame_times_reset (FrameTimes *self)
{
  g_array_set_size (self->frames, 0);
  g_array_set_size (self->work, 0);
}

void
frame_times_report (FrameTimes *self, const char *what)
{
  g_print ("%-34s %5u", what, self->frames->len);
  if (self->frames->len > 0) {
    print_times (self->frames);
    print_times (self->work);
  }
  g_print ("\n");
}

static gboolean
step_cb (GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  FrameTimes *self = data;

  self->n_frames++;
  if (self->func != NULL)
    self->func (self->data, self->n_frames);
  return G_SOURCE_CONTINUE;
}

void
frame_times_measure (FrameTimes *self,
                     const char *what,
                     double      seconds,
                     FrameFunc   func,
                     gpointer    data)
{
  gint64 end = g_get_monotonic_time () + (gint64)(seconds * G_USEC_PER_SEC);
  guint  tick;

  frame_times_reset (self);
  self->n_frames = 0;
  self->func = func;
  self->data = data;
  tick = gtk_widget_add_tick_callback (self->window, step_cb, self, NULL);
  while (g_get_monotonic_time () < end)
    g_main_context_iteration (NULL, TRUE);
  gtk_widget_remove_tick_callback (self->window, tick);
  frame_times_report (self, what);
}

FrameTimes *
frame_times_new (GtkWidget *window)
{
  FrameTimes    *self = g_new0 (FrameTimes, 1);
  GdkFrameClock *clock = gtk_widget_get_frame_clock (window);

  self->window = window;
  self->frames = g_array_new (FALSE, FALSE, sizeof (double));
  self->work = g_array_new (FALSE, FALSE, sizeof (double));
  g_signal_connect (clock, "before-paint", G_CALLBACK (before_paint_cb), self);
  g_signal_connect_after (clock, "after-paint", G_CALLBACK (after_paint_cb), self);
  return self;
}

void
frame_times_free (FrameTimes *self)
{
  g_signal_handlers_disconnect_by_data (gtk_widget_get_frame_clock (self->window), self);
  g_array_unref (self->frames);
  g_array_unref (self->work);
  g_free (self);
}
