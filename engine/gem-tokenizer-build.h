/* gem-tokenizer-build.h: from the parts of a tokenizer.json to a GemTokenizer.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The reader (gem-tokenizer-file.c) hands over the vocabulary, then the merges, then the added
 * tokens; the builder checks that they fit together.  Texts are copied.  The first failure is kept
 * in @error; functions that return FALSE have set it.  One thread. */
#pragma once

#include "gem-error.h"
#include "gem-json-reader.h"
#include "gem-tokenizer-private.h"

G_BEGIN_DECLS

/* An entry of added_tokens. */
typedef struct {
  GemJsonText content;
  gint64      id; /* −1: not said */
  gboolean    special, normalized, trims;
} GemAddedToken;

typedef struct {
  GemTokenizer *tokenizer; /* being filled; owned until finished */
  const char   *name;      /* of the file, for messages; borrowed */
  GError       *error;

  gsize        arena_used, arena_size;
  guint        texts_size; /* allocated entries of texts and flags */
  guint        n_vocab;    /* entries of the model's vocabulary */
  GemPairSlot *merges;     /* in the file's order */
  guint        merges_size;
  char        *joined; /* [max_length] scratch for the text of a merge */
} GemTokenizerBuilder;

/* @arena_size: bytes enough for every text and a NUL behind each. */
gboolean gem_tokenizer_builder_init (GemTokenizerBuilder *self, const char *name, gsize arena_size);
void     gem_tokenizer_builder_clear (GemTokenizerBuilder *self);

gboolean gem_tokenizer_builder_add_token (GemTokenizerBuilder *self, GemJsonText text, gint64 id);
/* After the last token and before the first merge. */
gboolean gem_tokenizer_builder_index (GemTokenizerBuilder *self);
/* In the order of their ranks. */
gboolean gem_tokenizer_builder_add_merge (GemTokenizerBuilder *self,
                                          GemJsonText          left,
                                          GemJsonText          right);
/* @unknown: the text of the token for the unknown; its data is NULL if there is none.
 * Returns: (transfer full): the finished tokenizer. */
GemTokenizer *gem_tokenizer_builder_finish (GemTokenizerBuilder *self,
                                            const GemAddedToken *added,
                                            guint                n_added,
                                            GemJsonText          unknown) G_GNUC_WARN_UNUSED_RESULT;

/* Sets the error, a sentence around @before, @text as far as it can be shown, and @after.  Returns
 * FALSE. */
gboolean gem_tokenizer_builder_fail (GemTokenizerBuilder *self,
                                     GemError             code,
                                     const char          *before,
                                     GemJsonText          text,
                                     const char          *after);
gboolean gem_tokenizer_builder_fail_memory (GemTokenizerBuilder *self);

G_END_DECLS
