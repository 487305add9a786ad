/* facet-media.h: something attached to a message: a picture, a sound or a video.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A FacetMedia never changes; it may be read and referenced in any thread.  Its bytes are a file in
 * media/ named by their hash, which several attachments may share. */
#pragma once

#include "facet-picture.h"
#include "facet-sound-file.h"
#include "facet-video-file.h"

G_BEGIN_DECLS

/* Soft tokens that a picture may take: 70, 140, 280, 560 or 1120. */
#define FACET_MEDIA_DETAIL       280
#define FACET_MEDIA_VIDEO_DETAIL 70
/* Frames of a video that are looked at, at most. */
#define FACET_MEDIA_VIDEO_FRAMES FACET_VIDEO_N_FRAMES
/* Of the thumbnail that comes with an import. */
#define FACET_MEDIA_THUMBNAIL_SIDE 256

typedef enum {
  FACET_MEDIA_IMAGE,
  FACET_MEDIA_AUDIO,
  FACET_MEDIA_VIDEO,
} FacetMediaKind;

#define FACET_TYPE_MEDIA (facet_media_get_type ())
G_DECLARE_FINAL_TYPE (FacetMedia, facet_media, FACET, MEDIA, GObject)

/* What one is made of; everything is copied or referenced. */
typedef struct {
  FacetMediaKind kind;
  const char    *folder;        /* where the file is */
  const char    *content_hash;  /* SHA-256 of the file, 64 digits in lower case: its name there */
  const char    *name;          /* as the person knows it */
  const char    *media_type;    /* by content */
  const char    *note;          /* what the person should know of it; NULL: nothing */
  guint64        size;          /* bytes */
  guint          width, height; /* picture and video, pixels, upright */
  guint          detail;        /* picture */
  double         seconds;       /* sound and video */
  guint          n_sound_tokens;
  guint          n_frames;  /* video: in all */
  double         fps;       /* video; 0: unknown */
  const guint8  *peaks;     /* sound: FACET_SOUND_N_PEAKS; NULL: none */
  GdkPixbuf     *thumbnail; /* NULL: none */
} FacetMediaInfo;

FacetMedia *facet_media_new (const FacetMediaInfo *info) G_GNUC_WARN_UNUSED_RESULT;
/* The same with another detail; others than the five count as the next lower one. */
FacetMedia *facet_media_with_detail (FacetMedia *self, guint detail) G_GNUC_WARN_UNUSED_RESULT;

FacetMediaKind facet_media_get_kind (FacetMedia *self);
const char    *facet_media_get_name (FacetMedia *self);
const char    *facet_media_get_media_type (FacetMedia *self);
const char    *facet_media_get_content_hash (FacetMedia *self);
const char    *facet_media_get_path (FacetMedia *self);
const char    *facet_media_get_note (FacetMedia *self); /* NULL: nothing */
guint64        facet_media_get_size (FacetMedia *self);
void           facet_media_get_dimensions (FacetMedia *self, guint *width, guint *height);
guint          facet_media_get_detail (FacetMedia *self); /* 0: a sound */
double         facet_media_get_seconds (FacetMedia *self);
guint          facet_media_get_n_frames (FacetMedia *self);
double         facet_media_get_fps (FacetMedia *self);
const guint8  *facet_media_get_peaks (FacetMedia *self); /* NULL: none */
GdkPixbuf *facet_media_get_thumbnail (FacetMedia *self); /* NULL: see …_load_thumbnail_async */
/* What it takes of the context, without the tokens around it. */
guint      facet_media_get_n_tokens (FacetMedia *self);
/* The file was not there when this was read from the store; decoding says so, too. */
gboolean   facet_media_is_missing (FacetMedia *self);

/* Decoding, for the one who hands it to a model.  Blocks. */
FacetPicture *facet_media_load_picture (FacetMedia   *self,
                                        GCancellable *cancellable,
                                        GError      **error) G_GNUC_WARN_UNUSED_RESULT;
FacetSound   *facet_media_load_sound (FacetMedia   *self,
                                      GCancellable *cancellable,
                                      GError      **error) G_GNUC_WARN_UNUSED_RESULT;
FacetVideo   *facet_media_load_video (FacetMedia   *self,
                                      GCancellable *cancellable,
                                      GError      **error) G_GNUC_WARN_UNUSED_RESULT;

/* A small picture of a picture or of a video's first frame, in a thread. */
void       facet_media_load_thumbnail_async (FacetMedia         *self,
                                             GCancellable       *cancellable,
                                             GAsyncReadyCallback callback,
                                             gpointer            user_data);
/* (transfer full) */
GdkPixbuf *facet_media_load_thumbnail_finish (FacetMedia   *self,
                                              GAsyncResult *result,
                                              GError      **error) G_GNUC_WARN_UNUSED_RESULT;

/* For the store.  Columns kind and details: */
const char *facet_media_kind_to_text (FacetMediaKind kind);
/* FALSE: no kind that is known here. */
gboolean    facet_media_kind_from_text (const char *text, FacetMediaKind *kind);
/* (transfer full): JSON of what has no column of its own. */
char       *facet_media_dup_details (FacetMedia *self) G_GNUC_WARN_UNUSED_RESULT;
/* @info says what the columns say; the rest is taken out of @details, which may be anything, and it
 * is looked whether the file is there. */
FacetMedia *facet_media_new_stored (FacetMediaInfo *info,
                                    const char     *details) G_GNUC_WARN_UNUSED_RESULT;

/* The tokens that so many samples at 16 kHz take. */
guint    facet_media_count_sound_tokens (gsize n_samples);
/* 64 hexadecimal digits in lower case. */
gboolean facet_media_is_content_hash (const char *text);

G_END_DECLS
