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

#include "facet-settings.h"
#include "facet-sidebar-private.h"

/* A new day is noticed this late at most, also after the computer has slept; and at midnight. */
#define DAY_CHECK_SECONDS 600

enum {
  PROP_LIBRARY = 1,
  PROP_CONVERSATION,
  PROP_MENU_PINNED, /* private: the states of the menu's Pinned and of its folders */
  PROP_MENU_FOLDER,
  N_PROPS,
};
static GParamSpec *props[N_PROPS];

static guint signals[FACET_SIDEBAR_N_SIGNALS];

G_DEFINE_FINAL_TYPE (FacetSidebar, facet_sidebar, GTK_TYPE_WIDGET)

/* The selection */

void
facet_sidebar_emit (FacetSidebar *self, FacetSidebarSignal signal, FacetConversation *conversation)
{
  g_signal_emit (self, signals[signal], 0, conversation);
}

/* Private ones are in front of the others. */
static guint
find (FacetSidebar *self, FacetConversation *conversation)
{
  guint place;

  if (g_list_store_find (self->private_rows, conversation, &place))
    return place;
  place = facet_sections_find (self->sections, conversation);
  return place != G_MAXUINT ? place + g_list_model_get_n_items (G_LIST_MODEL (self->private_rows))
                            : GTK_INVALID_LIST_POSITION;
}

static void
show_selection (FacetSidebar *self)
{
  guint place = GTK_INVALID_LIST_POSITION;

  if (self->selection == NULL)
    return;
  if (self->conversation != NULL)
    place = find (self, self->conversation);
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
    facet_sidebar_emit (self, FACET_SIDEBAR_OPEN, item);
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
                                    g_list_model_get_n_items (self->rows) > 0 ? "list" : "empty");
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

static guint
seconds_to_midnight (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  int gone = (g_date_time_get_hour (now) * 60 + g_date_time_get_minute (now)) * 60 +
             g_date_time_get_second (now);

  return (guint)MAX (24 * 60 * 60 - gone, 1);
}

static void wait_for_day (FacetSidebar *self);

static gboolean
check_day_cb (gpointer data)
{
  FacetSidebar *self = data;

  self->day_source = 0;
  check_day (self);
  wait_for_day (self);
  return G_SOURCE_REMOVE;
}

static void
wait_for_day (FacetSidebar *self)
{
  self->day_source =
      g_timeout_add_seconds (MIN (DAY_CHECK_SECONDS, seconds_to_midnight ()), check_day_cb, self);
}

/* Folders */

static void
restore_folded (FacetSidebar *self)
{
  g_autoptr (GVariant) ids = g_settings_get_value (facet_settings_get_default (), "folded-folders");

  for (gsize i = 0; i < g_variant_n_children (ids); i++) {
    gint64 id;

    g_variant_get_child (ids, i, "x", &id);
    facet_sections_set_folded (self->sections, id, TRUE);
  }
}

/* Only of folders that there are. */
static void
save_folded (FacetSidebar *self)
{
  GListModel     *folders = facet_library_get_folders (self->library);
  GVariantBuilder ids;

  g_variant_builder_init (&ids, G_VARIANT_TYPE ("ax"));
  for (guint i = 0; i < g_list_model_get_n_items (folders); i++) {
    g_autoptr (FacetFolder) folder = g_list_model_get_item (folders, i);

    if (facet_sections_get_folded (self->sections, facet_folder_get_id (folder)))
      g_variant_builder_add (&ids, "x", facet_folder_get_id (folder));
  }
  g_settings_set_value (facet_settings_get_default (), "folded-folders",
                        g_variant_builder_end (&ids));
}

void
facet_sidebar_toggle (FacetSidebar *self, FacetFolder *folder)
{
  gint64 id = facet_folder_get_id (folder);

  facet_sections_set_folded (self->sections, id, !facet_sections_get_folded (self->sections, id));
  save_folded (self);
}

/* Rows */

static void
row_menu_cb (FacetSidebarRow *row, double x, double y, FacetSidebar *self)
{
  facet_sidebar_open_menu (self, row, x, y);
}

static void
row_toggle_cb (FacetSidebarRow *row, FacetSidebar *self)
{
  facet_sidebar_toggle (self, facet_sidebar_row_get_folder (row));
}

static gboolean
row_dropped_cb (FacetSidebarRow *row, GObject *dropped, FacetSidebar *self)
{
  return facet_sidebar_drop (self, row, dropped);
}

/* Return on a folder. */
static void
activated_cb (FacetSidebar *self, guint position)
{
  g_autoptr (GObject) item = g_list_model_get_item (self->rows, position);

  if (item != NULL && FACET_IS_SECTION (item) &&
      facet_section_get_folder (FACET_SECTION (item)) != NULL)
    facet_sidebar_toggle (self, facet_section_get_folder (FACET_SECTION (item)));
}

