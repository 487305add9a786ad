/* facet-remote-answer.c: chunks, calls in pieces, thoughts in three places.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Text is looked through for Gemma's tags only where they can be the server's way of saying what
 * they say: when it begins with one, or when calls are to be expected, and not after a thought or a
 * call came in a field of its own.  So an answer about these tags stays whole. */
#define G_LOG_DOMAIN "facet-remote"

#include "config.h"

#include "facet-remote-answer.h"

#include "engine/gem-parser.h"

#include <glib/gi18n-lib.h>
#include <jansson.h>
#include <string.h>

G_DEFINE_QUARK (facet - remote - error - quark, facet_remote_error)

typedef enum {
  TEXT_UNKNOWN, /* nothing, blanks, or the beginning of a tag have come */
  TEXT_PLAIN,
  TEXT_TAGGED,
} TextForm;

/* A call that the server sends in a field of its own. */
typedef struct {
  json_int_t index;
  char      *id;
  GString   *name, *arguments;
} Call;

struct _FacetRemoteAnswer {
  guint64               turn;
  FacetRemoteAnswerFunc func;
  gpointer              user_data;
  GemParser            *parser;
  TextForm              form;
  GString              *opening; /* while UNKNOWN */
  GString              *held;    /* text that was not sent yet */
  FacetEventKind        held_kind;
  GPtrArray            *calls;
  char                 *call_name; /* of a call between tags */
  gsize                 n_text;
  guint                 n_calls;
  gboolean              has_tools, begun, answering, done, cut_off, filtered, ended;
  gboolean              has_usage;
  FacetUsage            usage;
  gint64                asked, first, last, thought_began, thought_ended;
};

/* Sending */

static void
send_held (FacetRemoteAnswer *self)
{
  FacetEvent *event;

  if (self->held->len == 0)
    return;
  event = facet_event_new (self->held_kind, self->turn);
  event->text = g_strndup (self->held->str, self->held->len);
  g_string_truncate (self->held, 0);
  self->func (event, self->user_data);
}

static void
note_time (FacetRemoteAnswer *self, FacetEventKind kind)
{
  self->last = g_get_monotonic_time ();
  if (self->first == 0)
    self->first = self->last;
  if (kind == FACET_EVENT_THOUGHT && self->thought_began == 0)
    self->thought_began = self->last;
  if (kind != FACET_EVENT_THOUGHT && self->thought_began != 0 && self->thought_ended == 0)
    self->thought_ended = self->last;
}

/* U+0000 would end the text here and in the store. */
static void
hold (FacetRemoteAnswer *self, FacetEventKind kind, const char *text, gsize length)
{
  if (length == 0)
    return;
  if (self->held_kind != kind)
    send_held (self);
  self->held_kind = kind;
  self->begun = TRUE;
  self->answering |= kind == FACET_EVENT_ANSWER;
  note_time (self, kind);
  for (const char *end = text + length; text < end;) {
    const char *zero = memchr (text, '\0', (gsize)(end - text));
    const char *stop = zero != NULL ? zero : end;

    g_string_append_len (self->held, text, (gssize)(stop - text));
    if (zero != NULL)
      g_string_append (self->held, "\357\277\275");
    text = zero != NULL ? zero + 1 : end;
  }
}

static void
send_call (FacetRemoteAnswer *self, const char *name, const char *arguments)
{
  FacetEvent *event;

  send_held (self);
  note_time (self, FACET_EVENT_TOOL_CALL);
  self->begun = TRUE;
  if (self->n_calls++ >= FACET_REMOTE_MAX_CALLS)
    return;
  event = facet_event_new (FACET_EVENT_TOOL_CALL, self->turn);
  event->text = g_utf8_make_valid (name, -1);
  event->json = g_utf8_make_valid (*arguments != '\0' ? arguments : "{}", -1);
  self->func (event, self->user_data);
}

