/* facet-folder-tree.c: walking a folder.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "facet-folder-tree"

#include "config.h"

#include "facet-folder-tree.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include <errno.h>
#include <sys/stat.h>

guint64
facet_folder_tree_get_size (const char *path)
{
  g_autoptr (GDir) dir = NULL;
  GStatBuf    info;
  const char *name;
  guint64     size = 0;

  if (g_lstat (path, &info) != 0)
    return 0;
  if (!S_ISDIR (info.st_mode))
    return S_ISREG (info.st_mode) ? (guint64)info.st_size : 0;
  dir = g_dir_open (path, 0, NULL);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *below = g_build_filename (path, name, NULL);

    size += facet_folder_tree_get_size (below);
  }
  return size;
}

gboolean
facet_folder_tree_remove (const char *path, GError **error)
{
  GStatBuf info;
  gboolean ok = TRUE;

  if (g_lstat (path, &info) == 0 && S_ISDIR (info.st_mode)) {
    g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
      g_autofree char *below = g_build_filename (path, name, NULL);

      ok = facet_folder_tree_remove (below, ok ? error : NULL) && ok;
    }
  }
  if (g_remove (path) != 0 && errno != ENOENT && ok) {
    int              code = errno;
    g_autofree char *name = g_filename_display_name (path);

    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code),
                 _ ("“%s” could not be deleted: %s."), name, g_strerror (code));
    ok = FALSE;
  }
  return ok;
}
