/* facet-message-status.h: numbers of an answer in words.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure.  All strings are (transfer full) and translated. */
#pragma once

#include "facet-message.h"

G_BEGIN_DECLS

/* "0.12 s · 142 tok/s · 2,310/32,768"; "" when nothing is known.  @parts: how many of the three,
 * counted so that the most telling remain: 1 the speed, 2 speed and context, 3 all. */
char *facet_status_dup_line (const FacetUsage *usage, guint parts) G_GNUC_WARN_UNUSED_RESULT;
/* The same in sentences, for the tooltip and for screen readers. */
char *facet_status_dup_words (const FacetUsage *usage, const char *model) G_GNUC_WARN_UNUSED_RESULT;

/* "0.12 s", "3.2 s", "48 s", "2 min 5 s". */
char *facet_status_dup_seconds (double seconds) G_GNUC_WARN_UNUSED_RESULT;
/* "Thinking… 2.1 s", "Thought for 3.2 s · 118 tokens". */
char *facet_status_dup_thought (FacetMessage *message) G_GNUC_WARN_UNUSED_RESULT;
/* "Looking… 40%", "Listening…". */
char *facet_status_dup_perceiving (FacetMessage *message) G_GNUC_WARN_UNUSED_RESULT;
/* "Reading 1,200 of 2,400 tokens", or without numbers while they are not known. */
char *facet_status_dup_reading (FacetMessage *message) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
