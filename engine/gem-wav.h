/* gem-wav.h: reading WAV files of the one form that the audio front end takes.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * For inspecting the engine and for tests: 16 kHz, one channel, 16-bit PCM or 32-bit float (also in
 * the extensible form).  Whatever else people have is decoded and resampled above the engine.  Pure
 * function; any thread. */
#pragma once

#include "gem-error.h"

G_BEGIN_DECLS

/* A whole file that is in memory; @name (UTF-8) is for messages.  Returns (transfer full): its
 * samples, full scale ±1; not NULL even if there are none.  Floats are handed out as they are, NaN
 * included.
 *
 * GEM_ERROR_UNSUPPORTED: another rate, number of channels or coding.  GEM_ERROR_INVALID_INPUT: no
 * WAV file, or its sizes contradict themselves or promise more than there is; only a data size of
 * 0xFFFFFFFF, which programs write that do not know the end yet, means all that follows.
 * GEM_ERROR_NO_MEMORY. */
float *gem_wav_parse (const void *data,
                      gsize       length,
                      const char *name,
                      gsize      *n_samples,
                      GError    **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
