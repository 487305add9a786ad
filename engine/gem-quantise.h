/* gem-quantise.h: weights in another form than they are stored in: in blocks of 8 or 4 bits, or
 * BF16; made when a model is loaded and kept in a cache file.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The block formats are kernels/krn-quant.h.  Internal to the engine; called on the loading thread,
 * uses threads of its own while it runs.  The cache file is described in gem-quantise-cache.h. */
#pragma once

#include "gem-model.h"
#include "gem-tensor.h"
#include "kernels/krn-quant.h"

G_BEGIN_DECLS

typedef struct {
  char    name[96];
  KrnType type; /* KRN_Q8, KRN_Q4, or KRN_BF16 */
  gboolean
      exact; /* the source's own blocks, which gem_tensor_get_block_type () says are of that type */
  int rows, cols;
  const GemTensor *source; /* gem_tensor_has_numbers () */
  gsize            bytes;  /* gem_quant_job_bytes () */
  const guint8    *data;   /* out: in memory that the GemQuantised owns */
} GemQuantJob;

/* Of a matrix of that type; 0 if there is none of this size. */
gsize gem_quant_job_bytes (KrnType type, int rows, int cols);

typedef struct _GemQuantised GemQuantised;

/* Fills in the data of all @jobs, from the cache where that holds exactly them, else by quantising
 * (and then writes the cache).  @identity: of the source files; @cache_dir NULL: no cache.  A cache
 * that cannot be used or written costs time and, where the person can do something about it, a
 * sentence in @warnings; it is never an error.  @progress may be NULL. */
GemQuantised *gem_quantise (GArray         *jobs,
                            const char     *identity,
                            const char     *cache_dir,
                            int             threads,
                            GPtrArray      *warnings,
                            GemProgressFunc progress,
                            gpointer        user_data,
                            GError        **error) G_GNUC_WARN_UNUSED_RESULT;
void          gem_quantised_free (GemQuantised *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GemQuantised, gem_quantised_free)

G_END_DECLS