static void
setup_row_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item, FacetSidebar *self)
{
  FacetSidebarRow *row = facet_sidebar_row_new ();

  g_signal_connect_object (row, "menu", G_CALLBACK (row_menu_cb), self, 0);
  g_signal_connect_object (row, "toggle", G_CALLBACK (row_toggle_cb), self, 0);
  g_signal_connect_object (row, "dropped", G_CALLBACK (row_dropped_cb), self, 0);
  gtk_list_item_set_child (list_item, GTK_WIDGET (row));
}

static void
bind_row_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item, FacetSidebar *self)
{
  gpointer item = gtk_list_item_get_item (list_item);
  gboolean is_conversation = FACET_IS_CONVERSATION (item);

  gtk_list_item_set_selectable (list_item, is_conversation);
  gtk_list_item_set_activatable (list_item,
                                 is_conversation || facet_section_get_folder (item) != NULL);
  facet_sidebar_row_set_item (FACET_SIDEBAR_ROW (gtk_list_item_get_child (list_item)), item);
}

static void
unbind_row_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item, FacetSidebar *self)
{
  facet_sidebar_row_set_item (FACET_SIDEBAR_ROW (gtk_list_item_get_child (list_item)), NULL);
}

/* What was put aside */

static void
show_aside (FacetSidebar *self, FacetAside which)
{
  facet_aside_view_show (self->aside, self->library, which);
  gtk_stack_set_visible_child_name (self->pages, "aside");
  gtk_widget_child_focus (GTK_WIDGET (self->aside), GTK_DIR_TAB_FORWARD);
}

static void
show_archive (GtkWidget *widget, const char *name, GVariant *parameter)
{
  show_aside (FACET_SIDEBAR (widget), FACET_ASIDE_ARCHIVE);
}

static void
show_trash (GtkWidget *widget, const char *name, GVariant *parameter)
{
  show_aside (FACET_SIDEBAR (widget), FACET_ASIDE_TRASH);
}

static void
show_list (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetSidebar *self = FACET_SIDEBAR (widget);

  gtk_stack_set_visible_child_name (self->pages, "conversations");
  gtk_widget_grab_focus (GTK_WIDGET (self->list_view));
}

static void
aside_open_cb (FacetSidebar *self, FacetConversation *conversation)
{
  facet_sidebar_emit (self, FACET_SIDEBAR_OPEN, conversation);
}

static void
aside_delete_cb (FacetSidebar *self, FacetConversation *conversation)
{
  facet_sidebar_emit (self, FACET_SIDEBAR_DELETE, conversation);
}

/* Private conversations */

static void
private_changed_cb (FacetSidebar *self)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (g_object_unref);
  guint n = self->private != NULL ? g_list_model_get_n_items (self->private) : 0;

  if (n > 0)
    g_ptr_array_add (rows, facet_section_new (_ ("Private")));
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (rows, g_list_model_get_item (self->private, i));
  g_list_store_splice (self->private_rows, 0,
                       g_list_model_get_n_items (G_LIST_MODEL (self->private_rows)), rows->pdata,
                       rows->len);
}

void
facet_sidebar_set_private (FacetSidebar *self, GListModel *conversations)
{
  g_return_if_fail (FACET_IS_SIDEBAR (self));

  if (self->private != NULL)
    g_signal_handlers_disconnect_by_func (self->private, private_changed_cb, self);
  g_set_object (&self->private, conversations);
  if (conversations != NULL)
    g_signal_connect_object (conversations, "items-changed", G_CALLBACK (private_changed_cb), self,
                             G_CONNECT_SWAPPED);
  private_changed_cb (self);
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
  g_signal_handlers_disconnect_by_data (self->rows, self);
  g_signal_handlers_disconnect_by_data (self->selection, self);
  gtk_list_view_set_model (self->list_view, NULL);
  g_clear_object (&self->selection);
  g_clear_object (&self->rows);
  g_clear_object (&self->sections);
}

static GListModel *
join (FacetSidebar *self)
{
  GListStore *both = g_list_store_new (G_TYPE_LIST_MODEL);

  g_list_store_append (both, self->private_rows);
  g_list_store_append (both, self->sections);
  return G_LIST_MODEL (gtk_flatten_list_model_new (G_LIST_MODEL (both)));
}

