/* facet-prompt.h: from a request to the tokens that the model reads, no more of them than fit.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to app/.  Engine thread; pure functions. */
#pragma once

#include "engine/gem-model.h"

#include "facet-perception.h"
#include "facet-request.h"

G_BEGIN_DECLS

typedef struct {
  GArray          *ids;   /* of gint32 */
  GPtrArray       *media; /* of FacetMedia: what is in it, in order; borrowed from the request */
  FacetPerception *perception;        /* borrowed */
  gboolean         starts_in_thought; /* the prompt ends inside an open thought */
  gboolean         fits;
  FacetOverflow    overflow; /* if it does not, or if messages were left out */
} FacetPrompt;

/* The most tokens that are kept free for an answer; less in a small context or under a small limit.
 */
#define FACET_PROMPT_ROOM 512

/* Renders @request for @model.  What does not fit @context_size with room for an answer is left
 * out, oldest exchange first, if
 * @request->drop_oldest says so; otherwise, or when the newest message alone is too long, :fits is
 * FALSE and :overflow says by how much.  System messages and the newest message of the person
 * always stay.  @thinking overrides the request's.  Attachments are counted as @perception knows
 * them: what it has not prepared, by what is expected. */
gboolean facet_prompt_init (FacetPrompt        *self,
                            const FacetRequest *request,
                            gboolean            thinking,
                            GemModel           *model,
                            FacetPerception    *perception,
                            guint               context_size,
                            GError            **error);
void     facet_prompt_clear (FacetPrompt *self);

G_END_DECLS
