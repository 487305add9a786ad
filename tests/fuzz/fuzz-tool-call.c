/* fuzz-tool-call.c: calls and declarations of tools, as any text.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Calls are read whatever they are, within their bounds and as UTF-8; declarations that were
 * accepted are accepted again. */
#include "app/facet-tool-call.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
check_call (const FacetToolCall *call)
{
  g_assert (g_utf8_validate (call->name, -1, NULL));
  g_assert (call->arguments->len <= FACET_TOOL_CALL_ARGUMENTS);
  for (guint i = 0; i < call->arguments->len; i++) {
    const FacetToolArgument *argument = g_ptr_array_index (call->arguments, i);

    g_assert (g_utf8_validate (argument->name, -1, NULL));
    g_assert (g_utf8_validate (argument->value, -1, NULL));
    g_assert (g_utf8_strlen (argument->value, -1) <= FACET_TOOL_CALL_VALUE);
  }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = g_strndup ((const char *)data, size);
  g_autoptr (GPtrArray) calls = facet_tool_calls_parse (text);
  g_autofree char *tools = facet_tools_read ((const char *)data, size, NULL);

  g_assert (calls->len <= FACET_TOOL_CALLS);
  for (guint i = 0; i < calls->len; i++)
    check_call (g_ptr_array_index (calls, i));
  if (tools != NULL) {
    g_autofree char *again = facet_tools_read (tools, strlen (tools), NULL);

    g_assert (g_strcmp0 (again, tools) == 0);
  }
  return 0;
}
