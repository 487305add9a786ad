/* facet-download-journal.c: reads and replaces a journal.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "facet-download"

#include "config.h"

#include "facet-download-journal.h"

#include <gio/gio.h>
#include <string.h>

#define HEAD      "facet-download 1\n"
#define MAX_BYTES (1024 * 1024)

void
facet_download_journal_clear (FacetDownloadJournal *self)
{
  g_clear_pointer (&self->identity, g_free);
  g_clear_pointer (&self->etag, g_free);
  g_clear_pointer (&self->ranges, g_array_unref);
}

/* The rest of the line that begins with @key; NULL: there is no such line.  (transfer full) */
static char *
find_line (char **lines, const char *key)
{
  gsize length = strlen (key);

  for (guint i = 0; lines[i] != NULL; i++)
    if (strncmp (lines[i], key, length) == 0 && lines[i][length] == ' ')
      return g_strdup (lines[i] + length + 1);
  return NULL;
}

static char *
null_if_empty (char *text)
{
  if (text != NULL && text[0] == '\0')
    g_clear_pointer (&text, g_free);
  return text;
}

gboolean
facet_download_journal_parse (FacetDownloadJournal *self, const char *text, guint64 size)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", 10);
  g_autofree char *told = find_line (lines, "size"), *ranges = find_line (lines, "ranges");
  guint64          of_size;

  *self = (FacetDownloadJournal){.size = size, .ranges = facet_byte_ranges_new ()};
  if (!g_str_has_prefix (text, HEAD) || told == NULL || ranges == NULL ||
      !g_ascii_string_to_unsigned (told, 10, 0, G_MAXUINT64, &of_size, NULL) || of_size != size ||
      !facet_byte_ranges_from_text (self->ranges, ranges, size)) {
    g_array_set_size (self->ranges, 0);
    return FALSE;
  }
  self->identity = null_if_empty (find_line (lines, "identity"));
  self->etag = null_if_empty (find_line (lines, "etag"));
  return TRUE;
}

gboolean
facet_download_journal_load (FacetDownloadJournal *self, const char *path, guint64 size)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileInfo) info =
      g_file_query_info (file, G_FILE_ATTRIBUTE_STANDARD_SIZE, G_FILE_QUERY_INFO_NONE, NULL, NULL);
  g_autofree char *text = NULL;

  if (info == NULL || g_file_info_get_size (info) > MAX_BYTES ||
      !g_file_get_contents (path, &text, NULL, NULL))
    text = g_strdup ("");
  return facet_download_journal_parse (self, text, size);
}

gboolean
facet_download_journal_save (const FacetDownloadJournal *self, const char *path, GError **error)
{
  g_autofree char *ranges = facet_byte_ranges_to_text (self->ranges);
  g_autofree char *text =
      g_strdup_printf (HEAD "size %" G_GUINT64_FORMAT "\nidentity %s\netag %s\nranges %s\n",
                       self->size, self->identity != NULL ? self->identity : "",
                       self->etag != NULL ? self->etag : "", ranges);

  return g_file_set_contents_full (path, text, -1,
                                   G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                   0600, error);
}
