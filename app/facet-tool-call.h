/* facet-tool-call.h: the tool calls of an answer, and the declarations of what may be called, read
 * from their JSON.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Both are kept as text in the OpenAI form: calls with their message, as the model wrote them or as
 * an import brought them, and declarations with the request.  Pure functions; any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  char    *name;  /* "" where the arguments are no object: then there is one, with all of them */
  char    *value; /* a text as it is, everything else as JSON */
  gboolean cut;   /* the value is longer and was cut off */
} FacetToolArgument;

typedef struct {
  char      *id;         /* NULL: none */
  char      *name;       /* of the tool; "" if the call names none */
  GPtrArray *arguments;  /* of FacetToolArgument, in the order in which they were written */
  guint      n_left_out; /* arguments beyond FACET_TOOL_CALL_ARGUMENTS */
} FacetToolCall;

/* What is shown of calls that came from elsewhere, at most. */
#define FACET_TOOL_CALLS          64
#define FACET_TOOL_CALL_ARGUMENTS 64
#define FACET_TOOL_CALL_VALUE     4000 /* characters */

/* The calls of @json, what facet_message_get_tool_calls () gives, NULL included.  What cannot be
 * read as a list of calls is one call without a name, with the text as its argument: nothing that
 * is there is hidden.  (transfer full), of FacetToolCall. */
GPtrArray *facet_tool_calls_parse (const char *json) G_GNUC_WARN_UNUSED_RESULT;

/* ---- declarations ---------------------------------------------------------------------------- */

#define FACET_TOOLS_MAX       128
#define FACET_TOOLS_MAX_BYTES (1 << 20)

/* Checks declarations: a list of {"type": "function", "function": {"name", "description",
 * "parameters"}}, each name another one of letters, digits, _, - and . (64 at most), parameters a
 * JSON Schema of an object.  Returns them as FacetRequest.tools_json wants them; NULL with a
 * sentence that says which one is wrong, and how. */
char *facet_tools_read (const char *text, gsize length, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
