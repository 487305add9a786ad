/* gem-json.c: reading JSON with integers of any size, and printing it as Python's json.dumps does.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * jansson does the reading.  Only a text that holds an integer of 64 bits or more takes the long
 * way: there each such integer is handed to jansson as a marked string, and the marks become big
 * integers (gem-json.h) afterwards.  What Python prints for values is in gem-json-repr.c.  Pure
 * functions; any thread. */
#define G_LOG_DOMAIN "gem"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gem-json.h"
#include "gem-error.h"
#include "gem-parser.h"

/* The first byte of a big integer: never part of UTF-8, so no text that jansson reads gives it. */
#define BIG_INTEGER_BYTE '\xff'
/* On its way through jansson, an integer is a string that starts with U+FFFF and an i; a string
 * that starts with U+FFFF itself gets that character and an s in front, so that none is taken for
 * the other. */
#define MARK         "\xef\xbf\xbf"
#define MARK_INTEGER MARK "i"
#define MARK_STRING  MARK "s"

/* 19 digits is the least that may overflow. */
#define SAFE_DIGITS 18

/* ---- integers -------------------------------------------------------------------------------- */

static json_t *
big_integer_new (const char *digits, gsize length)
{
  g_autofree char *text = g_malloc (length + 2);

  text[0] = BIG_INTEGER_BYTE;
  memcpy (text + 1, digits, length);
  text[length + 1] = '\0';
  return json_stringn_nocheck (text, length + 1);
}

json_t *
gem_json_integer_new (const char *digits, gsize length)
{
  gboolean negative = length > 0 && digits[0] == '-';
  gsize    zeros = negative;

  /* Python's int () drops leading zeros. */
  while (zeros + 1 < length && digits[zeros] == '0')
    zeros++;
  if (length - zeros <= SAFE_DIGITS + 1) {
    g_autofree char *text =
        g_strdup_printf ("%s%.*s", negative ? "-" : "", (int)(length - zeros), digits + zeros);
    gint64 value;

    errno = 0;
    value = g_ascii_strtoll (text, NULL, 10);
    if (errno == 0)
      return json_integer (value);
  }

  if (negative && zeros > 1) {
    g_autofree char *text = g_strdup_printf ("-%.*s", (int)(length - zeros), digits + zeros);

    return big_integer_new (text, length - zeros + 1);
  }
  if (negative)
    return big_integer_new (digits, length);
  return big_integer_new (digits + zeros, length - zeros);
}

const char *
gem_json_get_big_integer (const json_t *value)
{
  const char *text = json_string_value (value);

  return text != NULL && text[0] == BIG_INTEGER_BYTE ? text + 1 : NULL;
}

static json_t *
round_big_integer (const char *digits)
{
  double value = g_ascii_strtod (digits, NULL);

  return json_real (CLAMP (value, -G_MAXDOUBLE, G_MAXDOUBLE));
}

void
gem_json_round_big_integers (json_t *container)
{
  const char *key, *digits;
  size_t      i;
  json_t     *value;
  void       *next;

  json_object_foreach_safe (container, next, key, value)
  {
    if ((digits = gem_json_get_big_integer (value)) != NULL)
      json_object_set_new_nocheck (container, key, round_big_integer (digits));
    else
      gem_json_round_big_integers (value);
  }
  json_array_foreach (container, i, value)
  {
    if ((digits = gem_json_get_big_integer (value)) != NULL)
      json_array_set_new (container, i, round_big_integer (digits));
    else
      gem_json_round_big_integers (value);
  }
}

/* ---- reading --------------------------------------------------------------------------------- */

/* The end of the string that starts with the quote at @text. */
static const char *
skip_string (const char *text, const char *end)
{
  for (text++; text < end && *text != '"'; text++)
    if (*text == '\\' && text + 1 < end)
      text++;
  return text < end ? text + 1 : end;
}

/* Whether the string that starts with the quote at @text starts with the mark, as it is or escaped.
 */
static gboolean
is_marked (const char *text, const char *end)
{
  gsize left = (gsize)(end - text) - 1;

  return (left >= 3 && memcmp (text + 1, MARK, 3) == 0) ||
         (left >= 6 && g_ascii_strncasecmp (text + 1, "\\uffff", 6) == 0);
}

static gboolean
is_key (const char *after, const char *end)
{
  while (after < end && g_ascii_isspace (*after))
    after++;
  return after < end && *after == ':';
}

/* The end of the number at @text, and whether jansson may not hold it. */
static const char *
skip_number (const char *text, const char *end, gboolean *big)
{
  const char *c = text + 1;

  while (c < end && g_ascii_isdigit (*c))
    c++;
  *big = c - text > SAFE_DIGITS && text[0] != '0' && !(text[0] == '-' && text[1] == '0');
  if (c < end && (*c == '.' || *c == 'e' || *c == 'E')) {
    *big = FALSE; /* a real */
    while (c < end && (g_ascii_isalnum (*c) || strchr (".+-", *c) != NULL))
      c++;
  }
  return c;
}

