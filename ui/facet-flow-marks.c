/* facet-flow-marks.c: the places of a query, block by block.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  While an answer streams only its last block is another each time, so that looking
 * again costs what that block is long. */
#define G_LOG_DOMAIN "facet-flow"

#include "config.h"

#include "facet-flow-marks.h"

/* A block that was looked at. */
typedef struct {
  FacetBlock *block;
  gsize       length; /* of its text, then */
  guint       first;  /* of its ranges */
} Entry;

struct _FacetFlowMarks {
  FacetSearchQuery *query;
  GArray           *entries; /* of Entry, one a block from the first on */
  GArray           *ranges;  /* of FacetTextRange, in the block's text */
  guint             current;
};

static void
clear_entry (gpointer data)
{
  facet_block_unref (((Entry *)data)->block);
}

FacetFlowMarks *
facet_flow_marks_new (FacetSearchQuery *query)
{
  FacetFlowMarks *self = g_new0 (FacetFlowMarks, 1);

  self->query = facet_search_query_ref (query);
  self->entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  g_array_set_clear_func (self->entries, clear_entry);
  self->ranges = g_array_new (FALSE, FALSE, sizeof (FacetTextRange));
  self->current = G_MAXUINT;
  return self;
}

void
facet_flow_marks_free (FacetFlowMarks *self)
{
  if (self == NULL)
    return;
  facet_search_query_unref (self->query);
  g_array_unref (self->entries);
  g_array_unref (self->ranges);
  g_free (self);
}

static guint
count_unchanged (FacetFlowMarks *self, FacetFlow *flow)
{
  guint n = MIN (self->entries->len, facet_flow_get_n_blocks (flow));

  for (guint i = 0; i < n; i++) {
    const Entry      *entry = &g_array_index (self->entries, Entry, i);
    const FacetBlock *block = facet_flow_get_block (flow, i);

    if (entry->block != block || entry->length != block->length)
      return i;
  }
  return n;
}

guint
facet_flow_marks_update (FacetFlowMarks *self, FacetFlow *flow)
{
  guint n = count_unchanged (self, flow);

  if (n < self->entries->len) {
    g_array_set_size (self->ranges, g_array_index (self->entries, Entry, n).first);
    g_array_set_size (self->entries, n);
  }
  for (guint i = n; i < facet_flow_get_n_blocks (flow); i++) {
    FacetBlock *block = facet_flow_get_block (flow, i);
    Entry       entry = {facet_block_ref (block), block->length, self->ranges->len};

    g_array_append_val (self->entries, entry);
    if (block->kind != FACET_BLOCK_RULE)
      facet_search_query_find (self->query, block->text, block->length, FALSE, self->ranges);
  }
  return self->ranges->len;
}

guint
facet_flow_marks_get_n (FacetFlowMarks *self)
{
  return self->ranges->len;
}

void
facet_flow_marks_get (FacetFlowMarks *self, guint index, guint *block, FacetTextRange *range)
{
  guint low = 0, high = self->entries->len - 1;

  g_return_if_fail (index < self->ranges->len);
  while (low < high) {
    guint middle = (low + high + 1) / 2;

    if (g_array_index (self->entries, Entry, middle).first <= index)
      low = middle;
    else
      high = middle - 1;
  }
  *block = low;
  *range = g_array_index (self->ranges, FacetTextRange, index);
}

void
facet_flow_marks_set_current (FacetFlowMarks *self, guint index)
{
  self->current = index;
}

void
facet_flow_marks_get_of_block (FacetFlowMarks   *self,
                               guint             index,
                               const FacetBlock *block,
                               FacetTextMarks   *marks)
{
  const Entry *entry;
  guint        end = self->ranges->len;

  *marks = (FacetTextMarks){0};
  if (index >= self->entries->len)
    return;
  entry = &g_array_index (self->entries, Entry, index);
  if (entry->block != block || entry->length > block->length)
    return;
  if (index + 1 < self->entries->len)
    end = g_array_index (self->entries, Entry, index + 1).first;
  marks->ranges = (const FacetTextRange *)(gpointer)self->ranges->data + entry->first;
  marks->n = end - entry->first;
  marks->current = self->current >= entry->first && self->current < end
                       ? self->current - entry->first
                       : marks->n;
}
