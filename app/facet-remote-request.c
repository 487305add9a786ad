/* facet-remote-request.c: messages, what is attached to them, and the options, as JSON.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any thread.  Pictures and videos stand before a message's text and sounds behind it, as in a
 * prompt (facet-prompt.c).  The encoding is the same every time, so that a server that keeps what
 * it read finds it again. */
#define G_LOG_DOMAIN "facet-remote"

#include "config.h"

#include "facet-remote-request.h"

#include "facet-clip-file.h"

#include <glib/gi18n-lib.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

/* What a picture is made smaller to: four times what the model sees at its highest detail; and a
 * frame of a video, which is looked at briefly. */
#define MAX_PIXELS       (4 << 20)
#define MAX_FRAME_PIXELS (1 << 19)
/* What a picture takes of the context unless the server is told. */
#define USUAL_BUDGET FACET_MEDIA_DETAIL

/* For the model. */
static const char go_on[] = "Go on exactly where your last answer stopped, without repeating "
                            "anything of it and without any preface.";

static const char *const role_names[] = {
    [FACET_ROLE_USER] = "user",
    [FACET_ROLE_ASSISTANT] = "assistant",
    [FACET_ROLE_SYSTEM] = "system",
    [FACET_ROLE_TOOL] = "tool",
};

/* One call of facet_remote_request_build (). */
typedef struct {
  const FacetRequest     *request;
  const FacetRemoteShape *shape;
  FacetRemoteForms        used;
  GCancellable           *cancellable;
  gsize                   n_media;
  guint                   budget; /* the largest that a picture asks for; 0: there is none */
} Build;

/* Kinds of servers */

static const struct {
  const char      *owner, *name;
  FacetRemoteForms forms;
} kinds[] = {
    [FACET_SERVER_OTHER] = {NULL, NULL,
                            FACET_REMOTE_TEMPLATE | FACET_REMOTE_BUDGET | FACET_REMOTE_USAGE |
                                FACET_REMOTE_AUDIO_URL | FACET_REMOTE_CONTINUE |
                                FACET_REMOTE_SAMPLING | FACET_REMOTE_THOUGHTS},
    [FACET_SERVER_VLLM] = {"vllm", "vLLM",
                           FACET_REMOTE_TEMPLATE | FACET_REMOTE_BUDGET | FACET_REMOTE_USAGE |
                               FACET_REMOTE_AUDIO_URL | FACET_REMOTE_CONTINUE |
                               FACET_REMOTE_SAMPLING | FACET_REMOTE_THOUGHTS},
    [FACET_SERVER_LLAMA_CPP] = {"llamacpp", "llama.cpp",
                                FACET_REMOTE_TEMPLATE | FACET_REMOTE_USAGE | FACET_REMOTE_PREFILL |
                                    FACET_REMOTE_SAMPLING | FACET_REMOTE_THOUGHTS},
    [FACET_SERVER_SGLANG] = {"sglang", "SGLang",
                             FACET_REMOTE_TEMPLATE | FACET_REMOTE_USAGE | FACET_REMOTE_AUDIO_URL |
                                 FACET_REMOTE_CONTINUE | FACET_REMOTE_SAMPLING |
                                 FACET_REMOTE_THOUGHTS},
    [FACET_SERVER_OLLAMA] = {"library", "Ollama", FACET_REMOTE_EFFORT | FACET_REMOTE_USAGE},
    [FACET_SERVER_LM_STUDIO] = {"organization_owner", "LM Studio",
                                FACET_REMOTE_USAGE | FACET_REMOTE_SAMPLING},
};

FacetServerKind
facet_server_kind_from_owner (const char *owner)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (kinds[i].owner != NULL && g_strcmp0 (kinds[i].owner, owner) == 0)
      return (FacetServerKind)i;
  return FACET_SERVER_OTHER;
}

FacetRemoteForms
facet_server_kind_get_forms (FacetServerKind kind)
{
  return kinds[kind].forms;
}

const char *
facet_server_kind_get_name (FacetServerKind kind)
{
  return kinds[kind].name;
}

/* What a refusal is about */

