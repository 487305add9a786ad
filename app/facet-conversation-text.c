/* facet-conversation-text.c: a conversation as text: its title, and the whole as Markdown.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Only reads. */
#define G_LOG_DOMAIN "facet-conversation"

#include "facet-conversation-private.h"
#include "facet-export-private.h"

#include <string.h>

#define TITLE_WORDS     6
#define TITLE_MAX_CHARS 60

char *
facet_title_of_text (const char *text)
{
  g_autoptr (GString) title = g_string_new (NULL);
  g_auto (GStrv) words = g_strsplit_set (text, " \t\r\n", -1);
  guint n = 0;

  for (guint i = 0; words[i] != NULL; i++) {
    if (*words[i] == '\0')
      continue;
    if (n == TITLE_WORDS) {
      g_string_append (title, "…");
      break;
    }
    g_string_append_printf (title, "%s%s", n > 0 ? " " : "", words[i]);
    n++;
  }
  if (g_utf8_strlen (title->str, -1) > TITLE_MAX_CHARS) {
    g_string_truncate (title, (gsize)(g_utf8_offset_to_pointer (title->str, TITLE_MAX_CHARS - 1) -
                                      title->str));
    g_string_append (title, "…");
  }
  return g_string_free (g_steal_pointer (&title), FALSE);
}

char *
facet_title_of_message (FacetMessage *message)
{
  const char *text = facet_message_get_text (message);
  GPtrArray  *media = facet_message_get_attachments (message);

  if (text[strspn (text, " \t\r\n\v\f")] == '\0' && media->len > 0)
    return facet_title_of_text (facet_media_get_name (g_ptr_array_index (media, 0)));
  return facet_title_of_text (text);
}

/* By name: their files cannot be copied with the text.  (transfer full) */
static char *
list_attachments (FacetMessage *message)
{
  GPtrArray *media = facet_message_get_attachments (message);
  GString   *list = g_string_new (NULL);

  for (guint i = 0; i < media->len; i++)
    g_string_append_printf (list, "- %s\n", facet_media_get_name (media->pdata[i]));
  if (media->len > 0)
    g_string_append_c (list, '\n');
  return g_string_free (list, FALSE);
}

char *
facet_conversation_to_markdown (FacetConversation *self)
{
  GString *markdown = g_string_new (NULL);

  g_return_val_if_fail (FACET_IS_CONVERSATION (self), NULL);
  facet_export_append_title (markdown, self->title);
  for (guint i = 0; i < self->messages->len; i++) {
    FacetMessage    *message = g_ptr_array_index (self->messages, i);
    g_autofree char *media = list_attachments (message);
    g_autoptr (FacetMessageRow) row = facet_message_row_new (message);

    facet_export_append_message (markdown, row, media);
  }
  return g_string_free (markdown, FALSE);
}
