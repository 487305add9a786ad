/* gem-parser.c: the state machine that takes a model's output apart.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Bytes go through three stages: whole UTF-8 characters, tags, states.  Text and tokens differ only
 * in the second: text is searched for tags and a piece that may become one is held back, tokens say
 * themselves what they are.  Held back too are blanks at the end of the answer, which a call that
 * follows swallows, the last newline of the thought, which the template puts back, and a call until
 * it is whole; nothing that was emitted is ever taken back.  Time and memory are linear in the
 * output.  The notation inside a call is gem-call.c's.  One thread. */
#define G_LOG_DOMAIN "gem"

#include <string.h>

#include "gem-call.h"
#include "gem-error.h"
#include "gem-json.h"
#include "gem-parser.h"
#include "gem-utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define LABEL       "thought\n"

typedef enum {
  STATE_CONTENT,
  STATE_LABEL, /* behind <|channel>: is it “thought\n”? */
  STATE_THOUGHT,
  STATE_CALL, /* behind <|tool_call> */
  STATE_DONE,
} State;

typedef enum {
  TAG_CHANNEL_OPEN,
  TAG_CHANNEL_CLOSE,
  TAG_CALL_OPEN,
  TAG_CALL_CLOSE,
  TAG_QUOTE,
  TAG_RESPONSE_OPEN, /* stops: results are wanted */
  TAG_STOP,
  TAG_OTHER, /* never part of an answer */
} Tag;

static const struct {
  const char *text;
  Tag         tag;
} tags[] = {
    {"<|channel>", TAG_CHANNEL_OPEN},
    {"<channel|>", TAG_CHANNEL_CLOSE},
    {"<|tool_call>", TAG_CALL_OPEN},
    {"<tool_call|>", TAG_CALL_CLOSE},
    {GEM_CALL_QUOTE_TAG, TAG_QUOTE},
    {"<|tool_response>", TAG_RESPONSE_OPEN},
    {"<turn|>", TAG_STOP},
    {"<eos>", TAG_STOP},
    {"<|turn>", TAG_OTHER},
    {"<|tool>", TAG_OTHER},
    {"<tool|>", TAG_OTHER},
    {"<tool_response|>", TAG_OTHER},
    {"<|think|>", TAG_OTHER},
};

struct _GemParser {
  GemParsedFunc func;
  gpointer      user_data;

  State     state;
  GemFinish finish;
  gboolean  finished;

  /* Held back. */
  char     partial[4]; /* a character that is not whole */
  gsize    n_partial;
  GString *tag;     /* text that may become a tag */
  GString *label;   /* text behind <|channel> that may become the label */
  GString *blanks;  /* at the end of the content so far */
  gboolean newline; /* at the end of the thought so far */

  /* A call. */
  GString *call;        /* its text, quotes as GEM_CALL_QUOTE */
  gboolean in_string;   /* between two quotes */
  gssize end_in_string; /* text only: where the first tag in a string is that would end the call, −1
                           for none */
  gboolean ends_strings; /* such a tag ends the call even in a string */

  /* The result. */
  gboolean has_thought;
  GString *reasoning, *content;
  json_t  *calls;
};

GemParser *
gem_parser_new (gboolean starts_in_thought, GemParsedFunc func, gpointer user_data)
{
  GemParser *self = g_new0 (GemParser, 1);

  self->func = func;
  self->user_data = user_data;
  self->state = starts_in_thought ? STATE_THOUGHT : STATE_CONTENT;
  self->has_thought = starts_in_thought;
  self->tag = g_string_new (NULL);
  self->label = g_string_new (NULL);
  self->blanks = g_string_new (NULL);
  self->call = g_string_new (NULL);
  self->reasoning = g_string_new (NULL);
  self->content = g_string_new (NULL);
  self->calls = json_array ();
  return self;
}

void
gem_parser_free (GemParser *self)
{
  if (self == NULL)
    return;
  g_string_free (self->tag, TRUE);
  g_string_free (self->label, TRUE);
  g_string_free (self->blanks, TRUE);
  g_string_free (self->call, TRUE);
  g_string_free (self->reasoning, TRUE);
  g_string_free (self->content, TRUE);
  json_decref (self->calls);
  g_free (self);
}

