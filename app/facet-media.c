/* facet-media.c: an attachment: what is known of it, what it costs, and its form in the store.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any thread: nothing changes after construction. */
#define G_LOG_DOMAIN "facet-media"

#include "config.h"

#include "facet-media.h"
#include "engine/gem-media.h"

#include <glib/gi18n-lib.h>
#include <jansson.h>

#include <math.h>
#include <string.h>

struct _FacetMedia {
  GObject        parent_instance;
  FacetMediaInfo info; /* the strings and objects are ours */
  char          *path;
  guint8         peaks[FACET_SOUND_N_PEAKS];
  gboolean       missing;
};

G_DEFINE_FINAL_TYPE (FacetMedia, facet_media, G_TYPE_OBJECT)

static void
facet_media_finalize (GObject *object)
{
  FacetMedia *self = FACET_MEDIA (object);

  g_free ((char *)self->info.folder);
  g_free ((char *)self->info.content_hash);
  g_free ((char *)self->info.name);
  g_free ((char *)self->info.media_type);
  g_free ((char *)self->info.note);
  g_clear_object (&self->info.thumbnail);
  g_free (self->path);
  G_OBJECT_CLASS (facet_media_parent_class)->finalize (object);
}

static void
facet_media_class_init (FacetMediaClass *class)
{
  G_OBJECT_CLASS (class)->finalize = facet_media_finalize;
}

static void
facet_media_init (FacetMedia *self)
{
}

static guint
valid_detail (FacetMediaKind kind, guint detail)
{
  static const guint details[] = {1120, 560, 280, 140};

  if (kind == FACET_MEDIA_AUDIO)
    return 0;
  if (kind == FACET_MEDIA_VIDEO)
    return FACET_MEDIA_VIDEO_DETAIL;
  for (guint i = 0; i < G_N_ELEMENTS (details); i++)
    if (detail >= details[i])
      return details[i];
  return 70;
}

FacetMedia *
facet_media_new (const FacetMediaInfo *info)
{
  FacetMedia *self = g_object_new (FACET_TYPE_MEDIA, NULL);

  self->info = *info;
  self->info.folder = g_strdup (info->folder);
  self->info.content_hash = g_strdup (info->content_hash);
  self->info.name = g_strdup (info->name != NULL ? info->name : "");
  self->info.media_type = g_strdup (info->media_type != NULL ? info->media_type : "");
  self->info.note = g_strdup (info->note);
  self->info.detail = valid_detail (info->kind, info->detail);
  if (info->thumbnail != NULL)
    g_object_ref (info->thumbnail);
  if (info->peaks != NULL) {
    memcpy (self->peaks, info->peaks, sizeof self->peaks);
    self->info.peaks = self->peaks;
  }
  self->path = g_build_filename (info->folder, info->content_hash, NULL);
  return self;
}

FacetMedia *
facet_media_with_detail (FacetMedia *self, guint detail)
{
  FacetMediaInfo info = self->info;
  FacetMedia    *other;

  info.detail = detail;
  other = facet_media_new (&info);
  other->missing = self->missing;
  return other;
}

FacetMediaKind
facet_media_get_kind (FacetMedia *self)
{
  return self->info.kind;
}

const char *
facet_media_get_name (FacetMedia *self)
{
  return self->info.name;
}

const char *
facet_media_get_media_type (FacetMedia *self)
{
  return self->info.media_type;
}

const char *
facet_media_get_content_hash (FacetMedia *self)
{
  return self->info.content_hash;
}

const char *
facet_media_get_path (FacetMedia *self)
{
  return self->path;
}

const char *
facet_media_get_note (FacetMedia *self)
{
  return self->info.note;
}

guint64
facet_media_get_size (FacetMedia *self)
{
  return self->info.size;
}

void
facet_media_get_dimensions (FacetMedia *self, guint *width, guint *height)
{
  *width = self->info.width;
  *height = self->info.height;
}

guint
facet_media_get_detail (FacetMedia *self)
{
  return self->info.detail;
}

double
facet_media_get_seconds (FacetMedia *self)
{
  return self->info.seconds;
}

guint
facet_media_get_n_frames (FacetMedia *self)
{
  return self->info.n_frames;
}

double
facet_media_get_fps (FacetMedia *self)
{
  return self->info.fps;
}

const guint8 *
facet_media_get_peaks (FacetMedia *self)
{
  return self->info.peaks;
}

GdkPixbuf *
facet_media_get_thumbnail (FacetMedia *self)
{
  return self->info.thumbnail;
}

gboolean
facet_media_is_missing (FacetMedia *self)
{
  return self->missing;
}

/* Tokens */

guint
facet_media_count_sound_tokens (gsize n_samples)
{
  return gem_media_count_sound_tokens (n_samples);
}

static guint
count_picture_tokens (const FacetMediaInfo *info)
{
  GemImageSize size;

  return gem_image_size (info->width, info->height, info->detail, &size, NULL) ? size.n_soft_tokens
                                                                               : 0;
}

guint
facet_media_get_n_tokens (FacetMedia *self)
{
  switch (self->info.kind) {
  case FACET_MEDIA_AUDIO:
    return self->info.n_sound_tokens;
  case FACET_MEDIA_VIDEO:
    return count_picture_tokens (&self->info) * MIN (self->info.n_frames, FACET_MEDIA_VIDEO_FRAMES);
  default:
    return count_picture_tokens (&self->info);
  }
}

/* Decoding */

FacetPicture *
facet_media_load_picture (FacetMedia *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (self->info.kind == FACET_MEDIA_IMAGE, NULL);
  return facet_picture_load (self->path, self->info.name, cancellable, error);
}

