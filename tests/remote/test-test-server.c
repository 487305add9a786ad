/* test-test-server.c: the tests' own server does what it says, right and wrong.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "test-server.h"

static void
greet (SoupServerMessage *message, const TestRequest *request, gpointer user_data)
{
  const char *const headers[] = {"ETag", "\"one\"", NULL};

  test_reply (message, 200, headers, "text/plain",
              request->body[0] != '\0' ? request->body : "hello", -1);
}

static void
drop (SoupServerMessage *message, const TestRequest *request, gpointer user_data)
{
  static const TestStep steps[] = {
      {0, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", -1},
      {20, "half", -1},
  };

  test_reply_raw (message, steps, G_N_ELEMENTS (steps), *(const TestEnd *)user_data);
}

static void
rubbish (SoupServerMessage *message, const TestRequest *request, gpointer user_data)
{
  static const TestStep steps[] = {{0, "\x01\x02 what?\n\n", -1}};

  test_reply_raw (message, steps, G_N_ELEMENTS (steps), TEST_END_CLOSE);
}

/* The body, or NULL with *@error. */
static char *
fetch (const char *address, const char *path, GCancellable *cancellable, GError **error)
{
  g_autoptr (SoupSession) session = soup_session_new ();
  g_autofree char *uri = g_strconcat (address, path, NULL);
  g_autoptr (SoupMessage) message = soup_message_new ("GET", uri);
  g_autoptr (GBytes) bytes = soup_session_send_and_read (session, message, cancellable, error);

  return bytes != NULL ? g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes))
                       : NULL;
}

static void
test_answers (void)
{
  g_autoptr (TestServer) server = test_server_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *body = NULL, *nothing = NULL;
  g_autoptr (GPtrArray) requests = NULL;

  test_server_handle (server, "/hello", greet, NULL);
  body = fetch (test_server_get_address (server), "/hello?x=1", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (body, ==, "hello");
  nothing = fetch (test_server_get_address (server), "/other", NULL, &error);
  g_assert_cmpstr (nothing, ==, "There is nothing here.");

  requests = test_server_dup_requests (server);
  g_assert_cmpuint (requests->len, ==, 2);
  g_assert_cmpstr (((TestRequest *)requests->pdata[0])->path, ==, "/hello");
  g_assert_cmpstr (((TestRequest *)requests->pdata[0])->query, ==, "x=1");
  g_assert_null (((TestRequest *)requests->pdata[0])->authorization);
  g_assert_cmpuint (test_server_count (server, "/hello"), ==, 1);
}

static void
test_faults (void)
{
  static const TestEnd close_it = TEST_END_CLOSE, reset = TEST_END_RESET;
  g_autoptr (TestServer) server = test_server_new ();
  const char *paths[] = {"/close", "/reset", "/rubbish"};

  test_server_handle (server, "/close", drop, (gpointer)&close_it);
  test_server_handle (server, "/reset", drop, (gpointer)&reset);
  test_server_handle (server, "/rubbish", rubbish, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *body = fetch (test_server_get_address (server), paths[i], NULL, &error);

    g_test_message ("%s: %s", paths[i], error != NULL ? error->message : body);
    g_assert_null (body);
    g_assert_nonnull (error);
  }
}

static gboolean
cancel_cb (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return G_SOURCE_REMOVE;
}

static gpointer
cancel_thread (gpointer cancellable)
{
  g_usleep (100 * 1000);
  cancel_cb (cancellable);
  return NULL;
}

/* A server that says nothing more ends with the test. */
static void
test_hang (void)
{
  static const TestEnd hang = TEST_END_HANG;
  g_autoptr (TestServer) server = test_server_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *body = NULL;
  GThread         *thread = g_thread_new ("cancel", cancel_thread, cancellable);

  test_server_handle (server, "/hang", drop, (gpointer)&hang);
  body = fetch (test_server_get_address (server), "/hang", cancellable, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/test-server/answers", test_answers);
  g_test_add_func ("/test-server/faults", test_faults);
  g_test_add_func ("/test-server/hang", test_hang);
  return g_test_run ();
}
