/* facet-sidebar.h: the list of conversations, and what computes at its foot.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.
 *
 * Properties (notify): library (nullable), conversation (nullable: the one that is marked).
 *
 * Signals:
 *   ::open (FacetConversation *)    the person chose it; the owner answers by setting :conversation
 *   ::rename (FacetConversation *)
 *   ::delete (FacetConversation *)
 *
 * Actions of its own: sidebar.new-folder, sidebar.show-archive, sidebar.show-trash,
 * sidebar.show-list.  It uses win.new-conversation, win.new-private-conversation,
 * win.archive-conversation, win.duplicate-conversation and win.export-conversation of the window
 * around it; the last three get the id of a conversation. */
#pragma once

#include "facet-compat.h"
#include "facet-library.h"

G_BEGIN_DECLS

#define FACET_TYPE_SIDEBAR (facet_sidebar_get_type ())
G_DECLARE_FINAL_TYPE (FacetSidebar, facet_sidebar, FACET, SIDEBAR, GtkWidget)

FacetSidebar *facet_sidebar_new (void) G_GNUC_WARN_UNUSED_RESULT;

FacetLibrary      *facet_sidebar_get_library (FacetSidebar *self);
void               facet_sidebar_set_library (FacetSidebar *self, FacetLibrary *library);
FacetConversation *facet_sidebar_get_conversation (FacetSidebar *self);
void facet_sidebar_set_conversation (FacetSidebar *self, FacetConversation *conversation);

/* What the window keeps in memory only, of FacetConversation: listed in front; NULL: nothing. */
void facet_sidebar_set_private (FacetSidebar *self, GListModel *conversations);

/* The conversation below (@steps 1) or above (−1) the marked one; the first or the last when none
 * is marked.  (transfer full), NULL: there is none. */
FacetConversation *facet_sidebar_find_neighbour (FacetSidebar *self,
                                                 int           steps) G_GNUC_WARN_UNUSED_RESULT;
/* Scrolls to the marked one. */
void               facet_sidebar_reveal (FacetSidebar *self);

G_END_DECLS
