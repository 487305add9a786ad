/* facet-markdown.c: one piece of Markdown, through md4c, into blocks.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * md4c calls back with the document's tree; the builder flattens it: leaves become blocks,
 * containers become the nests of the leaves inside.  md4c runs without recursion, so nesting costs
 * memory but no stack; the pieces it is given are bounded by facet-markdown-stream.c.  Pure; any
 * thread. */
#define G_LOG_DOMAIN "facet-markdown"

#include "config.h"

#include <md4c.h>
#include <string.h>

#include "facet-markdown-private.h"
#include "facet-markdown-stream.h"

#define MAX_TARGET 2048

typedef struct {
  gboolean ordered;
  char     delimiter;
  guint    next;
} ListFrame;

typedef struct {
  GPtrArray *blocks; /* where finished blocks go, borrowed */

  GArray  *nests;   /* of FacetNest: the containers that are open */
  GArray  *lists;   /* of ListFrame: the lists that are open */
  guint    n_shown; /* of nests: those whose marker some block has shown */
  guint    next_id;
  gboolean continued; /* for the next block */

  /* The leaf that is open; text outside of one (tight list items) opens it. */
  gboolean       open;
  FacetBlockKind kind;
  guint          level;
  GString       *text;
  GArray        *spans;      /* of FacetSpan */
  GPtrArray     *links;      /* of char *, NULL: no links yet */
  GHashTable    *link_index; /* target → its number, while there are links */
  char          *language;

  /* Inline state: how many spans of each kind are open. */
  guint emphasis, strong, code, strike;
  guint link;        /* as in FacetSpan; 0: none */
  guint link_depth;  /* links and pictures open, whether shown as links or not */
  guint shown_depth; /* of link_depth, where the link that is shown was opened; 0: none */
  gsize image_text;  /* where the text of the innermost picture began */

  FacetTable *table;
  guint       row;       /* FacetRowFlags of the row that is open */
  guint       column;    /* cells begun in it */
  guint       first_row; /* index into blocks of the table's first row */
  guint       n_rows;

  FacetListState list; /* the last list of the outermost level */
  gboolean       skip_row;
  gboolean       resume_list; /* the next outermost list goes on with :list */
  FacetTable    *resume_table;
} Builder;

/* --- leaves
 * --------------------------------------------------------------------------------------------- */

static void
open_leaf (Builder *self, FacetBlockKind kind)
{
  self->open = TRUE;
  self->kind = kind;
  self->level = 0;
  g_string_truncate (self->text, 0);
  g_array_set_size (self->spans, 0);
  /* md4c does not close every span that it opens when links and emphasis are tangled. */
  self->emphasis = self->strong = self->code = self->strike = 0;
  self->link = self->link_depth = self->shown_depth = 0;
}

/* Notes what @block sits in.  Of very deep nests the outer ones and the innermost remain. */
static void
fill_nests (Builder *self, FacetBlock *block)
{
  guint depth = self->nests->len;

  block->n_nests = MIN (depth, FACET_BLOCK_MAX_NESTS);
  for (guint i = 0; i < block->n_nests; i++) {
    guint from = i == FACET_BLOCK_MAX_NESTS - 1 ? depth - 1 : i;

    block->nests[i] = g_array_index (self->nests, FacetNest, from);
  }
  /* The markers are shown once. */
  while (self->n_shown < depth)
    g_array_index (self->nests, FacetNest, self->n_shown++).first = FALSE;
}

static void
close_leaf (Builder *self)
{
  FacetBlock *block;

  if (!self->open)
    return;
  self->open = FALSE;
  if (self->kind == FACET_BLOCK_CODE && self->text->len > 0 &&
      self->text->str[self->text->len - 1] == '\n')
    g_string_truncate (self->text, self->text->len - 1);

  block = facet_block_new (self->kind, self->text->str, self->text->len);
  block->level = self->level;
  block->language = g_steal_pointer (&self->language);
  block->continued = self->continued;
  self->continued = FALSE;
  if (self->spans->len > 0) {
    block->n_spans = self->spans->len;
    block->spans = g_memdup2 (self->spans->data, self->spans->len * sizeof (FacetSpan));
  }
  if (self->links != NULL) {
    g_clear_pointer (&self->link_index, g_hash_table_unref);
    g_ptr_array_add (self->links, NULL);
    block->links = (char **)g_ptr_array_free (g_steal_pointer (&self->links), FALSE);
  }
  fill_nests (self, block);
  if (self->kind == FACET_BLOCK_TABLE_ROW) {
    block->row = self->row;
    block->table = facet_table_ref (self->table);
  }
  facet_block_take_in_pieces (block, self->blocks);
}

