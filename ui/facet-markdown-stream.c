/* facet-markdown-stream.c: cuts a growing text into pieces that can be read apart from each other.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The text is looked at line by line.  Where a line certainly begins something new at the outermost
 * level (after a blank line, at a heading, at a fence), the piece before it is finished: it is read
 * by md4c once and kept.  The last piece is read again with every update.  A fence is never cut
 * open: outermost fences are followed here, line by line, without md4c, so that code of any length
 * costs only what was added; fences inside of lists and quotations keep their piece together.  Long
 * lists and tables are cut between two items or rows, and what the next piece needs to know of the
 * one before (the number, the shape) is handed on.  Very long lines and paragraphs are cut wherever
 * it is least bad.
 *
 * Every decision is made from complete lines in their order, never from how the text arrived, so
 * that any way of streaming ends with the same blocks.  One thread at a time. */
#define G_LOG_DOMAIN "facet-markdown"

#include "config.h"

#include <string.h>

#include "facet-markdown-private.h"
#include "facet-markdown-stream.h"

#define MAX_LINE        4096  /* bytes of a line outside of fences */
#define LINE_WINDOW     512   /* how far back from there to look for a space */
#define CODE_PIECE      12288 /* bytes after which a code block is continued in another */
#define MAX_DEFINITIONS 65536 /* bytes of their targets, all together */
#define MAX_MENTIONS    8192

/* A finished piece, and all that is needed to read it again. */
typedef struct {
  gsize          start, end;
  gsize          header, header_end; /* the table's first two lines, when it goes on here */
  gboolean       continued;
  FacetListState list;
  FacetTable    *table;
  guint          first_block, n_blocks;
} Piece;

typedef enum {
  OPEN_NOTHING, /* between two pieces */
  OPEN_PLAIN,
  OPEN_FENCE,
} OpenKind;

/* What the lines of the open piece have shown so far. */
typedef struct {
  OpenKind   kind;
  FacetPlain plain; /* OPEN_PLAIN */

  FacetFence fence; /* OPEN_FENCE */
  guint      fence_lines;
  gsize fence_shown; /* bytes of the current line that are in the block already; 0: not begun */
} OpenState;

struct _FacetMarkdownStream {
  GString *text;
  char     partial[4]; /* the beginning of a character */
  gsize    n_partial;
  gboolean after_return; /* the last byte was a carriage return: a line feed belongs to it */
  gboolean finished;

  gsize line;    /* where the first line begins that was not looked at */
  gsize newline; /* up to here there is no end of line */
  gsize shown;   /* the length of the text when the tail was last read */

  GArray   *pieces; /* of Piece, the finished ones */
  Piece     open;
  OpenState state;
  gboolean  cut; /* the next piece goes on where this one was cut */

  GPtrArray *blocks;     /* of FacetBlock */
  guint      tail_first; /* index of the open piece's first block */
  guint      changed;    /* the lowest index changed in this update */

  FacetListState list;  /* where the last finished piece's list ended */
  FacetTable    *table; /* and its table's shape */

  GHashTable *definitions; /* label → target */
  gsize       definition_bytes;
  GHashTable *mentions; /* label → GArray of the indices of pieces that use it */
  guint       n_mentions;

  gsize work;
};

static void
clear_piece (gpointer piece)
{
  g_clear_pointer (&((Piece *)piece)->table, facet_table_unref);
}

FacetMarkdownStream *
facet_markdown_stream_new (void)
{
  FacetMarkdownStream *self = g_new0 (FacetMarkdownStream, 1);

  self->text = g_string_new (NULL);
  self->pieces = g_array_new (FALSE, TRUE, sizeof (Piece));
  g_array_set_clear_func (self->pieces, clear_piece);
  self->blocks = g_ptr_array_new_with_free_func ((GDestroyNotify)facet_block_unref);
  self->definitions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->mentions =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref);
  return self;
}

