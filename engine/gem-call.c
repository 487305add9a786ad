/* gem-call.c: a recursive descent parser for tool calls.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owns the grammar in gem-call.h.  A closing bracket closes what is open inside it; the end of the
 * text closes everything.  It does not find calls in a model's output: gem-parser.c does.  Pure
 * functions; any thread. */
#define G_LOG_DOMAIN "gem"

#include <math.h>
#include <string.h>

#include "gem-call.h"
#include "gem-error.h"
#include "gem-json.h"

typedef struct {
  const char *at, *end;
  guint       depth;    /* containers that are open */
  guint       n_arrays; /* of them, lists */
} Input;

static gboolean
fail (GError **error, const char *what)
{
  g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "The tool call %s.", what);
  return FALSE;
}

static gboolean
is_blank (char c)
{
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void
skip_blanks (Input *in)
{
  while (in->at < in->end && is_blank (*in->at))
    in->at++;
}

static void
skip_blanks_and_commas (Input *in)
{
  while (in->at < in->end && (is_blank (*in->at) || *in->at == ','))
    in->at++;
}

static gboolean
next_is (const Input *in, char c)
{
  return in->at < in->end && *in->at == c;
}

/* ---- strings --------------------------------------------------------------------------------- */

/* Text between two quote tokens; nothing in it is special.  Without the second, the rest of the
 * call but for the bracket that closes it. */
static GString *
read_quoted (Input *in)
{
  const char *start = in->at + 1;
  const char *close = memchr (start, GEM_CALL_QUOTE, (gsize)(in->end - start));

  if (close == NULL) {
    const char *last = in->end;

    while (last > start && is_blank (last[-1]))
      last--;
    close = last > start && last[-1] == '}' ? last - 1 : in->end;
    in->at = in->end;
  } else {
    in->at = close + 1;
  }
  return g_string_new_len (start, close - start);
}

/* Four hexadecimal digits; −1 if they are not. */
static gint32
read_hex (const char *text, const char *end)
{
  gint32 value = 0;

  if (end - text < 4)
    return -1;
  for (int i = 0; i < 4; i++) {
    if (!g_ascii_isxdigit (text[i]))
      return -1;
    value = value << 4 | g_ascii_xdigit_value (text[i]);
  }
  return value;
}

/* \uXXXX at @text, or a pair of them; a surrogate alone, and U+0000, become U+FFFD.  Returns its
 * length, 0 if it is none. */
static gsize
append_unicode_escape (GString *out, const char *text, const char *end)
{
  gint32 unit = read_hex (text + 2, end);
  gint32 low =
      end - text >= 12 && text[6] == '\\' && text[7] == 'u' ? read_hex (text + 8, end) : -1;

  if (unit < 0)
    return 0;
  if (unit >= 0xd800 && unit < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
    g_string_append_unichar (out, 0x10000 + (gunichar)((unit - 0xd800) << 10 | (low - 0xdc00)));
    return 12;
  }
  g_string_append_unichar (out, unit == 0 || (unit >= 0xd800 && unit < 0xe000) ? 0xfffd
                                                                               : (gunichar)unit);
  return 6;
}

/* An escape at @text, or its backslash where it is none; returns its length. */
static gsize
append_escape (GString *out, const char *text, const char *end)
{
  static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
  const char       *name = end - text > 1 ? strchr (names, text[1]) : NULL;
  gsize             length = 0;

  if (name != NULL) {
    g_string_append_c (out, values[name - names]);
    return 2;
  }
  if (end - text > 1 && text[1] == 'u')
    length = append_unicode_escape (out, text, end);
  if (length > 0)
    return length;
  g_string_append_c (out, '\\');
  return 1;
}

/* A JSON string at the cursor, if one of @after or the end follows it; else NULL and the cursor
 * stays. */
static GString *
read_json_string (Input *in, const char *after)
{
  GString *out = g_string_new (NULL);
  Input    ahead = *in;

  ahead.at++;
  while (ahead.at < ahead.end && *ahead.at != '"' && *ahead.at != GEM_CALL_QUOTE) {
    if (*ahead.at == '\\')
      ahead.at += append_escape (out, ahead.at, ahead.end);
    else
      g_string_append_c (out, *ahead.at++);
  }
  if (next_is (&ahead, '"')) {
    ahead.at++;
    skip_blanks (&ahead);
    if (ahead.at == ahead.end || strchr (after, *ahead.at) != NULL) {
      *in = ahead;
      return out;
    }
  }
  g_string_free (out, TRUE);
  return NULL;
}

/* The text up to one of @delimiters, a quote token or the end, without the blanks around it. */
static GString *
read_bare (Input *in, const char *delimiters)
{
  const char *start = in->at, *end;

  while (in->at < in->end && *in->at != GEM_CALL_QUOTE && strchr (delimiters, *in->at) == NULL)
    in->at++;
  end = in->at;
  while (start < end && is_blank (*start))
    start++;
  while (end > start && is_blank (end[-1]))
    end--;
  return g_string_new_len (start, end - start);
}

/* ---- bare values ----------------------------------------------------------------------------- */

typedef enum {
  NOT_A_NUMBER,
  AN_INTEGER,
  A_REAL,
} NumberForm;

/* What Python's int () and float () would take, without their fancier forms. */
static NumberForm
number_form (const char *text)
{
  gboolean digits = FALSE, real = FALSE;

  if (*text == '-' || *text == '+')
    text++;
  for (; g_ascii_isdigit (*text); text++)
    digits = TRUE;
  if (*text == '.') {
    real = TRUE;
    for (text++; g_ascii_isdigit (*text); text++)
      digits = TRUE;
  }
  if (!digits)
    return NOT_A_NUMBER;
  if (*text == 'e' || *text == 'E') {
    real = TRUE;
    text++;
    if (*text == '-' || *text == '+')
      text++;
    if (!g_ascii_isdigit (*text))
      return NOT_A_NUMBER;
    while (g_ascii_isdigit (*text))
      text++;
  }
  return *text != '\0' ? NOT_A_NUMBER : real ? A_REAL : AN_INTEGER;
}

static json_t *
bare_value (const GString *bare)
{
  const char *text = bare->str;

  if (g_str_equal (text, "true") || g_str_equal (text, "false"))
    return json_boolean (*text == 't');
  if (g_ascii_strcasecmp (text, "null") == 0 || g_ascii_strcasecmp (text, "none") == 0 ||
      g_ascii_strcasecmp (text, "nil") == 0)
    return json_null ();
  switch (number_form (text)) {
  case AN_INTEGER:
    text += *text == '+';
    return gem_json_integer_new (text, strlen (text));
  case A_REAL: {
    double value = g_ascii_strtod (text, NULL);

    /* JSON has no infinity. */
    if (isfinite (value))
      return json_real (value);
    break;
  }
  case NOT_A_NUMBER:
    break;
  }
  return json_stringn_nocheck (bare->str, bare->len);
}

/* ---- containers ------------------------------------------------------------------------------ */

static json_t *read_value (Input *in, GError **error);

static json_t *
take_string (GString *string)
{
  json_t *value = json_stringn_nocheck (string->str, string->len);

  g_string_free (string, TRUE);
  return value;
}

static GString *
read_key (Input *in, GError **error)
{
  GString *key = NULL;

  if (next_is (in, '{') || next_is (in, '[')) {
    fail (error, "has a bracket where a name should be");
    return NULL;
  }
  if (next_is (in, GEM_CALL_QUOTE))
    key = read_quoted (in);
  else if (next_is (in, '"'))
    key = read_json_string (in, ":");
  if (key == NULL)
    key = read_bare (in, ":,}");
  skip_blanks (in);
  if (next_is (in, GEM_CALL_QUOTE)) {
    fail (error, "has a string where a colon should be");
    g_string_free (key, TRUE);
    return NULL;
  }
  return key;
}

/* The value after a key, and the colon in front of it; none of both is an empty string. */
static json_t *
read_member_value (Input *in, GError **error)
{
  if (!next_is (in, ':'))
    return json_string ("");
  in->at++;
  skip_blanks (in);
  if (in->at == in->end || strchr (",}]", *in->at) != NULL)
    return json_string ("");
  return read_value (in, error);
}

static gboolean
read_members (Input *in, json_t *object, GError **error)
{
  for (;;) {
    g_autoptr (GString) key = NULL;
    json_t *value;

    skip_blanks_and_commas (in);
    if (in->at == in->end)
      return TRUE;
    if (next_is (in, '}')) {
      in->at++;
      return TRUE;
    }
    if (next_is (in, ']')) /* closes a list that this object is in */
      return in->n_arrays > 0 || fail (error, "has a bracket that closes nothing");
    key = read_key (in, error);
    if (key == NULL)
      return FALSE;
    value = read_member_value (in, error);
    if (value == NULL)
      return FALSE;
    json_object_set_new_nocheck (object, key->str, value);
  }
}

static gboolean
read_items (Input *in, json_t *array, GError **error)
{
  for (;;) {
    json_t *value;

    skip_blanks_and_commas (in);
    if (in->at == in->end || next_is (in, '}')) /* the object around it closes it */
      return TRUE;
    if (next_is (in, ']')) {
      in->at++;
      return TRUE;
    }
    value = read_value (in, error);
    if (value == NULL)
      return FALSE;
    json_array_append_new (array, value);
  }
}

static json_t *
read_container (Input *in, gboolean is_array, GError **error)
{
  json_t  *container = is_array ? json_array () : json_object ();
  gboolean done;

  in->at++;
  if (++in->depth > GEM_JSON_VALUE_DEPTH) {
    done = fail (error, "nests too deeply");
  } else {
    in->n_arrays += is_array;
    done = is_array ? read_items (in, container, error) : read_members (in, container, error);
    in->n_arrays -= is_array;
  }
  in->depth--;
  if (!done)
    g_clear_pointer (&container, json_decref);
  return container;
}

static json_t *
read_value (Input *in, GError **error)
{
  g_autoptr (GString) bare = NULL;
  GString *string;

  if (next_is (in, GEM_CALL_QUOTE))
    return take_string (read_quoted (in));
  if (next_is (in, '{') || next_is (in, '['))
    return read_container (in, *in->at == '[', error);
  if (next_is (in, '"') && (string = read_json_string (in, ",}]")) != NULL)
    return take_string (string);
  bare = read_bare (in, ",}]");
  if (next_is (in, GEM_CALL_QUOTE)) {
    fail (error, "has a string in the middle of a value");
    return NULL;
  }
  return bare_value (bare);
}

json_t *
gem_call_parse_arguments (const char *text, gsize length, GError **error)
{
  Input   in = {text, text + length, 0, 0};
  json_t *arguments;

  skip_blanks (&in);
  if (!next_is (&in, '{')) {
    fail (error, "has no arguments in braces");
    return NULL;
  }
  arguments = read_container (&in, FALSE, error);
  if (arguments == NULL)
    return NULL;
  while (in.at < in.end && (is_blank (*in.at) || *in.at == '}'))
    in.at++;
  if (in.at < in.end) {
    fail (error, "goes on behind its last brace");
    g_clear_pointer (&arguments, json_decref);
  }
  return arguments;
}

static gboolean
is_name_character (gunichar c)
{
  return g_unichar_isalnum (c) || g_unichar_ismark (c) || c == '_' || c == '.' || c == '-';
}

json_t *
gem_call_parse (const char *text, gsize length, char **name, GError **error)
{
  Input       in = {text, text + length, 0, 0};
  const char *start;
  json_t     *arguments;

  skip_blanks (&in);
  if (in.end - in.at < 5 || memcmp (in.at, "call:", 5) != 0) {
    fail (error, "does not start with “call:”");
    return NULL;
  }
  in.at += 5;
  start = in.at;
  while (in.at < in.end && *in.at != GEM_CALL_QUOTE && is_name_character (g_utf8_get_char (in.at)))
    in.at = g_utf8_next_char (in.at);
  if (in.at == start || !next_is (&in, '{')) {
    fail (error, "has no name in front of its arguments");
    return NULL;
  }
  arguments = gem_call_parse_arguments (in.at, (gsize)(in.end - in.at), error);
  if (arguments != NULL)
    *name = g_strndup (start, (gsize)(in.at - start));
  return arguments;
}
