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
/* U+FFFF marks an integer on its way through jansson; a text with big integers and this character
 * is refused. */
#define MARK         "\xef\xbf\xbf"
#define MARK_ESCAPED "\\uffff"

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

/* Copies @text with every integer that jansson may not hold turned into a marked string.  NULL:
 * there are none. */
static GString *
mark_big_integers (const char *text, gsize length)
{
  const char *end = text + length, *copied = text;
  GString    *marked = NULL;

  for (const char *c = text; c < end;) {
    const char *start = c;

    if (*c == '"') {
      c = skip_string (c, end);
      continue;
    }
    if (*c != '-' && !g_ascii_isdigit (*c)) {
      c++;
      continue;
    }
    for (c++; c < end && g_ascii_isdigit (*c);)
      c++;
    if (c < end && (*c == '.' || *c == 'e' || *c == 'E')) {
      /* A real: jansson reads it.  Its exponent's digits are no integer. */
      while (c < end && (g_ascii_isalnum (*c) || strchr (".+-", *c) != NULL))
        c++;
    } else if (c - start > SAFE_DIGITS && *start != '0' && !g_str_has_prefix (start, "-0")) {
      if (marked == NULL)
        marked = g_string_sized_new (length + 64);
      g_string_append_len (marked, copied, start - copied);
      g_string_append (marked, "\"" MARK);
      g_string_append_len (marked, start, c - start);
      g_string_append_c (marked, '"');
      copied = c;
    }
  }
  if (marked != NULL)
    g_string_append_len (marked, copied, end - copied);
  return marked;
}

static const char *
get_marked (const json_t *value)
{
  const char *text = json_string_value (value);

  return text != NULL && g_str_has_prefix (text, MARK) ? text + strlen (MARK) : NULL;
}

static void
replace_marks (json_t *container)
{
  const char *key, *digits;
  size_t      i;
  json_t     *value;
  void       *next;

  json_object_foreach_safe (container, next, key, value)
  {
    if ((digits = get_marked (value)) != NULL)
      json_object_set_new_nocheck (container, key, gem_json_integer_new (digits, strlen (digits)));
    else
      replace_marks (value);
  }
  json_array_foreach (container, i, value)
  {
    if ((digits = get_marked (value)) != NULL)
      json_array_set_new (container, i, gem_json_integer_new (digits, strlen (digits)));
    else
      replace_marks (value);
  }
}

json_t *
gem_json_loads (const char *text, gsize length, GError **error)
{
  GString     *marked = mark_big_integers (text, length);
  json_t      *value = NULL;
  json_error_t fault;

  if (marked == NULL) {
    value = json_loadb (text, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, &fault);
  } else {
    gboolean ambiguous = g_strstr_len (text, (gssize)length, MARK) != NULL ||
                         g_strstr_len (text, (gssize)length, MARK_ESCAPED) != NULL ||
                         g_strstr_len (text, (gssize)length, "\\uFFFF") != NULL;

    if (ambiguous)
      g_snprintf (fault.text, sizeof fault.text, "the noncharacter U+FFFF beside a large integer");
    else
      value = json_loadb (marked->str, marked->len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &fault);
    g_string_free (marked, TRUE);
    if (value != NULL && get_marked (value) != NULL) {
      const char *digits = get_marked (value);
      json_t     *integer = gem_json_integer_new (digits, strlen (digits));

      json_decref (value);
      value = integer;
    }
    replace_marks (value);
  }
  if (value == NULL)
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                 "This is not JSON that can be read: %s.", fault.text);
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
