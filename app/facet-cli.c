/* facet-cli.c: the program: which command, what all commands' options are, and how it complains.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Text goes out as UTF-8 whatever the locale says: a model's answer is not to lose
 * its letters. */
#define G_LOG_DOMAIN "facet-cli"

#include "config.h"

#include "facet-cli.h"

#include "facet-settings.h"

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
  "Talks with a language model on this computer, or with one on a server.\n"                       \
  "\n"                                                                                             \
  "Commands:\n"                                                                                    \
  "  ask [TEXT]   answers one question, given as arguments, on standard input, or both\n"          \
  "  chat         holds a conversation\n"                                                          \
  "  transcribe FILE\n"                                                                            \
  "               writes down what is said in a sound file of up to 30 s\n"                        \
  "  list         lists the conversations that are kept, with their numbers\n"                     \
  "  export NUMBER…\n"                                                                           \
  "               writes conversations as Markdown, JSON or HTML\n"                                \
  "  models       downloads, lists, verifies and removes models\n"                                 \
  "  servers      lists, adds, removes and tests servers that may answer instead\n"                \
  "  import FILE… reads conversations from Facet, ChatGPT or OpenAI-style JSON\n"                \
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

/* What tells an option that was not given from every value that it may have. */
#define NOT_GIVEN       NAN
#define NOT_GIVEN_INT   G_MININT
#define NOT_GIVEN_INT64 G_MININT64

static gboolean
check_sampling (const FacetCliOptions *o, int *status)
{
  if (!isnan (o->temperature) && !(o->temperature >= 0 && isfinite (o->temperature)))
    return refuse (status, "--temperature is 0 or more");
  if (o->top_k != NOT_GIVEN_INT && o->top_k < 0)
    return refuse (status, "--top-k is 1 or more, or 0 for no limit");
  if (!isnan (o->top_p) && !(o->top_p > 0 && o->top_p <= 1))
    return refuse (status, "--top-p is above 0 and at most 1");
  if (!isnan (o->min_p) && !(o->min_p >= 0 && o->min_p < 1))
    return refuse (status, "--min-p is at least 0 and below 1");
  if (!isnan (o->repetition_penalty) &&
      !(o->repetition_penalty > 0 && isfinite (o->repetition_penalty)))
    return refuse (status, "--repetition-penalty is above 0; 1 is none");
  if (o->seed != NOT_GIVEN_INT64 && o->seed < 0)
    return refuse (status, "--seed is 1 or more, or 0 for a fresh one");
  if (o->greedy && !isnan (o->temperature))
    return refuse (status, "--greedy and --temperature exclude each other");
  return TRUE;
}

static gboolean
check (const FacetCliOptions *o, int *status)
{
  static const char *const weights[] = {"bf16", "q8", "q4", NULL};

  if (o->server != NULL &&
      (o->model != NULL || o->weights != NULL || o->cache != NULL ||
                            o->backend != NULL || o->device != NULL ||
       o->threads != NOT_GIVEN_INT || o->context != NOT_GIVEN_INT))
    return refuse (status, "--server excludes the options of this computer's model: --model, "
                           "--weights, --cache, --device, --backend, --threads and --context");
  if (o->weights != NULL && !g_strv_contains (weights, o->weights))
    return refuse (status, "--weights is bf16, q8 or q4, not “%s”", o->weights);
  if (o->cache != NULL && !g_str_equal (o->cache, "f32") && !g_str_equal (o->cache, "bf16"))
    return refuse (status, "--cache is f32 or bf16, not “%s”", o->cache);
  if (o->threads != NOT_GIVEN_INT && (o->threads < 0 || o->threads > 1024))
    return refuse (status, "--threads is a number from 1 to 1024, or 0 for one per core");
  if (!(o->memory_share >= 0 && o->memory_share <= 1))
    return refuse (status, "--gpu-memory is above 0 and at most 1");
  if (o->context != NOT_GIVEN_INT && o->context != 0 && o->context < 64)
    return refuse (status, "--context is at least 64 tokens, or 0 for the usual size");
  if (o->max_tokens != NOT_GIVEN_INT && o->max_tokens < 0)
    return refuse (status, "--max-tokens is 1 or more, or 0 for no limit");
  if (o->detail != 0 && o->detail != 70 && o->detail != 140 && o->detail != 280 &&
      o->detail != 560 && o->detail != 1120)
    return refuse (status, "--detail is 70, 140, 280, 560 or 1120");
  if (o->detail != 0 && o->images == NULL)
    return refuse (status, "--detail goes with --image");
  if (o->text_only && (o->images != NULL || o->audio != NULL || o->videos != NULL))
    return refuse (status, "--text-only excludes --image, --audio and --video");
  if (o->thinking && o->no_thinking)
    return refuse (status, "--thinking and --no-thinking exclude each other");
  if (o->stream && !o->json)
    return refuse (status, "--stream goes with --json; plain text streams anyway");
  return check_sampling (o, status);
}

