/* test-tool-call.c: calls and declarations of tools, well formed and not.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-tool-call"

#include "facet-tool-call.h"

#include <string.h>

static const FacetToolCall *
call_at (GPtrArray *calls, guint index)
{
  g_assert_cmpuint (index, <, calls->len);
  return g_ptr_array_index (calls, index);
}

static void
assert_argument (const FacetToolCall *call, guint index, const char *name, const char *value)
{
  const FacetToolArgument *argument;

  g_assert_cmpuint (index, <, call->arguments->len);
  argument = g_ptr_array_index (call->arguments, index);
  g_assert_cmpstr (argument->name, ==, name);
  g_assert_cmpstr (argument->value, ==, value);
  g_assert_false (argument->cut);
}

static void
test_calls (void)
{
  g_autoptr (GPtrArray) calls = facet_tool_calls_parse (
      "[{\"id\": \"a\", \"type\": \"function\", \"function\": {\"name\": \"send\", \"arguments\":"
      " \"{\\\"to\\\": \\\"Ann\\\", \\\"n\\\": 100000000000000000000, \\\"at\\\": [1, {\\\"x\\\": "
      "null}]}\"}}, {\"name\": \"ping\", \"arguments\": {\"on\": true, \"text\": \"a\\u0000b\"}}]");

  g_assert_cmpuint (calls->len, ==, 2);
  g_assert_cmpstr (call_at (calls, 0)->id, ==, "a");
  g_assert_cmpstr (call_at (calls, 0)->name, ==, "send");
  g_assert_cmpuint (call_at (calls, 0)->arguments->len, ==, 3);
  assert_argument (call_at (calls, 0), 0, "to", "Ann");
  assert_argument (call_at (calls, 0), 1, "n", "100000000000000000000");
  assert_argument (call_at (calls, 0), 2, "at", "[1, {\"x\": null}]");
  g_assert_null (call_at (calls, 1)->id);
  assert_argument (call_at (calls, 1), 0, "on", "true");
  assert_argument (call_at (calls, 1), 1, "text",
                   "a\xef\xbf\xbd"
                   "b");
}

/* What is there is shown, whatever it is. */
static void
test_odd_calls (void)
{
  static const struct {
    const char *json, *name, *value;
  } cases[] = {
      {"not a list", "", "not a list"},
      {"{\"name\": \"f\"}", "", "{\"name\": \"f\"}"},
      {"[5]", "", "5"},
      {"[{\"function\": {\"arguments\": \"{}\"}}]", "", "{\"function\": {\"arguments\": \"{}\"}}"},
      {"[{\"function\": {\"name\": \"f\", \"arguments\": \"half {\"}}]", "f", "half {"},
      {"[{\"function\": {\"name\": \"f\", \"arguments\": [1]}}]", "f", "[1]"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GPtrArray) calls = facet_tool_calls_parse (cases[i].json);

    g_assert_cmpuint (calls->len, ==, 1);
    g_assert_cmpstr (call_at (calls, 0)->name, ==, cases[i].name);
    g_assert_cmpuint (call_at (calls, 0)->arguments->len, ==, 1);
    assert_argument (call_at (calls, 0), 0, "", cases[i].value);
  }
}

static void
test_no_calls (void)
{
  static const char *const none[] = {NULL, "", "[]"};

  for (guint i = 0; i < G_N_ELEMENTS (none); i++) {
    g_autoptr (GPtrArray) calls = facet_tool_calls_parse (none[i]);

    g_assert_cmpuint (calls->len, ==, 0);
  }
}

static void
test_bounds (void)
{
  g_autoptr (GString) json = g_string_new ("[");
  g_autoptr (GPtrArray) calls = NULL;
  const FacetToolArgument *argument;

  for (guint i = 0; i < FACET_TOOL_CALLS + 3; i++) {
    g_string_append_printf (json, "%s{\"name\": \"f\", \"arguments\": {\"long\": \"",
                            i > 0 ? "," : "");
    for (guint k = 0; k <= FACET_TOOL_CALL_VALUE; k++)
      g_string_append (json, "é");
    g_string_append_c (json, '"');
    for (guint k = 0; k < FACET_TOOL_CALL_ARGUMENTS + 4; k++)
      g_string_append_printf (json, ", \"k%u\": %u", k, k);
    g_string_append (json, "}}");
  }
  g_string_append_c (json, ']');
  calls = facet_tool_calls_parse (json->str);
  g_assert_cmpuint (calls->len, ==, FACET_TOOL_CALLS);
  g_assert_cmpuint (call_at (calls, 0)->arguments->len, ==, FACET_TOOL_CALL_ARGUMENTS);
  g_assert_cmpuint (call_at (calls, 0)->n_left_out, ==, 5);
  argument = g_ptr_array_index (call_at (calls, 0)->arguments, 0);
  g_assert_true (argument->cut);
  g_assert_cmpint (g_utf8_strlen (argument->value, -1), ==, FACET_TOOL_CALL_VALUE);
}

