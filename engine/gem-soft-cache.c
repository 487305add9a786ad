/* gem-soft-cache.c: soft tokens that were made before, the latest used ones within a bound.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A table into a queue, whose head was used last.  One thread. */
#define G_LOG_DOMAIN "gem"

#include "gem-media.h"

struct _GemSoftCache {
  GHashTable *links; /* key (the soft tokens' own) → link of the queue */
  GQueue      queue; /* of GemSoft; the head was used last */
  gsize       bytes, max_bytes;
};

static gsize
count_bytes (const GemSoft *soft)
{
  return (gsize)soft->n * soft->width * sizeof (float);
}

GemSoftCache *
gem_soft_cache_new (gsize max_bytes)
{
  GemSoftCache *self = g_new0 (GemSoftCache, 1);

  self->links = g_hash_table_new (g_str_hash, g_str_equal);
  self->max_bytes = max_bytes;
  g_queue_init (&self->queue);
  return self;
}

void
gem_soft_cache_free (GemSoftCache *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->links);
  g_queue_clear_full (&self->queue, (GDestroyNotify)gem_soft_unref);
  g_free (self);
}

GemSoft *
gem_soft_cache_lookup (GemSoftCache *self, const char *key)
{
  GList *link = g_hash_table_lookup (self->links, key);

  if (link == NULL)
    return NULL;
  g_queue_unlink (&self->queue, link);
  g_queue_push_head_link (&self->queue, link);
  return gem_soft_ref (link->data);
}

static void
drop (GemSoftCache *self, GList *link)
{
  GemSoft *soft = link->data;

  g_hash_table_remove (self->links, soft->key);
  self->bytes -= count_bytes (soft);
  g_queue_delete_link (&self->queue, link);
  gem_soft_unref (soft);
}

void
gem_soft_cache_insert (GemSoftCache *self, GemSoft *soft)
{
  GList *old = soft->key != NULL ? g_hash_table_lookup (self->links, soft->key) : NULL;

  if (soft->key == NULL || count_bytes (soft) > self->max_bytes)
    return;
  if (old != NULL)
    drop (self, old);
  while (self->bytes + count_bytes (soft) > self->max_bytes)
    drop (self, self->queue.tail);
  g_queue_push_head (&self->queue, gem_soft_ref (soft));
  g_hash_table_insert (self->links, soft->key, self->queue.head);
  self->bytes += count_bytes (soft);
}
