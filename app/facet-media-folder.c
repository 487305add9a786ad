/* facet-media-folder.c: putting a file into media/, and sweeping it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any thread.  The lock lies between the sweep, which looks how old a file is and deletes it, and
 * an import that puts a new one in its place. */
#define G_LOG_DOMAIN "facet-media"

#include "config.h"

#include "facet-media-folder.h"
#include "facet-media.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define BEGUN_PREFIX ".import-"

static GMutex      lock;
static GHashTable *unsettled; /* of content hashes; under the lock */

char *
facet_media_folder_of (const char *data_folder)
{
  return g_build_filename (data_folder, "media", NULL);
}

static void
fail (const char *folder, int code, GError **error)
{
  g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_FAILED,
               code == ENOSPC || code == EDQUOT
                   ? _ ("There is no space left in “%s” for what you add.  Make some room and add "
                        "it again.")
                   : _ ("The folder “%s”, where what you add is kept, cannot be written to."),
               folder);
}

int
facet_media_folder_begin (const char *folder, char **path, GError **error)
{
  int fd = -1;

  *path = g_build_filename (folder, BEGUN_PREFIX "XXXXXX", NULL);
  if (g_mkdir_with_parents (folder, 0700) == 0)
    fd = g_mkstemp_full (*path, O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) {
    fail (folder, errno, error);
    g_clear_pointer (path, g_free);
  }
  return fd;
}

/* A renamed file is there after a power cut only if its folder was synchronised, too. */
static void
sync_folder (const char *folder)
{
  int fd = g_open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

  if (fd < 0)
    return;
  fsync (fd);
  close (fd);
}

gboolean
facet_media_folder_commit (const char *folder,
                           const char *path,
                           const char *content_hash,
                           GError    **error)
{
  g_autofree char *place = g_build_filename (folder, content_hash, NULL);
  gboolean         ok;

  /* Also over one that is there: it is the same, and if it was damaged, it no longer is. */
  g_mutex_lock (&lock);
  ok = g_rename (path, place) == 0;
  if (unsettled == NULL)
    unsettled = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (ok)
    g_hash_table_add (unsettled, g_strdup (content_hash));
  g_mutex_unlock (&lock);
  if (!ok) {
    fail (folder, errno, error);
    return FALSE;
  }
  sync_folder (folder);
  return TRUE;
}

void
facet_media_folder_settle (const char *content_hash)
{
  g_mutex_lock (&lock);
  if (unsettled != NULL)
    g_hash_table_remove (unsettled, content_hash);
  g_mutex_unlock (&lock);
}

void
facet_media_folder_discard (const char *folder, const char *content_hash)
{
  g_autofree char *path = g_build_filename (folder, content_hash, NULL);

  g_mutex_lock (&lock);
  if (unsettled == NULL || !g_hash_table_contains (unsettled, content_hash))
    g_unlink (path);
  g_mutex_unlock (&lock);
}

guint
facet_media_folder_sweep (const char *folder, GHashTable *referenced, gint64 now)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  guint       n_deleted = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    GStatBuf         info;

    if (!g_str_has_prefix (name, BEGUN_PREFIX) &&
        (!facet_media_is_content_hash (name) || g_hash_table_contains (referenced, name)))
      continue;
    g_mutex_lock (&lock);
    if (g_lstat (path, &info) == 0 && S_ISREG (info.st_mode) &&
        now - info.st_mtime > FACET_MEDIA_KEPT_SECONDS && g_unlink (path) == 0)
      n_deleted++;
    g_mutex_unlock (&lock);
  }
  return n_deleted;
}
