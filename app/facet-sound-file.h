/* facet-sound-file.h: a sound file, or the sound track of a video, as mono samples at 16 kHz.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Everything that GStreamer's installed plugins decode, from 8 to 192 kHz, from mono to 5.1.  A
 * FacetSound is immutable and reference counted; any thread.
 *
 * A model hears clips of at most 30 s: a longer sound is cut into several, each at the quietest
 * place of its last five seconds, so that words stay whole. */
#pragma once

#include <gio/gio.h>
#include "facet-media-error.h"

G_BEGIN_DECLS

#define FACET_SOUND_RATE 16000 /* Hz */
/* Longer sound is refused. */
#define FACET_SOUND_MAX_SECONDS  300
#define FACET_SOUND_CLIP_SECONDS 30
/* Of the picture of it. */
#define FACET_SOUND_N_PEAKS 64

typedef struct {
  const float    *samples;    /* full scale ±1; finite */
  gsize           n_samples;  /* at least 161, what makes one frame of features */
  guint           rate;       /* Hz, of the file */
  guint           n_channels; /* of the file */
  guint           n_clips;
  char           *media_type; /* "audio/x-wav", as found in the bytes */
  char           *note; /* what the person should know of it, a sentence or two; NULL: nothing */
  guint8          peaks[FACET_SOUND_N_PEAKS]; /* 255: full scale */
  /*< private >*/
  gatomicrefcount ref_count;
  GArray         *owner;
  GArray         *ends; /* of gsize: the sample after each clip */
} FacetSound;

/* Reads a file, whose name for the person is @name.  Blocks: not on the main thread.  Takes at most
 * 4 bytes for each of the 300 s · 16,000 samples, and what the decoder needs for a few buffers. */
FacetSound *facet_sound_load (const char   *path,
                              const char   *name,
                              GCancellable *cancellable,
                              GError      **error) G_GNUC_WARN_UNUSED_RESULT;
FacetSound *facet_sound_ref (FacetSound *self) G_GNUC_WARN_UNUSED_RESULT;
void        facet_sound_unref (FacetSound *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetSound, facet_sound_unref)

/* The samples of clip @index < n_clips; borrowed. */
const float *facet_sound_get_clip (const FacetSound *self, guint index, gsize *n_samples);

G_END_DECLS
