/* facet-markdown.h: Markdown as a flat list of blocks, each small enough to be laid out on its own.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure: text in, blocks out; no widget, no colour, no network.  Any thread, but a block belongs to
 * one thread at a time.  CommonMark with GitHub's tables, task lists, strikethrough and autolinks.
 * Raw HTML is text
 * (<br> inside a table cell breaks the line); pictures are links that nobody fetches; only http,
 * https and mailto targets are links at all.  Every size is bounded whatever the text: the nesting
 * shown, the columns of a table, the length of a block.
 *
 * A list item, a quoted paragraph, a table's row is a block of its own; what it sits in is in its
 * nests.  So a long answer is a long array that can be shown in part, and a change of one block
 * leaves the others alone. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define FACET_BLOCK_MAX_NESTS   8
#define FACET_TABLE_MAX_COLUMNS 32

typedef enum {
  FACET_BLOCK_TEXT,
  FACET_BLOCK_HEADING,
  FACET_BLOCK_CODE,
  FACET_BLOCK_TABLE_ROW,
  FACET_BLOCK_RULE,
} FacetBlockKind;

typedef enum {
  FACET_SPAN_EMPHASIS = 1 << 0,
  FACET_SPAN_STRONG = 1 << 1,
  FACET_SPAN_CODE = 1 << 2,
  FACET_SPAN_STRIKE = 1 << 3,
} FacetSpanFlags;

/* A run of the block's text, in bytes.  Spans do not overlap and are in order. */
typedef struct {
  guint32 start, end;
  guint16 flags; /* FacetSpanFlags */
  guint16 link;  /* 0: none; else one more than the index into the block's links */
} FacetSpan;

typedef enum {
  FACET_NEST_QUOTE,
  FACET_NEST_BULLET,
  FACET_NEST_NUMBER,
  FACET_NEST_TASK,
  FACET_NEST_TASK_DONE,
} FacetNestKind;

/* What a block sits in, from the outside in. */
typedef struct {
  FacetNestKind kind;
  gboolean      first;  /* the block is the first of this item: its marker is shown */
  guint         number; /* NUMBER: the item's own */
  guint         id;     /* the same in neighbouring blocks: the same quotation, the same item */
} FacetNest;

/* What the rows of a table share. */
typedef struct {
  grefcount ref_count;
  guint     n_columns;
  guint8    align[FACET_TABLE_MAX_COLUMNS];  /* 0 start, 1 centre, 2 end */
  guint16   words[FACET_TABLE_MAX_COLUMNS];  /* the longest word, in character cells */
  guint16   widths[FACET_TABLE_MAX_COLUMNS]; /* the longest line, in character cells */
} FacetTable;

typedef enum {
  FACET_ROW_HEADER = 1 << 0,
  FACET_ROW_FIRST = 1 << 1,
} FacetRowFlags;

typedef struct _FacetBlock FacetBlock;

struct _FacetBlock {
  grefcount      ref_count;
  FacetBlockKind kind;
  gboolean
        continued; /* goes on where the block before was cut: no space between, no second header */
  guint level;     /* HEADING: 1 to 6 */
  guint row;       /* TABLE_ROW: FacetRowFlags */
  char *text;      /* valid UTF-8, NUL terminated; cells are divided by tabs */
  gsize length;    /* in bytes */
  gsize allocated;
  FacetSpan  *spans;
  guint       n_spans;
  char      **links;    /* NULL terminated; NULL: none */
  char       *language; /* CODE: as written, "" for none */
  FacetTable *table;    /* TABLE_ROW */
  guint       n_nests;
  FacetNest   nests[FACET_BLOCK_MAX_NESTS];
};

FacetBlock *facet_block_new (FacetBlockKind kind,
                             const char    *text,
                             gsize          length) G_GNUC_WARN_UNUSED_RESULT;
FacetBlock *facet_block_ref (FacetBlock *self);
void        facet_block_unref (FacetBlock *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetBlock, facet_block_unref)

/* Looks the same in every way. */
gboolean facet_block_equal (const FacetBlock *a, const FacetBlock *b);
/* For a code block that is still growing. */
void     facet_block_append (FacetBlock *self, const char *text, gsize length);
/* TABLE_ROW: the bytes of cell @column, FALSE when the row has no such cell. */
gboolean facet_block_get_cell (const FacetBlock *self, guint column, gsize *start, gsize *end);

/* Plain text as blocks, a paragraph a line: what the person wrote, and what the model thinks.
 * Appends to
 * @blocks (of FacetBlock). */
void facet_block_split_plain (const char *text, gsize length, GPtrArray *blocks);

/* TRUE: @target may be opened. */
gboolean facet_markdown_link_is_safe (const char *target);

/* The whole text at once; the same blocks as a FacetMarkdownStream ends with. */
GPtrArray *facet_markdown_parse (const char *text, gssize length) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
