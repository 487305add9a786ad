/* fuzz-remote.c: any bytes as what a server sends.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * As a stream of events, at once and in pieces whose sizes its own bytes choose, which must give
 * the same answer; as a refusal; and as a list of models. */
#define G_LOG_DOMAIN "fuzz-remote"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "facet-remote-answer.h"
#include "facet-remote-models.h"
#include "facet-sse.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

typedef struct {
  FacetRemoteAnswer *answer;
  GError            *error;
  GString           *thought, *text, *calls;
} Heard;

static void
heard_cb (FacetEvent *event, gpointer user_data)
{
  Heard *heard = user_data;

  g_assert (event->text == NULL || g_utf8_validate (event->text, -1, NULL));
  if (event->kind == FACET_EVENT_THOUGHT)
    g_string_append (heard->thought, event->text);
  else if (event->kind == FACET_EVENT_ANSWER)
    g_string_append (heard->text, event->text);
  else if (event->kind == FACET_EVENT_TOOL_CALL)
    g_string_append_printf (heard->calls, "%s%s", event->text, event->json);
  facet_event_free (event);
}

static gboolean
event_cb (const char *data, gsize length, gpointer user_data)
{
  Heard *heard = user_data;

  return facet_remote_answer_take (heard->answer, data, length, &heard->error);
}

/* @in_pieces: of sizes that the bytes choose.  (transfer full) */
static char *
hear (const uint8_t *data, size_t size, gboolean in_pieces, gboolean tools)
{
  Heard heard = {.thought = g_string_new (NULL),
                 .text = g_string_new (NULL),
                 .calls = g_string_new (NULL)};
  g_autoptr (FacetSse) sse = facet_sse_new (event_cb, &heard);
  char *all;

  heard.answer = facet_remote_answer_new (1, tools, heard_cb, &heard);
  for (size_t at = 0; at < size;) {
    size_t piece = in_pieces ? 1u + data[at] % 61 : size;

    piece = MIN (piece, size - at);
    if (!facet_sse_push (sse, (const char *)data + at, piece,
                         heard.error == NULL ? &heard.error : NULL))
      break;
    facet_remote_answer_flush (heard.answer);
    at += piece;
  }
  if (heard.error == NULL)
    facet_sse_finish (sse, &heard.error);
  if (heard.error == NULL)
    facet_remote_answer_finish (heard.answer, &heard.error);
  else
    facet_remote_answer_stop (heard.answer);
  g_clear_error (&heard.error);
  facet_remote_answer_free (heard.answer);
  all = g_strdup_printf ("%s|%s|%s", heard.thought->str, heard.text->str, heard.calls->str);
  g_string_free (heard.thought, TRUE);
  g_string_free (heard.text, TRUE);
  g_string_free (heard.calls, TRUE);
  return all;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GPtrArray) models = facet_remote_models_parse ((const char *)data, size);
  g_autofree char *words = facet_remote_words ((const char *)data, size);
  gboolean         tools = size > 0 && data[0] % 2 != 0;
  g_autofree char *once = hear (data, size, FALSE, tools);
  g_autofree char *pieces = hear (data, size, TRUE, tools);

  g_assert_cmpstr (once, ==, pieces);
  g_assert (words == NULL || (g_utf8_validate (words, -1, NULL) && strchr (words, '\n') == NULL));
  g_assert (models == NULL || models->len <= FACET_REMOTE_MAX_MODELS);
  return 0;
}
