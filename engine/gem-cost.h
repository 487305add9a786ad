/* gem-cost.h: what a pass of the text decoder costs, counted from the shape and the weights as they
 * are kept.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Benchmarks divide by the time and compare with what the machine can do.  Counted are
 * multiplications and additions of matrices and of attention over visible keys, and the bytes of
 * weights, keys and values that have to be read at least once; norms, activations and scratch
 * memory are left out, which makes the fractions smaller, never larger.  Pure functions; any
 * thread. */
#pragma once

#include "gem-session-private.h"

G_BEGIN_DECLS

/* Floating-point operations of reading @n_tokens into an empty timeline and computing the last
 * one's logits.
 * @shortcut: the other tokens stop where no later token sees them (reference/gemma4-text.md §7). */
double gem_cost_prefill_flops (const GemTextConfig *config, guint n_tokens, gboolean shortcut);

/* Bytes of the weights that one step reads, whatever the number of timelines. */
guint64 gem_cost_step_weight_bytes (const GemTextConfig *config, const GemTextWeights *weights);

G_END_DECLS
