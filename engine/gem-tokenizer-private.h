/* gem-tokenizer-private.h: a tokenizer's tables, shared by loading, encoding and decoding.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * gem-tokenizer-file.c fills the struct; afterwards it never changes. */
#pragma once

#include "gem-tokenizer.h"
#include "gem-tokenizer-tables.h"

G_BEGIN_DECLS

#define GEM_TOKENIZER_MAX_BYTES  (256u << 20) /* of the file */
#define GEM_TOKENIZER_MAX_TOKENS (4u << 20)   /* ids are below */
#define GEM_TOKENIZER_MAX_MERGES (4u << 20)
#define GEM_TOKENIZER_MAX_ADDED  (1u << 18)
/* Bytes of an added token, so that looking for them stays linear. */
#define GEM_TOKENIZER_MAX_ADDED_LENGTH 256u

enum {
  GEM_TOKEN_FLAG_PRESENT = 1 << 0, /* ids need not be contiguous */
  GEM_TOKEN_FLAG_BYTE = 1 << 1,
  GEM_TOKEN_FLAG_ADDED = 1 << 2,
  GEM_TOKEN_FLAG_SPECIAL = 1 << 3,
};

/* The tokens that are cut out of a text before BPE, sorted by their bytes: a trie laid flat.  Going
 * one byte deeper is narrowing a range. */
typedef struct {
  gint32 *ids;
  guint   n_ids;
  guint   first[257]; /* [b]…[b + 1]: those that begin with byte b */
} GemAddedSet;

struct _GemTokenizer {
  gint ref_count; /* atomic; by the inline operations, which thread sanitizers see */

  /* The vocabulary, by id. */
  guint         n_tokens;   /* the highest id + 1 */
  GemTokenText *texts;      /* [n_tokens] */
  guint8       *flags;      /* [n_tokens] GEM_TOKEN_FLAG_… */
  char         *arena;      /* every text, each with a final NUL */
  guint32       max_length; /* of a text, in bytes */
  GemVocabIndex index;      /* of the model's vocabulary, without tokens that were only added */

  /* Byte pair encoding. */
  guint         n_merges;
  gint32       *merged; /* [n_merges] what the pair of a rank becomes */
  GemPairTable  pairs;
  GemJoinFilter joins;
  gboolean      byte_fallback;
  gint32        byte_ids[256]; /* all there where byte_fallback */
  gint32        unknown_id;    /* −1: unknown characters are left out */
  gboolean      fuse_unknown;  /* a run of unknown characters is one token */
  gboolean      ignore_merges; /* a text that is a token as a whole is that token */

  GemAddedSet raw_added;        /* looked for in the text as it is */
  GemAddedSet normalized_added; /* looked for after spaces have become U+2581 */
};

/* An empty tokenizer, to be filled. */
GemTokenizer *gem_tokenizer_alloc (void);

static inline const char *
gem_tokenizer_text (const GemTokenizer *self, gint32 id, gsize *length)
{
  *length = self->texts[id].length;
  return self->arena + self->texts[id].offset;
}

static inline gboolean
gem_tokenizer_has (const GemTokenizer *self, gint32 id)
{
  return id >= 0 && (guint)id < self->n_tokens && self->flags[id] & GEM_TOKEN_FLAG_PRESENT;
}

static inline gint32
gem_tokenizer_find (const GemTokenizer *self, const char *text, gsize length)
{
  return gem_vocab_index_find (&self->index, self->arena, self->texts, text, length);
}

/* The longest token of @set at the start of @text; −1 if none.  @matched: its length. */
gint32 gem_added_set_match (const GemAddedSet  *set,
                            const GemTokenizer *tokenizer,
                            const guint8       *text,
                            gsize               length,
                            gsize              *matched);

G_END_DECLS
