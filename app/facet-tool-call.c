/* facet-tool-call.c: calls and declarations of tools, from their JSON.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Calls are shown whatever they look like: they are part of a conversation, and may come from
 * another program.  Declarations become part of the prompt, so what is wrong with them is an error.
 * Numbers keep all their digits (engine/gem-json.h).  Any thread. */
#define G_LOG_DOMAIN "facet-tool-call"

#include "config.h"

#include "facet-tool-call.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "engine/gem-json.h"
#include "engine/gem-parser.h"

#define NAME_MAX_LENGTH 64

/* ---- calls ----------------------------------------------------------------------------------- */

static void
argument_free (gpointer data)
{
  FacetToolArgument *self = data;

  g_free (self->name);
  g_free (self->value);
  g_free (self);
}

static void
call_free (gpointer data)
{
  FacetToolCall *self = data;

  g_free (self->id);
  g_free (self->name);
  g_ptr_array_unref (self->arguments);
  g_free (self);
}

static void
add_argument (FacetToolCall *call, const char *name, const char *value)
{
  FacetToolArgument *argument;
  g_autofree char   *valid = NULL;
  const char        *end;

  if (call->arguments->len == FACET_TOOL_CALL_ARGUMENTS) {
    call->n_left_out++;
    return;
  }
  valid = g_utf8_make_valid (value, -1);
  argument = g_new0 (FacetToolArgument, 1);
  argument->name = g_utf8_make_valid (name, -1);
  argument->cut = g_utf8_strlen (valid, -1) > FACET_TOOL_CALL_VALUE;
  end = argument->cut ? g_utf8_offset_to_pointer (valid, FACET_TOOL_CALL_VALUE)
                      : valid + strlen (valid);
  argument->value = g_strndup (valid, (gsize)(end - valid));
  g_ptr_array_add (call->arguments, argument);
}

/* U+0000, which JSON can say, would end the text. */
static char *
value_to_text (const json_t *value)
{
  const char *digits = gem_json_get_big_integer (value);

  if (digits != NULL)
    return g_strdup (digits);
  return json_is_string (value)
             ? g_utf8_make_valid (json_string_value (value), (gssize)json_string_length (value))
             : gem_json_dumps (value);
}

static void
add_value (FacetToolCall *call, const char *name, const json_t *value)
{
  g_autofree char *text = value_to_text (value);

  add_argument (call, name, text);
}

/* Arguments are an object, or, as they travel and lie in the store, the text of one. */
static void
add_arguments (FacetToolCall *call, const json_t *arguments)
{
  json_t     *parsed = NULL;
  const char *key;
  json_t     *value;

  if (json_is_string (arguments)) {
    parsed = gem_json_loads (json_string_value (arguments), json_string_length (arguments), NULL);
    if (!json_is_object (parsed)) {
      if (json_string_length (arguments) > 0)
        add_argument (call, "", json_string_value (arguments));
      json_decref (parsed);
      return;
    }
    arguments = parsed;
  }
  if (json_is_object (arguments)) {
    json_object_foreach ((json_t *)arguments, key, value) add_value (call, key, value);
  } else if (arguments != NULL && !json_is_null (arguments)) {
    add_value (call, "", arguments);
  }
  json_decref (parsed);
}

static FacetToolCall *
call_new (const char *name)
{
  FacetToolCall *call = g_new0 (FacetToolCall, 1);

  call->name = g_utf8_make_valid (name != NULL ? name : "", -1);
  call->arguments = g_ptr_array_new_with_free_func (argument_free);
  return call;
}

static FacetToolCall *
read_call (const json_t *json)
{
  const json_t  *function = json_object_get (json, "function");
  const json_t  *from = json_is_object (function) ? function : json;
  const char    *name = json_string_value (json_object_get (from, "name"));
  FacetToolCall *call = call_new (name);

  call->id = g_strdup (json_string_value (json_object_get (json, "id")));
  if (name != NULL)
    add_arguments (call, json_object_get (from, "arguments"));
  else
    add_value (call, "", json);
  return call;
}

GPtrArray *
facet_tool_calls_parse (const char *json)
{
  GPtrArray *calls = g_ptr_array_new_with_free_func (call_free);
  json_t    *list;
  gsize      n;

  if (json == NULL || *json == '\0')
    return calls;
  list = gem_json_loads (json, strlen (json), NULL);
  n = MIN (json_array_size (list), FACET_TOOL_CALLS);
  for (gsize i = 0; i < n; i++)
    g_ptr_array_add (calls, read_call (json_array_get (list, i)));
  if (!json_is_array (list)) {
    g_ptr_array_add (calls, call_new (NULL));
    add_argument (g_ptr_array_index (calls, 0), "", json);
  }
  json_decref (list);
  return calls;
}

/* ---- declarations ---------------------------------------------------------------------------- */

static gboolean
refuse (GError **error, gsize index, const char *what)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               /* Translators: the number of a tool in a list, and what is wrong with it */
               _ ("Tool %u of the list %s."), (guint)index + 1, what);
  return FALSE;
}

static gboolean
is_name (const char *name)
{
  gsize length = strlen (name);

  return length > 0 && length <= NAME_MAX_LENGTH &&
         strspn (name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") ==
             length;
}

static gboolean
check_parameters (const json_t *parameters, gsize index, GError **error)
{
  const json_t *type = json_object_get (parameters, "type");
  const json_t *properties = json_object_get (parameters, "properties");

  if (parameters == NULL)
    return TRUE;
  if (!json_is_object (parameters) || g_strcmp0 (json_string_value (type), "object") != 0 ||
      (properties != NULL && !json_is_object (properties)))
    return refuse (error, index, _ ("has “parameters” that are no schema of an object"));
  return TRUE;
}

static gboolean
check_tool (const json_t *tool, gsize index, GHashTable *names, GError **error)
{
  const json_t *function = json_object_get (tool, "function");
  const json_t *description = json_object_get (function, "description");
  const char   *name = json_string_value (json_object_get (function, "name"));

  if (g_strcmp0 (json_string_value (json_object_get (tool, "type")), "function") != 0 ||
      !json_is_object (function))
    return refuse (error, index,
                   _ ("is not of the form {\"type\": \"function\", \"function\": {…}}"));
  if (name == NULL || !is_name (name))
    return refuse (error, index,
                   _ ("has no name of 1 to 64 letters, digits, underscores, hyphens and dots"));
  if (!g_hash_table_add (names, (gpointer)name))
    return refuse (error, index, _ ("has the name of an earlier one"));
  if (description != NULL && !json_is_string (description))
    return refuse (error, index, _ ("has a “description” that is no text"));
  return check_parameters (json_object_get (function, "parameters"), index, error);
}

static gboolean
check_tools (const json_t *list, GError **error)
{
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);

  if (!json_is_array (list) || json_array_size (list) > FACET_TOOLS_MAX) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 _ ("Declarations of tools are a list in JSON, of %d at most."), FACET_TOOLS_MAX);
    return FALSE;
  }
  for (gsize i = 0; i < json_array_size (list); i++)
    if (!check_tool (json_array_get (list, i), i, names, error))
      return FALSE;
  return TRUE;
}

char *
facet_tools_read (const char *text, gsize length, GError **error)
{
  json_t *list;
  char   *result = NULL;

  if (length > FACET_TOOLS_MAX_BYTES) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 _ ("Declarations of tools may take %d KiB at most."), FACET_TOOLS_MAX_BYTES >> 10);
    return NULL;
  }
  list = gem_json_loads (text, length, error);
  if (list != NULL && check_tools (list, error))
    result = gem_json_dumps (list);
  json_decref (list);
  return result;
}
