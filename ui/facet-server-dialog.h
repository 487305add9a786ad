/* facet-server-dialog.h: a server is added, changed, tested or removed.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#pragma once

#include "facet-compat.h"
#include "facet-servers.h"

G_BEGIN_DECLS

#define FACET_TYPE_SERVER_DIALOG (facet_server_dialog_get_type ())
G_DECLARE_FINAL_TYPE (FacetServerDialog, facet_server_dialog, FACET, SERVER_DIALOG, AdwWindow)

/* @server NULL: a new one.  Signal ::say (const char *sentence): the key could not be kept. */
GtkWidget *facet_server_dialog_new (FacetServers *servers,
                                    FacetServer  *server) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
