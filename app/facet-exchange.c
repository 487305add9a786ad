/* facet-exchange.c: a request sent, redirects judged, the body read piece by piece, the clock.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Whatever libsoup still calls after an exchange was freed finds its handle empty: it
 * outlives the exchange until the operation in hand has ended. */
#define G_LOG_DOMAIN "facet-remote"

#include "config.h"

#include "facet-exchange.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_REDIRECTS 5
/* Below drawing: an endless answer at full speed does not hold up the window. */
#define PRIORITY (G_PRIORITY_DEFAULT_IDLE - 10)

static const FacetExchangeTimes usual = {.connect = 20000, .answer = 600000, .idle = 120000};

typedef enum {
  STAGE_CONNECT,
  STAGE_ANSWER,
  STAGE_BODY,
} Stage;

/* Shared with the operation in hand. */
typedef struct {
  FacetExchange *exchange; /* NULL: freed */
} Handle;

struct _FacetExchange {
  SoupSession              *session;
  FacetServer              *server;
  GUri                     *uri;
  GBytes                   *body;
  char                     *key;
  FacetExchangeTimes        times;
  const FacetExchangeFuncs *funcs;
  gpointer                  user_data;
  Handle                   *handle; /* a g_rc_box */
  GCancellable             *cancellable;
  SoupMessage              *message;
  GInputStream             *stream;
  GTlsCertificate          *certificate;
  GTlsCertificateFlags      certificate_errors;
  Stage                     stage;
  guint                     timer, start_source, n_redirects;
  gboolean                  timed_out;
};

static void send (FacetExchange *self);
static void read_piece (FacetExchange *self);

/* Certificates */

char *
facet_certificate_dup_fingerprint (GTlsCertificate *certificate)
{
  g_autoptr (GByteArray) der = NULL;

  g_object_get (certificate, "certificate", &der, NULL);
  if (der == NULL)
    return g_strdup ("");
  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, der->data, der->len);
}

char *
facet_certificate_dup_problem (GTlsCertificateFlags errors)
{
  if ((errors & G_TLS_CERTIFICATE_UNKNOWN_CA) != 0)
    return g_strdup (_ ("nobody that this computer knows vouches for it"));
  if ((errors & G_TLS_CERTIFICATE_BAD_IDENTITY) != 0)
    return g_strdup (_ ("it is made out to another name"));
  if ((errors & G_TLS_CERTIFICATE_EXPIRED) != 0)
    return g_strdup (_ ("it has expired"));
  if ((errors & G_TLS_CERTIFICATE_NOT_ACTIVATED) != 0)
    return g_strdup (_ ("it is not valid yet; look at this computer’s clock"));
  if ((errors & G_TLS_CERTIFICATE_REVOKED) != 0)
    return g_strdup (_ ("it was revoked"));
  return g_strdup (_ ("it cannot be checked"));
}

static gboolean
accept_certificate_cb (SoupMessage         *message,
                       GTlsCertificate     *certificate,
                       GTlsCertificateFlags errors,
                       Handle              *handle)
{
  FacetExchange   *self = handle->exchange;
  g_autofree char *fingerprint = facet_certificate_dup_fingerprint (certificate);

  if (self == NULL)
    return FALSE;
  g_set_object (&self->certificate, certificate);
  self->certificate_errors = errors;
  return *fingerprint != '\0' &&
         g_str_equal (fingerprint, facet_server_get_certificate (self->server));
}

GTlsCertificate *
facet_exchange_get_certificate (FacetExchange *self)
{
  if (self->certificate == NULL && self->message != NULL)
    g_set_object (&self->certificate, soup_message_get_tls_peer_certificate (self->message));
  return self->certificate;
}

GTlsCertificateFlags
facet_exchange_get_certificate_errors (FacetExchange *self)
{
  return self->certificate_errors;
}

/* The clock */