/* ---- what goes out --------------------------------------------------------------------------- */

static void
emit (GemParser *self, const GemParsed *parsed)
{
  if (self->func != NULL)
    self->func (parsed, self->user_data);
}

static void
emit_text (GemParser *self, GemParsedKind kind, const char *text, gsize length)
{
  GString *whole = kind == GEM_PARSED_REASONING ? self->reasoning : self->content;

  if (length == 0)
    return;
  g_string_append_len (whole, text, (gssize)length);
  emit (self, &(GemParsed){.kind = kind, .text = text, .length = length});
}

static void
emit_reasoning (GemParser *self, const char *text, gsize length)
{
  if (length == 0)
    return;
  if (self->newline)
    emit_text (self, GEM_PARSED_REASONING, "\n", 1);
  self->newline = text[length - 1] == '\n';
  emit_text (self, GEM_PARSED_REASONING, text, length - self->newline);
}

static void
flush_blanks (GemParser *self)
{
  emit_text (self, GEM_PARSED_CONTENT, self->blanks->str, self->blanks->len);
  g_string_truncate (self->blanks, 0);
}

static void
emit_content (GemParser *self, const char *text, gsize length)
{
  gsize solid = length;

  while (solid > 0 && strchr (" \t\n\r", text[solid - 1]) != NULL)
    solid--;
  if (solid > 0) {
    flush_blanks (self);
    emit_text (self, GEM_PARSED_CONTENT, text, solid);
  }
  g_string_append_len (self->blanks, text + solid, (gssize)(length - solid));
}

/* ---- calls ----------------------------------------------------------------------------------- */

static void
begin_call (GemParser *self)
{
  self->state = STATE_CALL;
  self->in_string = FALSE;
  self->end_in_string = -1;
  g_string_truncate (self->call, 0);
}

/* The call as the model wrote it, into the content. */
static void
call_becomes_content (GemParser *self, gboolean closed)
{
  const char *call = self->call->str, *end = call + self->call->len, *quote;

  emit_content (self, "<|tool_call>", strlen ("<|tool_call>"));
  while ((quote = memchr (call, GEM_CALL_QUOTE, (gsize)(end - call))) != NULL) {
    emit_content (self, call, (gsize)(quote - call));
    emit_content (self, GEM_CALL_QUOTE_TAG, strlen (GEM_CALL_QUOTE_TAG));
    call = quote + 1;
  }
  emit_content (self, call, (gsize)(end - call));
  if (closed)
    emit_content (self, "<tool_call|>", strlen ("<tool_call|>"));
}

static void
emit_call (GemParser *self, const char *name, json_t *arguments)
{
  guint            index = (guint)json_array_size (self->calls);
  g_autofree char *text = gem_json_dumps (arguments);
  json_t          *call = json_object ();

  gem_json_round_big_integers (arguments);
  emit (self, &(GemParsed){.kind = GEM_PARSED_CALL_BEGIN,
                           .text = name,
                           .length = strlen (name),
                           .index = index});
  emit (self, &(GemParsed){.kind = GEM_PARSED_CALL_END,
                           .text = text,
                           .length = strlen (text),
                           .index = index,
                           .arguments = arguments});
  json_object_set_new (call, "name", json_string_nocheck (name));
  json_object_set_new (call, "arguments", arguments);
  json_object_set_new (call, "arguments_json", json_string (text));
  json_array_append_new (self->calls, call);
}

static void
end_call (GemParser *self)
{
  g_autofree char *name = NULL;
  json_t          *arguments = gem_call_parse (self->call->str, self->call->len, &name, NULL);

  self->state = STATE_CONTENT;
  if (arguments == NULL) {
    call_becomes_content (self, TRUE);
  } else {
    g_string_truncate (self->blanks, 0);
    emit_call (self, name, arguments);
  }
}

/* ---- states ---------------------------------------------------------------------------------- */

/* What is held back of a thought, when it ends.  @closed: a newline at its end is the template's.
 */
static void
end_thought (GemParser *self, gboolean closed)
{
  if (self->state == STATE_LABEL) {
    if (!g_str_equal (self->label->str, "thought"))
      emit_reasoning (self, self->label->str, self->label->len);
    g_string_truncate (self->label, 0);
  }
  if (self->newline && !closed)
    emit_text (self, GEM_PARSED_REASONING, "\n", 1);
  self->newline = FALSE;
}

