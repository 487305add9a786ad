/* gem-file.h: opening and reading the files of a model folder, bounded and with sentences for
 * errors.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Internal to the engine.  Pure functions; any thread. */
#pragma once

#include "gem-error.h"

#include <sys/stat.h>

G_BEGIN_DECLS

/* Opens a regular file for reading and fills @st; −1 on error.  A pipe, device or folder is refused
 * without waiting for it. */
int gem_file_open (const char *path, struct stat *st, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The whole file, NUL-terminated, if it has at most @max bytes.  @text is (transfer full). */
gboolean gem_file_read (const char *path, gsize max, char **text, gsize *length, GError **error);
/* A file of @folder that need not be there: TRUE with *text NULL if it is not. */
gboolean gem_file_read_optional (const char *folder,
                                 const char *file,
                                 gsize       max,
                                 char      **text,
                                 gsize      *length,
                                 GError    **error);

G_END_DECLS
