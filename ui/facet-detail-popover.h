/* facet-detail-popover.h: how closely a picture is looked at, in five levels.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Signal ::chosen (guint detail): by the person. */
#pragma once

#include "facet-compat.h"
#include "facet-media.h"

G_BEGIN_DECLS

#define FACET_TYPE_DETAIL_POPOVER (facet_detail_popover_get_type ())
G_DECLARE_FINAL_TYPE (FacetDetailPopover, facet_detail_popover, FACET, DETAIL_POPOVER, GtkPopover)

/* What each level takes is a matter of the picture. */
void facet_detail_popover_set_media (FacetDetailPopover *self, FacetMedia *media);

G_END_DECLS
