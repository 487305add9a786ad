/* facet-remote-assistant.h: the FacetAssistant that asks an OpenAI-compatible server.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  HTTP runs asynchronously on the main context, where libsoup never blocks and a turn
 * costs a few kilobytes a second; only what is attached is decoded and encoded in a task.  A thread
 * of its own would add a queue and take nothing off.
 *
 * It is READY at once and asks the server nothing before it is asked itself: that something can go
 * wrong there is seen by the turn.  Several turns may run at a time.  Nothing typed is sent before
 * it is asked: tokens are not counted. */
#pragma once

#include "facet-assistant.h"
#include "facet-keyring.h"
#include "facet-server.h"

G_BEGIN_DECLS

/* How long things may take, ms; 0 in each: as long as is usual. */
typedef struct {
  guint connect, answer, idle; /* as in FacetExchangeTimes */
  guint retry; /* before the first new attempt; each further one waits twice as long (1000) */
} FacetRemoteTimes;

/* New attempts after 429, 5xx and connections that broke before anything came. */
#define FACET_REMOTE_RETRIES 3
/* s; who is told to come back later than this is told so. */
#define FACET_REMOTE_MAX_WAIT 60

#define FACET_TYPE_REMOTE_ASSISTANT (facet_remote_assistant_get_type ())
G_DECLARE_FINAL_TYPE (FacetRemoteAssistant,
                      facet_remote_assistant,
                      FACET,
                      REMOTE_ASSISTANT,
                      GObject)

/* @keyring has the server's key, if it has one; NULL: there is none.  @key: instead of that; NULL:
 * none. */
FacetAssistant *facet_remote_assistant_new (FacetServer            *server,
                                            FacetKeyring           *keyring,
                                            const char             *key,
                                            const FacetRemoteTimes *times)
    G_GNUC_WARN_UNUSED_RESULT;
/* Borrowed. */
FacetServer *facet_remote_assistant_get_server (FacetRemoteAssistant *self);

G_END_DECLS
