/* facet-states.h: keeps what was computed on long conversations, and brings it back.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to app/.  Engine thread.  In front of a turn it loads the conversation's file, if that
 * knows more of the prompt than the session does.  Behind a turn, when nobody asked anything for a
 * while, it writes the session's timeline in slices of some milliseconds; a turn that comes
 * meanwhile does not wait for it.  What would be read again within half
 * a second, or faster than it can be loaded, is not worth a file.
 *
 *   facet_states_restore (states, session, request, ids, n_ids, soft);
 *   gem_session_sync (…);
 *   facet_states_note_read (states, session, seconds);
 *   … the answer …
 *   facet_states_note_idle (states, session);
 *   … facet_states_get_wait () µs later, until that is negative or a job comes …
 *   facet_states_work (states, session);
 */
#pragma once

#include "engine/gem-session.h"

#include "facet-request.h"

G_BEGIN_DECLS

typedef struct _FacetStates FacetStates;

/* @least_seconds: what reading has to take for a file to be worth it; 0: half a second.  @idle_ms:
 * how long nobody asks anything before one is written; 0: ten seconds.  Nothing is kept before
 * facet_states_set_limit (). */
FacetStates *facet_states_new (const char *folder,
                               double      least_seconds,
                               guint       idle_ms) G_GNUC_WARN_UNUSED_RESULT;
void         facet_states_free (FacetStates *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetStates, facet_states_free)

/* All files together take at most @bytes once a file is written.  0: nothing is kept, and what was
 * is deleted. */
void facet_states_set_limit (FacetStates *self, guint64 bytes);
/* Deletes the state of a conversation; @conversation 0: all there are. */
void facet_states_forget (FacetStates *self, const char *store, gint64 conversation);

/* From here on the session's timeline is @request's, whatever comes of it. */
void facet_states_restore (FacetStates  *self,
                           GemSession   *session,
                           FacetRequest *request,
                           const gint32 *ids,
                           gsize         n_ids,
                           const GArray *soft);
/* After gem_session_sync (), successful or not, which took @seconds. */
void facet_states_note_read (FacetStates *self, GemSession *session, double seconds);
/* The turn has ended. */
void facet_states_note_idle (FacetStates *self, GemSession *session);
/* Nobody is expected to ask anything soon: what is to be written is due now. */
void facet_states_hurry (FacetStates *self);

/* How many µs from now facet_states_work () has something to do; −1: nothing. */
gint64 facet_states_get_wait (FacetStates *self);
void   facet_states_work (FacetStates *self, GemSession *session);
/* Before the session changes: gives up what is being written. */
void   facet_states_interrupt (FacetStates *self);
/* Writes now what is still to be written, if that takes no longer than @seconds; else gives it up.
 */
void   facet_states_finish (FacetStates *self, GemSession *session, double seconds);

G_END_DECLS
