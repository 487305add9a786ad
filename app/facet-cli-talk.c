/* facet-cli-talk.c: the assistant in a terminal: loading, one turn at a time, Ctrl-C, and what is
 * shown meanwhile.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-cli"

#include "facet-cli.h"

#include <glib-unix.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DIM   "\033[2m"
#define PLAIN "\033[0m"
#define CLEAR "\r\033[K"

struct _FacetCliTalk {
  FacetAssistant *assistant;
  GMainLoop      *loop;
  FacetCliShow    show;
  FacetCliResult *result; /* of the running turn */
  guint64         turn;   /* 0: none runs */
  guint           interrupt_source;
  gboolean        interrupted;
  gboolean        dim;        /* standard error is a terminal: thoughts are dim there */
  gboolean        in_thought; /* the terminal is in the middle of one */
  gboolean        shows_progress;
};

void
facet_cli_result_clear (FacetCliResult *self)
{
  if (self->answer != NULL)
    g_string_free (self->answer, TRUE);
  if (self->thought != NULL)
    g_string_free (self->thought, TRUE);
  json_decref (self->tool_calls);
  g_free (self->error);
  *self = (FacetCliResult){0};
}

/* Showing */

static json_t *
usage_to_json (const FacetUsage *usage)
{
  return json_pack ("{s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:I, s:I}", "prompt_tokens",
                    (json_int_t)usage->prompt_tokens, "reused_tokens",
                    (json_int_t)usage->reused_tokens, "thinking_tokens",
                    (json_int_t)usage->thinking_tokens, "answer_tokens",
                    (json_int_t)usage->answer_tokens, "first_token_s", usage->first_token_s,
                    "thinking_s", usage->thinking_s, "tokens_per_s", usage->tokens_per_s,
                    "context_used", (json_int_t)usage->context_used, "context_size",
                    (json_int_t)usage->context_size);
}

static json_t *
call_to_json (const FacetEvent *event)
{
  json_t *arguments = json_loads (event->json != NULL ? event->json : "{}", JSON_DECODE_ANY, NULL);

  if (arguments == NULL)
    arguments = json_string (event->json);
  return json_pack ("{s:s, s:o}", "name", event->text, "arguments", arguments);
}

json_t *
facet_cli_result_to_json (const FacetCliResult *result)
{
  return json_pack ("{s:s, s:s?, s:O, s:b, s:b, s:o}", "answer", result->answer->str, "reasoning",
                    result->thought->len > 0 ? result->thought->str : NULL, "tool_calls",
                    result->tool_calls, "stopped", result->stopped, "cut_off", result->cut_off,
                    "usage", usage_to_json (&result->usage));
}

/* "looking", "listening", "reading" */
static const char *
name_phase (FacetPhase phase)
{
  return phase == FACET_PHASE_LOOKING     ? "looking"
         : phase == FACET_PHASE_LISTENING ? "listening"
                                          : "reading";
}

static json_t *
event_to_json (const FacetEvent *event)
{
  switch (event->kind) {
  case FACET_EVENT_PROGRESS:
    return json_pack ("{s:s, s:f}", "event", name_phase (event->phase), "progress",
                      event->progress);
  case FACET_EVENT_THOUGHT:
    return json_pack ("{s:s, s:s}", "event", "reasoning", "text", event->text);
  case FACET_EVENT_ANSWER:
    return json_pack ("{s:s, s:s}", "event", "answer", "text", event->text);
  case FACET_EVENT_TOOL_CALL:
    return json_pack ("{s:s, s:o}", "event", "tool_call", "tool_call", call_to_json (event));
  case FACET_EVENT_USAGE:
    return json_pack ("{s:s, s:o}", "event", "usage", "usage", usage_to_json (&event->usage));
  case FACET_EVENT_TOO_LONG:
    return json_pack ("{s:s, s:I, s:I, s:I}", "event", "too_long", "needed",
                      (json_int_t)event->overflow.needed, "available",
                      (json_int_t)event->overflow.available, "oldest_messages",
                      (json_int_t)event->overflow.n_messages);
  case FACET_EVENT_DONE:
    return json_pack ("{s:s, s:b, s:b}", "event", "done", "stopped", event->stopped, "cut_off",
                      event->cut_off);
  case FACET_EVENT_ERROR:
    return json_pack ("{s:s, s:s}", "event", "error", "message", event->error->message);
  }
  return NULL;
}

static void
show_event (const FacetEvent *event)
{
  json_t *json = event_to_json (event);
  char   *line = json != NULL ? json_dumps (json, JSON_COMPACT | JSON_REAL_PRECISION (6)) : NULL;

  if (line != NULL)
    puts (line);
  free (line);
  json_decref (json);
}

static void
leave_thought (FacetCliTalk *self)
{
  if (!self->in_thought)
    return;
  fputs (self->dim ? PLAIN "\n\n" : "\n", stderr);
  self->in_thought = FALSE;
}

static void
clear_progress (FacetCliTalk *self)
{
  if (self->shows_progress)
    fputs (CLEAR, stderr);
  self->shows_progress = FALSE;
}

