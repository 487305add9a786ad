/* gem-drafter.h: a small decoder that guesses what the model will write next.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * It reads the model's own keys and values, so that it needs no prompt and no cache of its own
 * (docs/model/gemma4-mtp.md).  A guess costs a two-hundredth of what the model's pass does; the
 * model then reads all guesses in one pass and keeps those that it would have drawn itself: what is
 * written is what would have been written without a drafter, token for token.  Engine thread only.
 *
 *   gint32 id = gem_session_sample (session, &sampling, &error);      … after the prompt
 *   while (… id is wanted …) {
 *     gem_session_speculate (session, drafter, &sampling, id, 2, FALSE, &round, &error);
 *     … id and round.draft[0 … accepted − 1] are in the timeline …
 *     id = round.drawn[round.accepted];
 *   } */
#pragma once

#include "gem-session.h"

G_BEGIN_DECLS

/* Guesses at once: with the token before them they are one group of the output head, of which one
 * row is for drawing. */
#define GEM_DRAFTS_MAX 14

typedef struct _GemDrafter GemDrafter;

/* @folder: config.json and model.safetensors.  GEM_ERROR_UNSUPPORTED: it was made for another model
 * than @model. */
GemDrafter *gem_drafter_load (const char *folder,
                              GemModel   *model,
                              GError    **error) G_GNUC_WARN_UNUSED_RESULT;
void        gem_drafter_free (GemDrafter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GemDrafter, gem_drafter_free)

typedef struct {
  guint  position; /* of the token that was given */
  guint  n_drafts;
  gint32 draft[GEM_DRAFTS_MAX];
  guint  n_drawn;                   /* of the next: accepted + 1, or all */
  gint32 drawn[GEM_DRAFTS_MAX + 1]; /* what the model draws after the token, and after each draft */
  guint  accepted;                  /* drafts that are what the model drew */
} GemRound;

/* Appends @id, and those of at most @n_drafts guesses behind it that the model would have drawn.
 * @session was made with keep_state.  Does not guess on behind the end of a turn unless @on_and_on,
 * which also has everything drawn, for inspection.  On an error the timeline has not changed. */
gboolean gem_session_speculate (GemSession        *session,
                                GemDrafter        *drafter,
                                const GemSampling *sampling,
                                gint32             id,
                                guint              n_drafts,
                                gboolean           on_and_on,
                                GemRound          *round,
                                GError           **error);

G_END_DECLS
