/* chat-server.h: an OpenAI-compatible server that answers as a test says, right or wrong, and what
 * a turn at one became.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Over test-server.h.  GET /v1/models lists one model, "tiny", of "vllm" with 8192 tokens, unless
 * told otherwise; each POST takes the next reply that was added.  The test's thread. */
#pragma once

#include <jansson.h>

#include "app/facet-remote-assistant.h"
#include "test-server.h"

G_BEGIN_DECLS

typedef struct _ChatServer ChatServer;

ChatServer *chat_server_new (void) G_GNUC_WARN_UNUSED_RESULT;
void        chat_server_free (ChatServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ChatServer, chat_server_free)

/* "http://127.0.0.1:PORT/v1" */
const char *chat_server_get_address (ChatServer *self);
/* The body and status of GET /v1/models from now on. */
void        chat_server_set_models (ChatServer *self, guint status, const char *body);

/* Replies, in order.  The last one stays for whoever asks once more. */
void chat_server_add (ChatServer *self, guint status, const char *type, const char *body);
/* @headers: name, value, …, NULL; static. */
void chat_server_add_with (ChatServer        *self,
                           guint              status,
                           const char *const *headers,
                           const char        *type,
                           const char        *body);
/* "data: LINE" for each of @lines, an array that ends with NULL, and [DONE]. */
void chat_server_add_stream (ChatServer *self, const char *const *lines);
/* The head of a stream, @bytes as they are, and then @end. */
void chat_server_add_raw (ChatServer *self, const char *bytes, TestEnd end);

/* Of POSTs: how many there were, and the @index-th's body, of which some JSON is expected. */
guint   chat_server_count (ChatServer *self);
json_t *chat_server_dup_body (ChatServer *self, guint index) G_GNUC_WARN_UNUSED_RESULT;
/* The Authorization header of the last request of any kind; NULL: it had none.  (transfer full) */
char   *chat_server_dup_key (ChatServer *self) G_GNUC_WARN_UNUSED_RESULT;

/* A turn as it was heard. */
typedef struct {
  FacetAssistant *assistant;
  guint64         number;
  GString        *thought, *answer;
  GPtrArray      *calls; /* of char *: "name{…}" */
  FacetUsage      usage;
  FacetOverflow   overflow;
  FacetEventKind  end;
  guint           n_ends, n_waits;
  gboolean        stopped, cut_off;
  char           *error; /* NULL: none */
} ChatTurn;

void chat_turn_start (ChatTurn *self, FacetAssistant *assistant, FacetRequest *request);
/* Waits for its end. */
void chat_turn_wait (ChatTurn *self);
void chat_turn_run (ChatTurn *self, FacetAssistant *assistant, FacetRequest *request);
void chat_turn_clear (ChatTurn *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ChatTurn, chat_turn_clear)

/* A server with short waits for new attempts; @idle_ms 0: the usual. */
FacetAssistant *chat_assistant_new (const char *address,
                                    const char *key,
                                    guint       idle_ms) G_GNUC_WARN_UNUSED_RESULT;
/* One question, "Hello?". */
FacetRequest   *chat_request_new (void) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