static char *
declare (const char *name)
{
  return g_strdup_printf ("[{\"type\": \"function\", \"function\": {\"name\": \"%s\"}}]", name);
}

static void
test_declarations (void)
{
  static const char good[] =
      "[{\"type\": \"function\", \"function\": {\"name\": \"get_time\", \"description\": \"d\","
      " \"parameters\": {\"type\": \"object\", \"properties\": {\"n\": {\"minimum\": "
      "100000000000000000000}}}}}]";
  g_autoptr (GError) error = NULL;
  g_autofree char *longest = g_strnfill (64, 'x'), *one = declare (longest);
  g_autofree char *read = facet_tools_read (good, strlen (good), &error);
  g_autofree char *named = facet_tools_read (one, strlen (one), &error);
  g_autofree char *none = facet_tools_read ("[]", 2, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (read, ==, good);
  g_assert_cmpstr (named, ==, one);
  g_assert_cmpstr (none, ==, "[]");
}

static void
refuse (const char *text, gsize length, const char *why)
{
  g_autoptr (GError) error = NULL;
  char *result = facet_tools_read (text, length, &error);

  g_assert_null (result);
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, why));
}

static void
test_bad_declarations (void)
{
  static const struct {
    const char *text, *why;
  } cases[] = {
      {"", "JSON"},
      {"{}", "a list"},
      {"[5]", "Tool 1 of the list is not of the form"},
      {"[{\"type\": \"web\", \"function\": {\"name\": \"f\"}}]", "not of the form"},
      {"[{\"type\": \"function\", \"function\": {}}]", "no name"},
      {"[{\"type\": \"function\", \"function\": {\"name\": \"a b\"}}]", "no name"},
      {"[{\"type\": \"function\", \"function\": {\"name\": \"f\", \"description\": 1}}]",
       "description"},
      {"[{\"type\": \"function\", \"function\": {\"name\": \"f\", \"parameters\": []}}]",
       "parameters"},
      {"[{\"type\": \"function\", \"function\": {\"name\": \"f\", \"parameters\": {\"type\": "
       "\"object\", \"properties\": 1}}}]",
       "parameters"},
      {"[{\"type\": \"function\", \"function\": {\"name\": \"f\"}}, {\"type\": \"function\", "
       "\"function\": {\"name\": \"f\"}}]",
       "Tool 2 of the list has the name of an earlier one"},
  };
  g_autofree char *longer = g_strnfill (65, 'x'), *one = declare (longer);
  g_autofree char *huge = g_strnfill (FACET_TOOLS_MAX_BYTES + 1, ' ');
  g_autoptr (GString) many = g_string_new ("[");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    refuse (cases[i].text, strlen (cases[i].text), cases[i].why);
  refuse (one, strlen (one), "no name");
  refuse (huge, FACET_TOOLS_MAX_BYTES + 1, "1024 KiB");
  for (guint i = 0; i <= FACET_TOOLS_MAX; i++)
    g_string_append_printf (many, "%s{\"type\": \"function\", \"function\": {\"name\": \"f%u\"}}",
                            i > 0 ? "," : "", i);
  g_string_append_c (many, ']');
  refuse (many->str, many->len, "128 at most");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tool-call/calls", test_calls);
  g_test_add_func ("/tool-call/odd-calls", test_odd_calls);
  g_test_add_func ("/tool-call/no-calls", test_no_calls);
  g_test_add_func ("/tool-call/bounds", test_bounds);
  g_test_add_func ("/tool-call/declarations", test_declarations);
  g_test_add_func ("/tool-call/bad-declarations", test_bad_declarations);
  return g_test_run ();
}
