/* gem-tokenizer.h: text to token ids and back, for the tokenizer.json of the Gemma 3 and 4 family.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A GemTokenizer is immutable after loading and may be used from several threads.  A GemDetokenizer is
 * one stream and belongs to one thread.
 *
 *   g_autoptr (GemTokenizer) t = gem_tokenizer_new_from_file (path, &error);
 *   g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
 *   gem_tokenizer_encode (t, text, -1, GEM_ENCODE_PLAIN, ids, &error);
 *
 * Algorithm: BPE with byte fallback over U+2581-for-space text; docs/model/gemma4-chat.md §1.2. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _GemTokenizer   GemTokenizer;
typedef struct _GemDetokenizer GemDetokenizer;

typedef enum {
  GEM_ENCODE_PLAIN   = 0,      /* special tokens in the text are plain text: what people and tools write */
  GEM_ENCODE_SPECIAL = 1 << 0, /* special tokens are recognised: our own prompt text only */
} GemEncodeFlags;

typedef enum {
  GEM_TOKEN_TEXT,
  GEM_TOKEN_BYTE,    /* one byte of a character, <0x00>…<0xFF> */
  GEM_TOKEN_SPECIAL, /* a control token: <|turn>, <eos>, … */
} GemTokenKind;

/* Reads and checks a tokenizer.json (bounded: at most 256 MiB, 4 M entries).  A tokenizer of another
 * algorithm is GEM_ERROR_UNSUPPORTED. */
GemTokenizer *gem_tokenizer_new_from_file (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
GemTokenizer *gem_tokenizer_new_from_data (const char *data, gsize length, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
GemTokenizer *gem_tokenizer_ref (GemTokenizer *self);
void          gem_tokenizer_unref (GemTokenizer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GemTokenizer, gem_tokenizer_unref)

guint        gem_tokenizer_get_n_tokens (GemTokenizer *self);
GemTokenKind gem_tokenizer_get_kind (GemTokenizer *self, gint32 id);
/* The token's text as in the file (U+2581 not replaced).  (transfer none), NULL for an id outside. */
const char *gem_tokenizer_get_text (GemTokenizer *self, gint32 id);
/* The id of a special token by its text ("<|turn>"), −1 if this tokenizer has none. */
gint32 gem_tokenizer_find_special (GemTokenizer *self, const char *text);

/* Appends the ids (gint32) of @text to @ids; adds no BOS.  @length −1: NUL-terminated.  Text that is not UTF-8 has
 * every bad byte replaced by U+FFFD.  Time is linear up to a logarithm: 1 MB in well under a second.
 * Fails only when memory is short. */
gboolean gem_tokenizer_encode (GemTokenizer *self, const char *text, gssize length, GemEncodeFlags flags, GArray *ids, GError **error);
/* Only counts. */
gsize gem_tokenizer_count (GemTokenizer *self, const char *text, gssize length, GemEncodeFlags flags);
/* The text of a whole sequence.  (transfer full)  Text can hold U+0000: where that matters, take the length from
 * gem_tokenizer_decode_append (). */
char *gem_tokenizer_decode (GemTokenizer *self, const gint32 *ids, gsize n_ids, gboolean skip_special) G_GNUC_WARN_UNUSED_RESULT;
/* The same, appended to @out, whose length counts every character. */
void gem_tokenizer_decode_append (GemTokenizer *self, const gint32 *ids, gsize n_ids, gboolean skip_special, GString *out);

/* An incremental decoder: what it has emitted is always whole UTF-8 characters. */
GemDetokenizer *gem_detokenizer_new (GemTokenizer *tokenizer, gboolean skip_special);
void            gem_detokenizer_free (GemDetokenizer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GemDetokenizer, gem_detokenizer_free)
/* Appends to @out what the token @id completes: nothing while a character is unfinished.  FALSE if nothing. */
gboolean gem_detokenizer_push (GemDetokenizer *self, gint32 id, GString *out);
/* The end of the stream: an unfinished character becomes U+FFFD. */
void gem_detokenizer_finish (GemDetokenizer *self, GString *out);
void gem_detokenizer_reset (GemDetokenizer *self);

G_END_DECLS
