/* facet-cli-ask.c: "facet-cli ask": one question, one answer.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-cli"

#include "facet-cli.h"

#include "facet-tool-call.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* More than any context holds; a mistake, not a question. */
#define MAX_QUESTION (64 << 20)

/* Standard input adds to a question when something was put there: a pipe or a file, not a terminal
 * or /dev/null. */
static gboolean
has_input (gboolean has_question)
{
  struct stat info;

  if (!has_question)
    return TRUE;
  return fstat (STDIN_FILENO, &info) == 0 && (S_ISFIFO (info.st_mode) || S_ISREG (info.st_mode));
}

/* FALSE: it cannot be read, which has been said. */
static gboolean
read_input (GString *input)
{
  char    buffer[65536];
  ssize_t n;

  while ((n = read (STDIN_FILENO, buffer, sizeof buffer)) != 0) {
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0) {
      facet_cli_complain ("standard input cannot be read: %s", g_strerror (errno));
      return FALSE;
    }
    if (input->len + (gsize)n > MAX_QUESTION) {
      facet_cli_complain ("standard input is longer than %d MiB", MAX_QUESTION >> 20);
      return FALSE;
    }
    g_string_append_len (input, buffer, n);
  }
  return TRUE;
}

/* The words, then what was piped in, as text.  NULL: it has been said why not. */
static char *
read_question (const FacetCliOptions *options, int *status)
{
  g_autoptr (GString) question = g_string_new (NULL);
  g_autoptr (GString) input = g_string_new (NULL);
  gboolean has_words = options->words != NULL && options->words[0] != NULL;
  gboolean has_media = options->images != NULL || options->audio != NULL || options->videos != NULL;

  *status = FACET_CLI_FAILURE;
  if (has_words) {
    g_autofree char *words = g_strjoinv (" ", options->words);

    g_string_append (question, words);
  }
  if (has_input (has_words || has_media) && !read_input (input))
    return NULL;
  if (question->len > 0 && input->len > 0)
    g_string_append (question, "\n\n");
  g_string_append_len (question, input->str, (gssize)input->len);
  if (!g_utf8_validate_len (question->str, question->len, NULL))
    facet_cli_complain ("the question is not all UTF-8 text; what is not was replaced");
  if (!has_media && question->str[strspn (question->str, " \t\r\n")] == '\0' &&
      strlen (question->str) == question->len) {
    facet_cli_complain ("there is no question\nTry “facet-cli ask --help”.");
    *status = FACET_CLI_USAGE;
    return NULL;
  }
  return g_utf8_make_valid (question->str, (gssize)question->len);
}

/* One byte more than is allowed tells that a file, or a pipe, has more. */
static char *
read_declarations (const char *path, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_commandline_arg (path);
  g_autoptr (GFileInputStream) stream = g_file_read (file, NULL, error);
  g_autofree char *text = g_malloc (FACET_TOOLS_MAX_BYTES + 1);
  gsize            length;

  if (stream == NULL || !g_input_stream_read_all (G_INPUT_STREAM (stream), text,
                                                  FACET_TOOLS_MAX_BYTES + 1, &length, NULL, error))
    return NULL;
  return facet_tools_read (text, length, error);
}

/* What the model may call.  FALSE: it cannot be read, which has been said. */
static gboolean
read_tools (const FacetCliOptions *options, char **tools)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;

  *tools = NULL;
  if (options->tools == NULL)
    return TRUE;
  *tools = read_declarations (options->tools, &error);
  if (*tools != NULL)
    return TRUE;
  name = g_filename_display_name (options->tools);
  facet_cli_complain ("“%s” cannot be used: %s", name, error->message);
  return FALSE;
}

static int
answer (const FacetCliOptions *options,
        const char            *question,
        const FacetCliMedia   *media,
        const char            *tools)
{
  FacetRequest        *request = facet_cli_request_new (options);
  FacetRequestMessage *message = facet_request_add (request, FACET_ROLE_USER, question);

  request->tools_json = g_strdup (tools);
  message->attachments = g_ptr_array_ref (media->list);
  return facet_cli_answer (options, request);
}

int
facet_cli_ask (char **arguments)
{
  g_autofree char *question = NULL, *tools = NULL;
  FacetCliOptions  options;
  FacetCliMedia    media = {0};
  int              status;

  if (!facet_cli_options_parse (&options, "ask", "[OPTION…] [TEXT…]",
                                "Answers one question: the words, what is on standard input, or "
                                "both "
                                "(first the words).\nThe answer goes to standard output; with "
                                "--thinking the thought goes to standard error.",
                                FACET_CLI_HAS_JSON | FACET_CLI_HAS_MEDIA | FACET_CLI_HAS_TOOLS |
                                    FACET_CLI_CONVERSES,
                                arguments, &status))
    return status;
  question = read_question (&options, &status);
  if (question != NULL) {
    status = FACET_CLI_FAILURE;
    if (read_tools (&options, &tools) && facet_cli_media_load (&media, &options))
      status = answer (&options, question, &media, tools);
    facet_cli_media_clear (&media);
  }
  facet_cli_options_clear (&options);
  return status;
}