static const struct {
  FacetRemoteForms form;
  const char      *words[4];
} refusals[] = {
    {FACET_REMOTE_AUDIO_URL, {"audio_url", "input_audio"}},
    {FACET_REMOTE_CONTINUE, {"continue_final_message", "add_generation_prompt"}},
    {FACET_REMOTE_BUDGET, {"mm_processor_kwargs", "max_soft_tokens"}},
    {FACET_REMOTE_TEMPLATE, {"chat_template_kwargs", "enable_thinking", "chat template kwargs"}},
    {FACET_REMOTE_EFFORT, {"reasoning_effort", "does not support thinking", "think value"}},
    {FACET_REMOTE_THOUGHTS, {"reasoning_content", "reasoning"}},
    {FACET_REMOTE_SAMPLING, {"top_k", "min_p", "repetition_penalty"}},
    {FACET_REMOTE_USAGE, {"stream_options", "include_usage"}},
};

FacetRemoteForms
facet_remote_forms_to_drop (FacetRemoteForms used, const char *words, gboolean *named)
{
  FacetRemoteForms found = 0;

  for (gsize i = 0; words != NULL && i < G_N_ELEMENTS (refusals); i++) {
    for (gsize k = 0; k < G_N_ELEMENTS (refusals[i].words) && refusals[i].words[k] != NULL; k++)
      if (strstr (words, refusals[i].words[k]) != NULL)
        found |= used & refusals[i].form;
  }
  *named = found != 0;
  for (gsize i = 0; found == 0 && i < G_N_ELEMENTS (refusals); i++)
    found = used & refusals[i].form;
  return found;
}

/* Media */

static json_t *
text_to_json (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  return json_string_nocheck (valid);
}

static json_t *
text_part (const char *text)
{
  return json_pack ("{s:s, s:o}", "type", "text", "text", text_to_json (text));
}

/* {"type": @type, @type: {"url": "data:…"}} */
static json_t *
url_part (Build *b, const char *type, const char *media_type, const guint8 *bytes, gsize n_bytes)
{
  g_autofree char *text = g_base64_encode (bytes, n_bytes);
  g_autofree char *url = g_strconcat ("data:", media_type, ";base64,", text, NULL);

  b->n_media += strlen (url);
  return json_pack ("{s:s, s:{s:s}}", "type", type, type, "url", url);
}

static gboolean
check_media (Build *b, GError **error)
{
  if (g_cancellable_set_error_if_cancelled (b->cancellable, error))
    return FALSE;
  if (b->n_media <= FACET_REMOTE_MAX_MEDIA)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                       _ ("The pictures and sounds of this conversation are more than can be sent "
                          "to a server at once.  Begin a new conversation with fewer of them."));
  return FALSE;
}

static GdkPixbuf *
dup_pixels (const FacetPicture *picture, guint64 max_pixels)
{
  g_autoptr (GdkPixbuf) whole =
      gdk_pixbuf_new_from_data (picture->pixels, GDK_COLORSPACE_RGB, FALSE, 8, (int)picture->width,
                                (int)picture->height, (int)picture->rowstride, NULL, NULL);
  double scale = sqrt ((double)max_pixels / ((double)picture->width * picture->height));

  if (scale >= 1)
    return g_steal_pointer (&whole);
  return gdk_pixbuf_scale_simple (whole, MAX (1, (int)(picture->width * scale)),
                                  MAX (1, (int)(picture->height * scale)), GDK_INTERP_BILINEAR);
}

/* What was lossless stays it. */
static gboolean
add_picture (Build              *b,
             json_t             *content,
             const FacetPicture *picture,
             guint64             max_pixels,
             GError            **error)
{
  g_autoptr (GdkPixbuf) pixels = dup_pixels (picture, max_pixels);
  g_autofree char *bytes = NULL;
  gboolean jpeg = max_pixels == MAX_FRAME_PIXELS || g_str_equal (picture->media_type, "image/jpeg");
  gsize    n_bytes;

  if (pixels == NULL) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                         _ ("There is not enough memory to send a picture."));
    return FALSE;
  }
  if (jpeg ? !gdk_pixbuf_save_to_buffer (pixels, &bytes, &n_bytes, "jpeg", error, "quality", "92",
                                         NULL)
           : !gdk_pixbuf_save_to_buffer (pixels, &bytes, &n_bytes, "png", error, NULL))
    return FALSE;
  json_array_append_new (content, url_part (b, "image_url", jpeg ? "image/jpeg" : "image/png",
                                            (const guint8 *)bytes, n_bytes));
  return check_media (b, error);
}

