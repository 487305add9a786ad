/* facet-picture.c: from a picture file to RGB pixels, by gdk-pixbuf, within bounds.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any thread.  The file is fed to a GdkPixbufLoader in pieces; the loader says how large the
 * picture is before it takes memory for it, and is told to make it 0 × 0 if that is too much, which
 * every loader takes as a reason to stop. */
#define G_LOG_DOMAIN "facet-picture"

#include "config.h"

#include "facet-picture.h"
#include "facet-picture-file.h"

#include <glib/gi18n-lib.h>

#include <string.h>

#define PIECE 65536

typedef struct {
  GdkPixbufLoader *loader;
  const char      *name;
  guint            width, height; /* as the file says */
  GError          *refusal;
  GByteArray      *rows; /* 1 for each row that was decoded */
} Load;

FacetPicture *
facet_picture_ref (FacetPicture *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
facet_picture_unref (FacetPicture *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_object_unref (self->owner);
  g_free (self->media_type);
  g_free (self->note);
  g_free (self);
}

/* c · α on white, rounded. */
static guint8
on_white (guint8 value, guint8 alpha)
{
  guint sum = value * alpha + 255u * (255u - alpha);

  return (guint8)((sum + 127) / 255);
}

/* In place, so that it costs no second picture: what is written is never ahead of what is read. */
static void
flatten (guint8 *pixels, gsize width, gsize height, gsize rowstride)
{
  guint8 *to = pixels;

  for (gsize y = 0; y < height; y++) {
    const guint8 *from = pixels + y * rowstride;

    for (gsize x = 0; x < width; x++, from += 4, to += 3) {
      guint8 alpha = from[3];

      to[0] = on_white (from[0], alpha);
      to[1] = on_white (from[1], alpha);
      to[2] = on_white (from[2], alpha);
    }
  }
}

FacetPicture *
facet_picture_new_take (GdkPixbuf *pixbuf, const char *media_type)
{
  FacetPicture *self = g_new0 (FacetPicture, 1);
  guint8       *pixels = gdk_pixbuf_get_pixels (pixbuf);

  g_atomic_ref_count_init (&self->ref_count);
  self->owner = pixbuf;
  self->width = (guint32)gdk_pixbuf_get_width (pixbuf);
  self->height = (guint32)gdk_pixbuf_get_height (pixbuf);
  self->rowstride = (gsize)gdk_pixbuf_get_rowstride (pixbuf);
  self->n_bytes = gdk_pixbuf_get_byte_length (pixbuf);
  self->pixels = pixels;
  self->media_type = g_strdup (media_type);
  if (gdk_pixbuf_get_has_alpha (pixbuf)) {
    flatten (pixels, self->width, self->height, self->rowstride);
    self->rowstride = (gsize)self->width * 3;
    self->n_bytes = self->rowstride * self->height;
  }
  return self;
}

GdkPixbuf *
facet_picture_dup_thumbnail (const FacetPicture *self, guint side)
{
  g_autoptr (GdkPixbuf) whole =
      gdk_pixbuf_new_from_data (self->pixels, GDK_COLORSPACE_RGB, FALSE, 8, (int)self->width,
                                (int)self->height, (int)self->rowstride, NULL, NULL);
  guint   longer = MAX (self->width, self->height);
  guint64 width = self->width, height = self->height;

  if (longer <= side)
    return gdk_pixbuf_copy (whole);
  width = MAX (1, width * side / longer);
  height = MAX (1, height * side / longer);
  return gdk_pixbuf_scale_simple (whole, (int)width, (int)height, GDK_INTERP_BILINEAR);
}

/* Loading */

static gboolean
has_format (Load *load, const char *name)
{
  GdkPixbufFormat *format = gdk_pixbuf_loader_get_format (load->loader);
  g_autofree char *actual = format != NULL ? gdk_pixbuf_format_get_name (format) : NULL;

  return g_strcmp0 (actual, name) == 0;
}

/* Asks for the power of two that brings it below the limit; a JPEG's decoder does just that. */
static void
scale_jpeg (Load *load)
{
  guint64 pixels = (guint64)load->width * load->height;
  guint   divisor = 1;

  while (divisor < 8 && pixels / (divisor * divisor) > FACET_PICTURE_SCALE_ABOVE)
    divisor *= 2;
  if (divisor > 1)
    gdk_pixbuf_loader_set_size (load->loader, (int)((load->width + divisor - 1) / divisor),
                                (int)((load->height + divisor - 1) / divisor));
}

static void
scale_drawing (Load *load)
{
  guint64 longer = MAX (load->width, load->height);

  if (longer > 0)
    gdk_pixbuf_loader_set_size (load->loader,
                                (int)MAX (1, load->width * (guint64)FACET_PICTURE_DRAWING_SIDE /
                                                 longer),
                                (int)MAX (1, load->height * (guint64)FACET_PICTURE_DRAWING_SIDE /
                                                 longer));
}

static void
size_prepared_cb (GdkPixbufLoader *loader, int width, int height, Load *load)
{
  load->width = (guint)MAX (width, 0);
  load->height = (guint)MAX (height, 0);
  if (has_format (load, "svg")) {
    scale_drawing (load);
    return;
  }
  if (MAX (load->width, load->height) > FACET_PICTURE_MAX_SIDE ||
      (guint64)load->width * load->height > FACET_PICTURE_MAX_PIXELS) {
    if (load->refusal == NULL)
      g_set_error (&load->refusal, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_TOO_LARGE,
                   _ ("“%s” is %u × %u pixels.  Up to 134 million pixels, and 65,535 on a side, "
                      "can "
                      "be read.  Make it smaller and add it again."),
                   load->name, load->width, load->height);
    gdk_pixbuf_loader_set_size (loader, 0, 0);
    return;
  }
  if (has_format (load, "jpeg"))
    scale_jpeg (load);
  g_byte_array_set_size (load->rows, load->height);
  memset (load->rows->data, 0, load->rows->len);
}

static void
area_updated_cb (GdkPixbufLoader *loader, int x, int y, int width, int height, Load *load)
{
  if (y < 0 || height < 0 || (guint)y >= load->rows->len)
    return;
  memset (load->rows->data + y, 1, MIN ((guint)height, load->rows->len - (guint)y));
}

static void
fail_damaged (Load *load, GError **error)
{
  g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_DAMAGED,
               _ ("“%s” ends before the picture does.  Copy or download it again."), load->name);
}

