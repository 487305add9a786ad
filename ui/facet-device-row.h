/* facet-device-row.h: the preference of what computes: automatic, or a device by its name.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread; devices are looked for in another one.  Bound to the setting device.  A device that
 * cannot be used is in the list with the reason and cannot be chosen; one that was chosen and is
 * not there any more stays chosen, and says so.
 *
 * Property (notify): has-gpu (boolean, readable): a GPU that can be used was found. */
#pragma once

#include "facet-compat.h"

G_BEGIN_DECLS

#define FACET_TYPE_DEVICE_ROW (facet_device_row_get_type ())
G_DECLARE_FINAL_TYPE (FacetDeviceRow, facet_device_row, FACET, DEVICE_ROW, AdwComboRow)

/* Once, before it is shown.  Begins to look. */
void     facet_device_row_set_up (FacetDeviceRow *self, GSettings *settings);
/* Whether it looks for devices at this moment. */
gboolean facet_device_row_is_looking (FacetDeviceRow *self);

G_END_DECLS