static guint
span_flags (const Builder *self)
{
  return (self->emphasis > 0 ? FACET_SPAN_EMPHASIS : 0) |
         (self->strong > 0 ? FACET_SPAN_STRONG : 0) | (self->code > 0 ? FACET_SPAN_CODE : 0) |
         (self->strike > 0 ? FACET_SPAN_STRIKE : 0);
}

static void
add_text (Builder *self, const char *text, gsize length)
{
  FacetSpan  span = {.start = (guint32)self->text->len, .flags = (guint16)span_flags (self)};
  FacetSpan *last;

  if (length == 0)
    return;
  g_string_append_len (self->text, text, (gssize)length);
  if (self->kind == FACET_BLOCK_TABLE_ROW) /* a tab ends the cell */
    g_strdelimit (self->text->str + span.start, "\t", ' ');
  span.end = (guint32)self->text->len;
  span.link = (guint16)self->link;
  if (span.flags == 0 && span.link == 0)
    return;
  last =
      self->spans->len > 0 ? &g_array_index (self->spans, FacetSpan, self->spans->len - 1) : NULL;
  if (last != NULL && last->end == span.start && last->flags == span.flags &&
      last->link == span.link)
    last->end = span.end;
  else
    g_array_append_val (self->spans, span);
}

static void
add_char (Builder *self, gunichar c)
{
  char buffer[6];

  add_text (self, buffer, (gsize)g_unichar_to_utf8 (c, buffer));
}

static void
add_entity (Builder *self, const char *text, gsize length)
{
  gunichar c = facet_entity_lookup (text, length);

  if (c != 0)
    add_char (self, c);
  else
    add_text (self, text, length);
}

static gboolean
is_line_break_tag (const char *text, gsize length)
{
  return (length == 4 && g_ascii_strncasecmp (text, "<br>", 4) == 0) ||
         (length == 5 && g_ascii_strncasecmp (text, "<br/>", 5) == 0) ||
         (length == 6 && g_ascii_strncasecmp (text, "<br />", 6) == 0);
}

static int
text_cb (MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *data)
{
  Builder *self = data;

  if (!self->open)
    open_leaf (self, FACET_BLOCK_TEXT);
  switch (type) {
  case MD_TEXT_NULLCHAR:
    add_char (self, 0xfffd);
    break;
  case MD_TEXT_BR:
    add_text (self, "\n", 1);
    break;
  case MD_TEXT_SOFTBR:
    add_text (self, " ", 1);
    break;
  case MD_TEXT_ENTITY:
    add_entity (self, text, size);
    break;
  case MD_TEXT_HTML:
    if (self->kind == FACET_BLOCK_TABLE_ROW && is_line_break_tag (text, size))
      add_text (self, "\n", 1);
    else
      add_text (self, text, size);
    break;
  default:
    add_text (self, text, size);
    break;
  }
  return 0;
}

/* --- links
 * ---------------------------------------------------------------------------------------------- */

gboolean
facet_markdown_link_is_safe (const char *target)
{
  static const char *const schemes[] = {"http://", "https://", "mailto:"};
  gsize                    length = strlen (target);

  if (length > MAX_TARGET)
    return FALSE;
  for (gsize i = 0; i < length; i++) {
    if ((guchar)target[i] <= ' ' || target[i] == 0x7f)
      return FALSE;
  }
  for (gsize i = 0; i < G_N_ELEMENTS (schemes); i++) {
    gsize scheme = strlen (schemes[i]);

    if (g_ascii_strncasecmp (target, schemes[i], scheme) == 0)
      return length > scheme;
  }
  return FALSE;
}

