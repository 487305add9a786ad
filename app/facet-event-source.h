/* facet-event-source.h: what other threads hand to the main context, delivered in order, at most
 * one batch a frame.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A FacetEventSource is a GSource around a GAsyncQueue.  Any thread pushes; @func runs on the
 * context that the source is attached to.  However many items arrive, the context wakes once per
 * @interval: a thousand tokens a second cost one repaint a frame.  The first item after a pause is
 * delivered at once. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _FacetEventSource FacetEventSource;

#define FACET_FRAME_US 16000

/* @item is given to @func, which owns it from then on. */
typedef void (*FacetEventSourceFunc) (gpointer item, gpointer user_data);

/* Attached to @context (NULL: the default one) at once.  @interval: µs between two batches, 0:
 * none.  @free_item frees what is never delivered. */
FacetEventSource *facet_event_source_new (GMainContext        *context,
                                          gint64               interval,
                                          GDestroyNotify       free_item,
                                          FacetEventSourceFunc func,
                                          gpointer             user_data) G_GNUC_WARN_UNUSED_RESULT;
FacetEventSource *facet_event_source_ref (FacetEventSource *self) G_GNUC_WARN_UNUSED_RESULT;
/* The last reference frees what was not delivered. */
void              facet_event_source_unref (FacetEventSource *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetEventSource, facet_event_source_unref)

/* Any thread.  Takes @item, also after facet_event_source_stop (), when it only waits to be freed.
 */
void facet_event_source_push (FacetEventSource *self, gpointer item);
/* On the context's thread: delivers all that waits, now. */
void facet_event_source_drain (FacetEventSource *self);
/* On the context's thread: blocks until something was pushed, and delivers it. */
void facet_event_source_wait (FacetEventSource *self);
/* On the context's thread: @func is never called again, also when stop is called from within it. */
void facet_event_source_stop (FacetEventSource *self);

G_END_DECLS