static void
send_usage (FacetRemoteAnswer *self)
{
  FacetEvent *event;
  FacetUsage *usage = &self->usage;
  gint64      thought_ended = self->thought_ended != 0 ? self->thought_ended : self->last;
  guint       n = usage->answer_tokens + usage->thinking_tokens;

  if (!self->has_usage && self->first == 0)
    return;
  if (self->first != 0 && self->asked != 0)
    usage->first_token_s = (double)(self->first - self->asked) / G_USEC_PER_SEC;
  if (self->thought_began != 0)
    usage->thinking_s = (double)(thought_ended - self->thought_began) / G_USEC_PER_SEC;
  if (n > 1 && self->last > self->first)
    usage->tokens_per_s = (n - 1) * (double)G_USEC_PER_SEC / (double)(self->last - self->first);
  usage->context_used = usage->prompt_tokens + n;
  event = facet_event_new (FACET_EVENT_USAGE, self->turn);
  event->usage = *usage;
  /* How much of the context is used is not known where the server does not count. */
  if (!self->has_usage)
    event->usage.context_size = 0;
  self->func (event, self->user_data);
}

/* Text */

static void
parsed_cb (const GemParsed *parsed, gpointer user_data)
{
  FacetRemoteAnswer *self = user_data;
  g_autofree char   *arguments = NULL;

  switch (parsed->kind) {
  case GEM_PARSED_REASONING:
    hold (self, FACET_EVENT_THOUGHT, parsed->text, parsed->length);
    break;
  case GEM_PARSED_CONTENT:
    hold (self, FACET_EVENT_ANSWER, parsed->text, parsed->length);
    break;
  case GEM_PARSED_CALL_BEGIN:
    g_free (self->call_name);
    self->call_name = g_strndup (parsed->text, parsed->length);
    break;
  case GEM_PARSED_CALL_END:
    arguments = g_strndup (parsed->text, parsed->length);
    send_call (self, self->call_name, arguments);
    break;
  }
}

/* Whether @text, of which more may come, begins with one of Gemma's tags. */
static TextForm
judge_opening (const char *text)
{
  static const char *const tags[] = {"<|channel>", "<channel|>", "<|tool_call>"};
  gsize                    length;

  text += strspn (text, " \t\r\n");
  length = strlen (text);
  if (length == 0)
    return TEXT_UNKNOWN;
  for (gsize i = 0; i < G_N_ELEMENTS (tags); i++) {
    if (g_str_has_prefix (text, tags[i]))
      return TEXT_TAGGED;
    if (g_str_has_prefix (tags[i], text))
      return TEXT_UNKNOWN;
  }
  return TEXT_PLAIN;
}

static void
push_text (FacetRemoteAnswer *self, const char *text, gsize length)
{
  if (self->form == TEXT_TAGGED)
    gem_parser_push_text (self->parser, text, length);
  else
    hold (self, FACET_EVENT_ANSWER, text, length);
}

static void
take_content (FacetRemoteAnswer *self, const char *text, gsize length)
{
  if (self->form != TEXT_UNKNOWN) {
    push_text (self, text, length);
    return;
  }
  g_string_append_len (self->opening, text, (gssize)length);
  self->form = self->has_tools ? TEXT_TAGGED : judge_opening (self->opening->str);
  if (self->form == TEXT_UNKNOWN && self->opening->len < 4096)
    return;
  if (self->form == TEXT_UNKNOWN)
    self->form = TEXT_PLAIN;
  push_text (self, self->opening->str, self->opening->len);
  g_string_truncate (self->opening, 0);
}

/* No more text, or none that has tags. */
static void
end_tags (FacetRemoteAnswer *self)
{
  if (self->form == TEXT_TAGGED)
    gem_parser_finish (self->parser);
  else
    hold (self, FACET_EVENT_ANSWER, self->opening->str, self->opening->len);
  g_string_truncate (self->opening, 0);
  self->form = TEXT_PLAIN;
}

/* Calls in fields of their own */

static void
call_free (gpointer data)
{
  Call *call = data;

  g_free (call->id);
  g_string_free (call->name, TRUE);
  g_string_free (call->arguments, TRUE);
  g_free (call);
}

/* The call that a piece belongs to: by its index; where the server gives none, a name or another id
 * begins the next one. */