static char *
dup_attribute (const MD_ATTRIBUTE *attribute)
{
  g_autoptr (GString) string = g_string_sized_new (attribute->size);

  for (guint i = 0; attribute->text != NULL && attribute->substr_offsets[i] < attribute->size;
       i++) {
    const char *part = attribute->text + attribute->substr_offsets[i];
    gsize       length = attribute->substr_offsets[i + 1] - attribute->substr_offsets[i];
    gunichar    c = 0;

    if (attribute->substr_types[i] == MD_TEXT_ENTITY)
      c = facet_entity_lookup (part, length);
    else if (attribute->substr_types[i] == MD_TEXT_NULLCHAR)
      c = 0xfffd;
    if (c != 0)
      g_string_append_unichar (string, c);
    else
      g_string_append_len (string, part, (gssize)length);
  }
  return g_string_free (g_steal_pointer (&string), FALSE);
}

static void
enter_link (Builder *self, const MD_ATTRIBUTE *attribute)
{
  g_autofree char *target = NULL;

  self->link_depth++;
  if (self->link != 0)
    return;
  target = dup_attribute (attribute);
  if (!facet_markdown_link_is_safe (target))
    return;
  if (self->links == NULL) {
    self->links = g_ptr_array_new_with_free_func (g_free);
    self->link_index = g_hash_table_new (g_str_hash, g_str_equal);
  }
  self->link = GPOINTER_TO_UINT (g_hash_table_lookup (self->link_index, target));
  if (self->link == 0 && self->links->len < G_MAXUINT16 - 1) {
    self->link = self->links->len + 1;
    g_hash_table_insert (self->link_index, target, GUINT_TO_POINTER (self->link));
    g_ptr_array_add (self->links, g_steal_pointer (&target));
  }
  self->shown_depth = self->link_depth;
}

static void
lower (guint *count)
{
  if (*count > 0)
    (*count)--;
}

static void
leave_link (Builder *self)
{
  if (self->link_depth == self->shown_depth) {
    self->link = 0;
    self->shown_depth = 0;
  }
  lower (&self->link_depth);
}

static int
enter_span_cb (MD_SPANTYPE type, void *detail, void *data)
{
  Builder *self = data;

  if (!self->open)
    open_leaf (self, FACET_BLOCK_TEXT);
  switch (type) {
  case MD_SPAN_EM:
    self->emphasis++;
    break;
  case MD_SPAN_STRONG:
    self->strong++;
    break;
  case MD_SPAN_CODE:
    self->code++;
    break;
  case MD_SPAN_DEL:
    self->strike++;
    break;
  case MD_SPAN_A:
    enter_link (self, &((MD_SPAN_A_DETAIL *)detail)->href);
    break;
  case MD_SPAN_IMG:
    enter_link (self, &((MD_SPAN_IMG_DETAIL *)detail)->src);
    self->image_text = self->text->len;
    break;
  default:
    break;
  }
  return 0;
}

static int
leave_span_cb (MD_SPANTYPE type, void *detail, void *data)
{
  Builder *self = data;

  switch (type) {
  case MD_SPAN_EM:
    lower (&self->emphasis);
    break;
  case MD_SPAN_STRONG:
    lower (&self->strong);
    break;
  case MD_SPAN_CODE:
    lower (&self->code);
    break;
  case MD_SPAN_DEL:
    lower (&self->strike);
    break;
  case MD_SPAN_IMG:
    /* A picture without a description is known by its address. */
    if (self->text->len == self->image_text) {
      g_autofree char *source = dup_attribute (&((MD_SPAN_IMG_DETAIL *)detail)->src);

      add_text (self, source, strlen (source));
    }
    leave_link (self);
    break;
  case MD_SPAN_A:
    leave_link (self);
    break;
  default:
    break;
  }
  return 0;
}

/* --- containers
 * ----------------------------------------------------------------------------------------- */

static void
push_nest (Builder *self, FacetNestKind kind, guint number)
{
  FacetNest nest = {
      .kind = kind,
      .first = kind != FACET_NEST_QUOTE,
      .number = number,
      .id = ++self->next_id,
  };

  g_array_append_val (self->nests, nest);
}

static void
pop_nest (Builder *self)
{
  g_array_set_size (self->nests, self->nests->len - 1);
  self->n_shown = MIN (self->n_shown, self->nests->len);
}

