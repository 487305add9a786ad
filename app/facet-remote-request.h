/* facet-remote-request.h: a request as the body of an OpenAI-style chat completion.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to app/.  Servers understand different things: what goes beyond the common ground is a
 * form, which is left out, or replaced by an older one, for a server that refuses it.
 *
 * Of pictures only the pixels go out, at most 4 Mpixel of them, encoded anew: no place, camera or
 * time that a file may hold.  A sound goes as its clips of up to 30 s, mono at 16 kHz, a video as
 * its frames with their times. */
#pragma once

#include <gio/gio.h>

#include "facet-request.h"

G_BEGIN_DECLS

typedef enum {
  FACET_REMOTE_TEMPLATE = 1 << 0,  /* chat_template_kwargs.enable_thinking */
  FACET_REMOTE_EFFORT = 1 << 1,    /* reasoning_effort: how Ollama is told to think, or not to */
  FACET_REMOTE_BUDGET = 1 << 2,    /* mm_processor_kwargs.max_soft_tokens: a picture's detail */
  FACET_REMOTE_USAGE = 1 << 3,     /* stream_options.include_usage */
  FACET_REMOTE_AUDIO_URL = 1 << 4, /* sounds as audio_url; else as input_audio */
  FACET_REMOTE_CONTINUE = 1 << 5,  /* continue_final_message */
  FACET_REMOTE_PREFILL = 1 << 6,   /* an answer at the end is gone on with by itself; without this
                                      and the one above it is asked for in words */
  FACET_REMOTE_SAMPLING = 1 << 7,  /* top_k, min_p, repetition_penalty */
  FACET_REMOTE_THOUGHTS = 1 << 8,  /* thoughts of messages since the last question */
} FacetRemoteForms;

/* What servers of these kinds take; others are asked as vLLM is. */
typedef enum {
  FACET_SERVER_OTHER,
  FACET_SERVER_VLLM,
  FACET_SERVER_LLAMA_CPP,
  FACET_SERVER_SGLANG,
  FACET_SERVER_OLLAMA,
  FACET_SERVER_LM_STUDIO,
} FacetServerKind;

/* By the owner that a server's list of models names. */
FacetServerKind  facet_server_kind_from_owner (const char *owner);
FacetRemoteForms facet_server_kind_get_forms (FacetServerKind kind);
/* "vLLM", …; NULL: OTHER. */
const char      *facet_server_kind_get_name (FacetServerKind kind);

typedef struct {
  const char      *model;
  FacetRemoteForms forms;
  gboolean         thinking;   /* instead of the request's */
  guint            n_left_out; /* so many of the oldest messages, save system ones */
} FacetRemoteShape;

/* Bytes of all media of a request, as they are sent. */
#define FACET_REMOTE_MAX_MEDIA ((gsize)96 << 20)

/* Decodes and encodes what is attached: not on the main thread.  What is missing is left out, as in
 * a prompt.  *@used: those of the forms that are in it. */
GBytes          *facet_remote_request_build (const FacetRequest     *request,
                                             const FacetRemoteShape *shape,
                                             FacetRemoteForms       *used,
                                             GCancellable           *cancellable,
                                             GError                **error) G_GNUC_WARN_UNUSED_RESULT;
/* What to leave out after a server that was sent @used refused in @words (NULL: none): the forms
 * that it names, which *@named says, else the likeliest; 0: it is not that. */
FacetRemoteForms facet_remote_forms_to_drop (FacetRemoteForms used,
                                             const char      *words,
                                             gboolean        *named);
/* How many of the oldest messages must be left out so that what is @needed tokens long fits into
 * @available, by the length of their texts; 0: even without them it does not. */
guint facet_remote_request_estimate (const FacetRequest *request, guint needed, guint available);

G_END_DECLS
