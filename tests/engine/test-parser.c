/* test-parser.c: a model's output taken apart, at every split.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Goldens: the parse cases (vLLM's result for a finished text) and another project's tests.  Where
 * a golden is disputed, what ours gives stands in ours[] below, so that it cannot change unseen. */
#define G_LOG_DOMAIN "test"

#include "gem-error.h"
#include "gem-parser.h"
#include "golden-lines.h"

/* ---- running --------------------------------------------------------------------------------- */

/* What a listener puts together. */
typedef struct {
  GString *reasoning, *content;
  json_t  *calls;
  char    *begun; /* the name of a call that has begun */
  guint    n_deltas;
} Heard;

static void
heard_init (Heard *self)
{
  *self = (Heard){.reasoning = g_string_new (NULL),
                  .content = g_string_new (NULL),
                  .calls = json_array ()};
}

static void
heard_clear (Heard *self)
{
  g_string_free (self->reasoning, TRUE);
  g_string_free (self->content, TRUE);
  json_decref (self->calls);
  g_free (self->begun);
}

static void
listen_cb (const GemParsed *parsed, gpointer user_data)
{
  Heard *self = user_data;

  self->n_deltas++;
  g_assert_true (g_utf8_validate (parsed->text, (gssize)parsed->length, NULL));
  switch (parsed->kind) {
  case GEM_PARSED_REASONING:
  case GEM_PARSED_CONTENT:
    g_assert_cmpuint (parsed->length, >, 0);
    g_assert_null (self->begun);
    g_string_append_len (parsed->kind == GEM_PARSED_REASONING ? self->reasoning : self->content,
                         parsed->text, (gssize)parsed->length);
    break;
  case GEM_PARSED_CALL_BEGIN:
    g_assert_null (self->begun);
    g_assert_cmpuint (parsed->index, ==, json_array_size (self->calls));
    self->begun = g_strndup (parsed->text, parsed->length);
    break;
  case GEM_PARSED_CALL_END: {
    json_t *call = json_object ();

    g_assert_nonnull (self->begun);
    g_assert_cmpuint (parsed->index, ==, json_array_size (self->calls));
    json_object_set_new (call, "name", json_string (self->begun));
    json_object_set (call, "arguments", parsed->arguments);
    json_object_set_new (call, "arguments_json", json_stringn (parsed->text, parsed->length));
    json_array_append_new (self->calls, call);
    g_clear_pointer (&self->begun, g_free);
    break;
  }
  }
}

/* The listener has heard exactly the result, nothing more and nothing that was taken back. */
static void
assert_heard (const Heard *heard, const json_t *result)
{
  const char *reasoning = json_string_value (json_object_get (result, "reasoning"));
  const char *content = json_string_value (json_object_get (result, "content"));

  g_assert_null (heard->begun);
  g_assert_cmpstr (heard->reasoning->str, ==, reasoning != NULL ? reasoning : "");
  g_assert_cmpstr (heard->content->str, ==, content != NULL ? content : "");
  g_assert_true (json_equal (heard->calls, json_object_get (result, "tool_calls")));
}

/* The result for @text in pieces of @piece bytes, the first of @first. */
static json_t *
parse_in_pieces (const char *text, gsize length, gsize first, gsize piece)
{
  Heard   heard;
  json_t *result;
  gsize   n = MIN (first, length);

  heard_init (&heard);
  {
    g_autoptr (GemParser) parser = gem_parser_new (FALSE, listen_cb, &heard);

    gem_parser_push_text (parser, text, n);
    for (gsize at = n; at < length; at += n) {
      n = MIN (piece, length - at);
      gem_parser_push_text (parser, text + at, n);
    }
    gem_parser_finish (parser);
    result = gem_parser_get_result (parser);
  }
  assert_heard (&heard, result);
  heard_clear (&heard);
  return result;
}

static json_t *
parse_whole (const char *text)
{
  return parse_in_pieces (text, strlen (text), strlen (text), 1);
}

