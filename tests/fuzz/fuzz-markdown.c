/* fuzz-markdown.c: any bytes as an answer's Markdown.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The text is read at once and in pieces whose sizes its own bytes choose; both must give the same
 * blocks, and every block must be what the widgets rely on. */
#define G_LOG_DOMAIN "fuzz-markdown"

#include <stddef.h>
#include <stdint.h>

#include "facet-markdown-stream.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_block (const FacetBlock *block)
{
  guint32 at = 0;

  g_assert (g_utf8_validate (block->text, (gssize)block->length, NULL));
  g_assert (block->n_nests <= FACET_BLOCK_MAX_NESTS);
  g_assert ((block->kind == FACET_BLOCK_CODE) == (block->language != NULL));
  g_assert ((block->kind == FACET_BLOCK_TABLE_ROW) == (block->table != NULL));
  for (guint i = 0; i < block->n_spans; i++) {
    const FacetSpan *span = &block->spans[i];

    g_assert (span->start >= at && span->end > span->start && span->end <= block->length);
    g_assert (span->link == 0 || facet_markdown_link_is_safe (block->links[span->link - 1]));
    at = span->end;
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GPtrArray) once = facet_markdown_parse ((const char *)data, (gssize)size);
  g_autoptr (FacetMarkdownStream) stream = facet_markdown_stream_new ();

  for (size_t at = 0; at < size;) {
    size_t piece = 1 + data[at] % 61;

    piece = MIN (piece, size - at);
    facet_markdown_stream_append (stream, (const char *)data + at, (gssize)piece);
    facet_markdown_stream_update (stream, NULL);
    at += piece;
  }
  facet_markdown_stream_finish (stream);
  facet_markdown_stream_update (stream, NULL);

  g_assert (facet_markdown_stream_get_n_blocks (stream) == once->len);
  for (guint i = 0; i < once->len; i++) {
    check_block (g_ptr_array_index (once, i));
    g_assert (facet_block_equal (g_ptr_array_index (once, i),
                                 facet_markdown_stream_get_block (stream, i)));
  }
  return 0;
}
