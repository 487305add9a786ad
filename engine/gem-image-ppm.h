/* gem-image-ppm.h: pictures in the plainest of formats, for the engine's own tools.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * PPM (netpbm, "P6"): a header of text, then R, G, B bytes.  Pure function; any thread. */
#pragma once

#include "gem-image.h"

G_BEGIN_DECLS

/* The longest file that a picture within the limits of gem-image.h needs, with room for comments.
 */
#define GEM_IMAGE_PPM_MAX_BYTES ((gsize)GEM_IMAGE_MAX_PIXELS * 3 + 4096)

/* Finds the pixels in a whole file; @pixels borrows from @data.  @name goes into messages.  Only
 * the first of several pictures is seen.  GEM_ERROR_INVALID_INPUT: not a PPM file, or one that ends
 * before its last pixel; GEM_ERROR_UNSUPPORTED: samples that are not 8 bits from 0 to 255. */
gboolean gem_image_ppm_parse (const void *data,
                              gsize       length,
                              const char *name,
                              GemPixels  *pixels,
                              GError    **error);

G_END_DECLS
