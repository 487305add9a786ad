/* gem-chat.h: a conversation as the model reads it (the published chat templates, natively).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Input is a JSON object in the OpenAI form, as a server would get it:
 *   { "messages": [ { "role", "content": text or parts, "reasoning", "tool_calls", "tool_call_id", "name", "tool_responses" } ],
 *     "tools": [ … ], "add_generation_prompt": bool, "enable_thinking": bool,
 *     "preserve_thinking": bool, "continue_final_message": bool }
 * Output is a GemPrompt: runs of plain text and special tokens kept apart, so that what a person or a tool wrote
 * never becomes a special token.  Pure functions; any thread. */
#pragma once

#include <jansson.h>
#include "gem-tokenizer.h"

G_BEGIN_DECLS

/* The published revisions (docs/model/gemma4-chat.md §2.5); GEM_TEMPLATE_E2B is the default. */
typedef enum {
  GEM_TEMPLATE_E2B,
  GEM_TEMPLATE_LAUNCH,
  GEM_TEMPLATE_NEWER,
  GEM_TEMPLATE_VLLM,
} GemTemplate;

typedef enum {
  GEM_SEGMENT_TEXT,    /* plain text: encoded without special tokens */
  GEM_SEGMENT_SPECIAL, /* exactly one special token, by its text */
  GEM_SEGMENT_IMAGE,   /* the place of the media_index-th image: <|image|> */
  GEM_SEGMENT_AUDIO,
  GEM_SEGMENT_VIDEO,
} GemSegmentKind;

typedef struct {
  GemSegmentKind kind;
  char          *text;        /* TEXT, SPECIAL: owned; NUL-free UTF-8 */
  guint          media_index; /* counted per kind, from 0 */
} GemSegment;

typedef struct {
  GArray  *segments;          /* of GemSegment; neighbouring TEXT is merged into one */
  gboolean starts_in_thought; /* the prompt ends inside an open thought channel */
} GemPrompt;

GemPrompt *gem_prompt_new (void);
void       gem_prompt_free (GemPrompt *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GemPrompt, gem_prompt_free)
/* All of it as one string, as the Jinja template would give it.  (transfer full) */
char *gem_prompt_to_text (const GemPrompt *self) G_GNUC_WARN_UNUSED_RESULT;

/* A video as the model reads it: frames, each after the time at which it is seen. */
typedef struct {
  guint         n_tokens; /* soft tokens of each frame */
  guint         n_frames;
  const double *seconds; /* n_frames of them: borrowed */
} GemPromptVideo;

/* What the media segments stand for, in the order of their indices.  NULL: there are none of the kind. */
typedef struct {
  GArray *images, *audio; /* of guint: soft tokens of each */
  GArray *videos;         /* of GemPromptVideo */
} GemPromptMedia;

/* Appends the ids.  A media segment becomes its soft tokens' placeholders, with what opens and closes them; with @media NULL
 * its one placeholder.  Fails if the tokenizer lacks a special token that the prompt needs, or @media a medium. */
gboolean gem_prompt_tokenize (const GemPrompt *self, GemTokenizer *tokenizer, const GemPromptMedia *media, GArray *ids, GError **error);

/* Call arguments that are JSON in a string, as they travel over the wire and lie in a store, become objects, in place: what a
 * server does before it renders.  A string that is no JSON object stays.  Revisions differ in what they make of a string, so
 * call this first unless a string is meant. */
void gem_chat_unpack_arguments (json_t *request);

/* NULL with an error that names the message when the request makes no sense (no messages, an unknown content part, nesting
 * deeper than 64, …). */
GemPrompt *gem_chat_render (const json_t *request, GemTemplate revision, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Which revision the text of a chat_template.jinja is, by its features.  FALSE (and GEM_TEMPLATE_E2B) if it is none of the
 * known ones: the caller warns. */
gboolean    gem_template_recognise (const char *jinja, gsize length, GemTemplate *revision);
const char *gem_template_get_name (GemTemplate revision); /* "e2b", "launch", "newer", "vllm" */
gboolean    gem_template_from_name (const char *name, GemTemplate *revision);

G_END_DECLS
