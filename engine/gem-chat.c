/* gem-chat.c: a conversation in the OpenAI form, written as the model reads it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owns the order of a prompt: the system turn with the tools, one turn after the other, and what
 * invites the model to go on.  Where the published revisions of the template differ, GemRevision
 * (gem-template.c) says how.  A tool message that no call precedes is left out, as the templates
 * leave it out.  It does not know tokens.  Pure functions; any thread. */
#define G_LOG_DOMAIN "gem"

#include <string.h>

#include "gem-chat-private.h"
#include "gem-error.h"
#include "gem-json.h"
#include "gem-parser.h"

/* What the last rendered message leaves to be continued. */
typedef enum {
  PENDING_NOTHING,
  PENDING_CALL,     /* a call: its result is to come */
  PENDING_RESPONSE, /* a result: the model goes on */
} Pending;

typedef struct {
  GemPromptWriter    w;
  const GemRevision *revision;
  const json_t      *messages;
  GArray  *turns;     /* of guint: the messages that are rendered in their own right, in order */
  guint    last_user; /* index of the last user message; meaningful if has_user */
  gboolean has_user;
  gboolean thinking, preserve_thinking, continue_final;
  Pending  pending;
} Chat;

/* One message on its way. */
typedef struct {
  const json_t *json;
  guint         index; /* in the messages */
  guint         turn;  /* in chat->turns */
  const char   *role;
  gboolean      is_model;
  gboolean      continues;   /* the turn that it belongs to is already open */
  gboolean      responded;   /* results were rendered */
  gboolean      has_content; /* something other than blanks was */
} Message;

static gboolean
fail (GError **error, guint index, const char *what)
{
  g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "Message %u %s.", index + 1, what);
  return FALSE;
}

static const char *
get_role (const Chat *chat, guint index)
{
  return json_string_value (json_object_get (json_array_get (chat->messages, index), "role"));
}

/* ---- text and media -------------------------------------------------------------------------- */

static void
put_trimmed (Chat *chat, const char *text, gsize length)
{
  gem_chat_trim (&text, &length);
  gem_prompt_put_text (&chat->w, text, length);
}

/* Drops every thought that an answer still carries: of each piece in front of a <channel|>, what
 * follows a
 * <|channel>. */
static char *
strip_thoughts (const char *text)
{
  GString *kept = g_string_new (NULL);

  for (;;) {
    const char *close = strstr (text, "<channel|>");
    gssize      length = close != NULL ? close - text : (gssize)strlen (text);
    const char *open = g_strstr_len (text, length, "<|channel>");

    g_string_append_len (kept, text, open != NULL ? open - text : length);
    if (close == NULL)
      return g_string_free (kept, FALSE);
    text = close + strlen ("<channel|>");
  }
}

/* Returns whether anything but blanks was written. */
static gboolean
put_content_text (Chat *chat, const Message *message, const json_t *string)
{
  const char      *text = json_string_value (string);
  g_autofree char *stripped = message->is_model ? strip_thoughts (text) : NULL;
  gsize            length;

  if (stripped != NULL)
    text = stripped;
  length = strlen (text);
  gem_chat_trim (&text, &length);
  gem_prompt_put_text (&chat->w, text, length);
  return length > 0;
}

/* The kind of media that a content part is; FALSE if none. */
static gboolean
media_kind (const json_t *part, GemSegmentKind *kind)
{
  static const struct {
    const char    *type;
    GemSegmentKind kind;
  } types[] = {
      {"image", GEM_SEGMENT_IMAGE},     {"image_url", GEM_SEGMENT_IMAGE},
      {"audio", GEM_SEGMENT_AUDIO},     {"input_audio", GEM_SEGMENT_AUDIO},
      {"audio_url", GEM_SEGMENT_AUDIO}, {"video", GEM_SEGMENT_VIDEO},
      {"video_url", GEM_SEGMENT_VIDEO},
  };
  const char *type = json_string_value (json_object_get (part, "type"));

  for (guint i = 0; type != NULL && i < G_N_ELEMENTS (types); i++)
    if (g_str_equal (type, types[i].type)) {
      *kind = types[i].kind;
      return TRUE;
    }
  return FALSE;
}

