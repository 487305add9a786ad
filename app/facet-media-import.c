/* facet-media-import.c: copy under a name that nobody looks for, hash while copying, decode,
 * rename.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The job's own thread.  What a file is, is found in its bytes: GStreamer's type finder knows sound
 * and video, everything else is offered to gdk-pixbuf. */
#define G_LOG_DOMAIN "facet-media"

#include "config.h"

#include "facet-media-import.h"
#include "facet-media-folder.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <gst/base/gsttypefindhelper.h>
#include <gst/gst.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PIECE      (256 * 1024)
#define HEAD_BYTES 65536

typedef struct {
  char      *folder;
  char      *name;
  GFile     *file; /* NULL: pixels */
  GBytes    *pixels;
  guint      width, height;
  gsize      rowstride;
  /* While it runs: */
  char      *path; /* of the copy; NULL: none, or it has its place */
  int        fd;
  GChecksum *checksum;
  guint64    size;
} Job;

/* Nothing is left of a copy that did not get its place. */
static void
clean_up (Job *job)
{
  if (job->fd >= 0)
    close (job->fd);
  job->fd = -1;
  if (job->path != NULL)
    g_unlink (job->path);
  g_clear_pointer (&job->path, g_free);
}

static void
job_free (gpointer data)
{
  Job *job = data;

  clean_up (job);
  g_clear_object (&job->file);
  g_clear_pointer (&job->pixels, g_bytes_unref);
  g_checksum_free (job->checksum);
  g_free (job->folder);
  g_free (job->name);
  g_free (job);
}

/* Writing the copy */

static gboolean
fail_write (Job *job, int code, GError **error)
{
  g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_FAILED,
               code == ENOSPC || code == EDQUOT
                   ? _ ("There is no space left for a copy of “%s”.  Make some room and add it "
                        "again.")
                   : _ ("“%s” could not be copied to where Facet keeps what you add."),
               job->name);
  return FALSE;
}

static gboolean
fail_size (Job *job, GError **error)
{
  g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_TOO_LARGE,
               _ ("“%s” is larger than 2 GB, the most that is kept of a file.  Add a smaller one."),
               job->name);
  return FALSE;
}

static gboolean
put (Job *job, const guint8 *data, gsize n_bytes, GError **error)
{
  if (n_bytes > FACET_MEDIA_MAX_BYTES - job->size)
    return fail_size (job, error);
  g_checksum_update (job->checksum, data, (gssize)n_bytes);
  job->size += n_bytes;
  while (n_bytes > 0) {
    gssize n = write (job->fd, data, n_bytes);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return fail_write (job, errno, error);
    data += n;
    n_bytes -= (gsize)n;
  }
  return TRUE;
}

/* GIO's own words name neither the file nor what to do. */
static gboolean
fail_read (Job *job, GError *failure, GError **error)
{
  g_autoptr (GError) owned = failure;

  if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
    g_propagate_error (error, g_steal_pointer (&owned));
    return FALSE;
  }
  if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_MISSING,
                 _ ("“%s” is no longer there."), job->name);
  else if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
    g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_FAILED,
                 _ ("You may not read “%s”.  Change its permissions or add a copy."), job->name);
  else
    g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_FAILED,
                 _ ("“%s” could not be read: %s"), job->name, failure->message);
  return FALSE;
}

static GFileInfo *
look (Job *job, GCancellable *cancellable, GError **error)
{
  GError    *failure = NULL;
  GFileInfo *info =
      g_file_query_info (job->file,
                         G_FILE_ATTRIBUTE_STANDARD_TYPE "," G_FILE_ATTRIBUTE_STANDARD_SIZE
                                                        "," G_FILE_ATTRIBUTE_TIME_MODIFIED
                                                        "," G_FILE_ATTRIBUTE_TIME_MODIFIED_USEC,
                         G_FILE_QUERY_INFO_NONE, cancellable, &failure);

  if (info == NULL)
    fail_read (job, failure, error);
  return info;
}

/* Opening anything else than a file may wait for ever. */
static gboolean
may_copy (Job *job, GFileInfo *info, GError **error)
{
  guint32 type = g_file_info_get_attribute_uint32 (info, G_FILE_ATTRIBUTE_STANDARD_TYPE);

  if (type != G_FILE_TYPE_REGULAR) {
    g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_UNSUPPORTED,
                 type == G_FILE_TYPE_DIRECTORY
                     ? _ ("“%s” is a folder.  Add the files in it one by one.")
                     : _ ("“%s” is not a file."),
                 job->name);
    return FALSE;
  }
  if (g_file_info_get_attribute_uint64 (info, G_FILE_ATTRIBUTE_STANDARD_SIZE) >
      FACET_MEDIA_MAX_BYTES)
    return fail_size (job, error);
  return TRUE;
}

