/* facet-decoder.h: one stream of a media file, decoded piece by piece by GStreamer.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to app/.  Whoever made a decoder pulls from it, in one thread that may block.  Files are
 * hostile: only demuxers, parsers and decoders in software are used, nothing that opens a network
 * connection or another file; what is decoded ahead is a few buffers; and a file on which nothing
 * moves any more ends in an error. */
#pragma once

#include <gio/gio.h>
#include <gst/gst.h>
#include "facet-media-error.h"

G_BEGIN_DECLS

/* Video with larger frames is not decoded. */
#define FACET_DECODER_MAX_PIXELS (1u << 25)

typedef enum {
  FACET_STREAM_SOUND,
  FACET_STREAM_VIDEO,
} FacetStreamKind;

typedef struct _FacetDecoder FacetDecoder;

/* Opens the first stream of @kind in the regular file @path, which the person knows as @name.
 * @chain: what stands between the decoded stream and the samples that come out, as gst_parse_launch
 * () reads it. */
FacetDecoder *facet_decoder_new (const char     *path,
                                 const char     *name,
                                 FacetStreamKind kind,
                                 const char     *chain,
                                 GError        **error) G_GNUC_WARN_UNUSED_RESULT;
void          facet_decoder_free (FacetDecoder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetDecoder, facet_decoder_free)

/* The next piece.  NULL without an error: that was all.  (transfer full) */
GstSample *facet_decoder_pull (FacetDecoder *self,
                               GCancellable *cancellable,
                               GError      **error) G_GNUC_WARN_UNUSED_RESULT;

/* Once the first piece came: */

/* As the file says, in ns; -1: it does not. */
gint64      facet_decoder_get_duration (FacetDecoder *self);
/* What the decoder gives before the chain; borrowed. */
GstCaps    *facet_decoder_get_stream_caps (FacetDecoder *self);
/* What the file is, by its content: "audio/x-wav", "video/quicktime", …; borrowed. */
const char *facet_decoder_get_media_type (FacetDecoder *self);

/* Whether the file has a stream of the other kind, which is not decoded. */
gboolean    facet_decoder_has_other_stream (FacetDecoder *self);
/* How pictures are to be turned, as GStreamer's tag image-orientation says it; NULL: not at all.
 * Borrowed until the next pull. */
const char *facet_decoder_get_orientation (FacetDecoder *self);

/* How long nothing may move; 20 s.  For tests. */
void facet_decoder_set_patience (FacetDecoder *self, guint milliseconds);

G_END_DECLS
