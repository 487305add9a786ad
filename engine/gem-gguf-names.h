/* gem-gguf-names.h: what GGUF files of Gemma 4 call the tensors.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The decoder's are in the model's file ("blk.7.ffn_up.weight"), the encoders' in the projector
 * file ("v.blk.…", "a.blk.…", "mm.…").  Three are stored otherwise than in a Hugging Face
 * checkpoint (gem-source-gguf.c puts them right): v.patch_embd.weight [channel][line][column] of a
 * patch in place of [line][column][channel] a.blk.N.per_dim_scale.weight  ln (1 + e^s) in place of
 * s a.blk.N.conv_norm, norm_conv  each under the other's name: conv_norm is the one in front of the
 * convolution module The KV-shared layers' keys and values may be there and are not looked at;
 * rope_freqs.weight says which pairs turn (gem-gguf-config.c).  Pure; any thread. */
#pragma once

#include "gem-source.h"

G_BEGIN_DECLS

/* The name in the file of what the engine calls @name; NULL: GGUF files have no such tensor.
 * (transfer full) */
char *gem_gguf_tensor_name (GemSourcePart part, const char *name) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
