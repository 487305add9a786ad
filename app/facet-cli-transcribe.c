/* facet-cli-transcribe.c: "facet-cli transcribe": what is said in a file, as text.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-cli"

#include "facet-cli.h"
#include "facet-transcribe.h"

static int
transcribe (FacetCliOptions *options, FacetMedia *media)
{
  FacetRequest        *request;
  FacetRequestMessage *message;

  if (facet_media_get_seconds (media) > FACET_SOUND_CLIP_SECONDS) {
    facet_cli_complain ("“%s” is %.0f s long; up to %d s can be transcribed",
                        facet_media_get_name (media), facet_media_get_seconds (media),
                        FACET_SOUND_CLIP_SECONDS);
    return FACET_CLI_FAILURE;
  }
  options->thinking = FALSE;
  if (options->temperature < 0)
    options->temperature = 0; /* the words that were said, not others like them */
  request = facet_cli_request_new (options);
  message = facet_request_add (request, FACET_ROLE_USER, FACET_TRANSCRIBE_PROMPT);
  message->attachments = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (message->attachments, g_object_ref (media));
  return facet_cli_answer (options, request);
}

int
facet_cli_transcribe (char **arguments)
{
  FacetCliOptions options;
  FacetCliMedia   media = {0};
  int             status;

  if (!facet_cli_options_parse (&options, "transcribe", "[OPTION…] FILE",
                                "Writes down what is said in a sound file of up to 30 s.",
                                FACET_CLI_HAS_JSON, arguments, &status))
    return status;
  if (options.words == NULL || options.words[0] == NULL || options.words[1] != NULL) {
    facet_cli_complain ("one file is needed\nTry “facet-cli transcribe --help”.");
    facet_cli_options_clear (&options);
    return FACET_CLI_USAGE;
  }
  options.audio = g_steal_pointer (&options.words);
  status = FACET_CLI_FAILURE;
  if (facet_cli_media_load (&media, &options))
    status = transcribe (&options, media.list->pdata[0]);
  facet_cli_media_clear (&media);
  facet_cli_options_clear (&options);
  return status;
}