void
facet_markdown_stream_free (FacetMarkdownStream *self)
{
  g_string_free (self->text, TRUE);
  g_array_unref (self->pieces);
  clear_piece (&self->open);
  g_ptr_array_unref (self->blocks);
  g_clear_pointer (&self->table, facet_table_unref);
  g_hash_table_unref (self->definitions);
  g_hash_table_unref (self->mentions);
  g_free (self);
}

guint
facet_markdown_stream_get_n_blocks (FacetMarkdownStream *self)
{
  return self->blocks->len;
}

FacetBlock *
facet_markdown_stream_get_block (FacetMarkdownStream *self, guint index)
{
  return g_ptr_array_index (self->blocks, index);
}

gsize
facet_markdown_stream_get_work (FacetMarkdownStream *self)
{
  return self->work;
}

/* --- what comes in
 * -------------------------------------------------------------------------------------- */

/* @text is valid UTF-8 without NUL. */
static void
take_valid (FacetMarkdownStream *self, const char *text, gsize length)
{
  const char *end = text + length;

  while (text < end) {
    const char *stop;

    if (self->after_return && *text == '\n') {
      self->after_return = FALSE;
      text++;
      continue;
    }
    self->after_return = FALSE;
    stop = memchr (text, '\r', (gsize)(end - text));
    g_string_append_len (self->text, text, stop != NULL ? stop - text : end - text);
    if (stop == NULL)
      return;
    g_string_append_c (self->text, '\n');
    self->after_return = TRUE;
    text = stop + 1;
  }
}

static void
take_bytes (FacetMarkdownStream *self, const char *text, gsize length)
{
  while (length > 0) {
    const char *end;
    gsize       valid;

    g_utf8_validate (text, (gssize)length, &end);
    valid = (gsize)(end - text);
    take_valid (self, text, valid);
    text += valid;
    length -= valid;
    if (length == 0)
      return;
    if (*text != '\0' && length < sizeof self->partial &&
        g_utf8_get_char_validated (text, (gssize)length) == (gunichar)-2) {
      memcpy (self->partial, text, length);
      self->n_partial = length;
      return;
    }
    take_valid (self, "\xef\xbf\xbd", 3);
    text++;
    length--;
  }
}

void
facet_markdown_stream_append (FacetMarkdownStream *self, const char *text, gssize length)
{
  gsize size = length < 0 ? strlen (text) : (gsize)length;

  g_return_if_fail (!self->finished);

  /* Only the first few bytes are looked at together with those that were left over. */
  while (self->n_partial > 0 && size > 0) {
    char  joined[sizeof self->partial + 1];
    gsize n = self->n_partial;

    memcpy (joined, self->partial, n);
    joined[n++] = *text++;
    size--;
    self->n_partial = 0;
    take_bytes (self, joined, n);
  }
  take_bytes (self, text, size);
}

void
facet_markdown_stream_finish (FacetMarkdownStream *self)
{
  for (; self->n_partial > 0; self->n_partial--)
    take_valid (self, "\xef\xbf\xbd", 3);
  self->finished = TRUE;
}

/* --- reading a piece
 * ------------------------------------------------------------------------------------ */

typedef void (*LabelFunc) (FacetMarkdownStream *self, char *label, gpointer data);

/* Calls @func with each label in brackets, normalised, that may refer to a definition; it takes the
 * label. */
static void
foreach_label (FacetMarkdownStream *self,
               const char          *text,
               gsize                length,
               LabelFunc            func,
               gpointer             data)
{
  const char *end = text + length;

  while ((text = memchr (text, '[', (gsize)(end - text))) != NULL) {
    const char *close = ++text;
    char       *label;

    while (close < end && *close != ']' && *close != '[')
      close++;
    if (close == end)
      return;
    if (*close == ']' && (close + 1 == end || (close[1] != '(' && close[1] != ':'))) {
      label = facet_label_normalise (text, (gsize)(close - text));
      if (label != NULL)
        func (self, label, data);
    }
    text = close;
  }
}

