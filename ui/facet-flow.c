/* facet-flow.c: blocks and their heights.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Heights are kept in a plain array beside the blocks and their sum is kept up to date; a block is
 * found by walking the array, which for the longest answers takes microseconds.  Main thread. Draws
 * nothing. */
#define G_LOG_DOMAIN "facet-flow"

#include "config.h"

#include <math.h>
#include <string.h>

#include "facet-flow.h"
#include "facet-flow-marks.h"

#define NEST_WIDTH    26 /* about what a nest takes from the width */
#define CODE_CHROME   54 /* header and padding of a code block */
#define CELL_CHROME   24 /* padding of a table's cell, both sides */
#define ROW_CHROME    13
#define RULE_HEIGHT   13
#define MAX_ESTIMATED 4096 /* bytes that an estimate looks at; the rest in proportion */

typedef struct {
  float    height;
  gboolean measured;
} Extent;

struct _FacetFlow {
  grefcount      ref_count;
  FacetFlowStyle style;
  GPtrArray     *blocks;
  GArray        *extents; /* of Extent, one a block */
  double         height;  /* their sum, as far as they are shown */
  guint          limit;
  guint          serial;

  gboolean open; /* more is coming */

  int              width;
  FacetFlowMetrics metrics;

  /* One table at a time is scrolled sideways. */
  guint  scrolled_table; /* one more than its first row; 0: none */
  double table_offset;

  gboolean          selected;
  FacetFlowPosition anchor, focus;

  FacetFlowMarks *marks;

  FacetFlowFunc listener;
  gpointer      listener_data;
};

FacetFlow *
facet_flow_new (FacetFlowStyle style)
{
  FacetFlow *self = g_new0 (FacetFlow, 1);

  g_ref_count_init (&self->ref_count);
  self->style = style;
  self->blocks = g_ptr_array_new_with_free_func ((GDestroyNotify)facet_block_unref);
  self->extents = g_array_new (FALSE, TRUE, sizeof (Extent));
  self->width = 600;
  self->metrics = (FacetFlowMetrics){7.5, 21, 18};
  return self;
}

