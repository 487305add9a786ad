/* test-independent.c: text, thinking, a picture and sound through a server that is not ours.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Run by independent-server.sh, which starts `transformers serve` with the demonstration model.  It
 * decodes greedily: what it says of the samples is known. */
#include "app/facet-media-import.h"
#include "app/facet-transcribe.h"
#include "chat-server.h"
#include "tests/app/test-folder.h"

#include <string.h>

static FacetAssistant *assistant;
static char           *folder; /* of the media */

static FacetRequestMessage *
add (FacetRequest *request, const char *text, const char *sample)
{
  FacetRequestMessage *message = facet_request_add (request, FACET_ROLE_USER, text);
  g_autofree char     *path = NULL;
  g_autoptr (GFile) file = NULL;
  g_autoptr (GError) error = NULL;
  FacetMedia *media;

  if (sample == NULL)
    return message;
  path = g_build_filename (g_getenv ("FACET_SOURCE_ROOT"), "data", "demo", "samples", sample, NULL);
  file = g_file_new_for_path (path);
  media = facet_media_import_file (folder, file, sample, NULL, &error);
  g_assert_no_error (error);
  message->attachments = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (message->attachments, media);
  return message;
}

/* Asks, says what came, and makes it part of the conversation. */
static void
answer (ChatTurn *turn, FacetRequest *request)
{
  const FacetRequestMessage *question =
      g_ptr_array_index (request->messages, request->messages->len - 1);
  FacetRequestMessage *said;

  request->temperature = 0;
  request->max_tokens = 200;
  chat_turn_run (turn, assistant, request);
  g_test_message ("%.70s → (%s) %s; %u tokens read, %u written", question->text, turn->thought->str,
                  turn->error != NULL ? turn->error : turn->answer->str, turn->usage.prompt_tokens,
                  turn->usage.answer_tokens);
  g_assert_null (turn->error);
  g_assert_cmpuint (turn->answer->len, >, 0);
  g_assert_cmpuint (turn->usage.prompt_tokens, >, 0);
  said = facet_request_add (request, FACET_ROLE_ASSISTANT, turn->answer->str);
  said->thinking = g_strdup (turn->thought->str);
}

static void
assert_answer (const char *text,
               const char *sample,
               gboolean    thinking,
               const char *thought,
               const char *wanted)
{
  g_autoptr (FacetRequest) request = facet_request_new ();
  g_auto (ChatTurn) turn = {0};

  request->thinking = thinking;
  add (request, text, sample);
  answer (&turn, request);
  g_strchomp (turn.thought->str); /* the newline before the closing tag is the server's matter */
  g_assert_cmpstr (turn.thought->str, ==, thought);
  g_assert_cmpstr (turn.answer->str, ==, wanted);
}

static void
test_text (void)
{
  assert_answer ("Hi, do you send my data away?", NULL, FALSE, "",
                 "Everything runs on your computer. Nothing is sent anywhere.");
}

static void
test_thinking (void)
{
  assert_answer ("Can you work out 67 + 61?", NULL, TRUE,
                 "67 + 61. Ones: 7 + 1 = 8. Tens: 6 + 6 = 12, write 2, carry 1. So 128.",
                 "67 + 61 = 128.");
}

static void
test_picture (void)
{
  assert_answer ("What is in the picture?", "picture-7.png", FALSE, "",
                 "An orange circle to the left of a pink triangle.");
}

static void
test_sound (void)
{
  assert_answer (FACET_TRANSCRIBE_PROMPT, "speech-voice-sentence-40.wav", FALSE, "",
                 "Who moved my white coat last night?");
}

/* All of it in one conversation; what so small a model makes of so long a one is only shown. */
static void
test_conversation (void)
{
  g_autoptr (FacetRequest) request = facet_request_new ();
  g_auto (ChatTurn) text = {0};
  g_auto (ChatTurn) thought = {0};
  g_auto (ChatTurn) picture = {0};
  g_auto (ChatTurn) sound = {0};

  add (request, "What is 17 - 13?", NULL);
  answer (&text, request);
  g_assert_cmpstr (text.answer->str, ==, "17 - 13 = 4.");
  request->thinking = TRUE;
  add (request, "Can you work out 67 + 61?", NULL);
  answer (&thought, request);
  g_assert_cmpuint (thought.thought->len, >, 0);
  request->thinking = FALSE;
  add (request, "What is in the picture?", "picture-7.png");
  answer (&picture, request);
  add (request, FACET_TRANSCRIBE_PROMPT, "speech-voice-sentence-40.wav");
  answer (&sound, request);
  /* The picture was read again, and the sound behind it. */
  g_assert_cmpuint (picture.usage.prompt_tokens, >, thought.usage.prompt_tokens + 100);
  g_assert_cmpuint (sound.usage.prompt_tokens, >, picture.usage.prompt_tokens);
}

int
main (int argc, char **argv)
{
  const FacetServerInfo info = {.name = "Independent",
                                .address = g_getenv ("FACET_INDEPENDENT_ADDRESS"),
                                .model = g_getenv ("FACET_INDEPENDENT_MODEL")};
  g_autoptr (FacetServer) server = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  if (info.address == NULL || info.model == NULL)
    g_error ("independent-server.sh runs this");
  server = facet_server_new (&info);
  assistant = facet_remote_assistant_new (server, NULL, NULL, NULL);
  folder = test_folder_new ();
  g_test_add_func ("/independent/text", test_text);
  g_test_add_func ("/independent/thinking", test_thinking);
  g_test_add_func ("/independent/picture", test_picture);
  g_test_add_func ("/independent/sound", test_sound);
  g_test_add_func ("/independent/conversation", test_conversation);
  status = g_test_run ();
  g_object_unref (assistant);
  test_folder_remove (folder);
  g_free (folder);
  return status;
}
