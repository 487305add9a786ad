/* model-numbers.h: what a loaded model holds and computes, for comparing two of them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "gem-weights.h"

G_BEGIN_DECLS

/* The text decoder's views (const KrnMat *) in a fixed order; those that a layer has not are left
 * out. */
GPtrArray *list_views (GemModel *model);
/* The numbers of a view, whatever its type.  (transfer full) */
float     *view_numbers (GemModel *model, const KrnMat *view);
/* Every number of one is that of the other, however they are kept. */
void       assert_same_numbers (GemModel *got, GemModel *wanted);
/* How many of the views are of that type. */
guint      count_views (GemModel *model, KrnType type);

/* The logits behind 40 tokens that are the same for every model of one vocabulary.  (transfer full)
 */
float *some_logits (GemModel *model, gsize *n);
void   assert_same_logits (GemModel *got, GemModel *wanted);

G_END_DECLS
