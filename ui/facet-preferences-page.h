/* facet-preferences-page.h: what a page of the preferences is made from.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A page is an AdwPreferencesPage with a name, a title and an icon in a file of its own; it is made
 * by a function of this kind, which stands in the table of facet-preferences.c.  Main thread. */
#pragma once

#include "facet-compat.h"
#include "facet-library.h"
#include "facet-recorder.h"

G_BEGIN_DECLS

typedef struct {
  GSettings     *settings;
  FacetRecorder *recorder; /* NULL: there is no microphone to try */
  FacetLibrary  *library;  /* NULL: nothing is said about what is kept */
} FacetPreferencesParts;

/* A new page, floating; takes its own references on what it needs of @parts. */
typedef GtkWidget *(*FacetPreferencesPageFunc) (const FacetPreferencesParts *parts);

G_END_DECLS
