/* facet-thumbnail.h: a small picture of an attachment, cut to its frame.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  As large as it is told to be; plain until the picture is there, with a mark on it
 * if it is a video, and a face of its own for a file that is gone or cannot be read any more.  It
 * has no name for screen readers: what it is in has one. */
#pragma once

#include "facet-compat.h"
#include "facet-media.h"

G_BEGIN_DECLS

#define FACET_TYPE_THUMBNAIL (facet_thumbnail_get_type ())
G_DECLARE_FINAL_TYPE (FacetThumbnail, facet_thumbnail, FACET, THUMBNAIL, GtkWidget)

GtkWidget *facet_thumbnail_new (void) G_GNUC_WARN_UNUSED_RESULT;
/* @media: a picture or a video; NULL: nothing. */
void       facet_thumbnail_set_media (FacetThumbnail *self, FacetMedia *media);
/* The natural size, in pixels; it may get less. */
void       facet_thumbnail_set_size (FacetThumbnail *self, int width, int height);
/* The picture is there. */
gboolean   facet_thumbnail_get_loaded (FacetThumbnail *self);

G_END_DECLS
