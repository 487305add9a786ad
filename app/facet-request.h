/* facet-request.h: what an assistant is asked, and what it answers: plain, immutable messages
 * between threads.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A FacetRequest is reference counted and never changes once it was handed over.  A FacetEvent has
 * one owner. */
#pragma once

#include <glib.h>
#include "facet-message.h"

G_BEGIN_DECLS

typedef struct {
  FacetRole  role;
  char      *text;
  char      *thinking;        /* NULL: none */
  char      *tool_calls_json; /* NULL: none; an OpenAI-style array */
  char      *tool_call_id;    /* role TOOL */
  char      *tool_name;       /* role TOOL */
  GPtrArray *attachments;     /* of FacetMedia, in order; NULL: none */
} FacetRequestMessage;

typedef struct {
  gatomicrefcount ref_count;
  GPtrArray *messages; /* of FacetRequestMessage, oldest first; the last is what is to be answered,
                         or, of role ASSISTANT, the answer that is to be gone on with */
  char      *system_text; /* NULL: none */
  char      *tools_json;  /* NULL: none; an OpenAI-style array */
  gboolean   thinking;
  gboolean answer_at_once; /* where it thinks, the thought is closed before it begins: the prompt is
                              that of the conversation, and its timeline can be gone on with */
  guint    max_tokens;     /* 0: until the context is full */
  /* Each below 0 (as in a new request): the model's own. */
  double   temperature; /* 0: greedy */
  int      top_k;
  double   top_p, min_p, repetition_penalty;
  guint64  seed;         /* 0: a fresh one */
  gboolean drop_oldest;  /* the person agreed: leave out as many of the oldest messages as needed */
  gint64   conversation; /* whose timeline it is; 0: none */
  char    *store;        /* what no other store of conversations has: its folder; NULL: none */
  gboolean keep_state;   /* what is computed on it may be kept on disk; TRUE in a new request */
} FacetRequest;

/* How an answer is made, in the words of a request. */
typedef struct {
  double  temperature;
  int     top_k;
  double  top_p, min_p, repetition_penalty;
  guint64 seed;
  guint   max_tokens;
} FacetSampling;

#define FACET_SAMPLING_OF_MODEL ((FacetSampling){-1, -1, -1, -1, -1, 0, 0})

FacetRequest *facet_request_new (void) G_GNUC_WARN_UNUSED_RESULT;
FacetRequest *facet_request_ref (FacetRequest *self);
void          facet_request_unref (FacetRequest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetRequest, facet_request_unref)
/* Only before it is handed over.  Strings are copied. */
void                 facet_request_set_sampling (FacetRequest *self, const FacetSampling *sampling);
FacetRequestMessage *facet_request_add (FacetRequest *self, FacetRole role, const char *text);

typedef enum {
  FACET_EVENT_PROGRESS,  /* phase and progress */
  FACET_EVENT_THOUGHT,   /* text: more of the thought */
  FACET_EVENT_ANSWER,    /* text: more of the answer */
  FACET_EVENT_TOOL_CALL, /* text: name; json: arguments */
  FACET_EVENT_USAGE,     /* usage so far; the last one comes before DONE */
  FACET_EVENT_TOO_LONG,  /* overflow; nothing was computed; ends the turn */
  FACET_EVENT_DONE,      /* ends the turn; stopped: by cancel */
  FACET_EVENT_ERROR,     /* ends the turn; error */
} FacetEventKind;

typedef struct {
  FacetEventKind kind;
  guint64        turn;
  char          *text;
  char          *json;
  FacetPhase     phase;
  double         progress;
  FacetUsage     usage;
  FacetOverflow  overflow;
  gboolean       stopped;
  gboolean       cut_off; /* DONE: max_tokens or the context's end was reached */
  GError        *error;
} FacetEvent;

FacetEvent *facet_event_new (FacetEventKind kind, guint64 turn) G_GNUC_WARN_UNUSED_RESULT;
void        facet_event_free (FacetEvent *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetEvent, facet_event_free)

G_END_DECLS
