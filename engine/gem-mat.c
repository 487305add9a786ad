/* gem-mat.c: views of matrices.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "gem"

#include "gem-mat.h"

/* Of every matrix in a buffer, in bytes. */
#define ALIGNMENT 256

KrnMat
gem_mat_rows (KrnMat mat, guint row, guint n_rows)
{
  gsize stride = (gsize)(mat.stride != 0 ? mat.stride : mat.cols);

  mat.offset += row * stride * (mat.type == KRN_BF16 ? 2 : 4);
  mat.rows = (gint32)n_rows;
  return mat;
}

KrnMat
gem_mat_take (gsize *offset, KrnType type, guint rows, gint32 cols)
{
  KrnMat mat = {.offset = *offset, .type = type, .rows = (gint32)rows, .cols = cols};
  gsize  bytes = (gsize)rows * (gsize)cols * 4;

  *offset += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  return mat;
}
