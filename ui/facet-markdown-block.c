/* facet-markdown-block.c: the blocks that Markdown is read into, and the shape of tables.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reference counted values.  They never change once they were handed out, except that a code block
 * grows at its end while its fence is open.  Also cuts text that is too long for one layout.  Pure;
 * any thread. */
#define G_LOG_DOMAIN "facet-markdown"

#include "config.h"

#include <string.h>

#include "facet-markdown-private.h"

/* A layout of so many bytes takes about a millisecond. */
#define MAX_TEXT 3000
/* How far back from there to look for the end of a sentence, or of a word. */
#define CUT_WINDOW 600

FacetBlock *
facet_block_new (FacetBlockKind kind, const char *text, gsize length)
{
  FacetBlock *self = g_new0 (FacetBlock, 1);

  g_ref_count_init (&self->ref_count);
  self->kind = kind;
  self->allocated = length + 1;
  self->text = g_malloc (self->allocated);
  if (length > 0)
    memcpy (self->text, text, length);
  self->text[length] = '\0';
  self->length = length;
  return self;
}

FacetBlock *
facet_block_ref (FacetBlock *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

void
facet_block_unref (FacetBlock *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;
  g_free (self->text);
  g_free (self->spans);
  g_strfreev (self->links);
  g_free (self->language);
  g_clear_pointer (&self->table, facet_table_unref);
  g_free (self);
}

static gboolean
tables_equal (const FacetTable *a, const FacetTable *b)
{
  if (a == b)
    return TRUE;
  return a != NULL && b != NULL && a->n_columns == b->n_columns &&
         memcmp (a->align, b->align, sizeof a->align) == 0 &&
         memcmp (a->words, b->words, sizeof a->words) == 0 &&
         memcmp (a->widths, b->widths, sizeof a->widths) == 0;
}

static gboolean
links_equal (char **a, char **b)
{
  if (a == NULL || b == NULL)
    return a == b;
  return g_strv_equal ((const char *const *)a, (const char *const *)b);
}

static gboolean
nests_equal (const FacetBlock *a, const FacetBlock *b)
{
  for (guint i = 0; i < a->n_nests; i++) {
    const FacetNest *x = &a->nests[i], *y = &b->nests[i];

    if (x->kind != y->kind || x->first != y->first || x->number != y->number || x->id != y->id)
      return FALSE;
  }
  return TRUE;
}

gboolean
facet_block_equal (const FacetBlock *a, const FacetBlock *b)
{
  if (a == b)
    return TRUE;
  return a->kind == b->kind && a->level == b->level && a->row == b->row &&
         a->continued == b->continued && a->length == b->length && a->n_spans == b->n_spans &&
         a->n_nests == b->n_nests && memcmp (a->text, b->text, a->length) == 0 &&
         (a->n_spans == 0 || memcmp (a->spans, b->spans, a->n_spans * sizeof *a->spans) == 0) &&
         links_equal (a->links, b->links) && g_strcmp0 (a->language, b->language) == 0 &&
         tables_equal (a->table, b->table) && nests_equal (a, b);
}

void
facet_block_append (FacetBlock *self, const char *text, gsize length)
{
  if (self->length + length + 1 > self->allocated) {
    self->allocated = MAX (self->allocated * 2, self->length + length + 1);
    self->text = g_realloc (self->text, self->allocated);
  }
  memcpy (self->text + self->length, text, length);
  self->length += length;
  self->text[self->length] = '\0';
}

gboolean
facet_block_get_cell (const FacetBlock *self, guint column, gsize *start, gsize *end)
{
  const char *from = self->text;
  const char *tab;

  for (guint i = 0; i < column; i++) {
    from = memchr (from, '\t', self->length - (gsize)(from - self->text));
    if (from == NULL)
      return FALSE;
    from++;
  }
  tab = memchr (from, '\t', self->length - (gsize)(from - self->text));
  *start = (gsize)(from - self->text);
  *end = tab != NULL ? (gsize)(tab - self->text) : self->length;
  return TRUE;
}

/* --- long text
 * ------------------------------------------------------------------------------------------ */

/* Where to cut @text, which is longer than @limit: after a sentence, else after a word, else
 * anywhere between two characters. */
static gsize
find_cut (const char *text, gsize limit)
{
  gsize word = 0;
  gsize cut = limit;

  for (gsize i = limit - 1; i > limit - CUT_WINDOW; i--) {
    if (text[i] != ' ' && text[i] != '\n')
      continue;
    if (text[i] == '\n' || strchr (".!?:;", text[i - 1]) != NULL)
      return i + 1;
    if (word == 0)
      word = i + 1;
  }
  if (word != 0)
    return word;
  while (((guchar)text[cut] & 0xc0) == 0x80)
    cut--;
  return cut;
}

/* The spans of @block that lie in [@start, @end), counted from @start. */
static void
copy_spans (const FacetBlock *block, FacetBlock *piece, gsize start, gsize end)
{
  g_autoptr (GArray) spans = g_array_new (FALSE, FALSE, sizeof (FacetSpan));

  for (guint i = 0; i < block->n_spans; i++) {
    FacetSpan span = block->spans[i];

    if (span.end <= start || span.start >= end)
      continue;
    span.start = (guint32)(MAX (span.start, start) - start);
    span.end = (guint32)(MIN (span.end, end) - start);
    g_array_append_val (spans, span);
  }
  piece->links = g_strdupv (block->links);
  piece->n_spans = spans->len;
  piece->spans = (FacetSpan *)g_array_free (g_steal_pointer (&spans), FALSE);
}

void
facet_block_take_in_pieces (FacetBlock *block, GPtrArray *blocks)
{
  gsize start = 0;

  if (block->length <= MAX_TEXT || block->kind != FACET_BLOCK_TEXT) {
    g_ptr_array_add (blocks, block);
    return;
  }
  while (start < block->length) {
    gsize       rest = block->length - start;
    gsize       size = rest <= MAX_TEXT ? rest : find_cut (block->text + start, MAX_TEXT);
    FacetBlock *piece = facet_block_new (block->kind, block->text + start, size);

    /* The space at which it was cut would only hang at the line's end. */
    while (size < rest && piece->length > 0 &&
           strchr (" \n", piece->text[piece->length - 1]) != NULL)
      piece->text[--piece->length] = '\0';
    copy_spans (block, piece, start, start + piece->length);
    piece->continued = start > 0 || block->continued;
    piece->n_nests = block->n_nests;
    memcpy (piece->nests, block->nests, sizeof piece->nests);
    for (guint i = 0; i < piece->n_nests && start > 0; i++)
      piece->nests[i].first = FALSE;
    g_ptr_array_add (blocks, piece);
    start += size;
  }
  facet_block_unref (block);
}

void
facet_block_split_plain (const char *text, gsize length, GPtrArray *blocks)
{
  const char *end = text + length;

  while (text < end) {
    const char *newline = memchr (text, '\n', (gsize)(end - text));
    const char *stop = newline != NULL ? newline : end;

    facet_block_take_in_pieces (facet_block_new (FACET_BLOCK_TEXT, text, (gsize)(stop - text)),
                                blocks);
    text = stop + 1;
  }
}

/* --- tables
 * --------------------------------------------------------------------------------------------- */

FacetTable *
facet_table_new (guint n_columns)
{
  FacetTable *self = g_new0 (FacetTable, 1);

  g_ref_count_init (&self->ref_count);
  self->n_columns = MIN (n_columns, FACET_TABLE_MAX_COLUMNS);
  return self;
}

FacetTable *
facet_table_ref (FacetTable *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

void
facet_table_unref (FacetTable *self)
{
  if (g_ref_count_dec (&self->ref_count))
    g_free (self);
}

static guint
cells_of (gunichar c)
{
  if (g_unichar_iszerowidth (c))
    return 0;
  return g_unichar_iswide (c) ? 2 : 1;
}

static void
widen (guint16 *field, guint cells)
{
  *field = MAX (*field, (guint16)MIN (cells, G_MAXUINT16));
}

void
facet_table_measure (FacetTable *self, const FacetBlock *row)
{
  for (guint column = 0; column < self->n_columns; column++) {
    guint word = 0, line = 0;
    gsize start, end;

    if (!facet_block_get_cell (row, column, &start, &end))
      break;
    for (const char *p = row->text + start; p < row->text + end; p = g_utf8_next_char (p)) {
      guint cells = cells_of (g_utf8_get_char (p));

      /* Between two wide characters a line may break. */
      word = *p == ' ' || *p == '\n' ? 0 : cells == 2 ? 2 : word + cells;
      line = *p == '\n' ? 0 : line + cells;
      widen (&self->words[column], word);
      widen (&self->widths[column], line);
    }
  }
}
