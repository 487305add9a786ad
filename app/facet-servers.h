/* facet-servers.h: the servers that a person has set up: a GListModel of FacetServer.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  They are kept in the settings, where another process may change them, too; their
 * keys are in the keyring. */
#pragma once

#include "facet-assistant.h"
#include "facet-keyring.h"
#include "facet-server.h"

G_BEGIN_DECLS

/* More than anyone has; what is beyond is not read. */
#define FACET_SERVERS_MAX 100

#define FACET_TYPE_SERVERS (facet_servers_get_type ())
G_DECLARE_FINAL_TYPE (FacetServers, facet_servers, FACET, SERVERS, GObject)

FacetServers *facet_servers_new (GSettings    *settings,
                                 FacetKeyring *keyring) G_GNUC_WARN_UNUSED_RESULT;

/* Borrowed; NULL: there is none of that id or name. */
FacetServer    *facet_servers_find (FacetServers *self, const char *id);
FacetServer    *facet_servers_find_by_name (FacetServers *self, const char *name);
/* Borrowed. */
FacetKeyring   *facet_servers_get_keyring (FacetServers *self);
/* The one that asks server @id, the same as long as the server is; borrowed.  NULL: there is none
 * of that id. */
FacetAssistant *facet_servers_get_assistant (FacetServers *self, const char *id);

/* The last one, or in place of the one with the same id.  Its name is changed if another one has
 * it. */
void facet_servers_put (FacetServers *self, FacetServer *server);
/* Its key goes from the keyring unless another server has the same address. */
void facet_servers_remove (FacetServers *self, const char *id);

G_END_DECLS