static void
assert_same (const char *name, const json_t *result, const json_t *expected)
{
  g_autofree char *got = gem_json_dumps (result), *wanted = gem_json_dumps (expected);

  if (!g_str_equal (got, wanted))
    g_error ("%s:\n  expected %s\n  got      %s", name, wanted, got);
}

/* The same, however the text is cut. */
static void
assert_splits (const char *name, const char *text, gsize length, const json_t *expected)
{
  for (gsize first = 0; first <= length; first++) {
    json_t *result = parse_in_pieces (text, length, first, length + 1);

    assert_same (name, result, expected);
    json_decref (result);
  }
  for (gsize piece = 1; piece <= 7; piece++) {
    json_t *result = parse_in_pieces (text, length, piece, piece);

    assert_same (name, result, expected);
    json_decref (result);
  }
}

/* ---- goldens --------------------------------------------------------------------------------- */

/* What an output is expected to give; NULL: null.  @calls: a JSON array of [name, arguments], with
 * ' for " */
typedef struct {
  const char *name; /* of the golden, or the output itself */
  const char *reasoning, *content, *calls;
} Expected;

/* Ours where a golden is disputed. */
static const Expected ours[] = {
    {"plain", NULL, "The answer is 4.", "[]"},
    {"thought", "Let me think.\nTwo lines.", "The answer is 4.", "[]"},
    {"thought_label_truncated", "thou", NULL, "[]"},
    {"thought_close_only", NULL, "reasoning without openercontent", "[]"},
    {"thought_prefix_text", "x", "lead tail", "[]"},
    {"thought_twice", "ac", "bd", "[]"},
    {"call_numbers", NULL, NULL,
     "[['f', {'i': 42, 'neg': -7, 'f': 3.5, 'exp': 100000.0, 'fexp': 0.0015, 'zero': 0, 'dot': "
     "0.5, 'lead': 7}]]"},
    {"call_bad_name", NULL, "<|tool_call>call:bad name{a:1}<tool_call|>", "[]"},
    {"call_two_text", NULL, "First then end", "[['f', {'a': 1}], ['g', {}]]"},
    {"call_truncated_marker", NULL, "text <|tool_call>", "[]"},
    {"call_one_good_one_cut", NULL, "<|tool_call>call:g{b:", "[['f', {'a': 1}]]"},
    {"call_unterminated_string", NULL, NULL, "[['f', {'s': 'never closed'}]]"},
    {"call_unbalanced_open", NULL, NULL, "[['f', {'o': {'a': 1}}]]"},
    {"call_unbalanced_close", NULL, NULL, "[['f', {'a': 1}]]"},
    {"call_unbalanced_array", NULL, NULL, "[['f', {'l': [1, 2]}]]"},
    {"call_no_prefix", NULL, "<|tool_call>f{a:1}<tool_call|>", "[]"},
    {"call_json_args", NULL, NULL, "[['f', {'a': 1, 'b': 'x'}]]"},
    {"call_missing_value", NULL, NULL, "[['f', {'a': '', 'b': 2}]]"},
    {"call_end_inside_string", NULL, NULL, "[['f', {'s': 'has }<tool_call|> inside'}]]"},
    {"call_close_without_open", NULL, "oops text", "[]"},
    {"call_no_braces", NULL, "<|tool_call>call:f<tool_call|>", "[]"},
    {"turn_inside", NULL, "Hi", "[]"},
    {"specials_only", NULL, "", "[]"},
};

/* The result that @expected describes.  (transfer full) */
static json_t *
result_from (const Expected *expected)
{
  g_autofree char *quoted = g_strdelimit (g_strdup (expected->calls), "'", '"');
  GError          *error = NULL;
  json_t          *pairs = gem_json_loads (quoted, strlen (quoted), &error);
  json_t          *calls = json_array (), *pair;
  size_t           i;

  g_assert_no_error (error);
  json_array_foreach (pairs, i, pair)
  {
    const json_t    *arguments = json_array_get (pair, 1);
    g_autofree char *text = gem_json_dumps (arguments);

    json_array_append_new (calls, json_pack ("{s:O, s:O, s:s}", "name", json_array_get (pair, 0),
                                             "arguments", arguments, "arguments_json", text));
  }
  json_decref (pairs);
  return json_pack ("{s:s?, s:s?, s:o}", "reasoning", expected->reasoning, "content",
                    expected->content, "tool_calls", calls);
}