/* A stop, or the end of the text: everything that is held back goes out. */
static void
finish (GemParser *self, GemFinish reason)
{
  if (self->state == STATE_LABEL || self->state == STATE_THOUGHT)
    end_thought (self, FALSE);
  if (self->state == STATE_CALL)
    call_becomes_content (self, FALSE);
  flush_blanks (self);
  self->state = STATE_DONE;
  self->finish = reason == GEM_FINISH_TOOL_CALLS && json_array_size (self->calls) == 0
                     ? GEM_FINISH_STOP
                     : reason;
}

/* Text behind <|channel>, as long as it may be the label. */
static void
take_label (GemParser *self, const char *text, gsize length)
{
  gsize wanted = strlen (LABEL) - self->label->len;
  gsize n = MIN (wanted, length);

  if (memcmp (&LABEL[self->label->len], text, n) != 0) {
    self->state = STATE_THOUGHT;
    emit_reasoning (self, self->label->str, self->label->len);
    g_string_truncate (self->label, 0);
    emit_reasoning (self, text, length);
    return;
  }
  g_string_append_len (self->label, text, (gssize)n);
  if (n == wanted) {
    self->state = STATE_THOUGHT;
    g_string_truncate (self->label, 0);
    emit_reasoning (self, text + n, length - n);
  }
}

/* Whole characters that are no tag. */
static void
take_plain (GemParser *self, const char *text, gsize length)
{
  if (length == 0)
    return;
  switch (self->state) {
  case STATE_CONTENT:
    emit_content (self, text, length);
    break;
  case STATE_LABEL:
    take_label (self, text, length);
    break;
  case STATE_THOUGHT:
    emit_reasoning (self, text, length);
    break;
  case STATE_CALL:
    g_string_append_len (self->call, text, (gssize)length);
    break;
  case STATE_DONE:
    break;
  }
}

static void
open_thought (GemParser *self)
{
  if (self->state == STATE_LABEL)
    end_thought (self, TRUE);
  self->state = STATE_LABEL;
  self->has_thought = TRUE;
}

static void
take_tag_in_call (GemParser *self, Tag tag, const char *text)
{
  switch (tag) {
  case TAG_QUOTE:
    g_string_append_c (self->call, GEM_CALL_QUOTE);
    self->in_string = !self->in_string;
    break;
  case TAG_CALL_CLOSE:
    end_call (self);
    break;
  case TAG_CALL_OPEN:
    call_becomes_content (self, FALSE);
    begin_call (self);
    break;
  case TAG_RESPONSE_OPEN:
    finish (self, GEM_FINISH_TOOL_CALLS);
    break;
  case TAG_STOP:
    finish (self, GEM_FINISH_STOP);
    break;
  case TAG_CHANNEL_OPEN:
  case TAG_CHANNEL_CLOSE:
  case TAG_OTHER:
    g_string_append (self->call, text);
    break;
  }
}

static void
take_tag_outside (GemParser *self, Tag tag)
{
  gboolean in_thought = self->state == STATE_LABEL || self->state == STATE_THOUGHT;

  switch (tag) {
  case TAG_CHANNEL_OPEN:
    open_thought (self);
    break;
  case TAG_CHANNEL_CLOSE:
    if (in_thought) {
      end_thought (self, TRUE);
      self->state = STATE_CONTENT;
    }
    break;
  case TAG_CALL_OPEN:
    if (in_thought)
      end_thought (self, TRUE);
    begin_call (self);
    break;
  case TAG_RESPONSE_OPEN:
    finish (self, GEM_FINISH_TOOL_CALLS);
    break;
  case TAG_STOP:
    finish (self, GEM_FINISH_STOP);
    break;
  case TAG_CALL_CLOSE:
  case TAG_QUOTE:
  case TAG_OTHER:
    break;
  }
}

static void
take_tag (GemParser *self, Tag tag, const char *text)
{
  if (self->state == STATE_CALL)
    take_tag_in_call (self, tag, text);
  else if (self->state != STATE_DONE)
    take_tag_outside (self, tag);
}

