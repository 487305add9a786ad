/* facet-conversation-text.c: a conversation as text: its title, and the whole as Markdown.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Only reads. */
#define G_LOG_DOMAIN "facet-conversation"

#include "facet-conversation-private.h"

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

static void
add_attachments (GString *markdown, FacetMessage *message)
{
  GPtrArray *media = facet_message_get_attachments (message);

  for (guint i = 0; i < media->len; i++)
    g_string_append_printf (markdown, "- %s\n", facet_media_get_name (media->pdata[i]));
  if (media->len > 0)
    g_string_append_c (markdown, '\n');
}

char *
facet_conversation_to_markdown (FacetConversation *self)
{
  GString *markdown = g_string_new (NULL);

  g_return_val_if_fail (FACET_IS_CONVERSATION (self), NULL);
  if (*self->title != '\0')
    g_string_append_printf (markdown, "# %s\n\n", self->title);
  for (guint i = 0; i < self->messages->len; i++) {
    FacetMessage *message = g_ptr_array_index (self->messages, i);
    const char   *thinking = facet_message_get_thinking (message);
    const char   *model = facet_message_get_model (message);

    if (facet_message_get_role (message) == FACET_ROLE_USER)
      g_string_append (markdown, "## You\n\n");
    else
      g_string_append_printf (markdown, "## %s\n\n", model != NULL ? model : "Facet");
    if (*thinking != '\0') {
      g_auto (GStrv) lines = g_strsplit (thinking, "\n", -1);

      for (guint n = 0; lines[n] != NULL; n++)
        g_string_append_printf (markdown, "> %s\n", lines[n]);
      g_string_append_c (markdown, '\n');
    }
    add_attachments (markdown, message);
    if (*facet_message_get_text (message) != '\0')
      g_string_append_printf (markdown, "%s\n\n", facet_message_get_text (message));
  }
  return g_string_free (markdown, FALSE);
}
