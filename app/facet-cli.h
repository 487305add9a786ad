/* facet-cli.h: Facet in a terminal: what its commands share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The answer goes to standard output and nothing else does; thoughts, progress and
 * complaints go to standard error.  Only export, import and list know the person's conversations.
 */
#pragma once

#include <jansson.h>

#include "facet-local-assistant.h"
#include "facet-media.h"

G_BEGIN_DECLS

/* Exit statuses. */
enum {
  FACET_CLI_OK = 0,
  FACET_CLI_FAILURE = 1,       /* the model, the input or the output */
  FACET_CLI_USAGE = 2,         /* what was asked for makes no sense */
  FACET_CLI_INTERRUPTED = 130, /* by Ctrl-C */
};

typedef struct {
  /* who answers; NULL: this computer */
  char    *server;
  /* the model */
  char    *model, *weights, *cache, *backend, *device;
  double   memory_share; /* of a GPU; 0: the usual */
  int      threads, context;
  gboolean text_only;
  /* the answer; sampling below 0: the model's own */
  double   temperature, top_p, min_p, repetition_penalty;
  int      top_k, max_tokens;
  gint64   seed;
  gboolean greedy, thinking, no_thinking, drop_oldest;
  char    *system;
  /* what the question is about */
  char   **images, **audio, **videos;
  int      detail; /* of the pictures; 0: the usual one */
  /* the form of the output */
  gboolean json, stream;
  char    *tools; /* a file that declares what may be called; NULL: none */
  char   **words; /* what is not an option */
} FacetCliOptions;

/* Options that not every command has. */
typedef enum {
  FACET_CLI_HAS_JSON = 1 << 0,  /* --json and --stream */
  FACET_CLI_HAS_MEDIA = 1 << 1, /* --image, --detail, --audio and --video */
  FACET_CLI_HAS_TOOLS = 1 << 2, /* --tools */
  FACET_CLI_CONVERSES = 1 << 3, /* it answers as the preferences say */
} FacetCliFlags;

/* Parses the options of a command; what no option says is as in the preferences.  @about: what it
 * does, for --help.  FALSE: *@status is the exit status, and everything has been said. */
gboolean facet_cli_options_parse (FacetCliOptions *self,
                                  const char      *command,
                                  const char      *parameters,
                                  const char      *about,
                                  FacetCliFlags    flags,
                                  char           **arguments,
                                  int             *status);
void     facet_cli_options_clear (FacetCliOptions *self);

/* Pictures, sounds and videos, imported. */
typedef struct {
  GPtrArray *list;   /* of FacetMedia */
  char      *folder; /* where their files are; NULL: there are none */
} FacetCliMedia;

/* Imports what the options name.  FALSE: it cannot be read, which has been said; @self is to be
 * cleared either way. */
gboolean facet_cli_media_load (FacetCliMedia *self, const FacetCliOptions *options);
void     facet_cli_media_clear (FacetCliMedia *self);

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

/* Loads the model, runs @request, which it takes, and prints the answer in the form that @options
 * ask for.  Returns the exit status. */
int facet_cli_answer (const FacetCliOptions *options, FacetRequest *request);

/* With the options' settings, no messages. */
FacetRequest *facet_cli_request_new (const FacetCliOptions *options) G_GNUC_WARN_UNUSED_RESULT;
/* Says on standard error what went wrong, if anything.  Returns the exit status. */
int           facet_cli_judge (const FacetCliResult *result, const char *way_out);
/* The whole result as an object.  (transfer full) */
json_t       *facet_cli_result_to_json (const FacetCliResult *result) G_GNUC_WARN_UNUSED_RESULT;

/* Parses @arguments.  FALSE: an option is wrong, which was said, or @help was asked for and shown;
 * @status says which. */
gboolean facet_cli_parse (GOptionContext *context,
                          gboolean       *help,
                          const char     *command,
                          const char     *parameters,
                          char          **arguments,
                          int            *status);

/* The server of that name or address.  NULL: there is none, which was said. */
FacetAssistant *facet_cli_servers_make_assistant (const char *name_or_address)
    G_GNUC_WARN_UNUSED_RESULT;

/* The commands; @arguments begins with the command's name.  Return the exit status. */
int facet_cli_ask (char **arguments);
int facet_cli_chat (char **arguments);
int facet_cli_export (char **arguments);
int facet_cli_import (char **arguments);
int facet_cli_list (char **arguments);
int facet_cli_models (char **arguments);

/* What --model names: a folder or file stays what it is, a name of the catalogue or the hub becomes
 * the folder where that model is.  (transfer full) NULL: it is not here, which was said. */
char *facet_cli_find_model (const char *word) G_GNUC_WARN_UNUSED_RESULT;
int   facet_cli_servers (char **arguments);
int   facet_cli_transcribe (char **arguments);

G_END_DECLS
