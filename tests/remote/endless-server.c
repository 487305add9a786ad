/* endless-server.c: sockets, by hand.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "endless-server.h"

#include <gio/gio.h>
#include <string.h>

#define MODELS "{\"data\": [{\"id\": \"tiny\", \"owned_by\": \"vllm\"}]}"
#define HEAD   "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"

struct _EndlessServer {
  GSocketService *service;
  char           *address, *head, *piece;
  GCancellable   *cancellable;
  int             asked, ended; /* atomic */
  guint64         sent;
  GMutex          mutex; /* protects sent */
};

static gboolean
send_all (EndlessServer *self, GOutputStream *out, const char *text, gboolean count)
{
  gsize    length = strlen (text), written = 0;
  gboolean done = g_output_stream_write_all (out, text, length, &written, self->cancellable, NULL);

  if (count) {
    g_mutex_lock (&self->mutex);
    self->sent += written;
    g_mutex_unlock (&self->mutex);
  }
  return done;
}

/* Until the client goes. */
static void
wait_for_end (EndlessServer *self, GInputStream *in)
{
  char buffer[4096];

  while (g_input_stream_read (in, buffer, sizeof buffer, self->cancellable, NULL) > 0)
    ;
}

static void
answer (EndlessServer *self, GIOStream *stream)
{
  GOutputStream *out = g_io_stream_get_output_stream (stream);

  if (self->head != NULL && send_all (self, out, HEAD, FALSE) &&
      send_all (self, out, self->head, TRUE)) {
    while (self->piece != NULL && send_all (self, out, self->piece, TRUE))
      ;
  }
  wait_for_end (self, g_io_stream_get_input_stream (stream));
  g_atomic_int_set (&self->ended, TRUE);
}

/* One request a connection; its head ends with an empty line, and its body is not looked at. */
static gboolean
run_cb (GThreadedSocketService *service,
        GSocketConnection      *connection,
        GObject                *source,
        gpointer                user_data)
{
  EndlessServer *self = user_data;
  GInputStream  *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  g_autoptr (GString) head = g_string_new (NULL);
  char byte;

  while (strstr (head->str, "\r\n\r\n") == NULL &&
         g_input_stream_read (in, &byte, 1, self->cancellable, NULL) == 1)
    g_string_append_c (head, byte);
  if (g_str_has_prefix (head->str, "POST")) {
    g_atomic_int_set (&self->asked, TRUE);
    answer (self, G_IO_STREAM (connection));
  } else
    send_all (self, out,
              "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: "
              "close\r\n\r\n" MODELS,
              FALSE);
  return TRUE;
}

EndlessServer *
endless_server_new (const char *head, const char *piece)
{
  EndlessServer *self = g_new0 (EndlessServer, 1);
  guint16        port;

  g_mutex_init (&self->mutex);
  self->head = g_strdup (head);
  self->piece = g_strdup (piece);
  self->cancellable = g_cancellable_new ();
  self->service = g_threaded_socket_service_new (8);
  port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (self->service), NULL, NULL);
  g_assert_cmpuint (port, !=, 0);
  self->address = g_strdup_printf ("http://127.0.0.1:%u/v1", port);
  g_signal_connect (self->service, "run", G_CALLBACK (run_cb), self);
  g_socket_service_start (self->service);
  return self;
}

void
endless_server_free (EndlessServer *self)
{
  g_cancellable_cancel (self->cancellable);
  g_socket_service_stop (self->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  /* Its threads hold it; they end with what they do. */
  g_object_add_weak_pointer (G_OBJECT (self->service), (gpointer *)&self->service);
  g_object_unref (self->service);
  while (g_atomic_pointer_get (&self->service) != NULL) {
    g_main_context_iteration (NULL, FALSE);
    g_usleep (200);
  }
  g_object_unref (self->cancellable);
  g_free (self->address);
  g_free (self->head);
  g_free (self->piece);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

const char *
endless_server_get_address (EndlessServer *self)
{
  return self->address;
}

gboolean
endless_server_was_asked (EndlessServer *self)
{
  return g_atomic_int_get (&self->asked);
}

guint64
endless_server_get_sent (EndlessServer *self)
{
  guint64 sent;

  g_mutex_lock (&self->mutex);
  sent = self->sent;
  g_mutex_unlock (&self->mutex);
  return sent;
}

gboolean
endless_server_has_ended (EndlessServer *self)
{
  return g_atomic_int_get (&self->ended);
}