static Call *
find_call (FacetRemoteAnswer *self, json_t *piece, gboolean has_name)
{
  json_t     *index = json_object_get (piece, "index");
  const char *id = json_string_value (json_object_get (piece, "id"));
  Call       *last = self->calls->len > 0 ? self->calls->pdata[self->calls->len - 1] : NULL;
  Call       *call;

  if (json_is_integer (index)) {
    for (guint i = 0; i < self->calls->len; i++) {
      call = g_ptr_array_index (self->calls, i);
      if (call->index == json_integer_value (index))
        return call;
    }
  } else if (last != NULL && !has_name && (id == NULL || g_strcmp0 (id, last->id) == 0))
    return last;
  if (self->calls->len >= FACET_REMOTE_MAX_CALLS)
    return NULL;
  call = g_new0 (Call, 1);
  call->index = json_is_integer (index) ? json_integer_value (index) : -1;
  call->id = g_strdup (id);
  call->name = g_string_new (NULL);
  call->arguments = g_string_new (NULL);
  g_ptr_array_add (self->calls, call);
  return call;
}

static gboolean
take_call (FacetRemoteAnswer *self, json_t *piece)
{
  json_t     *function = json_object_get (piece, "function");
  const char *name = json_string_value (json_object_get (function, "name"));
  json_t     *arguments = json_object_get (function, "arguments");
  Call       *call;

  if (!json_is_object (function))
    return TRUE;
  call = find_call (self, piece, name != NULL && *name != '\0');
  if (call == NULL)
    return FALSE;
  self->begun = self->answering = TRUE;
  if (name != NULL && call->name->len == 0)
    g_string_append_len (call->name, name, (gssize)strnlen (name, 256));
  if (json_is_string (arguments)) {
    g_string_append (call->arguments, json_string_value (arguments));
  } else if (json_is_object (arguments)) { /* not as OpenAI does it */
    char *text = json_dumps (arguments, JSON_COMPACT);

    g_string_assign (call->arguments, text != NULL ? text : "");
    free (text);
  }
  return call->arguments->len <= FACET_REMOTE_MAX_ARGUMENTS;
}

static void
send_calls (FacetRemoteAnswer *self)
{
  for (guint i = 0; i < self->calls->len; i++) {
    Call *call = g_ptr_array_index (self->calls, i);

    if (call->name->len > 0)
      send_call (self, call->name->str, call->arguments->str);
  }
  g_ptr_array_set_size (self->calls, 0);
}

/* Chunks */

static guint
take_count (json_t *object, const char *name)
{
  json_int_t value = json_integer_value (json_object_get (object, name));

  return (guint)CLAMP (value, 0, G_MAXINT);
}

static void
take_usage (FacetRemoteAnswer *self, json_t *usage)
{
  guint written = take_count (usage, "completion_tokens");
  guint thought =
      take_count (json_object_get (usage, "completion_tokens_details"), "reasoning_tokens");

  if (!json_is_object (usage))
    return;
  self->has_usage = TRUE;
  self->usage.prompt_tokens = take_count (usage, "prompt_tokens");
  self->usage.reused_tokens =
      take_count (json_object_get (usage, "prompt_tokens_details"), "cached_tokens");
  self->usage.thinking_tokens = MIN (thought, written);
  self->usage.answer_tokens = written - self->usage.thinking_tokens;
}

static gboolean
fail_too_long (GError **error)
{
  g_set_error_literal (error, FACET_REMOTE_ERROR, FACET_REMOTE_ERROR_GARBAGE,
                       _ ("The server’s answer does not end: it was broken off after 16 MiB."));
  return FALSE;
}

static gboolean
take_text (FacetRemoteAnswer *self, json_t *value, gboolean thought, GError **error)
{
  const char *text = json_string_value (value);
  gsize       length = json_string_length (value);

  if (json_is_array (value)) { /* parts, as in a question */
    size_t  i;
    json_t *part;

    json_array_foreach (value, i, part)
    {
      if (json_is_object (part) &&
          !take_text (self, json_object_get (part, "text"), thought, error))
        return FALSE;
    }
    return TRUE;
  }
  if (text == NULL || length == 0)
    return TRUE;
  self->n_text += length;
  if (self->n_text > FACET_REMOTE_MAX_TEXT)
    return fail_too_long (error);
  if (!thought) {
    take_content (self, text, length);
    return TRUE;
  }
  end_tags (self);
  hold (self, FACET_EVENT_THOUGHT, text, length);
  return TRUE;
}

