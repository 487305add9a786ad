/* media-files.h: sound and video files for tests, made on the spot.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  WAV_U8,
  WAV_S16,
  WAV_S24,
  WAV_F32,
} WavFormat;

/* The value of a sample, full scale ±1, at @t seconds in @channel. */
typedef double (*WavFunc) (double t, guint channel);

/* A whole WAV file (transfer full); above two channels with WAVE_FORMAT_EXTENSIBLE and the usual
 * speakers of 5.1, unless @no_speakers. */
GByteArray *make_wav (WavFormat format,
                      guint     rate,
                      guint     n_channels,
                      double    seconds,
                      gboolean  no_speakers,
                      WavFunc   func) G_GNUC_WARN_UNUSED_RESULT;
void        write_file (const char *path, const GByteArray *bytes);

/* Runs @pipeline, in whose text "OUT" is the file, to its end.  FALSE: an element that it needs is
 * not installed, and the test was told to skip. */
gboolean make_by_gstreamer (const char *pipeline, const char *path);

G_END_DECLS
