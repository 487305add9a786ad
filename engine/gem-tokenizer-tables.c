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

static guint64
hash_text (const GemHashKey *key, const char *text, gsize length)
{
  guint64 hash = key->key[0] ^ length;
  guint64 word;

  for (; length > 8; text += 8, length -= 8) {
    memcpy (&word, text, 8);
    hash = gem_hash_mix (hash ^ word, key->key[1]);
  }
  word = 0;
  memcpy (&word, text, length);
  return gem_hash_mix (hash ^ word, key->key[1]);
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
static GemVocabSlot *
find_slot (const GemVocabIndex *self,
           const char          *arena,
           const GemTokenText  *texts,
           const char          *text,
           gsize                length,
           guint32             *tag)
{
  guint64 hash = hash_text (&self->key, text, length);
  guint32 i = (guint32)hash & self->mask;

  *tag = (guint32)(hash >> 32);
  for (;; i = (i + 1) & self->mask) {
    GemVocabSlot       *slot = &self->slots[i];
    const GemTokenText *found;

    if (slot->id_plus_1 == 0)
      return slot;
    if (slot->tag != *tag)
      continue;
    found = &texts[slot->id_plus_1 - 1];
    if (found->length == length && memcmp (arena + found->offset, text, length) == 0)
      return slot;
  }
}

gint32
gem_vocab_index_insert (GemVocabIndex      *self,
                        const char         *arena,
                        const GemTokenText *texts,
                        gint32              id)
{
  guint32       tag;
  GemVocabSlot *slot =
      find_slot (self, arena, texts, arena + texts[id].offset, texts[id].length, &tag);

  if (slot->id_plus_1 == 0)
    *slot = (GemVocabSlot){(guint32)id + 1, tag};
  return (gint32)slot->id_plus_1 - 1;
}

gint32
gem_vocab_index_find (const GemVocabIndex *self,
                      const char          *arena,
                      const GemTokenText  *texts,
                      const char          *text,
                      gsize                length)
{
  guint32 tag;

  return (gint32)find_slot (self, arena, texts, text, length, &tag)->id_plus_1 - 1;
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
gem_join_filter_init (GemJoinFilter *self, guint n_entries)
{
  /* The real vocabulary has 34 thousand pairs of characters in 515 thousand merges, so four bits a
   * merge leave 98 of 100 other pairs apart.  More than 4 Mi bits would fall out of the cache. */
  guint32 size = MIN (2 * table_size (n_entries), 1u << 22);

  size = MAX (size, 64);
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
