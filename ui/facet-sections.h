/* facet-sections.h: the list of conversations with its headings put in: Pinned, Today, Yesterday …
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  A GListModel over another one of FacetConversation, which must be sorted as
 * FacetLibrary is: pinned ones first, then by time, newest first.  Its items are FacetSection (a
 * heading) and FacetConversation. */
#pragma once

#include <gio/gio.h>
#include "facet-conversation.h"

G_BEGIN_DECLS

#define FACET_TYPE_SECTION (facet_section_get_type ())
G_DECLARE_FINAL_TYPE (FacetSection, facet_section, FACET, SECTION, GObject)

/* What the heading says, translated. */
const char *facet_section_get_title (FacetSection *self);

#define FACET_TYPE_SECTIONS (facet_sections_get_type ())
G_DECLARE_FINAL_TYPE (FacetSections, facet_sections, FACET, SECTIONS, GObject)

/* @now: µs since 1970, says which day is today. */
FacetSections *facet_sections_new (GListModel *conversations, gint64 now) G_GNUC_WARN_UNUSED_RESULT;

/* Where @conversation is among the headings; GTK's G_MAXUINT when it is not listed. */
guint facet_sections_find (FacetSections *self, FacetConversation *conversation);

/* Another day has begun: every conversation may be under another heading. */
void facet_sections_set_now (FacetSections *self, gint64 now);
/* The time or the pin of @conversation has changed, and perhaps not its place. */
void facet_sections_update (FacetSections *self, FacetConversation *conversation);

G_END_DECLS
