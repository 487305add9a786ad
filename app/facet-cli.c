/* facet-cli.c: the program: which command, what all commands' options are, and how it complains.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Text goes out as UTF-8 whatever the locale says: a model's answer is not to lose
 * its letters. */
#define G_LOG_DOMAIN "facet-cli"

#include "config.h"

#include "facet-cli.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define USAGE                                                                                      \
  "Usage:\n"                                                                                       \
  "  facet-cli COMMAND [OPTION…]\n"                                                              \
  "\n"                                                                                             \
  "Talks with a language model on this computer.\n"                                                \
  "\n"                                                                                             \
  "Commands:\n"                                                                                    \
  "  ask [TEXT]   answers one question, given as arguments, on standard input, or both\n"          \
  "  chat         holds a conversation\n"                                                          \
  "\n"                                                                                             \
  "  --help       shows this; after a command, its options\n"                                      \
  "  --version    shows the version\n"

void
facet_cli_complain (const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list          arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  fprintf (stderr, "facet-cli: %s\n", message);
}

/* The next character that must not reach a terminal, or the end. */
static const char *
find_control (const char *text)
{
  for (; *text != '\0'; text = g_utf8_next_char (text)) {
    gunichar c = g_utf8_get_char (text);

    if ((c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0))
      break;
  }
  return text;
}

void
facet_cli_write (FILE *stream, const char *text)
{
  if (!isatty (fileno (stream))) {
    fputs (text, stream);
    return;
  }
  while (*text != '\0') {
    const char *end = find_control (text);

    fwrite (text, 1, (size_t)(end - text), stream);
    if (*end == '\0')
      break;
    fputs ("\357\277\275", stream);
    text = g_utf8_next_char (end);
  }
}

gboolean
facet_cli_flush (void)
{
  static gboolean complained;

  errno = 0;
  if (fflush (stdout) == 0 && !ferror (stdout))
    return TRUE;
  if (!complained && errno != EPIPE)
    facet_cli_complain ("the answer could not be written: %s",
                        g_strerror (errno != 0 ? errno : EIO));
  complained = TRUE;
  return FALSE;
}

/* Options */

static gboolean
refuse (int *status, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list          arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  facet_cli_complain ("%s", message);
  *status = FACET_CLI_USAGE;
  return FALSE;
}

static gboolean
check (const FacetCliOptions *o, const char *given, int *status)
{
  static const char *const weights[] = {"bf16", "q8", "q4", NULL};

  if (o->weights != NULL && !g_strv_contains (weights, o->weights))
    return refuse (status, "--weights is bf16, q8 or q4, not “%s”", o->weights);
  if (o->threads < 0 || o->threads > 1024)
    return refuse (status, "--threads is a number from 1 to 1024, or 0 for one per core");
  if (o->context < 0 || (o->context > 0 && o->context < 64))
    return refuse (status, "--context is at least 64 tokens, or 0 for the usual size");
  if (o->max_tokens < 0)
    return refuse (status, "--max-tokens is 1 or more, or 0 for no limit");
  if (strchr (given, 'T') != NULL && !(o->temperature >= 0 && isfinite (o->temperature)))
    return refuse (status, "--temperature is 0 or more");
  if (strchr (given, 'K') != NULL && o->top_k < 0)
    return refuse (status, "--top-k is 1 or more, or 0 for no limit");
  if (strchr (given, 'P') != NULL && !(o->top_p > 0 && o->top_p <= 1))
    return refuse (status, "--top-p is above 0 and at most 1");
  if (strchr (given, 'M') != NULL && !(o->min_p >= 0 && o->min_p < 1))
    return refuse (status, "--min-p is at least 0 and below 1");
  if (strchr (given, 'R') != NULL &&
      !(o->repetition_penalty > 0 && isfinite (o->repetition_penalty)))
    return refuse (status, "--repetition-penalty is above 0; 1 is none");
  if (o->seed < 0)
    return refuse (status, "--seed is 1 or more, or 0 for a fresh one");
  if (o->greedy && strchr (given, 'T') != NULL)
    return refuse (status, "--greedy and --temperature exclude each other");
  if (o->stream && !o->json)
    return refuse (status, "--stream goes with --json; plain text streams anyway");
  return TRUE;
}

/* Of an option that was given, whatever its value: a letter. */
static void
note_given (GString *given, char letter, double value)
{
  if (!isnan (value))
    g_string_append_c (given, letter);
}

