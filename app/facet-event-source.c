/* facet-event-source.c: the way back to the main thread.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * push () runs on any thread and touches only the queue and the context's wake-up; everything else
 * belongs to the context's own thread.  Does not know what the items are. */
#define G_LOG_DOMAIN "facet-event-source"

#include "facet-event-source.h"

struct _FacetEventSource {
  GSource              source;
  GAsyncQueue         *queue;
  GMainContext        *context;
  gint64               interval;
  gint64               last_batch; /* monotonic µs */
  gboolean             stopped;
  FacetEventSourceFunc func;
  gpointer             user_data;
};

/* Whether a batch is due; otherwise how long to sleep, in ms (−1: until someone pushes). */
static gboolean
batch_is_due (FacetEventSource *self, int *timeout)
{
  gint64 wait;

  *timeout = -1;
  if (g_async_queue_length (self->queue) <= 0)
    return FALSE;
  wait = self->last_batch + self->interval - g_source_get_time (&self->source);
  if (wait <= 0)
    return TRUE;
  *timeout = (int)((wait + 999) / 1000);
  return FALSE;
}

static gboolean
event_source_prepare (GSource *source, int *timeout)
{
  return batch_is_due ((FacetEventSource *)source, timeout);
}

static gboolean
event_source_check (GSource *source)
{
  int timeout;

  return batch_is_due ((FacetEventSource *)source, &timeout);
}

/* Only what waits now: a producer that never pauses must not keep the main loop. */
static void
deliver (FacetEventSource *self)
{
  int n = g_async_queue_length (self->queue);

  for (; n > 0 && !self->stopped; n--) {
    gpointer item = g_async_queue_try_pop (self->queue);

    if (item == NULL)
      break;
    self->func (item, self->user_data);
  }
}

static gboolean
event_source_dispatch (GSource *source, GSourceFunc unused, gpointer user_data)
{
  FacetEventSource *self = (FacetEventSource *)source;

  self->last_batch = g_source_get_time (source);
  deliver (self);
  return G_SOURCE_CONTINUE;
}

static void
event_source_finalize (GSource *source)
{
  FacetEventSource *self = (FacetEventSource *)source;

  g_async_queue_unref (self->queue);
  g_main_context_unref (self->context);
}

static GSourceFuncs event_source_funcs = {
    .prepare = event_source_prepare,
    .check = event_source_check,
    .dispatch = event_source_dispatch,
    .finalize = event_source_finalize,
};

FacetEventSource *
facet_event_source_new (GMainContext        *context,
                        gint64               interval,
                        GDestroyNotify       free_item,
                        FacetEventSourceFunc func,
                        gpointer             user_data)
{
  GSource          *source = g_source_new (&event_source_funcs, sizeof (FacetEventSource));
  FacetEventSource *self = (FacetEventSource *)source;

  self->queue = g_async_queue_new_full (free_item);
  self->context = g_main_context_ref (context != NULL ? context : g_main_context_default ());
  self->interval = interval;
  self->func = func;
  self->user_data = user_data;
  g_source_set_static_name (source, "Facet events");
  g_source_attach (source, self->context);
  return self;
}

FacetEventSource *
facet_event_source_ref (FacetEventSource *self)
{
  return (FacetEventSource *)g_source_ref (&self->source);
}

void
facet_event_source_unref (FacetEventSource *self)
{
  g_source_unref (&self->source);
}

void
facet_event_source_push (FacetEventSource *self, gpointer item)
{
  g_async_queue_lock (self->queue);
  g_async_queue_push_unlocked (self->queue, item);
  /* The context already knows of the items before this one. */
  if (g_async_queue_length_unlocked (self->queue) == 1)
    g_main_context_wakeup (self->context);
  g_async_queue_unlock (self->queue);
}

void
facet_event_source_drain (FacetEventSource *self)
{
  g_autoptr (FacetEventSource) keep = facet_event_source_ref (self);

  while (!keep->stopped && g_async_queue_length (keep->queue) > 0)
    deliver (keep);
}

void
facet_event_source_wait (FacetEventSource *self)
{
  gpointer item = g_async_queue_pop (self->queue);

  self->func (item, self->user_data);
}

void
facet_event_source_stop (FacetEventSource *self)
{
  self->stopped = TRUE;
  g_source_destroy (&self->source);
}
