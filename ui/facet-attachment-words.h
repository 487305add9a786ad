/* facet-attachment-words.h: attachments in words.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure.  All strings are (transfer full) and translated. */
#pragma once

#include "facet-media.h"

G_BEGIN_DECLS

/* "266 tokens", "4.2 s · 106 tokens". */
char *facet_attachment_dup_cost (FacetMedia *media) G_GNUC_WARN_UNUSED_RESULT;
/* For who does not see it: "Picture photo.jpg, 800 × 600", "Sound memo.wav, 4.2 s". */
char *facet_attachment_dup_alternative (FacetMedia *media) G_GNUC_WARN_UNUSED_RESULT;
/* What is sent together: "1 picture (266 tokens), 4.2 s of sound (106 tokens)"; "" for nothing.
 * @media: of FacetMedia. */
char *facet_attachment_dup_summary (GPtrArray *media) G_GNUC_WARN_UNUSED_RESULT;
/* What the person should know of them, a line each; NULL: nothing. */
char *facet_attachment_dup_notes (GPtrArray *media) G_GNUC_WARN_UNUSED_RESULT;
/* "0:04", as players show it. */
char *facet_attachment_dup_time (double seconds) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