static void
show_progress (FacetCliTalk *self, const char *what, double progress)
{
  if (!self->dim)
    return;
  fprintf (stderr, CLEAR DIM "%s … %.0f %%" PLAIN, what, progress * 100);
  self->shows_progress = TRUE;
}

static void
show_text (FacetCliTalk *self, const FacetEvent *event)
{
  if (event->kind == FACET_EVENT_PROGRESS && event->progress < 1)
    show_progress (self,
                   event->phase == FACET_PHASE_LOOKING     ? "Looking"
                   : event->phase == FACET_PHASE_LISTENING ? "Listening"
                                                           : "Reading",
                   event->progress);
  else
    clear_progress (self);
  if (event->kind == FACET_EVENT_THOUGHT) {
    if (!self->in_thought && self->dim)
      fputs (DIM, stderr);
    self->in_thought = TRUE;
    facet_cli_write (stderr, event->text);
    return;
  }
  if (event->kind != FACET_EVENT_PROGRESS && event->kind != FACET_EVENT_USAGE)
    leave_thought (self);
  if (event->kind == FACET_EVENT_ANSWER)
    facet_cli_write (stdout, event->text);
  else if (event->kind == FACET_EVENT_TOOL_CALL) {
    fputs ("[", stderr);
    facet_cli_write (stderr, event->text);
    facet_cli_write (stderr, event->json != NULL ? event->json : "{}");
    fputs ("]\n", stderr);
  }
}

/* Hearing */

static void
keep (FacetCliResult *result, const FacetEvent *event)
{
  switch (event->kind) {
  case FACET_EVENT_PROGRESS:
    break;
  case FACET_EVENT_THOUGHT:
    g_string_append (result->thought, event->text);
    break;
  case FACET_EVENT_ANSWER:
    g_string_append (result->answer, event->text);
    break;
  case FACET_EVENT_TOOL_CALL:
    json_array_append_new (result->tool_calls, call_to_json (event));
    break;
  case FACET_EVENT_USAGE:
    result->usage = event->usage;
    break;
  case FACET_EVENT_TOO_LONG:
    result->too_long = TRUE;
    result->overflow = event->overflow;
    break;
  case FACET_EVENT_DONE:
    result->stopped = event->stopped;
    result->cut_off = event->cut_off;
    break;
  case FACET_EVENT_ERROR:
    result->error = g_strdup (event->error->message);
    break;
  }
}

static void
event_cb (const FacetEvent *event, gpointer user_data)
{
  FacetCliTalk *self = user_data;

  keep (self->result, event);
  if (self->show == FACET_CLI_SHOW_EVENTS)
    show_event (event);
  else if (self->show == FACET_CLI_SHOW_TEXT)
    show_text (self, event);
  /* Nobody reads it any more: then nobody needs to compute it. */
  if (self->show != FACET_CLI_SHOW_NOTHING && !facet_cli_flush ())
    facet_assistant_cancel (self->assistant, self->turn);
  if (event->kind == FACET_EVENT_TOO_LONG || event->kind == FACET_EVENT_DONE ||
      event->kind == FACET_EVENT_ERROR) {
    self->turn = 0;
    g_main_loop_quit (self->loop);
  }
}

void
facet_cli_talk_run (FacetCliTalk *self, FacetRequest *request, FacetCliResult *result)
{
  *result = (FacetCliResult){.answer = g_string_new (NULL),
                             .thought = g_string_new (NULL),
                             .tool_calls = json_array ()};
  self->result = result;
  self->turn = facet_assistant_start (self->assistant, request, event_cb, self);
  g_main_loop_run (self->loop);
  self->result = NULL;
  if (self->show == FACET_CLI_SHOW_TEXT && result->answer->len > 0 &&
      result->answer->str[result->answer->len - 1] != '\n')
    putchar ('\n');
}

int
facet_cli_judge (const FacetCliResult *result, const char *way_out)
{
  if (result->error != NULL)
    facet_cli_complain ("%s", result->error);
  else if (result->too_long && result->overflow.n_messages > 0)
    facet_cli_complain ("the conversation takes %u tokens with room for an answer, and the context "
                        "holds %u.  %s to leave out the oldest %u messages, or choose a larger "
                        "--context.",
                        result->overflow.needed, result->overflow.available, way_out,
                        result->overflow.n_messages);
  else if (result->too_long)
    facet_cli_complain ("the text takes %u tokens with room for an answer, and the context holds "
                        "%u."
                        "  Shorten it or choose a larger --context.",
                        result->overflow.needed, result->overflow.available);
  else if (result->cut_off)
    facet_cli_complain (
        "the answer was cut off; it is as long as the context or --max-tokens allows");
  return result->error != NULL || result->too_long ? FACET_CLI_FAILURE : FACET_CLI_OK;
}

/* Ctrl-C */

static gboolean
interrupt_cb (gpointer user_data)
{
  FacetCliTalk *self = user_data;

  /* Whoever asks twice while something still runs does not want to wait for it. */
  if (self->interrupted && self->turn != 0) {
    signal (SIGINT, SIG_DFL);
    raise (SIGINT);
  }
  self->interrupted = TRUE;
  if (self->turn != 0)
    facet_assistant_cancel (self->assistant, self->turn);
  else
    g_main_loop_quit (self->loop);
  return G_SOURCE_CONTINUE;
}

