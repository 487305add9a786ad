/* facet-sidebar-private.h: what the files of FacetSidebar share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "facet-aside-view.h"
#include "facet-model-badge.h"
#include "facet-sections.h"
#include "facet-sidebar.h"
#include "facet-sidebar-row.h"

G_BEGIN_DECLS

struct _FacetSidebar {
  GtkWidget parent_instance;

  GtkWidget       *root;
  GtkStack        *pages; /* the conversations, or what was put aside */
  GtkStack        *stack;
  GtkListView     *list_view;
  GtkPopoverMenu  *menu;
  FacetModelBadge *badge;
  FacetAsideView  *aside;

  FacetLibrary      *library;
  FacetConversation *conversation;
  GListModel *private;              /* of FacetConversation: kept in memory only; NULL: none */
  GListStore         *private_rows; /* these with their heading */
  FacetSections      *sections;
  GListModel         *rows; /* both, one after the other */
  GtkSingleSelection *selection;
  FacetConversation  *menu_conversation; /* whose menu is open; or: */
  FacetFolder        *menu_folder;
  guint               changing; /* the list is changing: selections are not the person's */
  guint               day_source;
  int                 day;
};

typedef enum {
  FACET_SIDEBAR_OPEN,
  FACET_SIDEBAR_RENAME,
  FACET_SIDEBAR_DELETE,
  FACET_SIDEBAR_N_SIGNALS,
} FacetSidebarSignal;

/* facet-sidebar.c */
void facet_sidebar_emit (FacetSidebar      *self,
                         FacetSidebarSignal signal,
                         FacetConversation *conversation);
void facet_sidebar_toggle (FacetSidebar *self, FacetFolder *folder);

/* facet-sidebar-menu.c */
void     facet_sidebar_class_init_menu (GtkWidgetClass *widget_class);
/* The menu of @row, at a point of it. */
void     facet_sidebar_open_menu (FacetSidebar *self, FacetSidebarRow *row, double x, double y);
/* @dropped, a conversation or a folder, is put where @row is. */
gboolean facet_sidebar_drop (FacetSidebar *self, FacetSidebarRow *row, GObject *dropped);
/* The states of row.pinned and row.folder. */
gboolean facet_sidebar_get_menu_pinned (FacetSidebar *self);
void     facet_sidebar_set_menu_pinned (FacetSidebar *self, gboolean pinned);
char    *facet_sidebar_dup_menu_folder (FacetSidebar *self);
void     facet_sidebar_set_menu_folder (FacetSidebar *self, const char *id);

G_END_DECLS