static void
collect_label (FacetMarkdownStream *self, char *label, gpointer labels)
{
  if (g_hash_table_contains (self->definitions, label))
    g_hash_table_add (labels, label);
  else
    g_free (label);
}

/* The definitions that the text refers to, as md4c reads them. */
static void
append_definitions (FacetMarkdownStream *self, const char *text, gsize length, GString *source)
{
  g_autoptr (GHashTable) labels = NULL;
  GHashTableIter iter;
  gpointer       label;

  if (g_hash_table_size (self->definitions) == 0)
    return;
  labels = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  foreach_label (self, text, length, collect_label, labels);
  g_hash_table_iter_init (&iter, labels);
  while (g_hash_table_iter_next (&iter, &label, NULL))
    g_string_append_printf (source, "[%s]: <%s>\n", (char *)label,
                            (char *)g_hash_table_lookup (self->definitions, label));
  if (source->len > 0)
    g_string_append_c (source, '\n');
}

/* Reads [start, end) of @piece.  @mend: more is to come.  Returns the blocks (full); where its list
 * and its table ended is left in @out, whose table is full. */
static GPtrArray *
read_piece (FacetMarkdownStream *self, const Piece *piece, gboolean mend, FacetChunkState *out)
{
  GPtrArray *blocks = g_ptr_array_new_with_free_func ((GDestroyNotify)facet_block_unref);
  g_autoptr (GString) source = g_string_sized_new (piece->end - piece->start + 1);
  g_autoptr (GString) body = NULL;
  const char *text = self->text->str + piece->start;
  gsize       length = piece->end - piece->start;

  *out = (FacetChunkState){
      .continued = piece->continued,
      .skip_header = piece->table != NULL,
      .list = piece->list,
      .table = piece->table,
  };
  append_definitions (self, text, length, source);
  if (piece->table != NULL)
    g_string_append_len (source, self->text->str + piece->header,
                         (gssize)(piece->header_end - piece->header));
  if (mend) {
    body = g_string_new_len (text, (gssize)length);
    facet_markdown_mend (body);
    g_string_append_len (source, body->str, (gssize)body->len);
  } else {
    g_string_append_len (source, text, (gssize)length);
  }
  self->work += source->len;
  facet_markdown_parse_chunk (source->str, source->len, out, blocks);
  return blocks;
}

/* Puts @fresh (full) in the place of the @n blocks at @first, keeping those that are equal. */
static void
replace_blocks (FacetMarkdownStream *self, guint first, guint n, GPtrArray *fresh)
{
  guint same = 0;

  while (same < n && same < fresh->len &&
         facet_block_equal (g_ptr_array_index (self->blocks, first + same),
                            g_ptr_array_index (fresh, same)))
    same++;
  if (same < n || same < fresh->len)
    self->changed = MIN (self->changed, first + same);
  for (guint i = same; i < fresh->len; i++) {
    FacetBlock *block = g_ptr_array_index (fresh, i);

    if (i < n && facet_block_equal (g_ptr_array_index (self->blocks, first + i), block))
      continue;
    if (i < n)
      facet_block_unref (g_ptr_array_index (self->blocks, first + i));
    else
      g_ptr_array_insert (self->blocks, (int)(first + i), NULL);
    g_ptr_array_index (self->blocks, first + i) = facet_block_ref (block);
  }
  if (n > fresh->len)
    g_ptr_array_remove_range (self->blocks, first + fresh->len, n - fresh->len);
  g_ptr_array_unref (fresh);
}

/* --- finished pieces
 * ------------------------------------------------------------------------------------ */

static void
add_mention (FacetMarkdownStream *self, char *label, gpointer data)
{
  guint   index = GPOINTER_TO_UINT (data);
  GArray *pieces = g_hash_table_lookup (self->mentions, label);

  if (self->n_mentions == MAX_MENTIONS) {
    g_free (label);
    return;
  }
  if (pieces == NULL) {
    pieces = g_array_new (FALSE, FALSE, sizeof (guint));
    g_hash_table_insert (self->mentions, g_strdup (label), pieces);
  }
  if (pieces->len == 0 || g_array_index (pieces, guint, pieces->len - 1) != index) {
    g_array_append_val (pieces, index);
    self->n_mentions++;
  }
  g_free (label);
}

