/* gem-prompt-tokens.c: a prompt's segments as the ids that the model reads.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A medium becomes as many placeholders as it has soft tokens, between the tokens that open and
 * close it (docs/model/gemma4-vision.md §4, §5, gemma4-audio.md §6).  The times in front of a
 * video's frames are text like any other, and so belong to the run of text that they stand in.
 * Pure functions; any thread. */
#define G_LOG_DOMAIN "gem"

#include "gem-chat-private.h"
#include "gem-error.h"

typedef struct {
  GemTokenizer         *tokenizer;
  const GemPromptMedia *media; /* NULL: one placeholder for each */
  GString              *text;  /* a run that is not yet encoded */
  GArray               *ids;
} Output;

static gboolean
flush (Output *o, GError **error)
{
  gboolean good =
      o->text->len == 0 || gem_tokenizer_encode (o->tokenizer, o->text->str, (gssize)o->text->len,
                                                 GEM_ENCODE_PLAIN, o->ids, error);

  g_string_truncate (o->text, 0);
  return good;
}

static gboolean
put_special (Output *o, const char *token, guint n, GError **error)
{
  gint32 id = gem_tokenizer_find_special (o->tokenizer, token);

  if (id < 0) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_UNSUPPORTED,
                 "The tokenizer has no token %s, which this conversation needs. Use the "
                 "tokenizer.json of a Gemma 4 model.",
                 token);
    return FALSE;
  }
  if (!flush (o, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    g_array_append_val (o->ids, id);
  return TRUE;
}

static gboolean
put_between (Output     *o,
             const char *open,
             const char *placeholder,
             guint       n,
             const char *close,
             GError    **error)
{
  return put_special (o, open, 1, error) && put_special (o, placeholder, n, error) &&
         put_special (o, close, 1, error);
}

static gboolean
put_video (Output *o, const GemPromptVideo *video, GError **error)
{
  for (guint i = 0; i < video->n_frames; i++) {
    guint seconds = (guint)CLAMP (video->seconds[i], 0, 5999);

    g_string_append_printf (o->text, "%s%02u:%02u ", i > 0 ? " " : "", seconds / 60, seconds % 60);
    if (!put_between (o, "<|image>", "<|video|>", video->n_tokens, "<image|>", error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
check_media (const GemSegment *segment, const GArray *media, const char *what, GError **error)
{
  if (media != NULL && segment->media_index < media->len)
    return TRUE;
  g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
               "The conversation has a place for %s number %u, which is not there.", what,
               segment->media_index + 1);
  return FALSE;
}

static gboolean
put_segment (Output *o, const GemSegment *s, GError **error)
{
  const GemPromptMedia *m = o->media;
  const char           *token = gem_segment_get_token (s);

  if (s->kind == GEM_SEGMENT_TEXT) {
    g_string_append (o->text, s->text);
    return TRUE;
  }
  if (s->kind == GEM_SEGMENT_SPECIAL || m == NULL)
    return put_special (o, token, 1, error);
  switch (s->kind) {
  case GEM_SEGMENT_IMAGE:
    return check_media (s, m->images, "a picture", error) &&
           put_between (o, "<|image>", token, g_array_index (m->images, guint, s->media_index),
                        "<image|>", error);
  case GEM_SEGMENT_AUDIO:
    return check_media (s, m->audio, "a sound", error) &&
           put_between (o, "<|audio>", token, g_array_index (m->audio, guint, s->media_index),
                        "<audio|>", error);
  default:
    return check_media (s, m->videos, "a video", error) &&
           put_video (o, &g_array_index (m->videos, GemPromptVideo, s->media_index), error);
  }
}

gboolean
gem_prompt_tokenize (const GemPrompt      *self,
                     GemTokenizer         *tokenizer,
                     const GemPromptMedia *media,
                     GArray               *ids,
                     GError              **error)
{
  Output   o = {.tokenizer = tokenizer, .media = media, .text = g_string_new (NULL), .ids = ids};
  gboolean good = TRUE;

  for (guint i = 0; good && i < self->segments->len; i++)
    good = put_segment (&o, &g_array_index (self->segments, GemSegment, i), error);
  good = good && flush (&o, error);
  g_string_free (o.text, TRUE);
  return good;
}