/* Not every place where files lie tells their size. */
static gboolean
has_size (GFileInfo *info, guint64 size)
{
  return !g_file_info_has_attribute (info, G_FILE_ATTRIBUTE_STANDARD_SIZE) ||
         g_file_info_get_attribute_uint64 (info, G_FILE_ATTRIBUTE_STANDARD_SIZE) == size;
}

static gboolean
is_same (Job *job, GFileInfo *before, GFileInfo *after)
{
  static const char *const seconds = G_FILE_ATTRIBUTE_TIME_MODIFIED;
  static const char *const rest = G_FILE_ATTRIBUTE_TIME_MODIFIED_USEC;

  return has_size (before, job->size) && has_size (after, job->size) &&
         g_file_info_get_attribute_uint64 (before, seconds) ==
             g_file_info_get_attribute_uint64 (after, seconds) &&
         g_file_info_get_attribute_uint32 (before, rest) ==
             g_file_info_get_attribute_uint32 (after, rest);
}

static gboolean
copy_stream (Job *job, GInputStream *stream, GCancellable *cancellable, GError **error)
{
  g_autofree guint8 *piece = g_malloc (PIECE);
  GError            *failure = NULL;
  gssize             n;

  while ((n = g_input_stream_read (stream, piece, PIECE, cancellable, &failure)) > 0)
    if (!put (job, piece, (gsize)n, error))
      return FALSE;
  return n == 0 || fail_read (job, failure, error);
}

static gboolean
copy_file (Job *job, GCancellable *cancellable, GError **error)
{
  g_autoptr (GFileInfo) before = look (job, cancellable, error);
  g_autoptr (GFileInfo) after = NULL;
  g_autoptr (GFileInputStream) stream = NULL;
  GError *failure = NULL;

  if (before == NULL || !may_copy (job, before, error))
    return FALSE;
  stream = g_file_read (job->file, cancellable, &failure);
  if (stream == NULL)
    return fail_read (job, failure, error);
  if (!copy_stream (job, G_INPUT_STREAM (stream), cancellable, error))
    return FALSE;
  after = look (job, cancellable, error);
  if (after == NULL)
    return FALSE;
  if (is_same (job, before, after))
    return TRUE;
  g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_FAILED,
               _ ("“%s” changed while it was copied.  Add it again when it is finished."),
               job->name);
  return FALSE;
}

static gboolean
save_cb (const char *data, gsize n_bytes, GError **error, gpointer user_data)
{
  return put (user_data, (const guint8 *)data, n_bytes, error);
}

static gboolean
write_pixels (Job *job, GError **error)
{
  g_autoptr (GdkPixbuf) pixbuf = NULL;

  if (MAX (job->width, job->height) > FACET_PICTURE_MAX_SIDE ||
      (guint64)job->width * job->height > FACET_PICTURE_MAX_PIXELS) {
    g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_TOO_LARGE,
                 _ ("The picture is %u × %u pixels, more than can be read.  Make it smaller."),
                 job->width, job->height);
    return FALSE;
  }
  pixbuf = gdk_pixbuf_new_from_bytes (job->pixels, GDK_COLORSPACE_RGB, TRUE, 8, (int)job->width,
                                      (int)job->height, (int)job->rowstride);
  return gdk_pixbuf_save_to_callback (pixbuf, save_cb, job, "png", error, "compression", "3", NULL);
}

/* Looking at the copy */

/* Some of GStreamer's guesses take a text for a sound or a video. */
static gboolean
is_text (const guint8 *head, gsize n)
{
  const char *end;

  for (gsize i = 0; i < n; i++)
    if (head[i] < 0x20 && memchr ("\t\n\f\r", head[i], 4) == NULL)
      return FALSE;
  g_utf8_validate_len ((const char *)head, n, &end);
  return (const char *)head + n - end < 4; /* the last character may be cut */
}