/* The text of a text part, NULL for any other part. */
static const json_t *
part_text (const json_t *part)
{
  const json_t *text = json_object_get (part, "text");

  return g_strcmp0 (json_string_value (json_object_get (part, "type")), "text") == 0 &&
                 json_is_string (text)
             ? text
             : NULL;
}

static gboolean
unknown_part (GError **error, guint index, const json_t *part)
{
  const char      *type = json_string_value (json_object_get (part, "type"));
  g_autofree char *what = g_strdup_printf ("has a content part of the unknown type “%s”; known are "
                                           "text, image, audio and video",
                                           type ? type : "");

  return fail (error, index, g_strcmp0 (type, "text") == 0 ? "has a text part without text" : what);
}

static void
put_media (Chat *chat, GemSegmentKind kind)
{
  gboolean apart = chat->revision->media_blank_lines && kind != GEM_SEGMENT_AUDIO;

  if (apart)
    gem_prompt_put_literal (&chat->w, "\n\n");
  gem_prompt_put_media (&chat->w, kind);
  if (apart)
    gem_prompt_put_literal (&chat->w, "\n\n");
}

static gboolean
put_content (Chat *chat, Message *message, GError **error)
{
  const json_t *content = json_object_get (message->json, "content");
  size_t        i;
  json_t       *part;

  if (content == NULL || json_is_null (content))
    return TRUE;
  if (json_is_string (content)) {
    message->has_content = put_content_text (chat, message, content);
    return TRUE;
  }
  if (!json_is_array (content)) {
    /* A revision without tool messages prints of other results nothing. */
    return g_str_equal (message->role, "tool") ||
           fail (error, message->index, "has content that is neither text nor a list of parts");
  }
  json_array_foreach (content, i, part)
  {
    const json_t  *text = part_text (part);
    GemSegmentKind kind;

    if (text != NULL) {
      message->has_content |= put_content_text (chat, message, text);
    } else if (media_kind (part, &kind)) {
      put_media (chat, kind);
      message->has_content = TRUE;
      if (chat->revision->media_ends_exchange)
        chat->pending = PENDING_NOTHING;
    } else {
      return unknown_part (error, message->index, part);
    }
  }
  return TRUE;
}

/* ---- reasoning ------------------------------------------------------------------------------- */

static void
put_empty_thought (Chat *chat)
{
  gem_prompt_put_special (&chat->w, "<|channel>");
  gem_prompt_put_literal (&chat->w, "thought\n");
  gem_prompt_put_special (&chat->w, "<channel|>");
}

/* The message's reasoning in *@reasoning, NULL if it has none. */
static gboolean
get_reasoning (const Message *message, const json_t **reasoning, GError **error)
{
  const json_t *first = json_object_get (message->json, "reasoning");
  const json_t *value =
      gem_json_is_true (first) ? first : json_object_get (message->json, "reasoning_content");

  *reasoning = gem_json_is_true (value) ? value : NULL;
  return *reasoning == NULL || json_is_string (*reasoning) ||
         fail (error, message->index, "has reasoning that is not text");
}

static gboolean
shows_reasoning (const Chat *chat, const Message *message)
{
  gboolean current = !chat->has_user || message->index > chat->last_user;
  gboolean calls = gem_json_is_true (json_object_get (message->json, "tool_calls"));

  switch (chat->revision->reasoning) {
  case GEM_REASONING_NEVER:
    return FALSE;
  case GEM_REASONING_CALLS:
    return current && calls;
  case GEM_REASONING_CURRENT:
    return current || (chat->preserve_thinking && calls);
  case GEM_REASONING_CURRENT_OR_ALL:
    return current || chat->preserve_thinking;
  }
  return FALSE;
}

static void
put_reasoning (Chat *chat, const json_t *reasoning)
{
  gem_prompt_put_special (&chat->w, "<|channel>");
  gem_prompt_put_literal (&chat->w, "thought\n");
  gem_prompt_put_text (&chat->w, json_string_value (reasoning), json_string_length (reasoning));
  gem_prompt_put_literal (&chat->w, "\n");
  gem_prompt_put_special (&chat->w, "<channel|>");
}

