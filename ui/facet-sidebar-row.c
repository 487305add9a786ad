/* facet-sidebar-row.c: one line of the sidebar: a heading, a folder, or a conversation.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Does not know the list it is in, nor what the menu does. */
#define G_LOG_DOMAIN "facet-sidebar-row"

#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "facet-sidebar-row.h"

typedef enum {
  KIND_NONE,
  KIND_DAY,
  KIND_FOLDER,
  KIND_CONVERSATION,
} Kind;

struct _FacetSidebarRow {
  GtkWidget parent_instance;

  GtkWidget *root;
  GtkWidget *heading;
  GtkWidget *line;
  GtkLabel  *title;
  GtkWidget *arrow;
  GtkWidget *busy;
  GtkWidget *private;
  GtkWidget *pin;
  GtkWidget *more;

  GObject           *item;         /* NULL: not bound */
  FacetConversation *conversation; /* the item, if it is one; borrowed */
  FacetFolder       *folder;       /* of the item, if that is its heading; borrowed */
  gulong             notify;       /* to the item */
  Kind               kind;         /* as which it is shown */
  gboolean           expandable;   /* as a screen reader knows it */
  char              *name;         /* the same */
};

enum {
  MENU,
  TOGGLE,
  DROPPED,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (FacetSidebarRow, facet_sidebar_row, GTK_TYPE_WIDGET)

static void
ask_for_menu (FacetSidebarRow *self, double x, double y)
{
  if (self->conversation != NULL || self->folder != NULL)
    g_signal_emit (self, signals[MENU], 0, x, y);
}

static void
released_cb (FacetSidebarRow *self)
{
  if (self->folder != NULL)
    g_signal_emit (self, signals[TOGGLE], 0);
}

/* Dragging */

static GdkContentProvider *
drag_prepare_cb (GtkDragSource *source, double x, double y, FacetSidebarRow *self)
{
  if (self->folder != NULL)
    return gdk_content_provider_new_typed (FACET_TYPE_FOLDER, self->folder);
  if (self->conversation != NULL && !facet_conversation_is_private (self->conversation))
    return gdk_content_provider_new_typed (FACET_TYPE_CONVERSATION, self->conversation);
  return NULL;
}

static void
drag_begin_cb (GtkDragSource *source, GdkDrag *drag, FacetSidebarRow *self)
{
  g_autoptr (GdkPaintable) picture = gtk_widget_paintable_new (GTK_WIDGET (self));

  gtk_drag_source_set_icon (source, picture, 0, 0);
}

static gboolean
dropped_cb (GtkDropTarget *target, const GValue *value, double x, double y, FacetSidebarRow *self)
{
  gboolean taken = FALSE;

  if (self->item != NULL && g_value_get_object (value) != NULL)
    g_signal_emit (self, signals[DROPPED], 0, g_value_get_object (value), &taken);
  return taken;
}

/* A folder can only be put among folders. */
static GdkDragAction
drag_enter_cb (GtkDropTarget *target, double x, double y, FacetSidebarRow *self)
{
  const GValue *value = gtk_drop_target_get_value (target);

  if (value != NULL && G_VALUE_HOLDS (value, FACET_TYPE_FOLDER) && self->folder == NULL)
    return 0;
  return GDK_ACTION_MOVE;
}

static void
add_drop_target (FacetSidebarRow *self)
{
  GtkDropTarget *target = gtk_drop_target_new (G_TYPE_INVALID, GDK_ACTION_MOVE);

  gtk_drop_target_set_gtypes (target, (GType[]){FACET_TYPE_CONVERSATION, FACET_TYPE_FOLDER}, 2);
  gtk_drop_target_set_preload (target, TRUE);
  g_signal_connect_object (target, "enter", G_CALLBACK (drag_enter_cb), self, 0);
  g_signal_connect_object (target, "drop", G_CALLBACK (dropped_cb), self, 0);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (target));
}

static void
secondary_pressed_cb (FacetSidebarRow *self, int n_press, double x, double y)
{
  ask_for_menu (self, x, y);
}

static void
long_pressed_cb (FacetSidebarRow *self, double x, double y)
{
  ask_for_menu (self, x, y);
}

static void
more_clicked_cb (FacetSidebarRow *self)
{
  double x, y;

  gtk_widget_translate_coordinates (self->more, GTK_WIDGET (self),
                                    gtk_widget_get_width (self->more) / 2.0,
                                    gtk_widget_get_height (self->more), &x, &y);
  ask_for_menu (self, x, y);
}

