/* facet-privacy-page.h: the preferences page of what is kept, how much it takes, and deleting it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#pragma once

#include "facet-preferences-page.h"

G_BEGIN_DECLS

#define FACET_TYPE_PRIVACY_PAGE (facet_privacy_page_get_type ())
G_DECLARE_FINAL_TYPE (FacetPrivacyPage, facet_privacy_page, FACET, PRIVACY_PAGE, AdwPreferencesPage)

GtkWidget *facet_privacy_page_new (const FacetPreferencesParts *parts) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
