/* facet-folder-tree.h: a folder and all that is below it: how much it takes, and removing it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to app/.  Any thread; blocks.  Links are taken as links, never followed. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bytes of the file or of all files in the folder; 0: it is not there. */
guint64  facet_folder_tree_get_size (const char *path);
/* Removes the file or folder; one that is not there counts as removed.  Goes on after a failure,
 * and reports the first. */
gboolean facet_folder_tree_remove (const char *path, GError **error);

G_END_DECLS
