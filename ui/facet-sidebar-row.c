/* facet-sidebar-row.c: one line of the sidebar: a heading, or a conversation.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Does not know the list it is in, nor what the menu does. */
#define G_LOG_DOMAIN "facet-sidebar-row"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-sidebar-row.h"

struct _FacetSidebarRow {
  GtkWidget parent_instance;

  GtkWidget *root;
  GtkWidget *heading;
  GtkWidget *line;
  GtkLabel  *title;
  GtkWidget *busy;
  GtkWidget *pin;
  GtkWidget *more;

  FacetConversation *conversation;
  GBindingGroup     *bindings;
};

enum {
  MENU,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (FacetSidebarRow, facet_sidebar_row, GTK_TYPE_WIDGET)

static void
ask_for_menu (FacetSidebarRow *self, double x, double y)
{
  if (self->conversation != NULL)
    g_signal_emit (self, signals[MENU], 0, x, y);
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

/* The list's own widget around this row is what a screen reader stops at. */
static void
update_accessible_name (FacetSidebarRow *self)
{
  GtkWidget       *item = gtk_widget_get_parent (GTK_WIDGET (self));
  g_autofree char *name = NULL;

  if (item == NULL)
    return;
  if (self->conversation == NULL)
    name = g_strdup (gtk_label_get_label (GTK_LABEL (self->heading)));
  else if (facet_conversation_get_busy (self->conversation))
    /* Translators: a conversation whose answer is being written, for screen readers. */
    name = g_strdup_printf (_ ("%s, answering"), gtk_label_get_label (self->title));
  else if (facet_conversation_get_pinned (self->conversation))
    /* Translators: a pinned conversation, for screen readers. */
    name = g_strdup_printf (_ ("%s, pinned"), gtk_label_get_label (self->title));
  else
    name = g_strdup (gtk_label_get_label (self->title));
  gtk_accessible_update_property (GTK_ACCESSIBLE (item), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

/* There is always something to read and to click. */
static gboolean
title_to_label (GBinding *binding, const GValue *from, GValue *to, gpointer user_data)
{
  const char *title = g_value_get_string (from);

  g_value_set_string (to, title != NULL && title[0] != '\0' ? title : _ ("New conversation"));
  return TRUE;
}

FacetConversation *
facet_sidebar_row_get_conversation (FacetSidebarRow *self)
{
  g_return_val_if_fail (FACET_IS_SIDEBAR_ROW (self), NULL);

  return self->conversation;
}

void
facet_sidebar_row_set_item (FacetSidebarRow *self, gpointer item)
{
  gboolean           is_heading = item != NULL && FACET_IS_SECTION (item);
  FacetConversation *conversation =
      item != NULL && FACET_IS_CONVERSATION (item) ? FACET_CONVERSATION (item) : NULL;

  g_return_if_fail (FACET_IS_SIDEBAR_ROW (self));

  g_set_object (&self->conversation, conversation);
  g_binding_group_set_source (self->bindings, self->conversation);
  if (is_heading)
    gtk_label_set_label (GTK_LABEL (self->heading), facet_section_get_title (item));
  gtk_widget_set_visible (self->heading, is_heading);
  gtk_widget_set_visible (self->line, !is_heading);
  update_accessible_name (self);
}

static void
facet_sidebar_row_dispose (GObject *object)
{
  FacetSidebarRow *self = FACET_SIDEBAR_ROW (object);

  g_clear_object (&self->bindings);
  g_clear_object (&self->conversation);
  gtk_widget_dispose_template (GTK_WIDGET (self), FACET_TYPE_SIDEBAR_ROW);
  G_OBJECT_CLASS (facet_sidebar_row_parent_class)->dispose (object);
}

static void
facet_sidebar_row_class_init (FacetSidebarRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_sidebar_row_dispose;

  signals[MENU] = g_signal_new ("menu", FACET_TYPE_SIDEBAR_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 2, G_TYPE_DOUBLE, G_TYPE_DOUBLE);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-sidebar-row.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetSidebarRow, root);
  gtk_widget_class_bind_template_child (widget_class, FacetSidebarRow, heading);
  gtk_widget_class_bind_template_child (widget_class, FacetSidebarRow, line);
  gtk_widget_class_bind_template_child (widget_class, FacetSidebarRow, title);
  gtk_widget_class_bind_template_child (widget_class, FacetSidebarRow, busy);
  gtk_widget_class_bind_template_child (widget_class, FacetSidebarRow, pin);
  gtk_widget_class_bind_template_child (widget_class, FacetSidebarRow, more);
  gtk_widget_class_bind_template_callback (widget_class, long_pressed_cb);
  gtk_widget_class_bind_template_callback (widget_class, more_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, secondary_pressed_cb);
  gtk_widget_class_set_css_name (widget_class, "sidebar-row");
}

static void
facet_sidebar_row_init (FacetSidebarRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));

  const struct {
    gpointer    widget;
    const char *signal;
  } shown[] = {
      {self->title, "notify::label"},
      {self->busy, "notify::visible"},
      {self->pin, "notify::visible"},
  };

  self->bindings = g_binding_group_new ();
  g_binding_group_bind_full (self->bindings, "title", self->title, "label", G_BINDING_SYNC_CREATE,
                             title_to_label, NULL, NULL, NULL);
  g_binding_group_bind (self->bindings, "busy", self->busy, "visible", G_BINDING_SYNC_CREATE);
  g_binding_group_bind (self->bindings, "pinned", self->pin, "visible", G_BINDING_SYNC_CREATE);
  for (guint i = 0; i < G_N_ELEMENTS (shown); i++)
    g_signal_connect_swapped (shown[i].widget, shown[i].signal, G_CALLBACK (update_accessible_name),
                              self);
}

FacetSidebarRow *
facet_sidebar_row_new (void)
{
  return g_object_new (FACET_TYPE_SIDEBAR_ROW, NULL);
}
