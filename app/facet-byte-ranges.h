/* facet-byte-ranges.h: which bytes of a file are there.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Not thread safe: the owner locks. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bytes [first, end). */
typedef struct {
  guint64 first, end;
} FacetByteRange;

/* Sorted, without overlaps, none of them empty or touching the next: a GArray of FacetByteRange. */
GArray  *facet_byte_ranges_new (void) G_GNUC_WARN_UNUSED_RESULT;
GArray  *facet_byte_ranges_copy (const GArray *self) G_GNUC_WARN_UNUSED_RESULT;
void     facet_byte_ranges_add (GArray *self, guint64 first, guint64 end);
void     facet_byte_ranges_add_all (GArray *self, const GArray *other);
guint64  facet_byte_ranges_get_total (const GArray *self);
/* How many bytes from the beginning on are there without a gap. */
guint64  facet_byte_ranges_get_prefix (const GArray *self);
/* The first gap below @size.  FALSE: there is none. */
gboolean facet_byte_ranges_find_gap (const GArray *self, guint64 size, FacetByteRange *gap);

/* "0-4096 8192-9000", and back; FALSE: it is not such a text, or not within @size. */
char    *facet_byte_ranges_to_text (const GArray *self) G_GNUC_WARN_UNUSED_RESULT;
gboolean facet_byte_ranges_from_text (GArray *self, const char *text, guint64 size);

G_END_DECLS
