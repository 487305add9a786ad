/* facet-engine-thread.h: the one thread that touches the model: jobs in, reports out.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to app/.  Calls from the main thread unless said otherwise. */
#pragma once

#include "engine/gem-model.h"

#include "facet-event-source.h"
#include "facet-local-assistant.h"

G_BEGIN_DECLS

typedef struct _FacetEngine FacetEngine;

typedef enum {
  FACET_JOB_TURN,
  FACET_JOB_LEAVE,  /* no need to wait any longer before a state is written */
  FACET_JOB_FORGET, /* the kept state of a conversation, or of all */
  FACET_JOB_LIMIT,  /* of all kept states */
} FacetJobKind;

/* A turn, or an order about kept states.  The main thread only sets its flags once it was pushed.
 */
typedef struct {
  gatomicrefcount ref_count;
  FacetJobKind    kind;
  char           *store;        /* FORGET */
  gint64          conversation; /* FORGET; 0: all */
  guint64         limit;        /* LIMIT: bytes */
  guint64         turn;
  FacetRequest   *request;
  gint64          asked;      /* monotonic µs */
  int             cancelled;  /* atomic */
  int             answer_now; /* atomic */
  gboolean        begun; /* under the engine's lock: the engine thread ends it, and nobody else */
} FacetJob;

FacetJob *facet_job_new (guint64 turn, FacetRequest *request) G_GNUC_WARN_UNUSED_RESULT;
FacetJob *facet_job_ref (FacetJob *self) G_GNUC_WARN_UNUSED_RESULT;
void      facet_job_unref (FacetJob *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetJob, facet_job_unref)

typedef enum {
  FACET_REPORT_LOADING, /* progress */
  FACET_REPORT_READY,   /* everything below it */
  FACET_REPORT_FAILED,  /* error */
  FACET_REPORT_EVENT,   /* event */
} FacetReportKind;

/* What comes back; one owner. */
typedef struct {
  FacetReportKind kind;
  double          progress;
  char           *name, *device, *warning; /* warning may be NULL */
  guint           context_size;
  gboolean        sees, hears;
  GemTokenizer   *tokenizer;
  GError         *error;
  FacetEvent     *event;
} FacetReport;

void facet_report_free (gpointer report);

/* Begins to load at once.  Reports go to @reports. */
FacetEngine *facet_engine_new (const FacetLocalOptions *options,
                               FacetEventSource        *reports) G_GNUC_WARN_UNUSED_RESULT;
/* Ends whatever runs within one layer of the model, writes a state that is still to be written if
 * that takes no longer than a second, joins the thread and frees all.  Jobs that were
 * not begun are forgotten. */
void         facet_engine_free (FacetEngine *self);

void     facet_engine_push (FacetEngine *self, FacetJob *job);
/* FALSE: it had not begun, and never will: the caller ends the turn. */
gboolean facet_engine_cancel (FacetEngine *self, FacetJob *job);

/* Behind all jobs that were pushed before: as in facet-states.h. */
void facet_engine_leave (FacetEngine *self);
void facet_engine_forget_state (FacetEngine *self, const char *store, gint64 conversation);
void facet_engine_set_state_limit (FacetEngine *self, guint64 bytes);

G_END_DECLS
