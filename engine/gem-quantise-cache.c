/* gem-quantise-cache.c: the cache file of quantised weights: its layout, reading it, writing it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A reader accepts a file only if its head is byte for byte the one that it would write itself, so
 * that there is nothing to parse and nothing to distrust.  A writer works on NAME.part under a
 * lock, and renames it when all of it is on the disk: two programs that start at once do not meet
 * in one file, and a killed one leaves nothing that looks finished. */
#define G_LOG_DOMAIN "gem"

#include "gem-quantise-cache.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC       "FACETKQ1"
#define VERSION     1 /* of this file and of the block formats */
#define HEAD_BYTES  64
#define ENTRY_BYTES 128
#define SUM_BYTES   32

/* ---- layout ---- */

static gsize
page_up (gsize n)
{
  gsize page = (gsize)sysconf (_SC_PAGESIZE);

  return (n + page - 1) / page * page;
}

static void
put_u32 (guint8 *p, guint32 value)
{
  value = GUINT32_TO_LE (value);
  memcpy (p, &value, sizeof value);
}

static void
put_u64 (guint8 *p, guint64 value)
{
  value = GUINT64_TO_LE (value);
  memcpy (p, &value, sizeof value);
}

static void
fill_head (GemQuantLayout *self, GArray *jobs, const char *identity)
{
  guint8 *p = self->head;
  gsize   sum_length = SUM_BYTES;
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);

  memcpy (p, MAGIC, 8);
  put_u32 (p + 8, VERSION);
  put_u32 (p + 12, jobs->len);
  put_u64 (p + 16, self->length);
  g_strlcpy ((char *)p + 24, identity, 40);
  p += HEAD_BYTES;
  for (guint i = 0; i < jobs->len; i++, p += ENTRY_BYTES) {
    const GemQuantJob *job = &g_array_index (jobs, GemQuantJob, i);

    g_strlcpy ((char *)p, job->name, 96);
    put_u32 (p + 96, (guint32)job->type);
    put_u32 (p + 100, (guint32)job->rows);
    put_u32 (p + 104, (guint32)job->cols);
    put_u64 (p + 112, self->offsets[i]);
    put_u64 (p + 120, job->bytes);
  }
  g_checksum_update (sum, self->head, p - self->head);
  g_checksum_get_digest (sum, p, &sum_length);
}

/* Cached files of the weight types of one model lie side by side. */
static const char *
type_name (GArray *jobs)
{
  const char *name = "bf16";

  for (guint i = 0; i < jobs->len; i++) {
    KrnType type = g_array_index (jobs, GemQuantJob, i).type;

    if (type == KRN_Q4)
      return "q4";
    if (type == KRN_Q8)
      name = "q8";
  }
  return name;
}

GemQuantLayout *
gem_quant_layout_new (GArray *jobs, const char *identity)
{
  GemQuantLayout *self = g_new0 (GemQuantLayout, 1);
  gsize           at;

  self->file_name = g_strdup_printf ("%s-%s.krnq", identity, type_name (jobs));
  self->head_length = HEAD_BYTES + (gsize)jobs->len * ENTRY_BYTES + SUM_BYTES;
  self->head = g_malloc0 (self->head_length);
  self->offsets = g_new (gsize, jobs->len);
  self->ends = g_new (gsize, jobs->len);
  at = page_up (self->head_length);
  for (guint i = 0; i < jobs->len; i++) {
    self->offsets[i] = at;
    at = page_up (at + g_array_index (jobs, GemQuantJob, i).bytes);
    self->ends[i] = at;
  }
  self->length = at;
  fill_head (self, jobs, identity);
  return self;
}

void
gem_quant_layout_free (GemQuantLayout *self)
{
  g_free (self->file_name);
  g_free (self->head);
  g_free (self->offsets);
  g_free (self->ends);
  g_free (self);
}

/* ---- reading ---- */

guint8 *
gem_cache_map (const GemQuantLayout *layout, const char *cache_dir)
{
  g_autofree char *path = NULL;
  struct stat      st;
  void            *region = MAP_FAILED;
  int              fd;

  if (cache_dir == NULL)
    return NULL;
  path = g_build_filename (cache_dir, layout->file_name, NULL);
  fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return NULL;
  if (fstat (fd, &st) == 0 && S_ISREG (st.st_mode) && (guint64)st.st_size == layout->length)
    region = mmap (NULL, layout->length, PROT_READ, MAP_PRIVATE, fd, 0);
  close (fd);
  if (region == MAP_FAILED)
    return NULL;
  if (memcmp (region, layout->head, layout->head_length) == 0) {
    madvise (region, layout->length, MADV_WILLNEED);
    return region;
  }
  munmap (region, layout->length);
  return NULL;
}

