/* facet-message-media.h: what is attached to a message, above its text.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Tiles that wrap: pictures and videos as thumbnails which open large, sounds with
 * their players, and a quiet face for what is gone.  All sizes are known before a thumbnail is
 * loaded, so that nothing moves when it comes.  Not visible when there is nothing. */
#pragma once

#include "facet-compat.h"
#include "facet-media.h"

G_BEGIN_DECLS

#define FACET_TYPE_MESSAGE_MEDIA (facet_message_media_get_type ())
G_DECLARE_FINAL_TYPE (FacetMessageMedia, facet_message_media, FACET, MESSAGE_MEDIA, GtkWidget)

/* @media: of FacetMedia; NULL: nothing. */
void facet_message_media_set_media (FacetMessageMedia *self, GPtrArray *media);

G_END_DECLS
