/* gem-need.h: how much memory a model of a published shape takes, told before there is one.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Counted from the same lists of tensors that loading goes through (gem-weights.h) and the same
 * layout of caches that a session has (gem-cache.h).  Pure; any thread. */
#pragma once

#include "gem-model.h"

G_BEGIN_DECLS

typedef struct {
  guint64 weights;  /* what every token reads, where it is computed */
  guint64 tables;   /* of which a token gathers a row: stay in the mapped file, in the host's memory
                       as far as they are used */
  guint64 encoders; /* for pictures and sound, once the first one comes, with what they work in */
  guint64 session;  /* keys, values, activations, logits */
} GemNeed;

/* @shape: "e2b", "e4b".  @packed: the layers' matrices come in 4 bits (W4A16, Q4_0) and stay so,
 * whatever @weights say.  @on_gpu: as a GPU computes it, which takes more rows at a time.  FALSE:
 * there is no such shape. */
gboolean gem_need_count (const char *shape,
                         GemWeights  weights,
                         gboolean    packed,
                         guint       n_ctx,
                         gboolean    on_gpu,
                         GemNeed    *need);
/* What has to find room on the device; on the CPU, in the memory of the machine. */
guint64  gem_need_get_total (const GemNeed *need);

G_END_DECLS