FacetSound *
facet_media_load_sound (FacetMedia *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (self->info.kind == FACET_MEDIA_AUDIO, NULL);
  return facet_sound_load (self->path, self->info.name, cancellable, error);
}

FacetVideo *
facet_media_load_video (FacetMedia *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (self->info.kind == FACET_MEDIA_VIDEO, NULL);
  return facet_video_load (self->path, self->info.name, MAX (1, self->info.n_frames), cancellable,
                           error);
}

static FacetPicture *
load_first_picture (FacetMedia *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (FacetVideo) video = NULL;
  FacetVideoFrame *first;

  if (self->info.kind == FACET_MEDIA_IMAGE)
    return facet_media_load_picture (self, cancellable, error);
  video = facet_video_load (self->path, self->info.name, 1, cancellable, error);
  if (video == NULL)
    return NULL;
  first = g_ptr_array_index (video->frames, 0);
  return facet_picture_ref (first->picture);
}

static void
thumbnail_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  g_autoptr (FacetPicture) picture = load_first_picture (source, cancellable, &error);

  if (picture == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, facet_picture_dup_thumbnail (picture, FACET_MEDIA_THUMBNAIL_SIDE),
                           g_object_unref);
}

void
facet_media_load_thumbnail_async (FacetMedia         *self,
                                  GCancellable       *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer            user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  if (self->info.thumbnail != NULL)
    g_task_return_pointer (task, g_object_ref (self->info.thumbnail), g_object_unref);
  else if (self->info.kind == FACET_MEDIA_AUDIO)
    g_task_return_new_error (task, FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_UNSUPPORTED,
                             _ ("“%s” is a sound; there is no picture of it."), self->info.name);
  else
    g_task_run_in_thread (task, thumbnail_thread);
}

GdkPixbuf *
facet_media_load_thumbnail_finish (FacetMedia *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* The store */

static const char *const kind_texts[] = {
    [FACET_MEDIA_IMAGE] = "image",
    [FACET_MEDIA_AUDIO] = "audio",
    [FACET_MEDIA_VIDEO] = "video",
};

const char *
facet_media_kind_to_text (FacetMediaKind kind)
{
  return kind_texts[kind];
}

gboolean
facet_media_kind_from_text (const char *text, FacetMediaKind *kind)
{
  for (guint i = 0; i < G_N_ELEMENTS (kind_texts); i++)
    if (g_strcmp0 (text, kind_texts[i]) == 0) {
      *kind = i;
      return TRUE;
    }
  return FALSE;
}

gboolean
facet_media_is_content_hash (const char *text)
{
  return text != NULL && strlen (text) == 64 && strspn (text, "0123456789abcdef") == 64;
}

char *
facet_media_dup_details (FacetMedia *self)
{
  const FacetMediaInfo *info = &self->info;
  json_t               *json = json_object ();
  char                 *text, *copy;

  if (info->kind != FACET_MEDIA_AUDIO) {
    json_object_set_new (json, "width", json_integer (info->width));
    json_object_set_new (json, "height", json_integer (info->height));
    json_object_set_new (json, "detail", json_integer (info->detail));
  }
  if (info->kind != FACET_MEDIA_IMAGE)
    json_object_set_new (json, "seconds", json_real (info->seconds));
  if (info->kind == FACET_MEDIA_VIDEO) {
    json_object_set_new (json, "frames", json_integer (info->n_frames));
    json_object_set_new (json, "fps", json_real (info->fps));
  }
  if (info->note != NULL)
    json_object_set_new (json, "note", json_string (info->note));
  if (info->peaks != NULL) {
    g_autofree char *base64 = g_base64_encode (info->peaks, FACET_SOUND_N_PEAKS);

    json_object_set_new (json, "peaks", json_string (base64));
  }
  text = json_dumps (json, JSON_COMPACT | JSON_SORT_KEYS);
  json_decref (json);
  copy = g_strdup (text);
  free (text);
  return copy;
}

/* 0 for what is not there or no sensible number. */
static guint
get_count (const json_t *json, const char *key, guint highest)
{
  json_int_t value = json_integer_value (json_object_get (json, key));

  return value > 0 && value <= highest ? (guint)value : 0;
}

static double
get_number (const json_t *json, const char *key)
{
  double value = json_number_value (json_object_get (json, key));

  return isfinite (value) && value > 0 && value < 1e9 ? value : 0;
}

FacetMedia *
facet_media_new_stored (FacetMediaInfo *info, const char *details)
{
  json_t            *json = details != NULL ? json_loads (details, 0, NULL) : NULL;
  const char        *peaks = json_string_value (json_object_get (json, "peaks"));
  g_autofree guchar *bytes = NULL;
  gsize              n_bytes = 0;
  FacetMedia        *self;

  info->width = get_count (json, "width", FACET_PICTURE_MAX_SIDE);
  info->height = get_count (json, "height", FACET_PICTURE_MAX_SIDE);
  info->detail = get_count (json, "detail", 1120);
  if (info->detail == 0)
    info->detail = FACET_MEDIA_DETAIL;
  info->seconds = get_number (json, "seconds");
  info->n_frames = get_count (json, "frames", G_MAXINT);
  info->fps = get_number (json, "fps");
  info->note = json_string_value (json_object_get (json, "note"));
  if (peaks != NULL)
    bytes = g_base64_decode (peaks, &n_bytes);
  if (n_bytes == FACET_SOUND_N_PEAKS)
    info->peaks = bytes;
  self = facet_media_new (info);
  self->missing = !facet_media_is_content_hash (info->content_hash) ||
                  !g_file_test (self->path, G_FILE_TEST_IS_REGULAR);
  info->peaks = NULL;
  info->note = NULL;
  json_decref (json);
  return self;
}
