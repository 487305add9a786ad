/* facet-text-block.h: a paragraph, a heading, a rule.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#pragma once

#include "facet-block-view.h"

G_BEGIN_DECLS

#define FACET_TYPE_TEXT_BLOCK (facet_text_block_get_type ())
G_DECLARE_FINAL_TYPE (FacetTextBlock, facet_text_block, FACET, TEXT_BLOCK, FacetBlockView)

G_END_DECLS
