/* gem-json-reader.c: see gem-json-reader.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owns nothing: it walks a buffer that the caller keeps.  Runs on the caller's thread.  Neither
 * converts fractions (nobody who uses it needs one) nor builds a tree. */
#define G_LOG_DOMAIN "gem"

#include "gem-json-reader.h"
#include "gem-utf8.h"

/* What a byte can be inside a string. */
enum {
  BYTE_PLAIN,
  BYTE_QUOTE,
  BYTE_ESCAPE,
  BYTE_CONTROL,
  BYTE_MULTI, /* starts a character of several bytes */
};

static inline int
byte_class (guint8 byte)
{
  if (byte >= 0x80)
    return BYTE_MULTI;
  if (byte < 0x20)
    return BYTE_CONTROL;
  return byte == '"' ? BYTE_QUOTE : byte == '\\' ? BYTE_ESCAPE : BYTE_PLAIN;
}

/* Returns FALSE, for the caller to pass on. */
static gboolean
fail (GemJsonReader *self, const guint8 *at, const char *problem)
{
  if (self->problem == NULL) {
    self->problem = problem;
    self->problem_at = (gsize)(at - self->start);
  }
  return FALSE;
}

static void
skip_space (GemJsonReader *self)
{
  while (self->cursor < self->end && (*self->cursor == ' ' || *self->cursor == '\n' ||
                                      *self->cursor == '\r' || *self->cursor == '\t'))
    self->cursor++;
}

void
gem_json_reader_init (GemJsonReader *self, char *data, gsize length)
{
  *self = (GemJsonReader){.start = (guint8 *)data,
                          .cursor = (guint8 *)data,
                          .end = (guint8 *)data + length};
}

GemJsonKind
gem_json_reader_peek (GemJsonReader *self)
{
  if (self->problem != NULL)
    return GEM_JSON_INVALID;
  skip_space (self);
  if (self->cursor == self->end)
    return GEM_JSON_INVALID;
  switch (*self->cursor) {
  case '{':
    return GEM_JSON_OBJECT;
  case '[':
    return GEM_JSON_ARRAY;
  case '"':
    return GEM_JSON_STRING;
  case 't':
  case 'f':
    return GEM_JSON_BOOLEAN;
  case 'n':
    return GEM_JSON_NULL;
  default:
    return *self->cursor == '-' || g_ascii_isdigit (*self->cursor) ? GEM_JSON_NUMBER
                                                                   : GEM_JSON_INVALID;
  }
}

static gboolean
expect (GemJsonReader *self, GemJsonKind kind, const char *problem)
{
  GemJsonKind found = gem_json_reader_peek (self);

  if (found == kind)
    return TRUE;
  if (self->cursor == self->end)
    return fail (self, self->end, "it ends too early");
  return fail (self, self->cursor, found == GEM_JSON_INVALID ? "a value is missing" : problem);
}

/* Objects and arrays */

static gboolean
enter (GemJsonReader *self)
{
  if (self->depth == GEM_JSON_MAX_DEPTH)
    return fail (self, self->cursor, "it is nested too deeply");
  self->begun &= ~(G_GUINT64_CONSTANT (1) << self->depth);
  self->depth++;
  self->cursor++;
  return TRUE;
}

gboolean
gem_json_reader_enter_object (GemJsonReader *self)
{
  return expect (self, GEM_JSON_OBJECT, "an object is expected") && enter (self);
}

gboolean
gem_json_reader_enter_array (GemJsonReader *self)
{
  return expect (self, GEM_JSON_ARRAY, "a list is expected") && enter (self);
}

/* Goes to the next element of the innermost container, or past its closing bracket. */
static gboolean
advance (GemJsonReader *self, guint8 closing)
{
  guint64 bit;

  if (self->problem != NULL)
    return FALSE;
  g_assert (self->depth > 0);
  bit = G_GUINT64_CONSTANT (1) << (self->depth - 1);
  skip_space (self);
  if (self->cursor == self->end)
    return fail (self, self->end, "it ends too early");
  if (*self->cursor == closing) {
    self->cursor++;
    self->depth--;
    return FALSE;
  }
  if (self->begun & bit) {
    if (*self->cursor != ',')
      return fail (self, self->cursor, "a comma is missing");
    self->cursor++;
  }
  self->begun |= bit;
  return TRUE;
}