/* ---- calls and results ----------------------------------------------------------------------- */

/* Arguments as one JSON string, which is how they travel over the wire. */
static gboolean
put_argument_string (Chat *chat, guint index, const json_t *string, GError **error)
{
  json_t     *arguments;
  const char *fault = NULL;

  if (!chat->revision->strict_arguments) {
    gem_prompt_put_text (&chat->w, json_string_value (string), json_string_length (string));
    return TRUE;
  }
  arguments = gem_json_loads (json_string_value (string), json_string_length (string), NULL);
  if (!json_is_object (arguments))
    fault = "has a tool call whose arguments are not a JSON object";
  else if ((fault = gem_chat_find_fault (arguments)) == NULL)
    gem_chat_put_members (&chat->w, arguments);
  json_decref (arguments);
  return fault == NULL || fail (error, index, fault);
}

static gboolean
put_call (Chat *chat, const Message *message, const json_t *call, GError **error)
{
  const json_t *function = json_object_get (call, "function");
  const json_t *name = json_object_get (function, "name");
  const json_t *arguments = json_object_get (function, "arguments");

  if (!json_is_string (name))
    return fail (error, message->index, "has a tool call without a function name");
  gem_prompt_put_special (&chat->w, "<|tool_call>");
  gem_prompt_put_literal (&chat->w, "call:");
  gem_prompt_put_text (&chat->w, json_string_value (name), json_string_length (name));
  gem_prompt_put_literal (&chat->w, "{");
  if (json_is_object (arguments))
    gem_chat_put_members (&chat->w, arguments);
  else if (json_is_string (arguments) &&
           !put_argument_string (chat, message->index, arguments, error))
    return FALSE;
  else if (arguments != NULL && !json_is_null (arguments) && !json_is_string (arguments))
    return fail (error, message->index, "has a tool call whose arguments are not an object");
  gem_prompt_put_literal (&chat->w, "}");
  gem_prompt_put_special (&chat->w, "<tool_call|>");
  return TRUE;
}

static gboolean
put_calls (Chat *chat, const Message *message, GError **error)
{
  const json_t *calls = json_object_get (message->json, "tool_calls");
  size_t        i;
  json_t       *call;

  if (!gem_json_is_true (calls))
    return TRUE;
  if (!json_is_array (calls))
    return fail (error, message->index, "has “tool_calls” that are not a list");
  json_array_foreach (calls, i, call)
  {
    if (!put_call (chat, message, call, error))
      return FALSE;
  }
  chat->pending = PENDING_CALL;
  return TRUE;
}

/* <|tool_response>response:NAME{…}<tool_response|> */
static void
put_response (Chat *chat, const char *name, const json_t *value)
{
  gem_prompt_put_special (&chat->w, "<|tool_response>");
  gem_prompt_put_literal (&chat->w, "response:");
  gem_prompt_put_literal (&chat->w, name);
  gem_prompt_put_literal (&chat->w, "{");
  if (json_is_object (value)) {
    gem_chat_put_members (&chat->w, value);
  } else {
    gem_prompt_put_literal (&chat->w, "value:");
    gem_chat_put_value (&chat->w, value);
  }
  gem_prompt_put_literal (&chat->w, "}");
  gem_prompt_put_special (&chat->w, "<tool_response|>");
}

/* A result in parts: the texts run together, the media come after it. */
static void
put_response_parts (Chat *chat, const char *name, const json_t *parts)
{
  g_autoptr (GString) text = g_string_new (NULL);
  json_t        *joined, *part;
  size_t         i;
  GemSegmentKind kind;

  json_array_foreach (parts, i, part)
  {
    const json_t *string = part_text (part);

    if (string != NULL)
      g_string_append (text, json_string_value (string));
  }
  joined = json_stringn_nocheck (text->str, text->len);
  put_response (chat, name, joined);
  json_decref (joined);

  json_array_foreach (parts, i, part)
  {
    if (chat->revision->results == GEM_RESULTS_WITH_MEDIA && media_kind (part, &kind))
      put_media (chat, kind);
  }
}

