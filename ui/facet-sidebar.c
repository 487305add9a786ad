/* facet-sidebar.c: the list of conversations, and what computes at its foot.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Which conversation is open is decided by the window: the selection of the list
 * follows :conversation, and a choice of the person's is passed on as ::open.  The list below it
 * changes while conversations are answered (they move to the top), so whatever the selection model
 * makes of such a change is put right after it. */
#define G_LOG_DOMAIN "facet-sidebar"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-sidebar-row.h"
#include "facet-model-badge.h"
#include "facet-sections.h"
#include "facet-sidebar.h"

/* A new day is noticed this late at most. */
#define DAY_CHECK_SECONDS 600

struct _FacetSidebar {
  GtkWidget parent_instance;

  GtkWidget       *root;
  GtkStack        *stack;
  GtkListView     *list_view;
  GtkPopover      *menu;
  FacetModelBadge *badge;

  FacetLibrary       *library;
  FacetConversation  *conversation;
  FacetSections      *sections;
  GtkSingleSelection *selection;
  FacetConversation  *menu_conversation; /* whose menu is open */
  guint               changing;          /* the list is changing: selections are not the person's */
  guint               day_source;
  int                 day;
};

enum {
  PROP_LIBRARY = 1,
  PROP_CONVERSATION,
  PROP_MENU_PINNED, /* private: the state of the menu's Pinned */
  N_PROPS,
};
static GParamSpec *props[N_PROPS];

enum {
  OPEN,
  RENAME,
  DELETE,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (FacetSidebar, facet_sidebar, GTK_TYPE_WIDGET)

/* The selection */

static void
show_selection (FacetSidebar *self)
{
  guint place = GTK_INVALID_LIST_POSITION;

  if (self->selection == NULL)
    return;
  if (self->conversation != NULL)
    place = facet_sections_find (self->sections, self->conversation);
  self->changing++;
  gtk_single_selection_set_selected (self->selection, place);
  self->changing--;
}

static void
selected_cb (FacetSidebar *self)
{
  gpointer item = gtk_single_selection_get_selected_item (self->selection);

  if (self->changing > 0 || item == (gpointer)self->conversation)
    return;
  if (item != NULL && FACET_IS_CONVERSATION (item))
    g_signal_emit (self, signals[OPEN], 0, item);
  else
    show_selection (self); /* a heading, reached by the arrow keys */
}

static void
begin_change_cb (FacetSidebar *self)
{
  self->changing++;
}

static void
end_change_cb (FacetSidebar *self)
{
  self->changing--;
  show_selection (self);
  gtk_stack_set_visible_child_name (self->stack,
                                    g_list_model_get_n_items (G_LIST_MODEL (self->sections)) > 0
                                        ? "list"
                                        : "empty");
}

/* Headings */

static int
today (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();

  return g_date_time_get_year (now) * 366 + g_date_time_get_day_of_year (now);
}

static void
check_day (FacetSidebar *self)
{
  int day = today ();

  if (day != self->day && self->sections != NULL)
    facet_sections_set_now (self->sections, g_get_real_time ());
  self->day = day;
}

static gboolean
check_day_cb (gpointer data)
{
  check_day (data);
  return G_SOURCE_CONTINUE;
}

/* A conversation whose place does not change may still belong under another heading. */
static void
update_heading (FacetSidebar *self, FacetConversation *conversation)
{
  if (self->sections != NULL)
    facet_sections_update (self->sections, conversation);
}

static void
conversation_changed_cb (FacetConversation *conversation, GParamSpec *pspec, FacetSidebar *self)
{
  update_heading (self, conversation);
}

/* Rows */

static void
open_menu (FacetSidebar *self, FacetSidebarRow *row, double x, double y)
{
  g_set_object (&self->menu_conversation, facet_sidebar_row_get_conversation (row));
  gtk_widget_translate_coordinates (GTK_WIDGET (row), GTK_WIDGET (self), x, y, &x, &y);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_MENU_PINNED]);
  gtk_popover_set_pointing_to (self->menu, &(GdkRectangle){x, y, 1, 1});
  gtk_popover_popup (self->menu);
}

