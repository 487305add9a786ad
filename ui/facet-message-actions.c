/* facet-message-actions.c: the buttons under a message.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  What the buttons do is in facet-message-row.c. */
#define G_LOG_DOMAIN "facet-message-actions"

#include "config.h"

#include "facet-message-actions.h"
#include "facet-version-pager.h"

struct _FacetMessageActions {
  GtkWidget          parent_instance;
  FacetVersionPager *pager;
  GtkWidget         *copy, *edit, *regenerate, *delete, *more;
};

G_DEFINE_FINAL_TYPE (FacetMessageActions, facet_message_actions, GTK_TYPE_WIDGET)

void
facet_message_actions_set_message (FacetMessageActions *self,
                                   FacetMessage        *message,
                                   FacetConversation   *conversation)
{
  gboolean answer;
  guint    index, count;

  if (message == NULL)
    return;
  answer = facet_message_get_role (message) == FACET_ROLE_ASSISTANT;
  gtk_widget_set_visible (self->edit, !answer);
  gtk_widget_set_visible (self->regenerate, answer);
  facet_conversation_get_versions (conversation, message, &index, &count);
  facet_version_pager_set_version (self->pager, index, count);
}

void
facet_message_actions_focus_versions (FacetMessageActions *self, gboolean back)
{
  facet_version_pager_grab_focus (self->pager, back);
}

static void
facet_message_actions_dispose (GObject *object)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (object))) != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (facet_message_actions_parent_class)->dispose (object);
}

static void
facet_message_actions_class_init (FacetMessageActionsClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_message_actions_dispose;
  g_type_ensure (FACET_TYPE_VERSION_PAGER);
  gtk_widget_class_set_css_name (widget_class, "message-actions");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_TOOLBAR);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-message-actions.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetMessageActions, pager);
  gtk_widget_class_bind_template_child (widget_class, FacetMessageActions, copy);
  gtk_widget_class_bind_template_child (widget_class, FacetMessageActions, edit);
  gtk_widget_class_bind_template_child (widget_class, FacetMessageActions, regenerate);
  gtk_widget_class_bind_template_child (widget_class, FacetMessageActions, delete);
  gtk_widget_class_bind_template_child (widget_class, FacetMessageActions, more);
}

static void
facet_message_actions_init (FacetMessageActions *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
