/* facet-announcer.h: says something to those who use a screen reader.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  An invisible widget that belongs to what it speaks for. */
#pragma once

#include "facet-compat.h"

G_BEGIN_DECLS

#define FACET_TYPE_ANNOUNCER (facet_announcer_get_type ())
G_DECLARE_FINAL_TYPE (FacetAnnouncer, facet_announcer, FACET, ANNOUNCER, GtkWidget)

/* Waits for a pause in what is being said. */
void        facet_announcer_say (FacetAnnouncer *self, const char *text);
/* What was said last, "" at first. */
const char *facet_announcer_get_text (FacetAnnouncer *self);

G_END_DECLS
