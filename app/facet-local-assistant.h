/* facet-local-assistant.h: the FacetAssistant that computes in this process.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owns the engine thread, which alone touches the model and its session.  This
 * header and facet-device.h hide the engine from ui/. */
#pragma once

#include "facet-assistant.h"

G_BEGIN_DECLS

/* How many tokens a context has where nothing is said, if the model allows as many. */
#define FACET_DEFAULT_CONTEXT 8192

typedef struct {
  const char *model_folder; /* NULL or "": the demonstration model that came with Facet */
  const char *backend;      /* "cpu", "cuda", "hip"; NULL or "auto": any */
  const char *device;       /* what names one, as in facet-device.h; NULL or "": "auto" */
  double      memory_share; /* of a GPU's memory, 0 < … ≤ 1; 0: 0.9 */
  const char *weights;      /* "bf16", "q8", "q4"; NULL: "bf16" */
  const char *cache;        /* of keys and values: "f32", "bf16"; NULL: "f32" */
  int         threads;      /* 0: one per core */
  gboolean    without_vision, without_audio; /* it is not to see, or hear: less memory */
  guint       context_size;                  /* 0: 8192, or what the model allows if that is less */
  /* When a state is kept (facet_local_assistant_set_state_limit ()): if reading the conversation
   * again would take so long; 0: half a second.  And if nobody asked anything for so long; 0: ten
   * seconds. */
  double      state_seconds;
  guint       state_idle_ms;
} FacetLocalOptions;

#define FACET_TYPE_LOCAL_ASSISTANT (facet_local_assistant_get_type ())
G_DECLARE_FINAL_TYPE (FacetLocalAssistant, facet_local_assistant, FACET, LOCAL_ASSISTANT, GObject)

/* Begins to load at once, on the engine thread. */
FacetAssistant *facet_local_assistant_new (const FacetLocalOptions *options)
    G_GNUC_WARN_UNUSED_RESULT;

/* What was computed on long conversations is kept in files that together take at most @bytes, so
 * that going on with one that was left does not begin with reading it again.  0: nothing is kept,
 * and what was is deleted.  Until it is called nothing is kept, and nothing deleted. */
void facet_local_assistant_set_state_limit (FacetLocalAssistant *self, guint64 bytes);

/* Where the demonstration model is: $FACET_DEMO_MODEL, the source tree it was built from, or the
 * installed data folder.  (transfer full), NULL: nowhere. */
char *facet_find_demo_model (void) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