gboolean
gem_json_reader_next_item (GemJsonReader *self)
{
  return advance (self, ']');
}

/* Strings */

/* The four hexadecimal digits at @at; −1 if they are not. */
static int
read_hex (const GemJsonReader *self, const guint8 *at)
{
  int value = 0;

  if (self->end - at < 4)
    return -1;
  for (int i = 0; i < 4; i++) {
    int digit = g_ascii_xdigit_value ((char)at[i]);

    if (digit < 0)
      return -1;
    value = value << 4 | digit;
  }
  return value;
}

/* "\u" and its digits, as a pair of surrogates where the first is one.  Returns the length, 0 for a
 * fault. */
static gsize
read_unicode_escape (GemJsonReader *self, const guint8 *at, gunichar *character)
{
  int high = read_hex (self, at + 2);
  int low;

  if (high < 0 || (high >= 0xdc00 && high <= 0xdfff))
    return 0;
  *character = (gunichar)high;
  if (high < 0xd800 || high > 0xdbff)
    return 6;
  if (self->end - at < 12 || at[6] != '\\' || at[7] != 'u')
    return 0;
  low = read_hex (self, at + 8);
  if (low < 0xdc00 || low > 0xdfff)
    return 0;
  *character = 0x10000u + (((gunichar)high - 0xd800u) << 10) + ((gunichar)low - 0xdc00u);
  return 12;
}

/* The escape at the backslash @at.  Returns its length, 0 for a fault. */
static gsize
read_escape (GemJsonReader *self, const guint8 *at, gunichar *character)
{
  static const char names[] = "\"\\/bfnrt";
  static const char values[] = "\"\\/\b\f\n\r\t";
  const char       *name;

  if (self->end - at < 2 || at[1] == '\0')
    return 0;
  if (at[1] == 'u')
    return read_unicode_escape (self, at, character);
  name = strchr (names, at[1]);
  if (name == NULL)
    return 0;
  *character = (gunichar)values[name - names];
  return 2;
}

/* The string at the cursor.  @unescape: writes its text over its source, which is never shorter. */
static gboolean
read_string_body (GemJsonReader *self, gboolean unescape, GemJsonText *text)
{
  guint8  *start = self->cursor + 1;
  guint8  *p = start;
  guint8  *out = start;
  gunichar c;

  for (;;) {
    guint8  *run = p;
    gsize    length;
    gboolean escaped = FALSE;

    while (p < self->end && byte_class (*p) == BYTE_PLAIN)
      p++;
    if (unescape && out != run)
      memmove (out, run, (gsize)(p - run));
    out += p - run;
    if (p == self->end)
      return fail (self, start - 1, "a string does not end");

    switch (byte_class (*p)) {
    case BYTE_QUOTE:
      self->cursor = p + 1;
      *text = (GemJsonText){(const char *)start, (gsize)(out - start)};
      return TRUE;
    case BYTE_CONTROL:
      return fail (self, p, "a control character stands in a string");
    case BYTE_ESCAPE:
      escaped = TRUE;
      length = read_escape (self, p, &c);
      if (length == 0)
        return fail (self, p, "an escape sequence is wrong");
      break;
    default:
      length = gem_utf8_read (p, self->end, &c);
      if (length == 0)
        return fail (self, p, "it is not UTF-8");
    }
    if (unescape && (escaped || out != p))
      out += g_unichar_to_utf8 (c, (char *)out);
    else
      out += length;
    p += length;
  }
}

gboolean
gem_json_reader_read_string (GemJsonReader *self, GemJsonText *text)
{
  return expect (self, GEM_JSON_STRING, "a text is expected") &&
         read_string_body (self, TRUE, text);
}

/* The next key and its colon.  Without @unescape it can be read again, from a copy of the reader.
 */
static gboolean
read_key (GemJsonReader *self, gboolean unescape, GemJsonText *key)
{
  if (!advance (self, '}') || !expect (self, GEM_JSON_STRING, "a text is expected") ||
      !read_string_body (self, unescape, key))
    return FALSE;
  skip_space (self);
  if (self->cursor == self->end || *self->cursor != ':')
    return fail (self, self->cursor, "a colon is missing");
  self->cursor++;
  return TRUE;
}

gboolean
gem_json_reader_next_member (GemJsonReader *self, GemJsonText *key)
{
  return read_key (self, TRUE, key);
}