/* Copies @text with marks where they are needed.  NULL: nowhere. */
static GString *
mark_big_integers (const char *text, gsize length)
{
  const char *end = text + length, *copied = text, *after;
  GString    *out = NULL;

  for (const char *c = text; c < end; c = after) {
    gboolean string = *c == '"', big = FALSE;

    if (string)
      after = skip_string (c, end);
    else if (*c == '-' || g_ascii_isdigit (*c))
      after = skip_number (c, end, &big);
    else
      after = c + 1;
    if (!(big || (string && is_marked (c, end))) || is_key (after, end))
      continue;

    if (out == NULL)
      out = g_string_sized_new (length + 64);
    g_string_append_len (out, copied, c - copied);
    g_string_append (out, big ? "\"" MARK_INTEGER : "\"" MARK_STRING);
    copied = big ? c : c + 1;
    g_string_append_len (out, copied, after - copied);
    if (big)
      g_string_append_c (out, '"');
    copied = after;
  }
  if (out != NULL)
    g_string_append_len (out, copied, end - copied);
  return out;
}

/* What a marked string stands for, NULL if it is none.  (transfer full) */
static json_t *
unmark (const json_t *value)
{
  const char *text = json_string_value (value);
  gsize       length = json_string_length (value), n = strlen (MARK_INTEGER);

  if (text == NULL || !g_str_has_prefix (text, MARK))
    return NULL;
  if (g_str_has_prefix (text, MARK_INTEGER))
    return gem_json_integer_new (text + n, length - n);
  return json_stringn_nocheck (text + n, length - n);
}

static void
unmark_children (json_t *container)
{
  const char *key;
  size_t      i;
  json_t     *value, *unmarked;
  void       *next;

  json_object_foreach_safe (container, next, key, value)
  {
    if ((unmarked = unmark (value)) != NULL)
      json_object_set_new_nocheck (container, key, unmarked);
    else
      unmark_children (value);
  }
  json_array_foreach (container, i, value)
  {
    if ((unmarked = unmark (value)) != NULL)
      json_array_set_new (container, i, unmarked);
    else
      unmark_children (value);
  }
}

json_t *
gem_json_loads (const char *text, gsize length, GError **error)
{
  GString     *marked = mark_big_integers (text, length);
  json_error_t fault;
  json_t      *value =
      json_loadb (marked != NULL ? marked->str : text, marked != NULL ? marked->len : length,
                  JSON_DECODE_ANY | JSON_ALLOW_NUL, &fault);

  if (value == NULL)
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                 "This is not JSON that can be read: %s.", fault.text);
  if (value != NULL && marked != NULL) {
    json_t *unmarked = unmark (value);

    if (unmarked != NULL) {
      json_decref (value);
      value = unmarked;
    } else {
      unmark_children (value);
    }
  }
  if (marked != NULL)
    g_string_free (marked, TRUE);
  return value;
}

gboolean
gem_json_is_true (const json_t *value)
{
  if (value == NULL)
    return FALSE;
  switch (json_typeof (value)) {
  case JSON_OBJECT:
    return json_object_size (value) > 0;
  case JSON_ARRAY:
    return json_array_size (value) > 0;
  case JSON_STRING:
    return json_string_length (value) > 0;
  case JSON_INTEGER:
    return json_integer_value (value) != 0;
  case JSON_REAL:
    return json_real_value (value) != 0;
  case JSON_TRUE:
    return TRUE;
  case JSON_FALSE:
  case JSON_NULL:
    return FALSE;
  }
  return FALSE;
}

/* ---- printing -------------------------------------------------------------------------------- */

/* The escapes that JSON needs and no others. */
static void
append_escaped (GString *out, const char *text, gsize length)
{
  g_string_append_c (out, '"');
  for (const char *c = text; c < text + length; c++) {
    if (*c == '"' || *c == '\\')
      g_string_append_printf (out, "\\%c", *c);
    else if (*c == '\n')
      g_string_append (out, "\\n");
    else if (*c == '\r')
      g_string_append (out, "\\r");
    else if (*c == '\t')
      g_string_append (out, "\\t");
    else if (*c == '\b')
      g_string_append (out, "\\b");
    else if (*c == '\f')
      g_string_append (out, "\\f");
    else if ((guchar)*c < 0x20)
      g_string_append_printf (out, "\\u%04x", *c);
    else
      g_string_append_c (out, *c);
  }
  g_string_append_c (out, '"');
}

static void
append_value (GString *out, const json_t *value)
{
  const char *key, *separator = "";
  size_t      i;
  json_t     *child;

  switch (json_typeof (value)) {
  case JSON_OBJECT:
    g_string_append_c (out, '{');
    json_object_foreach ((json_t *)value, key, child)
    {
      g_string_append (out, separator);
      append_escaped (out, key, strlen (key));
      g_string_append (out, ": ");
      append_value (out, child);
      separator = ", ";
    }
    g_string_append_c (out, '}');
    break;
  case JSON_ARRAY:
    g_string_append_c (out, '[');
    json_array_foreach (value, i, child)
    {
      g_string_append (out, separator);
      append_value (out, child);
      separator = ", ";
    }
    g_string_append_c (out, ']');
    break;
  case JSON_STRING:
    if (gem_json_get_big_integer (value) != NULL)
      g_string_append (out, gem_json_get_big_integer (value));
    else
      append_escaped (out, json_string_value (value), json_string_length (value));
    break;
  case JSON_INTEGER:
    g_string_append_printf (out, "%" JSON_INTEGER_FORMAT, json_integer_value (value));
    break;
  case JSON_REAL:
    gem_json_append_real (out, json_real_value (value));
    break;
  case JSON_TRUE:
    g_string_append (out, "true");
    break;
  case JSON_FALSE:
    g_string_append (out, "false");
    break;
  case JSON_NULL:
    g_string_append (out, "null");
    break;
  }
}

char *
gem_json_dumps (const json_t *value)
{
  GString *out = g_string_new (NULL);

  append_value (out, value);
  return g_string_free (out, FALSE);
}
