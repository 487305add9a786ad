/* gem-gguf.h: a GGUF file, mapped and checked: its keys and values, and its tensors.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Little-endian, versions 2 and 3:
 *   "GGUF", u32 version, u64 tensors, u64 keys
 *   keys × (string key, u32 type, value)       string: u64 length and bytes; array: u32 type, u64
 * n, values tensors × (string name, u32 dimensions, dimensions × u64, u32 type, u64 offset) data,
 * from the next multiple of general.alignment (32) on; offsets count from there Dimensions come
 * with the fastest first: a GemTensor's shape is in the other order.  A file is mapped read-only
 * and never copied; every length, count, offset and type is checked before the first one is handed
 * out.  (A file that somebody truncates while it is mapped is beyond checking.)  Immutable after
 * opening; any thread may read. */
#pragma once

#include "gem-json-reader.h"
#include "gem-tensor.h"

G_BEGIN_DECLS

typedef struct _GemGguf GemGguf;

GemGguf *gem_gguf_open (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A whole file that is in memory already; @data is borrowed and outlives the result. */
GemGguf *gem_gguf_new_from_data (const void *data, gsize length, const char *name, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void gem_gguf_free (GemGguf *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GemGguf, gem_gguf_free)

/* The file's name, for messages. */
const char *gem_gguf_get_name (const GemGguf *self);

/* NULL if there is none. */
const GemTensor *gem_gguf_find (const GemGguf *self, const char *name);
guint            gem_gguf_get_n_tensors (const GemGguf *self);
const GemTensor *gem_gguf_get_nth (const GemGguf *self, guint n); /* in the order of the file */
/* Adds what changes when the file is replaced or edited. */
void             gem_gguf_add_identity (const GemGguf *self, GChecksum *sum);

/* FALSE: there is no such key, or it is of another kind.  Texts are UTF-8, and borrowed; numbers
 * are of any type that fits. */
gboolean gem_gguf_has (const GemGguf *self, const char *key);
gboolean gem_gguf_get_text (const GemGguf *self, const char *key, GemJsonText *text);
gboolean gem_gguf_get_integer (const GemGguf *self, const char *key, gint64 *value);
gboolean gem_gguf_get_number (const GemGguf *self, const char *key, double *value);
gboolean gem_gguf_get_boolean (const GemGguf *self, const char *key, gboolean *value);

/* An array while it is read: as often as @n. */
typedef struct {
  guint64       n; /* elements that are still to come */
  guint32       type;
  const guint8 *at;
} GemGgufArray;

gboolean gem_gguf_get_array (const GemGguf *self, const char *key, GemGgufArray *array);
/* The next element; FALSE at the end, or if it is of another kind, and then nothing is read. */
gboolean gem_gguf_array_next_text (GemGgufArray *array, GemJsonText *text);
gboolean gem_gguf_array_next_integer (GemGgufArray *array,
                                      gint64       *value); /* booleans, too: 0 and 1 */

G_END_DECLS
