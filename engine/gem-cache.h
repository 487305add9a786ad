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
  guint    begin;  /* … but those below this not in the rings: the timeline came from a file */
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

/* The first position that the rings still hold. */
guint    gem_cache_get_oldest (const GemCache *self);
/* As if positions [0, @end) had been stored one by one, of which the rings hold those from @begin
 * on; gem_cache_write () brings what they hold. */
void     gem_cache_resume (GemCache *self, guint begin, guint end);
/* Bytes of one position in @view, the keys or values of one of the layers. */
gsize    gem_cache_row_bytes (const KrnMat *view);
/* Copies @n positions from @position on, which @view holds all, to or from the host. */
void     gem_cache_read (const GemCache *self,
                         const KrnMat   *view,
                         guint           position,
                         guint           n,
                         guint8         *rows);
void     gem_cache_write (GemCache     *self,
                          const KrnMat *view,
                          guint         position,
                          guint         n,
                          const guint8 *rows);

/* Bytes of keys and values that attention reads for one query at @position, over all layers. */
guint64 gem_cache_bytes_read (const GemCache *self, const GemTextConfig *config, guint position);
/* For benchmarks: fills positions [0, @length) with random unit-scale keys and values. */
void    gem_cache_fill_random (GemCache *self, const GemTextConfig *config, guint length);

G_END_DECLS
