/* facet-remote-models.h: what a server says of its models.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to app/.  Pure functions; the text comes from outside and is bounded and checked. */
#pragma once

#include "facet-remote-request.h"

G_BEGIN_DECLS

/* More bytes and models than any server has. */
#define FACET_REMOTE_MAX_LIST   ((gsize)4 << 20)
#define FACET_REMOTE_MAX_MODELS 1000

typedef struct {
  char           *id;
  FacetServerKind kind;
  guint           context_size; /* tokens; 0: it does not say */
} FacetRemoteModel;

/* The body of an answer to GET /models.  (transfer full), of FacetRemoteModel; NULL: it is none. */
GPtrArray *facet_remote_models_parse (const char *body, gsize length) G_GNUC_WARN_UNUSED_RESULT;
/* The one called @id, or the first one if that is "".  Borrowed; NULL: there is none. */
const FacetRemoteModel *facet_remote_models_find (GPtrArray *models, const char *id);

G_END_DECLS