/* Numbers and words */

static guint8 *
skip_digits (const GemJsonReader *self, guint8 *p)
{
  while (p < self->end && g_ascii_isdigit (*p))
    p++;
  return p;
}

static gboolean
skip_number (GemJsonReader *self)
{
  guint8 *p = self->cursor + (*self->cursor == '-');
  guint8 *digits = p;

  p = skip_digits (self, p);
  if (p == digits || (*digits == '0' && p - digits > 1))
    return fail (self, digits, "a number is wrong");
  if (p < self->end && *p == '.') {
    digits = ++p;
    p = skip_digits (self, p);
    if (p == digits)
      return fail (self, p, "a number is wrong");
  }
  if (p < self->end && (*p == 'e' || *p == 'E')) {
    p++;
    if (p < self->end && (*p == '+' || *p == '-'))
      p++;
    digits = p;
    p = skip_digits (self, p);
    if (p == digits)
      return fail (self, p, "a number is wrong");
  }
  self->cursor = p;
  return TRUE;
}

gboolean
gem_json_reader_read_integer (GemJsonReader *self, gint64 *value)
{
  const guint8 *p;
  gboolean      negative;
  gint64        sum = 0;

  if (!expect (self, GEM_JSON_NUMBER, "a number is expected"))
    return FALSE;
  p = self->cursor;
  negative = *p == '-';
  if (!skip_number (self))
    return FALSE;
  for (const guint8 *digit = p + negative; digit < self->cursor; digit++) {
    if (!g_ascii_isdigit (*digit))
      return fail (self, p, "a whole number is expected");
    if (sum > (G_MAXINT64 - 9) / 10)
      return fail (self, p, "a number is too large");
    sum = sum * 10 + (*digit - '0');
  }
  *value = negative ? -sum : sum;
  return TRUE;
}

static gboolean
read_word (GemJsonReader *self, const char *word)
{
  gsize length = strlen (word);

  if ((gsize)(self->end - self->cursor) < length || memcmp (self->cursor, word, length) != 0)
    return fail (self, self->cursor, "a word is wrong");
  self->cursor += length;
  return TRUE;
}

gboolean
gem_json_reader_read_boolean (GemJsonReader *self, gboolean *value)
{
  if (!expect (self, GEM_JSON_BOOLEAN, "true or false is expected"))
    return FALSE;
  *value = *self->cursor == 't';
  return read_word (self, *value ? "true" : "false");
}

/* One value that holds no other, or the opening bracket of one that does. */
static gboolean
skip_scalar_or_enter (GemJsonReader *self)
{
  GemJsonText text;
  gboolean    value;

  switch (gem_json_reader_peek (self)) {
  case GEM_JSON_OBJECT:
  case GEM_JSON_ARRAY:
    return enter (self);
  case GEM_JSON_STRING:
    return read_string_body (self, FALSE, &text);
  case GEM_JSON_NUMBER:
    return skip_number (self);
  case GEM_JSON_BOOLEAN:
    return gem_json_reader_read_boolean (self, &value);
  case GEM_JSON_NULL:
    return read_word (self, "null");
  default:
    return expect (self, GEM_JSON_STRING, "a value is missing");
  }
}

gboolean
gem_json_reader_skip (GemJsonReader *self)
{
  guint       outside = self->depth;
  guint64     objects = 0; /* bit d: the container at depth d is an object */
  GemJsonText key;

  do {
    GemJsonKind kind = gem_json_reader_peek (self);
    guint64     bit = self->depth < GEM_JSON_MAX_DEPTH ? G_GUINT64_CONSTANT (1) << self->depth : 0;

    if (!skip_scalar_or_enter (self))
      return FALSE;
    objects = kind == GEM_JSON_OBJECT ? objects | bit : objects & ~bit;
    /* Up through every container that ends here, to the next element or out. */
    while (self->depth > outside &&
           !(objects >> (self->depth - 1) & 1 ? read_key (self, FALSE, &key) : advance (self, ']')))
      if (self->problem != NULL)
        return FALSE;
  } while (self->depth > outside);
  return TRUE;
}

gboolean
gem_json_reader_finish (GemJsonReader *self)
{
  if (self->problem != NULL)
    return FALSE;
  skip_space (self);
  return self->cursor == self->end || fail (self, self->cursor, "something follows its end");
}