/* ---- writing ---- */

struct _GemCacheWriter {
  int   fd;   /* −1: nothing is written (any more) */
  int   code; /* errno of the first failure */
  char *folder, *path, *part;
};

static void
give_up (GemCacheWriter *self, int code)
{
  if (self->fd >= 0) {
    unlink (self->part);
    close (self->fd);
    self->fd = -1;
  }
  self->code = code;
}

static gboolean
write_all (int fd, const guint8 *data, gsize length, gsize offset)
{
  while (length > 0) {
    gssize n = pwrite (fd, data, length, (off_t)offset);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return FALSE;
    data += n;
    offset += (gsize)n;
    length -= (gsize)n;
  }
  return TRUE;
}

/* The lock belongs to the file that has the name @part now: the one before may just have been
 * renamed by its writer, and is then in use. */
static gboolean
is_ours (int fd, const char *part)
{
  struct stat here, there;

  return fstat (fd, &here) == 0 && lstat (part, &there) == 0 && here.st_ino == there.st_ino &&
         here.st_dev == there.st_dev;
}

static void
start (GemCacheWriter *self, gsize length)
{
  int code;

  if (g_mkdir_with_parents (self->folder, 0700) != 0) {
    self->code = errno;
    return;
  }
  self->fd = open (self->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (self->fd < 0) {
    self->code = errno;
    return;
  }
  if (flock (self->fd, LOCK_EX | LOCK_NB) != 0 || !is_ours (self->fd, self->part)) {
    /* Another Facet is writing the same file: nothing that a person need know. */
    close (self->fd);
    self->fd = -1;
    return;
  }
  /* All the space now, rather than an hour's work for a full disk. */
  code = ftruncate (self->fd, 0) != 0 ? errno : posix_fallocate (self->fd, 0, (off_t)length);
  if (code != 0)
    give_up (self, code);
}

GemCacheWriter *
gem_cache_writer_new (const GemQuantLayout *layout, const char *cache_dir)
{
  GemCacheWriter *self = g_new0 (GemCacheWriter, 1);

  self->fd = -1;
  if (cache_dir == NULL)
    return self;
  self->folder = g_strdup (cache_dir);
  self->path = g_build_filename (cache_dir, layout->file_name, NULL);
  self->part = g_strconcat (self->path, ".part", NULL);
  start (self, layout->length);
  if (self->fd >= 0 && !write_all (self->fd, layout->head, layout->head_length, 0))
    give_up (self, errno);
  return self;
}

/* A failed mmap () over something may have taken that away: puts back memory with what the file
 * holds. */
static gboolean
restore (int fd, guint8 *begin, gsize length, gsize offset)
{
  if (mmap (begin, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
            0) == MAP_FAILED)
    return FALSE;
  while (length > 0) {
    gssize n = pread (fd, begin, length, (off_t)offset);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return FALSE;
    begin += n;
    offset += (gsize)n;
    length -= (gsize)n;
  }
  return TRUE;
}

gboolean
gem_cache_writer_put (GemCacheWriter *self, guint8 *region, gsize begin, gsize end)
{
  gboolean ok = TRUE;

  if (self->fd < 0)
    return TRUE;
  if (!write_all (self->fd, region + begin, end - begin, begin)) {
    give_up (self, errno);
    return TRUE;
  }
  if (mmap (region + begin, end - begin, PROT_READ, MAP_PRIVATE | MAP_FIXED, self->fd,
            (off_t)begin) == MAP_FAILED) {
    int code = errno;

    ok = restore (self->fd, region + begin, end - begin, begin);
    give_up (self, code);
  }
  return ok;
}

void
gem_cache_writer_finish (GemCacheWriter *self, GPtrArray *warnings)
{
  if (self->fd >= 0 && (fsync (self->fd) != 0 || rename (self->part, self->path) != 0))
    give_up (self, errno);
  if (self->fd >= 0) {
    close (self->fd);
    self->fd = -1;
  }
  if (self->code != 0) {
    g_autofree char *folder = g_filename_display_name (self->folder);

    g_ptr_array_add (warnings, g_strdup_printf ("The quantised weights could not be kept in “%s” "
                                                "(%s), so the next start will take as "
                                                "long as this one.",
                                                folder, g_strerror (self->code)));
  }
}

void
gem_cache_writer_free (GemCacheWriter *self)
{
  give_up (self, 0);
  g_free (self->folder);
  g_free (self->path);
  g_free (self->part);
  g_free (self);
}
