/* facet-media-folder.h: the folder media/: files by the hash of their bytes.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to app/.  Any thread; blocks.  A file is put there whole or not at all, and one that no
 * message refers to is taken away after a day: until then it may be in the composer. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Of what is not referred to, in seconds. */
#define FACET_MEDIA_KEPT_SECONDS (24 * 60 * 60)

/* The folder for media beside the database in @data_folder.  (transfer full) */
char    *facet_media_folder_of (const char *data_folder) G_GNUC_WARN_UNUSED_RESULT;
/* Makes the folder if need be, and a file in it for writing.  Returns its descriptor, -1 on error;
 * @path (transfer full). */
int      facet_media_folder_begin (const char *folder, char **path, GError **error);
/* The file @path is written and synchronised: from now on it is the one with @content_hash.  Where
 * that was there already, it takes its place. */
gboolean facet_media_folder_commit (const char *folder,
                                    const char *path,
                                    const char *content_hash,
                                    GError    **error);
/* Someone has written down that the file is his: see …_discard (). */
void     facet_media_folder_settle (const char *content_hash);
/* Deletes the file at once, unless it came in this process and has not been settled: then someone
 * is about to refer to it. */
void     facet_media_folder_discard (const char *folder, const char *content_hash);
/* Deletes files whose hash is not a key of @referenced, and what was begun and never finished, if
 * they are older than a day at @now (s since 1970).  Other files are left alone.  Returns how many
 * it deleted. */
guint    facet_media_folder_sweep (const char *folder, GHashTable *referenced, gint64 now);

G_END_DECLS