/* What a call and its result have in common; NULL and null are one key. */
static char *
id_key (const json_t *id)
{
  return id == NULL || json_is_null (id) ? g_strdup ("null") : gem_json_dumps (id);
}

/* Call id → function name.  Of calls with the same id the last counts. */
static GHashTable *
index_calls (const json_t *calls)
{
  GHashTable *names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  size_t      i;
  json_t     *call;

  json_array_foreach (calls, i, call)
  {
    const char *name =
        json_string_value (json_object_get (json_object_get (call, "function"), "name"));

    g_hash_table_insert (names, id_key (json_object_get (call, "id")), (gpointer)name);
  }
  return names;
}

static gboolean
put_tool_message (Chat *chat, GHashTable *names, guint index, GError **error)
{
  const json_t    *message = json_array_get (chat->messages, index);
  const json_t    *content = json_object_get (message, "content");
  g_autofree char *key = id_key (json_object_get (message, "tool_call_id"));
  const char      *name = g_hash_table_lookup (names, key);
  json_t          *nothing = json_null ();
  size_t           i;
  json_t          *part;
  GemSegmentKind   kind;

  if (name == NULL)
    name = json_string_value (json_object_get (message, "name"));
  if (name == NULL || *name == '\0')
    name = "unknown";

  json_array_foreach (content, i, part)
  {
    if (part_text (part) == NULL && !media_kind (part, &kind))
      return unknown_part (error, index, part);
  }
  if (json_is_array (content))
    put_response_parts (chat, name, content);
  else
    put_response (chat, name, content != NULL ? content : nothing);
  return TRUE;
}

/* The tool messages right behind the calls of @message. */
static gboolean
put_tool_messages (Chat *chat, Message *message, GError **error)
{
  const json_t *calls = json_object_get (message->json, "tool_calls");
  guint         n = (guint)json_array_size (chat->messages);
  g_autoptr (GHashTable) names = NULL;

  if (chat->revision->results == GEM_RESULTS_TURNS || !gem_json_is_true (calls))
    return TRUE;
  names = index_calls (calls);
  for (guint i = message->index + 1; i < n && g_str_equal (get_role (chat, i), "tool"); i++) {
    if (!put_tool_message (chat, names, i, error))
      return FALSE;
    message->responded = TRUE;
  }
  return TRUE;
}

/* Results: those that the message itself carries, else the tool messages behind it. */
static gboolean
put_responses (Chat *chat, Message *message, GError **error)
{
  const json_t *responses = json_object_get (message->json, "tool_responses");
  size_t        i;
  json_t       *response;

  if (gem_json_is_true (responses)) {
    if (!json_is_array (responses))
      return fail (error, message->index, "has “tool_responses” that are not a list");
    json_array_foreach (responses, i, response)
    {
      const char   *name = json_string_value (json_object_get (response, "name"));
      const json_t *value = json_object_get (response, "response");

      if (value == NULL)
        return fail (error, message->index, "has a tool response without a response");
      put_response (chat, name != NULL && *name != '\0' ? name : "unknown", value);
    }
    message->responded = TRUE;
  } else if (!put_tool_messages (chat, message, error)) {
    return FALSE;
  }
  if (message->responded)
    chat->pending = PENDING_RESPONSE;
  return TRUE;
}

/* ---- turns ----------------------------------------------------------------------------------- */

/* The role of the rendered message @offset turns away, NULL if there is none. */
static const char *
neighbour_role (const Chat *chat, const Message *message, int offset)
{
  int turn = (int)message->turn + offset;

  return turn < 0 || turn >= (int)chat->turns->len
             ? NULL
             : get_role (chat, g_array_index (chat->turns, guint, turn));
}

static void
open_turn (Chat *chat, const Message *message, gboolean has_reasoning)
{
  if (message->continues)
    return;
  gem_prompt_put_special (&chat->w, "<|turn>");
  gem_prompt_put_literal (&chat->w, message->is_model ? "model" : message->role);
  gem_prompt_put_literal (&chat->w, "\n");
  if (chat->revision->empty_thought_history && message->is_model && !chat->thinking &&
      !has_reasoning)
    put_empty_thought (chat);
}