static json_t *
expected_of (const json_t *c)
{
  const char *name = golden_string (c, "name");

  if (json_object_get (c, "disputed") == NULL)
    return json_incref (json_object_get (c, "expected"));
  for (guint i = 0; i < G_N_ELEMENTS (ours); i++)
    if (g_str_equal (ours[i].name, name))
      return result_from (&ours[i]);
  g_error ("%s is disputed, and what ours gives is not written down", name);
}

static void
test_goldens (void)
{
  json_t *cases = golden_read_lines ("chat-template/parse_cases.jsonl");
  size_t  i;
  json_t *c;

  g_assert_cmpuint (json_array_size (cases), ==, 54);
  json_array_foreach (cases, i, c)
  {
    const char *output = golden_string (c, "output");
    json_t     *expected = expected_of (c);

    assert_splits (golden_string (c, "name"), output, strlen (output), expected);
    json_decref (expected);
  }
  json_decref (cases);
}

/* Equality in which 1 is 1.0. */
static gboolean
equal_values (const json_t *a, const json_t *b)
{
  const char *key;
  size_t      i;
  json_t     *value;

  if (json_is_number (a) && json_is_number (b))
    return json_number_value (a) == json_number_value (b);
  if (json_is_object (a) && json_is_object (b)) {
    if (json_object_size (a) != json_object_size (b))
      return FALSE;
    json_object_foreach ((json_t *)a, key, value)
    {
      if (json_object_get (b, key) == NULL || !equal_values (value, json_object_get (b, key)))
        return FALSE;
    }
    return TRUE;
  }
  if (json_is_array (a) && json_is_array (b)) {
    if (json_array_size (a) != json_array_size (b))
      return FALSE;
    json_array_foreach (a, i, value)
    {
      if (!equal_values (value, json_array_get (b, i)))
        return FALSE;
    }
    return TRUE;
  }
  return json_equal (a, b);
}

/* The peers write no text as "" and name only what they compare. */
static void
assert_peer (const char *name, const json_t *result, const json_t *expected)
{
  const char *key;
  json_t     *value, *call;
  size_t      i;

  json_object_foreach ((json_t *)expected, key, value)
  {
    const json_t *got = json_object_get (result, key);

    if (json_is_array (value)) {
      g_assert_cmpuint (json_array_size (got), ==, json_array_size (value));
      json_array_foreach (value, i, call)
      {
        const json_t *ours_call = json_array_get (got, i);

        if (!json_equal (json_object_get (call, "name"), json_object_get (ours_call, "name")) ||
            !equal_values (json_object_get (call, "arguments"),
                           json_object_get (ours_call, "arguments")))
          g_error ("%s: call %zu differs: %s", name, i,
                   golden_string (ours_call, "arguments_json"));
      }
    } else if (g_strcmp0 (json_is_null (got) ? "" : json_string_value (got),
                          json_string_value (value)) != 0) {
      g_error ("%s: %s is “%s”, expected “%s”", name, key, json_string_value (got),
               json_string_value (value));
    }
  }
}

static void
test_peers (void)
{
  json_t *cases = golden_read_lines ("peers/parse.jsonl");
  guint   n = 0;
  size_t  i, j;
  json_t *c, *piece;

  json_array_foreach (cases, i, c)
  {
    const json_t *input = json_object_get (c, "input");
    const char   *name = golden_string (json_object_get (c, "source"), "test");
    g_autoptr (GString) output =
        g_string_new (json_string_value (json_object_get (input, "output")));
    json_t *result;

    if (json_object_get (c, "disputed") != NULL)
      continue;
    json_array_foreach (json_object_get (input, "pieces"), j, piece)
    {
      g_string_append (output, json_string_value (piece));
    }
    result = parse_whole (output->str);
    assert_peer (name, result, json_object_get (c, "expect"));
    assert_splits (name, output->str, output->len, result);
    json_decref (result);
    n++;
  }
  g_assert_cmpuint (n, ==, 54);
  json_decref (cases);
}

