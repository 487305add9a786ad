/* gem-gguf-config.h: the configuration in GGUF files of Gemma 4, as the config.json that they were
 * made of.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * So that there is one reader of configurations with one set of bounds (gem-config.c).  Internal to
 * gem-source-gguf.c; loading thread. */
#pragma once

#include "gem-gguf.h"

G_BEGIN_DECLS

/* "gemma4", "clip" of a projector, …  (transfer full), NULL if the file does not say. */
char *gem_gguf_dup_architecture (const GemGguf *file) G_GNUC_WARN_UNUSED_RESULT;

/* @projector may be NULL.  GEM_ERROR_UNSUPPORTED, GEM_ERROR_INVALID_MODEL: what would not show in a
 * config.json. (transfer full) */
char *gem_gguf_dup_config (const GemGguf *file,
                           const GemGguf *projector,
                           GError       **error) G_GNUC_WARN_UNUSED_RESULT;
/* generation_config.json, with what the file says of sampling and of ends.  (transfer full) */
char *gem_gguf_dup_generation (const GemGguf *file) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
