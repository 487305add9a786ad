/* golden-model.h: the small model of the tests, its golden tensors, and how far two tensors are
 * apart.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Everything asserts that it works. */
#pragma once

#include "gem-model.h"
#include "gem-safetensors.h"

G_BEGIN_DECLS

/* tests/golden/PATH or data/PATH in the source tree.  (transfer full) */
char *golden_path (const char *path);
char *data_path (const char *path);

/* Loads a folder on the CPU. */
GemModel *model_at (const char *folder, GemWeights weights, gboolean fast, int threads);
/* tests/golden/tiny-model: random weights, every feature of the architecture. */
GemModel *golden_model (GemWeights weights, int threads);

/* tests/golden/golden/NAME.safetensors. */
GemSafetensors *golden_open (const char *name);
const float    *golden_floats (GemSafetensors *file, const char *name, gsize *n);
const gint32   *golden_ids (GemSafetensors *file, guint *n);

/* Euclidean norms of the difference and of the reference, divided; the largest difference. */
double rel_l2 (const float *reference, const float *got, gsize n);
double max_abs (const float *reference, const float *got, gsize n);

/* Pseudo-random token ids, the same for the same seed, never a media placeholder. */
gint32 *random_tokens (GemModel *model, guint32 seed, guint n);

G_END_DECLS
