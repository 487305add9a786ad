/* facet-export-html.c: what is shown of a conversation, as one HTML file that needs nothing else.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The export's thread.  Nothing in the file can act: no script, no form, no address that is fetched
 * by itself, and a policy that says so to the browser.  Text becomes markup in one place only,
 * facet-export-markup.c. */
#define G_LOG_DOMAIN "facet-export"

#include "config.h"

#include "facet-export-markup.h"
#include "facet-export-private.h"

#include <glib/gi18n-lib.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PIECE (48 * 1024) /* of three bytes each: base64 without padding in between */

static const char head[] =
    "<meta charset=\"utf-8\"/>\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
    "media-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'\"/>\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
    "<meta name=\"referrer\" content=\"no-referrer\"/>\n"
    "<meta name=\"generator\" content=\"Facet " FACET_VERSION "\"/>\n";

static const char style[] =
    "<style>\n"
    ":root { color-scheme: light dark; --fg: #1d1d20; --bg: #fafafb; --card: #ffffff;\n"
    "  --person: #e8eefb; --line: #d5d5da; --dim: #5e5c64; --link: #1a5fb4; }\n"
    "@media (prefers-color-scheme: dark) { :root { --fg: #f2f2f4; --bg: #222226;\n"
    "  --card: #2e2e32; --person: #2b3a55; --line: #47474d; --dim: #b0afb6; --link: #99c1f1; } }\n"
    "* { box-sizing: border-box; }\n"
    "body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 48rem; color: var(--fg);\n"
    "  background: var(--bg); font: 1rem/1.55 Cantarell, system-ui, sans-serif;\n"
    "  overflow-wrap: anywhere; }\n"
    "h1 { font-size: 1.5rem; margin: 0 0 .25rem; }\n"
    "header p, footer, .remark, figcaption { color: var(--dim); font-size: .875rem; }\n"
    "article { margin: 1.25rem 0; padding: .25rem 1rem .5rem; background: var(--card);\n"
    "  border: 1px solid var(--line); border-radius: 12px; }\n"
    "article.user { background: var(--person); }\n"
    "article > h2 { font-size: .875rem; margin: .5rem 0; color: var(--dim); }\n"
    "a[href] { color: var(--link); }\n"
    "details { margin: .5rem 0; border-left: 3px solid var(--line); padding-left: .75rem; }\n"
    "summary { cursor: pointer; color: var(--dim); }\n"
    "pre { overflow-x: auto; padding: .75rem; border: 1px solid var(--line);\n"
    "  border-radius: 8px; }\n"
    "code, pre { font-family: 'Source Code Pro', ui-monospace, monospace; font-size: .9em; }\n"
    "p.plain { white-space: pre-wrap; }\n"
    "blockquote { margin: .5rem 0; padding-left: .75rem; border-left: 3px solid var(--line); }\n"
    "table { border-collapse: collapse; display: block; overflow-x: auto; }\n"
    "th, td { border: 1px solid var(--line); padding: .3rem .6rem; }\n"
    "figure { margin: .75rem 0; }\n"
    "img, video { max-width: 100%; height: auto; border-radius: 8px; }\n"
    "audio { width: 100%; }\n"
    "@media print { body { max-width: none; background: none; color: #000; }\n"
    "  article { break-inside: avoid-page; background: none; } pre { white-space: pre-wrap; } }\n"
    "</style>\n";

static gboolean
put (FacetExportContext *context, const char *text, GError **error)
{
  return facet_export_files_write (context->files, text, strlen (text), error);
}

/* Media */

static gboolean
fail_read (FacetMedia *media, int code, GError **error)
{
  g_set_error (error, G_FILE_ERROR, (int)g_file_error_from_errno (code),
               _ ("“%s” could not be read (%s)."), facet_media_get_name (media), g_strerror (code));
  return FALSE;
}

/* Never more than a piece in memory: a video may be large. */
static gboolean
put_base64 (FacetExportContext *context, FacetMedia *media, int fd, GError **error)
{
  g_autofree guchar *piece = g_malloc (PIECE);
  g_autofree char   *text = g_malloc (PIECE / 3 * 4 + 16);
  gint               state = 0, save = 0;
  gsize              n_text;
  gssize             n;

  while ((n = read (fd, piece, PIECE)) != 0) {
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return fail_read (media, errno, error);
    if (g_cancellable_set_error_if_cancelled (context->cancellable, error))
      return FALSE;
    n_text = g_base64_encode_step (piece, (gsize)n, FALSE, text, &state, &save);
    if (!facet_export_files_write (context->files, text, n_text, error))
      return FALSE;
  }
  n_text = g_base64_encode_close (FALSE, text, &state, &save);
  return facet_export_files_write (context->files, text, n_text, error);
}

/* The type goes into an attribute and is looked at by the browser: only what is known. */
static const char *
type_of (FacetMedia *media)
{
  static const char *const types[] = {"image/svg+xml",   "image/png",   "image/jpeg",
                                      "image/gif",       "image/webp",  "image/bmp",
                                      "image/avif",      "audio/mpeg",  "audio/ogg",
                                      "audio/flac",      "audio/x-m4a", "video/mp4",
                                      "video/webm",      "video/ogg",   "audio/mp4",
                                      "video/x-matroska"};
  const char              *type = facet_media_get_media_type (media);

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_equal (type, types[i]))
      return types[i];
  if (g_str_equal (type, "audio/x-wav") || g_str_equal (type, "audio/wav"))
    return "audio/wav";
  if (g_str_equal (type, "audio/x-flac"))
    return "audio/flac";
  switch (facet_media_get_kind (media)) {
  case FACET_MEDIA_IMAGE:
    return "image/*";
  case FACET_MEDIA_AUDIO:
    return "audio/*";
  case FACET_MEDIA_VIDEO:
    break;
  }
  return "video/*";
}