/* Before and after: the selection model reacts to a change in between. */
static void
make_list (FacetSidebar *self)
{
  self->day = today ();
  self->sections = facet_sections_new (self->library, g_get_real_time ());
  restore_folded (self);
  self->rows = join (self);
  g_signal_connect_swapped (self->rows, "items-changed", G_CALLBACK (begin_change_cb), self);
  self->selection = gtk_single_selection_new (g_object_ref (self->rows));
  gtk_single_selection_set_autoselect (self->selection, FALSE);
  gtk_single_selection_set_can_unselect (self->selection, TRUE);
  gtk_single_selection_set_selected (self->selection, GTK_INVALID_LIST_POSITION);
  g_signal_connect_swapped (self->selection, "notify::selected", G_CALLBACK (selected_cb), self);
  gtk_list_view_set_model (self->list_view, GTK_SELECTION_MODEL (self->selection));
  g_signal_connect_swapped (self->rows, "items-changed", G_CALLBACK (end_change_cb), self);
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
  g_set_object (&self->conversation, conversation);
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
  list = self->rows;
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
    g_value_set_boolean (value, facet_sidebar_get_menu_pinned (self));
    break;
  case PROP_MENU_FOLDER:
    g_value_take_string (value, facet_sidebar_dup_menu_folder (self));
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
    facet_sidebar_set_menu_pinned (self, g_value_get_boolean (value));
    break;
  case PROP_MENU_FOLDER:
    facet_sidebar_set_menu_folder (self, g_value_get_string (value));
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
  wait_for_day (self);
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
  facet_sidebar_set_private (self, NULL);
  g_clear_object (&self->library);
  g_clear_object (&self->conversation);
  g_clear_object (&self->menu_conversation);
  g_clear_object (&self->menu_folder);
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
facet_sidebar_finalize (GObject *object)
{
  g_object_unref (FACET_SIDEBAR (object)->private_rows);
  G_OBJECT_CLASS (facet_sidebar_parent_class)->finalize (object);
}

static void
facet_sidebar_class_init (FacetSidebarClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass   *widget_class = GTK_WIDGET_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->dispose = facet_sidebar_dispose;
  object_class->finalize = facet_sidebar_finalize;
  object_class->get_property = facet_sidebar_get_property;
  object_class->set_property = facet_sidebar_set_property;
  widget_class->map = facet_sidebar_map;
  widget_class->unmap = facet_sidebar_unmap;

  props[PROP_LIBRARY] = g_param_spec_object ("library", NULL, NULL, FACET_TYPE_LIBRARY, flags);
  props[PROP_CONVERSATION] =
      g_param_spec_object ("conversation", NULL, NULL, FACET_TYPE_CONVERSATION, flags);
  props[PROP_MENU_PINNED] = g_param_spec_boolean ("menu-pinned", NULL, NULL, FALSE, flags);
  props[PROP_MENU_FOLDER] = g_param_spec_string ("menu-folder", NULL, NULL, NULL, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);

  signals[FACET_SIDEBAR_OPEN] = conversation_signal ("open");
  signals[FACET_SIDEBAR_RENAME] = conversation_signal ("rename");
  signals[FACET_SIDEBAR_DELETE] = conversation_signal ("delete");

  g_type_ensure (FACET_TYPE_ASIDE_VIEW);
  g_type_ensure (FACET_TYPE_MODEL_BADGE);
  gtk_widget_class_set_template_from_resource (widget_class, "/org/facet/Facet/facet-sidebar.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetSidebar, root);
  gtk_widget_class_bind_template_child (widget_class, FacetSidebar, pages);
  gtk_widget_class_bind_template_child (widget_class, FacetSidebar, stack);
  gtk_widget_class_bind_template_child (widget_class, FacetSidebar, list_view);
  gtk_widget_class_bind_template_child (widget_class, FacetSidebar, menu);
  gtk_widget_class_bind_template_child (widget_class, FacetSidebar, badge);
  gtk_widget_class_bind_template_child (widget_class, FacetSidebar, aside);
  gtk_widget_class_bind_template_callback (widget_class, activated_cb);
  gtk_widget_class_bind_template_callback (widget_class, aside_delete_cb);
  gtk_widget_class_bind_template_callback (widget_class, aside_open_cb);
  gtk_widget_class_bind_template_callback (widget_class, setup_row_cb);
  gtk_widget_class_bind_template_callback (widget_class, bind_row_cb);
  gtk_widget_class_bind_template_callback (widget_class, unbind_row_cb);
  gtk_widget_class_set_css_name (widget_class, "sidebar-pane");
  gtk_widget_class_install_action (widget_class, "sidebar.show-archive", NULL, show_archive);
  gtk_widget_class_install_action (widget_class, "sidebar.show-trash", NULL, show_trash);
  gtk_widget_class_install_action (widget_class, "sidebar.show-list", NULL, show_list);
  facet_sidebar_class_init_menu (widget_class);
}

static void
facet_sidebar_init (FacetSidebar *self)
{
  self->private_rows = g_list_store_new (G_TYPE_OBJECT);
  gtk_widget_init_template (GTK_WIDGET (self));
}

FacetSidebar *
facet_sidebar_new (void)
{
  return g_object_new (FACET_TYPE_SIDEBAR, NULL);
}
