/* facet-prompt.c: the request in the engine's JSON form, rendered, tokenised, and cut to fit.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Engine thread.  Computes nothing with the model.  Pictures and videos stand before a message's
 * text and sounds behind it, as the model was trained. */
#define G_LOG_DOMAIN "facet-prompt"

#include "facet-prompt.h"

#include <jansson.h>
#include <string.h>

#include "engine/gem-json.h"

static const char *const role_names[] = {
    [FACET_ROLE_USER] = "user",
    [FACET_ROLE_ASSISTANT] = "assistant",
    [FACET_ROLE_SYSTEM] = "system",
    [FACET_ROLE_TOOL] = "tool",
};

static json_t *
text_to_json (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  return json_string_nocheck (valid);
}

/* A list that the store or a caller gave as text; NULL leaves it out. */
static json_t *
parse_list (const char *text)
{
  json_t *list = gem_json_loads (text, strlen (text), NULL);

  if (json_is_array (list))
    return list;
  json_decref (list);
  return NULL;
}

/* ---- attachments ---- */

/* What the media segments of a prompt stand for, filled while its messages are written. */
typedef struct {
  FacetPerception *perception;
  GPtrArray       *media;          /* of FacetMedia */
  GArray          *images, *audio; /* of guint */
  GArray          *videos;         /* of GemPromptVideo */
} Placed;

static void
put_part (json_t *content, const char *type)
{
  json_array_append_new (content, json_pack ("{s:s}", "type", type));
}

static void
put_medium (json_t *content, Placed *placed, FacetMedia *media)
{
  FacetPercept   percept = facet_perception_look_up (placed->perception, media);
  GemPromptVideo video = {.n_frames = percept.n_parts, .seconds = percept.seconds};

  if (percept.n_parts == 0)
    return;
  g_ptr_array_add (placed->media, media);
  if (percept.kind == FACET_MEDIA_VIDEO) {
    video.n_tokens = percept.n_tokens[0]; /* frames are all of one size */
    g_array_append_val (placed->videos, video);
    put_part (content, "video");
    return;
  }
  for (guint i = 0; i < percept.n_parts; i++) {
    gboolean sound = percept.kind == FACET_MEDIA_AUDIO;

    g_array_append_val (sound ? placed->audio : placed->images, percept.n_tokens[i]);
    put_part (content, sound ? "audio" : "image");
  }
}

static json_t *
content_to_json (const FacetRequestMessage *message, Placed *placed)
{
  GPtrArray *media = message->attachments;
  json_t    *content;

  if (media == NULL || media->len == 0)
    return text_to_json (message->text);
  content = json_array ();
  for (guint i = 0; i < media->len; i++)
    if (facet_media_get_kind (media->pdata[i]) != FACET_MEDIA_AUDIO)
      put_medium (content, placed, media->pdata[i]);
  if (*message->text != '\0')
    json_array_append_new (content, json_pack ("{s:s, s:o}", "type", "text", "text",
                                               text_to_json (message->text)));
  for (guint i = 0; i < media->len; i++)
    if (facet_media_get_kind (media->pdata[i]) == FACET_MEDIA_AUDIO)
      put_medium (content, placed, media->pdata[i]);
  return content;
}

/* ---- the request ---- */

static json_t *
message_to_json (const FacetRequestMessage *message, Placed *placed)
{
  json_t *json = json_object ();

  json_object_set_new (json, "role", json_string (role_names[message->role]));
  json_object_set_new (json, "content", content_to_json (message, placed));
  if (message->thinking != NULL)
    json_object_set_new (json, "reasoning", text_to_json (message->thinking));
  if (message->tool_calls_json != NULL)
    json_object_set_new (json, "tool_calls", parse_list (message->tool_calls_json));
  if (message->tool_call_id != NULL)
    json_object_set_new (json, "tool_call_id", text_to_json (message->tool_call_id));
  if (message->tool_name != NULL)
    json_object_set_new (json, "name", text_to_json (message->tool_name));
  return json;
}

static const FacetRequestMessage *
message_at (const FacetRequest *request, guint index)
{
  return g_ptr_array_index (request->messages, index);
}

