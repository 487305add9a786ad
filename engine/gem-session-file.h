/* gem-session-file.h: a timeline and its keys and values in a file, so that it can be gone on with
 * later without evaluating it again.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is computed after loading is the same bit for bit.  The file holds what someone wrote, as
 * tokens: it has mode 0600, and belongs into a folder that nobody else can look into.  It is a
 * cache: nothing is lost with it, and a file that is not exactly what it should be is not used.
 *
 * The head (gem-session-head.h) is followed by the keys, then the values, of each layer that has
 * its own: of full-attention layers those of all positions, of sliding layers those of the window
 * of the last token and of @rewind tokens before it; in pieces of about a mebibyte, each followed
 * by its SHA-1, which is enough against a damaged disk.
 *
 * E2B, where 3 full layers and 12 sliding ones own keys and values, takes 12,288 bytes a token and
 * 24,576 a token within the window of 512 and @rewind: 2,000 tokens with a rewind of 1,124 are 65
 * MB and 8,000 are 139 MB; half of that where the cache is BF16.  An F32 cache is not rounded for
 * the file: the answer would be another one than without it.  (2 cores, Zen 3, q8: reading 2,000
 * tokens takes 16 s and loading them 0.3 s; of 8,000, 99 s and 1.3 s: tests/bench/session-file.)
 *
 * Engine thread. */
#pragma once

#include "gem-session.h"

G_BEGIN_DECLS

/* ---- writing ---- */

typedef struct _GemSessionWriter GemSessionWriter;

/* The bytes that the file will have. */
guint64 gem_session_file_bytes (GemSession *session, guint rewind);

/* Begins to write beside @path, in a folder that is there.  Until it is freed @session, whose
 * timeline is not empty, lives and stays as it is.  GEM_ERROR_UNSUPPORTED: it has soft tokens
 * without a key.  GEM_ERROR_DEVICE; GEM_ERROR_INVALID_INPUT with what the system says of the file.
 */
GemSessionWriter *gem_session_writer_new (GemSession *session,
                                          guint       rewind,
                                          const char *path,
                                          GError    **error) G_GNUC_WARN_UNUSED_RESULT;
/* Writes one more piece; with the last, @done is set and the file has its name. */
gboolean          gem_session_writer_step (GemSessionWriter *self, gboolean *done, GError **error);
/* Before it was done, nothing is left of the file. */
void              gem_session_writer_free (GemSessionWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GemSessionWriter, gem_session_writer_free)

/* ---- reading ---- */

/* Before gem_session_sync () of the same @ids and @soft: if the file @path knows more of their
 * beginning than the timeline does, that becomes the timeline, *@n_loaded tokens; else *@n_loaded
 * is 0, and also if there is no such file.
 *
 * FALSE: GEM_ERROR_INVALID_INPUT: the file is damaged or of another model, and may be deleted;
 * GEM_ERROR_NO_MEMORY, GEM_ERROR_DEVICE; GEM_ERROR_CANCELLED by gem_session_cancel ().  The
 * timeline is as it was or empty. */
gboolean gem_session_load (GemSession   *session,
                           const char   *path,
                           const gint32 *ids,
                           gsize         n_ids,
                           const GArray *soft,
                           guint        *n_loaded,
                           GError      **error);

G_END_DECLS
