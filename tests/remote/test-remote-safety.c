/* test-remote-safety.c: where a key and words may go: certificates, redirects, proxies.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat-server.h"

#include <string.h>

#define KEY  "sk-very-secret"
#define YES  "{\"choices\": [{\"message\": {\"content\": \"Yes.\"}, \"finish_reason\": \"stop\"}]}"
#define LIST "{\"data\": [{\"id\": \"tiny\", \"owned_by\": \"vllm\"}]}"

/* A proxy for a host that does not exist, as the desktop's settings would name one. */

typedef struct {
  GObject parent_instance;
} TestProxies;

typedef struct {
  GObjectClass parent_class;
} TestProxiesClass;

static const char *proxy_address;

static gboolean
is_supported (GProxyResolver *resolver)
{
  return TRUE;
}

static char **
lookup (GProxyResolver *resolver, const char *uri, GCancellable *cancellable, GError **error)
{
  const char *const direct[] = {"direct://", NULL}, *const proxy[] = {proxy_address, NULL};

  return g_strdupv (
      (char **)(strstr (uri, "nowhere.invalid") != NULL && proxy_address != NULL ? proxy : direct));
}

static void
lookup_async (GProxyResolver     *resolver,
              const char         *uri,
              GCancellable       *cancellable,
              GAsyncReadyCallback callback,
              gpointer            user_data)
{
  g_autoptr (GTask) task = g_task_new (resolver, cancellable, callback, user_data);

  g_task_return_pointer (task, lookup (resolver, uri, NULL, NULL), (GDestroyNotify)g_strfreev);
}

