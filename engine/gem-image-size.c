/* gem-image-size.c: the target size of a picture.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owns the one formula; it does not touch pixels.  Pure function; any thread. */
#define G_LOG_DOMAIN "gem"

#include <math.h>

#include "gem-error.h"
#include "gem-image-size.h"

static gboolean
is_budget (guint n)
{
  return n == 70 || n == 140 || n == 280 || n == 560 || n == 1120;
}

gboolean
gem_image_size (guint32       width,
                guint32       height,
                guint         max_soft_tokens,
                GemImageSize *size,
                GError      **error)
{
  double pixels, scale;
  guint  columns, rows;

  if (width == 0 || height == 0) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "The picture is empty: %u × %u pixels.",
                 width, height);
    return FALSE;
  }
  if (!is_budget (max_soft_tokens)) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                 "A picture cannot have a budget of %u soft tokens: choose 70, 140, 280, 560 or "
                 "1120.",
                 max_soft_tokens);
    return FALSE;
  }

  /* The reference computes in doubles, in this order; the floors make the order matter. */
  pixels = (double)max_soft_tokens * GEM_IMAGE_BLOCK * GEM_IMAGE_BLOCK;
  scale = sqrt (pixels / ((double)height * width));
  columns = (guint)floor (scale * width / GEM_IMAGE_BLOCK);
  rows = (guint)floor (scale * height / GEM_IMAGE_BLOCK);

  /* Too thin for one row or column: then it has exactly one, as long as the budget. */
  if (rows == 0) {
    rows = 1;
    columns = MIN (width / height, max_soft_tokens);
  } else if (columns == 0) {
    columns = 1;
    rows = MIN (height / width, max_soft_tokens);
  }

  size->width = columns * GEM_IMAGE_BLOCK;
  size->height = rows * GEM_IMAGE_BLOCK;
  size->n_soft_tokens = columns * rows;
  size->n_patches = size->n_soft_tokens * (GEM_IMAGE_BLOCK / GEM_IMAGE_PATCH) *
                    (GEM_IMAGE_BLOCK / GEM_IMAGE_PATCH);
  return TRUE;
}
