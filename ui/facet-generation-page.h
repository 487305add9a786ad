/* facet-generation-page.h: the preferences page of how the model answers.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#pragma once

#include "facet-preferences-page.h"

G_BEGIN_DECLS

#define FACET_TYPE_GENERATION_PAGE (facet_generation_page_get_type ())
G_DECLARE_FINAL_TYPE (FacetGenerationPage,
                      facet_generation_page,
                      FACET,
                      GENERATION_PAGE,
                      AdwPreferencesPage)

GtkWidget *facet_generation_page_new (const FacetPreferencesParts *parts) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