/* ---- cases of our own ------------------------------------------------------------------------ */

static const Expected cases_of_ours[] = {
    /* Blanks in front of a call go with it, others stay. */
    {"a \n<|tool_call>call:f{}<tool_call|>\n \n<|tool_call>call:g{}<tool_call|> b \n", NULL,
     "a b \n", "[['f', {}], ['g', {}]]"},
    {"a \n<|tool_call>f<tool_call|>", NULL, "a \n<|tool_call>f<tool_call|>", "[]"},
    /* One newline at the end of a thought is the template's; at the end of a thought that was cut
       it is the model's. */
    {"<|channel>thought\na\n\n<channel|>b", "a\n", "b", "[]"},
    {"<|channel>thought\na\n", "a\n", NULL, "[]"},
    {"<|channel>thought\na\n<|tool_call>call:f{}<tool_call|>", "a", NULL, "[['f', {}]]"},
    {"<|channel>thought<channel|>a", "", "a", "[]"},
    {"<|channel>thought\n<|channel>thought\n<|channel>thought\nx<channel|>y", "x", "y", "[]"},
    /* What looks like a tag is text as soon as it cannot be one; tags without a meaning here are
       dropped. */
    {"a < b <div> <|b <tool <|tool_cal> <<|channel", NULL,
     "a < b <div> <|b <tool <|tool_cal> <<|channel", "[]"},
    {"<<<|turn>a<|think|>b<tool|>c<tool_response|>d<|\"|>e<|tool>f", NULL, "<<abcdef", "[]"},
    {"x<eos>y", NULL, "x", "[]"},
    /* A call inside a call: the first was never finished. */
    {"<|tool_call>call:f{a:<|tool_call>call:g{}<tool_call|>", NULL,
     "<|tool_call>call:f{a:", "[['g', {}]]"},
    /* A string that never ends: what would end the call does, and what follows counts. */
    {"<|tool_call>call:f{s:<|\"|>a}<tool_call|>b<|tool_call>call:g{t:<|\"|>x<|\"|>}<tool_call|>c",
     NULL, "bc", "[['f', {'s': 'a'}], ['g', {'t': 'x'}]]"},
    {"<|tool_call>call:f{s:<|\"|>a}<tool_call|> b "
     "<|tool_call>call:g{}<tool_call|><|tool_response>c",
     NULL, " b", "[['f', {'s': 'a'}], ['g', {}]]"},
    {"<|tool_call>call:f{s:<|\"|>a<turn|>b", NULL, "<|tool_call>call:f{s:<|\"|>a", "[]"},
    /* Large integers lose digits only where JSON's integers end. */
    {"<|tool_call>call:f{a:9223372036854775807,b:+00012}<tool_call|>", NULL, NULL,
     "[['f', {'a': 9223372036854775807, 'b': 12}]]"},
};

static void
test_text (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases_of_ours); i++) {
    const char *output = cases_of_ours[i].name;
    json_t     *expected = result_from (&cases_of_ours[i]);

    assert_splits (output, output, strlen (output), expected);
    json_decref (expected);
  }
}

