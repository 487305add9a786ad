/* gem-parser.h: what the model writes, taken apart while it streams: thought, answer, tool calls.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A push parser (docs/model/gemma4-chat.md §3).  Two ways in: tokens, where a special token can never be confused with text that
 * looks like one, and text, for output that comes from elsewhere (a server, a test).  One thread.
 *
 * Deltas are whole UTF-8 if the input pieces are, or are held back until they are.  What was emitted stands: a call is
 * emitted, begin and end, when it is whole; one that is malformed or never finished becomes content as it was written. */
#pragma once

#include <jansson.h>
#include "gem-tokenizer.h"

G_BEGIN_DECLS

typedef struct _GemParser GemParser;

typedef enum {
  GEM_PARSED_REASONING,  /* text: more of the thought */
  GEM_PARSED_CONTENT,    /* text: more of the answer */
  GEM_PARSED_CALL_BEGIN, /* text: the tool's name; index: which call */
  GEM_PARSED_CALL_END,   /* arguments: the finished object; text: the same as JSON, keys in the order of appearance */
} GemParsedKind;

typedef struct {
  GemParsedKind kind;
  const char   *text; /* borrowed, valid during the callback */
  gsize         length;
  guint         index;
  json_t       *arguments; /* borrowed */
} GemParsed;

typedef void (*GemParsedFunc) (const GemParsed *parsed, gpointer user_data);

typedef enum {
  GEM_FINISH_NONE,       /* not finished */
  GEM_FINISH_STOP,       /* <turn|> or <eos> */
  GEM_FINISH_TOOL_CALLS, /* <|tool_response>: results are wanted */
  GEM_FINISH_LENGTH,     /* cut off */
} GemFinish;

/* @starts_in_thought: the prompt ended inside an open thought channel. */
GemParser *gem_parser_new (gboolean starts_in_thought, GemParsedFunc func, gpointer user_data);
void       gem_parser_free (GemParser *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GemParser, gem_parser_free)

/* Tags in the text are recognised as tags, at any split. */
void gem_parser_push_text (GemParser *self, const char *text, gsize length);
/* Plain text of a token stream: nothing in it is a tag. */
void gem_parser_push_plain (GemParser *self, const char *text, gsize length);
/* A special token, by its text ("<|channel>"). */
void gem_parser_push_special (GemParser *self, const char *token);
/* The end of the output: emits what was held back.  An unfinished call becomes content. */
void gem_parser_finish (GemParser *self);

GemFinish gem_parser_get_finish (GemParser *self);
gboolean  gem_parser_in_reasoning (GemParser *self);

/* The whole result, accumulated: {"reasoning": text or null, "content": text or null, "tool_calls": [{"name", "arguments",
 * "arguments_json"}]} as in the goldens.  (transfer full) */
json_t *gem_parser_get_result (GemParser *self) G_GNUC_WARN_UNUSED_RESULT;

/* Parses the argument text between the braces of one call, "{…}" included.  NULL if it is malformed or nested deeper than 64. */
json_t *gem_parser_parse_arguments (const char *text, gsize length, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* As Python's json.dumps (ensure_ascii=False) prints it (", " and ": ", floats by repr).  (transfer full) */
char *gem_json_dumps (const json_t *value) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
