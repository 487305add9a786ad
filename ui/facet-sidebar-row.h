/* facet-sidebar-row.h: one line of the sidebar: a heading, a folder, or a conversation.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Rows are recycled: what they show is set again and again.
 *
 * Signals:
 *   ::menu (double x, double y)  the person asks for the menu of this conversation or folder, at a
 *                                point of this row
 *   ::toggle                     … to fold or unfold this folder
 *   ::dropped (GObject *) → gboolean  a FacetConversation or a FacetFolder was dropped on it */
#pragma once

#include "facet-compat.h"
#include "facet-conversation.h"
#include "facet-sections.h"

G_BEGIN_DECLS

#define FACET_TYPE_SIDEBAR_ROW (facet_sidebar_row_get_type ())
G_DECLARE_FINAL_TYPE (FacetSidebarRow, facet_sidebar_row, FACET, SIDEBAR_ROW, GtkWidget)

FacetSidebarRow *facet_sidebar_row_new (void) G_GNUC_WARN_UNUSED_RESULT;

/* NULL: a heading, or nothing. */
FacetConversation *facet_sidebar_row_get_conversation (FacetSidebarRow *self);
/* NULL: a conversation, another heading, or nothing. */
FacetFolder       *facet_sidebar_row_get_folder (FacetSidebarRow *self);
gpointer           facet_sidebar_row_get_item (FacetSidebarRow *self);
/* @item: a FacetConversation, a FacetSection or NULL. */
void               facet_sidebar_row_set_item (FacetSidebarRow *self, gpointer item);

G_END_DECLS