static gboolean
timer_cb (gpointer user_data)
{
  FacetExchange *self = user_data;

  self->timer = 0;
  self->timed_out = TRUE;
  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_REMOVE;
}

static void
wind_up (FacetExchange *self, Stage stage)
{
  guint ms = stage == STAGE_CONNECT  ? self->times.connect
             : stage == STAGE_ANSWER ? self->times.answer
                                     : self->times.idle;

  self->stage = stage;
  g_clear_handle_id (&self->timer, g_source_remove);
  self->timer = g_timeout_add (ms, timer_cb, self);
}

/* Ending */

/* A sentence for what went wrong on the way.  Takes @error. */
static GError *
explain (FacetExchange *self, GError *error)
{
  const char      *name = facet_server_get_name (self->server);
  g_autofree char *host = facet_server_dup_host (self->server);
  g_autofree char *who = g_str_equal (name, host)
                             ? g_strdup_printf (_ ("“%s”"), name)
                             /* Translators: a server's name, then its address */
                             : g_strdup_printf (_ ("“%s” (%s)"), name, host);
  g_autoptr (GError) owned = error;

  if (self->timed_out && self->stage == STAGE_CONNECT)
    return g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                        /* Translators: a server's name, perhaps with its address */
                        _ ("%s cannot be reached: nothing answers there."), who);
  if (self->timed_out)
    return g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                        ngettext ("“%s” has said nothing for %u second.",
                                  "“%s” has said nothing for %u seconds.",
                                  (self->stage == STAGE_BODY ? self->times.idle
                                                             : self->times.answer) /
                                      1000),
                        name,
                        (self->stage == STAGE_BODY ? self->times.idle : self->times.answer) / 1000);
  if (error->domain == G_TLS_ERROR && self->certificate_errors != 0) {
    g_autofree char *problem = facet_certificate_dup_problem (self->certificate_errors);

    return g_error_new (error->domain, error->code,
                        _ ("The certificate of “%s” is not to be trusted: %s.  If you know "
                           "it to be the right one, say so in the server’s settings."),
                        name, problem);
  }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
    return g_error_new (error->domain, error->code,
                        _ ("%s cannot be reached: no server runs there."), who);
  if (self->stage == STAGE_CONNECT)
    return g_error_new (error->domain, error->code,
                        /* Translators: a server's name, and what the system says */
                        _ ("%s cannot be reached: %s"), who, error->message);
  return g_steal_pointer (&owned);
}

/* Takes @error. */
static void
end (FacetExchange *self, GError *error)
{
  g_autoptr (GError) sentence = error != NULL ? explain (self, error) : NULL;

  g_clear_handle_id (&self->timer, g_source_remove);
  self->funcs->end (self, sentence, self->user_data);
}

/* Reading */

static void
piece_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Handle        *handle = user_data;
  FacetExchange *self = handle->exchange;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes =
      g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &error);

  g_rc_box_release (handle);
  if (self == NULL)
    return;
  if (bytes == NULL) {
    end (self, g_steal_pointer (&error));
  } else if (g_bytes_get_size (bytes) == 0) {
    end (self, NULL);
  } else {
    Handle  *still = g_rc_box_acquire (self->handle);
    gboolean more;

    wind_up (self, STAGE_BODY);
    more = self->funcs->bytes (self, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
                               self->user_data);
    if (still->exchange != NULL) {
      if (more)
        read_piece (self);
      else
        end (self, NULL);
    }
    g_rc_box_release (still);
  }
}

static void
read_piece (FacetExchange *self)
{
  g_input_stream_read_bytes_async (self->stream, FACET_EXCHANGE_PIECE, PRIORITY, self->cancellable,
                                   piece_cb, g_rc_box_acquire (self->handle));
}

/* Redirects */

static gboolean
is_redirect (guint status)
{
  return status == 301 || status == 302 || status == 307 || status == 308;
}

