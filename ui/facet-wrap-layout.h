/* facet-wrap-layout.h: children beside each other, and in further lines where there is no room.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Every child gets its natural size, or the whole width where that is less. */
#pragma once

#include "facet-compat.h"

G_BEGIN_DECLS

#define FACET_TYPE_WRAP_LAYOUT (facet_wrap_layout_get_type ())
G_DECLARE_FINAL_TYPE (FacetWrapLayout, facet_wrap_layout, FACET, WRAP_LAYOUT, GtkLayoutManager)

/* @spacing: pixels between children and between lines.  @at_end: lines stand at the end and not at
 * the start. */
GtkLayoutManager *facet_wrap_layout_new (int spacing, gboolean at_end) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