/* The open piece ends before @end. */
static void
close_piece (FacetMarkdownStream *self, gsize end)
{
  Piece *piece = &self->open;

  if (self->state.kind == OPEN_NOTHING)
    return;
  piece->end = end;
  piece->first_block = self->tail_first;
  if (self->state.kind == OPEN_PLAIN) {
    FacetChunkState out;
    GPtrArray      *fresh = read_piece (self, piece, FALSE, &out);

    replace_blocks (self, self->tail_first, self->blocks->len - self->tail_first, fresh);
    self->list = out.list;
    g_clear_pointer (&self->table, facet_table_unref);
    self->table = out.table;
    foreach_label (self, self->text->str + piece->start, end - piece->start, add_mention,
                   GUINT_TO_POINTER (self->pieces->len));
  }
  piece->n_blocks = self->blocks->len - self->tail_first;
  self->tail_first = self->blocks->len;
  g_array_append_val (self->pieces, *piece);
  *piece = (Piece){.start = end};
  self->state = (OpenState){.kind = OPEN_NOTHING};
}

/* A definition came after pieces that refer to it. */
static void
read_again (FacetMarkdownStream *self, guint index)
{
  Piece          *piece = &g_array_index (self->pieces, Piece, index);
  FacetChunkState out;
  GPtrArray      *fresh = read_piece (self, piece, FALSE, &out);
  int             more = (int)fresh->len - (int)piece->n_blocks;

  g_clear_pointer (&out.table, facet_table_unref);
  replace_blocks (self, piece->first_block, piece->n_blocks, fresh);
  if (more == 0)
    return;
  piece->n_blocks = (guint)((int)piece->n_blocks + more);
  for (guint i = index + 1; i < self->pieces->len; i++)
    g_array_index (self->pieces, Piece, i).first_block += (guint)more;
  self->tail_first += (guint)more;
}

static void
define (FacetMarkdownStream *self, char *label, char *target)
{
  GArray *pieces;

  /* The first definition counts. */
  if (g_hash_table_contains (self->definitions, label) ||
      self->definition_bytes + strlen (target) > MAX_DEFINITIONS) {
    g_free (label);
    g_free (target);
    return;
  }
  self->definition_bytes += strlen (target);
  g_hash_table_insert (self->definitions, label, target);
  pieces = g_hash_table_lookup (self->mentions, label);
  for (guint i = 0; pieces != NULL && i < pieces->len; i++)
    read_again (self, g_array_index (pieces, guint, i));
}

/* --- fences
 * --------------------------------------------------------------------------------------------- */

static void
open_fence_block (FacetMarkdownStream *self, const char *language, gboolean continued)
{
  FacetBlock *block = facet_block_new (FACET_BLOCK_CODE, "", 0);

  block->language = g_strdup (language);
  block->continued = continued;
  self->changed = MIN (self->changed, self->tail_first);
  g_ptr_array_set_size (self->blocks, (int)self->tail_first);
  g_ptr_array_add (self->blocks, block);
  self->state.fence_lines = 0;
}

/* @line is an outermost fence: its piece begins here. */
static void
open_fence (FacetMarkdownStream *self, const FacetLine *line, const FacetFence *fence)
{
  g_autoptr (GPtrArray) blocks = g_ptr_array_new_with_free_func ((GDestroyNotify)facet_block_unref);
  FacetChunkState state = {0};

  /* md4c knows how an info string is written. */
  facet_markdown_parse_chunk (line->text, line->length, &state, blocks);
  self->work += line->length;
  self->state.kind = OPEN_FENCE;
  self->state.fence = *fence;
  self->state.fence_shown = 0;
  open_fence_block (self,
                    blocks->len > 0 ? ((FacetBlock *)g_ptr_array_index (blocks, 0))->language : "",
                    FALSE);
}

