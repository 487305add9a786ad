/* facet-private-folder.h: a folder in memory for what a private conversation needs files for.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to app/.  Any thread.  It lies on a tmpfs, where nothing reaches a disk but by swapping,
 * is nobody else's to read, and goes with the conversation.  One that a killed process left is
 * taken away by the next. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _FacetPrivateFolder FacetPrivateFolder;

FacetPrivateFolder *facet_private_folder_new (GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Removes the folder. */
void                facet_private_folder_free (FacetPrivateFolder *self);
const char         *facet_private_folder_get_path (FacetPrivateFolder *self);

/* Removes folders of processes that are no more. */
void facet_private_folder_sweep (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetPrivateFolder, facet_private_folder_free)

G_END_DECLS
