/* gem-packed.h: quantised matrices in safetensors files, as the library compressed-tensors lays
 * them out.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Two of its schemes, of which config.json's quantization_config tells:
 *   W4A16        X.weight_packed I32 (out, in/8), X.weight_scale (out, in/32), X.weight_shape [out,
 * in]: symmetric, groups of 32; what the official QAT release has FP8-dynamic  X.weight F8_E4M3
 * (out, in), X.weight_scale (out, 1), or one number That FP8-dynamic's reference rounds activations
 * to 8 bits, too, is for speed; here they stay F32. Internal to gem-source-folder.c and
 * gem-config.c; loading thread. */
#pragma once

#include "gem-safetensors.h"

#include <jansson.h>

G_BEGIN_DECLS

/* NULL if @config, a quantization_config, says nothing else; else how the weights are quantised,
 * for a sentence.  (transfer full) */
char *gem_packed_find_unsupported (const json_t *config) G_GNUC_WARN_UNUSED_RESULT;

typedef struct _GemPacked GemPacked;

/* @files outlive it. */
GemPacked       *gem_packed_new (const GemSafetensors *files) G_GNUC_WARN_UNUSED_RESULT;
void             gem_packed_free (GemPacked *self);
/* The tensor @name, plain or put together of its parts, which lives as long as @self.  NULL without
 * an error: there is none. */
const GemTensor *gem_packed_find (GemPacked *self, const char *name, GError **error);

G_END_DECLS
