/* facet-search-snippet.h: the part of a long text that shows best what was found in it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure, any thread. */
#pragma once

#include "facet-search-query.h"

G_BEGIN_DECLS

/* One line of @text, valid UTF-8, of some hundred characters, around the places of @query of which
 * most lie close together, with "…" where something is left out.  Markdown's emphasis and white
 * space of any length are left out, too.  @ranges (transfer full): of FacetTextRange, in the line.
 * @inside: as in facet_search_query_find ().  (transfer full) */
char *facet_search_snippet_new (const FacetSearchQuery *query,
                                const char             *text,
                                gboolean                inside,
                                GArray                **ranges) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
