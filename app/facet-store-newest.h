/* facet-store-newest.h: messages by when they were written, the newest first.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Ids grow as messages are stored, which is nearly the order in which they were written: but what
 * is imported was written long before, and a copy keeps the times of what it is a copy of.  On the
 * thread that owns the connection. */
#pragma once

#include "facet-store-db.h"

G_BEGIN_DECLS

/* FacetTimes: when each message was written, as far as a connection has read. */
FacetTimes *facet_times_new (void) G_GNUC_WARN_UNUSED_RESULT;
void        facet_times_free (FacetTimes *self);
/* Reads what was stored since the last time. */
gboolean    facet_times_update (FacetTimes *self, FacetDb *db, GError **error);
/* In µs since 1970, and not later than when it was first read here. */
gint64      facet_times_get (const FacetTimes *self, gint64 message);

/* Puts ids that come in descending order into the order of time, and reads no more of them than it
 * must: those that are stored in order are given as they come. */
typedef struct _FacetNewest FacetNewest;

/* Gives the next id, lower than the one before; FALSE: there are no more, or @error. */
typedef gboolean (*FacetNewestFunc) (gpointer user_data, gint64 *message, GError **error);

FacetNewest *facet_newest_new (const FacetTimes *times,
                               FacetNewestFunc   next,
                               gpointer          user_data) G_GNUC_WARN_UNUSED_RESULT;
void         facet_newest_free (FacetNewest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetNewest, facet_newest_free)
gboolean facet_newest_next (FacetNewest *self, gint64 *message, gint64 *when, GError **error);

G_END_DECLS
