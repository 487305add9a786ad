/* facet-sections.h: the list of conversations with its headings put in: Pinned, folders, Today,
 * Yesterday …
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  A GListModel over a library.  Its items are FacetSection (a heading) and
 * FacetConversation.  A folder has its heading also when it is empty; what is in a folded one is
 * left out.  Only conversations whose items are asked for are made. */
#pragma once

#include <gio/gio.h>
#include "facet-library.h"

G_BEGIN_DECLS

#define FACET_TYPE_SECTION (facet_section_get_type ())
G_DECLARE_FINAL_TYPE (FacetSection, facet_section, FACET, SECTION, GObject)

/* Properties (notify): title (string), folded (boolean). */
FacetSection *facet_section_new (const char *title) G_GNUC_WARN_UNUSED_RESULT;
/* What the heading says, translated. */
const char   *facet_section_get_title (FacetSection *self);
/* NULL: it is none. */
FacetFolder  *facet_section_get_folder (FacetSection *self);
gboolean      facet_section_get_folded (FacetSection *self);

#define FACET_TYPE_SECTIONS (facet_sections_get_type ())
G_DECLARE_FINAL_TYPE (FacetSections, facet_sections, FACET, SECTIONS, GObject)

/* @now: µs since 1970, says which day is today. */
FacetSections *facet_sections_new (FacetLibrary *library, gint64 now) G_GNUC_WARN_UNUSED_RESULT;

/* Where @conversation is among the headings; GTK's G_MAXUINT when it is not listed, or folded away.
 */
guint facet_sections_find (FacetSections *self, FacetConversation *conversation);

/* Another day has begun: every conversation may be under another heading. */
void facet_sections_set_now (FacetSections *self, gint64 now);

/* Which folders are folded, by id. */
gboolean facet_sections_get_folded (FacetSections *self, gint64 folder);
void     facet_sections_set_folded (FacetSections *self, gint64 folder, gboolean folded);

G_END_DECLS
