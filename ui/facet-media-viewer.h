/* facet-media-viewer.h: a picture or a video, large, in a window of its own.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread; decoding is done in another.  A picture fits the window at first; + − and 0, the
 * wheel and a pinch change its size, dragging and the arrow keys move it, Escape closes.  A video
 * is played by GTK where it can, else by the system's player. */
#pragma once

#include "facet-compat.h"
#include "facet-media.h"

G_BEGIN_DECLS

#define FACET_TYPE_MEDIA_VIEWER (facet_media_viewer_get_type ())
G_DECLARE_FINAL_TYPE (FacetMediaViewer, facet_media_viewer, FACET, MEDIA_VIEWER, AdwWindow)

/* Over the window in which @from is. */
void facet_media_view (GtkWidget *from, FacetMedia *media);

/* 0: it fits the window. */
double facet_media_viewer_get_zoom (FacetMediaViewer *self);

G_END_DECLS
