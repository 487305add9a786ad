/* facet-thumbnail.c: a small picture of an attachment, cut to its frame.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  What is being loaded is cancelled when something else is to be shown. */
#define G_LOG_DOMAIN "facet-thumbnail"

#include "config.h"

#include "facet-thumbnail.h"
#include "facet-thumbnails.h"

struct _FacetThumbnail {
  GtkWidget parent_instance;

  GtkWidget    *mark; /* in the middle: a video, or a face for what is missing */
  FacetMedia   *media;
  GdkTexture   *texture;
  GCancellable *cancellable;
  int           width, height;
  gboolean      missing;
};

G_DEFINE_FINAL_TYPE (FacetThumbnail, facet_thumbnail, GTK_TYPE_WIDGET)

static void
show (FacetThumbnail *self)
{
  gboolean video = self->media != NULL && facet_media_get_kind (self->media) == FACET_MEDIA_VIDEO;

  if (self->missing)
    gtk_image_set_from_icon_name (GTK_IMAGE (self->mark), "image-missing-symbolic");
  else if (video)
    gtk_image_set_from_icon_name (GTK_IMAGE (self->mark), "media-playback-start-symbolic");
  gtk_widget_set_visible (self->mark, self->missing || video);
  if (self->missing)
    gtk_widget_remove_css_class (self->mark, "osd");
  else
    gtk_widget_add_css_class (self->mark, "osd");
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
weak_ref_free (GWeakRef *ref)
{
  g_weak_ref_clear (ref);
  g_free (ref);
}

static void
loaded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GWeakRef *ref = user_data;
  g_autoptr (FacetThumbnail) self = g_weak_ref_get (ref);
  g_autoptr (GError) error = NULL;
  g_autoptr (GdkTexture) texture = facet_thumbnails_load_finish (result, &error);

  weak_ref_free (ref);
  if (self == NULL || FACET_MEDIA (source) != self->media ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_object (&self->cancellable);
  self->missing = texture == NULL;
  g_set_object (&self->texture, texture);
  show (self);
}

static void
load (FacetThumbnail *self)
{
  GWeakRef *ref = g_new0 (GWeakRef, 1);

  g_weak_ref_init (ref, self);
  self->cancellable = g_cancellable_new ();
  facet_thumbnails_load_async (self->media, self->cancellable, loaded_cb, ref);
}

static void
cancel (FacetThumbnail *self)
{
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
}

void
facet_thumbnail_set_media (FacetThumbnail *self, FacetMedia *media)
{
  g_return_if_fail (FACET_IS_THUMBNAIL (self));
  g_return_if_fail (media == NULL || FACET_IS_MEDIA (media));

  if (!g_set_object (&self->media, media))
    return;
  cancel (self);
  g_clear_object (&self->texture);
  self->missing = media != NULL && facet_media_is_missing (media);
  if (media != NULL && !self->missing && facet_media_get_kind (media) != FACET_MEDIA_AUDIO) {
    self->texture = facet_thumbnails_lookup (media);
    if (self->texture == NULL)
      load (self);
  }
  show (self);
}

void
facet_thumbnail_set_size (FacetThumbnail *self, int width, int height)
{
  g_return_if_fail (FACET_IS_THUMBNAIL (self));

  if (self->width == width && self->height == height)
    return;
  self->width = width;
  self->height = height;
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

gboolean
facet_thumbnail_get_loaded (FacetThumbnail *self)
{
  g_return_val_if_fail (FACET_IS_THUMBNAIL (self), FALSE);

  return self->texture != NULL;
}

static void
facet_thumbnail_measure (GtkWidget     *widget,
                         GtkOrientation orientation,
                         int            for_size,
                         int           *minimum,
                         int           *natural,
                         int           *minimum_baseline,
                         int           *natural_baseline)
{
  FacetThumbnail *self = FACET_THUMBNAIL (widget);

  *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? self->width : self->height;
  *minimum = orientation == GTK_ORIENTATION_HORIZONTAL ? MIN (self->width, 36) : self->height;
}

static void
facet_thumbnail_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  FacetThumbnail *self = FACET_THUMBNAIL (widget);
  int             side;

  gtk_widget_measure (self->mark, GTK_ORIENTATION_HORIZONTAL, -1, &side, NULL, NULL, NULL);
  side = MIN (side, MIN (width, height));
  gtk_widget_size_allocate (self->mark,
                            &(GtkAllocation){(width - side) / 2, (height - side) / 2, side, side},
                            -1);
}

/* Fills the frame; what does not fit is cut off on both sides alike. */
static void
facet_thumbnail_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  FacetThumbnail *self = FACET_THUMBNAIL (widget);
  float           width = (float)gtk_widget_get_width (widget);
  float           height = (float)gtk_widget_get_height (widget);

  if (self->texture != NULL && width > 0 && height > 0) {
    float w = (float)gdk_texture_get_width (self->texture);
    float h = (float)gdk_texture_get_height (self->texture);
    float scale = MAX (width / w, height / h);

    gtk_snapshot_append_texture (snapshot, self->texture,
                                 &GRAPHENE_RECT_INIT ((width - w * scale) / 2,
                                                      (height - h * scale) / 2, w * scale,
                                                      h * scale));
  }
  GTK_WIDGET_CLASS (facet_thumbnail_parent_class)->snapshot (widget, snapshot);
}

static void
facet_thumbnail_dispose (GObject *object)
{
  FacetThumbnail *self = FACET_THUMBNAIL (object);

  cancel (self);
  g_clear_object (&self->media);
  g_clear_object (&self->texture);
  g_clear_pointer (&self->mark, gtk_widget_unparent);
  G_OBJECT_CLASS (facet_thumbnail_parent_class)->dispose (object);
}

static void
facet_thumbnail_class_init (FacetThumbnailClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_thumbnail_dispose;
  widget_class->measure = facet_thumbnail_measure;
  widget_class->size_allocate = facet_thumbnail_size_allocate;
  widget_class->snapshot = facet_thumbnail_snapshot;
  gtk_widget_class_set_css_name (widget_class, "thumbnail");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
facet_thumbnail_init (FacetThumbnail *self)
{
  self->width = self->height = 36;
  self->mark = g_object_new (GTK_TYPE_IMAGE, "accessible-role", GTK_ACCESSIBLE_ROLE_PRESENTATION,
                             "visible", FALSE, NULL);
  gtk_widget_add_css_class (self->mark, "thumbnail-mark");
  gtk_widget_set_parent (self->mark, GTK_WIDGET (self));
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
}

GtkWidget *
facet_thumbnail_new (void)
{
  return g_object_new (FACET_TYPE_THUMBNAIL, NULL);
}
