/* facet-attachment-chip.c: one attachment of the message that is being written.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-attachment-chip"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-attachment-chip.h"
#include "facet-attachment-words.h"
#include "facet-detail-popover.h"
#include "facet-thumbnail.h"
#include "facet-waveform.h"

struct _FacetAttachmentChip {
  GtkWidget parent_instance;

  GtkStack           *face;
  GtkSpinner         *spinner;
  GtkWidget          *open;
  FacetThumbnail     *thumbnail;
  FacetWaveform      *waveform;
  GtkWidget          *words;
  GtkLabel           *name;
  GtkLabel           *cost;
  GtkWidget          *detail;
  FacetDetailPopover *popover;
  GtkWidget          *remove;

  FacetImport *import;
  FacetMedia  *media;
};

enum {
  REMOVED,
  OPENED,
  DETAIL,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (FacetAttachmentChip, facet_attachment_chip, GTK_TYPE_WIDGET)

/* Takes @text. */
static void
set_label (GtkWidget *widget, char *text)
{
  gtk_accessible_update_property (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
  g_free (text);
}

static void
show_name (FacetAttachmentChip *self, const char *name)
{
  gtk_label_set_label (self->name, name);
  set_label (self->remove, g_strdup_printf (_ ("Remove %s"), name));
  gtk_widget_set_tooltip_text (self->remove, _ ("Remove"));
}

static void
show_import (FacetAttachmentChip *self)
{
  const char *name = facet_import_get_name (self->import);

  show_name (self, name);
  gtk_stack_set_visible_child_name (self->face, "running");
  gtk_spinner_start (self->spinner);
  gtk_label_set_label (self->cost, _ ("Adding…"));
  gtk_widget_set_visible (self->detail, FALSE);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->name), name);
  set_label (GTK_WIDGET (self), g_strdup_printf (_ ("%s is being added"), name));
}

static void
show_media (FacetAttachmentChip *self)
{
  const char      *name = facet_media_get_name (self->media);
  const char      *note = facet_media_get_note (self->media);
  FacetMediaKind   kind = facet_media_get_kind (self->media);
  g_autofree char *cost = facet_attachment_dup_cost (self->media);
  g_autofree char *alternative = facet_attachment_dup_alternative (self->media);
  g_autofree char *tooltip = note != NULL ? g_strdup_printf ("%s\n%s", name, note) : NULL;

  show_name (self, name);
  gtk_spinner_stop (self->spinner);
  gtk_label_set_label (self->cost, cost);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->name), tooltip != NULL ? tooltip : name);
  set_label (GTK_WIDGET (self), g_strdup_printf ("%s, %s", alternative, cost));
  if (kind == FACET_MEDIA_AUDIO) {
    facet_waveform_set_peaks (self->waveform, facet_media_get_peaks (self->media));
    gtk_stack_set_visible_child_name (self->face, "sound");
  } else {
    facet_thumbnail_set_media (self->thumbnail, self->media);
    gtk_stack_set_visible_child_name (self->face, "picture");
    gtk_widget_set_tooltip_text (self->open,
                                 kind == FACET_MEDIA_IMAGE ? _ ("Show large") : _ ("Play"));
    set_label (self->open, g_steal_pointer (&alternative));
  }
  gtk_widget_set_visible (self->detail, kind == FACET_MEDIA_IMAGE);
  if (kind == FACET_MEDIA_IMAGE) {
    facet_detail_popover_set_media (self->popover, self->media);
    gtk_widget_set_tooltip_text (self->detail, _ ("Detail"));
    set_label (self->detail, g_strdup_printf (_ ("Detail of %s, %s"), name, cost));
  }
}

FacetImport *
facet_attachment_chip_get_import (FacetAttachmentChip *self)
{
  g_return_val_if_fail (FACET_IS_ATTACHMENT_CHIP (self), NULL);

  return self->import;
}

void
facet_attachment_chip_set_import (FacetAttachmentChip *self, FacetImport *import)
{
  g_return_if_fail (FACET_IS_ATTACHMENT_CHIP (self));
  g_return_if_fail (FACET_IS_IMPORT (import));

  g_clear_object (&self->media);
  if (g_set_object (&self->import, import))
    show_import (self);
}