/* Without the first @n_left_out messages, save system ones. */
static json_t *
request_to_json (const FacetRequest *request, gboolean thinking, guint n_left_out, Placed *placed)
{
  json_t  *json = json_object ();
  json_t  *messages = json_array ();
  guint    n = request->messages->len;
  gboolean goes_on = message_at (request, n - 1)->role == FACET_ROLE_ASSISTANT;

  if (request->system_text != NULL && *request->system_text != '\0') {
    json_t *system = json_object ();

    json_object_set_new (system, "role", json_string ("system"));
    json_object_set_new (system, "content", text_to_json (request->system_text));
    json_array_append_new (messages, system);
  }
  for (guint i = 0; i < n; i++) {
    const FacetRequestMessage *message = message_at (request, i);

    if (i >= n_left_out || message->role == FACET_ROLE_SYSTEM)
      json_array_append_new (messages, message_to_json (message, placed));
  }
  json_object_set_new (json, "messages", messages);
  if (request->tools_json != NULL)
    json_object_set_new (json, "tools", parse_list (request->tools_json));
  json_object_set_new (json, "enable_thinking", json_boolean (thinking));
  json_object_set_new (json, "add_generation_prompt", json_boolean (!goes_on));
  json_object_set_new (json, "continue_final_message", json_boolean (goes_on));
  return json;
}

static gboolean
render (FacetPrompt        *self,
        const FacetRequest *request,
        gboolean            thinking,
        guint               n_left_out,
        GemModel           *model,
        GError            **error)
{
  g_autoptr (GArray) images = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr (GArray) audio = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr (GArray) videos = g_array_new (FALSE, FALSE, sizeof (GemPromptVideo));
  Placed         placed = {self->perception, self->media, images, audio, videos};
  GemPromptMedia media = {images, audio, videos};
  json_t        *json;
  g_autoptr (GemPrompt) prompt = NULL;

  g_ptr_array_set_size (self->media, 0);
  json = request_to_json (request, thinking, n_left_out, &placed);

  gem_chat_unpack_arguments (json);
  prompt = gem_chat_render (json, gem_model_get_template (model), error);
  json_decref (json);
  if (prompt == NULL)
    return FALSE;
  g_array_set_size (self->ids, 0);
  self->starts_in_thought = prompt->starts_in_thought;
  return gem_prompt_tokenize (prompt, gem_model_get_tokenizer (model), &media, self->ids, error);
}

/* The numbers of messages that may be left out: each ends where a message of the person begins, so
 * that what is left begins with a question and no answer or tool's result stands alone. */
static GArray *
list_cuts (const FacetRequest *request)
{
  GArray *cuts = g_array_new (FALSE, FALSE, sizeof (guint));
  guint   newest = 0;

  for (guint i = 0; i < request->messages->len; i++)
    if (message_at (request, i)->role == FACET_ROLE_USER)
      newest = i;
  for (guint i = 1; i <= newest; i++)
    if (message_at (request, i)->role == FACET_ROLE_USER)
      g_array_append_val (cuts, i);
  return cuts;
}

/* Finds the fewest messages to leave out, and leaves @self rendered without them.  *@n_left_out 0:
 * nothing helps. */
static gboolean
find_cut (FacetPrompt        *self,
          const FacetRequest *request,
          gboolean            thinking,
          GemModel           *model,
          guint               available,
          guint              *n_left_out,
          GError            **error)
{
  g_autoptr (GArray) cuts = list_cuts (request);
  guint low = 0, high = cuts->len;

  *n_left_out = 0;
  while (low < high) {
    guint middle = low + (high - low) / 2;

    if (!render (self, request, thinking, g_array_index (cuts, guint, middle), model, error))
      return FALSE;
    if (self->ids->len <= available)
      high = middle;
    else
      low = middle + 1;
  }
  if (low == cuts->len)
    return TRUE;
  *n_left_out = g_array_index (cuts, guint, low);
  return render (self, request, thinking, *n_left_out, model, error);
}

gboolean
facet_prompt_init (FacetPrompt        *self,
                   const FacetRequest *request,
                   gboolean            thinking,
                   GemModel           *model,
                   FacetPerception    *perception,
                   guint               context_size,
                   GError            **error)
{
  guint room = MIN (FACET_PROMPT_ROOM, context_size / 8);
  guint n_left_out;

  *self = (FacetPrompt){.ids = g_array_new (FALSE, FALSE, sizeof (gint32)),
                        .media = g_ptr_array_new (),
                        .perception = perception,
                        .fits = TRUE};
  if (!render (self, request, thinking, 0, model, error))
    return FALSE;
  if (request->max_tokens > 0)
    room = MIN (room, request->max_tokens);
  if (self->ids->len <= context_size - room)
    return TRUE;
  self->overflow.needed = self->ids->len + room;
  self->overflow.available = context_size;
  if (!find_cut (self, request, thinking, model, context_size - room, &n_left_out, error))
    return FALSE;
  self->overflow.n_messages = n_left_out;
  self->fits = request->drop_oldest && n_left_out > 0;
  return TRUE;
}

void
facet_prompt_clear (FacetPrompt *self)
{
  g_clear_pointer (&self->ids, g_array_unref);
  g_clear_pointer (&self->media, g_ptr_array_unref);
}