/* A piece of the message, or all of it. */
static gboolean
take_delta (FacetRemoteAnswer *self, json_t *delta, GError **error)
{
  json_t *calls = json_object_get (delta, "tool_calls");
  json_t *thought = json_object_get (delta, "reasoning");
  size_t  i;
  json_t *piece;

  /* Some send both, for those who know only one. */
  if (!json_is_string (thought))
    thought = json_object_get (delta, "reasoning_content");
  if (!take_text (self, thought, TRUE, error) ||
      !take_text (self, json_object_get (delta, "content"), FALSE, error))
    return FALSE;
  if (json_array_size (calls) > 0)
    end_tags (self);
  json_array_foreach (calls, i, piece)
  {
    if (!take_call (self, piece))
      return fail_too_long (error);
  }
  return TRUE;
}

static gboolean
take_choice (FacetRemoteAnswer *self, json_t *choice, GError **error)
{
  json_t     *delta = json_object_get (choice, "delta");
  const char *reason = json_string_value (json_object_get (choice, "finish_reason"));

  if (!json_is_object (delta))
    delta = json_object_get (choice, "message");
  if (json_is_object (delta) && !take_delta (self, delta, error))
    return FALSE;
  if (reason != NULL) {
    self->ended = TRUE;
    self->cut_off = g_str_equal (reason, "length");
    self->filtered = g_str_equal (reason, "content_filter");
  }
  return TRUE;
}

static gboolean
refuse (json_t *root, GError **error)
{
  char            *text = json_dumps (root, JSON_COMPACT | JSON_ENCODE_ANY);
  g_autofree char *words = text != NULL ? facet_remote_words (text, strlen (text)) : NULL;

  free (text);
  if (words == NULL)
    g_set_error_literal (error, FACET_REMOTE_ERROR, FACET_REMOTE_ERROR_REFUSED,
                         _ ("The server ended the answer with an error of which it says nothing."));
  else
    /* Translators: %s is what the server itself says, in its own language */
    g_set_error (error, FACET_REMOTE_ERROR, FACET_REMOTE_ERROR_REFUSED,
                 _ ("The server ended the answer: “%s”"), words);
  return FALSE;
}

static gboolean
fail_garbage (const char *data, gsize length, GError **error)
{
  g_autofree char *words = facet_remote_plain_words (data, MIN (length, 80));

  if (words == NULL)
    g_set_error_literal (error, FACET_REMOTE_ERROR, FACET_REMOTE_ERROR_GARBAGE,
                         _ ("What the server sends is not an answer.  Look at its address."));
  else
    g_set_error (error, FACET_REMOTE_ERROR, FACET_REMOTE_ERROR_GARBAGE,
                 /* Translators: %s is the beginning of what came */
                 _ ("What the server sends is not an answer: “%s”.  Look at its address."), words);
  return FALSE;
}

gboolean
facet_remote_answer_take (FacetRemoteAnswer *self, const char *data, gsize length, GError **error)
{
  json_t  *root;
  gboolean good;

  if (self->done)
    return FALSE;
  while (length > 0 && g_ascii_isspace (data[length - 1]))
    length--;
  if (length == 0)
    return TRUE;
  if (length == 6 && memcmp (data, "[DONE]", 6) == 0) {
    self->done = self->ended = TRUE;
    return FALSE;
  }
  root = json_loadb (data, length, JSON_ALLOW_NUL, NULL);
  if (!json_is_object (root)) {
    json_decref (root);
    return fail_garbage (data, length, error);
  }
  if (json_object_get (root, "error") != NULL && !json_is_null (json_object_get (root, "error")))
    good = refuse (root, error);
  else
    good = take_choice (self, json_array_get (json_object_get (root, "choices"), 0), error);
  if (good)
    take_usage (self, json_object_get (root, "usage"));
  json_decref (root);
  return good;
}

void
facet_remote_answer_flush (FacetRemoteAnswer *self)
{
  send_held (self);
}

void
facet_remote_answer_stop (FacetRemoteAnswer *self)
{
  end_tags (self);
  send_held (self);
  send_usage (self);
}

gboolean
facet_remote_answer_finish (FacetRemoteAnswer *self, GError **error)
{
  end_tags (self);
  if (self->ended)
    send_calls (self);
  send_held (self);
  send_usage (self);
  if (!self->ended) {
    g_set_error_literal (error, FACET_REMOTE_ERROR, FACET_REMOTE_ERROR_BROKEN_OFF,
                         self->begun ? _ ("The connection ended in the middle of the answer.  "
                                          "What came so far is kept.")
                                     : _ ("The server ended the connection without an answer."));
    return FALSE;
  }
  if (self->filtered) {
    g_set_error_literal (error, FACET_REMOTE_ERROR, FACET_REMOTE_ERROR_REFUSED,
                         _ ("The server’s filter ended the answer."));
    return FALSE;
  }
  return TRUE;
}

