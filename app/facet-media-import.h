/* facet-media-import.h: what a person adds becomes a FacetMedia: copied, looked at, decoded once.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Everything happens in a thread of GTask, or the caller's own; nothing is in the media folder
 * before it was decoded whole, and a failure leaves nothing behind.  The error is one sentence for
 * the composer. */
#pragma once

#include "facet-media.h"

G_BEGIN_DECLS

/* Larger files are refused. */
#define FACET_MEDIA_MAX_BYTES (G_GUINT64_CONSTANT (2) << 30)

/* A file that was dropped, chosen, or finished by the recorder: copied into @folder (see
 * facet_store_get_media_folder ()), and what it is told by its content.  @name: as the person knows
 * it; NULL: the file's own.  @file may be changed or deleted when this has ended. */
void        facet_media_import_file_async (const char         *folder,
                                           GFile              *file,
                                           const char         *name,
                                           GCancellable       *cancellable,
                                           GAsyncReadyCallback callback,
                                           gpointer            user_data);
/* The same in the caller's thread.  (transfer full) */
FacetMedia *facet_media_import_file (const char   *folder,
                                     GFile        *file,
                                     const char   *name,
                                     GCancellable *cancellable,
                                     GError      **error) G_GNUC_WARN_UNUSED_RESULT;
/* A picture that was pasted: R, G, B, A of 8 bits, not premultiplied, rows @rowstride bytes apart.
 * It is kept as PNG. */
void        facet_media_import_pixels_async (const char         *folder,
                                             const char         *name,
                                             GBytes             *pixels,
                                             guint               width,
                                             guint               height,
                                             gsize               rowstride,
                                             GCancellable       *cancellable,
                                             GAsyncReadyCallback callback,
                                             gpointer            user_data);
/* Of either.  (transfer full) */
FacetMedia *facet_media_import_finish (GAsyncResult *result,
                                       GError      **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