/* The forms that arguments may have, well-formed and not. */
static void
test_arguments (void)
{
  static const struct {
    const char *text, *expected; /* JSON; NULL: refused */
  } cases[] = {
      {"{}", "{}"},
      {" { } ", "{}"},
      {"{a:1,,b:2,}", "{\"a\": 1, \"b\": 2}"},
      {"{a:<|\"|>x<|\"|>b:2}", "{\"a\": \"x\", \"b\": 2}"},
      {"{a}", "{\"a\": \"\"}"},
      {"{a:NULL,b:None,c:nIl,d:True,e:true1}",
       "{\"a\": null, \"b\": null, \"c\": null, \"d\": \"True\", \"e\": \"true1\"}"},
      {"{a:-,b:.,c:1e,d:1.,e:-.5,f:0x10,g:1_0,h:1e999,i:+7}",
       "{\"a\": \"-\", \"b\": \".\", \"c\": \"1e\", \"d\": 1.0, \"e\": -0.5, \"f\": \"0x10\", "
       "\"g\": \"1_0\", \"h\": \"1e999\", \"i\": 7}"},
      {"{a:-0,b:-0.0,c:1e16,d:1e-07}", "{\"a\": 0, \"b\": -0.0, \"c\": 1e+16, \"d\": 1e-07}"},
      {"{a:12345678901234567890}", "{\"a\": 1.2345678901234567e+19}"},
      {"{\"a\\u00e9\\n\":\"\\ud83d\\ude42 \\\"x\\\" \\q \\ud800 \\u12\"}",
       "{\"aé\\n\": \"🙂 \\\"x\\\" \\\\q \xef\xbf\xbd \\\\u12\"}"},
      {"{a:\"x, y\" , b:[\"]\",\"}\"]}", "{\"a\": \"x, y\", \"b\": [\"]\", \"}\"]}"},
      {"{a:\"x\"y,b:\"z}", "{\"a\": \"\\\"x\\\"y\", \"b\": \"\\\"z\"}"},
      {"{a:[1,[2,{b:3", "{\"a\": [1, [2, {\"b\": 3}]]}"},
      {"{a:[{b:1]}", "{\"a\": [{\"b\": 1}]}"},
      {"{a:1}}} ", "{\"a\": 1}"},
      {"{a:<|\"|>x}  ", "{\"a\": \"x\"}"},
      {"{a:1} b", NULL},
      {"{a:1]}", NULL},
      {"{{a:1}}", NULL},
      {"{[1]}", NULL},
      {"{a:x<|\"|>y<|\"|>}", NULL},
      {"a:1", NULL},
      {"", NULL},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    GError *error = NULL;
    json_t *arguments = gem_parser_parse_arguments (cases[i].text, strlen (cases[i].text), &error);
    g_autofree char *text = arguments != NULL ? gem_json_dumps (arguments) : NULL;

    g_assert_cmpstr (text, ==, cases[i].expected);
    if (text == NULL)
      g_assert_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT);
    g_clear_error (&error);
    json_decref (arguments);
  }
  g_assert_null (gem_parser_parse_arguments ("{a:\0}", 5, NULL));
  g_assert_null (gem_parser_parse_arguments ("{a:\xff}", 5, NULL));
}

static void
test_depth (void)
{
  for (int depth = 64; depth <= 65; depth++) {
    g_autoptr (GString) text = g_string_new (NULL);
    json_t *arguments;

    for (int i = 0; i < depth; i++)
      g_string_append (text, i % 2 == 0 ? "{a:" : "[");
    arguments = gem_parser_parse_arguments (text->str, text->len, NULL);
    g_assert_cmpint (arguments != NULL, ==, depth == 64);
    json_decref (arguments);
  }
}

/* All digits are in the text, the object has the nearest real. */
static void
test_large_integer (void)
{
  json_t *result =
      parse_whole ("<|tool_call>call:f{n:-123456789012345678901234567890}<tool_call|>");
  const json_t *call = json_array_get (json_object_get (result, "tool_calls"), 0);

  g_assert_cmpstr (golden_string (call, "arguments_json"), ==,
                   "{\"n\": -123456789012345678901234567890}");
  g_assert_cmpfloat (json_real_value (json_object_get (json_object_get (call, "arguments"), "n")),
                     ==, -123456789012345678901234567890.0);
  json_decref (result);
}

/* ---- tokens ---------------------------------------------------------------------------------- */

/* Feeds a tagged text as a model's tokens would come: special tokens apart, the rest in single
 * characters. */
static void
push_tokens (GemParser *parser, const char *text)
{
  while (*text != '\0') {
    const char *close = *text == '<' ? strchr (text, '>') : NULL;
    gboolean    special =
        close != NULL && (text[1] == '|' || close[-1] == '|' || g_str_has_prefix (text, "<eos>"));

    if (special) {
      g_autofree char *token = g_strndup (text, (gsize)(close + 1 - text));

      gem_parser_push_special (parser, token);
      text = close + 1;
    } else {
      const char *next = g_utf8_next_char (text);

      gem_parser_push_plain (parser, text, (gsize)(next - text));
      text = next;
    }
  }
}