gboolean
facet_remote_answer_has_begun (FacetRemoteAnswer *self)
{
  return self->begun;
}

gboolean
facet_remote_answer_is_answering (FacetRemoteAnswer *self)
{
  return self->answering;
}

gboolean
facet_remote_answer_is_cut_off (FacetRemoteAnswer *self)
{
  return self->cut_off;
}

void
facet_remote_answer_set_asked (FacetRemoteAnswer *self, gint64 asked, guint context_size)
{
  self->asked = asked;
  self->usage.context_size = context_size;
}

/* Making one */

FacetRemoteAnswer *
facet_remote_answer_new (guint64               turn,
                         gboolean              has_tools,
                         FacetRemoteAnswerFunc func,
                         gpointer              user_data)
{
  FacetRemoteAnswer *self = g_new0 (FacetRemoteAnswer, 1);

  self->turn = turn;
  self->has_tools = has_tools;
  self->func = func;
  self->user_data = user_data;
  self->parser = gem_parser_new (FALSE, parsed_cb, self);
  self->opening = g_string_new (NULL);
  self->held = g_string_new (NULL);
  self->calls = g_ptr_array_new_with_free_func (call_free);
  return self;
}

void
facet_remote_answer_free (FacetRemoteAnswer *self)
{
  if (self == NULL)
    return;
  gem_parser_free (self->parser);
  g_string_free (self->opening, TRUE);
  g_string_free (self->held, TRUE);
  g_ptr_array_unref (self->calls);
  g_free (self->call_name);
  g_free (self);
}

/* The server's own words */

char *
facet_remote_plain_words (const char *text, gsize length)
{
  g_autofree char *valid = g_utf8_make_valid (text, (gssize)length);
  g_autoptr (GString) words = g_string_new (NULL);
  guint    n = 0;
  gboolean space = FALSE;

  for (const char *p = valid; *p != '\0' && n < FACET_REMOTE_MAX_WORDS; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    if (g_unichar_isspace (c) || g_unichar_iscntrl (c) || g_unichar_type (c) == G_UNICODE_FORMAT) {
      space = words->len > 0;
      continue;
    }
    if (space)
      g_string_append_c (words, ' ');
    space = FALSE;
    g_string_append_unichar (words, c);
    n++;
  }
  if (n == FACET_REMOTE_MAX_WORDS)
    g_string_append (words, "…");
  return words->len > 0 ? g_string_free (g_steal_pointer (&words), FALSE) : NULL;
}

/* {"error": {"message": …}}, {"error": …}, {"message": …}, {"detail": …} */
static json_t *
find_words (json_t *root)
{
  static const char *const names[] = {"error", "message", "detail", "msg"};

  if (json_is_array (root))
    root = json_array_get (root, 0);
  for (gsize i = 0; json_is_object (root) && i < G_N_ELEMENTS (names); i++) {
    json_t *value = json_object_get (root, names[i]);

    if (json_is_string (value))
      return value;
    if (json_is_object (value) || json_is_array (value))
      return find_words (value);
  }
  return NULL;
}

/* The title of a page: proxies and web servers answer with one. */
static char *
find_title (const char *body)
{
  g_autofree char *lower = g_ascii_strdown (body, -1);
  const char      *begin = strstr (lower, "<title>");
  const char      *end = begin != NULL ? strstr (begin, "</title>") : NULL;

  if (end == NULL)
    return NULL;
  begin += strlen ("<title>");
  return facet_remote_plain_words (body + (begin - lower), (gsize)(end - begin));
}

char *
facet_remote_words (const char *body, gsize length)
{
  g_autofree char *text = NULL;
  json_t          *root = json_loadb (body, length, JSON_ALLOW_NUL, NULL);
  json_t          *words = find_words (root);
  char            *result = NULL;

  if (words != NULL)
    result = facet_remote_plain_words (json_string_value (words), json_string_length (words));
  json_decref (root);
  if (root != NULL)
    return result;
  text = g_strndup (body, length);
  if (text[strspn (text, " \t\r\n")] == '<')
    return find_title (text);
  return facet_remote_plain_words (text, strlen (text));
}
