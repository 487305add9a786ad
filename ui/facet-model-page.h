/* facet-model-page.h: the preferences page of the model that answers.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#pragma once

#include "facet-preferences-page.h"

G_BEGIN_DECLS

#define FACET_TYPE_MODEL_PAGE (facet_model_page_get_type ())
G_DECLARE_FINAL_TYPE (FacetModelPage, facet_model_page, FACET, MODEL_PAGE, AdwPreferencesPage)

GtkWidget *facet_model_page_new (const FacetPreferencesParts *parts) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
