/* gem-call.h: the notation of one tool call.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 *   call:NAME{key:value,…}      value := <|"|>text<|"|> | number | true | false | null | {…} | […]
 * | bare text
 *
 * Models slip, so what can only mean one thing is accepted: stray commas and blanks, JSON's own
 * quotes, closing brackets that are missing or too many, a last string without its end.  Linear
 * time.  Pure functions; any thread. */
#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

/* In the text of a call the token <|"|> is this one byte, which is no part of UTF-8: so a quote
 * that was a token cannot be confused with text that looks like one. */
#define GEM_CALL_QUOTE     '\xff'
#define GEM_CALL_QUOTE_TAG "<|\"|>"

/* Parses what stands between <|tool_call> and <tool_call|>.  @text: UTF-8 without U+0000, quotes as
 * above.  *@name and the result are transferred; NULL with a phrase that says what is wrong, in
 * which case *@name is untouched.  Large integers are as gem-json.h keeps them. */
json_t *gem_call_parse (const char *text, gsize length, char **name, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Parses {…} alone. */
json_t *gem_call_parse_arguments (const char *text,
                                  gsize       length,
                                  GError    **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