/* The block is long enough: the line at @start begins another. */
static void
continue_fence (FacetMarkdownStream *self, gsize start)
{
  FacetBlock      *block = g_ptr_array_index (self->blocks, self->tail_first);
  g_autofree char *language = g_strdup (block->language);
  OpenState        state = self->state;

  close_piece (self, start);
  self->state = state;
  open_fence_block (self, language, TRUE);
}

/* Adds what is new of @line to the block; the line may still grow unless it is @complete. */
static void
show_code (FacetMarkdownStream *self, const FacetLine *line, gboolean complete)
{
  OpenState  *state = &self->state;
  FacetBlock *block = g_ptr_array_index (self->blocks, self->tail_first);
  gsize       before = block->length;

  if (state->fence_shown == 0) {
    gsize strip = 0;

    if (!complete && facet_line_may_close_fence (line, &state->fence))
      return;
    if (block->length >= CODE_PIECE) {
      continue_fence (self, (gsize)(line->text - self->text->str));
      block = g_ptr_array_index (self->blocks, self->tail_first);
    }
    while (strip < state->fence.indent && strip < line->length && line->text[strip] == ' ')
      strip++;
    if (state->fence_lines > 0)
      facet_block_append (block, "\n", 1);
    facet_block_append (block, line->text + strip, line->length - strip);
  } else {
    facet_block_append (block, line->text + state->fence_shown, line->length - state->fence_shown);
  }
  state->fence_shown = line->length;
  if (block->length != before)
    self->changed = MIN (self->changed, self->tail_first);
}

static void
scan_code_line (FacetMarkdownStream *self, const FacetLine *line, gsize next)
{
  if (facet_line_closes_fence (line, &self->state.fence)) {
    close_piece (self, next);
    return;
  }
  show_code (self, line, TRUE);
  self->state.fence_shown = 0;
  self->state.fence_lines++;
}

/* --- where pieces end
 * ----------------------------------------------------------------------------------- */

static void
begin_piece (FacetMarkdownStream *self, gsize start, FacetCut cut, const FacetPlain *before)
{
  self->open = (Piece){.start = start,
                       .continued = cut == FACET_CUT_HARD || cut == FACET_CUT_TABLE || self->cut};
  self->state = (OpenState){.kind = OPEN_PLAIN, .plain.previous_line = start};
  self->cut = FALSE;
  if (cut == FACET_CUT_LIST)
    self->open.list = self->list;
  if (cut == FACET_CUT_TABLE && self->table != NULL) {
    self->open.table = facet_table_ref (self->table);
    self->open.header = before->header;
    self->open.header_end = before->header_end;
    self->state.plain.in_table = TRUE;
    self->state.plain.header = before->header;
    self->state.plain.header_end = before->header_end;
  }
}

/* Takes @line into the open piece. */
static void
take_line (FacetMarkdownStream *self, const FacetLine *line, gsize next, const FacetMarker *item)
{
  FacetPlain *plain = &self->state.plain;
  gsize       start = (gsize)(line->text - self->text->str);
  gboolean    first = start == self->open.start;
  gboolean    may_define = facet_plain_may_define (plain, first);
  char       *label, *target;

  facet_plain_take_line (plain, line, item, start, next, first);
  plain->previous_definition =
      may_define && !plain->in_list && facet_line_is_definition (line, &label, &target);
  if (plain->previous_definition)
    define (self, label, target);
}

