/* facet-model-badge.c: which model answers, and what computes it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Only shows; what can be done about a model that failed is offered by the pages and
 * the menu around it. */
#define G_LOG_DOMAIN "facet-model-badge"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-model-badge.h"

struct _FacetModelBadge {
  GtkWidget parent_instance;

  GtkWidget      *root;
  GtkImage       *icon;
  GtkLabel       *name;
  GtkLabel       *detail;
  GtkProgressBar *progress;

  FacetAssistant *assistant;
  GSignalGroup   *signals;
};

enum {
  PROP_ASSISTANT = 1,
  N_PROPS,
};
static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (FacetModelBadge, facet_model_badge, GTK_TYPE_WIDGET)

char *
facet_model_badge_dup_loading_text (FacetAssistant *assistant)
{
  g_autofree char *name = facet_assistant_dup_name (assistant);
  int              per_cent = (int)(facet_assistant_get_progress (assistant) * 100);

  if (facet_assistant_is_demo (assistant)) {
    g_free (name);
    name = g_strdup (_ ("the demonstration model"));
  } else if (name == NULL || name[0] == '\0') {
    g_free (name);
    name = g_strdup (_ ("the model"));
  }
  return per_cent > 0
             /* Translators: a model's name or "the model", and how much of it is loaded. */
             ? g_strdup_printf (_ ("Loading %s, %d %%"), name, per_cent)
             : g_strdup_printf (_ ("Loading %s"), name);
}

static void
update (FacetModelBadge *self)
{
  g_autofree char    *name = NULL;
  g_autofree char    *detail = NULL;
  g_autofree char    *warning = NULL;
  FacetAssistantState state = FACET_ASSISTANT_LOADING;

  if (self->assistant != NULL) {
    state = facet_assistant_get_state (self->assistant);
    name = facet_assistant_dup_name (self->assistant);
  }
  switch (state) {
  case FACET_ASSISTANT_LOADING:
    if (self->assistant != NULL)
      /* Translators: under the model's name. */
      detail = g_strdup_printf (_ ("Loading, %d %%"),
                                (int)(facet_assistant_get_progress (self->assistant) * 100));
    break;
  case FACET_ASSISTANT_READY:
    detail = facet_assistant_dup_device (self->assistant);
    warning = facet_assistant_dup_warning (self->assistant);
    break;
  case FACET_ASSISTANT_FAILED:
    detail = g_strdup (_ ("Could not be loaded"));
    break;
  }

  gtk_image_set_from_icon_name (self->icon, state == FACET_ASSISTANT_FAILED || warning != NULL
                                                ? "dialog-warning-symbolic"
                                                : "computer-symbolic");
  gtk_label_set_label (self->name, name != NULL && name[0] != '\0' ? name : _ ("Model"));
  gtk_label_set_label (self->detail, detail != NULL ? detail : "");
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->detail), detail);
  /* Stays when the sentence above the page was closed. */
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->icon), warning);
  gtk_widget_set_visible (GTK_WIDGET (self->progress),
                          self->assistant != NULL && state == FACET_ASSISTANT_LOADING);
  if (self->assistant != NULL)
    gtk_progress_bar_set_fraction (self->progress, facet_assistant_get_progress (self->assistant));
}

void
facet_model_badge_set_assistant (FacetModelBadge *self, FacetAssistant *assistant)
{
  g_return_if_fail (FACET_IS_MODEL_BADGE (self));
  g_return_if_fail (assistant == NULL || FACET_IS_ASSISTANT (assistant));

  if (!g_set_object (&self->assistant, assistant))
    return;
  g_signal_group_set_target (self->signals, assistant);
  update (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ASSISTANT]);
}

static void
facet_model_badge_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_ASSISTANT)
    g_value_set_object (value, FACET_MODEL_BADGE (object)->assistant);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
facet_model_badge_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_ASSISTANT)
    facet_model_badge_set_assistant (FACET_MODEL_BADGE (object), g_value_get_object (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
facet_model_badge_dispose (GObject *object)
{
  FacetModelBadge *self = FACET_MODEL_BADGE (object);

  g_clear_object (&self->signals);
  g_clear_object (&self->assistant);
  gtk_widget_dispose_template (GTK_WIDGET (self), FACET_TYPE_MODEL_BADGE);
  G_OBJECT_CLASS (facet_model_badge_parent_class)->dispose (object);
}

static void
facet_model_badge_class_init (FacetModelBadgeClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = facet_model_badge_dispose;
  object_class->get_property = facet_model_badge_get_property;
  object_class->set_property = facet_model_badge_set_property;

  props[PROP_ASSISTANT] =
      g_param_spec_object ("assistant", NULL, NULL, FACET_TYPE_ASSISTANT,
                           G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-model-badge.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetModelBadge, root);
  gtk_widget_class_bind_template_child (widget_class, FacetModelBadge, icon);
  gtk_widget_class_bind_template_child (widget_class, FacetModelBadge, name);
  gtk_widget_class_bind_template_child (widget_class, FacetModelBadge, detail);
  gtk_widget_class_bind_template_child (widget_class, FacetModelBadge, progress);
  gtk_widget_class_set_css_name (widget_class, "model-badge");
}

static void
facet_model_badge_init (FacetModelBadge *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));

  self->signals = g_signal_group_new (G_TYPE_OBJECT);
  g_signal_group_connect_swapped (self->signals, "notify", G_CALLBACK (update), self);
  update (self);
}

FacetModelBadge *
facet_model_badge_new (void)
{
  return g_object_new (FACET_TYPE_MODEL_BADGE, NULL);
}
