/* gem-mapping.c: maps files of weights, and tells one from another.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The caller owns a GemMapping.  Knows no format. */
#define G_LOG_DOMAIN "gem"

#include "gem-mapping.h"
#include "gem-file.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SAMPLES_PER_FILE 64
#define SAMPLE_BYTES     4096

gboolean
gem_mapping_damaged (const char *name, GError **error, const char *format, ...)
{
  g_autofree char *cut = NULL, *why = NULL;
  va_list          args;

  va_start (args, format);
  cut = g_strdup_vprintf (format, args);
  va_end (args);
  why = g_utf8_make_valid (cut, -1); /* a name may have been cut inside a character */
  g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL,
               "“%s” is damaged: %s.  Download the model again or choose another folder.", name,
               why);
  return FALSE;
}

gboolean
gem_mapping_check_impostor (const GemMapping *self, GError **error)
{
  static const char pointer[] = "version https://git-lfs";

  if (self->length < sizeof pointer || memcmp (self->bytes, pointer, sizeof pointer - 1) != 0)
    return TRUE;
  g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL,
               "“%s” is only a Git LFS pointer, not the weights.  Run “git lfs pull” in the "
               "model's folder, or "
               "download the model again.",
               self->name);
  return FALSE;
}

gboolean
gem_mapping_open (GemMapping *self, const char *path, GError **error)
{
  g_autofree char *base = g_path_get_basename (path);
  struct stat      after;
  void            *bytes;
  int              fd;

  *self = (GemMapping){.name = g_filename_display_name (base)};
  fd = gem_file_open (path, &self->st, error);
  if (fd < 0)
    return FALSE;
  if (self->st.st_size == 0) {
    close (fd);
    return gem_mapping_damaged (self->name, error, "it is empty");
  }
  self->length = (gsize)self->st.st_size;
  bytes = mmap (NULL, self->length, PROT_READ, MAP_PRIVATE, fd, 0);
  if (bytes == MAP_FAILED) {
    g_set_error (error, GEM_ERROR, errno == ENOMEM ? GEM_ERROR_NO_MEMORY : GEM_ERROR_INVALID_MODEL,
                 "“%s” cannot be mapped into memory: %s.", self->name, g_strerror (errno));
    close (fd);
    return FALSE;
  }
  self->bytes = bytes;
  self->mapped = TRUE;
  /* A download that is still running, or was just restarted, shows here. */
  if (fstat (fd, &after) != 0 || after.st_size != self->st.st_size) {
    close (fd);
    return gem_mapping_damaged (self->name, error, "its size changed while it was opened");
  }
  close (fd);
  return TRUE;
}

void
gem_mapping_clear (gpointer data)
{
  GemMapping *self = data;

  if (self->mapped)
    munmap ((void *)self->bytes, self->length);
  g_free (self->name);
}

/* Reading 10 GB to hash them would take longer than quantising them.  Size, time and inode change
 * whenever a file is replaced by ordinary means; the header and samples spread over the data catch
 * a file that was edited with its times put back. */
void
gem_mapping_add_identity (const GemMapping *self, GChecksum *sum)
{
  const guint8 *data = self->bytes + self->data_begin;
  gsize         length = self->length - self->data_begin;
  gsize         step = MAX (length / SAMPLES_PER_FILE, SAMPLE_BYTES);
  gint64        facts[] = {
             (gint64)self->length,
             (gint64)self->st.st_ino,
             (gint64)self->st.st_mtim.tv_sec,
             (gint64)self->st.st_mtim.tv_nsec,
  };

  g_checksum_update (sum, (const guchar *)facts, sizeof facts);
  g_checksum_update (sum, self->bytes, (gssize)self->data_begin);
  for (gsize at = 0; at < length; at += step)
    g_checksum_update (sum, data + at, (gssize)MIN (SAMPLE_BYTES, length - at));
}
