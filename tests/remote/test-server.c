/* test-server.c: a SoupServer with its own thread and main context, and answers below HTTP.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A scripted answer is written straight to the connection's socket, by a thread of its own, while
 * SoupServer waits: so it can stop in the middle of a number, lie about lengths, or never end. */
#include "test-server.h"

#include <gio/gio.h>
#include <string.h>
#include <sys/socket.h>

/* For localhost and 127.0.0.1, from 2020 to 2120; for nothing but these tests. */
static const char own_certificate[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgzm4Adhp1f1u0ApY6\n"
    "0MMcNPtamnC+Q5WQJHTr4SW+o3ehRANCAATegHlwtlmLqDIdb2FH3uPg8oeqHaas\n"
    "QY4s1cFW6HiDMtrtY7GKMXtDJoYpyGJOW5CRkw2HLv57Cdm8o8XIEamw\n"
    "-----END PRIVATE KEY-----\n"
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBZzCCAQ2gAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv\n"
    "c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM\n"
    "CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABN6AeXC2WYuoMh1v\n"
    "YUfe4+Dyh6odpqxBjizVwVboeIMy2u1jsYoxe0MmhinIYk5bkJGTDYcu/nsJ2byj\n"
    "xcgRqbCjTjBMMBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAAATAPBgNVHRMBAf8E\n"
    "BTADAQH/MB0GA1UdDgQWBBRACySkwiGo0X+Ld2mg42b+njfD1DAKBggqhkjOPQQD\n"
    "AgNIADBFAiBaJCsodIAa5PbeIr3xbe97NINUj0YR++EtYBN3Q3fvdQIhALtNjUFz\n"
    "wtgVuT11yJKchNCzqMKyqeNhYmuO/hJ7RfZ2\n"
    "-----END CERTIFICATE-----\n";

typedef struct {
  char          *path;
  TestServerFunc func;
  gpointer       user_data;
} Handler;

struct _TestServer {
  GMainContext *context;
  GMainLoop    *loop;
  GThread      *thread;
  SoupServer   *server; /* the thread's */
  gboolean      encrypted;
  char         *address;
  GCancellable *ended;

  GMutex     mutex; /* protects: */
  GCond      cond;
  GPtrArray *requests;  /* of TestRequest */
  GPtrArray *handlers;  /* of Handler; fixed once a request came */
  guint      n_scripts; /* threads that write */
};

/* Which server a message belongs to: a handler gets only the message. */
static GQuark
server_quark (void)
{
  return g_quark_from_static_string ("test-server");
}

static void
request_free (gpointer data)
{
  TestRequest *r = data;

  g_free (r->method);
  g_free (r->path);
  g_free (r->query);
  g_free (r->range);
  g_free (r->if_range);
  g_free (r->authorization);
  g_free (r->body);
  g_free (r);
}

static TestRequest *
request_new (SoupServerMessage *message)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  GUri               *uri = soup_server_message_get_uri (message);
  g_autoptr (GBytes) body =
      soup_message_body_flatten (soup_server_message_get_request_body (message));
  TestRequest *r = g_new0 (TestRequest, 1);

  r->method = g_strdup (soup_server_message_get_method (message));
  r->path = g_uri_unescape_string (g_uri_get_path (uri), NULL);
  r->query = g_strdup (g_uri_get_query (uri));
  r->range = g_strdup (soup_message_headers_get_one (headers, "Range"));
  r->if_range = g_strdup (soup_message_headers_get_one (headers, "If-Range"));
  r->authorization = g_strdup (soup_message_headers_get_one (headers, "Authorization"));
  r->body = g_strndup (g_bytes_get_data (body, NULL), g_bytes_get_size (body));
  return r;
}

static TestRequest *
request_copy (const TestRequest *r)
{
  TestRequest *copy = g_new0 (TestRequest, 1);

  *copy = (TestRequest){.method = g_strdup (r->method),
                        .path = g_strdup (r->path),
                        .query = g_strdup (r->query),
                        .range = g_strdup (r->range),
                        .if_range = g_strdup (r->if_range),
                        .authorization = g_strdup (r->authorization),
                        .body = g_strdup (r->body)};
  return copy;
}

static void
handler_free (gpointer data)
{
  Handler *handler = data;

  g_free (handler->path);
  g_free (handler);
}

/* ---- the thread ---- */

static const Handler *
find_handler (TestServer *self, const char *path)
{
  const Handler *best = NULL;

  for (guint i = 0; i < self->handlers->len; i++) {
    const Handler *handler = g_ptr_array_index (self->handlers, i);

    if (g_str_has_prefix (path, handler->path) &&
        (best == NULL || strlen (handler->path) > strlen (best->path)))
      best = handler;
  }
  return best;
}

