/* facet-picture.h: a picture file as RGB pixels.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Everything that gdk-pixbuf reads: turned upright as its EXIF orientation says, transparency laid
 * on white, the first frame of what moves.  A FacetPicture is immutable and reference counted; any
 * thread. */
#pragma once

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <gio/gio.h>
#include "facet-media-error.h"

G_BEGIN_DECLS

/* The limits of engine/gem-image.h: what is larger is refused before memory is taken. */
#define FACET_PICTURE_MAX_SIDE   65535u
#define FACET_PICTURE_MAX_PIXELS (1u << 27)
/* A JPEG of more pixels is made smaller while it is decoded: to a half, a quarter or an eighth. */
#define FACET_PICTURE_SCALE_ABOVE (1u << 25)
/* The longer side of a drawing that has no size of its own in pixels (SVG). */
#define FACET_PICTURE_DRAWING_SIDE 1600u
/* Larger files are refused. */
#define FACET_PICTURE_MAX_BYTES (512u << 20)

typedef struct {
  guint32         width, height; /* upright */
  gsize           rowstride;     /* bytes */
  const guint8   *pixels;        /* R, G, B of 8 bits; rows from the top */
  gsize           n_bytes;       /* readable from @pixels on */
  char           *media_type;    /* "image/png", as found in the bytes */
  char           *note;          /* what the person should know of it, a sentence; NULL: nothing */
  /*< private >*/
  gatomicrefcount ref_count;
  GdkPixbuf      *owner;
} FacetPicture;

/* Reads a file, whose name for the person is @name.  Blocks: not on the main thread.  Takes at most
 * 4 bytes a pixel while it decodes (twice that if it has to be turned) and the size of the file. */
FacetPicture *facet_picture_load (const char   *path,
                                  const char   *name,
                                  GCancellable *cancellable,
                                  GError      **error) G_GNUC_WARN_UNUSED_RESULT;
/* Of pixels that are RGB or RGBA already.  Takes @pixbuf, which nobody else may hold. */
FacetPicture *facet_picture_new_take (GdkPixbuf  *pixbuf,
                                      const char *media_type) G_GNUC_WARN_UNUSED_RESULT;
FacetPicture *facet_picture_ref (FacetPicture *self) G_GNUC_WARN_UNUSED_RESULT;
void          facet_picture_unref (FacetPicture *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetPicture, facet_picture_unref)

/* Not larger than @side on either side, never enlarged.  (transfer full) */
GdkPixbuf *facet_picture_dup_thumbnail (const FacetPicture *self,
                                        guint               side) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
