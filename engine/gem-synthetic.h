/* gem-synthetic.h: random weights of a full-size shape, for benchmarks.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Internal to the engine; loading thread, with threads of its own while it runs. */
#pragma once

#include "gem-backend.h"
#include "gem-model.h"
#include "gem-weights.h"

G_BEGIN_DECLS

typedef struct _GemSynthetic GemSynthetic;

GemSynthetic *gem_synthetic_new (void) G_GNUC_WARN_UNUSED_RESULT;
/* After the backend is closed: its buffers rest on this memory. */
void          gem_synthetic_free (GemSynthetic *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GemSynthetic, gem_synthetic_free)

/* Makes the weights of @config in the wanted type and binds them to @weights. */
gboolean gem_synthetic_fill (GemSynthetic    *self,
                             GemTextWeights  *weights,
                             const GemConfig *config,
                             GemBackend      *backend,
                             GemWeights       type,
                             int              threads,
                             GError         **error);

/* Fills the slots of an encoder, in bf16. */
gboolean gem_synthetic_fill_encoder (GemSynthetic *self,
                                     GArray       *slots,
                                     GemBackend   *backend,
                                     GError      **error);

guint64 gem_synthetic_get_weight_bytes (const GemSynthetic *self);
guint64 gem_synthetic_get_table_bytes (const GemSynthetic *self);

G_END_DECLS
