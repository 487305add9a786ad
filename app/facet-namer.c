/* facet-namer.c: has the model give conversations their titles, when nobody waits for it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Whoever may still call holds a reference. */
#define G_LOG_DOMAIN "facet-namer"

#include "facet-namer.h"

#include "facet-turn.h"

#include <string.h>

#define MAX_TOKENS   16
#define MAX_CHARS    60
#define MAX_WORDS    10
#define MAX_MESSAGES 6 /* a conversation that got so far has the title that it has */

/* For the model, and so in the language that it knows best. */
static const char question[] =
    "Give this conversation a title of two to six words, in its own language. "
    "Write only the title, without quotation marks and without a full stop.";

struct _FacetNamer {
  GPtrArray         *busy;    /* of FacetConversation */
  FacetConversation *waiting; /* wants a title; NULL: nobody does */
  gboolean           enabled, closed;

  /* What runs: */
  FacetAssistant    *assistant;
  FacetConversation *conversation; /* NULL: nothing does */
  guint64            turn;
  GString           *answer;
  gboolean           stopped;
};

/* Titles */

/* Marks that models put around a title. */
static gboolean
is_mark (gunichar c)
{
  return g_unichar_isspace (c) || (c < 128 && strchr ("\"'`*_#>~", (int)c) != NULL) ||
         (c >= 0x2018 && c <= 0x201f) || c == 0xab || c == 0xbb || c == 0x300c || c == 0x300d;
}

static char *
strip_marks (const char *text)
{
  const char *end = text + strlen (text);

  while (text < end && is_mark (g_utf8_get_char (text)))
    text = g_utf8_next_char (text);
  while (end > text && is_mark (g_utf8_get_char (g_utf8_prev_char (end))))
    end = g_utf8_prev_char (end);
  return g_strndup (text, (gsize)(end - text));
}

static gboolean
is_sentence (const char *title)
{
  gunichar last = g_utf8_get_char (g_utf8_prev_char (title + strlen (title)));
  g_auto (GStrv) words = g_strsplit (title, " ", -1);

  return g_strv_length (words) > MAX_WORDS || strstr (title, ". ") != NULL || last == '.' ||
         last == '!' || last == ':' || last == ',' || last == 0x2026 || last == 0x3002;
}

char *
facet_title_of_answer (const char *answer)
{
  g_autofree char *valid = g_utf8_make_valid (answer, -1);
  g_autofree char *title = strip_marks (valid);

  if (g_ascii_strncasecmp (title, "title:", 6) == 0) {
    g_autofree char *labelled = g_steal_pointer (&title);

    title = strip_marks (labelled + 6);
  }
  if (*title == '\0' || g_utf8_strlen (title, -1) > MAX_CHARS || is_sentence (title))
    return NULL;
  for (const char *p = title; *p != '\0'; p = g_utf8_next_char (p)) {
    if (g_unichar_iscntrl (g_utf8_get_char (p)) || *p == '<' || *p == '`')
      return NULL;
  }
  return g_steal_pointer (&title);
}

/* Whether the title is still the first words, and the model was not heard about it. */
static gboolean
wants_title (FacetConversation *conversation)
{
  guint            n = conversation->messages->len;
  g_autofree char *words = NULL;
  FacetMessage    *last;

  if (n < 2 || n > MAX_MESSAGES || conversation->title_is_own || conversation->naming_done ||
      conversation->id == 0 || facet_conversation_is_private (conversation))
    return FALSE;
  last = g_ptr_array_index (conversation->messages, n - 1);
  words = facet_title_of_message (g_ptr_array_index (conversation->messages, 0));
  return facet_message_get_role (last) == FACET_ROLE_ASSISTANT &&
         facet_message_get_state (last) == FACET_MESSAGE_COMPLETE &&
         facet_message_get_tool_calls (last) == NULL && strcmp (words, conversation->title) == 0;
}

/* Asking */

static void start (FacetNamer *self);

