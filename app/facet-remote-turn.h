/* facet-remote-turn.h: one question to a server and its answer, with all that may go wrong between.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to app/.  Main thread. */
#pragma once

#include "facet-event-source.h"
#include "facet-exchange.h"
#include "facet-keyring.h"
#include "facet-remote-assistant.h"
#include "facet-remote-models.h"

G_BEGIN_DECLS

/* What the turns at one server share: what is known of it.  A g_rc_box. */
typedef struct {
  FacetServer      *server;
  FacetKeyring     *keyring; /* NULL: none */
  char             *key;     /* instead of the keyring's; NULL: none */
  SoupSession      *session;
  FacetRemoteTimes  times;
  FacetEventSource *events; /* of FacetEvent */
  gboolean          known;  /* it was asked for its models, and so: */
  char             *model;  /* NULL: not known */
  FacetServerKind   kind;
  FacetRemoteForms  forms; /* what it takes, as far as is known */
  guint             context_size;
  void (*learned) (gpointer user_data); /* what is known has changed; NULL once nobody listens */
  gpointer user_data;
} FacetRemote;

FacetRemote *facet_remote_new (FacetServer *server) G_GNUC_WARN_UNUSED_RESULT;
FacetRemote *facet_remote_ref (FacetRemote *self) G_GNUC_WARN_UNUSED_RESULT;
void         facet_remote_unref (FacetRemote *self);
/* Takes in what the server says of its models. */
void         facet_remote_learn (FacetRemote *self, GPtrArray *models);
/* A sentence for a refusal with @status, whose body is @body.  (transfer full) */
GError      *facet_remote_explain_refusal (FacetRemote             *self,
                                           const FacetExchangeHead *head,
                                           const char              *body,
                                           gsize                    length) G_GNUC_WARN_UNUSED_RESULT;

typedef struct _FacetRemoteTurn FacetRemoteTurn;

/* Begins at once; what comes of it is pushed to @remote->events, ending with one event that ends
 * the turn. */
FacetRemoteTurn *facet_remote_turn_new (FacetRemote  *remote,
                                        guint64       number,
                                        FacetRequest *request) G_GNUC_WARN_UNUSED_RESULT;
/* Ends it, if it has not ended; what came so far was sent. */
void             facet_remote_turn_stop (FacetRemoteTurn *self);
void             facet_remote_turn_answer_now (FacetRemoteTurn *self);
/* Stops it, too. */
void             facet_remote_turn_free (FacetRemoteTurn *self);

G_END_DECLS
