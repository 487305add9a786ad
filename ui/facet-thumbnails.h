/* facet-thumbnails.h: small pictures of pictures and videos, kept while they are likely to be seen
 * again.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread; the work is done in others, two at a time, and what is no longer wanted is not
 * begun. */
#pragma once

#include "facet-compat.h"
#include "facet-media.h"

G_BEGIN_DECLS

/* (transfer full), NULL: it has to be loaded. */
GdkTexture *facet_thumbnails_lookup (FacetMedia *media) G_GNUC_WARN_UNUSED_RESULT;
void        facet_thumbnails_load_async (FacetMedia         *media,
                                         GCancellable       *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer            user_data);
/* (transfer full) */
GdkTexture *facet_thumbnails_load_finish (GAsyncResult *result,
                                          GError      **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