static gboolean
put_source (FacetExportContext *context, FacetMedia *media, int fd, GError **error)
{
  static const char *const before[] = {
      [FACET_MEDIA_IMAGE] = "<img alt=\"",
      [FACET_MEDIA_AUDIO] = "<audio controls=\"controls\" title=\"",
      [FACET_MEDIA_VIDEO] = "<video controls=\"controls\" title=\"",
  };
  static const char *const after[] = {
      [FACET_MEDIA_IMAGE] = "\"/>",
      [FACET_MEDIA_AUDIO] = "\"></audio>",
      [FACET_MEDIA_VIDEO] = "\"></video>",
  };
  FacetMediaKind   kind = facet_media_get_kind (media);
  g_autofree char *name = facet_export_escape (facet_media_get_name (media));

  return put (context, before[kind], error) && put (context, name, error) &&
         put (context, "\" src=\"data:", error) && put (context, type_of (media), error) &&
         put (context, ";base64,", error) && put_base64 (context, media, fd, error) &&
         put (context, after[kind], error);
}

static gboolean
put_media (FacetExportContext *context, FacetMedia *media, GError **error)
{
  g_autofree char *name = facet_export_escape (facet_media_get_name (media));
  g_autofree char *caption = NULL;
  gboolean         ok = TRUE;
  int              fd = -1;

  if (!facet_media_is_missing (media))
    fd = open (facet_media_get_path (media), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  context->n_missing += fd < 0;
  caption = fd >= 0 ? g_strdup_printf ("<figcaption>%s</figcaption></figure>\n", name)
                    : g_strdup_printf ("<figcaption>%s (%s)</figcaption></figure>\n", name,
                                       _ ("the file is missing"));
  ok = put (context, "<figure>", error);
  if (fd >= 0) {
    ok = ok && put_source (context, media, fd, error);
    close (fd);
  }
  return ok && put (context, caption, error);
}

/* Messages */

static void
append_thinking (GString *out, const FacetMessageRow *row)
{
  if (row->thinking == NULL || *row->thinking == '\0')
    return;
  g_string_append_printf (out, "<details><summary>%s</summary>\n", _ ("Thought"));
  facet_export_append_markdown (out, row->thinking);
  g_string_append (out, "</details>\n");
}

static void
append_text (GString *out, const FacetMessageRow *row)
{
  g_autofree char *calls = row->tool_calls != NULL ? facet_export_escape (row->tool_calls) : NULL;

  /* What a person wrote is shown as it was written, as in the window. */
  if (row->role == FACET_ROLE_ASSISTANT) {
    facet_export_append_markdown (out, row->text != NULL ? row->text : "");
  } else if (row->text != NULL && *row->text != '\0') {
    g_autofree char *text = facet_export_escape (row->text);

    g_string_append_printf (out, "<p class=\"plain\">%s</p>\n", text);
  }
  if (calls != NULL && *calls != '\0')
    g_string_append_printf (out, "<pre><code>%s</code></pre>\n", calls);
}

static gboolean
put_message (FacetExportContext *context, const FacetMessageRow *row, GError **error)
{
  static const char *const classes[] = {"user", "assistant", "system", "tool"};
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree char *speaker = facet_export_escape (facet_export_get_speaker (row));
  const char      *remark = facet_export_get_remark (row);

  g_string_append_printf (out, "<article class=\"%s\"><h2>%s</h2>\n", classes[row->role], speaker);
  append_thinking (out, row);
  if (!put (context, out->str, error))
    return FALSE;
  for (guint i = 0; row->attachments != NULL && i < row->attachments->len; i++)
    if (!put_media (context, row->attachments->pdata[i], error))
      return FALSE;
  g_string_truncate (out, 0);
  append_text (out, row);
  if (remark != NULL) {
    g_autofree char *escaped = facet_export_escape (remark);

    g_string_append_printf (out, "<p class=\"remark\">%s</p>\n", escaped);
  }
  g_string_append (out, "</article>\n");
  return put (context, out->str, error);
}

/* The document */

static char *
dup_opening (const FacetConversationRow *row)
{
  g_autoptr (GDateTime) when = g_date_time_new_from_unix_local (row->created / G_USEC_PER_SEC);
  g_autofree char *day = when != NULL ? g_date_time_format (when, "%Y-%m-%d") : g_strdup ("");
  g_autofree char *title = facet_export_escape (
      row->title != NULL && *row->title != '\0' ? row->title : _ ("Conversation"));

  return g_strdup_printf ("<!DOCTYPE html>\n<html>\n<head>\n%s<title>%s</title>\n%s</head>\n"
                          "<body>\n<header><h1>%s</h1><p>%s</p></header>\n<main>\n",
                          head, title, style, title, day);
}

gboolean
facet_export_html (FacetExportContext *context, FacetTree *tree, GError **error)
{
  g_autoptr (GPtrArray) shown = facet_tree_list_shown (tree);
  g_autofree char *opening = dup_opening (tree->conversation);

  if (!put (context, opening, error))
    return FALSE;
  for (guint i = 0; i < shown->len; i++)
    if (g_cancellable_set_error_if_cancelled (context->cancellable, error) ||
        !put_message (context, shown->pdata[i], error))
      return FALSE;
  return put (context, "</main>\n</body>\n</html>\n", error);
}