/* ---- tags in text ---------------------------------------------------------------------------- */

/* A tag that was found in text.  In a string of a call it is only text, a quote apart: a string may
 * speak of tags. */
static void
take_tag_text (GemParser *self, guint i)
{
  Tag tag = tags[i].tag;

  if (self->state == STATE_CALL && self->in_string && !self->ends_strings && tag != TAG_QUOTE) {
    if (self->end_in_string < 0 &&
        (tag == TAG_CALL_CLOSE || tag == TAG_RESPONSE_OPEN || tag == TAG_STOP))
      self->end_in_string = (gssize)self->call->len;
    g_string_append (self->call, tags[i].text);
    return;
  }
  take_tag (self, tag, tags[i].text);
}

/* How many tags start with what is held back; the index of one that is it, or −1. */
static guint
match_tags (const GString *held, int *whole)
{
  guint n = 0;

  *whole = -1;
  for (guint i = 0; i < G_N_ELEMENTS (tags); i++)
    if (strncmp (tags[i].text, held->str, held->len) == 0) {
      n++;
      if (tags[i].text[held->len] == '\0')
        *whole = (int)i;
    }
  return n;
}

static void
flush_tag (GemParser *self)
{
  take_plain (self, self->tag->str, self->tag->len);
  g_string_truncate (self->tag, 0);
}

/* Whole characters in which tags are to be found. */
static void
take_text (GemParser *self, const char *text, gsize length)
{
  const char *end = text + length;

  while (text < end) {
    int whole;

    if (self->tag->len == 0) {
      const char *open = memchr (text, '<', (gsize)(end - text));

      take_plain (self, text, (gsize)((open != NULL ? open : end) - text));
      if (open == NULL)
        return;
      text = open;
    }
    g_string_append_c (self->tag, *text);
    if (match_tags (self->tag, &whole) == 0) {
      /* Not a tag after all; this byte may start one. */
      g_string_truncate (self->tag, self->tag->len - 1);
      flush_tag (self);
      continue;
    }
    text++;
    if (whole >= 0) {
      g_string_truncate (self->tag, 0);
      take_tag_text (self, (guint)whole);
    }
  }
}

/* The text is over in the middle of a call's string.  If a tag that would end the call was taken
 * for a part of it, then it was none: the model forgot the quote.  From that tag on all is read
 * again, and there such tags do end strings, so this happens once. */
static void
reopen_string (GemParser *self)
{
  GString    *rest;
  const char *text, *end, *quote;

  if (self->state != STATE_CALL || !self->in_string || self->end_in_string < 0)
    return;
  rest = g_string_new (self->call->str + self->end_in_string);
  g_string_truncate (self->call, (gsize)self->end_in_string);
  self->ends_strings = TRUE;

  text = rest->str;
  end = text + rest->len;
  while ((quote = memchr (text, GEM_CALL_QUOTE, (gsize)(end - text))) != NULL) {
    take_text (self, text, (gsize)(quote - text));
    take_text (self, GEM_CALL_QUOTE_TAG, strlen (GEM_CALL_QUOTE_TAG));
    text = quote + 1;
  }
  take_text (self, text, (gsize)(end - text));
  flush_tag (self);
  g_string_free (rest, TRUE);
}

/* ---- characters ------------------------------------------------------------------------------ */

typedef void (*TakeFunc) (GemParser *self, const char *text, gsize length);

/* The bytes that are held back are no character: U+FFFD for each, however the text was cut. */
static void
give_up_character (GemParser *self, TakeFunc take)
{
  for (; self->n_partial > 0; self->n_partial--)
    take (self, REPLACEMENT, strlen (REPLACEMENT));
}

/* Completes or gives up the character that is held back; returns how many bytes of @text that took.
 */
static gsize
complete_character (GemParser *self, TakeFunc take, const char *text, gsize length)
{
  gsize    used = 0;
  gunichar character;

  while (self->n_partial > 0 && used < length) {
    const guint8 *bytes = (const guint8 *)self->partial;

    self->partial[self->n_partial] = text[used];
    if (gem_utf8_read (bytes, bytes + self->n_partial + 1, &character) > 0) {
      take (self, self->partial, self->n_partial + 1);
      self->n_partial = 0;
      return used + 1;
    }
    if (!gem_utf8_may_grow (bytes, self->n_partial + 1)) {
      give_up_character (self, take);
      return used;
    }
    self->n_partial++;
    used++;
  }
  return used;
}