static json_t *
parse_tokens (const char *text)
{
  Heard   heard;
  json_t *result;

  heard_init (&heard);
  {
    g_autoptr (GemParser) parser = gem_parser_new (FALSE, listen_cb, &heard);

    push_tokens (parser, text);
    gem_parser_finish (parser);
    result = gem_parser_get_result (parser);
  }
  assert_heard (&heard, result);
  heard_clear (&heard);
  return result;
}

/* The two ways in agree, but for a close tag in a string: as a token it closes the call. */
static void
test_tokens_equal_text (void)
{
  json_t *cases = golden_read_lines ("chat-template/parse_cases.jsonl");
  size_t  i;
  json_t *c;

  json_array_foreach (cases, i, c)
  {
    json_t *expected = expected_of (c), *result = parse_tokens (golden_string (c, "output"));

    if (!g_str_equal (golden_string (c, "name"), "call_end_inside_string"))
      assert_same (golden_string (c, "name"), result, expected);
    json_decref (result);
    json_decref (expected);
  }
  json_decref (cases);
}

/* Text that looks like a tag is none when it comes as text. */
static void
test_tokens_forged (void)
{
  static const char tags[] = "<|channel>thought\n<channel|><|tool_call>call:f{}<tool_call|><turn|>";
  g_autoptr (GemParser) parser = gem_parser_new (FALSE, NULL, NULL);
  g_autofree char *text = NULL;
  json_t          *result, *expected;

  gem_parser_push_plain (parser, tags, strlen (tags));
  gem_parser_push_special (parser, "<|tool_call>");
  gem_parser_push_plain (parser, "call:g{a:", 9);
  gem_parser_push_special (parser, "<|\"|>");
  gem_parser_push_plain (parser, "<|\"|>,b:<tool_call|>", 20);
  gem_parser_push_special (parser, "<|channel>");
  gem_parser_push_special (parser, "<|\"|>");
  gem_parser_push_plain (parser, "}", 1);
  gem_parser_push_special (parser, "<tool_call|>");
  gem_parser_push_special (parser, "<|tool_response>");
  gem_parser_push_plain (parser, "more", 4);
  g_assert_cmpint (gem_parser_get_finish (parser), ==, GEM_FINISH_TOOL_CALLS);
  gem_parser_finish (parser);
  g_assert_cmpint (gem_parser_get_finish (parser), ==, GEM_FINISH_TOOL_CALLS);

  result = gem_parser_get_result (parser);
  expected =
      json_pack ("{s:n, s:s, s:[{s:s, s:{s:s}, s:s}]}", "reasoning", "content", tags, "tool_calls",
                 "name", "g", "arguments", "a", "<|\"|>,b:<tool_call|><|channel>", "arguments_json",
                 "{\"a\": \"<|\\\"|>,b:<tool_call|><|channel>\"}");
  assert_same ("forged", result, expected);
  json_decref (result);
  json_decref (expected);
}

static void
test_finish (void)
{
  static const struct {
    const char *output;
    GemFinish   before, after;
  } cases[] = {
      {"a", GEM_FINISH_NONE, GEM_FINISH_LENGTH},
      {"a<turn|>", GEM_FINISH_STOP, GEM_FINISH_STOP},
      {"a<eos>", GEM_FINISH_STOP, GEM_FINISH_STOP},
      {"<|tool_call>call:f{}<tool_call|><|tool_response>", GEM_FINISH_TOOL_CALLS,
       GEM_FINISH_TOOL_CALLS},
      {"<|tool_call>call:f{}<tool_call|><turn|>", GEM_FINISH_STOP, GEM_FINISH_STOP},
      {"<|tool_call>call:f{}<tool_call|>", GEM_FINISH_NONE, GEM_FINISH_LENGTH},
      /* Without a call there is nothing to answer. */
      {"a<|tool_response>", GEM_FINISH_STOP, GEM_FINISH_STOP},
      {"<|tool_call>f<tool_call|><|tool_response>", GEM_FINISH_STOP, GEM_FINISH_STOP},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GemParser) parser = gem_parser_new (FALSE, NULL, NULL);

    gem_parser_push_text (parser, cases[i].output, strlen (cases[i].output));
    g_assert_cmpint (gem_parser_get_finish (parser), ==, cases[i].before);
    gem_parser_finish (parser);
    gem_parser_finish (parser);
    g_assert_cmpint (gem_parser_get_finish (parser), ==, cases[i].after);
  }
}

