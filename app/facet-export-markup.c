/* facet-export-markup.c: Markdown by md4c, then a look at every address in it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure functions.  md4c is told to take HTML for text, so that every '<' in what it gives begins a
 * tag of its own making, and "<a href=\"" and "<img src=\"" can be found by looking for them. */
#define G_LOG_DOMAIN "facet-export"

#include "facet-export-markup.h"

#include <md4c-html.h>

#include <string.h>

#define FLAGS                                                                                      \
  (MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_PERMISSIVEURLAUTOLINKS | MD_FLAG_NOHTML)

static gboolean
is_allowed_in_xml (gunichar c)
{
  return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c <= 0xd7ff) ||
         (c >= 0xe000 && c <= 0xfffd) || c >= 0x10000;
}

/* Without what XML cannot hold.  (transfer full) */
static char *
dup_valid (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString         *out = g_string_sized_new (strlen (valid));

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    g_string_append_unichar (out, is_allowed_in_xml (c) ? c : 0xfffd);
  }
  return g_string_free (out, FALSE);
}

char *
facet_export_escape (const char *text)
{
  g_autofree char *valid = dup_valid (text);
  GString         *out = g_string_sized_new (strlen (valid));

  for (const char *p = valid; *p != '\0'; p++)
    switch (*p) {
    case '&':
      g_string_append (out, "&amp;");
      break;
    case '<':
      g_string_append (out, "&lt;");
      break;
    case '>':
      g_string_append (out, "&gt;");
      break;
    case '"':
      g_string_append (out, "&quot;");
      break;
    case '\'':
      g_string_append (out, "&#39;");
      break;
    default:
      g_string_append_c (out, *p);
    }
  return g_string_free (out, FALSE);
}

static void
collect_cb (const MD_CHAR *text, MD_SIZE length, void *user_data)
{
  g_string_append_len (user_data, text, length);
}

/* @url as md4c wrote it: entities resolved, percent-encoded, escaped. */
static gboolean
may_lead_to (const char *url, gsize length)
{
  static const char *const schemes[] = {"http://", "https://", "mailto:"};

  for (guint i = 0; i < G_N_ELEMENTS (schemes); i++)
    if (length > strlen (schemes[i]) &&
        g_ascii_strncasecmp (url, schemes[i], strlen (schemes[i])) == 0)
      return TRUE;
  return FALSE;
}

static void
append_link (GString *out, const char *url, gsize length)
{
  if (may_lead_to (url, length))
    g_string_append_printf (out, "<a rel=\"noopener noreferrer\" href=\"%.*s\">", (int)length, url);
  else
    g_string_append (out, "<a>");
}

/* The value of the attribute that begins at @value, and what follows its quote. */
static const char *
end_of_value (const char *value)
{
  const char *end = strchr (value, '"');

  return end != NULL ? end : value + strlen (value);
}

/* @tag begins after "<img src=\"".  Returns where the tag has ended. */
static const char *
append_picture (GString *out, const char *tag)
{
  const char *url_end = end_of_value (tag);
  const char *end = strchr (url_end, '>');
  const char *alt = strstr (url_end, " alt=\"");
  const char *alt_end = NULL;

  if (end == NULL)
    return tag + strlen (tag);
  append_link (out, tag, (gsize)(url_end - tag));
  if (alt != NULL && alt < end) {
    alt += strlen (" alt=\"");
    alt_end = end_of_value (alt);
  }
  if (alt_end != NULL && alt_end > alt)
    g_string_append_len (out, alt, alt_end - alt);
  else
    g_string_append_len (out, tag, url_end - tag);
  g_string_append (out, "</a>");
  return end + 1;
}

/* @tag begins after "<a href=\"". */
static const char *
append_anchor (GString *out, const char *tag)
{
  const char *url_end = end_of_value (tag);
  const char *end = strchr (url_end, '>');

  if (end == NULL)
    return tag + strlen (tag);
  append_link (out, tag, (gsize)(url_end - tag));
  return end + 1;
}

void
facet_export_append_markdown (GString *out, const char *markdown)
{
  static const char anchor[] = "<a href=\"", picture[] = "<img src=\"";
  g_autofree char  *valid = dup_valid (markdown);
  g_autoptr (GString) html = g_string_new (NULL);
  const char *at;

  if (strlen (valid) > G_MAXINT ||
      md_html (valid, (MD_SIZE)strlen (valid), collect_cb, html, FLAGS, MD_HTML_FLAG_XHTML) != 0) {
    g_autofree char *escaped = facet_export_escape (markdown);

    g_string_append_printf (out, "<p class=\"plain\">%s</p>\n", escaped);
    return;
  }
  for (at = html->str; *at != '\0';) {
    const char *next = strchr (at, '<');

    if (next == NULL)
      next = at + strlen (at);
    g_string_append_len (out, at, next - at);
    if (g_str_has_prefix (next, anchor))
      at = append_anchor (out, next + strlen (anchor));
    else if (g_str_has_prefix (next, picture))
      at = append_picture (out, next + strlen (picture));
    else if (*next != '\0')
      g_string_append_c (out, '<'), at = next + 1;
    else
      at = next;
  }
}