/* Paths and texts are taken as bytes: the locale has no say in them. */
static GOptionContext *
make_context (FacetCliOptions *o, const char *about, FacetCliFlags flags, gboolean *help)
{
  const GOptionEntry entries[] =
      {{"help", 'h', 0, G_OPTION_ARG_NONE, help, "Show this", NULL},
       {"server", 0, 0, G_OPTION_ARG_FILENAME, &o->server,
        "Let a server answer; everything is sent there (see “facet-cli servers”)", "NAME|ADDRESS"},
       {"model", 0, 0, G_OPTION_ARG_FILENAME, &o->model,
        "Model folder or .gguf file, or a name that “facet-cli models” knows; '' is the demonstration model",
        "PATH|NAME"},
       {"weights", 0, 0, G_OPTION_ARG_STRING, &o->weights, "bf16 (as stored), q8 or q4", "KIND"},
       {"cache", 0, 0, G_OPTION_ARG_STRING, &o->cache,
        "Keys and values: f32 (exact) or bf16 (half the memory)", "KIND"},
       {"device", 0, 0, G_OPTION_ARG_STRING, &o->device,
        "auto, cpu, a GPU's name or a part of it, or cuda:1", "NAME"},
       {"backend", 0, 0, G_OPTION_ARG_STRING, &o->backend, "auto, cpu, cuda or hip", "NAME"},
       {"gpu-memory", 0, 0, G_OPTION_ARG_DOUBLE, &o->memory_share,
        "Of a GPU's memory at most this part", "SHARE"},
       {"threads", 0, 0, G_OPTION_ARG_INT, &o->threads, "Threads; 0 is one per core", "N"},
       {"context", 0, 0, G_OPTION_ARG_INT, &o->context, "Tokens that the context holds; 0 is 8192",
        "N"},
       {"text-only", 0, 0, G_OPTION_ARG_NONE, &o->text_only,
        "Leave out the encoders for pictures and sound", NULL},
       {"thinking", 0, 0, G_OPTION_ARG_NONE, &o->thinking, "Think before answering", NULL},
       {"no-thinking", 0, 0, G_OPTION_ARG_NONE, &o->no_thinking, "Answer without thinking", NULL},
       {"system", 0, 0, G_OPTION_ARG_FILENAME, &o->system, "What the model is told first", "TEXT"},
       {"temperature", 0, 0, G_OPTION_ARG_DOUBLE, &o->temperature, "0 is greedy", "X"},
       {"top-k", 0, 0, G_OPTION_ARG_INT, &o->top_k, "Only the K likeliest tokens", "K"},
       {"top-p", 0, 0, G_OPTION_ARG_DOUBLE, &o->top_p, "Only tokens that make up P", "P"},
       {"min-p", 0, 0, G_OPTION_ARG_DOUBLE, &o->min_p, "Only tokens above P of the likeliest", "P"},
       {"repetition-penalty", 0, 0, G_OPTION_ARG_DOUBLE, &o->repetition_penalty,
        "Above 1 avoids repeating", "X"},
       {"greedy", 0, 0, G_OPTION_ARG_NONE, &o->greedy, "Always the likeliest token", NULL},
       {"seed", 0, 0, G_OPTION_ARG_INT64, &o->seed, "For the same answer again; 0 is a fresh one",
        "N"},
       {"max-tokens", 0, 0, G_OPTION_ARG_INT, &o->max_tokens,
        "Length of the answer at most; 0 is no limit", "N"},
       {"drop-oldest", 0, 0, G_OPTION_ARG_NONE, &o->drop_oldest,
        "Leave out what does not fit, oldest first", NULL},
       {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->words, NULL, NULL},
       {NULL}};
  const GOptionEntry media_entries[] =
      {{"image", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->images, "A picture; may be repeated",
        "FILE"},
       {"detail", 0, 0, G_OPTION_ARG_INT, &o->detail,
        "Tokens of a picture: 70, 140, 280 (usual), 560 or 1120", "N"},
       {"audio", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->audio, "A sound; may be repeated", "FILE"},
       {"video", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->videos, "A video; may be repeated", "FILE"},
       {NULL}};
  const GOptionEntry json_entries[] = {{"json", 0, 0, G_OPTION_ARG_NONE, &o->json,
                                        "One JSON object instead of text", NULL},
                                       {"stream", 0, 0, G_OPTION_ARG_NONE, &o->stream,
                                        "With --json: one event a line, as they come", NULL},
                                       {NULL}};
  const GOptionEntry tools_entries[] = {{"tools", 0, 0, G_OPTION_ARG_FILENAME, &o->tools,
                                         "Declares what the model may call (JSON, OpenAI's form)",
                                         "FILE"},
                                        {NULL}};
  GOptionContext    *context = g_option_context_new (NULL);

  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_summary (context, about);
  g_option_context_add_main_entries (context, entries, NULL);
  if (flags & FACET_CLI_HAS_MEDIA)
    g_option_context_add_main_entries (context, media_entries, NULL);
  if (flags & FACET_CLI_HAS_TOOLS)
    g_option_context_add_main_entries (context, tools_entries, NULL);
  if (flags & FACET_CLI_HAS_JSON)
    g_option_context_add_main_entries (context, json_entries, NULL);
  return context;
}

