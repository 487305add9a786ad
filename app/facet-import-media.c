/* facet-import-media.c: the files that go with imported conversations, into a staging folder.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The import's thread.  What comes in base64 is decoded once as everything that a person adds.
 * What lies beside Facet's own JSON was decoded when it was added first; it must have the bytes
 * that the JSON says. */
#define G_LOG_DOMAIN "facet-import"

#include "config.h"

#include "facet-import-private.h"
#include "facet-media-error.h"
#include "facet-media-folder.h"
#include "facet-media-import.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE (256 * 1024)

FacetMedia *
facet_import_missing (FacetImport *self, FacetMediaKind kind, const char *name)
{
  g_autofree char *shown = g_utf8_substring (name, 0, MIN (g_utf8_strlen (name, -1), 120));
  FacetMediaInfo   info = {.kind = kind, .folder = "", .content_hash = "", .name = shown};

  self->n_missing++;
  return facet_media_new (&info);
}

/* Base64 */

/* g_base64_decode () skips whatever is none. */
static gboolean
is_base64 (const char *text)
{
  gsize n = 0;
  gsize n_ends = 0;

  for (; *text != '\0'; text++) {
    if (g_ascii_isspace (*text))
      continue;
    if (*text == '=')
      n_ends++;
    else if (n_ends > 0 || !(g_ascii_isalnum (*text) || *text == '+' || *text == '/'))
      return FALSE;
    n++;
  }
  return n > 0 && n % 4 == 0 && n_ends <= 2;
}

static gboolean
write_whole (int fd, const guchar *data, gsize length)
{
  while (length > 0) {
    gssize n = write (fd, data, length);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return FALSE;
    data += n;
    length -= (gsize)n;
  }
  return TRUE;
}

static void
fail_write (FacetImport *self, GError **error)
{
  g_set_error (error, FACET_IMPORT_ERROR, FACET_IMPORT_ERROR_FAILED,
               errno == ENOSPC || errno == EDQUOT
                   ? _ ("There is no space left for the files of “%s”.  Make some room and import "
                        "it again.")
                   : _ ("The files of “%s” could not be written."),
               self->name);
}

/* The media import copies a file; this is the one. */
static FacetMedia *
import_bytes (FacetImport *self, const guchar *data, gsize length, const char *name, GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (GFile) file = NULL;
  int         fd = facet_media_folder_begin (self->staging, &path, error);
  FacetMedia *media = NULL;

  if (fd < 0)
    return NULL;
  if (!write_whole (fd, data, length)) {
    fail_write (self, error);
  } else {
    file = g_file_new_for_path (path);
    media = facet_media_import_file (self->staging, file, name, self->cancellable, error);
  }
  close (fd);
  g_unlink (path);
  return media;
}

FacetMedia *
facet_import_base64 (FacetImport *self, const char *base64, const char *name, GError **error)
{
  g_autofree guchar *data = NULL;
  gsize              length;
  g_autoptr (GError) failure = NULL;
  FacetMedia *media;

  if (!is_base64 (base64)) {
    facet_import_fail (self, error, "%s", _ ("this is damaged base64"));
    return NULL;
  }
  if (self->staging == NULL)
    return NULL;
  data = g_base64_decode (base64, &length);
  media = import_bytes (self, data, length, name, &failure);
  if (media != NULL)
    g_hash_table_add (self->staged, g_strdup (facet_media_get_content_hash (media)));
  else if (failure->domain != FACET_MEDIA_ERROR || failure->code == FACET_MEDIA_ERROR_FAILED)
    g_propagate_error (error, g_steal_pointer (&failure));
  return media;
}

/* Files beside */