static void
enter_list (Builder *self, gboolean ordered, char delimiter, guint start)
{
  ListFrame frame = {.ordered = ordered, .delimiter = delimiter, .next = start};

  if (self->nests->len == 0 && self->resume_list) {
    self->resume_list = FALSE;
    if (ordered && self->list.active && self->list.delimiter == delimiter)
      frame.next = self->list.next;
  }
  g_array_append_val (self->lists, frame);
}

static void
leave_list (Builder *self)
{
  ListFrame frame = g_array_index (self->lists, ListFrame, self->lists->len - 1);

  g_array_set_size (self->lists, self->lists->len - 1);
  if (self->nests->len == 0)
    self->list = (FacetListState){frame.ordered, frame.delimiter, frame.next};
}

static void
enter_item (Builder *self, const MD_BLOCK_LI_DETAIL *detail)
{
  ListFrame    *frame = &g_array_index (self->lists, ListFrame, self->lists->len - 1);
  FacetNestKind kind = FACET_NEST_BULLET;

  if (detail->is_task)
    kind = detail->task_mark == ' ' ? FACET_NEST_TASK : FACET_NEST_TASK_DONE;
  else if (frame->ordered)
    kind = FACET_NEST_NUMBER;
  push_nest (self, kind, frame->next);
  if (frame->next < G_MAXUINT)
    frame->next++;
}

static void
leave_item (Builder *self)
{
  close_leaf (self);
  /* An item without content still has its marker. */
  if (g_array_index (self->nests, FacetNest, self->nests->len - 1).first) {
    open_leaf (self, FACET_BLOCK_TEXT);
    close_leaf (self);
  }
  pop_nest (self);
}

/* --- tables
 * --------------------------------------------------------------------------------------------- */

static void
enter_table (Builder *self, const MD_BLOCK_TABLE_DETAIL *detail)
{
  g_clear_pointer (&self->table, facet_table_unref);
  if (self->resume_table != NULL)
    self->table = facet_table_ref (self->resume_table);
  else
    self->table = facet_table_new (detail->col_count);
  self->first_row = self->blocks->len;
  self->n_rows = 0;
}

static void
leave_table (Builder *self)
{
  for (guint i = self->first_row; i < self->blocks->len; i++) {
    FacetBlock *row = g_ptr_array_index (self->blocks, i);

    if (self->resume_table == NULL)
      facet_table_measure (self->table, row);
  }
  self->resume_table = NULL;
  self->skip_row = FALSE;
}

static void
enter_row (Builder *self)
{
  open_leaf (self, FACET_BLOCK_TABLE_ROW);
  self->column = 0;
  self->row = 0;
  if (self->n_rows == 0)
    self->row = FACET_ROW_HEADER | FACET_ROW_FIRST;
  self->n_rows++;
}

static void
leave_row (Builder *self)
{
  if (self->skip_row && self->n_rows == 1) {
    self->open = FALSE;
    g_clear_pointer (&self->link_index, g_hash_table_unref);
    g_clear_pointer (&self->links, g_ptr_array_unref);
  } else {
    close_leaf (self);
  }
}

/* Cells beyond the last column are joined into it, so that nothing is lost. */
static void
enter_cell (Builder *self, const MD_BLOCK_TD_DETAIL *detail)
{
  guint column = self->column++;

  if (column >= FACET_TABLE_MAX_COLUMNS) {
    g_string_append (self->text, " ");
    return;
  }
  if (column > 0)
    g_string_append_c (self->text, '\t');
  if (column < self->table->n_columns && self->n_rows == 1 && self->resume_table == NULL)
    self->table->align[column] = detail->align == MD_ALIGN_CENTER  ? 1
                                 : detail->align == MD_ALIGN_RIGHT ? 2
                                                                   : 0;
}

/* --- the document
 * --------------------------------------------------------------------------------------- */

