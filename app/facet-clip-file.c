/* facet-clip-file.c: the WAV file of a clip, in an order of steps that a kill can't spoil.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One thread at a time. */
#define G_LOG_DOMAIN "facet-clip-file"

#include "config.h"

#include "facet-clip-file.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define TO_THE_END G_MAXUINT32 /* a data size that is not known yet */
#define NAME_PRINT "recording-%016" G_GINT64_FORMAT "-%012" G_GUINT64_FORMAT "."
#define NAME_SCAN  "recording-%16" G_GUINT64_FORMAT "-%12" G_GUINT64_FORMAT "."

struct _FacetClipFile {
  int     fd;
  char   *path;
  gint64  recording;
  guint64 begin;
  gsize   n_bytes; /* of samples; odd only after an error */
  gsize   length;  /* samples that were given to be written, for the peaks */
  GArray *peaks;
};

gboolean
facet_clip_file_fail (const char *path, GError **error)
{
  int              code = errno;
  g_autofree char *name = g_filename_display_name (path);

  if (code == ENOSPC || code == EDQUOT)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                 _ ("The disk is full: the recording “%s” ends here.  Free some space and record "
                    "the rest."),
                 name);
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code),
                 _ ("The recording “%s” could not be written: %s.  Check that its folder can be "
                    "written to."),
                 name, g_strerror (code));
  return FALSE;
}

static void
put_u32 (guint8 *at, guint32 value)
{
  value = GUINT32_TO_LE (value);
  memcpy (at, &value, sizeof value);
}

void
facet_clip_file_fill_header (guint8 header[FACET_CLIP_HEADER], guint32 n_bytes)
{
  static const guint8 format[] = {16, 0, 0, 0, /* bytes of this chunk */
                                  1,  0,       /* PCM */
                                  1,  0};      /* channel */

  memcpy (header, "RIFF", 4);
  put_u32 (header + 4, n_bytes == TO_THE_END ? TO_THE_END : n_bytes + FACET_CLIP_HEADER - 8);
  memcpy (header + 8, "WAVEfmt ", 8);
  memcpy (header + 16, format, sizeof format);
  put_u32 (header + 24, FACET_SOUND_RATE);
  put_u32 (header + 28, FACET_SOUND_RATE * sizeof (gint16));
  put_u32 (header + 32, sizeof (gint16) | 16 << 16); /* bytes of a frame, bits of a sample */
  memcpy (header + 36, "data", 4);
  put_u32 (header + 40, n_bytes);
}

const char *
facet_clip_file_parse_name (const char *name, gint64 *recording, guint64 *begin)
{
  static const char *const endings[] = {"part", "wav", "new"};
  g_autofree char         *again = NULL;
  guint64                  when;
  gsize                    n;

  if (sscanf (name, NAME_SCAN, &when, begin) != 2 || when > G_MAXINT64)
    return NULL;
  *recording = (gint64)when;
  again = g_strdup_printf (NAME_PRINT, *recording, *begin);
  n = strlen (again);
  if (strncmp (name, again, n) != 0)
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (endings); i++)
    if (g_str_equal (name + n, endings[i]))
      return name + n;
  return NULL;
}

static char *
make_path (const char *folder, gint64 recording, guint64 begin)
{
  g_autofree char *name = g_strdup_printf (NAME_PRINT "new", recording, begin);

  return g_build_filename (folder, name, NULL);
}

/* @path with another ending. */
static char *
rename_to (const char *path, const char *ending, GError **error)
{
  g_autofree char *to =
      g_strdup_printf ("%.*s%s", (int)(strrchr (path, '.') + 1 - path), path, ending);

  if (g_rename (path, to) < 0) {
    facet_clip_file_fail (path, error);
    return NULL;
  }
  return g_steal_pointer (&to);
}

static gboolean
write_header (FacetClipFile *self, guint32 n_bytes, GError **error)
{
  guint8 header[FACET_CLIP_HEADER];

  facet_clip_file_fill_header (header, n_bytes);
  if (pwrite (self->fd, header, sizeof header, 0) != sizeof header)
    return facet_clip_file_fail (self->path, error);
  return TRUE;
}

