/* facet-servers-page.h: the preferences page of the servers that may answer instead.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#pragma once

#include "facet-preferences-page.h"

G_BEGIN_DECLS

#define FACET_TYPE_SERVERS_PAGE (facet_servers_page_get_type ())
G_DECLARE_FINAL_TYPE (FacetServersPage, facet_servers_page, FACET, SERVERS_PAGE, AdwPreferencesPage)

GtkWidget *facet_servers_page_new (const FacetPreferencesParts *parts) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
