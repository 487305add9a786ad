/* gem-cache.c: lays the caches of all layers out in one device buffer, and knows what a ring still
 * holds.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Storing and reading keys is the decoder's work (rope_store, attention).  This file only decides
 * how many slots a layer has, and answers whether a position's window is still complete after other
 * positions were stored over the ring.  Engine thread only. */
#define G_LOG_DOMAIN "gem"

#include "gem-cache.h"

#define ALIGNMENT 256 /* of every view; suits vector loads on any device */

static gsize
element_size (KrnType type)
{
  return type == KRN_BF16 ? 2 : 4;
}

static guint
ring_slots (const GemTextConfig *config, guint n_ctx, guint max_rows)
{
  return MIN (n_ctx, (guint)config->sliding_window + max_rows + GEM_CACHE_REWIND);
}

static guint
layer_slots (const GemTextConfig *config, int layer, guint n_ctx, guint max_rows)
{
  return config->layer_types[layer] == GEM_LAYER_FULL ? n_ctx
                                                      : ring_slots (config, n_ctx, max_rows);
}

static gint32
layer_width (const GemTextConfig *config, int layer)
{
  return gem_text_config_n_kv_heads (config, layer) * gem_text_config_head_dim (config, layer);
}

/* The bytes of K (or V) of one layer, aligned. */
static guint64
view_bytes (const GemTextConfig *config, int layer, KrnType type, guint n_ctx, guint max_rows)
{
  guint64 bytes = (guint64)layer_slots (config, layer, n_ctx, max_rows) *
                  (guint64)layer_width (config, layer) * element_size (type);

  return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

guint64
gem_cache_bytes (const GemTextConfig *config, KrnType type, guint n_ctx, guint max_rows)
{
  guint64 bytes = 0;

  for (int l = 0; l < config->first_shared; l++)
    bytes += 2 * view_bytes (config, l, type, n_ctx, max_rows);
  return bytes;
}

gboolean
gem_cache_init (GemCache            *self,
                const KrnOps        *k,
                KrnDevice           *device,
                const GemTextConfig *config,
                KrnType              type,
                guint                n_ctx,
                guint                max_rows,
                GError             **error)
{
  gsize offset = 0;

  *self = (GemCache){.k = k,
                     .device = device,
                     .n_ctx = n_ctx,
                     .window = (guint)config->sliding_window,
                     .ring = ring_slots (config, n_ctx, max_rows)};
  self->buffer = k->alloc (device, gem_cache_bytes (config, type, n_ctx, max_rows));
  if (self->buffer == NULL) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_NO_MEMORY,
                 "There is no memory for the keys and values of %u tokens.", n_ctx);
    return FALSE;
  }
  for (int l = 0; l < config->num_hidden_layers; l++) {
    int    source = gem_text_config_kv_source (config, l);
    KrnMat view = {.buf = self->buffer,
                   .type = type,
                   .rows = (gint32)layer_slots (config, l, n_ctx, max_rows),
                   .cols = layer_width (config, l)};

    if (source != l) {
      self->layers[l] = self->layers[source];
      continue;
    }
    self->layers[l].k = self->layers[l].v = view;
    self->layers[l].k.offset = offset;
    self->layers[l].v.offset = offset + view_bytes (config, l, type, n_ctx, max_rows);
    offset += 2 * view_bytes (config, l, type, n_ctx, max_rows);
  }
  return TRUE;
}

void
gem_cache_clear (GemCache *self)
{
  if (self->k != NULL)
    self->k->free (self->device, self->buffer);
  *self = (GemCache){0};
}

/* A ring slot holds the latest position stored in it, so that positions below end − ring are gone. */
guint
gem_cache_get_oldest (const GemCache *self)
{
  return MAX (self->end > self->ring ? self->end - self->ring : 0, self->begin);
}

/* Positions from @length on may be stale, but no query looks ahead of itself. */
gboolean
gem_cache_can_rewind (const GemCache *self, guint length)
{
  guint oldest_seen = length + 1 > self->window ? length + 1 - self->window : 0;

  return oldest_seen >= gem_cache_get_oldest (self);
}

void
gem_cache_will_store (GemCache *self, guint position, guint n_rows)
{
  self->end = MAX (self->end, position + n_rows);
}

void
gem_cache_restart (GemCache *self)
{
  self->end = self->begin = 0;
}

/* ---- to and from a file ---- */

void
gem_cache_resume (GemCache *self, guint begin, guint end)
{
  self->begin = begin;
  self->end = end;
}

gsize
gem_cache_row_bytes (const KrnMat *view)
{
  return (gsize)view->cols * element_size (view->type);
}

/* How many of @n positions from @position on lie one behind the other, and where the first does. */
static guint
run_of (const KrnMat *view, guint position, guint n, gsize *offset)
{
  guint slot = position % (guint)view->rows;

  *offset = view->offset + slot * gem_cache_row_bytes (view);
  return MIN (n, (guint)view->rows - slot);
}

void
gem_cache_read (const GemCache *self, const KrnMat *view, guint position, guint n, guint8 *rows)
{
  gsize offset, row_bytes = gem_cache_row_bytes (view);

  for (guint run; n > 0; n -= run, position += run, rows += run * row_bytes) {
    run = run_of (view, position, n, &offset);
    self->k->read (self->device, view->buf, offset, rows, run * row_bytes);
  }
}

void
gem_cache_write (GemCache *self, const KrnMat *view, guint position, guint n, const guint8 *rows)
{
  gsize offset, row_bytes = gem_cache_row_bytes (view);

  for (guint run; n > 0; n -= run, position += run, rows += run * row_bytes) {
    run = run_of (view, position, n, &offset);
    self->k->write (self->device, view->buf, offset, rows, run * row_bytes);
  }
}

/* ---- for benchmarks ---- */

guint64
gem_cache_bytes_read (const GemCache *self, const GemTextConfig *config, guint position)
{
  guint64 bytes = 0;

  for (int l = 0; l < config->num_hidden_layers; l++) {
    const KrnMat *m = &self->layers[l].k;
    guint         visible =
        config->layer_types[l] == GEM_LAYER_FULL ? position + 1 : MIN (position + 1, self->window);

    bytes += 2 * (guint64)visible * (guint64)m->cols * element_size (m->type);
  }
  return bytes;
}

static void
fill_rows (GemCache *self, const KrnMat *m, guint n_rows, GRand *rand)
{
  gsize   row_bytes = (gsize)m->cols * element_size (m->type);
  guint8 *row = g_malloc (row_bytes);

  for (guint r = 0; r < n_rows; r++) {
    for (gint32 c = 0; c < m->cols; c++) {
      union {
        float   f;
        guint32 bits;
      } x = {.f = (float)g_rand_double_range (rand, -1.0, 1.0)};

      if (m->type == KRN_BF16)
        ((guint16 *)row)[c] = (guint16)(x.bits >> 16);
      else
        ((float *)row)[c] = x.f;
    }
    self->k->write (self->device, m->buf, m->offset + r * row_bytes, row, row_bytes);
  }
  g_free (row);
}

void
gem_cache_fill_random (GemCache *self, const GemTextConfig *config, guint length)
{
  GRand *rand = g_rand_new_with_seed (1);

  for (int l = 0; l < config->first_shared; l++) {
    guint n_rows = MIN (length, (guint)self->layers[l].k.rows);

    fill_rows (self, &self->layers[l].k, n_rows, rand);
    fill_rows (self, &self->layers[l].v, n_rows, rand);
  }
  self->begin = 0;
  self->end = length;
  g_rand_free (rand);
}
