/* facet-export-markdown.c: what is shown of a conversation, as Markdown with its media beside it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The export's thread; the functions that only append, any.  Messages are Markdown already and
 * stand as they are; what names come into the document from elsewhere is escaped. */
#define G_LOG_DOMAIN "facet-export"

#include "config.h"

#include "facet-export-private.h"

#include <glib/gi18n-lib.h>

#include <string.h>

/* As plain words within a line. */
static void
append_words (GString *out, const char *text)
{
  for (; *text != '\0'; text++) {
    if (strchr ("\\`*_[]<>#!|&", *text) != NULL)
      g_string_append_c (out, '\\');
    g_string_append_c (out, *text == '\n' || *text == '\r' ? ' ' : *text);
  }
}

static void
append_quoted (GString *out, const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    g_string_append_printf (out, lines[i][0] != '\0' ? "> %s\n" : ">%s\n", lines[i]);
  g_string_append_c (out, '\n');
}

static void
append_tool_calls (GString *out, const char *calls)
{
  if (calls != NULL && *calls != '\0')
    g_string_append_printf (out, "```json\n%s\n```\n\n", calls);
}

static gboolean
append_media (FacetExportContext *context, GString *out, GPtrArray *attachments, GError **error)
{
  for (guint i = 0; attachments != NULL && i < attachments->len; i++) {
    FacetMedia      *media = attachments->pdata[i];
    GError          *failure = NULL;
    g_autofree char *path =
        facet_export_files_add_media (context->files, media, context->cancellable, &failure);
    g_autofree char *escaped = path != NULL ? g_uri_escape_string (path, "/", FALSE) : NULL;

    if (failure != NULL) {
      g_propagate_error (error, failure);
      return FALSE;
    }
    if (path != NULL && facet_media_get_kind (media) == FACET_MEDIA_IMAGE)
      g_string_append_c (out, '!');
    g_string_append (out, path != NULL ? "[" : "- ");
    append_words (out, facet_media_get_name (media));
    if (path != NULL)
      g_string_append_printf (out, "](%s)\n\n", escaped);
    else
      g_string_append_printf (out, " (%s)\n\n", _ ("the file is missing"));
    context->n_missing += path == NULL;
  }
  return TRUE;
}

void
facet_export_append_title (GString *out, const char *title)
{
  if (title == NULL || *title == '\0')
    return;
  g_string_append (out, "# ");
  append_words (out, title);
  g_string_append (out, "\n\n");
}

void
facet_export_append_message (GString *out, const FacetMessageRow *row, const char *media)
{
  const char *remark = facet_export_get_remark (row);

  g_string_append (out, "## ");
  append_words (out, facet_export_get_speaker (row));
  g_string_append (out, "\n\n");
  if (row->thinking != NULL && *row->thinking != '\0')
    append_quoted (out, row->thinking);
  g_string_append (out, media);
  if (row->text != NULL && *row->text != '\0')
    g_string_append_printf (out, "%s\n\n", row->text);
  append_tool_calls (out, row->tool_calls);
  if (remark != NULL) {
    g_string_append_c (out, '*');
    append_words (out, remark);
    g_string_append (out, "*\n\n");
  }
}

gboolean
facet_export_markdown (FacetExportContext *context, FacetTree *tree, GError **error)
{
  g_autoptr (GPtrArray) shown = facet_tree_list_shown (tree);
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GString) media = g_string_new (NULL);

  facet_export_append_title (out, tree->conversation->title);
  for (guint i = 0; i < shown->len; i++) {
    const FacetMessageRow *row = shown->pdata[i];

    g_string_truncate (media, 0);
    if (!append_media (context, media, row->attachments, error))
      return FALSE;
    facet_export_append_message (out, row, media->str);
    if (!facet_export_files_write (context->files, out->str, out->len, error))
      return FALSE;
    g_string_truncate (out, 0);
  }
  return facet_export_files_write (context->files, out->str, out->len, error);
}
