/* facet-hub.c: requests to a hub, redirects, and what a server's refusal is in a sentence.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Redirects are followed here and not by libsoup, because the hub's own answer names the bytes that
 * the other host will send, and because the token must stay behind. */
#define G_LOG_DOMAIN "facet-hub"

#include "config.h"

#include "facet-hub.h"

#include <glib/gi18n-lib.h>
#include <jansson.h>
#include <string.h>

#define MAX_ANSWER      (4 * 1024 * 1024)
#define MAX_WORDS       300 /* of a server, in an error */
#define MAX_REDIRECTS   10
#define IDLE_SECONDS    60 /* nothing came for so long: the connection is dead */
#define MAX_RETRY_AFTER 600

struct _FacetHub {
  GUri *uri;
  char *address, *token;
};

/* ---- where to ask ---- */

static gboolean
is_this_machine (const char *host)
{
  return g_str_equal (host, "localhost") || g_str_equal (host, "127.0.0.1") ||
         g_str_equal (host, "::1");
}

static gboolean
is_web (GUri *uri)
{
  const char *scheme = g_uri_get_scheme (uri);

  return g_uri_get_host (uri) != NULL && g_uri_get_host (uri)[0] != '\0' &&
         (g_str_equal (scheme, "https") || g_str_equal (scheme, "http"));
}

char *
facet_hub_dup_address (const char *address)
{
  const char *endpoint = g_getenv ("HF_ENDPOINT");
  char       *chosen;

  if (endpoint != NULL && endpoint[0] != '\0')
    address = endpoint;
  chosen = g_strdup (address != NULL && address[0] != '\0' ? address : FACET_HUB_ADDRESS);
  while (g_str_has_suffix (chosen, "/"))
    chosen[strlen (chosen) - 1] = '\0';
  return chosen;
}

FacetHub *
facet_hub_new (const char *address, const char *token, GError **error)
{
  const char *chosen = address != NULL && address[0] != '\0' ? address : FACET_HUB_ADDRESS;
  g_autoptr (GUri) uri = g_uri_parse (chosen, SOUP_HTTP_URI_FLAGS, NULL);
  FacetHub *self;

  if (uri == NULL || !is_web (uri)) {
    g_set_error (error, FACET_HUB_ERROR, FACET_HUB_ERROR_ADDRESS,
                 _ ("“%s” is not the address of a server. It begins with https://, as in %s."),
                 chosen, FACET_HUB_ADDRESS);
    return NULL;
  }
  self = g_new0 (FacetHub, 1);
  self->uri = g_steal_pointer (&uri);
  self->address = g_strdup (chosen);
  self->token = token != NULL && token[0] != '\0' ? g_strdup (token) : NULL;
  while (g_str_has_suffix (self->address, "/"))
    self->address[strlen (self->address) - 1] = '\0';
  return self;
}

void
facet_hub_free (FacetHub *self)
{
  if (self == NULL)
    return;
  g_uri_unref (self->uri);
  g_free (self->address);
  g_free (self->token);
  g_free (self);
}

const char *
facet_hub_get_address (const FacetHub *self)
{
  return self->address;
}

SoupSession *
facet_hub_session_new (void)
{
  SoupSession *session =
      soup_session_new_with_options ("user-agent", "Facet/" FACET_VERSION, "timeout", IDLE_SECONDS,
                                     "max-conns-per-host", 1, NULL);

  /* Bytes are hashed as they are stored, and a range of a compressed body is none of the file. */
  soup_session_remove_feature_by_type (session, SOUP_TYPE_CONTENT_DECODER);
  return session;
}

static gboolean
is_same_host (GUri *a, GUri *b)
{
  return g_str_equal (g_uri_get_scheme (a), g_uri_get_scheme (b)) &&
         g_ascii_strcasecmp (g_uri_get_host (a), g_uri_get_host (b)) == 0 &&
         g_uri_get_port (a) == g_uri_get_port (b);
}

static gboolean
may_have_token (const FacetHub *self, GUri *uri)
{
  return self->token != NULL && is_same_host (self->uri, uri) &&
         (g_str_equal (g_uri_get_scheme (uri), "https") || is_this_machine (g_uri_get_host (uri)));
}

/* ---- refusals ---- */

/* What a server says for itself, as one line; NULL: nothing presentable. */
static char *
tidy_words (const char *words)
{
  g_autofree char *valid = NULL;
  GString         *line;
  gsize            n = 0;

  if (words == NULL)
    return NULL;
  valid = g_utf8_make_valid (words, -1);
  line = g_string_new (NULL);
  for (const char *p = valid; *p != '\0' && n < MAX_WORDS; p = g_utf8_next_char (p), n++)
    g_string_append_unichar (line,
                             g_unichar_isprint (g_utf8_get_char (p)) ? g_utf8_get_char (p) : ' ');
  g_strstrip (line->str);
  return g_string_free (line, line->str[0] == '\0' || line->str[0] == '<');
}

