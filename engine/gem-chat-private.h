/* gem-chat-private.h: what the files of the chat format share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A prompt is written through a GemPromptWriter, which keeps plain text, special tokens and the
 * places of media apart; how one revision of the template differs from another is data, in a
 * GemRevision. */
#pragma once

#include "gem-chat.h"

G_BEGIN_DECLS

/* What comes between two assistant messages in a row. */
typedef enum {
  GEM_JOIN_NEW_TURN, /* a turn each */
  GEM_JOIN_CLOSED,   /* the second has no opening, but the first is closed */
  GEM_JOIN_NOTHING,  /* one turn */
  GEM_JOIN_NEWLINE,  /* one turn, a newline between them */
} GemJoin;

/* Whose reasoning is rendered, of the messages that have some. */
typedef enum {
  GEM_REASONING_NEVER,
  GEM_REASONING_CALLS,   /* after the last user message, with tool calls */
  GEM_REASONING_CURRENT, /* after the last user message; with preserve_thinking, older ones with
                            tool calls */
  GEM_REASONING_CURRENT_OR_ALL /* after the last user message; with preserve_thinking, all */
} GemReasoningRule;

/* What becomes of tool messages. */
typedef enum {
  GEM_RESULTS_TURNS,      /* each is a turn of its own */
  GEM_RESULTS_TEXT,       /* they follow the calls; media in them are left out */
  GEM_RESULTS_WITH_MEDIA, /* they follow the calls, media included */
} GemResultsRule;

typedef struct {
  const char *name;

  gboolean think_newline; /* <|think|> is followed by a newline */
  gboolean system_parts;  /* a system message may be a list of parts; else such a list is printed as
                             Python would */
  gboolean media_blank_lines;   /* blank lines around images and videos */
  gboolean media_ends_exchange; /* a message with media never leaves its call or result pending */
  gboolean null_word;           /* null is "null", not Python's "None" */
  gboolean strict_arguments;    /* arguments in one string must be a JSON object; else the string is
                                   printed */
  gboolean early_declarations;  /* the launch's form of declarations, with its omissions */

  GemResultsRule   results;
  GemJoin          join;
  GemReasoningRule reasoning;

  gboolean pending_mark;      /* calls without results end in <|tool_response> */
  gboolean close_before_next; /* a turn that ends in results is closed when another turn follows */
  gboolean empty_thought_prompt;  /* thinking off: the generation prompt has an empty thought */
  gboolean empty_thought_history; /* thinking off: so have past model turns without reasoning */
  gboolean reopen_thought;        /* thinking on: the thought goes on after results */
} GemRevision;

const GemRevision *gem_revision_get (GemTemplate revision);

/* ---- writing --------------------------------------------------------------------------------- */

typedef struct {
  GemPrompt         *prompt; /* owned */
  GString           *text;   /* the TEXT segment that is being written */
  const GemRevision *revision;
  guint              n_media[3];
} GemPromptWriter;

void       gem_prompt_writer_init (GemPromptWriter *self, const GemRevision *revision);
/* Frees what is left after gem_prompt_writer_finish (), or all of it. */
void       gem_prompt_writer_clear (GemPromptWriter *self);
GemPrompt *gem_prompt_writer_finish (GemPromptWriter *self) G_GNUC_WARN_UNUSED_RESULT;

void gem_prompt_put_text (GemPromptWriter *self, const char *text, gsize length);
void gem_prompt_put_literal (GemPromptWriter *self, const char *text);
/* @token: "<|turn>", … */
void gem_prompt_put_special (GemPromptWriter *self, const char *token);
/* @kind: one of the three media. */
void gem_prompt_put_media (GemPromptWriter *self, GemSegmentKind kind);
/* <|"|>, text, <|"|> */
void gem_prompt_put_quoted (GemPromptWriter *self, const char *text, gsize length);

/* The text of the one token that stands for a segment; NULL for TEXT. */
const char *gem_segment_get_token (const GemSegment *segment);

/* Moves the ends past what Python's str.strip () removes. */
void gem_chat_trim (const char **text, gsize *length);

/* ---- the request (gem-chat-request.c) -------------------------------------------------------- */

gboolean    gem_chat_check_request (const json_t *request, GError **error);
/* That a value nests too deeply or has U+0000, at which a segment's text would end: a phrase; NULL
 * if neither. */
const char *gem_chat_find_fault (const json_t *value);

/* ---- values and declarations (gem-chat-tools.c) ---------------------------------------------- */

/* A value as it stands in arguments and results. */
void     gem_chat_put_value (GemPromptWriter *w, const json_t *value);
/* key:value,… of an object, sorted, without the braces. */
void     gem_chat_put_members (GemPromptWriter *w, const json_t *object);
/* <|tool>declaration:…<tool|>.  The error's message starts with a verb: “has no function …”. */
gboolean gem_chat_put_declaration (GemPromptWriter *w, const json_t *tool, GError **error);

G_END_DECLS
