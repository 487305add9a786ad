/* facet-voice-page.h: the preferences page of talking.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#pragma once

#include "facet-preferences-page.h"

G_BEGIN_DECLS

#define FACET_TYPE_VOICE_PAGE (facet_voice_page_get_type ())
G_DECLARE_FINAL_TYPE (FacetVoicePage, facet_voice_page, FACET, VOICE_PAGE, AdwPreferencesPage)

GtkWidget *facet_voice_page_new (const FacetPreferencesParts *parts) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
