/* gem-quantise-cache.h: the cache file of quantised weights: its layout, reading it, writing it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The file CACHE_DIR/KEY-TYPE.krnq can be deleted at any time.  Integers are little-endian:
 *   64 bytes   magic "FACETKQ1", u32 version, u32 n, u64 file size, 40 characters key (padded with
 * zeros) n × 128    96 characters name (padded), u32 type, i32 rows, i32 cols, u32 zero, u64
 * offset, u64 bytes 32 bytes   SHA-256 of everything before data       each matrix at its offset, a
 * multiple of the page size The data itself has no sum: to read it all before the first token would
 * cost as much as the cache saves, and a wrong byte there can make a wrong number but nothing
 * worse.  Internal to gem-quantise.c; loading thread. */
#pragma once

#include "gem-quantise.h"

G_BEGIN_DECLS

/* Where everything lies in the file, and what its beginning must be, byte for byte. */
typedef struct {
  char   *file_name;
  guint8 *head; /* up to the sum, inclusive */
  gsize   head_length;
  gsize   length;         /* of the file */
  gsize  *offsets, *ends; /* of each matrix and the padding behind it */
} GemQuantLayout;

GemQuantLayout *gem_quant_layout_new (GArray *jobs, const char *identity) G_GNUC_WARN_UNUSED_RESULT;
void            gem_quant_layout_free (GemQuantLayout *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GemQuantLayout, gem_quant_layout_free)

/* The file mapped for reading, layout->length bytes for munmap (), if it is there and exactly what
 * @layout says; else NULL.
 * @cache_dir may be NULL. */
guint8 *gem_cache_map (const GemQuantLayout *layout, const char *cache_dir);

/* Writes the file beside its final place.  After the first failure it does nothing more, and finish
 * () adds a sentence to
 * @warnings; freeing it before finish () leaves no file behind. */
typedef struct _GemCacheWriter GemCacheWriter;

/* Never NULL.  @cache_dir NULL: writes nothing. */
GemCacheWriter *gem_cache_writer_new (const GemQuantLayout *layout,
                                      const char           *cache_dir) G_GNUC_WARN_UNUSED_RESULT;
void            gem_cache_writer_free (GemCacheWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GemCacheWriter, gem_cache_writer_free)
/* Writes [begin, end) of @region (laid out like the file; page aligned) and puts the file's pages
 * in its place.  FALSE only if that memory was lost on the way. */
gboolean gem_cache_writer_put (GemCacheWriter *self, guint8 *region, gsize begin, gsize end);
void     gem_cache_writer_finish (GemCacheWriter *self, GPtrArray *warnings);

G_END_DECLS