/* NULL: nothing that GStreamer knows, or a text.  (transfer full) */
static char *
find_type (Job *job)
{
  g_autofree guint8 *head = g_malloc (HEAD_BYTES);
  gssize             n = pread (job->fd, head, HEAD_BYTES, 0);
  GstCaps           *caps;
  char              *type;

  if (n <= 0 || is_text (head, (gsize)n) || !gst_init_check (NULL, NULL, NULL))
    return NULL;
  caps = gst_type_find_helper_for_data (NULL, head, (gsize)n, NULL);
  if (caps == NULL)
    return NULL;
  type = g_strdup (gst_structure_get_name (gst_caps_get_structure (caps, 0)));
  gst_caps_unref (caps);
  return type;
}

static FacetMedia *
finish_picture (Job *job, FacetMediaInfo *info, GCancellable *cancellable, GError **error)
{
  g_autoptr (FacetPicture) picture = facet_picture_load (job->path, job->name, cancellable, error);
  g_autoptr (GdkPixbuf) thumbnail = NULL;

  if (picture == NULL)
    return NULL;
  thumbnail = facet_picture_dup_thumbnail (picture, FACET_MEDIA_THUMBNAIL_SIDE);
  info->kind = FACET_MEDIA_IMAGE;
  info->media_type = picture->media_type;
  info->note = picture->note;
  info->width = picture->width;
  info->height = picture->height;
  info->detail = FACET_MEDIA_DETAIL;
  info->thumbnail = thumbnail;
  return facet_media_new (info);
}

static FacetMedia *
finish_sound (Job *job, FacetMediaInfo *info, GCancellable *cancellable, GError **error)
{
  g_autoptr (FacetSound) sound = facet_sound_load (job->path, job->name, cancellable, error);

  if (sound == NULL)
    return NULL;
  info->kind = FACET_MEDIA_AUDIO;
  info->media_type = sound->media_type;
  info->note = sound->note;
  info->seconds = (double)sound->n_samples / FACET_SOUND_RATE;
  info->peaks = sound->peaks;
  for (guint i = 0; i < sound->n_clips; i++) {
    gsize n;

    facet_sound_get_clip (sound, i, &n);
    info->n_sound_tokens += facet_media_count_sound_tokens (n);
  }
  return facet_media_new (info);
}

static FacetMedia *
finish_video (Job *job, FacetMediaInfo *info, GCancellable *cancellable, GError **error)
{
  g_autoptr (FacetVideo) video = facet_video_inspect (job->path, job->name, cancellable, error);
  g_autoptr (GdkPixbuf) thumbnail = NULL;
  FacetVideoFrame *first;

  if (video == NULL)
    return NULL;
  first = g_ptr_array_index (video->frames, 0);
  thumbnail = facet_picture_dup_thumbnail (first->picture, FACET_MEDIA_THUMBNAIL_SIDE);
  info->kind = FACET_MEDIA_VIDEO;
  info->media_type = video->media_type;
  info->note = video->note;
  info->width = video->width;
  info->height = video->height;
  info->seconds = video->seconds;
  info->n_frames = video->n_frames;
  info->fps = video->fps;
  info->thumbnail = thumbnail;
  return facet_media_new (info);
}

/* Of containers the name tells nothing: video/quicktime may be a song.  What has no video that can
 * be decoded here may still have sound. */
static FacetMedia *
finish_video_or_sound (Job *job, FacetMediaInfo *info, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) failure = NULL;
  FacetMedia *media = finish_video (job, info, cancellable, &failure);

  if (media == NULL && g_error_matches (failure, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_UNSUPPORTED))
    media = finish_sound (job, info, cancellable, NULL);
  if (media == NULL)
    g_propagate_error (error, g_steal_pointer (&failure));
  return media;
}

/* Whether the decoder's own sentence fits what was added: that of a letter or a spreadsheet should
 * not speak of decoders. */
static gboolean
names_media (const char *type)
{
  static const char *const names[] = {"image/",
                                      "audio/",
                                      "video/",
                                      "application/ogg",
                                      "application/mxf",
                                      "application/x-3gp",
                                      "application/vnd.rn-realmedia"};

  for (guint i = 0; type != NULL && i < G_N_ELEMENTS (names); i++)
    if (g_str_has_prefix (type, names[i]))
      return TRUE;
  return FALSE;
}

