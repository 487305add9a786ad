/* facet-folder.h: a folder that conversations are sorted into.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  What is done with folders is done by the library that has them. */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

#define FACET_TYPE_FOLDER (facet_folder_get_type ())
G_DECLARE_FINAL_TYPE (FacetFolder, facet_folder, FACET, FOLDER, GObject)

#define FACET_FOLDER_NAME_MAX 100 /* characters */

/* On one line and no longer than that; NULL: there is nothing to see in @name.  (transfer full) */
char *facet_folder_clean_name (const char *name) G_GNUC_WARN_UNUSED_RESULT;

/* Properties: id (int64, > 0), name (string, notify). */
FacetFolder *facet_folder_new (gint64 id, const char *name) G_GNUC_WARN_UNUSED_RESULT;
gint64       facet_folder_get_id (FacetFolder *self);
const char  *facet_folder_get_name (FacetFolder *self);
/* For the library. */
void         facet_folder_set_name (FacetFolder *self, const char *name);

G_END_DECLS