static gboolean
is_same_origin (GUri *a, GUri *b)
{
  return g_str_equal (g_uri_get_scheme (a), g_uri_get_scheme (b)) && g_uri_get_host (b) != NULL &&
         g_ascii_strcasecmp (g_uri_get_host (a), g_uri_get_host (b)) == 0 &&
         g_uri_get_port (a) == g_uri_get_port (b);
}

/* FALSE: it was no redirect.  Otherwise it is followed, or the exchange has ended. */
static gboolean
follow (FacetExchange *self)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (self->message);
  const char         *location = soup_message_headers_get_one (headers, "Location");
  g_autoptr (GUri) uri = NULL;

  if (!is_redirect (soup_message_get_status (self->message)) || location == NULL)
    return FALSE;
  uri = g_uri_parse_relative (self->uri, location, SOUP_HTTP_URI_FLAGS, NULL);
  if (uri != NULL && is_same_origin (self->uri, uri) && self->n_redirects++ < MAX_REDIRECTS) {
    g_uri_unref (self->uri);
    self->uri = g_steal_pointer (&uri);
    g_clear_object (&self->stream);
    send (self);
    return TRUE;
  }
  if (uri != NULL && !is_same_origin (self->uri, uri) && g_uri_get_host (uri) != NULL)
    end (self, g_error_new (G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                            _ ("“%s” wants to send you on to %s://%s, and nothing of yours goes "
                               "there.  If you trust that place, enter it as the server’s "
                               "address."),
                            facet_server_get_name (self->server), g_uri_get_scheme (uri),
                            g_uri_get_host (uri)));
  else
    end (self, g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED,
                            _ ("“%s” sends from one address to the next without end.  Look at its "
                               "address."),
                            facet_server_get_name (self->server)));
  return TRUE;
}

/* Sending */

static int
find_retry_after (SoupMessageHeaders *headers)
{
  const char *text = soup_message_headers_get_one (headers, "Retry-After");
  gint64      seconds;
  g_autoptr (GDateTime) date = NULL;
  g_autoptr (GDateTime) now = NULL;

  if (text == NULL)
    return -1;
  if (g_ascii_string_to_signed (text, 10, 0, G_MAXINT, &seconds, NULL))
    return (int)seconds;
  date = soup_date_time_new_from_http_string (text);
  if (date == NULL)
    return -1;
  now = g_date_time_new_now_utc ();
  return (int)CLAMP (g_date_time_difference (date, now) / G_TIME_SPAN_SECOND, 0, G_MAXINT);
}

static void
sent_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Handle        *handle = user_data;
  FacetExchange *self = handle->exchange;
  g_autoptr (GError) error = NULL;
  g_autoptr (GInputStream) stream =
      soup_session_send_finish (SOUP_SESSION (source), result, &error);

  if (self != NULL && stream == NULL) {
    end (self, g_steal_pointer (&error));
  } else if (self != NULL) {
    SoupMessageHeaders *headers = soup_message_get_response_headers (self->message);
    const char         *type = soup_message_headers_get_content_type (headers, NULL);
    const char         *reason = soup_message_get_reason_phrase (self->message);
    FacetExchangeHead head = {soup_message_get_status (self->message), reason != NULL ? reason : "",
                              type != NULL ? type : "", find_retry_after (headers)};

    self->stream = g_steal_pointer (&stream);
    if (!follow (self)) {
      self->funcs->head (self, &head, self->user_data);
      if (handle->exchange != NULL)
        read_piece (self);
    }
  }
  g_rc_box_release (handle);
}

static void
starting_cb (SoupMessage *message, Handle *handle)
{
  if (handle->exchange != NULL)
    wind_up (handle->exchange, STAGE_ANSWER);
}

static void
release_handle (gpointer handle, GClosure *closure)
{
  g_rc_box_release (handle);
}

