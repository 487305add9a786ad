/* facet-version-pager.h: ‹ 2/3 ›: which version of a message is shown, and the way to the others.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Not there for a message that has one version.  Its buttons carry out
 * message.previous-version and message.next-version of the row it is in. */
#pragma once

#include "facet-compat.h"

G_BEGIN_DECLS

#define FACET_TYPE_VERSION_PAGER (facet_version_pager_get_type ())
G_DECLARE_FINAL_TYPE (FacetVersionPager, facet_version_pager, FACET, VERSION_PAGER, GtkWidget)

/* @index counts from 0. */
void facet_version_pager_set_version (FacetVersionPager *self, guint index, guint count);
/* Gives the keyboard to the button that goes on in the same direction, or to the other one. */
void facet_version_pager_grab_focus (FacetVersionPager *self, gboolean back);

G_END_DECLS
