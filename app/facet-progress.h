/* facet-progress.h: how far a long job is, from its thread to whoever looks.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any thread.  The job writes, the window reads whenever it likes: nobody is called, so nobody has
 * to be there. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  gint done, total; /* of whatever the job counts; total 0: not known yet */
} FacetProgress;

static inline FacetProgress *
facet_progress_new (void)
{
  return g_atomic_rc_box_new0 (FacetProgress);
}

static inline FacetProgress *
facet_progress_ref (FacetProgress *self)
{
  return g_atomic_rc_box_acquire (self);
}

static inline void
facet_progress_unref (FacetProgress *self)
{
  g_atomic_rc_box_release (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetProgress, facet_progress_unref)

/* @self may be NULL: nobody looks. */
static inline void
facet_progress_set (FacetProgress *self, guint done, guint total)
{
  if (self == NULL)
    return;
  g_atomic_int_set (&self->total, (gint)total);
  g_atomic_int_set (&self->done, (gint)done);
}

/* 0 to 1; 0 while nothing is known. */
static inline double
facet_progress_get (FacetProgress *self)
{
  gint total = g_atomic_int_get (&self->total);

  return total > 0 ? CLAMP (g_atomic_int_get (&self->done) / (double)total, 0, 1) : 0;
}

G_END_DECLS