static char **
lookup_finish (GProxyResolver *resolver, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
proxies_iface_init (GProxyResolverInterface *iface)
{
  iface->is_supported = is_supported;
  iface->lookup = lookup;
  iface->lookup_async = lookup_async;
  iface->lookup_finish = lookup_finish;
}

GType test_proxies_get_type (void);

G_DEFINE_TYPE_WITH_CODE (TestProxies,
                         test_proxies,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (G_TYPE_PROXY_RESOLVER, proxies_iface_init))

static void
test_proxies_class_init (TestProxiesClass *class)
{
}

static void
test_proxies_init (TestProxies *self)
{
}

/* Servers */

static void
models_cb (SoupServerMessage *message, const TestRequest *request, gpointer user_data)
{
  test_reply (message, 200, NULL, "application/json", LIST, -1);
}

static void
chat_cb (SoupServerMessage *message, const TestRequest *request, gpointer user_data)
{
  test_reply (message, 200, NULL, "application/json", YES, -1);
}

static void
send_on_cb (SoupServerMessage *message, const TestRequest *request, gpointer user_data)
{
  const char *const headers[] = {"Location", user_data, NULL};

  test_reply (message, 307, headers, "text/plain", "There.", -1);
}

static FacetAssistant *
make_assistant (const char *address, const char *certificate)
{
  g_autofree char       *base = g_strconcat (address, "/v1", NULL);
  const FacetServerInfo  info = {.name = "Test", .address = base, .certificate = certificate};
  const FacetRemoteTimes times = {.retry = 1};
  g_autoptr (FacetServer) server = facet_server_new (&info);

  return facet_remote_assistant_new (server, NULL, KEY, &times);
}

/* Not one request came there. */
static void
assert_untouched (TestServer *server)
{
  g_assert_cmpuint (test_server_count (server, ""), ==, 0);
}

static void
assert_says (const ChatTurn *turn, const char *words)
{
  g_assert_nonnull (turn->error);
  if (strstr (turn->error, words) == NULL)
    g_error ("“%s” does not say “%s”", turn->error, words);
  g_assert_null (strstr (turn->error, KEY));
}

/* Elsewhere is another host, port or scheme. */
static void
test_redirects_elsewhere (void)
{
  g_autoptr (TestServer) elsewhere = test_server_new ();
  g_autofree char *port =
      g_strdup_printf ("%s/v1/chat/completions", test_server_get_address (elsewhere));
  const char *places[] = {port, "http://evil.invalid/v1/chat/completions",
                          "https://127.0.0.1/v1/chat/completions", "//evil.invalid/x"};

  for (gsize i = 0; i < G_N_ELEMENTS (places); i++) {
    g_autoptr (TestServer) server = test_server_new ();
    g_autoptr (FacetAssistant) assistant = NULL;
    g_autoptr (FacetRequest) request = chat_request_new ();
    g_auto (ChatTurn) turn = {0};

    test_server_handle (server, "/v1/models", models_cb, NULL);
    test_server_handle (server, "/v1/chat/completions", send_on_cb, (gpointer)places[i]);
    assistant = make_assistant (test_server_get_address (server), NULL);
    chat_turn_run (&turn, assistant, request);
    assert_says (&turn, "nothing of yours goes there");
    g_assert_cmpuint (test_server_count (server, "/v1/chat/completions"), ==, 1);
  }
  assert_untouched (elsewhere);
}

/* Also from the list of models, which comes first. */
static void
test_models_elsewhere (void)
{
  g_autoptr (TestServer) elsewhere = test_server_new ();
  g_autoptr (TestServer) server = test_server_new ();
  g_autofree char *place = g_strdup_printf ("%s/v1/models", test_server_get_address (elsewhere));
  g_autoptr (FacetAssistant) assistant = NULL;
  g_autoptr (FacetRequest) request = chat_request_new ();
  g_auto (ChatTurn) turn = {0};

  test_server_handle (server, "/v1/models", send_on_cb, place);
  assistant = make_assistant (test_server_get_address (server), NULL);
  chat_turn_run (&turn, assistant, request);
  assert_says (&turn, "nothing of yours goes there");
  assert_untouched (elsewhere);
}

static void
test_redirects_here (void)
{
  g_autoptr (TestServer) server = test_server_new ();
  g_autoptr (FacetAssistant) assistant = NULL;
  g_autoptr (FacetRequest) request = chat_request_new ();
  g_autoptr (GPtrArray) requests = NULL;
  g_auto (ChatTurn) turn = {0};
  const TestRequest *last;

  test_server_handle (server, "/v1/models", models_cb, NULL);
  test_server_handle (server, "/v1/chat/completions", send_on_cb, (gpointer) "/api/chat");
  test_server_handle (server, "/api/chat", chat_cb, NULL);
  assistant = make_assistant (test_server_get_address (server), NULL);
  chat_turn_run (&turn, assistant, request);
  g_assert_null (turn.error);
  g_assert_cmpstr (turn.answer->str, ==, "Yes.");
  requests = test_server_dup_requests (server);
  last = g_ptr_array_index (requests, requests->len - 1);
  g_assert_cmpstr (last->method, ==, "POST");
  g_assert_cmpstr (last->authorization, ==, "Bearer " KEY);
  g_assert_nonnull (strstr (last->body, "Hello?"));
}

static void
test_circle (void)
{
  g_autoptr (TestServer) server = test_server_new ();
  g_autoptr (FacetAssistant) assistant = NULL;
  g_autoptr (FacetRequest) request = chat_request_new ();
  g_auto (ChatTurn) turn = {0};

  test_server_handle (server, "/v1/models", models_cb, NULL);
  test_server_handle (server, "/v1/chat/completions", send_on_cb,
                      (gpointer) "/v1/chat/completions");
  assistant = make_assistant (test_server_get_address (server), NULL);
  chat_turn_run (&turn, assistant, request);
  assert_says (&turn, "without end");
  g_assert_cmpuint (test_server_count (server, "/v1/chat/completions"), <, 20);
}

/* A certificate that nobody vouches for is trusted only if it is the very one. */
static void
assert_certificate (const char *trusted, const char *words)
{
  g_autoptr (TestServer) server = test_server_new_encrypted ();
  g_autoptr (FacetAssistant) assistant = NULL;
  g_autoptr (FacetRequest) request = chat_request_new ();
  g_auto (ChatTurn) turn = {0};

  test_server_handle (server, "/v1/models", models_cb, NULL);
  test_server_handle (server, "/v1/chat/completions", chat_cb, NULL);
  assistant = make_assistant (test_server_get_address (server), trusted);
  chat_turn_run (&turn, assistant, request);
  if (words != NULL) {
    assert_says (&turn, words);
    assert_untouched (server);
  } else {
    g_assert_null (turn.error);
    g_assert_cmpstr (turn.answer->str, ==, "Yes.");
  }
}

static void
test_certificate (void)
{
  if (!g_tls_backend_supports_tls (g_tls_backend_get_default ())) {
    g_test_skip ("glib-networking is not installed");
    return;
  }
  assert_certificate (NULL, "vouches for it");
  assert_certificate ("00" TEST_SERVER_FINGERPRINT, "vouches for it");
  assert_certificate (TEST_SERVER_FINGERPRINT, NULL);
}

static void
test_proxy (void)
{
  g_autoptr (TestServer) proxy = test_server_new ();
  g_autoptr (FacetAssistant) assistant = NULL;
  g_autoptr (FacetRequest) request = chat_request_new ();
  g_auto (ChatTurn) turn = {0};

  test_server_handle (proxy, "/v1/models", models_cb, NULL);
  test_server_handle (proxy, "/v1/chat/completions", chat_cb, NULL);
  proxy_address = test_server_get_address (proxy);
  assistant = make_assistant ("http://nowhere.invalid", NULL);
  chat_turn_run (&turn, assistant, request);
  proxy_address = NULL;
  g_assert_null (turn.error);
  g_assert_cmpstr (turn.answer->str, ==, "Yes.");
  g_assert_cmpuint (test_server_count (proxy, "/v1/"), ==, 2);
}

int
main (int argc, char **argv)
{
  /* Before anyone asks for the desktop's. */
  g_setenv ("GIO_USE_PROXY_RESOLVER", "test", TRUE);
  g_io_extension_point_register (G_PROXY_RESOLVER_EXTENSION_POINT_NAME);
  g_io_extension_point_implement (G_PROXY_RESOLVER_EXTENSION_POINT_NAME, test_proxies_get_type (),
                                  "test", 1000);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/remote-safety/redirects-elsewhere", test_redirects_elsewhere);
  g_test_add_func ("/remote-safety/models-elsewhere", test_models_elsewhere);
  g_test_add_func ("/remote-safety/redirects-here", test_redirects_here);
  g_test_add_func ("/remote-safety/circle", test_circle);
  g_test_add_func ("/remote-safety/certificate", test_certificate);
  g_test_add_func ("/remote-safety/proxy", test_proxy);
  return g_test_run ();
}
