/* facet-model-badge.h: which model answers, and what computes it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Shows the name, the device, and while the model loads, how far that is.
 *
 * Property (notify): assistant (FacetAssistant, nullable). */
#pragma once

#include "facet-assistant.h"
#include "facet-compat.h"

G_BEGIN_DECLS

#define FACET_TYPE_MODEL_BADGE (facet_model_badge_get_type ())
G_DECLARE_FINAL_TYPE (FacetModelBadge, facet_model_badge, FACET, MODEL_BADGE, GtkWidget)

FacetModelBadge *facet_model_badge_new (void) G_GNUC_WARN_UNUSED_RESULT;

void facet_model_badge_set_assistant (FacetModelBadge *self, FacetAssistant *assistant);

/* What is being loaded and how far, in words: "Loading Gemma 4 E2B, 43 %".  (transfer full) */
char *facet_model_badge_dup_loading_text (FacetAssistant *assistant) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
