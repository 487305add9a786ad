/* gem-trace.h: named intermediate values of a forward pass, collected for `gem-cli inspect …
 * --layers`.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The forward pass calls gem_trace_tap () at every stage that has a name; without a trace that is a
 * test of a pointer.  Rows of later passes are appended, so that a prompt fed in chunks gives the
 * tensors of the whole. Engine thread only. */
#pragma once

#include <glib.h>
#include "gem-tensor-file.h"
#include "kernels/krn.h"

G_BEGIN_DECLS

typedef struct _GemTrace GemTrace;

GemTrace *gem_trace_new (const KrnOps *k, KrnDevice *device);
void      gem_trace_free (GemTrace *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GemTrace, gem_trace_free)

/* Appends the rows of @x (n, c), F32, to "layer.@layer.@name", or to "@name" when @layer is −1. The
 * tensor is (rows, c), or (rows, c / @inner, @inner) when @inner is not 0. */
void gem_trace_append (GemTrace *self, int layer, const char *name, KrnMat x, gint32 inner);

static inline void
gem_trace_tap (GemTrace *self, int layer, const char *name, KrnMat x, gint32 inner)
{
  if (G_UNLIKELY (self != NULL))
    gem_trace_append (self, layer, name, x, inner);
}

/* Adds every collected tensor to @file. */
void         gem_trace_write (GemTrace *self, GemTensorFile *file);
/* The values of one tensor, for tests.  (transfer none), NULL if there is none. */
const float *gem_trace_lookup (GemTrace *self, const char *name, gsize *n_values);

G_END_DECLS
