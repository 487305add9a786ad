/* read-png.h: the golden pictures, which are PNG files of 8-bit RGB, not interlaced.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * For tests only: a file that is missing or of another kind ends the test. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* (height, width, 3) (transfer full) */
guint8 *read_png (const char *path, guint32 *width, guint32 *height);

G_END_DECLS
