/* facet-export-files.c: the files of an export.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The export's thread.  Names come from titles and attachments, which anyone may have written: what
 * is left of them is one path component that every usual file system takes. */
#define G_LOG_DOMAIN "facet-export"

#include "config.h"

#include "facet-export-files.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PIECE      (256 * 1024)
#define NAME_BYTES 120 /* file systems take 255, and something is added */
#define MAX_TRIES  10000

struct _FacetExportFiles {
  char       *place, *staging;
  char       *work;  /* in the staging folder, which is private */
  GHashTable *names; /* taken, casefolded → the last number after it */
  /* The document: */
  char       *file, *media_folder; /* their names */
  gboolean    replace;
  int         fd;          /* -1: none is being written */
  GHashTable *media;       /* content hash → path */
  GHashTable *media_names; /* the same */
};

static gboolean
fail (const char *path, int code, GError **error)
{
  g_autofree char *name = g_filename_display_name (path);

  g_set_error (error, G_FILE_ERROR, (int)g_file_error_from_errno (code),
               code == ENOSPC || code == EDQUOT
                   ? _ ("There is no space left for “%s”.  Make some room and export again.")
                   : _ ("“%s” could not be written (%s)."),
               name, g_strerror (code));
  return FALSE;
}

static char *
fold (const char *name)
{
  g_autofree char *text = g_filename_display_name (name);

  return g_utf8_casefold (text, -1);
}

static void
take_present (FacetExportFiles *self)
{
  g_autoptr (GDir) dir = g_dir_open (self->place, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    g_hash_table_insert (self->names, fold (name), GUINT_TO_POINTER (1));
}

FacetExportFiles *
facet_export_files_new (const char *place, gboolean as_folder, GError **error)
{
  FacetExportFiles *self;
  g_autofree char  *staging = g_build_filename (place, ".facet-export-XXXXXX", NULL);

  if (g_mkdtemp_full (staging, 0700) == NULL) {
    fail (place, errno, error);
    return NULL;
  }
  self = g_new0 (FacetExportFiles, 1);
  self->place = g_strdup (place);
  self->staging = g_steal_pointer (&staging);
  self->work = g_build_filename (self->staging, "export", NULL);
  if (g_mkdir (self->work, 0755) != 0)
    g_debug ("%s: %s", self->work, g_strerror (errno)); /* the first file says why */
  self->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->media = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->media_names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->fd = -1;
  if (!as_folder)
    take_present (self);
  return self;
}

/* Three levels: the work, documents, and media in folders. */
static void
delete_folder (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);

    if (g_unlink (path) != 0)
      delete_folder (path);
  }
  g_rmdir (folder);
}

void
facet_export_files_free (FacetExportFiles *self)
{
  if (self->fd >= 0)
    close (self->fd);
  delete_folder (self->staging);
  g_hash_table_unref (self->names);
  g_hash_table_unref (self->media);
  g_hash_table_unref (self->media_names);
  g_free (self->place);
  g_free (self->file);
  g_free (self->media_folder);
  g_free (self->staging);
  g_free (self->work);
  g_free (self);
}

/* Names */

/* @text as one component: no separators, nothing that a shell, Windows or a terminal trips over, no
 * dot in front, not too long.  (transfer full) */
static char *
clean (const char *text, const char *otherwise)
{
  g_autoptr (GString) name = g_string_new (NULL);

  for (; *text != '\0' && name->len < NAME_BYTES; text = g_utf8_next_char (text)) {
    gunichar c = g_utf8_get_char (text);

    if (g_unichar_isspace (c) || c < 0x20 || g_unichar_type (c) == G_UNICODE_CONTROL ||
        g_unichar_type (c) == G_UNICODE_FORMAT || (c < 0x80 && strchr ("/\\:*?\"<>|", (int)c)))
      c = ' ';
    if (c == ' ' && (name->len == 0 || name->str[name->len - 1] == ' '))
      continue;
    if (c == '.' && name->len == 0)
      continue;
    g_string_append_unichar (name, c);
  }
  while (name->len > 0 && strchr (" .", name->str[name->len - 1]) != NULL)
    g_string_truncate (name, name->len - 1);
  return g_strdup (name->len > 0 ? name->str : otherwise);
}

/* @stem and @ending, with a number between if need be; (transfer full) without the ending.  @taken
 * knows the last number of a name, so that a thousand of the same title are not tried each time. */