/* Whether the turn stays open for the assistant message that follows. */
static gboolean
continues_into_next (const Chat *chat, const Message *message)
{
  GemJoin join = chat->revision->join;

  if (join != GEM_JOIN_NOTHING && join != GEM_JOIN_NEWLINE)
    return FALSE;
  return message->is_model && g_strcmp0 (neighbour_role (chat, message, 1), "assistant") == 0 &&
         (!gem_json_is_true (json_object_get (message->json, "tool_calls")) || message->responded);
}

/* Whether the turn ends in results that the model is still to answer. */
static gboolean
ends_in_responses (const Chat *chat, const Message *message)
{
  if (chat->revision->results == GEM_RESULTS_TURNS)
    return message->responded && !gem_json_is_true (json_object_get (message->json, "content"));
  if (message->has_content || !message->responded)
    return FALSE;
  return !chat->revision->close_before_next || neighbour_role (chat, message, 1) == NULL;
}

static void
close_turn (Chat *chat, const Message *message)
{
  if (chat->revision->pending_mark && chat->pending == PENDING_CALL) {
    gem_prompt_put_special (&chat->w, "<|tool_response>");
  } else if (continues_into_next (chat, message)) {
    if (chat->revision->join == GEM_JOIN_NEWLINE)
      gem_prompt_put_literal (&chat->w, "\n");
  } else if (!ends_in_responses (chat, message)) {
    gem_prompt_put_special (&chat->w, "<turn|>");
    gem_prompt_put_literal (&chat->w, "\n");
  }
}

static gboolean
put_message (Chat *chat, guint turn, GError **error)
{
  guint   index = g_array_index (chat->turns, guint, turn);
  Message message = {.json = json_array_get (chat->messages, index), .index = index, .turn = turn};
  const json_t *reasoning;

  message.role = get_role (chat, index);
  message.is_model = g_str_equal (message.role, "assistant");
  message.continues = chat->revision->join != GEM_JOIN_NEW_TURN && message.is_model &&
                      g_strcmp0 (neighbour_role (chat, &message, -1), "assistant") == 0;
  chat->pending = PENDING_NOTHING;

  if (!get_reasoning (&message, &reasoning, error))
    return FALSE;
  open_turn (chat, &message, reasoning != NULL);
  if (reasoning != NULL && shows_reasoning (chat, &message))
    put_reasoning (chat, reasoning);
  if (!put_calls (chat, &message, error) || !put_responses (chat, &message, error) ||
      !put_content (chat, &message, error))
    return FALSE;
  if (!chat->continue_final || turn + 1 < chat->turns->len)
    close_turn (chat, &message);
  return TRUE;
}

/* ---- the system turn ------------------------------------------------------------------------- */

static gboolean
has_system_message (const Chat *chat)
{
  const char *role = get_role (chat, 0);

  return g_str_equal (role, "system") || g_str_equal (role, "developer");
}

static gboolean
put_system_text (Chat *chat, GError **error)
{
  const json_t *content = json_object_get (json_array_get (chat->messages, 0), "content");
  size_t        i;
  json_t       *part;

  if (json_is_string (content) || !chat->revision->system_parts) {
    g_autoptr (GString) text = g_string_new (NULL);

    gem_json_append_str (text, content);
    put_trimmed (chat, text->str, text->len);
    return TRUE;
  }
  if (content != NULL && !json_is_null (content) && !json_is_array (content))
    return fail (error, 0, "has content that is neither text nor a list of parts");
  json_array_foreach (content, i, part)
  {
    const json_t *text = part_text (part);

    if (text == NULL)
      return fail (error, 0, "is a system message with a part that is not text");
    put_trimmed (chat, json_string_value (text), json_string_length (text));
    gem_prompt_put_literal (&chat->w, " ");
  }
  return TRUE;
}

