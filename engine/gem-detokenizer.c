/* gem-detokenizer.c: token ids to text, all at once or as they come.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owns the bytes of a character that is not finished.  One stream belongs to one thread.  It gives
 * text only: what a control token means is the parser's business.
 *
 * As in the reference, U+2581 becomes a space in the text of a token, but not where byte tokens
 * spell it, and a byte that belongs to no character becomes U+FFFD, each one for itself.  The
 * reference then spoils the whole characters next to it in the same run of bytes as well; we keep
 * them, because they may have been shown already. */
#define G_LOG_DOMAIN "gem"

#include "gem-tokenizer-private.h"
#include "gem-utf8.h"

#define REPLACEMENT "\xef\xbf\xbd"

struct _GemDetokenizer {
  GemTokenizer *tokenizer;
  gboolean      skip_special;
  guint8        pending[4]; /* the start of a character */
  guint         n_pending;
};

GemDetokenizer *
gem_detokenizer_new (GemTokenizer *tokenizer, gboolean skip_special)
{
  GemDetokenizer *self;

  g_return_val_if_fail (tokenizer != NULL, NULL);

  self = g_new0 (GemDetokenizer, 1);
  self->tokenizer = gem_tokenizer_ref (tokenizer);
  self->skip_special = skip_special;
  return self;
}

void
gem_detokenizer_free (GemDetokenizer *self)
{
  if (self == NULL)
    return;
  gem_tokenizer_unref (self->tokenizer);
  g_free (self);
}

void
gem_detokenizer_reset (GemDetokenizer *self)
{
  g_return_if_fail (self != NULL);
  self->n_pending = 0;
}

void
gem_detokenizer_finish (GemDetokenizer *self, GString *out)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (out != NULL);

  for (; self->n_pending > 0; self->n_pending--)
    g_string_append (out, REPLACEMENT);
}

static void
push_byte (GemDetokenizer *self, guint8 byte, GString *out)
{
  gunichar c;
  gsize    length;

  self->pending[self->n_pending++] = byte;
  while (self->n_pending > 0) {
    length = gem_utf8_read (self->pending, self->pending + self->n_pending, &c);
    if (length > 0)
      g_string_append_len (out, (const char *)self->pending, (gssize)length);
    else if (gem_utf8_may_grow (self->pending, self->n_pending))
      return;
    else {
      g_string_append (out, REPLACEMENT);
      length = 1;
    }
    self->n_pending -= (guint)length;
    memmove (self->pending, self->pending + length, self->n_pending);
  }
}

static void
push_text (const char *text, gsize length, GString *out)
{
  const char *end = text + length;

  while (text < end) {
    const char *mark = memmem (text, (gsize)(end - text), GEM_SPACE_MARK_UTF8, 3);

    g_string_append_len (out, text, (mark != NULL ? mark : end) - text);
    if (mark == NULL)
      return;
    g_string_append_c (out, ' ');
    text = mark + 3;
  }
}

gboolean
gem_detokenizer_push (GemDetokenizer *self, gint32 id, GString *out)
{
  GemTokenizer *t;
  gsize         before;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (out != NULL, FALSE);

  t = self->tokenizer;
  before = out->len;
  if (!gem_tokenizer_has (t, id) || (self->skip_special && t->flags[id] & GEM_TOKEN_FLAG_SPECIAL))
    return FALSE;
  if (t->flags[id] & GEM_TOKEN_FLAG_BYTE) {
    /* <0xE2> */
    const char *text = t->arena + t->texts[id].offset;

    push_byte (self, (guint8)(g_ascii_xdigit_value (text[3]) << 4 | g_ascii_xdigit_value (text[4])),
               out);
  } else {
    gsize       length;
    const char *text = gem_tokenizer_text (t, id, &length);

    gem_detokenizer_finish (self, out);
    push_text (text, length, out);
  }
  return out->len > before;
}

void
gem_tokenizer_decode_append (GemTokenizer *self,
                             const gint32 *ids,
                             gsize         n_ids,
                             gboolean      skip_special,
                             GString      *out)
{
  GemDetokenizer stream = {.tokenizer = self, .skip_special = skip_special};

  g_return_if_fail (self != NULL);
  g_return_if_fail (ids != NULL || n_ids == 0);
  g_return_if_fail (out != NULL);

  for (gsize i = 0; i < n_ids; i++)
    gem_detokenizer_push (&stream, ids[i], out);
  gem_detokenizer_finish (&stream, out);
}

char *
gem_tokenizer_decode (GemTokenizer *self, const gint32 *ids, gsize n_ids, gboolean skip_special)
{
  GString *out;

  g_return_val_if_fail (self != NULL, NULL);

  out = g_string_new (NULL);
  gem_tokenizer_decode_append (self, ids, n_ids, skip_special, out);
  return g_string_free (out, FALSE);
}
