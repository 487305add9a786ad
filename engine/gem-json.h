/* gem-json.h: JSON as Python's json module reads and prints it, and values as Python prints them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The published chat templates run in Python, so what they print for a number or a list is part of
 * the model's format. jansson's integers end at 64 bits and Python's do not: an integer outside is
 * kept with all its digits as a "big integer", a string value that no JSON text can contain (its
 * first byte is no UTF-8).  Only the functions here know it; gem_json_round_big_integers () removes
 * it from a value that goes to other code.
 *
 * Pure functions; any thread. */
#pragma once

#include <jansson.h>
#include <glib.h>

G_BEGIN_DECLS

/* What a value may nest before it is refused. */
#define GEM_JSON_VALUE_DEPTH 64

/* Reads one JSON text (UTF-8; U+0000 allowed in strings, not in keys).  NULL with a sentence that
 * says what is wrong with it.  Lone surrogates, bytes that are no UTF-8, real numbers out of range
 * and deep nesting are errors. */
json_t *gem_json_loads (const char *text, gsize length, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* @digits: an optional '-' and decimal digits, any number of them.  A JSON integer where it fits,
 * else a big one. */
json_t     *gem_json_integer_new (const char *digits, gsize length) G_GNUC_WARN_UNUSED_RESULT;
/* The digits of a big integer, NULL for every other value.  (transfer none) */
const char *gem_json_get_big_integer (const json_t *value);
/* Turns the big integers in an object or array into reals, in place. */
void        gem_json_round_big_integers (json_t *container);

/* Python's truth: absent, null, false, 0, "", [] and {} are false. */
gboolean gem_json_is_true (const json_t *value);

/* repr () of a float: the fewest digits that read back as the same number.  @real is finite. */
void gem_json_append_real (GString *out, double real);
/* str (): text as it is, True, None, 1e-07, ['a', {'b': 1}].  NULL prints nothing, as an undefined
 * name in Jinja. */
void gem_json_append_str (GString *out, const json_t *value);

/* char *gem_json_dumps () is in gem-parser.h. */

G_END_DECLS
