/* facet-search-dialog.h: everything that was ever said, as it is searched while one types.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  A window over the one that it is for.  Up and Down choose, Return opens, Esc
 * closes; the focus stays in the entry. */
#pragma once

#include "app/facet-search.h"
#include "facet-compat.h"

G_BEGIN_DECLS

#define FACET_TYPE_SEARCH_DIALOG (facet_search_dialog_get_type ())
G_DECLARE_FINAL_TYPE (FacetSearchDialog, facet_search_dialog, FACET, SEARCH_DIALOG, AdwWindow)

/* Signal ::open (FacetSearchHit *hit, const char *text): the person chose @hit; @text is what was
 * looked for.  The dialog closes. */
FacetSearchDialog *facet_search_dialog_new (GtkWindow    *parent,
                                            FacetLibrary *library) G_GNUC_WARN_UNUSED_RESULT;

/* For tests. */
FacetSearch *facet_search_dialog_get_search (FacetSearchDialog *self);

G_END_DECLS
