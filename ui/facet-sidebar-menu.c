/* facet-sidebar-menu.c: what can be done to a row of the sidebar: by its menu, by keys, by dropping
 * something on it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The menu is made for the row when it is opened.  What concerns the whole window
 * (what is shown then, what can be undone) are actions of the window, which get the id. */
#define G_LOG_DOMAIN "facet-sidebar"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-name-dialog.h"
#include "facet-sidebar-private.h"

/* The menu */

static void
append_with_id (GMenu *menu, const char *label, const char *action, gint64 id)
{
  g_autoptr (GMenuItem) item = g_menu_item_new (label, NULL);

  g_menu_item_set_action_and_target (item, action, "x", id);
  g_menu_item_set_attribute (item, "hidden-when", "s", "action-missing");
  g_menu_append_item (menu, item);
}

static void
append_folder (GMenu *menu, const char *name, gint64 id)
{
  g_autoptr (GMenuItem) item = NULL;
  g_autofree char *target = g_strdup_printf ("%" G_GINT64_FORMAT, id);
  /* An underscore in a name is no mnemonic. */
  g_auto (GStrv) parts = g_strsplit (name, "_", -1);
  g_autofree char *label = g_strjoinv ("__", parts);

  item = g_menu_item_new (label, NULL);
  g_menu_item_set_action_and_target (item, "row.folder", "s", target);
  g_menu_append_item (menu, item);
}

static GMenuModel *
make_folders_menu (FacetSidebar *self)
{
  GListModel *folders = facet_library_get_folders (self->library);
  GMenu      *menu = g_menu_new ();
  g_autoptr (GMenu) named = g_menu_new ();
  g_autoptr (GMenu) others = g_menu_new ();

  for (guint i = 0; i < g_list_model_get_n_items (folders); i++) {
    g_autoptr (FacetFolder) folder = g_list_model_get_item (folders, i);

    append_folder (named, facet_folder_get_name (folder), facet_folder_get_id (folder));
  }
  append_folder (others, _ ("No Folder"), 0);
  g_menu_append (others, _ ("_New Folder…"), "row.new-folder");
  g_menu_append_section (menu, NULL, G_MENU_MODEL (named));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (others));
  return G_MENU_MODEL (menu);
}

static GMenuModel *
make_conversation_menu (FacetSidebar *self)
{
  gboolean private = facet_conversation_is_private (self->menu_conversation);
  gint64 id = facet_conversation_get_id (self->menu_conversation);
  GMenu *menu = g_menu_new ();
  g_autoptr (GMenu) own = g_menu_new ();
  g_autoptr (GMenu) whole = g_menu_new ();
  g_autoptr (GMenu) end = g_menu_new ();

  g_menu_append (own, _ ("_Rename…"), "row.rename");
  if (!private) {
    g_autoptr (GMenuModel) folders = make_folders_menu (self);

    g_menu_append (own, _ ("_Pinned"), "row.pinned");
    g_menu_append_submenu (own, _ ("_Move to Folder"), folders);
    append_with_id (whole, _ ("D_uplicate"), "win.duplicate-conversation", id);
  }
  if (id != 0)
    append_with_id (whole, _ ("_Export…"), "win.export-conversation", id);
  if (!private)
    append_with_id (whole, _ ("_Archive"), "win.archive-conversation", id);
  g_menu_append (end, private ? _ ("_Forget Now") : _ ("_Delete"), "row.delete");
  g_menu_append_section (menu, NULL, G_MENU_MODEL (own));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (whole));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (end));
  return G_MENU_MODEL (menu);
}

static GMenuModel *
make_folder_menu (void)
{
  GMenu *menu = g_menu_new ();
  g_autoptr (GMenu) own = g_menu_new ();
  g_autoptr (GMenu) end = g_menu_new ();

  g_menu_append (own, _ ("_Rename…"), "row.rename");
  g_menu_append (own, _ ("Move _Up"), "folder.up");
  g_menu_append (own, _ ("Move _Down"), "folder.down");
  g_menu_append (end, _ ("_Delete Folder…"), "row.delete");
  g_menu_append_section (menu, NULL, G_MENU_MODEL (own));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (end));
  return G_MENU_MODEL (menu);
}

static guint
find_folder (FacetSidebar *self, FacetFolder *folder)
{
  guint place = GTK_INVALID_LIST_POSITION;

  g_list_store_find (G_LIST_STORE (facet_library_get_folders (self->library)), folder, &place);
  return place;
}

