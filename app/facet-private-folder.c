/* facet-private-folder.c: making, locking and sweeping such folders.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A lock on the folder itself says that its process lives; the kernel takes it away with the
 * process. */
#define G_LOG_DOMAIN "facet-private-folder"

#include "config.h"

#include "facet-private-folder.h"

#include "facet-folder-tree.h"
#include "facet-store-db.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PREFIX "facet-private-"

struct _FacetPrivateFolder {
  char *path;
  int   lock;
};

/* The runtime folder is the usual one; where there is none, GLib names the cache folder. */
static const char *
get_base (guint i)
{
  switch (i) {
  case 0:
    return g_get_user_runtime_dir ();
  case 1:
    return "/dev/shm";
  default:
    return NULL;
  }
}

static gboolean
is_in_memory (const char *folder)
{
  struct statfs info;

  return statfs (folder, &info) == 0 && (info.f_type == TMPFS_MAGIC || info.f_type == RAMFS_MAGIC);
}

/* The lock's descriptor; -1: a process has it, or it is gone. */
static int
try_lock (const char *path)
{
  int         fd = g_open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
  struct stat opened, there;

  if (fd >= 0 && flock (fd, LOCK_EX | LOCK_NB) == 0 && fstat (fd, &opened) == 0 &&
      lstat (path, &there) == 0 && opened.st_ino == there.st_ino)
    return fd;
  if (fd >= 0)
    close (fd);
  return -1;
}

/* NULL: not there.  Somebody's sweep may come between making and locking: then once more. */
static FacetPrivateFolder *
make_in (const char *base)
{
  for (int i = 0; i < 8; i++) {
    g_autofree char *path = g_build_filename (base, PREFIX "XXXXXX", NULL);
    int              lock;

    if (g_mkdtemp_full (path, 0700) == NULL)
      return NULL;
    lock = try_lock (path);
    if (lock >= 0) {
      FacetPrivateFolder *self = g_new0 (FacetPrivateFolder, 1);

      self->path = g_steal_pointer (&path);
      self->lock = lock;
      return self;
    }
  }
  return NULL;
}

FacetPrivateFolder *
facet_private_folder_new (GError **error)
{
  const char *base;

  for (guint i = 0; (base = get_base (i)) != NULL; i++) {
    FacetPrivateFolder *self = is_in_memory (base) ? make_in (base) : NULL;

    if (self != NULL)
      return self;
  }
  g_set_error_literal (error, FACET_STORE_ERROR, FACET_STORE_ERROR_FAILED,
                       _ ("A private conversation needs a folder in memory, and this computer "
                          "offers none: neither the session’s runtime folder nor “/dev/shm” is "
                          "one."));
  return NULL;
}

void
facet_private_folder_free (FacetPrivateFolder *self)
{
  g_autoptr (GError) error = NULL;

  if (!facet_folder_tree_remove (self->path, &error))
    g_warning ("%s", error->message);
  close (self->lock);
  g_free (self->path);
  g_free (self);
}

const char *
facet_private_folder_get_path (FacetPrivateFolder *self)
{
  return self->path;
}

static void
sweep_one (const char *path)
{
  struct stat info;
  int         lock;

  if (lstat (path, &info) != 0 || !S_ISDIR (info.st_mode) || info.st_uid != getuid ())
    return;
  lock = try_lock (path);
  if (lock < 0)
    return;
  facet_folder_tree_remove (path, NULL);
  close (lock);
}

void
facet_private_folder_sweep (void)
{
  const char *base;

  for (guint i = 0; (base = get_base (i)) != NULL; i++) {
    g_autoptr (GDir) dir = g_dir_open (base, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
      if (g_str_has_prefix (name, PREFIX)) {
        g_autofree char *path = g_build_filename (base, name, NULL);

        sweep_one (path);
      }
  }
}
