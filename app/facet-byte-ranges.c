/* facet-byte-ranges.c: ranges of bytes that grow together.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * There are as many as connections, and a few that a crash left: everything is linear. */
#define G_LOG_DOMAIN "facet-download"

#include "config.h"

#include "facet-byte-ranges.h"

#define MAX_RANGES 10000 /* in a text that someone else may have written */

static FacetByteRange *
at (const GArray *self, guint i)
{
  return &g_array_index (self, FacetByteRange, i);
}

GArray *
facet_byte_ranges_new (void)
{
  return g_array_new (FALSE, FALSE, sizeof (FacetByteRange));
}

GArray *
facet_byte_ranges_copy (const GArray *self)
{
  GArray *copy = facet_byte_ranges_new ();

  g_array_append_vals (copy, self->data, self->len);
  return copy;
}

void
facet_byte_ranges_add (GArray *self, guint64 first, guint64 end)
{
  FacetByteRange range = {first, end};
  guint          from = 0, to;

  if (first >= end)
    return;
  while (from < self->len && at (self, from)->end < first)
    from++;
  for (to = from; to < self->len && at (self, to)->first <= end; to++) {
    range.first = MIN (range.first, at (self, to)->first);
    range.end = MAX (range.end, at (self, to)->end);
  }
  if (to > from)
    g_array_remove_range (self, from, to - from);
  g_array_insert_val (self, from, range);
}

void
facet_byte_ranges_add_all (GArray *self, const GArray *other)
{
  for (guint i = 0; i < other->len; i++)
    facet_byte_ranges_add (self, at (other, i)->first, at (other, i)->end);
}

guint64
facet_byte_ranges_get_total (const GArray *self)
{
  guint64 total = 0;

  for (guint i = 0; i < self->len; i++)
    total += at (self, i)->end - at (self, i)->first;
  return total;
}

guint64
facet_byte_ranges_get_prefix (const GArray *self)
{
  return self->len > 0 && at (self, 0)->first == 0 ? at (self, 0)->end : 0;
}

gboolean
facet_byte_ranges_find_gap (const GArray *self, guint64 size, FacetByteRange *gap)
{
  guint next = facet_byte_ranges_get_prefix (self) > 0 ? 1 : 0;

  gap->first = facet_byte_ranges_get_prefix (self);
  gap->end = next < self->len ? at (self, next)->first : size;
  return gap->first < gap->end;
}

char *
facet_byte_ranges_to_text (const GArray *self)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < self->len; i++)
    g_string_append_printf (text, "%s%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, i > 0 ? " " : "",
                            at (self, i)->first, at (self, i)->end);
  return g_string_free (text, FALSE);
}

gboolean
facet_byte_ranges_from_text (GArray *self, const char *text, guint64 size)
{
  g_auto (GStrv) words = g_strsplit (text, " ", MAX_RANGES + 1);

  g_array_set_size (self, 0);
  for (guint i = 0; words[i] != NULL; i++) {
    g_auto (GStrv) ends = g_strsplit (words[i], "-", 3);
    guint64 first, end;

    if (words[i][0] == '\0' && words[1] == NULL)
      break;
    if (i >= MAX_RANGES || g_strv_length (ends) != 2 ||
        !g_ascii_string_to_unsigned (ends[0], 10, 0, size, &first, NULL) ||
        !g_ascii_string_to_unsigned (ends[1], 10, 0, size, &end, NULL) || first >= end)
      return FALSE;
    facet_byte_ranges_add (self, first, end);
  }
  return TRUE;
}