static GBytes *
read_all (GInputStream *stream, GCancellable *cancellable, GError **error)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();
  guint8 buffer[16 * 1024];
  gssize n;

  while ((n = g_input_stream_read (stream, buffer, sizeof buffer, cancellable, error)) > 0) {
    if (all->len + (guint)n > MAX_ANSWER) {
      g_set_error (error, FACET_HUB_ERROR, FACET_HUB_ERROR_ANSWER,
                   _ ("The server’s answer is longer than a list of files can be. Check its "
                      "address."));
      return NULL;
    }
    g_byte_array_append (all, buffer, (guint)n);
  }
  return n == 0 ? g_byte_array_free_to_bytes (g_steal_pointer (&all)) : NULL;
}

static char *
words_of (SoupMessage *message, GInputStream *stream, GCancellable *cancellable)
{
  const char *header =
      soup_message_headers_get_one (soup_message_get_response_headers (message), "X-Error-Message");
  g_autoptr (GBytes) body = header == NULL ? read_all (stream, cancellable, NULL) : NULL;
  g_autofree char *text = NULL;
  char            *words;
  json_t          *root;

  if (header != NULL || body == NULL)
    return tidy_words (header);
  text = g_strndup (g_bytes_get_data (body, NULL), g_bytes_get_size (body));
  root = json_loads (text, 0, NULL);
  words = tidy_words (root != NULL ? json_string_value (json_object_get (root, "error")) : text);
  json_decref (root);
  return words;
}

static guint
retry_seconds (SoupMessage *message)
{
  const char *value =
      soup_message_headers_get_one (soup_message_get_response_headers (message), "Retry-After");
  g_autoptr (GDateTime) when = NULL;
  g_autoptr (GDateTime) now = NULL;
  guint64 seconds;

  if (value == NULL)
    return 0;
  if (g_ascii_string_to_unsigned (value, 10, 0, MAX_RETRY_AFTER, &seconds, NULL))
    return (guint)seconds;
  when = soup_date_time_new_from_http_string (value);
  if (when == NULL)
    return 0;
  now = g_date_time_new_now_utc ();
  return (guint)CLAMP (g_date_time_difference (when, now) / G_USEC_PER_SEC, 0, MAX_RETRY_AFTER);
}

static void
set_refusal (SoupMessage  *message,
             const char   *what,
             GInputStream *stream,
             GCancellable *cancellable,
             GError      **error)
{
  guint            status = soup_message_get_status (message);
  const char      *host = g_uri_get_host (soup_message_get_uri (message));
  g_autofree char *words = words_of (message, stream, cancellable);

  if (words == NULL)
    words = g_strdup_printf ("%u %s", status, soup_message_get_reason_phrase (message));
  if (status == 401 || status == 403)
    g_set_error (error, FACET_HUB_ERROR, FACET_HUB_ERROR_REFUSED,
                 /* Translators: a file or repository, a server, and that server's own words. */
                 _ ("“%s” is not given to everybody by %s: “%s”. If its page asks for that, accept "
                    "the terms there; then enter your access token in Facet."),
                 what, host, words);
  else if (status == 404 || status == 410)
    g_set_error (error, FACET_HUB_ERROR, FACET_HUB_ERROR_NOT_FOUND,
                 _ ("“%s” is not on %s: “%s”. Check the name and the server’s address."), what,
                 host, words);
  else if (status == 408 || status == 429 || status >= 500)
    g_set_error (error, FACET_HUB_ERROR, FACET_HUB_ERROR_BUSY,
                 _ ("%s cannot answer now: “%s”. Try again later."), host, words);
  else
    g_set_error (error, FACET_HUB_ERROR,
                 status == 416 ? FACET_HUB_ERROR_RANGE : FACET_HUB_ERROR_ANSWER,
                 _ ("%s does not send “%s”: “%s”. Check the server’s address."), host, what, words);
}

