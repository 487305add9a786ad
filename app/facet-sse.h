/* facet-sse.h: a stream of server-sent events, taken apart as it comes.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The event stream of the WHATWG HTML standard §9.2.6, as far as an answer needs it: data and
 * comments; names, ids and times to reconnect are passed over.  The bytes come from outside and may
 * be anything: memory is bounded by FACET_SSE_MAX_EVENT whatever they are.  One thread at a time.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Bytes of one event, and so of one line.  A chunk of an answer has some hundred. */
#define FACET_SSE_MAX_EVENT ((gsize)4 << 20)

typedef struct _FacetSse FacetSse;

/* @data: the event's lines, joined by '\n'; borrowed, valid UTF-8, ends with '\0'.  FALSE: nothing
 * more is wanted. */
typedef gboolean (*FacetSseFunc) (const char *data, gsize length, gpointer user_data);

FacetSse *facet_sse_new (FacetSseFunc func, gpointer user_data) G_GNUC_WARN_UNUSED_RESULT;
void      facet_sse_free (FacetSse *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetSse, facet_sse_free)

/* FALSE, and from then on always: an event is too long (G_IO_ERROR_INVALID_DATA), or @func wanted
 * nothing more, when @error is not set. */
gboolean facet_sse_push (FacetSse *self, const char *bytes, gsize length, GError **error);
/* The end of the stream: an event that nothing follows counts, too, though the standard drops it:
 * there are servers whose last one is not followed by an empty line.  As facet_sse_push (). */
gboolean facet_sse_finish (FacetSse *self, GError **error);

G_END_DECLS