static char *
take_name (GHashTable *taken, const char *stem, const char *ending)
{
  g_autofree char *first = g_strconcat (stem, ending, NULL);
  g_autofree char *first_key = g_utf8_casefold (first, -1);
  guint            n = GPOINTER_TO_UINT (g_hash_table_lookup (taken, first_key));

  if (n == 0) {
    g_hash_table_insert (taken, g_steal_pointer (&first_key), GUINT_TO_POINTER (1));
    return g_strdup (stem);
  }
  for (n++;; n++) {
    g_autofree char *name = g_strdup_printf ("%s %u", stem, n);
    g_autofree char *whole = g_strconcat (name, ending, NULL);
    g_autofree char *key = g_utf8_casefold (whole, -1);

    if (g_hash_table_contains (taken, key))
      continue;
    g_hash_table_insert (taken, g_steal_pointer (&key), GUINT_TO_POINTER (1));
    g_hash_table_insert (taken, g_steal_pointer (&first_key), GUINT_TO_POINTER (n));
    return g_steal_pointer (&name);
  }
}

static char *
dup_stem (const char *name, const char *ending)
{
  gsize length = strlen (name);

  if (g_str_has_suffix (name, ending) && length > strlen (ending))
    length -= strlen (ending);
  return g_strndup (name, length);
}

void
facet_export_files_begin (FacetExportFiles *self,
                          const char       *title,
                          const char       *name,
                          const char       *ending)
{
  /* Translators: the name of a file with a conversation that has no title. */
  g_autofree char *stem =
      name != NULL ? dup_stem (name, ending) : clean (title, _ ("Conversation"));
  g_autofree char *taken = name == NULL ? take_name (self->names, stem, ending) : NULL;
  /* Translators: the folder beside an exported conversation. */
  g_autofree char *folder = g_strdup_printf (_ ("%s media"), taken != NULL ? taken : stem);

  g_free (self->file);
  self->file = taken != NULL ? g_strconcat (taken, ending, NULL) : g_strdup (name);
  g_free (self->media_folder);
  self->media_folder = take_name (self->names, folder, "");
  self->replace = name != NULL;
  g_hash_table_remove_all (self->media);
  g_hash_table_remove_all (self->media_names);
}

/* Media */

static const char *
ending_of (const char *media_type)
{
  static const struct {
    const char *type, *ending;
  } endings[] = {
      {"image/png", ".png"},   {"image/jpeg", ".jpg"},       {"image/gif", ".gif"},
      {"image/webp", ".webp"}, {"image/svg+xml", ".svg"},    {"image/bmp", ".bmp"},
      {"image/tiff", ".tiff"}, {"audio/x-wav", ".wav"},      {"audio/wav", ".wav"},
      {"audio/mpeg", ".mp3"},  {"audio/x-flac", ".flac"},    {"audio/ogg", ".ogg"},
      {"video/mp4", ".mp4"},   {"video/quicktime", ".mov"},  {"video/webm", ".webm"},
      {"audio/x-m4a", ".m4a"}, {"video/x-matroska", ".mkv"}, {"application/ogg", ".ogg"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (endings); i++)
    if (g_str_equal (media_type, endings[i].type))
      return endings[i].ending;
  return "";
}

/* What follows the last dot, with it; "" if that is no ending.  Points into @name. */
static const char *
find_ending (const char *name)
{
  const char *dot = strrchr (name, '.');

  if (dot == NULL || dot == name || strlen (dot) < 2 || strlen (dot) > 6)
    return "";
  for (const char *p = dot + 1; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p))
      return "";
  return dot;
}

static char *
name_media (FacetExportFiles *self, FacetMedia *media)
{
  g_autofree char *whole =
      clean (facet_media_get_name (media), facet_media_kind_to_text (facet_media_get_kind (media)));
  g_autofree char *ending = g_strdup (find_ending (whole));
  g_autofree char *stem = g_strndup (whole, strlen (whole) - strlen (ending));
  g_autofree char *name = NULL;

  if (*ending == '\0') {
    g_free (ending);
    ending = g_strdup (ending_of (facet_media_get_media_type (media)));
  }
  name = take_name (self->media_names, stem, ending);
  return g_strconcat (name, ending, NULL);
}

static gboolean
copy (int from, int to, const char *path, GCancellable *cancellable, GError **error)
{
  g_autofree guint8 *piece = g_malloc (PIECE);
  gssize             n;

  while ((n = read (from, piece, PIECE)) != 0) {
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return fail (path, errno, error);
    if (g_cancellable_set_error_if_cancelled (cancellable, error))
      return FALSE;
    for (gssize done = 0, m; done < n; done += m) {
      m = write (to, piece + done, (gsize)(n - done));
      if (m < 0 && errno == EINTR)
        m = 0;
      if (m < 0)
        return fail (path, errno, error);
    }
  }
  return fsync (to) == 0 || fail (path, errno, error);
}

static gboolean
copy_media (FacetMedia   *media,
            int           from,
            const char   *path,
            GCancellable *cancellable,
            GError      **error)
{
  int      to = g_open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  gboolean ok;

  if (to < 0)
    return fail (path, errno, error);
  ok = copy (from, to, path, cancellable, error);
  close (to);
  return ok;
}

