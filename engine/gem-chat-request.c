/* gem-chat-request.c: whether a request makes sense, and its call arguments as objects.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owns what is checked once for the whole request: that there are messages with roles, that flags
 * are flags, how deep values nest.  What a single message lacks is found where it is rendered
 * (gem-chat.c).  Pure functions; any thread. */
#define G_LOG_DOMAIN "gem"

#include <string.h>

#include "gem-chat-private.h"
#include "gem-error.h"
#include "gem-json.h"

/* The arguments of a call may nest GEM_JSON_VALUE_DEPTH levels, and they lie this much deeper in
 * their message. */
#define MAX_DEPTH (GEM_JSON_VALUE_DEPTH + 8)

static const char *
find_fault (const json_t *value, guint depth)
{
  const char *key, *fault = NULL;
  size_t      i;
  json_t     *child;

  if (json_is_string (value))
    return strlen (json_string_value (value)) == json_string_length (value)
               ? NULL
               : "contains the character U+0000";
  if (depth == 0 && (json_is_object (value) || json_is_array (value)))
    return "nests too deeply";
  json_object_foreach ((json_t *)value, key, child)
  {
    if ((fault = find_fault (child, depth - 1)) != NULL)
      return fault;
  }
  json_array_foreach (value, i, child)
  {
    if ((fault = find_fault (child, depth - 1)) != NULL)
      return fault;
  }
  return NULL;
}

const char *
gem_chat_find_fault (const json_t *value)
{
  return find_fault (value, MAX_DEPTH);
}

static gboolean
refuse (GError **error, const char *kind, size_t index, const char *what)
{
  g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "%s %u %s.", kind, (guint)index + 1,
               what);
  return FALSE;
}

static gboolean
check_messages (const json_t *messages, GError **error)
{
  const char *fault;
  size_t      i;
  json_t     *message;

  if (!json_is_array (messages) || json_array_size (messages) == 0) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "The conversation has no messages.");
    return FALSE;
  }
  json_array_foreach (messages, i, message)
  {
    if ((fault = gem_chat_find_fault (message)) != NULL)
      return refuse (error, "Message", i, fault);
    if (json_string_length (json_object_get (message, "role")) == 0)
      return refuse (error, "Message", i, "has no role");
  }
  return TRUE;
}

static gboolean
check_tools (const json_t *tools, GError **error)
{
  const char *fault;
  size_t      i;
  json_t     *tool;

  if (gem_json_is_true (tools) && !json_is_array (tools)) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "“tools” is not a list.");
    return FALSE;
  }
  json_array_foreach (tools, i, tool)
  {
    if ((fault = gem_chat_find_fault (tool)) != NULL)
      return refuse (error, "Tool", i, fault);
  }
  return TRUE;
}

static gboolean
check_flags (const json_t *request, GError **error)
{
  static const char *const flags[] = {"add_generation_prompt", "enable_thinking",
                                      "preserve_thinking", "continue_final_message"};

  for (guint i = 0; i < G_N_ELEMENTS (flags); i++) {
    const json_t *value = json_object_get (request, flags[i]);

    if (value != NULL && !json_is_boolean (value) && !json_is_null (value)) {
      g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "“%s” is neither true nor false.",
                   flags[i]);
      return FALSE;
    }
  }
  if (json_is_true (json_object_get (request, "continue_final_message")) &&
      json_is_true (json_object_get (request, "add_generation_prompt"))) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                 "“continue_final_message” and “add_generation_prompt” exclude each other.");
    return FALSE;
  }
  return TRUE;
}

gboolean
gem_chat_check_request (const json_t *request, GError **error)
{
  return check_messages (json_object_get (request, "messages"), error) &&
         check_tools (json_object_get (request, "tools"), error) && check_flags (request, error);
}

void
gem_chat_unpack_arguments (json_t *request)
{
  size_t  i, j;
  json_t *message, *call;

  json_array_foreach (json_object_get (request, "messages"), i, message)
  {
    json_array_foreach (json_object_get (message, "tool_calls"), j, call)
    {
      json_t *function = json_object_get (call, "function");
      json_t *text = json_object_get (function, "arguments");
      json_t *arguments = NULL;

      if (json_is_string (text))
        arguments = gem_json_loads (json_string_value (text), json_string_length (text), NULL);
      if (json_is_object (arguments))
        json_object_set (function, "arguments", arguments);
      json_decref (arguments);
    }
  }
}