static void
row_menu_cb (FacetSidebarRow *row, double x, double y, FacetSidebar *self)
{
  open_menu (self, row, x, y);
}

static void
setup_row_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item, FacetSidebar *self)
{
  FacetSidebarRow *row = facet_sidebar_row_new ();

  g_signal_connect_object (row, "menu", G_CALLBACK (row_menu_cb), self, 0);
  gtk_list_item_set_child (list_item, GTK_WIDGET (row));
}

static void
bind_row_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item, FacetSidebar *self)
{
  gpointer item = gtk_list_item_get_item (list_item);
  gboolean is_conversation = FACET_IS_CONVERSATION (item);

  gtk_list_item_set_selectable (list_item, is_conversation);
  gtk_list_item_set_activatable (list_item, is_conversation);
  facet_sidebar_row_set_item (FACET_SIDEBAR_ROW (gtk_list_item_get_child (list_item)), item);
}

static void
unbind_row_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item, FacetSidebar *self)
{
  facet_sidebar_row_set_item (FACET_SIDEBAR_ROW (gtk_list_item_get_child (list_item)), NULL);
}

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
      facet_sidebar_row_get_conversation (FACET_SIDEBAR_ROW (focus)) == NULL)
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
  open_menu (self, row, 24, gtk_widget_get_height (GTK_WIDGET (row)));
  return TRUE;
}

static gboolean
rename_key_cb (GtkWidget *widget, GVariant *args, gpointer user_data)
{
  FacetSidebarRow *row = focused_row (FACET_SIDEBAR (widget));

  if (row == NULL)
    return FALSE;
  g_signal_emit (widget, signals[RENAME], 0, facet_sidebar_row_get_conversation (row));
  return TRUE;
}

static gboolean
delete_key_cb (GtkWidget *widget, GVariant *args, gpointer user_data)
{
  FacetSidebarRow *row = focused_row (FACET_SIDEBAR (widget));

  if (row == NULL)
    return FALSE;
  g_signal_emit (widget, signals[DELETE], 0, facet_sidebar_row_get_conversation (row));
  return TRUE;
}

/* The menu of a row */

static void
row_rename (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetSidebar *self = FACET_SIDEBAR (widget);

  if (self->menu_conversation != NULL)
    g_signal_emit (self, signals[RENAME], 0, self->menu_conversation);
}

static void
row_delete (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetSidebar *self = FACET_SIDEBAR (widget);

  if (self->menu_conversation != NULL)
    g_signal_emit (self, signals[DELETE], 0, self->menu_conversation);
}

/* The object */

FacetLibrary *
facet_sidebar_get_library (FacetSidebar *self)
{
  g_return_val_if_fail (FACET_IS_SIDEBAR (self), NULL);

  return self->library;
}

static void
drop_list (FacetSidebar *self)
{
  if (self->sections == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->sections, self);
  g_signal_handlers_disconnect_by_data (self->selection, self);
  gtk_list_view_set_model (self->list_view, NULL);
  g_clear_object (&self->selection);
  g_clear_object (&self->sections);
}

/* Before and after: the selection model reacts to a change in between. */
static void
make_list (FacetSidebar *self)
{
  self->day = today ();
  self->sections = facet_sections_new (G_LIST_MODEL (self->library), g_get_real_time ());
  g_signal_connect_swapped (self->sections, "items-changed", G_CALLBACK (begin_change_cb), self);
  self->selection = gtk_single_selection_new (G_LIST_MODEL (g_object_ref (self->sections)));
  gtk_single_selection_set_autoselect (self->selection, FALSE);
  gtk_single_selection_set_can_unselect (self->selection, TRUE);
  gtk_single_selection_set_selected (self->selection, GTK_INVALID_LIST_POSITION);
  g_signal_connect_swapped (self->selection, "notify::selected", G_CALLBACK (selected_cb), self);
  gtk_list_view_set_model (self->list_view, GTK_SELECTION_MODEL (self->selection));
  g_signal_connect_swapped (self->sections, "items-changed", G_CALLBACK (end_change_cb), self);
  self->changing++;
  end_change_cb (self);
}

