/* gem-cache.h: the keys and values of one timeline.  Internal to the engine.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Position p of a layer lives in slot p mod slots.  A full-attention layer has a slot for every
 * position of the context; a sliding layer is a ring that also remembers GEM_CACHE_REWIND positions
 * behind its window, so that a timeline can be shortened by that much without computing anything
 * again.  Layers that share keys and values carry the views of the layer they read.
 *
 * Engine thread only. */
#pragma once

#include "gem-config.h"
#include "kernels/krn.h"

G_BEGIN_DECLS

/* How far back any timeline can be rewound exactly, in tokens. */
#define GEM_CACHE_REWIND 4096

typedef struct {
  const KrnOps *k;
  KrnDevice    *device;
  KrnBuffer    *buffer;            /* all layers */
  KrnCache layers[GEM_MAX_LAYERS]; /* k, v (slots, n_kv_heads·hd); shared layers: their source's */
  guint    n_ctx;
  guint    window; /* of the sliding layers */
  guint    ring;   /* slots of a sliding layer */
  guint    end;    /* positions below this have been stored since the last restart */
} GemCache;

/* What a cache takes on the device.  @type: KRN_F32 or KRN_BF16; @max_rows: the most rows that are
 * stored before attention reads them. */
guint64 gem_cache_bytes (const GemTextConfig *config, KrnType type, guint n_ctx, guint max_rows);

/* GEM_ERROR_NO_MEMORY without details: the caller knows what else it needed. */
gboolean gem_cache_init (GemCache            *self,
                         const KrnOps        *k,
                         KrnDevice           *device,
                         const GemTextConfig *config,
                         KrnType              type,
                         guint                n_ctx,
                         guint                max_rows,
                         GError             **error);
void     gem_cache_clear (GemCache *self);

/* Whether every key that position @length may look at is still there. */
gboolean gem_cache_can_rewind (const GemCache *self, guint length);
/* Before storing positions [@position, @position + @n_rows). */
void     gem_cache_will_store (GemCache *self, guint position, guint n_rows);
/* Nothing in the rings is worth keeping: the next position is 0. */
void     gem_cache_restart (GemCache *self);

/* Bytes of keys and values that attention reads for one query at @position, over all layers. */
guint64 gem_cache_bytes_read (const GemCache *self, const GemTextConfig *config, guint position);
/* For benchmarks: fills positions [0, @length) with random unit-scale keys and values. */
void    gem_cache_fill_random (GemCache *self, const GemTextConfig *config, guint length);

G_END_DECLS
