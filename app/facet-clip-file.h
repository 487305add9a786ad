/* facet-clip-file.h: a clip on its way to the disk.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to app/.  Blocks: never on the main thread.  While it grows the file is called
 * "recording-TIME-BEGIN.part", is locked with flock (2), and says in its header that it lasts to
 * the end of the file; finished, it is a plain WAV file, "recording-TIME-BEGIN.wav".  TIME is the
 * recording's (µs since 1970, 16 digits) and BEGIN the number of the clip's first sample in it (12
 * digits): a clip ends where the next one begins, also if the program was killed between the two.
 *
 * Errors are G_IO_ERROR, one sentence. */
#pragma once

#include "facet-clip.h"

#include <gio/gio.h>

G_BEGIN_DECLS

#define FACET_CLIP_HEADER 44 /* bytes */

typedef struct _FacetClipFile FacetClipFile;

/* Makes @folder, too.  The file appears together with its first samples. */
FacetClipFile *facet_clip_file_new (const char   *folder,
                                    gint64        recording,
                                    guint64       begin,
                                    const gint16 *samples,
                                    gsize         n_samples,
                                    GError      **error) G_GNUC_WARN_UNUSED_RESULT;
/* What was written before an error stays. */
gboolean       facet_clip_file_append (FacetClipFile *self,
                                       const gint16  *samples,
                                       gsize          n_samples,
                                       GError       **error);
gsize          facet_clip_file_get_length (FacetClipFile *self); /* samples */
guint64        facet_clip_file_get_begin (FacetClipFile *self);
/* Keeps the first @length samples.  On disk, whatever happens, when it returns.  Frees @self, also
 * on an error, which leaves the unfinished file to be recovered. */
FacetClip     *facet_clip_file_finish (FacetClipFile *self,
                                       gsize          length,
                                       GError       **error) G_GNUC_WARN_UNUSED_RESULT;
/* Deletes the file and frees @self. */
void           facet_clip_file_discard (FacetClipFile *self);

/* "recording-TIME-BEGIN." and the ending, NULL for other names.  Returns "part", "wav" or "new"
 * within @name: the last is one that never appeared. */
const char *facet_clip_file_parse_name (const char *name, gint64 *recording, guint64 *begin);
/* What a finished clip of @n_samples begins with. */
void        facet_clip_file_fill_header (guint8 header[FACET_CLIP_HEADER], guint32 n_bytes);
/* Syncs a finished file that @fd is open on, gives it its final name, and syncs the folder. Returns
 * (transfer full) the new path. */
char *facet_clip_file_settle (int fd, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Sets @error from errno; returns FALSE. */
gboolean facet_clip_file_fail (const char *path, GError **error);

G_END_DECLS
