/* facet-hardware-plan.h: what the chosen model takes on the chosen device, told before it is
 * loaded.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread; the looking itself, which opens modules, asks drivers and reads the model's headers,
 * is done in another one.  A plan does not change. */
#pragma once

#include "facet-hardware.h"

G_BEGIN_DECLS

typedef struct _FacetHardwarePlan FacetHardwarePlan;

/* For the model and the settings that @settings hold now. */
void               facet_hardware_plan_async (GSettings          *settings,
                                              GCancellable       *cancellable,
                                              GAsyncReadyCallback callback,
                                              gpointer            user_data);
/* NULL only when it was cancelled. */
FacetHardwarePlan *facet_hardware_plan_finish (GAsyncResult *result,
                                               GError      **error) G_GNUC_WARN_UNUSED_RESULT;
void               facet_hardware_plan_free (FacetHardwarePlan *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetHardwarePlan, facet_hardware_plan_free)

/* Of FacetHardware: what was checked.  Borrowed. */
const GPtrArray *facet_hardware_plan_get_checks (FacetHardwarePlan *self);
/* Bytes that a context of @n_tokens takes; 0: the model cannot be read. */
guint64          facet_hardware_plan_get_context_bytes (FacetHardwarePlan *self, guint n_tokens);
/* The longest context that the model knows; the longest that has room beside it. 0: not known, or
 * none has. */
guint            facet_hardware_plan_get_most (FacetHardwarePlan *self);
guint            facet_hardware_plan_get_longest (FacetHardwarePlan *self);
/* "Up to 131,072 tokens fit (8.6 GB on the NVIDIA H100)", or why none does, in a sentence.
 * (transfer full); NULL: the model cannot be read. */
char            *facet_hardware_plan_dup_text (FacetHardwarePlan *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