static FacetMedia *
look_at_copy (Job *job, FacetMediaInfo *info, GCancellable *cancellable, GError **error)
{
  g_autofree char *type = find_type (job);
  g_autoptr (GError) failure = NULL;
  FacetMedia *media;

  if (type != NULL && g_str_has_prefix (type, "audio/"))
    media = finish_sound (job, info, cancellable, &failure);
  else if (type != NULL &&
           (g_str_has_prefix (type, "video/") || g_str_has_prefix (type, "application/")))
    media = finish_video_or_sound (job, info, cancellable, &failure);
  else
    media = finish_picture (job, info, cancellable, &failure);
  /* The type finder guesses; what gdk-pixbuf reads whole is a picture all the same. */
  if (media == NULL && failure->domain == FACET_MEDIA_ERROR && type != NULL &&
      !g_str_has_prefix (type, "image/"))
    media = finish_picture (job, info, cancellable, NULL);
  if (media != NULL)
    return media;
  if (!names_media (type) &&
      g_error_matches (failure, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_UNSUPPORTED))
    g_set_error (error, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_UNSUPPORTED,
                 _ ("“%s” is no picture, sound or video that can be read here."), job->name);
  else
    g_propagate_error (error, g_steal_pointer (&failure));
  return NULL;
}

static FacetMedia *
run (Job *job, GCancellable *cancellable, GError **error)
{
  FacetMediaInfo info = {.folder = job->folder, .name = job->name};
  g_autoptr (FacetMedia) media = NULL;

  job->fd = facet_media_folder_begin (job->folder, &job->path, error);
  if (job->fd < 0)
    return NULL;
  if (!(job->file != NULL ? copy_file (job, cancellable, error) : write_pixels (job, error)))
    return NULL;
  info.size = job->size;
  info.content_hash = g_checksum_get_string (job->checksum);
  media = look_at_copy (job, &info, cancellable, error);
  if (media == NULL)
    return NULL;
  if (fsync (job->fd) != 0) {
    fail_write (job, errno, error);
    return NULL;
  }
  if (!facet_media_folder_commit (job->folder, job->path, info.content_hash, error))
    return NULL;
  g_clear_pointer (&job->path, g_free);
  return g_steal_pointer (&media);
}

static void
import_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError     *error = NULL;
  FacetMedia *media = run (data, cancellable, &error);

  clean_up (data);
  if (media != NULL)
    g_task_return_pointer (task, media, g_object_unref);
  else
    g_task_return_error (task, error);
}

/* Takes @name. */
static Job *
job_new (const char *folder, char *name)
{
  Job *job = g_new0 (Job, 1);

  job->folder = g_strdup (folder);
  job->name = name;
  job->fd = -1;
  job->checksum = g_checksum_new (G_CHECKSUM_SHA256);
  return job;
}

/* Takes @job. */
static void
start (Job *job, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, start);
  /* What is in its place already is handed over: it would only lie there. */
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, job, job_free);
  g_task_run_in_thread (task, import_thread);
}

static Job *
job_new_for_file (const char *folder, GFile *file, const char *name)
{
  g_autofree char *base = g_file_get_basename (file);
  Job             *job = job_new (folder, name != NULL ? g_utf8_make_valid (name, -1)
                                                       : g_filename_display_name (base != NULL ? base : "?"));

  job->file = g_object_ref (file);
  return job;
}

void
facet_media_import_file_async (const char         *folder,
                               GFile              *file,
                               const char         *name,
                               GCancellable       *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer            user_data)
{
  start (job_new_for_file (folder, file, name), cancellable, callback, user_data);
}

FacetMedia *
facet_media_import_file (const char   *folder,
                         GFile        *file,
                         const char   *name,
                         GCancellable *cancellable,
                         GError      **error)
{
  Job        *job = job_new_for_file (folder, file, name);
  FacetMedia *media = run (job, cancellable, error);

  job_free (job);
  return media;
}

void
facet_media_import_pixels_async (const char         *folder,
                                 const char         *name,
                                 GBytes             *pixels,
                                 guint               width,
                                 guint               height,
                                 gsize               rowstride,
                                 GCancellable       *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer            user_data)
{
  Job *job;

  g_return_if_fail (width > 0 && height > 0 && rowstride >= (gsize)width * 4);
  g_return_if_fail (g_bytes_get_size (pixels) >= rowstride * (height - 1) + (gsize)width * 4);
  job = job_new (folder, g_utf8_make_valid (name, -1));
  job->pixels = g_bytes_ref (pixels);
  job->width = width;
  job->height = height;
  job->rowstride = rowstride;
  start (job, cancellable, callback, user_data);
}

FacetMedia *
facet_media_import_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
