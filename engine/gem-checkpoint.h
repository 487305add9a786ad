/* gem-checkpoint.h: binds the tensors of a checkpoint to the views of the decoder and the
 * encoders.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Internal to the engine; loading thread. */
#pragma once

#include "gem-backend.h"
#include "gem-model.h"
#include "gem-quantise.h"
#include "gem-source.h"
#include "gem-weights.h"

G_BEGIN_DECLS

/* What the views rest on.  Outlives the backend's buffers, except for `weights`. */
typedef struct {
  GemTextWeights *weights;
  GemSource      *source;
  GemQuantised   *quantised;    /* NULL if nothing was to be made */
  guint64         weight_bytes; /* everything bound */
  guint64         table_bytes;  /* of it, what a token only gathers rows from */
} GemCheckpoint;

/* Maps the files of the source, which is set, checks every tensor of the text decoder against
 * @config, makes what is not kept as it is stored, and stores or wraps them all on @backend.  Appends sentences to @warnings (of char *,
 * owned).  On error @self is to be cleared too. */
gboolean gem_checkpoint_load (GemCheckpoint         *self,
                              const GemConfig       *config,
                              GemBackend            *backend,
                              const GemModelOptions *options,
                              GPtrArray             *warnings,
                              GemProgressFunc        progress,
                              gpointer               user_data,
                              GError               **error);

/* The tensors of an encoder, found and checked, but not bound: an array for
 * gem_checkpoint_bind_encoder ().  NULL without an error: the files hold no such encoder.  After
 * gem_checkpoint_load ().  Takes @slots. */
GArray  *gem_checkpoint_find_encoder (GemCheckpoint *self,
                                      GArray        *slots,
                                      GError       **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean gem_checkpoint_bind_encoder (GemCheckpoint *self,
                                      GArray        *parts,
                                      GemBackend    *backend,
                                      GError       **error);

/* A folder with these tensors, by their full names, bound as they are stored: of a drafter. */
gboolean gem_checkpoint_load_stored (GemCheckpoint *self,
                                     const char    *folder,
                                     const GArray  *slots,
                                     GemBackend    *backend,
                                     GError       **error);
void     gem_checkpoint_clear (GemCheckpoint *self);

G_END_DECLS
