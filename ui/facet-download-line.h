/* facet-download-line.h: the model that is being downloaded, small, while its window is closed.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Visible only while there is one.  A click opens the models (app.models).
 *
 * Property (notify): models (FacetModels, nullable). */
#pragma once

#include "facet-compat.h"
#include "facet-models.h"

G_BEGIN_DECLS

#define FACET_TYPE_DOWNLOAD_LINE (facet_download_line_get_type ())
G_DECLARE_FINAL_TYPE (FacetDownloadLine, facet_download_line, FACET, DOWNLOAD_LINE, GtkWidget)

void facet_download_line_set_models (FacetDownloadLine *self, FacetModels *models);

G_END_DECLS
