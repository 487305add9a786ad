/* gem-session-head.h: the beginning of a session's file: whose keys and values follow, and of which
 * tokens.  Internal to gem-session-file.c.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure functions; any thread.  Numbers are the machine's own, as the keys and values are; a mark
 * tells another byte order:
 *   8 bytes      magic "FACETKV1"
 *   u32 × 6      byte order mark, version, n_tokens, first, number of soft spans, their bytes
 *   u64          bytes of data behind the head
 *   32 bytes     identity
 *   i32 × n      tokens
 *   each span    u32 position, row, n, soft tokens of the whole, bytes of the key; the key
 *   32 bytes     SHA-256 of everything before */
#pragma once

#include "gem-soft.h"

G_BEGIN_DECLS

#define GEM_SESSION_SUM_BYTES   32
#define GEM_SESSION_START_BYTES 72 /* before the tokens */

typedef struct {
  guint8  identity[GEM_SESSION_SUM_BYTES]; /* equal only if the data can be used */
  guint   n_tokens;
  guint   first; /* position of the first rows of sliding layers */
  guint64 data_bytes;
  gint32 *tokens; /* n_tokens; not checked against a vocabulary */
  GArray *soft;   /* of GemSoftSpan within the tokens; read ones have a key, and no rows */
} GemSessionHead;

/* Frees what it holds. */
void gem_session_head_clear (GemSessionHead *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (GemSessionHead, gem_session_head_clear)

/* All spans have a key. */
GByteArray *gem_session_head_write (const GemSessionHead *self) G_GNUC_WARN_UNUSED_RESULT;

/* How long the head is that begins with these GEM_SESSION_START_BYTES; 0: it is none, or of another
 * version. */
gsize    gem_session_head_measure (const guint8 *start);
/* GEM_ERROR_INVALID_INPUT if anything is not as it should be; @self is to be cleared all the same.
 */
gboolean gem_session_head_read (GemSessionHead *self,
                                const guint8   *bytes,
                                gsize           length,
                                GError        **error);
void     gem_session_sum (const guint8 *bytes, gsize length, guint8 *sum);

G_END_DECLS