/* Passes whole characters on, U+FFFD for what is none and for U+0000, and holds an unfinished last
 * one back. */
static void
take_bytes (GemParser *self, TakeFunc take, const char *text, gsize length)
{
  gsize         used = complete_character (self, take, text, length);
  const guint8 *bytes = (const guint8 *)text, *end = bytes + length, *start = bytes + used,
               *at = start;

  while (at < end) {
    gunichar character = 0;
    gsize    n = gem_utf8_read (at, end, &character);

    if (n > 0 && character != 0) {
      at += n;
      continue;
    }
    take (self, (const char *)start, (gsize)(at - start));
    if (n == 0 && end - at < 4 && gem_utf8_may_grow (at, (gsize)(end - at))) {
      self->n_partial = (gsize)(end - at);
      memcpy (self->partial, at, self->n_partial);
      return;
    }
    take (self, REPLACEMENT, strlen (REPLACEMENT));
    start = ++at;
  }
  take (self, (const char *)start, (gsize)(at - start));
}

/* ---- the ways in ----------------------------------------------------------------------------- */

void
gem_parser_push_text (GemParser *self, const char *text, gsize length)
{
  take_bytes (self, take_text, text, length);
}

void
gem_parser_push_plain (GemParser *self, const char *text, gsize length)
{
  flush_tag (self);
  take_bytes (self, take_plain, text, length);
}

void
gem_parser_push_special (GemParser *self, const char *token)
{
  flush_tag (self);
  give_up_character (self, take_plain);
  for (guint i = 0; i < G_N_ELEMENTS (tags); i++)
    if (g_str_equal (tags[i].text, token)) {
      take_tag (self, tags[i].tag, token);
      return;
    }
  take_tag (self, TAG_OTHER, token);
}

void
gem_parser_finish (GemParser *self)
{
  if (self->finished)
    return;
  self->finished = TRUE;
  give_up_character (self, take_text);
  flush_tag (self);
  reopen_string (self);
  if (self->state != STATE_DONE)
    finish (self, GEM_FINISH_LENGTH);
}

GemFinish
gem_parser_get_finish (GemParser *self)
{
  return self->finish;
}

gboolean
gem_parser_in_reasoning (GemParser *self)
{
  return self->state == STATE_LABEL || self->state == STATE_THOUGHT;
}

json_t *
gem_parser_get_result (GemParser *self)
{
  json_t  *result = json_object ();
  gboolean other = self->has_thought || json_array_size (self->calls) > 0;

  json_object_set_new (result, "reasoning",
                       self->has_thought
                           ? json_stringn_nocheck (self->reasoning->str, self->reasoning->len)
                           : json_null ());
  json_object_set_new (result, "content",
                       self->content->len == 0 && other
                           ? json_null ()
                           : json_stringn_nocheck (self->content->str, self->content->len));
  json_object_set_new (result, "tool_calls", json_deep_copy (self->calls));
  return result;
}

json_t *
gem_parser_parse_arguments (const char *text, gsize length, GError **error)
{
  GString    *call = g_string_sized_new (length);
  const char *end = text + length;
  json_t     *arguments;

  if (memchr (text, '\0', length) != NULL || !g_utf8_validate (text, (gssize)length, NULL)) {
    g_string_free (call, TRUE);
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "The tool call is not text in UTF-8.");
    return NULL;
  }
  while (text < end) {
    const char *tag = g_strstr_len (text, end - text, GEM_CALL_QUOTE_TAG);

    g_string_append_len (call, text, (tag != NULL ? tag : end) - text);
    if (tag == NULL)
      break;
    g_string_append_c (call, GEM_CALL_QUOTE);
    text = tag + strlen (GEM_CALL_QUOTE_TAG);
  }
  arguments = gem_call_parse_arguments (call->str, call->len, error);
  gem_json_round_big_integers (arguments);
  g_string_free (call, TRUE);
  return arguments;
}