static int
enter_block_cb (MD_BLOCKTYPE type, void *detail, void *data)
{
  Builder *self = data;

  if (type != MD_BLOCK_TH && type != MD_BLOCK_TD)
    close_leaf (self);
  switch (type) {
  case MD_BLOCK_QUOTE:
    push_nest (self, FACET_NEST_QUOTE, 0);
    break;
  case MD_BLOCK_UL:
    enter_list (self, FALSE, ((MD_BLOCK_UL_DETAIL *)detail)->mark, 0);
    break;
  case MD_BLOCK_OL:
    enter_list (self, TRUE, ((MD_BLOCK_OL_DETAIL *)detail)->mark_delimiter,
                ((MD_BLOCK_OL_DETAIL *)detail)->start);
    break;
  case MD_BLOCK_LI:
    enter_item (self, detail);
    break;
  case MD_BLOCK_HR:
    open_leaf (self, FACET_BLOCK_RULE);
    close_leaf (self);
    break;
  case MD_BLOCK_H:
    open_leaf (self, FACET_BLOCK_HEADING);
    self->level = ((MD_BLOCK_H_DETAIL *)detail)->level;
    break;
  case MD_BLOCK_CODE:
    open_leaf (self, FACET_BLOCK_CODE);
    self->language = dup_attribute (&((MD_BLOCK_CODE_DETAIL *)detail)->lang);
    break;
  case MD_BLOCK_P:
    open_leaf (self, FACET_BLOCK_TEXT);
    break;
  case MD_BLOCK_TABLE:
    enter_table (self, detail);
    break;
  case MD_BLOCK_TR:
    enter_row (self);
    break;
  case MD_BLOCK_TH:
  case MD_BLOCK_TD:
    enter_cell (self, detail);
    break;
  default:
    break;
  }
  return 0;
}

static int
leave_block_cb (MD_BLOCKTYPE type, void *detail, void *data)
{
  Builder *self = data;

  switch (type) {
  case MD_BLOCK_QUOTE:
    close_leaf (self);
    pop_nest (self);
    break;
  case MD_BLOCK_UL:
  case MD_BLOCK_OL:
    leave_list (self);
    break;
  case MD_BLOCK_LI:
    leave_item (self);
    break;
  case MD_BLOCK_H:
  case MD_BLOCK_CODE:
  case MD_BLOCK_P:
    close_leaf (self);
    break;
  case MD_BLOCK_TABLE:
    leave_table (self);
    break;
  case MD_BLOCK_TR:
    leave_row (self);
    break;
  default:
    break;
  }
  return 0;
}

void
facet_markdown_parse_chunk (const char      *text,
                            gsize            length,
                            FacetChunkState *state,
                            GPtrArray       *blocks)
{
  static const MD_PARSER parser = {
      .flags = MD_DIALECT_GITHUB | MD_FLAG_NOHTMLBLOCKS,
      .enter_block = enter_block_cb,
      .leave_block = leave_block_cb,
      .enter_span = enter_span_cb,
      .leave_span = leave_span_cb,
      .text = text_cb,
  };
  g_autoptr (GString) leaf = g_string_new (NULL);
  g_autoptr (GArray) spans = g_array_new (FALSE, FALSE, sizeof (FacetSpan));
  g_autoptr (GArray) nests = g_array_new (FALSE, FALSE, sizeof (FacetNest));
  g_autoptr (GArray) lists = g_array_new (FALSE, FALSE, sizeof (ListFrame));
  Builder builder = {
      .blocks = blocks,
      .text = leaf,
      .spans = spans,
      .nests = nests,
      .lists = lists,
      .continued = state->continued,
      .list = state->list,
      .resume_list = state->list.active,
      .resume_table = state->table,
      .skip_row = state->skip_header,
  };

  /* It fails only for want of memory, which GLib does not survive either, or when a callback says
   * so. */
  md_parse (text, (MD_SIZE)length, &parser, &builder);
  state->list = builder.list;
  state->table = g_steal_pointer (&builder.table);
}

GPtrArray *
facet_markdown_parse (const char *text, gssize length)
{
  g_autoptr (FacetMarkdownStream) stream = facet_markdown_stream_new ();
  GPtrArray *blocks = g_ptr_array_new_with_free_func ((GDestroyNotify)facet_block_unref);

  facet_markdown_stream_append (stream, text, length);
  facet_markdown_stream_finish (stream);
  facet_markdown_stream_update (stream, NULL);
  for (guint i = 0; i < facet_markdown_stream_get_n_blocks (stream); i++)
    g_ptr_array_add (blocks, facet_block_ref (facet_markdown_stream_get_block (stream, i)));
  return blocks;
}
