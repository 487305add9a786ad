/* facet-search-hit.h: one thing that was found, and where.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Immutable; any thread. */
#pragma once

#include <glib-object.h>
#include "facet-message.h"
#include "facet-search-query.h"

G_BEGIN_DECLS

typedef enum {
  FACET_SEARCH_TITLE,   /* of a conversation: there is no message */
  FACET_SEARCH_MESSAGE, /* what the person wrote, or the answer */
  FACET_SEARCH_THINKING,
  FACET_SEARCH_ATTACHMENT, /* its name */
} FacetSearchPlace;

/* What a hit is made of; who makes it fills it in, and may leave out texts and ranges. */
typedef struct {
  FacetSearchPlace place;
  gint64           conversation, message; /* message 0: none */
  gint64           when;                  /* µs since 1970 */
  FacetRole        role;                  /* of the message */
  gboolean         archived;
  gboolean         first;        /* of its conversation */
  char            *title;        /* of the conversation; "": it has none */
  GArray          *title_ranges; /* of FacetTextRange */
  char            *snippet;      /* one line; NULL for TITLE */
  GArray          *ranges;       /* in the snippet */
} FacetSearchFinding;

#define FACET_TYPE_SEARCH_HIT (facet_search_hit_get_type ())
G_DECLARE_FINAL_TYPE (FacetSearchHit, facet_search_hit, FACET, SEARCH_HIT, GObject)

/* Takes what @finding points to. */
FacetSearchHit *facet_search_hit_new (const FacetSearchFinding *finding) G_GNUC_WARN_UNUSED_RESULT;
/* Borrowed; title and ranges are never NULL. */
const FacetSearchFinding *facet_search_hit_get (FacetSearchHit *self);

G_END_DECLS