/* Looks at the line at [start, end); the next one begins at @next. */
static void
scan_line (FacetMarkdownStream *self, gsize start, gsize end, gsize next)
{
  FacetLine   line;
  FacetMarker marker;
  FacetFence  fence;
  gboolean    item;

  facet_line_init (&line, self->text->str + start, end - start);
  if (self->state.kind == OPEN_FENCE) {
    scan_code_line (self, &line, next);
    return;
  }
  if (facet_line_is_blank (&line)) {
    if (self->state.kind == OPEN_PLAIN)
      take_line (self, &line, next, NULL);
    return;
  }
  item = facet_line_is_item (&line, &marker);
  if (self->state.kind == OPEN_PLAIN) {
    FacetPlain before = self->state.plain;
    FacetCut   cut =
        facet_plain_find_cut (&before, &line, item ? &marker : NULL, start - self->open.start);

    if (cut != FACET_CUT_NONE) {
      close_piece (self, start);
      begin_piece (self, start, cut, &before);
    }
  } else {
    begin_piece (self, start, FACET_CUT_CLEAN, NULL);
  }

  if (start == self->open.start && line.indent < 4) {
    if (facet_line_opens_fence (&line, &fence)) {
      open_fence (self, &line, &fence);
      return;
    }
    if (facet_line_is_heading (&line)) {
      close_piece (self, next);
      return;
    }
  }
  take_line (self, &line, next, item ? &marker : NULL);
}

/* Where to cut the line at @start, which is longer than MAX_LINE. */
static gsize
cut_line (FacetMarkdownStream *self, gsize start)
{
  const char *text = self->text->str + start;
  gsize       cut = MAX_LINE;

  for (gsize i = MAX_LINE; i > MAX_LINE - LINE_WINDOW; i--) {
    if (text[i - 1] == ' ')
      return start + i;
  }
  while (((guchar)text[cut] & 0xc0) == 0x80)
    cut--;
  return start + cut;
}

static void
scan_lines (FacetMarkdownStream *self)
{
  while (self->line < self->text->len) {
    const char *text = self->text->str;
    const char *newline;
    gsize       end;

    self->newline = MAX (self->newline, self->line);
    newline = memchr (text + self->newline, '\n', self->text->len - self->newline);
    end = newline != NULL ? (gsize)(newline - text) : self->text->len;
    self->newline = end;

    if (self->state.kind != OPEN_FENCE && end - self->line > MAX_LINE) {
      gsize cut = cut_line (self, self->line);

      scan_line (self, self->line, cut, cut);
      close_piece (self, cut);
      self->cut = TRUE;
      self->line = cut;
      continue;
    }
    if (newline == NULL && !self->finished)
      return;
    scan_line (self, self->line, end, MIN (end + 1, self->text->len));
    self->line = MIN (end + 1, self->text->len);
  }
}

/* --- the tail
 * ------------------------------------------------------------------------------------------- */

static void
show_tail (FacetMarkdownStream *self)
{
  FacetChunkState out;
  Piece           tail = self->open;

  if (self->state.kind == OPEN_FENCE) {
    FacetLine line;

    facet_line_init (&line, self->text->str + self->line, self->text->len - self->line);
    if (line.length > 0)
      show_code (self, &line, FALSE);
    return;
  }
  if (self->state.kind == OPEN_NOTHING)
    tail = (Piece){.start = self->line, .continued = self->cut};
  tail.end = self->text->len;
  replace_blocks (self, self->tail_first, self->blocks->len - self->tail_first,
                  read_piece (self, &tail, TRUE, &out));
  g_clear_pointer (&out.table, facet_table_unref);
}

gboolean
facet_markdown_stream_update (FacetMarkdownStream *self, FacetMarkdownChange *change)
{
  guint before = self->blocks->len;

  self->changed = G_MAXUINT;
  scan_lines (self);
  if (self->finished) {
    close_piece (self, self->text->len);
    g_ptr_array_set_size (self->blocks, (int)self->tail_first);
  } else if (self->shown < self->text->len) {
    show_tail (self);
  }
  self->shown = self->text->len;
  if (self->blocks->len < before)
    self->changed = MIN (self->changed, self->blocks->len);
  if (self->changed == G_MAXUINT)
    return FALSE;
  if (change != NULL)
    *change = (FacetMarkdownChange){
        .position = self->changed,
        .removed = before - MIN (before, self->changed),
        .added = self->blocks->len - self->changed,
    };
  return TRUE;
}
