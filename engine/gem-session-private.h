/* gem-session-private.h: what the engine's own programs and tests may ask of a session beyond
 * gem-session.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Engine thread only. */
#pragma once

#include "gem-decoder.h"
#include "gem-session.h"

G_BEGIN_DECLS

typedef struct {
  guint    n_ctx;
  guint    chunk;      /* rows of one pass; 0: as many as the device says */
  gint    *cancelled;  /* atomic: a flag that several sessions share; NULL: its own */
  gboolean all_layers; /* no prefill short-cut: every token goes through every layer */
  gboolean keep_state; /* for a drafter */
} GemSessionOptions;

struct _GemSession {
  GemModel         *model; /* owned */
  const GemConfig  *config;
  const KrnOps     *k;
  KrnDevice        *device;
  GemSessionOptions options;

  GemCache   cache;
  GemDecoder decoder;

  gint32 *tokens; /* n_ctx of them, `length` in use: the timeline */
  guint   length;
  GArray *soft; /* of GemSoftSpan: the timeline's soft tokens */
  guint   n_reused, n_prefilled;
  gint    own_cancelled; /* atomic, as is what options.cancelled points at: this or a shared one */

  KrnBuffer *buffer;      /* logits and drawn */
  KrnMat     logits;      /* (1, V) of the last token, if has_logits */
  KrnMat     drawn;       /* (1, 1) I32 */
  KrnMat     state;       /* (1, H) final norm of the last token, if has_logits and keep_state */
  float     *host_logits; /* V: a copy of logits, if host_is_current */
  gboolean   has_logits, host_is_current;

  gint32 media_ids[8]; /* placeholders and their brackets: never drawn when asked so */
  guint  n_media_ids;
};

GemSession *gem_session_new_with_options (GemModel                *model,
                                          const GemSessionOptions *options,
                                          GError                 **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- memory (gem-session-memory.c) ---- */

/* What a session takes: caches, scratch and logits. */
guint64  gem_session_bytes (GemModel *model, const GemSessionOptions *options);
/* The longest context up to options->n_ctx that takes at most @available bytes; 0: none. */
guint    gem_session_longest_context (GemModel                *model,
                                      const GemSessionOptions *options,
                                      guint64                  available);
/* GEM_ERROR_NO_MEMORY with what would fit, if the device says that there is less. */
gboolean gem_session_check_memory (GemModel                *model,
                                   const GemSessionOptions *options,
                                   GError                 **error);
void     gem_session_set_no_memory (GemModel                *model,
                                    const GemSessionOptions *options,
                                    guint64                  available,
                                    GError                 **error);

/* How many tokens gem_session_sync () of the same would keep. */
guint gem_session_count_reusable (GemSession   *self,
                                  const gint32 *ids,
                                  gsize         n_ids,
                                  const GArray *soft);

/* ---- for the engine's own programs and tests ---- */

/* A row whose logits were asked for: final_norm (H), logits (V); both valid during the call. */
typedef void (*GemRowFunc) (guint        position,
                            const float *final_norm,
                            const float *logits,
                            gpointer     user_data);

/* Appends @ids, with @soft as in gem_session_sync (), in passes of at most @chunk rows (0: the
 * session's own).  With @row_func, the rows whose entry in
 * @wanted (one byte per id) is not 0 are handed to it, in order; without, the logits of the last
 * token are kept. On failure the timeline holds the passes that were finished. */
gboolean gem_session_extend (GemSession   *self,
                             const gint32 *ids,
                             gsize         n_ids,
                             const GArray *soft,
                             guint         chunk,
                             const guint8 *wanted,
                             GemRowFunc    row_func,
                             GemSyncFunc   progress,
                             gpointer      user_data,
                             GError      **error);

/* One pass over @n_rows ids, all of whose logits and final norms are left in the decoder's logits
 * and y; nothing is appended. */
gboolean gem_session_try (GemSession *self, const gint32 *ids, guint n_rows, GError **error);
/* After it: the timeline is its first @length tokens, those before the pass, and the pass's ids up
 * to row @row, whose logits and state are the last token's.  May be called again for another row.
 */
void     gem_session_accept (GemSession *self, guint length, const gint32 *ids, guint row);

/* Empties the timeline. */
void gem_session_clear (GemSession *self);
/* For benchmarks: as if @length tokens had been evaluated, with random keys and values. */
void gem_session_pretend (GemSession *self, guint length);

G_END_DECLS
