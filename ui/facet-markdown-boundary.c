/* facet-markdown-boundary.c: where one piece of a text ends and the next begins.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A piece can end before a line that begins something new at the outermost level whatever comes
 * later.  For that it is followed whether a list is open, and a fence inside of it or of a
 * quotation: such a fence keeps its piece together.  Where the rules here and md4c's should ever
 * differ, a text is cut in an odd place, the same in every way of streaming it.  Pure; any
 * thread. */
#define G_LOG_DOMAIN "facet-markdown"

#include "config.h"

#include <string.h>

#include "facet-markdown-private.h"

#define MAX_PIECE       8192         /* bytes after which a piece is cut at the next line */
#define MAX_FENCE_PIECE (256 * 1024) /* the same, when that would cut a nested fence open */
#define LIST_PIECE      2048         /* bytes after which a list is cut at its next item */

/* What is inside of the quotation mark, or of the item's marker. */
static FacetLine
inner_line (const FacetLine *line, gsize marker)
{
  FacetLine inner;
  gsize     skip = MIN (line->content + marker, line->length);

  facet_line_init (&inner, line->text + skip, line->length - skip);
  inner.indent = 0;
  return inner;
}

/* Whether @line is inside of the nested fence that is open, or ends the container that the fence is
 * in. */
static gboolean
inside_nested_fence (const FacetPlain *self, const FacetLine *line)
{
  if (!self->nested)
    return FALSE;
  if (self->nested_in_quote)
    return facet_line_is_quote (line);
  return facet_line_is_blank (line) || line->indent >= self->item.offset;
}

/* Follows fences inside of quotations and items, which keep their piece together. */
static void
follow_nested_fence (FacetPlain *self, const FacetLine *line, const FacetMarker *item)
{
  gboolean  quote = facet_line_is_quote (line);
  FacetLine inner = *line;

  if (quote)
    inner = inner_line (line, 1);
  else if (item != NULL)
    inner = inner_line (line, item->mark == '.' || item->mark == ')'
                                  ? strcspn (line->text + line->content, ".)") + 1
                                  : 1);
  else
    inner.indent = 0;

  if (self->nested) {
    self->nested = !facet_line_closes_fence (&inner, &self->nested_fence);
    return;
  }
  if (!quote && !self->in_list)
    return;
  self->nested = facet_line_opens_fence (&inner, &self->nested_fence);
  self->nested_in_quote = quote;
}

FacetCut
facet_plain_find_cut (const FacetPlain  *self,
                      const FacetLine   *line,
                      const FacetMarker *item,
                      gsize              size)
{
  gboolean   outermost = !self->in_list || line->indent < self->item.offset;
  FacetFence fence;

  if (inside_nested_fence (self, line))
    return size >= MAX_FENCE_PIECE ? FACET_CUT_HARD : FACET_CUT_NONE;
  if (outermost && line->indent < 4) {
    if (facet_line_opens_fence (line, &fence) || facet_line_is_heading (line))
      return FACET_CUT_CLEAN;
    if (self->in_list && item != NULL)
      return size >= LIST_PIECE ? FACET_CUT_LIST : FACET_CUT_NONE;
    if (self->previous_blank)
      return FACET_CUT_CLEAN;
  }
  if (size < MAX_PIECE)
    return FACET_CUT_NONE;
  return self->in_table && memchr (line->text, '|', line->length) != NULL ? FACET_CUT_TABLE
                                                                          : FACET_CUT_HARD;
}

gboolean
facet_plain_may_define (const FacetPlain *self, gboolean first)
{
  return !self->in_list && (first || self->previous_blank || self->previous_definition);
}

void
facet_plain_take_line (FacetPlain        *self,
                       const FacetLine   *line,
                       const FacetMarker *item,
                       gsize              start,
                       gsize              next,
                       gboolean           first)
{
  gboolean blank = facet_line_is_blank (line);

  self->nested = inside_nested_fence (self, line);
  /* In the middle of a paragraph, only what begins a list anew does. */
  if (item != NULL && (!self->in_list || line->indent < self->item.offset) && line->indent < 4 &&
      !self->nested &&
      (first || self->in_list || self->previous_blank ||
       (!item->blank && (item->number == 1 || strchr ("-+*", item->mark) != NULL)))) {
    self->in_list = TRUE;
    self->item = *item;
  }
  follow_nested_fence (self, line, item);

  if (blank) {
    self->in_table = FALSE;
  } else if (!self->in_table && !self->in_list && !first && !self->previous_blank &&
             facet_line_is_delimiter_row (line)) {
    self->in_table = TRUE;
    self->header = self->previous_line;
    self->header_end = next;
  }
  self->previous_blank = blank;
  self->previous_line = start;
}
