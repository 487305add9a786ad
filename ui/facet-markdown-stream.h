/* facet-markdown-stream.h: Markdown that is still being written.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Text goes in as it comes, in pieces of any size; blocks come out.  What is finished is read once
 * and never again (but for a late definition of a link that it refers to); only the unfinished
 * tail, a few kilobytes at most, is read again with every update.  The result does not depend on
 * how the text was cut: after finish () the blocks are those of facet_markdown_parse ().
 *
 * append () is cheap; call update () once a frame.  One thread at a time. */
#pragma once

#include "facet-markdown.h"

G_BEGIN_DECLS

typedef struct _FacetMarkdownStream FacetMarkdownStream;

/* Blocks [position, position + removed) gave way to @added others.  A code block that only grew
 * counts as changed though it is the same block.  Blocks in the range that are the same as before
 * are the same pointers. */
typedef struct {
  guint position, removed, added;
} FacetMarkdownChange;

FacetMarkdownStream *facet_markdown_stream_new (void) G_GNUC_WARN_UNUSED_RESULT;
void                 facet_markdown_stream_free (FacetMarkdownStream *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetMarkdownStream, facet_markdown_stream_free)

/* @length −1: NUL terminated.  Any bytes: what is not UTF-8 becomes U+FFFD, a character may arrive
 * in halves. */
void     facet_markdown_stream_append (FacetMarkdownStream *self, const char *text, gssize length);
/* No more text comes. */
void     facet_markdown_stream_finish (FacetMarkdownStream *self);
/* Reads what came.  FALSE: nothing changed.  @change may be NULL. */
gboolean facet_markdown_stream_update (FacetMarkdownStream *self, FacetMarkdownChange *change);

guint       facet_markdown_stream_get_n_blocks (FacetMarkdownStream *self);
/* Borrowed. */
FacetBlock *facet_markdown_stream_get_block (FacetMarkdownStream *self, guint index);

/* Bytes handed to md4c so far, for tests that hold it to its promise. */
gsize facet_markdown_stream_get_work (FacetMarkdownStream *self);

G_END_DECLS
