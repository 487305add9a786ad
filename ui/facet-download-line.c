/* facet-download-line.c: one line about the download that runs.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-download-line"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-download-line.h"

struct _FacetDownloadLine {
  GtkWidget parent_instance;

  GtkWidget      *button;
  GtkLabel       *label;
  GtkProgressBar *progress;

  FacetModels  *models;
  GSignalGroup *signals;
};

enum {
  PROP_MODELS = 1,
  N_PROPS,
};
static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (FacetDownloadLine, facet_download_line, GTK_TYPE_WIDGET)

static void
update (FacetDownloadLine *self)
{
  FacetModel      *model = self->models != NULL ? facet_models_get_active (self->models) : NULL;
  g_autofree char *text = NULL;

  gtk_widget_set_visible (GTK_WIDGET (self), model != NULL);
  if (model == NULL)
    return;
  /* Translators: a model's name, and how far its download is, or what it waits for. */
  text =
      g_strdup_printf (_ ("%s: %s"), facet_model_get_name (model), facet_model_get_message (model));
  gtk_label_set_label (self->label, text);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  text, -1);
  gtk_progress_bar_set_fraction (self->progress, facet_model_get_fraction (model));
}

void
facet_download_line_set_models (FacetDownloadLine *self, FacetModels *models)
{
  g_return_if_fail (FACET_IS_DOWNLOAD_LINE (self));

  if (!g_set_object (&self->models, models))
    return;
  g_signal_group_set_target (self->signals, models);
  update (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_MODELS]);
}

static void
facet_download_line_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_MODELS)
    g_value_set_object (value, FACET_DOWNLOAD_LINE (object)->models);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
facet_download_line_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_MODELS)
    facet_download_line_set_models (FACET_DOWNLOAD_LINE (object), g_value_get_object (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
facet_download_line_dispose (GObject *object)
{
  FacetDownloadLine *self = FACET_DOWNLOAD_LINE (object);

  g_clear_object (&self->signals);
  g_clear_object (&self->models);
  gtk_widget_dispose_template (GTK_WIDGET (self), FACET_TYPE_DOWNLOAD_LINE);
  G_OBJECT_CLASS (facet_download_line_parent_class)->dispose (object);
}

static void
facet_download_line_class_init (FacetDownloadLineClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = facet_download_line_dispose;
  object_class->get_property = facet_download_line_get_property;
  object_class->set_property = facet_download_line_set_property;

  props[PROP_MODELS] =
      g_param_spec_object ("models", NULL, NULL, FACET_TYPE_MODELS,
                           G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-download-line.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetDownloadLine, button);
  gtk_widget_class_bind_template_child (widget_class, FacetDownloadLine, label);
  gtk_widget_class_bind_template_child (widget_class, FacetDownloadLine, progress);
  gtk_widget_class_set_css_name (widget_class, "download-line");
}

static void
facet_download_line_init (FacetDownloadLine *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));

  self->signals = g_signal_group_new (FACET_TYPE_MODELS);
  g_signal_group_connect_swapped (self->signals, "changed", G_CALLBACK (update), self);
}
