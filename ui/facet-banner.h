/* facet-banner.h: one sentence above the page that stays until it is dealt with, with up to two
 * buttons.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  (AdwBanner needs libadwaita 1.3 and has one button.)  The buttons activate actions;
 * closing hides the sentence until another one comes. */
#pragma once

#include "facet-compat.h"

G_BEGIN_DECLS

#define FACET_TYPE_BANNER (facet_banner_get_type ())
G_DECLARE_FINAL_TYPE (FacetBanner, facet_banner, FACET, BANNER, GtkWidget)

FacetBanner *facet_banner_new (void) G_GNUC_WARN_UNUSED_RESULT;

/* NULL: nothing is to be said, or not any more. */
void        facet_banner_set_text (FacetBanner *self, const char *text);
const char *facet_banner_get_text (FacetBanner *self);
/* The buttons, @first before @second: labels and the names of their actions, NULL: none. */
void        facet_banner_set_buttons (FacetBanner *self,
                                      const char  *first_label,
                                      const char  *first_action,
                                      const char  *second_label,
                                      const char  *second_action);

G_END_DECLS
