/* gem-image-size.h: how large a picture is made for the vision encoder.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pictures are scaled, up or down, to as many pixels as a budget of soft tokens allows, keeping
 * their proportions as far as whole soft tokens permit.  Pure function; any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A patch is 16×16 pixels, a soft token 3×3 patches. */
#define GEM_IMAGE_PATCH 16
#define GEM_IMAGE_BLOCK 48

typedef struct {
  guint width, height; /* pixels, multiples of GEM_IMAGE_BLOCK */
  guint n_patches;
  guint n_soft_tokens; /* at most the budget */
} GemImageSize;

/* FALSE with GEM_ERROR_INVALID_INPUT if there is no picture (a side is 0) or @max_soft_tokens is
 * none of 70, 140, 280, 560 and 1120. */
gboolean gem_image_size (guint32       width,
                         guint32       height,
                         guint         max_soft_tokens,
                         GemImageSize *size,
                         GError      **error);

G_END_DECLS
