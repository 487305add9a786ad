/* facet-picture-file.h: what the bytes of a picture file say that gdk-pixbuf does not tell: whether
 * they are all there, and how many frames they hold.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to app/.  The bytes are hostile: nothing outside them is read, and the work is bounded by
 * their number.  Pure function; any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  gboolean complete; /* FALSE: the first frame is cut off or cannot be one */
  guint    n_frames; /* 1: it does not move; also for a format that is not known here */
} FacetPictureFile;

/* Knows PNG, GIF and JPEG; of others it says "complete". */
FacetPictureFile facet_picture_file_inspect (const guint8 *data, gsize n_bytes);

G_END_DECLS
