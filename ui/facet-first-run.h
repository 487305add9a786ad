/* facet-first-run.h: the first thing that a person sees: what Facet is, and which model is to
 * answer.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.
 *
 * Signal: ::chosen (FacetFirstRunChoice, FacetModel or NULL) when Start was pressed.
 * Property (notify): models (FacetModels, nullable): what the offers say of size and fit. */
#pragma once

#include "facet-compat.h"
#include "facet-models.h"

G_BEGIN_DECLS

typedef enum {
  FACET_FIRST_RUN_DEMO,
  FACET_FIRST_RUN_DOWNLOAD, /* the signal's model */
  FACET_FIRST_RUN_FOLDER,
  FACET_FIRST_RUN_SERVER,
} FacetFirstRunChoice;

#define FACET_TYPE_FIRST_RUN (facet_first_run_get_type ())
G_DECLARE_FINAL_TYPE (FacetFirstRun, facet_first_run, FACET, FIRST_RUN, GtkWidget)

void facet_first_run_set_models (FacetFirstRun *self, FacetModels *models);

G_END_DECLS
