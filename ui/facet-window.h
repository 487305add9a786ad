/* facet-window.h: one window: the list of conversations, a conversation, the composer.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#pragma once

#include "facet-compat.h"

G_BEGIN_DECLS

#define FACET_TYPE_WINDOW (facet_window_get_type ())
G_DECLARE_FINAL_TYPE (FacetWindow, facet_window, FACET, WINDOW, AdwApplicationWindow)

FacetWindow *facet_window_new (GtkApplication *application) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
