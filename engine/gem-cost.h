/* gem-cost.h: what reading a prompt, looking at a picture and listening cost, counted from the
 * shape of a model.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Benchmarks divide by the time and compare with what the machine can do.  Counted are the
 * multiplications and additions of matrices and of attention over visible keys; norms and the like
 * are left out, which makes the fractions smaller, never larger.  Pure; any thread. */
#pragma once

#include "gem-config.h"

G_BEGIN_DECLS

/* Floating-point operations of reading @n_tokens into an empty timeline and computing the last
 * one's logits.  @shortcut: the other tokens stop where no later token sees them (gem-decoder.h).
 */
double gem_cost_prefill_flops (const GemTextConfig *config, guint n_tokens, gboolean shortcut);
/* Of encoding a picture of @n_patches, and a clip of @n_frames. */
double gem_cost_vision_flops (const GemConfig *config, guint n_patches);
double gem_cost_audio_flops (const GemConfig *config, guint n_frames);

G_END_DECLS