static char *
make_accessible_name (FacetSidebarRow *self)
{
  const char *title = gtk_label_get_label (self->title);

  if (self->folder != NULL)
    /* Translators: a folder of conversations, for screen readers. */
    return g_strdup_printf (_ ("Folder %s"), facet_folder_get_name (self->folder));
  if (self->conversation == NULL)
    return g_strdup (gtk_label_get_label (GTK_LABEL (self->heading)));
  if (facet_conversation_get_busy (self->conversation))
    /* Translators: a conversation whose answer is being written, for screen readers. */
    return g_strdup_printf (_ ("%s, answering"), title);
  if (facet_conversation_is_private (self->conversation))
    /* Translators: a conversation that is kept in memory only, for screen readers. */
    return g_strdup_printf (_ ("%s, private"), title);
  if (facet_conversation_get_pinned (self->conversation))
    /* Translators: a pinned conversation, for screen readers. */
    return g_strdup_printf (_ ("%s, pinned"), title);
  return g_strdup (title);
}

/* The list's own widget around this row is what a screen reader stops at. */
static void
update_accessible (FacetSidebarRow *self)
{
  GtkWidget       *list_item = gtk_widget_get_parent (GTK_WIDGET (self));
  gboolean         expandable = self->folder != NULL;
  g_autofree char *name = NULL;

  if (list_item == NULL)
    return;
  name = make_accessible_name (self);
  if (g_strcmp0 (name, self->name) != 0) {
    gtk_accessible_update_property (GTK_ACCESSIBLE (list_item), GTK_ACCESSIBLE_PROPERTY_LABEL, name,
                                    -1);
    g_free (self->name);
    self->name = g_steal_pointer (&name);
  }
  if (expandable)
    gtk_accessible_update_state (GTK_ACCESSIBLE (list_item), GTK_ACCESSIBLE_STATE_EXPANDED,
                                 !facet_section_get_folded (FACET_SECTION (self->item)), -1);
  else if (self->expandable)
    gtk_accessible_reset_state (GTK_ACCESSIBLE (list_item), GTK_ACCESSIBLE_STATE_EXPANDED);
  self->expandable = expandable;
}

FacetConversation *
facet_sidebar_row_get_conversation (FacetSidebarRow *self)
{
  g_return_val_if_fail (FACET_IS_SIDEBAR_ROW (self), NULL);

  return self->conversation;
}

FacetFolder *
facet_sidebar_row_get_folder (FacetSidebarRow *self)
{
  g_return_val_if_fail (FACET_IS_SIDEBAR_ROW (self), NULL);

  return self->folder;
}

gpointer
facet_sidebar_row_get_item (FacetSidebarRow *self)
{
  g_return_val_if_fail (FACET_IS_SIDEBAR_ROW (self), NULL);

  return self->item;
}

static void
set_class (GtkWidget *widget, const char *name, gboolean set)
{
  if (set)
    gtk_widget_add_css_class (widget, name);
  else
    gtk_widget_remove_css_class (widget, name);
}

static void
set_label (GtkLabel *label, const char *text)
{
  if (strcmp (gtk_label_get_label (label), text) != 0)
    gtk_label_set_label (label, text);
}

/* A folder looks like something that can be pressed, a day like a heading. */
static void
show_kind (FacetSidebarRow *self)
{
  static const char *const quiet[] = {"caption-heading", "dim-label", NULL};
  static const char *const plain[] = {NULL};
  gboolean                 is_folder = self->folder != NULL;
  gboolean                 is_heading = self->conversation == NULL;
  Kind kind = is_folder ? KIND_FOLDER : is_heading ? KIND_DAY : KIND_CONVERSATION;

  if (kind == self->kind)
    return;
  self->kind = kind;
  gtk_widget_set_css_classes (self->heading, (const char **)(is_folder ? plain : quiet));
  gtk_widget_set_visible (self->heading, is_heading);
  gtk_widget_set_visible (self->arrow, is_folder);
  gtk_widget_set_visible (self->line, !is_heading);
  gtk_widget_set_visible (self->more, !is_heading || is_folder);
}

/* Hundreds of rows change when the list is scrolled by much, so that this is no group of bindings,
 * and touches nothing that stays as it is. */
static void
show_item (FacetSidebarRow *self)
{
  if (self->conversation != NULL) {
    const char *title = facet_conversation_get_title (self->conversation);

    /* There is always something to read and to click. */
    set_label (self->title, title != NULL && *title != '\0' ? title : _ ("New conversation"));
    gtk_widget_set_visible (self->busy, facet_conversation_get_busy (self->conversation));
    gtk_widget_set_visible (self->pin, facet_conversation_get_pinned (self->conversation));
  } else {
    FacetSection *section = FACET_SECTION (self->item);

    set_label (GTK_LABEL (self->heading), facet_section_get_title (section));
    gtk_image_set_from_icon_name (GTK_IMAGE (self->arrow), facet_section_get_folded (section)
                                                               ? "pan-end-symbolic"
                                                               : "pan-down-symbolic");
  }
  update_accessible (self);
}

