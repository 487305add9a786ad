/* gem-file.c: opening and reading the files of a model folder, bounded and with sentences for
 * errors.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * g_file_get_contents () would read a device without end and says neither what the file is for nor
 * what to do. */
#define G_LOG_DOMAIN "gem"

#include "gem-file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static gboolean
failed (const char *path, const char *why, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *base = g_path_get_basename (path);
  g_autofree char *folder_name = g_filename_display_name (folder);
  g_autofree char *base_name = g_filename_display_name (base);

  g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL,
               "%s in the folder “%s” cannot be read: %s.", base_name, folder_name, why);
  return FALSE;
}

static void
open_failed (const char *path, int code, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *folder_name = g_filename_display_name (folder);
  g_autofree char *base = g_path_get_basename (path);
  g_autofree char *base_name = g_filename_display_name (base);

  if (code == ENOENT && g_file_test (folder, G_FILE_TEST_IS_DIR))
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL,
                 "The model folder “%s” has no %s.  Download the model again or choose another "
                 "folder.",
                 folder_name, base_name);
  else if (code == ENOENT)
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL,
                 "There is no model folder “%s”.  Choose another folder.", folder_name);
  else if (code == ENOTDIR)
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL,
                 "“%s” is a file, not a model folder.  Choose the folder that holds config.json.",
                 folder_name);
  else if (code == EACCES)
    failed (path, "you have no permission; change it or choose another folder", error);
  else
    failed (path, g_strerror (code), error);
}

int
gem_file_open (const char *path, struct stat *st, GError **error)
{
  /* O_NONBLOCK: a pipe without a writer must not hang the loader. */
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

  if (fd < 0) {
    open_failed (path, errno, error);
    return -1;
  }
  if (fstat (fd, st) == 0 && S_ISREG (st->st_mode))
    return fd;
  close (fd);
  failed (path, "it is no file", error);
  return -1;
}

gboolean
gem_file_read (const char *path, gsize max, char **text, gsize *length, GError **error)
{
  struct stat      st;
  g_autofree char *buffer = NULL;
  gsize            size, done = 0;
  gssize           n = 1;
  int              fd = gem_file_open (path, &st, error);

  if (fd < 0)
    return FALSE;
  if ((guint64)st.st_size > max) {
    close (fd);
    return failed (path, "it is far too large for what it should be", error);
  }
  size = (gsize)st.st_size;
  buffer = g_try_malloc (size + 1);
  while (buffer != NULL && done < size && n != 0) {
    n = read (fd, buffer + done, size - done);
    if (n > 0)
      done += (gsize)n;
    else if (n < 0 && errno != EINTR) {
      failed (path, g_strerror (errno), error);
      close (fd);
      return FALSE;
    }
  }
  close (fd);
  if (buffer == NULL) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_NO_MEMORY, "There is no memory to read “%s”.", path);
    return FALSE;
  }
  buffer[done] = '\0';
  *length = done;
  *text = g_steal_pointer (&buffer);
  return TRUE;
}

gboolean
gem_file_read_optional (const char *folder,
                        const char *file,
                        gsize       max,
                        char      **text,
                        gsize      *length,
                        GError    **error)
{
  g_autofree char *path = g_build_filename (folder, file, NULL);

  *text = NULL;
  *length = 0;
  return !g_file_test (path, G_FILE_TEST_EXISTS) || gem_file_read (path, max, text, length, error);
}
