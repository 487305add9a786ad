/* facet-exchange.h: one question to a server over HTTP, and the bytes that come back.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to app/.  Main thread; nothing blocks: libsoup resolves, connects, encrypts and reads
 * asynchronously, and bytes are handed over in pieces of at most FACET_EXCHANGE_PIECE, the next one
 * after the main loop had its turn.  Proxies are the desktop's.
 *
 * The key goes to the server's own address and nowhere else: a redirect is followed only within the
 * same scheme, host and port, and what leads elsewhere is an error that names the place.  A
 * certificate that nobody vouches for is accepted only if it is the one that the person trusts. */
#pragma once

#include <libsoup/soup.h>

#include "facet-server.h"

G_BEGIN_DECLS

#define FACET_EXCHANGE_PIECE ((gsize)16 << 10)

/* How long is waited, ms; 0 in each: as long as is usual. */
typedef struct {
  guint connect; /* until the question can be sent */
  guint answer;  /* then until the first byte of an answer: the server may read for long */
  guint idle;    /* then between two pieces */
} FacetExchangeTimes;

/* What is known before the body. */
typedef struct {
  guint       status;
  const char *reason;      /* in words; "" */
  const char *type;        /* "application/json"; "" */
  int         retry_after; /* s; −1: not said */
} FacetExchangeHead;

typedef struct _FacetExchange FacetExchange;

typedef struct {
  void (*head) (FacetExchange *exchange, const FacetExchangeHead *head, gpointer user_data);
  /* FALSE: enough; then end () is next, without an error. */
  gboolean (*bytes) (FacetExchange *exchange, const char *bytes, gsize length, gpointer user_data);
  /* Once, the last one; @error NULL: all of it came.  The exchange may be freed in each. */
  void (*end) (FacetExchange *exchange, const GError *error, gpointer user_data);
} FacetExchangeFuncs;

/* One for each server: connections are used again. */
SoupSession *facet_exchange_session_new (void) G_GNUC_WARN_UNUSED_RESULT;

/* Asks for @path below @server's address: GET, or POST of @body as JSON if that is not NULL.  @key
 * NULL: none.  @funcs is static; none of it is called before this returns. */
FacetExchange *facet_exchange_new (SoupSession              *session,
                                   FacetServer              *server,
                                   const char               *path,
                                   GBytes                   *body,
                                   const char               *key,
                                   const FacetExchangeTimes *times,
                                   const FacetExchangeFuncs *funcs,
                                   gpointer                  user_data) G_GNUC_WARN_UNUSED_RESULT;
/* Ends it at once; nothing is called any more. */
void           facet_exchange_free (FacetExchange *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetExchange, facet_exchange_free)

/* What the server showed when the connection was encrypted; NULL: nothing.  Borrowed. */
GTlsCertificate     *facet_exchange_get_certificate (FacetExchange *self);
GTlsCertificateFlags facet_exchange_get_certificate_errors (FacetExchange *self);
/* SHA-256 in hexadecimal.  (transfer full) */
char *facet_certificate_dup_fingerprint (GTlsCertificate *certificate) G_GNUC_WARN_UNUSED_RESULT;
/* What is wrong with it, in words.  (transfer full) */
char *facet_certificate_dup_problem (GTlsCertificateFlags errors) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