/* What libsoup and GIO say, in our terms; being cancelled stays what it is. */
static void
settle_error (GUri *uri, GError **error)
{
  g_autoptr (GError) cause = NULL;

  if (error == NULL || *error == NULL || (*error)->domain == FACET_HUB_ERROR ||
      g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  cause = g_steal_pointer (error);
  if (cause->domain == G_TLS_ERROR)
    g_set_error (error, FACET_HUB_ERROR, FACET_HUB_ERROR_ANSWER,
                 _ ("The connection to %s is not secure, so nothing is downloaded: %s. Check this "
                    "computer’s clock and the server’s address."),
                 g_uri_get_host (uri), cause->message);
  else
    g_set_error (error, FACET_HUB_ERROR, FACET_HUB_ERROR_NETWORK,
                 _ ("The connection to %s failed: %s. Check the network; what was downloaded is "
                    "kept."),
                 g_uri_get_host (uri), cause->message);
}

/* ---- requests ---- */

static gboolean
is_redirect (guint status)
{
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* (transfer full).  NULL: it leads nowhere that may be followed. */
static GUri *
redirect_target (SoupMessage *message, GError **error)
{
  const char *location =
      soup_message_headers_get_one (soup_message_get_response_headers (message), "Location");
  GUri *from = soup_message_get_uri (message);
  g_autoptr (GUri) uri =
      location != NULL ? g_uri_parse_relative (from, location, SOUP_HTTP_URI_FLAGS, NULL) : NULL;

  if (uri != NULL && is_web (uri) &&
      (g_str_equal (g_uri_get_scheme (uri), "https") ||
       g_str_equal (g_uri_get_scheme (from), "http")))
    return g_steal_pointer (&uri);
  g_set_error (error, FACET_HUB_ERROR, FACET_HUB_ERROR_ANSWER,
               _ ("%s sends to an address that is not followed: “%s”."), g_uri_get_host (from),
               location != NULL ? location : "");
  return NULL;
}

typedef struct {
  guint64     first, end; /* 0, 0: everything */
  const char *if_etag;
} Range;

static SoupMessage *
make_message (const FacetHub *self, GUri *uri, const Range *range)
{
  SoupMessage        *message = soup_message_new_from_uri ("GET", uri);
  SoupMessageHeaders *headers = soup_message_get_request_headers (message);

  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT);
  soup_message_disable_feature (message, SOUP_TYPE_AUTH_MANAGER);
  soup_message_headers_append (headers, "Accept-Encoding", "identity");
  if (may_have_token (self, uri)) {
    g_autofree char *value = g_strconcat ("Bearer ", self->token, NULL);

    soup_message_headers_append (headers, "Authorization", value);
  }
  if (range != NULL && range->end > 0) {
    soup_message_headers_set_range (headers, (goffset)range->first, (goffset)range->end - 1);
    if (range->if_etag != NULL)
      soup_message_headers_append (headers, "If-Range", range->if_etag);
  }
  return message;
}

/* Sends, follows, and returns the body of the last answer, 200 or 206.  *@identity: X-Linked-ETag
 * of an answer on the way; may be NULL.  *@last: the message that was answered. */
static GInputStream *
send_and_follow (const FacetHub *self,
                 SoupSession    *session,
                 const char     *address,
                 const char     *what,
                 const Range    *range,
                 SoupMessage   **last,
                 char          **identity,
                 guint          *retry_after,
                 GCancellable   *cancellable,
                 GError        **error)
{
  g_autoptr (GUri) uri = g_uri_parse (address, SOUP_HTTP_URI_FLAGS, error);

  for (guint i = 0; i <= MAX_REDIRECTS && uri != NULL; i++) {
    g_autoptr (SoupMessage) message = make_message (self, uri, range);
    g_autoptr (GInputStream) stream = soup_session_send (session, message, cancellable, error);
    guint       status;
    const char *linked;

    if (stream == NULL) {
      settle_error (uri, error);
      return NULL;
    }
    status = soup_message_get_status (message);
    linked =
        soup_message_headers_get_one (soup_message_get_response_headers (message), "X-Linked-ETag");
    if (identity != NULL && linked != NULL && *identity == NULL)
      *identity = g_strdup (linked);
    if (status == 200 || status == 206) {
      *last = g_steal_pointer (&message);
      return g_steal_pointer (&stream);
    }
    if (!is_redirect (status)) {
      if (retry_after != NULL)
        *retry_after = retry_seconds (message);
      set_refusal (message, what, stream, cancellable, error);
      return NULL;
    }
    g_uri_unref (uri);
    uri = redirect_target (message, error);
  }
  if (uri != NULL)
    g_set_error (error, FACET_HUB_ERROR, FACET_HUB_ERROR_ANSWER,
                 _ ("%s sends from one address to the next without end."),
                 g_uri_get_host (self->uri));
  return NULL;
}

/* A small answer, whole. */
static GBytes *
ask (const FacetHub *self,
     SoupSession    *session,
     const char     *address,
     const char     *what,
     GCancellable   *cancellable,
     GError        **error)
{
  g_autoptr (SoupMessage) message = NULL;
  g_autoptr (GInputStream) stream = send_and_follow (self, session, address, what, NULL, &message,
                                                     NULL, NULL, cancellable, error);
  GBytes *bytes = stream != NULL ? read_all (stream, cancellable, error) : NULL;

  if (stream != NULL && bytes == NULL)
    settle_error (soup_message_get_uri (message), error);
  return bytes;
}

FacetHubListing *
facet_hub_list (const FacetHub *self,
                SoupSession    *session,
                const char     *repository,
                GCancellable   *cancellable,
                GError        **error)
{
  g_autofree char *of_commit =
      g_strdup_printf ("%s/api/models/%s/revision/main", self->address, repository);
  g_autofree char *of_files = NULL, *commit = NULL;
  g_autoptr (FacetHubListing) listing = NULL;
  g_autoptr (GBytes) first = NULL;
  g_autoptr (GBytes) second = NULL;

  if (!facet_hub_is_repository (repository)) {
    g_set_error (error, FACET_HUB_ERROR, FACET_HUB_ERROR_ADDRESS,
                 _ ("“%s” is not the name of a repository. It has the form owner/name."),
                 repository);
    return NULL;
  }
  first = ask (self, session, of_commit, repository, cancellable, error);
  commit = first != NULL ? facet_hub_parse_commit (g_bytes_get_data (first, NULL),
                                                   g_bytes_get_size (first), error)
                         : NULL;
  if (commit == NULL)
    return NULL;
  of_files = g_strdup_printf ("%s/api/models/%s/tree/%s", self->address, repository, commit);
  second = ask (self, session, of_files, repository, cancellable, error);
  if (second == NULL)
    return NULL;
  listing = facet_hub_listing_new (repository, commit);
  return facet_hub_parse_tree (listing, g_bytes_get_data (second, NULL), g_bytes_get_size (second),
                               error)
             ? g_steal_pointer (&listing)
             : NULL;
}

/* ---- bytes of a file ---- */

void
facet_hub_reply_clear (FacetHubReply *self)
{
  g_clear_object (&self->stream);
  g_clear_pointer (&self->etag, g_free);
  g_clear_pointer (&self->identity, g_free);
}

static gboolean
read_headers (FacetHubReply *self, SoupMessage *message, GError **error)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (message);
  const char         *etag = soup_message_headers_get_one (headers, "ETag");
  const char         *coding = soup_message_headers_get_one (headers, "Content-Encoding");
  goffset             first, last, total;

  if (coding != NULL && g_ascii_strcasecmp (coding, "identity") != 0) {
    g_set_error (error, FACET_HUB_ERROR, FACET_HUB_ERROR_ANSWER,
                 _ ("%s sends files compressed (%s) although that was not asked for."),
                 g_uri_get_host (soup_message_get_uri (message)), coding);
    return FALSE;
  }
  /* A weak one does not promise the same bytes. */
  self->etag = etag != NULL && etag[0] == '"' && strlen (etag) <= 200 ? g_strdup (etag) : NULL;
  self->length = soup_message_headers_get_encoding (headers) == SOUP_ENCODING_CONTENT_LENGTH
                     ? soup_message_headers_get_content_length (headers)
                     : -1;
  self->is_part = soup_message_get_status (message) == 206;
  if (!self->is_part)
    return TRUE;
  if (!soup_message_headers_get_content_range (headers, &first, &last, &total) || first < 0 ||
      last < first || (total >= 0 && last >= total)) {
    g_set_error (error, FACET_HUB_ERROR, FACET_HUB_ERROR_ANSWER,
                 _ ("%s sends a part of a file and does not say which."),
                 g_uri_get_host (soup_message_get_uri (message)));
    return FALSE;
  }
  self->first = (guint64)first;
  self->end = (guint64)last + 1;
  self->total = total > 0 ? (guint64)total : 0;
  return TRUE;
}

gboolean
facet_hub_get (const FacetHub *self,
               SoupSession    *session,
               const char     *repository,
               const char     *commit,
               const char     *path,
               guint64         first,
               guint64         end,
               const char     *if_etag,
               FacetHubReply  *reply,
               guint          *retry_after,
               GCancellable   *cancellable,
               GError        **error)
{
  g_autofree char *escaped = g_uri_escape_string (path, NULL, FALSE);
  g_autofree char *address =
      g_strdup_printf ("%s/%s/resolve/%s/%s", self->address, repository, commit, escaped);
  Range range = {first, end, if_etag};
  g_autoptr (SoupMessage) message = NULL;

  *reply = (FacetHubReply){.length = -1};
  *retry_after = 0;
  reply->stream = send_and_follow (self, session, address, path, &range, &message, &reply->identity,
                                   retry_after, cancellable, error);
  if (reply->stream != NULL && read_headers (reply, message, error))
    return TRUE;
  facet_hub_reply_clear (reply);
  return FALSE;
}