static void
update_folder_actions (FacetSidebar *self)
{
  guint n = g_list_model_get_n_items (facet_library_get_folders (self->library));
  guint place = self->menu_folder != NULL ? find_folder (self, self->menu_folder) : n;

  gtk_widget_action_set_enabled (GTK_WIDGET (self), "folder.up", place > 0 && place < n);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "folder.down", place + 1 < n);
}

void
facet_sidebar_open_menu (FacetSidebar *self, FacetSidebarRow *row, double x, double y)
{
  g_autoptr (GMenuModel) model = NULL;

  g_set_object (&self->menu_conversation, facet_sidebar_row_get_conversation (row));
  g_set_object (&self->menu_folder, facet_sidebar_row_get_folder (row));
  g_object_notify (G_OBJECT (self), "menu-pinned");
  g_object_notify (G_OBJECT (self), "menu-folder");
  update_folder_actions (self);
  model = self->menu_folder != NULL ? make_folder_menu () : make_conversation_menu (self);
  gtk_popover_menu_set_menu_model (self->menu, model);

  gtk_widget_translate_coordinates (GTK_WIDGET (row), GTK_WIDGET (self), x, y, &x, &y);
  gtk_popover_set_pointing_to (GTK_POPOVER (self->menu), &(GdkRectangle){(int)x, (int)y, 1, 1});
  gtk_popover_popup (GTK_POPOVER (self->menu));
}

gboolean
facet_sidebar_get_menu_pinned (FacetSidebar *self)
{
  return self->menu_conversation != NULL && facet_conversation_get_pinned (self->menu_conversation);
}

void
facet_sidebar_set_menu_pinned (FacetSidebar *self, gboolean pinned)
{
  if (self->menu_conversation != NULL)
    facet_conversation_set_pinned (self->menu_conversation, pinned);
}

char *
facet_sidebar_dup_menu_folder (FacetSidebar *self)
{
  gint64 id =
      self->menu_conversation != NULL ? facet_conversation_get_folder (self->menu_conversation) : 0;

  return g_strdup_printf ("%" G_GINT64_FORMAT, id);
}

/* (transfer full), NULL: there is none of that id. */
static FacetFolder *
find_folder_by_id (FacetSidebar *self, gint64 id)
{
  GListModel *folders = facet_library_get_folders (self->library);

  for (guint i = 0; i < g_list_model_get_n_items (folders); i++) {
    g_autoptr (FacetFolder) folder = g_list_model_get_item (folders, i);

    if (facet_folder_get_id (folder) == id)
      return g_steal_pointer (&folder);
  }
  return NULL;
}

void
facet_sidebar_set_menu_folder (FacetSidebar *self, const char *id)
{
  g_autoptr (FacetFolder) folder = NULL;

  if (self->menu_conversation == NULL || self->library == NULL)
    return;
  folder = find_folder_by_id (self, g_ascii_strtoll (id, NULL, 10));
  facet_library_put_in_folder (self->library, self->menu_conversation, folder);
}

/* What is done */

static GtkWindow *
get_window (FacetSidebar *self)
{
  return GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self)));
}

static void
rename_item (FacetSidebar *self, FacetConversation *conversation, FacetFolder *folder)
{
  if (folder != NULL)
    facet_rename_folder (get_window (self), self->library, folder);
  else if (conversation != NULL)
    facet_sidebar_emit (self, FACET_SIDEBAR_RENAME, conversation);
}

static void
delete_item (FacetSidebar *self, FacetConversation *conversation, FacetFolder *folder)
{
  if (folder != NULL)
    facet_delete_folder (get_window (self), self->library, folder);
  else if (conversation != NULL)
    facet_sidebar_emit (self, FACET_SIDEBAR_DELETE, conversation);
}

static void
row_rename (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetSidebar *self = FACET_SIDEBAR (widget);

  rename_item (self, self->menu_conversation, self->menu_folder);
}

static void
row_delete (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetSidebar *self = FACET_SIDEBAR (widget);

  delete_item (self, self->menu_conversation, self->menu_folder);
}

static void
row_new_folder (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetSidebar *self = FACET_SIDEBAR (widget);

  facet_make_folder (get_window (self), self->library, self->menu_conversation);
}

static void
new_folder (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetSidebar *self = FACET_SIDEBAR (widget);

  facet_make_folder (get_window (self), self->library, NULL);
}

static void
move_folder (FacetSidebar *self, int steps)
{
  facet_library_move_folder (self->library, self->menu_folder,
                             find_folder (self, self->menu_folder) + steps);
}

static void
folder_up (GtkWidget *widget, const char *name, GVariant *parameter)
{
  move_folder (FACET_SIDEBAR (widget), -1);
}

static void
folder_down (GtkWidget *widget, const char *name, GVariant *parameter)
{
  move_folder (FACET_SIDEBAR (widget), 1);
}

