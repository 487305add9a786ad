/* gem-json-repr.c: values as Python prints them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owns str () and repr () for what JSON can hold.  No locale has a say in it.  Pure functions; any
 * thread. */
#define G_LOG_DOMAIN "gem"

#include <math.h>
#include <string.h>

#include "gem-json.h"

/* ---- numbers --------------------------------------------------------------------------------- */

/* A double needs at most this many decimal digits to be told from its neighbours. */
#define MAX_DIGITS 17

/* d1.d2…dn · 10^exponent */
typedef struct {
  char digits[MAX_DIGITS + 1]; /* terminated */
  int  exponent;
} Decimal;

static Decimal
round_to_digits (double value, int n)
{
  char    format[8], text[40];
  Decimal decimal = {0};
  char   *e;
  int     n_digits = 0;

  g_snprintf (format, sizeof format, "%%.%de", n - 1);
  g_ascii_formatd (text, sizeof text, format, value);
  e = strchr (text, 'e');
  for (const char *c = text; c < e; c++)
    if (g_ascii_isdigit (*c))
      decimal.digits[n_digits++] = *c;
  decimal.exponent = (int)g_ascii_strtoll (e + 1, NULL, 10);
  return decimal;
}

/* The next larger decimal of as many digits. */
static Decimal
successor (Decimal decimal)
{
  int i = (int)strlen (decimal.digits) - 1;

  while (i >= 0 && decimal.digits[i] == '9')
    decimal.digits[i--] = '0';
  if (i >= 0) {
    decimal.digits[i]++;
  } else {
    decimal.digits[0] = '1';
    decimal.exponent++;
  }
  return decimal;
}

static double
decimal_value (const Decimal *decimal)
{
  char text[40];

  g_snprintf (text, sizeof text, "%c.%se%d", decimal->digits[0], decimal->digits + 1,
              decimal->exponent);
  return g_ascii_strtod (text, NULL);
}

/* The shortest decimal that reads back as @value > 0.  Just above a power of two the gap below is
 * half the gap above, so there a decimal farther away than the nearest one may still be right:
 * hence the successor. */
static Decimal
shortest_decimal (double value)
{
  Decimal decimal;

  for (int n = 1; n < MAX_DIGITS; n++) {
    Decimal next;

    decimal = round_to_digits (value, n);
    if (decimal_value (&decimal) == value)
      return decimal;
    next = successor (decimal);
    if (decimal_value (&next) == value)
      return next;
  }
  return round_to_digits (value, MAX_DIGITS);
}

static void
append_zeros (GString *out, int n)
{
  for (int i = 0; i < n; i++)
    g_string_append_c (out, '0');
}

void
gem_json_append_real (GString *out, double real)
{
  Decimal decimal;
  int     n, point;

  if (signbit (real))
    g_string_append_c (out, '-');
  if (real == 0) {
    g_string_append (out, "0.0");
    return;
  }
  decimal = shortest_decimal (fabs (real));
  n = (int)strlen (decimal.digits);
  while (n > 1 && decimal.digits[n - 1] == '0')
    decimal.digits[--n] = '\0';
  point = decimal.exponent + 1; /* digits before the point */

  if (decimal.exponent < -4 || decimal.exponent >= 16) {
    g_string_append_c (out, decimal.digits[0]);
    if (n > 1)
      g_string_append_printf (out, ".%s", decimal.digits + 1);
    g_string_append_printf (out, "e%c%02d", decimal.exponent < 0 ? '-' : '+',
                            ABS (decimal.exponent));
  } else if (point <= 0) {
    g_string_append (out, "0.");
    append_zeros (out, -point);
    g_string_append (out, decimal.digits);
  } else if (point >= n) {
    g_string_append (out, decimal.digits);
    append_zeros (out, point - n);
    g_string_append (out, ".0");
  } else {
    g_string_append_len (out, decimal.digits, point);
    g_string_append_c (out, '.');
    g_string_append (out, decimal.digits + point);
  }
}

/* ---- text and containers --------------------------------------------------------------------- */

/* str.isprintable () for one character. */
static gboolean
is_printable (gunichar c)
{
  switch (g_unichar_type (c)) {
  case G_UNICODE_CONTROL:
  case G_UNICODE_FORMAT:
  case G_UNICODE_UNASSIGNED:
  case G_UNICODE_PRIVATE_USE:
  case G_UNICODE_SURROGATE:
  case G_UNICODE_LINE_SEPARATOR:
  case G_UNICODE_PARAGRAPH_SEPARATOR:
    return FALSE;
  case G_UNICODE_SPACE_SEPARATOR:
    return c == ' ';
  default:
    return TRUE;
  }
}

/* Single quotes, unless that would need escapes that double quotes do not. */
static void
append_quoted (GString *out, const char *text, gsize length)
{
  const char *end = text + length;
  char        quote =
      memchr (text, '\'', length) != NULL && memchr (text, '"', length) == NULL ? '"' : '\'';

  g_string_append_c (out, quote);
  for (; text < end; text = g_utf8_next_char (text)) {
    gunichar c = g_utf8_get_char (text);

    if (c == (gunichar)quote || c == '\\')
      g_string_append_printf (out, "\\%c", (char)c);
    else if (c == '\n')
      g_string_append (out, "\\n");
    else if (c == '\r')
      g_string_append (out, "\\r");
    else if (c == '\t')
      g_string_append (out, "\\t");
    else if (is_printable (c))
      g_string_append_unichar (out, c);
    else if (c < 0x100)
      g_string_append_printf (out, "\\x%02x", c);
    else if (c < 0x10000)
      g_string_append_printf (out, "\\u%04x", c);
    else
      g_string_append_printf (out, "\\U%08x", c);
  }
  g_string_append_c (out, quote);
}

static void
append_repr (GString *out, const json_t *value)
{
  const char *key, *separator = "";
  size_t      i;
  json_t     *child;

  if (json_is_object (value)) {
    g_string_append_c (out, '{');
    json_object_foreach ((json_t *)value, key, child)
    {
      g_string_append (out, separator);
      append_quoted (out, key, strlen (key));
      g_string_append (out, ": ");
      append_repr (out, child);
      separator = ", ";
    }
    g_string_append_c (out, '}');
  } else if (json_is_array (value)) {
    g_string_append_c (out, '[');
    json_array_foreach (value, i, child)
    {
      g_string_append (out, separator);
      append_repr (out, child);
      separator = ", ";
    }
    g_string_append_c (out, ']');
  } else if (json_is_string (value) && gem_json_get_big_integer (value) == NULL) {
    append_quoted (out, json_string_value (value), json_string_length (value));
  } else {
    gem_json_append_str (out, value);
  }
}

void
gem_json_append_str (GString *out, const json_t *value)
{
  if (value == NULL)
    return;
  switch (json_typeof (value)) {
  case JSON_STRING:
    if (gem_json_get_big_integer (value) != NULL)
      g_string_append (out, gem_json_get_big_integer (value));
    else
      g_string_append_len (out, json_string_value (value), (gssize)json_string_length (value));
    break;
  case JSON_INTEGER:
    g_string_append_printf (out, "%" JSON_INTEGER_FORMAT, json_integer_value (value));
    break;
  case JSON_REAL:
    gem_json_append_real (out, json_real_value (value));
    break;
  case JSON_TRUE:
    g_string_append (out, "True");
    break;
  case JSON_FALSE:
    g_string_append (out, "False");
    break;
  case JSON_NULL:
    g_string_append (out, "None");
    break;
  case JSON_OBJECT:
  case JSON_ARRAY:
    append_repr (out, value);
    break;
  }
}