/* 16-bit mono at 16 kHz. */
static guint8 *
make_wav (const float *samples, gsize n_samples, gsize *n_bytes)
{
  guint8 *bytes = g_malloc (FACET_CLIP_HEADER + 2 * n_samples);

  facet_clip_file_fill_header (bytes, (guint32)(2 * n_samples));
  for (gsize i = 0; i < n_samples; i++) {
    gint16 value = GINT16_TO_LE ((gint16)lrintf (CLAMP (samples[i], -1.f, 1.f) * 32767.f));

    memcpy (bytes + FACET_CLIP_HEADER + 2 * i, &value, 2);
  }
  *n_bytes = FACET_CLIP_HEADER + 2 * n_samples;
  return bytes;
}

static gboolean
add_sound (Build *b, json_t *content, FacetMedia *media, GError **error)
{
  g_autoptr (FacetSound) sound = facet_media_load_sound (media, b->cancellable, error);

  if (sound == NULL)
    return FALSE;
  for (guint i = 0; i < sound->n_clips; i++) {
    gsize              n_samples, n_bytes;
    const float       *samples = facet_sound_get_clip (sound, i, &n_samples);
    g_autofree guint8 *bytes = make_wav (samples, n_samples, &n_bytes);

    if ((b->shape->forms & FACET_REMOTE_AUDIO_URL) != 0) {
      json_array_append_new (content, url_part (b, "audio_url", "audio/wav", bytes, n_bytes));
      b->used |= FACET_REMOTE_AUDIO_URL;
    } else {
      g_autofree char *text = g_base64_encode (bytes, n_bytes);

      b->n_media += strlen (text);
      json_array_append_new (content, json_pack ("{s:s, s:{s:s, s:s}}", "type", "input_audio",
                                                 "input_audio", "data", text, "format", "wav"));
    }
    if (!check_media (b, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
add_video (Build *b, json_t *content, FacetMedia *media, GError **error)
{
  g_autoptr (FacetVideo) video = facet_media_load_video (media, b->cancellable, error);

  if (video == NULL)
    return FALSE;
  for (guint i = 0; i < video->frames->len; i++) {
    const FacetVideoFrame *frame = g_ptr_array_index (video->frames, i);
    guint                  seconds = (guint)frame->seconds;
    g_autofree char       *time = g_strdup_printf ("%02u:%02u", seconds / 60, seconds % 60);

    json_array_append_new (content, text_part (time));
    if (!add_picture (b, content, frame->picture, MAX_FRAME_PIXELS, error))
      return FALSE;
  }
  b->budget = MAX (b->budget, FACET_MEDIA_VIDEO_DETAIL);
  return TRUE;
}

static gboolean
add_medium (Build *b, json_t *content, FacetMedia *media, GError **error)
{
  g_autoptr (FacetPicture) picture = NULL;

  switch (facet_media_get_kind (media)) {
  case FACET_MEDIA_AUDIO:
    return add_sound (b, content, media, error);
  case FACET_MEDIA_VIDEO:
    return add_video (b, content, media, error);
  case FACET_MEDIA_IMAGE:
    break;
  }
  picture = facet_media_load_picture (media, b->cancellable, error);
  b->budget = MAX (b->budget, facet_media_get_detail (media));
  return picture != NULL && add_picture (b, content, picture, MAX_PIXELS, error);
}

static gboolean
add_media (Build *b, json_t *content, GPtrArray *attachments, gboolean sounds, GError **error)
{
  for (guint i = 0; i < attachments->len; i++) {
    FacetMedia *media = g_ptr_array_index (attachments, i);

    if ((facet_media_get_kind (media) == FACET_MEDIA_AUDIO) == sounds &&
        !facet_media_is_missing (media) && !add_medium (b, content, media, error))
      return FALSE;
  }
  return TRUE;
}

/* Messages */

/* NULL: an error. */
static json_t *
make_content (Build *b, const FacetRequestMessage *message, GError **error)
{
  GPtrArray *attachments = message->attachments;
  json_t    *content;

  if (attachments == NULL || attachments->len == 0)
    return text_to_json (message->text);
  content = json_array ();
  if (!add_media (b, content, attachments, FALSE, error)) {
    json_decref (content);
    return NULL;
  }
  if (*message->text != '\0')
    json_array_append_new (content, text_part (message->text));
  if (!add_media (b, content, attachments, TRUE, error)) {
    json_decref (content);
    return NULL;
  }
  return content;
}

static void
add_calls (json_t *json, const FacetRequestMessage *message)
{
  json_t *calls =
      message->tool_calls_json != NULL ? json_loads (message->tool_calls_json, 0, NULL) : NULL;

  if (json_array_size (calls) > 0)
    json_object_set (json, "tool_calls", calls);
  json_decref (calls);
  if (message->tool_call_id != NULL)
    json_object_set_new (json, "tool_call_id", text_to_json (message->tool_call_id));
  if (message->role == FACET_ROLE_TOOL && message->tool_name != NULL)
    json_object_set_new (json, "name", text_to_json (message->tool_name));
}

/* Servers call it by either name. */
static void
add_thought (Build *b, json_t *json, const FacetRequestMessage *message)
{
  if (message->thinking == NULL || (b->shape->forms & FACET_REMOTE_THOUGHTS) == 0)
    return;
  json_object_set_new (json, "reasoning", text_to_json (message->thinking));
  json_object_set_new (json, "reasoning_content", text_to_json (message->thinking));
  b->used |= FACET_REMOTE_THOUGHTS;
}

static gboolean
add_message (Build                     *b,
             json_t                    *messages,
             const FacetRequestMessage *message,
             gboolean                   is_recent,
             GError                   **error)
{
  json_t *content = make_content (b, message, error);
  json_t *json;

  if (content == NULL)
    return FALSE;
  json = json_pack ("{s:s, s:o}", "role", role_names[message->role], "content", content);
  add_calls (json, message);
  if (is_recent)
    add_thought (b, json, message);
  json_array_append_new (messages, json);
  return TRUE;
}

static const FacetRequestMessage *
message_at (const FacetRequest *request, guint index)
{
  return g_ptr_array_index (request->messages, index);
}

/* The first message behind the last question, whose thoughts still matter. */
static guint
find_recent (const FacetRequest *request)
{
  guint i = request->messages->len;

  while (i > 0 && message_at (request, i - 1)->role != FACET_ROLE_USER)
    i--;
  return i;
}

static json_t *
make_messages (Build *b, GError **error)
{
  const FacetRequest *request = b->request;
  guint               n = request->messages->len;
  guint               recent = find_recent (request);
  guint               left_out = 0;
  json_t             *messages = json_array ();

  if (request->system_text != NULL && *request->system_text != '\0')
    json_array_append_new (messages, json_pack ("{s:s, s:o}", "role", "system", "content",
                                                text_to_json (request->system_text)));
  for (guint i = 0; i < n; i++) {
    const FacetRequestMessage *message = message_at (request, i);

    if (message->role != FACET_ROLE_SYSTEM && left_out < b->shape->n_left_out) {
      left_out++;
      continue;
    }
    if (!add_message (b, messages, message, i >= recent, error)) {
      json_decref (messages);
      return NULL;
    }
  }
  return messages;
}

/* How an answer that stands at the end is gone on with. */
static void
add_going_on (Build *b, json_t *body, json_t *messages)
{
  if (message_at (b->request, b->request->messages->len - 1)->role != FACET_ROLE_ASSISTANT)
    return;
  if ((b->shape->forms & FACET_REMOTE_CONTINUE) != 0) {
    json_object_set_new (body, "continue_final_message", json_true ());
    json_object_set_new (body, "add_generation_prompt", json_false ());
    b->used |= FACET_REMOTE_CONTINUE;
  } else if ((b->shape->forms & FACET_REMOTE_PREFILL) == 0) {
    json_array_append_new (messages, json_pack ("{s:s, s:s}", "role", "user", "content", go_on));
  }
}

/* Options */

static void
add_sampling (Build *b, json_t *body)
{
  const FacetRequest *request = b->request;

  if (request->max_tokens > 0)
    json_object_set_new (body, "max_tokens", json_integer (request->max_tokens));
  if (request->temperature >= 0)
    json_object_set_new (body, "temperature", json_real (request->temperature));
  if (request->top_p >= 0)
    json_object_set_new (body, "top_p", json_real (request->top_p));
  if (request->seed > 0)
    json_object_set_new (body, "seed", json_integer ((json_int_t)(request->seed & G_MAXINT64)));
  if ((b->shape->forms & FACET_REMOTE_SAMPLING) == 0)
    return;
  if (request->top_k >= 0) /* 0: no limit, which servers write as −1 */
    json_object_set_new (body, "top_k", json_integer (request->top_k > 0 ? request->top_k : -1));
  if (request->min_p >= 0)
    json_object_set_new (body, "min_p", json_real (request->min_p));
  if (request->repetition_penalty >= 0)
    json_object_set_new (body, "repetition_penalty", json_real (request->repetition_penalty));
  if (request->top_k >= 0 || request->min_p >= 0 || request->repetition_penalty >= 0)
    b->used |= FACET_REMOTE_SAMPLING;
}

static void
add_thinking (Build *b, json_t *body)
{
  FacetRemoteForms forms = b->shape->forms;

  if ((forms & FACET_REMOTE_TEMPLATE) != 0)
    json_object_set_new (body, "chat_template_kwargs",
                         json_pack ("{s:b}", "enable_thinking", b->shape->thinking));
  else if ((forms & FACET_REMOTE_EFFORT) != 0)
    json_object_set_new (body, "reasoning_effort",
                         json_string (b->shape->thinking ? "medium" : "none"));
  b->used |=
      (forms & FACET_REMOTE_TEMPLATE) != 0 ? FACET_REMOTE_TEMPLATE : (forms & FACET_REMOTE_EFFORT);
}

static void
add_tools (Build *b, json_t *body)
{
  json_t *tools =
      b->request->tools_json != NULL ? json_loads (b->request->tools_json, 0, NULL) : NULL;

  if (json_array_size (tools) > 0)
    json_object_set (body, "tools", tools);
  json_decref (tools);
}

static void
add_options (Build *b, json_t *body)
{
  FacetRemoteForms forms = b->shape->forms;

  json_object_set_new (body, "stream", json_true ());
  if ((forms & FACET_REMOTE_USAGE) != 0) {
    json_object_set_new (body, "stream_options", json_pack ("{s:b}", "include_usage", TRUE));
    b->used |= FACET_REMOTE_USAGE;
  }
  if ((forms & FACET_REMOTE_BUDGET) != 0 && b->budget != 0 && b->budget != USUAL_BUDGET) {
    json_object_set_new (body, "mm_processor_kwargs",
                         json_pack ("{s:i}", "max_soft_tokens", (int)b->budget));
    b->used |= FACET_REMOTE_BUDGET;
  }
  add_thinking (b, body);
  add_sampling (b, body);
  add_tools (b, body);
}

GBytes *
facet_remote_request_build (const FacetRequest     *request,
                            const FacetRemoteShape *shape,
                            FacetRemoteForms       *used,
                            GCancellable           *cancellable,
                            GError                **error)
{
  Build   b = {.request = request, .shape = shape, .cancellable = cancellable};
  json_t *messages = make_messages (&b, error);
  json_t *body;
  char   *text;

  if (messages == NULL)
    return NULL;
  body = json_pack ("{s:o, s:O}", "model", text_to_json (shape->model), "messages", messages);
  add_going_on (&b, body, messages);
  json_decref (messages);
  add_options (&b, body);
  text = json_dumps (body, JSON_COMPACT);
  json_decref (body);
  *used = b.used;
  return g_bytes_new_with_free_func (text, strlen (text), free, text);
}

/* What to leave out */

guint
facet_remote_request_estimate (const FacetRequest *request, guint needed, guint available)
{
  guint  n = request->messages->len;
  double total = 1, gone = 0;
  guint  count = 0;

  for (guint i = 0; i < n; i++)
    total += (double)strlen (message_at (request, i)->text) + 16;
  /* The last question stays, and what follows it. */
  for (guint i = 0; i + 1 < n && i + 1 < find_recent (request); i++) {
    const FacetRequestMessage *message = message_at (request, i);

    if (message->role == FACET_ROLE_SYSTEM)
      continue;
    count++;
    gone += (double)strlen (message->text) + 16;
    if (message_at (request, i + 1)->role == FACET_ROLE_USER &&
        needed * (1 - gone / total) <= available)
      return count;
  }
  return 0;
}
