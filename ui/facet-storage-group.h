/* facet-storage-group.h: the preferences of space: what takes how much, freeing it, deleting all.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Measured when it comes into sight, and again after something was freed. */
#pragma once

#include "facet-compat.h"
#include "facet-library.h"

G_BEGIN_DECLS

#define FACET_TYPE_STORAGE_GROUP (facet_storage_group_get_type ())
G_DECLARE_FINAL_TYPE (FacetStorageGroup,
                      facet_storage_group,
                      FACET,
                      STORAGE_GROUP,
                      AdwPreferencesGroup)

/* Once, before it is shown.  NULL: there is none, and the group stays hidden. */
void facet_storage_group_set_up (FacetStorageGroup *self, FacetLibrary *library);

G_END_DECLS
