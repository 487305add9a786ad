/* facet-message-actions.h: the buttons under a message.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  They carry out the actions of the row they are in.  Seen when the pointer or the
 * focus is in the message; always there for the keyboard. */
#pragma once

#include "facet-compat.h"
#include "facet-conversation.h"

G_BEGIN_DECLS

#define FACET_TYPE_MESSAGE_ACTIONS (facet_message_actions_get_type ())
G_DECLARE_FINAL_TYPE (FacetMessageActions, facet_message_actions, FACET, MESSAGE_ACTIONS, GtkWidget)

/* @message NULL: none. */
void facet_message_actions_set_message (FacetMessageActions *self,
                                        FacetMessage        *message,
                                        FacetConversation   *conversation);
/* See facet_version_pager_grab_focus (). */
void facet_message_actions_focus_versions (FacetMessageActions *self, gboolean back);

G_END_DECLS
