/* facet-recorder-recovery.c: recordings of a process that was killed.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any thread.  A clip that was being written ends with its file, or where the next clip of the same
 * recording begins, whichever is earlier: between the two steps of a cut the same samples are in
 * both.  Nothing in the folder is trusted: names that we don't make, links and folders are left
 * alone. */
#define G_LOG_DOMAIN "facet-recorder"

#include "config.h"

#include "facet-recorder.h"

#include "facet-clip-file.h"

#include <glib/gstdio.h>

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
  char       *path;
  const char *ending; /* within path */
  gint64      recording;
  guint64     begin;
} Entry;

static void
entry_free (gpointer data)
{
  Entry *self = data;

  g_free (self->path);
  g_free (self);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const Entry *x = *(const Entry *const *)a;
  const Entry *y = *(const Entry *const *)b;

  if (x->recording != y->recording)
    return x->recording < y->recording ? -1 : 1;
  return x->begin < y->begin ? -1 : x->begin > y->begin;
}

static GPtrArray *
list (const char *folder, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, error);
  GPtrArray  *entries;
  const char *name;

  if (dir == NULL)
    return NULL;
  entries = g_ptr_array_new_with_free_func (entry_free);
  while ((name = g_dir_read_name (dir)) != NULL) {
    gint64      recording;
    guint64     begin;
    const char *ending = facet_clip_file_parse_name (name, &recording, &begin);
    Entry      *entry;

    if (ending == NULL)
      continue;
    entry = g_new0 (Entry, 1);
    entry->path = g_build_filename (folder, name, NULL);
    entry->ending = entry->path + strlen (entry->path) - strlen (ending);
    entry->recording = recording;
    entry->begin = begin;
    g_ptr_array_add (entries, entry);
  }
  g_ptr_array_sort (entries, compare);
  return entries;
}

/* −1: not there, not a file, or not ours to touch. */
static int
open_entry (const Entry *entry)
{
  int         fd = g_open (entry->path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
  struct stat stat;

  if (fd < 0)
    return -1;
  if (fstat (fd, &stat) == 0 && S_ISREG (stat.st_mode) && flock (fd, LOCK_EX | LOCK_NB) == 0)
    return fd;
  close (fd);
  return -1;
}

/* A recording that is being written has one file that is locked; its stored clips are not. */
static gboolean
is_being_written (GPtrArray *entries, guint first, guint end)
{
  for (guint i = first; i < end; i++) {
    const Entry *entry = g_ptr_array_index (entries, i);
    int          fd = open_entry (entry);

    if (fd < 0 && !g_file_test (entry->path, G_FILE_TEST_IS_SYMLINK) &&
        g_file_test (entry->path, G_FILE_TEST_IS_REGULAR))
      return TRUE;
    if (fd >= 0)
      close (fd);
  }
  return FALSE;
}

static gsize
count_samples (int fd)
{
  struct stat stat;

  if (fstat (fd, &stat) < 0 || stat.st_size < FACET_CLIP_HEADER)
    return 0;
  return MIN ((gsize)(stat.st_size - FACET_CLIP_HEADER) / sizeof (gint16),
              (G_MAXUINT32 - FACET_CLIP_HEADER) / sizeof (gint16));
}

/* Makes the unfinished file of @n_samples whole.  (transfer full): its new path. */
static char *
repair (int fd, const char *path, gsize n_samples, GError **error)
{
  guint8 header[FACET_CLIP_HEADER];
  gsize  n_bytes = n_samples * sizeof (gint16);

  facet_clip_file_fill_header (header, (guint32)n_bytes);
  if (pwrite (fd, header, sizeof header, 0) != sizeof header ||
      ftruncate (fd, (off_t)(sizeof header + n_bytes)) < 0) {
    facet_clip_file_fail (path, error);
    return NULL;
  }
  return facet_clip_file_settle (fd, path, error);
}

static GArray *
read_peaks (int fd, gsize n_samples)
{
  GArray *peaks = g_array_new (FALSE, TRUE, sizeof (float));
  gint16  block[4096];
  gsize   done = 0;

  while (done < n_samples) {
    gsize  n = MIN (n_samples - done, G_N_ELEMENTS (block));
    gssize got =
        pread (fd, block, n * sizeof *block, (off_t)(FACET_CLIP_HEADER + done * sizeof *block));

    if (got < (gssize)sizeof *block)
      break;
    n = (gsize)got / sizeof *block;
    facet_clip_add_peaks (peaks, done, block, n);
    done += n;
  }
  return peaks;
}

/* @limit: where the next clip of the recording begins; it counts for an unfinished one.  Returns
 * NULL if there is nothing in it. */
static FacetClip *
recover_file (const Entry *entry, int fd, guint64 limit)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  gsize            n_samples = count_samples (fd);

  if (g_str_equal (entry->ending, "wav"))
    path = g_strdup (entry->path);
  else {
    if (n_samples == 0 || g_str_equal (entry->ending, "new")) {
      g_unlink (entry->path); /* it never held anything of its own */
      return NULL;
    }
    n_samples = (gsize)MIN (n_samples, limit - entry->begin);
    if (n_samples > 0)
      path = repair (fd, entry->path, n_samples, &error);
    if (error != NULL)
      g_info ("%s", error->message);
  }
  if (path == NULL || n_samples == 0)
    return NULL;
  return facet_clip_new (g_steal_pointer (&path), entry->recording, entry->begin, n_samples,
                         read_peaks (fd, n_samples));
}

static FacetClip *
recover_entry (const Entry *entry, guint64 limit)
{
  int        fd = open_entry (entry);
  FacetClip *clip = NULL;

  if (fd < 0)
    return NULL;
  clip = recover_file (entry, fd, limit);
  close (fd);
  return clip;
}

/* One recording: @first … @end − 1. */
static void
recover_recording (GPtrArray *entries, guint first, guint end, GPtrArray *clips)
{
  guint64 limit = G_MAXUINT64;
  guint   at = clips->len;

  if (is_being_written (entries, first, end))
    return;
  for (guint i = end; i-- > first;) {
    const Entry *entry = g_ptr_array_index (entries, i);
    FacetClip   *clip = recover_entry (entry, limit);

    if (clip == NULL)
      continue;
    limit = entry->begin;
    g_ptr_array_insert (clips, (int)at, clip); /* before the later ones */
  }
}

GPtrArray *
facet_recorder_recover (const char *folder, GError **error)
{
  g_autoptr (GPtrArray) entries = NULL;
  GPtrArray *clips;
  guint      end;

  if (!g_file_test (folder, G_FILE_TEST_EXISTS))
    return g_ptr_array_new_with_free_func ((GDestroyNotify)facet_clip_unref);
  entries = list (folder, error);
  if (entries == NULL)
    return NULL;
  clips = g_ptr_array_new_with_free_func ((GDestroyNotify)facet_clip_unref);
  for (guint first = 0; first < entries->len; first = end) {
    gint64 recording = ((Entry *)g_ptr_array_index (entries, first))->recording;

    for (end = first; end < entries->len; end++)
      if (((Entry *)g_ptr_array_index (entries, end))->recording != recording)
        break;
    recover_recording (entries, first, end, clips);
  }
  return clips;
}
