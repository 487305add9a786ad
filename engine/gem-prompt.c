/* gem-prompt.c: a prompt as runs of text, special tokens and media.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owns GemPrompt and the writer that fills it.  What a person or a tool wrote only ever enters a
 * TEXT segment, and TEXT is encoded without special tokens: that is why nobody can forge a turn. It
 * knows nothing of conversations.  Pure functions; any thread. */
#define G_LOG_DOMAIN "gem"

#include <string.h>

#include "gem-chat-private.h"

static void
segment_clear (gpointer data)
{
  GemSegment *segment = data;

  g_free (segment->text);
}

GemPrompt *
gem_prompt_new (void)
{
  GemPrompt *self = g_new0 (GemPrompt, 1);

  self->segments = g_array_new (FALSE, FALSE, sizeof (GemSegment));
  g_array_set_clear_func (self->segments, segment_clear);
  return self;
}

void
gem_prompt_free (GemPrompt *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->segments);
  g_free (self);
}

const char *
gem_segment_get_token (const GemSegment *segment)
{
  switch (segment->kind) {
  case GEM_SEGMENT_TEXT:
    return NULL;
  case GEM_SEGMENT_SPECIAL:
    return segment->text;
  case GEM_SEGMENT_IMAGE:
    return "<|image|>";
  case GEM_SEGMENT_AUDIO:
    return "<|audio|>";
  case GEM_SEGMENT_VIDEO:
    return "<|video|>";
  }
  return NULL;
}

char *
gem_prompt_to_text (const GemPrompt *self)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < self->segments->len; i++) {
    const GemSegment *segment = &g_array_index (self->segments, GemSegment, i);
    const char       *token = gem_segment_get_token (segment);

    g_string_append (text, token != NULL ? token : segment->text);
  }
  return g_string_free (text, FALSE);
}

/* ---- writing --------------------------------------------------------------------------------- */

void
gem_prompt_writer_init (GemPromptWriter *self, const GemRevision *revision)
{
  *self = (GemPromptWriter){.prompt = gem_prompt_new (),
                            .text = g_string_new (NULL),
                            .revision = revision};
}

void
gem_prompt_writer_clear (GemPromptWriter *self)
{
  g_clear_pointer (&self->prompt, gem_prompt_free);
  if (self->text != NULL)
    g_string_free (g_steal_pointer (&self->text), TRUE);
}

static void
end_text (GemPromptWriter *self)
{
  GemSegment segment = {.kind = GEM_SEGMENT_TEXT};

  if (self->text->len == 0)
    return;
  segment.text = g_strndup (self->text->str, self->text->len);
  g_array_append_val (self->prompt->segments, segment);
  g_string_truncate (self->text, 0);
}

GemPrompt *
gem_prompt_writer_finish (GemPromptWriter *self)
{
  end_text (self);
  return g_steal_pointer (&self->prompt);
}

void
gem_prompt_put_text (GemPromptWriter *self, const char *text, gsize length)
{
  g_string_append_len (self->text, text, (gssize)length);
}

void
gem_prompt_put_literal (GemPromptWriter *self, const char *text)
{
  gem_prompt_put_text (self, text, strlen (text));
}

void
gem_prompt_put_special (GemPromptWriter *self, const char *token)
{
  GemSegment segment = {.kind = GEM_SEGMENT_SPECIAL};

  end_text (self);
  segment.text = g_strdup (token);
  g_array_append_val (self->prompt->segments, segment);
}

void
gem_prompt_put_media (GemPromptWriter *self, GemSegmentKind kind)
{
  GemSegment segment = {.kind = kind};

  end_text (self);
  segment.media_index = self->n_media[kind - GEM_SEGMENT_IMAGE]++;
  g_array_append_val (self->prompt->segments, segment);
}

void
gem_prompt_put_quoted (GemPromptWriter *self, const char *text, gsize length)
{
  gem_prompt_put_special (self, "<|\"|>");
  gem_prompt_put_text (self, text, length);
  gem_prompt_put_special (self, "<|\"|>");
}

/* str.isspace () for one character. */
static gboolean
is_space (gunichar c)
{
  return (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
         c == 0x205f || c == 0x3000;
}

void
gem_chat_trim (const char **text, gsize *length)
{
  const char *start = *text, *end = *text + *length;

  while (start < end && is_space (g_utf8_get_char (start)))
    start = g_utf8_next_char (start);
  while (end > start) {
    const char *last = g_utf8_prev_char (end);

    if (!is_space (g_utf8_get_char (last)))
      break;
    end = last;
  }
  *text = start;
  *length = (gsize)(end - start);
}
