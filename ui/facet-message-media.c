/* facet-message-media.c: what is attached to a message, above its text.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Tiles are made when a row is bound to its message, which is when it comes near the
 * screen, and not again while the message has the same attachments. */
#define G_LOG_DOMAIN "facet-message-media"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-attachment-words.h"
#include "facet-media-viewer.h"
#include "facet-message-media.h"
#include "facet-sound-tile.h"
#include "facet-thumbnail.h"
#include "facet-wrap-layout.h"

#define SPACING       6
#define HEIGHT_ALONE  160 /* of a single picture */
#define HEIGHT        120
#define WIDEST        2.4 /* for one of its height */
#define NARROWEST     0.5
#define MISSING_CHARS 24

struct _FacetMessageMedia {
  GtkWidget parent_instance;

  GtkWidget *tiles;
  GtkWidget *summary;
  GPtrArray *media; /* of FacetMedia, that the tiles show */
};

G_DEFINE_FINAL_TYPE (FacetMessageMedia, facet_message_media, GTK_TYPE_WIDGET)

static void
open_cb (GtkWidget *tile, FacetMedia *media)
{
  facet_media_view (tile, media);
}

static void
choose_size (FacetMessageMedia *self, FacetMedia *media, FacetThumbnail *thumbnail)
{
  int    height = self->media->len == 1 ? HEIGHT_ALONE : HEIGHT;
  guint  w, h;
  double shape;

  facet_media_get_dimensions (media, &w, &h);
  shape = h > 0 ? (double)w / h : 1;
  facet_thumbnail_set_size (thumbnail, (int)(height * CLAMP (shape, NARROWEST, WIDEST)), height);
}

/* A picture that is smaller than its tile is enlarged: tiles of a row are of one height. */
static GtkWidget *
make_picture (FacetMessageMedia *self, FacetMedia *media)
{
  GtkWidget       *button = gtk_button_new ();
  GtkWidget       *thumbnail = facet_thumbnail_new ();
  g_autofree char *alternative = facet_attachment_dup_alternative (media);
  const char      *note = facet_media_get_note (media);

  choose_size (self, media, FACET_THUMBNAIL (thumbnail));
  facet_thumbnail_set_media (FACET_THUMBNAIL (thumbnail), media);
  gtk_button_set_child (GTK_BUTTON (button), thumbnail);
  gtk_widget_add_css_class (button, "thumbnail-button");
  gtk_widget_set_tooltip_text (button, note != NULL ? note : facet_media_get_name (media));
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  alternative, -1);
  g_signal_connect_object (button, "clicked", G_CALLBACK (open_cb), media, 0);
  return button;
}

static GtkWidget *
make_missing (FacetMedia *media)
{
  GtkWidget       *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8);
  g_autofree char *text =
      g_strdup_printf (_ ("“%s” is no longer there"), facet_media_get_name (media));
  GtkWidget *icon = g_object_new (GTK_TYPE_IMAGE, "icon-name", "image-missing-symbolic",
                                  "accessible-role", GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL);
  GtkWidget *label =
      g_object_new (GTK_TYPE_LABEL, "label", text, "wrap", TRUE, "wrap-mode", PANGO_WRAP_WORD_CHAR,
                    "xalign", 0.0, "max-width-chars", MISSING_CHARS, NULL);

  gtk_widget_add_css_class (label, "caption");
  gtk_widget_add_css_class (box, "missing");
  gtk_box_append (GTK_BOX (box), icon);
  gtk_box_append (GTK_BOX (box), label);
  return box;
}

static gboolean
shows (FacetMessageMedia *self, GPtrArray *media)
{
  guint n = media != NULL ? media->len : 0;

  if (self->media->len != n)
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (g_ptr_array_index (self->media, i) != g_ptr_array_index (media, i))
      return FALSE;
  return TRUE;
}

void
facet_message_media_set_media (FacetMessageMedia *self, GPtrArray *media)
{
  g_autofree char *summary = NULL;
  GtkWidget       *child;

  g_return_if_fail (FACET_IS_MESSAGE_MEDIA (self));

  if (shows (self, media))
    return;
  while ((child = gtk_widget_get_first_child (self->tiles)) != NULL)
    gtk_box_remove (GTK_BOX (self->tiles), child);
  g_ptr_array_set_size (self->media, 0);
  for (guint i = 0; media != NULL && i < media->len; i++)
    g_ptr_array_add (self->media, g_object_ref (g_ptr_array_index (media, i)));

  for (guint i = 0; i < self->media->len; i++) {
    FacetMedia *one = g_ptr_array_index (self->media, i);

    if (facet_media_is_missing (one))
      child = make_missing (one);
    else if (facet_media_get_kind (one) == FACET_MEDIA_AUDIO)
      child = facet_sound_tile_new (one, NULL);
    else
      child = make_picture (self, one);
    gtk_box_append (GTK_BOX (self->tiles), child);
  }
  summary = facet_attachment_dup_summary (self->media);
  gtk_label_set_label (GTK_LABEL (self->summary), summary);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, summary,
                                  -1);
  gtk_widget_set_visible (GTK_WIDGET (self), self->media->len > 0);
}

static void
facet_message_media_dispose (GObject *object)
{
  FacetMessageMedia *self = FACET_MESSAGE_MEDIA (object);

  g_clear_pointer (&self->tiles, gtk_widget_unparent);
  g_clear_pointer (&self->summary, gtk_widget_unparent);
  G_OBJECT_CLASS (facet_message_media_parent_class)->dispose (object);
}

static void
facet_message_media_finalize (GObject *object)
{
  g_ptr_array_unref (FACET_MESSAGE_MEDIA (object)->media);
  G_OBJECT_CLASS (facet_message_media_parent_class)->finalize (object);
}

static void
facet_message_media_class_init (FacetMessageMediaClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_message_media_dispose;
  G_OBJECT_CLASS (klass)->finalize = facet_message_media_finalize;
  gtk_widget_class_set_css_name (widget_class, "message-media");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BOX_LAYOUT);
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
facet_message_media_init (FacetMessageMedia *self)
{
  GtkLayoutManager *layout = gtk_widget_get_layout_manager (GTK_WIDGET (self));

  self->media = g_ptr_array_new_with_free_func (g_object_unref);
  gtk_orientable_set_orientation (GTK_ORIENTABLE (layout), GTK_ORIENTATION_VERTICAL);
  gtk_box_layout_set_spacing (GTK_BOX_LAYOUT (layout), 2);
  self->tiles = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);
  gtk_widget_set_layout_manager (self->tiles, facet_wrap_layout_new (SPACING, TRUE));
  gtk_widget_set_parent (self->tiles, GTK_WIDGET (self));
  self->summary = g_object_new (GTK_TYPE_LABEL, "xalign", 1.0, "justify", GTK_JUSTIFY_RIGHT, "wrap",
                                TRUE, NULL);
  gtk_widget_add_css_class (self->summary, "caption");
  gtk_widget_add_css_class (self->summary, "dim-label");
  gtk_widget_add_css_class (self->summary, "numeric");
  gtk_widget_set_parent (self->summary, GTK_WIDGET (self));
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
}
