/* chat-server.c: replies in a queue, and a turn's events in a struct.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The replies are taken on the server's thread. */
#include "chat-server.h"

#include "tests/app/test-wait.h"

#include <string.h>

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"

static const char usual_models[] =
    "{\"object\": \"list\", \"data\": [{\"id\": \"tiny\", \"object\": \"model\","
    " \"owned_by\": \"vllm\", \"max_model_len\": 8192}]}";

typedef struct {
  guint              status;
  const char *const *headers;
  char              *type, *body;
  gboolean           raw;
  TestEnd            end;
} Reply;

struct _ChatServer {
  TestServer *server;
  char       *address;
  GMutex      mutex; /* protects: */
  GPtrArray  *replies;
  guint       next;
  guint       models_status;
  char       *models;
};

static void
reply_free (gpointer data)
{
  Reply *reply = data;

  g_free (reply->type);
  g_free (reply->body);
  g_free (reply);
}

static void
models_cb (SoupServerMessage *message, const TestRequest *request, gpointer user_data)
{
  ChatServer *self = user_data;

  g_mutex_lock (&self->mutex);
  test_reply (message, self->models_status, NULL, "application/json", self->models, -1);
  g_mutex_unlock (&self->mutex);
}

static void
chat_cb (SoupServerMessage *message, const TestRequest *request, gpointer user_data)
{
  ChatServer  *self = user_data;
  const Reply *reply;

  g_mutex_lock (&self->mutex);
  g_assert_cmpuint (self->replies->len, >, 0);
  reply = g_ptr_array_index (self->replies, MIN (self->next, self->replies->len - 1));
  self->next++;
  g_mutex_unlock (&self->mutex);
  if (reply->raw) {
    const TestStep step = {0, reply->body, -1};

    test_reply_raw (message, &step, 1, reply->end);
  } else
    test_reply (message, reply->status, reply->headers, reply->type, reply->body, -1);
}

ChatServer *
chat_server_new (void)
{
  ChatServer *self = g_new0 (ChatServer, 1);

  g_mutex_init (&self->mutex);
  self->server = test_server_new ();
  self->address = g_strconcat (test_server_get_address (self->server), "/v1", NULL);
  self->replies = g_ptr_array_new_with_free_func (reply_free);
  self->models_status = 200;
  self->models = g_strdup (usual_models);
  test_server_handle (self->server, "/v1/models", models_cb, self);
  test_server_handle (self->server, "/v1/chat/completions", chat_cb, self);
  return self;
}

