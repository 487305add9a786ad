/* facet-version-pager.c: ‹ 2/3 ›: which version of a message is shown, and the way to the others.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-version-pager"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-version-pager.h"

struct _FacetVersionPager {
  GtkWidget  parent_instance;
  GtkWidget *previous, *next;
  GtkLabel  *label;
};

G_DEFINE_FINAL_TYPE (FacetVersionPager, facet_version_pager, GTK_TYPE_WIDGET)

void
facet_version_pager_set_version (FacetVersionPager *self, guint index, guint count)
{
  g_autofree char *shown = g_strdup_printf ("%u/%u", index + 1, count);
  /* Translators: of a message that was edited or answered again, for screen readers */
  g_autofree char *words = g_strdup_printf (_ ("Version %u of %u"), index + 1, count);

  gtk_widget_set_visible (GTK_WIDGET (self), count > 1);
  gtk_label_set_label (self->label, shown);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->label), words);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->label), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  words, -1);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, words, -1);
}

void
facet_version_pager_grab_focus (FacetVersionPager *self, gboolean back)
{
  GtkWidget *first = back ? self->previous : self->next;
  GtkWidget *second = back ? self->next : self->previous;

  gtk_widget_grab_focus (gtk_widget_get_sensitive (first) ? first : second);
}

static void
facet_version_pager_dispose (GObject *object)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (object))) != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (facet_version_pager_parent_class)->dispose (object);
}

static void
facet_version_pager_class_init (FacetVersionPagerClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_version_pager_dispose;
  gtk_widget_class_set_css_name (widget_class, "version-pager");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-version-pager.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetVersionPager, previous);
  gtk_widget_class_bind_template_child (widget_class, FacetVersionPager, next);
  gtk_widget_class_bind_template_child (widget_class, FacetVersionPager, label);
}

static void
facet_version_pager_init (FacetVersionPager *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
