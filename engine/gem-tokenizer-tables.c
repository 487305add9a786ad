/* gem-tokenizer-tables.c: making and filling the look-up tables; see gem-tokenizer-tables.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owns the slots of each table.  Runs on the thread that loads a tokenizer, except
 * gem_vocab_index_find (), which reads only and runs anywhere.  Tables do not grow: their number of
 * entries is known when they are made. */
#define G_LOG_DOMAIN "gem"

#include "gem-tokenizer-tables.h"

void
gem_hash_key_init (GemHashKey *self)
{
  for (int i = 0; i < 2; i++)
    self->key[i] = (guint64)g_random_int () << 32 | g_random_int ();
  self->key[1] |= 1; /* a factor of 0 would map everything to one place */
}

/* A power of two that leaves at least half of the slots empty. */
static guint32
table_size (guint n_entries)
{
  guint32 size = 16;

  while (size < 2 * (guint64)n_entries)
    size *= 2;
  return size;
}

/* Text → id */

/* Different for different texts of one length up to eight. */
static inline guint64
text_tail (const char *text, gsize length)
{
  const guint8 *bytes = (const guint8 *)text;
  guint64       tail;
  guint32       first, last;

  if (length >= 8) {
    memcpy (&tail, text + length - 8, 8);
    return tail;
  }
  if (length >= 4) {
    memcpy (&first, text, 4);
    memcpy (&last, text + length - 4, 4);
    return first | (guint64)last << 32;
  }
  return length == 0 ? 0 : (guint64)(bytes[0] | bytes[length / 2] << 8 | bytes[length - 1] << 16);
}

static inline guint64
hash_text (const GemHashKey *key, const char *text, gsize length, guint64 tail)
{
  guint64 hash = key->key[0] ^ length;
  guint64 word;

  for (; length > 8; text += 8, length -= 8) {
    memcpy (&word, text, 8);
    hash = gem_hash_mix (hash ^ word, key->key[1]);
  }
  return gem_hash_mix (hash ^ tail, key->key[1]);
}

gboolean
gem_vocab_index_init (GemVocabIndex *self, guint n_entries)
{
  guint32 size = table_size (n_entries);

  gem_hash_key_init (&self->key);
  self->slots = g_try_new0 (GemVocabSlot, size);
  self->mask = size - 1;
  return self->slots != NULL;
}

void
gem_vocab_index_clear (GemVocabIndex *self)
{
  g_clear_pointer (&self->slots, g_free);
}

/* The slot that holds the text, or the empty one where it belongs. */
static inline GemVocabSlot *
find_slot (const GemVocabIndex *self,
           const char          *arena,
           const GemTokenText  *texts,
           const char          *text,
           gsize                length,
           guint64              tail)
{
  guint32 i = (guint32)hash_text (&self->key, text, length, tail) & self->mask;

  for (;; i = (i + 1) & self->mask) {
    GemVocabSlot *slot = &self->slots[i];

    if (slot->id_plus_1 == 0)
      return slot;
    if (slot->tail == tail && slot->length == length &&
        (length <= 8 || memcmp (arena + texts[slot->id_plus_1 - 1].offset, text, length) == 0))
      return slot;
  }
}

gint32
gem_vocab_index_insert (GemVocabIndex      *self,
                        const char         *arena,
                        const GemTokenText *texts,
                        gint32              id)
{
  const char   *text = arena + texts[id].offset;
  guint32       length = texts[id].length;
  guint64       tail = text_tail (text, length);
  GemVocabSlot *slot = find_slot (self, arena, texts, text, length, tail);

  if (slot->id_plus_1 == 0)
    *slot = (GemVocabSlot){tail, length, (guint32)id + 1};
  return (gint32)slot->id_plus_1 - 1;
}

gint32
gem_vocab_index_find (const GemVocabIndex *self,
                      const char          *arena,
                      const GemTokenText  *texts,
                      const char          *text,
                      gsize                length)
{
  return (gint32)find_slot (self, arena, texts, text, length, text_tail (text, length))->id_plus_1 -
         1;
}

/* Pair → rank */

gboolean
gem_pair_table_init (GemPairTable *self, guint n_entries)
{
  guint32 size = table_size (n_entries);

  gem_hash_key_init (&self->key);
  self->slots = g_try_new (GemPairSlot, size);
  self->mask = size - 1;
  if (self->slots == NULL)
    return FALSE;
  for (guint32 i = 0; i < size; i++)
    self->slots[i].rank = GEM_NO_RANK;
  return TRUE;
}

void
gem_pair_table_clear (GemPairTable *self)
{
  g_clear_pointer (&self->slots, g_free);
}

void
gem_pair_table_insert (GemPairTable *self, gint32 left, gint32 right, guint32 rank)
{
  guint32 i = gem_pair_table_slot (self, left, right);

  while (self->slots[i].rank != GEM_NO_RANK &&
         (self->slots[i].left != left || self->slots[i].right != right))
    i = (i + 1) & self->mask;
  self->slots[i] = (GemPairSlot){left, right, rank};
}

/* Characters that join */

gboolean
gem_join_filter_init (GemJoinFilter *self, guint n_tokens)
{
  /* The real vocabulary has 34 thousand joining pairs of characters in 262 thousand tokens, so
   * eight bits a token set 98 of 100 others apart.  More than 4 Mi bits would fall out of the
   * cache. */
  guint32 size = MIN (4 * table_size (n_tokens), 1u << 22);

  gem_hash_key_init (&self->key);
  self->bits = g_try_new0 (guint64, size / 64);
  self->mask = size - 1;
  return self->bits != NULL;
}

void
gem_join_filter_clear (GemJoinFilter *self)
{
  g_clear_pointer (&self->bits, g_free);
}
