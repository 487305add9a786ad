/* facet-model-row.h: one model in the list of models: what it is, whether it fits, and what can be
 * done.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  One button does what comes next (Download, Pause, Resume, Use) and keeps its place;
 * the menu has the rest. */
#pragma once

#include "facet-compat.h"
#include "facet-models.h"

G_BEGIN_DECLS

#define FACET_TYPE_MODEL_ROW (facet_model_row_get_type ())
G_DECLARE_FINAL_TYPE (FacetModelRow, facet_model_row, FACET, MODEL_ROW, AdwPreferencesRow)

/* @settings: model-folder is what "Use" sets. */
GtkWidget  *facet_model_row_new (FacetModels *models,
                                 FacetModel  *model,
                                 GSettings   *settings) G_GNUC_WARN_UNUSED_RESULT;
FacetModel *facet_model_row_get_model (FacetModelRow *self);

/* Downloads @model.  If its licence was not accepted yet, asks for that first, over @parent. */
void facet_download_model (GtkWindow *parent, FacetModels *models, FacetModel *model, gboolean use);

G_END_DECLS
