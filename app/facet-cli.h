/* facet-cli.h: Facet in a terminal: what its commands share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The answer goes to standard output and nothing else does; thoughts, progress and
 * complaints go to standard error. Nothing is kept in the person's conversations. */
#pragma once

#include <jansson.h>

#include "facet-local-assistant.h"

G_BEGIN_DECLS

/* Exit statuses. */
enum {
  FACET_CLI_OK = 0,
  FACET_CLI_FAILURE = 1,       /* the model, the input or the output */
  FACET_CLI_USAGE = 2,         /* what was asked for makes no sense */
  FACET_CLI_INTERRUPTED = 130, /* by Ctrl-C */
};

typedef struct {
  /* the model */
  char    *model, *weights, *backend;
  int      threads, context;
  /* the answer; sampling below 0: the model's own */
  double   temperature, top_p, min_p, repetition_penalty;
  int      top_k, max_tokens;
  gint64   seed;
  gboolean greedy, thinking, drop_oldest;
  char    *system;
  /* the form of the output */
  gboolean json, stream;
  char   **words; /* what is not an option */
} FacetCliOptions;

/* Parses the options of a command.  @about: what it does, for --help.  @has_json: --json and
 * --stream.  FALSE: *@status is the exit status, and everything has been said. */
gboolean facet_cli_options_parse (FacetCliOptions *self,
                                  const char      *command,
                                  const char      *parameters,
                                  const char      *about,
                                  gboolean         has_json,
                                  char           **arguments,
                                  int             *status);
void     facet_cli_options_clear (FacetCliOptions *self);

/* "facet-cli: …" on standard error, as one line. */
void     facet_cli_complain (const char *format, ...) G_GNUC_PRINTF (1, 2);
/* Text from a model or a person, to a stream: on a terminal without characters that control it. */
void     facet_cli_write (FILE *stream, const char *text);
/* Flushes standard output.  FALSE: it could not be written, which has been said. */
gboolean facet_cli_flush (void);

/* How one turn went. */
typedef struct {
  GString      *answer, *thought;
  json_t       *tool_calls; /* [{"name", "arguments"}] */
  FacetUsage    usage;
  FacetOverflow overflow;
  gboolean      stopped, cut_off, too_long;
  char         *error; /* NULL: none */
} FacetCliResult;

void facet_cli_result_clear (FacetCliResult *self);

typedef enum {
  FACET_CLI_SHOW_TEXT,   /* the answer as it comes, the thought beside it */
  FACET_CLI_SHOW_EVENTS, /* JSON Lines */
  FACET_CLI_SHOW_NOTHING,
} FacetCliShow;

/* The assistant, and the main loop around one turn at a time. */
typedef struct _FacetCliTalk FacetCliTalk;

FacetCliTalk   *facet_cli_talk_new (const FacetCliOptions *options,
                                    FacetCliShow           show) G_GNUC_WARN_UNUSED_RESULT;
void            facet_cli_talk_free (FacetCliTalk *self);
FacetAssistant *facet_cli_talk_get_assistant (FacetCliTalk *self);
/* Waits until the model is loaded, saying how far it is if that is a terminal.  FALSE: it cannot
 * be, which has been said; or Ctrl-C. */
gboolean        facet_cli_talk_load (FacetCliTalk *self);
/* Runs a turn to its end; Ctrl-C stops it. */
void     facet_cli_talk_run (FacetCliTalk *self, FacetRequest *request, FacetCliResult *result);
/* Whether Ctrl-C was pressed since the last time that this was asked. */
gboolean facet_cli_talk_was_interrupted (FacetCliTalk *self);
/* Runs the main loop until @fd can be read.  FALSE: Ctrl-C. */
gboolean facet_cli_talk_wait_readable (FacetCliTalk *self, int fd);

/* With the options' settings, no messages. */
FacetRequest *facet_cli_request_new (const FacetCliOptions *options) G_GNUC_WARN_UNUSED_RESULT;
/* Says on standard error what went wrong, if anything.  Returns the exit status. */
int           facet_cli_judge (const FacetCliResult *result, const char *way_out);
/* The whole result as an object.  (transfer full) */
json_t       *facet_cli_result_to_json (const FacetCliResult *result) G_GNUC_WARN_UNUSED_RESULT;

/* The commands; @arguments begins with the command's name.  Return the exit status. */
int facet_cli_ask (char **arguments);
int facet_cli_chat (char **arguments);

G_END_DECLS
