/* facet-message-face.h: where an answer stands, when its text does not say it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  One face for each state: waiting, reading, stopped, failed, interrupted, too long,
 * cut off, empty; hidden while a thought or an answer speaks for itself.  Its buttons carry out the
 * actions of the row. */
#pragma once

#include "facet-compat.h"
#include "facet-message.h"

G_BEGIN_DECLS

#define FACET_TYPE_MESSAGE_FACE (facet_message_face_get_type ())
G_DECLARE_FINAL_TYPE (FacetMessageFace, facet_message_face, FACET, MESSAGE_FACE, GtkWidget)

/* Shows what @message is in now; NULL: nothing. */
void facet_message_face_update (FacetMessageFace *self, FacetMessage *message);

/* What it says, "" when it is hidden. */
const char *facet_message_face_get_text (FacetMessageFace *self);

G_END_DECLS
