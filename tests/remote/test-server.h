/* test-server.h: an HTTP server for tests, on a thread of its own, with every fault that a network
 * has.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * libsoup's SoupServer on a free port of 127.0.0.1.  Handlers run on the server's thread; what they
 * share with the test is theirs to lock.  Everything else: any thread. */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

typedef struct _TestServer TestServer;

/* What was asked, as it was kept for the test. */
typedef struct {
  char *method, *path, *query;            /* query NULL: none; the path is decoded */
  char *range, *if_range, *authorization; /* headers; NULL: it had none */
  char *body;
} TestRequest;

/* Answers @message with one of the functions below.  @request: valid during the call. */
typedef void (*TestServerFunc) (SoupServerMessage *message,
                                const TestRequest *request,
                                gpointer           user_data);

TestServer *test_server_new (void) G_GNUC_WARN_UNUSED_RESULT;
/* The same with https, and a certificate of its own that nobody vouches for. */
TestServer *test_server_new_encrypted (void) G_GNUC_WARN_UNUSED_RESULT;
/* SHA-256 of it. */
#define TEST_SERVER_FINGERPRINT "fe9bd916056e50a2bfa8d4311eb63b7647a6cee4e3b2b517a0cd12c838dee726"
/* Ends all connections. */
void        test_server_free (TestServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestServer, test_server_free)

/* "http://127.0.0.1:PORT", or https; borrowed. */
const char *test_server_get_address (TestServer *self);
/* Answers paths that begin with @path; the longest one that fits answers.  Before the first
 * request. */
void        test_server_handle (TestServer    *self,
                                const char    *path,
                                TestServerFunc func,
                                gpointer       user_data);

/* What was asked so far, in order, and how often for paths that begin with @path.  (transfer full),
 * of TestRequest. */
GPtrArray *test_server_dup_requests (TestServer *self) G_GNUC_WARN_UNUSED_RESULT;
guint      test_server_count (TestServer *self, const char *path);

/* ---- answers ---- */

/* The whole answer at once.  @headers: name, value, …, NULL; or NULL.  @body: @length bytes,
 * copied; −1: up to its NUL. */
void test_reply (SoupServerMessage *message,
                 guint              status,
                 const char *const *headers,
                 const char        *type,
                 const char        *body,
                 gssize             length);

/* One step of a scripted answer. */
typedef struct {
  guint       delay_ms; /* before it */
  const char *bytes;    /* NULL: none */
  gssize      length;   /* −1: up to its NUL */
} TestStep;

typedef enum {
  TEST_END_CLOSE, /* in an orderly way */
  TEST_END_RESET, /* as a machine that died: RST */
  TEST_END_HANG,  /* says nothing more, until the server ends */
} TestEnd;

/* Writes exactly these bytes to the connection: status line, headers and whatever else, right or
 * wrong.  The steps are copied.  The connection carries nothing after it.  A client that goes away
 * ends it. */
void test_reply_raw (SoupServerMessage *message, const TestStep *steps, gsize n_steps, TestEnd end);

G_END_DECLS
