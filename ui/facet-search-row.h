/* facet-search-row.h: a hit in the list of what was found.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#pragma once

#include "app/facet-search-hit.h"
#include "facet-compat.h"

G_BEGIN_DECLS

#define FACET_TYPE_SEARCH_ROW (facet_search_row_get_type ())
G_DECLARE_FINAL_TYPE (FacetSearchRow, facet_search_row, FACET, SEARCH_ROW, GtkWidget)

GtkWidget *facet_search_row_new (void) G_GNUC_WARN_UNUSED_RESULT;
/* NULL: none. */
void       facet_search_row_set_hit (FacetSearchRow *self, FacetSearchHit *hit);

G_END_DECLS