void
chat_server_free (ChatServer *self)
{
  test_server_free (self->server);
  g_ptr_array_unref (self->replies);
  g_free (self->models);
  g_free (self->address);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

const char *
chat_server_get_address (ChatServer *self)
{
  return self->address;
}

void
chat_server_set_models (ChatServer *self, guint status, const char *body)
{
  g_mutex_lock (&self->mutex);
  g_free (self->models);
  self->models = g_strdup (body);
  self->models_status = status;
  g_mutex_unlock (&self->mutex);
}

static void
add (ChatServer *self, const Reply *reply)
{
  g_mutex_lock (&self->mutex);
  g_ptr_array_add (self->replies, g_memdup2 (reply, sizeof *reply));
  g_mutex_unlock (&self->mutex);
}

void
chat_server_add_with (ChatServer        *self,
                      guint              status,
                      const char *const *headers,
                      const char        *type,
                      const char        *body)
{
  add (self, &(Reply){.status = status,
                      .headers = headers,
                      .type = g_strdup (type),
                      .body = g_strdup (body)});
}

void
chat_server_add (ChatServer *self, guint status, const char *type, const char *body)
{
  chat_server_add_with (self, status, NULL, type, body);
}

void
chat_server_add_stream (ChatServer *self, const char *const *lines)
{
  g_autoptr (GString) body = g_string_new (NULL);

  for (guint i = 0; lines[i] != NULL; i++)
    g_string_append_printf (body, "data: %s\n\n", lines[i]);
  g_string_append (body, "data: [DONE]\n\n");
  chat_server_add (self, 200, "text/event-stream", body->str);
}

void
chat_server_add_raw (ChatServer *self, const char *bytes, TestEnd end)
{
  add (self, &(Reply){.raw = TRUE, .body = g_strconcat (HEAD, bytes, NULL), .end = end});
}

static gboolean
is_post (const TestRequest *request)
{
  return g_str_equal (request->method, "POST");
}

guint
chat_server_count (ChatServer *self)
{
  g_autoptr (GPtrArray) requests = test_server_dup_requests (self->server);
  guint n = 0;

  for (guint i = 0; i < requests->len; i++)
    n += is_post (g_ptr_array_index (requests, i));
  return n;
}

json_t *
chat_server_dup_body (ChatServer *self, guint index)
{
  g_autoptr (GPtrArray) requests = test_server_dup_requests (self->server);

  for (guint i = 0; i < requests->len; i++) {
    const TestRequest *request = g_ptr_array_index (requests, i);
    json_t            *body;

    if (!is_post (request) || index-- > 0)
      continue;
    body = json_loads (request->body, 0, NULL);
    g_assert_nonnull (body);
    return body;
  }
  g_assert_not_reached ();
}

char *
chat_server_dup_key (ChatServer *self)
{
  g_autoptr (GPtrArray) requests = test_server_dup_requests (self->server);

  g_assert_cmpuint (requests->len, >, 0);
  return g_strdup (((TestRequest *)requests->pdata[requests->len - 1])->authorization);
}

/* Turns */

static void
event_cb (const FacetEvent *event, gpointer user_data)
{
  ChatTurn *self = user_data;

  g_assert_cmpuint (self->n_ends, ==, 0);
  switch (event->kind) {
  case FACET_EVENT_PROGRESS:
    self->n_waits++;
    return;
  case FACET_EVENT_THOUGHT:
    g_string_append (self->thought, event->text);
    return;
  case FACET_EVENT_ANSWER:
    g_string_append (self->answer, event->text);
    return;
  case FACET_EVENT_TOOL_CALL:
    g_ptr_array_add (self->calls, g_strconcat (event->text, event->json, NULL));
    return;
  case FACET_EVENT_USAGE:
    self->usage = event->usage;
    return;
  case FACET_EVENT_TOO_LONG:
    self->overflow = event->overflow;
    break;
  case FACET_EVENT_DONE:
    self->stopped = event->stopped;
    self->cut_off = event->cut_off;
    break;
  case FACET_EVENT_ERROR:
    self->error = g_strdup (event->error->message);
    break;
  }
  self->end = event->kind;
  self->n_ends++;
}

void
chat_turn_start (ChatTurn *self, FacetAssistant *assistant, FacetRequest *request)
{
  *self = (ChatTurn){.assistant = g_object_ref (assistant),
                     .thought = g_string_new (NULL),
                     .answer = g_string_new (NULL),
                     .calls = g_ptr_array_new_with_free_func (g_free)};
  self->number = facet_assistant_start (assistant, request, event_cb, self);
  g_assert_cmpuint (self->number, >, 0);
  g_assert_cmpuint (self->n_ends, ==, 0);
}

void
chat_turn_wait (ChatTurn *self)
{
  wait_at_most (60, self->n_ends > 0);
}

void
chat_turn_run (ChatTurn *self, FacetAssistant *assistant, FacetRequest *request)
{
  chat_turn_start (self, assistant, request);
  chat_turn_wait (self);
}

void
chat_turn_clear (ChatTurn *self)
{
  g_clear_object (&self->assistant);
  g_string_free (self->thought, TRUE);
  g_string_free (self->answer, TRUE);
  g_ptr_array_unref (self->calls);
  g_free (self->error);
}

FacetAssistant *
chat_assistant_new (const char *address, const char *key, guint idle_ms)
{
  const FacetServerInfo  info = {.name = "Test", .address = address};
  const FacetRemoteTimes times = {.connect = idle_ms,
                                  .answer = idle_ms,
                                  .idle = idle_ms,
                                  .retry = 1};
  g_autoptr (FacetServer) server = facet_server_new (&info);

  return facet_remote_assistant_new (server, NULL, key, &times);
}

FacetRequest *
chat_request_new (void)
{
  FacetRequest *request = facet_request_new ();

  facet_request_add (request, FACET_ROLE_USER, "Hello?");
  return request;
}