static gboolean
put_tools (Chat *chat, const json_t *tools, GError **error)
{
  size_t  i;
  json_t *tool;

  json_array_foreach (tools, i, tool)
  {
    if (!gem_chat_put_declaration (&chat->w, tool, error)) {
      g_prefix_error (error, "Tool %u ", (guint)i + 1);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
put_system_turn (Chat *chat, const json_t *tools, GError **error)
{
  if (!chat->thinking && !gem_json_is_true (tools) && !has_system_message (chat))
    return TRUE;
  gem_prompt_put_special (&chat->w, "<|turn>");
  gem_prompt_put_literal (&chat->w, "system\n");
  if (chat->thinking) {
    gem_prompt_put_special (&chat->w, "<|think|>");
    if (chat->revision->think_newline)
      gem_prompt_put_literal (&chat->w, "\n");
  }
  if (has_system_message (chat) && !put_system_text (chat, error))
    return FALSE;
  if (!put_tools (chat, tools, error))
    return FALSE;
  gem_prompt_put_special (&chat->w, "<turn|>");
  gem_prompt_put_literal (&chat->w, "\n");
  return TRUE;
}

/* What makes the model write its turn, or go on with it. */
static void
put_generation_prompt (Chat *chat)
{
  gboolean waits = chat->pending == PENDING_RESPONSE ||
                   (chat->pending == PENDING_CALL && chat->revision->pending_mark);

  if (!waits) {
    gem_prompt_put_special (&chat->w, "<|turn>");
    gem_prompt_put_literal (&chat->w, "model\n");
    if (chat->revision->empty_thought_prompt && !chat->thinking)
      put_empty_thought (chat);
  } else if (chat->pending == PENDING_RESPONSE && chat->thinking &&
             chat->revision->reopen_thought) {
    gem_prompt_put_special (&chat->w, "<|channel>");
    gem_prompt_put_literal (&chat->w, "thought\n");
    chat->w.prompt->starts_in_thought = TRUE;
  }
}

/* ---- the request ----------------------------------------------------------------------------- */

static gboolean
get_flag (const json_t *request, const char *name)
{
  return json_is_true (json_object_get (request, name));
}

/* Which messages are rendered in their own right, and where the last user message is. */
static void
plan_turns (Chat *chat)
{
  guint n = (guint)json_array_size (chat->messages);

  for (guint i = has_system_message (chat) ? 1 : 0; i < n; i++) {
    const char *role = get_role (chat, i);

    if (g_str_equal (role, "user")) {
      chat->has_user = TRUE;
      chat->last_user = i;
    }
    if (chat->revision->results == GEM_RESULTS_TURNS || !g_str_equal (role, "tool"))
      g_array_append_val (chat->turns, i);
  }
}

static gboolean
render (Chat *chat, const json_t *request, GError **error)
{
  if (!gem_chat_check_request (request, error))
    return FALSE;
  plan_turns (chat);
  gem_prompt_put_special (&chat->w, "<bos>");
  if (!put_system_turn (chat, json_object_get (request, "tools"), error))
    return FALSE;
  for (guint turn = 0; turn < chat->turns->len; turn++)
    if (!put_message (chat, turn, error))
      return FALSE;
  if (get_flag (request, "add_generation_prompt"))
    put_generation_prompt (chat);
  return TRUE;
}

GemPrompt *
gem_chat_render (const json_t *request, GemTemplate revision, GError **error)
{
  Chat       chat = {.revision = gem_revision_get (revision),
                     .messages = json_object_get (request, "messages"),
                     .thinking = get_flag (request, "enable_thinking"),
                     .preserve_thinking = get_flag (request, "preserve_thinking"),
                     .continue_final = get_flag (request, "continue_final_message")};
  GemPrompt *prompt = NULL;

  chat.turns = g_array_new (FALSE, FALSE, sizeof (guint));
  gem_prompt_writer_init (&chat.w, chat.revision);
  if (render (&chat, request, error))
    prompt = gem_prompt_writer_finish (&chat.w);
  gem_prompt_writer_clear (&chat.w);
  g_array_unref (chat.turns);
  return prompt;
}
