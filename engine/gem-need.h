/* gem-need.h: how much memory a model takes, told before it is loaded, or before there is one.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Counted from the same lists of tensors that loading goes through (gem-weights.h) and the same
 * layout of caches that a session has (gem-cache.h).  Any thread that may wait for a file. */
#pragma once

#include "gem-config.h"
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
/* The same of the model at @path, of which only headers are read, without a session.  @options:
 * its weights, and whether it is to see and hear.  @config: what the session depends on. */
gboolean gem_need_count_at (const char            *path,
                            const GemModelOptions *options,
                            GemNeed               *need,
                            GemConfig             *config,
                            GError               **error);
/* What a session of @n_ctx tokens takes. */
guint64  gem_need_count_session (const GemTextConfig *config,
                                 GemCacheType         cache,
                                 guint                n_ctx,
                                 gboolean             on_gpu);
/* The longest that the model knows and that takes at most @available bytes; 0: none does. */
guint    gem_need_longest_context (const GemTextConfig *config,
                                   GemCacheType         cache,
                                   gboolean             on_gpu,
                                   guint64              available);
/* What has to find room on the device; on the CPU, in the memory of the machine. */
guint64  gem_need_get_total (const GemNeed *need);

G_END_DECLS
