/* facet-recording.c: cutting a long recording into clips.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The last 5 s of the running clip are kept in memory: a cut looks for a pause in them, and what is
 * behind it begins the next clip's file before the full one is shortened. */
#define G_LOG_DOMAIN "facet-recording"

#include "facet-recording.h"

#include "facet-clip-file.h"

#include <glib/gstdio.h>

#include <math.h>
#include <string.h>

#define BLOCK 4096

struct _FacetRecording {
  char              *folder;
  guint              id;
  gint64             began; /* µs since 1970 */
  FacetRecordingFunc func;
  gpointer           user_data;
  FacetClipFile     *file;  /* NULL: nothing came yet */
  GPtrArray         *paths; /* of the clips that are stored */
  guint64            n_samples;
  gsize              recent_at;
  gint16             recent[FACET_CLIP_CUT_SAMPLES]; /* a ring; recent_at is the oldest */
};

FacetRecording *
facet_recording_new (const char *folder, guint id, FacetRecordingFunc func, gpointer user_data)
{
  FacetRecording *self = g_new0 (FacetRecording, 1);

  self->folder = g_strdup (folder);
  self->id = id;
  self->began = g_get_real_time ();
  self->func = func;
  self->user_data = user_data;
  self->paths = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
facet_recording_free (FacetRecording *self)
{
  g_assert (self->file == NULL);
  g_ptr_array_unref (self->paths);
  g_free (self->folder);
  g_free (self);
}

guint
facet_recording_get_id (FacetRecording *self)
{
  return self->id;
}

double
facet_recording_get_seconds (FacetRecording *self)
{
  return (double)self->n_samples / FACET_SOUND_RATE;
}

static void
remember (FacetRecording *self, const gint16 *samples, gsize n_samples)
{
  for (gsize i = 0; i < n_samples; i++) {
    self->recent[self->recent_at] = samples[i];
    self->recent_at = (self->recent_at + 1) % FACET_CLIP_CUT_SAMPLES;
  }
}

static gboolean
store (FacetRecording *self, gsize length, GError **error)
{
  FacetClip *clip = facet_clip_file_finish (g_steal_pointer (&self->file), length, error);

  if (clip == NULL)
    return FALSE;
  g_ptr_array_add (self->paths, g_strdup (clip->path));
  self->func (clip, self->user_data);
  return TRUE;
}

/* The clip is full. */
static gboolean
cut (FacetRecording *self, GError **error)
{
  g_autofree gint16 *last = g_new (gint16, FACET_CLIP_CUT_SAMPLES);
  gsize              n_old = FACET_CLIP_CUT_SAMPLES - self->recent_at;
  FacetClipFile     *next;
  gsize              at;
  gsize              length;

  memcpy (last, self->recent + self->recent_at, n_old * sizeof *last);
  memcpy (last + n_old, self->recent, self->recent_at * sizeof *last);
  at = facet_clip_find_cut (last, FACET_CLIP_CUT_SAMPLES);
  length = FACET_CLIP_MAX_SAMPLES - FACET_CLIP_CUT_SAMPLES + at;
  next = facet_clip_file_new (self->folder, self->began,
                              facet_clip_file_get_begin (self->file) + length, last + at,
                              FACET_CLIP_CUT_SAMPLES - at, error);
  if (next == NULL)
    return FALSE; /* the full clip stays whole */
  if (!store (self, length, error)) {
    self->file = next;
    return FALSE;
  }
  self->file = next;
  return TRUE;
}

static gboolean
append (FacetRecording *self, const gint16 *samples, gsize n_samples, GError **error)
{
  while (n_samples > 0) {
    gsize room;
    gsize n;

    if (self->file == NULL) {
      self->file = facet_clip_file_new (self->folder, self->began, 0, NULL, 0, error);
      if (self->file == NULL)
        return FALSE;
    }
    room = FACET_CLIP_MAX_SAMPLES - facet_clip_file_get_length (self->file);
    if (room == 0) {
      if (!cut (self, error))
        return FALSE;
      continue;
    }
    n = MIN (n_samples, room);
    if (!facet_clip_file_append (self->file, samples, n, error))
      return FALSE;
    remember (self, samples, n);
    self->n_samples += n;
    samples += n;
    n_samples -= n;
  }
  return TRUE;
}

gboolean
facet_recording_append (FacetRecording *self, const float *samples, gsize n_samples, GError **error)
{
  gint16 block[BLOCK];

  while (n_samples > 0) {
    gsize n = MIN (n_samples, BLOCK);

    for (gsize i = 0; i < n; i++)
      block[i] = (gint16)lrintf (CLAMP (samples[i] * 32768, -32768.0f, 32767.0f));
    if (!append (self, block, n, error))
      return FALSE;
    samples += n;
    n_samples -= n;
  }
  return TRUE;
}

gboolean
facet_recording_end (FacetRecording *self, GError **error)
{
  gsize length;

  if (self->file == NULL)
    return TRUE;
  length = facet_clip_file_get_length (self->file);
  if (length > 0)
    return store (self, length, error);
  facet_clip_file_discard (g_steal_pointer (&self->file));
  return TRUE;
}

void
facet_recording_discard (FacetRecording *self)
{
  g_clear_pointer (&self->file, facet_clip_file_discard);
  for (guint i = 0; i < self->paths->len; i++)
    g_unlink (g_ptr_array_index (self->paths, i));
  g_ptr_array_set_size (self->paths, 0);
}