static void
finish (FacetNamer *self, const FacetEvent *event)
{
  g_autoptr (FacetConversation) conversation = g_steal_pointer (&self->conversation);
  g_autofree char *title = NULL;

  if (event->kind == FACET_EVENT_DONE && !event->stopped && !event->cut_off)
    title = facet_title_of_answer (self->answer->str);
  g_debug ("“%s” is %s", self->answer->str, title != NULL ? "a title" : "no title");
  if (!self->stopped) {
    conversation->naming_done = TRUE;
    /* Someone may have been quicker. */
    if (title != NULL && !conversation->title_is_own)
      facet_conversation_take_title (conversation, title);
  }
  self->turn = 0;
  g_clear_object (&self->assistant);
  start (self);
}

static void
event_cb (const FacetEvent *event, gpointer user_data)
{
  FacetNamer *self = user_data;

  switch (event->kind) {
  case FACET_EVENT_ANSWER:
    g_string_append (self->answer, event->text);
    break;
  case FACET_EVENT_TOO_LONG:
  case FACET_EVENT_DONE:
  case FACET_EVENT_ERROR:
    finish (self, event);
    facet_namer_unref (self);
    break;
  default:
    break;
  }
}

static FacetRequest *
make_request (FacetConversation *conversation)
{
  FacetRequest *request = facet_conversation_make_request (conversation, NULL);

  facet_request_add (request, FACET_ROLE_USER, question);
  request->answer_at_once = TRUE;
  request->max_tokens = MAX_TOKENS;
  request->temperature = 0;
  return request;
}

static void
start (FacetNamer *self)
{
  g_autoptr (FacetRequest) request = NULL;
  g_autoptr (FacetConversation) conversation = NULL;

  if (self->closed || self->waiting == NULL || self->conversation != NULL || self->busy->len > 0)
    return;
  conversation = g_steal_pointer (&self->waiting);
  if (!self->enabled || !wants_title (conversation) || conversation->assistant == NULL ||
      facet_assistant_get_state (conversation->assistant) != FACET_ASSISTANT_READY)
    return;
  request = make_request (conversation);
  self->conversation = g_object_ref (conversation);
  self->assistant = g_object_ref (conversation->assistant);
  self->stopped = FALSE;
  g_string_truncate (self->answer, 0);
  self->turn = facet_assistant_start (self->assistant, request, event_cb, g_rc_box_acquire (self));
}

static void
stop (FacetNamer *self)
{
  if (self->conversation == NULL || self->stopped)
    return;
  self->stopped = TRUE;
  facet_assistant_cancel (self->assistant, self->turn);
}

void
facet_namer_note (FacetNamer *self, FacetConversation *conversation)
{
  if (facet_conversation_get_busy (conversation)) {
    if (!g_ptr_array_find (self->busy, conversation, NULL))
      g_ptr_array_add (self->busy, g_object_ref (conversation));
    stop (self);
    return;
  }
  if (self->enabled && !self->closed && wants_title (conversation))
    g_set_object (&self->waiting, conversation);
  g_ptr_array_remove (self->busy, conversation);
  start (self);
}

void
facet_namer_set_enabled (FacetNamer *self, gboolean enabled)
{
  self->enabled = enabled;
  if (!enabled)
    stop (self);
}

void
facet_namer_forget (FacetNamer *self)
{
  stop (self);
  g_clear_object (&self->waiting);
}

void
facet_namer_close (FacetNamer *self)
{
  self->closed = TRUE;
  facet_namer_forget (self);
  g_ptr_array_set_size (self->busy, 0);
}

static void
namer_clear (gpointer data)
{
  FacetNamer *self = data;

  g_ptr_array_unref (self->busy);
  g_string_free (self->answer, TRUE);
  g_clear_object (&self->waiting);
}

void
facet_namer_unref (FacetNamer *self)
{
  g_rc_box_release_full (self, namer_clear);
}

FacetNamer *
facet_namer_new (void)
{
  FacetNamer *self = g_rc_box_new0 (FacetNamer);

  self->busy = g_ptr_array_new_with_free_func (g_object_unref);
  self->answer = g_string_new (NULL);
  return self;
}
