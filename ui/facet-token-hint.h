/* facet-token-hint.h: the small line beside Send: how many tokens, or for a moment a notice.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Follows a text buffer; how many tokens its text is, is asked of the conversation's
 * assistant once typing pauses. */
#pragma once

#include "facet-compat.h"
#include "facet-conversation.h"

G_BEGIN_DECLS

#define FACET_TYPE_TOKEN_HINT (facet_token_hint_get_type ())
G_DECLARE_FINAL_TYPE (FacetTokenHint, facet_token_hint, FACET, TOKEN_HINT, GtkWidget)

/* Whoever holds the hint holds the buffer as well. */
void facet_token_hint_set_buffer (FacetTokenHint *self, GtkTextBuffer *buffer);
void facet_token_hint_set_conversation (FacetTokenHint *self, FacetConversation *conversation);
/* What is attached takes so many more. */
void facet_token_hint_set_attached (FacetTokenHint *self, guint n_tokens);
/* Another model counts tokens in another way. */
void facet_token_hint_count_again (FacetTokenHint *self);
/* Stands there for four seconds. */
void facet_token_hint_notify (FacetTokenHint *self, const char *text);

G_END_DECLS
