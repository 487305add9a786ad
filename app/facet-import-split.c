/* facet-import-split.c: finds where the parts of a JSON file begin and end.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One thread; blocks while it reads.  Memory is one part and one piece of the file. */
#define G_LOG_DOMAIN "facet-import"

#include "config.h"

#include "facet-import-private.h"
#include "facet-import-split.h"

#include <glib/gi18n-lib.h>

#include <string.h>

#define PIECE (256 * 1024)
#define END   (-1)
#define FAIL  (-2)

/* What may come next between parts. */
typedef enum {
  EXPECT_DOCUMENT,
  EXPECT_FIRST, /* an element, or the array's end */
  EXPECT_ELEMENT,
  EXPECT_COMMA, /* or the array's end */
} Expect;

struct _FacetImportSplit {
  GInputStream *stream;
  guint8       *piece;
  gsize         at, n; /* in the piece */
  gint64        line, column, offset;
  Expect        expect;
  guint         document;
  gint64        index;
  GString      *part;
};

FacetImportSplit *
facet_import_split_new (GInputStream *stream)
{
  FacetImportSplit *self = g_new0 (FacetImportSplit, 1);

  self->stream = g_object_ref (stream);
  self->piece = g_malloc (PIECE);
  self->line = self->column = 1;
  self->part = g_string_new (NULL);
  return self;
}

void
facet_import_split_free (FacetImportSplit *self)
{
  g_object_unref (self->stream);
  g_free (self->piece);
  g_string_free (self->part, TRUE);
  g_free (self);
}

/* The next byte, which stays; END, FAIL. */
static int
peek (FacetImportSplit *self, GCancellable *cancellable, GError **error)
{
  if (self->at == self->n) {
    gssize n = g_input_stream_read (self->stream, self->piece, PIECE, cancellable, error);

    if (n <= 0)
      return n == 0 ? END : FAIL;
    self->at = 0;
    self->n = (gsize)n;
  }
  return self->piece[self->at];
}

static void
step (FacetImportSplit *self)
{
  self->offset++;
  if (self->piece[self->at++] == '\n') {
    self->line++;
    self->column = 1;
  } else {
    self->column++;
  }
}

static FacetImportSplitResult
damaged (FacetImportSplit *self, FacetImportPart *part, const char *why)
{
  part->text = why;
  part->length = strlen (why);
  part->line = self->line;
  part->column = self->column;
  return FACET_IMPORT_SPLIT_DAMAGED;
}

/* After a part or an array that was the document. */
static void
end_document (FacetImportSplit *self)
{
  self->document++;
  self->expect = EXPECT_DOCUMENT;
}

/* Takes an object or array in whole. */
static FacetImportSplitResult
take (FacetImportSplit *self, FacetImportPart *part, GCancellable *cancellable, GError **error)
{
  gboolean in_string = FALSE, escaped = FALSE;
  gsize    depth = 0, n_values = 1;

  g_string_truncate (self->part, 0);
  part->line = self->line;
  part->column = self->column;
  do {
    int c = peek (self, cancellable, error);

    if (c == FAIL)
      return FACET_IMPORT_SPLIT_ERROR;
    if (c == END)
      return damaged (self, part, _ ("the file ends in the middle"));
    if (in_string) {
      in_string = escaped || c != '"';
      escaped = !escaped && c == '\\';
    } else if (c == '"') {
      in_string = TRUE;
    } else if (c == '{' || c == '[') {
      depth++;
      n_values++;
    } else if (c == '}' || c == ']') {
      depth--;
    } else if (c == ',') {
      n_values++;
    }
    if (self->part->len >= FACET_IMPORT_MAX_PART || n_values > FACET_IMPORT_MAX_VALUES) {
      damaged (self, part, _ ("a conversation is larger than can be imported"));
      return FACET_IMPORT_SPLIT_TOO_LARGE;
    }
    g_string_append_c (self->part, (char)c);
    step (self);
  } while (depth > 0);
  part->text = self->part->str;
  part->length = self->part->len;
  part->document = self->document;
  part->index = self->index;
  part->offset = self->offset;
  return FACET_IMPORT_SPLIT_PART;
}

static FacetImportSplitResult
take_document (FacetImportSplit *self,
               FacetImportPart  *part,
               GCancellable     *cancellable,
               GError          **error)
{
  FacetImportSplitResult result;

  self->index = -1;
  result = take (self, part, cancellable, error);
  end_document (self);
  return result;
}

static FacetImportSplitResult
take_element (FacetImportSplit *self,
              FacetImportPart  *part,
              GCancellable     *cancellable,
              GError          **error)
{
  FacetImportSplitResult result = take (self, part, cancellable, error);

  self->index++;
  self->expect = EXPECT_COMMA;
  return result;
}

/* Some programs begin a file with it. */
static gboolean
is_byte_order_mark (FacetImportSplit *self)
{
  if (self->offset != 0 || self->n < 3 || memcmp (self->piece, "\357\273\277", 3) != 0)
    return FALSE;
  self->at = 3;
  self->offset = 3;
  return TRUE;
}

FacetImportSplitResult
facet_import_split_next (FacetImportSplit *self,
                         FacetImportPart  *part,
                         GCancellable     *cancellable,
                         GError          **error)
{
  for (;;) {
    int c = peek (self, cancellable, error);

    if (c == FAIL)
      return FACET_IMPORT_SPLIT_ERROR;
    if (c == END)
      return self->expect == EXPECT_DOCUMENT
                 ? FACET_IMPORT_SPLIT_END
                 : damaged (self, part, _ ("the file ends in the middle"));
    if (is_byte_order_mark (self))
      continue;
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      step (self);
    } else if (self->expect == EXPECT_DOCUMENT && c == '{') {
      return take_document (self, part, cancellable, error);
    } else if (self->expect == EXPECT_DOCUMENT && c == '[') {
      self->expect = EXPECT_FIRST;
      self->index = 0;
      step (self);
    } else if ((self->expect == EXPECT_FIRST || self->expect == EXPECT_COMMA) && c == ']') {
      step (self);
      end_document (self);
    } else if (self->expect == EXPECT_COMMA && c == ',') {
      self->expect = EXPECT_ELEMENT;
      step (self);
    } else if ((self->expect == EXPECT_FIRST || self->expect == EXPECT_ELEMENT) &&
               (c == '{' || c == '[')) {
      return take_element (self, part, cancellable, error);
    } else {
      return damaged (self, part,
                      self->expect == EXPECT_DOCUMENT && self->document == 0
                          ? _ ("this is not JSON with conversations")
                          : _ ("this is neither a conversation nor a message"));
    }
  }
}