FacetMedia *
facet_attachment_chip_get_media (FacetAttachmentChip *self)
{
  g_return_val_if_fail (FACET_IS_ATTACHMENT_CHIP (self), NULL);

  return self->media;
}

void
facet_attachment_chip_set_media (FacetAttachmentChip *self, FacetMedia *media)
{
  g_return_if_fail (FACET_IS_ATTACHMENT_CHIP (self));
  g_return_if_fail (FACET_IS_MEDIA (media));

  g_clear_object (&self->import);
  if (g_set_object (&self->media, media))
    show_media (self);
}

static void
remove_clicked_cb (FacetAttachmentChip *self)
{
  g_signal_emit (self, signals[REMOVED], 0);
}

static void
open_clicked_cb (FacetAttachmentChip *self)
{
  g_signal_emit (self, signals[OPENED], 0);
}

static void
detail_chosen_cb (FacetAttachmentChip *self, guint detail)
{
  g_signal_emit (self, signals[DETAIL], 0, detail);
}

void
facet_attachment_chip_focus_remove (FacetAttachmentChip *self)
{
  g_return_if_fail (FACET_IS_ATTACHMENT_CHIP (self));

  gtk_widget_grab_focus (self->remove);
}

static void
facet_attachment_chip_dispose (GObject *object)
{
  FacetAttachmentChip *self = FACET_ATTACHMENT_CHIP (object);

  g_clear_object (&self->import);
  g_clear_object (&self->media);
  gtk_widget_dispose_template (GTK_WIDGET (self), FACET_TYPE_ATTACHMENT_CHIP);
  G_OBJECT_CLASS (facet_attachment_chip_parent_class)->dispose (object);
}

static void
facet_attachment_chip_class_init (FacetAttachmentChipClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_attachment_chip_dispose;

  signals[REMOVED] = g_signal_new ("removed", FACET_TYPE_ATTACHMENT_CHIP, G_SIGNAL_RUN_LAST, 0,
                                   NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[OPENED] = g_signal_new ("opened", FACET_TYPE_ATTACHMENT_CHIP, G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 0);
  signals[DETAIL] = g_signal_new ("detail", FACET_TYPE_ATTACHMENT_CHIP, G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);

  g_type_ensure (FACET_TYPE_DETAIL_POPOVER);
  g_type_ensure (FACET_TYPE_THUMBNAIL);
  g_type_ensure (FACET_TYPE_WAVEFORM);
  gtk_widget_class_set_css_name (widget_class, "attachment-chip");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-attachment-chip.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetAttachmentChip, face);
  gtk_widget_class_bind_template_child (widget_class, FacetAttachmentChip, spinner);
  gtk_widget_class_bind_template_child (widget_class, FacetAttachmentChip, open);
  gtk_widget_class_bind_template_child (widget_class, FacetAttachmentChip, thumbnail);
  gtk_widget_class_bind_template_child (widget_class, FacetAttachmentChip, waveform);
  gtk_widget_class_bind_template_child (widget_class, FacetAttachmentChip, words);
  gtk_widget_class_bind_template_child (widget_class, FacetAttachmentChip, name);
  gtk_widget_class_bind_template_child (widget_class, FacetAttachmentChip, cost);
  gtk_widget_class_bind_template_child (widget_class, FacetAttachmentChip, detail);
  gtk_widget_class_bind_template_child (widget_class, FacetAttachmentChip, popover);
  gtk_widget_class_bind_template_child (widget_class, FacetAttachmentChip, remove);
  gtk_widget_class_bind_template_callback (widget_class, detail_chosen_cb);
  gtk_widget_class_bind_template_callback (widget_class, open_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, remove_clicked_cb);
}

static void
facet_attachment_chip_init (FacetAttachmentChip *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
facet_attachment_chip_new (void)
{
  return g_object_new (FACET_TYPE_ATTACHMENT_CHIP, NULL);
}