FacetFlow *
facet_flow_ref (FacetFlow *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

void
facet_flow_unref (FacetFlow *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;
  g_ptr_array_unref (self->blocks);
  g_array_unref (self->extents);
  facet_flow_marks_free (self->marks);
  g_free (self);
}

void
facet_flow_set_listener (FacetFlow *self, FacetFlowFunc func, gpointer user_data)
{
  self->listener = func;
  self->listener_data = user_data;
}

static void
tell (FacetFlow *self)
{
  if (self->listener != NULL)
    self->listener (self, self->listener_data);
}

FacetFlowStyle
facet_flow_get_style (FacetFlow *self)
{
  return self->style;
}

guint
facet_flow_get_n_blocks (FacetFlow *self)
{
  return self->blocks->len;
}

guint
facet_flow_get_n_shown (FacetFlow *self)
{
  return self->limit > 0 ? MIN (self->limit, self->blocks->len) : self->blocks->len;
}

FacetBlock *
facet_flow_get_block (FacetFlow *self, guint index)
{
  return g_ptr_array_index (self->blocks, index);
}

guint
facet_flow_get_serial (FacetFlow *self)
{
  return self->serial;
}

FacetFlowMarks *
facet_flow_get_marks (FacetFlow *self)
{
  return self->marks;
}

void
facet_flow_set_marks (FacetFlow *self, FacetFlowMarks *marks)
{
  facet_flow_marks_free (self->marks);
  self->marks = marks;
  tell (self);
}

void
facet_flow_marked (FacetFlow *self)
{
  tell (self);
}

/* Neighbours */

guint
facet_flow_get_shared_nests (FacetFlow *self, guint index)
{
  const FacetBlock *block = facet_flow_get_block (self, index);
  const FacetBlock *before;
  guint             n = 0;

  if (index == 0)
    return 0;
  before = facet_flow_get_block (self, index - 1);
  while (n < block->n_nests && n < before->n_nests && block->nests[n].id == before->nests[n].id)
    n++;
  return n;
}

static gboolean
in_list (const FacetBlock *block)
{
  return block->n_nests > 0 && block->nests[block->n_nests - 1].kind != FACET_NEST_QUOTE;
}

int
facet_flow_get_gap (FacetFlow *self, guint index)
{
  const FacetBlock *block = facet_flow_get_block (self, index);
  const FacetBlock *before;

  if (index == 0 || block->continued || self->style == FACET_FLOW_PERSON)
    return 0;
  before = facet_flow_get_block (self, index - 1);
  if (block->kind == FACET_BLOCK_TABLE_ROW && !(block->row & FACET_ROW_FIRST))
    return 0;
  if (block->kind == FACET_BLOCK_HEADING)
    return block->level <= 2 ? 24 : 18;
  if (in_list (block) && in_list (before) && block->kind == FACET_BLOCK_TEXT &&
      before->kind == FACET_BLOCK_TEXT)
    return 6;
  if (before->kind == FACET_BLOCK_HEADING)
    return 6;
  return self->style == FACET_FLOW_TRACE ? 6 : 12;
}

gboolean
facet_flow_is_last_row (FacetFlow *self, guint index)
{
  const FacetBlock *next;

  if (index + 1 >= facet_flow_get_n_shown (self))
    return TRUE;
  next = facet_flow_get_block (self, index + 1);
  return next->kind != FACET_BLOCK_TABLE_ROW || (next->row & FACET_ROW_FIRST);
}

/* The first row of the table that row @index belongs to. */
static guint
find_first_row (FacetFlow *self, guint index)
{
  while (index > 0 && !(facet_flow_get_block (self, index)->row & FACET_ROW_FIRST) &&
         facet_flow_get_block (self, index - 1)->kind == FACET_BLOCK_TABLE_ROW)
    index--;
  return index;
}

double
facet_flow_get_table_offset (FacetFlow *self, guint index)
{
  if (self->scrolled_table == 0 || find_first_row (self, index) + 1 != self->scrolled_table)
    return 0;
  return self->table_offset;
}

void
facet_flow_set_table_offset (FacetFlow *self, guint index, double offset)
{
  self->scrolled_table = find_first_row (self, index) + 1;
  self->table_offset = offset;
  tell (self);
}

void
facet_flow_set_open (FacetFlow *self, gboolean open)
{
  if (self->open == open)
    return;
  self->open = open;
  self->serial++;
  tell (self);
}

gboolean
facet_flow_is_unfinished (FacetFlow *self, guint index)
{
  return self->open && index + 1 == self->blocks->len;
}

gboolean
facet_flow_is_last_code (FacetFlow *self, guint index)
{
  const FacetBlock *next;

  if (index + 1 >= self->blocks->len)
    return TRUE;
  next = facet_flow_get_block (self, index + 1);
  return next->kind != FACET_BLOCK_CODE || !next->continued;
}

char *
facet_flow_dup_code (FacetFlow *self, guint index)
{
  GString *code = g_string_new (facet_flow_get_block (self, index)->text);

  while (!facet_flow_is_last_code (self, index)) {
    index++;
    g_string_append_c (code, '\n');
    g_string_append (code, facet_flow_get_block (self, index)->text);
  }
  return g_string_free (code, FALSE);
}

/* Heights */

/* Lines that [@text, @text + @length) takes when @columns characters go in one. */
static double
estimate_lines (const char *text, gsize length, double columns)
{
  gsize  seen = MIN (length, MAX_ESTIMATED);
  double lines = 0, line = 0;

  for (gsize i = 0; i < seen; i++) {
    if (text[i] == '\n') {
      lines += MAX (1, ceil (line / columns));
      line = 0;
    } else if (((guchar)text[i] & 0xc0) != 0x80) {
      line++;
    }
  }
  lines += MAX (1, ceil (line / columns));
  return seen > 0 ? lines * ((double)length / (double)seen) : 1;
}

static double
estimate_row (FacetFlow *self, const FacetBlock *block, double width)
{
  double columns = width / block->table->n_columns - CELL_CHROME;
  double lines = 1;

  columns = MAX (columns / self->metrics.char_width, 6);
  for (guint i = 0; i < block->table->n_columns; i++) {
    double fair = MIN (block->table->widths[i], columns);
    gsize  start, end;

    if (!facet_block_get_cell (block, i, &start, &end))
      break;
    lines = MAX (lines, estimate_lines (block->text + start, end - start, MAX (fair, 1)));
  }
  return lines * self->metrics.line_height + ROW_CHROME;
}

static double
estimate (FacetFlow *self, guint index)
{
  const FacetBlock *block = facet_flow_get_block (self, index);
  double            width = MAX (self->width - (int)block->n_nests * NEST_WIDTH, 60);
  double            gap = facet_flow_get_gap (self, index);
  double            scale = 1;

  switch (block->kind) {
  case FACET_BLOCK_CODE:
    return gap + (block->continued ? 0 : CODE_CHROME) +
           self->metrics.code_line_height * estimate_lines (block->text, block->length, G_MAXINT);
  case FACET_BLOCK_TABLE_ROW:
    return gap + estimate_row (self, block, width);
  case FACET_BLOCK_RULE:
    return gap + RULE_HEIGHT;
  case FACET_BLOCK_HEADING:
    scale = 1.25;
    break;
  case FACET_BLOCK_TEXT:
    break;
  }
  return gap + scale * self->metrics.line_height *
                   estimate_lines (block->text, block->length,
                                   MAX (width / (self->metrics.char_width * scale), 4));
}

static void
refresh_extent (FacetFlow *self, guint index)
{
  Extent *extent = &g_array_index (self->extents, Extent, index);
  double  before = extent->height;

  extent->measured = FALSE;
  extent->height = (float)estimate (self, index);
  if (index < facet_flow_get_n_shown (self))
    self->height += extent->height - before;
}

static void
sum_up (FacetFlow *self)
{
  self->height = 0;
  for (guint i = 0; i < facet_flow_get_n_shown (self); i++)
    self->height += g_array_index (self->extents, Extent, i).height;
}

void
facet_flow_set_width (FacetFlow *self, int width, const FacetFlowMetrics *metrics)
{
  if (self->width == width && memcmp (&self->metrics, metrics, sizeof *metrics) == 0)
    return;
  self->width = width;
  self->metrics = *metrics;
  for (guint i = 0; i < self->blocks->len; i++) {
    Extent *extent = &g_array_index (self->extents, Extent, i);

    extent->measured = FALSE;
    extent->height = (float)estimate (self, i);
  }
  sum_up (self);
}

void
facet_flow_set_limit (FacetFlow *self, guint limit)
{
  if (self->limit == limit)
    return;
  self->limit = limit;
  sum_up (self);
  self->serial++;
  tell (self);
}

double
facet_flow_get_height (FacetFlow *self)
{
  return self->height;
}

double
facet_flow_get_block_height (FacetFlow *self, guint index)
{
  return g_array_index (self->extents, Extent, index).height;
}

gboolean
facet_flow_is_measured (FacetFlow *self, guint index)
{
  return g_array_index (self->extents, Extent, index).measured;
}

void
facet_flow_set_block_height (FacetFlow *self, guint index, double height)
{
  Extent *extent = &g_array_index (self->extents, Extent, index);

  if (index < facet_flow_get_n_shown (self))
    self->height += height - extent->height;
  extent->height = (float)height;
  extent->measured = TRUE;
}

double
facet_flow_get_top (FacetFlow *self, guint index)
{
  double top = 0;

  for (guint i = 0; i < index; i++)
    top += g_array_index (self->extents, Extent, i).height;
  return top;
}

gboolean
facet_flow_find (FacetFlow *self, double y, guint *index, double *top)
{
  guint  n = facet_flow_get_n_shown (self);
  double at = 0;

  if (n == 0)
    return FALSE;
  for (*index = 0; *index < n - 1; (*index)++) {
    double height = g_array_index (self->extents, Extent, *index).height;

    if (at + height > y)
      break;
    at += height;
  }
  *top = at;
  return TRUE;
}

/* Changes */

/* A selection that reaches into what changed ends before it. */
static void
clip_selection (FacetFlow *self)
{
  FacetFlowPosition *ends[] = {&self->anchor, &self->focus};

  if (self->blocks->len == 0) {
    self->selected = FALSE;
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS (ends); i++) {
    const FacetBlock *block;

    ends[i]->block = MIN (ends[i]->block, self->blocks->len - 1);
    block = facet_flow_get_block (self, ends[i]->block);
    ends[i]->byte = MIN (ends[i]->byte, block->length);
    while (ends[i]->byte < block->length && ((guchar)block->text[ends[i]->byte] & 0xc0) == 0x80)
      ends[i]->byte--;
  }
}

void
facet_flow_splice (FacetFlow   *self,
                   guint        position,
                   guint        removed,
                   FacetBlock **added,
                   guint        n_added)
{
  guint replaced = MIN (removed, n_added);

  g_return_if_fail (position + removed <= self->blocks->len);

  for (guint i = 0; i < replaced; i++) {
    FacetBlock **slot = (FacetBlock **)&g_ptr_array_index (self->blocks, position + i);

    if (*slot == added[i])
      continue;
    facet_block_ref (added[i]);
    facet_block_unref (*slot);
    *slot = added[i];
    refresh_extent (self, position + i);
  }
  if (removed > n_added) {
    for (guint i = position + n_added; i < position + removed && i < facet_flow_get_n_shown (self);
         i++)
      self->height -= g_array_index (self->extents, Extent, i).height;
    g_ptr_array_remove_range (self->blocks, position + n_added, removed - n_added);
    g_array_remove_range (self->extents, position + n_added, removed - n_added);
  }
  for (guint i = removed; i < n_added; i++) {
    Extent extent = {0};

    g_ptr_array_insert (self->blocks, (int)(position + i), facet_block_ref (added[i]));
    g_array_insert_val (self->extents, position + i, extent);
    refresh_extent (self, position + i);
  }
  if (self->limit > 0)
    sum_up (self);
  if (self->selected)
    clip_selection (self);
  self->serial++;
  tell (self);
}

void
facet_flow_touch (FacetFlow *self, guint index)
{
  refresh_extent (self, index);
  self->serial++;
  tell (self);
}

/* Selection */

static int
compare_positions (const FacetFlowPosition *a, const FacetFlowPosition *b)
{
  if (a->block != b->block)
    return a->block < b->block ? -1 : 1;
  return a->byte < b->byte ? -1 : a->byte > b->byte;
}

gboolean
facet_flow_has_selection (FacetFlow *self)
{
  return self->selected && compare_positions (&self->anchor, &self->focus) != 0;
}

void
facet_flow_get_selection (FacetFlow *self, FacetFlowPosition *anchor, FacetFlowPosition *focus)
{
  *anchor = self->anchor;
  *focus = self->focus;
}

void
facet_flow_select (FacetFlow *self, FacetFlowPosition anchor, FacetFlowPosition focus)
{
  self->selected = self->blocks->len > 0;
  self->anchor = anchor;
  self->focus = focus;
  clip_selection (self);
  tell (self);
}

void
facet_flow_select_all (FacetFlow *self)
{
  guint n = facet_flow_get_n_shown (self);

  if (n > 0)
    facet_flow_select (self, (FacetFlowPosition){0, 0},
                       (FacetFlowPosition){n - 1, facet_flow_get_block (self, n - 1)->length});
}

gboolean
facet_flow_get_selected_bytes (FacetFlow *self, guint index, gsize *start, gsize *end)
{
  const FacetFlowPosition *first = &self->anchor, *last = &self->focus;

  if (!facet_flow_has_selection (self))
    return FALSE;
  if (compare_positions (first, last) > 0) {
    first = &self->focus;
    last = &self->anchor;
  }
  if (index < first->block || index > last->block)
    return FALSE;
  *start = index == first->block ? first->byte : 0;
  *end = index == last->block ? last->byte : facet_flow_get_block (self, index)->length;
  return TRUE;
}

static void
append_markers (GString *text, const FacetBlock *block)
{
  for (guint i = 0; i < block->n_nests; i++) {
    const FacetNest *nest = &block->nests[i];

    if (nest->kind == FACET_NEST_QUOTE) {
      g_string_append (text, "> ");
      continue;
    }
    if (!nest->first) {
      g_string_append (text, "  ");
      continue;
    }
    switch (nest->kind) {
    case FACET_NEST_NUMBER:
      g_string_append_printf (text, "%u. ", nest->number);
      break;
    case FACET_NEST_TASK:
      g_string_append (text, "\xe2\x98\x90 ");
      break;
    case FACET_NEST_TASK_DONE:
      g_string_append (text, "\xe2\x98\x91 ");
      break;
    default:
      g_string_append (text, "\xe2\x80\xa2 ");
      break;
    }
  }
}

static void
append_block_text (FacetFlow *self, GString *text, guint index, gsize start, gsize end)
{
  const FacetBlock *block = facet_flow_get_block (self, index);

  if (text->len > 0)
    g_string_append (text, facet_flow_get_gap (self, index) >= 12 ? "\n\n" : "\n");
  if (start == 0)
    append_markers (text, block);
  g_string_append_len (text, block->text + start, (gssize)(end - start));
}

char *
facet_flow_dup_selected_text (FacetFlow *self)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < self->blocks->len; i++) {
    gsize start, end;

    if (facet_flow_get_selected_bytes (self, i, &start, &end))
      append_block_text (self, text, i, start, end);
  }
  return g_string_free (text, FALSE);
}

char *
facet_flow_dup_text (FacetFlow *self, gsize max_length)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < self->blocks->len && text->len < max_length; i++)
    append_block_text (self, text, i, 0, facet_flow_get_block (self, i)->length);
  return g_string_free (text, FALSE);
}
