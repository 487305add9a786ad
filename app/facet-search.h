/* facet-search.h: what is found while a person types: a GListModel of FacetSearchHit.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread; the work is done on the store's reading thread.  The newest text wins: what an older
 * one would still find is given up at once and never shown.  Until the new hits are there the old
 * ones stay. */
#pragma once

#include "facet-library.h"
#include "facet-search-hit.h"

G_BEGIN_DECLS

#define FACET_TYPE_SEARCH (facet_search_get_type ())
G_DECLARE_FINAL_TYPE (FacetSearch, facet_search, FACET, SEARCH, GObject)

/* Property (notify): searching (boolean).
 * Signal ::answered: hits, numbers and error are those of the text. */
FacetSearch *facet_search_new (FacetLibrary *library) G_GNUC_WARN_UNUSED_RESULT;

/* Any text, of any length; white space alone finds nothing, at once. */
void                    facet_search_set_text (FacetSearch *self, const char *text);
/* What the hits are of; borrowed, never NULL. */
const FacetSearchQuery *facet_search_get_query (FacetSearch *self);
gboolean                facet_search_get_searching (FacetSearch *self);
/* Messages and attachments that were found, shown or not; @more: there are more than that. */
guint                   facet_search_get_n_found (FacetSearch *self, gboolean *more);
/* Why there is no answer; NULL: there is one. */
const char             *facet_search_get_error (FacetSearch *self);

G_END_DECLS
