/* facet-banner.c: one sentence above the page that stays until it is dealt with, with up to two
 * buttons.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-banner"

#include "config.h"

#include "facet-banner.h"

struct _FacetBanner {
  GtkWidget parent_instance;

  GtkRevealer *revealer;
  GtkLabel    *label;
  GtkWidget   *buttons;
  GtkWidget   *first;
  GtkWidget   *second;

  char *text;
};

G_DEFINE_FINAL_TYPE (FacetBanner, facet_banner, GTK_TYPE_WIDGET)

const char *
facet_banner_get_text (FacetBanner *self)
{
  g_return_val_if_fail (FACET_IS_BANNER (self), NULL);

  return self->text;
}

void
facet_banner_set_text (FacetBanner *self, const char *text)
{
  g_return_if_fail (FACET_IS_BANNER (self));

  if (text != NULL && text[0] == '\0')
    text = NULL;
  if (g_strcmp0 (text, self->text) == 0)
    return;
  g_free (self->text);
  self->text = g_strdup (text);
  /* While it closes, the old sentence stays. */
  if (text != NULL)
    gtk_label_set_label (self->label, text);
  gtk_revealer_set_reveal_child (self->revealer, text != NULL);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  text != NULL ? text : "", -1);
}

static void
set_button (GtkWidget *button, const char *label, const char *action)
{
  gtk_widget_set_visible (button, label != NULL);
  if (label != NULL)
    gtk_button_set_label (GTK_BUTTON (button), label);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), action);
}

void
facet_banner_set_buttons (FacetBanner *self,
                          const char  *first_label,
                          const char  *first_action,
                          const char  *second_label,
                          const char  *second_action)
{
  g_return_if_fail (FACET_IS_BANNER (self));

  set_button (self->first, first_label, first_action);
  set_button (self->second, second_label, second_action);
  gtk_widget_set_visible (self->buttons, first_label != NULL || second_label != NULL);
}

/* The text is kept, so that the same sentence does not come back. */
static void
close_clicked_cb (FacetBanner *self)
{
  gtk_revealer_set_reveal_child (self->revealer, FALSE);
}

static void
facet_banner_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), FACET_TYPE_BANNER);
  G_OBJECT_CLASS (facet_banner_parent_class)->dispose (object);
}

static void
facet_banner_finalize (GObject *object)
{
  g_free (FACET_BANNER (object)->text);
  G_OBJECT_CLASS (facet_banner_parent_class)->finalize (object);
}

static void
facet_banner_class_init (FacetBannerClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = facet_banner_dispose;
  object_class->finalize = facet_banner_finalize;

  gtk_widget_class_set_template_from_resource (widget_class, "/org/facet/Facet/facet-banner.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetBanner, revealer);
  gtk_widget_class_bind_template_child (widget_class, FacetBanner, label);
  gtk_widget_class_bind_template_child (widget_class, FacetBanner, buttons);
  gtk_widget_class_bind_template_child (widget_class, FacetBanner, first);
  gtk_widget_class_bind_template_child (widget_class, FacetBanner, second);
  gtk_widget_class_bind_template_callback (widget_class, close_clicked_cb);
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_ALERT);
}

static void
facet_banner_init (FacetBanner *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  facet_banner_set_buttons (self, NULL, NULL, NULL, NULL);
}

FacetBanner *
facet_banner_new (void)
{
  return g_object_new (FACET_TYPE_BANNER, NULL);
}
