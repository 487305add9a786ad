/* decoder-reference.h: the text decoder once more, in double precision and plain loops.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Shares nothing with the engine but the reader of the file: no cache, no chunks, no short-cut;
 * every token goes through every layer and attends to the tokens before it. */
#pragma once

#include "gem-config.h"
#include "gem-safetensors.h"

G_BEGIN_DECLS

/* Logits (n, vocabulary) of every position.  (transfer full) */
float *reference_logits (GemSafetensors      *files,
                         const GemTextConfig *config,
                         const gint32        *ids,
                         int                  n);

G_END_DECLS
