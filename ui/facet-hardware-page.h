/* facet-hardware-page.h: the preferences page of what computes, and how.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#pragma once

#include "facet-preferences-page.h"

G_BEGIN_DECLS

#define FACET_TYPE_HARDWARE_PAGE (facet_hardware_page_get_type ())
G_DECLARE_FINAL_TYPE (FacetHardwarePage,
                      facet_hardware_page,
                      FACET,
                      HARDWARE_PAGE,
                      AdwPreferencesPage)

GtkWidget *facet_hardware_page_new (const FacetPreferencesParts *parts) G_GNUC_WARN_UNUSED_RESULT;
/* Whether it is finding out what there is and what it costs; it begins when it comes into sight. */
gboolean   facet_hardware_page_is_looking (FacetHardwarePage *self);

G_END_DECLS
