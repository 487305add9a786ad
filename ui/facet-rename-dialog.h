/* facet-rename-dialog.h: asks for another title of a conversation.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#pragma once

#include "facet-compat.h"
#include "facet-conversation.h"

G_BEGIN_DECLS

/* Opens the dialog over @parent; the conversation gets its title when the person accepts. */
void facet_rename_conversation (GtkWindow *parent, FacetConversation *conversation);

G_END_DECLS