void
facet_sidebar_set_library (FacetSidebar *self, FacetLibrary *library)
{
  g_return_if_fail (FACET_IS_SIDEBAR (self));
  g_return_if_fail (library == NULL || FACET_IS_LIBRARY (library));

  if (library == self->library)
    return;
  drop_list (self);
  g_set_object (&self->library, library);
  if (library != NULL) {
    make_list (self);
    g_object_bind_property (library, "assistant", self->badge, "assistant", G_BINDING_SYNC_CREATE);
  }
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LIBRARY]);
}

FacetConversation *
facet_sidebar_get_conversation (FacetSidebar *self)
{
  g_return_val_if_fail (FACET_IS_SIDEBAR (self), NULL);

  return self->conversation;
}

void
facet_sidebar_set_conversation (FacetSidebar *self, FacetConversation *conversation)
{
  g_return_if_fail (FACET_IS_SIDEBAR (self));
  g_return_if_fail (conversation == NULL || FACET_IS_CONVERSATION (conversation));

  if (conversation == self->conversation)
    return;
  if (self->conversation != NULL)
    g_signal_handlers_disconnect_by_func (self->conversation, conversation_changed_cb, self);
  g_set_object (&self->conversation, conversation);
  if (conversation != NULL) {
    g_signal_connect_object (conversation, "notify::pinned", G_CALLBACK (conversation_changed_cb),
                             self, 0);
    g_signal_connect_object (conversation, "notify::updated", G_CALLBACK (conversation_changed_cb),
                             self, 0);
  }
  show_selection (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_CONVERSATION]);
}

FacetConversation *
facet_sidebar_find_neighbour (FacetSidebar *self, int steps)
{
  GListModel *list = NULL;
  guint       n;
  gint64      place;

  g_return_val_if_fail (FACET_IS_SIDEBAR (self), NULL);
  g_return_val_if_fail (steps == 1 || steps == -1, NULL);

  if (self->sections == NULL)
    return NULL;
  list = G_LIST_MODEL (self->sections);
  n = g_list_model_get_n_items (list);
  place = gtk_single_selection_get_selected (self->selection);
  if (place == GTK_INVALID_LIST_POSITION)
    place = steps > 0 ? -1 : (gint64)n;

  for (place += steps; place >= 0 && place < n; place += steps) {
    g_autoptr (GObject) item = g_list_model_get_item (list, place);

    if (FACET_IS_CONVERSATION (item))
      return FACET_CONVERSATION (g_steal_pointer (&item));
  }
  return NULL;
}

void
facet_sidebar_reveal (FacetSidebar *self)
{
  guint place;

  g_return_if_fail (FACET_IS_SIDEBAR (self));

  if (self->selection == NULL)
    return;
  place = gtk_single_selection_get_selected (self->selection);
  if (place != GTK_INVALID_LIST_POSITION)
    gtk_widget_activate_action (GTK_WIDGET (self->list_view), "list.scroll-to-item", "u", place);
}