void
facet_sidebar_row_set_item (FacetSidebarRow *self, gpointer item)
{
  gboolean is_heading = item != NULL && FACET_IS_SECTION (item);

  g_return_if_fail (FACET_IS_SIDEBAR_ROW (self));

  if (self->item != NULL)
    g_clear_signal_handler (&self->notify, self->item);
  g_set_object (&self->item, item);
  self->conversation = item != NULL && !is_heading ? FACET_CONVERSATION (item) : NULL;
  self->folder = is_heading ? facet_section_get_folder (item) : NULL;
  /* What is shown stays until there is something else to show: a row is soon used again. */
  if (item == NULL)
    return;
  self->notify = g_signal_connect_swapped (item, "notify", G_CALLBACK (show_item), self);
  gtk_widget_set_visible (self->private, self->conversation != NULL &&
                                             facet_conversation_is_private (self->conversation));
  set_class (GTK_WIDGET (self), "in-folder",
             self->conversation != NULL &&
                 facet_conversation_get_folder (self->conversation) != 0 &&
                 !facet_conversation_get_pinned (self->conversation));
  show_kind (self);
  show_item (self);
}

static void
facet_sidebar_row_dispose (GObject *object)
{
  FacetSidebarRow *self = FACET_SIDEBAR_ROW (object);

  if (self->item != NULL)
    g_clear_signal_handler (&self->notify, self->item);
  self->conversation = NULL;
  self->folder = NULL;
  g_clear_object (&self->item);
  gtk_widget_dispose_template (GTK_WIDGET (self), FACET_TYPE_SIDEBAR_ROW);
  G_OBJECT_CLASS (facet_sidebar_row_parent_class)->dispose (object);
}

static void
facet_sidebar_row_finalize (GObject *object)
{
  g_free (FACET_SIDEBAR_ROW (object)->name);
  G_OBJECT_CLASS (facet_sidebar_row_parent_class)->finalize (object);
}

static void
facet_sidebar_row_class_init (FacetSidebarRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_sidebar_row_dispose;
  G_OBJECT_CLASS (klass)->finalize = facet_sidebar_row_finalize;

  signals[MENU] = g_signal_new ("menu", FACET_TYPE_SIDEBAR_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 2, G_TYPE_DOUBLE, G_TYPE_DOUBLE);
  signals[TOGGLE] = g_signal_new ("toggle", FACET_TYPE_SIDEBAR_ROW, G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 0);
  signals[DROPPED] = g_signal_new ("dropped", FACET_TYPE_SIDEBAR_ROW, G_SIGNAL_RUN_LAST, 0,
                                   g_signal_accumulator_true_handled, NULL, NULL, G_TYPE_BOOLEAN, 1,
                                   G_TYPE_OBJECT);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-sidebar-row.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetSidebarRow, root);
  gtk_widget_class_bind_template_child (widget_class, FacetSidebarRow, heading);
  gtk_widget_class_bind_template_child (widget_class, FacetSidebarRow, line);
  gtk_widget_class_bind_template_child (widget_class, FacetSidebarRow, title);
  gtk_widget_class_bind_template_child (widget_class, FacetSidebarRow, arrow);
  gtk_widget_class_bind_template_child (widget_class, FacetSidebarRow, busy);
  gtk_widget_class_bind_template_child (widget_class, FacetSidebarRow, private);
  gtk_widget_class_bind_template_child (widget_class, FacetSidebarRow, pin);
  gtk_widget_class_bind_template_child (widget_class, FacetSidebarRow, more);
  gtk_widget_class_bind_template_callback (widget_class, drag_begin_cb);
  gtk_widget_class_bind_template_callback (widget_class, drag_prepare_cb);
  gtk_widget_class_bind_template_callback (widget_class, long_pressed_cb);
  gtk_widget_class_bind_template_callback (widget_class, more_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, released_cb);
  gtk_widget_class_bind_template_callback (widget_class, secondary_pressed_cb);
  gtk_widget_class_set_css_name (widget_class, "sidebar-row");
}

static void
facet_sidebar_row_init (FacetSidebarRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  add_drop_target (self);
}

FacetSidebarRow *
facet_sidebar_row_new (void)
{
  return g_object_new (FACET_TYPE_SIDEBAR_ROW, NULL);
}
