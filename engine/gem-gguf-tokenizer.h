/* gem-gguf-tokenizer.h: the tokenizer in a GGUF file of Gemma 4.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tokenizer.ggml.model is "gemma4": byte pair encoding over U+2581-for-space text with byte
 * fallback, as in tokenizer.json; tokens in the order of their ids, merges "LEFT RIGHT" in the
 * order of their ranks.  Special are the tokens that are typed as control or unknown, those that
 * the file gives a role, and those written like a mark (<|x>, <x|>, <|x|>), which converters type
 * in more than one way.  Internal to the engine; loading thread. */
#pragma once

#include "gem-gguf.h"
#include "gem-tokenizer.h"

G_BEGIN_DECLS

GemTokenizer *gem_gguf_load_tokenizer (const GemGguf *file,
                                       GError       **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