gboolean
facet_cli_options_parse (FacetCliOptions *self,
                         const char      *command,
                         const char      *parameters,
                         const char      *about,
                         gboolean         has_json,
                         char           **arguments,
                         int             *status)
{
  double             temperature = NAN, top_p = NAN, min_p = NAN, penalty = NAN;
  int                top_k = G_MININT;
  /* Paths and texts are taken as bytes: the locale has no say in them. */
  const GOptionEntry model[] =
      {{"model", 0, 0, G_OPTION_ARG_FILENAME, &self->model,
        "Model folder (the demonstration model)", "DIR"},
       {"weights", 0, 0, G_OPTION_ARG_STRING, &self->weights, "bf16 (as stored), q8 or q4", "KIND"},
       {"backend", 0, 0, G_OPTION_ARG_STRING, &self->backend, "auto, cpu, cuda or hip", "NAME"},
       {"threads", 0, 0, G_OPTION_ARG_INT, &self->threads, "Threads (one per core)", "N"},
       {"context", 0, 0, G_OPTION_ARG_INT, &self->context, "Tokens that the context holds (8192)",
        "N"},
       {"thinking", 0, 0, G_OPTION_ARG_NONE, &self->thinking, "Think before answering", NULL},
       {"system", 0, 0, G_OPTION_ARG_FILENAME, &self->system, "What the model is told first",
        "TEXT"},
       {"temperature", 0, 0, G_OPTION_ARG_DOUBLE, &temperature, "0 is greedy (the model's own)",
        "X"},
       {"top-k", 0, 0, G_OPTION_ARG_INT, &top_k, "Only the K likeliest tokens (the model's own)",
        "K"},
       {"top-p", 0, 0, G_OPTION_ARG_DOUBLE, &top_p, "Only tokens that make up P (the model's own)",
        "P"},
       {"min-p", 0, 0, G_OPTION_ARG_DOUBLE, &min_p, "Only tokens above P of the likeliest", "P"},
       {"repetition-penalty", 0, 0, G_OPTION_ARG_DOUBLE, &penalty, "Above 1 avoids repeating", "X"},
       {"greedy", 0, 0, G_OPTION_ARG_NONE, &self->greedy, "Always the likeliest token", NULL},
       {"seed", 0, 0, G_OPTION_ARG_INT64, &self->seed, "For the same answer again", "N"},
       {"max-tokens", 0, 0, G_OPTION_ARG_INT, &self->max_tokens, "Length of the answer at most",
        "N"},
       {"drop-oldest", 0, 0, G_OPTION_ARG_NONE, &self->drop_oldest,
        "Leave out what does not fit the context, oldest first", NULL},
       {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->words, NULL, NULL},
       {NULL}};
  const GOptionEntry json[] = {{"json", 0, 0, G_OPTION_ARG_NONE, &self->json,
                                "One JSON object instead of text", NULL},
                               {"stream", 0, 0, G_OPTION_ARG_NONE, &self->stream,
                                "With --json: one event a line, as they come", NULL},
                               {NULL}};
  g_autofree char   *usage = g_strdup_printf ("%s %s", command, parameters);
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) given = g_string_new (NULL);
  gboolean           help = FALSE;
  const GOptionEntry helps[] = {{"help", 'h', 0, G_OPTION_ARG_NONE, &help, "Show this", NULL},
                                {NULL}};

  *self = (FacetCliOptions){0};
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_add_main_entries (context, helps, NULL);
  g_option_context_add_main_entries (context, model, NULL);
  if (has_json)
    g_option_context_add_main_entries (context, json, NULL);
  g_option_context_set_summary (context, about);
  if (!g_option_context_parse_strv (context, &arguments, &error)) {
    facet_cli_options_clear (self);
    return refuse (status, "%s\nTry “facet-cli %s --help”.", error->message, command);
  }
  if (help) {
    g_autofree char *text = g_option_context_get_help (context, TRUE, NULL);
    const char      *options = strstr (text, "\n\n");

    /* GOption names the program, not the command. */
    printf ("Usage:\n  facet-cli %s%s", usage, options != NULL ? options : "\n");
    facet_cli_options_clear (self);
    *status = facet_cli_flush () ? FACET_CLI_OK : FACET_CLI_FAILURE;
    return FALSE;
  }
  note_given (given, 'T', temperature);
  note_given (given, 'K', top_k == G_MININT ? NAN : top_k);
  note_given (given, 'P', top_p);
  note_given (given, 'M', min_p);
  note_given (given, 'R', penalty);
  self->temperature = isnan (temperature) ? -1 : temperature;
  self->top_k = top_k == G_MININT ? -1 : top_k;
  self->top_p = isnan (top_p) ? -1 : top_p;
  self->min_p = isnan (min_p) ? -1 : min_p;
  self->repetition_penalty = isnan (penalty) ? -1 : penalty;
  if (check (self, given->str, status))
    return TRUE;
  facet_cli_options_clear (self);
  return FALSE;
}

void
facet_cli_options_clear (FacetCliOptions *self)
{
  g_clear_pointer (&self->model, g_free);
  g_clear_pointer (&self->weights, g_free);
  g_clear_pointer (&self->backend, g_free);
  g_clear_pointer (&self->system, g_free);
  g_clear_pointer (&self->words, g_strfreev);
}

FacetRequest *
facet_cli_request_new (const FacetCliOptions *options)
{
  FacetRequest *request = facet_request_new ();

  request->system_text = options->system != NULL ? g_utf8_make_valid (options->system, -1) : NULL;
  request->thinking = options->thinking;
  request->drop_oldest = options->drop_oldest;
  request->max_tokens = (guint)options->max_tokens;
  request->seed = (guint64)options->seed;
  request->temperature = options->greedy ? 0 : options->temperature;
  request->top_k = options->top_k;
  request->top_p = options->top_p;
  request->min_p = options->min_p;
  request->repetition_penalty = options->repetition_penalty;
  return request;
}

/* The program */

static int
show (const char *text)
{
  fputs (text, stdout);
  return facet_cli_flush () ? FACET_CLI_OK : FACET_CLI_FAILURE;
}

int
main (int argc, char **argv)
{
  const char *command = argc > 1 ? argv[1] : NULL;
  g_auto (GStrv) arguments = NULL;

  setlocale (LC_ALL, "");
  if (command == NULL) {
    fputs (USAGE, stderr);
    return FACET_CLI_USAGE;
  }
  if (g_str_equal (command, "--help") || g_str_equal (command, "-h") ||
      g_str_equal (command, "help"))
    return show (USAGE);
  if (g_str_equal (command, "--version"))
    return show ("facet-cli " FACET_VERSION "\n");

  arguments = g_strdupv (argv + 1);
  if (g_str_equal (command, "ask"))
    return facet_cli_ask (arguments);
  if (g_str_equal (command, "chat"))
    return facet_cli_chat (arguments);
  facet_cli_complain ("there is no command “%s”\nTry “facet-cli --help”.", command);
  return FACET_CLI_USAGE;
}