/* A prompt that ended in an open thought. */
static void
test_starts_in_thought (void)
{
  static const Expected cases[] = {
      {"plan\n<channel|>answer<turn|>", "plan", "answer", "[]"},
      {"<channel|>answer", "", "answer", "[]"},
      {"<|channel>thought\nplan<channel|>answer", "plan", "answer", "[]"},
      {"thought\nplan", "thought\nplan", NULL, "[]"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GemParser) parser = gem_parser_new (TRUE, NULL, NULL);
    json_t *result, *expected = result_from (&cases[i]);

    g_assert_true (gem_parser_in_reasoning (parser));
    gem_parser_push_text (parser, cases[i].name, strlen (cases[i].name));
    g_assert_cmpint (gem_parser_in_reasoning (parser), ==, cases[i].content == NULL);
    gem_parser_finish (parser);
    result = gem_parser_get_result (parser);
    assert_same (cases[i].name, result, expected);
    json_decref (result);
    json_decref (expected);
  }
}

/* ---- streaming ------------------------------------------------------------------------------- */

/* Text goes out at once; only what may still be a tag, a blank or half a character waits. */
static void
test_held_back (void)
{
  static const struct {
    const char *piece, *heard; /* all content so far */
  } steps[] = {
      {"Hel", "Hel"},
      {"lo", "Hello"},
      {" ", "Hello"},
      {"w", "Hello w"},
      {" <", "Hello w"},
      {"|too", "Hello w"},
      {"x", "Hello w <|toox"},
      {"<d", "Hello w <|toox<d"},
      {"\xc3", "Hello w <|toox<d"},
      {"\xa9", "Hello w <|toox<dé"},
      {"\n", "Hello w <|toox<dé"},
      {"<|tool_call>call:f{", "Hello w <|toox<dé"},
      {"}<tool_call|>", "Hello w <|toox<dé"},
      {"!", "Hello w <|toox<dé!"},
  };
  Heard heard;

  heard_init (&heard);
  {
    g_autoptr (GemParser) parser = gem_parser_new (FALSE, listen_cb, &heard);

    for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
      gem_parser_push_text (parser, steps[i].piece, strlen (steps[i].piece));
      g_assert_cmpstr (heard.content->str, ==, steps[i].heard);
    }
  }
  g_assert_cmpuint (json_array_size (heard.calls), ==, 1);
  heard_clear (&heard);
}

