/* facet-table-block.h: one row of a table.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The columns' widths follow from what all rows share (FacetTable) and the width
 * there is, so rows agree without knowing each other.  A table that does not fit scrolls sideways,
 * all of its rows together. */
#pragma once

#include "facet-block-view.h"

G_BEGIN_DECLS

#define FACET_TYPE_TABLE_BLOCK (facet_table_block_get_type ())
G_DECLARE_FINAL_TYPE (FacetTableBlock, facet_table_block, FACET, TABLE_BLOCK, FacetBlockView)

/* The widths of the columns in @width pixels, cells' padding included.  Returns their sum, which is
 * more than @width when the table does not fit. */
int facet_table_block_get_widths (const FacetTable *table,
                                  int               width,
                                  double            cell_width,
                                  int              *widths);

G_END_DECLS
