/* facet-application.h: the process: windows, application-wide actions, the library and its
 * assistant.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#pragma once

#include "facet-compat.h"

G_BEGIN_DECLS

#define FACET_TYPE_APPLICATION (facet_application_get_type ())
G_DECLARE_FINAL_TYPE (FacetApplication, facet_application, FACET, APPLICATION, AdwApplication)

FacetApplication *facet_application_new (void) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
