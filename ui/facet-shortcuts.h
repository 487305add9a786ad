/* facet-shortcuts.h: the list of keys, which the shortcuts window and the preferences show.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  There is one list, shortcuts/help-overlay.ui. */
#pragma once

#include "facet-compat.h"

G_BEGIN_DECLS

/* The groups of the list in their order, NULL-terminated; ids of the builder that holds it. */
extern const char *const facet_shortcuts_groups[];
GtkBuilder              *facet_shortcuts_new_builder (void) G_GNUC_WARN_UNUSED_RESULT;
/* The shortcuts below @group, in their order.  (transfer container) */
GPtrArray               *facet_shortcuts_list (GtkWidget *group) G_GNUC_WARN_UNUSED_RESULT;
/* Whether it is the key to talk, which is a setting. */
gboolean                 facet_shortcuts_is_talk (GtkWidget *shortcut);

/* @overlay: a window's; it shows the key that @settings hold, now and when it changes. */
void facet_shortcuts_follow_talk_key (GtkWidget *overlay, GSettings *settings);

G_END_DECLS