/* What the loader makes of the bytes; its own words do not name the file and are not for people. */
static gboolean
feed (Load *load, const guint8 *data, gsize n_bytes, GCancellable *cancellable, GError **error)
{
  gboolean ok = TRUE;

  for (gsize at = 0; ok && load->refusal == NULL && at < n_bytes; at += PIECE) {
    if (g_cancellable_set_error_if_cancelled (cancellable, error)) {
      gdk_pixbuf_loader_close (load->loader, NULL);
      return FALSE;
    }
    ok = gdk_pixbuf_loader_write (load->loader, data + at, MIN (PIECE, n_bytes - at), NULL);
  }
  ok = gdk_pixbuf_loader_close (load->loader, NULL) && ok;
  if (load->refusal != NULL) {
    g_propagate_error (error, g_steal_pointer (&load->refusal));
    return FALSE;
  }
  if (ok && gdk_pixbuf_loader_get_pixbuf (load->loader) != NULL)
    return TRUE;
  if (gdk_pixbuf_loader_get_format (load->loader) == NULL)
    g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_UNSUPPORTED,
                 _ ("“%s” is not a picture of a kind that can be read here."), load->name);
  else
    g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_DAMAGED,
                 _ ("“%s” is damaged: no picture can be read from it.  Copy or download it again."),
                 load->name);
  return FALSE;
}

/* These report every row; some others do not, but fail by themselves when the file ends early. */
static gboolean
rows_are_missing (Load *load)
{
  static const char *const reporting[] = {"png", "bmp", "ico", "pnm", "tga"};

  for (guint i = 0; i < G_N_ELEMENTS (reporting); i++)
    if (has_format (load, reporting[i]))
      return memchr (load->rows->data, 0, load->rows->len) != NULL;
  return FALSE;
}

static char *
describe (GdkPixbuf *pixbuf, gboolean moves, guint n_frames)
{
  if (n_frames > 1)
    return g_strdup_printf (_ ("The first of %u frames is used."), n_frames);
  if (moves)
    return g_strdup (_ ("The first frame is used."));
  if (g_strcmp0 (gdk_pixbuf_get_option (pixbuf, "multipage"), "yes") == 0)
    return g_strdup (_ ("The first page is used."));
  return NULL;
}

static char *
dup_media_type (Load *load)
{
  GdkPixbufFormat *format = gdk_pixbuf_loader_get_format (load->loader);
  g_auto (GStrv) types = gdk_pixbuf_format_get_mime_types (format);

  return g_strdup (types != NULL && types[0] != NULL ? types[0] : "image/x-unknown");
}

