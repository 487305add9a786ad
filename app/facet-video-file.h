/* facet-video-file.h: a few frames of a video file, with their times.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Everything that GStreamer's installed plugins decode.  A model sees up to 32 frames, ⌊k·N/32⌋ of
 * N, k = 0 … 31; of fewer than 32, all.  Their times are index / frame rate.  Sound is not looked
 * at here. */
#pragma once

#include "facet-picture.h"

G_BEGIN_DECLS

/* Longer videos are refused. */
#define FACET_VIDEO_MAX_SECONDS 300
#define FACET_VIDEO_MAX_FRAMES  (FACET_VIDEO_MAX_SECONDS * 240)
/* Frames that are handed out, at most. */
#define FACET_VIDEO_N_FRAMES 32
/* What is larger is made smaller while it is decoded; both are far above what the model sees. */
#define FACET_VIDEO_MAX_WIDTH  1920
#define FACET_VIDEO_MAX_HEIGHT 1080
/* The frame rate of a file that says none. */
#define FACET_VIDEO_FPS 24.0

typedef struct {
  FacetPicture *picture; /* upright, square pixels */
  guint         index;
  double        seconds;
} FacetVideoFrame;

typedef struct {
  guint      n_frames; /* of the file */
  double     fps;
  double     seconds;       /* n_frames / fps */
  guint      width, height; /* of the pictures */
  GPtrArray *frames;        /* of FacetVideoFrame, in order */
  char      *media_type;    /* "video/quicktime", as found in the bytes */
  char      *note; /* what the person should know of it, a sentence or two; NULL: nothing */
} FacetVideo;

/* Decodes all of the file, whose name for the person is @name: counts the frames and keeps the
 * first one.  Blocks: not on the main thread. */
FacetVideo *facet_video_inspect (const char   *path,
                                 const char   *name,
                                 GCancellable *cancellable,
                                 GError      **error) G_GNUC_WARN_UNUSED_RESULT;
/* The frames for the model, of a file with @n_frames as inspected.  Blocks.  Keeps at most 32
 * pictures of 1920 × 1080. */
FacetVideo *facet_video_load (const char   *path,
                              const char   *name,
                              guint         n_frames,
                              GCancellable *cancellable,
                              GError      **error) G_GNUC_WARN_UNUSED_RESULT;
void        facet_video_free (FacetVideo *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetVideo, facet_video_free)

/* Which frame of @n_frames is the @k-th that is handed out. */
guint facet_video_get_index (guint n_frames, guint k);

G_END_DECLS
