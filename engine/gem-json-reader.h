/* gem-json-reader.h: a pull parser for large JSON files that are not to be trusted.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reads one value after the other out of a buffer, allocating nothing: strings are unescaped in
 * place and handed out as pointers into the buffer, so a string can be read only once.  Strict RFC
 * 8259, UTF-8 checked, nesting at most GEM_JSON_MAX_DEPTH.  The first fault latches in @problem;
 * from then on every call fails, so a caller need look only once, at the end.  A reader is a plain
 * value: a copy marks a place to come back to.
 *
 *   gem_json_reader_enter_object (&r);
 *   while (gem_json_reader_next_member (&r, &key)) {
 *     if (gem_json_text_equal (key, "id"))
 *       gem_json_reader_read_integer (&r, &id);
 *     else
 *       gem_json_reader_skip (&r);
 *   }
 *   if (r.problem != NULL) …
 *
 * One thread. */
#pragma once

#include <glib.h>
#include <string.h>

G_BEGIN_DECLS

#define GEM_JSON_MAX_DEPTH 64

typedef enum {
  GEM_JSON_INVALID, /* no value starts here, or the reader has failed */
  GEM_JSON_OBJECT,
  GEM_JSON_ARRAY,
  GEM_JSON_STRING,
  GEM_JSON_NUMBER,
  GEM_JSON_BOOLEAN,
  GEM_JSON_NULL,
} GemJsonKind;

/* A string in the reader's buffer: UTF-8, not terminated, U+0000 allowed. */
typedef struct {
  const char *data;
  gsize       length;
} GemJsonText;

#define GEM_JSON_NO_TEXT ((GemJsonText){"", 0})

typedef struct {
  guint8     *start, *cursor, *end; /* borrowed */
  guint       depth;                /* open objects and arrays */
  guint64     begun;                /* bit d: the container at depth d has had a member */
  const char *problem;              /* the first fault, as a phrase; NULL: none */
  gsize       problem_at;           /* its place, in bytes */
} GemJsonReader;

/* @data must be writable and outlive the reader and the texts it gives. */
void gem_json_reader_init (GemJsonReader *self, char *data, gsize length);

GemJsonKind gem_json_reader_peek (GemJsonReader *self);

gboolean gem_json_reader_enter_object (GemJsonReader *self);
/* FALSE after the last member, whose closing brace is then consumed, or after a fault. */
gboolean gem_json_reader_next_member (GemJsonReader *self, GemJsonText *key);
gboolean gem_json_reader_enter_array (GemJsonReader *self);
gboolean gem_json_reader_next_item (GemJsonReader *self);

gboolean gem_json_reader_read_string (GemJsonReader *self, GemJsonText *text);
gboolean gem_json_reader_read_integer (GemJsonReader *self, gint64 *value);
gboolean gem_json_reader_read_boolean (GemJsonReader *self, gboolean *value);
/* Any value, checked but not kept. */
gboolean gem_json_reader_skip (GemJsonReader *self);
/* That nothing follows the document. */
gboolean gem_json_reader_finish (GemJsonReader *self);

static inline gboolean
gem_json_text_equal (GemJsonText text, const char *literal)
{
  return text.length == strlen (literal) && memcmp (text.data, literal, text.length) == 0;
}

G_END_DECLS
