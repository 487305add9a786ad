/* facet-capture.h: the thread between the ring of sound and the disk.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to app/.  Takes samples from the ring, makes 16 kHz of them, keeps the last half second,
 * and writes recordings.  Calls come from the main thread and only queue; each names the moment
 * that it is about by a position in the ring, and is carried out exactly there, however late the
 * thread gets to it.  Memory does not grow with the length of a recording but for the names of its
 * clips.
 *
 * A recording begins FACET_CAPTURE_PRE_ROLL_S before its start and ends FACET_CAPTURE_TAIL_S after
 * its stop; no sample is in two recordings or two clips. */
#pragma once

#include "facet-clip.h"
#include "facet-event-source.h"
#include "facet-sound-ring.h"

G_BEGIN_DECLS

#define FACET_CAPTURE_PRE_ROLL_S 0.5
#define FACET_CAPTURE_TAIL_S     0.3

typedef enum {
  FACET_CAPTURE_LEVEL,  /* level, peak, silent, seconds; the next one follows an acknowledgement */
  FACET_CAPTURE_CLIP,   /* recording, clip: stored */
  FACET_CAPTURE_STORED, /* recording, error: it has ended; all its clips came before */
  FACET_CAPTURE_DISCARDED, /* recording: its files are gone */
} FacetCaptureReportKind;

/* One owner. */
typedef struct {
  FacetCaptureReportKind kind;
  guint                  recording;
  double                 level, peak; /* 0…1, see facet-sound-level.h */
  gboolean               silent;      /* nothing above the floor, or nothing at all, for a second */
  double                 seconds;     /* of the recording that runs */
  FacetClip             *clip;
  GError                *error; /* NULL: it ended as it should */
} FacetCaptureReport;

void facet_capture_report_free (gpointer report);

typedef struct _FacetCapture FacetCapture;

/* Reports go to @reports. */
FacetCapture *facet_capture_new (FacetSoundRing   *ring,
                                 FacetEventSource *reports) G_GNUC_WARN_UNUSED_RESULT;
/* Stores what is being recorded, and joins the thread. */
void          facet_capture_free (FacetCapture *self);

/* Sound arrives at @rate Hz, from @position on. */
void facet_capture_begin_stream (FacetCapture *self, guint rate, guint64 position);
/* No more arrives: what did, before @position, is taken, and a recording ends there. */
void facet_capture_end_stream (FacetCapture *self, guint64 position);

/* @recording: a number that grows.  Before a stream begins, the recording begins with it.  One that
 * still rings out ends here.  Clips go to @folder, which is made when it is needed. */
void facet_capture_start (FacetCapture *self,
                          const char   *folder,
                          guint         recording,
                          guint64       position);
void facet_capture_stop (FacetCapture *self, guint recording, guint64 position);
/* The last recording that was started, whether it runs or has ended.  What it took before @position
 * is in no other one. */
void facet_capture_discard (FacetCapture *self, guint recording, guint64 position);
/* The last level was seen. */
void facet_capture_acknowledge (FacetCapture *self);

G_END_DECLS
