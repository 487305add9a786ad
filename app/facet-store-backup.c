/* facet-store-backup.c: making, finding and restoring backups.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * VACUUM INTO copies a consistent state while others read and write, and leaves out what was
 * deleted. */
#define G_LOG_DOMAIN "facet-store"

#include "config.h"

#include "facet-store-backup.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define BEGUN "begun.db"

void
facet_backup_free (FacetBackup *self)
{
  g_free (self->path);
  g_free (self);
}

char *
facet_backup_folder_of (const char *db_path)
{
  g_autofree char *folder = g_path_get_dirname (db_path);

  return g_build_filename (folder, "backups", NULL);
}

/* NULL: not a name that we give. */
static FacetBackup *
parse (const char *folder, const char *name)
{
  g_autofree char *again = NULL;
  g_autoptr (GDateTime) when = NULL;
  FacetBackup *self;
  int          version, date, time;

  if (sscanf (name, "facet-v%d-%8d-%6d.db", &version, &date, &time) != 3)
    return NULL;
  again = g_strdup_printf ("facet-v%d-%08d-%06d.db", version, date, time);
  when = g_date_time_new_utc (date / 10000, date / 100 % 100, date % 100, time / 10000,
                              time / 100 % 100, time % 100);
  if (!g_str_equal (name, again) || when == NULL)
    return NULL;
  self = g_new0 (FacetBackup, 1);
  self->path = g_build_filename (folder, name, NULL);
  self->when = g_date_time_to_unix (when);
  self->version = version;
  return self;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const FacetBackup *first = *(FacetBackup *const *)a;
  const FacetBackup *second = *(FacetBackup *const *)b;

  if (first->when != second->when)
    return first->when > second->when ? -1 : 1;
  return second->version - first->version;
}

GPtrArray *
facet_backup_list (const char *db_path)
{
  g_autofree char *folder = facet_backup_folder_of (db_path);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  GPtrArray  *backups = g_ptr_array_new_with_free_func ((GDestroyNotify)facet_backup_free);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    FacetBackup *backup = parse (folder, name);

    if (backup != NULL)
      g_ptr_array_add (backups, backup);
  }
  g_ptr_array_sort (backups, compare);
  return backups;
}

static void
let_old_ones_go (const char *db_path)
{
  g_autoptr (GPtrArray) backups = facet_backup_list (db_path);

  for (guint i = FACET_BACKUPS_KEPT; i < backups->len; i++)
    g_unlink (((FacetBackup *)g_ptr_array_index (backups, i))->path);
}

static gboolean
fail (const char *path, int code, GError **error)
{
  g_autofree char *name = g_filename_display_name (path);
  gboolean         full = code == ENOSPC || code == EDQUOT;

  g_set_error (error, FACET_STORE_ERROR,
               full            ? FACET_STORE_ERROR_NO_SPACE
               : code == EROFS ? FACET_STORE_ERROR_READ_ONLY
                               : FACET_STORE_ERROR_FAILED,
               _ ("A copy of your conversations could not be written to “%s”: %s."), name,
               g_strerror (code));
  return FALSE;
}

/* The file and its name are on the disk, not only with the kernel. */
static gboolean
settle (const char *from, const char *to)
{
  g_autofree char *folder = g_path_get_dirname (to);
  int              fd = g_open (from, O_RDONLY | O_CLOEXEC, 0);
  gboolean         ok = fd >= 0 && fsync (fd) == 0;

  if (fd >= 0)
    close (fd);
  if (!ok || g_rename (from, to) != 0)
    return FALSE;
  fd = g_open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (fd >= 0) {
    fsync (fd);
    close (fd);
  }
  return TRUE;
}

/* An empty file that is nobody else's to read: SQLite writes into it. */
static gboolean
begin (const char *folder, const char *path, GError **error)
{
  int fd = -1;

  if (g_mkdir_with_parents (folder, 0700) == 0) {
    g_unlink (path);
    fd = g_open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  }
  if (fd < 0)
    return fail (path, errno, error);
  close (fd);
  return TRUE;
}

gboolean
facet_backup_make (FacetDb *db, int version, GError **error)
{
  const char      *db_path = facet_db_get_path (db);
  g_autofree char *folder = facet_backup_folder_of (db_path);
  g_autofree char *begun = g_build_filename (folder, BEGUN, NULL);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *date = g_date_time_format (now, "%Y%m%d-%H%M%S");
  g_autofree char *path = g_strdup_printf ("%s/facet-v%d-%s.db", folder, version, date);

  if (!begin (folder, begun, error))
    return FALSE;
  if (!facet_db_copy_to (db, begun, error)) {
    g_unlink (begun);
    return FALSE;
  }
  if (!settle (begun, path)) {
    int code = errno;

    g_unlink (begun);
    return fail (path, code, error);
  }
  let_old_ones_go (db_path);
  return TRUE;
}

gboolean
facet_backup_restore (const FacetBackup *self, const char *db_path, GError **error)
{
  g_autofree char *begun = g_strconcat (db_path, ".restoring", NULL);
  g_autoptr (GFile) from = g_file_new_for_path (self->path);
  g_autoptr (GFile) to = g_file_new_for_path (begun);

  if (!g_file_copy (from, to, G_FILE_COPY_OVERWRITE | G_FILE_COPY_NOFOLLOW_SYMLINKS, NULL, NULL,
                    NULL, error)) {
    g_unlink (begun);
    return FALSE;
  }
  if (!settle (begun, db_path)) {
    int code = errno;

    g_unlink (begun);
    return fail (db_path, code, error);
  }
  return TRUE;
}
