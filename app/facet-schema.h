/* facet-schema.h: finds the person's settings.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* From the installed schema or, when Facet runs from its build folder, from there.  NULL: neither
 * was found.  (transfer full) */
GSettings *facet_schema_new_settings (void) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