/* Dropping */

gboolean
facet_sidebar_drop (FacetSidebar *self, FacetSidebarRow *row, GObject *dropped)
{
  FacetConversation *here = facet_sidebar_row_get_conversation (row);
  FacetFolder       *folder = facet_sidebar_row_get_folder (row);
  g_autoptr (FacetFolder) found = NULL;

  if (FACET_IS_FOLDER (dropped)) {
    if (folder == NULL || find_folder (self, FACET_FOLDER (dropped)) == GTK_INVALID_LIST_POSITION)
      return FALSE;
    facet_library_move_folder (self->library, FACET_FOLDER (dropped), find_folder (self, folder));
    return TRUE;
  }
  if (here != NULL && facet_conversation_is_private (here))
    return FALSE;
  /* Among the pinned ones it becomes one; elsewhere it is one no longer, or it would not move. */
  if (here != NULL && facet_conversation_get_pinned (here)) {
    facet_conversation_set_pinned (FACET_CONVERSATION (dropped), TRUE);
    return TRUE;
  }
  if (here != NULL)
    folder = found = find_folder_by_id (self, facet_conversation_get_folder (here));
  facet_conversation_set_pinned (FACET_CONVERSATION (dropped), FALSE);
  facet_library_put_in_folder (self->library, FACET_CONVERSATION (dropped), folder);
  return TRUE;
}

/* Keys */

/* The row that has the keyboard; NULL: none, or a heading. */
static FacetSidebarRow *
focused_row (FacetSidebar *self)
{
  GtkWidget *focus = gtk_root_get_focus (gtk_widget_get_root (GTK_WIDGET (self)));

  if (focus == NULL || !gtk_widget_is_ancestor (focus, GTK_WIDGET (self->list_view)))
    return NULL;
  if (!FACET_IS_SIDEBAR_ROW (focus)) {
    GtkWidget *child = gtk_widget_get_first_child (focus);
    GtkWidget *above = gtk_widget_get_ancestor (focus, FACET_TYPE_SIDEBAR_ROW);

    focus = above != NULL ? above : child;
  }
  if (focus == NULL || !FACET_IS_SIDEBAR_ROW (focus) ||
      (facet_sidebar_row_get_conversation (FACET_SIDEBAR_ROW (focus)) == NULL &&
       facet_sidebar_row_get_folder (FACET_SIDEBAR_ROW (focus)) == NULL))
    return NULL;
  return FACET_SIDEBAR_ROW (focus);
}

static gboolean
menu_key_cb (GtkWidget *widget, GVariant *args, gpointer user_data)
{
  FacetSidebar    *self = FACET_SIDEBAR (widget);
  FacetSidebarRow *row = focused_row (self);

  if (row == NULL)
    return FALSE;
  facet_sidebar_open_menu (self, row, 24, gtk_widget_get_height (GTK_WIDGET (row)));
  return TRUE;
}

static gboolean
rename_key_cb (GtkWidget *widget, GVariant *args, gpointer user_data)
{
  FacetSidebarRow *row = focused_row (FACET_SIDEBAR (widget));

  if (row == NULL)
    return FALSE;
  rename_item (FACET_SIDEBAR (widget), facet_sidebar_row_get_conversation (row),
               facet_sidebar_row_get_folder (row));
  return TRUE;
}

static gboolean
delete_key_cb (GtkWidget *widget, GVariant *args, gpointer user_data)
{
  FacetSidebarRow *row = focused_row (FACET_SIDEBAR (widget));

  if (row == NULL)
    return FALSE;
  delete_item (FACET_SIDEBAR (widget), facet_sidebar_row_get_conversation (row),
               facet_sidebar_row_get_folder (row));
  return TRUE;
}

void
facet_sidebar_class_init_menu (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "row.rename", NULL, row_rename);
  gtk_widget_class_install_action (widget_class, "row.delete", NULL, row_delete);
  gtk_widget_class_install_action (widget_class, "row.new-folder", NULL, row_new_folder);
  gtk_widget_class_install_action (widget_class, "folder.up", NULL, folder_up);
  gtk_widget_class_install_action (widget_class, "folder.down", NULL, folder_down);
  gtk_widget_class_install_action (widget_class, "sidebar.new-folder", NULL, new_folder);
  gtk_widget_class_install_property_action (widget_class, "row.pinned", "menu-pinned");
  gtk_widget_class_install_property_action (widget_class, "row.folder", "menu-folder");
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Menu, 0, menu_key_cb, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_F10, GDK_SHIFT_MASK, menu_key_cb, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_F2, 0, rename_key_cb, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Delete, 0, delete_key_cb, NULL);
}
