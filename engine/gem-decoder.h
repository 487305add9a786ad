/* gem-decoder.h: the text decoder's forward pass over rows of one or several timelines.  Internal
 * to the engine.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A decoder is scratch memory and nothing else: what it computes goes into the caches of the spans
 * and, until the next pass, into h.  n rows, H hidden, L layers, P per-layer width, I MLP width, hd
 * head size, V vocabulary.  Nothing is allocated after gem_decoder_init ().  Engine thread only. */
#pragma once

#include "gem-cache.h"
#include "gem-mat.h"
#include "gem-model.h"
#include "gem-soft.h"
#include "gem-trace.h"
#include "gem-weights.h"

G_BEGIN_DECLS

/* The most rows that go through the output head at once: a row of logits is a megabyte. */
#define GEM_DECODER_HEAD_ROWS 16

/* Rows [row, row + n_rows) of a pass: tokens at consecutive positions of one timeline. */
typedef struct {
  GemCache   *cache;
  const gint *cancelled; /* atomic, looked at between layers */
  guint       row, n_rows;
  guint       position;
} GemDecoderSpan;

typedef struct {
  const KrnOps         *k;
  KrnDevice            *device;
  const GemConfig      *config;
  const GemTextWeights *weights;
  GemTrace             *trace; /* NULL, except while inspecting */
  guint                 max_rows;

  /* Scratch for n = max_rows rows, each as wide as the widest layer needs it. */
  KrnBuffer *buffer;              /* holds all that follows */
  KrnMat     ids, ids_per_layer;  /* (n, 1) I32 */
  KrnMat     h;                   /* (n, H)         the residual stream */
  KrnMat     a;                   /* (n, H)         normalised input of a block */
  KrnMat     y;                   /* (n, H)         output of a block or of the final norm */
  KrnMat     q, o;                /* (n, heads·hd) */
  KrnMat     key, value;          /* (n, kv·hd) */
  KrnMat     g;                   /* (n, I) */
  KrnMat     p, c;                /* (n, L·P)       per-layer inputs, and their context part */
  KrnMat     gate;                /* (n, P) */
  KrnMat     cs_sliding, cs_full; /* (n, hd)        cosines and sines */
  KrnMat     logits;              /* (GEM_DECODER_HEAD_ROWS, V) */

  KrnSpan *spans;    /* max_rows of them: at worst every row is a timeline */
  gint32  *host_ids; /* max_rows */
} GemDecoder;

guint64  gem_decoder_bytes (const GemTextConfig *config, guint max_rows);
gboolean gem_decoder_init (GemDecoder *self, GemModel *model, guint max_rows, GError **error);
void     gem_decoder_clear (GemDecoder *self);

/* Embeds @ids (one per row, within the vocabulary) or takes the rows of @soft (GemSoftSpan by
 * position; NULL: none; with one span only) in their places, stores keys and values of every row
 * and leaves the last layer's output of rows [@wanted, @n_rows) in h.  Rows before @wanted, which
 * has to be 0 if there is more than one span, go no further than later tokens can see
 * (docs/model/gemma4-text.md §7). FALSE: a span's flag was set; some layers have stored rows of
 * this pass, others not. */
gboolean gem_decoder_run (GemDecoder           *self,
                          const gint32         *ids,
                          guint                 n_rows,
                          const GemDecoderSpan *spans,
                          guint                 n_spans,
                          const GArray         *soft,
                          guint                 wanted);

/* @logits (n, V) of rows [@row, @row + n) of the pass before; leaves their final norm in y. */
void gem_decoder_head (GemDecoder *self, guint row, KrnMat logits);

/* Waits.  GEM_ERROR_DEVICE with what the backend says went wrong. */
gboolean gem_decoder_finish (GemDecoder *self, GError **error);

G_END_DECLS