static void
facet_sidebar_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  FacetSidebar *self = FACET_SIDEBAR (object);

  switch (id) {
  case PROP_LIBRARY:
    g_value_set_object (value, self->library);
    break;
  case PROP_CONVERSATION:
    g_value_set_object (value, self->conversation);
    break;
  case PROP_MENU_PINNED:
    g_value_set_boolean (value, self->menu_conversation != NULL &&
                                    facet_conversation_get_pinned (self->menu_conversation));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
facet_sidebar_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  FacetSidebar *self = FACET_SIDEBAR (object);

  switch (id) {
  case PROP_LIBRARY:
    facet_sidebar_set_library (self, g_value_get_object (value));
    break;
  case PROP_CONVERSATION:
    facet_sidebar_set_conversation (self, g_value_get_object (value));
    break;
  case PROP_MENU_PINNED:
    if (self->menu_conversation != NULL) {
      facet_conversation_set_pinned (self->menu_conversation, g_value_get_boolean (value));
      update_heading (self, self->menu_conversation);
    }
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
facet_sidebar_map (GtkWidget *widget)
{
  FacetSidebar *self = FACET_SIDEBAR (widget);

  check_day (self);
  self->day_source = g_timeout_add_seconds (DAY_CHECK_SECONDS, check_day_cb, self);
  GTK_WIDGET_CLASS (facet_sidebar_parent_class)->map (widget);
}

static void
facet_sidebar_unmap (GtkWidget *widget)
{
  g_clear_handle_id (&FACET_SIDEBAR (widget)->day_source, g_source_remove);
  GTK_WIDGET_CLASS (facet_sidebar_parent_class)->unmap (widget);
}

static void
facet_sidebar_dispose (GObject *object)
{
  FacetSidebar *self = FACET_SIDEBAR (object);

  g_clear_handle_id (&self->day_source, g_source_remove);
  if (self->list_view != NULL)
    drop_list (self);
  if (self->conversation != NULL)
    g_signal_handlers_disconnect_by_func (self->conversation, conversation_changed_cb, self);
  g_clear_object (&self->library);
  g_clear_object (&self->conversation);
  g_clear_object (&self->menu_conversation);
  gtk_widget_dispose_template (GTK_WIDGET (self), FACET_TYPE_SIDEBAR);
  G_OBJECT_CLASS (facet_sidebar_parent_class)->dispose (object);
}

static guint
conversation_signal (const char *name)
{
  return g_signal_new (name, FACET_TYPE_SIDEBAR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                       G_TYPE_NONE, 1, FACET_TYPE_CONVERSATION);
}

static void
install_actions (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "row.rename", NULL, row_rename);
  gtk_widget_class_install_action (widget_class, "row.delete", NULL, row_delete);
  gtk_widget_class_install_property_action (widget_class, "row.pinned", "menu-pinned");
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Menu, 0, menu_key_cb, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_F10, GDK_SHIFT_MASK, menu_key_cb, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_F2, 0, rename_key_cb, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Delete, 0, delete_key_cb, NULL);
}

static void
facet_sidebar_class_init (FacetSidebarClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass   *widget_class = GTK_WIDGET_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->dispose = facet_sidebar_dispose;
  object_class->get_property = facet_sidebar_get_property;
  object_class->set_property = facet_sidebar_set_property;
  widget_class->map = facet_sidebar_map;
  widget_class->unmap = facet_sidebar_unmap;

  props[PROP_LIBRARY] = g_param_spec_object ("library", NULL, NULL, FACET_TYPE_LIBRARY, flags);
  props[PROP_CONVERSATION] =
      g_param_spec_object ("conversation", NULL, NULL, FACET_TYPE_CONVERSATION, flags);
  props[PROP_MENU_PINNED] = g_param_spec_boolean ("menu-pinned", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);

  signals[OPEN] = conversation_signal ("open");
  signals[RENAME] = conversation_signal ("rename");
  signals[DELETE] = conversation_signal ("delete");

  g_type_ensure (FACET_TYPE_MODEL_BADGE);
  gtk_widget_class_set_template_from_resource (widget_class, "/org/facet/Facet/facet-sidebar.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetSidebar, root);
  gtk_widget_class_bind_template_child (widget_class, FacetSidebar, stack);
  gtk_widget_class_bind_template_child (widget_class, FacetSidebar, list_view);
  gtk_widget_class_bind_template_child (widget_class, FacetSidebar, menu);
  gtk_widget_class_bind_template_child (widget_class, FacetSidebar, badge);
  gtk_widget_class_bind_template_callback (widget_class, setup_row_cb);
  gtk_widget_class_bind_template_callback (widget_class, bind_row_cb);
  gtk_widget_class_bind_template_callback (widget_class, unbind_row_cb);
  gtk_widget_class_set_css_name (widget_class, "sidebar-pane");
  install_actions (widget_class);
}

static void
facet_sidebar_init (FacetSidebar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

FacetSidebar *
facet_sidebar_new (void)
{
  return g_object_new (FACET_TYPE_SIDEBAR, NULL);
}