static gboolean
appear (FacetClipFile *self, const gint16 *samples, gsize n_samples, GError **error)
{
  char *path;

  if (flock (self->fd, LOCK_EX | LOCK_NB) < 0)
    return facet_clip_file_fail (self->path, error);
  if (!write_header (self, TO_THE_END, error) ||
      !facet_clip_file_append (self, samples, n_samples, error))
    return FALSE;
  path = rename_to (self->path, "part", error);
  if (path == NULL)
    return FALSE;
  g_free (self->path);
  self->path = path;
  return TRUE;
}

FacetClipFile *
facet_clip_file_new (const char   *folder,
                     gint64        recording,
                     guint64       begin,
                     const gint16 *samples,
                     gsize         n_samples,
                     GError      **error)
{
  g_autofree char *path = make_path (folder, recording, begin);
  FacetClipFile   *self;
  int              fd;

  if (g_mkdir_with_parents (folder, 0700) < 0) {
    facet_clip_file_fail (folder, error);
    return NULL;
  }
  fd = g_open (path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    facet_clip_file_fail (path, error);
    return NULL;
  }
  self = g_new0 (FacetClipFile, 1);
  self->fd = fd;
  self->path = g_steal_pointer (&path);
  self->recording = recording;
  self->begin = begin;
  self->peaks = g_array_new (FALSE, TRUE, sizeof (float));
  if (!appear (self, samples, n_samples, error)) {
    facet_clip_file_discard (self);
    return NULL;
  }
  return self;
}

gboolean
facet_clip_file_append (FacetClipFile *self, const gint16 *samples, gsize n_samples, GError **error)
{
  gsize n_bytes = n_samples * sizeof *samples;
  gsize done = 0;

  G_STATIC_ASSERT (G_BYTE_ORDER == G_LITTLE_ENDIAN);
  facet_clip_add_peaks (self->peaks, self->length, samples, n_samples);
  self->length += n_samples;
  while (done < n_bytes) {
    gssize n = pwrite (self->fd, (const char *)samples + done, n_bytes - done,
                       (off_t)(FACET_CLIP_HEADER + self->n_bytes));

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return facet_clip_file_fail (self->path, error);
    done += (gsize)n;
    self->n_bytes += (gsize)n;
  }
  return TRUE;
}

gsize
facet_clip_file_get_length (FacetClipFile *self)
{
  return self->n_bytes / sizeof (gint16);
}

guint64
facet_clip_file_get_begin (FacetClipFile *self)
{
  return self->begin;
}

/* The names in it are on disk, too. */
static gboolean
sync_folder (const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int              fd = g_open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  gboolean         done = fd >= 0 && fsync (fd) == 0;

  if (!done)
    facet_clip_file_fail (path, error);
  if (fd >= 0)
    close (fd);
  return done;
}

char *
facet_clip_file_settle (int fd, const char *path, GError **error)
{
  g_autofree char *final = NULL;

  if (fsync (fd) < 0) {
    facet_clip_file_fail (path, error);
    return NULL;
  }
  final = rename_to (path, "wav", error);
  if (final == NULL || !sync_folder (final, error))
    return NULL;
  return g_steal_pointer (&final);
}

FacetClip *
facet_clip_file_finish (FacetClipFile *self, gsize length, GError **error)
{
  gsize      n_bytes = length * sizeof (gint16);
  char      *path = NULL;
  FacetClip *clip = NULL;

  g_assert (length <= facet_clip_file_get_length (self));
  if (write_header (self, (guint32)n_bytes, error)) {
    if (ftruncate (self->fd, (off_t)(FACET_CLIP_HEADER + n_bytes)) < 0)
      facet_clip_file_fail (self->path, error);
    else
      path = facet_clip_file_settle (self->fd, self->path, error);
  }
  if (path != NULL) {
    gsize n_peaks = (length + FACET_CLIP_PEAK_SAMPLES - 1) / FACET_CLIP_PEAK_SAMPLES;

    g_array_set_size (self->peaks, (guint)n_peaks);
    clip =
        facet_clip_new (path, self->recording, self->begin, length, g_steal_pointer (&self->peaks));
  }
  close (self->fd);
  g_clear_pointer (&self->peaks, g_array_unref);
  g_free (self->path);
  g_free (self);
  return clip;
}

void
facet_clip_file_discard (FacetClipFile *self)
{
  g_unlink (self->path);
  close (self->fd);
  g_array_unref (self->peaks);
  g_free (self->path);
  g_free (self);
}
