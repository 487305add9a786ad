/* facet-message.h: one message of a conversation, as the window shows it and the store keeps it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread only.  Streaming text does not notify per delta: listen to ::appended for what was
 * added, and to notify::text for replacement as a whole. */
#pragma once

#include "facet-media.h"

G_BEGIN_DECLS

typedef enum {
  FACET_ROLE_USER,
  FACET_ROLE_ASSISTANT,
  FACET_ROLE_SYSTEM,
  FACET_ROLE_TOOL,
} FacetRole;

/* What is on disk, too: the numbers are part of the schema. */
typedef enum {
  FACET_MESSAGE_COMPLETE = 0,
  FACET_MESSAGE_PENDING = 1, /* an answer that was asked for: nothing has come yet */
  FACET_MESSAGE_STREAMING = 2,
  FACET_MESSAGE_STOPPED = 3,     /* by the person; what came so far stays */
  FACET_MESSAGE_FAILED = 4,      /* :error says why */
  FACET_MESSAGE_INTERRUPTED = 5, /* the program ended in mid-answer; found at the next start */
  FACET_MESSAGE_TOO_LONG =
      6, /* the conversation does not fit the context: the person chooses, see :overflow */
} FacetMessageState;

/* Where a running answer is. */
typedef enum {
  FACET_PHASE_NONE,
  FACET_PHASE_WAITING, /* the model is loading, or another answer is running */
  FACET_PHASE_LOOKING,   /* pictures or videos are encoded; :progress */
  FACET_PHASE_LISTENING, /* sounds are encoded; :progress */
  FACET_PHASE_READING,   /* the prompt is evaluated; :progress */
  FACET_PHASE_THINKING,
  FACET_PHASE_ANSWERING,
} FacetPhase;

typedef enum {
  FACET_TEXT_THINKING,
  FACET_TEXT_ANSWER,
} FacetTextKind;

/* What an answer cost.  All zero until known. */
typedef struct {
  guint  prompt_tokens; /* the whole prompt */
  guint  reused_tokens; /* of these, not evaluated again */
  guint  thinking_tokens, answer_tokens;
  double first_token_s; /* from the request to the first token of any kind */
  double thinking_s;    /* from the first token of the thought to its end */
  double tokens_per_s;  /* decoding only */
  guint  context_used, context_size;
} FacetUsage;

/* What would have to be left out for the conversation to fit. */
typedef struct {
  guint needed, available; /* tokens */
  guint n_messages; /* the oldest so many would be left out; 0: even the newest message alone does
                       not fit */
} FacetOverflow;

#define FACET_TYPE_MESSAGE (facet_message_get_type ())
G_DECLARE_FINAL_TYPE (FacetMessage, facet_message, FACET, MESSAGE, GObject)

/* Properties: id (int64, 0 until saved), role, state, phase (enums as int), text, thinking, error
 * (nullable), progress (0…1), created (int64, µs since 1970), model (string: who answered), cut-off
 * (boolean), tool-calls (string, nullable), attachments (GPtrArray of FacetMedia). Signal
 * ::appended (FacetTextKind as int, const char *delta). */
FacetMessage *facet_message_new (FacetRole role, const char *text) G_GNUC_WARN_UNUSED_RESULT;

gint64               facet_message_get_id (FacetMessage *self);
FacetRole            facet_message_get_role (FacetMessage *self);
FacetMessageState    facet_message_get_state (FacetMessage *self);
FacetPhase           facet_message_get_phase (FacetMessage *self);
const char          *facet_message_get_text (FacetMessage *self);     /* "" when none, never NULL */
const char          *facet_message_get_thinking (FacetMessage *self); /* the same */
const char          *facet_message_get_error (FacetMessage *self);    /* NULL: none */
const char          *facet_message_get_model (FacetMessage *self);    /* NULL: none */
double               facet_message_get_progress (FacetMessage *self);
gint64               facet_message_get_created (FacetMessage *self);
const FacetUsage    *facet_message_get_usage (FacetMessage *self);
const FacetOverflow *facet_message_get_overflow (FacetMessage *self);
/* The answer ended because the context or the limit on its length was reached, not because it was
 * finished. */
gboolean             facet_message_get_cut_off (FacetMessage *self);
/* The calls that the answer asks for, an OpenAI-style array; NULL: none.  A TOOL message names the
 * call it answers. */
const char          *facet_message_get_tool_calls (FacetMessage *self);
const char          *facet_message_get_tool_call_id (FacetMessage *self);
const char          *facet_message_get_tool_name (FacetMessage *self);
/* What is attached, of FacetMedia, in order; borrowed, never NULL, not to be changed. */
GPtrArray           *facet_message_get_attachments (FacetMessage *self);
/* The message it follows, on disk: messages with the same parent are versions of each other.  0:
 * the first. */
gint64               facet_message_get_parent_id (FacetMessage *self);
/* Running: PENDING or STREAMING. */
gboolean             facet_message_is_running (FacetMessage *self);
/* Since the thought began, while it runs; its length afterwards. */
double               facet_message_get_thinking_seconds (FacetMessage *self);

/* For the conversation and the store. */
void facet_message_set_id (FacetMessage *self, gint64 id);
void facet_message_set_state (FacetMessage *self, FacetMessageState state);
void facet_message_set_phase (FacetMessage *self, FacetPhase phase, double progress);
void facet_message_set_text (FacetMessage *self, const char *text);
void facet_message_set_thinking (FacetMessage *self, const char *thinking);
void facet_message_set_error (FacetMessage *self, const char *error);
void facet_message_set_model (FacetMessage *self, const char *model);
void facet_message_set_created (FacetMessage *self, gint64 created);
void facet_message_set_usage (FacetMessage *self, const FacetUsage *usage); /* notify::usage */
void facet_message_set_overflow (FacetMessage *self, const FacetOverflow *overflow);
void facet_message_set_cut_off (FacetMessage *self, gboolean cut_off);
void facet_message_set_tool_calls (FacetMessage *self, const char *json);
void facet_message_set_tool_result (FacetMessage *self, const char *call_id, const char *name);
/* References what is in it; NULL: nothing. */
void facet_message_set_attachments (FacetMessage *self, GPtrArray *attachments);
void facet_message_set_parent_id (FacetMessage *self, gint64 parent_id);
void facet_message_append (FacetMessage *self, FacetTextKind kind, const char *delta);

G_END_DECLS