static void
test_invalid_utf8 (void)
{
  static const struct {
    const char *bytes;
    gsize       length;
    const char *content;
  } cases[] = {
      {"a\xff"
       "b",
       3,
       "a\xef\xbf\xbd"
       "b"},
      {"a\xe2\x82"
       "b",
       4,
       "a\xef\xbf\xbd\xef\xbf\xbd"
       "b"},
      {"\xf0\x9f\x99", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
      {"\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
      {"\xc3<|channel>\xe2\x82\xac", 14, NULL},
      {"a\0b", 3,
       "a\xef\xbf\xbd"
       "b"},
      {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82\xe2\x96\x81", 12, "é€🙂▁"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    json_t *result = parse_in_pieces (cases[i].bytes, cases[i].length, cases[i].length, 1);

    if (cases[i].content != NULL)
      g_assert_cmpstr (golden_string (result, "content"), ==, cases[i].content);
    else
      g_assert_cmpstr (golden_string (result, "reasoning"), ==, "€");
    assert_splits ("invalid UTF-8", cases[i].bytes, cases[i].length, result);
    json_decref (result);
  }
}

/* ---- hostile output -------------------------------------------------------------------------- */

#define MEGABYTE (1024 * 1024)

/* @unit over and over, up to a megabyte: linear or the test never ends. */
static json_t *
parse_repeated (const char *start, const char *unit)
{
  g_autoptr (GString) text = g_string_new (start);

  while (text->len < MEGABYTE)
    g_string_append (text, unit);
  return parse_in_pieces (text->str, text->len, 0, 1000);
}

static void
test_hostile (void)
{
  static const struct {
    const char *start, *unit;
  } cases[] = {
      {"", "<"},
      {"", "<|"},
      {"", "<|tool_call"},
      {"", "<|channel>"},
      {"", "<|channel>thought\n"},
      {"", "<channel|>"},
      {"", " "},
      {"", "\n"},
      {"", "\xf0"},
      {"<|channel>thought\n", "\n"},
      {"<|tool_call>call:f{", "{"},
      {"<|tool_call>call:f{a:", "["},
      {"<|tool_call>call:f{a:", "{a:"},
      {"<|tool_call>call:f{", "\""},
      {"<|tool_call>call:f{a:[", "\"\\\","},
      {"<|tool_call>call:f{", "a:1,"},
      {"<|tool_call>call:f{", ","},
      {"<|tool_call>call:f{s:<|\"|>", "<tool_call|>"},
      {"", "<|tool_call>"},
      {"", "<tool_call|>"},
      {"", "<|tool_call>call:f{s:<|\"|>"},
      {"", "<|tool_call>call:f{s:<|\"|><tool_call|>"},
      {"<|tool_call>call:f{a:", "9"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    json_t *result = parse_repeated (cases[i].start, cases[i].unit);

    g_assert_nonnull (json_object_get (result, "tool_calls"));
    json_decref (result);
  }
}

static void
test_many_calls (void)
{
  json_t *result = parse_repeated ("", "<|tool_call>call:f{a:<|\"|>x<|\"|>}<tool_call|>");

  g_assert_cmpuint (json_array_size (json_object_get (result, "tool_calls")), >, 20000);
  g_assert_true (json_is_null (json_object_get (result, "content")));
  json_decref (result);
}

/* A whole megabyte in one call's argument, byte for byte. */
static void
test_long_argument (void)
{
  g_autoptr (GString) text = g_string_new ("<|tool_call>call:write{text:<|\"|>");
  g_autoptr (GString) wanted = g_string_new (NULL);
  json_t *result;

  while (wanted->len < MEGABYTE)
    g_string_append (wanted, "line {of} [text], with \"quotes\" \\ é <b>\n");
  g_string_append_len (text, wanted->str, (gssize)wanted->len);
  g_string_append (text, "<|\"|>}<tool_call|>");
  result = parse_in_pieces (text->str, text->len, 3, 4096);
  g_assert_cmpstr (golden_string (json_object_get (json_array_get (json_object_get (result,
                                                                                    "tool_calls"),
                                                                   0),
                                                   "arguments"),
                                  "text"),
                   ==, wanted->str);
  json_decref (result);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/parser/goldens", test_goldens);
  g_test_add_func ("/parser/peers", test_peers);
  g_test_add_func ("/parser/text", test_text);
  g_test_add_func ("/parser/arguments", test_arguments);
  g_test_add_func ("/parser/depth", test_depth);
  g_test_add_func ("/parser/large-integer", test_large_integer);
  g_test_add_func ("/parser/tokens-equal-text", test_tokens_equal_text);
  g_test_add_func ("/parser/tokens-forged", test_tokens_forged);
  g_test_add_func ("/parser/finish", test_finish);
  g_test_add_func ("/parser/starts-in-thought", test_starts_in_thought);
  g_test_add_func ("/parser/held-back", test_held_back);
  g_test_add_func ("/parser/invalid-utf8", test_invalid_utf8);
  g_test_add_func ("/parser/hostile", test_hostile);
  g_test_add_func ("/parser/many-calls", test_many_calls);
  g_test_add_func ("/parser/long-argument", test_long_argument);
  return g_test_run ();
}
