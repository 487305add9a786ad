/* gem-image.h: a picture as the vision encoder takes it: pixels of the target size, patches and
 * their positions.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Arithmetic: docs/model/gemma4-vision.md §1.  A picture is scaled to the size that gem_image_size
 * () gives, by separable bicubic resampling (a = −0.5, antialiased: when an axis shrinks, the
 * kernel grows with it), first along the rows, then along the columns, rounded to 8 bits after
 * each.  The kernel's values are 16-bit fixed-point numbers, as in the reference (torchvision on
 * 8-bit pixels), with which the result agrees to the bit.
 *
 * Decoding files, turning them upright and dropping transparency is the caller's.  Pure functions;
 * any thread; a GemImage never changes.
 *
 *   GemPixels pixels = {data, n_bytes, width, height, rowstride};
 *   g_autoptr (GemImage) image = gem_image_new (&pixels, 280, &error); */
#pragma once

#include "gem-image-size.h"

G_BEGIN_DECLS

/* Larger pictures are refused: a longer side, or more pixels in all.  Within these limits
 * gem_image_new () takes at most about 12 MB, the result included. */
#define GEM_IMAGE_MAX_SIDE   65535u
#define GEM_IMAGE_MAX_PIXELS (1u << 27)

/* The elements of a patch: 16 rows of 16 pixels of 3 channels. */
#define GEM_IMAGE_PATCH_LENGTH (GEM_IMAGE_PATCH * GEM_IMAGE_PATCH * 3)

/* Pixels that somebody else owns: rows from the top, pixels from the left, R, G, B of 8 bits. */
typedef struct {
  const guint8 *data;
  gsize         n_bytes; /* readable from @data on; the last row may end without padding */
  guint32       width, height;
  gsize         rowstride; /* bytes from one row to the next, at least 3 · width */
} GemPixels;

typedef struct {
  GemImageSize size;
  guint        n_patches_x, n_patches_y;
  guint8      *pixels; /* (size.height, size.width, 3), without padding */
} GemImage;

/* Scales @pixels to as many pixels as @max_soft_tokens allow.  GEM_ERROR_INVALID_INPUT: an empty
 * picture, one beyond the limits above, one whose bytes are fewer than its size says, or a budget
 * other than 70, 140, 280, 560 and 1120; GEM_ERROR_NO_MEMORY.  @pixels is not needed afterwards.
 * (transfer full) */
GemImage *gem_image_new (const GemPixels *pixels,
                         guint            max_soft_tokens,
                         GError         **error) G_GNUC_WARN_UNUSED_RESULT;
void      gem_image_free (GemImage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GemImage, gem_image_free)

/* Where @n patches from patch @first on are, which must be there; patches go along the rows from
 * the top left.  @positions (n, 2): x, the column, then y, the row, from 0. */
void gem_image_positions (const GemImage *self, guint first, guint n, gint32 *positions);

G_END_DECLS