/* "FOLDER/FILE", both of them names. */
static gboolean
split_path (const char *relative, char **folder, char **file)
{
  const char *slash = strchr (relative, '/');

  if (slash == NULL || strchr (slash + 1, '/') != NULL)
    return FALSE;
  *folder = g_strndup (relative, (gsize)(slash - relative));
  *file = g_strdup (slash + 1);
  return **folder != '\0' && **file != '\0' && **folder != '.' && !g_str_equal (*file, ".") &&
         !g_str_equal (*file, "..");
}

/* Follows no link, and opens nothing that may block.  -1: there is no such file. */
static int
open_beside (const char *beside, const char *folder, const char *file)
{
  g_autofree char *inside = g_build_filename (beside, folder, NULL);
  int              at = open (inside, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  int              fd = -1;
  struct stat      info;

  if (at < 0)
    return -1;
  fd = openat (at, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  close (at);
  if (fd >= 0 && (fstat (fd, &info) != 0 || !S_ISREG (info.st_mode))) {
    close (fd);
    fd = -1;
  }
  return fd;
}

/* Copies and hashes; the file at @to is synchronised. */
static gboolean
copy (FacetImport *self, int from, int to, GChecksum *checksum, GError **error)
{
  g_autofree guint8 *piece = g_malloc (PIECE);
  guint64            size = 0;
  gssize             n;

  while ((n = read (from, piece, PIECE)) != 0) {
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return facet_import_fail (self, error, _ ("the file could not be read (%s)"),
                                g_strerror (errno));
    if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
      return FALSE;
    size += (guint64)n;
    if (size > FACET_MEDIA_MAX_BYTES)
      return facet_import_fail (self, error, "%s", _ ("the file is larger than 2 GB"));
    g_checksum_update (checksum, piece, n);
    if (!write_whole (to, piece, (gsize)n)) {
      fail_write (self, error);
      return FALSE;
    }
  }
  if (fsync (to) == 0)
    return TRUE;
  fail_write (self, error);
  return FALSE;
}

static gboolean
copy_checked (FacetImport *self, int from, const char *hash, GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  int      to = facet_media_folder_begin (self->staging, &path, error);
  gboolean ok;

  if (to < 0)
    return FALSE;
  ok = copy (self, from, to, checksum, error);
  close (to);
  if (ok && !g_str_equal (g_checksum_get_string (checksum), hash))
    ok = facet_import_fail (self, error, "%s", _ ("the file is not the one that was exported"));
  if (ok && facet_media_folder_commit (self->staging, path, hash, error)) {
    g_hash_table_add (self->staged, g_strdup (hash));
    return TRUE;
  }
  g_unlink (path);
  return FALSE;
}

static gboolean
is_kept (FacetImport *self, const char *hash)
{
  g_autofree char *path =
      self->kept != NULL && *hash != '\0' ? g_build_filename (self->kept, hash, NULL) : NULL;

  return path != NULL && g_file_test (path, G_FILE_TEST_IS_REGULAR);
}

gboolean
facet_import_beside (FacetImport *self,
                     const char  *relative,
                     const char  *hash,
                     gboolean    *found,
                     GError     **error)
{
  g_autofree char *folder = NULL, *file = NULL;
  gsize            place = facet_import_enter_key (self, "file");
  int              fd = -1;
  gboolean         ok;

  *found = FALSE;
  if (relative != NULL && !split_path (relative, &folder, &file))
    return facet_import_fail (self, error, "%s", _ ("this is not a file in a folder beside"));
  if (relative != NULL && *hash == '\0')
    return facet_import_fail (self, error, "%s", _ ("its SHA-256 is missing"));
  if (relative != NULL && self->beside != NULL && self->staging != NULL)
    fd = open_beside (self->beside, folder, file);
  self->n_missing += fd < 0 && !is_kept (self, hash);
  ok = fd < 0 || g_hash_table_contains (self->staged, hash) || copy_checked (self, fd, hash, error);
  if (fd >= 0)
    close (fd);
  *found = ok && fd >= 0;
  if (ok)
    facet_import_leave (self, place);
  return ok;
}
