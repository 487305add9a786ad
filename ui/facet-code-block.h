/* facet-code-block.h: code, with its language and a button that copies it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Long lines scroll sideways. */
#pragma once

#include "facet-block-view.h"

G_BEGIN_DECLS

#define FACET_TYPE_CODE_BLOCK (facet_code_block_get_type ())
G_DECLARE_FINAL_TYPE (FacetCodeBlock, facet_code_block, FACET, CODE_BLOCK, FacetBlockView)

/* For tests. */
const char *facet_code_block_get_language_name (FacetCodeBlock *self);

G_END_DECLS
