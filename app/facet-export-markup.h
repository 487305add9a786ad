/* facet-export-markup.h: text of anyone becomes HTML that cannot act.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure functions; any thread.  What they give is well-formed XML, too. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* As text or inside a quoted attribute; what XML cannot hold becomes U+FFFD.  (transfer full) */
char *facet_export_escape (const char *text) G_GNUC_WARN_UNUSED_RESULT;
/* Markdown to HTML.  HTML in it is text; a link leads to http, https or mailto or nowhere; a
 * picture, which would be fetched, is a link. */
void  facet_export_append_markdown (GString *out, const char *markdown);

G_END_DECLS