static void
send (FacetExchange *self)
{
  SoupMessageHeaders *headers;

  g_clear_object (&self->message);
  self->message = soup_message_new_from_uri (self->body != NULL ? "POST" : "GET", self->uri);
  soup_message_add_flags (self->message, SOUP_MESSAGE_NO_REDIRECT);
  headers = soup_message_get_request_headers (self->message);
  soup_message_headers_replace (headers, "Accept",
                                self->body != NULL ? "text/event-stream, application/json"
                                                   : "application/json");
  if (self->key != NULL) {
    g_autofree char *value = g_strconcat ("Bearer ", self->key, NULL);

    soup_message_headers_replace (headers, "Authorization", value);
  }
  if (self->body != NULL)
    soup_message_set_request_body_from_bytes (self->message, "application/json", self->body);
  g_signal_connect_data (self->message, "accept-certificate", G_CALLBACK (accept_certificate_cb),
                         g_rc_box_acquire (self->handle), release_handle, 0);
  g_signal_connect_data (self->message, "starting", G_CALLBACK (starting_cb),
                         g_rc_box_acquire (self->handle), release_handle, 0);
  wind_up (self, STAGE_CONNECT);
  soup_session_send_async (self->session, self->message, PRIORITY, self->cancellable, sent_cb,
                           g_rc_box_acquire (self->handle));
}

/* Not within the call that asks: whoever asks is not told of an end before he knows what ends. */
static gboolean
start_cb (gpointer user_data)
{
  FacetExchange *self = user_data;

  self->start_source = 0;
  if (self->uri == NULL)
    end (self, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                                    _ ("it has no valid address")));
  else
    send (self);
  return G_SOURCE_REMOVE;
}

SoupSession *
facet_exchange_session_new (void)
{
  SoupSession *session =
      soup_session_new_with_options ("user-agent", "Facet/" FACET_VERSION, "timeout", 0u,
                                     "idle-timeout", 60u, "max-conns-per-host", 8, NULL);

  /* What is compressed may be a thousand times as long as it looks. */
  soup_session_remove_feature_by_type (session, SOUP_TYPE_CONTENT_DECODER);
  return session;
}

FacetExchange *
facet_exchange_new (SoupSession              *session,
                    FacetServer              *server,
                    const char               *path,
                    GBytes                   *body,
                    const char               *key,
                    const FacetExchangeTimes *times,
                    const FacetExchangeFuncs *funcs,
                    gpointer                  user_data)
{
  FacetExchange   *self = g_new0 (FacetExchange, 1);
  g_autofree char *address = g_strconcat (facet_server_get_address (server), path, NULL);

  self->session = g_object_ref (session);
  self->server = g_object_ref (server);
  self->uri = g_uri_parse (address, SOUP_HTTP_URI_FLAGS, NULL);
  self->body = body != NULL ? g_bytes_ref (body) : NULL;
  self->key = g_strdup (key);
  self->times = *times;
  if (self->times.connect == 0)
    self->times.connect = usual.connect;
  if (self->times.answer == 0)
    self->times.answer = usual.answer;
  if (self->times.idle == 0)
    self->times.idle = usual.idle;
  self->funcs = funcs;
  self->user_data = user_data;
  self->cancellable = g_cancellable_new ();
  self->handle = g_rc_box_new0 (Handle);
  self->handle->exchange = self;
  self->start_source = g_idle_add_full (G_PRIORITY_DEFAULT, start_cb, self, NULL);
  return self;
}

void
facet_exchange_free (FacetExchange *self)
{
  if (self == NULL)
    return;
  self->handle->exchange = NULL;
  g_rc_box_release (self->handle);
  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_handle_id (&self->start_source, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  g_clear_object (&self->stream);
  g_clear_object (&self->message);
  g_clear_object (&self->certificate);
  g_clear_pointer (&self->uri, g_uri_unref);
  g_clear_pointer (&self->body, g_bytes_unref);
  if (self->key != NULL)
    explicit_bzero (self->key, strlen (self->key));
  g_free (self->key);
  g_object_unref (self->server);
  g_object_unref (self->session);
  g_free (self);
}
