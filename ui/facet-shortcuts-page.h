/* facet-shortcuts-page.h: the preferences page that lists the keys.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#pragma once

#include "facet-preferences-page.h"

G_BEGIN_DECLS

#define FACET_TYPE_SHORTCUTS_PAGE (facet_shortcuts_page_get_type ())
G_DECLARE_FINAL_TYPE (FacetShortcutsPage,
                      facet_shortcuts_page,
                      FACET,
                      SHORTCUTS_PAGE,
                      AdwPreferencesPage)

GtkWidget *facet_shortcuts_page_new (const FacetPreferencesParts *parts) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
