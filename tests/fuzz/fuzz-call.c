/* fuzz-call.c: hostile model output for the parser and the notation of tool calls.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The first byte seeds how the rest is cut.  Checked beyond "no crash": the result does not depend
 * on the cuts, what a listener heard is the result, every text in it is UTF-8, and the arguments'
 * JSON reads back as the arguments. */
#define G_LOG_DOMAIN "fuzz"

#include <stdint.h>
#include <string.h>

#include "gem-chat.h"
#include "gem-json.h"
#include "gem-parser.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

typedef struct {
  GString *reasoning, *content;
  guint    n_begun, n_ended;
} Heard;

static void
listen_cb (const GemParsed *parsed, gpointer user_data)
{
  Heard *self = user_data;

  switch (parsed->kind) {
  case GEM_PARSED_REASONING:
    g_string_append_len (self->reasoning, parsed->text, (gssize)parsed->length);
    break;
  case GEM_PARSED_CONTENT:
    g_string_append_len (self->content, parsed->text, (gssize)parsed->length);
    break;
  case GEM_PARSED_CALL_BEGIN:
    g_assert_cmpuint (parsed->index, ==, self->n_begun);
    self->n_begun++;
    break;
  case GEM_PARSED_CALL_END:
    g_assert_cmpuint (parsed->index, ==, self->n_ended);
    self->n_ended++;
    g_assert_cmpuint (self->n_ended, ==, self->n_begun);
    break;
  }
}

static void
check_text (const GString *heard, const json_t *whole)
{
  const char *text = json_is_null (whole) ? "" : json_string_value (whole);

  g_assert_cmpstr (heard->str, ==, text);
  g_assert_true (g_utf8_validate (text, -1, NULL));
}

static void
check_call (const json_t *call)
{
  const char      *text = json_string_value (json_object_get (call, "arguments_json"));
  json_t          *arguments = gem_json_loads (text, strlen (text), NULL);
  g_autofree char *again = NULL;

  g_assert_true (json_is_object (arguments));
  again = gem_json_dumps (arguments);
  g_assert_cmpstr (again, ==, text);
  gem_json_round_big_integers (arguments);
  g_assert_true (json_equal (arguments, json_object_get (call, "arguments")));
  json_decref (arguments);
}

/* The next pseudo-random number; any will do, the same every time. */
static guint32
draw (guint32 *state)
{
  *state = *state * 1664525u + 1013904223u;
  return *state >> 16;
}

/* Parses @text in pieces of up to @largest bytes and checks what came out.  (transfer full) */
static json_t *
parse (const char *text, gsize length, gsize largest, guint32 seed)
{
  Heard   heard = {g_string_new (NULL), g_string_new (NULL), 0, 0};
  json_t *result, *call;
  size_t  i;

  {
    g_autoptr (GemParser) parser = gem_parser_new (seed & 1, listen_cb, &heard);
    guint32 state = seed;

    for (gsize at = 0, n; at < length; at += n) {
      n = 1 + draw (&state) % largest;
      n = MIN (n, length - at);
      gem_parser_push_text (parser, text + at, n);
    }
    gem_parser_finish (parser);
    result = gem_parser_get_result (parser);
  }
  check_text (heard.reasoning, json_object_get (result, "reasoning"));
  check_text (heard.content, json_object_get (result, "content"));
  g_assert_cmpuint (heard.n_ended, ==, json_array_size (json_object_get (result, "tool_calls")));
  json_array_foreach (json_object_get (result, "tool_calls"), i, call)
  {
    check_call (call);
  }
  g_string_free (heard.reasoning, TRUE);
  g_string_free (heard.content, TRUE);
  return result;
}

/* What was parsed can be shown to the model again. */
static void
render_again (const json_t *result)
{
  json_t *calls = json_array (), *request, *call;
  size_t  i;

  json_array_foreach (json_object_get (result, "tool_calls"), i, call)
  {
    json_array_append_new (calls, json_pack ("{s:{s:O, s:O}}", "function", "name",
                                             json_object_get (call, "name"), "arguments",
                                             json_object_get (call, "arguments")));
  }
  request = json_pack ("{s:[{s:s, s:O, s:O, s:o}]}", "messages", "role", "assistant", "content",
                       json_object_get (result, "content"), "reasoning",
                       json_object_get (result, "reasoning"), "tool_calls", calls);
  for (guint revision = GEM_TEMPLATE_E2B; revision <= GEM_TEMPLATE_VLLM; revision++) {
    g_autoptr (GemPrompt) prompt = gem_chat_render (request, (GemTemplate)revision, NULL);

    g_assert_nonnull (prompt);
  }
  json_decref (request);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *text = (const char *)data + 1;
  json_t     *whole, *pieces, *arguments;
  gsize       length;

  if (size < 1)
    return 0;
  length = size - 1;
  whole = parse (text, length, length + 1, data[0]);
  for (gsize largest = 1; largest <= 16; largest *= 4) {
    pieces = parse (text, length, largest, data[0]);
    g_assert_true (json_equal (whole, pieces));
    json_decref (pieces);
  }
  render_again (whole);
  json_decref (whole);

  arguments = gem_parser_parse_arguments (text, length, NULL);
  json_decref (arguments);
  json_decref (gem_json_loads (text, length, NULL));
  return 0;
}
