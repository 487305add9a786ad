/* facet-drop-zone.h: anything dropped onto its child is a file or a picture for the message.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  While something that can be added is dragged over it, one large target says so.
 *
 * Properties: child (GtkWidget), enabled (boolean: whether anything can be dropped).
 * Signal ::dropped (GValue *): a GdkFileList, a GFile or a GdkTexture. */
#pragma once

#include "facet-compat.h"

G_BEGIN_DECLS

#define FACET_TYPE_DROP_ZONE (facet_drop_zone_get_type ())
G_DECLARE_FINAL_TYPE (FacetDropZone, facet_drop_zone, FACET, DROP_ZONE, GtkWidget)

/* What is dragged over it can be dropped. */
gboolean facet_drop_zone_get_active (FacetDropZone *self);

G_END_DECLS
