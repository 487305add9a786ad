/* facet-drop-zone.c: anything dropped onto its child is a file or a picture for the message.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The target is asked before those of its descendants: a text field takes dragged
 * files as text, which nobody means.  Text alone is left to them. */
#define G_LOG_DOMAIN "facet-drop-zone"

#include "config.h"

#include "facet-attachment-sources.h"
#include "facet-drop-zone.h"

struct _FacetDropZone {
  GtkWidget parent_instance;

  GtkOverlay    *overlay;
  GtkRevealer   *revealer;
  GtkDropTarget *target; /* the widget's */
  gboolean       enabled;
};

enum {
  PROP_CHILD = 1,
  PROP_ENABLED,
};

enum {
  DROPPED,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (FacetDropZone, facet_drop_zone, GTK_TYPE_WIDGET)

gboolean
facet_drop_zone_get_active (FacetDropZone *self)
{
  g_return_val_if_fail (FACET_IS_DROP_ZONE (self), FALSE);

  return gtk_revealer_get_reveal_child (self->revealer);
}

static void
set_active (FacetDropZone *self, gboolean active)
{
  if (active)
    gtk_widget_set_visible (GTK_WIDGET (self->revealer), TRUE);
  gtk_revealer_set_reveal_child (self->revealer, active);
}

/* Faded out, it is gone for screen readers, too. */
static void
revealed_cb (FacetDropZone *self)
{
  if (!gtk_revealer_get_child_revealed (self->revealer) && !facet_drop_zone_get_active (self))
    gtk_widget_set_visible (GTK_WIDGET (self->revealer), FALSE);
}

static gboolean
accept_cb (FacetDropZone *self, GdkDrop *drop)
{
  g_autoptr (GdkContentFormats) ours = NULL;

  if (!self->enabled)
    return FALSE;
  ours = gdk_content_formats_union_deserialize_mime_types (facet_attachments_dup_formats ());
  return gdk_content_formats_match (ours, gdk_drop_get_formats (drop));
}

static GdkDragAction
enter_cb (FacetDropZone *self)
{
  set_active (self, TRUE);
  return GDK_ACTION_COPY;
}

static void
leave_cb (FacetDropZone *self)
{
  set_active (self, FALSE);
}

static gboolean
drop_cb (FacetDropZone *self, const GValue *value)
{
  set_active (self, FALSE);
  g_signal_emit (self, signals[DROPPED], 0, value);
  return TRUE;
}

static void
add_target (FacetDropZone *self)
{
  GType types[] = {GDK_TYPE_FILE_LIST, G_TYPE_FILE, GDK_TYPE_TEXTURE};

  self->target = gtk_drop_target_new (G_TYPE_INVALID, GDK_ACTION_COPY);
  gtk_drop_target_set_gtypes (self->target, types, G_N_ELEMENTS (types));
  gtk_event_controller_set_propagation_phase (GTK_EVENT_CONTROLLER (self->target),
                                              GTK_PHASE_CAPTURE);
  g_signal_connect_swapped (self->target, "accept", G_CALLBACK (accept_cb), self);
  g_signal_connect_swapped (self->target, "enter", G_CALLBACK (enter_cb), self);
  g_signal_connect_swapped (self->target, "leave", G_CALLBACK (leave_cb), self);
  g_signal_connect_swapped (self->target, "drop", G_CALLBACK (drop_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (self->target));
}

static void
facet_drop_zone_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  FacetDropZone *self = FACET_DROP_ZONE (object);

  switch (id) {
  case PROP_CHILD:
    g_value_set_object (value, gtk_overlay_get_child (self->overlay));
    break;
  case PROP_ENABLED:
    g_value_set_boolean (value, self->enabled);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
facet_drop_zone_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  FacetDropZone *self = FACET_DROP_ZONE (object);

  switch (id) {
  case PROP_CHILD:
    gtk_overlay_set_child (self->overlay, g_value_get_object (value));
    break;
  case PROP_ENABLED:
    self->enabled = g_value_get_boolean (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
facet_drop_zone_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), FACET_TYPE_DROP_ZONE);
  G_OBJECT_CLASS (facet_drop_zone_parent_class)->dispose (object);
}

static void
facet_drop_zone_class_init (FacetDropZoneClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass   *widget_class = GTK_WIDGET_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = facet_drop_zone_get_property;
  object_class->set_property = facet_drop_zone_set_property;
  object_class->dispose = facet_drop_zone_dispose;
  g_object_class_install_property (object_class, PROP_CHILD,
                                   g_param_spec_object ("child", NULL, NULL, GTK_TYPE_WIDGET,
                                                        flags));
  g_object_class_install_property (object_class, PROP_ENABLED,
                                   g_param_spec_boolean ("enabled", NULL, NULL, TRUE,
                                                         flags | G_PARAM_CONSTRUCT));
  signals[DROPPED] = g_signal_new ("dropped", FACET_TYPE_DROP_ZONE, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 1, G_TYPE_VALUE);

  gtk_widget_class_set_css_name (widget_class, "dropzone");
  gtk_widget_class_set_template_from_resource (widget_class, "/org/facet/Facet/facet-drop-zone.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetDropZone, overlay);
  gtk_widget_class_bind_template_child (widget_class, FacetDropZone, revealer);
  gtk_widget_class_bind_template_callback (widget_class, revealed_cb);
}

static void
facet_drop_zone_init (FacetDropZone *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  add_target (self);
}
