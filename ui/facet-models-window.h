/* facet-models-window.h: the models: what is here, what can be had, and from where.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#pragma once

#include "facet-compat.h"
#include "facet-models.h"

G_BEGIN_DECLS

#define FACET_TYPE_MODELS_WINDOW (facet_models_window_get_type ())
G_DECLARE_FINAL_TYPE (FacetModelsWindow, facet_models_window, FACET, MODELS_WINDOW, AdwWindow)

GtkWidget *facet_models_window_new (FacetModels *models,
                                    GSettings   *settings) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