static void
asked_cb (SoupServer        *server,
          SoupServerMessage *message,
          const char        *path,
          GHashTable        *query,
          gpointer           user_data)
{
  TestServer    *self = user_data;
  TestRequest   *request = request_new (message);
  const Handler *handler;

  g_object_set_qdata (G_OBJECT (message), server_quark (), self);
  g_mutex_lock (&self->mutex);
  g_ptr_array_add (self->requests, request);
  handler = find_handler (self, request->path);
  g_mutex_unlock (&self->mutex);
  if (handler != NULL)
    handler->func (message, request, handler->user_data);
  else
    test_reply (message, 404, NULL, "text/plain", "There is nothing here.", -1);
}

static gpointer
server_thread (gpointer data)
{
  TestServer *self = data;
  g_autoptr (GError) error = NULL;
  SoupServerListenOptions options = SOUP_SERVER_LISTEN_IPV4_ONLY;
  GSList *uris;

  g_main_context_push_thread_default (self->context);
  self->server = soup_server_new ("server-header", "test", NULL);
  soup_server_add_handler (self->server, NULL, asked_cb, self, NULL);
  if (self->encrypted) {
    g_autoptr (GTlsCertificate) certificate =
        g_tls_certificate_new_from_pem (own_certificate, -1, &error);

    if (certificate == NULL)
      g_error ("%s", error->message);
    soup_server_set_tls_certificate (self->server, certificate);
    options |= SOUP_SERVER_LISTEN_HTTPS;
  }
  if (!soup_server_listen_local (self->server, 0, options, &error))
    g_error ("%s", error->message);
  uris = soup_server_get_uris (self->server);
  g_mutex_lock (&self->mutex);
  self->address = g_strdup_printf ("%s://127.0.0.1:%d", self->encrypted ? "https" : "http",
                                   g_uri_get_port (uris->data));
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
  g_slist_free_full (uris, (GDestroyNotify)g_uri_unref);

  g_main_loop_run (self->loop);

  soup_server_disconnect (self->server);
  g_clear_object (&self->server);
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

static TestServer *
new_server (gboolean encrypted)
{
  TestServer *self = g_new0 (TestServer, 1);

  self->encrypted = encrypted;
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  self->requests = g_ptr_array_new_with_free_func (request_free);
  self->handlers = g_ptr_array_new_with_free_func (handler_free);
  self->ended = g_cancellable_new ();
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->thread = g_thread_new ("test-server", server_thread, self);
  g_mutex_lock (&self->mutex);
  while (self->address == NULL)
    g_cond_wait (&self->cond, &self->mutex);
  g_mutex_unlock (&self->mutex);
  return self;
}

TestServer *
test_server_new (void)
{
  return new_server (FALSE);
}

TestServer *
test_server_new_encrypted (void)
{
  return new_server (TRUE);
}

static gboolean
quit_cb (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

void
test_server_free (TestServer *self)
{
  g_cancellable_cancel (self->ended);
  g_mutex_lock (&self->mutex);
  while (self->n_scripts > 0)
    g_cond_wait (&self->cond, &self->mutex);
  g_mutex_unlock (&self->mutex);
  g_main_context_invoke (self->context, quit_cb, self->loop);
  g_thread_join (self->thread);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_object_unref (self->ended);
  g_ptr_array_unref (self->requests);
  g_ptr_array_unref (self->handlers);
  g_free (self->address);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  g_free (self);
}

const char *
test_server_get_address (TestServer *self)
{
  return self->address;
}

void
test_server_handle (TestServer *self, const char *path, TestServerFunc func, gpointer user_data)
{
  Handler *handler = g_new0 (Handler, 1);

  *handler = (Handler){.path = g_strdup (path), .func = func, .user_data = user_data};
  g_mutex_lock (&self->mutex);
  g_ptr_array_add (self->handlers, handler);
  g_mutex_unlock (&self->mutex);
}

GPtrArray *
test_server_dup_requests (TestServer *self)
{
  GPtrArray *copy = g_ptr_array_new_with_free_func (request_free);

  g_mutex_lock (&self->mutex);
  for (guint i = 0; i < self->requests->len; i++)
    g_ptr_array_add (copy, request_copy (g_ptr_array_index (self->requests, i)));
  g_mutex_unlock (&self->mutex);
  return copy;
}

guint
test_server_count (TestServer *self, const char *path)
{
  guint n = 0;

  g_mutex_lock (&self->mutex);
  for (guint i = 0; i < self->requests->len; i++) {
    const TestRequest *request = g_ptr_array_index (self->requests, i);

    n += g_str_has_prefix (request->path, path);
  }
  g_mutex_unlock (&self->mutex);
  return n;
}

/* ---- answers ---- */

void
test_reply (SoupServerMessage *message,
            guint              status,
            const char *const *headers,
            const char        *type,
            const char        *body,
            gssize             length)
{
  SoupMessageHeaders *h = soup_server_message_get_response_headers (message);

  for (guint i = 0; headers != NULL && headers[i] != NULL; i += 2)
    soup_message_headers_append (h, headers[i], headers[i + 1]);
  soup_server_message_set_status (message, status, NULL);
  if (body != NULL)
    soup_server_message_set_response (message, type, SOUP_MEMORY_COPY, body,
                                      length >= 0 ? (gsize)length : strlen (body));
}

typedef struct {
  TestServer        *server;
  SoupServerMessage *message;
  GSocket           *socket;
  GArray            *steps; /* of TestStep, … */
  GPtrArray         *bytes; /* … whose bytes are these */
  TestEnd            end;
} Script;

static gboolean
resume_cb (gpointer data)
{
  Script *script = data;

  soup_server_message_unpause (script->message);
  g_object_unref (script->message);
  g_object_unref (script->socket);
  g_array_unref (script->steps);
  g_ptr_array_unref (script->bytes);
  g_mutex_lock (&script->server->mutex);
  script->server->n_scripts--;
  g_cond_broadcast (&script->server->cond);
  g_mutex_unlock (&script->server->mutex);
  g_free (script);
  return G_SOURCE_REMOVE;
}

/* FALSE: the server ends. */
static gboolean
pause_for (Script *script, guint ms)
{
  GPollFD fd;
  int     ended = 0;

  if (g_cancellable_make_pollfd (script->server->ended, &fd)) {
    ended = g_poll (&fd, 1, (int)ms);
    g_cancellable_release_fd (script->server->ended);
  }
  return ended == 0;
}

static gboolean
write_all (Script *script, const char *bytes, gsize length)
{
  while (length > 0) {
    gssize n = g_socket_send_with_blocking (script->socket, bytes, length, TRUE,
                                            script->server->ended, NULL);

    if (n <= 0)
      return FALSE;
    bytes += n;
    length -= (gsize)n;
  }
  return TRUE;
}

static gpointer
script_thread (gpointer data)
{
  Script       *script = data;
  struct linger linger = {.l_onoff = 1};

  for (guint i = 0; i < script->steps->len; i++) {
    const TestStep *step = &g_array_index (script->steps, TestStep, i);

    if (step->delay_ms > 0 && !pause_for (script, step->delay_ms))
      break;
    if (step->bytes != NULL && !write_all (script, step->bytes, (gsize)step->length))
      break;
  }
  if (script->end == TEST_END_HANG)
    pause_for (script, G_MAXINT);
  if (script->end == TEST_END_RESET) {
    setsockopt (g_socket_get_fd (script->socket), SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    g_socket_close (script->socket, NULL);
  } else {
    g_socket_shutdown (script->socket, TRUE, TRUE, NULL);
  }
  g_main_context_invoke (script->server->context, resume_cb, script);
  return NULL;
}

void
test_reply_raw (SoupServerMessage *message, const TestStep *steps, gsize n_steps, TestEnd end)
{
  Script *script = g_new0 (Script, 1);

  script->server = g_object_get_qdata (G_OBJECT (message), server_quark ());
  script->message = g_object_ref (message);
  script->socket = g_object_ref (soup_server_message_get_socket (message));
  script->steps = g_array_new (FALSE, FALSE, sizeof (TestStep));
  script->bytes = g_ptr_array_new_with_free_func (g_free);
  script->end = end;
  for (gsize i = 0; i < n_steps; i++) {
    TestStep step = steps[i];

    if (step.bytes != NULL) {
      step.length = step.length >= 0 ? step.length : (gssize)strlen (step.bytes);
      step.bytes = g_memdup2 (step.bytes, (gsize)step.length);
      g_ptr_array_add (script->bytes, (gpointer)step.bytes);
    }
    g_array_append_val (script->steps, step);
  }
  g_mutex_lock (&script->server->mutex);
  script->server->n_scripts++;
  g_mutex_unlock (&script->server->mutex);
  soup_server_message_set_status (message, 200, NULL);
  soup_server_message_pause (message);
  g_thread_unref (g_thread_new ("test-script", script_thread, script));
}
