/* facet-markdown-private.h: what the files of the Markdown reader share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "facet-markdown.h"

G_BEGIN_DECLS

/* Where a list that was cut between two items goes on. */
typedef struct {
  gboolean active;
  char     delimiter; /* '.' or ')' */
  guint    next;      /* the number of the next item */
} FacetListState;

typedef struct {
  gboolean       continued;   /* the first block goes on with the one before */
  gboolean       skip_header; /* the text begins with a table's first two lines, shown before */
  FacetListState list; /* in: what the first list goes on with; out: where the last one ended */
  FacetTable
      *table; /* in: the shape of the table that goes on, borrowed; out: the last one (full) */
} FacetChunkState;

/* Runs md4c over one piece of the text and appends its blocks to @blocks.  @text is valid UTF-8. */
void facet_markdown_parse_chunk (const char      *text,
                                 gsize            length,
                                 FacetChunkState *state,
                                 GPtrArray       *blocks);

/* Cuts a text block that is too long to be laid out at once; appends to @blocks, takes @block. */
void facet_block_take_in_pieces (FacetBlock *block, GPtrArray *blocks);

FacetTable *facet_table_new (guint n_columns) G_GNUC_WARN_UNUSED_RESULT;
FacetTable *facet_table_ref (FacetTable *self);
void        facet_table_unref (FacetTable *self);
/* Widens the columns for @row. */
void        facet_table_measure (FacetTable *self, const FacetBlock *row);

/* "&mdash;" → U+2014, also numeric; 0: no such entity. */
gunichar facet_entity_lookup (const char *text, gsize length);

/* --- one line
 * ------------------------------------------------------------------------------------------- */

typedef struct {
  const char *text; /* without its end of line */
  gsize       length;
  guint       indent;  /* columns of white space before the first character */
  gsize       content; /* bytes of it */
} FacetLine;

typedef struct {
  char  mark; /* '`' or '~' */
  guint length;
  guint indent;
} FacetFence;

typedef struct {
  guint    offset; /* columns from the line's start to the item's content */
  guint    number;
  char     mark;  /* '-', '+', '*', '.' or ')' */
  gboolean blank; /* nothing after the marker */
} FacetMarker;

void     facet_line_init (FacetLine *self, const char *text, gsize length);
gboolean facet_line_is_blank (const FacetLine *self);
gboolean facet_line_opens_fence (const FacetLine *self, FacetFence *fence);
gboolean facet_line_closes_fence (const FacetLine *self, const FacetFence *fence);
/* May still become a closing fence when more of the line arrives. */
gboolean facet_line_may_close_fence (const FacetLine *self, const FacetFence *fence);
gboolean facet_line_is_heading (const FacetLine *self);
gboolean facet_line_is_quote (const FacetLine *self);
gboolean facet_line_is_item (const FacetLine *self, FacetMarker *marker);
/* The second line of a table. */
gboolean facet_line_is_delimiter_row (const FacetLine *self);
/* "[label]: <target>"; the label normalised.  (transfer full) */
gboolean facet_line_is_definition (const FacetLine *self, char **label, char **target);
/* Lower case, single spaces.  NULL: not a possible label.  (transfer full) */
char    *facet_label_normalise (const char *text, gsize length);

/* --- pieces ------------------------------------------------------------------------------------
 */

/* What the lines of a piece have shown so far.  Positions are in the whole text. */
typedef struct {
  gboolean previous_blank, previous_definition;
  gsize    previous_line;

  gboolean    in_list;
  FacetMarker item; /* the outermost item that is open */

  /* A fence inside of an item or a quotation. */
  gboolean   nested, nested_in_quote;
  FacetFence nested_fence;

  gboolean in_table;
  gsize    header, header_end; /* its first two lines */
} FacetPlain;

typedef enum {
  FACET_CUT_NONE,
  FACET_CUT_CLEAN, /* something new begins */
  FACET_CUT_LIST,  /* the list goes on */
  FACET_CUT_TABLE, /* the table goes on */
  FACET_CUT_HARD,  /* whatever it is goes on */
} FacetCut;

/* Whether a piece of @size bytes ends before @line, which is not blank.  @item: its marker, NULL
 * when it has none. */
FacetCut facet_plain_find_cut (const FacetPlain  *self,
                               const FacetLine   *line,
                               const FacetMarker *item,
                               gsize              size);
/* Whether the next line may define a link.  @first: of its piece. */
gboolean facet_plain_may_define (const FacetPlain *self, gboolean first);
/* Takes the line at @start into the piece; the next one begins at @next. */
void     facet_plain_take_line (FacetPlain        *self,
                                const FacetLine   *line,
                                const FacetMarker *item,
                                gsize              start,
                                gsize              next,
                                gboolean           first);

/* --- the tail
 * ------------------------------------------------------------------------------------------- */

/* What to show of a piece that is still being written: markers that have not decided what they are
 * are held back, emphasis that was opened is closed.  Only for the eye; the end result never goes
 * through here. */
void facet_markdown_mend (GString *piece);

G_END_DECLS
