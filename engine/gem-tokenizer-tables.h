/* gem-tokenizer-tables.h: the look-up tables of a tokenizer.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Three open-addressing tables, made once at load and then only read, from any thread:
 *   GemVocabIndex  text → id
 *   GemPairTable   two neighbouring ids → the rank of their merge
 *   GemJoinFilter  two neighbouring characters → whether any merge joins them
 * Hashes are keyed with random numbers of this process, so that no file can be made to collide. */
#pragma once

#include <glib.h>
#include <string.h>

G_BEGIN_DECLS

#define GEM_NO_RANK G_MAXUINT32

/* Folds the 128-bit product. */
static inline guint64
gem_hash_mix (guint64 a, guint64 b)
{
  unsigned __int128 product = (unsigned __int128)a * b;

  return (guint64)product ^ (guint64)(product >> 64);
}

typedef struct {
  guint64 key[2];
} GemHashKey;

void gem_hash_key_init (GemHashKey *self);

/* Text → id */

/* Where a token's text lies in the arena. */
typedef struct {
  guint32 offset;
  guint32 length;
} GemTokenText;

/* One cache line tells whether a short text is here, and nearly always so for a long one. */
typedef struct {
  guint64 tail;      /* the text's last eight bytes; all of it where it is shorter */
  guint32 length;    /* in bytes */
  guint32 id_plus_1; /* 0: empty */
} GemVocabSlot;

typedef struct {
  GemHashKey    key;
  GemVocabSlot *slots;
  guint32       mask;
} GemVocabIndex;

/* FALSE: no memory.  Room for @n_entries. */
gboolean gem_vocab_index_init (GemVocabIndex *self, guint n_entries);
void     gem_vocab_index_clear (GemVocabIndex *self);
/* Returns @id, or the id that already has the same text. */
gint32   gem_vocab_index_insert (GemVocabIndex      *self,
                                 const char         *arena,
                                 const GemTokenText *texts,
                                 gint32              id);
/* −1: no such text. */
gint32   gem_vocab_index_find (const GemVocabIndex *self,
                               const char          *arena,
                               const GemTokenText  *texts,
                               const char          *text,
                               gsize                length);

/* Pair → rank */

typedef struct {
  gint32  left, right;
  guint32 rank; /* GEM_NO_RANK: empty */
} GemPairSlot;

typedef struct {
  GemHashKey   key;
  GemPairSlot *slots;
  guint32      mask;
} GemPairTable;

gboolean gem_pair_table_init (GemPairTable *self, guint n_entries);
void     gem_pair_table_clear (GemPairTable *self);
/* A pair that comes again gets the later rank, as in the reference. */
void     gem_pair_table_insert (GemPairTable *self, gint32 left, gint32 right, guint32 rank);

static inline guint32
gem_pair_table_slot (const GemPairTable *self, gint32 left, gint32 right)
{
  guint64 pair = (guint64)(guint32)left << 32 | (guint32)right;

  return (guint32)gem_hash_mix (pair ^ self->key.key[0], self->key.key[1]) & self->mask;
}

/* GEM_NO_RANK: the pair does not merge. */
static inline guint32
gem_pair_table_find (const GemPairTable *self, gint32 left, gint32 right)
{
  guint32 i = gem_pair_table_slot (self, left, right);

  while (self->slots[i].rank != GEM_NO_RANK) {
    if (self->slots[i].left == left && self->slots[i].right == right)
      return self->slots[i].rank;
    i = (i + 1) & self->mask;
  }
  return GEM_NO_RANK;
}

/* Characters that join.  One bit a pair, with no check whose: it may say yes for a pair that
 * never joins, which costs a little time, and never says no for one that does. */

typedef struct {
  GemHashKey key;
  guint64   *bits;
  guint32    mask;
} GemJoinFilter;

/* For a vocabulary of @n_tokens. */
gboolean gem_join_filter_init (GemJoinFilter *self, guint n_tokens);
void     gem_join_filter_clear (GemJoinFilter *self);

static inline guint32
gem_join_filter_bit (const GemJoinFilter *self, gunichar left, gunichar right)
{
  guint64 pair = (guint64)left << 32 | right;

  return (guint32)gem_hash_mix (pair ^ self->key.key[0], self->key.key[1]) & self->mask;
}

static inline void
gem_join_filter_add (GemJoinFilter *self, gunichar left, gunichar right)
{
  guint32 bit = gem_join_filter_bit (self, left, right);

  self->bits[bit / 64] |= G_GUINT64_CONSTANT (1) << bit % 64;
}

static inline gboolean
gem_join_filter_test (const GemJoinFilter *self, gunichar left, gunichar right)
{
  guint32 bit = gem_join_filter_bit (self, left, right);

  return self->bits[bit / 64] >> bit % 64 & 1;
}

G_END_DECLS
