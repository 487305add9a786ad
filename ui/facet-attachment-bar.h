/* facet-attachment-bar.h: what is attached to the message that is being written.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  A row of chips that wraps, what they take together, what the person should know of
 * them, and why something could not be added.  Shows the draft's media of its conversation and the
 * imports of its queue (facet-import-queue.h); takes no room while there is nothing.
 *
 * Signals: ::changed (): other media, or imports have begun or ended; ::emptied (): the person has
 * removed the last one, and the focus needs another place. */
#pragma once

#include "facet-compat.h"
#include "facet-conversation.h"

G_BEGIN_DECLS

#define FACET_TYPE_ATTACHMENT_BAR (facet_attachment_bar_get_type ())
G_DECLARE_FINAL_TYPE (FacetAttachmentBar, facet_attachment_bar, FACET, ATTACHMENT_BAR, GtkWidget)

void     facet_attachment_bar_set_conversation (FacetAttachmentBar *self,
                                                FacetConversation  *conversation);
guint    facet_attachment_bar_get_n_media (FacetAttachmentBar *self);
guint    facet_attachment_bar_get_n_tokens (FacetAttachmentBar *self);
/* Imports still run: what is sent now would go without them. */
gboolean facet_attachment_bar_is_running (FacetAttachmentBar *self);
/* What is attached is out of sight while an earlier message is edited; errors are not. */
void     facet_attachment_bar_set_chips_visible (FacetAttachmentBar *self, gboolean visible);

G_END_DECLS
