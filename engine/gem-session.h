/* gem-session.h: one mutable timeline of tokens over an immutable model.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Not thread safe: every call comes from the engine thread, except gem_session_cancel ().
 * All memory is taken when the session is made; a step allocates nothing.
 *
 *   g_autoptr (GemSession) s = gem_session_new (model, 8192, &error);
 *   gem_session_sync (s, ids, n, NULL, NULL, NULL, &error);    the prompt; reuses what is there
 *   for (;;) {
 *     gint32 id = gem_session_sample (s, &sampling, &error);
 *     if (id < 0 || gem_model_is_stop (model, id)) break;
 *     gem_session_step (s, id, &error);
 *   }
 */
#pragma once

#include "gem-model.h"
#include "gem-soft.h"

G_BEGIN_DECLS

typedef struct _GemSession GemSession;

#define GEM_SESSIONS_MAX 64

typedef struct {
  double   temperature;        /* 0: greedy */
  int      top_k;              /* 0: off */
  double   top_p;              /* 1: off */
  double   min_p;              /* 0: off */
  double   repetition_penalty; /* 1: off */
  int      repetition_window;  /* how many of the latest tokens count */
  guint64  seed;
  gboolean suppress_media; /* media placeholder tokens are never drawn */
} GemSampling;

/* The model's generation_config.json, with suppress_media set. */
void gem_sampling_init (GemSampling *self, GemModel *model);

/* @n_ctx: the most tokens it can hold.  GEM_ERROR_NO_MEMORY says how many would fit. */
GemSession *gem_session_new (GemModel *model,
                             guint     n_ctx,
                             GError  **error) G_GNUC_WARN_UNUSED_RESULT;
void        gem_session_free (GemSession *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GemSession, gem_session_free)

guint         gem_session_get_n_ctx (GemSession *self);
guint         gem_session_get_length (GemSession *self); /* tokens in the timeline */
const gint32 *gem_session_get_tokens (GemSession *self);

/* Called before, between and after chunks, 0…n_new tokens done.  FALSE cancels. */
typedef gboolean (*GemSyncFunc) (guint done, guint n_new, gpointer user_data);

/* Makes @ids the timeline, with the soft tokens @soft (GemSoftSpan by position, or NULL; kept
 * alive as long as they are needed) in their places: keeps the longest prefix with the same ids and
 * the same soft tokens (as far as the sliding caches can be rewound), evaluates the rest in chunks
 * with the exact prefill short-cut, and leaves the logits of the last token.  On an error or when
 * cancelled the timeline is what was evaluated so far, consistent.  GEM_ERROR_TOO_LONG if n_ids >
 * n_ctx. */
gboolean gem_session_sync (GemSession   *self,
                           const gint32 *ids,
                           gsize         n_ids,
                           const GArray *soft,
                           GemSyncFunc   progress,
                           gpointer      user_data,
                           GError      **error);
/* What the last sync did. */
guint    gem_session_get_n_reused (GemSession *self);
guint    gem_session_get_n_prefilled (GemSession *self);

/* Appends one token and computes its logits. */
gboolean     gem_session_step (GemSession *self, gint32 id, GError **error);
/* Appends ids[i] to sessions[i], all of one model and each another one, in one pass that reads the
 * weights once. On failure no timeline has changed.  @n is at most GEM_SESSIONS_MAX and
 * sessions[0]'s context. */
gboolean     gem_sessions_step (GemSession **sessions, guint n, const gint32 *ids, GError **error);
/* The last token's logits [vocabulary], after the soft cap.  (transfer none), valid until the next
 * call; NULL while no token was evaluated, or after a call that failed. */
const float *gem_session_get_logits (GemSession *self);
/* Draws the next token from the last logits; does not append it.  A pure function of the timeline
 * and @sampling: the same seed draws the same token at the same place.  −1 on error. */
gint32       gem_session_sample (GemSession *self, const GemSampling *sampling, GError **error);

/* Any thread.  The running call returns GEM_ERROR_CANCELLED within one layer; stays set until
 * reset. */
void gem_session_cancel (GemSession *self);
void gem_session_reset_cancel (GemSession *self);

G_END_DECLS