/* Upright and flat.  Lets go of the loader first, so that the pixels are ours to write in. */
static FacetPicture *
finish (Load *load, guint n_frames, GError **error)
{
  GdkPixbufAnimation *animation = gdk_pixbuf_loader_get_animation (load->loader);
  gboolean            moves = !gdk_pixbuf_animation_is_static_image (animation);
  GdkPixbuf          *pixbuf = g_object_ref (gdk_pixbuf_animation_get_static_image (animation));
  g_autofree char    *media_type = dup_media_type (load);
  g_autofree char    *note = describe (pixbuf, moves, n_frames);
  GdkPixbuf          *upright;
  FacetPicture       *self;

  g_clear_object (&load->loader);
  upright = gdk_pixbuf_apply_embedded_orientation (pixbuf);
  g_object_unref (pixbuf);
  if (upright == NULL) {
    g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_TOO_LARGE,
                 _ ("There is not enough memory to read “%s”.  Make it smaller and add it again."),
                 load->name);
    return NULL;
  }
  self = facet_picture_new_take (upright, media_type);
  self->note = g_steal_pointer (&note);
  return self;
}

/* Newer lists of media types call a PNG that moves by another name, which gdk-pixbuf does not
 * know. */
static GdkPixbufLoader *
new_loader (const guint8 *data, gsize n_bytes)
{
  static const guint8 png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  GdkPixbufLoader    *loader = NULL;

  if (n_bytes >= sizeof png && memcmp (data, png, sizeof png) == 0)
    loader = gdk_pixbuf_loader_new_with_type ("png", NULL);
  return loader != NULL ? loader : gdk_pixbuf_loader_new ();
}

static FacetPicture *
load_bytes (Load         *load,
            const guint8 *data,
            gsize         n_bytes,
            GCancellable *cancellable,
            GError      **error)
{
  FacetPictureFile file = facet_picture_file_inspect (data, n_bytes);

  if (!file.complete) {
    fail_damaged (load, error);
    return NULL;
  }
  load->loader = new_loader (data, n_bytes);
  g_signal_connect (load->loader, "size-prepared", G_CALLBACK (size_prepared_cb), load);
  g_signal_connect (load->loader, "area-updated", G_CALLBACK (area_updated_cb), load);
  if (!feed (load, data, n_bytes, cancellable, error))
    return NULL;
  if (rows_are_missing (load)) {
    fail_damaged (load, error);
    return NULL;
  }
  return finish (load, file.n_frames, error);
}

/* The bytes of the file, mapped; an empty one has none. */
static GMappedFile *
map_file (const char *path, const char *name, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, FALSE, &failure);
  gsize n_bytes;

  if (file == NULL) {
    gboolean missing = g_error_matches (failure, G_FILE_ERROR, G_FILE_ERROR_NOENT);

    g_set_error (error, FACET_MEDIA_ERROR,
                 missing ? FACET_MEDIA_ERROR_MISSING : FACET_MEDIA_ERROR_FAILED,
                 missing ? _ ("The file of “%s” is no longer there.  Add it again.")
                         : _ ("The file of “%s” cannot be opened."),
                 name);
    return NULL;
  }
  n_bytes = g_mapped_file_get_length (file);
  if (n_bytes == 0) {
    g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_DAMAGED, _ ("“%s” is empty."), name);
    return NULL;
  }
  if (n_bytes > FACET_PICTURE_MAX_BYTES) {
    g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_TOO_LARGE,
                 _ ("“%s” is larger than %u MB, the most that is read of a picture.  Make it "
                    "smaller and add it again."),
                 name, FACET_PICTURE_MAX_BYTES >> 20);
    return NULL;
  }
  return g_steal_pointer (&file);
}

FacetPicture *
facet_picture_load (const char *path, const char *name, GCancellable *cancellable, GError **error)
{
  g_autoptr (GMappedFile) file = map_file (path, name, error);
  Load          load = {.name = name};
  FacetPicture *self;

  if (file == NULL)
    return NULL;
  load.rows = g_byte_array_new ();
  self = load_bytes (&load, (const guint8 *)g_mapped_file_get_contents (file),
                     g_mapped_file_get_length (file), cancellable, error);
  g_clear_object (&load.loader);
  g_clear_error (&load.refusal);
  g_byte_array_unref (load.rows);
  return self;
}
