/* facet-aside-view.h: what was put aside: the archive, or the trash.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Lies over the list of conversations in the sidebar; sidebar.show-list of the widget
 * around it goes back.
 *
 * Signals, of a conversation of the archive: ::open (FacetConversation *), ::delete
 * (FacetConversation *).  What is done to the trash is done here. */
#pragma once

#include "facet-compat.h"
#include "facet-library.h"

G_BEGIN_DECLS

typedef enum {
  FACET_ASIDE_ARCHIVE,
  FACET_ASIDE_TRASH,
} FacetAside;

#define FACET_TYPE_ASIDE_VIEW (facet_aside_view_get_type ())
G_DECLARE_FINAL_TYPE (FacetAsideView, facet_aside_view, FACET, ASIDE_VIEW, GtkWidget)

void facet_aside_view_show (FacetAsideView *self, FacetLibrary *library, FacetAside which);

G_END_DECLS