gboolean
facet_cli_talk_was_interrupted (FacetCliTalk *self)
{
  gboolean interrupted = self->interrupted;

  self->interrupted = FALSE;
  return interrupted;
}

static gboolean
readable_cb (int fd, GIOCondition condition, gpointer user_data)
{
  FacetCliTalk *self = user_data;

  g_main_loop_quit (self->loop);
  return G_SOURCE_CONTINUE;
}

/* Interrupted or not, the caller asks.  A regular file can always be read. */
gboolean
facet_cli_talk_wait_readable (FacetCliTalk *self, int fd)
{
  guint source = g_unix_fd_add (fd, G_IO_IN | G_IO_HUP | G_IO_ERR, readable_cb, self);

  g_main_loop_run (self->loop);
  g_source_remove (source);
  return !self->interrupted;
}

/* Loading */

static void
loading_cb (FacetAssistant *assistant, GParamSpec *pspec, FacetCliTalk *self)
{
  if (facet_assistant_get_state (assistant) != FACET_ASSISTANT_LOADING)
    g_main_loop_quit (self->loop);
  else if (facet_assistant_get_progress (assistant) > 0)
    show_progress (self, "Loading", facet_assistant_get_progress (assistant));
}

gboolean
facet_cli_talk_load (FacetCliTalk *self)
{
  g_autofree char *warning = NULL;
  g_autofree char *error = NULL;
  gulong           handler;

  if (self->assistant == NULL)
    return FALSE;
  handler = g_signal_connect (self->assistant, "notify", G_CALLBACK (loading_cb), self);

  while (facet_assistant_get_state (self->assistant) == FACET_ASSISTANT_LOADING &&
         !self->interrupted)
    g_main_loop_run (self->loop);
  g_signal_handler_disconnect (self->assistant, handler);
  clear_progress (self);
  if (self->interrupted)
    return FALSE;
  error = facet_assistant_dup_error (self->assistant);
  warning = facet_assistant_dup_warning (self->assistant);
  if (error != NULL)
    facet_cli_complain ("%s", error);
  if (warning != NULL)
    facet_cli_complain ("%s", warning);
  return error == NULL;
}

FacetCliTalk *
facet_cli_talk_new (const FacetCliOptions *options, FacetCliShow show)
{
  FacetCliTalk     *self = g_new0 (FacetCliTalk, 1);
  FacetLocalOptions local = {.model_folder = options->model,
                             .backend = options->backend,
                             .device = options->device,
                             .memory_share = options->memory_share,
                             .weights = options->weights,
                             .cache = options->cache,
                             .threads = options->threads,
                             .without_vision = options->text_only,
                             .without_audio = options->text_only,
                             .context_size = (guint)options->context};

  self->show = show;
  self->dim = isatty (STDERR_FILENO);
  self->loop = g_main_loop_new (NULL, FALSE);
  self->interrupt_source = g_unix_signal_add (SIGINT, interrupt_cb, self);
  self->assistant = options->server != NULL ? facet_cli_servers_make_assistant (options->server)
                                            : facet_local_assistant_new (&local);
  return self;
}

void
facet_cli_talk_free (FacetCliTalk *self)
{
  g_source_remove (self->interrupt_source);
  g_clear_object (&self->assistant);
  g_main_loop_unref (self->loop);
  g_free (self);
}

FacetAssistant *
facet_cli_talk_get_assistant (FacetCliTalk *self)
{
  return self->assistant;
}

/* ---- one question ---- */

static void
print_json (const FacetCliResult *result)
{
  json_t *json = facet_cli_result_to_json (result);
  char   *text = json_dumps (json, JSON_INDENT (2) | JSON_REAL_PRECISION (6));

  puts (text);
  free (text);
  json_decref (json);
}

int
facet_cli_answer (const FacetCliOptions *options, FacetRequest *request)
{
  g_autoptr (FacetRequest) owned = request;
  FacetCliShow   show = options->stream ? FACET_CLI_SHOW_EVENTS
                        : options->json ? FACET_CLI_SHOW_NOTHING
                                        : FACET_CLI_SHOW_TEXT;
  FacetCliTalk  *talk = facet_cli_talk_new (options, show);
  FacetCliResult result = {0};
  int            status = FACET_CLI_FAILURE;

  if (facet_cli_talk_load (talk)) {
    facet_cli_talk_run (talk, request, &result);
    status = facet_cli_judge (&result, "Add --drop-oldest");
    if (status == FACET_CLI_OK && show == FACET_CLI_SHOW_NOTHING)
      print_json (&result);
    facet_cli_result_clear (&result);
  }
  if (!facet_cli_flush ())
    status = FACET_CLI_FAILURE;
  if (facet_cli_talk_was_interrupted (talk))
    status = FACET_CLI_INTERRUPTED;
  facet_cli_talk_free (talk);
  return status;
}