char *
facet_export_files_add_media (FacetExportFiles *self,
                              FacetMedia       *media,
                              GCancellable     *cancellable,
                              GError          **error)
{
  const char      *hash = facet_media_get_content_hash (media);
  const char      *known = g_hash_table_lookup (self->media, hash);
  g_autofree char *file = NULL, *inside = NULL, *path = NULL, *relative = NULL;
  int              fd;
  gboolean         ok;

  if (known != NULL)
    return g_strdup (known);
  if (facet_media_is_missing (media))
    return NULL;
  fd = g_open (facet_media_get_path (media), O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
  if (fd < 0)
    return NULL;
  file = name_media (self, media);
  inside = g_build_filename (self->work, self->media_folder, NULL);
  path = g_build_filename (inside, file, NULL);
  ok = g_mkdir (inside, 0755) == 0 || errno == EEXIST || fail (inside, errno, error);
  ok = ok && copy_media (media, fd, path, cancellable, error);
  close (fd);
  if (!ok)
    return NULL;
  relative = g_strdup_printf ("%s/%s", self->media_folder, file);
  g_hash_table_insert (self->media, g_strdup (hash), g_strdup (relative));
  return g_steal_pointer (&relative);
}

/* Documents */

static gboolean
open_document (FacetExportFiles *self, GError **error)
{
  g_autofree char *path = g_build_filename (self->work, self->file, NULL);

  if (self->fd < 0)
    self->fd = g_open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  return self->fd >= 0 || fail (path, errno, error);
}

gboolean
facet_export_files_write (FacetExportFiles *self, const char *data, gsize length, GError **error)
{
  if (!open_document (self, error))
    return FALSE;
  while (length > 0) {
    gssize n = write (self->fd, data, length);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return fail (self->file, errno, error);
    data += n;
    length -= (gsize)n;
  }
  return TRUE;
}

gboolean
facet_export_files_end (FacetExportFiles *self, GError **error)
{
  int      fd;
  gboolean ok;

  if (!open_document (self, error))
    return FALSE;
  fd = self->fd;
  self->fd = -1;
  ok = fsync (fd) == 0 || fail (self->file, errno, error);
  close (fd);
  return ok;
}

/* What was renamed is there after a power cut only if its folder was synchronised, too. */
static void
sync_folder (const char *folder)
{
  int fd = g_open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

  if (fd < 0)
    return;
  fsync (fd);
  close (fd);
}

/* FALSE with errno.  Where the file system knows no such rename, looking first has to do. */
static gboolean
rename_new (const char *from, const char *to)
{
  if (renameat2 (AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
    return TRUE;
  if (errno != EINVAL && errno != ENOSYS)
    return FALSE;
  if (g_file_test (to, G_FILE_TEST_EXISTS)) {
    errno = EEXIST;
    return FALSE;
  }
  return g_rename (from, to) == 0;
}

/* Renames to the first of "NAME", "NAME 2", … that is free.  (transfer full), NULL: @error. */
static char *
settle (FacetExportFiles *self,
        const char       *from,
        const char       *name,
        const char       *ending,
        GError          **error)
{
  for (guint n = 1; n < MAX_TRIES; n++) {
    g_autofree char *numbered =
        n == 1 ? g_strconcat (name, ending, NULL) : g_strdup_printf ("%s %u%s", name, n, ending);
    g_autofree char *to = g_build_filename (self->place, numbered, NULL);

    if (rename_new (from, to))
      return g_steal_pointer (&to);
    if (errno != EEXIST && errno != ENOTEMPTY) {
      fail (to, errno, error);
      return NULL;
    }
  }
  fail (from, EEXIST, error);
  return NULL;
}

/* The document refers to its media by the folder's name, so that this cannot change any more. */
static gboolean
settle_media (FacetExportFiles *self, GError **error)
{
  g_autofree char *from = g_build_filename (self->work, self->media_folder, NULL);
  g_autofree char *to = g_build_filename (self->place, self->media_folder, NULL);

  if (!g_file_test (from, G_FILE_TEST_IS_DIR))
    return TRUE;
  sync_folder (from);
  return rename_new (from, to) || fail (to, errno, error);
}

char *
facet_export_files_finish_document (FacetExportFiles *self, GError **error)
{
  g_autofree char *from = g_build_filename (self->work, self->file, NULL);
  g_autofree char *to = g_build_filename (self->place, self->file, NULL);

  if (!settle_media (self, error))
    return NULL;
  if (!(self->replace ? g_rename (from, to) == 0 : rename_new (from, to))) {
    fail (to, errno, error);
    return NULL;
  }
  sync_folder (self->place);
  return g_steal_pointer (&to);
}

char *
facet_export_files_finish_folder (FacetExportFiles *self, const char *name, GError **error)
{
  char *path;

  sync_folder (self->work);
  path = settle (self, self->work, name, "", error);
  if (path == NULL)
    return NULL;
  sync_folder (self->place);
  return path;
}
