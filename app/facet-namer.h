/* facet-namer.h: has the model give conversations their titles, when nobody waits for it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to app/.  Main thread.  One for a library.  After an answer, once no conversation is
 * busy, the model is asked for a title of the conversation: at most 16 tokens, without a thought,
 * always the likeliest.  As soon as a conversation becomes busy that ends, so that no question of a
 * person's waits for it.
 *
 * The request is the conversation as it is, and one more question.  So the model reads only that
 * question, and the next turn finds everything before it where it was. */
#pragma once

#include "facet-conversation-private.h"

G_BEGIN_DECLS

typedef struct _FacetNamer FacetNamer;

/* Off at first. */
FacetNamer *facet_namer_new (void) G_GNUC_WARN_UNUSED_RESULT;
void        facet_namer_set_enabled (FacetNamer *self, gboolean enabled);
/* Whether @conversation is busy has changed. */
void        facet_namer_note (FacetNamer *self, FacetConversation *conversation);
/* Ends what runs, and asks about nothing that was noted. */
void        facet_namer_forget (FacetNamer *self);
/* Ends what runs, for ever. */
void        facet_namer_close (FacetNamer *self);
void        facet_namer_unref (FacetNamer *self);

/* What @answer says as a title: one line without quotes, marks and label; NULL: it is none, but a
 * sentence, or too long.  (transfer full) */
char *facet_title_of_answer (const char *answer) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