/* GOption names the program in its first lines, not the command. */
static int
show_help (GOptionContext *context, const char *command, const char *parameters)
{
  g_autofree char *text = g_option_context_get_help (context, TRUE, NULL);
  const char      *options = strstr (text, "\n\n");

  printf ("Usage:\n  facet-cli %s %s%s", command, parameters, options != NULL ? options : "\n");
  return facet_cli_flush () ? FACET_CLI_OK : FACET_CLI_FAILURE;
}

gboolean
facet_cli_parse (GOptionContext *context,
                 gboolean       *help,
                 const char     *command,
                 const char     *parameters,
                 char          **arguments,
                 int            *status)
{
  g_autoptr (GError) error = NULL;

  if (!g_option_context_parse_strv (context, &arguments, &error))
    return refuse (status, "%s\nTry “facet-cli %s --help”.", error->message, command);
  if (!*help)
    return TRUE;
  *status = show_help (context, command, parameters);
  return FALSE;
}

/* FALSE: it is not here, which was said. */
static gboolean
find_model (FacetCliOptions *o, int *status)
{
  g_autofree char *given = g_steal_pointer (&o->model);

  if (given == NULL)
    return TRUE;
  o->model = facet_cli_find_model (given);
  *status = FACET_CLI_FAILURE;
  return o->model != NULL;
}

/* Below 0 is how a request says "the model's own". */
static void
settle_sampling (FacetCliOptions *o, GSettings *settings)
{
  FacetSampling usual =
      settings != NULL ? facet_settings_get_sampling (settings) : FACET_SAMPLING_OF_MODEL;

  if (isnan (o->temperature))
    o->temperature = usual.temperature;
  if (o->top_k == NOT_GIVEN_INT)
    o->top_k = usual.top_k;
  if (isnan (o->top_p))
    o->top_p = usual.top_p;
  if (isnan (o->min_p))
    o->min_p = usual.min_p;
  if (isnan (o->repetition_penalty))
    o->repetition_penalty = usual.repetition_penalty;
  if (o->seed == NOT_GIVEN_INT64)
    o->seed = (gint64)usual.seed;
  if (o->max_tokens == NOT_GIVEN_INT)
    o->max_tokens = (int)usual.max_tokens;
  if (!o->thinking && !o->no_thinking && settings != NULL)
    o->thinking = g_settings_get_boolean (settings, "think-by-default");
}

/* A backend that was asked for is not to be overruled by a device of the preferences. */
static void
settle_model (FacetCliOptions *o, GSettings *settings)
{
  if (o->threads == NOT_GIVEN_INT)
    o->threads = settings != NULL ? g_settings_get_int (settings, "threads") : 0;
  if (o->context == NOT_GIVEN_INT)
    o->context = settings != NULL ? (int)g_settings_get_uint (settings, "context-size") : 0;
  if (settings == NULL)
    return;
  if (o->model == NULL)
    o->model = g_settings_get_string (settings, "model-folder");
  if (o->weights == NULL)
    o->weights = g_settings_get_string (settings, "weights");
  if (o->cache == NULL)
    o->cache = g_settings_get_string (settings, "cache-type");
  if (o->device == NULL && o->backend == NULL)
    o->device = g_settings_get_string (settings, "device");
  if (o->memory_share == 0)
    o->memory_share = g_settings_get_double (settings, "gpu-memory-share");
}

gboolean
facet_cli_options_parse (FacetCliOptions *self,
                         const char      *command,
                         const char      *parameters,
                         const char      *about,
                         FacetCliFlags    flags,
                         char           **arguments,
                         int             *status)
{
  gboolean help = FALSE;
  g_autoptr (GOptionContext) context = NULL;

  *self = (FacetCliOptions){.temperature = NOT_GIVEN,
                            .top_k = NOT_GIVEN_INT,
                            .top_p = NOT_GIVEN,
                            .min_p = NOT_GIVEN,
                            .repetition_penalty = NOT_GIVEN,
                            .seed = NOT_GIVEN_INT64,
                            .max_tokens = NOT_GIVEN_INT,
                            .threads = NOT_GIVEN_INT,
                            .context = NOT_GIVEN_INT};
  context = make_context (self, about, flags, &help);
  if (facet_cli_parse (context, &help, command, parameters, arguments, status) &&
      check (self, status) && find_model (self, status)) {
    GSettings *settings = facet_settings_get_default ();

    settle_model (self, settings);
    settle_sampling (self, flags & FACET_CLI_CONVERSES ? settings : NULL);
    return TRUE;
  }
  facet_cli_options_clear (self);
  return FALSE;
}

void
facet_cli_options_clear (FacetCliOptions *self)
{
  g_clear_pointer (&self->server, g_free);
  g_clear_pointer (&self->model, g_free);
  g_clear_pointer (&self->weights, g_free);
  g_clear_pointer (&self->cache, g_free);
  g_clear_pointer (&self->backend, g_free);
  g_clear_pointer (&self->device, g_free);
  g_clear_pointer (&self->system, g_free);
  g_clear_pointer (&self->images, g_strfreev);
  g_clear_pointer (&self->audio, g_strfreev);
  g_clear_pointer (&self->videos, g_strfreev);
  g_clear_pointer (&self->tools, g_free);
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
  if (g_str_equal (command, "transcribe"))
    return facet_cli_transcribe (arguments);
  if (g_str_equal (command, "list"))
    return facet_cli_list (arguments);
  if (g_str_equal (command, "models"))
    return facet_cli_models (arguments);
  if (g_str_equal (command, "servers"))
    return facet_cli_servers (arguments);
  if (g_str_equal (command, "export"))
    return facet_cli_export (arguments);
  if (g_str_equal (command, "import"))
    return facet_cli_import (arguments);
  facet_cli_complain ("there is no command “%s”\nTry “facet-cli --help”.", command);
  return FACET_CLI_USAGE;
}
